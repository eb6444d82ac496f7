"""Numbers that others published, and where they come from.

`published.csv` holds accuracies on the archive's default split as facts: a row for each method and variant of the
archive, with source and licence, a column for each data set. Of GPL repositories it holds the numbers only. Tables
whose terms are unknown and transcriptions of other people's tables were left out.

`sources.csv` says of each source whom to cite, how many decimals it prints, and how it normalised the data sets
that are not z-normalised on disk: each ``series``, the whole ``dataset`` by one mean and deviation, or ``none``.
Of rivals that a source ran itself, its row says so: what `unishape-supp` has of MOMENT, GPT4TS and UniTS is far below
what others report, and UniShape's own pre-training saw labels of train series.
Where a source is silent its numbers tell: on those data sets, and there only, the same classifier moves by .02 to
.12 between ``series`` and the others. Of two nothing is known: ``unknown``.

`resamples.csv.xz` holds resamples 1 to 29 of tsml-eval's classifiers (BSD-3-Clause), as numbers of right answers; what
it says of Chinatown is of other test cases, where it was left out. Its resamples are aeon's, which ours are too.
"""

import csv
import lzma
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ucr.archive import ARCHIVE

METHODS = {
    "1NN-DTW": "1NN-DTW (published)",
    "Ti-MAE (paper)": "Ti-MAE (published)",
    "TS2Vec (Ti-MAE paper table)": "TS2Vec (published)",
    "InceptionTime": "InceptionTime (published)",
    "MiniROCKET": "MiniRocket (published)",
    "MR": "MultiRocket (published)",
    "HC2": "HIVE-COTE 2 (published)",
}
"""Published methods that stand for the field (distances, self-supervision, networks, convolutions, ensembles), by
their names in `published.csv`; and what a report calls them, beside methods of ours."""


class Source(NamedTuple):
    """A source of published numbers, a row of `sources.csv`."""

    normalise: str
    decimals: int
    citation: str


class Published(NamedTuple):
    """One published accuracy.

    `aggregate` says what `n_runs` runs became: a ``single`` one, their ``mean``, or an ``ensemble`` of them.
    """

    method: str
    source: str
    licence: str
    aggregate: str
    n_runs: int
    archive_variant: str
    dataset: str
    accuracy: float
    resample: int = 0
    """0 is the archive's own split; k > 0 the field's stratified resample with seed k."""


@cache
def sources() -> Mapping[str, Source]:
    """The sources of published numbers.

    Returns:
        Name → source; every report that shows its numbers cites it.
    """
    return {row["source"]: Source(row["normalise"], int(row["decimals"]), row["citation"]) for row in _rows("sources")}


def load_published() -> list[Published]:
    """The published accuracies, those too that `fair` will not let through.

    Returns:
        One entry a number.
    """
    return [
        Published(
            row["method"],
            row["source"],
            row["licence"],
            row["aggregate"],
            int(row["n_runs"]),
            row["archive_variant"],
            dataset,
            float(row[dataset]),
        )
        for row in _rows("published")
        for dataset in ARCHIVE
        if row[dataset]
    ]


N_RESAMPLES = 30
"""Resamples that a source can have, the archive's own split among them."""


def load_resamples() -> list[Published]:
    """The published accuracies on resamples, without those on the archive's own split.

    Returns:
        One entry a number.
    """
    path = Path(__file__).with_name("resamples.csv.xz")
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        return [
            Published(
                row["method"],
                "tsml-eval",
                "BSD-3-Clause",
                "single",
                1,
                "original",
                row["dataset"],
                int(row[str(k)]) / ARCHIVE[row["dataset"]].n_test,
                k,
            )
            for row in csv.DictReader(file)
            for k in range(1, N_RESAMPLES)
        ]


def _rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of a table that stands beside this module."""
    with Path(__file__).with_name(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
