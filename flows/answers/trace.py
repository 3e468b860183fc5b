"""`hearth trace`: from a published number back to the files, the code and the assumptions that it was computed from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from flows.answers.trace_key import KeyChoiceError, Query, Value, find_row
from flows.answers.trace_scope import Scope, read_scope
from flows.settings import Settings
from transforms.lcoh.results.explain import Explanation, OneNumber, explain_cost
from transforms.tables.origins import BY_NAME, TRACEABLE, Origin, TracedValue, way_back
from warehouse.manifest import Manifest, read_manifests
from warehouse.reader import open_published
from warehouse.versions import check_current_format

SAME: Final = 1e-6  # relative difference of equal sums: the same numbers may be added in another order
NETWORK: Final = "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One value of a step; `equals` names the value that it must be equal to, `agrees` says whether it is."""

    name: str
    value: Value
    unit: str = ""
    equals: str | None = None
    agrees: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One table on the way back: the number of rows behind the traced number, their sums, and some or all of the rows."""

    table: str
    holds: str
    module: str
    rows: int
    figures: tuple[Found, ...]
    listed: pl.DataFrame
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The way back of one number; `origin` says what made the homes up, None if they are real."""

    steps: tuple[Step, ...]
    origin: str | None


def trace(settings: Settings, table: str, key: Sequence[str]) -> Trace:
    """Follow one row of a published table back to its files and its run, table by table.

    Parameters
    ----------
    settings
        Settings, which name warehouse and lake.
    table
        One of `transforms.tables.origins.TRACEABLE`.
    key
        Words `column=value`, or values in the order of the table's key.

    Raises
    ------
    KeyChoiceError
        If the table cannot be traced, or the key fits no row or several.
    NoWarehouseError
        If nothing is published yet.

    """
    if table not in TRACEABLE:
        raise KeyChoiceError(f"table {table} cannot be traced; these can: {', '.join(TRACEABLE)}")
    database = settings.folders.published
    with open_published(database) as warehouse:
        check_current_format(warehouse.query, database)
        row = find_row(warehouse.query, BY_NAME[table].table, key, keep_id=settings.pseudonyms.name)
        walk = _Walk(warehouse.query, read_manifests(settings.folders.lake), table, row)
        origins = warehouse.query("SELECT DISTINCT origin FROM household WHERE origin IS NOT NULL ORDER BY origin")
        return Trace(
            steps=tuple(walk.follow(origin) for origin in way_back(table) if walk.is_behind(origin)),
            origin=", ".join(origins["origin"]) or None,
        )


class _Walk:
    """The way back of one number; each step is checked against the values of the steps before it."""

    def __init__(self, query: Query, manifests: Sequence[Manifest], table: str, row: dict[str, Any]) -> None:
        self.query, self.table, self.row = query, table, row
        self.found: dict[str, Value] = {f"{table}.{name}": value for name, value in row.items()}
        self.scope: Scope = read_scope(query, manifests, row)

    def is_behind(self, origin: Origin) -> bool:
        """Say whether the number can rest on rows of a table at all."""
        name = origin.table.name
        if name in {self.table, "run"}:
            return True
        if "source_id" in self.row and name == "flag_count" and self.row.get("kind") != "readings":
            return False
        if self.table == "claim" and not origin.measured:
            return not self.scope.measured
        return self.scope.measured or not origin.measured

    def follow(self, origin: Origin) -> Step:
        """Return a step with its rows and their sums."""
        name = origin.table.name
        if name == self.table:
            return self._start(origin)
        if name == "assumption":
            return self._assume(origin)
        where = origin.where.format(**self.scope.names)
        sums = ", ".join(["count(*) AS rows_behind", *(f"{figure.sql} AS {figure.name}" for figure in origin.figures)])
        total = self.query(f"SELECT {sums} FROM {name} WHERE {where}").row(0, named=True)
        rows = int(total["rows_behind"])
        return Step(
            table=name,
            holds=origin.table.grain,
            module=origin.table.module,
            rows=rows,
            figures=tuple(self._judge(name, figure, total[figure.name]) for figure in origin.figures) if rows else (),
            listed=self._list(origin, where),
            note=self._remark(name, rows),
        )

    def _start(self, origin: Origin) -> Step:
        units = {column.name: column.unit for column in origin.table.columns}
        paper = (
            "" if self.scope.measured else "it rests on no home's readings: the demand is the paper's, an assumption"
        )
        return Step(
            table=self.table,
            holds=origin.table.grain,
            module=origin.table.module,
            rows=1,
            figures=tuple(Found(name=name, value=value, unit=units[name]) for name, value in self.row.items()),
            listed=pl.DataFrame(),
            note="; ".join(filter(None, [paper, *self.scope.remarks])),
        )

    def _judge(self, table: str, figure: TracedValue, value: Value) -> Found:
        """Return a value, checked against the earlier one that it must be equal to."""
        found = Found(name=figure.name, value=value, unit=figure.unit)
        self.found.setdefault(f"{table}.{figure.name}", value)
        other = self.found.get(figure.equals)
        if other is None or not figure.kinds <= self.scope.kinds:
            return found
        return replace(found, equals=figure.equals, agrees=_is_same(value, other))

    def _list(self, origin: Origin, where: str) -> pl.DataFrame:
        if not origin.listed:
            return pl.DataFrame()
        limit = "" if origin.shown is None else f" LIMIT {origin.shown}"
        columns = ", ".join(origin.listed)
        if origin.table.name == "flag_count":  # summed over all files
            return self.query(
                f"SELECT flag, sum(readings) AS readings FROM flag_count WHERE {where} GROUP BY flag ORDER BY flag"
            )
        return self.query(f"SELECT {columns} FROM {origin.table.name} WHERE {where} ORDER BY ALL{limit}")

    def _remark(self, table: str, rows: int) -> str:
        if not rows:
            return "no row is found: this step cannot be followed"
        if table == "source" and self.scope.unknown:
            return (
                f"the lake has no manifest of {len(self.scope.unknown)} more files (e.g. {self.scope.unknown[0]}): "
                "whether they hold these readings is not known"
            )
        if table == "heat_hourly" and "heat_profile.heat_kwh_mean" in self.found and "hour" in self.scope.kinds:
            return (
                "if homes lack the hour, the profile corrects for how their level differs from the level of the others"
            )
        return {
            "flag_count": "counts of whole files, with all their homes and months",
            "source": "with the tables of homes and of temperatures that were in use" if self.scope.measured else "",
        }.get(table, "")

    def _assume(self, origin: Origin) -> Step:
        """Return the assumptions behind the costs, and the cost that the model now computes from them."""
        table = self.query("SELECT * FROM assumption")
        costs = [self.row] if self.table != "claim" else self._costs_of_paper()
        behind = [_explain(cost, table) for cost in costs]
        rows = pl.concat([table.clear(), *(one.assumptions.select(table.columns) for one in behind)]).unique()
        rows = rows.sort("item", "parameter", "scenario", "year")
        figures = []
        if self.table == "lcoh":
            figure = TracedValue(name="lcoh_gbp_per_mwh", sql="", unit="GBP/MWh", equals="lcoh.lcoh_gbp_per_mwh")
            figures = [self._judge("assumption", figure, behind[0].lcoh_gbp_per_mwh)]
        return Step(
            table="assumption",
            holds=origin.table.grain,
            module=origin.table.module,
            rows=len(rows),
            figures=tuple(figures),
            listed=rows.select(origin.listed),
            note="the cost model gives this from these rows and the demand" if figures else "",
        )

    def _costs_of_paper(self) -> list[dict[str, Any]]:
        where = BY_NAME["lcoh"].where.format(**self.scope.names)
        return self.query(f"SELECT * FROM lcoh WHERE {where}").to_dicts()


def _explain(cost: dict[str, Any], assumptions: pl.DataFrame) -> Explanation:
    """Return the cash flow behind a cost; the assumptions that it reads do not depend on the demand, which may be missing."""
    dwelling_type, basis = cost.get("dwelling_type", "all"), cost.get("demand_basis", "measured")
    demand = pl.DataFrame(
        {
            "dwelling_type": [dwelling_type],
            "period": [cost["period"]],
            "demand_basis": [basis],
            "demand_kwh": [float(cost.get("demand_kwh") or 1.0)],
        }
    )
    scale = cost["scale"] if cost["system"] == NETWORK else None
    asked = OneNumber(system=cost["system"], dwelling_type=dwelling_type, scale=scale)
    return explain_cost(demand, assumptions, asked, scenario=cost["scenario"], convention=cost["convention"])


def _is_same(value: Value, other: Value) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return math.isclose(value, other, rel_tol=SAME)
    return value == other
