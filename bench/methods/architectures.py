"""Ti-MAE's variants: what it is made of (ARCHITECTURES) × what it is pre-trained on and how it learns (ARMS)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from bench.methods.method import Method, Predictor, Source
from bench.methods.presets import Model, Preset
from timae.config import Mamba, Pretraining, Recipe
from timae.session import Session
from ucr.prepare import Prepared


def fit_timae(
    config: Recipe, train: Prepared, n_classes: int, seed: int, session: Session | None = None, **more: Any
) -> Predictor:
    """Pre-train and fit a recipe; imports torch."""
    from timae.fit import fit  # noqa: PLC0415

    return fit(config, train, n_classes, seed, session, **more)


Change = Callable[[Recipe], Recipe]


@dataclass(frozen=True)
class Architecture:
    """What a Ti-MAE is made of: one of a preset's two models, changed."""

    summary: str
    """What it is, in a sentence."""
    model: Literal["paper", "multiscale"] = "paper"
    change: Change = lambda recipe: recipe

    def of(self, preset: Preset) -> Model:
        """The model that it changes, at a preset's price."""
        return preset.paper if self.model == "paper" else preset.multiscale


def _cls(recipe: Recipe) -> Recipe:
    return replace(recipe, encoder=replace(recipe.encoder, cls_embed=True), pooling="cls")


def pretraining_of(recipe: Recipe) -> Pretraining:
    """The pre-training of a recipe that has one, as all of the presets do."""
    assert recipe.pretraining is not None
    return recipe.pretraining


def _mamba(recipe: Recipe) -> Recipe:
    """One Mamba-2 block in place of all transformer blocks, in the encoder and in the decoder.

    Always with a CLS token: through it alone a causal decoder gets at what is visible after the token it predicts.
    Positions are added to the tokens, for there are no queries and keys to turn.
    """
    encoder = replace(recipe.encoder, block=Mamba(), num_layers=1, cls_embed=True, positions="sincos")
    pretraining = pretraining_of(recipe)
    decoder = replace(pretraining.decoder, block=Mamba(), num_layers=1)
    return replace(recipe, encoder=encoder, pretraining=replace(pretraining, decoder=decoder))


def _large(recipe: Recipe) -> Recipe:
    """Eight times as wide, and an eighth of the steps: each costs that many times as much and more."""
    pretraining, finetuning = pretraining_of(recipe), recipe.finetuning
    assert finetuning is not None
    return replace(
        recipe,
        encoder=replace(recipe.encoder, emb_size=512),
        pretraining=replace(pretraining, steps=-(-pretraining.steps // 8)),
        finetuning=replace(finetuning, steps=-(-finetuning.steps // 8)),
    )


def _cross(recipe: Recipe) -> Recipe:
    pretraining = pretraining_of(recipe)
    decoder = replace(pretraining.decoder, kind="cross", predicted_ratio=1 / 3)
    return replace(recipe, pretraining=replace(pretraining, decoder=decoder))


_MS = "Ours, timae-ms: a Ti-MAE that reads series at several lengths, with their differences, and pools all its layers"

ARCHITECTURES: dict[str, Architecture] = {
    "timae": Architecture(
        "Ti-MAE as in its paper (Li et al. 2023): a token a time point up to the preset's limit, mean pooling"
    ),
    "timae-cls": Architecture("Ti-MAE, read through a CLS token", change=_cls),
    "timae-max": Architecture("Ti-MAE, max pooling", change=lambda recipe: replace(recipe, pooling="max")),
    "timae-mamba": Architecture("Ti-MAE with one Mamba-2 block in place of the transformer's", change=_mamba),
    "timae-mamba-cls": Architecture(
        "Ti-MAE with one Mamba-2 block, read through a CLS token", change=lambda recipe: _mamba(_cls(recipe))
    ),
    "timae-mamba-large": Architecture(
        "Ti-MAE with one Mamba-2 block, 512 wide", change=lambda recipe: _large(_mamba(recipe))
    ),
    "timae-mamba-large-cls": Architecture(
        "Ti-MAE with one Mamba-2 block, 512 wide, read through a CLS token",
        change=lambda recipe: _large(_mamba(_cls(recipe))),
    ),
    "timae-cross": Architecture("Ti-MAE, pre-trained as CrossMAE (Fu et al. 2024)", change=_cross),
    "timae-ms": Architecture(_MS, "multiscale"),
    "timae-ms-mamba": Architecture(f"{_MS}; one Mamba-2 block in place of the transformer's", "multiscale", _mamba),
    "timae-ms-cross": Architecture(f"{_MS}; pre-trained as CrossMAE (Fu et al. 2024)", "multiscale", _cross),
}
"""name → how it comes of a preset's models."""

Step = Callable[[Recipe, Preset, Model], Recipe]


def _frozen(recipe: Recipe, _: Preset, model: Model) -> Recipe:
    return replace(recipe, finetuning=None, probe=model.probe)


def _untrained(recipe: Recipe, *_: object) -> Recipe:
    return replace(recipe, pretraining=None)


def _shared(recipe: Recipe, preset: Preset, model: Model) -> Recipe:
    """More steps, of which an architecture gets the share that it gets of the preset's own."""
    own, preset_own = pretraining_of(recipe), pretraining_of(model.recipe)
    return replace(recipe, pretraining=replace(own, steps=preset.archive_steps * own.steps // preset_own.steps))


@dataclass(frozen=True)
class Arm:
    """How a Ti-MAE learns; all its weights are pre-trained and fine-tuned unless steps say otherwise."""

    summary: str
    """What is done, the end of a sentence."""
    steps: tuple[Step, ...] = ()
    source: Source = "train"


_PROBED = "frozen, its features read by a {probe}"

ARMS: dict[str, Arm] = {
    "": Arm("pre-trained on its train series without labels, then fine-tuned"),
    "-scratch": Arm("not pre-trained, all weights trained from scratch", (_untrained,)),
    "-probe": Arm(f"pre-trained on its train series and {_PROBED}", (_frozen,)),
    "-random-probe": Arm(f"untrained and {_PROBED}: the control of what pre-training adds", (_untrained, _frozen)),
    "-transductive": Arm("pre-trained on the test series without labels, then fine-tuned: not comparable", (), "test"),
}
"""What comes after an architecture's name → how it learns."""

_ALL = "pre-trained once on the train series of all data sets"
_OTHERS = "pre-trained on the train series of all other data sets"

SHARING_ARMS: dict[str, Arm] = {
    "-archive": Arm(f"{_ALL}, then fine-tuned", (_shared,), "archive"),
    "-archive-probe": Arm(f"{_ALL} and {_PROBED}", (_shared, _frozen), "archive"),
    "-archive-others": Arm(f"{_OTHERS}, then fine-tuned", (_shared,), "others"),
    "-archive-others-probe": Arm(f"{_OTHERS} and {_PROBED}", (_shared, _frozen), "others"),
}
"""Likewise, of architectures that bring the series of all data sets to the same lengths."""


def excluding_self(method: str) -> str:
    """Return the method that is pre-trained on the archive without the data set it is tested on, by its name."""
    return re.sub("-archive(?!-others)", "-archive-others", method)


def frozen(method: str) -> str | None:
    """The ridge classifier on a method's encoder as it was before fine-tuning, by its name; None: there is none."""
    ridges = {
        name + arm
        for name, architecture in ARCHITECTURES.items()
        if architecture.model == "multiscale"
        for arm in arms_of(architecture)
    }
    if method not in ridges or method.endswith(("-probe", "-transductive")):
        return None
    return f"{method.removesuffix('-scratch')}{'-random' * method.endswith('-scratch')}-probe"


def variant(architecture: Architecture, arm: Arm) -> Callable[[str, Preset], Method]:
    """Return what makes a method of an architecture and an arm under a preset."""

    def configure(name: str, preset: Preset) -> Method:
        model = architecture.of(preset)
        recipe = architecture.change(model.recipe)
        for step in arm.steps:
            recipe = step(recipe, preset, model)
        probe = "support vector machine" if architecture.model == "paper" else "ridge classifier"
        summary = f"{architecture.summary}; {arm.summary.format(probe=probe)}."
        return Method(name, summary, recipe, preset.preparation, fit_timae, arm.source)

    return configure


def arms_of(architecture: Architecture) -> dict[str, Arm]:
    """The arms that an architecture can have."""
    return ARMS | SHARING_ARMS if architecture.model == "multiscale" else ARMS
