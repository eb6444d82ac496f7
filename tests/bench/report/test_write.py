import base64
import csv
import gzip
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made import PREDICTED, a_result

from bench.contest import imported, results
from bench.contest.cost import CostModel
from bench.contest.definition import Contest
from bench.contest.results import Result, ResultError
from bench.contest.scores import score
from bench.methods.ladder import RUNGS
from bench.methods.table import get_method
from bench.report import charges, questions, tables
from bench.report.contents import SECTIONS
from bench.report.export import export
from bench.report.material import View, gather
from bench.report.page.explorer import EXPLORER
from bench.report.page.html import html_page
from bench.report.write import write
from timae.presets import KNOWN, TUNED_ON
from ucr.archive import ARCHIVE

METHODS = ("timae", "timae-scratch", "timae-probe", "timae-mamba", "minirocket")
DATASETS = ("GunPoint", "ArrowHead", "OSULeaf", "ItalyPowerDemand", "ACSF1", "PLAID", "Own")


def contest(folder: Path, resamples: int = 2) -> Contest:
    return Contest("made", METHODS, DATASETS, resamples=resamples, preset="smoke", results=str(folder / "results"))


def fill(made: Contest, *, skip: tuple[str, str] | None = None) -> None:
    """Write results whose accuracies fall with the method's place, but for a little noise."""
    random = np.random.default_rng(0)
    for run in made.runs():
        if skip == (run.method, run.dataset):
            continue
        place, trouble = METHODS[::-1].index(run.method), DATASETS.index(run.dataset)
        accuracy = round(0.95 - 0.05 * place - 0.03 * trouble + random.uniform(0, 0.01), 3)
        neural = run.method != "minirocket"
        truth, probabilities = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        result: Result = a_result(
            method=run.method,
            dataset=run.dataset,
            resample=run.resample,
            accuracy=accuracy,
            n_train=30 * (trouble + 1),
            n_test=ARCHIVE[run.dataset].n_test if run.dataset in ARCHIVE else 4,
            n_parameters={"encoder": 1000, "total": 1100 + place} if neural else {},
            pretrain_seconds=3.0 if neural else 0.0,
            preparation={"normalise": "series"},
            environment={"python": "3.11", "commit": "abc", "dirty": True, "versions": {"torch": "2"}},
        )
        arrays = {"truth": truth, "predictions": probabilities.argmax(1), "probabilities": probabilities}
        if neural:
            arrays |= {"pretrain_losses": np.linspace(1, 0.1, 40), "finetune_losses": np.linspace(1, 0.2, 50)}
        results.write(run.path(made.folder), result, arrays)


def test_probabilities_that_are_damaged_or_lost_are_named_before_anything_is_written(tmp_path: Path) -> None:
    made = contest(tmp_path, resamples=1)
    fill(made)
    *_, last = made.runs()
    stored = last.path(made.folder).with_suffix(".npz")
    whole = stored.read_bytes()
    again = f"redo its run: python -m bench run-one {last} --name made --results {tmp_path / 'results'}"
    stored.write_bytes(whole[:60] + bytes(20) + whole[80:])  # its end is in order
    with pytest.raises(ResultError) as damaged:
        export(made, "tsml", tmp_path / "out")
    assert str(damaged.value).startswith(f"{stored}: damaged (")
    assert str(damaged.value).endswith(again)
    stored.unlink()
    with pytest.raises(ResultError) as lost:
        export(made, "tsml", tmp_path / "out")
    assert str(lost.value) == f"{stored}: is not there; {again}"
    results.write_whole(stored, lambda file: np.savez_compressed(file, truth=np.zeros(3)))
    with pytest.raises(ResultError) as lacking:
        export(made, "tsml", tmp_path / "out")
    assert str(lacking.value) == f"{stored}: lacks predictions, probabilities; {again}"
    assert not (tmp_path / "out").exists()
    for path in made.folder.glob("timae*/*/*.npz"):
        data = path.read_bytes()
        path.write_bytes(data[:60] + bytes(20) + data[80:])
    with pytest.raises(ResultError, match=r"\.npz: damaged"):
        write(gather(made, tmp_path / "report"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Contest, Path]:
    folder = tmp_path_factory.mktemp("report")
    made = contest(folder)
    fill(made, skip=("timae-mamba", "Own"))
    broken = made.folder / "timae-mamba" / "Own" / "resample-0.error.txt"
    broken.parent.mkdir(parents=True)
    broken.write_text("Traceback\nMemoryError: too much\n")
    write(gather(made, folder / "reports" / "made"))
    return made, folder / "reports" / "made"


def test_it_says_who_won_what_failed_and_what_was_left_out(written: tuple[Contest, Path]) -> None:
    text = (written[1] / "report.md").read_text()
    assert "**minirocket** ranks best by accuracy: average rank 1.00 of 4 on 7 data sets" in text
    assert text.splitlines()[2].startswith("**Unfinished: 2 of 70 runs have no result.**")
    assert "- left out of ranks and means: timae-mamba: scores on 6 of the 7 data sets" in text
    assert "- timae-mamba/Own/resample-0: `MemoryError: too much`" in text
    assert "- not run: timae-mamba on Own, resample 1" in text
    assert "abc with uncommitted changes" in text


def test_numbers_stand_for_stored_results(written: tuple[Contest, Path]) -> None:
    made, folder = written
    text = SECTIONS["datasets"](gather(made, folder))
    assert "](" not in text  # results lie where a reader of the report need not be
    head, _, *rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")
    ]
    stored = {
        (name, method): [results.read(path).accuracy for path in (made.folder / method / name).glob("resample-*.json")]
        for name in DATASETS
        for method in METHODS
    }
    for name, *cells in rows:
        for method, cell in zip(head[1:], cells, strict=True):
            found = stored[name.removesuffix(" *"), method]
            assert cell.strip("* ") == (f"{np.mean(found):.4f}" if found else "")
    assert len(rows) == len(DATASETS)


def test_the_csv_names_the_result_of_each_number(written: tuple[Contest, Path]) -> None:
    _, folder = written
    text = (folder / "report.md").read_text()
    assert not re.findall(r"\]\((?!\w+\.svg\))[^)]*\)", text.replace("timae-", ""))  # no link to what a reader lacks
    with (folder / "results.csv").open() as file:
        for row in csv.DictReader(file):
            assert results.read(folder / row["result"]).accuracy == float(row["accuracy"])


def test_every_picture_it_names_is_there(written: tuple[Contest, Path]) -> None:
    text = (written[1] / "report.md").read_text()
    named = re.findall(r"!\[.+?\]\((.+?)\)", text)
    assert len(named) == len(set(named))
    assert {"pairs_accuracy.svg", "seconds.svg", "learning.svg"} <= set(named)
    assert "cd_accuracy.svg" not in named  # seven data sets tell none of four methods apart
    assert text.count("7 data sets are too few to tell any two of 4 methods apart") >= 2
    for name in named:
        assert (written[1] / name).read_text().lstrip().startswith("<?xml")
        assert (written[1] / name).with_suffix(".png").read_bytes().startswith(b"\x89PNG")
        assert (written[1] / name).with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_the_page_is_one_file_with_the_same_numbers(written: tuple[Contest, Path]) -> None:
    page, text = (written[1] / "report.html").read_text(), (written[1] / "report.md").read_text()
    seen = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!#)', seen)
    assert not re.findall(r"@import|url\((?!['\"]?data:)", page)
    in_page = re.findall(r"\d\.\d{4}", re.sub(r"<[^>]*>", "", seen))
    assert in_page == re.findall(r"\d\.\d{4}", text)


def packed_in(page: str, name: str) -> Any:
    [text] = re.findall(rf'<script type="application/gzip" id="{name}">(.*?)</script>', page)
    return json.loads(gzip.decompress(base64.b64decode(text)))


def test_the_page_holds_every_picture_and_the_facts_of_every_data_set(written: tuple[Contest, Path]) -> None:
    _, folder = written
    page = (folder / "report.html").read_text()
    pictures = packed_in(page, "pictures")
    assert pictures == {path.name: path.read_text() for path in folder.glob("*.svg")}
    assert set(re.findall(r'data-picture="(.*?)"', page)) == set(pictures)
    facts = packed_in(page, "facts")
    scores = gather(*written).scores["accuracy"]
    assert [dataset["name"] for dataset in facts["datasets"]] == list(scores.index)
    for name, row, detail in zip(scores.index, facts["scores"], facts["details"], strict=True):
        shown = np.array(row, dtype=float)  # None is NaN
        np.testing.assert_allclose(shown, scores.loc[name, facts["methods"]], atol=1e-12)
        assert detail["cases"][:2] == [1, 2]
        assert {tuple(wrong) for wrong in detail["errors"].values()} == {(made_classes(detail), 1)}


def made_classes(detail: dict[str, Any]) -> int:
    """The place of the one error that `fill` makes: truth 1, prediction 0."""
    return len(detail["classes"])


def test_cells_are_sorted_by_the_number_that_they_word(tmp_path: Path) -> None:
    column = ["> 700", "≤ 100", "–", "101–300", "1,024", "−3", "5 / 0 / 0", "0.91 ± 0.02", "<.0001", "2e-5"]
    rows = "\n".join(f"| m{i} | {cell} | {'x' if i else '3 s'} |" for i, cell in enumerate(column))
    page = html_page("t", f"| method | number | words |\n| --- | ---: | ---: |\n{rows}\n", tmp_path)
    keys = ["700", "100", "", "101", "1024", "-3", "5", "0.91", ".0001", "2e-5"]
    assert re.findall(r'<td[^>]* data-order="(.*?)"', page) == keys
    assert re.findall(r"<th[^>]* data-type=\"number\"[^>]*>(.*?)<", page) == ["number"]


def test_the_page_of_the_archive_and_twenty_methods_is_smaller_than_three_megabytes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    methods = [f"timae-ms-archive-method-{i}" for i in range(20)]
    facts: dict[str, Any] = {"complete": "methods", "methods": methods, "datasets": [], "scores": [], "details": []}
    for info in ARCHIVE.values():
        k = info.n_classes
        cells = {method: np.unique(random.integers(0, k * k, info.n_test // 6)) for method in methods}
        errors = {m: np.column_stack([at, random.integers(1, 9, len(at))]).ravel().tolist() for m, at in cells.items()}
        facts["datasets"].append(
            {
                "name": info.name,
                "type": info.type,
                "classes": k,
                "train": info.n_train,
                "test": info.n_test,
                "tuned": False,
            }
            | {"length": info.length}
        )
        facts["scores"].append([round(float(score), 12) for score in random.random(len(methods))])
        series = [[[*range(60)], [*random.normal(size=60).round(2)]] for _ in range(3)]
        facts["details"].append(
            {"classes": [str(i) for i in range(k)], "cases": [info.n_test // k] * k, "series": [series] * k}
            | {"errors": errors, "seeds": {method: [[0, round(float(random.random()), 4)]] for method in methods}}
        )
    assert len(html_page("archive", f"# archive\n\n## {EXPLORER}\n", tmp_path, facts).encode()) < 2_600_000


def test_the_table_of_contents_is_what_stands_there(written: tuple[Contest, Path]) -> None:
    made, folder = written
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    parts = []
    for name in SECTIONS:
        page = write(gather(made, folder), [name])
        assert page.name == "sections.md"
        parts.append(page.read_text().removesuffix("\n"))
        page.unlink()
        page.with_suffix(".html").unlink()
    assert ("\n\n".join(filter(None, parts)) + "\n").encode() == whole["report.md"]
    assert parts[0].startswith("# made")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole  # the report itself stays


def test_html_is_escaped(tmp_path: Path) -> None:
    page = html_page("a<b", "# a<b\n\n| x |\n| --- |\n| <script>1</script> |\n", tmp_path)
    assert "<title>a&lt;b</title>" in page
    assert "<td><script>" not in page


def test_the_same_results_give_the_same_report(written: tuple[Contest, Path]) -> None:
    made, folder = written
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write(gather(made, folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_paired_questions_are_seen_from_the_method_asked_about(written: tuple[Contest, Path]) -> None:
    material = gather(*written)
    asked = {(answer.question, answer.pair.a, answer.pair.b): answer for answer in material.answers}
    assert set(asked) == {
        ("pre-trained against from scratch", "timae", "timae-scratch"),
        ("network against frozen encoder", "timae", "timae-probe"),
        ("Mamba against transformer", "timae-mamba", "timae"),
    }
    mamba = asked["Mamba against transformer", "timae-mamba", "timae"]
    assert (mamba.pair.wins, mamba.pair.losses) == (6, 0)
    assert mamba.pair.mean_difference == pytest.approx(0.15, abs=0.01)
    worse = asked["pre-trained against from scratch", "timae", "timae-scratch"]
    assert (worse.pair.wins, worse.pair.losses) == (0, 7)
    assert worse.interval.high < 0


def runs_of(table: pd.DataFrame) -> pd.DataFrame:
    """Runs of one seed that make a score table."""
    rows = table.rename_axis("dataset").reset_index().melt("dataset", var_name="method", value_name="accuracy")
    return rows.dropna().assign(resample=0, n_train=10, n_test=10)


def answered(table: pd.DataFrame, runs: pd.DataFrame) -> list[questions.Answer]:
    return questions.answers(questions.asked([*table.columns]), table, runs)


def test_an_average_is_held_against_all_that_it_is_made_of_and_against_its_control() -> None:
    control = "minirocket+timae-ms-random-probe"
    names = ["timae-ms+ridge", "timae-ms", "timae-ms-probe", "timae-ms-scratch+ridge", control, "minirocket", "timae"]
    found = [(asked.question, asked.method, asked.other) for asked in questions.asked(names)]
    assert set(found) == {
        ("average against its members", "timae-ms+ridge", "timae-ms"),
        ("average against its members", "timae-ms+ridge", "timae-ms-probe"),
        ("average against its members", control, "minirocket"),
        ("average against MiniRocket with an untrained encoder", "timae-ms+ridge", control),
        ("average against MiniRocket with an untrained encoder", "timae-ms-scratch+ridge", control),
        ("pre-trained against from scratch", "timae-ms+ridge", "timae-ms-scratch+ridge"),
        ("network against frozen encoder", "timae-ms", "timae-ms-probe"),  # never an average against its member
        ("ours against the paper's", "timae-ms", "timae"),
    }


def test_the_ladder_says_what_each_step_is_worth_and_which_are_not_told_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = [rung.name for rung in RUNGS]
    datasets = tuple(name for name in ARCHIVE if ARCHIVE[name].n_test > 50)[:20]
    made = Contest("ladder", tuple(names), datasets, results=str(tmp_path / "results"))
    level = dict.fromkeys(names, 0.5) | dict.fromkeys(names[3:], 0.7)  # one step alone is worth something
    for run in made.runs():
        accuracy = round(level[run.method] + rng.normal(0, 0.01), 4)
        config = get_method(run.method, made.preset).describe()
        result = a_result(method=run.method, dataset=run.dataset, accuracy=accuracy, config=config)
        results.write(run.path(made.folder), result, {})
    text = SECTIONS["ladder"](gather(made, tmp_path))
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == names
    assert "| – | – |" in rows[0]
    assert [row.split(" | ")[3] for row in rows] == ["200"] * 6 + ["200 for all"] + ["6,000 for all"] * 4
    worth = float(rows[3].split(" | ")[4].split()[0])
    assert worth == pytest.approx(0.2, abs=0.02)
    assert "| 20 / 0 / 0 |" in rows[3]
    adds = [rung.adds for rung in RUNGS]
    assert f"Told apart from no change: {adds[3]}. Not told apart: {adds[1]} · {adds[2]} · " in text
    assert (tmp_path / "ladder.svg").exists()
    part = replace(made, methods=tuple(names[1:]))
    for path in (made.folder / names[0]).rglob("*.json"):
        path.unlink()
    assert SECTIONS["ladder"](gather(part, tmp_path)) == ""


def test_what_was_known_of_the_data_sets_stands_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    new = [name for name in ARCHIVE if name not in (*TUNED_ON, *KNOWN)]
    datasets = (*TUNED_ON[:8], *KNOWN[:9], *new[:10])
    made = Contest("known", ("timae-ms-probe", "minirocket"), datasets, results=str(tmp_path / "results"))
    for run in made.runs():
        better = 0.1 * (run.method != "minirocket" and run.dataset in TUNED_ON)
        accuracy = round(0.7 + better + rng.normal(0, 0.01), 4)
        results.write(run.path(made.folder), a_result(method=run.method, dataset=run.dataset, accuracy=accuracy), {})
    text = SECTIONS["knowledge"](gather(made, tmp_path))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert [row[1:3] for row in rows[2:]] == [[n, "timae-ms-probe"] for n in ("8", "9", "10")]
    margins = [float(row[4].split()[0]) for row in rows[2:]]
    assert margins == pytest.approx([0.1, 0, 0], abs=0.02)
    assert rows[2][-2:] == ["0.00781", "0.0234"]  # 8 of 8, over three lines
    assert rows[0][-1] == "p (Holm, 3 questions)"
    few = replace(made, methods=("minirocket",))
    for path in (made.folder / "timae-ms-probe").rglob("*.json"):
        path.unlink()
    assert SECTIONS["knowledge"](gather(few, tmp_path)) == ""


def test_the_price_that_was_predicted_stands_beside_the_truth(tmp_path: Path) -> None:
    made = Contest("cost", ("timae-ms-archive-probe", "minirocket"), ("Beef", "Car"), 2, results=str(tmp_path / "r"))
    for run in made.runs():
        config = get_method(run.method, made.preset).describe()
        result = a_result(method=run.method, dataset=run.dataset, resample=run.resample, config=config)
        results.write(run.path(made.folder), result, {})
    text = SECTIONS["cost"](gather(made, tmp_path))
    head, _, *rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    predicted = {row[0].removeprefix("| "): float(row[head.index("predicted |")].removesuffix(" |")) for row in rows}
    model = CostModel()
    for name, hours in predicted.items():
        each = [model.predict(get_method(name, made.preset), ARCHIVE[dataset]) for dataset in made.datasets]
        shared = each[0].get("pretrain", 0.0)  # once for each seed, not for each data set
        assert hours == pytest.approx(2 * (sum(sum(x.values()) for x in each) - shared) / 3600, abs=0.005)


def test_every_question_pairs_methods_that_differ_in_what_it_asks() -> None:
    shared = ("-archive", "-archive-probe", "-archive-others", "-archive-others-probe", "-mamba-archive")
    shared += ("-synthetic", "-synthetic-probe")
    arms = ("", "-scratch", "-probe", "-random-probe", *shared)
    table = pd.DataFrame({f"timae{arm}": [0.5, 0.6] for arm in arms})
    asked: dict[str, set[str]] = {}
    for answer in answered(table, runs_of(table)):
        a, b = (name.removeprefix("timae") for name in (answer.pair.a, answer.pair.b))
        asked.setdefault(answer.question, set()).add(f"{a} | {b}")
    assert asked == {
        "pre-trained against from scratch": {
            " | -scratch",
            "-archive | -scratch",
            "-archive-others | -scratch",
            "-synthetic | -scratch",
        },
        "network against frozen encoder": {
            " | -probe",
            "-archive | -archive-probe",
            "-archive-others | -archive-others-probe",
            "-synthetic | -synthetic-probe",
        },
        "frozen: pre-trained against untrained": {
            "-probe | -random-probe",
            "-archive-probe | -random-probe",
            "-archive-others-probe | -random-probe",
            "-synthetic-probe | -random-probe",
        },
        "pre-trained on the archive against on its own train split": {
            "-archive | ",
            "-archive-others | ",
            "-archive-probe | -probe",
            "-archive-others-probe | -probe",
        },
        "pre-trained on the archive against on its other data sets": {
            "-archive | -archive-others",
            "-archive-probe | -archive-others-probe",
        },
        "pre-trained on the archive against on synthetic series": {
            "-archive | -synthetic",
            "-archive-others | -synthetic",
            "-archive-probe | -synthetic-probe",
            "-archive-others-probe | -synthetic-probe",
        },
        "Mamba against transformer": {"-mamba-archive | -archive"},
    }


def test_methods_without_a_common_data_set_answer_no_question() -> None:
    scores = {"A": {"timae": 0.5}, "B": {"timae-scratch": 0.5}, "C": {"timae": 0.4}, "D": {"timae-scratch": 0.4}}
    table = pd.DataFrame(scores).T
    assert answered(table, runs_of(table)) == []


def test_seeds_of_one_encoder_are_not_independent_runs() -> None:
    datasets, seeds = [f"D{i}" for i in range(40)], np.array([-0.02, 0.0, 0.02])  # what a seed does, it does to all
    base = dict.fromkeys(datasets, 0.7)
    runs = pd.DataFrame(
        {
            "method": method,
            "dataset": name,
            "resample": k,
            "accuracy": base[name] + (method == "timae-ms-archive-probe") * s,
            "n_train": 10,
            "n_test": 10,
        }
        for method in ("timae-ms-archive-probe", "timae-ms-random-probe")
        for name in datasets
        for k, s in enumerate(seeds)
    )
    [answer] = answered(tables.score_table(runs, "accuracy"), runs)
    assert answer.interval.low < -0.01
    assert answer.interval.high > 0.01
    alone = tables.score_table(runs, "accuracy")
    [answer] = answered(alone, runs_of(alone))
    assert answer.interval == pytest.approx((0, 0))  # as if there had been 120 of them


def test_each_data_set_is_asked_by_itself_where_resamples_let_it_be() -> None:
    effects = {"up": 0.1, "down": -0.1, "level": 0.0}
    noise = [0.001, -0.002, 0.003, -0.001, -0.001]

    def runs(n: int) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "method": method,
                "dataset": name,
                "resample": k,
                "accuracy": 0.7 + (method == "timae") * (effect + noise[k]),
                "n_train": 50,
                "n_test": 100,
            }
            for method in ("timae", "timae-scratch")
            for name, effect in effects.items()
            for k in range(n)
        )

    for same_split in (False, True):
        [answer] = questions.answers(
            [questions.Asked("?", "timae", "timae-scratch")],
            tables.score_table(runs(5), "accuracy"),
            runs(5),
            same_split=same_split,
        )
        assert answer.alone == (1, 1, 1)
    assert tables.paired([answer]).loc[0, "data sets apart by themselves"] == "1 / 1 / 1"
    two = answered(tables.score_table(runs(2), "accuracy"), runs(2))
    assert [answer.alone for answer in two] == [None]
    assert "data sets apart by themselves" not in tables.paired(two)


def test_two_methods_answer_one_question_at_most() -> None:
    from bench.methods.table import METHODS as KNOWN

    ridges = [f"{name}+ridge" for name in KNOWN if name.startswith("timae-ms") and not name.endswith("-probe")]
    names = [*KNOWN, *ridges, "minirocket+timae-ms-random-probe"]
    pairs = [frozenset((asked.method, asked.other)) for asked in questions.asked(names)]
    assert len(pairs) > 100
    assert len(pairs) == len(set(pairs))


def test_whose_series_a_method_was_pre_trained_on_is_what_its_configuration_says() -> None:
    for name, source in (
        ("timae", "train"),
        ("timae-random-probe", ""),
        ("timae-cls-scratch", ""),
        ("timae-ms-mamba-archive-probe", "archive"),
        ("timae-transductive", "test"),
        ("minirocket", ""),
    ):
        made = a_result(method=name, config=get_method(name, "smoke").describe())
        assert tables.tidy([made])["pretrained_on"].tolist() == [source]


def test_what_two_methods_do_not_share_is_named() -> None:
    a, b = (get_method(name, "quick").describe()["config"] for name in ("timae-mamba", "timae-probe"))
    assert tables.differences(a, a) == []
    assert set(tables.differences(a, b)) == {
        *(f"encoder.{name}" for name in ("block", "num_layers", "cls_embed")),
        *("pretraining.decoder", "finetuning", "probe"),
    }


def test_deviation_over_resamples_is_apart_from_that_over_data_sets() -> None:
    runs = pd.DataFrame(
        {
            "method": "a",
            "dataset": ["x", "x", "y", "y"],
            "accuracy": [0.4, 0.6, 0.8, 0.8],
        }
    )
    row = tables.deviations(runs).iloc[0]
    assert row["over splits or seeds (one data set)"] == f"{(0.02 / 2) ** 0.5:.4f}"
    assert row["over data sets (their means)"] == f"{np.std([0.5, 0.8], ddof=1):.4f}"


def test_seeds_stand_beside_the_numbers_they_are_held_against() -> None:
    def runs(method: str, *accuracies: float) -> list[Result]:
        config = get_method(method, "smoke").describe()
        return [
            a_result(method=method, resample=i, accuracy=a, f1_macro=0.6, config=config)
            for i, a in enumerate(accuracies)
        ]

    made = [*runs("timae", 0.9, 0.94), *runs("timae-transductive", 0.9), *runs("timae-cross", 0.8)]
    rows = tables.against(tables.tidy(made), {"timae": (0.9, 0.65)}).set_index("method")
    assert rows.loc["timae", "accuracy"] == f"0.9200 ± {0.02 * 2**0.5:.4f}"
    assert rows.loc["timae", "accuracy, ours − theirs"] == "+0.0200"
    assert rows.loc["timae", "macro F1, ours − theirs"] == "-0.0500"
    assert rows.loc["timae-transductive", "accuracy"] == "0.9000"
    assert rows.loc["timae-transductive", "accuracy, theirs"] == "0.9000"
    assert rows.loc["timae-transductive", "pre-trained on"] == "TEST, without labels"
    assert rows.loc["timae-cross", "accuracy, theirs"] == "–"


def test_a_pre_training_of_many_data_sets_stands_apart_and_whole() -> None:
    def runs(method: str, name: str, datasets: str) -> list[Result]:
        seconds = {"pretrain_seconds": 30.0, "finetune_seconds": 2.0, "test_seconds": 1.0}
        return [
            a_result(method=method, dataset=dataset, details={"pretrained": name.format(dataset)}, **seconds)
            for dataset in datasets
        ]

    average = [
        replace(result, pretrain_seconds=60.0, details={"pretrainings": {"one": 30.0, f"of {result.dataset}": 30.0}})
        for result in runs("own+shared", "", "abc")
    ]
    tidy = tables.tidy(
        [*runs("shared", "one", "abc"), *runs("own", "of {}", "abc"), *runs("two", "other", "ab"), *average]
    )
    columns = ["wall_seconds", "wall_shared_pretraining"]
    found = {method: set(own[columns].itertuples(index=False, name=None)) for method, own in tidy.groupby("method")}
    assert found == {"own": {(33, 0)}, "shared": {(3, 30)}, "two": {(3, 30)}, "own+shared": {(33, 30)}}
    assert charges.in_all(tidy, "wall").to_dict() == {"shared": 39, "own": 99, "two": 36, "own+shared": 129}
    assert tidy["cpu_seconds"].isna().all()  # these results are from before it was kept
    assert charges.clock_of(tidy) == "wall"


def test_cpu_time_is_what_a_report_shows_where_every_run_has_it() -> None:
    cpu = {"pretrain": 0.5, "finetune": 1.5, "test": 0.05}
    results_ = [a_result(dataset=name, cpu_seconds=cpu, details={"pretrained": name}) for name in "abc"]
    runs = tables.tidy(results_)
    assert charges.clock_of(runs) == "cpu"
    assert runs["cpu_seconds"].tolist() == [pytest.approx(2.05)] * 3
    assert runs["wall_seconds"].tolist() == [pytest.approx(3.1)] * 3
    phases = charges.by_phase(runs, "cpu").loc["timae"]
    assert phases.to_dict() == pytest.approx(cpu)
    assert phases.sum() == pytest.approx(charges.per_run(runs, "cpu").loc["timae", "seconds"])
    assert charges.clock_of(tables.tidy([*results_, a_result(dataset="d")])) == "wall"
    assert charges.clock_of(tables.tidy([replace(result, device="cuda: H200") for result in results_])) == "wall"


@pytest.mark.parametrize("tuned", [(), DATASETS[:2]])
def test_a_run_costs_the_same_in_every_place_that_says_it(tmp_path: Path, tuned: tuple[str, ...]) -> None:
    made = replace(contest(tmp_path, resamples=1), tuned=tuned)
    for i, run in enumerate(made.runs()):
        seconds = {"finetune_seconds": 1.0 + 7 * (i % 5) + i // 5, "test_seconds": 0.5, "pretrain_seconds": 0.0}
        cpu = {"finetune": seconds["finetune_seconds"] / 2, "test": 0.25}
        environment = {"processor": "Brand 9000, 2 cores", "runs at a time": 2}
        names = {"method": run.method, "dataset": run.dataset, "accuracy": 0.9 - i / 100}
        results.write(
            run.path(made.folder), a_result(**names, **seconds, cpu_seconds=cpu, environment=environment), PREDICTED
        )
    material = gather(made, tmp_path / "report")
    text = write(material).read_text()
    runs = pd.read_csv(tmp_path / "report" / "results.csv")
    runs = runs[~runs["dataset"].isin(material.tuned)]
    for method, own in runs.groupby("method"):
        said = f"{own['cpu_seconds'].median():.1f}"
        rows = [line for line in text.splitlines() if line.startswith(f"| {method} |")]
        in_tables = [
            row.strip("| ").split(" | ")[columns.index("CPU seconds")] for row, columns in _with_head(text, rows)
        ]
        assert set(in_tables) == {said}
        assert len(in_tables) == 2
        if material.comparison and method == material.comparison.average_ranks.index[0]:
            assert f"A run of {method} took {said} CPU seconds in the median" in text
    assert "Measured on Brand 9000, 2 cores, with 2 runs at a time." in text


def _with_head(text: str, rows: list[str]) -> list[tuple[str, list[str]]]:
    """Rows of tables that have a column of CPU seconds, each with the columns of its table."""
    found, head = [], ""
    for line in text.splitlines():
        head = line if line.startswith("|") and not head else head if line.startswith("|") else ""
        if line in rows and "CPU seconds" in head:
            found.append((line, head.strip("| ").split(" | ")))
    return found


@pytest.mark.parametrize("n_methods", [1, 2])
def test_few_methods_and_one_data_set(tmp_path: Path, n_methods: int) -> None:
    made = Contest("few", METHODS[:n_methods], ("GunPoint",), results=str(tmp_path / "results"))
    fill(made)
    path = write(gather(made, tmp_path / "few", View(("published",))))
    text = path.read_text()
    assert ("1 data set is too few to tell any two of 2 methods apart" in text) == (n_methods == 2)
    assert "| MiniRocket (published) |" in text
    assert text.count(" --against published") == 2  # in the command that repeats it, in the one that redraws it
    for meaningless in ("nan", "Critical-difference", "told apart from"):
        assert meaningless not in text


def test_published_numbers_stand_beside_ours_with_their_sources(tmp_path: Path) -> None:
    made = contest(tmp_path, resamples=1)
    fill(made)
    text = write(gather(made, tmp_path / "published", View(("published",)))).read_text()
    assert "| MiniRocket (published) |" in text
    assert text.count(" --against published") == 2  # in the command that repeats it, in the one that redraws it
    assert "data sets left out: Own" in text
    assert "Bake off redux" in text


def test_seeds_that_were_not_run_are_told_in_a_line_a_method(tmp_path: Path) -> None:
    made = contest(tmp_path, resamples=1)
    fill(made)
    text = write(gather(contest(tmp_path, resamples=3), tmp_path / "report")).read_text()
    not_run = [line for line in text.splitlines() if line.startswith("- not run")]
    assert not_run == [f"- not run: {method} on every data set, resamples 1 and 2" for method in METHODS]


def test_imported_accuracies_stand_among_ours_and_what_is_not_known_of_them_is_said(tmp_path: Path) -> None:
    made = contest(tmp_path, resamples=1)
    fill(made)
    rows = [("theirs", name, k, 0.97) for name in ("GunPoint", "ArrowHead", "BME") for k in (0, 1)]
    columns = ["method", "dataset", "resample", "score"]
    imported.put(
        made.folder,
        made.name,
        imported.results_of(pd.DataFrame(rows, columns=columns), imported.Origin("a paper", "them.csv", "0"), None),
    )
    material = gather(made, tmp_path / "report", View(("published",)))
    text = write(material).read_text()
    assert "**minirocket** ranks best by accuracy: average rank 1.00 of 5 on 7 data sets" in text
    assert "left out of ranks and means: theirs: scores on 2 of the 7 data sets" in text
    with_theirs = gather(made, tmp_path / "report", View(complete="datasets"))
    both = SECTIONS["head"](with_theirs)
    assert "**theirs** ranks best by accuracy: average rank 1.00 of 6 on 2 data sets" in both
    assert "What a run of theirs costs is not known: it was imported." in both
    assert set(with_theirs.methods["data sets"]) == {"2"}
    assert "Imported as accuracies alone: theirs (a paper: 2)." in text
    assert "left aside: 4 of theirs" in text  # another resample, another data set
    assert "Unfinished" not in text
    ranks = text.split("## Ranks: macro F1")[1].split("\n## ")[0]
    assert "- not known of what was imported: theirs" in ranks
    assert set(material.scores["f1_macro"]) == set(METHODS)
    assert len(material.own_runs) == len(METHODS) * len(DATASETS)
    assert material.answers
    assert all("theirs" not in answer.pair.a + answer.pair.b for answer in material.answers)
    assert not re.search(r"\bnan\b", text)


@pytest.mark.parametrize("damage", ["nothing", "cut"])
def test_bad_results_write_nothing(tmp_path: Path, damage: str) -> None:
    made = contest(tmp_path)
    if damage == "cut":
        fill(made)
        path = next(made.runs()).path(made.folder)
        path.write_text(path.read_text()[:50])
    with pytest.raises(ResultError):
        write(gather(made, tmp_path / "out"))
    with pytest.raises(ResultError):
        export(made, "wide", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_exports(written: tuple[Contest, Path], tmp_path: Path) -> None:
    made, _ = written
    export(made, "wide", tmp_path)
    export(made, "long", tmp_path)
    export(made, "latex", tmp_path)
    wide = pd.read_csv(tmp_path / "accuracy.csv", index_col="dataset")
    long = pd.read_csv(tmp_path / "accuracy_long.csv")
    assert list(long.columns) == ["classifier_name", "dataset_name", "accuracy"]
    pivoted = long.pivot_table(index="dataset_name", columns="classifier_name", values="accuracy")
    pd.testing.assert_frame_equal(pivoted.sort_index(axis=1), wide.sort_index().sort_index(axis=1), check_names=False)
    tex = (tmp_path / "accuracy.tex").read_text()
    assert tex.count(r"\\") == 1 + len(DATASETS) + 2 + 1
    assert tex.count(r"\textbf") == len(DATASETS)
    table, notes = tex.split(r"\bottomrule")
    assert "left out: timae-mamba: scores on 6 of the 7 data sets" in notes
    assert "timae-mamba" not in table


def test_tsml_files_hold_what_the_results_hold(written: tuple[Contest, Path], tmp_path: Path) -> None:
    made, _ = written
    paths = export(made, "tsml", tmp_path)
    assert len(paths) == 68
    lines = (tmp_path / "timae/Predictions/GunPoint/testResample1.csv").read_text().splitlines()
    assert lines[0].split(",")[:5] == ["GunPoint", "timae", "TEST", "1", "MILLISECONDS"]
    stored = results.read(made.folder / "timae/GunPoint/resample-1.json")
    assert float(lines[2].split(",")[0]) == stored.accuracy
    assert lines[3:] == ["0,0,,0.9,0.1", "1,1,,0.2,0.8", "1,0,,0.6,0.4"]


def test_tsml_eval_reads_the_files(tmp_path: Path, peers: Path) -> None:
    random, made = np.random.default_rng(0), contest(tmp_path)
    for run in made.runs():
        probabilities = random.dirichlet(np.ones(24), 100)
        truth = random.permutation(np.arange(100) % 24)
        arrays = {"truth": truth, "predictions": probabilities.argmax(1), "probabilities": np.float32(probabilities)}
        identity = {"method": run.method, "dataset": run.dataset, "resample": run.resample, "n_classes": 24}
        result = a_result(**identity, **score(truth, probabilities))
        results.write(run.path(made.folder), result, arrays)
    paths = export(made, "tsml", tmp_path / "out")
    script = (
        "import sys; from tsml_eval.evaluation.storage import load_classifier_results as load\n"
        "from tsml_eval.utils.results_validation import validate_results_file as valid\n"
        "for path in sys.stdin.read().split():\n"
        "    assert valid(path); found = load(path); print(found.accuracy, found.balanced_accuracy)"
    )
    done = subprocess.run(
        [peers, "-W", "ignore", "-c", script],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    ours = [(result.accuracy, result.scores["balanced_accuracy"]) for result in results.read_all(made.folder)]
    np.testing.assert_allclose(theirs, ours)


def test_a_contest_asked_for_in_parts_is_reported_whole() -> None:
    first, second = Contest("a", ("timae",), ("GunPoint",), resamples=3), Contest("a", ("minirocket",), ("Coffee",))
    both = second.widened(first)
    assert (both.methods, both.datasets, both.resamples) == (("timae", "minirocket"), ("GunPoint", "Coffee"), 3)
