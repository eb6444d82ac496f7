"""Where the data lie: the root, a data set's folder and files, and the place of the parsed copies."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from ucr.archive import ARCHIVE, BUNDLED, UcrError

SplitName = Literal["train", "test"]
SPLITS: tuple[SplitName, SplitName] = ("train", "test")
FORMS = (".tsv", ".tsv.gz", ".ts")
"""Endings of a split's file, the official form first."""


def find_root(root: str | Path | None = None) -> Path:
    """The folder of the data: the argument, else ``UCR_ROOT``, else the user's cache folder.

    A root holds ``<Name>/<Name>_TRAIN.tsv`` itself or in a folder ``UCRArchive_2018``. It need not exist yet.
    """
    chosen = root or os.environ.get("UCR_ROOT") or user_cache_path("timae-bench") / "ucr"
    return Path(chosen).expanduser()


def find_file(folder: Path, name: str, split: SplitName) -> Path | None:
    """The file of one split of data set `name` in `folder`, or None."""
    paths = (folder / f"{name}_{split.upper()}{form}" for form in FORMS)
    return next((path for path in paths if path.is_file()), None)


def find_folder(name: str, root: str | Path | None = None) -> Path | None:
    """The folder that holds both splits of data set `name`, or None; sktime's copy comes after the root."""
    places = [find_root(root), find_root(root) / "UCRArchive_2018"]
    if name in BUNDLED and (sktime := find_spec("sktime")) is not None and sktime.origin is not None:
        # found without the cost of an import
        places.append(Path(sktime.origin).parent / "datasets" / "data")
    for place in places:
        folder = place / name
        if find_file(folder, name, "train") and find_file(folder, name, "test"):
            return folder
    return None


def locate(name: str, root: str | Path | None = None) -> Path:
    """The folder that holds both splits of data set `name`.

    Args:
        name: a name of the archive, or of a folder of your own under the root.
        root: see `find_root`.

    Raises:
        UcrError: the given root does not exist, or the data set is neither under it nor bundled.
    """
    place = find_root(root)
    if (root or os.environ.get("UCR_ROOT")) and not place.is_dir():
        raise UcrError(f"the data root {place} does not exist; give the folder of the data sets' folders")
    if (folder := find_folder(name, root)) is not None:
        return folder
    if name not in ARCHIVE:
        raise UcrError(
            f"{name} is no data set of the archive, and {place} has no folder {name} with {name}_TRAIN.tsv "
            f"and {name}_TEST.tsv"
        )
    flag = f" --root {place}" if root else ""
    raise UcrError(f"{name} is not under {place}; download it: python -m ucr download {name}{flag}")


def cache_folder(folder: Path, name: str) -> Path:
    """Where the parsed copy of the files in `folder` belongs.

    That is ``UCR_CACHE`` where it is set, else beside the files, else (a read-only disk, a package's own
    folder) the user's cache folder.
    """
    if override := os.environ.get("UCR_CACHE"):
        return Path(override).expanduser()
    if name not in BUNDLED and os.access(folder, os.W_OK):
        return folder
    return user_cache_path("timae-bench") / "parsed"
