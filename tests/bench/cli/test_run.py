"""The whole way on a tiny archive, as a user goes it: run, kill, resume, report."""

import glob
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from here import run_here
from waiting import wait_until

from bench.contest.definition import Run, load_contest
from bench.contest.live import ask_to_redo, claim
from bench.contest.run import execute
from bench.contest.state import state_of
from bench.places.status import contests
from timae.session import Session

PROJECT = Path(__file__).parents[3]
METHODS = "timae,timae-scratch,timae-probe,1nn-dtw,minirocket"


class Contest:
    def __init__(
        self,
        folder: Path,
        archive: Path,
        *,
        methods: str = METHODS,
        datasets: str = "Sines,Waves,Ragged",
        workers: int = 1,
    ) -> None:
        self.folder, self.methods, self.datasets, self.workers = folder, methods, datasets, workers
        self.environment = {**os.environ, "UCR_ROOT": str(archive)}
        self.results, self.reports = folder / "results" / "tiny", folder / "reports" / "tiny"

    def command(self, *more: str) -> list[str]:
        return [
            *[sys.executable, "-m", "bench", "run", "--datasets", self.datasets, "--methods", self.methods],
            *["--preset", "smoke", "--workers", str(self.workers), "--name", "tiny"],
            *["--results", str(self.folder / "results"), "--reports", str(self.folder / "reports"), *more],
        ]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*more), capture_output=True, text=True, env=self.environment, cwd=PROJECT, check=False
        )

    def run_here(self, *more: str) -> subprocess.CompletedProcess[str]:
        """The same without a process and workers of its own, where those are not the point."""
        with patch.dict(os.environ, self.environment):
            return run_here(self.command(*more)[3:])

    def written(self) -> dict[str, bytes]:
        # pathlib's glob fails where a folder goes while it looks, as those of runs do
        names = glob.glob("*/*/resample-*.npz", root_dir=self.results)  # noqa: PTH207
        return {name: (self.results / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_archive: Path) -> Contest:
    contest = Contest(tmp_path_factory.mktemp("contest"), tiny_archive, workers=2)
    done = contest.run()
    assert done.returncode == 0, done.stderr
    for kind in ("md", "html"):
        assert str(contest.reports / f"report.{kind}") in done.stdout
    assert "15 runs, 0 done, 15 to do" in done.stdout
    return contest


def test_every_run_leaves_a_whole_result(finished: Contest) -> None:
    for method in METHODS.split(","):
        for dataset in ("Sines", "Waves", "Ragged"):
            result = json.loads((finished.results / method / dataset / "resample-0.json").read_text())
            assert result["method"] == method
            assert 0 <= result["accuracy"] <= 1
            arrays = np.load(finished.results / method / dataset / "resample-0.npz")
            assert arrays["probabilities"].shape == (result["n_test"], result["n_classes"])
            assert result["accuracy"] == np.mean(arrays["truth"] == arrays["predictions"])
            assert (result["pretrain_seconds"] > 0) == (method in ("timae", "timae-probe"))
            assert result["finetune_seconds"] > 0
            assert result["peak_memory_mb"] > 50
            phases = {"pretrain", "finetune", "test"} if result["pretrain_seconds"] else {"finetune", "test"}
            assert result["cpu_seconds"].keys() == phases
            assert all(0 <= seconds < 100 for seconds in result["cpu_seconds"].values())
            assert result["environment"]["runs at a time"] == finished.workers
            assert "cores" in result["environment"]["processor"]
            assert result["environment"]["versions"]["torch"]


def test_the_report_shows_every_method_and_its_pictures(finished: Contest) -> None:
    text = (finished.reports / "report.md").read_text()
    for method in METHODS.split(","):
        assert f"| {method} |" in text
    assert "3 data sets are too few to tell any two of 5 methods apart" in text
    for picture in ("pairs_accuracy", "timae_timae-scratch", "seconds"):
        assert f"]({picture}.svg)" in text
        assert (finished.reports / f"{picture}.svg").stat().st_size > 1000
    accuracy = pd.read_csv(finished.reports / "accuracy.csv", index_col="dataset")
    assert sorted(accuracy.columns) == sorted(METHODS.split(","))
    assert sorted(accuracy.index) == ["Ragged", "Sines", "Waves"]
    assert len(pd.read_csv(finished.reports / "results.csv")) == 15


def test_running_again_does_nothing_and_the_report_stays(finished: Contest) -> None:
    before, report = finished.written(), (finished.reports / "report.md").read_bytes()
    done = finished.run()
    assert done.returncode == 0, done.stderr
    assert "15 done, 0 to do" in done.stdout
    assert finished.written() == before
    assert (finished.reports / "report.md").read_bytes() == report


def test_the_same_run_gives_the_same_bytes(finished: Contest, tmp_path: Path, tiny_archive: Path) -> None:
    again = Contest(tmp_path, tiny_archive, datasets="Waves")
    assert again.run().returncode == 0
    for name, content in again.written().items():
        assert content == finished.written()[name], name


def test_a_run_alone_is_the_run_in_the_contest_from_its_start(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="timae-scratch,minirocket", datasets="Waves")
    assert contest.run("--keep-checkpoints").returncode == 0
    kept = contest.written()
    assert len(list((contest.results / "work").glob("*/finetune.ckpt"))) == 1
    for method in ("timae-scratch", "minirocket"):
        path = contest.results / method / "Waves" / "resample-0.npz"
        path.unlink()
        command = [sys.executable, "-m", "bench", "run-one", f"{method}/Waves/resample-0", "--name", "tiny"]
        environment = {**contest.environment, "OMP_NUM_THREADS": "2"}
        subprocess.run([*command, "--results", contest.results.parent], check=True, env=environment, cwd=PROJECT)
    assert contest.written() == kept


def test_one_contest_has_one_preset_whatever_is_asked_for_later(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="timae-scratch,timae-ms-random-probe", datasets="Sines")
    assert contest.run_here().returncode == 0
    part = Contest(tmp_path, tiny_archive, methods="timae-ms-random-probe", datasets="Sines")
    refused = part.run_here("--preset", "ecg5000")
    assert refused.returncode == 2
    assert "was run with preset smoke, not ecg5000" in refused.stderr
    asked = part.command("--preset", "ecg5000", "--rerun", "stale")
    asked[asked.index("run")] = "plan"
    planned = [word for word in asked if word not in ("--reports", str(tmp_path / "reports"), "--rerun", "stale")]
    out = subprocess.run(planned, capture_output=True, text=True, env=part.environment, cwd=PROJECT, check=True).stdout
    assert "1 runs, 0 done, 1 to do" in out
    assert "2 stale or damaged results" in out
    mixed = part.run_here("--preset", "ecg5000", "--rerun", "stale")
    assert mixed.returncode == 2
    assert "--rerun stale with all of its methods, data sets and resamples" in mixed.stderr
    whole = contest.run_here("--preset", "ecg5000", "--rerun", "stale")
    assert whole.returncode == 0
    assert "2 to do, 2 of them again, preset ecg5000" in whole.stdout


def test_a_stale_result_is_refused_or_redone(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="timae-scratch", datasets="Sines")
    assert contest.run_here().returncode == 0
    path = contest.results / "timae-scratch" / "Sines" / "resample-0.json"
    stored = json.loads(path.read_text())
    stored["config"]["config"]["finetuning"]["lr"] = 0.5
    path.write_text(json.dumps(stored))
    refused = contest.run_here()
    assert refused.returncode == 2
    assert "config.config.finetuning.lr: stored 0.5, now 0.001" in refused.stderr
    assert "--rerun stale" in refused.stderr
    assert json.loads(path.read_text())["config"]["config"]["finetuning"]["lr"] == 0.5
    redone = contest.run_here("--rerun", "stale")
    assert "1 to do, 1 of them again" in redone.stdout
    assert redone.returncode == 0
    assert json.loads(path.read_text())["config"]["config"]["finetuning"]["lr"] == 0.001


def test_a_damaged_result_is_named_and_nothing_is_done(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="timae-scratch", datasets="Sines")
    assert contest.run_here().returncode == 0
    path = contest.results / "timae-scratch" / "Sines" / "resample-0.json"
    path.write_text(path.read_text()[:100])
    refused = contest.run_here()
    assert refused.returncode == 2
    assert str(path) in refused.stderr
    assert len(path.read_text()) == 100


def stamps(contest: Contest) -> dict[str, int]:
    """When each result was written."""
    paths = contest.results.glob("*/*/resample-*.json")
    return {str(path.relative_to(contest.results)): path.stat().st_mtime_ns for path in paths}


def test_what_is_redone_is_what_was_asked_for(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="timae-scratch,1nn-dtw", datasets="Sines,Waves")
    assert contest.run_here().returncode == 0
    before, kept = stamps(contest), contest.written()
    named = contest.run_here("--rerun", "1nn-dtw")
    assert named.returncode == 0, named.stderr
    assert "2 runs, 0 done, 2 to do, 2 of them again" in named.stdout
    assert {name for name, stamp in stamps(contest).items() if stamp != before[name]} == {
        "1nn-dtw/Sines/resample-0.json",
        "1nn-dtw/Waves/resample-0.json",
    }
    assert contest.written() == kept
    assert not list((contest.results / "work").glob("*"))
    assert json.loads((contest.results / "contest.json").read_text())["methods"] == ["timae-scratch", "1nn-dtw"]

    for method in ("timae-scratch", "1nn-dtw"):
        path = contest.results / method / "Sines" / "resample-0.json"
        path.write_text(path.read_text().replace('"seed": 0', '"seed": 7'))
    before = stamps(contest)
    part = Contest(tmp_path, tiny_archive, methods="timae-scratch", datasets="Sines,Waves")
    redone = part.run_here("--rerun", "stale")
    assert redone.returncode == 0, redone.stderr
    assert "2 runs, 1 done, 1 to do, 1 of them again" in redone.stdout
    assert (
        "1 stale or damaged results stay, for nobody asked to redo them; first 1nn-dtw/Sines/resample-0: seed: stored 7"
        in redone.stdout
    )
    changed = {name for name, stamp in stamps(contest).items() if stamp != before[name]}
    assert changed == {"timae-scratch/Sines/resample-0.json"}


def test_what_is_asked_for_again_stays_asked_for_until_it_is_done(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="1nn-dtw", datasets="Sines,Waves")
    assert contest.run_here().returncode == 0
    one = replace(load_contest(contest.results), root=str(tiny_archive))
    for run in one.runs():  # as a command that is killed at once leaves them
        ask_to_redo(run.work(one.folder))
    sines, waves = one.runs()
    assert execute(one, sines, Session(keep=True)).kind == "done"
    assert [state_of(run, one).kind for run in (sines, waves)] == ["done", "stale"]
    assert len(contest.written()) == 2  # the former result stays as long
    assert "1 to do, 1 of them again" in contest.run_here("--rerun", "stale").stdout
    assert state_of(waves, one).kind == "done"


def test_a_run_that_fails_again_keeps_its_former_result_and_stays_asked_for(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="timae-scratch", datasets="Sines")
    assert contest.run_here().returncode == 0
    one, kept = replace(load_contest(contest.results), root=str(tiny_archive)), contest.written()
    [run] = one.runs()
    ask_to_redo(run.work(one.folder))
    assert execute(one, run, Session(device="nowhere")).kind == "failed"
    assert state_of(run, one).kind == "stale"
    assert contest.written() == kept


def test_what_was_asked_for_is_written_anew_from_what_lies_there(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="1nn-dtw,minirocket", datasets="Sines,Waves")
    assert contest.run_here("--resamples", "2").returncode == 0
    path = contest.results / "contest.json"
    whole, before = json.loads(path.read_text()), stamps(contest)
    for text in ("", path.read_text()[:40], None):
        path.unlink() if text is None else path.write_text(text)
        part = Contest(tmp_path, tiny_archive, methods="1nn-dtw", datasets="Waves").run_here()
        assert part.returncode == 0, part.stderr
        anew = json.loads(path.read_text())
        assert {key: sorted(anew[key]) for key in ("methods", "datasets")} == {
            key: sorted(whole[key]) for key in ("methods", "datasets")
        }
        assert anew["resamples"] == 2
        assert stamps(contest) == before


def test_a_torn_file_of_probabilities_is_named_and_redone(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="1nn-dtw", datasets="Sines,Waves")
    assert contest.run_here().returncode == 0
    kept = contest.written()
    torn = contest.results / "1nn-dtw" / "Sines" / "resample-0.npz"
    torn.write_bytes(torn.read_bytes()[:-30])
    refused = contest.run_here()
    assert refused.returncode == 2
    assert f"{torn}: damaged (cut off); redo its run with --rerun stale" in refused.stderr
    assert "1 to do, 1 of them again" in contest.run_here("--rerun", "stale").stdout
    assert contest.written() == kept


def test_one_failing_run_does_not_stop_the_others(tmp_path: Path, tiny_archive: Path) -> None:
    (tmp_path / "choosy.py").write_text(
        "class Choosy:\n    def fit(self, X, y):\n        assert X.shape[-1] != 5\n        return self\n"
        "    def predict(self, X):\n        return [0] * len(X)\n"
    )
    methods = f"choosy={tmp_path}/choosy.py:Choosy,timae-scratch"
    contest = Contest(tmp_path, tiny_archive, methods=methods, datasets="Sines,Short")
    done = contest.run()
    assert done.returncode == 1
    assert "choosy/Short" in done.stderr
    error = contest.results / "choosy" / "Short" / "resample-0.error.txt"
    assert f"(traceback in {error})" in done.stderr
    assert error.read_text().startswith("Traceback")
    assert len(contest.written()) == 3
    assert "choosy/Short/resample-0: `" in (contest.reports / "report.md").read_text()


def test_killed_in_the_middle_it_goes_on_from_there(tmp_path: Path, tiny_archive: Path, finished: Contest) -> None:
    contest = Contest(tmp_path, tiny_archive, workers=2)
    process = subprocess.Popen(
        contest.command(), env=contest.environment, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: len(contest.written()) >= 2 or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in contest.results.glob("*/*/resample-*.json")}
    assert 1 <= len(kept) < 15
    done = contest.run()
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} done, {15 - len(kept)} to do" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert contest.written() == finished.written()


def test_resamples_differ(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="1nn-dtw", datasets="Waves")
    assert contest.run_here("--resamples", "3").returncode == 0
    seeds = contest.run_here("--resamples", "3", "--same-split")
    assert seeds.returncode == 2
    assert "Waves/resample-1: the contest was run without --same-split before" in seeds.stderr
    truths = [np.load(p)["truth"].tolist() for p in sorted(contest.results.glob("*/*/resample-*.npz"))]
    assert len(truths) == 3
    assert len({tuple(truth) for truth in truths}) > 1
    assert len({tuple(sorted(truth)) for truth in truths}) == 1


def test_data_sets_share_a_pre_training_that_is_made_once(tmp_path: Path, tiny_archive: Path) -> None:
    methods = "timae-ms-archive,timae-ms-archive-probe,timae-ms-random-probe"
    contest = Contest(tmp_path, tiny_archive, methods=methods)
    assert contest.run_here().returncode == 0
    assert contest.run_here("--exclude-self").returncode == 0

    def stored(method: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(contest.results.glob(f"{method}/*/resample-0.json"))]

    shared = [result for method in ("timae-ms-archive", "timae-ms-archive-probe") for result in stored(method)]
    assert len(shared) == 6
    assert len({result["details"]["pretrained"] for result in shared}) == 1
    assert len({result["config"]["archive"] for result in shared}) == 1
    assert (contest.results / "pretrained" / f"{shared[0]['details']['pretrained']}.pt").exists()
    others = [
        result for method in ("timae-ms-archive-others", "timae-ms-archive-others-probe") for result in stored(method)
    ]
    assert len({result["details"]["pretrained"] for result in others}) == 3  # one a data set, for both methods
    assert len(list((contest.results / "pretrained").glob("*.pt"))) == 4
    assert all("archive" not in result["config"] for result in stored("timae-ms-random-probe"))
    report = (contest.reports / "report.md").read_text()
    assert "| frozen: pre-trained against untrained | timae-ms-archive-probe | timae-ms-random-probe |" in report
    assert (
        "| pre-trained on the archive against on its other data sets | timae-ms-archive | timae-ms-archive-others |"
        in report
    )

    alone = Contest(tmp_path / "alone", tiny_archive, methods="timae-ms-archive-probe", datasets="Waves")
    assert alone.run_here("--pretrain-on", "Sines,Waves,Ragged").returncode == 0
    assert alone.run_here("--pretrain-on", "Sines,Waves,Ragged", "--exclude-self").returncode == 0
    assert "--pretrain-on Sines,Waves,Ragged" in (alone.reports / "report.md").read_text()
    for method in ("timae-ms-archive-probe", "timae-ms-archive-others-probe"):
        [one] = [result for result in stored(method) if result["dataset"] == "Waves"]
        path = alone.results / method / "Waves" / "resample-0.json"
        assert json.loads(path.read_text())["details"]["pretrained"] == one["details"]["pretrained"]

    fewer = Contest(tmp_path, tiny_archive, methods="timae-ms-archive-probe", datasets="Sines,Waves").run_here()
    assert "2 runs, 2 done, 0 to do" in fewer.stdout
    another = Contest(tmp_path, tiny_archive, methods="timae-ms-archive-probe", datasets="Short").run_here()
    assert another.returncode == 2
    assert "timae-ms-archive/Sines/resample-0: its shared pre-training saw other data sets" in another.stderr
    assert json.loads((contest.results / "contest.json").read_text())["datasets"] == ["Sines", "Waves", "Ragged"]


def test_an_average_is_made_of_what_its_members_left(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(
        tmp_path, tiny_archive, methods="timae-ms+ridge,minirocket+timae-ms-probe", datasets="Waves,Sines"
    )
    done = contest.run_here()
    assert done.returncode == 0, done.stderr
    assert "10 runs, 0 done, 10 to do" in done.stdout  # members come along

    def stored(method: str) -> tuple[dict[str, Any], dict[str, Any]]:
        path = contest.results / method / "Waves" / "resample-0.json"
        return json.loads(path.read_text()), dict(np.load(path.with_suffix(".npz")))

    (net, said_net), (ridge, said_ridge) = stored("timae-ms"), stored("timae-ms-probe")
    (both, said), (mixed, _) = stored("timae-ms+ridge"), stored("minirocket+timae-ms-probe")
    assert both["details"]["weights"] == [0.5, 0.5]
    halves = (said_net["probabilities"] + said_ridge["probabilities"]) / 2
    np.testing.assert_allclose(said["probabilities"], halves, atol=1e-6)
    assert both["accuracy"] == np.mean(said["truth"] == halves.argmax(axis=1))
    assert both["pretrain_seconds"] == net["pretrain_seconds"]  # one pre-training for both, paid for once
    assert both["finetune_seconds"] == net["finetune_seconds"] + ridge["finetune_seconds"]
    assert sum(mixed["details"]["weights"]) == pytest.approx(1)
    assert mixed["details"]["weights"] != [0.5, 0.5]
    assert said_ridge["left_out"].shape == (len(said_ridge["train"]), 3)
    report = (contest.reports / "report.md").read_text()
    for member in ("timae-ms", "timae-ms-probe"):
        assert f"| average against its members | timae-ms+ridge | {member} |" in report

    member = contest.results / "timae-ms-probe" / "Waves" / "resample-0.json"
    for path in (member, contest.results / "timae-ms+ridge" / "Waves" / "resample-0.json"):
        path.unlink()
    work = contest.results / "work" / "timae-ms-probe.Waves.0"
    with claim(work):  # somebody else is doing the member: the average waits for it
        stopping = Session(stop=iter([False, False, True, *[True] * 9]).__next__)
        one = replace(load_contest(contest.results), root=str(tiny_archive))
        assert execute(one, Run("timae-ms+ridge", "Waves", 0), stopping).kind == "stopped"
        assert not member.exists()
    average = Run("timae-ms+ridge", "Waves", 0)
    assert execute(one, average).kind == "done"
    assert member.exists()  # it did its member itself

    assert state_of(average, one).kind == "done"
    execute(one, Run("timae-ms-probe", "Waves", 0), again=True)  # the average is not of this result
    assert state_of(average, one).difference == (
        "its member timae-ms-probe/Waves/resample-0 is not the one that it averages"
    )
    member.with_suffix(".npz").unlink()  # what it averages is lost: the member is done again
    assert execute(one, average).kind == "done"
    assert member.with_suffix(".npz").exists()
    assert state_of(average, one).kind == "done"
    assert state_of(average._replace(method="minirocket+timae-ms-probe"), one).kind == "stale"


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ("timae+ridge", "timae+ridge: no ridge classifier stands beside timae; +ridge goes with timae-ms"),
        ("timae-ms-probe+ridge", "no ridge classifier stands beside timae-ms-probe"),
        ("timae-transductive+minirocket", "a method that saw test series is not averaged with others"),
        ("minirocket+minirocket", "minirocket+minirocket: an average takes each method once"),
        ("minirocket+", "minirocket+: an average has a method on each side of +"),
        ("minirocket+timea", "unknown method 'timea'; did you mean timae"),
        ("timae-archive", "unknown method 'timae-archive'; did you mean timae-ms-archive"),
    ],
)
def test_what_is_no_average_is_refused(methods: str, message: str, tmp_path: Path, tiny_archive: Path) -> None:
    refused = Contest(tmp_path, tiny_archive, methods=methods, datasets="Sines").run_here()
    assert refused.returncode == 2
    assert message in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_nobody_is_pre_trained_on_nothing(tmp_path: Path, tiny_archive: Path) -> None:
    alone = Contest(tmp_path, tiny_archive, methods="timae-ms-archive", datasets="Sines").run_here("--exclude-self")
    assert alone.returncode == 2
    assert alone.stderr.startswith(
        "bench: timae-ms-archive-others is pre-trained on the other data sets, and Sines is alone"
    )
    assert "--pretrain-on" in alone.stderr
    assert len(alone.stderr.splitlines()) == 1


def test_seeds_on_one_split_are_no_resamples(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(tmp_path, tiny_archive, methods="timae-scratch", datasets="Waves")
    assert contest.run_here().returncode == 0
    first = contest.written()
    assert contest.run_here("--resamples", "2", "--same-split").returncode == 0
    assert first.items() < contest.written().items()  # a contest of one seed goes on with more
    runs = [np.load(path) for path in sorted(contest.results.glob("*/*/resample-*.npz"))]
    assert runs[0]["truth"].tolist() == runs[1]["truth"].tolist()
    assert not np.array_equal(runs[0]["probabilities"], runs[1]["probabilities"])
    assert "2 seeds on the split of their files" in (contest.reports / "report.md").read_text()
    other = contest.run_here("--resamples", "2")
    assert other.returncode == 2
    assert "the contest was run with --same-split before" in other.stderr


def test_what_is_dear_has_the_first_seed_alone_and_nothing_is_unfinished(tmp_path: Path, tiny_archive: Path) -> None:
    contest = Contest(
        tmp_path, tiny_archive, methods="minirocket,1nn-euclid,minirocket+1nn-euclid", datasets="Waves,Sines"
    )
    several = ["--resamples", "3", "--same-split"]
    done = contest.run_here(*several, "--once", "1nn-euclid")
    assert done.returncode == 0, done.stderr
    runs = {"/".join(path.parts[-3:]) for path in contest.results.glob("*/Waves/resample-*.json")}
    dear = {f"{method}/Waves/resample-0.json" for method in ("1nn-euclid", "minirocket+1nn-euclid")}
    often = {f"minirocket/Waves/resample-{k}.json" for k in range(3)}
    assert runs == dear | often  # an average is as dear as a member
    text = (contest.reports / "report.md").read_text()
    assert "Unfinished" not in text
    said = (
        "By their price 1nn-euclid and minirocket+1nn-euclid have the first seed alone; of the others it is the mean of"
    )
    assert f"{said} 3." in text
    assert not re.search(r"\d †", text)  # nothing is marked as lacking
    assert "--once 1nn-euclid --same-split" in text
    assert [(row.done, row.runs) for row in contests(contest.results.parent)] == [(10, 10)]
    unknown = contest.run_here(*several, "--once", "1nn-eucild")
    assert unknown.returncode == 2
    assert "1nn-euclid" in unknown.stderr
    assert contest.run_here(*several, "--methods", "1nn-euclid").returncode == 0  # now it is asked for whole
    assert len([*contest.results.glob("1nn-euclid/*/*.json")]) == 6
    assert json.loads((contest.results / "contest.json").read_text())["once"] == []
