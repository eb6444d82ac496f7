"""The tables of a report, made of tidy runs: numbers only, no files and no pictures.

Input throughout: `runs`, one row a run, as `tidy` returns it; `table`, a score table, index data sets,
columns methods, the mean over resamples, NaN where there is no run.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.contest.results import Result, values_of
from bench.contest.scores import SCORES
from bench.report.questions import Answer, seen_from
from bench.stats import comparison as statistics
from bench.stats import effects
from bench.stats.comparison import Comparison
from ucr.archive import ARCHIVE

SECONDS = ("pretrain_seconds", "finetune_seconds", "test_seconds")

SOURCES = {
    "": "–",
    "train": "TRAIN",
    "test": "TEST, without labels",
    "archive": "TRAIN of all data sets",
    "others": "TRAIN of all others",
}
"""What `pretrained_on` is called."""

LENGTHS = ((0, 100), (101, 300), (301, 700), (701, 10**9))
TRAIN_SIZES = ((0, 50), (51, 100), (101, 500), (501, 10**9))


def tidy(results: Iterable[Result]) -> pd.DataFrame:
    """Return one row a run: identity, scores, sizes, seconds, memory, parameters."""
    rows = []
    for result in results:
        row = {name: value for name, value in values_of(result).items() if not isinstance(value, dict)}
        own = {result.details.get("pretrained", ""): result.pretrain_seconds}
        row["pretrainings"] = result.details.get("pretrainings", own)
        row["pretrained_on"] = _pretrained_on(result)
        row["encoder_parameters"] = result.n_parameters.get("encoder")
        row["total_parameters"] = result.n_parameters.get("total")
        rows.append(row)
    return pd.DataFrame(rows).astype(dict.fromkeys(SCORES, float))  # None, where a score is not defined, becomes NaN


def _pretrained_on(result: Result) -> str:
    """Whose series, without labels, a method was pre-trained on; empty for none."""
    described = [result.config, *result.config.get("config", {}).get("members", [])]
    pretrains = any(found.get("config", {}).get("pretraining") is not None for found in described)
    return str(result.config.get("pretrained_on", "")) if pretrains else ""


def score_table(runs: pd.DataFrame, score: str) -> pd.DataFrame:
    """Pivot tidy runs to dataset × method, the mean over resamples; NaN where there is no run."""
    return runs.pivot_table(index="dataset", columns="method", values=score, aggfunc="mean", sort=False)


def compare(table: pd.DataFrame) -> Comparison | None:
    """Compare the methods of a score table; None where there is nothing to compare."""
    try:
        return statistics.compare(table)
    except statistics.TableError:
        return None


def methods(tables: Mapping[str, pd.DataFrame], runs: pd.DataFrame, comparison: Comparison | None) -> pd.DataFrame:
    """One row a method, best average rank (else mean accuracy) first, as text."""
    means = pd.DataFrame({score: table.mean() for score, table in tables.items()})
    ranks = comparison.average_ranks if comparison else pd.Series(dtype=float)
    order = [*ranks.index] or list(means.sort_values("accuracy", ascending=False).index)
    seconds = total_seconds(runs).groupby(runs["method"]).median()
    pretraining = phases(runs)["pretrain"].groupby(runs["method"]).median()
    parameters = runs.groupby("method")["encoder_parameters"].median()
    n_runs = runs["method"].value_counts()
    others = sorted(SCORES.keys() - {"accuracy"}, key=lambda key: (not SCORES[key].ranked, [*SCORES].index(key)))

    def shown(key: str, method: str) -> str:
        return fixed(means[key][method], SCORES[key].digits)

    return pd.DataFrame(
        {
            "method": method,
            "data sets": int(tables["accuracy"][method].notna().sum()),
            "runs": int(n_runs[method]),
            SCORES["accuracy"].name: shown("accuracy", method),
            "average rank": f"{ranks[method]:.2f}" if method in ranks else "–",
            **{SCORES[key].name: shown(key, method) for key in others},
            "seconds": fixed(seconds[method], 1),
            "of them pre-training": fixed(pretraining[method] or np.nan, 1),
            "encoder parameters": count(parameters[method]),
        }
        for method in order
    )


def phases(runs: pd.DataFrame) -> pd.DataFrame:
    """Seconds of each run by phase; a pre-training of many data sets is spread evenly over those that start from it."""
    seconds = runs[list(SECONDS)].copy()
    each = pd.DataFrame(
        [
            (run, method, dataset, name or run, took)  # one without a name is the run's own
            for run, method, dataset, pretrainings in runs[["method", "dataset", "pretrainings"]].itertuples()
            for name, took in pretrainings.items()
        ],
        columns=["run", "method", "dataset", "name", "seconds"],
    )
    each["seconds"] /= each.groupby(["method", "name"])["dataset"].transform("nunique")
    shared = each.groupby("run")["seconds"].sum(min_count=1)  # of imported results not known, never 0
    seconds["pretrain_seconds"] = shared.reindex(runs.index).where(runs["pretrainings"].map(bool), 0.0)
    return seconds.rename(columns=lambda name: name.removesuffix("_seconds"))


def total_seconds(runs: pd.DataFrame) -> "pd.Series[float]":
    """Seconds of each run: its share of pre-training, training and test."""
    return phases(runs).sum(axis=1, skipna=False)


def fixed(number: float, digits: int) -> str:
    """Word a number with so many decimals, or a dash where there is none."""
    return f"{number:.{digits}f}" if pd.notna(number) else "–"


def count(number: float) -> str:
    """Word a count, or a dash where there is none."""
    return f"{number:,.0f}" if pd.notna(number) else "–"


def interval(of: effects.Interval) -> str:
    """Word an interval."""
    return f"[{of.low:+.4f}, {of.high:+.4f}]"


def pairs(comparison: Comparison) -> pd.DataFrame:
    """One row a pair of methods, the better ranked first, as text."""
    return pd.DataFrame(
        {
            "better ranked": pair.a,
            "other": pair.b,
            "wins / draws / losses": f"{pair.wins} / {pair.draws} / {pair.losses}",
            "mean difference": f"{pair.mean_difference:+.4f}",
            "median difference": f"{pair.median_difference:+.4f}",
            "p": f"{pair.p:.3g}",
            "p (Holm)": f"{pair.p_holm:.3g}",
        }
        for pair in comparison.pairs
    )


def paired(found: list[Answer]) -> pd.DataFrame:
    """One row an answer, as text."""
    return pd.DataFrame(
        {
            "question": answer.question,
            "a": answer.pair.a,
            "b": answer.pair.b,
            "data sets": len(answer.scores),
            "wins / draws / losses": f"{answer.pair.wins} / {answer.pair.draws} / {answer.pair.losses}",
            "mean a − b [95 % interval]": f"{answer.pair.mean_difference:+.4f} {interval(answer.interval)}",
            "p": f"{answer.pair.p:.3g}",
            "p (Holm)": f"{answer.p_holm:.3g}",
            "P(a better / same / b better)": " / ".join(f"{p:.2f}" for p in answer.posterior),
        }
        for answer in found
    )


def beside(comparison: Comparison, best: str) -> pd.DataFrame:
    """One row a method, best average rank first; on more than one data set each held against one of them, as text."""
    table = pd.DataFrame(
        {
            "method": str(method),
            "average rank": f"{rank:.2f}",
            "mean accuracy": f"{comparison.scores[method].mean():.4f}",
        }
        for method, rank in comparison.average_ranks.items()
    )
    if len(comparison.scores) == 1:  # no test tells methods apart by one data set
        return table
    columns = (f"{best} wins / draws / losses", "p", "p (Holm)")
    table[list(columns)] = "–"
    for pair in (seen_from(best, pair) for pair in comparison.pairs if best in (pair.a, pair.b)):
        texts = (f"{pair.wins} / {pair.draws} / {pair.losses}", f"{pair.p:.3g}", f"{pair.p_holm:.3g}")
        table.loc[table["method"] == pair.b, list(columns)] = texts
    return table


def differences(a: Mapping[str, Any], b: Mapping[str, Any], depth: int = 2) -> list[str]:
    """Name the settings that two configurations do not share, such as ``encoder.positions``.

    Args:
        a: a configuration as a result holds it.
        b: another one.
        depth: of the names; what differs deeper, or is of another kind, counts as a difference of what it belongs to.
    """
    found = []
    for key in dict.fromkeys([*a, *b]):
        mine, other = a.get(key), b.get(key)
        if mine == other:
            continue
        if depth > 1 and isinstance(mine, Mapping) and isinstance(other, Mapping) and mine.keys() == other.keys():
            found += [f"{key}.{name}" for name in differences(mine, other, depth - 1)]
        else:
            found.append(key)
    return found


def groups(table: pd.DataFrame, runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Mean accuracy by type, by length and by training size: (what by, one row a group, as text)."""
    n_train = runs.groupby("dataset")["n_train"].first()
    facts = {name: ARCHIVE.get(name) for name in table.index}
    by = {
        "type": {name: info.type if info else "own" for name, info in facts.items()},
        "length": {
            name: "unequal" if info and info.length is None else _bin(info.length if info else None, LENGTHS)
            for name, info in facts.items()
        },
        "training cases": {name: _bin(n_train[name], TRAIN_SIZES) for name in table.index},
    }
    for what, group_of in by.items():
        group = pd.Series(group_of)
        means = table.groupby(group).mean()
        if what != "type":
            means = means.reindex([label for label in _labels() if label in means.index])
        rows = means.map(lambda value: f"{value:.4f}" if pd.notna(value) else "")
        rows.insert(0, "data sets", group.value_counts().reindex(means.index))
        yield what, rows.rename_axis(what).reset_index()


def _bin(number: int | None, bins: tuple[tuple[int, int], ...]) -> str:
    if number is None:
        return "unknown"
    return next(_label(low, high) for low, high in bins if low <= number <= high)


def _label(low: int, high: int) -> str:
    return f"≤ {high}" if low == 0 else f"> {low - 1}" if high == 10**9 else f"{low}–{high}"


def _labels() -> list[str]:
    return [_label(*limits) for limits in (*LENGTHS, *TRAIN_SIZES)] + ["unequal", "unknown"]


def deviations(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a method: deviation over resamples apart from deviation over data sets, as text."""
    grouped = runs.groupby(["method", "dataset"], sort=False)["accuracy"]
    within = np.sqrt(grouped.var(ddof=1).groupby("method").mean())
    between = grouped.mean().groupby("method").std(ddof=1)
    return pd.DataFrame(
        {
            "method": method,
            "over splits or seeds (one data set)": f"{within[method]:.4f}" if pd.notna(within[method]) else "–",
            "over data sets (their means)": f"{between[method]:.4f}" if pd.notna(between[method]) else "–",
        }
        for method in dict.fromkeys(runs["method"])
    )


def against(runs: pd.DataFrame, reference: Mapping[str, tuple[float, float | None]]) -> pd.DataFrame:
    """One row a method: mean ± standard deviation over seeds beside a published single run, as text.

    A transductive method is held against the row of the method that it is otherwise.
    """
    rows = []
    for method, own in runs.groupby("method", sort=False):
        row = {"method": str(method), "pre-trained on": SOURCES[own["pretrained_on"].iloc[0]]}
        published = reference.get(str(method).removesuffix("-transductive"), (None, None))
        for name, column, theirs in zip(("accuracy", "macro F1"), ("accuracy", "f1_macro"), published, strict=True):
            mean, deviation = own[column].mean(), own[column].std(ddof=1)
            row[name] = f"{mean:.4f}" + (f" ± {deviation:.4f}" if pd.notna(deviation) else "")
            row[f"{name}, theirs"] = f"{theirs:.4f}" if theirs else "–"
            row[f"{name}, ours − theirs"] = f"{mean - theirs:+.4f}" if theirs else "–"
        row["encoder parameters"] = count(own["encoder_parameters"].median())
        row["seconds"] = f"{total_seconds(own).median():.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def costs(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean seconds a run, method × phase; and the same with parameters and memory, as text."""
    grouped = runs.groupby("method", sort=False)
    seconds = phases(runs).groupby(runs["method"], sort=False).mean()
    table = seconds.map(lambda value: f"{value:.1f}")
    for column in ("encoder_parameters", "total_parameters"):
        table[column.replace("_", " ")] = grouped[column].median().map(count)
    table["peak memory (MB)"] = grouped["peak_memory_mb"].max().map(count)
    table["core-hours in all"] = (total_seconds(runs).groupby(runs["method"]).sum() / 3600).map("{:.2f}".format)
    return seconds, table.rename_axis("method").reset_index()


def score_tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Score table of each score."""
    return {score: score_table(runs, score) for score in SCORES}
