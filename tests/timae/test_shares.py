"""Shares of tokens above thresholds, and the classifier that learns them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from timae.config import EncoderConfig, Pooling, Ridge, Transformer
from timae.encoder import Encoder
from timae.model import MultiscaleClassifier
from timae.probe import RidgeProbe
from timae.shares import Shares
from timae.views import stretch

ENCODER = EncoderConfig(
    differences=True,
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
    shares = Shares(Encoder(ENCODER), series, Ridge(n_thresholds=3), 0)
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
    shares = Shares(Encoder(ENCODER), series[:30], Ridge(n_thresholds=3, longest=256), 0)
    probe = RidgeProbe(shares(series[:30]), labels[:30].numpy(), 3)
    probabilities = probe.predict_proba(shares(series[30:]))
    assert (probabilities.argmax(axis=1) == labels[30:].numpy()).mean() > 0.9
    assert probabilities[:, 2].max() == 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("pooling", "n_poolings"), [("mean", 1), ("max", 1), ("cls", 1), ("mean+max", 2), ("mean+max+share", 3)]
)
def test_every_layer_is_pooled_at_every_resolution_as_asked_for(pooling: Pooling, n_poolings: int) -> None:
    encoder = replace(ENCODER, cls_embed=pooling == "cls")
    model = MultiscaleClassifier(encoder, 3, (32, 16), pooling).eval()
    series = torch.randn(4, 50, 1)
    pooled = model.represent(series)
    assert pooled.shape == (4, 2 * (ENCODER.num_layers + 1) * n_poolings * ENCODER.emb_size)
    features = model.encoder(stretch(series, 32))
    first = {
        "mean": features.layers[0].mean(dim=1),
        "max": features.layers[0].amax(dim=1),
        "cls": features.layers[0][:, -1],
    }
    torch.testing.assert_close(pooled[:, : ENCODER.emb_size], first[pooling.partition("+")[0]])


def test_a_classifier_of_several_resolutions_has_no_cls_token_unless_it_is_asked_for() -> None:
    with pytest.raises(ValueError, match="cls_embed=True"):
        MultiscaleClassifier(ENCODER, 3, (32,), "cls")


def test_shares_are_those_of_tokens_without_the_cls_token() -> None:
    torch.manual_seed(0)
    series, encoder = torch.randn(5, 40, 1), Encoder(replace(ENCODER, cls_embed=True))
    before = Shares(encoder, series, Ridge(n_thresholds=2), 0)(series)
    with torch.no_grad():
        assert encoder.cls is not None
        encoder.cls += 1e6
    after = Shares(encoder, series, Ridge(n_thresholds=2), 0)(series)
    layer = ENCODER.emb_size * 3
    np.testing.assert_array_equal(before[:, :layer], after[:, :layer])  # what enters the first block


def test_multiscale_classifier_takes_any_length_and_no_padding() -> None:
    model = MultiscaleClassifier(ENCODER, 3, (32, 16)).eval()
    assert model(torch.randn(4, 50, 1)).shape == (4, 3)
    assert model(torch.randn(4, 2, 1)).shape == (4, 3)
    with pytest.raises(ValueError, match="no padding"):
        model(torch.randn(4, 50, 1), torch.ones(4, 50, dtype=torch.bool))
    with pytest.raises(ValueError, match="a resolution"):
        MultiscaleClassifier(EncoderConfig(), 3, ())
