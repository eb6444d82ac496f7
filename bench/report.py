"""The report of a contest, made of its results alone: Markdown, one HTML file, tables and pictures.

Every section is a function that returns its Markdown, or nothing where the results have nothing to say; it saves the
pictures that it names.
"""

import os
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from bench import diagrams, effects, figures, published, results, statistics, style, tables
from bench.methods import PRESETS, SHARED
from bench.page import html_page
from bench.plan import Contest, Run
from bench.results import Result
from bench.statistics import Comparison

CITATION = (
    "H. A. Dau, A. Bagnall, K. Kamgar, C.-C. M. Yeh, Y. Zhu, S. Gharghabi, C. A. Ratanamahatana and E. Keogh: "
    "The UCR Time Series Archive. IEEE/CAA Journal of Automatica Sinica 6(6), 2019."
)
NAMES = {"accuracy": "accuracy", "f1_macro": "macro F1"}


@dataclass(frozen=True)
class Material:
    """What the sections of one report are made of."""

    contest: Contest
    folder: Path
    """Where the report goes."""
    finished: Sequence[Result]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run."""
        return tables.tidy(self.finished)

    @cached_property
    def scores(self) -> dict[str, pd.DataFrame]:
        """Score table (data set × method) of each score."""
        return tables.score_tables(self.runs)

    @cached_property
    def comparison(self) -> Comparison | None:
        """The methods compared by accuracy, if there are two with a data set in common."""
        return tables.compare(self.scores["accuracy"])

    @cached_property
    def answers(self) -> list[tables.Answer]:
        """Paired questions that the methods allow."""
        return tables.answers(self.scores["accuracy"])

    @cached_property
    def methods(self) -> pd.DataFrame:
        """One row a method."""
        return tables.methods(self.scores, self.runs, self.comparison)


def gather(contest: Contest, folder: Path) -> Material:
    """Read what a report is made of.

    Raises:
        results.ResultError: there are no results, or one is damaged.
    """
    finished = results.read_all(contest.folder)
    if not finished:
        raise results.ResultError(f"no results in {contest.folder}: nothing to report; see bench status {contest.name}")
    return Material(contest, folder, finished)


def write(material: Material, *, against_published: bool = False) -> Path:
    """Write a report; returns the path of report.md."""
    folder = material.folder
    folder.mkdir(parents=True, exist_ok=True)
    runs = material.runs.assign(result=[_link(material, result) for result in material.finished])
    results.write_text(folder / "results.csv", runs.to_csv(index=False, lineterminator="\n"))
    for score in NAMES:
        table = material.scores[score].reset_index()
        results.write_text(folder / f"{score}.csv", table.to_csv(index=False, lineterminator="\n"))
    sections = [
        _head(material),
        _against(material),
        _methods(material),
        _ranks(material, "accuracy"),
        _ranks(material, "f1_macro"),
    ]
    sections += [_paired(material), _published(material) if against_published else "", _datasets(material)]
    sections += [_groups(material), _deviations(material), _cost(material), _learning(material)]
    sections += [_failures(material), _environment(material, against_published)]
    text = "\n\n".join(section for section in sections if section) + "\n"
    results.write_text(folder / "report.md", text)
    for svg in folder.glob("*.svg"):  # of a former report that had more to show
        if f"]({svg.name})" not in text and svg.with_suffix(".png").exists():
            svg.unlink()
            svg.with_suffix(".png").unlink()
    results.write_text(folder / "report.html", html_page(material.contest.name, text, folder))
    return folder / "report.md"


def summary(material: Material) -> str:
    """Return the table of methods for a terminal."""
    contest, runs = material.contest, material.runs
    shown = Table(title=f"{contest.name}: {runs['dataset'].nunique()} data sets, preset {contest.preset}")
    for i, column in enumerate(material.methods.columns):
        shown.add_column(column, justify="right" if i else "left", no_wrap=True)
    for row in material.methods.itertuples(index=False):
        shown.add_row(*map(str, row))
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join([*lines, *(line.replace("**", "") for line in _unfinished(material))])


def _head(material: Material) -> str:
    runs, contest = material.runs, material.contest
    lines = [f"# {contest.name}", *_unfinished(material)]
    lines += [
        f"{runs['method'].nunique()} methods on {_data_sets(runs['dataset'].nunique())} of the UCR 2018 archive, "
        f"{_splits(material)}, preset `{contest.preset}`: {len(runs)} runs, {_hours(_computing(material))} of "
        f"computing. {_conditions(material)}",
    ]
    if material.comparison:
        lines.append("\n".join(f"- {line}" for line in _verdict(material, material.comparison)))
    return "\n\n".join(lines)


def _unfinished(material: Material) -> list[str]:
    """A line that nobody overlooks, where runs are missing."""
    n_missing, asked = len(_missing(material)), sum(1 for _ in material.contest.runs())
    if not n_missing:
        return []
    return [f"**Unfinished: {n_missing} of {asked} runs have no result**; means and ranks are over what is there."]


def _missing(material: Material) -> list[Run]:
    done = {(result.method, result.dataset, result.resample) for result in material.finished}
    return [run for run in material.contest.runs() if (run.method, run.dataset, run.resample) not in done]


def _splits(material: Material) -> str:
    splits = material.runs["resample"].nunique()
    if splits == 1:
        return "the archive’s own split"
    if material.contest.same_split:
        return f"{splits} seeds on the archive’s own split"
    return f"the archive’s own split and {splits - 1} resamples"


def _conditions(material: Material) -> str:
    """How the methods were shown the series, in sentences; most data sets need none of the second and third."""
    prepared = {result.method: result.config.get("preparation", {}) for result in material.finished}
    words = {
        "normalise": {"series": "Every series is z-normalised by itself.", "none": "Series are as they are on disk."},
        "missing": {"linear": "Missing values are interpolated.", "mean": "Missing values are the series' mean."},
        "unequal": {
            "resample": "Shorter series are stretched to the longest.",
            "pad": "Shorter series are padded.",
            "truncate": "Longer series are cut to the shortest.",
        },
    }
    sentences = [
        sentence
        for policy, choices in words.items()
        for choice, sentence in choices.items()
        if choice in {preparation.get(policy) for preparation in prepared.values()}
    ]
    longest: dict[int, list[str]] = {}
    for method, preparation in prepared.items():
        if preparation.get("max_length"):
            longest.setdefault(preparation["max_length"], []).append(method)
    sentences += [f"{_names(methods)}: sub-sampled to {n} time points at most." for n, methods in longest.items()]
    return " ".join(sentences)


def _computing(material: Material) -> float:
    """Seconds of all runs; a pre-training that several of them share counts once."""
    shared = {
        result.details.get("pretrained") or (result.method, result.dataset, result.resample): result.pretrain_seconds
        for result in material.finished
    }
    return sum(shared.values()) + sum(result.finetune_seconds + result.test_seconds for result in material.finished)


def _verdict(material: Material, comparison: Comparison) -> Iterator[str]:
    """Who won, by how much, whether that is significant, and what it cost; a sentence each."""
    scores, ranks = comparison.scores, comparison.average_ranks
    best, second, *_ = ranks.index
    means = scores.mean()
    yield (
        f"**{best}** ranks best by accuracy: average rank {ranks[best]:.2f} of {len(ranks)} on "
        f"{_data_sets(len(scores))}, mean accuracy {means[best]:.4f}."
    )
    next_is = "Level with it is" if ranks[second] == ranks[best] else "Next is"
    if len(scores) == 1:
        yield f"{next_is} **{second}**, accuracy {means[second]:.4f}. No test tells methods apart by one data set."
    else:
        difference = scores[best] - scores[second]
        interval = tables.interval(effects.bootstrap_interval(difference))
        yield (
            f"{next_is} **{second}**, rank {ranks[second]:.2f}, mean accuracy {means[second]:.4f}: a mean difference "
            f"of {difference.mean():+.4f} (95 % interval {interval})."
        )
        alike = {method for clique in comparison.cliques if best in clique for method in clique} - {best}
        named = _names([method for method in ranks.index if method in alike])
        yield (
            f"At α = {comparison.alpha:g} (Wilcoxon, Holm) {best} is "
            + (f"not told apart from {named}." if alike else "told apart from every other method.")
        )
    seconds = tables.total_seconds(material.runs).groupby(material.runs["method"]).median()
    cheapest = str(seconds.idxmin())
    yield f"A run of {best} took {seconds[best]:.1f} s in the median" + (
        ", less than any other."
        if cheapest == best
        else f"; the cheapest method is {cheapest}, {seconds[cheapest]:.1f} s."
    )
    if comparison.left_out:
        yield f"{len(comparison.left_out)} data sets are left out of the ranks; the reasons stand below the diagram."


def _methods(material: Material) -> str:
    note = (
        "Means over the data sets that a method has; ranks among the data sets that all methods have (1 is best). "
        "AUROC: one class against the rest, averaged over classes. Log loss in nats; 1-NN's probabilities are 0 and "
        "1, a ridge classifier's are a softmax of its decisions. Seconds: median of a run, training and test; a "
        "pre-training of many data sets is spread over them."
    )
    return f"## Methods\n\n{markdown(material.methods)}\n\n{note}"


def _against(material: Material) -> str:
    """Beside the table that the contest's preset repeats, if it repeats one."""
    reference = PRESETS[material.contest.preset].reference
    if not reference:
        return ""
    return (
        "## Beside the unofficial implementation\n\nMean ± standard deviation over seeds, beside what the unofficial "
        "PyTorch Lightning implementation of Ti-MAE reports: one run each, pre-trained on the unlabelled TEST series. "
        "Rows pre-trained on TRAIN are the honest protocol; rows pre-trained on TEST are transductive, as theirs.\n\n"
        + markdown(tables.against(material.runs, reference))
    )


def _ranks(material: Material, score: str) -> str:
    comparison = material.comparison if score == "accuracy" else tables.compare(material.scores[score])
    if not comparison or len(comparison.scores) == 1:
        return ""
    lines = [f"## Ranks: {NAMES[score]}", _critical_difference(material, comparison, f"cd_{score}", NAMES[score])]
    lines += _tests(comparison)
    if score == "accuracy":
        n, means = len(comparison.scores), comparison.scores.mean()
        matrix = diagrams.pairwise_matrix(comparison.pairs, means, n_datasets=n, alpha=comparison.alpha)
        lines.append(_picture(material, matrix, "pairs_accuracy", "Every method against every other"))
        lines.append(markdown(tables.pairs(comparison)))
        lines.append(_detectable(comparison))
        lines.append("\n".join(f"- {line}" for line in statistics.describe(comparison)))
    lines += [f"- left out: {line}" for line in statistics.reasons(comparison.left_out)]
    return "\n\n".join(filter(None, lines))


def _critical_difference(material: Material, comparison: Comparison, stem: str, name: str, more: str = "") -> str:
    n = len(comparison.scores)
    if n == 1:
        return ""
    figure = diagrams.critical_difference(
        comparison.average_ranks, comparison.cliques, n_datasets=n, alpha=comparison.alpha, score=name
    )
    return _picture(material, figure, stem, f"Critical-difference diagram of {name}{more}")


def _tests(comparison: Comparison) -> list[str]:
    f = comparison.friedman
    if not f or not np.isfinite(f.iman_davenport_f):  # two methods, or data sets that all agree
        return []
    return [
        f"Friedman χ²({len(comparison.average_ranks) - 1}) = {f.chi2:.2f}, p = {f.p:.3g}; "
        f"Iman–Davenport F = {f.iman_davenport_f:.2f}, p = {f.iman_davenport_p:.3g}."
    ]


def _detectable(comparison: Comparison) -> str:
    best, second, *_ = comparison.average_ranks.index
    alpha = comparison.alpha / len(comparison.pairs)
    difference = comparison.scores[best] - comparison.scores[second]
    smallest = effects.smallest_detectable_difference(difference, alpha=alpha)
    if not np.isfinite(smallest):
        return (
            f"{len(difference)} data sets are too few: Holm's first step could not have rejected whatever the scores."
        )
    return (
        f"Between {best} and {second}, {len(difference)} data sets as different as these show a true difference of "
        f"{smallest:.4f} four times in five, at Holm's first step."
    )


def _paired(material: Material) -> str:
    if not material.answers:
        return ""
    lines = [
        "## Paired questions",
        markdown(tables.paired(material.answers)),
        "On the data sets that both methods have. Intervals by bootstrap over data sets; p by Wilcoxon's signed-rank "
        "test, Holm over the questions of this table (not over all pairs, as above); the probabilities by the Bayesian "
        "signed-rank test, where a difference up to .01 counts as the same.",
        "What their configurations do not share:\n\n" + "\n".join(_differences(material)),
    ]
    shown: Counter[str] = Counter()
    for answer in material.answers:
        shown[answer.question] += 1
        if shown[answer.question] == 1:
            name = f"{answer.pair.a}_{answer.pair.b}"
            lines.append(
                _picture(
                    material,
                    figures.scatter(answer.scores, replace(answer.pair, p_holm=answer.p_holm)),
                    name,
                    answer.question,
                )
            )
    return "\n\n".join(lines)


def _differences(material: Material) -> Iterator[str]:
    keys = ("pretrained_on", "preparation")
    stored = {result.method: result.config for result in material.finished}
    for pair in (answer.pair for answer in material.answers):
        a, b = ({**stored[x].get("config", {}), **{key: stored[x].get(key) for key in keys}} for x in (pair.a, pair.b))
        yield f"- {pair.a}, {pair.b}: {', '.join(tables.differences(a, b))}"


def _published(material: Material) -> str:
    own = material.runs[material.runs["resample"] == 0]
    if own.empty:
        return ""
    normalise = {result.dataset: result.preparation["normalise"] for result in material.finished}
    ours = {
        str(dataset): published.Conditions(int(n_test), normalise[str(dataset)])
        for dataset, n_test in own.groupby("dataset", sort=False)["n_test"].first().items()
    }
    kept, excluded = published.fair(published.load_published(), ours)
    available = [method for method in published.METHODS if method in kept]
    joined = published.join(tables.score_table(own, "accuracy"), kept, available)
    comparison = tables.compare(joined.rename(columns=published.METHODS))
    if not comparison:
        return ""
    best = next(method for method in comparison.average_ranks.index if method in own["method"].values)
    table = tables.beside(comparison, best)
    reasons = published.summary(entry for entry in excluded if entry.method in available)
    cited = dict.fromkeys(
        published.sources()[number.source].citation
        for number in published.load_published()
        if number.method in available
    )
    lines = [
        f"## Beside published numbers\n\nOn the {_data_sets(len(comparison.scores))} for which all of them have a "
        "comparable accuracy: the archive's own split, the same test cases and normalisation. Ours is one run."
        + (f" Wins and p: {best} against each; Holm over all pairs." if len(comparison.scores) > 1 else ""),
        _critical_difference(material, comparison, "cd_published", NAMES["accuracy"], " beside published numbers"),
        markdown(table),
        "Left out:\n\n" + "\n".join(f"- {reason}" for reason in reasons) if reasons else "",
        "\n".join(f"- data sets left out: {line}" for line in statistics.reasons(comparison.left_out)),
        "Sources:\n\n" + "\n".join(f"- {citation}" for citation in cited),
    ]
    return "\n\n".join(filter(None, lines))


def _datasets(material: Material) -> str:
    table = material.scores["accuracy"][material.methods["method"]]
    best = table.max(axis=1)
    one_split = material.runs["resample"].nunique() == 1
    root = os.path.relpath(material.contest.folder, material.folder)

    def cell(dataset: str, method: str) -> str:
        value = float(table.loc[dataset, method])  # type: ignore[arg-type]
        if np.isnan(value):
            return ""
        link = f"[{value:.4f}]({root}/{method}/{quote(dataset)}/{'resample-0.json' if one_split else ''})"
        return f"**{link}**" if value >= best[dataset] else link

    rows = [[dataset, *(cell(dataset, method) for method in table.columns)] for dataset in table.index]
    return (
        f"## Accuracy by data set\n\n{'' if one_split else 'Means over splits or seeds. '}The best of a row in bold. "
        "Numbers link to the results that they came from, on the machine that has them.\n\n"
        + markdown(pd.DataFrame(rows, columns=["data set", *table.columns]))
    )


def _groups(material: Material) -> str:
    table = material.scores["accuracy"][material.methods["method"]]
    if len(table) < 2:
        return ""
    parts = [f"By {what}:\n\n{markdown(rows)}" for what, rows in tables.groups(table, material.runs)]
    return "\n\n".join(["## Mean accuracy by kind of data", *parts])


def _deviations(material: Material) -> str:
    if material.runs["resample"].nunique() == 1:
        return ""
    return (
        "## Deviation\n\nStandard deviation of accuracy: from one split or seed to the next on the same data set (root "
        "of the mean variance), and from one data set to the next.\n\n" + markdown(tables.deviations(material.runs))
    )


def _cost(material: Material) -> str:
    seconds, table = tables.costs(material.runs)
    means = material.scores["accuracy"].mean()
    per_run = seconds.sum(axis=1)
    pictures = [
        _picture(material, figures.phases(seconds, label="seconds a run, mean"), "seconds", "Seconds by phase"),
        _pareto(material, per_run, means, "accuracy_seconds", "seconds a run, mean"),
    ]
    parameters = material.runs.groupby("method")["encoder_parameters"].median().dropna()
    if len(parameters) > 1 and parameters.max() > 1.5 * parameters.min():  # else there is nothing to weigh
        pictures.append(
            _pareto(material, parameters, means[parameters.index], "accuracy_parameters", "encoder parameters")
        )
    note = (
        "Seconds a run by phase (mean), parameters of the encoder and of the whole net without ridge classifiers "
        "(median), peak memory of the worker (largest). A "
        "pre-training that methods share is made once, and stands in the seconds of each of them; one that data sets "
        "share is spread evenly over them. Baselines compile their kernels before the clock starts."
    )
    return "\n\n".join(["## Cost", *pictures, note, markdown(table)])


def _pareto(material: Material, costs: "pd.Series[float]", means: "pd.Series[float]", stem: str, label: str) -> str:
    front = effects.pareto_front(costs, means)
    figure = figures.cost(costs, means, front, cost_label=label)
    return _picture(material, figure, stem, f"Mean accuracy against {label.partition(',')[0]}")


def _learning(material: Material) -> str:
    """Curves of the first run that has them, and what its pre-trained autoencoder makes of hidden values."""
    # one of about 150 time points shows what is going on best
    for result in sorted(material.finished, key=lambda result: abs(result.n_timepoints - 150)):
        path = material.contest.folder / result.method / result.dataset / f"resample-{result.resample}.npz"
        if not result.pretrain_seconds or not path.exists():
            continue
        with np.load(path) as arrays:
            kept = {name: arrays[name] for name in arrays.files}
        panels = {
            f"{phase} loss": _curve(kept[f"{phase}_losses"], phase)
            for phase in ("pretrain", "finetune")
            if f"{phase}_losses" in kept
        }
        if not panels:
            continue
        name = f"{result.method} on {result.dataset}, resample {result.resample}"
        shared = result.config.get("pretrained_on") in SHARED
        lines = [
            f"## A run from within\n\n{name}; its pre-training "
            + ("is shared with other data sets, of which the series below are." if shared else "is its own.")
        ]
        lines.append(_picture(material, figures.learning_curves(panels), "learning", f"Learning curves of {name}"))
        if "reconstruction_series" in kept:
            figure = figures.reconstruction(*(kept[f"reconstruction_{x}"] for x in ("series", "masked", "prediction")))
            lines.append(
                _picture(
                    material, figure, "reconstruction", f"What the pre-training of {name} predicts of hidden values"
                )
            )
        return "\n\n".join(lines)
    return ""


def _curve(losses: np.ndarray, phase: str) -> pd.DataFrame:
    """Loss by step, and its running mean over a twentieth of the steps."""
    index = pd.RangeIndex(1, len(losses) + 1, name="step")
    raw = pd.Series(losses, index)
    smooth = raw.rolling(max(len(losses) // 20, 1), min_periods=1, center=True).mean()
    return pd.DataFrame({phase: raw, "running mean": smooth})


def _failures(material: Material) -> str:
    failed = results.failures(material.contest.folder)
    lines = [f"- {name}: `{line}`" for name, line in failed.items()]
    lines += _not_run([run for run in _missing(material) if str(run) not in failed], material.contest)
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
        f"resample{'s' * (len(numbers) > 1)} {_names(numbers)}"
        for (method, names), numbers in resamples.items()
    ]


def _environment(material: Material, against_published: bool) -> str:
    against = " --against published" if against_published else ""
    facts: dict[str, Counter[str]] = {}
    for result in material.finished:
        environment = dict(result.environment)
        versions = environment.pop("versions", {})
        dirty = " with uncommitted changes" if environment.pop("dirty", False) else ""
        environment["commit"] = f"{environment.get('commit') or 'unknown'}{dirty}"
        for key, value in {**environment, **versions, "device": result.device}.items():
            facts.setdefault(key, Counter())[str(value)] += 1
    values = ["; ".join(f"{v} ({n} runs)" if len(c) > 1 else v for v, n in c.items()) for c in facts.values()]
    table = pd.DataFrame({"what": list(facts), "value": values})
    return (
        f"## Environment\n\n{markdown(table)}\n\n"
        f"## Repeat it\n\n```\n{command_line(material.contest)}{against}\n```\n\n"
        f"`python -m bench report {material.contest.name}{against}` redraws this page from the results alone.\n\n"
        f"## Cite\n\nThe archive asks to be cited: {CITATION}"
    )


def command_line(contest: Contest) -> str:
    """Return the command that repeats a contest."""
    words = ["python", "-m", "bench", "run", "--datasets", ",".join(contest.datasets)]
    words += ["--methods", ",".join(contest.methods), "--resamples", str(contest.resamples)]
    words += ["--same-split"] if contest.same_split else []
    words += ["--pretrain-on", ",".join(contest.pretrain_on)] if contest.pretrain_on else []
    return shlex.join([*words, "--preset", contest.preset, "--name", contest.name])


def markdown(table: pd.DataFrame) -> str:
    """Return a table as GitHub's Markdown: first column to the left, the others to the right."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |"]
    lines.append("| --- |" + " ---: |" * (table.shape[1] - 1))
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def _picture(material: Material, figure: Figure, stem: str, what: str) -> str:
    style.save(figure, material.folder / stem)
    return f"![{what}]({stem}.svg)"


def _link(material: Material, result: Result) -> str:
    path = material.contest.folder / result.method / result.dataset / f"resample-{result.resample}.json"
    return os.path.relpath(path, material.folder)


def _data_sets(n: int) -> str:
    return f"{n} data set" if n == 1 else f"{n} data sets"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _names(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
