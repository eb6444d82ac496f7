"""What is remembered of results says what the results say, and no more."""

import json
import os
from pathlib import Path

import pytest
from made import a_stored_result

from bench.contest import live, results
from bench.contest.definition import Contest, Run
from bench.contest.index import Index, States
from bench.contest.state import state_of


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    one = Contest("c", ("1nn-dtw", "minirocket"), ("GunPoint", "Coffee"), 2, "quick", str(tmp_path))
    for run in one.runs():
        changes = {"data_sha256": "another"} if (run.dataset, run.resample) == ("GunPoint", 1) else {}
        results.write_result(run.path(one.folder), a_stored_result(run, "quick", (0.0, 1.0, 2.0), **changes))
    return one


def kinds(contest: Contest) -> dict[str, str]:
    return {str(run): States(contest, Index(contest.folder)).of(run).kind for run in contest.runs()}


def looked_up(contest: Contest) -> dict[str, str]:
    return {str(run): state_of(run, contest).kind for run in contest.runs()}


def test_the_index_says_of_every_run_what_its_file_says(contest: Contest) -> None:
    first = Run("minirocket", "Coffee", 0).path(contest.folder)
    for change in (
        lambda: None,
        lambda: first.write_text("{"),
        first.unlink,
        lambda: results.write_result(
            first, a_stored_result(Run("minirocket", "Coffee", 0), "quick", (0, 1, 1), seed=4)
        ),
        lambda: live.ask_to_redo(Run("1nn-dtw", "Coffee", 1).work(contest.folder)),
    ):
        change()
        for _ in range(2):  # read, then remembered
            assert kinds(contest) == looked_up(contest)
    assert set(kinds(contest).values()) >= {"stale"}


def test_a_file_is_read_again_only_when_it_has_changed(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(Index(contest.folder).facts) == 8
    reads: list[Path] = []
    read = results.read
    monkeypatch.setattr(results, "read", lambda path: (reads.append(path), read(path))[1])
    assert len(Index(contest.folder).facts) == 8
    assert reads == []
    path = Run("minirocket", "Coffee", 0).path(contest.folder)
    os.utime(path, (1, 1))
    Index(contest.folder)
    assert reads == [path]


def test_a_damaged_index_costs_nothing_but_time(contest: Contest) -> None:
    before = kinds(contest)
    for text in ("{", "[]", json.dumps({"form": 0, "results": {}})):
        (contest.folder / ".index.json").write_text(text)
        assert kinds(contest) == before


def test_what_made_many_stale_is_read_once(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    for run in contest.runs():
        changes = {"config": {"changed": run.method}, "data_sha256": "another"}
        results.write_result(run.path(contest.folder), a_stored_result(run, "quick", (0.0, 1.0, 2.0), **changes))
    index = Index(contest.folder)
    reads: list[Path] = []
    read = results.read
    monkeypatch.setattr(results, "read", lambda path: (reads.append(path), read(path))[1])
    look = States(contest, index)
    found = {run: look.of(run) for run in contest.runs()}
    assert len(reads) < len(found)
    assert found == {run: state_of(run, contest) for run in contest.runs()}
