"""Results in the forms that others read: tsml-eval's files, wide and long CSV, LaTeX."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from bench.contest import results
from bench.contest.definition import Contest
from bench.contest.imported import told_of
from bench.contest.results import Result
from bench.contest.scores import SCORES
from bench.report import tables
from bench.report.material import gather
from bench.stats.comparison import reasons

ESCAPES = str.maketrans(
    {letter: rf"\{letter}" for letter in "_&%#${}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
"""How LaTeX takes letters that mean something to it."""


def export(contest: Contest, form: str, folder: Path) -> list[Path]:
    """Write the results of a contest as tsml, wide, long or latex into a folder; returns the paths written.

    Raises:
        results.ResultError: there are no results, or one is damaged; then nothing is written.
    """
    finished, _ = told_of(contest)
    if not finished:
        raise results.ResultError(f"no results in {contest.folder}: nothing to export")
    if form == "tsml":
        predicted = [result for result in finished if not result.source]
        if not predicted:
            raise results.ResultError(
                f"imported results alone in {contest.folder}: no predictions; export wide or long"
            )
        for result in predicted:
            _predictions(contest, result)  # before anything is written
        return [_tsml(contest, result, folder) for result in predicted]
    runs = tables.tidy(finished)
    by_score = {score: table for score, table in tables.score_tables(runs).items() if not table.empty}
    if form == "long":
        return [_write(folder / f"{score}_long.csv", _long(runs, score)) for score in by_score]
    if form == "wide":
        return [
            _write(folder / f"{score}.csv", table.reset_index().to_csv(index=False, lineterminator="\n"))
            for score, table in by_score.items()
        ]
    material = gather(contest, folder)
    return [  # below the tables stand means and ranks, of what is not set aside
        _write(folder / f"{score}.tex", latex(table, material.set_aside))
        for score, table in material.scores.items()
        if SCORES[score].ranked and not table.empty
    ]


def _long(runs: pd.DataFrame, score: str) -> str:
    """What cd-diagram reads: classifier_name, dataset_name, accuracy; the mean over resamples."""
    means = runs.groupby(["method", "dataset"], sort=False)[score].mean().dropna().reset_index()
    return means.set_axis(["classifier_name", "dataset_name", score], axis=1).to_csv(index=False, lineterminator="\n")


def _tsml(contest: Contest, result: Result, folder: Path) -> Path:
    """tsml-eval's prediction file: <method>/Predictions/<dataset>/testResample<k>.csv.

    Line 1: data set, method, split, resample, time unit, what follows. Line 2: parameters. Line 3: accuracy, seconds to
    fit, seconds to predict, benchmark time, memory, number of classes, error estimate and its time. Then a line a
    case: truth, prediction, an empty cell, the probability of each class.
    """
    truth, predictions, probabilities = _predictions(contest, result)
    fit_ms = 1000 * (result.pretrain_seconds + result.finetune_seconds)
    head = [
        f"{result.dataset},{result.method},TEST,{result.resample},MILLISECONDS,written by timae-bench",
        f"seed {result.seed}; preset {contest.preset}",
        f"{result.accuracy},{fit_ms:.0f},{1000 * result.test_seconds:.0f},-1,"
        f"{result.peak_memory_mb * 1e6:.0f},{result.n_classes},,-1,-1",
    ]
    cases = [
        f"{t},{p},,{','.join(f'{value:.9g}' for value in row)}"
        for t, p, row in zip(truth, predictions, probabilities, strict=True)
    ]
    path = folder / result.method / "Predictions" / result.dataset / f"testResample{result.resample}.csv"
    return _write(path, "\n".join([*head, *cases]) + "\n")


def _predictions(contest: Contest, result: Result) -> tuple[NDArray[Any], ...]:
    """Truth (case,), predictions (case,) and probabilities (case, class) of a result."""
    path = contest.folder / result.method / result.dataset / f"resample-{result.resample}.json"
    names = ("truth", "predictions", "probabilities")
    found = results.read_arrays(path, *names)
    return tuple(found[name] for name in names)


def latex(table: pd.DataFrame, tuned: Collection[str] = ()) -> str:
    r"""A table of booktabs and longtable, which breaks over pages: data set × method, the best of a row in bold.

    Below stand means and average ranks, all over the same data sets, and notes: which methods are left out, for they
    lack some.

    Args:
        table: scores, index data sets, columns methods.
        tuned: data sets that were looked at when methods were made: marked, and neither in means nor in ranks.
    """
    comparison = tables.compare(table.drop(index=[*tuned]), "methods")
    left_out = reasons(comparison.left_out) if comparison else []
    table = table[comparison.scores.columns] if comparison else table
    names, counted = [_escaped(name) for name in table.columns], table.drop(index=[*tuned])
    rule = r"\midrule"
    lines = [r"% \usepackage{booktabs,longtable}", r"\begin{longtable}{l" + "r" * len(names) + "}", r"\toprule"]
    lines += [f"data set & {' & '.join(names)} " + r"\\", rule, r"\endhead"]
    for dataset, row in table.iterrows():
        cells = [
            "--" if pd.isna(value) else rf"\textbf{{{value:.4f}}}" if value >= row.max() else f"{value:.4f}"
            for value in row
        ]
        lines.append(f"{_escaped(dataset)}{MARK * (dataset in tuned)} & {' & '.join(cells)} " + r"\\")
    lines.append(rule)
    over = f" of {len(counted)}" if tuned else ""
    if not counted.isna().to_numpy().any():
        lines.append(f"mean{over} & {' & '.join(f'{value:.4f}' for value in counted.mean())} " + r"\\")
    if comparison:
        ranks = comparison.average_ranks.reindex(table.columns)
        lines.append(f"average rank{over} & {' & '.join(f'{rank:.2f}' for rank in ranks)} " + r"\\")
    lines.append(r"\bottomrule")
    notes = [f"left out: {line}" for line in left_out]
    notes += [f"{MARK} Looked at when methods were made; means and ranks are over the others."] if tuned else []
    for note in notes:
        text = note if note.startswith(MARK) else _escaped(note)
        lines.append(rf"\multicolumn{{{len(names) + 1}}}{{p{{0.9\linewidth}}}}{{\footnotesize {text}}} " + r"\\")
    return "\n".join([*lines, r"\end{longtable}"]) + "\n"


MARK = r"\textsuperscript{*}"


def _escaped(name: object) -> str:
    """A name as LaTeX takes it."""
    return str(name).translate(ESCAPES)


def _write(path: Path, text: str) -> Path:
    results.write_text(path, text)
    return path
