"""The page in a real browser: what a reader sees, clicks and prints."""

import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import a_result
from PIL import Image

from bench.contest import results
from bench.contest.definition import Contest
from bench.report.material import View, gather
from bench.report.write import write
from bench.stats import comparison as statistics
from ucr.archive import ARCHIVE

pytest.importorskip("playwright", reason="Playwright is not there: pip install '.[dev]'")
pytest.importorskip("axe_playwright_python", reason="axe-core is not there: pip install '.[dev]'")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium: apt-get install chromium")

METHODS = ("timae", "timae-scratch", "timae-mamba", "minirocket", "rocket", "1nn-dtw")
DATASETS = (
    *("GunPoint", "ArrowHead", "OSULeaf", "ItalyPowerDemand", "ACSF1", "PLAID", "Adiac", "Beef", "CBF", "ECG200"),
    *("ElectricDevices", "Fungi", "Wine", "Worms"),
)
TUNED = ("Beef", "Wine")
LACKING = ("1nn-dtw", "Wine")
PLATFORM = "Linux-6.1.0-a-very-long-name-of-a-platform-that-has-no-end-" * 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Contest:
    folder = tmp_path_factory.mktemp("browser")
    contest = Contest(
        "made", METHODS, DATASETS, resamples=2, preset="smoke", tuned=TUNED, results=str(folder / "results")
    )
    random = np.random.default_rng(0)
    for run in contest.runs():
        if (run.method, run.dataset) == LACKING:
            continue
        info = ARCHIVE[run.dataset]
        truth = np.arange(info.n_test) % info.n_classes
        wrong = random.random(info.n_test) < 0.1 + 0.03 * METHODS.index(run.method) + random.uniform(0, 0.1)
        predictions = np.where(wrong, (truth + 1) % info.n_classes, truth)
        labels = ["1", "2"] if run.dataset == "GunPoint" else [str(i) for i in range(info.n_classes)]
        identity = {"method": run.method, "dataset": run.dataset, "resample": run.resample}
        sizes = {"n_train": info.n_train, "n_test": info.n_test, "n_classes": info.n_classes}
        result = a_result(
            **identity, **sizes, accuracy=float(np.mean(truth == predictions)), environment={"platform": PLATFORM}
        )
        arrays = {"truth": truth, "predictions": predictions, "classes": np.array(labels)}
        results.write(run.path(contest.folder), result, arrays)
    return contest


@pytest.fixture(scope="module")
def report(made: Contest) -> Path:
    return write(gather(made, Path(made.results).parent / "report")).with_suffix(".html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    """Opens the report in a window of one's own; whatever a test does there, the console stays silent."""
    complaints: list[str] = []
    pages: list[Page] = []

    def open_it(report: Path = report, **window: object) -> Page:
        page = browser.new_page(**window)
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend([request.url] * request.url.startswith("http")))
        page.goto(report.as_uri())
        page.wait_for_selector("html.ready", state="attached", timeout=120_000)
        return page

    yield open_it
    for page in pages:
        page.close()
    assert complaints == []


def names(page: Page) -> list[str]:
    """The data sets that are shown, in their order."""
    return page.locator("#accuracies tbody button.opens").all_inner_texts()


def column(page: Page, head: str, table: str = "#accuracies") -> list[str]:
    heads = [text.strip() for text in page.locator(f"{table} thead tr").first.locator("th").all_inner_texts()]
    return page.locator(f"{table} tbody tr > :nth-child({heads.index(head) + 1})").all_inner_texts()


def standing(page: Page) -> dict[str, tuple[str, str]]:
    """Method → mean accuracy and average rank, as the page says."""
    means, ranks = (column(page, head, "#standing") for head in ("mean accuracy", "average rank"))
    return dict(zip(column(page, "method", "#standing"), zip(means, ranks, strict=True), strict=True))


def expected(table: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """The same of a table without gaps, as the statistics of the report have it."""
    ranks = statistics.average_ranks(table)
    return {name: (f"{table[name].mean():.4f}", f"{ranks[name]:.2f}") for name in table}


def switch_off(page: Page, *methods: str) -> None:
    page.get_by_role("button", name=re.compile("^Methods")).click()
    for method in methods:
        page.locator(".dt-button-collection").get_by_text(method, exact=True).click()
    page.keyboard.press("Escape")


def test_a_click_sorts_by_number_shows_it_and_missing_ones_come_last(opened: Opened) -> None:
    page = opened()
    head = page.locator("#accuracies thead th.length").first
    for order in ("ascending", "descending"):
        head.click()
        expect(head).to_have_attribute("aria-sort", order)
        assert head.locator(".dt-column-order").evaluate("e => getComputedStyle(e, '::after').opacity") > "0"
        *lengths, last = column(page, "length")
        assert last == "unequal"
        numbers = [int(text.replace(",", "")) for text in lengths]
        assert numbers == sorted(numbers, reverse=order == "descending")
    table = page.locator("table", has=page.get_by_role("columnheader", name="training cases"))
    table.get_by_role("columnheader", name="training cases").click()
    groups = table.locator("tbody tr td:first-child").all_inner_texts()
    assert groups == ["≤ 50", "51–100", "101–500", "> 500"]


def test_a_head_sorts_and_a_row_opens_by_keyboard(opened: Opened) -> None:
    page = opened()
    page.locator("#accuracies thead th.train .dt-column-order").first.focus()
    page.keyboard.press("Enter")
    numbers = [int(text.replace(",", "")) for text in column(page, "train cases")]
    assert numbers == sorted(numbers)
    row = page.locator("button.opens").first
    row.focus()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".detail")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".detail")).to_have_count(0)


def test_filters_leave_what_fits_and_means_and_ranks_follow(opened: Opened, made: Contest) -> None:
    page = opened()
    scores = gather(made, Path("report")).scores["accuracy"].round(12)
    page.locator("#accuracies thead tr:nth-child(2) .dtcc-search input").nth(1).fill("100")  # train cases
    page.locator("#accuracies thead tr:nth-child(2) select").nth(1).select_option("greater")
    large = [name for name in DATASETS if ARCHIVE[name].n_train > 100]
    expect(page.locator("#accuracies tbody button.opens")).to_have_count(len(large))
    assert set(names(page)) == set(large)
    page.wait_for_function(
        "n => document.querySelector('#standing td:nth-child(2)').innerText == n", arg=str(len(large))
    )
    assert standing(page) == expected(scores.loc[large])
    page.get_by_label("Text:").fill("leaf")
    expect(page.locator("#accuracies tbody button.opens")).to_have_text(["OSULeaf"])
    page.get_by_label("Text:").fill("")
    page.locator("#accuracies thead tr:nth-child(2) .dtcc-search input").nth(1).fill("")
    page.locator("#accuracies thead tr:nth-child(2) button").nth(1).click()  # tuned on
    page.locator(".dtcc-dropdown").get_by_text("yes", exact=True).click()
    expect(page.locator("#accuracies tbody button.opens")).to_have_count(len(TUNED))
    assert set(names(page)) == set(TUNED)
    page.locator(".dtcc-dropdown").get_by_text("yes", exact=True).click()
    page.keyboard.press("Escape")
    page.locator("#accuracies thead tr:nth-child(2) button").first.click()  # types
    page.locator(".dtcc-dropdown").get_by_text("Motion", exact=True).click()
    motion = [name for name in DATASETS if ARCHIVE[name].type == "Motion"]
    expect(page.locator("#accuracies tbody button.opens")).to_have_count(len(motion))
    assert set(names(page)) == set(motion)


def test_ranks_and_means_without_a_method_are_those_of_a_contest_without_it(opened: Opened, made: Contest) -> None:
    page = opened()
    scores = gather(made, Path("report")).scores["accuracy"].round(12)
    before = standing(page)
    assert set(before) == set(METHODS)
    assert before["1nn-dtw"][0].endswith("†")
    switch_off(page, "1nn-dtw", "minirocket")
    expect(page.locator("#standing tbody tr")).to_have_count(len(METHODS) - 2)
    assert standing(page) == expected(scores.drop(columns=["1nn-dtw", "minirocket"]))
    assert standing(page)["rocket"][1] != before["rocket"][1]
    page.get_by_role("button", name="All methods").click()
    expect(page.locator("#standing tbody tr")).to_have_count(len(METHODS))
    assert standing(page) == before


def test_the_menu_of_methods_opens_upwards_too(opened: Opened) -> None:
    page = opened(viewport={"width": 1400, "height": 900})
    page.get_by_role("button", name="All methods").evaluate("e => e.scrollIntoView({ block: 'end' })")
    switch_off(page, "timae")
    expect(page.locator("#standing tbody tr")).to_have_count(len(METHODS) - 1)


def test_bold_follows_the_methods_shown(opened: Opened, made: Contest) -> None:
    page = opened()
    scores = gather(made, Path("report")).scores["accuracy"].round(12)

    def bold() -> dict[str, set[str]]:
        """Data set → the methods whose cells a reader sees bold."""
        rows = page.locator("#accuracies").evaluate("""table => {
          const heads = [...table.tHead.rows[0].cells].map(head => head.textContent.trim());
          return [...table.tBodies[0].rows].map(row => [...row.cells]
            .map((cell, i) => i ? getComputedStyle(cell).fontWeight >= 700 && heads[i] : cell.textContent)
            .filter(Boolean));
        }""")
        return {name: set(best) for name, *best in rows}

    def best(table: pd.DataFrame) -> dict[str, set[str]]:
        return {name: set(row.index[row == row.max()]) for name, row in table.iterrows()}

    assert bold() == best(scores)
    page.locator("#accuracies thead th.test").first.click()  # sorted, cells are no more in the order of the scores
    switch_off(page, "timae", "timae-mamba")
    expect(page.locator("#standing tbody tr")).to_have_count(len(METHODS) - 2)
    assert bold() == best(scores.drop(columns=["timae", "timae-mamba"])) != best(scores)
    page.get_by_role("button", name="All methods").click()
    expect(page.locator("#standing tbody tr")).to_have_count(len(METHODS))
    assert bold() == best(scores)


def test_with_complete_data_sets_means_ranks_and_best_on_are_all_over_those_that_all_methods_shown_have(
    opened: Opened, made: Contest, tmp_path: Path
) -> None:
    material = gather(made, tmp_path, View(complete="datasets"))
    scores = material.scores["accuracy"].round(12)
    page = opened(write(material).with_suffix(".html"))
    common = scores.drop(index=LACKING[1])
    best = {name: int((common[name] == common.max(axis=1)).sum()) for name in common}

    assert set(column(page, "data sets", "#standing")) == {str(len(common))}
    assert standing(page) == expected(common)
    said = zip(column(page, "method", "#standing"), column(page, "best on", "#standing"), strict=True)
    assert {name: int(text) for name, text in said} == best
    switch_off(page, LACKING[0])
    expect(page.locator("#standing tbody tr")).to_have_count(len(METHODS) - 1)
    assert set(column(page, "data sets", "#standing")) == {str(len(scores))}
    assert standing(page) == expected(scores.drop(columns=LACKING[0]))


def test_any_two_methods_make_a_scatter_that_names_what_is_under_the_pointer(opened: Opened, made: Contest) -> None:
    page = opened()
    scores = gather(made, Path("report")).scores["accuracy"]
    page.get_by_label("vertical:").select_option("rocket")
    page.get_by_label("horizontal:").select_option("1nn-dtw")
    difference = (scores["rocket"] - scores["1nn-dtw"]).dropna()
    words = f"rocket is better on {(difference > 0).sum()}, equal on {(difference == 0).sum()}, worse on"
    expect(page.locator("#pair p")).to_contain_text(words)
    expect(page.locator("#pair p")).to_contain_text("rocket is on the vertical axis, 1nn-dtw on the horizontal")
    expect(page.locator("#pair p")).to_contain_text(f"mean difference {difference.mean():.4f}")
    points = page.locator("#pair .mark-symbol.role-mark path")
    expect(points).to_have_count(len(difference))
    assert set(points.evaluate_all("all => all.map(one => one.ariaLabel)")) == set(difference.index)
    point = page.locator("#pair .mark-symbol.role-mark path[aria-label=Fungi]")
    point.hover(force=True)
    expect(page.locator("#vg-tooltip-element")).to_contain_text("Fungi")
    expect(page.locator("#vg-tooltip-element")).to_contain_text(f"{scores.loc['Fungi', 'rocket']:.4f}")


def test_a_row_opens_into_its_data_set(opened: Opened, made: Contest) -> None:
    page = opened()
    page.get_by_role("button", name="GunPoint").click()
    detail = page.locator(".detail")
    series = detail.locator(".chart.many .mark-line path")
    expect(series).to_have_count(2 * 3)  # three a class
    stored = results.read_arrays(made.folder / "rocket/GunPoint/resample-0.json")
    right = stored["truth"] == stored["predictions"]
    recall = [f"{right[stored['truth'] == k].mean():.4f}" for k in (0, 1)]
    expect(detail.get_by_role("heading", name="Recall by class, resample 0")).to_be_visible()
    rows = detail.locator("table").first.locator("tbody tr").all_inner_texts()
    place = 2 + [text.strip() for text in detail.locator("table").first.locator("th").all_inner_texts()][2:].index(
        "rocket"
    )
    assert [row.split("\t")[0] for row in rows] == ["1", "2"]
    assert [row.split("\t")[place] for row in rows] == recall
    detail.get_by_label("method:").select_option("rocket")
    counts = detail.locator(".chart:not(.many) .mark-text.role-mark text")
    matrix = np.zeros((2, 2), dtype=int)
    np.add.at(matrix, (stored["truth"], stored["predictions"]), 1)
    expect(counts).to_have_count(int(np.count_nonzero(matrix)))
    assert sorted(map(int, counts.all_text_contents())) == sorted(matrix[matrix > 0])
    seeds = [results.read(made.folder / f"rocket/GunPoint/resample-{k}.json").accuracy for k in (0, 1)]
    assert detail.locator("tr", has_text="rocket").last.locator("td").all_inner_texts() == [
        "rocket",
        *(f"{seed:.4f}" for seed in seeds),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anyone(opened: Opened, theme: str) -> None:
    page = opened(color_scheme=theme)
    page.get_by_role("button", name="GunPoint").click()
    expect(page.locator(".detail .chart.many svg")).to_be_visible()
    found = Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in serious] == []


def test_a_telephone_shows_it_without_scrolling_sideways(opened: Opened) -> None:
    page = opened(viewport={"width": 390, "height": 844})
    page.get_by_role("button", name="GunPoint").click()
    expect(page.locator(".detail .chart.many svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("main").evaluate("e => e.scrollWidth") <= 390


def test_no_table_of_questions_or_methods_scrolls_on_a_desk(opened: Opened) -> None:
    page = opened(viewport={"width": 1400, "height": 900})
    for head in ("question", "macro F1"):
        table = page.locator("table", has=page.get_by_role("columnheader", name=head)).first
        box = table.locator("xpath=..")
        assert table.evaluate("e => e.offsetWidth") > 600
        assert box.evaluate("e => e.scrollWidth - e.clientWidth") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_shadow_stands_where_a_box_cuts_a_table_off_and_goes_at_its_end(opened: Opened, theme: str) -> None:
    page = opened(viewport={"width": 390, "height": 844}, color_scheme=theme)
    box = page.locator("table", has=page.get_by_role("columnheader", name="question")).locator("xpath=..")
    assert box.evaluate("e => e.scrollWidth - e.clientWidth") > 100

    def edge() -> float:
        """Of the box's last pixels to the right, the usual shade: lines and letters are fewer."""
        pixels = np.asarray(Image.open(io.BytesIO(box.screenshot())).convert("L"))
        return float(np.median(pixels[:, -2]))

    def paper() -> float:
        pixels = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
        return float(np.median(pixels[:, -2]))

    assert abs(edge() - paper()) > 30
    box.evaluate("e => e.scrollLeft = e.scrollWidth")
    assert abs(edge() - paper()) < 3


def test_print_cuts_no_table_and_shows_no_controls(opened: Opened) -> None:
    page = opened(viewport={"width": 1031, "height": 703})  # A4 across, less its margins
    page.emulate_media(media="print")
    widths = page.locator("main table").evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
    assert len(widths) > 5
    assert max(widths) <= 1031
    assert set(page.locator(".wide").evaluate_all("all => all.map(one => getComputedStyle(one).overflowX)")) == {
        "visible"
    }
    for control in ("nav", ".dt-search", ".dt-buttons", "#pair label"):
        for one in page.locator(control).all():
            expect(one).to_be_hidden()
    expect(page.locator("#pair p")).to_be_visible()
    assert "vertical:" not in page.locator("#pair").inner_text()
