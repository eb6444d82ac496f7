"""The command line ``python train.py fit|validate|test|predict --model NAME …``: Lightning's, over four models.

A model here is one of the two training tasks under the flags that its users know; the flags describe values of
timae.config, and everything is built from those. Files that cannot be used and flags that do not fit end in one
line and exit code 2.
"""

import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import torch
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from timae.config import DecoderConfig, EncoderConfig, Mamba, Pooling, Training, Transformer
from timae.data import UCRData
from timae.encoder import Encoder
from timae.model import Classifier, MaskedAutoencoder
from timae.training import Batch, Finetuning, Pretraining, Task
from ucr.archive import UcrError

Activation = Literal["gelu", "relu", "silu"]


class UsageError(ValueError):
    """Flags, checkpoint and data do not fit each other; the message is one line that says why."""


class FlagModel(Task):
    """What the four models add to their training task: metrics, and checks of data and checkpoints."""

    model: Any
    max_len: int | None = None
    """Most time steps that a series may have; None: no limit."""
    seq_len: int | None = None
    """Most time steps that a series, or its crop, may have in training; None: no limit."""

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
        if data.pretrain and isinstance(self, Finetuning) and stage != "predict":
            raise UsageError(f"{type(self).__name__} needs labels: give --data.pretrain False")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Compare a checkpoint with the model before it is loaded; let a resumed cycle end with this command."""
        check_weights(checkpoint["state_dict"], self.state_dict(), "--ckpt_path")
        # of the schedule only the place is taken: its length follows from the epochs that are asked for now
        place = ("last_epoch", "_step_count", "_last_lr")
        schedules = checkpoint.get("lr_schedulers", [])
        checkpoint["lr_schedulers"] = [{name: state[name] for name in place} for state in schedules]

    def training_step(self, batch: Batch) -> Tensor:
        """Take a step of the task; log train_loss."""
        loss: Any = super().training_step(batch)
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


def _settings(lr: float) -> Training:
    return Training(1, lr=lr)  # how many steps of what size, Lightning's own flags say


class _Pretraining(FlagModel, Pretraining):
    """A masked autoencoder."""

    def score(self, stage: str, batch: Batch) -> dict[str, Any]:
        return {f"{stage}_loss": self.model(batch[0], batch[2]).loss}

    def predict_step(self, batch: Batch) -> dict[str, Tensor]:
        """Series (batch, time, 1) with predictions where values were hidden, and where that is (batch, time)."""
        _, values, predicted = self.model(batch[0], batch[2])
        return {"values": values, "predicted": predicted}


class _Classification(FlagModel, Finetuning):
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
        model = Classifier(encoder, num_classes, pooling or ("cls" if encoder.cls_embed else "mean"))
        super().__init__(model, _settings(lr), weights)
        self.accuracy = MulticlassAccuracy(num_classes, average="micro")
        self.f1 = MulticlassF1Score(num_classes, average="macro")
        if encoder_ckpt_path is not None:
            load_encoder(self.encoder, Path(encoder_ckpt_path))

    def score(self, stage: str, batch: Batch) -> dict[str, Any]:
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


class TiMAE(_Classification):
    """Ti-MAE's transformer as a classifier (arXiv:2301.08871, Section 3)."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        num_classes: int = 2,
        input_dim: int = 1,
        num_heads: int = 4,
        num_layers: int = 2,
        emb_size: int = 64,
        intermediate_dim: int = 256,
        cls_embed: bool = True,
        pooling: Pooling | None = None,
        max_len: int = 100,
        qkv_bias: bool = False,
        attn_dropout_prob: float = 0.1,
        ffn_dropout_prob: float = 0.1,
        layer_norm_eps: float = 1e-5,
        act_func: Activation = "gelu",
        encoder_ckpt_path: str | None = None,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        """Build it with fresh weights, or with the encoder of a checkpoint.

        Args:
            lr: the highest learning rate of the cycle.
            num_classes: set from the data.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: attention heads; must divide emb_size.
            num_layers: transformer blocks.
            emb_size: width of a token.
            intermediate_dim: width between the two layers of a block's MLP.
            cls_embed: whether a CLS token goes along.
            pooling: what of the tokens is classified; by default the CLS token, without one the mean.
            max_len: most time steps a series may have; a CLS token does not count.
            qkv_bias: whether queries, keys and values have a bias.
            attn_dropout_prob: dropout of attention weights; costly on a CPU, give 0 there.
            ffn_dropout_prob: dropout after the MLP.
            layer_norm_eps: added to variances.
            act_func: between the two layers of the MLP.
            encoder_ckpt_path: checkpoint of either task, of whose encoder to take the weights.
            class_weights: weight of each class in the loss, set from the data.

        Raises:
            ValueError: widths that do not divide, sizes below 1.
            UsageError: the checkpoint cannot be used.
        """
        block = Transformer(
            num_heads=num_heads,
            intermediate_dim=intermediate_dim,
            out_proj=False,
            qkv_bias=qkv_bias,
            dropout=ffn_dropout_prob,
            attention_dropout=attn_dropout_prob,
            layer_norm_eps=layer_norm_eps,
            activation=act_func,
        )
        encoder = EncoderConfig(input_dim, emb_size, num_layers, block, cls_embed=cls_embed)
        super().__init__(encoder, lr, num_classes, pooling, encoder_ckpt_path, class_weights)
        self.max_len = max_len


class TiMAEForPretraining(_Pretraining):
    """Ti-MAE's transformer as a masked autoencoder (arXiv:2301.08871, Section 3)."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        input_dim: int = 1,
        num_heads: int = 4,
        num_decoder_heads: int = 4,
        num_layers: int = 2,
        num_decoder_layers: int = 2,
        emb_size: int = 64,
        decoder_emb_size: int = 32,
        intermediate_dim: int = 256,
        decoder_intermediate_dim: int = 128,
        cls_embed: bool = True,
        max_len: int = 100,
        seq_len: int = 100,
        mask_ratio: float = 0.75,
        qkv_bias: bool = False,
        attn_dropout_prob: float = 0.1,
        ffn_dropout_prob: float = 0.1,
        layer_norm_eps: float = 1e-5,
        act_func: Activation = "gelu",
    ) -> None:
        """Build it with fresh weights.

        Args:
            lr: the highest learning rate of the cycle.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: attention heads; must divide emb_size.
            num_decoder_heads: likewise in the decoder; must divide decoder_emb_size.
            num_layers: transformer blocks.
            num_decoder_layers: likewise in the decoder.
            emb_size: width of a token.
            decoder_emb_size: likewise in the decoder.
            intermediate_dim: width between the two layers of a block's MLP.
            decoder_intermediate_dim: likewise in the decoder.
            cls_embed: whether a CLS token goes along.
            max_len: most time steps a series may have; a CLS token does not count.
            seq_len: most time steps a series, or its crop, may have in training.
            mask_ratio: share of the time steps to hide, in (0, 1).
            qkv_bias: whether queries, keys and values have a bias.
            attn_dropout_prob: dropout of attention weights; costly on a CPU, give 0 there.
            ffn_dropout_prob: dropout after the MLP.
            layer_norm_eps: added to variances.
            act_func: between the two layers of the MLP.

        Raises:
            ValueError: widths that do not divide, sizes below 1, mask_ratio outside (0, 1).
        """
        shared: dict[str, Any] = {
            "out_proj": False,
            "qkv_bias": qkv_bias,
            "dropout": ffn_dropout_prob,
            "attention_dropout": attn_dropout_prob,
            "layer_norm_eps": layer_norm_eps,
            "activation": act_func,
        }
        block = Transformer(num_heads=num_heads, intermediate_dim=intermediate_dim, **shared)
        encoder = EncoderConfig(input_dim, emb_size, num_layers, block, cls_embed=cls_embed)
        block = Transformer(num_heads=num_decoder_heads, intermediate_dim=decoder_intermediate_dim, **shared)
        decoder = DecoderConfig("self", decoder_emb_size, num_decoder_layers, block)
        super().__init__(MaskedAutoencoder(encoder, decoder, mask_ratio), _settings(lr))
        self.max_len, self.seq_len = max_len, seq_len


class TiMAEMamba(_Classification):
    """Ti-MAE with one Mamba-2 block (arXiv:2405.21060) in place of the transformer, as a classifier."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        num_classes: int = 2,
        input_dim: int = 1,
        num_heads: int = 8,
        emb_size: int = 64,
        cls_embed: bool = True,
        pooling: Pooling | None = None,
        expand_factor: int = 2,
        ssm_state_size: int = 128,
        conv_size: int = 4,
        bias: bool = False,
        conv_bias: bool = True,
        encoder_ckpt_path: str | None = None,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        """Build it with fresh weights, or with the encoder of a checkpoint.

        Args:
            lr: the highest learning rate of the cycle.
            num_classes: set from the data.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: a state-space head is ssm_state_size / num_heads wide; must divide.
            emb_size: width of a token.
            cls_embed: whether a CLS token goes along, behind all others.
            pooling: what of the tokens is classified; by default the CLS token, without one the mean.
            expand_factor: inner width over emb_size.
            ssm_state_size: size of a head's state.
            conv_size: width of the causal convolution, in time steps.
            bias: whether the projections have a bias.
            conv_bias: whether the convolution has one.
            encoder_ckpt_path: checkpoint of either task, of whose encoder to take the weights.
            class_weights: weight of each class in the loss, set from the data.

        Raises:
            ValueError: widths that do not divide, sizes below 1.
            UsageError: the checkpoint cannot be used.
        """
        block = Mamba(
            num_heads=num_heads,
            ssm_state_size=ssm_state_size,
            expand_factor=expand_factor,
            conv_size=conv_size,
            bias=bias,
            conv_bias=conv_bias,
        )
        encoder = EncoderConfig(input_dim, emb_size, 1, block, cls_embed=cls_embed)
        super().__init__(encoder, lr, num_classes, pooling, encoder_ckpt_path, class_weights)


class TiMAEMambaForPretraining(_Pretraining):
    """Ti-MAE with one Mamba-2 block (arXiv:2405.21060) in place of each transformer, as a masked autoencoder."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        input_dim: int = 1,
        num_heads: int = 8,
        num_decoder_heads: int = 8,
        emb_size: int = 64,
        decoder_emb_size: int = 32,
        cls_embed: bool = True,
        expand_factor: int = 2,
        decoder_expand_factor: int = 2,
        ssm_state_size: int = 128,
        decoder_ssm_state_size: int = 128,
        conv_size: int = 4,
        decoder_conv_size: int = 4,
        bias: bool = False,
        conv_bias: bool = True,
        seq_len: int = 100,
        mask_ratio: float = 0.75,
    ) -> None:
        """Build it with fresh weights.

        Args:
            lr: the highest learning rate of the cycle.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: a state-space head is ssm_state_size / num_heads wide; must divide.
            num_decoder_heads: likewise in the decoder.
            emb_size: width of a token.
            decoder_emb_size: likewise in the decoder.
            cls_embed: whether a CLS token goes along, behind all others; before them in the decoder.
            expand_factor: inner width over emb_size.
            decoder_expand_factor: likewise in the decoder.
            ssm_state_size: size of a head's state.
            decoder_ssm_state_size: likewise in the decoder.
            conv_size: width of the causal convolution, in tokens.
            decoder_conv_size: likewise in the decoder.
            bias: whether the projections have a bias.
            conv_bias: whether the convolutions have one.
            seq_len: most time steps a series, or its crop, may have in training.
            mask_ratio: share of the time steps to hide, in (0, 1).

        Raises:
            ValueError: widths that do not divide, sizes below 1, mask_ratio outside (0, 1).
        """
        shared: dict[str, Any] = {"bias": bias, "conv_bias": conv_bias}
        block = Mamba(
            num_heads=num_heads,
            ssm_state_size=ssm_state_size,
            expand_factor=expand_factor,
            conv_size=conv_size,
            **shared,
        )
        encoder = EncoderConfig(input_dim, emb_size, 1, block, cls_embed=cls_embed)
        block = Mamba(
            num_heads=num_decoder_heads,
            ssm_state_size=decoder_ssm_state_size,
            expand_factor=decoder_expand_factor,
            conv_size=decoder_conv_size,
            **shared,
        )
        decoder = DecoderConfig("self", decoder_emb_size, 1, block)
        super().__init__(MaskedAutoencoder(encoder, decoder, mask_ratio), _settings(lr))
        self.seq_len = seq_len


def read_checkpoint(path: Path, flag: str) -> dict[str, Any]:
    """Read a checkpoint of Lightning's: tensors and plain values, never code.

    Raises:
        UsageError: there is none, or it is damaged, or it would run code.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UsageError(f"{flag}: {path} cannot be read: {error.strerror}") from error
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{flag}: {path} is no checkpoint of weights alone: it is damaged, or would run code, and was not loaded"
        ) from error
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), Mapping):
        raise UsageError(f"{flag}: {path} is no checkpoint of this program: it has no state_dict")
    return checkpoint


def check_weights(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: str) -> None:
    """Compare the names and shapes of weights in a checkpoint with those of a model.

    Raises:
        UsageError: they differ; the first difference is named.
    """
    advice = "give the --model flags that it was trained with"
    for name, weight in wanted.items():
        if name not in found:
            raise UsageError(f"{where}: the checkpoint is of another model, without {name}: {advice}")
        if found[name].shape != weight.shape:
            raise UsageError(
                f"{where}: the checkpoint is of another shape: {name} is {tuple(found[name].shape)} there, "
                f"{tuple(weight.shape)} here: {advice}"
            )
    if extra := found.keys() - wanted.keys():
        raise UsageError(f"{where}: the checkpoint is of another model, with {min(extra)}: {advice}")


def load_encoder(encoder: Encoder, path: Path) -> None:
    """Load an encoder's weights from a checkpoint of any of the four models.

    Raises:
        UsageError: the file cannot be read, or its encoder is another one.
    """
    weights, prefix = read_checkpoint(path, "--model.encoder_ckpt_path")["state_dict"], "model.encoder."
    found = {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}
    check_weights(found, encoder.state_dict(), f"--model.encoder_ckpt_path {path}")
    encoder.load_state_dict(found)


class CommandLine(LightningCLI):
    """Lightning's command line, with what data and model know of each other linked."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link the classes that are counted in the data to the model."""
        for name in ("num_classes", "class_weights"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse; look at the checkpoint, if one is named, before anything else does."""
        super().parse_arguments(parser, args)
        options = self.config[self.config["subcommand"]]
        options["weights_only"] = True
        if options["ckpt_path"] not in (None, "best", "last", "hpc"):
            read_checkpoint(Path(options["ckpt_path"]), "--ckpt_path")

    def instantiate_classes(self) -> None:
        """Build data, model and trainer; what a flag's value makes impossible is an error of usage."""
        try:
            super().instantiate_classes()
        except ValueError as error:
            cause: BaseException = error  # the parser wraps it, with all that it had tried
            while not isinstance(cause, UsageError | UcrError) and (cause.__cause__ or cause.__context__):
                cause = cause.__cause__ or cause.__context__ or cause
            raise UsageError(cause) from error


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line on args, by default the program's own."""
    # cases lie in memory, so the loader's advice to start processes is wrong
    warnings.filterwarnings("ignore", message=".*does not have many workers")
    warnings.filterwarnings("ignore", message=".*LeafSpec")  # Lightning's own to mend
    try:
        CommandLine(
            FlagModel,
            UCRData,
            subclass_mode_model=True,
            auto_configure_optimizers=False,
            seed_everything_default=0,
            args=None if args is None else list(args),
        )
    except (UsageError, UcrError) as error:
        print(f"train.py: {error}", file=sys.stderr)  # noqa: T201 (a command line prints)
        raise SystemExit(2) from None
