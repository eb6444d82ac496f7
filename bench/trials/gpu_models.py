"""What a GPU makes of the models alone: Mamba-2's kernels, steps of training, and many trainings as one."""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.trials.gpu_part import Figures, Plan, Surroundings
from timae.architectures import ARCHITECTURES
from timae.config import Recipe
from timae.fit import build
from timae.mamba import kernels as installed_kernels
from timae.mamba import scan_chunks, scan_steps
from timae.model import MaskedAutoencoder, MultiscaleClassifier
from timae.presets import PRESETS
from timae.stacked import Stack
from timae.training import Batch, Batches, FinetuningTask, PretrainingTask, Task, compiled

CASES, LENGTH, CLASSES, BATCH = 640, 140, 5, 64
"""Made-up series, of the sizes of ECG5000."""
LENGTHS = (17, 140, 512, 1024)
HEADS, WIDTH, STATES = 16, 8, 64
"""Those of timae-mamba."""
BOUNDS = {"timae": 1e-4, "mamba-ssm": 1e-2}
"""Of the largest difference from the truth, as a share of the truth's largest number. Ours computes in float32;
Triton's matrix products take TF32, with 10 bits behind the point."""
STACKS = (1, 16, 64, 111)
MODES = ("eager", "captured", "compiled")
"""Kernel after kernel; the whole step as one CUDA graph, not compiled; loss and gradients compiled and captured by
torch.compile's reduce-overhead, as accelerated recipes are trained. The slowest to begin comes last."""


def kernels(where: Surroundings) -> Plan:
    """Our scan and mamba-ssm's against the recurrence in float64: output, all gradients, and time."""
    lengths = LENGTHS[:1] if where.tiny else LENGTHS
    missing = "mamba-ssm's kernels want a GPU" if where.tiny else "mamba-ssm is not installed: make cuda"
    theirs = None if where.tiny else installed_kernels().get("mamba_chunk_scan_combined")
    scan = theirs and partial(theirs, chunk_size=256, dt_softplus=True)
    plan: dict[str, Callable[[], Figures] | str] = {}
    for length in lengths:
        plan[f"timae, length {length}"] = partial(_compare, "timae", _ours, length, where.device)
    for length in lengths:
        plan[f"mamba-ssm, length {length}"] = (
            partial(_compare, "mamba-ssm", scan, length, where.device) if scan else missing
        )
    return plan


Scan = Callable[..., Tensor]
"""Of x, dt, A, B, C, D and dt_bias, as mamba_chunk_scan_combined takes them."""


def _ours(x: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, *, D: Tensor, dt_bias: Tensor) -> Tensor:
    dt = F.softplus(dt + dt_bias)
    return scan_chunks(x, dt, dt * A, B, C, chunk_size=32) + D.unsqueeze(-1) * x


def _truth(x: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, *, D: Tensor, dt_bias: Tensor) -> Tensor:
    dt = F.softplus(dt + dt_bias)
    return scan_steps(x, dt, dt * A, B, C) + D.unsqueeze(-1) * x


def _inputs(batch: int, length: int, device: str) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(length)
    shapes = {
        "x": (batch, length, HEADS, WIDTH), "dt": (batch, length, HEADS), "A": (HEADS,),
        "B": (batch, length, 1, STATES), "C": (batch, length, 1, STATES), "D": (HEADS,), "dt_bias": (HEADS,),
    }  # fmt: skip
    values = {name: torch.randn(*shape, generator=generator) for name, shape in shapes.items()}
    values["A"] = -torch.exp(values["A"])
    values["dt_bias"] -= 3.0  # steps of some .05, as in Mamba-2 before training
    return {name: value.to(device) for name, value in values.items()}


def _results(scan: Scan, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """A scan's output, and the gradient of each of its inputs."""
    given = {name: value.detach().requires_grad_() for name, value in inputs.items()}
    x, dt, A, B, C, D, dt_bias = given.values()
    out = scan(x, dt, A, B, C, D=D, dt_bias=dt_bias)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(0)).to(out)
    torch.autograd.backward((out * weight).sum())
    gradients = {name: value.grad for name, value in given.items() if value.grad is not None}
    assert gradients.keys() == given.keys()
    return {"output": out.detach(), **gradients}


def _compare(name: str, scan: Scan, length: int, device: str) -> Figures:
    inputs = _inputs(2, length, device)
    start = time.perf_counter()
    found = _results(scan, inputs)
    _wait_for(device)
    first = time.perf_counter() - start
    figures = _differences(found, _results(_truth, {key: value.double() for key, value in inputs.items()}))
    figures |= {"bound": BOUNDS[name], "passed": figures["largest_relative"] <= BOUNDS[name], "first_seconds": first}
    if name != "timae":
        figures["against timae"] = _differences(found, _results(_ours, inputs))
    batch = 2 if device == "cpu" else BATCH
    wide = _inputs(batch, length, device)
    _results(scan, wide)
    seconds = _time(lambda: _results(scan, wide), 3 if device == "cpu" else 20, 1, device)
    return {**figures, "batch": batch, "forward_backward_ms": 1000 * statistics.median(seconds)}


def _differences(found: dict[str, Tensor], true: dict[str, Tensor]) -> Figures:
    """Largest differences of output and gradients, and relative to the largest true number of each."""
    absolute = {name: (found[name].double() - true[name].double()).abs().max().item() for name in true}
    relative = {name: absolute[name] / true[name].abs().max().item() for name in true}
    return {"largest_relative": max(relative.values()), "absolute": absolute, "relative": relative}


def steps(where: Surroundings) -> Plan:
    """Training steps of timae, a token a time point, and of timae-ms, as they are launched in three ways."""
    plan: dict[str, Callable[[], Figures] | str] = {}
    for mode in MODES:
        for precision in ("bfloat16", "float32"):
            for method in ("timae", "timae-ms"):
                for phase in ("finetune", "pretrain"):
                    plan[f"{method}, {phase}, {precision}, {mode}"] = (
                        f"{mode} steps want a GPU"
                        if where.tiny and mode != "eager"
                        else partial(_step, method, phase, precision, mode, where)
                    )
    return plan


def _step(method: str, phase: str, precision: str, mode: str, where: Surroundings) -> Figures:
    torch.manual_seed(0)
    task = _task(ARCHITECTURES[method].recipe(PRESETS["smoke" if where.tiny else "quick"]), phase, method == "timae")
    narrow = precision == "bfloat16"
    # a cast that is kept would not be done again when a graph is replayed
    cast = torch.autocast(where.device, torch.bfloat16, enabled=narrow, cache_enabled=mode != "captured")
    return _measure(task, mode, cast, where)


def _task(recipe: Recipe, phase: str, tokens: bool) -> Task:
    """A phase of a recipe; of the paper's model with a token a time point and batches of BATCH."""
    pretraining, finetuning = recipe.pretraining, recipe.finetuning
    assert pretraining
    assert finetuning
    if tokens:
        pretraining, finetuning = replace(pretraining, batch_size=BATCH), replace(finetuning, batch_size=BATCH)
        recipe = replace(recipe, max_tokens=LENGTH)
    if phase == "pretrain":
        return PretrainingTask(MaskedAutoencoder(recipe.encoder, pretraining), pretraining)
    return FinetuningTask(build(recipe, LENGTH, CLASSES), finetuning)


def _measure(task: Task, mode: str, cast: AbstractContextManager[object], where: Surroundings) -> Figures:
    """Time a task's steps, on batches that are cut as in training."""
    blocks, in_block = (2, 2) if where.tiny else (20, 10)
    resolutions = task.pretraining.resolutions if isinstance(task, PretrainingTask) else ()
    warm_up = 3 * max(len(resolutions), 1)
    many = replace(task.budget, steps=warm_up + (blocks + 1) * in_block)
    batches = Batches(torch.randn(CASES, LENGTH, 1), torch.randint(0, CLASSES, (CASES,)), many, 0)
    batches.to(where.device)
    task.to(where.device).train()
    if where.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    stream = iter(batches)
    start = time.perf_counter()
    step = _captured(task, next(stream), resolutions, cast) if mode == "captured" else _launched(task, mode, cast)
    for _ in range(warm_up):
        loss = step(next(stream))
    _wait_for(where.device)
    first = time.perf_counter() - start
    seconds = statistics.median(_time(lambda: step(next(stream)), blocks, in_block, where.device))
    figures: Figures = {
        "step_ms": 1000 * seconds,
        "steps_per_second": 1 / seconds,
        # of the first steps, what they would have taken later left out
        "compilation_seconds": max(first - warm_up * seconds, 0.0),
        "batch_size": batches.size,
        "loss": float(loss),
    }
    if where.device == "cuda":
        figures["peak_memory_mib"] = torch.cuda.max_memory_allocated() / 2**20
    return figures


def _launched(task: Task, mode: str, cast: AbstractContextManager[object]) -> Callable[[Batch], Tensor]:
    """A step, kernel by kernel, or with a compiled loss, as timae.training takes them."""
    loss_of = compiled(task.loss) if mode == "compiled" else task.loss
    optimizer = task.adamw()

    def step(batch: Batch) -> Tensor:
        optimizer.zero_grad()
        with cast:
            loss = loss_of(batch)
        _update(task, loss, optimizer)
        return loss.detach().clone()  # the next step of a compiled graph writes over what it returned

    return step


def _captured(
    task: Task, first: Batch, resolutions: tuple[int, ...], cast: AbstractContextManager[object]
) -> Callable[[Batch], Tensor]:
    """A step that is replayed: a graph for each resolution that pre-training may draw."""
    # what a graph reads lies where it lay; a tensor holds the rate, so that a schedule can change it
    held = [None if values is None else values.clone() for values in first]
    rate = torch.tensor(task.budget.lr, device=first[0].device)
    optimizer = task.adamw(capturable=True, lr=rate)
    graphs = []

    def step() -> Tensor:
        optimizer.zero_grad()
        with cast:
            loss = task.loss((held[0], held[1], held[2]))  # type: ignore[arg-type]
        _update(task, loss, optimizer)
        return loss.detach()

    for resolution in resolutions or (None,):
        if isinstance(task, PretrainingTask):
            task.resolution = resolution
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = step()
        graphs.append((graph, loss))

    def replay(batch: Batch) -> Tensor:
        for place, values in zip(held, batch, strict=True):
            if place is not None and values is not None:
                place.copy_(values)
        graph, loss = graphs[int(torch.randint(len(graphs), ()))]
        graph.replay()
        return loss

    return replay


def _update(task: Task, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    torch.autograd.backward(loss)
    if task.budget.clip is not None:
        torch.nn.utils.clip_grad_norm_(task.parameters(), task.budget.clip)
    optimizer.step()


def stacked(where: Surroundings) -> Plan:
    """Fine-tunings of timae-ms-scratch as one stack, against one alone."""
    recipe = ARCHITECTURES["timae-ms"].recipe(PRESETS["smoke" if where.tiny else "quick"])
    sizes = (*STACKS[:1], 2) if where.tiny else STACKS
    return {
        "alone": partial(_alone, recipe, where),
        **{f"{k} stacked": partial(_stacked, k, recipe, where) for k in sizes},
    }


def _alone(recipe: Recipe, where: Surroundings) -> Figures:
    figures = _measure(_task(recipe, "finetune", tokens=False), "eager", nullcontext(), where)
    return _worth(1, figures["steps_per_second"], recipe) | {"batch_size": figures["batch_size"]}


def _stacked(k: int, recipe: Recipe, where: Surroundings) -> Figures:
    torch.manual_seed(0)
    assert recipe.finetuning
    blocks, in_block = (2, 2) if where.tiny else (10, 10)
    budget = replace(recipe.finetuning, steps=(blocks + 1) * in_block)
    models = [build(recipe, LENGTH, 2 + i % 9).to(where.device) for i in range(k)]
    stack = Stack([model for model in models if isinstance(model, MultiscaleClassifier)], budget)
    n, network = CASES // 10, torch.arange(k, device=where.device).unsqueeze(1)
    series = torch.randn(k, n, LENGTH, 1, device=where.device)
    labels = torch.randint(0, 2, (k, n), device=where.device)
    if where.device == "cuda":
        torch.cuda.reset_peak_memory_stats()

    def step() -> Tensor:
        drawn = torch.rand(k, n, device=where.device).argsort(dim=1)[:, : budget.batch_size]
        return stack.step(series[network, drawn], labels[network, drawn])

    for _ in range(in_block):
        step()
    _wait_for(where.device)
    seconds = statistics.median(_time(step, blocks, in_block, where.device))
    figures = _worth(k, 1 / seconds, recipe) | {"batch_size": budget.batch_size}
    if where.device == "cuda":
        figures["peak_memory_mib"] = torch.cuda.max_memory_allocated() / 2**20
    return figures


def _worth(k: int, steps_per_second: float, recipe: Recipe) -> Figures:
    """What steps of k networks mean in fine-tunings an hour; what a run does beside its steps is left out."""
    assert recipe.finetuning
    return {
        "steps_per_second": steps_per_second,
        "network_steps_per_second": k * steps_per_second,
        "finetunings_per_hour": 3600 * k * steps_per_second / recipe.finetuning.steps,
    }


def _time(step: Callable[[], object], blocks: int, in_block: int, device: str) -> list[float]:
    """Seconds a step, of each block of steps that are launched without waiting for one another."""
    seconds = []
    for _ in range(blocks):
        start = time.perf_counter()
        for _ in range(in_block):
            step()
        _wait_for(device)
        seconds.append((time.perf_counter() - start) / in_block)
    return seconds


def _wait_for(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
