"""What a run is given to learn from, and what becomes of one that fails."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bench.contest import results
from bench.contest.definition import Contest, Run
from bench.contest.run import _may_pass, execute, shared_body
from timae.archive import PER_SET
from timae.session import Session


@pytest.mark.parametrize(
    ("method", "n_sets", "n_series"), [("timae-ms-archive", 3, 24), ("timae-ms-archive-others", 1, 12)]
)
def test_what_is_held_out_is_held_out_under_every_name(tmp_path: Path, method: str, n_sets: int, n_series: int) -> None:
    rows = [
        "\t".join([str(1 + case % 2), *map(str, series)])
        for case, series in enumerate(np.random.default_rng(0).normal(size=(60, 30)).round(4))
    ]
    own, other, more = rows[:24], rows[24:48], rows[48:]  # 12 to train on, 12 to test on
    splits = {
        "Own": own,
        "Other": other,
        "Sibling": [*own[6:18], *more],
    }  # half of Own's train series, half of its test
    for name, cases in splits.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}_TRAIN.tsv").write_text("\n".join(cases[:12]) + "\n")
        (tmp_path / name / f"{name}_TEST.tsv").write_text("\n".join(cases[12:]) + "\n")

    contest = Contest("made", (method,), tuple(splits), preset="smoke", root=str(tmp_path))
    names = contest.datasets if method == "timae-ms-archive" else contest.datasets[1:]
    series = shared_body(Run(method, "Own", 0), contest, names, "hash").read()
    assert len(series) == n_sets * PER_SET  # Sibling has Own's train series left, or nothing at all
    assert len({tuple(one) for one in series[..., 0].tolist()}) == n_series


def test_a_synthetic_pre_training_sees_no_series_of_any_data_set(tmp_path: Path, tiny_archive: Path) -> None:
    method = "timae-ms-synthetic-probe"
    contest = Contest("made", (method,), ("Sines", "Waves"), 1, "smoke", str(tmp_path), str(tiny_archive))
    made = []
    for run in contest.runs():
        assert execute(contest, run, Session(pretrained=contest.folder / "pretrained")).kind == "done"
        result = results.read(run.path(contest.folder))
        assert "archive" not in result.config
        made.append(result.details["pretrained"])
    assert made[0] == made[1]  # one for all
    assert len([*(contest.folder / "pretrained").glob("*.pt")]) == 1


def test_a_run_that_starts_again_forgets_why_it_failed(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest("made", ("timae-scratch",), ("Sines",), 1, "smoke", str(tmp_path), str(tiny_archive))
    [run] = contest.runs()
    error = results.error_path(run.path(contest.folder))
    error.parent.mkdir(parents=True)
    error.write_text("ValueError: of last week\n")
    assert execute(contest, run, Session(stop=lambda: True)).kind == "stopped"
    assert not error.exists()


def test_too_little_memory_may_pass_and_a_wrong_shape_does_not() -> None:
    with pytest.raises(RuntimeError) as too_much:
        torch.empty(2**60)
    with pytest.raises(RuntimeError) as wrong:
        torch.zeros(2) @ torch.zeros(3)
    assert _may_pass(too_much.value)
    assert _may_pass(torch.OutOfMemoryError("CUDA out of memory"))
    assert _may_pass(OSError("No space left on device"))
    assert not _may_pass(wrong.value)
