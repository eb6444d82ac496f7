"""Mamba-2 everywhere: mamba-ssm's kernels on CUDA, a chunked state-space dual form in PyTorch anywhere else.

Source: Dao and Gu 2024, arXiv:2405.21060, Section 6 and Listing 1; names and weights are those of
mamba_ssm.modules.mamba2.Mamba2, so that a state dict fits both, strictly.

Letters: b batch, l length, h heads, p width of a head, g groups of heads that share B and C, n state size,
c chunks, q length of a chunk.
"""

import functools
import importlib.util
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timae.linear import TokenLinear

LARGEST_EXPONENT = 120.0
"""Decay within a chunk, as an exponent, up to which its two factors e^±exponent/2 stay well inside float32."""


class GatedRMSNorm(nn.Module):
    """RMSNorm of x · SiLU(z), over each group of channels apart (arXiv:2405.21060, Section 7.1)."""

    def __init__(self, dim: int, groups: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.groups, self.eps = groups, eps

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Norm x, gated by z, both (b, l, dim)."""
        x = (x * F.silu(z)).unflatten(-1, (self.groups, -1))
        return F.rms_norm(x, x.shape[-1:], eps=self.eps).flatten(-2) * self.weight


class Mamba2(nn.Module):
    """A Mamba-2 layer: token t of the output depends on tokens 0…t of the input.

    Args:
        d_model: width of the tokens.
        d_state: numbers in the state of each channel, n.
        d_conv: width of the causal convolution, in tokens.
        expand: inner width, as a multiple of d_model.
        headdim: channels a head, p.
        ngroups: groups of heads that share B and C, g.
        A_init_range: decay rates at the start are uniform in it.
        dt_min, dt_max: step sizes at the start are log-uniform between them …
        dt_init_floor: … and at least this.
        bias: of the two projections.
        conv_bias: of the convolution.
        chunk_size: longest chunk of the form in PyTorch, q; the result does not depend on it.

    Raises:
        ValueError: headdim does not divide the inner width, or ngroups the number of heads.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (the signature of mamba-ssm's module)
        self,
        d_model: int,
        d_state: int = 128,
        d_conv: int = 4,
        expand: int = 2,
        headdim: int = 64,
        ngroups: int = 1,
        A_init_range: tuple[float, float] = (1.0, 16.0),
        dt_min: float = 1e-3,
        dt_max: float = 1e-1,
        dt_init_floor: float = 1e-4,
        bias: bool = False,
        conv_bias: bool = True,
        chunk_size: int = 32,
    ) -> None:
        super().__init__()
        self.d_inner, self.d_state, self.headdim, self.ngroups = expand * d_model, d_state, headdim, ngroups
        if self.d_inner % headdim:
            raise ValueError(f"headdim must divide expand × d_model = {self.d_inner}, got {headdim}")
        self.nheads, self.chunk_size = self.d_inner // headdim, chunk_size
        if self.nheads % ngroups:
            raise ValueError(f"ngroups must divide the number of heads {self.nheads}, got {ngroups}")
        self.d_conv = self.d_inner + 2 * ngroups * d_state
        self.in_proj = TokenLinear(d_model, self.d_inner + self.d_conv + self.nheads, bias=bias)
        self.conv1d = nn.Conv1d(
            self.d_conv, self.d_conv, d_conv, groups=self.d_conv, padding=d_conv - 1, bias=conv_bias
        )
        dt = torch.empty(self.nheads).uniform_(math.log(dt_min), math.log(dt_max)).exp().clamp(min=dt_init_floor)
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))  # softplus gives dt back
        self.A_log = nn.Parameter(torch.empty(self.nheads).uniform_(*A_init_range).log())
        self.D = nn.Parameter(torch.ones(self.nheads))
        for parameter in (self.dt_bias, self.A_log, self.D):
            parameter._no_weight_decay = True  # type: ignore[attr-defined]
        self.norm = GatedRMSNorm(self.d_inner, ngroups)
        self.out_proj = TokenLinear(self.d_inner, d_model, bias=bias)

    def forward(self, u: Tensor) -> Tensor:
        """Map u (b, l, d_model) to the same shape, l at least 1."""
        z, xBC, dt = self.in_proj(u).split([self.d_inner, self.d_conv, self.nheads], dim=-1)
        states = self.ngroups * self.d_state
        x, B, C = F.silu(self._convolve(xBC)).split([self.d_inner, states, states], dim=-1)
        x, B, C = (t.unflatten(-1, (k, -1)) for t, k in ((x, self.nheads), (B, self.ngroups), (C, self.ngroups)))
        A = -self.A_log.float().exp()
        scan = kernels().get("mamba_chunk_scan_combined") if u.is_cuda else None
        if scan is not None:
            y = scan(x, dt, A, B, C, chunk_size=256, D=self.D, dt_bias=self.dt_bias, dt_softplus=True)
        else:
            dt = F.softplus(dt + self.dt_bias)
            y = scan_chunks(x, dt, dt * A, B, C, self.chunk_size) + self.D.unsqueeze(-1) * x
        out: Tensor = self.out_proj(self.norm(y.flatten(2), z))
        return out

    def _convolve(self, x: Tensor) -> Tensor:
        """Causal depthwise convolution of x (b, l, channels)."""
        if x.is_cuda and "causal_conv1d_fn" in kernels():
            fn = kernels()["causal_conv1d_fn"]
            out: Tensor = fn(x.transpose(1, 2), self.conv1d.weight.squeeze(1), self.conv1d.bias).transpose(1, 2)
            return out
        if x.is_cuda:
            out = self.conv1d(x.transpose(1, 2)).transpose(1, 2)
            return out[:, : x.shape[1]]
        # channels last, where they lie already, oneDNN takes a convolution of images of height 1
        image = F.pad(x, (0, 0, self.conv1d.kernel_size[0] - 1, 0)).unsqueeze(1).permute(0, 3, 1, 2)
        image = F.conv2d(image, self.conv1d.weight.unsqueeze(2), self.conv1d.bias, groups=x.shape[2])
        return image.permute(0, 2, 3, 1).squeeze(1)


def scan_chunks(x: Tensor, dt: Tensor, a: Tensor, B: Tensor, C: Tensor, chunk_size: int) -> Tensor:
    """State-space recurrence S_t = exp(a_t) S_{t-1} + dt_t x_t B_tᵀ, y_t = S_t C_t, in chunks.

    Within a chunk token i sees token j through (C_i · B_j) e^{s_i - s_j}, with s the running sum of a. The decay of
    each head is split into e^{s_i - m} and e^{m - s_j}, m half of the chunk's sum, which scale rows and columns; so all
    heads of a group share one matrix C Bᵀ a chunk, and nothing is ever as large as heads × q × q. A chunk is shortened
    until e^{±m} fits float32 with room to spare, so any dt is safe. Cost grows linearly with l.

    Args:
        x: (b, l, h, p).
        dt: (b, l, h), positive.
        a: (b, l, h), dt · A, not positive.
        B: (b, l, g, n).
        C: (b, l, g, n).
        chunk_size: longest chunk.

    Returns:
        (b, l, h, p).
    """
    b, length, h, p = x.shape
    g = B.shape[2]
    forgotten = -math.log(torch.finfo(a.dtype).eps)  # what decays by more in one step is lost in rounding
    a = a.clamp(min=-forgotten)
    q = _chunk_length(a, chunk_size, safe=int(LARGEST_EXPONENT / forgotten))
    c = -(-length // q)
    q = -(-length // c)
    pad = c * q - length  # zeros at the end: dt = 0 adds nothing, a = 0 decays nothing

    def chunked(t: Tensor, width: int) -> Tensor:
        """(b, l, …) to (b, g, c, q, width)."""
        padded: Tensor = F.pad(t.reshape(b, length, g, width), (0, 0, 0, 0, 0, pad))
        return padded.view(b, c, q, g, width).permute(0, 3, 1, 2, 4)

    x, dt, a = chunked(x, h // g * p), chunked(dt, h // g), chunked(a, h // g)
    B, C = chunked(B, B.shape[-1]), chunked(C, C.shape[-1])
    s = a.cumsum(dim=3)
    m = s[..., -1:, :] / 2

    def by_head(t: Tensor, scale: Tensor) -> Tensor:
        scaled: Tensor = t.unflatten(-1, (h // g, p)) * scale.unsqueeze(-1)
        return scaled.flatten(-2)

    v = by_head(x, (m - s).exp() * dt)
    y = (C @ B.transpose(-1, -2)).tril() @ v
    if c > 1:
        half = m.exp().repeat_interleave(p, dim=-1)  # decay over half a chunk
        state = torch.zeros_like(half[:, :, 0]).expand(-1, -1, B.shape[-1], -1)
        entering = []
        for gained, decay in zip((B.transpose(-1, -2) @ v).unbind(2), half.unbind(2), strict=True):
            entering.append(state * decay)
            state = (entering[-1] + gained) * decay
        y = y + C @ torch.stack(entering, dim=2)
    y = by_head(y, (s - m).exp())
    out: Tensor = y.permute(0, 2, 3, 1, 4).reshape(b, c * q, h, p)[:, :length]
    return out


def scan_steps(x: Tensor, dt: Tensor, a: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """What scan_chunks computes, by its definition, a step at a time (arXiv:2405.21060, Equation 1): slow, the truth.

    Shapes are those of scan_chunks.
    """
    heads, groups = x.shape[2], B.shape[2]
    B, C = (t.repeat_interleave(heads // groups, dim=2) for t in (B, C))
    state, out = x.new_zeros(x.shape[0], heads, x.shape[3], B.shape[3]), []
    for x_t, dt_t, a_t, B_t, C_t in zip(*(t.unbind(1) for t in (x, dt, a, B, C)), strict=True):
        gained = (dt_t.unsqueeze(-1) * x_t).unsqueeze(-1) * B_t.unsqueeze(-2)
        state = a_t.exp()[..., None, None] * state + gained
        out.append((state * C_t.unsqueeze(-2)).sum(-1))
    return torch.stack(out, dim=1)


def _chunk_length(a: Tensor, longest: int, safe: int) -> int:
    """Return the longest chunk, halving, in which no head decays by more than e^-LARGEST_EXPONENT; safe always fits.

    A GPU is not asked: waiting for its answer would cost more than short chunks do.
    """
    q = min(longest, a.shape[1])
    if a.is_cuda:
        return min(q, safe)
    total = F.pad(-a.detach().cumsum(dim=1), (0, 0, 1, 0))
    while q > safe and float((total[:, q:] - total[:, :-q]).max()) > LARGEST_EXPONENT:
        q = max(q // 2, safe)
    return q


@functools.cache
def kernels() -> dict[str, Callable[..., Any]]:
    """Return mamba-ssm's and causal-conv1d's kernels by name; empty where they are not installed.

    mamba-ssm's package imports all it has, also a CUDA extension of Mamba-1 that a build without a CUDA compiler
    lacks; so its modules are imported past the package's own __init__.
    """
    found: dict[str, Callable[..., Any]] = {}
    try:
        from causal_conv1d import causal_conv1d_fn  # noqa: PLC0415

        found["causal_conv1d_fn"] = functools.partial(causal_conv1d_fn, activation=None)
    except ImportError:
        pass
    try:
        if "mamba_ssm" not in sys.modules and (spec := importlib.util.find_spec("mamba_ssm")):
            package = types.ModuleType("mamba_ssm")
            package.__path__ = list(spec.submodule_search_locations or ())
            sys.modules["mamba_ssm"] = package
        from mamba_ssm.ops.triton.ssd_combined import mamba_chunk_scan_combined  # noqa: PLC0415

        found["mamba_chunk_scan_combined"] = mamba_chunk_scan_combined
    except (ImportError, OSError):
        pass
    return found
