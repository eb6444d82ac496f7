"""Classifiers of sktime and aeon that the field measures by, each a method under a short name."""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.methods.outside import Target


@dataclass(frozen=True)
class Known:
    """A classifier that has a name here."""

    summary: str
    """What it is, in a sentence."""
    place: str
    thing: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """Where it is."""
        return Target(self.place, self.thing, self.options)


_SKTIME, _AEON = "sktime.classification", "aeon.classification"
_NEEDS = "needs aeon, which wants older numpy and numba: pip install '.[aeon]'"

BASELINES = {
    "minirocket": Known("sktime's MiniRocket with a ridge classifier", __name__, "MiniRocket"),
    "rocket": Known("sktime's ROCKET with a ridge classifier", __name__, "Rocket"),
    "multirocket": Known("sktime's MultiRocket with a ridge classifier", __name__, "MultiRocket"),
    "arsenal": Known("sktime's Arsenal, an ensemble of ROCKETs", f"{_SKTIME}.kernel_based", "Arsenal"),
    "hydra": Known(f"aeon's Hydra; {_NEEDS}", f"{_AEON}.convolution_based", "HydraClassifier"),
    "multirocket-hydra": Known(
        f"aeon's MultiRocket and Hydra together; {_NEEDS}", f"{_AEON}.convolution_based", "MultiRocketHydraClassifier"
    ),
    "1nn-dtw": Known(
        "sktime's nearest neighbour with dynamic time warping",
        f"{_SKTIME}.distance_based", "KNeighborsTimeSeriesClassifier", {"n_neighbors": 1, "distance": "dtw"},
    ),
    "1nn-euclid": Known(
        "sktime's nearest neighbour by Euclidean distance",
        f"{_SKTIME}.distance_based", "KNeighborsTimeSeriesClassifier", {"n_neighbors": 1, "distance": "euclidean"},
    ),
    "tsf": Known("sktime's time series forest", f"{_SKTIME}.interval_based", "TimeSeriesForestClassifier"),
    "drcif": Known("sktime's diverse representation canonical interval forest", __name__, "DrCIF"),
    "catch22": Known("sktime's forest on 22 canonical features", __name__, "Catch22"),
    "weasel2": Known(f"aeon's WEASEL 2; {_NEEDS}", f"{_AEON}.dictionary_based", "WEASEL_V2"),
    "rdst": Known(
        f"aeon's random dilated shapelets with a ridge classifier; {_NEEDS}",
        f"{_AEON}.shapelet_based", "RDSTClassifier",
    ),
}  # fmt: skip
"""Method → what it is."""


def long_enough(series: NDArray[np.float64], shortest: int) -> NDArray[np.float64]:
    """Series (case, channel, time) of so many points at least: behind shorter ones their last value is repeated."""
    lacking = shortest - series.shape[-1]
    return np.pad(series, ((0, 0), (0, 0), (0, lacking)), mode="edge") if lacking > 0 else series


class _OfSktime:
    """A classifier of sktime that fails on very short series, and here is given longer ones."""

    place: str
    thing: str
    shortest: int
    """Time points that it needs."""

    def __init__(self, random_state: int, **options: Any) -> None:
        kind = getattr(import_module(self.place), self.thing)
        self.classifier = kind(random_state=random_state, n_jobs=1, **options)

    def fit(self, series: NDArray[np.float64], labels: NDArray[np.int64]) -> "_OfSktime":
        """Fit to series (case, channel, time) and labels (case,)."""
        self.classifier.fit(long_enough(series, self.shortest), labels)
        return self

    def predict_proba(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (case, class present in training)."""
        probabilities: NDArray[np.float64] = self.classifier.predict_proba(long_enough(series, self.shortest))
        return probabilities


class Catch22(_OfSktime):
    """A random forest on catch22 (Lubba et al. 2019)."""

    place, thing, shortest = f"{_SKTIME}.feature_based", "Catch22Classifier", 3


class DrCIF(_OfSktime):
    """DrCIF (Middlehurst et al. 2021), which takes catch22 of intervals of differences and of a periodogram, too."""

    place, thing, shortest = f"{_SKTIME}.interval_based", "DrCIF", 5


class _RocketRidge:
    """Features of random kernels, by sktime, and a ridge classifier that is calibrated as those of Ti-MAE are.

    Made of sktime's transformers rather than of its ready classifiers, whose probabilities are 0 or 1.
    """

    kernels: str
    """sktime's transformer."""
    shortest = 2
    """Time points that it needs."""

    def __init__(self, random_state: int, num_kernels: int | None = None) -> None:
        from sktime.transformations import rocket  # noqa: PLC0415

        number = {} if num_kernels is None else {"num_kernels": num_kernels}
        self.transformer = getattr(rocket, self.kernels)(random_state=random_state, n_jobs=1, **number)

    def fit(self, series: NDArray[np.float64], labels: NDArray[np.int64]) -> "_RocketRidge":
        """Fit to series (case, channel, time) and labels (case,)."""
        from timae.probe import RidgeProbe  # noqa: PLC0415

        features = self.transformer.fit_transform(long_enough(series, self.shortest)).to_numpy()
        classes, positions = np.unique(labels, return_inverse=True)
        self.ridge = RidgeProbe(features, positions, len(classes), centred=False)
        self.left_out_, self.details_ = self.ridge.left_out, self.ridge.details
        return self

    def predict_proba(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (case, class present in training)."""
        from timae.products import READ  # noqa: PLC0415

        some_at_a_time = (long_enough(series[i : i + READ], self.shortest) for i in range(0, len(series), READ))
        said = [self.ridge.predict_proba(self.transformer.transform(some).to_numpy()) for some in some_at_a_time]
        return np.concatenate(said)


class MiniRocket(_RocketRidge):
    """MiniRocket (arXiv:2012.08791): 10,000 features."""

    kernels = "MiniRocket"
    shortest = 9


class Rocket(_RocketRidge):
    """ROCKET (arXiv:1910.13051): 20,000 features."""

    kernels = "Rocket"


class MultiRocket(_RocketRidge):
    """MultiRocket (arXiv:2102.00457): 50,000 features."""

    kernels = "MultiRocket"
    shortest = 10  # 9 of the differences
