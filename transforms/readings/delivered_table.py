"""Small delivered tables, of households and of temperatures: lines become rows of text, and every line is accounted for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from transforms.readings.declaration import STRIPPED, Layout, normalise_name, split_line
from transforms.tables.lake import REJECT


@dataclass(frozen=True, slots=True)
class DeliveredRows:
    """The rows of a table, still text (`line`, `text`, one column per role); its rejects; and the counts of the other lines."""

    lines: int
    header_lines: int
    blank_lines: int
    rejects: pl.DataFrame
    rows: pl.DataFrame

    def with_rows(self, rows: pl.DataFrame) -> DeliveredRows:
        """Return the table with other rows or columns."""
        return replace(self, rows=rows)

    def reject(self, why: pl.Expr) -> DeliveredRows:
        """Turn the rows for which `why` gives a reason into rejects."""
        judged = self.rows.with_columns(reason=why)
        refused = judged.filter(pl.col("reason").is_not_null())
        rejects = pl.concat([self.rejects, REJECT.conform(refused)]).sort("line")
        kept = judged.filter(pl.col("reason").is_null()).drop("reason")
        return DeliveredRows(self.lines, self.header_lines, self.blank_lines, rejects, kept)


def read_text_table(text: bytes, layout: Layout) -> DeliveredRows:
    """Read a table from delimited text, line by line; a quoted field may hold delimiters but no line end."""
    mark = layout.dialect.delimiter
    decoded = [_decode(part.removesuffix(b"\r")) for part in text.removesuffix(b"\n").split(b"\n")]
    lines = (
        pl.DataFrame(
            {
                "text": [line for line, _ in decoded],
                "utf8": [good for _, good in decoded],
                "signature": [normalise_name(line) for line, _ in decoded],
                "fields": [split_line(line, mark) for line, _ in decoded],
            },
            schema={"text": pl.String, "utf8": pl.Boolean, "signature": pl.String, "fields": pl.List(pl.String)},
        )
        .with_columns(
            line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            blank=pl.col("text").str.strip_chars(" \t\r\ufeff") == "",
        )
        .with_columns(header=_is_around(layout) & ~pl.col("blank"))
    )
    field = pl.col("fields").list
    rows = lines.filter(~pl.col("blank") & ~pl.col("header")).with_columns(
        field.get(at, null_on_oob=True).fill_null("").str.strip_chars(STRIPPED).alias(role)
        for role, at in layout.positions.items()
    )
    if layout.dialect.decimal == ",":
        rows = rows.with_columns(pl.col(layout.number_roles).str.replace(",", ".", literal=True))
    delivered = DeliveredRows(len(lines), int(lines["header"].sum()), int(lines["blank"].sum()), REJECT.empty(), rows)
    return delivered.reject(
        pl.when(~pl.col("utf8"))
        .then(pl.lit("not UTF-8"))
        .when(field.len() != layout.width)
        .then(pl.lit("wrong number of fields"))
    )


def _is_around(layout: Layout) -> pl.Expr:
    """Say whether a line is the header, stands above it, or ends the table."""
    repeated = pl.col("signature").is_in([layout.header, normalise_name(layout.format.last_line or layout.header)])
    return repeated | (pl.col("line") <= layout.dialect.skipped_lines)


def _decode(line: bytes) -> tuple[str, bool]:
    try:
        return line.decode(), True
    except UnicodeDecodeError:
        return line.decode("latin-1"), False


def read_row_table(rows: pl.DataFrame, layout: Layout) -> DeliveredRows:
    """Read a table from a container without lines (Parquet): every row counts as a line."""
    names = rows.columns
    text = rows.select(pl.all().cast(pl.String).fill_null(""))
    roles = {role: pl.col(names[at]).str.strip_chars(STRIPPED) for role, at in layout.positions.items()}
    numbered = text.select(
        line=pl.int_range(1, len(rows) + 1, dtype=pl.Int64), text=pl.concat_str(pl.all(), separator=","), **roles
    )
    return DeliveredRows(len(rows), 0, 0, REJECT.empty(), numbered)
