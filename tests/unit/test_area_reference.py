"""Areas, built in or from a folder: homes add up, bad files are refused by name, and the rest works."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from tests.example_areas import (
    BORDERS,
    BOROUGH_GAS,
    BUNGALOWS,
    FUEL_POOR,
    GAS,
    HOMES,
    LINK,
    PLACE,
    write_area_folder,
)  # fmt: skip
from transforms.areas.reference import COUNTS, LONDON_ID, group_areas, list_gas
from transforms.tables.areas import BOROUGH_GAS as BOROUGH_GAS_PIECE
from transforms.tables.words import DWELLING_TYPES
from warehouse.areas.built_in import read_built_in
from warehouse.areas.folder import fingerprint_area_folder, read_area_folder

SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "london"


def levels(area: pl.DataFrame) -> dict[str, int]:
    """Return how many areas each level has."""
    return dict(area.group_by("level", maintain_order=True).len().iter_rows())


def test_the_built_in_areas_are_whole() -> None:
    reference = read_built_in()
    assert levels(reference.area) == {"london": 1, "borough": 33, "msoa": 1002}
    london = reference.area.row(0, named=True)
    assert (london["area_id"], london["homes"]) == (LONDON_ID, 3_423_841)
    assert london["area_km2"] == pytest.approx(1572.06, abs=0.005)
    assert levels(reference.gas) == {"borough": 33 * 7}
    assert {level: len(borders.rings) for level, borders in reference.borders.items()} == {"borough": 33, "msoa": 1002}


@pytest.mark.parametrize("name", [*COUNTS, "area_km2"])
def test_every_level_sums_to_london(name: str) -> None:
    sums = read_built_in().area.group_by("level").agg(pl.col(name).sum())
    assert sums[name].to_list() == pytest.approx([sums[name][0]] * 3, rel=1e-9)


def test_the_types_of_an_area_sum_to_its_homes() -> None:
    area = read_built_in().area
    assert area.filter(pl.sum_horizontal(*DWELLING_TYPES) != pl.col("homes")).is_empty()
    assert area.filter(pl.any_horizontal(pl.col(name) < 0 for name in DWELLING_TYPES)).is_empty()
    assert area["bungalow"].sum() > 0


def test_a_folder_gives_lsoas_and_adds_them_up(tmp_path: Path) -> None:
    found = read_area_folder(write_area_folder(tmp_path))
    assert found.is_whole
    area = found.reference.area
    assert levels(area) == {"london": 1, "borough": 2, "msoa": 3, "lsoa": 6}
    first = area.filter(area_id="E01000001").row(0, named=True)
    assert first["homes"] == 480
    assert first["flat"] == 330
    assert first["bungalow"] == 10  # 10 of 150 houses by VOA, of 150 by the Census
    assert (first["detached"], first["semi_detached"], first["terraced"]) == (8, 32, 100)
    assert first["gas_meters"] == pytest.approx(450)
    assert first["fuel_poor_share"] == pytest.approx(0.1)
    north = area.filter(area_id="E09000001").row(0, named=True)
    assert north["nondomestic_gwh"] == 41.0
    assert north["area_km2"] == pytest.approx(4.6)
    assert north["gas_meters"] == pytest.approx(1610)


def test_an_area_that_was_split_shares_its_meters_by_homes(tmp_path: Path) -> None:
    area = read_area_folder(write_area_folder(tmp_path)).reference.area
    parts = area.filter(pl.col("area_id").is_in(["E01000005", "E01000006"]))
    meters = dict(parts.select("area_id", "gas_meters").iter_rows())
    assert meters["E01000005"] == pytest.approx(800 * 665 / (665 + 280))
    assert sum(meters.values()) == pytest.approx(800)


def test_published_gas_stands_beside_the_homes_of_its_own_areas(tmp_path: Path) -> None:
    gas = read_area_folder(write_area_folder(tmp_path)).reference.gas
    assert levels(gas) == {"borough": 4, "lsoa_group": 10, "msoa_2011": 6}
    split = gas.filter(level="lsoa_group", area_id="E01000009", year=2019).row(0, named=True)
    assert (split["homes"], split["gas_meters"]) == (665 + 280, 800)
    assert split["gas_gwh"] == pytest.approx(11.22)
    assert split["weather_corrected"]
    assert "Elsewhere" not in gas["name"].to_list()


def test_gas_of_an_area_that_crosses_msoas_does_not_depend_on_the_order_of_the_links(tmp_path: Path) -> None:
    area = read_area_folder(write_area_folder(tmp_path)).reference.area
    ids = area.filter(level="lsoa")["area_id"].to_list()
    old = [f"E01000{n:03}" for n in range(120)]
    link = pl.DataFrame(
        {
            "lsoa_2011_id": old,
            "area_id": [ids[n % len(ids)] for n in range(120)],
            "msoa_2011_id": [f"E0200000{n % 4}" for n in range(120)],
            "borough_id": "E09000001",
        }
    )
    gas = pl.DataFrame(
        {"year": 2019, "lsoa_2011_id": old, "gas_meters": 1.0, "gas_kwh": [1e6 / (n + 3) for n in range(120)]}
    )
    borough_gas = BOROUGH_GAS_PIECE.empty()
    found = [
        list_gas(area, borough_gas, link=link.sample(fraction=1, shuffle=True, seed=n), gas=gas.sample(fraction=1, shuffle=True, seed=n))
        for n in range(5)
    ]  # fmt: skip
    assert all(one.equals(found[0]) for one in found)
    assert found[0].filter(level="msoa_2011")["gas_gwh"].sum() == pytest.approx(gas["gas_kwh"].sum() / 1e6)


def test_areas_that_merged_and_split_at_once_are_one_group() -> None:
    link = pl.DataFrame({"lsoa_2011_id": ["A", "B", "B", "D"], "area_id": ["x", "x", "y", "z"]})
    assert group_areas(link).rows() == [("x", "A"), ("y", "A"), ("z", "D")]


def spoil(folder: Path, name: str, *changes: pl.Expr) -> None:
    """Write a CSV of the folder anew with columns changed."""
    pl.read_csv(folder / name).with_columns(changes).write_csv(folder / name)


first_row, second_row = pl.int_range(pl.len()) == 0, pl.int_range(pl.len()) == 1
BAD = [
    (PLACE, pl.when(second_row).then(pl.lit("E01000001")).otherwise("lsoa21cd").alias("lsoa21cd"), "key that occurs twice"),
    (PLACE, pl.when(first_row).then(pl.lit("W01000001")).otherwise("lsoa21cd").alias("lsoa21cd"), "e.g. W01000001"),
    (HOMES, pl.when(first_row).then(pl.col("detached") + 1).otherwise("detached").alias("detached"), "the types do not sum to the households, e.g. E01000001 with 480"),
    (HOMES, pl.when(first_row).then(pl.lit("E01000099")).otherwise("lsoa21cd").alias("lsoa21cd"), "unknown area_id, e.g. E01000099"),
    (GAS, pl.when(first_row).then(pl.lit("E01000099")).otherwise("lsoa11cd").alias("lsoa11cd"), "unknown lsoa_2011_id, e.g. E01000099"),
    (GAS, -pl.col("gas_kwh"), "impossible values of domestic gas"),
    (LINK, pl.when(first_row).then(pl.lit("E01000077")).otherwise("lsoa21cd").alias("lsoa21cd"), "unknown area_id"),
    (BUNGALOWS, pl.lit("none").alias("bungalow"), "does not hold bungalows"),
    (FUEL_POOR, pl.lit(9999).alias("fuel_poor_households"), "more fuel-poor homes than homes"),
    (BOROUGH_GAS, pl.lit(0.0).alias("gwh_dom"), "impossible values"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "why"), BAD)
def test_a_bad_file_is_refused_by_name_and_the_others_work(
    tmp_path: Path, name: str, change: pl.Expr, why: str
) -> None:
    spoil(write_area_folder(tmp_path), name, change)
    found = read_area_folder(tmp_path)
    refused = {finding.name: finding.problem for finding in found.findings if finding.state == "refused"}
    assert why in refused[name]
    assert sum(finding.state == "ok" for finding in found.findings) >= 1
    assert found.reference.area["homes"][0] > 0
    assert any(name in finding for finding in found.reference.findings)
    if name not in {PLACE, HOMES}:  # these two make the LSOAs
        assert levels(found.reference.area)["lsoa"] == 6


def test_degrees_instead_of_metres_and_a_strange_polygon_are_refused(tmp_path: Path) -> None:
    folder = write_area_folder(tmp_path)
    given = json.loads((folder / BORDERS).read_text(encoding="utf-8"))
    given["features"][0]["properties"]["lsoa21cd"] = "E01000099"
    (folder / BORDERS).write_text(json.dumps(given), encoding="utf-8")
    found = read_area_folder(folder)
    assert "2 areas are in only one of" in found.findings[-1].problem
    assert levels(found.reference.area)["lsoa"] == 6
    for feature in given["features"]:
        feature["geometry"]["coordinates"] = [[[0.1, 51.5], [0.2, 51.5], [0.2, 51.6], [0.1, 51.5]]]
    (folder / BORDERS).write_text(json.dumps(given), encoding="utf-8")
    assert "no metres of the British National Grid" in read_area_folder(folder).findings[-1].problem


def test_an_empty_folder_is_all_missing_and_built_in_figures_stand_in(tmp_path: Path) -> None:
    found = read_area_folder(tmp_path)
    assert {finding.state for finding in found.findings} == {"missing"}
    assert all("get it from" in finding.problem for finding in found.findings)
    assert levels(found.reference.area)["msoa"] == 1002


def test_the_fingerprint_follows_every_file_that_is_read(tmp_path: Path) -> None:
    folder = write_area_folder(tmp_path)
    seen = {fingerprint_area_folder(folder)}
    (folder / "note.txt").write_text("not read", encoding="utf-8")
    assert fingerprint_area_folder(folder) in seen
    for name in (PLACE, HOMES, LINK, GAS, BOROUGH_GAS, BUNGALOWS, FUEL_POOR, BORDERS):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("\n")
        seen.add(fingerprint_area_folder(folder))
    assert len(seen) == 9
    assert fingerprint_area_folder(None) is None


def test_the_command_prints_source_and_licence_and_fails_where_something_is_wrong(tmp_path: Path) -> None:
    folder = write_area_folder(tmp_path)
    good = CliRunner().invoke(app, ["reference", "check", str(folder)])
    assert good.exit_code == 0
    for part in (
        f"{HOMES}: ok, 6 rows",
        "licence  Open Government Licence v3.0",
        "source   ONS, Census 2021 table TS044",
        "6 lsoa",
    ):
        assert part in good.stdout
    spoil(folder, HOMES, pl.col("detached") + 1)
    bad = CliRunner().invoke(app, ["reference", "check", str(folder)])
    assert bad.exit_code == 1
    assert f"{HOMES}: refused" in bad.stdout
    assert "do not sum to the households" in bad.stdout


@pytest.mark.skipif(not SHARED.exists(), reason="the published files are not beside the project")
def test_the_built_in_areas_are_those_of_the_published_files() -> None:
    found = read_area_folder(SHARED)
    assert found.is_whole
    assert levels(found.reference.area) == {"london": 1, "borough": 33, "msoa": 1002, "lsoa": 4994}
    shipped, published = (
        reference.area.filter(pl.col("level") != "lsoa").sort("level", "area_id")
        for reference in (read_built_in(), found.reference)
    )
    assert shipped.select("area_id", "name", *COUNTS).equals(published.select("area_id", "name", *COUNTS))
    assert shipped["area_km2"].to_list() == pytest.approx(published["area_km2"].to_list(), rel=1e-9)
    assert levels(found.reference.gas) == {"borough": 231, "lsoa_group": 2 * 4805, "msoa_2011": 2 * 983}
