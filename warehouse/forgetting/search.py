"""A search for homes in every file below a folder, decoded where it is packed."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import duckdb
import polars as pl
import zstandard

from transforms.public.forgotten import SURE
from warehouse.lake import Lake

HOMES = ("household_id", "households")  # columns and fields that hold ids
PIECE_BYTES = 2**24
_TEXT = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The ids that are looked for.

    A long id is searched for anywhere. A short id occurs in numbers and texts by chance, so it is searched for only where
    ids of homes are: in the column `household_id` of tables, and in fields of JSON that list homes.
    """

    ids: frozenset[str]

    @property
    def short(self) -> frozenset[str]:
        """The ids that are looked for only where ids stand."""
        return frozenset(one for one in self.ids if len(one) < SURE)

    @property
    def anywhere(self) -> list[str]:
        """The ids that are looked for in every text, also as JSON writes them."""
        return sorted({text for one in self.ids - self.short for text in (one, json.dumps(one)[1:-1])})

    def in_column(self, name: str, texts: pl.Series) -> bool:
        """Say whether the values of a column hold one."""
        if name in HOMES and self.short and texts.is_in(list(self.short)).any():
            return True
        return bool(self.anywhere) and bool(texts.str.contains_any(self.anywhere).any())

    def in_bytes(self, content: IO[bytes]) -> bool:
        """Say whether bytes hold a long one."""
        if not self.anywhere:
            return False
        wanted = [text.encode().decode("latin-1") for text in self.anywhere]
        longest, before = max(map(len, wanted)), ""
        while piece := content.read(PIECE_BYTES):
            text = before + piece.decode("latin-1")
            if pl.Series([text]).str.contains_any(wanted).any():
                return True
            before = text[-longest:]
        return False

    def in_json(self, content: bytes) -> bool:
        """Say whether a JSON document, or one in a line of it, lists a short one as a home."""
        lines = [content, *content.split(b"\n")] if self.short else []
        return any(self._in_document(line) for line in lines if line.lstrip()[:1] == b"{")

    def _in_document(self, content: bytes) -> bool:
        try:
            return not self.short.isdisjoint(_named_homes(json.loads(content), is_home=False))
        except ValueError:
            return False


def find_homes(root: Path, ids: Collection[str], *, spared: Collection[Path]) -> list[Path]:
    """Return the files below `root` that hold one of some ids; `spared` files and folders are left out."""
    wanted, kept = Wanted(frozenset(ids)), [path.resolve() for path in spared]
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
    own = (path for path in files if not any(path.resolve().is_relative_to(other) for other in kept))
    return [path for path in own if _holds(path, wanted)]


def find_homes_in_lake(lake: Lake, root: Path, ids: Collection[str]) -> list[str]:
    """Return the objects that hold one of some ids, of a lake that does not lie below `root`: there `find_homes` looks."""
    if isinstance(lake.root, Path) and lake.root.resolve().is_relative_to(root.resolve()):
        return []
    wanted, found = Wanted(frozenset(ids)), []
    for key, _ in lake.store.walk():
        with lake.store.reading(key) as path:
            if _holds(path, wanted):
                found.append(lake.store.locate(key))
    return found


def _holds(path: Path, wanted: Wanted) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(16)
            file.seek(0)
            if wanted.in_bytes(file):
                return True
        if path.suffix == ".parquet" and start:
            columns = _list_parquet(path)
        elif start[8:12] == b"DUCK":
            columns = _list_duckdb(path, wanted)
        elif start.startswith(b"SQLite format 3"):
            columns = _list_sqlite(path, wanted)
        else:
            return any(wanted.in_bytes(io.BytesIO(text)) or wanted.in_json(text) for text in _unpack(path, start))
        return any(wanted.in_column(name, texts) for name, texts in columns)
    except FileNotFoundError:  # of a process that ended meanwhile
        return False


def _list_parquet(path: Path) -> Iterator[tuple[str, pl.Series]]:
    scan = pl.scan_parquet(path, hive_partitioning=False)
    for name, dtype in scan.collect_schema().items():
        if isinstance(dtype, _TEXT) or dtype == pl.List(pl.String):
            column = pl.col(name).explode() if dtype == pl.List(pl.String) else pl.col(name).cast(pl.String)
            yield name, scan.select(column.unique()).collect().to_series()


def _list_duckdb(path: Path, wanted: Wanted) -> Iterator[tuple[str, pl.Series]]:
    with contextlib.closing(duckdb.connect(str(path), read_only=True)) as con:
        columns = con.execute(
            "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, table_name)"
            " WHERE data_type = 'VARCHAR'"
        ).fetchall()
        for table, column in columns:
            if wanted.anywhere or column in HOMES:
                rows = con.execute(f"SELECT DISTINCT {_quoted(column)} FROM {_quoted(table)}").fetchall()  # nosec B608  # names are of the database itself, quoted
                yield column, pl.Series([text for (text,) in rows], dtype=pl.String)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _list_sqlite(path: Path, wanted: Wanted) -> Iterator[tuple[str, pl.Series]]:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as con:
        con.text_factory = partial(str, encoding="utf-8", errors="replace")
        for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in con.execute(f"PRAGMA table_info({_quoted(table)})")]
            for column in columns:
                if wanted.anywhere or column in HOMES:
                    query = f"SELECT DISTINCT CAST({_quoted(column)} AS TEXT) FROM {_quoted(table)}"  # nosec B608  # names are of the database itself, quoted
                    rows = con.execute(query).fetchall()
                    yield column, pl.Series([text for (text,) in rows], dtype=pl.String)


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


def _named_homes(value: Any, *, is_home: bool) -> Iterator[str]:
    if isinstance(value, str) and is_home:
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _named_homes(inner, is_home=name in HOMES)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_homes(inner, is_home=is_home)
