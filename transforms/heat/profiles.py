"""Hourly heat profiles by dwelling type: the mean over the included homes, hour by hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.heat.levels import fit_levels
from transforms.tables.fixed_order import group_in_order
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.words import DWELLING_TYPES

MIN_HOMES_OF_A_TYPE = 10  # fewer homes of a type cannot stand for its share of the stock; own choice
HOURS_OF_A_MONTH = 744  # of 31 days
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TypeHours:
    """The good hours in one month of the included homes of one type; heat is homes x hours [kWh], 0 where there is none."""

    dwelling_type: str
    homes_included: int  # also those without a good hour in the month
    household_id: pl.Series
    first_hour_utc: dt.datetime
    gas_kwh_sum: Floats  # by hour
    heat_kwh: Floats
    observed: NDArray[np.bool_]

    @property
    def hours(self) -> pl.Series:
        """Starts of the hours."""
        end = self.first_hour_utc + dt.timedelta(hours=self.observed.shape[1])
        return pl.datetime_range(self.first_hour_utc, end, "1h", closed="left", time_unit="us", eager=True)

    @property
    def month(self) -> dt.date:
        """First day of the month."""
        return self.first_hour_utc.date().replace(day=1)


def place_hours(hourly: pl.DataFrame, included: pl.DataFrame) -> list[TypeHours]:
    """Place the hours of one month by home and hour, type by type; the order of the rows does not matter.

    Parameters
    ----------
    hourly
        Rows of `HEAT_HOURLY` of one month.
    included
        `household_id`, `dwelling_type` of the included homes.

    Raises
    ------
    ValueError
        If the hours span more than one month.

    """
    start = pl.col("hour_start_utc")
    used = hourly.join(included, on="household_id")
    if used.is_empty():
        return []
    first, last = used.select(first=start.min(), last=start.max()).row(0)
    count = int((last - first) / dt.timedelta(hours=1)) + 1
    if count > HOURS_OF_A_MONTH or (first.year, first.month) != (last.year, last.month):
        message = f"hours from {first} to {last} are not of one month; place them month by month"
        raise ValueError(message)
    placed = []
    for (name,), homes in sorted(included.sort("household_id").group_by("dwelling_type", maintain_order=True)):
        of_type = used.filter(pl.col("dwelling_type") == name)
        ids = homes.join(of_type, on="household_id", how="semi", maintain_order="left")["household_id"]
        if ids.is_empty():
            continue
        rows = of_type.join(pl.DataFrame({"household_id": ids, "row": range(len(ids))}), on="household_id").select(
            "row", "gas_kwh", "heat_kwh", column=(start - first).dt.total_hours()
        )
        where = rows["row"].to_numpy(), rows["column"].to_numpy()
        gas, heat = np.zeros((2, len(ids), count))
        observed = np.zeros((len(ids), count), dtype=np.bool_)
        gas[where], heat[where], observed[where] = rows["gas_kwh"].to_numpy(), rows["heat_kwh"].to_numpy(), True
        placed.append(TypeHours(str(name), len(homes), ids, first, gas.sum(axis=0), heat, observed))
    return placed


def profile_month(placed: list[TypeHours], weights: Mapping[str, float] | None) -> pl.DataFrame:
    r"""Average the hours of one month over the included homes.

    The mean :math:`m_h` of a type is that of `levels.fit_levels`. A home that is missing in an hour counts with its own level
    of the month times the hour's mean, so gaps that depend on the level of homes or on the cold do not bias the mean. Its
    standard error is :math:`(s_h / \sqrt{n_h})\,(m_h / \bar q_h)` with the sample standard deviation :math:`s_h` and
    the plain mean :math:`\bar q_h` of the :math:`n_h` homes observed.

    Parameters
    ----------
    placed
        As from `place_hours`.
    weights
        Share of each dwelling type in the stock [1], or None where `stock` cannot be formed.

    Returns
    -------
    pl.DataFrame
        `dwelling_type` (also `all` and `stock`), `hour_start_utc`, `households`, `gas_kwh_mean` [kWh/h],
        `heat_kwh_mean` [kWh/h], `heat_kwh_se` [kWh/h] (null for one home).

    """
    if not placed:
        return pl.DataFrame(schema=_SCHEMA)
    sums = pl.concat([_average(part) for part in placed])
    included = {part.dwelling_type: part.homes_included for part in placed}
    groups = pl.concat([sums, weigh_all(sums, included)]).pipe(_with_error)
    if weights is not None:
        groups = pl.concat([groups, weigh_stock(groups, weights)])
    return groups.sort("dwelling_type", "hour_start_utc")


_SCHEMA = {name: HEAT_PROFILE.schema[name] for name in HEAT_PROFILE.schema if name not in {"period", "temperature_c"}}


def _average(part: TypeHours) -> pl.DataFrame:
    """Return the means of a type, and the plain sums over the observed homes, from which their error follows."""
    _, heat = fit_levels(part.heat_kwh, part.observed)
    heat_sum = part.heat_kwh.sum(axis=0)
    gas_per_heat = np.divide(part.gas_kwh_sum, heat_sum, out=np.zeros_like(heat_sum), where=heat_sum > 0)
    return (
        pl.DataFrame(
            {
                "hour_start_utc": part.hours,
                "households": part.observed.sum(axis=0),
                "gas_kwh_mean": heat * gas_per_heat,
                "heat_kwh_mean": heat,
                "heat": heat_sum,
                "squares": (part.heat_kwh**2).sum(axis=0),
            }
        )
        .select(pl.lit(part.dwelling_type).alias("dwelling_type"), pl.all())
        .filter(pl.col("households") > 0)
    )


def weigh_all(sums: pl.DataFrame, included: Mapping[str, int]) -> pl.DataFrame:
    r"""Weigh the types by their included homes, :math:`\bar q = \sum_k N_k \bar q_k / \sum_k N_k`.

    A type without a home in an hour counts with the mean of its other hours at that time of day, else with that of its month.
    """
    hour_of_day = pl.col("hour_start_utc").dt.hour()
    means = pl.col("gas_kwh_mean", "heat_kwh_mean")
    every = sums.select("hour_start_utc").unique().join(pl.DataFrame({"dwelling_type": list(included)}), how="cross")
    weight = pl.col("dwelling_type").replace_strict(included, return_dtype=pl.Float64)
    return (
        every.join(sums, on=["dwelling_type", "hour_start_utc"], how="left")
        .sort("dwelling_type", "hour_start_utc")
        .with_columns(means.fill_null(means.mean().over("dwelling_type", hour_of_day)))
        .with_columns(means.fill_null(means.mean().over("dwelling_type")))
        .pipe(group_in_order, "hour_start_utc", by=None)
        .agg(
            pl.col("households").sum(),
            (means * weight).sum() / weight.sum(),
            pl.col("heat", "squares").sum(),
        )
        .select(pl.lit("all").alias("dwelling_type"), pl.all())
    )


def _with_error(sums: pl.DataFrame) -> pl.DataFrame:
    n, plain = pl.col("households"), pl.col("heat") / pl.col("households")
    variance = (pl.col("squares") - pl.col("heat").pow(2) / n).clip(lower_bound=0) / (n - 1)
    relative = pl.when(plain > 0).then((variance / n).sqrt() / plain).otherwise(0.0)
    return sums.select(
        "dwelling_type",
        "hour_start_utc",
        pl.col("households").cast(pl.Int64),
        "gas_kwh_mean",
        "heat_kwh_mean",
        heat_kwh_se=pl.when(n > 1).then(relative * pl.col("heat_kwh_mean")),
    )


def weigh_stock(groups: pl.DataFrame, weights: Mapping[str, float]) -> pl.DataFrame:
    r"""Weigh the types by their share of the stock, :math:`\bar q = \sum_k w_k \bar q_k`, in hours that all five have."""
    shares = pl.DataFrame({"dwelling_type": list(weights), "weight": list(weights.values())})
    weight = pl.col("weight")
    return (
        groups.join(shares, on="dwelling_type")
        .sort("dwelling_type", "hour_start_utc")
        .pipe(group_in_order, "hour_start_utc", by=None)
        .agg(
            pl.col("households").sum(),
            gas_kwh_mean=(weight * pl.col("gas_kwh_mean")).sum(),
            heat_kwh_mean=(weight * pl.col("heat_kwh_mean")).sum(),
            heat_kwh_se=(weight * pl.col("heat_kwh_se")).pow(2).sum().sqrt(),
            types=pl.len(),
        )
        .filter(pl.col("types") == len(weights))
        .select(pl.lit("stock").alias("dwelling_type"), pl.exclude("types"))
    )


def stock_weights(included: pl.DataFrame, shares: Mapping[str, float]) -> Mapping[str, float] | None:
    """Return the national shares of the five types [1], or None unless each has at least ten included homes."""
    counts = dict(included.group_by("dwelling_type").len().iter_rows())
    thin = [name for name in DWELLING_TYPES if counts.get(name, 0) < MIN_HOMES_OF_A_TYPE]
    return None if thin else {name: shares[name] for name in DWELLING_TYPES}


def expect_heat(placed: list[TypeHours], profile: pl.DataFrame) -> pl.DataFrame:
    """Add up, for each included home, its heat of the month and its type's mean over the same hours.

    Returns
    -------
    pl.DataFrame
        `household_id`, `month`, `heat_kwh_observed` [kWh], `type_kwh_observed` [kWh]; their ratio is the level of the
        home in the month.

    """
    frames = []
    for part in placed:
        of_type = profile.filter(pl.col("dwelling_type") == part.dwelling_type)
        means = part.hours.rename("hour_start_utc").to_frame().join(
            of_type, on="hour_start_utc", how="left", maintain_order="left"
        )["heat_kwh_mean"].fill_null(0)  # fmt: skip
        frames.append(
            pl.DataFrame(
                {
                    "household_id": part.household_id,
                    "month": [part.month] * len(part.household_id),
                    "heat_kwh_observed": part.heat_kwh.sum(axis=1),
                    "type_kwh_observed": (part.observed * means.to_numpy()).sum(axis=1),
                }
            )
        )
    schema = {
        "household_id": pl.String,
        "month": pl.Date,
        "heat_kwh_observed": pl.Float64,
        "type_kwh_observed": pl.Float64,
    }
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def complete_profile(months: list[pl.DataFrame], period: str, temperature: pl.DataFrame) -> pl.DataFrame:
    """Put the months of a period together and set the outdoor temperature beside them (`HEAT_PROFILE`)."""
    joined = pl.concat(months).join(
        temperature.select("hour_start_utc", "temperature_c"), on="hour_start_utc", how="left"
    )
    return HEAT_PROFILE.conform(joined.with_columns(period=pl.lit(period))).sort(HEAT_PROFILE.key)
