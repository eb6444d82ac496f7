"""Numbers that others published, and the guard that lets only comparable ones beside ours.

`published.csv` holds accuracies on the archive's default split as facts: a row for each method and variant of the
archive, with source and licence, a column for each data set. Of GPL repositories it holds the numbers only. Tables
whose terms are unknown and transcriptions of other people's tables were left out.

`sources.csv` says of each source whom to cite, how many decimals it prints, and how it normalised the data sets
that are not z-normalised on disk: each ``series``, the whole ``dataset`` by one mean and deviation, or ``none``.
Where a source is silent its numbers tell: on those data sets, and there only, the same classifier moves by .02 to
.12 between ``series`` and the others.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bench.statistics import TableError, snap
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


class Conditions(NamedTuple):
    """How our score on a data set came about: test cases, normalisation (``series`` or ``none``), resamples."""

    n_test: int
    normalise: str
    resamples: Sequence[int] = (0,)


class Excluded(NamedTuple):
    """A published number that must not stand beside ours, and why."""

    method: str
    dataset: str
    reason: str


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


def fair(published: Iterable[Published], ours: Mapping[str, Conditions]) -> tuple[pd.DataFrame, list[Excluded]]:
    """Keeps the published numbers that were measured as ours were.

    That is: on the same split, the same variant of the archive, the same test cases, and data normalised alike
    (which matters only where the archive does not ship z-normalised series). Whether the test cases are ours shows
    in the accuracy itself, which must be a count of right answers over them to the decimals printed; three decimals
    over thousands of cases show little. What is kept is snapped to its count, so that equal counts tie.

    Args:
        published: numbers of others.
        ours: data set → conditions of our scores; other data sets are passed over.

    Returns:
        A score table (index our data sets, columns methods, NaN where nothing was kept), and what was excluded.
    """
    kept: dict[str, dict[str, float]] = {}
    excluded = []
    for number in published:
        if number.dataset not in ours:
            continue
        conditions = ours[number.dataset]
        answers = conditions.n_test * (number.n_runs if number.aggregate == "mean" else 1)
        counted = float(snap(number.accuracy, answers))
        reason = _unfair(number, conditions, counted)
        if reason:
            excluded.append(Excluded(number.method, number.dataset, reason))
        else:
            kept.setdefault(number.method, {})[number.dataset] = counted
    return pd.DataFrame(kept, index=pd.Index(ours, name="dataset")), excluded


def join(scores: pd.DataFrame, kept: pd.DataFrame, methods: Sequence[str] = tuple(METHODS)) -> pd.DataFrame:
    """Puts published methods beside ours.

    Args:
        scores: our scores, index data sets, columns methods.
        kept: published scores, from `fair`.
        methods: the published methods to take.

    Returns:
        One table with the data sets of ours; NaN where no fair number was published.

    Raises:
        TableError: a method has no fair number at all, or the name of one of ours.
    """
    for method in methods:
        if method not in kept:
            known = ", ".join(map(str, kept)) or "none"
            raise TableError(f"no fair published number of {method!r} on these data sets; there are: {known}")
        if method in scores:
            raise TableError(f"{method!r} is a published method and one of ours; rename ours")
    return scores.join(kept[list(methods)])


def summary(excluded: Iterable[Excluded]) -> list[str]:
    """Words what was excluded, a line a reason.

    Args:
        excluded: from `fair`.

    Returns:
        Each reason with the methods and data sets that it concerns.
    """
    groups: dict[str, list[Excluded]] = {}
    for number in excluded:
        groups.setdefault(number.reason, []).append(number)
    return [
        f"{reason}: {', '.join(dict.fromkeys(number.method for number in numbers))} "
        f"on {', '.join(dict.fromkeys(number.dataset for number in numbers))}"
        for reason, numbers in groups.items()
    ]


def _unfair(number: Published, ours: Conditions, counted: float) -> str | None:
    """Why a number must not stand beside ours; None where it may."""
    source = sources()[number.source]
    if tuple(ours.resamples) != (0,):
        return f"published on the default split, ours on resamples {', '.join(map(str, ours.resamples))}"
    if number.archive_variant != "original":
        return f"altered data (variant {number.archive_variant!r} of the archive)"
    if source.normalise != ours.normalise and not ARCHIVE[number.dataset].znormalised:
        return f"not z-normalised on disk, {number.source} normalised {source.normalise!r}, ours {ours.normalise!r}"
    if abs(number.accuracy - counted) > 0.5 * 10.0**-source.decimals + 1e-9:
        return f"no count of right answers over our {ours.n_test} test cases"
    return None


def _rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of a table that stands beside this module."""
    with Path(__file__).with_name(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
