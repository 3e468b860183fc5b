"""The built-in areas: 33 boroughs and 1,002 MSOAs of 2021 with homes, land and borders, and the gas use of each borough."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from transforms.areas.borders import borders_from_frames
from transforms.areas.reference import AreaReference, finish_areas, list_gas
from transforms.tables.areas import AREA_ARC, AREA_RING, BOROUGH_GAS, LINK, SMALL_AREA_GAS

FOLDER = Path(__file__).with_name("figures")
DRAWN_LEVELS = ("borough", "msoa")


@cache
def read_built_in() -> AreaReference:
    """Return the areas that ship with Hearth."""
    msoas = pl.read_csv(FOLDER / "msoa.csv").with_columns(level=pl.lit("msoa"), parent_id="borough_id")
    boroughs = read_borough_gas()
    names = boroughs.unique("borough_id").select("borough_id", borough_name="name")
    counted = msoas.join(names, on="borough_id", maintain_order="left").with_columns(
        fuel_poor=pl.col("fuel_poor_share") * pl.col("homes")
    )
    area = finish_areas(counted, boroughs)
    gas = list_gas(area, boroughs, link=LINK.empty(), gas=SMALL_AREA_GAS.empty())
    arc = AREA_ARC.conform(pl.read_csv(FOLDER / "arc.csv"))
    ring = AREA_RING.conform(pl.read_csv(FOLDER / "ring.csv"))
    return AreaReference(
        area=area, gas=gas, borders={level: borders_from_frames(arc, ring, level) for level in DRAWN_LEVELS}
    )


@cache
def read_borough_gas() -> pl.DataFrame:
    """Return the gas use of boroughs that ships with Hearth (`BOROUGH_GAS`)."""
    return BOROUGH_GAS.conform(pl.read_csv(FOLDER / "borough_gas.csv"))
