"""The contest's command line: python -m bench COMMAND; every command explains itself with --help."""

import sys
from collections.abc import Sequence

from bench.cli import command
from bench.trials import commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit code."""
    return command.main(arguments, families=(*command.FAMILIES, commands))


if __name__ == "__main__":
    sys.exit(main())
