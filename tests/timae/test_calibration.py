"""Probabilities from decisions, and weights from probabilities of left-out cases."""

import numpy as np
import pytest
from numpy.typing import NDArray

from timae.calibration import SHARPEST, USUAL_SHARPNESS, sharpness_of, soften, weights_of


def drawn(sharpness: float, n: int, n_classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Decisions, and labels as often right as that sharpness says."""
    rng = np.random.default_rng(0)
    decisions = rng.normal(size=(n, n_classes))
    probabilities = soften(decisions, sharpness)
    return decisions, np.array([rng.choice(n_classes, p=p) for p in probabilities])


@pytest.mark.parametrize("n_classes", [2, 5, 30])
@pytest.mark.parametrize("sharpness", [0.5, 4.0, 12.0])
def test_the_sharpness_that_made_the_labels_is_found(sharpness: float, n_classes: int) -> None:
    assert sharpness_of(*drawn(sharpness, 6000, n_classes)) == pytest.approx(sharpness, rel=0.15)


def test_one_decision_a_case_is_for_the_second_class() -> None:
    assert soften(np.array([3.0, -3.0]), 1.0)[:, 1] == pytest.approx([0.9526, 0.0474], abs=1e-4)
    decisions, labels = drawn(2.0, 4000, 2)
    alone = decisions[:, 1] - decisions[:, 0]
    assert sharpness_of(alone, labels) == pytest.approx(sharpness_of(decisions, labels), rel=1e-3)


def test_few_cases_that_are_all_right_make_nobody_certain() -> None:
    decisions, labels = np.array([[0.3, -0.3], [-0.3, 0.3]]), np.array([0, 1])
    few, many = (sharpness_of(np.tile(decisions, (n, 1)), np.tile(labels, n)) for n in (5, 500))
    assert USUAL_SHARPNESS < few < 8 < many < SHARPEST


def test_decisions_that_say_nothing_are_not_trusted() -> None:
    rng = np.random.default_rng(1)
    assert sharpness_of(rng.normal(size=(500, 3)), rng.integers(0, 3, 500)) < 0.3
    assert sharpness_of(np.zeros((10, 3)), np.zeros(10, np.int64)) <= SHARPEST


def test_weights_follow_what_left_out_cases_say() -> None:
    decisions, labels = drawn(4.0, 300, 4)
    good, vague = soften(decisions, 4.0), np.full((300, 4), 0.25)
    assert weights_of([good, vague], labels)[0] > 0.95
    assert weights_of([vague, good], labels)[1] > 0.95
    assert weights_of([good, good], labels) == pytest.approx([0.5, 0.5])
    few = weights_of([good[:3], vague[:3]], labels[:3])
    assert few[0] < 0.85  # three cases are no proof
    assert sum(few) == pytest.approx(1)


def test_a_certainty_that_was_wrong_does_not_break_the_weights() -> None:
    wrong = np.tile([1.0, 0.0], (20, 1))
    weights = weights_of([wrong, np.full((20, 2), 0.5)], np.ones(20, np.int64))
    assert weights[1] > 0.9
    assert np.isfinite(weights).all()
