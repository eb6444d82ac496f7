"""What an encoder is pre-trained on: the train series of one data set, or those of many as one body of data."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timae.config import ARCHIVE_LENGTH
from timae.training import derive_seed
from timae.views import stretch
from ucr.archive import Info
from ucr.load import Split, load
from ucr.prepare import Preparation, Prepared, by_length, fit
from ucr.resolution import Floats

Series = Floats

PER_SET = 256
"""Series drawn of each data set: equally many, so that what is learnt is not that of the largest few."""
SAME = 1e-6
"""Two normalised series are the same where the mean square of their difference is less: 0.1 % of their deviation,
which forgives digits that one file prints and another does not."""
SHORTEST = 8
"""Time points from which two series can be the same: of fewer, normalised ones are alike by chance."""


@dataclass(frozen=True)
class Body:
    """Series without labels, read when they are asked for."""

    key: dict[str, Any]
    """What decides them, as plain JSON values."""
    read: Callable[[], Tensor]
    """Returns series (case, time, 1)."""

    @classmethod
    def of(cls, cases: Prepared) -> "Body":
        """The series of one prepared split."""
        data = sha256(cases.series.tobytes())
        return cls({"data": data.hexdigest(), "shape": list(cases.series.shape)}, lambda: tensor(cases))

    @classmethod
    def empty(cls) -> "Body":
        """No series at all: for a pre-training that has its own."""
        return cls({}, lambda: torch.empty(0, ARCHIVE_LENGTH, 1))

    @classmethod
    def of_many(cls, key: dict[str, Any], splits: Callable[[], Iterable["Splits"]], seed: int) -> "Body":
        """The train series of many data sets, without those that are test series of any of them.

        Args:
            key: what decides splits.
            splits: gives those of each data set, in an order that does not change.
            seed: of the draw.
        """

        def read() -> Tensor:
            return gather(learnable([*splits()]), PER_SET, seed)

        return cls({**key, "per_set": PER_SET}, read)


class Splits(NamedTuple):
    """What a body takes of one data set; arrays are (case, time)."""

    prepared: Series
    """Train series as an encoder is to see them."""
    train: Series
    """The same as shipped: NaN where a value is missing and behind shorter series."""
    tests: Sequence[Series]
    """Series as shipped that nothing may be learnt from."""

    @classmethod
    def of(cls, train: Split, test: Split, info: Info, preparation: Preparation) -> "Splits":
        """Prepare what a data set's train split gives, beside its test split."""
        return cls(fit(train, info, preparation)(train).series, train.series, [test.series])

    @classmethod
    def load(cls, name: str, root: str | None, preparation: Preparation) -> "Splits":
        """Load and prepare the archive's own split of a data set."""
        dataset = load(name, root)
        return cls.of(dataset.train, dataset.test, dataset.info, preparation)


def learnable(splits: Sequence[Splits]) -> list[Series]:
    """Prepared train series (case, time) of each data set, without those that are test series of any of them."""
    alone = without_test_series([s.train for s in splits], [test for s in splits for test in s.tests])
    return [s.prepared[kept] for s, kept in zip(splits, alone, strict=True)]


def without_test_series(trains: Sequence[Series], tests: Iterable[Series]) -> list[NDArray[np.bool_]]:
    """Find the train series that are no test series of any of the data sets.

    The archive has families whose members split the same series differently (the GunPoint sets, the Phalanx sets,
    the Wiimote sets, BeetleFly and BirdChicken within ShapesAll, Chinatown within MelbournePedestrian): a train series
    of one is a test series of the other. Some data sets also repeat a train series in their own test split. A data set
    pads its series to its own longest, so they are compared without padding.

    Args:
        trains: series of each data set as shipped, (case, time).
        tests: likewise, of as many data sets as there are.

    Returns:
        For each of trains, True (case,) where a series is nobody's test series.
    """
    of_length: dict[int, list[Series]] = defaultdict(list)
    for test in tests:
        for length, (_, series) in by_length(test).items():
            of_length[length].append(series)
    found = []
    for train in trains:
        alone = np.ones(len(train), dtype=bool)
        for length, (at, series) in by_length(train).items():
            if length >= SHORTEST and (others := of_length.get(length)):
                alone[at] = _nearest(series, np.concatenate(others)) >= SAME
        found.append(alone)
    return found


def shared_with(
    seen: Iterable[str], names: Iterable[str], root: str | None, *, whole: bool
) -> dict[str, dict[str, int]]:
    """Find what an encoder learnt from under another name: train series of data sets that it saw, in others.

    Args:
        seen: data sets that the encoder learnt from, as `learnable` has it.
        names: data sets of which it saw none by name.
        root: folder of the archive; None: UCR_ROOT.
        whole: whether the others' train series count too, as where they are split anew; else test series alone.

    Returns:
        Of each of names that has such, the data sets that it shares series with, and how many.
    """
    splits = {name: load(name, root) for name in seen}
    trains = [split.train.series for split in splits.values()]
    found = {}
    for name in names:
        other = load(name, root)
        parts = [other.test.series, other.train.series] if whole else [other.test.series]
        theirs = [train[~alone] for train, alone in zip(trains, without_test_series(trains, parts), strict=True)]
        if any(map(len, theirs)):  # but what is a test series of any that it saw was left out
            tests = (split.test.series for split in splits.values())
            counts = [int(alone.sum()) for alone in without_test_series(theirs, tests)]
            if shared := {each: n for each, n in zip(splits, counts, strict=True) if n}:
                found[name] = shared
    return found


def _nearest(series: Series, others: Series) -> NDArray[np.float64]:
    """Mean square difference (case,) between each series (case, time) and the one of others that is nearest to it."""
    length = series.shape[1]
    series, others = series.astype(np.float64), others.astype(np.float64)
    size, other_size = (np.square(x).sum(axis=1) for x in (series, others))
    nearest = np.full(len(series), np.inf)
    for i in range(0, len(others), 4096):
        square = size[:, None] + other_size[i : i + 4096] - 2 * series @ others[i : i + 4096].T
        nearest = np.minimum(nearest, square.min(axis=1) / length)
    return nearest


def gather(train_splits: Iterable[Series], per_set: int, seed: int) -> Tensor:
    """Draw equally many series of each data set: (data sets · per_set, ARCHIVE_LENGTH, 1).

    A train split of fewer is repeated, one of none is passed over.
    """
    body = []
    for i, series in enumerate(train_splits):
        if len(series):
            order = np.random.default_rng(derive_seed(seed, i)).permutation(len(series))
            chosen = torch.from_numpy(series[np.resize(order, per_set)]).unsqueeze(-1)
            body.append(stretch(chosen, ARCHIVE_LENGTH))
    return torch.cat(body)


def tensor(cases: Prepared) -> Tensor:
    """Prepared series as (case, time, 1).

    Raises:
        ValueError: they are padded.
    """
    if cases.mask is not None:
        raise ValueError("series are stretched to one length, not padded: prepare with unequal='resample'")
    return torch.from_numpy(cases.series).unsqueeze(-1)
