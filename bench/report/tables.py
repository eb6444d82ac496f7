"""The tables of a report, made of tidy runs: numbers only, no files and no pictures.

Input throughout: `runs`, one row a run, as `tidy` returns it; `table`, a score table, index data sets,
columns methods, the mean over resamples, NaN where there is no run.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.contest.results import Result, values_of
from bench.contest.scores import SCORES
from bench.methods.baselines import BASELINES
from bench.methods.few import with_labels
from bench.report.charges import CLOCKS, charge, clock_of, in_all, per_run
from bench.report.questions import Answer, seen_from
from bench.stats import comparison as statistics
from bench.stats import effects, ratings
from bench.stats.comparison import Comparison, Complete
from bench.stats.doubts import plain_spelling
from ucr.archive import ARCHIVE

SECONDS = ("pretrain_seconds", "finetune_seconds", "test_seconds")

SOURCES = {
    "": "–",
    "train": "TRAIN",
    "test": "TEST, without labels",
    "archive": "TRAIN of all data sets",
    "others": "TRAIN of all others",
    "synthetic": "synthetic series",
}
"""What `pretrained_on` is called."""

LENGTHS = ((0, 100), (101, 300), (301, 700), (701, 10**9))
TRAIN_SIZES = ((0, 50), (51, 100), (101, 500), (501, 10**9))


def tidy(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row a run: identity, scores, sizes, costs, memory, parameters."""
    rows = []
    for result in results:
        row = {name: value for name, value in values_of(result).items() if not isinstance(value, dict)}
        row["pretrained_on"] = _pretrained_on(result)
        row["encoder_parameters"] = result.n_parameters.get("encoder")
        row["total_parameters"] = result.n_parameters.get("total")
        rows.append(row)
    runs = pd.DataFrame(rows).astype(dict.fromkeys(SCORES, float))  # None, where a score is not defined, becomes NaN
    charge(runs, results)
    return runs.drop(columns=list(SECONDS))


def _pretrained_on(result: Result) -> str:
    """Whose series, without labels, a method was pre-trained on; empty for none."""
    described = [result.config, *result.config.get("config", {}).get("members", [])]
    pretrains = any(found.get("config", {}).get("pretraining") is not None for found in described)
    return str(result.config.get("pretrained_on", "")) if pretrains else ""


def score_table(runs: pd.DataFrame, score: str) -> pd.DataFrame:
    """Pivot tidy runs to dataset × method, the mean over resamples; NaN where there is no run."""
    return runs.pivot_table(index="dataset", columns="method", values=score, aggfunc="mean", sort=False)


def compare(table: pd.DataFrame, complete: Complete = "methods") -> Comparison | None:
    """Compare the methods of a score table; None where there is nothing to compare."""
    try:
        return statistics.compare(table, complete=complete)
    except statistics.TableError:
        return None


LACKING = "†"
"""Marks a row whose numbers are over fewer data sets than those of its neighbours."""


def methods(
    tables: Mapping[str, pd.DataFrame],
    runs: pd.DataFrame,
    comparison: Comparison | None,
    clock: str,
    once: Collection[str] = (),
) -> pd.DataFrame:
    """One row a method, as text: by average rank, and behind them those that are not ranked, by mean accuracy.

    Args:
        tables: score → score table, all on the same data sets.
        runs: on these data sets.
        comparison: of accuracies on these data sets, if there is one.
        clock: whose seconds to show.
        once: methods that were asked for one resample alone.
    """
    means = pd.DataFrame({score: table.mean() for score, table in tables.items()})
    present = pd.DataFrame({score: table.notna().sum() for score, table in tables.items()}).fillna(0)
    ranks = comparison.average_ranks if comparison else pd.Series(dtype=float)
    unranked = means["accuracy"].drop(ranks.index).sort_values(ascending=False, kind="stable").index
    seconds = per_run(runs, clock)
    parameters = runs.groupby("method")["encoder_parameters"].median()
    n_runs = runs["method"].value_counts()
    n, resamples = len(tables["accuracy"]), runs["resample"].nunique()
    others = sorted(SCORES.keys() - {"accuracy"}, key=lambda key: (not SCORES[key].ranked, [*SCORES].index(key)))

    def shown(key: str, method: str) -> str:
        n, most = int(present[key][method]), int(present["accuracy"][method])
        return fixed(float(means[key][method]), SCORES[key].digits) + f" ({n} sets)" * (0 < n < most)

    return pd.DataFrame(
        {
            "method": method,
            "data sets": _of(present["accuracy"][method], n),
            "runs": _of(n_runs[method], n * (1 if method in once else resamples)),
            SCORES["accuracy"].name: shown("accuracy", method),
            "average rank": fixed(ranks.get(method, np.nan), 2),
            **{SCORES[key].name: shown(key, method) for key in others},
            CLOCKS[clock]: fixed(seconds["seconds"][method], 1),
            "shared pre-training": fixed(seconds["shared"][method] or np.nan, 1),
            "encoder parameters": count(parameters[method]),
        }
        for method in [*ranks.index, *unranked]
    )


def _of(n: int, whole: int) -> str:
    """Word how many of all there are, marked where some are lacking."""
    return str(n) if n == whole else f"{n} of {whole} {LACKING}"


def ranking(comparison: Comparison, score: str, *, negated: bool = False, baseline: str | None = None) -> pd.DataFrame:
    """One row a method, best first, as text: rank, mean, win rate, Elo, error relative to a baseline.

    Methods that lack data sets come last, marked, with their means alone.

    Args:
        comparison: of the methods.
        score: what it is by.
        negated: whether that is a loss, which it was given negated.
        baseline: of accuracies, to which errors are relative; None: they are not shown.
    """
    scores, ranks = comparison.scores, comparison.average_ranks
    rates, elo = ratings.win_rate(scores), ratings.elo(scores)
    table = pd.DataFrame(
        {
            "method": str(method),
            "average rank": f"{rank:.2f}",
            f"mean {score}": f"{(-1 if negated else 1) * scores[method].mean():.4f}",
            "win rate": f"{rates[str(method)]:.3f}",
            "Elo [95 % interval]": _elo(*elo.loc[[method]].to_numpy()[0]),
        }
        for method, rank in ranks.items()
    )
    if baseline is not None:
        errors, _ = ratings.relative_error(scores, baseline)
        table.insert(3, f"error relative to {baseline}", [fixed(errors[method], 3) for method in ranks.index])
    rest = pd.DataFrame("–", index=range(len(comparison.incomplete)), columns=table.columns)
    rest["method"] = [f"{name} {LACKING}" for name in comparison.incomplete.index]
    rest[f"mean {score}"] = [fixed((-1 if negated else 1) * mean, 4) for mean in comparison.incomplete]
    return pd.concat([table, rest], ignore_index=True)


def _elo(rating: float, low: float, high: float) -> str:
    """Word a rating; who wins or loses always the same has no interval, for drawing data sets anew changes nothing."""
    return f"{rating:.0f} [{low:.0f}, {high:.0f}]" if high - low > 0.5 else f"{rating:.0f} [–]"


def ranking_notes(comparison: Comparison, baseline: str | None = None) -> list[str]:
    """What the columns of `ranking` mean, a sentence each."""
    notes = [
        "Win rate: the share of the other methods that one beats on a data set, on average, draws counted half.",
        "Elo: the ratings, 1000 on average, that explain best who beats whom on how many data sets; 400 points more "
        "are odds of ten to one; interval by bootstrap over data sets, none where these agree on every pair (a drawn "
        "game a pair keeps ratings finite then).",
    ]
    if len(comparison.incomplete):
        notes.append(
            f"{LACKING} Over the data sets that the method has: on others it has no score, and so it is not ranked."
        )
    if baseline is not None:
        n = ratings.relative_error(comparison.scores, baseline)[1]
        but = f" (on {n} of {len(comparison.scores)} data sets: on the others it makes no error)"
        but *= n < len(comparison.scores)
        notes.append(
            f"Error relative to {baseline}: the mean over data sets of a method's error rate divided by "
            f"{baseline}'s{but}; below 1 is better than it."
        )
    return notes


def baseline_of(methods: Sequence[str]) -> str | None:
    """The method that errors are relative to where nobody says: 1-NN with DTW, else the first baseline there."""
    plain = {with_labels(name, None): name for name in methods}
    known = [plain[name] for name in ("1nn-dtw", *BASELINES) if name in plain]
    dtw = [name for name in methods if plain_spelling(name).startswith("1nndtw")]
    return next(iter([*known[:1], *dtw]), None)


def fixed(number: float, digits: int) -> str:
    """Word a number with so many decimals, or a dash where there is none."""
    return f"{number:.{digits}f}" if pd.notna(number) else "–"


def count(number: float) -> str:
    """Word a count, or a dash where there is none."""
    return f"{number:,.0f}" if pd.notna(number) else "–"


def interval(of: effects.Interval) -> str:
    """Word an interval."""
    return f"[{of.low:+.4f}, {of.high:+.4f}]"


def holm_over(n: int, what: str = "pair") -> str:
    """What the column of corrected p-values is called: the family stands in it."""
    return f"p (Holm, {n} {what}{'s' * (n != 1)})"


def pairs(comparison: Comparison) -> pd.DataFrame:
    """One row a pair of methods, the better ranked first, as text."""
    return pd.DataFrame(
        {
            "better ranked": pair.a,
            "other": pair.b,
            "wins / draws / losses": f"{pair.wins} / {pair.draws} / {pair.losses}",
            "p": f"{pair.p:.3g}",
            holm_over(len(comparison.pairs)): f"{pair.p_holm:.3g}",
            "mean difference": f"{pair.mean_difference:+.4f}",
            "median difference": f"{pair.median_difference:+.4f}",
        }
        for pair in comparison.pairs
    )


def paired(found: list[Answer]) -> pd.DataFrame:
    """One row an answer, as text."""
    table = pd.DataFrame(
        {
            "question": answer.question,
            "a": answer.pair.a,
            "b": answer.pair.b,
            "data sets": len(answer.scores),
            "wins / draws / losses": f"{answer.pair.wins} / {answer.pair.draws} / {answer.pair.losses}",
            "mean a − b [95 % interval]": f"{answer.pair.mean_difference:+.4f} {interval(answer.interval)}",
            "p": f"{answer.pair.p:.3g}",
            holm_over(len(found), "question"): f"{answer.p_holm:.3g}",
            "likeliest: a better / same / b better": " / ".join(f"{p:.2f}" for p in answer.posterior),
            "data sets apart by themselves": "–" if answer.alone is None else " / ".join(map(str, answer.alone)),
        }
        for answer in found
    )
    return table if any(answer.alone for answer in found) else table.drop(columns="data sets apart by themselves")


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
    columns = (f"{best} wins / draws / losses", "p", holm_over(len(comparison.pairs)))
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
    """Mean accuracy by type, by length and by training size: (what by, one row a group, as text).

    The mean of a method that lacks a data set of a group is marked.
    """
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
        sizes = group.value_counts().reindex(means.index)
        present = table.notna().groupby(group).sum().reindex(means.index)
        rows = means.map(lambda value: fixed(value, 4)) + present.lt(sizes, axis=0).map(f" {LACKING}".__mul__)
        rows.insert(0, "data sets", sizes)
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
    n = runs["dataset"].nunique()
    lacking = runs.groupby("method")["dataset"].nunique() < n
    within = np.sqrt(grouped.var(ddof=1).groupby("method").mean())
    between = grouped.mean().groupby("method").std(ddof=1)
    return pd.DataFrame(
        {
            "method": f"{method} {LACKING}" if lacking[method] else method,
            "over splits or seeds (one data set)": f"{within[method]:.4f}" if pd.notna(within[method]) else "–",
            "over data sets (their means)": f"{between[method]:.4f}" if pd.notna(between[method]) else "–",
        }
        for method in dict.fromkeys(runs["method"])
    )


def against(runs: pd.DataFrame, reference: Mapping[str, tuple[float, float | None]]) -> pd.DataFrame:
    """One row a method: mean ± standard deviation over seeds beside a published single run, as text.

    A transductive method is held against the row of the method that it is otherwise.
    """
    rows, clock = [], clock_of(runs)
    for method, own in runs.groupby("method", sort=False):
        row = {"method": str(method), "pre-trained on": SOURCES[own["pretrained_on"].iloc[0]]}
        published = reference.get(str(method).removesuffix("-transductive"), (None, None))
        for name, column, theirs in zip(("accuracy", "macro F1"), ("accuracy", "f1_macro"), published, strict=True):
            mean, deviation = own[column].mean(), own[column].std(ddof=1)
            row[name] = f"{mean:.4f}" + (f" ± {deviation:.4f}" if pd.notna(deviation) else "")
            row[f"{name}, theirs"] = f"{theirs:.4f}" if theirs else "–"
            row[f"{name}, ours − theirs"] = f"{mean - theirs:+.4f}" if theirs else "–"
        row["encoder parameters"] = count(own["encoder_parameters"].median())
        row[CLOCKS[clock]] = f"{per_run(own, clock)['seconds'].iloc[0]:.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def costs(runs: pd.DataFrame, clock: str) -> pd.DataFrame:
    """One row a method, as text: seconds of a run, of a pre-training that is shared, parameters, memory, hours."""
    grouped = runs.groupby("method", sort=False)
    found = per_run(runs, clock)
    table = pd.DataFrame(
        {
            CLOCKS[clock]: found["seconds"].map(lambda value: fixed(value, 1)),
            "shared pre-training": found["shared"].map(lambda value: fixed(value or np.nan, 1)),
        }
    )
    for column in ("encoder_parameters", "total_parameters"):
        table[column.replace("_", " ")] = grouped[column].median().map(count)
    table["peak memory (MB)"] = grouped["peak_memory_mb"].max().map(count)
    table["hours in all"] = (in_all(runs, clock) / 3600).map("{:.2f}".format)
    return table.rename_axis("method").reset_index()


def score_tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Score table of each score."""
    return {score: score_table(runs, score) for score in SCORES}
