import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]


def test_in_chaos_nothing_is_lost_done_twice_or_different() -> None:
    command = [sys.executable, "-m", "bench", "chaos", "--runs", "6", "--faults", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = dict(line.strip().rsplit(maxsplit=1) for line in done.stdout.splitlines() if line[-1].isdigit())
    assert int(found["faults injected"]) >= 7
    assert found["kill -9 of the command"] == found["kill -9 of a worker"] == "1"
    assert found["runs lost"] == found["runs done twice"] == found["results that differ"] == "0"
