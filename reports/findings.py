"""What each figure finds, as its title: one sentence made from the numbers that the figure shows.

The functions at the top put numbers into words; those below read the numbers from the published tables. Where a number
is hidden or missing there is no finding, and the figure keeps the name of its topic as its title.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from reports import text
from reports.figures.cost import INDIVIDUAL, PARTS, individual_costs, options
from reports.inputs import Published, RunInfo
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    DIVERSITY,
    LCOH_DISTRIBUTION,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON, SELECTION_FUNNEL
from transforms.tables.lineage import BUILD_MONTH, FLAG_COUNT, QUALITY_RESULT
from transforms.tables.published import HEAT_DEMAND_QUANTILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT
from transforms.tables.words import DWELLING_TYPES

HOMES: Final = {
    "detached": "detached houses", "semi_detached": "semi-detached houses", "terraced": "terraced houses", "bungalow": "bungalows",
    "flat": "flats",
}  # fmt: skip
ALIKE: Final = 0.005  # relative difference that is shown as 0 or 1 %: then two numbers are called the same
REPLACED: Final = "superseded"  # a newer delivery holds the same readings: nothing is wrong with them
FIRM: Final = 0.9  # share of draws from which on an order is called firm

Finding = Callable[[Published, RunInfo], str | None]


# --- numbers into words ----------------------------------------------------------------------------------------


def say_least_and_most(values: Mapping[str, float]) -> str | None:
    """Say which of several groups needs least heat, and by how much less than the one that needs most."""
    if len(values) < 2:  # noqa: PLR2004 - two groups, to compare
        return None
    least, most = min(values, key=lambda name: values[name]), max(values, key=lambda name: values[name])
    less = 1 - values[least] / values[most]
    if less < ALIKE:
        return "All dwelling types need about the same heat"
    return f"{_first_upper(HOMES[least])} need {text.percent(less)} less heat than {HOMES[most]}"


def say_ratio(values: Mapping[str, tuple[float, float]]) -> str | None:
    """Say in which group homes differ most: the upper of two numbers over the lower."""
    ratios = {name: high / low for name, (low, high) in values.items() if low > 0}
    if not ratios:
        return None
    widest = max(ratios, key=lambda name: ratios[name])
    if ratios[widest] < 1 + ALIKE:
        return "Homes of one type need about the same heat"
    return (
        f"Homes differ most among {HOMES[widest]}: the upper end needs {_times(ratios[widest])} the heat of the lower"
    )


def say_cheapest_in_types(cheapest: Mapping[str, str]) -> str | None:
    """Say which system costs least in most dwelling types."""
    if not cheapest:
        return None
    names = list(cheapest.values())
    first = max(sorted(set(names)), key=names.count)
    if names.count(first) == len(names):
        every = "in every dwelling type" if len(names) > 1 else f"in {HOMES[next(iter(cheapest))]}"
        return f"{_first_upper(_article(first))} costs least {every}"
    others = sorted({name for name in names if name != first})
    return f"{_first_upper(_article(first))} costs least in {names.count(first)} of {len(names)} dwelling types, {_listed_or(others)} in the others"


def say_shares_of_draws(shares: Mapping[str, float]) -> str | None:
    """Say how firm the order of systems is."""
    if not shares:
        return None
    first = max(shares, key=lambda name: shares[name])
    if shares[first] >= FIRM:
        return f"{_first_upper(_article(first))} is the cheapest in {text.percent(shares[first])} of draws: the order is firm"
    return f"No system is surely the cheapest: {_article(first)} is in {text.percent(shares[first])} of draws"


def say_scale(costs: Mapping[int, float]) -> str | None:
    """Say what the number of homes does to the cost of a network."""
    if len(costs) < 2:  # noqa: PLR2004 - two sizes, to compare
        return None
    small, large = min(costs), max(costs)
    change = costs[large] / costs[small] - 1
    sizes = f"a network of {large:,} homes costs {text.gbp(costs[large])} per MWh, one of {small:,} homes {text.gbp(costs[small])}"
    if abs(change) < 2 * ALIKE:
        return f"Size hardly matters: {sizes}"
    return f"{'Larger networks cost less' if change < 0 else 'Larger networks cost more'}: {sizes}"


def say_beside(networks: Mapping[int, float], singles: Mapping[str, float]) -> str | None:
    """Say how the cheapest network stands beside the cheapest system in one home."""
    if not networks or not singles:
        return None
    network, single = min(networks.values()), min(singles, key=lambda name: singles[name])
    gap = network - singles[single]
    if abs(gap) < ALIKE * network:
        return f"The cheapest network costs about as much as {_article(single)}"
    more = "more" if gap > 0 else "less"
    return f"The cheapest network costs {text.gbp(abs(gap))} per MWh {more} than {_article(single)}"


def say_emissions(kg: Mapping[str, float]) -> str | None:
    """Say how far the emissions of the systems lie apart."""
    if len(kg) < 2:  # noqa: PLR2004 - two systems, to compare
        return None
    least, most = min(kg, key=lambda name: kg[name]), max(kg, key=lambda name: kg[name])
    if kg[least] <= 0:
        return f"{_first_upper(_article(most))} emits {kg[most]:,.0f} kg a year, {_article(least)} nothing"
    return (
        f"{_first_upper(_article(most))} emits {_times(kg[most] / kg[least])} the carbon dioxide of {_article(least)}"
    )


def say_largest_part(parts: Mapping[str, Mapping[str, float]]) -> str | None:
    """Say which part of the cost is the largest, by system."""
    largest = {system: max(of, key=lambda part, of=of: of[part]) for system, of in parts.items() if of}  # type: ignore[misc]
    if not largest:
        return None
    kinds = {part: [system for system, of in largest.items() if of == part] for part in dict.fromkeys(largest.values())}
    if len(kinds) == 1:
        return f"{next(iter(kinds))} is the largest part of the cost of every system"
    words = [f"{part.lower()} of {text.listed([_article(name) for name in names])}" for part, names in kinds.items()]
    return f"Largest part of the cost: {', '.join(words)}"


def say_together(alone_kw: float, together_kw: float, homes: int) -> str:
    """Say how much less each of many homes needs at their common peak than one alone at its own."""
    less = 1 - together_kw / alone_kw
    both = f"{together_kw:.1f} kW each against {alone_kw:.1f} kW"
    if less < ALIKE:
        return f"{homes:,} homes peak together as high as one alone: {both}"
    return f"At their common peak, {homes:,} homes need {text.percent(less)} less each than one alone: {both}"


def say_change(what: str, change: float) -> str:
    """Say by how much something is more or less."""
    if abs(change) < ALIKE:
        return f"{what} about the same heat"
    return f"{what} {text.percent(abs(change))} {'more' if change > 0 else 'less'} heat"


def say_left_out(shares: Mapping[str, float], total: float) -> str:
    """Say what share of the readings is left out, and when or why most."""
    if not shares or max(shares.values()) <= 0:
        return "No reading is left out"
    most = max(shares, key=lambda name: shares[name])
    return f"{_first_upper(_small_percent(total))} of readings are left out, most in {most} ({_small_percent(shares[most])})"


def say_selected(seen: int, included: int) -> str:
    """Say how many homes are included."""
    if included == seen:
        return f"All {seen:,} homes seen are included"
    return f"{included:,} of {seen:,} homes seen are included"


def say_field(spf: float, low: float | None, high: float | None) -> str:
    """Say how the performance of an air source heat pump stands beside field trials."""
    lead = f"An air source heat pump gives {spf:.1f} units of heat for one of electricity"
    if low is None or high is None:
        return lead
    where = "below" if spf < low else "above" if spf > high else "within"
    return f"{lead}, {where} what field trials measured ({low:.1f} to {high:.1f})"


def say_break_even(name: str, base: float, value: float | None) -> str:
    """Say at which carbon price a system costs as much as a gas boiler."""
    if value is None:
        return f"No carbon price makes {_article(name)} as cheap as a gas boiler"
    if value <= base:
        return f"{_first_upper(_article(name))} is as cheap as a gas boiler down to {text.gbp(value)} a tonne of carbon dioxide, {text.gbp(base)} today"
    return f"{_first_upper(_article(name))} would be as cheap as a gas boiler at {text.gbp(value)} a tonne of carbon dioxide, {text.gbp(base)} today"


def say_saving(costs: Mapping[str, float]) -> str | None:
    """Say what saving a tonne of carbon dioxide costs by the cheapest system."""
    if not costs:
        return None
    first = min(costs, key=lambda name: costs[name])
    if costs[first] <= 0:
        return f"{_first_upper(_article(first))} saves carbon dioxide at no extra cost"
    return f"Saving a tonne of carbon dioxide costs {text.gbp(costs[first])} with {_article(first)}"


def say_investment(tariff: float, least: Mapping[int, float]) -> str | None:
    """Say whether networks pay at the tariff, and what the cheapest of them would need."""
    if not least:
        return None
    size = min(least, key=lambda homes: least[homes])
    paying = [homes for homes, needed in least.items() if needed <= tariff]
    if len(paying) == len(least):
        return f"Every network pays at {text.gbp(tariff)} per MWh of heat"
    if paying:
        return f"{len(paying)} of {len(least)} networks pay at {text.gbp(tariff)} per MWh of heat"
    return f"No network pays at {text.gbp(tariff)} per MWh of heat: the cheapest, of {size:,} homes, needs {text.gbp(least[size])}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:.0f} times"  # noqa: PLR2004 - from here on a decimal says nothing


def _small_percent(share: float) -> str:
    if 0 < share < 0.0005:  # noqa: PLR2004 - it would be written as 0.0 %
        return "less than 0.1 %"
    return text.percent(share, 1 if share < 0.1 else 0)  # noqa: PLR2004 - two digits are enough


def _article(name: str) -> str:
    lower = name[:1].lower() + name[1:]
    return f"{'an' if lower[0] in 'aeiou' else 'a'} {lower}"


def _first_upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _listed_or(names: list[str]) -> str:
    return " or ".join(_article(name) for name in names)


# --- numbers from the published tables ---------------------------------------------------------------------------


def _of_all(published: Published, table: Table) -> pl.DataFrame:
    return published[table].frame.filter(period=published.period, dwelling_type="all")


def _annual(published: Published, _run: RunInfo) -> str | None:
    rows = published[HEAT_DEMAND_ANNUAL].frame.filter(period=published.period).drop_nulls("heat_kwh_mean")
    types = rows.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES))
    return say_least_and_most(dict(types.select("dwelling_type", "heat_kwh_mean").iter_rows()))


def _spread(published: Published, _run: RunInfo) -> str | None:
    rows = published[HEAT_DEMAND_QUANTILE].frame.filter(period=published.period).drop_nulls("heat_kwh_annual")
    types = rows.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES)).sort("quantile")
    ends = types.group_by("dwelling_type", maintain_order=True).agg(
        low=pl.col("heat_kwh_annual").first(), high=pl.col("heat_kwh_annual").last()
    )
    return say_ratio({name: (low, high) for name, low, high in ends.iter_rows()})


def _peak_hour(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, HEAT_DEMAND_ANNUAL).drop_nulls(["peak_hour_heat_kwh", "peak_hour_utc"])
    if rows.is_empty():
        return None
    return f"The mean home needs most on {text.moment(rows['peak_hour_utc'][0])}: {rows['peak_hour_heat_kwh'][0]:.1f} kWh in an hour"


def _duration(published: Published, _run: RunInfo) -> str | None:
    heat = _of_all(published, HEAT_PROFILE)["heat_kwh_mean"].drop_nulls().to_numpy()
    if not len(heat):
        return None
    above = float((heat > 0.5 * heat.max()).mean())
    return f"The mean home needs more than half of its peak in {_small_percent(above)} of all hours"


def _hour_of_day(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, HEAT_PROFILE_SEASON).filter(segmentation="month")
    hours = (
        rows.group_by("hour_local")
        .agg((pl.col("heat_kwh_mean") * pl.col("days")).sum())
        .sort("heat_kwh_mean", "hour_local")
    )
    if hours.is_empty():
        return None
    return f"Over the year, homes need most heat from {hours['hour_local'][-1]:02d}:00 and least from {hours['hour_local'][0]:02d}:00"


def _kelvin(published: Published, _run: RunInfo) -> str | None:
    slope = _of_all(published, WEATHER_FIT)["slope_gas_kwh_per_day_k"].drop_nulls()
    return None if slope.is_empty() else f"Each degree colder takes {slope[0]:.1f} kWh more gas a day in the mean home"


def _uses(published: Published, _run: RunInfo) -> str | None:
    names = ("space_gas_kwh_per_year", "hot_water_gas_kwh_per_year", "cooking_gas_kwh_per_year")
    rows = _of_all(published, WEATHER_FIT).drop_nulls(names)
    if rows.is_empty():
        return None
    space, *others = rows.select(names).row(0)
    return f"Heating rooms takes {text.percent(space / (space + sum(others)))} of the gas of the mean home"


def _segments(published: Published, segmentation: str) -> dict[str, float]:
    rows = _of_all(published, HEAT_PROFILE_SEASON).filter(segmentation=segmentation)
    return dict(rows.group_by("segment").agg(pl.col("heat_kwh_mean").sum()).sort("segment").iter_rows())


def _months(published: Published, _run: RunInfo) -> str | None:
    days = _segments(published, "month")
    names = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    if len(days) < 2 or min(days.values()) <= 0:  # noqa: PLR2004 - two months, to compare
        return None
    least, most = min(days, key=lambda month: days[month]), max(days, key=lambda month: days[month])
    return f"A day in {names[int(most) - 1]} needs {_times(days[most] / days[least])} the heat of a day in {names[int(least) - 1]}"


def _weekend(published: Published, _run: RunInfo) -> str | None:
    days = _segments(published, "day_kind")
    if set(days) != {"weekday", "weekend"}:
        return None
    change = days["weekend"] / days["weekday"] - 1
    return say_change("A day of the weekend takes", change) + (
        " than a weekday" if abs(change) >= ALIKE else " as a weekday"
    )


def _bands(published: Published, _run: RunInfo) -> str | None:
    days = _segments(published, "temperature_band")
    by_rank = sorted(days, key=lambda band: int(band.split("_to_")[0].replace("minus_", "-")))
    if len(by_rank) < 2 or days[by_rank[-1]] <= 0:  # noqa: PLR2004 - two bands, to compare
        return None
    return f"Days of {text.band(by_rank[0])} need {_times(days[by_rank[0]] / days[by_rank[-1]])} the heat of days of {text.band(by_rank[-1])}"


def _diversity(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, DIVERSITY).filter(~pl.col("extrapolated"), interval_minutes=60).drop_nulls("peak_kw_p50")
    if rows.height < 2:  # noqa: PLR2004 - one home, and many
        return None
    first, *_, last = rows.sort("dwellings").select("dwellings", "peak_kw_p50").rows()
    return say_together(first[1], last[1], last[0]) if first[0] == 1 else None


def _individual(published: Published, run: RunInfo) -> str | None:
    rows = individual_costs(published, run).filter(pl.col("dwelling_type").is_in(DWELLING_TYPES))
    first = rows.sort("lcoh_gbp_per_mwh").unique("dwelling_type", keep="first", maintain_order=True)
    return say_cheapest_in_types(
        {name: text.name_of(system) for name, system in first.select("dwelling_type", "system").iter_rows()}
    )


def _costs_of_options(published: Published, run: RunInfo) -> tuple[dict[int, float], dict[str, float]]:
    rows = options(published, run)
    networks = rows.filter(system="network").select("dwellings", "lcoh_gbp_per_mwh")
    singles = rows.filter(pl.col("system").is_in(INDIVIDUAL)).select("system", "lcoh_gbp_per_mwh")
    return dict(networks.iter_rows()), {text.name_of(system): cost for system, cost in singles.iter_rows()}


def _shares(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(LCOH_PROBABILITY).filter(
        scenario=run.scenario, convention=run.convention, alternatives="individual", scale="individual"
    )
    served = [name for name in ("stock", "all") if name in set(rows["dwelling_type"])]
    if not served:
        return None
    of = rows.filter(dwelling_type=served[0]).select("system", "cheapest_share")
    return say_shares_of_draws({text.name_of(system): share for system, share in of.iter_rows()})


def _ranges(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(LCOH_PROBABILITY).filter(
        scenario=run.scenario, convention=run.convention, alternatives="individual", system="ashp"
    )
    rows = rows.filter(pl.col("dwelling_type").is_in(["stock", "all"])).sort("dwelling_type", descending=True)
    if rows.is_empty():
        return None
    return f"An air source heat pump costs from {text.gbp(rows['lcoh_p05'][0])} to {text.gbp(rows['lcoh_p95'][0])} per MWh in 90 % of draws"


def _emissions(published: Published, run: RunInfo) -> str | None:
    rows = options(published, run).filter(pl.col("system").is_in(INDIVIDUAL))
    return say_emissions(
        {text.name_of(s): kg for s, kg in rows.select("system", "co2_kg_per_dwelling_year").iter_rows()}
    )


def _parts(published: Published, run: RunInfo) -> str | None:
    rows = options(published, run).unique("system", keep="first", maintain_order=True)
    names = {part: text.name_of(part.removesuffix("_gbp_per_mwh")) for part in PARTS}
    return say_largest_part(
        {text.name_of(row["system"]): {names[part]: row[part] for part in PARTS} for row in rows.iter_rows(named=True)}
    )


def _cost_of_homes(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(LCOH_DISTRIBUTION).filter(scenario=run.scenario, convention=run.convention)
    gap = pl.col("lcoh_mean_gbp_per_mwh") - pl.col("lcoh_at_mean_gbp_per_mwh")
    types = (
        rows.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES))
        .drop_nulls("lcoh_mean_gbp_per_mwh")
        .with_columns(gap=gap)
    )
    if types.is_empty():
        return None
    row = types.sort("gap", descending=True, maintain_order=True).row(0, named=True)
    return f"The mean of the homes' costs exceeds the cost at mean demand by up to {text.gbp(row['gap'])} per MWh, in {HOMES[row['dwelling_type']]}"


def _break_even(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(BREAK_EVEN).filter(
        scenario=run.scenario, convention=run.convention, quantity="carbon_price", system="ashp"
    )
    rows = rows.sort(pl.col("dwelling_type").is_in(["stock", "all"]), descending=True, maintain_order=True)
    if rows.is_empty():
        return None
    row = rows.row(0, named=True)
    return say_break_even(text.name_of("ashp"), row["base"], row["value"])


def _abatement(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(ABATEMENT).filter(scenario=run.scenario, convention=run.convention, scale="individual")
    served = [name for name in ("stock", "all") if name in set(rows["dwelling_type"])]
    rows = rows.filter(dwelling_type=served[0]) if served else rows
    known = (
        rows.drop_nulls("cost_gbp_per_tonne")
        .sort("cost_gbp_per_tonne")
        .unique("system", keep="first", maintain_order=True)
    )
    return say_saving({text.name_of(s): cost for s, cost in known.select("system", "cost_gbp_per_tonne").iter_rows()})


def _finance(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(NETWORK_FINANCE).filter(scenario=run.scenario).drop_nulls(
        ["minimum_tariff_gbp_per_mwh", "heat_tariff_gbp_per_mwh"]
    )  # fmt: skip
    if rows.is_empty():
        return None
    least = rows.group_by("dwellings").agg(pl.col("minimum_tariff_gbp_per_mwh").min()).sort("dwellings")
    return say_investment(float(rows["heat_tariff_gbp_per_mwh"][0]), dict(least.iter_rows()))


def _performance(published: Published, _run: RunInfo) -> str | None:
    rows = published.rows_of(SEASONAL_PERFORMANCE).filter(source="air", load="raw").drop_nulls("spf")
    rows = rows.sort(pl.col("dwelling_type") != "all", maintain_order=True)
    return None if rows.is_empty() else say_field(*rows.select("spf", "field_low", "field_high").row(0))


def _factors(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(LCOH_SENSITIVITY).filter(
        scenario=run.paper_scenario, convention=run.paper_convention, system="network", scale="small", parameter="demand", change=0.5
    )  # fmt: skip
    if rows.is_empty():
        return None
    change = float(rows["relative_change"][0])
    return f"Half the demand makes heat from the network {text.percent(abs(change))} {'dearer' if change > 0 else 'cheaper'} per MWh"


def _rates(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(LCOH_SENSITIVITY).filter(
        scenario=run.paper_scenario, convention=run.paper_convention, system="network", scale="small", parameter="discount_rate"
    )  # fmt: skip
    if rows.is_empty():
        return None
    row = rows.sort("change").row(-1, named=True)
    dearer = "dearer" if row["relative_change"] > 0 else "cheaper"
    return f"At a discount rate of {text.percent(row['change'])}, heat from the network is {text.percent(abs(row['relative_change']))} {dearer}"


def _sobol(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(LCOH_SOBOL).filter(scenario=run.scenario, convention=run.convention, system="ashp")
    if rows.is_empty():
        return None
    row = rows.sort("total_order", descending=True, maintain_order=True).row(0, named=True)
    return f"What decides most on the cost of an air source heat pump: {_of_parameter(row['parameter'])} ({text.percent(row['total_order'])} of the variance)"


def _of_parameter(parameter: str) -> str:
    name = text.name_of(parameter)
    return name[:1].lower() + name[1:]


def _selected(published: Published, _run: RunInfo) -> str | None:
    steps = published[SELECTION_FUNNEL].frame.filter(period=published.period).sort("step")["households"]
    if steps.is_empty() or steps[0] is None or steps[-1] is None:
        return None
    return say_selected(int(steps[0]), int(steps[-1]))


def _selection_effect(published: Published, _run: RunInfo) -> str | None:
    means = published[SELECTION_FUNNEL].frame.filter(period=published.period).sort("step")["heat_kwh_mean"].drop_nulls()
    if len(means) < 2:  # noqa: PLR2004 - before and after
        return None
    return say_change("The included homes use", float(means[-1]) / float(means[0]) - 1) + (
        " than all homes" if abs(float(means[-1]) / float(means[0]) - 1) >= ALIKE else " as all homes"
    )


def _lost_months(published: Published, _run: RunInfo) -> str | None:
    rows = published[BUILD_MONTH].frame.filter(pl.col("readings") > 0).sort("month")
    if rows.is_empty():
        return None
    lost = (rows["readings"] - rows["ok_half_hours"]).clip(lower_bound=0)
    shares = {f"{month:%B %Y}": share for month, share in zip(rows["month"], lost / rows["readings"], strict=True)}
    return say_left_out(shares, int(lost.sum()) / int(rows["readings"].sum()))


def _lost_flags(published: Published, _run: RunInfo) -> str | None:
    rows = published[FLAG_COUNT].frame.drop_nulls("share")
    if rows.is_empty():
        return None
    faulty = rows.filter(~pl.col("flag").is_in(["ok", REPLACED]), pl.col("share") > 0).sort("share", descending=True)
    total = float(faulty["share"].sum())
    if faulty.is_empty():
        return "Fewer readings are left out than one home delivers"
    most = text.name_of(faulty["flag"][0])
    return f"{_first_upper(_small_percent(total))} of readings are left out, most for: {most[:1].lower() + most[1:]} ({_small_percent(float(faulty['share'][0]))})"


def _gate(published: Published, _run: RunInfo) -> str | None:
    checks = published[QUALITY_RESULT].frame
    if checks.is_empty():
        return None
    held = int(checks["passed"].sum())
    if held == checks.height:
        return f"All {held:,} checks of the last run held"
    return f"{checks.height - held:,} of {checks.height:,} checks of the last run did not hold"


FINDINGS: Final[dict[str, Finding]] = {
    "annual-demand": _annual,
    "spread": _spread,
    "hourly-profile": _peak_hour,
    "load-duration": _duration,
    "day-map": _hour_of_day,
    "weather-fit": _kelvin,
    "gas-uses": _uses,
    "season-months": _months,
    "season-week": _weekend,
    "season-temperature": _bands,
    "diversity-peak": _diversity,
    "cost-individual": _individual,
    "cost-of-homes": _cost_of_homes,
    "cheapest": _shares,
    "cost-ranges": _ranges,
    "break-even": _break_even,
    "emissions": _emissions,
    "abatement": _abatement,
    "performance": _performance,
    "network-scale": lambda published, run: say_scale(_costs_of_options(published, run)[0]),
    "cost-networks": lambda published, run: say_beside(*_costs_of_options(published, run)),
    "cost-shares": _parts,
    "finance": _finance,
    "sensitivity-factors": _factors,
    "sensitivity-rates": _rates,
    "sobol": _sobol,
    "selection": _selected,
    "selection-effect": _selection_effect,
    "flags-by-month": _lost_months,
    "flags": _lost_flags,
    "gate-history": _gate,
}


def find(key: str, published: Published, run: RunInfo) -> str | None:
    """Return what a figure finds, or None where its numbers are hidden or missing."""
    finding = FINDINGS.get(key)
    return None if finding is None else finding(published, run)
