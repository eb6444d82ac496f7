"""Ti-MAE as sktime's estimators: a thin face on `ucr.prepare` and `timae.fit`, which a contest calls likewise.

torch is imported when one is fitted.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags, TransformerTags, check_random_state
from sklearn.utils.multiclass import type_of_target
from sktime.classification.base import BaseClassifier
from sktime.transformations.base import BaseTransformer

import ucr.prepare
from timae import weights
from timae.architectures import ARCHITECTURES, Step, frozen, linear, shared, untrained
from timae.config import Recipe
from timae.presets import PRESETS
from timae.session import Session
from ucr.archive import Info
from ucr.load import Split
from ucr.prepare import Preparation, Prepared, Preparer
from ucr.resolution import Floats, narrow

if TYPE_CHECKING:
    from timae.fit import Fitted, Frozen

PROBE, LINEAR = "-probe", "-linear"
READ: dict[str, Step] = {PROBE: frozen, LINEAR: linear}
"""Behind the name of an architecture: its encoder is frozen, and a probe reads it, or a linear head."""
DEVICES = ("cpu", "cuda", "auto")
HUNG = "_parent_callback_ctx"
TAGS = {
    "authors": ["The timae-bench authors"],
    "maintainers": ["The timae-bench authors"],
    "python_dependencies": ["torch", "lightning", "safetensors"],
    "X_inner_mtype": "df-list",
    "capability:multivariate": False,
    "capability:unequal_length": True,
    "capability:missing_values": True,
    "capability:random_state": True,
    "property:randomness": "derandomized",
    "capability:categorical_in_X": False,
}
"""What classifier and transformer have in common."""


class _Face:
    """What classifier and transformer have in common: parameters, and what sktime lacks for scikit-learn 1.9."""

    def __init__(
        self,
        preset: str = "quick",
        pretrained: str | None = "ucr",
        architecture: str = "timae-ms",
        random_state: "int | np.random.RandomState | None" = 0,
        device: str = "cpu",
    ) -> None:
        self.preset, self.pretrained, self.architecture = preset, pretrained, architecture
        self.random_state, self.device = random_state, device
        super().__init__()

    def reset(self) -> Any:
        """Forget what was fitted, as sktime's estimators do at the start of fit.

        All but what a pipeline of scikit-learn has hung on its step, and takes off again after the fit.
        """
        hung = vars(self).get(HUNG)
        found = super().reset()  # type: ignore[misc]
        if hung is not None:
            setattr(self, HUNG, hung)
        return found


class TiMAEClassifier(_Face, BaseClassifier):
    """Ti-MAE, a masked autoencoder for time series, as a classifier (arXiv:2301.08871).

    Series are univariate, of any lengths, with or without missing values; they are prepared as in a contest: missing
    values interpolated, unequal lengths resampled to the longest, each series z-normalised. Labels are of any kind.

    Args:
        preset: what it may cost, as in a contest: quick, standard, paper-cpu, paper.
        pretrained: what its encoder starts from: ucr, the one in the package; own, pre-training on the series that
            fit is given; None, random weights; or the path of a file that `python -m timae.pretrain` made.
        architecture: what it is made of: timae-ms is ours, timae the paper's; behind its name, -probe leaves the
            encoder as it is and reads it by a ridge classifier (of the paper's, a support vector machine), which
            takes seconds, and -linear by a linear head that learns by gradient (not the paper's).
            `timae.architectures` has all names. Encoders in files are of timae-ms and its variants.
        random_state: a whole number makes fit give the same every time; None, another thing each time.
        device: cpu, cuda, or auto: cuda where there is one. Fitted, it predicts on the CPU.

    Raises:
        ValueError: in fit: a parameter that does not exist, or an encoder that does not fit the architecture.

    Examples:
        >>> from sktime.datasets import load_unit_test
        >>> from timae import TiMAEClassifier
        >>> X_train, y_train = load_unit_test(split="train", return_X_y=True)
        >>> X_test, y_test = load_unit_test(split="test", return_X_y=True)
        >>> classifier = TiMAEClassifier(architecture="timae-ms-probe").fit(X_train, y_train)
        >>> classifier.predict_proba(X_test).shape
        (22, 2)
    """

    _tags = {**TAGS, "capability:predict_proba": True}  # noqa: RUF012 (sktime's way)

    def __sklearn_tags__(self) -> Tags:
        # sktime has none of its own, and scikit-learn's cross-validation asks
        inputs = InputTags(three_d_array=True, allow_nan=True)
        return Tags("classifier", TargetTags(required=True), classifier_tags=ClassifierTags(), input_tags=inputs)

    def _fit(self, X: list[pd.DataFrame], y: NDArray[Any]) -> "TiMAEClassifier":
        if pd.isna(y).any():
            raise ValueError("y holds NaN; expected a label for each case")
        # fractions may name classes; where most occur once, they are what a regression is to find
        if type_of_target(y) == "continuous" and 2 * len(self.classes_) > len(y):
            raise ValueError(f"y holds {len(self.classes_)} different numbers for {len(y)} cases; expected classes")
        start = _start_of(self, self.architecture)
        self.preparer_, cases = _prepare_train(X, y, start.preparation)
        with _generators_left_alone():
            from timae.fit import fit  # noqa: PLC0415

            classes = len(self.preparer_.classes)
            self.fitted_: Fitted = fit(start.recipe, cases, classes, start.seed, start.session, weights=start.weights)
        return self

    def _predict_proba(self, X: list[pd.DataFrame]) -> NDArray[np.float64]:
        probabilities = self.fitted_.predict_proba(_prepare(self.preparer_, X))
        # the columns of a contest are in the order of numbers, sktime's in that of the labels as they are
        return probabilities[:, [self.preparer_.classes.index(str(label)) for label in self.classes_.tolist()]]

    def _predict(self, X: list[pd.DataFrame]) -> NDArray[Any]:
        predicted: NDArray[Any] = self.classes_[self._predict_proba(X).argmax(axis=1)]
        return predicted

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:  # noqa: ARG003
        """Return small settings, for sktime's own tests."""
        return [
            {"preset": "smoke", "pretrained": None},
            {"preset": "smoke", "pretrained": None, "architecture": "timae-ms-probe"},
        ]


class TiMAEEncoder(_Face, BaseTransformer):
    """Features of series by a frozen Ti-MAE encoder, for any head behind it in a pipeline; labels are not looked at.

    Features of timae-ms and its variants are, at several resolutions, for each layer and channel, the shares of
    tokens above thresholds, which are quantiles of the series that fit is given, and the highest token; of the others,
    the tokens pooled. They are not scaled: put a StandardScaler before a linear head.

    Series are taken and prepared as by TiMAEClassifier, whose parameters these are. An array of two dimensions is
    (case, time).

    Examples:
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from sktime.datasets import load_unit_test
        >>> from timae import TiMAEEncoder
        >>> X_train, y_train = load_unit_test(split="train", return_X_y=True)
        >>> head = make_pipeline(StandardScaler(), LogisticRegression())
        >>> classifier = make_pipeline(TiMAEEncoder(), head).fit(X_train, y_train)
        >>> classifier.predict_proba(X_train).shape
        (20, 2)
    """

    _tags = {  # noqa: RUF012
        **TAGS,
        "scitype:transform-input": "Series",
        "scitype:transform-output": "Primitives",
        "scitype:instancewise": False,
        "y_inner_mtype": "None",
        "fit_is_empty": False,
        "capability:unequal_length:removes": True,
        "capability:missing_values:removes": True,
    }

    def __sklearn_tags__(self) -> Tags:
        inputs = InputTags(three_d_array=True, allow_nan=True)
        return Tags(None, TargetTags(required=False), transformer_tags=TransformerTags(), input_tags=inputs)

    def fit(self, X: Any, y: Any = None) -> "TiMAEEncoder":
        """Fit to series, as sktime's transformers do."""
        fitted: TiMAEEncoder = super().fit(_cases(X), y)
        return fitted

    def transform(self, X: Any, y: Any = None) -> Any:
        """Return a frame of features (case, width) of series, as sktime's transformers do."""
        return super().transform(_cases(X), y)

    def _fit(self, X: list[pd.DataFrame], y: object = None) -> "TiMAEEncoder":  # noqa: ARG002
        start = _start_of(self, self.architecture + PROBE)
        self.preparer_, cases = _prepare_train(X, np.zeros(len(X), int), start.preparation)
        with _generators_left_alone():
            from timae.fit import freeze  # noqa: PLC0415

            self.frozen_: Frozen = freeze(start.recipe, cases, start.seed, start.session, start.weights)
        return self

    def _transform(self, X: list[pd.DataFrame], y: object = None) -> pd.DataFrame:  # noqa: ARG002
        return pd.DataFrame(self.frozen_.features(_prepare(self.preparer_, X)))

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:  # noqa: ARG003
        """Return small settings, for sktime's own tests."""
        return [
            {"preset": "smoke", "pretrained": None},
            {"preset": "smoke", "pretrained": None, "architecture": "timae"},
        ]


class Start(NamedTuple):
    """What the parameters of an estimator mean."""

    recipe: Recipe
    preparation: Preparation
    weights: weights.Weights | None
    seed: int
    session: Session


def _start_of(estimator: Any, architecture: str) -> Start:
    """Check the parameters of an estimator.

    Raises:
        ValueError: one does not exist, or an encoder is not the architecture's.
    """
    how = next((suffix for suffix in READ if architecture.endswith(suffix)), "")
    name = architecture.removesuffix(how)
    for what, given, known in (
        ("preset", estimator.preset, tuple(PRESETS)),
        ("architecture", name, tuple(ARCHITECTURES)),
        ("device", estimator.device, DEVICES),
    ):
        if given not in known:
            more = f", of a classifier also with {PROBE} or {LINEAR} behind it" if what == "architecture" else ""
            raise ValueError(f"{what} is {getattr(estimator, what)!r}, expected one of {', '.join(known)}{more}")
    pretrained = estimator.pretrained
    steps: list[Step] = []
    if pretrained != "own":
        steps.append(untrained if pretrained is None else shared)
    if how == LINEAR and ARCHITECTURES[name].model == "paper":
        raise ValueError(f"architecture is {architecture!r}: only timae-ms and its variants are read by a linear head")
    steps += [READ[how]] if how else []
    price = PRESETS[estimator.preset]
    recipe = ARCHITECTURES[name].recipe(price, steps)
    found = None if pretrained in (None, "own") else weights.read(pretrained)
    if found is not None:
        found.require(recipe.encoder, f"{name}, preset {estimator.preset}")
    random_state = estimator.random_state
    whole = isinstance(random_state, Integral)
    seed = int(random_state) if whole else int(check_random_state(random_state).randint(2**31))
    return Start(recipe, price.preparation, found, seed, Session(device=_device(estimator.device)))


def _device(device: str) -> str:
    if device == "cpu":
        return device
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise ValueError("device is 'cuda', and torch finds none: choose cpu or auto")
    return "cpu"


def _cases(X: Any) -> Any:
    """Take an array of two dimensions for (case, time), as classifiers do, not for one series of several variables."""
    return X[:, np.newaxis] if isinstance(X, np.ndarray) and X.ndim == 2 else X


def _prepare_train(X: Sequence[pd.DataFrame], y: NDArray[Any], preparation: Preparation) -> tuple[Preparer, Prepared]:
    """Learn from train series how to prepare series, as a contest does of a train split, and prepare them."""
    series, ragged = _series(X)
    split = Split(series, np.array([str(label) for label in y.tolist()]))
    info = Info(
        name="",
        type="",
        n_train=len(series),
        n_test=0,
        n_classes=len(set(split.labels.tolist())),
        length=None if ragged else series.shape[1],
        columns=series.shape[1],
        missing=bool(np.isnan(series).any()),
        znormalised=False,
    )
    preparer = ucr.prepare.fit(split, info, preparation)
    return preparer, preparer(split)


def _prepare(preparer: Preparer, X: Sequence[pd.DataFrame]) -> Prepared:
    """Prepare series of which no label is known."""
    series, ragged = _series(X)
    return replace(preparer, unequal=ragged)(Split(series, np.array([preparer.classes[0]] * len(series))))


def _series(X: Sequence[pd.DataFrame]) -> tuple[Floats, bool]:
    """Series (case, time) of frames (time, 1), NaN behind shorter ones; and whether there are such.

    There, NaN means padding: what is missing at a series' own end is filled first.
    """
    rows = [frame.to_numpy(dtype=np.float64)[:, 0] for frame in X]
    if any(np.isinf(row).any() for row in rows):
        raise ValueError("X holds infinite values; expected numbers, and NaN where one is missing")
    longest = max(map(len, rows))
    ragged = any(len(row) < longest for row in rows)
    (series,) = narrow(np.stack([np.pad(row, (0, longest - len(row)), constant_values=np.nan) for row in rows]))
    if ragged:
        for case, row in zip(series, rows, strict=True):
            case[: len(row)] = ucr.prepare.interpolate(case[: len(row)])
    return series, ragged


@contextmanager
def _generators_left_alone() -> Iterator[None]:
    """Let training seed the global generators, and put them back: a caller's own chance is none of our business."""
    import torch  # noqa: PLC0415

    before, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(before)
        np.random.set_state(numpys)  # noqa: NPY002
