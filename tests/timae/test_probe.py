import numpy as np
import pytest
from numpy.typing import NDArray

from timae.config import Probing
from timae.probe import UNBOUNDED_C, fit_probe


def rings(n: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Two rings, which no straight line parts."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = 1 + labels + rng.normal(0, 0.1, n)
    return (radius * np.stack([np.cos(angle), np.sin(angle)])).T.astype(np.float32), labels


def test_the_machine_parts_what_no_line_parts() -> None:
    probe = fit_probe(*rings(100), 2, Probing(), 0)
    features, labels = rings(200, seed=1)
    probabilities = probe.predict_proba(features)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(200))
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.97
    assert 1e-4 <= probe.machine.C <= UNBOUNDED_C


@pytest.mark.parametrize(("n", "n_classes"), [(49, 2), (60, 13)])
def test_few_cases_get_no_cross_validation(n: int, n_classes: int) -> None:
    features = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    probe = fit_probe(features, np.arange(n) % n_classes, n_classes, Probing(), 0)
    assert probe.machine.C == UNBOUNDED_C


def test_probabilities_stand_in_the_column_of_their_class() -> None:
    features, labels = rings(60)
    probe = fit_probe(features, np.where(labels == 0, 1, 3), 4, Probing(), 0)
    probabilities = probe.predict_proba(features)
    assert probabilities.shape == (60, 4)
    assert not probabilities[:, [0, 2]].any()
    assert (probabilities.argmax(axis=1) == np.where(labels == 0, 1, 3)).mean() > 0.95


def test_order_of_probabilities_is_what_the_machine_says() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    features = (rng.normal(0, 0.7, (90, 2)) + np.array([[0, 0], [2, 0], [0, 2]])[labels]).astype(np.float32)
    probe = fit_probe(features, labels, 3, Probing(), 0)
    assert np.array_equal(probe.predict_proba(features).argmax(axis=1), probe.machine.predict(features))


def test_a_rare_class_does_not_stop_cross_validation() -> None:
    features, labels = rings(100)
    labels[0] = 2
    assert fit_probe(features, labels, 3, Probing(), 0).predict_proba(features).shape == (100, 3)


def test_too_many_cases_are_thinned_by_the_seed() -> None:
    features, labels = rings(300)
    first, again, other = (fit_probe(features, labels, 2, Probing(max_cases=40), seed) for seed in (0, 0, 1))
    assert first.machine.shape_fit_ == (40, 2)
    assert np.array_equal(first.machine.support_vectors_, again.machine.support_vectors_)
    assert not np.array_equal(first.machine.support_vectors_[:1], other.machine.support_vectors_[:1])
