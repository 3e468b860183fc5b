"""Contributions: a clean file loads, every seeded fault is rejected by column, reason and next step, and the rest loads."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
import shapely
from typer.testing import CliRunner

from flows.cli.main import app
from flows.pipeline.areas import read_areas
from flows.settings import load_settings
from tests.example_areas import FIGURES
from transforms.areas.contributions import (
    CATEGORIES,
    NAMES,
    ContributionError,
    Rules,
    judge_rows,
    latest_rows,
    row_of_feature,
)
from transforms.areas.geometry import Coverage
from transforms.tables.areas import CONTRIBUTION, CONTRIBUTION_LOG
from warehouse.areas.built_in import read_built_in
from warehouse.areas.contributions import PROBLEM, ContributionFolder, read_rows, write_checked

TODAY = dt.date(2026, 6, 1)
RULES = Rules(
    coverage=Coverage.from_rings(read_built_in().borders["msoa"].corners()), figures=FIGURES, today=TODAY
)  # fmt: skip
COMMON = {
    "contributor": "A borough", "status": "existing", "source": "own survey", "licence": "OGL-UK-3.0", "valid_from": "2026-01-31",
}  # fmt: skip
LOAD = COMMON | {
    "kind": "load", "site_id": "h1", "name": "Hospital", "category": "hospital", "easting": "533255", "northing": "182589",
    "heat_mwh": "9000", "fuel_mwh": "10500", "peak_kw": "3500", "value_basis": "metered",
}  # fmt: skip
HOMES = COMMON | {
    "kind": "load", "site_id": "e1", "name": "Estate", "category": "communal_residential", "latitude": "51.53", "longitude": "-0.09",
    "homes": "200", "heat_mwh": "1800", "value_basis": "metered",
}  # fmt: skip
SUPPLY = COMMON | {
    "kind": "supply", "site_id": "d1", "name": "Data centre", "category": "data_centre", "easting": "534000", "northing": "181000",
    "capacity_kw": "4000", "temperature_c": "35", "heat_mwh": "20000",
}  # fmt: skip
NETWORK = COMMON | {
    "kind": "network", "site_id": "n1", "name": "A network", "category": "heat_network", "heat_mwh": "30000",
    "shape": "LINESTRING (533000 181000, 533600 181800, 534000 182000)", "length_m": "1447",
}  # fmt: skip
ZONE = COMMON | {
    "kind": "opportunity_area", "site_id": "z1", "name": "A zone", "category": "heat_network_zone", "status": "proposed",
    "shape": "POLYGON ((533000 181000, 534000 181000, 534000 182000, 533000 182000, 533000 181000))",
}  # fmt: skip
TARGET = COMMON | {
    "kind": "policy_target", "site_id": "t1", "name": "Connect by 2030", "category": "connection", "easting": "533000", "northing": "181500",
}  # fmt: skip
CLEAN = [LOAD, HOMES, SUPPLY, NETWORK, ZONE, TARGET]

FAULTS = [  # a good row, what is changed, the column that is named, a part of the reason
    (LOAD, {"kind": "lode"}, "kind", "'lode' is not known"),
    (LOAD, {"contributor": ""}, "contributor", "nothing is given"),
    (LOAD, {"site_id": " "}, "site_id", "nothing is given"),
    (LOAD, {"name": "x" * 10_000}, "name", "10,000 characters"),
    (LOAD, {"name": "bell\x07"}, "name", "control character"),
    (LOAD, {"category": "castle"}, "category", "'castle' is no load"),
    (LOAD, {"category": "data_centre"}, "category", "is no load"),
    (LOAD, {"status": "maybe"}, "status", "is not known"),
    (LOAD, {"licence": "all rights reserved"}, "licence", "is not known"),
    (LOAD, {"licence": ""}, "licence", "nothing is given"),
    (LOAD, {"source": ""}, "source", "nothing is given"),
    (LOAD, {"valid_from": "2027-01-01"}, "valid_from", "in the future"),
    (LOAD, {"valid_from": "31/01/2026"}, "valid_from", "is no day"),
    (LOAD, {"easting": "182589", "northing": "533255"}, "easting", "did you mean --easting 533255"),
    (LOAD, {"easting": "", "northing": ""}, "easting", "no place is given"),
    (LOAD, {"easting": "561000", "northing": "160000"}, "easting", "in no area of London"),
    (LOAD, {"easting": "east"}, "easting", "is no number"),
    (LOAD, {"latitude": "51.6", "longitude": "-0.2"}, "easting", "another place"),
    (HOMES, {"latitude": "-0.09", "longitude": "51.53"}, "latitude", "did you mean --lat 51.53"),
    (HOMES, {"heat_mwh": "1800000"}, "heat_mwh", "MWh a home is out of bounds"),  # kWh
    (HOMES, {"heat_mwh": "1.8"}, "heat_mwh", "out of bounds"),  # GWh
    (HOMES, {"homes": "1", "heat_mwh": "12"}, "homes", "would tell of single homes"),
    (HOMES, {"homes": "9", "heat_mwh": "90"}, "homes", "would tell of single homes"),
    (HOMES, {"homes": "-3"}, "homes", "out of bounds"),
    (LOAD, {"heat_mwh": ""}, "heat_mwh", "nothing is given"),
    (LOAD, {"heat_mwh": "9000000", "fuel_mwh": "", "peak_kw": ""}, "heat_mwh", "too much for a load"),  # kWh
    (LOAD, {"heat_mwh": "0.4", "fuel_mwh": "", "peak_kw": ""}, "heat_mwh", "too little"),
    (LOAD, {"fuel_mwh": "5000"}, "heat_mwh", "more than the fuel"),
    (LOAD, {"peak_kw": "800"}, "peak_kw", "below the mean load"),
    (LOAD, {"peak_kw": "3500000"}, "peak_kw", "less than 50 hours"),  # W
    (LOAD, {"peak_kw": "inf"}, "peak_kw", "is no number"),
    (LOAD, {"temperature_c": "70"}, "temperature_c", "a load has none"),
    (LOAD, {"value_basis": "guess"}, "value_basis", "is not known"),
    (SUPPLY, {"temperature_c": "350"}, "temperature_c", "out of bounds"),
    (NETWORK, {"length_m": "1477"}, "length_m", "not the length of the shape"),  # 2 % off
    (NETWORK, {"shape": ""}, "shape", "nothing is given"),
    (NETWORK, {"shape": "POINT (533000 181000)"}, "shape", "is no LineString"),
    (NETWORK, {"shape": "LINESTRING"}, "shape", "is no LineString"),
    (NETWORK, {"shape": "LINESTRING (-0.1 51.5, -0.2 51.6)", "length_m": ""}, "shape", "outside London"),
    (ZONE, {"shape": "POLYGON ((533000 181000, 534000 182000, 534000 181000, 533000 182000, 533000 181000))"}, "shape", "crosses itself"),
    (ZONE, {"shape": ZONE["shape"][:-1] + ", (533400 181400, 533400 181600, 533600 181600, 533600 181400, 533400 181400))"}, "shape", "has a hole"),
]  # fmt: skip


def full(row: dict[str, str]) -> dict[str, str]:
    """Return a row with every column."""
    return {name: row.get(name, "") for name in NAMES}


def test_a_clean_file_loads() -> None:
    judged = judge_rows([full(row) for row in CLEAN], RULES)
    assert judged.problems == (None,) * 6
    rows = {row["site_id"]: row for row in judged.accepted.to_dicts()}
    assert rows["h1"]["obliged"] == "not homes, above 100 MWh a year"
    assert rows["e1"]["obliged"] == "communal heating"
    assert rows["d1"]["obliged"] is None
    assert rows["n1"]["length_m"] == pytest.approx(1447.2, abs=0.1)
    assert rows["n1"]["points"].startswith("533000.0,181000.0,")
    assert (rows["z1"]["easting"], rows["z1"]["northing"]) == (533_500, 181_500)
    assert judged.accepted.schema == pl.Schema(CONTRIBUTION.schema)


@pytest.mark.parametrize(
    ("row", "change", "column", "reason"),
    FAULTS,
    ids=[f"{c} {next(iter(d))} {n}" for n, (_, d, c, _) in enumerate(FAULTS)],
)
def test_a_fault_is_rejected_with_column_reason_and_next_step(
    row: dict[str, str], change: dict[str, str], column: str, reason: str
) -> None:
    judged = judge_rows([full(SUPPLY if row is not SUPPLY else LOAD), full(row | change)], RULES)
    good, problem = judged.problems
    assert good is None
    assert problem is not None
    assert problem.startswith(f"{column}: ")
    assert reason in problem
    assert "; " in problem
    assert len(judged.accepted) == 1


@pytest.mark.parametrize("kind", ["Point", "LineString", "Polygon"])
def test_an_empty_geometry_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="a geometry has no coordinates"):
        row_of_feature({"kind": "load"}, {"type": kind, "coordinates": []})


def test_there_are_faults_enough() -> None:
    assert len(FAULTS) >= 25
    assert len({(column, reason) for _, _, column, reason in FAULTS}) >= 25


def test_two_rows_at_one_place_or_of_one_id_are_one() -> None:
    near = LOAD | {"site_id": "h2", "easting": "533265"}
    far = LOAD | {"site_id": "h3", "easting": "533290"}
    other = LOAD | {"site_id": "h4", "category": "school", "heat_mwh": "50", "fuel_mwh": "", "peak_kw": "30"}
    problems = judge_rows([full(row) for row in (LOAD, near, far, other, LOAD)], RULES).problems
    assert problems[0] is problems[2] is problems[3] is None
    assert "within 25 m of 'h1'" in str(problems[1])
    assert "stands twice" in str(problems[4])


def test_metered_figures_of_ten_homes_are_enough_and_estimates_need_none() -> None:
    ten = HOMES | {"homes": "10", "heat_mwh": "90"}
    one = HOMES | {"site_id": "e2", "homes": "1", "heat_mwh": "9", "value_basis": "estimated", "latitude": "51.54"}
    assert judge_rows([full(ten), full(one)], RULES).problems == (None, None)


def test_a_later_day_takes_the_place_of_an_earlier_one() -> None:
    later = LOAD | {"valid_from": "2026-05-01", "heat_mwh": "9500"}
    judged = judge_rows([full(later), full(LOAD)], RULES)
    assert judged.problems == (None, None)
    assert latest_rows(judged.accepted)["heat_mwh"].to_list() == [9500]


def write(folder: Path, suffix: str, rows: list[dict[str, str]]) -> Path:
    """Write a file of contributions in one of the formats."""
    path = folder / f"given{suffix}"
    write_checked(path, [full(row) for row in rows], [None] * len(rows))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet", ".geojson"])
def test_every_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, suffix, CLEAN)
    assert judge_rows(read_rows(path.read_bytes(), suffix), RULES).problems == (None,) * 6


def test_geometries_of_geojson_are_points_lines_and_areas() -> None:
    def feature(row: dict[str, str], geometry: dict[str, object]) -> dict[str, object]:
        place = ("shape", "easting", "northing", "latitude", "longitude")
        return {"type": "Feature", "properties": {k: v for k, v in row.items() if k not in place}, "geometry": geometry}

    features = [
        feature(HOMES, {"type": "Point", "coordinates": [-0.09, 51.53]}),
        feature(
            NETWORK | {"length_m": ""}, {"type": "LineString", "coordinates": [[533000, 181000], [533600, 181800]]}
        ),
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    judged = judge_rows(read_rows(content, ".geojson"), RULES)
    assert judged.problems == (None, None)
    assert judged.accepted["length_m"].to_list() == [None, 1000.0]


POINT = {"type": "Point", "coordinates": [-0.09, 51.53]}
LINE = {"type": "LineString", "coordinates": [[-0.0861, 51.5123], [-0.0779, 51.5194], [-0.07, 51.52, 12.5]]}
AREA = {"type": "Polygon", "coordinates": [[[533000, 181000], [534000, 181000], [534000, 182000], [533000, 181000]]]}


def properties_of(row: dict[str, str], **more: object) -> dict[str, object]:
    """Return the properties of a feature with its place as geometry."""
    places = ("shape", "easting", "northing", "latitude", "longitude", "length_m")
    return {name: value for name, value in row.items() if name not in places} | more


@pytest.mark.parametrize("ending", [".geojson", ".GEOJSON"])
def test_a_checked_map_file_is_the_same_file_with_the_problem_of_each_feature(tmp_path: Path, ending: str) -> None:
    given = {
        "type": "FeatureCollection", "name": "our survey",
        "features": [
            {"type": "Feature", "id": 7, "properties": properties_of(HOMES, surveyor=12), "geometry": POINT},
            {"type": "Feature", "properties": properties_of(NETWORK, licence="closed"), "geometry": LINE},
            {"type": "Feature", "properties": properties_of(ZONE, problem="an older one"), "geometry": AREA},
        ],
    }  # fmt: skip
    path = tmp_path / f"given{ending}"
    path.write_text(json.dumps(given))
    shown = CliRunner().invoke(app, ["contribute", "check", str(path), "--home", str(tmp_path)])
    assert shown.exit_code == 1
    checked = json.loads((tmp_path / f"given.checked{ending}").read_text())
    problems = [feature["properties"].pop(PROBLEM) for feature in checked["features"]]
    assert problems[0] == problems[2] == ""
    assert problems[1].startswith("licence: 'closed' is not known")
    del given["features"][2]["properties"]["problem"]
    assert checked == given
    again = read_rows((tmp_path / f"given.checked{ending}").read_bytes(), ".geojson")
    assert judge_rows(again, RULES).problems == (None, problems[1], None)


def test_a_checked_geoparquet_keeps_its_geometries_and_their_coordinates(tmp_path: Path) -> None:
    shapes = [shapely.from_geojson(json.dumps(shape)) for shape in (POINT, LINE)]
    rows = [properties_of(full(HOMES)), properties_of(full(NETWORK), licence="closed", name="=1+1")]
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    given = pl.DataFrame(rows).with_columns(
        surveyor=pl.Series([1, 2]), geometry=pl.Series([shapely.to_wkb(shape) for shape in shapes])
    )
    path = tmp_path / "given.parquet"
    given.write_parquet(path, metadata={"geo": json.dumps(geo)})
    assert CliRunner().invoke(app, ["contribute", "check", str(path), "--home", str(tmp_path)]).exit_code == 1
    target = tmp_path / "given.checked.parquet"
    checked = pl.read_parquet(target)
    assert [problem.partition(":")[0] for problem in checked[PROBLEM]] == ["", "licence"]
    assert checked.drop(PROBLEM, "name").equals(given.drop("name"))
    assert checked["name"].to_list() == ["Estate", "'=1+1"]
    assert json.loads(pl.read_parquet_metadata(target)["geo"]) == geo


def test_a_checked_file_has_the_format_of_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "GIVEN.XLSX"
    write_checked(path, [full(LOAD)], ["name: wrong; mend it"])
    assert pl.read_excel(path)[PROBLEM].to_list() == ["name: wrong; mend it"]
    given = tmp_path / "given.geojson"
    feature = {"type": "Feature", "properties": properties_of(HOMES), "geometry": POINT}
    given.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    command = ["contribute", "check", str(given), "--out", str(tmp_path / "told.csv"), "--home", str(tmp_path)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert pl.read_csv(tmp_path / "told.csv")["longitude"].to_list() == [-0.09]


@pytest.mark.parametrize(
    ("content", "suffix", "why"),
    [
        (b"a,b\n1,2\n", ".csv", "lacks the column"),
        (b"", ".csv", "cannot be read"),
        (b"{}", ".geojson", "cannot be read"),
        (b"no zip", ".xlsx", "cannot be read"),
        (b"x", ".pdf", "is no format of contributions"),
    ],
)
def test_a_file_that_is_no_table_of_contributions_is_refused(content: bytes, suffix: str, why: str) -> None:
    with pytest.raises(ContributionError, match=why):
        read_rows(content, suffix)


def test_a_formula_in_a_name_is_inert_in_written_files(tmp_path: Path) -> None:
    evil = LOAD | {"name": '=HYPERLINK("x")'}
    for suffix in (".csv", ".xlsx"):
        path = write(tmp_path, suffix, [evil])
        assert read_rows(path.read_bytes(), suffix)[0]["name"] == '\'=HYPERLINK("x")'
    assert b"<f>" not in (tmp_path / "given.xlsx").read_bytes()


def test_the_command_checks_adds_withdraws_and_lists(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    run = CliRunner()
    bad = write(tmp_path, ".csv", [*CLEAN, LOAD | {"site_id": "h9", "licence": "closed"}])
    checked = run.invoke(app, ["contribute", "check", str(bad), *home])
    assert checked.exit_code == 1
    assert "row 7: licence: 'closed' is not known" in checked.stdout
    checked = pl.read_csv(tmp_path / "given.checked.csv", infer_schema=False)
    assert checked[PROBLEM].is_null().sum() + (checked[PROBLEM] == "").sum() == 6
    folder: ContributionFolder = load_settings(home=tmp_path / "home").folders.contributions
    for _ in range(2):  # twice is once
        assert run.invoke(app, ["contribute", "add", str(bad), "--by", "an officer", *home]).exit_code == 1
        assert len(folder.current()) == 6
    assert len(folder.log()) == 1
    newer = tmp_path / "newer.csv"
    write(tmp_path, ".csv", [LOAD | {"valid_from": "2026-05-01", "heat_mwh": "9500"}]).rename(newer)
    assert run.invoke(app, ["contribute", "add", str(newer), *home]).exit_code == 0
    assert folder.current().filter(site_id="h1")["heat_mwh"].to_list() == [9500]
    gone = run.invoke(app, ["contribute", "withdraw", "newer.csv", "--reason", "wrong meter", *home])
    assert gone.exit_code == 0
    assert folder.current().filter(site_id="h1")["heat_mwh"].to_list() == [9000]
    log = run.invoke(app, ["contribute", "log", *home]).stdout
    assert "by 'an officer': 6 of 7 rows" in log
    assert "wrong meter" in log
    assert "6 contributions hold now" in log


def test_the_published_log_names_organisation_rows_and_time_but_no_person(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    run = CliRunner()
    other = SUPPLY | {"contributor": "Another borough"}
    both = write(tmp_path, ".csv", [LOAD, HOMES, other, TARGET | {"licence": "closed"}]).rename(
        tmp_path / "jane doe.csv"
    )
    later = write(tmp_path, ".csv", [LOAD | {"valid_from": "2026-05-01"}])
    for path in (both, later):
        run.invoke(app, ["contribute", "add", str(path), "--by", "Jane Doe", *home])
    run.invoke(app, ["contribute", "withdraw", both.name, "--reason", "asked by Jane Doe", *home])
    settings = load_settings(home=tmp_path / "home")
    table = read_areas(settings).contribution_log
    assert table.equals(settings.folders.contributions.log_table())
    assert table.columns == [column.name for column in CONTRIBUTION_LOG.columns]
    what = table.sort("rows", "kind", descending=True).select("contributor", "kind", "rows").rows()
    assert what == [("A borough", "load", 2), ("Another borough", "supply", 1), ("A borough", "load", 1)]
    assert table.filter(rows=2)["withdrawn_at_utc"].null_count() == 0
    assert (
        table.filter(file_sha256=hashlib.sha256(later.read_bytes()).hexdigest())["withdrawn_at_utc"].null_count() == 1
    )
    added = table["added_at_utc"]
    assert added.null_count() == 0
    assert (dt.datetime.now(tz=dt.UTC).replace(tzinfo=None) - added.max()).total_seconds() < 3600
    assert "jane" not in table.write_csv().lower()
    log = run.invoke(app, ["contribute", "log", *home]).stdout
    assert "by 'Jane Doe': 3 of 4 rows (2 load of 'A borough', 1 supply of 'Another borough'); withdrawn " in log
    assert "1 of 1 rows (1 load of 'A borough')" in log


@pytest.mark.parametrize(
    "words", [["withdraw", "none.csv", "--reason", "x"], ["withdraw", "none.csv"], ["check"], ["template", "t.pdf"]]
)
def test_wrong_words_exit_with_2(tmp_path: Path, words: list[str]) -> None:
    assert CliRunner().invoke(app, ["contribute", *words, "--home", str(tmp_path)]).exit_code == 2


def test_the_template_is_a_workbook_with_lists_or_a_header(tmp_path: Path) -> None:
    run = CliRunner()
    for name in ("template.xlsx", "template.csv", "CAPITALS.CSV"):
        assert run.invoke(app, ["contribute", "template", str(tmp_path / name), "--home", str(tmp_path)]).exit_code == 0
    assert pl.read_csv(tmp_path / "template.csv").columns == list(NAMES)
    assert pl.read_excel(tmp_path / "template.xlsx", raise_if_empty=False).columns == list(NAMES)
    import zipfile

    sheet = zipfile.ZipFile(tmp_path / "template.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<dataValidation ") >= 4
    lists = pl.read_excel(tmp_path / "template.xlsx", sheet_name="lists", has_header=False)
    categories = {name for names in CATEGORIES.values() for name in names}
    assert categories in [set(column.drop_nulls()) for column in lists]  # of every kind, whatever is contributed
    with pytest.raises(ContributionError, match="holds no rows"):
        read_rows((tmp_path / "template.csv").read_bytes(), ".csv")


def test_an_empty_layer_says_so(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["contribute", "log", "--home", str(tmp_path)])
    assert shown.stdout.strip() == "none contributed"
