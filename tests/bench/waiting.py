"""Waiting for what a process of its own does: for events, never for seconds that a busy machine may need more of."""

import time
from collections.abc import Callable

PATIENCE = 600
"""Seconds after which nothing is coming any more, however busy the machine: less than what sleeps for an hour, and than
pytest's own limit."""


def wait_until(true: Callable[[], object]) -> None:
    """Return when something has become true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)
