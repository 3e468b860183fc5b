"""The site as files: self-contained, inert whatever the names, readable without its scripts."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from quality.disclosure.accounts import publish_ledger
from reports import tracing
from reports.pages import PAGES, SUMMARY
from reports.site import ASSETS, json_in_script
from tests.example_site import RUN, make_inputs, make_sources
from tests.site_pages import Page, read_pages, render, words_of
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_HOURLY, HEAT_PROFILE

HOSTILE = [
    "<script>alert(1)</script>.csv",
    '"><img src=x onerror=alert(1)>.csv',
    "'; DROP TABLE source; --.csv",
    "{{ 7 * 7 }}.csv",
    "a\u202egnp.csv",
    "y" * 10_000,
]
CHARTS = 39


@pytest.fixture(scope="module")
def pages(whole_site: Path) -> dict[str, Page]:
    """Give its pages by name."""
    return read_pages(whole_site)


def heat_of(group: str) -> float:
    """Return the published heat per home of a group [kWh]."""
    return float(make_inputs()[HEAT_DEMAND_ANNUAL].frame.filter(dwelling_type=group)["heat_kwh_mean"][0])


def test_a_site_holds_its_pages_and_what_they_share(whole_site: Path) -> None:
    expected = {page.file for page in (*PAGES, SUMMARY)} | {"plotly.min.js", "figures", *ASSETS}
    assert {path.name for path in whole_site.iterdir()} == expected
    assert sum(path.stat().st_size for path in whole_site.rglob("*") if path.is_file()) < 25e6
    assert (whole_site / "plotly.min.js").read_text(encoding="utf-8")[:200].count("plotly.js v") == 1


def test_pages_refer_to_nothing_outside_their_folder_and_every_anchor_exists(
    whole_site: Path, pages: dict[str, Page]
) -> None:
    ids = {name: {a["id"] for _, a in page.elements if "id" in a} for name, page in pages.items()}
    for name, page in pages.items():
        addresses = [str(a[key]) for _, a in page.elements for key in ("src", "href") if key in a]
        assert addresses
        for address in addresses:
            file, _, anchor = address.partition("#")
            assert address == "data:," or not file or (whole_site / file).is_file(), address
            assert not anchor or anchor in ids[Path(file).stem if file else name], address
    for path in (*whole_site.glob("*.html"), *whole_site.glob("*.css"), whole_site / "site.js"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/1998/Math/MathML", "")
        assert not re.search(r"https?://|[\"'(]//[a-z]+\.|@import", text), path.name


def test_pages_are_well_formed_and_their_ids_are_unique(pages: dict[str, Page]) -> None:
    for page in pages.values():
        assert page.misnested == []
        assert page.open == []
        ids = Counter(a["id"] for _, a in page.elements if "id" in a)
        assert [name for name, count in ids.items() if count > 1] == []
        assert page.all("html")[0]["lang"] == "en-GB"
        assert len(page.all("h1")) == 1


def test_every_figure_has_alternative_text_a_caption_its_rows_and_its_data(
    whole_site: Path, pages: dict[str, Page]
) -> None:
    everything = [element for page in pages.values() for element in page.elements]
    figures = [str(a["id"]) for tag, a in everything if tag == "figure"]
    charts = [a for _, a in everything if "data-chart" in a]
    assert len(charts) == CHARTS
    assert all(a["role"] == "img" and len(a["aria-label"] or "") > 60 for a in charts)
    assert len([tag for tag, _ in everything if tag == "figcaption"]) == len(figures) > CHARTS
    for key in figures:
        header, *rows = (whole_site / "figures" / f"{key}.csv").read_text(encoding="utf-8").splitlines()
        assert "run_id" in header, key
        assert rows, key
    assert len([a for _, a in everything if "data-image" in a and a["data-source"]]) == 2 * CHARTS
    boxes = [a for tag, a in everything if tag == "div" and "scroll" in (a.get("class") or "").split()]
    assert all(a["tabindex"] == "0" and a["role"] == "region" and a["aria-label"] for a in boxes)


def test_each_figure_has_its_link_and_citation_and_each_page_its_preview(
    whole_site: Path, pages: dict[str, Page]
) -> None:
    drawn = 0
    for name, page in pages.items():
        tags = {tag.get("property") or tag.get("name"): tag["content"] for tag in page.all("meta") if "content" in tag}
        assert tags["description"] == tags["og:description"], name
        assert len(str(tags["og:description"])) > 30, name
        assert words_of(page).count(str(tags["og:title"]).split(",")[0]) > 0, name
        html = (whole_site / f"{name}.html").read_text(encoding="utf-8")
        for key, figure in re.findall(r'<figure id="([\w-]+)">(.*?)</figure>', html, re.DOTALL):
            drawn += 'class="chart"' in figure
            if 'class="take"' in figure:
                assert f'<a href="#{key}">Link' in figure, key
            assert re.search(rf"Cite: Hearth \({RUN.published_at_utc.year}\): .+ figure {key}\.", figure), key
    assert drawn == CHARTS


def test_data_of_a_figure_have_full_precision_and_never_start_a_formula(whole_site: Path) -> None:
    costs = pl.read_csv(whole_site / "figures" / "cost-individual.csv")
    own = make_inputs().costs(RUN, ["gas_boiler"]).filter(dwelling_type="flat")["lcoh_gbp_per_mwh"].item()
    assert own in costs.filter(dwelling_type="flat", system="gas_boiler")["lcoh_gbp_per_mwh"].to_list()
    assert costs["made_up_by"].unique().to_list() == [RUN.origin]
    notes = pl.read_csv(whole_site / "figures" / "break-even.csv")["note"].drop_nulls().unique().to_list()
    assert notes == ["'=no grant <of any size> is enough"]
    for path in (whole_site / "figures").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert [c for c in cells if c[:1] in set("=+-@\t\r") and not re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", c)] == []


def test_sample_data_are_labelled_on_every_page_and_at_every_figure(tmp_path: Path, pages: dict[str, Page]) -> None:
    for page in pages.values():
        assert words_of(page).count("These homes were generated by hearth sample seed=1") == 1
    demand = pages["demand"]
    assert words_of(demand).count("Made-up sample data, not EDRP.") == 1 + len(demand.all("figure"))
    sources = [str(a["data-source"]) for a in demand.all("button")]
    assert sources
    assert all(source.endswith("Made-up sample data, not EDRP.") for source in sources)
    real = render(tmp_path, run=replace(RUN, origin=None))
    assert "made-up" not in words_of(*(page for name, page in real.items() if name != "method")).lower()
    assert "readings of 2 delivered files" in words_of(real["demand"])


def test_numbers_carry_separators_and_units(pages: dict[str, Page]) -> None:
    assert f"{heat_of('all'):,.0f} kWh in 2009." in words_of(pages["index"])
    assert re.search(r"Cheapest to society: an? .*, £\d+ per MWh; to the household: ", words_of(pages["index"]))
    assert "Heat per home and year [kWh/yr]" in words_of(pages["demand"])
    assert "Levelised cost of heat [£/MWh]" in words_of(pages["individual"])
    assert "GBP/MWh" not in words_of(pages["individual"], pages["networks"])


def test_hostile_names_are_inert_and_readable(tmp_path: Path) -> None:
    run = replace(RUN, origin=HOSTILE[0], run_id=HOSTILE[1])
    seen = render(tmp_path, names=HOSTILE, run=run)
    expected = render(tmp_path / "plain", names=["a.csv"] * len(HOSTILE))
    for name, page in seen.items():
        assert (
            Counter(tag for tag, _ in page.elements) - Counter(tag for tag, _ in expected[name].elements) == Counter()
        )
        assert not page.all("img")
        assert not [a for _, a in page.elements for key in a if key.startswith("on")]
        words = words_of(page)
        assert "\u202e" not in words
        assert max(len(word) for word in words.split()) < 400
    words = words_of(seen["quality"])
    for hostile in HOSTILE:
        assert hostile[:20].replace("\u202e", "[U+202E]") in words


def test_json_in_a_page_cannot_end_its_script() -> None:
    assert "<" not in json_in_script({"a": "</script><script>alert(1)</script>\u2028&"})
    assert str(json_in_script("<&>")) == '"\\u003c\\u0026\\u003e"'


def test_a_number_leads_to_its_table_module_and_query(pages: dict[str, Page]) -> None:
    words = words_of(pages["method"])
    assert (
        "SELECT dwelling_type, households, heat_kwh_mean, heat_kwh_ci_low FROM heat_demand_annual WHERE period = '2009';"
        in words
    )
    assert (
        f"table heat_demand_annual, columns dwelling_type, heat_kwh_mean, heat_kwh_ci_low, heat_kwh_ci_high, heat_kwh_weather_normal, heat_kwh_weather_normal_ci_low, heat_kwh_weather_normal_ci_high; computed by {HEAT_DEMAND_ANNUAL.module}"
        in words_of(pages["demand"])
    )
    for table in (HEAT_HOURLY, HEAT_PROFILE, LCOH):
        assert table.grain in words


def test_the_worked_example_runs_on_what_is_published(pages: dict[str, Page]) -> None:
    published = make_inputs()
    queries = tracing.examples(published, RUN)
    for example in queries:
        (table,) = re.findall(r"FROM (\w+) WHERE", example.query)
        frame = published.tables[table].frame
        chosen = re.findall(r"SELECT (.*) FROM", example.query)[0].split(", ")
        assert set(chosen) <= set(frame.columns), example.query
        assert frame.sql(example.query.rstrip(";"), table_name=table).columns == chosen
    assert "hearth sql" not in words_of(pages["method"])


def test_no_page_gives_commands_for_operators(pages: dict[str, Page]) -> None:
    operators = re.compile(r"hearth (run|up|status|backfill|sql|doctor|trace|config|report|withdraw|forget|rollback)\b")
    assert {
        key: operators.findall(words_of(page)) for key, page in pages.items() if operators.search(words_of(page))
    } == {}


def test_every_assumption_stands_on_the_page_and_own_ones_are_marked(whole_site: Path) -> None:
    html = (whole_site / "method.html").read_text(encoding="utf-8")
    assert '<span class="tag own">back-solved</span>' in html
    assert '<span class="tag">published</span>' in html
    for name in make_inputs()[ASSUMPTION].frame.select(pl.format("{}.{}", "item", "parameter")).to_series().unique():
        assert f"<code>{name}</code>" in html, name


def test_the_ledger_names_refused_files_and_whether_lines_add_up(tmp_path: Path) -> None:
    sources = make_sources(["whole.csv", "lost.csv"])
    sources = sources.with_columns(
        readings=pl.col("readings") - pl.when(pl.col("file_name") == "lost.csv").then(3).otherwise(0)
    )
    words = words_of(render(tmp_path, None, publish_ledger(sources))["quality"])
    assert "refused: of no format that is read here" in words
    assert "ELECKWH" not in words, "no word of the file"
    assert words.count("adds up") == 1
    assert words.count("does not add up") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_contrast_meets_wcag_aa(whole_site: Path, scheme: str) -> None:
    css = (whole_site / "site.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root[^{]*\{(.*?)\}", css, re.DOTALL)
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
