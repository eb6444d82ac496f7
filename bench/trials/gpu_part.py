"""A part of what is measured on a GPU: measurements by name, and where they are made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.places.machine import gpus

Figures = dict[str, Any]
"""What one measurement found; `passed` says whether it kept to a stated bound."""
Plan = Mapping[str, Callable[[], Figures] | str]
"""Measurements by name, in their order; a text in place of one says why it is not made here."""

TIME_WAS_OUT = "time was out"
"""Why there are no figures, where nothing went wrong."""


@dataclass(frozen=True)
class Surroundings:
    """Where a part is measured."""

    device: str
    """cuda or cpu; a CPU gets tiny forms of all parts, which mean nothing but that they work."""
    ends: float
    """When its time is out, by time.monotonic()."""
    folder: Path
    """For whatever it writes; removed in the end."""
    found: Mapping[str, Any]
    """The parts before it, as they stand in the file."""

    @property
    def tiny(self) -> bool:
        """Whether it is only to show that it works."""
        return self.device == "cpu"

    def environment(self) -> dict[str, str]:
        """Of its process: one GPU or none, and compilers that find nothing compiled before."""
        caches = {"TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}
        seen = {"CUDA_VISIBLE_DEVICES": "" if self.tiny else gpus()[0]}
        return seen | {name: str(self.folder / cache) for name, cache in caches.items()}
