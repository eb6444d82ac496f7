"""How a series is shown to an encoder: stretched to a resolution, whole or in parts.

Axes: case, time, channel. All series are stretched to the same few lengths, so that one encoder, and the
positions that it knows, fit every data set.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from timae.config import View


def show(series: Tensor, view: View) -> Tensor:
    """Parts (case · part, time, 1) of series (case, time, 1), the parts of a case together."""
    parts: Tensor = stretch(series, view.n_timepoints)
    if view.phases > 1:
        parts = parts.unflatten(1, (-1, view.phases)).transpose(1, 2)
    else:
        parts = parts.unflatten(1, (view.windows, -1))
    return parts.flatten(0, 1)


def stretch(series: Tensor, n_timepoints: int) -> Tensor:
    """Series (case, time, channel) at n_timepoints equally distant places, by linear interpolation."""
    if series.shape[1] == n_timepoints:
        return series
    stretched: Tensor = F.interpolate(series.transpose(1, 2), n_timepoints, mode="linear", align_corners=True)
    return stretched.transpose(1, 2)


def random_windows(series: Tensor, n_timepoints: int, least: float) -> Tensor:
    """Cut a random window from each case and stretch it to n_timepoints, by linear interpolation.

    Args:
        series: (case, time, channel).
        n_timepoints: of the result.
        least: the smallest share of the length a window may have, in (0, 1]; logarithms of shares are uniform.
    """
    batch = len(series)
    share = least ** torch.rand(batch, 1, device=series.device)
    return cut(series, (1 - share) * torch.rand(batch, 1, device=series.device), share, n_timepoints)


def cut(series: Tensor, start: Tensor, share: Tensor, n_timepoints: int) -> Tensor:
    """Stretch a window of each case (case, time, channel) to n_timepoints, by linear interpolation.

    Where it starts and how long it is, both (case, 1), are shares of the length.
    """
    time = series.shape[1]
    at = (start + share * torch.linspace(0, 1, n_timepoints, device=series.device)) * (time - 1)
    left = at.long().clamp(max=max(time - 2, 0))
    weight = (at - left).unsqueeze(-1)
    left = left.unsqueeze(-1).expand(-1, -1, series.shape[2])
    return torch.lerp(series.gather(1, left), series.gather(1, (left + 1).clamp(max=time - 1)), weight)
