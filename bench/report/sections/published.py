"""Beside numbers that others published, where they were measured as ours were; if that was asked for."""

from bench.published import guard, numbers
from bench.published.beside import beside
from bench.report import tables
from bench.report.material import Material
from bench.report.wording import RANKED, data_sets, markdown, rank_diagram
from bench.stats.comparison import TableError, reasons


def section(material: Material) -> str:
    """Table, diagram and sources; what was left out, and why."""
    if not material.against_published:
        return ""
    own = material.runs[material.runs["resample"] == 0]
    if own.empty:
        return ""
    normalised: dict[str, set[str]] = {}
    for result in material.finished:
        normalised.setdefault(result.dataset, set()).add(result.preparation.get("normalise", "unknown"))
    ours = {
        str(dataset): guard.Conditions(int(n_test), " and ".join(sorted(normalised[str(dataset)])))
        for dataset, n_test in own.groupby("dataset", sort=False)["n_test"].first().items()
    }
    try:
        found = beside(tables.score_table(own, "accuracy"), ours, numbers.METHODS)
    except TableError:
        return ""
    comparison = tables.compare(found.table)
    if not comparison:
        return ""
    best = next(method for method in comparison.average_ranks.index if method in own["method"].values)
    table = tables.beside(comparison, best)
    lines = [
        f"## Beside published numbers\n\nOn the {data_sets(len(comparison.scores))} for which all of them have a "
        "comparable accuracy: the archive's own split, the same test cases and normalisation. Ours is one run."
        + (f" Wins and p: {best} against each; Holm over all pairs." if len(comparison.scores) > 1 else ""),
        rank_diagram(material, comparison, "cd_published", RANKED["accuracy"], " beside published numbers"),
        markdown(table),
        "Left out:\n\n" + "\n".join(f"- {reason}" for reason in found.left_out) if found.left_out else "",
        "\n".join(f"- data sets left out: {line}" for line in reasons(comparison.left_out)),
        "Sources:\n\n" + "\n".join(f"- {citation}" for citation in found.citations),
    ]
    return "\n\n".join(filter(None, lines))
