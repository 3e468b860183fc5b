"""The finding of each figure, as its title: one sentence from the numbers that the figure shows.

Each function reads the numbers from the published tables, and `reports.finding_words` makes the sentence. If a number is
hidden or missing, there is no finding, and the title is the topic of the figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import polars as pl

from reports import finding_words as words
from reports import text
from reports.figures.break_even_map import at_todays_prices
from reports.figures.changes import changed
from reports.figures.claims import verdicts
from reports.figures.completeness import observed_share
from reports.figures.cost import INDIVIDUAL, PARTS, individual_costs, options
from reports.figures.external import SHAPE, levels_and_shapes
from reports.figures.hours import mean_weeks
from reports.figures.lenses import to_whom
from reports.figures.quality import JUDGED, judged_share
from reports.figures.scale import trench_costs
from reports.finding_words import ALIKE, HOMES, REPLACED, first_upper, small_percent, times
from reports.inputs import Published, RunInfo
from transforms.lcoh.model.conventions import lenses_beside
from transforms.tables.cost import LCOH
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CHEAPEST_MAP,
    CLAIM,
    DIVERSITY,
    LCOH_DISTRIBUTION,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.electric import HEAT_PUMP_HOURLY, HEAT_PUMP_PEAK, HEAT_PUMP_TARIFF, HYBRID_HEAT_PUMP, RETROFIT
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON, SELECTION_FUNNEL
from transforms.tables.lineage import BUILD_MONTH, FLAG_COUNT, FLAG_JUDGEMENT, QUALITY_RESULT
from transforms.tables.published import HEAT_DEMAND_QUANTILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT
from transforms.tables.words import DWELLING_TYPES

EVENLY_KWH: Final = 1000.0  # size of a store that spreads heat evenly over the day

Finding = Callable[[Published, RunInfo], str | None]


def _of_all(published: Published, table: Table) -> pl.DataFrame:
    return published[table].frame.filter(period=published.period, dwelling_type="all")


def _annual(published: Published, _run: RunInfo) -> str | None:
    rows = published[HEAT_DEMAND_ANNUAL].frame.filter(period=published.period).drop_nulls("heat_kwh_mean")
    types = rows.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES))
    return words.say_least_and_most(dict(types.select("dwelling_type", "heat_kwh_mean").iter_rows()))


def _spread(published: Published, _run: RunInfo) -> str | None:
    rows = published[HEAT_DEMAND_QUANTILE].frame.filter(period=published.period).drop_nulls("heat_kwh_annual")
    types = rows.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES)).sort("quantile")
    ends = types.group_by("dwelling_type", maintain_order=True).agg(
        low=pl.col("heat_kwh_annual").first(), high=pl.col("heat_kwh_annual").last()
    )
    return words.say_ratio({name: (low, high) for name, low, high in ends.iter_rows()})


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
    return f"The mean home needs more than half of its peak in {small_percent(above)} of all hours"


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
    return f"Space heating takes {text.percent(space / (space + sum(others)))} of the mean home's gas"


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
    return f"A day in {names[int(most) - 1]} needs {times(days[most] / days[least])} the heat of a day in {names[int(least) - 1]}"


def _weekend(published: Published, _run: RunInfo) -> str | None:
    days = _segments(published, "day_kind")
    if set(days) != {"weekday", "weekend"}:
        return None
    change = days["weekend"] / days["weekday"] - 1
    return words.say_change("A weekend day takes", change) + (
        " than a weekday" if abs(change) >= ALIKE else " as a weekday"
    )


def _bands(published: Published, _run: RunInfo) -> str | None:
    days = _segments(published, "temperature_band")
    by_rank = sorted(days, key=lambda band: int(band.split("_to_")[0].replace("minus_", "-")))
    if len(by_rank) < 2 or days[by_rank[-1]] <= 0:  # noqa: PLR2004 - two bands, to compare
        return None
    return f"Days of {text.band(by_rank[0])} need {times(days[by_rank[0]] / days[by_rank[-1]])} the heat of days of {text.band(by_rank[-1])}"


def _diversity(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, DIVERSITY).filter(~pl.col("extrapolated"), interval_minutes=60).drop_nulls("peak_kw_p50")
    if rows.height < 2:  # noqa: PLR2004 - one home, and many
        return None
    first, *_, last = rows.sort("dwellings").select("dwellings", "peak_kw_p50").rows()
    return words.say_together(first[1], last[1], last[0]) if first[0] == 1 else None


def _week(published: Published, _run: RunInfo) -> str | None:
    weeks = mean_weeks(_of_all(published, HEAT_PROFILE))
    highest = weeks.group_by("season", maintain_order=True).agg(pl.col("heat_kwh_mean").max())
    return words.say_season(dict(highest.drop_nulls().iter_rows()))


def _individual(published: Published, run: RunInfo) -> str | None:
    rows = individual_costs(published, run).filter(pl.col("dwelling_type").is_in(DWELLING_TYPES))
    first = rows.sort("lcoh_gbp_per_mwh").unique("dwelling_type", keep="first", maintain_order=True)
    return words.say_cheapest_in_types(
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
    return words.say_shares_of_draws({text.name_of(system): share for system, share in of.iter_rows()})


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
    return words.say_emissions(
        {text.name_of(s): kg for s, kg in rows.select("system", "co2_kg_per_dwelling_year").iter_rows()}
    )


def _parts(published: Published, run: RunInfo) -> str | None:
    rows = options(published, run).unique("system", keep="first", maintain_order=True)
    names = {part: text.name_of(part.removesuffix("_gbp_per_mwh")) for part in PARTS}
    return words.say_largest_part(
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
    return words.say_break_even(text.name_of("ashp"), row["base"], row["value"])


def _abatement(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(ABATEMENT).filter(scenario=run.scenario, convention=run.convention, scale="individual")
    served = [name for name in ("stock", "all") if name in set(rows["dwelling_type"])]
    rows = rows.filter(dwelling_type=served[0]) if served else rows
    known = (
        rows.drop_nulls("cost_gbp_per_tonne")
        .sort("cost_gbp_per_tonne")
        .unique("system", keep="first", maintain_order=True)
    )
    return words.say_saving(
        {text.name_of(s): cost for s, cost in known.select("system", "cost_gbp_per_tonne").iter_rows()}
    )


def _finance(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(NETWORK_FINANCE).filter(scenario=run.scenario).drop_nulls(
        ["minimum_tariff_gbp_per_mwh", "heat_tariff_gbp_per_mwh"]
    )  # fmt: skip
    if rows.is_empty():
        return None
    least = rows.group_by("dwellings").agg(pl.col("minimum_tariff_gbp_per_mwh").min()).sort("dwellings")
    return words.say_investment(float(rows["heat_tariff_gbp_per_mwh"][0]), dict(least.iter_rows()))


def _performance(published: Published, _run: RunInfo) -> str | None:
    rows = published.rows_of(SEASONAL_PERFORMANCE).filter(source="air", load="raw").drop_nulls("spf")
    rows = rows.sort(pl.col("dwelling_type") != "all", maintain_order=True)
    return None if rows.is_empty() else words.say_field(*rows.select("spf", "field_low", "field_high").row(0))


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
    return f"What moves the cost of an air source heat pump most: {_of_parameter(row['parameter'])} ({text.percent(row['total_order'])} of the variance)"


def _of_parameter(parameter: str) -> str:
    name = text.name_of(parameter)
    return name[:1].lower() + name[1:]


def _selected(published: Published, _run: RunInfo) -> str | None:
    steps = published[SELECTION_FUNNEL].frame.filter(period=published.period).sort("step")["households"]
    if steps.is_empty() or steps[0] is None or steps[-1] is None:
        return None
    return words.say_selected(int(steps[0]), int(steps[-1]))


def _selection_effect(published: Published, _run: RunInfo) -> str | None:
    means = published[SELECTION_FUNNEL].frame.filter(period=published.period).sort("step")["heat_kwh_mean"].drop_nulls()
    if len(means) < 2:  # noqa: PLR2004 - before and after
        return None
    return words.say_change("The included homes use", float(means[-1]) / float(means[0]) - 1) + (
        " than all homes" if abs(float(means[-1]) / float(means[0]) - 1) >= ALIKE else " as all homes"
    )


def _lost_months(published: Published, _run: RunInfo) -> str | None:
    rows = published[BUILD_MONTH].frame.filter(pl.col("readings") > 0).sort("month")
    if rows.is_empty():
        return None
    lost = (rows["readings"] - rows["ok_half_hours"]).clip(lower_bound=0)
    shares = {f"{month:%B %Y}": share for month, share in zip(rows["month"], lost / rows["readings"], strict=True)}
    return words.say_left_out(shares)


def _lost_flags(published: Published, _run: RunInfo) -> str | None:
    rows = published[FLAG_COUNT].frame.drop_nulls("share")
    if rows.is_empty():
        return None
    faulty = rows.filter(~pl.col("flag").is_in(["ok", REPLACED]), pl.col("share") > 0).sort("share", descending=True)
    total = float(faulty["share"].sum())
    if faulty.is_empty():
        return "Fewer readings are left out than one home delivers"
    most = text.name_of(faulty["flag"][0])
    return f"{first_upper(small_percent(total))} of readings are left out; the commonest fault: {most[:1].lower() + most[1:]} ({small_percent(float(faulty['share'][0]))})"


def _gate(published: Published, _run: RunInfo) -> str | None:
    checks = published[QUALITY_RESULT].frame
    if checks.is_empty():
        return None
    held = int(checks["passed"].sum())
    if held == checks.height:
        return f"All {held:,} checks of the last run held"
    return f"{checks.height - held:,} of {checks.height:,} checks of the last run did not hold"


def _individual_to_household(published: Published, run: RunInfo) -> str | None:
    return _individual(published, replace(run, convention="best_practice_private"))


def _by_scenario(published: Published, run: RunInfo) -> str | None:
    conventions = [run.convention, *lenses_beside(run.convention)]
    rows = published[LCOH].frame.filter(
        pl.col("convention").is_in(conventions), pl.col("system").is_in(INDIVIDUAL), scenario=run.scenario, demand_basis="measured",
        period=published.period, dwelling_type=options(published, run)["dwelling_type"][0],
    )  # fmt: skip
    first = rows.sort(pl.col("convention").cast(pl.Enum(list(dict.fromkeys(conventions)))), "lcoh_gbp_per_mwh").unique(
        "perspective", keep="first", maintain_order=True
    )
    return words.say_cheapest_to_each(
        {
            to_whom(row["perspective"]): (text.name_of(row["system"]), row["lcoh_gbp_per_mwh"])
            for row in first.iter_rows(named=True)
        }
    )


def _map_of_prices(published: Published, run: RunInfo) -> str | None:
    rows = published.rows_of(CHEAPEST_MAP).filter(scenario=run.scenario, convention=run.convention, dwelling_type="all")
    if rows.is_empty():
        return None
    shares = {text.name_of(name): count / rows.height for name, count in rows["system"].value_counts().iter_rows()}
    return words.say_cheapest_at(shares, text.name_of(at_todays_prices(rows)["system"]))


def _trench(published: Published, _run: RunInfo) -> str | None:
    rows = trench_costs(published)
    if rows.is_empty():
        return None
    networks = rows.filter(system="network", width_rule="2011")
    single = rows.filter(pl.col("system") != "network")["p50"].drop_nulls()
    if single.is_empty():
        return None
    return words.say_trench(
        dict(networks.select("connection_share", "p50").iter_rows()), float(single.to_numpy().min())
    )


def _heat_pump_peak(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, HEAT_PUMP_PEAK).drop_nulls("electricity_kw_p50").sort("store_kwh")
    rows = rows.filter(pl.col("dwellings") == pl.col("dwellings").max())
    stores = rows.filter(pl.col("store_kwh") < EVENLY_KWH)
    shown = stores if stores.height > 1 else rows
    return words.say_lower_peak(
        {_with_store(store): kw for store, kw in shown.select("store_kwh", "electricity_kw_p50").iter_rows()}
    )


def _with_store(kwh: float) -> str:
    if kwh == 0:
        return "without a store"
    return "with heat spread over the day" if kwh >= EVENLY_KWH else f"with a store of {kwh:.0f} kWh"


def _heat_pump_day(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, HEAT_PUMP_HOURLY)
    ways = {"run like boilers": "electricity_kw", "run evenly through the day": "electricity_even_kw"}
    peaks = {way: rows[name].drop_nulls() for way, name in ways.items()}
    return words.say_lower_peak({way: float(kw.to_numpy().max()) for way, kw in peaks.items() if len(kw)})


def _hybrids(published: Published, _run: RunInfo) -> str | None:
    return words.say_hybrid(
        dict(
            _of_all(published, HYBRID_HEAT_PUMP).drop_nulls("heat_share").select("size_share", "heat_share").iter_rows()
        )
    )


def _retrofit(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, RETROFIT).drop_nulls("worth_gbp_per_mwh").sort("heat_loss_cut")
    first = rows.unique("system", keep="first", maintain_order=True)
    return words.say_worth(
        {text.name_of(s): worth for s, worth in first.select("system", "worth_gbp_per_mwh").iter_rows()}
    )


def _tariff(published: Published, _run: RunInfo) -> str | None:
    rows = _of_all(published, HEAT_PUMP_TARIFF).filter(pl.col("store_kwh").is_between(0, EVENLY_KWH, closed="none"))
    factors = rows["price_factor"].drop_nulls()
    return None if factors.is_empty() else words.say_store(float(factors.to_numpy().min()))


def _observed(published: Published, _run: RunInfo) -> str | None:
    of_types = pl.col("dwelling_type").is_in(DWELLING_TYPES) & (pl.col("period") == published.period)
    demand, profile = (published[table].frame.filter(of_types) for table in (HEAT_DEMAND_ANNUAL, HEAT_PROFILE))
    shares = observed_share(profile, demand).drop_nulls("share")
    return words.say_observed(
        dict(shares.group_by("dwelling_type", maintain_order=True).agg(pl.col("share").mean()).iter_rows())
    )


def _judged(published: Published, _run: RunInfo) -> str | None:
    shares = judged_share(published[FLAG_JUDGEMENT].frame)
    known = dict.fromkeys(shares["flag"].unique(maintain_order=True), 0.0)
    known |= dict(shares.filter(outcome=JUDGED).select("flag", "share").iter_rows())
    return words.say_judged({text.name_of(flag).lower(): share for flag, share in known.items()})


def _statements(published: Published, _run: RunInfo) -> str | None:
    met, judged, foreseen = verdicts(published.rows_of(CLAIM))
    return words.say_met(met, judged, foreseen)


def _moved(published: Published, _run: RunInfo) -> str | None:
    rows = changed(published).filter(period=published.period)
    return words.say_moved(
        {
            text.name_of(name): change
            for name, change in rows.drop_nulls("relative_change")
            .select("dwelling_type", "relative_change")
            .iter_rows()
        }
    )


def _beside_published(published: Published, _run: RunInfo) -> str | None:
    rows = levels_and_shapes(published)[0].drop_nulls("ratio")
    return words.say_ratio_to_published(
        {
            f"{quantity}, {segment}, {study}": ratio
            for quantity, segment, study, ratio in rows.select("quantity", "segment", "study", "ratio").iter_rows()
        }
    )


def _shapes_beside_published(published: Published, _run: RunInfo) -> str | None:
    apart = (pl.col("own") - pl.col("published")).abs().mean() / pl.col("published").mean()
    shapes = levels_and_shapes(published)[1].group_by(SHAPE, maintain_order=True).agg(apart=apart)
    return words.say_shapes(shapes["apart"].drop_nulls().to_list())


FINDINGS: Final[dict[str, Finding]] = {
    "annual-demand": _annual,
    "spread": _spread,
    "hourly-profile": _peak_hour,
    "load-duration": _duration,
    "day-map": _hour_of_day,
    "weather-fit": _kelvin,
    "gas-uses": _uses,
    "week-by-season": _week,
    "season-months": _months,
    "season-week": _weekend,
    "season-temperature": _bands,
    "diversity-peak": _diversity,
    "cost-individual": _individual,
    "cost-individual-best-practice-private": _individual_to_household,
    "cost-readings": _by_scenario,
    "cheapest-map": _map_of_prices,
    "cost-of-homes": _cost_of_homes,
    "cheapest": _shares,
    "cost-ranges": _ranges,
    "break-even": _break_even,
    "emissions": _emissions,
    "abatement": _abatement,
    "performance": _performance,
    "network-trench": _trench,
    "cost-networks": lambda published, run: words.say_beside(*_costs_of_options(published, run)),
    "cost-shares": _parts,
    "finance": _finance,
    "heat-pump-peak": _heat_pump_peak,
    "heat-pump-day": _heat_pump_day,
    "heat-pump-tariff": _tariff,
    "hybrids": _hybrids,
    "retrofit": _retrofit,
    "sensitivity-factors": _factors,
    "sensitivity-rates": _rates,
    "sobol": _sobol,
    "selection": _selected,
    "selection-effect": _selection_effect,
    "flags-by-month": _lost_months,
    "flags": _lost_flags,
    "completeness": _observed,
    "judgements": _judged,
    "gate-history": _gate,
    "external-levels": _beside_published,
    "external-shapes": _shapes_beside_published,
    "claims-table": _statements,
    "demand-change": _moved,
}


def find(key: str, published: Published, run: RunInfo) -> str | None:
    """Return the finding of a figure, or None if its numbers are hidden or missing."""
    finding = FINDINGS.get(key)
    return None if finding is None else finding(published, run)
