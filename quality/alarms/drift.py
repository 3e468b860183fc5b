"""Alarms on results that differ from the published ones."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quality.alarms.inline import as_rows
from quality.alarms.limits import AlarmLimits
from quality.checks import Check, Severity

PUBLISH_ALL_THE_SAME = "if it is right, publish once with HEARTH_ACCEPT_DRIFT=true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """Figures of the published snapshot.

    `annual`: `dwelling_type`, `period`, `households`, `heat_kwh_mean` [kWh/yr]; `months`: `dwelling_type`, `period`,
    `month`, `heat_kwh_mean`, the mean of the month's hours [kWh/h].
    """

    annual: pl.DataFrame
    months: pl.DataFrame


def check_drift(previous: Previous, limits: AlarmLimits, explained: str | None) -> list[Check]:
    r"""Return the alarms on annual heat and on the heat of each month, by type and period.

    A figure may move by a stated share, and beyond it by what other homes explain: the mean of :math:`n_0` homes of
    which most stay among :math:`n_1` moves with a standard error of :math:`\sigma \sqrt{|1/n_0 - 1/n_1|}`, where
    :math:`\sigma` is the spread between homes over their mean.

    Parameters
    ----------
    previous
        What is published.
    limits
        Shares, spread and the number of standard errors.
    explained
        What explains that figures move: with it no drift stops the publication, and the warning says it.

    """
    return [
        *_check_drift(
            Drift(
                table="heat_demand_annual",
                what="annual heat of a type",
                rows=_annual_rows(previous, limits),
                little=limits.annual_warning,
                far=limits.annual_critical,
            ),
            limits,
            explained,
        ),
        *_check_drift(
            Drift(
                table="heat_profile",
                what="heat of a type in a month",
                rows=_month_rows(previous, limits),
                little=limits.month_warning,
                far=limits.month_critical,
            ),
            limits,
            explained,
        ),
        Check(
            name="heat_demand_annual.published_figures_stay",
            table="heat_demand_annual",
            meaning="a type and period with a published figure still has one",
            severity="warning",
            reads=("heat_demand_annual",),
            broken_rows=f"""
                SELECT dwelling_type, period, before.heat_kwh_mean AS published_kwh, now.note
                FROM {as_rows(previous.annual)} AS before LEFT JOIN heat_demand_annual AS now USING (dwelling_type, period)
                WHERE before.heat_kwh_mean IS NOT NULL AND now.heat_kwh_mean IS NULL
                ORDER BY period, dwelling_type
            """,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What may move: rows of a table beside the published ones, and by which shares."""

    table: str
    what: str
    """What people call a value of the rows."""
    rows: str
    """SQL of rows with `moved`, `allowance` and `homes`."""
    little: float
    """Share beyond which it is a warning [1]."""
    far: float
    """Share beyond which nothing is published [1]."""


def _check_drift(drift: Drift, limits: AlarmLimits, explained: str | None) -> list[Check]:
    """Return the warning and the critical check."""
    severity: Severity = "critical" if explained is None else "warning"
    hint = PUBLISH_ALL_THE_SAME if explained is None else f"only a warning, since {explained}"
    return [
        Check(
            name=f"{drift.table}.drifts_little",
            table=drift.table,
            meaning=f"the {drift.what} differs from the published one by no more than other homes explain and "
            f"{100 * drift.little:g} % more",
            severity="warning",
            reads=(drift.table, "heat_demand_annual"),
            broken_rows=f"""
                SELECT * FROM ({drift.rows}) WHERE (moved <= allowance + {drift.little}) IS NOT TRUE ORDER BY moved DESC
            """,
        ),
        Check(
            name=f"{drift.table}.drifts_not_far",
            table=drift.table,
            meaning=f"the {drift.what} differs from the published one by no more than other homes explain and "
            f"{100 * drift.far:g} % more, where at least {limits.households_min:g} homes say so; {hint}",
            severity=severity,
            reads=(drift.table, "heat_demand_annual"),
            broken_rows=f"""
                SELECT * FROM ({drift.rows}) WHERE homes >= {limits.households_min}
                AND (moved <= allowance + {drift.far}) IS NOT TRUE ORDER BY moved DESC
            """,
        ),
    ]


def _allowance(limits: AlarmLimits) -> str:
    factor = limits.deviations * limits.home_spread
    return f"{factor!r} * sqrt(abs(1.0 / greatest(before.households, 1) - 1.0 / greatest(now.households, 1)))"


def _annual_rows(previous: Previous, limits: AlarmLimits) -> str:
    return f"""
        SELECT dwelling_type, period, before.heat_kwh_mean AS published_kwh, now.heat_kwh_mean AS candidate_kwh,
            least(before.households, now.households) AS homes, {_allowance(limits)} AS allowance,
            abs(now.heat_kwh_mean - before.heat_kwh_mean) / nullif(before.heat_kwh_mean, 0) AS moved
        FROM {as_rows(previous.annual)} AS before JOIN heat_demand_annual AS now USING (dwelling_type, period)
        WHERE before.heat_kwh_mean > 0 AND now.heat_kwh_mean IS NOT NULL
    """


def _month_rows(previous: Previous, limits: AlarmLimits) -> str:
    """Return SQL on the months; a month's change is divided by the year's mean if that is larger than the month's."""
    return f"""
        SELECT dwelling_type, period, month, published.heat_kwh_mean AS published_kwh_per_h,
            candidate.heat_kwh_mean AS candidate_kwh_per_h, homes, allowance,
            abs(candidate.heat_kwh_mean - published.heat_kwh_mean)
                / nullif(greatest(published.heat_kwh_mean, avg(published.heat_kwh_mean) OVER (PARTITION BY dwelling_type, period)), 0)
                AS moved
        FROM {as_rows(previous.months)} AS published
        JOIN (
            SELECT dwelling_type, period, date_trunc('month', hour_start_utc)::DATE AS month, avg(heat_kwh_mean) AS heat_kwh_mean
            FROM heat_profile GROUP BY ALL
        ) AS candidate USING (dwelling_type, period, month)
        JOIN ({_homes(previous, limits)}) USING (dwelling_type, period)
        QUALIFY moved IS NOT NULL
    """


def _homes(previous: Previous, limits: AlarmLimits) -> str:
    return f"""
        SELECT dwelling_type, period, least(before.households, now.households) AS homes, {_allowance(limits)} AS allowance
        FROM {as_rows(previous.annual)} AS before JOIN heat_demand_annual AS now USING (dwelling_type, period)
    """
