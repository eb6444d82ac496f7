"""What a contest may cost: every price is one entry of PRESETS, one recipe for all data sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from timae.config import DecoderConfig, EncoderConfig, Probing, Recipe, Ridge, Training, Transformer
from ucr.prepare import Preparation


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
