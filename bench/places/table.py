"""Where runs may run: every place is one entry of PLACES."""

from collections.abc import Mapping
from typing import Any

from bench.places import local, slurm
from bench.places.place import Place

PLACES: Mapping[str, Place[Any]] = {"local": local, "slurm": slurm}
"""What --executor says → the place."""
