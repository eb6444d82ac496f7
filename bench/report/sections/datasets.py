"""Accuracy of every method on every data set."""

import os
from urllib.parse import quote

import numpy as np
import pandas as pd

from bench.report.material import Material
from bench.report.wording import markdown


def section(material: Material) -> str:
    """The table of accuracies, best of a row in bold."""
    table = material.scores["accuracy"][material.methods["method"]]
    best = table.max(axis=1)
    one_split = material.runs["resample"].nunique() == 1
    root = os.path.relpath(material.contest.folder, material.folder)

    def cell(dataset: str, method: str) -> str:
        value = float(table.loc[dataset, method])  # type: ignore[arg-type]
        if np.isnan(value):
            return ""
        link = (
            f"[{value:.4f}]({root}/{quote(method, safe='+')}/{quote(dataset)}/{'resample-0.json' if one_split else ''})"
        )
        return f"**{link}**" if value >= best[dataset] else link

    rows = [[dataset, *(cell(dataset, method) for method in table.columns)] for dataset in table.index]
    return (
        f"## Accuracy by data set\n\n{'' if one_split else 'Means over splits or seeds. '}The best of a row in bold. "
        "Numbers link to the results that they came from, on the machine that has them.\n\n"
        + markdown(pd.DataFrame(rows, columns=["data set", *table.columns]))
    )
