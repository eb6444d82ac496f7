"""The contest's command line: python -m bench COMMAND; every command explains itself with --help."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from bench.cli import others, report, run, status
from bench.cli.arguments import Command
from bench.cli.asked import UsageError
from bench.contest.results import ResultError
from bench.methods.method import MethodError
from timae.weights import WeightsError
from ucr.archive import UcrError


class Family(Protocol):
    """Commands that belong together: a module."""

    def add(self, command: Command) -> None:
        """Say what the commands are called, what they take and what carries them out."""


FAMILIES: tuple[Family, ...] = (run, status, report, others)


def main(
    arguments: Sequence[str] | None = None,
    execute: Callable[..., Any] | None = None,
    families: Sequence[Family] = FAMILIES,
) -> int:
    """Carry out one command.

    Args:
        arguments: as on the command line.
        execute: does one run, in place of bench.contest.run.execute; workers import it by its name.
        families: of the commands that there are.

    Returns:
        The exit code: 0, 1 (a run failed), 2 (bad input) or 130 (interrupted).
    """
    options = _parser(families).parse_args(arguments)
    options.execute = execute
    try:
        return int(options.command(options))
    except (UsageError, MethodError, UcrError, ResultError, WeightsError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"bench: {error}; mend that, and the same command goes on from here", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line; the usage is a --help away."""
        self.exit(2, f"bench: {message}; see {self.prog} --help\n")


def _parser(families: Sequence[Family]) -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(command=function)
        return sub

    for family in families:
        family.add(command)
    return parser
