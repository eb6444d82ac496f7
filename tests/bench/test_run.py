"""What a run is given to learn from."""

from pathlib import Path

import numpy as np
import pytest

from bench.plan import Contest, Run
from bench.run import shared_body
from timae.archive import PER_SET


@pytest.mark.parametrize(("method", "n_sets", "n_series"), [("timae-archive", 3, 24), ("timae-archive-others", 1, 12)])
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
    names = contest.datasets if method == "timae-archive" else contest.datasets[1:]
    series, _ = shared_body(Run(method, "Own", 0), contest, names, "hash").read()
    assert len(series) == n_sets * PER_SET  # Sibling has Own's train series left, or nothing at all
    assert len({tuple(one) for one in series[..., 0].tolist()}) == n_series
