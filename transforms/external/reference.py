"""Published studies as tables of our own: the tables that a folder of references may give."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from transforms.tables.schema import Column, Table

S, N, F = pl.String, pl.Int64, pl.Float64
year = Column("year", N, "calendar year of the study", lower=2000, upper=2100)
gas_kwh_per_day = Column("gas_kwh_per_day", F, "mean gas per home", "kWh/d", lower=0, upper=500)
households = Column("households", N, "homes behind the value", "1", lower=0)
degree_days_k = Column(
    "degree_days_k", F, "mean over the days of how far each lies below 15.5 degC", "K", lower=0, upper=40
)
temperature_c = Column("temperature_c", F, "mean outdoor air temperature", "degC", lower=-40, upper=45)

LEVEL_BY_TYPE = Table(
    "level_by_type", "gas of homes of one building type in one year (SERL)", ("year", "building_type"),
    (
        year,
        Column("building_type", S, "building type in the words of the study"),
        gas_kwh_per_day,
        temperature_c,
        degree_days_k,
        Column("gas_kwh_per_m2_day", F, "mean gas per floor area", "kWh/(m2 d)", nullable=True, lower=0, upper=5),
        households,
    ),
    tier="public",
)  # fmt: skip

LEVEL_BY_BAND = Table(
    "level_by_band", "gas of homes on days of one temperature band in one year (SERL)", ("year", "temperature_band"),
    (
        year,
        Column("temperature_band", S, "band of the day's mean temperature such as 0_to_5_c"),
        gas_kwh_per_day,
        temperature_c,
        households,
    ),
    tier="public",
)  # fmt: skip

HALF_HOUR_GAS = Table(
    "half_hour_gas", "mean gas in one half-hour of the local day, by its end (SERL)",
    ("year", "segmentation", "segment", "read_minute_local"),
    (
        year,
        Column("segmentation", S, "how homes or days are grouped", allowed=("building_type", "temperature_band")),
        Column("segment", S, "building type in the words of the study, or temperature band such as 0_to_5_c"),
        Column("read_minute_local", N, "end of the half-hour on the local clock, 0 = midnight", "min", lower=0, upper=1410),
        Column("gas_kw_mean", F, "mean gas per home", "kW", lower=0, upper=100),
        households,
    ),
    tier="public",
)  # fmt: skip

DAILY_GAS = Table(
    "daily_gas", "gas of one home on one day (Fluvius open data)", ("household_id", "date"),
    (
        Column("household_id", S, "pseudonymous id of the meter, as published"),
        Column("date", pl.Date, "local day"),
        Column("gas_kwh", F, "gas", "kWh/d", lower=0, upper=5000),
    ),
)  # fmt: skip

REFERENCES = (LEVEL_BY_TYPE, LEVEL_BY_BAND, HALF_HOUR_GAS, DAILY_GAS)

# SERL's building types and our dwelling types. SERL has no type for bungalows; homes without an answer are left out.
BUILDING_TYPES = {
    "Detached": "detached",
    "Semi-detached": "semi_detached",
    "Terraced": "terraced",
    "Purpose-built flat": "flat",
    "Converted flat or shared house": "flat",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Published tables of the studies; a table that the folder does not give is empty."""

    level_by_type: pl.DataFrame
    level_by_band: pl.DataFrame
    half_hour_gas: pl.DataFrame
    daily_gas: pl.DataFrame


def in_our_types(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add `dwelling_type` to rows of building types with a counterpart, and drop the others."""
    ours = pl.col(column).replace_strict(BUILDING_TYPES, default=None, return_dtype=pl.String)
    return frame.with_columns(dwelling_type=ours).drop_nulls("dwelling_type")


def mean_by_homes(columns: tuple[str, ...]) -> list[pl.Expr]:
    """Return the means of `columns` weighted by `households`; a null does not count for its column."""
    n = pl.col("households")
    return [(pl.col(c) * n).sum() / n.filter(pl.col(c).is_not_null()).sum() for c in columns]
