"""Decoders: from what the encoder saw to the values that were hidden from it.

Axes: batch, n (all tokens of a series), m (tokens asked for), dim.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timae.blocks import CrossBlock, build_block, sincos_positions
from timae.config import DecoderConfig, EncoderConfig, Transformer
from timae.encoder import Features
from timae.linear import TokenLinear
from timae.masking import Masking


class Prediction(NamedTuple):
    """What a decoder says of the hidden tokens of a batch."""

    values: Tensor
    """(batch, n, patch_size · channel), the channels that the encoder's embedding sees."""
    predicted: Tensor
    """(batch, n) bool, the hidden tokens that values were predicted for; elsewhere values mean nothing."""


class Decoder(nn.Module):
    """Ti-MAE's decoder: mask tokens fill the gaps, positions everywhere, blocks, a linear map to values.

    Source: arXiv:2301.08871, Section 3.2. The CLS token, where there is one, stands first: a causal decoder
    gets at the whole of what was visible through it alone.
    """

    def __init__(self, config: DecoderConfig, encoder: EncoderConfig) -> None:
        super().__init__()
        self.project = TokenLinear(encoder.emb_size, config.emb_size)
        self.mask_token = nn.Parameter(torch.zeros(config.emb_size))
        self.blocks = nn.ModuleList(build_block(config.block, config.emb_size) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.emb_size, eps=config.block.layer_norm_eps)
        self.predict = nn.Linear(config.emb_size, encoder.patch_size * encoder.channels)

    def forward(self, features: Features, masking: Masking, valid: Tensor | None = None) -> Prediction:
        """Predict every hidden token; valid (batch, n) is False where a token is padding."""
        visible = self.project(features.tokens)
        if masking.seen is not None:
            visible = torch.where(masking.seen.unsqueeze(-1), visible, self.mask_token)
        batch, n = masking.hidden.shape
        index = masking.visible.unsqueeze(-1).expand_as(visible)
        x = self.mask_token.to(visible).expand(batch, n, -1).scatter(1, index, visible)
        x = x + sincos_positions(n, x.shape[-1], x.device)
        if features.cls is not None:
            x = torch.cat([self.project(features.cls).unsqueeze(1), x], dim=1)
            valid = None if valid is None else F.pad(valid, (1, 0), value=True)
        for block in self.blocks:
            x = block(x, valid)
        return Prediction(self.predict(self.norm(x[:, -n:])), masking.hidden)


class CrossDecoder(nn.Module):
    """CrossMAE's decoder (arXiv:2401.14391, Sections 3.2–3.4).

    A query is the mask token and a position; it attends to the encoder's features and to no other query, so
    any share of the hidden tokens can be predicted at the price of that share. Each block reads its own
    learned mixture of what entered and left the encoder's blocks.
    """

    def __init__(self, config: DecoderConfig, encoder: EncoderConfig) -> None:
        super().__init__()
        assert isinstance(config.block, Transformer)
        self.predicted_ratio = config.predicted_ratio
        self.mask_token = nn.Parameter(torch.zeros(config.emb_size))
        n_maps = encoder.num_layers + 1
        self.mixture = nn.Parameter(torch.randn(config.num_layers, n_maps) * n_maps**-0.5)
        self.map_norms = nn.ModuleList(nn.LayerNorm(encoder.emb_size) for _ in range(config.num_layers))
        self.blocks = nn.ModuleList(
            CrossBlock(config.emb_size, encoder.emb_size, config.block) for _ in range(config.num_layers)
        )
        self.norm = nn.LayerNorm(config.emb_size, eps=config.block.layer_norm_eps)
        self.predict = nn.Linear(config.emb_size, encoder.patch_size * encoder.channels)

    def forward(self, features: Features, masking: Masking, valid: Tensor | None = None) -> Prediction:  # noqa: ARG002
        """Predict a share of the hidden tokens, drawn anew in each training step; all of them in evaluation.

        Padding needs no care here: it is never hidden, and features say themselves what of them is padding.
        """
        tokens = self._draw(masking)
        x = self.mask_token + sincos_positions(masking.hidden.shape[1], len(self.mask_token), tokens.device)[tokens]
        mixtures = torch.einsum("lk,kbnd->lbnd", self.mixture, torch.stack(features.layers))
        for mixture, norm, block in zip(mixtures, self.map_norms, self.blocks, strict=True):
            x = block(x, norm(mixture), features.layers_valid)
        values = self.predict(self.norm(x))
        index = tokens.unsqueeze(-1).expand_as(values)
        predicted = torch.zeros_like(masking.hidden).scatter(1, tokens, value=True)
        values = values.new_zeros(*predicted.shape, values.shape[2]).scatter(1, index, values)
        return Prediction(values, predicted & masking.hidden)

    def _draw(self, masking: Masking) -> Tensor:
        """Tokens (batch, m) to predict, hidden ones first; a short case may have to fill up with others."""
        n = masking.hidden.shape[1]
        n_hidden = n - masking.visible.shape[1]
        m = max(round(n_hidden * self.predicted_ratio), 1) if self.training else n_hidden
        lottery = torch.rand(masking.hidden.shape, device=masking.hidden.device) + masking.hidden
        return lottery.topk(m, dim=1).indices


def build_decoder(config: DecoderConfig, encoder: EncoderConfig) -> Decoder | CrossDecoder:
    """Make the decoder that a configuration describes, for an encoder of the given shape."""
    return Decoder(config, encoder) if config.kind == "self" else CrossDecoder(config, encoder)
