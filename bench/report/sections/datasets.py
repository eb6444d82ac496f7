"""Accuracy of every method on every data set."""

import numpy as np
import pandas as pd

from bench.report.material import Material
from bench.report.page.explorer import EXPLORER
from bench.report.wording import markdown


def section(material: Material) -> str:
    """The table of accuracies, best of a row in bold; the page has an explorer in its place."""
    table = material.scores["accuracy"][material.methods["method"]]
    best = table.max(axis=1)
    one_split = material.runs["resample"].nunique() == 1

    def cell(dataset: str, method: str) -> str:
        value = float(table.loc[dataset, method])  # type: ignore[arg-type]
        if np.isnan(value):
            return ""
        return f"**{value:.4f}**" if value >= best[dataset] else f"{value:.4f}"

    rows = [[dataset, *(cell(dataset, method) for method in table.columns)] for dataset in table.index]
    return (
        f"## {EXPLORER}\n\n{'' if one_split else 'Means over splits or seeds. '}The best of a row in bold. "
        "`results.csv` names the results that the numbers came from.\n\n"
        + markdown(pd.DataFrame(rows, columns=["data set", *table.columns]))
    )
