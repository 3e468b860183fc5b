"""The published warehouse: written as a candidate, judged, and put in place by one rename."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
from filelock import FileLock

from transforms.schema import Table
from transforms.tables import DATA_DICTIONARY, WAREHOUSE_TABLES
from warehouse.lake import flush_to_disk

STORAGE_VERSION = "v1.4.0"  # researchers' clients are older than ours: a 1.4 client reads what is written so
READ_ONLY = 0o440
DUCKDB_TYPES = {
    pl.String: "VARCHAR",
    pl.Int64: "BIGINT",
    pl.Int8: "TINYINT",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class WarehouseFolder:
    """Where warehouses lie: the published one, its predecessors, and candidates."""

    root: Path

    @property
    def current(self) -> Path:
        """The published warehouse."""
        return self.root / "current.duckdb"

    @property
    def snapshots(self) -> Path:
        """Published warehouses by snapshot id, the current one included (the same file by another name)."""
        return self.root / "snapshots"

    @property
    def candidates(self) -> Path:
        """Warehouses that are being made, or that the gate refused."""
        return self.root / "candidates"

    def lock(self, timeout: float = -1) -> FileLock:
        """Return the lock held from the choice of the base snapshot to the rename; it dies with its process."""
        self.root.mkdir(parents=True, exist_ok=True)
        return FileLock(self.root / ".publish.lock", timeout=timeout)


def duckdb_type(table: Table, column: str) -> str:
    """Return the DuckDB type of a declared column."""
    return DUCKDB_TYPES[table.column(column).dtype.base_type()]


def describe_columns(tables: Sequence[Table] = WAREHOUSE_TABLES) -> pl.DataFrame:
    """Return the data dictionary of the declared tables (`tables.DATA_DICTIONARY`)."""
    rows = [
        {
            "table_name": table.name,
            "column_name": column.name,
            "position": position,
            "type": duckdb_type(table, column.name),
            "unit": column.unit,
            "meaning": column.meaning,
            "is_key": column.name in table.key,
            "nullable": column.nullable,
            "grain": table.grain,
            "tier": table.tier,
        }
        for table in tables
        for position, column in enumerate(table.columns, start=1)
    ]
    return DATA_DICTIONARY.conform(pl.DataFrame(rows))


def create_statements(table: Table) -> list[str]:
    """Return the DDL of a table: columns, types, nullability, and a comment on everything."""
    columns = ", ".join(
        f'"{c.name}" {duckdb_type(table, c.name)}{"" if c.nullable else " NOT NULL"}' for c in table.columns
    )
    about = f"{table.grain}; key: {', '.join(table.key)}"
    comments = [f"COMMENT ON TABLE candidate.{table.name} IS {_quoted(about)}"]
    for c in table.columns:
        meaning = f"{c.meaning} [{c.unit or '-'}]"
        comments.append(f'COMMENT ON COLUMN candidate.{table.name}."{c.name}" IS {_quoted(meaning)}')
    return [f"CREATE TABLE candidate.{table.name} ({columns})", *comments]


class Candidate:
    """A warehouse in the making: an open DuckDB file that nobody else sees."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (path, path.with_name(path.name + ".wal")):
            leftover.unlink(missing_ok=True)
        self._con = duckdb.connect()
        self._con.execute("SET TimeZone = 'UTC'")
        self._con.execute(f"ATTACH {_quoted(str(path))} AS candidate (STORAGE_VERSION {_quoted(STORAGE_VERSION)})")
        for table in WAREHOUSE_TABLES:
            for statement in create_statements(table):
                self._con.execute(statement)
        self._con.execute("USE candidate")

    def load_frame(self, table: Table, frame: pl.DataFrame) -> None:
        """Append rows to a table; they are conformed to its declaration first."""
        if frame.is_empty():
            return
        self._con.register("incoming", table.conform(frame).to_arrow())
        self._con.execute(f"INSERT INTO candidate.{table.name} SELECT * FROM incoming")
        self._con.unregister("incoming")

    def load_parquet(self, table: Table, paths: Sequence[Path]) -> None:
        """Append the rows of Parquet objects, in the order of `paths`."""
        columns = ", ".join(f'"{name}"' for name in table.schema)
        for path in paths:
            self._con.execute(
                f"INSERT INTO candidate.{table.name} SELECT {columns} FROM read_parquet({_quoted(str(path))})"
            )

    def query(self, sql: str) -> pl.DataFrame:
        """Return the rows that `sql` finds in the candidate."""
        frame: pl.DataFrame = self._con.sql(sql).pl()
        return frame

    def close(self) -> None:
        """Write everything into the one file and let go of it."""
        self._con.execute("CHECKPOINT candidate")
        self._con.execute("USE memory")
        self._con.execute("DETACH candidate")
        self._con.close()


@contextlib.contextmanager
def open_candidate(path: Path) -> Iterator[Candidate]:
    """Give a new candidate and close it at the end, also after an error."""
    candidate = Candidate(path)
    try:
        yield candidate
    finally:
        candidate.close()


def put_in_place(folder: WarehouseFolder, candidate: Path, snapshot_id: str, *, group: str | None) -> None:
    """Publish a closed candidate: flush it, rename it over the current warehouse, keep it as a snapshot."""
    flush_to_disk(candidate)
    candidate.chmod(READ_ONLY)
    if group is not None:
        shutil.chown(candidate, group=group)
    candidate.replace(folder.current)
    flush_to_disk(folder.root)
    keep_snapshot(folder, snapshot_id)


def keep_snapshot(folder: WarehouseFolder, snapshot_id: str) -> None:
    """Give the current warehouse its second name among the snapshots, if it has none yet (a kill may have come first)."""
    folder.snapshots.mkdir(parents=True, exist_ok=True)
    kept = folder.snapshots / f"{snapshot_id}.duckdb"
    if not kept.exists():
        kept.hardlink_to(folder.current)


def forget_old_snapshots(folder: WarehouseFolder, keep: int) -> list[str]:
    """Delete all but the newest `keep` snapshots and return the ids of those deleted; the current one always stays."""
    if not folder.snapshots.exists():
        return []
    names = sorted(folder.snapshots.glob("*.duckdb"), reverse=True)
    old = [path for path in names[keep:] if not (folder.current.exists() and path.samefile(folder.current))]
    for path in old:
        path.unlink()
    return [path.stem for path in old]


def clear_candidates(folder: WarehouseFolder, older_than: dt.timedelta, now: dt.datetime) -> None:
    """Delete what killed runs and refused candidates left; call it with the lock held."""
    if not folder.candidates.exists():
        return
    for path in folder.candidates.iterdir():
        age = now - dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC)
        if age >= older_than:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class History:
    """What the published warehouse says of itself: lineage, and the figures that its successor is compared with."""

    run: pl.DataFrame  # oldest first
    quality_result: pl.DataFrame
    build_month: pl.DataFrame
    assumption: pl.DataFrame
    included: pl.DataFrame  # homes by period
    annual_heat: pl.DataFrame  # by dwelling type and period
    monthly_heat: pl.DataFrame  # mean of the hours of each month, by dwelling type and period
    sources_used: frozenset[str]  # sources of readings that were taken in
    origins: tuple[str, ...]  # of homes that are made up

    @property
    def snapshot_id(self) -> str:
        """The published snapshot."""
        return str(self.run["snapshot_id"][-1])

    @property
    def content_fingerprint(self) -> str:
        """The hash of everything that it was made from."""
        return str(self.run["content_fingerprint"][-1])


def read_history(database: Path) -> History | None:
    """Return what a published warehouse says of itself, or None where there is none."""
    if not database.exists():
        return None
    with contextlib.closing(duckdb.connect(str(database), read_only=True)) as con:
        con.execute("SET TimeZone = 'UTC'")
        return History(
            run=con.sql("SELECT * FROM run ORDER BY published_at_utc, run_id").pl(),
            quality_result=con.sql("SELECT * FROM quality_result").pl(),
            build_month=con.sql("SELECT * FROM build_month").pl(),
            assumption=con.sql("SELECT * FROM assumption").pl(),
            included=con.sql(
                "SELECT period, count(*) FILTER (included) FROM household_period GROUP BY period ORDER BY period"
            ).pl(),
            annual_heat=con.sql(
                "SELECT dwelling_type, period, households, heat_kwh_mean FROM heat_demand_annual ORDER BY ALL"
            ).pl(),
            monthly_heat=con.sql(
                "SELECT dwelling_type, period, date_trunc('month', hour_start_utc)::DATE AS month,"
                " avg(heat_kwh_mean) AS heat_kwh_mean FROM heat_profile GROUP BY ALL ORDER BY ALL"
            ).pl(),
            sources_used=frozenset(
                con.sql("SELECT source_id FROM source WHERE kind = 'readings' AND outcome = 'accepted'").pl()[
                    "source_id"
                ]
            ),
            origins=tuple(
                con.sql("SELECT DISTINCT origin FROM household WHERE origin IS NOT NULL ORDER BY 1").pl()["origin"]
            ),
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
