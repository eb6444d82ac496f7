"""A report, written: Markdown, one HTML file, tables and pictures; and its summary for a terminal."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.contest import results
from bench.contest.results import Result
from bench.report.contents import SECTIONS
from bench.report.material import Material
from bench.report.page import html_page
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
    written = [section(material) for name, section in SECTIONS.items() if sections is None or name in sections]
    text = "\n\n".join(filter(None, written)) + "\n"
    page = folder / ("report.md" if sections is None else "sections.md")
    results.write_text(page, text)
    if sections is None:
        _drop_pictures_of_former_reports(folder, text)
    results.write_text(page.with_suffix(".html"), html_page(material.contest.name, text, folder))
    return page


def _drop_pictures_of_former_reports(folder: Path, text: str) -> None:
    """Remove the pictures of a report that had more to show."""
    for svg in folder.glob("*.svg"):
        if f"]({svg.name})" not in text and svg.with_suffix(".png").exists():
            svg.unlink()
            svg.with_suffix(".png").unlink()


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
