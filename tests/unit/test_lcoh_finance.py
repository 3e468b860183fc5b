"""A network as an investment: two-year projects by hand, and agreement with the levelised cost."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks_only import read_with_networks_only
from transforms.lcoh.assumptions.overrides import override, with_network_size
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import discount_factors
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.what_if import Case, build
from transforms.lcoh.results.finance import Terms, appraise, finance_table, phase_in
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost_analysis import NETWORK_FINANCE
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
DEMAND = paper_demand(ASSUMPTIONS).filter(dwelling_type="all")
PRIVATE = "best_practice_private"


def judged(flows: list[float], rate: float = 0.10) -> tuple[float, float | None, float | None, str]:
    found = appraise(np.array(flows), factors=discount_factors(rate, years=len(flows)))
    return found.npv_gbp, found.irr, found.payback_years, "; ".join(found.notes)


def test_a_two_year_project_is_appraised_as_by_hand() -> None:
    """-100 + 60/1.1 + 60/1.21 = 4.132; with x = 1/(1+r), 60 x^2 + 60 x = 100 gives x = 0.884437, r = 13.066 %."""
    npv, irr, payback, note = judged([-100, 60, 60])
    assert npv == pytest.approx(-100 + 60 / 1.1 + 60 / 1.21)
    assert npv == pytest.approx(4.1322, abs=1e-4)
    assert irr == pytest.approx(0.130662, abs=1e-6)
    assert payback == pytest.approx(1 + 40 / 60)
    assert note == ""


def test_a_project_that_loses_money_has_a_negative_rate_and_no_payback() -> None:
    """-100 + 40 x + 40 x^2 = 0 gives x = 1.1583, r = -13.67 %."""
    npv, irr, payback, note = judged([-100, 40, 40])
    assert npv < 0
    assert irr == pytest.approx(2 / (np.sqrt(11) - 1) - 1, abs=1e-9)
    assert payback is None
    assert note == "never pays back"


@pytest.mark.parametrize(("flows", "irr"), [([-100, 50, 50], 0.0), ([-100, 110], 0.1), ([-100, 0, 121], 0.1)])
def test_a_rate_of_return_on_a_point_of_the_search_is_one_rate(flows: list[float], irr: float) -> None:
    _, found, _, note = judged(flows)
    assert found == pytest.approx(irr, abs=1e-9)
    assert note == ""


def test_none_or_several_rates_of_return_are_explained_in_a_note() -> None:
    _, irr, _, note = judged([-100, 0, 0])
    assert irr is None
    assert note.startswith("no internal rate of return")
    _, irr, payback, note = judged([-100, 230, -132])  # nothing at 10 and at 20 %
    assert irr is None
    assert note.startswith("no single internal rate of return: the present value is 0 at 2 rates")
    assert payback == pytest.approx(100 / 230)
    _, irr, payback, _ = judged([50, 60, 60])
    assert (irr, payback) == (None, 0.0)
    with pytest.raises(ValueError, match="2 years of flows and 3 discount factors"):
        appraise(np.ones(2), factors=np.ones(3))


@settings(max_examples=60, deadline=None)
@given(
    first=st.floats(10, 1e6),
    later=st.lists(st.floats(1, 1e6), min_size=2, max_size=40),
)
def test_the_rate_makes_the_present_value_nothing(first: float, later: list[float]) -> None:
    flows = np.array([-first, *later])
    found = appraise(flows, factors=discount_factors(0.0, years=len(flows)))
    if found.irr is not None:
        assert flows @ discount_factors(found.irr, years=len(flows)) == pytest.approx(0.0, abs=1e-6 * first)
        assert (found.irr > 0) == (found.npv_gbp > 0) or found.npv_gbp == pytest.approx(0.0, abs=1e-6 * first)


def two_years() -> pl.DataFrame:
    short = ["network.lifetime_years=2", "network.heat_pump_lifetime_years=2", "network.connection_lifetime_years=2"]
    return with_network_size(override(ASSUMPTIONS, short, scenario="paper_fit"), 10)


def test_homes_that_join_over_two_years_pay_and_cost_as_by_hand() -> None:
    """Ten homes of 10 MWh: five from year 1, five from year 2; a connection is bought a year before its first heat."""
    figures = scenario_figures(two_years(), "paper_fit")
    case = Case(
        figures=figures,
        convention=find_convention("wang2018_delivered"),
        system="network",
        demand_kwh=np.array([[10_000.0]]),
        place=Place.of_homes(np.array([[10.0]])),
    )
    project = phase_in(build(case), connection_years=2)
    heat_pump, substation, main, meter = 1500 * 3.7 * 10, 35 * 3.7 * 10, 1000 * 468, 3343
    homes = (13.3 * 169 + 1075 + 579) * 10
    drawn_mwh = 100 / 0.8 / 3.6 + 0.019 * 100
    carbon = figures.series("carbon", "price_gbp_per_tonne", [2018, 2019])
    grid = figures.series("electricity", "carbon_intensity_kg_per_kwh", [2018, 2019])
    running = [
        29.9 * mwh + 0.01 * heat_pump + share * drawn_mwh * (190 + grid[t] * carbon[t])
        for t, (share, mwh) in enumerate([(0.5, 50), (1.0, 100)])
    ]
    assert project.delivered_mwh[0] == pytest.approx([0, 50, 100])
    assert project.cost_gbp[0] == pytest.approx(
        [heat_pump + substation + main + meter + homes / 2, homes / 2 + running[0], running[1]]
    )


def test_the_table_of_a_two_year_network_is_as_by_hand() -> None:
    project_of = {"scenario": "paper_fit", "convention": "wang2018_delivered"}
    terms = Terms(heat_tariff_gbp_per_mwh=4000.0, connection_years=1)
    demand = DEMAND.with_columns(demand_kwh=pl.lit(10_000.0))
    found = finance_table(demand, two_years(), **project_of, terms=terms).row(0, named=True)
    cost = lcoh_table(demand, two_years(), scenario="paper_fit", convention="wang2018_delivered").filter(
        system="network"
    )
    lcoh = cost["lcoh_gbp_per_mwh"].item()
    heat = 100 / 1.035 + 100 / 1.035**2
    assert found["minimum_tariff_gbp_per_mwh"] == pytest.approx(lcoh)
    assert found["npv_gbp_per_dwelling"] == pytest.approx((4000.0 - lcoh) * heat / 10)
    assert found["maximum_grant_gbp_per_dwelling"] == pytest.approx(max(lcoh - 4000.0, 0) * heat / 10)
    assert found["connection_years"] == 1
    assert found["note"].startswith("tariff as given")


def test_the_value_of_a_late_connection_at_the_end_is_credited() -> None:
    """A part of 100 GBP that lasts the project's four years: of the half that comes a year late a quarter is left."""
    from transforms.lcoh.results.finance import _spread

    spent = np.array([[100.0, 0, 0, 0, 0]])
    late = _spread(spent, cohorts=2, convention=find_convention("best_practice"))
    assert late[0] == pytest.approx([50, 50, 0, 0, -12.5])
    uncredited = _spread(spent, cohorts=2, convention=find_convention("wang2018_delivered"))
    assert uncredited[0] == pytest.approx([50, 50, 0, 0, 0])
    renewed = np.array([[90.0, 0, 0, 90.0, 0, -30.0]])  # lasts three years, in use for five: a third is left
    again = _spread(renewed, cohorts=2, convention=find_convention("best_practice"))
    assert again[0] == pytest.approx([45, 45, 0, 45, 45, -15 - 30])


def test_without_phasing_the_minimum_tariff_is_the_levelised_cost() -> None:
    found = finance_table(DEMAND, ASSUMPTIONS, scenario="eep2019", terms=Terms(connection_years=1))
    table = lcoh_table(DEMAND, ASSUMPTIONS, scenario="eep2019", convention=PRIVATE)
    of_networks = found.join(table.filter(system="network"), on="scale")
    assert of_networks.height == 5
    assert of_networks["minimum_tariff_gbp_per_mwh"].to_list() == pytest.approx(
        of_networks["lcoh_gbp_per_mwh"].to_list()
    )
    boiler = table.filter(system="gas_boiler")["lcoh_gbp_per_mwh"].item()
    assert found["heat_tariff_gbp_per_mwh"].to_list() == pytest.approx([boiler] * 5)
    assert found["note"].str.contains("the cost of heat from a gas boiler to the homes").all()


def test_gas_for_cooking_is_no_cost_of_the_network_and_lowers_what_homes_would_pay() -> None:
    given_tariff = Terms(heat_tariff_gbp_per_mwh=150.0)
    as_given, by_default = [], []
    for share in (0, 1):
        kept = override(ASSUMPTIONS, [f"cooking.gas_stays_share={share}"], scenario="current2026")
        as_given.append(finance_table(DEMAND, kept, scenario="current2026", terms=given_tariff))
        by_default.append(finance_table(DEMAND, kept, scenario="current2026"))
    assert as_given[0].equals(as_given[1])
    figures = scenario_figures(ASSUMPTIONS, "current2026")
    charge_gbp = figures.series(
        "gas_residential", "standing_charge_gbp_per_year", [int(figures.one("study", "start_year"))]
    )
    lower = by_default[0]["heat_tariff_gbp_per_mwh"] - by_default[1]["heat_tariff_gbp_per_mwh"]
    assert lower.to_list() == pytest.approx([charge_gbp[0] / (DEMAND["demand_kwh"][0] / 1000)] * len(lower))
    assert lower.min() > 5


@pytest.mark.parametrize("connection_years", [1, 5, 12])
def test_at_the_minimum_tariff_nothing_is_earned_and_no_grant_is_needed(connection_years: int) -> None:
    first = finance_table(DEMAND, ASSUMPTIONS, scenario="eep2019", terms=Terms(connection_years=connection_years))
    tariff = first["minimum_tariff_gbp_per_mwh"][0]
    found = finance_table(
        DEMAND,
        ASSUMPTIONS,
        scenario="eep2019",
        terms=Terms(connection_years=connection_years, heat_tariff_gbp_per_mwh=tariff),
    ).row(0, named=True)
    assert found["npv_gbp_per_dwelling"] == pytest.approx(0.0, abs=1e-6)
    assert found["irr"] == pytest.approx(0.07, abs=1e-6)
    assert found["maximum_grant_gbp_per_dwelling"] == pytest.approx(0.0, abs=1e-6)
    short = first.row(0, named=True)
    assert short["maximum_grant_gbp_per_dwelling"] == pytest.approx(-short["npv_gbp_per_dwelling"])


def test_slow_connection_costs_and_the_shipped_years_hold_by_default() -> None:
    tariffs = [
        finance_table(DEMAND, ASSUMPTIONS, scenario="eep2019", terms=Terms(connection_years=years))[
            "minimum_tariff_gbp_per_mwh"
        ][0]
        for years in (1, 3, 5, 10)
    ]
    assert tariffs == sorted(tariffs)
    assert finance_table(DEMAND, ASSUMPTIONS, scenario="eep2019")["connection_years"].to_list() == [5] * 5


def test_projects_that_cannot_be_judged_are_left_out_or_refused() -> None:
    lacking = read_with_networks_only()
    assert finance_table(DEMAND, lacking, scenario="networks_only").is_empty()  # no price of gas for the counterfactual
    given_tariff = finance_table(DEMAND, lacking, scenario="networks_only", terms=Terms(heat_tariff_gbp_per_mwh=150.0))
    assert given_tariff.height == 5
    assert given_tariff.schema == pl.Schema(NETWORK_FINANCE.schema)
    flats = paper_demand(ASSUMPTIONS).filter(dwelling_type="flat")
    assert finance_table(flats, ASSUMPTIONS, scenario="eep2019").is_empty()
    with pytest.raises(AssumptionError, match="heat produced"):
        finance_table(DEMAND, ASSUMPTIONS, scenario="paper_fit", convention="wang2018")
