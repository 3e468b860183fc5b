"""The last stages: how high many homes peak together, and what their heat costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from flows.fingerprints import code_fingerprint, describe_table, fingerprint
from flows.inputs import Inputs, load_readings
from flows.plan import PeriodUnit, Unit, cut_spans, hash_frame
from flows.settings import Settings
from transforms import tables
from transforms.claims import claim_table
from transforms.cold_days import ColdDays, choose_cold_days, list_complete_homes, place_load
from transforms.demand import Bootstrap
from transforms.diversity import DiversityRule, list_peak_draws, measure_diversity
from transforms.inferred_flags import flag_spans
from transforms.lcoh.abatement import abatement_table
from transforms.lcoh.break_even import break_even_table
from transforms.lcoh.curves import sensitivity_table
from transforms.lcoh.finance import finance_table
from transforms.lcoh.households import cost_distribution, household_costs
from transforms.lcoh.intervals import add_intervals
from transforms.lcoh.measured_rows import measured_rows, replace_rows
from transforms.lcoh.network_draws import intervals_by_draws
from transforms.lcoh.parameters import SCALE_ITEM
from transforms.lcoh.performance import reference_performance, seasonal_performance
from transforms.lcoh.probability import probability_table
from transforms.lcoh.scenarios import scenario_figures
from transforms.lcoh.table import NETWORK_DEMAND, lcoh_table, paper_demand
from transforms.lcoh.uncertainty import check_ranges
from transforms.lcoh.variance import sobol_table
from transforms.neighbour_flags import flag_exactly
from transforms.profiles import stock_weights
from transforms.schema import Table
from transforms.selection import list_homes
from warehouse.figures import read_figures
from warehouse.lake import Lake

PAPER_SCENARIO, PAPER_CONVENTION = (
    "paper_fit",
    "wang2018",
)  # always published too: they show that the paper is reproduced
RIVAL_CONVENTION = "rival"  # the other reading of the paper: how far convention alone moves a result
DIVERSITY_TABLES = (tables.DIVERSITY_CURVE, tables.PEAK_DRAW, tables.DIVERSITY_HOME, tables.DIVERSITY)
COST_TABLES = (
    tables.ASSUMPTION, tables.LCOH, tables.LCOH_HOUSEHOLD, tables.LCOH_DISTRIBUTION, tables.LCOH_SENSITIVITY,
    tables.LCOH_SOBOL, tables.LCOH_PROBABILITY, tables.BREAK_EVEN, tables.ABATEMENT, tables.SEASONAL_PERFORMANCE,
    tables.NETWORK_FINANCE, tables.CLAIM,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DiversityUnit(Unit):
    """One study period whose peaks of many homes are to be measured, also of the numbers in `sizes`."""

    of: PeriodUnit
    sizes: tuple[int, ...]
    stage: ClassVar[str] = "measure diversity"
    tables: ClassVar[tuple[str, ...]] = ("diversity_curve", "peak_draw", "diversity_home", "diversity")

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"diversity {self.of.period.label}"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return self.of.folder


@dataclass(frozen=True, slots=True, kw_only=True)
class CostUnit(Unit):
    """All costs of a run."""

    diversities: tuple[DiversityUnit, ...]
    assumptions: pl.DataFrame
    stage: ClassVar[str] = "cost heat"
    tables: ClassVar[tuple[str, ...]] = tuple(table.name for table in COST_TABLES)

    @property
    def name(self) -> str:
        """What people call the unit."""
        return "costs"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return "costs"


def plan_diversity(periods: Sequence[PeriodUnit], assumptions: pl.DataFrame) -> list[DiversityUnit]:
    """Return the unit of each study period."""
    code, shape = code_fingerprint("diversity"), [describe_table(table) for table in DIVERSITY_TABLES]
    scales = assumptions.filter(pl.col("item") == SCALE_ITEM)["value"].cast(pl.Int64)
    sizes = tuple(scales.unique().sort())
    rule = hash_frame(read_figures("diversity_rule"))
    return [
        DiversityUnit(
            of=unit,
            sizes=sizes,
            fingerprint=fingerprint(period=unit.fingerprint, sizes=sizes, rule=rule, code=code, tables=shape),
        )
        for unit in periods
    ]


def plan_costs(diversities: Sequence[DiversityUnit], assumptions: pl.DataFrame, settings: Settings) -> CostUnit:
    """Return the unit of all costs."""
    return CostUnit(
        diversities=tuple(diversities),
        assumptions=assumptions,
        fingerprint=fingerprint(
            periods=[(unit.fingerprint, unit.of.fingerprint) for unit in diversities],
            assumptions=hash_frame(assumptions),
            figures=[hash_frame(read_figures(name)) for name in ("uncertainty_range", "claim")],
            settings=settings.model_dump(mode="json", include={"scenario", "convention", "seed", "sobol_samples"}),
            code=code_fingerprint("cost"),
            tables=[describe_table(table) for table in COST_TABLES],
        ),
    )


def work_diversity(lake: Lake, unit: DiversityUnit, inputs: Inputs, settings: Settings) -> dict[str, int]:
    """Measure the peaks of many homes in one period and return its counts."""
    rule = DiversityRule.from_table(read_figures("diversity_rule"))
    homes = list_homes(inputs.households, inputs.seen).select("household_id", "dwelling_type")
    included = lake.read(unit.of.key("household_period")).filter("included").join(homes, on="household_id")
    profile = lake.read(unit.of.key("heat_profile"))
    days = choose_cold_days(inputs.temperature, profile, unit.of.period, coldest_days=rule.coldest_days)
    months = [month for month in unit.of.months if any(d.replace(day=1) == month.of.first_day for d in days.dates)]
    hourly = (lake.read(month.key("heat_hourly")) for month in months)
    half_hourly = _half_hours(lake, unit.of, inputs, days)
    loads = [
        place_load(frames, included, days, interval_minutes=minutes, completeness_min=rule.completeness_min)
        for minutes, frames in ((60, hourly), (30, half_hourly))
    ]
    found = measure_diversity(
        loads,
        period=unit.of.period.label,
        rule=rule,
        bootstrap=Bootstrap(replicates=settings.bootstrap_replicates, seed=settings.seed),
        weights=stock_weights(included, inputs.stock_shares),
        sizes=unit.sizes,
    )
    lake.put_frame(unit.key("diversity_curve"), found.curve)
    lake.put_frame(unit.key("peak_draw"), list_peak_draws(found, unit.of.period.label))
    lake.put_frame(unit.key("diversity_home"), list_complete_homes(loads, unit.of.period.label))
    lake.put_frame(unit.key("diversity"), found.table)
    return {"homes": len(included), "rows": len(found.table)}


def _half_hours(lake: Lake, period: PeriodUnit, inputs: Inputs, days: ColdDays) -> Iterator[pl.DataFrame]:
    """Give the good half-hours of the coldest days, month by month, as heat."""
    for month in period.months:
        wanted = [day for day in days.dates if day.replace(day=1) == month.of.first_day]
        if wanted:
            readings, sources = load_readings(lake, month.of, inputs)
            of_days = readings.filter(pl.col("interval_start_utc").dt.date().is_in(wanted))
            judged = flag_exactly(of_days, sources, known=inputs.known).pipe(
                flag_spans, cut_spans(inputs.spans, month.of)
            )
            yield judged.filter(pl.col("flag") == "ok").select(
                pl.col("household_id").cast(pl.String),
                "interval_start_utc",
                heat_kwh=pl.col("gas_kwh") * inputs.boiler_efficiency,
            )


def work_costs(lake: Lake, unit: CostUnit, inputs: Inputs, settings: Settings) -> dict[str, int]:
    """Cost the heat of all periods and return the counts."""
    periods = [diversity.of for diversity in unit.diversities]

    def read(table: Table, units: Sequence[Unit] = periods) -> pl.DataFrame:
        return pl.concat([table.empty(), *(table.conform(lake.read(one.key(table.name))) for one in units)])

    demand, profile, fit = read(tables.HEAT_DEMAND_ANNUAL), read(tables.HEAT_PROFILE), read(tables.WEATHER_FIT)
    figures = scenario_figures(unit.assumptions, settings.scenario)
    seasonal = pl.concat(
        [seasonal_performance(profile, fit, figures, inputs.normal), reference_performance(figures, inputs.normal)]
    )
    assumptions = unit.assumptions
    if periods:
        measured = measured_rows(
            period=periods[-1].period.label, profile=profile, demand=demand, weather_fit=fit, seasonal=seasonal,
            diversity=read(tables.DIVERSITY, unit.diversities), curve=read(tables.DIVERSITY_CURVE, unit.diversities),
        )  # fmt: skip
        assumptions = replace_rows(assumptions, measured)
    homes = _included_homes(read(tables.HOUSEHOLD_PERIOD), read(tables.HOUSEHOLD_WEATHER), inputs)
    origins = None if inputs.households is None else inputs.households["origin"].drop_nulls().sort()
    frames = cost_everything(
        demand, profile, homes, peaks=read(tables.PEAK_DRAW, unit.diversities), seasonal=seasonal,
        assumptions=assumptions, settings=settings, stock_shares=inputs.stock_shares,
        origin=None if origins is None or origins.is_empty() else str(origins[0]),
    )  # fmt: skip
    for table in COST_TABLES:
        lake.put_frame(unit.key(table.name), table.conform(frames[table]).sort(table.key))
    return {table.name: len(frames[table]) for table in COST_TABLES}


def _included_homes(by_period: pl.DataFrame, weather: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    types = list_homes(inputs.households, inputs.seen).select("household_id", "dwelling_type")
    return (
        by_period.filter("included")
        .select("household_id", "period", "heat_kwh_annual")
        .join(types, on="household_id")
        .join(weather.select("household_id", "period", "heat_loss_w_per_k"), on=["household_id", "period"], how="left")
        .sort("household_id", "period")
    )


def cost_everything(
    demand: pl.DataFrame,
    profile: pl.DataFrame,
    homes: pl.DataFrame,
    *,
    peaks: pl.DataFrame,
    seasonal: pl.DataFrame,
    assumptions: pl.DataFrame,
    settings: Settings,
    stock_shares: Mapping[str, float],
    origin: str | None,
) -> dict[Table, pl.DataFrame]:
    """Return every table of costs; comparisons, shares and break-evens are on the convention of the settings."""
    household = household_costs(homes, assumptions, scenario=settings.scenario, convention=settings.convention)
    types = homes.unique("household_id").select("household_id", "dwelling_type")
    return {
        tables.ASSUMPTION: assumptions,
        tables.LCOH: cost_demands(demand, homes, peaks, assumptions, settings=settings, stock_shares=stock_shares),
        tables.LCOH_HOUSEHOLD: household,
        tables.LCOH_DISTRIBUTION: cost_distribution(
            household, types, demand, assumptions, weights=stock_weights(types, stock_shares)
        ),
        tables.SEASONAL_PERFORMANCE: seasonal,
        **cost_means(demand, profile, assumptions, settings, origin=origin),
    }


def cost_demands(
    demand: pl.DataFrame,
    homes: pl.DataFrame,
    peaks: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    settings: Settings,
    stock_shares: Mapping[str, float],
) -> pl.DataFrame:
    """Return the cost of heat at all demands by all published readings, with intervals (`tables.LCOH`)."""
    asked = pl.concat([measured_demand(demand), paper_demand(assumptions)])
    readings = published_readings(settings)
    costs = pl.concat(lcoh_table(asked, assumptions, scenario=s, convention=c) for s, c in readings)
    weights = {
        str(period): stock_weights(of.select("household_id", "dwelling_type"), stock_shares)
        for (period,), of in homes.group_by("period")
    }
    bootstrap = Bootstrap(replicates=settings.bootstrap_replicates, seed=settings.seed)
    networks = intervals_by_draws(costs, homes, peaks, assumptions, weights=weights, bootstrap=bootstrap)
    return tables.LCOH.conform(add_intervals(costs, demand, assumptions, networks=networks))


def cost_means(
    demand: pl.DataFrame, profile: pl.DataFrame, assumptions: pl.DataFrame, settings: Settings, *, origin: str | None
) -> dict[Table, pl.DataFrame]:
    """Return the tables of costs that rest on the means of dwelling types alone, published or not."""
    scenario, convention = settings.scenario, settings.convention
    paper = paper_demand(assumptions)
    basis = measured if len(measured := measured_demand(demand)) else paper
    served = _served_demand(basis)
    ranges = check_ranges(read_figures("uncertainty_range"))
    curves = [
        sensitivity_table(assumptions, scenario=s, convention=c, demand_kwh=kwh)
        for s, c, kwh in (
            (PAPER_SCENARIO, PAPER_CONVENTION, _served_demand(paper)),
            (scenario, convention, served),
        )
    ]
    return {
        tables.LCOH_SENSITIVITY: pl.concat(curves).unique(tables.LCOH_SENSITIVITY.key, maintain_order=True),
        tables.LCOH_SOBOL: sobol_table(
            assumptions,
            ranges,
            scenario=scenario,
            convention=convention,
            demand_kwh=served,
            seed=settings.seed,
            samples=settings.sobol_samples,
        ),
        tables.LCOH_PROBABILITY: probability_table(
            basis, assumptions, ranges, scenario=scenario, convention=convention, seed=settings.seed
        ),
        tables.BREAK_EVEN: break_even_table(basis, assumptions, scenario=scenario, convention=convention),
        tables.ABATEMENT: abatement_table(basis, assumptions, scenario=scenario, convention=convention),
        tables.NETWORK_FINANCE: finance_table(basis, assumptions, scenario=scenario),
        tables.CLAIM: claim_table(read_figures("claim"), assumptions, demand=demand, profile=profile, origin=origin),
    }


def published_readings(settings: Settings) -> list[tuple[str, str]]:
    """Return the scenarios and conventions that are published: the paper's, its rival, and that of comparisons."""
    paper = [(PAPER_SCENARIO, name) for name in (PAPER_CONVENTION, RIVAL_CONVENTION)]
    return list(dict.fromkeys([*paper, (settings.scenario, settings.convention)]))


def measured_demand(demand: pl.DataFrame) -> pl.DataFrame:
    """Return the measured demands in the shape that the cost model reads."""
    return demand.filter(pl.col("heat_kwh_mean") > 0).select(
        "dwelling_type", "period", demand_basis=pl.lit("measured"), demand_kwh="heat_kwh_mean"
    )


def _served_demand(demand: pl.DataFrame) -> float:
    """Return the demand per home of the latest period that networks serve [kWh/yr]."""
    latest = demand.filter(pl.col("period") == demand["period"].max())
    known = dict(latest.select("dwelling_type", "demand_kwh").iter_rows())
    return float(next(known[name] for name in (*NETWORK_DEMAND, *known) if name in known))
