from dataclasses import replace

import numpy as np
import pytest
import torch

from timae.archive import Body, Splits
from timae.config import DecoderConfig, EncoderConfig, Mamba, Probing, Recipe, Ridge, Training, Transformer
from timae.fit import fit
from ucr.prepare import Prepared

BLOCK = Transformer(num_heads=2, intermediate_dim=16)
MAMBA = Mamba(num_heads=2, ssm_state_size=8)
TINY = Recipe(
    EncoderConfig(emb_size=8, num_layers=1, block=BLOCK),
    DecoderConfig(emb_size=8, num_layers=1, block=BLOCK),
    pretraining=Training(5, 16),
    head=Training(40, 16, lr=1e-2),
    max_tokens=32,
)
RIDGE = Ridge(n_thresholds=2, longest=256)
FINE = Recipe(
    EncoderConfig(2, 8, 1, BLOCK, patch_size=2, kernel_size=8, positions="rotary"),
    DecoderConfig(emb_size=8, num_layers=1, block=BLOCK),
    pretraining=Training(5, 16, crop=0.25, resolutions=(16, 32), clip=1.0),
    head=Training(40, 16, lr=1e-2, crop=0.7, clip=1.0),
    companion=RIDGE,
    resolutions=(32, 16),
    mask_span=2,
    pooling="mean+max+share",
)
VARIANTS = {
    "mean": TINY,
    "cls": replace(TINY, encoder=replace(TINY.encoder, cls_embed=True), pooling="cls"),
    "max": replace(TINY, pooling="max"),
    "mamba": replace(TINY, encoder=replace(TINY.encoder, block=MAMBA), decoder=replace(TINY.decoder, block=MAMBA)),
    "cross": replace(TINY, decoder=replace(TINY.decoder, kind="cross", predicted_ratio=0.5)),
    "scratch": replace(TINY, pretraining=None),
    "probe": replace(TINY, head=Probing()),
    "fine": FINE,
    "fine, no ridge": replace(FINE, companion=None),
    "fine, ridge alone": replace(FINE, head=RIDGE, companion=None),
    "fine, mamba": replace(
        FINE,
        encoder=replace(FINE.encoder, block=MAMBA, cls_embed=True, positions="sincos"),
        decoder=replace(FINE.decoder, block=MAMBA),
    ),
    "fine, cls": replace(FINE, encoder=replace(FINE.encoder, cls_embed=True), pooling="cls"),
    "points and ridge": replace(TINY, companion=RIDGE),
    "balanced": replace(TINY, head=Training(40, 16, lr=1e-2, balanced=True)),
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


def test_a_probe_takes_no_companion() -> None:
    with pytest.raises(ValueError, match="a companion stands beside fine-tuning"):
        replace(FINE, head=Probing())


def test_probabilities_are_those_of_net_and_ridge_averaged() -> None:
    cases = waves()
    both = fit(FINE, cases, 2, seed=0)
    net, ridge = (
        fit(VARIANTS[name], cases, 2, seed=0).predict_proba(cases) for name in ("fine, no ridge", "fine, ridge alone")
    )
    np.testing.assert_allclose(both.predict_proba(cases), (net + ridge) / 2, atol=1e-6)


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
