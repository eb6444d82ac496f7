"""The two models that share an encoder: an autoencoder for pre-training, a classifier for everything else."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from timae.config import POOLINGS, EncoderConfig, Pooling, Pretraining
from timae.decoder import build_decoder
from timae.encoder import Encoder, Features
from timae.masking import random_masking
from timae.views import stretch


class Reconstruction(NamedTuple):
    """What an autoencoder makes of a batch of series."""

    loss: Tensor
    """Mean squared error of the hidden values, a scalar."""
    values: Tensor
    """(batch, time, channel): what the embedding sees, with predictions where that was hidden and predicted."""
    predicted: Tensor
    """(batch, time): True where values are predictions."""


class MaskedAutoencoder(nn.Module):
    """Ti-MAE in pre-training: hide tokens at random, encode the rest, predict what was hidden.

    Source: arXiv:2301.08871, Section 3; with a cross decoder arXiv:2401.14391. The mean squared error is
    taken over hidden values alone.
    """

    def __init__(self, encoder: EncoderConfig, pretraining: Pretraining) -> None:
        """Build it with fresh weights; of pre-training it needs the decoder and what is hidden.

        Raises:
            ValueError: widths that do not divide.
        """
        super().__init__()
        self.mask_ratio, self.mask_span = pretraining.mask_ratio, pretraining.mask_span
        self.encoder = Encoder(encoder)
        self.decoder = build_decoder(pretraining.decoder, encoder)

    def forward(self, series: Tensor, valid: Tensor | None = None) -> Reconstruction:
        """Mask, encode, decode and score.

        Args:
            series: (batch, time, channel), float; NaN only where not valid.
            valid: (batch, time) bool, False at padding at the end of a series; None: no padding.

        Raises:
            ValueError: a series has fewer than two tokens.
        """
        batch, time, _ = series.shape
        patch, valid_tokens = self.encoder.config.patch_size, None
        if valid is not None:
            series, valid_tokens = series.masked_fill(~valid.unsqueeze(-1), 0.0), self.encoder.valid_tokens(valid)
        n = self.encoder.embedding.n_tokens(time)
        span = max(min(self.mask_span, n // 8), 1)
        masking = random_masking(batch, n, self.mask_ratio, valid_tokens, series.device, span)
        values, predicted = self.decoder(self.encoder(series, masking, valid), masking, valid_tokens)
        target = self.encoder.embedding.channels(series)
        # from tokens to time steps
        values = values.unflatten(2, (patch, target.shape[2])).flatten(1, 2)[:, :time]
        points = predicted.repeat_interleave(patch, dim=1)[:, :time]
        points = (points if valid is None else points & valid).unsqueeze(-1)
        error = ((values - target).square() * points).sum()
        loss = error / (points.sum() * target.shape[2]).clamp(min=1)
        return Reconstruction(loss, torch.where(points, values, target), points.squeeze(-1))


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


class SoftShare(nn.Module):
    """The share of tokens above a learnt threshold a channel, made smooth: a pooling that can be fine-tuned.

    The smooth form of what ROCKET pools (arXiv:1910.13051, Section 3.2).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.randn(width) * 0.3)

    def forward(self, tokens: Tensor) -> Tensor:
        """Pool tokens (batch, n, width) to (batch, width), in 0…1."""
        return torch.sigmoid(4 * (tokens - self.threshold)).mean(dim=1)


class MultiscaleClassifier(nn.Module):
    """One encoder reads a series at several resolutions; all its layers, pooled, and a linear head.

    What is pooled is brought to one scale by batch norm without weights: layers differ in size by far.
    """

    def __init__(
        self,
        encoder: EncoderConfig,
        n_classes: int,
        resolutions: tuple[int, ...],
        pooling: Pooling = "mean+max+share",
    ) -> None:
        """Build it with fresh weights.

        Raises:
            ValueError: fewer than two classes, no resolution, or pooling 'cls' without a CLS token.
        """
        super().__init__()
        if n_classes < 2 or not resolutions:
            raise ValueError(f"expected 2 classes or more and a resolution, got {n_classes} and {resolutions}")
        if pooling == "cls" and not encoder.cls_embed:
            raise ValueError("pooling 'cls' needs an encoder with cls_embed=True")
        self.resolutions, self.pooling = resolutions, pooling.split("+")
        self.encoder = Encoder(encoder)
        self.encoder.norm.requires_grad_(requires_grad=False)  # layers are read as they are, not its output
        n_layers = len(resolutions) * (encoder.num_layers + 1)
        self.shares = nn.ModuleList(SoftShare(encoder.emb_size) for _ in range(n_layers) if "share" in self.pooling)
        width = len(self.pooling) * encoder.emb_size * n_layers
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.head = nn.Linear(width, n_classes)

    def represent(self, series: Tensor) -> Tensor:
        """Pool the features of series (batch, time, 1) to (batch, width), not yet normalised."""
        pooled: list[Tensor] = []
        shares = iter(self.shares)
        for resolution in self.resolutions:
            features = self.encoder(stretch(series, resolution))
            n = features.tokens.shape[1]
            for layer in features.layers:
                tokens = layer[:, :n]
                for how in self.pooling:
                    if how == "cls":
                        pooled.append(layer[:, n])
                    elif how == "mean":
                        pooled.append(tokens.mean(dim=1))
                    elif how == "max":
                        pooled.append(tokens.amax(dim=1))
                    else:
                        pooled.append(next(shares)(tokens))
        return torch.cat(pooled, dim=1)

    def forward(self, series: Tensor, valid: Tensor | None = None) -> Tensor:
        """Logits (batch, n_classes) of series (batch, time, 1).

        Raises:
            ValueError: series are padded; they can be stretched instead.
        """
        if valid is not None:
            raise ValueError("a classifier of several resolutions takes no padding: stretch the series instead")
        logits: Tensor = self.head(self.norm(self.represent(series)))
        return logits


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
