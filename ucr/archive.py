"""The archive's facts.

Reads `archive.csv` with the standard library alone: a command that only needs names must start at once.

Source of the facts: the archive's own summary table (H. A. Dau et al., "The UCR Time Series Archive",
IEEE/CAA JAS 6(6), 2019) and the git blob ids of its tsv files.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


class UcrError(ValueError):
    """What a user asked of the archive cannot be done; the message is one line that says why."""


class UcrDataError(UcrError):
    """A data file is not what it should be; the message names the file and, where known, row and column."""


@dataclass(frozen=True)
class Info:
    """The facts about one data set.

    Attributes:
        name: the data set's name in the archive.
        type: kind of data, for example ``ECG`` or ``Motion``.
        n_train: number of training cases.
        n_test: number of test cases.
        n_classes: number of classes.
        length: time points a series, or None where lengths are unequal.
        columns: values a row of the tsv file, the NaN padding of shorter series included.
        missing: whether values are missing inside series.
        znormalised: whether every series is z-normalised on disk.
        ed_error: published error of 1-NN with Euclidean distance, in 0..1; None where nobody published one.
        dtw_learned_error: the same with dynamic time warping, its window learnt on the training split.
        dtw_learned_window: that window, in per cent of the length.
        dtw_error: the same with a full window (100 %).
        labels: the label set as shipped, in order; empty where it is only known from the files.
        blob_train: git blob id of the official TRAIN tsv, or an empty string.
        blob_test: git blob id of the official TEST tsv, or an empty string.
        zenodo_record: number of the data set's Zenodo record, or None.
        lfs_size: bytes of the data set's zip in sktime's mirror, or None.
        lfs_sha256: SHA-256 of that zip, or an empty string.
    """

    name: str
    type: str
    n_train: int
    n_test: int
    n_classes: int
    length: int | None
    columns: int
    missing: bool
    znormalised: bool
    ed_error: float | None = None
    dtw_learned_error: float | None = None
    dtw_learned_window: int | None = None
    dtw_error: float | None = None
    labels: tuple[str, ...] = ()
    blob_train: str = ""
    blob_test: str = ""
    zenodo_record: int | None = None
    lfs_size: int | None = None
    lfs_sha256: str = ""


def label_order(labels: set[str]) -> tuple[str, ...]:
    """Labels in their natural order: by number where all are numbers, else by text."""
    try:
        return tuple(sorted(labels, key=lambda label: (float(label), label)))
    except ValueError:
        return tuple(sorted(labels))


def _read_archive() -> dict[str, Info]:
    def number(text: str) -> int | None:
        return int(text) if text else None

    archive = {}
    with Path(__file__).with_name("archive.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            archive[row["name"]] = Info(
                name=row["name"],
                type=row["type"],
                n_train=int(row["n_train"]),
                n_test=int(row["n_test"]),
                n_classes=int(row["n_classes"]),
                length=number(row["length"]),
                columns=int(row["columns"]),
                missing=row["missing"] == "yes",
                znormalised=row["znormalised"] == "yes",
                ed_error=float(row["ed_error"]),
                dtw_learned_error=float(row["dtw_learned_error"]),
                dtw_learned_window=int(row["dtw_learned_window"]),
                dtw_error=float(row["dtw_error"]),
                labels=tuple(row["labels"].split()),
                blob_train=row["blob_train"],
                blob_test=row["blob_test"],
                zenodo_record=number(row["zenodo_record"]),
                lfs_size=number(row["lfs_size"]),
                lfs_sha256=row["lfs_sha256"],
            )
    return archive


_FACTS = _read_archive()
ARCHIVE: Mapping[str, Info] = MappingProxyType(_FACTS)
"""The 128 data sets in the archive's order: the 85 of 2015, then the 43 added in 2018."""

OLD_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "FiftyWords": "50words",
        "CinCECGTorso": "CinC_ECG_torso",
        "CricketX": "Cricket_X",
        "CricketY": "Cricket_Y",
        "CricketZ": "Cricket_Z",
        "Fish": "FISH",
        "GunPoint": "Gun_Point",
        "Lightning2": "Lighting2",
        "Lightning7": "Lighting7",
        "Mallat": "MALLAT",
        "NonInvasiveFetalECGThorax1": "NonInvasiveFatalECG_Thorax1",
        "NonInvasiveFetalECGThorax2": "NonInvasiveFatalECG_Thorax2",
        "SonyAIBORobotSurface1": "SonyAIBORobotSurface",
        "SonyAIBORobotSurface2": "SonyAIBORobotSurfaceII",
        "SyntheticControl": "synthetic_control",
        "TwoPatterns": "Two_Patterns",
        "UWaveGestureLibraryX": "uWaveGestureLibrary_X",
        "UWaveGestureLibraryY": "uWaveGestureLibrary_Y",
        "UWaveGestureLibraryZ": "uWaveGestureLibrary_Z",
        "Wafer": "wafer",
        "WordSynonyms": "WordsSynonyms",
        "Yoga": "yoga",
    }
)
"""Data sets that the archive of 2015 had under another name → that name."""

BUNDLED = ("ACSF1", "ArrowHead", "GunPoint", "ItalyPowerDemand", "OSULeaf", "PLAID")
"""The data sets that sktime ships, so that they load without a download.

Five equal the archive's files value by value. The sixth, PLAID, lacks the single closing zero that 721 of its
1074 official series carry, so its fingerprint differs from the official one.
"""
