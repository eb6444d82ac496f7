"""Waiting for what a process of its own does: for events, never for seconds that a busy machine may need more of."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 600
"""Seconds after which nothing is coming any more, however busy the machine: less than what sleeps for an hour, and than
pytest's own limit."""


def wait_until(true: Callable[[], Found]) -> Found:
    """Return what was found as soon as it is something."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)
    return found


def states(results: Path) -> list[dict[str, object]]:
    """Where the runs of a contest stand that workers have begun and not ended."""
    found = []
    for path in results.glob("work/*/state.json"):
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            found.append(json.loads(path.read_text()))
    return [state for state in found if state["phase"] != "import"]
