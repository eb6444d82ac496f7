from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from timae.config import Finetuning
from timae.fit import build
from timae.model import MultiscaleClassifier
from timae.presets import PRESETS
from timae.stacked import Stack
from timae.training import FinetuningTask

RECIPE = replace(PRESETS["smoke"].multiscale.recipe, resolutions=(32, 16))
CLASSES = (2, 5, 3)
BUDGET = Finetuning(6, 8, lr=1e-2, clip=0.05, label_smoothing=0.1, weight_decay=0.1)


def some_models() -> list[MultiscaleClassifier]:
    torch.manual_seed(0)
    models = [build(RECIPE, 24, n) for n in CLASSES]
    assert all(isinstance(model, MultiscaleClassifier) for model in models)
    return models  # type: ignore[return-value]


def some_batches(n: int) -> tuple[Tensor, Tensor]:
    """Series (n, K, batch, time, 1) and labels (n, K, batch)."""
    generator = torch.Generator().manual_seed(1)
    labels = [torch.randint(k, (n, 8), generator=generator) for k in CLASSES]
    return torch.randn(n, len(CLASSES), 8, 24, 1, generator=generator), torch.stack(labels, dim=1)


def test_stacked_models_have_the_losses_and_gradients_that_they_have_alone() -> None:
    models = some_models()
    (series,), (labels,) = some_batches(1)
    stack = Stack(models, BUDGET)
    losses = stack.losses(series, labels)
    losses.sum().backward()
    for k, model in enumerate(models):
        loss = F.cross_entropy(model.train()(series[k]), labels[k], label_smoothing=BUDGET.label_smoothing)
        loss.backward()
        torch.testing.assert_close(losses[k], loss, rtol=1e-5, atol=1e-5)
        for name, parameter in model.named_parameters():
            stacked = stack.parameters[name]
            if not parameter.requires_grad:
                assert stacked.grad is None, name
                continue
            assert parameter.grad is not None
            assert stacked.grad is not None
            own, padding = stacked.grad[k, : len(parameter)], stacked.grad[k, len(parameter) :]
            torch.testing.assert_close(
                own, parameter.grad, rtol=1e-5, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}"
            )
            assert not padding.any(), name
    assert sum(p.grad is not None for p in stack.parameters.values()) > 15


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_stacked_models_learn_what_they_learn_alone_each_at_its_own_rate(smoothing: float) -> None:
    budget, steps = replace(BUDGET, label_smoothing=smoothing), (6, 4, 5)
    models = some_models()
    series, labels = some_batches(6)
    stack = Stack(models, budget, steps)
    for batch in zip(series, labels, strict=True):
        stack.step(*batch)
    apart = stack.unstack([series[:, k].flatten(0, 1) for k in range(3)])
    for k, (model, n) in enumerate(zip(models, steps, strict=True)):
        start = model.head.weight.detach().clone()
        _train_alone(model, budget, n, series[:, k], labels[:, k])
        assert (model.head.weight - start).abs().max() > 1e-3
        for (name, alone), stacked in zip(model.named_parameters(), apart[k].parameters(), strict=True):
            torch.testing.assert_close(
                stacked, alone, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
            )


def _train_alone(model: MultiscaleClassifier, budget: Finetuning, steps: int, series: Tensor, labels: Tensor) -> None:
    optimizer = FinetuningTask(model, budget).adamw()
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, budget.lr, total_steps=steps, cycle_momentum=False)
    for x, y in zip(series[:steps], labels[:steps], strict=True):
        optimizer.zero_grad()
        F.cross_entropy(model.train()(x), y, label_smoothing=budget.label_smoothing).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), budget.clip or 0)
        optimizer.step()
        schedule.step()


def test_unstacked_models_normalise_by_their_own_series() -> None:
    series = torch.randn(3, 20, 24, 1) * torch.tensor([1.0, 3.0, 9.0]).view(3, 1, 1, 1)
    models = some_models()
    for model, own, whole in zip(Stack(models, BUDGET).unstack([*series]), series, models, strict=True):
        pooled = whole.represent(own)
        assert not model.training
        torch.testing.assert_close(model.norm.running_mean, pooled.mean(dim=0))
        torch.testing.assert_close(model.norm.running_var, pooled.var(dim=0))
        torch.testing.assert_close(
            model.norm(model.represent(own)).mean(dim=0), torch.zeros(pooled.shape[1]), atol=1e-3, rtol=0
        )
        assert model.head.out_features == whole.head.out_features


def test_crops_change_what_a_step_sees() -> None:
    (series,), (labels,) = some_batches(1)
    whole = Stack(some_models(), BUDGET).step(series, labels)
    cropped = Stack(some_models(), replace(BUDGET, crop=0.5)).step(series, labels)
    assert (whole - cropped).abs().min() > 1e-4


def test_what_a_stack_cannot_do_is_refused() -> None:
    models = some_models()
    with pytest.raises(ValueError, match="as many numbers of steps, got 3 and 2"):
        Stack(models, BUDGET, (1, 2))
    with pytest.raises(ValueError, match="got 0 and 0"):
        Stack([], BUDGET)
    with pytest.raises(ValueError, match="not balanced"):
        Stack(models, replace(BUDGET, balanced=True))
