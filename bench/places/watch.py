"""Where a contest stands, on a live screen."""

import time
from collections import Counter
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bench.places.status import Standing, describe, headline, worker_of

WATCH_SECONDS = 3.0


def watch(look: Callable[[], Standing], console: Console | None = None) -> Standing:
    """Show on a live screen, or as text in a pipe, where a contest stands until nothing goes on any more.

    A contest that has runs to do is waited for until the first worker is there.
    """
    console = console or Console()
    begun = False
    with Live(console=console, auto_refresh=False, transient=True) as screen:
        while True:
            stands = look()
            begun = begun or not stands.settled
            waits = not begun and stands.todo > 0
            if console.is_terminal:
                screen.update(_screen(stands, waits=waits), refresh=True)
            else:
                console.print(describe(stands), markup=False, highlight=False, soft_wrap=True)
            if stands.settled and not waits:
                break
            time.sleep(WATCH_SECONDS)
    if console.is_terminal:
        console.print(describe(stands), markup=False, highlight=False, soft_wrap=True)
    return stands


def _screen(stands: Standing, *, waits: bool) -> Group:
    head = Text(headline(stands), style="bold")
    if waits:
        return Group(head, Text("no worker is there yet: waiting for the first", style="yellow"))
    table = Table("worker", "run", "phase", "step", "loss", "seconds", box=None, header_style="dim")
    for state in stands.going:
        step = f"{state['step']}/{state['steps']}" if state["steps"] else ""
        loss = f"{state['loss']:.4f}" if state["loss"] is not None else ""
        table.add_row(worker_of(state), state["run"], state["phase"], step, loss, f"{state['seconds']:.0f}")
    machines = Counter(state["host"] for state in stands.going)
    workers = Text(", ".join(f"{host}: {n} at work" for host, n in machines.items()), style="dim")
    return Group(head, workers, table, *(Text(note) for note in stands.notes))
