"""Days of a period: their effective temperature, the gas of each home, and the gas of the mean home of a type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.temperature import daily_temperature, effective_temperature
from transforms.heat.demand import Bootstrap, draw_weights
from transforms.heat.periods import Period, shift_month
from transforms.tables.fixed_order import group_in_order

Floats = NDArray[np.float64]
HOURS = 24
LEAST_SHARE_OF_A_MONTH = 0.5  # the weather of a month is unknown if fewer of its days have a temperature; own choice


@dataclass(frozen=True, slots=True)
class PeriodWeather:
    """The days of a period whose effective temperature is known."""

    dates: pl.Series
    positions: NDArray[np.intp]  # places of these days among all days of the period
    effective_c: Floats  # effective temperature, shape (days,) [degC]
    days_stood_for: Floats  # days of the month over its known days: the weight of each known day in a sum
    gap: str | None  # why the weather of the period is not known well enough, or None

    @classmethod
    def from_temperature(cls, temperature: pl.DataFrame, period: Period) -> PeriodWeather:
        """Return the days of a period from hourly temperatures (`hour_start_utc`, `temperature_c` [degC])."""
        effective = effective_temperature(daily_temperature(temperature))
        every = pl.DataFrame({"date": pl.date_range(period.start, period.end, "1d", closed="left", eager=True)})
        found = every.with_row_index("day").join(effective, on="date").sort("date")
        months = found["date"].dt.month_start()
        known = dict(months.value_counts().iter_rows())
        length = {month: (shift_month(month, 1) - month).days for month in period.months}
        thin = [month for month in period.months if known.get(month, 0) < LEAST_SHARE_OF_A_MONTH * length[month]]
        return cls(
            dates=found["date"],
            positions=found["day"].to_numpy().astype(np.intp),
            effective_c=found["temperature_effective_c"].to_numpy(),
            days_stood_for=np.array([length[month] / known[month] for month in months], dtype=np.float64),
            gap=_name_gap(thin, period),
        )


def _name_gap(months: list[dt.date], period: Period) -> str | None:
    if not months:
        return None
    last = period.end - dt.timedelta(days=1)
    if len(months) == len(period.months):
        return f"no outdoor temperature is known from {period.start} to {last}; deliver one to see normal weather"
    return (
        f"outdoor temperature is missing in {len(months)} of 12 months from {period.start} to {last}, "
        f"e.g. {months[0]:%Y-%m}; deliver it to see normal weather"
    )


def gas_by_day(hourly: pl.DataFrame, caught_up: pl.DataFrame, homes: pl.Series, month: dt.date) -> Floats:
    """Return homes x days of a month of gas [kWh/d] from rows of `HEAT_HOURLY` and `HEAT_DAY_CAUGHT_UP`.

    A day is NaN unless all its 24 hours (UTC) are good, or its outages were caught up within the day.
    """
    rows = pl.DataFrame({"household_id": homes, "row": np.arange(len(homes))})
    days = hourly.select(
        "household_id", "hour_start_utc", "gas_kwh", day=pl.col("hour_start_utc").dt.day().cast(pl.Int64) - 1
    ).join(rows, on="household_id")
    whole = (
        group_in_order(days, ("row", "day"), by="hour_start_utc")
        .agg(pl.col("gas_kwh").sum(), hours=pl.len())
        .filter(pl.col("hours") == HOURS)
    )
    gas = _unknown_days(homes, month)
    outages = caught_up.with_columns(day=pl.col("date").dt.day().cast(pl.Int64) - 1).join(rows, on="household_id")
    for known in (whole, outages):
        gas[known["row"].to_numpy(), known["day"].to_numpy()] = known["gas_kwh"].to_numpy()
    return gas


def join_months(by_month: Mapping[dt.date, Floats], homes: pl.Series, period: Period) -> Floats:
    """Put months of `gas_by_day` side by side; a missing month is NaN."""
    return np.concatenate([by_month.get(month, _unknown_days(homes, month)) for month in period.months], axis=1)


def _unknown_days(homes: pl.Series, month: dt.date) -> Floats:
    return np.full((len(homes), (shift_month(month, 1) - month).days), np.nan)


def mean_days(
    gas: Floats, included: pl.DataFrame, *, weights: Mapping[str, float] | None, bootstrap: Bootstrap | None = None
) -> dict[str, tuple[Floats, Floats]]:
    """Average the days of each type over its homes, and of `all` and `stock`.

    Parameters
    ----------
    gas
        Homes x days [kWh/d], NaN where a day is not whole.
    included
        `household_id`, `dwelling_type` of the homes, in this order.
    weights
        National shares of the five types [1], or None where `stock` cannot be formed.
    bootstrap
        How homes are drawn; None: every home once.

    Returns
    -------
    dict
        By type, replicates x days: the mean gas [kWh/d], NaN on a day without a home, and the homes behind it [1].

    """
    types = included["dwelling_type"].to_numpy()
    sums: dict[str, Floats] = {}
    homes: dict[str, Floats] = {}
    for name in sorted(set(types)):
        of_type = types == name
        ids = included["household_id"].filter(pl.Series(of_type))
        days, present = np.nan_to_num(gas[of_type]), np.isfinite(gas[of_type]).astype(np.float64)
        if bootstrap is None:  # added row by row: the last bits of a matrix product depend on its threads
            sums[name], homes[name] = days.sum(axis=0, keepdims=True), present.sum(axis=0, keepdims=True)
        else:
            draws = draw_weights(ids, bootstrap)
            sums[name], homes[name] = draws @ days, draws @ present
    if sums:
        sums["all"], homes["all"] = (np.sum(list(parts.values()), axis=0) for parts in (sums, homes))
    means = {
        name: np.divide(sums[name], homes[name], out=np.full_like(sums[name], np.nan), where=homes[name] > 0)
        for name in sums
    }
    if weights is not None:
        means["stock"] = np.sum([share * means[name] for name, share in weights.items()], axis=0)
        of_all_five = np.sum([homes[name] for name in weights], axis=0)
        homes["stock"] = np.where(np.isfinite(means["stock"]), of_all_five, 0)
    return {name: (means[name], homes[name]) for name in means}


def peak_shares(
    profile: pl.DataFrame, weather: PeriodWeather, *, coldest_days: int, design_c: float
) -> dict[str, float]:
    r"""Return, by dwelling type, the share of the highest hour in the heat of the design day [1].

    In the cold the heat of a day evens out (Watson et al. 2019). So a straight line against effective temperature carries the
    shares :math:`p_d = \max_h q_{dh} / \sum_h q_{dh}` of the period's coldest days to the design day:
    :math:`p = \bar p + (T_{design} - \bar T)\,\mathrm{cov}(T, p) / \mathrm{var}(T)`, at least 1/24. The mean share of these
    days would be too high after a mild winter.

    Parameters
    ----------
    profile
        Rows of `HEAT_PROFILE`.
    weather
        The days of its period.
    coldest_days
        How many of the coldest days the line goes through.
    design_c
        Effective temperature of the design day [degC].

    """
    days = (
        profile.sort("dwelling_type", "hour_start_utc")
        .group_by("dwelling_type", date=pl.col("hour_start_utc").dt.date(), maintain_order=True)
        .agg(total=pl.col("heat_kwh_mean").sum(), peak=pl.col("heat_kwh_mean").max(), hours=pl.len())
        .filter((pl.col("hours") == HOURS) & (pl.col("total") > 0))
        .join(pl.DataFrame({"date": weather.dates, "t": weather.effective_c}), on="date")
        .sort("dwelling_type", "t", "date")
        .select("dwelling_type", "t", share=pl.col("peak") / pl.col("total"))
    )
    coldest = days.group_by("dwelling_type", maintain_order=True).head(coldest_days)
    slope = (pl.cov("t", "share") / pl.col("t").var()).fill_nan(None).fill_null(0.0)
    carried = pl.col("share").mean() + (design_c - pl.col("t").mean()) * slope
    shares = coldest.group_by("dwelling_type", maintain_order=True).agg(carried.clip(1 / HOURS, 1))
    return dict(shares.iter_rows())
