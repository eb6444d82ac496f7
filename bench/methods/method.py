"""What a method is: a configuration, a preparation of the data, and a function that fits it.

fit is given a prepared train split and, where it is pre-trained on more, series without labels: it cannot look at the
test labels. Heavy libraries are imported when a method is fitted.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from timae.config import Recipe
from ucr.prepare import Preparation, Prepared


class MethodError(ValueError):
    """There is no such method here; the message is one line that says why."""


class Predictor(Protocol):
    """A fitted method."""

    @property
    def seconds(self) -> dict[str, float]:
        """What fitting cost, by phase: pretrain, finetune; a baseline has only finetune."""

    @property
    def cpu_seconds(self) -> dict[str, float]:
        """CPU time of the same phases, as far as it is known."""

    @property
    def n_parameters(self) -> dict[str, int]:
        """Trainable numbers: encoder and total; empty where there is no such count."""

    @property
    def losses(self) -> dict[str, list[float]]:
        """Training loss by phase, one a step."""

    @property
    def reconstruction(self) -> dict[str, NDArray[Any]]:
        """What pre-training makes of hidden values of a few train series: series, masked, prediction (case, time)."""

    @property
    def details(self) -> dict[str, Any]:
        """What followed from the train split: the patch size, say."""

    @property
    def left_out(self) -> NDArray[np.float64] | None:
        """Probabilities (case, class) of each train case without having seen it; None where that cannot be had."""

    def predict_proba(self, cases: Prepared) -> NDArray[np.float64]:
        """Class probabilities (case, class) of prepared series; must not look at their labels."""


@dataclass(frozen=True)
class Baseline:
    """A classifier of sktime, in its default settings but for the options given here."""

    estimator: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Average:
    """The average of the probabilities of other methods, each a method of its own."""

    members: "tuple[Method, ...]"


Config = Recipe | Baseline | Average

DESCRIBED = ("method", "config", "preparation", "pretrained_on", "labels")
"""What Method.describe says; of labels only where not all are seen."""

Source = Literal["train", "test", "archive", "others", "synthetic"]
"""Whose series a method is pre-trained on: the data set's own train split; its test split (transductive); the train
splits of all data sets of the contest; those of all others; nobody's."""
MANY: tuple[Source, ...] = ("archive", "others")
"""The sources that are many data sets in one body: an encoder from a file can take the place of such a pre-training."""
FOR_ALL: tuple[Source, ...] = ("archive", "synthetic")
"""The sources that are the same for all data sets of a contest."""
SHARED: tuple[Source, ...] = (*MANY, "synthetic")
"""The sources that are not a data set's own affair."""


@dataclass(frozen=True)
class Method:
    """A contestant: what it is, how data are prepared for it, and how it learns."""

    name: str
    summary: str
    """What it is, in a sentence."""
    config: Config
    preparation: Preparation
    fit: Callable[..., Predictor] | None
    """(config, train cases, n_classes, seed, session) → Predictor; without a session on the CPU, leaving no files. None
    of an average, which reads its members' results."""
    pretrained_on: Source = "train"
    """Whose series, without labels, come in before the labels do."""
    tuned_on: tuple[str, ...] = ()
    """Data sets in whose train splits its settings were chosen: results on others say more."""
    labels: int | None = None
    """Of so many train cases a class it sees the labels; None: of all."""

    @property
    def members(self) -> "tuple[Method, ...]":
        """The methods that it is the average of; none where it is no average."""
        return self.config.members if isinstance(self.config, Average) else ()

    @property
    def trains(self) -> bool:
        """Whether it trains a network: a GPU is of use."""
        return isinstance(self.config, Recipe) or any(member.trains for member in self.members)

    def normalised(self, how: Literal["series", "none"]) -> "Method":
        """The same method, and its members, on series that are normalised in another way."""
        config = Average(tuple(member.normalised(how) for member in self.members)) if self.members else self.config
        return replace(self, config=config, preparation=replace(self.preparation, normalise=how))

    def describe(self) -> dict[str, Any]:
        """Everything that decides what this method does, as plain JSON values."""
        described = {
            "method": self.name,
            "config": {"members": [member.describe() for member in self.members]}
            if self.members
            else asdict(self.config),
            "preparation": asdict(self.preparation),
            "pretrained_on": self.pretrained_on,
            **({} if self.labels is None else {"labels": self.labels}),
        }
        plain: dict[str, Any] = json.loads(json.dumps(described))  # tuples become lists, as in a file
        return plain
