"""From a number on a page back to its code and its assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import text
from reports.figures.cost import PARTS, options
from reports.inputs import WAY_OF_A_NUMBER, Published, RunInfo
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HOUSEHOLD_PERIOD
from transforms.tables.lineage import RUN, SOURCE
from transforms.tables.schema import Table

OWN_STATUSES = ("back-solved", "own choice", "derived", "override")  # labelled: nobody published these figures


@dataclass(frozen=True, slots=True)
class Step:
    """One table on the way of a number, and the module that fills it."""

    table: str
    holds: str
    module: str


@dataclass(frozen=True, slots=True)
class Example:
    """One command that a reader can run, and what it answers."""

    answers: str
    command: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumed figure, or a series of them over years."""

    scenario: str
    name: str
    value: str
    unit: str
    price_base: str
    status: str
    own: bool
    source: str


def steps() -> list[Step]:
    """Return the tables that a number passes, from the delivered file to the cost of heat."""
    return [Step(table.name, table.grain, table.module) for table in WAY_OF_A_NUMBER]


def examples(published: Published, run: RunInfo) -> list[Example]:
    """Return the worked example: one number of this page, followed back with the command line."""
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
            "The homes that it is the mean of, and how much of each year was filled (restricted: not for publication)",
            _query(
                HOUSEHOLD_PERIOD, ("household_id", "heat_kwh_annual", "filled_share", "exclusion_reason"), of_period
            ),
        ),
        Example(
            "The files that their readings came from",
            _query(SOURCE, ("file_name", "readings", "rejects", "sha256"), {"outcome": "accepted"}),
        ),
        Example(
            "The code and the settings of the run",
            _query(RUN, ("code_version", "code_fingerprint", "settings"), {"run_id": run.run_id}),
        ),
        Example("The costs that options are compared by, with their parts", _query(LCOH, cost, which)),
        Example(
            "The same cost from the model alone; --set changes any assumption",
            f"hearth lcoh --scenario {run.scenario} --convention {run.convention} "
            f"--demand-kwh {of_network['demand_kwh']:.0f} --dwellings {of_network['dwellings']}",
        ),
    ]


def assumptions(published: Published) -> list[Assumption]:
    """Return every assumption; the years of a series that share status and source stand in one row."""
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
    """Return a `hearth sql` command on declared columns; text in it is quoted for SQL and for the shell."""
    shown = ", ".join(table.column(name).name for name in columns)
    tests = " AND ".join(f"{table.column(name).name} = {_sql_text(value)}" for name, value in where.items())
    query = f"SELECT {shown} FROM {table.name} WHERE {tests}"
    return f'hearth sql "{query}"'


def _sql_text(value: str) -> str:
    quoted = value.replace("'", "''")
    shell_safe = "".join(f"\\{c}" if c in '"$`\\' else c for c in quoted)
    return f"'{shell_safe}'"
