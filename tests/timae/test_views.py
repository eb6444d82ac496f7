"""Views: every point is shown as often as it should be, and at the right place."""

import pytest
import torch

from timae.config import WIDTH, Ridge, View
from timae.views import random_windows, show, stretch


@pytest.mark.parametrize("n_timepoints", [2, 24, 256, 257, 2844])
def test_views_go_from_coarse_to_the_series_own_resolution(n_timepoints: int) -> None:
    views = Ridge().views(n_timepoints)
    parts = [view.n_timepoints // (view.phases * view.windows) for view in views]
    assert parts[:5] == [16, 32, 64, 128, 256]
    assert set(parts[5:]) <= {WIDTH}
    assert views[-1].n_timepoints == min(max(n_timepoints, 256), 1024) or n_timepoints == 257
    assert Ridge().views(257)[-1] == View(512, 1, 2)


def test_phases_are_dealt_out_and_windows_cut() -> None:
    series = torch.arange(2 * 8.0).view(2, 8, 1)
    phases = show(series, View(8, 2, 1))[..., 0]
    assert phases.tolist() == [[0, 2, 4, 6], [1, 3, 5, 7], [8, 10, 12, 14], [9, 11, 13, 15]]
    windows = show(series, View(8, 1, 2))[..., 0]
    assert windows.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]


def test_stretching_keeps_ends_and_straight_lines() -> None:
    line = torch.linspace(-1, 1, 5).view(1, 5, 1)
    torch.testing.assert_close(stretch(line, 17), torch.linspace(-1, 1, 17).view(1, 17, 1))


@pytest.mark.parametrize("least", [0.25, 1.0])
def test_windows_are_parts_of_a_line_no_shorter_than_asked(least: float) -> None:
    torch.manual_seed(0)
    line = torch.linspace(0, 1, 30).view(1, 30, 1).expand(200, -1, -1)
    windows = random_windows(line, 64, least)
    share = windows[:, -1] - windows[:, 0]
    assert windows.min() >= 0
    assert windows.max() <= 1 + 1e-6
    assert share.min() >= least - 1e-5
    torch.testing.assert_close(windows, windows[:, :1] + share.unsqueeze(1) * torch.linspace(0, 1, 64).view(1, 64, 1))
