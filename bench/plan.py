"""What is to be run: the contest, its runs, and which of them are done, missing or stale."""

import functools
import heapq
import importlib.metadata
import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from bench import cost, results
from bench.methods import SHARED, Method, get_method
from timae.config import Recipe
from ucr.archive import UcrError
from ucr.load import fingerprint

VERSIONED = ("timae-bench", "torch", "lightning", "sktime", "scikit-learn", "numpy")
"""Packages whose version decides what a run computes."""


@dataclass(frozen=True)
class Run:
    """One run: a method on one split of one data set."""

    method: str
    dataset: str
    resample: int

    def path(self, folder: Path) -> Path:
        """Return where its result lies in the folder of a contest."""
        return folder / self.method / self.dataset / f"resample-{self.resample}.json"

    def work(self, folder: Path) -> Path:
        """Return where it keeps its claim, state and checkpoints while it goes on."""
        return folder / "work" / f"{self.method}.{self.dataset}.{self.resample}"

    def __str__(self) -> str:
        return f"{self.method}/{self.dataset}/resample-{self.resample}"


@dataclass(frozen=True)
class Contest:
    """Methods × data sets × resamples, and where their results lie."""

    name: str
    methods: tuple[str, ...]
    datasets: tuple[str, ...]
    resamples: int = 1
    preset: str = "quick"
    results: str = "results"
    root: str | None = None
    """Where the archive lies; None: UCR_ROOT, or the user's cache, or what sktime ships."""
    same_split: bool = False
    """Every resample is the archive's own split; only the seed differs."""
    pretrain_on: tuple[str, ...] = ()
    """Data sets, beside those of the contest, whose train series shared pre-trainings see."""

    @property
    def folder(self) -> Path:
        """Where the contest's results lie."""
        return Path(self.results) / self.name

    def runs(self) -> Iterator[Run]:
        """Every run: seed by seed, data set by data set."""
        for resample in range(self.resamples):
            for dataset in self.datasets:
                for method in self.methods:
                    yield Run(method, dataset, resample)

    def widened(self, before: "Contest") -> "Contest":
        """Return this contest with what was asked of it before, so that its report covers all its results."""
        return replace(
            self,
            methods=tuple(dict.fromkeys((*before.methods, *self.methods))),
            datasets=tuple(dict.fromkeys((*before.datasets, *self.datasets))),
            resamples=max(before.resamples, self.resamples),
            pretrain_on=tuple(dict.fromkeys((*before.pretrain_on, *self.pretrain_on))),
        )

    def save(self) -> None:
        """Write what was asked for beside the results, for status and report."""
        text = json.dumps(asdict(self), indent=1)
        results.write_text(self.folder / "contest.json", text)


def load_contest(folder: Path) -> Contest:
    """Read what was asked for from the folder of a contest.

    Raises:
        results.ResultError: there is no such contest, or its contest.json is damaged.
    """
    path = folder / "contest.json"
    if not path.exists():
        known = sorted(p.parent.name for p in folder.parent.glob("*/contest.json"))
        raise results.ResultError(
            f"no contest in {folder}; there {'are' if known else 'is none'}: {', '.join(known) or 'run one first'}"
        )
    try:
        values = json.loads(path.read_bytes())
        names = {key: tuple(values[key]) for key in ("methods", "datasets")}
        return Contest(**values | names | {"pretrain_on": tuple(values.get("pretrain_on", ()))})
    except (ValueError, KeyError, TypeError) as error:
        raise results.ResultError(f"{path}: damaged ({error}); run the contest again to write it anew") from error


@dataclass(frozen=True)
class State:
    """Where a run stands."""

    kind: Literal["done", "missing", "stale", "damaged"]
    difference: str = ""
    """Of a stale or damaged result: what is wrong with it."""


def state(run: Run, contest: Contest) -> State:
    """Compare the stored result of a run with what the run would be now.

    A result of a data set whose files are not here counts as of the same data.
    """
    path = run.path(contest.folder)
    if not path.exists():
        return State("missing")
    try:
        stored = results.read(path)
    except results.ResultError as error:
        return State("damaged", str(error))
    versions = {name: stored.environment.get("versions", {}).get(name) for name in VERSIONED}
    before = {"config": stored.config, "data_sha256": stored.data_sha256, "seed": stored.seed, "versions": versions}
    try:
        now = identity(run, contest)
    except UcrError:
        kept = {"archive": stored.config["archive"]} if "archive" in stored.config else {}
        now = {**before, "config": _config(run, contest) | kept, "versions": _versions()}
    difference = _first_difference(before, now)
    if difference.startswith("config.archive:"):  # hashes say nothing
        difference = "its shared pre-training saw other data sets than the contest has now, or other data of them"
    if difference.startswith("config.same_split:"):
        difference = f"the contest was run with{'out' * reseeded(run, contest)} --same-split before"
    return State("stale", difference) if difference else State("done")


def identity(run: Run, contest: Contest) -> dict[str, Any]:
    """Everything that must be equal for a stored result to stand for a run, as plain JSON values.

    Raises:
        UcrError: the data set is not here.
    """
    config = _config(run, contest)
    if (names := pretraining_sets(run, contest)) is not None:
        config["archive"] = _archive_sha256(names, contest.root)
    return {
        "config": config,
        "data_sha256": fingerprint(run.dataset, contest.root),
        "seed": run.resample,
        "versions": _versions(),
    }


def _config(run: Run, contest: Contest) -> dict[str, Any]:
    return _described(run.method, contest.preset) | {"same_split": reseeded(run, contest)}


def reseeded(run: Run, contest: Contest) -> bool:
    """Whether a run differs from resample 0 by its seed alone; so a contest may get more seeds later."""
    return contest.same_split and run.resample > 0


@functools.cache
def _described(method: str, preset: str) -> dict[str, Any]:
    return get_method(method, preset).describe()


def pretraining_sets(run: Run, contest: Contest) -> tuple[str, ...] | None:
    """The data sets whose train splits a run's pre-training shares; None where it is the run's own affair."""
    source = get_method(run.method, contest.preset).pretrained_on
    if source not in SHARED:
        return None
    names = dict.fromkeys((*contest.pretrain_on, *contest.datasets))
    return tuple(name for name in names if source == "archive" or name != run.dataset)


@functools.cache
def _archive_sha256(names: tuple[str, ...], root: str | None) -> str:
    """One hash for the data of many data sets, in their order."""
    return sha256(json.dumps([(name, fingerprint(name, root)) for name in names]).encode()).hexdigest()


@functools.cache
def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in VERSIONED}


def _first_difference(before: Any, now: Any, at: str = "") -> str:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in before if key not in now)]:
            if found := _first_difference(before.get(key), now.get(key), f"{at}.{key}" if at else key):
                return found
        return ""
    return "" if before == now else f"{at}: stored {before!r}, now {now!r}"


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


def predict(contest: Contest, runs: Sequence[Run], done: Sequence[Run], model: cost.CostModel) -> list[Todo]:
    """Say what each run will cost.

    Args:
        contest: what they belong to.
        runs: to be done.
        done: finished ones; a pre-training that one of them used is there already.
        model: of costs.

    Returns:
        Longest first: the order in which they should be started.
    """
    methods = {name: get_method(name, contest.preset) for name in contest.methods}
    made = {_shared_pretraining(methods[run.method], run) for run in done}
    todo = []
    for run in runs:
        method = methods[run.method]
        seconds = model.predict(method, cost.info_of(run.dataset, contest.root))
        pretrain = seconds.pop("pretrain", 0.0)
        shares = _shared_pretraining(method, run)
        todo.append((cost.RUN_SECONDS + sum(seconds.values()), pretrain, Todo(run, 0, shares)))
    predicted = []
    for own, pretrain, item in sorted(todo, key=lambda entry: -entry[0]):
        first = item.shares is not None and item.shares not in made
        made.add(item.shares)
        predicted.append(replace(item, seconds=own + (pretrain if first else 0.0), alone=own + pretrain))
    return sorted(predicted, key=lambda item: -item.seconds)


def _shared_pretraining(method: Method, run: Run) -> Hashable:
    """What decides the pre-training of a run; None where it has none."""
    config = method.config
    if not isinstance(config, Recipe) or config.pretraining is None:
        return None
    recipe = (config.encoder, config.decoder, config.pretraining, config.mask_ratio, config.mask_span)
    own = (run.dataset, config.max_tokens) if method.pretrained_on != "archive" else None
    return (own, run.resample, method.preparation, method.pretrained_on, *recipe)


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
    """Stored results that are stale or damaged; their runs are among those to do."""
    n_learned: int
    """Results that the predictions are fitted to."""


def survey(contest: Contest, asked: Contest | None = None) -> Survey:
    """Look at every run of a contest, and predict what is missing from this and other contests' results.

    Args:
        contest: all of it, for a report shows all of it.
        asked: the part of it that is to be done; None: all. Stale results of other parts are to be done in any case.
    """
    states = {run: state(run, contest) for run in contest.runs()}
    done = [run for run, found in states.items() if found.kind == "done"]
    unusable = [(run, found) for run, found in states.items() if found.kind in ("stale", "damaged")]
    wanted = {*(asked or contest).runs(), *(run for run, _ in unusable)}
    model = cost.CostModel()
    methods = {name: get_method(name, contest.preset) for name in contest.methods}
    model.learn(methods, cost.read_stored(path.parent for path in Path(contest.results).glob("*/contest.json")))
    todo = predict(contest, [run for run in states if run in wanted and states[run].kind != "done"], done, model)
    return Survey([run for run in done if run in wanted], todo, unusable, model.n_results)
