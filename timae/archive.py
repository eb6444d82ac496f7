"""Series of many data sets as one body of data, for a pre-training that all of them share."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timae.training import derive_seed
from timae.views import stretch

LENGTH = 1024
"""Time points of every series in the body: the finest that an encoder is shown."""


def gather(train_splits: Iterable[NDArray[np.float32]], per_set: int, seed: int) -> Tensor:
    """Draw equally many series of each data set: (data sets · per_set, LENGTH, 1).

    Equally many, so that what the encoder learns is not that of the largest few; a train split of fewer is
    repeated. Labels are not asked for.

    Args:
        train_splits: prepared series (case, time) of each data set, in an order that does not change.
        per_set: cases drawn of each.
        seed: of the draw.
    """
    body = []
    for i, series in enumerate(train_splits):
        order = np.random.default_rng(derive_seed(seed, i)).permutation(len(series))
        chosen = torch.from_numpy(series[np.resize(order, per_set)]).unsqueeze(-1)
        body.append(stretch(chosen, LENGTH))
    return torch.cat(body)
