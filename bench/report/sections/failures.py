"""What failed, and what was not run."""

from collections.abc import Sequence

from bench.contest import results
from bench.contest.definition import Contest, Run
from bench.report.material import Material
from bench.report.wording import listed


def section(material: Material) -> str:
    """A line for every failed run; what was not run in a line a method."""
    failed = results.failures(material.contest.folder.glob("*/*/resample-*.error.txt"))
    lines = [f"- {name}: `{line}`" for name, line in failed.items()]
    lines += _not_run([run for run in material.missing if str(run) not in failed], material.contest)
    return "## Failures\n\n" + ("\n".join(lines) or "None: every run that was asked for has finished.")


def _not_run(runs: Sequence[Run], contest: Contest) -> list[str]:
    """A line for every method and set of data sets, with the resamples that it lacks on them."""
    datasets: dict[tuple[str, int], list[str]] = {}
    for run in runs:
        datasets.setdefault((run.method, run.resample), []).append(run.dataset)
    resamples: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (method, resample), names in datasets.items():
        resamples.setdefault((method, tuple(names)), []).append(str(resample))
    return [
        f"- not run: {method} on {'every data set' if names == contest.datasets else ', '.join(names)}, "
        f"resample{'s' * (len(numbers) > 1)} {listed(numbers)}"
        for (method, names), numbers in resamples.items()
    ]
