"""Saved carbon dioxide and the cost of a tonne, worked by hand at zero discount rates and flat prices."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.networks_only import read_with_networks_only
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE, find_convention
from transforms.lcoh.model.demands import check_demand
from transforms.lcoh.model.what_if import Change
from transforms.lcoh.results.abatement import SAVES_NOTHING, abatement_table
from transforms.lcoh.results.costed import (
    BOILER,
    Costed,
    compared_systems,
    existing_boiler_flows,
    reference_beside,
)
from transforms.tables.cost_analysis import ABATEMENT
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
MARGINAL, AVERAGE = (f"electricity.carbon_intensity_{name}" for name in ("marginal_kg_per_kwh", "kg_per_kwh"))
NO_DISCOUNT = [f"green_book.rate_{when}=0" for when in ("to_year_30", "to_year_75", "after_year_75")]
DEMAND = pl.DataFrame(
    {"dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [15_200.0]}
)
SPF = ["ashp.hourly_spf=2.5", "gshp.hourly_spf=3"]
BY_HAND = override(ASSUMPTIONS, [*SPF, *NO_DISCOUNT, f"{MARGINAL}=0.1", f"{AVERAGE}=0.05"], scenario="paper_fit")

# Costs of one home and year, in 50 years without discounting; prices without VAT.
ELECTRICITY, GAS = 190 / 1.05, 47 / 1.05
PUMP_CAPITAL = (3 * 7000 - 10 / 20 * 7000) / 50  # bought in years 0, 20 and 40; half of the last is left
NEW_CAPITAL = (4 * 2500 - 10 / 15 * 2500) / 50  # in years 0, 15, 30 and 45
OLD_CAPITAL = (3 * 2500 - 2 / 15 * 2500) / 50  # in years 7, 22 and 37
PUMP = PUMP_CAPITAL + 90 + 15.2 / 2.5 * ELECTRICITY
NEW = NEW_CAPITAL + 180 + 15.2 / 0.94 * GAS
OLD = OLD_CAPITAL + 180 + 15.2 / 0.8054 * GAS
NEW_KG, OLD_KG = 15.2 / 0.94 * 184, 15.2 / 0.8054 * 184


def table(
    assumptions: pl.DataFrame = BY_HAND, convention: str = "best_practice_public", scenario: str = "paper_fit"
) -> pl.DataFrame:
    return abatement_table(DEMAND, assumptions, scenario=scenario, convention=convention)


def row(frame: pl.DataFrame, system: str, reference: str, grid: str) -> dict[str, float]:
    chosen = pl.col("system") == system, pl.col("reference") == reference, pl.col("grid") == grid
    return frame.filter(*chosen).row(0, named=True)


@pytest.mark.parametrize(("grid", "kg_per_mwh"), [("long_run_marginal", 100), ("average", 50)])
@pytest.mark.parametrize(("reference", "cost", "kg"), [("new_boiler", NEW, NEW_KG), ("existing_boiler", OLD, OLD_KG)])
def test_a_heat_pump_by_hand(grid: str, kg_per_mwh: float, reference: str, cost: float, kg: float) -> None:
    found = row(table(), "ashp", reference, grid)
    saved = kg - 15.2 / 2.5 * kg_per_mwh
    assert found["co2_saved_kg_per_year"] == pytest.approx(saved)
    assert found["cost_gbp_per_tonne"] == pytest.approx(1000 * (PUMP - cost) / saved)
    assert found["note"] is None


def test_every_system_and_scale_stands_against_both_boilers_on_both_grids() -> None:
    found = table()
    assert found.schema == pl.Schema(ABATEMENT.schema)
    assert found.select(ABATEMENT.key).is_unique().all()
    assert found.height == (2 + 5) * 2 * 2
    assert set(found.filter(pl.col("system") == "network")["scale"]) >= {"small", "multi_development"}


def contender(system: str, assumptions: pl.DataFrame = BY_HAND, scenario: str = "paper_fit") -> Costed:
    figures = scenario_figures(assumptions, scenario)
    found = compared_systems(check_demand(DEMAND), figures, BEST_PRACTICE, reference=BOILER)
    return next(c for c in found if c.system == system)


def test_the_saving_per_home_is_the_network_s_saving_over_its_homes() -> None:
    network = contender("network")
    found = table(convention="best_practice").filter(
        pl.col("system") == "network", pl.col("reference") == "new_boiler", pl.col("grid") == "long_run_marginal"
    )
    of_home = network.built.flows().co2_kg.sum(axis=-1) / 50 / network.built.dwellings
    joined = network.keys.with_columns(expected=pl.Series(NEW_KG - of_home)).join(found, on="scale")
    assert joined["co2_saved_kg_per_year"].to_list() == pytest.approx(joined["expected"].to_list())
    assert joined.height == 5


def test_the_existing_boiler_is_bought_again_when_its_life_is_over_and_a_spent_one_now() -> None:
    boiler = reference_beside(contender("ashp"), BOILER)
    spent = {year: gbp for year, gbp in enumerate(existing_boiler_flows(boiler).capital_gbp[0]) if gbp}
    assert spent == pytest.approx({7: 2500, 22: 2500, 37: 2500, 50: -2500 * 2 / 15})
    worn_out = override(BY_HAND, ["boiler_stock.remaining_life_years=0"], scenario="paper_fit")
    worn = reference_beside(contender("ashp", worn_out), BOILER)
    new = worn.built.flows().capital_gbp
    assert existing_boiler_flows(worn).capital_gbp == pytest.approx(new)


def test_a_system_that_saves_nothing_has_no_cost_of_a_tonne_and_says_why() -> None:
    dirty = override(BY_HAND, [f"{MARGINAL}=1"], scenario="paper_fit")
    found = row(table(dirty), "ashp", "new_boiler", "long_run_marginal")
    assert found["co2_saved_kg_per_year"] == pytest.approx(NEW_KG - 15.2 / 2.5 * 1000)
    assert found["co2_saved_kg_per_year"] < 0
    assert found["cost_gbp_per_tonne"] is None
    assert found["note"] == SAVES_NOTHING
    assert row(table(dirty), "ashp", "new_boiler", "average")["note"] is None


@pytest.mark.parametrize("scenario", ["eep2018", "eep2019"])
def test_the_cost_of_a_tonne_is_the_price_of_carbon_at_which_both_cost_alike(scenario: str) -> None:
    found = table(ASSUMPTIONS, "best_practice", scenario).filter(pl.col("grid") == "long_run_marginal")
    for system in ("ashp", "gshp", "network"):
        one = contender(system, ASSUMPTIONS, scenario)
        new = found.filter(pl.col("system") == system, pl.col("reference") == "new_boiler")
        price = one.keys.join(new, on=["dwelling_type", "scale"], maintain_order="left")["cost_gbp_per_tonne"]
        change = Change(carbon_gbp_per_tonne=price.to_numpy())
        boiler = reference_beside(one, BOILER).built
        assert one.built.cost(change).total == pytest.approx(boiler.cost(change).total, abs=1e-9)


def test_the_perspective_s_price_of_carbon_is_left_out() -> None:
    high = override(ASSUMPTIONS, ["carbon_value_central.price_gbp_per_tonne=900"], scenario="eep2019")
    pair = [table(a, "best_practice", "eep2019")["cost_gbp_per_tonne"] for a in (ASSUMPTIONS, high)]
    assert pair[0].to_list() == pytest.approx(pair[1].to_list())


def test_a_convention_that_does_not_compare_is_refused() -> None:
    for name in ("wang2018", "wang2018_delivered"):
        with pytest.raises(AssumptionError, match=f"convention {name} divides by heat"):
            table(convention=name)
    assert find_convention("best_practice").denominator == "delivered"


def test_a_scenario_without_a_price_of_gas_for_homes_compares_nothing() -> None:
    assert table(read_with_networks_only(), "best_practice", "networks_only").is_empty()


def test_emissions_are_discounted_as_costs_are() -> None:
    pump = contender("ashp", override(ASSUMPTIONS, [f"{MARGINAL}=0.1"], scenario="eep2019"), "eep2019")
    later = replace(pump.built.flows(), co2_kg=np.where(np.arange(51) == 50, 1000.0, 0.0)[None, :])
    factor = 1.035**-30 * 1.03**-20
    annuity = sum(1.035**-t for t in range(1, 31)) + 1.035**-30 * sum(1.03**-t for t in range(1, 21))
    assert pump.built.emissions(later)[0] == pytest.approx(1000 * factor / (15.2 * annuity))
