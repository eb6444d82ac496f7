import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench import cost, plan, results
from bench.live import Live, claim, running
from bench.methods import METHODS, PRESETS, get_method
from bench.plan import Contest, Run, Todo
from bench.progress import Progress, duration
from bench.results import Result
from bench.run import Outcome
from bench.status import describe_plan, describe_status
from ucr.archive import ARCHIVE

PROJECT = Path(__file__).parents[2]


def stored(run: Run, preset: str, seconds: tuple[float, float, float], **changes: object) -> Result:
    """A result as a finished run of it would have left it, if it had cost these seconds."""
    values: dict[str, object] = dict.fromkeys(results.SCORES, 0.5)
    values |= dict(zip(("pretrain_seconds", "finetune_seconds", "test_seconds"), seconds, strict=True))
    info = ARCHIVE[run.dataset]
    values |= {
        "method": run.method, "dataset": run.dataset, "resample": run.resample, "seed": run.resample,
        "n_train": info.n_train, "n_test": info.n_test, "n_classes": info.n_classes,
        "n_timepoints": min(info.columns, 256), "n_parameters": {}, "peak_memory_mb": 1.0, "device": "cpu",
        "data_sha256": "", "preparation": {}, "details": {},
        "config": {**get_method(run.method, preset).describe(), "same_split": False},
        "environment": {"versions": plan._versions()}, "finished_at": "2020-01-01T00:00:00+00:00",
    }  # fmt: skip
    return Result(**(values | changes))  # type: ignore[arg-type]


def contest(folder: Path, **changes: object) -> Contest:
    whole = Contest(
        "c", ("timae", "timae-probe", "1nn-dtw"), ("Beef", "Wafer", "Coffee"), 1, "quick", str(folder), str(folder)
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "method", sorted({"timae", "timae-scratch", "timae-probe", "1nn-dtw", "minirocket"} & set(METHODS))
)
def test_estimates_grow_with_the_data(method: str, preset: str) -> None:
    small, long, many = (
        sum(cost.estimate(get_method(method, preset), *sizes).values())
        for sizes in ((20, 20, 50), (20, 20, 500), (2000, 2000, 50))
    )
    assert 0 < small < many
    assert small <= long


def test_predictions_take_the_level_of_what_was_seen_and_outliers_do_not_move_it() -> None:
    method = get_method("1nn-dtw", "quick")
    model, guess = cost.CostModel(), cost.CostModel().predict(method, ARCHIVE["Wafer"])
    values = []
    for name, factor in (("Beef", 3.0), ("Coffee", 3.0), ("GunPoint", 1000.0), ("Car", 3.0)):
        expected = cost.CostModel().predict(method, ARCHIVE[name])
        seconds = (0.0, factor * expected["finetune"], factor * expected["test"])
        values.append(stored(Run("1nn-dtw", name, 0), "quick", seconds).__dict__)
    model.learn({"1nn-dtw": method}, json.loads(json.dumps(values)))
    assert model.n_results == 4
    assert model.predict(method, ARCHIVE["Wafer"]) == pytest.approx({k: 3 * v for k, v in guess.items()}, rel=1e-6)
    other = replace(method, preparation=replace(method.preparation, max_length=8))
    model = cost.CostModel()
    model.learn({"1nn-dtw": other}, json.loads(json.dumps(values)))
    assert model.n_results == 0  # of another configuration


def test_a_shared_pre_training_is_counted_once_and_the_longest_run_comes_first(tmp_path: Path) -> None:
    one = contest(tmp_path)
    todo = plan.survey(one).todo
    assert [item.seconds for item in todo] == sorted((item.seconds for item in todo), reverse=True)
    by_run = {(item.run.method, item.run.dataset): item for item in todo}
    alone = plan.survey(replace(one, methods=("timae-probe",))).todo
    for dataset in one.datasets:
        probe, whole = by_run["timae-probe", dataset], by_run["timae", dataset]
        assert probe.shares == whole.shares is not None
        [by_itself] = [item for item in alone if item.run.dataset == dataset]
        assert probe.seconds < by_itself.seconds  # there it pays for the pre-training itself
    assert by_run["1nn-dtw", "Beef"].shares is None


def test_a_pre_training_of_many_data_sets_is_counted_once_in_all(tmp_path: Path) -> None:
    one = contest(tmp_path, methods=("timae-archive", "timae-archive-probe", "timae-random-probe"))
    todo = {str(item.run): item for item in plan.survey(one).todo}
    shared = [item for name, item in todo.items() if "archive" in name]
    assert len({item.shares for item in shared}) == 1
    bare = sum(item.seconds for name, item in todo.items() if name.startswith("timae-random-probe"))
    probes = sum(item.seconds for name, item in todo.items() if name.startswith("timae-archive-probe"))
    first = plan.survey(one).todo[0]
    assert first.shares is not None
    assert first.run.method == "timae-archive"
    assert probes == pytest.approx(bare)  # the first of all runs pays for all of them
    others = plan.survey(replace(one, methods=("timae-archive-others-probe",))).todo
    assert len({item.shares for item in others}) == 3


def test_a_part_is_asked_for_and_what_is_stale_elsewhere_is_redone_with_it(tmp_path: Path) -> None:
    whole = contest(tmp_path)
    stale, missing, asked = (Run("1nn-dtw", name, 0) for name in whole.datasets)
    results.write(stale.path(whole.folder), stored(stale, "quick", (0, 1, 1), config={}), {})
    survey = plan.survey(whole, replace(whole, methods=("1nn-dtw",), datasets=(asked.dataset,)))
    assert {item.run for item in survey.todo} == {asked, stale}
    assert [run for run, _ in survey.unusable] == [stale]
    assert missing not in survey.done


def test_whoever_waits_for_a_shared_pre_training_may_take_as_long_as_it(tmp_path: Path) -> None:
    todo = plan.survey(contest(tmp_path, methods=("timae-mamba-archive",))).todo
    first, *others = [item.alone - item.seconds for item in todo]
    assert first == 0
    assert others == pytest.approx([others[0]] * 2)
    assert others[0] > 60


def test_states_of_runs(tmp_path: Path) -> None:
    one = contest(tmp_path)
    done, stale, damaged = (Run("1nn-dtw", name, 0) for name in one.datasets)
    results.write(done.path(one.folder), stored(done, "quick", (0, 1, 1)), {})
    results.write(stale.path(one.folder), stored(stale, "quick", (0, 1, 1), seed=7, config={}), {})
    results.write(damaged.path(one.folder), stored(damaged, "quick", (0, 1, 1)), {})
    path = damaged.path(one.folder)
    path.write_text(path.read_text()[:50])
    assert plan.state(done, one).kind == "done"  # the data are not here, and count as unchanged
    assert plan.state(stale, one).kind == "stale"
    assert str(path) in plan.state(damaged, one).difference
    survey = plan.survey(one)
    assert survey.done == [done]
    assert {run for run, _ in survey.unusable} == {stale, damaged}
    assert len(survey.todo) == 8
    text = describe_plan(one, survey, 2)
    assert "9 runs, 1 done, 8 to do" in text
    assert "2 stale or damaged results" in text
    one.save()
    text, settled = describe_status(one)
    assert settled
    assert "1 done, 0 running, 0 queued, 0 failed, 8 to do" in text
    assert f"stale: {stale}" in text


def test_makespan_is_that_of_the_list_worked_off() -> None:
    todo = [Todo(Run("m", str(i), 0), seconds) for i, seconds in enumerate((5.0, 4.0, 3.0, 3.0, 3.0))]
    assert plan.makespan(todo, 1) == 18
    assert plan.makespan(todo, 2) == 10  # 5 + 3, 4 + 3 + 3
    assert plan.makespan(todo, 9) == 5
    assert plan.makespan([], 2) == 0


def test_plan_of_the_whole_archive_answers_at_once_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from bench.__main__ import main; code = main(sys.argv[1:]);"
        "assert not {'torch', 'lightning', 'sktime'} & set(sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "plan", "--datasets", "all", "--results", str(tmp_path / "none")]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    assert "640 runs, 0 done, 640 to do" in done.stdout
    assert len(done.stdout.split("costliest data sets")[1].strip().splitlines()) == 11
    assert seconds < 10  # 1.2 s on an idle machine
    assert not (tmp_path / "none").exists()


def test_a_claim_keeps_others_out_and_ends_with_its_owner(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from bench.live import claim\n"
        "with claim(Path(sys.argv[1])) as mine: print(mine, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=PROJECT
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


def test_progress_in_a_pipe_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [Run("m", str(i), 0) for i in range(3)]
    with Progress([Todo(run, 10.0) for run in runs], 1) as progress:
        assert progress.seconds_left() == pytest.approx(30)
        progress.begin(runs[0])
        progress.end(Outcome(runs[0], "done", 20.0, 0.75))  # twice what was predicted
        assert progress.seconds_left() == pytest.approx(40)
        progress.end(Outcome(runs[1], "failed", 0.0, error="ValueError: no"))
    out = capsys.readouterr().out
    assert "[1/3] m/0/resample-0  accuracy 0.7500  20.0 s  (ETA 0:00:40)" in out
    assert "[2/3] m/1/resample-0  FAILED: ValueError: no" in out
    assert "\x1b" not in out
    assert duration(3725) == "1:02:05"
