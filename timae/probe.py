"""Classifiers of frozen features: the paper's support vector machine, and a ridge classifier.

The machine: protocol of Franceschi, Dieuleveut and Jaggi 2019 (arXiv:1901.10738, Section 5.1 and its code), which the
Ti-MAE paper follows: radial basis functions, gamma 'scale', C by cross-validation on the train split alone.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from timae.config import Probing, Ridge

UNBOUNDED_C = 1e12
"""C = infinity: no case may lie on the wrong side if the kernel can help it."""


class Probe:
    """A trained classifier; labels are 0…n_classes-1, of which some may be absent in training."""

    def __init__(self, n_classes: int, machine: SVC | Pipeline, sharpness: float = 1.0) -> None:
        self.n_classes, self.machine, self.sharpness = n_classes, machine, sharpness

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Softmax of the decision values (case, class); classes that training did not have get probability 0."""
        probabilities = np.zeros((len(features), self.n_classes))
        decision = self.machine.decision_function(features)
        probabilities[:, self.machine.classes_] = soften(decision, self.sharpness)
        return probabilities


def soften(decision: NDArray[np.float64], sharpness: float) -> NDArray[np.float64]:
    """Softmax of sharpness times one-against-rest decision values: ordered as they are, not calibrated.

    Args:
        decision: (case, class), or (case,) in favour of the second of two classes.
        sharpness: how sure a decision value of 1 is.

    Returns:
        Probabilities (case, class).
    """
    if decision.ndim == 1:
        decision = np.stack([-decision, decision], axis=1) / 2
    odds = np.exp(sharpness * (decision - decision.max(axis=1, keepdims=True)))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def fit_probe(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    n_classes: int,
    probing: Probing,
    seed: int,
) -> Probe:
    """Train the machine on features (case, width) and labels (case,).

    C is 10⁻⁴…10⁴ or infinite, by 5-fold cross-validation; infinite at once where there are fewer than 50
    cases or fewer than 5 a class. More cases than probing.max_cases are thinned at random.
    """
    if len(labels) > probing.max_cases:
        keep = np.random.default_rng(seed).permutation(len(labels))[: probing.max_cases]
        features, labels = features[keep], labels[keep]
    machine = SVC(C=UNBOUNDED_C, gamma="scale", break_ties=True, max_iter=10_000_000)
    if len(labels) // n_classes < 5 or len(labels) < 50:
        return Probe(n_classes, machine.fit(features, labels))
    grid = {"C": [10.0**k for k in range(-4, 5)] + [UNBOUNDED_C]}
    with warnings.catch_warnings():
        # a class rarer than the folds is no reason to stop: it is missing in some of them
        warnings.filterwarnings("ignore", message="The least populated class")
        return Probe(n_classes, GridSearchCV(machine, grid, cv=5).fit(features, labels).best_estimator_)


def fit_ridge(features: NDArray[np.float32], labels: NDArray[np.int64], n_classes: int, ridge: Ridge) -> Probe:
    """Train a ridge classifier on standardised features (case, width) and labels (case,).

    Its penalty is one of 10⁻³…10⁴, by leave-one-out on the train split, which costs no second fit
    (as ROCKET: arXiv:1910.13051, Section 3.3).
    """
    machine = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=np.logspace(-3, 4, 10)))
    return Probe(n_classes, machine.fit(features, labels), ridge.sharpness)
