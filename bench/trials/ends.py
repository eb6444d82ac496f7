"""When the runs of a contest ended, for whoever measures it."""

import time

from bench.contest.definition import Run
from bench.contest.run import Outcome


class Ends:
    """Notes how and when runs ended, in seconds since it was made."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.ended: list[tuple[float, Outcome]] = []

    def begin(self, run: Run) -> None:
        """A run begins: its outcome will say for how long it was at work."""

    def end(self, outcome: Outcome) -> None:
        """A run ended."""
        self.ended.append((time.monotonic() - self.started, outcome))

    def note(self, line: str) -> None:
        """A line for people: who measures has lines of his own."""

    @property
    def first(self) -> float:
        """When the first run began in its worker."""
        return min(at - outcome.seconds for at, outcome in self.ended)

    @property
    def last(self) -> float:
        """When the last run ended."""
        return self.ended[-1][0]

    @property
    def seconds(self) -> float:
        """Of all runs together."""
        return sum(outcome.seconds for _, outcome in self.ended)
