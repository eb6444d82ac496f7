import numpy as np
import pytest
from scipy import stats

from bench.stats.resampled import corrected_resampled_t

DRAWS = np.random.default_rng(0).normal(0.5, 1, (6, 10))


def test_without_overlap_it_is_the_paired_t_test():
    expected = stats.ttest_1samp(DRAWS, 0, axis=1).pvalue
    assert corrected_resampled_t(DRAWS, np.zeros(6)) == pytest.approx(expected)


def test_by_hand():
    # mean .02, deviation .01, four resamples, as many test cases as train cases: t = .02 / (.01 · sqrt(1/4 + 1))
    d = [[0.02 - 0.01 * np.sqrt(0.75), 0.02 + 0.01 * np.sqrt(0.75)] * 2]
    assert np.std(d, ddof=1) == pytest.approx(0.01)
    assert corrected_resampled_t(d, [1.0]) == pytest.approx(2 * stats.t.sf(2 / np.sqrt(1.25), 3))


def test_overlap_makes_it_less_sure():
    assert (corrected_resampled_t(DRAWS, np.ones(6)) > corrected_resampled_t(DRAWS, np.zeros(6))).all()


def test_differences_that_do_not_vary():
    assert corrected_resampled_t([[0.0] * 4, [0.1] * 4], [1.0, 1.0]) == pytest.approx([1.0, 0.0])
