"""Commands that say what there is: status, of a contest; methods, that may compete."""

import argparse
import sys
import time

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
    from bench.methods.table import METHODS, get_method
    from timae.presets import PRESETS

    require_known("preset", options.preset, PRESETS)
    print(f"preset {options.preset}: {PRESETS[options.preset].summary}\n")
    for name in METHODS:
        print(f"{name}\n    {get_method(name, options.preset).summary}")
    print("A+B\n    The average of the probabilities of A and B, such as minirocket+timae-ms-random-probe.")
    print(
        "X+ridge\n    X, a fine-tuned timae-ms, averaged with the ridge classifier on its encoder before fine-tuning."
    )
    return 0
