import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from made import a_result
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

from bench.contest import results
from bench.contest.results import ResultError
from bench.contest.scores import SCORES, Score, score
from bench.report import tables


def stored(folder: Path, **changes: object) -> Path:
    result = a_result(**changes)
    path = folder / result.method / result.dataset / f"resample-{result.resample}.json"
    results.write(path, result, {"truth": np.array([0, 1])})
    return path


def test_scores_that_one_can_check_in_the_head() -> None:
    truth = np.array([0, 0, 0, 1])
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.2, 0.8], [0.2, 0.8]])
    scores = score(truth, probabilities)
    assert scores["accuracy"] == 3 / 4
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["f1_macro"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert scores["auroc"] == pytest.approx((2 + 0.5) / 3)  # one of three pairs is tied
    assert scores["log_loss"] == pytest.approx(-(3 * math.log(0.8) + math.log(0.2)) / 4)


def test_scores_agree_with_scikit_learn() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(4), 200)
    truth = np.array([random.choice(4, p=p) for p in probabilities])
    scores = score(truth, probabilities)
    assert scores["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, probabilities.argmax(1)))
    assert scores["auroc"] == pytest.approx(roc_auc_score(truth, probabilities, multi_class="ovr"))
    assert scores["log_loss"] == pytest.approx(log_loss(truth, probabilities))


def test_a_class_that_the_test_split_lacks_costs_nothing() -> None:
    scores = score(np.array([0, 1]), np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]]))
    assert (scores["accuracy"], scores["balanced_accuracy"], scores["f1_macro"], scores["auroc"]) == (1, 1, 1, 1)


def test_one_class_has_no_auroc() -> None:
    assert score(np.array([0, 0]), np.array([[0.9, 0.1], [0.2, 0.8]]))["auroc"] is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = stored(tmp_path, auroc=None)
    assert results.read(path) == a_result(auroc=None)
    assert results.read_all(tmp_path) == [a_result(auroc=None)]
    assert np.load(path.with_suffix(".npz"))["truth"].tolist() == [0, 1]
    assert sorted(p.name for p in path.parent.iterdir()) == ["resample-0.json", "resample-0.npz"]


def test_what_nobody_knows_of_an_imported_result_is_null_and_of_no_other(tmp_path: Path) -> None:
    unknown = dict.fromkeys(results.MEASURED, math.nan)
    imported = {"config": {"imported": {"source": "a paper"}}, **dict.fromkeys(SCORES), "accuracy": 0.5}
    path = stored(tmp_path, **unknown, **imported)
    assert json.loads(path.read_text())["test_seconds"] is None
    found = results.read(path)
    assert (found.source, found.accuracy, found.scores["f1_macro"]) == ("a paper", 0.5, None)
    assert math.isnan(found.peak_memory_mb)
    with pytest.raises(ValueError, match="not JSON compliant"):
        stored(tmp_path, **unknown)  # a run has measured
    path.write_text(path.read_text().replace('"accuracy": 0.5', '"accuracy": null'))
    with pytest.raises(ResultError, match="accuracy must lie"):
        results.read(path)


def test_a_finished_run_forgets_its_failure(tmp_path: Path) -> None:
    path = tmp_path / "timae" / "Sines" / "resample-0.json"
    path.parent.mkdir(parents=True)
    results.error_path(path).write_text("Traceback …\nValueError: no\n")
    assert results.failures(tmp_path.glob("*/*/*.error.txt")) == {"timae/Sines/resample-0": "ValueError: no"}
    stored(tmp_path)
    assert results.failures(tmp_path.glob("*/*/*.error.txt")) == {}


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    def fail(_: object) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        results.write_whole(path, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "not a whole result"),
        (lambda _: "", "not a whole result"),
        (lambda _: "[]", "not a whole result"),
        (lambda text: text.replace('"accuracy"', '"acc"'), "field 'accuracy' is missing"),
        (lambda text: text.replace('"f1_macro": 0.5', '"f1_macro": null'), r"f1_macro must lie in \[0, 1\], got None"),
        (lambda text: text.replace('"accuracy": 0.5', '"accuracy": 1.5'), r"accuracy must lie in \[0, 1\], got 1.5"),
        (lambda text: text.replace('"accuracy": 0.5', '"accuracy": NaN'), r"accuracy must lie in \[0, 1\], got nan"),
        (lambda text: text.replace('"accuracy": 0.5', '"accuracy": null'), "accuracy must lie"),
        (lambda text: text.replace('"dataset": "Sines"', '"dataset": "Waves"'), "two results for one run"),
    ],
)
def test_a_damaged_result_is_one_line_that_names_it(tmp_path: Path, change: object, message: str) -> None:
    path = stored(tmp_path)
    path.write_text(change(path.read_text()))  # type: ignore[operator]
    with pytest.raises(ResultError, match=message) as error:
        results.read_all(tmp_path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_tables(tmp_path: Path) -> None:
    for method, accuracies in (("a", (0.5, 0.7)), ("b", (0.4, 0.4))):
        for resample, accuracy in enumerate(accuracies):
            stored(tmp_path, method=method, resample=resample, accuracy=accuracy)
    stored(tmp_path, method="a", dataset="Waves", accuracy=1.0, n_parameters={})
    runs = tables.tidy(results.read_all(tmp_path))
    assert len(runs) == 5
    assert runs["encoder_parameters"].isna().sum() == 1
    table = tables.score_table(runs, "accuracy")
    assert table.loc["Sines"].to_dict() == pytest.approx({"a": 0.6, "b": 0.4})
    assert table.loc["Waves", "a"] == 1
    assert math.isnan(table.loc["Waves", "b"])


def test_results_are_plain_json(tmp_path: Path) -> None:
    values = dataclasses.asdict(a_result())
    scores = values.pop("scores")
    assert json.loads(stored(tmp_path).read_text()) == values | scores


def test_a_score_that_is_new_is_read_off_the_probabilities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(tmp_path)
    arrays = {"truth": np.array([0, 1]), "probabilities": np.array([[0.75, 0.25], [0.5, 0.5]], dtype=np.float32)}
    results.write_whole(path.with_suffix(".npz"), lambda file: np.savez_compressed(file, **arrays))
    brier = Score("Brier", lambda truth, p: float(((p - np.eye(p.shape[1])[truth]) ** 2).sum(1).mean()), highest=2)
    monkeypatch.setattr(results, "SCORES", {**SCORES, "brier": brier})
    assert "brier" not in results.read(path).scores  # the result is whole without it
    [result] = results.read_all(tmp_path)
    assert result.scores["brier"] == (2 * 0.25**2 + 2 * 0.5**2) / 2
    assert list(result.scores) == [*SCORES, "brier"]
    assert result.accuracy == 0.5  # what was stored stays
    torn = path.with_suffix(".npz").read_bytes()[:100]
    path.with_suffix(".npz").write_bytes(torn)
    with pytest.raises(ResultError, match=r"resample-0\.npz: damaged"):
        results.read_all(tmp_path)
    path.with_suffix(".npz").unlink()
    assert results.read_all(tmp_path)[0].scores["brier"] is None
