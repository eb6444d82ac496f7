"""From a train split to a classifier: pre-train, then fine-tune or probe, as a recipe says."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timae.config import Recipe, Training
from timae.encoder import Encoder, n_parameters
from timae.model import Classifier, MaskedAutoencoder
from timae.probe import Probe, fit_probe
from timae.training import Batches, Finetuning, Pretraining, derive_seed, train
from ucr.prepare import Prepared

PHASES = {"pretrain": 0, "finetune": 1}
"""Each phase's place under the seed of a run."""


@dataclass(frozen=True)
class Fitted:
    """A trained Ti-MAE classifier, and what it cost."""

    recipe: Recipe
    model: Classifier
    probe: Probe | None
    seconds: dict[str, float] = field(default_factory=dict)
    """By phase: pretrain, finetune."""
    losses: dict[str, list[float]] = field(default_factory=dict)
    """By phase, one a step."""

    @property
    def details(self) -> dict[str, Any]:
        """What followed from the train split."""
        found: dict[str, Any] = {"patch_size": self.model.encoder.config.patch_size}
        return found if self.probe is None else found | {"C": self.probe.machine.C}

    @property
    def n_parameters(self) -> dict[str, int]:
        """Trainable numbers in the encoder, and in all that predicts."""
        total = n_parameters(self.model if self.probe is None else self.model.encoder)
        return {"encoder": n_parameters(self.model.encoder), "total": total}

    def predict_proba(self, cases: Prepared, batch_size: int = 256) -> NDArray[np.float64]:
        """Class probabilities (case, class) of prepared series; labels, if any, are not looked at."""
        series, valid = tensors(cases)
        if self.probe is not None:
            return self.probe.predict_proba(represent(self.model, series, valid, batch_size))
        with torch.inference_mode():
            parts = [self.model(x, v).double().softmax(dim=1) for x, v in _batches(series, valid, batch_size)]
        return torch.cat(parts).numpy()


def fit(recipe: Recipe, cases: Prepared, n_classes: int, seed: int, device: str = "cpu") -> Fitted:
    """Train on a prepared train split.

    Args:
        recipe: what to build and how to train it.
        cases: the train split; pre-training gets its series only.
        n_classes: classes to tell apart; some may be absent from cases.
        seed: fixes every random choice.
        device: Lightning's accelerator, "cpu", "cuda" or "auto".

    Raises:
        FloatingPointError: training diverged.
        ValueError: the recipe cannot be built, or the series are too short to be masked.
    """
    series, valid = tensors(cases)
    config = recipe.encoder_for(series.shape[1])
    seconds, losses = {}, {}
    torch.manual_seed(derive_seed(seed, PHASES["finetune"]))
    model = Classifier(config, n_classes, recipe.pooling)
    if recipe.pretraining is not None:
        start = time.perf_counter()
        encoder, losses["pretrain"] = pretrain(recipe, series, valid, seed, device)
        model.encoder = encoder
        seconds["pretrain"] = time.perf_counter() - start
    start = time.perf_counter()
    probe = None
    if isinstance(recipe.head, Training):
        labels = torch.from_numpy(cases.labels)
        batches = Batches(series, labels, valid, recipe.head, derive_seed(seed, PHASES["finetune"]))
        task = Finetuning(
            model, recipe.head.lr, recipe.head.weight_decay, recipe.head.crop, recipe.head.label_smoothing
        )
        losses["finetune"] = train(task, batches, device)
    else:
        features = represent(model, series, valid)
        probe = fit_probe(features, cases.labels, n_classes, recipe.head, seed)
    seconds["finetune"] = time.perf_counter() - start
    return Fitted(recipe, model.eval(), probe, seconds, losses)


def pretrain(
    recipe: Recipe, series: Tensor, valid: Tensor | None, seed: int, device: str
) -> tuple[Encoder, list[float]]:
    """Pre-train a masked autoencoder on series (case, time, channel); return its encoder and the losses."""
    training = recipe.pretraining
    assert training is not None
    torch.manual_seed(derive_seed(seed, PHASES["pretrain"]))
    model = MaskedAutoencoder(recipe.encoder_for(series.shape[1]), recipe.decoder, recipe.mask_ratio)
    batches = Batches(series, None, valid, training, derive_seed(seed, PHASES["pretrain"]))
    task = Pretraining(model, training.lr, training.weight_decay, training.maskings)
    losses = train(task, batches, device)
    return model.encoder, losses


def represent(model: Classifier, series: Tensor, valid: Tensor | None, batch_size: int = 256) -> NDArray[np.float32]:
    """Pooled features (case, width) of series, as the frozen encoder gives them."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([model.represent(x, v) for x, v in _batches(series, valid, batch_size)]).numpy()


def tensors(cases: Prepared) -> tuple[Tensor, Tensor | None]:
    """Prepared series as (case, time, 1), and where they are valid (case, time), or None for everywhere."""
    valid = None if cases.mask is None else torch.from_numpy(cases.mask)
    return torch.from_numpy(cases.series).unsqueeze(-1), valid


def _batches(series: Tensor, valid: Tensor | None, size: int) -> Any:
    for i in range(0, len(series), size):
        yield series[i : i + size], None if valid is None else valid[i : i + size]
