import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.stats.signed_rank import can_tell, needed_rank_sum, signed_rank_p, smallest_p


def p_of(differences: object) -> float:
    return float(signed_rank_p(np.array(differences, dtype=float)[:, None])[0])


def enumerated(differences: np.ndarray) -> float:
    """Of all patterns of signs, twice the share whose rank sum is at most as far out."""
    ranks = stats.rankdata(np.abs(differences))
    found = ranks[differences > 0].sum()
    free = ranks[differences != 0]
    sums = np.array([np.dot(free, signs) for signs in product([0, 1], repeat=len(free))])
    return min(1.0, 2 * min(np.mean(sums <= found + 1e-9), np.mean(sums >= found - 1e-9)))


@pytest.mark.parametrize("n", [1, 2, 5, 10, 25, 50, 128])
def test_without_ties_it_is_scipys_exact_p(n):
    for seed in range(5):
        d = np.random.default_rng(seed).normal(0.2, 1, n)
        assert p_of(d) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue, rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=10))
def test_with_ties_and_zeros_it_is_what_all_patterns_of_signs_say(d):
    assert p_of(d) == pytest.approx(enumerated(np.array(d)), rel=1e-12)


def test_at_128_data_sets_with_ties_and_zeros_a_permutation_sample_agrees():
    rng = np.random.default_rng(0)
    d = rng.integers(-5, 7, 128).astype(float)
    ranks = np.where(d == 0, 0, stats.rankdata(np.abs(d)))
    n = 200_000
    sums = np.concatenate([rng.integers(0, 2, (n // 10, 128)) @ ranks for _ in range(10)])
    centre = ranks.sum() / 2
    share = np.mean(np.abs(sums - centre) >= abs(ranks[d > 0].sum() - centre) - 1e-9)
    assert p_of(d) == pytest.approx(share, abs=4 * np.sqrt(share / n))
    assert 0.01 < share < 0.5  # or the sample would say nothing


def test_all_pairs_of_twenty_methods_on_128_data_sets_take_a_second():
    d = np.random.default_rng(0).normal(0, 1, (128, 190))
    start = time.process_time()
    p = signed_rank_p(d)
    assert time.process_time() - start < 1.0
    assert p.shape == (190,)


def test_by_hand():
    assert p_of([0.1, 0.2, 0.3, 0.4, 0.5]) == 0.0625
    assert p_of([0.1, 0.2, 0.3, 0.4]) == 0.125
    assert p_of([0.0, 0.0, 0.0]) == 1.0
    assert p_of([0.0, 0.0, 0.3]) == 1.0


def test_what_n_lets_is_what_the_test_can_give():
    for n in range(1, 12):
        assert smallest_p(n) == p_of(np.arange(1, n + 1))
        needed = needed_rank_sum(n, 0.05)
        signs = np.array([*product([-1, 1], repeat=n)]) * np.arange(1, n + 1)
        p, sums = signed_rank_p(signs.T), np.where(signs > 0, signs, 0).sum(axis=1)
        rejecting = sums[(p <= 0.05) & (sums > n * (n + 1) / 4)]
        assert needed == (rejecting.min() if len(rejecting) else np.inf)
        assert can_tell(n, 1, 0.05) == bool(len(rejecting))
    assert needed_rank_sum(0, 0.05) == np.inf
    assert (can_tell(6, 2, 0.05), can_tell(7, 3, 0.05), can_tell(8, 3, 0.05)) == (False, True, True)
