"""The guard that lets only comparable published numbers beside ours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from bench.published.numbers import METHODS, Published, sources
from bench.stats.comparison import TableError, snap
from ucr.archive import ARCHIVE


class Conditions(NamedTuple):
    """How our score on a data set came about: cases, normalisation (``series``, ``none``), resamples it averages."""

    n_test: int
    normalise: str
    resamples: Sequence[int] = (0,)


class Excluded(NamedTuple):
    """A published number that must not stand beside ours, and why."""

    method: str
    dataset: str
    reason: str


def fair(published: Iterable[Published], ours: Mapping[str, Conditions]) -> tuple[pd.DataFrame, list[Excluded]]:
    """Keeps the published numbers that were measured as ours were.

    That is: on the same splits (of several, the mean over all of them), the same variant of the archive, the same
    test cases, and data normalised alike (which matters only where the archive does not ship z-normalised series).
    Whether the test cases are ours shows in the accuracy itself, which must be a count of right answers over them to
    the decimals printed; three decimals over thousands of cases show little. What is kept is snapped to its count, so
    that equal counts tie.

    Args:
        published: numbers of others.
        ours: data set → conditions of our scores; other data sets are passed over.

    Returns:
        A score table (index our data sets, columns methods, NaN where nothing was kept), and what was excluded.
    """
    found: dict[tuple[str, str], dict[int, float]] = {}
    excluded = []
    for number in published:
        if number.dataset not in ours or number.resample not in ours[number.dataset].resamples:
            continue
        conditions = ours[number.dataset]
        answers = conditions.n_test * (number.n_runs if number.aggregate == "mean" else 1)
        counted = float(snap(number.accuracy, answers))
        reason = _unfair(number, conditions, counted)
        if reason:
            excluded.append(Excluded(number.method, number.dataset, reason))
        else:
            found.setdefault((number.method, number.dataset), {})[number.resample] = counted
    kept: dict[str, dict[str, float]] = {}
    for (method, dataset), counts in found.items():
        if lacking := [k for k in ours[dataset].resamples if k not in counts]:
            excluded.append(Excluded(method, dataset, f"not published on resamples {_spans(lacking)}"))
        else:
            kept.setdefault(method, {})[dataset] = sum(counts.values()) / len(counts)
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


def _spans(numbers: Sequence[int]) -> str:
    """Word numbers, those that follow each other by the first and the last of them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _unfair(number: Published, ours: Conditions, counted: float) -> str | None:
    """Why a number must not stand beside ours; None where it may."""
    source = sources()[number.source]
    if number.archive_variant != "original":
        return f"altered data (variant {number.archive_variant!r} of the archive)"
    known = source.normalise in ("series", "none")  # two of whom nothing is known need not have done the same
    if not (known and source.normalise == ours.normalise) and not ARCHIVE[number.dataset].znormalised:
        return f"not z-normalised on disk, {number.source} normalised {source.normalise!r}, ours {ours.normalise!r}"
    if abs(number.accuracy - counted) > 0.5 * 10.0**-source.decimals + 1e-9:
        return f"no count of right answers over our {ours.n_test} test cases"
    return None
