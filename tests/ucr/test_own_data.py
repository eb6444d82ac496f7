"""Data that no archive has checked: read for what they are, or refused in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sktime.datasets import load_unit_test

from ucr import prepare
from ucr.__main__ import main
from ucr.archive import Info, UcrDataError, UcrError
from ucr.load import Split, fingerprint, info_for, load
from ucr.notes import notes
from ucr.resolution import constant, narrow
from ucr.selectors import select

N = 30
Waves = tuple[np.ndarray, list[str]]


def waves(seed: int, length: int = 50) -> Waves:
    random = np.random.default_rng(seed)
    k = np.arange(N) % 2
    time = np.linspace(0, 2 * np.pi, length)
    series = np.sin(time * (1 + k[:, None]) + random.uniform(0, 1, (N, 1))) + random.normal(0, 0.1, (N, length))
    return series, [str(label) for label in k]


def write(root: Path, train: Waves, test: Waves | None, name: str = "Own", end: str = ".tsv", sep: str = "\t") -> Path:
    """Write files as a user would; the root."""
    (root / name).mkdir(parents=True, exist_ok=True)
    for split, cases in (("TRAIN", train), ("TEST", test)):
        if cases:
            rows = [sep.join([label, *map(repr, case.tolist())]) for case, label in zip(*cases, strict=True)]
            (root / name / f"{name}_{split}{end}").write_text("\n".join(rows) + "\n")
    return root


SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda x: x,
    "tesla": lambda x: x * 1e-12,
    "pascal": lambda x: x * 0.1 + 1e5,
    "degrees": lambda x: x * 5e-5 + 48.137,
    "beyond float32": lambda x: x * 1e-60,
    "huge": lambda x: x * 1e200,
}


@pytest.mark.parametrize("scale", SCALES)
def test_a_series_is_normalised_alike_in_whatever_unit_it_is(tmp_path: Path, scale: str) -> None:
    (train, labels), (test, truth) = waves(0), waves(1)
    change = SCALES[scale]
    dataset = load("Own", write(tmp_path, (change(train), labels), (change(test), truth)))
    preparer = prepare.fit(dataset.train, dataset.info)
    prepared, other = preparer(dataset.train), preparer(dataset.test)
    expected = (train - train.mean(1, keepdims=True)) / train.std(1, keepdims=True)
    np.testing.assert_allclose(prepared.series, expected, atol=2e-4)
    assert prepared.series.dtype == np.float32
    nearest = KNeighborsClassifier(1).fit(prepared.series, prepared.labels)
    assert nearest.score(other.series, other.labels) == 1.0
    assert not notes(dataset.train, dataset.test, preparer)


def test_values_are_kept_in_float32_where_that_loses_nothing() -> None:
    series, _ = waves(0)
    for kept in (series, series * 1e-12, np.round(series * 1e6) + 3e6, np.full((2, 5), 0.1)):
        assert narrow(kept)[0].dtype == np.float32
    for lost in (series * 0.1 + 1e5, series * 1e-45, series * 1e39):
        assert [part.dtype for part in narrow(series, lost)] == [np.float64] * 2
    assert narrow(np.array([[np.nan, np.nan], [1.0, np.nan]]))[0].dtype == np.float32


def test_what_is_constant_is_decided_by_the_resolution_of_the_numbers() -> None:
    wave = np.sin(np.arange(20.0))[None]
    for scale in (1.0, 1e-12, 1e-300, 1e300):
        assert not constant(scale * wave).any()
        assert not constant(1 + 1e-12 * wave).any()
        assert constant(np.full((1, 9), scale * 0.1)).all()
    assert constant((1 + 1e-8 * wave).astype(np.float32)).all()
    noise = 1e5 + np.spacing(1e5) * np.array([[0, 1, -1, 2, 0]])
    assert constant(noise).all()
    assert not prepare.znormalise(noise).any()
    assert constant(np.array([[np.nan, 4, 4], [np.nan] * 3, [np.nan, 4, 5]])).tolist() == [True, True, False]


@pytest.mark.parametrize("spelling", ["{}.0", "0{}", "{}e0", "+{}"])
def test_labels_that_are_the_same_number_are_the_same_class(tmp_path: Path, spelling: str) -> None:
    (train, labels), (test, truth) = waves(0), waves(1)
    plain = fingerprint("Own", write(tmp_path / "plain", (train, labels), (test, truth)))
    root = write(tmp_path / "other", (train, labels), (test, [spelling.format(label) for label in truth]))
    dataset = load("Own", root)
    assert dataset.info.labels == ("0", "1")
    assert dataset.test.labels.tolist() == truth
    assert fingerprint("Own", root) == plain


def test_labels_that_are_texts_stay_apart(tmp_path: Path) -> None:
    (train, _), test = waves(0), waves(1)[0]
    names = ["a", "A", "1_0", "10", "inf", "Infinity"] * (N // 6)
    assert load("Own", write(tmp_path, (train, names), (test, names))).info.n_classes == 6


def refusal(root: Path) -> str:
    with pytest.raises(UcrDataError) as caught:
        info_for("Own", root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_labels_that_can_be_no_classes_are_refused(tmp_path: Path) -> None:
    (train, labels), (test, truth) = waves(0), waves(1)
    random = np.random.default_rng(0)
    index = [str(i) for i in range(N)]
    mixed = [str(i) for i in random.permutation(N)]
    for number, (ours, theirs, message) in enumerate(
        [
            (
                labels,
                [str(int(label) + 5) for label in truth],
                "no class is one of the train split's: 5, 6",
            ),
            (index, index, "Own_TRAIN.tsv: the first column numbers the cases, 0 to 29: an index is no label"),
            (index, truth, "Own_TRAIN.tsv: the first column numbers the cases"),
            (mixed, mixed[::-1], "Own_TRAIN.tsv: 30 cases of 30 classes, and no two of the test file alike"),
            ([*map(repr, random.normal(size=N).tolist())], truth, "the targets of a regression; expected classes"),
            (["7"] * N, truth, "Own_TRAIN.tsv: every case is of class '7'; a classifier needs two classes"),
        ]
    ):
        assert message in refusal(write(tmp_path / str(number), (train, ours), (test, theirs)))
    assert "every case is of class '0'" in refusal(write(tmp_path / "one", (train[:1], labels[:1]), (test, truth)))


def test_one_case_a_class_in_train_is_no_index(tmp_path: Path) -> None:
    (train, _), (test, _) = waves(0), waves(1)
    root = write(tmp_path, (train[:5], ["1", "2", "3", "4", "5"]), (test, ["1", "2", "3", "4", "5"] * (N // 5)))
    assert info_for("Own", root).n_classes == 5


@pytest.mark.parametrize("index", [True, False])
def test_what_pandas_writes_beside_the_data_is_refused(tmp_path: Path, index: bool) -> None:
    (tmp_path / "Own").mkdir()
    for split, (series, labels) in (("TRAIN", waves(0)), ("TEST", waves(1))):
        frame = pd.DataFrame(np.column_stack([np.array(labels, float), series]))
        frame.to_csv(tmp_path / "Own" / f"Own_{split}.csv", index=index)
    assert "row 1 numbers the columns: a header is no case" in refusal(tmp_path)


@pytest.mark.parametrize("form", [".csv", ".npz", ".ts"])
def test_a_data_set_of_ones_own_is_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    train, test = waves(0), waves(1)
    plain = fingerprint("Own", write(tmp_path / "tsv", train, test))
    root = tmp_path / "other"
    if form == ".npz":
        (root / "Own").mkdir(parents=True)
        arrays = {
            "X_train": train[0][:, None],
            "y_train": np.array(train[1], int),
            "X_test": test[0],
            "y_test": test[1],
        }
        np.savez(root / "Own" / "Own.npz", **arrays)  # type: ignore[arg-type]
    elif form == ".csv":
        write(root, train, test, end=".csv", sep=",")
    else:
        (root / "Own").mkdir(parents=True)
        for split, (series, labels) in (("TRAIN", train), ("TEST", test)):
            rows = [
                ",".join(map(repr, case.tolist())) + f":{label}" for case, label in zip(series, labels, strict=True)
            ]
            (root / "Own" / f"Own_{split}.ts").write_text("\n".join(["# mine", "", "@data", *rows]) + "\n")
    assert fingerprint("Own", root) == plain


def test_a_bad_npz_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "Own").mkdir()
    series, labels = waves(0)
    good = {"X_train": series, "y_train": labels, "X_test": series, "y_test": labels}
    for change, message in (
        ({"y_test": labels[:3]}, r"X_test has shape \(30, 50\) and y_test \(3,\)"),
        ({"X_train": np.stack([series, series], axis=1)}, r"X_train has shape \(30, 2, 50\)"),
        ({"X_train": series.astype(str)}, "X_train holds <U"),
        ({"y_train": np.array([None] * N)}, "cannot be read: Object arrays"),
        ({"X_test": np.where(series > 1, np.inf, series)}, r"X_test\[\d+, \d+\] is infinite"),
    ):
        np.savez(tmp_path / "Own" / "Own.npz", **{**good, **change})  # type: ignore[arg-type]
        with pytest.raises(UcrDataError, match=message):
            load("Own", tmp_path)
    np.savez(tmp_path / "Own" / "Own.npz", X=series, y=labels)
    with pytest.raises(UcrDataError, match="has no X_train and y_train; expected X_train, y_train, X_test, y_test"):
        load("Own", tmp_path)


def test_selectors_and_the_list_know_data_sets_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, waves(0), waves(1), name="Pump")
    write(tmp_path, waves(0), waves(1, 70), name="Pumpkin")
    write(tmp_path, waves(0), None, name="Half")
    write(tmp_path, (waves(0)[0], ["1"] * N), waves(1), name="Bad")
    assert select("Pump*", tmp_path) == ["Pump", "Pumpkin"]
    assert select("here&type=own", tmp_path) == ["Pump", "Pumpkin"]
    assert select("type=own&length=50,Coffee", tmp_path) == ["Coffee", "Pump"]
    assert {"Bad", "Pump", "Pumpkin"} <= set(select("here", tmp_path))
    assert len(select("all", tmp_path)) == 128
    for selector, message in (
        ("Half", "Half lacks a file: .*Half has Half_TRAIN.tsv, and no Half_TEST"),
        ("./Pump", "'./Pump' is a path, expected a name"),
        ("Pump/", "'Pump/' is a path, expected a name"),
        ("Pumpe", "no data set 'Pumpe' in the archive; did you mean Pump"),
    ):
        with pytest.raises(UcrError, match=message):
            select(selector, tmp_path)
    assert main(["list", "--root", str(tmp_path)]) == 0
    bad, pump, pumpkin = capsys.readouterr().out.splitlines()[-3:]
    assert pump.split() == ["Pump", "own", "30", "30", "2", "50", "no", "no", "-", "-", "-", "installed"]
    assert pumpkin.split()[5] == "vary"
    assert "own, and cannot be read: " in bad


def said(train: list[list[float]], test: list[list[float]], labels: list[str], truth: list[str]) -> list[str]:
    width = max(map(len, train + test))
    parts = [np.array([[*row, *[np.nan] * (width - len(row))] for row in rows]) for rows in (train, test)]
    ours, theirs = Split(parts[0], np.array(labels)), Split(parts[1], np.array(truth))
    ragged = len({*map(len, train + test)}) > 1
    info = Info("Own", "own", 0, 0, 3, None if ragged else width, width, False, False, labels=("a", "b", "c"))
    return notes(ours, theirs, prepare.fit(ours, info))


def test_what_is_odd_but_allowed_is_said_once() -> None:
    ramp, flat = [1.0, 2, 3], [4.0, 4, 4]
    assert said([ramp, ramp], [ramp, ramp], ["a", "b"], ["a", "b"]) == []
    assert said([ramp, ramp], [ramp, ramp, ramp], ["a", "b"], ["a", "c", "c"]) == [
        "2 of 3 test cases are of classes that no train case has (c)"
    ]
    assert said([ramp, flat], [ramp], ["a", "b"], ["a"]) == ["1 of 2 train series are constant and become zeros"]
    assert said([ramp] * 9 + [flat], [ramp], ["a", "b"] * 5, ["a"]) == []  # a tenth is not more than a tenth
    assert said([ramp, ramp], [[*ramp, 7.0]], ["a", "b"], ["a"]) == [
        "test series have up to 4 points, train series 3: they are squeezed to it"
    ]
    [empty] = said([ramp, ramp], [[np.nan] * 3, ramp], ["a", "b"], ["a", "b"])
    assert empty == "1 of 2 test cases hold no value and become zeros"


def test_nested_frames_are_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    for split in ("train", "test"):
        frame, labels = load_unit_test(split=split, return_X_y=True)
        frame.assign(class_val=labels).to_pickle(place / f"unit_{split.upper()}.pkl")
    assert main(["convert", str(place), "Unit", "--root", str(tmp_path / "root")]) == 0
    assert "Unit: 20 train and 22 test cases of 24 points, 2 classes" in capsys.readouterr().out
    dataset = load("Unit", tmp_path / "root")
    np.testing.assert_array_equal(dataset.train.series[3], frame_of("train").iloc[3, 0].astype(np.float32))
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["Unit"]


def frame_of(split: str) -> pd.DataFrame:
    return load_unit_test(split=split, return_X_y=True)[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Coffee", "Coffee is a data set of the archive"),
        ("a/b", "'a/b' can be no data set's name"),
        ("Taken", "is there already"),
        ("New", "TRAIN.tsv: every case is of class '1'"),
    ],
)
def test_what_cannot_be_converted_is_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    write(tmp_path / "mine", (waves(0)[0], ["1"] * N), waves(1))
    (tmp_path / "root" / "Taken").mkdir(parents=True)
    assert main(["convert", str(tmp_path / "mine" / "Own"), name, "--root", str(tmp_path / "root")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["Taken"]
    assert main(["convert", str(tmp_path), "Empty", "--root", str(tmp_path / "root")]) == 2
    assert "expected one file that ends with _TRAIN, got none" in capsys.readouterr().err
