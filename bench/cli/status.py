"""Commands that say what there is: status, of a contest; methods, that may compete."""

import argparse
import sys
import time
from pathlib import Path

from bench.cli.arguments import Command, add_stored
from bench.cli.asked import require_known, stored_contest

WATCH_SECONDS = 3.0


def add(command: Command) -> None:
    """Add the commands to the command line."""
    status = command("status", show_status, "say what is done, running, queued and failed")
    status.add_argument("--watch", action="store_true", help="say it again every few seconds, until nothing runs")
    add_stored(status)
    listed = command("methods", show_methods, "say what each method is")
    listed.add_argument("--preset", default="quick", help="the price under which to say it")
    listed.add_argument("--results", default="results", metavar="DIR", help="whose runs say what each has cost")


def show_status(options: argparse.Namespace) -> int:
    """Carry out `status`."""
    from bench.places.status import describe_status

    while True:
        text, settled = describe_status(stored_contest(options))
        if options.watch and sys.stdout.isatty():
            text = "\033[H\033[2J" + text  # from a clear screen
        print(text, flush=True)
        if settled or not options.watch:
            return 0
        time.sleep(WATCH_SECONDS)


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
