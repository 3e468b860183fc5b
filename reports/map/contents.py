"""The contents of the heat map's page: borders, values of areas, hours of homes, and the tables beside the map."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from reports import text
from reports.figures.exhibit import SAMPLE
from reports.inputs import Published, RunInfo
from transforms.areas.demand import HomeDemand, Means, measured_home_demand, paper_home_demand
from transforms.areas.peak_rule import compare_peaks
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.load_shape import load_shape
from transforms.lcoh.model.pipes import read_pipes
from transforms.peaks.peak_rules import PeakRules
from transforms.tables.areas import (
    AREA,
    AREA_ARC,
    AREA_CLUSTER,
    AREA_HEAT,
    AREA_LCOH,
    AREA_RING,
    AREA_VALIDATION,
    AREA_VALIDATION_SCORE,
    CONTRIBUTION,
    LEVELS,
)
from transforms.tables.cost import ASSUMPTION
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.weather import WEATHER_FIT
from transforms.tables.words import DWELLING_TYPES

DIGITS: Final = 4  # significant digits of a value that is drawn; downloads are not rounded
RULES_OF_PEAKS: Final = ("thermos_diversity", "thermos_peak", "london_heat_map_peak")
STEPS: Final = 65_535  # an hour's load is a whole number of steps; the highest hour has them all
SHOWN_CLUSTERS: Final = 15
WIDTHS: Final = ("2011", "2019")
CALLED: Final = {
    "denmark_gwh_per_km2": "Denmark: {:g} GWh/km² and more",
    "ademe_mwh_per_m": "ADEME, France: {:g} MWh/m and more",
    "scotland_mwh_per_m": "Scotland: {:g} MWh/m and more",
    "scotland_stringent_mwh_per_m": "Scotland, stringent: {:g} MWh/m and more",
    "scotland_highest_mwh_per_m": "Scotland, highest: {:g} MWh/m and more",
    "borough": "Boroughs",
    "msoa_2011": "MSOAs of 2011",
    "lsoa_group": "Groups of LSOAs",
}
VARIANTS: Final = {
    "uncalibrated": "As modelled",
    "calibrated": "One factor, fitted to this year's gas",
    "left_one_out": "One factor, fitted without the area",
    "carried": "One factor, fitted to another year",
    "naive": "London's mean per meter",
}
LAYERS: Final = (
    # key, name, unit, decimals
    ("density", "Heat density", "GWh/km²", 1),
    ("lhd", "Linear heat density, by the width formula that gives less", "MWh/m", 2),
    ("peak", "Peak per home", "kW", 2),
    ("gap", "Network above the cheapest system in a home", "£/MWh", 1),
    ("price", "Highest price of bought heat", "£/MWh", 1),
    ("confidence", "Confidence, 1 to 5", "", 0),
    ("error", "Modelled gas against published gas", "%", 0),
    ("off_gas", "Homes without a gas meter", "%", 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPage:
    """The values that the template of the heat map reads."""

    numbers: dict[str, Any]
    layers: tuple[tuple[str, str, str, int], ...]
    levels: tuple[str, ...]
    boroughs: tuple[tuple[str, str], ...]
    clusters: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    peaks: list[dict[str, Any]]
    contributed: list[dict[str, Any]]
    basis: str
    total: str


def map_page(published: Published, run: RunInfo) -> MapPage | None:
    """Return the contents of the heat map's page, or None if the release has no areas."""
    area = published[AREA].frame
    if area.is_empty():
        return None
    basis = "measured" if "measured" in set(published[AREA_HEAT].frame["demand_basis"]) else "paper"
    drawn = set(published[AREA_RING].frame["level"])
    levels = tuple(level for level in LEVELS if level in drawn)
    figures = _figures(published, basis)
    boroughs = area.filter(level="borough").sort("name").select("area_id", "name")
    return MapPage(
        numbers={
            "arcs": published[AREA_ARC].frame.sort("arc")["points"].to_list(),
            "types": [text.name_of(name) for name in DWELLING_TYPES],
            "levels": {level: _level(published, figures, level) for level in levels},
            "layers": [dict(zip(("key", "name", "unit", "decimals"), layer, strict=True)) for layer in LAYERS],
            "thresholds": _thresholds(published),
            "homes": _homes(_demand(published, run, basis)),
            "points": _points(published),
            "trench": _trench(published, run),
        },
        layers=LAYERS,
        levels=levels,
        boroughs=tuple(boroughs.iter_rows()),
        clusters=_clusters(published),
        scores=_scores(published, basis),
        peaks=_peaks(published, run, basis),
        contributed=_contributed(published),
        basis=_say_basis(run, basis),
        total=_say_total(figures),
    )


def _figures(published: Published, basis: str) -> pl.DataFrame:
    """Return a row for each area with all values that are drawn."""
    heat = published[AREA_HEAT].frame.filter(demand_basis=basis)
    costs = published[AREA_LCOH].frame
    network = costs.filter(system="network", connection_share=1.0)
    by_width = [
        network.filter(width_rule=width).select(
            "level", "area_id",
            pl.col("lcoh_gbp_per_mwh").alias(f"lcoh_{width}"),
            pl.col("gap_gbp_per_mwh").alias(f"gap_{width}"),
            pl.col("grant_to_match_gbp_per_home").alias(f"grant_{width}"),
            pl.col("highest_heat_price_gbp_per_mwh").alias(f"price_{width}"),
        )
        for width in WIDTHS
    ]  # fmt: skip
    in_homes = [
        costs.filter(system=system).select("level", "area_id", pl.col("lcoh_gbp_per_mwh").alias(system))
        for system in ("gas_boiler", "ashp", "gshp")
    ]
    errors = (
        published[AREA_VALIDATION]
        .frame.filter(demand_basis=basis)
        .sort("year")
        .group_by("area_id", maintain_order=True)
        .agg(error=pl.col("error").last())
    )
    rows = published[AREA].frame.join(heat, on=["level", "area_id"], how="left", maintain_order="left")
    inhabited = pl.when(pl.col("homes") > 0).then("homes")
    for frame in (*by_width, *in_homes):
        rows = rows.join(frame, on=["level", "area_id"], how="left", maintain_order="left")
    return rows.join(errors, on="area_id", how="left", maintain_order="left").with_columns(
        lhd=pl.min_horizontal("heat_mwh_per_m_2011", "heat_mwh_per_m_2019"),
        peak=pl.col("peak_mw_p50") * 1000 / inhabited,
        gap=(pl.col("gap_2011") + pl.col("gap_2019")) / 2,
        price=(pl.col("price_2011") + pl.col("price_2019")) / 2,
        off_gas=(1 - pl.col("gas_meters") / inhabited).clip(lower_bound=0) * 100,  # empty homes have meters too
        error=pl.col("error") * 100,
        density="density_gwh_per_km2",
    )


SHOWN: Final = (
    "homes", "area_km2", "heat_mwh", "density", "lhd", "peak", "confidence", "error", "off_gas", "gap", "price",
    "lcoh_2011", "lcoh_2019", "grant_2011", "grant_2019", "price_2011", "price_2019", "gas_boiler", "ashp", "gshp",
)  # fmt: skip


def _level(published: Published, figures: pl.DataFrame, level: str) -> dict[str, Any]:
    """Return the areas of one level as a list per column, in the order of their codes."""
    rows = figures.filter(pl.col("level") == level).sort("area_id")
    ids = rows["area_id"].to_list()
    rings: dict[str, list[str]] = {}
    of_level = published[AREA_RING].frame.filter(pl.col("level") == level).sort("area_id", "ring")
    for area_id, arcs in of_level.select("area_id", "arcs").iter_rows():
        rings.setdefault(area_id, []).append(arcs)
    columns = {
        name: rows[name].cast(pl.Float64).round_sig_figs(DIGITS).to_list()
        for name in SHOWN
        if rows[name].null_count() < len(rows)
    }
    reasons = rows["confidence_reason"].fill_null("").unique(maintain_order=True).to_list()
    return {
        "ids": ids,
        "names": rows["name"].to_list(),
        "parents": rows["parent_id"].to_list(),
        "types": [rows[name].to_list() for name in DWELLING_TYPES],
        "centres": [rows["easting"].round(0).to_list(), rows["northing"].round(0).to_list()],
        "rings": [rings.get(area_id, []) for area_id in ids],
        "columns": columns,
        "reasons": reasons,
        "reason": [reasons.index(why) for why in rows["confidence_reason"].fill_null("")],
    }


def _thresholds(published: Published) -> dict[str, float]:
    """Return the declared thresholds of heat density and linear heat density."""
    rows = published[ASSUMPTION].frame.filter(item="threshold")
    return {str(name): float(value) for name, value in rows.select("parameter", "value").iter_rows()}


def _demand(published: Published, run: RunInfo, basis: str) -> HomeDemand:
    """Return the demand of homes that the map is drawn with."""
    assumptions = published[ASSUMPTION].frame
    paper = paper_home_demand(paper_demand(assumptions), load_shape(scenario_figures(assumptions, run.scenario)))
    means = Means(
        demand=published[HEAT_DEMAND_ANNUAL].frame,
        profile=published[HEAT_PROFILE].frame,
        weather_fit=published[WEATHER_FIT].frame,
        diversity=published[DIVERSITY].frame,
        made_up=run.origin is not None,
    )
    return (measured_home_demand(paper, means) if basis == "measured" else None) or paper


def _homes(demand: HomeDemand) -> dict[str, Any]:
    """Return heat and hours of a home of each type, and how the peak falls with the number of homes."""
    highest = demand.hours_kwh.max()
    steps = np.rint(demand.hours_kwh / highest * STEPS).astype("<u2")
    return {
        "heat_kwh": [round(float(kwh), 2) for kwh in demand.heat_kwh],
        "half_width_kwh": None
        if demand.half_width_kwh is None
        else [[round(float(kwh), 2) for kwh in half] for half in demand.half_width_kwh],
        "hours": base64.b64encode(steps.tobytes()).decode("ascii"),
        "step_kw": float(highest / STEPS),
        "peak_homes": demand.peak.homes.tolist(),
        "peak_over_many": [
            [round(float(value), 5) if np.isfinite(value) else None for value in values]
            for values in (demand.peak.low, demand.peak.middle, demand.peak.high)
        ],
        "design": demand.design_over_year_peak,
    }


def _trench(published: Published, run: RunInfo) -> dict[str, float]:
    """Return the law of the cost of a metre of trench by the heat that it carries."""
    law = read_pipes(scenario_figures(published[ASSUMPTION].frame, run.scenario)).law
    names = (
        "gbp_per_m", "gbp_per_m2", "diameter_m_per_log", "diameter_m_at_1_gj_per_m", "least_gj_per_m", "least_diameter_m",
    )  # fmt: skip
    return {name: float(getattr(law, name)) for name in names}


def _points(published: Published) -> list[dict[str, Any]]:
    """Return the places and shapes of contributions."""
    rows = published[CONTRIBUTION].frame.select("kind", "name", "easting", "northing", "points")
    return rows.sort("kind", "name").to_dicts()


def _contributed(published: Published) -> list[dict[str, Any]]:
    """Return the contributions as text."""
    return [
        {
            "kind": text.name_of(row["kind"]),
            "name": text.visible(row["name"]),
            "category": text.name_of(row["category"]),
            "status": text.name_of(row["status"]),
            "heat": "" if row["heat_mwh"] is None else f"{row['heat_mwh']:,.0f}",
            "basis": row["value_basis"] or "",
            "obliged": row["obliged"] or "",
            "contributor": text.visible(row["contributor"]),
        }
        for row in published[CONTRIBUTION].frame.sort("kind", "name").iter_rows(named=True)
    ]


def _peaks(published: Published, run: RunInfo, basis: str) -> list[dict[str, Any]]:
    """Return the London Heat Map's peak per home beside ours, as text; no rows if its rule is not published."""
    assumptions = published[ASSUMPTION].frame
    if "london_heat_map_peak" not in set(assumptions["item"]):
        return []
    rules = PeakRules.from_table(assumptions.filter(pl.col("item").is_in(RULES_OF_PEAKS)))
    table = compare_peaks(_demand(published, run, basis), rules)
    return [
        {name: f"{value:,}" if name == "homes" else f"{value:.1f}" for name, value in row.items()}
        for row in table.to_dicts()
    ]


def _clusters(published: Published) -> list[dict[str, Any]]:
    """Return the clusters with the most heat above each threshold, as text."""
    rows, limits = published[AREA_CLUSTER].frame.sort("heat_mwh", descending=True), _thresholds(published)
    return [
        {
            "threshold": CALLED[threshold].format(limits[threshold]),
            "rows": [
                {
                    "name": row["name"],
                    "areas": f"{row['areas']:,}",
                    "homes": f"{row['homes']:,}",
                    "heat": f"{row['heat_mwh'] / 1000:,.0f}",
                    "peak": f"{row['peak_mw']:,.0f}",
                    "pipe": f"{row['main_pipe_m_low'] / 1000:,.0f} to {row['main_pipe_m_high'] / 1000:,.0f}",
                    "cost": f"{row['lcoh_gbp_per_mwh_low']:,.0f} to {row['lcoh_gbp_per_mwh_high']:,.0f}",
                    "price": f"{row['highest_heat_price_gbp_per_mwh_low']:,.0f} to {row['highest_heat_price_gbp_per_mwh_high']:,.0f}",
                }
                for row in rows.filter(threshold=threshold).head(SHOWN_CLUSTERS).iter_rows(named=True)
            ],
        }
        for threshold in [name for name in limits if name in set(rows["threshold"])]
    ]


def _scores(published: Published, basis: str) -> list[dict[str, Any]]:
    """Return how well modelled gas meets published gas in the latest year of each level, as text."""
    rows = published[AREA_VALIDATION_SCORE].frame.filter(demand_basis=basis)
    latest = rows.filter(pl.col("year") == pl.col("year").max().over("level"))
    return [
        {
            "level": CALLED[row["level"]],
            "year": row["year"],
            "variant": VARIANTS[row["variant"]],
            "areas": f"{row['areas']:,}",
            "error": f"{100 * row['mean_absolute_error']:.1f}",
            "total": text.signed(row["total_error"]),
            "correlation": "" if row["correlation_per_meter"] is None else f"{row['correlation_per_meter']:.2f}",
            "factor": f"{row['factor']:.3f}",
            "worst": f"{row['worst_area']} ({text.signed(row['worst_error'], 0)})".replace(" %", "\N{NO-BREAK SPACE}%"),
        }
        for row in latest.sort("level", pl.col("variant").cast(pl.Enum(list(VARIANTS)))).iter_rows(named=True)
    ]


def _say_basis(run: RunInfo, basis: str) -> str:
    if basis == "paper":
        return "Modelled from the homes of each area and the paper's mean demand of each dwelling type: no reading is behind it."
    made_up = f" {SAMPLE[:1].upper()}{SAMPLE[1:]}." if run.origin else ""
    return f"Modelled from the homes of each area and the mean demand of each dwelling type among the homes of this release.{made_up}"


def _say_total(figures: pl.DataFrame) -> str:
    row: Mapping[str, Any] = figures.filter(level="london").row(0, named=True)
    return f"{row['heat_mwh'] / 1e6:.1f} TWh of heat a year in {row['homes']:,} homes on {row['area_km2']:,.0f} km²"
