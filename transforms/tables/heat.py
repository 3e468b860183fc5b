"""Homes and heat: the gas and heat of each home, and the means of dwelling types."""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import (
    SEGMENTATIONS,
    B,
    F,
    N,
    S,
    dwelling_type,
    exclusion_reason,
    household_id,
    included,
    period,
    profile_group,
)

HIGHEST_HOUR_KWH = 179.6  # two half-hours of 89.8 kWh, above which a reading is flagged very_high
COLDEST_C, WARMEST_C = -40.0, 45.0  # beyond every air temperature measured in the British Isles

HOUSEHOLD = Table(
    "household", "one home that the household table or a reading names", ("household_id",),
    (
        household_id,
        dwelling_type,
        Column("heating_system", S, "declared heating system", nullable=True),
        Column("origin", S, "program that made the home up; null for a real home", nullable=True),
        included,
        exclusion_reason,
        Column("first_interval_utc", UTC, "start of the first ok half-hour", nullable=True),
        Column("last_interval_utc", UTC, "start of the last ok half-hour", nullable=True),
        Column("completeness", F, "share of half-hours that are ok, in the home's best period", "1", nullable=True, lower=0, upper=1),
    ),
    made_by="transforms.heat.selection:combine_households",
)  # fmt: skip

HOUSEHOLD_PERIOD = Table(
    "household_period", "one home in one study period", ("household_id", "period"),
    (
        household_id,
        period,
        dwelling_type,
        Column("period_start_utc", UTC, "start of the period"),
        Column("period_end_utc", UTC, "end of the period, exclusive"),
        Column("completeness", F, "share of the period's half-hours that are ok", "1", lower=0, upper=1),
        Column("weakest_cell", F, "smallest share of ok half-hours in a month-by-hour cell", "1", lower=0, upper=1),
        included,
        exclusion_reason,
        Column("hours_observed", N, "good hours in the period", "h", lower=0),
        Column("heat_kwh_observed", F, "heat of these hours", "kWh", lower=0),
        Column("heat_kwh_annual", F, "heat of the whole period, gaps filled by the type's profile", "kWh", nullable=True, lower=0),
        Column("filled_share", F, "estimated share of that heat", "1", nullable=True, lower=0, upper=1),
    ),
    may_be_empty=True,
    made_by="transforms.heat.selection:join_annual_heat",
)  # fmt: skip

SELECTION_FUNNEL = Table(
    "selection_funnel", "homes left after each selection step of a period", ("period", "step"),
    (
        period,
        Column("step", N, "order of the step", lower=0),
        Column("criterion", S, "criterion of the step"),
        Column("households", N, "homes that pass this step and all before it", "1", lower=0),
        Column("heat_kwh_mean", F, "heat per home and year of these homes", "kWh/yr", nullable=True, lower=0),
        Column("households_without", N, "homes that would be left without this step: they pass all others", "1", lower=0),
        Column("heat_kwh_mean_without", F, "heat per home and year of the homes that would be left without this step", "kWh/yr", nullable=True, lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.heat.selection:count_funnel",
)  # fmt: skip

HEAT_HOURLY = Table(
    "heat_hourly", "every good hour of every known home", ("household_id", "hour_start_utc"),
    (
        household_id,
        Column("hour_start_utc", UTC, "start of the hour"),
        Column("gas_kwh", F, "gas used in the hour", "kWh", lower=0, upper=HIGHEST_HOUR_KWH),
        Column("heat_kwh", F, "heat delivered in the hour", "kWh", lower=0, upper=HIGHEST_HOUR_KWH),
    ),
    made_by="transforms.heat.hours:gas_to_heat",
)  # fmt: skip

HEAT_DAY_CAUGHT_UP = Table(
    "heat_day_caught_up", "one day of one home with an outage, after which one reading holds the gas of the gap: the day's sum is known, its hours are not",
    ("household_id", "date"),
    (
        household_id,
        Column("date", pl.Date, "day (UTC)"),
        Column("gas_kwh", F, "gas used on the day", "kWh", lower=0),
        Column("heat_kwh", F, "heat delivered on the day", "kWh", lower=0),
        Column("caught_up_kwh", F, "part of the day's gas that the reading after the outage holds", "kWh", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.heat.hours:sum_days_caught_up",
)  # fmt: skip

HEAT_PROFILE = Table(
    "heat_profile", "mean heat per home of a dwelling type in one hour of a period", ("dwelling_type", "period", "hour_start_utc"),
    (
        profile_group,
        period,
        Column("hour_start_utc", UTC, "start of the hour"),
        Column("households", N, "homes with a good reading in the hour", "1", lower=1),
        Column("gas_kwh_mean", F, "mean gas per home", "kWh/h", lower=0, upper=HIGHEST_HOUR_KWH),
        Column("heat_kwh_mean", F, "mean heat per home", "kWh/h", lower=0, upper=HIGHEST_HOUR_KWH),
        Column("heat_kwh_se", F, "standard error of the mean heat", "kWh/h", nullable=True, lower=0),
        Column("temperature_c", F, "outdoor air temperature", "degC", nullable=True, lower=COLDEST_C, upper=WARMEST_C),
    ),
    may_be_empty=True,
    made_by="transforms.heat.profiles:complete_profile",
)  # fmt: skip

HEAT_DEMAND_ANNUAL = Table(
    "heat_demand_annual", "heat per home and year of a dwelling type in one period", ("dwelling_type", "period"),
    (
        profile_group,
        period,
        Column("year", N, "calendar year, where the period is one", nullable=True),
        Column("households", N, "included homes", "1", lower=0),
        Column("gas_kwh_mean", F, "gas per home and year", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_mean", F, "heat per home and year", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_ci_low", F, "lower end of the 95 % interval of the mean", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_ci_high", F, "upper end of the 95 % interval of the mean", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_weather_normal", F, "heat per home and year in normal weather", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_weather_normal_ci_low", F, "lower end of its 95 % interval", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_weather_normal_ci_high", F, "upper end of its 95 % interval", "kWh/yr", nullable=True, lower=0),
        Column("household_heat_kwh_mean", F, "mean of the homes' own annual heat, to compare", "kWh/yr", nullable=True, lower=0),
        Column("peak_hour_heat_kwh", F, "highest hour of the mean profile", "kWh/h", nullable=True, lower=0),
        Column("peak_hour_utc", UTC, "start of that hour", nullable=True),
        Column("note", S, "why a value is missing or needs care", nullable=True),
    ),
    may_be_empty=True,
    made_by="transforms.weather.weather:join_normal",
)  # fmt: skip

DEMAND_GAP = Table(
    "demand_gap", "the missing hours behind the annual heat of a dwelling type in one period, and whether they bias it", ("dwelling_type", "period"),
    (
        profile_group,
        period,
        Column("hours_missing", N, "hours of the period without a home: each counts as the mean of its month and hour of day", "h", lower=0),
        Column("drift", F, "heat of the homes in their good hours, over the heat of as many mean homes in the same hours, minus 1", "1", nullable=True, lower=-1),
        Column("are_random", B, "whether chance explains the drift, and how far the mean of the homes' own annual heat differs from the annual heat; null for a group without homes of its own", nullable=True),
    ),
    may_be_empty=True,
    made_by="transforms.heat.demand:describe_gaps",
)  # fmt: skip

HEAT_PROFILE_SEASON = Table(
    "heat_profile_season", "mean heat per home of a dwelling type by hour of the local day in one kind of days",
    ("dwelling_type", "period", "segmentation", "segment", "hour_local"),
    (
        profile_group,
        period,
        Column("segmentation", S, "how days are grouped", allowed=SEGMENTATIONS),
        Column("segment", S, "kind of days: month 01 to 12, weekday or weekend, band of the day's mean temperature such as 0_to_5_c"),
        Column("hour_local", pl.Int8, "hour of day on the clock of Europe/London", "h", lower=0, upper=23),
        Column("households", N, "fewest homes behind any of the hours", "1", lower=1),
        Column("days", N, "local days that hold the hour; a day on which the clock shows it twice counts twice", "1", lower=1),
        Column("gas_kwh_mean", F, "mean gas per home", "kWh/h", lower=0, upper=HIGHEST_HOUR_KWH),
        Column("heat_kwh_mean", F, "mean heat per home", "kWh/h", lower=0, upper=HIGHEST_HOUR_KWH),
        Column("temperature_c", F, "mean outdoor air temperature of these hours", "degC", nullable=True, lower=COLDEST_C, upper=WARMEST_C),
    ),
    may_be_empty=True,
    made_by="transforms.heat.season:profile_by_season",
)  # fmt: skip

TEMPERATURE_HOURLY = Table(
    "temperature_hourly", "outdoor air temperature of one hour", ("hour_start_utc",),
    (
        Column("hour_start_utc", UTC, "start of the hour"),
        Column("temperature_c", F, "outdoor air temperature", "degC", lower=COLDEST_C, upper=WARMEST_C),
        Column("origin", S, "where it comes from"),
    ),
    made_by="flows.pipeline.inputs:read_inputs",
)  # fmt: skip
