"""What is ours of the time: what the pool costs beside the runs, and what a run costs beside its training steps."""

import tempfile
import time
from statistics import median
from typing import TYPE_CHECKING

from bench.contest.definition import Contest
from bench.contest.run import Outcome
from bench.contest.survey import survey_of
from bench.places import local
from bench.places.place import Options
from bench.trials import faults
from bench.trials.ends import Ends
from timae.config import Recipe
from timae.presets import PRESETS

if TYPE_CHECKING:
    from ucr.prepare import Prepared

LEAST_PER_SECOND = 50.0
MOST_OVERHEAD = 1.1
MOST_OVER_BARE = 1.3
WORKERS = 2


class _Ends(Ends):
    """The same of runs that are all done, or the measurement means nothing."""

    def end(self, outcome: Outcome) -> None:
        assert outcome.kind == "done", outcome
        super().end(outcome)

    def note(self, line: str) -> None:
        _say(line)


def pool(n_idle: int, datasets: tuple[str, ...]) -> int:
    """Measure both and print them.

    Args:
        n_idle: how many runs that do nothing.
        datasets: for the real ones, which are of the preset quick.

    Returns:
        0 if both are within what is promised, else 1.
    """
    with tempfile.TemporaryDirectory(prefix="bench-pool-") as folder:
        ends = _measure(Contest("idle", ("noop",), ("GunPoint",), n_idle, "smoke", folder))
        half = n_idle // 2  # by then all workers are up
        rate = (n_idle - half) / (ends.last - ends.ended[half - 1][0])
        _say(f"runs that do nothing: {rate:.0f} a second after start-up (promised: {LEAST_PER_SECOND:.0f})")
        methods = ("timae", "timae-scratch", "timae-probe")
        ends = _measure(Contest("real", methods, datasets, 1, "quick", folder))
        wall, share = ends.last - ends.first, ends.seconds / WORKERS
        _say(
            f"real runs: {len(ends.ended)} of preset quick, start-up {ends.first:.1f} s, then {wall:.1f} s wall; "
            f"sum of run seconds / {WORKERS} = {share:.1f} s; ratio {wall / share:.3f} (promised: {MOST_OVERHEAD})"
        )
    return 0 if rate >= LEAST_PER_SECOND and wall <= MOST_OVERHEAD * share else 1


def one_run(rounds: int) -> int:
    """Time a whole quick run on a tiny data set against a bare PyTorch loop that takes the same steps, in turn.

    Returns:
        0 if it is within what is promised, else 1.
    """
    import torch

    from timae.fit import fit
    from ucr import prepare
    from ucr.load import load

    torch.set_num_threads(1)
    data, recipe = load("ItalyPowerDemand"), PRESETS["quick"].multiscale.recipe
    cases = prepare.fit(data.train, data.info)(data.train)
    seconds = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        _bare_loop(recipe, cases)
        between = time.perf_counter()
        fit(recipe, cases, 2, 0)
        seconds.append((between - start, time.perf_counter() - between))
    bare, ours = (median(side) for side in zip(*seconds[1:], strict=True))  # the first round warms up
    _say(
        f"a quick run on ItalyPowerDemand, imports left out: bare PyTorch loop {bare:.2f} s, timae.fit {ours:.2f} s: "
        f"{ours / bare:.2f} times (promised: {MOST_OVER_BARE})"
    )
    return 0 if ours <= MOST_OVER_BARE * bare else 1


def _bare_loop(recipe: Recipe, cases: "Prepared") -> None:
    """Take a recipe's steps, of pre-training and of fine-tuning, with nothing around them."""
    import torch

    from timae.archive import tensor
    from timae.fit import build
    from timae.model import MaskedAutoencoder
    from timae.training import Batches, FinetuningTask, PretrainingTask

    pretraining, finetuning = recipe.pretraining, recipe.finetuning
    assert pretraining
    assert finetuning
    series, labels = tensor(cases), torch.from_numpy(cases.labels)
    classifier = build(recipe, series.shape[1], 2)
    autoencoder = MaskedAutoencoder(recipe.encoder, pretraining)
    classifier.encoder = autoencoder.encoder
    for task in (PretrainingTask(autoencoder, pretraining), FinetuningTask(classifier, finetuning)):
        budget = task.budget
        optimizer = torch.optim.AdamW(task.parameters(), lr=budget.lr, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, budget.lr, total_steps=budget.steps)
        for batch in Batches(series, labels, budget, 0):
            optimizer.zero_grad()
            loss = task.loss(batch)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(task.parameters(), budget.clip or float("inf"))
            optimizer.step()
            schedule.step()


def _measure(contest: Contest) -> Ends:
    todo = survey_of(contest).todo
    ends = _Ends()
    local.wait(local.submit(contest, todo, Options(workers=WORKERS, execute=faults.execute)), ends)
    return ends


def _say(line: str) -> None:
    print(line, flush=True)
