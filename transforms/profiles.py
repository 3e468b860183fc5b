"""Hourly heat profiles by dwelling type: the mean over the included homes, hour by hour."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from transforms.tables import DWELLING_TYPES, HEAT_PROFILE

MIN_HOMES_OF_A_TYPE = 10  # below this a type is too thin to stand for its share of the stock


def profile_month(hourly: pl.DataFrame, included: pl.DataFrame, weights: Mapping[str, float] | None) -> pl.DataFrame:
    r"""Average the hours of one month over the included homes.

    For the :math:`n_h` homes of a type with a good hour :math:`h`, the mean heat and its standard error are
    :math:`\bar q_h = \sum_i q_{ih} / n_h` and :math:`s_h / \sqrt{n_h}` with the sample standard deviation :math:`s_h`.

    Parameters
    ----------
    hourly
        Rows of `tables.HEAT_HOURLY` of one month.
    included
        `household_id`, `dwelling_type` of the included homes.
    weights
        Share of each dwelling type in the stock [1], or None where `stock` cannot be formed.

    Returns
    -------
    pl.DataFrame
        `dwelling_type` (also `all` and `stock`), `hour_start_utc`, `households`, `gas_kwh_mean` [kWh/h],
        `heat_kwh_mean` [kWh/h], `heat_kwh_se` [kWh/h] (null for one home).

    """
    sums = (
        hourly.join(included, on="household_id")
        .group_by("dwelling_type", "hour_start_utc")
        .agg(
            households=pl.len().cast(pl.Int64),
            gas=pl.col("gas_kwh").sum(),
            heat=pl.col("heat_kwh").sum(),
            squares=pl.col("heat_kwh").pow(2).sum(),
        )
        .sort("dwelling_type", "hour_start_utc")  # a fixed order of addition: the same bits from any thread count
    )
    all_homes = (
        sums.group_by("hour_start_utc", maintain_order=True)
        .agg(pl.col("households", "gas", "heat", "squares").sum())
        .with_columns(dwelling_type=pl.lit("all"))
    )
    groups = pl.concat([sums, all_homes.select(sums.columns)]).pipe(_mean_and_error)
    if weights is None:
        return groups.sort("dwelling_type", "hour_start_utc")
    return pl.concat([groups, weigh_stock(groups, weights)]).sort("dwelling_type", "hour_start_utc")


def _mean_and_error(sums: pl.DataFrame) -> pl.DataFrame:
    n = pl.col("households")
    variance = (pl.col("squares") - pl.col("heat").pow(2) / n).clip(lower_bound=0) / (n - 1)
    return sums.select(
        "dwelling_type",
        "hour_start_utc",
        "households",
        gas_kwh_mean=pl.col("gas") / n,
        heat_kwh_mean=pl.col("heat") / n,
        heat_kwh_se=pl.when(n > 1).then((variance / n).sqrt()),
    )


def weigh_stock(groups: pl.DataFrame, weights: Mapping[str, float]) -> pl.DataFrame:
    r"""Weigh the types by their share of the stock, :math:`\bar q = \sum_k w_k \bar q_k`, in hours that all five have."""
    shares = pl.DataFrame({"dwelling_type": list(weights), "weight": list(weights.values())})
    weight = pl.col("weight")
    return (
        groups.join(shares, on="dwelling_type")
        .sort("dwelling_type", "hour_start_utc")
        .group_by("hour_start_utc", maintain_order=True)
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


def expect_heat(hourly: pl.DataFrame, included: pl.DataFrame, profile: pl.DataFrame) -> pl.DataFrame:
    """Add up, for each included home, its type's mean over the hours that the home observed in the month.

    Returns
    -------
    pl.DataFrame
        `household_id`, `heat_kwh_observed` [kWh], `type_kwh_observed` [kWh].

    """
    means = profile.select("dwelling_type", "hour_start_utc", "heat_kwh_mean")
    return (
        hourly.select("household_id", "hour_start_utc", "heat_kwh")
        .join(included, on="household_id")
        .join(means, on=["dwelling_type", "hour_start_utc"])
        .sort("household_id", "hour_start_utc")
        .group_by("household_id", maintain_order=True)
        .agg(heat_kwh_observed=pl.col("heat_kwh").sum(), type_kwh_observed=pl.col("heat_kwh_mean").sum())
    )


def complete_profile(months: list[pl.DataFrame], period: str, temperature: pl.DataFrame) -> pl.DataFrame:
    """Put the months of a period together and set the outdoor temperature beside them (`tables.HEAT_PROFILE`)."""
    joined = pl.concat(months).join(
        temperature.select("hour_start_utc", "temperature_c"), on="hour_start_utc", how="left"
    )
    return HEAT_PROFILE.conform(joined.with_columns(period=pl.lit(period))).sort(HEAT_PROFILE.key)
