"""The limits of the alarms: read from rows of `ASSUMPTION`, so that each carries its unit and its reason."""

from __future__ import annotations

from dataclasses import dataclass, fields

import polars as pl

HALF_HOURS_PER_DAY = 48
FLAG_SHARES = ("expected_share", "alarm_share", "critical_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLimits:
    """The limits of `alarm.csv`, which explains each of them."""

    ratio_max: float
    level_max: float
    households_min: float
    home_days_min: float
    days_min: float
    annual_warning: float
    annual_critical: float
    month_warning: float
    month_critical: float
    home_spread: float
    deviations: float
    feed_lag_days: float
    month_share_min: float
    months_min: float
    not_judged_max: float

    @property
    def half_hours_min(self) -> float:
        """Readings from which a figure of a source is judged."""
        return self.home_days_min * HALF_HOURS_PER_DAY


def read_limits(rows: pl.DataFrame) -> AlarmLimits:
    """Return the limits that `rows` (`parameter`, `value`) hold.

    Raises
    ------
    ValueError
        If a limit is missing, repeated or unknown.

    """
    names = [field.name for field in fields(AlarmLimits)]
    if sorted(rows["parameter"]) != sorted(names):
        wrong = sorted(set(rows["parameter"]) ^ set(names)) or "a name twice"
        raise ValueError(f"alarm.csv must hold each limit once; see {wrong}")
    return AlarmLimits(**{name: float(value) for name, value in rows.select("parameter", "value").iter_rows()})


def describe_flag_shares(shares: pl.DataFrame) -> pl.DataFrame:
    """Return `flag_share.csv` as rows of `ASSUMPTION`."""
    long = shares.unpivot(FLAG_SHARES, index=["flag", "unit", "source", "reason"], variable_name="which")
    return long.drop_nulls("value").select(
        scenario=pl.lit("all"),
        item=pl.lit("flag_share"),
        parameter=pl.format("{}.{}", "flag", "which"),
        year=pl.lit(0, dtype=pl.Int64),
        value=pl.col("value"),
        unit=pl.col("unit").cast(pl.String),
        price_base=pl.lit("none"),
        status=pl.when(pl.col("source").str.starts_with("SERL") & (pl.col("which") == "expected_share"))
        .then(pl.lit("published"))
        .otherwise(pl.lit("own choice")),
        source=pl.when(pl.col("which") == "expected_share")
        .then("source")
        .when(pl.col("which") == "alarm_share")
        .then("reason")
        .otherwise(pl.lit("most readings of a source with many homes are no fault of single meters")),
    )
