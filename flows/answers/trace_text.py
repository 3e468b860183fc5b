"""A trace as text, one step below the other in 80 columns, and as JSON."""

from __future__ import annotations

import datetime as dt
import json
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from flows.answers.sql_table import show_table
from flows.answers.trace import Found, Step, Trace

WIDTH: Final = 80
INDENT: Final = "   "
FILES_SHOWN: Final = 10
SEPARATED_FROM: Final = 10_000  # whole numbers from here on get thousands separators, so that years get none


def as_json(found: Trace) -> str:
    """Return a trace as JSON, with nothing rounded or left out."""
    record = {"sample_data": found.origin, "steps": [_record(step) for step in found.steps]}
    return json.dumps(record, indent=1, default=_plain)


def show_trace(found: Trace) -> str:
    """Return a trace as text."""
    blocks = [] if found.origin is None else [f"SAMPLE DATA: the homes are made up ({found.origin})"]
    blocks += ["\n".join(_show_step(number, step)) for number, step in enumerate(found.steps, start=1)]
    return "\n\n".join(blocks)


def _record(step: Step) -> dict[str, Any]:
    figures = [
        {"name": f.name, "value": f.value, "unit": f.unit}
        | ({} if f.equals is None else {"equals": f.equals, "agrees": f.agrees})
        for f in step.figures
    ]
    return {
        "table": step.table, "holds": step.holds, "module": step.module, "rows": step.rows, "figures": figures,
        "listed": step.listed.to_dicts(), "note": step.note,
    }  # fmt: skip


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _show_step(number: int, step: Step) -> list[str]:
    counted = f"{step.rows:,} {'row' if step.rows == 1 else 'rows'}"
    head = f"{number}. {step.table} ({counted}): {step.holds}"
    lines = textwrap.wrap(head, WIDTH, subsequent_indent=INDENT)
    lines.append(f"{INDENT}made by {step.module}")
    lines += _show_figures(step.figures)
    if not step.listed.is_empty():
        lines += LISTINGS.get(step.table, _show_rows)(step)
    if step.note:
        lines += textwrap.wrap(f"({step.note})", WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    return lines


def _show_figures(figures: Sequence[Found]) -> list[str]:
    """Return a line for each value; if the line is too long, the value is on the next one."""
    room = max((len(figure.name) for figure in figures), default=0)
    lines = []
    for figure in figures:
        line = f"{INDENT}{figure.name:<{room}}  {_value(figure)}"
        lines += [line] if len(line) <= WIDTH else [INDENT + figure.name, *_wrap(_value(figure), INDENT + "  ")]
    return lines


def _value(figure: Found) -> str:
    value = "null" if figure.value is None else _number(figure.value)
    unit = "" if figure.unit in {"", "1"} or figure.value is None else f" {figure.unit}"
    if figure.equals is None:
        return value + unit
    return f"{value}{unit} {'=' if figure.agrees else 'DIFFERS from'} {figure.equals}"


def _wrap(text: str, indent: str = INDENT) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _number(value: object) -> str:
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= SEPARATED_FROM else str(value)
    return f"{value:,.2f}" if abs(value) >= SEPARATED_FROM / 10 else f"{value:.6g}"


def _show_rows(step: Step) -> list[str]:
    """Return the rows as a table, without the count below it, since the head of the step has it."""
    frame = step.listed
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    short = frame.with_columns(pl.col(name).str.slice(0, 12) for name in texts if name.endswith("fingerprint"))
    lines = show_table(short, len(short), WIDTH - len(INDENT)).splitlines()[:-1]
    more = (
        [f"… and {step.rows - len(short):,} more"]
        if len(short) < step.rows and step.table == "household_period"
        else []
    )
    return [f"{INDENT}{line}" for line in lines + more]


def _show_assumptions(step: Step) -> list[str]:
    """Return the assumptions by source, with a line for each assumption; a series of years takes one line."""
    same = ["source", "item", "parameter", "unit"]
    series = (
        step.listed.with_columns(status=pl.col("status").str.split("; ").list.first())
        .group_by(same)
        .agg(
            low=pl.col("value").min(),
            high=pl.col("value").max(),
            from_year=pl.col("year").min(),
            to_year=pl.col("year").max(),
            status=pl.col("status").unique().sort().str.join(", "),
        )
        .sort(same)
    )
    lines = [f"{INDENT}{len(series)} values or series of years, by source; in full with --json"]
    for (source,), of_source in series.group_by("source", maintain_order=True):
        lines.append(INDENT + textwrap.shorten(str(source), WIDTH - len(INDENT), placeholder=" …"))
        for row in of_source.iter_rows(named=True):
            name = f"{row['item']}.{row['parameter']}"
            value = f"{_series(row)}{'' if row['unit'] == '1' else ' ' + row['unit']}, {row['status']}"
            line = f"{INDENT}  {name:<34} {value}"
            lines += [line] if len(line) <= WIDTH else [f"{INDENT}  {name}", *_wrap(value, INDENT + "    ")]
    return lines


def _series(row: dict[str, Any]) -> str:
    years = f"{row['from_year']} to {row['to_year']}" if row["from_year"] != row["to_year"] else f"{row['from_year']}"
    span = f"{row['low']:,.6g}" if row["low"] == row["high"] else f"{row['low']:,.4g} to {row['high']:,.4g}"
    return f"{span} ({years})" if row["to_year"] else span


def _show_files(step: Step) -> list[str]:
    lines = []
    for row in step.listed.head(FILES_SHOWN).iter_rows(named=True):
        counts = f"{row['header_lines']:,} header + {row['blank_lines']:,} blank + {row['readings']:,} {'readings' if row['kind'] == 'readings' else 'rows'} + {row['rejects']:,} rejects"
        lines += textwrap.wrap(
            f"{row['file_name']}: {row['kind']}, format {row['format']}{', superseded' if row['superseded'] else ''}",
            WIDTH,
            initial_indent=INDENT,
            subsequent_indent=INDENT * 2,
        )
        lines.append(f"{INDENT}  sha256 {row['sha256']}")
        lines += textwrap.wrap(
            f"{row['lines']:,} lines = {counts}", WIDTH, initial_indent=INDENT + "  ", subsequent_indent=INDENT * 2
        )
    if len(step.listed) > FILES_SHOWN:
        lines.append(f"{INDENT}… and {len(step.listed) - FILES_SHOWN:,} more files; all of them: --json")
    return lines


def _show_run(step: Step) -> list[str]:
    row = step.listed.row(0, named=True)
    settings = row.pop("settings")
    lines = _show_figures([Found(name=name, value=value) for name, value in row.items()])
    words = ", ".join(f"{name} {json.dumps(value)}" for name, value in json.loads(settings).items())
    return lines + textwrap.wrap(f"settings: {words}", WIDTH, initial_indent=INDENT, subsequent_indent=INDENT * 2)


LISTINGS: Final = {"assumption": _show_assumptions, "source": _show_files, "run": _show_run}
