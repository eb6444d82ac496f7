"""Estimators in the manner of scikit-learn, sktime or aeon as methods of the contest.

Whatever may differ between them is asked of them once, before the clock starts: on which axes they take series, and
whether they give probabilities.
"""

import functools
import inspect
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import get_tags

from bench.methods.method import Baseline
from bench.methods.outside import Outside, Target, load, target_of
from timae.clock import Clock
from timae.probe import in_columns
from ucr.prepare import Prepared

Axes = Literal["(case, channel, time)", "(case, time)"]
LIBRARIES: dict[str, Axes] = {
    "bench": "(case, channel, time)",
    "sktime": "(case, channel, time)",
    "aeon": "(case, channel, time)",
    "sklearn": "(case, time)",
}
"""Whose base class an estimator has → what it takes; aeon's base classes are scikit-learn's too."""
ELSEWHERE = 0.2
"""Share of its work that an estimator may do outside the thread that it is called in before a reader should know."""

LEAST_WORK = 0.5
"""CPU seconds from which that is looked at: the system counts them in hundredths."""


class EstimatorError(ValueError):
    """An estimator does not do what one must; the message is one line that says what."""


@dataclass(frozen=True)
class FittedEstimator:
    """A fitted estimator; classes that training did not have get probability 0."""

    estimator: Any
    axes: Axes
    n_classes: int
    classes: NDArray[np.int64]
    """Those of the train split."""
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    notes: list[str]
    """What a reader should know of it, a sentence each."""
    losses: dict[str, list[float]] = field(default_factory=dict)
    reconstruction: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def details(self) -> dict[str, Any]:
        """What a reader should know, and what the train split decided."""
        return {**getattr(self.estimator, "details_", {}), **({"notes": self.notes} if self.notes else {})}

    @property
    def left_out(self) -> NDArray[np.float64] | None:
        """Of the few that have it: probabilities (case, class) of each train case without having seen it."""
        left_out = getattr(self.estimator, "left_out_", None)
        return None if left_out is None else in_columns(left_out, self.classes, self.n_classes)

    @property
    def n_parameters(self) -> dict[str, int]:
        """What it says itself, or what its torch modules hold; empty where there is no such count."""
        own = getattr(self.estimator, "n_parameters", None)
        own = own() if callable(own) else own
        if own is None:
            modules = [self.estimator, *vars(self.estimator).values()]
            counts = [
                sum(p.numel() for p in module.parameters() if p.requires_grad)
                for module in modules
                if any(kind.__module__ == "torch.nn.modules.module" for kind in type(module).__mro__)
            ]
            own = sum(counts) if counts else None
        return {} if own is None else {"total": int(own)}

    def predict_proba(self, cases: Prepared) -> NDArray[np.float64]:
        """Class probabilities (case, class); 1 for what it predicts where it has no probabilities.

        Raises:
            EstimatorError: it gives something else.
        """
        x = on_axes(cases, self.axes)
        with _no_exit():
            if not hasattr(self.estimator, "predict_proba"):
                return in_columns(self._voted(x), self.classes, self.n_classes)
            said = np.asarray(self.estimator.predict_proba(x))
        expected = (len(x), len(self.classes))
        if said.shape != expected:
            raise EstimatorError(f"predict_proba: expected an array of shape {expected}, got {said.shape}")
        if said.dtype.kind not in "fiub":
            raise EstimatorError(f"predict_proba: expected numbers, got {said.dtype}")
        return in_columns(said.astype(np.float64), self.classes, self.n_classes)

    def _voted(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        said = np.asarray(self.estimator.predict(x))
        if said.shape != (len(x),):
            raise EstimatorError(f"predict: expected an array of shape ({len(x)},), got {said.shape}")
        if strange := sorted({*said.tolist()} - {*self.classes.tolist()}, key=str):
            raise EstimatorError(
                f"predict: expected classes that fit was given, {_few(self.classes)}, got {strange[0]!r}"
            )
        return np.asarray(said[:, np.newaxis] == self.classes, np.float64)


def _few(classes: NDArray[np.int64]) -> str:
    return f"{classes[0]} to {classes[-1]}"


def fit(target: Target, config: Baseline, train: Prepared, n_classes: int, seed: int, *_: object) -> FittedEstimator:
    """Fit an estimator to a prepared train split; labels are 0…n_classes-1.

    Raises:
        EstimatorError: there is no estimator where the target says, or it cannot be fitted.
    """
    with _no_exit():
        make = load(target)
        axes, found = _met(target.text)
        notes = [*found]
        estimator, seeded = _made(make, target.options, seed)
        x, classes = on_axes(train, axes), np.unique(train.labels)
        clock, here = Clock(), time.thread_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            estimator.fit(x, train.labels)
        seconds, work, here = clock.seconds(), clock.cpu_seconds(), time.thread_time() - here
    if isinstance(config, Outside) and not seeded:
        notes.append("takes no random_state: seeds differ only where it draws from the global generators")
    if work > LEAST_WORK and 1 - here / work > ELSEWHERE:
        notes.append(
            f"did {1 - here / work:.0%} of its fitting on threads or processes of its own: one core is the rule"
        )
    if not hasattr(estimator, "predict_proba"):
        notes.append("gives no probabilities: 1 for the class that it predicts, 0 for the others")
    return FittedEstimator(estimator, axes, n_classes, classes, {"finetune": seconds}, {"finetune": work}, notes)


def _made(make: Callable[..., Any], options: Mapping[str, Any], seed: int) -> tuple[Any, bool]:
    """An estimator, and whether it took the seed; whatever draws from global generators gets it anyhow."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (others draw from it)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
    wanted = {"random_state": seed, "n_jobs": 1}
    taken = {name: value for name, value in wanted.items() if name in inspect.signature(make).parameters}
    estimator = make(**{**taken, **options})
    if hasattr(estimator, "get_params") and (late := wanted.keys() & estimator.get_params(deep=False).keys() - taken):
        estimator.set_params(**{name: wanted[name] for name in late if name not in options})
        taken |= dict.fromkeys(late)
    for verb in ("fit", "predict"):
        if not hasattr(estimator, verb) and not (verb == "predict" and hasattr(estimator, "predict_proba")):
            raise EstimatorError(
                f"expected an estimator with fit and predict, got a {type(estimator).__name__} without {verb}"
            )
    return estimator, "random_state" in taken


@functools.cache
def _met(text: str) -> tuple[Axes, tuple[str, ...]]:
    """Let an estimator meet a toy once a process, so that no run pays for its compilation.

    Returns:
        On which axes it takes series, by what it says of itself, or by trying; and notes on that.
    """
    target = target_of(text)
    make = load(target)
    axes = _said(_made(make, target.options, 0)[0])
    if axes:
        with suppress(Exception):  # a toy may be too small for it
            _try(make, target.options, axes)
        return axes, ()
    errors = []
    for tried in dict.fromkeys(LIBRARIES.values()):
        try:
            _try(make, target.options, tried)
        except Exception as error:
            errors.append(f"{tried}: {type(error).__name__}: {error}".splitlines()[0])
        else:
            return tried, (f"takes series as {tried}, which was found by trying",)
    raise EstimatorError(f"a toy of 20 series fits on no axes; {'; '.join(errors)}")


def _said(estimator: Any) -> Axes | None:
    """On which axes an estimator takes series, by its tags or its library; None: it does not say."""
    libraries = [kind.__module__.partition(".")[0] for kind in type(estimator).__mro__]
    for library, axes in LIBRARIES.items():
        if library in libraries:
            if library == "sklearn" and get_tags(estimator).input_tags.three_d_array:
                return "(case, channel, time)"
            return axes
    return None


def _try(make: Callable[..., Any], options: Mapping[str, Any], axes: Axes) -> None:
    toy = np.random.default_rng(0).normal(size=(20, 64))
    x = toy[:, np.newaxis] if axes == "(case, channel, time)" else toy
    estimator, _ = _made(make, options, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(x, np.arange(20) % 2)
        estimator.predict_proba(x) if hasattr(estimator, "predict_proba") else estimator.predict(x)


def on_axes(cases: Prepared, axes: Axes) -> NDArray[np.float64]:
    """Prepared series as an estimator takes them."""
    series: NDArray[np.float64] = cases.series.astype(np.float64)
    return series[:, np.newaxis] if axes == "(case, channel, time)" else series


@contextmanager
def _no_exit() -> Iterator[None]:
    """Let nobody end the process that all runs share."""
    try:
        yield
    except SystemExit as end:
        raise EstimatorError(f"it called sys.exit({end.code!r}) where it should have raised an error") from end
