"""Study periods: the twelve months that are studied, and the homes whose readings suffice in them."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from transforms.tables.fixed_order import group_in_order
from transforms.tables.rules import bound

MONTHS = 12
_PRACTICE = "SERL statistical reports ask for half of each cell; trial practice is 90 to 99 % of half-hours"


@dataclass(frozen=True, slots=True)
class Period:
    """Twelve calendar months from `start`, the first day of a month."""

    start: dt.date

    @property
    def end(self) -> dt.date:
        """The day after the last one."""
        return self.start.replace(year=self.start.year + 1)

    @property
    def label(self) -> str:
        """The calendar year, or the two years that the period touches: `2009`, `2023-24`."""
        return str(self.start.year) if self.year else f"{self.start.year}-{self.end.year % 100:02d}"

    @property
    def year(self) -> int | None:
        """The calendar year, where the period is one."""
        return self.start.year if self.start.month == 1 else None

    @property
    def months(self) -> tuple[dt.date, ...]:
        """First days of its months."""
        return tuple(shift_month(self.start, n) for n in range(MONTHS))

    @property
    def hours(self) -> int:
        """Hours in it [h]."""
        return (self.end - self.start).days * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sufficiency:
    """When a home's readings suffice."""

    completeness_min: float = bound(0.9, unit="1", status="own choice", source=_PRACTICE)
    cell_min: float = bound(0.5, unit="1", status="own choice", source=_PRACTICE)


def shift_month(month: dt.date, by: int) -> dt.date:
    """Return the first day of the month `by` months later."""
    years, index = divmod(month.month - 1 + by, MONTHS)
    return dt.date(month.year + years, index + 1, 1)


def count_days(period: Period) -> dict[dt.date, int]:
    """Return the days of each month of a period [d]: the hours of each of its month-by-hour cells."""
    return {month: calendar.monthrange(month.year, month.month)[1] for month in period.months}


def measure_coverage(cells: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Measure each home's completeness in a period.

    Parameters
    ----------
    cells
        Rows of `CELL`.
    period
        The period.

    Returns
    -------
    pl.DataFrame
        `household_id`, `completeness` (ok half-hours over half-hours of the period [1]), `weakest_cell` (smallest
        such share in one of its 288 month-by-hour cells [1]), `hours_observed` [h], `gas_kwh_observed` [kWh].

    """
    half_hours = {month: 2 * days for month, days in count_days(period).items()}
    in_period = cells.filter(pl.col("month").is_in(period.months)).with_columns(
        share=pl.col("half_hours") / pl.col("month").replace_strict(half_hours, return_dtype=pl.Float64)
    )
    return group_in_order(in_period, "household_id", by=("month", "hour_of_day")).agg(
        completeness=pl.col("half_hours").sum() / (2 * period.hours),
        weakest_cell=pl.when(pl.len() == MONTHS * 24).then(pl.col("share").min()).otherwise(0.0),
        hours_observed=pl.col("hours").sum(),
        gas_kwh_observed=pl.col("gas_kwh").sum(),
    )


def suffices(rule: Sufficiency) -> pl.Expr:
    """Say whether a row of `measure_coverage` suffices."""
    return (pl.col("completeness") >= rule.completeness_min) & (pl.col("weakest_cell") >= rule.cell_min)


def find_periods(cells: pl.DataFrame, rule: Sufficiency, starts: Sequence[dt.date] = ()) -> list[Period]:
    """Return the study periods of the readings, earliest first.

    If `starts` names first months, the periods are those. Otherwise they are all calendar years in which some home
    suffices; if there is no such year, the latest twelve months in which some home does.
    """
    if starts:
        return [Period(start) for start in sorted(set(starts))]
    if cells.is_empty():
        return []
    first, last = cells["month"].min(), cells["month"].max()
    assert isinstance(first, dt.date)  # noqa: S101 - a frame with rows has a smallest month  # nosec B101
    assert isinstance(last, dt.date)  # noqa: S101  # nosec B101
    years = [Period(dt.date(year, 1, 1)) for year in range(first.year, last.year + 1)]
    found = [period for period in years if _any_suffices(cells, period, rule)]
    if found:
        return found
    start = shift_month(last, 1 - MONTHS)
    while start >= first:
        if _any_suffices(cells, Period(start), rule):
            return [Period(start)]
        start = shift_month(start, -1)
    return []


def _any_suffices(cells: pl.DataFrame, period: Period, rule: Sufficiency) -> bool:
    return not measure_coverage(cells, period).filter(suffices(rule)).is_empty()
