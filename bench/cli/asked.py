"""What a user asks for, checked before anything is written."""

import argparse
import difflib
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.arguments import PRESET
from bench.contest.definition import Contest, DamagedContest, load_contest
from bench.contest.results import ResultError
from ucr.archive import UcrError
from ucr.selectors import select

if TYPE_CHECKING:
    from bench.report.material import View

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
IMPORTED_NAME = re.compile(r"[^\W_][\w .,()+=@-]*")
SHOWN = 5
"""So many data sets are named in a line."""
METHOD_LENGTH = 100
"""So long may the name of an average be: two of them, or one and a data set, make the name of a file."""


class UsageError(ValueError):
    """The command cannot be carried out as it was given; the message is one line that says why."""


def asked_contest(options: argparse.Namespace) -> Contest:
    """Check what was asked for, before anything is written."""
    from bench.contest.suites import SUITES
    from bench.methods.arms import excluding_self
    from bench.methods.few import multiplied, with_labels
    from bench.methods.table import DEFAULT_METHODS, get_method, with_members
    from timae.presets import PRESETS

    names = rerun_methods(options)
    usual: dict[str, Any] = {"datasets": "bundled", "resamples": 1, "preset": PRESET}
    once = names_in(options.once or "")
    if options.suite:
        require_known("suite", options.suite, SUITES)
        usual |= vars(SUITES[options.suite])
        options.name = options.suite if options.name == "default" else options.name
    for option, value in usual.items():
        if getattr(options, option) in (None, False):
            setattr(options, option, value)
    methods, outside = (DEFAULT_METHODS, {}) if options.methods is None else methods_in(options.methods)
    if not methods:
        raise UsageError(f"--methods names no method, got {options.methods!r}; python -m bench methods lists them")
    if options.exclude_self:
        methods = tuple(dict.fromkeys(map(excluding_self, methods)))
    folder = possible(Path(options.results) / options.name)
    require_not_imported(methods, folder)
    outside_before, root_before = _kept(folder)
    outside = outside_before | outside
    require_methods(methods, outside)
    methods = with_members(methods if options.labels is None else multiplied(methods, options.labels))
    require_methods(methods, outside)
    if others := [name for name in names if name not in methods]:
        raise UsageError(f"--rerun {others[0]}: not among the methods that were asked for: {', '.join(methods)}")
    known = dict.fromkeys(called for name in methods for called in (name, with_labels(name, None)))
    for name in once:
        require_known("--once", name, known)
    methods = names or methods
    require_known("preset", options.preset, PRESETS)
    options.name = options.name.rstrip("/")  # as a shell completes the name of a folder
    require_name(options.name)
    root = absolute_root(options.root) or root_before
    datasets = tuple(select(options.datasets, root))
    more = tuple(select(options.pretrain_on, root)) if options.pretrain_on else ()
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
        once=tuple(name for name in names_in(options.once or "") if name in known),
        pretrain_on=more,
        pretrained=options.pretrained,
        normalise=options.normalise,
        tuned=tuple(select(options.tuned, root)) if options.tuned else (),
        outside={plain: outside[plain] for name in methods if (plain := with_labels(name, None)) in outside},
        results=options.results,
        root=root,
    )


def absolute_root(root: str | None) -> str | None:
    """The root that was asked for, or that UCR_ROOT names, from wherever it is looked at; None: neither."""
    chosen = root or os.environ.get("UCR_ROOT")
    return str(Path(chosen).expanduser().absolute()) if chosen else None


def some(names: Sequence[str]) -> str:
    """The first of many names."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def asked_view(options: argparse.Namespace) -> "View":
    """What the reader of a report wants to see.

    Raises:
        UsageError: nothing published is called so.
    """
    from bench.published.groups import asked_for
    from bench.report.material import View
    from bench.stats.comparison import TableError

    against = () if options.against is None else names_in(options.against)
    try:
        if options.against is not None and not against:
            raise UsageError(f"--against names nothing, got {options.against!r}; python -m bench published lists them")
        asked_for(against)
    except TableError as error:
        raise UsageError(f"--against: {error}") from error
    return View(against, options.complete or "methods", options.baseline)


def joined(asked: Contest) -> Contest:
    """Return the contest that this is a part of, where it was asked for in parts: its report shows all of them."""
    return asked.widened(_before(asked))


def possible(folder: Path) -> Path:
    """Refuse a folder that the system has no room for a name of, before anyone looks into it."""
    try:
        folder.exists()
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error
    return folder


def _kept(folder: Path) -> tuple[dict[str, str], str | None]:
    """What a contest that there was need not be told again: targets of methods from outside, the archive's folder."""
    with suppress(ResultError):
        before = load_contest(folder)
        return dict(before.outside), before.root
    return {}, None


def _before(asked: Contest) -> Contest:
    """What was asked for before; where contest.json is not there or damaged, what there are results of."""
    if not (asked.folder / "contest.json").exists():
        return asked.found()
    try:
        return load_contest(asked.folder)
    except DamagedContest:
        return asked.found()


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
    from bench.methods.few import with_labels
    from bench.methods.outside import target_of
    from bench.methods.table import METHODS

    parts: list[str] = []
    for part in text.split(","):
        if parts and parts[-1].count("(") > parts[-1].count(")"):  # a comma between options
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    names, outside = [], {}
    for name, equals, target in (part.strip().partition("=") for part in parts):
        names.append(name.strip())
        if equals:
            plain = with_labels(name, None)
            if not NAME.fullmatch(plain):
                raise UsageError(f"a method's name is letters, digits, dot, dash and underscore, got {plain!r}")
            found = target_of(target)
            own = BASELINES[plain].target if plain in BASELINES else None
            if plain in METHODS and str(own) != str(found):  # the same with other options may have the name
                raise UsageError(f"{plain}={target}: the suite calls another method {plain}; choose another name")
            outside[plain] = found.text
    return tuple(dict.fromkeys(name for name in names if name)), outside


FEW = 10
"""So many names that exist are all shown to who asks for one that is like none of them; of more the three nearest."""


def require_known(what: str, name: str, known: Collection[str]) -> None:
    """Refuse a name that does not exist, and name the nearest that do."""
    if name in known:
        return
    nearest = difflib.get_close_matches(name, known, n=3)
    nearest = nearest or difflib.get_close_matches(name, known, n=len(known) if len(known) <= FEW else 3, cutoff=0.0)
    raise UsageError(f"unknown {what} {name!r}; did you mean {', '.join(nearest)}?")


def require_methods(names: Iterable[str], outside: Collection[str] = ()) -> None:
    """Refuse a method that neither exists nor is from outside, or an average of such, or of fewer than two."""
    from bench.methods.averages import members_of
    from bench.methods.few import labels_of, with_labels
    from bench.methods.table import METHODS

    for name in names:
        members = members_of(name)
        if len(name) > METHOD_LENGTH:
            raise UsageError(
                f"a method's name is a folder's: expected at most {METHOD_LENGTH} characters, got {len(name)} in "
                f"{name[:METHOD_LENGTH]}…; average fewer methods"
            )
        if len({*map(labels_of, name.split("+"))}) > 1:
            raise UsageError(f"{name}: an average is of methods with equally many labels, A@5+B@5, say")
        members = members_of(with_labels(name, None))
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
            _require_form(name, member)
            require_known("method", member, {*METHODS, *outside})


def _require_form(name: str, member: str) -> None:
    """Refuse what can be no name of a method, alone or as a member of an average."""
    if "@" in member:
        raise UsageError(f"{name}: what follows @ is the number of labels a class, from 1, as in timae@5")
    if ":" in member:
        raise UsageError(f"{member!r} is no name of a method; a model of your own has one: NAME={member}")


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
    from bench.methods.few import with_labels
    from bench.methods.table import METHODS

    ours = load_contest(folder).methods if (folder / "contest.json").exists() else ()
    for name in names:
        if name in ours or all(member in METHODS for member in members_of(with_labels(name, None))):
            raise UsageError(f"{name} is a method of this suite; give the imported one a name of its own")
        if not IMPORTED_NAME.fullmatch(name) or name in ("work", "pretrained", "slurm"):
            raise UsageError(
                "an imported method's name is a folder's: letters, digits, blanks and . , ( ) + = @ _ -, a letter or "
                f"digit first, and not work, pretrained or slurm, got {name!r}"
            )


def require_name(name: str) -> None:
    """Refuse a contest's name that is no folder's."""
    if not NAME.fullmatch(name):
        got = repr(name) if len(name) < 256 else f"{len(name)} characters"
        raise UsageError(
            f"a contest's name is a folder's: 1 to 255 letters, digits, dots, dashes and underscores, got {got}"
        )


@contextmanager
def writable(contest: Path, *others: Path) -> Iterator[None]:
    """Make the folders of a contest, and refuse one where no file can be written.

    Where the contest is refused then or later, the folders that were made for it are taken away again, but for one that
    holds anything else than what a contest begins with.
    """
    made: list[Path] = []
    try:
        for folder in (contest, *others):
            try:
                made += [path for path in (folder, *folder.parents) if not path.exists()]
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error
        yield
    except (UsageError, ResultError, UcrError):
        if contest in made and {path.name for path in contest.glob("*")} <= {".lock", "contest.json"}:
            for path in contest.glob("*"):
                path.unlink()
        for folder in sorted(made, key=lambda path: -len(path.parts)):
            with suppress(OSError):  # it is not empty
                folder.rmdir()
        raise


def require_one_preset(asked: Contest, contest: Contest, rerun: str | None) -> None:
    """Refuse to mix presets in one contest: its methods would not have had the same chance.

    Args:
        asked: the part of it that is asked for now.
        contest: all of it.
        rerun: what is to be done again; a new preset needs all that is stale, and that all of it is asked for.
    """
    before = _before(asked)
    if not before.methods:  # there is nothing yet, or imported results alone, which have no preset
        return
    if before.preset == asked.preset or (rerun == STALE and {*contest.runs()} <= {*asked.runs()}):
        return
    raise UsageError(
        f"contest {asked.name!r} was run with preset {before.preset}, not {asked.preset}; use another --name, "
        "or --rerun stale with all of its methods, data sets and resamples"
    )


STALE = "stale"
"""What --rerun calls all results that do not count any more."""


def rerun_methods(options: argparse.Namespace) -> tuple[str, ...]:
    """The methods that --rerun names; none where it names none, or stale results.

    Where --methods is not given, they are all that is asked for.

    Raises:
        UsageError: it names nothing.
    """
    if options.rerun is None or options.rerun == STALE:
        return ()
    names = names_in(options.rerun)
    if not names:
        raise UsageError(f"--rerun takes {STALE}, or names of methods, got {options.rerun!r}")
    if options.methods is None and not options.suite:
        options.methods = options.rerun
    return names


def contest_folder(options: argparse.Namespace) -> Path:
    """The folder of the contest that a name in --results means, or a path, as a shell completes it."""
    name = options.name.rstrip("/")
    require_name(name.rpartition("/")[2])
    return Path(name) if "/" in name else Path(options.results) / name


def stored_contest(options: argparse.Namespace) -> Contest:
    """Read the contest that a name in --results means, or a path."""
    return load_contest(contest_folder(options))
