"""Bodies of series from many data sets: equally many of each, and none that somebody is tested on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from timae.archive import PER_SET, Body, Splits, gather, without_test_series
from timae.config import ARCHIVE_LENGTH
from ucr.load import load
from ucr.prepare import Prepared, znormalise


def series(n: int, time: int, seed: int) -> np.ndarray:
    return znormalise(np.random.default_rng(seed).normal(size=(n, time)).astype(np.float32))


def test_what_is_a_test_series_of_any_data_set_is_left_out() -> None:
    trains, tests = [series(6, 30, 0), series(5, 30, 1), series(4, 20, 2)], [series(7, 30, 3), series(9, 20, 4)]
    assert [kept.sum() for kept in without_test_series(trains, tests)] == [6, 5, 4]
    tests[0][2] = 5 + 3 * trains[1][3]  # not normalised there
    tests[0][5] = np.round(trains[0][1], 4)  # a file that prints fewer digits
    tests[1][0] = trains[2][0]
    first, second, third = without_test_series(trains, tests)
    assert first.tolist() == [True, False, True, True, True, True]
    assert second.tolist() == [True, True, True, False, True]
    assert third.tolist() == [False, True, True, True]


def test_padding_and_missing_values_hide_no_test_series() -> None:
    train = np.pad(series(3, 30, 0), ((0, 0), (0, 12)), constant_values=np.nan)
    train[1, 25:] = np.nan  # shorter than the others
    train[2, 7] = np.nan  # missing inside
    test = np.pad(train[:, :30], ((1, 0), (0, 100)), constant_values=np.nan)  # another data set, with longer ones
    [alone] = without_test_series([train], [test])
    assert not alone.any()
    test[2, 3] += 1
    [alone] = without_test_series([train], [test])
    assert alone.tolist() == [False, True, False]


def test_series_that_are_merely_alike_or_too_short_to_tell_stay() -> None:
    train = series(3, 50, 0)
    alike = train + 0.01 * series(3, 50, 1)
    assert without_test_series([train], [alike])[0].all()
    assert without_test_series([series(3, 2, 0)], [series(3, 2, 1)])[0].all()  # any two points are alike, normalised


def test_gestures_that_two_data_sets_split_differently_are_found(real_archive: Path) -> None:
    names = ("ShakeGestureWiimoteZ", "AllGestureWiimoteZ")
    first, second = (load(name, real_archive) for name in names)
    [alone] = without_test_series([first.train.series], [second.test.series])
    assert (len(alone), (~alone).sum()) == (50, 33)
    [alone] = without_test_series([second.train.series], [first.test.series])
    assert (~alone).sum() == 13


def test_a_body_holds_equally_many_of_each_set_and_is_the_same_again() -> None:
    splits = [np.full((3, 10), 1, np.float32), np.empty((0, 7), np.float32), np.full((50, 2000), 2, np.float32)]
    body = gather(splits, per_set=5, seed=1)
    assert body.shape == (10, ARCHIVE_LENGTH, 1)
    assert body[:5].eq(1).all()
    assert body[5:].eq(2).all()
    assert torch.equal(body, gather(splits, per_set=5, seed=1))


def test_a_body_of_many_is_read_when_it_is_needed() -> None:
    reads = []

    def splits() -> list[Splits]:
        reads.append(1)
        first, second = series(2, 16, 0), series(3, 12, 1)
        return [Splits(first, first, [first[:1]]), Splits(second, second, [series(3, 12, 2)])]

    body = Body.of_many({"archive": "a"}, splits, seed=0)
    assert body.key["archive"] == "a"
    assert not reads
    found = body.read()
    assert found.shape == (2 * PER_SET, ARCHIVE_LENGTH, 1)
    assert len(found[:PER_SET].unique(dim=0)) == 1  # the other train series is a test series


def test_the_key_of_one_split_changes_with_its_values_alone() -> None:
    one = Prepared(series(2, 8, 0), None, np.zeros(2, np.int64))
    other = Prepared(one.series.copy(), None, np.ones(2, np.int64))
    assert Body.of(one).key == Body.of(other).key  # labels are not asked for
    other.series[0, 0] += 1
    assert Body.of(one).key != Body.of(other).key


def test_padded_series_are_refused() -> None:
    with pytest.raises(ValueError, match="prepare with unequal='resample'"):
        Body.of(Prepared(series(2, 8, 0), np.ones((2, 8), bool), np.zeros(2, np.int64))).read()
