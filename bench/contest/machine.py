"""What a run runs on: the machine, the commit of the code, and the memory that it takes there."""

import functools
import os
import platform
import resource
import subprocess
from pathlib import Path
from typing import Any

AT_A_TIME = "TIMAE_BENCH_RUNS_AT_A_TIME"
"""The environment variable in which a worker is told how many runs go on beside each other where it is."""


@functools.cache
def environment() -> dict[str, Any]:
    """Python, the machine and what else runs on it, and the commit of the code, dirty or not (None: no checkout)."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)  # installed in somebody else's checkout?
        commit, dirty = git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        commit, dirty = None, None
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "runs at a time": int(os.environ.get(AT_A_TIME, "1")),
        "commit": commit,
        "dirty": dirty,
    }


def processor() -> str:
    """The processor's name, and how many cores the system shows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0] if named else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def reset_peak_memory() -> None:
    """Start the measurement of peak memory anew, where the kernel can (Linux): workers do many runs."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory_mb() -> float:
    """Peak resident memory of this process since reset_peak_memory, in MB (10⁶ bytes), libraries included."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
