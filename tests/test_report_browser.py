"""The report as a browser shows it: silent, offline, at three widths, by keyboard, and on paper."""

import csv
import json
import shutil
from itertools import pairwise

import pytest

from canonica import pipelines

EVIL = '<b>x</b>&"'
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (360, 800, 1400)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    """Return Chromium; skip, saying so, where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def report(study_folder, studied, tmp_path_factory):
    """Return the page of a study with hostile names, where something failed."""
    assert studied.failures
    folder = tmp_path_factory.mktemp("browser") / "out"
    shutil.copytree(study_folder / "out", folder)
    return pipelines.report(folder)


@pytest.fixture
def opened(browser, report):
    """Return a function that opens the page so wide; nothing may be logged, asked for, or fail."""
    wrong, contexts = [], []

    def asked(route):
        if not route.request.url.startswith("file://"):
            wrong.append(f"asked for {route.request.url}")
        route.continue_()

    def run(width):
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.route("**/*", asked)
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.goto(report.as_uri())
        page.wait_for_selector("body[data-drawn]", timeout=120_000)
        return page

    yield run
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_drawn_within_the_window_and_says_nothing(opened, width):
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    figures = page.locator("figure:visible")
    assert figures.count() >= 5
    for place in range(figures.count()):
        figure = figures.nth(place)
        drawn = figure.locator(".main-svg").first.bounding_box()
        assert drawn["height"] > 150
        assert drawn["x"] + drawn["width"] <= width
        # Every label of the drawing is in the drawing.
        outside = figure.evaluate(
            """figure => {
                const box = figure.querySelector(".main-svg").getBoundingClientRect();
                return [...figure.querySelectorAll(".main-svg text")]
                    .filter((text) => text.textContent)
                    .filter((text) => {
                        const own = text.getBoundingClientRect();
                        return own.width && (own.left < box.left - 1 || own.right > box.right + 1
                            || own.top < box.top - 1 || own.bottom > box.bottom + 1);
                    }).map((text) => text.textContent);
            }"""
        )
        assert outside == [], figure.get_attribute("id")


def test_names_are_text_wherever_they_are_shown(opened):
    page = opened(1400)
    for numbers in page.locator("details[data-numbers] summary:visible").all():
        numbers.click()
    captions = page.locator("details[data-numbers] caption").all_text_contents()
    assert any(EVIL in caption for caption in captions)
    assert page.locator("b").count() == 0
    conditions = page.locator("#choose-condition option").all_text_contents()
    assert conditions == ["all", EVIL, "=drug"]
    ticks = page.locator("#cultures-figure .xaxislayer-above text").all_text_contents()
    assert any(EVIL in tick for tick in ticks)


def test_switches_choose_what_all_figures_show(opened):
    page = opened(1400)
    facts = page.locator(".facts:visible h3")
    assert facts.all_text_contents() == [f"all of {EVIL} (2 recordings)"]
    before = page.locator("#energy-figure .scatterlayer .js-line").first.get_attribute("d")
    page.locator("#energy-figure summary").click()
    numbers = page.locator("#energy-figure caption")
    assert numbers.text_content() == f"Free energy: all of {EVIL} (2 recordings)"
    page.select_option("#choose-condition", "=drug")
    assert page.locator("#choose-recording option").all_text_contents() == ["drug"]
    assert facts.all_text_contents() == ["drug"]
    assert numbers.text_content() == "Free energy: drug"
    assert page.locator("#energy-figure .js-line").first.get_attribute("d") != before
    page.select_option("#choose-condition", "")
    page.get_by_role("button", name="Next").click()
    assert facts.all_text_contents() == ["ctrl-1"]
    page.get_by_role("button", name="Previous").click()
    page.get_by_role("button", name="Previous").click()
    assert facts.all_text_contents() == ["drug"]


def test_a_figure_has_a_choice_of_its_own(opened):
    page = opened(1400)
    choice, title = (
        page.locator("#cultures-figure-choice"),
        page.locator("#cultures-figure .ytitle"),
    )
    names = choice.locator("option").all_text_contents()
    assert len(names) > 1
    before = title.first.text_content()
    choice.select_option(index=1)
    title.filter(has_not_text=before).first.wait_for()
    page.locator("#cultures-figure summary").click()
    assert names[1] in page.locator("#cultures-figure caption").text_content()
    rows = page.locator("#cultures-figure tbody tr").all_text_contents()
    names = ("ctrl-1", "ctrl-2", "=drugdrug", "interval", "interval", "effect")
    assert all(name in row for name, row in zip(names, rows, strict=True))


def test_figures_follow_the_width_of_the_window(opened):
    page = opened(1400)
    page.set_viewport_size({"width": 700, "height": 900})
    drawn = page.locator("#energy-figure .main-svg").first
    for _ in range(100):  # it is drawn anew a moment later
        page.wait_for_timeout(100)
        if drawn.bounding_box()["width"] <= 700:
            break
    assert drawn.bounding_box()["width"] <= 700
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_a_figure_can_be_hovered_zoomed_and_read_as_a_table(opened):
    page = opened(1400)
    figure = page.locator("#energy-figure")
    figure.scroll_into_view_if_needed()
    box = figure.locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    line = figure.locator(".js-line").first.bounding_box()
    page.mouse.move(line["x"] + line["width"], line["y"] + line["height"])
    before = figure.locator(".xtick text").all_text_contents()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 200, steps=5)
    page.mouse.up()
    page.wait_for_timeout(400)
    assert figure.locator(".xtick text").all_text_contents() != before
    figure.get_by_text("The numbers of this figure").click()
    table = figure.locator("table")
    assert table.locator("caption").text_content().startswith("Free energy: all of")
    head = table.locator("thead th").all_text_contents()
    assert head[0] == "session"
    assert any("complexity, mean" in text for text in head)
    assert table.locator("tbody tr").count() == 15
    sessions = [row.get_attribute("data-value") for row in table.locator("tbody th").all()]
    assert sessions == [str(number) for number in range(1, 16)]
    names = ("free energy F", "\N{MINUS SIGN} accuracy", "complexity")
    places = [head.index(f"{name}, mean") for name in names]
    for row in table.locator("tbody tr").all():
        cells = row.locator("th, td")
        whole, *parts = [float(cells.nth(k).get_attribute("data-value")) for k in places]
        assert whole == pytest.approx(sum(parts), abs=1e-4)


def test_tables_sort_and_are_saved_harmlessly(opened, tmp_path):
    page = opened(1400)
    table = page.locator("#values")
    heading = table.locator("thead th", has_text="implicit prior")
    place = table.locator("thead th").all_text_contents().index(heading.text_content())

    def column():
        cells = table.locator(f"tbody tr > :nth-child({place + 1})")
        return [float(cell.get_attribute("data-value")) for cell in cells.all()]

    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert all(a <= b for a, b in pairwise(column()))
    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert all(a >= b for a, b in pairwise(column()))
    # What is missing comes last, whichever way.
    table.locator("tbody tr").first.evaluate("(row, k) => row.cells[k].dataset.value = ''", place)
    for _ in range(2):
        heading.locator("button").press("Enter")
        cells = table.locator(f"tbody tr > :nth-child({place + 1})")
        missing = [cell.get_attribute("data-value") == "" for cell in cells.all()]
        assert missing == [False] * (len(missing) - 1) + [True]
    page.reload()
    page.wait_for_selector("body[data-drawn]", timeout=120_000)
    for _ in range(2):
        heading.locator("button").press("Enter")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV: What each recording says").click()
    saved.value.save_as(tmp_path / "values.csv")
    assert (tmp_path / "values.csv").read_bytes().startswith(b"\xef\xbb\xbf")  # for spreadsheets
    text = (tmp_path / "values.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert {row[1] for row in rows[1:]} == {EVIL, "'=drug"}
    assert [float(row[place]) for row in rows[1:]] == column()


def test_everything_is_reached_by_keyboard_and_has_a_name(opened):
    page = opened(800)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    reached = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        about = page.evaluate(
            """() => {
                const one = document.activeElement, style = getComputedStyle(one);
                return [one.id || one.dataset.csv || one.textContent.trim(), one.tagName,
                    style.outlineStyle];
            }"""
        )
        if about[1] == "BODY":
            break
        assert about[2] != "none", about  # the focus is seen
        reached.add(about[0])
    assert {"choose-condition", "choose-recording", "cultures-figure-choice", "values"} <= reached
    assert "The numbers of this figure" in reached
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, select, a[href], [role], .modebar-btn")]
            .filter((one) => !(one.textContent.trim() || one.getAttribute("aria-label")))
            .map((one) => one.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []
    page.focus("#choose-recording")
    page.keyboard.press("ArrowDown")
    assert page.locator(".facts:visible h3").all_text_contents() == ["ctrl-1"]


def test_it_prints_whole(opened, tmp_path):
    page = opened(1400)
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    widths = page.evaluate(
        "[...document.querySelectorAll('.main-svg')].map((one) => one.clientWidth)"
    )
    assert max(widths) <= 680  # of the 688 pixels that A4 has between its margins
    assert not page.locator(".save").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    drawn = page.locator("#energy-figure .main-svg").first.bounding_box()
    assert drawn["width"] > 1000


def test_where_the_library_cannot_be_unpacked_the_page_says_so(browser, report):
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(report.as_uri())
    message = page.locator("#energy-figure .message")
    message.wait_for()
    assert "cannot draw the figures" in message.text_content()
    page.locator("#energy-figure summary").click()
    page.locator("#energy-figure tbody tr").first.wait_for()  # filled once it is open
    assert page.locator("#energy-figure tbody tr").count() == 15
    page.close()


def test_no_script_but_its_own_runs(browser, report, tmp_path):
    """A name that became a script all the same would be refused by the page's policy."""
    text = report.read_text(encoding="utf-8")
    (tmp_path / "bad.html").write_text(
        text.replace("<main", "<script>document.title = 'run'</script><main", 1), encoding="utf-8"
    )
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "bad.html").as_uri())
    page.wait_for_selector("body[data-drawn]", timeout=120_000)
    assert page.title() != "run"
    assert any("Content Security Policy" in text for text in said)
    assert json.loads(page.evaluate("JSON.stringify(typeof Plotly.react)")) == "function"
    page.close()
