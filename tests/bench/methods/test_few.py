"""Which cases keep their labels, what arms with few labels are called, and whether methods can learn from so few."""

import itertools

import numpy as np
import pytest

import ucr.load
import ucr.prepare
from bench.contest.run import check_probabilities
from bench.contest.suites import SUITES
from bench.methods.averages import members_of
from bench.methods.few import labelled_cases, labels_of, most_labelled, multiplied, shortage, with_labels
from bench.methods.method import MethodError
from bench.methods.table import get_method
from ucr.archive import ARCHIVE
from ucr.prepare import Prepared

LABELS = np.random.default_rng(1).permutation(np.repeat([0, 1, 3], (20, 7, 2)))
"""Of which one class, 2, is not in training."""


def test_the_cases_of_fewer_labels_are_among_those_of_more_and_a_small_class_keeps_what_it_has() -> None:
    drawn = [labelled_cases(LABELS, n, "GunPoint", 0) for n in (1, 2, 5, 10, 100)]
    for fewer, more in itertools.pairwise(drawn):
        assert set(fewer) < set(more)
    assert [np.bincount(LABELS[cases]).tolist() for cases in drawn] == [
        [1, 1, 0, 1], [2, 2, 0, 2], [5, 5, 0, 2], [10, 7, 0, 2], [20, 7, 0, 2],
    ]  # fmt: skip
    assert all(np.array_equal(cases, np.sort(cases)) for cases in drawn)
    assert shortage(LABELS, 5, ("a", "b", "c", "d")) == [
        "fewer than 5 train cases, all labels kept, in 1 of 4 classes (d: 2)"
    ]
    assert shortage(LABELS, 2, ("a", "b", "c", "d")) == []


def test_the_draw_is_that_of_the_data_set_and_the_resample() -> None:
    first, again, other, resample = (
        labelled_cases(LABELS, 3, *of).tolist() for of in (("A", 0), ("A", 0), ("B", 0), ("A", 1))
    )
    assert first == again
    assert first != other
    assert first != resample


def test_every_part_of_a_name_says_how_many_labels_it_has() -> None:
    assert [labels_of(name) for name in ("timae", "timae@5", "timae@12+minirocket@12")] == [None, 5, 12]
    assert with_labels("timae-ms+ridge", 5) == "timae-ms@5+ridge@5"
    assert with_labels("timae@5+minirocket@5", 2) == "timae@2+minirocket@2"
    assert with_labels("timae@5+minirocket@5", None) == "timae+minirocket"
    assert members_of("timae-ms-scratch@5+ridge@5") == ("timae-ms-scratch@5", "timae-ms-random-probe@5")
    assert multiplied(("timae", "a+b"), "2, all,2") == ("timae@2", "timae", "a@2+b@2", "a+b")
    assert most_labelled(("a@5", "b@10", "c@10")) == ["b@10", "c@10"]
    assert most_labelled(("a@5", "b", "c@10")) == ["b"]
    with pytest.raises(MethodError, match="timae@1 has a number of labels of its own"):
        multiplied(("timae@1",), "5")


def test_a_method_with_few_labels_is_described_as_such_and_one_with_all_as_before() -> None:
    plain, few = get_method("timae-ms-probe", "quick"), get_method("timae-ms-probe@5", "quick")
    assert few.describe() == plain.describe() | {"method": "timae-ms-probe@5", "labels": 5}
    assert "labels" not in plain.describe()
    assert few.fit is plain.fit
    averaged = get_method("minirocket@2+timae@2", "quick")
    assert [member.labels for member in averaged.members] == [2, 2]


LEARN = (
    "timae", "timae-probe", "timae-random-probe", "timae-ms", "timae-ms-probe", "minirocket", "rocket", "multirocket",
    "1nn-dtw", "1nn-euclid", "tsf", "catch22",
)  # fmt: skip


@pytest.mark.parametrize("dataset", ["GunPoint", "Many"])
@pytest.mark.parametrize("name", LEARN)
def test_every_kind_of_method_learns_from_a_case_a_class(name: str, dataset: str) -> None:
    if dataset == "GunPoint":
        data = ucr.load.load("GunPoint")
        cases = ucr.prepare.fit(data.train, data.info)(data.train)
    else:
        random = np.random.default_rng(0)
        series = np.repeat(random.normal(size=(12, 30)), 4, axis=0) + random.normal(0, 0.1, (48, 30))
        cases = Prepared(series.astype(np.float32), None, np.repeat(np.arange(12), 4))
    n_classes = int(cases.labels.max()) + 1
    method = get_method(f"{name}@1", "smoke")
    kept = labelled_cases(cases.labels, 1, dataset, 0)
    predictor = method.fit(method.config, Prepared(cases.series[kept], None, cases.labels[kept]), n_classes, 0)  # type: ignore[misc]
    probabilities = predictor.predict_proba(cases)
    check_probabilities(probabilities, len(cases.labels), n_classes)
    assert predictor.left_out is None  # it would say nothing
    if name not in ("timae", "timae-ms"):  # 20 steps teach no network
        assert (probabilities.argmax(axis=1) == cases.labels)[kept].all()


def test_the_suite_asks_for_few_labels_where_nothing_was_tuned() -> None:
    suite = SUITES["labels"]
    assert suite.labels == "1,2,5,10,all"
    assert suite.datasets == SUITES["ladder"].datasets
    assert len({*suite.datasets.split(",")} & ARCHIVE.keys()) == 40
    methods = [*suite.methods.split(",")]
    tuned = {dataset for name in methods for dataset in get_method(name, suite.preset).tuned_on}
    assert tuned
    assert not tuned & {*suite.datasets.split(",")}
    assert {"timae-ms-archive-probe", "timae-ms-random-probe", "minirocket"} <= {*methods}
