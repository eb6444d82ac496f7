"""The Wilcoxon signed-rank test, exact at every number of data sets.

Given the sizes of the differences, every pattern of signs is equally likely where two methods do not differ. The
distribution of the rank sum over these 2^n patterns is a convolution of one two-point distribution a rank, whatever
the ranks: those that ties share, and those that Pratt's rule leaves when zeros have been ranked and dropped. Doubled,
all of them are whole numbers, which place the probabilities in an array.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


def signed_rank_p(differences: npt.ArrayLike) -> Floats:
    """Two-sided p-values of the signed-rank test (Wilcoxon 1945), zeros by Pratt's rule (1959).

    Args:
        differences: (data set, pair), rounded so that what should tie does.

    Returns:
        (pair,); 1 where all differences of a pair are zero.
    """
    return np.array([_p(column) for column in np.asarray(differences, dtype=np.float64).T])


def smallest_p(n: int) -> float:
    """The p-value of n differences without a zero that all have one sign: no other is smaller."""
    return min(1.0, 2.0 ** (1 - n))


def can_tell(n: int, n_pairs: int, alpha: float) -> bool:
    """Whether the best that n data sets can show passes the first step of Holm over so many pairs."""
    return n_pairs * smallest_p(n) <= alpha


def needed_rank_sum(n: int, alpha: float) -> float:
    """The smallest sum of the positive ones of the ranks 1 to n that the two-sided test rejects; infinite: none."""
    total = n * (n + 1) // 2
    tail = np.cumsum(_lower(2 * np.arange(1, n + 1), total))  # at twice a rank sum: P(W <= it)
    rejected = np.flatnonzero(2 * tail[::2] <= alpha)
    return float(total - rejected[-1]) if rejected.size else np.inf


def _p(differences: Floats) -> float:
    doubled = np.rint(2 * stats.rankdata(np.abs(differences))).astype(np.int64)
    positive, negative = (int(doubled[sign].sum()) for sign in (differences > 0, differences < 0))
    at = min(positive, negative)
    return min(1.0, 2 * float(_lower(doubled[differences != 0], at).sum()))


def _lower(doubled: npt.NDArray[np.int64], highest: int) -> Floats:
    """The probabilities of the doubled rank sums 0 to highest, over all patterns of signs."""
    chances = np.zeros(highest + 1)
    chances[0], end = 1.0, 1
    for rank in np.sort(doubled):  # small ones first: few sums are possible for longer
        chances[:end] *= 0.5
        reach = int(min(end + rank, highest + 1))
        if rank < reach:
            chances[rank:reach] += chances[: reach - rank].copy()
            end = reach
    return chances
