"""What a contest may cost: the models' presets, and what only a contest asks of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from timae.presets import PRESETS, Preset


@dataclass(frozen=True)
class Price(Preset):
    """A preset, for whoever competes."""

    dtw_max_length: int | None = None
    """1-NN DTW sees longer series sub-sampled to this many time points: its price grows with the square."""
    reference: Mapping[str, tuple[float, float | None]] = field(default_factory=dict)
    """Method → accuracy and macro F1 (None: not published) that the unofficial implementation reports."""


_MORE: dict[str, dict[str, Any]] = {
    "smoke": {"dtw_max_length": 32},
    "quick": {"dtw_max_length": 256},
    "standard": {"dtw_max_length": 256},
    "ecg5000": {
        "reference": {
            "timae-cls": (0.9376, None),
            "timae": (0.9416, None),
            "timae-mamba": (0.9358, 0.611),
            "timae-mamba-large-cls": (0.9271, 0.641),
            "timae-mamba-large": (0.9298, 0.621),
        }
    },
}

PRICES = {name: Price(**vars(preset), **_MORE.get(name, {})) for name, preset in PRESETS.items()}
"""name → price, of every preset of the models."""
