"""What a run will cost: an estimate from sizes alone, corrected by what runs have really cost.

The estimate counts arithmetic, so that it gets ratios between data sets about right and seconds about wrong.
Each (method, phase) then gets one factor, the median of observed / estimated: the level of a straight line of
slope 1 through the logarithms, which outliers do not move.
"""

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.contest.index import Facts, hashed
from bench.methods.few import with_labels
from bench.methods.method import SHARED, Average, Baseline, Method
from timae.config import ARCHIVE_LENGTH, Block, Linear, Pretraining, Recipe, Ridge, Svm, Transformer
from ucr.archive import ARCHIVE, Info

PHASES = ("pretrain", "finetune", "test")
Seconds = dict[str, float]
"""By phase."""

SPEED = 40e9
"""Multiplications and additions a second that one core sustains."""
STEP_SECONDS = 4e-3
"""A training step costs this much however small it is."""
SYNTHETIC_SECONDS = 2e-3
"""To draw a synthetic series."""
CLASSES = 4
"""Of a data set, in the middle."""
RUN_SECONDS = 0.3
"""Reading, preparing, scoring and writing."""


def estimate(method: Method, n_train: int, n_test: int, n_timepoints: int, n_labelled: int | None = None) -> Seconds:
    """Seconds by phase on one core of no particular machine; an average costs nothing beside its members.

    Args:
        method: what is run.
        n_train: train cases, all of which a pre-training sees.
        n_test: test cases.
        n_timepoints: of each, as the method sees them.
        n_labelled: train cases that are learnt from otherwise; None: all.
    """
    n_labelled = n_labelled or n_train
    config = method.config
    if isinstance(config, Average):
        return {}
    if isinstance(config, Baseline):
        return _baseline(config, n_labelled, n_test, n_timepoints)
    probe, finetuning = config.probe, config.finetuning
    read = config.resolutions or (n_timepoints,)
    rows = n_labelled
    if isinstance(probe, Ridge):
        read = tuple(view.n_timepoints for view in probe.views(n_timepoints))
        rows *= probe.copies(n_labelled)
    case = sum(_case(config, n) for n in read)
    seconds: Seconds = {"finetune": 0.1 + rows * case / SPEED, "test": 0.01 + n_test * case / SPEED}
    if (training := config.pretraining) is not None:
        many = method.pretrained_on in SHARED
        available = training.batch_size if many else min(training.batch_size, n_train)
        shown = {n: min(training.batch_size_at(n), available) for n in training.resolutions} or {
            ARCHIVE_LENGTH if many else n_timepoints: available
        }
        steps = [_masked(config, training, n) * n_cases for n, n_cases in shown.items()]
        seconds["pretrain"] = training.synthetic * SYNTHETIC_SECONDS + training.steps * (
            STEP_SECONDS + 3 * training.maskings * sum(steps) / len(steps) / SPEED
        )
    if finetuning is not None:
        cases = min(finetuning.batch_size, n_labelled)
        seconds["finetune"] = finetuning.steps * (STEP_SECONDS + 3 * cases * case / SPEED)
    elif isinstance(probe, Ridge):
        width = (probe.n_thresholds + 1) * (config.encoder.num_layers + 1) * config.encoder.emb_size * len(read)
        if isinstance(probe, Linear):
            seconds["finetune"] += probe.head.steps * (
                STEP_SECONDS + 3 * CLASSES * probe.head.batch_size * width / SPEED
            )
        else:
            seconds["finetune"] += rows**2 * width / SPEED
    else:
        assert isinstance(probe, Svm)
        seconds["finetune"] += 50 * min(n_labelled, probe.max_cases) ** 2 * config.encoder.emb_size / 1e9
    return seconds


def _case(config: Recipe, n_timepoints: int) -> float:
    """Operations that read one case at one resolution."""
    encoder = config.encoder_for(n_timepoints)
    n = -(-n_timepoints // encoder.patch_size)
    return encoder.num_layers * _block(encoder.block, encoder.emb_size, n) + 2 * n * encoder.window * encoder.emb_size


def _masked(config: Recipe, pretraining: Pretraining, n_timepoints: int) -> float:
    """Operations that encode what is visible of one case, and decode all of it."""
    encoder, decoder = config.encoder_for(n_timepoints), pretraining.decoder
    n = -(-n_timepoints // encoder.patch_size)
    seen = max(1, round((1 - pretraining.mask_ratio) * n))
    return encoder.num_layers * _block(encoder.block, encoder.emb_size, seen) + decoder.num_layers * _block(
        decoder.block, decoder.emb_size, n
    )


def _block(block: Block, width: int, n: int) -> float:
    """Operations of one block on n tokens; attention and scans cost more than they count, being bound by memory."""
    if isinstance(block, Transformer):
        return n * (8 * width**2 + 4 * width * block.intermediate_dim + 4 * n * width + 30 * n * block.num_heads)
    inner = block.expand_factor * width
    return n * (6 * width * inner + 18 * inner * block.ssm_state_size)


def _baseline(config: Baseline, n_train: int, n_test: int, n_timepoints: int) -> Seconds:
    if config.estimator == "1nn-dtw":
        return {"finetune": 0.01, "test": 0.05 + 4e-9 * n_train * n_test * n_timepoints**2}
    features = 2e-6 * n_timepoints
    return {"finetune": 1 + n_train * features + 2e-7 * n_train**2, "test": 0.1 + n_test * features}


class CostModel:
    """Predicts what a run costs; knows more with every result it is shown."""

    def __init__(self) -> None:
        self.ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.n_results = 0
        self.factors: dict[tuple[str, str], float] = {}

    def learn(self, methods: Mapping[str, Method], stored: Iterable[Facts]) -> None:
        """Compare stored results with the estimates for them.

        Args:
            methods: by name; results of other configurations than these are left aside.
            stored: what is remembered of results.
        """
        by_config = {hashed(method.describe()): method for method in methods.values()}
        guesses: dict[tuple[object, ...], list[tuple[int, list[float], float]]] = {}
        for facts in stored:
            method = by_config.get(facts.described)
            if method is None:
                continue
            key = (method.name, *facts.sizes)
            if key not in guesses:
                expected = estimate(method, *facts.sizes).items()
                guesses[key] = [(PHASES.index(phase), self.ratios[method.name, phase], s) for phase, s in expected]
            for i, ratios, guess in guesses[key]:
                if (seconds := facts.seconds[i]) is not None and seconds > 0:
                    ratios.append(math.log(seconds / guess))
            self.n_results += 1
        self.factors.clear()

    def predict(self, method: Method, info: Info) -> Seconds:
        """Seconds by phase of a method on a data set; what all methods teach stands in for one not yet seen."""
        length = min(info.length or info.columns, method.preparation.max_length or info.columns)
        labelled = None if method.labels is None else min(info.n_train, method.labels * info.n_classes)
        guess = estimate(method, info.n_train, info.n_test, length, labelled)
        return {phase: seconds * self._factor(method.name, phase) for phase, seconds in guess.items()}

    def _factor(self, name: str, phase: str) -> float:
        """The median of what was seen: of the method in the phase, else of it with all labels, of the phase, of all."""
        if (name, phase) not in self.factors:
            own = self.ratios.get((name, phase)) or self.ratios.get((with_labels(name, None), phase), [])
            alike = own or [ratio for key, ratios in self.ratios.items() if key[1] == phase for ratio in ratios]
            seen = alike or [ratio for ratios in self.ratios.values() for ratio in ratios]
            self.factors[name, phase] = math.exp(statistics.median(seen)) if seen else 1.0
        return self.factors[name, phase]


def read_stored(folders: Iterable[Path]) -> Iterable[dict[str, Any]]:
    """The values in the result files of contests, as they are; what cannot be read is passed over."""
    for folder in folders:
        for path in sorted(folder.glob("*/*/resample-*.json")):
            try:
                values = json.loads(path.read_bytes())
                values["n_train"], values["n_test"], values["n_timepoints"], values["test_seconds"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            yield values


def median_seconds(results: Path, preset: str) -> dict[str, float]:
    """Method → seconds of a run, training and test, the median of what the contests of a folder and preset hold."""
    seen: dict[str, list[float]] = defaultdict(list)
    for path in results.glob("*/contest.json"):
        try:
            same = json.loads(path.read_bytes())["preset"] == preset
        except (OSError, ValueError, KeyError, TypeError):  # a damaged one prices nothing
            continue
        for values in read_stored([path.parent]) if same else ():
            phases = [values.get(f"{phase}_seconds") for phase in ("pretrain", "finetune", "test")]
            seconds = [float(took) for took in phases if took is not None]
            if len(seconds) == len(phases):  # imported results have none
                seen[values["method"]].append(sum(seconds))
    return {method: statistics.median(seconds) for method, seconds in seen.items()}


def info_of(dataset: str, root: str | None) -> Info:
    """The facts about a data set: the archive's, else its files'.

    Raises:
        UcrError: it is not in the archive and has no files.
    """
    if known := ARCHIVE.get(dataset):
        return known
    from ucr.load import info_for  # noqa: PLC0415 (for data sets of the archive no file is opened)

    return info_for(dataset, root)
