"""Ti-MAE as sktime's estimators: what sktime asks of one, and what bench runs."""

import pickle
import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.base import load
from sktime.datasets import load_unit_test
from sktime.utils.estimator_checks import check_estimator, parametrize_with_checks

from timae import TiMAEClassifier, TiMAEEncoder
from timae.estimator import _series

README = Path(__file__).parents[2] / "README.md"


def small(**more: object) -> TiMAEClassifier:
    return TiMAEClassifier(**{"preset": "smoke", "pretrained": "own", **more})


def waves(n: int = 24, time: int = 30) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Slow and fast sines."""
    generator = np.random.default_rng(0)
    fast = np.arange(n) % 2
    phases = generator.uniform(0, 6.28, (n, 1))
    series = np.sin(np.linspace(0, 6.28, time) * (1 + 3 * fast[:, None]) + phases)
    return series.astype(np.float32), np.array(["slow", "fast"])[fast]


@parametrize_with_checks([TiMAEClassifier, TiMAEEncoder])
def test_sktime_takes_it_for_one_of_its_own(obj: type, test_name: str) -> None:
    check_estimator(obj, tests_to_run=test_name, raise_exceptions=True, verbose=False)


def test_arrays_of_two_dimensions_are_cases() -> None:
    X, y = waves()
    assert np.array_equal(small().fit(X, y).predict_proba(X), small().fit(X[:, None], y).predict_proba(X[:, None]))
    encoder = TiMAEEncoder("smoke", "own")
    assert np.array_equal(encoder.fit_transform(X), encoder.fit_transform(X[:, None]))
    assert len(encoder.transform(X)) == len(X)


def test_unequal_lengths_are_stretched_and_missing_values_interpolated() -> None:
    X, y = waves(time=31)
    # every other point of a straight line between its neighbours, gone; and half of the series at half the rate
    gaps = X.copy()
    gaps[:, 1:-1:2] = (gaps[:, :-2:2] + gaps[:, 2::2]) / 2
    whole = small().fit(gaps, y).predict_proba(gaps)
    missing = gaps.copy()
    missing[:, 1:-1:2] = np.nan
    assert small().fit(missing, y).predict_proba(missing) == pytest.approx(whole, abs=1e-3)
    ragged = [pd.DataFrame(case[::2] if i % 2 else case) for i, case in enumerate(gaps)]
    assert small().fit(ragged, y).predict_proba(ragged) == pytest.approx(whole, abs=1e-3)
    assert small().fit(gaps, y).predict_proba(ragged) == pytest.approx(whole, abs=1e-3)


def test_what_is_missing_at_the_end_of_a_series_is_no_padding() -> None:
    ends = pd.DataFrame([1.0, 2.0, np.nan])
    series, ragged = _series([ends, pd.DataFrame(range(4))])
    assert ragged
    assert series[0].tolist()[:3] == [1, 2, 2]
    assert np.isnan(series[0, 3])


def test_several_variables_are_refused() -> None:
    X, y = waves()
    with pytest.raises(ValueError, match="multivariate"):
        small().fit(np.stack([X, X], axis=1), y)


@pytest.mark.parametrize("labels", [(10, 9), (1.5, -2.0), ("10", "9"), (True, False)])
def test_columns_are_in_the_order_of_the_classes(labels: tuple[object, object]) -> None:
    X, y = waves(40)
    classifier = small(architecture="timae-ms-probe").fit(X, np.array(labels)[(y == "fast").astype(int)])
    given = np.array(labels)[(y == "fast").astype(int)]
    assert classifier.classes_.tolist() == sorted(labels)
    assert (classifier.predict(X) == given).mean() > 0.9
    assert (classifier.classes_[classifier.predict_proba(X).argmax(axis=1)] == classifier.predict(X)).all()


def test_the_seed_decides_and_no_other_chance_is_touched() -> None:
    X, y = waves()
    chance, numpys, torchs = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    first = small(random_state=3).fit(X, y).predict_proba(X)
    assert random.getstate() == chance
    assert np.random.get_state()[1].tolist() == numpys  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torchs)
    assert np.array_equal(first, small(random_state=3).fit(X, y).predict_proba(X))
    assert not np.array_equal(first, small(random_state=4).fit(X, y).predict_proba(X))
    assert not np.array_equal(
        small(random_state=None).fit(X, y).predict_proba(X), small(random_state=None).fit(X, y).predict_proba(X)
    )


def test_it_is_cloned_pickled_saved_and_loaded(tmp_path: Path) -> None:
    X, y = waves()
    fitted = small().fit(X, y)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not copy.is_fitted
    expected = fitted.predict_proba(X)
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), expected)
    fitted.save(tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model.zip").predict_proba(X), expected)


def test_it_stands_in_cross_validation_and_pipelines() -> None:
    X, y = waves(40)
    assert cross_val_score(small(architecture="timae-ms-probe"), X, y, cv=2).mean() > 0.8
    assert cross_val_score(small(architecture="timae-ms-linear"), X, y, cv=2).mean() > 0.8
    head = make_pipeline(TiMAEEncoder("smoke", None), StandardScaler(), LogisticRegression())
    assert cross_val_score(head, X, y, cv=2).mean() > 0.8


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "fast"}, "preset is 'fast', expected one of smoke, quick"),
        ({"architecture": "timae-xl"}, "architecture is 'timae-xl', expected one of timae, timae-cls"),
        ({"architecture": "timae-linear"}, "only timae-ms and its variants are read by a linear head"),
        ({"architecture": "timae-ms-linear-probe"}, "architecture is 'timae-ms-linear-probe', expected one of timae"),
        ({"device": "tpu"}, "device is 'tpu', expected one of cpu, cuda, auto"),
        ({"pretrained": "nowhere.safetensors"}, "got nowhere.safetensors: No such file"),
        ({"pretrained": "ucr"}, "holds an encoder of timae-ms, preset quick, with emb_size 64, expected that of"),
    ],
)
def test_what_does_not_exist_is_refused_in_one_line(given: dict[str, str], message: str) -> None:
    X, y = waves()
    with pytest.raises(ValueError, match=re.escape(message)) as refused:
        small(**given).fit(X, y)
    assert "\n" not in str(refused.value)


def test_the_example_of_the_readme_does_what_it_says() -> None:
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    [example] = [text for text in examples if "TiMAEClassifier" in text]
    found: dict[str, object] = {}
    exec(example, found)
    X_test, _ = load_unit_test(split="test", return_X_y=True)
    assert found["probabilities"].shape == (len(X_test), 2)  # type: ignore[attr-defined]
    assert 0.5 < found["accuracy"] <= 1  # type: ignore[operator]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[0.0, 1.0, np.inf, 2.0]] * 4, [0, 1, 0, 1], "X holds infinite values"),
        ([[0.0, 1.0, 3.0, 2.0]] * 4, [0.1, 0.2, 0.3, 0.4], "4 different numbers for 4 cases; expected classes"),
        ([[0.0, 1.0, 3.0, 2.0]] * 4, [0.0, 1.0, np.nan, 1.0], "y holds NaN"),
    ],
)
def test_values_that_are_no_numbers_and_labels_that_are_no_classes_are_refused(
    X: list[list[float]], y: list[float], message: str
) -> None:
    classifier = TiMAEClassifier(preset="smoke", pretrained=None)
    with pytest.raises(ValueError, match=message):
        classifier.fit(np.array(X), np.array(y))
