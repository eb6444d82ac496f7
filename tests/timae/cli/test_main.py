"""The commands as people type them, on ItalyPowerDemand: train.py runs in this process, in a folder of its own."""

import csv
import os
import runpy
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from timae.cli import TiMAE, TiMAEForPretraining, TiMAEMamba, TiMAEMambaForPretraining
from timae.cli.main import main
from timae.encoder import n_parameters
from ucr import tsv
from ucr.folders import find_files, find_folder

SCRIPT = Path(__file__).parents[3] / "train.py"
TRAIN = "datasets/UCRArchive_2018/ItalyPowerDemand/ItalyPowerDemand_TRAIN.tsv"
TEST = "datasets/UCRArchive_2018/ItalyPowerDemand/ItalyPowerDemand_TEST.tsv"
LOGGING = (
    "--trainer.callbacks+=LearningRateMonitor --trainer.callbacks.logging_interval=step "
    "--data.normalize False --trainer.log_every_n_steps 1"
)
QUIET = " --trainer.enable_progress_bar False --trainer.enable_model_summary False"
PRETRAIN = (
    "fit --model TiMAEForPretraining --model.lr 1e-3 --model.input_dim 1 --model.num_heads 4 "
    "--model.num_decoder_heads 4 --model.num_layers 2 --model.num_decoder_layers 2 --model.emb_size 64 "
    "--model.decoder_emb_size 32 --model.intermediate_dim 256 --model.decoder_intermediate_dim 128 "
    f"--model.cls_embed True --model.max_len 24 --data.batch_size 64 --data.dataset_path {TEST} "
    f"--data.val_dataset_path {TRAIN} --data.pretrain True --trainer.max_epochs 2  {LOGGING} "
    "--model.seq_len 24 --model.mask_ratio 0.75"
)
PRETRAIN_MAMBA = (
    "fit --model TiMAEMambaForPretraining --model.lr 1e-3 --model.input_dim 1 --model.num_heads 8 "
    "--model.num_decoder_heads 8 --model.ssm_state_size 64 --model.decoder_ssm_state_size 64 --model.emb_size 64 "
    f"--model.decoder_emb_size 32 --model.cls_embed True --data.batch_size 64 --data.dataset_path {TEST} "
    f"--data.val_dataset_path {TRAIN} --data.pretrain True --trainer.max_epochs 1  {LOGGING} "
    "--model.seq_len 24 --model.mask_ratio 0.75"
)
MODEL = (
    "--model TiMAE --model.lr 1e-3 --model.input_dim 1 --model.num_heads 4 --model.num_layers 2 "
    "--model.emb_size 64 --model.intermediate_dim 256 --model.cls_embed True --model.max_len 24 --data.batch_size 64"
)
FINETUNE = f"fit {MODEL} --data.dataset_path {TRAIN} --data.pretrain False --trainer.max_epochs 20  {LOGGING}"
EVALUATE = f"test {MODEL} --data.dataset_path {TEST} --data.pretrain False --trainer.max_epochs 100  {LOGGING}"


@pytest.fixture(autouse=True)
def _lightning_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\.|torch\.utils\.data")
        yield


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the official files, as the commands name them."""
    name = "ItalyPowerDemand"
    found = find_folder(name)
    if found is None:
        pytest.skip("ItalyPowerDemand is neither installed nor bundled")
    folder = tmp_path / "datasets/UCRArchive_2018" / name
    folder.mkdir(parents=True)
    for split, path in find_files(found, name).items():
        text = tsv.as_tsv(path) if path.suffix == ".ts" else path.read_bytes()
        (folder / f"{name}_{split.upper()}.tsv").write_bytes(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    device = "" if "accelerator" in command else " --trainer.accelerator cpu"
    monkeypatch.setattr("sys.argv", ["train.py", *(command + QUIET + device).split()])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def metrics(version: int) -> dict[str, list[float]]:
    with Path(f"lightning_logs/version_{version}/metrics.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    return {name: [float(row[name]) for row in rows if row[name]] for name in rows[0]}


def test_the_four_commands(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(PRETRAIN, monkeypatch)
    pretrained = Path("lightning_logs/version_0/checkpoints/epoch=1-step=34.ckpt")
    found = metrics(0)
    assert found["val_loss"][-1] < found["val_loss"][0]
    assert max(found["lr-AdamW/pg1"]) == pytest.approx(1e-3, rel=1e-2)
    assert len(found["train_loss"]) == 34

    run(f"{FINETUNE} --model.encoder_ckpt_path {pretrained}", monkeypatch)
    finetuned = Path("lightning_logs/version_1/checkpoints/epoch=19-step=20.ckpt")
    assert metrics(1)["val_accuracy"][-1] > 0.5

    run(f"{EVALUATE} --ckpt_path {finetuned}", monkeypatch)
    found = metrics(2)
    assert found["test_accuracy"][0] > 0.6
    assert 0.5 < found["test_f1"][0] <= found["test_accuracy"][0] + 0.05

    run(PRETRAIN_MAMBA, monkeypatch)
    assert Path("lightning_logs/version_3/checkpoints/epoch=0-step=17.ckpt").is_file()
    mamba = f"TiMAEMamba --model.ssm_state_size 64 --data.dataset_path {TRAIN} --data.normalize False"
    run(
        f"fit --model {mamba} --trainer.max_epochs 1 --trainer.log_every_n_steps 1 "
        "--model.encoder_ckpt_path lightning_logs/version_3/checkpoints/epoch=0-step=17.ckpt",
        monkeypatch,
    )
    assert metrics(4)["val_accuracy"][0] >= 0


@pytest.fixture
def finetuned(place: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    run(FINETUNE.replace("max_epochs 20", "max_epochs 2") + " --data.split_ratio 0.5", monkeypatch)
    return "lightning_logs/version_0/checkpoints/epoch=1-step=2.ckpt"


def test_config_validate_predict_and_resume(finetuned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = "--config lightning_logs/version_0/config.yaml"
    run(f"validate {config} --ckpt_path {finetuned}", monkeypatch)
    assert metrics(1)["val_accuracy"][-1] == metrics(0)["val_accuracy"][-1], "the same cases, the same weights"
    run(f"predict {config} --ckpt_path {finetuned}", monkeypatch)
    run(f"fit {config} --trainer.max_epochs 4 --ckpt_path {finetuned}", monkeypatch)
    resumed = torch.load("lightning_logs/version_3/checkpoints/epoch=3-step=4.ckpt", weights_only=True)
    assert resumed["global_step"] == 4
    assert "hyper_parameters" not in resumed, "what is linked from the data must not come back as a flag"
    assert len(metrics(3)["train_loss"]) == 2


def test_a_checkpoint_of_another_shape_is_refused_in_one_line(
    finetuned: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for flags, message in [
        ("--model.emb_size 32", "the checkpoint is of --model.emb_size 64, not 32: leave the flag out"),
        ("--model.num_layers 3", "the checkpoint is of --model.num_layers 2, not 3"),
    ]:
        refused(f"{EVALUATE} {flags} --ckpt_path {finetuned}", message, monkeypatch, capsys)
    old = torch.load(finetuned, weights_only=True)
    del old["model_flags"]  # as checkpoints were without them
    torch.save(old, finetuned)
    for flags, message in [
        ("--model.emb_size 32", "the checkpoint is of another shape: model.encoder.cls is (64,) there, (32,) here"),
        ("--model.num_layers 3", "the checkpoint is of another model, without model.encoder.blocks.2"),
        ("--model.num_layers 1", "the checkpoint is of another model, with model.encoder.blocks.1"),
    ]:
        refused(f"{EVALUATE} {flags} --ckpt_path {finetuned}", message, monkeypatch, capsys)
    refused(
        f"{FINETUNE} --model.emb_size 32 --model.encoder_ckpt_path {finetuned}",
        "the checkpoint is of another shape: cls is (64,) there, (32,) here",
        monkeypatch,
        capsys,
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"{EVALUATE} --ckpt_path none.ckpt", "--ckpt_path: none.ckpt cannot be read: No such file or directory"),
        (f"{FINETUNE} --model.encoder_ckpt_path none.ckpt", "--model.encoder_ckpt_path: none.ckpt cannot be read"),
        (FINETUNE.replace("Italy", "Italian"), "ItalianPowerDemand_TRAIN.tsv: cannot be read"),
        (f"{FINETUNE} --model.num_heads 3", "num_heads must divide the width: got num_heads 3, width 64"),
        (f"{FINETUNE} --model.max_len 23", "series have 24 time steps: give --model.max_len 24, got 23"),
        (f"{PRETRAIN} --model.seq_len 9", "training series have 24 steps: give --model.seq_len 24, got 9"),
        (f"{PRETRAIN} --model.mask_ratio 1", "mask_ratio must lie between 0 and 1, got 1"),
        (f"{FINETUNE} --data.pretrain True", "TiMAE needs labels: give --data.pretrain False"),
        (f"{FINETUNE} --data.class_weights [1]", "class_weights has 1 values, expected one for 2 classes"),
        (f"{FINETUNE} --model.num_head 8", "no --model.num_head; did you mean --model.num_heads? See train.py --help"),
        (
            f"{FINETUNE} --model.seq_len 24",
            "there is no --model.seq_len for this model, only for TiMAEForPretraining, ",
        ),
        (f"fit --modle TiMAE --data.dataset_path {TRAIN}", "there is no --modle; did you mean --model?"),
        (f"fit --model TiMEA --data.dataset_path {TRAIN}", "there is no --model TiMEA; did you mean --model TiMAE?"),
        (
            f"test --data.dataset_path {TEST} --ckpt_path best",
            "--ckpt_path best: no checkpoint is kept under that name",
        ),
        (f"{FINETUNE} --trainer.accelerator gppu", "Available names are: auto"),
        (f"{FINETUNE} --trainer.accelerator tpu", "--trainer.accelerator tpu: auto takes what there is"),
        (
            f"fit --model TiMAEMamba --model.num_heads 3 --data.dataset_path {TRAIN}",
            "num_heads must divide ssm_state_size: got num_heads 3, ssm_state_size 128",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    place: Path, command: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(command, message, monkeypatch, capsys)


@pytest.fixture
def eight_heads(place: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A classifier with flags that no shape shows."""
    run(f"{FINETUNE} --model.num_heads 8 --model.act_func relu --model.pooling max", monkeypatch)
    return "lightning_logs/version_0/checkpoints/epoch=19-step=20.ckpt"


def test_flags_come_from_the_checkpoint_where_none_are_given(eight_heads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = f"--data.dataset_path {TRAIN} --data.normalize False"
    run(f"test --ckpt_path {eight_heads} {data}", monkeypatch)
    run(f"test --model TiMAE --model.num_heads 8 --ckpt_path {eight_heads} {data}", monkeypatch)
    assert metrics(1)["test_accuracy"] == metrics(2)["test_accuracy"]
    run(f"fit --model.encoder_ckpt_path {eight_heads} --trainer.max_epochs 1 {data}", monkeypatch)
    kept = torch.load("lightning_logs/version_3/checkpoints/epoch=0-step=1.ckpt", weights_only=True)["model_flags"]
    assert (kept["num_heads"], kept["act_func"], kept["pooling"]) == (8, "relu", "cls")  # pooling is the head's affair


def test_a_checkpoint_may_be_named_in_a_configuration(
    eight_heads: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = "lightning_logs/version_0/config.yaml"
    text = Path(config).read_text()
    Path("other.yaml").write_text(text.replace("\nckpt_path: null", f"\nckpt_path: {eight_heads}"))
    run("test --config other.yaml", monkeypatch)
    run(f"test --config other.yaml --ckpt_path {eight_heads}", monkeypatch)
    assert metrics(1)["test_accuracy"] == metrics(2)["test_accuracy"]
    refused("test --config other.yaml --model.num_heads 4", "of --model.num_heads 8, not 4", monkeypatch, capsys)
    Path("none.yaml").write_text(text.replace("\nckpt_path: null", "\nckpt_path: none.ckpt"))
    refused("test --config none.yaml", "--ckpt_path: none.ckpt cannot be read", monkeypatch, capsys)
    run("fit --config none.yaml --ckpt_path null --trainer.max_epochs 1", monkeypatch)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--model.num_heads 4", "the checkpoint is of --model.num_heads 8, not 4: leave the flag out"),
        ("--model.act_func gelu", "the checkpoint is of --model.act_func relu, not gelu: leave the flag out"),
        ("--model.pooling cls", "the checkpoint is of --model.pooling max, not cls: leave the flag out"),
        ("--model TiMAEMamba", "the checkpoint is of --model TiMAE, not TiMAEMamba: leave the flag out"),
    ],
)
def test_a_flag_that_contradicts_the_checkpoint_is_refused(
    eight_heads: str, flags: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(f"test {flags} --ckpt_path {eight_heads} --data.dataset_path {TEST}", message, monkeypatch, capsys)


def test_predict_writes_a_table_and_says_where(
    eight_heads: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(f"predict --ckpt_path {eight_heads} --data.dataset_path {TRAIN} --data.normalize False", monkeypatch)
    path = Path("lightning_logs/version_1/predictions.csv")
    assert f"predictions: {path}" in capsys.readouterr().out.replace(f"{Path.cwd()}/", "")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["case", "p(1)", "p(2)", "prediction"]
    assert [int(row["case"]) for row in rows] == list(range(67))
    for row in rows:
        assert float(row["p(1)"]) + float(row["p(2)"]) == pytest.approx(1)
        assert row["prediction"] == max(("1", "2"), key=lambda label: float(row[f"p({label})"]))
    run(f"test --ckpt_path {eight_heads} --data.dataset_path {TRAIN} --data.normalize False", monkeypatch)
    truth = [line.split()[0] for line in Path(TRAIN).read_text().splitlines()]
    right = [row["prediction"] == str(int(float(label))) for row, label in zip(rows, truth, strict=True)]
    assert metrics(2)["test_accuracy"][0] == pytest.approx(sum(right) / 67, abs=1e-6)


def test_predictions_of_a_file_that_lacks_a_class(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(f"{FINETUNE} --model.pooling max".replace("max_epochs 20", "max_epochs 1"), monkeypatch)
    lines = [line for line in Path(TRAIN).read_text().splitlines() if int(float(line.split()[0])) == 2]
    Path("Some_TEST.tsv").write_text("\n".join(lines) + "\n")
    checkpoint = "lightning_logs/version_0/checkpoints/epoch=0-step=1.ckpt"
    command = f"--ckpt_path {checkpoint} --data.dataset_path Some_TEST.tsv"
    run(f"predict {command} --data.pretrain True", monkeypatch)
    assert Path("lightning_logs/version_1/predictions.csv").read_text().startswith("case,p(1),p(2),prediction\n")
    run(f"test {command}", monkeypatch)
    rows = Path("lightning_logs/version_1/predictions.csv").read_text().splitlines()
    right = [row["prediction"] == "2" for row in csv.DictReader(rows)]
    assert metrics(2)["test_accuracy"][0] == pytest.approx(sum(right) / len(lines), abs=1e-6)


def test_a_file_with_fewer_classes_of_text_labels_is_tested_by_those_of_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("cat", "dog", "emu")
    rows = [f"{names[i % 3]}\t" + "\t".join(str(np.sin(t * (1 + i % 3))) for t in range(12)) for i in range(18)]
    Path("Zoo_TRAIN.tsv").write_text("\n".join(rows) + "\n")
    model = "--model TiMAE --model.num_heads 4 --model.emb_size 16 --model.intermediate_dim 16 --model.max_len 12"
    run(f"fit {model} --data.dataset_path Zoo_TRAIN.tsv --trainer.max_epochs 30", monkeypatch)
    [checkpoint] = Path("lightning_logs/version_0/checkpoints").iterdir()

    def accuracy(label: str) -> float:
        Path("Zoo_some.tsv").write_text("\n".join(row for row in rows if not label or row.startswith(label)) + "\n")
        run(
            f"test --ckpt_path {checkpoint} --data.dataset_path Zoo_some.tsv --trainer.log_every_n_steps 1", monkeypatch
        )
        return metrics(max(int(path.name[8:]) for path in Path("lightning_logs").iterdir()))["test_accuracy"][0]

    assert accuracy("") == pytest.approx(np.mean([accuracy(name) for name in names]), abs=1e-6)
    Path("Zoo_other.tsv").write_text(rows[0].replace("cat", "yak") + "\n")
    refused(
        f"test --ckpt_path {checkpoint} --data.dataset_path Zoo_other.tsv",
        "Zoo_other.tsv: label 'yak' is no class of the checkpoint: cat, dog, emu",
        monkeypatch,
        capsys,
    )


def test_predictions_of_an_autoencoder_are_values(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(PRETRAIN.replace("max_epochs 2", "max_epochs 1"), monkeypatch)
    checkpoint = "lightning_logs/version_0/checkpoints/epoch=0-step=17.ckpt"
    run(f"predict --ckpt_path {checkpoint} --data.dataset_path {TRAIN} --data.pretrain True", monkeypatch)
    with Path("lightning_logs/version_1/predictions.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 67 * 24
    assert sum(int(row["predicted"]) for row in rows) == 67 * 18  # three quarters


@pytest.mark.parametrize(
    "flags",
    ["--trainer.max_time 00:00:00:02", "--trainer.max_epochs -1 --trainer.max_steps 3", "--trainer.logger False"],
)
def test_ways_to_end_a_training(place: Path, flags: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = f"fit {MODEL} --data.dataset_path {TRAIN} {flags}"
    if "logger" in flags:
        command += " --trainer.max_epochs 1"
    for _ in range(2):  # and again, in the same folder
        run(command, monkeypatch)
    steps = [torch.load(path, weights_only=True)["global_step"] for path in sorted(place.rglob("*.ckpt"))]
    assert len(steps) == 2
    assert all(n == 3 for n in steps) if "max_steps" in flags else all(n >= 1 for n in steps)


def test_a_training_with_fewer_epochs_than_the_checkpoint_has(
    finetuned: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"fit --ckpt_path {finetuned} --data.dataset_path {TRAIN} --trainer.max_epochs 1"
    refused(command, "--trainer.max_epochs 1: the checkpoint has 2 epochs behind it", monkeypatch, capsys)


def test_what_diverges_ends_with_code_1_and_leaves_no_checkpoint(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(f"{FINETUNE} --model.lr 1e30", monkeypatch)
    assert stopped.value.code == 1
    assert "train.py: the loss became nan in step" in capsys.readouterr().err.splitlines()[-1]
    for path in Path("lightning_logs").rglob("*.ckpt"):
        weights = torch.load(path, weights_only=True)["state_dict"]
        assert all(weight.isfinite().all() for weight in weights.values())


def test_a_checkpoint_of_what_diverged_is_refused(
    finetuned: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = torch.load(finetuned, weights_only=True)
    next(iter(checkpoint["state_dict"].values())).fill_(float("nan"))
    torch.save(checkpoint, "nan.ckpt")
    command = f"test --ckpt_path nan.ckpt --data.dataset_path {TEST}"
    refused(command, "the checkpoint holds weights that are no numbers", monkeypatch, capsys)


class RunsCode:
    def __reduce__(self) -> Any:
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("flag", ["--ckpt_path", "--model.encoder_ckpt_path"])
@pytest.mark.parametrize(
    "content",
    [{"state_dict": {"a": RunsCode()}}, b"no checkpoint at all", b"root:x:0:0:root:/root:/bin/sh\n", b"1,2\n", [1, 2]],
)
def test_checkpoints_that_hold_more_than_weights_are_refused(
    place: Path, flag: str, content: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if isinstance(content, bytes):
        Path("bad.ckpt").write_bytes(content)
    else:
        torch.save(content, "bad.ckpt")
    refused(f"{FINETUNE} {flag} bad.ckpt", f"{flag}: bad.ckpt is no checkpoint of", monkeypatch, capsys)
    assert not Path("harm").exists()


def refused(command: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        run(command, monkeypatch)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith("train.py: ")
    assert message in said.splitlines()[-1]
    assert "Traceback" not in said


def test_print_config_shows_every_flag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    with pytest.raises(SystemExit) as stopped:
        main(["fit", "--model", "TiMAE", "--data.dataset_path", "x.tsv", "--print_config"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for line in ("class_path: timae.cli.TiMAE", "max_len: 100", "attn_dropout_prob: 0.1", "split_ratio: 0.85"):
        assert line in shown
    assert "num_workers: 0" in shown


@pytest.mark.parametrize(
    ("model", "encoder", "total"),
    [
        (TiMAE(), 91_712, None),
        (TiMAEForPretraining(), 91_712, 117_025),
        (TiMAEMamba(ssm_state_size=64), 35_696, None),
        (TiMAEMambaForPretraining(ssm_state_size=64, decoder_ssm_state_size=64), 35_696, 49_449),
        (TiMAEMamba(ssm_state_size=64, emb_size=512), 1_714_688, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_known_sizes(model: TiMAE, encoder: int, total: int | None) -> None:
    assert n_parameters(model.encoder) == encoder
    assert total is None or n_parameters(model) == total


@pytest.mark.parametrize(
    ("flags", "width", "pooling"),
    [
        ({}, 64, "cls"),
        ({"cls_embed": False}, 64, "mean"),
        ({"pooling": "max"}, 64, "max"),
        ({"pooling": "mean+max"}, 128, "mean+max"),
    ],
)
def test_pooling_follows_from_the_cls_token_unless_it_is_given(flags: dict[str, Any], width: int, pooling: str) -> None:
    model = TiMAE(**flags).model
    assert model.pooling == pooling
    assert model.head.in_features == width


def test_pretraining_works_without_a_cls_token() -> None:
    loss = TiMAEForPretraining(cls_embed=False).model(torch.randn(2, 20, 1)).loss
    loss.backward()
    assert loss.isfinite()
