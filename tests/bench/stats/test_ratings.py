import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from bench.stats import ratings
from bench.stats.comparison import TableError

SCORES = pd.DataFrame(
    {"a": [0.9, 0.8, 1.0, 0.7], "b": [0.8, 0.8, 0.9, 0.9], "c": [0.5, 0.6, 1.0, 0.4]}, index=list("wxyz")
)


def test_error_relative_to_a_baseline_by_hand():
    found, n = ratings.relative_error(SCORES, "b")
    assert n == 4
    assert found.to_dict() == pytest.approx({"a": (0.5 + 1 + 0 + 3) / 4, "b": 1.0, "c": (2.5 + 2 + 0 + 6) / 4})


def test_data_sets_without_an_error_of_the_baseline_have_no_ratio():
    found, n = ratings.relative_error(SCORES, "c")
    assert n == 3
    assert found["a"] == pytest.approx((0.2 + 0.5 + 0.5) / 3)
    nothing, n = ratings.relative_error(SCORES.loc[["y"]], "a")
    assert n == 0
    assert nothing.isna().all()


def test_a_baseline_that_is_not_there_is_refused():
    with pytest.raises(TableError, match="'d' is none of a, b, c"):
        ratings.relative_error(SCORES, "d")


def test_win_rate_counts_draws_half():
    # a: beats both, ties b and beats c, ties c and beats b, loses to b and beats c
    assert ratings.win_rate(SCORES).to_dict() == pytest.approx(
        {"a": (1 + 0.75 + 0.75 + 0.5) / 4, "b": (0.5 + 0.75 + 0 + 1) / 4, "c": (0 + 0 + 0.75 + 0) / 4}
    )


class TestElo:
    def test_two_methods_have_the_odds_of_their_games(self):
        won = pd.DataFrame({"a": [1.0] * 9 + [0.0], "b": [0.5] * 10})
        found = ratings.elo(won)["elo"]
        assert found.mean() == pytest.approx(1000)
        assert found["a"] - found["b"] == pytest.approx(400 * np.log10(9.5 / 1.5))  # a drawn game added

    def test_it_is_the_most_likely_rating(self):
        draws = np.random.default_rng(0).normal([0, 0.3, 0.6, 2], 1, (30, 4))
        scores = pd.DataFrame(draws, columns=list("abcd"))
        values = scores.to_numpy()
        wins = (values[:, :, None] > values[:, None, :]).sum(axis=0) + 0.5 * (1 - np.eye(4))

        def unlikely(points):
            odds = (points[:, None] - points) / ratings.ELO
            return (wins * np.log1p(np.exp(-odds))).sum()

        best = minimize(unlikely, np.full(4, 1000.0), tol=1e-10).x
        assert ratings.elo(scores)["elo"].to_numpy() == pytest.approx(best - best.mean() + 1000, abs=0.1)

    def test_a_method_that_always_wins_has_a_finite_rating(self):
        found = ratings.elo(pd.DataFrame({"a": [1.0] * 40, "b": [0.0] * 40, "c": [0.5] * 40}))
        assert np.isfinite(found.to_numpy()).all()
        assert list(found["elo"].sort_values().index) == ["b", "c", "a"]

    def test_the_interval_covers_and_shrinks_with_data(self):
        scores = pd.DataFrame(np.random.default_rng(1).normal(0, 1, (20, 5))).rename(columns=str)
        found, more = ratings.elo(scores), ratings.elo(pd.concat([scores] * 9, ignore_index=True))
        assert (found["low"] < found["elo"]).all()
        assert (found["elo"] < found["high"]).all()
        assert ((more["high"] - more["low"]) < 0.5 * (found["high"] - found["low"])).all()
        pd.testing.assert_frame_equal(found, ratings.elo(scores))
