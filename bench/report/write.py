"""A report, written: Markdown, one HTML file, tables and pictures; and its summary for a terminal."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.contest import results
from bench.contest.results import Result
from bench.report.contents import SECTIONS
from bench.report.material import Material
from bench.report.page.explorer import EXPLORER
from bench.report.page.facts import facts
from bench.report.page.html import html_page
from bench.report.pictures.style import KINDS
from bench.report.wording import RANKED, data_sets, unfinished


def write(material: Material, sections: Sequence[str] | None = None) -> Path:
    """Write a report.

    Args:
        material: what it is made of.
        sections: names of those to write, in the order of the table of contents, as a page of their own beside the
            report; None: all, the report.

    Returns:
        The path of report.md, or of sections.md.
    """
    folder = material.folder
    folder.mkdir(parents=True, exist_ok=True)
    runs = material.runs.assign(result=[_link(material, result) for result in material.finished])
    results.write_text(folder / "results.csv", runs.to_csv(index=False, lineterminator="\n"))
    for score in RANKED:
        table = material.scores[score].reset_index()
        results.write_text(folder / f"{score}.csv", table.to_csv(index=False, lineterminator="\n"))
    written = {name: section(material) for name, section in SECTIONS.items() if sections is None or name in sections}
    text = _joined(written)
    page = folder / ("report.md" if sections is None else "sections.md")
    results.write_text(page, text)
    if sections is None:
        _drop_pictures_of_former_reports(folder, text)
    known = facts(material) if "datasets" in written else None  # there the reader explores what Markdown lists
    explored = _joined(written | {"datasets": f"## {EXPLORER}"}) if known else text
    results.write_text(page.with_suffix(".html"), html_page(material.contest.name, explored, folder, known))
    return page


def _joined(written: Mapping[str, str]) -> str:
    return "\n\n".join(filter(None, written.values())) + "\n"


def _drop_pictures_of_former_reports(folder: Path, text: str) -> None:
    """Remove the pictures of a report that had more to show."""
    for svg in folder.glob("*.svg"):
        if f"]({svg.name})" not in text and svg.with_suffix(".png").exists():
            for kind in KINDS:
                svg.with_suffix(f".{kind}").unlink(missing_ok=True)


def summary(material: Material) -> str:
    """Return the table of methods for a terminal."""
    contest, runs = material.contest, material.runs
    shown = Table(title=f"{contest.name}: {data_sets(runs['dataset'].nunique())}, preset {contest.preset}")
    for i, column in enumerate(material.methods.columns):
        shown.add_column(column, justify="right" if i else "left", no_wrap=True)
    for row in material.methods.itertuples(index=False):
        shown.add_row(*map(str, row))
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join([*lines, *(line.replace("**", "") for line in unfinished(material))])


def _link(material: Material, result: Result) -> str:
    path = material.contest.folder / result.method / result.dataset / f"resample-{result.resample}.json"
    return os.path.relpath(path, material.folder)
