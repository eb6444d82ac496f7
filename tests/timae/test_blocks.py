import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timae.blocks import (
    CrossAttention,
    CrossBlock,
    MambaBlock,
    SelfAttention,
    TransformerBlock,
    attend,
    build_block,
    sincos_positions,
)
from timae.config import Mamba, Transformer


def heads_by_hand(q: Tensor, k: Tensor, v: Tensor, num_heads: int) -> Tensor:
    width = q.shape[-1] // num_heads
    outputs = []
    for head in range(num_heads):
        at = slice(head * width, (head + 1) * width)
        scores = q[..., at] @ k[..., at].transpose(1, 2) / math.sqrt(width)
        outputs.append(scores.softmax(dim=-1) @ v[..., at])
    return torch.cat(outputs, dim=-1)


def test_attention_divides_by_the_root_of_the_head_width() -> None:
    q, k, v = torch.randn(2, 5, 12), torch.randn(2, 7, 12), torch.randn(2, 7, 12)
    torch.testing.assert_close(attend(q, k, v, 3, None, 0.0), heads_by_hand(q, k, v, 3))


def test_attention_ignores_keys_that_are_not_valid() -> None:
    q, k, v = torch.randn(2, 5, 12), torch.randn(2, 7, 12), torch.randn(2, 7, 12)
    valid = torch.arange(7) < torch.tensor([[4], [7]])
    out = attend(q, k, v, 3, valid, 0.0)
    torch.testing.assert_close(out[:1], heads_by_hand(q[:1], k[:1, :4], v[:1, :4], 3))
    torch.testing.assert_close(out[1:], heads_by_hand(q[1:], k[1:], v[1:], 3))


def test_self_attention_agrees_with_torch() -> None:
    ours, theirs = SelfAttention(12, 3, qkv_bias=True, out_proj=True, dropout=0.0), nn.MultiheadAttention(12, 3)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.qkv.weight,
            "in_proj_bias": ours.qkv.bias,
            "out_proj.weight": ours.out.weight,
            "out_proj.bias": ours.out.bias,
        }
    )
    x = torch.randn(2, 9, 12)
    expected, _ = theirs(x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1))
    torch.testing.assert_close(ours(x), expected.transpose(0, 1))


def test_transformer_block_adds_to_what_came_in_not_to_its_norm() -> None:
    block = TransformerBlock(12, Transformer(num_heads=3, intermediate_dim=24, activation="relu"))
    x = 5 + 3 * torch.randn(2, 9, 12)
    attended = x + block.attention(F.layer_norm(x, (12,)))
    inner = F.relu(block.feed_forward.expand(F.layer_norm(attended, (12,))))
    torch.testing.assert_close(block(x), attended + block.feed_forward.contract(inner))


def test_mamba_block_is_prenorm_and_its_norm_has_no_weights() -> None:
    block = MambaBlock(12, Mamba(num_heads=2, ssm_state_size=8))
    x = 5 + 3 * torch.randn(2, 9, 12)
    torch.testing.assert_close(block(x), x + block.mamba(F.layer_norm(x, (12,))))
    assert not list(block.norm.parameters())


def test_cross_block_keeps_queries_apart() -> None:
    block = CrossBlock(8, 12, Transformer(num_heads=2, intermediate_dim=16))
    queries, features = torch.randn(2, 5, 8), torch.randn(2, 7, 12)
    together = block(queries, features)
    alone = torch.cat([block(queries[:, i : i + 1], features) for i in range(5)], dim=1)
    torch.testing.assert_close(together, alone)


def test_cross_attention_ignores_features_that_are_not_valid() -> None:
    attention = CrossAttention(8, 12, num_heads=2, dropout=0.0)
    queries, features = torch.randn(1, 5, 8), torch.randn(1, 7, 12)
    valid = torch.arange(7).unsqueeze(0) < 4
    torch.testing.assert_close(attention(queries, features, valid), attention(queries, features[:, :4]))


def test_dropout_acts_in_training_alone() -> None:
    block = TransformerBlock(12, Transformer(num_heads=3, dropout=0.5, attention_dropout=0.5))
    x = torch.randn(2, 9, 12)
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert torch.equal(block(x), block(x))


def test_positions_are_sines_and_cosines() -> None:
    table = sincos_positions(50, 6)
    for position, pair in [(0, 0), (1, 0), (49, 1), (7, 2)]:
        angle = position / 10_000 ** (pair / 3)
        expected = [math.sin(angle), math.cos(angle)]
        assert table[position, 2 * pair : 2 * pair + 2].tolist() == pytest.approx(expected, abs=1e-5)
    assert sincos_positions(4, 5).shape == (4, 5)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (Transformer(num_heads=3), "num_heads must divide the width: got num_heads 3, width 16"),
        (Transformer(num_heads=0), "num_heads must divide the width"),
        (Transformer(activation="tanh"), "activation must be one of gelu, relu, silu, got 'tanh'"),  # type: ignore[arg-type]
        (Transformer(dropout=1.0), r"dropout must lie in \[0, 1\), got 1.0"),
        (Transformer(intermediate_dim=0), "intermediate_dim must be at least 1, got 0"),
        (Mamba(num_heads=3), "num_heads must divide ssm_state_size: got num_heads 3, ssm_state_size 64"),
        (Mamba(num_heads=1), "must divide expand_factor × width: got 64 and 32"),
        (Mamba(conv_size=0), "conv_size and expand_factor must be at least 1, got 0 and 2"),
    ],
)
def test_what_cannot_be_built_is_refused(config: Transformer | Mamba, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_block(config, 16)
