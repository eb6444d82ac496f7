"""How Ti-MAE's variants learn, and what they are pre-trained on: the arms of a contest (ARMS)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.methods.method import Method, Predictor, Source
from timae.architectures import ARCHITECTURES, Architecture, Step, frozen, linear, shared, untrained
from timae.config import Recipe
from timae.presets import TUNED_ON, Preset
from timae.session import Session
from ucr.prepare import Prepared


def fit_timae(
    config: Recipe, train: Prepared, n_classes: int, seed: int, session: Session | None = None, **more: Any
) -> Predictor:
    """Pre-train and fit a recipe; imports torch."""
    from timae.fit import fit  # noqa: PLC0415

    return fit(config, train, n_classes, seed, session, **more)


@dataclass(frozen=True)
class Arm:
    """How a Ti-MAE learns; all its weights are pre-trained and fine-tuned unless steps say otherwise."""

    summary: str
    """What is done, the end of a sentence."""
    steps: tuple[Step, ...] = ()
    source: Source = "train"


_PROBED = "frozen, its features read by a {probe}"
_LINEAR = "frozen, a linear head on its features trained by gradient"

ARMS: dict[str, Arm] = {
    "": Arm("pre-trained on its train series without labels, then fine-tuned"),
    "-scratch": Arm("not pre-trained, all weights trained from scratch", (untrained,)),
    "-probe": Arm(f"pre-trained on its train series and {_PROBED}", (frozen,)),
    "-random-probe": Arm(f"untrained and {_PROBED}: the control of what pre-training adds", (untrained, frozen)),
    "-transductive": Arm("pre-trained on the test series without labels, then fine-tuned: not comparable", (), "test"),
}
"""What comes after an architecture's name → how it learns."""

_ALL = "pre-trained once on the train series of all data sets"
_OTHERS = "pre-trained on the train series of all other data sets"
_SYNTHETIC = "pre-trained once on synthetic series, of no data set"

SHARING_ARMS: dict[str, Arm] = {
    "-linear": Arm(f"pre-trained on its train series and {_LINEAR}", (linear,)),
    "-random-linear": Arm(f"untrained and {_LINEAR}", (untrained, linear)),
    "-archive-linear": Arm(f"{_ALL} and {_LINEAR}", (shared, linear), "archive"),
    "-archive-others-linear": Arm(f"{_OTHERS} and {_LINEAR}", (shared, linear), "others"),
    "-archive": Arm(f"{_ALL}, then fine-tuned", (shared,), "archive"),
    "-archive-probe": Arm(f"{_ALL} and {_PROBED}", (shared, frozen), "archive"),
    "-archive-others": Arm(f"{_OTHERS}, then fine-tuned", (shared,), "others"),
    "-archive-others-probe": Arm(f"{_OTHERS} and {_PROBED}", (shared, frozen), "others"),
    "-synthetic": Arm(f"{_SYNTHETIC}, then fine-tuned", (shared,), "synthetic"),
    "-synthetic-probe": Arm(f"{_SYNTHETIC} and {_PROBED}", (shared, frozen), "synthetic"),
}
"""Likewise, of architectures that bring the series of all data sets to the same lengths."""


def excluding_self(method: str) -> str:
    """Return the method that is pre-trained on the archive without the data set it is tested on, by its name."""
    return re.sub("-archive(?!-others)", "-archive-others", method)


def frozen_beside(method: str) -> str | None:
    """The ridge classifier on a method's encoder as it was before fine-tuning, by its name; None: there is none."""
    ridges = {
        name + arm
        for name, architecture in ARCHITECTURES.items()
        if architecture.model == "multiscale"
        for arm in arms_of(architecture)
    }
    if method not in ridges or method.endswith(("-probe", "-linear", "-transductive")):
        return None
    return f"{method.removesuffix('-scratch')}{'-random' * method.endswith('-scratch')}-probe"


def variant(architecture: Architecture, arm: Arm) -> Callable[[str, Preset], Method]:
    """Return what makes a method of an architecture and an arm under a preset."""

    def configure(name: str, preset: Preset) -> Method:
        summary = f"{architecture.summary}; {told(architecture, arm)}."
        recipe = architecture.recipe(preset, arm.steps)
        tuned_on = TUNED_ON if architecture.model == "multiscale" else ()
        return Method(name, summary, recipe, preset.preparation, fit_timae, arm.source, tuned_on)

    return configure


def told(architecture: Architecture, arm: Arm) -> str:
    """Say how an architecture learns, as the end of a sentence."""
    probe = "support vector machine" if architecture.model == "paper" else "ridge classifier"
    return arm.summary.format(probe=probe)


def arms_of(architecture: Architecture) -> dict[str, Arm]:
    """The arms that an architecture can have."""
    return ARMS | SHARING_ARMS if architecture.model == "multiscale" else ARMS
