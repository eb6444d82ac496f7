"""The one training loop: a Lightning module for each task, batches cut from tensors, Lightning's Trainer.

A step draws all its randomness (masks, crops, dropout) from (seed, step), and its cases from a stream that is
a function of the seed; so two runs of one seed give the same bits, and so does one that stopped half-way: a
checkpoint holds weights, optimizer, schedule and the number of steps, and needs no generator's state.
"""

import logging
import math
import random
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional as F

from timae.artefacts import code_version, load, save
from timae.clock import Clock
from timae.config import Budget, Finetuning, Pretraining
from timae.head import LinearHead
from timae.model import Classifier, MaskedAutoencoder, MultiscaleClassifier
from timae.session import Session, Stopped
from timae.views import cut, random_windows

log = logging.getLogger(__name__)

Batch = tuple[Tensor, Tensor | None, Tensor | None]
"""series (batch, time, channel), labels (batch,) or None, valid (batch, time), False at padding, or None: series of the
command line may be padded, those of a recipe never are."""

EPOCH, STEP = 0, 1
"""Places under the seed of a training: the order of the cases in a pass, all other chance in a step."""


def derive_seed(seed: int, *path: int) -> int:
    """Return a 63-bit seed for a place (phase, epoch, step …) under a run's seed, independent of the others."""
    return int(np.random.SeedSequence(seed, spawn_key=path).generate_state(1, np.uint64)[0] >> 1)


class Batches:
    """An endless shuffled stream of cases, cut into a number of equal batches.

    Each pass over the cases has its own permutation, and a batch may straddle two passes, so no case is
    dropped and every batch is full. No batch is larger than the data.
    """

    def __init__(self, series: Tensor, labels: Tensor | None, budget: Budget, seed: int) -> None:
        self.clip = budget.clip
        self.series, self.labels = series, labels
        self.size, self.steps, self.seed = min(budget.batch_size, len(series)), budget.steps, seed
        self.accelerated = budget.accelerated
        self.done = 0
        """Steps taken before, which are not dealt again."""

    def __len__(self) -> int:
        return self.steps - self.done

    def to(self, device: torch.device | str) -> None:
        """Move all cases to a device, so that cutting a batch there waits for nothing."""
        self.series = self.series.to(device)
        self.labels = None if self.labels is None else self.labels.to(device)

    def __iter__(self) -> Iterator[Batch]:
        n = len(self.series)
        epoch, order = -1, torch.empty(0, dtype=torch.long, device=self.series.device)
        for step in range(self.steps):
            while len(order) < self.size:
                epoch += 1
                generator = torch.Generator().manual_seed(derive_seed(self.seed, EPOCH, epoch))
                permutation = torch.randperm(n, generator=generator).to(order.device, non_blocking=True)
                order = torch.cat([order, permutation])
            index, order = order[: self.size], order[self.size :]
            if step < self.done:
                continue
            yield self.series[index], None if self.labels is None else self.labels[index], None


class Task(L.LightningModule):
    """What pre-training and fine-tuning share: the optimizer, its schedule, and the losses they met."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget = budget
        self.losses: list[Tensor] = []
        """One a step, those of an interrupted training before included."""
        self.seconds = 0.0
        """Spent on training, an interrupted training before included."""
        self.cpu_seconds = 0.0
        """Of CPU time, likewise."""
        self.compiled_loss: Callable[[Batch], Tensor] | None = None
        """loss in a faster form, if there is one."""

    def loss(self, batch: Batch) -> Tensor:
        """What a step makes smaller, a scalar."""
        raise NotImplementedError

    def training_step(self, batch: Batch) -> Tensor:
        """Return the loss of a batch, and note it."""
        loss = (self.compiled_loss or self.loss)(batch)
        self.losses.append(loss.detach().clone())  # the next step of a captured graph writes over what it returned
        return loss

    def adamw(self, **options: Any) -> torch.optim.AdamW:
        """AdamW of all parameters as the budget asks for it; options go before it."""
        return adamw(((parameter, is_decayed(parameter)) for parameter in self.parameters()), self.budget, **options)

    def configure_optimizers(self) -> Any:
        """AdamW, and one cycle of the learning rate over all steps (arXiv:1711.05101, arXiv:1708.07120)."""
        optimizer, lr = self.adamw(), self.budget.lr
        steps = self.trainer.estimated_stepping_batches
        if not math.isfinite(steps):  # until time is up, say: a cycle needs an end
            return optimizer
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            lr,
            total_steps=len(self.losses) + int(steps),
            cycle_momentum=False,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def adamw(parameters: Iterable[tuple[Tensor, bool]], budget: Budget, **options: Any) -> torch.optim.AdamW:
    """AdamW as a budget asks for it, of parameters and whether each is decayed; options go before the budget."""
    groups: dict[bool, list[Tensor]] = {True: [], False: []}
    for parameter, decayed in parameters:
        groups[decayed].append(parameter)
    alike: list[dict[str, Any]] = [{"params": groups[True]}, {"params": groups[False], "weight_decay": 0.0}]
    return torch.optim.AdamW(
        alike,
        **{"lr": budget.lr, "weight_decay": budget.weight_decay, "fused": True, **options},
    )


def is_decayed(parameter: Tensor) -> bool:
    """Whether a parameter's weights decay: matrices do, but for a state space's; biases and gains do not."""
    return parameter.ndim >= 2 and not getattr(parameter, "_no_weight_decay", False)


class PretrainingTask(Task):
    """Teach a MaskedAutoencoder to predict what it cannot see; labels are never looked at."""

    def __init__(self, model: MaskedAutoencoder, pretraining: Pretraining) -> None:
        super().__init__(pretraining)
        self.model, self.pretraining = model, pretraining
        self.resolution: int | None = None
        """In place of a random one in each step: a step that is captured as a graph has but one."""

    def loss(self, batch: Batch) -> Tensor:
        """Reconstruction loss of a batch, over as many random maskings of it as asked for."""
        series, _, valid = batch
        if self.pretraining.resolutions:
            series = self.draw(series)
        if (maskings := self.pretraining.maskings) > 1:
            series = series.repeat(maskings, 1, 1)
            valid = None if valid is None else valid.repeat(maskings, 1)
        loss: Tensor = self.model(series, valid).loss
        return loss

    def draw(self, series: Tensor) -> Tensor:
        """Random windows of series (batch, time, 1) at one random resolution: (batch', resolution, 1)."""
        resolutions = self.pretraining.resolutions
        resolution = self.resolution or resolutions[int(torch.randint(len(resolutions), ()))]
        some = series[: self.pretraining.batch_size_at(resolution)]
        return random_windows(some, resolution, self.pretraining.crop)


class FinetuningTask(Task):
    """Teach a classifier, all of its weights, by cross-entropy; class_weights (n_classes,) weigh the cases."""

    class_weights: Tensor | None

    def __init__(
        self,
        model: Classifier | MultiscaleClassifier | LinearHead,
        finetuning: Finetuning,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(finetuning)
        self.model, self.finetuning = model, finetuning
        self.register_buffer("class_weights", class_weights, persistent=False)

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy of a batch, of random crops of it if asked for."""
        series, labels, valid = batch
        if self.finetuning.crop < 1 and valid is None:
            series = crop_and_stretch(series, self.finetuning.crop)
        return F.cross_entropy(
            self.model(series, valid),
            labels,  # type: ignore[arg-type]
            self.class_weights,
            label_smoothing=self.finetuning.label_smoothing,
        )


def balance(labels: Tensor, n_classes: int) -> Tensor:
    """Weight (n_classes,) of each class: one over its number of labels (case,), scaled to an average of 1.

    Weights are held to 0.1…10; a class without a case counts as one of a single case.
    """
    weights = 1 / labels.bincount(minlength=n_classes).clamp(min=1)
    return (weights / weights.mean()).clamp(0.1, 10)


def crop_and_stretch(series: Tensor, least: float) -> Tensor:
    """Cut a random window from each case and stretch it back, by linear interpolation.

    Args:
        series: (batch, time, channel).
        least: the smallest share of the length a window may have, in (0, 1]; shares are uniform above it.
    """
    batch, time, _ = series.shape
    share = least + (1 - least) * torch.rand(batch, 1, device=series.device)
    start = (1 - share) * torch.rand(batch, 1, device=series.device)
    return cut(series, start, share, time)


def compiled(loss: Callable[[Batch], Tensor]) -> Callable[[Batch], Tensor]:
    """Return a task's loss, compiled and captured as CUDA graphs; those that were compiled before are dropped.

    PyTorch compiles a function eight times and then no more: without dropping them, a process that trains many models
    would train those after the eighth uncompiled.
    """
    torch.compiler.reset()
    faster: Callable[[Batch], Tensor] = torch.compile(loss, mode="reduce-overhead", dynamic=False)
    return faster


class _Journal(Callback):
    """Seeds each step; resumes from a checkpoint, writes new ones, reports, and stops when asked to."""

    def __init__(self, phase: str, batches: Batches, path: Path | None, session: Session) -> None:
        self.phase, self.batches, self.path, self.session = phase, batches, path, session
        self.identity = f"{session.identity} {code_version()} {batches.seed} {batches.steps}"
        self.resumed: dict[str, Any] = {}
        self.clock = Clock()
        self.written = time.monotonic()
        self.reported = 0.0
        self.at = path and path.with_suffix(".step")  # how far the training is, whatever the checkpoint holds

    def resume(self, task: Task) -> None:
        """Take weights, losses and the place in the data from the checkpoint, if there is one of this training."""
        found = load(self.path) if self.path else None
        if found is not None and found.get("identity") == self.identity:
            task.load_state_dict(found["model"])
            task.losses, task.seconds, task.cpu_seconds = list(found["losses"]), found["seconds"], found["cpu_seconds"]
            self.batches.done, self.resumed = len(task.losses), found

    def tell_what_was_lost(self) -> None:
        """Say what is done again, where a former process died in this training."""
        try:
            reached = int(self.at.read_text()) if self.at else -1
        except (OSError, ValueError):
            return
        done = self.batches.done
        self.session.went_on(self.phase, done, self.batches.steps, max(0, reached - done))

    def on_train_start(self, trainer: L.Trainer, task: Task) -> None:  # type: ignore[override]
        if self.resumed:
            trainer.optimizers[0].load_state_dict(self.resumed["optimizer"])
            trainer.lr_scheduler_configs[0].scheduler.load_state_dict(self.resumed["schedule"])
            task.losses = [loss.to(task.device) for loss in task.losses]

    def on_train_batch_start(self, trainer: L.Trainer, *_: object) -> None:
        seed = derive_seed(self.batches.seed, STEP, self.batches.done + trainer.global_step)
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 (what a library draws from it must be the same after resuming)

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: Task, *_: object) -> None:  # type: ignore[override]
        now, done = time.monotonic(), len(pl_module.losses)
        if now - self.reported >= 1:
            self.session.report(self.phase, done, self.batches.steps, float(pl_module.losses[-1]))
            self.reported = now
            if self.at:
                with suppress(OSError):  # a full disk is no reason to fail
                    self.at.write_text(str(done))
        stop = self.session.stop()
        if stop or now - self.written >= self.session.checkpoint_seconds:
            self.write(trainer, pl_module)
        if stop:
            self.end()
            raise Stopped(f"in {self.phase}, after step {done} of {self.batches.steps}")

    def end(self) -> None:
        """Leave no sign of a process that died."""
        if self.at:
            self.at.unlink(missing_ok=True)

    def on_train_end(self, trainer: L.Trainer, pl_module: Task) -> None:  # type: ignore[override]
        self.end()
        if self.session.keep:
            self.write(trainer, pl_module)

    def write(self, trainer: L.Trainer, task: Task) -> None:
        """Write a checkpoint; where that fails, training is worth more than its checkpoint."""
        self.written = time.monotonic()
        if self.path is None:
            return
        content = {
            "identity": self.identity,
            "model": task.state_dict(),
            "optimizer": trainer.optimizers[0].state_dict(),
            "schedule": trainer.lr_scheduler_configs[0].scheduler.state_dict(),
            "losses": torch.stack(task.losses),
            "seconds": task.seconds + self.clock.seconds(),
            "cpu_seconds": task.cpu_seconds + self.clock.cpu_seconds(),
        }
        try:
            save(self.path, content)
        except OSError as error:
            log.warning("no checkpoint written: %s", error)


def train(
    task: Task,
    batches: Batches,
    phase: str,
    session: Session,
    checkpoint: Path | None = None,
) -> list[float]:
    """Run a task over all batches; its model is trained in place and left on the CPU, in evaluation mode.

    Args:
        task: what is learnt.
        batches: from what.
        phase: its name in reports.
        session: where it happens.
        checkpoint: resumed from if it is one of this training, and written while it goes on.

    Returns:
        The loss of each step.

    Raises:
        FloatingPointError: the loss became NaN or infinite.
        Stopped: the session asked for it; the checkpoint is written.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    journal = _Journal(phase, batches, checkpoint, session)
    journal.resume(task)
    journal.tell_what_was_lost()
    accelerated = batches.accelerated and session.device == "cuda"
    if session.device == "cuda":
        batches.to(session.device)
    if accelerated:
        task.compiled_loss = compiled(task.loss)
    trainer = L.Trainer(
        precision="bf16-mixed" if accelerated else "32-true",
        accelerator=session.device,
        devices=1,
        max_epochs=1,
        gradient_clip_val=batches.clip,
        logger=False,
        callbacks=[journal],
        plugins=[LightningEnvironment()],  # one process, also where SLURM's variables promise Lightning more
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    if len(batches):
        with warnings.catch_warnings():
            # advice on loader workers and logging, and deprecations that are Lightning's own to mend
            warnings.filterwarnings("ignore", module=r"lightning\.")
            trainer.fit(task, train_dataloaders=batches)
    task.seconds += journal.clock.seconds()
    task.cpu_seconds += journal.clock.cpu_seconds()
    losses = torch.stack(task.losses).tolist()
    if not np.isfinite(losses).all():
        step = int(np.argmin(np.isfinite(losses)))
        if checkpoint:
            checkpoint.unlink(missing_ok=True)  # resumed, it would lead here again
        raise FloatingPointError(f"the loss became {losses[step]} at step {step} of {len(losses)}")
    nn.Module.eval(task.cpu())
    return [float(loss) for loss in losses]
