"""What is to be run: the contest, its runs, and which of them are done, missing or stale."""

import importlib.metadata
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bench import results

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

    @property
    def folder(self) -> Path:
        """Where the contest's results lie."""
        return Path(self.results) / self.name

    def runs(self) -> Iterator[Run]:
        """Every run, data set by data set, so that a contest cut short has whole rows."""
        for resample in range(self.resamples):
            for dataset in self.datasets:
                for method in self.methods:
                    yield Run(method, dataset, resample)

    def save(self) -> None:
        """Write what was asked for beside the results, for status and report."""
        text = json.dumps(asdict(self), indent=1)
        results.write_whole(self.folder / "contest.json", lambda file: file.write(text.encode()))


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
        return Contest(**values | {"methods": tuple(values["methods"]), "datasets": tuple(values["datasets"])})
    except (ValueError, KeyError, TypeError) as error:
        raise results.ResultError(f"{path}: damaged ({error}); run the contest again to write it anew") from error


@dataclass(frozen=True)
class State:
    """Where a run stands."""

    kind: Literal["done", "missing", "stale"]
    difference: str = ""
    """Of a stale result: what differs, stored and now."""


def state(run: Run, folder: Path, identity: dict[str, Any]) -> State:
    """Compare the stored result of a run with what the run would be now.

    Args:
        run: which.
        folder: of the contest.
        identity: as `identity` returns it.

    Raises:
        results.ResultError: the stored result is damaged.
    """
    path = run.path(folder)
    if not path.exists():
        return State("missing")
    stored = results.read(path)
    versions = {name: stored.environment.get("versions", {}).get(name) for name in VERSIONED}
    before = {"config": stored.config, "data_sha256": stored.data_sha256, "seed": stored.seed, "versions": versions}
    difference = _first_difference(before, json.loads(json.dumps(identity)))
    return State("stale", difference) if difference else State("done")


def identity(config: dict[str, Any], data_sha256: str, seed: int) -> dict[str, Any]:
    """Everything that must be equal for a stored result to stand for a run."""
    return {
        "config": config,
        "data_sha256": data_sha256,
        "seed": seed,
        "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
    }


def _first_difference(before: Any, now: Any, at: str = "") -> str:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in before if key not in now)]:
            if found := _first_difference(before.get(key), now.get(key), f"{at}.{key}" if at else key):
                return found
        return ""
    return "" if before == now else f"{at}: stored {before!r}, now {now!r}"
