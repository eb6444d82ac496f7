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


def find_files(folder: Path, name: str) -> dict[SplitName, Path]:
    """The files of data set `name` in `folder` by split; a split whose file is not there is left out."""
    files: dict[SplitName, Path] = {}
    for split in SPLITS:
        paths = (folder / f"{name}_{split.upper()}{form}" for form in FORMS)
        if (file := next((path for path in paths if path.is_file()), None)) is not None:
            files[split] = file
    return files


def find_folder(name: str, root: str | Path | None = None, bundled: bool = True) -> Path | None:
    """The folder that holds both splits of data set `name`, or None; sktime's copy comes after the root."""
    places = [find_root(root), find_root(root) / "UCRArchive_2018"]
    if bundled and name in BUNDLED:
        places += _bundle()
    return next((place / name for place in places if len(find_files(place / name, name)) == len(SPLITS)), None)


def _bundle() -> list[Path]:
    """The folder of the data that sktime ships, found without the cost of its import."""
    sktime = find_spec("sktime")
    return [Path(sktime.origin).parent / "datasets" / "data"] if sktime and sktime.origin else []


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


def cache_folder(folder: Path) -> Path:
    """Where the parsed copy of the files in `folder` belongs.

    That is ``UCR_CACHE`` where it is set, else beside the files, else (a read-only disk, a package's own
    folder) the user's cache folder.
    """
    if override := os.environ.get("UCR_CACHE"):
        return Path(override).expanduser()
    writable = os.access(folder, os.W_OK) and folder.stat().st_mode & 0o222  # whom no mode stops respects it too
    if writable and folder.parent not in _bundle():
        return folder
    return user_cache_path("timae-bench") / "parsed"
