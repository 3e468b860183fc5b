"""Profiles by hour of the local day: months, kinds of days, temperature bands."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.heat.season import name_band, profile_by_season
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.words import SEGMENTATIONS

YEAR = (dt.datetime(2009, 1, 1), dt.datetime(2010, 1, 1))
SHIFTED = (dt.datetime(2009, 4, 1), dt.datetime(2010, 4, 1))  # begins and ends in summer time


def make_profile(
    span: tuple[dt.datetime, dt.datetime] = YEAR,
    *,
    heat: pl.Expr | None = None,
    temperature: pl.Expr | None = None,
    homes: int = 40,
    groups: tuple[str, ...] = ("all",),
) -> pl.DataFrame:
    """Return a profile of every hour of a span, with heat that depends only on the hour."""
    hours = pl.DataFrame({"hour_start_utc": pl.datetime_range(*span, "1h", closed="left", time_unit="us", eager=True)})
    rows = hours.join(pl.DataFrame({"dwelling_type": groups}), how="cross")
    hour, day = pl.col("hour_start_utc").dt.hour(), pl.col("hour_start_utc").dt.ordinal_day()
    of_hour = (1 + 0.3 * (hour * 0.26).sin() + 0.002 * day) if heat is None else heat
    return HEAT_PROFILE.conform(
        rows.with_columns(
            period=pl.lit("2009"),
            households=homes,
            heat_kwh_mean=of_hour,
            gas_kwh_mean=of_hour / 0.8,
            heat_kwh_se=None,
            temperature_c=(pl.lit(10.0) - 9 * (day / 58.1).cos()) if temperature is None else temperature,
        )
    )


def segment(season: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the rows of one segment by hour."""
    return season.filter(pl.col("segment") == name).sort("hour_local")


@pytest.mark.parametrize("span", [YEAR, SHIFTED])
def test_means_times_days_add_up_to_the_year(span: tuple[dt.datetime, dt.datetime]) -> None:
    profile = make_profile(span, groups=("all", "flat", "stock"))
    season = profile_by_season(profile)
    sums = season.group_by("dwelling_type", "segmentation").agg(
        (pl.col("heat_kwh_mean", "gas_kwh_mean") * pl.col("days")).sum(), pl.col("days").sum()
    )
    year = profile.filter(pl.col("dwelling_type") == "flat")
    assert len(sums) == 3 * len(SEGMENTATIONS)
    whole = sums.filter(pl.col("segmentation") != "temperature_band")
    assert whole["days"].unique().to_list() == [year.height]
    assert whole["heat_kwh_mean"].to_numpy() == pytest.approx(year["heat_kwh_mean"].sum(), rel=1e-12)
    assert whole["gas_kwh_mean"].to_numpy() == pytest.approx(year["gas_kwh_mean"].sum(), rel=1e-12)
    bands = sums.filter(pl.col("segmentation") == "temperature_band")
    cut_hours = 0 if span == YEAR else 1  # the one hour after midnight, local time, with which the span ends
    assert bands["days"].unique().to_list() == [year.height - cut_hours]


def test_the_skipped_hour_is_absent_and_the_repeated_hour_counts_twice() -> None:
    season = profile_by_season(make_profile())
    march, october = (segment(season, month).select("hour_local", "days").rows() for month in ("03", "10"))
    assert march == [(hour, 30 if hour == 1 else 31) for hour in range(24)]
    assert october == [(hour, 32 if hour == 1 else 31) for hour in range(24)]


def test_both_occurrences_of_the_repeated_hour_enter_its_mean() -> None:
    moment = pl.col("hour_start_utc")
    twice = moment.is_in([dt.datetime(2009, 10, 25, 0), dt.datetime(2009, 10, 25, 1)])
    season = profile_by_season(make_profile(heat=pl.when(twice).then(16.0).otherwise(0.0)))
    october = dict(segment(season, "10").select("hour_local", "heat_kwh_mean").iter_rows())
    assert october == {hour: (1.0 if hour == 1 else 0.0) for hour in range(24)}


def test_a_peak_at_seven_on_the_wall_clock_stays_at_seven_in_summer() -> None:
    local = pl.col("hour_start_utc").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.hour()
    season = profile_by_season(make_profile(heat=pl.when(local == 7).then(5.0).otherwise(1.0)))
    peaks = season.filter(pl.col("heat_kwh_mean") > 1)
    assert set(peaks["hour_local"]) == {7}
    assert set(peaks["heat_kwh_mean"]) == {5.0}
    assert peaks["segmentation"].n_unique() == 3


def test_hours_belong_to_the_month_of_their_local_day() -> None:
    midsummer = pl.col("hour_start_utc") == dt.datetime(2009, 6, 30, 23)  # midnight of 1 July in London
    season = profile_by_season(make_profile(heat=midsummer.cast(pl.Float64)))
    months = season.filter(pl.col("segmentation") == "month", pl.col("heat_kwh_mean") > 0)
    assert months.select("segment", "hour_local", "heat_kwh_mean", "days").rows() == [("07", 0, 1 / 31, 31)]


def test_the_edges_of_a_period_that_begins_in_summer_time_belong_to_their_local_days() -> None:
    april = segment(profile_by_season(make_profile(SHIFTED)), "04")
    assert dict(april.select("hour_local", "days").iter_rows()) == dict.fromkeys(range(24), 30)


def test_weekends_are_saturday_and_sunday_and_a_bank_holiday_is_the_weekday_it_falls_on() -> None:
    season = profile_by_season(make_profile())
    days = {
        name: segment(season, name).filter(pl.col("hour_local") == 12)["days"][0] for name in ("weekday", "weekend")
    }
    assert days == {"weekday": 261, "weekend": 104}


def test_a_day_s_band_rests_on_the_mean_of_its_own_hours() -> None:
    """On the day of 23 hours the mean over 24 would fall below the edge of the band, on that of 25 above."""
    moment = pl.col("hour_start_utc")
    spring = moment.is_between(dt.datetime(2009, 3, 29), dt.datetime(2009, 3, 29, 22))
    autumn = moment.is_between(dt.datetime(2009, 10, 24, 23), dt.datetime(2009, 10, 25, 23))
    temperature = pl.when(spring).then(5.1).when(autumn).then(4.9).otherwise(12.0)
    season = profile_by_season(make_profile(temperature=temperature))
    five, nought = segment(season, "5_to_10_c"), segment(season, "0_to_5_c")
    assert dict(five.select("hour_local", "days").iter_rows()) == {h: 1 for h in range(24) if h != 1}
    assert dict(nought.select("hour_local", "days").iter_rows()) == {h: 2 if h == 1 else 1 for h in range(24)}
    assert five["temperature_c"].to_list() == pytest.approx([5.1] * 23)


def test_without_a_temperature_there_are_no_bands_and_the_rest_stands() -> None:
    season = profile_by_season(make_profile(temperature=pl.lit(None, dtype=pl.Float64)))
    assert set(season["segmentation"]) == {"month", "day_kind"}
    assert season["temperature_c"].null_count() == season.height == 24 * (12 + 2)


def test_a_day_with_a_temperature_in_half_of_its_hours_has_no_band() -> None:
    moment = pl.col("hour_start_utc")
    first_day = moment.is_between(dt.datetime(2009, 1, 1), dt.datetime(2009, 1, 1, 23))
    gap = first_day & (moment.dt.hour() >= 12)
    season = profile_by_season(make_profile(temperature=pl.when(gap).then(None).otherwise(7.0)))
    assert segment(season, "5_to_10_c").filter(pl.col("hour_local") == 9)["days"].to_list() == [364]
    one_more = profile_by_season(
        make_profile(temperature=pl.when(gap & (moment.dt.hour() > 12)).then(None).otherwise(7.0))
    )
    assert segment(one_more, "5_to_10_c").filter(pl.col("hour_local") == 9)["days"].to_list() == [365]


def test_the_fewest_homes_of_any_hour_stand_behind_a_cell() -> None:
    profile = make_profile()
    thin = pl.col("hour_start_utc") == dt.datetime(2009, 2, 10, 8)
    profile = profile.with_columns(households=pl.when(thin).then(3).otherwise("households"))
    february = segment(profile_by_season(profile), "02")
    assert dict(february.select("hour_local", "households").iter_rows()) == {h: 3 if h == 8 else 40 for h in range(24)}


def test_no_profile_gives_no_rows() -> None:
    assert profile_by_season(HEAT_PROFILE.empty()).is_empty()


@pytest.mark.parametrize(
    ("temperature", "band"),
    [(-5.0, "-5_to_0_c"), (-0.01, "-5_to_0_c"), (0.0, "0_to_5_c"), (4.99, "0_to_5_c"), (-5.01, "-10_to_-5_c"), (25.0, "25_to_30_c")],
)  # fmt: skip
def test_a_band_holds_its_lower_end(temperature: float, band: str) -> None:
    assert pl.select(name_band(pl.lit(temperature))).item() == band


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_row_order_is_irrelevant(seed: int) -> None:
    profile = make_profile((YEAR[0], dt.datetime(2009, 2, 1)), groups=("all", "flat"))
    order = np.random.default_rng(seed).permutation(profile.height)
    assert profile_by_season(profile[order]).equals(profile_by_season(profile))
