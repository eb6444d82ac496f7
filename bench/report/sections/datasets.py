"""Accuracy of every method on every data set."""

import numpy as np
import pandas as pd

from bench.report.material import Material
from bench.report.page.explorer import EXPLORER
from bench.report.tables import LACKING
from bench.report.wording import markdown


def section(material: Material) -> str:
    """The table of accuracies, best of a row in bold; the page has an explorer in its place."""
    table = material.scores["accuracy"][material.methods["method"]]
    best = table.max(axis=1)
    n_resamples = material.runs.groupby(["dataset", "method"])["resample"].nunique()
    whole = material.runs["resample"].nunique()
    asked = {method: 1 if method in material.contest.once_alone else whole for method in table.columns}

    def cell(dataset: str, method: str) -> str:
        value = float(table.loc[dataset, method])  # type: ignore[arg-type]
        if np.isnan(value):
            return ""
        mark = f" {LACKING}" if n_resamples[dataset, method] < asked[method] else ""
        return (f"**{value:.4f}**" if value >= best[dataset] else f"{value:.4f}") + mark

    rows = [
        [f"{dataset} *" if dataset in material.tuned else dataset, *(cell(dataset, method) for method in table.columns)]
        for dataset in table.index
    ]
    notes = [
        "The best of a row in bold; `results.csv` names the results that the numbers came from.",
        *(
            []
            if whole == 1
            else [f"Means over splits or seeds; {LACKING} over some of them, for others have no result."]
        ),
        *(["* Looked at when methods were made, as the first lines say."] if material.tuned else []),
    ]
    return f"## {EXPLORER}\n\n{' '.join(notes)}\n\n" + markdown(
        pd.DataFrame(rows, columns=["data set", *table.columns])
    )
