"""How much accuracy deviates from split to split, and from data set to data set."""

from bench.report import tables
from bench.report.material import Material
from bench.report.wording import markdown


def section(material: Material) -> str:
    """A table; nothing where there is one split and one seed."""
    if material.runs["resample"].nunique() == 1:
        return ""
    return (
        "## Deviation\n\nStandard deviation of accuracy: from one split or seed to the next on the same data set (root "
        "of the mean variance), and from one data set to the next.\n\n" + markdown(tables.deviations(material.runs))
    )
