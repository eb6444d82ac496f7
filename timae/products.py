"""A ridge classifier of many cases, solved from products of its features.

scikit-learn's RidgeClassifierCV copies all features in float64, several times over. What it solves needs no more
of them than a matrix of products: of cases with cases where these are fewer than the features, summed up over some
columns at a time; else of features with features, over some cases at a time, so that not all need be there at once.
Both give its penalty, decisions and coefficients, for features scaled by StandardScaler, but for rounding.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.linalg.blas import dsyrk
from sklearn.preprocessing import StandardScaler

COLUMNS = 512
"""So many columns of the features are in float64 at a time."""
READ = 1024
"""Cases whose features are in memory at a time, where that is not all of them."""


class Streamed(NamedTuple):
    """Features that need not be in memory all at once."""

    shape: tuple[int, int]
    """Cases, width."""
    read: Callable[[], Iterable[NDArray[np.floating]]]
    """Gives those of some cases at a time, as often as it is called."""


@dataclass(frozen=True)
class Targets:
    """What a ridge is fitted to."""

    values: NDArray[np.integer]
    """-1 and 1, (case, class), or (case, 1) for two classes."""
    classes: NDArray[np.int64]
    """Labels, in order."""
    penalties: NDArray[np.float64]
    """From which the one is chosen whose error on left-out cases is least."""


@dataclass(frozen=True)
class ProductRidge:
    """A solved ridge."""

    classes_: NDArray[np.int64]
    penalty: float
    coefficients: NDArray[np.float64]
    """(width, class), of features as they are."""
    intercept: NDArray[np.float64]

    def decision_function(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Decisions (case, class), or (case,) for two classes, of features (case, width)."""
        decisions = np.tile(self.intercept, (len(features), 1))
        for columns in _parts(features.shape[1]):
            decisions += features[:, columns].astype(np.float64) @ self.coefficients[columns]
        return flat(decisions)


def by_cases(
    features: NDArray[np.floating], targets: Targets, copies: int = 1
) -> tuple[ProductRidge, NDArray[np.float64]]:
    """Solve from the products of cases.

    Args:
        features: (copy · case, width): all cases, and again as many for each further copy of them.
        targets: of the cases.
        copies: how often each case is there. Who leaves a case out, leaves out all its copies; the error on left-out
            cases is that on their first.

    Returns:
        The ridge; decisions (case, class), or (case,) for two classes, by one that did not see the case.
    """
    n, level = len(features), targets.values.mean(axis=0)
    products = np.zeros((n, n), order="F")
    scalers = [StandardScaler().fit(features[:, columns]) for columns in _parts(features.shape[1])]

    def scaled() -> Iterator[NDArray[np.float64]]:
        parts = zip(scalers, _parts(features.shape[1]), strict=True)
        return (scaler.transform(features[:, columns].astype(np.float64)) for scaler, columns in parts)

    for block in scaled():
        dsyrk(1.0, block.T, beta=1.0, c=products, trans=1, lower=1, overwrite_c=1)
    values, vectors = eigh(products, overwrite_a=True, check_finite=False)
    projected, ones = vectors.T @ (np.tile(targets.values, (copies, 1)) - level), vectors.sum(axis=0)
    by_case = vectors.reshape(copies, -1, n).swapaxes(0, 1)  # (case, copy, product)

    def left_out(penalty: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        weights = 1 / (values + penalty)
        duals = vectors @ (weights[:, np.newaxis] * projected)
        # what leaving a case out changes; the second term is that of the level, which is fitted too
        own = (by_case * weights) @ by_case.swapaxes(1, 2) - (by_case @ (weights * ones) / n)[..., np.newaxis]
        residuals: NDArray[np.float64] = np.linalg.solve(own, duals.reshape(copies, -1, len(level)).swapaxes(0, 1))
        return targets.values - residuals[:, 0], duals

    (decisions, duals), penalty = _best(targets, map(left_out, targets.penalties.tolist()))
    coefficients = np.concatenate([block.T @ duals for block in scaled()])
    means, scales = (np.concatenate([getattr(scaler, what) for scaler in scalers]) for what in ("mean_", "scale_"))
    return _ridge(targets, penalty, coefficients, means, scales), flat(decisions)


def by_features(
    read: Callable[[], Iterable[NDArray[np.floating]]], targets: Targets
) -> tuple[ProductRidge, NDArray[np.float64]]:
    """Solve from the products of features, which are read twice.

    Args:
        read: gives features of some cases at a time (case, width), all in all of more cases than they are wide.
        targets: of the cases.

    Returns:
        As `by_cases`.
    """
    n, level = len(targets.values), targets.values.mean(axis=0)
    scaler, start = StandardScaler(), 0
    for block in read():
        scaler.partial_fit(block)
        if not start:
            near = scaler.mean_.copy()  # as good as the mean of all: what is left of it is taken off below
            products = np.zeros((len(near), len(near)), order="F")
            with_targets = np.zeros((len(near), len(level)))
        off = block - near
        dsyrk(1.0, off.T, beta=1.0, c=products, lower=1, overwrite_c=1)
        with_targets += off.T @ (targets.values[start : start + len(block)] - level)
        start += len(block)
    dsyrk(-float(n), (scaler.mean_ - near)[:, np.newaxis], beta=1.0, c=products, lower=1, overwrite_c=1)
    products /= scaler.scale_
    products /= scaler.scale_[:, np.newaxis]
    values, vectors = eigh(products, overwrite_a=True, check_finite=False)
    projected = vectors.T @ (with_targets / scaler.scale_[:, np.newaxis])
    weights = 1 / (values + targets.penalties[:, np.newaxis])  # (penalty, width)
    fitted, own = [], []
    for block in read():
        turned = scaler.transform(block.astype(np.float64)) @ vectors
        fitted.append(np.stack([(turned * some) @ projected for some in weights]))
        own.append(np.square(turned) @ weights.T + 1 / n)
    residuals = targets.values - level - np.concatenate(fitted, axis=1)  # (penalty, case, class)
    left_out = targets.values - residuals / (1 - np.concatenate(own).T)[..., np.newaxis]
    (decisions, some), penalty = _best(targets, zip(left_out, weights, strict=True))
    coefficients = vectors @ (some[:, np.newaxis] * projected)
    return _ridge(targets, penalty, coefficients, scaler.mean_, scaler.scale_), flat(decisions)


Solution = TypeVar("Solution")


def _best(
    targets: Targets, solutions: Iterable[tuple[NDArray[np.float64], Solution]]
) -> tuple[tuple[NDArray[np.float64], Solution], float]:
    """Of the decisions on left-out cases, one for each penalty, those with the least error; and its penalty."""
    least = np.inf
    for penalty, solution in zip(targets.penalties.tolist(), solutions, strict=True):
        error = float(np.square(targets.values - solution[0]).mean())
        if error < least:
            least, best = error, (solution, penalty)
    return best


def _ridge(
    targets: Targets,
    penalty: float,
    coefficients: NDArray[np.float64],
    means: NDArray[np.float64],
    scales: NDArray[np.float64],
) -> ProductRidge:
    """Coefficients (width, class) of scaled features as those of features as they are."""
    coefficients = coefficients / scales[:, np.newaxis]
    return ProductRidge(targets.classes, penalty, coefficients, targets.values.mean(axis=0) - means @ coefficients)


def flat(decisions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decisions (case, class) as scikit-learn gives them: (case,) for two classes."""
    return decisions[:, 0] if decisions.shape[1] == 1 else decisions


def _parts(width: int) -> Iterator[slice]:
    return (slice(start, start + COLUMNS) for start in range(0, width, COLUMNS))
