import contextlib
import errno
import io
import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.methods.table import get_method
from timae import artefacts
from timae.artefacts import load, obtain, save
from timae.config import Finetuning
from timae.fit import build, fit
from timae.session import Session, Stopped
from timae.training import Batch, Batches, FinetuningTask, train
from ucr.prepare import Prepared

RECIPE = get_method("timae", "smoke").config
PROBE = get_method("timae-probe", "smoke").config


def cases() -> Prepared:
    rng = np.random.default_rng(0)
    return Prepared(rng.normal(size=(16, 24)).astype(np.float32), None, rng.integers(0, 2, 16))


def stops_at(*steps: int) -> Callable[[], bool]:
    asked = iter(range(1, 10_000))
    return lambda: next(asked) in steps


class Drawing(FinetuningTask):
    """Draws from every generator a step may draw from."""

    def training_step(self, batch: Batch) -> Tensor:
        draws = random.random() + np.random.rand() + torch.rand(())  # noqa: NPY002 (the global generator is meant)
        loss = super().training_step(batch) * (1 + draws)
        self.losses[-1] = loss.detach()
        return loss


def drawn(session: Session, folder: Path) -> tuple[list[float], dict[str, Tensor]]:
    torch.manual_seed(1)
    model = build(RECIPE, 24, 2)
    data, training = cases(), Finetuning(12, 4, crop=0.5)
    batches = Batches(torch.from_numpy(data.series).unsqueeze(-1), torch.from_numpy(data.labels), training, seed=3)
    losses = train(Drawing(model, training), batches, "finetune", session, folder / "finetune.ckpt")
    return losses, model.state_dict()


def test_stopped_and_resumed_it_draws_trains_and_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    losses, weights = drawn(Session(), tmp_path / "whole")
    for step in (1, 5, 12):
        with pytest.raises(Stopped, match=f"after step {step} of 12"):
            drawn(Session(stop=stops_at(step)), tmp_path / str(step))
        random.seed(99)
        torch.manual_seed(99)
        again, resumed = drawn(Session(), tmp_path / str(step))
        assert again == losses
        assert all(torch.equal(resumed[name], value) for name, value in weights.items())


def test_killed_at_ten_random_moments_the_result_is_bit_equal(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_and_resume.py")
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["where"]) == 10
    assert found["weights"]
    assert found["losses"]


def test_a_checkpoint_of_another_run_or_a_torn_one_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        drawn(Session(stop=stops_at(5), identity="another"), tmp_path)
    losses, _ = drawn(Session(), tmp_path / "whole")
    assert drawn(Session(identity="mine"), tmp_path)[0] == losses
    with pytest.raises(Stopped):
        drawn(Session(stop=stops_at(5)), tmp_path)
    path = tmp_path / "finetune.ckpt"
    path.write_bytes(path.read_bytes()[:1000])
    assert load(path) is None
    assert drawn(Session(), tmp_path)[0] == losses


def test_short_trainings_write_no_checkpoint_unless_it_is_to_be_kept(tmp_path: Path) -> None:
    fit(RECIPE, cases(), 2, 0, Session(folder=tmp_path / "run", pretrained=tmp_path / "pretrained"))
    assert not (tmp_path / "run").exists()
    assert {path.suffix for path in (tmp_path / "pretrained").iterdir()} == {".pt", ".lock"}
    session = Session(folder=tmp_path / "run", pretrained=tmp_path / "pretrained", keep=True)
    kept = fit(RECIPE, cases(), 2, 0, session)
    checkpoint = load(tmp_path / "run" / "finetune.ckpt")
    assert checkpoint is not None
    assert checkpoint["losses"].tolist() == kept.losses["finetune"]
    assert fit(RECIPE, cases(), 2, 0, session).losses == kept.losses  # nothing left to train


def test_two_methods_share_a_pre_training_and_both_say_so(tmp_path: Path) -> None:
    session = Session(pretrained=tmp_path)
    first, second = (fit(recipe, cases(), 2, 0, session) for recipe in (RECIPE, PROBE))
    assert first.pretrained == second.pretrained == next(tmp_path.glob("*.pt")).stem
    assert first.details["pretrained"] == first.pretrained
    assert first.seconds["pretrain"] == second.seconds["pretrain"] > 0
    assert len(list(tmp_path.glob("*.pt"))) == 1
    alone = fit(PROBE, cases(), 2, 0)
    assert np.array_equal(alone.predict_proba(cases()), second.predict_proba(cases()))
    assert fit(RECIPE, cases(), 2, 1, session).pretrained != first.pretrained  # another seed
    assert len(list(tmp_path.glob("*.pt"))) == 2


def test_one_makes_it_while_the_others_wait(tmp_path: Path) -> None:
    made, found, begun, go_on = [], [], threading.Event(), threading.Event()

    def make(checkpoint: Path) -> dict[str, int]:
        made.append(checkpoint)
        begun.set()
        go_on.wait(600)
        return {"answer": 42}

    def ask() -> None:
        found.append(obtain(tmp_path, {"question": 1}, make, Session())[0])

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    begun.wait(600)
    with pytest.raises(Stopped, match="another process"):
        obtain(tmp_path, {"question": 1}, make, Session(stop=lambda: True))
    go_on.set()
    for thread in threads:
        thread.join(600)
    assert found == [{"answer": 42}] * 3
    assert len(made) == 1


def test_a_torn_artefact_is_made_again(tmp_path: Path) -> None:
    content, name = obtain(tmp_path, {"a": 1}, lambda _: {"x": 1}, Session())
    (tmp_path / f"{name}.pt").write_bytes(b"torn")
    assert obtain(tmp_path, {"a": 1}, lambda _: {"x": 2}, Session()) == ({"x": 2}, name)
    save(tmp_path / f"{name}.pt", {"name": "of something else", "content": {"x": 3}})
    assert obtain(tmp_path, {"a": 1}, lambda _: {"x": 4}, Session()) == ({"x": 4}, name)
    assert content == {"x": 1}


class Full(io.BytesIO):
    """A file on a disk that has room for so many bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, content: Any) -> int:
        self.room -= memoryview(content).nbytes
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


@pytest.mark.parametrize("room", [0, 40, 100, 500, 1000])
def test_a_full_disk_is_what_the_error_says(room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in the file it happens: whoever is told so waits for room."""
    monkeypatch.setattr(artefacts, "written_whole", lambda _: contextlib.nullcontext(Full(room)))
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path / "one.ckpt", {"weights": [torch.zeros(100), torch.zeros(100)]})
