import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import ucr.load
import ucr.prepare
from bench.contest.run import check_probabilities
from bench.contest.suites import SUITES
from bench.methods.averages import members_of
from bench.methods.baselines import BASELINES
from bench.methods.ladder import RUNGS
from bench.methods.table import DEFAULT_METHODS, METHODS, get_method, with_members
from bench.trials.faults import FAULTS
from timae.archive import Body
from timae.config import Recipe, Svm
from timae.encoder import Encoder, n_parameters
from timae.masking import random_masking
from timae.presets import PRESETS
from ucr.archive import ARCHIVE


def splits(name: str, root: Path | None, policy: ucr.prepare.Preparation) -> tuple[ucr.prepare.Prepared, ...]:
    dataset = ucr.load.load(name, root)
    preparer = ucr.prepare.fit(dataset.train, dataset.info, policy)
    return preparer(dataset.train), preparer(dataset.test)


LARGE = {"timae-mamba-large", "timae-mamba-large-random-probe", "timae-mamba-large-cls-probe"}
"""Eight times as wide as the others, and seconds each: some of their arms stand for all."""
FITTED = {name for name in METHODS if "-large" not in name or name in LARGE} - FAULTS.keys()
FITTED -= BASELINES.keys() - {"minirocket", "1nn-dtw"}  # fitted where estimators are


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


@pytest.mark.parametrize("name", [name for name in DEFAULT_METHODS if "+" not in name])
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
        (np.array([[np.nan, 0.5]] * 3), "3 that are NaN"),
        (np.array([[1.5, -0.5]] * 3), "got -0.5 to 1.5"),
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


def recipe_of(name: str, preset: str = "quick") -> Recipe:
    config = get_method(name, preset).config
    assert isinstance(config, Recipe)
    return config


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["timae", "timae-mamba", "timae-cross"])
def test_the_papers_models_are_theirs_at_every_price(name: str, preset: str) -> None:
    recipe = recipe_of(name, preset)
    assert recipe.pretraining is not None
    assert recipe.finetuning is not None
    assert (recipe.encoder.patch_size, recipe.encoder.window, recipe.encoder.positions) == (1, 3, "sincos")
    assert not recipe.encoder.differences
    assert recipe.encoder_for(recipe.max_tokens).patch_size == 1
    assert recipe.encoder_for(recipe.max_tokens + 1).patch_size == 2
    assert (recipe.pretraining.mask_ratio, recipe.pretraining.mask_span) == (0.75, 1)
    assert recipe.pretraining.resolutions == recipe.resolutions == ()
    assert recipe.pooling == "mean"
    assert isinstance(recipe_of(f"{name}-probe", preset).probe, Svm)


def test_the_ladder_leads_from_the_papers_model_to_ours_and_every_rung_adds_something() -> None:
    networks = [rung.name for rung in RUNGS if "+" not in rung.name]
    described = [get_method(name, "quick").describe() | {"method": ""} for name in networks]
    for lower, upper in itertools.pairwise(described):
        assert lower != upper
    paper, lowest = recipe_of("timae"), recipe_of("rung-patches")
    # patches are all that the lowest rung adds
    assert replace(lowest, encoder=replace(lowest.encoder, patch_size=1), max_tokens=paper.max_tokens) == paper
    assert recipe_of("rung-shared-synthetic").pretraining == recipe_of("timae-ms-archive").pretraining
    assert members_of(RUNGS[-1].name) == ("timae-ms-archive", "timae-ms-archive-probe")
    steps = {
        name: (r.pretraining.steps, r.finetuning.steps)
        for name in networks
        if (r := recipe_of(name)).pretraining and r.finetuning
    }
    longer = ("rung-shared-long", "rung-shared-synthetic", "timae-ms-archive")
    assert {steps.pop(name) for name in longer} == {(6000, 300)}
    assert {*steps.values()} == {(200, 300)}


def test_ridge_is_short_for_the_frozen_counterpart() -> None:
    assert members_of("timae-ms+ridge") == ("timae-ms", "timae-ms-probe")
    assert members_of("timae-ms-scratch+ridge") == ("timae-ms-scratch", "timae-ms-random-probe")
    assert members_of("timae-ms-archive-others+ridge") == ("timae-ms-archive-others", "timae-ms-archive-others-probe")
    assert members_of("timae+ridge") == ("timae", "ridge")  # the paper's model has none: refused by its name
    assert with_members(("minirocket", "timae-ms+ridge")) == (
        "minirocket", "timae-ms", "timae-ms-probe", "timae-ms+ridge",
    )  # fmt: skip
    assert {*members_of("timae-ms+ridge")} <= {*DEFAULT_METHODS}


@pytest.mark.parametrize("name", [name for name in METHODS if name.startswith(("timae", "rung"))])
def test_hidden_values_leave_no_trace_in_any_architecture(name: str) -> None:
    torch.manual_seed(0)
    encoder = Encoder(recipe_of(name, "smoke").encoder_for(64)).eval()
    series = torch.randn(8, 64, 1).cumsum(dim=1)
    masking = random_masking(8, encoder.embedding.n_tokens(64), 0.5, span=2)
    hidden = masking.hidden.repeat_interleave(encoder.config.patch_size, dim=1)[:, :64].unsqueeze(-1)
    first, other = (encoder(x, masking) for x in (series, torch.where(hidden, 1e3 * torch.randn(8, 64, 1), series)))
    for ours, theirs in zip(first.layers, other.layers, strict=True):
        assert torch.equal(ours, theirs)


def test_a_shared_pre_training_has_as_many_steps_as_the_preset_says() -> None:
    for preset in ("quick", "standard"):
        for name in ("timae-ms-archive", "timae-ms-mamba-archive-probe"):
            pretraining = recipe_of(name, preset).pretraining
            assert pretraining is not None
            assert pretraining.steps == PRESETS[preset].archive_steps


def test_the_archive_suite_has_every_control_and_as_many_seeds_of_what_is_cheap() -> None:
    suite = SUITES["archive"]
    methods = suite.methods.split(",")
    assert {*with_members(tuple(methods))} == {*methods}  # averages have their members beside them
    once = {*(suite.once or "").split(",")}
    assert once <= {*methods}
    configs = {name: get_method(name, suite.preset).config for name in methods}
    fine_tuned = {name for name, config in configs.items() if isinstance(config, Recipe) and config.finetuning}
    assert fine_tuned
    assert fine_tuned <= once
    for name in ("timae", "timae-ms"):
        assert {f"{name}-scratch", f"{name}-random-probe"} <= {*methods}
    thrice = {*methods} - once
    assert {"timae-ms-archive-probe", "timae-ms-random-probe", *BASELINES.keys() & {*methods}} <= thrice
    assert any("+" in name for name in thrice)
    assert {*with_members(tuple(thrice))} == thrice  # an average has as many seeds as its members


def test_the_suite_of_resamples_has_what_is_cheap_of_the_archive_suite() -> None:
    suite, whole = SUITES["resamples"], SUITES["archive"]
    methods = suite.methods.split(",")
    assert {*methods} <= {*whole.methods.split(",")} - {*(whole.once or "").split(",")}
    assert {*with_members(tuple(methods))} == {*methods}
    assert (suite.datasets, suite.preset, suite.resamples) == (whole.datasets, whole.preset, 5)
    assert not suite.same_split  # other splits, not other seeds
