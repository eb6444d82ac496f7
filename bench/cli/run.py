"""Commands that let runs happen, or end: run, plan, run-one, cancel."""

import argparse
import shlex
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.arguments import Command, add_contest, add_telling, add_tries, add_workers
from bench.cli.asked import (
    UsageError,
    asked_contest,
    asked_view,
    contest_folder,
    joined,
    require_known,
    require_not_imported,
    require_one_preset,
    rerun_methods,
    stored_contest,
    writable,
)
from bench.cli.data_sets import (
    describe_left_out,
    describe_missing,
    describe_oddities,
    require_data,
    require_readable,
)
from bench.cli.encoders import require_encoder
from bench.cli.report import tell
from bench.contest import live, results
from bench.contest.definition import Contest, DamagedContest, Run, load_contest
from bench.contest.imported import imported_in
from bench.contest.survey import Survey, survey_of
from bench.methods.few import most_labelled
from bench.methods.method import MethodError
from bench.places.interruption import interruptible

if TYPE_CHECKING:
    from bench.contest.run import Outcome
    from bench.places.place import Batch, Options, Place


def add(command: Command) -> None:
    """Add the commands to the command line."""
    run = command("run", run_contest, "do the runs of a contest that are not done yet, then write its report")
    add_contest(run)
    _add_places(run)
    run.add_argument("--reports", default="reports", metavar="DIR")
    add_telling(run)
    run.add_argument(
        "--rerun",
        metavar="NAME[,NAME]|stale",
        help="redo the runs of these methods, of all that is asked for, and nothing else; stale: those of all that is "
        "asked for whose config, data or versions changed, or whose result is damaged",
    )
    run.add_argument(
        "--notify",
        metavar="COMMAND",
        help="a shell command for when it is over, with BENCH_VERDICT (done, failed, stopped), BENCH_LINE, BENCH_NAME, "
        "BENCH_DONE, BENCH_FAILED and BENCH_REPORT in its environment",
    )
    run.add_argument("--no-wait", action="store_true", help="with SLURM: submit, and do not wait for the end")
    run.add_argument("--dry-run", action="store_true", help="with SLURM: write the scripts, and submit nothing")
    add_tries(run)

    planned = command("plan", show_plan, "say what is done, what is to do and what that will cost; trains nothing")
    add_contest(planned)
    planned.set_defaults(rerun=None, time_limit=None, retries=1, keep_checkpoints=False)
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
    add_workers(command)
    command.add_argument(
        "--slurm", default="", metavar="'KEY=VALUE …'", help="of all tasks, such as 'partition=debug time=60'; minutes"
    )
    command.add_argument(
        "--cluster",
        metavar="FILE.toml",
        help="settings of tasks by method, a table a kind or pattern; sought in the user's configuration folder, too",
    )


def run_contest(options: argparse.Namespace) -> int:
    """Carry out `run`."""
    from bench.places.table import PLACES

    place = _place(options)
    asked_view(options)
    contest = asked_contest(options)
    require_encoder(contest)
    settings = _settings(options)
    if options.no_wait and not place.QUEUE:
        others = " or ".join(name for name, other in PLACES.items() if other.QUEUE)
        raise UsageError(f"--no-wait needs --executor {others}: {options.executor} runs end with this command")
    if options.dry_run:
        return _dry_run(contest, place, settings)
    require_data(contest, options)
    folder, reports = contest.folder, Path(options.reports) / contest.name
    with interruptible(), writable(folder, reports), live.hold(folder) as held:
        if not held:
            raise UsageError(
                f"another run of contest {contest.name!r} is at work in {folder}; wait for it, or use another name"
            )
        return _run_held(contest, options, place, settings)


def _dry_run(asked: Contest, place: "Place[Any]", settings: "Options") -> int:
    """Write what would be submitted, and submit nothing."""
    from bench.places import slurm

    if place is not slurm:
        raise UsageError("--dry-run needs --executor slurm: there is nothing to submit on this machine")
    contest = joined(asked)
    paths = slurm.write_scripts(contest, survey_of(contest, asked).todo, settings)
    print("\n".join([f"{len(paths)} scripts; nothing was submitted", *map(str, paths)]))
    return 0


def _place(options: argparse.Namespace) -> "Place[Any]":
    """Where runs are to run, as the options say."""
    from bench.places.table import PLACES

    require_known("executor", options.executor, PLACES)
    return PLACES[options.executor]


def _run_held(asked: Contest, options: argparse.Namespace, place: "Place[Any]", settings: "Options") -> int:
    from bench.places.plan import describe_unknown
    from bench.places.progress import Progress

    contest = joined(asked)
    require_one_preset(asked, contest, options.rerun)
    if options.baseline and options.baseline not in imported_in(contest.folder):
        require_known("--baseline", options.baseline, most_labelled(contest.methods))
    again = rerun_methods(options)
    survey = survey_of(contest, asked, again)
    if survey.unusable and not options.rerun:
        run, state = survey.unusable[0]
        what = "is damaged" if state.kind == "damaged" else "came about otherwise than this command would make it"
        raise UsageError(
            f"a stored result {what}, {run}: {state.difference} ({len(survey.unusable)} such in all); "
            "redo them with --rerun stale (make: ARGS='--rerun stale'), or use another --name"
        )
    contest.save()
    n_done, n_todo = len(survey.done), len(survey.todo)
    n_again = sum(item.run.path(contest.folder).exists() for item in survey.todo)
    redone = f", {n_again} of them again" if n_again else ""
    lines = [
        f"contest {contest.name}: {n_done + n_todo} runs, {n_done} done, {n_todo} to do{redone}, "
        f"preset {contest.preset}",
        *describe_unknown(survey),
        *_left_alone(survey),
        *describe_left_out(asked, options),
        *describe_oddities(asked),
    ]
    print("\n".join(lines), flush=True)
    batch = _submit(place, contest, survey, settings, again)
    if options.no_wait:
        if batch.rest:
            print(f"no room in {place.QUEUE} for {len(batch.rest)} runs: give the same command again later")
        print(f"submitted; see: {contest.command('status')}")
        return 0
    with Progress(survey.todo, place.width(settings)) as progress:
        try:
            place.wait(batch, progress)
        except BaseException:
            _notify(options, contest, "stopped", progress.ended)
            raise
    failed = [outcome for outcome in progress.ended if outcome.error]
    if survey.done or len(failed) < len(progress.ended):
        tell(contest, Path(options.reports) / contest.name, asked_view(options))
    _notify(options, contest, "failed" if failed else "done", progress.ended)
    return report_failures(contest, failed)


def _notify(options: argparse.Namespace, contest: Contest, verdict: str, ended: "Sequence[Outcome]") -> None:
    """Call the user's command; that it fails is told, and changes nothing."""
    import os
    import subprocess

    if not options.notify:
        return
    failed = sum(bool(outcome.error) for outcome in ended)
    values = {
        "BENCH_VERDICT": verdict,
        "BENCH_LINE": f"contest {contest.name} {verdict}: {len(ended) - failed} runs done, {failed} failed",
        "BENCH_NAME": contest.name,
        "BENCH_DONE": str(len(ended) - failed),
        "BENCH_FAILED": str(failed),
        "BENCH_REPORT": str(Path(options.reports) / contest.name / "report.md"),
    }
    try:
        subprocess.run(options.notify, shell=True, env=os.environ | values, check=True, timeout=60)  # noqa: S602
    except (OSError, subprocess.SubprocessError) as error:
        print(f"bench: --notify: {error}", file=sys.stderr)


def report_failures(contest: Contest, failed: "Sequence[Outcome]") -> int:
    """Say why runs failed, a line each; returns the exit code."""
    for outcome in failed:
        print(f"bench: failed: {outcome.run}: {outcome.error}{_where(contest, outcome.run)}", file=sys.stderr)
    return 1 if failed else 0


def _left_alone(survey: Survey) -> list[str]:
    """A line, where results do not count that nobody asks to redo."""
    todo = {item.run for item in survey.todo}
    left = [(run, state) for run, state in survey.unusable if run not in todo]
    if not left:
        return []
    run, state = left[0]
    return [
        f"{len(left)} stale or damaged results stay, for nobody asked to redo them; first {run}: {state.difference}"
    ]


def _submit(
    place: "Place[Any]", contest: Contest, survey: Survey, settings: "Options", again: Collection[str]
) -> "Batch":
    """Give what is to do to a place; what is asked for again stays asked for until it is done."""
    asked = [item.run.work(contest.folder) for item in survey.todo if item.run.method in again]
    for work in asked:
        live.ask_to_redo(work)
    try:
        batch: Batch = place.submit(contest, survey.todo, settings)
    except results.ResultError:
        for work in asked:
            live.redo_path(work).unlink()
        raise
    return batch


def _where(contest: Contest, run: Run) -> str:
    """Where more is said of why a run failed, if it is."""
    path = results.error_path(run.path(contest.folder))
    try:
        return f" (traceback in {path})" if "Traceback" in path.read_text(errors="replace") else ""
    except OSError:
        return ""


def _settings(options: argparse.Namespace) -> "Options":
    """How and where runs are to be run, as the options say."""
    from bench.places.settings import read_cluster

    pairs = [pair.partition("=") for pair in shlex.split(options.slurm)]
    for key, equals, value in pairs:
        if not (key and equals and value):
            raise UsageError(f"--slurm takes key=value pairs, such as 'partition=debug time=60', got {options.slurm!r}")
    found = read_cluster(options.cluster) if options.cluster else {}
    return replace(worker_options(options), slurm={key: value for key, _, value in pairs}, cluster=found)


def worker_options(options: argparse.Namespace) -> "Options":
    """How a machine is to do runs, as the options say."""
    from bench.places.place import Options

    settings = Options(
        workers=options.workers,
        workers_per_gpu=options.workers_per_gpu,
        time_limit=options.time_limit and options.time_limit * 60,
        retries=options.retries,
        keep_checkpoints=options.keep_checkpoints,
    )
    return replace(settings, execute=options.execute) if options.execute else settings


def show_plan(options: argparse.Namespace) -> int:
    """Carry out `plan`."""
    from bench.places import slurm
    from bench.places.machine import gpus
    from bench.places.plan import describe_parts, describe_plan

    place = _place(options)
    asked = asked_contest(options)
    require_encoder(asked)
    require_readable(asked)
    survey = survey_of(joined(asked), asked)
    settings = _settings(options)
    plan = describe_plan(asked, survey, place.width(settings), "GPU" if gpus() else "core")
    print("\n".join([plan, *describe_missing(asked, options), *describe_left_out(asked, options)]))
    if place is slurm:
        print("\n".join(["", *describe_parts(slurm.planned(joined(asked), survey.todo, settings))]))
    return 0


def run_one(options: argparse.Namespace) -> int:
    """Carry out `run-one`: as a worker would, from the start, with whatever it prints."""
    from bench.contest.run import execute
    from bench.places.machine import gpus, one_thread_each
    from timae.session import Session, stopped_by_signals

    contest = stored_contest(options)
    require_not_imported([options.run.partition("/")[0]], contest.folder)
    by_name = {str(run): run for run in contest.runs()}
    require_known("run", options.run, by_name)
    run = by_name[options.run]
    try:
        contest.method(run.method)
    except MethodError as error:
        raise UsageError(f"{run} cannot be run: {error}") from error
    with stopped_by_signals() as stop, one_thread_each():
        session = Session(device="cuda" if gpus() else "cpu", stop=stop)
        outcome = (options.execute or execute)(contest, run, session, again=True)
    if outcome.kind == "done":
        print(f"{run}  accuracy {outcome.accuracy:.4f}  {outcome.seconds:.1f} s  {run.path(contest.folder)}")
        return 0
    if outcome.kind == "stopped":
        raise KeyboardInterrupt
    if outcome.kind == "elsewhere":
        raise UsageError(f"{run} is being done by another process at this moment: see {contest.command('status')}")
    print(results.error_path(run.path(contest.folder)).read_text(), file=sys.stderr)
    return 1


def cancel_contest(options: argparse.Namespace) -> int:
    """Carry out `cancel`."""
    from bench.places.table import PLACES

    folder = contest_folder(options)
    try:
        contest = load_contest(folder)
    except DamagedContest:  # the folder is enough
        contest = Contest(folder.name, (), (), results=str(folder.parent))
    # what is queued elsewhere first: a command that ends here would submit it anew
    ended = ", ".join(place.cancel(contest) for place in reversed([*PLACES.values()]))
    print(f"cancelled: {ended}; what is done stays")
    return 0
