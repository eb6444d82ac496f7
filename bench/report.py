"""The report of a contest: Markdown, tables and pictures, made of its results alone."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from bench import diagrams, figures, results, statistics, style
from bench.plan import Contest
from bench.statistics import Comparison

SECONDS = ("pretrain_seconds", "finetune_seconds", "test_seconds")
PRETRAINED = ("timae", "timae-scratch")
"""The method with pre-training, and the same without."""
CITATION = (
    "H. A. Dau, A. Bagnall, K. Kamgar, C.-C. M. Yeh, Y. Zhu, S. Gharghabi, C. A. Ratanamahatana and E. Keogh: "
    "The UCR Time Series Archive. IEEE/CAA Journal of Automatica Sinica 6(6), 2019."
)


def write(contest: Contest, folder: Path) -> Path:
    """Write a contest's report into a folder; returns the path of report.md.

    Raises:
        results.ResultError: there are no results, or one is damaged; then nothing is written.
    """
    finished = results.read_all(contest.folder)
    if not finished:
        raise results.ResultError(f"no results in {contest.folder}: nothing to report; see bench status {contest.name}")
    runs = results.tidy(finished)
    tables = {score: results.score_table(runs, score) for score in results.SCORES}
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(runs, folder / "results.csv")
    for score in ("accuracy", "f1_macro"):
        _write_csv(tables[score].reset_index(), folder / f"{score}.csv")
    sections = [
        _head(contest, runs, tables),
        _methods(tables, runs),
        _ranks(tables["accuracy"], "accuracy", folder),
        _ranks(tables["f1_macro"], "f1_macro", folder),
        _pretraining(tables["accuracy"], folder),
        _datasets(tables["accuracy"]),
        _cost(runs, folder),
        _failures(contest, runs),
        _environment(contest, finished),
    ]
    text = "\n\n".join(section for section in sections if section) + "\n"
    path = folder / "report.md"
    results.write_whole(path, lambda file: file.write(text.encode()))
    return path


def summary(contest: Contest) -> str:
    """Return the table of methods for a terminal."""
    runs = results.tidy(results.read_all(contest.folder))
    table = _method_table({score: results.score_table(runs, score) for score in results.SCORES}, runs)
    shown = Table(title=f"{contest.name}: {runs['dataset'].nunique()} data sets, preset {contest.preset}")
    for i, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if i else "left", no_wrap=True)
    for row in table.itertuples(index=False):
        shown.add_row(*map(str, row))
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    return capture.get().rstrip()


def compare(table: pd.DataFrame) -> Comparison | None:
    """Compare the methods of a score table; None where there is nothing to compare."""
    try:
        return statistics.compare(table)
    except statistics.TableError:
        return None


def _head(contest: Contest, runs: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> str:
    lines = [
        f"# {contest.name}",
        f"{runs['method'].nunique()} methods on {runs['dataset'].nunique()} data sets of the UCR 2018 archive, "
        f"{runs['resample'].nunique()} split(s) each, preset `{contest.preset}`: {len(runs)} runs.",
    ]
    comparison = compare(tables["accuracy"])
    if comparison:
        best, *others = comparison.average_ranks.index
        means = comparison.scores.mean()
        alike = sorted(
            {method for clique in comparison.cliques if best in clique for method in clique} - {best},
            key=others.index,
        )
        told = f"not told apart from {_names(alike)}" if alike else "told apart from every other method"
        lines.append(
            f"**{best}** has the best average rank for accuracy ({comparison.average_ranks[best]:.2f} of "
            f"{len(others) + 1}; mean accuracy {means[best]:.4f}); it is {told} at α = {comparison.alpha:g}."
        )
    return "\n\n".join(lines)


def _names(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _methods(tables: dict[str, pd.DataFrame], runs: pd.DataFrame) -> str:
    note = (
        "Means over the data sets that a method has; rank among the data sets that all methods have (1 is best). "
        "AUROC: one class against the rest, averaged over classes. Log loss in nats. Seconds: median of a run, "
        "training and test, one thread."
    )
    return f"## Methods\n\n{markdown(_method_table(tables, runs))}\n\n{note}"


def _method_table(tables: dict[str, pd.DataFrame], runs: pd.DataFrame) -> pd.DataFrame:
    """One row a method, best average rank (else mean accuracy) first."""
    means = pd.DataFrame({score: table.mean() for score, table in tables.items()})
    comparison = compare(tables["accuracy"])
    rank = comparison.average_ranks if comparison else pd.Series(dtype=float)
    order = [*rank.index] or list(means.sort_values("accuracy", ascending=False).index)
    seconds = runs[list(SECONDS)].sum(axis=1).groupby(runs["method"]).median()
    parameters = runs.groupby("method")["encoder_parameters"].median()
    rows = [
        {
            "method": method,
            "data sets": int(tables["accuracy"][method].notna().sum()),
            "accuracy": f"{means.accuracy[method]:.4f}",
            "average rank": f"{rank[method]:.2f}" if method in rank else "–",
            "macro F1": f"{means.f1_macro[method]:.4f}",
            "balanced accuracy": f"{means.balanced_accuracy[method]:.4f}",
            "AUROC": f"{means.auroc[method]:.4f}",
            "log loss": f"{means.log_loss[method]:.3f}",
            "seconds": f"{seconds[method]:.1f}",
            "encoder parameters": f"{parameters[method]:,.0f}" if pd.notna(parameters[method]) else "–",
        }
        for method in order
    ]
    return pd.DataFrame(rows)


def _ranks(table: pd.DataFrame, score: str, folder: Path) -> str:
    comparison = compare(table)
    if not comparison:
        return ""
    name = score.replace("_macro", "").replace("f1", "macro F1")
    n, k = comparison.scores.shape
    figure = diagrams.critical_difference(
        comparison.average_ranks, comparison.cliques, n_datasets=n, alpha=comparison.alpha
    )
    style.save(figure, folder / f"cd_{score}")
    lines = [f"## Ranks: {name}", f"![Critical-difference diagram of {name}](cd_{score}.svg)"]
    if comparison.friedman and k > 2:
        f = comparison.friedman
        lines.append(
            f"Friedman χ²({k - 1}) = {f.chi2:.2f}, p = {f.p:.3g}; Iman–Davenport F = {f.iman_davenport_f:.2f}, "
            f"p = {f.iman_davenport_p:.3g}."
        )
    pairs = pd.DataFrame(
        {
            "better ranked": pair.a,
            "other": pair.b,
            "wins / draws / losses": f"{pair.wins} / {pair.draws} / {pair.losses}",
            "mean difference": f"{pair.mean_difference:+.4f}",
            "p": f"{pair.p:.3g}",
            "p (Holm)": f"{pair.p_holm:.3g}",
        }
        for pair in comparison.pairs
    )
    lines.append(markdown(pairs))
    lines += [f"- left out: {dataset}: {reason}" for dataset, reason in comparison.left_out]
    if score == "accuracy":
        lines.append("\n".join(f"- {line}" for line in statistics.describe(comparison)))
    return "\n\n".join(lines)


def _pretraining(table: pd.DataFrame, folder: Path) -> str:
    if not set(PRETRAINED) <= set(table.columns):
        return ""
    comparison = compare(table[list(PRETRAINED)])
    if not comparison:
        return ""
    pair = comparison.pairs[0]
    style.save(figures.scatter(comparison.scores, pair), folder / "pretrained_vs_scratch")
    return (
        "## Does pre-training pay?\n\n"
        "![Accuracy with and without pre-training](pretrained_vs_scratch.svg)\n\n"
        f"{pair.a} against {pair.b}: {pair.wins} wins, {pair.draws} draws, {pair.losses} losses; mean difference "
        f"{pair.mean_difference:+.4f}; Wilcoxon p = {pair.p:.3g}."
    )


def _datasets(table: pd.DataFrame) -> str:
    best = table.max(axis=1)
    cells = table.apply(
        lambda column: [
            "" if pd.isna(value) else f"**{value:.4f}**" if value >= top else f"{value:.4f}"
            for value, top in zip(column, best, strict=True)
        ]
    )
    return "## Accuracy by data set\n\nMean over the splits; the best of a row in bold.\n\n" + markdown(
        cells.rename_axis("data set").reset_index()
    )


def _cost(runs: pd.DataFrame, folder: Path) -> str:
    seconds = runs.groupby("method", sort=False)[list(SECONDS)].mean()
    seconds.columns = seconds.columns.str.removesuffix("_seconds")
    style.save(figures.phases(seconds, label="seconds a run, mean"), folder / "seconds")
    table = seconds.map(lambda value: f"{value:.1f}").rename_axis("method").reset_index()
    sizes = runs.groupby("method", sort=False)[["encoder_parameters", "total_parameters"]].median()
    for column in sizes:
        table[column.replace("_", " ")] = [f"{n:,.0f}" if pd.notna(n) else "–" for n in sizes[column]]
    table["peak memory (MB)"] = [f"{mb:.0f}" for mb in runs.groupby("method", sort=False)["peak_memory_mb"].max()]
    return (
        f"## Cost\n\n![Seconds by phase](seconds.svg)\n\nSeconds a run by phase (mean over runs), trainable parameters "
        f"(median), peak memory of the worker (largest).\n\n{markdown(table)}"
    )


def _failures(contest: Contest, runs: pd.DataFrame) -> str:
    done = set(zip(runs["method"], runs["dataset"], runs["resample"], strict=True))
    missing = [run for run in contest.runs() if (run.method, run.dataset, run.resample) not in done]
    failed = results.failures(contest.folder)
    lines = [f"- {name}: `{line}`" for name, line in failed.items()]
    lines += [f"- {run}: not run" for run in missing if str(run) not in failed]
    return "## Failures\n\n" + ("\n".join(lines) or "None: every run that was asked for has finished.")


def _environment(contest: Contest, finished: Sequence[results.Result]) -> str:
    facts: dict[str, set[str]] = {}
    for result in finished:
        environment = dict(result.environment)
        versions = environment.pop("versions", {})
        commit = environment.pop("commit", None)
        dirty = " (with uncommitted changes)" if environment.pop("dirty", False) else ""
        for key, value in {**environment, **versions, "commit": f"{commit}{dirty}", "device": result.device}.items():
            facts.setdefault(key, set()).add(str(value))
    table = pd.DataFrame({"what": list(facts), "value": [", ".join(sorted(values)) for values in facts.values()]})
    return (
        f"## Environment\n\n{markdown(table)}\n\n## Repeat it\n\n```\n{command_line(contest)}\n"
        f"python -m bench report {contest.name}   # redraws this page from results/\n```\n\n"
        f"Please cite the archive: {CITATION}"
    )


def command_line(contest: Contest) -> str:
    """Return the command that repeats a contest."""
    words = ["python", "-m", "bench", "run", "--datasets", ",".join(contest.datasets)]
    words += ["--methods", ",".join(contest.methods), "--resamples", str(contest.resamples)]
    return shlex.join([*words, "--preset", contest.preset, "--name", contest.name])


def markdown(table: pd.DataFrame) -> str:
    """Return a table as GitHub's Markdown: first column to the left, the others to the right."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |"]
    lines.append("| --- |" + " ---: |" * (table.shape[1] - 1))
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    text = table.to_csv(index=False, lineterminator="\n")
    results.write_whole(path, lambda file: file.write(text.encode()))
