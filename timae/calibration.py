"""Decisions to probabilities, and probabilities of several classifiers to one, by what leaving cases out says.

A decision for a case that its classifier was not trained on shows how far decisions can be trusted; the train split
gives one for each of its cases, and no test case is needed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

USUAL_SHARPNESS = 4.0
"""Of decisions that aim at -1 and 1, as a ridge classifier's: right for two classes, and believed without cases."""
SHARPEST = 100.0
"""No decision is trusted more than this."""


def soften(decisions: NDArray[np.floating], sharpness: float) -> NDArray[np.float64]:
    """Softmax of sharpness times one-against-rest decision values.

    Args:
        decisions: (case, class), or (case,) in favour of the second of two classes.
        sharpness: how sure a decision value of 1 is.

    Returns:
        Probabilities (case, class).
    """
    if decisions.ndim == 1:
        decisions = np.stack([-decisions, decisions], axis=1) / 2
    odds = np.exp(sharpness * (decisions - decisions.max(axis=1, keepdims=True)).astype(np.float64))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def sharpness_of(decisions: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Find the sharpness that makes left-out decisions the best probabilities, by log loss.

    A factor of e away from the usual one counts as half a nat more of loss, in all: few cases, or decisions that are
    all right and could be sharpened without end, say little against it.

    Args:
        decisions: as for `soften`; of each train case by a classifier that did not see it.
        labels: (case,), columns of decisions.
    """
    cases = np.arange(len(labels))

    def loss(logarithm: float) -> float:
        likelihood = soften(decisions, np.exp(logarithm))[cases, labels]
        return float((logarithm - np.log(USUAL_SHARPNESS)) ** 2 / 2 - np.log(likelihood + 1e-300).sum())

    found = minimize_scalar(loss, bounds=(np.log(1 / SHARPEST), np.log(SHARPEST)), method="bounded")
    return float(np.exp(found.x))


def weights_of(left_out: Sequence[NDArray[np.floating]], labels: NDArray[np.int64], rounds: int = 200) -> list[float]:
    """Find the weights with which the averaged probabilities of classifiers fit left-out cases best, by log loss.

    Stacking of predictive distributions (Y. Yao et al., Bayesian Analysis 13(3), 2018, Section 3), by expectation
    maximisation. As much as one case a classifier speaks for equal weights.

    Args:
        left_out: of each classifier, probabilities (case, class) of each train case without having seen it.
        labels: (case,), columns of the probabilities.
        rounds: of the maximisation.
    """
    likelihood = np.stack([p[np.arange(len(labels)), labels] for p in left_out], axis=1).astype(np.float64) + 1e-12
    weights = np.full(len(left_out), 1 / len(left_out))
    for _ in range(rounds):
        share = likelihood * weights
        share /= share.sum(axis=1, keepdims=True)
        weights = (share.sum(axis=0) + 1) / (len(labels) + len(left_out))
    return [float(weight) for weight in weights]
