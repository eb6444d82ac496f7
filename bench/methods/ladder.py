"""The ladder: from the paper's model to timae-ms, one addition a rung; every rung has what those before it have.

A rung is timae-ms without what the rungs above it add, so that the highest one is timae-ms itself; without the lowest
one's addition it is the paper's model. Steps are those of the preset's multi-resolution model, which are the paper's
model's too in `quick` and `standard`; batches are the paper's model's, but for those of a pre-training at several
lengths: they are larger where series are shorter, at equal cost. What a pre-training shared by all data sets adds has
three rungs: one with as many steps as each data set's own had, one with as many as such a pre-training gets, and one
with synthetic series beside those of the data.
"""

from dataclasses import replace
from typing import NamedTuple

from timae.architectures import Architecture, Change, pretraining_of
from timae.config import DecoderConfig, Finetuning, Recipe, Transformer

BATCH = 32
"""Of the paper's model, in both phases."""
TOKENS = 64
"""As many as timae-ms has of a series at its finest."""


def _no_shares(recipe: Recipe) -> Recipe:
    return replace(recipe, pooling="mean")


def _no_crops(recipe: Recipe) -> Recipe:
    assert recipe.finetuning is not None
    own = pretraining_of(recipe)
    pretraining = replace(own, crop=1.0, clip=None, lr=1e-3, mask_ratio=0.75, mask_span=1)
    return replace(recipe, pretraining=pretraining, finetuning=Finetuning(recipe.finetuning.steps, BATCH))


def _no_stem(recipe: Recipe) -> Recipe:
    encoder = replace(recipe.encoder, block=Transformer(), kernel_size=None, positions="sincos")
    pretraining = replace(pretraining_of(recipe), decoder=DecoderConfig())
    return replace(recipe, encoder=encoder, pretraining=pretraining)


def _no_differences(recipe: Recipe) -> Recipe:
    return replace(recipe, encoder=replace(recipe.encoder, differences=False))


def _no_lengths(recipe: Recipe) -> Recipe:
    pretraining = replace(pretraining_of(recipe), resolutions=(), batch_size=BATCH)
    return replace(recipe, resolutions=(), pretraining=pretraining, max_tokens=TOKENS)


class Rung(NamedTuple):
    """A step of the ladder."""

    name: str
    """Of the method that has this addition and all before it."""
    adds: str
    """What it adds, in a few words."""


RUNGS = (
    Rung("timae", "the paper's model"),
    Rung("rung-patches", "patches twice as long, at least two time points a token"),
    Rung("rung-lengths", "series at several lengths, each layer read at two of them"),
    Rung("rung-differences", "differences beside the values"),
    Rung("rung-stem", "a stem eight points wide, rotary positions; smaller MLPs and decoder"),
    Rung(
        "rung-crops",
        "crops, smoothed labels, clipped gradients, a higher rate; half of the tokens hidden, in spans",
    ),
    Rung("rung-shared", "one pre-training shared by all data sets, with the steps that each had of its own"),
    Rung("rung-shared-long", "more steps of it"),
    Rung("rung-shared-synthetic", "synthetic series beside those of the data"),
    Rung("timae-ms-archive", "pooling by mean, maximum and shares above thresholds"),
    Rung("timae-ms-archive+ridge", "averaged with a ridge classifier on the frozen encoder"),
)
"""From the bottom up; each is held against the one before it."""

_REMOVALS: tuple[tuple[str, Change], ...] = (
    ("rung-crops", _no_shares),
    ("rung-stem", _no_crops),
    ("rung-differences", _no_stem),
    ("rung-lengths", _no_differences),
    ("rung-patches", _no_lengths),
)
"""From the top down: the rung, and what it lacks of the one above."""


def _without(removals: tuple[Change, ...]) -> Change:
    def change(recipe: Recipe) -> Recipe:
        for removal in removals:
            recipe = removal(recipe)
        return recipe

    return change


_ADDS = {rung.name: rung.adds for rung in RUNGS}

RUNG_ARCHITECTURES = {
    name: Architecture(
        f"On the way from timae to timae-ms, with {_ADDS[name]}, and what the rungs before it add",
        "multiscale",
        _without(tuple(removal for _, removal in _REMOVALS[: i + 1])),
    )
    for i, (name, _) in enumerate(_REMOVALS)
}
"""name → how it comes of a preset's multi-resolution model."""
