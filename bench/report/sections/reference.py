"""Beside the table that the contest's preset repeats, if it repeats one."""

from bench.methods.prices import PRICES
from bench.report import tables
from bench.report.material import Material
from bench.report.wording import markdown


def section(material: Material) -> str:
    """Mean ± deviation over seeds beside what is published; nothing where the preset repeats no table."""
    price = PRICES.get(material.contest.preset)
    if not (price and price.reference and material.own):
        return ""
    return (
        "## Beside the unofficial implementation\n\nMean ± standard deviation over seeds, beside what the unofficial "
        "PyTorch Lightning implementation of Ti-MAE reports: one run each, pre-trained on the unlabelled TEST series. "
        "Rows pre-trained on TRAIN are the honest protocol; rows pre-trained on TEST are transductive, as theirs.\n\n"
        + markdown(tables.against(material.own_runs, price.reference))
    )
