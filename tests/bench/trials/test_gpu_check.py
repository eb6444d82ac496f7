import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.trials.gpu_check import PARTS, check

PROJECT = Path(__file__).parents[3]


def gpu_check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "gpu-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)


def test_on_a_cpu_every_part_finds_something_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    done = gpu_check("--device", "cpu", "--out", str(tmp_path), "--minutes", "60")  # at most
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = tmp_path.iterdir()
    assert path.name == "cpu.json"
    found = json.loads(path.read_text())
    assert {"card", "driver", "cuda", "versions", "commit", "dirty", "began_at", "minutes", "processor"} <= found.keys()
    assert found["versions"]["torch"].startswith("2.")
    parts = found["parts"]
    assert [*parts] == ["kernels", "step", "packed", "stacked", "paper"]
    assert all(part["seconds"] > 0 for part in parts.values())
    figures = {name: part["figures"] for name, part in parts.items()}

    kernel = figures["kernels"].pop("timae, length 17")
    assert kernel["passed"]
    assert kernel["absolute"].keys() == {"output", "x", "dt", "A", "B", "C", "D", "dt_bias"}
    assert 0 < kernel["largest_relative"] == max(kernel["relative"].values()) < 1e-5
    assert parts["kernels"]["left_out"] == {"mamba-ssm, length 17": "mamba-ssm's kernels want a GPU"}

    assert len(figures["step"]) == 8
    for step in figures["step"].values():
        assert step["step_ms"] * step["steps_per_second"] == pytest.approx(1000)
        assert 0 < step["loss"] < 10
    assert {*parts["step"]["left_out"].values()} == {"captured steps want a GPU", "compiled steps want a GPU"}

    assert [*figures["packed"]] == ["1 at a time", "2 at a time"]
    for packed in figures["packed"].values():
        assert packed["runs"] == 4
        assert packed["runs_per_hour"] == pytest.approx(3600 * 4 / packed["seconds"])

    assert [*figures["stacked"]] == ["alone", "1 stacked", "2 stacked"]
    two = figures["stacked"]["2 stacked"]
    assert two["network_steps_per_second"] == pytest.approx(2 * two["steps_per_second"])
    assert two["finetunings_per_hour"] == pytest.approx(3600 * two["network_steps_per_second"] / 20)

    [(dataset, paper)] = figures["paper"].items()
    assert dataset == "GunPoint"
    assert paper["device"] == "cpu"
    assert 0 < paper["accuracy"] <= 1
    assert paper["pretrain_seconds"] > 0 < paper["finetune_seconds"]

    for name, part in parts.items():
        for what in (*part["figures"], *part["left_out"]):
            assert f"{name}: {what}: " in done.stdout


def test_where_time_is_out_each_part_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("cpu", tmp_path / "gpu", minutes=0.001) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [*(f"{name}: all of it: time was out" for name in PARTS), str(tmp_path / "gpu" / "cpu.json")]
    parts = json.loads((tmp_path / "gpu" / "cpu.json").read_text())["parts"]
    assert [*parts] == [*PARTS]
    assert all(part["figures"] == {} for part in parts.values())
    assert all(part["left_out"] == {"all of it": "time was out"} for part in parts.values())


def test_without_a_gpu_that_is_said_in_a_line_and_nothing_is_written(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    done = gpu_check("--out", str(tmp_path / "new"))
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "expected an NVIDIA GPU" in line
    assert "--device cpu" in line
    assert not (tmp_path / "new").exists()
