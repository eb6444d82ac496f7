"""Axes as in timae.encoder. The variants that every property must hold for stand in ENCODERS."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timae.config import EncoderConfig, Mamba, Transformer
from timae.encoder import Embedding, Encoder, differences, n_parameters
from timae.masking import Masking, random_masking

BLOCKS = {
    "transformer": Transformer(num_heads=2, intermediate_dim=16),
    "mamba": Mamba(num_heads=2, ssm_state_size=8),
}
few = settings(max_examples=15, deadline=None)
variants = st.builds(
    EncoderConfig,
    emb_size=st.just(8),
    num_layers=st.integers(1, 2),
    block=st.sampled_from(list(BLOCKS.values())),
    patch_size=st.integers(1, 4),
    cls_embed=st.booleans(),
    positions=st.sampled_from(["sincos", "none"]),
    input_dim=st.integers(1, 2),
    differences=st.booleans(),
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (EncoderConfig(cls_embed=True, block=Transformer(out_proj=False)), 91_712),
        (EncoderConfig(cls_embed=True, num_layers=1, block=Mamba()), 35_696),
        (EncoderConfig(cls_embed=True, num_layers=1, block=Mamba(), emb_size=512), 1_714_688),
    ],
)
def test_sizes_of_the_known_encoders(config: EncoderConfig, expected: int) -> None:
    assert n_parameters(Encoder(config)) == expected


@given(config=variants, batch=st.integers(1, 3), time=st.integers(1, 30))
@few
def test_shapes(config: EncoderConfig, batch: int, time: int) -> None:
    features = Encoder(config)(torch.randn(batch, time, config.input_dim))
    n = -(-time // config.patch_size)
    assert features.tokens.shape == (batch, n, 8)
    assert features.valid is None
    assert len(features.layers) == config.num_layers + 1
    assert {tuple(layer.shape) for layer in features.layers} == {(batch, n + config.cls_embed, 8)}
    if config.cls_embed:
        assert features.cls is not None
        assert features.cls.shape == (batch, 8)
    else:
        assert features.cls is None


@given(config=variants, time=st.integers(9, 30), seed=st.integers(0, 99), data=st.data())
@few
def test_hidden_values_leave_no_trace(config: EncoderConfig, time: int, seed: int, data: st.DataObject) -> None:
    torch.manual_seed(seed)
    encoder, series = Encoder(config), torch.randn(3, time, config.input_dim)
    valid = None
    if data.draw(st.booleans(), "padding"):
        lengths = torch.tensor(data.draw(st.lists(st.integers(1, time), min_size=3, max_size=3)))
        valid = torch.arange(time) < lengths.unsqueeze(1)
    tokens = None if valid is None else encoder.valid_tokens(valid)
    masking = random_masking(3, encoder.embedding.n_tokens(time), 0.6, tokens)
    hidden = masking.hidden.repeat_interleave(config.patch_size, dim=1)[:, :time]
    if valid is not None:
        hidden = hidden | ~valid
    other = series.masked_fill(hidden.unsqueeze(-1), float("nan"))
    for ours, theirs in zip(encoder(series, masking, valid), encoder(other, masking, valid), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@given(config=variants, time=st.integers(5, 30), shift=st.integers(0, 2))
@few
def test_visible_values_do_leave_a_trace(config: EncoderConfig, time: int, shift: int) -> None:
    torch.manual_seed(shift)
    encoder, series = Encoder(config), torch.randn(1, time, config.input_dim)
    masking = random_masking(1, encoder.embedding.n_tokens(time), 0.5)
    visible = ~masking.hidden.repeat_interleave(config.patch_size, dim=1)[:, :time]
    other = series + visible.unsqueeze(-1)
    assert not torch.allclose(encoder(series, masking).tokens, encoder(other, masking).tokens)


@given(config=variants, length=st.integers(1, 20), padding=st.integers(1, 9))
@few
def test_padding_changes_nothing(config: EncoderConfig, length: int, padding: int) -> None:
    encoder = Encoder(config)
    length *= config.patch_size  # else the last patch is filled in two ways: by its last value, or by nothing
    series = torch.randn(2, length, config.input_dim)
    alone = encoder(series)
    padded = torch.cat([series, torch.full((2, padding, config.input_dim), float("nan"))], dim=1)
    features = encoder(padded, valid=(torch.arange(length + padding) < length).expand(2, -1))
    n = alone.tokens.shape[1]
    assert features.valid is not None
    assert features.valid.sum(dim=1).tolist() == [n, n]
    assert features.valid[:, :n].all()
    torch.testing.assert_close(features.tokens[:, :n], alone.tokens)
    torch.testing.assert_close(features.cls, alone.cls)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("cls_embed", [False, True])
def test_a_case_of_padding_alone_is_finite(block: Transformer | Mamba, cls_embed: bool) -> None:
    encoder = Encoder(EncoderConfig(emb_size=8, block=block, cls_embed=cls_embed))
    features = encoder(torch.full((1, 6, 1), float("nan")), valid=torch.zeros(1, 6, dtype=torch.bool))
    assert features.valid is not None
    assert features.tokens[features.valid].isfinite().all()
    assert features.cls is None or features.cls.isfinite().all()


def test_cls_behind_a_causal_block_has_seen_the_whole_series() -> None:
    encoder = Encoder(EncoderConfig(emb_size=8, block=BLOCKS["mamba"], cls_embed=True))
    series = torch.randn(1, 12, 1, requires_grad=True)
    cls = encoder(series).cls
    assert cls is not None
    cls.square().sum().backward()
    assert series.grad is not None
    assert (series.grad != 0).all()


def test_visible_tokens_keep_their_positions() -> None:
    encoder = Encoder(EncoderConfig(emb_size=8, block=BLOCKS["transformer"]))
    masking = random_masking(2, 10, 0.5)
    first = encoder(torch.zeros(2, 10, 1), masking).layers[0]
    everywhere = encoder(torch.zeros(2, 10, 1)).layers[0]
    for case in range(2):
        torch.testing.assert_close(first[case], everywhere[case, masking.visible[case]])


def test_differences_have_one_size_whatever_the_series() -> None:
    series = torch.randn(3, 1, 50).cumsum(dim=2) * torch.tensor([1.0, 10.0, 100.0]).view(3, 1, 1)
    steps = differences(series)
    torch.testing.assert_close(steps.square().sum(dim=2), torch.full((3, 1), 49.0), atol=0.05, rtol=0)
    assert differences(torch.zeros(1, 1, 5)).eq(0).all()
    assert differences(torch.ones(1, 1, 1)).eq(0).all()


def test_a_difference_needs_both_its_ends() -> None:
    series = torch.tensor([[[0.0, 1.0, 2.0, 9.0, 4.0, 5.0]]])
    unseen = torch.tensor([[[False, False, False, True, False, False]]])
    steps = differences(series.masked_fill(unseen, 0.0), unseen)[0, 0]
    torch.testing.assert_close(steps, torch.tensor([0.0, 1.0, 1.0, 0.0, 0.0, 1.0]), atol=1e-3, rtol=0)


@given(patch_size=st.integers(1, 5), channels=st.integers(1, 3), n=st.integers(1, 6))
def test_embedding_is_its_convolution(patch_size: int, channels: int, n: int) -> None:
    config = EncoderConfig(
        input_dim=channels, emb_size=4, patch_size=patch_size, positions="none", block=Transformer(num_heads=2)
    )
    embedding, series = Embedding(config), torch.randn(2, n * patch_size, channels)
    padded = torch.nn.functional.pad(series.transpose(1, 2), (1, 1))
    torch.testing.assert_close(embedding(series), embedding.conv(padded).transpose(1, 2))


def test_without_positions_order_is_lost_to_attention_alone() -> None:
    encoder = Encoder(EncoderConfig(emb_size=8, positions="none", block=BLOCKS["transformer"]))
    spike_early, spike_late = torch.zeros(1, 12, 1), torch.zeros(1, 12, 1)
    spike_early[0, 3], spike_late[0, 8] = 1, 1
    torch.testing.assert_close(encoder(spike_early).tokens.mean(1), encoder(spike_late).tokens.mean(1))


@pytest.mark.parametrize("name", ["input_dim", "emb_size", "num_layers", "patch_size"])
def test_sizes_below_1_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        EncoderConfig(**{name: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("cls_embed", [False, True])
def test_a_wide_window_shows_no_hidden_value(cls_embed: bool) -> None:
    config = EncoderConfig(patch_size=2, kernel_size=8, positions="rotary", cls_embed=cls_embed)
    encoder = Encoder(config).eval()
    series = torch.randn(3, 32, 1)
    masking = random_masking(3, 16, 0.75, span=2)
    changed = torch.where(masking.hidden.repeat_interleave(2, dim=1).unsqueeze(-1), series + 7, series)
    assert not torch.equal(changed, series)
    seen, unchanged = encoder(series, masking), encoder(changed, masking)
    assert torch.equal(seen.tokens, unchanged.tokens)
    if cls_embed:
        assert torch.equal(seen.cls, unchanged.cls)


def test_rotary_positions_are_those_in_the_series_whatever_is_hidden() -> None:
    encoder = Encoder(EncoderConfig(patch_size=2, kernel_size=2, positions="rotary", cls_embed=True)).eval()
    series = torch.randn(2, 20, 1)
    everything = Masking(torch.arange(10).expand(2, -1), None, torch.zeros(2, 10, dtype=torch.bool))
    torch.testing.assert_close(encoder(series, everything).cls, encoder(series).cls)


def test_rotary_tokens_know_distances_and_not_places() -> None:
    encoder = Encoder(EncoderConfig(patch_size=2, kernel_size=2, positions="rotary")).eval()
    series = torch.randn(2, 20, 1)
    at = torch.tensor([[0, 2, 3], [0, 2, 3]])
    shown = torch.ones(2, 10, dtype=torch.bool).scatter(1, at, value=False)
    later = torch.roll(series, 8, dims=1)
    tokens = encoder(series, Masking(at, None, shown)).tokens
    moved = encoder(later, Masking(at + 4, None, torch.roll(shown, 4, dims=1))).tokens
    torch.testing.assert_close(tokens, moved, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(encoder(series).tokens[:, [0, 2, 3]], tokens, atol=1e-3)
