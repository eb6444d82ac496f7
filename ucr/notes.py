"""What a reader of a result should know of its data: oddities that are allowed, but not passed over in silence."""

from collections.abc import Sequence

import numpy as np

from ucr.load import Split
from ucr.prepare import Preparer
from ucr.resolution import constant

MANY = 0.1
"""Share of a split's series that are constant from which that is said."""
EQUALISED = {
    "resample": "they are squeezed to it",
    "pad": "what is beyond it is cut",
    "truncate": "what is beyond the shortest is cut",
}
NAMED = 5
"""So many classes are named."""


def notes(train: Split, test: Split, preparer: Preparer) -> list[str]:
    """Says what is odd about a data set, a sentence each: nothing about most.

    Args:
        train: the train split, as shipped.
        test: the test split, as shipped.
        preparer: fitted to the train split.
    """
    said = []
    known = set(train.labels.tolist())
    if strange := [label for label in preparer.classes if label in set(test.labels.tolist()) - known]:
        n = int(np.isin(test.labels, strange).sum())
        named = ", ".join(strange[:NAMED]) + (", …" if len(strange) > NAMED else "")
        said.append(f"{n} of {len(test.labels)} test cases are of classes that no train case has ({named})")
    for name, split in (("train", train), ("test", test)):
        n_cases, empty = len(split.series), np.isnan(split.series).all(axis=1)
        if empty.any():
            said.append(f"{empty.sum()} of {n_cases} {name} cases hold no value and become zeros")
        n_constant = int((constant(split.series) & ~empty).sum())
        if n_constant > MANY * n_cases:
            said.append(f"{n_constant} of {n_cases} {name} series are constant" + _normalised(preparer))
    longest = int((~np.isnan(test.series)).any(axis=0).nonzero()[0].max(initial=-1)) + 1
    trained = int((~np.isnan(train.series)).any(axis=0).nonzero()[0].max(initial=-1)) + 1
    if preparer.unequal and longest > trained:
        how = EQUALISED[preparer.policy.unequal]
        said.append(f"test series have up to {longest} points, train series {trained}: {how}")
    return said


def _normalised(preparer: Preparer) -> str:
    return " and become zeros" if preparer.policy.normalise == "series" else ""


def joined(said: Sequence[str]) -> str:
    """Notes as one sentence."""
    return "; ".join(said)
