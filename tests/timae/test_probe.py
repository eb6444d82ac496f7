import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.preprocessing import StandardScaler

from timae import probe as probe_module
from timae.calibration import USUAL_SHARPNESS, soften
from timae.config import Svm
from timae.probe import LONE_PENALTY, PENALTIES, UNBOUNDED_C, RidgeProbe, fit_svm
from timae.products import ProductRidge, Streamed


def rings(n: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Two rings, which no straight line parts."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = 1 + labels + rng.normal(0, 0.1, n)
    return (radius * np.stack([np.cos(angle), np.sin(angle)])).T.astype(np.float32), labels


def test_the_machine_parts_what_no_line_parts() -> None:
    probe = fit_svm(*rings(100), 2, Svm(), 0)
    features, labels = rings(200, seed=1)
    probabilities = probe.predict_proba(features)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(200))
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.97
    assert 1e-4 <= probe.details["C"] <= UNBOUNDED_C


@pytest.mark.parametrize(("n", "n_classes"), [(49, 2), (60, 13)])
def test_few_cases_get_no_cross_validation(n: int, n_classes: int) -> None:
    features = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    probe = fit_svm(features, np.arange(n) % n_classes, n_classes, Svm(), 0)
    assert probe.machine.C == UNBOUNDED_C


def test_probabilities_stand_in_the_column_of_their_class() -> None:
    features, labels = rings(60)
    probe = fit_svm(features, np.where(labels == 0, 1, 3), 4, Svm(), 0)
    probabilities = probe.predict_proba(features)
    assert probabilities.shape == (60, 4)
    assert not probabilities[:, [0, 2]].any()
    assert (probabilities.argmax(axis=1) == np.where(labels == 0, 1, 3)).mean() > 0.95


def test_order_of_probabilities_is_what_the_machine_says() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    features = (rng.normal(0, 0.7, (90, 2)) + np.array([[0, 0], [2, 0], [0, 2]])[labels]).astype(np.float32)
    probe = fit_svm(features, labels, 3, Svm(), 0)
    assert np.array_equal(probe.predict_proba(features).argmax(axis=1), probe.machine.predict(features))


def test_a_rare_class_does_not_stop_cross_validation() -> None:
    features, labels = rings(100)
    labels[0] = 2
    assert fit_svm(features, labels, 3, Svm(), 0).predict_proba(features).shape == (100, 3)


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 1], [0, 1, 2, 3], [0, 1, 2, 2]])
def test_a_class_of_one_case_is_not_left_out(labels: list[int]) -> None:
    features = np.random.default_rng(0).normal(size=(len(labels), 3)).astype(np.float32)
    features[:, 0] = 10.0 * np.array(labels)
    probe = fit_svm(features, np.array(labels), 4, Svm(), 0)
    assert (probe.predict_proba(features).argmax(axis=1) == labels).all()
    assert probe.machine.C == UNBOUNDED_C
    assert 0 <= probe.score <= 1
    assert probe.score == 0 or len(set(labels)) < len(labels)


def test_too_many_cases_are_thinned_by_the_seed() -> None:
    features, labels = rings(300)
    first, again, other = (fit_svm(features, labels, 2, Svm(max_cases=40), seed) for seed in (0, 0, 1))
    assert first.machine.shape_fit_ == (40, 2)
    assert np.array_equal(first.machine.support_vectors_, again.machine.support_vectors_)
    assert not np.array_equal(first.machine.support_vectors_[:1], other.machine.support_vectors_[:1])


def blobs(n: int, n_classes: int, seed: int = 0, width: int = 40) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Clouds that overlap."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    centres = np.random.default_rng(99).normal(size=(n_classes, width))
    return (0.4 * centres[labels] + rng.normal(size=(n, width))).astype(np.float32), labels


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_left_out_probabilities_are_those_of_a_classifier_that_never_saw_the_case(n_classes: int, copies: int) -> None:
    features, labels = blobs(30, n_classes)
    rng = np.random.default_rng(1)
    features = np.concatenate([features, *(features + rng.normal(size=features.shape) for _ in range(copies - 1))])
    probe = RidgeProbe(features, labels, n_classes, copies=copies)
    scaled = StandardScaler().fit_transform(features)
    for case in (0, 7, 29):
        others = np.arange(30 * copies) % 30 != case
        alone = RidgeClassifier(alpha=probe.penalty).fit(scaled[others], np.tile(labels, copies)[others])
        decision = alone.decision_function(scaled[case : case + 1])
        np.testing.assert_allclose(probe.left_out[case], soften(decision, probe.sharpness)[0], atol=1e-4)


def test_the_penalty_is_the_one_that_scikit_learn_chooses() -> None:
    features, labels = blobs(60, 4)
    theirs = RidgeClassifierCV(PENALTIES).fit(StandardScaler().fit_transform(features), labels)
    assert RidgeProbe(features, labels, 4).penalty == theirs.alpha_
    assert PENALTIES[0] < theirs.alpha_ < PENALTIES[-1]


@pytest.mark.parametrize("n_classes", [2, 20])
def test_a_ridge_is_as_sure_as_it_is_right(n_classes: int) -> None:
    """With one constant for all, confidence on data sets of many classes lay .13 below accuracy."""
    probe = RidgeProbe(*blobs(400, n_classes), n_classes)
    features, labels = blobs(2000, n_classes, seed=1)
    probabilities = probe.predict_proba(features)
    right = (probabilities.argmax(axis=1) == labels).mean()
    assert abs(probabilities.max(axis=1).mean() - right) < 0.05


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize(("n", "width"), [(90, 1200), (300, 90)])
def test_a_large_ridge_is_the_same_solved_from_products(
    n: int, width: int, n_classes: int, centred: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def far_off(features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of other scales, far from 0, and one that never changes."""
        features = features * np.geomspace(0.1, 100, width, dtype=np.float32) + np.float32(1.0)
        features[:, 7] = 0.1
        return features

    features, labels = blobs(n, n_classes, width=width)
    features, others = far_off(features), far_off(blobs(50, n_classes, seed=1, width=width)[0])
    usual = RidgeProbe(features, labels, n_classes, centred=centred)
    monkeypatch.setattr(probe_module, "LARGE", n * width - 1)
    monkeypatch.setattr(probe_module, "READ", 32)
    for given in (features, Streamed((n, width), lambda: iter([features[:40], features[40:]]))):
        large = RidgeProbe(given, labels, n_classes, centred=centred)
        assert isinstance(large.machine, ProductRidge)
        assert large.details["penalty"] == usual.details["penalty"]
        assert large.sharpness == pytest.approx(usual.sharpness, rel=1e-4)
        np.testing.assert_allclose(large.left_out, usual.left_out, atol=1e-5)
        np.testing.assert_allclose(large.predict_proba(others), usual.predict_proba(others), atol=1e-5)


def test_a_ridge_knows_nothing_of_classes_that_training_did_not_have() -> None:
    features, labels = blobs(60, 3)
    probe = RidgeProbe(features, labels + (labels > 0), 4)
    for probabilities in (probe.left_out, probe.predict_proba(features)):
        assert probabilities.shape == (60, 4)
        assert not probabilities[:, 1].any()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("n_classes", [2, 7])
def test_where_every_case_is_alone_in_its_class_nothing_is_decided_by_leaving_it_out(n_classes: int) -> None:
    features = np.random.default_rng(0).normal(size=(n_classes, 40)).astype(np.float32)
    labels = np.random.default_rng(1).permutation(n_classes)
    probe = RidgeProbe(features, labels, n_classes)
    assert probe.details == {"penalty": LONE_PENALTY, "sharpness": USUAL_SHARPNESS}
    assert probe.left_out is None
    assert (probe.predict_proba(features).argmax(axis=1) == labels).all()
    twice = RidgeProbe(np.concatenate([features, features + 0.1]), np.concatenate([labels, labels]), n_classes)
    assert twice.left_out is not None
