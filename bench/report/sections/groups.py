"""Mean accuracy by kind of data."""

from bench.report import tables
from bench.report.material import Material
from bench.report.wording import markdown


def section(material: Material) -> str:
    """A table each by type, length and number of training cases."""
    table = material.scores["accuracy"][material.methods["method"]]
    if len(table) < 2:
        return ""
    parts = [f"By {what}:\n\n{markdown(rows)}" for what, rows in tables.groups(table, material.runs)]
    note = f"{tables.LACKING} Over some of the data sets: on others the method has no result."
    return "\n\n".join(
        ["## Mean accuracy by kind of data", *parts, *[note] * any(tables.LACKING in part for part in parts)]
    )
