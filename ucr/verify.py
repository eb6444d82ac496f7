"""Whether files are the archive's: by git blob id, else by what can be counted in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ucr import tsv
from ucr.archive import ARCHIVE, Info, UcrDataError, label_order
from ucr.folders import BOTH, SPLITS, SplitName, find_files
from ucr.labels import require_classes, unify
from ucr.npz import read_npz
from ucr.resolution import Floats, narrow

Check = Literal["blob", "facts"]
"""How a file was verified: byte by byte, or by its sizes, lengths and labels only."""

RECORD = "source.json"
"""Lies beside downloaded files."""


@dataclass(frozen=True)
class Parsed:
    """Both splits of a data set as shipped.

    Attributes:
        info: what the files say; of an archive's data set, what the archive and the files agree on.
        series: (case, time) for each split, of the same number of columns; float32 where that keeps what they are.
        labels: text (case,) for each split, each class under one spelling.
    """

    info: Info
    series: Mapping[SplitName, Floats]
    labels: Mapping[SplitName, list[str]]


def read(name: str, files: Mapping[SplitName, Path]) -> Parsed:
    """Parses both files of a data set and holds them against the archive's facts.

    Raises:
        UcrDataError: a file is broken, or is not what the archive has under this name.
    """
    known = ARCHIVE.get(name)
    splits = {split: _read_split(files[split], split, known.columns if known else 0) for split in SPLITS}
    columns = max(series.shape[1] for series, _ in splits.values())
    wide = [_widen(values, columns) for values, _ in splits.values()]
    labels = unify({split: names for split, (_, names) in splits.items()})
    if known is None:
        require_classes(labels, files)
    series = dict(zip(SPLITS, narrow(*wide), strict=True))
    info = _facts(name, series, labels)
    if known:
        _compare(known, info, bool(np.isnan(series["train"]).any() or np.isnan(series["test"]).any()), files)
        if any(_is_old(file) for file in files.values()):
            _check_blobs(name, files, exact=True)
    return Parsed(info, series, labels)


def _read_split(file: Path, split: SplitName, columns: int) -> tuple[NDArray[np.float64], list[str]]:
    return read_npz(file, split) if file.suffix == BOTH else tsv.read(file, columns)


def _is_old(file: Path) -> bool:
    """Whether a file is in a form that other versions of the archive have."""
    return file.suffix != ".ts" and not tsv.is_official(file)


def check(name: str, files: Mapping[SplitName, Path], exact: bool) -> dict[SplitName, Check]:
    """Verifies the files of an archive's data set.

    A ``.ts`` file is held against the blob id of the tsv it gives. Only where lengths are unequal or values are
    missing is that not exactly the official one, so that there, and where no blob id is known, the facts decide.

    Args:
        name: the data set.
        files: its two files.
        exact: whether the files claim to be the official ones, so that their blob ids must agree.

    Returns:
        For each split, how it was verified.

    Raises:
        UcrDataError: a file differs from the archive's.
    """
    checks = _check_blobs(name, files, exact)
    if "facts" in checks.values():
        read(name, files)
    return checks


def _check_blobs(name: str, files: Mapping[SplitName, Path], exact: bool) -> dict[SplitName, Check]:
    """For each split, whether its blob id is the archive's; where it must be and is not, the file is refused."""
    info = ARCHIVE[name]
    exact = exact or (info.length is not None and not info.missing)
    checks: dict[SplitName, Check] = {}
    for split, official in zip(SPLITS, (info.blob_train, info.blob_test), strict=True):
        if files[split].suffix == BOTH:
            raise UcrDataError(f"{files[split]}: {name} is the archive's; data of your own need a name of their own")
        found = git_blob(files[split], info.columns)
        if official and found != official and exact:
            what = ": its values are not those of 2018" if _is_old(files[split]) else ""
            raise UcrDataError(f"{files[split]}{what}: its git blob id is {found[:12]}, the archive's {official[:12]}")
        checks[split] = "blob" if found == official else "facts"
    return checks


def write_record(folder: Path, source: str, files: Mapping[SplitName, Path], checks: Mapping[SplitName, Check]) -> None:
    """Notes beside downloaded files where they came from, how they were verified, and their blob ids."""
    splits = {split: {"check": checks[split], "blob": git_blob(files[split])} for split in SPLITS}
    (folder / RECORD).write_text(json.dumps({"source": source, **splits}, indent=1) + "\n")


def recheck(name: str, folder: Path) -> dict[SplitName, Check]:
    """Verifies installed files again: against the archive, and against the record of their download.

    Raises:
        UcrDataError: a file differs.
    """
    files = find_files(folder, name)
    try:
        record = json.loads((folder / RECORD).read_bytes())
        weaker = any(record[split]["check"] == "facts" for split in SPLITS)
        recorded = {split: record[split]["blob"] for split in SPLITS}
    except FileNotFoundError:
        weaker, recorded = False, {}
    except (ValueError, KeyError, TypeError) as error:
        raise UcrDataError(f"{folder / RECORD}: not the record of a download: {error!r}") from error
    for split, file in files.items():
        if recorded and git_blob(file) != recorded[split]:
            raise UcrDataError(f"{file}: differs from what was downloaded from {record['source']}")
    return check(name, files, exact=not weaker and all(map(tsv.is_official, files.values())))


def git_blob(file: Path, columns: int = 0) -> str:
    """The id that git would give the tsv that a file holds, in whatever form."""
    content = tsv.as_tsv(file, columns)
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _widen(series: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    missing = columns - series.shape[1]
    return np.pad(series, ((0, 0), (0, missing)), constant_values=np.nan) if missing else series


def _facts(name: str, series: Mapping[SplitName, Floats], labels: Mapping[SplitName, list[str]]) -> Info:
    """What the files themselves say; NaN at a series' end counts as padding, elsewhere as missing."""
    values = np.concatenate([series[split] for split in SPLITS])
    present = ~np.isnan(values)
    columns = values.shape[1]
    lengths = np.where(present.any(1), columns - present[:, ::-1].argmax(1), 0)
    count = np.maximum(present.sum(1), 1)
    with np.errstate(over="ignore"):  # what is that large is not normalised
        mean = values.sum(1, where=present, dtype=np.float64) / count
        power = np.square(values, dtype=np.float64).sum(1, where=present) / count
    classes = label_order({label for split in SPLITS for label in labels[split]})
    return Info(
        name=name,
        type="own",
        n_train=len(series["train"]),
        n_test=len(series["test"]),
        n_classes=len(classes),
        length=columns if (lengths == columns).all() else None,
        columns=columns,
        missing=bool((present.sum(1) < lengths).any()),
        znormalised=bool(np.allclose(mean, 0, atol=1e-3) and np.allclose(power, 1, atol=0.1)),
        labels=classes,
    )


def _compare(known: Info, found: Info, has_nan: bool, files: Mapping[SplitName, Path]) -> None:
    """Refuses files under an archive name that are not the archive's."""
    facts = [(fact, getattr(known, fact), getattr(found, fact)) for fact in ("n_train", "n_test", "n_classes")]
    facts.append(("values a row", known.columns, found.columns))
    facts.append(("NaN in the series", known.missing or known.length is None, has_nan))
    if known.labels:
        facts.append(("labels", " ".join(known.labels), " ".join(found.labels)))
    for fact, expected, value in facts:
        if value != expected:
            raise UcrDataError(
                f"{files['train'].parent}: {known.name} differs from the archive's: {fact}: expected {expected}, "
                f"got {value}; this copy is altered or out of date, download it again"
            )
