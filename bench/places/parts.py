"""What is submitted to a cluster, part by part: which runs are a task, and which tasks wait for which."""

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from bench.contest.definition import Run
from bench.contest.survey import Todo
from bench.places.cluster import SlurmError
from bench.places.settings import Settings


@dataclass(frozen=True)
class Part:
    """Tasks that are submitted together, as an array."""

    settings: Settings
    bundles: Sequence[Sequence[Todo]]
    """The runs of each task, longest first."""
    makes: str = ""
    """The shared pre-training that its only task makes; of the run in its bundle nothing else is done."""
    needs: str = ""
    """The shared pre-training without which none of its tasks begins."""
    members: tuple[Run, ...] = ()
    """Runs elsewhere that its averages wait for."""


def divide(todo: Sequence[Todo], settings: Mapping[str, Settings], making: Collection[str] = ()) -> list[Part]:
    """Divide runs into parts, in the order in which they are to be submitted.

    A pre-training that runs of several data sets share, or runs that are submitted differently, is a task of its own,
    so that no worker waits for another. One that the runs of one task share is made there. Averages go with their
    members, or wait for them where these are in several parts.

    Args:
        todo: runs.
        settings: by method.
        making: names of shared pre-trainings that a task is making already.

    Raises:
        SlurmError: a single run would take longer than a task may.
    """
    sharing: dict[Hashable, list[Todo]] = defaultdict(list)
    for item in todo:
        sharing[item.shares].append(item)
    makers: list[Part] = []
    apart: dict[Hashable, str] = {}
    for shares, items in sharing.items():
        name = name_of(shares)
        several = len({item.run.dataset for item in items}) > 1 or len({id(settings[i.run.method]) for i in items}) > 1
        maker = next((item for item in items if item.pretraining), None)
        if shares is not None and name in making:
            apart[shares] = name
        elif shares is not None and several and maker:
            apart[shares] = name
            own = settings[maker.run.method]
            alone = Todo(maker.run, maker.pretraining, alone=maker.pretraining)
            makers.append(Part(own, bundle([alone], own.budget, own.workers, own.target), makes=name))
    todo = [
        replace(item, seconds=item.seconds - item.pretraining, pretraining=0.0) if item.shares in apart else item
        for item in todo
    ]
    lanes: dict[tuple[int, str], list[Todo]] = defaultdict(list)
    of = {item.run: (id(settings[item.run.method]), apart.get(item.shares, "")) for item in todo}
    late: dict[int, list[Todo]] = defaultdict(list)
    for item in todo:
        there = {of[member] for member in item.run.members if member in of}
        if len(there) > 1:
            late[of[item.run][0]].append(item)
        else:
            lanes[there.pop() if there else of[item.run]].append(item)
    by_id = {id(found): found for found in settings.values()}
    parts = []
    for (own_id, needs), items in lanes.items():
        own = by_id[own_id]
        parts.append(Part(own, bundle(items, own.budget, own.workers, own.target), needs=needs))
    for own_id, items in late.items():
        own = by_id[own_id]
        members = tuple({member: None for item in items for member in item.run.members})
        parts.append(Part(own, bundle(items, own.budget, own.workers, own.target), members=members))
    return makers + parts


def name_of(shares: Hashable) -> str:
    """A short name of a shared pre-training, the same in every process."""
    return sha256(repr(shares).encode()).hexdigest()[:16]


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
            f"{budget / 60:.0f}: raise its time, or leave the run out"
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
