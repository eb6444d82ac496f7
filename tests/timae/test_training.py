import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timae.config import Budget, DecoderConfig, EncoderConfig, Finetuning, Pretraining, Transformer
from timae.model import Classifier, MaskedAutoencoder
from timae.session import Session
from timae.training import (
    Batches,
    FinetuningTask,
    PretrainingTask,
    balance,
    compiled,
    crop_and_stretch,
    derive_seed,
    train,
)

BLOCK = Transformer(num_heads=2, intermediate_dim=16)
ENCODER = EncoderConfig(emb_size=8, block=BLOCK)
DECODER = DecoderConfig(emb_size=8, block=BLOCK)


def numbered(n: int) -> torch.Tensor:
    return torch.arange(float(n)).reshape(n, 1, 1).expand(n, 4, 1)


@given(n=st.integers(1, 40), size=st.integers(1, 50), steps=st.integers(1, 20), seed=st.integers(0, 5))
def test_batches_are_full_and_deal_every_case_equally_often(n: int, size: int, steps: int, seed: int) -> None:
    batches = Batches(numbered(n), torch.arange(n), Budget(steps, size), seed)
    dealt = [(series[:, 0, 0].long(), labels) for series, labels, _ in batches]
    assert len(dealt) == len(batches) == steps
    assert {len(cases) for cases, _ in dealt} == {min(n, size)}
    count = torch.cat([cases for cases, _ in dealt]).bincount(minlength=n)
    assert count.max() - count.min() <= 1
    assert all(torch.equal(cases, labels) for cases, labels in dealt if labels is not None)
    again = [series[:, 0, 0].long() for series, _, _ in Batches(numbered(n), None, Budget(steps, size), seed)]
    assert all(torch.equal(a, b) for (a, _), b in zip(dealt, again, strict=True))


def test_seeds_of_different_places_differ() -> None:
    places = [(0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0)]
    assert len({derive_seed(*place) for place in places}) == len(places)
    assert derive_seed(3, 1) == derive_seed(3, 1)


@given(least=st.floats(0.05, 1.0), time=st.integers(2, 30), seed=st.integers(0, 9))
@settings(deadline=None)
def test_a_crop_of_a_ramp_is_a_ramp_of_its_share(least: float, time: int, seed: int) -> None:
    torch.manual_seed(seed)
    ramp = torch.linspace(0, 1, time).reshape(1, time, 1).expand(16, time, 1)
    out = crop_and_stretch(ramp, least)[..., 0]
    assert out.shape == (16, time)
    share = out[:, -1] - out[:, 0]
    assert (share >= least - 1e-5).all()
    assert (share <= 1 + 1e-5).all()
    assert (out >= -1e-5).all()
    assert (out <= 1 + 1e-5).all()
    steps = out.diff(dim=1)
    torch.testing.assert_close(steps, (share / (time - 1)).unsqueeze(1).expand_as(steps), rtol=1e-3, atol=1e-5)


def test_rare_classes_weigh_more_within_limits() -> None:
    assert balance(torch.tensor([0, 0, 0, 1]), 2).tolist() == [0.5, 1.5]
    assert balance(torch.tensor([0] * 1000 + [1]), 2).tolist() == pytest.approx([0.1, 2000 / 1001])
    assert balance(torch.tensor([0, 0]), 3).isfinite().all()


def test_training_moves_the_loss_and_follows_one_cycle() -> None:
    torch.manual_seed(0)
    rates: list[float] = []
    pretraining = Pretraining(100, 32, lr=0.01, decoder=DECODER, mask_ratio=0.25)
    task = PretrainingTask(MaskedAutoencoder(ENCODER, pretraining), pretraining)

    def watch() -> bool:
        rates.append(task.trainer.optimizers[0].param_groups[0]["lr"])
        return False

    wave = torch.sin(torch.linspace(0, 12, 24) + torch.rand(32, 1) * 6).unsqueeze(-1)
    losses = train(task, Batches(wave, None, task.budget, 0), "pretrain", Session(stop=watch))
    assert len(losses) == len(rates) == 100
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])
    assert max(rates) == pytest.approx(0.01, rel=0.02)
    assert rates[-1] < 1e-4
    assert not task.model.training


def test_norms_biases_and_tokens_are_not_decayed() -> None:
    task = FinetuningTask(
        Classifier(EncoderConfig(emb_size=8, block=BLOCK, cls_embed=True), 2), Finetuning(1, weight_decay=0.3)
    )
    seen: list[dict[str, object]] = []

    def watch() -> bool:
        seen.extend(task.trainer.optimizers[0].param_groups)
        return False

    train(
        task,
        Batches(torch.randn(4, 6, 1), torch.tensor([0, 1, 0, 1]), task.budget, 0),
        "f",
        Session(stop=watch),
    )
    decays = {id(p): group["weight_decay"] for group in seen for p in group["params"]}  # type: ignore[attr-defined]
    for name, parameter in task.model.named_parameters():
        assert decays[id(parameter)] == (0.3 if parameter.ndim > 1 else 0.0), name


def test_several_maskings_of_a_batch_are_averaged() -> None:
    pretraining = Pretraining(1, maskings=3, decoder=DECODER)
    task = PretrainingTask(MaskedAutoencoder(ENCODER, pretraining), pretraining)
    series, valid = torch.randn(4, 12, 1), torch.ones(4, 12, dtype=torch.bool)
    torch.manual_seed(1)
    loss = task.loss((series, None, valid))
    torch.manual_seed(1)
    torch.testing.assert_close(loss, task.model(series.repeat(3, 1, 1), valid.repeat(3, 1)).loss)


def test_class_weights_weigh_the_loss() -> None:
    model = Classifier(ENCODER, 2)
    batch = (torch.randn(2, 6, 1), torch.tensor([0, 1]), None)
    each = torch.nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")
    loss = FinetuningTask(model, Finetuning(1), torch.tensor([1.0, 3.0])).loss(batch)
    torch.testing.assert_close(loss, (each[0] + 3 * each[1]) / 4)


def test_a_loss_that_is_no_number_ends_training() -> None:
    series = torch.full((4, 8, 1), math.inf)
    task = FinetuningTask(Classifier(ENCODER, 2), Finetuning(2))
    with pytest.raises(FloatingPointError, match="the loss became nan at step 0 of 2"):
        train(task, Batches(series, torch.tensor([0, 1, 0, 1]), task.budget, 0), "finetune", Session())


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("kind", ["self", "cross", "classifier"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_step_is_one_graph_that_never_asks_the_device(kind: str, padded: bool) -> None:
    """What cannot be traced whole would have to wait for the GPU in the middle of a step."""
    series, labels = torch.randn(4, 12, 1), torch.tensor([0, 1, 0, 1])
    valid = torch.arange(12) < torch.tensor([[12], [8], [5], [12]]) if padded else None
    encoder = EncoderConfig(emb_size=8, block=BLOCK, cls_embed=True, num_layers=1)
    task: PretrainingTask | FinetuningTask
    if kind == "classifier":
        task = FinetuningTask(Classifier(encoder, 2), Finetuning(1, crop=0.7))
    else:
        decoder = DecoderConfig("self" if kind == "self" else "cross", emb_size=8, num_layers=1, block=BLOCK)
        pretraining = Pretraining(1, decoder=decoder)
        task = PretrainingTask(MaskedAutoencoder(encoder, pretraining), pretraining)
    compiled = torch.compile(task.loss, backend="aot_eager", fullgraph=True)
    results = []
    for loss_of in (task.loss, compiled):
        torch.manual_seed(5)
        task.zero_grad()
        loss = loss_of((series, labels, valid))
        loss.backward()
        results.append([loss.detach(), *(copy.deepcopy(p.grad) for p in task.parameters())])
    torch.testing.assert_close(results[1], results[0])


def test_acceleration_is_for_gpus_alone() -> None:
    losses = []
    for accelerated in (False, True):
        torch.manual_seed(0)
        training = Finetuning(3, accelerated=accelerated)
        task = FinetuningTask(Classifier(ENCODER, 2), training)
        batches = Batches(torch.arange(48.0).sin().reshape(4, 12, 1), torch.tensor([0, 1, 0, 1]), training, 0)
        losses.append(train(task, batches, "finetune", Session()))
        assert task.compiled_loss is None
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"steps": 1, "batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"steps": 1, "maskings": 0}, "maskings must be at least 1, got 0"),
        ({"steps": 1, "mask_span": 0}, "mask_span must be at least 1, got 0"),
        ({"steps": 1, "mask_ratio": 1.0}, "mask_ratio must lie between 0 and 1, got 1.0"),
        ({"steps": 1, "crop": 1.5}, r"crop must lie in \(0, 1\], got 1.5"),
    ],
)
def test_impossible_budgets_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pretraining(**changes)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")  # PyTorch's compiler itself calls it
def test_the_tenth_training_of_a_process_is_compiled_too() -> None:
    """Counted by a compiler that returns what it is given: what is asked is whether PyTorch calls one at all."""
    n_compiled = 0

    def count(graph: torch.fx.GraphModule, _: list[torch.Tensor]) -> Callable[..., Any]:
        nonlocal n_compiled
        n_compiled += 1
        return graph.forward

    for k in range(10):
        task = FinetuningTask(Classifier(ENCODER, 2), Finetuning(1))
        compiled(task.loss)
        torch.compile(task.loss, backend=count, dynamic=False)((torch.randn(2, 8 + k, 1), torch.tensor([0, 1]), None))
        assert n_compiled > k
