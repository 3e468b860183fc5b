"""The way from a number on a page back to its code and its assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import text
from reports.figures.cost import PARTS, options
from reports.inputs import WAY_OF_A_NUMBER, Published, RunInfo
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, SELECTION_FUNNEL
from transforms.tables.lineage import SOURCE
from transforms.tables.published import GATE_RUN
from transforms.tables.schema import Table

OWN_STATUSES = (
    "back-solved",
    "own choice",
    "derived",
    "override",
)  # labelled on the page: these values are not published elsewhere


@dataclass(frozen=True, slots=True)
class TracedTable:
    """One table on the way of a number, and the module that fills it."""

    table: str
    holds: str
    module: str


@dataclass(frozen=True, slots=True)
class Example:
    """One query that a reader can run, and what it answers."""

    answers: str
    query: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption, or its series of values over years."""

    scenario: str
    name: str
    value: str
    unit: str
    price_base: str
    status: str
    own: bool
    source: str


def steps() -> list[TracedTable]:
    """Return the tables that a number passes, from the delivered file to the cost of heat."""
    return [TracedTable(table.name, table.grain, table.module) for table in WAY_OF_A_NUMBER]


def examples(published: Published, run: RunInfo) -> list[Example]:
    """Return the worked example: one number of this page, followed back with queries on `public.duckdb`."""
    of_network = options(published, run).filter(system="network").row(0, named=True)
    of_period = {"period": published.period}
    cost = ("dwelling_type", "system", "dwellings", "demand_kwh", *PARTS, "lcoh_gbp_per_mwh")
    which = {
        "scenario": run.scenario,
        "convention": run.convention,
        "demand_basis": of_network["demand_basis"],
        "period": of_network["period"],
        "dwelling_type": of_network["dwelling_type"],
    }
    return [
        Example(
            "The number itself: annual heat per home, by dwelling type",
            _query(HEAT_DEMAND_ANNUAL, ("dwelling_type", "households", "heat_kwh_mean", "heat_kwh_ci_low"), of_period),
        ),
        Example(
            "How its homes were selected",
            _query(SELECTION_FUNNEL, ("step", "criterion", "households", "heat_kwh_mean"), of_period),
        ),
        Example(
            "The files that the readings came from",
            _query(SOURCE, ("source_id", "file_name", "readings", "rejects"), {"outcome": "accepted"}),
        ),
        Example(
            "The checks and the code of the run",
            _query(GATE_RUN, ("published_at_utc", "checks", "passed", "code_fingerprint"), {"run_id": run.run_id}),
        ),
        Example("The costs that options are compared by, with their parts", _query(LCOH, cost, which)),
    ]


def assumptions(published: Published) -> list[Assumption]:
    """Return every assumption; the years of a series with the same status and source share one row."""
    same = ["scenario", "item", "parameter", "unit", "price_base", "status", "source"]
    years = pl.col("year")
    rows = (
        published[ASSUMPTION]
        .frame.sort("year")
        .group_by(same, maintain_order=True)
        .agg(
            first_year=years.first(), last_year=years.last(), first=pl.col("value").first(), last=pl.col("value").last()
        )
        .sort("scenario", "item", "parameter", "first_year")
    )
    return [_assumption(row) for row in rows.iter_rows(named=True)]


def _assumption(row: dict[str, Any]) -> Assumption:
    first, last = text.assumed(row["first"]), text.assumed(row["last"])
    series = row["first_year"] != row["last_year"]
    in_year = f" ({row['first_year']})" if row["first_year"] else ""
    value = f"{first} ({row['first_year']}) to {last} ({row['last_year']})" if series else first + in_year
    status = row["status"]
    return Assumption(
        scenario=row["scenario"],
        name=f"{row['item']}.{row['parameter']}",
        value=value,
        unit=text.show_unit("" if row["unit"] == "1" else row["unit"]),
        price_base="" if row["price_base"] == "none" else row["price_base"],
        status=text.visible(status),
        own=status.startswith(OWN_STATUSES),
        source=text.visible(text.show_unit(row["source"]), longest=400),
    )


def _query(table: Table, columns: Sequence[str], where: dict[str, str]) -> str:
    """Return an SQL query on declared columns."""
    shown = ", ".join(table.column(name).name for name in columns)
    tests = " AND ".join(f"{table.column(name).name} = {_quoted(value)}" for name, value in where.items())
    return f"SELECT {shown} FROM {table.name} WHERE {tests};"


def _quoted(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"
