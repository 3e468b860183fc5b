"""Expected gas of homes in a made-up trial, and its bursts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from transforms.climate.half_hour_shapes import HALF_HOURS, half_hour_starts
from transforms.climate.temperature import effective_temperature
from transforms.sample.bursts import Bursts, draw_bursts
from transforms.sample.expected import expected_shares
from transforms.sample.figures import SampleFigures
from transforms.tables.words import DWELLING_TYPES
from warehouse.figures import read_figures

FIGURES = SampleFigures.from_tables(read_figures)
EFFECTIVE = effective_temperature(FIGURES.temperature)
SHARES_2009 = expected_shares(2009, EFFECTIVE, FIGURES.law, FIGURES.shapes)
TABLES = (
    "temperature_daily", "gas_half_hour_shape", "sample_gas_law", "sample_level", "meter_fault", "meter_loss",
    "sample_home_kind", "meter_step", "meter_inferred_fault", "meter_weather_loss",
)  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_every_shipped_figure_has_a_unit_and_a_source(name: str) -> None:
    table = read_figures(name)
    assert len(table) > 0
    assert table.select(pl.col("unit", "source").cast(pl.String).str.len_chars().min()).row(0) > (0, 0)
    assert table.select(pl.col("unit", "source").null_count()).row(0) == (0, 0)


def test_the_shipped_temperatures_begin_with_the_trial_and_hold_the_mean_of_2009() -> None:
    table = read_figures("temperature_daily")
    assert table["date"][0] == dt.date(2007, 1, 1)
    of_2009 = table.filter(pl.col("date").dt.year() == 2009)
    assert of_2009["temperature_mean_c"].mean() == pytest.approx(10.23, abs=0.01)
    assert of_2009["temperature_mean_c"].min() == -2.8
    assert (of_2009["temperature_max_c"] >= of_2009["temperature_min_c"]).all()


def test_each_shipped_shape_has_48_half_hours_of_mean_one() -> None:
    shapes = (
        read_figures("gas_half_hour_shape")
        .group_by("segment")
        .agg(pl.col("shape").mean(), n=pl.col("half_hour").n_unique())
    )
    assert set(shapes["n"]) == {HALF_HOURS}
    assert shapes["shape"].to_list() == pytest.approx([1] * len(shapes), abs=1e-4)


def test_the_gas_law_is_that_of_edrp() -> None:
    gas = FIGURES.law.gas_of_day(np.array([-2.8, 0.0, 14.0, 14.1, 20.0, 30.0]))
    assert gas == pytest.approx([129.788, 111, 17.06, 15.939, 8.8, 0])


def test_half_hours_even_out_in_the_cold_only() -> None:
    swing = FIGURES.law.swing(np.array([-40.0, -3.0, 3.0, 20.0]))
    assert swing[0] == 0
    assert 0.7 < swing[1] < 1
    assert swing[2:].tolist() == [1, 1]


def test_the_shares_of_2009_sum_to_one_for_each_type_and_a_colder_year_has_more() -> None:
    colder = expected_shares(2010, EFFECTIVE, FIGURES.law, FIGURES.shapes)
    for name in DWELLING_TYPES:
        assert SHARES_2009[name].sum() == pytest.approx(1)
        assert colder[name].sum() == pytest.approx(19_770 / 16_618, rel=0.005)


def test_a_leap_year_has_its_extra_day() -> None:
    assert len(expected_shares(2008, EFFECTIVE, FIGURES.law, FIGURES.shapes)["flat"]) == 366 * HALF_HOURS


def test_people_heat_by_the_clock_on_the_wall() -> None:
    starts = half_hour_starts(dt.date(2009, 1, 1), dt.date(2010, 1, 1))
    frame = pl.DataFrame({"start": starts, "share": SHARES_2009["detached"]}).with_columns(
        half_hour=pl.col("start").dt.hour() * 2 + pl.col("start").dt.minute() // 30
    )
    peak = {}
    for month in (3, 4):  # the last week before and the first week after the change of 29 March 2009
        days = frame.filter(
            pl.col("start").dt.date().is_between(dt.date(2009, 3, 22), dt.date(2009, 3, 28))
            if month == 3
            else pl.col("start").dt.date().is_between(dt.date(2009, 3, 30), dt.date(2009, 4, 5))
        )
        profile = days.group_by("half_hour").agg(pl.col("share").mean()).sort("half_hour")
        peak[month] = int(profile["share"].arg_max())  # type: ignore[arg-type]
    assert peak[3] - peak[4] == 2


def test_the_gas_of_a_year_is_the_expected_gas_in_steps_of_a_watt_hour() -> None:
    gas, expected = _block(homes=20)
    assert gas.sum(axis=1) == pytest.approx(expected.sum(axis=1), rel=1e-4)
    assert (gas >= 0).all()
    assert np.array_equal(gas, np.round(gas, 3))


def test_homes_are_bursty_and_their_mean_is_not() -> None:
    gas, expected = _block(homes=50)
    zero_share = (gas == 0).mean(axis=1)
    assert 0.4 < np.median(zero_share) < 0.6
    lag_one = [np.corrcoef(home[1:] > 0, home[:-1] > 0)[0, 1] for home in gas]
    assert min(lag_one) > 0.3
    difference = gas.mean(axis=0) - expected.mean(axis=0)
    independent = np.sqrt(gas.var() / 50)  # noise of the mean if homes were drawn without regard to each other
    assert difference.std() < independent / 2


def test_no_healthy_home_looks_like_a_stopped_meter() -> None:
    gas, _ = _block(homes=50)
    for home in gas:
        edges = np.flatnonzero(np.diff(home, prepend=-1, append=-1))
        runs, values = np.diff(edges), home[edges[:-1]]
        assert runs[values == 0].max() < 14 * HALF_HOURS
        assert runs[values > 0].max() < 12


def test_less_persistent_homes_switch_more_often() -> None:
    steady, _ = _block(homes=30, bursts=Bursts(persistence=0.95))
    erratic, _ = _block(homes=30, bursts=Bursts(persistence=0.0))
    assert _switches(steady) < 0.7 * _switches(erratic)


def _block(*, homes: int, bursts: Bursts | None = None) -> tuple[np.ndarray, np.ndarray]:
    annual = np.linspace(8_000, 40_000, homes, dtype=np.float32)
    expected = SHARES_2009["semi_detached"].astype(np.float32) * annual[:, None]
    mean = annual / np.float32(expected.shape[1])
    return draw_bursts(expected, mean, rng=np.random.default_rng(3), bursts=bursts), expected.astype(np.float64)


def _switches(gas: np.ndarray) -> int:
    return int((np.diff((gas > 0).astype(np.int8), axis=1) != 0).sum())
