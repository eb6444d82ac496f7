"""What numbers of a given width can tell apart: which width series need, and which series say nothing."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
"""float32 or float64."""

LOST = 1e-5
"""Share of a series' range that rounding its values to float32 may move one of them by: a hundredth of what the last
digit of an archive's file may."""
STEPS = 4
"""So many steps of resolution are rounding, not signal."""


def ranges(series: Floats, real: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The range (case,) of each series (case, time), NaN aside, and its largest absolute value; zeros where all is NaN.

    Args:
        series: (case, time).
        real: (case, time), False where values do not count; by default, where they are NaN.
    """
    real = ~np.isnan(series) if real is None else real
    low = series.min(axis=1, where=real, initial=np.inf).astype(np.float64)
    high = series.max(axis=1, where=real, initial=-np.inf).astype(np.float64)
    low, high = (np.where(real.any(axis=1), bound, 0.0) for bound in (low, high))
    return high / 2 - low / 2, np.maximum(-low, high)  # halved, for the whole of it may be beyond float64


def constant(series: Floats, real: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Whether each series (case, time) is constant, (case,): it never leaves a few steps of its own resolution."""
    half_range, largest = ranges(series, real)
    step = np.spacing(largest.astype(series.dtype)).astype(np.float64)
    return np.asarray(half_range <= STEPS / 2 * step)


def narrow(*splits: NDArray[np.float64]) -> list[Floats]:
    """Splits (case, time) in float32 where that loses nothing that matters, else as they are.

    Pressures about 10⁵ that move by tenths, or volts of 10⁻⁴⁰, stay in float64; integers, and whatever has a range not
    much smaller than its values, is as well told in float32, in half the room.
    """
    with np.errstate(over="ignore"):
        narrowed = [series.astype(np.float32) for series in splits]
    lossless = all(map(_keeps, splits, narrowed))
    return [*narrowed] if lossless else [*splits]


def _keeps(series: NDArray[np.float64], narrowed: NDArray[np.float32]) -> bool:
    """Whether float32 keeps what each series is made of."""
    error = np.abs(series - narrowed).max(axis=1, where=~np.isnan(series), initial=0.0)
    return bool(((error <= LOST * 2 * ranges(series)[0]) | constant(series)).all())
