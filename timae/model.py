"""The two models that share an encoder: an autoencoder for pre-training, a classifier for everything else."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from timae.config import POOLINGS, DecoderConfig, EncoderConfig, Pooling
from timae.decoder import build_decoder
from timae.encoder import Encoder, Features
from timae.masking import random_masking


class Reconstruction(NamedTuple):
    """What an autoencoder makes of a batch of series."""

    loss: Tensor
    """Mean squared error of the hidden values, a scalar."""
    values: Tensor
    """(batch, time, channel): the series, with predictions where they were hidden and predicted."""
    predicted: Tensor
    """(batch, time): True where values are predictions."""


class MaskedAutoencoder(nn.Module):
    """Ti-MAE in pre-training: hide tokens at random, encode the rest, predict what was hidden.

    Source: arXiv:2301.08871, Section 3; with a cross decoder arXiv:2401.14391. The mean squared error is
    taken over hidden values alone.
    """

    def __init__(self, encoder: EncoderConfig, decoder: DecoderConfig, mask_ratio: float = 0.75) -> None:
        """Build it with fresh weights.

        Raises:
            ValueError: widths that do not divide, a mask_ratio outside (0, 1).
        """
        super().__init__()
        if not 0 < mask_ratio < 1:
            raise ValueError(f"mask_ratio must lie between 0 and 1, got {mask_ratio}")
        self.mask_ratio = mask_ratio
        self.encoder = Encoder(encoder)
        self.decoder = build_decoder(decoder, encoder)

    def forward(self, series: Tensor, valid: Tensor | None = None) -> Reconstruction:
        """Mask, encode, decode and score.

        Args:
            series: (batch, time, channel), float; NaN only where not valid.
            valid: (batch, time) bool, False at padding at the end of a series; None: no padding.

        Raises:
            ValueError: a series has fewer than two tokens.
        """
        batch, time, channels = series.shape
        patch, valid_tokens = self.encoder.config.patch_size, None
        if valid is not None:
            series, valid_tokens = series.masked_fill(~valid.unsqueeze(-1), 0.0), self.encoder.valid_tokens(valid)
        n = self.encoder.embedding.n_tokens(time)
        masking = random_masking(batch, n, self.mask_ratio, valid_tokens, series.device)
        values, predicted = self.decoder(self.encoder(series, masking, valid), masking, valid_tokens)
        # from tokens to time steps
        values = values.unflatten(2, (patch, channels)).flatten(1, 2)[:, :time]
        points = predicted.repeat_interleave(patch, dim=1)[:, :time]
        points = (points if valid is None else points & valid).unsqueeze(-1)
        error = ((values - series).square() * points).sum()
        loss = error / (points.sum() * channels).clamp(min=1)
        return Reconstruction(loss, torch.where(points, values, series), points.squeeze(-1))


def pool(features: Features, pooling: Pooling) -> Tensor:
    """One vector a case from its features: (batch, emb_size), or twice as wide for mean+max.

    Raises:
        ValueError: pooling is cls and the encoder has no CLS token, or pooling is unknown.
    """
    x, valid = features.tokens, features.valid
    if pooling == "cls":
        if features.cls is None:
            raise ValueError("pooling 'cls' needs an encoder with cls_embed=True")
        return features.cls
    if pooling not in POOLINGS:
        raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
    pooled = []
    if "mean" in pooling:
        if valid is None:
            pooled.append(x.mean(dim=1))
        else:
            pooled.append((x * valid.unsqueeze(-1)).sum(dim=1) / valid.sum(dim=1, keepdim=True))
    if "max" in pooling:
        pooled.append((x if valid is None else x.masked_fill(~valid.unsqueeze(-1), -torch.inf)).amax(dim=1))
    return torch.cat(pooled, dim=1)


class Classifier(nn.Module):
    """An encoder, its pooled features and a linear head."""

    def __init__(self, encoder: EncoderConfig, n_classes: int, pooling: Pooling = "mean") -> None:
        """Build it with fresh weights.

        Raises:
            ValueError: fewer than two classes, or pooling 'cls' without a CLS token.
        """
        super().__init__()
        if n_classes < 2:
            raise ValueError(f"a classifier needs at least 2 classes, got {n_classes}")
        if pooling == "cls" and not encoder.cls_embed:
            raise ValueError("pooling 'cls' needs an encoder with cls_embed=True")
        self.pooling = pooling
        self.encoder = Encoder(encoder)
        self.head = nn.Linear(encoder.emb_size * (2 if pooling == "mean+max" else 1), n_classes)

    def represent(self, series: Tensor, valid: Tensor | None = None) -> Tensor:
        """Pool the features of series (batch, time, channel) to (batch, width)."""
        return pool(self.encoder(series, valid=valid), self.pooling)

    def forward(self, series: Tensor, valid: Tensor | None = None) -> Tensor:
        """Logits (batch, n_classes) of series (batch, time, channel); valid (batch, time) or None."""
        logits: Tensor = self.head(self.represent(series, valid))
        return logits
