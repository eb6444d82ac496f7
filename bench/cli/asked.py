"""What a user asks for, checked before anything is written."""

import argparse
import difflib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bench.contest.definition import Contest, load_contest
from ucr.selectors import select

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
IMPORTED_NAME = re.compile(r"[^\W_][\w .,()+=@-]*")


class UsageError(ValueError):
    """The command cannot be carried out as it was given; the message is one line that says why."""


def asked_contest(options: argparse.Namespace) -> Contest:
    """Check what was asked for, before anything is written."""
    from bench.contest.suites import SUITES
    from bench.methods.architectures import excluding_self
    from bench.methods.presets import PRESETS
    from bench.methods.table import DEFAULT_METHODS, METHODS, get_method, with_members

    if options.suite:
        require_known("suite", options.suite, SUITES)
        for option, value in vars(SUITES[options.suite]).items():
            if option != "methods" or not options.methods:  # a part of the suite may be asked for
                setattr(options, option, value)
        options.name = options.suite if options.name == "default" else options.name
    methods = DEFAULT_METHODS if options.methods is None else names_in(options.methods)
    if not methods:
        raise UsageError(f"--methods names no method, got {options.methods!r}; known: {', '.join(METHODS)}")
    if options.exclude_self:
        methods = tuple(dict.fromkeys(map(excluding_self, methods)))
    require_not_imported(methods, Path(options.results) / options.name)
    require_methods(methods)
    methods = with_members(methods)
    require_known("preset", options.preset, PRESETS)
    require_name(options.name)
    datasets = tuple(select(options.datasets, options.root))
    more = tuple(select(options.pretrain_on, options.root)) if options.pretrain_on else ()
    for method in methods:
        if len({*datasets, *more}) == 1 and get_method(method, options.preset).pretrained_on == "others":
            raise UsageError(
                f"{method} is pre-trained on the other data sets, and {datasets[0]} is alone; "
                "name more data sets, or add --pretrain-on"
            )
    return Contest(
        name=options.name,
        methods=methods,
        datasets=datasets,
        resamples=options.resamples,
        preset=options.preset,
        same_split=options.same_split,
        pretrain_on=more,
        results=options.results,
        root=options.root,
    )


def joined(asked: Contest) -> Contest:
    """Return the contest that this is a part of, where it was asked for in parts: its report shows all of them."""
    if not (asked.folder / "contest.json").exists():
        return asked
    contest = asked.widened(load_contest(asked.folder))
    require_methods(contest.methods)
    return contest


def names_in(text: str) -> tuple[str, ...]:
    """Take a list with commas apart; a name that stands twice counts once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def require_known(what: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that does not exist, and name the nearest that do."""
    if name in known:
        return
    nearest = difflib.get_close_matches(name, known, n=3) or sorted(known)
    raise UsageError(f"unknown {what} {name!r}; did you mean {', '.join(nearest)}?")


def require_methods(names: Iterable[str]) -> None:
    """Refuse a method that does not exist, or an average of such, or of fewer than two."""
    from bench.methods.averages import members_of
    from bench.methods.table import METHODS

    for name in names:
        members = members_of(name)
        if "ridge" in members:
            raise UsageError(
                f"{name}: no ridge classifier stands beside {members[0]}; +ridge goes with timae-ms and its variants "
                "that are fine-tuned; name two methods with + between them for any other average"
            )
        if "" in members:
            raise UsageError(f"{name}: an average has a method on each side of +")
        if len(members) > 1 and any(member.endswith("-transductive") for member in members):
            raise UsageError(f"{name}: a method that saw test series is not averaged with others: it would be hidden")
        if len({*members}) < len(members):
            raise UsageError(f"{name}: an average takes each method once")
        for member in members:
            require_known("method", member, METHODS)


def require_not_imported(names: Iterable[str], folder: Path) -> None:
    """Refuse to run what was imported into the contest of a folder."""
    from bench.contest.imported import imported_in

    there = imported_in(folder)
    for name in names:
        if name in there:
            raise UsageError(
                f"{name} was imported into contest {folder.name!r} from {there[name]!r}: there is nothing to run; "
                "the report shows it without being asked"
            )


def require_importable(names: Iterable[str], folder: Path) -> None:
    """Refuse to import a method that the suite has, or whose name is no folder's."""
    from bench.methods.averages import members_of
    from bench.methods.table import METHODS

    ours = load_contest(folder).methods if (folder / "contest.json").exists() else ()
    for name in names:
        if name in ours or all(member in METHODS for member in members_of(name)):
            raise UsageError(f"{name} is a method of this suite; give the imported one a name of its own")
        if not IMPORTED_NAME.fullmatch(name) or name in ("work", "pretrained", "slurm"):
            raise UsageError(
                "an imported method's name is a folder's: letters, digits, blanks and . , ( ) + = @ _ -, a letter or "
                f"digit first, and not work, pretrained or slurm, got {name!r}"
            )


def require_name(name: str) -> None:
    """Refuse a contest's name that is no folder's."""
    if not NAME.fullmatch(name):
        raise UsageError(f"a contest's name is a folder's: letters, digits, dot, dash and underscore, got {name!r}")


def require_writable(folder: Path) -> None:
    """Make a folder, and refuse it where no file can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error


def require_one_preset(contest: Contest, rerun: str | None) -> None:
    """Refuse to mix presets in one contest: its methods would not have had the same chance."""
    if rerun or not (contest.folder / "contest.json").exists():
        return
    before = load_contest(contest.folder)
    if before.methods and before.preset != contest.preset:  # one with imported results alone has had no preset
        raise UsageError(
            f"contest {contest.name!r} was run with preset {before.preset}, not {contest.preset}; use another --name, "
            "or --rerun stale"
        )


def stored_contest(options: argparse.Namespace) -> Contest:
    """Read the contest that --results and its name mean."""
    require_name(options.name)
    return replace(load_contest(Path(options.results) / options.name), results=options.results)
