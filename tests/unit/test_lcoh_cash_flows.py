"""The properties that equation (1) must have, for any flows and under every convention."""

import doctest
import importlib
import pkgutil

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transforms.lcoh
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.model.cash_flows import CashFlows, LevelisedCost, discount_factors, levelised_cost
from transforms.lcoh.model.conventions import CONVENTIONS
from transforms.lcoh.model.places import Place
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
ELEMENTS = ("capital", "om", "fuel", "carbon")

demands_kwh = st.floats(500, 80_000)
rates = st.floats(0, 0.25)


def place_of(convention: str) -> Place | None:
    return Place(homes={"all": 300.0}, main_pipe_m=2_500.0) if convention == "best_practice_mapped" else None


def one_demand(demand_kwh: float) -> pl.DataFrame:
    return pl.DataFrame(
        {"dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [demand_kwh]}
    )


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


@given(
    capital=st.floats(1, 1e6),
    yearly=st.floats(0, 1e6),
    heat=st.floats(0.1, 1e3),
    two=st.tuples(rates, rates).map(sorted),
)
def test_where_capital_comes_first_the_levelised_cost_never_falls_with_the_rate(
    capital: float, yearly: float, heat: float, two: list[float]
) -> None:
    in_use = np.array([0.0] + (YEARS - 1) * [1.0])
    first = np.array([1.0] + (YEARS - 1) * [0.0])
    flows = CashFlows(
        capital_gbp=capital * first, om_gbp=yearly * in_use, fuel_gbp=0 * in_use, carbon_gbp=0 * in_use,
        heat_produced_mwh=heat * in_use, heat_delivered_mwh=heat * in_use, co2_kg=0 * in_use,
    )  # fmt: skip
    patient, hasty = (cost_of(flows, rate) for rate in two)
    assert hasty.total >= patient.total * (1 - 1e-12)
    assert hasty.om == pytest.approx(patient.om)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0])
def test_scaling_all_money_scales_every_cost(convention: str, factor: float) -> None:
    money = pl.col("unit").str.starts_with("GBP")
    scaled_rows = ASSUMPTIONS.with_columns(value=pl.when(money).then(factor * pl.col("value")).otherwise("value"))
    base, scaled_table = (
        lcoh_table(one_demand(12_000), rows, scenario="eep2019", convention=convention, place=place_of(convention))
        for rows in (ASSUMPTIONS, scaled_rows)
    )
    expected = (factor * base["lcoh_gbp_per_mwh"]).to_list()
    assert scaled_table["lcoh_gbp_per_mwh"].to_list() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_dearer_systems_cost_more_under_every_convention(convention: str) -> None:
    dearer = [f"{system}.capital_gbp=20000" for system in ("gas_boiler", "ashp", "gshp")]
    base, dear = (
        lcoh_table(one_demand(12_000), rows, scenario="eep2019", convention=convention, place=place_of(convention))
        for rows in (ASSUMPTIONS, override(ASSUMPTIONS, [*dearer, "hiu_gbp_per_dwelling=2000"], scenario="eep2019"))
    )
    assert (dear["capital_gbp_per_mwh"] > base["capital_gbp_per_mwh"]).all()
    assert (dear["fuel_gbp_per_mwh"] == base["fuel_gbp_per_mwh"]).all()
    shares = dear.select(pl.sum_horizontal(pl.col(f"{e}_gbp_per_mwh") for e in ELEMENTS) / pl.col("lcoh_gbp_per_mwh"))
    assert shares.to_series().to_list() == pytest.approx([1.0] * dear.height)


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
    names = [m.name for m in pkgutil.walk_packages(transforms.lcoh.__path__, "transforms.lcoh.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(r.attempted for r in results) >= 2
    assert sum(r.failed for r in results) == 0
