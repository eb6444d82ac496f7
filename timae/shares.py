"""Rich features of a frozen encoder: the share of its tokens above some thresholds, and the highest token.

The share of positive values is what a ROCKET classifier takes from its random kernels, with thresholds from
quantiles of the train split as in MiniRocket (arXiv:1910.13051, Section 3.2; arXiv:2012.08791).
Here the kernels are an encoder's: its embedding, and what leaves each of its blocks.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timae.config import WIDTH, Ridge, View
from timae.encoder import Encoder
from timae.products import READ, Streamed
from timae.views import show

SAMPLE = 2048
"""Tokens whose quantiles become thresholds."""


class Shares:
    """Features of series by a frozen encoder: for each view, layer and channel, shares and a maximum."""

    def __init__(self, encoder: Encoder, train: Tensor, ridge: Ridge, seed: int) -> None:
        """Take thresholds from series (case, time, 1) of a train split; how fine to look, from their length."""
        self.encoder = encoder.eval()
        self.views = ridge.views(train.shape[1])
        self.thresholds: dict[View, list[Tensor]] = {}
        generator = torch.Generator().manual_seed(seed)
        # as many cases as SAMPLE tokens need several times over: neighbouring tokens say much the same
        cases = train[torch.randperm(len(train), generator=generator)[:64]]
        for view in self.views:
            self.thresholds[view] = [_quantiles(x, ridge.n_thresholds, generator) for x in self._layers(cases, view)]

    def __call__(self, series: Tensor) -> NDArray[np.float32]:
        """Features (case, views · layers · (thresholds + 1) · emb_size) of series (case, time, 1)."""
        batch = max(64 * WIDTH // self.views[-1].n_timepoints, 1)
        return np.concatenate([self._features(x) for x in series.split(batch)])

    def streamed(self, series: Tensor) -> Streamed:
        """The same, some cases at a time."""
        pooled = sum(len(thresholds) + 1 for layers in self.thresholds.values() for thresholds in layers)
        shape = (len(series), pooled * self.encoder.config.emb_size)
        return Streamed(shape, lambda: map(self, series.split(READ)))

    def _features(self, series: Tensor) -> NDArray[np.float32]:
        pooled = []
        for view in self.views:
            for tokens, thresholds in zip(self._layers(series, view), self.thresholds[view], strict=True):
                # zeros and ones as floats: counting booleans takes 13 times as long
                above = torch.empty_like(tokens)
                pooled += [torch.gt(tokens, threshold, out=above).mean(dim=1) for threshold in thresholds]
                pooled.append(tokens.amax(dim=1))
        features: NDArray[np.float32] = torch.cat(pooled, dim=1).numpy()
        return features

    @torch.inference_mode()
    def _layers(self, series: Tensor, view: View) -> list[Tensor]:
        """Per layer, the tokens (case, n, emb_size) of all parts of each case."""
        features = self.encoder(show(series, view))
        n = features.tokens.shape[1]  # without the CLS token
        return [x[:, :n].unflatten(0, (len(series), -1)).flatten(1, 2) for x in features.layers]


def _quantiles(tokens: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Quantiles 1/2k, 3/2k … (k, emb_size) of some of the tokens (case, n, emb_size)."""
    flat = tokens.flatten(0, 1)
    some = flat[torch.randperm(len(flat), generator=generator)[:SAMPLE]].sort(dim=0).values
    return some[((torch.arange(k) + 0.5) / k * len(some)).long()]
