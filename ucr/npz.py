"""Both splits of a data set as one file of numpy's: ``X_train``, ``y_train``, ``X_test`` and ``y_test``."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ucr.archive import UcrDataError
from ucr.folders import SplitName


def read_npz(path: Path, split: SplitName) -> tuple[NDArray[np.float64], list[str]]:
    """Reads one split.

    Args:
        path: an ``.npz`` file; X is (case, time) or (case, 1, time), y is (case,) of numbers or texts.
        split: which.

    Returns:
        The series, float64 (case, time) with NaN where a value is missing or padded; the labels.

    Raises:
        UcrDataError: the file cannot be read, lacks an array, or one is of another shape or kind.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:  # a pickle would run code
            series, labels = arrays[f"X_{split}"], arrays[f"y_{split}"]
    except KeyError:
        raise UcrDataError(
            f"{path}: has no X_{split} and y_{split}; expected X_train, y_train, X_test, y_test"
        ) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UcrDataError(
            f"{path}: cannot be read: {' '.join(str(error).split())}; expected arrays of numbers, NaN behind shorter "
            "series, and labels that are numbers or texts"
        ) from error
    if series.ndim == 3 and series.shape[1] == 1:
        series = series[:, 0]
    if series.ndim != 2 or labels.shape != (len(series),) or not series.size:
        raise UcrDataError(
            f"{path}: X_{split} has shape {series.shape} and y_{split} {labels.shape}; expected (case, time) or "
            "(case, 1, time), and (case,)"
        )
    if series.dtype.kind not in "fiu" or labels.dtype.kind not in "fiubU":
        raise UcrDataError(
            f"{path}: X_{split} holds {series.dtype} and y_{split} {labels.dtype}; expected numbers and "
            "numbers or texts"
        )
    series = series.astype(np.float64)
    if len(infinite := np.argwhere(np.isinf(series))):
        case, time = infinite[0]
        raise UcrDataError(f"{path}: X_{split}[{case}, {time}] is infinite")
    texts = [str(label).strip() for label in labels.tolist()]
    if strange := [label for label in texts if label.lower() in ("", "nan")]:
        raise UcrDataError(f"{path}: y_{split} holds {strange[0]!r}, expected a class label")
    return series, texts
