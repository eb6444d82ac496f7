"""How tasks are submitted to a cluster: settings by method, from a file and from the command line.

A file is TOML with a table for whom its settings are: ``default``; a kind, ``nets`` (methods that train a network),
``baselines``, ``averages``; or names of methods with ``*`` and ``?``. What a kind says goes before the default, a
pattern before a kind, a later pattern before an earlier one, and the command line before the file.
"""

import fnmatch
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from bench.contest.contestants import known_method
from bench.contest.definition import Contest
from bench.places.cluster import SlurmError
from bench.places.place import Options

Values = Mapping[str, Any]

KINDS = ("nets", "baselines", "averages")
DEFAULTS: dict[str, Any] = {"time": 60, "cpus_per_task": 1, "array_parallelism": 256, "job_name": "timae-bench"}
TASK_MINUTES = 10.0
"""Work that a task gets at least, if there is as much: libraries take seconds to import."""
EARLY, START_UP = 60.0, 30.0
"""Seconds by which SLURM may send its signal too soon (man sbatch), and for importing libraries."""
OURS = ("task_minutes", "workers_per_gpu")
"""Settings that SLURM does not know."""
MORE = ("nice", "reservation", "licenses", "begin", "hold")
"""Options of sbatch that submitit has no name for."""


@dataclass(frozen=True)
class Settings:
    """Of tasks that are submitted alike."""

    name: str
    """Of the table that they come from, the last of several."""
    parameters: Values
    """Submitit's."""
    workers: int
    """Runs that go on at a time in a task."""
    workers_per_gpu: int
    budget: float
    """Seconds that a task has for runs."""
    target: float
    """Seconds that it should take at least, if there is as much to do."""


def read_cluster(name: str) -> Mapping[str, Values]:
    """Read a file of settings: a path, or the name of one in the user's configuration folder.

    Raises:
        SlurmError: there is none, or it is not what it should be; one line.
    """
    own = user_config_path("timae-bench")
    paths = [Path(name), own / name, own / f"{name}.toml"]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise SlurmError(f"--cluster {name}: there is no such file, here or in {own}")
    try:
        tables = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SlurmError(f"--cluster {path}: {' '.join(str(error).split())}") from error
    for table, values in tables.items():
        if not isinstance(values, dict):
            raise SlurmError(f"--cluster {path}: {table} stands outside of any table; write [default] above it")
        for key, value in values.items():
            if isinstance(value, dict):
                raise SlurmError(f'--cluster {path}: put quotes around a pattern: ["{table}.{key}"]')
    return tables


def settings_of(contest: Contest, methods: Sequence[str], options: Options) -> dict[str, Settings]:
    """Say how the tasks of each method are submitted.

    Raises:
        SlurmError: a setting is not what it should be; one line.
    """
    line = {key: int(value) if value.isdigit() else value for key, value in options.slurm.items()}
    found: dict[str, Settings] = {}
    made: dict[str, Settings] = {}
    for method in methods:
        tables = [table for table in options.cluster if _means(table, method, contest)]
        tables.sort(key=lambda table: 0 if table == "default" else 1 if table in KINDS else 2)
        values = dict(DEFAULTS)
        for table in tables:
            values |= options.cluster[table]
        values |= line
        same = str(sorted((key, str(value)) for key, value in values.items()))
        if same not in made:
            made[same] = _checked(tables[-1] if tables else "default", values, options)
        found[method] = made[same]
    return found


def _means(table: str, method: str, contest: Contest) -> bool:
    """Whether a table is meant for a method."""
    if table == "default":
        return True
    if table not in KINDS:
        return fnmatch.fnmatchcase(method, table)
    known = known_method(method, contest)
    if known is None:
        return False
    return table == ("averages" if known.members else "nets" if known.trains else "baselines")


def _checked(name: str, values: dict[str, Any], options: Options) -> Settings:
    """Turn the values of a table into settings."""
    parameters = dict(values)
    minutes, per_gpu = parameters.pop("task_minutes", TASK_MINUTES), parameters.pop("workers_per_gpu", None)
    try:
        target = 60 * float(minutes)
    except (ValueError, TypeError):
        raise SlurmError(f"task_minutes in --slurm is a number of minutes, got {minutes!r}") from None
    parameters["time"] = minutes_in(parameters["time"])
    for key, what in (("cpus_per_task", "cores"), ("array_parallelism", "tasks")):
        if not isinstance(parameters[key], int) or parameters[key] < 1:
            raise SlurmError(f"{key} in --slurm is whole {what} from 1, got {parameters[key]!r}")
    if isinstance(parameters.get("setup"), str):
        parameters["setup"] = [parameters["setup"]]
    seconds = parameters["time"] * 60
    parameters.setdefault("signal_delay_s", min(30, seconds // 12))
    more = {key: parameters.pop(key) for key in MORE if key in parameters}
    # a cluster may be set up not to start tasks again whose node died
    parameters["additional_parameters"] = {"requeue": True} | more | parameters.get("additional_parameters", {})
    per_gpu = options.workers_per_gpu if per_gpu is None else per_gpu
    return Settings(
        name=name,
        parameters=parameters,
        workers=workers(per_gpu, parameters),
        workers_per_gpu=per_gpu,
        budget=max(seconds - parameters["signal_delay_s"] - EARLY - START_UP, seconds / 4),
        target=target,
    )


def minutes_in(value: object) -> int:
    """Read a task's time as sbatch does: minutes, or hours:minutes:seconds, or days-hours[:minutes[:seconds]].

    Raises:
        SlurmError: it is none of them.
    """
    text = str(value)
    days, dash, rest = text.rpartition("-")
    if re.fullmatch(r"(\d+-)?\d+(:\d+){0,2}", text):
        parts = [int(part) for part in rest.split(":")]
        if dash:  # hours first
            hours, minutes, seconds = [*parts, 0, 0][:3]
        else:  # minutes first, but for three
            hours, minutes, seconds = parts if len(parts) == 3 else [0, *parts, 0][:3]
        whole = int(days or 0) * 1440 + hours * 60 + minutes + -(-seconds // 60)
        if whole >= 1:
            return whole
    raise SlurmError(f"time in --slurm is whole minutes from 1, or such as 12:00:00 or 1-00:00:00, got {value!r}")


def workers(workers_per_gpu: int, parameters: Values) -> int:
    """Runs that go on at a time in a task."""
    asked = str(parameters.get("gpus_per_node") or parameters.get("gpus_per_task") or 0)
    count = asked.rpartition(":")[2]  # of "a100:2"; a kind alone is one GPU
    gpus = int(count) if count.isdigit() else 1
    return gpus * workers_per_gpu or int(parameters["cpus_per_task"])
