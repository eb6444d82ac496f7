"""README and docs with the figures of committed reports: made from docs/templates, so that no figure is typed.

A template asks `report("archive")` for what its CSV files say; see `Figures` for the questions.
"""

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.published.numbers import load_published
from bench.report.charges import clock_of
from bench.stats.comparison import Comparison, Pair, compare, holm
from timae.presets import KNOWN, TUNED_ON

PROJECT = Path(__file__).parents[2]
TEMPLATES = PROJECT / "docs" / "templates"


class Figures:
    """What a committed report says, on some of its data sets and of some of its methods."""

    def __init__(self, folder: Path, accuracy: pd.DataFrame | None = None) -> None:
        self.folder = folder
        table = pd.read_csv(folder / "accuracy.csv", index_col="dataset") if accuracy is None else accuracy
        self.accuracy: pd.DataFrame = table

    def of(self, *methods: str) -> "Figures":
        """The same of some methods alone: ranks and families of tests are then over these."""
        return Figures(self.folder, self.accuracy[[*methods]])

    def by(self, score: str) -> "Figures":
        """Another score in place of accuracy: its key."""
        return Figures(self.folder, pd.read_csv(self.folder / f"{score}.csv", index_col="dataset"))

    def on(self, names: Sequence[str]) -> "Figures":
        """The same on some data sets alone."""
        return Figures(self.folder, self.accuracy.loc[self.accuracy.index.isin([*names])])

    @property
    def tuned(self) -> "Figures":
        """On the data sets that the recipe was tuned inside."""
        return self.on(TUNED_ON)

    @property
    def untuned(self) -> "Figures":
        """On the others."""
        return self.on([name for name in self.accuracy.index if name not in TUNED_ON])

    @property
    def known(self) -> "Figures":
        """Of these, on those whose test accuracies were in view when the model was designed."""
        return self.on(KNOWN)

    @property
    def fresh(self) -> "Figures":
        """Of these, on those that nobody had looked at."""
        return self.on([name for name in self.untuned.accuracy.index if name not in KNOWN])

    def shorter(self, most: int) -> "Figures":
        """On data sets of at most so many time points, as they were prepared."""
        runs = self._runs
        return self.on([*runs.loc[runs["n_timepoints"] <= most, "dataset"]])

    @property
    def n(self) -> int:
        """Data sets that every method has."""
        return len(self.accuracy.dropna())

    def mean(self, method: str) -> str:
        """Mean accuracy."""
        return share(self.accuracy.dropna()[method].mean())

    def published(self, method: str) -> str:
        """Mean published accuracy on the same data sets; each of them has one."""
        numbers = {number.dataset: number.accuracy for number in load_published() if number.method == method}
        return share(sum(numbers[name] for name in self.accuracy.dropna().index) / self.n)

    def rank(self, method: str) -> str:
        """Average rank."""
        return f"{self.comparison.average_ranks[method]:.2f}"

    def seconds(self, method: str) -> str:
        """Median of a run, by the clock of the report."""
        spent = self._runs.loc[self._runs["method"] == method, f"{clock_of(self._runs)}_seconds"]
        return f"{spent.median():.0f}" if spent.median() >= 10 else f"{spent.median():.1f}"

    def gain(self, a: str, b: str) -> str:
        """Mean difference of a and b, with its sign."""
        pair = self._pair(a, b)
        difference = pair.mean_difference if pair.a == a else -pair.mean_difference
        return f"{'+' if difference >= 0 else '−'}{share(abs(difference), 4)}"

    def p(self, a: str, b: str) -> str:
        """The signed-rank test of a and b: raw p, and by Holm over all pairs of these methods."""
        pair = self._pair(a, b)
        over = f"by Holm over {len(self.comparison.pairs)}"
        return f"p = {_p(pair.p)} raw, {_p(pair.p_holm)} {over}".replace("= <", "<")

    def steps(self, *methods: str) -> dict[str, str]:
        """Each method against the one before it: raw p, and by Holm over these steps alone."""
        return self.pairs(*((b, a) for a, b in pairwise(methods)), called="steps")

    def pairs(self, *pairs: tuple[str, str], called: str = "pairs") -> dict[str, str]:
        """The first of each pair against the second: raw p, and by Holm over these pairs alone; by the first's name."""
        alike = self.of(*dict.fromkeys(name for pair in pairs for name in pair))
        p = [alike._pair(a, b).p for a, b in pairs]
        over = f"by Holm over {len(p)} {called}"
        both = zip(pairs, p, holm(np.array(p)), strict=True)
        return {a: f"p = {_p(raw)} raw, {_p(corrected)} {over}".replace("= <", "<") for (a, _), raw, corrected in both}

    def wins(self, a: str, b: str) -> str:
        """On how many data sets a is better than b, as good, and worse."""
        pair = self._pair(a, b)
        better, worse = (pair.wins, pair.losses) if pair.a == a else (pair.losses, pair.wins)
        return f"{better}/{pair.draws}/{worse}"

    def _pair(self, a: str, b: str) -> Pair:
        """Two methods as they were compared, the better ranked first."""
        return next(pair for pair in self.comparison.pairs if {pair.a, pair.b} == {a, b})

    @cached_property
    def comparison(self) -> Comparison:
        """Of all its methods, on the data sets that they all have."""
        return compare(self.accuracy.dropna())

    @cached_property
    def _runs(self) -> pd.DataFrame:
        runs = pd.read_csv(self.folder / "results.csv")
        return runs[runs["dataset"].isin(self.accuracy.index)]


def share(value: float, decimals: int = 3) -> str:
    """A number from 0 to 1 without the zero in front."""
    return f"{value:.{decimals}f}".removeprefix("0")


def _p(value: float) -> str:
    return "< .0001" if value < 1e-4 else share(value, 4 if value < 0.01 else 2)


def render(name: str, reports: Path = PROJECT / "reports") -> str:
    """A page from its template.

    Args:
        name: of the template.
        reports: the folder of the reports that it asks.

    Raises:
        jinja2.TemplateError: it asks what there is not.
    """
    found: Callable[[str], Figures] = lambda of: Figures(reports / of)  # noqa: E731
    pages = Environment(  # noqa: S701 (Markdown, and our own templates)
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return pages.get_template(name).render(report=found)


def page(name: str) -> Path:
    """Where a template's page lies."""
    return PROJECT / name if name == "README.md" else PROJECT / "docs" / name


def main(arguments: Sequence[str] | None = None) -> int:
    """Write every page; or with --check, say which of them is not what its template makes, and how."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page differs")
    options = parser.parse_args(arguments)
    different = 0
    for template in sorted(TEMPLATES.glob("*.md")):
        path, made = page(template.name), render(template.name)
        there = path.read_text() if path.exists() else ""
        if made == there:
            continue
        different += 1
        if options.check:
            lines = difflib.unified_diff(there.splitlines(), made.splitlines(), str(path), "as made", lineterm="", n=0)
            print("\n".join(lines))  # noqa: T201
        else:
            path.write_text(made)
            print(f"written: {path}")  # noqa: T201
    if different and options.check:
        where = TEMPLATES.relative_to(PROJECT)
        print(f"edit {where}/, not the pages, and run make readme-figures", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
