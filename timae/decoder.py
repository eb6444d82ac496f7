"""Decoders: from what the encoder saw to the values that were hidden from it.

Both take the encoder's features and the masking, and return predictions (batch, m, patch_size · channel)
with the tokens (batch, m) they are for. Tokens that are not hidden may be among them; the loss leaves them out.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timae.blocks import CrossBlock, build_block, sincos_positions
from timae.config import DecoderConfig, EncoderConfig, Transformer
from timae.encoder import Features
from timae.masking import Masking


class Prediction(NamedTuple):
    """What a decoder says of a batch."""

    values: Tensor
    """(batch, m, patch_size · channel)."""
    tokens: Tensor
    """(batch, m) the tokens that values are for."""


class Decoder(nn.Module):
    """Ti-MAE's decoder: mask tokens fill the gaps, positions everywhere, blocks, a linear map to values.

    Source: arXiv:2301.08871, Section 3.2. The CLS token, where there is one, stands first: a causal decoder
    gets at the whole of what was visible through it alone.
    """

    def __init__(self, config: DecoderConfig, encoder: EncoderConfig) -> None:
        super().__init__()
        self.project = nn.Linear(encoder.emb_size, config.emb_size)
        self.mask_token = nn.Parameter(torch.zeros(config.emb_size))
        self.blocks = nn.ModuleList(build_block(config.block, config.emb_size) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.emb_size, eps=config.block.layer_norm_eps)
        self.predict = nn.Linear(config.emb_size, encoder.patch_size * encoder.input_dim)

    def forward(self, features: Features, masking: Masking, valid: Tensor | None = None) -> Prediction:
        """Predict every token of the series; valid (batch, n_tokens) False where a token is padding."""
        visible = self.project(features.tokens)
        if masking.seen is not None:
            visible = torch.where(masking.seen.unsqueeze(-1), visible, self.mask_token)
        batch, n = masking.hidden.shape
        index = masking.visible.unsqueeze(-1).expand_as(visible)
        x = self.mask_token.expand(batch, n, -1).scatter(1, index, visible)
        x = x + sincos_positions(n, x.shape[-1]).to(x)
        if features.cls is not None:
            x = torch.cat([self.project(features.cls).unsqueeze(1), x], dim=1)
            valid = None if valid is None else F.pad(valid, (1, 0), value=True)
        for block in self.blocks:
            x = block(x, valid)
        values = self.predict(self.norm(x[:, -n:]))
        return Prediction(values, torch.arange(n, device=x.device).expand(batch, n))


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
        self.predict = nn.Linear(config.emb_size, encoder.patch_size * encoder.input_dim)

    def forward(self, features: Features, masking: Masking, valid: Tensor | None = None) -> Prediction:  # noqa: ARG002
        """Predict a share of the hidden tokens, drawn anew in each training step; all of them in evaluation."""
        n = masking.hidden.shape[1]
        n_hidden = n - masking.visible.shape[1]
        m = max(round(n_hidden * self.predicted_ratio), 1) if self.training else n_hidden
        lottery = torch.rand(masking.hidden.shape, device=masking.hidden.device) + masking.hidden
        tokens = lottery.topk(m, dim=1).indices
        x = self.mask_token + sincos_positions(n, len(self.mask_token)).to(self.mask_token)[tokens]
        maps = torch.stack(features.layers)
        for weights, norm, block in zip(self.mixture, self.map_norms, self.blocks, strict=True):
            x = block(x, norm(torch.tensordot(weights, maps, dims=1)), features.layers_valid)
        return Prediction(self.predict(self.norm(x)), tokens)


def build_decoder(config: DecoderConfig, encoder: EncoderConfig) -> Decoder | CrossDecoder:
    """Make the decoder that a configuration describes, for an encoder of the given shape."""
    return Decoder(config, encoder) if config.kind == "self" else CrossDecoder(config, encoder)
