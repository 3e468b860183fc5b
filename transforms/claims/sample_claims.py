"""Values of a run's homes for the paper's statements about readings, each with its 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from transforms.tables.words import DWELLING_TYPES

PAPER_YEAR: Final = 2009
HOMES_MIN: Final = 10  # fewer homes show no value and have no interval
PERCENT: Final = 100.0
Z_95: Final = 1.959964
SUMMER_MONTHS: Final = (6, 8)
WARM_MONTHS: Final = (6, 10)  # the months outside November to May


@dataclass(frozen=True, slots=True)
class SampleFigure:
    """One value of the homes, with the ends of its 95 % interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


def sample_judgement(
    claims: pl.DataFrame, demand: pl.DataFrame | None, profile: pl.DataFrame | None
) -> tuple[dict[str, SampleFigure], dict[str, str]]:
    """Return the value for each statement that the homes of 2009 can judge, and the reason why others are not judged.

    Parameters
    ----------
    claims
        Statements of basis `sample`.
    demand, profile
        Rows of the tables `heat_demand_annual` and `heat_profile`.

    """
    names = claims["claim"].to_list()
    if demand is None or profile is None or demand.is_empty():
        return {}, dict.fromkeys(names, "no homes were measured")
    of_year = demand.filter(pl.col("year") == PAPER_YEAR, pl.col("heat_kwh_mean").is_not_null())
    if of_year.is_empty():
        periods = ", ".join(demand["period"].unique().sort())
        return {}, dict.fromkeys(names, f"the paper speaks of {PAPER_YEAR}, the homes of {periods}")
    homes = dict(of_year.select("dwelling_type", "households").iter_rows())
    of_all = profile.filter(pl.col("dwelling_type") == "all", pl.col("period") == of_year["period"][0])
    figures = sample_figures(of_all, of_year.filter(pl.col("households") >= HOMES_MIN))
    why_not = {name: _lacking(name, homes) for name in names if name not in figures}
    return {name: figures[name] for name in names if name in figures}, why_not


def sample_figures(profile: pl.DataFrame, demand: pl.DataFrame) -> dict[str, SampleFigure]:
    """Return the value for each statement of basis `sample` that the rows of one period can judge.

    Means have their bootstrap interval; the interval of gas is that of heat, scaled. The highest hour, and the median
    peak of summer days, have the mean +- 1.96 standard errors of their hours: homes that use more in one hour use more
    in others, so the errors of hours do not average out. Shares of the year and orders have no interval.

    Parameters
    ----------
    profile
        Rows of the table `heat_profile` of the dwelling type `all` in one period.
    demand
        Rows of the table `heat_demand_annual` of that period; types that are not there are not judged.

    """
    rows = {row["dwelling_type"]: row for row in demand.iter_rows(named=True)}
    figures = {
        f"fig1_heat_{name}": SampleFigure(
            rows[group]["heat_kwh_mean"], rows[group].get("heat_kwh_ci_low"), rows[group].get("heat_kwh_ci_high")
        )
        for name, group in (("mean", "all"), ("detached", "detached"), ("flat", "flat"))
        if group in rows
    }
    if heat := figures.get("fig1_heat_mean"):
        gas = rows["all"]["gas_kwh_mean"]
        ends = (None if end is None else end * gas / heat.value for end in (heat.low, heat.high))
        figures["fig1_gas_mean"] = SampleFigure(gas, *ends)
    if set(DWELLING_TYPES) <= set(rows):
        of_type = {name: rows[name]["heat_kwh_mean"] for name in DWELLING_TYPES}
        extremes = of_type["detached"] == max(of_type.values()) and of_type["flat"] == min(of_type.values())
        figures["fig1_detached_highest"] = SampleFigure(float(extremes))
    return figures | (_profile_figures(profile) if profile.height and "all" in rows else {})


def _profile_figures(profile: pl.DataFrame) -> dict[str, SampleFigure]:
    hour, heat = pl.col("hour_start_utc"), pl.col("heat_kwh_mean")
    has_error = "heat_kwh_se" in profile.columns
    known = profile.with_columns(margin=Z_95 * pl.col("heat_kwh_se") if has_error else pl.lit(None, pl.Float64))
    peak = known.sort("heat_kwh_mean").row(-1, named=True)
    daily = (
        known.filter(hour.dt.month().is_between(*SUMMER_MONTHS))
        .sort("heat_kwh_mean")
        .group_by(hour.dt.date())
        .agg(heat.last(), pl.col("margin").last())
    )
    figures = {"fig2_peak": _with_margin(peak["heat_kwh_mean"], peak["margin"])}
    if daily.height:
        median, margin = daily.select(heat.median(), pl.col("margin").median()).row(0)
        figures["fig2_summer_peak"] = _with_margin(median, margin)
    in_cold_months = ~hour.dt.month().is_between(*WARM_MONTHS)
    share = known.select(PERCENT * heat.filter(in_cold_months).sum() / heat.sum()).item()
    return figures | {"fig2_november_to_may": SampleFigure(share)}


def _with_margin(value: float, margin: float | None) -> SampleFigure:
    return SampleFigure(value) if margin is None else SampleFigure(value, value - margin, value + margin)


def _lacking(claim: str, homes: dict[str, int]) -> str:
    """Say which homes a statement lacks."""
    needed = {"fig1_heat_detached": ("detached",), "fig1_heat_flat": ("flat",), "fig1_detached_highest": DWELLING_TYPES}
    few = [name for name in needed.get(claim, ("all",)) if homes.get(name, 0) < HOMES_MIN]
    return f"fewer than {HOMES_MIN} homes of {', '.join(few)}" if few else "the profile has no such hours"
