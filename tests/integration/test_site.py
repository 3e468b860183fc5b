"""The site as files: self-contained, inert whatever the names, readable without its scripts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from quality import disclosure
from reports.site import Download, json_in_script, render_site
from tests.example_site import HOMES, RUN, make_demand, make_inputs, make_sources, publish_totals
from transforms import tables

HOSTILE = [
    "<script>alert(1)</script>.csv",
    '"><img src=x onerror=alert(1)>.csv',
    "'; DROP TABLE source; --.csv",
    "{{ 7 * 7 }}.csv",
    "a\u202egnp.csv",
    "y" * 10_000,
]
FIGURES = 18
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, ids, and whether every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.misnested: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        """Note text that a reader sees."""
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a whole site."""
    out = tmp_path_factory.mktemp("site")
    assert render_site(make_inputs(), run=RUN, out=out) == out / "index.html"
    return out


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    """Give its first page."""
    return Page((folder / "index.html").read_text(encoding="utf-8"))


def heat_of(group: str) -> float:
    """Return the published heat per home of a group [kWh]."""
    return float(make_inputs().demand.frame.filter(dwelling_type=group)["heat_kwh_mean"][0])


def render(tmp_path: Path, *args: object, run: object = RUN, **kwargs: object) -> str:
    """Return the HTML of a site."""
    return render_site(make_inputs(*args, **kwargs), run=run, out=tmp_path).read_text(encoding="utf-8")  # type: ignore[arg-type]


def test_a_site_holds_one_shared_script_and_stays_small(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "plotly.min.js", "site.css", "site.js"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8e6
    assert (folder / "plotly.min.js").read_text(encoding="utf-8")[:200].count("plotly.js v") == 1


def test_a_page_refers_to_nothing_outside_its_folder(folder: Path, page: Page) -> None:
    addresses = [a[name] for _, a in page.elements for name in ("src", "href") if name in a]
    assert addresses
    ids = {a["id"] for _, a in page.elements if "id" in a}
    for address in addresses:
        assert address is not None
        assert address == "data:," or (address[:1] == "#" and address[1:] in ids) or (folder / address).is_file(), (
            address
        )
    for name in ("site.css", "site.js", "index.html"):
        assert not re.search(r"https?://|//[a-z]+\.|@import", (folder / name).read_text(encoding="utf-8")), name


def test_a_page_is_well_formed_and_its_ids_are_unique(page: Page) -> None:
    assert page.misnested == []
    assert page.open == []
    ids = Counter(a["id"] for _, a in page.elements if "id" in a)
    assert [name for name, count in ids.items() if count > 1] == []
    assert page.all("html")[0]["lang"] == "en-GB"
    assert len(page.all("h1")) == 1


def test_every_figure_has_alternative_text_a_caption_and_its_rows(page: Page) -> None:
    assert len(page.all("figure")) == len(page.all("figcaption")) == FIGURES
    charts = [a for a in page.all("div") if "data-chart" in a]
    assert len(charts) == FIGURES
    assert all(a["role"] == "img" and len(a["aria-label"] or "") > 60 for a in charts)
    assert len(page.all("details")) >= FIGURES
    boxes = [a for a in page.all("div") if "scroll" in (a.get("class") or "")]
    assert all(a["tabindex"] == "0" and a["role"] == "region" and a["aria-label"] for a in boxes)
    assert len(page.all("table")) == len(boxes) == len(page.all("caption"))


def test_sample_data_are_labelled_on_the_page_and_at_every_figure(tmp_path: Path, page: Page) -> None:
    words = "".join(page.words)
    assert "Made-up sample data, not EDRP." in words
    assert "hearth sample seed=1" in words
    assert words.count("Made-up sample data, not EDRP.") == 1 + FIGURES
    real = render(tmp_path, run=replace(RUN, origin=None))
    assert "made-up" not in real.lower()
    assert "readings of 2 delivered files" in real


def test_numbers_carry_separators_and_units(page: Page) -> None:
    words = "".join(page.words)
    assert f"{heat_of('all'):,.0f} kWh" in words
    assert re.search(r"£\d+/MWh", words)
    assert "Heat per home and year [kWh/yr]" in words
    assert "Levelised cost of heat [£/MWh]" in words
    assert "GBP/MWh" not in words


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_inert_and_readable(tmp_path: Path, page: Page, hostile: str) -> None:
    inputs = make_inputs(names=[hostile])
    run = replace(RUN, origin=hostile)
    seen = Page(render_site(inputs, run=run, out=tmp_path).read_text(encoding="utf-8"))
    assert Counter(tag for tag, _ in seen.elements)["script"] == len(page.all("script"))
    assert not seen.all("img")
    assert not [a for _, a in seen.elements for name in a if name.startswith("on")]
    words = "".join(seen.words)
    assert hostile[:20].replace("\u202e", "[U+202E]") in words
    assert "\u202e" not in words
    assert max(len(word) for word in words.split()) < 400


def test_json_in_a_page_cannot_end_its_script() -> None:
    assert "<" not in json_in_script({"a": "</script><script>alert(1)</script>\u2028&"})
    assert str(json_in_script("<&>")) == '"\\u003c\\u0026\\u003e"'


def test_a_number_leads_to_its_table_module_and_command(page: Page) -> None:
    words = "".join(page.words)
    assert (
        "hearth sql \"SELECT dwelling_type, households, heat_kwh_mean, heat_kwh_ci_low FROM heat_demand_annual WHERE period = '2009'\""
        in words
    )
    assert (
        f"hearth lcoh --scenario eep2019 --convention best_practice --demand-kwh {heat_of('stock'):.0f} --dwellings 100"
        in words
    )
    assert (
        "table heat_demand_annual, columns dwelling_type, heat_kwh_mean, heat_kwh_ci_low, heat_kwh_ci_high, heat_kwh_weather_normal, heat_kwh_weather_normal_ci_low, heat_kwh_weather_normal_ci_high; computed by transforms/demand.py"
        in words
    )
    for table in (tables.HEAT_HOURLY, tables.HEAT_PROFILE, tables.LCOH):
        assert table.grain in words


def test_every_assumption_stands_on_the_page_and_own_ones_are_marked(folder: Path) -> None:
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert '<span class="tag own">back-solved</span>' in html
    assert '<span class="tag">published</span>' in html
    for name in make_inputs().assumptions.frame.select(pl.format("{}.{}", "item", "parameter")).to_series().unique():
        assert f"<code>{name}</code>" in html, name


def test_the_ledger_names_refused_files_and_whether_lines_add_up(tmp_path: Path) -> None:
    sources = make_sources(["whole.csv", "lost.csv"])
    sources = sources.with_columns(
        readings=pl.col("readings") - pl.when(pl.col("file_name") == "lost.csv").then(3).otherwise(0)
    )
    words = "".join(Page(render(tmp_path, sources=disclosure.publish_ledger(sources))).words)
    assert "refused: column ELECKWH: electricity is not used" in words
    assert words.count("adds up") == 1
    assert "+3 lines" in words


def test_a_run_of_one_home_renders_with_ledger_funnel_and_the_papers_costs(tmp_path: Path) -> None:
    html = render(tmp_path, {"semi_detached": 1}, names=["home.csv"])
    words = "".join(Page(html).words)
    assert words.count("Not shown: rests on fewer than 10 homes.") == 12
    assert "home.csv" in words
    assert "At the demand that Wang 2018 states or implies." in words
    assert words.count("fewer than 10") > 6
    assert "16,520" not in words, "the home's own demand"
    assert len([a for a in Page(html).all("div") if "data-chart" in a]) == 4


def test_a_run_without_a_study_period_renders(tmp_path: Path) -> None:
    nothing = {
        "demand": disclosure.publish_cells(tables.HEAT_DEMAND_ANNUAL, tables.HEAT_DEMAND_ANNUAL.empty()),
        "profile": disclosure.publish_cells(tables.HEAT_PROFILE, tables.HEAT_PROFILE.empty()),
        "funnel": disclosure.publish_funnel(tables.SELECTION_FUNNEL.empty()),
        "sources": disclosure.publish_ledger(tables.SOURCE.empty()),
        "flags": disclosure.publish_flags(tables.FLAG_COUNT.empty(), homes=0),
        "months": disclosure.publish_months(tables.BUILD_MONTH.empty()),
        "checks": disclosure.publish_checks(tables.QUALITY_RESULT.empty()),
        **{
            name: publish_totals(table, table.empty(), homes=0)
            for name, table in (
                ("quantiles", tables.HEAT_DEMAND_QUANTILE),
                ("weather_fit", tables.WEATHER_FIT),
                ("weather_days", tables.WEATHER_DAY),
                ("season", tables.HEAT_PROFILE_SEASON),
                ("judgements", tables.FLAG_JUDGEMENT),
                ("external", tables.EXTERNAL_CHECK),
            )
        },
    }
    page = Page(render(tmp_path, **nothing))
    words = "".join(page.words)
    assert "Not shown: no home has enough readings in twelve months." in words
    assert "No file has been delivered yet." in words
    assert "None" not in words
    assert page.misnested == []


def test_the_latest_period_is_shown_and_the_others_are_listed(tmp_path: Path) -> None:
    both = pl.concat(
        [make_demand(HOMES), make_demand(HOMES, "2008").with_columns(heat_kwh_mean=pl.col("heat_kwh_mean") + 70)]
    )
    demand = disclosure.publish_cells(tables.HEAT_DEMAND_ANNUAL, both, margins=[disclosure.BY_DWELLING_TYPE])
    words = "".join(Page(render(tmp_path, demand=demand)).words)
    assert "Figures show the latest period, 2009. Also in the warehouse: 2008." in words
    latest, earlier = (
        demand.frame.filter(dwelling_type="all", period=period)["heat_kwh_mean"][0] for period in ("2009", "2008")
    )
    assert f"{latest:,.0f} kWh" in words
    assert f"{earlier:,.0f}" in words


def test_a_page_without_a_comparison_says_how_to_get_one(tmp_path: Path, page: Page) -> None:
    assert "external" in {a.get("id") for a in page.all("section")}
    assert "reference_folder" not in "".join(page.words)
    none = publish_totals(tables.EXTERNAL_CHECK, tables.EXTERNAL_CHECK.empty(), homes=100)
    without = Page(render(tmp_path, external=none))
    assert "external" not in {a.get("id") for a in without.all("section")}
    assert "#external" not in {a["href"] for a in without.all("a")}
    assert "Not compared with another study: set reference_folder" in "".join(without.words)


def test_downloads_beside_the_page_are_linked_with_their_size(tmp_path: Path, page: Page) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "public.duckdb").write_bytes(b"x" * 2_400_000)
    files = [Download("downloads/public.duckdb", "every table of this page")]
    seen = Page(render_site(make_inputs(), run=RUN, out=tmp_path, downloads=files).read_text(encoding="utf-8"))
    assert "downloads/public.duckdb" in {a["href"] for a in seen.all("a")}
    assert "public.duckdb (2.4 MB): every table of this page" in "".join(seen.words)
    assert "Download." not in "".join(page.words)


def test_a_download_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    files = [Download("downloads/public.duckdb", "every table of this page")]
    with pytest.raises(
        FileNotFoundError, match=r"1 downloads are not in the site's folder \(e\.g\. downloads/public\.duckdb\)"
    ):
        render_site(make_inputs(), run=RUN, out=tmp_path, downloads=files)
    assert not (tmp_path / "index.html").exists()


def test_words_of_a_foreign_study_are_inert_and_readable(tmp_path: Path, page: Page) -> None:
    hostile = pl.lit("</script><img src=x onerror=alert(1)>")
    inputs = make_inputs()
    frame = inputs.external.frame.with_columns(
        study=hostile, quantity=hostile + pl.col("quantity"), explanation=hostile
    )
    seen = Page(render(tmp_path, external=replace(inputs.external, frame=frame)))
    assert not seen.all("img")
    assert Counter(tag for tag, _ in seen.elements)["script"] == len(page.all("script"))
    assert "</script><img src=x onerror=alert(1)>" in "".join(seen.words)


def test_every_choice_has_its_sentence_and_its_traces(folder: Path, page: Page) -> None:
    charts = {a["id"] for a in page.all("select")}
    assert charts == {
        f"{name}-choice"
        for name in (
            "weather-fit",
            "season-months",
            "season-week",
            "season-temperature",
            "external-levels",
            "external-shapes",
        )
    }
    offered = [a["value"] for a in page.all("option")]
    assert sorted(offered, key=str) == sorted((a["data-says"] for a in page.all("p") if "data-says" in a), key=str)
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'"meta":\{"choice":"([^"]+)"', html)) == set(offered)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_contrast_meets_wcag_aa(folder: Path, scheme: str) -> None:
    css = (folder / "site.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0]))
    if scheme == "dark":
        tokens |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1]))
    pairs = [
        ("ink", "page"),
        ("muted", "page"),
        ("link", "page"),
        ("ink", "raised"),
        ("muted", "raised"),
        ("warn-ink", "warn-page"),
        ("own-ink", "own-page"),
    ]
    for text, ground in pairs:
        assert contrast(tokens[text], tokens[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a hex colour (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
