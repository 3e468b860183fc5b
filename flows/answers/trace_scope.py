"""What a published number rests on: its homes, hours, months and files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flows.answers.trace_key import Query, quote
from transforms.claims.sample_claims import PAPER_YEAR
from transforms.heat.periods import shift_month
from warehouse.manifest import Manifest
from warehouse.reading_objects import NO_MONTH

# the costs by which claims of the paper are checked
PAPER_COSTS: Final = {"scenario": "paper_fit", "convention": "wang2018"}
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NOTHING: Final = "SELECT NULL WHERE FALSE"

Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The conditions that select the rows of each step of a trace.

    `names` are pieces of SQL: the columns of the number's row, and its `homes`, `start`, `end`, `months` and `sources`.
    `kinds` say which checks apply: `period` or `hour` for the hours that it covers, `unweighted` if all homes count the
    same, `group` if there may be several homes. `unknown` are files that have no manifest in the lake.
    """

    names: dict[str, str]
    kinds: frozenset[str]
    measured: bool
    unknown: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def read_scope(query: Query, manifests: Sequence[Manifest], row: dict[str, Any]) -> Scope:
    """Return the scope of a row of a table."""
    if "claim" in row:
        row = PAPER_COSTS | {"period": str(PAPER_YEAR), "dwelling_type": "all", "demand_basis": "paper"} | row
        measured = row["basis"] == "sample"
    else:
        measured = row.get("demand_basis") != "paper"
    homes = _choose_homes(row)
    by_id = {manifest.source_id: manifest for manifest in manifests}
    months, span, kind = _choose_hours(query, by_id, row)
    used, unknown = ([], ()) if not measured else _choose_sources(query, by_id, row, homes, months)
    names = {name: quote(value) for name, value in row.items()} | {
        "homes": homes,
        "start": quote(span[0]),
        "end": quote(span[1]),
        "months": _among([quote(dt.date.fromisoformat(f"{month}-01")) for month in months]),
        "sources": _among([quote(source) for source in used]),
    }
    kinds = {kind, "weighted" if row.get("dwelling_type") == "stock" else "unweighted"}
    kinds.add("home" if "household_id" in row else "group")
    kinds |= {"normal weather"} if row.get("weather") == "normal" else set()
    remarks = (
        ("it rests on the days of its segment; the steps below cover the whole period",) if "segment" in row else ()
    )
    return Scope(names=names, kinds=frozenset(kinds), measured=measured, unknown=tuple(unknown), remarks=remarks)


def _among(values: Sequence[str]) -> str:
    return ", ".join(values) or NOTHING


def _choose_homes(row: dict[str, Any]) -> str:
    """Return an SQL SELECT of the ids of the homes behind a row."""
    if "household_id" in row:
        return f"SELECT {quote(row['household_id'])}"
    if "period" not in row:
        return "SELECT household_id FROM household"
    of_period = f"period = {quote(row['period'])}"
    if "dwelling_type" not in row:
        return f"SELECT household_id FROM household_period WHERE {of_period}"
    group = row["dwelling_type"]
    of_type = {"all": "TRUE", "stock": "dwelling_type <> 'unknown'"}.get(group, f"dwelling_type = {quote(group)}")
    if "interval_minutes" in row:
        complete = f"{of_period} AND interval_minutes = {quote(row['interval_minutes'])} AND {of_type}"
        return f"SELECT household_id FROM diversity_home JOIN household USING (household_id) WHERE {complete}"
    return f"SELECT household_id FROM household_period WHERE included AND {of_period} AND {of_type}"


def _choose_hours(query: Query, manifests: dict[str, Manifest], row: dict[str, Any]) -> tuple[list[str], Span, str]:
    """Return the months behind a row, the start and end of its span, and the kind of the span."""
    if "source_id" in row:
        manifest = manifests.get(row["source_id"])
        months = sorted(set(manifest.months) - {NO_MONTH}) if manifest else []
        return months, _span_of(months), "file"
    if "hour_start_utc" in row:
        start = row["hour_start_utc"]
        return _months_in(start, start + HOUR), (start, start + HOUR), "hour"
    if "month" in row or "date" in row:
        first = dt.datetime.combine(row.get("month") or row["date"], dt.time())
        end = first + DAY if "date" in row else dt.datetime.combine(shift_month(first.date(), 1), dt.time())
        return _months_in(first, end), (first, end), "days"
    of_period = f"period = {quote(row['period'])}"
    if "interval_minutes" in row:
        asked = (
            "CAST(min(first_date) AS TIMESTAMP) AS first, CAST(max(last_date) AS TIMESTAMP) + INTERVAL 1 DAY AS last "
            f"FROM diversity_curve WHERE interval_minutes = {quote(row['interval_minutes'])} "
            f"AND dwelling_type = {quote(row['dwelling_type'])} AND {of_period}"
        )
        kind = "days"
    else:
        asked = f"min(period_start_utc) AS first, max(period_end_utc) AS last FROM household_period WHERE {of_period}"
        kind = "period"
    first, end = query(f"SELECT {asked}").row(0)
    return ([], _span_of([]), kind) if first is None else (_months_in(first, end), (first, end), kind)


def _span_of(months: Sequence[str]) -> Span:
    if not months:
        return dt.datetime(1970, 1, 1), dt.datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without zone, as in every table
    first, last = (dt.date.fromisoformat(f"{month}-01") for month in (months[0], months[-1]))
    return dt.datetime.combine(first, dt.time()), dt.datetime.combine(shift_month(last, 1), dt.time())


def _months_in(start: dt.datetime, end: dt.datetime) -> list[str]:
    months, first = list[str](), start.date().replace(day=1)
    while first < (end.date() if end.time() == dt.time() else end.date() + DAY):
        months.append(f"{first:%Y-%m}")
        first = shift_month(first, 1)
    return months


def _choose_sources(
    query: Query, manifests: dict[str, Manifest], row: dict[str, Any], homes: str, months: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the published files behind a row, and the names of files that have no manifest in the lake.

    A file of readings is behind the row if it holds one of the homes and one of the months. Files that are not published
    yet, refused or quarantined are not.
    """
    if "source_id" in row:
        return [row["source_id"]], []
    wanted, named = set(months), set(query(homes).to_series())
    accepted = query(
        "SELECT source_id, file_name, superseded FROM source WHERE outcome = 'accepted' ORDER BY file_name"
    )
    used, unknown = list[str](), list[str]()
    for source_id, file_name, superseded in accepted.iter_rows():
        manifest = manifests.get(source_id)
        if manifest is None:
            unknown.append(file_name)
        elif manifest.kind == "readings":
            if wanted & set(manifest.months) and named & set(manifest.households):
                used.append(source_id)
        elif not superseded:
            used.append(source_id)
    return used, unknown
