"""A third place where runs can run: this very process, which has its libraries already."""

import contextlib
import io
import subprocess
from collections.abc import Sequence
from types import SimpleNamespace
from unittest.mock import patch

from bench.__main__ import main
from bench.contest.definition import Contest, Run
from bench.contest.survey import Todo
from bench.places import table
from bench.places.place import Options, Watcher


class Here:
    """One run after the other, without workers."""

    QUEUE = ""

    def submit(self, contest: Contest, todo: Sequence[Todo], options: Options) -> SimpleNamespace:
        return SimpleNamespace(contest=contest, todo=todo, execute=options.execute, rest=())

    def wait(self, batch: SimpleNamespace, watcher: Watcher) -> None:
        for item in batch.todo:
            watcher.begin(item.run)
            watcher.end(batch.execute(batch.contest, item.run))

    def width(self, options: Options) -> int:
        return 1

    def cancel(self, contest: Contest) -> str:
        return "nothing in this process"

    def queued(self, contest: Contest) -> list[Run]:
        return []


def run_here(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Carry out a command of the contest's command line whose runs go on in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(table, "PLACES", {**table.PLACES, "here": Here()}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main([*arguments, "--executor", "here"])
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
