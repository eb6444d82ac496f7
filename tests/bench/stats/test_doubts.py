import numpy as np
import pandas as pd
import pytest

from bench.published.numbers import load_published
from bench.stats import doubts
from ucr.archive import ARCHIVE


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    numbers = [n for n in load_published() if n.archive_variant == "original"]
    return pd.DataFrame(numbers).pivot_table(index="dataset", columns="method", values="accuracy")


class TestErrorLike:
    def test_no_published_accuracy_is_taken_for_an_error_rate(self, published):
        assert doubts.error_like(published) == []

    def test_what_is_wrong_of_them_is(self, published):
        told = set(doubts.error_like(1 - published))
        assert set(published) - told == {
            "Majority class (UCR default rate)",
            "t-LeNet (dl-4-tsc)",
        }  # wrong half the time

    def test_two_data_sets_and_own_ones_tell_nothing(self):
        assert doubts.error_like(pd.DataFrame({"x": {"Coffee": 0.0, "GunPoint": 0.1}})) == []
        assert doubts.error_like(pd.DataFrame({"x": {"a": 0.0, "b": 0.1, "c": 0.2}})) == []


class TestMisspelled:
    def test_names_of_2015_and_capitals_lead_to_those_of_2018(self):
        names = {
            "Gun_Point": "GunPoint", "50words": "FiftyWords", "CinC_ECG_torso": "CinCECGTorso", "yoga": "Yoga",
            "Lighting7": "Lightning7", "NonInvasiveFatalECG_Thorax2": "NonInvasiveFetalECGThorax2",
            "SonyAIBORobotSurface": "SonyAIBORobotSurface1", "SonyAIBORobotSurfaceII": "SonyAIBORobotSurface2",
            "WordsSynonyms": "WordSynonyms",
        }  # fmt: skip
        assert doubts.misspelled([*names, *ARCHIVE]) == names

    def test_other_data_sets_and_altered_ones_are_no_misspellings(self):
        assert doubts.misspelled(["KeplerLightCurves", "Colposcopy", "PLAID_eq", "DodgerLoopDay_nmv", "mine"]) == {}


class TestCounted:
    def test_a_rounded_accuracy_is_the_count_that_it_stands_for(self):
        cases = {"Coffee": 28, "Beef": 30, "Adiac": 391}
        exact = pd.Series({"Coffee": 27 / 28, "Beef": 23 / 30, "Adiac": 319 / 391})
        for decimals in (3, 4, 6, 16):
            found, wrong = doubts.counted(exact.round(decimals), cases)
            assert found.equals(exact)
            assert wrong == []

    def test_a_mean_of_runs_stays_and_is_named_and_nothing_is_made_of_a_gap(self):
        given = pd.Series({"Coffee": 0.9821, "Beef": np.nan})
        found, wrong = doubts.counted(given, {"Coffee": 28, "Beef": 30})
        assert found.equals(given)
        assert wrong == ["Coffee"]
