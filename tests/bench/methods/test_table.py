import json
from pathlib import Path

import numpy as np
import pytest

import ucr.load
import ucr.prepare
from bench.contest.run import check_probabilities
from bench.contest.suites import SUITES
from bench.methods.presets import PRESETS
from bench.methods.table import DEFAULT_METHODS, METHODS, get_method
from bench.trials.faults import FAULTS
from timae.archive import Body
from timae.config import Recipe, Ridge
from timae.encoder import Encoder, n_parameters
from ucr.archive import ARCHIVE


def splits(name: str, root: Path | None, policy: ucr.prepare.Preparation) -> tuple[ucr.prepare.Prepared, ...]:
    dataset = ucr.load.load(name, root)
    preparer = ucr.prepare.fit(dataset.train, dataset.info, policy)
    return preparer(dataset.train), preparer(dataset.test)


LARGE = {"timae-mamba-large", "timae-mamba-large-random-probe", "timae-mamba-large-cls-archive"}
"""Eight times as wide as the others, and seconds each: some of their arms stand for all."""
FITTED = {name for name in METHODS if "-large" not in name or name in LARGE} - FAULTS.keys()


@pytest.mark.parametrize("name", sorted(FITTED))
def test_every_method_predicts_probabilities_without_test_labels(name: str, tiny_archive: Path) -> None:
    method = get_method(name, "smoke")
    train, test = splits("Waves", tiny_archive, method.preparation)
    predictor = method.fit(method.config, train, 3, 0)
    blind = ucr.prepare.Prepared(test.series, test.mask, np.full_like(test.labels, -1))
    probabilities = predictor.predict_proba(blind)
    check_probabilities(probabilities, len(test.labels), 3)
    assert np.isfinite(probabilities).all()
    assert set(predictor.seconds) <= {"pretrain", "finetune"}


@pytest.mark.parametrize("name", DEFAULT_METHODS)
def test_a_class_without_training_cases_is_possible(name: str, tiny_archive: Path) -> None:
    method = get_method(name, "smoke")
    train, test = splits("Waves", tiny_archive, method.preparation)
    some = train.labels != 1
    part = ucr.prepare.Prepared(train.series[some], None, train.labels[some])
    probabilities = method.fit(method.config, part, 3, 0).predict_proba(test)
    check_probabilities(probabilities, len(test.labels), 3)
    assert (probabilities.argmax(axis=1) != 1).mean() > 0.5


@pytest.mark.parametrize("preset", PRESETS)
def test_a_method_is_described_by_plain_values(preset: str) -> None:
    for name in METHODS:
        described = get_method(name, preset).describe()
        assert json.loads(json.dumps(described)) == described
    assert get_method("timae", preset).describe() != get_method("timae-scratch", preset).describe()


@pytest.mark.parametrize("name", ["GunPoint", "ArrowHead", "ItalyPowerDemand"])
def test_dtw_reproduces_the_archives_error(name: str) -> None:
    method = get_method("1nn-dtw", "paper")
    train, test = splits(name, None, method.preparation)
    probabilities = method.fit(method.config, train, ARCHIVE[name].n_classes, 0).predict_proba(test)
    error = np.mean(probabilities.argmax(axis=1) != test.labels)
    assert round(float(error), 4) == ARCHIVE[name].dtw_error


def test_minirocket_is_as_good_as_published() -> None:
    method = get_method("minirocket", "quick")
    train, test = splits("GunPoint", None, method.preparation)
    probabilities = method.fit(method.config, train, 2, 0).predict_proba(test)
    assert np.mean(probabilities.argmax(axis=1) == test.labels) >= 0.98  # .99 in arXiv:2012.08791's tables


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (np.ones((2, 3)) / 3, "shape"),
        (np.array([[np.nan, 0.5]] * 3), "finite"),
        (np.array([[1.5, -0.5]] * 3), "negative"),
        (np.array([[0.5, 0.6]] * 3), "sum to 1"),
    ],
)
def test_what_is_no_table_of_probabilities_is_refused(probabilities: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_probabilities(probabilities, 3, 2)


@pytest.mark.parametrize(
    ("name", "encoder_parameters"),
    [
        ("timae-cls", 91_712),
        ("timae", 91_648),  # no CLS token
        ("timae-mamba", 35_696),
        ("timae-mamba-large", 1_714_688),
        ("timae-mamba-large-cls", 1_714_688),
    ],
)
def test_encoders_of_ecg5000_are_no_larger_than_those_they_are_held_against(name: str, encoder_parameters: int) -> None:
    config = get_method(name, SUITES["ecg5000"].preset).config
    assert isinstance(config, Recipe)
    assert n_parameters(Encoder(config.encoder_for(140))) == encoder_parameters


def test_transductive_methods_pre_train_on_other_series_and_say_so() -> None:
    for name in METHODS.keys() - FAULTS.keys():
        method = get_method(name, "smoke")
        assert (method.pretrained_on == "test") == name.endswith("-transductive")
        assert method.describe()["pretrained_on"] == method.pretrained_on
    method = get_method("timae-transductive", "smoke")
    train, test = splits("GunPoint", None, method.preparation)
    losses = [method.fit(method.config, train, 2, 0, body=Body.of(cases)).losses for cases in (train, test)]
    assert losses[0]["pretrain"] != losses[1]["pretrain"]


def test_a_shared_pre_training_of_a_large_net_has_its_share_of_the_steps() -> None:
    for preset in ("quick", "standard"):
        small, large = (get_method(f"timae-mamba{size}-archive", preset).config.pretraining for size in ("", "-large"))
        assert small.steps == PRESETS[preset].archive_steps == 8 * large.steps


def test_ridge_classifiers_are_equally_sure_of_the_same_decisions() -> None:
    """Else log loss would compare a constant, not methods."""
    for preset in PRESETS:
        ridges = [get_method(name, preset).config.head for name in ("timae-probe", "timae-random-probe")]
        assert {head.sharpness for head in ridges if isinstance(head, Ridge)} <= {Ridge.sharpness}
        assert get_method("minirocket", preset).config.options["sharpness"] == Ridge.sharpness
