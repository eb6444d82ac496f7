"""Methods that do nothing, sleep or misbehave, for tests and chaos; main is the contest's command line with them.

Misbehaviour is asked for by files in the folder that BENCH_FAULTS names: whoever takes `nan.3`, say, by deleting
it, meets a loss that is NaN. The folder also gets a ledger of every result written.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from bench.cli import command
from bench.contest import results
from bench.contest import run as real
from bench.contest.definition import Contest, Run
from bench.methods.arms import fit_timae
from bench.methods.method import Baseline, Config, Method, Predictor
from bench.methods.table import METHODS
from timae.architectures import ARCHITECTURES, frozen, shared
from timae.config import Recipe, Svm
from timae.presets import Preset
from timae.session import Session, Stopped
from ucr.prepare import Prepared

STEPS = 120
"""Training steps of the shaky methods in each phase."""
STEP_SECONDS = 0.03
"""Of such a step, at least: however fast the machine, a phase is long enough to be killed in the middle."""


@dataclass(frozen=True)
class Guess:
    """Knows nothing: every class is as probable as the others."""

    n_classes: int
    seconds: dict[str, float] = field(default_factory=lambda: {"finetune": 0.0})
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    n_parameters: dict[str, int] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    reconstruction: dict[str, NDArray[Any]] = field(default_factory=dict)
    left_out: None = None

    def predict_proba(self, cases: Prepared) -> NDArray[np.float64]:
        """Class probabilities (case, class)."""
        return np.full((len(cases.series), self.n_classes), 1 / self.n_classes)


def execute(contest: Contest, run: Run, session: Session | None = None, *, again: bool = False) -> real.Outcome:
    """Do what bench.contest.run.execute does, with checkpoints all the time."""
    return real.execute(contest, run, replace(session or Session(), checkpoint_seconds=0.3), again=again)


def _sleep(config: Baseline, train: Prepared, n_classes: int, seed: int, session: Session) -> Predictor:  # noqa: ARG001
    end = time.monotonic() + config.options["seconds"]
    while time.monotonic() < end:
        if session.stop():
            raise Stopped("while asleep")
        time.sleep(0.05)
    return Guess(n_classes)


def _misbehave(config: Config, train: Prepared, n_classes: int, seed: int, session: Session, **more: Any) -> Predictor:
    if _take("exception"):
        raise ValueError("an exception in a method")
    if _take("memory"):
        raise MemoryError
    if _take("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if _take("terminate"):
        session = replace(session, stop=_terminate)
    if _take("hang"):
        time.sleep(10_000)
    if _take("clock"):
        now = time.time
        time.time = lambda: now() - 3600
    if _take("nan"):
        train = replace(train, series=np.full_like(train.series, np.nan))
    if isinstance(config, Recipe):
        session = replace(session, stop=partial(_step, session.stop))
        return fit_timae(config, train, n_classes, seed, session, **more)
    return Guess(n_classes)


def _step(stop: Callable[[], bool]) -> bool:
    time.sleep(STEP_SECONDS)
    return stop()


def _terminate() -> bool:
    signal.raise_signal(signal.SIGTERM)
    return False


def _take(fault: str) -> bool:
    """Take a fault of a kind, if there is one left: nobody else then meets it."""
    for path in Path(os.environ.get("BENCH_FAULTS", "/nowhere")).glob(f"{fault}.*"):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        return True
    return False


def _sleeping(seconds: float) -> Any:
    return lambda name, preset: Method(
        name, "It sleeps.", Baseline("sleep", {"seconds": seconds}), preset.preparation, _sleep
    )


def _shaky(**changes: Any) -> Any:
    def configure(name: str, preset: Preset) -> Method:
        recipe = preset.multiscale.recipe
        assert recipe.pretraining is not None
        assert recipe.finetuning is not None
        phases: dict[str, Any] = {
            "pretraining": replace(recipe.pretraining, steps=STEPS),
            "finetuning": replace(recipe.finetuning, steps=STEPS),
        }
        return Method(name, "It fails.", replace(recipe, **phases | changes), preset.preparation, _misbehave)

    return configure


def _shaky_archive(name: str, preset: Preset) -> Method:
    recipe = ARCHITECTURES["timae-ms"].recipe(preset, (shared, frozen))
    assert recipe.pretraining is not None
    long = replace(recipe, pretraining=replace(recipe.pretraining, steps=2 * STEPS))
    return Method(name, "It fails, pre-trained on all.", long, preset.preparation, _misbehave, "archive")


FAULTS: dict[str, Callable[[str, Preset], Method]] = {
    "noop": _sleeping(0),
    "shaky-noop": lambda name, preset: Method(name, "It fails.", Baseline("noop"), preset.preparation, _misbehave),
    "sleep-2": _sleeping(2),
    "sleep-12": _sleeping(12),
    "sleep-3600": _sleeping(3600),
    "shaky": _shaky(),
    "shaky-archive": _shaky_archive,
    "shaky-probe": _shaky(finetuning=None, probe=Svm()),
}
METHODS |= FAULTS

_write = results.write


def _write_and_note(path: Path, result: results.Result, arrays: dict[str, NDArray[Any]]) -> None:
    _write(path, result, arrays)
    if folder := os.environ.get("BENCH_FAULTS"):
        with Path(folder, "ledger").open("a") as ledger:
            ledger.write(f"{path.relative_to(path.parents[2]).with_suffix('')}\n")


results.write = _write_and_note


def main() -> NoReturn:
    """Carry out one command, with the methods of this module beside the others."""
    sys.exit(command.main(execute=execute))
