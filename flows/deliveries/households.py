"""`hearth households`: households.csv from a workbook or CSV such as EDRP's metadata.

Such files are made for people: they have a title above the header, notes below the data, repeated headers, and ids that a
spreadsheet turned into decimals. The command prints how many rows it left out, with an example.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

import polars as pl

from transforms.readings.declaration import normalise_name
from transforms.readings.formats import HOUSEHOLDS
from transforms.readings.household_table import UNKNOWN, name_dwelling_type
from transforms.tables.words import DWELLING_TYPES_OR_UNKNOWN
from warehouse.writing import PRIVATE, write_whole

WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
HEADER_WITHIN = 50  # rows from the top in which the header is searched for
LARGEST_CSV = 200_000_000  # bytes; a list of homes is far smaller, a file of readings far larger
EXAMPLES = 5

Row = Sequence[str | None]


class HouseholdListError(ValueError):
    """No household table can be made from a file; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class DeliveredSheet:
    """The table found in a file: its sheet, the number of its header row from 1, its columns by role, its rows as text."""

    place: str
    header_row: int
    columns: dict[str, str]
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class SheetOfHomes:
    """The homes of a sheet, and the rows that were left out."""

    table: pl.DataFrame
    repeated_rows: int
    repeated_headers: int
    unmatched: pl.DataFrame
    left_out: pl.DataFrame


def write_households(
    source: Path, target: Path, *, id_column: str | None = None, type_column: str | None = None, force: bool = False
) -> str:
    """Write `target` (household_id, dwelling_type and other columns that Hearth uses) and say what it was made from.

    Parameters
    ----------
    source
        Workbook or CSV with one row per home.
    target
        File to write, whole or not at all.
    id_column, type_column
        Names of the columns, if they are not among those that Hearth knows.
    force
        Whether a file with other content is replaced.

    Raises
    ------
    HouseholdListError
        If `source` has no such table, or a home with different types.
    FileExistsError
        If `target` exists with other content and `force` is not set.
    FileNotFoundError
        If there is no file `source`.

    """
    if not source.exists():
        raise FileNotFoundError(f"there is no file {source}; name a workbook or CSV with one row per home")
    sheet = find_sheet(source, id_column=id_column, type_column=type_column)
    homes = read_homes(sheet)
    content = homes.table.write_csv().encode()
    if target.exists() and target.read_bytes() == content:
        done = f"{target} is up to date"
    elif target.exists() and not force:
        raise FileExistsError(f"{target} exists with other content; --force replaces it, --out writes elsewhere")
    else:
        write_whole(target, content, mode=PRIVATE)
        done = f"wrote {target}"
    return "\n".join([f"{done}: {_count(len(homes.table), 'home')}", *describe(sheet, homes)])


def find_sheet(source: Path, *, id_column: str | None, type_column: str | None) -> DeliveredSheet:
    """Return the first table of a file whose header names the home's id and its type."""
    wanted = {
        role: (given,) if given else next(field.names for field in HOUSEHOLDS.fields if field.role == role)
        for role, given in (("household_id", id_column), ("dwelling_type", type_column))
    }
    optional = {f.role: f.names for f in HOUSEHOLDS.fields if not f.required and f.role != "origin"}  # set by `sample`
    without_type = None
    places = _read_workbook(source) if source.suffix.lower() in WORKBOOKS else _read_csv(source)
    for place, rows in places:
        for number, header in enumerate(islice(rows, HEADER_WITHIN)):
            columns = _find_columns(header, wanted | optional)
            if "household_id" in columns and "dwelling_type" in columns:
                return DeliveredSheet(
                    place,
                    number + 1,
                    {role: str(header[at]).strip() for role, at in columns.items()},
                    _take(rows, number, columns),
                )
            if "household_id" in columns and without_type is None:
                without_type = [cell.strip() for cell in header if cell]
    ids = ", ".join(wanted["household_id"])
    if without_type is None:
        raise HouseholdListError(
            f"{source} has no column {ids} in its first {HEADER_WITHIN} rows; name the column of the home's id with --id"
        )
    raise HouseholdListError(
        f"{source} has no column {', '.join(wanted['dwelling_type'])}; its columns are {', '.join(without_type)}: name one "
        "with --type. Without dwelling types, run `hearth run` without households.csv: every home is then of type unknown"
    )


def read_homes(sheet: DeliveredSheet) -> SheetOfHomes:
    """Take the homes of a sheet.

    The data end at the first row whose id is empty or unlike the first id, unless rows with a dwelling type follow. So a
    blank line between homes does not end them, and a numbered footnote is no home.
    """
    header = normalise_name(sheet.columns["household_id"])
    rows = sheet.rows.with_columns(pl.col("household_id").str.replace(r"^(\d+)\.0+$", "${1}"))
    is_header = pl.Series([normalise_name(cell) == header for cell in rows["household_id"]], dtype=pl.Boolean)
    body = rows.filter(~is_header)
    alike = _is_like(body["household_id"].filter(body["household_id"] != "").head(1).to_list())
    typed = body.select("row", alike=alike, typed=alike & (name_dwelling_type(pl.col("dwelling_type")) != UNKNOWN))
    first_break = typed.filter(~pl.col("alike")).select(pl.col("row").min()).item()
    last_typed = typed.filter("typed").select(pl.col("row").max()).item()
    in_data = pl.lit(value=True) if first_break is None else pl.col("row") <= max(first_break, last_typed or 0)
    taken = body.filter(alike & in_data)
    left_out = body.filter(~(alike & in_data) & (pl.col("text") != ""))
    if taken.is_empty():
        raise HouseholdListError(f"{sheet.place} has no row below its header in row {sheet.header_row}")
    return _one_row_per_home(taken, repeated_headers=int(is_header.sum()), left_out=left_out)


def describe(sheet: DeliveredSheet, homes: SheetOfHomes) -> list[str]:
    """Say what was taken, under which types, and what was not."""
    counts = dict(homes.table.group_by("dwelling_type").len().iter_rows())
    named = ", ".join(f"{name} {counts[name]:,}" for name in DWELLING_TYPES_OR_UNKNOWN if name in counts)
    columns = ", ".join(f"{role} from {name}" for role, name in sheet.columns.items())
    lines = [f"from {sheet.place}, header in row {sheet.header_row}: {columns}", named]
    if len(homes.unmatched):
        labels = ", ".join(f"{label!r} ({count:,})" for label, count in homes.unmatched.iter_rows())
        lines.append(f"labels that are no dwelling type, taken as unknown: {labels}")
    if homes.repeated_headers:
        lines.append(f"{_count(homes.repeated_headers, 'repeated header row')} skipped")
    if homes.repeated_rows:
        lines.append(f"{_count(homes.repeated_rows, 'further row')} of homes that an earlier row has")
    if len(homes.left_out):
        row, text = homes.left_out.select("row", "text").row(0)
        lines.append(f"not taken for homes: {_count(len(homes.left_out), 'row')}, e.g. row {row:,}: {text}")
    return [f"  {line}" for line in lines]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _one_row_per_home(taken: pl.DataFrame, *, repeated_headers: int, left_out: pl.DataFrame) -> SheetOfHomes:
    markers = list(HOUSEHOLDS.null_markers)
    roles = [name for name in taken.columns if name not in {"row", "text", "household_id"}]
    given = taken.with_columns(
        pl.when(~pl.col(role).str.to_lowercase().is_in(markers)).then(pl.col(role)).alias(role) for role in roles
    )
    label, mapped = pl.col("dwelling_type"), name_dwelling_type(pl.col("dwelling_type"))
    unmatched = (
        given.filter(label.is_not_null() & (mapped == UNKNOWN))
        .group_by(label)
        .len()
        .sort("len", "dwelling_type", descending=[True, False])
    )
    typed = given.with_columns(dwelling_type=pl.when(mapped != UNKNOWN).then(mapped))
    homes = typed.group_by("household_id", maintain_order=True).agg(
        pl.col(role).drop_nulls().unique().sort() for role in roles
    )
    for role in roles:
        clashing = homes.filter(pl.col(role).list.len() > 1)
        if len(clashing):
            shown = "; ".join(
                f"{home}: {', '.join(values)}"
                for home, values in clashing.select("household_id", role).head(EXAMPLES).iter_rows()
            )
            raise HouseholdListError(
                f"different {role} for {_count(len(clashing), 'home')} ({shown}): correct the file"
            )
    table = homes.with_columns(pl.col(roles).list.first()).with_columns(pl.col("dwelling_type").fill_null(UNKNOWN))
    return SheetOfHomes(table, len(taken) - len(table), repeated_headers, unmatched, left_out)


def _is_like(first: list[str]) -> pl.Expr:
    """Say whether an id is like the first one: a whole number like it, or otherwise one word, or of the same shape."""
    cell = pl.col("household_id")
    if not first or re.fullmatch(r"\d+", first[0]):
        return cell.str.contains(r"^\d+$")
    return cell.str.contains(r"^\S+$") | (_shape(cell) == _shape(pl.lit(first[0])))


def _shape(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"\d+", "9").str.replace_all(r"\p{L}+", "A")


def _find_columns(header: Row, wanted: dict[str, tuple[str, ...]]) -> dict[str, int]:
    names = [normalise_name(cell or "") for cell in header]
    found = {}
    for role, accepted in wanted.items():
        at = [names.index(name) for name in map(normalise_name, accepted) if name in names]
        if at:
            found[role] = at[0]
    return found


def _take(rows: Sequence[Row], header: int, columns: dict[str, int]) -> pl.DataFrame:
    """Return the rows below the header as text: `row` from 1, `text` of all cells, and a column per role."""
    below = rows[header + 1 :]
    cells = {role: [(row[at] or "").strip() if at < len(row) else "" for row in below] for role, at in columns.items()}
    texts = [" ".join(cell.strip() for cell in row if cell and cell.strip()) for row in below]
    numbers = range(header + 2, len(rows) + 1)
    return pl.DataFrame(
        {"row": numbers, "text": texts, **cells},
        schema={"row": pl.Int64, "text": pl.String} | dict.fromkeys(cells, pl.String),
    )


def _read_workbook(source: Path) -> list[tuple[str, Sequence[Row]]]:
    import fastexcel

    try:
        book = fastexcel.read_excel(source)
        return [
            (
                f"{source}, sheet {name}",
                book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars().rows(),
            )
            for name in book.sheet_names
        ]
    except fastexcel.FastExcelError as error:
        raise HouseholdListError(f"{source} cannot be read as a workbook: {str(error).splitlines()[0]}") from None


def _read_csv(source: Path) -> list[tuple[str, Sequence[Row]]]:
    """Return the rows of a CSV three times: split by comma, by semicolon and by tab."""
    if source.stat().st_size > LARGEST_CSV:
        raise HouseholdListError(f"{source} is too large for a list of homes; is it a file of readings?")
    content = source.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # the encoding of British spreadsheets before UTF-8; it decodes any byte
    if "\0" in text:
        raise HouseholdListError(
            f"{source} is neither a CSV nor a workbook that is known by its name ({', '.join(sorted(WORKBOOKS))})"
        )
    try:
        return [
            (str(source), list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))) for delimiter in ",;\t"
        ]
    except csv.Error as error:
        raise HouseholdListError(f"{source} cannot be read as CSV: {error}") from None
