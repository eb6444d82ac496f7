"""The contest's command line: python -m bench COMMAND; every command explains itself with --help."""

import argparse
import difflib
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from bench import plan, results
from bench.plan import Contest
from ucr.archive import UcrError, select

PRESET = "quick"
EXECUTORS = ("local", "slurm")
WATCH_SECONDS = 3.0
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class UsageError(ValueError):
    """The command cannot be carried out as it was given; the message is one line that says why."""


def main(arguments: Sequence[str] | None = None, execute: Callable[..., Any] | None = None) -> int:
    """Carry out one command.

    Args:
        arguments: as on the command line.
        execute: does one run, in place of bench.run.execute; workers import it by its name.

    Returns:
        The exit code: 0, 1 (a run failed), 2 (bad input) or 130 (interrupted).
    """
    options = _parser().parse_args(arguments)
    options.execute = execute
    try:
        return int(options.command(options))
    except (UsageError, UcrError, results.ResultError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"bench: {error}; mend that, and the same command goes on from here", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line; the usage is a --help away."""
        self.exit(2, f"bench: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: object, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(command=function)
        return sub

    run = command("run", run_contest, "do the runs of a contest that are not done yet, then write its report")
    _add_contest(run)
    _add_places(run)
    run.add_argument("--reports", default="reports", metavar="DIR")
    run.add_argument("--against", choices=("published",), help="put published accuracies beside ours")
    run.add_argument(
        "--rerun",
        choices=("stale",),
        help="stale: redo runs whose config, data or versions changed, or whose result is damaged",
    )
    run.add_argument("--no-wait", action="store_true", help="with SLURM: submit, and do not wait for the end")
    run.add_argument(
        "--time-limit",
        type=_minutes,
        metavar="MINUTES",
        help="of one try of a run; default: 20 times what is predicted, at least 30",
    )
    run.add_argument(
        "--retries",
        type=_whole,
        default=1,
        metavar="N",
        help="tries more for a run whose worker died, took too long or met a full disk",
    )
    run.add_argument("--keep-checkpoints", action="store_true", help="leave the last checkpoint of each run in work/")

    planned = command("plan", show_plan, "say what is done, what is to do and what that will cost; trains nothing")
    _add_contest(planned)
    _add_places(planned)

    alone = command("run-one", run_one, "do one run of a contest again, here and now, with all its output")
    alone.add_argument("run", metavar="METHOD/DATASET/resample-K", help="as in status, and in the run's log")
    alone.add_argument("--name", default="default", help="of the contest")
    alone.add_argument("--results", default="results", metavar="DIR")

    cancel = command("cancel", cancel_contest, "end what runs of a contest, and what is queued in SLURM")
    cancel.add_argument("name")
    cancel.add_argument("--results", default="results", metavar="DIR")

    status = command("status", show_status, "say what is done, running, queued and failed")
    status.add_argument("name", nargs="?", default="default")
    status.add_argument("--watch", action="store_true", help="say it again every few seconds, until nothing runs")
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

    _add_measurements(command)

    compare = command("compare", compare_table, "compare the methods of any CSV table of accuracies")
    compare.add_argument("file", metavar="FILE.csv")
    compare.add_argument("--alpha", type=float, default=0.05)
    compare.add_argument("--json", action="store_true", help="JSON in place of text")
    return parser


def _add_measurements(command: Callable[[str, object, str], argparse.ArgumentParser]) -> None:
    chaos = command("chaos", stir_chaos, "let tiny runs meet every fault, and compare them with the same in peace")
    chaos.add_argument("--runs", type=_positive, default=60, metavar="N")
    chaos.add_argument("--faults", type=_positive, default=3, metavar="N", help="of each kind")
    chaos.add_argument("--seed", type=_whole, default=0, metavar="N")

    speed = command("speed-pool", measure_pool, "measure what the pool of workers costs beside the runs")
    speed.add_argument("--runs", type=_positive, default=600, metavar="N", help="that do nothing")
    speed.add_argument("--datasets", default="GunPoint,ItalyPowerDemand,ArrowHead,OSULeaf", help="for real runs")

    alone = command("speed-run", measure_run, "measure what a run costs beside its training steps")
    alone.add_argument("--rounds", type=_positive, default=5, metavar="N", help="timings of each side")


def _add_contest(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--datasets", default="bundled", help="names, globs, groups or conditions: python -m ucr list --help"
    )
    command.add_argument("--methods", help="names, separated by commas; default: the default contest's")
    command.add_argument(
        "--resamples", type=_positive, default=1, metavar="N", help="the archive's split and N-1 resamples"
    )
    command.add_argument(
        "--same-split", action="store_true", help="each resample is the archive's split with a seed of its own"
    )
    command.add_argument("--preset", default=PRESET, help="what a run may cost: smoke, quick, standard, paper")
    command.add_argument(
        "--exclude-self",
        action="store_true",
        help="pre-train -archive methods on all data sets but the one at hand: they become -archive-others",
    )
    command.add_argument(
        "--pretrain-on",
        metavar="DATASETS",
        help="what -archive methods are pre-trained on, beside the train series of the contest's own data sets",
    )
    command.add_argument(
        "--suite", help="a contest with a name of its own, in place of the options above (but --methods): ecg5000"
    )
    command.add_argument("--name", default="default", help="of the contest: its folder in results/ and reports/")
    command.add_argument("--results", default="results", metavar="DIR")
    command.add_argument("--root", help="folder of the archive; default: UCR_ROOT")


def _add_places(command: argparse.ArgumentParser) -> None:
    command.add_argument("--executor", default="local", help="where runs run: " + ", ".join(EXECUTORS))
    command.add_argument("--workers", type=_positive, default=2, metavar="N", help="runs at a time, without GPUs")
    command.add_argument("--workers-per-gpu", type=_positive, default=1, metavar="N", help="runs at a time on each GPU")
    command.add_argument(
        "--slurm", default="", metavar="'KEY=VALUE …'", help="for submitit, such as 'partition=debug time=60'; minutes"
    )


def _whole(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"expected minutes above 0, got {text!r}")
    return minutes


def run_contest(options: argparse.Namespace) -> int:
    """Carry out `run`."""
    from bench import local
    from ucr.folders import locate

    contest = _contest(options)
    if options.no_wait and options.executor == "local":
        raise UsageError("--no-wait needs --executor slurm: local runs end with this command")
    for dataset in (*contest.datasets, *contest.pretrain_on):
        locate(dataset, contest.root)
    _require_writable(contest.folder)
    _require_writable(Path(options.reports) / contest.name)
    with local.hold(contest) as held:
        if not held:
            raise UsageError(
                f"another run of contest {contest.name!r} is at work in {contest.folder}; wait for it, "
                "or use another name"
            )
        return _run_held(contest, options)


def _run_held(asked: Contest, options: argparse.Namespace) -> int:
    from bench import local, slurm
    from bench.progress import Progress

    _require_one_preset(asked, options.rerun)
    contest = _joined(asked)
    survey = plan.survey(contest, asked)
    if survey.unusable and options.rerun != "stale":
        run, state = survey.unusable[0]
        what = "is damaged" if state.kind == "damaged" else "came about otherwise than this command would make it"
        raise UsageError(
            f"a stored result {what}, {run}: {state.difference} ({len(survey.unusable)} such in all); "
            "redo them with --rerun stale (make: ARGS='--rerun stale'), or use another --name"
        )
    contest.save()
    n_done, n_todo = len(survey.done), len(survey.todo)
    redone = f", {len(survey.unusable)} of them again" if survey.unusable else ""
    print(
        f"contest {contest.name}: {n_done + n_todo} runs, {n_done} done, {n_todo} to do{redone}, "
        f"preset {contest.preset}",
        flush=True,
    )
    executor: Any = slurm if options.executor == "slurm" else local
    settings = _settings(options)
    batch = executor.submit(contest, survey.todo, settings)
    if options.no_wait:
        if batch.rest:
            print(f"no room in SLURM's queue for {len(batch.rest)} runs: give the same command again later")
        print(f"submitted; see: python -m bench status {contest.name} --results {contest.results}")
        return 0
    with Progress(survey.todo, executor.width(settings)) as progress:
        executor.wait(batch, progress)
    failed = [outcome for outcome in progress.ended if outcome.error]
    if survey.done or len(failed) < len(progress.ended):
        write_report(options)
    for outcome in failed:
        path = results.error_path(outcome.run.path(contest.folder))
        print(f"bench: failed: {outcome.run}: {outcome.error} (traceback in {path})", file=sys.stderr)
    return 1 if failed else 0


def _settings(options: argparse.Namespace) -> Any:
    """How runs are to be run, as the options say."""
    from bench.local import Options

    pairs = [pair.partition("=") for pair in shlex.split(options.slurm)]
    for key, equals, value in pairs:
        if not (key and equals and value):
            raise UsageError(f"--slurm takes key=value pairs, such as 'partition=debug time=60', got {options.slurm!r}")
    settings = Options(
        workers=options.workers, workers_per_gpu=options.workers_per_gpu, slurm={key: value for key, _, value in pairs}
    )
    if options.command is run_contest:
        limit = options.time_limit and options.time_limit * 60
        settings = replace(
            settings, time_limit=limit, retries=options.retries, keep_checkpoints=options.keep_checkpoints
        )
    return replace(settings, execute=options.execute) if options.execute else settings


def show_plan(options: argparse.Namespace) -> int:
    """Carry out `plan`."""
    from bench import local, slurm, status

    asked = _contest(options)
    executor: Any = slurm if options.executor == "slurm" else local
    unit = "GPU" if local.gpus() else "core"
    survey = plan.survey(_joined(asked), asked)
    print(status.describe_plan(asked, survey, executor.width(_settings(options)), unit))
    return 0


def run_one(options: argparse.Namespace) -> int:
    """Carry out `run-one`: as a worker would, from the start, with whatever it prints."""
    import signal
    import threading

    from bench import local
    from bench.methods import METHODS
    from bench.run import execute
    from timae.session import Session

    contest = _stored_contest(options)
    by_name = {str(run): run for run in contest.runs()}
    _require_known("run", options.run, by_name)
    run = by_name[options.run]
    _require_known("method", run.method, METHODS)
    stop = threading.Event()

    def ask_to_stop(*_: object) -> None:
        if stop.is_set():  # it was asked before, and has no checkpoint to stop at
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    session = Session(device="cuda" if local.gpus() else "cpu", stop=stop.is_set)
    with local.one_thread_each():
        outcome = (options.execute or execute)(contest, run, session, again=True)
    if outcome.kind == "done":
        print(f"{run}  accuracy {outcome.accuracy:.4f}  {outcome.seconds:.1f} s  {run.path(contest.folder)}")
        return 0
    if outcome.kind == "stopped":
        raise KeyboardInterrupt
    if outcome.kind == "elsewhere":
        raise UsageError(f"{run} is being done by another process at this moment: see bench status {contest.name}")
    print(results.error_path(run.path(contest.folder)).read_text(), file=sys.stderr)
    return 1


def cancel_contest(options: argparse.Namespace) -> int:
    """Carry out `cancel`."""
    from bench import local, slurm

    contest = _stored_contest(options)
    jobs, here = slurm.cancel(contest), local.cancel(contest)
    print(f"cancelled: {jobs} SLURM tasks, {here} command on this machine; what is done stays")
    return 0


def _contest(options: argparse.Namespace) -> Contest:
    """Check what was asked for, before anything is written."""
    from bench.methods import DEFAULT_METHODS, METHODS, PRESETS, SUITES, excluding_self, get_method

    if options.suite:
        _require_known("suite", options.suite, SUITES)
        for option, value in vars(SUITES[options.suite]).items():
            if option != "methods" or not options.methods:  # a part of the suite may be asked for
                setattr(options, option, value)
        options.name = options.suite if options.name == "default" else options.name
    methods = DEFAULT_METHODS if options.methods is None else _split(options.methods)
    if not methods:
        raise UsageError(f"--methods names no method, got {options.methods!r}; known: {', '.join(METHODS)}")
    if options.exclude_self:
        methods = tuple(dict.fromkeys(map(excluding_self, methods)))
    for method in methods:
        _require_known("method", method, METHODS)
    _require_known("preset", options.preset, PRESETS)
    _require_known("executor", options.executor, EXECUTORS)
    _require_name(options.name)
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


def _joined(asked: Contest) -> Contest:
    """Return the contest that this is a part of, where it was asked for in parts: its report shows all of them."""
    if not (asked.folder / "contest.json").exists():
        return asked
    from bench.methods import METHODS

    contest = asked.widened(plan.load_contest(asked.folder))
    for method in contest.methods:
        _require_known("method", method, METHODS)
    return contest


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
        raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error


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


def show_status(options: argparse.Namespace) -> int:
    """Carry out `status`."""
    from bench.status import describe_status

    while True:
        text, settled = describe_status(_stored_contest(options))
        if options.watch and sys.stdout.isatty():
            text = "\033[H\033[2J" + text  # from a clear screen
        print(text, flush=True)
        if settled or not options.watch:
            return 0
        time.sleep(WATCH_SECONDS)


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


def stir_chaos(options: argparse.Namespace) -> int:
    """Carry out `chaos`."""
    from bench.chaos import main as stir

    return stir(options.runs, options.faults, options.seed)


def measure_pool(options: argparse.Namespace) -> int:
    """Carry out `speed-pool`."""
    from bench import speed

    return speed.pool(options.runs, tuple(select(options.datasets, None)))


def measure_run(options: argparse.Namespace) -> int:
    """Carry out `speed-run`."""
    from bench import speed

    return speed.one_run(options.rounds)


def compare_table(options: argparse.Namespace) -> int:
    """Carry out `compare`."""
    import json

    from bench import statistics
    from bench.compare import as_json, as_text, compare

    try:
        comparison = compare(options.file, options.alpha)
    except statistics.TableError as error:
        raise UsageError(str(error)) from error
    if options.json:
        print(json.dumps(as_json(comparison), indent=1))
        for line in statistics.reasons(comparison.left_out):  # the keys of the JSON are fixed
            print(f"bench: left out: {line}", file=sys.stderr)
    else:
        print(as_text(comparison))
    return 0


if __name__ == "__main__":
    sys.exit(main())
