"""A report, written: Markdown, one HTML file, tables and pictures; and its summary for a terminal."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.contest import results
from bench.contest.results import Result
from bench.report import tables
from bench.report.contents import SECTIONS
from bench.report.material import Material
from bench.report.page.explorer import EXPLORER
from bench.report.page.facts import facts
from bench.report.page.html import html_page
from bench.report.pictures.style import KINDS
from bench.report.wording import RANKED


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
    every = [*material.finished, *material.fewer]
    runs = material.every_run.assign(result=[_link(material, result) for result in every])
    results.write_text(folder / "results.csv", runs.to_csv(index=False, lineterminator="\n"))
    for score in RANKED:
        table = tables.score_table(material.every_run, score).reset_index()
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


def _link(material: Material, result: Result) -> str:
    path = material.contest.folder / result.method / result.dataset / f"resample-{result.resample}.json"
    return os.path.relpath(path, material.folder)
