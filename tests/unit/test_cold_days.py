"""The days in which peaks are sought, and homes that lack some of these days."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from transforms.heat.periods import Period
from transforms.peaks.cold_days import ColdDays, choose_cold_days, place_load

PERIOD = Period(dt.date(2009, 1, 1))
DAYS = ColdDays((dt.date(2009, 1, 5), dt.date(2009, 1, 7)), "temperature")
HOMES = pl.DataFrame({"household_id": ["b", "a"], "dwelling_type": ["flat", "terraced"]})


def hours(start: dt.date = dt.date(2009, 1, 1), end: dt.date = dt.date(2010, 1, 1)) -> pl.Series:
    first, last = (dt.datetime.combine(day, dt.time()) for day in (start, end))
    return pl.datetime_range(first, last, "1h", closed="left", time_unit="us", eager=True)


def warmth(frozen: dict[dt.date, float], known_to: dt.date = dt.date(2010, 1, 1)) -> pl.DataFrame:
    at = hours(end=known_to)
    of_day = at.dt.date().replace_strict(frozen, default=10.0, return_dtype=pl.Float64)
    return pl.DataFrame({"hour_start_utc": at, "temperature_c": of_day})


def profile(load: dict[dt.date, float]) -> pl.DataFrame:
    at = hours()
    kwh = at.dt.date().replace_strict(load, default=1.0, return_dtype=pl.Float64)
    return pl.DataFrame({"dwelling_type": "all", "hour_start_utc": at, "heat_kwh_mean": kwh})


def test_the_coldest_days_are_chosen_by_effective_temperature() -> None:
    frozen = {dt.date(2009, 2, 1): -9.0, dt.date(2009, 2, 2): -8.0, dt.date(2009, 12, 20): -30.0}
    chosen = choose_cold_days(warmth(frozen), profile({dt.date(2009, 6, 1): 99.0}), PERIOD, coldest_days=3)
    assert chosen.chosen_by == "temperature"  # a day after frost is colder than its own temperature says
    assert chosen.dates == (dt.date(2009, 2, 2), dt.date(2009, 12, 20), dt.date(2009, 12, 21))


def test_where_temperature_is_missing_the_days_of_the_highest_load_are_chosen() -> None:
    load = {dt.date(2009, 1, 9): 5.0, dt.date(2009, 12, 24): 6.0}
    chosen = choose_cold_days(warmth({}, known_to=dt.date(2009, 6, 1)), profile(load), PERIOD, coldest_days=2)
    assert chosen == ColdDays(tuple(load), "mean load")


def test_a_day_that_lacks_an_hour_of_all_homes_is_not_chosen() -> None:
    cold = dt.date(2009, 2, 1)
    whole = profile({})
    broken = whole.filter(pl.col("hour_start_utc") != dt.datetime(2009, 2, 1, 7))
    temperature = warmth({cold: -9.0})
    assert choose_cold_days(temperature, whole, PERIOD, coldest_days=1).dates == (cold,)
    assert choose_cold_days(temperature, broken, PERIOD, coldest_days=1).dates != (cold,)


def readings(minutes: int, kwh: dict[str, float]) -> pl.DataFrame:
    first, last = dt.datetime(2009, 1, 4), dt.datetime(2009, 1, 9)
    at = pl.datetime_range(first, last, f"{minutes}m", closed="left", time_unit="us", eager=True)
    column = {60: "hour_start_utc", 30: "interval_start_utc"}[minutes]
    return pl.concat(
        pl.DataFrame({"household_id": home, column: at, "heat_kwh": value + 0.001 * np.arange(len(at))})
        for home, value in kwh.items()
    )


@pytest.mark.parametrize("minutes", [60, 30])
def test_the_heat_of_the_days_is_placed_by_home_and_interval_as_power(minutes: int) -> None:
    frame = readings(minutes, {"a": 1.0, "b": 2.0, "stranger": 9.0}).sample(fraction=1.0, shuffle=True, seed=1)
    pieces = [frame[::2], frame[1::2]]
    load = place_load(pieces, HOMES, DAYS, interval_minutes=minutes, completeness_min=1.0)
    of_day = 24 * 60 // minutes
    assert load.households.drop("heat_kwh_observed").rows() == [("a", "terraced", 0.0), ("b", "flat", 0.0)]
    in_days = pl.col("household_id").is_in(["a", "b"]) & frame.to_series(1).dt.date().is_in(DAYS.dates)
    sums = frame.filter(in_days).group_by("household_id").agg(pl.col("heat_kwh").sum()).sort("household_id")
    assert load.households["heat_kwh_observed"].to_list() == pytest.approx(sums["heat_kwh"].to_list(), rel=1e-6)
    assert load.included == {"flat": 1, "terraced": 1}
    per_hour = 60 / minutes
    after_first, after_second = 1 * of_day, 3 * of_day  # the frame begins a day before the first cold day
    assert load.load_kw[0, :3] == pytest.approx(per_hour * (1 + 0.001 * (after_first + np.arange(3))), rel=1e-5)
    assert load.load_kw[1, of_day] == pytest.approx(per_hour * (2 + 0.001 * after_second), rel=1e-5)


def test_a_home_that_lacks_too_much_is_left_out_and_a_small_gap_is_filled_at_its_level() -> None:
    frame = readings(60, {"a": 1.0, "b": 3.0})
    missing = (pl.col("household_id") == "b") & (pl.col("hour_start_utc") == dt.datetime(2009, 1, 5, 7))
    gap = frame.filter(~missing)
    strict = place_load([gap], HOMES, DAYS, interval_minutes=60, completeness_min=1.0)
    assert strict.households["household_id"].to_list() == ["a"]
    kept = place_load([gap], HOMES, DAYS, interval_minutes=60, completeness_min=0.97)
    assert kept.households["filled_share"].to_list() == pytest.approx([0, 1 / 48])
    # only a has the hour, 1.031 kWh; at the other 47 hours a used 1.024 to 1.095 and b 2 kWh more
    assert kept.load_kw[1, 7] == pytest.approx(3.031, rel=0.02)


def test_no_homes_and_no_days_make_an_empty_load() -> None:
    none = place_load([], HOMES.clear(), DAYS, interval_minutes=60, completeness_min=0.95)
    assert none.load_kw.shape == (0, 48)
    unread = place_load([], HOMES, DAYS, interval_minutes=60, completeness_min=0.95)
    assert unread.households.is_empty()
    assert place_load(
        [], HOMES, ColdDays((), "mean load"), interval_minutes=60, completeness_min=0.95
    ).households.is_empty()
