"""Which tokens an autoencoder sees, and which it has to predict (arXiv:2301.08871, Section 3.2)."""

from typing import NamedTuple

import torch
from torch import Tensor


class Masking(NamedTuple):
    """A draw of random_masking: a valid token is either visible or hidden."""

    visible: Tensor
    """(batch, n_visible) int64, indices of the tokens that are shown, in time order; where a case shows fewer,
    its other tokens fill up the end."""
    seen: Tensor | None
    """(batch, n_visible) bool, which entries of visible count: the first ones of each row; None: all."""
    hidden: Tensor
    """(batch, n_tokens) bool, True where a token is to be predicted."""


def random_masking(
    batch: int,
    n_tokens: int,
    mask_ratio: float,
    valid: Tensor | None = None,
    device: torch.device | str = "cpu",
    span: int = 1,
) -> Masking:
    """Draw, for each case apart, which of its tokens stay visible.

    A case of n valid tokens keeps round(n · (1 - mask_ratio)) of them, at least one, and loses at least one,
    so that there is something to see and something to predict; a single token stays visible.

    Args:
        batch: number of cases.
        n_tokens: tokens a case.
        mask_ratio: share of the tokens to hide, in (0, 1).
        valid: (batch, n_tokens) bool, False where a token is padding; None: no padding.
        device: where the draw is made; nothing in it waits for that device.
        span: so many neighbours are shown or hidden together, as far as the numbers come out even.

    Raises:
        ValueError: mask_ratio outside (0, 1), or fewer than two tokens.
    """
    if not 0 < mask_ratio < 1:
        raise ValueError(f"mask_ratio must lie between 0 and 1, got {mask_ratio}")
    if n_tokens < 2:
        raise ValueError(f"masking needs at least 2 tokens, got {n_tokens}: use a smaller patch_size")
    lottery = torch.rand(batch, -(-n_tokens // span), device=device).repeat_interleave(span, dim=1)[:, :n_tokens]
    n_visible = min(max(round(n_tokens * (1 - mask_ratio)), 1), n_tokens - 1)
    if valid is None:
        visible = lottery.argsort(dim=1, stable=span > 1)[:, :n_visible].sort(dim=1).values
        hidden = torch.ones(batch, n_tokens, dtype=torch.bool, device=device).scatter(1, visible, value=False)
        return Masking(visible, None, hidden)
    n_valid = valid.sum(dim=1, keepdim=True)
    n_shown = (n_valid.double() * (1 - mask_ratio)).round().clamp(min=1).minimum((n_valid - 1).clamp(min=1))
    shown = lottery.masked_fill(~valid, 2.0).argsort(dim=1, stable=span > 1).argsort(dim=1) < n_shown
    visible = (~shown).byte().argsort(dim=1, stable=True)[:, :n_visible]
    return Masking(visible, shown.gather(1, visible), valid & ~shown)


def take(tokens: Tensor, index: Tensor) -> Tensor:
    """Select tokens (batch, n, dim) at index (batch, m), case by case; returns (batch, m, dim)."""
    return tokens.gather(1, index.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
