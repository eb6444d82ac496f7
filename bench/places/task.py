"""What a task of SLURM does: the runs of its bundle, by the workers of the local pool."""

import os
from typing import TYPE_CHECKING

from bench.contest import live, results
from bench.contest.definition import Contest, Run
from bench.contest.run import Outcome
from bench.contest.survey import Todo
from bench.places import cluster, local
from bench.places.place import Options

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission


class Task:
    """What SLURM calls: the runs of a bundle, by the workers of the local pool."""

    def __init__(self, contest: Contest, options: Options) -> None:
        self.contest, self.options = contest, options
        self.batch: local.Batch | None = None

    def __call__(self, bundle: list[Todo]) -> None:
        """Do all runs of a bundle that are not done.

        Raises:
            ResultError: it was to make a pre-training, and could not: what waits for it must not begin.
        """
        self.tell_of_a_restart()
        lines = _Lines()
        self.batch = local.submit(self.contest, bundle, self.options)
        local.wait(self.batch, lines)
        if self.options.pretrain and lines.failed:
            raise results.ResultError(f"no pre-training: {lines.failed[0].error}")

    def tell_of_a_restart(self) -> None:
        """Note that the task was begun before, and why that ended."""
        if os.environ.get("SLURM_RESTART_COUNT", "0") == "0":
            return
        number, node = cluster.own_task(), os.environ.get("SLURMD_NODENAME", "?")
        why = cluster.last_interruption(number)
        after = f" after {why}" if why else ""
        live.note_event(self.contest.folder, f"task {number} was started again on {node}{after}")

    def checkpoint(self, bundle: list[Todo]) -> "DelayedSubmission":
        """Before the time limit, or when preempted: write the runs' checkpoints, and go on after a requeue."""
        from submitit.helpers import DelayedSubmission  # noqa: PLC0415

        if self.batch:
            self.batch.stop()
        return DelayedSubmission(Task(self.contest, self.options), bundle)


class _Lines:
    """Says in the task's log how it goes."""

    def __init__(self) -> None:
        self.failed: list[Outcome] = []

    def begin(self, run: Run) -> None:
        self.note(f"begin {run}")

    def end(self, outcome: Outcome) -> None:
        self.failed += [outcome] if outcome.error else []
        self.note(f"{outcome.kind} {outcome.run} {outcome.seconds:.1f} s {outcome.error}")

    def note(self, line: str) -> None:
        print(line, flush=True)  # noqa: T201
