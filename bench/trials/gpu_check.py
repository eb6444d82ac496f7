"""What the project claims about GPUs, measured on the machine at hand, into one file named after its card.

Each part has a process of its own and a share of the time: a part that fails, hangs or breaks the GPU's context costs
its own figures alone, and the file is written anew with every figure.
"""

import contextlib
import datetime
import json
import multiprocessing
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.cli.asked import UsageError
from bench.contest.machine import environment
from bench.places.interruption import interruptible
from bench.places.machine import gpus
from bench.trials.gpu_part import TIME_WAS_OUT, Figures, Plan, Surroundings
from timae.files import written_whole

PARTS = {"kernels": 0.28, "step": 0.24, "packed": 0.24, "stacked": 0.08, "paper": 0.16}
"""Each part's share of the time; what one leaves over goes to those after it, as the kernels do if they are compiled
sooner than feared."""
PACKAGES = ("torch", "triton", "mamba-ssm", "causal-conv1d", "lightning")


def check(device: str, out: Path, minutes: float) -> int:
    """Measure all parts, and write what was found.

    Args:
        device: cuda or cpu.
        out: the folder of the file.
        minutes: that all parts together may take.

    Returns:
        0, or 1 if something failed or missed its bound; that time was out is no failure.

    Raises:
        UsageError: there is no GPU that PyTorch can use.
    """
    machine = _machine(device)
    path = out / f"{re.sub('[^a-z0-9]+', '-', machine['card'].lower()).strip('-')}.json"
    parts: dict[str, Any] = {}
    ends = time.monotonic() + 60 * minutes
    with interruptible(), tempfile.TemporaryDirectory(prefix="gpu-check-", ignore_cleanup_errors=True) as folder:
        for name, share in PARTS.items():
            now, rest = time.monotonic(), sum(list(PARTS.values())[len(parts) :])
            until = now + max(ends - now, 0.0) * share / rest
            parts[name] = part = {"seconds": 0.0, "figures": {}, "left_out": {}}
            for line in _measure(name, part, Surroundings(device, until, Path(folder), dict(parts))):
                print(f"{name}: {line}", flush=True)  # noqa: T201
                part["seconds"] = round(time.monotonic() - now, 1)
                with written_whole(path) as file:
                    file.write(json.dumps({**machine, "minutes": minutes, "parts": parts}, indent=1).encode())
    failed = [
        f"{name}, {what}"
        for name, part in parts.items()
        for what in (
            *(what for what, figures in part["figures"].items() if not figures.get("passed", True)),
            *(what for what, reason in part["left_out"].items() if reason.startswith("failed")),
        )
    ]
    print(f"{path}{': failed: ' if failed else ''}{'; '.join(failed)}")  # noqa: T201
    return 1 if failed else 0


def _measure(name: str, part: dict[str, Any], surroundings: Surroundings) -> Iterator[str]:
    """Let a process measure a part, until its time is out; gives a line for each thing that has come into the part."""
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_carry_out, args=(name, surroundings, writer))
    process.start()
    writer.close()
    planned = ["all of it"]
    why = TIME_WAS_OUT
    try:
        while reader.poll(max(surroundings.ends - time.monotonic(), 0.0)):
            try:
                message = reader.recv()
            except EOFError:
                process.join()
                why = f"failed: its process ended with exit code {process.exitcode}"
                break
            if isinstance(message, list):
                planned = message
                continue
            what, figures = message
            planned.remove(what)
            part["left_out" if isinstance(figures, str) else "figures"][what] = figures
            yield f"{what}: {figures if isinstance(figures, str) else _told(figures)}"
    finally:
        _end(process)
    for what in planned:
        part["left_out"][what] = why
        yield f"{what}: {why}"


def _end(process: "multiprocessing.process.BaseProcess") -> None:
    """End a part's process, and what it has started."""
    assert process.pid
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it had not come to have a group, or has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _carry_out(name: str, surroundings: Surroundings, findings: Connection) -> None:
    """Measure a part, in its own process; what is planned is sent first, then each finding, or why there is none."""
    os.setpgid(0, 0)
    os.environ |= surroundings.environment()
    plan = _plan(name, surroundings)
    findings.send(list(plan))
    for what, measure in plan.items():
        try:
            found = measure if isinstance(measure, str) else measure()
        except Exception as error:  # the others go on
            found = f"failed: {type(error).__name__}: {' '.join(str(error).split())}"
        findings.send((what, found))


def _plan(name: str, surroundings: Surroundings) -> Plan:
    """What a part is to measure; its libraries must meet their environment first, and contests need no torch here."""
    if name in ("packed", "paper"):
        from bench.trials import gpu_contests  # noqa: PLC0415

        return {"packed": gpu_contests.packed, "paper": gpu_contests.paper}[name](surroundings)
    from bench.trials import gpu_models  # noqa: PLC0415

    models = {"kernels": gpu_models.kernels, "step": gpu_models.steps, "stacked": gpu_models.stacked}
    return models[name](surroundings)


def _machine(device: str) -> dict[str, Any]:
    """Return what the figures were measured on and with.

    Raises:
        UsageError: there is no GPU that PyTorch can use.
    """
    import torch  # noqa: PLC0415 (slow)

    if device == "cuda" and not (gpus() and torch.cuda.is_available()):
        raise UsageError(
            f"expected an NVIDIA GPU that PyTorch can use, got none (torch {torch.__version__}): see whether "
            f"nvidia-smi lists one and torch was built with CUDA, or try --device cpu"
        )
    card, driver = "cpu", None
    if device == "cuda":
        asked = ["nvidia-smi", "-i", gpus()[0], "--query-gpu=name,driver_version", "--format=csv,noheader"]
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603
        card, driver = (word.strip() for word in said.strip().split(","))
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return {
        "card": card,
        "driver": driver,
        "cuda": torch.version.cuda,
        "versions": versions,
        **{name: value for name, value in environment().items() if name != "runs at a time"},
        "began_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _told(figures: Figures) -> str:
    """Figures in a line."""
    words = []
    for name, value in figures.items():
        told = f"({_told(value)})" if isinstance(value, dict) else f"{value:.4g}" if isinstance(value, float) else value
        words.append(f"{name} {told}")
    return ", ".join(words)
