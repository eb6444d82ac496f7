"""Commands that let runs happen, or end: run, plan, run-one, cancel."""

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.arguments import Command, add_against, add_contest, minutes, positive, whole
from bench.cli.asked import (
    UsageError,
    asked_contest,
    joined,
    require_known,
    require_methods,
    require_not_imported,
    require_one_preset,
    require_writable,
    stored_contest,
)
from bench.cli.report import tell
from bench.contest import live, results
from bench.contest.definition import Contest
from bench.contest.survey import survey_of
from ucr.folders import locate

if TYPE_CHECKING:
    from bench.places.place import Options, Place


def add(command: Command) -> None:
    """Add the commands to the command line."""
    run = command("run", run_contest, "do the runs of a contest that are not done yet, then write its report")
    add_contest(run)
    _add_places(run)
    run.add_argument("--reports", default="reports", metavar="DIR")
    add_against(run)
    run.add_argument(
        "--rerun",
        choices=("stale",),
        help="stale: redo runs whose config, data or versions changed, or whose result is damaged",
    )
    run.add_argument("--no-wait", action="store_true", help="with SLURM: submit, and do not wait for the end")
    run.add_argument(
        "--time-limit",
        type=minutes,
        metavar="MINUTES",
        help="of one try of a run; default: 20 times what is predicted, at least 30",
    )
    run.add_argument(
        "--retries",
        type=whole,
        default=1,
        metavar="N",
        help="tries more for a run whose worker died, took too long or met a full disk",
    )
    run.add_argument("--keep-checkpoints", action="store_true", help="leave the last checkpoint of each run in work/")

    planned = command("plan", show_plan, "say what is done, what is to do and what that will cost; trains nothing")
    add_contest(planned)
    _add_places(planned)

    alone = command("run-one", run_one, "do one run of a contest again, here and now, with all its output")
    alone.add_argument("run", metavar="METHOD/DATASET/resample-K", help="as in status, and in the run's log")
    alone.add_argument("--name", default="default", help="of the contest")
    alone.add_argument("--results", default="results", metavar="DIR")

    cancel = command("cancel", cancel_contest, "end what runs of a contest, and what is queued in SLURM")
    cancel.add_argument("name")
    cancel.add_argument("--results", default="results", metavar="DIR")


def _add_places(command: argparse.ArgumentParser) -> None:
    command.add_argument("--executor", default="local", help="where runs run: local, slurm")
    command.add_argument("--workers", type=positive, default=2, metavar="N", help="runs at a time, without GPUs")
    command.add_argument("--workers-per-gpu", type=positive, default=1, metavar="N", help="runs at a time on each GPU")
    command.add_argument(
        "--slurm", default="", metavar="'KEY=VALUE …'", help="for submitit, such as 'partition=debug time=60'; minutes"
    )


def run_contest(options: argparse.Namespace) -> int:
    """Carry out `run`."""
    from bench.places.table import PLACES

    place = _place(options)
    contest = asked_contest(options)
    if options.no_wait and not place.QUEUE:
        others = " or ".join(name for name, other in PLACES.items() if other.QUEUE)
        raise UsageError(f"--no-wait needs --executor {others}: {options.executor} runs end with this command")
    for dataset in (*contest.datasets, *contest.pretrain_on):
        locate(dataset, contest.root)
    require_writable(contest.folder)
    require_writable(Path(options.reports) / contest.name)
    with live.hold(contest.folder) as held:
        if not held:
            raise UsageError(
                f"another run of contest {contest.name!r} is at work in {contest.folder}; wait for it, "
                "or use another name"
            )
        return _run_held(contest, options, place)


def _place(options: argparse.Namespace) -> "Place[Any]":
    """Where runs are to run, as the options say."""
    from bench.places.table import PLACES

    require_known("executor", options.executor, PLACES)
    return PLACES[options.executor]


def _run_held(asked: Contest, options: argparse.Namespace, place: "Place[Any]") -> int:
    from bench.places.progress import Progress

    require_one_preset(asked, options.rerun)
    contest = joined(asked)
    survey = survey_of(contest, asked)
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
    settings = _settings(options)
    batch = place.submit(contest, survey.todo, settings)
    if options.no_wait:
        if batch.rest:
            print(f"no room in {place.QUEUE} for {len(batch.rest)} runs: give the same command again later")
        print(f"submitted; see: python -m bench status {contest.name} --results {contest.results}")
        return 0
    with Progress(survey.todo, place.width(settings)) as progress:
        place.wait(batch, progress)
    failed = [outcome for outcome in progress.ended if outcome.error]
    if survey.done or len(failed) < len(progress.ended):
        tell(contest, Path(options.reports) / contest.name, against_published=bool(options.against))
    for outcome in failed:
        path = results.error_path(outcome.run.path(contest.folder))
        print(f"bench: failed: {outcome.run}: {outcome.error} (traceback in {path})", file=sys.stderr)
    return 1 if failed else 0


def _settings(options: argparse.Namespace) -> "Options":
    """How runs are to be run, as the options say."""
    from bench.places.place import Options

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
    from bench.places.machine import gpus
    from bench.places.status import describe_plan

    place = _place(options)
    asked = asked_contest(options)
    survey = survey_of(joined(asked), asked)
    print(describe_plan(asked, survey, place.width(_settings(options)), "GPU" if gpus() else "core"))
    return 0


def run_one(options: argparse.Namespace) -> int:
    """Carry out `run-one`: as a worker would, from the start, with whatever it prints."""
    import signal
    import threading

    from bench.contest.run import execute
    from bench.places.machine import gpus, one_thread_each
    from timae.session import Session

    contest = stored_contest(options)
    require_not_imported([options.run.partition("/")[0]], contest.folder)
    by_name = {str(run): run for run in contest.runs()}
    require_known("run", options.run, by_name)
    run = by_name[options.run]
    require_methods([run.method])
    stop = threading.Event()

    def ask_to_stop(*_: object) -> None:
        if stop.is_set():  # it was asked before, and has no checkpoint to stop at
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    session = Session(device="cuda" if gpus() else "cpu", stop=stop.is_set)
    with one_thread_each():
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
    from bench.places.table import PLACES

    contest = stored_contest(options)
    # what is queued elsewhere first: a command that ends here would submit it anew
    ended = ", ".join(place.cancel(contest) for place in reversed([*PLACES.values()]))
    print(f"cancelled: {ended}; what is done stays")
    return 0
