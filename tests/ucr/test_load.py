import gzip
import os
import shutil
import stat
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ucr import cache, verify
from ucr.__main__ import main
from ucr.archive import ARCHIVE, BUNDLED, UcrDataError, UcrError
from ucr.folders import cache_folder, find_files, find_folder, find_root, locate
from ucr.load import fingerprint, info_for, load, load_split
from ucr.measure import ed_error, time_loading

SMALL = ["Beef", "Coffee", "DiatomSizeReduction", "ECG200", "FaceFour", "Fungi", "OliveOil", "Plane", "UMD"]
SMALL += ["SyntheticControl", "DodgerLoopGame", "MelbournePedestrian"]  # the last two have gaps


def real_names(real_archive: Path) -> list[str]:
    return [name for name in ARCHIVE if find_folder(name, real_archive, bundled=False)]


@pytest.fixture
def parsed_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where this test's parsed copies go."""
    monkeypatch.setenv("UCR_CACHE", str(tmp_path / "parsed"))
    return tmp_path / "parsed"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A root with a data set of one's own."""
    folder = tmp_path / "root" / "Own"
    folder.mkdir(parents=True)
    (folder / "Own_TRAIN.tsv").write_text("up\t1\t2\t3\ndown\t3\t2\t1\n")
    (folder / "Own_TEST.tsv").write_text("up\t4\t5\t6\n")
    return tmp_path / "root"


def test_all_real_data_sets_load_to_the_archives_facts(real_archive: Path) -> None:
    names = real_names(real_archive)
    assert len(names) == len([folder for folder in real_archive.iterdir() if folder.name in ARCHIVE]) >= 77
    for name in names:
        known, dataset = ARCHIVE[name], load(name, real_archive)
        for split, n_cases in ((dataset.train, known.n_train), (dataset.test, known.n_test)):
            assert split.series.shape == (n_cases, known.columns)
            assert (split.series.dtype, split.labels.shape) == (np.float32, (n_cases,))
            assert set(split.labels.tolist()) <= set(dataset.info.labels)
            assert bool(np.isnan(split.series).any()) <= (known.missing or known.length is None)
        assert len(dataset.info.labels) == known.n_classes


@pytest.mark.parametrize("name", SMALL)
def test_one_nearest_neighbour_has_the_archives_own_error(real_archive: Path, name: str) -> None:
    assert round(ed_error(load(name, real_archive)), 4) == ARCHIVE[name].ed_error


@pytest.mark.parametrize("name", [name for name in BUNDLED if name != "PLAID"])
def test_the_bundled_copy_is_the_archives(real_archive: Path, tmp_path: Path, name: str) -> None:
    bundled, official = load(name, tmp_path), load(name, real_archive)
    np.testing.assert_array_equal(bundled.train.series, official.train.series)
    np.testing.assert_array_equal(bundled.test.series, official.test.series)
    np.testing.assert_array_equal(bundled.test.labels, official.test.labels)
    assert bundled.sha256 == official.sha256
    assert set(verify.check(name, find_files(locate(name, tmp_path), name), exact=False).values()) == {"blob"}


def test_bundled_plaid_lacks_one_closing_zero_of_721_series_and_so_has_another_fingerprint(
    real_archive: Path, tmp_path: Path
) -> None:
    lacking = 0
    bundled, official = load("PLAID", tmp_path), load("PLAID", real_archive)
    for ours, theirs in ((bundled.train, official.train), (bundled.test, official.test)):
        differs = np.isnan(ours.series) & ~np.isnan(theirs.series)
        assert set(theirs.series[differs].tolist()) == {0.0}
        assert differs.sum(1).max() == 1
        np.testing.assert_array_equal(np.where(differs, 0, ours.series), theirs.series)
        lacking += int(differs.sum())
    assert lacking == 721
    assert bundled.sha256 != official.sha256


def test_bundled_data_sets_load_where_the_root_has_none(tmp_path: Path) -> None:
    dataset = load("GunPoint", tmp_path)
    assert dataset.train.series.shape == (50, 150)
    assert dataset.info == info_for("GunPoint", tmp_path)
    assert dataset.train.labels[:3].tolist() == ["2", "2", "1"]


def test_the_root_comes_before_the_bundle(tmp_path: Path) -> None:
    bundled = find_folder("GunPoint", tmp_path)
    assert bundled is not None
    shutil.copytree(bundled, tmp_path / "UCRArchive_2018" / "GunPoint")
    assert locate("GunPoint", tmp_path) == tmp_path / "UCRArchive_2018" / "GunPoint"
    shutil.copytree(bundled, tmp_path / "GunPoint")
    assert locate("GunPoint", tmp_path) == tmp_path / "GunPoint"


def test_the_root_is_the_argument_else_the_variable_else_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UCR_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if sys.platform == "linux":
        assert find_root() == tmp_path / "cache" / "timae-bench" / "ucr"
    monkeypatch.setenv("UCR_ROOT", "~/ucr")
    assert find_root() == Path.home() / "ucr"
    assert find_root(tmp_path) == tmp_path


def test_a_data_set_that_is_not_there_is_one_line_with_the_command_that_brings_it(tmp_path: Path) -> None:
    with pytest.raises(UcrError, match=rf"download it: python -m ucr download Coffee --root {tmp_path}$"):
        load("Coffee", tmp_path)
    with pytest.raises(UcrError, match=r"Own is no data set of the archive, and .* has no folder Own with Own_TRAIN"):
        load("Own", tmp_path)
    for name in ("Coffee", "GunPoint"):
        with pytest.raises(UcrError, match=r"the data root .*nowhere does not exist"):
            load(name, tmp_path / "nowhere")


def test_half_a_data_set_is_none(own: Path) -> None:
    (own / "Own" / "Own_TEST.tsv").unlink()
    with pytest.raises(UcrError, match=r"Own lacks a file: .*Own has Own_TRAIN.tsv, and no Own_TEST"):
        load("Own", own)


def test_a_data_set_of_ones_own(own: Path) -> None:
    dataset = load("Own", own)
    assert dataset.train.series.tolist() == [[1, 2, 3], [3, 2, 1]]
    info = dataset.info
    assert (info.name, info.n_train, info.n_test, info.n_classes) == ("Own", 2, 1, 2)
    assert (info.length, info.missing, info.znormalised, info.labels) == (3, False, False, ("down", "up"))
    assert info.ed_error is None
    assert info == info_for("Own", own)
    split = load_split("Own", "test", own)
    assert (split.series.tolist(), split.labels.tolist()) == ([[4, 5, 6]], ["up"])


def test_what_ones_own_files_say(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    series = random.normal(size=(6, 20))
    series = (series - series.mean(1, keepdims=True)) / series.std(1, keepdims=True)

    def info(values: np.ndarray) -> tuple[int | None, bool, bool]:
        write(tmp_path, "Facts", values[:3], values[3:])
        found = info_for("Facts", tmp_path)
        return found.length, found.missing, found.znormalised

    assert info(series) == (20, False, True)
    assert info(series + 1) == (20, False, False)
    series[0, 5] = np.nan
    assert info(series)[:2] == (20, True)
    series[0, 5:] = np.nan
    assert info(series)[:2] == (None, False)
    series[0] = np.nan
    assert info(series)[:2] == (None, False)


def write(root: Path, name: str, train: np.ndarray, test: np.ndarray) -> None:
    (root / name).mkdir(exist_ok=True)
    for split, series in (("TRAIN", train), ("TEST", test)):
        rows = ["\t".join([str(i % 2), *map(str, values)]) for i, values in enumerate(series)]
        (root / name / f"{name}_{split}.tsv").write_text("\n".join(rows) + "\n")


def test_a_compressed_copy_of_an_archive_data_set(real_archive: Path, tmp_path: Path) -> None:
    (tmp_path / "Coffee").mkdir()
    for split in ("TRAIN", "TEST"):
        content = (real_archive / "Coffee" / f"Coffee_{split}.tsv").read_bytes()
        (tmp_path / "Coffee" / f"Coffee_{split}.tsv.gz").write_bytes(gzip.compress(content))
    assert fingerprint("Coffee", tmp_path) == fingerprint("Coffee", real_archive)
    assert verify.recheck("Coffee", tmp_path / "Coffee") == {"train": "blob", "test": "blob"}


def test_train_and_test_of_different_length_become_unequal_lengths(tmp_path: Path) -> None:
    write(tmp_path, "Two", np.ones((2, 5)), np.ones((2, 8)))
    dataset = load("Two", tmp_path)
    assert dataset.train.series.shape == dataset.test.series.shape == (2, 8)
    assert np.isnan(dataset.train.series[:, 5:]).all()
    assert dataset.info.length is None


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "One", np.ones((1, 5)), np.ones((1, 5)))
    with pytest.raises(UcrDataError, match=r"One_TRAIN.tsv: every case is of class '0'; a classifier needs two"):
        load("One", tmp_path)


def test_files_under_an_archive_name_that_are_not_the_archives_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "GunPoint", np.ones((50, 150)), np.ones((149, 150)))
    with pytest.raises(UcrDataError, match="GunPoint differs from the archive's: n_test: expected 150, got 149"):
        load("GunPoint", tmp_path)
    write(tmp_path, "GunPoint", np.ones((50, 150)), np.ones((150, 150)))
    with pytest.raises(UcrDataError, match="labels: expected 1 2, got 0 1"):
        load("GunPoint", tmp_path)


def test_the_padded_and_imputed_copies_are_refused(real_archive: Path, tmp_path: Path) -> None:
    padded = real_archive / "Missing_value_and_variable_length_datasets_adjusted"
    for name in ("DodgerLoopGame", "ShakeGestureWiimoteZ"):
        with pytest.raises(UcrDataError, match="NaN in the series: expected True, got False"):
            load(name, padded)


def test_the_parsed_copy_is_mapped_and_may_be_written_to(own: Path, parsed_copies: Path) -> None:
    first = load("Own", own)
    [copy] = parsed_copies.iterdir()
    before = copy.read_bytes()
    again = load("Own", own)
    np.testing.assert_array_equal(first.train.series, again.train.series)
    np.testing.assert_array_equal(first.test.labels, again.test.labels)
    assert (first.info, first.sha256) == (again.info, again.sha256)
    again.train.series[:] = 0  # of this process alone
    assert copy.read_bytes() == before
    assert load("Own", own).train.series.tolist() == first.train.series.tolist()


def test_a_valid_copy_is_used_and_a_changed_file_is_parsed_again(
    own: Path, parsed_copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []
    read = verify.read
    monkeypatch.setattr(verify, "read", lambda name, files: parsed.append(name) or read(name, files))
    old = fingerprint("Own", own)
    load("Own", own)
    load_split("Own", "train", own)
    assert parsed == ["Own"]
    file = own / "Own" / "Own_TEST.tsv"
    times = file.stat()
    file.write_text("up\t4\t5\t7\n")  # of the same size, and made to look as old
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert load("Own", own).test.series.tolist() == [[4, 5, 7]]
    assert fingerprint("Own", own) != old
    assert parsed == ["Own", "Own"]
    file.touch()  # the same bytes with another date
    load("Own", own)
    load("Own", own)
    assert parsed == ["Own", "Own"]


@pytest.mark.parametrize("damage", ["flip train", "flip test", "cut", "empty", "header", "no json", "old version"])
def test_a_damaged_copy_is_noticed_and_made_anew(own: Path, parsed_copies: Path, damage: str) -> None:
    good = load("Own", own)
    [copy] = parsed_copies.iterdir()
    content = copy.read_bytes()
    start = content.index(b"\n") + 1
    at = {"flip train": start + 5, "flip test": len(content) - 10, "header": 3}.get(damage)
    if at is not None:
        copy.write_bytes(content[:at] + bytes([content[at] ^ 2]) + content[at + 1 :])
    elif damage == "old version":
        copy.write_bytes(content.replace(b'"version": 2', b'"version": 1'))
    else:
        copy.write_bytes({"cut": content[:-3], "empty": b"", "no json": b"[1]\n" + content[4:]}[damage])
    again = load("Own", own)
    np.testing.assert_array_equal(again.train.series, good.train.series)
    np.testing.assert_array_equal(again.test.series, good.test.series)
    assert again.test.labels.tolist() == good.test.labels.tolist()
    assert copy.read_bytes() == content


def test_a_damaged_copy_of_the_other_split_does_not_matter(own: Path, parsed_copies: Path) -> None:
    load("Own", own)
    [copy] = parsed_copies.iterdir()
    content = bytearray(copy.read_bytes())
    content[-10] ^= 2
    copy.write_bytes(content)
    assert load_split("Own", "train", own).series.tolist() == [[1, 2, 3], [3, 2, 1]]
    assert copy.read_bytes() == content
    assert load_split("Own", "test", own).series.tolist() == [[4, 5, 6]]
    assert copy.read_bytes() != content


def test_the_parsed_copy_lies_in_the_users_cache_and_the_root_is_never_written_to(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UCR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*")}
    load("Own", own)
    assert {path: path.stat().st_mtime_ns for path in own.rglob("*")} == before
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "cache" / "timae-bench" / "parsed"
    assert [path.suffix for path in cache_folder().iterdir()] == [".ucr"]


def test_the_copies_are_kept_within_a_bound_and_can_be_cleared(
    tmp_path: Path, parsed_copies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("A", "B", "C"):
        write(tmp_path, name, np.random.default_rng(0).normal(size=(4, 500)), np.ones((4, 500)))
        load(name, tmp_path)
        time.sleep(0.01)
    size = max(path.stat().st_size for path in parsed_copies.iterdir())
    load("A", tmp_path)  # in use: B goes first
    monkeypatch.setattr(cache, "BOUND", 3 * size)
    write(tmp_path, "D", np.random.default_rng(0).normal(size=(4, 500)), np.ones((4, 500)))
    load("D", tmp_path)
    assert sorted(path.name[0] for path in parsed_copies.iterdir()) == ["A", "C", "D"]
    assert main(["cache", "--clear"]) == 0
    assert f"3 parsed copies removed from {parsed_copies}" in capsys.readouterr().out
    assert not list(parsed_copies.iterdir())
    assert load("A", tmp_path).train.series.shape == (4, 500)


def test_where_nothing_can_be_written_loading_still_works(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("UCR_CACHE", str(tmp_path / "file" / "below"))
    assert load("Own", own).train.series.shape == (2, 3)
    assert load_split("Own", "test", own).series.shape == (1, 3)


def test_copies_of_two_roots_do_not_meet(tmp_path: Path, parsed_copies: Path) -> None:
    for root, value in (("a", 1.0), ("b", 2.0)):
        (tmp_path / root).mkdir()
        write(tmp_path / root, "Same", np.full((2, 4), value), np.full((2, 4), value))
    for root, value in (("a", 1.0), ("b", 2.0)) * 2:
        assert load("Same", tmp_path / root).train.series[0, 0] == value
    assert len(list(parsed_copies.iterdir())) == 2


def test_a_copy_that_another_user_must_read_is_readable(own: Path, parsed_copies: Path) -> None:
    load("Own", own)
    [copy] = parsed_copies.iterdir()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o666 & ~umask


def test_the_fingerprint_is_of_values_and_labels_in_whatever_form(own: Path) -> None:
    official = fingerprint("Own", own)
    folder = own / "Own"
    (folder / "Own_TRAIN.tsv").write_text("\ufeffup\t1.0\t2e0\t3\r\ndown\t3\t2\t1\r\n")
    assert fingerprint("Own", own) == official
    (folder / "Own_TRAIN.tsv").unlink()
    (folder / "Own_TRAIN.ts").write_text("@data\n1,2,3:up\n3,2,1:down\n")
    assert fingerprint("Own", own) == official
    (folder / "Own_TRAIN.ts").write_text("@data\n1,2,3:down\n3,2,1:up\n")
    assert fingerprint("Own", own) != official


def test_loading_times_are_measured(tiny_archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UCR_CACHE", "kept")
    times = time_loading(["Sines", "Waves"], tiny_archive)
    assert min(times.sktime, times.parse, times.first, times.warm, times.megabytes) > 0
    assert os.environ["UCR_CACHE"] == "kept"
    with pytest.raises(UcrError, match="is no tsv file"):
        time_loading(["GunPoint"], tiny_archive)
