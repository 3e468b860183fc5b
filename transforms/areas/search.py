"""The search around a site: homes, heat, peak, load through the year, and what heat may cost there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import polars as pl

from transforms.areas.costs import AreaLens, NetworkCost, cheapest, cost_in_homes, cost_networks
from transforms.areas.demand import MEASURED, Floats, HomeDemand
from transforms.areas.figures import AreaFigures, width_2011_m, width_2019_m
from transforms.areas.geometry import Coverage
from transforms.areas.grid import PlaceError, to_degrees
from transforms.areas.heat import KWH_PER_MWH, M2_PER_KM2, MWH_PER_GWH, homes_of, peak_kw, plot_ratio_of
from transforms.lcoh.assumptions.parameters import NETWORK, HeatNetwork
from transforms.lcoh.model.places import Place
from transforms.tables.words import DWELLING_TYPES

RADIUS_M: Final = (100.0, 5000.0)
UNSURE_BELOW_M: Final = 500.0  # the two rules of `Around` differ by 15 % in the median at 500 m, by 6 % at 1 km
WHOLE: Final = 0.9995  # a circle of which this share lies in London counts as wholly inside
DURATION_HOURS: Final = (1, 10, 100, 500, 1000, 2000, 4000, 6000, 8760)
NEAREST: Final = 5  # contributions of each kind that are listed
AROUND: Final = {"load": "anchors", "supply": "supplies", "network": "networks"}
NONE_CONTRIBUTED: Final = "none contributed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site that a search is about."""

    easting: float
    northing: float
    radius_m: float = 500.0
    dwellings: Mapping[str, int] = field(default_factory=dict)
    """The site's own homes by type; if there are none, the homes within the circle take their place."""
    new: bool = False
    """Whether its homes are new."""
    connection_share: float = 1.0
    heat_price_gbp_per_mwh: float | None = None
    without: tuple[str, ...] = ()
    """Systems that the homes cannot have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """Everything that a search reads, prepared once."""

    area: pl.DataFrame
    """The areas of the drawn level (`AREA`), in the order of the coverage."""
    coverage: Coverage
    demand: HomeDemand
    lens: AreaLens
    figures: AreaFigures
    contribution: pl.DataFrame
    """`CONTRIBUTION`."""
    hot_water_kwh: Floats | None
    """Heat for hot water of a home of each type [kWh/yr], shape (types,); None where it is not measured."""

    @property
    def homes(self) -> Floats:
        """Homes by type, shape (areas, types)."""
        return homes_of(self.area)


def order_areas(area: pl.DataFrame, coverage: Coverage) -> pl.DataFrame:
    """Return the areas that have polygons, in the order of these."""
    at = {area_id: n for n, area_id in enumerate(coverage.area_ids)}
    return area.filter(pl.col("area_id").is_in(list(at))).sort(pl.col("area_id").replace_strict(at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The homes and the land within a circle; homes are counted by two rules."""

    by_share: Floats
    """Homes by type, shape (types,): each area counts by the share of it that the circle covers."""
    by_centre: Floats
    """Homes by type, shape (types,): an area counts wholly if its centre lies in the circle."""
    area_km2: float
    """Published land within the circle [km2]."""
    covered_share: float
    """Share of the circle that lies on known areas [1]."""
    areas: list[str]


def search_site(atlas: Atlas, site: Site) -> dict[str, Any]:
    """Return all that is known around a site, as a mapping that JSON can hold.

    Raises
    ------
    PlaceError
        If the radius is out of bounds, or the circle lies wholly outside London.
    ValueError
        If a dwelling type is unknown, the connection share is out of bounds, no system is left to compare with, or new
        homes are asked for and hot water is not measured.

    """
    _check(site)
    around = look_around(atlas, site)
    if around.covered_share == 0:
        message = (
            f"no part of the circle of {site.radius_m:g} m around {site.easting:g}, {site.northing:g} is in London"
        )
        raise PlaceError(message)
    demand = _new_homes(atlas) if site.new else atlas.demand
    own = np.array([float(site.dwellings.get(name, 0)) for name in DWELLING_TYPES])
    served = own if own.sum() else around.by_share
    return {
        "site": _describe_site(atlas, site, around),
        "around": _describe_heat(atlas, around),
        "served": _describe_served(served, demand, own=bool(own.sum()), new=site.new),
        "costs": _cost(atlas, site, around, served, demand),
        "near": {name: _list_near(atlas, site, kind, served, demand) for kind, name in AROUND.items()},
        "warnings": _warn(atlas, site, around),
    }


def look_around(atlas: Atlas, site: Site) -> Around:
    """Return the homes and the land within a circle."""
    shares = atlas.coverage.shares_in_circle(site.easting, site.northing, site.radius_m)
    number = {area: at for at, area in enumerate(atlas.coverage.area_ids)}
    rows = np.array([number[area] for area in shares["area_id"]], dtype=np.intp)
    share = shares["share_of_area"].to_numpy()
    homes = atlas.homes
    east, north = atlas.area["easting"].to_numpy(), atlas.area["northing"].to_numpy()
    inside = (east - site.easting) ** 2 + (north - site.northing) ** 2 <= site.radius_m**2
    return Around(
        by_share=share @ homes[rows],
        by_centre=homes[inside].sum(axis=0),
        area_km2=float(share @ atlas.area["area_km2"].to_numpy()[rows]),
        covered_share=min(float(shares["share_of_circle"].sum()), 1.0),
        areas=shares["area_id"].to_list(),
    )


def _check(site: Site) -> None:
    low, high = RADIUS_M
    if not low <= site.radius_m <= high:
        message = f"radius {site.radius_m:g} m is out of bounds: {low:g} to {high:g} m"
        raise PlaceError(message)
    if unknown := sorted(set(site.dwellings) - set(DWELLING_TYPES)):
        message = f"no dwelling type {unknown[0]!r}; there are {', '.join(DWELLING_TYPES)}"
        raise ValueError(message)
    if not 0 < site.connection_share <= 1:
        message = f"--connect {site.connection_share:g} is not above 0 and at most 1"
        raise ValueError(message)


def _new_homes(atlas: Atlas) -> HomeDemand:
    """Return the demand of new homes: space heat by floor area, and the hot water of the measured homes."""
    if atlas.hot_water_kwh is None:
        raise ValueError("hot water of homes is not measured, so new homes cannot be modelled; run with readings first")
    heat_kwh = atlas.figures.new_home_space_kwh_per_m2 * atlas.figures.floor_m2 + atlas.hot_water_kwh
    scale = heat_kwh / atlas.demand.heat_kwh
    return replace(
        atlas.demand, heat_kwh=heat_kwh, hours_kwh=atlas.demand.hours_kwh * scale, half_width_kwh=None, normal_kwh=None
    )


def _describe_site(atlas: Atlas, site: Site, around: Around) -> dict[str, Any]:
    latitude, longitude = to_degrees(site.easting, site.northing)
    home_area = atlas.coverage.find_area(site.easting, site.northing)
    named = atlas.area.filter(pl.col("area_id").eq_missing(home_area))
    return {
        "easting": round(site.easting, 1),
        "northing": round(site.northing, 1),
        "latitude": round(float(latitude), 6),
        "longitude": round(float(longitude), 6),
        "area_id": home_area,
        "area": named["name"][0] if len(named) else None,
        "radius_m": site.radius_m,
        "covered_share": round(around.covered_share, 4),
        "areas": len(around.areas),
        "area_km2": around.area_km2,
    }


def _describe_heat(atlas: Atlas, around: Around) -> dict[str, Any]:
    rules = [homes for homes in (around.by_share, around.by_centre) if homes.sum() > 0] or [around.by_share]
    demand, figures = atlas.demand, atlas.figures
    ends = [_interval(homes, demand) for homes in rules]
    peaks = [_band(homes, demand) for homes in rules]
    heat_mwh = float(around.by_share @ demand.heat_kwh) / KWH_PER_MWH
    pipes = _pipes_m(around, figures)
    hours = np.sort(demand.hours_kwh @ around.by_share)[::-1] / KWH_PER_MWH
    return {
        "basis": demand.basis,
        "period": demand.period,
        "modelled": "modelled from dwelling types",
        "homes": float(around.by_share.sum()),
        "homes_by_centre": float(around.by_centre.sum()),
        "homes_by_type": dict(zip(DWELLING_TYPES, map(float, around.by_share), strict=True)),
        "heat_mwh": heat_mwh,
        "heat_mwh_low": min(low for low, _ in ends),
        "heat_mwh_high": max(high for _, high in ends),
        "density_gwh_per_km2": heat_mwh / MWH_PER_GWH / around.area_km2,
        "main_pipe_m": sorted(pipes),
        "heat_mwh_per_m": sorted(heat_mwh / metres for metres in pipes),
        "peak_mw": peaks[0][1],
        "peak_mw_low": min(low for low, _, _ in peaks),
        "peak_mw_high": max(high for _, _, high in peaks),
        "load_duration_mw": {str(rank): float(hours[min(rank, len(hours)) - 1]) for rank in DURATION_HOURS},
        "thresholds": _thresholds(figures, heat_mwh / MWH_PER_GWH / around.area_km2, heat_mwh / max(pipes)),
    }


def _interval(homes: Floats, demand: HomeDemand) -> tuple[float, float]:
    heat = float(homes @ demand.heat_kwh) / KWH_PER_MWH
    if demand.half_width_kwh is None:
        return heat, heat
    below, above = (float(np.sqrt(((homes * half) ** 2).sum())) / KWH_PER_MWH for half in demand.half_width_kwh)
    return heat - below, heat + above


def _band(homes: Floats, demand: HomeDemand) -> tuple[float, float, float]:
    """Return the peak of homes together and its 90 % band [MW]; without a published band both ends are the median."""
    low, middle, high = (float(kw[0]) / KWH_PER_MWH for kw in peak_kw(homes[None, :], demand))
    return (low, middle, high) if np.isfinite(low) and np.isfinite(high) else (middle, middle, middle)


def _thresholds(figures: AreaFigures, density: float, linear: float) -> dict[str, bool]:
    """Return which thresholds are met; `linear` is the smaller of the two linear heat densities."""
    return {name: bool((density if name.endswith("km2") else linear) >= at) for name, at in figures.thresholds.items()}


def _pipes_m(around: Around, figures: AreaFigures) -> list[float]:
    ratio = plot_ratio_of(around.by_share[None, :], np.array([around.area_km2]), figures)
    area_m2 = around.area_km2 * M2_PER_KM2
    return [float(area_m2 / width(figures, ratio)[0]) for width in (width_2011_m, width_2019_m)]


def _describe_served(served: Floats, demand: HomeDemand, *, own: bool, new: bool) -> dict[str, Any]:
    low, middle, high = _band(served, demand)
    return {
        "homes_are": "the site's own" if own else "those within the circle",
        "new": new,
        "homes": float(served.sum()),
        "heat_mwh": float(served @ demand.heat_kwh) / KWH_PER_MWH,
        "peak_mw": middle,
        "peak_mw_low": low,
        "peak_mw_high": high,
    }


def _cost(atlas: Atlas, site: Site, around: Around, served: Floats, demand: HomeDemand) -> dict[str, Any]:
    lens, homes = atlas.lens, served[None, :]
    in_homes = {
        system: cost for system, cost in cost_in_homes(lens, homes, demand).items() if system not in site.without
    }
    reference, (name,) = cheapest(in_homes)
    rows = {
        system: {
            "lcoh_gbp_per_mwh": float(cost.lcoh[0]),
            "capital_gbp_per_home": float(cost.capital_gbp[0]),
            "co2_kg_per_home_year": float(cost.co2_kg[0]),
        }
        for system, cost in in_homes.items()
    }
    network = _network(atlas, site, around, served, demand)
    lcoh, price = network.lcoh.ravel(), network.highest_heat_price(reference).ravel()
    found: dict[str, Any] = {
        "scenario": lens.scenario,
        "convention": lens.convention.name,
        "connection_share": site.connection_share,
        "without": list(site.without),
        "in_homes": rows,
        "cheapest_in_home": name,
        "network": {
            "lcoh_gbp_per_mwh": sorted(map(float, lcoh)),
            "gap_gbp_per_mwh": sorted(float(cost - reference[0]) for cost in lcoh),
            "grant_to_match_gbp_per_home": sorted(map(float, network.grant_to_match(reference).ravel())),
            "capital_gbp_per_home": sorted(map(float, network.capital_gbp.ravel())),
            "co2_kg_per_home_year": sorted(map(float, np.broadcast_to(network.co2_kg, network.lcoh.shape).ravel())),
            "highest_heat_price_gbp_per_mwh": sorted(map(float, price)),
        },
    }
    if site.heat_price_gbp_per_mwh is not None:
        bought = network.with_free_heat + network.per_gbp_of_heat_price * site.heat_price_gbp_per_mwh
        found["network"]["lcoh_at_heat_price_gbp_per_mwh"] = sorted(map(float, bought.ravel()))
    return found


def _network(
    atlas: Atlas, site: Site, around: Around, served: Floats, demand: HomeDemand, *, link_m: float = 0.0
) -> NetworkCost:
    """Return what a network costs with each length of its main pipe."""
    place = Place(
        homes={"all": np.array([[[float(served.sum())]]])},
        connection_share=site.connection_share,
        main_pipe_m=np.array(_main_pipes_m(atlas, site, around, served))[None, :, None],
        link_pipe_m=link_m,
    )
    return cost_networks(atlas.lens, served[None, :], demand, place)


def _main_pipes_m(atlas: Atlas, site: Site, around: Around, served: Floats) -> list[float]:
    """Return the main pipe by both width formulas; for a site's own homes, the metres per home of the assumptions."""
    if not site.dwellings:
        return _pipes_m(around, atlas.figures)
    per_home = float(atlas.lens.figures.record(HeatNetwork, NETWORK).main_pipe_m_per_dwelling)
    return [per_home * float(served.sum())]


def _list_near(atlas: Atlas, site: Site, kind: str, served: Floats, demand: HomeDemand) -> list[dict[str, Any]] | str:
    """Return the nearest contributions of a kind, the cost of a pipe to each, and what bought heat may cost there."""
    rows = (
        atlas.contribution.filter(pl.col("kind") == kind)
        .with_columns(
            distance_m=((pl.col("easting") - site.easting) ** 2 + (pl.col("northing") - site.northing) ** 2).sqrt()
        )
        .sort("distance_m", "contributor", "site_id")
        .head(NEAREST)
    )
    if rows.is_empty():
        return NONE_CONTRIBUTED
    around = look_around(atlas, site)
    reference = cheapest(cost_in_homes(atlas.lens, served[None, :], demand), without=site.without)[0]
    unlinked = _network(atlas, site, around, served, demand).with_free_heat
    found = []
    for row in rows.iter_rows(named=True):
        shown = {
            key: row[key]
            for key in ("name", "contributor", "site_id", "category", "status", "heat_mwh", "capacity_kw", "obliged")
        }
        shown["distance_m"] = round(row["distance_m"], 1)
        if kind != "load":
            network = _network(atlas, site, around, served, demand, link_m=row["distance_m"])
            shown["highest_heat_price_gbp_per_mwh"] = sorted(map(float, network.highest_heat_price(reference).ravel()))
            shown["link_gbp_per_mwh"] = sorted(map(float, (network.with_free_heat - unlinked).ravel()))
        found.append(shown)
    return found


def _warn(atlas: Atlas, site: Site, around: Around) -> list[str]:
    demand = atlas.demand
    found = []
    if site.radius_m < UNSURE_BELOW_M:
        found.append(
            f"below {UNSURE_BELOW_M:g} m the covered share of an area says little about its homes: the interval spans both "
            "ways of counting them"
        )
    if around.covered_share < WHOLE:
        found.append(f"{around.covered_share:.0%} of the circle is in London; the numbers are of that part")
    if demand.basis != MEASURED:
        found.append("no readings are published: heat is the paper's mean of each dwelling type, without an interval")
    if not np.isfinite(demand.peak.low).all():
        found.append("no band of the peak is published: its interval spans only the two ways of counting homes")
    if demand.made_up:
        found.append("the homes behind the measured numbers are made up")
    if demand.basis == MEASURED and demand.not_published:
        found.append(f"not published, scaled from the other types: {demand.not_published}")
    if demand.types_held:
        found.append(f"as an earlier release showed them: {demand.types_held}")
    return found
