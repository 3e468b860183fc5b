"""Profiles and annual demand on homes whose truth is known by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from transforms.demand import Bootstrap, annual_by_home, annual_by_type, bootstrap_intervals, sum_year
from transforms.periods import Period
from transforms.profiles import complete_profile, expect_heat, profile_month, stock_weights
from transforms.tables import CELL, HEAT_HOURLY

Make = Callable[..., pl.DataFrame]
PERIOD = Period(dt.date(2009, 1, 1))
HOURS = pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2009, 12, 31, 23), "1h", time_unit="us", eager=True)
SHARES = {"detached": 0.17, "semi_detached": 0.26, "terraced": 0.28, "bungalow": 0.09, "flat": 0.20}
NO_TEMPERATURE = pl.DataFrame(schema={"hour_start_utc": pl.Datetime("us"), "temperature_c": pl.Float64})


def year_of(homes: dict[str, float]) -> pl.DataFrame:
    """Return a year of hours per home: its level times a shape that is 1 kWh on average."""
    shape = 1 + 0.5 * np.cos(2 * np.pi * np.arange(len(HOURS)) / len(HOURS))
    frames = [
        pl.DataFrame(
            {"household_id": home, "hour_start_utc": HOURS, "gas_kwh": level * shape, "heat_kwh": 0.8 * level * shape}
        )
        for home, level in homes.items()
    ]
    return HEAT_HOURLY.conform(pl.concat(frames))


def cells_of(hourly: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of hours."""
    return CELL.conform(
        hourly.group_by(
            "household_id", month=pl.col("hour_start_utc").dt.truncate("1mo").dt.date(), hour_of_day=pl.col("hour_start_utc").dt.hour()
        ).agg(
            half_hours=pl.len() * 2, hours=pl.len(), gas_kwh=pl.col("gas_kwh").sum(),
            first_interval_utc=pl.col("hour_start_utc").min(), last_interval_utc=pl.col("hour_start_utc").max(),
        )
    )  # fmt: skip


def estimate(hourly: pl.DataFrame, included: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return annual figures by type and by home."""
    profile = profile_month(hourly, included, None)
    whole = complete_profile([profile], "2009", NO_TEMPERATURE)
    homes = annual_by_home(expect_heat(hourly, included, profile), whole, included, PERIOD)
    intervals = bootstrap_intervals(
        cells_of(hourly), included, PERIOD, boiler_efficiency=0.8, weights=None, bootstrap=Bootstrap(replicates=200)
    )
    return annual_by_type(
        whole, homes.join(included, on="household_id"), intervals, PERIOD, stock_reason="few homes"
    ), homes


def types(**homes: str) -> pl.DataFrame:
    """Return the included homes with their types."""
    return pl.DataFrame({"household_id": list(homes), "dwelling_type": list(homes.values())})


def test_a_profile_is_the_mean_of_its_homes_with_its_standard_error() -> None:
    hourly, included = year_of({"a": 1.0, "b": 3.0, "c": 5.0}), types(a="flat", b="flat", c="detached")
    first = profile_month(hourly, included, None).filter(pl.col("hour_start_utc") == HOURS[0]).sort("dwelling_type")
    rows = {row["dwelling_type"]: row for row in first.iter_rows(named=True)}
    assert rows["flat"]["heat_kwh_mean"] == pytest.approx(0.8 * 2.0 * 1.5)
    assert rows["flat"]["heat_kwh_se"] == pytest.approx(np.std([1.2, 3.6], ddof=1) / np.sqrt(2))
    assert rows["detached"]["heat_kwh_se"] is None
    assert rows["all"]["households"] == 3
    assert rows["all"]["gas_kwh_mean"] == pytest.approx(3.0 * 1.5)


def test_homes_that_are_not_included_do_not_enter() -> None:
    assert profile_month(year_of({"a": 1.0, "b": 3.0}), types(a="flat"), None)["households"].max() == 1


def test_annual_demand_of_whole_homes_is_the_plain_sum() -> None:
    by_type, homes = estimate(year_of({"a": 1.0, "b": 3.0}), types(a="flat", b="flat"))
    flat = by_type.filter(pl.col("dwelling_type") == "flat").row(0, named=True)
    assert flat["heat_kwh_mean"] == pytest.approx(0.8 * 2 * 8760)
    assert flat["household_heat_kwh_mean"] == pytest.approx(flat["heat_kwh_mean"])
    assert homes["filled_share"].to_list() == [0.0, 0.0]
    assert flat["note"] is None
    assert flat["peak_hour_utc"] == HOURS[0]


def test_a_home_with_gaps_is_filled_at_its_own_level() -> None:
    whole = year_of({f"h{n}": float(n) for n in range(1, 21)})
    gap = (pl.col("household_id") == "h20") & pl.col("hour_start_utc").is_between(
        dt.datetime(2009, 1, 1), dt.datetime(2009, 2, 1)
    )
    included = types(**{f"h{n}": "flat" for n in range(1, 21)})
    _, homes = estimate(whole.filter(~gap), included)
    filled = homes.filter(pl.col("household_id") == "h20").row(0, named=True)
    assert filled["heat_kwh_annual"] == pytest.approx(0.8 * 20 * 8760, rel=0.02)
    assert filled["filled_share"] == pytest.approx(744 / 8760 * 1.49, rel=0.05)


def test_hours_without_any_home_are_filled_and_noted() -> None:
    hourly = year_of({"a": 1.0}).filter(~pl.col("hour_start_utc").is_in(HOURS[100:104].to_list()))
    by_type, _ = estimate(hourly, types(a="flat"))
    flat = by_type.filter(pl.col("dwelling_type") == "flat").row(0, named=True)
    assert flat["heat_kwh_mean"] == pytest.approx(0.8 * 8760, rel=1e-4)
    assert flat["note"].startswith("4 hours without a home")


def test_stock_is_null_with_a_reason_unless_each_type_has_ten_homes() -> None:
    nine = {f"{name}{n}": name for name in SHARES for n in range(9 if name == "bungalow" else 10)}
    included = types(**nine)
    assert stock_weights(included, SHARES) is None
    by_type, _ = estimate(year_of(dict.fromkeys(nine, 1.0)), included)
    stock = by_type.filter(pl.col("dwelling_type") == "stock").row(0, named=True)
    assert (stock["heat_kwh_mean"], stock["note"]) == (None, "few homes")
    assert stock_weights(pl.concat([included, types(last="bungalow")]), SHARES) == SHARES


def test_stock_weighs_types_by_their_national_shares() -> None:
    levels = {name: float(index + 1) for index, name in enumerate(SHARES)}
    homes = {f"{name}{n}": name for name in SHARES for n in range(10)}
    profile = profile_month(year_of({home: levels[name] for home, name in homes.items()}), types(**homes), SHARES)
    stock = profile.filter((pl.col("dwelling_type") == "stock") & (pl.col("hour_start_utc") == HOURS[0])).row(
        0, named=True
    )
    assert stock["gas_kwh_mean"] == pytest.approx(1.5 * sum(SHARES[name] * level for name, level in levels.items()))


def test_the_year_of_a_profile_sums_to_its_plain_sum() -> None:
    profile = profile_month(year_of({"a": 2.0}), types(a="flat"), None)
    assert sum_year(profile, PERIOD)["heat_kwh_mean"].to_list() == pytest.approx(
        [profile["heat_kwh_mean"].sum() / 2] * 2
    )


def test_an_interval_surrounds_the_mean_and_ignores_row_order() -> None:
    rng = np.random.default_rng(5)
    hourly = year_of({f"h{n}": float(level) for n, level in enumerate(rng.lognormal(0, 0.5, 40))})
    included = types(**{f"h{n}": "flat" for n in range(40)})
    draw = lambda cells, homes: bootstrap_intervals(  # noqa: E731
        cells, homes, PERIOD, boiler_efficiency=0.8, weights=None, bootstrap=Bootstrap(replicates=500)
    ).sort("dwelling_type")
    cells = cells_of(hourly)
    once = draw(cells, included)
    low, high = once.filter(pl.col("dwelling_type") == "flat").select("heat_kwh_ci_low", "heat_kwh_ci_high").row(0)
    mean = hourly["heat_kwh"].sum() / 40
    expected = (
        1.96 * (hourly.group_by("household_id").agg(pl.col("heat_kwh").sum())["heat_kwh"].std() or 0) / np.sqrt(40)
    )
    assert low < mean < high
    assert (high - low) / 2 == pytest.approx(expected, rel=0.2)
    again = draw(cells.sample(fraction=1, shuffle=True, seed=3), included.reverse())
    assert again.equals(once)


def test_below_ten_homes_there_is_no_interval() -> None:
    hourly = year_of({f"h{n}": 1.0 + n for n in range(9)})
    rows = bootstrap_intervals(
        cells_of(hourly), types(**{f"h{n}": "flat" for n in range(9)}), PERIOD,
        boiler_efficiency=0.8, weights=None, bootstrap=Bootstrap(replicates=100),
    )  # fmt: skip
    assert rows["heat_kwh_ci_low"].null_count() == len(rows)
