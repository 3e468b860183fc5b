"""The site in a browser, from files, without any network."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from flows.answers.lcoh import Question, run_lcoh
from reports.inputs import Download
from reports.pages import PAGES, SUMMARY
from reports.site import render_site
from tests import browsing
from tests.browsing import Visit, Window
from tests.example_release import make_release
from tests.example_site import RUN, make_inputs
from transforms.tables.published import LCOH_COMPONENT

CHARTS = {"index": 1, "demand": 12, "individual": 10, "networks": 4, "sensitivity": 3, "quality": 9}
WINDOWS: tuple[Window, ...] = ((1280, "light"), (390, "dark"))  # both widths and both schemes
ALSO_COUNTED_NARROW = ("individual", "networks")
PAPER = (688, 1024)  # CSS pixels of A4 between its margins
SMALLEST_TARGET = 23.5  # CSS pixels (WCAG 2.2, 2.5.8), less rounding
every_page = pytest.mark.parametrize("key", [page.key for page in (*PAGES, SUMMARY)])


class Site:
    """The rendered site: one browser window for each width and scheme, each page opened once in each."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.contexts: dict[Window, BrowserContext] = {}
        self.visits: dict[tuple[Window, str], Visit] = {}

    def visit(self, key: str, window: Window = WINDOWS[0]) -> Visit:
        """Return an open page; a test leaves it as it was."""
        if window not in self.contexts:
            self.contexts[window] = browsing.open_window(self.browser, window)
        if (window, key) not in self.visits:
            self.visits[window, key] = Visit(self.contexts[window], self.folder / f"{key}.html")
        return self.visits[window, key]

    def page(self, key: str) -> Page:
        """Return a page in a wide and light window."""
        return self.visit(key).page

    @cached_property
    def size(self) -> int:
        """The size of all files [B]."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Give a whole site, with every table that a release may have and two downloads."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "downloads").mkdir()
    (folder / "downloads" / "public.duckdb").write_bytes(bytes(range(256)) * 16)
    (folder / "downloads" / "lcoh.csv").write_text("system,lcoh_gbp_per_mwh\nashp,107\n", encoding="utf-8")
    downloads = [
        Download("downloads/public.duckdb", "every table", sha256="0" * 64),
        Download("downloads/lcoh.csv", "levelised cost of heat", "lcoh", rows=1),
    ]
    render_site(make_release(), run=RUN, out=folder, downloads=downloads)
    return Site(browser, folder)


@every_page
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_a_page_opens_from_a_file_fits_its_window_and_cuts_no_word(site: Site, key: str, window: Window) -> None:
    visit = site.visit(key, window)
    page = visit.page
    assert visit.errors == []
    assert [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []
    assert page.locator("[data-chart]").count() == CHARTS.get(key, 0)
    page.evaluate("document.querySelectorAll('details').forEach((toggle) => { toggle.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(browsing.CUT_WORDS) == []
    page.evaluate("document.querySelectorAll('details').forEach((toggle) => { toggle.open = false; })")
    assert page.evaluate(browsing.CLIPPED_TEXT) == []


@every_page
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_figure_draws_and_axe_finds_nothing(site: Site, key: str, window: Window) -> None:
    page = site.visit(key, window).page
    if window == WINDOWS[0] or key in ALSO_COUNTED_NARROW:
        colours = browsing.drawn_colours(page)
        assert len(colours) == CHARTS.get(key, 0)
        assert {name: count for name, count in colours.items() if count < 6} == {}
    page.evaluate(browsing.SHORTEN_TABLES)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    small = page.evaluate(
        "() => [...document.querySelectorAll('button, select, summary')].filter((e) => e.checkVisibility())"
        f".filter((e) => e.getBoundingClientRect().height < {SMALLEST_TARGET}).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert small == []


@every_page
def test_the_keyboard_reaches_everything(site: Site, key: str) -> None:
    assert browsing.missed_by_keyboard(site.page(key)) == []


@every_page
def test_every_toggle_opens_its_table(site: Site, key: str) -> None:
    page = site.page(key)
    toggles = page.locator("details").all()
    assert len(toggles) >= CHARTS.get(key, 0)
    for toggle in toggles:
        before = toggle.get_attribute("open")
        toggle.locator("summary").press("Enter")
        assert toggle.get_attribute("open") != before
    page.evaluate("document.querySelectorAll('details').forEach((toggle) => { toggle.open = true; })")
    assert page.evaluate("[...document.querySelectorAll('details table')].every((t) => t.checkVisibility() && t.tBodies[0].rows.length)")  # fmt: skip


OF_BOX = {  # an input of the cost box, and what it sets for the cost model
    "electricity": ("electricity_residential.price_gbp_per_mwh", 10.0),
    "gas": ("gas_residential.price_gbp_per_mwh", 10.0),
    "network": ("electricity_services.price_gbp_per_mwh", 10.0),
    "carbon": ("carbon_value_central.price_gbp_per_tonne", 1.0),
}


@pytest.mark.parametrize(
    "asked",
    [
        {"kwh": 12_000},
        {"kwh": 3_500, "electricity": 27.0, "gas": 6.3},
        {"kwh": 30_000, "carbon": 40, "rate": 8},
        {"kwh": 9_000, "network": 9.5, "rate": 0, "gas": 12.5, "electricity": 15, "carbon": 900},
    ],
    ids=str,
)
def test_the_cost_box_gives_the_costs_of_the_command_line(site: Site, asked: dict[str, float]) -> None:
    page = browsing.open_window(site.browser, WINDOWS[0]).new_page()
    page.goto((site.folder / "compare.html").as_uri())
    page.select_option("#box-home", "kwh")
    for name, value in asked.items():
        page.fill(f"#box-{name}", str(value))
    given = [f"{OF_BOX[name][0]}={value * OF_BOX[name][1]}" for name, value in asked.items() if name in OF_BOX]
    rate = asked["rate"] / 100 if "rate" in asked else None
    for convention in ("best_practice", "best_practice_private"):
        question = Question(
            scenario=RUN.scenario, convention=convention, demand_kwh=float(asked["kwh"]), discount_rate=rate, overrides=tuple(given)
        )  # fmt: skip
        table = run_lcoh(question).table.filter(convention=convention)
        shown = page.locator(f"[data-lens={convention}] [data-cost]").evaluate_all("all => all.map((each) => Number(each.dataset.cost))")  # fmt: skip
        ends = table.filter((pl.col("system") != "network") | pl.col("dwellings").is_in([100, 20_000]))
        assert shown == pytest.approx(sorted(ends["lcoh_gbp_per_mwh"]), abs=0.1)
        assert shown == sorted(shown), "the cheapest first"
    page.close()


def test_a_grant_makes_a_heat_pump_cheaper_by_its_share_and_a_reset_takes_it_back(site: Site) -> None:
    page = browsing.open_window(site.browser, WINDOWS[1]).new_page()
    page.goto((site.folder / "compare.html").as_uri())

    def costs() -> dict[str, float]:
        rows = page.locator("[data-lens=best_practice] [data-option]").all()
        return {
            str(row.get_attribute("data-option")): float(row.locator("[data-cost]").get_attribute("data-cost") or "nan")
            for row in rows
        }

    page.select_option("#box-home", "flat")
    before, years = costs(), sum(1 / 1.05**year for year in range(1, 51))
    page.fill("#box-rate", "5")
    plain = costs()
    page.fill("#box-grant", "7500")
    granted = costs()
    flat_kwh = make_release()[LCOH_COMPONENT].frame.filter(dwelling_type="flat")["demand_kwh"][0]
    fall = {name: plain[name] - granted[name] for name in plain}
    per_mwh = 7500 / (flat_kwh / 1000 * years)
    for name, drop in fall.items():
        assert drop == pytest.approx(per_mwh if "heat" in name else 0.0, abs=0.01)
    page.get_by_role("button", name="Back to the scenario").click()
    page.select_option("#box-home", "flat")
    page.wait_for_timeout(100)
    assert costs() == before
    assert page.locator("#box-says").inner_text().startswith("Cheapest to society: ")
    page.close()


def test_navigation_leads_to_every_page_and_back(site: Site) -> None:
    context = browsing.open_window(site.browser, WINDOWS[0])
    context.route("**/plotly.min.js", lambda route: route.abort())  # links need no figures
    page = context.new_page()
    page.goto((site.folder / "index.html").as_uri())
    for each in PAGES:
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=each.name, exact=True).click()
        assert page.url.endswith(each.file)
        assert page.locator("h1").inner_text().startswith(each.title)
        assert page.locator("header [aria-current=page]").all_inner_texts() == [each.name]
    page.locator(".brand a").click()
    page.locator("#heat .more a").first.click()
    assert page.url.endswith("demand.html#annual-demand")
    page.wait_for_function("document.querySelector(location.hash).getBoundingClientRect().top < 300")
    context.close()


def test_every_choice_shows_its_own_traces_and_its_own_sentence(site: Site) -> None:
    chosen = 0
    for key in ("demand", "quality"):
        page = site.page(key)
        for figure in page.locator("figure:has(select)").all():
            select = figure.locator("select")
            options = select.locator("option").evaluate_all("(options) => options.map((o) => [o.value, o.textContent])")
            for value, name in [*options[1:], options[0]]:  # the first one last: the page is left as it was
                select.select_option(value)
                assert browsing.shown_choices(figure) == [value]
                assert browsing.drawn_words(figure) == [f"{name}."]
                chosen += 1
    assert chosen >= 35


def test_the_profile_draws_a_point_for_every_hour(site: Site) -> None:
    profile = site.page("demand").locator("[data-chart='hourly-profile-data']")
    assert profile.evaluate("(chart) => chart.calcdata.map((trace) => trace.length)") == [8760, 8760]
    assert profile.locator("path.js-line").count() == 2


def test_figures_and_their_choices_follow_the_readers_theme(site: Site) -> None:
    page = site.page("demand")
    months = page.locator("#season-months")
    months.locator("select").select_option("terraced")
    first_bar = "[data-chart='gas-uses-data'] .bars path"
    fill = f'getComputedStyle(document.querySelector("{first_bar}")).fill'
    light = page.evaluate(fill)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{fill} !== '{light}'")
    assert page.evaluate(fill) == "rgb(140, 183, 228)"
    assert browsing.shown_choices(months) == ["terraced"]
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"{fill} === '{light}'")
    months.locator("select").select_option("all")


@pytest.mark.parametrize("key", CHARTS)
def test_figures_download_as_data_and_as_images_that_name_their_source(site: Site, key: str, tmp_path: Path) -> None:
    page = site.page(key)
    figures = page.locator("figure:has([data-chart])").all()
    assert len(figures) == CHARTS[key]
    for figure in figures:
        words = str(figure.locator("[data-image=svg]").evaluate("(button) => specify(button).layout.title.text"))
        assert figure.locator("h3").inner_text()[:12] in words
        assert f"Run: {RUN.run_id}" in words
    figure, name = figures[0], figures[0].get_attribute("id")
    data = browsing.download_by(page, figure.get_by_role("link", name="Data (CSV)"))
    data.save_as(tmp_path / "data.csv")
    rows = pl.read_csv(tmp_path / "data.csv", infer_schema_length=None)
    assert data.suggested_filename == f"{name}.csv"
    assert rows["run_id"].unique().to_list() == [RUN.run_id]
    for form, start in (("svg", b"<svg"), ("png", b"\x89PNG")):
        image = browsing.download_by(page, figure.locator(f"[data-image={form}]"))
        image.save_as(tmp_path / "image")
        assert image.suggested_filename == f"{name}.{form}"
        assert (tmp_path / "image").read_bytes()[: len(start)] == start
        assert form == "png" or f"Run: {RUN.run_id}" in (tmp_path / "image").read_text(encoding="utf-8")


def test_the_files_of_the_release_download(site: Site, tmp_path: Path) -> None:
    page = site.page("downloads")
    links = page.locator("a[download]").all()
    assert len(links) == 2
    for link in links:
        got = browsing.download_by(page, link)
        got.save_as(tmp_path / got.suggested_filename)
        original = site.folder / "downloads" / got.suggested_filename
        assert (tmp_path / got.suggested_filename).read_bytes() == original.read_bytes()


def test_pages_are_ready_before_their_figures_are_drawn_and_the_site_is_small(site: Site) -> None:
    assert site.size < 25e6
    for key, charts in CHARTS.items():
        page = site.page(key)
        assert page.locator("script[src='plotly.min.js']").count() == 1
        assert page.evaluate("drawnWhenReady") <= 1 <= charts
    assert site.page("method").locator("script[src='plotly.min.js']").count() == 0


def test_tables_can_be_read_without_scripts(site: Site) -> None:
    context = site.browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((site.folder / "demand.html").as_uri())
    page.locator("#annual-demand summary").last.click()
    assert "18,740" in page.locator("#annual-demand table").inner_text()
    assert page.locator("button:visible, select:visible").count() == 0
    context.close()


def test_pages_of_few_homes_and_hostile_names_open_without_errors(browser: Browser, tmp_path: Path) -> None:
    names = ["<script>document.title = 'taken'</script>.csv", "</script><img src=x onerror=alert(1)>", "z" * 10_000]
    render_site(make_inputs({"flat": 3}, names=names), run=RUN, out=tmp_path)
    context = browsing.open_window(browser, WINDOWS[1])
    for key in ("index", "demand", "quality"):
        visit = Visit(context, tmp_path / f"{key}.html")
        assert visit.errors == []
        assert "taken" not in visit.page.title()
        assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def test_paper_gets_every_figure_light_and_as_wide_as_it_is(site: Site) -> None:
    context = browsing.open_window(site.browser, (1280, "dark"))
    page = context.new_page()
    page.goto((site.folder / "individual.html").as_uri())  # and nothing is scrolled to
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    charts = page.locator("[data-chart]")
    assert charts.count() == page.locator(".js-plotly-plot").count() > 5
    assert {
        round(width)
        for width in charts.evaluate_all("all => all.map((c) => c.querySelector('svg').getBoundingClientRect().width)")
    } == {680}
    ink = "getComputedStyle(document.querySelector('.js-plotly-plot .xtick text')).fill"
    assert page.evaluate(ink) == "rgb(26, 29, 33)"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    browsing.wait_until_drawn(page)
    assert page.evaluate(ink) == "rgb(232, 234, 237)"
    context.close()


WHERE_FIGURES_STAND = """() => {
  const top = document.body.getBoundingClientRect().top;
  return [...document.querySelectorAll("[data-chart]")].map((chart) => {
    const figure = chart.closest("figure");
    return [firstOf(figure), figure].map((element, n) => element.getBoundingClientRect()[n ? "bottom" : "top"] - top);
  });
}"""


@pytest.mark.parametrize("key", ["demand", "individual", "networks", "sensitivity"])
def test_no_printed_page_but_the_last_is_half_empty(site: Site, key: str) -> None:
    page = browsing.open_window(site.browser, WINDOWS[0]).new_page()
    page.goto((site.folder / f"{key}.html").as_uri())
    browsing.wait_until_drawn(page)
    printed = browsing.count_pages(page.pdf(prefer_css_page_size=True))
    page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    begins, filled = 0.0, []
    last = 0.0
    for top, bottom in page.evaluate(WHERE_FIGURES_STAND):
        if bottom - begins > PAPER[1]:  # a figure is not divided: it begins the next page, with the headings above it
            filled.append((last - begins) / PAPER[1])
            begins = top
        last = bottom
    assert len(filled) + 1 == printed, "pages break where figures end"
    assert len(filled) > 0
    assert min(filled) > 0.5, filled
    page.close()


def test_a_figure_is_embedded_alone_by_the_code_that_stands_below_it(site: Site) -> None:
    page = site.page("demand")
    code = page.locator("[data-embed=annual-demand]")
    assert code.evaluate("(code) => code.closest('.embed').hidden") is False
    frame = re.fullmatch(r'<iframe src="(.+?)".*></iframe>', code.text_content() or "")
    assert frame is not None, code.text_content()
    assert frame[1].startswith((site.folder / "demand.html").as_uri())
    alone = browsing.open_window(site.browser, WINDOWS[0]).new_page()
    alone.goto(frame[1])
    browsing.wait_until_drawn(alone)
    assert alone.locator("figure:visible").evaluate_all("all => all.map((figure) => figure.id)") == ["annual-demand"]
    assert alone.locator("header.site:visible").count() == 0
    alone.close()
