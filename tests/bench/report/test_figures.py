from pathlib import Path

import pandas as pd
import pytest
from jinja2 import UndefinedError

from bench.report import figures
from bench.report.figures import Figures
from timae.presets import KNOWN, TUNED_ON

OTHERS = [f"Other{i}" for i in range(6)]


@pytest.fixture
def report(tmp_path: Path) -> Figures:
    """a is better than b by .1 on six data sets and by .2 on one that was tuned in; c lacks one."""
    names = [TUNED_ON[0], *OTHERS]
    table = pd.DataFrame({"a": [0.9] + [0.8] * 6, "b": [0.7] * 7, "c": [0.5] * 6 + [None]}, index=names)
    table.rename_axis("dataset").to_csv(tmp_path / "accuracy.csv")
    runs = pd.DataFrame({"dataset": names, "method": "a", "n_timepoints": range(10, 80, 10)})
    runs = runs.assign(cpu_seconds=range(7), wall_seconds=99.0, cpu_shared_pretraining=0.0, device="cpu")
    runs.to_csv(tmp_path / "results.csv")
    return Figures(tmp_path)


def test_figures_are_those_of_the_tables(report: Figures) -> None:
    both = report.of("a", "b")
    assert (report.n, both.n, both.untuned.n, both.tuned.n) == (6, 7, 6, 1)
    assert both.mean("a") == ".814"
    assert both.gain("a", "b") == "+.1143"
    assert both.untuned.gain("b", "a") == "−.1000"
    assert both.wins("a", "b") == "7/0/0"
    assert both.rank("a") == "1.00"
    assert both.untuned.p("a", "b") == "p = .03 raw, .03 by Holm over 1"
    assert both.pairs(("b", "a")) == {"b": "p = .02 raw, .02 by Holm over 1 pairs"}
    assert both.steps("b", "a") == {"a": "p = .02 raw, .02 by Holm over 1 steps"}
    assert report.rank("c") == "3.00"
    assert report.seconds("a") == "3.0"
    assert report.shorter(30).seconds("a") == "1.0"
    (report.folder / "f1_macro.csv").write_text("dataset,a\nCoffee,0.25\n")
    assert report.by("f1_macro").mean("a") == ".250"


def test_data_sets_are_set_apart_by_what_was_known_of_them(tmp_path: Path) -> None:
    names = [TUNED_ON[0], KNOWN[0], KNOWN[1], "Other"]
    table = pd.DataFrame({"a": [0.1, 0.2, 0.4, 0.5]}, index=pd.Index(names, name="dataset"))
    table.to_csv(tmp_path / "accuracy.csv")
    all_of_them = Figures(tmp_path)
    parts = all_of_them.tuned, all_of_them.known, all_of_them.fresh
    assert [part.mean("a") for part in parts] == [".100", ".300", ".500"]
    assert [part.n for part in parts] == [1, 2, 1]


def test_a_run_whose_cpu_time_is_not_known_makes_it_wall_time(report: Figures) -> None:
    runs = pd.read_csv(report.folder / "results.csv")
    runs.loc[0, "cpu_seconds"] = None
    runs.to_csv(report.folder / "results.csv")
    assert report.seconds("a") == "99"


def test_published_means_are_over_the_same_data_sets(tmp_path: Path) -> None:
    pd.DataFrame({"m": [1.0, 1.0]}, index=pd.Index(["Coffee", "GunPoint"], name="dataset")).to_csv(
        tmp_path / "accuracy.csv"
    )
    numbers = {n.dataset: n.accuracy for n in figures.load_published() if n.method == "Ti-MAE (paper)"}
    mean = (numbers["Coffee"] + numbers["GunPoint"]) / 2
    assert Figures(tmp_path).published("Ti-MAE (paper)") == figures.share(mean)


def test_pages_are_what_their_templates_make_of_the_committed_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert figures.main(["--check"]) == 0, capsys.readouterr().out


def test_a_page_that_was_edited_is_named_with_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text(figures.render("README.md").replace("# timae-bench\n", "# timae-beach\n"))
    monkeypatch.setattr(figures, "page", lambda name: tmp_path / name)
    assert figures.main(["--check"]) == 1
    said = capsys.readouterr()
    assert "-# timae-beach" in said.out
    assert "make readme-figures" in said.err
    assert figures.main([]) == 0
    assert figures.main(["--check"]) == 0


def test_a_template_cannot_ask_what_there_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text("{{ nothing }}")
    monkeypatch.setattr(figures, "TEMPLATES", tmp_path)
    with pytest.raises(UndefinedError):
        figures.render("page.md")
