"""Disclosure control of tables with a value per cell: heat by dwelling type, period, hour, day, quantile."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl

from quality.disclosure.parts import choose_windows
from quality.disclosure.rule import (
    DEFAULT_RULE,
    DIGITS,
    FEW_HOMES,
    DisclosureRule,
    Margin,
    rounded,
    suppress_small_cells,
)
from transforms.heat.season import profile_by_season
from transforms.lcoh.assumptions.parameters import NETWORK
from transforms.lcoh.results.intervals import SIZED_BY_PEAK, add_intervals
from transforms.public.public import PUBLIC_TABLES, PublicTable
from transforms.tables.cost import LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE_SEASON, SELECTION_FUNNEL
from transforms.tables.published import EXTERNAL_CHECK, HEAT_DEMAND_QUANTILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
HOURS = 24

# A year's heat at full precision would give away a single hidden hour: the year less all other hours. The mean of one
# hour lies below 10 kWh, so a year rounded to 10 kWh says nothing of it. The lines through the days rest on days whose
# homes differ a little from those of the hours; beyond three digits they would give away what the difference used.
YEARLY_STEP_KWH = 10
COARSE = (HEAT_DEMAND_ANNUAL.name, HEAT_DEMAND_QUANTILE.name, SELECTION_FUNNEL.name, WEATHER_FIT.name)
FITTED = (WEATHER_FIT.name, EXTERNAL_CHECK.name)


def publish_cells(
    table: Table,
    frame: pl.DataFrame,
    *,
    margins: Sequence[Margin] = (),
    coarser: PublicTable | None = None,
    rule: DisclosureRule = DEFAULT_RULE,
) -> PublicTable:
    """Publish a table with a value per cell; its column `households` is the number of homes behind each value.

    A table that details another one (`coarser`) shows only cells that the other one shows, since its cells would add up
    to the hidden ones.
    """
    before: list[pl.DataFrame] = []
    if coarser is not None:
        frame, lost = _follow(frame, of=coarser, keys=table.key)
        before.append(lost)
    shown, hidden = suppress_small_cells(frame, keys=table.key, margins=margins, rule=rule)
    return PublicTable(table.name, coarsen(table, shown), pl.concat([*before, hidden]), rule.threshold)


def coarsen(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out columns that are never published, and digits that would reveal hidden values."""
    public = PUBLIC_TABLES[table.name]
    shown = frame.select(name for name in frame.columns if name in public.schema)
    floats = [c for c in public.columns if c.name in shown.columns and c.dtype == pl.Float64]
    yearly = [c.name for c in floats if c.unit == "kWh/yr"] if table.name in COARSE else []
    fitted = [c.name for c in floats if c.name not in (*yearly, "published")] if table.name in FITTED else []
    return shown.with_columns(
        (pl.col(yearly) / YEARLY_STEP_KWH).round() * YEARLY_STEP_KWH, pl.col(fitted).round_sig_figs(DIGITS)
    )


def publish_costs(
    frame: pl.DataFrame, at_means: pl.DataFrame, *, demand: PublicTable, assumptions: PublicTable
) -> PublicTable:
    """Publish the cost of heat; costs of measured demands are those computed from the published means.

    The interval of a network that is sized by its peak comes from draws of the homes. Its ends are published as shares of
    the cost with three digits, and only if the published demand is that of today's homes.

    Parameters
    ----------
    frame
        Rows of `LCOH` as the warehouse holds them.
    at_means
        Rows of `LCOH` at the published demands, which take the place of all measured ones.
    demand, assumptions
        The published tables.

    """
    paper = frame.filter(pl.col("demand_basis") != "measured")
    measured = frame.filter(pl.col("demand_basis") == "measured")
    costs = pl.concat([LCOH.conform(at_means), paper])
    sized_by_peak = _carry_intervals(measured, costs, kept=demand.few_changes)
    shown = add_intervals(costs, demand.frame, assumptions.frame, networks=sized_by_peak)
    lost = measured.join(shown, on=LCOH.key, how="anti", maintain_order="left")
    return PublicTable(LCOH.name, shown, _because(lost, LCOH.key), demand.threshold, demand.few_changes)


def _carry_intervals(measured: pl.DataFrame, costs: pl.DataFrame, *, kept: pl.DataFrame) -> pl.DataFrame:
    """Put the intervals of networks sized by their peak around the published costs; `kept` are demands of earlier homes."""
    ends = ("lcoh_ci_low", "lcoh_ci_high")
    cost = pl.col("lcoh_gbp_per_mwh")
    shares = (
        measured.filter(pl.col("system") == NETWORK, pl.col("convention").is_in(SIZED_BY_PEAK))
        .drop_nulls(ends)
        .join(kept, on=["dwelling_type", "period"], how="anti")
        .select(*LCOH.key, *((pl.col(end) / cost - 1).round_sig_figs(DIGITS).alias(end) for end in ends))
    )
    published = costs.select(*LCOH.key, "lcoh_gbp_per_mwh").join(shares, on=LCOH.key, maintain_order="left")
    return published.select(*LCOH.key, *((cost * (1 + pl.col(end))).alias(end) for end in ends))


def publish_computed(table: Table, frame: pl.DataFrame, *, of: PublicTable) -> PublicTable:
    """Publish a table that was computed from published tables only: it hides nothing, and reveals nothing more than they do."""
    return PublicTable(
        table.name, table.conform(frame), _because(frame.clear(), table.key), of.threshold, of.few_changes
    )


def publish_season(frame: pl.DataFrame, *, profile: PublicTable, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish the hours of the local day by kind of day, computed from the published profile only.

    So it reveals nothing more than the profile; hours that the profile hides are in none of its cells.
    """
    shown = profile_by_season(profile.frame)
    lost = frame.join(shown, on=HEAT_PROFILE_SEASON.key, how="anti", maintain_order="left")
    return PublicTable(
        HEAT_PROFILE_SEASON.name, shown, _because(lost, HEAT_PROFILE_SEASON.key), rule.threshold, profile.few_changes
    )


def publish_weather_days(
    frame: pl.DataFrame, *, profile: PublicTable, fit: PublicTable, rule: DisclosureRule = DEFAULT_RULE
) -> PublicTable:
    """Publish the days beside the fitted lines: gas as the sum of the published hours, the lines as published.

    The warehouse's own value of a day rests on the homes with all 24 hours. Its difference from the sum of the 24 published
    hours would be the use of the other homes, perhaps of one.
    """
    cells = ["dwelling_type", "period"]
    days = profile.frame.group_by(*cells, date=pl.col("hour_start_utc").dt.date()).agg(
        pl.col("households").min(), pl.col("gas_kwh_mean").sort_by("hour_start_utc").sum(), hours=pl.len()
    )
    lines = fit.frame.select(
        *cells,
        base="base_gas_kwh_per_day",
        slope="slope_gas_kwh_per_day_k",
        warm="warm_slope_gas_kwh_per_day_k",
        balance="balance_temperature_c",
    )
    below = pl.col("balance") - pl.col("temperature_effective_c")
    fitted = pl.col("base") + pl.when(below > 0).then(pl.col("slope")).otherwise(pl.col("warm")) * below
    weather = frame.select(*WEATHER_DAY.key, "temperature_effective_c")
    shown = (
        weather.join(days.filter(pl.col("hours") == HOURS), on=WEATHER_DAY.key, maintain_order="left")
        .join(lines, on=cells, how="left", maintain_order="left")
        .with_columns(gas_kwh_fitted=fitted.clip(lower_bound=0))
        .select(*WEATHER_DAY.schema)
    )
    lost = frame.join(shown, on=WEATHER_DAY.key, how="anti", maintain_order="left")
    return PublicTable(WEATHER_DAY.name, shown, _because(lost, WEATHER_DAY.key), rule.threshold, profile.few_changes)


def publish_quantiles(
    homes: pl.DataFrame,
    *,
    uneven: Collection[tuple[str, str]] = (),
    rule: DisclosureRule = DEFAULT_RULE,
) -> tuple[PublicTable, pl.DataFrame]:
    """Publish quantiles of the homes' annual heat, each the mean of the ten homes nearest to it.

    All homes together get quantiles only if they are all of one type, since the types would divide them into small parts.

    Parameters
    ----------
    homes
        `dwelling_type`, `period`, `household_id`, `heat_kwh_annual` [kWh] of the included homes.
    uneven
        Type and period in which few homes have gaps: the sum of the homes' own values differs from the type's, and the
        difference is the use of these few.
    rule
        The rule.

    Returns
    -------
    tuple
        The table, and `dwelling_type`, `period`, `quantile`, `household_id`: the homes behind each of its rows.

    """
    known = homes.drop_nulls("heat_kwh_annual").sort("dwelling_type", "period", "household_id")
    types = known.group_by("period").agg(pl.col("dwelling_type").unique())
    single = known.join(types.filter(pl.col("dwelling_type").list.len() == 1), on="period", how="semi")
    groups = pl.concat([known, single.with_columns(dwelling_type=pl.lit("all"))])
    rows, behind, hidden = [], [], []
    for (name, period), of in groups.group_by("dwelling_type", "period", maintain_order=True):
        key = (str(name), str(period))
        values = of["heat_kwh_annual"].to_numpy()
        windows = {} if key in uneven else choose_windows(values, QUANTILES, threshold=rule.threshold)
        rows += [(*key, q, len(of), float(np.mean(values[window]))) for q, window in windows.items()]
        behind += [
            (*key, q, home) for q, window in windows.items() for home in of["household_id"].filter(pl.Series(window))
        ]
        hidden += [(*key, q, FEW_HOMES) for q in QUANTILES if q not in windows]
    frame = pl.DataFrame(rows, schema=HEAT_DEMAND_QUANTILE.schema, orient="row").sort(HEAT_DEMAND_QUANTILE.key)
    shown = coarsen(HEAT_DEMAND_QUANTILE, frame.with_columns(rounded("households", rule)))
    keys = {"dwelling_type": pl.String, "period": pl.String, "quantile": pl.Float64}
    suppressed = pl.DataFrame(hidden, schema={**keys, "because": pl.String}, orient="row")
    members = pl.DataFrame(behind, schema={**keys, "household_id": pl.String}, orient="row")
    return PublicTable(HEAT_DEMAND_QUANTILE.name, shown, suppressed, rule.threshold), members


def _because(lost: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return lost.select(*keys, pl.lit(FEW_HOMES).alias("because"))


def _follow(frame: pl.DataFrame, *, of: PublicTable, keys: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split `frame` into the rows whose cell the table `of` shows, and the keys of the other rows."""
    on = [column for column in of.suppressed.columns if column in keys]
    kept = frame.join(of.frame, on=on, how="semi", maintain_order="left")
    lost = (
        frame.join(of.frame, on=on, how="anti", maintain_order="left")
        .join(of.suppressed, on=on, how="left", maintain_order="left")
        .select(*keys, pl.col("because").fill_null(FEW_HOMES))
    )
    return kept, lost
