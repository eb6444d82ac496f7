"""Live progress of a contest: a display on a terminal, plain lines in a pipe or a log."""

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bench.plan import Run
from bench.run import Outcome


class Progress:
    """Counts runs done, running and failed, and says when it will all be over."""

    def __init__(self, n_runs: int, console: Console | None = None) -> None:
        self.n_runs, self.console = n_runs, console or Console()
        self.running: dict[Run, float] = {}
        self.ended: list[Outcome] = []
        self.start = time.monotonic()
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
        self.running.pop(outcome.run)
        self.ended.append(outcome)
        how = f"FAILED: {outcome.error}" if outcome.error else f"accuracy {outcome.accuracy:.4f}"
        line = f"[{len(self.ended)}/{self.n_runs}] {outcome.run}  {how}  {outcome.seconds:.1f} s"
        if not self.console.is_terminal:
            line += f"  (ETA {self._eta()})"
        self.console.print(line, style="red" if outcome.error else None, highlight=False, markup=False, soft_wrap=True)

    def _eta(self) -> str:
        """Time to go, as if the runs to come took as long as those that ended."""
        if not self.ended:
            return "unknown"
        now = time.monotonic()
        seconds = (now - self.start) / len(self.ended) * (self.n_runs - len(self.ended))
        minutes, seconds = divmod(round(seconds), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"

    def _display(self) -> Table:
        failed = sum(bool(outcome.error) for outcome in self.ended)
        table = Table.grid(padding=(0, 2))
        table.add_row(
            f"[bold]{len(self.ended) - failed}[/] done",
            f"[bold]{len(self.running)}[/] running",
            f"[bold red]{failed}[/] failed" if failed else "0 failed",
            f"{self.n_runs - len(self.ended) - len(self.running)} to go",
            f"ETA {self._eta()}",
        )
        for run, since in self.running.items():
            table.add_row("", "", "", "", f"{run} {time.monotonic() - since:.0f} s")
        return table
