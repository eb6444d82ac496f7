import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from timae.config import POOLINGS, DecoderConfig, EncoderConfig, Mamba, Pooling, Pretraining, Transformer
from timae.encoder import Features, n_parameters
from timae.model import Classifier, MaskedAutoencoder, pool

BLOCK = Transformer(num_heads=2, intermediate_dim=16)
MAMBA = Mamba(num_heads=2, ssm_state_size=8)
few = settings(max_examples=15, deadline=None)


@st.composite
def autoencoders(draw: st.DrawFn) -> MaskedAutoencoder:
    block = draw(st.sampled_from([BLOCK, MAMBA]))
    kind = draw(st.sampled_from(["self", "cross"]))
    encoder = EncoderConfig(
        emb_size=8,
        block=block,
        patch_size=draw(st.integers(1, 3)),
        cls_embed=draw(st.booleans()),
        num_layers=1,
        differences=draw(st.booleans()),
    )
    decoder = DecoderConfig(kind, emb_size=8, num_layers=1, block=BLOCK if kind == "cross" else block)
    ratio = draw(st.sampled_from([0.25, 0.5, 0.75]))
    return MaskedAutoencoder(encoder, Pretraining(1, decoder=decoder, mask_ratio=ratio))


def lengths_to_valid(lengths: list[int], time: int) -> Tensor:
    return torch.arange(time) < torch.tensor(lengths).unsqueeze(1)


@pytest.mark.parametrize(
    ("encoder", "decoder", "expected"),
    [
        (
            EncoderConfig(cls_embed=True, block=Transformer(out_proj=False)),
            DecoderConfig(block=Transformer(intermediate_dim=128, out_proj=False)),
            117_025,
        ),
        (
            EncoderConfig(cls_embed=True, num_layers=1, block=Mamba()),
            DecoderConfig(num_layers=1, block=Mamba()),
            49_449,
        ),
    ],
)
def test_sizes_of_the_known_autoencoders(encoder: EncoderConfig, decoder: DecoderConfig, expected: int) -> None:
    assert n_parameters(MaskedAutoencoder(encoder, Pretraining(1, decoder=decoder))) == expected


@given(model=autoencoders(), time=st.integers(7, 20), seed=st.integers(0, 99), padded=st.booleans())
@few
def test_loss_is_the_mean_squared_error_of_the_hidden_valid_points(
    model: MaskedAutoencoder, time: int, seed: int, padded: bool
) -> None:
    torch.manual_seed(seed)
    series = torch.randn(3, time, 1)
    valid = lengths_to_valid([time, 4, 1], time) if padded else None
    if valid is not None:
        series[~valid] = float("nan")
    loss, values, predicted = model(series, valid)
    assert predicted.any()
    assert valid is None or not (predicted & ~valid).any()
    blank = series if valid is None else series.masked_fill(~valid.unsqueeze(-1), 0.0)
    target = model.encoder.embedding.channels(blank)
    torch.testing.assert_close(loss, (values - target)[predicted].square().mean())
    untouched = ~predicted if valid is None else ~predicted & valid
    assert torch.equal(values[untouched], target[untouched]), "what was visible is given back as it was"
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@given(model=autoencoders(), seed=st.integers(0, 99))
@few
def test_what_stands_in_the_padding_does_not_matter(model: MaskedAutoencoder, seed: int) -> None:
    series, valid = torch.randn(3, 12, 1), lengths_to_valid([12, 5, 2], 12)
    losses = []
    for filling in (0.0, 1e6, float("nan")):
        torch.manual_seed(seed)
        losses.append(model(series.masked_fill(~valid.unsqueeze(-1), filling), valid).loss.item())
    assert losses[0] == losses[1] == losses[2]


@given(model=autoencoders(), seed=st.integers(0, 99))
@few
def test_predictions_do_not_know_the_hidden_values(model: MaskedAutoencoder, seed: int) -> None:
    model.eval()
    series = torch.randn(2, 12, 1)
    torch.manual_seed(seed)
    first = model(series)
    torch.manual_seed(seed)
    second = model(series.masked_fill(first.predicted.unsqueeze(-1), 7.0))
    assert torch.equal(first.predicted, second.predicted)
    assert torch.equal(first.values[first.predicted], second.values[second.predicted])


def test_an_autoencoder_learns() -> None:
    torch.manual_seed(0)
    wave = torch.sin(torch.linspace(0, 12.6, 32) + 6.28 * torch.rand(64, 1)).unsqueeze(-1)
    model = MaskedAutoencoder(
        EncoderConfig(emb_size=32, block=BLOCK), Pretraining(1, decoder=DecoderConfig(block=BLOCK), mask_ratio=0.5)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        loss = model(wave).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-10:]) / 10 < 0.15, "predicting the mean would give 0.5"


def features(tokens: Tensor, valid: Tensor | None = None, cls: Tensor | None = None) -> Features:
    return Features(tokens, cls, valid, (), None)


def test_pooling_done_in_the_head() -> None:
    tokens = torch.tensor([[[1.0, 8.0], [3.0, 0.0], [99.0, 99.0]]])
    valid = torch.tensor([[True, True, False]])
    assert pool(features(tokens, valid), "mean").tolist() == [[2, 4]]
    assert pool(features(tokens, valid), "max").tolist() == [[3, 8]]
    assert pool(features(tokens, valid), "mean+max").tolist() == [[2, 4, 3, 8]]
    assert pool(features(tokens[:, :2]), "mean+max").tolist() == [[2, 4, 3, 8]]
    assert pool(features(tokens, valid, torch.tensor([[5.0, 6.0]])), "cls").tolist() == [[5, 6]]


@given(block=st.sampled_from([BLOCK, MAMBA]), pooling=st.sampled_from(POOLINGS), padding=st.integers(1, 6))
@few
def test_logits_do_not_depend_on_padding(block: Transformer | Mamba, pooling: Pooling, padding: int) -> None:
    model = Classifier(EncoderConfig(emb_size=8, block=block, cls_embed=pooling == "cls"), 3, pooling)
    series = torch.randn(2, 9, 1)
    padded = torch.cat([series, torch.full((2, padding, 1), float("nan"))], dim=1)
    logits = model(padded, lengths_to_valid([9, 9], 9 + padding))
    assert logits.shape == (2, 3)
    torch.testing.assert_close(logits, model(series))


def test_what_cannot_be_pooled_is_refused() -> None:
    with pytest.raises(ValueError, match="pooling 'cls' needs an encoder with cls_embed=True"):
        Classifier(EncoderConfig(), 2, "cls")
    with pytest.raises(ValueError, match="pooling 'cls' needs an encoder with cls_embed=True"):
        pool(features(torch.zeros(1, 2, 2)), "cls")
    with pytest.raises(ValueError, match=r"pooling must be one of cls, .* got 'sum'"):
        pool(features(torch.zeros(1, 2, 2)), "sum")  # type: ignore[arg-type]


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 classes, got 1"):
        Classifier(EncoderConfig(), 1)
    with pytest.raises(ValueError, match="at least 2 tokens, got 1: use a smaller patch_size"):
        MaskedAutoencoder(EncoderConfig(patch_size=8), Pretraining(1))(torch.randn(1, 8, 1))
