"""Commands for several machines: work, on what a shared folder still lacks; merge, what was computed apart."""

import argparse
import sys
from pathlib import Path

from bench.cli.arguments import Command, add_tries, add_workers
from bench.cli.asked import UsageError, possible, require_name, some, stored_contest, writable
from bench.contest import live
from bench.contest.definition import Contest, Run


def add(command: Command) -> None:
    """Add the commands to the command line."""
    work = command("work", work_on, "do what a contest lacks, beside other machines that see its folder")
    work.add_argument("name", help="of the contest, or the path of its folder")
    work.add_argument("--results", default="results", metavar="DIR", help="the folder that all machines see")
    add_workers(work)
    add_tries(work)

    merge = command("merge", merge_contests, "join contests that were computed apart; nothing is overwritten")
    merge.add_argument("folders", nargs="+", metavar="DIR", help="the folder of a contest: results/NAME")
    merge.add_argument("--into", required=True, metavar="NAME", help="of the contest to be; joined, if there is one")
    merge.add_argument("--results", default="results", metavar="DIR", help="where that one lies")


def work_on(options: argparse.Namespace) -> int:
    """Carry out `work`: look what is left, do it, and look again, until nothing is left that can be done."""
    from bench.cli.run import report_failures, worker_options
    from bench.contest.run import Outcome
    from bench.contest.survey import survey_of
    from bench.places import local
    from bench.places.interruption import interruptible
    from bench.places.progress import Progress

    contest, settings = stored_contest(options), worker_options(options)
    ended: dict[Run, Outcome] = {}
    with interruptible(), writable(contest.folder):
        while True:
            survey = survey_of(contest)
            alone = [(run, state) for run, state in survey.unusable if not state.asked]
            passed_over = {*ended, *(run for run, _ in alone)}
            todo = [item for item in survey.todo if item.run not in passed_over]
            if not todo:
                break
            print(f"contest {contest.name}: {len(survey.done)} runs done, {len(todo)} to do, preset {contest.preset}")
            with Progress(todo, local.width(settings)) as progress:
                local.wait(local.submit(contest, todo, settings), progress)
            ended |= {outcome.run: outcome for outcome in progress.ended}
            contest = stored_contest(options)  # more may have been asked for meanwhile
    if alone:
        run, state = alone[0]
        print(f"{len(alone)} stale or damaged results stay, until run --rerun stale; first {run}: {state.difference}")
    print(f"nothing is left to do; its report: {contest.command('report')}")
    return report_failures(contest, [outcome for outcome in ended.values() if outcome.error])


def merge_contests(options: argparse.Namespace) -> int:
    """Carry out `merge`."""
    from bench.contest.merge import merge

    name = options.into.rstrip("/")
    require_name(name)
    into = Contest(name, (), (), results=options.results)
    folder = possible(into.folder)
    sources = [Path(source) for source in options.folders]
    for source in sources:
        if source.resolve() == folder.resolve():
            raise UsageError(f"{source} is what the others are merged into: leave it out")
    with writable(folder), live.hold(folder) as held:
        if not held:
            raise UsageError(f"contest {name!r} is being run in {folder}: merge when it is over, or into another name")
        merged = merge(sources, into)
    print(f"contest {name}: {len(merged.copied)} results came in, {merged.same} were there already")
    if merged.different:
        print(
            f"bench: {len(merged.different)} of these have other scores in another folder, though all that decides "
            f"them is the same; the first found stays: {some([str(run) for run in merged.different])}",
            file=sys.stderr,
        )
    if merged.averages:
        print(f"left out, and made again by run in a moment: {some([str(run) for run in merged.averages])}")
    print(f"see: {merged.contest.command('status')}")
    return 0
