"""The published warehouse: it is written as a candidate, judged by the gate, and published by one rename."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from filelock import FileLock

from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost import ASSUMPTION
from transforms.tables.heat import HEAT_HOURLY
from transforms.tables.lineage import BUILD_MONTH, DATA_DICTIONARY, QUALITY_RESULT
from transforms.tables.schema import Table, View
from transforms.tables.views import VIEWS
from warehouse.reader import connect_to_read, explaining_damage
from warehouse.versions import check_not_newer, describe_older, lacking_columns
from warehouse.writing import OWNERS_FOLDER, PRIVATE, copy_file, flush_to_disk, move_onto, telling_os_errors

STORAGE_VERSION = "v1.4.0"  # researchers' clients may be older than ours: those from DuckDB 1.4 on read this format
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
    """The folder of warehouses: the published one, its predecessors, and candidates."""

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

    @property
    def hold(self) -> Path:
        """The file of the decision that a snapshot stays published; it exists only while the decision is in force."""
        return self.root / "hold.json"

    def snapshot(self, snapshot_id: str) -> Path:
        """Return the file of a snapshot."""
        return self.snapshots / f"{snapshot_id}.duckdb"

    @property
    def lock_file(self) -> Path:
        """The file that `lock` locks."""
        return self.root / ".publish.lock"

    def lock(self, timeout: float = -1) -> FileLock:
        """Return the lock; a run holds it from the choice of the base snapshot to the rename. It ends with its process."""
        self.root.mkdir(parents=True, exist_ok=True)
        return FileLock(self.lock_file, timeout=timeout, mode=PRIVATE)


def duckdb_type(table: Table, column: str) -> str:
    """Return the DuckDB type of a declared column."""
    return DUCKDB_TYPES[table.column(column).dtype.base_type()]


def describe_columns(tables: Sequence[Table] = (*WAREHOUSE_TABLES, *VIEWS)) -> pl.DataFrame:
    """Return the data dictionary of the declared tables and views (`DATA_DICTIONARY`)."""
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
    """Return the DDL of a table or view: columns, types, nullability, and a comment on everything.

    A view names its tables without their database, so `candidate` must be the database in use.
    """
    columns = ", ".join(
        f'"{c.name}" {duckdb_type(table, c.name)}{"" if c.nullable else " NOT NULL"}' for c in table.columns
    )
    about = f"{table.grain}; key: {', '.join(table.key)}"
    kind = "VIEW" if isinstance(table, View) else "TABLE"
    comments = [f"COMMENT ON {kind} candidate.{table.name} IS {_quoted(about)}"]
    for c in table.columns:
        meaning = f"{c.meaning} [{c.unit or '-'}]"
        comments.append(f'COMMENT ON COLUMN candidate.{table.name}."{c.name}" IS {_quoted(meaning)}')
    if isinstance(table, View):
        return [f"CREATE VIEW candidate.{table.name} AS {table.sql}", *comments]
    return [f"CREATE TABLE candidate.{table.name} ({columns})", *comments]


class Candidate:
    """A warehouse in the making: an open DuckDB file that nobody else sees.

    It begins empty, or with the hours of homes from the warehouse `hours_of`. Hours are nearly all of a warehouse, and a
    night changes few of them.
    """

    def __init__(self, path: Path, *, hours_of: Path | None = None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(OWNERS_FOLDER)  # DuckDB makes files beside the candidate, whose mode follows the umask
        for leftover in (path, path.with_name(path.name + ".wal")):
            leftover.unlink(missing_ok=True)
        self._hours_held = None if hours_of is None else _copy_hours(hours_of, path)
        self._con = duckdb.connect()
        self._con.execute("SET TimeZone = 'UTC'")
        self._con.execute(f"ATTACH {_quoted(str(path))} AS candidate (STORAGE_VERSION {_quoted(STORAGE_VERSION)})")
        path.chmod(PRIVATE)
        self._con.execute("USE candidate")
        self._con.execute("BEGIN")  # one flush to the disk instead of one for each of six hundred statements
        if self.has_hours:
            self._drop_all_but_hours()
        for table in (*WAREHOUSE_TABLES, *VIEWS):
            create, *comments = create_statements(table)
            for statement in comments if table is HEAT_HOURLY and self.has_hours else (create, *comments):
                self._con.execute(statement)
        self._con.execute("COMMIT")

    @property
    def has_hours(self) -> bool:
        """Whether it began with the hours of another warehouse."""
        return self._hours_held is not None

    def _drop_all_but_hours(self) -> None:
        """Drop the tables and views of a copied warehouse, except the table of hours."""
        for kind in ("view", "table"):
            asked = (
                f"SELECT {kind}_name AS name FROM duckdb_{kind}s() WHERE database_name = 'candidate' AND NOT internal"  # nosec B608  # of two words
            )
            for name in self.query(asked)["name"].to_list():
                if name != HEAT_HOURLY.name:
                    self._con.execute(f'DROP {kind} candidate."{name}"')

    def drop_stale_months(self, rows: Mapping[dt.date, int], changed: Collection[dt.date]) -> list[dt.date]:
        """Drop the hours of months that differ from the lake, and return the months that have to be loaded.

        Parameters
        ----------
        rows
            First day of each month -> number of rows of its object in the lake.
        changed
            Months that were built anew since the copied warehouse was published. A month whose number of rows differs from
            its object is stale as well.

        """
        held = self._hours_held or {}
        stale = [
            month
            for month in sorted(held.keys() | rows.keys())
            if month in changed or month not in rows or held.get(month) != rows[month]
        ]
        for month in stale:
            self._con.execute(
                f"DELETE FROM candidate.{HEAT_HOURLY.name} WHERE hour_start_utc >= $1 AND hour_start_utc < $1 + INTERVAL 1 MONTH",  # nosec B608  # the name is of our own declarations
                [dt.datetime(month.year, month.month, 1)],  # noqa: DTZ001 - moments in tables are UTC without a zone
            )
        return [month for month in stale if month in rows]

    def load_frame(self, table: Table, frame: pl.DataFrame) -> None:
        """Append rows to a table, after conforming them to its declaration."""
        if frame.is_empty():
            return
        self._con.register("incoming", table.conform(frame).to_arrow())
        self._con.execute(f"INSERT INTO candidate.{table.name} SELECT * FROM incoming")  # nosec B608  # names are of our own declarations, paths are of the lake
        self._con.unregister("incoming")

    def load_parquet(self, table: Table, paths: Sequence[Path]) -> None:
        """Append the rows of Parquet objects, in the order of `paths`.

        By one thread: several that keep the order write pieces of their own, which DuckDB then joins and writes again. For
        the hours of homes that takes twice the time and leaves a file of twice the size.
        """
        columns = ", ".join(f'"{name}"' for name in table.schema)
        objects = ", ".join(_quoted(str(path)) for path in paths)
        if objects:
            self._con.execute("SET threads = 1")
            self._con.execute(
                f"INSERT INTO candidate.{table.name} SELECT {columns} FROM read_parquet([{objects}], hive_partitioning = false)"  # nosec B608  # names are of our own declarations, paths are of the lake
            )
            self._con.execute("RESET threads")

    def copy_rows(self, table: Table, earlier: Path, *, without: Collection[str]) -> None:
        """Append the rows of another warehouse, except those of the homes `without`."""
        columns = ", ".join(f'"{name}"' for name in table.schema)
        others = " WHERE NOT list_contains($1, household_id)" if "household_id" in table.schema else ""
        self._con.execute(f"ATTACH IF NOT EXISTS {_quoted(str(earlier))} AS earlier (READ_ONLY)")
        self._con.execute(
            f"INSERT INTO candidate.{table.name} SELECT {columns} FROM earlier.{table.name}{others}",  # nosec B608  # names are of our own declarations, paths are of the lake
            [list(without)] if others else None,
        )

    def query(self, sql: str) -> pl.DataFrame:
        """Return the rows that `sql` finds in the candidate."""
        frame: pl.DataFrame = self._con.sql(sql).pl()
        return frame

    def close(self) -> None:
        """Write everything into the one file and close it."""
        self._con.execute("CHECKPOINT candidate")
        self._con.execute("USE memory")
        self._con.execute("DETACH candidate")
        self._con.close()


def _copy_hours(warehouse: Path, path: Path) -> dict[dt.date, int] | None:
    """Copy a warehouse and return its number of hours by month; return None, and leave no copy, if they cannot be used.

    They cannot be used if the table is not as declared, or if a row cannot be read: the query reads every block, and
    DuckDB checks the checksum of each.
    """
    copy_file(warehouse, path)
    columns = ", ".join(f'"{name}"' for name in HEAT_HOURLY.schema)
    declared = [(c.name, duckdb_type(HEAT_HOURLY, c.name), c.nullable) for c in HEAT_HOURLY.columns]
    with contextlib.suppress(duckdb.Error), contextlib.closing(duckdb.connect(str(path), read_only=True)) as con:
        shape = f"SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE table_name = '{HEAT_HOURLY.name}' ORDER BY column_index"  # nosec B608  # the name is of our own declarations
        if con.sql(shape).fetchall() == declared:
            held = con.sql(
                "SELECT year(hour_start_utc), month(hour_start_utc), count(*), bit_xor(hash("  # nosec B608  # names are of our own declarations
                f"{columns})) FROM {HEAT_HOURLY.name} GROUP BY ALL"
            ).fetchall()
            return {dt.date(year, month, 1): rows for year, month, rows, _ in held}
    path.unlink()
    return None


@contextlib.contextmanager
def open_candidate(path: Path, *, hours_of: Path | None = None) -> Iterator[Candidate]:
    """Give a new candidate and close it at the end, also after an error."""
    with telling_os_errors(path):
        candidate = Candidate(path, hours_of=hours_of)
        try:
            yield candidate
        finally:
            candidate.close()


def put_in_place(folder: WarehouseFolder, candidate: Path, snapshot_id: str, *, mode: int, group: str | None) -> None:
    """Publish a closed candidate: flush it, rename it over the current warehouse, keep it as a snapshot."""
    candidate.chmod(mode)
    if group is not None:
        shutil.chown(candidate, group=group)
    flush_to_disk(candidate)
    move_onto(candidate, folder.current)
    keep_snapshot(folder, snapshot_id)


def keep_snapshot(folder: WarehouseFolder, snapshot_id: str) -> None:
    """Give the current warehouse its second name among the snapshots, unless it has it already."""
    folder.snapshots.mkdir(parents=True, exist_ok=True)
    kept = folder.snapshot(snapshot_id)
    if not kept.exists():
        kept.hardlink_to(folder.current)


def clear_candidates(folder: WarehouseFolder, older_than: dt.timedelta, now: dt.datetime) -> None:
    """Delete refused candidates and what killed runs left, once they are old enough; the caller holds the lock."""
    if not folder.candidates.exists():
        return
    for path in folder.candidates.iterdir():
        age = now - dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC)
        if age >= older_than:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class History:
    """What the next publication needs of the published warehouse: lineage, and results to compare with."""

    run: pl.DataFrame  # oldest first
    quality_result: pl.DataFrame
    build_month: pl.DataFrame
    assumption: pl.DataFrame
    included: pl.DataFrame  # homes by period
    annual_heat: pl.DataFrame  # by dwelling type and period
    monthly_heat: pl.DataFrame  # mean of the hours of each month, by dwelling type and period
    judgement: pl.DataFrame  # readings by inferred flag and by whether it could be judged
    ledger: pl.DataFrame  # files, lines, readings and rejects by what the files hold and what became of them
    sources_used: frozenset[str]  # sources whose readings were used
    origins: tuple[str, ...]  # what made homes up; empty if all homes are real
    older: str | None = None  # in what it is older than this version of Hearth

    @property
    def snapshot_id(self) -> str:
        """The published snapshot."""
        return str(self.run["snapshot_id"][-1])

    @property
    def content_fingerprint(self) -> str:
        """The hash of everything that the warehouse was computed from."""
        return str(self.run["content_fingerprint"][-1])


def read_history(database: Path) -> History | None:
    """Return the history of a published warehouse, or None if nothing is published.

    An older warehouse may lack tables or columns; they are read as empty, and the next publication is compared with less.

    Raises
    ------
    FormatError
        If a newer version of Hearth wrote it.
    warehouse.reader.QueryError
        If the file cannot be opened.
    warehouse.lake.DamagedObjectError
        If it is damaged.

    """
    if not database.exists():
        return None
    with explaining_damage(database), contextlib.closing(connect_to_read(database)) as con:

        def query(sql: str) -> pl.DataFrame:
            frame: pl.DataFrame = con.sql(sql).pl()
            return frame

        run = query("SELECT * FROM run ORDER BY published_at_utc, run_id")
        check_not_newer(run, str(database))
        older = describe_older(run, lacking_columns(query))

        def read(sql: str, schema: Mapping[str, Any]) -> pl.DataFrame:
            try:
                return query(sql)
            except (duckdb.BinderException, duckdb.CatalogException):
                if older is None:
                    raise
                return pl.DataFrame(schema=schema)

        by_type = {"dwelling_type": pl.String, "period": pl.String}
        return History(
            run=run,
            quality_result=read("SELECT * FROM quality_result", QUALITY_RESULT.schema),
            build_month=read("SELECT * FROM build_month", BUILD_MONTH.schema),
            assumption=read("SELECT * FROM assumption", ASSUMPTION.schema),
            included=read(
                "SELECT period, count(*) FILTER (included) FROM household_period GROUP BY period ORDER BY period",
                {"period": pl.String, "included": pl.Int64},
            ),
            judgement=read(
                "SELECT flag, outcome, sum(readings)::BIGINT AS readings FROM flag_judgement GROUP BY ALL ORDER BY ALL",
                {"flag": pl.String, "outcome": pl.String, "readings": pl.Int64},
            ),
            annual_heat=read(
                "SELECT dwelling_type, period, households, heat_kwh_mean FROM heat_demand_annual ORDER BY ALL",
                by_type | {"households": pl.Int64, "heat_kwh_mean": pl.Float64},
            ),
            monthly_heat=read(
                "SELECT dwelling_type, period, date_trunc('month', hour_start_utc)::DATE AS month,"
                " avg(heat_kwh_mean) AS heat_kwh_mean FROM heat_profile GROUP BY ALL ORDER BY ALL",
                by_type | {"month": pl.Date, "heat_kwh_mean": pl.Float64},
            ),
            ledger=read(
                "SELECT kind, outcome, count(*) AS files, sum(lines)::BIGINT AS lines, sum(readings)::BIGINT AS readings,"
                " sum(rejects)::BIGINT AS rejects FROM source GROUP BY kind, outcome ORDER BY kind, outcome",
                {"kind": pl.String, "outcome": pl.String}
                | dict.fromkeys(("files", "lines", "readings", "rejects"), pl.Int64),
            ),
            sources_used=frozenset(
                read(
                    "SELECT source_id FROM source WHERE kind = 'readings' AND outcome = 'accepted'",
                    {"source_id": pl.String},
                )["source_id"]
            ),
            origins=tuple(
                read(
                    "SELECT DISTINCT origin FROM household WHERE origin IS NOT NULL ORDER BY 1", {"origin": pl.String}
                )["origin"]
            ),
            older=older,
        )


def carry_over(table: Table, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return earlier lineage as rows of `table`: new columns are null; if one may not be null, no row is carried over."""
    added = [column for column in table.columns if column.name not in earlier.columns]
    if not all(column.nullable for column in added):
        return table.empty()
    return table.conform(earlier.with_columns(pl.lit(None, column.dtype).alias(column.name) for column in added))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
