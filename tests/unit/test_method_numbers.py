"""The numbers of docs/method.md that lead from the old headline to the new one, and its worked example."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions

METHOD = (Path(__file__).parents[2] / "docs" / "method.md").read_text(encoding="utf-8")
SYSTEMS = ("gas_boiler", "ashp", "gshp", "network")
IS_BIAS = pl.col("parameter") == "optimism_bias_share"
IS_HOURLY = pl.col("item") == "network_source"
TECHNOLOGY = {
    "gas_boiler": pl.col("item") == "gas_boiler",
    "heat pumps": pl.col("item").is_in(["ashp", "gshp"]),
    "network": pl.col("item").is_in(["network", "network_store", "pipe"]) & ~IS_BIAS,
    "optimism bias": IS_BIAS,
    "hourly COP": IS_HOURLY,
}
EVERY_ROW = pl.any_horizontal(*TECHNOLOGY.values())


def cost(assumptions: pl.DataFrame, scenario: str) -> list[float]:
    demand = paper_demand(assumptions).filter(dwelling_type="all")
    table = lcoh_table(demand, assumptions, scenario=scenario, convention="best_practice")
    shown = table.filter(pl.col("scale").is_in(["individual", "single_development"]))
    by_system = dict(shown.select("system", "lcoh_gbp_per_mwh").iter_rows())
    return [by_system[system] for system in SYSTEMS]


@cache
def steps() -> dict[str, list[float]]:
    """Return the costs after each step from `eep2019` in money of 2018 to `current2026` in money of 2025."""
    start, money = ["study.start_year=2026"], ["study.start_year=2026", "study.price_base_year=2025"]
    later, dearer = (read_assumptions(settings=given, scenario="eep2019") for given in (start, money))
    now = read_assumptions()
    of_now = pl.col("scenario") == "current2026"
    technology = now.filter(of_now, EVERY_ROW)
    old = dearer.filter(pl.col("scenario") == "eep2019", EVERY_ROW)
    mixed = pl.concat([now.filter(~(of_now & EVERY_ROW)), old.with_columns(scenario=pl.lit("current2026"))])
    found = {
        "before": cost(now, "eep2019"),
        "start in 2026": cost(later, "eep2019"),
        "money of 2025": cost(dearer, "eep2019"),
        "prices and grid": cost(mixed, "current2026"),
    }
    for name, of_step in TECHNOLOGY.items():
        mixed = pl.concat([mixed.filter(~(of_step & of_now)), technology.filter(of_step)])
        found[name] = cost(mixed, "current2026")
    assert found["hourly COP"] == pytest.approx(cost(now, "current2026"))
    return found


def rows() -> Iterator[tuple[str, list[float]]]:
    yield from steps().items()


@pytest.mark.parametrize(("name", "costs"), list(rows()))
def test_each_step_from_the_old_headline_to_the_new_one_stands_in_the_method(name: str, costs: list[float]) -> None:
    cells = " | ".join(f"{value:.1f}" for value in costs)
    assert f"| {cells} |" in METHOD, (name, cells)


@pytest.mark.parametrize("gbp_per_mwh", [290.9, 282.5, 259.1, 244.0, 220.9])
def test_the_method_states_the_cost_of_a_network_by_the_electricity_price_of_each_user(gbp_per_mwh: float) -> None:
    given = [f"retail_rule.electricity_services={gbp_per_mwh}", "network.optimism_bias_share=0"]
    assumptions = read_assumptions(settings=given, scenario="current2026")
    demand = paper_demand(assumptions).filter(dwelling_type="all")
    of_lenses = [
        lcoh_table(demand, assumptions, scenario="current2026", convention=convention)
        .filter(system="network", scale="single_development")["lcoh_gbp_per_mwh"]
        .item()
        for convention in ("best_practice", "best_practice_private")
    ]
    assert f"| {gbp_per_mwh} | {of_lenses[0]:.1f} | {of_lenses[1]:.1f} |" in METHOD


def walk(heat_mwh: float, capital_gbp: float, spf: float) -> dict[str, float]:
    """Return the discounted parts of an air source heat pump's cost [GBP], and its heat [MWh], by plain arithmetic."""
    figures = scenario_figures(read_assumptions(), "current2026")
    factors = [1.0]
    for year in range(1, 51):
        factors.append(factors[-1] / (1.035 if year <= 30 else 1.03))
    years = range(2026, 2076)
    price = figures.series("electricity_residential", "price_gbp_per_mwh", years) / 1.05
    average = figures.series("electricity", "carbon_intensity_kg_per_kwh", years)
    price -= average * figures.series("carbon_electricity_supply", "price_gbp_per_tonne", years)
    marginal = figures.series("electricity", "carbon_intensity_marginal_kg_per_kwh", years)
    value = figures.series("carbon_value_central", "price_gbp_per_tonne", years)
    return {
        "factors": sum(factors[1:]),
        "heat": heat_mwh * sum(factors[1:]),
        "capital": capital_gbp * (factors[0] + factors[20] + factors[40] - 0.5 * factors[50]),
        "upkeep": figures.one("ashp", "om_gbp_per_year") * sum(factors[1:]),
        "fuel": heat_mwh / spf * float(np.dot(price, factors[1:])),
        "carbon": heat_mwh / spf * float(np.dot(marginal * value, factors[1:])),
    }


def added_up(found: dict[str, float]) -> tuple[float, str]:
    parts = [found[name] / found["heat"] for name in ("capital", "upkeep", "fuel", "carbon")]
    return sum(parts), f"{' + '.join(f'{part:.2f}' for part in parts)} = {sum(parts):.2f} GBP/MWh"


def test_the_worked_example_ends_at_the_number_of_the_table() -> None:
    found = walk(15.2, 11_832, scenario_figures(read_assumptions(), "current2026").one("ashp", "hourly_spf"))
    total, words = added_up(found)
    assert total == pytest.approx(steps()["network"][1], rel=1e-9)
    assert words in METHOD
    for name, written in {"factors": ".3f", "heat": ".1f"}.items():
        assert f"{found[name]:{written}}" in METHOD, name
    for name in ("capital", "upkeep", "fuel", "carbon"):
        assert f"{found[name]:,.0f}" in METHOD, name


def test_the_same_walk_with_the_homes_of_the_made_up_trial_stands_in_the_method() -> None:
    _, words = added_up(walk(15.43, 11_868, 2.783))
    assert words in METHOD
