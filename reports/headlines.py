"""The short answer at the top of the site: the heat that a home needs, its cost, and how sure both are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import palette, text
from reports.figures.claims import verdicts
from reports.figures.cost import options
from reports.figures.demand import NO_PERIOD, published_demand
from reports.figures.exhibit import ordered, why_missing
from reports.finding_words import FIRM, REPLACED, say_met
from reports.inputs import Published, RunInfo
from transforms.lcoh.model.conventions import lenses_beside
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import CLAIM, LCOH_PROBABILITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, SELECTION_FUNNEL
from transforms.tables.lineage import FLAG_COUNT, QUALITY_RESULT
from transforms.tables.words import PROFILE_GROUPS

TO_WHOM = {
    "social": "to society", "private": "to the household", "public_body": "to a public body", "paper": "as Wang 2018 counts",
}  # fmt: skip
ALL_AND_MIX = "All homes, and the national mix"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineBar:
    """One row of a small bar chart: its length and the ends of its interval in percent of the widest."""

    name: str
    cells: tuple[str, ...]
    length: float
    ink: palette.Ink
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A small bar chart with the numbers of its bars beside them."""

    caption: str
    headings: Sequence[str]
    bars: Sequence[HeadlineBar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One question with its answer in words, small bar charts, and the figures that show more."""

    key: str
    question: str
    short: str
    says: Sequence[str]
    figures: Sequence[tuple[str, str]]  # key of an exhibit, and its topic
    charts: Sequence[Bars] = ()


def answers(published: Published, run: RunInfo) -> list[Headline]:
    """Return the first answers of the site: heat, cost, and how sure both are."""
    return [_heat(published), _cost(published, run), _sureness(published, run)]


def _heat(published: Published) -> Headline:
    question = "How much heat does a home need?"
    figures = [
        ("annual-demand", "by dwelling type"),
        ("spread", "how far homes differ"),
        ("hourly-profile", "hour by hour"),
    ]
    found = published[HEAT_DEMAND_ANNUAL].frame.filter(
        pl.col("heat_kwh_mean").is_not_null(), dwelling_type="all", period=published.period
    )
    if found.is_empty():
        missing = why_missing([published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
        return Headline(
            key="heat",
            question=question,
            short=f"{missing[:1].upper()}{missing[1:]}.",
            says=[_homes(published)],
            figures=figures,
        )
    row = found.row(0, named=True)
    return Headline(
        key="heat",
        question=question,
        short=f"{text.kwh(row['heat_kwh_mean'])} in {published.period}.",
        says=[_mean_interval(published, row), *_in_normal_weather(row), *_peak(row), _homes(published)],
        figures=figures,
        charts=[
            Bars(
                caption=f"Heat per home in {published.period}, with the 95 % interval of the mean",
                headings=("Dwelling type", "kWh a year", "Homes"),
                bars=_heat_bars(published),
            )
        ],
    )


def _mean_interval(published: Published, row: dict[str, Any]) -> str:
    paper = published_demand(published).filter(dwelling_type="all")["published_kwh"]
    beside = f"; Wang 2018 published {text.kwh(paper[0])}" if len(paper) else ""
    return f"95 % interval of the mean: {_span(row['heat_kwh_ci_low'], row['heat_kwh_ci_high'])}{beside}."


def _in_normal_weather(row: dict[str, Any]) -> list[str]:
    value = row["heat_kwh_weather_normal"]
    if value is None:
        return []
    low, high = row["heat_kwh_weather_normal_ci_low"], row["heat_kwh_weather_normal_ci_high"]
    between = "" if None in {low, high} else f" ({_span(low, high)})"
    change = text.signed(value / row["heat_kwh_mean"] - 1)
    return [f"In a year of normal weather: {text.kwh(value)}{between}, {change}."]


def _peak(row: dict[str, Any]) -> list[str]:
    if row["peak_hour_heat_kwh"] is None:
        return []
    peak, at = text.kwh(row["peak_hour_heat_kwh"], 1), text.moment(row["peak_hour_utc"])
    return [f"Highest hour of the mean home: {peak}, from {at}."]


def _homes(published: Published) -> str:
    steps = published[SELECTION_FUNNEL].frame.filter(period=published.period).sort("step")["households"]
    if steps.is_empty():
        return f"No home is included: {NO_PERIOD}."
    few = f"fewer than {published[SELECTION_FUNNEL].threshold}"
    seen, included = (few if n is None else f"{n:,}" for n in (steps[0], steps[-1]))
    rounded = "" if included == few else " (rounded to 10)"
    return f"From the readings of {included} of {seen} homes{rounded}."


def _heat_bars(published: Published) -> list[HeadlineBar]:
    rows = ordered(published[HEAT_DEMAND_ANNUAL].frame.filter(pl.col("heat_kwh_mean").is_not_null(), period=published.period), "dwelling_type", PROFILE_GROUPS)  # fmt: skip
    merged = _same_number(rows)
    rows = rows.filter(~((pl.col("dwelling_type") == "stock") & merged))
    widest = max(value for name in ("heat_kwh_mean", "heat_kwh_ci_high") for value in rows[name].drop_nulls())
    return [
        HeadlineBar(
            name=ALL_AND_MIX if merged and row["dwelling_type"] == "all" else text.name_of(row["dwelling_type"]),
            cells=(text.number(row["heat_kwh_mean"]), text.number(row["households"])),
            length=_percent(row["heat_kwh_mean"], widest),
            low=_ends(row["heat_kwh_ci_low"], widest),
            high=_ends(row["heat_kwh_ci_high"], widest),
            ink=palette.group_ink(row["dwelling_type"]),
        )
        for row in rows.iter_rows(named=True)
    ]


def _same_number(rows: pl.DataFrame) -> bool:
    """Say whether all homes and the national mix of dwelling types need the same heat, by the digits that are shown."""
    heat = rows.filter(pl.col("dwelling_type").is_in(["all", "stock"]))["heat_kwh_mean"].to_list()
    return len(heat) == 2 and text.number(heat[0]) == text.number(heat[1])  # noqa: PLR2004 - both of them


def _whose_demand(published: Published, served: dict[str, Any]) -> str:
    """Say whose demand the costs are for, and in which weather."""
    if served["demand_basis"] != "measured":
        return "published by Wang 2018"
    if served["weather"] == "normal":
        return "that of the homes in a year of normal weather"
    known = published[HEAT_DEMAND_ANNUAL].frame.filter(period=served["period"])["heat_kwh_weather_normal"].count()
    why = "which was chosen in place of a normal year" if known else "since no normal year is known"
    return f"that of the homes in the weather of {served['period']}, {why}"


def _in_measured_year(rows: pl.DataFrame) -> list[str]:
    """Say what the cheapest option costs in the weather of the period, if costs are for normal weather."""
    cheapest = rows.sort("lcoh_gbp_per_mwh").row(0, named=True)
    if cheapest["weather"] != "normal":
        return []
    now, then = (text.gbp(cheapest[name]) for name in ("lcoh_gbp_per_mwh", "lcoh_measured_year_gbp_per_mwh"))
    heat = text.kwh(cheapest["demand_measured_kwh"])
    return [f"In the weather of {cheapest['period']}, with {heat}, the cheapest costs {then} per MWh instead of {now}."]


def _cost(published: Published, run: RunInfo) -> Headline:
    lenses = {who: _with_spread(rows, published) for who, rows in _by_lens(published, run).items()}
    rows = next(iter(lenses.values()))
    heat, served = rows["denominator"][0], rows.row(0, named=True)
    widest = max(
        value for of in lenses.values() for name in ("lcoh_gbp_per_mwh", "high") for value in of[name].drop_nulls()
    )
    return Headline(
        key="cost",
        question="What does that heat cost?",
        short=_cheapest_by_lens(lenses),
        says=[
            *_order_differs(lenses),
            *_what_counts(published, run, rows),
            f"Every option meets a demand of {text.kwh(served['demand_kwh'])} a year, {_whose_demand(published, served)}.",
            f"Costs are in money of {served['price_year']}, for systems bought from {served['start_year']} on (scenario {run.scenario}, convention {run.convention}).",
            *_in_measured_year(rows),
        ],
        figures=[("cost-individual", "home by home"), ("cost-networks", "networks"), ("cost-shares", "what the cost consists of")],
        charts=[_cost_bars(of, f"Cost of heat {heat} {TO_WHOM[who]}", widest) for who, of in lenses.items()],
    )  # fmt: skip


def _cost_bars(rows: pl.DataFrame, caption: str, widest: float) -> Bars:
    """Return the options as bars on a scale that ends at `widest`; networks with the same cost share one row."""
    spread = f"; lines: 90 % of draws of {text.DRAWN}" if rows["low"].count() else ""
    return Bars(
        caption=caption + spread,
        headings=("Option", "£ per MWh", "£ a year", "t CO₂ a year"),
        bars=[
            HeadlineBar(
                name=row["option"],
                cells=(
                    text.gbp(row["lcoh_gbp_per_mwh"]),
                    text.gbp(round(row["lcoh_gbp_per_mwh"] * row["demand_kwh"] / 1000, -1)),
                    text.number(row["co2_kg_per_dwelling_year"] / 1000, 1),
                ),
                length=_percent(row["lcoh_gbp_per_mwh"], widest),
                low=_ends(row["low"], widest),
                high=_ends(row["high"], widest),
                ink=palette.SYSTEM[row["system"]],
            )
            for row in _merged_networks(rows).iter_rows(named=True)
        ],
    )


def _merged_networks(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the options; the smallest and the largest network share one row if both are shown with the same cost."""
    networks = rows.filter(system="network").sort("dwellings")
    if len({text.gbp(cost) for cost in networks["lcoh_gbp_per_mwh"]}) != 1 or networks.height == 1:
        return rows
    first, last = networks["dwellings"][0], networks["dwellings"][-1]
    one = networks.head(1).with_columns(option=pl.lit(f"Network, {first:,} to {last:,}\N{NO-BREAK SPACE}homes"))
    return pl.concat([rows.filter(pl.col("system") != "network"), one])


def _by_lens(published: Published, run: RunInfo) -> dict[str, pl.DataFrame]:
    """Return the options by who pays: first by the run's own convention, then by the other lens."""
    known = published[LCOH].frame.filter(scenario=run.scenario)["convention"].unique()
    beside = [name for name in lenses_beside(run.convention) if name in known and name != run.convention]
    shown = [_options_shown(published, run, convention=name) for name in (run.convention, *beside)]
    return {str(rows["perspective"][0]): rows for rows in shown}


def _cheapest_by_lens(lenses: dict[str, pl.DataFrame]) -> str:
    """Return the cheapest option to society and to the household."""
    told = []
    for who, rows in lenses.items():
        name, cost = _ranked(rows)[0]
        told.append(f"{TO_WHOM[who]}: {name}, {cost} per MWh")
    return f"Cheapest {'; '.join(told)}."


def _order_differs(lenses: dict[str, pl.DataFrame]) -> list[str]:
    """Say that the order of the systems differs between society and the household, if it does."""
    orders = {who: [name.split(" of ")[0] for name, _ in _ranked(rows)] for who, rows in lenses.items()}
    if len({tuple(order) for order in orders.values()}) < 2:  # noqa: PLR2004 - one order
        return []
    told = [f"{TO_WHOM[who]}, from the cheapest: {text.listed(order)}" for who, order in orders.items()]
    return [f"The order depends on who pays: {'; '.join(told)}."]


def _what_counts(published: Published, run: RunInfo, rows: pl.DataFrame) -> list[str]:
    """Say what a tonne of carbon dioxide costs society, and what homes pay for it."""
    values = published[ASSUMPTION].frame.filter(
        pl.col("scenario").is_in([run.scenario, "all"]), item="carbon_value_central", year=int(rows["start_year"][0])
    )
    if rows["perspective"][0] != "social" or values.is_empty():
        return []
    tonne = text.gbp(values["value"][0])
    return [
        f"To society, a tonne of CO₂ costs {tonne} in {rows['start_year'][0]} and taxes are left out; households pay retail prices with VAT and the standing charge of gas."
    ]


def _ranked(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Return each system with its cost, the cheapest first; networks together, from the smallest to the largest."""
    found = []
    for (system,), of in rows.sort("lcoh_gbp_per_mwh").group_by("system", maintain_order=True):
        low, high = (text.gbp(of["lcoh_gbp_per_mwh"][end]) for end in (0, -1))
        name = text.name_of(str(system)).lower()
        if system == "network":
            sizes = of["dwellings"].sort()
            name = f"a network of {sizes[0]:,} to {sizes[-1]:,} homes"
        else:
            name = _with_article(name)
        found.append((name, low if low == high else f"{low} to {high}"))
    return found


def _options_shown(published: Published, run: RunInfo, *, convention: str | None = None) -> pl.DataFrame:
    """Return the individual systems, and the smallest and the largest network."""
    rows = options(published, run, convention=convention)
    networks = rows.filter(system="network").sort("dwellings")
    ends = networks if networks.height <= 2 else pl.concat([networks.head(1), networks.tail(1)])  # noqa: PLR2004 - both ends
    return pl.concat([rows.filter(pl.col("system") != "network"), ends])


def _with_spread(rows: pl.DataFrame, published: Published) -> pl.DataFrame:
    """Add the range of 90 % of the draws of each option; null if nothing was drawn."""
    drawn = published.rows_of(LCOH_PROBABILITY)
    if drawn.is_empty():
        return rows.with_columns(low=pl.lit(None, dtype=pl.Float64), high=pl.lit(None, dtype=pl.Float64))
    spread = drawn.group_by("scenario", "convention", "dwelling_type", "system", "scale", "period").agg(
        low=pl.col("lcoh_p05").first(), high=pl.col("lcoh_p95").first()
    )
    return rows.join(
        spread,
        on=["scenario", "convention", "dwelling_type", "system", "scale", "period"],
        how="left",
        maintain_order="left",
    )


def _sureness(published: Published, run: RunInfo) -> Headline:
    order = _order_of_systems(published, run)
    return Headline(
        key="sure",
        question="How sure is that?",
        short=order[0] if order else _readings(published),
        says=[*order[1:], *([_readings(published)] if order else []), _judged(published), *_statements(published)],
        figures=[("cheapest", "which is the cheapest"), ("sobol", "what decides it"), ("selection", "which homes count"), ("claims-table", "the paper's statements")],
    )  # fmt: skip


def _order_of_systems(published: Published, run: RunInfo) -> list[str]:
    """Return two sentences on how often each individual system is the cheapest, or nothing."""
    drawn = published.rows_of(LCOH_PROBABILITY)
    if drawn.is_empty():
        return []
    served = options(published, run)["dwelling_type"][0]
    rows = drawn.filter(scenario=run.scenario, convention=run.convention, alternatives="individual", scale="individual")
    rows = rows.filter(dwelling_type=served).sort("cheapest_share", descending=True)
    if rows.is_empty():
        return []
    first, *others = (
        (_with_article(text.name_of(system).lower()), text.percent(share).replace(" ", "\N{NO-BREAK SPACE}"))
        for system, share in rows.select("system", "cheapest_share").iter_rows()
    )
    who = str(options(published, run)["perspective"][0])
    draws = f"{rows['draws'].to_numpy().min():,}"
    settled = "firm" if rows["cheapest_share"][0] >= FIRM else "open"
    lead = f"The order of the systems is {settled}: {first[0]} is the cheapest in {first[1]} of {draws} draws of {text.DRAWN} ({TO_WHOM[who]})."
    words = [lead]
    return (
        [*words, f"{text.listed([f'{name} in {share}' for name, share in others]).capitalize()}."] if others else words
    )


def _readings(published: Published) -> str:
    rows = published[FLAG_COUNT].frame
    good = rows.filter(flag="ok")["share"]
    if good.is_empty() or good[0] is None:
        return "How many readings count is not shown: too few homes."
    counts = {
        flag: int(readings) for flag, readings in rows.drop_nulls("readings").select("flag", "readings").iter_rows()
    }
    replaced = counts.pop(REPLACED, 0)  # nothing is wrong with them: a newer delivery holds the same readings
    delivered = sum(counts.values())
    told = f"{text.percent(counts['ok'] / delivered, 1)} of {delivered:,} readings are good; the others are flagged with their fault."
    return f"{told} A newer delivery replaced {replaced:,} more." if replaced else told


def _judged(published: Published) -> str:
    checks = published[QUALITY_RESULT].frame
    if checks.is_empty():
        return "This run has no check on record."
    return f"{int(checks['passed'].sum()):,} of {checks.height:,} checks before publication passed."


def _statements(published: Published) -> list[str]:
    met, judged, foreseen = verdicts(published.rows_of(CLAIM))
    told = say_met(met, judged, foreseen)
    return [] if told is None else [f"{told}."]


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _span(low: float | None, high: float | None) -> str:
    return f"{text.number(low)} to {text.number(high)} kWh"


def _percent(value: float, widest: float) -> float:
    return round(100 * value / widest, 2)


def _ends(value: float | None, widest: float) -> float | None:
    return None if value is None else _percent(value, widest)
