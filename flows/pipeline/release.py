"""The release: all tables of a warehouse that may be published, from the means of homes to the list of changes.

Means pass disclosure control first. All costs are then computed from published means, so that they reveal nothing more
than the means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from flows.pipeline.areas import publish_areas
from flows.pipeline.code import code_fingerprint
from flows.pipeline.costs import cost_choices, cost_means, heat_electrically, read_ranges
from flows.pipeline.external import compare_with_studies
from flows.pipeline.parts import Parts
from flows.pipeline.unit import fingerprint
from flows.settings import Settings
from quality.disclosure.accounts import publish_external, publish_open
from quality.disclosure.cells import publish_computed
from quality.disclosure.changes import add_changes
from quality.disclosure.everything import by_name, disclose_costs, disclose_means, seal
from quality.disclosure.rule import DisclosureRule
from transforms.climate.weather_normal import NormalWeather
from transforms.electric.tables import MeasuredMeans
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import in_cost_weather, measured_demand, paper_demand
from transforms.lcoh.model.measured_rows import HeatOfHomes, measured_rows, replace_rows, without_types
from transforms.lcoh.model.performance import reference_performance, seasonal_performance
from transforms.lcoh.results.components import component_tables, lenses_of
from transforms.lcoh.results.households import cost_quantiles
from transforms.lcoh.results.published import PAPER_SCENARIO
from transforms.lcoh.results.table import lcoh_table
from transforms.public.public import PublicTable, Release
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import DIVERSITY, SEASONAL_PERFORMANCE
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.published import HEAT_DEMAND_QUANTILE, LCOH_QUANTILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT
from warehouse.cost_figures import read_shipped_assumptions
from warehouse.figures import read_figures
from warehouse.public.releases import ReleaseFolder

Query = Callable[[str], pl.DataFrame]
Tables = Mapping[str, PublicTable]


def publish_release(
    query: Query, releases: ReleaseFolder, settings: Settings, *, release_id: str, origin: str | None, parts: Parts
) -> Release:
    """Return every table of a warehouse that may be published, given all earlier releases.

    Parameters
    ----------
    query
        Runs SQL on the warehouse.
    releases
        The memory of earlier releases.
    settings
        Settings: scenario, convention, threshold and folder of references.
    release_id
        Id of the release, which is that of the snapshot.
    origin
        What made the homes up; None if they are real.
    parts
        Parts of the last report.

    """
    rule = DisclosureRule(threshold=settings.disclosure_threshold)
    means = disclose_means(query, last=releases.latest(), rule=rule)
    tables = dict(means.tables)
    assumptions = publish_open(
        ASSUMPTION,
        measure_again(query("SELECT * FROM assumption ORDER BY ALL"), tables, settings, origin=origin),
        rule=rule,
    )
    tables |= by_name([assumptions])
    tables |= disclose_costs(query, means, cost_published_means(query, tables, settings), assumptions)
    tables |= analyse_costs(tables, settings, origin=origin, parts=parts)
    tables |= publish_areas(tables, settings, origin=origin, parts=parts)
    compared = compare_with_studies(query, settings.reference_folder, tables, origin=origin).rows
    demand = tables[HEAT_DEMAND_ANNUAL.name]
    tables |= by_name([publish_external(compared, demand=demand, last=means.control.last, rule=rule)])
    return add_changes(seal(release_id, tables, means.control), releases.shown_before(release_id))


def measure_again(
    assumptions: pl.DataFrame, published: Tables, settings: Settings, *, origin: str | None
) -> pl.DataFrame:
    """Return the assumptions with what the cost model takes from the homes measured on the published tables."""
    profile, fit, diversity = (published[table.name].frame for table in (HEAT_PROFILE, WEATHER_FIT, DIVERSITY))
    demand = _costed_demand(published, settings)
    given = read_shipped_assumptions()
    if demand.is_empty():
        return replace_rows(without_types(assumptions), given.join(assumptions, on=ASSUMPTION.key, how="semi"))
    of_homes = HeatOfHomes(
        profile=profile, demand=demand, weather_fit=fit, seasonal=_performance(profile, fit, given, settings),
        diversity=diversity, curve=_limits(diversity),
    )  # fmt: skip
    measured = measured_rows(of_homes, period=str(demand["period"].max()), origin=origin)
    anew = replace_rows(given, measured).join(assumptions, on=ASSUMPTION.key, how="semi")
    return replace_rows(without_types(assumptions), anew).sort(ASSUMPTION.key)


def cost_published_means(query: Query, published: Tables, settings: Settings) -> pl.DataFrame:
    """Return the cost of heat at the published demands, in the scenarios and conventions of the warehouse (`LCOH`)."""
    demand = measured_demand(_costed_demand(published, settings))
    readings = query("SELECT DISTINCT scenario, convention FROM lcoh WHERE demand_basis = 'measured' ORDER BY ALL")
    if demand.is_empty():
        return LCOH.empty()
    assumptions = published[ASSUMPTION.name].frame
    costs = (lcoh_table(demand, assumptions, scenario=s, convention=c) for s, c in readings.iter_rows())
    return pl.concat([LCOH.empty(), *costs])


def analyse_costs(published: Tables, settings: Settings, *, origin: str | None, parts: Parts) -> dict[str, PublicTable]:
    """Return the tables of costs that follow from published means alone."""
    profile, assumptions, fit = (published[table.name].frame for table in (HEAT_PROFILE, ASSUMPTION, WEATHER_FIT))
    demand = _costed_demand(published, settings)
    means = MeasuredMeans(profile=profile, demand=demand, weather_fit=fit, diversity=published[DIVERSITY.name].frame)
    quantiles = published[HEAT_DEMAND_QUANTILE.name]
    of_quantiles = cost_quantiles(
        quantiles.frame, demand, assumptions, scenario=settings.scenario, convention=settings.convention
    )
    of_type_means = parts.take_tables(
        "costs of published means",
        code=code_fingerprint(cost_means),
        given=fingerprint(
            demand=demand, profile=profile, assumptions=assumptions, ranges=read_ranges(), claims=read_figures("claim"),
            choices=cost_choices(settings), origin=origin,
        ),
        make=lambda: cost_means(demand, profile, assumptions, settings, origin=origin),
    )  # fmt: skip
    of_means: dict[Table, pl.DataFrame] = {
        SEASONAL_PERFORMANCE: _performance(profile, fit, assumptions, settings),
        **of_type_means,
        **heat_electrically(means, assumptions, settings),
    }
    of_means |= component_tables(
        _latest_demand(demand, assumptions), assumptions, lenses_of(settings.scenario, settings.convention)
    )
    return by_name(
        [
            publish_computed(LCOH_QUANTILE, of_quantiles, of=quantiles),
            *(
                publish_computed(table, frame, of=published[HEAT_DEMAND_ANNUAL.name])
                for table, frame in of_means.items()
            ),
        ]
    )


def _costed_demand(published: Tables, settings: Settings) -> pl.DataFrame:
    """Return the published demands, in the weather on which costs rest."""
    return in_cost_weather(published[HEAT_DEMAND_ANNUAL.name].frame, settings.cost_weather)


def _latest_demand(demand: pl.DataFrame, assumptions: pl.DataFrame) -> pl.DataFrame:
    """Return the measured demands of the latest period, or the paper's demands if none is published."""
    measured = measured_demand(demand)
    latest = measured.filter(pl.col("period") == pl.col("period").max())
    return latest if len(latest) else paper_demand(assumptions)


def _limits(diversity: pl.DataFrame) -> pl.DataFrame:
    """Return the peak per dwelling at the end of each published curve, in place of the peak of infinitely many dwellings."""
    ends = diversity.filter("extrapolated").sort(DIVERSITY.key)
    return ends.group_by("dwelling_type", "period", "interval_minutes", maintain_order=True).agg(
        limit_kw=pl.col("peak_kw_p50").last()
    )


def _performance(
    profile: pl.DataFrame, fit: pl.DataFrame, assumptions: pl.DataFrame, settings: Settings
) -> pl.DataFrame:
    figures = scenario_figures(assumptions, PAPER_SCENARIO)
    normal = NormalWeather.from_tables(read_figures, years=settings.normal_weather)
    return pl.concat([seasonal_performance(profile, fit, figures, normal), reference_performance(figures, normal)])
