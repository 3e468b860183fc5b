"""`hearth households` on files as people make them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from flows.deliveries.households import HouseholdListError, write_households
from transforms.readings.formats import HOUSEHOLDS
from transforms.readings.headers import recognise

Cell = str | float | dt.datetime | None

EDRP_ROWS: list[list[Cell]] = [
    ["Early Smart Meter Trials, 2007-2010: metadata", None, None, None],
    ["Hhold_ID", "firstAdvance", "lastAdvance", "Property type"],
    [1, dt.datetime(2009, 4, 20, 0, 30), dt.datetime(2010, 7, 31), "Detached"],
    [2, dt.datetime(2009, 4, 20, 0, 30), dt.datetime(2010, 7, 31), "Semi-detached"],
    [3.0, dt.datetime(2009, 4, 20, 0, 30), None, "--"],
    ["Hhold_ID", "firstAdvance", "lastAdvance", "Property type"],
    [10482, dt.datetime(2009, 4, 20, 0, 30), None, "Mid terrace"],
    [10483, None, None, "Houseboat"],
    [10483, None, None, "Houseboat"],
    [10484, None, None, "FLAT"],
    [None, None, None, None],
    ["Notes: firstAdvance is the first advance of either fuel", None, None, None],
    [1, "Excluding Northern Ireland", None, None],
    [2, "Two suppliers", None, None],
]
EDRP_HOMES = {
    "1": "detached", "2": "semi_detached", "3": "unknown", "10482": "terraced", "10483": "unknown", "10484": "flat",
}  # fmt: skip


def write_workbook(path: Path, sheets: dict[str, Sequence[Sequence[Cell]]]) -> Path:
    """Write a workbook as a spreadsheet program would."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def read_homes(path: Path) -> dict[str, str]:
    """Return the type of each home in a written households.csv."""
    return dict(pl.read_csv(path, infer_schema=False).select("household_id", "dwelling_type").iter_rows())


def write_csv(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    """Write lines."""
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def test_a_workbook_of_the_edrp_shape_gives_its_homes_and_says_what_it_left_out(tmp_path: Path) -> None:
    about = [["About this file"], ["Contact the archive"]]
    source = write_workbook(tmp_path / "edrp_metadata.xlsx", {"About": about, "metadata": EDRP_ROWS})
    said = write_households(source, tmp_path / "landing" / "households.csv", type_column="property type")
    assert read_homes(tmp_path / "landing" / "households.csv") == EDRP_HOMES
    assert said.splitlines() == [
        f"wrote {tmp_path}/landing/households.csv: 6 homes",
        f"  from {source}, sheet metadata, header in row 2: household_id from Hhold_ID, dwelling_type from Property type",
        "  detached 1, semi_detached 1, terraced 1, flat 1, unknown 2",
        "  labels that are no dwelling type, taken as unknown: 'Houseboat' (2)",
        "  1 repeated header row skipped",
        "  1 further row of homes that an earlier row has",
        "  not taken for homes: 3 rows, e.g. row 12: Notes: firstAdvance is the first advance of either fuel",
    ]


def test_the_file_that_it_writes_is_a_household_table(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "m.xlsx", {"s": EDRP_ROWS})
    write_households(source, tmp_path / "households.csv", type_column="Property type")
    header = (tmp_path / "households.csv").read_text().splitlines()[0]
    assert header == "household_id,dwelling_type"
    assert recognise(header.split(",")).format is HOUSEHOLDS


@pytest.mark.parametrize("name", ["household_id", "ANON_ID", "anonID", "Hhold_ID"])
def test_ids_are_found_under_the_names_that_edrp_uses(tmp_path: Path, name: str) -> None:
    source = write_csv(tmp_path / "m.csv", f"{name},dwelling_type", "7,flat")
    write_households(source, tmp_path / "households.csv")
    assert read_homes(tmp_path / "households.csv") == {"7": "flat"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_csvs_of_spreadsheets_are_read_with_title_notes_and_accents(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    lines = [
        ["Trial of Beaumaris, caf\u00e9 side"],
        ["Home", "ANON_ID", "Dwelling Type", "Heating System", "LACode"],
        ["a", "12.0", "Flat", "gas", "E09000007"],
        ["b", "13.0", '"End-terrace"', "", "--"],
        ["c", "", "", "", ""],
        ["Source: survey \u00a9"],
    ]
    source = write_csv(tmp_path / "m.csv", *(delimiter.join(line) for line in lines), encoding=encoding)
    said = write_households(source, tmp_path / "households.csv")
    table = pl.read_csv(tmp_path / "households.csv", infer_schema=False)
    assert table.rows() == [("12", "flat", "gas", "E09000007"), ("13", "terraced", None, None)]
    assert table.columns == ["household_id", "dwelling_type", "heating_system", "lad_code"]
    assert "not taken for homes: 2 rows, e.g. row 5: c" in said


def test_a_blank_row_between_homes_ends_nothing(tmp_path: Path) -> None:
    source = write_csv(
        tmp_path / "m.csv", "anonID,dwelling_type", "1,flat", ",", "2,--", "3,semi", ",", "4,", "9 homes"
    )
    said = write_households(source, tmp_path / "households.csv")
    assert read_homes(tmp_path / "households.csv") == {"1": "flat", "2": "unknown", "3": "semi_detached"}
    assert "not taken for homes: 2 rows, e.g. row 7: 4" in said


@pytest.mark.parametrize(
    ("ids", "note"), [(["H0012", "H0013"], "Notes below"), (["home 1", "home 22"], "All homes"), (["a-1f", "77-b"], "")]
)
def test_ids_that_are_no_numbers_are_kept_and_notes_are_not(tmp_path: Path, ids: list[str], note: str) -> None:
    source = write_csv(tmp_path / "m.csv", "anonID,dwelling_type", *(f"{home},flat" for home in ids), f"{note},")
    write_households(source, tmp_path / "households.csv")
    assert read_homes(tmp_path / "households.csv") == dict.fromkeys(ids, "flat")


def test_a_home_with_two_types_is_an_error_that_names_it(tmp_path: Path) -> None:
    source = write_csv(
        tmp_path / "m.csv", "anonID,dwelling_type", "10482,Detached", "7,flat", "10482,Flat", "7,apartment"
    )
    with pytest.raises(HouseholdListError, match=r"different dwelling_type for 1 home \(10482: detached, flat\)"):
        write_households(source, tmp_path / "households.csv")
    assert not (tmp_path / "households.csv").exists()


def test_a_home_whose_type_stands_only_in_one_of_its_rows_has_that_type(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "m.csv", "anonID,dwelling_type", "1,--", "1,flat", "2,n/a")
    write_households(source, tmp_path / "households.csv")
    assert read_homes(tmp_path / "households.csv") == {"1": "flat", "2": "unknown"}


def test_a_file_without_a_type_column_names_its_columns_and_the_way_on(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "m.xlsx", {"s": EDRP_ROWS})
    with pytest.raises(HouseholdListError) as raised:
        write_households(source, tmp_path / "households.csv")
    assert "Hhold_ID, firstAdvance, lastAdvance, Property type: name one with --type" in str(raised.value)
    assert "every home is then of type unknown" in str(raised.value)


def test_a_file_without_an_id_column_asks_for_it(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "m.csv", "meter,dwelling_type", "1,flat")
    with pytest.raises(HouseholdListError, match=r"no column household_id, ANON_ID, .* with --id"):
        write_households(source, tmp_path / "households.csv")
    write_households(source, tmp_path / "households.csv", id_column="Meter")
    assert read_homes(tmp_path / "households.csv") == {"1": "flat"}


def test_a_header_without_homes_is_an_error(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "m.csv", "anonID,dwelling_type", ",", "Notes: none")
    with pytest.raises(HouseholdListError, match="no row below its header in row 1"):
        write_households(source, tmp_path / "households.csv")


def test_a_file_that_is_no_table_is_refused_by_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 truncated")
    with pytest.raises(HouseholdListError, match=r"broken\.xlsx cannot be read as a workbook"):
        write_households(broken, tmp_path / "households.csv")
    binary = tmp_path / "homes.dat"
    binary.write_bytes(b"\x00\x01\x02\xff")
    with pytest.raises(HouseholdListError, match=r"homes\.dat is neither"):
        write_households(binary, tmp_path / "households.csv")


def test_another_file_is_replaced_only_by_force_and_the_same_content_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "households.csv"
    first = write_csv(tmp_path / "a.csv", "anonID,dwelling_type", "1,flat")
    second = write_csv(tmp_path / "b.csv", "anonID,dwelling_type", "1,detached")
    write_households(first, target)
    written = target.stat().st_mtime_ns
    assert write_households(first, target).startswith(f"{target} is up to date: 1 home")
    assert target.stat().st_mtime_ns == written
    with pytest.raises(FileExistsError, match="--force replaces it"):
        write_households(second, target)
    assert read_homes(target) == {"1": "flat"}
    write_households(second, target, force=True)
    assert read_homes(target) == {"1": "detached"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "households.csv"]
