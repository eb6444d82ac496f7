"""Checkpoints that a user names: read without running code, and compared with the model that is to take them."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from timae.cli.usage import UsageError
from timae.encoder import Encoder


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
