"""What estimators of other libraries are given, and what becomes of what they say."""

import re
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from threadpoolctl import threadpool_limits

from bench.methods import estimators
from bench.methods.baselines import BASELINES
from bench.methods.estimators import EstimatorError, FittedEstimator
from bench.methods.method import Baseline
from bench.methods.outside import Outside, target_of
from bench.methods.table import get_method
from ucr.prepare import Prepared


def cases(n: int = 24, n_classes: int = 3) -> Prepared:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % n_classes
    waves = np.sin(np.arange(48) * (1 + labels[:, np.newaxis]) / 4)
    return Prepared((waves + rng.normal(0, 0.1, (n, 48))).astype(np.float32), None, labels)


def fitted(thing: str, options: str = "", seed: int = 5, n_classes: int = 3) -> FittedEstimator:
    place = thing if ":" in thing else f"{__file__}:{thing}"
    target = target_of(f"{place}({options})")
    return estimators.fit(target, Outside(thing, target.options), cases(n_classes=n_classes), n_classes, seed)


class Plain:
    """Of no library: a nearest mean, on (case, channel, time) and nothing else."""

    n_axes = 3

    def fit(self, x: Any, y: Any) -> "Plain":
        assert x.ndim == self.n_axes
        self.means = np.stack([x[y == c].mean(axis=0) for c in np.unique(y)])
        self.classes = np.unique(y)
        return self

    def predict(self, x: Any) -> Any:
        away = np.square(x[:, np.newaxis] - self.means).sum(axis=tuple(range(2, self.n_axes + 1)))
        return self.classes[away.argmin(axis=1)]


class Flat(Plain):
    """The same, on (case, time)."""

    n_axes = 2


class Nothing(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Says what it is told to say."""

    def __init__(self, says: str = "", random_state: int | None = None, n_jobs: int = 8) -> None:
        self.says, self.random_state, self.n_jobs = says, random_state, n_jobs

    def fit(self, x: Any, y: Any) -> "Nothing":
        self.n_classes = len(np.unique(y))
        if self.says == "exit" and len(x) != 20:
            sys.exit(3)
        if self.says == "busy" and len(x) != 20:
            square = np.random.default_rng(0).normal(size=(700, 700))
            threads = [threading.Thread(target=lambda: [square @ square for _ in range(40)]) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return self

    def predict_proba(self, x: Any) -> Any:
        return {
            "": np.full((len(x), self.n_classes), 1 / self.n_classes),
            "labels": np.arange(len(x)),
            "too many": np.full((len(x), 9), 1 / 9),
            "words": np.full((len(x), self.n_classes), "a"),
        }.get(self.says, np.full((len(x), self.n_classes), 1 / self.n_classes))


class Strange(Plain):
    """Gives the labels of its own world."""

    def predict(self, x: Any) -> Any:
        return np.array(["yes"] * len(x))


class Mute:
    """Can be fitted, and no more."""

    def fit(self, x: Any, y: Any) -> "Mute":
        return self


class Net(Plain):
    """Holds a torch module."""

    def __init__(self) -> None:
        self.net = torch.nn.Linear(3, 2)


def make_plain() -> Plain:
    """A function gives one, too."""
    return Plain()


def test_axes_are_told_by_the_library_or_found_by_trying() -> None:
    sktime = fitted("sktime.classification.distance_based:KNeighborsTimeSeriesClassifier", "distance='euclidean'")
    sklearn = fitted("sklearn.neighbors:KNeighborsClassifier", "n_neighbors=1")
    assert (sktime.axes, sklearn.axes) == ("(case, channel, time)", "(case, time)")
    assert sklearn.notes == ["takes no random_state: seeds differ only where it draws from the global generators"]
    for thing, axes in (("Plain", "(case, channel, time)"), ("Flat", "(case, time)"), ("make_plain", sktime.axes)):
        tried = fitted(thing)
        assert tried.axes == axes
        assert f"takes series as {axes}, which was found by trying" in tried.notes
        assert "gives no probabilities: 1 for the class that it predicts, 0 for the others" in tried.notes
        probabilities = tried.predict_proba(cases())
        np.testing.assert_array_equal(probabilities.argmax(axis=1), cases().labels)
        np.testing.assert_array_equal(probabilities, np.eye(3)[cases().labels])


def test_the_seed_and_one_core_go_where_they_are_taken() -> None:
    forest = fitted("sklearn.ensemble:RandomForestClassifier", "n_estimators=3", seed=7)
    assert (forest.estimator.random_state, forest.estimator.n_jobs) == (7, 1)
    assert forest.notes == []
    again = fitted("sklearn.ensemble:RandomForestClassifier", "n_estimators=3, n_jobs=2", seed=7)
    assert again.estimator.n_jobs == 2  # asked for
    np.testing.assert_array_equal(forest.predict_proba(cases()), again.predict_proba(cases()))
    other = fitted("sklearn.ensemble:RandomForestClassifier", "n_estimators=3", seed=8)
    assert (forest.predict_proba(cases()) != other.predict_proba(cases())).any()


def test_who_keeps_more_than_one_core_busy_is_named() -> None:
    [note] = fitted("Nothing", "says='busy'").notes
    assert re.fullmatch(r"did (9\d|100)% of its fitting on threads or processes of its own: one core is the rule", note)


def test_classes_that_training_lacks_get_probability_0() -> None:
    target = target_of(f"{__file__}:Nothing")
    some = estimators.fit(target, Outside("Nothing"), cases(n_classes=2), 4, 0)
    np.testing.assert_array_equal(some.predict_proba(cases(n=2)), [[0.5, 0.5, 0, 0]] * 2)


@pytest.mark.parametrize(
    ("thing", "options", "message"),
    [
        ("Nothing", "says='exit'", r"^it called sys.exit\(3\) where it should have raised an error$"),
        ("Nothing", "says='labels'", r"^predict_proba: expected an array of shape \(24, 3\), got \(24,\)$"),
        ("Nothing", "says='too many'", r"^predict_proba: expected an array of shape \(24, 3\), got \(24, 9\)$"),
        ("Nothing", "says='words'", r"^predict_proba: expected numbers, got <U1$"),
        ("Strange", "", "^predict: expected classes that fit was given, 0 to 2, got 'yes'$"),
        ("Mute", "", "^expected an estimator with fit and predict, got a Mute without predict$"),
        ("Path", "", "^expected an estimator with fit and predict, got a PosixPath without fit$"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(thing: str, options: str, message: str) -> None:
    with pytest.raises(EstimatorError, match=message):
        fitted(thing, options).predict_proba(cases())


def test_parameters_are_counted_where_there_are_such() -> None:
    assert fitted("Net").n_parameters == {"total": 8}
    assert fitted("Plain").n_parameters == {}


HERE = [name for name, known in BASELINES.items() if known.place.split(".")[0] != "aeon"]
FEWER = {"arsenal": {"num_kernels": 100, "n_estimators": 3}, "tsf": {"n_estimators": 20}}
"""Of ensembles, so few members that a test may wait for them."""


@pytest.mark.parametrize("name", HERE)
def test_every_baseline_is_there(name: str) -> None:
    target = BASELINES[name].target
    assert target_of(target.text) == target


@pytest.mark.parametrize("name", [name for name in HERE if name != "drcif"])  # which compiles for minutes
def test_every_baseline_learns(name: str) -> None:
    method = get_method(name, "smoke")
    assert method.config == Baseline(name)
    target = BASELINES[name].target
    with threadpool_limits(1):  # as in a contest
        predictor = estimators.fit(
            replace(target, options=target.options | FEWER.get(name, {})), method.config, cases(), 3, 0
        )
    probabilities = predictor.predict_proba(cases())
    assert probabilities.shape == (24, 3)
    assert np.mean(probabilities.argmax(axis=1) == cases().labels) > 0.9
    assert predictor.seconds["finetune"] > 0
    assert not predictor.details.get("notes")


def test_aeons_baselines_say_what_they_need(tmp_path: Path) -> None:
    for name, known in BASELINES.items():
        if known.place.split(".")[0] == "aeon":
            pytest.importorskip("aeon", reason=f"{name} is aeon's, which is not installed")
            method = get_method(name, "smoke")
            assert method.fit(method.config, cases(), 3, 0).predict_proba(cases()).shape == (24, 3)


@pytest.mark.parametrize(("name", "needed"), [("minirocket", 9), ("rocket", 2), ("multirocket", 10), ("catch22", 3)])
@pytest.mark.parametrize("length", [2, 8])
def test_series_shorter_than_a_method_needs_get_their_last_value_repeated(name: str, needed: int, length: int) -> None:
    whole = cases(n_classes=2)
    short = replace(whole, series=whole.series[:, :length])
    padded = np.pad(short.series, ((0, 0), (0, max(0, needed - length))), mode="edge")
    target = replace(BASELINES[name].target, options={} if name == "catch22" else {"num_kernels": 168})
    said = [
        estimators.fit(target, Baseline(name), given, 2, 0).predict_proba(given)
        for given in (short, replace(whole, series=padded))
    ]
    np.testing.assert_array_equal(*said)
    assert (said[0].argmax(axis=1) == whole.labels).mean() > 0.6
