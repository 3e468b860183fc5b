"""Reading a warehouse: one SELECT in, rows out, and no way from the SQL to a file, the network or a setting.

DuckDB's own protection is not enough. With external access off it still lets `COPY ... TO '<database>.wal'` write beside
the database, and then nobody can open the database. So only statements that read are run.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from warehouse.half_hours import NAME as HALF_HOUR
from warehouse.half_hours import HalfHours
from warehouse.lake import DamagedObjectError

BATCH_ROWS = 100_000
CORRUPT = re.compile(r"[Cc]orrupt|checksum")
MOST_SAID = 200  # characters that are kept of an error message of DuckDB
SPILL_FACTOR = 4  # disk space of a bounded statement, as a multiple of its memory
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,  # otherwise `SELECT * FROM name` finds frames of the calling program
}
PLAIN = {
    "boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "float",
    "double", "varchar", "date", "time", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns",
    "timestamp with time zone", "null",
}  # fmt: skip
NESTED = {"list", "array", "struct", "map"}
NUMBERS = {"hugeint": "BIGINT", "uhugeint": "UBIGINT", "bignum": "DOUBLE", "decimal": "DOUBLE"}


class NoWarehouseError(FileNotFoundError):
    """No warehouse is published."""


class QueryError(ValueError):
    """A statement cannot be run; the message says why and what to do next."""


class PublishedWarehouse:
    """An open warehouse; it stays the same snapshot while another is published."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._con = connection
        self._path = path

    def query(self, sql: str) -> pl.DataFrame:
        """Return the rows of one SELECT; whole numbers are Int64, all others Float64.

        Raises
        ------
        QueryError
            If `sql` is no single SELECT or cannot be run.

        """
        with self._explained():
            table = self._select(sql, nested_as_text=False).to_arrow_table()
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - of an Arrow table polars makes a frame  # nosec B101
        return frame

    @contextmanager
    def stream(self, sql: str, *, nested_as_text: bool = False) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
        """Give the schema of one SELECT and its rows in batches, so that memory does not grow with the number of rows.

        Parameters
        ----------
        sql
            One statement that reads.
        nested_as_text
            Whether lists, structs and maps become text.

        Raises
        ------
        QueryError
            As `query`.

        """
        with self._explained():
            reader = self._select(sql, nested_as_text=nested_as_text).to_arrow_reader(BATCH_ROWS)
        with closing(reader):
            yield reader.schema, self._batches(reader)

    def interrupt(self) -> None:
        """Interrupt the running statement, from another thread; it ends with an error."""
        self._con.interrupt()

    def tables(self) -> list[str]:
        """Return the names of the tables."""
        rows = self._con.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall()
        return sorted(name for (name,) in rows)

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        with self._explained():
            yield from reader

    def _select(self, sql: str, *, nested_as_text: bool) -> duckdb.DuckDBPyRelation:
        """Return the rows of a statement with distinct column names, and types that Arrow, polars and CSV all know."""
        self._check_reads(sql)
        relation = self._con.sql(sql)
        plain = PLAIN if nested_as_text else PLAIN | NESTED
        columns, names = [], dict[str, int]()
        for position, (name, dtype) in enumerate(zip(relation.columns, relation.types, strict=True), start=1):
            names[name] = names.get(name, 0) + 1
            unique = name if names[name] == 1 else f"{name}_{names[name]}"
            wanted = NUMBERS.get(dtype.id, "VARCHAR")
            value = f"#{position}" if dtype.id in plain else f"CAST(#{position} AS {wanted})"
            quoted = unique.replace('"', '""')
            columns.append(f'{value} AS "{quoted}"')
        return relation.project(", ".join(columns))

    def _check_reads(self, sql: str) -> None:
        statements = self._con.extract_statements(sql)
        if len(statements) != 1:
            raise QueryError(f"{len(statements)} statements where one is expected")
        kind = statements[0].type
        if kind == duckdb.StatementType.SELECT:
            return
        explained = re.fullmatch(r"\s*EXPLAIN(?:\s+ANALYZE)?\s(.*)", sql, re.IGNORECASE | re.DOTALL)
        if kind == duckdb.StatementType.EXPLAIN and explained:
            self._check_reads(explained[1])  # EXPLAIN ANALYZE would run what it explains
            return
        if kind == duckdb.StatementType.MULTI:
            raise QueryError("a PIVOT must name its columns, as in PIVOT ... ON column IN ('a', 'b')")
        name = str(kind).rsplit(".", 1)[-1]
        raise QueryError(
            f"{name} is refused: the published warehouse is only read; give one SELECT, DESCRIBE or SUMMARIZE"
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of DuckDB into one or two lines with the next step."""
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if CORRUPT.search(str(error)):
                raise DamagedObjectError(self._path.parent, self._path.name, self._explain(str(error))) from None
            raise QueryError(self._explain(str(error))) from None

    def _explain(self, message: str) -> str:
        said = " ".join(re.split(r"\n\n| Candidate functions:", message, maxsplit=1)[0].split())
        if unknown := re.search(r"Table with name (\S+) does not exist", said):
            return f"there is no table {unknown[1]}; there are {', '.join(self.tables())}"
        if re.search(r'column ".*" not found|does not have a column named', said):
            return (
                f'{said}\n`hearth sql "DESCRIBE household"` lists the columns of a table, data_dictionary those of all'
            )
        if "disabled by configuration" in said or "configuration has been locked" in said:
            return f"{said}\nSQL reaches nothing but the tables of the published warehouse: {', '.join(self.tables())}"
        return said


def connect_to_read(
    path: Path, config: dict[str, str | bool | int | float | list[str]] | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a connection that reads a warehouse, with UTC as its time zone.

    Raises
    ------
    QueryError
        If the file cannot be opened; the message says why, and what to do.

    """
    try:
        connection = duckdb.connect(str(path), read_only=True, config=config or {})
    except duckdb.Error as error:
        raise QueryError(
            f"{path} cannot be opened as a warehouse: {' '.join(str(error).split())}\n"
            f"if it is damaged, `hearth run` or `hearth doctor --repair` publishes the newest whole one of {path.parent / 'snapshots'}"
        ) from None
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def find_damage_of(path: Path, *, every_byte: bool) -> str | None:
    """Say in what way a warehouse is damaged, or return None; DuckDB checks the checksum of each block that it reads.

    A warehouse that cannot be opened because of its rights, a lock, a newer version or little memory is not damaged.
    """
    try:
        with closing(connect_to_read(path)) as con:
            con.execute("SELECT * FROM run").fetchall()
            tables = con.execute("SELECT table_name FROM duckdb_tables()").fetchall() if every_byte else []
            for (table,) in tables:
                con.execute(f'SELECT bit_xor(hash(rows)) FROM "{table}" AS rows').fetchall()  # nosec B608  # names are of the database itself
    except (QueryError, duckdb.Error) as error:
        said = " ".join(str(error.__context__ or error).split())
        is_sound = re.search(r"set lock|[Pp]ermission denied|version number|Out of Memory", said)
        return None if is_sound else said.split(". ")[0][:MOST_SAID]
    return None


@contextmanager
def explaining_damage(path: Path) -> Iterator[None]:
    """Turn errors of DuckDB about a damaged warehouse into `DamagedObjectError`."""
    try:
        yield
    except (QueryError, duckdb.IOException, duckdb.FatalException, duckdb.InternalException) as error:
        why = find_damage_of(path, every_byte=True)
        if why is None:
            raise
        raise DamagedObjectError(path.parent, path.name, why) from error


@contextmanager
def open_published(
    path: Path, *, memory_gb: float | None = None, half_hours: HalfHours | None = None
) -> Iterator[PublishedWarehouse]:
    """Open a warehouse to read it, with UTC as its time zone.

    `half_hours` adds the view `half_hour`; SQL can then read the files of this view, and no others.

    `memory_gb` bounds what DuckDB keeps in memory, and `SPILL_FACTOR` times as much on the disk; a statement that needs
    more fails.

    Raises
    ------
    NoWarehouseError
        If nothing is published there yet.
    QueryError
        If the file cannot be opened.

    """
    if not path.exists():
        raise NoWarehouseError(f"no warehouse at {path}: run `hearth run` first")
    with (
        tempfile.TemporaryDirectory(
            prefix="hearth-"
        ) as spill,  # for what does not fit into memory; only we can open it
        closing(
            connect_to_read(path, _config(half_hours) | {"temp_directory": spill} | _bound_memory(memory_gb))
        ) as connection,
    ):
        if half_hours is not None:
            _add_half_hours(connection, half_hours)
        connection.execute("SET lock_configuration = true")
        yield PublishedWarehouse(connection, path)


def _config(half_hours: HalfHours | None) -> dict[str, str | bool | int | float | list[str]]:
    """Return the settings of a connection; with half-hours, `_add_half_hours` turns external access off."""
    return CONFIG if half_hours is None else {k: v for k, v in CONFIG.items() if k != "enable_external_access"}


def _add_half_hours(connection: duckdb.DuckDBPyConnection, half_hours: HalfHours) -> None:
    """Let SQL read the files of the half-hours and no other, through a view."""
    connection.execute("SET allowed_paths = ?", [[str(path) for path in half_hours.files]])
    connection.execute("SET enable_external_access = false")
    try:
        connection.execute(f"CREATE TEMP VIEW {HALF_HOUR} AS {half_hours.sql}")
    except duckdb.Error as error:
        raise QueryError(
            f"{HALF_HOUR} cannot be read from the lake: {' '.join(str(error).split())}\n"
            "it needs the files in lake/readings and lake/flagged of this data folder, and the right to read them"
        ) from None


def _bound_memory(gigabytes: float | None) -> dict[str, str | bool | int | float | list[str]]:
    if gigabytes is None:
        return {}
    return {"memory_limit": f"{gigabytes}GB", "max_temp_directory_size": f"{SPILL_FACTOR * gigabytes}GB"}
