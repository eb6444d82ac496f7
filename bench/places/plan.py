"""What is to come, in words: the answer of plan; and what is known of methods, which status says too."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from bench.contest.definition import Contest
from bench.contest.imported import imported_in
from bench.contest.survey import Survey, Todo, makespan
from bench.places.duration import duration
from bench.places.parts import Part

COSTLIEST = 10
"""So many data sets are named."""


def describe_plan(contest: Contest, survey: Survey, workers: int, unit: str = "core") -> str:
    """Say what a contest has done and will cost, by method and for the costliest data sets.

    Args:
        contest: what is asked about.
        survey: of it.
        workers: how many runs would go on at a time.
        unit: what a worker keeps busy: a core or a GPU.
    """
    seconds = sum(item.seconds for item in survey.todo)
    lines = [
        f"contest {contest.name}, preset {contest.preset}: {len(survey.done) + len(survey.todo)} runs, "
        f"{len(survey.done)} done, {len(survey.todo)} to do",
        f"predicted: {_worded(seconds)} {unit} time (h:mm:ss), ETA {duration(makespan(survey.todo, workers))} "
        f"with {workers} workers (fitted to {survey.n_learned} results)",
    ]
    if survey.unusable:
        run, state = survey.unusable[0]
        lines.append(f"{len(survey.unusable)} stale or damaged results, first {run}: {state.difference}")
    lines += describe_unknown(survey)
    done: dict[str, int] = defaultdict(int)
    for run in survey.done:
        done[run.method] += 1
    by_method = _grouped(survey.todo, lambda item: item.run.method)
    methods = dict.fromkeys([*contest.methods, *by_method])
    rows = [(name, done[name], *by_method.get(name, (0, 0.0))) for name in methods]
    lines += _table(("method", "done", "to do", f"{unit} time"), rows)
    lines += describe_imported(contest)
    by_dataset = sorted(_grouped(survey.todo, lambda item: item.run.dataset).items(), key=lambda row: -row[1][1])
    if by_dataset:
        rest = [(name, "", *found) for name, found in by_dataset[:COSTLIEST]]
        lines += _table(("costliest data sets", "", "to do", f"{unit} time"), rest)
    return "\n".join(lines)


TASKS = 20
"""So many tasks of a part are named one by one."""


def describe_parts(parts: Sequence[Part]) -> list[str]:
    """Say what would be submitted, part by part and task by task."""
    rows = [("tasks", "settings", "runs", "hours", "what")]
    for i, part in enumerate(parts, 1):
        waits = f", after {[p.makes for p in parts].index(part.needs) + 1}" if part.needs else ""
        waits = ", after its members" if part.members else waits
        for j, items in enumerate(part.bundles[:TASKS], 1):
            seconds = sum(item.seconds for item in items) / part.settings.workers
            what = (
                f"pre-training for {items[0].run.method}" if part.makes else f"{items[0].run}{' …' * (len(items) > 1)}"
            )
            rows.append((f"{i}.{j}", part.settings.name, str(len(items)), f"{seconds / 3600:.2f}", what + waits))
        if rest := part.bundles[TASKS:]:
            hours = sum(item.seconds for items in rest for item in items) / part.settings.workers / 3600
            n = sum(map(len, rest))
            rows.append(
                (f"{i}.… {len(part.bundles)}", part.settings.name, str(n), f"{hours:.2f}", f"{len(rest)} tasks")
            )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return ["  ".join([*(f"{cell:{w}}" for cell, w in zip(row, widths, strict=False)), row[4]]) for row in rows]


def _grouped(todo: Sequence[Todo], by: Callable[[Todo], str]) -> dict[str, tuple[int, float]]:
    """Number of runs, and seconds, by name."""
    found: dict[str, tuple[int, float]] = {}
    for item in todo:
        n, seconds = found.get(by(item), (0, 0.0))
        found[by(item)] = (n + 1, seconds + item.booked)
    return found


def _worded(seconds: float) -> str:
    """Word a prediction; what takes less than a second takes one."""
    return duration(math.ceil(seconds))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, object, int, float]]) -> list[str]:
    width = max(len(str(row[0])) for row in [head, *rows])
    lines = [f"{head[0]:{width}}  {head[1]:>6}  {head[2]:>6}  {head[3]:>10}"]
    lines += [f"{row[0]:{width}}  {row[1]:>6}  {row[2]:>6}  {_worded(row[3]):>10}" for row in rows]
    return ["", *lines]


def describe_imported(contest: Contest) -> list[str]:
    """A line a method that there is nothing to run of."""
    return [f"imported: {method}, from {source}" for method, source in imported_in(contest.folder).items()]


def describe_unknown(survey: Survey) -> list[str]:
    """A line that says what there is of methods that this version does not know; none where it knows all."""
    unknown = dict.fromkeys(run.method for run in (*survey.kept, *survey.lost))
    if not unknown:
        return []
    lost = f", missing or damaged: {len(survey.lost)}, which cannot be run" if survey.lost else ""
    return [f"not known here: {', '.join(unknown)}; results that count: {len(survey.kept)}{lost}"]
