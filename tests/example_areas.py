"""Areas for tests: a folder of files (six LSOAs in a row of squares, three MSOAs, two boroughs), and demands of homes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl

from quality.disclosure.accounts import publish_open
from transforms.areas.demand import HomeDemand, Means, measured_home_demand, paper_home_demand
from transforms.areas.figures import AreaFigures
from transforms.areas.reference import AreaReference
from transforms.areas.tables import make_area_tables
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.load_shape import load_shape
from transforms.public.public import PublicTable
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.weather import WEATHER_FIT
from transforms.tables.words import DWELLING_TYPES
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

SIDE_M = 1000
WEST, SOUTH = 530_000, 180_000
LSOAS = [f"E0100000{n}" for n in range(1, 7)]
MSOAS = [f"E0200000{1 + n // 2}" for n in range(6)]
BOROUGHS = ["E09000001"] * 4 + ["E09000002"] * 2
BOROUGH_NAMES = {"E09000001": "Northside", "E09000002": "Southside"}
OLD = ["E01000001", "E01000002", "E01000003", "E01000004", "E01000009"]  # the last became two areas

PLACE = "ons_lsoa_2021_london.csv"
HOMES = "census2021_ts044_accommodation_type_lsoa_london.csv"
LINK = "ons_lsoa_2011_to_2021_london.csv"
GAS = "desnz_lsoa_domestic_gas_london_2018_2019.csv"
BOROUGH_GAS = "desnz_subnational_gas_la_2015_2021.csv"
BUNGALOWS = "voa_2015_dwellings_by_type_lsoa_london.csv"
FUEL_POOR = "desnz_2019_fuel_poverty_lsoa_london.csv"
BORDERS = "ons_lsoa_2021_london_bng.geojson"


def square(column: int, row: int = 0) -> list[list[int]]:
    """Return the corners of a square of the row."""
    west, south = WEST + SIDE_M * column, SOUTH + SIDE_M * row
    east, north = west + SIDE_M, south + SIDE_M
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def write_area_folder(folder: Path) -> Path:
    """Write a folder in which everything is as it should be."""
    folder.mkdir(parents=True, exist_ok=True)
    n = pl.int_range(0, 6, eager=True)
    pl.DataFrame(
        {
            "lsoa21cd": LSOAS,
            "lsoa21nm": [f"Side 00{1 + k // 2}{'AB'[k % 2]}" for k in range(6)],
            "msoa21cd": MSOAS,
            "msoa21nm": [f"Side 00{1 + k // 2}" for k in range(6)],
            "lad22cd": BOROUGHS,
            "lad22nm": [BOROUGH_NAMES[code] for code in BOROUGHS],
            "area_km2": 1.0 + n / 10,
            "centroid_easting": WEST + SIDE_M / 2 + SIDE_M * n,
            "centroid_northing": [SOUTH + SIDE_M / 2] * 6,
        }
    ).write_csv(folder / PLACE)
    homes = pl.DataFrame(
        {
            "lsoa21cd": LSOAS,
            "detached": [10, 20, 30, 0, 5, 40],
            "semi_detached": [40, 30, 20, 0, 10, 60],
            "terraced": [100, 200, 50, 0, 20, 100],
            "flat_purpose_built": [300, 100, 500, 900, 600, 50],
            "flat_converted_or_shared": [20] * 6,
            "flat_other_conversion": [5] * 6,
            "flat_commercial": [4] * 6,
            "caravan": [1] * 6,
        }
    )
    homes.with_columns(households=pl.sum_horizontal(pl.exclude("lsoa21cd"))).write_csv(folder / HOMES)
    links = [(OLD[k], "U", LSOAS[k], MSOAS[k], BOROUGHS[k]) for k in range(4)]
    links += [(OLD[4], "S", LSOAS[k], MSOAS[k], BOROUGHS[k]) for k in (4, 5)]
    names = ["lsoa11cd", "change", "lsoa21cd", "msoa11cd", "lad22cd"]
    pl.DataFrame(links, schema=names, orient="row").write_csv(folder / LINK)
    gas = pl.DataFrame({"lsoa11cd": OLD, "meters": [450, 360, 500, 300, 800], "gas_kwh": [6e6, 5e6, 6.5e6, 3e6, 1.1e7]})
    pl.concat(
        [gas.with_columns(year=year, gas_kwh=pl.col("gas_kwh") * more) for year, more in ((2018, 1.0), (2019, 1.02))]
    ).write_csv(folder / GAS)
    pl.DataFrame(
        {
            "year": [2018, 2018, 2019, 2019, 2019],
            "code": ["E09000001", "E09000002", "E09000001", "E09000002", "E08000001"],
            "local_authority": ["Northside", "Southside", "Northside", "Southside", "Elsewhere"],
            "meters_dom_k": [1.61, 0.8, 1.6, 0.81, 9.0],
            "gwh_dom": [20.0, 10.5, 20.5, 11.0, 99.0],
            "gwh_nondom": [40.0, 3.0, 41.0, 3.1, 99.0],
        }
    ).write_csv(folder / BOROUGH_GAS)
    pl.DataFrame(
        {
            "lsoa11cd": OLD[:4],
            "bungalow": [10, 0, 20, 0],
            "terraced": [100, 200, 50, 0],
            "semi_detached": [30, 30, 20, 0],
            "detached": [10, 20, 10, 0],
        }
    ).write_csv(folder / BUNGALOWS)
    pl.DataFrame(
        {"lsoa11cd": OLD, "households": [470, 370, 620, 920, 880], "fuel_poor_households": [47, 37, 62, 92, 88]}
    ).write_csv(folder / FUEL_POOR)
    features = [
        {
            "type": "Feature",
            "properties": {"lsoa21cd": code},
            "geometry": {"type": "Polygon", "coordinates": [square(k)]},
        }
        for k, code in enumerate(LSOAS)
    ]
    (folder / BORDERS).write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return folder


FIGURES = AreaFigures.from_table(read_figures("area_figure"))
ASSUMPTIONS = read_assumptions()
PAPER = paper_home_demand(
    paper_demand(ASSUMPTIONS), load_shape(scenario_figures(ASSUMPTIONS, "eep2019"))
)  # fmt: skip
START = dt.datetime(2009, 1, 1)
HOURS = 14 * 24


def means(*, without: tuple[str, ...] = (), made_up: bool = False, held: tuple[str, ...] = ()) -> Means:
    """Return means as two days of readings would give them; some types may not be published."""
    types = [name for name in DWELLING_TYPES if name not in without]
    demand = pl.DataFrame(
        [
            {
                "dwelling_type": name, "period": "2009", "year": 2009, "households": 50, "gas_kwh_mean": 1.25 * kwh,
                "heat_kwh_mean": kwh, "heat_kwh_ci_low": 0.9 * kwh, "heat_kwh_ci_high": 1.2 * kwh,
                "heat_kwh_weather_normal": 1.1 * kwh, "peak_hour_heat_kwh": 5.0,
            }
            for name, kwh in zip(DWELLING_TYPES, (20_000.0, 16_000.0, 14_000.0, 15_000.0, 10_000.0), strict=True)
            if name in types
        ],
    )  # fmt: skip
    profile = pl.concat(
        [
            pl.DataFrame(
                {
                    "dwelling_type": name,
                    "period": "2009",
                    "hour_start_utc": [START + dt.timedelta(hours=h) for h in range(HOURS)],
                    "households": 50,
                    "gas_kwh_mean": 1.0,
                    "heat_kwh_mean": [1.0 + (h == at) for h in range(HOURS)],
                }
            )
            for at, name in enumerate([*types, "all"])
        ]
    )
    diversity = pl.DataFrame(
        {
            "dwelling_type": "all", "period": "2009", "interval_minutes": 60, "dwellings": [1, 100, 10_000], "households": 50,
            "peak_kw_p05": [6.0, 4.5, 4.0], "peak_kw_p50": [12.0, 5.0, 4.0], "peak_kw_p95": [20.0, 5.5, 4.0],
        }
    )  # fmt: skip
    fit = pl.DataFrame({"dwelling_type": ["flat"], "period": ["2009"], "design_peak_hour_heat_kwh": [6.0]})
    return Means(
        demand=fill(demand, HEAT_DEMAND_ANNUAL.schema),
        profile=fill(profile, HEAT_PROFILE.schema),
        weather_fit=fill(fit, WEATHER_FIT.schema),
        diversity=fill(diversity, DIVERSITY.schema),
        made_up=made_up,
        held=frozenset(held),
    )


def measured(*, without: tuple[str, ...] = (), made_up: bool = False, held: tuple[str, ...] = ()) -> HomeDemand:
    """Return the demands that these means give."""
    found = measured_home_demand(PAPER, means(without=without, made_up=made_up, held=held))
    assert found is not None
    return found


NO_MEANS = Means.of_no_homes()


def fill(frame: pl.DataFrame, schema: dict) -> pl.DataFrame:
    """Return a frame with the columns that it lacks as nulls."""
    return pl.concat([pl.DataFrame(schema=schema), frame], how="diagonal_relaxed")


def public_areas(reference: AreaReference, of: Means = NO_MEANS) -> list[PublicTable]:
    """Return all tables of areas as published."""
    found = make_area_tables(reference, of, ASSUMPTIONS, FIGURES, scenario="eep2019", convention="best_practice")
    return [publish_open(table, frame) for table, frame in found.items()]
