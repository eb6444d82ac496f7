import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mirror import Mirror, as_ts

from ucr import archive, verify
from ucr.__main__ import main
from ucr.archive import UcrDataError, UcrError
from ucr.download import download
from ucr.load import load
from ucr.transfer import Transfer

ONCE = Transfer(retries=0, timeout=60, progress=False)
TWICE = Transfer(retries=1, timeout=60, progress=False)


def fetch(mirror: Mirror, root: Path, *sources: str, names: tuple[str, ...] = (), transfer: Transfer = ONCE) -> None:
    chosen = {source: mirror.sources[source] for source in sources or mirror.sources}
    download(names or (mirror.shipped.equal,), root, chosen, transfer)


def refusal(mirror: Mirror, root: Path, *sources: str, transfer: Transfer = ONCE) -> str:
    """The one line that says why the data set could not be had; nothing of it may be there."""
    with pytest.raises(UcrError) as caught:
        fetch(mirror, root, *sources, transfer=transfer)
    assert visible(root) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def visible(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.name != ".download")


def is_official(mirror: Mirror, root: Path, name: str) -> bool:
    return all(
        (root / name / f"{name}_{split}.tsv").read_bytes() == mirror.shipped.tsv(name, split)
        for split in ("TRAIN", "TEST")
    )


@pytest.mark.parametrize("source", ["official", "tsc", "zenodo", "github", "huggingface", "figshare"])
def test_every_source_gives_the_official_bytes(mirror: Mirror, tmp_path: Path, source: str) -> None:
    fetch(mirror, tmp_path / "root", source, names=mirror.shipped.names)
    assert visible(tmp_path / "root") == sorted(mirror.shipped.names)
    for name in mirror.shipped.names:
        assert is_official(mirror, tmp_path / "root", name)
        record = json.loads((tmp_path / "root" / name / "source.json").read_text())
        assert record["source"] == source
        weaker = name == mirror.shipped.without_blob
        assert (record["train"]["check"], record["test"]["check"]) == ("blob", "facts" if weaker else "blob")
        assert load(name, tmp_path / "root").info.n_train == archive.ARCHIVE[name].n_train


def test_the_whole_archive_is_fetched_once_and_no_entry_leaves_the_root(mirror: Mirror, tmp_path: Path) -> None:
    root = tmp_path / "deep" / "root"
    for name in mirror.shipped.names:
        fetch(mirror, root, "official", names=(name,))
    assert mirror.asked(mirror.path("official")) == [None]
    assert not list(tmp_path.rglob("escaped.txt"))
    assert not Path("/tmp/escaped.txt").exists()


def test_what_is_there_and_verified_is_not_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    fetch(mirror, tmp_path, "tsc")
    fetch(mirror, tmp_path, "tsc")
    assert len(mirror.requests) == 1


def test_sources_are_tried_in_order_and_the_error_says_what_each_answered(mirror: Mirror, tmp_path: Path) -> None:
    name = mirror.shipped.equal
    mirror.misbehave("404", "official", "github", name=name)
    mirror.misbehave("html", "tsc", "figshare", name=name)
    mirror.misbehave("truncate", "huggingface", name=name)
    mirror.behaviour[mirror.path("zenodo", name, "RECORD")] = ["always html"]
    message = refusal(mirror, tmp_path)
    answers = (
        "official: 404",
        "tsc: the answer is no zip or tar but begins with b'<!doctype html",
        "zenodo: the record",
    )
    for answer in (*answers, "github: 404", "huggingface: the answer was cut short", "figshare: the answer is no zip"):
        assert answer in message
    asked = [path.split("/")[1] for path, _ in mirror.requests]
    assert list(dict.fromkeys(asked)) == ["official", "tsc", "zenodo", "github", "huggingface", "figshare"]


def test_after_a_404_the_next_source_is_tried(mirror: Mirror, tmp_path: Path) -> None:
    mirror.misbehave("404", "official", name=mirror.shipped.equal)
    fetch(mirror, tmp_path)
    assert json.loads((tmp_path / mirror.shipped.equal / "source.json").read_text())["source"] == "tsc"


def test_a_server_error_is_retried(mirror: Mirror, tmp_path: Path) -> None:
    mirror.behaviour[mirror.path("tsc", mirror.shipped.equal)] = ["500"]
    fetch(mirror, tmp_path, "tsc", transfer=TWICE)
    assert is_official(mirror, tmp_path, mirror.shipped.equal)


def test_a_server_error_that_stays_is_told(mirror: Mirror, tmp_path: Path) -> None:
    mirror.misbehave("500", "tsc", name=mirror.shipped.equal)
    assert "tsc: 500" in refusal(mirror, tmp_path, "tsc", transfer=TWICE)
    assert len(mirror.requests) == 2


def test_a_404_is_not_asked_for_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.misbehave("404", "tsc", name=mirror.shipped.equal)
    refusal(mirror, tmp_path, "tsc", transfer=TWICE)
    assert len(mirror.requests) == 1


@pytest.mark.parametrize("source", ["official", "tsc"])
def test_a_page_in_place_of_a_zip_is_refused_and_not_kept(mirror: Mirror, tmp_path: Path, source: str) -> None:
    path = mirror.path(source, mirror.shipped.equal)
    mirror.behaviour[path] = ["html"]
    assert "begins with b'<!doctype html" in refusal(mirror, tmp_path, source)
    fetch(mirror, tmp_path, source)
    assert is_official(mirror, tmp_path, mirror.shipped.equal)


def resumed_at(mirror: Mirror) -> int:
    """From which byte the second of two requests for the official zip asked on."""
    first, second = mirror.asked(mirror.path("official"))
    assert first is None
    return int(second.removeprefix("bytes=").removesuffix("-"))


def test_a_broken_transfer_goes_on_where_it_broke(mirror: Mirror, tmp_path: Path) -> None:
    path = mirror.path("official")
    lengthen(mirror)
    mirror.behaviour[path] = ["truncate"]
    fetch(mirror, tmp_path, "official", transfer=TWICE)
    assert resumed_at(mirror) > 80_000
    assert is_official(mirror, tmp_path, mirror.shipped.equal)


def test_a_broken_transfer_goes_on_in_the_next_run(mirror: Mirror, tmp_path: Path) -> None:
    path = mirror.path("official")
    lengthen(mirror)
    mirror.behaviour[path] = ["truncate"]
    assert "official: the answer was cut short" in refusal(mirror, tmp_path, "official")
    fetch(mirror, tmp_path, "official")
    assert resumed_at(mirror) > 80_000
    assert is_official(mirror, tmp_path, mirror.shipped.equal)


@pytest.mark.parametrize("answer", ["416", "no ranges"])
def test_where_ranges_are_refused_a_broken_transfer_starts_anew(mirror: Mirror, tmp_path: Path, answer: str) -> None:
    lengthen(mirror)
    mirror.behaviour[mirror.path("official")] = ["truncate", answer]
    fetch(mirror, tmp_path, "official", transfer=TWICE)
    assert is_official(mirror, tmp_path, mirror.shipped.equal)


def test_halves_of_two_versions_are_not_joined(mirror: Mirror, tmp_path: Path) -> None:
    path = mirror.path("official")
    lengthen(mirror)
    mirror.behaviour[path] = ["truncate"]
    whole = mirror.pages[path]
    mirror.pages[path] = whole + b"\0" * 1000
    refusal(mirror, tmp_path, "official")
    mirror.pages[path] = whole
    fetch(mirror, tmp_path, "official")
    assert is_official(mirror, tmp_path, mirror.shipped.equal)


def lengthen(mirror: Mirror) -> None:
    """Puts something in front of the official zip, so that a part of it can be there; zip files allow it."""
    mirror.pages[mirror.path("official")] = bytes(200_000) + mirror.pages[mirror.path("official")]


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("official", "damaged"),
        ("tsc", "damaged"),
        ("zenodo", "its hash differs"),
        ("github", "its hash differs"),
    ],
)
def test_a_wrong_byte_is_noticed(mirror: Mirror, tmp_path: Path, source: str, answer: str) -> None:
    name = mirror.shipped.equal
    if answer == "damaged":  # hit the data: an error in the directory at the end is another story
        page = bytearray(mirror.pages[mirror.path(source, name)])
        entry = f"UCRArchive_2018/{name}/{name}_TRAIN.tsv" if source == "official" else f"{name}_TRAIN.ts"
        page[page.index(entry.encode()) + 200] ^= 64
        mirror.pages[mirror.path(source, name)] = bytes(page)
    else:
        mirror.misbehave("flip", source, name=name)
    assert answer in refusal(mirror, tmp_path, source)


def test_a_wrong_digit_in_a_file_without_any_hash_is_noticed(mirror: Mirror, tmp_path: Path) -> None:
    name = mirror.shipped.equal
    path = mirror.path("huggingface", name)
    start = mirror.pages[path].index(b"@data\n") + 6
    digit = next(at for at in range(start, len(mirror.pages[path])) if mirror.pages[path][at : at + 1] in b"12345678")
    page = bytearray(mirror.pages[path])
    page[digit] ^= 1
    mirror.pages[path] = bytes(page)
    assert "git blob id" in refusal(mirror, tmp_path, "huggingface")


def test_a_stalled_connection_ends(mirror: Mirror, tmp_path: Path) -> None:
    mirror.misbehave("stall", "tsc", name=mirror.shipped.equal)
    answer = refusal(mirror, tmp_path, "tsc", transfer=Transfer(retries=0, timeout=0.3, progress=False))
    assert "no answer for 0.3 s" in answer


def test_a_server_that_is_not_there_is_told(mirror: Mirror, tmp_path: Path) -> None:
    mirror.sources["tsc"] = type(mirror.sources["tsc"])("http://127.0.0.1:9/{name}.zip", "zip")
    assert "tsc: cannot be reached" in refusal(mirror, tmp_path, "tsc")


@pytest.mark.parametrize("labels", [{b"1": b"2", b"2": b"1"}, {b"1": b"0", b"2": b"1"}])
def test_a_relabelled_copy_is_refused(mirror: Mirror, tmp_path: Path, labels: dict[bytes, bytes]) -> None:
    name = mirror.shipped.equal
    old = {label.encode() for label in archive.ARCHIVE[name].labels}
    labels = labels if old == set(labels) else {b"0": b"1", b"1": b"0"}
    for split in ("TRAIN", "TEST"):
        rows = [row.partition(b"\t") for row in mirror.shipped.tsv(name, split).splitlines()]
        content = b"".join(labels[label] + tab + values + b"\n" for label, tab, values in rows)
        mirror.pages[mirror.path("huggingface", name, split)] = as_ts(name, content)
    assert "git blob id" in refusal(mirror, tmp_path, "huggingface")


def change_unequal(mirror: Mirror, old: bytes, new: bytes) -> None:
    """Makes a mirror ship the data set of unequal lengths with other text, by a regular expression for its rows."""
    name = mirror.shipped.unequal
    for split in ("TRAIN", "TEST"):
        path = mirror.path("huggingface", name, split)
        header, data = mirror.pages[path].split(b"@data\n")
        mirror.pages[path] = header + b"@data\n" + re.sub(old, new, data, flags=re.MULTILINE)


def test_where_bytes_cannot_agree_the_weaker_check_is_recorded(mirror: Mirror, tmp_path: Path) -> None:
    name = mirror.shipped.unequal
    change_unequal(mirror, rb"^[^,]+,", rb"")  # every series lacks its first value
    fetch(mirror, tmp_path, "huggingface", names=(name,))
    record = json.loads((tmp_path / name / "source.json").read_text())
    assert record["train"]["check"] == record["test"]["check"] == "facts"
    assert verify.recheck(name, tmp_path / name) == {"train": "facts", "test": "facts"}


def test_the_weaker_check_refuses_other_labels_and_padded_copies(mirror: Mirror, tmp_path: Path) -> None:
    name = mirror.shipped.unequal
    change_unequal(mirror, rb":1$", rb":77")
    with pytest.raises(UcrError, match=r"labels: expected 1 2.*got 2.* 77"):
        fetch(mirror, tmp_path, "huggingface", names=(name,))
    for split in ("TRAIN", "TEST"):
        padded = mirror.shipped.tsv(name, split).replace(b"NaN", b"0.5")
        mirror.pages[mirror.path("huggingface", name, split)] = as_ts(name, padded)
    with pytest.raises(UcrError, match="NaN in the series: expected True, got False"):
        fetch(mirror, tmp_path, "huggingface", names=(name,))
    assert visible(tmp_path) == []


def test_a_tsv_that_is_not_the_official_one_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    name = mirror.shipped.equal
    changed = mirror.pages[mirror.path("figshare")].replace(mirror.shipped.tsv(name, "TEST")[:20], b"1\t" + b"1" * 18)
    mirror.pages[mirror.path("figshare")] = changed
    assert f"{name}_TEST.tsv: its git blob id is" in refusal(mirror, tmp_path, "figshare")


def test_offline_uses_what_is_there_and_asks_nobody(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(UcrError, match="official: not asked, for --offline; tsc: not asked"):
        download([mirror.shipped.equal], tmp_path, mirror.sources, ONCE, offline=True)
    assert not mirror.requests
    fetch(mirror, tmp_path, "official")
    asked = len(mirror.requests)
    download(mirror.shipped.names, tmp_path, mirror.sources, ONCE, offline=True)
    assert visible(tmp_path) == sorted(mirror.shipped.names)
    assert len(mirror.requests) == asked


def test_a_damaged_installation_is_found_by_verify_and_mended_by_download(
    mirror: Mirror, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = mirror.shipped.equal
    fetch(mirror, tmp_path, "tsc", names=mirror.shipped.names)
    arguments = ["verify", ",".join(mirror.shipped.names), "--root", str(tmp_path)]
    assert main(arguments) == 0
    file = tmp_path / name / f"{name}_TEST.tsv"
    file.write_bytes(file.read_bytes().replace(b"1", b"7", 1))
    capsys.readouterr()
    assert main(arguments) == 1
    printed = capsys.readouterr().out
    assert f"{name}: differs: {file}" in printed
    assert "3 data sets installed, 1 differ" in printed
    fetch(mirror, tmp_path, "tsc")
    assert is_official(mirror, tmp_path, name)
    assert main(arguments) == 0


def test_a_broken_record_is_an_error(mirror: Mirror, tmp_path: Path) -> None:
    name = mirror.shipped.equal
    fetch(mirror, tmp_path, "tsc")
    (tmp_path / name / "source.json").write_text("{}")
    with pytest.raises(UcrDataError, match="not the record of a download"):
        verify.recheck(name, tmp_path / name)


def test_a_root_that_cannot_be_one_is_told(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UcrError, match=r"cannot be installed in .*file"):
        fetch(mirror, tmp_path / "file", "tsc")


def start(plan: Path, root: Path, source: str, names: str, *limit: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("run_download.py")), str(plan), str(root), source, names]
    return subprocess.Popen([*command, *limit], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("shipped", ["made-up"], indirect=True)
def test_processes_that_ask_at_once_download_once(mirror: Mirror, plan: Path, tmp_path: Path) -> None:
    mirror.delay = 0.05
    name = mirror.shipped.equal
    jobs = [start(plan, tmp_path / "root", "official", name) for _ in range(6)]
    output = [job.communicate(timeout=600) for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 6, output
    assert mirror.asked(mirror.path("official")) == [None]
    assert sum("installed from" in printed for printed, _ in output) == 1
    assert is_official(mirror, tmp_path / "root", name)


@pytest.mark.parametrize("shipped", ["made-up"], indirect=True)
def test_a_killed_download_leaves_nothing_that_looks_complete_and_goes_on(
    mirror: Mirror, plan: Path, tmp_path: Path
) -> None:
    mirror.delay = 0.01
    root = tmp_path / "root"
    lengthen(mirror)
    part = root / ".download" / "official" / "archive.part"
    job = start(plan, root, "official", mirror.shipped.equal)
    while not (part.exists() and part.stat().st_size):
        assert job.poll() is None, job.communicate()
        time.sleep(0.02)
    os.kill(job.pid, signal.SIGKILL)
    job.communicate()
    assert visible(root) == []
    mirror.delay = 0
    fetch(mirror, root, "official")
    assert resumed_at(mirror) > 0
    assert is_official(mirror, root, mirror.shipped.equal)


@pytest.mark.parametrize("source", ["official", "huggingface"])
def test_a_full_disk_is_told_and_leaves_the_root_as_it_was(
    mirror: Mirror, plan: Path, tmp_path: Path, source: str
) -> None:
    first, second = mirror.shipped.without_blob, mirror.shipped.equal
    fetch(mirror, tmp_path / "root", "tsc", names=(first,))
    before = sorted(path for path in (tmp_path / "root").rglob("*") if path.suffix != ".lock")
    job = start(plan, tmp_path / "root", source, second, "2000")  # bytes a file may have, as when the disk fills up
    _, error = job.communicate(timeout=600)
    assert job.returncode == 1
    assert error == f"error: {second} cannot be installed in {tmp_path / 'root'}: its disk is full\n"
    assert sorted(path for path in (tmp_path / "root").rglob("*") if path.suffix != ".lock") == before
