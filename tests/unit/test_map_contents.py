"""The values on the heat map: they are numbers that a browser reads, and mean what their layer says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import polars as pl

from reports.map.contents import map_page
from tests.example_areas import public_areas, write_area_folder
from tests.example_release import make_release
from tests.example_site import RUN
from transforms.tables.words import DWELLING_TYPES
from warehouse.areas.built_in import read_built_in
from warehouse.areas.folder import read_area_folder


def test_an_area_with_more_meters_than_homes_has_no_home_without_a_meter() -> None:
    area = read_built_in().area.filter(level="msoa").sort("area_id")
    metered = (area["gas_meters"] > area["homes"]).arg_true().to_list()
    assert metered  # meters of empty homes count, occupied homes do not include these
    page = map_page(make_release(), RUN)
    assert page is not None
    shares = page.numbers["levels"]["msoa"]["columns"]["off_gas"]
    assert {shares[at] for at in metered} == {0.0}
    assert min(shares) == 0


def test_an_area_without_homes_leaves_the_page_readable(tmp_path: Path) -> None:
    reference = read_area_folder(write_area_folder(tmp_path)).reference
    empty = reference.area.filter(level="lsoa")["area_id"][0]
    no_homes = pl.when(pl.col("area_id") == empty).then(0).otherwise(pl.col("homes", *DWELLING_TYPES)).name.keep()
    area = reference.area.with_columns(no_homes.cast(pl.Int64))
    page = map_page(make_release(*public_areas(dataclasses.replace(reference, area=area))), RUN)
    assert page is not None
    json.dumps(page.numbers, allow_nan=False)
    lsoas = page.numbers["levels"]["lsoa"]
    at = lsoas["ids"].index(empty)
    assert lsoas["columns"]["homes"][at] == 0
    assert all(lsoas["columns"][name][at] is None for name in ("peak", "off_gas") if name in lsoas["columns"])
