"""A pre-trained encoder in a file: safetensors, with its card as JSON in the header, so that the file alone suffices.

Nothing here imports torch, and nothing that is read is run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timae.config import EncoderConfig, Mamba, Transformer
from timae.files import written_whole

Card = dict[str, Any]
"""What an encoder is, how it was made and what it saw, as plain JSON values: `timae.pretrain` writes them."""
KEY = "timae"
"""Of the card among the metadata of a file."""
SHIPPED = Path(__file__).with_name("pretrained")
"""Folder of the encoders that lie in the package, each with its card to read; `ucr` is short for the one there."""


class WeightsError(ValueError):
    """A file holds no encoder that can be used; the message is one line that says why."""


@dataclass(frozen=True)
class Weights:
    """A pre-trained encoder, of which only the card has been read."""

    path: Path
    card: Card
    sha256: str
    """Of the whole file."""

    @property
    def encoder(self) -> EncoderConfig:
        """The encoder that the weights are of."""
        return _encoder(self.card["encoder"])

    @property
    def seen(self) -> tuple[str, ...]:
        """Data sets whose train series, without labels, it was pre-trained on."""
        return tuple(self.card["seen"])

    @property
    def seconds(self) -> float:
        """What pre-training cost."""
        return float(self.card["seconds"])

    def require(self, encoder: EncoderConfig, what: str) -> None:
        """Refuse to be the encoder of a model that has another one.

        Args:
            encoder: the model's.
            what: the model, by name.

        Raises:
            WeightsError: the first difference.
        """
        own, wanted = _flat(self.encoder), _flat(encoder)
        for name in own:
            if own[name] != wanted.get(name):
                raise WeightsError(
                    f"{self.path} holds an encoder of {self.card['architecture']}, preset {self.card['preset']}, "
                    f"with {name} {own[name]}, expected that of {what}, with {wanted.get(name)}; "
                    "choose another file, model or preset, or none, or make a file with python -m timae.pretrain"
                )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Read the weights, by name.

        Raises:
            WeightsError: they cannot be read.
        """
        from safetensors import SafetensorError  # noqa: PLC0415 (who only reads a card needs none)
        from safetensors.numpy import load  # noqa: PLC0415

        try:
            content = self.path.read_bytes()
            if sha256(content).hexdigest() != self.sha256:
                raise WeightsError(f"{self.path} has changed since its card was read: give the same command again")
            return load(content)
        except (OSError, SafetensorError) as error:
            raise _unusable(self.path, str(error)) from error


def read(pretrained: str | Path) -> Weights:
    """Read the card of a file that `python -m timae.pretrain` made.

    Args:
        pretrained: its path, or `ucr`: the encoder in the package.

    Raises:
        WeightsError: there is no such file, or it is none of ours.
    """
    path = SHIPPED / "ucr.safetensors" if pretrained == "ucr" else Path(pretrained)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    try:
        # eight bytes say how long the header is; metadata are texts
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        card = json.loads(header["__metadata__"][KEY])
        _encoder(card["encoder"])
        _ = card["seen"], card["seconds"], card["architecture"], card["preset"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(path, "another kind of file, or a damaged one") from error
    return Weights(path, card, sha256(content).hexdigest())


def write(path: Path, arrays: Mapping[str, NDArray[Any]], card: Card) -> Weights:
    """Write an encoder whole or not at all, and return it as read."""
    from safetensors.numpy import save  # noqa: PLC0415

    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {KEY: json.dumps(card)})
    with written_whole(path) as file:
        file.write(content)
    return read(path)


def _encoder(plain: Mapping[str, Any]) -> EncoderConfig:
    block = {"transformer": Transformer, "mamba": Mamba}[plain["block"]["kind"]]
    return EncoderConfig(**{**plain, "block": block(**plain["block"])})


def _flat(encoder: EncoderConfig) -> dict[str, Any]:
    plain = asdict(encoder)
    block = plain.pop("block")
    return plain | {f"block {name}": value for name, value in block.items()}


def _unusable(path: Path, got: str) -> WeightsError:
    return WeightsError(f"expected an encoder that python -m timae.pretrain made, or ucr, got {path}: {got}")
