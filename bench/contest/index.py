"""What the result files of a contest hold, remembered: a file is read again only when it has changed.

<results>/<contest>/.index.json has, by method, data set and resample, what decides whether a result stands for its run,
and what the run cost. It holds nothing that is not in the results: who deletes it loses seconds.
"""

import contextlib
import functools
import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from bench.contest import results, state
from bench.contest.contestants import known_method
from bench.contest.definition import Contest, Run
from bench.contest.state import State
from bench.methods.averages import members_of
from bench.methods.method import DESCRIBED
from timae.weights import WeightsError
from ucr.archive import UcrError
from ucr.load import fingerprint

MISSING, DONE = State("missing"), State("done")
FORM = 3
"""Of the file; another is made anew."""
WORTH_WRITING = 100
"""So many changes at least, or a tenth of the whole, are worth writing all of it."""


class Facts(NamedTuple):
    """What is remembered of a result."""

    stamp: list[int]
    """When its files were written, and their sizes."""
    digest: str
    """As results.digest."""
    config: str
    described: str
    """Of config, what the method itself says."""
    data: str
    seed: int
    versions: str
    members: dict[str, str]
    """Of an average."""
    seconds: list[float | None]
    """Of pre-training, fine-tuning, test."""
    sizes: list[int]
    """Training cases, test cases, time points, labelled training cases."""


def hashed(values: object) -> str:
    """A short hash of plain JSON values."""
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


class Index:
    """The results in the folder of a contest."""

    def __init__(self, folder: Path) -> None:
        """Look at every file once, and read those that are new or have changed."""
        self.folder, self.path = folder, folder / ".index.json"
        self.facts: dict[Run, Facts] = {}
        self.damaged: set[Run] = set()
        self.errors: list[Path] = []
        """Tracebacks of runs that failed."""
        before = self._stored()
        changed = 0
        for method, dataset, entries in self._listed():
            remembered = before.get(f"{method}/{dataset}", {})
            for number, path, stamp in entries:
                run = Run(method, dataset, int(number))
                known = remembered.get(number)
                if known is not None and known[0] == stamp:
                    self.facts[run] = tuple.__new__(Facts, known)  # of tens of thousands, each microsecond counts
                    continue
                changed += 1
                if (found := _facts(path, stamp)) is not None:
                    self.facts[run] = found
                else:
                    self.damaged.add(run)
        changed += max(0, sum(map(len, before.values())) - len(self.facts))
        if changed >= WORTH_WRITING or changed * 10 > len(self.facts):
            self._store()

    def _listed(self) -> Iterator[tuple[str, str, list[tuple[str, str, list[int]]]]]:
        """Every method and data set, and of its results: number, path, when it and its arrays were written."""
        for method in _folders(self.folder):
            if method.name in ("work", "slurm", "pretrained"):
                continue
            for dataset in _folders(method.path):
                entries = {entry.name: entry for entry in os.scandir(dataset.path)}
                found = []
                for name, entry in entries.items():
                    number = name[len("resample-") : -len(".json")]
                    if name != f"resample-{number}.json" or not number.isdigit():
                        if name.startswith("resample-") and name.endswith(".error.txt"):
                            self.errors.append(Path(entry.path))
                        continue
                    written = entry.stat()
                    stamp = [written.st_mtime_ns, written.st_size]
                    if beside := entries.get(f"resample-{number}.npz"):
                        written = beside.stat()
                        stamp += [written.st_mtime_ns, written.st_size]
                    found.append((number, entry.path, stamp))
                yield method.name, dataset.name, found

    def _stored(self) -> dict[str, dict[str, list[Any]]]:
        """Method/data set → resample → facts."""
        try:
            values = json.loads(self.path.read_bytes())
            return dict(values["results"]) if values["form"] == FORM else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _store(self) -> None:
        found: dict[str, dict[str, Facts]] = {}
        for run, facts in self.facts.items():
            found.setdefault(f"{run.method}/{run.dataset}", {})[str(run.resample)] = facts
        values = {"form": FORM, "results": found}
        with contextlib.suppress(OSError):  # a folder that is only to be read
            results.write_text(self.path, json.dumps(values))


def _folders(path: "str | Path") -> list["os.DirEntry[str]"]:
    try:
        return [entry for entry in os.scandir(path) if entry.is_dir()]
    except OSError:
        return []


def _facts(path: str, stamp: list[int]) -> Facts | None:
    """What is to be remembered of a result; None where it is damaged."""
    try:
        result = results.read(Path(path))
        digest = results.digest(Path(path))
    except (results.ResultError, OSError):
        return None
    versions = {name: result.environment.get("versions", {}).get(name) for name in state.VERSIONED}
    seconds = [result.pretrain_seconds, result.finetune_seconds, result.test_seconds]
    return Facts(
        stamp=stamp,
        digest=digest,
        config=hashed(result.config),
        described=hashed({key: result.config[key] for key in DESCRIBED if key in result.config}),
        data=result.data_sha256,
        seed=result.seed,
        versions=hashed(versions),
        members=dict(result.details.get("members", {})),
        seconds=[None if second != second else second for second in seconds],  # noqa: PLR0124 (NaN)
        sizes=[result.n_train, result.n_test, result.n_timepoints, result.n_labelled],
    )


class States:
    """Where the runs of a contest stand, from its index; whatever the index cannot say is looked up."""

    def __init__(self, contest: Contest, index: Index) -> None:
        self.contest, self.index = contest, index
        self.redone = {path.parent.name for path in (contest.folder / "work").glob("*/redo")}
        self.known = {name: known_method(name, contest) for name in contest.methods}
        self.versions = hashed(state._versions())
        self.configs: dict[tuple[str, bool, str], str] = {}
        self.reasons: dict[tuple[object, ...], State] = {}
        self.data = functools.cache(self._data)
        self.expected = functools.cache(self._expected)
        self.averages = {name for name in contest.methods if len(members_of(name)) > 1}

    def of(self, run: Run) -> State:
        """Where a run stands: as state.state_of says."""
        facts = self.index.facts.get(run)
        if facts is None and run not in self.index.damaged:
            return MISSING
        if facts is not None and self._stands(run, facts):
            return DONE
        if facts is None or facts.seed != run.resample or run.method in self.averages or self._to_redo(run):
            return state.state_of(run, self.contest)  # says what is wrong
        # after an upgrade, say, tens of thousands of results are stale for one reason: one of them is read for it
        data = self.data(run.dataset)
        other_data = None if data in (None, facts.data) else (run.dataset, facts.data)
        key = (run.method, state.reseeded(run, self.contest), facts.config, facts.versions, other_data)
        if key not in self.reasons:
            found = state.state_of(run, self.contest)
            if found.kind != "stale":  # somebody has done it since
                return found
            self.reasons[key] = found
        return self.reasons[key]

    def _to_redo(self, run: Run) -> bool:
        return bool(self.redone) and run.work(self.contest.folder).name in self.redone

    def _stands(self, run: Run, facts: Facts) -> bool:
        if self.known.get(run.method) is None:
            return True
        if self._to_redo(run):
            return False
        config, data = self.expected(run.method, run.dataset, state.reseeded(run, self.contest))
        same = facts.config == config and facts.seed == run.resample and facts.versions == self.versions
        if not same or data not in (None, facts.data):
            return False
        return run.method not in self.averages or all(self._averaged(member, facts) for member in run.members)

    def _averaged(self, member: Run, facts: Facts) -> bool:
        there = self.index.facts.get(member)
        stands = there is not None and facts.members.get(member.method) == there.digest
        return stands and self.of(member).kind == "done"

    def _expected(self, name: str, dataset: str, reseeded: bool) -> tuple[str, str | None]:
        """The hashes of the configuration and of the data that runs have now; nothing where they are not here."""
        method = self.known[name]
        assert method is not None
        key = (name, reseeded, dataset if method.pretrained_on == "others" else "")
        if key not in self.configs:
            try:
                self.configs[key] = hashed(state.config_now(Run(name, dataset, int(reseeded)), self.contest))
            except (UcrError, WeightsError):
                self.configs[key] = ""
        return self.configs[key], self.data(dataset)

    def _data(self, dataset: str) -> str | None:
        try:
            return fingerprint(dataset, self.contest.root)
        except UcrError:
            return None
