"""Where a run stands: done, missing, stale or damaged; and what must be equal for a stored result to stand for it."""

import functools
import importlib.metadata
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from bench.contest import live, results
from bench.contest.contestants import known_method
from bench.contest.definition import Contest, Run
from bench.methods.method import MANY
from timae import weights
from ucr.archive import UcrError
from ucr.load import fingerprint

VERSIONED = ("timae-bench", "torch", "lightning", "sktime", "scikit-learn", "numpy")
"""Packages whose version decides what a run computes."""
LEFT_OUT = "test series of any length"
"""What of the train series of many data sets nobody learns; until 0.1.0 those of the same padded length only."""


@dataclass(frozen=True)
class State:
    """Where a run stands."""

    kind: Literal["done", "missing", "stale", "damaged"]
    difference: str = ""
    """Of a stale or damaged result: what is wrong with it."""
    asked: bool = False
    """Whether somebody has asked for it to be done again."""


def state_of(run: Run, contest: Contest) -> State:
    """Compare the stored result of a run with what the run would be now.

    A result of a data set whose files are not here, of an encoder whose file is not, or of a method that is not known
    counts as of the same.
    """
    path = run.path(contest.folder)
    if not path.exists():
        return State("missing")
    try:
        stored = results.read(path)
    except results.ResultError as error:
        return State("damaged", str(error))
    if known_method(run.method, contest) is None:
        return State("done")
    if live.redo_path(run.work(contest.folder)).exists():
        return State("stale", "it is to be done again, as --rerun asked", asked=True)
    versions = {name: stored.environment.get("versions", {}).get(name) for name in VERSIONED}
    before = {"config": stored.config, "data_sha256": stored.data_sha256, "seed": stored.seed, "versions": versions}
    try:
        now = identity(run, contest)
    except (UcrError, weights.WeightsError):
        kept = {key: stored.config[key] for key in ("archive", "pretrained") if key in stored.config}
        now = {**before, "config": _config(run, contest) | kept, "versions": _versions()}
    difference = _hashes_in_words(_first_difference(before, now))
    if difference.startswith("config.same_split:"):
        difference = f"the contest was run with{'out' * reseeded(run, contest)} --same-split before"
    difference = difference or _changed_member(run, contest, stored)
    return State("stale", difference) if difference else State("done")


def _hashes_in_words(difference: str) -> str:
    """What a difference of two hashes means; another one as it is."""
    match difference.partition(": ")[0].split(".", 3):
        case ["config", "archive"]:
            return "its shared pre-training saw other data sets than the contest has now, or other data of them"
        case ["config", "pretrained"]:
            return "its encoder came from another file than --pretrained names now, or from no file"
        case ["config", "config", "source", name] if name not in ("package", "version"):
            return "its file has changed" if name == "sha256" else f"{name}, which its file imports, has changed"
    return difference


def _changed_member(run: Run, contest: Contest, stored: results.Result) -> str:
    """Say which of the results that an average was made of is not there any more; nothing where all are."""
    for member in run.members:
        path = member.path(contest.folder)
        averaged = stored.details.get("members", {}).get(member.method)
        if not path.exists() or results.digest(path) != averaged or state_of(member, contest).kind != "done":
            return f"its member {member} is not the one that it averages"
    return ""


def identity(run: Run, contest: Contest) -> dict[str, Any]:
    """Everything that must be equal for a stored result to stand for a run, as plain JSON values.

    Raises:
        UcrError: the data set is not here.
        WeightsError: the encoder's file is not.
    """
    return {
        "config": config_now(run, contest),
        "data_sha256": fingerprint(run.dataset, contest.root),
        "seed": run.resample,
        "versions": _versions(),
    }


def config_now(run: Run, contest: Contest) -> dict[str, Any]:
    """The whole configuration that a run has now; errors are those of identity."""
    config = _config(run, contest)
    if (names := pretraining_sets(run, contest)) is not None:
        config["archive"] = _archive_sha256(names, contest.root)
    if (encoder := pretrained_encoder(run.method, contest)) is not None:
        config["pretrained"] = encoder.sha256
    return config


def _config(run: Run, contest: Contest) -> dict[str, Any]:
    return contest.method(run.method).describe() | {"same_split": reseeded(run, contest)}


def pretrained_encoder(method: str, contest: Contest) -> weights.Weights | None:
    """The file whose encoder a method takes in place of a pre-training that data sets share; None: there is none.

    Raises:
        WeightsError: the file is not there, or none of ours.
    """
    if contest.pretrained is None or contest.method(method).pretrained_on not in MANY:
        return None
    return weights.read(contest.pretrained)


def reseeded(run: Run, contest: Contest) -> bool:
    """Whether a run differs from resample 0 by its seed alone; so a contest may get more seeds later."""
    return contest.same_split and run.resample > 0


def pretraining_sets(run: Run, contest: Contest) -> tuple[str, ...] | None:
    """The data sets whose train splits a run's pre-training shares; None where it is the run's own affair."""
    source = contest.method(run.method).pretrained_on
    if source not in MANY or contest.pretrained is not None:
        return None
    names = dict.fromkeys((*contest.pretrain_on, *contest.datasets))
    return tuple(name for name in names if source == "archive" or name != run.dataset)


@functools.cache
def _archive_sha256(names: tuple[str, ...], root: str | None) -> str:
    """One hash for what is learnt of many data sets, in their order: their data, and what of it is left out."""
    return sha256(json.dumps([LEFT_OUT, *((name, fingerprint(name, root)) for name in names)]).encode()).hexdigest()


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
