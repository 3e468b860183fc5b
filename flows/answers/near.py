"""`hearth near`: a question about a site, answered from published tables only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from flows.settings import Settings
from transforms.areas.borders import borders_from_frames, borders_to_frames
from transforms.areas.costs import AreaLens
from transforms.areas.demand import PAPER, Means, measured_home_demand, paper_home_demand
from transforms.areas.figures import AreaFigures
from transforms.areas.geometry import Coverage
from transforms.areas.grid import PlaceError, place_by_degrees, place_by_metres
from transforms.areas.search import NONE_CONTRIBUTED, Atlas, Site, order_areas, search_site
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.load_shape import load_shape
from transforms.public.inert_cells import make_inert
from transforms.tables.areas import AREA, AREA_ARC, AREA_RING, CONTRIBUTION, LEVELS
from transforms.tables.cost import ASSUMPTION
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT
from transforms.tables.words import DWELLING_TYPES
from warehouse.areas.built_in import read_built_in
from warehouse.areas.folder import read_area_folder
from warehouse.cost_figures import read_shipped_assumptions
from warehouse.figures import read_figures
from warehouse.reader import open_published

PUBLIC_DATABASE: Final = "downloads/public.duckdb"
WITHIN_PERIOD: Final = "period = (SELECT max(period) FROM heat_demand_annual)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAreas:
    """The published tables of areas and of homes that a search reads."""

    area: pl.DataFrame
    arc: pl.DataFrame
    ring: pl.DataFrame
    means: Means
    assumptions: pl.DataFrame
    contribution: pl.DataFrame


def find_site(
    *, lat: float | None, lon: float | None, easting: float | None, northing: float | None
) -> tuple[float, float]:
    """Return the place on the National Grid that a pair of coordinates names.

    Raises
    ------
    PlaceError
        If the coordinates are no pair, or outside London.

    """
    if lat is not None and lon is not None and easting is None and northing is None:
        return place_by_degrees(lat, lon)
    if easting is not None and northing is not None and lat is None and lon is None:
        return place_by_metres(easting, northing)
    raise PlaceError("give one pair: --lat and --lon, or --easting and --northing")


def parse_dwellings(words: Iterable[str]) -> dict[str, int]:
    """Return homes by type from words such as `flat=200`.

    Raises
    ------
    ValueError
        If a word has another form, or names no dwelling type.

    """
    homes: dict[str, int] = {}
    for word in words:
        name, _, count = word.partition("=")
        if name not in DWELLING_TYPES or not count.isdigit() or int(count) == 0:
            message = f"--dwellings {word} is not understood: write flat=200; types are {', '.join(DWELLING_TYPES)}"
            raise ValueError(message)
        homes[name] = homes.get(name, 0) + int(count)
    return homes


def read_atlas(settings: Settings) -> Atlas:
    """Return the data for a search: from the published report, or the built-in areas if there is no report."""
    database = settings.folders.report / PUBLIC_DATABASE
    published = _read_published(database) if database.exists() else None
    return make_atlas(published or _read_reference(settings), settings)


def make_atlas(published: PublishedAreas, settings: Settings) -> Atlas:
    """Return the atlas of published tables."""
    values = scenario_figures(published.assumptions, settings.scenario)
    paper = paper_home_demand(paper_demand(published.assumptions), load_shape(values))
    level = next(name for name in reversed(LEVELS) if name in set(published.ring["level"]))
    rings = borders_from_frames(published.arc, published.ring, level).corners()
    coverage = Coverage.from_rings(rings)
    return Atlas(
        area=order_areas(published.area.filter(pl.col("level") == level), coverage),
        coverage=coverage,
        demand=measured_home_demand(paper, replace(published.means, cost_weather=settings.cost_weather)) or paper,
        lens=AreaLens.with_mapped_pipe(values, scenario=settings.scenario, convention=settings.convention),
        figures=AreaFigures.from_table(read_figures("area_figure")),
        contribution=published.contribution,
        hot_water_kwh=_hot_water(published.means.weather_fit, values.one("boiler_stock", "efficiency")),
    )


def _hot_water(fit: pl.DataFrame, efficiency: float) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Return the heat for hot water of a home of each type; a type that is not published gets the mean of the others."""
    latest = fit.filter(pl.col("period") == pl.col("period").max()).drop_nulls("hot_water_gas_kwh_per_year")
    known = dict(latest.select("dwelling_type", "hot_water_gas_kwh_per_year").iter_rows())
    own = [float(known[name]) for name in DWELLING_TYPES if name in known]
    if not own:
        return None
    return np.array([float(known.get(name, np.mean(own))) for name in DWELLING_TYPES]) * efficiency


def _read_published(database: Path) -> PublishedAreas | None:
    """Return the published tables of a report, or None if a version without areas wrote it."""
    with open_published(database) as warehouse:
        if AREA.name not in warehouse.tables():
            return None

        def read(table: Table, where: str = "true") -> pl.DataFrame:
            return warehouse.query(f"FROM {table.name} WHERE {where}")

        profile = warehouse.query(
            f"SELECT dwelling_type, period, hour_start_utc, heat_kwh_mean FROM {HEAT_PROFILE.name} WHERE {WITHIN_PERIOD}"
        )
        made_up = warehouse.query("SELECT made_up_by FROM release")["made_up_by"][0] is not None
        means = Means(
            demand=read(HEAT_DEMAND_ANNUAL),
            profile=profile,
            weather_fit=read(WEATHER_FIT),
            diversity=read(DIVERSITY),
            made_up=made_up,
            held=frozenset(
                warehouse.query("SELECT dwelling_type FROM area_home_demand WHERE state = 'held'")["dwelling_type"]
            ),
        )
        return PublishedAreas(
            area=read(AREA),
            arc=read(AREA_ARC),
            ring=read(AREA_RING),
            means=means,
            assumptions=read(ASSUMPTION),
            contribution=read(CONTRIBUTION) if CONTRIBUTION.name in warehouse.tables() else CONTRIBUTION.empty(),
        )


def _read_reference(settings: Settings) -> PublishedAreas:
    """Return the areas of the reference, without results from readings."""
    folder = settings.area_folder
    reference = read_built_in() if folder is None else read_area_folder(folder).reference
    arc, ring = borders_to_frames(reference.borders)
    return PublishedAreas(
        area=reference.area,
        arc=arc,
        ring=ring,
        means=Means.of_no_homes(),
        assumptions=read_shipped_assumptions(),
        contribution=settings.folders.contributions.current(),
    )


def ask(settings: Settings, site: Site) -> dict[str, Any]:
    """Return the answer to a question about a site."""
    return search_site(read_atlas(settings), site)


def as_json(answer: Mapping[str, Any]) -> str:
    """Return an answer as JSON."""
    return json.dumps(answer, indent=1)


def as_geojson(answer: Mapping[str, Any]) -> str:
    """Return an answer as one point with its values as properties."""
    site = answer["site"]
    flat = {f"{part}_{name}": value for part in ("around", "served") for name, value in answer[part].items()}
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [site["longitude"], site["latitude"]]},
        "properties": {
            **site,
            **flat,
            "costs": answer["costs"],
            "near": answer["near"],
            "warnings": answer["warnings"],
        },
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, indent=1)


def write_workbook(answer: Mapping[str, Any], path: Path) -> None:
    """Write an answer as a workbook: one row for each value.

    Raises
    ------
    ValueError
        If the name does not end in .xlsx.

    """
    if path.suffix.lower() != ".xlsx":
        message = f"--out {path} is no workbook; name it .xlsx"
        raise ValueError(message)
    rows = [
        (part, name, json.dumps(value) if isinstance(value, (list, dict)) else str(value))
        for part, name, value in _flat(answer)
    ]
    table = pl.DataFrame(rows, schema=["part", "figure", "value"], orient="row")
    make_inert(table).write_excel(path, worksheet="site", autofit=True)


def _flat(answer: Mapping[str, Any]) -> Iterable[tuple[str, str, Any]]:
    for part, values in answer.items():
        if isinstance(values, Mapping):
            yield from ((part, str(name), value) for name, value in values.items())
        else:
            yield from ((part, str(at), value) for at, value in enumerate(values, start=1))


def show_answer(answer: Mapping[str, Any]) -> str:
    """Return an answer as text for reading."""
    site, around, served, costs = (answer[part] for part in ("site", "around", "served", "costs"))
    basis = "the paper's demands" if around["basis"] == PAPER else f"the demands of homes in {around['period']}"
    network = costs["network"]
    lines = [
        (
            f"{site['area'] or 'outside London'}, easting {site['easting']:.0f}, northing {site['northing']:.0f} "
            f"({site['latitude']:.5f}, {site['longitude']:.5f}), {site['radius_m']:g} m around"
        ),
        f"modelled from dwelling types with {basis}",
        "",
        f"homes               {around['homes']:,.0f}  (by areas' centres {around['homes_by_centre']:,.0f})",
        f"heat                {around['heat_mwh']:,.0f} MWh/yr  ({around['heat_mwh_low']:,.0f} to {around['heat_mwh_high']:,.0f})",
        f"peak                {around['peak_mw']:,.2f} MW  ({around['peak_mw_low']:,.2f} to {around['peak_mw_high']:,.2f})",
        f"density             {around['density_gwh_per_km2']:,.1f} GWh/km2",
        f"linear heat density {_range(around['heat_mwh_per_m'], 2)} MWh/m by two width formulas",
        "load duration       "
        + ", ".join(
            f"{hours} h {mw:,.2f} MW" for hours, mw in around["load_duration_mw"].items() if hours in SHOWN_HOURS
        ),
        "",
        (
            f"served: {served['homes']:,.0f} homes ({served['homes_are']}{', new' if served['new'] else ''}), "
            f"{served['heat_mwh']:,.0f} MWh/yr, peak {served['peak_mw']:,.2f} MW"
        ),
        f"costs per MWh delivered, {costs['scenario']}, {costs['convention']}, {costs['connection_share']:.0%} connected",
        *(
            f"  {name:<18}{cost['lcoh_gbp_per_mwh']:>8,.1f} GBP/MWh  {cost['capital_gbp_per_home']:>8,.0f} GBP/home  "
            f"{cost['co2_kg_per_home_year']:>7,.0f} kg CO2/home/yr"
            for name, cost in costs["in_homes"].items()
        ),
        (
            f"  network           {_range(network['lcoh_gbp_per_mwh'], 1)} GBP/MWh, "
            f"{_range(network['gap_gbp_per_mwh'], 1)} more than {costs['cheapest_in_home']}"
        ),
        f"  bought heat may cost up to {_range(network['highest_heat_price_gbp_per_mwh'], 1)} GBP/MWh at the gate",
        *(
            [f"  at the price given {_range(network['lcoh_at_heat_price_gbp_per_mwh'], 1)} GBP/MWh"]
            if "lcoh_at_heat_price_gbp_per_mwh" in network
            else []
        ),
        "",
        *(line for name, found in answer["near"].items() for line in _show_near(name, found)),
        *(f"note: {warning}" for warning in answer["warnings"]),
    ]
    return "\n".join(lines)


SHOWN_HOURS: Final = ("1", "100", "1000", "4000")


def _range(values: list[float], decimals: int) -> str:
    low, high = f"{values[0]:,.{decimals}f}", f"{values[-1]:,.{decimals}f}"
    return low if low == high else f"{low} to {high}"


def _show_near(name: str, found: list[dict[str, Any]] | str) -> Iterable[str]:
    if found == NONE_CONTRIBUTED or isinstance(found, str):
        yield f"{name}: {found}"
        return
    yield f"{name}:"
    for row in found:
        price = row.get("highest_heat_price_gbp_per_mwh")
        tail = f", heat may cost {_range(price, 1)} GBP/MWh there" if price else ""
        yield f"  {row['distance_m']:,.0f} m  {row['name']!r} ({row['category']}, {row['status']}){tail}"
