import subprocess
import sys
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from bench.report.pictures import style
from bench.report.pictures.critical_difference import LEGEND, critical_difference
from bench.report.pictures.label_curves import Point, label_curves
from bench.report.pictures.learning_curves import learning_curves
from bench.report.pictures.pairwise_matrix import pairwise_matrix
from bench.report.pictures.pareto import pareto
from bench.report.pictures.phases import phases
from bench.report.pictures.reconstruction import reconstruction
from bench.report.pictures.scatter import scatter
from bench.stats import comparison as statistics
from bench.stats import effects
from bench.stats.comparison import Comparison

LONG = " with a name that nobody would give a method, $x_1$ and all"


def comparison(k: int, seed: int = 0, long: bool = False) -> Comparison:
    rng = np.random.default_rng(seed)
    names = [f"method {i}{LONG * (long and i % 2)}" for i in range(k)]
    means = rng.uniform(0.5, 0.7, k)
    return statistics.compare(pd.DataFrame(rng.normal(means, 0.06, (60, k)).clip(0, 1), columns=names))


def cd(comparison: Comparison) -> Figure:
    return critical_difference(
        comparison.average_ranks, comparison.cliques, n_datasets=len(comparison.scores), alpha=comparison.alpha
    )


def matrix(comparison: Comparison) -> Figure:
    return pairwise_matrix(
        comparison.pairs, comparison.scores.mean(), n_datasets=len(comparison.scores), alpha=comparison.alpha
    )


def cost(comparison: Comparison, zero: bool = False) -> Figure:
    scores = comparison.scores.mean()
    costs = pd.Series(np.geomspace(0.1, 5000, len(scores)), index=scores.index)
    costs.iloc[: int(zero)] = 0
    return pareto(costs, scores, effects.pareto_front(costs, scores), cost_label="training seconds")


def phases_of(comparison: Comparison) -> Figure:
    seconds = pd.DataFrame(1.0, index=comparison.scores.columns, columns=["pretrain", "finetune", "predict"])
    return phases(seconds)


def scatter_of(comparison: Comparison) -> Figure:
    return scatter(comparison.scores, comparison.pairs[0])


@style.styled
def laid_out(figure: Figure) -> Figure:
    figure.draw_without_rendering()
    return figure


def texts(figure: Figure) -> list[Text]:
    """All that is written; ticks outside the axes exist but are not drawn."""
    ticks = [(axis, tick) for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for tick in axis.get_major_ticks()]
    unseen = [
        tick.label1
        for axis, tick in ticks
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    ]
    everything = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in everything if text not in unseen]


def labels_of(comparison: Comparison) -> Figure:
    numbers = (*range(1, 31), 1000, None)
    means = comparison.scores.mean()
    interval = effects.Interval(0.4, 0.8)
    return label_curves({name: [Point(n, mean, interval) for n in numbers] for name, mean in means.items()})


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("k", [2, 5, 13, 40])
@pytest.mark.parametrize("draw", [cd, matrix, phases_of, cost, scatter_of, labels_of])
def test_names_never_overlap_nor_leave_the_picture(draw, k, long):
    figure = laid_out(draw(comparison(k, long=long)))
    names = [text.get_text() for text in texts(figure)]
    boxes = np.array([text.get_window_extent().extents for text in texts(figure)])  # x0, y0, x1, y1
    low, high = boxes[:, :2], boxes[:, 2:]
    outside = (low < 0).any(axis=1) | (high > figure.get_size_inches() * figure.dpi).any(axis=1)
    assert [names[i] for i in np.flatnonzero(outside)] == []
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    covers = np.triu((shared > 1).all(axis=-1), k=1)
    assert [(names[i], names[j]) for i, j in np.argwhere(covers)] == []


class TestCriticalDifference:
    def bars_and_dots(self, figure: Figure) -> tuple[list[Line2D], list[Line2D]]:
        lines = figure.axes[0].lines
        return [line for line in lines if line.get_linewidth() == 4], [
            line for line in lines if line.get_marker() == "o"
        ]

    def test_a_contiguous_clique_is_a_bar_and_another_has_a_dot_at_each_member(self):
        ranks = pd.Series({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})
        figure = critical_difference(ranks, [["a", "b"], ["b", "d"]], n_datasets=30, alpha=0.05)
        (_, *bars), (_, *dots) = self.bars_and_dots(figure)  # the first of each is in the legend
        assert len(bars) == len(dots) == 1
        stems = {line.get_xdata()[2] for line in figure.axes[0].lines if len(line.get_xdata()) == 5}
        ordered = sorted(stems)
        assert list(dots[0].get_xdata()) == [ordered[1], ordered[3]]
        assert min(bars[0].get_xdata()) < ordered[0] < ordered[1] < max(bars[0].get_xdata()) < ordered[2]

    def test_methods_of_one_rank_keep_stems_of_their_own(self):
        ranks = pd.Series({"a": 1.5, "b": 1.5, "c": 3.0})
        figure = critical_difference(ranks, [["a", "c"]], n_datasets=30, alpha=0.05)
        bars, (_, *dots) = self.bars_and_dots(figure)
        assert not bars
        assert len(dots[0].get_xdata()) == 2
        stems = [line.get_xdata()[2] for line in figure.axes[0].lines if len(line.get_xdata()) == 5]
        assert min(np.diff(sorted(stems))) >= 0.06

    def test_bars_on_one_level_never_touch(self):
        bars, dots = self.bars_and_dots(cd(comparison(40)))
        spans = [(line.get_ydata()[0], min(line.get_xdata()), max(line.get_xdata())) for line in bars + dots]
        assert len(spans) > 5
        for (level, low, high), (other, left, right) in combinations(spans, 2):
            assert level != other or high < left or right < low

    def test_the_facts_stand_in_the_picture(self):
        caption = " ".join(text.get_text() for text in texts(cd(comparison(5)))).replace("\xa0", " ").replace("\n", " ")
        for fact in ("k = 5", "N = 60", "α = 0.05", "Wilcoxon signed-rank", "Holm"):
            assert fact in caption

    def test_the_legend_says_what_the_kinds_of_lines_mean_that_are_there(self):
        ranks = pd.Series({"a": 1.0, "b": 2.0, "c": 3.0})
        for cliques, meant in (
            ([["a", "b"]], {True}),
            ([["a", "c"]], {False}),
            ([["a", "c"], ["b", "c"]], {True, False}),
        ):
            said = {text.get_text() for text in texts(critical_difference(ranks, cliques, n_datasets=30, alpha=0.05))}
            assert said & set(LEGEND.values()) == {LEGEND[kind] for kind in meant}

    def test_with_many_methods_dots_stand_at_ranks(self):
        ranks = pd.Series({f"m{i}": 1 + 0.9 * i for i in range(14)})
        figure = critical_difference(ranks, [["m0", "m2", "m5"], ["m6", "m13"]], n_datasets=30, alpha=0.05)
        lines = [line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 5]
        feet, stems = ([line[i] for line in lines] for i in (0, 2))
        assert stems == pytest.approx(feet)
        _, (_, *dots) = self.bars_and_dots(figure)
        assert sorted(list(line.get_xdata()) for line in dots) == [
            pytest.approx([feet[0], feet[2], feet[5]]),
            pytest.approx([feet[6], feet[13]]),
        ]

    def test_without_cliques_it_says_so(self):
        figure = critical_difference(pd.Series({"a": 1.0, "b": 2.0}), [], n_datasets=9, alpha=0.05)
        assert any("Every two methods are told apart" in text.get_text() for text in texts(figure))


def test_a_cell_of_the_matrix_stays_when_a_method_is_added():
    def pair_cells(figure: Figure) -> set[tuple[str, str]]:
        return {(patch, text) for patch, text in cells(figure) if text.count("\n") == 2}

    def cells(figure: Figure) -> list[tuple[str, str]]:
        colours = figure.axes[0].collections[0].get_facecolor()
        written = [t.get_text() for t in texts(figure) if t.get_ha() == "center" and t.get_rotation() == 0]
        assert len(written) == len(colours)
        return [(str(colour), text) for colour, text in zip(colours, written, strict=True)]

    five = comparison(5)
    four = statistics.compare(five.scores.iloc[:, :4])
    assert len(pair_cells(matrix(four))) == 6
    assert pair_cells(matrix(four)) < pair_cells(matrix(five))


def test_scatter_counts_what_it_draws():
    figure = scatter_of(comparison(2))
    drawn = [len(points.get_offsets()) for points in figure.axes[0].collections]
    pair = comparison(2).pairs[0]
    assert drawn == [pair.wins, pair.draws, pair.losses]


def test_cost_of_zero_has_a_place_on_the_axis():
    figure = laid_out(cost(comparison(5), zero=True))
    assert figure.axes[0].get_xscale() == "symlog"
    assert figure.axes[0].get_xlim()[0] < 0
    assert "0" in [label.get_text() for label in figure.axes[0].get_xticklabels()]


def test_phases_add_up_to_the_total_written():
    seconds = pd.DataFrame({"pretrain": [1.5, 0], "finetune": [2, 3]}, index=["a", "b"])
    written = [text.get_text() for text in texts(laid_out(phases(seconds)))]
    assert {"3.5", "3"} <= set(written)


def test_learning_curves_skip_what_was_not_logged():
    curves = pd.DataFrame(
        {"training": [3.0, 2, 1], "validation": [np.nan, 2.5, np.nan]}, index=pd.Index([1, 2, 3], name="epoch")
    )
    figure = laid_out(learning_curves({"loss": curves, "accuracy": 1 - curves}))
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    assert [list(line.get_xdata()) for line in figure.axes[0].lines] == [[1, 2, 3], [2]]
    assert figure.axes[0].lines[1].get_marker() == "o"


def test_methods_are_told_apart_without_colour_and_all_labels_stand_behind_the_most():
    interval = effects.Interval(0.5, 0.7)
    points = [Point(n, 0.6, interval) for n in (None, 1, 10)]
    axes = laid_out(label_curves({f"m{i}": points for i in range(16)} | {"lacks one": points[1:]})).axes[0]
    curves = [line for line in axes.lines if line.get_marker() != "None"]
    looks = {(line.get_marker(), line.get_linestyle(), str(line.get_markerfacecolor())) for line in curves[:16]}
    assert len(curves) == 17
    assert len(looks) == 16
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "10", "all"]
    assert axes.get_xscale() == "log"
    assert len(curves[-1].get_xdata()) == 2
    for line in curves[:16]:
        assert all(np.diff(line.get_xdata()) > 0)
    for x in (0, 1, 2):  # intervals beside each other, in order of the methods
        places = [line.get_xdata()[x] for line in curves[:16]]
        assert places == sorted(places)
        assert len({*places}) == 16


def test_reconstruction_shades_what_was_masked_and_predicts_there_only():
    masked = np.array([[0, 1, 1, 0, 1]], dtype=bool)
    figure = laid_out(reconstruction(np.arange(5.0)[None], masked, np.full((1, 5), 9.0)))
    axes = figure.axes[0]
    spans = [path.get_extents() for path in axes.collections[0].get_paths()]
    assert [(span.x0, span.x1) for span in spans] == [(0.5, 2.5), (3.5, 4.5)]
    assert np.isnan(axes.lines[1].get_ydata()).tolist() == [True, False, False, True, False]


class TestSaving:
    def test_the_same_numbers_give_the_same_bytes(self, tmp_path):
        for name in ("one", "two"):
            for draw in (cd, matrix, cost, phases_of, scatter_of, labels_of):
                style.save(draw(comparison(4)), tmp_path / name / draw.__name__)
        files = sorted(path.name for path in (tmp_path / "one").iterdir())
        assert len(files) == 18
        for file in files:
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file

    def test_a_write_that_fails_leaves_the_old_pictures_and_no_draft(self, tmp_path, monkeypatch):
        style.save(cd(comparison(3)), tmp_path / "ranks.v1")
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        assert {path.name for path in before} == {"ranks.v1.svg", "ranks.v1.png", "ranks.v1.pdf"}

        def full_disk(figure, path, **options):
            path.write_bytes(b"half")
            if path.suffix == ".png":
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(Figure, "savefig", full_disk)
        with pytest.raises(OSError, match="No space"):
            style.save(cd(comparison(3)), tmp_path / "ranks.v1")
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_settings_of_the_user_neither_show_nor_change(self, tmp_path):
        svg, *_ = style.save(cd(comparison(3)), tmp_path / "plain")
        with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none"}):
            own, *_ = style.save(cd(comparison(3)), tmp_path / "own")
            assert mpl.rcParams["font.size"] == 30
        assert own.read_bytes() == svg.read_bytes()


def test_drawing_needs_no_pyplot():
    code = "import sys, bench.report.contents; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("others", [[0.86, 0.85, 0.84, 0.865, 0.855], [0.9] * 5])
def test_a_method_far_below_does_not_press_the_others_into_a_line(others: list[float]) -> None:
    scores = pd.Series([*others, 0.5], index=list("abcdef"))
    costs = pd.Series(np.geomspace(1, 100, 6), index=scores.index)
    figure = laid_out(pareto(costs, scores, effects.pareto_front(costs, scores), cost_label="seconds"))
    low, high = figure.axes[0].get_ylim()
    assert 0.5 < low < min(others) < high
    assert any("f (0.500)" in text.get_text() for text in figure.texts)
    assert "far below" in [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
