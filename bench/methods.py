"""Who competes: every method is one entry of METHODS, every price is one entry of PRESETS.

A method is a configuration and a function that fits it. fit is given a prepared train split and, where it is
pre-trained on more, series without labels: it cannot look at the test labels. Heavy libraries are imported when a
method is fitted.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from timae.config import DecoderConfig, EncoderConfig, Mamba, Probing, Recipe, Ridge, Training, Transformer
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

Source = Literal["train", "test", "archive", "others"]
"""Whose series a method is pre-trained on: the data set's own train split; its test split (transductive); the train
splits of all data sets of the contest; those of all others."""
SHARED: tuple[Source, ...] = ("archive", "others")
"""The sources that are many data sets in one body."""


@dataclass(frozen=True)
class Method:
    """A contestant: what it is, how data are prepared for it, and how it learns."""

    name: str
    config: Config
    preparation: Preparation
    fit: Callable[..., Predictor]
    """(config, train cases, n_classes, seed, session) → Predictor; without a session on the CPU, leaving no files."""
    pretrained_on: Source = "train"
    """Whose series, without labels, come in before the labels do."""

    def describe(self) -> dict[str, Any]:
        """Everything that decides what this method does, as plain JSON values."""
        described = {
            "method": self.name,
            "config": asdict(self.config),
            "preparation": asdict(self.preparation),
            "pretrained_on": self.pretrained_on,
        }
        plain: dict[str, Any] = json.loads(json.dumps(described))  # tuples become lists, as in a file
        return plain


@dataclass(frozen=True)
class Preset:
    """How much a contest may cost: one recipe for all data sets."""

    summary: str
    recipe: Recipe
    probe: Probing | Ridge = field(default_factory=Probing)
    """What a frozen encoder is read with."""
    archive_steps: int = 2000
    """Of the pre-training that all data sets of a contest share."""
    preparation: Preparation = field(default_factory=Preparation)
    dtw_max_length: int | None = None
    """1-NN DTW sees longer series sub-sampled to this many time points: its price grows with the square."""
    reference: Mapping[str, tuple[float, float | None]] = field(default_factory=dict)
    """Method → accuracy and macro F1 (None: not published) that the unofficial implementation reports."""


README_ENCODER = Transformer(out_proj=False)
"""What gives the encoder of the unofficial implementation its 91,712 parameters (with a CLS token)."""

MULTISCALE = EncoderConfig(
    input_dim=2,
    block=Transformer(intermediate_dim=128),
    patch_size=2,
    kernel_size=8,
    positions="rotary",
)
"""Values and differences, a token every second time point; series are stretched to a few lengths."""

QUICK_PRETRAINING = Training(steps=200, batch_size=256, lr=2e-3, crop=0.25, resolutions=(32, 64, 128, 256), clip=1.0)
QUICK_HEAD = Training(steps=300, batch_size=32, crop=0.7, label_smoothing=0.1, clip=1.0)
QUICK = Recipe(
    MULTISCALE,
    DecoderConfig(num_layers=1),
    pretraining=QUICK_PRETRAINING,
    head=QUICK_HEAD,
    companion=Ridge(),
    resolutions=(128, 32),
    mask_ratio=0.5,
    mask_span=4,
    pooling="mean+max+share",
)
"""Chosen by cross-validation inside the train splits of 22 data sets: ACSF1, AllGestureWiimoteY, Car, CricketZ,
DistalPhalanxTW, ECG200, EOGHorizontalSignal, FacesUCR, FiftyWords, Fish, GesturePebbleZ1, GunPoint, Ham,
LargeKitchenAppliances, Lightning7, Meat, MedicalImages, OSULeaf, RefrigerationDevices, SwedishLeaf, ToeSegmentation1,
Worms. To hide less than the paper's three quarters serves a frozen encoder better there: mean accuracy .864 at .75,
.867 at .5 and at .35, .856 untrained."""

PRESETS = {
    "smoke": Preset(
        "seconds a run, for tests: quick's recipe with too little training to mean anything",
        Recipe(
            replace(MULTISCALE, emb_size=16, num_layers=1, block=Transformer(num_heads=2, intermediate_dim=32)),
            DecoderConfig(emb_size=8, num_layers=1, block=Transformer(num_heads=2, intermediate_dim=16)),
            pretraining=Training(steps=20, batch_size=16, crop=0.25, resolutions=(16, 32)),
            head=Training(steps=20, batch_size=16, crop=0.7),
            companion=Ridge(n_thresholds=2, longest=64),
            resolutions=(32,),
            mask_ratio=0.5,
            mask_span=2,
            pooling="mean+max+share",
        ),
        Ridge(n_thresholds=2, longest=64),
        archive_steps=40,
        dtw_max_length=32,
    ),
    "quick": Preset(
        "about 20 core-seconds a run; on 77 data sets of the archive (one seed, two runs at a time on two cores) "
        "timae-archive reaches a mean accuracy of .8649 in 15 core-seconds (median), timae-archive-probe .8577 in 2, "
        "beside a pre-training of 7 core-minutes that all share: "
        "python -m bench run --datasets here --methods timae-archive,timae-archive-probe --preset quick",
        QUICK,
        Ridge(),
        archive_steps=5000,
        dtw_max_length=256,
    ),
    "standard": Preset(
        "quick's recipe with over three times the steps, about one core-minute a run; on the same 77 timae-archive "
        "reaches .8699 in 43 core-seconds (median; timae-scratch .8652), timae-archive-probe .8564 in 2 (three seeds), "
        "beside a pre-training of 14 core-minutes that all share: "
        "python -m bench run --datasets here --methods timae-archive,timae-archive-probe --preset standard",
        replace(
            QUICK,
            pretraining=replace(QUICK_PRETRAINING, steps=1000),
            head=replace(QUICK_HEAD, steps=1000),
        ),
        Ridge(),
        archive_steps=10000,
        dtw_max_length=256,
    ),
    "paper": Preset(
        "the paper's settings, for a GPU: point tokens up to 1024, 30 maskings of a batch a step; not measured on the "
        "77 for want of a GPU, on CPUs timae, timae-probe and timae-scratch are predicted to take 1,000 core-hours: "
        "python -m bench run --datasets here --methods timae,timae-probe,timae-random-probe --preset paper",
        Recipe(
            EncoderConfig(block=Transformer(dropout=0.1, attention_dropout=0.1)),
            DecoderConfig(block=Transformer(intermediate_dim=128, dropout=0.1, attention_dropout=0.1)),
            pretraining=Training(steps=2000, batch_size=64, maskings=30, accelerated=True),
            head=Training(steps=2000, batch_size=64, accelerated=True),
        ),
        preparation=Preparation(max_length=1024),
    ),
    "ecg5000": Preset(
        "many seeds on one data set; encoders as large as the unofficial implementation's, with three points a token",
        Recipe(
            # a window as wide as the patch: three points a token, and no weight more than with points and kernel 3
            EncoderConfig(block=README_ENCODER, patch_size=3, kernel_size=3),
            DecoderConfig(block=replace(README_ENCODER, intermediate_dim=128)),
            pretraining=Training(steps=400, batch_size=64),
            head=Training(steps=300, batch_size=64, crop=0.9, balanced=True),
            companion=Ridge(shortest=256),
        ),
        Ridge(shortest=256),
        reference={
            "timae-cls": (0.9376, None),
            "timae": (0.9416, None),
            "timae-mamba": (0.9358, 0.611),
            "timae-mamba-large-cls": (0.9271, 0.641),
            "timae-mamba-large": (0.9298, 0.621),
        },
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
    Positions are added to the tokens, for there are no queries and keys to turn.
    """
    encoder = replace(recipe.encoder, block=Mamba(), num_layers=1, cls_embed=True, positions="sincos")
    return replace(recipe, encoder=encoder, decoder=replace(recipe.decoder, block=Mamba(), num_layers=1))


def _large(recipe: Recipe) -> Recipe:
    """Eight times as wide, and an eighth of the steps: each costs that many times as much and more."""
    encoder = replace(recipe.encoder, emb_size=512)
    return replace(recipe, encoder=encoder, pretraining=_eighth(recipe.pretraining), head=_eighth(recipe.head))


def _eighth(training: Any) -> Any:
    return replace(training, steps=-(-training.steps // 8)) if isinstance(training, Training) else training


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


def _frozen(recipe: Recipe, preset: Preset) -> Recipe:
    return replace(recipe, head=preset.probe, companion=None)


def _untrained(recipe: Recipe, _: Preset) -> Recipe:
    """Without pre-training, and with nothing in the recipe that only pre-training reads: results need not know it."""
    return replace(
        recipe,
        pretraining=None,
        decoder=DecoderConfig(),
        mask_ratio=Recipe.mask_ratio,
        mask_span=Recipe.mask_span,
    )


def _shared(recipe: Recipe, preset: Preset) -> Recipe:
    """More steps, of which an architecture gets the share that it gets of the preset's own."""
    own, preset_own = recipe.pretraining, preset.recipe.pretraining
    assert own is not None
    assert preset_own is not None
    return replace(recipe, pretraining=replace(own, steps=preset.archive_steps * own.steps // preset_own.steps))


Change = Callable[[Recipe, Preset], Recipe]

ARMS: dict[str, tuple[Source, tuple[Change, ...]]] = {
    "": ("train", ()),
    "-scratch": ("train", (_untrained,)),
    "-probe": ("train", (_frozen,)),
    "-random-probe": ("train", (_untrained, _frozen)),
    "-archive": ("archive", (_shared,)),
    "-archive-probe": ("archive", (_shared, _frozen)),
    "-archive-others": ("others", (_shared,)),
    "-archive-others-probe": ("others", (_shared, _frozen)),
    "-transductive": ("test", ()),
}
"""What comes after an architecture's name → what it is pre-trained on, and how it is trained: all its weights are
pre-trained and fine-tuned unless changes say otherwise."""


def excluding_self(method: str) -> str:
    """Return the method that is pre-trained on the archive without the data set it is tested on, by its name."""
    return re.sub("-archive(?!-others)", "-archive-others", method)


def _timae(architecture: str, arm: str) -> Callable[[str, Preset], Method]:
    def configure(name: str, preset: Preset) -> Method:
        source, changes = ARMS[arm]
        recipe = ARCHITECTURES[architecture](preset.recipe)
        for change in changes:
            recipe = change(recipe, preset)
        return Method(name, recipe, preset.preparation, _fit_timae, source)

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
    **{f"{name}{arm}": _timae(name, arm) for name in ARCHITECTURES for arm in ARMS},
    "1nn-dtw": _one_nn_dtw,
    "minirocket": _sktime("minirocket", sharpness=Ridge.sharpness),
}
"""name → what makes the method under a preset. A new variant is one line here, or one in the tables above."""

DEFAULT_METHODS = ("timae", "timae-scratch", "timae-probe", "1nn-dtw", "minirocket")


@dataclass(frozen=True)
class Suite:
    """A contest that has a name of its own: what the options of the same names would say."""

    datasets: str
    methods: str
    resamples: int
    preset: str
    same_split: bool = False


SUITES = {
    "ecg5000": Suite(
        "ECG5000",
        "timae-cls,timae,timae-mamba,timae-mamba-large-cls,timae-mamba-large,timae-cross,timae-probe,"
        "timae-cls-scratch,timae-scratch,timae-mamba-scratch,timae-cls-transductive,timae-transductive,"
        "timae-mamba-transductive,timae-mamba-large-cls-transductive,timae-mamba-large-transductive",
        resamples=5,
        preset="ecg5000",
        same_split=True,
    )
}
"""The result table of the unofficial implementation, honest and transductive (pre-trained on TEST), five seeds."""


def get_method(name: str, preset: str) -> Method:
    """Return a method as a preset configures it; both names must be known."""
    return METHODS[name](name, PRESETS[preset])
