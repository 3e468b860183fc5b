"""Stage: the areas of London; and the tables of areas in a release, which are computed from published means only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from flows.pipeline.code import code_fingerprint
from flows.pipeline.content import Content
from flows.pipeline.costs import COST_HEAT, HeatToCost
from flows.pipeline.parts import Parts
from flows.pipeline.unit import Frames, Stage, Unit, fingerprint
from flows.settings import Settings
from quality.disclosure.accounts import publish_open
from quality.disclosure.everything import by_name
from quality.disclosure.rule import DisclosureRule
from transforms.areas.demand import Means
from transforms.areas.figures import AreaFigures
from transforms.areas.reference import AreaReference
from transforms.areas.tables import make_area_tables
from transforms.public.public import PublicTable
from transforms.tables.areas import AREA_TABLES
from transforms.tables.cost import ASSUMPTION
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT
from warehouse.areas.built_in import read_built_in
from warehouse.areas.folder import read_area_folder
from warehouse.figures import read_figures
from warehouse.lake import Lake

Tables = Mapping[str, PublicTable]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreasToModel:
    """The areas, and the heat and costs from which they are modelled."""

    costs: Unit[HeatToCost]
    reference: AreaReference
    figures: AreaFigures


def plan_areas(content: Content) -> list[Unit[AreasToModel]]:
    """Return the one unit of all areas: if a file of the area folder changes, only this unit is worked on again."""
    (costs,) = content.units_of(COST_HEAT)
    given = AreasToModel(costs=costs, reference=read_areas(content.settings), figures=read_area_figures())
    return [MODEL_AREAS.make_unit("areas", given)]


def work_areas(lake: Lake, unit: Unit[AreasToModel]) -> tuple[Frames, dict[str, int]]:
    """Model the heat and the costs of all areas."""
    given, costs = unit.given, unit.given.costs
    diversities = costs.given.diversities
    periods = [diversity.given.period for diversity in diversities]

    def read(table: Table, units: Sequence[Unit[Any]]) -> pl.DataFrame:
        return pl.concat([table.empty(), *(lake.read(one.key(table)) for one in units)])

    means = Means(
        demand=read(HEAT_DEMAND_ANNUAL, periods),
        profile=read(HEAT_PROFILE, periods),
        weather_fit=read(WEATHER_FIT, periods),
        diversity=read(DIVERSITY, diversities),
        made_up=costs.given.origin is not None,
        cost_weather=costs.given.choices.weather,
    )
    choices = costs.given.choices
    frames = make_area_tables(
        given.reference,
        means,
        lake.read(costs.key(ASSUMPTION)),
        given.figures,
        scenario=choices.scenario,
        convention=choices.convention,
    )
    return frames, {table.name: len(frames[table]) for table in AREA_TABLES}


MODEL_AREAS = Stage(
    name="model areas", keyed_by="run", unit_name="{}", tables=AREA_TABLES, plan=plan_areas, work=work_areas
)


def read_area_figures() -> AreaFigures:
    """Return the shipped assumptions about areas."""
    return AreaFigures.from_table(read_figures("area_figure"))


def read_areas(settings: Settings) -> AreaReference:
    """Return the areas of the area folder, or the built-in ones, with the contributions of others."""
    reference = read_built_in() if settings.area_folder is None else read_area_folder(settings.area_folder).reference
    contributions = settings.folders.contributions
    return replace(reference, contribution=contributions.current(), contribution_log=contributions.log_table())


def publish_areas(published: Tables, settings: Settings, *, origin: str | None, parts: Parts) -> dict[str, PublicTable]:
    """Return every table of areas, computed from published means only, so that they reveal nothing more than the means.

    A hidden dwelling type is scaled from the others. A held one keeps the values of an earlier release. Both are named.
    """
    demand, profile, fit, diversity, assumptions = (
        published[table.name] for table in (HEAT_DEMAND_ANNUAL, HEAT_PROFILE, WEATHER_FIT, DIVERSITY, ASSUMPTION)
    )
    means = Means(
        demand=demand.frame,
        profile=profile.frame,
        weather_fit=fit.frame,
        diversity=diversity.frame,
        made_up=origin is not None,
        held=frozenset(demand.few_changes["dwelling_type"]),
        cost_weather=settings.cost_weather,
    )
    reference, figures, reading = read_areas(settings), read_area_figures(), (settings.scenario, settings.convention)
    tables = parts.take_tables(
        "areas",
        code=code_fingerprint(make_area_tables),
        given=fingerprint(
            reference=reference, means=means, assumptions=assumptions.frame, figures=figures, reading=reading
        ),
        make=lambda: make_area_tables(
            reference, means, assumptions.frame, figures, scenario=reading[0], convention=reading[1]
        ),
    )
    rule = DisclosureRule(threshold=settings.disclosure_threshold)
    return by_name(publish_open(table, frame, rule=rule) for table, frame in tables.items())
