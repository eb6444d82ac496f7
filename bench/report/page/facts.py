"""What the page's script is given of a contest: scores, facts of the data sets, and what a row opens into."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.contest import results
from bench.contest.results import Result
from bench.report.material import Material
from bench.stats.comparison import DECIMALS
from ucr.archive import ARCHIVE, UcrError
from ucr.load import load_split

CASES, POINTS = 3, 60
"""Series that are drawn of a class, and points of each at most."""


def facts(material: Material) -> dict[str, Any]:
    """Everything that the page can show, ready for JSON.

    Returns:
        `methods`: names, in the order of the report. `complete`: what is compared where scores are missing, as the
        reader of the report asked, see `bench.report.material.View`. `datasets`: for each its name,
        type, numbers of classes, train and test cases, length (None: unequal or unknown), and whether somebody
        looked at it when methods were made (`tuned`). `scores`: accuracy (data
        set, method), rounded as before ranking, None where there is none. `details`: see `_details`, one a data set.

    Raises:
        results.ResultError: the predictions beside a result are damaged.
    """
    methods = [*material.methods["method"]]
    table = material.scores["accuracy"][methods]
    first = material.runs.groupby("dataset").first()
    return {
        "complete": material.view.complete,
        "methods": methods,
        "datasets": [_dataset(name, first.loc[name], tuned=name in material.tuned) for name in table.index],
        "scores": [[_plain(value, DECIMALS) for value in row] for row in table.to_numpy()],
        "details": [_details(material, name, methods) for name in table.index],
    }


def _dataset(name: str, run: "pd.Series[Any]", *, tuned: bool) -> dict[str, Any]:
    info = ARCHIVE.get(name)
    return {
        "name": name,
        "type": info.type if info else "own",
        "classes": int(run["n_classes"]),
        "train": int(run["n_train"]),
        "test": int(run["n_test"]),
        "length": info.length if info else None,
        "tuned": tuned,
    }


def _details(material: Material, name: str, methods: list[str]) -> dict[str, Any]:
    """What a row opens into.

    Returns:
        `classes`: labels. `split`: the resample of the predictions. `cases`: test cases of each class on it. `errors`:
        method → truth · classes + prediction, and how often, one after the other, of what was wrong. `series`: for each
        class some of its train series, [time points, values], or nothing where the data are not here. `seeds`:
        method → [resample, accuracy] in turn.
    """
    found = [result for result in material.finished if result.dataset == name]
    seeds: dict[str, list[tuple[int, float]]] = {}
    for result in sorted(found, key=lambda result: result.resample):
        seeds.setdefault(result.method, []).append((result.resample, round(result.accuracy, 4)))
    series = _series(name, material.contest.root)
    details: dict[str, Any] = {
        "classes": [*series],
        "split": found[0].resample,
        "cases": [],
        "errors": {},
        "seeds": seeds,
    }
    for result in found:
        if result.resample == found[0].resample and result.method in methods and not result.source:
            details |= _confusion(material, result, details["errors"])
    return details | {"series": [series.get(label, []) for label in details["classes"]] if series else []}


def _confusion(material: Material, result: Result, errors: dict[str, list[int]]) -> dict[str, Any]:
    """The classes and their test cases; what a method got wrong is added to the errors."""
    path = material.contest.folder / result.method / result.dataset / f"resample-{result.resample}.json"
    if not path.with_suffix(".npz").exists():  # a result can do without
        return {}
    arrays = results.read_arrays(path, "truth", "predictions")
    truth, predictions = arrays["truth"], arrays["predictions"]
    k = max(result.n_classes, int(truth.max()) + 1, int(predictions.max()) + 1)
    cells, counts = np.unique((truth * k + predictions)[truth != predictions], return_counts=True)
    errors[result.method] = np.column_stack([cells, counts]).ravel().tolist()
    labels = [str(label) for label in arrays.get("classes", np.arange(k))]
    return {"classes": labels, "cases": np.bincount(truth, minlength=k).tolist()}


def _series(name: str, root: str | None) -> dict[str, list[tuple[list[int], list[float]]]]:
    """Label → some train series as shipped; nothing where the data set is not here."""
    try:
        train = load_split(name, "train", root)
    except (UcrError, OSError):
        return {}
    return {str(label): [*_thinned(train.series[train.labels == label])] for label in np.unique(train.labels)}


def _thinned(series: NDArray[np.float32]) -> Iterator[tuple[list[int], list[float]]]:
    """Time points and values of the first few of some series (case, time), gaps and padding left out."""
    for case in series[:CASES]:
        [known] = np.nonzero(np.isfinite(case))
        at = (
            known[np.unique(np.linspace(0, len(known) - 1, min(POINTS, len(known))).astype(int))]
            if len(known)
            else known
        )
        yield [int(point) for point in at], [float(f"{value:.3g}") for value in case[at]]


def _plain(value: float, decimals: int) -> float | None:
    return None if np.isnan(value) else round(float(value), decimals)
