import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made import a_stored_result

from bench.contest import results
from bench.contest.definition import Contest, Run
from bench.contest.state import state_of
from bench.contest.survey import Todo, makespan, survey_of
from bench.places.plan import describe_plan
from bench.places.status import describe, standing

PROJECT = Path(__file__).parents[3]


def contest(folder: Path, **changes: object) -> Contest:
    whole = Contest(
        "c", ("timae", "timae-probe", "1nn-dtw"), ("Beef", "Wafer", "Coffee"), 1, "quick", str(folder), str(folder)
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_a_shared_pre_training_is_counted_once_and_the_longest_run_comes_first(tmp_path: Path) -> None:
    one = contest(tmp_path)
    todo = survey_of(one).todo
    assert [item.seconds for item in todo] == sorted((item.seconds for item in todo), reverse=True)
    by_run = {(item.run.method, item.run.dataset): item for item in todo}
    alone = survey_of(replace(one, methods=("timae-probe",))).todo
    for dataset in one.datasets:
        probe, whole = by_run["timae-probe", dataset], by_run["timae", dataset]
        assert probe.shares == whole.shares is not None
        [by_itself] = [item for item in alone if item.run.dataset == dataset]
        assert probe.seconds < by_itself.seconds  # there it pays for the pre-training itself
    assert by_run["1nn-dtw", "Beef"].shares is None


def test_a_pre_training_of_many_data_sets_is_counted_once_in_all(tmp_path: Path) -> None:
    one = contest(tmp_path, methods=("timae-ms-archive", "timae-ms-archive-probe", "timae-ms-random-probe"))
    todo = {str(item.run): item for item in survey_of(one).todo}
    shared = [item for name, item in todo.items() if "archive" in name]
    assert len({item.shares for item in shared}) == 1
    bare = sum(item.seconds for name, item in todo.items() if name.startswith("timae-ms-random-probe"))
    probes = [item for name, item in todo.items() if name.startswith("timae-ms-archive-probe")]
    first = survey_of(one).todo[0]
    assert [item for item in shared if item.alone == item.seconds] == [first]  # it pays for all of them
    paid = sum(item.seconds for item in probes) - bare
    assert paid == pytest.approx(shared[-1].alone - shared[-1].seconds if first in probes else 0.0)
    others = survey_of(replace(one, methods=("timae-ms-archive-others-probe",))).todo
    assert len({item.shares for item in others}) == 3
    synthetic = survey_of(replace(one, methods=("timae-ms-synthetic", "timae-ms-synthetic-probe"))).todo
    assert len({item.shares for item in synthetic}) == 1


def test_a_part_is_asked_for_and_what_is_stale_elsewhere_is_told_of(tmp_path: Path) -> None:
    whole = contest(tmp_path)
    stale, missing, asked = (Run("1nn-dtw", name, 0) for name in whole.datasets)
    results.write(stale.path(whole.folder), a_stored_result(stale, "quick", (0, 1, 1), config={}), {})
    part = replace(whole, methods=("1nn-dtw",), datasets=(asked.dataset,))
    survey = survey_of(whole, part)
    assert [item.run for item in survey.todo] == [asked]
    assert [run for run, _ in survey.unusable] == [stale]
    assert missing not in survey.done
    results.write(asked.path(whole.folder), a_stored_result(asked, "quick", (0, 1, 1)), {})
    assert survey_of(whole, part).todo == []
    assert [item.run for item in survey_of(whole, part, again=("1nn-dtw",)).todo] == [asked]


def test_a_shared_pre_training_is_booked_evenly_on_those_that_share_it(tmp_path: Path) -> None:
    one = contest(tmp_path, methods=("timae-ms-archive", "timae", "timae-probe"))
    survey = survey_of(one)
    assert sum(item.booked for item in survey.todo) == pytest.approx(sum(item.seconds for item in survey.todo))
    shared = [item for item in survey.todo if item.run.method == "timae-ms-archive"]
    waits = shared[-1].alone - shared[-1].seconds
    assert min(item.booked for item in shared) > waits / 3
    assert "0:00:00" not in describe_plan(one, survey, 1)
    assert " 0.00" not in describe_plan(one, survey, 1)


def test_whoever_waits_for_a_shared_pre_training_may_take_as_long_as_it(tmp_path: Path) -> None:
    todo = survey_of(contest(tmp_path, methods=("timae-ms-mamba-archive",))).todo
    first, *others = [item.alone - item.seconds for item in todo]
    assert first == 0
    assert others == pytest.approx([others[0]] * 2)
    assert others[0] > 60


def test_states_of_runs(tmp_path: Path) -> None:
    one = contest(tmp_path)
    done, stale, damaged = (Run("1nn-dtw", name, 0) for name in one.datasets)
    results.write(done.path(one.folder), a_stored_result(done, "quick", (0, 1, 1)), {})
    results.write(stale.path(one.folder), a_stored_result(stale, "quick", (0, 1, 1), seed=7, config={}), {})
    results.write(damaged.path(one.folder), a_stored_result(damaged, "quick", (0, 1, 1)), {})
    path = damaged.path(one.folder)
    path.write_text(path.read_text()[:50])
    assert state_of(done, one).kind == "done"  # the data are not here, and count as unchanged
    assert state_of(stale, one).kind == "stale"
    assert str(path) in state_of(damaged, one).difference
    survey = survey_of(one)
    assert survey.done == [done]
    assert {run for run, _ in survey.unusable} == {stale, damaged}
    assert len(survey.todo) == 8
    text = describe_plan(one, survey, 2)
    assert "9 runs, 1 done, 8 to do" in text
    assert "2 stale or damaged results" in text
    one.save()
    stands = standing(one)
    text, settled = describe(stands), stands.settled
    assert settled
    assert "1 done, 0 running, 0 queued, 0 failed, 8 to do" in text
    assert f"stale: {stale}" in text


def test_makespan_is_that_of_the_list_worked_off() -> None:
    todo = [Todo(Run("m", str(i), 0), seconds) for i, seconds in enumerate((5.0, 4.0, 3.0, 3.0, 3.0))]
    assert makespan(todo, 1) == 18
    assert makespan(todo, 2) == 10  # 5 + 3, 4 + 3 + 3
    assert makespan(todo, 9) == 5
    assert makespan([], 2) == 0


def test_plan_of_the_whole_archive_answers_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from bench.__main__ import main; code = main(sys.argv[1:]);"
        "assert not {'torch', 'lightning', 'sktime'} & set(sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "plan", "--datasets", "all", "--results", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stderr
    assert "1024 runs, 0 done, 1024 to do" in done.stdout
    costliest = done.stdout.split("costliest data sets")[1].partition("\nmissing: ")[0]
    assert len(costliest.strip().splitlines()) == 11
    assert not (tmp_path / "none").exists()
