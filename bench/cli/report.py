"""Commands that tell what came out: report, export."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.arguments import Command, add_stored, add_telling
from bench.cli.asked import UsageError, asked_view, names_in, require_known, stored_contest
from bench.contest.definition import Contest

if TYPE_CHECKING:
    from bench.report.material import Material, View


def add(command: Command) -> None:
    """Add the commands to the command line."""
    report = command("report", write_report, "write the report of a contest from its results alone")
    add_stored(report)
    report.add_argument("--reports", default="reports", metavar="DIR")
    add_telling(report)
    report.add_argument(
        "--sections", metavar="NAMES", help="write these alone, separated by commas, to sections.md beside the report"
    )

    export = command("export", export_results, "write the results in a form that other programs read")
    export.add_argument("--format", required=True, choices=("tsml", "wide", "long", "latex"))
    export.add_argument("--out", required=True, metavar="DIR")
    add_stored(export)


def write_report(options: argparse.Namespace) -> int:
    """Carry out `report`."""
    from bench.report.contents import SECTIONS

    sections = None if options.sections is None else names_in(options.sections)
    if sections == ():
        raise UsageError(f"--sections names no section, got {options.sections!r}; there are: {', '.join(SECTIONS)}")
    for section in sections or ():
        require_known("section", section, SECTIONS)
    view = asked_view(options)
    contest = stored_contest(options)
    tell(contest, Path(options.reports) / contest.name, view, sections=sections)
    return 0


def tell(contest: Contest, folder: Path, view: "View", *, sections: Sequence[str] | None = None) -> None:
    """Write the report of a contest into a folder, and say on the terminal who won."""
    from bench.report.material import gather
    from bench.report.terminal import summary
    from bench.report.write import write

    material = gather(contest, folder, view)
    require_baseline(material, view)
    path = write(material, sections)
    print(summary(material))
    print(f"report: {path}\n        {path.with_suffix('.html')}")


def require_baseline(material: "Material", view: "View") -> None:
    """Refuse a baseline that no method is called, before anything is written."""
    if view.baseline:
        require_known("--baseline", view.baseline, [*material.scores["accuracy"].columns])


def export_results(options: argparse.Namespace) -> int:
    """Carry out `export`."""
    from bench.contest.imported import imported_in
    from bench.report.export import export

    contest = stored_contest(options)
    paths = export(contest, options.format, Path(options.out))
    imported = imported_in(contest.folder)
    if imported and options.format == "tsml":
        print(f"bench: imported, so without predictions, and left out: {', '.join(imported)}", file=sys.stderr)
    print(f"{len(paths)} files in {options.out}")
    return 0
