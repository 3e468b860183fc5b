"""Annual heat demand of dwelling types and of homes, with intervals by bootstrap over homes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.periods import Period, shift_month
from transforms.profiles import MIN_HOMES_OF_A_TYPE
from transforms.tables import DWELLING_TYPES, HEAT_DEMAND_ANNUAL

AGREEMENT = 0.005  # the mean of the homes' own figures and the type's figure differ by no more, or gaps are not random


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How intervals are drawn."""

    replicates: int = 1000
    seed: int = 1
    level: float = 0.95


def sum_year(profile: pl.DataFrame, period: Period) -> pl.DataFrame:
    r"""Add up mean profiles over a period, :math:`Q = \sum_c (H_c / n_c) \sum_{h \in c} \bar q_h`.

    The :math:`n_c` hours of a month-by-hour cell in which some home was observed stand for all its :math:`H_c` hours;
    where every hour has a home this is the plain sum.

    Parameters
    ----------
    profile
        Rows of `tables.HEAT_PROFILE`.
    period
        Its period.

    Returns
    -------
    pl.DataFrame
        `dwelling_type`, `gas_kwh_mean`, `heat_kwh_mean` [kWh/yr], `hours` observed [h].

    """
    days = {month: (shift_month(month, 1) - month).days for month in period.months}
    by_cell = profile.group_by(
        "dwelling_type",
        month=pl.col("hour_start_utc").dt.truncate("1mo").dt.date(),
        hour_of_day=pl.col("hour_start_utc").dt.hour(),
    ).agg(pl.col("gas_kwh_mean", "heat_kwh_mean").sum(), hours=pl.len())
    weight = pl.col("month").replace_strict(days, return_dtype=pl.Float64) / pl.col("hours")
    return (
        by_cell.sort("dwelling_type", "month", "hour_of_day")
        .group_by("dwelling_type", maintain_order=True)
        .agg((pl.col("gas_kwh_mean", "heat_kwh_mean") * weight).sum(), pl.col("hours").sum())
    )


def annual_by_home(
    expected: pl.DataFrame, profile: pl.DataFrame, included: pl.DataFrame, period: Period
) -> pl.DataFrame:
    r"""Estimate each included home's heat of the whole period.

    :math:`\hat Q_i = Q_i^{obs} \cdot \sum_h \bar q_h / \sum_{h \in obs_i} \bar q_h`: what the home did not observe is
    filled by its type's profile at the home's own level.

    Parameters
    ----------
    expected
        `household_id`, `heat_kwh_observed`, `type_kwh_observed` [kWh], summed over the period's months.
    profile
        Rows of `tables.HEAT_PROFILE` of the period.
    included
        `household_id`, `dwelling_type`.
    period
        The period.

    Returns
    -------
    pl.DataFrame
        `household_id`, `heat_kwh_observed`, `heat_kwh_annual` [kWh], `filled_share` [1].

    """
    whole = sum_year(profile, period).select("dwelling_type", type_kwh="heat_kwh_mean")
    scale = pl.col("type_kwh") / pl.col("type_kwh_observed")
    annual = pl.when(pl.col("type_kwh_observed") > 0).then(pl.col("heat_kwh_observed") * scale).otherwise(0.0)
    return (
        expected.join(included, on="household_id")
        .join(whole, on="dwelling_type")
        .with_columns(heat_kwh_annual=annual)
        .with_columns(
            filled_share=pl.when(pl.col("heat_kwh_annual") > 0)
            .then((1 - pl.col("heat_kwh_observed") / pl.col("heat_kwh_annual")).clip(0, 1))
            .otherwise(0.0)
        )
        .select("household_id", "heat_kwh_observed", "heat_kwh_annual", "filled_share")
    )


def annual_by_type(
    profile: pl.DataFrame, homes: pl.DataFrame, intervals: pl.DataFrame, period: Period, *, stock_reason: str | None
) -> pl.DataFrame:
    """Add up the mean profiles of a period (`tables.HEAT_DEMAND_ANNUAL`).

    Parameters
    ----------
    profile
        Rows of `tables.HEAT_PROFILE` of the period.
    homes
        `household_id`, `dwelling_type`, `heat_kwh_annual` of the included homes.
    intervals
        As from `bootstrap_intervals`.
    period
        The period.
    stock_reason
        Why there is no `stock`, or None.

    """
    peaks = (
        profile.sort("dwelling_type", "hour_start_utc")
        .group_by("dwelling_type")
        .agg(
            peak_hour_heat_kwh=pl.col("heat_kwh_mean").max(),
            peak_hour_utc=pl.col("hour_start_utc").sort_by("heat_kwh_mean", descending=True).first(),
        )
    )
    both = pl.concat([homes, homes.with_columns(dwelling_type=pl.lit("all"))])
    own = both.group_by("dwelling_type").agg(
        households=pl.len(), household_heat_kwh_mean=pl.col("heat_kwh_annual").sort().mean()
    )
    stock = own.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES)).select(
        dwelling_type=pl.lit("stock"),
        households=pl.col("households").sum(),
        household_heat_kwh_mean=pl.lit(None, dtype=pl.Float64),
    )
    groups = pl.concat([own, stock.head(1)])
    missing = pl.lit(period.hours) - pl.col("hours")
    gap = (pl.col("household_heat_kwh_mean") / pl.col("heat_kwh_mean") - 1).abs()
    note = (
        pl.when(pl.col("heat_kwh_mean").is_null())
        .then(pl.lit(stock_reason))
        .when(missing > 0)
        .then(pl.format("{} hours without a home are filled by the mean of their month and hour of day", missing))
        .when(gap > AGREEMENT)
        .then(pl.lit("the homes' own figures differ by more than 0.5 %: gaps are not random"))
    )
    sums = sum_year(profile, period).join(peaks, on="dwelling_type")
    joined = groups.join(sums, on="dwelling_type", how="left").join(intervals, on="dwelling_type", how="left")
    return HEAT_DEMAND_ANNUAL.conform(
        joined.with_columns(period=pl.lit(period.label), year=pl.lit(period.year, dtype=pl.Int64), note=note)
    ).sort(HEAT_DEMAND_ANNUAL.key)


def bootstrap_intervals(
    cells: pl.DataFrame,
    included: pl.DataFrame,
    period: Period,
    *,
    boiler_efficiency: float,
    weights: Mapping[str, float] | None,
    bootstrap: Bootstrap,
) -> pl.DataFrame:
    r"""Draw percentile intervals of the annual heat of each type by resampling homes.

    Each replicate gives every home a Poisson(1) weight :math:`w_i` from a generator seeded by the home's id, so that
    neither row order nor threads matter, and runs the estimator by month-by-hour cell :math:`c` of :math:`H_c` hours:
    :math:`Q = \sum_c H_c \sum_i w_i q_{ic} / \sum_i w_i n_{ic}` with the home's heat :math:`q_{ic}` [kWh] in its
    :math:`n_{ic}` good hours of the cell.

    Parameters
    ----------
    cells
        Rows of `tables.CELL`.
    included
        `household_id`, `dwelling_type`.
    period
        The period.
    boiler_efficiency
        Heat per gas [1].
    weights
        National shares for `stock` [1], or None.
    bootstrap
        How many replicates, from which seed, at which level.

    Returns
    -------
    pl.DataFrame
        `dwelling_type`, `heat_kwh_ci_low`, `heat_kwh_ci_high` [kWh/yr]; null below ten homes.

    """
    replicates: dict[str, NDArray[np.float64]] = {}
    groups = {
        str(key[0]): part for key, part in included.sort("household_id").group_by("dwelling_type", maintain_order=True)
    }
    if len(included):
        groups["all"] = included.sort("household_id")
    for name, homes in sorted(groups.items()):
        heat, hours = _cell_matrices(cells, homes["household_id"], period)
        draws = _poisson_weights(homes["household_id"], bootstrap)
        replicates[name] = _annual_of_draws(draws, heat * boiler_efficiency, hours, period)
    if weights is not None:
        replicates["stock"] = np.sum([share * replicates[name] for name, share in weights.items()], axis=0)
    sizes = {name: len(homes) for name, homes in groups.items()}
    edges = ((1 - bootstrap.level) / 2, (1 + bootstrap.level) / 2)
    rows = [
        (
            name,
            *(
                np.quantile(values, edges)
                if sizes.get(name, MIN_HOMES_OF_A_TYPE) >= MIN_HOMES_OF_A_TYPE
                else (None, None)
            ),
        )
        for name, values in replicates.items()
    ]
    schema = {"dwelling_type": pl.String, "heat_kwh_ci_low": pl.Float64, "heat_kwh_ci_high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _cell_matrices(
    cells: pl.DataFrame, homes: pl.Series, period: Period
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return gas [kWh] and good hours [h] as homes x 288 matrices."""
    home = pl.DataFrame({"household_id": homes, "row": range(len(homes))})
    index = {month: n for n, month in enumerate(period.months)}
    placed = (
        cells.filter(pl.col("month").is_in(period.months))
        .join(home, on="household_id")
        .with_columns(column=pl.col("month").replace_strict(index, return_dtype=pl.Int64) * 24 + pl.col("hour_of_day"))
    )
    gas, hours = np.zeros((len(homes), 288)), np.zeros((len(homes), 288))
    where = placed["row"].to_numpy(), placed["column"].to_numpy()
    gas[where] = placed["gas_kwh"].to_numpy()
    hours[where] = placed["hours"].to_numpy()
    return gas, hours


def _poisson_weights(homes: pl.Series, bootstrap: Bootstrap) -> NDArray[np.float64]:
    """Return replicates x homes weights; a home's weights depend on its id and the seed alone."""
    rows = [
        np.random.default_rng([bootstrap.seed, int.from_bytes(hashlib.sha256(home.encode()).digest()[:8])]).poisson(
            1.0, bootstrap.replicates
        )
        for home in homes
    ]
    return np.array(rows, dtype=np.float64).reshape(len(homes), bootstrap.replicates).T


def _annual_of_draws(
    draws: NDArray[np.float64], heat: NDArray[np.float64], hours: NDArray[np.float64], period: Period
) -> NDArray[np.float64]:
    """Run the estimator on each replicate [kWh/yr]; a cell that a replicate leaves empty takes the cell's own mean."""
    days = [(shift_month(month, 1) - month).days for month in period.months]
    hours_in_cell = np.repeat(days, 24).astype(np.float64)
    observed = hours.sum(axis=0)
    own_mean = np.divide(heat.sum(axis=0), observed, out=np.zeros_like(observed), where=observed > 0)
    weight = draws @ hours
    mean = np.divide(draws @ heat, weight, out=np.broadcast_to(own_mean, weight.shape).copy(), where=weight > 0)
    annual: NDArray[np.float64] = mean @ hours_in_cell
    return annual
