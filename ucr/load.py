"""Loading: what you get is the data set as shipped, or one line that says why not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ucr import cache, verify
from ucr.archive import ARCHIVE, Info
from ucr.folders import SPLITS, SplitName, cache_folder, find_files, locate


@dataclass(frozen=True)
class Split:
    """Train or test.

    Attributes:
        series: (case, time), as shipped; NaN where a value is missing or a short series is padded. float32, or float64
            where float32 would lose what series are made of (`ucr.prepare.narrow`).
        labels: text (case,), as shipped.
    """

    series: NDArray[np.floating]
    labels: NDArray[np.str_]


@dataclass(frozen=True)
class Dataset:
    """A data set as shipped.

    Attributes:
        info: the facts, with the label set of these files.
        train: the training split.
        test: the test split, of the same number of columns.
        sha256: see `fingerprint`.
    """

    info: Info
    train: Split
    test: Split
    sha256: str


def load(name: str, root: str | Path | None = None) -> Dataset:
    """Loads a data set: parsed once, then mapped from the parsed copy.

    Args:
        name: a name of the archive, or of a folder of your own with official-form files under the root.
        root: folder of the data, see `ucr.folders.find_root`.

    Raises:
        UcrError: the data set is not there.
        UcrDataError: its files are not what they should be; the message names file, row and column.
    """
    header, arrays = _parsed(name, root, SPLITS)
    return Dataset(
        info=_info(name, header),
        train=_split(header, arrays["train"]),
        test=_split(header, arrays["test"]),
        sha256=header["sha256"],
    )


def load_split(name: str, split: SplitName, root: str | Path | None = None) -> Split:
    """Loads one split, as `load` does, without touching the parsed copy of the other."""
    header, arrays = _parsed(name, root, (split,))
    return _split(header, arrays[split])


def info_for(name: str, root: str | Path | None = None) -> Info:
    """The facts about a data set: the archive's, else derived from the files; always with the label set."""
    header, _ = _parsed(name, root, ())
    return _info(name, header)


def fingerprint(name: str, root: str | Path | None = None) -> str:
    """SHA-256 over the parsed values and labels of both splits: the same in whatever form the files are."""
    header, _ = _parsed(name, root, ())
    return str(header["sha256"])


def _parsed(
    name: str, root: str | Path | None, wanted: tuple[SplitName, ...]
) -> tuple[dict[str, Any], dict[str, cache.Arrays]]:
    """The header and the wanted splits of the parsed copy, which is made where there is no sound one."""
    folder = locate(name, root)
    files = find_files(folder, name)
    path = cache.path_of(cache_folder(), name, folder)
    if header := cache.read_header(path, files):
        mapped: dict[str, cache.Arrays] = {
            split: arrays for split in wanted if (arrays := cache.read_split(path, header, split))
        }
        if len(mapped) == len(wanted):
            return header, mapped
    header, parsed = _parse(name, files)
    cache.write(path, files, header, parsed)
    return header, parsed


def _parse(name: str, files: Mapping[SplitName, Path]) -> tuple[dict[str, Any], dict[str, cache.Arrays]]:
    parsed = verify.read(name, files)
    classes = parsed.info.labels
    position = {label: i for i, label in enumerate(classes)}
    arrays: dict[str, cache.Arrays] = {
        split: (parsed.series[split], np.array([position[label] for label in parsed.labels[split]], np.int32))
        for split in SPLITS
    }
    return {"info": asdict(parsed.info), "labels": classes, "sha256": _hash(classes, arrays)}, arrays


def _hash(labels: tuple[str, ...], arrays: dict[str, cache.Arrays]) -> str:
    digest = sha256("\t".join(labels).encode())
    for series, classes in arrays.values():
        digest.update(b"%d,%d\0" % series.shape)
        digest.update(np.where(np.isnan(series), series.dtype.type(np.nan), series).astype(f"<f{series.itemsize}").data)
        digest.update(classes.astype("<i4").data)
    return digest.hexdigest()


def _info(name: str, header: dict[str, Any]) -> Info:
    labels = tuple(header["labels"])
    if known := ARCHIVE.get(name):
        return replace(known, labels=labels)
    return Info(**{**header["info"], "labels": labels})


def _split(header: dict[str, Any], arrays: cache.Arrays) -> Split:
    series, classes = arrays
    return Split(series=series, labels=np.array(header["labels"])[classes])
