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
MONTH = half_hour_starts(dt.date(2009, 1, 1), dt.date(2010, 1, 1)).dt.month().to_numpy()
SEASONS = ((12, 1, 2), (6, 7, 8))
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
    assert 0.53 < np.median(zero_share) < 0.63  # the real home: 0.58
    lag_one = [np.corrcoef(home[1:] > 0, home[:-1] > 0)[0, 1] for home in gas]
    assert min(lag_one) > 0.5
    difference = gas.mean(axis=0) - expected.mean(axis=0)
    independent = np.sqrt(gas.var() / 50)  # noise of the mean if homes were drawn without regard to each other
    assert difference.std() < independent / 20


def test_a_home_of_usual_size_is_as_bursty_as_the_real_one() -> None:
    """The real home uses 10,500 kWh a year; its highest hour is 17.2 times its mean, the second highest 13.3 times."""
    gas, _ = _block(homes=50, annual_kwh=(9_500, 11_500))
    hours = np.sort(gas.reshape(50, -1, 2).sum(axis=2), axis=1)
    highest, second = (np.median(hours[:, place] / hours.mean(axis=1)) for place in (-1, -2))
    assert 13.3 < second < highest < 17.2
    of_winter, of_summer = (gas[:, np.isin(MONTH, months)] for months in SEASONS)
    assert np.median((of_winter == 0).mean(axis=1)) == pytest.approx(0.495, abs=0.03)
    assert np.median((of_summer == 0).mean(axis=1)) == pytest.approx(0.715, abs=0.03)
    spread = [home[home > 0].std() / home[home > 0].mean() for home in gas]
    assert np.median(spread) == pytest.approx(1.08, abs=0.06)


def test_days_scatter_as_those_of_real_homes() -> None:
    """Half of 300 Flemish homes scatter by 0.15 to 0.33 in winter and by 0.42 to 1.04 in summer around the days nearby."""
    gas, expected = _block(homes=50)
    day = gas.reshape(50, -1, HALF_HOURS).sum(axis=2) / expected.reshape(50, -1, HALF_HOURS).sum(axis=2)
    winter, summer = (day[:, np.isin(MONTH[::HALF_HOURS], months)].std() for months in SEASONS)
    assert 0.15 < winter < 0.33
    assert 0.42 < summer < 1.04


@pytest.mark.parametrize("annual_kwh", [2_000.0, 15_000.0, 70_000.0])
def test_no_burst_exceeds_what_the_boiler_burns(annual_kwh: float) -> None:
    gas, expected = _block(homes=50, annual_kwh=(annual_kwh, annual_kwh))
    boiler_kwh = Bursts().boiler_kwh + Bursts().boiler_over_mean * expected[0].mean()
    assert gas.max() < 1.07 * boiler_kwh  # the year of a home is scaled to its sum after its bursts are cut
    assert (gas.max() > 0.95 * boiler_kwh) == (
        annual_kwh > 2_000
    )  # a boiler that is large for its home is never full on


def test_homes_of_a_small_trial_are_bursty_too() -> None:
    gas, _ = _block(homes=6)
    hours = gas.reshape(6, -1, 2).sum(axis=2)
    assert (hours.max(axis=1) > 8 * hours.mean(axis=1)).all()
    assert np.median((gas == 0).mean(axis=1)) > 0.5


def test_a_home_that_is_expected_to_use_nothing_burns_nothing() -> None:
    expected = SHARES_2009["flat"].astype(np.float32) * np.full((10, 1), 9_000, dtype=np.float32)
    expected[:, 100 * HALF_HOURS : 200 * HALF_HOURS] = 0
    gas = draw_bursts(expected, expected.mean(axis=1), rng=np.random.default_rng(4))
    assert (gas[:, 100 * HALF_HOURS : 200 * HALF_HOURS] == 0).all()
    assert gas.sum(axis=1) == pytest.approx(expected.sum(axis=1, dtype=np.float64), rel=1e-4)


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


def _block(
    *, homes: int, annual_kwh: tuple[float, float] = (8_000, 40_000), bursts: Bursts | None = None
) -> tuple[np.ndarray, np.ndarray]:
    annual = np.linspace(*annual_kwh, homes, dtype=np.float32)
    expected = SHARES_2009["semi_detached"].astype(np.float32) * annual[:, None]
    mean = annual / np.float32(expected.shape[1])
    return draw_bursts(expected, mean, rng=np.random.default_rng(3), bursts=bursts), expected.astype(np.float64)


def _switches(gas: np.ndarray) -> int:
    return int((np.diff((gas > 0).astype(np.int8), axis=1) != 0).sum())
