"""A search for one home in every file below a folder, decoded where it is packed."""

from __future__ import annotations

import contextlib
import gzip
import json
import mmap
import sqlite3
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import zstandard

from transforms.public.forgotten import SURE
from warehouse.lake import Lake

HOMES = ("household_id", "households")  # columns and fields that hold ids
_TEXT = (pl.String, pl.Categorical, pl.Enum)


def find_home(root: Path, household_id: str, *, spared: Collection[Path]) -> list[Path]:
    """Return the files below `root` that hold an id; `spared` files and folders are not searched.

    A long id is searched for anywhere. A short id occurs in numbers and texts by chance, so it is searched for only where
    ids of homes are: in the column `household_id` of tables, and in fields of JSON that list homes.
    """
    kept = [path.resolve() for path in spared]
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
    own = (path for path in files if not any(path.resolve().is_relative_to(other) for other in kept))
    return [path for path in own if _holds(path, household_id)]


def find_home_in_lake(lake: Lake, root: Path, household_id: str) -> list[str]:
    """Return the objects that hold an id, of a lake outside `root`; `find_home` searches a lake below `root`."""
    if isinstance(lake.root, Path) and lake.root.resolve().is_relative_to(root.resolve()):
        return []
    found = []
    for key, _ in lake.store.walk():
        with lake.store.reading(key) as path:
            if _holds(path, household_id):
                found.append(lake.store.locate(key))
    return found


def _holds(path: Path, wanted: str) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(16)
            if len(wanted) >= SURE and start:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    if content.find(wanted.encode()) >= 0:
                        return True
        if path.suffix == ".parquet":
            return _in_parquet(path, wanted)
        if start[8:12] == b"DUCK":
            return _in_duckdb(path, wanted)
        if start.startswith(b"SQLite format 3"):
            return _in_sqlite(path, wanted)
        return any(_in_text(text, wanted) for text in _unpack(path, start))
    except FileNotFoundError:  # a temporary file whose process ended meanwhile
        return False


def _in_parquet(path: Path, wanted: str) -> bool:
    scan = pl.scan_parquet(path, hive_partitioning=False)
    schema = scan.collect_schema()
    texts = [name for name, dtype in schema.items() if isinstance(dtype, _TEXT) and _is_searched(name, wanted)]
    lists = [name for name, dtype in schema.items() if dtype == pl.List(pl.String) and _is_searched(name, wanted)]
    if not texts and not lists:
        return False
    matches = [_matches(pl.col(name).cast(pl.String), wanted).any() for name in texts]
    matches += [pl.col(name).list.contains(wanted).any() for name in lists]
    found = scan.select(matches).collect()
    return any(found.row(0))


def _matches(column: pl.Expr, wanted: str) -> pl.Expr:
    return column.str.contains(wanted, literal=True) if len(wanted) >= SURE else column == wanted


def _is_searched(column: str, wanted: str) -> bool:
    return len(wanted) >= SURE or column in HOMES


def _in_duckdb(path: Path, wanted: str) -> bool:
    with contextlib.closing(duckdb.connect(str(path), read_only=True)) as con:
        columns = con.execute(
            "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, table_name)"
            " WHERE data_type = 'VARCHAR'"
        ).fetchall()
        holds = "contains({}, $1)" if len(wanted) >= SURE else "{} = $1"
        return any(
            con.execute(f'SELECT 1 FROM "{table}" WHERE {holds.format(_quoted(column))} LIMIT 1', [wanted]).fetchall()  # nosec B608  # names are of the database itself, quoted; values are parameters
            for table, column in columns
            if _is_searched(column, wanted)
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _in_sqlite(path: Path, wanted: str) -> bool:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as con:
        tables = [name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in con.execute(f"PRAGMA table_info({_quoted(table)})")]
            columns = [column for column in columns if _is_searched(column, wanted)]
            if not columns:
                continue
            holds = "instr({}, ?) > 0" if len(wanted) >= SURE else "{} = ?"
            where = " OR ".join(holds.format(_quoted(column)) for column in columns)
            if con.execute(f"SELECT 1 FROM {_quoted(table)} WHERE {where} LIMIT 1", [wanted] * len(columns)).fetchone():  # nosec B608  # names are of the database itself, quoted; values are parameters
                return True
    return False


def _unpack(path: Path, start: bytes) -> Iterator[bytes]:
    if start.startswith(b"\x1f\x8b"):
        yield gzip.decompress(path.read_bytes())
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        with path.open("rb") as file:  # a file may hold several frames, one after the other
            yield zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                yield name.encode()
                yield packed.read(name)
    elif path.suffix in {".json", ".jsonl"}:
        yield path.read_bytes()


def _in_text(content: bytes, wanted: str) -> bool:
    if len(wanted) >= SURE:
        return any(text.encode() in content for text in (wanted, json.dumps(wanted)[1:-1]))
    lines = [content, *content.split(b"\n")]  # one document, or one in each line
    return any(_in_json(line, wanted) for line in lines if line.lstrip()[:1] == b"{")


def _in_json(content: bytes, wanted: str) -> bool:
    try:
        return wanted in set(_named_homes(json.loads(content), is_home=False))
    except ValueError:
        return False


def _named_homes(value: Any, *, is_home: bool) -> Iterator[str]:
    if isinstance(value, str) and is_home:
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _named_homes(inner, is_home=name in HOMES)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_homes(inner, is_home=is_home)
