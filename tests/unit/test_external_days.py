"""The check by days: which quantities are compared, and between which homes."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from transforms.external.days import HeatingDaysRule, compare_days, describe_days, rest_on_heating

DATES = [dt.date(2009, 1, 1) + dt.timedelta(days=n) for n in range(365)]
TEMPERATURE = pl.DataFrame(
    {"date": DATES, "temperature_mean_c": [10 - 10 * np.cos(2 * np.pi * n / 365) for n in range(365)]}
)


def make_days(levels: list[float], *, base: float = 4.0, slope: float = 5.0, first: int = 0) -> pl.DataFrame:
    """Return days of homes: level x (base + slope x kelvins below 14 degC)."""
    homes = pl.DataFrame({"household_id": [str(first + n) for n in range(len(levels))], "level": levels})
    short = (14 - pl.col("temperature_mean_c")).clip(lower_bound=0)
    days = homes.join(TEMPERATURE, how="cross")
    return days.select("household_id", "date", gas_kwh=pl.col("level") * (base + slope * short))


def figures(days: pl.DataFrame, temperature: pl.DataFrame | None = None) -> dict[str, float]:
    """Return the figures of days by name."""
    return dict(describe_days(days, temperature).select("figure", "value").iter_rows())


def test_slope_and_warm_level_come_out_as_they_went_in() -> None:
    found = figures(make_days([1.0] * 12), TEMPERATURE)
    assert found["slope_kwh_per_day_k"] == pytest.approx(5.0)
    assert found["warm_gas_kwh_per_day"] == pytest.approx(4.0)
    assert set(figures(make_days([1.0] * 12))) == set(found) - {"slope_kwh_per_day_k", "warm_gas_kwh_per_day"}


def test_spread_is_that_of_the_homes_logarithms() -> None:
    levels = np.exp(np.linspace(-1, 1, 21))
    found = figures(make_days(levels.tolist()))
    assert found["log_sd_of_homes"] == pytest.approx(np.linspace(-1, 1, 21).std(ddof=1))
    with_an_empty_home = pl.concat([make_days(levels.tolist()), make_days([0.0], first=99)])
    assert figures(with_an_empty_home)["log_sd_of_homes"] == pytest.approx(found["log_sd_of_homes"])
    assert figures(with_an_empty_home)["zero_day_share"] == pytest.approx(1 / 22)


def test_days_without_gas_are_counted_over_the_year_and_in_summer() -> None:
    off = pl.col("date").is_between(dt.date(2009, 6, 1), dt.date(2009, 6, 23))
    days = make_days([1.0] * 10).with_columns(gas_kwh=pl.when(off).then(0.0).otherwise("gas_kwh"))
    found = figures(days)
    assert found["zero_day_share"] == pytest.approx(23 / 365)
    assert found["zero_day_share_summer"] == pytest.approx(23 / 92)


def test_nine_homes_are_described_by_nothing() -> None:
    assert describe_days(make_days([1.0] * 9)).is_empty()
    assert describe_days(make_days([1.0] * 10))["households"].unique().to_list() == [10]
    ten, nine = make_days([1.0] * 10), make_days([1.0] * 9)
    assert compare_days(nine, ten, study="other", origin=None).is_empty()
    assert len(compare_days(ten, ten, study="other", origin=None)) > 0


def test_meters_that_heat_nothing_are_left_out_by_season_or_by_level() -> None:
    heated, cooking, tiny = (
        make_days([1.0] * 10),
        make_days([1.0], slope=0.0, base=9.0, first=50),
        make_days([0.05], first=60),
    )
    kept = rest_on_heating(pl.concat([cooking, heated, tiny]))
    assert kept.sort("household_id", "date").equals(heated.sort("household_id", "date"))
    everyone = HeatingDaysRule(winter_to_summer_min=0.5, gas_kwh_per_day_min=0.0)
    assert rest_on_heating(cooking, everyone).height == 365


def test_the_same_days_agree_and_a_wider_spread_is_outside_the_declared_range() -> None:
    own = make_days(np.exp(np.linspace(-0.8, 0.8, 20)).tolist())
    same = compare_days(own, own, study="other", origin=None)
    assert same["ratio"].drop_nulls().to_list() == pytest.approx([1.0] * same["ratio"].count())
    assert set(same["segment"]) == {"all", "gas_heated"}
    wide = compare_days(
        make_days(np.exp(np.linspace(-1.6, 1.6, 20)).tolist()), own, study="other", origin="a generator"
    )
    spread = wide.filter(pl.col("quantity").str.starts_with("spread"))
    assert spread["ratio"].to_list() == pytest.approx([2.0, 2.0])
    assert spread["explanation"].str.contains("+100 % against 20 meters there", literal=True).all()
    assert spread["explanation"].str.contains("outside the declared -20 % to +25 %", literal=True).all()
    assert spread["explanation"].str.contains("made up (a generator)", literal=True).all()


def test_a_quantity_that_needs_temperature_is_taken_from_the_declaration() -> None:
    own = make_days([1.0] * 12)
    rows = compare_days(own, own, study="other", origin=None, own_temperature=TEMPERATURE)
    slope = rows.filter(pl.col("quantity").str.starts_with("gas per kelvin"))
    assert slope.select("segment", "published").rows() == [("all", 5.65)]
    assert slope["own"][0] == pytest.approx(5.0)
    assert "second-hand" in slope["explanation"][0]
