"""Ti-MAE's variants: what it is made of (ARCHITECTURES) × what it is pre-trained on and how it learns (ARMS)."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.methods.method import Method, Predictor, Source
from bench.methods.presets import Preset
from timae.config import DecoderConfig, Mamba, Recipe, Training
from timae.session import Session
from ucr.prepare import Prepared


def fit_timae(
    config: Recipe, train: Prepared, n_classes: int, seed: int, session: Session | None = None, **more: Any
) -> Predictor:
    """Pre-train and fit a recipe; imports torch."""
    from timae.fit import fit  # noqa: PLC0415

    return fit(config, train, n_classes, seed, session, **more)


def _cls(recipe: Recipe) -> Recipe:
    return replace(recipe, encoder=replace(recipe.encoder, cls_embed=True), pooling="cls")


def _mamba(recipe: Recipe) -> Recipe:
    """One Mamba-2 block in place of all transformer blocks, in the encoder and in the decoder.

    Always with a CLS token: through it alone a causal decoder gets at what is visible after the token it predicts.
    Positions are added to the tokens, for there are no queries and keys to turn.
    """
    encoder = replace(recipe.encoder, block=Mamba(), num_layers=1, cls_embed=True, positions="sincos")
    return replace(recipe, encoder=encoder, decoder=replace(recipe.decoder, block=Mamba(), num_layers=1))


def _large(recipe: Recipe) -> Recipe:
    """Eight times as wide, and an eighth of the steps: each costs that many times as much and more."""
    encoder = replace(recipe.encoder, emb_size=512)
    return replace(recipe, encoder=encoder, pretraining=_eighth(recipe.pretraining), head=_eighth(recipe.head))


def _eighth(training: Any) -> Any:
    return replace(training, steps=-(-training.steps // 8)) if isinstance(training, Training) else training


def _cross(recipe: Recipe) -> Recipe:
    return replace(recipe, decoder=replace(recipe.decoder, kind="cross", predicted_ratio=1 / 3))


ARCHITECTURES: dict[str, Callable[[Recipe], Recipe]] = {
    "timae": lambda recipe: recipe,
    "timae-cls": _cls,
    "timae-max": lambda recipe: replace(recipe, pooling="max"),
    "timae-mamba": _mamba,
    "timae-mamba-cls": lambda recipe: _mamba(_cls(recipe)),
    "timae-mamba-large": lambda recipe: _large(_mamba(recipe)),
    "timae-mamba-large-cls": lambda recipe: _large(_mamba(_cls(recipe))),
    "timae-cross": _cross,
}
"""name → how a preset's recipe, a transformer with mean pooling, becomes this one."""


def _frozen(recipe: Recipe, preset: Preset) -> Recipe:
    return replace(recipe, head=preset.probe, companion=None)


def _untrained(recipe: Recipe, _: Preset) -> Recipe:
    """Without pre-training, and with nothing in the recipe that only pre-training reads: results need not know it."""
    return replace(
        recipe,
        pretraining=None,
        decoder=DecoderConfig(),
        mask_ratio=Recipe.mask_ratio,
        mask_span=Recipe.mask_span,
    )


def _shared(recipe: Recipe, preset: Preset) -> Recipe:
    """More steps, of which an architecture gets the share that it gets of the preset's own."""
    own, preset_own = recipe.pretraining, preset.recipe.pretraining
    assert own is not None
    assert preset_own is not None
    return replace(recipe, pretraining=replace(own, steps=preset.archive_steps * own.steps // preset_own.steps))


Change = Callable[[Recipe, Preset], Recipe]

ARMS: dict[str, tuple[Source, tuple[Change, ...]]] = {
    "": ("train", ()),
    "-scratch": ("train", (_untrained,)),
    "-probe": ("train", (_frozen,)),
    "-random-probe": ("train", (_untrained, _frozen)),
    "-archive": ("archive", (_shared,)),
    "-archive-probe": ("archive", (_shared, _frozen)),
    "-archive-others": ("others", (_shared,)),
    "-archive-others-probe": ("others", (_shared, _frozen)),
    "-transductive": ("test", ()),
}
"""What comes after an architecture's name → what it is pre-trained on, and how it is trained: all its weights are
pre-trained and fine-tuned unless changes say otherwise."""


def excluding_self(method: str) -> str:
    """Return the method that is pre-trained on the archive without the data set it is tested on, by its name."""
    return re.sub("-archive(?!-others)", "-archive-others", method)


def variant(architecture: str, arm: str) -> Callable[[str, Preset], Method]:
    """Return what makes a method of an architecture and an arm under a preset."""

    def configure(name: str, preset: Preset) -> Method:
        source, changes = ARMS[arm]
        recipe = ARCHITECTURES[architecture](preset.recipe)
        for change in changes:
            recipe = change(recipe, preset)
        return Method(name, recipe, preset.preparation, fit_timae, source)

    return configure
