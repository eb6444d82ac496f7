"""Two measurements on installed data: its numbers are the archive's, and reading it is fast."""

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sklearn.neighbors import KNeighborsClassifier

from ucr import prepare, tsv
from ucr.archive import UcrError
from ucr.folders import SPLITS, find_files, locate
from ucr.load import Dataset, load


def ed_error(dataset: Dataset) -> float:
    """Test error, in 0..1, of 1-NN with Euclidean distance on z-normalised series, gaps filled linearly."""
    preparer = prepare.fit(dataset.train, dataset.info)
    train, test = preparer(dataset.train), preparer(dataset.test)
    nearest = KNeighborsClassifier(n_neighbors=1, algorithm="brute")
    nearest.fit(train.series.astype("f8"), train.labels)
    return float((nearest.predict(test.series.astype("f8")) != test.labels).mean())


@dataclass(frozen=True)
class LoadTimes:
    """Seconds that reading the same data sets took, in one run.

    Attributes:
        megabytes: size of their files.
        sktime: by sktime's reader of tsv files.
        parse: by ours.
        first: loading them with nothing cached: parsing, checking, hashing, writing the parsed copies.
        warm: loading them again, every value checked.
    """

    megabytes: float
    sktime: float
    parse: float
    first: float
    warm: float


def time_loading(names: Sequence[str], root: str | Path | None = None) -> LoadTimes:
    """Times parsing and loading of installed data sets.

    Raises:
        UcrError: a data set is not there, or not as tsv files.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sktime's import
        from sktime.datasets import load_from_ucr_tsv_to_dataframe as read_by_sktime  # noqa: PLC0415  (takes 2 s)
    files = [find_files(locate(name, root), name)[split] for name in names for split in SPLITS]
    if other := [file for file in files if file.suffix != ".tsv"]:
        raise UcrError(f"{other[0]} is no tsv file, the form on which sktime's reader can be compared")
    size = sum(len(file.read_bytes()) for file in files)  # and into the system's memory: all start alike
    tsv.read(files[0])  # what the first call imports is not parsing
    sktime = parse = 0.0
    for file in files:  # in turn, so that what else the machine does hits both alike
        parse += _seconds(partial(tsv.read, file))
        sktime += _seconds(partial(read_by_sktime, str(file)))
    cache = os.environ.get("UCR_CACHE")
    with tempfile.TemporaryDirectory() as place:
        os.environ["UCR_CACHE"] = place
        try:
            return LoadTimes(
                megabytes=size / 1e6,
                sktime=sktime,
                parse=parse,
                first=_seconds(lambda: [load(name, root) for name in names]),
                warm=_seconds(lambda: [load(name, root) for name in names]),
            )
        finally:
            os.environ.pop("UCR_CACHE")
            if cache is not None:
                os.environ["UCR_CACHE"] = cache


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
