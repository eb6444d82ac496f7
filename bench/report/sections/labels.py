"""What methods reach with few labels, and what pre-training is worth then."""

from collections.abc import Iterator

import pandas as pd

from bench.methods.few import ALL, labels_of, with_labels
from bench.report import tables
from bench.report.material import Material
from bench.report.pictures.label_curves import Point, label_curves
from bench.report.questions import WORTH, Asked, answers, asked
from bench.report.wording import data_sets, drawn, listed, markdown, picture
from bench.stats.effects import bootstrap_interval

Arms = dict[str, dict[int | None, str]]
"""Method → number of labels a class, None for all, ascending → the name of its arm."""


def section(material: Material) -> str:
    """Curves, their numbers and the worth of pre-training; nothing where every method has all labels."""
    runs = material.every_run[material.every_run["dataset"].isin(material.main)]
    table = tables.score_table(runs, "accuracy")
    arms = _arms([name for name in table.columns if name not in material.imported])
    if not arms:
        return ""
    numbers = _ordered({n for by_number in arms.values() for n in by_number})
    names = [name for by_number in arms.values() for name in by_number.values()]
    scores = table[names].dropna()
    lines = [
        "## Few labels",
        "`@N`: of each class N train cases, drawn at random and the same for every method, keep their labels; all that "
        "learns from labels sees these cases alone. Pre-training goes without labels and sees all train series. "
        "A ridge classifier's penalty and sharpness are fixed where every case is alone in its class, and members of "
        "an average then weigh alike.",
        *(_curves(material, arms, numbers, scores) if len(scores) else ["No data set has a result of every such arm."]),
        _whole(runs, numbers, scores.index),
        *_worth(material, runs, table, arms),
    ]
    return "\n\n".join(filter(None, lines))


def _arms(names: list[str]) -> Arms:
    """The arms of each method that has one with few labels."""
    found: Arms = {}
    for n in _ordered({*map(labels_of, names)}):
        for name in names:
            if labels_of(name) == n:
                found.setdefault(with_labels(name, None), {})[n] = name
    return {method: by_number for method, by_number in found.items() if any(by_number)}


def _ordered(numbers: set[int | None]) -> list[int | None]:
    return sorted(numbers, key=lambda n: n or float("inf"))


def _called(n: int | None) -> str:
    return ALL if n is None else str(n)


def _curves(material: Material, arms: Arms, numbers: list[int | None], scores: pd.DataFrame) -> Iterator[str]:
    """The picture, where there are two numbers of labels, and what stands in it."""
    if len(numbers) > 1:
        curves = {
            method: [Point(n, scores[name].mean(), bootstrap_interval(scores[name])) for n, name in by_number.items()]
            for method, by_number in arms.items()
        }
        yield picture(material, label_curves(curves), "few_labels", "Mean accuracy against labels a class")
    rows = [
        [method, *(f"{scores[arms[method][n]].mean():.4f}" if n in arms[method] else "–" for n in numbers)]
        for method in arms
    ]
    yield markdown(pd.DataFrame(rows, columns=["mean accuracy, labels a class", *map(_called, numbers)]))
    over = "; intervals by bootstrap over data sets" * (len(numbers) > 1)
    yield f"On the {data_sets(len(scores))} that all these arms have{over}."


def _whole(runs: pd.DataFrame, numbers: list[int | None], datasets: pd.Index) -> str:
    """On how many data sets a number of labels is all of them."""
    here = runs[runs["dataset"].isin(datasets)]
    whole = here["n_labelled"].eq(here["n_train"]).groupby([here["method"].map(labels_of).fillna(0), here["dataset"]])
    counts = whole.all().groupby(level=0).sum()
    told = [f"{n} on {counts[n]}" for n in numbers if n and counts.get(n)]
    return f"So many labels a class are all that there are, and `@N` is the plain run: {listed(told)}." if told else ""


def _worth(material: Material, runs: pd.DataFrame, table: pd.DataFrame, arms: Arms) -> Iterator[str]:
    """What pre-training is worth, a table for each method and its control that have arms with few labels."""
    for question, method, control, _ in asked([*arms]):
        numbers = [n for n in arms[method] if n in arms[control]]
        if question not in WORTH or not numbers:
            continue
        pairs = {n: (arms[method][n], arms[control][n]) for n in numbers}
        scores = table[[name for pair in pairs.values() for name in pair]].dropna()
        same = material.contest.same_split
        found = answers([Asked(_called(n), *pairs[n]) for n in numbers], scores, runs, same_split=same)
        if not found:
            continue
        shown = tables.paired(found).rename(
            columns={"question": "labels a class", "mean a − b [95 % interval]": "worth [95 % interval]"}
        )
        holm = tables.holm_over(len(found), "question")
        columns = ["labels a class", "worth [95 % interval]", "wins / draws / losses", "p", holm]
        shown = shown[columns].rename(columns={holm: tables.holm_over(len(found), "number")})
        yield f"### {question}: {method} − {control}"
        yield markdown(shown)
        yield (
            f"On the {data_sets(len(scores))} that all these arms have. Intervals by bootstrap over "
            f"{drawn(material, found)}; p by Wilcoxon's exact signed-rank test, raw and by Holm over the numbers of "
            "labels."
        )
