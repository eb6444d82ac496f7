"""Commands that tell what came out: report, export, compare."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.cli.arguments import Command, add_against, add_stored
from bench.cli.asked import UsageError, names_in, require_known, stored_contest
from bench.contest.definition import Contest


def add(command: Command) -> None:
    """Add the commands to the command line."""
    report = command("report", write_report, "write the report of a contest from its results alone")
    add_stored(report)
    report.add_argument("--reports", default="reports", metavar="DIR")
    add_against(report)
    report.add_argument(
        "--sections", metavar="NAMES", help="write these alone, separated by commas, to sections.md beside the report"
    )

    export = command("export", export_results, "write the results in a form that other programs read")
    export.add_argument("--format", required=True, choices=("tsml", "wide", "long", "latex"))
    export.add_argument("--out", required=True, metavar="DIR")
    add_stored(export)

    compare = command("compare", compare_table, "compare the methods of any CSV table of accuracies")
    compare.add_argument("file", metavar="FILE.csv")
    compare.add_argument("--alpha", type=float, default=0.05)
    compare.add_argument("--json", action="store_true", help="JSON in place of text")


def write_report(options: argparse.Namespace) -> int:
    """Carry out `report`."""
    from bench.report.contents import SECTIONS

    sections = None if options.sections is None else names_in(options.sections)
    if sections == ():
        raise UsageError(f"--sections names no section, got {options.sections!r}; there are: {', '.join(SECTIONS)}")
    for section in sections or ():
        require_known("section", section, SECTIONS)
    contest = stored_contest(options)
    tell(
        contest,
        Path(options.reports) / contest.name,
        against_published=bool(options.against),
        sections=sections,
    )
    return 0


def tell(
    contest: Contest, folder: Path, *, against_published: bool = False, sections: Sequence[str] | None = None
) -> None:
    """Write the report of a contest into a folder, and say on the terminal who won."""
    from bench.report.material import gather
    from bench.report.write import summary, write

    material = gather(contest, folder, against_published=against_published)
    path = write(material, sections)
    print(summary(material))
    print(f"report: {path}\n        {path.with_suffix('.html')}")


def export_results(options: argparse.Namespace) -> int:
    """Carry out `export`."""
    from bench.report.export import export

    paths = export(stored_contest(options), options.format, Path(options.out))
    print(f"{len(paths)} files in {options.out}")
    return 0


def compare_table(options: argparse.Namespace) -> int:
    """Carry out `compare`."""
    import json

    from bench.stats.comparison import TableError, reasons
    from bench.stats.csv_table import as_json, as_text, compare

    try:
        comparison = compare(options.file, options.alpha)
    except TableError as error:
        raise UsageError(str(error)) from error
    if options.json:
        print(json.dumps(as_json(comparison), indent=1))
        for line in reasons(comparison.left_out):  # the keys of the JSON are fixed
            print(f"bench: left out: {line}", file=sys.stderr)
    else:
        print(as_text(comparison))
    return 0
