"""What work costs: seconds that pass, and seconds that processors are busy with it."""

import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil


def cpu_seconds() -> float:
    """CPU time of this process: all its threads, and its children, those that have ended and those that live."""
    process = psutil.Process()
    ended = process.cpu_times()
    total = time.process_time() + ended.children_user + ended.children_system
    for child in process.children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            times = child.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return float(total)


@dataclass
class Clock:
    """Both kinds of seconds since it was made."""

    began: float = field(default_factory=time.perf_counter)
    cpu_began: float = field(default_factory=cpu_seconds)

    def seconds(self) -> float:
        """Seconds that have passed."""
        return time.perf_counter() - self.began

    def cpu_seconds(self) -> float:
        """Seconds of CPU time that this process has had."""
        return cpu_seconds() - self.cpu_began
