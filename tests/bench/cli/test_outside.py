"""A model from outside, from the command line to the report."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from here import run_here

from bench.__main__ import main
from bench.cli.asked import methods_in

PROJECT = Path(__file__).parents[3]
MODEL = """
import os, sys, ctypes
import numpy as np

class Model:
    def __init__(self, does="", random_state=None):
        self.does = does

    def fit(self, X, y):
        print("fitting", X.shape)
        self.n = len(np.unique(y))
        for name, end in {"exit": lambda: sys.exit(3), "leave": lambda: os._exit(0), "leave 3": lambda: os._exit(3),
                          "crash": lambda: ctypes.string_at(0)}.items():
            if self.does == name:
                end()
        if self.does == "interrupt":
            raise KeyboardInterrupt
        if self.does == "raise" and X.shape[-1] != 64:
            raise RuntimeError("two\\nlines")
        return self

    def predict_proba(self, X):
        return np.full((len(X), self.n), np.nan if self.does == "nan" and X.shape[-1] != 64 else 1 / self.n)
"""


@pytest.fixture
def asked(tmp_path: Path, tiny_archive: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (tmp_path / "my_model.py").write_text(MODEL)
    monkeypatch.setenv("UCR_ROOT", str(tiny_archive))
    places = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    return ["--preset", "smoke", "--name", "c", "--datasets", "Sines,Waves", *places]


def test_what_goes_wrong_in_a_model_costs_its_run_and_is_named(asked: list[str], tmp_path: Path) -> None:
    said = {
        "exit": "EstimatorError: it called sys.exit(3) where it should have raised an error",
        "leave": "the worker process ended with exit code 70: does the method call os._exit()?",
        "leave 3": "the worker process ended with exit code 3: does the method call os._exit()?",
        "crash": "the worker process was killed by SIGSEGV",
        "interrupt": "KeyboardInterrupt",
        "raise": "RuntimeError: two lines",
        "nan": "ValueError: expected probabilities from 0 to 1, got ",
    }
    models = [f"{does.replace(' ', '-')}={tmp_path}/my_model.py:Model(does={does!r})" for does in said]
    methods = ",".join([*models, f"fine={tmp_path}/my_model.py:Model"])
    command = [sys.executable, "-m", "bench", "run", "--methods", methods, *asked, "--datasets", "Sines"]
    done = subprocess.run(
        [*command, "--retries", "0"], capture_output=True, text=True, cwd=PROJECT, env={**os.environ}, check=False
    )
    assert done.returncode == 1, done.stderr
    for does, line in said.items():
        assert f"bench: failed: {does.replace(' ', '-')}/Sines/resample-0: {line}" in done.stderr
    results = tmp_path / "results" / "c"
    assert [path.parts[-3] for path in results.glob("*/*/resample-0.json")] == ["fine"]
    assert "fitting (20, 1, 64)" in (results / "fine" / "Sines" / "resample-0.log").read_text()
    assert "string_at" in (results / "crash" / "Sines" / "resample-0.log").read_text()  # the stack of the crash
    again = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env={**os.environ}, check=False)
    assert "8 runs, 1 done, 7 to do" in again.stdout  # and the next time too


def test_an_edited_model_is_stale_and_a_moved_one_is_not(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "my_model.py"

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return run_here(["run", "--methods", f"mine={model}:Model,mine+1nn-dtw", *asked, *more])

    done = run()
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "results" / "c" / "mine" / "Sines" / "resample-0.json").read_text())
    assert result["config"]["config"]["estimator"] == "Model"
    assert result["details"]["notes"] == ["takes series as (case, channel, time), which was found by trying"]
    report = (tmp_path / "reports" / "c" / "report.md").read_text()
    assert f"- `mine`: From outside: {model}:Model(). It takes series as" in report
    assert ", 0 to do" in run().stdout
    model.write_text(MODEL.replace("1 / self.n)", "1 / self.n)  # edited"))
    stale = run()
    assert stale.returncode == 2
    assert "mine/Sines/resample-0: its file has changed" in stale.stderr
    redone = run_here(["run", "--methods", "mine,mine+1nn-dtw", *asked, "--rerun", "stale"])  # by its name, from now on
    assert redone.returncode == 0, redone.stderr
    assert "6 runs, 2 done, 4 to do" in redone.stdout
    (tmp_path / "elsewhere").mkdir()
    again = run_here(["run", *asked, "--rerun", "mine"])
    assert "2 runs, 0 done, 2 to do" in again.stdout
    assert run("--rerun", "stale").returncode == 0  # the averages of what was done again
    model = Path(shutil.move(model, tmp_path / "elsewhere" / "other_name.py"))
    results = ["--results", str(tmp_path / "results")]
    assert main(["status", "c", *results]) == 0  # without its file they tell what is stored
    assert "not known here: mine" in capsys.readouterr().out
    assert main(["report", "c", *results, "--reports", str(tmp_path / "reports")]) == 0
    assert main(["run-one", "mine/Sines/resample-0", "--name", "c", *results]) == 2
    assert "mine/Sines/resample-0 cannot be run: " in (line := capsys.readouterr().err)
    assert f"there is no file {tmp_path / 'my_model.py'}" in line
    assert ", 0 to do" in run().stdout


@pytest.mark.parametrize(
    ("methods", "line"),
    [
        ("mine=my_model.py:Nothing", "has no 'Nothing'; "),
        ("minirocket=my_model.py:Model", "the suite calls another method minirocket; choose another name"),
        ("a/b=my_model.py:Model", "a method's name is letters, digits, dot, dash and underscore, got 'a/b'"),
        ("mine", "unknown method 'mine'; did you mean "),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(
    asked: list[str], tmp_path: Path, methods: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run_here(["run", "--methods", methods, *asked])
    assert refused.returncode == 2
    assert line in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert len(refused.stderr) < 300


def test_a_list_of_methods_is_taken_apart_at_its_own_commas(tmp_path: Path) -> None:
    (tmp_path / "my_model.py").write_text(MODEL)
    names, outside = methods_in(
        f"mine={tmp_path}/my_model.py:Model(does='a+b,c', k=(1, 2)), mine+minirocket,minirocket"
    )
    assert names == ("mine", "mine+minirocket", "minirocket")
    assert outside == {"mine": f"{tmp_path}/my_model.py:Model(does='a+b,c', k=(1, 2))"}


def test_a_method_of_the_suite_with_other_options_may_keep_its_name(asked: list[str]) -> None:
    target = "sktime.classification.interval_based:TimeSeriesForestClassifier(n_estimators=5)"
    done = run_here(["run", "--methods", f"tsf={target}", *asked])
    assert done.returncode == 0, done.stderr


def test_the_readmes_recipes_work(asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (PROJECT / "README.md").read_text()
    section = readme.partition("## Your own model\n")[2].partition("\n## ")[0]
    for name, code in re.findall(r"```python\n# (\S+)\n(.*?)```", section, re.DOTALL):
        assert code.count("\n") < 15
        (tmp_path / name).write_text(code)
    monkeypatch.chdir(tmp_path)
    recipes = re.findall(r"make bench METHODS='(.*?)'", section)
    assert len(recipes) == 4
    for methods in recipes:
        done = run_here(["run", "--methods", methods, *asked])
        assert done.returncode == 0, done.stderr
    assert {"mine", "stsf", "forest", "net", "net+mine"} <= {path.name for path in (tmp_path / "results/c").iterdir()}


def test_a_model_that_goes_elsewhere_takes_no_result_along(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("goes.py").write_text(
        "import os, tempfile\nfrom my_model import Model\n\n\nclass Goes(Model):\n    def fit(self, X, y):\n"
        "        os.chdir(tempfile.mkdtemp())\n        return super().fit(X, y)\n"
    )
    command = [
        sys.executable,
        "-m",
        "bench",
        "run",
        "--methods",
        "goes=goes.py:Goes,fine=my_model.py:Model",
        *asked[:6],
    ]
    done = subprocess.run([*command, "--workers", "1"], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len([*Path("results/c").glob("*/*/resample-0.json")]) == 4


def test_a_target_without_a_name_is_told_that_it_needs_one(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--methods", "my_model.py:Model", *asked]) == 2
    assert "a model of your own has one: NAME=my_model.py:Model" in capsys.readouterr().err
