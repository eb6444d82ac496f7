"""A report's table of contents."""

from collections.abc import Callable, Mapping

from bench.report.material import Material
from bench.report.sections import (
    cost,
    datasets,
    deviations,
    environment,
    failures,
    groups,
    head,
    knowledge,
    labels,
    ladder,
    learning,
    methods,
    paired,
    published,
    ranks,
    reference,
    repeat,
)

SECTIONS: Mapping[str, Callable[[Material], str]] = {
    "head": head.section,
    "reference": reference.section,
    "ladder": ladder.section,
    "labels": labels.section,
    "methods": methods.section,
    "ranks": ranks.section,
    "cost": cost.section,
    "paired": paired.section,
    "published": published.section,
    "datasets": datasets.section,
    "knowledge": knowledge.section,
    "groups": groups.section,
    "deviations": deviations.section,
    "learning": learning.section,
    "failures": failures.section,
    "environment": environment.section,
    "repeat": repeat.section,
}
"""What --sections of `report` calls a section → the function that writes it, in reading order. A section returns
Markdown, or nothing where the results have nothing to say, and saves the pictures that it names."""
