"""Which tokens an autoencoder sees, and which it has to predict (arXiv:2301.08871, Section 3.2)."""

from typing import NamedTuple

import torch
from torch import Tensor


class Masking(NamedTuple):
    """A draw of random_masking: every valid token is either visible or hidden."""

    visible: Tensor
    """(batch, n_visible) indices of the tokens that are shown, in time order."""
    seen: Tensor | None
    """(batch, n_visible) which entries of visible count; None: all of them."""
    hidden: Tensor
    """(batch, n_tokens) True where a token is to be predicted."""


def random_masking(
    batch: int,
    n_tokens: int,
    mask_ratio: float,
    valid: Tensor | None = None,
    device: torch.device | str = "cpu",
) -> Masking:
    """Draw, for each case apart, which of its tokens stay visible.

    A case of n tokens keeps round(n · (1 - mask_ratio)) of them, at least one, and loses at least one, so
    that there is always something to see and something to predict.

    Args:
        batch: number of cases.
        n_tokens: tokens a case.
        mask_ratio: share of the tokens to hide, in (0, 1).
        valid: (batch, n_tokens) False where a token is padding only; None: no padding.
        device: where the draw is made.

    Raises:
        ValueError: mask_ratio outside (0, 1), or fewer than two tokens.
    """
    if not 0 < mask_ratio < 1:
        raise ValueError(f"mask_ratio must lie between 0 and 1, got {mask_ratio}")
    if n_tokens < 2:
        raise ValueError(f"masking needs at least 2 tokens, got {n_tokens}: use a smaller patch_size")
    lottery = torch.rand(batch, n_tokens, device=device)
    if valid is None:
        n_visible = min(max(round(n_tokens * (1 - mask_ratio)), 1), n_tokens - 1)
        visible = lottery.argsort(dim=1)[:, :n_visible].sort(dim=1).values
        hidden = torch.ones(batch, n_tokens, dtype=torch.bool, device=device).scatter(1, visible, value=False)
        return Masking(visible, None, hidden)
    n_valid = valid.sum(dim=1, keepdim=True)
    n_kept = (n_valid * (1 - mask_ratio)).round().clamp(min=1).minimum((n_valid - 1).clamp(min=1))
    rank = lottery.masked_fill(~valid, 2.0).argsort(dim=1).argsort(dim=1)
    shown = rank < n_kept
    # shown tokens first and in time order; the tail of the cases that show fewer is marked as not seen
    visible = (~shown).to(torch.uint8).argsort(dim=1, stable=True)[:, : int(n_kept.max())]
    return Masking(visible, shown.gather(1, visible), valid & ~shown)


def take(tokens: Tensor, index: Tensor) -> Tensor:
    """Select tokens (batch, n, dim) at index (batch, m), case by case; returns (batch, m, dim)."""
    return tokens.gather(1, index.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
