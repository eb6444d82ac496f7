"""Numbers that others published, and where they come from.

`published.csv` holds accuracies on the archive's default split as facts: a row for each method and variant of the
archive, with source and licence, a column for each data set. Of GPL repositories it holds the numbers only. Tables
whose terms are unknown and transcriptions of other people's tables were left out.

`sources.csv` says of each source whom to cite, how many decimals it prints, and how it normalised the data sets
that are not z-normalised on disk: each ``series``, the whole ``dataset`` by one mean and deviation, or ``none``.
Of rivals that a source ran itself, its row says so: what `unishape-supp` has of MOMENT, GPT4TS and UniTS is far below
what others report, and UniShape's own pre-training saw labels of train series.
Where a source is silent its numbers tell: on those data sets, and there only, the same classifier moves by .02 to
.12 between ``series`` and the others.
"""

import csv
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
    """One published accuracy on the archive's default split.

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


def _rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of a table that stands beside this module."""
    with Path(__file__).with_name(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
