"""The contest's command line: python -m bench COMMAND; every command explains itself with --help."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from bench.cli import machines, others, report, run, status
from bench.cli.arguments import Command
from bench.cli.asked import UsageError
from bench.contest.results import ResultError
from bench.methods.method import MethodError
from timae.weights import WeightsError
from ucr.archive import UcrError
from ucr.plain import plain_output


class Family(Protocol):
    """Commands that belong together: a module."""

    def add(self, command: Command) -> None:
        """Say what the commands are called, what they take and what carries them out."""


FAMILIES: tuple[Family, ...] = (run, machines, status, report, others)


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
        The exit code: 0, 1 (a run failed), 2 (bad input), 130 (interrupted) or 141 (nobody reads what it says).
    """
    plain_output()
    options = _parser(families).parse_args(arguments)
    options.execute = execute
    try:
        code = int(options.command(options))
        sys.stdout.flush()
    except (UsageError, MethodError, UcrError, ResultError, WeightsError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # its reader, such as head, has seen enough; what lies in the buffer is for nobody
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as a shell says of what SIGPIPE ends
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error.strerror or error
        print(f"bench: {what}; mend that, and the same command goes on from here", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return code


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
