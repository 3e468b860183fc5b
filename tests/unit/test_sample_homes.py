"""The homes of a made-up trial."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sample.figures import SampleFigures
from transforms.sample.homes import draw_homes, share_out, stratified_lognormal
from transforms.tables.words import DWELLING_TYPES
from warehouse.figures import read_figures

LEVELS = SampleFigures.from_tables(read_figures).levels


def test_600_homes_are_shared_out_by_national_shares() -> None:
    counts = share_out(LEVELS.stock_share, 600)
    assert counts == {"detached": 102, "semi_detached": 156, "terraced": 168, "bungalow": 54, "flat": 120}


@given(households=st.integers(1, 5000))
def test_type_counts_sum_to_the_homes_and_stay_within_one_of_their_share(households: int) -> None:
    counts = share_out(LEVELS.stock_share, households)
    assert sum(counts.values()) == households
    assert all(abs(counts[name] - LEVELS.stock_share[name] * households) < 1 for name in DWELLING_TYPES)


@pytest.mark.parametrize("households", [60, 600])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_mean_level_of_each_type_is_exact(households: int, seed: int) -> None:
    homes = draw_homes(LEVELS, households=households, rng=np.random.default_rng(seed))
    heat = homes.group_by("dwelling_type").agg(pl.col("gas_kwh_2009").mean() * LEVELS.boiler_efficiency)
    assert dict(heat.iter_rows()) == pytest.approx(dict(LEVELS.heat_kwh), rel=1e-12)


def test_a_seed_decides_which_home_is_which_and_nothing_else() -> None:
    one, two = (draw_homes(LEVELS, households=100, rng=np.random.default_rng(seed)) for seed in (1, 2))
    assert one["household_id"].to_list() == [str(n) for n in range(1, 101)]
    assert not one.equals(two)
    columns = ["dwelling_type", "gas_kwh_2009"]
    assert one.select(columns).sort(columns).equals(two.select(columns).sort(columns))


def test_levels_spread_as_a_lognormal_of_half_and_end_where_domestic_meters_do() -> None:
    assert np.log(stratified_lognormal(1000, 0.5, 8.0)).std() == pytest.approx(0.5, rel=0.01)
    homes = draw_homes(LEVELS, households=10_000, rng=np.random.default_rng(1))
    assert homes["gas_kwh_2009"].max() < 73_200  # type: ignore[operator]
    detached = homes.filter(pl.col("dwelling_type") == "detached")["gas_kwh_2009"]
    assert detached.std() / detached.mean() == pytest.approx(0.53, abs=0.05)  # type: ignore[operator]  # SERL 2023: 0.53


def test_a_trial_without_homes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 household, not 0"):
        draw_homes(LEVELS, households=0, rng=np.random.default_rng(1))
