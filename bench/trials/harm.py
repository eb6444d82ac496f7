"""What befalls a contest on a machine that is not its own, done to one on purpose."""

import random
import time
from contextlib import suppress
from pathlib import Path

import psutil


def kill_a_worker(pid: int, chance: random.Random) -> None:
    """Kill -9 one of the workers of the command with this process id, if it has any just now."""
    with suppress(psutil.Error):
        children = psutil.Process(pid).children()
        workers = [child for child in children if any("spawn_main" in word for word in child.cmdline())]
        if workers:
            chance.choice(workers).kill()


def fill_disk(folder: Path, seconds: float) -> None:
    """Leave no room in the file system of a folder for so long."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                file.write(bytes(1 << 16))
            except OSError:
                time.sleep(0.01)  # full: what others free is taken as soon as they do
    ballast.unlink()
