"""Figures of what the cost model says beyond one number per system: each with rows, without its table, with none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from reports import palette, text
from reports.figures.choice import draw_abatement, draw_break_evens, draw_finance, draw_performance, draw_probability
from reports.figures.claims import claims_lead, draw_claims
from reports.figures.diversity import draw_diversity
from reports.figures.exhibit import Exhibit
from reports.figures.ranges import draw_distribution
from reports.figures.sensitivity import draw_sensitivity, draw_sobol
from reports.inputs import OPTIONAL, RunInfo, SiteInputs
from reports.pages import PAGES, sections
from reports.site import render_site
from tests.example_analyses import FRAMES, HOSTILE, make_analyses, published
from tests.example_site import RUN, chart_of, make_inputs

ELSEWHERE = {
    "cost_quantiles",
    "gate_run",
    "demand_change",
    "table_change",
}  # drawn beside others, or tested with the gate
Draw = Callable[[SiteInputs, RunInfo], list[Exhibit]]
DRAWN: list[tuple[Draw, str, str]] = [
    (draw_sensitivity, "sensitivity", "sensitivity-factors"), (draw_claims, "claims", "claims-table"),
    (draw_diversity, "diversity", "diversity-peak"), (draw_probability, "probability", "cheapest"),
    (draw_break_evens, "break_even", "break-even"), (draw_sobol, "sobol", "sobol"), (draw_performance, "performance", "performance"),
    (draw_abatement, "abatement", "abatement"), (draw_finance, "finance", "finance"), (draw_distribution, "distribution", "cost-of-homes"),
]  # fmt: skip


@pytest.fixture(scope="module")
def inputs() -> SiteInputs:
    """Give a site with a few rows of every analysis."""
    return make_analyses()


def test_every_optional_table_is_drawn_by_something() -> None:
    assert sorted(name for _, name, _ in DRAWN) == sorted(set(OPTIONAL) - ELSEWHERE) == sorted(FRAMES)


@pytest.mark.parametrize(("draw", "name", "key"), DRAWN)
def test_an_analysis_says_what_it_shows_and_where_its_rows_come_from(
    draw: Draw, name: str, key: str, inputs: SiteInputs
) -> None:
    exhibit = draw(inputs, RUN)[0]
    assert exhibit.key == key
    assert len(exhibit.alternative) > 35
    assert len(exhibit.shows) > 40
    assert exhibit.tables[0].rows
    assert exhibit.provenance["Run"] == RUN.run_id
    assert f"table {FRAMES[name][0].name}, columns " in exhibit.provenance["Trace"]


@pytest.mark.parametrize(("draw", "name", "key"), DRAWN)
def test_an_analysis_without_a_table_or_without_rows_is_absent(
    draw: Draw, name: str, key: str, inputs: SiteInputs
) -> None:
    del key
    for given in (None, published(FRAMES[name][0], [])):
        assert draw(replace(inputs, **{name: given}), RUN) == []


def test_a_site_without_analyses_has_none_of_their_sections(inputs: SiteInputs) -> None:
    own = {"together", "cheapest-system", "one-by-one", "all-at-once", "statements"}
    without, every = (
        {section.key for page in PAGES for section in sections(page, given, RUN)} for given in (make_inputs(), inputs)
    )
    assert not own & without
    assert own < every


def test_a_table_of_an_analysis_needs_the_module_that_computes_it(inputs: SiteInputs) -> None:
    with pytest.raises(ValueError, match="which module computes claim"):
        replace(inputs, computed_by={k: v for k, v in inputs.computed_by.items() if k != "claim"})
    with pytest.raises(TypeError, match="claims did not pass disclosure control"):
        replace(inputs, claims=pl.DataFrame())


def test_curves_pass_through_the_papers_published_points(inputs: SiteInputs) -> None:
    factors, rates = draw_sensitivity(inputs, RUN)
    demand, of_demand, capital, of_capital, *_ = chart_of(factors).data
    assert list(demand.x) == [-50, 0, 50]
    assert list(demand.y) == pytest.approx([35, 0, -11])
    assert (list(of_demand.x), list(of_demand.y)) == ([-50], [35])
    assert dict(zip(of_capital.x, of_capital.y, strict=True)) == {50: 15, -50: -15}
    assert capital.line.dash != demand.line.dash
    *_, of_spf = chart_of(rates).data
    assert (list(of_spf.x), list(of_spf.y), of_spf.marker.symbol) == ([10], [-25], ("triangle-down",))
    assert factors.provenance["Scenario"] == RUN.paper_scenario
    assert "Diamonds" not in draw_sensitivity(replace(inputs, claims=None), RUN)[0].shows


def test_statements_are_counted_for_each_basis_and_never_across(inputs: SiteInputs) -> None:
    lead = claims_lead(inputs)
    assert re.findall(r"(\d+) of (\d+)", lead) == [("3", "3"), ("0", "1"), ("0", "0")]
    assert "about the readings (1 not judged)" in lead


def test_a_statement_shows_its_verdict_and_its_reason(inputs: SiteInputs) -> None:
    (table,) = draw_claims(inputs, RUN)[0].tables
    rows = {row[5]: row for row in table.rows}
    assert rows["independent"][1:5] == ("holds", text.NOTHING, "does not hold", "")
    assert rows["independent"][7:9] == ("no", "why not")
    assert rows["sample"][1:4] == ("about 18,900", "2.00", text.NOTHING)
    assert rows["sample"][7] == "not judged"


def test_shares_are_those_among_individual_systems(inputs: SiteInputs) -> None:
    gas, ashp = chart_of(draw_probability(inputs, RUN)[0]).data
    assert dict(zip(gas.y, gas.x, strict=True)) == {"Detached": 100, "Flat": 60}
    assert dict(zip(ashp.y, ashp.x, strict=True)) == {"Flat": 40}


def test_a_break_even_that_is_not_reached_says_so(inputs: SiteInputs) -> None:
    (table,) = draw_break_evens(inputs, RUN)[0].tables
    assert table.rows[0][2:6] == ("Carbon price", "£/t", "14.0", "312")
    assert table.rows[1][5] == "not reached"


def test_indices_are_drawn_for_a_heat_pump_and_the_smallest_network_largest_first(inputs: SiteInputs) -> None:
    total, alone, network, _ = chart_of(draw_sobol(inputs, RUN)[0]).data
    assert (list(total.x), list(total.y)) == ([60, 30], ["Heat demand", "Capital"])
    assert list(alone.x) == pytest.approx([50, 20])
    assert list(total.error_x.array) == pytest.approx([3, 3])
    assert list(total.error_x.arrayminus) == pytest.approx([2, 2])
    assert list(network.x) == [40]


def test_money_is_shown_in_its_unit(inputs: SiteInputs) -> None:
    assert draw_abatement(inputs, RUN)[0].tables[0].rows[0][5:7] == ("1,234", "287")
    assert draw_finance(inputs, RUN)[0].tables[0].rows[0][3:5] == ("90.0", "-4,321")


def test_analyses_at_the_papers_demand_rest_on_no_home(inputs: SiteInputs) -> None:
    table, rows = FRAMES["probability"]
    at_paper = replace(inputs, probability=published(table, [{**row, "period": "paper"} for row in rows]))
    exhibit = draw_probability(at_paper, RUN)[0]
    assert not exhibit.rests_on_homes
    assert exhibit.provenance["Homes"] == "none: demand as published"
    assert draw_probability(inputs, RUN)[0].rests_on_homes


def test_the_site_holds_every_analysis_and_hostile_words_are_inert(inputs: SiteInputs, tmp_path: Path) -> None:
    render_site(inputs, run=RUN, out=tmp_path)
    site = "".join(page.read_text(encoding="utf-8") for page in tmp_path.glob("*.html"))
    assert HOSTILE not in site
    assert "&lt;script&gt;alert(1)" in site
    for _, _, key in DRAWN:
        assert site.count(f'<figure id="{key}"') == 1


def test_colours_of_analyses_have_dark_counterparts(inputs: SiteInputs) -> None:
    known = palette.dark_of_light()
    charts = [exhibit.chart for draw, _, _ in DRAWN for exhibit in draw(inputs, RUN) if exhibit.chart is not None]
    used = {colour for chart in charts for colour in re.findall(r"#[0-9a-f]{6}", str(chart.to_json()))}
    assert len(charts) == 6
    assert used
    assert used <= set(known)
