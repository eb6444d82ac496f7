"""What a report is made of: the results of a contest, and the tables that follow from them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from pathlib import Path

import pandas as pd

from bench.contest import results
from bench.contest.contestants import known_method
from bench.contest.definition import Contest, Run
from bench.contest.imported import told_of
from bench.contest.results import Result
from bench.methods.few import most_labelled
from bench.report import charges, questions, tables
from bench.stats import comparison as statistics
from bench.stats.comparison import Comparison, Complete, TableError


@dataclass(frozen=True)
class View:
    """What the reader of a report wants to see."""

    against: Sequence[str] = ()
    """Published methods, or kinds of them, that stand beside ours."""
    complete: Complete = "methods"
    """What is compared where results are lacking: methods that have every data set, or data sets that all have."""
    baseline: str | None = None
    """The method that errors are relative to; None: 1-NN with DTW, or the first baseline there."""


@dataclass(frozen=True)
class Material:
    """What the sections of one report are made of."""

    contest: Contest
    folder: Path
    """Where the report goes."""
    finished: Sequence[Result]
    """Of arms with as many labels as any has: what ranks and tables compare."""
    fewer: Sequence[Result] = ()
    """Of arms with fewer labels: they have a section of their own."""
    view: View = field(default_factory=View)
    aside: Sequence[Result] = ()
    """Imported results on data sets and resamples that the contest does not have."""

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run."""
        return tables.tidy(self.finished)

    @cached_property
    def every_run(self) -> pd.DataFrame:
        """The same of all arms, those with fewer labels too."""
        return tables.tidy([*self.finished, *self.fewer]) if self.fewer else self.runs

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
    def clock(self) -> str:
        """Whose seconds the report shows: cpu, or wall where CPU time is not known of every run."""
        return charges.clock_of(self.own_runs)

    @cached_property
    def scores(self) -> dict[str, pd.DataFrame]:
        """Score table (data set × method) of each score, over all data sets."""
        return tables.score_tables(self.runs)

    @cached_property
    def tuned(self) -> list[str]:
        """Data sets that settings of a method were chosen on, or that the contest names as such."""
        methods = (known_method(name, self.contest) for name in self.runs["method"].unique())
        named = {*self.contest.tuned, *(name for method in methods if method for name in method.tuned_on)}
        return [name for name in self.scores["accuracy"].index if name in named]

    @cached_property
    def apart(self) -> bool:
        """Whether the main comparison leaves out what was tuned on: two data sets at least must remain."""
        return bool(self.tuned) and len(self.scores["accuracy"]) - len(self.tuned) > 1

    @cached_property
    def set_aside(self) -> list[str]:
        """The data sets that the main comparison leaves out, for they were tuned on."""
        return self.tuned if self.apart else []

    @cached_property
    def main(self) -> list[str]:
        """The data sets of the main comparison, and of every table that has one row a method."""
        table = self.scores["accuracy"].drop(index=self.set_aside)
        if self.view.complete == "datasets":
            with suppress(TableError):  # there is none, and no comparison either
                table = statistics.complete_cases(table)[0]
        return [*table.index]

    @cached_property
    def main_runs(self) -> pd.DataFrame:
        """Our own runs on the data sets of the main comparison: what a run costs is said of these alone."""
        return self.own_runs[self.own_runs["dataset"].isin(self.main)]

    @cached_property
    def comparison(self) -> Comparison | None:
        """The main comparison, by accuracy, if there are two methods to compare."""
        return self.compared("accuracy")

    @cached_property
    def overall(self) -> Comparison | None:
        """The same on all data sets, where the main comparison leaves some out that were tuned on."""
        return tables.compare(self.scores["accuracy"], self.view.complete) if self.apart else None

    def compared(self, score: str) -> Comparison | None:
        """The main comparison by a score; methods that have none, as imported ones, do not take part."""
        table = self.scores[score].reindex(self.scores["accuracy"].index)
        return tables.compare(table.drop(index=self.set_aside), self.view.complete)

    @cached_property
    def not_compared(self) -> str:
        """Why there is no main comparison of two methods or more; nothing where there is one."""
        if self.scores["accuracy"].shape[1] < 2:
            return ""
        try:
            statistics.compare(self.scores["accuracy"].loc[self.main], complete=self.view.complete)
        except TableError as error:
            return str(error)
        return ""

    @cached_property
    def baseline(self) -> str | None:
        """The method that errors are relative to; None where no ranked method is a baseline."""
        ranked = [*self.comparison.average_ranks.index] if self.comparison else []
        asked = self.view.baseline
        return asked if asked in ranked else tables.baseline_of(ranked)

    @cached_property
    def answers(self) -> list[questions.Answer]:
        """Paired questions that the methods allow, on the data sets of the main comparison."""
        table = self.scores["accuracy"].loc[self.main]
        named = [method for method in table.columns if method not in self.imported]  # names of others mean nothing
        return questions.answers(questions.asked(named), table, self.runs, same_split=self.contest.same_split)

    @cached_property
    def methods(self) -> pd.DataFrame:
        """One row a method, on the data sets of the main comparison."""
        scores = {score: table.reindex(self.main) for score, table in self.scores.items()}
        runs = self.runs[self.runs["dataset"].isin(self.main)]
        return tables.methods(scores, runs, self.comparison, self.clock, self.contest.once_alone)

    @cached_property
    def missing(self) -> list[Run]:
        """Runs that were asked for and have no result."""
        done = {(result.method, result.dataset, result.resample) for result in (*self.finished, *self.fewer)}
        return [run for run in self.contest.runs() if (run.method, run.dataset, run.resample) not in done]


def gather(contest: Contest, folder: Path, view: View | None = None) -> Material:
    """Read what a report is made of.

    Raises:
        results.ResultError: there are no results, or one is damaged.
    """
    finished, aside = told_of(contest)
    if not finished:
        raise results.ResultError(f"no results in {contest.folder}: nothing to report; see {contest.command('status')}")
    return Material(contest, folder, *by_labels(finished), view or View(), aside)


def by_labels(finished: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """Results of the arms that see most labels, with imported ones; and of the others."""
    most = {*most_labelled(result.method for result in finished if not result.source)}
    compared = [bool(result.source) or result.method in most for result in finished]
    return [*compress(finished, compared)], [*compress(finished, (not each for each in compared))]
