from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from timae.archive import Body, Splits, tensor
from timae.config import (
    DecoderConfig,
    EncoderConfig,
    Finetuning,
    Linear,
    Mamba,
    Pretraining,
    Recipe,
    Ridge,
    Svm,
    Transformer,
)
from timae.fit import fit
from timae.probe import UNBOUNDED_C, SvmProbe
from timae.training import Batches, FinetuningTask
from ucr.prepare import Prepared

BLOCK = Transformer(num_heads=2, intermediate_dim=16)
MAMBA = Mamba(num_heads=2, ssm_state_size=8)
DECODER = DecoderConfig(emb_size=8, num_layers=1, block=BLOCK)
TINY = Recipe(
    EncoderConfig(emb_size=8, num_layers=1, block=BLOCK),
    Pretraining(5, 16, decoder=DECODER),
    Finetuning(40, 16, lr=1e-2),
    max_tokens=32,
)
RIDGE = Ridge(n_thresholds=2, longest=256)
FINE = Recipe(
    EncoderConfig(1, 8, 1, BLOCK, patch_size=2, kernel_size=8, positions="rotary", differences=True),
    Pretraining(5, 16, crop=0.25, clip=1.0, decoder=DECODER, mask_span=2, resolutions=(16, 32)),
    Finetuning(40, 16, lr=1e-2, crop=0.7, clip=1.0),
    resolutions=(32, 16),
    pooling="mean+max+share",
)


def decoder(recipe: Recipe, **changes: Any) -> Pretraining:
    assert recipe.pretraining is not None
    return replace(recipe.pretraining, decoder=replace(recipe.pretraining.decoder, **changes))


VARIANTS = {
    "mean": TINY,
    "cls": replace(TINY, encoder=replace(TINY.encoder, cls_embed=True), pooling="cls"),
    "max": replace(TINY, pooling="max"),
    "mamba": replace(TINY, encoder=replace(TINY.encoder, block=MAMBA), pretraining=decoder(TINY, block=MAMBA)),
    "cross": replace(TINY, pretraining=decoder(TINY, kind="cross", predicted_ratio=0.5)),
    "scratch": replace(TINY, pretraining=None),
    "probe": replace(TINY, finetuning=None, probe=Svm()),
    "probe, read in four ways": replace(
        TINY, finetuning=None, probe=Svm(poolings=("mean", "max"), positions=("sincos", "none"))
    ),
    "fine": FINE,
    "fine, ridge": replace(FINE, finetuning=None, probe=RIDGE),
    "fine, ridge and crops": replace(FINE, finetuning=None, probe=replace(RIDGE, crops=2)),
    "fine, linear": replace(
        FINE, finetuning=None, probe=Linear(2, longest=256, crops=2, head=Finetuning(40, 16, lr=1e-2))
    ),
    "fine, mamba": replace(
        FINE,
        encoder=replace(FINE.encoder, block=MAMBA, cls_embed=True, positions="sincos"),
        pretraining=decoder(FINE, block=MAMBA),
    ),
    "fine, cls": replace(FINE, encoder=replace(FINE.encoder, cls_embed=True), pooling="cls"),
    "points and ridge": replace(TINY, finetuning=None, probe=RIDGE),
    "balanced": replace(TINY, finetuning=Finetuning(40, 16, lr=1e-2, balanced=True)),
}


def waves(n: int = 60, time: int = 24) -> Prepared:
    """Two classes: slow and fast sines."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    phase = rng.uniform(0, 6.28, (n, 1))
    series = np.sin(np.linspace(0, 6.28, time) * (1 + 3 * labels[:, None]) + phase).astype(np.float32)
    return Prepared(series, None, labels)


@pytest.mark.parametrize("recipe", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_goes_from_cases_to_probabilities(recipe: Recipe) -> None:
    cases = waves()
    fitted = fit(recipe, cases, 2, seed=0)
    probabilities = fitted.predict_proba(cases)
    assert probabilities.shape == (60, 2)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(60))
    assert (probabilities.argmax(axis=1) == cases.labels).mean() > 0.7
    assert ("pretrain" in fitted.losses) == (recipe.pretraining is not None)
    assert fitted.n_parameters["total"] >= fitted.n_parameters["encoder"] > 0


def test_padding_is_refused() -> None:
    with pytest.raises(ValueError, match="prepare with unequal='resample'"):
        fit(FINE, replace(waves(), mask=np.ones((60, 24), bool)), 2, seed=0)


def test_labels_come_in_by_one_way() -> None:
    for changes in ({"probe": Svm()}, {"finetuning": None}):
        with pytest.raises(ValueError, match="either finetuning or a probe"):
            replace(FINE, **changes)


def test_every_weight_that_counts_is_trained() -> None:
    cases = waves()
    recipe = replace(FINE, pretraining=None)
    fitted = fit(recipe, cases, 2, seed=0)
    batches = Batches(tensor(cases), torch.from_numpy(cases.labels), Finetuning(1, 16), 0)
    FinetuningTask(fitted.model, Finetuning(1)).loss(next(iter(batches))).backward()
    trained = sum(p.numel() for p in fitted.model.parameters() if p.grad is not None)
    assert fitted.n_parameters["total"] == trained


def test_thresholds_are_the_seeds_draw() -> None:
    cases = waves()
    shares = [fit(VARIANTS["fine, ridge"], cases, 2, seed=seed).shares for seed in (0, 0, 1)]
    first, again, other = (s.thresholds[s.views[0]][0] for s in shares if s is not None)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_body_of_its_own_takes_the_place_of_the_train_split_in_pre_training() -> None:
    cases = waves()
    others = waves(20, 50).series
    other = Body.of_many({}, lambda: [Splits(others, others, [])], seed=0)
    own, shared = fit(FINE, cases, 2, seed=0), fit(FINE, cases, 2, seed=0, body=other)
    assert own.losses["pretrain"] != shared.losses["pretrain"]
    again = fit(replace(FINE, pretraining=replace(FINE.pretraining, steps=6)), cases, 2, seed=0, body=other)
    assert len(again.losses["pretrain"]) == 6


def test_the_seed_decides_everything() -> None:
    cases = waves()
    torch.manual_seed(5)
    first = fit(TINY, cases, 2, seed=1)
    torch.manual_seed(6)
    again, other = fit(TINY, cases, 2, seed=1), fit(TINY, cases, 2, seed=2)
    assert first.losses == again.losses
    assert np.array_equal(first.predict_proba(cases), again.predict_proba(cases))
    assert first.losses != other.losses


def test_a_scratch_arm_starts_from_weights_that_pretraining_replaces() -> None:
    cases = waves()
    pretrained, scratch = fit(TINY, cases, 2, seed=0), fit(VARIANTS["scratch"], cases, 2, seed=0)
    assert pretrained.losses["finetune"][0] != scratch.losses["finetune"][0]


def test_long_series_get_patches() -> None:
    fitted = fit(TINY, waves(time=100), 2, seed=0)
    assert fitted.details == {"patch_size": 4}
    assert fitted.predict_proba(waves(time=100)).shape == (60, 2)


def test_predictions_do_not_depend_on_the_batch() -> None:
    cases = waves()
    fitted = fit(TINY, cases, 2, seed=0)
    assert fitted.predict_proba(cases, batch_size=7) == pytest.approx(fitted.predict_proba(cases), abs=1e-6)


def test_a_class_without_training_cases_is_possible() -> None:
    cases = waves()
    assert fit(TINY, cases, 3, seed=0).predict_proba(cases).shape == (60, 3)
    assert not fit(VARIANTS["probe"], cases, 3, seed=0).predict_proba(cases)[:, 2].any()


def test_series_too_short_to_be_masked_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 tokens, got 1"):
        fit(replace(TINY, encoder=replace(TINY.encoder, patch_size=30)), waves(), 2, seed=0)


def test_a_frozen_encoder_is_read_as_cross_validation_inside_the_train_split_says() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    series = rng.normal(0, 0.4, (60, 24)).astype(np.float32)
    at = rng.integers(0, 24, 60)
    series[np.arange(60), at] += np.where(labels == 1, 1, -1)  # a spike anywhere: a place says nothing
    cases = Prepared(series, None, labels)
    ways = replace(
        TINY, pretraining=None, finetuning=None, probe=Svm(poolings=("mean", "max"), positions=("sincos", "none"))
    )
    chosen = fit(ways, cases, 2, seed=0)
    scores = {}
    for pooling in ("mean", "max"):
        for positions in ("sincos", "none"):
            probe = Svm(poolings=(pooling,), positions=(positions,))
            alone = fit(replace(ways, probe=probe), cases, 2, seed=0)
            assert isinstance(alone.probe, SvmProbe)
            scores[pooling, positions] = alone.probe.score
            if (chosen.details["pooling"], chosen.details["positions"]) == (pooling, positions):
                assert np.array_equal(alone.predict_proba(cases), chosen.predict_proba(cases))
    assert len({*scores.values()}) > 1
    assert scores[chosen.details["pooling"], chosen.details["positions"]] == max(scores.values())


def test_few_cases_are_left_out_one_by_one() -> None:
    fitted = fit(VARIANTS["probe, read in four ways"], waves(12), 2, seed=0)
    assert isinstance(fitted.probe, SvmProbe)
    assert fitted.probe.score * 12 == pytest.approx(round(fitted.probe.score * 12))
    assert fitted.details["C"] == UNBOUNDED_C
