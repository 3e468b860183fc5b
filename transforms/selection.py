"""Which homes enter the profiles of a period, and at which step the others leave."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from transforms.periods import Period, Sufficiency
from transforms.tables import EXCLUSIONS

GAS_HEATING = ("gas", "gas_boiler", "gas boiler", "mains gas", "gas central heating")

CRITERIA = {
    "unknown_household": "named in the household table",
    "no_readings": "has an ok reading in the period",
    "not_gas_heated": "heated by gas, or not declared otherwise",
    "too_few_half_hours": "enough of the period's half-hours are ok",
    "thin_month_hour": "enough of each month-by-hour cell is ok",
}


def list_homes(households: pl.DataFrame | None, seen: Collection[str]) -> pl.DataFrame:
    """List every home that the household table or a reading (`seen`) names.

    Returns
    -------
    pl.DataFrame
        `household_id`, `dwelling_type` (unknown where it is not declared), `heating_system` and
        `origin` (may be null), `known`.

    """
    with_readings = pl.DataFrame({"household_id": sorted(set(seen))}, schema={"household_id": pl.String})
    if households is None:
        return with_readings.select(
            "household_id",
            dwelling_type=pl.lit("unknown"),
            heating_system=pl.lit(None, dtype=pl.String),
            origin=pl.lit(None, dtype=pl.String),
            known=pl.lit(value=True),
        )
    named = households.select("household_id", "dwelling_type", "heating_system", "origin").with_columns(
        known=pl.lit(value=True)
    )
    return (
        named.join(with_readings, on="household_id", how="full", coalesce=True)
        .with_columns(pl.col("dwelling_type").fill_null("unknown"), pl.col("known").fill_null(value=False))
        .sort("household_id")
    )


def select_homes(homes: pl.DataFrame, coverage: pl.DataFrame, period: Period, rule: Sufficiency) -> pl.DataFrame:
    """Judge each home in a period; the first step that it fails is its `exclusion_reason`.

    Parameters
    ----------
    homes
        As from `list_homes`.
    coverage
        As from `periods.measure_coverage`.
    period, rule
        The period, and when readings suffice.

    Returns
    -------
    pl.DataFrame
        `homes` with `period`, `period_start_utc`, `period_end_utc`, the columns of `coverage`, `included`,
        `exclusion_reason`.

    """
    fails = {
        "unknown_household": ~pl.col("known"),
        "no_readings": pl.col("completeness") == 0,
        "not_gas_heated": ~pl.col("heating_system").str.to_lowercase().is_in(GAS_HEATING).fill_null(value=True),
        "too_few_half_hours": pl.col("completeness") < rule.completeness_min,
        "thin_month_hour": pl.col("weakest_cell") < rule.cell_min,
    }
    reason = pl.coalesce(pl.when(fails[name]).then(pl.lit(name)) for name in EXCLUSIONS)
    numbers = [name for name in coverage.columns if name != "household_id"]
    return (
        homes.join(coverage, on="household_id", how="left", maintain_order="left")
        .with_columns(pl.col(numbers).fill_null(0))
        .with_columns(
            period=pl.lit(period.label),
            period_start_utc=pl.lit(period.start).cast(pl.Datetime("us")),
            period_end_utc=pl.lit(period.end).cast(pl.Datetime("us")),
            exclusion_reason=reason,
        )
        .with_columns(included=pl.col("exclusion_reason").is_null())
    )


def count_funnel(selected: pl.DataFrame) -> pl.DataFrame:
    """Count the homes left after each selection step of a period, unknown ones at the top (`tables.SELECTION_FUNNEL`)."""
    lost = dict(selected.group_by("exclusion_reason").len().iter_rows())
    left = [len(selected)]
    for name in EXCLUSIONS:
        left.append(left[-1] - lost.get(name, 0))
    return pl.DataFrame(
        {
            "period": selected["period"].head(1).to_list() * len(left),
            "step": range(len(left)),
            "criterion": ["named by the household table or a reading", *(CRITERIA[name] for name in EXCLUSIONS)],
            "households": left,
        },
        schema={"period": pl.String, "step": pl.Int64, "criterion": pl.String, "households": pl.Int64},
    )


def combine_households(homes: pl.DataFrame, by_period: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return one row per home over all periods (`tables.HOUSEHOLD`): included in any, else the reason of the best."""
    best = (
        by_period.sort("household_id", "included", "completeness", "period")
        .group_by("household_id", maintain_order=True)
        .agg(pl.col("included", "exclusion_reason").last(), pl.col("completeness").max())
    )
    spans = cells.group_by("household_id").agg(pl.col("first_interval_utc").min(), pl.col("last_interval_utc").max())
    without_period = pl.when(~pl.col("known")).then(pl.lit("unknown_household")).otherwise(pl.lit("too_few_half_hours"))
    return (
        homes.join(best, on="household_id", how="left")
        .join(spans, on="household_id", how="left")
        .with_columns(
            exclusion_reason=pl.when(pl.col("included").is_null()).then(without_period).otherwise("exclusion_reason"),
            included=pl.col("included").fill_null(value=False),
        )
        .sort("household_id")
    )
