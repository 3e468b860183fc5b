"""Figures of what the cost model says beyond one number per system: each with rows, without its table, with none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reports import palette, text
from reports.figures.break_even_map import draw_cheapest_map
from reports.figures.choice import draw_abatement, draw_break_evens, draw_finance, draw_performance, draw_probability
from reports.figures.claims import claims_lead, draw_claims
from reports.figures.diversity import draw_diversity
from reports.figures.electric import draw_electric_day, draw_electric_peak, draw_hybrids, draw_retrofit, draw_tariff
from reports.figures.exhibit import Exhibit
from reports.figures.ranges import draw_distribution
from reports.figures.sensitivity import draw_sensitivity, draw_sobol
from reports.inputs import Published, RunInfo
from reports.pages import PAGES, sections
from reports.site import render_site
from tests.example_analyses import FRAMES, HOSTILE, make_analyses, published
from tests.example_site import RUN, chart_of, make_inputs, with_tables, without
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CHEAPEST_MAP,
    CLAIM,
    DIVERSITY,
    LCOH_DISTRIBUTION,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.electric import (
    HEAT_PUMP_HOURLY,
    HEAT_PUMP_PEAK,
    HEAT_PUMP_TARIFF,
    HYBRID_HEAT_PUMP,
    RETROFIT,
)
from transforms.tables.schema import Table

Draw = Callable[[Published, RunInfo], list[Exhibit]]
DRAWN: list[tuple[Draw, Table, str]] = [
    (draw_sensitivity, LCOH_SENSITIVITY, "sensitivity-factors"), (draw_claims, CLAIM, "claims-table"),
    (draw_diversity, DIVERSITY, "diversity-peak"), (draw_probability, LCOH_PROBABILITY, "cheapest"),
    (draw_break_evens, BREAK_EVEN, "break-even"), (draw_sobol, LCOH_SOBOL, "sobol"), (draw_performance, SEASONAL_PERFORMANCE, "performance"),
    (draw_abatement, ABATEMENT, "abatement"), (draw_finance, NETWORK_FINANCE, "finance"), (draw_distribution, LCOH_DISTRIBUTION, "cost-of-homes"),
    (draw_electric_peak, HEAT_PUMP_PEAK, "heat-pump-peak"), (draw_electric_day, HEAT_PUMP_HOURLY, "heat-pump-day"),
    (draw_cheapest_map, CHEAPEST_MAP, "cheapest-map"), (draw_hybrids, HYBRID_HEAT_PUMP, "hybrids"), (draw_retrofit, RETROFIT, "retrofit"), (draw_tariff, HEAT_PUMP_TARIFF, "heat-pump-tariff"),
]  # fmt: skip


@pytest.fixture(scope="module")
def inputs() -> Published:
    """Give a site with a few rows of every analysis."""
    return make_analyses()


def test_every_analysis_of_the_example_is_drawn_by_something() -> None:
    assert sorted(table.name for _, table, _ in DRAWN) == sorted(table.name for table, _ in FRAMES)


@pytest.mark.parametrize(("draw", "table", "key"), DRAWN)
def test_an_analysis_says_what_it_shows_and_where_its_rows_come_from(
    draw: Draw, table: Table, key: str, inputs: Published
) -> None:
    exhibit = draw(inputs, RUN)[0]
    assert exhibit.key == key
    assert len(exhibit.alternative) > 35
    assert len(exhibit.shows) > 40
    assert exhibit.tables[0].rows
    assert exhibit.provenance["Run"] == RUN.run_id
    assert f"table {table.name}, columns " in exhibit.provenance["Trace"]


@pytest.mark.parametrize(("draw", "table", "key"), DRAWN)
def test_an_analysis_without_rows_is_absent(draw: Draw, table: Table, key: str, inputs: Published) -> None:
    del key
    assert draw(without(inputs, table), RUN) == []


def test_a_site_without_analyses_has_none_of_their_sections(inputs: Published) -> None:
    own = {"together", "cheapest-system", "one-by-one", "all-at-once", "statements"}
    bare, every = (
        {section.key for page in PAGES for section in sections(page, given, RUN)} for given in (make_inputs(), inputs)
    )
    assert not own & bare
    assert own < every


def test_curves_pass_through_the_papers_published_points(inputs: Published) -> None:
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
    assert "Diamonds" not in draw_sensitivity(without(inputs, CLAIM), RUN)[0].shows


def test_statements_are_counted_for_each_basis_and_never_across(inputs: Published) -> None:
    lead = claims_lead(inputs)
    assert re.findall(r"(\d+) of (\d+)", lead) == [("3", "3"), ("0", "1"), ("0", "0")]
    assert "about the readings (1 not judged)" in lead


def test_a_statement_shows_its_verdict_and_its_reason(inputs: Published) -> None:
    (table,) = draw_claims(inputs, RUN)[0].tables
    rows = {row[5]: row for row in table.rows}
    assert rows["rests on nothing fitted"][1:5] == ("holds", text.NOTHING, "does not hold", "")
    assert rows["rests on nothing fitted"][7:9] == ("no", "why not")
    assert rows["readings"][1:4] == ("about 18,900", "2.00", text.NOTHING)
    assert rows["readings"][7] == "not judged"


def test_shares_are_those_among_individual_systems(inputs: Published) -> None:
    gas, ashp = chart_of(draw_probability(inputs, RUN)[0]).data
    assert dict(zip(gas.y, gas.x, strict=True)) == {"Detached": 100, "Flat": 60}
    assert dict(zip(ashp.y, ashp.x, strict=True)) == {"Flat": 40}


def test_a_break_even_that_is_not_reached_says_so(inputs: Published) -> None:
    (table,) = draw_break_evens(inputs, RUN)[0].tables
    assert table.rows[0][2:6] == ("Carbon price", "£/t", "14.0", "312")
    assert table.rows[1][5] == "not reached"


def test_indices_are_drawn_for_a_heat_pump_and_the_smallest_network_largest_first(inputs: Published) -> None:
    total, alone, network, _ = chart_of(draw_sobol(inputs, RUN)[0]).data
    assert (list(total.x), list(total.y)) == ([60, 30], ["Heat demand", "Capital"])
    assert list(alone.x) == pytest.approx([50, 20])
    assert list(total.error_x.array) == pytest.approx([3, 3])
    assert list(total.error_x.arrayminus) == pytest.approx([2, 2])
    assert list(network.x) == [40]


def test_money_is_shown_in_its_unit(inputs: Published) -> None:
    assert draw_abatement(inputs, RUN)[0].tables[0].rows[0][5:7] == ("1,234", "287")
    assert draw_finance(inputs, RUN)[0].tables[0].rows[0][3:5] == ("90.0", "\N{MINUS SIGN}4,321")


def test_analyses_at_the_papers_demand_rest_on_no_home(inputs: Published) -> None:
    table, rows = LCOH_PROBABILITY, inputs[LCOH_PROBABILITY].frame.to_dicts()
    at_paper = with_tables(inputs, published(table, [{**row, "period": "paper"} for row in rows]))
    exhibit = draw_probability(at_paper, RUN)[0]
    assert not exhibit.rests_on_homes
    assert exhibit.provenance["Homes"] == "none: demand as published"
    assert draw_probability(inputs, RUN)[0].rests_on_homes


def test_the_site_holds_every_analysis_and_hostile_words_are_inert(inputs: Published, tmp_path: Path) -> None:
    render_site(inputs, run=RUN, out=tmp_path)
    site = "".join(page.read_text(encoding="utf-8") for page in tmp_path.glob("*.html"))
    assert HOSTILE not in site
    assert "&lt;script&gt;alert(1)" in site
    for _, _, key in DRAWN:
        assert site.count(f'<figure id="{key}"') == 1


def test_colours_of_analyses_have_dark_counterparts(inputs: Published) -> None:
    known = palette.dark_of_light()
    charts = [exhibit.chart for draw, _, _ in DRAWN for exhibit in draw(inputs, RUN) if exhibit.chart is not None]
    used = {colour for chart in charts for colour in re.findall(r"#[0-9a-f]{6}", str(chart.to_json()))}
    assert len(charts) == 16
    assert used
    assert used <= set(known)
