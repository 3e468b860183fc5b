"""The published tables as one workbook: a first sheet with a description, and a sheet with units for each table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from transforms.tables.schema import Table

SHEET_ROWS = 20_000  # a longer sheet opens slowly; the limit of the format is 1,048,576
CELL_CHARACTERS = 32_767  # limit of the format
CUT = " ... (cut: the Parquet file has the whole text)"
README = "readme"
WIDEST, SAMPLED_ROWS = 60, 200
BEHAVIOUR = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
    "default_date_format": "yyyy-mm-dd hh:mm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The text of the first sheet: title, labelled lines, and the file of a table that is too long for a sheet."""

    title: str
    lines: Sequence[tuple[str, str]]
    made_at_utc: dt.datetime
    elsewhere: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """The formats of the cells."""

    bold: Format
    unit: Format
    wrapped: Format
    moment: Format
    day: Format


def write_workbook(path: Path, tables: Mapping[Table, pl.DataFrame], about: About, *, rows: int = SHEET_ROWS) -> Path:
    """Write the tables into a new workbook; a table of more than `rows` rows is only named on the first sheet.

    Each sheet has the column names in its first row and their units in its second; both stay in view. Text is written as
    text: nothing becomes a formula or a link.
    """
    with xlsxwriter.Workbook(path, BEHAVIOUR) as book:
        book.set_properties({"title": about.title, "created": about.made_at_utc})
        looks = Looks(
            bold=book.add_format({"bold": True}),
            unit=book.add_format({"italic": True, "font_color": "#555555"}),
            wrapped=book.add_format({"text_wrap": True, "valign": "top"}),
            moment=book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            day=book.add_format({"num_format": "yyyy-mm-dd"}),
        )
        _write_readme(book.add_worksheet(README), tables, about, looks, rows)
        for table, frame in tables.items():
            if len(frame) <= rows:
                _write_table(book.add_worksheet(table.name), table, frame, looks)
    return path


def _write_readme(
    sheet: Worksheet, tables: Mapping[Table, pl.DataFrame], about: About, looks: Looks, limit: int
) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 12)
    sheet.set_column(2, 2, 100)
    sheet.write_string(0, 0, about.title, looks.bold)
    row = 2
    for label, said in about.lines:
        sheet.write_string(row, 0, label, looks.bold)
        sheet.write_string(row, 2, _fit(said), looks.wrapped)
        row += 1
    for column, title in enumerate(("Table", "Rows", "A row is")):
        sheet.write_string(row + 1, column, title, looks.bold)
    for position, (table, frame) in enumerate(tables.items(), start=row + 2):
        sheet.write_string(position, 0, table.name)
        sheet.write_number(position, 1, len(frame))
        beyond = f". Too long for a sheet: see {about.elsewhere[table.name]}" if len(frame) > limit else ""
        sheet.write_string(position, 2, table.grain + beyond, looks.wrapped)


def _write_table(sheet: Worksheet, table: Table, frame: pl.DataFrame, looks: Looks) -> None:
    sheet.freeze_panes(2, 0)
    for position, column in enumerate(table.columns):
        sheet.write_string(0, position, column.name, looks.bold)
        sheet.write_string(1, position, column.unit, looks.unit)
        values = frame[column.name]
        _write_values(sheet, position, values, looks)
        sheet.set_column(position, position, _width(values, (column.name, column.unit)))


def _write_values(sheet: Worksheet, position: int, values: pl.Series, looks: Looks) -> None:
    """Write one column by its type, so that the writer does not guess the type of a text."""
    kept = [(row, value) for row, value in enumerate(values, start=2) if value is not None]
    if values.dtype == pl.String:
        for row, value in kept:
            sheet.write_string(row, position, _fit(value))
    elif values.dtype == pl.Boolean:
        for row, value in kept:
            sheet.write_boolean(row, position, value)
    elif values.dtype.is_temporal():
        look = looks.day if values.dtype == pl.Date else looks.moment
        for row, value in kept:
            sheet.write_datetime(row, position, value, look)
    else:
        for row, value in kept:
            sheet.write_number(row, position, value)


def _fit(text: str) -> str:
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - len(CUT)] + CUT


def _width(values: pl.Series, titles: Sequence[str]) -> int:
    if values.dtype == pl.String:
        longest = values.head(SAMPLED_ROWS).str.len_chars().max()
    else:
        longest = 16 if values.dtype.is_temporal() else 10
    widest = max(int(longest or 0) if isinstance(longest, int) else 0, *(len(title) for title in titles))
    return min(widest + 2, WIDEST)
