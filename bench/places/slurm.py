"""Runs on a SLURM cluster, through submitit: bundles of runs as the tasks of an array.

What counts is the result files. SLURM's own states only explain why one is missing, and a task that starts again
does what its bundle still lacks. Beside the results lie

    slurm/<job>.json    the runs of each task of a submission
    slurm/files/        submitit's scripts and the tasks' logs
"""

import datetime
import heapq
import json
import math
import os
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.contest import live, results
from bench.contest.definition import Contest, Run
from bench.contest.run import Outcome, leave_error
from bench.contest.state import state_of
from bench.contest.survey import Todo
from bench.places import cluster, local
from bench.places.cluster import SlurmError
from bench.places.place import Options, Watcher

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

QUEUE = "SLURM's queue"

DEFAULTS: dict[str, Any] = {"time": 60, "cpus_per_task": 1, "array_parallelism": 256, "job_name": "timae-bench"}
TASK_MINUTES = 10.0
"""Work that a task gets at least, if there is as much: libraries take seconds to import."""
EARLY, START_UP = 60.0, 30.0
"""Seconds by which SLURM may send its signal too soon (man sbatch), and for importing libraries."""
RESTARTS = 50
"""So often a task may run into its time limit and go on."""
POLL_SECONDS = 5.0
SILENCES = 60
"""So many polls in a row may go without an answer."""


@dataclass
class Batch:
    """Runs given to SLURM, by task, and those that it has no room for yet."""

    contest: Contest
    options: Options
    tasks: dict[str, list[Run]] = field(default_factory=dict)
    """By id: of an array's task <job>_<i>, of a single one <job>."""
    rest: list[Todo] = field(default_factory=list)


class Task:
    """What SLURM calls: the runs of a bundle, by the workers of the local pool."""

    def __init__(self, contest: Contest, options: Options) -> None:
        self.contest, self.options = contest, options
        self.batch: local.Batch | None = None

    def __call__(self, bundle: list[Todo]) -> None:
        """Do all runs of a bundle that are not done."""
        self.batch = local.submit(self.contest, bundle, self.options)
        local.wait(self.batch, _Lines())

    def checkpoint(self, bundle: list[Todo]) -> "DelayedSubmission":
        """Before the time limit, or when preempted: write the runs' checkpoints, and go on after a requeue."""
        from submitit.helpers import DelayedSubmission  # noqa: PLC0415

        if self.batch:
            self.batch.stop()
        return DelayedSubmission(Task(self.contest, self.options), bundle)


class _Lines:
    """Says in the task's log how it goes."""

    def begin(self, run: Run) -> None:
        self.note(f"begin {run}")

    def end(self, outcome: Outcome) -> None:
        self.note(f"{outcome.kind} {outcome.run} {outcome.seconds:.1f} s {outcome.error}")

    def note(self, line: str) -> None:
        print(line, flush=True)  # noqa: T201


def submit(contest: Contest, todo: Sequence[Todo], options: Options) -> Batch:
    """Give runs to SLURM, but for those that it has already.

    Raises:
        SlurmError: there is no SLURM, it refuses, or a run would take longer than a task may.
    """
    parameters, budget, target = _parameters(options)
    batch = Batch(contest, options, _at_slurm(contest))
    given = {run for runs in batch.tasks.values() for run in runs}
    workers = _workers(options, parameters)
    bundles = bundle([item for item in todo if item.run not in given], budget, workers, target)
    size, room = cluster.limits() if bundles else (1, 0)
    batch.rest = [item for items in bundles[room:] for item in items]
    absolute = replace(contest, results=str(Path(contest.results).resolve()))
    inside = replace(options, workers=workers, slurm={})
    for i in range(0, len(bundles[:room]), size):
        part = bundles[:room][i : i + size]
        batch.tasks |= _submit_array(contest, Task(absolute, inside), part, parameters)
    return batch


def wait(batch: Batch, watcher: Watcher) -> None:
    """Wait until every run has its result, or its task has ended without one.

    Raises:
        KeyboardInterrupt: Ctrl-C; the tasks go on.
    """
    ended: set[Run] = set()
    try:
        while batch.tasks or batch.rest:
            if not batch.tasks:
                watcher.note(f"no room in SLURM's queue for {len(batch.rest)} runs; asked again in a minute")
                time.sleep(60)
            _wait_for_tasks(batch, watcher)
            ended.update(*batch.tasks.values())
            batch = submit(batch.contest, batch.rest, batch.options)
            left = {task: [run for run in runs if run not in ended] for task, runs in batch.tasks.items()}
            batch.tasks = {task: runs for task, runs in left.items() if runs}  # SLURM still has tasks that are ending
    except KeyboardInterrupt:
        watcher.note(f"the tasks go on in SLURM; to end them: {batch.contest.command('cancel')}")
        raise


def cancel(contest: Contest) -> str:
    """Cancel what SLURM has of a contest."""
    there = _at_slurm(contest)
    if there:
        cluster.ask("scancel", *there)
    return f"{len(there)} SLURM tasks"


def width(options: Options) -> int:
    """How many runs go on at a time, if the whole cluster is ours."""
    parameters, _, _ = _parameters(options)
    cpus = cluster.n_cpus()
    tasks = max(1, min(cpus // int(parameters["cpus_per_task"]), int(parameters["array_parallelism"])))
    return tasks * _workers(options, parameters)


def queued(contest: Contest) -> list[Run]:
    """The runs of a contest whose tasks SLURM has, waiting or at work."""
    try:
        return [run for runs in _at_slurm(contest).values() for run in runs]
    except SlurmError:  # it cannot be asked from here
        return []


def bundle(todo: Sequence[Todo], budget: float, workers: int, target: float) -> list[list[Todo]]:
    """Distribute runs over tasks, so that none is predicted to take longer than it may.

    Args:
        todo: runs; those that share a pre-training are kept together, and averages with their members.
        budget: seconds that a task has.
        workers: runs that go on at a time in a task.
        target: seconds that a task should take at least, if there is as much to do.

    Returns:
        Bundles of about equal cost, each longest first.

    Raises:
        SlurmError: a single run would take longer than the budget.
    """
    if not todo:
        return []
    longest = max(todo, key=lambda item: item.seconds)
    if longest.seconds > budget:
        raise SlurmError(
            f"{longest.run} is predicted to take {longest.seconds / 60:.0f} minutes, and a task has "
            f"{budget / 60:.0f}: raise time= in --slurm, or leave the run out"
        )
    from scipy.cluster.hierarchy import DisjointSet  # noqa: PLC0415 (half a second)

    together = DisjointSet([item.run for item in todo])
    first: dict[Hashable, Run] = {}
    for item in todo:
        together.merge(item.run, first.setdefault(item.shares or item.run, item.run))
        for member in item.run.members:
            if member in together:
                together.merge(item.run, member)
    groups: dict[Run, list[Todo]] = defaultdict(list)
    for item in todo:
        groups[together[item.run]].append(item)
    units = []
    for group in groups.values():
        whole = sum(item.seconds for item in group) <= budget
        units += [group] if whole else [[item] for item in group]
    total = sum(item.seconds for item in todo)
    n = max(1, math.ceil(total / min(budget * workers, max(target * workers, 1e-9))))
    bins: list[tuple[float, int, list[Todo]]] = [(0.0, i, []) for i in range(min(n, len(units)))]
    for unit in sorted(units, key=lambda unit: -sum(item.seconds for item in unit)):
        seconds = sum(item.seconds for item in unit)
        filled, i, items = bins[0]
        if filled + seconds > budget * workers:
            filled, i, items = 0.0, len(bins), []
            heapq.heappush(bins, (seconds, i, unit.copy()))
            continue
        heapq.heapreplace(bins, (filled + seconds, i, items + unit))
    return [sorted(items, key=lambda item: -item.seconds) for _, _, items in sorted(bins, key=lambda b: -b[0]) if items]


def _parameters(options: Options) -> tuple[dict[str, Any], float, float]:
    """Submitit's parameters; and seconds that a task has, and should take at least."""
    values = {key: int(value) if value.isdigit() else value for key, value in options.slurm.items()}
    parameters = DEFAULTS | values
    minutes = parameters.pop("task_minutes", TASK_MINUTES)
    try:
        target = 60 * float(minutes)
    except ValueError:
        raise SlurmError(f"task_minutes in --slurm is a number of minutes, got {minutes!r}") from None
    for name, what in (("time", "minutes"), ("cpus_per_task", "cores"), ("array_parallelism", "tasks")):
        if not isinstance(parameters[name], int) or parameters[name] < 1:
            raise SlurmError(f"{name} in --slurm is whole {what} from 1, got {parameters[name]!r}")
    seconds = parameters["time"] * 60
    parameters.setdefault("signal_delay_s", min(30, seconds // 12))
    budget = max(seconds - parameters["signal_delay_s"] - EARLY - START_UP, seconds / 4)
    return parameters, budget, target


def _workers(options: Options, parameters: dict[str, Any]) -> int:
    """Runs that go on at a time in a task."""
    asked = str(parameters.get("gpus_per_node") or parameters.get("gpus_per_task") or 0)
    count = asked.rpartition(":")[2]  # of "a100:2"; a kind alone is one GPU
    gpus = int(count) if count.isdigit() else 1
    return gpus * options.workers_per_gpu or int(parameters["cpus_per_task"])


def _submit_array(
    contest: Contest, task: Task, bundles: list[list[Todo]], parameters: dict[str, Any]
) -> dict[str, list[Run]]:
    import submitit  # noqa: PLC0415 (status must not wait for it)
    from submitit.core.utils import FailedJobError  # noqa: PLC0415

    try:
        executor = submitit.SlurmExecutor(contest.folder.resolve() / "slurm" / "files", max_num_timeout=RESTARTS)
        # since 22.05 srun does not take over what sbatch was told
        executor.update_parameters(**parameters, srun_args=["--cpus-per-task", str(parameters["cpus_per_task"])])
        with _outside_of_any_job():
            jobs = executor.map_array(task, bundles)
    except (RuntimeError, ValueError, TypeError, FailedJobError, OSError) as error:
        raise SlurmError(f"SLURM refused: {' '.join(str(error).split())[:300]}") from error
    tasks = {str(job.job_id): [item.run for item in items] for job, items in zip(jobs, bundles, strict=True)}
    record = {
        "folder": str(contest.folder.resolve()),
        "submitted_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "parameters": parameters,
        "tasks": {task: [[run.method, run.dataset, run.resample] for run in runs] for task, runs in tasks.items()},
    }
    name = str(jobs[0].job_id).split("_")[0]
    text = json.dumps(record, indent=1)
    results.write_text(contest.folder / "slurm" / f"{name}.json", text)
    return tasks


@contextmanager
def _outside_of_any_job() -> Iterator[None]:
    """Without the variables of a job that we may be in, which would lead a task astray; but with the cluster's."""
    from submitit.helpers import clean_env  # noqa: PLC0415

    cluster = os.environ.get("SLURM_CONF")
    with clean_env():
        if cluster:
            os.environ["SLURM_CONF"] = cluster
        yield


def _recorded(contest: Contest) -> dict[str, list[Run]]:
    """The runs of each task that was ever submitted; those of a copied folder's records are of the original."""
    tasks = {}
    own = str(contest.folder.resolve())
    for path in sorted((contest.folder / "slurm").glob("*.json")):
        record = json.loads(path.read_bytes())
        if record.get("folder", own) != own:
            continue
        for task, runs in record["tasks"].items():
            tasks[task] = [Run(*run) for run in runs]
    return tasks


def _at_slurm(contest: Contest) -> dict[str, list[Run]]:
    """The runs of each task that SLURM has, waiting or at work."""
    recorded = _recorded(contest)
    states = cluster.states() if recorded else {}
    return {task: runs for task, runs in recorded.items() if task in states}


def _wait_for_tasks(batch: Batch, watcher: Watcher) -> None:
    contest = batch.contest
    left = {run: task for task, runs in batch.tasks.items() for run in runs}
    stamps = {run: 0 if state_of(run, contest).kind == "done" else _stamp(run, contest) for run in left}
    begun: set[Run] = set()
    gone: set[str] = set()
    asked, silent = -math.inf, 0
    while left:
        time.sleep(1)
        over: list[Run] = [run for run in left if _stamp(run, contest) != stamps[run]]
        if time.monotonic() - asked >= POLL_SECONDS:
            asked = time.monotonic()
            try:
                states, silent = cluster.states(), 0
            except SlurmError as error:  # a controller that restarts is back in a moment
                silent += 1
                if silent == SILENCES:
                    raise
                watcher.note(str(error))
                continue
            over += [run for run, task in left.items() if task in gone and task not in states]
            gone = set(left.values()) - states.keys()  # only those gone twice: their last files may still be on the way
            at_work = {state["run"] for state in live.running(contest.folder / "work")}
            for run in [run for run in left if str(run) in at_work and run not in begun]:
                begun.add(run)
                watcher.begin(run)
        for run in dict.fromkeys(over):
            watcher.end(_outcome(run, contest, left.pop(run)))


def _stamp(run: Run, contest: Contest) -> int:
    path = run.path(contest.folder)
    return path.stat().st_mtime_ns if path.exists() else 0


def _outcome(run: Run, contest: Contest, task: str) -> Outcome:
    """How a run ended, from its files; where its task ended without any, from SLURM."""
    if state_of(run, contest).kind == "done":
        result = results.read(run.path(contest.folder))
        seconds = result.pretrain_seconds + result.finetune_seconds + result.test_seconds
        return Outcome(run, "done", seconds, result.accuracy)
    path = results.error_path(run.path(contest.folder))
    if not path.exists():
        leave_error(contest, run, f"its SLURM task {task} ended without it: {cluster.ending(task)}")
    return Outcome(run, "failed", error=path.read_text(errors="replace").strip().splitlines()[-1])
