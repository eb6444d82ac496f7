from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from timae.cli.data import UCRData
from ucr.archive import UcrError

NAN = float("nan")


def write(path: Path, labels: Sequence[object], series: list[list[float]]) -> str:
    rows = ["\t".join(map(str, [label, *values])) for label, values in zip(labels, series, strict=True)]
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def ramps(n: int, length: int = 6) -> list[list[float]]:
    return [[float(i + j) for j in range(length)] for i in range(n)]


@pytest.mark.parametrize("labels", [[-1, 1], [0, 1, 2], [3, 4, 5], ["10", "2", "1"], ["walk", "run"]])
def test_labels_are_numbered_in_their_order(tmp_path: Path, labels: list[object]) -> None:
    data = UCRData(write(tmp_path / "Own_TRAIN.tsv", labels, ramps(len(labels))))
    assert data.num_classes == len(labels)
    assert data.cases.labels is not None
    order = sorted(labels, key=lambda x: float(str(x)) if str(x).lstrip("-").isdigit() else str(x))
    assert [order[i] for i in data.cases.labels] == labels


def test_a_class_that_one_file_lacks_is_counted_in_the_other(tmp_path: Path) -> None:
    train = write(tmp_path / "Own_TRAIN.tsv", [1, 2, 3], ramps(3))
    test = write(tmp_path / "Own_TEST.tsv", [1, 3], ramps(2))
    for path in (train, test):
        assert UCRData(path).class_ids == {"1": 0, "2": 1, "3": 2}


def test_class_id_start_fixes_which_label_is_class_0(tmp_path: Path) -> None:
    path = write(tmp_path / "Own_TRAIN.tsv", [1, 2, 5], ramps(3))
    data = UCRData(path, class_id_start=1)
    assert data.class_ids == {"1": 0, "2": 1, "5": 4}
    assert data.num_classes == 5
    with pytest.raises(UcrError, match="do not fit the labels 1, 2, 5"):
        UCRData(path, class_id_start=2)
    with pytest.raises(UcrError, match="class_id_start needs whole numbers as labels, got a, b"):
        UCRData(write(tmp_path / "Text_TRAIN.tsv", ["a", "b"], ramps(2)), class_id_start=1)


def test_normalisation_is_that_of_the_training_series_and_never_of_labels(tmp_path: Path) -> None:
    train = write(tmp_path / "Own_TRAIN.tsv", [1000, 2000, 1000], [[1, 2], [3, 4], [5, 6]])
    test = write(tmp_path / "Own_TEST.tsv", [1000, 2000], [[100, 200], [300, 400]])
    fitted = UCRData(train, val_dataset_path=test)
    assert fitted.statistics == pytest.approx((3.5, np.std([1, 2, 3, 4, 5, 6])))
    later = UCRData(test)
    later.load_state_dict(fitted.state_dict())
    series, *_ = next(iter(later.test_dataloader()))
    torch.testing.assert_close(series.flatten(1), (torch.tensor([[100.0, 200], [300, 400]]) - 3.5) / 2.9166667**0.5)
    plain, *_ = next(iter(UCRData(test, normalize=False).test_dataloader()))
    assert plain.flatten().tolist() == [100, 200, 300, 400]
    given, *_ = next(iter(UCRData(test, mean=100.0, std=50.0).test_dataloader()))
    assert given.flatten().tolist() == [0, 2, 4, 6]


def test_other_labels_than_the_checkpoint_knows_are_refused(tmp_path: Path) -> None:
    first = UCRData(write(tmp_path / "A_TRAIN.tsv", [1, 2], ramps(2)))
    second = UCRData(write(tmp_path / "B_TRAIN.tsv", [2, 3], ramps(2)))
    with pytest.raises(UcrError, match="label '2' is no class, or another class, in the checkpoint"):
        second.load_state_dict(first.state_dict())


def test_missing_values_are_filled_and_short_series_are_padded(tmp_path: Path) -> None:
    path = write(tmp_path / "Own_TRAIN.tsv", [1, 2, 1], [[1, NAN, 3, 4], [1, 2, NAN, NAN], [NAN, 6, 7, 8]])
    data = UCRData(path, normalize=False)
    series, _, valid = next(iter(data.test_dataloader()))
    assert series[..., 0].tolist() == [[1, 2, 3, 4], [1, 2, 0, 0], [6, 6, 7, 8]]
    assert valid is not None
    assert valid.sum(dim=1).tolist() == [4, 2, 4]
    mean, _ = UCRData(path, val_dataset_path=path).statistics
    assert mean == pytest.approx(np.mean([1, 2, 3, 4, 1, 2, 6, 6, 7, 8]))


def test_crops_are_windows_of_what_is_valid_in_training_alone(tmp_path: Path) -> None:
    series = [[*range(10)], [*range(4), *[NAN] * 6]]
    data = UCRData(write(tmp_path / "Own_TRAIN.tsv", [1, 2], series), normalize=False, crop_size=4, split_ratio=0.99)
    data.train_cases = data.cases
    data.cases.crop_size = 4
    starts = set()
    for _ in range(50):
        cropped, _, valid = data.cases[[0, 1]]
        assert cropped.shape == (2, 4, 1)
        assert (cropped[0, :, 0].diff() == 1).all()
        starts.add(int(cropped[0, 0, 0]))
        assert valid is not None
        assert valid.all()
    assert starts == set(range(7))
    whole, *_ = next(iter(data.val_dataloader()))
    assert whole.shape[1] == 10


def test_validation_is_a_share_of_the_cases_or_a_file_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "Own_TRAIN.tsv", [1, 2] * 50, ramps(100))
    data = UCRData(path)
    assert (len(data.train_cases), len(data.val_cases)) == (85, 15)
    firsts = [int(c.series[i, 0, 0]) for c in (data.train_cases, data.val_cases) for i in range(len(c))]
    assert sorted(firsts) == list(range(100))
    own = UCRData(path, val_dataset_path=write(tmp_path / "Own_TEST.tsv", [1, 2], ramps(2)))
    assert (len(own.train_cases), len(own.val_cases)) == (100, 2)
    assert sum(len(series) for series, *_ in data.train_dataloader()) == 85


def test_class_weights_are_inverse_frequencies_held_to_a_range(tmp_path: Path) -> None:
    path = write(tmp_path / "Own_TRAIN.tsv", [1] * 6 + [2] * 2, ramps(8))
    weights = UCRData(path, val_dataset_path=path).class_weights
    assert weights == pytest.approx([0.5, 1.5])
    rare = write(tmp_path / "Rare_TRAIN.tsv", [1] * 99 + list(range(2, 14)), ramps(111))
    weights = UCRData(rare, val_dataset_path=rare).class_weights
    assert weights is not None
    assert weights[0] == pytest.approx(0.1)
    assert UCRData(path, class_weights=[1.0, 2.0]).class_weights == [1, 2]


def test_pretraining_gets_no_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "Own_TRAIN.tsv", [1, 2] * 5, ramps(10))
    data = UCRData(path, pretrain=True)
    assert data.class_weights is None
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        assert all(labels is None for _, labels, _ in loader)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"split_ratio": 1.0}, "split_ratio must lie between 0 and 1, got 1.0"),
        ({"crop_size": 1}, "crop_size must be at least 2 time steps, got 1"),
        ({"std": 0.0}, "std must be above 0, got 0.0"),
        ({"num_classes": 1}, "num_classes 1 and class_id_start None do not fit the labels 1, 2"),
    ],
)
def test_flags_that_do_not_fit_are_refused(tmp_path: Path, flags: dict[str, float], message: str) -> None:
    path = write(tmp_path / "Own_TRAIN.tsv", [1, 2], ramps(2))
    with pytest.raises(UcrError, match=message):
        UCRData(path, **flags)  # type: ignore[arg-type]


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UcrError, match=r"Nowhere_TRAIN\.tsv: cannot be read"):
        UCRData(str(tmp_path / "Nowhere_TRAIN.tsv"))


def test_values_that_move_little_far_from_zero_are_normalised_in_float64(tmp_path: Path) -> None:
    wave = [[0.1 * np.sin(t + case) for t in range(20)] for case in range(4)]
    far = [[1e5 + value for value in case] for case in wave]
    here, there = (UCRData(write(tmp_path / f"{i}_TRAIN.tsv", [1, 2, 1, 2], w)) for i, w in enumerate((wave, far)))
    expected, given = (next(iter(data.test_dataloader()))[0] for data in (here, there))
    assert given.dtype == torch.float32
    torch.testing.assert_close(given, expected, atol=1e-4, rtol=0)


def test_targets_of_a_regression_are_no_classes(tmp_path: Path) -> None:
    path = write(tmp_path / "A_TRAIN.tsv", [0.5, 1.25, 3.75, 2.125], ramps(4))
    with pytest.raises(UcrError, match=r"4 different labels for 4 cases, such as .*: these are the targets"):
        UCRData(path)
    assert UCRData(path, pretrain=True).cases.labels is None


def test_a_single_class_teaches_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "A_TRAIN.tsv", [1, 1, 1, 1], ramps(4))
    with pytest.raises(UcrError, match=r"A_TRAIN\.tsv: every case is of class '1'; a classifier needs two classes"):
        UCRData(path)
    assert UCRData(path, pretrain=True).cases.labels is None
    assert UCRData(path, class_ids={"1": 0, "2": 1}).num_classes == 2  # to be tested


def test_an_index_is_no_label(tmp_path: Path) -> None:
    train = write(tmp_path / "A_TRAIN.tsv", [0, 1, 2, 3], ramps(4))
    write(tmp_path / "A_TEST.tsv", [0, 1, 2, 3, 4], ramps(5))
    with pytest.raises(UcrError, match=r"A_TRAIN\.tsv: the first column numbers the cases, 0 to 3"):
        UCRData(train)
