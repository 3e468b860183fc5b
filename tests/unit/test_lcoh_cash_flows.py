"""Equation (1) against a second, plain implementation, and the properties that it must have."""

import doctest
import importlib
import pkgutil

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transforms.lcoh
from transforms.lcoh.cash_flows import CashFlows, LevelisedCost, discount_factors, levelised_cost
from transforms.lcoh.overrides import override, with_network_size
from transforms.lcoh.table import lcoh_table
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
ELEMENTS = ("capital", "om", "fuel", "carbon")

demands_kwh = st.floats(500, 80_000)
rates = st.floats(0, 0.25)
sizes = st.integers(1, 60_000)


# --- a second implementation, written from the paper's text and tables with loops over years ----------


def grid_kg_per_kwh(year: int) -> float:
    return round(max(0.03, 0.20 - 0.13 / 19 * (year - 2018)), 4)


def levelise(costs_by_year: list[dict[str, float]], mwh_by_year: list[float], rate: float) -> dict[str, float]:
    present = dict.fromkeys(ELEMENTS, 0.0)
    heat = 0.0
    for t, (costs, mwh) in enumerate(zip(costs_by_year, mwh_by_year, strict=True)):
        for element in ELEMENTS:
            present[element] += costs.get(element, 0.0) / (1 + rate) ** t
        heat += mwh / (1 + rate) ** t
    return {element: value / heat for element, value in present.items()}


def plain_individual(system: str, demand_kwh: float, rate: float) -> dict[str, float]:
    capital, om, efficiency, life = {
        "gas_boiler": (2500.0, 180.0, 0.94, 15),
        "gshp": (13000.0, 75.0, 4.0, 20),
        "ashp": (7000.0, 90.0, 3.0, 20),
    }[system]
    costs: list[dict[str, float]] = [{"capital": capital}]
    heat = [0.0]
    for year in range(2018, 2018 + life):
        bought_kwh = demand_kwh / efficiency
        gbp_per_kwh, kg_per_kwh = (0.047, 0.184) if system == "gas_boiler" else (0.190, grid_kg_per_kwh(year))
        costs.append({"om": om, "fuel": bought_kwh * gbp_per_kwh, "carbon": bought_kwh * kg_per_kwh / 1000 * 16})
        heat.append(demand_kwh / 1000)
    return levelise(costs, heat, rate)


def plain_network(dwellings: int, demand_kwh: float, rate: float) -> dict[str, float]:
    heat_pump = 1500 * 3.7 * dwellings
    others = (13.3 * 169 + 1075 + 579 + 35 * 3.7) * dwellings + 1000 * 468 + 3343
    delivered_mwh = demand_kwh * dwellings / 1000
    produced_mwh = delivered_mwh / (1 - 0.20)
    bought_mwh = produced_mwh / 3.6 + 0.019 * delivered_mwh
    costs = [{"capital": heat_pump + others}]
    heat = [0.0]
    for t in range(1, 51):
        costs.append(
            {
                "capital": heat_pump if t == 25 else 0.0,
                "om": (0.6 + 9 + 3.4 + 16.9) * delivered_mwh + 0.01 * heat_pump,
                "fuel": bought_mwh * 190,
                "carbon": bought_mwh * grid_kg_per_kwh(2017 + t) * 16,
            }
        )
        heat.append(produced_mwh)
    return levelise(costs, heat, rate)


def one_demand(demand_kwh: float) -> pl.DataFrame:
    return pl.DataFrame(
        {"dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [demand_kwh]}
    )


@settings(max_examples=60, deadline=None)
@given(demand_kwh=demands_kwh, rate=rates, dwellings=sizes)
def test_every_element_agrees_with_the_plain_implementation(demand_kwh: float, rate: float, dwellings: int) -> None:
    assumptions = with_network_size(override(ASSUMPTIONS, [f"discount_rate={rate}"], scenario="paper_fit"), dwellings)
    table = lcoh_table(one_demand(demand_kwh), assumptions, scenario="paper_fit", convention="wang2018")
    rows = {row["system"]: row for row in table.iter_rows(named=True)}
    assert set(rows) == {"gas_boiler", "ashp", "gshp", "network"}
    for system, row in rows.items():
        plain = (
            plain_network(dwellings, demand_kwh, rate)
            if system == "network"
            else plain_individual(system, demand_kwh, rate)
        )
        for element in ELEMENTS:
            assert row[f"{element}_gbp_per_mwh"] == pytest.approx(plain[element], rel=1e-9, abs=1e-9)
        assert row["lcoh_gbp_per_mwh"] == pytest.approx(sum(plain.values()), rel=1e-9)


# --- properties of the equation, for any flows --------------------------------------------------------

YEARS = 12
amounts = st.lists(st.floats(0, 1e6), min_size=YEARS, max_size=YEARS).map(np.array)
heats = st.lists(st.floats(0.1, 1e3), min_size=YEARS, max_size=YEARS).map(np.array)
some_flows = st.builds(
    lambda capital, om, fuel, carbon, produced: CashFlows(
        capital_gbp=capital, om_gbp=om, fuel_gbp=fuel, carbon_gbp=carbon,
        heat_produced_mwh=produced, heat_delivered_mwh=0.8 * produced, co2_kg=carbon,
    ),
    amounts, amounts, amounts, amounts, heats,
)  # fmt: skip


def cost_of(flows: CashFlows, rate: float = 0.035) -> LevelisedCost:
    return levelised_cost(flows, discount_rate=rate, denominator="produced")


def scaled(flows: CashFlows, factor: float) -> CashFlows:
    return CashFlows(
        capital_gbp=factor * flows.capital_gbp, om_gbp=factor * flows.om_gbp, fuel_gbp=factor * flows.fuel_gbp,
        carbon_gbp=factor * flows.carbon_gbp, heat_produced_mwh=flows.heat_produced_mwh,
        heat_delivered_mwh=flows.heat_delivered_mwh, co2_kg=flows.co2_kg,
    )  # fmt: skip


@given(flows=some_flows)
def test_without_discounting_the_cost_is_the_plain_ratio_of_sums(flows: CashFlows) -> None:
    costs = flows.capital_gbp + flows.om_gbp + flows.fuel_gbp + flows.carbon_gbp
    assert cost_of(flows, rate=0.0).total == pytest.approx(costs.sum() / flows.heat_produced_mwh.sum())


@given(flows=some_flows, factor=st.floats(0, 100), rate=rates)
def test_scaling_all_costs_scales_the_levelised_cost(flows: CashFlows, factor: float, rate: float) -> None:
    assert cost_of(scaled(flows, factor), rate).total == pytest.approx(factor * cost_of(flows, rate).total)


@given(flows=some_flows, rate=rates)
def test_the_heat_delivered_carries_a_higher_cost_than_the_heat_produced(flows: CashFlows, rate: float) -> None:
    delivered = levelised_cost(flows, discount_rate=rate, denominator="delivered")
    assert 0.8 * delivered.total == pytest.approx(cost_of(flows, rate).total)


def individual_rows(settings: list[str], demand_kwh: float) -> pl.DataFrame:
    assumptions = override(ASSUMPTIONS, settings, scenario="paper_fit")
    return lcoh_table(one_demand(demand_kwh), assumptions, scenario="paper_fit", convention="wang2018")


@settings(max_examples=20, deadline=None)
@given(demand_kwh=demands_kwh, rate=rates, capital=st.floats(1, 50_000))
def test_the_levelised_cost_rises_with_capital(demand_kwh: float, rate: float, capital: float) -> None:
    cheap, dear = (
        individual_rows(
            [f"discount_rate={rate}", f"ashp.capital_gbp={gbp}", f"heat_pump_capital_gbp_per_kw={gbp}"], demand_kwh
        )
        for gbp in (capital, 1.1 * capital)
    )
    rises = dear["lcoh_gbp_per_mwh"] > cheap["lcoh_gbp_per_mwh"]
    assert rises.to_list() == cheap["system"].is_in(["ashp", "network"]).to_list()


@settings(max_examples=20, deadline=None)
@given(demand_kwh=demands_kwh, rates=st.tuples(rates, rates).map(sorted))
def test_the_levelised_cost_never_falls_with_the_discount_rate(demand_kwh: float, rates: list[float]) -> None:
    # It holds because capital comes first; carbon alone may fall, since the grid's intensity does.
    patient, hasty = (individual_rows([f"discount_rate={rate}"], demand_kwh) for rate in rates)
    for row, later in zip(patient.iter_rows(named=True), hasty.iter_rows(named=True), strict=True):
        assert later["capital_gbp_per_mwh"] >= row["capital_gbp_per_mwh"] * (1 - 1e-12)


@settings(max_examples=20, deadline=None)
@given(demand_kwh=demands_kwh)
def test_the_levelised_cost_falls_with_demand_and_its_elements_add_up(demand_kwh: float) -> None:
    small, large = (individual_rows([], kwh) for kwh in (demand_kwh, 1.2 * demand_kwh))
    assert (large["lcoh_gbp_per_mwh"] < small["lcoh_gbp_per_mwh"]).all()
    shares = small.select(pl.sum_horizontal(pl.col(f"{e}_gbp_per_mwh") / pl.col("lcoh_gbp_per_mwh") for e in ELEMENTS))
    assert shares.to_series().to_list() == pytest.approx([1.0] * small.height)


# --- shapes ---------------------------------------------------------------------------------------------


def test_a_rate_of_its_own_for_each_year_compounds() -> None:
    assert discount_factors(np.array([0.035, 0.03]), years=3).tolist() == pytest.approx(
        [1.0, 1 / 1.035, 1 / (1.035 * 1.03)]
    )


def test_draws_of_the_rate_broadcast_over_homes() -> None:
    heat = np.array([[[0.0, 10.0, 10.0]], [[0.0, 20.0, 20.0]]])  # (2 homes, 1, years)
    flows = CashFlows(
        capital_gbp=np.array([1000.0, 0.0, 0.0]), om_gbp=0 * heat, fuel_gbp=5 * heat, carbon_gbp=0 * heat,
        heat_produced_mwh=heat, heat_delivered_mwh=heat, co2_kg=0 * heat,
    )  # fmt: skip
    cost = levelised_cost(flows, discount_rate=np.array([[0.0], [0.05], [0.1]]), denominator="produced")
    assert np.shape(cost.total) == (2, 3)
    assert np.asarray(cost.total)[:, 0].tolist() == pytest.approx([1000 / 20 + 5, 1000 / 40 + 5])


def test_the_examples_in_the_docstrings_run() -> None:
    names = [m.name for m in pkgutil.iter_modules(transforms.lcoh.__path__, "transforms.lcoh.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(r.attempted for r in results) >= 2
    assert sum(r.failed for r in results) == 0
