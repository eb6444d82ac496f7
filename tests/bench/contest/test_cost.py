from dataclasses import replace
from pathlib import Path

import pytest
from made import a_stored_result

from bench.contest import cost, results
from bench.contest.definition import Run
from bench.contest.index import Index
from bench.methods.table import METHODS, get_method
from timae.presets import PRESETS
from ucr.archive import ARCHIVE


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "method", sorted({"timae", "timae-scratch", "timae-probe", "1nn-dtw", "minirocket"} & set(METHODS))
)
def test_estimates_grow_with_the_data(method: str, preset: str) -> None:
    small, long, many = (
        sum(cost.estimate(get_method(method, preset), *sizes).values())
        for sizes in ((20, 20, 50), (20, 20, 500), (2000, 2000, 50))
    )
    assert 0 < small < many
    assert small <= long


def test_predictions_take_the_level_of_what_was_seen_and_outliers_do_not_move_it(tmp_path: Path) -> None:
    method = get_method("1nn-dtw", "quick")
    model, guess = cost.CostModel(), cost.CostModel().predict(method, ARCHIVE["Wafer"])
    for name, factor in (("Beef", 3.0), ("Coffee", 3.0), ("GunPoint", 1000.0), ("Car", 3.0)):
        expected = cost.CostModel().predict(method, ARCHIVE[name])
        seconds = (0.0, factor * expected["finetune"], factor * expected["test"])
        run = Run("1nn-dtw", name, 0)
        results.write_result(run.path(tmp_path), a_stored_result(run, "quick", seconds))
    stored = Index(tmp_path).facts.values()
    model.learn({"1nn-dtw": method}, stored)
    assert model.n_results == 4
    assert model.predict(method, ARCHIVE["Wafer"]) == pytest.approx({k: 3 * v for k, v in guess.items()}, rel=1e-6)
    other = replace(method, preparation=replace(method.preparation, max_length=8))
    model = cost.CostModel()
    model.learn({"1nn-dtw": other}, stored)
    assert model.n_results == 0  # of another configuration
