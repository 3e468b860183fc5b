"""The landing folder: which files there are, what they are packed in, and their content in blocks of bounded size.

Nothing here is ever written. What a file is packed in is told by its first bytes, not by its name.
"""

from __future__ import annotations

import gzip
import hashlib
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl
import zstandard

from transforms.readings.formats import RefusalError

BLOCK_BYTES = 32 * 2**20  # of text: half a GB of memory while it is parsed
HEADER_BYTES = 64 * 2**10
SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
Container = Literal["text", "gzip", "zstandard", "parquet"]
_MAGIC: dict[bytes, Container] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstandard", b"PAR1": "parquet"}
_PACKED_BYTES = 2**16


class ChangedFileError(OSError):
    """A landing file changed while it was read; the next run takes it."""


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file of the landing folder, as the folder lists it."""

    path: str  # absolute, links followed
    file_name: str  # below the landing folder
    bytes: int
    mtime_ns: int

    @property
    def subfolder(self) -> str:
        """The landing subfolder that the file came by, or a dot: what a feed is named by beside its format."""
        return self.file_name.split("/")[0] if "/" in self.file_name else "."

    def age_seconds(self) -> float:
        """Return for how long it has been unchanged; a date in the future counts as old, a moment ahead as new."""
        return abs(time.time() - self.mtime_ns / 1e9)


def walk_landing(landing: Path) -> Iterator[LandedFile | tuple[str, str]]:
    """Yield the files below `landing` in the order of their names; (name, reason) for one that is not taken."""
    names = sorted(path.relative_to(landing).as_posix() for path in _files_below(landing, frozenset()))
    for name in names:
        reason = _why_not_taken(name)
        if reason:
            yield name, reason
            continue
        try:
            resolved = (landing / name).resolve(strict=True)
            stat = resolved.stat()
        except OSError as error:
            yield name, f"cannot be opened: {error.strerror}"
            continue
        yield LandedFile(str(resolved), name, stat.st_size, stat.st_mtime_ns)


def _files_below(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Yield all files, through linked folders too, but never round in a circle."""
    if folder.resolve() in above or not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir():
            yield from _files_below(path, above | {folder.resolve()})
        else:
            yield path


def _why_not_taken(name: str) -> str | None:
    lower = name.lower()
    if any(part.startswith((".", "~$")) for part in name.split("/")):
        return "hidden"
    if lower.endswith(UNFINISHED):
        return "still being delivered, by its name"
    if lower.endswith((".xlsx", ".xls")):
        return "a workbook; `hearth households` makes households.csv of one"
    if not lower.endswith(SUFFIXES):
        return f"not one of {', '.join(SUFFIXES)}"
    return None


def hash_file(path: str) -> str:
    """Return the sha256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_unchanged(path: str, size: int, mtime_ns: int) -> bool:
    """Say whether a file is still there with this size and modification time."""
    try:
        stat = Path(path).stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (size, mtime_ns)


def find_container(path: str) -> Container:
    """Tell by its first bytes what a file is packed in."""
    with Path(path).open("rb") as file:
        start = file.read(4)
    if start.startswith(b"PK\x03\x04"):
        raise RefusalError("a zip archive or a workbook, not text")
    return next((container for magic, container in _MAGIC.items() if start.startswith(magic)), "text")


def read_header(path: str) -> list[str]:
    """Return the column names in a file's first line that is not blank, or in its Parquet schema.

    Raises
    ------
    RefusalError
        If the file is empty, binary, truncated, not UTF-8, or begins with no line of sensible length.

    """
    container = find_container(path)
    with _refusing_damage():
        if container == "parquet":
            import pyarrow.parquet as pq

            return list(pq.read_schema(path).names)
        start = next(_unpack(path, container, HEADER_BYTES), b"")[:HEADER_BYTES]
    _refuse_binary(start)
    lines = [line for line in start.split(b"\n") if line.strip(b" \t\r\xef\xbb\xbf")]
    if not lines:
        raise RefusalError("empty" if len(start) < HEADER_BYTES else "nothing but blanks at its beginning")
    if len(lines) == 1 and len(start) == HEADER_BYTES:
        raise RefusalError(f"no line ends within its first {HEADER_BYTES} bytes")
    try:
        header = lines[0].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusalError("wrong encoding: its header is not UTF-8; save it as UTF-8") from None
    return header.removesuffix("\r").split(",")


def _refuse_binary(start: bytes) -> None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RefusalError("wrong encoding: UTF-16; save it as UTF-8")
    if b"\x00" in start:
        raise RefusalError("binary, not text")


def iter_text(path: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield a text file in blocks of whole lines, unpacked; only the last may lack its line end.

    Raises
    ------
    RefusalError
        If the packed file is truncated or damaged, or a line is longer than a block.

    """
    container = find_container(path)
    rest = b""
    with _refusing_damage():
        for chunk in _unpack(path, container, block_bytes):
            end = chunk.rfind(b"\n") + 1
            if end:
                yield rest + chunk[:end]
                rest = chunk[end:]
            else:
                rest += chunk
            if len(rest) > max(block_bytes, HEADER_BYTES):
                raise RefusalError(f"a line is longer than {len(rest)} bytes")
    if rest:
        yield rest


def read_text(path: str) -> bytes:
    """Return a whole text file, unpacked."""
    return b"".join(iter_text(path))


def iter_rows(path: str, rows: int = 2**20) -> Iterator[pl.DataFrame]:
    """Yield a Parquet file in frames of text: moments with a zone as UTC, numbers as they print."""
    import pyarrow.parquet as pq

    with _refusing_damage(), pq.ParquetFile(path) as file:
        batches = file.iter_batches(batch_size=rows) if file.metadata.num_rows else [file.schema_arrow.empty_table()]
        for batch in batches:
            frame = pl.from_arrow(batch)
            if not isinstance(frame, pl.DataFrame):
                raise TypeError(f"a batch of {path} is a {type(frame).__name__}")
            yield frame.with_columns(_as_text(name, dtype) for name, dtype in frame.schema.items())


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S%.f")
    return column.cast(pl.String, strict=False)


def _unpack(path: str, container: Container, size: int) -> Iterator[bytes]:
    """Yield the unpacked bytes of a text file in pieces of about `size`."""
    with Path(path).open("rb") as file:
        if container == "zstandard":
            yield from _unpack_zstandard(file, size)
        elif container == "gzip":
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from iter(partial(unpacked.read, size), b"")
        else:
            yield from iter(partial(file.read, size), b"")


def _unpack_zstandard(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Unpack frame by frame; the library's own stream reader takes a truncated frame for a whole one."""
    frame, pieces, held = zstandard.ZstdDecompressor().decompressobj(), list[bytes](), 0
    for packed in iter(partial(file.read, _PACKED_BYTES), b""):
        left = packed
        while left:
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            pieces.append(frame.decompress(left))
            left = frame.unused_data if frame.eof else b""
        held = sum(map(len, pieces))
        if held >= size:
            yield b"".join(pieces)
            pieces = []
    if not frame.eof:
        raise EOFError
    yield b"".join(pieces)


@contextmanager
def _refusing_damage() -> Iterator[None]:
    """Name a packed file that cannot be unpacked, rather than fail on it as on a broken disk."""
    import pyarrow as pa

    try:
        yield
    except EOFError:
        raise RefusalError("truncated: the packed file ends before its content does") from None
    except (zlib.error, gzip.BadGzipFile, zstandard.ZstdError, pa.ArrowInvalid) as error:
        raise RefusalError(f"truncated or damaged: {str(error).splitlines()[0]}") from None
