"""What a place is where runs run: a few verbs, which this machine and a SLURM cluster have and a third place would."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from bench.contest.definition import Contest, Run
from bench.contest.run import Outcome, execute
from bench.contest.survey import Todo


@dataclass(frozen=True)
class Options:
    """How runs are to be run."""

    workers: int = 2
    """Runs at a time, on a machine without GPUs."""
    workers_per_gpu: int = 1
    time_limit: float | None = None
    """Seconds that one try of a run may take; None: many times what is predicted."""
    retries: int = 1
    """How often a run is tried again after its worker died, took too long or met a full disk."""
    keep_checkpoints: bool = False
    slurm: Mapping[str, str] = field(default_factory=dict)
    """Of a SLURM submission: submitit's parameters, as text."""
    cluster: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Likewise by method, from a file: see bench.places.settings."""
    pretrain: bool = False
    """Whether of each run only the pre-training is made that it shares with others."""
    execute: Callable[..., Outcome] = execute
    """What a worker calls to do a run."""


class Watcher(Protocol):
    """Whoever wants to know how it goes."""

    def begin(self, run: Run) -> None:
        """A run was handed to a worker."""

    def end(self, outcome: Outcome) -> None:
        """A run has ended for good."""

    def note(self, line: str) -> None:
        """Something happened that is no end."""


class Batch(Protocol):
    """Runs that a place was given."""

    rest: Sequence[Todo]
    """Those that it has no room for yet."""


B = TypeVar("B", bound=Batch)


class Place(Protocol[B]):
    """Where runs run. A module can be one."""

    QUEUE: str
    """What its queue is called, in which runs wait and go on when the command has ended; empty where it has none."""

    def submit(self, contest: Contest, todo: Sequence[Todo], options: Options) -> B:
        """Give runs to the place, but for those that it has already, longest first.

        Raises:
            results.ResultError: it cannot take them; the message is one line that says why.
        """

    def wait(self, batch: B, watcher: Watcher) -> None:
        """Wait until every run of a batch, its rest included, has its result or has failed.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """

    def width(self, options: Options) -> int:
        """How many runs go on at a time."""

    def cancel(self, contest: Contest) -> str:
        """End what the place has of a contest; says what that was."""

    def queued(self, contest: Contest) -> Sequence[Run]:
        """The runs of a contest that the place has, waiting or at work."""
