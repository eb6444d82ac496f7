"""Two methods on one data set, from several resamples of it: another question than the one over data sets."""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


def corrected_resampled_t(differences: npt.ArrayLike, test_per_train: npt.ArrayLike) -> Floats:
    """Two-sided p-values of the corrected resampled t-test (Nadeau and Bengio 2003), one a data set.

    Train splits of resamples overlap, so that their differences vary less than those of new data would; the variance of
    the mean is var · (1 / resamples + test cases / train cases).

    Args:
        differences: (data set, resample), complete, two resamples at least.
        test_per_train: (data set,), test cases a train case; 0 for runs that share nothing but the split.

    Returns:
        (data set,); 1 where all differences are zero, 0 where all are alike and not zero.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = d.shape[1]
    mean = d.mean(axis=1)
    deviation = np.sqrt((1 / n + np.asarray(test_per_train, dtype=np.float64)) * d.var(axis=1, ddof=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(mean == 0, 0.0, mean / deviation)
    return np.asarray(2 * stats.t.sf(np.abs(t), n - 1))
