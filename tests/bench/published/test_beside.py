import pandas as pd
import pytest

from bench.published.beside import beside
from bench.published.groups import ALSO, GROUPS, asked_for
from bench.published.guard import Conditions
from bench.published.numbers import METHODS, load_published
from bench.stats.comparison import TableError
from ucr.archive import ARCHIVE


class TestAskedFor:
    def test_every_name_in_the_table_of_kinds_is_published(self):
        published = {number.method for number in load_published()}
        assert {method for methods in GROUPS.values() for method in methods} <= published
        assert set(ALSO.values()) <= published
        assert set(GROUPS) & published == set()

    def test_a_name_is_found_however_it_is_written(self):
        assert list(asked_for(["hc2", "MultiRocket", "Ti-MAE", "mantis", "MR-hydra"])) == [
            *("HC2", "MR", "Ti-MAE (paper)", "Mantis (UniShape supp.)", "MR-Hydra"),
        ]

    def test_of_a_method_that_several_tables_have_the_one_without_an_addition_is_meant(self):
        assert list(asked_for(["ROCKET", "InceptionTime", "QUANT"])) == ["ROCKET", "InceptionTime", "QUANT"]
        assert list(asked_for(["ROCKET (authors)"])) == ["ROCKET (authors)"]

    def test_a_kind_is_all_its_methods_once_and_none_is_called_as_a_user_would_call_his(self):
        assert asked_for(["published"]) == METHODS
        found = asked_for(["rocket", "MR"])
        assert list(found) == list(GROUPS["rocket"])
        assert found["MR"] == "MultiRocket (published)"
        assert all(called.endswith(")") for called in asked_for(GROUPS).values())

    def test_an_unknown_name_is_told_the_nearest(self):
        with pytest.raises(TableError, match="nothing published is called 'HC3'; did you mean HC2"):
            asked_for(["HC3"])


class TestBeside:
    scores = pd.DataFrame({"mine": {"Coffee": 1.0, "BME": 0.9}})

    def ours(self, normalise: str) -> dict[str, Conditions]:
        return {name: Conditions(ARCHIVE[name].n_test, normalise) for name in self.scores.index}

    def test_where_nobody_knows_how_ours_was_normalised_only_data_that_need_it_not_are_comparable(self):
        table, left_out, citations = beside(self.scores, self.ours("unknown"), {"HC2": "theirs"})
        assert table["theirs"].notna().to_dict() == {"Coffee": True, "BME": False}
        assert left_out == ["not z-normalised on disk, tsml-eval normalised 'none', ours 'unknown': HC2 on BME"]
        assert ["Bake off redux" in citation for citation in citations] == [True]
        assert beside(self.scores, self.ours("none"), {"HC2": "theirs"}).table["theirs"].notna().all()

    def test_of_two_tables_of_a_method_the_one_that_is_comparable_on_more_data_sets_stands_there(self):
        asked = {"InceptionTime": "InceptionTime (published)"}
        assert "InceptionTime (authors)" in beside(self.scores, self.ours("series"), asked).table
        assert "InceptionTime (published)" in beside(self.scores, self.ours("none"), asked).table

    def test_resamples_of_ours_stand_beside_resamples_of_theirs(self):
        ours = {name: self.ours("none")[name]._replace(resamples=(0, 1, 2)) for name in self.scores.index}
        found = beside(self.scores, ours, {"HC2": "hc2", "1NN-DTW": "dtw", "Ti-MAE (paper)": "timae"})
        assert list(found.table) == ["mine", "hc2", "dtw"]
        counts = found.table["dtw"] * [3 * ARCHIVE[name].n_test for name in found.table.index]
        assert (counts - counts.round()).abs().max() < 1e-9
        assert "no comparable number on these data sets: Ti-MAE (paper)" in found.left_out

    def test_what_has_nothing_comparable_is_named_and_where_all_have_nothing_refused(self):
        asked = {"HC2": "theirs", "RWS (T-Loss repo)": "rws"}
        assert beside(self.scores, self.ours("none"), asked).left_out == [
            "no comparable number on these data sets: RWS (T-Loss repo)"
        ]
        with pytest.raises(TableError, match=r"no comparable published number of RWS .*: none was published"):
            beside(self.scores, self.ours("none"), {"RWS (T-Loss repo)": "rws"})
