"""Where the data lie: the root, a data set's folder and files, and the place of the parsed copies."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from ucr.archive import ARCHIVE, BUNDLED, OLD_NAMES, UcrError

SplitName = Literal["train", "test"]
SPLITS: tuple[SplitName, SplitName] = ("train", "test")
FORMS = (".tsv", ".tsv.gz", ".ts", ".csv", ".txt", "")
"""Endings of a split's file, the official form first; the last are those of the archive of 2015."""
BOTH = ".npz"
"""Ending of a file of both splits."""


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
        stems = [f"{known}_{split.upper()}" for known in names_of(name)]
        paths = [folder / f"{stem}{form}" for stem in stems for form in FORMS] + [folder / f"{name}{BOTH}"]
        # of a name that is too long for a file, Path.is_file says so by an error
        if (file := next((path for path in paths if os.path.isfile(path)), None)) is not None:  # noqa: PTH113
            files[split] = file
    return files


def names_of(name: str) -> tuple[str, ...]:
    """The names that a data set goes by: its own, and what the archive of 2015 called it."""
    return (name, OLD_NAMES[name]) if name in OLD_NAMES else (name,)


def find_folder(name: str, root: str | Path | None = None, bundled: bool = True) -> Path | None:
    """The folder that holds both splits of data set `name`, or None; sktime's copy comes after the root."""
    return next((folder for folder, files in _folders(name, root, bundled) if len(files) == len(SPLITS)), None)


def _folders(name: str, root: str | Path | None, bundled: bool) -> Iterator[tuple[Path, dict[SplitName, Path]]]:
    """Folders where data set `name` may lie, and its files there; none where its name would lead out of the root."""
    if "/" in name or name in ("", ".", ".."):
        return
    places = [find_root(root), find_root(root) / "UCRArchive_2018"]
    if bundled and name in BUNDLED:
        places += _bundle()
    for place in places:
        for known in names_of(name):
            yield place / known, find_files(place / known, name)


def half_there(name: str, root: str | Path | None = None) -> str:
    """What of a data set is missing, in words, where one of its files is under the root; else nothing."""
    for folder, files in _folders(name, root, bundled=False):
        for split in SPLITS:
            if files and split not in files:
                [there] = files.values()
                return f"{folder} has {there.name}, and no {name}_{split.upper()} in any of the forms that are read"
    return ""


def own_data_sets(root: str | Path | None = None) -> list[str]:
    """Names of the data sets under the root that are none of the archive's, in alphabetical order."""
    place = find_root(root)
    found = [folder.name for folder in place.iterdir() if folder.is_dir()] if place.is_dir() else []
    known = {other for name in ARCHIVE for other in names_of(name)}
    return sorted(name for name in found if name not in known and len(find_files(place / name, name)) == len(SPLITS))


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
    if half := half_there(name, root):
        raise UcrError(f"{name} lacks a file: {half}")
    if name not in ARCHIVE:
        raise UcrError(
            f"{name} is no data set of the archive, and {place} has no folder {name} with {name}_TRAIN.tsv "
            f"and {name}_TEST.tsv"
        )
    flag = f" --root {place}" if root else ""
    raise UcrError(f"{name} is not under {place}; download it: python -m ucr download {name}{flag}")


def cache_folder() -> Path:
    """Where the parsed copies belong: ``UCR_CACHE`` where it is set, else in the user's cache folder."""
    override = os.environ.get("UCR_CACHE")
    return Path(override).expanduser() if override else user_cache_path("timae-bench") / "parsed"
