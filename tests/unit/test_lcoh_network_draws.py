"""Intervals of networks that are sized by their peak: demand, peak and the capital for it, in the same draws of homes."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from flows.pipeline.costs import cost_choices
from flows.settings import Settings
from quality.disclosure.accounts import publish_open
from quality.disclosure.cells import publish_cells, publish_costs
from transforms.heat.demand import Bootstrap, draw_weights
from transforms.lcoh.model.demands import measured_demand
from transforms.lcoh.results.intervals import add_intervals, intervals_by_draws
from transforms.lcoh.results.published import MeasuredHeat, cost_demands
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import PEAK_DRAW
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
BOOTSTRAP = Bootstrap(replicates=400)
CHOICES = cost_choices(Settings(scenario="eep2019", bootstrap_replicates=BOOTSTRAP.replicates))
SIZE = 60
KWH = 15_000 * np.random.default_rng(3).lognormal(-0.1, 0.45, SIZE)
HOMES = pl.DataFrame(
    {"household_id": [f"h{n}" for n in range(SIZE)], "dwelling_type": "flat", "period": "2009", "heat_kwh_annual": KWH}
)
WEIGHTS = draw_weights(HOMES["household_id"], BOOTSTRAP)
DEMAND = WEIGHTS @ KWH / WEIGHTS.sum(axis=1) / KWH.mean()


def peaks(level: np.ndarray, *, households: int = SIZE) -> pl.DataFrame:
    rows = pl.DataFrame({"level": level}).with_row_index("draw")
    named = rows.with_columns(dwelling_type=pl.lit("all"), period=pl.lit("2009"), households=pl.lit(households))
    return PEAK_DRAW.conform(named)


def demand() -> pl.DataFrame:
    known = {"dwelling_type": "all", "period": "2009", "households": SIZE, "heat_kwh_mean": KWH.mean()}
    ends = dict(
        zip(("heat_kwh_ci_low", "heat_kwh_ci_high"), KWH.mean() * np.quantile(DEMAND, (0.025, 0.975)), strict=True)
    )
    missing = dict.fromkeys(set(HEAT_DEMAND_ANNUAL.schema) - set(known | ends))
    return HEAT_DEMAND_ANNUAL.conform(pl.DataFrame([known | ends | missing]))


def costs(*conventions: str) -> pl.DataFrame:
    asked = demand().select("dwelling_type", "period", demand_basis=pl.lit("measured"), demand_kwh="heat_kwh_mean")
    return pl.concat(lcoh_table(asked, ASSUMPTIONS, scenario="eep2019", convention=c) for c in conventions)


def intervals(level: np.ndarray, *, households: int = SIZE) -> pl.DataFrame:
    found = intervals_by_draws(
        costs("best_practice"), HOMES, peaks(level, households=households), ASSUMPTIONS,
        weights={"2009": None}, bootstrap=BOOTSTRAP,
    )  # fmt: skip
    return found.join(costs("best_practice"), on=LCOH.key, suffix="_of_table")


def width(level: np.ndarray, *, households: int = SIZE) -> float:
    found = intervals(level, households=households)
    return float(np.mean((found["lcoh_ci_high"] - found["lcoh_ci_low"]).to_numpy()))


def test_every_scale_gets_an_interval_about_its_cost() -> None:
    found = intervals(DEMAND)
    assert found.height == 5
    cost = pl.col("lcoh_gbp_per_mwh")
    assert found.filter((pl.col("lcoh_ci_low") < cost) & (cost < pl.col("lcoh_ci_high"))).height == 5


def test_where_peaks_go_with_demand_the_interval_is_that_of_the_demand_alone() -> None:
    alone = add_intervals(costs("best_practice"), demand(), ASSUMPTIONS).filter(system="network")
    both = alone.join(intervals(DEMAND), on=LCOH.key, suffix="_by_draws")
    for end in ("lcoh_ci_low", "lcoh_ci_high"):
        assert both[f"{end}_by_draws"].to_list() == pytest.approx(both[end].to_list(), rel=2e-3)


def test_a_peak_with_a_scatter_of_its_own_widens_the_interval() -> None:
    with_demand = width(DEMAND)
    own = np.random.default_rng(5).lognormal(0, 0.1, BOOTSTRAP.replicates)
    assert width(DEMAND * own) > 1.2 * with_demand
    assert width(np.ones_like(DEMAND)) > 1.2 * with_demand, "a fixed peak is dear where its homes use little"


def test_fewer_homes_behind_the_peak_widen_the_interval() -> None:
    assert width(DEMAND, households=12) > 1.05 * width(DEMAND)


def test_networks_that_do_not_follow_the_peak_or_whose_peak_is_unknown_have_none_of_it() -> None:
    asked = costs("wang2018", "best_practice")
    found = intervals_by_draws(asked, HOMES, peaks(DEMAND), ASSUMPTIONS, weights={"2009": None}, bootstrap=BOOTSTRAP)
    assert set(found["convention"]) == {"best_practice"}
    unknown = intervals_by_draws(
        asked, HOMES, PEAK_DRAW.empty(), ASSUMPTIONS, weights={"2009": None}, bootstrap=BOOTSTRAP
    )
    assert unknown.is_empty()
    assert unknown.columns == found.columns


def table_of_run(level: np.ndarray) -> pl.DataFrame:
    heat = MeasuredHeat(demand=demand(), homes=HOMES, peaks=peaks(level), stock_shares={})
    return cost_demands(heat, ASSUMPTIONS, CHOICES)


def test_the_table_of_a_run_holds_the_intervals_by_draws() -> None:
    own = DEMAND * np.random.default_rng(5).lognormal(0, 0.1, BOOTSTRAP.replicates)
    table = table_of_run(own)
    measured = table.filter(demand_basis="measured", system="network", convention="best_practice")
    both = measured.join(intervals(own), on=LCOH.key, suffix="_by_draws")
    assert both.height == 5
    for end in ("lcoh_ci_low", "lcoh_ci_high"):
        assert both[end].to_list() == both[f"{end}_by_draws"].to_list()


def costs_at(published: pl.DataFrame) -> pl.DataFrame:
    """Return the cost of heat at published demands."""
    asked = measured_demand(published)
    return pl.concat(lcoh_table(asked, ASSUMPTIONS, scenario=s, convention=c) for s, c in CHOICES.costed)


def test_published_networks_keep_their_interval_about_the_published_cost() -> None:
    own = DEMAND * np.random.default_rng(5).lognormal(0, 0.1, BOOTSTRAP.replicates)
    table = table_of_run(own)
    shown = publish_cells(HEAT_DEMAND_ANNUAL, demand())
    assumptions = publish_open(ASSUMPTION, ASSUMPTIONS)
    published = publish_costs(table, costs_at(shown.frame), demand=shown, assumptions=assumptions).frame
    both = published.filter(demand_basis="measured", system="network", convention="best_practice").join(
        table, on=LCOH.key, suffix="_own"
    )
    assert both.height == 5
    for end in ("lcoh_ci_low", "lcoh_ci_high"):
        share = both[end] / both["lcoh_gbp_per_mwh"] - 1
        assert share.to_list() == pytest.approx(
            (both[f"{end}_own"] / both["lcoh_gbp_per_mwh_own"] - 1).to_list(), rel=5e-3
        )
        assert share.to_list() == pytest.approx(share.round_sig_figs(3).to_list(), rel=1e-9)


def test_where_the_demand_is_that_of_an_earlier_release_the_interval_follows_it_alone() -> None:
    own = DEMAND * np.random.default_rng(5).lognormal(0, 0.1, BOOTSTRAP.replicates)
    table = table_of_run(own)
    shown = publish_cells(HEAT_DEMAND_ANNUAL, demand())
    kept = replace(shown, few_changes=shown.frame.select("dwelling_type", "period"))
    assumptions = publish_open(ASSUMPTION, ASSUMPTIONS)
    published = publish_costs(table, costs_at(kept.frame), demand=kept, assumptions=assumptions).frame
    alone = add_intervals(published, kept.frame, ASSUMPTIONS)
    assert published.drop_nulls("lcoh_ci_low").height > 5
    assert published.equals(alone.select(published.columns))
