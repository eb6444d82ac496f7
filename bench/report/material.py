"""What a report is made of: the results of a contest, and the tables that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from bench.contest import results
from bench.contest.definition import Contest, Run
from bench.contest.imported import told_of
from bench.contest.results import Result
from bench.report import questions, tables
from bench.stats.comparison import Comparison


@dataclass(frozen=True)
class Material:
    """What the sections of one report are made of."""

    contest: Contest
    folder: Path
    """Where the report goes."""
    finished: Sequence[Result]
    against_published: bool = False
    """Whether published numbers are to stand beside ours."""
    aside: Sequence[Result] = ()
    """Imported results on data sets and resamples that the contest does not have."""

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run."""
        return tables.tidy(self.finished)

    @cached_property
    def imported(self) -> dict[str, str]:
        """The methods of which accuracies were imported and nothing else is known, with their sources."""
        return {result.method: result.source for result in self.finished if result.source}

    @cached_property
    def own(self) -> Sequence[Result]:
        """The results of runs: seconds, memory and every score are known."""
        return [result for result in self.finished if not result.source]

    @cached_property
    def own_runs(self) -> pd.DataFrame:
        """The same, one row a run."""
        return self.runs[~self.runs["method"].isin([*self.imported])]

    @cached_property
    def scores(self) -> dict[str, pd.DataFrame]:
        """Score table (data set × method) of each score."""
        return tables.score_tables(self.runs)

    @cached_property
    def comparison(self) -> Comparison | None:
        """The methods compared by accuracy, if there are two with a data set in common."""
        return tables.compare(self.scores["accuracy"])

    @cached_property
    def answers(self) -> list[questions.Answer]:
        """Paired questions that the methods allow."""
        table = self.scores["accuracy"]
        named = [method for method in table.columns if method not in self.imported]  # names of others mean nothing
        return questions.answers(questions.asked(named), table, self.runs)

    @cached_property
    def methods(self) -> pd.DataFrame:
        """One row a method."""
        return tables.methods(self.scores, self.runs, self.comparison)

    @cached_property
    def missing(self) -> list[Run]:
        """Runs that were asked for and have no result."""
        done = {(result.method, result.dataset, result.resample) for result in self.finished}
        return [run for run in self.contest.runs() if (run.method, run.dataset, run.resample) not in done]


def gather(contest: Contest, folder: Path, *, against_published: bool = False) -> Material:
    """Read what a report is made of.

    Raises:
        results.ResultError: there are no results, or one is damaged.
    """
    finished, aside = told_of(contest)
    if not finished:
        raise results.ResultError(f"no results in {contest.folder}: nothing to report; see {contest.command('status')}")
    return Material(contest, folder, finished, against_published, aside)
