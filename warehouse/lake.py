"""The lake: immutable objects by key below one root. The only module that knows how an object is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from warehouse.writing import PRIVATE, appearing, write_whole

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Lake:
    """Objects named by keys such as `hourly/month=2009-01/<fingerprint>.parquet` below `root`.

    An object appears whole or not at all: it is written under a temporary name, flushed to disk and renamed.
    """

    root: Path
    mode: int = PRIVATE  # of its objects

    def path(self, key: str) -> Path:
        """Return where the object `key` is stored."""
        return self.root / key

    def exists(self, key: str) -> bool:
        """Say whether the object `key` is there, whole."""
        return self.path(key).exists()

    def size(self, key: str) -> int:
        """Return the object's size [B]."""
        return self.path(key).stat().st_size

    def keys(self, prefix: str) -> list[str]:
        """List the keys below the folder `prefix`, sorted; temporary names are left out."""
        folder = self.path(prefix)
        found = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
        return sorted(p.relative_to(self.root).as_posix() for p in found)

    def get_text(self, key: str) -> str:
        """Return the object `key` as text."""
        return self.path(key).read_text(encoding="utf-8")

    def put_text(self, key: str, text: str) -> None:
        """Store `text` under `key`."""
        write_whole(self.path(key), text, mode=self.mode)

    def put_frame(self, key: str, frame: pl.DataFrame) -> None:
        """Store `frame` as Parquet under `key`."""
        with appearing(self.path(key), mode=self.mode) as partial:
            frame.write_parquet(partial, compression="zstd", statistics=True)

    def read(self, key: str) -> pl.DataFrame:
        """Return the Parquet object `key`."""
        return pl.read_parquet(self.path(key), hive_partitioning=False)

    def sweep(self, kept: Collection[str], *, before: dt.datetime) -> int:
        """Delete all but `kept`, half-written objects included, if they were last touched by `before`; count them."""
        spared = {self.path(key) for key in kept}
        old = [
            path
            for path in self.root.rglob("*")
            if path not in spared
            and path.is_file()
            and dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC) <= before
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    @contextmanager
    def parquet_writer(self, key: str, schema: pa.Schema, **options: Any) -> Iterator[Any]:
        """Give a `pyarrow.parquet.ParquetWriter`; the object appears when the block ends without an error."""
        import pyarrow.parquet as pq

        with (
            appearing(self.path(key), mode=self.mode) as partial,
            pq.ParquetWriter(partial, schema, compression="zstd", **options) as writer,
        ):
            yield writer
