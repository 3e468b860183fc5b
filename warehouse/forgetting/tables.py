"""Published warehouses without one home: the current one is written anew, snapshots that rest on the home are deleted."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from transforms.public.forgotten import Tombstones
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.lineage import QUALITY_RESULT, RUN, SOURCE
from warehouse.forgetting.lake import Forgetting
from warehouse.publish import WarehouseFolder, open_candidate, put_in_place
from warehouse.reader import connect_to_read, open_published
from warehouse.snapshots import PARTIAL, list_files

TEXTS = {RUN.name: ("reason", "settings"), SOURCE.name: ("reason", "id_basis"), QUALITY_RESULT.name: ("sample_keys",)}
NAMES = {SOURCE.name: ("file_name", "feed")}


@dataclass(frozen=True, slots=True)
class Remains:
    """What a warehouse holds of a home: rows, which its results rest on, and its name in texts."""

    has_rows: bool
    is_named: bool


def list_traces(folder: WarehouseFolder, home: Forgetting) -> dict[str, Remains]:
    """Return what each snapshot holds of a home, by snapshot id; snapshots that hold nothing are left out."""
    found = {file.snapshot_id: trace_home(file.path, home) for file in list_files(folder)}
    return {snapshot: trace for snapshot, trace in found.items() if trace.has_rows or trace.is_named}


def trace_home(database: Path, home: Forgetting) -> Remains:
    """Say what a warehouse holds of a home.

    Raises
    ------
    warehouse.reader.QueryError
        If it cannot be opened.

    """
    with contextlib.closing(connect_to_read(database)) as con:
        of_tables = "FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, table_name)"
        tables = {name for (name,) in con.execute(f"SELECT DISTINCT table_name {of_tables}").fetchall()}
        homes = con.execute(f"SELECT table_name {of_tables} WHERE column_name = 'household_id'").fetchall()
        of_home = "WHERE list_contains($1, household_id) LIMIT 1"
        has_rows = any(
            con.execute(f'SELECT 1 FROM "{table}" {of_home}', [list(home.household_ids)]).fetchall()  # nosec B608  # names are of the database itself, values are parameters
            for (table,) in homes
        )
        texts = {table: con.sql(f"SELECT * FROM {table}").pl() for table in tables & {*TEXTS, *NAMES}}
    is_named = any(not mask_frame(table, frame, home.marks).equals(frame) for table, frame in texts.items())
    return Remains(has_rows, is_named)


def mask_frame(table: str, frame: pl.DataFrame, marks: Tombstones) -> pl.DataFrame:
    """Return a table whose texts and file names do not name a home."""
    masked = [
        pl.Series(column, [None if text is None else mask(text) for text in frame[column]], dtype=pl.String)
        for columns, mask in ((TEXTS, marks.mask), (NAMES, marks.mask_file))
        for column in columns.get(table, ())
        if column in frame.columns
    ]
    return frame.with_columns(masked)


def rewrite_current(
    folder: WarehouseFolder, home: Forgetting, snapshot_id: str, *, mode: int, group: str | None
) -> None:
    """Publish the current warehouse anew without the rows of the home, under the same snapshot id.

    It is written as a new file, since rows that DuckDB deletes stay in the file. Its means still rest on the home. The
    caller holds the lock.
    """
    path = folder.candidates / f"{snapshot_id}-{home.tag}.duckdb"
    with open_candidate(path) as candidate, open_published(folder.current) as warehouse:
        for table in WAREHOUSE_TABLES:
            if table.name in TEXTS:
                frame = warehouse.query(f"SELECT * FROM {table.name}")
                candidate.load_frame(table, mask_frame(table.name, frame, home.marks))
            else:
                candidate.copy_rows(table, folder.current, without=home.household_ids)
    folder.snapshot(snapshot_id).unlink(missing_ok=True)  # a second name of the file that is being replaced
    put_in_place(folder, path, snapshot_id, mode=mode, group=group)


def delete_candidates(folder: WarehouseFolder) -> None:
    """Delete every warehouse that was not published, and what killed processes left; the caller holds the lock."""
    for leftover in (*folder.candidates.glob("*"), *folder.root.glob(PARTIAL)):
        leftover.unlink()


def delete_snapshots(folder: WarehouseFolder, snapshot_ids: Collection[str]) -> list[str]:
    """Delete snapshots, except the published one, and return the ids of the deleted ones; the caller holds the lock."""
    gone = [file for file in list_files(folder) if file.snapshot_id in snapshot_ids and not file.is_current]
    for file in gone:
        file.path.unlink(missing_ok=True)
    return [file.snapshot_id for file in gone]
