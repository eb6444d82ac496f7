"""Live progress of a contest: a display on a terminal, plain lines in a pipe or a log."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bench.contest.definition import Run
from bench.contest.run import Outcome
from bench.contest.survey import Todo
from bench.places.duration import duration


class _Console(Console):
    """Ends a command as every print does where nobody reads on: rich has an exit code of its own for that."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        raise BrokenPipeError


class Progress:
    """Counts runs done, running and failed, and says when it will all be over."""

    def __init__(self, todo: Sequence[Todo], workers: int, console: Console | None = None) -> None:
        self.predicted = {item.run: item.seconds for item in todo}
        self.workers, self.console = workers, console or _Console()
        self.running: dict[Run, float] = {}
        self.ended: list[Outcome] = []
        self.live = Live(get_renderable=self._display, console=self.console, refresh_per_second=2, transient=True)

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.console.is_terminal:
            self.live.stop()

    def begin(self, run: Run) -> None:
        """Note that a run has started."""
        self.running[run] = time.monotonic()

    def end(self, outcome: Outcome) -> None:
        """Note how a run ended, and print a line about it."""
        self.running.pop(outcome.run, None)
        self.ended.append(outcome)
        how = f"FAILED: {outcome.error}" if outcome.error else f"accuracy {outcome.accuracy:.4f}"
        line = f"[{len(self.ended)}/{len(self.predicted)}] {outcome.run}  {how}  {outcome.seconds:.1f} s"
        if not self.console.is_terminal:
            line += f"  (ETA {duration(self.seconds_left())})"
        self.note(line, "red" if outcome.error else None)

    def note(self, line: str, style: str | None = None) -> None:
        """Print a line."""
        self.console.print(line, style=style, highlight=False, markup=False, soft_wrap=True)

    def seconds_left(self) -> float:
        """Time to go: what is predicted, corrected by how wrong the predictions have been so far."""
        left = dict(self.predicted)
        expected = sum(left.pop(outcome.run, 0.0) for outcome in self.ended)
        took = sum(outcome.seconds for outcome in self.ended)
        error = took / expected if expected and took else 1.0
        now = time.monotonic()
        rest = [
            max(0.0, seconds * error - (now - self.running[run] if run in self.running else 0.0))
            for run, seconds in left.items()
        ]
        return max(sum(rest) / self.workers, *rest, 0.0)

    def _display(self) -> Table:
        failed = sum(bool(outcome.error) for outcome in self.ended)
        table = Table.grid(padding=(0, 2))
        table.add_row(
            f"[bold]{len(self.ended) - failed}[/] done",
            f"[bold]{len(self.running)}[/] running",
            f"[bold red]{failed}[/] failed" if failed else "0 failed",
            f"{len(self.predicted) - len(self.ended) - len(self.running)} to go",
            f"ETA {duration(self.seconds_left())}",
        )
        for run, since in self.running.items():
            table.add_row("", "", "", "", f"{run} {time.monotonic() - since:.0f} s")
        return table
