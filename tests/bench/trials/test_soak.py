import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]


def test_a_contest_that_is_interrupted_again_and_again_is_the_same(tmp_path: Path, tiny_archive: Path) -> None:
    command = [sys.executable, "-m", "bench", "soak", "--name", "long", "--results", str(tmp_path / "results")]
    command += ["--interruptions", "3", "--minutes", "0.1", "--", "--reports", str(tmp_path / "reports")]
    command += ["--preset", "smoke", "--resamples", "4", "--datasets", "Waves,Sines", "--methods", "timae,timae-probe"]
    environment = {**os.environ, "UCR_ROOT": str(tiny_archive)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = dict(line.strip().rsplit(maxsplit=1) for line in done.stdout.splitlines() if line[-1:].isdigit())
    assert int(found["interruptions"]) >= 1
    assert found["runs lost"] == found["runs done twice"] == "0"
    assert "results that differ 0 of 5 repeated" in done.stdout
    assert len([*(tmp_path / "results").glob("long/*/*/resample-*.json")]) == 16
