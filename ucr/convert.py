"""Data of one's own, in whatever form they are, as a data set that everything here knows by its name."""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ucr import tsv, verify
from ucr.archive import ARCHIVE, OLD_NAMES, Info, UcrDataError, UcrError
from ucr.folders import BOTH, FORMS, SPLITS, SplitName, find_root
from ucr.npz import read_npz

PICKLE = ".pkl"
"""Ending of a nested frame of pandas. Reading it runs code: it must be one's own."""
NAME = re.compile(r"[^\W_][\w.-]*")
"""What can be a data set's name without quotes, and without meaning anything else to a selector."""

Cases = tuple[list[NDArray[np.float64]], list[str]]
"""Series (time,) of whatever lengths, and their labels."""


def convert(place: Path, name: str, root: str | Path | None = None) -> Info:
    """Writes what lies in a place as data set `name` under the root, in the archive's form.

    Args:
        place: a folder with one file whose name ends with ``_TRAIN`` and one with ``_TEST``, in any form that is read
            or as pickled nested frames of sktime (``.pkl``: a column of series, a column of labels); an ``.npz`` file;
            or one of these files.
        name: what to call it.
        root: see `ucr.folders.find_root`; made where it is missing.

    Returns:
        The facts about it.

    Raises:
        UcrError: the name is taken or can be none, or there are no such files.
        UcrDataError: what is in them is no data set.
    """
    return write(name, {split: _read(file, split) for split, file in _files(place).items()}, root)


def write(name: str, splits: dict[SplitName, Cases], root: str | Path | None = None) -> Info:
    """Writes a data set under the root, whole or not at all; see `convert`."""
    if not NAME.fullmatch(name):
        raise UcrError(f"{name!r} can be no data set's name; expected letters, digits, dots, dashes and underscores")
    if name in ARCHIVE or name in OLD_NAMES.values():
        raise UcrError(f"{name} is a data set of the archive; data of your own need a name of their own")
    place = find_root(root)
    if (place / name).exists():
        raise UcrError(f"{place / name} is there already; remove it, or choose another name")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".convert-") as staging:
        folder = Path(staging) / name
        folder.mkdir()
        files = {split: folder / f"{name}_{split.upper()}.tsv" for split in SPLITS}
        for split, (series, labels) in splits.items():
            width = max(map(len, series))
            with files[split].open("w", encoding="utf-8") as file:
                file.writelines(_line(label, case, width) for case, label in zip(series, labels, strict=True))
        try:
            info = verify.read(name, files).info
        except UcrDataError as error:
            raise UcrDataError(str(error).replace(f"{folder}/", "")) from error
        folder.replace(place / name)
    return info


def _line(label: str, case: NDArray[np.float64], width: int) -> str:
    values = [repr(value).replace("nan", "NaN") for value in case.tolist()]
    return "\t".join([label, *values, *["NaN"] * (width - len(case))]) + "\n"


def _files(place: Path) -> dict[SplitName, Path]:
    """The file of each split."""
    if place.is_file() and place.suffix == BOTH:
        return dict.fromkeys(SPLITS, place)
    folder, stem = (place, "") if place.is_dir() else (place.parent, re.sub(r"_(TRAIN|TEST)\b.*", "", place.name))
    if not place.exists():
        raise UcrError(f"{place}: there is no such folder or file")
    found: dict[SplitName, Path] = {}
    for split in SPLITS:
        endings = [f"_{split.upper()}{form}" for form in (*FORMS, PICKLE)]
        matches = [
            file
            for file in sorted(folder.iterdir())
            if file.is_file() and file.name.endswith(tuple(endings)) and file.name.startswith(stem)
        ]
        if len(matches) != 1:
            named = ", ".join(file.name for file in matches) or "none"
            raise UcrError(f"{folder}: expected one file that ends with _{split.upper()}, got {named}")
        found[split] = matches[0]
    return found


def _read(file: Path, split: SplitName) -> Cases:
    if file.suffix == PICKLE:
        return from_nested(pd.read_pickle(file), str(file))  # noqa: S301 (the user's own file, as the help says)
    series, labels = read_npz(file, split) if file.suffix == BOTH else tsv.read(file)
    return [*series], labels


def from_nested(frame: Any, where: str) -> Cases:
    """Takes a nested frame of sktime apart: one column with a series a cell, and one with labels.

    Args:
        frame: (case, 2).
        where: for messages.

    Raises:
        UcrDataError: it is no such frame.
    """
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        raise UcrDataError(f"{where}: is {type(frame).__name__}, expected a frame of pandas with cases")
    nested = [name for name in frame.columns if isinstance(frame[name].iloc[0], pd.Series | np.ndarray)]
    others = [name for name in frame.columns if name not in nested]
    if len(nested) != 1 or len(others) != 1:
        raise UcrDataError(
            f"{where}: {len(nested)} columns of series and {len(others)} others; expected one of series (one channel) "
            "and one of labels"
        )
    return _arrays(frame[nested[0]], where), [str(label) for label in frame[others[0]]]


def _arrays(cells: Iterable[Any], where: str) -> list[NDArray[np.float64]]:
    try:
        return [np.asarray(cell, dtype=np.float64) for cell in cells]
    except (TypeError, ValueError) as error:
        raise UcrDataError(f"{where}: a series holds what is no number: {error}") from error
