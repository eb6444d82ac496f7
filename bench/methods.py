"""Who competes: every method is one entry of METHODS, every price is one entry of PRESETS.

A method is a configuration and a function that fits it. fit is given a prepared train split and nothing else,
so that it cannot look at the test labels. Heavy libraries are imported when a method is fitted.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from timae.config import DecoderConfig, EncoderConfig, Probing, Recipe, Ridge, Training, Transformer
from timae.session import Session
from ucr.prepare import Preparation, Prepared


class Predictor(Protocol):
    """A fitted method."""

    @property
    def seconds(self) -> dict[str, float]:
        """What fitting cost, by phase: pretrain, finetune; a baseline has only finetune."""

    @property
    def n_parameters(self) -> dict[str, int]:
        """Trainable numbers: encoder and total; empty where there is no such count."""

    @property
    def losses(self) -> dict[str, list[float]]:
        """Training loss by phase, one a step."""

    @property
    def details(self) -> dict[str, Any]:
        """What followed from the train split: the patch size, say."""

    def predict_proba(self, cases: Prepared) -> NDArray[np.float64]:
        """Class probabilities (case, class) of prepared series; must not look at their labels."""


@dataclass(frozen=True)
class Baseline:
    """A classifier of sktime, in its default settings but for the options given here."""

    estimator: str
    options: dict[str, Any] = field(default_factory=dict)


Config = Recipe | Baseline


@dataclass(frozen=True)
class Method:
    """A contestant: what it is, how data are prepared for it, and how it learns."""

    name: str
    config: Config
    preparation: Preparation
    fit: Callable[..., Predictor]
    """(config, train cases, n_classes, seed, session) → Predictor; without a session on the CPU, leaving no files."""

    def describe(self) -> dict[str, Any]:
        """Everything that decides what this method does, as plain JSON values."""
        described = {"method": self.name, "config": asdict(self.config), "preparation": asdict(self.preparation)}
        plain: dict[str, Any] = json.loads(json.dumps(described))  # tuples become lists, as in a file
        return plain


@dataclass(frozen=True)
class Preset:
    """How much a contest may cost: one recipe for all data sets."""

    summary: str
    recipe: Recipe
    probe: Probing | Ridge = field(default_factory=Probing)
    """What a frozen encoder is read with; a ridge classifier needs an encoder of values and differences."""
    preparation: Preparation = field(default_factory=Preparation)
    dtw_max_length: int | None = None
    """1-NN DTW sees longer series sub-sampled to this many time points: its price grows with the square."""


MULTISCALE = EncoderConfig(
    input_dim=2,
    block=Transformer(intermediate_dim=128),
    patch_size=2,
    kernel_size=8,
    positions="rotary",
)
"""Values and differences, a token every second time point; series are stretched to a few lengths."""

PRESETS = {
    "smoke": Preset(
        "seconds a run, for tests: too little training to mean anything",
        Recipe(
            EncoderConfig(emb_size=16, num_layers=1, block=Transformer(num_heads=2, intermediate_dim=32)),
            DecoderConfig(emb_size=8, num_layers=1, block=Transformer(num_heads=2, intermediate_dim=16)),
            pretraining=Training(steps=20, batch_size=16),
            head=Training(steps=20, batch_size=16),
            max_tokens=16,
        ),
        dtw_max_length=32,
    ),
    "quick": Preset(
        "about 20 core-seconds a run",
        Recipe(
            MULTISCALE,
            DecoderConfig(num_layers=1),
            pretraining=Training(steps=300, batch_size=256, crop=0.25, resolutions=(32, 64, 128, 256), clip=1.0),
            head=Training(steps=400, batch_size=32, crop=0.7, label_smoothing=0.1, clip=1.0),
            companion=Ridge(),
            resolutions=(128, 32),
            mask_span=4,
        ),
        Ridge(),
        dtw_max_length=256,
    ),
    "paper": Preset(
        "the paper's settings, for a GPU: point tokens up to 1024, 30 maskings of a batch a step",
        Recipe(
            EncoderConfig(block=Transformer(dropout=0.1, attention_dropout=0.1)),
            DecoderConfig(block=Transformer(intermediate_dim=128, dropout=0.1, attention_dropout=0.1)),
            pretraining=Training(steps=2000, batch_size=64, maskings=30),
            head=Training(steps=2000, batch_size=64),
        ),
        preparation=Preparation(max_length=1024),
    ),
}


def _fit_timae(config: Recipe, train: Prepared, n_classes: int, seed: int, session: Session | None = None) -> Predictor:
    from timae.fit import fit  # noqa: PLC0415

    return fit(config, train, n_classes, seed, session)


def _fit_baseline(config: Baseline, train: Prepared, n_classes: int, seed: int, *_: object) -> Predictor:
    from bench.baselines import fit  # noqa: PLC0415

    return fit(config.estimator, config.options, train, n_classes, seed)


def _timae(**changes: Any) -> Callable[[str, Preset], Method]:
    """Ti-MAE by the preset's recipe, but for some of its values."""

    def configure(name: str, preset: Preset) -> Method:
        return Method(name, replace(preset.recipe, **changes), preset.preparation, _fit_timae)

    return configure


def _probe(**changes: Any) -> Callable[[str, Preset], Method]:
    """A frozen encoder and the preset's way to read it."""

    def configure(name: str, preset: Preset) -> Method:
        recipe = replace(preset.recipe, head=preset.probe, companion=None, **changes)
        return Method(name, recipe, preset.preparation, _fit_timae)

    return configure


def _sktime(estimator: str, **options: Any) -> Callable[[str, Preset], Method]:
    def configure(name: str, preset: Preset) -> Method:
        return Method(name, Baseline(estimator, options), preset.preparation, _fit_baseline)

    return configure


def _one_nn_dtw(name: str, preset: Preset) -> Method:
    lengths = [n for n in (preset.preparation.max_length, preset.dtw_max_length) if n is not None]
    preparation = replace(preset.preparation, max_length=min(lengths, default=None))
    return Method(name, Baseline("1nn-dtw"), preparation, _fit_baseline)


METHODS: dict[str, Callable[[str, Preset], Method]] = {
    "timae": _timae(),
    "timae-scratch": _timae(pretraining=None),
    "timae-probe": _probe(),
    "timae-random-probe": _probe(pretraining=None),
    "1nn-dtw": _one_nn_dtw,
    "minirocket": _sktime("minirocket"),
}
"""name → what makes the method under a preset. A new variant is one line here."""

DEFAULT_METHODS = ("timae", "timae-scratch", "timae-probe", "1nn-dtw", "minirocket")


def get_method(name: str, preset: str) -> Method:
    """Return a method as a preset configures it; both names must be known."""
    return METHODS[name](name, PRESETS[preset])
