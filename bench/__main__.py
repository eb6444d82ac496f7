"""The contest's command line: python -m bench {run,status,report,compare} followed by its options."""

import argparse
import difflib
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bench import plan, results
from bench.plan import Contest, Run
from ucr.archive import UcrError, select

PRESET = "quick"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class UsageError(ValueError):
    """The command cannot be carried out as it was given; the message is one line that says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit code: 0, 1 (a run failed), 2 (bad input) or 130 (interrupted)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (UsageError, UcrError, results.ResultError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bench: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: object, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(command=function)
        return sub

    run = command("run", run_contest, "do the runs of a contest that are not done yet, then write its report")
    run.add_argument(
        "--datasets", default="bundled", help="names, globs, groups or conditions: python -m ucr list --help"
    )
    run.add_argument("--methods", help="names, separated by commas; default: the default contest's")
    run.add_argument(
        "--resamples", type=_positive, default=1, metavar="N", help="the archive's split and N-1 resamples"
    )
    run.add_argument("--preset", default=PRESET, help="what a run may cost: smoke, quick, paper")
    run.add_argument("--executor", default="local", help="where runs run: local")
    run.add_argument("--workers", type=_positive, default=2, metavar="N", help="runs at a time")
    run.add_argument("--name", default="default", help="of the contest: its folder in results/ and reports/")
    run.add_argument("--results", default="results", metavar="DIR")
    run.add_argument("--reports", default="reports", metavar="DIR")
    run.add_argument("--against", choices=("published",), help="put published accuracies beside ours")
    run.add_argument("--root", help="folder of the archive; default: UCR_ROOT")
    run.add_argument("--rerun", choices=("stale",), help="stale: redo runs whose config, data or versions changed")

    status = command("status", show_status, "say what is done, missing and failed")
    status.add_argument("name", nargs="?", default="default")
    status.add_argument("--results", default="results", metavar="DIR")

    report = command("report", write_report, "write the report of a contest from its results alone")
    report.add_argument("name", nargs="?", default="default")
    report.add_argument("--results", default="results", metavar="DIR")
    report.add_argument("--reports", default="reports", metavar="DIR")
    report.add_argument("--against", choices=("published",), help="put published accuracies beside ours")

    export = command("export", export_results, "write the results in a form that other programs read")
    export.add_argument("name", nargs="?", default="default")
    export.add_argument("--format", required=True, choices=("tsml", "wide", "long", "latex"))
    export.add_argument("--out", required=True, metavar="DIR")
    export.add_argument("--results", default="results", metavar="DIR")

    compare = command("compare", compare_table, "compare the methods of any CSV table of accuracies")
    compare.add_argument("file", metavar="FILE.csv")
    compare.add_argument("--alpha", type=float, default=0.05)
    compare.add_argument("--json", action="store_true", help="JSON in place of text")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def run_contest(options: argparse.Namespace) -> int:
    """Carry out `run`."""
    contest = _contest(options)
    for dataset in contest.datasets:
        ucr_locate(dataset, contest.root)
    _require_writable(contest.folder)
    from filelock import FileLock, Timeout

    try:
        with FileLock(contest.folder / ".lock", timeout=0):
            return _run_locked(contest, options)
    except Timeout:
        raise UsageError(
            f"another run of contest {contest.name!r} is at work in {contest.folder}; wait for it, or use another name"
        ) from None


def _run_locked(contest: Contest, options: argparse.Namespace) -> int:
    from bench.local import run_all
    from bench.progress import Progress

    _require_one_preset(contest, options.rerun)
    todo = _to_do(contest, options.rerun)
    contest.save()
    asked = sum(1 for _ in contest.runs())
    print(f"contest {contest.name}: {asked} runs, {asked - len(todo)} done, {len(todo)} to do, preset {contest.preset}")
    with Progress(len(todo)) as progress:
        run_all(contest, todo, options.workers, progress.begin, progress.end)
    failed = [outcome for outcome in progress.ended if outcome.error]
    write_report(options)
    for outcome in failed:
        path = results.error_path(outcome.run.path(contest.folder))
        print(f"bench: failed: {outcome.run}: {outcome.error} (traceback in {path})", file=sys.stderr)
    return 1 if failed else 0


def _contest(options: argparse.Namespace) -> Contest:
    """Check what was asked for, before anything is written."""
    from bench.methods import DEFAULT_METHODS, METHODS, PRESETS

    methods = _split(options.methods) if options.methods else DEFAULT_METHODS
    for method in methods:
        _require_known("method", method, METHODS)
    _require_known("preset", options.preset, PRESETS)
    _require_known("executor", options.executor, ("local",))
    _require_name(options.name)
    return Contest(
        name=options.name,
        methods=methods,
        datasets=tuple(select(options.datasets, options.root)),
        resamples=options.resamples,
        preset=options.preset,
        results=options.results,
        root=options.root,
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _require_known(what: str, name: str, known: Iterable[str]) -> None:
    if name in known:
        return
    nearest = difflib.get_close_matches(name, known, n=3) or sorted(known)
    raise UsageError(f"unknown {what} {name!r}; did you mean {', '.join(nearest)}?")


def _require_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"a contest's name is a folder's: letters, digits, dot, dash and underscore, got {name!r}")


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"cannot write results to {folder}: {error.strerror}; choose another --results") from error


def ucr_locate(dataset: str, root: str | None) -> None:
    """Make sure that a data set is there, without reading it."""
    from ucr.folders import locate

    locate(dataset, root)


def _require_one_preset(contest: Contest, rerun: str | None) -> None:
    """Refuse to mix presets in one contest: its methods would not have had the same chance."""
    if rerun or not (contest.folder / "contest.json").exists():
        return
    before = plan.load_contest(contest.folder).preset
    if before != contest.preset:
        raise UsageError(
            f"contest {contest.name!r} was run with preset {before}, not {contest.preset}; use another --name, "
            "or --rerun stale"
        )


def _to_do(contest: Contest, rerun: str | None) -> list[Run]:
    """Return the runs to do; refuses stale results unless they are to be done again."""
    from bench.methods import get_method
    from bench.run import run_identity

    todo, stale = [], []
    for run in contest.runs():
        state = plan.state(run, contest.folder, run_identity(get_method(run.method, contest.preset), run, contest.root))
        if state.kind == "stale":
            stale.append((run, state.difference))
        if state.kind != "done":
            todo.append(run)
    if stale and rerun != "stale":
        run, difference = stale[0]
        raise UsageError(
            f"{len(stale)} stored results are not of this contest, first {run}: {difference}; "
            "redo them with --rerun stale, or use another --name"
        )
    return todo


def show_status(options: argparse.Namespace) -> int:
    """Carry out `status`."""
    folder = Path(options.results) / options.name
    contest = plan.load_contest(folder)
    runs = list(contest.runs())
    done = sum(run.path(folder).exists() for run in runs)
    failed = results.failures(folder)
    print(
        f"contest {contest.name} ({contest.preset}): {len(runs)} runs, {done} done, {len(failed)} failed, "
        f"{len(runs) - done} to do"
    )
    for name, line in failed.items():
        print(f"failed: {name}: {line}")
    return 0


def write_report(options: argparse.Namespace) -> int:
    """Carry out `report`."""
    from bench.report import gather, summary, write

    material = gather(_stored_contest(options), Path(options.reports) / options.name)
    path = write(material, against_published=options.against == "published")
    print(summary(material))
    print(f"report: {path}")
    return 0


def export_results(options: argparse.Namespace) -> int:
    """Carry out `export`."""
    from bench.export import export

    paths = export(_stored_contest(options), options.format, Path(options.out))
    print(f"{len(paths)} files in {options.out}")
    return 0


def _stored_contest(options: argparse.Namespace) -> Contest:
    _require_name(options.name)
    return replace(plan.load_contest(Path(options.results) / options.name), results=options.results)


def compare_table(options: argparse.Namespace) -> int:
    """Carry out `compare`."""
    import json

    from bench.compare import as_json, as_text, compare
    from bench.statistics import TableError

    try:
        comparison = compare(options.file, options.alpha)
    except TableError as error:
        raise UsageError(str(error)) from error
    if options.json:
        print(json.dumps(as_json(comparison), indent=1))
        for dataset, reason in comparison.left_out:  # the keys of the JSON are fixed
            print(f"bench: left out: {dataset}: {reason}", file=sys.stderr)
    else:
        print(as_text(comparison))
    return 0


if __name__ == "__main__":
    sys.exit(main())
