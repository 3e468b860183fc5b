"""The numbers at the top of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import text
from reports.figures.cost import options
from reports.figures.demand import NO_PERIOD, published_demand
from reports.figures.exhibit import why_missing
from reports.inputs import RunInfo, SiteInputs


@dataclass(frozen=True, slots=True)
class Headline:
    """One number with what it is and what it rests on."""

    label: str
    value: str
    below: str
    figure: str  # key of the exhibit that shows it


def headlines(inputs: SiteInputs, run: RunInfo) -> list[list[Headline]]:
    """Return two groups: heat per home as measured and in normal weather, its peak hour and the homes; the cost of heat of each system."""
    return [[*_heat(inputs), _homes(inputs)], _costs(inputs, run)]


def _heat(inputs: SiteInputs) -> list[Headline]:
    found = inputs.demand.frame.filter(pl.col("heat_kwh_mean").is_not_null(), dwelling_type="all", period=inputs.period)
    if found.is_empty():
        missing = why_missing([inputs.demand], otherwise=NO_PERIOD)
        return [
            Headline("Heat per home and year", text.NOTHING, missing, "annual-demand"),
            Headline("Peak hour", text.NOTHING, missing, "hourly-profile"),
        ]
    row = found.row(0, named=True)
    interval = f"95 % interval {text.number(row['heat_kwh_ci_low'])} to {text.number(row['heat_kwh_ci_high'])} kWh"
    paper = published_demand(inputs).filter(dwelling_type="all")["published_kwh"]
    beside = f"; Wang 2018: {text.kwh(paper[0])}" if len(paper) else ""
    return [
        Headline("Heat per home and year", text.kwh(row["heat_kwh_mean"]), interval + beside, "annual-demand"),
        *_in_normal_weather(inputs, row),
        Headline(
            "Peak hour, mean of all homes",
            text.kwh(row["peak_hour_heat_kwh"], 2),
            f"in the hour from {text.moment(row['peak_hour_utc'])}",
            "hourly-profile",
        ),
    ]


def _in_normal_weather(inputs: SiteInputs, row: dict[str, Any]) -> list[Headline]:
    value = row["heat_kwh_weather_normal"]
    if value is None:
        return []
    low, high = row["heat_kwh_weather_normal_ci_low"], row["heat_kwh_weather_normal_ci_high"]
    between = "" if None in {low, high} else f"95 % interval {text.number(low)} to {text.number(high)} kWh; "
    change = f"{100 * (value / row['heat_kwh_mean'] - 1):+.1f} %".replace("-", text.MINUS)
    below = f"{between}{change} against {inputs.period}"
    return [Headline("In normal weather", text.kwh(value), below, "weather-fit")]


def _homes(inputs: SiteInputs) -> Headline:
    steps = inputs.funnel.frame.filter(period=inputs.period).sort("step")["households"]
    few = f"fewer than {inputs.funnel.threshold}"
    if steps.is_empty():
        return Headline("Homes included", text.NOTHING, f"none: {NO_PERIOD}", "selection")
    seen, included = (few if n is None else f"{n:,}" for n in (steps[0], steps[-1]))
    rounded = "" if included == few else ", rounded to 10"
    return Headline("Homes included", included, f"of {seen} seen{rounded}", "selection")


def _costs(inputs: SiteInputs, run: RunInfo) -> list[Headline]:
    rows = options(inputs, run)
    basis = "at measured demand" if rows["demand_basis"].first() == "measured" else "at the paper's demand"
    found = [
        Headline(text.name_of(system), f"{text.gbp(cost)}/MWh", f"{heat}, {basis}", "cost-individual")
        for system, cost, heat in rows.filter(pl.col("system") != "network")
        .select("system", "lcoh_gbp_per_mwh", "denominator")
        .iter_rows()
    ]
    networks = rows.filter(system="network").sort("dwellings")
    if networks.is_empty():
        return found
    small, large = networks.row(0, named=True), networks.row(-1, named=True)
    span = f"{text.gbp(large['lcoh_gbp_per_mwh'])} to {text.gbp(small['lcoh_gbp_per_mwh'])}/MWh"
    below = f"{large['denominator']}, {basis}; {large['dwellings']:,} to {small['dwellings']:,} homes"
    return [*found, Headline("Heat network", span, below, "cost-networks")]
