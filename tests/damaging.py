"""Ways to damage what lies in a data folder: each is a fault that a disk, a copy or a hand makes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl

Damage = Callable[[Path], None]


def remove(path: Path) -> None:
    """Delete a file."""
    path.unlink()


def empty(path: Path) -> None:
    """Leave a file without content."""
    _write(path, b"")


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    _write(path, content[: len(content) // 2])


def flip_bit(path: Path) -> None:
    """Turn over one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    _write(path, bytes(content))


def swap(path: Path) -> None:
    """Exchange a file for that of another month of the same table."""
    others = [other for other in sorted(path.parent.parent.rglob("*.parquet")) if other.parent != path.parent]
    one, other = path.read_bytes(), others[0].read_bytes()
    _write(path, other)
    _write(others[0], one)


def change_value(path: Path) -> None:
    """Write a Parquet file anew, whole and well formed, with one number of its first float column a little larger."""
    frame = pl.read_parquet(path, hive_partitioning=False)
    name = next(name for name, dtype in frame.schema.items() if dtype == pl.Float64)
    first = pl.int_range(pl.len()) == 0
    out = io.BytesIO()
    frame.with_columns(pl.when(first).then(pl.col(name) + 0.001).otherwise(name).alias(name)).write_parquet(
        out, metadata=pl.read_parquet_metadata(path)
    )
    _write(path, out.getvalue())


def scribble(path: Path) -> None:
    """Leave a text that is no JSON."""
    _write(path, b"not what was written")


def _write(path: Path, content: bytes) -> None:
    path.chmod(0o640)
    path.write_bytes(content)
