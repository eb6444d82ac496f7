"""Ti-MAE's variants: what it is made of (ARCHITECTURES), at a preset's price, and how it learns.

Nothing here imports torch.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from timae.config import Linear, Mamba, Pretraining, Recipe, Ridge
from timae.presets import Model, Preset

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

    def recipe(self, preset: Preset, steps: "Iterable[Step]" = ()) -> Recipe:
        """Return its recipe at a preset's price: pre-trained and fine-tuned, unless steps say otherwise."""
        model = self.of(preset)
        recipe = self.change(model.recipe)
        for step in steps:
            recipe = step(recipe, preset, model)
        return recipe


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
    """Eight times as wide, and half of the steps, for their price.

    With an eighth of them the loss had hardly fallen: ECG5000 came to .82, where the small one has .92.
    """
    pretraining, finetuning = pretraining_of(recipe), recipe.finetuning
    assert finetuning is not None
    return replace(
        recipe,
        encoder=replace(recipe.encoder, emb_size=512),
        pretraining=replace(pretraining, steps=-(-pretraining.steps // 2)),
        finetuning=replace(finetuning, steps=-(-finetuning.steps // 2)),
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
"""Says how it learns: a recipe at a preset's price, and the preset's model that it came of → the recipe changed."""


def frozen(recipe: Recipe, _: Preset, model: Model) -> Recipe:
    """Its encoder is read by the preset's probe in place of fine-tuning."""
    return replace(recipe, finetuning=None, probe=model.probe)


def linear(recipe: Recipe, _: Preset, model: Model) -> Recipe:
    """What its ridge classifier would read of the frozen encoder, a linear head learns by gradient."""
    assert isinstance(model.probe, Ridge)
    return replace(recipe, finetuning=None, probe=Linear(**vars(model.probe), head=model.head))


def untrained(recipe: Recipe, *_: object) -> Recipe:
    """Its encoder starts with random weights."""
    return replace(recipe, pretraining=None)


def longer(recipe: Recipe, preset: Preset, model: Model) -> Recipe:
    """Many data sets share its pre-training: more steps, in the proportion that it has to the preset's own model."""
    own, preset_own = pretraining_of(recipe), pretraining_of(model.recipe)
    return replace(recipe, pretraining=replace(own, steps=preset.archive_steps * own.steps // preset_own.steps))


def extended(recipe: Recipe, preset: Preset, _: Model) -> Recipe:
    """Its pre-training sees synthetic series, too."""
    return replace(recipe, pretraining=replace(pretraining_of(recipe), synthetic=preset.synthetic))


def shared(recipe: Recipe, preset: Preset, model: Model) -> Recipe:
    """Pre-trained for many data sets, in the way that pays best for its time (docs/research.md).

    In `quick` ten core-minutes, once. Expect of a frozen encoder .010 ± .003 over an untrained one by left-out train
    cases (34 data sets), .004 ± .002 on test splits (40 others); of a fine-tuned one .013 there.
    """
    return extended(longer(recipe, preset, model), preset, model)
