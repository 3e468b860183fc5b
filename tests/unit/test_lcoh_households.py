"""The cost of every home, and how far the mean of homes lies above the cost at their mean demand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from tests.networks_only import read_with_networks_only
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.what_if import Case, build
from transforms.lcoh.results.households import cost_distribution, expected_gap, household_costs
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost_analysis import LCOH_DISTRIBUTION, LCOH_HOUSEHOLD
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "paper_fit")


def make_homes(kwh: dict[str, list[float]], period: str = "2009") -> pl.DataFrame:
    rows = [(f"{of}{n}", of, period, value) for of, values in kwh.items() for n, value in enumerate(values)]
    return pl.DataFrame(rows, schema=["household_id", "dwelling_type", "period", "heat_kwh_annual"], orient="row")


def make_demand(rows: dict[str, tuple[int, float, float | None, float | None]], period: str = "2009") -> pl.DataFrame:
    nothing = {name: pl.lit(None) for name in HEAT_DEMAND_ANNUAL.schema}
    given_values = pl.DataFrame(
        [(name, *values) for name, values in rows.items()],
        schema=["dwelling_type", "households", "heat_kwh_mean", "heat_kwh_ci_low", "heat_kwh_ci_high"],
        orient="row",
    )
    return HEAT_DEMAND_ANNUAL.conform(
        given_values.with_columns(period=pl.lit(period)).with_columns(
            **{name: value for name, value in nothing.items() if name not in (*given_values.columns, "period")}
        )
    )


def costs(homes: pl.DataFrame, convention: str = "wang2018", scenario: str = "paper_fit") -> pl.DataFrame:
    return household_costs(homes, ASSUMPTIONS, scenario=scenario, convention=convention)


def test_a_home_is_costed_in_normal_weather_where_its_lines_carry_it_there() -> None:
    homes = make_homes({"flat": [6_000.0, 10_400.0, 500.0]}).with_columns(
        normal_correction_kwh=pl.Series([-400.0, None, -600.0]), heat_loss_w_per_k=pl.Series([100.0, 150.0, 20.0])
    )
    found = costs(homes, "best_practice").filter(system="ashp").sort("household_id")
    assert found.select("demand_kwh", "weather").rows() == [
        (5_600.0, "normal"),
        (10_400.0, "measured"),
        (500.0, "measured"),
    ]
    as_given = homes.drop("normal_correction_kwh").with_columns(heat_kwh_annual=pl.Series([5_600.0, 10_400.0, 500.0]))
    alone = costs(as_given, "best_practice").filter(system="ashp").sort("household_id")
    assert found["lcoh_gbp_per_mwh"].to_list() == alone["lcoh_gbp_per_mwh"].to_list()


@pytest.mark.parametrize("convention", ["wang2018", "rival", "best_practice", "best_practice_private"])
def test_a_home_has_the_cost_of_the_table_at_its_demand(convention: str) -> None:
    homes = make_homes({"flat": [6_000.0, 10_400.0], "detached": [31_000.0]})
    found = costs(homes, convention)
    assert found.schema == pl.Schema(LCOH_HOUSEHOLD.schema)
    assert found.select(LCOH_HOUSEHOLD.key).is_unique().all()
    demand = homes.select(
        "period", dwelling_type="household_id", demand_basis=pl.lit("measured"), demand_kwh="heat_kwh_annual"
    )
    table = lcoh_table(demand, ASSUMPTIONS, scenario="paper_fit", convention=convention).filter(
        pl.col("system") != "network"
    )
    both = found.join(table, left_on=["system", "household_id"], right_on=["system", "dwelling_type"])
    assert both.height == found.height == 9
    assert both["lcoh_gbp_per_mwh"].to_list() == pytest.approx(both["lcoh_gbp_per_mwh_right"].to_list(), rel=1e-12)


def test_homes_without_heat_and_systems_without_prices_are_left_out() -> None:
    homes = make_homes({"flat": [0.0, 9_000.0]})
    assert set(costs(homes)["household_id"]) == {"flat1"}
    lacking = read_with_networks_only()
    assert household_costs(homes, lacking, scenario="networks_only", convention="best_practice").is_empty()


def test_a_measured_heat_loss_sizes_a_heat_pump_and_a_missing_one_is_in_proportion_to_the_heat() -> None:
    homes = make_homes({"flat": [15_200.0] * 3})
    measured = homes.with_columns(heat_loss_w_per_k=pl.Series([150.0, 400.0, None]))
    with_loss, without = (
        dict(costs(frame, "best_practice").filter(system="ashp").select("household_id", "lcoh_gbp_per_mwh").iter_rows())
        for frame in (measured, homes)
    )
    assert with_loss["flat0"] < with_loss["flat1"]
    assert with_loss["flat2"] == pytest.approx(without["flat2"], rel=1e-12)
    assert costs(measured).equals(costs(homes))  # by wang2018 one size fits all


def distribution(
    homes: pl.DataFrame, demand: pl.DataFrame, weights: dict[str, float] | None = None, convention: str = "wang2018"
) -> pl.DataFrame:
    return cost_distribution(costs(homes, convention), homes, demand, ASSUMPTIONS, weights=weights)


def test_the_hand_worked_distribution_comes_out() -> None:
    # Gas boiler in wang2018: 397.06 GBP a year (2,500 over an annuity of 11.5174 and 180), 47/0.94 = 50 GBP/MWh of fuel
    # and 0.184 x 16 / 0.94 = 3.13 of carbon. Homes of 10, 20 and 30 MWh: mean 20, CV^2 = 200/3/400 = 1/6.
    homes = make_homes({"flat": [10_000.0, 20_000.0, 30_000.0]})
    demand = make_demand({"flat": (3, 20_000.0, 16_000.0, 25_000.0), "all": (3, 20_000.0, None, None)})
    table = distribution(homes, demand)
    assert table.schema == pl.Schema(LCOH_DISTRIBUTION.schema)
    row = table.filter(system="gas_boiler", dwelling_type="flat").row(0, named=True)
    fixed, by_heat = 2_500 / 11.51741 + 180, 50 + 0.184 * 16 / 0.94
    assert row["households"] == 3
    assert row["demand_variation"] == pytest.approx((1 / 6) ** 0.5)
    assert row["lcoh_at_mean_gbp_per_mwh"] == pytest.approx(by_heat + fixed / 20, abs=0.01)
    assert row["lcoh_mean_gbp_per_mwh"] == pytest.approx(by_heat + fixed * (1 / 10 + 1 / 20 + 1 / 30) / 3, abs=0.01)
    assert row["gap_expected_gbp_per_mwh"] == pytest.approx(fixed / 20 / 6, abs=0.01)
    assert row["lcoh_at_mean_ci_low"] == pytest.approx(by_heat + fixed / 25, abs=0.01)
    assert row["lcoh_at_mean_ci_high"] == pytest.approx(by_heat + fixed / 16, abs=0.01)
    of_all = table.filter(system="gas_boiler", dwelling_type="all").row(0, named=True)
    assert of_all["lcoh_mean_gbp_per_mwh"] == pytest.approx(row["lcoh_mean_gbp_per_mwh"])
    assert of_all["lcoh_at_mean_ci_low"] is None


def test_the_stock_weighs_types_and_is_not_formed_without_one_of_them() -> None:
    homes = make_homes({"flat": [10_000.0, 10_000.0, 10_000.0], "detached": [30_000.0]})
    demand = make_demand({"flat": (3, 10_000.0, None, None)})
    table = distribution(homes, demand, {"flat": 0.5, "detached": 0.5})
    stock = table.filter(system="ashp", dwelling_type="stock").row(0, named=True)
    types = table.filter(system="ashp").select("dwelling_type", "lcoh_mean_gbp_per_mwh")
    mean = dict(types.iter_rows())
    assert stock["households"] == 4
    assert stock["lcoh_mean_gbp_per_mwh"] == pytest.approx((mean["flat"] + mean["detached"]) / 2)
    assert stock["demand_variation"] == pytest.approx(0.5)  # 10 and 30 MWh in equal shares
    at_mean = Case(figures=FIGURES, convention=find_convention("wang2018"), system="ashp", demand_kwh=20_000.0)
    assert stock["lcoh_at_mean_gbp_per_mwh"] == pytest.approx(float(build(at_mean).cost().total))
    without = distribution(homes, demand, {"flat": 0.5, "bungalow": 0.5})
    assert "stock" not in set(without["dwelling_type"])


def test_the_gap_of_lognormal_demands_is_the_expected_one() -> None:
    # domain figures: at CV 0.5 and 15.2 MWh the mean of homes exceeds the cost at their mean by 6.5, 9.6 and 16.3
    sigma = np.sqrt(np.log(1.25))
    ranks = (np.arange(20_000) + 0.5) / 20_000
    kwh = np.exp(sigma * ndtri(ranks))
    homes = make_homes({"flat": list(15_200 * kwh / kwh.mean())})
    table = distribution(homes, make_demand({"flat": (20_000, 15_200.0, None, None)})).filter(dwelling_type="flat")
    for system, gap in {"gas_boiler": 6.5, "ashp": 9.6, "gshp": 16.3}.items():
        row = table.filter(system=system).row(0, named=True)
        assert row["gap_expected_gbp_per_mwh"] == pytest.approx(gap, abs=0.06)
        assert row["lcoh_mean_gbp_per_mwh"] - row["lcoh_at_mean_gbp_per_mwh"] == pytest.approx(gap, abs=0.1)


@given(st.lists(st.floats(3_000, 40_000), min_size=2, max_size=8))
@settings(max_examples=20, deadline=None)
def test_the_mean_of_homes_is_never_below_the_cost_at_their_mean(kwh: list[float]) -> None:
    table = distribution(make_homes({"flat": kwh}), make_demand({"flat": (len(kwh), float(np.mean(kwh)), None, None)}))
    assert (table["lcoh_mean_gbp_per_mwh"] >= table["lcoh_at_mean_gbp_per_mwh"] - 1e-9).all()
    assert (table["gap_expected_gbp_per_mwh"] >= 0).all()


def test_no_homes_give_empty_tables() -> None:
    none = make_homes({"flat": [1.0]}).clear()
    assert costs(none).is_empty()
    assert distribution(none, make_demand({"flat": (1, 1.0, None, None)})).is_empty()
    assert float(expected_gap(20.0, 0.5)) == 5
