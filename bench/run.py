"""One run, from the train split to its result."""

import datetime
import functools
import platform
import resource
import subprocess
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import ucr.load
import ucr.prepare
from bench import plan, results
from bench.methods import Method, get_method
from bench.plan import Contest, Run


@dataclass(frozen=True)
class Outcome:
    """How a run ended, for whoever watches."""

    run: Run
    seconds: float
    accuracy: float | None = None
    error: str = ""
    """The last line of the traceback, if it failed."""


def execute(contest: Contest, run: Run) -> Outcome:
    """Do a run and write its result; if it fails, leave the traceback where the result would be."""
    path = run.path(contest.folder)
    start = time.perf_counter()
    try:
        result, arrays = compute(contest, run)
        results.write(path, result, arrays)
    except Exception as error:
        text = traceback.format_exc()
        results.write_whole(results.error_path(path), lambda file: file.write(text.encode()))
        lines = traceback.format_exception_only(error)
        return Outcome(run, time.perf_counter() - start, error=lines[-1].strip())
    return Outcome(run, time.perf_counter() - start, result.accuracy)


def compute(contest: Contest, run: Run) -> tuple[results.Result, dict[str, np.ndarray[Any, Any]]]:
    """Train and test one method on one split; returns its result and what is kept per case."""
    method = get_method(run.method, contest.preset)
    reset_peak_memory()
    train, read_test = splits(run, contest.root)
    info = ucr.load.info_for(run.dataset, contest.root)
    preparer = ucr.prepare.fit(train, info, method.preparation)
    n_classes = len(preparer.classes)
    predictor = method.fit(method.config, preparer(train), n_classes, run.resample)

    # only now is the test split read; its labels go no further than the scores
    test = preparer(read_test())
    start = time.perf_counter()
    probabilities = predictor.predict_proba(test)
    test_seconds = time.perf_counter() - start
    check_probabilities(probabilities, len(test.labels), n_classes)
    identity = run_identity(method, run, contest.root)
    result = results.Result(
        method=run.method,
        dataset=run.dataset,
        resample=run.resample,
        **results.score(test.labels, probabilities),  # type: ignore[arg-type]
        n_train=len(train.labels),
        n_test=len(test.labels),
        n_classes=n_classes,
        n_timepoints=preparer.n_timepoints,
        n_parameters=predictor.n_parameters,
        pretrain_seconds=predictor.seconds.get("pretrain", 0.0),
        finetune_seconds=predictor.seconds["finetune"],
        test_seconds=test_seconds,
        peak_memory_mb=peak_memory_mb(),
        device="cpu",
        preparation=preparer.record,
        seed=identity["seed"],
        config=identity["config"],
        data_sha256=identity["data_sha256"],
        details=predictor.details,
        environment=environment() | {"versions": identity["versions"]},
        finished_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    arrays = {
        "truth": test.labels,
        "predictions": probabilities.argmax(axis=1),
        "probabilities": probabilities.astype(np.float32),
        "classes": np.array(preparer.classes),
    }
    return result, arrays | {f"{phase}_losses": np.float32(x) for phase, x in predictor.losses.items()}


def run_identity(method: Method, run: Run, root: str | None) -> dict[str, Any]:
    """Everything that must be equal for a stored result to stand for this run."""
    return plan.identity(method.describe(), ucr.load.fingerprint(run.dataset, root), run.resample)


def splits(run: Run, root: str | None) -> tuple[ucr.load.Split, Any]:
    """Return the train split, and a function that reads the test split."""
    if run.resample == 0:
        train = ucr.load.load_split(run.dataset, "train", root)
        return train, functools.partial(ucr.load.load_split, run.dataset, "test", root)
    dataset = ucr.prepare.resample(ucr.load.load(run.dataset, root), run.resample)
    return dataset.train, lambda: dataset.test


def check_probabilities(probabilities: np.ndarray[Any, Any], n_cases: int, n_classes: int) -> None:
    """Refuse what is no table of probabilities (case, class).

    Raises:
        ValueError: wrong shape, not finite, negative, or rows that do not sum to 1.
    """
    if probabilities.shape != (n_cases, n_classes):
        raise ValueError(f"expected probabilities of shape {(n_cases, n_classes)}, got {probabilities.shape}")
    if not np.isfinite(probabilities).all() or probabilities.min() < 0:
        raise ValueError("probabilities must be finite and not negative")
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise ValueError("the probabilities of a case must sum to 1")


@functools.cache
def environment() -> dict[str, Any]:
    """Python, the machine's architecture and the commit of the code, dirty or not (None outside a checkout)."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)  # installed in somebody else's checkout?
        commit, dirty = git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        commit, dirty = None, None
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "commit": commit,
        "dirty": dirty,
    }


def reset_peak_memory() -> None:
    """Start the measurement of peak memory anew, where the kernel can (Linux): workers do many runs."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory_mb() -> float:
    """Peak resident memory of this process since reset_peak_memory, in MB (10⁶ bytes), libraries included."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
