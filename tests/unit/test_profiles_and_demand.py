"""Profiles and annual demand of homes with a truth worked by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from transforms.heat.demand import (
    Bootstrap,
    annual_by_home,
    annual_by_type,
    bootstrap_intervals,
    draw_annual_heat,
    sum_year,
)
from transforms.heat.periods import Period
from transforms.heat.profiles import TypeHours, complete_profile, expect_heat, place_hours, profile_month, stock_weights
from transforms.tables.heat import HEAT_HOURLY

PERIOD = Period(dt.date(2009, 1, 1))
HOURS = pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2009, 12, 31, 23), "1h", time_unit="us", eager=True)
SHARES = {"detached": 0.17, "semi_detached": 0.26, "terraced": 0.28, "bungalow": 0.09, "flat": 0.20}
NO_TEMPERATURE = pl.DataFrame(schema={"hour_start_utc": pl.Datetime("us"), "temperature_c": pl.Float64})

NOTHING_CAUGHT_UP = pl.DataFrame(
    schema={
        "household_id": pl.String,
        "month": pl.Date,
        "heat_kwh_caught_up": pl.Float64,
        "type_kwh_caught_up": pl.Float64,
    }
)


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


def profile_of(hourly: pl.DataFrame, included: pl.DataFrame, weights: dict[str, float] | None = None) -> pl.DataFrame:
    """Return the profile of all months, and of each month."""
    return pl.concat(profile_month(placed, weights) for placed in months_of(hourly, included))


def months_of(hourly: pl.DataFrame, included: pl.DataFrame) -> list[list[TypeHours]]:
    """Return the hours month by month."""
    by_month = hourly.group_by(pl.col("hour_start_utc").dt.truncate("1mo"), maintain_order=True)
    return [place_hours(month, included) for _, month in by_month]


def estimate(hourly: pl.DataFrame, included: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return annual figures by type and by home."""
    profiles, expected = [], []
    for placed in months_of(hourly, included):
        profiles.append(profile_month(placed, None))
        expected.append(expect_heat(placed, profiles[-1]))
    whole = complete_profile(profiles, "2009", NO_TEMPERATURE)
    homes = annual_by_home(pl.concat(expected), whole, included, PERIOD, NOTHING_CAUGHT_UP).join(
        included, on="household_id"
    )
    intervals = intervals_of(homes)
    return annual_by_type(whole, homes, intervals, PERIOD, stock_reason="few homes"), homes


def intervals_of(homes: pl.DataFrame, *, replicates: int = 200) -> pl.DataFrame:
    """Return the intervals of homes' annual heat, by type."""
    drawn = draw_annual_heat(homes, weights=None, bootstrap=Bootstrap(replicates=replicates))
    return bootstrap_intervals(drawn, 0.95).sort("dwelling_type")


def types(**homes: str) -> pl.DataFrame:
    """Return the included homes with their types."""
    return pl.DataFrame({"household_id": list(homes), "dwelling_type": list(homes.values())})


def test_a_profile_is_the_mean_of_its_homes_with_its_standard_error() -> None:
    hourly, included = year_of({"a": 1.0, "b": 3.0, "c": 5.0}), types(a="flat", b="flat", c="detached")
    first = profile_of(hourly, included).filter(pl.col("hour_start_utc") == HOURS[0]).sort("dwelling_type")
    rows = {row["dwelling_type"]: row for row in first.iter_rows(named=True)}
    assert rows["flat"]["heat_kwh_mean"] == pytest.approx(0.8 * 2.0 * 1.5)
    assert rows["flat"]["heat_kwh_se"] == pytest.approx(np.std([1.2, 3.6], ddof=1) / np.sqrt(2))
    assert rows["detached"]["heat_kwh_se"] is None
    assert rows["all"]["households"] == 3
    assert rows["all"]["gas_kwh_mean"] == pytest.approx(3.0 * 1.5)


def test_homes_that_are_not_included_do_not_enter() -> None:
    assert profile_of(year_of({"a": 1.0, "b": 3.0}), types(a="flat"))["households"].max() == 1


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
    profile = profile_of(year_of({home: levels[name] for home, name in homes.items()}), types(**homes), SHARES)
    stock = profile.filter((pl.col("dwelling_type") == "stock") & (pl.col("hour_start_utc") == HOURS[0])).row(
        0, named=True
    )
    assert stock["gas_kwh_mean"] == pytest.approx(1.5 * sum(SHARES[name] * level for name, level in levels.items()))


def test_the_year_of_a_profile_sums_to_its_plain_sum() -> None:
    profile = profile_of(year_of({"a": 2.0}), types(a="flat"))
    assert sum_year(profile, PERIOD)["heat_kwh_mean"].to_list() == pytest.approx(
        [profile["heat_kwh_mean"].sum() / 2] * 2
    )


def annual_of(levels: list[float], dwelling_type: str = "flat") -> pl.DataFrame:
    """Return homes with a level [MWh] of annual heat each."""
    return pl.DataFrame(
        {
            "household_id": [f"{dwelling_type}{n}" for n in range(len(levels))],
            "dwelling_type": dwelling_type,
            "heat_kwh_annual": [1000.0 * level for level in levels],
        }
    )


def test_an_interval_surrounds_the_mean_as_student_would_have_it() -> None:
    levels = np.random.default_rng(5).normal(10, 2, 60)
    low, high = intervals_of(annual_of(levels.tolist()), replicates=2000).row(1)[1:]
    half = 1000 * 2.001 * levels.std(ddof=1) / np.sqrt(60)  # t of 59 degrees of freedom
    assert low < 1000 * levels.mean() < high
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)


def test_an_interval_reaches_further_towards_the_long_tail() -> None:
    levels = np.random.default_rng(5).lognormal(0, 0.7, 30)
    low, high = intervals_of(annual_of(levels.tolist()), replicates=2000).row(1)[1:]
    assert high - 1000 * levels.mean() > 1.3 * (1000 * levels.mean() - low)


def test_an_interval_ignores_row_order_and_scales_with_the_heat() -> None:
    homes = pl.concat([annual_of([1.0, 2.0, 3.5] * 5), annual_of([2.0, 4.0] * 6, "terraced")])
    once = intervals_of(homes)
    assert intervals_of(homes.sample(fraction=1, shuffle=True, seed=3)).equals(once)
    doubled = intervals_of(homes.with_columns(pl.col("heat_kwh_annual") * 2))
    for name in ("heat_kwh_ci_low", "heat_kwh_ci_high"):
        assert (doubled[name] / once[name]).to_list() == pytest.approx([2.0] * 3)


def test_homes_that_are_alike_leave_no_width() -> None:
    assert intervals_of(annual_of([12.345] * 12)).row(0)[1:] == pytest.approx((12_345, 12_345))


def test_the_interval_of_the_stock_weighs_the_types() -> None:
    homes = pl.concat(annual_of([1.0 + n, 2.0 + n, 3.0 + n] * 4, name) for n, name in enumerate(SHARES))
    drawn = draw_annual_heat(homes, weights=SHARES, bootstrap=Bootstrap(replicates=300))
    assert drawn["stock"].heat_kwh == pytest.approx(sum(share * drawn[name].heat_kwh for name, share in SHARES.items()))
    assert drawn["stock"].households == len(homes)
    error = drawn["flat"].error_kwh  # that of every type
    assert drawn["stock"].error_kwh == pytest.approx(error * np.sqrt(sum(share**2 for share in SHARES.values())))


def test_below_ten_homes_there_is_no_interval() -> None:
    assert intervals_of(annual_of([1.0 + n for n in range(9)]))["heat_kwh_ci_low"].null_count() == 2
    assert intervals_of(annual_of([1.0 + n for n in range(10)]))["heat_kwh_ci_low"].null_count() == 0


def test_a_missing_home_counts_at_its_own_level() -> None:
    whole = year_of({"a": 1.0, "b": 3.0})
    gap = (
        (pl.col("household_id") == "b")
        & (pl.col("hour_start_utc").dt.month() == 1)
        & (pl.col("hour_start_utc").dt.day() < 9)
    )
    included = types(a="flat", b="flat")
    truth, found = (
        profile_of(rows, included).sort("dwelling_type", "hour_start_utc") for rows in (whole, whole.filter(~gap))
    )
    assert found["heat_kwh_mean"].to_numpy() == pytest.approx(truth["heat_kwh_mean"].to_numpy())
    assert found["gas_kwh_mean"].to_numpy() == pytest.approx(truth["gas_kwh_mean"].to_numpy())
    assert found["households"].min() == 1
    assert found.filter(pl.col("households") == 2)["heat_kwh_se"].min() > 0


def test_all_is_the_mean_over_all_homes_also_where_a_type_is_missing() -> None:
    whole = year_of({"a": 1.0, "b": 3.0, "c": 5.0})
    gap = (pl.col("household_id") == "c") & (pl.col("hour_start_utc") == HOURS[30])
    included = types(a="flat", b="flat", c="detached")
    everyone = profile_of(whole.filter(~gap), included).filter(pl.col("dwelling_type") == "all")
    expected = profile_of(whole, included).filter(pl.col("dwelling_type") == "all")
    assert everyone["heat_kwh_mean"].to_numpy() == pytest.approx(expected["heat_kwh_mean"].to_numpy(), rel=0.01)
    assert everyone["households"].to_list()[28:32] == [3, 3, 2, 3]


def test_a_month_without_the_home_is_filled_at_its_level_in_the_others() -> None:
    whole = year_of({f"h{n}": float(n) for n in range(1, 12)})
    hourly = whole.filter((pl.col("household_id") != "h11") | (pl.col("hour_start_utc").dt.month() != 2))
    _, homes = estimate(hourly, types(**{f"h{n}": "flat" for n in range(1, 12)}))
    filled = homes.filter(pl.col("household_id") == "h11").row(0, named=True)
    # the type's mean of February lacks the largest home: 5.5 instead of 6
    assert filled["heat_kwh_annual"] == pytest.approx(0.8 * 11 * 8760, rel=0.01)
    assert filled["filled_share"] > 0.07


def test_gaps_that_go_with_the_level_are_noted() -> None:
    whole = year_of({f"h{n}": float(n) for n in range(1, 21)})
    large = pl.col("household_id").is_in([f"h{n}" for n in range(11, 21)])
    gap = large & (pl.col("hour_start_utc").dt.day() < 4)
    included = types(**{f"h{n}": "flat" for n in range(1, 21)})
    by_type, _ = estimate(whole.filter(~gap), included)
    flat = by_type.filter(pl.col("dwelling_type") == "flat").row(0, named=True)
    assert flat["heat_kwh_mean"] == pytest.approx(0.8 * 10.5 * 8760)
    assert flat["household_heat_kwh_mean"] == pytest.approx(flat["heat_kwh_mean"])
    assert flat["note"].startswith("gaps are not random: the homes observed used 2.5 % less heat")


def test_random_gaps_are_not_noted() -> None:
    whole = year_of({f"h{n}": float(n) for n in range(1, 21)})
    by_type, _ = estimate(whole.sample(fraction=0.95, seed=8), types(**{f"h{n}": "flat" for n in range(1, 21)}))
    assert by_type.filter(pl.col("dwelling_type") == "flat")["note"].to_list() == [None]


def test_hours_of_several_months_are_refused() -> None:
    with pytest.raises(ValueError, match="are not of one month"):
        place_hours(year_of({"a": 1.0}), types(a="flat"))


def test_a_month_without_included_homes_has_no_profile() -> None:
    nothing = place_hours(year_of({"a": 1.0}).head(24), types(b="flat"))
    assert profile_month(nothing, None).is_empty()
    assert expect_heat(nothing, profile_month(nothing, None)).is_empty()


def test_row_order_does_not_change_a_bit() -> None:
    hourly = year_of({f"h{n}": 0.1 + n / 7 for n in range(20)}).filter(pl.col("hour_start_utc") < HOURS[700])
    hourly = hourly.sample(fraction=0.9, seed=1)
    included = types(**{f"h{n}": "flat" if n % 3 else "detached" for n in range(20)})
    once = profile_of(hourly.sort("household_id", "hour_start_utc"), included)
    mixed = hourly.sample(fraction=1, shuffle=True, seed=2)
    assert profile_of(mixed, included.reverse()).equals(once)
