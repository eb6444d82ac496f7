"""The two training tasks as the command line knows them: with metrics, and checks of data and checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from timae.cli.checkpoints import FLAGS, check_weights, default_pooling, load_encoder
from timae.cli.data import UCRData
from timae.cli.predictions import class_table, value_table
from timae.cli.usage import Diverged, UsageError
from timae.config import DecoderConfig, EncoderConfig, Finetuning, Pooling, Pretraining
from timae.encoder import Encoder
from timae.model import Classifier, MaskedAutoencoder
from timae.training import Batch, FinetuningTask, PretrainingTask, Task


class FlagModel(Task):
    """What the four models add to their training task: metrics, and checks of data and checkpoints."""

    model: Any
    max_len: int | None = None
    """Most time steps that a series may have; None: no limit."""
    seq_len: int | None = None
    """Most time steps that a series, or its crop, may have in training; None: no limit."""
    flags: dict[str, Any] | None = None
    """The --model flags that it was built with, for its checkpoints; set by the command line."""

    @property
    def encoder(self) -> Encoder:
        """What pre-training is for, and what a classifier starts from."""
        encoder: Encoder = self.model.encoder
        return encoder

    def setup(self, stage: str) -> None:
        """Compare the data with the flags.

        Raises:
            UsageError: series are longer than they may be, or labels are wanted and left out.
        """
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, UCRData):
            return
        length = data.n_timepoints
        if self.max_len is not None and length > self.max_len:
            raise UsageError(f"series have {length} time steps: give --model.max_len {length}, got {self.max_len}")
        length = min(data.train_cases.series.shape[1], data.crop_size or length)
        if stage == "fit" and self.seq_len is not None and length > self.seq_len:
            raise UsageError(f"training series have {length} steps: give --model.seq_len {length}, got {self.seq_len}")
        if data.pretrain and isinstance(self, FinetuningTask) and stage != "predict":
            raise UsageError(f"{type(self).__name__} needs labels: give --data.pretrain False")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Compare a checkpoint with the model before it is loaded; let a resumed cycle end with this command."""
        check_weights(checkpoint["state_dict"], self.state_dict(), "--ckpt_path")
        done, asked = checkpoint["epoch"] + 1, self.trainer.max_epochs
        if self.trainer.training and asked is not None and 0 <= asked < done:
            raise UsageError(f"--trainer.max_epochs {asked}: the checkpoint has {done} epochs behind it: give more")
        # of the schedule only the place is taken: its length follows from the epochs that are asked for now
        place = ("last_epoch", "_step_count", "_last_lr")
        schedules = checkpoint.get("lr_schedulers", [])
        checkpoint["lr_schedulers"] = [{name: state[name] for name in place} for state in schedules]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the flags beside the weights; weights that are no numbers are not kept at all."""
        if not all(weight.isfinite().all() for weight in checkpoint["state_dict"].values()):
            raise Diverged("weights became NaN or infinite: lower --model.lr; no checkpoint is written of them")
        checkpoint[FLAGS] = self.flags

    def training_step(self, batch: Batch) -> Tensor:
        """Take a step of the task; log train_loss.

        Raises:
            Diverged: the loss is NaN or infinite.
        """
        loss: Any = super().training_step(batch)
        if not loss.isfinite():
            at = f"in step {self.trainer.global_step}"
            raise Diverged(f"the loss became {float(loss.detach())} {at}: lower --model.lr")
        self.log("train_loss", loss, prog_bar=True, batch_size=len(batch[0]))
        return loss  # type: ignore[no-any-return]

    def validation_step(self, batch: Batch) -> None:
        """Log val_loss and, of a classifier, val_accuracy (micro) and val_f1 (macro)."""
        self.log_dict(self.score("val", batch), prog_bar=True, batch_size=len(batch[0]))

    def test_step(self, batch: Batch) -> None:
        """Log test_loss and, of a classifier, test_accuracy (micro) and test_f1 (macro)."""
        self.log_dict(self.score("test", batch), prog_bar=True, batch_size=len(batch[0]))

    def score(self, stage: str, batch: Batch) -> dict[str, Any]:
        """Return what to log of a batch, by name."""
        raise NotImplementedError

    def table(self, predictions: Sequence[Any], data: UCRData) -> pd.DataFrame:
        """Return what `predict` writes of the predictions of all batches."""
        raise NotImplementedError


STEPS = 1
"""How many steps of what size are taken, Lightning's own flags say."""


class PretrainingFlags(FlagModel, PretrainingTask):
    """A masked autoencoder."""

    def __init__(self, encoder: EncoderConfig, decoder: DecoderConfig, lr: float, mask_ratio: float) -> None:
        pretraining = Pretraining(STEPS, lr=lr, decoder=decoder, mask_ratio=mask_ratio)
        super().__init__(MaskedAutoencoder(encoder, pretraining), pretraining)

    def score(self, stage: str, batch: Batch) -> dict[str, Any]:
        """Return the loss on hidden values."""
        return {f"{stage}_loss": self.model(batch[0], batch[2]).loss}

    def predict_step(self, batch: Batch) -> dict[str, Tensor]:
        """Series (batch, time, 1) with predictions where values were hidden, and where that is (batch, time)."""
        _, values, predicted = self.model(batch[0], batch[2])
        return {"values": values, "predicted": predicted}

    def table(self, predictions: Sequence[Any], data: UCRData) -> pd.DataFrame:  # noqa: ARG002
        """A row a time point."""
        return value_table(predictions)


class ClassificationFlags(FlagModel, FinetuningTask):
    """A classifier, with an encoder that may come from a checkpoint."""

    def __init__(
        self,
        encoder: EncoderConfig,
        lr: float,
        num_classes: int,
        pooling: Pooling | None,
        encoder_ckpt_path: str | None,
        class_weights: Sequence[float] | None,
    ) -> None:
        if class_weights is not None and len(class_weights) != num_classes:
            raise UsageError(f"class_weights has {len(class_weights)} values, expected one for {num_classes} classes")
        weights = None if class_weights is None else torch.tensor(class_weights)
        model = Classifier(encoder, num_classes, pooling or default_pooling(encoder.cls_embed))
        super().__init__(model, Finetuning(STEPS, lr=lr), weights)
        self.accuracy = MulticlassAccuracy(num_classes, average="micro")
        self.f1 = MulticlassF1Score(num_classes, average="macro")
        if encoder_ckpt_path is not None:
            load_encoder(self.encoder, Path(encoder_ckpt_path))

    def score(self, stage: str, batch: Batch) -> dict[str, Any]:
        """Return cross-entropy, accuracy and macro F1."""
        series, labels, valid = batch
        logits = self.model(series, valid)
        self.accuracy(logits, labels)
        self.f1(logits, labels)
        loss = F.cross_entropy(logits, labels)  # type: ignore[arg-type]
        return {f"{stage}_loss": loss, f"{stage}_accuracy": self.accuracy, f"{stage}_f1": self.f1}

    def predict_step(self, batch: Batch) -> Tensor:
        """Class probabilities (batch, num_classes)."""
        logits: Tensor = self.model(batch[0], batch[2])
        return logits.softmax(dim=1)

    def table(self, predictions: Sequence[Any], data: UCRData) -> pd.DataFrame:
        """A row a case."""
        return class_table(predictions, data.class_ids)
