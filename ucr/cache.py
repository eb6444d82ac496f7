"""The parsed copy of a data set: one file, written whole, memory-mapped when read.

Layout: a line with the CRC-32 of the header and the header, which is JSON filled with blanks so that what follows
is aligned; then for train and test in turn the series (case, time), float32 or float64 as the header says, and the
classes, int32 (case,), as positions in the header's label set; zeros fill both up to a multiple of 8 bytes.

All copies lie in one folder, which is kept below a bound: those that nobody has read for longest go first.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ucr.folders import SplitName

VERSION = 2
BOUND = 4 * 2**30
"""Bytes that all copies may have together; those of the whole archive have less than one GiB."""
_ALIGN = 64
_ENDING = ".ucr"

Arrays = tuple[NDArray[np.floating], NDArray[np.int32]]


Files = Mapping[SplitName, Path]


def path_of(place: Path, name: str, folder: Path) -> Path:
    """The cache file in `place` for data set `name` in `folder`, distinct from that of any other folder."""
    return place / f"{name}-{sha256(str(folder.resolve()).encode()).hexdigest()[:16]}{_ENDING}"


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
        "dtype": str(next(iter(splits.values()))[0].dtype),
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
                    file.write(bytes(-(series.nbytes + classes.nbytes) % 8))
            aside.replace(path)
            _keep_bound(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError:
        return None
    return header | {"offset": len(text) + 10}


def read_header(path: Path, files: Files) -> dict[str, Any] | None:
    """The header of a cache file; None where there is none, it is damaged or cut short, or is of other files."""
    header = _read_header(path)
    if header is None or header["stamp"] == _stamp(files):
        with suppress(OSError):
            os.utime(path)  # it is in use
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
    sizes = [_size(header, name) for name in header["splits"]]
    return header | {"offset": len(line)} if size == len(line) + sum(sizes) else None


def _size(header: dict[str, Any], name: str) -> int:
    """Bytes of one split."""
    n_cases, columns, _ = header["splits"][name]
    n_bytes = n_cases * (columns * np.dtype(header["dtype"]).itemsize + 4)
    return int(-(-n_bytes // 8) * 8)


def read_split(path: Path, header: dict[str, Any], name: str) -> Arrays | None:
    """Maps one split of a cache file into memory (copy on write), or None where its bytes are damaged."""
    offset = header["offset"]
    for other in header["splits"]:
        if other == name:
            break
        offset += _size(header, other)
    n_cases, columns, checksum = header["splits"][name]
    dtype = np.dtype(header["dtype"])
    try:
        mapped = np.memmap(path, dtype=np.uint8, mode="c", offset=offset, shape=_size(header, name)).view(np.ndarray)
    except (OSError, ValueError):  # it made room for others at this moment
        return None
    series = mapped[: n_cases * columns * dtype.itemsize].view(dtype).reshape(n_cases, columns)
    classes = mapped[series.nbytes :].view(np.int32)[:n_cases]
    return (series, classes) if _sum(series, classes) == checksum else None


def clear(place: Path) -> tuple[int, int]:
    """Removes all copies; returns how many there were, and their bytes."""
    found = total(place)
    for path, _, _ in _copies(place):
        path.unlink(missing_ok=True)
    return found


def total(place: Path) -> tuple[int, int]:
    """How many copies there are in a folder, and their bytes."""
    copies = _copies(place)
    return len(copies), sum(size for _, size, _ in copies)


def _keep_bound(kept: Path) -> None:
    """Removes those that nobody has read for longest until all are within the bound; what is mapped stays mapped."""
    copies = _copies(kept.parent)
    excess = sum(size for _, size, _ in copies) - BOUND
    for path, size, _ in sorted(copies, key=lambda copy: copy[2]):
        if excess > 0 and path != kept:
            path.unlink(missing_ok=True)
            excess -= size


def _copies(place: Path) -> list[tuple[Path, int, int]]:
    """The copies in a folder, drafts of killed processes among them: path, bytes, time of last use."""
    found = []
    for path in place.glob(f"*{_ENDING}*"):
        with suppress(OSError):
            stat = path.stat()
            found.append((path, stat.st_size, stat.st_mtime_ns))
    return found


def _stamp(files: Files) -> list[list[int]]:
    """What tells without reading that files are unchanged: their sizes, inodes and times of change."""
    stats = [file.stat() for file in files.values()]
    return [[stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns] for stat in stats]


def _hash(files: Files) -> str:
    """SHA-256 over the SHA-256 of each file."""
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files.values())).hexdigest()


def _sum(series: NDArray[Any], classes: NDArray[np.int32]) -> int:
    """A checksum at the memory's own speed: damage is what it must find, not intent."""
    words = (np.ascontiguousarray(series).view(np.uint32), classes.view(np.uint32))
    return sum(int(np.sum(word, dtype=np.uint64)) for word in words)
