"""A ridge classifier of many cases, solved from the products of its cases.

scikit-learn's RidgeClassifierCV copies all features in float64, several times over. What it solves needs no
more of them than the matrix of products of cases, which is summed up over a few columns at a time.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

COLUMNS = 512
"""So many columns of the features are in float64 at a time."""


class ProductRidge:
    """Ridge regression on a target a class, with the penalty whose error on left-out cases is least.

    Penalty, decisions and coefficients are RidgeClassifierCV's, but for rounding.

    Attributes:
        classes_: labels, in order.
        alpha_: the penalty.
        left_out: decisions (case, class), or (case,) for two classes, by a classifier that did not see the case.
    """

    def __init__(
        self,
        features: NDArray[np.floating],
        targets: NDArray[np.integer],
        classes: NDArray[np.int64],
        penalties: NDArray[np.float64],
    ) -> None:
        """Solve for every penalty, and keep the best.

        Args:
            features: (case, width), at least as wide as there are cases.
            targets: -1 and 1, (case, class), or (case, 1) for two classes.
            classes: labels of the targets' columns.
            penalties: from which to choose.
        """
        self.classes_ = classes
        n, level, means = len(features), targets.mean(axis=0), features.mean(axis=0, dtype=np.float64)
        products = np.zeros((n, n))
        for columns in _parts(features.shape[1]):
            block = features[:, columns] - means[columns]
            products += block @ block.T
        values, vectors = eigh(products, overwrite_a=True, check_finite=False)
        projected, ones = vectors.T @ (targets - level), vectors.sum(axis=0)
        least = np.inf
        for penalty in penalties.tolist():
            weights = 1 / (values + penalty)
            duals = vectors @ (weights[:, np.newaxis] * projected)
            # what leaving a case out changes; the second term is that of the level, which is fitted too
            own = np.einsum("ik,ik,k->i", vectors, vectors, weights) - vectors @ (weights * ones) / n
            decisions = targets - duals / own[:, np.newaxis]
            error = float(np.square(targets - decisions).mean())
            if error < least:
                least, self.alpha_, self.left_out, best = error, penalty, decisions, duals
        parts = [(features[:, columns] - means[columns]).T @ best for columns in _parts(features.shape[1])]
        self.coefficients = np.concatenate(parts)
        self.intercept = level - means @ self.coefficients
        if targets.shape[1] == 1:
            self.left_out = self.left_out[:, 0]

    def decision_function(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Decisions (case, class), or (case,) for two classes, of features (case, width)."""
        decisions = np.tile(self.intercept, (len(features), 1))
        for columns in _parts(features.shape[1]):
            decisions += features[:, columns].astype(np.float64) @ self.coefficients[columns]
        return decisions[:, 0] if decisions.shape[1] == 1 else decisions


def _parts(width: int) -> Iterator[slice]:
    return (slice(start, start + COLUMNS) for start in range(0, width, COLUMNS))
