"""An encoder in a file: made by the command, read without running anything, refused where it does not fit."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from timae.architectures import ARCHITECTURES
from timae.card import text
from timae.fit import fit
from timae.presets import PRESETS
from timae.pretrain import main, pretrain
from timae.session import Stopped
from timae.weights import SHIPPED, WeightsError, read
from ucr.archive import ARCHIVE
from ucr.prepare import Prepared

PROJECT = Path(__file__).parents[2]
SMOKE = PRESETS["smoke"].multiscale.recipe


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_archive: Path) -> Path:
    path = tmp_path_factory.mktemp("made") / "tiny.safetensors"
    assert main(["Sines,Waves", "--out", str(path), "--preset", "smoke", "--root", str(tiny_archive)]) == 0
    return path


def cases() -> Prepared:
    series = np.random.default_rng(0).normal(size=(12, 30)).astype(np.float32)
    return Prepared(series, None, np.arange(12) % 2)


def test_a_file_alone_suffices(made: Path, tmp_path: Path) -> None:
    alone = shutil.copy(made, tmp_path / "alone.safetensors")
    weights = read(alone)
    assert weights.encoder == SMOKE.encoder
    assert weights.seen == ("Sines", "Waves")
    assert weights.seconds > 0
    with safe_open(alone, "np") as file:  # as safetensors reads it
        assert json.loads(file.metadata()["timae"]) == weights.card
    fitted = fit(replace(SMOKE, pretraining=None, finetuning=None, probe=PRESETS["smoke"].multiscale.probe), cases(),
                 2, 0, weights=weights)  # fmt: skip
    for name, array in weights.arrays().items():
        assert np.array_equal(fitted.model.encoder.state_dict()[name].numpy(), array)
    assert fitted.pretrained == weights.sha256


def test_nothing_else_is_left_and_the_same_command_makes_the_same_weights(
    made: Path, tmp_path: Path, tiny_archive: Path
) -> None:
    assert sorted(path.name for path in made.parent.iterdir()) == ["tiny.md", "tiny.safetensors"]
    again = tmp_path / "again.safetensors"
    assert main(["Sines,Waves", "--out", str(again), "--preset", "smoke", "--root", str(tiny_archive)]) == 0
    first, second = load_file(made), load_file(again)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_stopped_it_goes_on_from_there_and_makes_the_same_weights(
    made: Path, tmp_path: Path, tiny_archive: Path
) -> None:
    path, asked = tmp_path / "again.safetensors", iter([False] * 7 + [True])

    def again(**more: Callable[[], bool]) -> None:
        pretrain(["Sines", "Waves"], path, preset="smoke", root=str(tiny_archive), **more)

    with pytest.raises(Stopped, match="after step 8 of 40"):
        again(stop=lambda: next(asked))
    assert not path.exists()
    steps = []
    again(stop=lambda: bool(steps.append(None)))
    assert len(steps) == 32
    first, second = load_file(made), load_file(path)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["again.md", "again.safetensors"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_command_with_a_line(number: signal.Signals, tmp_path: Path, tiny_archive: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "timae.pretrain",
        "Sines,Waves",
        "--root",
        str(tiny_archive),
        "--out",
        "x.safetensors",
    ]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        said = ""
        while "pre-training" not in said and process.poll() is None:
            said += process.stderr.read(1)
        process.send_signal(number)
        said += process.stderr.read()
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "interrupted; the same command goes on from here"
    assert [each.name for each in (tmp_path / ".x").iterdir()] == ["pretrain.ckpt"]


def test_a_test_series_under_another_name_is_left_out(tmp_path: Path) -> None:
    rows = ["\t".join([str(1 + i % 2), *map(str, x)]) for i, x in
            enumerate(np.random.default_rng(0).normal(size=(36, 30)).round(4))]  # fmt: skip
    for name, own in {"Own": rows[:24], "Sibling": rows[12:36]}.items():  # all it would learn from is Own's test split
        (tmp_path / name).mkdir()
        for split, lines in (("TRAIN", own[:12]), ("TEST", own[12:])):
            (tmp_path / name / f"{name}_{split}.tsv").write_text("\n".join(lines) + "\n")
    path = tmp_path / "e.safetensors"
    assert main(["Own,Sibling", "--out", str(path), "--preset", "smoke", "--root", str(tmp_path)]) == 0
    card = read(path).card
    assert card["left_out"] == {"Sibling": 12}
    assert card["series"] == 12
    assert "Sibling (12)" in path.with_suffix(".md").read_text()


def test_what_is_no_encoder_of_ours_is_refused_in_one_line(made: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(made.read_bytes()[:50])
    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": np.zeros(3)}, foreign)
    for path in (torn, foreign, tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(
            WeightsError, match=r"^expected an encoder that python -m timae\.pretrain made, or ucr, got"
        ):
            read(path)
    short = tmp_path / "short.safetensors"
    short.write_bytes(made.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="expected an encoder"):
        read(short).arrays()


def test_weights_that_changed_since_their_card_was_read_are_refused(made: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(made, tmp_path / "e.safetensors"))
    weights = read(path)
    save_file({name: array + 1 for name, array in load_file(path).items()}, path, {"timae": json.dumps(weights.card)})
    with pytest.raises(WeightsError, match="has changed since its card was read"):
        weights.arrays()


def test_an_encoder_of_another_model_is_refused(made: Path) -> None:
    for name in ("timae", "timae-ms-mamba"):
        with pytest.raises(WeightsError, match=r"holds an encoder of timae-ms, preset smoke, with .* expected that of"):
            fit(ARCHITECTURES[name].recipe(PRESETS["smoke"]), cases(), 2, 0, weights=read(made))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Nowhere"], "error: there is no data set 'Nowhere'"),
        (["Sines", "--out", "e.pt"], "expected a name that ends with .safetensors, got 'e.pt'"),
        (["Sines", "--out", "/proc/e.safetensors"], "error: "),
    ],
)
def test_a_wrong_request_is_told_in_one_line(
    arguments: list[str], message: str, tiny_archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main([*arguments, "--preset", "smoke", "--root", str(tiny_archive)])
    except SystemExit as exit_:
        code = int(str(exit_.code))
    assert code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_the_encoder_in_the_package_is_small_and_its_card_is_that_of_its_file() -> None:
    path = SHIPPED / "ucr.safetensors"
    weights = read("ucr")
    assert path.stat().st_size < 400_000
    assert path.with_suffix(".md").read_text() == text(replace(weights, path=Path(path.name)))
    assert set(weights.seen) < set(ARCHIVE)
    weights.require(PRESETS["quick"].multiscale.recipe.encoder, "timae-ms, preset quick")
    weights.require(PRESETS["standard"].multiscale.recipe.encoder, "timae-ms, preset standard")


def test_importing_is_light_and_a_card_needs_no_torch() -> None:
    code = (
        "import sys, timae, timae.architectures; assert not {'torch', 'sktime', 'pandas'} & {*sys.modules};"
        "import timae.weights, timae.card; timae.weights.read('ucr'); assert 'torch' not in sys.modules;"
        "timae.TiMAEClassifier(), timae.TiMAEEncoder(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
