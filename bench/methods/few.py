"""Arms with few labels: A@N is method A with the labels of N train cases a class; of an average, A@N+B@N.

The cases are drawn at random, the same for every method, and those of a smaller N are among those of a larger one. All
that learns from labels sees these cases alone: fine-tuning, probes, baselines, and what is decided on left-out train
cases. Pre-training goes without labels and sees all train series, as that of A does: it is the same one.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from bench.methods.method import MethodError

ALL = "all"
"""What --labels calls a method with all labels."""
NAMED = 5
"""So many classes are named."""
NUMBER = re.compile("[1-9][0-9]*")
_ARM = re.compile(f"(.+)@({NUMBER.pattern})")


def labels_of(name: str) -> int | None:
    """Of how many train cases a class a method sees the labels, by its name; None: of all."""
    arm = _ARM.fullmatch(name.partition("+")[0])
    return int(arm[2]) if arm else None


def multiplied(names: Iterable[str], text: str) -> tuple[str, ...]:
    """Methods with each of several numbers of labels a class.

    Args:
        names: of methods with all labels.
        text: the numbers, separated by commas; "all" stands for all labels.

    Raises:
        MethodError: one of them is no such number, or a method has a number of its own.
    """
    words = [word.strip() for word in text.split(",")]
    if wrong := [word for word in words if word != ALL and not NUMBER.fullmatch(word)]:
        raise MethodError(
            f"--labels: expected whole numbers from 1 and {ALL}, separated by commas, got {wrong[0]!r} in {text!r}"
        )
    names = [*names]
    if own := [name for name in names if labels_of(name) is not None]:
        raise MethodError(f"--labels: {own[0]} has a number of labels of its own; leave out the one or the other")
    numbers = [None if word == ALL else int(word) for word in words]
    return tuple(dict.fromkeys(with_labels(name, n) for name in names for n in numbers))


def with_labels(name: str, n: int | None) -> str:
    """The same method with the labels of n train cases a class, or with all of them, by its name."""
    parts = (_ARM.fullmatch(part) for part in name.split("+"))
    plain = [arm[1] if arm else part for arm, part in zip(parts, name.split("+"), strict=True)]
    return "+".join(part if n is None else f"{part}@{n}" for part in plain)


def most_labelled(names: Iterable[str]) -> list[str]:
    """Those of some methods that see most labels."""
    labels = {name: labels_of(name) or np.inf for name in names}
    return [name for name, n in labels.items() if n == max(labels.values())]


def labelled_cases(labels: NDArray[np.int64], n: int, dataset: str, resample: int) -> NDArray[np.int64]:
    """Draw the cases of a train split that keep their labels.

    Args:
        labels: (case,) of the train split.
        n: how many of each class; a class with fewer keeps what it has.
        dataset: whose split it is: it seeds the draw.
        resample: likewise.

    Returns:
        Their positions, in the order of the split.
    """
    seed = int.from_bytes(sha256(dataset.encode()).digest()[:8])
    order = np.random.default_rng([seed, resample]).permutation(len(labels))
    return np.sort(np.concatenate([order[labels[order] == label][:n] for label in np.unique(labels)]))


def shortage(labels: NDArray[np.int64], n: int, classes: Sequence[str]) -> list[str]:
    """Say which classes have fewer than n train cases, in a sentence; nothing where none has.

    Args:
        labels: (case,) of the train split, positions in classes.
        n: as many were asked for.
        classes: labels as shipped.
    """
    counts = np.bincount(labels, minlength=len(classes))
    fewer = [f"{name}: {count}" for name, count in zip(classes, counts, strict=True) if 0 < count < n]
    if not fewer:
        return []
    named = ", ".join(fewer[:NAMED]) + (", …" if len(fewer) > NAMED else "")
    return [f"fewer than {n} train cases, all labels kept, in {len(fewer)} of {len(classes)} classes ({named})"]
