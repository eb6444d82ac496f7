"""Commands that say what there is: status, of a contest; methods, that may compete."""

import argparse
from pathlib import Path

from bench.cli.arguments import Command
from bench.cli.asked import UsageError, require_known, stored_contest


def add(command: Command) -> None:
    """Add the commands to the command line."""
    status = command("status", show_status, "say what is done, running, queued and failed")
    status.add_argument("name", nargs="?", help="of the contest, or the path of its folder; default: all, a line each")
    status.add_argument("--results", default="results", metavar="DIR")
    status.add_argument("--watch", action="store_true", help="a live screen, until nothing runs any more")
    status.add_argument("--json", action="store_true", help="for scripts")
    listed = command("methods", show_methods, "say what each method is")
    listed.add_argument("--preset", default="quick", help="the price under which to say it")
    listed.add_argument("--results", default="results", metavar="DIR", help="whose runs say what each has cost")


def show_status(options: argparse.Namespace) -> int:
    """Carry out `status`."""
    import json
    from dataclasses import asdict

    from bench.places import status

    if options.name is None:
        if options.watch:
            raise UsageError("--watch needs the name of a contest")
        rows = status.contests(Path(options.results))
        if not rows:
            raise UsageError(f"no contest in {options.results}; run one first")
        print(json.dumps([asdict(row) for row in rows], indent=1) if options.json else status.describe_contests(rows))
    elif options.watch:
        from bench.places.watch import watch

        watch(lambda: status.standing(stored_contest(options)))
    else:
        stands = status.standing(stored_contest(options))
        print(status.as_json(stands) if options.json else status.describe(stands))
    return 0


def show_methods(options: argparse.Namespace) -> int:
    """Carry out `methods`."""
    from bench.contest.cost import median_seconds
    from bench.methods.table import grouped
    from timae.presets import PRESETS

    require_known("preset", options.preset, PRESETS)
    print(f"preset {options.preset}: {PRESETS[options.preset].summary}")
    groups, seconds = grouped(), median_seconds(Path(options.results), options.preset)
    width = max(len(name) for methods in groups.values() for name in methods)
    for heading, methods in groups.items():
        print(f"\n{heading}")
        for name, what in methods.items():
            print(f"  {name:<{width}}  {what}" + (f" ({seconds[name]:.1f} s a run)" if name in seconds else ""))
    return 0
