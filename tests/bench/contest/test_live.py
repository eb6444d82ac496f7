import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from bench.contest.live import Live, announce, claim, hold, holder, running

PROJECT = Path(__file__).parents[3]


def test_a_claim_keeps_others_out_and_ends_with_its_owner(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from bench.contest.live import claim\n"
        "with claim(Path(sys.argv[1])) as mine: print(mine, flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=pipe, stdout=pipe, text=True, cwd=PROJECT
    )
    assert owner.stdout is not None
    with owner, owner.stdout:
        assert owner.stdout.readline() == "True\n"
        with claim(tmp_path) as mine:
            assert not mine
        owner.kill()
        owner.wait()
    with claim(tmp_path) as mine:
        assert mine


def test_live_state_is_there_while_it_lasts(tmp_path: Path) -> None:
    folder = tmp_path / "m.D.0"
    folder.mkdir()
    with Live(folder, "m/D/resample-0") as live:
        live.report("pretrain", 3, 10, 0.25)
        live.write()
        [state] = running(tmp_path)
        assert (state["phase"], state["step"], state["steps"], state["loss"]) == ("pretrain", 3, 10, 0.25)
        live.report("finetune", 1, 10, float("nan"))
        live.write()
        assert running(tmp_path)[0]["loss"] is None
        path = folder / "state.json"
        state["pid"] = 2**22 + 1  # of no process
        path.write_text(json.dumps(state))
        assert running(tmp_path) == []
        state["host"] = "elsewhere"  # gives signs of life
        path.write_text(json.dumps(state))
        assert len(running(tmp_path)) == 1
    assert not path.exists()


def test_what_goes_on_in_the_original_does_not_in_a_copy(tmp_path: Path) -> None:
    folder = tmp_path / "work" / "m.D.0"
    folder.mkdir(parents=True)
    with Live(folder, "m/D/resample-0"):
        shutil.copytree(tmp_path / "work", tmp_path / "copy")
        assert len(running(tmp_path / "work")) == 1
        assert running(tmp_path / "copy") == []


def test_a_run_goes_on_from_when_a_worker_is_given_it(tmp_path: Path) -> None:
    folder = tmp_path / "m.D.0"
    announce(folder, "m/D/resample-0")
    assert [state["phase"] for state in running(tmp_path)] == ["import"]
    with Live(folder, "m/D/resample-0"):
        assert [state["phase"] for state in running(tmp_path)] == ["start"]
        announce(folder, "m/D/resample-0")  # by another command: somebody is at it
        assert [state["phase"] for state in running(tmp_path)] == ["start"]
    assert running(tmp_path) == []


def test_the_holder_of_a_contest_is_named_and_one_that_is_just_beginning_is_not(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with hold(tmp_path) as mine:
        assert mine
        assert holder(tmp_path) == (socket.gethostname(), os.getpid())
        with hold(tmp_path) as theirs:
            assert not theirs
        (tmp_path / ".lock").write_text("")
        assert holder(tmp_path) == ("", 0)
    assert holder(tmp_path) is None
