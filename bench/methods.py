"""Who competes: every method is one entry of METHODS, every price is one entry of PRESETS.

A method is a configuration and a function that fits it. fit is given a prepared train split and nothing else,
so that it cannot look at the test labels. Heavy libraries are imported when a method is fitted.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from timae.config import DecoderConfig, EncoderConfig, Mamba, Probing, Recipe, Training, Transformer
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
    def reconstruction(self) -> dict[str, NDArray[Any]]:
        """What pre-training makes of hidden values of a few train series: series, masked, prediction (case, time)."""

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
    same_split: bool = False
    """Every resample is the archive's own split; only the seed differs."""
    transductive: bool = False
    """Pre-trained on the test series, without labels, instead of the train series: fit gets them as `unlabelled`."""

    def describe(self) -> dict[str, Any]:
        """Everything that decides what this method does, as plain JSON values."""
        return {
            "method": self.name,
            "config": asdict(self.config),
            "preparation": asdict(self.preparation),
            "same_split": self.same_split,
            "transductive": self.transductive,
        }


@dataclass(frozen=True)
class Preset:
    """How much a contest may cost: one recipe for all data sets."""

    summary: str
    recipe: Recipe
    preparation: Preparation = field(default_factory=Preparation)
    dtw_max_length: int | None = None
    """1-NN DTW sees longer series sub-sampled to this many time points: its price grows with the square."""
    same_split: bool = False
    """Resamples are seeds on the archive's own split."""


README_ENCODER = Transformer(out_proj=False)
"""What gives the encoder of the unofficial implementation its 91,712 parameters (with a CLS token)."""

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
            EncoderConfig(),
            DecoderConfig(),
            pretraining=Training(steps=300, batch_size=64),
            head=Training(steps=400, batch_size=32, crop=0.7),
            max_tokens=96,
        ),
        dtw_max_length=256,
    ),
    "paper": Preset(
        "the paper's settings, for a GPU: point tokens up to 1024, 30 maskings of a batch a step",
        Recipe(
            EncoderConfig(block=Transformer(dropout=0.1, attention_dropout=0.1)),
            DecoderConfig(block=Transformer(intermediate_dim=128, dropout=0.1, attention_dropout=0.1)),
            pretraining=Training(steps=2000, batch_size=64, maskings=30, accelerated=True),
            head=Training(steps=2000, batch_size=64, accelerated=True),
        ),
        Preparation(max_length=1024),
    ),
    "ecg5000": Preset(
        "five seeds on the split of one data set; encoders of the sizes that the unofficial implementation reports",
        Recipe(
            EncoderConfig(block=README_ENCODER),
            DecoderConfig(block=replace(README_ENCODER, intermediate_dim=128)),
            pretraining=Training(steps=1000, batch_size=64),
            head=Training(steps=400, batch_size=64, crop=0.9, balanced=True),
        ),
        same_split=True,
    ),
}


def _fit_timae(
    config: Recipe, train: Prepared, n_classes: int, seed: int, session: Session | None = None, **more: Any
) -> Predictor:
    from timae.fit import fit  # noqa: PLC0415

    return fit(config, train, n_classes, seed, session, **more)


def _fit_baseline(config: Baseline, train: Prepared, n_classes: int, seed: int, *_: object) -> Predictor:
    from bench.baselines import fit  # noqa: PLC0415

    return fit(config.estimator, config.options, train, n_classes, seed)


def _cls(recipe: Recipe) -> Recipe:
    return replace(recipe, encoder=replace(recipe.encoder, cls_embed=True), pooling="cls")


def _mamba(recipe: Recipe) -> Recipe:
    """One Mamba-2 block in place of all transformer blocks, in the encoder and in the decoder.

    Always with a CLS token: through it alone a causal decoder gets at what is visible after the token it predicts.
    """
    encoder = replace(recipe.encoder, block=Mamba(), num_layers=1, cls_embed=True)
    return replace(recipe, encoder=encoder, decoder=replace(recipe.decoder, block=Mamba(), num_layers=1))


def _large(recipe: Recipe) -> Recipe:
    return replace(recipe, encoder=replace(recipe.encoder, emb_size=512))


def _cross(recipe: Recipe) -> Recipe:
    return replace(recipe, decoder=replace(recipe.decoder, kind="cross", predicted_ratio=1 / 3))


ARCHITECTURES: dict[str, Callable[[Recipe], Recipe]] = {
    "timae": lambda recipe: recipe,
    "timae-cls": _cls,
    "timae-max": lambda recipe: replace(recipe, pooling="max"),
    "timae-mamba": _mamba,
    "timae-mamba-cls": lambda recipe: _mamba(_cls(recipe)),
    "timae-mamba-large": lambda recipe: _large(_mamba(recipe)),
    "timae-mamba-large-cls": lambda recipe: _large(_mamba(_cls(recipe))),
    "timae-cross": _cross,
}
"""name → how a preset's recipe, a transformer with mean pooling, becomes this one."""

ARMS: dict[str, Callable[[Recipe], Recipe]] = {
    "": lambda recipe: recipe,
    "-scratch": lambda recipe: replace(recipe, pretraining=None),
    "-probe": lambda recipe: replace(recipe, head=Probing()),
    "-transductive": lambda recipe: recipe,
}
"""What comes after an architecture's name → how it is trained: pre-trained and fine-tuned unless it says otherwise."""


def _timae(architecture: str, arm: str) -> Callable[[str, Preset], Method]:
    def configure(name: str, preset: Preset) -> Method:
        recipe = ARMS[arm](ARCHITECTURES[architecture](preset.recipe))
        transductive = arm == "-transductive"
        return Method(name, recipe, preset.preparation, _fit_timae, preset.same_split, transductive)

    return configure


def _sktime(estimator: str, **options: Any) -> Callable[[str, Preset], Method]:
    def configure(name: str, preset: Preset) -> Method:
        return Method(name, Baseline(estimator, options), preset.preparation, _fit_baseline, preset.same_split)

    return configure


def _one_nn_dtw(name: str, preset: Preset) -> Method:
    lengths = [n for n in (preset.preparation.max_length, preset.dtw_max_length) if n is not None]
    preparation = replace(preset.preparation, max_length=min(lengths, default=None))
    return Method(name, Baseline("1nn-dtw"), preparation, _fit_baseline, preset.same_split)


METHODS: dict[str, Callable[[str, Preset], Method]] = {
    **{f"{name}{arm}": _timae(name, arm) for name in ARCHITECTURES for arm in ARMS},
    "1nn-dtw": _one_nn_dtw,
    "minirocket": _sktime("minirocket"),
}
"""name → what makes the method under a preset. A new variant is one line here, or one in the tables above."""

DEFAULT_METHODS = ("timae", "timae-scratch", "timae-probe", "1nn-dtw", "minirocket")


@dataclass(frozen=True)
class Suite:
    """A contest that has a name of its own: what --datasets, --methods, --resamples and --preset would say."""

    datasets: str
    methods: str
    resamples: int
    preset: str


SUITES = {
    "ecg5000": Suite(
        "ECG5000",
        "timae-cls,timae,timae-mamba,timae-mamba-large-cls,timae-mamba-large,timae-cross,timae-probe,"
        "timae-cls-scratch,timae-scratch,timae-mamba-scratch,timae-cls-transductive,timae-transductive,"
        "timae-mamba-transductive,timae-mamba-large-cls-transductive,timae-mamba-large-transductive",
        resamples=5,
        preset="ecg5000",
    )
}
"""The result table of the unofficial implementation, honest and transductive (pre-trained on TEST), five seeds."""


def get_method(name: str, preset: str) -> Method:
    """Return a method as a preset configures it; both names must be known."""
    return METHODS[name](name, PRESETS[preset])
