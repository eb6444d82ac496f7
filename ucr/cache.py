"""The parsed copy of a data set: one file, written whole, memory-mapped when read.

Layout: a line with the CRC-32 of the header and the header, which is JSON filled with blanks so that what follows
is aligned; then for train and test in turn the series, float32 (case, time), and the classes, int32 (case,), as
positions in the header's label set.
"""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

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


def write(path: Path, files: Files, header: dict[str, Any], splits: Mapping[str, Arrays]) -> dict[str, Any] | None:
    """Writes the cache file aside and renames it; where nothing can be written, nothing is, and all goes on.

    Args:
        path: the cache file.
        files: the files that were parsed.
        header: what to keep beside the arrays; JSON can hold it.
        splits: the arrays of train and test.

    Returns:
        The header as `read_header` would return it, or None where nothing was written.
    """
    header = header | {
        "version": VERSION,
        "stamp": _stamp(files),
        "files": _hash(files),
        "splits": {name: [*arrays[0].shape, _sum(*arrays)] for name, arrays in splits.items()},
    }
    text = json.dumps(header).encode()
    text = text.ljust(-(-(len(text) + 10) // _ALIGN) * _ALIGN - 10)
    aside = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("xb") as file:
                file.write(b"%08x %s\n" % (crc32(text), text))
                for series, classes in splits.values():
                    file.write(np.ascontiguousarray(series).data)
                    file.write(classes.data)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError:
        return None
    return header | {"offset": len(text) + 10}


def read_header(path: Path, files: Files) -> dict[str, Any] | None:
    """The header of a cache file; None where there is none, it is damaged or cut short, or is of other files."""
    header = _read_header(path)
    if header is None or header["stamp"] == _stamp(files):
        return header
    if header["files"] != _hash(files):
        return None
    # the files were copied or touched, no more: write the new stamp down
    splits = {name: arrays for name in header["splits"] if (arrays := read_split(path, header, name))}
    if len(splits) < len(header["splits"]):
        return None
    return write(path, files, header, splits) or header


def _read_header(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            line = file.readline(2**20)
            size = file.seek(0, os.SEEK_END)
    except OSError:
        return None
    if line[:9] != b"%08x " % crc32(line[9:-1]):
        return None
    header: dict[str, Any] = json.loads(line[9:])
    if header["version"] != VERSION:
        return None
    cells = sum(n_cases * (columns + 1) for n_cases, columns, _ in header["splits"].values())
    return header | {"offset": len(line)} if size == len(line) + 4 * cells else None


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
