"""How fast the models are, against something real, in one run: python -m timae.speed mamba, or train.

Both sides take one thread, are warmed up and timed in turn, so that a busy machine slows both; what counts is the
ratio of the medians.
"""

import argparse
import contextlib
import io
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from timae.blocks import sincos_positions
from timae.config import Budget, DecoderConfig, EncoderConfig, Finetuning, Pretraining
from timae.mamba import Mamba2
from timae.masking import take
from timae.model import Classifier, MaskedAutoencoder
from timae.session import Session
from timae.training import Batches, FinetuningTask, PretrainingTask, Task
from timae.training import train as run_task

BATCH, LENGTH, CLASSES = 64, 140, 5
"""The sizes of ECG5000."""
STEPS, FIRST = 20, 5
"""Steps of one training, and how many of them are not counted."""


def in_turn(sides: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2) -> dict[str, float]:
    """Median seconds of each side, all of them once a round."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_ in range(warm_up + rounds):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            if round_ >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _forward_and_backward(layer: nn.Module, batch: int, length: int, width: int) -> Callable[[], None]:
    u = torch.randn(batch, length, width, requires_grad=True)

    def step() -> None:
        layer.zero_grad()
        u.grad = None
        out: Tensor = layer(u)
        out.square().mean().backward()

    return step


def mamba(rounds: int) -> bool:
    """Time Mamba2 against transformers' Mamba2Mixer at its best chunk size, and its growth with length."""
    import transformers
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    transformers.logging.set_verbosity_error()

    def theirs(chunk_size: int) -> nn.Module:
        config = transformers.Mamba2Config(
            num_heads=16, head_dim=8, hidden_size=64, state_size=64, expand=2, n_groups=1, conv_kernel=4,
            chunk_size=chunk_size, use_bias=False, use_conv_bias=True, num_hidden_layers=1,
        )  # fmt: skip
        mixer: nn.Module = Mamba2Mixer(config, 0)
        return mixer

    ours = Mamba2(64, d_state=64, headdim=8)
    sizes = (16, 20, 28, 35, 70)
    trial = in_turn({str(q): _forward_and_backward(theirs(q), 64, 140, 64) for q in sizes}, rounds=2, warm_up=1)
    best = min(trial, key=trial.__getitem__)
    sides = {
        "ours": _forward_and_backward(ours, 64, 140, 64),
        "theirs": _forward_and_backward(theirs(int(best)), 64, 140, 64),
    }
    medians = in_turn(sides, rounds)
    ratio = medians["theirs"] / medians["ours"]
    print("forward + backward, batch 64, length 140, width 64, state 64, one thread")
    print(
        f"transformers' Mamba2Mixer, chunk size {best} (its best of {', '.join(map(str, sizes))}): "
        f"{1000 * medians['theirs']:.0f} ms"
    )
    print(f"timae.mamba.Mamba2: {1000 * medians['ours']:.0f} ms: {ratio:.1f} times as fast (goal: 2.5)")
    growth = in_turn({str(n): _forward_and_backward(ours, 16, n, 64) for n in (512, 1024)}, 3 * rounds)
    factor = growth["1024"] / growth["512"]
    print(
        f"length 512: {1000 * growth['512']:.0f} ms, length 1024: {1000 * growth['1024']:.0f} ms: "
        f"{factor:.2f} times as long (goal: under 2.3)"
    )
    return ratio >= 2.5 and factor < 2.3


class PlainLightning(L.LightningModule):
    """What one writes first: PyTorch's own layers, dropout .1, a metric logged each step; ECG5000's sizes."""

    positions: Tensor
    decoder_positions: Tensor

    def __init__(self, pretrain: bool) -> None:
        super().__init__()

        def layer(dim: int, intermediate_dim: int) -> nn.Module:
            return nn.TransformerEncoderLayer(
                dim, 4, intermediate_dim, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
            )

        self.pretrain = pretrain
        self.embed = nn.Conv1d(1, 64, 3, padding=1)
        self.encoder = nn.Sequential(layer(64, 256), layer(64, 256), nn.LayerNorm(64))
        self.project, self.mask_token = nn.Linear(64, 32), nn.Parameter(torch.zeros(32))
        self.decoder = nn.Sequential(layer(32, 128), layer(32, 128), nn.LayerNorm(32), nn.Linear(32, 1))
        self.head = nn.Linear(64, CLASSES)
        self.register_buffer("positions", sincos_positions(LENGTH, 64))
        self.register_buffer("decoder_positions", sincos_positions(LENGTH, 32))

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Return the loss of series (batch, time, 1) and labels (batch,)."""
        series, labels = batch
        tokens = self.embed(series.transpose(1, 2)).transpose(1, 2) + self.positions
        if self.pretrain:
            loss = self.reconstruct(series, tokens)
        else:
            loss = F.cross_entropy(self.head(self.encoder(tokens).mean(dim=1)), labels)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def reconstruct(self, series: Tensor, tokens: Tensor) -> Tensor:
        """Hide three quarters of the tokens; return the mean squared error of their values."""
        order = torch.rand(series.shape[:2], device=series.device).argsort(dim=1)
        n_visible = LENGTH // 4
        visible, hidden = order[:, :n_visible], order[:, n_visible:]
        seen = self.project(self.encoder(take(tokens, visible)))
        tokens = torch.cat([seen, self.mask_token.expand(len(series), LENGTH - n_visible, -1)], dim=1)
        values = self.decoder(take(tokens, order.argsort(dim=1)) + self.decoder_positions)
        return F.mse_loss(take(values, hidden), take(series, hidden))

    def configure_optimizers(self) -> Any:
        """AdamW and one cycle, as Ti-MAE's own training has them."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=STEPS + 1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Clock(Callback):
    """Notes when each step ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def tick(self) -> bool:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())
        return False

    def on_train_batch_end(self, *_: object) -> None:
        self.tick()

    @property
    def steps(self) -> list[float]:
        """Seconds of each step after the first ones."""
        times = self.times[FIRST:]
        return [end - begin for begin, end in pairwise(times)]


def _plain(pretrain: bool, device: str) -> list[float]:
    clock, data = _Clock(), TensorDataset(torch.randn(640, LENGTH, 1), torch.randint(0, CLASSES, (640,)))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        trainer = L.Trainer(max_steps=STEPS, accelerator=device, devices=1, default_root_dir=folder, callbacks=[clock])
        trainer.fit(PlainLightning(pretrain), DataLoader(data, BATCH, shuffle=True))
    return clock.steps


def _ours(task: Task, device: str) -> list[float]:
    clock, series, labels = _Clock(), torch.randn(640, LENGTH, 1), torch.randint(0, CLASSES, (640,))
    batches = Batches(series, labels, Budget(STEPS, BATCH, accelerated=True), 0)
    run_task(task, batches, "speed", Session(device, stop=clock.tick))
    return clock.steps


def train(rounds: int, device: str) -> bool:
    """Time our training steps against plain Lightning's."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")

    def autoencoder(decoder: DecoderConfig) -> Callable[[], list[float]]:
        pretraining = Pretraining(1, decoder=decoder)
        return lambda: _ours(PretrainingTask(MaskedAutoencoder(EncoderConfig(), pretraining), pretraining), device)

    sides: dict[str, Callable[[], list[float]]] = {
        "plain Lightning, pre-training": lambda: _plain(True, device),
        "timae, pre-training": autoencoder(DecoderConfig()),
        "timae-cross": autoencoder(DecoderConfig("cross")),
        "timae-cross, a third predicted": autoencoder(DecoderConfig("cross", predicted_ratio=1 / 3)),
        "plain Lightning, fine-tuning": lambda: _plain(False, device),
        "timae, fine-tuning": lambda: _ours(
            FinetuningTask(Classifier(EncoderConfig(), CLASSES), Finetuning(1)), device
        ),
    }
    goals = {"timae, pre-training": 2.5, "timae-cross": 4.0, "timae, fine-tuning": 2.5}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    memory: dict[str, float] = {}
    for _ in range(rounds):
        for name, side in sides.items():
            if device == "cuda":
                torch.cuda.reset_peak_memory_stats()
            seconds[name] += side()
            memory[name] = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else 0.0
    print(f"a training step on {device}, batch {BATCH}, length {LENGTH}, one thread")
    reached, plain = True, 0.0
    for name, times in seconds.items():
        median = statistics.median(times)
        plain = median if name.startswith("plain") else plain
        goal = f" (goal: {goals[name]})" if name in goals else ""
        peak = f", at most {memory[name]:.0f} MiB" if device == "cuda" else ""
        print(f"{name}: {1000 * median:.1f} ms, {plain / median:.2f} times as fast{goal}{peak}")
        reached &= plain / median >= goals.get(name, 0.0)
    return reached


def main(arguments: Sequence[str] | None = None) -> int:
    """Time what was asked for; returns 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m timae.speed", description=__doc__)
    parser.add_argument("what", choices=("mamba", "train"))
    parser.add_argument("--rounds", type=int, default=5, help="timings of each side")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of train")
    options = parser.parse_args(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no GPU here")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    reached = mamba(options.rounds) if options.what == "mamba" else train(options.rounds, options.device)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
