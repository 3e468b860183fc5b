"""The landing folder: which files there are, how they are packed, and their text in blocks of bounded size.

Hearth never writes there, and opens regular files only. The first bytes of a file say how it is packed, not its name. The
path of a file within a zip archive is the path of the archive, `!/` and the name within.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import stat as file_modes
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Literal

import numpy as np
import zstandard

from transforms.readings.declaration import Dialect, Layout, RefusalError
from transforms.readings.parse import CUT, LONGEST_LINE

BLOCK_BYTES = 32 * 2**20  # text of a block: it takes half a GB of memory while it is parsed
BLOCK_LINES = 5 * 2**18  # lines of a block: a rejected line takes 400 bytes of memory, so half a GB
BLOCK_CELLS = 2**24  # fields of a block, for the same bound on memory
HEADER_BYTES = 64 * 2**10  # the beginning of a file, in which its header is looked for
SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet", ".tsv")
# a file with one of these is a delivery if its content is one; otherwise it is not used, and nothing is refused
POSSIBLE_SUFFIXES = (".txt", ".txt.gz", ".json", ".json.gz", ".jsonl", ".ndjson", ".xml", ".xml.gz", ".xlsx")
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
OTHER_KINDS: dict[tuple[str, ...], str] = {
    (".xls", ".xlsb", ".ods", ".numbers"): "a workbook of a kind that is not read: save it as .xlsx or .csv",
    (
        ".7z",
        ".rar",
        ".tar",
        ".tar.gz",
        ".tgz",
        ".bz2",
        ".xz",
    ): "packed in a way that is not read: unpack it, or pack it as .zip",
    (
        ".arrow",
        ".feather",
        ".avro",
        ".orc",
        ".dta",
        ".sav",
        ".sas7bdat",
        ".rds",
        ".rdata",
    ): "a table of a kind that is not read: write it as .parquet or .csv",
    (".db", ".sqlite", ".sqlite3", ".duckdb", ".mdb", ".accdb"): "a database: write its readings as .parquet or .csv",
    (".pdf", ".doc", ".docx", ".htm", ".html"): "a document: ask for the readings as .csv",
}  # what files with these suffixes are, and the next step
MOST_FILES = 100_000
MOST_MEMBERS = 1_000
DEEPEST = 64  # levels of folders; a delivery has a few
INSIDE = "!/"
Container = Literal["text", "gzip", "zstandard", "parquet", "workbook"]
_MAGIC: dict[bytes, Container] = {
    b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstandard", b"PAR1": "parquet", b"PK\x03\x04": "workbook",
}  # fmt: skip
_PACKED_BYTES = 2**10  # packed bytes that are read at a time: one kB of zstandard may hold 32 MB
_LEFT_OF_LINE = 200  # bytes that are kept of a line that is too long: enough to find it in the file


class ChangedFileError(OSError):
    """A landing file changed while it was read; the next run reads it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a packed file may hold."""

    ratio: float = 1000  # bytes unpacked per byte packed; deliveries stay far below it
    unpacked_bytes: float = 200e9
    free_bytes: int = 64 * 2**20  # up to this size the ratio does not matter
    loaded_bytes: int = 64 * 2**20  # for files that are read whole: JSON, XML, tables of homes and temperatures
    workbook_bytes: int = 256 * 2**20  # for workbooks, and for Parquet within an archive

    def refuse(self, held: int, packed: int) -> bool:
        """Say whether so many unpacked bytes are too much for a packed file."""
        return held > self.unpacked_bytes or (held > self.free_bytes and held > self.ratio * packed)


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file of the landing folder, as the folder lists it."""

    path: str  # absolute, links followed
    file_name: str  # below the landing folder
    bytes: int
    mtime_ns: int
    delivered_path: str = ""  # where `path` and `file_name` are pseudonyms: what they stand for
    delivered_name: str = ""

    @property
    def opens(self) -> str:
        """The path to open it by."""
        return self.delivered_path or self.path

    @property
    def subfolder(self) -> str:
        """The landing subfolder that the file is in, or a dot; a feed is named by it and by the format."""
        return name_subfolder(self.file_name)

    def age_seconds(self) -> float:
        """Return how far from now the file was changed; a date far in the future counts as old, so that it is not waited for."""
        return abs(time.time() - self.mtime_ns / 1e9)


def split_folder(file_name: str) -> tuple[str, str]:
    """Return the folder of a file below the landing folder, an archive left out, and the name of the file itself."""
    folder, _, name = file_name.rpartition("/")
    parts = folder.split("/")
    for n, part in enumerate(parts):
        if part.lower().endswith(".zip"):
            return "/".join(parts[:n]), name
    return folder, name


def split_name(file_name: str) -> tuple[str, str]:
    """Return the folder of a file below the landing folder, and its name without suffixes."""
    folder, name = split_folder(file_name)
    suffixes = sorted((*SUFFIXES, *POSSIBLE_SUFFIXES), key=len, reverse=True)
    suffix = next((s for s in suffixes if name.lower().endswith(s)), "")
    return folder, name[: len(name) - len(suffix)]


def name_subfolder(file_name: str) -> str:
    """Return the first folder of a file below the landing folder, or a dot."""
    return split_folder(file_name)[0].split("/")[0] or "."


def walk_landing(landing: Path, limits: Limits = LIMITS) -> Iterator[LandedFile | tuple[str, str]]:
    """Yield the files below `landing` in the order of their names, and (name, reason) for each that is not used."""
    count = 0
    for name, trouble in sorted(_entries_below(landing)):
        count += 1
        if count > MOST_FILES:
            yield (
                name,
                f"more than {MOST_FILES:,} files in the landing folder: this one and those after it are not read",
            )
            return
        reason = trouble or _why_not_taken(name)
        if reason:
            yield name, reason
            continue
        try:
            resolved = os.path.realpath(landing / name, strict=True)
            stat = Path(resolved).stat()
        except (OSError, RuntimeError) as error:
            yield name, f"cannot be opened: {getattr(error, 'strerror', None) or 'a link that leads to itself'}"
            continue
        if not file_modes.S_ISREG(stat.st_mode):
            yield name, "no regular file: a pipe, a device or a socket is not read"
        elif name.lower().endswith(".zip"):
            yield from _list_members(resolved, name, stat, limits)
        else:
            yield LandedFile(resolved, name, stat.st_size, stat.st_mtime_ns)


def _entries_below(landing: Path) -> Iterator[tuple[str, str]]:
    """Yield name and trouble of every file, also in linked folders; each folder is visited once, however it is linked."""
    seen: set[tuple[int, int]] = set()
    root = os.path.realpath(landing)
    waiting = [("", 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            stat = (landing / folder).stat()
            if (stat.st_dev, stat.st_ino) in seen or not file_modes.S_ISDIR(stat.st_mode):
                continue
            seen.add((stat.st_dev, stat.st_ino))
            with os.scandir(landing / folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            yield make_printable(folder), f"cannot be opened: {error.strerror}"
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}".lstrip("/")
            if make_printable(entry.name) != entry.name:
                yield make_printable(name), "its name is not UTF-8 or holds control characters; rename it"
            elif _is_link_of_another(entry) and not os.path.realpath(entry.path).startswith(f"{root}/"):
                yield name, "a link of another account that leads out of the landing folder; deliver the file itself"
            elif not _is_folder(entry):
                yield name, ""
            elif depth >= DEEPEST:
                yield name, f"more than {DEEPEST} levels of folders; not searched"
            else:
                waiting.append((name, depth + 1))


def _is_link_of_another(entry: os.DirEntry[str]) -> bool:
    """Say whether another account made a link: it could point to files that we can read and that account cannot."""
    return entry.is_symlink() and entry.stat(follow_symlinks=False).st_uid not in own_accounts()


def own_accounts() -> set[int]:
    """Return the accounts whose links are followed: the one that runs Hearth, and root."""
    return {os.geteuid(), 0}


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: opening it gives the reason
        return False


def make_printable(name: str) -> str:
    """Return a name that can be printed: bytes that are no UTF-8 and control characters become escapes."""
    readable = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in readable)


def _why_not_taken(name: str) -> str | None:
    lower = name.lower()
    if any(part.startswith((".", "~$")) for part in name.split("/")):
        return "hidden"
    if lower.endswith(UNFINISHED):
        return "still being delivered, by its name"
    for suffixes, what in OTHER_KINDS.items():
        if lower.endswith(suffixes):
            return what
    if not lower.endswith((*SUFFIXES, *POSSIBLE_SUFFIXES, ".zip")):
        return f"not one of {', '.join((*SUFFIXES, *POSSIBLE_SUFFIXES, '.zip'))}"
    return None


def _list_members(path: str, name: str, stat: os.stat_result, limits: Limits) -> Iterator[LandedFile | tuple[str, str]]:
    """Yield the files within a zip archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        yield name, "truncated or damaged: it cannot be read as a zip archive"
        return
    if len(members) > MOST_MEMBERS:
        yield name, f"an archive of more than {MOST_MEMBERS:,} files; unpack it"
        return
    held = sum(info.file_size for info in members)
    if limits.refuse(held, stat.st_size):  # their sum: members may share the same packed bytes
        yield name, describe_bomb(held, stat.st_size)
        return
    if not members:
        yield name, "an empty archive"
    for info in members:
        inner = f"{name}/{make_printable(info.filename)}"
        if info.flag_bits & 1:
            yield inner, "packed with a password: unpack it, and deliver the files within"
        elif inner.lower().endswith(".zip"):
            yield (
                inner,
                "an archive within an archive, which is not opened: unpack it, and deliver the inner one or its files",
            )
        elif reason := _why_not_taken(inner):
            yield inner, reason
        else:
            yield LandedFile(f"{path}{INSIDE}{info.filename}", inner, info.file_size, stat.st_mtime_ns)


def split_inside(path: str) -> tuple[str, str | None]:
    """Return the file on disk and, where the path names a file within an archive, the name within it."""
    at = path.lower().find(f".zip{INSIDE}")
    return (path, None) if at < 0 else (path[: at + 4], path[at + 4 + len(INSIDE) :])


@contextmanager
def open_landed(path: str) -> Iterator[IO[bytes]]:
    """Open a landing file, or a file within an archive."""
    file, inner = split_inside(path)
    if inner is None:
        with Path(file).open("rb") as opened:
            yield opened
        return
    with zipfile.ZipFile(file) as archive, archive.open(inner) as member:
        yield member


def hash_file(path: str, limits: Limits = LIMITS) -> str:
    """Return the sha256 of a file's bytes.

    Raises
    ------
    RefusalError
        If a file within an archive is damaged or holds too much.

    """
    digest = hashlib.sha256()
    with refusing_damage(), open_landed(path) as file:
        for piece in _bounded(iter(partial(file.read, 2**20), b""), _packed_bytes(path), limits):
            digest.update(piece)
    return digest.hexdigest()


def _packed_bytes(path: str) -> int:
    file, inner = split_inside(path)
    if inner is None:
        return Path(file).stat().st_size
    with zipfile.ZipFile(file) as archive:
        return archive.getinfo(inner).compress_size


def is_gone(landing: Path, name: str) -> bool:
    """Say whether an entry has left the landing folder; a file within an archive leaves with the archive.

    A name with a backslash never counts as gone: `make_printable` may have written another character so.
    """
    folder, _, inner = name.partition(".zip/")
    return not os.path.lexists(landing / (f"{folder}.zip" if inner else name)) and "\\" not in name


def is_unchanged(path: str, size: int, mtime_ns: int) -> bool:
    """Say whether a file is still there with this size and modification time."""
    file, inner = split_inside(path)
    try:
        stat = Path(file).stat()
        if inner is None:
            return (stat.st_size, stat.st_mtime_ns) == (size, mtime_ns)
        if stat.st_mtime_ns != mtime_ns:
            return False
        with zipfile.ZipFile(file) as archive:
            return archive.getinfo(inner).file_size == size
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def find_container(path: str) -> Container:
    """Return how a file is packed, by its first bytes."""
    with refusing_damage(), open_landed(path) as file:
        start = file.read(4)
    return next((container for magic, container in _MAGIC.items() if start.startswith(magic)), "text")


def read_start(path: str, container: Container, limits: Limits = LIMITS) -> tuple[bytes, bool]:
    """Return the first bytes of a text, unpacked, and whether they are the whole text."""
    with refusing_damage():
        pieces, held = [], 0
        for piece in unpack(path, container, HEADER_BYTES, limits):
            pieces.append(piece)
            held += len(piece)
            if held > HEADER_BYTES:
                break
    start = b"".join(pieces)
    return start[:HEADER_BYTES], len(start) <= HEADER_BYTES


def iter_text(path: str, layout: Layout, block_bytes: int = BLOCK_BYTES, limits: Limits = LIMITS) -> Iterator[bytes]:
    """Yield a text file in blocks of whole lines, unpacked, in UTF-8; only the last line may lack its line end.

    Of a line that is too long, only the beginning is kept, with a mark.

    Raises
    ------
    RefusalError
        If the packed file is truncated, damaged, or holds too much.

    """
    with refusing_damage():
        pieces = _decode(unpack(path, find_container(path), block_bytes, limits), layout.dialect)
        most_lines = min(max(BLOCK_CELLS // layout.width, 2**10), BLOCK_LINES)
        for block in _whole_lines(pieces):
            yield from _cut_lines(block, most_lines)


def _decode(pieces: Iterator[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Turn a text into UTF-8 with line feeds."""
    if dialect.encoding == "utf-8" and dialect.line_end == "\n":
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(dialect.encoding)(errors="replace")
    for piece in pieces:
        yield decoder.decode(piece).replace(dialect.line_end, "\n").encode()
    yield decoder.decode(b"", final=True).encode()


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest, is_skipping = b"", False
    for unpacked in pieces:
        piece = unpacked
        if is_skipping:
            at = piece.find(b"\n")
            if at < 0:
                continue
            piece, is_skipping = piece[at:], False
        end = piece.rfind(b"\n") + 1
        if end:
            yield _shorten_lines(rest + piece[:end])
            rest = piece[end:]
        else:
            rest += piece
        if len(rest) > LONGEST_LINE:
            rest, is_skipping = rest[:_LEFT_OF_LINE] + CUT, True
    if rest:
        yield rest


def _shorten_lines(block: bytes) -> bytes:
    """Cut the lines of a block that are too long."""
    # a line that is too long covers at least one whole step, which then has no line end
    step = LONGEST_LINE // 2
    if all(block.find(b"\n", at, at + step) >= 0 for at in range(0, len(block) - step, step)):
        return block
    lines = block.split(b"\n")
    return b"\n".join(line if len(line) <= LONGEST_LINE else line[:_LEFT_OF_LINE] + CUT for line in lines)


def _cut_lines(block: bytes, most_lines: int) -> Iterator[bytes]:
    """Split a block that has too many lines."""
    if block.count(b"\n") <= most_lines:
        yield block
        return
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))[most_lines - 1 :: most_lines] + 1
    start = 0
    for end in (*ends.tolist(), len(block)):
        if end > start:
            yield block[start:end]
        start = end


def read_text(path: str, layout: Layout, limits: Limits = LIMITS) -> bytes:
    """Return a whole text file, unpacked, in UTF-8.

    Raises
    ------
    RefusalError
        If it is larger than a file that is read whole may be.

    """
    pieces, held = [], 0
    for piece in iter_text(path, layout, 2**20, limits):
        pieces.append(piece)
        held += len(piece)
        refuse_large(held, limits.loaded_bytes)
    return b"".join(pieces)


def refuse_large(held: int, most: float) -> None:
    """Refuse a file that is too large to be read whole.

    Raises
    ------
    RefusalError
        If `held` bytes are more than `most`.

    """
    if held > most:
        raise RefusalError(
            f"more than {most / 2**20:.0f} MB in a format that is read whole; split it, or deliver it as CSV"
        )


def unpack(path: str, container: Container, size: int, limits: Limits = LIMITS) -> Iterator[bytes]:
    """Yield the unpacked bytes of a text file in pieces of about `size`."""
    with open_landed(path) as file:
        if container == "zstandard":
            pieces = _unpack_zstandard(file, size)
        elif container == "gzip":
            unpacked = gzip.GzipFile(fileobj=file)
            pieces = iter(partial(unpacked.read, size), b"")
        else:
            pieces = iter(partial(file.read, size), b"")
        if container == "text" and split_inside(path)[1] is None:
            yield from pieces
        else:
            yield from _bounded(pieces, _packed_bytes(path), limits)


def _bounded(pieces: Iterator[bytes], packed: int, limits: Limits) -> Iterator[bytes]:
    """Yield unpacked pieces as long as the file stays within the limits.

    Raises
    ------
    RefusalError
        If it unpacks to more.

    """
    held = 0
    for piece in pieces:
        held += len(piece)
        if limits.refuse(held, packed):
            raise RefusalError(describe_bomb(held, packed))
        yield piece


def describe_bomb(held: int, packed: int) -> str:
    """Say why a packed file is not read further."""
    return (
        f"a packed file of {packed:,} bytes that unpacks to more than {held // 2**20:,} MB: not read further; the settings "
        "unpacked_ratio_max and unpacked_gb_max limit this"
    )


def _unpack_zstandard(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Unpack frame by frame; the library's own stream reader does not notice a truncated frame."""
    frame, pieces, held = zstandard.ZstdDecompressor().decompressobj(), list[bytes](), 0
    for packed in iter(partial(file.read, _PACKED_BYTES), b""):
        left = packed
        while left:
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            piece = frame.decompress(left)
            pieces.append(piece)
            held += len(piece)
            left = frame.unused_data if frame.eof else b""
        if held >= size:
            yield b"".join(pieces)
            pieces, held = [], 0
    if not frame.eof:
        raise EOFError
    yield b"".join(pieces)


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn the errors of libraries about a file's content into a refusal; errors of the disk pass.

    A panic of polars, which is written in Rust, is no `Exception` and so has to be named.
    """
    import polars as pl
    import pyarrow as pa

    try:
        yield
    except EOFError:
        raise RefusalError("truncated: the packed file ends before its content does") from None
    except (zlib.error, gzip.BadGzipFile, zstandard.ZstdError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise RefusalError(f"truncated or damaged: {type(error).__name__}", _first_line(error)) from None
    except OSError as error:
        if error.errno is not None:  # from the disk, not about the content
            raise
        raise RefusalError("truncated or damaged: its pages cannot be read", _first_line(error)) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OverflowError, NotImplementedError) as error:
        raise RefusalError(f"of a kind that cannot be read: {type(error).__name__}", _first_line(error)) from None


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "")


def load_bytes(path: str, most: int, limits: Limits = LIMITS) -> io.BytesIO | str:
    """Return what a library can read in any order: the path of a file, or the content of a file within an archive."""
    file, inner = split_inside(path)
    if inner is None:
        return file
    held = bytearray()
    for piece in unpack(path, "text", 2**20, limits):
        held += piece
        refuse_large(len(held), most)
    return io.BytesIO(bytes(held))


def is_possible_only(path: str) -> bool:
    """Say whether only its content can show that a file is a delivery: its ending is used for other files, too."""
    return path.lower().endswith(POSSIBLE_SUFFIXES)
