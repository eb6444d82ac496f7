"""What this machine has for runs: its GPUs, and one thread for each run."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from threadpoolctl import threadpool_limits

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Two workers of one thread finish more than one of two; libraries read these as they are imported."""


def gpus() -> list[str]:
    """Names that CUDA_VISIBLE_DEVICES takes, of the GPUs that torch can use; found without importing it."""
    if "+cpu" in version("torch"):
        return []
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return []
    return [str(i) for i, line in enumerate(line for line in listed.splitlines() if line.startswith("GPU "))]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let libraries use one thread: those imported by now, and those that this or a new process imports from now on."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
