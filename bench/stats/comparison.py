"""Who is better than whom, by how much, and how sure that is. Computes; never draws.

One input shape everywhere, the *score table*: a DataFrame of finite scores, index data sets, columns
methods, more is better (negate a loss), seeds averaged first (they are no extra data sets);
`complete_cases` makes one. Scores, and differences of scores as they came, are rounded to 12 decimals before
they are ranked: binary fractions must not break a tie (.8 - .7 against .7 - .6), nor make the answer depend on a
constant added to every score.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from math import factorial, prod
from typing import Literal, NamedTuple

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from bench.stats.signed_rank import can_tell, signed_rank_p, smallest_p

Floats = npt.NDArray[np.float64]

DECIMALS = 12
"""Scores and their differences are rounded to this many decimals before they are ranked."""


class TableError(ValueError):
    """A score table that no comparison can be made of; the message is one line for the user."""


Complete = Literal["methods", "datasets"]
"""What a comparison of a table with gaps is over: the methods that have every data set, or the data sets that every
method has."""


class LeftOut(NamedTuple):
    """A data set or method that takes no part, and why."""

    name: str
    reason: str


def reasons(left_out: Iterable[LeftOut]) -> list[str]:
    """Words what was left out, a line a reason: what shares it, and the reason."""
    groups: dict[str, list[str]] = {}
    for name, reason in left_out:
        groups.setdefault(reason, []).append(name)
    return [f"{', '.join(names)}: {reason}" for reason, names in groups.items()]


@dataclass(frozen=True)
class Friedman:
    """Do the methods differ at all? (Demšar 2006, Section 3.2.2).

    `chi2` is corrected for ties, with k - 1 degrees of freedom. The Iman-Davenport F, less conservative, is
    NaN for one data set and infinite when all data sets rank the methods alike. Both p are approximations, and none
    stands below what so few data sets can show: see `_least_p`.
    """

    chi2: float
    p: float
    iman_davenport_f: float
    iman_davenport_p: float


@dataclass(frozen=True)
class Pair:
    """Two methods on the same data sets; wins and differences are seen from `a`, the better ranked."""

    a: str
    b: str
    wins: int
    draws: int
    losses: int
    mean_difference: float
    median_difference: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class Comparison:
    """What is said about one score table; `scores` holds the complete cases, best ranked method first."""

    alpha: float
    scores: pd.DataFrame
    average_ranks: "pd.Series[float]"
    friedman: Friedman | None
    pairs: list[Pair]
    cliques: list[list[str]]
    """None where so few data sets tell no two methods apart whatever their scores: see `too_few`."""
    left_out: list[LeftOut]
    incomplete: "pd.Series[float]" = field(default_factory=lambda: pd.Series(dtype=float))
    """The means of methods that were left out, each over the data sets that it has."""
    complete: Complete = "methods"
    """What was left out where scores are missing: methods, or data sets."""

    @property
    def too_few(self) -> str:
        """A sentence, where not even the best case reaches Holm's first step; nothing where there are enough."""
        n, m = len(self.scores), len(self.pairs)
        if can_tell(n, m, self.alpha):
            return ""
        return (
            f"{n} data set{'s are' if n > 1 else ' is'} too few to tell any two of {len(self.average_ranks)} methods "
            f"apart: at best p is {smallest_p(n):.3g}, and the first step of Holm over {family(m)} asks for "
            f"{self.alpha / m:.3g}."
        )

    def alike(self, method: str) -> list[str]:
        """The methods that this one is not told apart from, best ranked first."""
        pairs = [{pair.a, pair.b} for pair in self.pairs if pair.p_holm > self.alpha]
        return [other for other in self.average_ranks.index if {method, other} in pairs]


def family(n: int) -> str:
    """Words how many pairs were tested together."""
    return f"{n} pair{'s' * (n != 1)}"


def complete_methods(table: pd.DataFrame) -> tuple[pd.DataFrame, list[LeftOut]]:
    """Keeps the methods that have a score on every data set.

    Args:
        table: scores, index data sets, columns methods, NaN where there is none.

    Returns:
        The score table, and each method left out with what it lacks.

    Raises:
        TableError: fewer than two methods are complete.
    """
    table = table.dropna(how="all")
    missing = table.isna().sum()
    left_out = [
        LeftOut(str(method), f"scores on {len(table) - lacking} of the {len(table)} data sets")
        for method, lacking in missing.items()
        if lacking
    ]
    complete = table.loc[:, missing == 0]
    if complete.shape[1] < 2 and left_out:
        raise TableError(
            f"a comparison needs at least 2 methods with a score on each of the {len(table)} data sets, got "
            f"{complete.shape[1]} ({'; '.join(reasons(left_out))}); finish their runs, or compare on the data sets "
            "that all methods have: --complete datasets"
        )
    return complete, left_out


def complete_cases(table: pd.DataFrame) -> tuple[pd.DataFrame, list[LeftOut]]:
    """Keeps the data sets on which every method has a score.

    Args:
        table: scores, index data sets, columns methods, NaN where there is none.

    Returns:
        The score table, and each data set left out with the methods that it lacks.

    Raises:
        TableError: no data set is complete.
    """
    missing = table.isna()
    left_out = [
        LeftOut(str(dataset), "no score of " + ", ".join(map(str, row.index[row])))
        for dataset, row in missing[missing.any(axis=1)].iterrows()
    ]
    complete = table.loc[~missing.any(axis=1)]
    if complete.empty and not table.empty:
        scarce = missing.sum().idxmax()
        raise TableError(
            f"none of the {len(table)} data sets has a score of every method; {scarce!r} has scores of "
            f"{len(table) - missing[scarce].sum()} only: leave it out, or finish its runs"
        )
    return complete, left_out


def average_ranks(scores: pd.DataFrame) -> "pd.Series[float]":
    """Average rank of each method: 1 is best, ties share their places (Demšar 2006, Section 3.2.2).

    Args:
        scores: score table (index data sets, columns methods).

    Returns:
        Index methods, from best to worst; equal ranks in order of name.

    Raises:
        TableError: the table is empty, has gaps, or names something twice.
    """
    ranks = stats.rankdata(-np.round(_values(scores), DECIMALS), axis=1).mean(axis=0)
    series = pd.Series(ranks, index=scores.columns, name="average_rank")
    return series.sort_index().sort_values(kind="stable")


def friedman(scores: pd.DataFrame) -> Friedman | None:
    """Friedman's test and its correction by Iman and Davenport (1980).

    Args:
        scores: score table (index data sets, columns methods).

    Returns:
        None for fewer than three methods: two have the Wilcoxon test of `pairwise` alone.

    Raises:
        TableError: the table is empty, has gaps, or names something twice.
    """
    values = np.round(_values(scores), DECIMALS)
    n, k = values.shape
    if k < 3:
        return None
    if (values == values[:, :1]).all():  # scipy answers NaN: nothing but ties
        return Friedman(0.0, 1.0, 0.0, 1.0)
    chi2, p = map(float, stats.friedmanchisquare(*values.T))
    least = _least_p(values)
    if n == 1:
        return Friedman(chi2, max(p, least), float("nan"), float("nan"))
    room = n * (k - 1) - chi2
    f = (n - 1) * chi2 / room if room > 1e-9 else float("inf")
    return Friedman(chi2, max(p, least), f, max(float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))), least))


def _least_p(values: Floats) -> float:
    """What an exact p of Friedman's test cannot fall below.

    If methods do not differ, every order of a row's scores is as likely. Giving methods each other's names leaves the
    statistic as it is, so that at least as many of these arrangements are as extreme as there are such renamings:
    k! of (k!)^n, and 1/36 for three methods in strict order on three data sets; fewer of fewer where scores tie.
    """
    rows = [np.unique(row, return_counts=True)[1].tolist() for row in values]
    same = np.unique(stats.rankdata(values, axis=1), axis=1, return_counts=True)[1].tolist()
    everything = factorial(values.shape[1])
    arrangements = prod(everything // prod(map(factorial, row)) for row in rows)
    return everything // prod(map(factorial, same)) / arrangements


def pairwise(scores: pd.DataFrame) -> list[Pair]:
    """Every two methods: wins, differences, and the Wilcoxon signed-rank test, corrected over all pairs.

    Two-sided, differences of zero ranked and dropped afterwards (Pratt 1959), exact for any number of data sets;
    Holm's step-down over all k(k - 1)/2 p-values.

    Args:
        scores: score table (index data sets, columns methods).

    Returns:
        Pairs in the order of the average ranks; neither the order of rows nor that of columns changes them.

    Raises:
        TableError: the table is empty, has gaps, or names something twice.
    """
    order = average_ranks(scores).index
    values = _values(scores[order])
    places = list(combinations(range(len(order)), 2))
    if not places:
        return []
    first, second = np.array(places).T
    # of scores not yet rounded: thirds rounded twice, 1/3 - 0 and 2/3 - 1/3, would no longer tie
    differences = np.round(values[:, first] - values[:, second], DECIMALS)
    p = signed_rank_p(differences)
    columns = zip(
        order[first],
        order[second],
        (differences > 0).sum(axis=0).tolist(),
        (differences == 0).sum(axis=0).tolist(),
        (differences < 0).sum(axis=0).tolist(),
        differences.mean(axis=0).tolist(),
        np.median(differences, axis=0).tolist(),
        p.tolist(),
        holm(p).tolist(),
        strict=True,
    )
    return [Pair(*column) for column in columns]


def holm(p: Floats) -> Floats:
    """P-values corrected by Holm's step-down procedure (Holm 1979): the family-wise error stays below alpha.

    Args:
        p: p-values (n,).

    Returns:
        Corrected p-values (n,), in the same order; reject where they are at most alpha.
    """
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def cliques(scores: pd.DataFrame, alpha: float = 0.05, pairs: list[Pair] | None = None) -> list[list[str]]:
    """Largest groups in which no two methods are told apart, two members at least.

    Maximal cliques of the graph that joins two methods unless `pairwise` rejects that they are equal (Holm).
    A group may leave out a method that ranks between its members.

    Args:
        scores: score table (index data sets, columns methods).
        alpha: family-wise error.
        pairs: the answer of `pairwise`, where it is at hand.

    Returns:
        Groups, members in the order of the average ranks. A method that differs from all others is in none.

    Raises:
        TableError: the table is empty, has gaps, or names something twice.
    """
    alike = [(pair.a, pair.b) for pair in pairs or pairwise(scores) if pair.p_holm > alpha]
    return maximal_cliques(alike, list(average_ranks(scores).index))


def compare(table: pd.DataFrame, alpha: float = 0.05, complete: Complete = "methods") -> Comparison:
    """Compares methods of a table on the same data sets.

    Args:
        table: scores, index data sets, columns methods, NaN where there is none.
        alpha: family-wise error of the pairwise tests.
        complete: what to keep of a table with gaps.

    Returns:
        Ranks, tests, cliques, and what was left out.

    Raises:
        TableError: fewer than two methods, none left to compare or no data set that all share, or alpha is no
            probability.
    """
    if not 0 < alpha < 1:
        raise TableError(f"expected alpha between 0 and 1, got {alpha}")
    if table.shape[1] < 2:
        raise TableError(f"a comparison needs at least 2 methods, got {table.shape[1]}")
    scores, left_out = complete_methods(table) if complete == "methods" else complete_cases(table)
    means = table[[name for name, _ in left_out]].mean() if complete == "methods" else pd.Series(dtype=float)
    ranks = average_ranks(scores)
    pairs = pairwise(scores)
    groups = cliques(scores, alpha, pairs) if can_tell(len(scores), len(pairs), alpha) else []
    return Comparison(alpha, scores[ranks.index], ranks, friedman(scores), pairs, groups, left_out, means, complete)


def snap(accuracy: npt.ArrayLike, n_test: npt.ArrayLike) -> Floats:
    """The nearest accuracies that `n_test` cases can give: rounded numbers then tie where they should.

    Args:
        accuracy: accuracies of single runs, any shape; never means of several runs.
        n_test: number of test cases, same shape or one.

    Returns:
        round(accuracy * n_test) / n_test.
    """
    cases = np.asarray(n_test, dtype=np.float64)
    return np.asarray(np.round(np.asarray(accuracy, dtype=np.float64) * cases) / cases)


def _values(scores: pd.DataFrame) -> Floats:
    """Cells (data set, method) of a score table, after a check that it is one."""
    for axis, names in (("data set", scores.index), ("method", scores.columns)):
        if not names.is_unique:
            raise TableError(f"{axis} {names[names.duplicated()][0]!r} stands twice in the score table")
    if scores.empty:
        raise TableError(f"no scores to compare: {scores.shape[0]} data sets, {scores.shape[1]} methods")
    values = scores.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise TableError(f"no finite score of {scores.columns[column]!r} on {scores.index[row]!r}")
    return values


def maximal_cliques(alike: list[tuple[str, str]], order: list[str]) -> list[list[str]]:
    """Maximal cliques of the graph with these edges; members, then cliques, in the order given."""
    place = {method: i for i, method in enumerate(order)}
    groups = [sorted(group, key=place.__getitem__) for group in nx.find_cliques(nx.Graph(alike))]
    return sorted(groups, key=lambda group: [place[method] for method in group])
