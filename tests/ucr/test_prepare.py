import dataclasses
import hashlib
import itertools
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ucr.archive import Info, UcrDataError, UcrError
from ucr.load import Dataset, Split, load
from ucr.prepare import Preparation, Prepared, fill_mean, fit, interpolate, resample, resample_indices, znormalise

NAN = np.nan


def split(rows: list[list[float]], labels: list[str] | None = None) -> Split:
    width = max(map(len, rows))
    series = np.array([[*row, *[NAN] * (width - len(row))] for row in rows], dtype=np.float32)
    return Split(series, np.array(labels or [str(i % 2) for i in range(len(rows))]))


def info(length: int | None, missing: bool = False, labels: tuple[str, ...] = ("0", "1")) -> Info:
    return Info("Made", "own", 2, 2, len(labels), length, 0, missing, False, labels=labels)


def prepare(train: Split, facts: Info, **policy: object) -> Prepared:
    return fit(train, facts, Preparation(**policy))(train)


def test_by_default_each_series_is_z_normalised_and_labels_are_numbered() -> None:
    prepared = prepare(split([[1, 2, 3], [10, 20, 60]], ["7", "-1"]), info(3, labels=("-1", "7")))
    np.testing.assert_allclose(prepared.series.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(prepared.series.std(1), 1, atol=1e-6)
    assert prepared.series.dtype == np.float32
    assert prepared.mask is None
    assert (prepared.labels.tolist(), prepared.labels.dtype) == ([1, 0], np.int64)


def test_as_shipped_is_left_alone_and_copied() -> None:
    train = split([[1, 2, 3], [10, 20, 60]])
    prepared = prepare(train, info(3), normalise="none")
    np.testing.assert_array_equal(prepared.series, train.series)
    prepared.series[:] = 0
    assert train.series[1, 2] == 60


@pytest.mark.parametrize("value", [0.0, 5.0, -1e-20, 1e30, 0.1])
def test_a_constant_series_becomes_zeros(value: float) -> None:
    assert not znormalise(np.full((1, 7), value, dtype=np.float32)).any()


def test_a_small_wave_far_from_zero_is_no_constant() -> None:
    wave = (1000 + np.sin(np.arange(50.0)))[None].astype(np.float32)
    assert znormalise(wave).std() == pytest.approx(1, abs=1e-3)
    assert znormalise(1e-8 * (wave - 1000)).std() == pytest.approx(1, abs=1e-3)


def test_missing_values_by_linear_interpolation_and_by_the_mean() -> None:
    train = split([[NAN, 1, NAN, 3, NAN], [1, 2, 3, 4, 5]])
    linear = prepare(train, info(5, missing=True), normalise="none")
    assert linear.series[0].tolist() == [1, 1, 2, 3, 3]
    mean = prepare(train, info(5, missing=True), normalise="none", missing="mean")
    assert mean.series[0].tolist() == [2, 1, 2, 3, 2]
    nothing = np.full(3, NAN, dtype=np.float32)
    assert interpolate(nothing).tolist() == fill_mean(nothing).tolist() == [0, 0, 0]


def test_unequal_lengths_by_resampling() -> None:
    prepared = prepare(split([[0, 1, 2, 3, 4], [0, 4]]), info(None), normalise="none")
    assert prepared.series.tolist() == [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
    assert prepared.mask is None


def test_unequal_lengths_by_padding() -> None:
    prepared = prepare(split([[0, 1, 2, 3], [5, 9]]), info(None), unequal="pad")
    assert prepared.mask is not None
    assert prepared.mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert prepared.series[1].tolist() == [-1, 1, 0, 0]  # normalised over its own two points


def test_unequal_lengths_by_truncation() -> None:
    prepared = prepare(split([[0, 1, 2, 3], [5, 9]]), info(None), normalise="none", unequal="truncate")
    assert prepared.series.tolist() == [[0, 1], [5, 9]]


def test_gaps_inside_series_of_unequal_lengths_are_filled() -> None:
    prepared = prepare(split([[0, NAN, 2], [5]]), info(None), normalise="none", unequal="pad")
    assert prepared.series.tolist() == [[0, 1, 2], [5, 0, 0]]


@pytest.mark.parametrize(
    ("unequal", "longer", "shorter"),
    [
        ("resample", [0, 3, 6], [7, 7, 7]),
        ("pad", [0, 1, 2], [7, 0, 0]),  # what is beyond the training length is cut: the time scale stays
        ("truncate", [0, 1], [7, 7]),
    ],
)
def test_test_series_longer_and_shorter_than_any_training_series(
    unequal: str, longer: list[float], shorter: list[float]
) -> None:
    preparer = fit(split([[1, 2, 3], [1, 2]]), info(None), Preparation("none", unequal=unequal))  # type: ignore[arg-type]
    prepared = preparer(split([[0, 1, 2, 3, 4, 5, 6], [7]]))
    assert prepared.series.tolist() == [longer, shorter]
    assert prepared.series.shape[1] == preparer.n_timepoints


def test_a_series_without_any_value_is_zeros_and_never_fully_masked() -> None:
    for unequal in ("resample", "pad", "truncate"):
        prepared = prepare(split([[1, 2], [NAN, NAN]]), info(None), unequal=unequal)
        assert not prepared.series[1].any()
        assert prepared.mask is None or prepared.mask.any(1).all()


def test_long_series_are_thinned_at_equal_distances() -> None:
    preparer = fit(split([list(range(11)), list(range(11))]), info(11), Preparation("none", max_length=6))
    assert preparer(split([list(range(11))])).series.tolist() == [[0, 2, 4, 6, 8, 10]]
    assert preparer.n_timepoints == 6
    assert fit(split([[1, 2, 3]]), info(3), Preparation(max_length=6)).n_timepoints == 3


def test_a_series_of_two_points() -> None:
    assert prepare(split([[3, 5], [5, 3]]), info(2)).series.tolist() == [[-1, 1], [1, -1]]


def test_labels_are_those_of_the_data_set_where_a_split_lacks_one() -> None:
    labels = ("1", "2", "10")
    preparer = fit(split([[1, 2], [2, 1]], ["10", "1"]), info(2, labels=labels))
    assert preparer.classes == labels
    assert preparer(split([[1, 2]], ["2"])).labels.tolist() == [1]
    assert preparer(split([[1, 2]], ["10"])).labels.tolist() == [2]


def test_a_label_that_neither_files_nor_archive_know_is_refused() -> None:
    preparer = fit(split([[1, 2], [2, 1]]), info(2))
    with pytest.raises(UcrDataError, match="label '5' is unknown, expected one of 0, 1"):
        preparer(split([[1, 2]], ["5"]))


@pytest.mark.parametrize("n_classes", [2, 60])
def test_one_case_a_class(n_classes: int) -> None:
    labels = [str(i) for i in range(n_classes)]
    train = split(np.random.default_rng(0).normal(size=(n_classes, 9)).tolist(), labels)
    preparer = fit(train, info(9, labels=tuple(labels)))
    assert preparer(train).labels.tolist() == list(range(n_classes))
    drawn = resample(Dataset(info(9), train, train, ""), 1)
    assert sorted(drawn.train.labels) == sorted(drawn.test.labels) == sorted(labels)


@pytest.mark.parametrize(
    ("facts", "policy", "record"),
    [
        (info(3), {}, {"normalise": "series", "n_timepoints": 3}),
        (info(3), {"normalise": "none", "max_length": 3}, {"normalise": "none", "n_timepoints": 3}),
        (info(3), {"max_length": 2}, {"normalise": "series", "n_timepoints": 2, "max_length": 2}),
        (info(3, True), {"missing": "mean"}, {"normalise": "series", "n_timepoints": 3, "missing": "mean"}),
        (info(None), {"unequal": "pad"}, {"normalise": "series", "n_timepoints": 3, "unequal": "pad"}),
    ],
)
def test_the_record_tells_what_was_done_and_nothing_else(
    facts: Info, policy: dict[str, object], record: dict[str, object]
) -> None:
    preparer = fit(split([[1, 2, 3], [3, 2, 1]]), facts, Preparation(**policy))  # type: ignore[arg-type]
    assert json.loads(json.dumps(preparer.record)) == record


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"normalise": "minmax"}, "normalise is 'minmax', expected one of series, none"),
        ({"missing": "zero"}, "missing is 'zero', expected one of linear, mean"),
        ({"unequal": "noise"}, "unequal is 'noise', expected one of resample, pad, truncate"),
        ({"max_length": 1}, "max_length is 1, expected 2 or more"),
    ],
)
def test_a_policy_that_does_not_exist_is_refused(policy: dict[str, object], message: str) -> None:
    with pytest.raises(UcrError, match=message):
        fit(split([[1, 2]]), info(2), Preparation(**policy))  # type: ignore[arg-type]


values = st.floats(-1e6, 1e6, width=32) | st.just(NAN)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(2, 12)), elements=values),
    st.sampled_from(["series", "none"]),
    st.sampled_from(["linear", "mean"]),
    st.sampled_from(["resample", "pad", "truncate"]),
    st.booleans(),
    st.none() | st.integers(2, 8),
)
def test_whatever_comes_in_what_goes_out_is_whole(
    series: np.ndarray, normalise: str, missing: str, unequal: str, equal: bool, max_length: int | None
) -> None:
    train = Split(series, np.array(["a"] * len(series)))
    facts = info(series.shape[1] if equal else None, missing=True, labels=("a", "b"))
    preparer = fit(train, facts, Preparation(normalise, missing, unequal, max_length))  # type: ignore[arg-type]
    prepared = preparer(train)
    assert prepared.series.shape == (len(series), preparer.n_timepoints)
    assert np.isfinite(prepared.series).all()
    assert (prepared.mask is not None) == (not equal and unequal == "pad")
    if prepared.mask is not None:
        assert prepared.mask.shape == prepared.series.shape
        assert not prepared.series[~prepared.mask].any()


# Made with aeon 1.6.0 in an environment of its own (it asks for older numpy and numba than sktime gets):
# stratified_resample_data_indices(TRAIN, TEST, random_state=k) of aeon.benchmarking.resampling.
TRAIN = np.array([str(1 + i % 11) for i in range(24)])
TEST = np.array([str(1 + (i * i) % 11) for i in range(20)] + [str(i) for i in range(1, 12)])
BY_AEON = {
    1: (
        "22 11 35 27 43 54 10 25 36 34 13 2 41 47 4 48 28 42 6 50 18 51 52 8",
        "0 24 44 53 38 9 32 20 21 1 23 12 45 46 14 3 29 40 30 15 33 37 26 31 39 16 5 49 17 7 19",
    ),
    29: (
        "22 35 11 27 32 54 10 23 36 34 2 13 47 14 37 15 16 39 6 17 7 18 19 52",
        "0 24 44 43 38 20 53 9 21 25 12 1 45 46 41 30 29 40 3 48 4 33 26 49 28 42 31 5 50 51 8",
    ),
}
# The same for data sets that sktime ships: SHA-256 of both index vectors, one after the other, as <i8.
BY_AEON_ON_REAL_LABELS = {
    ("PLAID", 1): "4189ba89d75b1ed24f0118573aaeb06501da3bce329468efa7c74130dd6dee20",
    ("PLAID", 29): "ce99d95cfa95a75b6c052524b07622c2d4ee18a2ca1ffa2f3b252128ea2764aa",
    ("ItalyPowerDemand", 1): "5fdba3445fbd5e19cced659879a8338a217717aed8ecc2d2a0f3d6e2ca4b5e16",
    ("ItalyPowerDemand", 29): "3a4c48555860484714a471b78472ef9ca1454b05b91512bedff44280767920cb",
    ("ACSF1", 1): "304fd6a89da6d68f9840f80382a436a5ee7908f8ed355c5a695fbb28dc0c1898",
    ("ACSF1", 29): "c2b74cd37bc40a2eafef59a8e495fabccbc231ae515d0c8ddaea719f7bbb263a",
}


@pytest.mark.parametrize("seed", BY_AEON)
def test_resamples_are_aeons_case_by_case(seed: int) -> None:
    train, test = resample_indices(TRAIN, TEST, seed)
    assert (" ".join(map(str, train)), " ".join(map(str, test))) == BY_AEON[seed]


@pytest.mark.parametrize(("name", "seed"), BY_AEON_ON_REAL_LABELS)
def test_resamples_of_real_labels_are_aeons(name: str, seed: int) -> None:
    dataset = load(name)
    indices = np.concatenate(resample_indices(dataset.train.labels, dataset.test.labels, seed))
    found = hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest()
    assert found == BY_AEON_ON_REAL_LABELS[name, seed]


def test_resamples_are_those_of_the_aeon_that_is_installed(tmp_path: Path, peers: Path) -> None:
    script = (
        "import sys; import numpy as np; from aeon.benchmarking.resampling import stratified_resample_data\n"
        "for path in sys.argv[1:]:\n"
        "    with np.load(path) as d:\n"
        "        out = stratified_resample_data(*(d[k] for k in ('X', 'y', 'x', 'l')), random_state=int(d['seed']))\n"
        "    np.savez(path, X=out[0], y=out[1], x=out[2], l=out[3])\n"
    )
    expected = {}
    for name, seed in itertools.product(("GunPoint", "PLAID"), range(1, 5)):
        dataset = load(name)
        path = tmp_path / f"{name}-{seed}.npz"
        train, test = dataset.train, dataset.test
        np.savez(path, X=train.series, y=train.labels, x=test.series, l=test.labels, seed=seed)
        expected[path] = resample(dataset, seed)
    subprocess.run([peers, "-W", "ignore", "-c", script, *expected], check=True)
    for path, ours in expected.items():
        with np.load(path) as theirs:
            np.testing.assert_array_equal(ours.train.series, theirs["X"])
            np.testing.assert_array_equal(ours.test.series, theirs["x"])
            assert (ours.train.labels.tolist(), ours.test.labels.tolist()) == (
                theirs["y"].tolist(),
                theirs["l"].tolist(),
            )


def test_resample_zero_is_the_archives_split_and_others_keep_every_case_once() -> None:
    dataset = load("ItalyPowerDemand")
    assert resample(dataset, 0) is dataset
    drawn = resample(dataset, 3)
    assert drawn.train.series.shape == dataset.train.series.shape
    assert np.unique(drawn.train.labels, return_counts=True)[1].tolist() == (
        np.unique(dataset.train.labels, return_counts=True)[1].tolist()
    )
    train, test = resample_indices(dataset.train.labels, dataset.test.labels, 3)
    assert sorted([*train, *test]) == list(range(len(dataset.train.labels) + len(dataset.test.labels)))
    assert dataclasses.replace(drawn, train=dataset.train, test=dataset.test) == dataset
    with pytest.raises(UcrError, match="resample is -1, expected 0"):
        resample(dataset, -1)


def test_a_class_that_only_the_test_split_has_stays_there() -> None:
    train, test = resample_indices(np.array(["1", "1"]), np.array(["1", "2"]), 1)
    assert 3 in test
    assert len(train) == 2
