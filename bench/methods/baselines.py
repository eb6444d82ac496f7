"""Classifiers of sktime as methods of the contest."""

import functools
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timae.probe import RidgeProbe, in_columns
from ucr.prepare import Prepared


@dataclass(frozen=True)
class FittedBaseline:
    """A fitted classifier of sktime; classes that training did not have get probability 0."""

    classifier: Any
    n_classes: int
    seconds: dict[str, float]
    n_parameters: dict[str, int] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=dict)
    reconstruction: dict[str, NDArray[Any]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    left_out: NDArray[np.float64] | None = None

    def predict_proba(self, cases: Prepared) -> NDArray[np.float64]:
        """Class probabilities (case, class)."""
        return in_columns(self.classifier.predict_proba(_panel(cases)), self.classifier.classes_, self.n_classes)


class MiniRocket:
    """MiniRocket and a ridge classifier (arXiv:2012.08791), by sktime and scikit-learn.

    Made of sktime's transformer rather than of its ready classifier, whose probabilities are 0 or 1; these
    are calibrated as those of Ti-MAE's ridge classifiers are.
    """

    def __init__(self, random_state: int, num_kernels: int = 10_000) -> None:
        from sktime.transformations.rocket import MiniRocket as Transformer  # noqa: PLC0415

        self.transformer = Transformer(num_kernels=num_kernels, n_jobs=1, random_state=random_state)

    def fit(self, series: NDArray[np.float64], labels: NDArray[np.int64]) -> "MiniRocket":
        """Fit to series (case, channel, time) and labels (case,)."""
        features = self.transformer.fit_transform(series).to_numpy()
        self.classes_ = np.unique(labels)
        self.ridge = RidgeProbe(features, np.searchsorted(self.classes_, labels), len(self.classes_), centred=False)
        return self

    def predict_proba(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (case, class present in training)."""
        return self.ridge.predict_proba(self.transformer.transform(series).to_numpy())


def fit(estimator: str, options: dict[str, Any], train: Prepared, n_classes: int, seed: int) -> FittedBaseline:
    """Fit a baseline by its name in the table of methods: "1nn-dtw" or "minirocket"."""
    _compile(estimator)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        classifier = _neighbour(**options) if estimator == "1nn-dtw" else MiniRocket(**options, random_state=seed)
        classifier.fit(_panel(train), train.labels)
    seconds = {"finetune": time.perf_counter() - start}
    if not isinstance(classifier, MiniRocket):
        return FittedBaseline(classifier, n_classes, seconds)
    left_out = in_columns(classifier.ridge.left_out, classifier.classes_, n_classes)
    return FittedBaseline(classifier, n_classes, seconds, details=classifier.ridge.details, left_out=left_out)


@functools.cache
def _compile(estimator: str) -> None:
    """Let a classifier meet a toy once a process, so that no run pays for numba's compilation."""
    toy = np.random.default_rng(0).normal(size=(8, 1, 32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier = _neighbour() if estimator == "1nn-dtw" else MiniRocket(random_state=0, num_kernels=84)
        classifier.fit(toy, np.arange(8) % 2).predict_proba(toy)


def _neighbour(**options: Any) -> Any:
    from sktime.classification.distance_based import KNeighborsTimeSeriesClassifier  # noqa: PLC0415

    return KNeighborsTimeSeriesClassifier(n_neighbors=1, distance="dtw", **options)


def _panel(cases: Prepared) -> NDArray[np.float64]:
    """Return prepared series as sktime's numpy3D: (case, channel, time)."""
    return cases.series[:, np.newaxis].astype(np.float64)
