"""A table of accuracies with published ones beside it, as far as the guard lets them in."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from bench.published import guard
from bench.published.guard import Conditions
from bench.published.numbers import load_published, sources
from bench.stats.comparison import TableError


class Beside(NamedTuple):
    """One table, what was kept out of it and why, and whom to cite for it."""

    table: pd.DataFrame
    left_out: list[str]
    citations: list[str]


def beside(scores: pd.DataFrame, ours: Mapping[str, Conditions], asked: Mapping[str, str]) -> Beside:
    """Puts published methods beside ours.

    Args:
        scores: our accuracies, index data sets, columns methods.
        ours: data set → conditions of our scores.
        asked: published methods, by their names → what to call them.

    Returns:
        The table, with those that have a comparable number; a line a reason; citations.

    Raises:
        TableError: none of them has a comparable number, or one has the name of one of ours.
    """
    published = [number for number in load_published() if number.method in asked]
    kept, excluded = guard.fair(published, ours)
    available = [method for method in asked if method in kept]
    if not available:
        why = "; ".join(guard.summary(excluded)) or "none was published on them"
        raise TableError(f"no comparable published number of {', '.join(asked)} on these data sets: {why}")
    table = guard.join(scores, kept.rename(columns=asked), [asked[method] for method in available])
    lacking = [method for method in asked if method not in kept]
    lines = guard.summary(entry for entry in excluded if entry.method in available)
    lines += [f"no comparable number on these data sets: {', '.join(lacking)}"] if lacking else []
    used = dict.fromkeys(number.source for number in published if number.method in available)
    return Beside(table, lines, [sources()[source].citation for source in used])
