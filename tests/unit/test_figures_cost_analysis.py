"""Figures of what the cost model says beyond one number per system: each with rows, without its table, with none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest

from quality import disclosure
from reports import palette, text
from reports.figures.choice import (
    draw_abatement,
    draw_break_evens,
    draw_distribution,
    draw_finance,
    draw_performance,
    draw_probability,
)
from reports.figures.claims import claims_lead, draw_claims
from reports.figures.diversity import draw_diversity
from reports.figures.exhibit import Exhibit
from reports.figures.sensitivity import draw_sensitivity, draw_sobol
from reports.inputs import OPTIONAL, RunInfo, SiteInputs
from reports.site import render_site, sections
from tests.example_site import COMPUTED_BY, RUN, make_inputs
from transforms import tables
from transforms.public import PublicTable
from transforms.schema import Table

PAPER = {"scenario": RUN.paper_scenario, "convention": RUN.paper_convention}
OWN = {"scenario": RUN.scenario, "convention": RUN.convention}
OF_HOMES = {**OWN, "period": "2009", "dwelling_type": "flat", "system": "ashp", "scale": "individual"}
HOSTILE = "<script>alert(1)</script>"


def published(table: Table, rows: list[dict[str, Any]]) -> PublicTable:
    """Return rows of a declared table as published; columns that are not given are null."""
    full = [{name: row.get(name) for name in table.schema} for row in rows]
    return PublicTable(
        table.name, table.conform(pl.DataFrame(full, schema=table.schema)), pl.DataFrame(), disclosure.FLOOR
    )


def curve(parameter: str, **points: float) -> list[dict[str, Any]]:
    """Return a curve of the network of 100 homes: the value that changes, as `x0_5`, and the change of the cost."""
    return [
        {
            **PAPER, "system": "network", "scale": "small", "parameter": parameter,
            "change": float(at[1:].replace("_", ".")), "lcoh_gbp_per_mwh": 120 * (1 + rise), "relative_change": rise,
        }
        for at, rise in points.items()
    ]  # fmt: skip


def claim(name: str, basis: str = "fitted", **other: Any) -> dict[str, Any]:
    """Return one statement of the paper that comes out as expected."""
    return {
        "claim": name, "says": "what it says", "published": 35.0, "unit": "%", "relation": "approx", "tolerance": 2.0,
        "model": 36.0, "basis": basis, "expected": "pass", "within_tolerance": True, "as_expected": True, "source": "Wang 2018",
        **other,
    }  # fmt: skip


def index(system: str, scale: str, parameter: str, total: float) -> dict[str, Any]:
    """Return the Sobol indices of one parameter."""
    return {
        **OWN, "system": system, "scale": scale, "parameter": parameter, "low": 0.7, "high": 1.5, "unit": "1",
        "first_order": total - 0.1, "first_order_ci_low": total - 0.15, "first_order_ci_high": total - 0.05,
        "total_order": total, "total_order_ci_low": total - 0.02, "total_order_ci_high": total + 0.03, "source": "a range",
    }  # fmt: skip


def peak(dwellings: int, kw: float, *, extrapolated: bool = False, minutes: int = 30) -> dict[str, Any]:
    """Return the peak per home of homes together."""
    return {
        "dwelling_type": "all", "period": "2009", "interval_minutes": minutes, "dwellings": dwellings, "households": 590,
        "peak_kw_p05": kw - 0.5, "peak_kw_p50": kw, "peak_kw_p95": kw + 0.5, "extrapolated": extrapolated,
    }  # fmt: skip


def probability(system: str, share: float, dwelling_type: str = "flat", **other: str) -> dict[str, Any]:
    """Return how often a system is the cheapest."""
    row = {**OF_HOMES, "dwelling_type": dwelling_type, "system": system, "alternatives": "individual", "draws": 4096}
    return {**row, "lcoh_p05": 90.0, "lcoh_p50": 120.0, "lcoh_p95": 190.0, "cheapest_share": share, **other}


FRAMES: dict[str, tuple[Table, list[dict[str, Any]]]] = {
    "sensitivity": (
        tables.LCOH_SENSITIVITY,
        [
            *curve("demand", x0_5=0.35, x1=0.0, x1_5=-0.11), *curve("capital", x0_5=-0.15, x1=0.0, x1_5=0.15),
            *curve("om", x0_5=-0.11, x1=0.0, x1_5=0.11), *curve("discount_rate", x0=-0.15, x0_1=0.35), *curve("spf", x1=1.1, x10=-0.27),
        ],
    ),
    "claims": (
        tables.CLAIM,
        [
            claim("fig7_demand_minus50", says=HOSTILE), claim("fig7_capital_50", published=15.0),
            claim("fig8_spf_10", relation="below", published=-25.0, tolerance=0.0, model=-27.0),
            claim("order", "independent", relation="holds", published=1.0, unit="1", model=0.0, as_expected=False, reason="why not"),
            claim("fig1_gas_mean", "sample", unit="kWh", published=18900.0, model=None, as_expected=None, within_tolerance=None),
        ],
    ),
    "diversity": (
        tables.DIVERSITY,
        [peak(1, 12.0), peak(100, 6.0), peak(1000, 5.0, extrapolated=True), peak(1, 9.0, minutes=60)],
    ),
    "probability": (
        tables.LCOH_PROBABILITY,
        [probability("ashp", 0.4), probability("gas_boiler", 0.6), probability("gas_boiler", 1.0, "detached"),
         probability("network", 0.2, "stock", alternatives="small", scale="small")],
    ),
    "break_even": (
        tables.BREAK_EVEN,
        [
            {**OF_HOMES, "quantity": "carbon_price", "unit": "GBP/t", "base": 14.0, "value": 312.4},
            {**OF_HOMES, "quantity": "spf", "unit": "1", "base": 2.6, "value": None, "note": HOSTILE},
        ],
    ),
    "sobol": (
        tables.LCOH_SOBOL,
        [index("ashp", "individual", "capital", 0.3), index("ashp", "individual", "demand", 0.6),
         index("network", "large", "capital", 0.5), index("network", "small", "loss", 0.4)],
    ),
    "performance": (
        tables.SEASONAL_PERFORMANCE,
        [{"dwelling_type": "all", "period": "2009", "source": "air", "load": "raw", "spf_space": 2.7, "spf_hot_water": 2.2, "spf": 2.6,
          "cop_coldest_hour": 1.9}],
    ),
    "abatement": (
        tables.ABATEMENT,
        [{**OF_HOMES, "reference": "new_boiler", "grid": "average", "co2_saved_kg_per_year": 1234.0, "cost_gbp_per_tonne": 287.4}],
    ),
    "finance": (
        tables.NETWORK_FINANCE,
        [{**OWN, "period": "2009", "scale": "small", "dwellings": 100, "connection_years": 5, "heat_tariff_gbp_per_mwh": 90.0,
          "npv_gbp_per_dwelling": -4321.0, "minimum_tariff_gbp_per_mwh": 120.0, "maximum_grant_gbp_per_dwelling": 0.0}],
    ),
    "distribution": (
        tables.LCOH_DISTRIBUTION,
        [{**OWN, "system": "ashp", "period": "2009", "dwelling_type": "flat", "households": 110, "lcoh_at_mean_gbp_per_mwh": 150.0,
          "lcoh_mean_gbp_per_mwh": 172.0, "gap_expected_gbp_per_mwh": 20.0}],
    ),
}  # fmt: skip
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
    computed_by = COMPUTED_BY | {table.name: "transforms/lcoh/table.py" for table, _ in FRAMES.values()}
    given = {name: published(table, rows) for name, (table, rows) in FRAMES.items()}
    return make_inputs(**given, computed_by=computed_by)


def chart_of(exhibit: Exhibit) -> go.Figure:
    """Return the chart of an exhibit that has one."""
    assert exhibit.chart is not None
    return exhibit.chart


def test_every_optional_table_is_drawn_by_something() -> None:
    assert sorted(name for _, name, _ in DRAWN) == sorted(OPTIONAL) == sorted(FRAMES)


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
    own = {"together", "cheapest-system", "sensitivity", "claims"}
    assert not own & {section.key for section in sections(make_inputs(), RUN)}
    keys = [section.key for section in sections(inputs, RUN)]
    assert own < set(keys)
    assert keys.index("networks") < keys.index("sensitivity") < keys.index("quality")


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


def test_the_extrapolated_part_is_dashed_and_begins_where_measuring_ends(inputs: SiteInputs) -> None:
    chart = chart_of(draw_diversity(inputs, RUN)[0])
    low, high, measured, beyond = chart.data
    assert (list(low.y), list(high.y)) == ([11.5, 5.5, 4.5], [12.5, 6.5, 5.5])
    assert (list(measured.x), list(beyond.x)) == ([1, 100], [100, 1000])
    assert (measured.line.dash, beyond.line.dash) == ("solid", "dash")
    assert chart.layout.xaxis.type == "log"


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


def test_the_page_holds_every_analysis_and_hostile_words_are_inert(inputs: SiteInputs, tmp_path: Path) -> None:
    page = render_site(inputs, run=RUN, out=tmp_path).read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)") == 2
    for _, _, key in DRAWN:
        assert page.count(f'<figure id="{key}">') == 1
    assert page.count("<details open>") == 6


def test_colours_of_analyses_have_dark_counterparts(inputs: SiteInputs) -> None:
    known = palette.dark_of_light()
    charts = [exhibit.chart for draw, _, _ in DRAWN for exhibit in draw(inputs, RUN) if exhibit.chart is not None]
    used = {colour for chart in charts for colour in re.findall(r"#[0-9a-f]{6}", str(chart.to_json()))}
    assert len(charts) == 5
    assert used
    assert used <= set(known)
