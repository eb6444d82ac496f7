"""How tasks are submitted, by method; and which tasks wait for which."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.contest.definition import Contest, Run
from bench.contest.survey import Todo
from bench.places import settings as module
from bench.places.cluster import SlurmError
from bench.places.parts import divide
from bench.places.place import Options
from bench.places.settings import minutes_in, read_cluster, settings_of

LAB = """
[default]
partition = "cpu"
time = 30
setup = ["module load python"]
[nets]
partition = "gpu"
gpus_per_node = 1
workers_per_gpu = 4
time = "1-00:00:00"
["timae-m*"]
constraint = "a100"
nice = 7
[averages]
account = "averages"
"""
METHODS = ("timae", "timae-mamba", "minirocket", "timae+minirocket")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(LAB)
    return path


def contest(*methods: str) -> Contest:
    return Contest("c", methods or METHODS, ("GunPoint", "Coffee"), 1, "smoke")


def test_a_method_has_what_its_kind_and_its_name_say(lab: Path) -> None:
    found = settings_of(contest(), METHODS, Options(cluster=read_cluster(str(lab)), slurm={"qos": "high"}))
    plain, mamba, rocket, average = (found[name] for name in METHODS)
    assert (plain.name, mamba.name, rocket.name, average.name) == ("nets", "timae-m*", "default", "averages")
    assert (plain.parameters["partition"], plain.parameters["time"], plain.workers) == ("gpu", 1440, 4)
    assert mamba.parameters["constraint"] == "a100"
    assert mamba.parameters["additional_parameters"] == {"requeue": True, "nice": 7}
    assert (rocket.parameters["partition"], rocket.parameters["time"], rocket.workers) == ("cpu", 30, 1)
    assert average.parameters["account"] == "averages"
    assert {settings.parameters["qos"] for settings in found.values()} == {"high"}
    assert rocket.parameters["setup"] == ["module load python"]


@pytest.mark.parametrize(
    ("value", "minutes"),
    [(90, 90), ("90", 90), ("1:30", 2), ("2:00:00", 120), ("1-00:00:00", 1440), ("1-12", 2160), ("0-0:30", 30)],
)
def test_time_is_minutes_or_as_sbatch_has_it(value: object, minutes: int) -> None:
    assert minutes_in(value) == minutes


@pytest.mark.parametrize("value", ["0", "", "x", "1-", "-5", "1:2:3:4", 1.5])
def test_other_times_are_refused(value: object) -> None:
    with pytest.raises(SlurmError, match="whole minutes from 1"):
        minutes_in(value)


def test_a_file_is_found_in_the_users_configuration(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "user_config_path", lambda _: lab.parent)
    assert read_cluster("lab") == read_cluster(str(lab))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('partition = "cpu"', r"partition stands outside of any table; write \[default\] above it"),
        ("[timae.x]\ntime = 1", r'put quotes around a pattern: \["timae.x"\]'),
        ("[default", "--cluster .*lab.toml: "),
        (None, "there is no such file"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_one_line(lab: Path, text: str | None, message: str) -> None:
    lab.unlink() if text is None else lab.write_text(text)
    with pytest.raises(SlurmError, match=message) as error:
        read_cluster(str(lab))
    assert "\n" not in str(error.value)


def test_a_pre_training_that_data_sets_share_is_a_task_of_its_own() -> None:
    runs = [Run("timae", dataset, 0) for dataset in ("GunPoint", "Coffee")]
    todo = [Todo(runs[0], 110.0, shares="all", pretraining=100.0), Todo(runs[1], 10.0, shares="all")]
    todo.append(Todo(Run("minirocket", "Coffee", 0), 5.0))
    found = settings_of(contest(), METHODS, Options())
    maker, *others = divide(todo, found)
    assert maker.makes
    assert [item.seconds for [item] in maker.bundles] == [100.0]
    [needing] = [part for part in others if part.needs]
    assert needing.needs == maker.makes
    assert sorted(item.seconds for items in needing.bundles for item in items) == [10.0, 10.0]
    [free] = [part for part in others if not part.needs]
    assert [item.run.method for items in free.bundles for item in items] == ["minirocket"]
    again = divide(todo[1:2], found, making=[maker.makes])  # one that a task is making already is waited for
    assert [part.needs for part in again] == [maker.makes]
    assert not any(part.makes or part.needs for part in divide([replace(todo[0], shares="one")], found))


def test_an_average_waits_for_members_that_run_elsewhere(lab: Path) -> None:
    found = settings_of(contest(), METHODS, Options(cluster=read_cluster(str(lab))))
    todo = [Todo(Run(name, "Coffee", 0), 5.0) for name in ("timae", "minirocket", "timae+minirocket")]
    *_, last = divide(todo, found)
    assert last.members == (Run("timae", "Coffee", 0), Run("minirocket", "Coffee", 0))
    assert last.settings.name == "averages"
    alike = divide(todo, settings_of(contest(), METHODS, Options()))
    assert [len(items) for part in alike for items in part.bundles] == [3]
