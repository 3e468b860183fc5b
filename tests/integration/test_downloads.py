"""Downloads: the same tables in every form, described by what is beside them, inert, and the same bytes when written again."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import frictionless
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml

from flows.pipeline.downloads import FOLDER, write_downloads
from quality.disclosure.accounts import publish_ledger
from reports.inputs import Download
from tests.example_site import RUN, make_inputs, make_sources
from transforms.public.public import PUBLIC_TABLES, PublicTable
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.lineage import SOURCE
from warehouse.public.public_database import ReleaseInfo

HOSTILE = (
    '=cmd|" /C calc"!A1.csv', "@SUM(1+1).csv", "+44.csv", "-x.csv", "\t=1.csv", "{=1+1}.csv", "gas;=2+5.csv", "http://example.org/gas.csv",
    "<script>alert(1)</script>.csv", 'gas "June".csv', "gas\n=1+1.csv", "\u202egas.csv", "x" * 10_000 + ".csv", "gas\x01.csv",
)  # fmt: skip
INFO = ReleaseInfo(
    release_id=RUN.snapshot_id,
    run_id=RUN.run_id,
    published_at_utc=RUN.published_at_utc,
    code_version=RUN.code_version,
    code_fingerprint=RUN.code_fingerprint,
    made_up_by=RUN.origin,
    threshold=10,
)


def published() -> dict[str, PublicTable]:
    """Return the published tables of a trial whose files have hostile names."""
    given = make_inputs().tables
    shown = given[HEAT_PROFILE.name]
    profile = replace(shown, frame=shown.frame.filter(dwelling_type="all"))
    ledger = publish_ledger(make_sources(list(HOSTILE)))
    return {**given, SOURCE.name: ledger, HEAT_PROFILE.name: profile}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with downloads."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def downloads(site: Path) -> list[Download]:
    """Give the downloads that lie in `site`."""
    return write_downloads(site, published(), INFO)


@pytest.fixture(scope="module")
def folder(site: Path, downloads: list[Download]) -> Path:
    """Give the folder of downloads."""
    assert downloads
    return site / FOLDER


def load(path: Path) -> dict[str, Any]:
    """Return what a JSON file says."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_every_file_is_listed_once_with_its_checksum(site: Path, folder: Path, downloads: list[Download]) -> None:
    there = sorted(str(path.relative_to(site)) for path in folder.rglob("*") if path.is_file())
    assert sorted(download.file for download in downloads) == there
    assert all(hashlib.sha256((site / d.file).read_bytes()).hexdigest() == d.sha256 for d in downloads)
    assert {d.table for d in downloads if d.table} == {*PUBLIC_TABLES, "release"}


def test_the_manifest_names_each_file_with_bytes_rows_licence_run_and_snapshot(folder: Path) -> None:
    manifest = load(folder / "manifest.json")
    named = {row["file"]: row for row in manifest["files"]}
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(there) - set(named) == {"manifest.json", "CITATION.cff"}, "neither can hold its own checksum"
    for file, row in named.items():
        assert row["bytes"] == there[file].stat().st_size
        assert row["sha256"] == hashlib.sha256(there[file].read_bytes()).hexdigest()
        assert (row["licence"], row["run_id"], row["snapshot"]) == ("CC-BY-4.0", RUN.run_id, RUN.snapshot_id)
    assert named["parquet/heat_profile.parquet"]["rows"] == pq.read_metadata(folder / "parquet/heat_profile.parquet").num_rows == 8760  # fmt: skip
    assert manifest["release"]["made_up_by"] == RUN.origin


def test_every_form_holds_the_same_rows(folder: Path) -> None:
    with duckdb.connect(str(folder / "public.duckdb"), read_only=True) as con:
        for name, table in PUBLIC_TABLES.items():
            stored = con.sql(f"SELECT * FROM {name}").pl()
            parquet = pl.read_parquet(folder / "parquet" / f"{name}.parquet").sort(table.key)
            assert parquet.equals(stored), name
            (csv,) = (folder / "csv").glob(f"{name}.csv*")
            read = pl.read_csv(csv, schema=table.schema)
            numbers = [column.name for column in table.columns if column.dtype != pl.String]
            assert read.select(numbers).equals(stored.select(numbers)), name


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # frictionless leaves a .gz file open
def test_the_data_package_is_valid_with_its_data(folder: Path) -> None:
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "note"])[:5]
    assert len(report.tasks) == len(PUBLIC_TABLES) + 1
    assert resource_of(folder, "heat-profile")["compression"] == "gz"
    package = load(folder / "datapackage.json")
    demand = resource_of(folder, "heat-demand-annual")
    (heat,) = (f for f in demand["schema"]["fields"] if f["name"] == "heat_kwh_mean")
    assert (heat["type"], heat["unit"]) == ("number", "kWh/yr")
    assert demand["schema"]["primaryKey"] == ["dwelling_type", "period"]
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert "Sample data" in package["description"]


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (lambda lines: [*lines, lines[-1]], "primary-key"),
        (lambda lines: [lines[0], lines[1].replace("all", "castle"), *lines[2:]], "constraint-error"),
        (lambda lines: [lines[0], re.sub(r"^(\w+,\w+,\w+),\d+", r"\1,", lines[1]), *lines[2:]], "constraint-error"),
        (lambda lines: [lines[0].replace("heat_kwh_mean", "heat"), *lines[1:]], "incorrect-label"),
    ],
)
def test_a_table_against_its_declaration_is_invalid(tmp_path: Path, folder: Path, broken: Any, error: str) -> None:
    descriptor = resource_of(folder, "heat-demand-annual")
    lines = (folder / descriptor["path"]).read_text(encoding="utf-8").splitlines()
    (tmp_path / "csv").mkdir()
    (tmp_path / descriptor["path"]).write_text("\n".join(broken(lines)) + "\n", encoding="utf-8")
    bare = {key: value for key, value in descriptor.items() if key not in {"hash", "bytes"}}
    assert error in faults(bare, tmp_path)
    assert faults(bare, folder) == set()


def test_a_file_of_other_bytes_is_invalid(tmp_path: Path, folder: Path) -> None:
    descriptor = resource_of(folder, "heat-demand-annual")
    content = (folder / descriptor["path"]).read_bytes()
    (tmp_path / "csv").mkdir()
    (tmp_path / descriptor["path"]).write_bytes(content.replace(b"2009", b"2010"))
    assert faults(descriptor, tmp_path) == {"hash-count"}
    (tmp_path / descriptor["path"]).write_bytes(content + content[-1:])
    assert {"hash-count", "byte-count"} <= faults(descriptor, tmp_path)


def resource_of(folder: Path, name: str) -> dict[str, Any]:
    """Return the descriptor of one resource."""
    (found,) = (one for one in load(folder / "datapackage.json")["resources"] if one["name"] == name)
    descriptor: dict[str, Any] = found
    return descriptor


def faults(descriptor: dict[str, Any], folder: Path) -> set[str]:
    """Return what frictionless finds wrong with a resource in `folder`."""
    report = frictionless.Resource.from_descriptor(descriptor, basepath=str(folder)).validate()
    return {kind for (kind,) in report.flatten(["type"])}


def test_writing_a_release_twice_gives_the_same_bytes_but_for_the_database(tmp_path: Path, folder: Path) -> None:
    write_downloads(tmp_path, published(), INFO)
    again = tmp_path / FOLDER
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    differing = {str(file) for file in files if (folder / file).read_bytes() != (again / file).read_bytes()}
    assert differing <= {"public.duckdb", "manifest.json"}, "DuckDB gives each file a random number"
    assert sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file()) == files


def test_hostile_names_are_inert_in_csv_and_whole_in_parquet(folder: Path) -> None:
    whole = pl.read_parquet(folder / "parquet" / "source.parquet")["file_name"]
    shown = pl.read_csv(folder / "csv" / "source.csv")["file_name"]
    assert set(HOSTILE) <= set(whole)
    assert [name for name in shown if re.match(r"\s*[=+\-@]", name) or re.search(r"[;\t\r\n]\s*[=+\-@]", name)] == []
    assert sorted(name.replace("'", "") for name in shown) == sorted(name.replace("'", "") for name in whole)


def test_hostile_names_are_text_in_the_workbook(folder: Path) -> None:
    with zipfile.ZipFile(folder / "hearth.xlsx") as book:
        names = book.namelist()
        sheets = [book.read(name).decode() for name in names if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == len(PUBLIC_TABLES) + 2
    assert [sheet for sheet in sheets if re.search(r"<f[ >/]|<hyperlink", sheet)] == []
    assert [name for name in names if "externalLink" in name or ("rels" in name and "sheet" in name)] == []
    cells = fastexcel.read_excel(folder / "hearth.xlsx").load_sheet("source", header_row=0).to_polars()["file_name"]
    assert {re.sub(r"_x00(..)_", lambda code: chr(int(code[1], 16)), name) for name in cells.drop_nulls()} >= set(
        HOSTILE
    )


def test_a_sheet_has_bold_names_units_and_both_in_view(folder: Path) -> None:
    book = fastexcel.read_excel(folder / "hearth.xlsx")
    assert book.sheet_names[0] == "readme"
    assert set(book.sheet_names[1:]) == {*PUBLIC_TABLES, "release"}
    demand = book.load_sheet("heat_demand_annual", header_row=None).to_polars()
    stored = pl.read_parquet(folder / "parquet" / "heat_demand_annual.parquet")
    assert list(demand.row(0)) == stored.columns
    units = dict(zip(demand.row(0), demand.row(1), strict=True))
    assert units["heat_kwh_mean"] == "kWh/yr"
    heat = book.load_sheet("heat_demand_annual", header_row=0, skip_rows=1).to_polars()["heat_kwh_mean"]
    assert heat.to_list() == stored["heat_kwh_mean"].to_list()
    with zipfile.ZipFile(folder / "hearth.xlsx") as archive:
        position = book.sheet_names.index("heat_demand_annual") + 1
        xml = archive.read(f"xl/worksheets/sheet{position}.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert 'ySplit="2"' in xml
    assert 'state="frozen"' in xml
    assert re.search(r'<c r="A1" s="1"', xml)
    assert "<b/>" in styles


def test_the_first_sheet_says_what_it_is_and_where_long_tables_are(tmp_path: Path, folder: Path) -> None:
    from reports.workbook import About, write_workbook

    said = fastexcel.read_excel(folder / "hearth.xlsx").load_sheet("readme", header_row=None).to_polars()
    text = "\n".join(str(cell) for row in said.rows() for cell in row if cell is not None)
    for expected in ("Sample data", RUN.run_id, RUN.snapshot_id, "CC BY 4.0", "How to cite", "heat_profile", "8760"):
        assert expected in text
    profile = published()["heat_profile"].frame
    about = About(title="t", lines=(), made_at_utc=INFO.published_at_utc, elsewhere={"heat_profile": "parquet/heat_profile.parquet"})  # fmt: skip
    short = fastexcel.read_excel(write_workbook(tmp_path / "a.xlsx", {HEAT_PROFILE: profile}, about, rows=8759))
    assert short.sheet_names == ["readme"]
    assert "parquet/heat_profile.parquet" in str(short.load_sheet("readme", header_row=None).to_polars().rows())


def test_a_text_beyond_what_a_cell_holds_is_cut_and_says_so(tmp_path: Path) -> None:
    from reports.workbook import About, write_workbook

    ledger = publish_ledger(make_sources(["y" * 40_000]))
    table = PUBLIC_TABLES["source"]
    path = write_workbook(
        tmp_path / "a.xlsx", {table: table.conform(ledger.frame)}, About(title="t", lines=(), made_at_utc=INFO.published_at_utc, elsewhere={})
    )  # fmt: skip
    cells = fastexcel.read_excel(path).load_sheet("source", header_row=0).to_polars()["file_name"].drop_nulls()
    (cut,) = (cell for cell in cells if cell.startswith("yyy"))
    assert len(cut) == 32_767
    assert cut.endswith("(cut: the Parquet file has the whole text)")


def test_parquet_columns_carry_unit_and_meaning(folder: Path) -> None:
    schema = pq.read_schema(folder / "parquet" / "heat_profile.parquet")
    column = HEAT_PROFILE.column("heat_kwh_mean")
    assert schema.field("heat_kwh_mean").metadata == {
        b"unit": column.unit.encode(),
        b"meaning": column.meaning.encode(),
    }
    assert schema.metadata[b"release"].decode() == RUN.snapshot_id
    assert "CC BY 4.0" in schema.metadata[b"licence"].decode()


def test_the_citation_holds_snapshot_checksum_and_licence(folder: Path) -> None:
    cited = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    checksum = hashlib.sha256((folder / "datapackage.json").read_bytes()).hexdigest()
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "dataset"
    assert [one["value"] for one in cited["identifiers"]] == [RUN.snapshot_id, f"sha256:{checksum}"]
    assert (cited["license"], cited["version"], cited["date-released"]) == ("CC-BY-4.0", RUN.snapshot_id, "2026-11-22")
    assert cited["authors"] == [{"name": "The Hearth authors"}]
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    assert checksum in readme
    assert "Sample data" in readme
    assert all((folder / line.split()[0]).exists() for line in readme.split("-----\n")[2].splitlines() if re.match(r"\S+ {3,}", line))  # fmt: skip


def test_without_a_licence_no_file_gives_one(tmp_path: Path) -> None:
    info = replace(INFO, made_up_by=None, licence_id=None, publisher="publisher of a test")
    write_downloads(tmp_path, {"heat_demand_annual": published()["heat_demand_annual"]}, info)
    folder = tmp_path / FOLDER
    cited = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert "license" not in cited
    assert cited["authors"] == [{"name": "publisher of a test"}]
    assert "licenses" not in load(folder / "datapackage.json")
    assert {row["licence"] for row in load(folder / "manifest.json")["files"]} == {None}
    assert "No licence is given" in (folder / "README.txt").read_text(encoding="utf-8")
    assert "Sample data" not in (folder / "README.txt").read_text(encoding="utf-8")
    told = [
        p for p in folder.rglob("*") if p.suffix in {".txt", ".cff", ".json"} and "CC" in p.read_text(encoding="utf-8")
    ]
    assert [str(path) for path in told if "CC-BY" in path.read_text(encoding="utf-8")] == []


def test_a_bare_frame_is_no_download(tmp_path: Path) -> None:
    bare: dict[str, Any] = published() | {"heat_profile": published()["heat_profile"].frame}
    with pytest.raises(TypeError, match="heat_profile did not pass disclosure control"):
        write_downloads(tmp_path, bare, INFO)
    assert list(tmp_path.rglob("*")) == []


def test_downloads_are_for_everyone_and_small(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444 for path in files)
    assert sum(path.stat().st_size for path in files) < 6_000_000
