"""The map of the cheapest system over the price of carbon and the ratio of prices."""

import polars as pl
import pytest

from tests.networks_only import read_with_networks_only
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.results.break_even import break_even_table
from transforms.lcoh.results.cheapest_map import CARBON_GBP_PER_TONNE, PRICE_RATIOS, cheapest_map
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost_analysis import CHEAPEST_MAP
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
DEMAND = paper_demand(ASSUMPTIONS).filter(dwelling_type="all")
SOCIETY = {"scenario": "current2026", "convention": "best_practice"}
MAP = cheapest_map(DEMAND, ASSUMPTIONS, **SOCIETY)


def test_the_map_holds_each_point_once() -> None:
    assert MAP.schema == pl.Schema(CHEAPEST_MAP.schema)
    assert MAP.select(CHEAPEST_MAP.key).is_unique().all()
    assert MAP.height == len(CARBON_GBP_PER_TONNE) * len(PRICE_RATIOS)


def test_a_point_has_the_costs_of_the_table_at_its_prices() -> None:
    point = MAP.filter(carbon_gbp_per_tonne=200.0, price_ratio=3.0).row(0, named=True)
    factor = 3.0 / point["price_ratio_now"]
    of_scenario = (pl.col("item") == "carbon_value_central") & (pl.col("scenario") == "current2026")
    priced = ASSUMPTIONS.with_columns(value=pl.when(of_scenario).then(200.0).otherwise("value"))
    table = lcoh_table(DEMAND, priced, **SOCIETY).filter(scale="individual")
    cost = {
        row["system"]: row["lcoh_gbp_per_mwh"]
        + (factor - 1) * row["fuel_gbp_per_mwh"] * (row["system"] != "gas_boiler")
        for row in table.iter_rows(named=True)
    }
    assert point["system"] == min(cost, key=cost.__getitem__)
    assert point["lcoh_gbp_per_mwh"] == pytest.approx(min(cost.values()))
    assert point["margin_gbp_per_mwh"] == pytest.approx(sorted(cost.values())[1] - min(cost.values()))


def test_the_border_is_where_the_break_even_lies_and_dearer_carbon_never_helps_gas() -> None:
    table = break_even_table(DEMAND, ASSUMPTIONS, **SOCIETY)
    of_ashp = table.filter(system="ashp", quantity="electricity_to_gas_price_ratio").row(0, named=True)
    assert MAP["price_ratio_now"][0] == pytest.approx(of_ashp["base"])
    for _, row in MAP.sort("carbon_gbp_per_tonne").group_by("price_ratio", maintain_order=True):
        gas = (row["system"] == "gas_boiler").cast(pl.Int8).to_list()
        assert gas == sorted(gas, reverse=True)
    for _, column in MAP.sort("price_ratio").group_by("carbon_gbp_per_tonne", maintain_order=True):
        gas = (column["system"] == "gas_boiler").cast(pl.Int8).to_list()
        assert gas == sorted(gas)
    assert 0 < (MAP["system"] == "gas_boiler").sum() < MAP.height


def test_the_grant_to_match_makes_the_heat_pump_as_cheap() -> None:
    private = {"scenario": "current2026", "convention": "best_practice_private"}
    found = cheapest_map(DEMAND, ASSUMPTIONS, **private)
    assert set(found["carbon_now_gbp_per_tonne"]) == {0.0}
    dear = found.filter(carbon_gbp_per_tonne=0.0, price_ratio=4.0).row(0, named=True)
    assert dear["system"] == "gas_boiler"
    granted = override(ASSUMPTIONS, [f"ashp.grant_gbp={dear['ashp_grant_to_match_gbp']}"], scenario="current2026")
    of_ashp = lcoh_table(DEMAND, granted, **private).filter(system="ashp").row(0, named=True)
    cost = of_ashp["lcoh_gbp_per_mwh"] + (4.0 / dear["price_ratio_now"] - 1) * of_ashp["fuel_gbp_per_mwh"]
    assert cost - of_ashp["grant_gbp_per_mwh"] == pytest.approx(dear["lcoh_gbp_per_mwh"])
    of_heat_pump = found.filter(system="ashp")["ashp_grant_to_match_gbp"].to_list()
    assert of_heat_pump == pytest.approx([0.0] * len(of_heat_pump))


def test_a_scenario_without_prices_of_homes_has_no_map() -> None:
    lacking = read_with_networks_only()
    assert cheapest_map(DEMAND, lacking, scenario="networks_only", convention="best_practice").is_empty()
