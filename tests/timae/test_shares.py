"""Shares of tokens above thresholds, and the classifier that learns them."""

import numpy as np
import pytest
import torch

from timae.archive import LENGTH, gather
from timae.config import EncoderConfig, Ridge, Transformer
from timae.encoder import Encoder
from timae.model import MultiscaleClassifier
from timae.probe import fit_ridge
from timae.shares import Shares

ENCODER = EncoderConfig(
    input_dim=2,
    emb_size=8,
    num_layers=1,
    block=Transformer(num_heads=2, intermediate_dim=8),
    patch_size=2,
    kernel_size=8,
    positions="rotary",
)


def test_shares_are_shares_and_do_not_depend_on_the_batch() -> None:
    torch.manual_seed(0)
    series = torch.randn(70, 40, 1)
    shares = Shares(Encoder(ENCODER), series, Ridge(n_thresholds=3))
    features = shares(series)
    assert features.shape == (70, 5 * 2 * 4 * 8)
    blocks = features.reshape(70, 10, 4, 8)
    assert blocks[:, :, :3].min() >= 0
    assert blocks[:, :, :3].max() <= 1
    # thresholds are quantiles: a sixth, a half and five sixths of the tokens lie below them
    np.testing.assert_allclose(blocks[:, :, :3].mean(axis=(0, 1, 3)), [5 / 6, 1 / 2, 1 / 6], atol=0.03)
    np.testing.assert_allclose(shares(series[3:5]), features[3:5], atol=1 / 32)


def test_ridge_tells_slow_from_fast_waves() -> None:
    torch.manual_seed(0)
    labels = torch.arange(60) % 2
    phase = torch.rand(60, 1) * 6
    time = torch.linspace(0, 20, 64)
    series = torch.sin(time * (1 + labels.unsqueeze(1) * 0.5) + phase).unsqueeze(-1)
    shares = Shares(Encoder(ENCODER), series[:30], Ridge(n_thresholds=3, longest=256))
    probe = fit_ridge(shares(series[:30]), labels[:30].numpy(), 3, Ridge())
    probabilities = probe.predict_proba(shares(series[30:]))
    assert (probabilities.argmax(axis=1) == labels[30:].numpy()).mean() > 0.9
    assert probabilities[:, 2].max() == 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_multiscale_classifier_takes_any_length_and_no_padding() -> None:
    model = MultiscaleClassifier(ENCODER, 3, (32, 16)).eval()
    assert model(torch.randn(4, 50, 1)).shape == (4, 3)
    assert model(torch.randn(4, 2, 1)).shape == (4, 3)
    with pytest.raises(ValueError, match="no padding"):
        model(torch.randn(4, 50, 1), torch.ones(4, 50, dtype=torch.bool))
    with pytest.raises(ValueError, match="a resolution"):
        MultiscaleClassifier(EncoderConfig(), 3, ())


def test_a_body_holds_equally_many_of_each_set_and_is_the_same_again() -> None:
    splits = [np.full((3, 10), 1, np.float32), np.full((50, 2000), 2, np.float32)]
    body = gather(splits, per_set=5, seed=1)
    assert body.shape == (10, LENGTH, 1)
    assert body[:5].eq(1).all()
    assert body[5:].eq(2).all()
    assert torch.equal(body, gather(splits, per_set=5, seed=1))
