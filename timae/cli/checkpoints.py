"""Checkpoints that a user names: read without running code, and compared with the model that is to take them.

Names and shapes of weights do not show heads, pooling or activation, so a checkpoint also holds the --model flags that
it came about with. They are taken from there where the command line does not give them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from timae.cli.usage import UsageError
from timae.config import Pooling
from timae.encoder import Encoder

FLAGS = "model_flags"
"""Where they lie in a checkpoint: the name of the model, and its flags by name."""
OF_THE_DATA = ("num_classes", "class_weights", "encoder_ckpt_path")
"""Flags that another command has its own values of."""
NO_PATH = (None, "null", "best", "last", "hpc")
"""Values of a flag for a checkpoint that are no path."""
OF_TRAINING = ("lr", "attn_dropout_prob", "ffn_dropout_prob", "mask_ratio", "max_len", "seq_len")
"""Flags that another command may change: they say how to train and how long series may be, not what the model is."""


def flags_to_keep(model: str, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint holds of a model's name and flags."""
    kept = {"model": model, **{name: value for name, value in flags.items() if name not in OF_THE_DATA}}
    if "pooling" in kept and kept["pooling"] is None:
        kept["pooling"] = default_pooling(kept["cls_embed"])
    return kept


def default_pooling(cls_embed: bool) -> Pooling:
    """Return what of the tokens is classified where nothing is said."""
    return "cls" if cls_embed else "mean"


def require_kept(path: str | None) -> None:
    """Raise UsageError for a name under which Lightning may keep checkpoints, and this command line keeps none."""
    if path in ("best", "hpc"):
        raise UsageError(f"--ckpt_path {path}: no checkpoint is kept under that name; give a path, or last")


def remembered(words: Sequence[str]) -> tuple[list[str], dict[str, Any], str]:
    """Look up the flags of the checkpoint that a command line names.

    Args:
        words: the command line, from the subcommand on.

    Returns:
        Words to put before those of the user, which then win; the flags; and the flag that named the checkpoint.
        Nothing where none is named, or where it holds no flags.

    Raises:
        UsageError: the checkpoint cannot be read.
    """
    flag, path = "--ckpt_path", _value_of("--ckpt_path", words)
    require_kept(path)
    whole = path not in NO_PATH
    if not whole:
        flag, path = "--model.encoder_ckpt_path", _value_of("--model.encoder_ckpt_path", words)
    if path in NO_PATH:
        return [], {}, ""
    kept = flags_in(str(path), flag)
    if not whole and kept:  # a classifier's own affairs, and what only pre-training knows
        kept["model"] = kept["model"].removesuffix("ForPretraining")
        others = ("lr", "pooling", "mask_ratio", "seq_len")
        kept = {k: v for k, v in kept.items() if k not in others and "decoder" not in k}
    before = ["--model", kept["model"]] if kept else []
    if whole and (class_ids := _class_ids_in(str(path), flag)):
        before += ["--data.class_ids", json.dumps(class_ids)]
    for name, value in kept.items():
        if name != "model":
            before += [f"--model.{name}", value if isinstance(value, str) else json.dumps(value)]
    return before, kept, f"{flag} {path}"


def _class_ids_in(path: str, flag: str) -> dict[str, int]:
    """Return the class of each label that a checkpoint of a classifier was trained with; nothing of an autoencoder."""
    checkpoint = read_checkpoint(Path(path), flag)
    classifies = any(name.startswith("model.head.") for name in checkpoint["state_dict"])
    return dict(checkpoint.get("UCRData", {}).get("class_ids", {})) if classifies else {}


def flags_in(path: str, flag: str) -> dict[str, Any]:
    """Return the model's name and flags that a checkpoint holds; nothing of one that is older than they are.

    Raises:
        UsageError: the checkpoint, which flag names, cannot be read.
    """
    kept = read_checkpoint(Path(path), flag).get(FLAGS)
    return dict(kept) if isinstance(kept, dict) and "model" in kept else {}


def check_flags(kept: Mapping[str, Any], asked: Mapping[str, Any], where: str) -> None:
    """Compare the flags in a checkpoint with those that are asked for.

    Raises:
        UsageError: one differs.
    """
    for name, value in kept.items():
        if name not in OF_TRAINING and asked.get(name) != value:
            flag = "--model" if name == "model" else f"--model.{name}"
            raise UsageError(f"{where}: the checkpoint is of {flag} {value}, not {asked.get(name)}: leave the flag out")


def _value_of(flag: str, words: Sequence[str]) -> str | None:
    """What the last of a flag's mentions says."""
    found = None
    for i, word in enumerate(words):
        if word == flag and i + 1 < len(words):
            found = words[i + 1]
        elif word.startswith(f"{flag}="):
            found = word.partition("=")[2]
    return found


def read_checkpoint(path: Path, flag: str) -> dict[str, Any]:
    """Read a checkpoint of Lightning's: tensors and plain values, never code.

    Raises:
        UsageError: there is none, or it is damaged, or it would run code.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UsageError(f"{flag}: {path} cannot be read: {error.strerror}") from error
    except Exception as error:  # a file of another kind, read as a pickle, raises anything
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
    if not all(weight.isfinite().all() for weight in found.values()):
        raise UsageError(f"{where}: the checkpoint holds weights that are no numbers: its training diverged")
    for name, weight in wanted.items():
        if name not in found:
            raise UsageError(f"{where}: the checkpoint is of another model, without {name}: {advice}")
        if found[name].shape != weight.shape and name.startswith("model.head."):
            raise UsageError(
                f"{where}: the checkpoint tells {len(found[name])} classes apart, the data {len(weight)}: "
                "give --data.num_classes, or the data that it was trained on"
            )
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
