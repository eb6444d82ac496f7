"""What is expensive to make, made once: a folder of artefacts, each found by the key that decides its content."""

import functools
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from timae.claim import claim
from timae.files import written_whole
from timae.session import Session, Stopped

Content = dict[str, Any]
"""Tensors, numbers and texts, also nested."""


def obtain(
    folder: Path, key: Mapping[str, Any], make: Callable[[Path], Content], session: Session
) -> tuple[Content, str]:
    """Return what make made for a key: this time, or before, or in another process at this moment.

    The claim ends with its owner however that one ends (timae.claim); the next in line then goes on from the owner's
    checkpoint.

    Args:
        folder: of the artefacts.
        key: everything that decides the content, as plain JSON values.
        make: given the path for its checkpoints, returns the content.
        session: asked whether to stop while another process is at work.

    Returns:
        The content, and the SHA-256 of its key: the name of its file in folder.

    Raises:
        Stopped: while waiting.
    """
    name = digest(key)
    path = folder / f"{name}.pt"
    content = _read(path, name)
    if content is None:
        folder.mkdir(parents=True, exist_ok=True)
        with _claimed(path.with_suffix(".lock"), session):
            content = _read(path, name)
            if content is None:
                checkpoint = path.with_suffix(".ckpt")
                content = make(checkpoint)
                save(path, {"name": name, "content": content})
                checkpoint.unlink(missing_ok=True)
    return content, name


def digest(key: Mapping[str, Any]) -> str:
    """SHA-256 over a key of plain JSON values."""
    return sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


@functools.cache
def code_version() -> str:
    """SHA-256 over what else decides trained weights: versions, the sources of this package and of the data's.

    Those of the command line in `cli`, which no artefact depends on, are left out.
    """
    code = sha256(" ".join(map(version, ("torch", "lightning", "numpy"))).encode())
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.with_name("ucr").glob("*.py")]):
        code.update(path.read_bytes())
    return code.hexdigest()


def save(path: Path, content: Content) -> None:
    """Write content so that nobody meets half of it; one writer a path at a time."""
    whole = io.BytesIO()  # of a full disk torch.save itself may make a RuntimeError, for which nobody waits
    torch.save(content, whole)
    with written_whole(path) as file:
        file.write(whole.getbuffer())


def load(path: Path) -> Content | None:
    """Read what save wrote, without running code from it; None where there is nothing whole."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a torn pickle raises anything
        return None
    return content if isinstance(content, dict) else None


def _read(path: Path, name: str) -> Content | None:
    found = load(path)
    return found["content"] if found is not None and found.get("name") == name else None


@contextmanager
def _claimed(path: Path, session: Session) -> Iterator[None]:
    while True:
        with claim(path) as mine:
            if mine:
                yield
                return
        if session.stop():
            raise Stopped("while another process was pre-training for this run")
        time.sleep(0.5)
