"""Mean accuracy by kind of data."""

from bench.report import tables
from bench.report.material import Material
from bench.report.wording import markdown, on


def section(material: Material) -> str:
    """A table each by type, length and number of training cases."""
    table = material.scores["accuracy"].loc[material.main, [*material.methods["method"]]]
    if len(table) < 2:
        return ""
    parts = [f"By {what}:\n\n{markdown(rows)}" for what, rows in tables.groups(table, material.runs)]
    note = f"{tables.LACKING} Over some of the data sets: on others the method has no result."
    lines = ["## Mean accuracy by kind of data", on(material).strip(), *parts]
    return "\n\n".join(filter(None, [*lines, *[note] * any(tables.LACKING in part for part in parts)]))
