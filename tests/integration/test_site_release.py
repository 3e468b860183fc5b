"""What a site says of the release that it shows: gaps, periods, changes, columns, method, downloads."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from pathlib import Path

import polars as pl
import pytest

from quality.disclosure.accounts import publish_checks, publish_flags, publish_funnel, publish_ledger, publish_months
from quality.disclosure.cells import publish_cells
from quality.disclosure.rule import BY_DWELLING_TYPE
from reports.changes import changes
from reports.inputs import Download
from reports.method import method_text, render_method
from reports.site import render_site
from tests.example_release import publish_rows, table_changes
from tests.example_site import HOMES, RUN, make_demand, make_inputs, publish_totals
from tests.site_pages import Page, read_pages, render, words_of
from transforms.public.public import PUBLIC_TABLES
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON, SELECTION_FUNNEL
from transforms.tables.lineage import BUILD_MONTH, FLAG_COUNT, FLAG_JUDGEMENT, QUALITY_RESULT, SOURCE
from transforms.tables.published import EXTERNAL_CHECK, HEAT_DEMAND_QUANTILE, TABLE_CHANGE
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT


@pytest.fixture(scope="module")
def pages(whole_site: Path) -> dict[str, Page]:
    """Give the pages of a whole site by name."""
    return read_pages(whole_site)


def test_a_run_of_one_home_renders_with_ledger_funnel_and_the_papers_costs(tmp_path: Path) -> None:
    pages = render(tmp_path, {"semi_detached": 1}, names=["home.csv"])
    assert words_of(pages["demand"]).count("Not shown: rests on fewer than 10 homes.") == len(
        pages["demand"].all("figure")
    )
    assert words_of(pages["index"]).count("Not shown: rests on fewer than 10 homes.") == 1
    assert "home.csv" in words_of(pages["quality"])
    assert "a year, published by Wang 2018." in words_of(pages["index"])
    assert "16,520" not in words_of(*pages.values()), "the home's own demand"
    assert not [a for a in pages["demand"].all("div") if "data-chart" in a]
    assert [a for a in pages["networks"].all("div") if "data-chart" in a]


def test_a_run_without_a_study_period_renders(tmp_path: Path) -> None:
    nothing = [
        publish_cells(HEAT_DEMAND_ANNUAL, HEAT_DEMAND_ANNUAL.empty()),
        publish_cells(HEAT_PROFILE, HEAT_PROFILE.empty()),
        publish_funnel(SELECTION_FUNNEL.empty()),
        publish_ledger(SOURCE.empty()),
        publish_flags(FLAG_COUNT.empty(), homes=0, half_hours=0),
        publish_months(BUILD_MONTH.empty()),
        publish_checks(QUALITY_RESULT.empty()),
        *(
            publish_totals(table, table.empty(), homes=0)
            for table in (
                HEAT_DEMAND_QUANTILE, WEATHER_FIT, WEATHER_DAY, HEAT_PROFILE_SEASON, FLAG_JUDGEMENT, EXTERNAL_CHECK,
            )
        ),
    ]  # fmt: skip
    pages = render(tmp_path, None, *nothing)
    assert "Not shown: no home has enough readings in twelve months." in words_of(pages["demand"])
    assert "No file has been delivered yet." in words_of(pages["quality"])
    for page in pages.values():
        assert "None" not in words_of(page)
        assert page.misnested == []


def test_the_latest_period_is_shown_and_the_others_are_listed(tmp_path: Path) -> None:
    both = pl.concat(
        [make_demand(HOMES), make_demand(HOMES, "2008").with_columns(heat_kwh_mean=pl.col("heat_kwh_mean") + 70)]
    )
    demand = publish_cells(HEAT_DEMAND_ANNUAL, both, margins=[BY_DWELLING_TYPE])
    words = words_of(render(tmp_path, None, demand)["demand"])
    assert "Figures show the latest period, 2009. Also in the warehouse: 2008." in words
    latest, earlier = (
        demand.frame.filter(dwelling_type="all", period=period)["heat_kwh_mean"][0] for period in ("2009", "2008")
    )
    assert f"{latest:,.0f}" in words
    assert f"{earlier:,.0f}" in words


def test_a_page_without_a_comparison_says_how_to_get_one(tmp_path: Path, pages: dict[str, Page]) -> None:
    assert "external" in {a.get("id") for a in pages["quality"].all("section")}
    assert "set reference_folder" not in words_of(pages["quality"])
    none = publish_totals(EXTERNAL_CHECK, EXTERNAL_CHECK.empty(), homes=100)
    without = render(tmp_path, None, none)["quality"]
    assert "external" not in {a.get("id") for a in without.all("section")}
    assert "#external" not in {a["href"] for a in without.all("a")}
    assert "This release was not compared with another study." in words_of(without)


def test_a_release_without_an_analysis_keeps_its_page_and_says_so(tmp_path: Path) -> None:
    pages = render(tmp_path)
    for name in ("claims", "sensitivity"):
        assert "This release has nothing to show here." in words_of(pages[name])
    assert "figures/claims-table.csv" not in {a.get("href") for a in pages["claims"].all("a")}


MEASURED_BY_OTHERS = r"field trials(?: in the UK)? measured|studies that measured gas|Measured or estimated"
COLUMNS = r"\w*_measured\w*|\bmeasured_\w+"


def test_on_sample_data_nothing_of_the_run_is_called_measured(whole_site: Path) -> None:
    assert RUN.origin is not None
    read = 0
    for path in whole_site.glob("*.html"):
        if path.stem in {"method", "dictionary"}:  # the method as such, and what columns mean
            continue
        html = re.sub(r'<section id="checks">.*?</section>', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        html = re.sub(f"{MEASURED_BY_OTHERS}|{COLUMNS}", "", html)
        assert re.findall(r".{0,40}\bmeasured\b.{0,40}", html, re.IGNORECASE) == [], path.name
        read += 1
    assert read > 9


def test_what_changed_is_said_in_words(tmp_path: Path, pages: dict[str, Page]) -> None:
    words = words_of(pages["index"])
    assert (
        "1 of 2 published tables changed. Heat per home in 2009 went from 15,000 kWh to 15,300 kWh (+2.0 %)." in words
    )
    assert "dwelling_type=flat, period=2009: heat_kwh_mean" in words
    assert changes(make_inputs()).says == "This is the first release: there is nothing to compare it with."
    same = publish_rows(TABLE_CHANGE, table_changes(changed=0))
    assert changes(make_inputs(None, same)).says.startswith("Nothing changed:")
    first = render(tmp_path)
    for name in ("index", "downloads"):
        assert "This is the first release" in words_of(first[name])


def test_every_published_column_stands_in_the_dictionary_with_its_unit_and_meaning(whole_site: Path) -> None:
    html = (whole_site / "dictionary.html").read_text(encoding="utf-8")
    for name, table in PUBLIC_TABLES.items():
        section = html.split(f'<section id="table-{name}">')[1].split("</section>")[0]
        for column in table.columns:
            row = section.split(f'<th scope="row"><code>{column.name}</code>')[1].split("</tr>")[0]
            assert escape(column.meaning, quote=False) in row.replace("&#39;", "'").replace("&#34;", '"').replace(
                "\N{NO-BREAK SPACE}%", " %"
            ), (
                name,
                column.name,
            )
            assert column.unit in {"", "1"} or f"<td>{column.unit}</td>" in row, (name, column.name)


def test_every_formula_of_the_method_becomes_mathml(pages: dict[str, Page]) -> None:
    text = method_text()
    assert "$$" in text
    body = str(render_method(text).body)
    assert 'class="tex"' not in body
    assert "$" not in re.sub(r"<(code|pre|annotation)[^>]*>.*?</\1>", "", body, flags=re.DOTALL)
    assert len(pages["method"].all("math")) > 40
    assert 'class="tex"' in str(render_method("a $\\left( x$ b").body)
    assert "&lt;script&gt;" in str(render_method("a <script>alert(1)</script>").body)


def test_downloads_are_linked_with_size_rows_and_checksum(tmp_path: Path, pages: dict[str, Page]) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "public.duckdb").write_bytes(b"x" * 2_400_000)
    (tmp_path / "downloads" / "lcoh.csv").write_bytes(b"x" * 2_400)
    files = [
        Download("downloads/public.duckdb", "every table of these pages", sha256="ab" * 32),
        Download("downloads/lcoh.csv", "levelised cost of heat", "lcoh", rows=1234),
    ]
    render_site(make_inputs(), run=RUN, out=tmp_path, downloads=files)
    seen = read_pages(tmp_path)
    for name in ("index", "downloads"):
        assert "downloads/public.duckdb" in {a.get("href") for a in seen[name].all("a")}
    assert "public.duckdb (2.4 MB): every table of these pages" in words_of(seen["index"])
    words = words_of(seen["downloads"])
    assert "1,234" in words
    assert "lcoh.csv (2.4 kB)" in words
    assert f"{'ab' * 32}  downloads/public.duckdb" in words
    assert "dictionary.html#table-lcoh" in {a.get("href") for a in seen["downloads"].all("a")}
    assert "No file lies beside these pages." in words_of(pages["downloads"])


def test_a_download_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    files = [Download("downloads/public.duckdb", "every table of this page")]
    with pytest.raises(
        FileNotFoundError, match=r"1 downloads are not in the site's folder \(e\.g\. downloads/public\.duckdb\)"
    ):
        render_site(make_inputs(), run=RUN, out=tmp_path, downloads=files)
    assert not (tmp_path / "index.html").exists()


def test_words_of_a_foreign_study_are_inert_and_readable(tmp_path: Path, pages: dict[str, Page]) -> None:
    hostile = pl.lit("</script><img src=x onerror=alert(1)>")
    inputs = make_inputs()
    frame = inputs[EXTERNAL_CHECK].frame.with_columns(
        study=hostile, quantity=hostile + pl.col("quantity"), explanation=hostile
    )
    seen = render(tmp_path, None, replace(inputs[EXTERNAL_CHECK], frame=frame))["quality"]
    assert not seen.all("img")
    assert len(seen.all("script")) <= len(pages["quality"].all("script"))
    assert "</script><img src=x onerror=alert(1)>" in words_of(seen)


def test_every_choice_has_its_sentence_and_its_traces(whole_site: Path, pages: dict[str, Page]) -> None:
    for name in ("demand", "quality"):
        offered = [str(a["value"]) for a in pages[name].all("option")]
        assert len(offered) >= 4
        assert sorted(offered) == sorted(str(a["data-says"]) for a in pages[name].all("p") if "data-says" in a)
        html = (whole_site / f"{name}.html").read_text(encoding="utf-8")
        assert set(re.findall(r'"meta":\{"choice":"([^"]+)"', html)) == set(offered)
