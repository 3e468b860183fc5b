r"""Homes that deliver in a wrong unit from their first reading to their last, so that no change of level shows it.

A home at a tenth of the usual level may only cook, stand empty, or be read in cubic metres. A home at eleven times may be a
large house. So the level alone flags nothing. A home is *named* if its level would be usual in another unit, and its
readings are *flagged* if a second witness proves it. One witness is the meter's step, where enough homes show which steps
are common. The other is the home's largest half-hours, if no boiler or no domestic meter gives such values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from transforms.history.slip_rule import FACTORS, SLIP, SlipRule
from transforms.history.steps import count_common, count_near, log_steps
from transforms.tables.lineage import UNIT_DOUBT
from transforms.tables.rules import bound

_SERL_SEASONS = "SERL 2021-2023: gas-heated homes use 7.7 to 8.9 times as much in winter as in summer"


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSeriesRule:
    """When the level of a home suggests another unit, and what proves it."""

    days_min: int = bound(
        7, unit="d", status="own choice", source="usable days from which a level is compared: one odd day is none"
    )
    boiler_least_kwh: float = bound(
        1.5,
        unit="kWh",
        status="own choice",
        source="half an hour at 3 kW: boilers that heat a home do not burn less on cold days; a real home has 10.6",
    )
    meter_most_kwh: float = bound(
        33.7, unit="kWh", status="own choice", source="3 m3 in a half-hour, the 6 m3/h of a domestic U6/G4 meter"
    )
    cold_below_c: float = bound(
        10, unit="degC", status="own choice", source="effective temperature; homes heat below 14 to 15 degC"
    )
    warm_from_c: float = bound(
        15, unit="degC", status="own choice", source="effective temperature; homes heat below 14 to 15 degC"
    )
    season_days_min: int = bound(
        20, unit="d", status="own choice", source="cold days and warm days each, from which the two are compared"
    )
    least_cold_to_warm: float = bound(
        2, unit="1", status="own choice", source=f"{_SERL_SEASONS}; homes that only cook hardly differ"
    )


WHOLE_SERIES = WholeSeriesRule()


def judge_homes(levels: pl.DataFrame, rule: WholeSeriesRule = WHOLE_SERIES, slip: SlipRule = SLIP) -> pl.DataFrame:
    r"""Name the homes whose level would be usual in another unit, and say what proves it.

    Let :math:`d = \ln(L / L_{usual})` be the distance of a home's level from the usual one. A factor :math:`f` of at least
    `unwitnessed_factor_min` is suspected if :math:`|d - \ln f| < |d| / 2` and :math:`|d - \ln f| \le 2 \sigma`. A home with
    too low a level is left out if its warm days show that it does not heat. The witness is

    - the *step*: few usual homes have a meter with the home's step, and many have one with that step divided by :math:`f`;
    - the *largest half-hours*: a home that heats has half-hours below what a boiler burns, and divided by :math:`f` they
      are not; or they are above what a domestic meter can pass, and divided by :math:`f` they are not.

    Parameters
    ----------
    levels
        Rows as from `transforms.history.levels.compare_levels`, of homes whose level does not change.
    rule, slip
        The bounds.

    Returns
    -------
    pl.DataFrame
        Rows of `UNIT_DOUBT`, with `first_date` and `last_date`.

    """
    home, own, distance = "household_id", pl.col("step_kwh").log(), pl.col("log_level") - pl.col("usual_log_level")
    known = levels.filter(pl.col("log_level").is_finite(), pl.col("days") >= rule.days_min).with_columns(
        distance=distance, cold_to_warm=_compare_seasons(rule)
    )
    usual = known.filter(pl.col("distance").abs() < math.log(slip.unwitnessed_factor_min) / 2)
    steps = log_steps(usual)
    common = count_common(steps, slip)
    off = (pl.col("distance") - pl.col("log_factor")).abs()
    found = [
        known.with_columns(log_factor=pl.lit(log_factor))
        .filter(off < pl.col("distance").abs() / 2, off <= 2 * slip.level_log_sd)
        .with_columns(
            off=off,
            by_step=(count_near(steps, own, slip) < common)
            & (count_near(steps, own - log_factor, slip) >= common)
            & (len(usual) >= slip.homes_min),
            by_peak=_is_peak_odd(log_factor, rule),
        )
        for factor in FACTORS
        if factor >= slip.unwitnessed_factor_min
        for log_factor in (math.log(factor), -math.log(factor))
    ]
    does_not_heat = (pl.col("log_factor") < 0) & (pl.col("cold_to_warm") < rule.least_cold_to_warm)
    by_step, by_peak = (pl.col(name).fill_null(value=False) for name in ("by_step", "by_peak"))
    return (
        pl.concat(found)
        .sort(home, "off")
        .unique(home, keep="first", maintain_order=True)
        .with_columns(
            level=pl.col("log_level").exp(),
            usual_level=pl.col("usual_log_level").exp(),
            factor=pl.col("log_factor").exp(),
            witness=pl.when(by_step).then(pl.lit("step")).when(by_peak).then(pl.lit("largest half-hours"))
            .otherwise(pl.lit("none")),
            flagged=by_step | by_peak,
        )
        .filter(pl.col("flagged") | ~does_not_heat.fill_null(value=False))
        .select(*UNIT_DOUBT.schema, "first_date", "last_date")
        .sort(home)
    )  # fmt: skip


def _compare_seasons(rule: WholeSeriesRule) -> pl.Expr:
    """Return the gas of a cold day over that of a warm day [1]; null if there are too few of either, or warm days have none."""
    enough = (pl.min_horizontal("cold_days", "warm_days") >= rule.season_days_min) & (pl.col("warm_kwh") > 0)
    per_day = (pl.col("cold_kwh") / pl.col("cold_days")) / (pl.col("warm_kwh") / pl.col("warm_days"))
    return pl.when(enough).then(per_day)


def _is_peak_odd(log_factor: float, rule: WholeSeriesRule) -> pl.Expr:
    """Say whether the largest half-hours are impossible as delivered, and possible once divided by the factor."""
    peak = pl.col("peak_kwh")
    true = peak / math.exp(log_factor)
    if log_factor > 0:
        return (peak > rule.meter_most_kwh) & (true <= rule.meter_most_kwh)
    heats = pl.col("cold_to_warm") >= rule.least_cold_to_warm
    return heats & (peak < rule.boiler_least_kwh) & true.is_between(rule.boiler_least_kwh, rule.meter_most_kwh)


def span_flagged(doubts: pl.DataFrame) -> pl.DataFrame:
    """Return the spans of the homes that are flagged: `household_id`, `start_utc`, `end_utc`, `factor`."""
    return doubts.filter("flagged").select(
        "household_id",
        start_utc=pl.col("first_date").cast(pl.Datetime("us")),
        end_utc=pl.col("last_date").dt.offset_by("1d").cast(pl.Datetime("us")),
        factor="factor",
    )
