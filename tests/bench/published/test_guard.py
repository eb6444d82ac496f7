import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.published import guard, numbers
from bench.published.guard import Conditions
from bench.published.numbers import Published
from bench.stats.comparison import TableError
from ucr.archive import ARCHIVE

SHARED = Path(__file__).parents[4] / "shared"
REFERENCE = SHARED / "reference" / "reference_results.csv"
MORE = SHARED / "published" / "published_rows.csv"
RESAMPLES = SHARED / "published" / "tsml_eval_resamples_wide.csv"
ADDED = {
    "COCALITE (authors)", "COCALITETime (authors)", "OS-CNN (authors)", "Proximity Forest 2.0 (authors)",
    "PHIT (authors)", "TRILITE + ridge (authors)", "PatchTST (UniShape supp.)", "SoftShape (UniShape supp.)",
    "WEASEL 2.0 (authors)",
}  # fmt: skip


def number(dataset: str, accuracy: float, **changed: object) -> Published:
    fields = {
        "method": "m", "source": "tsml-eval", "licence": "BSD-3-Clause", "aggregate": "single", "n_runs": 1,
        "archive_variant": "original",
    }  # fmt: skip
    return Published(**{**fields, **changed}, dataset=dataset, accuracy=accuracy)


def ours(normalise: str = "none", **changed: object) -> dict[str, Conditions]:
    return {name: Conditions(info.n_test, normalise, **changed) for name, info in ARCHIVE.items()}


class TestFair:
    def test_a_rounded_number_is_snapped_to_its_count(self):
        kept, excluded = guard.fair([number("Coffee", 0.964286), number("Beef", 0.766667)], ours())
        assert kept.loc["Coffee", "m"] == 27 / 28
        assert kept.loc["Beef", "m"] == 23 / 30
        assert excluded == []

    def test_the_mean_of_five_runs_is_a_count_over_five_times_the_cases(self):
        kept, excluded = guard.fair([number("Beef", 0.773333, aggregate="mean", n_runs=5)], ours())
        assert kept.loc["Beef", "m"] == 116 / 150
        assert excluded == []

    def test_an_ensemble_answers_once(self):
        _, excluded = guard.fair([number("Beef", 0.773333, aggregate="ensemble", n_runs=5)], ours())
        assert [e.reason for e in excluded] == ["no count of right answers over our 30 test cases"]

    def test_chinatown_with_345_cases_is_excluded_and_with_343_kept(self):
        kept, excluded = guard.fair(
            [number("Chinatown", round(329 / 345, 6)), number("Chinatown", round(327 / 343, 6), method="n")], ours()
        )
        assert excluded == [("m", "Chinatown", "no count of right answers over our 343 test cases")]
        assert kept["n"].dropna().to_dict() == {"Chinatown": 327 / 343}

    @pytest.mark.parametrize("variant", ["eq", "nmv"])
    def test_altered_variants_are_excluded(self, variant):
        _, excluded = guard.fair([number("DodgerLoopDay", 0.5, archive_variant=variant)], ours())
        assert excluded == [("m", "DodgerLoopDay", f"altered data (variant {variant!r} of the archive)")]

    @pytest.mark.parametrize(("source", "normalise", "fair"), [
        ("tsml-eval", "none", True), ("tsml-eval", "series", False),
        ("rocket", "series", True), ("rocket", "none", False),
        ("t-loss", "none", False), ("t-loss", "series", False),
    ])  # fmt: skip
    def test_normalisation_matters_where_the_archive_is_not_normalised(self, source, normalise, fair):
        assert not ARCHIVE["BME"].znormalised
        assert ARCHIVE["Beef"].znormalised
        numbers = [number("BME", 0.96, source=source), number("Beef", 0.7, source=source)]
        kept, excluded = guard.fair(numbers, ours(normalise))
        assert kept.loc["Beef", "m"] == 0.7
        assert [e.dataset for e in excluded] == ([] if fair else ["BME"])

    def test_the_mean_over_resamples_stands_beside_the_mean_over_the_same(self):
        published = [number("Beef", counts / 30, resample=k) for k, counts in enumerate((21, 24, 27, 30))]
        kept, excluded = guard.fair(published, ours(resamples=(0, 1, 2)))
        assert kept["m"].dropna().to_dict() == {"Beef": pytest.approx(0.8)}
        assert excluded == []
        assert guard.fair(published, ours())[0].loc["Beef", "m"] == 0.7

    def test_a_number_without_all_of_our_resamples_is_none(self):
        kept, excluded = guard.fair([number("Beef", 0.7)], ours(resamples=(0, 1, 2, 4)))
        assert kept.empty
        assert excluded == [("m", "Beef", "not published on resamples 1 to 2, 4")]

    @pytest.mark.parametrize("normalise", ["series", "none", "unknown"])
    def test_two_of_whom_nothing_is_known_need_not_have_normalised_alike(self, normalise):
        numbers = [number("BME", 0.96, source="os-cnn"), number("Beef", 0.7, source="os-cnn")]
        kept, excluded = guard.fair(numbers, ours(normalise))
        assert kept.loc["Beef", "m"] == 0.7
        assert [e.dataset for e in excluded] == ["BME"]

    def test_data_sets_that_we_did_not_run_are_passed_over(self):
        kept, excluded = guard.fair([number("Beef", 0.7)], {"Coffee": Conditions(28, "none")})
        assert list(kept.index) == ["Coffee"]
        assert excluded == []


class TestJoin:
    def test_published_methods_stand_beside_ours(self):
        scores = pd.DataFrame({"us": {"Beef": 0.5, "Coffee": 1.0}})
        kept, _ = guard.fair([number("Beef", 0.7)], ours())
        joined = guard.join(scores, kept, ["m"])
        assert joined.loc["Beef"].to_dict() == {"us": 0.5, "m": 0.7}
        assert math.isnan(joined.loc["Coffee", "m"])

    def test_an_unknown_method_and_a_name_taken_twice_are_refused(self):
        kept, _ = guard.fair([number("Beef", 0.7)], ours())
        with pytest.raises(TableError, match=r"no fair published number of 'x' .* there are: m"):
            guard.join(pd.DataFrame({"us": {"Beef": 0.5}}), kept, ["x"])
        with pytest.raises(TableError, match="'m' is a published method and one of ours"):
            guard.join(pd.DataFrame({"m": {"Beef": 0.5}}), kept, ["m"])


class TestShippedNumbers:
    def test_every_source_has_a_licence_and_a_citation(self):
        found = numbers.load_published()
        assert {n.source for n in found} == set(numbers.sources())
        assert all(n.licence for n in found)
        assert all(len(source.citation) > 40 for source in numbers.sources().values())

    @pytest.mark.parametrize("normalise", ["series", "none"])
    def test_the_methods_that_stand_for_the_field_keep_most_data_sets(self, normalise):
        kept, excluded = guard.fair(numbers.load_published(), ours(normalise))
        assert kept[list(numbers.METHODS)].notna().sum().min() >= 90
        assert any("BME" in line for line in guard.summary(excluded))

    def test_the_guard_finds_the_sources_that_used_another_chinatown(self):
        _, excluded = guard.fair(numbers.load_published(), ours())
        counted = {e.method for e in excluded if e.dataset == "Chinatown" and e.reason.startswith("no count")}
        unishape = {n.method for n in numbers.load_published() if n.source == "unishape-supp"}
        assert counted == {"EE", "PF", "ResNet", "TS-CHIEF", *unishape}

    @pytest.mark.parametrize(
        ("ours", "other"), [("ROCKET", "ROCKET (authors)"), ("InceptionTime", "InceptionTime (authors)")]
    )
    def test_the_same_classifier_tells_how_a_source_normalised(self, ours, other):
        # tsml-eval left the data as they are; where the other source normalised each series, it strays there and
        # only there
        accuracy = {
            (n.method, n.dataset): n.accuracy for n in numbers.load_published() if n.archive_variant == "original"
        }
        gaps: dict[bool, list[float]] = {True: [], False: []}
        for name, info in ARCHIVE.items():
            if (ours, name) in accuracy:
                gaps[info.znormalised].append(abs(accuracy[ours, name] - accuracy[other, name]))
        normalised, raw = (sum(gaps[key]) / len(gaps[key]) for key in (True, False))
        assert raw > 2 * normalised

    @pytest.mark.skipif(not REFERENCE.exists(), reason="the reference tables are not beside the project")
    def test_they_are_those_of_the_reference(self):
        keys = ("classifier", "source", "aggregate", "n_runs", "archive_variant", "dataset")
        with REFERENCE.open(newline="") as file:
            reference = {tuple(row[key] for key in keys): float(row["accuracy"]) for row in csv.DictReader(file)}
        found = [
            ((n.method, n.source, n.aggregate, str(n.n_runs), n.archive_variant, n.dataset), n.accuracy)
            for n in numbers.load_published()
            if n.method not in ADDED
        ]
        assert all(reference[key] == accuracy for key, accuracy in found)
        assert len(found) > 7000

    @pytest.mark.skipif(not MORE.exists(), reason="the reference tables are not beside the project")
    def test_so_are_those_that_were_added(self):
        with MORE.open(newline="") as file:
            rows = {row["method"].replace("UniShape paper", "UniShape supp."): row for row in csv.DictReader(file)}
        found = [n for n in numbers.load_published() if n.method in ADDED]
        assert {n.method for n in found} == ADDED
        for n in found:
            row = rows[n.method]
            assert float(row[n.dataset]) == pytest.approx(n.accuracy, abs=5e-7)
            assert (n.aggregate, str(n.n_runs), n.licence) == (row["aggregate"], row["n_runs"], row["licence"])


class TestResamples:
    def test_they_are_forty_classifiers_on_29_resamples_of_data_sets_of_the_archive(self):
        found = numbers.load_resamples()
        assert len({n.method for n in found}) == 40
        assert {n.resample for n in found} == set(range(1, 30))
        assert len(found) % 29 == 0
        assert all(0 <= n.accuracy <= 1 for n in found)
        assert {n.dataset for n in found} <= ARCHIVE.keys()
        on_default = {(n.method, n.dataset) for n in numbers.load_published() if n.source == "tsml-eval"}
        assert {(n.method, n.dataset) for n in found} <= on_default

    @pytest.mark.skipif(not RESAMPLES.exists(), reason="the reference tables are not beside the project")
    def test_they_are_those_of_the_reference(self):
        reference = pd.read_csv(RESAMPLES)
        reference = reference[reference["archive_variant"] == "original"].set_index(["classifier", "dataset"])
        found = pd.DataFrame(numbers.load_resamples()).pivot(
            index=["method", "dataset"], columns="resample", values="accuracy"
        )
        theirs = reference.loc[found.index, [f"resample_{k}" for k in range(1, 30)]]
        np.testing.assert_allclose(found.to_numpy(), theirs.to_numpy(), atol=1e-6)
        assert {dataset for _, dataset in set(reference.index) - set(found.index)} == {"Chinatown"}

    def test_the_mean_over_thirty_is_near_the_default_split(self):
        kept, _ = guard.fair(numbers.load_published() + numbers.load_resamples(), ours(resamples=tuple(range(30))))
        default, _ = guard.fair(numbers.load_published(), ours())
        assert kept["HC2"].notna().sum() >= 110
        assert (kept["HC2"] - default["HC2"]).abs().median() < 0.02
