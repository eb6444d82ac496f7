"""The one training loop: a Lightning module for each task, batches cut from tensors, Lightning's Trainer.

A step draws all its randomness (masks, crops, dropout) from (seed, step), and its cases from a stream that is
a function of the seed; so two runs of one seed give the same bits, and so does one that stopped half-way.
"""

import logging
import warnings
from collections.abc import Iterator
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional as F

from timae.config import Training
from timae.model import Classifier, MaskedAutoencoder

Batch = tuple[Tensor, Tensor | None, Tensor | None]
"""series (batch, time, channel), labels (batch,) or None, valid (batch, time) or None."""


def derive_seed(seed: int, *path: int) -> int:
    """Return a 63-bit seed for a place (phase, epoch, step …) under a run's seed, independent of the others."""
    return int(np.random.SeedSequence([seed, *path]).generate_state(1, np.uint64)[0] >> 1)


class Batches:
    """An endless shuffled stream of cases, cut into a number of equal batches.

    Each pass over the cases has its own permutation, and a batch may straddle two passes, so no case is
    dropped and every batch is full. No batch is larger than the data.
    """

    def __init__(
        self, series: Tensor, labels: Tensor | None, valid: Tensor | None, training: Training, seed: int
    ) -> None:
        self.series, self.labels, self.valid = series, labels, valid
        self.size, self.steps, self.seed = min(training.batch_size, len(series)), training.steps, seed

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Batch]:
        n = len(self.series)
        epoch, order = -1, torch.empty(0, dtype=torch.long)
        for step in range(self.steps):
            while len(order) < self.size:
                epoch += 1
                generator = torch.Generator().manual_seed(derive_seed(self.seed, epoch))
                order = torch.cat([order, torch.randperm(n, generator=generator)])
            index, order = order[: self.size].to(self.series.device), order[self.size :]
            del step
            yield (
                self.series[index],
                None if self.labels is None else self.labels[index],
                None if self.valid is None else self.valid[index],
            )


class Task(L.LightningModule):
    """What pre-training and fine-tuning share: the optimizer, its schedule, and the losses they met."""

    def __init__(self, lr: float, weight_decay: float) -> None:
        super().__init__()
        self.lr, self.weight_decay = lr, weight_decay
        self.losses: list[Tensor] = []

    def configure_optimizers(self) -> Any:
        """AdamW, and one cycle of the learning rate over all steps (arXiv:1711.05101, arXiv:1708.07120)."""
        decayed: list[Tensor] = []
        kept: list[Tensor] = []
        for parameter in self.parameters():
            small = parameter.ndim < 2 or getattr(parameter, "_no_weight_decay", False)
            (kept if small else decayed).append(parameter)
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": kept, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.lr, weight_decay=self.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.lr, total_steps=int(self.trainer.estimated_stepping_batches), cycle_momentum=False
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class Pretraining(Task):
    """Teach a MaskedAutoencoder to predict what it cannot see; labels are never looked at."""

    def __init__(
        self, model: MaskedAutoencoder, lr: float = 1e-3, weight_decay: float = 0.01, maskings: int = 1
    ) -> None:
        super().__init__(lr, weight_decay)
        self.model, self.maskings = model, maskings

    def training_step(self, batch: Batch) -> Tensor:
        """Reconstruction loss of a batch, over as many random maskings of it as asked for."""
        series, _, valid = batch
        if self.maskings > 1:
            series = series.repeat(self.maskings, 1, 1)
            valid = None if valid is None else valid.repeat(self.maskings, 1)
        loss: Tensor = self.model(series, valid).loss
        self.losses.append(loss.detach())
        return loss


class Finetuning(Task):
    """Teach a Classifier, all of its weights, by cross-entropy; class_weights (n_classes,) weigh the cases."""

    class_weights: Tensor | None

    def __init__(
        self,
        model: Classifier,
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        crop: float = 1.0,
        label_smoothing: float = 0.0,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(lr, weight_decay)
        self.model, self.crop, self.label_smoothing = model, crop, label_smoothing
        self.register_buffer("class_weights", class_weights, persistent=False)

    def training_step(self, batch: Batch) -> Tensor:
        """Cross-entropy of a batch, of random crops of it if asked for."""
        series, labels, valid = batch
        if self.crop < 1 and valid is None:
            series = crop_and_stretch(series, self.crop)
        loss = F.cross_entropy(
            self.model(series, valid),
            labels,  # type: ignore[arg-type]
            self.class_weights,
            label_smoothing=self.label_smoothing,
        )
        self.losses.append(loss.detach())
        return loss


def crop_and_stretch(series: Tensor, least: float) -> Tensor:
    """Cut a random window from each case and stretch it back, by linear interpolation.

    Args:
        series: (batch, time, channel).
        least: the smallest share of the length a window may have, in (0, 1]; shares are uniform above it.
    """
    batch, time, _ = series.shape
    share = least + (1 - least) * torch.rand(batch, 1, device=series.device)
    start = (1 - share) * torch.rand(batch, 1, device=series.device)
    at = (start + share * torch.linspace(0, 1, time, device=series.device)) * (time - 1)
    left = at.long().clamp(max=max(time - 2, 0)).unsqueeze(-1).expand_as(series)
    right = (left + 1).clamp(max=time - 1)
    weight = at.unsqueeze(-1) - left[..., :1]
    return torch.lerp(series.gather(1, left), series.gather(1, right), weight)


class _SeedEachStep(Callback):
    """Seeds torch from (seed, step) before each step."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: L.Trainer, *_: object) -> None:
        torch.manual_seed(derive_seed(self.seed, trainer.global_step))


def train(task: Pretraining | Finetuning, batches: Batches, device: str) -> list[float]:
    """Run a task over all batches; its model is trained in place and left on the CPU, in evaluation mode.

    Returns:
        The loss of each step.

    Raises:
        FloatingPointError: the loss became NaN or infinite.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    trainer = L.Trainer(
        accelerator=device,
        devices=1,
        max_epochs=1,
        logger=False,
        callbacks=[_SeedEachStep(batches.seed)],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        # advice on loader workers and logging, and deprecations that are Lightning's own to mend
        warnings.filterwarnings("ignore", module=r"lightning\.")
        trainer.fit(task, train_dataloaders=batches)
    losses = torch.stack(task.losses).tolist()
    if not np.isfinite(losses).all():
        step = int(np.argmin(np.isfinite(losses)))
        raise FloatingPointError(f"the loss became {losses[step]} at step {step} of {len(losses)}")
    nn.Module.eval(task.cpu())
    return [float(loss) for loss in losses]
