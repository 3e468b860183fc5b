"""Figures 7 and 8 as curves: each change has the declared size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks_only import read_with_networks_only
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE, WANG2018, Convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.valuation import cost_of
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.lcoh.results.curves import CURVES, sensitivity_table
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

ASSUMPTIONS = read_assumptions()
PAPER = sensitivity_table(ASSUMPTIONS, scenario="paper_fit", convention="wang2018", demand_kwh=15_200.0)
OURS = sensitivity_table(ASSUMPTIONS, scenario="eep2019", convention="best_practice", demand_kwh=15_200.0)
FIGURES = scenario_figures(ASSUMPTIONS, "eep2019")


def at(table: pl.DataFrame, parameter: str, change: float) -> float:
    rows = table.filter(pl.col("parameter") == parameter, (pl.col("change") - change).abs() < 1e-9)
    return float(100 * rows["relative_change"].item())


def test_the_paper_s_curves_are_of_the_network_of_100_dwellings_and_meet_its_points() -> None:
    assert PAPER.select("system", "scale").unique().rows() == [("network", "small")]
    claims = {row["claim"]: row for row in read_figures("claim").iter_rows(named=True)}
    for claim, parameter, change in (
        ("fig7_demand_minus50", "demand", 0.5),
        ("fig7_demand_plus50", "demand", 1.5),
        ("fig7_capital_50", "capital", 1.5),
        ("fig7_om_50", "om", 1.5),
        ("fig8_rate_0", "discount_rate", 0.0),
        ("fig8_rate_10", "discount_rate", 0.1),
        ("fig8_spf_1", "spf", 1.0),
    ):
        row = claims[claim]
        assert at(PAPER, parameter, change) == pytest.approx(row["published"], abs=row["tolerance"]), claim
    assert at(PAPER, "spf", 10.0) < -25
    assert at(PAPER, "discount_rate", 0.035) == pytest.approx(0.0, abs=1e-9)
    assert at(PAPER, "spf", 3.6) == pytest.approx(0.0, abs=1e-9)


def test_curves_span_the_full_ranges() -> None:
    ends = OURS.group_by("parameter").agg(low=pl.col("change").min(), high=pl.col("change").max())
    spans = {row["parameter"]: (row["low"], row["high"]) for row in ends.iter_rows(named=True)}
    assert {"demand": (0.5, 1.5), "capital": (0.5, 1.5), "om": (0.5, 1.5)}.items() <= spans.items()
    assert spans["discount_rate"] == (0.0, 0.1)
    assert spans["spf"] == (1.0, 10.0)


def test_every_system_and_scale_has_its_curves_around_the_cost_of_the_table() -> None:
    table = lcoh_table(
        paper_demand(ASSUMPTIONS).filter(dwelling_type="all"),
        ASSUMPTIONS,
        scenario="eep2019",
        convention="best_practice",
    )
    middle = OURS.filter(parameter="capital", change=1.0).join(table, on=["system", "scale"])
    assert middle.height == table.height == 8
    assert middle["lcoh_gbp_per_mwh"].to_list() == pytest.approx(middle["lcoh_gbp_per_mwh_right"].to_list())
    with_spf = OURS.filter(parameter="spf")["system"].unique().to_list()
    assert sorted(with_spf) == ["ashp", "gshp", "network"]
    counts = OURS.group_by("system", "scale", "parameter").len()
    assert {row["parameter"]: row["len"] for row in counts.iter_rows(named=True)} == {
        name: len(values) for name, (_, values) in CURVES.items()
    }


def test_curves_go_the_way_they_must() -> None:
    for (system, _, parameter), curve in OURS.group_by("system", "scale", "parameter"):
        rises = np.diff(curve.sort("change")["lcoh_gbp_per_mwh"].to_numpy())
        if parameter in ("capital", "om") or (parameter == "discount_rate" and system != "gas_boiler"):
            assert (rises > 0).all(), parameter  # of a boiler, carbon values that rise count less at a higher rate
        elif parameter == "spf":
            assert (rises < 0).all()


def test_a_scenario_without_prices_leaves_systems_out() -> None:
    lacking = read_with_networks_only()
    networks = sensitivity_table(lacking, scenario="networks_only", convention="best_practice", demand_kwh=1e4)
    assert networks["system"].unique().to_list() == ["network"]
    nothing = sensitivity_table(lacking, scenario="networks_only", convention="wang2018", demand_kwh=1e4)
    assert nothing.is_empty()


def built(reading: Convention, system: str = "network") -> Built:
    place = Place.of_homes(500.0)
    return build(Case(figures=FIGURES, convention=reading, system=system, demand_kwh=12_000.0, place=place))


@settings(max_examples=40, deadline=None)
@given(
    system=st.sampled_from(["gas_boiler", "ashp", "network"]),
    reading=st.sampled_from([WANG2018, BEST_PRACTICE]),
    factors=st.tuples(*[st.floats(0.2, 3)] * 4),
)
def test_scaling_an_element_is_scaling_its_flows(
    system: str, reading: Convention, factors: tuple[float, float, float, float]
) -> None:
    capital, om, price, carbon = factors
    base = built(reading, system)
    flows = base.flows()
    scaled = replace(
        flows,
        capital_gbp=flows.capital_gbp * capital,
        om_gbp=flows.om_gbp * om,
        fuel_gbp=flows.fuel_gbp * price,
        carbon_gbp=flows.carbon_gbp * carbon,
    )
    change = Change(
        capital_factor=capital,
        om_factor=om,
        gas_price_factor=price if system == "gas_boiler" else 7.0,
        electricity_price_factor=price if system != "gas_boiler" else 7.0,
        carbon_factor=carbon,
    )
    expected = cost_of(scaled, FIGURES, reading, system=system)
    found, of_flows = base.cost(change), base.value(base.flows(change))
    for element in ("capital", "om", "fuel", "carbon"):
        assert getattr(found, element) == pytest.approx(getattr(expected, element), rel=1e-9), element
        assert getattr(of_flows, element) == pytest.approx(getattr(expected, element), rel=1e-9), element


@pytest.mark.parametrize("system", ["ashp", "network"])
def test_a_grant_is_paid_once_and_is_not_scaled_with_capital(system: str) -> None:
    base, homes = built(BEST_PRACTICE, system), 500 if system == "network" else 1
    plain, granted = (
        base.flows(Change(capital_factor=2.0, grant_gbp_per_dwelling=g)).capital_gbp for g in (0.0, 900.0)
    )
    assert plain == pytest.approx(2 * base.flows().capital_gbp)
    paid = {year: float(gbp) for year, gbp in enumerate(plain - granted) if gbp}
    assert paid == pytest.approx({0: 900.0 * homes})
    cost = [base.cost(Change(capital_factor=f, grant_gbp_per_dwelling=900.0)).capital for f in (1.0, 2.0)]
    assert float(cost[1] - cost[0]) == pytest.approx(float(base.cost().capital))


def test_a_network_with_a_gas_boiler_pays_each_energy_at_its_own_price() -> None:
    burning = replace(BEST_PRACTICE, name="with_gas", peak_plant="gas_boiler")
    base = built(burning)
    fuel = {
        (gas, electricity): float(base.cost(Change(gas_price_factor=gas, electricity_price_factor=electricity)).fuel)
        for gas, electricity in ((1.0, 1.0), (2.0, 1.0), (1.0, 2.0), (2.0, 2.0))
    }
    assert fuel[2.0, 2.0] == pytest.approx(2 * fuel[1.0, 1.0])
    of_gas, of_electricity = fuel[2.0, 1.0] - fuel[1.0, 1.0], fuel[1.0, 2.0] - fuel[1.0, 1.0]
    assert 0 < of_gas < of_electricity
    assert of_gas + of_electricity == pytest.approx(fuel[1.0, 1.0])
