"""What an encoder is pre-trained on: the train series of one data set, or those of many as one body of data."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timae.config import ARCHIVE_LENGTH
from timae.training import derive_seed
from timae.views import stretch
from ucr.prepare import Prepared

Series = NDArray[np.float32]

PER_SET = 256
"""Series drawn of each data set: equally many, so that what is learnt is not that of the largest few."""
SAME = 1e-6
"""Two normalised series are the same where the mean square of their difference is less: 0.1 % of their deviation,
which forgives digits that one file prints and another does not."""


@dataclass(frozen=True)
class Body:
    """Series without labels, read when they are asked for."""

    key: dict[str, Any]
    """What decides them, as plain JSON values."""
    read: Callable[[], tuple[Tensor, Tensor | None]]
    """Returns series (case, time, 1), and where they are valid (case, time), or None for everywhere."""

    @classmethod
    def of(cls, cases: Prepared) -> "Body":
        """The series of one prepared split."""
        data = sha256(cases.series.tobytes() + (b"" if cases.mask is None else cases.mask.tobytes()))
        return cls({"data": data.hexdigest(), "shape": list(cases.series.shape)}, lambda: tensors(cases))

    @classmethod
    def of_many(cls, key: dict[str, Any], splits: Callable[[], Iterable[tuple[Series, Series]]], seed: int) -> "Body":
        """The train series of many data sets.

        Args:
            key: what decides splits.
            splits: gives prepared train and test series (case, time) of each data set, in an order that does not
                change. Test series serve one purpose: what equals one of them is left out.
            seed: of the draw.
        """

        def read() -> tuple[Tensor, None]:
            trains, tests = zip(*splits(), strict=True)
            return gather(without_test_series(trains, tests), PER_SET, seed), None

        return cls({**key, "per_set": PER_SET}, read)


def without_test_series(trains: Iterable[Series], tests: Iterable[Series]) -> list[Series]:
    """Leave out of each train split (case, time) whatever is a test series of any of the data sets.

    The archive has families whose members split the same series differently (the GunPoint sets, the Phalanx sets,
    BeetleFly and BirdChicken within ShapesAll, Chinatown within MelbournePedestrian): a train series of one is a
    test series of the other. Some data sets also repeat a train series in their own test split.

    Args:
        trains: normalised series of each data set.
        tests: likewise; only equal lengths are compared.
    """
    of_length: dict[int, list[Series]] = defaultdict(list)
    for test in tests:
        of_length[test.shape[1]].append(test)
    kept = []
    for train in trains:
        alone = np.ones(len(train), dtype=bool)
        for test in of_length[train.shape[1]]:
            alone &= _nearest(train, test) >= SAME
        kept.append(train[alone])
    return kept


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


def tensors(cases: Prepared) -> tuple[Tensor, Tensor | None]:
    """Prepared series as (case, time, 1), and where they are valid (case, time), or None for everywhere."""
    valid = None if cases.mask is None else torch.from_numpy(cases.mask)
    return torch.from_numpy(cases.series).unsqueeze(-1), valid
