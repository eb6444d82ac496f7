"""Classifiers of frozen features: the paper's support vector machine, and a ridge classifier.

The machine: protocol of Franceschi, Dieuleveut and Jaggi 2019 (arXiv:1901.10738, Section 5.1 and its code), which the
Ti-MAE paper follows: radial basis functions, gamma 'scale', C by cross-validation on the train split alone.
"""

import warnings
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import LabelBinarizer, StandardScaler
from sklearn.svm import SVC

from timae.calibration import USUAL_SHARPNESS, sharpness_of, soften
from timae.config import Svm
from timae.products import READ, ProductRidge, Streamed, Targets, by_cases, by_features, flat

UNBOUNDED_C = 1e12
"""C = infinity: no case may lie on the wrong side if the kernel can help it."""
MOST_ITERATIONS = 1_000_000
"""Of the machine's solver; one that is not done by then is taken as it is, as where the protocol comes from."""
PENALTIES = np.logspace(-4, 8, 25)
"""Of every ridge classifier, ours and MiniRocket's: the smallest make it pass through all cases, one like the other."""
LONE_PENALTY = 1e3
"""Where no class has two cases, so that leaving one out says nothing. Chosen inside the train splits of 16 data sets
of TUNED_ON, a case a class for training and the others for the score: accuracy is flat up to here, and falls above."""

LARGE = 2**24
"""More features than so many (cases times width) are solved from products: an eighth of a GB in float64, of which
scikit-learn would hold several copies."""


class SvmProbe:
    """A trained support vector machine; labels are 0…n_classes-1, of which some may be absent in training."""

    def __init__(self, n_classes: int, machine: SVC, score: float) -> None:
        self.n_classes, self.machine, self.score = n_classes, machine, score
        """score: accuracy by cross-validation inside the train split."""

    @property
    def details(self) -> dict[str, float]:
        """What the train split decided."""
        return {"C": self.machine.C}

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Softmax of the decision values (case, class); classes that training did not have get probability 0."""
        probabilities = soften(self.machine.decision_function(features), 1.0)
        return in_columns(probabilities, self.machine.classes_, self.n_classes)


def fit_svm(features: NDArray[np.float32], labels: NDArray[np.int64], n_classes: int, svm: Svm, seed: int) -> SvmProbe:
    """Train the machine on features (case, width) and labels (case,).

    C is 10⁻⁴…10⁴ or infinite, by 5-fold cross-validation; infinite at once where there are fewer than 50
    cases or fewer than 5 a class, of which those that are not alone in their class are then left out one by one, for
    the score; it is 0 where all are alone. More cases than svm.max_cases are thinned at random.
    """
    if len(labels) > svm.max_cases:
        keep = np.random.default_rng(seed).permutation(len(labels))[: svm.max_cases]
        features, labels = features[keep], labels[keep]
    machine = SVC(C=UNBOUNDED_C, gamma="scale", break_ties=True, max_iter=MOST_ITERATIONS)
    few = len(labels) // n_classes < 5 or len(labels) < 50
    grid = {"C": [UNBOUNDED_C] if few else [*(10.0**k for k in range(-4, 5)), UNBOUNDED_C]}
    cases = np.arange(len(labels))
    one_by_one = [(np.delete(cases, i), cases[i : i + 1]) for i in np.flatnonzero(_accompanied(labels))] if few else []
    if few and not one_by_one:
        return SvmProbe(n_classes, machine.fit(features, labels), 0.0)
    with warnings.catch_warnings():
        # a class rarer than the folds is no reason to stop: it is missing in some of them
        warnings.filterwarnings("ignore", message="The least populated class")
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        found = GridSearchCV(machine, grid, cv=one_by_one or 5).fit(features, labels)
    return SvmProbe(n_classes, found.best_estimator_, float(found.best_score_))


class RidgeProbe:
    """A ridge classifier of scaled features, whose probabilities are calibrated by leaving out one case at a time.

    Its penalty too is chosen so, which costs no second fit (as ROCKET: arXiv:1910.13051, Section 3.3). Where every
    case is alone in its class, whoever leaves it out has never seen the class: penalty and sharpness are then fixed.
    """

    def __init__(
        self,
        features: NDArray[np.floating] | Streamed,
        labels: NDArray[np.int64],
        n_classes: int,
        *,
        copies: int = 1,
        centred: bool = True,
    ) -> None:
        """Train on features (copy · case, width) and labels (case,), of 0…n_classes-1, two of them at least.

        Args:
            features: of the train split; behind it, of as many altered copies of it as there are.
            labels: of the cases.
            n_classes: columns of the probabilities; classes that are absent here get probability 0.
            copies: how often each case is there; 1: as it is.
            centred: whether features are shifted to mean 0 before they are scaled, where that changes rounding.
        """
        self.n_classes = n_classes
        classes, columns = np.unique(labels, return_inverse=True)
        alone = not _accompanied(labels).any()
        targets = Targets(
            LabelBinarizer(neg_label=-1).fit_transform(labels),
            classes,
            np.array([LONE_PENALTY]) if alone else PENALTIES,
        )
        n, width = features.shape
        self.machine: Pipeline | ProductRidge
        if copies == 1 and n * width <= LARGE:
            self.machine, decisions = _fit_ridge(_whole(features), labels, targets, centred=centred)
            self.penalty = float(self.machine[-1].alpha_)
        else:
            self.machine, decisions = (
                by_cases(_whole(features), targets, copies)
                if copies > 1 or n <= width
                else by_features(lambda: _some(features), targets)
            )
            self.penalty = self.machine.penalty
        self.sharpness = USUAL_SHARPNESS if alone else sharpness_of(decisions, columns)
        left_out = in_columns(soften(decisions, self.sharpness), classes, n_classes)
        self.left_out = None if alone else left_out
        """Probabilities (case, class) of each train case, by a classifier that did not see it; None where that says
        nothing."""

    @property
    def details(self) -> dict[str, float]:
        """What the train split decided."""
        return {"penalty": self.penalty, "sharpness": self.sharpness}

    def predict_proba(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Softmax of the decision values (case, class), as sharp as left-out train cases allow."""
        decisions = self.machine.decision_function(features)
        return in_columns(soften(decisions, self.sharpness), self.machine.classes_, self.n_classes)


def _fit_ridge(
    features: NDArray[np.floating], labels: NDArray[np.int64], targets: Targets, *, centred: bool
) -> tuple[Pipeline, NDArray[np.float64]]:
    """A ridge classifier of scikit-learn, and its decisions (case, class) or (case,) on left-out cases."""

    def score(_: object, decisions: NDArray[np.float64], *__: object, **___: object) -> float:
        # what RidgeClassifierCV does by itself; asked to, it also keeps the decisions
        return -float(np.square(targets.values - decisions.reshape(targets.values.shape)).mean())

    ridge = RidgeClassifierCV(targets.penalties, scoring=score, store_cv_results=True)
    machine = make_pipeline(StandardScaler(with_mean=centred), ridge).fit(features, labels)
    decisions = ridge.cv_results_[..., int(np.flatnonzero(ridge.alpha_ == targets.penalties)[0])]
    del ridge.cv_results_, ridge.scoring
    return machine, flat(decisions)


def _whole(features: NDArray[np.floating] | Streamed) -> NDArray[np.floating]:
    """All features (case, width)."""
    return np.concatenate([*features.read()]) if isinstance(features, Streamed) else features


def _some(features: NDArray[np.floating] | Streamed) -> Iterable[NDArray[np.floating]]:
    """Features of some cases at a time (case, width)."""
    return features.read() if isinstance(features, Streamed) else np.array_split(features, -(-len(features) // READ))


def _accompanied(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each case (case,), whether another one has its label."""
    return np.asarray(np.bincount(labels)[labels] > 1)


def in_columns(probabilities: NDArray[np.float64], classes: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Put probabilities (case, class) into the columns of their classes; others get 0."""
    found = np.zeros((len(probabilities), n_classes))
    found[:, classes] = probabilities
    return found
