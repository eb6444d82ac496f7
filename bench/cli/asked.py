"""What a user asks for, checked before anything is written."""

import argparse
import difflib
import re
import tempfile
from collections.abc import Collection, Iterable
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
    from bench.methods.arms import excluding_self
    from bench.methods.table import DEFAULT_METHODS, get_method, with_members
    from timae.presets import PRESETS

    if options.suite:
        require_known("suite", options.suite, SUITES)
        for option, value in vars(SUITES[options.suite]).items():
            if option != "methods" or not options.methods:  # a part of the suite may be asked for
                setattr(options, option, value)
        options.name = options.suite if options.name == "default" else options.name
    methods, outside = (DEFAULT_METHODS, {}) if options.methods is None else methods_in(options.methods)
    if not methods:
        raise UsageError(f"--methods names no method, got {options.methods!r}; python -m bench methods lists them")
    if options.exclude_self:
        methods = tuple(dict.fromkeys(map(excluding_self, methods)))
    require_not_imported(methods, Path(options.results) / options.name)
    require_methods(methods, outside)
    methods = with_members(methods)
    require_known("preset", options.preset, PRESETS)
    require_name(options.name)
    datasets = tuple(select(options.datasets, options.root))
    more = tuple(select(options.pretrain_on, options.root)) if options.pretrain_on else ()
    if options.pretrained:
        _require_encoder(options, methods, datasets)
    for method in methods:
        if (
            not options.pretrained
            and len({*datasets, *more}) == 1
            and get_method(method, options.preset, outside).pretrained_on == "others"
        ):
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
        pretrained=options.pretrained,
        outside=outside,
        results=options.results,
        root=options.root,
    )


def _require_encoder(options: argparse.Namespace, methods: Iterable[str], datasets: Iterable[str]) -> None:
    """Refuse a file whose encoder is none for the methods that share one, or has seen what it must not have."""
    from bench.methods.method import SHARED
    from bench.methods.table import get_method
    from timae import weights
    from timae.config import Recipe

    if options.pretrain_on:
        raise UsageError("--pretrained takes the place of pre-training: it cannot be given with --pretrain-on")
    found = weights.read(options.pretrained)
    seen = [name for name in datasets if name in found.seen]
    for method in (get_method(name, options.preset) for name in methods):
        if method.pretrained_on not in SHARED or not isinstance(method.config, Recipe):
            continue
        found.require(method.config.encoder, f"{method.name}, preset {options.preset}")
        if method.pretrained_on == "others" and seen:
            raise UsageError(
                f"{method.name} holds a data set out, and the encoder of {options.pretrained} saw {seen[0]} "
                f"({len(seen)} such in all); make one without it: python -m timae.pretrain 'here,!{seen[0]}'"
            )
        if seen and options.resamples > 1 and not options.same_split:
            raise UsageError(
                f"{method.name}: the encoder of {options.pretrained} saw the archive's own train split of {seen[0]}, "
                "and resamples mix it with the test split; take one resample, or add --same-split"
            )


def joined(asked: Contest) -> Contest:
    """Return the contest that this is a part of, where it was asked for in parts: its report shows all of them."""
    if not (asked.folder / "contest.json").exists():
        return asked
    contest = asked.widened(load_contest(asked.folder))
    require_methods(contest.methods, contest.outside)
    return contest


def names_in(text: str) -> tuple[str, ...]:
    """Take a list with commas apart; a name that stands twice counts once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def methods_in(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Take a list of methods with commas apart.

    Returns:
        Their names, and the targets of those that are written NAME=TARGET.

    Raises:
        MethodError: there is no such target.
        UsageError: a name is taken, or can be no name.
    """
    from bench.methods.baselines import BASELINES
    from bench.methods.outside import target_of
    from bench.methods.table import METHODS

    parts: list[str] = []
    for part in text.split(","):
        if parts and parts[-1].count("(") > parts[-1].count(")"):  # a comma between options
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    outside = {}
    for name, equals, target in (part.strip().partition("=") for part in parts):
        if equals and "+" not in name:
            if not NAME.fullmatch(name):
                raise UsageError(f"a method's name is letters, digits, dot, dash and underscore, got {name!r}")
            found = target_of(target)
            own = BASELINES[name].target if name in BASELINES else None
            if name in METHODS and str(own) != str(found):  # the same with other options may have the name
                raise UsageError(f"{name}={target}: the suite calls another method {name}; choose another name")
            outside[name] = found.text
    names = [part.strip() if "+" in part else part.partition("=")[0].strip() for part in parts]
    return tuple(dict.fromkeys(name for name in names if name)), outside


FEW = 10
"""So many names that exist are shown to who asks for one that does not; of more the three nearest."""


def require_known(what: str, name: str, known: Collection[str]) -> None:
    """Refuse a name that does not exist, and name the nearest that do."""
    if name in known:
        return
    nearest = difflib.get_close_matches(name, known, n=len(known) if len(known) <= FEW else 3, cutoff=0.0)
    raise UsageError(f"unknown {what} {name!r}; did you mean {', '.join(nearest)}?")


def require_methods(names: Iterable[str], outside: Collection[str] = ()) -> None:
    """Refuse a method that neither exists nor is from outside, or an average of such, or of fewer than two."""
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
            require_known("method", member, {*METHODS, *outside})


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
