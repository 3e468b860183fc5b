"""Weather: how gas follows the temperature, and the heat of a year of normal weather."""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import Column, Table
from transforms.tables.words import F, N, S, household_id, period, profile_group

WEATHER_FIT = Table(
    "weather_fit", "two straight lines through the daily gas of a dwelling type against effective temperature, and the heat that they give",
    ("dwelling_type", "period"),
    (
        profile_group,
        period,
        Column("households", N, "included homes", "1", lower=0),
        Column("days", N, "days that the lines are fitted to", "1", lower=0),
        Column("base_gas_kwh_per_day", F, "gas per home and day at the balance temperature", "kWh/d", nullable=True, lower=0),
        Column("slope_gas_kwh_per_day_k", F, "gas per home and day that each kelvin below the balance temperature adds", "kWh/(d K)", nullable=True, lower=0),
        Column("warm_slope_gas_kwh_per_day_k", F, "gas per home and day that each kelvin above the balance temperature takes away", "kWh/(d K)", nullable=True, lower=0),
        Column("balance_temperature_c", F, "effective temperature below which homes heat", "degC", nullable=True, lower=-40, upper=45),
        Column("r_squared", F, "share of the variance between days that the lines explain", "1", nullable=True, lower=0, upper=1),
        Column("heat_loss_w_per_k", F, "heat per kelvin below the balance temperature, as power", "W/K", nullable=True, lower=0),
        Column("hot_water_gas_kwh_per_year", F, "gas for hot water per home in normal weather", "kWh/yr", nullable=True, lower=0),
        Column("cooking_gas_kwh_per_year", F, "gas for cooking per home in normal weather", "kWh/yr", nullable=True, lower=0),
        Column("space_gas_kwh_per_year", F, "gas for space heating per home in normal weather", "kWh/yr", nullable=True, lower=0),
        Column("normal", S, "years whose mean weather counts as normal"),
        Column("heat_kwh_weather_normal", F, "heat per home and year in normal weather", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_weather_normal_ci_low", F, "lower end of its 95 % interval", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_weather_normal_ci_high", F, "upper end of its 95 % interval", "kWh/yr", nullable=True, lower=0),
        Column("design_temperature_c", F, "effective temperature of the design day", "degC", nullable=True, lower=-40, upper=45),
        Column("design_day_heat_kwh", F, "heat per home on the design day", "kWh/d", nullable=True, lower=0),
        Column("design_peak_hour_heat_kwh", F, "highest hour of the mean profile on the design day", "kWh/h", nullable=True, lower=0),
        Column("note", S, "why a value is missing or needs care", nullable=True),
    ),
    may_be_empty=True,
    made_by="transforms.weather.weather:describe_weather",
)  # fmt: skip

WEATHER_DAY = Table(
    "weather_day", "mean gas per home of a dwelling type on one day, beside the fitted lines", ("dwelling_type", "period", "date"),
    (
        profile_group,
        period,
        Column("date", pl.Date, "day (UTC)"),
        Column("households", N, "homes with all hours of the day", "1", lower=1),
        Column("temperature_effective_c", F, "mean temperature of the day and the days before, the weight halved for each day back", "degC", lower=-40, upper=45),
        Column("gas_kwh_mean", F, "mean gas per home", "kWh/d", lower=0),
        Column("gas_kwh_fitted", F, "gas on the fitted lines", "kWh/d", nullable=True, lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.weather.weather:describe_weather",
)  # fmt: skip

HOUSEHOLD_WEATHER = Table(
    "household_weather", "how the daily gas of one included home follows effective temperature", ("household_id", "period"),
    (
        household_id,
        period,
        Column("days", N, "days with all hours", "1", lower=0),
        Column("base_gas_kwh_per_day", F, "gas per day at the balance temperature", "kWh/d", nullable=True, lower=0),
        Column("slope_gas_kwh_per_day_k", F, "gas per day that each kelvin below the balance temperature adds", "kWh/(d K)", nullable=True, lower=0),
        Column("balance_temperature_c", F, "effective temperature below which the home heats", "degC", nullable=True, lower=-40, upper=45),
        Column("heat_loss_w_per_k", F, "heat per kelvin below the balance temperature, as power", "W/K", nullable=True, lower=0),
        Column("heat_loss_w_per_k_ci_low", F, "lower end of its 95 % interval over the days of the period", "W/K", nullable=True, lower=0),
        Column("heat_loss_w_per_k_ci_high", F, "upper end of its 95 % interval", "W/K", nullable=True, lower=0),
        Column("r_squared", F, "share of the variance between days that the lines explain", "1", nullable=True, lower=0, upper=1),
        Column("normal_correction_kwh", F, "heat that a year of normal weather adds to that of the period, by the lines", "kWh/yr", nullable=True),
    ),
    may_be_empty=True,
    made_by="transforms.weather.weather:describe_homes",
)  # fmt: skip
