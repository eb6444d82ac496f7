"""The model alone and the model in a contest are one; an encoder in a file takes the place of pre-training."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from here import run_here
from numpy.typing import NDArray

import ucr.load
from timae import TiMAEClassifier, TiMAEEncoder
from timae.pretrain import main as pretrain
from timae.probe import RidgeProbe
from timae.weights import read

METHODS = (
    "timae,timae-scratch,timae-probe,timae-ms,timae-ms-random-probe,timae-ms-archive,timae-ms-archive-probe,"
    "timae-ms-archive-linear"
)
DATASETS = ("Sines", "Waves", "Ragged")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory, tiny_archive: Path) -> Path:
    path = tmp_path_factory.mktemp("made") / "encoder.safetensors"
    assert pretrain([",".join(DATASETS), "--out", str(path), "--preset", "smoke", "--root", str(tiny_archive)]) == 0
    return path


def bench(folder: Path, archive: Path, *more: str, methods: str = METHODS) -> subprocess.CompletedProcess[str]:
    places = ["--results", str(folder / "results"), "--reports", str(folder / "reports"), "--name", "tiny"]
    what = ["--datasets", ",".join(DATASETS), "--methods", methods, "--preset", "smoke", "--workers", "1"]
    with patch.dict(os.environ, {"UCR_ROOT": str(archive)}):
        return run_here(["run", *what, *places, *more])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_archive: Path, encoder: Path) -> Path:
    folder = tmp_path_factory.mktemp("contest")
    done = bench(folder, tiny_archive, "--pretrained", str(encoder))
    assert done.returncode == 0, done.stderr
    return folder


def of_bench(folder: Path, method: str, dataset: str) -> NDArray[np.float32]:
    with np.load(folder / "results" / "tiny" / method / dataset / "resample-0.npz") as arrays:
        found: NDArray[np.float32] = arrays["probabilities"]
    return found


def result(folder: Path, method: str, dataset: str = "Sines") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results" / "tiny" / method / dataset / "resample-0.json").read_text())
    return found


def panel(series: NDArray[np.float32]) -> list[pd.DataFrame]:
    """Cases as sktime has them: each of its own length."""
    return [pd.DataFrame(case[: np.flatnonzero(~np.isnan(case))[-1] + 1]) for case in series]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("method", METHODS.split(","))
def test_bench_runs_the_estimator(method: str, dataset: str, folder: Path, tiny_archive: Path, encoder: Path) -> None:
    pretrained = "own"
    if "-archive" in method:
        pretrained = str(encoder)
    elif "-scratch" in method or "-random" in method:
        pretrained = None
    architecture = method.replace("-archive", "").replace("-scratch", "").replace("-random", "")
    data = ucr.load.load(dataset, tiny_archive)
    classifier = TiMAEClassifier("smoke", pretrained, architecture, random_state=0)
    classifier.fit(panel(data.train.series), data.train.labels.astype(int))
    order = np.argsort(np.argsort([int(label) for label in data.info.labels]))  # by number in both
    alone = classifier.predict_proba(panel(data.test.series)).astype(np.float32)
    assert np.array_equal(alone[:, order], of_bench(folder, method, dataset))


def test_the_encoders_features_and_the_ridge_classifier_are_what_bench_runs(
    folder: Path, tiny_archive: Path, encoder: Path
) -> None:
    data = ucr.load.load("Waves", tiny_archive)
    transformer = TiMAEEncoder("smoke", str(encoder)).fit(data.train.series)
    parts = transformer.transform(data.train.series), transformer.transform(data.test.series)
    features, of_test = (np.ascontiguousarray(part) for part in parts)
    labels = np.unique(data.train.labels.astype(int), return_inverse=True)[1]
    probabilities = RidgeProbe(features, labels, 3).predict_proba(of_test)
    assert np.array_equal(probabilities.astype(np.float32), of_bench(folder, "timae-ms-archive-probe", "Waves"))


def test_a_file_stands_for_the_pre_training_that_a_contest_would_share(
    folder: Path, tmp_path: Path, tiny_archive: Path
) -> None:
    assert bench(tmp_path, tiny_archive, methods="timae-ms-archive").returncode == 0
    for dataset in DATASETS:
        assert np.array_equal(
            of_bench(tmp_path, "timae-ms-archive", dataset), of_bench(folder, "timae-ms-archive", dataset)
        )


def test_its_hash_is_recorded_and_another_file_makes_results_stale(
    folder: Path, tmp_path: Path, tiny_archive: Path, encoder: Path
) -> None:
    weights = read(encoder)
    shared = result(folder, "timae-ms-archive")
    assert shared["config"]["pretrained"] == shared["details"]["pretrained"] == weights.sha256
    assert shared["pretrain_seconds"] == weights.seconds
    assert "pretrained" not in result(folder, "timae-ms")["config"]
    assert "archive" not in shared["config"]

    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    again = bench(tmp_path, tiny_archive, "--pretrained", str(encoder))
    assert "24 done, 0 to do" in again.stdout
    other = tmp_path / "other.safetensors"
    made = [",".join(DATASETS), "--out", str(other), "--preset", "smoke", "--seed", "1", "--root", str(tiny_archive)]
    assert pretrain(made) == 0
    for more in ([], ["--pretrained", str(other)]):
        refused = bench(tmp_path, tiny_archive, *more)
        assert refused.returncode == 2
        assert "timae-ms-archive" in refused.stderr
    assert "its encoder came from another file than --pretrained names now" in refused.stderr
    assert "(9 such in all)" in refused.stderr


@pytest.mark.parametrize(
    ("more", "methods", "message"),
    [
        ([], "timae-ms-archive-others", "timae-ms-archive-others holds a data set out, and the encoder of"),
        (["--exclude-self"], "timae-ms-archive-probe", "saw Sines (3 such in all); make one without it"),
        (["--resamples", "2"], "timae-ms-archive", "saw the archive's own train split of Sines, and resamples mix"),
        (["--pretrain-on", "Short"], "timae-ms-archive", "it cannot be given with --pretrain-on"),
        (
            [],
            "timae-ms-mamba-archive",
            "holds an encoder of timae-ms, preset smoke, with cls_embed False, expected",
        ),
    ],
)
def test_what_an_encoder_must_not_be_used_for_is_refused_in_one_line(
    more: list[str], methods: str, message: str, tmp_path: Path, tiny_archive: Path, encoder: Path
) -> None:
    refused = bench(tmp_path, tiny_archive, "--pretrained", str(encoder), *more, methods=methods)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(("resamples", "what"), [("1", "6 series"), ("2", "9 series")])
def test_series_that_it_saw_under_another_name_are_refused(
    resamples: str, what: str, tmp_path: Path, tiny_archive: Path, encoder: Path
) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(tiny_archive, archive)
    of = {split: (archive / "Waves" / f"Waves_{split}.tsv").read_text().splitlines() for split in ("TRAIN", "TEST")}
    (archive / "Twin").mkdir()
    for split, lines in {"TRAIN": of["TRAIN"][:3] + of["TEST"][:9], "TEST": of["TRAIN"][3:9] + of["TEST"][9:]}.items():
        (archive / "Twin" / f"Twin_{split}.tsv").write_text("\n".join(lines) + "\n")
    shutil.rmtree(archive / "Ragged")
    asked = ["--pretrained", str(encoder), "--datasets", "Twin,Short", "--resamples", resamples]
    refused = bench(tmp_path, archive, *asked, methods="timae-ms-archive")
    assert refused.returncode == 2
    note, line = refused.stderr.splitlines()
    assert note.startswith("bench: not here, so that series shared with them are not sought: Ragged, which the encoder")
    assert line.startswith(f"bench: {what} that the encoder of {encoder} saw, most of them of Waves, are ")
    assert line.endswith("python -m timae.pretrain 'here,!Waves'")
    assert not (tmp_path / "results").exists()


def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, tiny_archive: Path) -> None:
    refused = bench(tmp_path, tiny_archive, "--pretrained", "nowhere.safetensors", methods="timae-ms-archive")
    assert refused.returncode == 2
    assert refused.stderr.startswith("bench: expected an encoder that python -m timae.pretrain made, or ucr, got")
    assert len(refused.stderr.splitlines()) == 1


def test_a_data_set_that_it_did_not_see_may_be_held_out(tmp_path: Path, tiny_archive: Path, encoder: Path) -> None:
    done = bench(
        tmp_path, tiny_archive, "--pretrained", str(encoder), "--datasets", "Short", methods="timae-ms-archive-others"
    )
    assert done.returncode == 0, done.stderr
    assert f"--pretrained {encoder}" in (tmp_path / "reports" / "tiny" / "report.md").read_text()
