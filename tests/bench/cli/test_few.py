"""Few labels the whole way, as a user goes it."""

import json
import os
import re
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from here import run_here

from bench.__main__ import main
from bench.contest.definition import Contest as Definition
from bench.contest.definition import Run, load_contest
from bench.contest.run import _given
from bench.contest.state import identity
from timae.session import Session
from ucr.prepare import Preparation

METHODS = "timae-ms-probe,timae-ms-random-probe,1nn-euclid"
NUMBERS = (1, 2, 9, None)
"""Nine are more than any class has in these data sets."""


class Contest:
    def __init__(self, folder: Path, archive: Path) -> None:
        self.folder, self.archive = folder, archive
        self.results, self.reports = folder / "results" / "few", folder / "reports" / "few"

    def bench(self, verb: str, *more: str) -> tuple[int, str, str]:
        with patch.dict(os.environ, {"UCR_ROOT": str(self.archive)}):
            done = run_here([verb, "--results", str(self.results.parent), "--name", "few", *more])
        return done.returncode, done.stdout, done.stderr

    def run(self, *more: str) -> tuple[int, str, str]:
        asked = ["--datasets", "Sines,Waves", "--methods", METHODS, "--preset", "smoke"]
        return self.bench("run", *asked, "--reports", str(self.reports.parent), *more)

    def result(self, method: str, dataset: str) -> tuple[dict[str, object], dict[str, np.ndarray]]:
        path = self.results / method / dataset / "resample-0.json"
        return json.loads(path.read_text()), dict(np.load(path.with_suffix(".npz")))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_archive: Path) -> Contest:
    contest = Contest(tmp_path_factory.mktemp("few"), tiny_archive)
    code, out, err = contest.run("--labels", "1,2,9,all")
    assert code == 0, err
    assert "24 runs, 0 done, 24 to do" in out
    assert "9 arms with 1, 2 and 9 labels a class stand under Few labels" in out
    return contest


def arm(method: str, n: int | None) -> str:
    return method if n is None else f"{method}@{n}"


@pytest.mark.parametrize("method", METHODS.split(","))
def test_as_many_labels_as_there_are_make_the_plain_run(finished: Contest, method: str) -> None:
    for dataset in ("Sines", "Waves"):
        (plain, whole), (nine, all_labels), (one, few) = (
            finished.result(name, dataset) for name in (method, f"{method}@9", f"{method}@1")
        )
        assert np.array_equal(whole["probabilities"], all_labels["probabilities"])
        n_train, n_classes = plain["n_train"], plain["n_classes"]
        assert [found["n_labelled"] for found in (plain, nine, one)] == [n_train, n_train, n_classes]
        assert one["n_train"] == nine["n_train"] == n_train
        assert np.bincount(few["train"]).tolist() == [1] * int(str(n_classes))
        assert any("fewer than 9 train cases, all labels kept" in note for note in nine["notes"])  # type: ignore[attr-defined]
        assert plain["notes"] == one["notes"] == []


def test_a_pre_training_is_made_once_for_all_numbers_of_labels(finished: Contest) -> None:
    for dataset in ("Sines", "Waves"):
        found = [finished.result(arm("timae-ms-probe", n), dataset)[0] for n in NUMBERS]
        assert len({one["details"]["pretrained"] for one in found}) == 1  # type: ignore[index]
        assert len({one["pretrain_seconds"] for one in found}) == 1
    assert len([*(finished.results / "pretrained").glob("*.pt")]) == 2


def test_all_methods_learn_from_the_same_cases(finished: Contest) -> None:
    with patch.dict(os.environ, {"UCR_ROOT": str(finished.archive)}):
        contest = load_contest(finished.results)
        cases = []
        for method in METHODS.split(","):
            assert contest.method(f"{method}@2").preparation == Preparation()
            run = Run(f"{method}@2", "Waves", 0)
            cases.append(_given(contest, run, identity(run, contest), Session()).cases)
    assert len(cases[0].labels) == 6
    for other in cases[1:]:
        assert np.array_equal(other.series, cases[0].series)
        assert np.array_equal(other.labels, cases[0].labels)


def test_the_report_ranks_equals_and_tells_few_labels_apart(finished: Contest) -> None:
    text = (finished.reports / "report.md").read_text()
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    assert "@1" not in "".join(part for title, part in sections.items() if title not in ("Few labels", "Repeat it"))
    few = sections["Few labels"]
    assert "](few_labels.svg)" in few
    assert (finished.reports / "few_labels.svg").stat().st_size > 1000
    accuracy = pd.read_csv(finished.reports / "accuracy.csv", index_col="dataset")
    for method in METHODS.split(","):
        means = [f"{accuracy[arm(method, n)].mean():.4f}" for n in NUMBERS]
        assert f"| {method} | {' | '.join(means)} |" in few
    for n in NUMBERS:
        worth = accuracy[arm("timae-ms-probe", n)] - accuracy[arm("timae-ms-random-probe", n)]
        counts = f"{(worth > 0).sum()} / {(worth == 0).sum()} / {(worth < 0).sum()}"
        [row] = [line for line in few.splitlines() if line.startswith(f"| {n or 'all'} |")]
        assert f"| {worth.mean():+.4f} [" in row
        assert f"| {counts} |" in row
    assert "p (Holm, 4 numbers)" in few
    assert "`@N` is the plain run: 9 on 2." in few
    assert len(pd.read_csv(finished.reports / "results.csv")) == 24
    assert "Few labels" in (finished.reports / "report.html").read_text()


def test_other_commands_know_the_arms_by_their_names(finished: Contest, tmp_path: Path) -> None:
    where = ["--results", str(finished.results.parent)]
    assert main(["export", "few", *where, "--format", "latex", "--out", str(tmp_path)]) == 0
    assert "@" not in (tmp_path / "accuracy.tex").read_text()
    assert main(["export", "few", *where, "--format", "wide", "--out", str(tmp_path)]) == 0
    assert len(pd.read_csv(tmp_path / "accuracy.csv").columns) == 13
    before = {path: path.read_bytes() for path in finished.results.glob("*/*/resample-0.npz")}
    code, out, err = finished.run("--labels", "1", "--rerun", "1nn-euclid@1")
    assert code == 0, err
    assert "2 to do, 2 of them again" in out
    with patch.dict(os.environ, {"UCR_ROOT": str(finished.archive)}):
        assert main(["run-one", "timae-ms-probe@2/Waves/resample-0", "--name", "few", *where]) == 0
    assert {path: path.read_bytes() for path in before} == before


def test_an_arm_with_few_labels_alone_is_ranked(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive)
    code, _, err = contest.run("--labels", "2", "--against", "published")
    assert code == 0, err
    text = (contest.reports / "report.md").read_text()
    assert "| 1nn-euclid@2 |" in text
    assert "Ranks, tables and tests are of" not in text
    assert "frozen: pre-trained against untrained | timae-ms-probe@2 | timae-ms-random-probe@2 |" in text
    assert "No arm of ours has all labels" in text
    assert "## Few labels" in text
    assert "few_labels.svg" not in text  # a line needs two points


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--methods", "timae@0"], "timae@0: what follows @ is the number of labels a class, from 1, as in timae@5"),
        (["--methods", "timae@five"], "timae@five: what follows @"),
        (["--methods", "timae@5@3"], "timae@5@3: what follows @"),
        (["--methods", "tima@5"], "unknown method 'tima'; did you mean timae"),
        (["--methods", "timae@5+minirocket"], "an average is of methods with equally many labels, A@5+B@5, say"),
        (["--methods", "timae-ms@5+ridge"], "an average is of methods with equally many labels"),
        (["--methods", "timae-transductive@5+minirocket@5"], "a method that saw test series is not averaged"),
        (["--methods", "timae@5", "--labels", "1,2"], "timae@5 has a number of labels of its own"),
        (["--labels", "0"], "expected whole numbers from 1 and all, separated by commas, got '0' in '0'"),
        (["--labels", "1,,2"], "got '' in '1,,2'"),
        (["--labels", "ALL"], "got 'ALL'"),
        (["--labels", "²"], "got '²'"),
        (["--labels", "5", "--baseline", "1nn-euclid"], "unknown --baseline '1nn-euclid'"),
    ],
)
def test_a_wrong_number_of_labels_is_one_line_and_leaves_nothing(
    asked: list[str], message: str, tmp_path: Path, tiny_archive: Path
) -> None:
    contest = Contest(tmp_path, tiny_archive)
    code, _, err = contest.run(*asked)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_ones_own_learns_from_few_labels_too(tmp_path: Path, tiny_archive: Path) -> None:
    model = tmp_path / "model.py"
    model.write_text(
        "import numpy as np\n\n\nclass Count:\n"
        "    def fit(self, X, y):\n        self.share = np.bincount(y) / len(y)\n        return self\n\n"
        "    def predict_proba(self, X):\n        return np.tile(self.share, (len(X), 1))\n"
    )
    contest = Contest(tmp_path, tiny_archive)
    code, _, err = contest.run("--methods", f"mine={model}:Count,1nn-euclid", "--labels", "1")
    assert code == 0, err
    assert contest.result("mine@1", "Waves")[0]["n_labelled"] == 3
    assert contest.result("mine@1", "Waves")[1]["probabilities"][0] == pytest.approx(np.full(3, 1 / 3))
    assert load_contest(contest.results).outside.keys() == {"mine"}
    report = (contest.reports / "report.md").read_text()
    [again] = re.findall("--methods '(mine@1=.*)' --resamples", report)
    code, out, err = contest.run("--methods", again)
    assert code == 0, err
    assert "4 done, 0 to do" in out


def test_what_has_the_first_seed_alone_has_it_with_few_labels_too() -> None:
    dear = Definition("c", ("a@1", "a", "b@1", "b", "a@1+b@1"), ("X",), resamples=3, once=("a",))
    assert dear.once_alone == ["a@1", "a", "a@1+b@1"]
    assert sum(1 for _ in dear.runs()) == 3 + 2 * 3
    whole = Definition("c", ("a@1",), ("X",), resamples=3)
    assert dear.widened(whole).once == ()
    assert dear.widened(Definition("c", ("b",), ("X",), resamples=3)).once == ("a",)
