"""The homes that enter the profiles of a period, and the step at which the others drop out."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

from transforms.heat.cells import annual_of_groups, arrange_cells
from transforms.heat.heating import DECLARED_SYSTEM, GAS_HEATING
from transforms.heat.periods import Period, Sufficiency
from transforms.tables.heat import HOUSEHOLD_PERIOD, SELECTION_FUNNEL
from transforms.tables.words import EXCLUSIONS

CRITERIA = {
    "unknown_household": "named in the household table",
    "no_readings": "has an ok reading in the period",
    "not_gas_heated": "declared as heated by gas or, where nothing is declared, its gas looks like heating",
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


def select_homes(
    homes: pl.DataFrame, coverage: pl.DataFrame, heating: pl.DataFrame, period: Period, rule: Sufficiency
) -> pl.DataFrame:
    """Judge each home in a period by every step; the first that it fails is its `exclusion_reason`.

    A home is heated by gas if that is declared or, where nothing is declared, if its gas looks like heating. A home with too
    few readings to tell passes this step; the next steps ask whether its readings suffice.

    Parameters
    ----------
    homes
        Homes, as from `list_homes`.
    coverage
        Completeness, as from `periods.measure_coverage`.
    heating
        Judgement by gas, as from `heating.measure_heating`.
    period, rule
        The period, and when readings suffice.

    Returns
    -------
    pl.DataFrame
        `homes` with `period`, `period_start_utc`, `period_end_utc`, the columns of `coverage`, `included`,
        `exclusion_reason`, `failed_steps` (all of them, in order).

    """
    by_gas = pl.col("heats").fill_null(value=True)
    declared = DECLARED_SYSTEM.is_in(GAS_HEATING)
    fails = {
        "unknown_household": ~pl.col("known"),
        "no_readings": pl.col("completeness") == 0,
        "not_gas_heated": ~pl.when(pl.col("heating_system").is_null()).then(by_gas).otherwise(declared),
        "too_few_half_hours": pl.col("completeness") < rule.completeness_min,
        "thin_month_hour": pl.col("weakest_cell") < rule.cell_min,
    }
    failed = pl.concat_list(pl.when(fails[name]).then(pl.lit(name)) for name in EXCLUSIONS).list.drop_nulls()
    numbers = [name for name in coverage.columns if name != "household_id"]
    return (
        homes.join(coverage, on="household_id", how="left", maintain_order="left")
        .join(heating.select("household_id", "heats"), on="household_id", how="left", maintain_order="left")
        .with_columns(pl.col(numbers).fill_null(0))
        .with_columns(
            period=pl.lit(period.label),
            period_start_utc=pl.lit(period.start).cast(pl.Datetime("us")),
            period_end_utc=pl.lit(period.end).cast(pl.Datetime("us")),
            failed_steps=failed,
        )
        .with_columns(
            included=pl.col("failed_steps").list.len() == 0,
            exclusion_reason=pl.col("failed_steps").list.first(),
        )
        .drop("heats")
    )


def join_annual_heat(selected: pl.DataFrame, annual: pl.DataFrame, *, boiler_efficiency: float) -> pl.DataFrame:
    r"""Return the homes of a period with their heat (`HOUSEHOLD_PERIOD`).

    The heat of the hours observed is :math:`Q = \eta G` [kWh], that of the whole period is taken from `annual`.

    Parameters
    ----------
    selected
        As from `select_homes`, with the gas of the hours observed, `gas_kwh_observed` [kWh].
    annual
        `household_id`, `heat_kwh_annual` [kWh], `filled_share` [1] of the included homes.
    boiler_efficiency
        Heat delivered per gas used [1].

    """
    whole = annual.select("household_id", "heat_kwh_annual", "filled_share")
    joined = selected.join(whole, on="household_id", how="left").with_columns(
        heat_kwh_observed=pl.col("gas_kwh_observed") * boiler_efficiency
    )
    return HOUSEHOLD_PERIOD.conform(joined).sort(HOUSEHOLD_PERIOD.key)


def count_funnel(
    selected: pl.DataFrame, cells: pl.DataFrame, period: Period, *, boiler_efficiency: float
) -> pl.DataFrame:
    """Count the homes that are left after each selection step, and those that would be left without it, with their heat.

    Parameters
    ----------
    selected
        Judged homes, as from `select_homes`.
    cells
        Rows of `CELL`.
    period
        The period.
    boiler_efficiency
        Heat per gas [1].

    Returns
    -------
    pl.DataFrame
        `SELECTION_FUNNEL`; unknown homes are counted at the top. Heat is that of `cells.annual_of_groups`, null
        where a month-by-hour cell has no good hour of any of the homes.

    """
    steps = len(EXCLUSIONS) + 1
    failed = selected["failed_steps"]
    passes = np.ones((steps, len(selected)))
    for step, name in enumerate(EXCLUSIONS, start=1):
        passes[step] = ~failed.list.contains(name).to_numpy()
    groups = np.concatenate(
        [np.cumprod(passes, axis=0), *(np.delete(passes, step, axis=0).prod(axis=0)[None] for step in range(steps))]
    )
    gas = annual_of_groups(groups, arrange_cells(cells, selected["household_id"], period), period)
    counts = groups.sum(axis=1).astype(np.int64)
    heat = pl.Series(gas * boiler_efficiency, nan_to_null=True)
    return SELECTION_FUNNEL.conform(
        pl.DataFrame(
            {
                "step": range(steps),
                "criterion": ["named by the household table or a reading", *(CRITERIA[name] for name in EXCLUSIONS)],
                "households": counts[:steps],
                "heat_kwh_mean": heat[:steps],
                "households_without": counts[steps:],
                "heat_kwh_mean_without": heat[steps:],
            }
        ).with_columns(period=pl.lit(period.label))
    )


def combine_households(homes: pl.DataFrame, by_period: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return one row per home (`HOUSEHOLD`): included in any period, else the reason in its most complete period."""
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
