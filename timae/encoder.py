"""The encoder of Ti-MAE: series to tokens to features (arXiv:2301.08871, Section 3.2).

Axes: batch, time, channel for series; batch, n (tokens), dim for features. A token is a patch of
patch_size time steps. The CLS token, where there is one, comes last: behind a causal block it is the only
place that has seen the whole series.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timae.blocks import build_block, rotary_angles, sincos_positions
from timae.config import EncoderConfig, Transformer
from timae.masking import Masking, take


class Features(NamedTuple):
    """What an encoder makes of a batch."""

    tokens: Tensor
    """(batch, n, emb_size), in time order, after the last norm."""
    cls: Tensor | None
    """(batch, emb_size), the CLS token."""
    valid: Tensor | None
    """(batch, n) False where a token is padding; None: no padding."""
    layers: tuple[Tensor, ...]
    """What entered each block and what left the last one, not normalised; with the CLS token, if there is one:
    (batch, n [+ 1], emb_size)."""
    layers_valid: Tensor | None
    """(batch, n [+ 1]), as valid, for layers."""


class Embedding(nn.Module):
    """Series to tokens: one convolution, whose window is a patch and some steps to each side, and positions.

    With patch_size 1 and one step that is the paper's convolution of kernel 3 and padding 1
    (arXiv:2301.08871, Section 3.2).
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.patch_size, self.window, self.positions = config.patch_size, config.window, config.positions
        self.differences = config.differences
        self.conv = nn.Conv1d(config.channels, config.emb_size, self.window, self.patch_size)

    def n_tokens(self, n_timepoints: int) -> int:
        """Tokens of a series of n_timepoints; the last one may be a patch that is not full."""
        return -(-n_timepoints // self.patch_size)

    def channels(self, series: Tensor) -> Tensor:
        """What is embedded of series (batch, time, channel) where nothing is hidden: (batch, time, config.channels)."""
        if not self.differences:
            return series
        return torch.cat([series, differences(series.transpose(1, 2)).transpose(1, 2)], dim=2)

    def forward(self, series: Tensor, unseen: Tensor | None = None) -> Tensor:
        """Embed series (batch, time, channel) as tokens (batch, n, emb_size).

        Args:
            series: time need not be a multiple of patch_size: what comes last is repeated.
            unseen: (batch, time) True where a value is hidden or padding; it is blanked first. The convolution
                looks over the edge of a patch, and a difference has two ends: without this both would show hidden
                values to visible tokens.
        """
        time = series.shape[1]
        n = self.n_tokens(time)
        x = series.transpose(1, 2)
        if unseen is not None:
            unseen = unseen.unsqueeze(1)
            x = x.masked_fill(unseen, 0.0)
        if self.differences:
            x = torch.cat([x, differences(x, unseen)], dim=1)
        if n * self.patch_size > time:
            x = F.pad(x, (0, n * self.patch_size - time), mode="replicate")
        # a linear map of the windows is the same as the convolution and faster for so few channels
        more = self.window - self.patch_size
        windows = F.pad(x, (more // 2, more - more // 2)).unfold(2, self.window, self.patch_size)
        tokens = F.linear(windows.transpose(1, 2).flatten(2), self.conv.weight.flatten(1), self.conv.bias)
        return tokens + sincos_positions(n, tokens.shape[2], tokens.device) if self.positions == "sincos" else tokens


def differences(series: Tensor, unseen: Tensor | None = None) -> Tensor:
    """Steps from each time point of series (batch, channel, time) to the next, scaled to a mean square of 1.

    A step has a value where both its ends are seen, 0 elsewhere and at the first point; its scale too is that of
    what is seen. unseen: (batch, 1, time), True where a value is not; None: all are.
    """
    steps = F.pad(series.diff(dim=2), (1, 0))
    n_known: Tensor | int = max(steps.shape[2] - 1, 1)
    if unseen is not None:
        known = ~(unseen | F.pad(unseen[..., :-1], (1, 0), value=True))
        steps, n_known = steps * known, known.sum(dim=2, keepdim=True).clamp(min=1)
    return steps / ((steps.square().sum(dim=2, keepdim=True) / n_known).sqrt() + 1e-4)


class Encoder(nn.Module):
    """Embedding, blocks, norm. What is hidden from it leaves no trace in what it returns.

    Source: arXiv:2301.08871, Section 3.2; the CLS token as in arXiv:2010.11929, Section 3.1.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = Embedding(config)
        self.cls = nn.Parameter(torch.randn(config.emb_size) * 0.02) if config.cls_embed else None
        self.blocks = nn.ModuleList(build_block(config.block, config.emb_size) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.emb_size, eps=config.block.layer_norm_eps)

    def forward(self, series: Tensor, masking: Masking | None = None, valid: Tensor | None = None) -> Features:
        """Encode series (batch, time, channel), or only what a masking leaves visible of them.

        Args:
            series: float; NaN only where not valid.
            masking: which tokens to show; None: all. Drawn with `valid_tokens(valid)` where there is padding.
            valid: (batch, time) False where a value is padding at the end of a series; None: no padding.
        """
        x = self.embedding(series, self._unseen(series.shape[1], masking, valid))
        valid = None if valid is None else self.valid_tokens(valid)
        angles = self._angles(x.shape[1], masking, x.device)
        if masking is not None:
            x, valid = take(x, masking.visible), masking.seen
        if self.cls is not None:
            x, valid = self._add_cls(x, valid)
        layers = [x]
        for block in self.blocks:
            x = block(x, valid, angles)
            layers.append(x)
        x = self.norm(x)
        if self.cls is None:
            return Features(x, None, valid, tuple(layers), valid)
        if valid is None:
            return Features(x[:, :-1], x[:, -1], None, tuple(layers), None)
        at = valid.sum(dim=1, keepdim=True) - 1
        return Features(x[:, :-1], take(x, at)[:, 0], valid[:, 1:], tuple(layers), valid)

    def _unseen(self, time: int, masking: Masking | None, valid: Tensor | None) -> Tensor | None:
        """Values (batch, time) that are hidden or padding; None: there are none."""
        if masking is None:
            return None if valid is None else ~valid
        hidden = masking.hidden.repeat_interleave(self.config.patch_size, dim=1)[:, :time]
        return hidden if valid is None else hidden | ~valid

    def _angles(self, n: int, masking: Masking | None, device: torch.device) -> Tensor | None:
        """Rotary angles of the tokens shown of n, by their place in the series, or None.

        The CLS token counts as the one behind the last.
        """
        if self.config.positions != "rotary":
            return None
        assert isinstance(self.config.block, Transformer)
        at = torch.arange(n, device=device) if masking is None else masking.visible
        if self.cls is not None:
            at = F.pad(at, (0, 1), value=n)
        return rotary_angles(at, self.config.emb_size // self.config.block.num_heads)

    def _add_cls(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Put the CLS token behind the last valid token; what is not valid stays behind it.

        A causal block then shows it all tokens and no padding.
        """
        assert self.cls is not None
        x = torch.cat([x, self.cls.expand(len(x), 1, -1)], dim=1)
        if valid is None:
            return x, None
        is_cls = torch.arange(x.shape[1], device=x.device) == valid.sum(dim=1, keepdim=True)
        return torch.where(is_cls.unsqueeze(-1), self.cls, x), F.pad(valid, (1, 0), value=True)

    def valid_tokens(self, valid: Tensor) -> Tensor:
        """Which tokens (batch, n) hold a valid time step, from valid (batch, time).

        The first token always counts: a case that is nothing but padding would else be an average of nothing.
        """
        n = self.embedding.n_tokens(valid.shape[1])
        padded = F.pad(valid, (0, n * self.config.patch_size - valid.shape[1]))
        tokens = padded.unflatten(1, (n, -1)).any(dim=2)
        return torch.cat([torch.ones_like(tokens[:, :1]), tokens[:, 1:]], dim=1)


def n_parameters(module: nn.Module) -> int:
    """Trainable numbers in a module."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
