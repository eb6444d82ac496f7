"""The command that says how a contest stands: status."""

import argparse
import sys
import time

from bench.cli.arguments import Command, add_stored
from bench.cli.asked import stored_contest

WATCH_SECONDS = 3.0


def add(command: Command) -> None:
    """Add the command to the command line."""
    status = command("status", show_status, "say what is done, running, queued and failed")
    status.add_argument("--watch", action="store_true", help="say it again every few seconds, until nothing runs")
    add_stored(status)


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
