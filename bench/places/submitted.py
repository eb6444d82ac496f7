"""What was submitted to SLURM, as the records beside the results have it, and how it ended."""

import json
from typing import Any

from bench.contest import live, results
from bench.contest.definition import Contest, Run
from bench.contest.run import Outcome, leave_error
from bench.contest.state import state_of
from bench.places import cluster
from bench.places.cluster import SlurmError


def recorded(contest: Contest) -> dict[str, tuple[list[Run], dict[str, Any]]]:
    """The runs of each task that was ever submitted, and its record; those of a copied folder are of the original."""
    tasks = {}
    own = str(contest.folder.resolve())
    for path in sorted((contest.folder / "slurm").glob("*.json")):
        record = json.loads(path.read_bytes())
        if record.get("folder", own) != own:
            continue
        for task, runs in record["tasks"].items():
            tasks[task] = [Run(*run) for run in runs], record
    return tasks


def at_slurm(contest: Contest) -> dict[str, tuple[list[Run], dict[str, Any]]]:
    """The runs of each task that SLURM has, waiting or at work, and its record."""
    known = recorded(contest)
    jobs = cluster.jobs() if known else {}
    return {task: found for task, found in known.items() if task in jobs}


def take_back(contest: Contest) -> None:
    """Cancel what a submitter gave to SLURM that was killed before it could write down which runs these are."""
    for mark in (contest.folder / "slurm").glob("*.cut-off"):
        lost = [task for task, job in cluster.jobs().items() if job.comment.endswith(mark.stem)]
        if lost:
            cluster.ask("scancel", *lost)
            live.note_event(contest.folder, f"{len(lost)} tasks were taken back: their submitter was killed over them")
        mark.unlink(missing_ok=True)


def remarks(contest: Contest) -> list[str]:
    """What a user should know of the tasks that wait: those that are held, or will never begin."""
    if not (known := recorded(contest)):
        return []
    try:
        jobs = cluster.jobs()
    except SlurmError as error:
        return [f"SLURM does not answer: {error}"]
    reasons: dict[str, list[str]] = {}
    for task in known:
        if task in jobs and (said := cluster.UNUSUAL.get(jobs[task].reason)):
            reasons.setdefault(f"{said} ({jobs[task].reason})", []).append(task)
    return [f"{len(tasks)} tasks {what}, first {tasks[0]}" for what, tasks in reasons.items()]


def stamp(run: Run, contest: Contest) -> int:
    """When the result of a run was written, in nanoseconds; 0 where there is none."""
    path = run.path(contest.folder)
    return path.stat().st_mtime_ns if path.exists() else 0


def outcome_of(run: Run, contest: Contest, task: str, needed: str) -> Outcome:
    """How a run ended, from its files; where its task ended without any, from SLURM."""
    if state_of(run, contest).kind == "done":
        result = results.read(run.path(contest.folder))
        seconds = result.pretrain_seconds + result.finetune_seconds + result.test_seconds
        return Outcome(run, "done", seconds, result.accuracy)
    path = results.error_path(run.path(contest.folder))
    if not path.exists():
        said = f"its SLURM task {task} ended without it: {cluster.ending(task)}"
        if needed:
            said += f"; it waited for the pre-training of task {needed}: {cluster.ending(needed)}"
        logs = contest.folder / "slurm" / "files"
        found = [log for name in (task, needed) if name for log in logs.glob(f"{name}_*_log.err")]
        leave_error(contest, run, f"{said}; log: {found[0] if found else f'none in {logs}'}")
    return Outcome(run, "failed", error=path.read_text(errors="replace").strip().splitlines()[-1])
