import pytest

from bench.contest.definition import Run
from bench.contest.run import Outcome
from bench.contest.survey import Todo
from bench.places.duration import duration
from bench.places.progress import Progress


def test_progress_in_a_pipe_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [Run("m", str(i), 0) for i in range(3)]
    with Progress([Todo(run, 10.0) for run in runs], 1) as progress:
        assert progress.seconds_left() == pytest.approx(30)
        progress.begin(runs[0])
        progress.end(Outcome(runs[0], "done", 20.0, 0.75))  # twice what was predicted
        assert progress.seconds_left() == pytest.approx(40)
        progress.end(Outcome(runs[1], "failed", 0.0, error="ValueError: no"))
    out = capsys.readouterr().out
    assert "[1/3] m/0/resample-0  accuracy 0.7500  20.0 s  (ETA 0:00:40)" in out
    assert "[2/3] m/1/resample-0  FAILED: ValueError: no" in out
    assert "\x1b" not in out


def test_a_duration_is_hours_minutes_and_seconds() -> None:
    assert duration(3725) == "1:02:05"
