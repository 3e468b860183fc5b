"""The site in a browser, from a file, without any network."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, sync_playwright

from reports.site import render_site
from tests.example_site import RUN, make_inputs

CHARTS = 18
CHOICES = 6
Window = tuple[int, Literal["light", "dark"]]
WINDOWS: tuple[Window, ...] = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
COUNT_COLOURS = """async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  pixels.forEach((pixel) => counts.set(pixel, (counts.get(pixel) || 0) + 1));
  return [...counts.values()].filter((count) => count > 20).length;
}"""
CLIPPED_TEXT = """() => [...document.querySelectorAll("[data-chart]")].flatMap((chart) => {
  const box = chart.getBoundingClientRect();
  return [...chart.querySelectorAll("svg text")]
    .filter((text) => text.textContent.trim() && !text.closest(".hoverlayer"))
    .filter((text) => { const r = text.getBoundingClientRect(); return r.width && (r.left < box.left - 1 || r.right > box.right + 1); })
    .map((text) => chart.dataset.chart + ": " + text.textContent);
})"""
COUNT_WHEN_READY = """document.addEventListener("DOMContentLoaded", () => {
  window.drawnWhenReady = document.querySelectorAll(".js-plotly-plot").length;
})"""
FOCUSABLE = "a[href], summary, select, [tabindex='0']"


class Visit:
    """One open page, with what went wrong and what it asked for."""

    def __init__(self, context: BrowserContext, index: Path) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", lambda request: self.errors.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        context.route("**/*", self.only_files)
        self.page.add_init_script(COUNT_WHEN_READY)
        self.page.goto(index.as_uri())
        self.page.wait_for_function(f"document.querySelectorAll('.js-plotly-plot .main-svg').length >= {CHARTS // 2}")
        self.page.wait_for_function("!document.querySelector('[data-chart]:not(.js-plotly-plot)')")

    def only_files(self, route: Route) -> None:
        """Let nothing but files pass."""
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            route.abort()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Give a browser that has no network."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the first page of a whole site."""
    return render_site(make_inputs(), run=RUN, out=tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def visits(browser: Browser, index: Path) -> dict[Window, Visit]:
    """Give the page opened once in each window; a test leaves it as it was."""
    return {window: Visit(open_window(browser, window), index) for window in WINDOWS}


@pytest.fixture
def page(visits: dict[Window, Visit]) -> Page:
    """Give the page in a wide and light window."""
    return visits[WINDOWS[0]].page


def open_window(browser: Browser, window: Window) -> BrowserContext:
    """Open a window of a width and a colour scheme, offline."""
    width, scheme = window
    return browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)


every_window = pytest.mark.parametrize("window", WINDOWS, ids=str)


def drawn_colours(page: Page) -> dict[str, int]:
    """Return for each chart how many colours cover more than a few pixels of its box."""
    charts = page.locator("[data-chart]").all()
    pictures = {
        str(chart.get_attribute("data-chart")): base64.b64encode(chart.screenshot()).decode() for chart in charts
    }
    return {name: int(page.evaluate(COUNT_COLOURS, picture)) for name, picture in pictures.items()}


@every_window
def test_a_page_opens_from_a_file_without_errors_or_requests_and_every_figure_draws(
    visits: dict[Window, Visit], window: Window
) -> None:
    visit = visits[window]
    colours = drawn_colours(visit.page)
    assert len(colours) == CHARTS
    assert {name: count for name, count in colours.items() if count < 6} == {}
    assert visit.errors == []
    assert [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []


@every_window
def test_a_page_fits_its_window_and_no_label_is_cut_off(visits: dict[Window, Visit], window: Window) -> None:
    page = visits[window].page
    page.evaluate("document.querySelectorAll('details').forEach((toggle) => { toggle.open = true; })")
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    page.evaluate("document.querySelectorAll('details').forEach((toggle) => { toggle.open = false; })")
    assert width[0] <= width[1]
    assert page.evaluate(CLIPPED_TEXT) == []


def test_the_profile_draws_a_point_for_every_hour(page: Page) -> None:
    profile = page.locator("[data-chart='hourly-profile-data']")
    points = profile.evaluate("(chart) => chart.calcdata.map((trace) => trace.length)")
    assert points == [8760, 8760]
    assert profile.locator("path.js-line").count() == 2


def test_a_choice_shows_its_own_days_lines_and_sentence(page: Page) -> None:
    figure = page.locator("#weather-fit")
    select = figure.locator("select")
    assert page.locator("select:visible").count() == CHOICES
    assert drawn_words(figure) == ["All homes."]
    assert figure.locator(".points path").count() >= 365
    before = height_of(figure)
    select.select_option("flat")
    page.wait_for_function("document.querySelector('#weather-fit [data-says=flat]').checkVisibility()")
    assert drawn_words(figure) == ["Flat."]
    assert shown_choices(figure) == ["flat"]
    assert height_of(figure) != before
    select.select_option("together")
    page.wait_for_function("document.querySelector('#weather-fit [data-says=together]').checkVisibility()")
    assert figure.locator(".legendtext").all_inner_texts() != []
    select.select_option("all")
    assert drawn_words(figure) == ["All homes."]
    assert shown_choices(figure) == ["all"]


def test_a_choice_survives_a_change_of_theme(page: Page) -> None:
    figure = page.locator("#season-months")
    figure.locator("select").select_option("terraced")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(20, 24, 29)'")
    assert shown_choices(figure) == ["terraced"]
    page.emulate_media(color_scheme="light")
    figure.locator("select").select_option("all")


def drawn_words(figure: Locator) -> list[str]:
    """Return which choice the visible sentence is about."""
    return figure.locator("[data-says]:visible strong").all_inner_texts()


def shown_choices(figure: Locator) -> list[str]:
    """Return the choices whose traces are shown."""
    found = figure.locator("[data-chart]").evaluate(
        "(chart) => [...new Set(chart.data.filter((trace) => trace.visible && trace.meta).map((trace) => trace.meta.choice))]"
    )
    return [str(choice) for choice in found]


def height_of(figure: Locator) -> Any:
    """Return the range of the vertical axis."""
    return figure.locator("[data-chart]").evaluate("(chart) => chart._fullLayout.yaxis.range")


def test_a_page_is_ready_before_its_figures_are_drawn_and_stays_small(visits: dict[Window, Visit], index: Path) -> None:
    assert sum(path.stat().st_size for path in index.parent.rglob("*") if path.is_file()) < 25e6
    for visit in visits.values():
        assert visit.page.locator("script[src='plotly.min.js']").count() == 1
        assert visit.page.evaluate("drawnWhenReady") <= 1


def test_every_toggle_opens_its_table(page: Page) -> None:
    toggles = page.locator("details").all()
    assert len(toggles) == CHARTS + 1
    for toggle in toggles:
        table = toggle.locator("table").first
        assert not table.is_visible()
        toggle.locator("summary").click()
        assert table.is_visible()
        assert table.locator("tbody tr").count() > 0
        toggle.locator("summary").click()


def test_the_keyboard_reaches_everything_and_opens_a_toggle(page: Page) -> None:
    wanted = page.evaluate(f'[...document.querySelectorAll("{FOCUSABLE}")].filter((e) => e.checkVisibility()).length')
    page.evaluate("window.reached = new Set(); document.activeElement.blur(); scrollTo(0, 0)")
    for _ in range(wanted + 2):  # beside each element once, the window itself
        page.keyboard.press("Tab")
        page.evaluate("window.reached.add(document.activeElement)")
    missed = f'[...document.querySelectorAll("{FOCUSABLE}")].filter((e) => e.checkVisibility() && !reached.has(e)).map((e) => e.outerHTML.slice(0, 80))'
    assert page.evaluate(missed) == []
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is None


def test_figures_follow_the_readers_theme(page: Page) -> None:
    first_bar = page.locator("[data-chart='emissions-data'] .bars path").first

    def fill() -> Any:
        return first_bar.evaluate("(bar) => getComputedStyle(bar).fill")

    light = fill()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(20, 24, 29)'")
    page.wait_for_function(
        f"getComputedStyle(document.querySelector(\"[data-chart='emissions-data'] .bars path\")).fill !== '{light}'"
    )
    assert fill() == "rgb(179, 163, 176)"
    page.emulate_media(color_scheme="light")


def test_links_lead_to_their_sections(page: Page) -> None:
    for link in page.locator("nav a").all():
        link.click()
        target = page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top")
        at_the_end = page.evaluate("Math.ceil(scrollY + innerHeight) >= document.documentElement.scrollHeight - 2")
        assert 0 <= target < 200 or at_the_end, link.inner_text()


def test_tables_can_be_read_without_scripts(browser: Browser, index: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(index.as_uri())
    page.locator("#annual-demand summary").click()
    assert "18,740" in page.locator("#annual-demand table").inner_text()
    context.close()


def test_a_page_of_few_homes_and_hostile_names_opens_without_errors(browser: Browser, tmp_path: Path) -> None:
    names = ["<script>document.title = 'taken'</script>.csv", "</script><img src=x onerror=alert(1)>", "z" * 10_000]
    visit = Visit(
        open_window(browser, WINDOWS[2]), render_site(make_inputs({"flat": 3}, names=names), run=RUN, out=tmp_path)
    )
    assert visit.errors == []
    assert visit.page.title() == "Hearth: heat demand and the cost of heat, 2009"
    assert visit.page.locator(".missing").count() >= 4
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
