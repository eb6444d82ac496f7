"""A table of accuracies with published ones beside it, as far as the guard lets them in."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from bench.published import guard
from bench.published.guard import Conditions
from bench.published.numbers import load_published, load_resamples, sources
from bench.stats.comparison import TableError


class Beside(NamedTuple):
    """One table, what was kept out of it and why, and whom to cite for it."""

    table: pd.DataFrame
    left_out: list[str]
    citations: list[str]


AUTHORS = ("InceptionTime", "H-InceptionTime", "LITETime", "ROCKET")
"""Methods of which there are two tables, tsml-eval's and their authors', which normalised in another way."""


def beside(scores: pd.DataFrame, ours: Mapping[str, Conditions], asked: Mapping[str, str]) -> Beside:
    """Puts published methods beside ours.

    Of a method that its authors published too, the table stands there that is comparable on more data sets.

    Args:
        scores: our accuracies, index data sets, columns methods.
        ours: data set → conditions of our scores.
        asked: published methods, by their names → what to call them.

    Returns:
        The table, with those that have a comparable number; a line a reason; citations.

    Raises:
        TableError: none of them has a comparable number, or one has the name of one of ours.
    """
    others = {method: f"{method} (authors)" for method in asked if method in AUTHORS}
    published = [number for number in load_published() if number.method in {*asked, *others.values()}]
    if any(len(conditions.resamples) > 1 for conditions in ours.values()):
        published += [number for number in load_resamples() if number.method in asked]
    kept, excluded = guard.fair(published, ours)
    n_kept = kept.notna().sum()
    chosen = {name: by for name, by in others.items() if n_kept.get(by, 0) > n_kept.get(name, 0)}
    asked = {chosen.get(name, name): chosen.get(name, called) for name, called in asked.items()}
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
