"""The heat map in a browser, from files, without any network: what it draws, finds and saves."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from reports.map.contents import LAYERS, map_page
from reports.site import render_site
from tests import browsing
from tests.browsing import Visit, Window
from tests.example_areas import ASSUMPTIONS, FIGURES, PAPER, public_areas
from tests.example_release import make_release
from tests.example_site import RUN, make_inputs
from transforms.areas.costs import AreaLens
from transforms.areas.geometry import Coverage
from transforms.areas.grid import to_grid
from transforms.areas.heat import peak_kw
from transforms.areas.search import Atlas, Site, look_around, order_areas
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.tables.areas import AREA_CLUSTER, AREA_HEAT, CONTRIBUTION
from warehouse.areas.built_in import read_built_in
from warehouse.areas.folder import read_area_folder

SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "london"
WINDOWS: tuple[Window, ...] = ((1280, "light"), (390, "dark"))
MOST_BYTES = 2_500_000
LONDON = ((505_000, 560_000), (157_000, 199_000))


@pytest.fixture(scope="module")
def visits(whole_site: Path, browser: Browser) -> dict[Window, Visit]:
    """Give the page open in a wide and in a narrow window."""
    return {window: Visit(browsing.open_window(browser, window), whole_site / "map.html") for window in WINDOWS}


@pytest.fixture
def page(visits: dict[Window, Visit]) -> Page:
    """Give the page in the wide window, as it was when it was opened."""
    opened = visits[WINDOWS[0]].page
    opened.reload()
    opened.wait_for_function("window.heatMap")
    return opened


def atlas() -> Atlas:
    """Return what Python searches, of the same areas."""
    reference = read_built_in()
    coverage = Coverage.from_rings(reference.borders["msoa"].corners())
    return Atlas(
        area=order_areas(reference.area.filter(level="msoa"), coverage),
        coverage=coverage,
        demand=PAPER,
        lens=AreaLens.with_mapped_pipe(
            scenario_figures(ASSUMPTIONS, "eep2019"), scenario="eep2019", convention="best_practice"
        ),
        figures=FIGURES,
        contribution=CONTRIBUTION.empty(),
        hot_water_kwh=None,
    )


def put(page: Page, words: str) -> str:
    """Enter a place and return what the page says of it."""
    page.fill("#map-place", words)
    page.get_by_role("button", name="Look around the place").click()
    return page.inner_text("#map-says")


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_page_asks_nobody_fits_its_window_and_axe_finds_nothing(
    visits: dict[Window, Visit], window: Window
) -> None:
    visit = visits[window]
    visit.page.wait_for_function("window.heatMap")
    assert visit.errors == []
    assert [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(visit.page).violations_count == 0


def test_every_layer_draws_many_colours_at_every_level(page: Page) -> None:
    count = """() => { const c = document.getElementById('map-canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      const seen = new Map(); for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255) { const k = (d[i] << 16) | (d[i + 1] << 8) | d[i + 2]; seen.set(k, (seen.get(k) || 0) + 1); }
      return [...seen.values()].filter((n) => n > 20).length; }"""
    for level in ("borough", "msoa"):
        page.select_option("#map-level", level)
        for key, *_ in LAYERS:
            page.select_option("#map-layer", key)
            drawn = page.evaluate(count)
            known = not (key == "error" and level == "msoa")  # no gas is built in for MSOAs
            least = 8 if known and key != "confidence" else 0  # with the paper's demands confidence is 1 everywhere
            assert drawn > least, (level, key)
            if not known:
                assert "none is known at this level" in page.inner_text("#map-scale")


def test_a_circle_holds_the_same_homes_as_in_python(page: Page) -> None:
    known, rng = atlas(), np.random.default_rng(2026)
    circles = [
        [float(rng.uniform(*LONDON[0])), float(rng.uniform(*LONDON[1])), float(rng.uniform(100, 5000))]
        for _ in range(1000)
    ]
    found = page.evaluate("(circles) => circles.map((c) => heatMap.look(...c))", circles)
    whole = 0
    for (easting, northing, radius_m), there in zip(circles, found, strict=True):
        here = look_around(known, Site(easting=easting, northing=northing, radius_m=radius_m))
        assert there["homes"] == pytest.approx(here.by_share.tolist(), rel=1e-5, abs=1e-5 * max(here.by_share.sum(), 1))
        assert there["covered"] == pytest.approx(here.covered_share, abs=1e-5)
        assert there["centre"] == pytest.approx(here.by_centre.sum(), rel=1e-9, abs=1)
        whole += there["covered"] > 0.999
    assert 300 < whole < 1000


def test_degrees_become_the_same_metres_as_in_python(page: Page) -> None:
    rng = np.random.default_rng(7)
    places = [[float(rng.uniform(51.26, 51.71)), float(rng.uniform(-0.54, 0.35))] for _ in range(200)]
    found = np.array(page.evaluate("(places) => places.map((p) => heatMap.toGrid(...p))", places))
    latitude, longitude = np.array(places).T
    easting, northing = to_grid(latitude, longitude)
    assert np.hypot(found[:, 0] - easting, found[:, 1] - northing).max() < 0.01


def test_a_point_is_found_in_the_same_area_as_in_python(page: Page) -> None:
    coverage, rng = atlas().coverage, np.random.default_rng(5)
    points = [[float(rng.uniform(*LONDON[0])), float(rng.uniform(*LONDON[1]))] for _ in range(300)]
    ids = sorted(coverage.area_ids)
    found = page.evaluate("(points) => points.map((p) => heatMap.find('msoa', ...p))", points)
    assert [ids[at] if at >= 0 else None for at in found] == [coverage.find_area(*point) for point in points]


def test_a_place_gives_heat_peak_duration_and_cost(page: Page) -> None:
    words = put(page, "51.5265, -0.0805")
    known = atlas()
    easting, northing = to_grid(51.5265, -0.0805)
    here = look_around(known, Site(easting=float(easting), northing=float(northing), radius_m=500))
    heat_gwh = float(here.by_share @ PAPER.heat_kwh) / 1e6
    peak_mw = float(peak_kw(here.by_share[None, :], PAPER)[1][0]) / 1000
    assert words == f"{heat_gwh:.1f} GWh of heat a year within 500 m, at a peak of {peak_mw:.1f} MW"
    facts = page.inner_text("#map-found")
    for part in ("Hackney", "£/MWh", "Load duration", "100 % of the circle", "at the gate", "no readings"):
        assert part in facts
    assert page.locator("#map-profile").is_visible()
    assert put(page, "533255, 182589").startswith(f"{heat_gwh:.1f}"[:2])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("-0.0805, 51.5265", "Did you mean 51.5265, -0.0805?"),
        ("48.8, 2.3", "no place in London"),
        ("abc", "no place in London"),
        ("", "no place in London"),
    ],
)
def test_a_wrong_place_is_told_with_the_likely_one(page: Page, words: str, says: str) -> None:
    assert says in put(page, words)


def test_a_click_and_a_line_are_measured(page: Page) -> None:
    canvas = page.locator("#map-canvas")
    canvas.click()
    assert "GWh of heat a year" in page.inner_text("#map-says")
    page.get_by_role("button", name="Draw a line").click()
    box = canvas.bounding_box()
    assert box is not None
    for share in (0.45, 0.55):
        canvas.click(position={"x": box["width"] * share, "y": box["height"] / 2})
    facts = page.inner_text("#map-found")
    assert "Its trench" in facts
    assert "a metre" in facts
    assert page.evaluate("heatMap.lineLength([[0, 0], [3, 4], [3, 10]])") == pytest.approx(11)


def test_the_keyboard_moves_zooms_and_looks(page: Page) -> None:
    page.locator("#map-canvas").focus()
    for key in ("+", "ArrowLeft", "ArrowUp", "-", "Enter"):
        page.keyboard.press(key)
    assert "GWh of heat a year" in page.inner_text("#map-says")


def test_the_table_follows_layer_level_and_borough_and_names_thresholds(page: Page) -> None:
    page.select_option("#map-level", "borough")
    page.select_option("#map-layer", "density")
    heat = make_release()[AREA_HEAT].frame.filter(level="borough").sort("density_gwh_per_km2")
    densest = read_built_in().area.filter(area_id=heat["area_id"][-1])["name"][0]
    assert page.locator("#map-rank tbody tr").first.inner_text().startswith(densest)
    assert "(Denmark)" in page.inner_text("#map-met")
    page.select_option("#map-level", "msoa")
    page.select_option("#map-borough", label="Camden")
    names = page.locator("#map-rank tbody th").all_inner_texts()
    assert len(names) > 20
    assert all(name.startswith("Camden") for name in names)


def test_what_is_shown_can_be_taken_along(page: Page) -> None:
    page.select_option("#map-level", "borough")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download this table (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text(encoding="utf-8"))))
    assert len(rows) == 33
    assert sum(float(row["homes"]) for row in rows) == pytest.approx(3_423_841, rel=1e-3)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download these areas (GeoJSON)").click()
    assert len(json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))["features"]) == 33


def test_a_borough_prints_on_two_pages(page: Page) -> None:
    page.evaluate("window.print = () => { window.printed = document.body.className; }")
    page.get_by_role("button", name="Print two pages").click()
    assert "Choose a borough" in page.inner_text("#map-says")
    page.select_option("#map-borough", label="Camden")
    page.get_by_role("button", name="Print two pages").click()
    assert "one-borough" in page.evaluate("window.printed")
    page.evaluate("document.body.classList.add('one-borough')")
    pdf = page.pdf(format="A4")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page/") == 2


def test_a_script_in_a_name_is_inert(tmp_path: Path, browser: Browser) -> None:
    evil = "<script>window.hurt=1</script><img src=x onerror=window.hurt=1>"
    tables = {table.name: table for table in public_areas(read_built_in())}
    areas, clusters = tables["area"], tables["area_cluster"]
    frame = areas.frame.with_columns(name=pl.when(pl.col("level") == "london").then("name").otherwise(pl.lit(evil)))
    spoiled = [
        type(areas)("area", frame, areas.suppressed, areas.threshold),
        type(areas)(
            "area_cluster",
            AREA_CLUSTER.conform(clusters.frame.with_columns(name=pl.lit(evil))),
            clusters.suppressed,
            10,
        ),
    ]
    render_site(make_release(*spoiled), run=RUN, out=tmp_path)
    visit = Visit(browsing.open_window(browser, WINDOWS[0]), tmp_path / "map.html")
    visit.page.wait_for_function("window.heatMap")
    assert evil in visit.page.inner_text("#map-rank")
    assert visit.page.evaluate("window.hurt") is None


def test_a_release_without_areas_says_so(tmp_path: Path) -> None:
    render_site(make_inputs(), run=RUN, out=tmp_path)
    assert "This release has no areas." in (tmp_path / "map.html").read_text(encoding="utf-8")
    assert map_page(make_inputs(), RUN) is None


def test_the_page_is_light(whole_site: Path) -> None:
    assert (whole_site / "map.html").stat().st_size < MOST_BYTES / 3


@pytest.mark.skipif(not SHARED.exists(), reason="the published files are not beside the project")
def test_the_page_with_every_lsoa_is_light_enough(tmp_path: Path) -> None:
    reference = read_area_folder(SHARED).reference
    render_site(make_release(*public_areas(reference)), run=RUN, out=tmp_path)
    assert 1_000_000 < (tmp_path / "map.html").stat().st_size <= MOST_BYTES
