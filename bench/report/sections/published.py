"""Beside numbers that others published, where they were measured as ours were; if that was asked for."""

import pandas as pd

from bench.methods.few import labels_of
from bench.published import guard
from bench.published.beside import beside
from bench.published.groups import asked_for
from bench.published.numbers import N_RESAMPLES
from bench.report import tables
from bench.report.material import Material
from bench.report.wording import RANKED, data_sets, markdown, rank_diagram, untuned
from bench.stats.comparison import TableError, reasons
from bench.stats.wording import disagreement


def section(material: Material) -> str:
    """A part on the archive's own split, and one on resamples where there are some."""
    if not material.view.against:
        return ""
    n = min(material.runs["resample"].nunique(), N_RESAMPLES)
    parts = [_part(material, 1, "## Beside published numbers", "cd_published")]
    if n > 1 and not material.contest.same_split:
        parts.append(_part(material, n, f"## Beside published numbers, {n} resamples", "cd_published_resamples"))
    return "\n\n".join(filter(None, parts))


def _part(material: Material, n_resamples: int, head: str, stem: str) -> str:
    """Table, diagram and sources; what was left out, and why."""
    own = material.runs[material.runs["resample"] < n_resamples]
    if any(labels_of(method) for method in own["method"]):
        return f"{head}\n\nNo arm of ours has all labels, as whatever was published has."
    whole = own.groupby(["method", "dataset"])["resample"].transform("nunique") == n_resamples
    own = own[whole]
    own = own[~own["dataset"].isin(material.set_aside)]
    if own.empty:
        return ""
    try:
        ours = _conditions(material, own, n_resamples)
        found = beside(tables.score_table(own, "accuracy"), ours, asked_for(material.view.against))
    except TableError as error:
        return f"{head}\n\n{str(error)[0].upper()}{str(error)[1:]}."
    # methods of ours that lack data sets decide nothing: those that were asked for do
    lacking = found.table.loc[:, [*own["method"].unique()]].isna().any()
    dropped = [str(method) for method in lacking.index[lacking]] if not lacking.all() else []
    comparison = tables.compare(found.table.drop(columns=dropped), "datasets")
    not_comparable = "\n".join(["Left out:\n", *(f"- {reason}" for reason in found.left_out)]) if found.left_out else ""
    if not comparison:
        nothing = f"There is no data set {untuned(material)}for which all of them have a comparable accuracy."
        return "\n\n".join(filter(None, [head, nothing, not_comparable]))
    best = next(method for method in comparison.average_ranks.index if method in own["method"].values)
    is_mean = f"the mean over the same {n_resamples} resamples" if n_resamples > 1 else "one run"
    split = "the archive's own split" if n_resamples == 1 else "the same resamples"
    lines = [
        f"{head}\n\nOn the {data_sets(len(comparison.scores))} {untuned(material)}for which all of them have a "
        f"comparable accuracy: {split}, the same test cases and normalisation. Ours is {is_mean}."
        + (
            f" Wins and p: {best} against each; p raw and by Holm over all pairs." if len(comparison.scores) > 1 else ""
        ),
        rank_diagram(material, comparison, stem, RANKED["accuracy"], " beside published numbers"),
        markdown(tables.beside(comparison, best)),
        "\n".join(
            f"- {line}"
            for line in (disagreement(pair, comparison.average_ranks) for pair in comparison.pairs)
            if line and f"{best} " in line
        ),
        f"Of ours, {', '.join(dropped)} lack data sets that the others have, and are left out." if dropped else "",
        not_comparable,
        "\n".join(f"- data sets left out: {line}" for line in reasons(comparison.left_out)),
        "Sources:\n\n" + "\n".join(f"- {citation}" for citation in found.citations),
    ]
    return "\n\n".join(filter(None, lines))


def _conditions(material: Material, own: pd.DataFrame, n_resamples: int) -> dict[str, guard.Conditions]:
    """How our scores on each data set came about."""
    normalised: dict[str, set[str]] = {}
    for result in material.finished:
        normalised.setdefault(result.dataset, set()).add(result.preparation.get("normalise", "unknown"))
    return {
        str(dataset): guard.Conditions(
            int(n_test), " and ".join(sorted(normalised[str(dataset)])), tuple(range(n_resamples))
        )
        for dataset, n_test in own.groupby("dataset", sort=False)["n_test"].first().items()
    }
