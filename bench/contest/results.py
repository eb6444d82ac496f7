"""What came out: one result a run, written whole or not at all.

A run's files lie in <results>/<contest>/<method>/<dataset>/:

    resample-<k>.json        the result; it exists exactly if the run has finished
    resample-<k>.npz         per test case: truth, predictions (positions in classes), probabilities; losses; and where
                             a method has them, train and left_out: labels of train cases, probabilities without them
    resample-<k>.error.txt   the traceback of the last try, if it failed
    resample-<k>.log         what was said meanwhile, and the command that repeats the run alone

An imported result (bench.contest.imported) is a JSON file alone.
"""

import json
import math
import os
import shlex
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from bench.contest.scores import SCORES

REDO = "redo it with --rerun stale, or delete it and run again"
"""What helps where a file is damaged."""


class ResultError(ValueError):
    """A result file is not what it should be; the message is one line that names it."""


@dataclass(frozen=True)
class Result:
    """What one run is, what it scored and what it cost."""

    method: str
    dataset: str
    resample: int
    """0 is the archive's own split; k > 0 the field's stratified resample with seed k, or, in a contest of seeds on one
    split (``same_split`` in config), that split again with seed k."""
    seed: int
    scores: dict[str, float | None]
    """Every one of bench.contest.scores.SCORES."""
    n_train: int
    n_labelled: int
    """Train cases whose labels the method saw: all but for methods with few labels."""
    n_test: int
    n_classes: int
    n_timepoints: int
    """Of the series as the method saw them."""
    n_parameters: dict[str, int]
    """Trainable numbers: encoder, total; empty where a method has no such count."""
    pretrain_seconds: float
    finetune_seconds: float
    test_seconds: float
    peak_memory_mb: float
    device: str
    data_sha256: str
    preparation: dict[str, Any]
    """What was done to the data."""
    config: dict[str, Any]
    """The whole configuration of the method, its preparation policy included."""
    details: dict[str, Any]
    """What the method derived from the train split: the patch size, say."""
    environment: dict[str, Any]
    finished_at: str
    """UTC, ISO 8601."""
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    """CPU time of this process and its children by phase: pretrain, finetune, test. A phase of which it is not known is
    missing, as all are in results from before it was kept."""
    notes: list[str] = field(default_factory=list)
    """What a reader should know of the data, a sentence each."""

    @property
    def source(self) -> str:
        """Where an imported result comes from; nothing where a run made it."""
        return str(self.config.get("imported", {}).get("source", ""))

    @property
    def accuracy(self) -> float:
        """The score that everybody asks for."""
        accuracy = self.scores["accuracy"]
        assert accuracy is not None
        return accuracy


MEASURED = ("pretrain_seconds", "finetune_seconds", "test_seconds", "peak_memory_mb")
"""What is measured while a run goes on; of imported results NaN, and null in their files."""


def values_of(result: Result) -> dict[str, Any]:
    """Return what stands in a result's file, in its order: the fields, each score among them."""
    values: dict[str, Any] = {}
    for each in fields(Result):
        value = getattr(result, each.name)
        values |= value if each.name == "scores" else {each.name: value}
    return values


def write(path: Path, result: Result, arrays: dict[str, NDArray[Any]]) -> None:
    """Write a run's predictions, then its result, each whole or not at all; and drop a former failure.

    Args:
        path: of the JSON file.
        result: what goes into it.
        arrays: what goes into the .npz beside it.
    """
    write_whole(path.with_suffix(".npz"), lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]
    write_result(path, result)
    error_path(path).unlink(missing_ok=True)


def write_result(path: Path, result: Result) -> None:
    """Write a result whole or not at all, without anything beside it."""
    values = values_of(result)
    unknown = {key: None for key in MEASURED if result.source and math.isnan(values[key])}
    write_text(path, json.dumps(values | unknown, indent=1, allow_nan=False))


def write_whole(path: Path, write_to: Callable[[IO[bytes]], object]) -> None:
    """Write a file aside and rename it, so that a reader or a crash never meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write_to(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file as `write_whole` does."""
    write_whole(path, lambda file: file.write(text.encode()))


def error_path(path: Path) -> Path:
    """Return where the traceback of a failed run lies, given where its result would be."""
    return path.with_suffix(".error.txt")


def read(path: Path) -> Result:
    """Read one result.

    Scores that it was written without are not among its scores; `read_all` computes them.

    Raises:
        ResultError: the file is cut off, lacks a field, or holds a score outside its range; or the .npz beside it is
            cut off.
    """
    try:
        values = json.loads(path.read_bytes())
        values = {"n_labelled": values["n_train"], **values}  # version 0.1 had no methods with few labels
        named = {
            each.name: values[each.name]
            for each in fields(Result)
            if each.name != "scores" and (each.name in values or each.default_factory is MISSING)
        }
        scores = {key: values[key] for key in SCORES if key in values or key == "accuracy"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"field {error} is missing" if isinstance(error, KeyError) else error
        raise ResultError(f"{path}: not a whole result ({why}); {REDO}") from error
    named |= {key: math.nan for key in MEASURED if named[key] is None}
    result = Result(**named, scores=scores)
    for key, value in scores.items():
        score = SCORES[key]
        undefined = score.may_be_undefined or (result.source and key != "accuracy")
        fits = isinstance(value, int | float) and 0 <= value <= score.highest
        if not fits and not (value is None and undefined):
            raise ResultError(f"{path}: {key} must lie in [0, {score.highest:g}], got {value!r}; {REDO}")
    if (result.method, result.dataset, f"resample-{result.resample}") != (*path.parts[-3:-1], path.stem):
        raise ResultError(
            f"{path}: is a result of {result.method} on {result.dataset}, resample {result.resample}: "
            "two results for one run; delete one of them"
        )
    _require_whole(path.with_suffix(".npz"))
    return result


def _require_whole(stored: Path) -> None:
    """Refuse an .npz that was cut off: its end is looked at, for reading all of it takes many times as long."""
    if not is_zipfile(stored) and stored.exists():  # a result can do without
        raise ResultError(
            f"{stored}: damaged (cut off); redo its run with --rerun stale, or delete it and do without probabilities"
        )


def read_arrays(path: Path, *needed: str) -> dict[str, NDArray[Any]]:
    """Read what lies beside a result.

    Args:
        path: of the result.
        needed: names of arrays that must be there.

    Raises:
        ResultError: the file is not there or damaged, or lacks one of them.
    """
    stored = path.with_suffix(".npz")
    try:
        with stored.open("rb") as file, np.load(file) as arrays:
            found = dict(arrays)
    except FileNotFoundError:
        raise ResultError(f"{stored}: is not there; redo its run: {_run_one(path)}") from None
    except Exception as error:  # a torn archive raises anything
        raise ResultError(f"{stored}: damaged ({error}); redo its run: {_run_one(path)}") from error
    if lacking := [name for name in needed if name not in found]:
        raise ResultError(f"{stored}: lacks {', '.join(lacking)}; redo its run: {_run_one(path)}")
    return found


def _run_one(path: Path) -> str:
    """The command that does the run of a result again."""
    folder = path.parents[2]
    run = "/".join((*path.parts[-3:-1], path.stem))
    where = ["--name", folder.name, "--results", str(folder.parent)]
    return shlex.join(["python", "-m", "bench", "run-one", run, *where])


def digest(path: Path) -> str:
    """Return what tells a stored result from one that the same run left at another time."""
    return sha256(path.read_bytes()).hexdigest()[:16]


def read_all(folder: Path) -> list[Result]:
    """Read all results of a contest, in order of their paths, with every score.

    Raises:
        ResultError: a file is not what it should be.
    """
    return [_with_newer_scores(read(path), path) for path in sorted(folder.glob("*/*/resample-*.json"))]


def _with_newer_scores(result: Result, path: Path) -> Result:
    """Compute the scores that a result was written without; None where its probabilities are not there either."""
    newer = [key for key in SCORES if key not in result.scores]
    if not newer:
        return result
    arrays = read_arrays(path) if path.with_suffix(".npz").exists() else {}
    if {"truth", "probabilities"} <= arrays.keys():
        truth, probabilities = arrays["truth"], arrays["probabilities"].astype(np.float64)
        computed = {key: SCORES[key].of(truth, probabilities) for key in newer}
    else:
        computed = dict.fromkeys(newer)
    scores = {key: result.scores.get(key, computed.get(key)) for key in SCORES}
    return replace(result, scores=scores)


def failures(paths: Iterable[Path]) -> dict[str, str]:
    """Return the last line of each traceback of a failed run, by method/dataset/resample-k."""
    found = {}
    for path in sorted(paths):
        lines = path.read_text(errors="replace").strip().splitlines()
        found["/".join(path.parts[-3:]).removesuffix(".error.txt")] = lines[-1] if lines else "no traceback"
    return found
