"""Runs on a SLURM cluster, through submitit: bundles of runs as the tasks of arrays.

What counts is the result files. SLURM's own states only explain why one is missing, and a task that starts again
does what its bundle still lacks. Beside the results lie

    slurm/<job>.json        the runs of each task of a submission
    slurm/<token>.cut-off   of a submission that is just being made; the token is its tasks' comment
    slurm/files/            submitit's scripts and the tasks' logs
"""

import datetime
import json
import math
import os
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contest import live, results
from bench.contest.definition import Contest, Run
from bench.contest.run import is_full
from bench.contest.state import state_of
from bench.contest.survey import Todo
from bench.places import cluster, submitted
from bench.places.cluster import SlurmError
from bench.places.parts import Part, divide
from bench.places.place import Options, Watcher
from bench.places.settings import Settings, settings_of
from bench.places.task import Task

if TYPE_CHECKING:
    import submitit

QUEUE = "SLURM's queue"

RESTARTS = 50
"""So often a task may run into its time limit and go on."""
POLL_SECONDS = 5.0
SILENCES = 60
"""So many polls in a row may go without an answer."""
AGAIN_SECONDS = 30.0
"""Until it is asked again for room that was refused."""
NO_ROOM = re.compile(r"MaxSubmit|GrpSubmit|MaxJobCount|SubmitJobs|temporarily unable")
"""What SLURM says where it would take the tasks at another time."""


@dataclass
class Batch:
    """Runs given to SLURM, by task, and those that it has no room for yet."""

    contest: Contest
    options: Options
    tasks: dict[str, list[Run]] = field(default_factory=dict)
    """By id: of an array's task <job>_<i>, of a single one <job>."""
    rest: list[Todo] = field(default_factory=list)
    needs: dict[str, str] = field(default_factory=dict)
    """Task → the task whose pre-training it waits for."""


def submit(contest: Contest, todo: Sequence[Todo], options: Options) -> Batch:
    """Give runs to SLURM, but for those that it has already.

    Raises:
        SlurmError: there is no SLURM, it refuses, or a run would take longer than a task may.
    """
    submitted.take_back(contest)
    there = submitted.at_slurm(contest)
    batch = Batch(contest, options, {task: runs for task, (runs, _) in there.items() if runs})
    making = {record["makes"]: task for task, (_, record) in there.items() if record.get("makes")}
    _submit_more(batch, todo, making)
    return batch


def planned(contest: Contest, todo: Sequence[Todo], options: Options) -> list[Part]:
    """Say what submit would submit, if SLURM had nothing yet.

    Raises:
        SlurmError: a setting is wrong, or a run would take longer than a task may.
    """
    methods = dict.fromkeys([*contest.methods, *(item.run.method for item in todo)])
    return divide(todo, settings_of(contest, [*methods], options))


def write_scripts(contest: Contest, todo: Sequence[Todo], options: Options) -> list[Path]:
    """Write the scripts that submit would give to sbatch, and submit nothing.

    Returns:
        Their paths, in the order of submission.
    """
    folder = contest.folder / "slurm" / "dry-run"
    for path in folder.glob("*.sh"):
        path.unlink()
    paths: list[Path] = []
    makers: dict[str, str] = {}
    for i, part in enumerate(planned(contest, todo, options), 1):
        path = folder / f"{i}-{'pretraining' if part.makes else re.sub('[^A-Za-z0-9_-]', '', part.settings.name)}.sh"
        waits = f"afterok:{makers[part.needs]}" if part.needs else ""
        waits = "afterany:THE-TASKS-OF-ITS-MEMBERS" if part.members else waits
        executor = _executor(contest, part.settings, waits, "dry-run")
        if len(part.bundles) > 1:
            executor.parameters["map_count"] = len(part.bundles)
        text = executor._make_submission_file_text(executor._submitit_command_str, "dry-run")
        results.write_text(path, text)
        makers[part.makes] = f"JOB-OF-{path.stem}"
        paths.append(path)
    return paths


def wait(batch: Batch, watcher: Watcher) -> None:
    """Wait until every run has its result, or its task has ended without one.

    Raises:
        KeyboardInterrupt: Ctrl-C; the tasks go on.
    """
    try:
        _Waiting(batch, watcher).until_the_end()
    except KeyboardInterrupt:
        watcher.note(f"the tasks go on in SLURM; to end them: {batch.contest.command('cancel')}")
        raise


def cancel(contest: Contest) -> str:
    """Cancel what SLURM has of a contest."""
    submitted.take_back(contest)
    there = submitted.at_slurm(contest)
    if there:
        cluster.ask("scancel", *there)
    return f"{len(there)} SLURM tasks"


def width(options: Options) -> int:
    """How many runs go on at a time, if the whole cluster is ours and all of them like the default."""
    nobody = Contest("", (), ())
    settings = settings_of(nobody, ["default"], options)["default"]
    parameters = settings.parameters
    tasks = max(1, min(cluster.n_cpus() // int(parameters["cpus_per_task"]), int(parameters["array_parallelism"])))
    return tasks * settings.workers


def queued(contest: Contest) -> list[Run]:
    """The runs of a contest whose tasks SLURM has, waiting or at work."""
    try:
        return [run for runs, _ in submitted.at_slurm(contest).values() for run in runs]
    except SlurmError:  # it cannot be asked from here
        return []


def _submit_more(batch: Batch, todo: Sequence[Todo], making: dict[str, str]) -> None:
    """Give runs to SLURM as far as it has room, and keep the rest.

    Args:
        batch: what SLURM has of them already, which is extended.
        todo: runs.
        making: shared pre-training → the task that is making it; extended likewise.
    """
    contest, options = batch.contest, batch.options
    given = {run for runs in batch.tasks.values() for run in runs}
    todo = [item for item in todo if item.run not in given]
    batch.rest = []
    if not todo:
        return
    parts = divide(todo, settings_of(contest, [*dict.fromkeys(item.run.method for item in todo)], options), making)
    size, room = cluster.limits()
    full = False
    for part in parts:
        bundles, step = list(part.bundles), size
        while bundles and room > 0 and not full:
            several = bundles[: min(step, room)]
            try:
                tasks = _submit_array(batch, part, several, making)
            except _NoRoomError as refusal:  # by a limit that cluster.limits does not know
                step = len(several) // 2
                if full := step == 0:
                    live.note_event(contest.folder, f"SLURM refused more tasks, which wait for room: {refusal}")
                continue
            room -= len(tasks)
            bundles = bundles[len(several) :]
        if not part.makes:  # who needs what could not be submitted makes it where it is first needed
            batch.rest += [item for items in bundles for item in items]


class _NoRoomError(SlurmError):
    """SLURM would take the tasks at another time."""


def _submit_array(
    batch: Batch, part: Part, bundles: Sequence[Sequence[Todo]], making: dict[str, str]
) -> dict[str, list[Run]]:
    from submitit.core.utils import FailedJobError  # noqa: PLC0415 (status must not wait for it)

    contest, settings = batch.contest, part.settings
    token = f"timae-{uuid.uuid4().hex[:16]}"
    maker = making.get(part.needs, "")
    waits = f"afterok:{maker}" if maker else ""
    if part.members:
        awaited = {task.partition("_")[0] for task, runs in batch.tasks.items() if not {*runs}.isdisjoint(part.members)}
        waits = "afterany:" + ":".join(sorted(awaited)) if awaited else ""
    inside = replace(
        batch.options,
        workers=settings.workers,
        workers_per_gpu=settings.workers_per_gpu,
        pretrain=bool(part.makes),
        slurm={},
        cluster={},
    )
    absolute = replace(contest, results=str(Path(contest.results).resolve()))
    mark = contest.folder / "slurm" / f"{token}.cut-off"
    try:
        results.write_text(mark, "")  # whoever finds it knows that nobody knows these tasks' runs
        executor = _executor(contest, settings, waits, token)
        with _outside_of_any_job():
            jobs = executor.map_array(Task(absolute, inside), [list(items) for items in bundles])
        tasks = {str(job.job_id): [item.run for item in items] for job, items in zip(jobs, bundles, strict=True)}
        if part.makes:
            making[part.makes] = next(iter(tasks))
            tasks = {task: [] for task in tasks}
        record = {
            "folder": str(contest.folder.resolve()),
            "submitted_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "settings": settings.name,
            "parameters": settings.parameters,
            "makes": part.makes,
            "needs": maker,
            "tasks": {task: [[run.method, run.dataset, run.resample] for run in runs] for task, runs in tasks.items()},
        }
        name = str(jobs[0].job_id).split("_")[0]
        results.write_text(contest.folder / "slurm" / f"{name}.json", json.dumps(record, indent=1))
        mark.unlink(missing_ok=True)
    except OSError as error:  # what was submitted of it, if anything, the mark lets the next one take back
        if is_full(error):
            raise _NoRoomError("the disk is full") from error
        raise SlurmError(f"cannot submit: {error}") from error
    except (RuntimeError, ValueError, TypeError, FailedJobError) as error:
        mark.unlink(missing_ok=True)
        said = " ".join(str(error).split())
        if NO_ROOM.search(said):
            raise _NoRoomError(said[:300]) from error
        raise SlurmError(f"SLURM refused: {said[:300]}") from error
    if not part.makes:
        batch.tasks |= tasks
        batch.needs |= dict.fromkeys(tasks, maker)
    return tasks


def _executor(contest: Contest, settings: Settings, waits: str, token: str) -> "submitit.SlurmExecutor":
    """Submitit's executor of a part.

    Raises:
        ValueError, TypeError: a setting is unknown to it.
        RuntimeError: there is no srun.
    """
    import submitit  # noqa: PLC0415 (status must not wait for it)

    parameters = dict(settings.parameters)
    more = dict(parameters.pop("additional_parameters"))
    if waits:
        parameters["dependency"] = waits
        more["kill-on-invalid-dep"] = "yes"
    parameters["comment"] = f"{parameters['comment']} {token}" if "comment" in parameters else token
    # since 22.05 srun does not take over what sbatch was told
    srun = ["--cpus-per-task", str(parameters["cpus_per_task"])]
    executor = submitit.SlurmExecutor(contest.folder.resolve() / "slurm" / "files", max_num_timeout=RESTARTS)
    executor.update_parameters(**parameters, srun_args=srun, additional_parameters=more)
    return executor


@contextmanager
def _outside_of_any_job() -> Iterator[None]:
    """Without the variables of a job that we may be in, which would lead a task astray; but with the cluster's."""
    from submitit.helpers import clean_env  # noqa: PLC0415

    cluster = os.environ.get("SLURM_CONF")
    with clean_env():
        if cluster:
            os.environ["SLURM_CONF"] = cluster
        yield


class _Waiting:
    """Watches the tasks of a batch."""

    def __init__(self, batch: Batch, watcher: Watcher) -> None:
        self.batch, self.watcher, self.contest = batch, watcher, batch.contest
        self.left: dict[Run, str] = {}
        self.stamps: dict[Run, int] = {}
        self.ended: set[Run] = set()
        self.begun: set[Run] = set()
        self.gone: set[str] = set()
        self.silent_since: float | None = None
        self.silences = 0
        self.told_full = False

    def until_the_end(self) -> None:
        """Wait for all runs, those included that there is no room for yet."""
        self.take_up()
        asked = refused = -math.inf
        while self.left or self.batch.rest:
            time.sleep(1)
            self.end([run for run in self.left if submitted.stamp(run, self.contest) != self.stamps[run]])
            now = time.monotonic()
            if now - asked >= POLL_SECONDS:
                asked = now
                self.ask()
            if self.batch.rest and now - refused >= (AGAIN_SECONDS if self.left else AGAIN_SECONDS / 3):
                refused = now
                self.submit_the_rest()
        self.tell_of_silence()

    def take_up(self) -> None:
        """Wait for what is new among the batch's tasks."""
        for task, runs in self.batch.tasks.items():
            for run in runs:
                if run not in self.left and run not in self.ended:
                    self.left[run] = task
                    self.stamps[run] = (
                        0 if state_of(run, self.contest).kind == "done" else submitted.stamp(run, self.contest)
                    )

    def submit_the_rest(self) -> None:
        """Give to SLURM what it had no room for."""
        if not self.told_full:
            self.watcher.note(f"no room in SLURM's queue for {len(self.batch.rest)} runs; asked again and again")
            self.told_full = True
            live.note_event(
                self.contest.folder, f"SLURM had no room for {len(self.batch.rest)} runs: they waited for it"
            )
        more = submit(self.contest, self.batch.rest, self.batch.options)
        self.batch.tasks |= more.tasks
        self.batch.needs |= more.needs
        self.batch.rest = more.rest
        self.take_up()

    def ask(self) -> None:
        """Look what SLURM and the workers say.

        Raises:
            SlurmError: SLURM has not answered for a long time.
        """
        asked = time.monotonic()
        try:
            jobs = cluster.jobs()
        except SlurmError as error:  # a controller that restarts is back in a moment
            self.silences += 1
            self.silent_since = self.silent_since or asked
            if self.silences == SILENCES:
                raise
            self.watcher.note(str(error))
            return
        if time.monotonic() - asked > POLL_SECONDS:  # squeue itself waits for a controller
            self.silent_since = self.silent_since or asked
        self.tell_of_silence()
        over = [run for run, task in self.left.items() if task in self.gone and task not in jobs]
        self.gone = set(self.left.values()) - jobs.keys()  # only those gone twice: their last files may be on the way
        at_work = {state["run"] for state in live.running(self.contest.folder / "work")}
        for run in self.left:
            if str(run) in at_work and run not in self.begun:
                self.begun.add(run)
                self.watcher.begin(run)
        self.end(over)

    def tell_of_silence(self) -> None:
        """Note that SLURM did not answer for a while."""
        if self.silent_since is not None:
            seconds = time.monotonic() - self.silent_since
            live.note_event(self.contest.folder, f"SLURM did not answer for {seconds:.0f} s")
            self.silent_since, self.silences = None, 0

    def end(self, runs: Sequence[Run]) -> None:
        """Say how runs ended."""
        for run in runs:
            task = self.left.pop(run)
            self.ended.add(run)
            self.watcher.end(submitted.outcome_of(run, self.contest, task, self.batch.needs.get(task, "")))
