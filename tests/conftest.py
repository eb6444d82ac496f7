"""A tiny archive in the official form, made of sines and squares: what every room's tests may need."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets background jobs, and what they start, ignore it
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ["COLUMNS"] = "200"  # no test depends on how wide the terminal is

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")  # no test depends on how fast the machine is

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def _parsed_copies_of_the_tests_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep parsed copies out of the data folders and of the user's cache."""
    os.environ["UCR_CACHE"] = str(tmp_path_factory.mktemp("ucr-cache"))


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """The real data sets, where there are any beside the project."""
    root = SHARED / "ucr" / "UCRArchive_2018"
    if not root.is_dir():
        pytest.skip(f"no real data sets at {root}")
    return root


@pytest.fixture(scope="session")
def peers() -> Path:
    """A Python with the libraries of tests/peers.txt, whose requirements exclude ours."""
    python = Path(sys.prefix) / "peers" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no environment with aeon and tsml-eval at {python.parents[1]}: make test makes it")
    return python


@pytest.fixture(scope="session")
def tiny_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four data sets that a small model can learn in seconds."""
    root = tmp_path_factory.mktemp("archive")
    write_tiny(root, "Sines", n_train=16, n_test=20, length=24, classes=("1", "2"))
    write_tiny(root, "Waves", n_train=18, n_test=21, length=40, classes=("-1", "1", "3"))
    write_tiny(root, "Ragged", n_train=12, n_test=12, length=30, classes=("0", "1"), unequal=True)
    write_tiny(root, "Short", n_train=8, n_test=8, length=5, classes=("1", "2"))
    return root


def write_tiny(
    root: Path, name: str, *, n_train: int, n_test: int, length: int, classes: tuple[str, ...], unequal: bool = False
) -> None:
    """Write one data set: class k is a wave of k + 1 periods, with noise and a random phase."""
    random = np.random.default_rng(len(name) * 1000 + length)
    folder = root / name
    folder.mkdir(parents=True)
    for split, n in (("TRAIN", n_train), ("TEST", n_test)):
        lines = []
        for case in range(n):
            k = case % len(classes)
            t = np.linspace(0, 2 * np.pi * (k + 1), length)
            series = np.sin(t + random.uniform(0, 1)) + random.normal(0, 0.1, length)
            values = [f"{value:.6f}" for value in series]
            if unequal:
                present = int(random.integers(length // 2, length + 1)) if case else length
                values[present:] = ["NaN"] * (length - present)
            lines.append("\t".join([classes[k], *values]))
        (folder / f"{name}_{split}.tsv").write_text("\n".join(lines) + "\n")
