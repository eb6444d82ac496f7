"""Many small classifiers fine-tuned as one: K networks of a recipe, each with its own data, take their steps together.

A step of one alone is hundreds of small kernels, and a GPU waits for the next to be launched. Stacked, as many kernels
do K networks' work. The networks never meet: each has its own weights, head, batches and learning rates, and makes the
steps that it would make alone.

Axes: K for the networks, in front of what a single one has.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, replace_all_batch_norm_modules_, stack_module_state
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import update_bn

from timae.config import Finetuning
from timae.linear import TokenLinear
from timae.model import MultiscaleClassifier
from timae.training import adamw, crop_and_stretch, is_decayed

BACKENDS = [SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
"""Kinds of attention that PyTorch can map over models; others it would do one model after the other."""


class Stack:
    """K classifiers in fine-tuning.

    Args:
        models: of one recipe, on one device; classes may differ in number. They are left as they are.
        budget: of each; all networks get batches of one size.
        steps: of each network's own cycle of the learning rate, after which it stays as it is; None: the budget's.

    Raises:
        ValueError: no model, other numbers of steps than models, or a budget that balances classes.
    """

    def __init__(
        self, models: Sequence[MultiscaleClassifier], budget: Finetuning, steps: Sequence[int] | None = None
    ) -> None:
        steps = [budget.steps] * len(models) if steps is None else steps
        if not models or len(steps) != len(models):
            raise ValueError(f"expected models and as many numbers of steps, got {len(models)} and {len(steps)}")
        if budget.balanced:
            raise ValueError("a stack does not weigh classes: expected a budget that is not balanced")
        self.models, self.budget, self.taken = models, budget, 0
        device = models[0].head.weight.device
        self.n_classes = torch.tensor([model.head.out_features for model in models], device=device)
        most = int(self.n_classes.max())
        alike = [_alike(model, most) for model in models]
        self.one = alike[0].train()
        """Lends its form to all."""
        self.parameters, buffers = stack_module_state(alike)
        assert not buffers, buffers
        self.missing = torch.arange(most, device=device) >= self.n_classes.unsqueeze(1)
        """(K, most classes): True where a network has no such class."""
        trained = {name: p for name, p in self.one.named_parameters() if p.requires_grad}
        self.trained: list[Tensor] = [self.parameters[name] for name in trained]
        self.optimizer = adamw(((self.parameters[name], is_decayed(p)) for name, p in trained.items()), budget)
        self.shares = torch.stack([_shares(budget, n, max(steps)) for n in steps], dim=1).to(device)
        """(step, K): each network's learning rate, as a share of the highest."""

    def losses(self, series: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy (K,) of batches, series (K, batch, time, 1) and labels (K, batch), as F.cross_entropy has it.

        A class that a network does not have gets no probability, and no share of smoothed labels.
        """
        with sdpa_kernel(BACKENDS):
            logits = torch.vmap(lambda weights, x: functional_call(self.one, weights, (x,)))(self.parameters, series)
        missing = self.missing.unsqueeze(1)
        log_p = logits.masked_fill(missing, -torch.inf).log_softmax(dim=2)
        hit = -log_p.gather(2, labels.unsqueeze(2)).mean(dim=(1, 2))
        spread = -log_p.masked_fill(missing, 0.0).sum(dim=2).mean(dim=1) / self.n_classes
        return torch.lerp(hit, spread, self.budget.label_smoothing)

    def step(self, series: Tensor, labels: Tensor) -> Tensor:
        """Take a step of every network on random crops of its batch; returns losses (K,), of before it.

        Args:
            series: (K, batch, time, 1), stretched to one length.
            labels: (K, batch).
        """
        if self.budget.crop < 1:
            series = crop_and_stretch(series.flatten(0, 1), self.budget.crop).unflatten(0, series.shape[:2])
        self.optimizer.zero_grad()
        losses = self.losses(series, labels)
        torch.autograd.backward(losses.sum())  # no loss knows of another's weights
        if self.budget.clip is not None:
            self._clip(self.budget.clip)
        before = [p.detach().clone() for p in self.trained]
        self.optimizer.step()
        # AdamW's step, its decay too, is proportional to the learning rate: taken at the highest, and then shortened
        share = self.shares[self.taken]
        with torch.no_grad():
            for parameter, start in zip(self.trained, before, strict=True):
                parameter.copy_(torch.lerp(start, parameter, _beside(share, parameter)))
        self.taken += 1
        return losses.detach()

    def _clip(self, longest: float) -> None:
        """Shorten each network's gradient to this norm, as clip_grad_norm_ does."""
        gradients = [p.grad for p in self.trained if p.grad is not None]
        norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
        scale = (longest / (norms + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(_beside(scale, gradient))

    def unstack(self, series: Sequence[Tensor], batch_size: int = 256) -> list[MultiscaleClassifier]:
        """Return the networks apart, in evaluation mode.

        Args:
            series: each network's own train series (case, time, 1), two or more: the statistics of its batch norm,
                which training did without, are gathered from them.
            batch_size: cases that are looked at together, at most.
        """
        apart = []
        for k, (model, cases) in enumerate(zip(self.models, series, strict=True)):
            fitted = copy.deepcopy(model)
            with torch.no_grad():
                for name, parameter in fitted.named_parameters():
                    # a head has the rows of its own classes alone
                    parameter.copy_(self.parameters[name][k, : len(parameter)])
            update_bn(cases.tensor_split(-(-len(cases) // batch_size)), fitted)
            apart.append(fitted.eval())
        return apart


def _alike(model: MultiscaleClassifier, n_classes: int) -> MultiscaleClassifier:
    """Copy a model into the form that a stack maps over: so many classes, and batch norm that keeps no statistics."""
    alike = copy.deepcopy(model)
    alike.head = nn.Linear(model.head.in_features, n_classes, device=model.head.weight.device)
    with torch.no_grad():
        for padded, own in zip(alike.head.parameters(), model.head.parameters(), strict=True):
            padded.zero_()[: len(own)] = own
    replace_all_batch_norm_modules_(alike)
    for module in alike.modules():
        if isinstance(module, TokenLinear):  # its convolution is slow with weights for every network
            module.__class__ = nn.Linear  # type: ignore[assignment]
    return alike


def _shares(budget: Finetuning, steps: int, longest: int) -> Tensor:
    """Learning rates (longest,) of one cycle of so many steps, as shares of the highest; 0 after its end."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=budget.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, budget.lr, total_steps=steps, cycle_momentum=False)
    shares = torch.zeros(longest)
    for step in range(steps):
        shares[step] = optimizer.param_groups[0]["lr"] / budget.lr
        optimizer.step()
        if step < steps - 1:
            schedule.step()
    return shares


def _beside(values: Tensor, tensor: Tensor) -> Tensor:
    """Values (K,) in the form in which they are broadcast along a tensor (K, …)."""
    return values.view(-1, *[1] * (tensor.ndim - 1))
