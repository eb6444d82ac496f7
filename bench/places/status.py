"""Where contests stand: for status, in words and as JSON."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.contest import live
from bench.contest.definition import Contest, DamagedContest, Run, load_contest
from bench.contest.state import State
from bench.contest.survey import Survey, survey_of
from bench.places import submitted
from bench.places.duration import duration
from bench.places.plan import describe_imported, describe_unknown
from bench.places.table import PLACES

EVENTS = 10
"""So many of the last things that befell a contest are told."""


@dataclass(frozen=True)
class Standing:
    """Where a contest stands."""

    contest: Contest
    done: int
    todo: int
    going: list[dict[str, Any]]
    """The state of each run that goes on."""
    queued: int
    failed: dict[str, str]
    """Run → the last line of its error."""
    eta: float | None
    """Seconds; None where nothing goes on."""
    notes: list[str]
    """What else a user should know, a line each."""

    @property
    def settled(self) -> bool:
        """Whether there is nothing left that could change by itself."""
        return not self.going and not self.queued


def standing(contest: Contest) -> Standing:
    """Look where every run of a contest stands."""
    survey = survey_of(contest)
    waiting = {str(item.run): item.seconds for item in survey.todo}
    going = [state for state in live.running(contest.folder / "work") if state["run"] in waiting]
    at_work = {state["run"] for state in going}
    failed = {name: line for name, line in survey.failed.items() if name not in at_work}
    has = {run for place in PLACES.values() for run in place.queued(contest)}
    queued = [run for run in has if str(run) in waiting and str(run) not in at_work]
    left = sum(max(0.0, waiting[state["run"]] - state["seconds"]) for state in going)
    left += sum(seconds for name, seconds in waiting.items() if name not in at_work and name not in failed)
    notes = submitted.remarks(contest)
    notes += [f"it befell: {line}" for line in live.events(contest.folder)[-EVENTS:]]
    notes += [f"failed: {name}: {line}" for name, line in failed.items()]
    notes += _unusable(survey)
    notes += describe_unknown(survey) + describe_imported(contest)
    eta = left / len(going) if going else None
    return Standing(contest, len(survey.done), len(waiting), going, len(queued), failed, eta, notes)


def _unusable(survey: Survey) -> list[str]:
    """A line a reason: what one upgrade does to tens of thousands of results is one."""
    alike: dict[State, list[Run]] = {}
    for run, state in survey.unusable:
        alike.setdefault(state, []).append(run)
    more = {state: f" and {len(runs) - 1:,} more" if len(runs) > 1 else "" for state, runs in alike.items()}
    return [f"{state.kind}: {runs[0]}{more[state]}: {state.difference}" for state, runs in alike.items()]


def describe(stands: Standing) -> str:
    """Say where a contest stands."""
    return "\n".join([headline(stands), *(_line(state) for state in stands.going), *stands.notes])


def as_json(stands: Standing) -> str:
    """The same for scripts: numbers of runs, those that go on, and what else there is to know."""
    values = {
        "name": stands.contest.name,
        "preset": stands.contest.preset,
        "runs": stands.done + stands.todo,
        "done": stands.done,
        "todo": stands.todo,
        "queued": stands.queued,
        "running": stands.going,
        "failed": stands.failed,
        "eta_seconds": stands.eta,
        "settled": stands.settled,
        "notes": stands.notes,
    }
    return json.dumps(values, indent=1)


def headline(stands: Standing) -> str:
    """The first line of what status says."""
    eta = "" if stands.eta is None else f", ETA {duration(stands.eta)}"
    all_runs, contest = stands.done + stands.todo, stands.contest
    return (
        f"contest {contest.name} ({contest.preset}): {all_runs} runs, {stands.done} done, "
        f"{len(stands.going)} running, {stands.queued} queued, {len(stands.failed)} failed, {stands.todo} to do{eta}"
    )


def _line(state: dict[str, Any]) -> str:
    step = f" {state['step']}/{state['steps']}" if state["steps"] else ""
    loss = f"  loss {state['loss']:.4f}" if state["loss"] is not None else ""
    return f"running: {state['run']}  {state['phase']}{step}{loss}  {state['seconds']:.0f} s  ({worker_of(state)})"


def worker_of(state: dict[str, Any]) -> str:
    """Who does a run."""
    job = f", job {state['job']}" if state["job"] else ""
    return f"process {state['pid']} on {state['host']}{job}"


@dataclass(frozen=True)
class Row:
    """A contest among others."""

    name: str
    done: int
    runs: int
    running: int
    failed: int
    changed: float
    """When its results last changed, in seconds since 1970."""
    eta: float | None


def contests(folder: Path) -> list[Row]:
    """Every contest under a folder of results, the last that changed first; counted, not read."""
    rows = []
    for path in folder.glob("*/contest.json"):
        try:
            contest = load_contest(path.parent)
        except DamagedContest:
            rows.append(Row(f"{path.parent.name} (damaged contest.json)", 0, 0, 0, 0, path.stat().st_mtime, None))
            continue
        inside = path.parent.glob("*/*")
        going = live.running(path.parent / "work")
        done = failed = 0
        changed = path.stat().st_mtime
        for dataset in inside:
            if dataset.parent.name in ("work", "slurm") or not dataset.is_dir():
                continue
            names = [found.name for found in dataset.iterdir() if found.name.startswith("resample-")]
            done += sum(name.endswith(".json") for name in names)
            failed += sum(name.endswith(".error.txt") for name in names)
            changed = max(changed, dataset.stat().st_mtime)
        more = (contest.resamples - 1) * (len(contest.methods) - len(contest.once_alone))
        n_runs = len(contest.datasets) * (len(contest.methods) + more)
        eta = standing(contest).eta if going else None
        rows.append(Row(contest.name, done, n_runs, len(going), failed, changed, eta))
    return sorted(rows, key=lambda row: -row.changed)


def describe_contests(rows: list[Row]) -> str:
    """A line a contest."""
    width = max((len(row.name) for row in rows), default=0)
    lines = [f"{'contest':{width}}  {'done/all':>13}  running  failed  {'last change':16}  ETA"]
    for row in rows:
        changed = datetime.datetime.fromtimestamp(row.changed).astimezone().strftime("%Y-%m-%d %H:%M")
        eta = "–" if row.eta is None else duration(row.eta)
        count = f"{row.done}/{row.runs}"
        lines.append(f"{row.name:{width}}  {count:>13}  {row.running:>7}  {row.failed:>6}  {changed:16}  {eta}")
    return "\n".join(lines)
