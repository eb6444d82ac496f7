"""Commands that take numbers of others: compare, of any table; import, into a contest."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.arguments import AGAINST, Command, add_comparing, positive
from bench.cli.asked import UsageError, names_in, require_importable, require_name, some, writable

if TYPE_CHECKING:
    import pandas as pd

    from bench.published.beside import Beside
    from bench.stats.comparison import Comparison
    from bench.stats.csv_table import Scores

FORMS = "CSV: data set and a column a method, or dataset, method, [resample,] accuracy; or tsml-eval's predictions"


def add(command: Command) -> None:
    """Add the commands to the command line."""
    compare = command("compare", compare_table, "compare the methods of any table of scores, or it with published ones")
    compare.add_argument("file", metavar="FILE", help=FORMS)
    compare.add_argument("--against", metavar="NAMES", help=f"put published accuracies beside: {AGAINST}")
    add_comparing(
        compare,
        "methods: compare those that have every data set; datasets: all, on those that all have; default: methods, "
        "with --against datasets",
    )
    _add_normalise(compare)
    compare.add_argument(
        "--resamples",
        type=positive,
        default=1,
        metavar="N",
        help="with --against: the file's resamples 0 to N-1 are the field's own (aeon's, and ours), and stand beside "
        "the same ones of others; default: 1, the archive's split alone",
    )
    compare.add_argument("--lower-is-better", action="store_true", help="the scores are errors or losses")
    compare.add_argument("--alpha", type=float, default=0.05, help="family-wise error of the tests; default: 0.05")
    compare.add_argument("--json", action="store_true", help="JSON in place of text")
    compare.add_argument("--out", metavar="DIR", help="write diagram, matrix and a page")

    command("published", show_published, "list the methods that others published accuracies of")

    imported = command("import", import_table, "put accuracies of others into a contest, as results of theirs")
    imported.add_argument("file", metavar="FILE", help=FORMS)
    imported.add_argument("--name", default="default", help="of the contest")
    imported.add_argument("--source", metavar="TEXT", help="whom to cite; default: the file's name")
    _add_normalise(imported)
    imported.add_argument("--results", default="results", metavar="DIR")
    imported.add_argument("--root", help="folder of data sets of your own; default: UCR_ROOT")


def _add_normalise(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--normalise",
        choices=("series", "none"),
        help="how the data were normalised; without it, published numbers stand beside yours only on data sets that "
        "the archive ships z-normalised",
    )


def compare_table(options: argparse.Namespace) -> int:
    """Carry out `compare`."""
    import json

    from bench.stats.comparison import TableError, compare
    from bench.stats.csv_table import read
    from bench.stats.wording import as_json
    from ucr.archive import ARCHIVE

    beside = None
    if options.resamples > 1 and not options.against:
        raise UsageError("--resamples says which splits of others stand beside, so it needs --against")
    try:
        scores = read(options.file, lower_is_better=options.lower_is_better)
        notes = [*scores.notes, *(_spelling(scores) if any(scores.rows["dataset"].isin([*ARCHIVE])) else [])]
        if options.against:
            beside, more = _put_beside(scores, options)
            table, score, negated, notes = beside.table, "accuracy", False, notes + more
        else:
            table, score, negated = scores.ranked, scores.name, scores.kind != "share"
            notes += [] if negated else _doubts(scores)
        _tell(notes)
        _require_two(table)
        comparison = compare(table, options.alpha, options.complete or ("datasets" if options.against else "methods"))
        baseline = _baseline(comparison, options, accuracies=not negated)
    except TableError as error:
        raise UsageError(str(error)) from error
    if options.json:
        print(json.dumps(as_json(comparison), indent=1))
    else:
        from bench.report.terminal import as_text, columns, fold

        print(as_text(comparison, score, negated=negated, baseline=baseline))
        for head, lines in (("not comparable", beside.left_out), ("sources", beside.citations)) if beside else ():
            print("\n".join(fold(["", f"{head}:", *(f"  {line}" for line in lines or ["none"])], columns())))
    if options.out:
        from bench.report.table_page import write

        title = f"{Path(options.file).name}{f' against {options.against}' * bool(options.against)}"
        with writable(Path(options.out)):
            page = write(
                comparison,
                Path(options.out),
                title,
                score,
                negated=negated,
                baseline=baseline,
                notes=notes,
                beside=beside,
            )
        print(f"page: {page}\n      {page.with_suffix('.html')}", file=sys.stderr if options.json else sys.stdout)
    return 0


def _baseline(comparison: "Comparison", options: argparse.Namespace, *, accuracies: bool) -> str | None:
    """The method that errors are relative to; None: there is none, or nobody knows what an error is."""
    from bench.report.tables import baseline_of
    from bench.stats.comparison import TableError

    methods = [str(method) for method in comparison.average_ranks.index]
    if options.baseline and options.baseline not in methods:
        raise TableError(f"--baseline {options.baseline!r} is none of the methods compared: {', '.join(methods)}")
    if not accuracies or comparison.scores.to_numpy().max() > 1 or comparison.scores.to_numpy().min() < 0:
        if options.baseline:
            raise TableError("--baseline needs accuracies from 0 to 1: what an error is, other scores do not say")
        return None
    chosen: str | None = options.baseline or baseline_of(methods)
    return chosen


def show_published(options: argparse.Namespace) -> int:  # noqa: ARG001 (every command takes them)
    """Carry out `published`."""
    from bench.published.groups import GROUPS
    from bench.published.listing import listed
    from bench.published.numbers import sources
    from bench.report.terminal import columns, fold, table_text

    width = columns()
    for (source, normalised, licence), methods in listed().groupby(["source", "normalised", "licence"], sort=False):
        of_it = (f"normalised: {normalised}", f"licence: {licence}", sources()[str(source)].citation)
        print("\n".join(fold([str(source), *(f"  {line}" for line in of_it)], width)), end="\n\n")
        print(table_text(methods[["method", "data sets", "splits", "of"]], width), end="\n\n")
    print("kinds, for --against")
    print("\n".join(fold((f"  {kind}: {', '.join(methods)}" for kind, methods in GROUPS.items()), width)))
    return 0


def _require_two(table: "pd.DataFrame") -> None:
    """Refuse to compare a method with nothing."""
    from bench.stats.comparison import TableError

    if table.shape[1] < 2:
        raise TableError("a comparison needs at least 2 methods, got 1; --against published gives it others")


def _put_beside(scores: "Scores", options: argparse.Namespace) -> "tuple[Beside, list[str]]":
    """The file's accuracies on the archive's own split with published ones beside; and what to know about them."""
    from bench.published.beside import beside
    from bench.published.groups import asked_for
    from bench.published.guard import Conditions
    from bench.stats.comparison import DECIMALS, TableError
    from bench.stats.doubts import misspelled
    from ucr.archive import ARCHIVE

    notes: list[str] = []
    names = names_in(options.against)
    if not names:
        raise TableError(f"--against names nothing, got {options.against!r}; see bench compare --help")
    asked = asked_for(names)
    if misspelled(scores.rows["dataset"]):
        raise TableError(f"{options.file}: {_spelling(scores)[0]}; write the archive's names")
    own = _same_splits(scores, options.resamples, notes)
    if scores.kind == "error" or (scores.name == "loss" and own.rows["score"].max() <= 1):
        own = replace(own, name="accuracy", rows=own.rows.assign(score=(1 - own.rows["score"]).round(DECIMALS)))
        notes.append(f"{scores.name} is read as 1 - accuracy")
    _require_accuracies(own, options.file)
    rows = own.rows
    if unknown := [name for name in rows["dataset"].unique() if name not in ARCHIVE]:
        notes.append(f"not in the archive, and left out: {some(unknown)}")
        rows = rows[~rows["dataset"].isin(unknown)].copy()
    if rows.empty:
        raise TableError(
            f"{options.file}: no data set of the archive; expected names such as {', '.join([*ARCHIVE][:3])}"
        )
    notes += _snap(rows, {name: ARCHIVE[name].n_test for name in rows["dataset"].unique()})
    table = replace(own, rows=rows).table
    if not options.normalise and not all(ARCHIVE[name].znormalised for name in table.index):
        notes.append("how the data were normalised is not known: say --normalise series or none for more data sets")
    splits = tuple(range(options.resamples))
    ours = {name: Conditions(ARCHIVE[name].n_test, options.normalise or "unknown", splits) for name in table.index}
    return beside(table, ours, asked), notes


def _same_splits(scores: "Scores", n: int, notes: list[str]) -> "Scores":
    """The scores of resamples 0 to n-1, the splits that others are taken of; missing where one of them is lacking."""
    from bench.stats.comparison import TableError

    rows = scores.rows[scores.rows["resample"] < n].copy()
    lacking = rows.groupby(["method", "dataset"])["resample"].transform("nunique") < n
    if rows.empty or lacking.all():
        found = ", ".join(map(str, sorted(scores.rows["resample"].unique())))
        wanted = "the archive's own split, resample 0" if n == 1 else f"--resamples {n}: expected all of 0 to {n - 1}"
        raise TableError(
            f"published numbers stand beside the same splits, {wanted}; the file has {found}: name the split of each "
            "row in a column resample, or ask for those that are there"
        )
    if lacking.any():
        short = rows[lacking].drop_duplicates(["method", "dataset"])
        named = some([f"{row.method} on {row.dataset}" for row in short.itertuples()])
        notes.append(f"without all {n} resamples, and missing: {named}")
        rows.loc[lacking, "score"] = float("nan")
    if n == 1 and len(rows) < len(scores.rows):
        notes.append(
            "published numbers are of the archive's own split: resample 0 alone is taken; if the others are the "
            "field's own, say how many: --resamples N"
        )
    return replace(scores, rows=rows)


def _snap(rows: "pd.DataFrame", n_test: Mapping[str, int]) -> list[str]:
    """Make rounded accuracies the counts that they stand for, in place; returns a line about those that are none."""
    from bench.stats.doubts import counted

    notes = []
    for (method, resample), own in rows.groupby(["method", "resample"], sort=False):
        exact, not_counts = counted(own.set_index("dataset")["score"], n_test)
        rows.loc[own.index, "score"] = exact.to_numpy()
        notes += _not_counts(f"{method}, resample {resample}" if resample else str(method), not_counts)
    return notes


def import_table(options: argparse.Namespace) -> int:
    """Carry out `import`."""
    from bench.contest.imported import Origin, digest, put, results_of
    from bench.stats.comparison import TableError
    from bench.stats.csv_table import read

    require_name(options.name)
    try:
        scores = read(options.file)
        _require_accuracies(scores, options.file)
    except TableError as error:
        raise UsageError(str(error)) from error
    folder = Path(options.results) / options.name
    require_importable(scores.rows["method"].unique(), folder)
    if wrong := _spelling(scores):
        raise UsageError(f"{options.file}: {wrong[0]}; write the archive's names")
    rows, notes = _importable(scores, options.root)
    path = Path(options.file).resolve()
    origin = Origin(options.source or path.name, path.name, digest(path), options.normalise)
    with writable(folder):
        results = results_of(rows, origin, options.root)
        n_replaced = put(folder, options.name, results)
    _tell([*scores.notes, *notes])
    methods = rows["method"].unique()
    again = f", {n_replaced} of them in place of former ones" if n_replaced else ""
    print(
        f"imported into contest {options.name}: {len(results)} accuracies of {', '.join(methods)} on "
        f"{rows['dataset'].nunique()} data sets{again}; see: python -m bench report {options.name}"
    )
    return 0


def _importable(scores: "Scores", root: str | None) -> "tuple[pd.DataFrame, list[str]]":
    """The rows that a contest can take, rounded accuracies as the counts that they stand for; and what it cannot."""
    from bench.contest.cost import info_of
    from ucr.archive import UcrError

    rows, notes, n_test = scores.rows, [], {}
    for name in rows["dataset"].unique():
        try:
            n_test[name] = info_of(name, root).n_test
        except UcrError:
            continue
    unknown = [name for name in rows["dataset"].unique() if name not in n_test]
    if unknown:
        notes.append(f"neither in the archive nor among your files, and left out: {some(unknown)}")
    rows = rows[rows["dataset"].isin(list(n_test))]
    missing = rows["score"].isna()
    if missing.any():
        notes.append(
            f"{missing.sum()} of {len(rows)} cells are missing, of {', '.join(rows['method'][missing].unique())}"
        )
    rows = rows[~missing].copy()
    if rows.empty:
        raise UsageError("no accuracy to import: " + "; ".join(notes))
    return rows, notes + _snap(rows, n_test)


def _spelling(scores: "Scores") -> list[str]:
    """A line about data sets that the archive spells otherwise."""
    from bench.stats.doubts import misspelled

    wrong = misspelled(scores.rows["dataset"].unique())
    named = some([f"{name} ({right} there)" for name, right in wrong.items()])
    return [f"data sets that the archive does not know under this spelling: {named}"] if wrong else []


def _doubts(scores: "Scores") -> list[str]:
    """A line where scores look like error rates."""
    from bench.stats.doubts import error_like

    found = error_like(scores.table) if scores.name == "accuracy" else []
    return [f"error rates, by their looks: {', '.join(found)}; if so, add --lower-is-better"] if found else []


def _require_accuracies(scores: "Scores", file: str) -> None:
    """Refuse what looks like error rates where accuracies are to be."""
    from bench.stats.comparison import TableError
    from bench.stats.doubts import error_like

    if scores.name != "accuracy":
        raise TableError(
            f"{file}: expected accuracies, got {scores.name}; write accuracies instead, of an error rate 1 - it"
        )
    if found := error_like(scores.table):
        raise TableError(
            f"{file}: expected accuracies, got what looks like error rates: {', '.join(found)}; write 1 - them"
        )


def _not_counts(method: str, datasets: Sequence[str]) -> list[str]:
    """A line about accuracies that no single run can have."""
    where = f"{method} on {some(datasets)}"
    return [f"no count of right answers over the test cases, so a mean of runs: {where}"] if datasets else []


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"bench: {note}", file=sys.stderr)
