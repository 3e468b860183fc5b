"""The quantitative statements of Wang 2018, set beside what the model and a sample of homes give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from transforms.lcoh.claim_values import claim_values
from transforms.lcoh.conventions import WANG2018
from transforms.tables import DWELLING_TYPES

PERCENT: Final = 100.0
PAPER_SCENARIO: Final = "paper_fit"
SUMMER_MONTHS: Final = (6, 8)
WARM_MONTHS: Final = (6, 10)  # what November to May leaves


def judge(claims: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Return the claims with their `model` value and whether it is `within_tolerance` of the published one.

    `approx`: not further than the tolerance. `just_above`, `just_below`: on that side, not further than the
    tolerance. `above`, `below`: the published value is a bound. `holds`: a statement that is true (1) or false (0).

    Parameters
    ----------
    claims
        Columns claim, published, tolerance and relation, and whatever else is to be kept.
    values
        The model's value of each claim, in the claim's unit.

    Raises
    ------
    ValueError
        If a claim has no value, or a relation is none of these.

    """
    lacking = [claim for claim in claims["claim"] if claim not in values]
    if lacking:
        message = f"{len(lacking)} claims have no model value (e.g. {lacking[0]}): give each one a rule"
        raise ValueError(message)
    model, published, tolerance = pl.col("model"), pl.col("published"), pl.col("tolerance")
    verdicts = {
        "approx": (model - published).abs() <= tolerance,
        "just_above": (model > published) & (model <= published + tolerance),
        "just_below": (model < published) & (model >= published - tolerance),
        "above": model > published,
        "below": model < published,
        "holds": model == published,
    }
    odd = claims.filter(~pl.col("relation").is_in(list(verdicts)))
    if odd.height:
        message = (
            f"claim {odd['claim'][0]} has the relation {odd['relation'][0]!r}, which is none of {', '.join(verdicts)}"
        )
        raise ValueError(message)
    return claims.with_columns(
        pl.Series("model", [float(values[claim]) for claim in claims["claim"]], dtype=pl.Float64)
    ).with_columns(
        within_tolerance=pl.coalesce(
            pl.when(pl.col("relation") == relation).then(verdict) for relation, verdict in verdicts.items()
        )
    )


def judge_claims(
    claims: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str = PAPER_SCENARIO,
    convention: str = WANG2018.name,
) -> pl.DataFrame:
    """Return every claim of basis `fitted` or `independent`, judged on the model's value at the paper's demands.

    `fitted` claims rest on back-solved prices and show consistency, no more; a count is never summed across bases.
    """
    of_model = claims.filter(pl.col("basis").is_in(["fitted", "independent"]))
    dwellings = {claim: int(number) for claim, number in of_model.select("claim", "dwellings").drop_nulls().iter_rows()}
    return judge(of_model, claim_values(assumptions, dwellings, scenario=scenario, convention=convention))


def sample_claim_values(profile: pl.DataFrame, demand: pl.DataFrame) -> dict[str, float]:
    """Return the value of each claim of basis `sample` in one period.

    Parameters
    ----------
    profile
        Rows of the table `heat_profile` of the dwelling type `all` in one period.
    demand
        Rows of the table `heat_demand_annual` of that period, with `all` and the five dwelling types.

    """
    by_type = {
        name: (gas, heat)
        for name, gas, heat in demand.select("dwelling_type", "gas_kwh_mean", "heat_kwh_mean").iter_rows()
    }
    heat = {name: by_type[name][1] for name in DWELLING_TYPES}
    hour, heat_kwh = pl.col("hour_start_utc"), pl.col("heat_kwh_mean")
    summer = profile.filter(hour.dt.month().is_between(*SUMMER_MONTHS))
    daily_peaks = summer.group_by(hour.dt.date()).agg(heat_kwh.max())
    in_cold_months = ~hour.dt.month().is_between(*WARM_MONTHS)
    detached_to_flat = heat["detached"] == max(heat.values()) and heat["flat"] == min(heat.values())
    return {
        "fig1_gas_mean": by_type["all"][0],
        "fig1_heat_mean": by_type["all"][1],
        "fig1_heat_detached": heat["detached"],
        "fig1_heat_flat": heat["flat"],
        "fig1_detached_highest": float(detached_to_flat),
        "fig2_peak": profile.select(heat_kwh.max()).item(),
        "fig2_summer_peak": daily_peaks.select(heat_kwh.median()).item(),
        "fig2_november_to_may": profile.select(PERCENT * heat_kwh.filter(in_cold_months).sum() / heat_kwh.sum()).item(),
    }
