"""Synthetic series: seeded, normalised, and not of one kind."""

import pytest
import torch

from timae.config import Pretraining
from timae.synthetic import synthetic_series


def test_series_are_normalised_and_follow_from_the_seed() -> None:
    series = synthetic_series(50, 300, 0)
    assert series.shape == (50, 300, 1)
    assert series.dtype == torch.float32
    assert torch.equal(series, synthetic_series(50, 300, 0))
    assert not torch.equal(series, synthetic_series(50, 300, 1))
    drawn = synthetic_series(50, 256, 0)  # as they are drawn
    torch.testing.assert_close(drawn.mean(dim=1), torch.zeros(50, 1), atol=1e-5, rtol=0)
    deviation = drawn.std(dim=1, correction=0)
    torch.testing.assert_close(deviation, torch.ones(50, 1), atol=1e-2, rtol=0)


def test_fewer_are_the_first_of_many() -> None:
    assert torch.equal(synthetic_series(7, 64, 3), synthetic_series(40, 64, 3)[:7])


def test_they_range_from_smooth_to_rough() -> None:
    roughness = synthetic_series(400, 256, 0).diff(dim=1).square().mean(dim=(1, 2))
    assert roughness.quantile(0.9) > 20 * roughness.quantile(0.1)  # white noise has 2
    assert roughness.quantile(0.9) > 0.3


def test_none_are_negative_or_without_resolutions() -> None:
    with pytest.raises(ValueError, match="synthetic must not be negative, got -1"):
        Pretraining(10, resolutions=(32,), synthetic=-1)
    with pytest.raises(ValueError, match="synthetic series need resolutions"):
        Pretraining(10, synthetic=1)
