"""The blocks that encoders and decoders are stacked from, and the positions that tokens carry.

Axes: batch, n (tokens), dim. Every block maps (batch, n, dim) to the same shape and is pre-norm:
x + f(LayerNorm(x)). Which block is used is all in which the transformer and the Mamba Ti-MAE differ.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timae.config import Block, Mamba, Transformer
from timae.linear import TokenLinear
from timae.mamba import Mamba2


def sincos_positions(n: int, dim: int, device: torch.device | str = "cpu") -> Tensor:
    """Fixed sine and cosine positions (n, dim) of Vaswani et al. 2017 (arXiv:1706.03762, Section 3.5)."""
    half = (dim + 1) // 2
    frequency = 10_000.0 ** (-torch.arange(half, device=device) / half)
    angle = torch.arange(n, device=device).unsqueeze(1) * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :dim]


def rotary_angles(index: Tensor, head_dim: int) -> Tensor:
    """Angles (…, head_dim / 2) of rotary positions (arXiv:2104.09864, Section 3.2.2) for token numbers index (…).

    The base is 100, not 10,000: wavelengths of 6 to about 600 tokens, and there are seldom more of them.
    """
    frequency = 100.0 ** (-torch.arange(0, head_dim, 2, device=index.device) / head_dim)
    return index.unsqueeze(-1) * frequency


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turn neighbouring pairs of channels by angles.

    Shapes: x (batch, n, head, head_dim), angles (n, head_dim / 2) or (batch, n, head_dim / 2); returns x's shape.
    A pair is a complex number, and turning it one multiplication: a quarter of the time of doing it by parts.
    """
    turns = torch.polar(torch.ones_like(angles), angles).unsqueeze(-2)
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


def attend(q: Tensor, k: Tensor, v: Tensor, num_heads: int, valid: Tensor | None, dropout: float) -> Tensor:
    """Multi-head attention, softmax(q kᵀ / √head_dim) v.

    Shapes: q (batch, n, dim), k and v (batch, m, dim), valid (batch, m) False where a key is padding, or
    None; returns (batch, n, dim).
    """
    q, k, v = (t.unflatten(-1, (num_heads, -1)).transpose(1, 2) for t in (q, k, v))
    keys = None if valid is None else valid[:, None, None, :]
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=keys, dropout_p=dropout)
    return out.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Multi-head self-attention. Queries, keys and values are one matrix; the output projection is optional."""

    def __init__(self, dim: int, num_heads: int, qkv_bias: bool, out_proj: bool, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.qkv = TokenLinear(dim, 3 * dim, bias=qkv_bias)
        self.out = TokenLinear(dim, dim) if out_proj else nn.Identity()

    def forward(self, x: Tensor, valid: Tensor | None = None, angles: Tensor | None = None) -> Tensor:
        """Map x (batch, n, dim) to the same shape, ignoring tokens that are not valid (batch, n)."""
        qk, v = self.qkv(x).split((2 * x.shape[-1], x.shape[-1]), dim=-1)
        if angles is not None:
            qk = rotate(qk.unflatten(-1, (2 * self.num_heads, -1)), angles).flatten(-2)
        q, k = qk.chunk(2, dim=-1)
        out: Tensor = self.out(attend(q, k, v, self.num_heads, valid, self.dropout if self.training else 0.0))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention of queries (width dim) over features of another width (arXiv:2401.14391, Section 3.2)."""

    def __init__(self, dim: int, feature_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.query = TokenLinear(dim, dim, bias=False)
        self.key_value = TokenLinear(feature_dim, 2 * dim, bias=False)
        self.out = TokenLinear(dim, dim)

    def forward(self, x: Tensor, features: Tensor, valid: Tensor | None = None) -> Tensor:
        """Attend from x (batch, n, dim) to the valid (batch, m) of features (batch, m, feature_dim)."""
        k, v = self.key_value(features).chunk(2, dim=-1)
        dropout = self.dropout if self.training else 0.0
        out: Tensor = self.out(attend(self.query(x), k, v, self.num_heads, valid, dropout))
        return out


class FeedForward(nn.Module):
    """Linear, activation, Linear, position by position."""

    def __init__(self, dim: int, intermediate_dim: int, activation: str, dropout: float) -> None:
        super().__init__()
        self.activation, self.dropout = getattr(F, activation), dropout
        self.expand = TokenLinear(dim, intermediate_dim)
        self.contract = TokenLinear(intermediate_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (batch, n, dim) to the same shape."""
        x = self.contract(self.activation(self.expand(x)))
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


class TransformerBlock(nn.Module):
    """Pre-norm transformer block: x + MHSA(LN(x)), then x + MLP(LN(x)) (arXiv:2002.04745, Figure 1b)."""

    def __init__(self, dim: int, config: Transformer) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim, eps=config.layer_norm_eps)
        self.attention = SelfAttention(
            dim, config.num_heads, config.qkv_bias, config.out_proj, config.attention_dropout
        )
        self.feed_forward_norm = nn.LayerNorm(dim, eps=config.layer_norm_eps)
        self.feed_forward = FeedForward(dim, config.intermediate_dim, config.activation, config.dropout)

    def forward(self, x: Tensor, valid: Tensor | None = None, angles: Tensor | None = None) -> Tensor:
        """Map x (batch, n, dim) to the same shape, ignoring tokens that are not valid (batch, n).

        Tokens attend by their distance where rotary angles are given.
        """
        x = x + self.attention(self.attention_norm(x), valid, angles)
        out: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return out


class CrossBlock(nn.Module):
    """CrossMAE's decoder block: x + CrossAttention(LN(x), features), x + MLP(LN(x)); queries never meet."""

    def __init__(self, dim: int, feature_dim: int, config: Transformer) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim, eps=config.layer_norm_eps)
        self.attention = CrossAttention(dim, feature_dim, config.num_heads, config.attention_dropout)
        self.feed_forward_norm = nn.LayerNorm(dim, eps=config.layer_norm_eps)
        self.feed_forward = FeedForward(dim, config.intermediate_dim, config.activation, config.dropout)

    def forward(self, x: Tensor, features: Tensor, valid: Tensor | None = None) -> Tensor:
        """Refine queries x (batch, n, dim) by the valid (batch, m) of features (batch, m, feature_dim)."""
        x = x + self.attention(self.attention_norm(x), features, valid)
        out: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return out


class MambaBlock(nn.Module):
    """Pre-norm Mamba-2 block: x + Mamba2(LN(x)) (arXiv:2405.21060, Section 7).

    The norm has no weights of its own: a gain would be one with the input projection that follows.
    """

    def __init__(self, dim: int, config: Mamba) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim, eps=config.layer_norm_eps, elementwise_affine=False)
        self.mamba = Mamba2(
            dim,
            d_state=config.ssm_state_size,
            d_conv=config.conv_size,
            expand=config.expand_factor,
            headdim=config.headdim,
            bias=config.bias,
            conv_bias=config.conv_bias,
        )

    def forward(
        self,
        x: Tensor,
        valid: Tensor | None = None,  # noqa: ARG002
        angles: Tensor | None = None,  # noqa: ARG002
    ) -> Tensor:
        """Map x (batch, n, dim) to the same shape; a token sees what is before it.

        Padding stands behind all that is valid, so nothing need be done about it; order needs no positions.
        """
        out: Tensor = x + self.mamba(self.norm(x))
        return out


def build_block(config: Block, dim: int) -> nn.Module:
    """Make the block that a configuration describes, of width dim, with fresh weights."""
    config.check(dim)
    return TransformerBlock(dim, config) if isinstance(config, Transformer) else MambaBlock(dim, config)
