import json
import math
import subprocess
import sys
from itertools import combinations, permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from bench.stats import comparison as statistics
from bench.stats import nemenyi
from bench.stats.comparison import Pair, TableError
from bench.stats.wording import describe, disagreement

DEMSAR = pd.DataFrame(  # AUC of four ways to tune C4.5 on 14 data sets (Demšar 2006, Table 6)
    [
        [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975], [0.957, 0.978, 0.946, 0.970],
    ],
    columns=["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"],
)  # fmt: skip


def table(**methods: list[float]) -> pd.DataFrame:
    n = len(next(iter(methods.values())))
    return pd.DataFrame(methods, index=[f"dataset {i}" for i in range(n)])


def facts(pairs: list[Pair]) -> dict[frozenset[str], tuple[float, ...]]:
    """What does not depend on which method of a pair is named first."""
    return {frozenset((p.a, p.b)): (p.draws, p.wins + p.losses, p.p, p.p_holm) for p in pairs}


score_tables = (
    st.integers(2, 6)
    .flatmap(lambda k: st.lists(st.lists(st.integers(0, 40), min_size=k, max_size=k), min_size=1, max_size=25))
    .map(lambda rows: pd.DataFrame(np.array(rows) / 40, columns=list("fbdace")[: len(rows[0])]))
)


class TestDemsarsExample:
    def test_average_ranks(self):
        ranks = statistics.average_ranks(DEMSAR)
        assert ranks.round(3).to_dict() == {
            "C4.5+m+cf": 1.964, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5": 3.143,
        }  # fmt: skip
        assert ranks.index[0] == "C4.5+m+cf"

    def test_without_the_correction_for_ties_friedman_is_the_papers(self):
        ranks = statistics.average_ranks(DEMSAR)
        n, k = DEMSAR.shape
        chi2 = 12 * n / (k * (k + 1)) * ((ranks**2).sum() - k * (k + 1) ** 2 / 4)
        assert chi2 == pytest.approx(9.28, abs=0.005)
        assert (n - 1) * chi2 / (n * (k - 1) - chi2) == pytest.approx(3.69, abs=0.005)

    def test_friedman_corrected_for_ties_is_scipys(self):
        answer = statistics.friedman(DEMSAR)
        expected = stats.friedmanchisquare(*DEMSAR.to_numpy().T)
        assert (answer.chi2, answer.p) == pytest.approx((expected.statistic, expected.pvalue))
        assert answer.iman_davenport_f == pytest.approx(13 * answer.chi2 / (42 - answer.chi2))
        assert answer.iman_davenport_p == pytest.approx(stats.f.sf(answer.iman_davenport_f, 3, 39))

    def test_nemenyi_critical_difference(self):
        assert nemenyi.nemenyi_difference(4, 14) == pytest.approx(1.25, abs=0.005)

    def test_at_one_in_ten_nemenyi_tells_the_untuned_tree_from_the_two_best(self):
        difference = nemenyi.nemenyi_difference(4, 14, alpha=0.1)
        assert difference == pytest.approx(1.12, abs=0.005)
        ranks = statistics.average_ranks(DEMSAR)
        assert nemenyi.nemenyi_cliques(ranks, difference) == [
            ["C4.5+m+cf", "C4.5+m", "C4.5+cf"],
            ["C4.5+cf", "C4.5"],
        ]

    def test_pairs_are_corrected_as_statsmodels_does(self):
        pairs = statistics.pairwise(DEMSAR)
        assert [p.p_holm for p in pairs] == pytest.approx(multipletests([p.p for p in pairs], method="holm")[1])


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.344), (4, 2.569), (5, 2.728), (6, 2.850)])
def test_nemenyi_quantiles_are_those_of_the_published_table(k, q):
    assert nemenyi.nemenyi_difference(k, 100) / math.sqrt(k * (k + 1) / 600) == pytest.approx(q, abs=6e-4)


class TestByHand:
    def test_ranks_share_the_places_of_a_tie(self):
        ranks = statistics.average_ranks(table(a=[0.9, 0.5], b=[0.9, 0.6], c=[0.1, 0.7]))
        assert ranks.to_dict() == {"c": 2.0, "a": 2.25, "b": 1.75}

    def test_methods_of_equal_rank_stand_in_order_of_name(self):
        assert list(statistics.average_ranks(table(b=[1, 0], a=[0, 1])).index) == ["a", "b"]

    def test_wins_and_differences_are_seen_from_the_better_ranked(self):
        (pair,) = statistics.pairwise(table(worse=[0.5, 0.5, 0.5, 0.5], better=[0.6, 0.7, 0.5, 0.4]))
        assert (pair.a, pair.b) == ("better", "worse")
        assert (pair.wins, pair.draws, pair.losses) == (2, 1, 1)
        assert pair.mean_difference == pytest.approx(0.05)
        assert pair.median_difference == pytest.approx(0.05)

    def test_pratt_ranks_zeros_before_dropping_them(self):
        # differences 0, .1, .2, .3: ranks 2, 3, 4 of the positive ones; one of 8 patterns of signs reaches their sum
        (pair,) = statistics.pairwise(table(a=[0.5, 0.6, 0.7, 0.8], b=[0.5] * 4))
        assert pair.p == 2 / 8

    def test_thirds_tie_whatever_they_are_differences_of(self):
        # all of one size: three of five positive, as 2 * P(at most 2 of 5 heads) of a coin
        (pair,) = statistics.pairwise(table(a=[1 / 3, 2 / 3, 1, 0, 1 / 3], b=[0, 1 / 3, 2 / 3, 1 / 3, 2 / 3]))
        assert pair.p == pytest.approx(1.0)

    def test_holm_steps_down(self):
        # 3 * .01 = .03; 2 * .04 = .08; 1 * .03 would be .03, but never less than the step before
        assert statistics.holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])
        assert statistics.holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])

    def test_a_clique_may_pass_over_a_method(self):
        # b always loses .01 to a; c loses to both on 14 of 20 data sets and wins by so much on 6 that W+ = W-
        scores = table(a=[0.5] * 20, b=[0.49] * 20, c=[0.4] * 14 + [0.8] * 6)
        assert statistics.average_ranks(scores).to_dict() == {"a": 1.3, "b": 2.3, "c": 2.4}
        assert statistics.cliques(scores) == [["a", "c"], ["b", "c"]]

    def test_cliques_are_all_the_largest_groups_without_a_rejected_pair(self):
        rng = np.random.default_rng(3)
        scores = pd.DataFrame(rng.normal(0, 0.1, (40, 9)) + np.linspace(0, 0.2, 9)).rename(columns=str)
        rejected = {frozenset((p.a, p.b)) for p in statistics.pairwise(scores) if p.p_holm <= 0.05}
        groups = [
            set(group)
            for size in range(2, 10)
            for group in combinations(scores.columns, size)
            if not rejected & {frozenset(pair) for pair in combinations(group, 2)}
        ]
        largest = [group for group in groups if not any(group < other for other in groups)]
        assert len(largest) > 2
        assert sorted(map(sorted, statistics.cliques(scores))) == sorted(map(sorted, largest))

    def test_snapping_makes_rounded_numbers_tie(self):
        assert statistics.snap([0.667, 0.6667, 0.66], 3) == pytest.approx([2 / 3] * 3, abs=0)


class TestProperties:
    @settings(max_examples=40, deadline=None)
    @given(score_tables, st.randoms(use_true_random=False))
    def test_order_of_rows_and_columns_does_not_matter(self, scores, random):
        rows, columns = list(scores.index), list(scores.columns)
        random.shuffle(rows)
        random.shuffle(columns)
        shuffled = statistics.compare(scores.loc[rows, columns])
        expected = statistics.compare(scores)
        assert shuffled.average_ranks.to_dict() == expected.average_ranks.to_dict()
        assert facts(shuffled.pairs) == facts(expected.pairs)
        assert shuffled.cliques == expected.cliques
        if expected.friedman:
            assert vars(shuffled.friedman) == pytest.approx(vars(expected.friedman), nan_ok=True)

    @settings(max_examples=40, deadline=None)
    @given(score_tables, st.sampled_from([0.1, 0.3, -0.7, 1 / 3, 12.345]))
    def test_a_constant_on_every_score_changes_nothing(self, scores, constant):
        moved, expected = statistics.compare(scores + constant), statistics.compare(scores)
        assert moved.average_ranks.to_dict() == expected.average_ranks.to_dict()
        assert facts(moved.pairs) == facts(expected.pairs)
        assert moved.cliques == expected.cliques

    @settings(max_examples=40, deadline=None)
    @given(score_tables)
    def test_renaming_renames(self, scores):
        names = {name: f"method {name}" for name in scores.columns}
        renamed, expected = statistics.compare(scores.rename(columns=names)), statistics.compare(scores)
        assert renamed.average_ranks.to_dict() == {
            names[method]: rank for method, rank in expected.average_ranks.items()
        }
        assert renamed.cliques == [[names[method] for method in clique] for clique in expected.cliques]

    @settings(max_examples=40, deadline=None)
    @given(score_tables)
    def test_ranks_add_up_and_p_values_are_probabilities(self, scores):
        comparison = statistics.compare(scores)
        k = scores.shape[1]
        assert comparison.average_ranks.sum() == pytest.approx(k * (k + 1) / 2)
        for pair in comparison.pairs:
            assert 0 <= pair.p <= pair.p_holm <= 1
            assert pair.wins + pair.draws + pair.losses == len(scores)

    @settings(max_examples=15, deadline=None)  # theirs takes a twentieth of a second
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
    def test_holm_is_statsmodels(self, p):
        assert statistics.holm(np.array(p)) == pytest.approx(multipletests(p, method="holm")[1])


class TestEdges:
    def test_two_methods_have_no_friedman_test(self):
        comparison = statistics.compare(table(a=[0.9, 0.8, 0.7], b=[0.1, 0.2, 0.3]))
        assert comparison.friedman is None
        assert comparison.pairs[0].p == comparison.pairs[0].p_holm

    def test_one_data_set_gives_an_answer(self):
        comparison = statistics.compare(table(a=[0.9], b=[0.5], c=[0.4]))
        assert comparison.average_ranks.to_dict() == {"a": 1, "b": 2, "c": 3}
        assert math.isnan(comparison.friedman.iman_davenport_f)
        assert comparison.cliques == []
        assert comparison.too_few == (
            "1 data set is too few to tell any two of 3 methods apart: at best p is 1, and the first step of Holm over "
            "3 pairs asks for 0.0167."
        )

    @pytest.mark.parametrize("n", [1, 2, 30])
    def test_identical_methods_do_not_differ(self, n):
        comparison = statistics.compare(table(a=[0.7] * n, b=[0.7] * n, c=[0.7] * n))
        assert vars(comparison.friedman) == {
            "chi2": 0, "p": 1, "iman_davenport_f": 0, "iman_davenport_p": 1,
        }  # fmt: skip
        assert [p.p_holm for p in comparison.pairs] == [1, 1, 1]
        assert comparison.cliques == ([["a", "b", "c"]] if n == 30 else [])
        assert comparison.alike("b") == ["a", "c"]

    def test_data_sets_that_agree_in_full_give_an_infinite_f(self):
        friedman = statistics.friedman(table(a=[0.9] * 9, b=[0.8] * 9, c=[0.7] * 9))
        assert (friedman.chi2, friedman.iman_davenport_f) == (18, math.inf)

    @pytest.mark.parametrize(
        "rows", [[[3, 2, 1]] * 3, [[3, 2, 1], [3, 2, 1], [3, 1, 1]], [[2, 1, 1]] * 4, [[9, 8, 7, 6]]]
    )
    def test_friedman_claims_no_more_than_so_few_data_sets_can_show(self, rows):
        friedman = statistics.friedman(pd.DataFrame(rows, dtype=float))
        arrangements = product(*(list(permutations(row)) for row in rows))
        orders = [stats.friedmanchisquare(*np.transpose(one)).statistic if len(rows) > 1 else 0 for one in arrangements]
        exact = np.mean(np.array(orders) >= max(orders) - 1e-9)  # of the most extreme that there is
        assert friedman.p >= exact - 1e-12
        assert not friedman.iman_davenport_p < exact - 1e-12
        if math.isinf(friedman.iman_davenport_f):
            assert friedman.iman_davenport_p == pytest.approx(exact)

    def test_a_method_with_gaps_is_left_out_and_named(self):
        with_gap = table(a=[0.9, 0.8, 0.7], b=[0.1, math.nan, 0.3], c=[0, 0.1, 0])
        comparison = statistics.compare(with_gap)
        assert list(comparison.scores) == ["a", "c"]
        assert len(comparison.scores) == 3
        assert comparison.left_out == [("b", "scores on 2 of the 3 data sets")]

    def test_or_the_data_sets_that_it_lacks_are(self):
        comparison = statistics.compare(
            table(a=[0.9, 0.8, 0.7], b=[0.1, math.nan, 0.3], c=[0, math.nan, 0]), complete="datasets"
        )
        assert len(comparison.scores) == 2
        assert comparison.left_out == [("dataset 1", "no score of b, c")]

    def test_a_data_set_that_nobody_has_leaves_nobody_out(self):
        comparison = statistics.compare(table(a=[0.9, math.nan], b=[0.8, math.nan]))
        assert comparison.left_out == []
        assert len(comparison.scores) == 1

    def test_where_one_method_alone_is_complete_the_other_choice_is_named(self):
        with pytest.raises(TableError, match=r"got 1 \(b: scores on 1 of the 2 data sets\).*--complete datasets"):
            statistics.compare(table(a=[0.9, 0.8], b=[0.1, math.nan]))

    def test_data_sets_left_out_for_one_reason_share_a_line(self):
        left_out = [statistics.LeftOut(*pair) for pair in (("A", "no x"), ("B", "no y"), ("C", "no x"))]
        assert statistics.reasons(left_out) == ["A, C: no x", "B: no y"]

    def test_methods_without_a_common_data_set_are_refused(self):
        nan = math.nan
        with pytest.raises(TableError, match=r"none of the 3 data sets .* 'b' has scores of 1 only"):
            statistics.compare(table(a=[0.9, 0.8, nan], b=[nan, nan, 0.3]), complete="datasets")

    @pytest.mark.parametrize(
        ("scores", "message"),
        [
            (table(a=[0.5]), "at least 2 methods, got 1"),
            (table(a=[], b=[]), "no scores to compare: 0 data sets"),
            (table(a=[math.inf], b=[0.1]), "no finite score of 'a' on 'dataset 0'"),
            (pd.DataFrame([[1, 2]], columns=["a", "a"]), "method 'a' stands twice"),
            (pd.DataFrame({"a": [1, 2], "b": [1, 2]}, index=["x", "x"]), "data set 'x' stands twice"),
        ],
    )
    def test_what_is_no_score_table_is_refused(self, scores, message):
        with pytest.raises(TableError, match=message):
            statistics.compare(scores)

    @pytest.mark.parametrize("alpha", [0, 1, -0.1, math.nan])
    def test_alpha_must_be_a_probability(self, alpha):
        with pytest.raises(TableError, match="alpha between 0 and 1"):
            statistics.compare(DEMSAR, alpha)


def test_the_assumptions_name_what_was_done():
    text = " ".join(describe(statistics.compare(DEMSAR, 0.1)))
    for fact in ("14 data sets", "4 methods.", "6 pairs", "Pratt", "Holm", "0.1"):
        assert fact in text


class TestWhereNLetsIt:
    def test_five_wins_of_five_tell_nothing_apart(self):
        comparison = statistics.compare(table(a=[0.9] * 5, b=[0.8] * 5))
        assert [pair.p for pair in comparison.pairs] == [0.0625]
        assert comparison.cliques == []
        assert comparison.too_few.startswith("5 data sets are too few to tell any two of 2 methods apart: at best p is")

    def test_four_data_sets_give_an_eighth_at_best(self):
        assert statistics.compare(table(a=[0.9, 0.8, 0.7, 0.6], b=[0.1] * 4)).pairs[0].p == 0.125

    def test_five_methods_in_strict_order_on_ten_data_sets(self):
        comparison = statistics.compare(table(**{name: [1 - i / 10] * 10 for i, name in enumerate("abcde")}))
        assert {pair.p_holm for pair in comparison.pairs} == {10 * 2.0**-9}
        assert (comparison.too_few, comparison.cliques) == ("", [])

    @pytest.mark.parametrize(("n", "k"), [(6, 2), (7, 3), (11, 8)])
    def test_the_least_number_of_data_sets_that_tells_methods_apart(self, n, k):
        def strict(n):
            return statistics.compare(table(**{name: [1 - i / 10] * n for i, name in enumerate("abcdefgh"[:k])}))

        assert not strict(n).too_few
        assert min(pair.p_holm for pair in strict(n).pairs) <= 0.05
        assert strict(n - 1).too_few
        assert min(pair.p_holm for pair in strict(n - 1).pairs) > 0.05


def pair(**changed: object) -> Pair:
    values = {"a": "x", "b": "y", "wins": 6, "draws": 0, "losses": 4, "mean_difference": 0.01,
              "median_difference": 0.01, "p": 0.5, "p_holm": 1.0}  # fmt: skip
    return Pair(**{**values, **changed})


def test_a_mean_that_others_contradict_is_said_with_what_contradicts_it():
    assert disagreement(pair()) == ""
    assert disagreement(pair(median_difference=0.0), pd.Series({"x": 1.0, "y": 2.0})) == ""
    assert disagreement(pair(mean_difference=-0.02)) == (
        "By the mean y is ahead of x (0.0200), by the median difference and wins x is ahead of y."
    )
    assert disagreement(pair(), pd.Series({"x": 2.5, "y": 2.0})) == (
        "By the mean x is ahead of y (0.0100), by the average rank y is ahead of x."
    )


def test_importing_statistics_loads_neither_matplotlib_nor_torch():
    code = "import sys, json, bench.stats.csv_table, bench.stats.effects; print(json.dumps(list(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    assert "scipy.stats" in loaded
    assert not {"matplotlib", "torch", "sktime", "lightning"} & set(loaded)
