"""A linear head on the features of a frozen encoder, which learns by gradient: linear probing."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class LinearHead(nn.Module):
    """Logits (case, class) of features (case, width), which it scales as those of a train split ask for."""

    mean: Tensor
    scale: Tensor

    def __init__(self, train: Tensor, n_classes: int) -> None:
        """Take the scale of each feature from train features (case, width); weights start at 0."""
        super().__init__()
        scale, mean = torch.std_mean(train, dim=0, correction=0)
        constant = scale < 1e-6 * mean.abs().clamp(min=0.01)
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale.masked_fill(constant, torch.inf))
        self.linear = nn.Linear(train.shape[1], n_classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor, _: Tensor | None = None) -> Tensor:
        """Map features (case, width) to logits (case, class)."""
        logits: Tensor = self.linear((features - self.mean) / self.scale)
        return logits

    @torch.inference_mode()
    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Softmax of the logits (case, class)."""
        probabilities: NDArray[np.float64] = self(torch.from_numpy(features)).double().softmax(dim=1).numpy()
        return probabilities
