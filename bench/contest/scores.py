"""What a run is judged by: every score is one entry of SCORES."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.int64]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """A number made of the truth (case,) and class probabilities (case, class)."""

    name: str
    """As a report calls it."""
    of: Callable[[Truth, Probabilities], float | None]
    """None where the score is not defined."""
    highest: float = 1.0
    """It lies between 0 and this."""
    ranked: bool = False
    """Whether reports rank methods by it; more must be better."""
    digits: int = 4
    may_be_undefined: bool = False


def score(truth: Truth, probabilities: Probabilities) -> dict[str, float | None]:
    """Return every score of class probabilities (case, class) against the truth (case,), by its key in SCORES."""
    return {key: score.of(truth, probabilities) for key, score in SCORES.items()}


def accuracy(truth: Truth, probabilities: Probabilities) -> float:
    """Share of cases whose most probable class, the first of them in a tie, is the true one."""
    return float(np.mean(truth == probabilities.argmax(axis=1)))


def balanced_accuracy(truth: Truth, probabilities: Probabilities) -> float:
    """Mean recall of the classes that occur in the truth."""
    from sklearn.metrics import recall_score  # noqa: PLC0415 (a table of results must not wait for scikit-learn)

    predicted, present = probabilities.argmax(axis=1), np.unique(truth)
    return float(recall_score(truth, predicted, labels=present, average="macro", zero_division=0))


def f1_macro(truth: Truth, probabilities: Probabilities) -> float:
    """Mean F1 of the classes that occur in the truth or in the predictions."""
    from sklearn.metrics import f1_score  # noqa: PLC0415 (as above)

    return float(f1_score(truth, probabilities.argmax(axis=1), average="macro", zero_division=0))


def auroc(truth: Truth, probabilities: Probabilities) -> float | None:
    """One class against the rest, mean over the classes that occur in the truth; None where only one does."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 (as above)

    present = np.unique(truth)
    areas = [roc_auc_score(truth == k, probabilities[:, k]) for k in present] if len(present) > 1 else []
    return float(np.mean(areas)) if areas else None


def log_loss(truth: Truth, probabilities: Probabilities) -> float:
    """Mean of -ln p(truth), in nats, p not below 10⁻¹⁵."""
    return float(np.abs(np.log(probabilities[np.arange(len(truth)), truth].clip(1e-15, 1))).mean())  # never -0


SCORES: Mapping[str, Score] = {
    "accuracy": Score("accuracy", accuracy, ranked=True),
    "balanced_accuracy": Score("balanced accuracy", balanced_accuracy),
    "f1_macro": Score("macro F1", f1_macro, ranked=True),
    "auroc": Score("AUROC", auroc, may_be_undefined=True),
    "log_loss": Score("log loss", log_loss, highest=float("inf"), digits=3),
}
"""What a result file calls a score → the score. A new one is one entry here (and a line in results/README.md);
results that lack it get it from the probabilities beside them."""
