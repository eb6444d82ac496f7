import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.stats import effects
from bench.stats.effects import Posterior
from bench.stats.signed_rank import signed_rank_p

NOISE = np.random.default_rng(0).normal(0, 0.05, 60)


@pytest.mark.parametrize(
    ("differences", "expected"),
    [  # better, equal, worse of baycomp 1.0.3: SignedRankTest.probs(d, 0 * d, .01, nsamples=200000, random_state=1)
        ([0.0313, 0.0221, -0.0117, 0.0, 0.0532, 0.0109, 0.0243, -0.0331, 0.0157, 0.0419], (0.9085, 0.0790, 0.0125)),
        ([0.001, -0.002, 0.0, 0.003, 0.012, -0.011, 0.004, 0.0, 0.0203, -0.0207], (0.0138, 0.9817, 0.0044)),
        ([-0.1003, -0.2, 0.05, -0.011, -0.3, 0.021], (0.0853, 0.0052, 0.9095)),
    ],
)
def test_bayesian_signed_rank_is_baycomps(differences, expected):
    assert effects.bayesian_signed_rank(differences) == pytest.approx(expected, abs=0.01)


class TestBayesianSignedRank:
    def test_differences_inside_the_rope_are_practically_none(self):
        assert effects.bayesian_signed_rank([0.009] * 30) == Posterior(0, 1, 0)

    def test_large_differences_are_not(self):
        assert effects.bayesian_signed_rank([0.2] * 30).better > 0.999
        assert effects.bayesian_signed_rank([-0.2] * 30).worse > 0.999

    def test_without_data_the_prior_speaks(self):
        assert effects.bayesian_signed_rank([]) == Posterior(0, 1, 0)


class TestBootstrapInterval:
    @pytest.mark.parametrize("statistic", [np.mean, np.median])
    def test_it_agrees_with_scipys(self, statistic):
        ours = effects.bootstrap_interval(NOISE, statistic, n_resamples=5000)
        theirs = stats.bootstrap((NOISE,), statistic, method="percentile", rng=1).confidence_interval
        assert ours == pytest.approx(theirs, abs=0.002)

    def test_the_same_seed_gives_the_same_interval(self):
        assert effects.bootstrap_interval(NOISE, seed=3) == effects.bootstrap_interval(NOISE, seed=3)
        assert effects.bootstrap_interval(NOISE, seed=3) != effects.bootstrap_interval(NOISE, seed=4)

    def test_equal_differences_leave_no_doubt(self):
        assert effects.bootstrap_interval([0.25] * 9) == (0.25, 0.25)

    @pytest.mark.parametrize("differences", [[], [0.1]])
    def test_one_data_set_shows_no_deviation(self, differences):
        assert all(math.isnan(end) for end in effects.bootstrap_interval(differences))


class TestSmallestDetectableDifference:
    @pytest.mark.parametrize("n", [12, 60])
    def test_simulated_tests_have_the_promised_power(self, n):
        d = NOISE[:n]
        shift = effects.smallest_detectable_difference(d, n_resamples=2000)
        one, other = np.triu_indices(n)
        centred = d - np.median((d[one] + d[other]) / 2)
        random = np.random.default_rng(1)
        draws = random.choice(centred, (2000, n)) * random.choice([-1, 1], (2000, n)) + shift
        p = signed_rank_p(draws.T)  # with the ties that draws have
        assert np.mean((p <= 0.05) & (draws.mean(axis=1) > 0)) == pytest.approx(0.81, abs=0.03)  # ties let more reject

    def test_it_grows_with_power_and_shrinks_with_data(self):
        smallest = effects.smallest_detectable_difference
        assert smallest(NOISE, power=0.5) < smallest(NOISE) < smallest(NOISE, power=0.95)
        assert smallest(NOISE) < smallest(NOISE, alpha=0.05 / 45)
        assert smallest(np.tile(NOISE, 4)) < smallest(NOISE)

    def test_it_scales_with_the_differences_and_ignores_their_mean(self):
        shift = effects.smallest_detectable_difference(NOISE)
        assert effects.smallest_detectable_difference(3 * NOISE + 0.2) == pytest.approx(3 * shift)

    @pytest.mark.parametrize("n", [0, 1, 4])
    def test_too_few_data_sets_show_nothing(self, n):
        # the smallest p of four data sets is .125
        assert effects.smallest_detectable_difference(NOISE[:n]) == math.inf


def test_pareto_front_by_hand():
    costs = pd.Series({"cheap": 1, "dear": 9, "bad": 5, "twin": 9, "dearer": 10, "poor": 1})
    scores = pd.Series({"poor": 0.4, "cheap": 0.5, "dear": 0.9, "bad": 0.5, "twin": 0.9, "dearer": 0.9})
    assert effects.pareto_front(costs, scores) == ["cheap", "dear", "twin"]


class TestCrossedInterval:
    def test_one_seed_is_the_bootstrap_over_data_sets(self):
        assert effects.crossed_interval(np.array(NOISE)[:, None]) == effects.bootstrap_interval(NOISE)

    def test_its_deviation_is_that_of_both_axes(self):
        rng = np.random.default_rng(0)
        of_set, of_seed = rng.normal(0, 0.02, (60, 1)), rng.normal(0, 0.03, (1, 8))
        low, high = effects.crossed_interval(of_set + of_seed, n_resamples=4000)
        deviation = math.sqrt(of_set.var() / 60 + of_seed.var() / 8)
        assert (high - low) / 2 == pytest.approx(1.96 * deviation, rel=0.1)
        assert effects.crossed_interval(of_set + 0 * of_seed, n_resamples=4000) == pytest.approx(
            effects.bootstrap_interval(of_set[:, 0], n_resamples=4000), abs=0.001
        )

    def test_fewer_than_two_data_sets_show_no_deviation(self):
        assert all(math.isnan(end) for end in effects.crossed_interval([[0.1, 0.2]]))
