"""The one place where an architecture and its training are described: frozen values, no code of models.

Nothing here imports torch, so that a benchmark can plan and compare configurations at once.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

Pooling = Literal["cls", "mean", "max", "mean+max", "mean+max+share"]
"""share, the share of tokens above a learnt threshold, is for classifiers of several resolutions alone."""
Positions = Literal["sincos", "rotary", "none"]
POOLINGS = ("cls", "mean", "max", "mean+max")
ACTIVATIONS = ("gelu", "relu", "silu")

WIDTH = 256
"""Time points that the encoder of a ridge classifier is shown at once, at most."""
ARCHIVE_LENGTH = 1024
"""Time points of every series in a pre-training on many data sets: the finest that an encoder is shown."""


@dataclass(frozen=True)
class Transformer:
    """Pre-norm transformer blocks (arXiv:2002.04745)."""

    kind: Literal["transformer"] = "transformer"
    num_heads: int = 4
    intermediate_dim: int = 256
    out_proj: bool = True
    """An output projection after attention, as in Vaswani et al.; README-compatible encoders have none."""
    qkv_bias: bool = False
    dropout: float = 0.0
    """After the MLP. On a CPU any dropout costs more than the block it regularises, hence the default."""
    attention_dropout: float = 0.0
    layer_norm_eps: float = 1e-5
    activation: Literal["gelu", "relu", "silu"] = "gelu"

    def check(self, width: int) -> None:
        """Raise ValueError if blocks of this width cannot be built."""
        if self.num_heads < 1 or width % self.num_heads:
            raise ValueError(f"num_heads must divide the width: got num_heads {self.num_heads}, width {width}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {self.activation!r}")
        if self.intermediate_dim < 1:
            raise ValueError(f"intermediate_dim must be at least 1, got {self.intermediate_dim}")
        for name in ("dropout", "attention_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")


@dataclass(frozen=True)
class Mamba:
    """Pre-norm Mamba-2 blocks (arXiv:2405.21060); a state-space head is ssm_state_size // num_heads wide."""

    kind: Literal["mamba"] = "mamba"
    num_heads: int = 8
    ssm_state_size: int = 64
    expand_factor: int = 2
    conv_size: int = 4
    """Width of the causal convolution, in tokens."""
    bias: bool = False
    conv_bias: bool = True
    layer_norm_eps: float = 1e-5

    @property
    def headdim(self) -> int:
        """Width of one state-space head."""
        return self.ssm_state_size // self.num_heads

    def check(self, width: int) -> None:
        """Raise ValueError if blocks of this width cannot be built."""
        if self.num_heads < 1 or self.ssm_state_size < 1 or self.ssm_state_size % self.num_heads:
            raise ValueError(
                f"num_heads must divide ssm_state_size: got num_heads {self.num_heads}, "
                f"ssm_state_size {self.ssm_state_size}"
            )
        if self.conv_size < 1 or self.expand_factor < 1:
            raise ValueError(
                f"conv_size and expand_factor must be at least 1, got {self.conv_size} and {self.expand_factor}"
            )
        if self.expand_factor * width % self.headdim:
            raise ValueError(
                f"ssm_state_size / num_heads must divide expand_factor × width: "
                f"got {self.headdim} and {self.expand_factor * width}"
            )


Block = Transformer | Mamba


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of an encoder.

    Raises:
        ValueError: widths that do not divide, sizes below 1.
    """

    input_dim: int = 1
    """Channels of a series: 1 throughout the UCR archive."""
    emb_size: int = 64
    num_layers: int = 2
    block: Block = field(default_factory=Transformer)
    patch_size: int = 1
    """Time steps a token; 1 is the paper's token."""
    kernel_size: int | None = None
    """Time steps that the embedding of a token sees, its patch in their middle; None: one more to each side."""
    cls_embed: bool = False
    positions: Positions = "sincos"
    """sincos: added to the tokens; rotary: queries and keys are turned, so that attention sees distances."""
    differences: bool = False
    """Whether the embedding sees, beside the values, the steps between neighbours that are both visible."""

    def __post_init__(self) -> None:
        for name in ("input_dim", "emb_size", "num_layers", "patch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.window < self.patch_size:
            raise ValueError(f"kernel_size must cover a patch: got {self.window}, patch_size {self.patch_size}")
        self.block.check(self.emb_size)
        if self.positions == "rotary":
            if not isinstance(self.block, Transformer):
                raise ValueError(f"rotary positions need a transformer block, got {self.block.kind!r}")
            if self.emb_size // self.block.num_heads % 2:
                raise ValueError(
                    f"rotary positions need heads of even width, got {self.emb_size // self.block.num_heads}"
                )

    @property
    def channels(self) -> int:
        """Channels that the embedding sees."""
        return self.input_dim * (1 + self.differences)

    @property
    def window(self) -> int:
        """Time steps that the embedding of a token sees."""
        return self.patch_size + 2 if self.kernel_size is None else self.kernel_size


@dataclass(frozen=True)
class DecoderConfig:
    """The shape of a decoder.

    Raises:
        ValueError: widths that do not divide, sizes below 1, cross without a transformer block, a ratio
            outside (0, 1].
    """

    kind: Literal["self", "cross"] = "self"
    """self: blocks over all tokens (Ti-MAE); cross: each hidden token asks the encoder alone (CrossMAE)."""
    emb_size: int = 32
    num_layers: int = 2
    block: Block = field(default_factory=lambda: Transformer(intermediate_dim=128))
    predicted_ratio: float = 1.0
    """Share of the hidden tokens that cross predicts in a training step."""

    def __post_init__(self) -> None:
        for name in ("emb_size", "num_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} of the decoder must be at least 1, got {getattr(self, name)}")
        self.block.check(self.emb_size)
        if self.kind == "cross" and not isinstance(self.block, Transformer):
            raise ValueError(f"a cross decoder needs a transformer block, got {self.block.kind!r}")
        if not 0 < self.predicted_ratio <= 1:
            raise ValueError(f"predicted_ratio must lie in (0, 1], got {self.predicted_ratio}")


@dataclass(frozen=True)
class Budget:
    """Optimizer steps and how they are taken: AdamW, one cycle of the learning rate.

    A batch never holds a case twice, so a train split smaller than batch_size makes smaller batches.

    Raises:
        ValueError: a number below 1 where things are counted, a crop outside (0, 1].
    """

    steps: int
    batch_size: int = 64
    lr: float = 1e-3
    """The highest learning rate of the cycle."""
    weight_decay: float = 0.01
    crop: float = 1.0
    """A case is cropped to a random share of its length, at least this, and stretched back."""
    clip: float | None = None
    """Gradients are shortened to this norm."""
    accelerated: bool = False
    """On a GPU: bfloat16 where that is safe, steps compiled and captured as CUDA graphs. Nothing on a CPU."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop must lie in (0, 1], got {self.crop}")


@dataclass(frozen=True)
class Pretraining(Budget):
    """To predict what is hidden, without labels (arXiv:2301.08871, Section 3).

    Raises:
        ValueError: as a budget does, a mask_ratio outside (0, 1), no masking or span, a negative number of
            synthetic series, or such series without resolutions.
    """

    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    mask_ratio: float = 0.75
    mask_span: int = 1
    """Neighbouring tokens that are hidden together, but at most an eighth of a series."""
    maskings: int = 1
    """Random maskings of a batch in one step (the paper's sampling time)."""
    resolutions: tuple[int, ...] = ()
    """Every step draws one of them and stretches its crops to it. Empty: series as they are."""
    synthetic: int = 0
    """So many synthetic series beside those of the data."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.mask_ratio < 1:
            raise ValueError(f"mask_ratio must lie between 0 and 1, got {self.mask_ratio}")
        if self.synthetic < 0:
            raise ValueError(f"synthetic must not be negative, got {self.synthetic}")
        if self.synthetic and not self.resolutions:
            raise ValueError("synthetic series need resolutions, to which all series are stretched")
        for name in ("maskings", "mask_span"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def batch_size_at(self, resolution: int) -> int:
        """Cases of a batch at one of the resolutions: all at the two coarsest, fewer at finer ones, at equal cost."""
        return min(max(self.batch_size * 2 * min(self.resolutions) // resolution, 1), self.batch_size)


@dataclass(frozen=True)
class Finetuning(Budget):
    """All weights and a linear head learn the labels, by cross-entropy."""

    label_smoothing: float = 0.0
    balanced: bool = False
    """A class weighs one over its number of cases, held to 0.1…10 of the average."""


@dataclass(frozen=True)
class Svm:
    """Frozen encoder, support vector machine on its pooled features (arXiv:1901.10738, Section 5.1)."""

    max_cases: int = 10_000
    """The machine is trained on at most so many cases."""
    poolings: tuple[Pooling, ...] = ()
    """Tried in place of the recipe's own; cross-validation chooses."""
    positions: tuple[Positions, ...] = ()
    """Of the frozen encoder, tried in place of its own: without them it may tell shapes better (arXiv:2301.08871)."""


class View(NamedTuple):
    """A resolution. All parts of a series at it have the same length, n_timepoints / (phases · windows)."""

    n_timepoints: int
    phases: int
    """The series is dealt out to so many parts, point by point: what is one step in a part is so many in it."""
    windows: int
    """The series is cut into so many parts."""


@dataclass(frozen=True)
class Ridge:
    """Frozen encoder, ridge classifier on the shares of its tokens above thresholds, at several resolutions.

    Three crops beside each train case are worth .007, and .4 s at 200 cases (docs/research.md,
    on what a frozen encoder's classifier lacks).
    """

    n_thresholds: int = 6
    """Of each channel of each layer: quantiles of the train split."""
    shortest: int = 16
    """The coarsest resolution, in time points."""
    longest: int = 1024
    """The finest one; no finer than the series need."""
    crops: int = 0
    """Beside each train case, so many random crops of it, stretched back; fewer where max_rows says so."""
    crop: float = 0.8
    """Each is at least this share of the case."""
    max_rows: int = 1600
    """Train cases and crops together; of this many cases on there are no crops."""

    def copies(self, n_cases: int) -> int:
        """How often each of n_cases train cases is read: as it is, and as crops."""
        return max(min(1 + self.crops, self.max_rows // n_cases), 1)

    def views(self, n_timepoints: int) -> tuple[View, ...]:
        """Views of series of n_timepoints, coarse to fine, each twice as fine as the one before.

        Coarse ones hold WIDTH points in phases that are shortest points long or longer: the encoder's window, a
        fixed number of steps, then spans much of the series. So do the dilations of ROCKET's kernels
        (arXiv:1910.13051, Section 3.1). Fine ones are cut into windows of WIDTH, until the series' own
        resolution or longest is reached.
        """
        finest = min(max(1 << (n_timepoints - 1).bit_length(), WIDTH), self.longest)
        views = []
        points = self.shortest
        while points <= finest:
            views.append(View(max(points, WIDTH), max(WIDTH // points, 1), max(points // WIDTH, 1)))
            points *= 2
        return tuple(views)


@dataclass(frozen=True)
class Linear(Ridge):
    """The same features, and a linear head that learns by gradient.

    As good as the ridge classifier, for 4 s at 200 cases in place of .4 (docs/research.md,
    on what a frozen encoder's classifier lacks).
    """

    head: Finetuning = Finetuning(1000, weight_decay=0.1, label_smoothing=0.1)


@dataclass(frozen=True)
class Recipe:
    """A Ti-MAE from pre-training to prediction; what depends on the data follows from the train split.

    Raises:
        ValueError: labels come in by fine-tuning and by a probe, or by neither.
    """

    encoder: EncoderConfig
    pretraining: Pretraining | None
    """None: the encoder starts with random weights."""
    finetuning: Finetuning | None = None
    probe: Svm | Ridge | None = None
    """In place of fine-tuning: what reads the frozen encoder."""
    resolutions: tuple[int, ...] = ()
    """Series are stretched to these many time points, and the classifier reads them at each; the ridge classifier
    has resolutions of its own. Empty: series as they are."""
    pooling: Pooling = "mean"
    max_tokens: int = 1024
    """Longer series get patches, the smallest that keep to this many tokens."""

    def __post_init__(self) -> None:
        if (self.finetuning is None) == (self.probe is None):
            raise ValueError("a recipe has either finetuning or a probe")

    def encoder_for(self, n_timepoints: int) -> EncoderConfig:
        """Return the encoder with its patch size for series of n_timepoints."""
        patch_size = max(self.encoder.patch_size, -(-n_timepoints // self.max_tokens))
        return replace(self.encoder, patch_size=patch_size)
