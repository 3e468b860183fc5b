"""All tables of areas, made from published areas and from the means of dwelling types."""

from __future__ import annotations

import polars as pl

from transforms.areas.borders import borders_to_frames
from transforms.areas.clusters import area_clusters
from transforms.areas.costs import AreaLens, area_lcoh
from transforms.areas.demand import HomeDemand, Means, list_home_demands, measured_home_demand, paper_home_demand
from transforms.areas.figures import AreaFigures
from transforms.areas.geometry import Coverage
from transforms.areas.heat import area_heat
from transforms.areas.reference import AreaReference
from transforms.areas.validation import score_areas, validate_areas
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.load_shape import load_shape
from transforms.tables.areas import (
    AREA,
    AREA_ARC,
    AREA_CLUSTER,
    AREA_GAS,
    AREA_HEAT,
    AREA_HOME_DEMAND,
    AREA_LCOH,
    AREA_RING,
    AREA_VALIDATION,
    AREA_VALIDATION_SCORE,
    CONTRIBUTION,
    CONTRIBUTION_LOG,
)
from transforms.tables.schema import Table


def list_demands(means: Means, assumptions: pl.DataFrame, scenario: str) -> list[HomeDemand]:
    """Return the demands with which areas are modelled: the paper's, then the measured ones where there are any."""
    paper = paper_home_demand(paper_demand(assumptions), load_shape(scenario_figures(assumptions, scenario)))
    measured = measured_home_demand(paper, means)
    return [paper] if measured is None else [paper, measured]


def make_area_tables(
    reference: AreaReference,
    means: Means,
    assumptions: pl.DataFrame,
    figures: AreaFigures,
    *,
    scenario: str,
    convention: str,
) -> dict[Table, pl.DataFrame]:
    """Return every table of areas.

    Parameters
    ----------
    reference
        Areas, gas and borders, as published.
    means
        Means of dwelling types, of a run or of its release.
    assumptions, figures
        The table `assumption`, and the declared values of areas.
    scenario, convention
        Names of the set of prices and of the convention by which areas are costed.

    """
    demands = list_demands(means, assumptions, scenario)
    costed = demands[-1:]  # the measured ones where there are any: two costs of one area would only confuse
    values = scenario_figures(assumptions, scenario)
    lens = AreaLens.with_mapped_pipe(values, scenario=scenario, convention=convention)
    efficiency = values.one("boiler_stock", "efficiency")
    validation = validate_areas(reference.gas, demands, efficiency=efficiency)
    heat = area_heat(reference.area, demands, figures, efficiency=efficiency, validation=validation)
    arc, ring = borders_to_frames(reference.borders)
    drawn = list(reference.borders)[-1]  # the finest level that has borders
    neighbours = Coverage.from_rings(reference.borders[drawn].corners()).list_neighbours()
    finest = reference.area.filter(pl.col("level") == drawn)
    return {
        AREA: reference.area,
        AREA_ARC: arc,
        AREA_RING: ring,
        AREA_GAS: reference.gas,
        AREA_HOME_DEMAND: list_home_demands(demands),
        AREA_HEAT: heat,
        AREA_LCOH: area_lcoh(reference.area, heat, costed, lens),
        AREA_CLUSTER: area_clusters(finest, heat, neighbours, costed, figures=figures, lens=lens)
        if lens.can_cost_networks
        else AREA_CLUSTER.empty(),
        AREA_VALIDATION: validation,
        CONTRIBUTION: reference.contribution,
        CONTRIBUTION_LOG: reference.contribution_log,
        AREA_VALIDATION_SCORE: score_areas(reference.gas, demands, efficiency=efficiency, trend=figures.gas_trend),
    }
