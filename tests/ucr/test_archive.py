import subprocess
import sys
from pathlib import Path

import pytest

from ucr.archive import ARCHIVE, BUNDLED, UcrError, label_order
from ucr.selectors import select


def test_the_archive_has_128_data_sets_in_its_own_order() -> None:
    assert len(ARCHIVE) == 128
    assert (next(iter(ARCHIVE)), list(ARCHIVE)[85], list(ARCHIVE)[-1]) == ("Adiac", "ACSF1", "UMD")


def test_facts_are_those_of_the_archives_own_table() -> None:
    info = ARCHIVE["FaceFour"]
    assert (info.type, info.n_train, info.n_test, info.n_classes, info.length) == ("Image", 24, 88, 4, 350)
    assert (info.ed_error, info.dtw_learned_error, info.dtw_learned_window, info.dtw_error) == (
        0.2159,
        0.1136,
        2,
        0.1705,
    )
    assert sum(info.length is None for info in ARCHIVE.values()) == 11
    assert [info.name for info in ARCHIVE.values() if info.missing][:2] == ["DodgerLoopDay", "DodgerLoopGame"]
    assert sum(not info.znormalised for info in ARCHIVE.values()) == 34
    assert [info.name for info in ARCHIVE.values() if not info.blob_test] == ["Chinatown"]
    for info in ARCHIVE.values():
        assert len(info.blob_train) == 40
        assert info.labels == () or len(info.labels) == info.n_classes
        assert info.length is None or info.columns == info.length


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("all", 128),
        ("112", 112),
        ("85", 85),
        ("equal-length", 117),
        ("bundled", 6),
        ("GunPoint", 1),
        ("ECG*", 3),
        ("type=ecg", 6),
        ("!type=Image", 96),
        ("length<=200", sum(i.length is not None and i.length <= 200 for i in ARCHIVE.values())),
        ("n_train>=100", sum(i.n_train >= 100 for i in ARCHIVE.values())),
        ("missing=yes", 4),
        ("znormalised=no", 34),
        ("Coffee, Beef ,GunPoint", 3),
        ("ed_error<0.01", 2),
    ],
)
def test_selectors(selector: str, count: int) -> None:
    names = select(selector)
    assert len(names) == count
    assert names == [name for name in ARCHIVE if name in names]


def test_terms_add_up_narrow_and_leave_out() -> None:
    assert select("ECG*,GunPoint,!ECG5000") == ["ECG200", "ECGFiveDays", "GunPoint"]
    assert select("GunPoint*&znormalised=yes") == ["GunPoint"]
    assert select("GunPoint*&!znormalised=yes&!*Old*") == ["GunPointAgeSpan", "GunPointMaleVersusFemale"]
    assert set(select("112")) == set(select("equal-length,!missing=yes,!Fungi"))
    assert set(select("!85")) == set(ARCHIVE) - set(select("85"))
    assert set(select("bundled")) == set(BUNDLED)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("GunPont", "no data set 'GunPont' in the archive; did you mean GunPoint"),
        ("gunpoint", "did you mean GunPoint"),
        ("bundeld", "did you mean bundled"),
        ("Cofee*", "no data set matches 'Cofee*'; did you mean Coffee"),
        ("type=EKG", "no data set has type 'EKG'; did you mean EPG or EOG or ECG"),
        ("lenght<=200", "no field 'lenght' to select by in 'lenght<=200'; did you mean length"),
        ("length<=long", "compares length with 'long', which is not a number"),
        ("type<ECG", "'type<ECG' can only use = or !="),
        ("length<2", "'length<2' matches no data set"),
        ("Coffee,!C*", "'Coffee,!C*' matches no data set"),
        ("", "'' matches no data set"),
        (",", "',' matches no data set"),
        ("!GunPont", "did you mean GunPoint"),
        ("../etc", "'../etc' is a path, expected a name"),
        ("!", "no data set ''"),
    ],
)
def test_a_selector_that_means_nothing_is_an_error_in_one_line(selector: str, message: str) -> None:
    with pytest.raises(UcrError) as caught:
        select(selector)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_data_set_of_ones_own_is_taken_where_it_lies_under_the_root(
    tiny_archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert select("Sines,GunPoint", tiny_archive) == ["GunPoint", "Sines"]
    monkeypatch.setenv("UCR_ROOT", str(tiny_archive))
    assert select("Sines") == ["Sines"]
    with pytest.raises(UcrError, match="no data set 'Sine'"):
        select("Sine")


def test_labels_are_ordered_by_number_where_all_are_numbers() -> None:
    assert label_order({"10", "9", "-1"}) == ("-1", "9", "10")
    assert label_order({"walk", "10", "9"}) == ("10", "9", "walk")
    assert label_order({"inf", "2"}) == ("2", "inf")


def test_facts_load_no_array_library() -> None:
    code = "import sys, ucr.selectors as s; s.select('all'); print({'numpy', 'pandas', 'torch'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "set()\n"
