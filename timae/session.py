"""Where one training happens, and what it leaves there so that an interruption costs seconds.

Nothing here imports torch, so that whoever plans and starts runs can name it at once.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class Stopped(Exception):  # noqa: N818 (nothing went wrong)
    """A training ended early because it was asked to; its checkpoint is written."""


def _never() -> bool:
    return False


def _ignore(phase: str, step: int, steps: int, loss: float) -> None:
    """Report to nobody."""


def _tell_nobody(phase: str, step: int, steps: int, lost: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Session:
    """The surroundings of one training. As it stands by default it writes nothing and never stops early."""

    device: str = "cpu"
    """Lightning's accelerator: cpu or cuda."""
    folder: Path | None = None
    """Where checkpoints lie while training goes on; None: none are written."""
    pretrained: Path | None = None
    """Where finished pre-trainings lie for everyone who needs the same; None: nothing is shared."""
    identity: str = ""
    """Of the run; a checkpoint in folder that has another one is not resumed."""
    checkpoint_seconds: float = 20.0
    """Most training that is lost when the process is killed; shorter trainings never write."""
    keep: bool = False
    """Whether the last checkpoint stays when training has finished."""
    pretrain_only: bool = False
    """Whether only the pre-training is to be made that a run shares with others."""
    stop: Callable[[], bool] = _never
    """Asked after every step: whether to write a checkpoint and raise Stopped."""
    report: Callable[[str, int, int, float], None] = _ignore
    """Told at most once a second: phase, steps done, steps in all, loss."""
    went_on: Callable[[str, int, int, int], None] = _tell_nobody
    """Told when a training goes on whose process died: phase, steps done, steps in all, steps lost."""


@contextmanager
def stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM has come, for a session's stop.

    Raises:
        KeyboardInterrupt: one came a second time; there may be no step to stop after.
    """
    asked = threading.Event()

    def ask_to_stop(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
