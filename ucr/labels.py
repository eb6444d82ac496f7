"""Labels as people write them: which mean the same class, and which can be no classes at all."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ucr.archive import UcrDataError
from ucr.folders import SPLITS, SplitName

FEW = 3
"""Cases up to which it says nothing that no two of them are alike."""


def one_spelling(labels: Iterable[str]) -> dict[str, str]:
    """Label → the one that stands for it: of those that are the same number (``1``, ``1.0``, ``01``), the shortest."""
    shortest: dict[float | str, str] = {}
    numbers = {label: _number(label) for label in labels}
    for label, number in sorted(numbers.items(), key=lambda item: (len(item[0]), item[0])):
        shortest.setdefault(number, label)
    return {label: shortest[number] for label, number in numbers.items()}


def _number(label: str) -> float | str:
    """What a label is as a number, else its text; ``inf`` and ``1_0`` are texts."""
    try:
        number = float(label)
    except ValueError:
        return label
    return number if math.isfinite(number) and "_" not in label else label


def unify(labels: Mapping[SplitName, Sequence[str]]) -> dict[SplitName, list[str]]:
    """The labels (case,) of both splits, each class under one spelling."""
    spelling = one_spelling({label for split in SPLITS for label in labels[split]})
    return {split: [spelling[label] for label in labels[split]] for split in SPLITS}


def require_classes(labels: Mapping[SplitName, Sequence[str]], files: Mapping[SplitName, Path]) -> None:
    """Refuses labels that cannot be the classes of a data set of one's own.

    Args:
        labels: (case,) of both splits, each class under one spelling.
        files: where they stand, for messages.

    Raises:
        UcrDataError: the train split has one class; train and test have none in common; labels number the cases, are
            targets of a regression, or are a class for each case.
    """
    for split in SPLITS:
        refuse_targets(labels[split], files[split])
    train, test = (set(labels[split]) for split in SPLITS)
    numbered = [split for split in SPLITS if _numbers_cases(labels[split])]
    if numbered and (len(numbered) > 1 or train != test):  # a class a case there, and every class here, may be
        cases = labels[numbered[0]]
        raise UcrDataError(
            f"{files[numbered[0]]}: the first column numbers the cases, {cases[0]} to {cases[-1]}: an index is no "
            "label; write the file without it"
        )
    if len(train) < 2:
        raise UcrDataError(
            f"{files['train']}: every case is of class {labels['train'][0]!r}; a classifier needs two classes to learn"
        )
    if not train & test:
        raise UcrDataError(
            f"{files['test']}: no class is one of the train split's: {_few(test)} there, {_few(train)} in "
            f"{files['train'].name}; expected the label first in every row"
        )
    if all(_all_different(labels[split]) for split in SPLITS):
        raise UcrDataError(
            f"{files['train']}: {len(train)} cases of {len(train)} classes, and no two of the test file alike; "
            "expected the label first in every row"
        )


def _numbers_cases(labels: Sequence[str]) -> bool:
    n = len(labels)
    return n > FEW and [_number(label) for label in labels] in ([*range(n)], [*range(1, n + 1)])


def refuse_targets(labels: Sequence[str], file: Path) -> None:
    """Refuses the labels (case,) of a file that are targets of a regression.

    Raises:
        UcrDataError: there are fractions among them, and most of them differ.
    """
    numbers = [_number(label) for label in labels]
    fractions = any(isinstance(number, float) and not number.is_integer() for number in numbers)
    if fractions and len(labels) > FEW and 2 * len(set(labels)) > len(labels):
        raise UcrDataError(
            f"{file}: {len(set(labels))} different labels for {len(labels)} cases, such as {labels[0]}: these are the "
            "targets of a regression; expected classes"
        )


def _all_different(labels: Sequence[str]) -> bool:
    return len(labels) > FEW and len(set(labels)) == len(labels)


def _few(labels: Iterable[str]) -> str:
    some = sorted(labels)
    return ", ".join(some[:FEW]) + (", …" if len(some) > FEW else "")
