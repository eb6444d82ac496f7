"""The data sets that a contest asks for: where they lie, which are missing, and what is odd about them."""

import argparse
from collections.abc import Iterable, Iterator, Sequence

from bench.cli.asked import UsageError
from bench.contest.definition import Contest
from ucr.archive import ARCHIVE, UcrDataError, UcrError
from ucr.folders import find_folder, find_root, locate, own_data_sets

FEW = 8
"""So many missing data sets are named."""


def _asked(contest: Contest) -> list[str]:
    """Names of the data sets that a contest needs, those that are for pre-training alone included, each once."""
    return [*dict.fromkeys((*contest.datasets, *contest.pretrain_on))]


def missing_data(contest: Contest) -> list[str]:
    """Names of the data sets that a contest asks for and that are not here."""
    return [name for name in _asked(contest) if find_folder(name, contest.root) is None]


def require_data(contest: Contest, options: argparse.Namespace) -> None:
    """Refuse a contest whose data are not all here, or of which some of one's own are no data set.

    Raises:
        UsageError: several are missing; it says how many, and what helps.
        UcrError: one is missing or is none.
    """
    missing = missing_data(contest)
    if len(missing) > 1 and find_root(contest.root).is_dir():
        raise UsageError(f"{_lacking(contest, missing, options)}; or take those that are: --datasets here")
    for name in _asked(contest):
        locate(name, contest.root)
    require_readable(contest)


def require_readable(contest: Contest) -> None:
    """Refuse data sets of one's own that are here and are none.

    Raises:
        UcrError: some are none; it says why the first is not, and which are the others.
    """
    bad = unreadable([name for name in _asked(contest) if name not in ARCHIVE], contest.root)
    if bad:
        others = f"; nor can {', '.join([*bad][1:])} be read" * (len(bad) > 1)
        raise UcrError(f"{next(iter(bad.values()))}{others}")


def unreadable(names: Iterable[str], root: str | None) -> dict[str, str]:
    """Data sets of one's own that are here and are none, and why."""
    from ucr.load import info_for

    found = {}
    for name in names:
        try:
            if find_folder(name, root) is not None:
                info_for(name, root)
        except UcrDataError as error:
            found[name] = str(error)
    return found


def describe_left_out(contest: Contest, options: argparse.Namespace) -> list[str]:
    """A line for each data set of one's own that meets no condition, for it is none."""
    if not any(sign in options.datasets for sign in "=<>"):
        return []
    return [f"left out: {why}" for why in unreadable(own_data_sets(contest.root), contest.root).values()]


def describe_missing(contest: Contest, options: argparse.Namespace) -> list[str]:
    """A line that says what of the data is not here; nothing where all is."""
    missing = missing_data(contest)
    return [f"missing: {_lacking(contest, missing, options)}"] if missing else []


def _lacking(contest: Contest, missing: Sequence[str], options: argparse.Namespace) -> str:
    n_asked = len(_asked(contest))
    named = ", ".join(missing[:FEW]) + (", …" if len(missing) > FEW else "")
    text = f"{len(missing)} of {n_asked} data sets are not under {find_root(contest.root)}: {named}"
    shipped = [name for name in missing if name in ARCHIVE]
    if not shipped:
        return text
    selector = ",".join(shipped) if len(missing) <= FEW or missing != shipped or options.suite else options.datasets
    flag = f" --root {contest.root}" if contest.root else ""
    return f"{text}; fetch them: python -m ucr download '{selector}'{flag}"


def describe_oddities(contest: Contest) -> Iterator[str]:
    """A line for each data set of one's own that a reader of results should know something of."""
    from ucr import prepare
    from ucr.load import load
    from ucr.notes import joined, notes

    for name in contest.datasets:
        if name not in ARCHIVE:
            dataset = load(name, contest.root)
            preparer = prepare.fit(dataset.train, dataset.info)
            if said := notes(dataset.train, dataset.test, preparer):
                yield f"note: {name}: {joined(said)}"
