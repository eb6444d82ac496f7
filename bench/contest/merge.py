"""Results that were computed apart, joined: a contest from the folders of several."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.contest import results
from bench.contest.definition import Contest, Run, load_contest
from bench.contest.results import Result, ResultError
from bench.contest.state import VERSIONED

SHOWN = 5
"""So many conflicts are named."""
DECIDED = ("preset", "same_split", "pretrained")
"""What a contest has one of."""


@dataclass
class Merged:
    """What a merge will do, or did."""

    contest: Contest
    copied: dict[Run, Path] = field(default_factory=dict)
    """Runs whose results the contest lacked → where they come from."""
    same: int = 0
    """Results that were there already, or in several folders."""
    different: list[Run] = field(default_factory=list)
    """Of those, the ones whose scores differ although everything that decides them is the same."""
    averages: list[Run] = field(default_factory=list)
    """Averages of other results of their members than those that stay: left out, for they are quickly made again."""


def merge(sources: Sequence[Path], into: Contest) -> Merged:
    """Join contests into one, which may have results already; nothing of it is overwritten.

    Args:
        sources: folders of contests.
        into: name and folder of the one to be; where there is such a contest, it is joined with the others.

    Raises:
        results.ResultError: a folder is no contest, a result is damaged, or two contests or results contradict each
            other; nothing has been written then.
    """
    merged = planned(sources, into)
    merged.contest.save()
    for run, source in merged.copied.items():
        _copy(run, source, merged.contest.folder)
    for source in sources:
        for path in (source / "pretrained").glob("*.pt"):
            _put(path, merged.contest.folder / "pretrained" / path.name)
    return merged


def planned(sources: Sequence[Path], into: Contest) -> Merged:
    """Say what a merge would do; arguments and errors are those of merge."""
    folder = into.folder
    there = [folder] if (folder / "contest.json").exists() else []
    contests = [load_contest(source) for source in [*there, *sources]]
    merged = Merged(_joined(contests, into))
    kept: dict[Run, tuple[Path, Result]] = {}
    conflicts = []
    for source in [*there, *sources]:
        for path in sorted(source.glob("*/*/resample-*.json")):
            result = results.read(path)
            run = Run(result.method, result.dataset, result.resample)
            if run not in kept:
                kept[run] = path, result
                continue
            merged.same += 1
            other, stays = kept[run]
            if what := _contradiction(stays, result):
                conflicts.append(f"{run}: {what} ({other} and {path})")
            elif stays.scores != result.scores:
                merged.different.append(run)
    if conflicts:
        more = f"; {len(conflicts) - SHOWN} more" if len(conflicts) > SHOWN else ""
        raise ResultError(
            f"two results of one run that came about differently, nothing was merged: {'; '.join(conflicts[:SHOWN])}"
            f"{more}; leave one of them out"
        )
    for run, (path, result) in kept.items():
        if path.parents[2] == folder:
            continue
        if _stale_average(run, result, kept):
            merged.averages.append(run)
        else:
            merged.copied[run] = path.parents[2]
    return merged


def _joined(contests: Sequence[Contest], into: Contest) -> Contest:
    """The contest that covers all of them."""
    running = [contest for contest in contests if contest.methods]  # one of imported results alone decides nothing
    for one, other in pairwise(running):
        for what in DECIDED:
            if getattr(one, what) != getattr(other, what):
                raise ResultError(
                    f"contests are merged that have one {what}, got {getattr(one, what)!r} in {one.folder} and "
                    f"{getattr(other, what)!r} in {other.folder}"
                )
    targets: dict[str, str] = {}
    for contest in contests:
        for name, target in contest.outside.items():
            if targets.setdefault(name, target) != target:
                raise ResultError(
                    f"{name} is {targets[name]} in one contest and {target} in {contest.folder}; rename one of them"
                )
    joined = replace(next(iter(running), contests[0]), name=into.name, results=into.results)
    for contest in reversed(contests):
        joined = joined.widened(contest)
    return joined


def _contradiction(one: Result, other: Result) -> str:
    """What decides a result and is not the same of two; nothing where all is."""
    for what in ("config", "data_sha256", "seed"):
        if getattr(one, what) != getattr(other, what):
            return f"another {what}"
    if _versions(one) != _versions(other):
        return "other versions of packages"
    return "other accuracies were imported" if one.source and one.scores != other.scores else ""


def _versions(result: Result) -> dict[str, Any]:
    return {name: result.environment.get("versions", {}).get(name) for name in VERSIONED}


def _stale_average(run: Run, result: Result, kept: dict[Run, tuple[Path, Result]]) -> bool:
    """Whether an average was made of other results of its members than those that stay."""
    digests = result.details.get("members", {})
    return any(member in kept and results.digest(kept[member][0]) != digests[member.method] for member in run.members)


def _copy(run: Run, source: Path, folder: Path) -> None:
    """Copy a result and all that lies beside it, the result itself last: where it is, all of it is."""
    path = run.path(source)
    for beside in (path.with_suffix(".npz"), path.with_suffix(".log"), path):
        _put(beside, run.path(folder).with_name(beside.name))


def _put(source: Path, target: Path) -> None:
    """Copy a file whole, if it is there and no such file is."""
    if target.exists() or not source.exists():
        return
    with source.open("rb") as file:
        results.write_whole(target, lambda out: shutil.copyfileobj(file, out))
