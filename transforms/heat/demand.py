"""Annual heat demand of dwelling types and of homes, with intervals by bootstrap over homes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.heat.periods import Period, count_days
from transforms.heat.profiles import MIN_HOMES_OF_A_TYPE
from transforms.tables.fixed_order import group_in_order
from transforms.tables.heat import DEMAND_GAP, HEAT_DEMAND_ANNUAL
from transforms.tables.words import DWELLING_TYPES

Floats = NDArray[np.float64]
MIN_RELATIVE_ERROR = 1e-9  # a replicate with a smaller error consists of one home, or of equal ones
WEATHER_NORMAL = ("heat_kwh_weather_normal", "heat_kwh_weather_normal_ci_low", "heat_kwh_weather_normal_ci_high")
AGREEMENT = 0.005  # a smaller drift of the homes from their type's mean is never called a bias [1]; own choice
DEVIATIONS = 2.5  # standard deviations of random gaps; a normal variable exceeds them once in 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How intervals are drawn: the number of replicates, the seed of the draws, and the level of the interval [1]."""

    replicates: int = 1000
    seed: int = 1
    level: float = 0.95


def sum_months(profile: pl.DataFrame, period: Period) -> pl.DataFrame:
    r"""Add up mean profiles over each month of a period, :math:`Q_m = \sum_{c \in m} (H_c / n_c) \sum_{h \in c} \bar q_h`.

    A month-by-hour cell has :math:`H_c` hours. The :math:`n_c` of them in which some home was observed stand for all; where
    every hour has a home this is the plain sum.

    Parameters
    ----------
    profile
        Rows of `HEAT_PROFILE`.
    period
        Its period.

    Returns
    -------
    pl.DataFrame
        `dwelling_type`, `month`, `gas_kwh_mean`, `heat_kwh_mean` [kWh/month], `hours` observed [h].

    """
    cell = ("dwelling_type", "month", "hour_of_day")
    hours = profile.with_columns(
        month=pl.col("hour_start_utc").dt.truncate("1mo").dt.date(), hour_of_day=pl.col("hour_start_utc").dt.hour()
    )
    by_cell = group_in_order(hours, cell, by="hour_start_utc").agg(
        pl.col("gas_kwh_mean", "heat_kwh_mean").sum(), hours=pl.len()
    )
    weight = pl.col("month").replace_strict(count_days(period), return_dtype=pl.Float64) / pl.col("hours")
    return group_in_order(by_cell, ("dwelling_type", "month"), by="hour_of_day").agg(
        (pl.col("gas_kwh_mean", "heat_kwh_mean") * weight).sum(), pl.col("hours").sum()
    )


def sum_year(profile: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Add up mean profiles over a period, as `sum_months` does: `dwelling_type`, gas and heat [kWh/yr], `hours` [h]."""
    return group_in_order(sum_months(profile, period), "dwelling_type", by="month").agg(
        pl.col("gas_kwh_mean", "heat_kwh_mean", "hours").sum()
    )


def expect_caught_up(
    spans: pl.DataFrame, profile: pl.DataFrame, included: pl.DataFrame, boiler_efficiency: float
) -> pl.DataFrame:
    """Add up, for each included home and month, the heat of outages that was caught up, and its type's mean over their hours.

    Parameters
    ----------
    spans
        `household_id`, `start_utc`, `end_utc`, `gas_kwh` [kWh] of the half-hours that one reading catches up.
    profile
        Rows of `HEAT_PROFILE` of the period. A span that reaches beyond the period is left out.
    included
        `household_id`, `dwelling_type`.
    boiler_efficiency
        Heat delivered per gas used [1].

    Returns
    -------
    pl.DataFrame
        `household_id`, `month` of the reading, `heat_kwh_caught_up`, `type_kwh_caught_up` [kWh].

    """
    mean, cell = (
        pl.col("heat_kwh_mean"),
        ("dwelling_type", pl.col("hour_start_utc").dt.month(), pl.col("hour_start_utc").dt.hour()),
    )
    sums = (
        profile.select("dwelling_type", "hour_start_utc", mean.cast(pl.Float64))
        .sort("dwelling_type", "hour_start_utc")
        .upsample("hour_start_utc", every="1h", group_by="dwelling_type")
        .with_columns(pl.col("dwelling_type").forward_fill())
        .with_columns(mean.fill_null(mean.mean().over(cell)).fill_null(0))  # an hour without a home, as in `sum_months`
        .with_columns(upto=mean.cum_sum().over("dwelling_type"))
        .sort("hour_start_utc")
    )
    rows = spans.join(included, on="household_id").with_row_index("row")
    for name, moment in (
        ("before", pl.col("start_utc").dt.truncate("1h").dt.offset_by("-1h")),
        ("after", pl.col("end_utc").dt.offset_by("-30m").dt.truncate("1h")),
    ):
        at = rows.with_columns(hour_start_utc=moment).sort("hour_start_utc")
        found = at.join_asof(sums, on="hour_start_utc", by="dwelling_type", check_sortedness=False)
        rows = rows.join(found.select("row", pl.col("upto").alias(name)), on="row", maintain_order="left")
    own = rows.filter(pl.col("after").is_not_null()).group_by(
        "household_id", month=pl.col("end_utc").dt.offset_by("-30m").dt.month_start().dt.date(), maintain_order=True
    )
    return own.agg(
        heat_kwh_caught_up=pl.col("gas_kwh").sum() * boiler_efficiency,
        type_kwh_caught_up=(pl.col("after") - pl.col("before").fill_null(0)).sum(),
    )


def annual_by_home(
    expected: pl.DataFrame,
    profile: pl.DataFrame,
    included: pl.DataFrame,
    period: Period,
    caught_up: pl.DataFrame,
) -> pl.DataFrame:
    r"""Estimate each included home's heat of the whole period.

    :math:`\hat Q_i = \sum_m Q_{im}^{obs} \cdot \sum_{h \in m} \bar q_h / \sum_{h \in m \cap obs_i} \bar q_h`. Missing hours
    of a month are filled by the profile of the home's type, times the level of the home in that month. This is the separate
    ratio estimator (Cochran 1977, Sampling Techniques, section 6.10). The level of a home against its type changes with the
    seasons, so one level for the year would carry the level of summer into a gap in winter. A month without any hour of the
    home is filled at its level in the other months. Gas that a reading caught up after an outage is known without its hours.
    It counts in the numerator of the level, and the type's mean over the outage counts in the denominator
    (docs/decisions/0020-catch-up.md).

    Parameters
    ----------
    expected
        `household_id`, `month`, `heat_kwh_observed`, `type_kwh_observed` [kWh], as from `profiles.expect_heat`.
    profile
        Rows of `HEAT_PROFILE` of the period.
    included
        `household_id`, `dwelling_type`.
    period
        The period.
    caught_up
        Heat of outages, as from `expect_caught_up`.

    Returns
    -------
    pl.DataFrame
        `household_id`, `heat_kwh_observed`, `heat_kwh_annual` [kWh], `filled_share` [1].

    """
    whole = sum_months(profile, period).select("dwelling_type", "month", type_kwh="heat_kwh_mean")
    own = pl.col("heat_kwh_observed")
    known, of_type = own + pl.col("heat_kwh_caught_up"), pl.col("type_kwh_observed") + pl.col("type_kwh_caught_up")
    level = pl.when(of_type > 0).then(known / of_type)
    level_of_year = pl.when(of_type.sum() > 0).then(known.sum() / of_type.sum())
    annual = pl.col("heat_kwh_annual")
    return (
        included.join(expected.select("household_id").unique(), on="household_id", how="semi")
        .join(whole, on="dwelling_type")
        .join(expected, on=["household_id", "month"], how="left")
        .join(caught_up, on=["household_id", "month"], how="left")
        .with_columns(pl.col("heat_kwh_caught_up", "type_kwh_caught_up").fill_null(0))
        .sort("household_id", "month")
        .with_columns(level=pl.coalesce(level, level_of_year.over("household_id"), pl.lit(0.0)))
        .pipe(group_in_order, "household_id", by=None)
        .agg(own.sum(), heat_kwh_annual=(pl.col("level") * pl.col("type_kwh")).sum())
        .with_columns(filled_share=pl.when(annual > 0).then((1 - own / annual).clip(0, 1)).otherwise(0.0))
    )


def annual_by_type(
    profile: pl.DataFrame, homes: pl.DataFrame, intervals: pl.DataFrame, period: Period, *, stock_reason: str | None
) -> pl.DataFrame:
    r"""Add up the mean profiles of a period (`HEAT_DEMAND_ANNUAL`).

    Parameters
    ----------
    profile
        Rows of `HEAT_PROFILE` of the period.
    homes
        `household_id`, `dwelling_type`, `heat_kwh_observed`, `heat_kwh_annual` of the included homes.
    intervals
        As from `bootstrap_intervals`.
    period
        The period.
    stock_reason
        Why there is no `stock`, or None.

    """
    joined = (
        _sum_groups(profile, homes, period)
        .join(intervals, on="dwelling_type", how="left")
        .join(describe_gaps(profile, homes, period).drop("period"), on="dwelling_type", how="left")
    )
    return HEAT_DEMAND_ANNUAL.conform(
        joined.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in WEATHER_NORMAL).with_columns(
            period=pl.lit(period.label), year=pl.lit(period.year, dtype=pl.Int64), note=_note(stock_reason)
        )
    ).sort(HEAT_DEMAND_ANNUAL.key)


def describe_gaps(profile: pl.DataFrame, homes: pl.DataFrame, period: Period) -> pl.DataFrame:
    r"""Count the missing hours of each type's year, and judge whether its gaps are random (`DEMAND_GAP`).

    Gaps are random if the missing homes use what the others do. Then the observed heat equals that of as many mean homes:
    :math:`\sum_i Q_i^{obs} / \sum_h n_h\,\bar q_h = 1`, with the :math:`n_h` homes observed in an hour.

    Parameters
    ----------
    profile
        Rows of `HEAT_PROFILE` of the period.
    homes
        `household_id`, `dwelling_type`, `heat_kwh_observed`, `heat_kwh_annual` of the included homes.
    period
        The period.

    """
    expected = pl.col("heat_kwh_expected")
    drift = pl.when(expected > 0).then(pl.col("heat_kwh_observed") / expected - 1)
    apart = pl.col("household_heat_kwh_mean") / pl.col("heat_kwh_mean") - 1
    too_far = pl.max_horizontal(drift.abs(), apart.abs()) > pl.max_horizontal(pl.lit(AGREEMENT), "drift_by_chance")
    groups = _sum_groups(profile, homes, period).filter(pl.col("heat_kwh_mean").is_not_null())
    return DEMAND_GAP.conform(
        groups.with_columns(
            period=pl.lit(period.label), hours_missing=period.hours - pl.col("hours"), drift=drift, are_random=~too_far
        )
    ).sort(DEMAND_GAP.key)


def _sum_groups(profile: pl.DataFrame, homes: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return, for each type, `all` and `stock`, the number of homes, the sums of the profile, and those of the homes' heat."""
    peaks = group_in_order(profile, "dwelling_type", by="hour_start_utc").agg(
        peak_hour_heat_kwh=pl.col("heat_kwh_mean").max(),
        peak_hour_utc=pl.col("hour_start_utc").sort_by("heat_kwh_mean", descending=True).first(),
        heat_kwh_expected=(pl.col("households") * pl.col("heat_kwh_mean")).sum(),
    )
    both = pl.concat([homes, homes.with_columns(dwelling_type=pl.lit("all"))])
    own = both.group_by("dwelling_type").agg(
        households=pl.len(),
        household_heat_kwh_mean=pl.col("heat_kwh_annual").sort().mean(),
        heat_kwh_observed=pl.col("heat_kwh_observed").sort().sum(),
        drift_by_chance=_drift_by_chance(),
    )
    stock = own.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES)).select(
        dwelling_type=pl.lit("stock"),
        households=pl.col("households").sum(),
        household_heat_kwh_mean=pl.lit(None, dtype=pl.Float64),
        heat_kwh_observed=pl.lit(None, dtype=pl.Float64),
        drift_by_chance=pl.lit(None, dtype=pl.Float64),
    )
    groups = pl.concat([own, stock.head(1)])
    return groups.join(sum_year(profile, period).join(peaks, on="dwelling_type"), on="dwelling_type", how="left")


def _drift_by_chance() -> pl.Expr:
    r"""Return how far observed and expected heat of a group may differ by chance [1].

    Each of the :math:`n` homes lacks a share :math:`m_i` of its annual heat, and the annual heat of homes has the relative
    spread :math:`s`. If gaps are random, the relative difference has the standard deviation :math:`s \sqrt{\sum_i m_i^2} / n`;
    one group in 80 lies beyond 2.5 of these.
    """
    annual = pl.col("heat_kwh_annual")
    missing = 1 - pl.col("heat_kwh_observed") / annual
    return DEVIATIONS * annual.sort().std() / annual.sort().mean() * missing.pow(2).sort().sum().sqrt() / pl.len()


def _note(stock_reason: str | None) -> pl.Expr:
    """Say what a group's values lack, or where they need care; null where there is nothing to say."""
    missing, drift = pl.col("hours_missing"), pl.col("drift")
    said = pl.concat_str(
        pl.when(missing > 0).then(
            pl.format("{} hours without a home are filled by the mean of their month and hour of day", missing)
        ),
        pl.when(~pl.col("are_random")).then(
            pl.format(
                "gaps are not random: the homes observed used {} % {} heat than as many mean homes of their type; "
                "the means are corrected for it",
                (100 * drift.abs()).round(1),
                pl.when(drift < 0).then(pl.lit("less")).otherwise(pl.lit("more")),
            )
        ),
        separator="; ",
        ignore_nulls=True,
    )
    return pl.when(pl.col("heat_kwh_mean").is_null()).then(pl.lit(stock_reason)).when(said != "").then(said)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Annual heat of a group of homes and its standard error [kWh/yr]: of all homes, and of each replicate (replicates,)."""

    households: int
    heat_kwh: float
    error_kwh: float
    heat_kwh_draws: Floats
    error_kwh_draws: Floats  # 0 where a replicate consists of one home


def draw_annual_heat(
    homes: pl.DataFrame, *, weights: Mapping[str, float] | None, bootstrap: Bootstrap
) -> dict[str, Drawn]:
    r"""Draw the annual heat of each type by resampling homes.

    The heat of a type is the mean of its homes' own, :math:`\hat Q = \sum_i w_i \hat Q_i / \sum_i w_i`. Each replicate
    gives every home a Poisson(1) weight :math:`w_i` from a generator seeded by the home's id, so that neither row order
    nor threads matter; its standard error is
    :math:`\sqrt{\sum_i w_i (\hat Q_i - \hat Q)^2 / (W (W - 1))}` with :math:`W = \sum_i w_i`. `all` takes the homes of
    all types together, `stock` weighs the types: :math:`\sum_k s_k \hat Q_k` with the error
    :math:`\sqrt{\sum_k s_k^2 e_k^2}`.

    Parameters
    ----------
    homes
        `household_id`, `dwelling_type`, `heat_kwh_annual` [kWh] of the included homes.
    weights
        National shares for `stock` [1], or None.
    bootstrap
        How many replicates, from which seed.

    Returns
    -------
    dict
        By dwelling type, `all` and, where there are weights, `stock`.

    """
    ordered = homes.sort("household_id")
    groups = {str(key[0]): part for key, part in ordered.group_by("dwelling_type", maintain_order=True)}
    if len(ordered):
        groups["all"] = ordered
    drawn = {
        name: draw_mean(part["heat_kwh_annual"].to_numpy(), draw_weights(part["household_id"], bootstrap))
        for name, part in sorted(groups.items())
    }
    if weights is not None:
        parts = [(share, drawn[name]) for name, share in weights.items()]
        drawn["stock"] = Drawn(
            sum(part.households for _, part in parts),
            sum(share * part.heat_kwh for share, part in parts),
            math.hypot(*(share * part.error_kwh for share, part in parts)),
            np.sum([share * part.heat_kwh_draws for share, part in parts], axis=0),
            np.sqrt(np.sum([(share * part.error_kwh_draws) ** 2 for share, part in parts], axis=0)),
        )
    return drawn


def draw_weights(homes: pl.Series, bootstrap: Bootstrap) -> Floats:
    """Return the weights of homes, replicates x homes [1]; those of a home depend on its id and the seed alone."""
    rows = [
        np.random.default_rng([bootstrap.seed, int.from_bytes(hashlib.sha256(home.encode()).digest()[:8])]).poisson(
            1.0, bootstrap.replicates
        )
        for home in homes
    ]
    return np.array(rows, dtype=np.float64).reshape(len(homes), bootstrap.replicates).T


def draw_mean(heat: Floats, draws: Floats) -> Drawn:
    """Return the mean and its error, of all homes and by replicate; a replicate without a home has the mean of all."""
    mean, homes = float(heat.mean()), len(heat)
    centred = heat - mean  # without it, rounding would give equal homes with a large mean an error
    size = draws.sum(axis=1)
    shift = np.divide(draws @ centred, size, out=np.zeros_like(size), where=size > 0)
    squares = np.maximum(draws @ centred**2 - size * shift**2, 0)
    freedom = size * (size - 1)
    variance = np.divide(squares, freedom, out=np.zeros_like(size), where=freedom > 0)
    error = float(np.sqrt((centred**2).sum() / (homes * (homes - 1)))) if homes > 1 else 0.0
    return Drawn(homes, mean, error, mean + shift, np.sqrt(variance))


def studentised_interval(drawn: Drawn, level: float) -> tuple[float, float]:
    r"""Return the bootstrap-t interval of a mean [kWh/yr].

    From the replicates' :math:`t_b = (\hat Q_b - \hat Q) / e_b` it is :math:`[\hat Q - t_{1-\alpha/2}\,e,\;
    \hat Q - t_{\alpha/2}\,e]`, not below 0 (Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 12.5;
    second-order correct: Hall 1988, Ann. Stat. 16). The levels of homes are skewed. A percentile interval of twelve homes
    covers 90 % where it claims 95 %; this one covers 94 to 95 % (docs/method.md).
    """
    has_error = drawn.error_kwh_draws > MIN_RELATIVE_ERROR * drawn.heat_kwh
    if drawn.error_kwh == 0 or not has_error.any():
        return drawn.heat_kwh, drawn.heat_kwh
    t = (drawn.heat_kwh_draws[has_error] - drawn.heat_kwh) / drawn.error_kwh_draws[has_error]
    low, high = np.quantile(t, ((1 - level) / 2, (1 + level) / 2), method="weibull")  # the k-th of B at k / (B + 1)
    return max(drawn.heat_kwh - float(high) * drawn.error_kwh, 0.0), drawn.heat_kwh - float(low) * drawn.error_kwh


def bootstrap_intervals(drawn: Mapping[str, Drawn], level: float) -> pl.DataFrame:
    """Return `dwelling_type`, `heat_kwh_ci_low`, `heat_kwh_ci_high` [kWh/yr] of drawn means; null below ten homes."""
    rows = [
        (name, *(studentised_interval(group, level) if group.households >= MIN_HOMES_OF_A_TYPE else (None, None)))
        for name, group in drawn.items()
    ]
    schema = {"dwelling_type": pl.String, "heat_kwh_ci_low": pl.Float64, "heat_kwh_ci_high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
