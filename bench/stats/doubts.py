"""What makes one doubt that a table holds accuracies on the archive's data sets, and what a rounded one stands for."""

import difflib
import re
from collections.abc import Iterable, Mapping

import pandas as pd

from bench.stats.comparison import snap
from ucr.archive import ARCHIVE

RENAMED = {
    "50words": "FiftyWords",
    "sonyaiborobotsurface": "SonyAIBORobotSurface1",
    "sonyaiborobotsurfaceii": "SonyAIBORobotSurface2",
}
"""What the archive of 2015 called a data set, where spelling alone does not lead to the name of 2018."""
ALTERED = re.compile(r"_(eq|nmv)$")
"""Ends the names of variants of data sets: made equal in length, without missing values. They are not the archive's."""


def misspelled(names: Iterable[str]) -> dict[str, str]:
    """Data sets that the archive knows under another spelling: name → the archive's."""
    plain = {plain_spelling(name): name for name in ARCHIVE} | RENAMED
    found = {}
    for name in names:
        if name in ARCHIVE or ALTERED.search(name):
            continue
        near = difflib.get_close_matches(plain_spelling(name), plain, n=1, cutoff=0.9)
        if near:
            found[name] = plain[near[0]]
    return found


def plain_spelling(name: str) -> str:
    """A name without what people spell differently: capitals, blanks, dashes."""
    return re.sub(r"[\W_]+", "", name).lower()


def error_like(table: pd.DataFrame) -> list[str]:
    """Methods whose numbers look like error rates.

    That is: they are nearer to the errors than to the accuracies of 1-NN with Euclidean distance that the archive
    publishes, and higher where those errors are. Three data sets must tell.

    Args:
        table: accuracies, index data sets, columns methods.

    Returns:
        The names of these methods.
    """
    errors = pd.Series({name: info.ed_error for name, info in ARCHIVE.items()}, dtype=float)
    found = []
    for method in table:
        own = table[method].dropna()
        known = errors.reindex(own.index).dropna()
        own = own[known.index]
        nearer = (own - known).abs().mean() < (own - (1 - known)).abs().mean()
        if len(own) > 2 and nearer and own.std() > 0 and own.corr(known) > 0:
            found.append(str(method))
    return found


def counted(accuracies: "pd.Series[float]", n_test: Mapping[str, int]) -> tuple["pd.Series[float]", list[str]]:
    """What rounded accuracies of single runs stand for: counts of right answers over the test cases.

    Equal counts then tie, however many decimals were printed.

    Args:
        accuracies: index data sets; of one method, all to as many decimals as the longest of them has.
        n_test: data set → number of its test cases.

    Returns:
        The accuracies, those that are a count snapped to it; and the data sets of those that are none: the mean of
        several runs, or a number over other cases.
    """
    cases = pd.Series({name: n_test[str(name)] for name in accuracies.index}, dtype=float)
    nearest = pd.Series(snap(accuracies, cases), accuracies.index)
    decimals = next((d for d in range(2, 12) if (accuracies.round(d) - accuracies).abs().max() < 1e-12), 12)
    fits = (nearest - accuracies).abs() <= 0.5 * 10.0**-decimals + 1e-9
    return nearest.where(fits, accuracies), [str(name) for name in accuracies.index[~fits & accuracies.notna()]]
