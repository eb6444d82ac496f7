"""Questions that two methods answer together: what pre-training is worth, what an average adds.

`table` is a score table, index data sets, columns methods; `runs` the tidy runs that it was made of.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.methods.averages import members_of
from bench.methods.few import labels_of, with_labels
from bench.stats import comparison as statistics
from bench.stats import effects
from bench.stats.comparison import Pair
from bench.stats.resampled import corrected_resampled_t

_ARCHIVE: re.Pattern[str] = re.compile("-archive(-others)?")
_SHARED: re.Pattern[str] = re.compile(f"{_ARCHIVE.pattern}|-synthetic")
_FROZEN: re.Pattern[str] = re.compile("(?:-archive(?:-others)?|-synthetic)?-(probe|linear)$")


def _first(change: Callable[[str], str]) -> Callable[[str], tuple[str]]:
    """The method whose first member, in an average, is another; of one that is no average, that other."""

    def opponent(method: str) -> tuple[str]:
        first, plus, others = method.partition("+")
        return (change(first) + plus + others,)

    return opponent


WORTH = ("pre-trained against from scratch", "frozen: pre-trained against untrained")
"""The questions that say what pre-training is worth."""

OPPONENTS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    WORTH[0]: _first(lambda method: f"{_SHARED.sub('', method)}-scratch"),
    "network against frozen encoder": lambda method: (f"{method}-probe",),
    "linear head against ridge classifier": lambda method: (re.sub("-linear$", "-probe", method),),
    WORTH[1]: lambda method: (_FROZEN.sub(r"-random-\1", method),),
    "average against its members": lambda method: members_of(method) if "+" in method else (),
    "average against MiniRocket with an untrained encoder": lambda method: (
        ("minirocket+timae-ms-random-probe",) if method.endswith("+ridge") else ()
    ),
    "pre-trained on the archive against on its own train split": _first(lambda method: _ARCHIVE.sub("", method)),
    "pre-trained on the archive against on its other data sets": _first(
        lambda method: method.replace("-archive", "-archive-others")
    ),
    "pre-trained on the archive against on synthetic series": _first(lambda method: _ARCHIVE.sub("-synthetic", method)),
    "ours against the paper's": lambda method: (method.replace("timae-ms", "timae"),),
    "Mamba against transformer": lambda method: (method.replace("-mamba", ""),),
}
"""Question → the methods that answer it together with a given one, by its name."""


class Asked(NamedTuple):
    """A question to two methods."""

    question: str
    method: str
    other: str
    datasets: tuple[str, ...] | None = None
    """Asked on these; None: on all."""


class Answer(NamedTuple):
    """A paired comparison of two methods that a question is about."""

    question: str
    pair: Pair
    scores: pd.DataFrame
    interval: effects.Interval
    nested: bool
    """Whether the interval is over seeds or resamples too: both methods have the same of them on all data sets."""
    posterior: effects.Posterior
    p_holm: float
    """Holm's correction over the questions that were answered together."""
    alone: tuple[int, int, int] | None
    """On how many data sets a is better, nothing is told, b is better, each by a test of its own resamples or seeds;
    None where there are too few of these."""


def asked(methods: Sequence[str]) -> Iterator[Asked]:
    """Every question of OPPONENTS that these methods allow, of two with equally many labels."""
    for question, opponents in OPPONENTS.items():
        for method in methods:
            plain = opponents(with_labels(method, None))
            for other in (with_labels(name, labels_of(method)) for name in plain):
                if other != method and other in methods:
                    yield Asked(question, method, other)


LEAST_RESAMPLES = 3
"""From so many splits or seeds on a data set is asked by itself."""
ALPHA = 0.05


def answers(
    questions: Iterable[Asked], table: pd.DataFrame, runs: pd.DataFrame, *, same_split: bool = False
) -> list[Answer]:
    """Answer questions on the data sets that both of their methods have in a table, made of these runs.

    Args:
        questions: to two methods each.
        table: mean accuracy, data set × method.
        runs: tidy runs that the means are of.
        same_split: whether resamples are seeds on one split.
    """
    found = []
    for question, method, other, datasets in questions:
        scores = (table if datasets is None else table.loc[[*datasets]])[[method, other]].dropna()
        if len(scores) < 2:  # one data set answers nothing
            continue
        found.append((question, seen_from(method, statistics.pairwise(scores)[0]), scores))
    corrected = statistics.holm(np.array([pair.p for _, pair, _ in found]))
    return [
        Answer(
            question,
            pair,
            scores,
            *_interval(runs, pair, scores),
            effects.bayesian_signed_rank(scores[pair.a] - scores[pair.b]),
            float(p),
            _alone(runs, pair, scores, same_split=same_split),
        )
        for (question, pair, scores), p in zip(found, corrected, strict=True)
    ]


def _interval(runs: pd.DataFrame, pair: Pair, scores: pd.DataFrame) -> tuple[effects.Interval, bool]:
    """Of the mean difference of two methods, and whether it is over seeds or resamples too."""
    differences = _by_resample(runs, pair, scores)
    if differences.isna().to_numpy().any():
        return effects.bootstrap_interval(scores[pair.a] - scores[pair.b]), False
    return effects.crossed_interval(differences.loc[scores.index]), True


def _by_resample(runs: pd.DataFrame, pair: Pair, scores: pd.DataFrame) -> pd.DataFrame:
    """Differences of two methods, data set × resample; NaN where one of them has no run."""
    own = runs[runs["dataset"].isin(scores.index) & runs["method"].isin([pair.a, pair.b])]
    by_seed = own.pivot(index="dataset", columns=["method", "resample"], values="accuracy")
    differences: pd.DataFrame = by_seed[pair.a] - by_seed[pair.b]  # type: ignore[assignment]
    return differences


def _alone(runs: pd.DataFrame, pair: Pair, scores: pd.DataFrame, *, same_split: bool) -> tuple[int, int, int] | None:
    """What each data set says by itself, Holm over them; None where runs are lacking."""
    differences = _by_resample(runs, pair, scores)
    if differences.shape[1] < LEAST_RESAMPLES or differences.isna().to_numpy().any():
        return None
    sizes = runs.groupby("dataset")[["n_test", "n_train"]].first().loc[differences.index]
    overlap = 0 * sizes["n_test"] if same_split else sizes["n_test"] / sizes["n_train"]
    rejected = statistics.holm(corrected_resampled_t(differences, overlap)) <= ALPHA
    means = differences.mean(axis=1).to_numpy()
    better, worse = int((rejected & (means > 0)).sum()), int((rejected & (means < 0)).sum())
    return better, len(differences) - better - worse, worse


def seen_from(method: str, pair: Pair) -> Pair:
    """A pair with the named one of its methods first."""
    if pair.a == method:
        return pair
    return replace(
        pair,
        a=pair.b,
        b=pair.a,
        wins=pair.losses,
        losses=pair.wins,
        mean_difference=-pair.mean_difference,
        median_difference=-pair.median_difference,
    )
