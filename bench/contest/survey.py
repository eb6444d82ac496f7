"""What a contest still lacks, and what that will cost."""

import functools
import gc
import heapq
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.contest import cost, results
from bench.contest.contestants import known_method
from bench.contest.definition import Contest, Run
from bench.contest.index import Index, States
from bench.contest.state import State
from bench.methods.method import FOR_ALL, MANY, Method
from timae.config import Recipe
from ucr.archive import UcrError


@dataclass(frozen=True)
class Todo:
    """A run to do, and what whoever schedules it should know."""

    run: Run
    seconds: float
    """Predicted; a pre-training that several runs share is counted in one of them."""
    shares: Hashable = None
    """Equal for runs that share a pre-training: better not started at the same time."""
    alone: float = 0.0
    """Predicted, if it made that pre-training itself, or waited for it as long."""
    booked: float = 0.0
    """Predicted; a pre-training that several runs share is spread evenly over them."""
    pretraining: float = 0.0
    """Of seconds, the shared pre-training's that is counted here."""


def predict(contest: Contest, runs: Sequence[Run], done: Sequence[Run], model: cost.CostModel) -> list[Todo]:
    """Say what each run will cost.

    Args:
        contest: what they belong to.
        runs: to be done, of known methods.
        done: finished ones; a pre-training that one of them used is there already.
        model: of costs.

    Returns:
        Longest first: the order in which they should be started.
    """
    methods = _known(contest)
    learnt = {name: _pretraining(method) for name, method in methods.items()}
    made = {_shared(learnt[run.method], run) for run in done if run.method in learnt}

    @functools.cache
    def price(name: str, dataset: str) -> tuple[float, float]:
        """Seconds of a run but for its pre-training, and of that."""
        method = methods[name]
        try:
            seconds = model.predict(method, cost.info_of(dataset, contest.root))
        except UcrError:  # its files are not here; no run of it will be done, and status is asked all the same
            seconds = {}
        pretrain = seconds.pop("pretrain", 0.0)
        if contest.pretrained is not None and method.pretrained_on in MANY:
            pretrain = 0.0  # a file has it
        return cost.RUN_SECONDS + sum(seconds.values()), pretrain

    shares = {run: _shared(learnt[run.method], run) for run in runs}
    sharing = Counter(shares.values())
    paid: dict[Hashable, float] = {}
    alone: dict[Run, float] = {}
    first: set[Run] = set()
    longest = sorted(runs, key=lambda run: -price(run.method, run.dataset)[0])
    for run in longest:
        own, pretrain = price(run.method, run.dataset)
        if shares[run] is not None and shares[run] not in made:
            made.add(shares[run])
            paid[shares[run]] = pretrain
            first.add(run)
        # an average may have to wait for its members
        alone[run] = own + pretrain + sum(alone.get(member, 0.0) for member in run.members)
    todo = []
    for run in longest:
        own, pretrain = price(run.method, run.dataset)
        counted = pretrain if run in first else 0.0
        booked = own + paid.get(shares[run], 0.0) / sharing[shares[run]]
        todo.append(Todo(run, own + counted, shares[run], alone[run], booked, counted))
    return sorted(todo, key=lambda item: -item.seconds)


def _known(contest: Contest) -> dict[str, Method]:
    """The methods of a contest that this version knows, by name."""
    return {name: method for name in contest.methods if (method := known_method(name, contest)) is not None}


def _pretraining(method: Method) -> tuple[str, bool] | None:
    """What decides the pre-training of a method's runs, and whether each data set has its own; None: there is none."""
    config = method.config
    if not isinstance(config, Recipe) or config.pretraining is None:
        return None
    own = method.pretrained_on not in FOR_ALL
    decides = (method.preparation, method.pretrained_on, config.encoder, config.pretraining)
    return repr((*decides, config.max_tokens if own else None)), own


def _shared(pretraining: tuple[str, bool] | None, run: Run) -> Hashable:
    """What decides the pre-training of a run; None where it has none."""
    if pretraining is None:
        return None
    decides, own = pretraining
    return (run.dataset if own else None, run.resample, decides)


def makespan(todo: Sequence[Todo], workers: int) -> float:
    """Seconds until the last of so many workers is done, if each takes the next run of the list when it is free."""
    free = [0.0] * workers
    for item in todo:
        heapq.heapreplace(free, free[0] + item.seconds)
    return max(free)


@dataclass(frozen=True)
class Survey:
    """A contest as it stands: what is done, what is to do and what that will cost."""

    done: list[Run]
    todo: list[Todo]
    """Longest first."""
    unusable: list[tuple[Run, State]]
    """Stored results that are stale or damaged; the runs of those that were asked for are among those to do."""
    kept: list[Run]
    """Of methods that are not known, those whose results stand."""
    lost: list[Run]
    """Of methods that are not known, those without a whole result: they cannot be done."""
    failed: dict[str, str]
    """Run → the last line of its error."""
    n_learned: int
    """Results that the predictions are fitted to."""


ENOUGH = 10_000
"""Of so many results of a contest, evenly chosen, each method has hundreds to learn its price from."""


def survey_of(contest: Contest, asked: Contest | None = None, again: Collection[str] = ()) -> Survey:
    """Look at every run of a contest, and predict what is missing from this and other contests' results.

    Args:
        contest: all of it, for a report shows all of it.
        asked: the part of it that is to be done; None: all.
        again: methods whose runs are to be done even if they are done.
    """
    collects = gc.isenabled()
    gc.disable()  # of tens of thousands of runs no cycle is made, and looking for some takes a quarter of the time
    try:
        return _survey(contest, asked or contest, again)
    finally:
        if collects:
            gc.enable()


def _survey(contest: Contest, asked: Contest, again: Collection[str]) -> Survey:
    index = Index(contest.folder)
    look = States(contest, index)
    states = {run: look.of(run) for run in contest.runs()}
    done = [run for run, found in states.items() if found.kind == "done" and run.method not in again]
    unusable = [(run, found) for run, found in states.items() if found.kind in ("stale", "damaged")]
    wanted = states.keys() if asked is contest else {*asked.runs()}
    model = cost.CostModel()
    methods = _known(contest)
    for path in Path(contest.results).glob("*/contest.json"):
        found = index if path.parent == contest.folder else Index(path.parent)
        stored = [*found.facts.values()]
        model.learn(methods, stored[:: 1 + len(stored) // ENOUGH])
    lacking = states.keys() - {*done}
    runs = [run for run in states if run in wanted and run in lacking and run.method in methods]
    todo = predict(contest, runs, done, model)
    unknown = [run for run in states if run.method not in methods]
    return Survey(
        done=[run for run in done if run in wanted],
        todo=todo,
        unusable=unusable,
        kept=[run for run in unknown if run not in lacking],
        lost=[run for run in unknown if run in lacking],
        failed=results.failures(index.errors),
        n_learned=model.n_results,
    )
