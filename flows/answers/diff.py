"""`hearth diff`: the differences between two published warehouses, from annual heat to the homes that differ most."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

from flows.settings import Settings
from transforms.tables.catalogue import WAREHOUSE_TABLES
from warehouse.reader import PublishedWarehouse, QueryError, open_published
from warehouse.snapshots import list_files

MOVERS = 5  # homes that are named: those whose annual heat differs most
LINEAGE = frozenset({"run", "quality_result"})  # tables that grow with every publication
DEMAND = (
    "SELECT dwelling_type, period, households, heat_kwh_mean AS heat_kwh, peak_hour_heat_kwh AS peak_kwh"
    " FROM heat_demand_annual"
)
COST = (
    "SELECT system, scale, dwelling_type, lcoh_gbp_per_mwh AS gbp_per_mwh FROM lcoh WHERE scenario = '{scenario}'"
    " AND convention = '{convention}' AND dwelling_type IN ('all', 'stock') AND demand_basis = 'measured'"
    " QUALIFY period = max(period) OVER ()"
)
HOME = "SELECT household_id, period, heat_kwh_annual AS heat_kwh FROM household_period WHERE included"


class Moved(BaseModel):
    """One number in two warehouses; None if a warehouse does not have it."""

    model_config = ConfigDict(frozen=True)

    what: str
    unit: str
    before: float | None
    after: float | None

    @property
    def moved(self) -> bool:
        """Whether the two values differ by more than one in a million."""
        if self.before is None or self.after is None:
            return self.before is not self.after
        return abs(self.after - self.before) > 1e-6 * max(abs(self.before), abs(self.after))

    def describe(self) -> str:
        """Return both values and the change, such as `15,208 to 15,344 kWh (+0.9 %)`."""
        if not self.moved:
            return f"{_show(self.after)} {self.unit}".rstrip()
        change = ""
        if self.before and self.after is not None:
            share = f"{100 * (self.after / self.before - 1):+.1f}"
            change = f" ({'below 0.1' if share in {'+0.0', '-0.0'} else share} %)"
        return f"{_show(self.before)} to {_show(self.after)} {self.unit}".rstrip() + change


class Difference(BaseModel):
    """What moved between two warehouses."""

    before: str
    after: str
    demand: list[list[Moved]]  # per dwelling type and period: annual heat, peak, homes
    costs: list[Moved]
    tables: list[Moved]  # tables whose number of rows differs
    movers: list[Moved]  # annual heat of homes, the largest change first

    def describe(self) -> str:
        """Return it as text: what moved, and in one line what did not."""
        heat = [
            f"{numbers[0].what}: " + ", ".join(number.describe() for number in numbers)
            for numbers in self.demand
            if any(number.moved for number in numbers)
        ]
        costs = [f"{cost.what}: {cost.describe()}" for cost in self.costs if cost.moved]
        parts = [
            ("annual heat, peak, homes", heat),
            ("costs", costs),
            ("rows", [f"{table.what}: {table.describe()}" for table in self.tables]),
            ("homes that moved most", [f"{home.what}: {home.describe()}" for home in self.movers]),
        ]
        shown = [f"  {line}" for name, lines in parts if lines for line in (name, *(f"  {line}" for line in lines))]
        same = [name for name, lines in parts[:2] if not lines]
        unchanged = [f"  unchanged: {' and '.join(same)}"] if same and shown else []
        return "\n".join([f"from {self.before} to {self.after}", *(shown or ["  nothing moved"]), *unchanged])


def find_snapshots(settings: Settings, before: str | None, after: str | None) -> tuple[Path, Path]:
    """Return two snapshots by the beginning of their ids; by default the published one and the one before it.

    Raises
    ------
    ValueError
        If a name fits no snapshot or several, both names fit the same one, or there is none to compare with.

    """
    files = list_files(settings.folders.warehouse)
    current = next((n for n, file in enumerate(files) if file.is_current), 0)
    if after is None and before is None and len(files) <= current + 1:
        raise ValueError("there is no snapshot before the published one; `hearth snapshots` lists all snapshots")

    def find(name: str | None, usual: int) -> Path:
        found = [file for file in files if file.snapshot_id.startswith(name)] if name else files[usual : usual + 1]
        if len(found) != 1:
            known = ", ".join(file.snapshot_id for file in files[:3]) or "none"
            message = f"{len(found)} snapshots are named {name!r}; there are {len(files)}, newest first {known}"
            raise ValueError(message)
        return found[0].path

    one, other = find(before, current + 1), find(after, current)
    if one == other:
        message = f"{one.stem} is named twice; name two snapshots, as `hearth snapshots` lists them"
        raise ValueError(message)
    return one, other


def compare_warehouses(before: Path, after: Path, settings: Settings) -> Difference:
    """Compare two warehouses; costs are those of the scenario and convention in the settings."""
    with open_published(before) as one, open_published(after) as other:
        cost = COST.format(scenario=_quoted(settings.scenario), convention=_quoted(settings.convention))
        return Difference(
            before=before.stem,
            after=after.stem,
            demand=_compare_demand(one.query(DEMAND), other.query(DEMAND)),
            costs=_compare_costs(one.query(cost), other.query(cost)),
            tables=_compare_rows(one, other),
            movers=_find_movers(one.query(HOME), other.query(HOME)),
        )


def _compare_demand(before: pl.DataFrame, after: pl.DataFrame) -> list[list[Moved]]:
    return [
        [
            Moved(
                what=f"{_name_type(kind)}, {period}", unit="kWh", before=row["heat_kwh"], after=row["heat_kwh_after"]
            ),
            Moved(what="peak", unit="kW", before=row["peak_kwh"], after=row["peak_kwh_after"]),
            Moved(what="homes", unit="homes", before=row["households"], after=row["households_after"]),
        ]
        for row in _meet(before, after, ["dwelling_type", "period"]).iter_rows(named=True)
        for kind, period in [(row["dwelling_type"], row["period"])]
    ]


def _compare_costs(before: pl.DataFrame, after: pl.DataFrame) -> list[Moved]:
    return [
        Moved(
            what=", ".join(filter(None, [row["system"], row["scale"], _name_type(row["dwelling_type"])])),
            unit="GBP/MWh",
            before=row["gbp_per_mwh"],
            after=row["gbp_per_mwh_after"],
        )
        for row in _meet(before, after, ["system", "scale", "dwelling_type"]).iter_rows(named=True)
    ]


def _compare_rows(before: PublishedWarehouse, after: PublishedWarehouse) -> list[Moved]:
    counted = [
        (table.name, _count_rows(before, table.name), _count_rows(after, table.name)) for table in WAREHOUSE_TABLES
    ]
    rows = [
        Moved(what=name, unit="rows", before=one, after=other) for name, one, other in counted if name not in LINEAGE
    ]
    return [number for number in rows if number.before != number.after]


def _count_rows(warehouse: PublishedWarehouse, table: str) -> int | None:
    if table not in warehouse.tables():
        return None
    rows: int = warehouse.query(f'SELECT count(*) AS rows FROM "{table}"')["rows"][0]
    return rows


def _find_movers(before: pl.DataFrame, after: pl.DataFrame) -> list[Moved]:
    """Return the homes whose annual heat moved most, among those that both warehouses include."""
    change = (pl.col("heat_kwh_after") - pl.col("heat_kwh")).abs()
    both = _meet(before, after, ["household_id", "period"]).filter(change > 0)
    largest = both.sort(change, "household_id", "period", descending=[True, False, False]).head(MOVERS)
    moved = [
        Moved(
            what=f"home {row['household_id']}, {row['period']}",
            unit="kWh",
            before=row["heat_kwh"],
            after=row["heat_kwh_after"],
        )
        for row in largest.iter_rows(named=True)
    ]
    return [number for number in moved if number.moved]


def _meet(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Join the rows of two warehouses by key; a row that only one side has gets nulls for the other."""
    return before.join(after, on=key, how="full", suffix="_after", coalesce=True, nulls_equal=True).sort(key)


def _name_type(kind: str) -> str:
    return {"all": "all homes", "stock": "national mix"}.get(kind, kind.replace("_", "-"))


def _show(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.4g}"  # noqa: PLR2004 - a year's heat is told in whole kWh


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def describe_publication(settings: Settings, run: dict[str, object]) -> str | None:
    """Say what a publication moved; return None after a night on which neither rules nor code changed.

    Parameters
    ----------
    settings
        Settings of the run.
    run
        The log of the run.

    """
    if run["outcome"] != "published":
        return None
    folder = settings.folders.warehouse
    with open_published(folder.current) as warehouse:
        runs = warehouse.query(
            "SELECT snapshot_id, settings, code_fingerprint FROM run ORDER BY published_at_utc, run_id"
        )
    if len(runs) < 2:  # noqa: PLR2004 - the first publication has none before it
        return None
    earlier, last = runs.tail(2).iter_rows(named=True)
    before = folder.snapshot(earlier["snapshot_id"])
    same_rules = (earlier["settings"], earlier["code_fingerprint"]) == (last["settings"], last["code_fingerprint"])
    if not before.exists() or (run["kind"] == "nightly" and same_rules):
        return None
    try:
        return compare_warehouses(before, folder.snapshot(last["snapshot_id"]), settings).describe()
    except QueryError as error:  # an earlier version of Hearth published it, with other columns
        return f"what moved is not known, {before.stem} cannot be compared: {str(error).splitlines()[0]}"
