"""From homes to an interval of the cost: for individual systems, networks and plant that follows the peak."""

import functools

import numpy as np
import polars as pl
import pytest

from transforms.heat.demand import Bootstrap, draw_annual_heat, draw_weights, studentised_interval
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.results.intervals import add_intervals, expanded_interval, network_cost_of_draws, network_intervals
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost import LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "paper_fit")
ENDS = {
    "flat": (30, 9_000.0, 10_000.0, 11_500.0),
    "all": (60, 13_000.0, 14_000.0, 15_200.0),
    "bungalow": (4, None, 15_000.0, None),
}


def demand() -> pl.DataFrame:
    rows = [(name, n, low, mean, high) for name, (n, low, mean, high) in ENDS.items()]
    known = ["dwelling_type", "households", "heat_kwh_ci_low", "heat_kwh_mean", "heat_kwh_ci_high"]
    frame = pl.DataFrame(rows, schema=known, orient="row").with_columns(period=pl.lit("2009"))
    missing = [name for name in HEAT_DEMAND_ANNUAL.schema if name not in frame.columns]
    return HEAT_DEMAND_ANNUAL.conform(frame.with_columns(pl.lit(None).alias(name) for name in missing))


def costs(convention: str) -> pl.DataFrame:
    measured = demand().select("dwelling_type", "period", demand_basis=pl.lit("measured"), demand_kwh="heat_kwh_mean")
    return lcoh_table(
        pl.concat([measured, paper_demand(ASSUMPTIONS)]), ASSUMPTIONS, scenario="paper_fit", convention=convention
    )


@pytest.mark.parametrize("convention", ["wang2018", "best_practice"])
def test_every_measured_row_of_ten_homes_gets_the_cost_at_the_ends_of_its_demand(convention: str) -> None:
    table = costs(convention)
    found = add_intervals(table, demand(), ASSUMPTIONS)
    added = ("households", "lcoh_ci_low", "lcoh_ci_high")
    assert found.drop(added).equals(table.drop(added))
    measured = found.filter(demand_basis="measured")
    whole = measured.filter(pl.col("dwelling_type") != "bungalow")
    assert whole.select("households", "lcoh_ci_low", "lcoh_ci_high").null_count().sum_horizontal().item() == 0
    assert whole.height == 3 * 2 + 5
    assert (
        (whole["lcoh_ci_low"] < whole["lcoh_gbp_per_mwh"]) & (whole["lcoh_gbp_per_mwh"] < whole["lcoh_ci_high"])
    ).all()
    few = measured.filter(dwelling_type="bungalow")
    assert set(few["households"]) == {4}
    assert few["lcoh_ci_low"].null_count() == few.height
    paper = found.filter(demand_basis="paper")
    assert paper.select("households", "lcoh_ci_low").null_count().row(0) == (paper.height, paper.height)


def test_the_hand_worked_interval_comes_out() -> None:
    row = (
        add_intervals(costs("wang2018"), demand(), ASSUMPTIONS)
        .filter(system="gas_boiler", dwelling_type="flat", demand_basis="measured")
        .row(0, named=True)
    )
    fixed, by_heat = 2_500 / 11.51741 + 180, 50 + 0.184 * 16 / 0.94
    assert row["lcoh_ci_low"] == pytest.approx(by_heat + fixed / 11.5, abs=0.01)
    assert row["lcoh_ci_high"] == pytest.approx(by_heat + fixed / 9, abs=0.01)


def test_networks_take_their_own_intervals_where_given() -> None:
    table = costs("best_practice")
    own = table.filter(system="network", demand_basis="measured").select(
        *LCOH.key, lcoh_ci_low=pl.lit(1.0), lcoh_ci_high=pl.lit(2.0)
    )
    found = add_intervals(table, demand(), ASSUMPTIONS, networks=own).filter(demand_basis="measured")
    assert set(found.filter(system="network")["lcoh_ci_high"]) == {2.0}
    assert 2.0 not in set(found.filter(pl.col("system") != "network")["lcoh_ci_high"])


def test_a_network_without_uncertainty_has_the_cost_of_the_table() -> None:
    convention = find_convention("best_practice")
    shape_peak_kw = np.array([7.0, 8.0])
    cost = network_cost_of_draws(FIGURES, convention, 300, np.full(2, 15_200.0), shape_peak_kw)
    assert cost[1] > cost[0]  # more peak, more plant
    fixed = network_cost_of_draws(FIGURES, find_convention("wang2018"), 300, np.full(2, 15_200.0), shape_peak_kw)
    assert fixed[0] == fixed[1]  # wang2018 does not size by the peak
    wang = lcoh_table(paper_demand(ASSUMPTIONS), ASSUMPTIONS, scenario="paper_fit", convention="wang2018")
    row = wang.filter(scale="medium", system="network").row(0, named=True)
    at_paper = network_cost_of_draws(
        FIGURES, find_convention("wang2018"), 300, np.array([row["demand_kwh"]]), np.array([7.0])
    )
    assert at_paper[0] == pytest.approx(row["lcoh_gbp_per_mwh"], rel=1e-12)


def test_draws_of_peak_and_demand_must_be_as_many() -> None:
    with pytest.raises(ValueError, match=r"1 peaks \(e\.g\. of 100 dwellings\) have 3 draws and the demand 2"):
        network_intervals(
            lambda _, kwh, kw: kwh * kw, demand_kwh_draws=np.ones(2), peak_kw_draws={100: np.ones(3)}, households=20
        )


def test_the_interval_of_draws_is_wider_for_fewer_homes_and_the_percentiles_for_many() -> None:
    draws = np.arange(100_001) / 100_000
    low, high = expanded_interval(draws, households=10_000_000)
    assert (low, high) == pytest.approx((0.025, 0.975), abs=1e-4)
    # ten homes: t of 9 degrees is 2.262, times sqrt(10/9) is 2.385, below which lie 0.0085 of a normal distribution
    assert expanded_interval(draws, households=10) == pytest.approx((0.0085, 0.9915), abs=1e-4)


@pytest.mark.parametrize("homes", [20, 60])
def test_the_interval_of_a_network_sized_by_the_peak_covers_the_truth(homes: int) -> None:
    """A cost 40 + (400 + 60 P) / D of lognormal demands D [MWh] and peaks P [kW] that go with them but not strictly."""
    rng = np.random.default_rng(homes)
    weights = draw_weights(pl.Series([f"h{n}" for n in range(homes)]), Bootstrap(replicates=600))
    weights = weights[weights.sum(axis=1) > 0]
    truth, held, trials = 40 + (400 + 60 * 7) / 15, 0, 600
    for _ in range(trials):
        demand_mwh = 15 * rng.lognormal(-0.125, 0.5, homes)
        peak_kw = 7 * demand_mwh / 15 * rng.lognormal(-0.02, 0.2, homes)
        draws = [weights @ x / weights.sum(axis=1) for x in (demand_mwh * 1000, peak_kw)]
        row = network_intervals(
            lambda _, kwh, kw: 40 + (400 + 60 * kw) / (kwh / 1000),
            demand_kwh_draws=draws[0], peak_kw_draws={100: draws[1]}, households=homes,
        ).row(0)  # fmt: skip
        held += row[1] <= truth <= row[2]
    assert 0.92 <= held / trials <= 0.975


def test_homes_lead_to_the_interval_of_a_cost_by_way_of_the_same_draws() -> None:
    kwh = 12_000 * np.random.default_rng(1).lognormal(0, 0.4, 50)
    homes = pl.DataFrame(
        {"household_id": [f"h{n}" for n in range(50)], "dwelling_type": "flat", "heat_kwh_annual": kwh}
    )
    drawn = draw_annual_heat(homes, weights=None, bootstrap=Bootstrap())["all"]
    low, high = studentised_interval(drawn, 0.95)
    cost = functools.partial(network_cost_of_draws, FIGURES, find_convention("wang2018"))
    by_draws = network_intervals(
        cost, demand_kwh_draws=drawn.heat_kwh_draws, peak_kw_draws={300: np.ones(1000)}, households=50
    ).row(0)
    at_ends = [float(cost(300, np.array([end]), np.ones(1))[0]) for end in (high, low)]
    assert by_draws[1:] == pytest.approx(at_ends, rel=0.02)
