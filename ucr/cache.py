"""The parsed copy of a data set: one file, written whole, memory-mapped when read.

Layout: one line of JSON (the header, filled with blanks to a multiple of 64 bytes), then for train and test
in turn the series, float32 (case, time), and the classes, int32 (case,): positions in the header's label set.
"""

import contextlib
import json
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ucr.folders import SplitName

VERSION = 1
_ALIGN = 64

Arrays = tuple[NDArray[np.float32], NDArray[np.int32]]


Files = Mapping[SplitName, Path]


def path_of(place: Path, name: str, folder: Path) -> Path:
    """The cache file in `place` for data set `name` in `folder`, distinct from that of any other folder."""
    return place / f".{name}-{sha256(str(folder.resolve()).encode()).hexdigest()[:8]}.ucr"


def write(path: Path, files: Files, header: dict[str, Any], splits: Mapping[str, Arrays]) -> None:
    """Writes the cache file aside and renames it; where nothing can be written, nothing is, and all goes on.

    Args:
        path: the cache file.
        files: the files that were parsed.
        header: what to keep beside the arrays; JSON can hold it.
        splits: the arrays of train and test.
    """
    header = header | {
        "version": VERSION,
        "stamp": _stamp(files),
        "files": _hash(files),
        "splits": {name: [*arrays[0].shape, _sum(*arrays)] for name, arrays in splits.items()},
    }
    line = json.dumps(header).encode()
    line = line.ljust(-(-(len(line) + 1) // _ALIGN) * _ALIGN - 1) + b"\n"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            try:
                file.write(line)
                for series, classes in splits.values():
                    file.write(np.ascontiguousarray(series).data)
                    file.write(classes.data)
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink()
                raise


def read_header(path: Path, files: Files) -> dict[str, Any] | None:
    """The header of a cache file; None where there is none, it is cut short, or it is of other files."""
    try:
        with path.open("rb") as file:
            line = file.readline(2**20)
        header: dict[str, Any] = json.loads(line)
        cells = sum(n_cases * (columns + 1) for n_cases, columns, _ in header["splits"].values())
        if header["version"] != VERSION or path.stat().st_size != len(line) + 4 * cells:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    header["offset"] = len(line)
    if header["stamp"] == _stamp(files):
        return header
    if header["files"] != _hash(files):
        return None
    # the files were copied or touched, no more: write the new stamp down
    splits = {name: arrays for name in header["splits"] if (arrays := read_split(path, header, name))}
    if len(splits) == len(header["splits"]):
        write(path, files, header, splits)
        return read_header(path, files)
    return None


def read_split(path: Path, header: dict[str, Any], name: str) -> Arrays | None:
    """Maps one split of a cache file into memory (copy on write), or None where its bytes are damaged."""
    offset = header["offset"]
    for other, (n_cases, columns, checksum) in header["splits"].items():
        if other == name:
            cells = np.memmap(path, dtype=np.float32, mode="c", offset=offset, shape=n_cases * (columns + 1))
            series = cells[: n_cases * columns].reshape(n_cases, columns).view(np.ndarray)
            classes = cells[n_cases * columns :].view(np.int32).view(np.ndarray)
            return (series, classes) if _sum(series, classes) == checksum else None
        offset += 4 * n_cases * (columns + 1)
    return None


def _stamp(files: Files) -> list[list[int]]:
    """What tells without reading that files are unchanged: their sizes, inodes and times of change."""
    stats = [file.stat() for file in files.values()]
    return [[stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns] for stat in stats]


def _hash(files: Files) -> str:
    """SHA-256 over the SHA-256 of each file."""
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files.values())).hexdigest()


def _sum(series: NDArray[np.float32], classes: NDArray[np.int32]) -> int:
    """A checksum at the memory's own speed: damage is what it must find, not intent."""
    words = (np.ascontiguousarray(series).view(np.uint32), classes.view(np.uint32))
    return sum(int(np.sum(word, dtype=np.uint64)) for word in words)
