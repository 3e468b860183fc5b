"""Files that appear whole or not at all: they are written under another name, flushed to the disk, and renamed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PRIVATE = 0o640  # mode of files about homes, whatever the umask: the owner writes, the group reads
OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.EIO)  # errors that a disk causes
OWNER_ONLY = 0o600
OWNERS_FOLDER = 0o700
FICLONE = 0x40049409  # the request of Linux that lets two files share their bytes
COPY_BYTES = 16 << 20  # a warehouse may have gigabytes


def keep_others_from_writing() -> None:
    """Set the umask so that others cannot write to files and folders that this process makes."""
    os.umask(os.umask(0o077) | 0o022)


def open_lock(path: Path) -> IO[str]:
    """Open a lock file that only owner and group can open: anyone who can open it could lock it and keep runs waiting."""
    handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE), "r+", encoding="ascii")
    with contextlib.suppress(PermissionError):  # another account of the group owns the file
        path.chmod(PRIVATE)
    return handle


def at_step(step: str, target: Path) -> None:
    """Do nothing. It is called at each step of each write, and tests of outages replace it to kill or fail there.

    The steps are `begun`, `written` (under the other name), `renamed` and `flushed`.
    """


@contextmanager
def renamed_onto(target: Path) -> Iterator[Path]:
    """Give a free name beside `target`; the file of that name replaces `target` when the block ends.

    The name begins with a dot and ends in `.tmp`, so that nobody takes it for a finished file. After an error the file is
    deleted.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        at_step("begun", target)
        yield partial
        move_onto(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def move_onto(finished: Path, target: Path) -> None:
    """Replace `target` by a finished file, in one rename that survives a power cut."""
    at_step("written", target)
    finished.replace(target)
    at_step("renamed", target)
    flush_to_disk(target.parent)
    at_step("flushed", target)


@contextmanager
def appearing(target: Path, *, mode: int) -> Iterator[Path]:
    """Give an empty file to write to; it replaces `target`, with `mode`, when the block ends without an error.

    Until then only the owner can read it. After that it survives a power cut.
    """
    with telling_os_errors(target), renamed_onto(target) as partial:
        create_for_owner(partial)
        yield partial
        partial.chmod(mode)
        flush_to_disk(partial)


def write_whole(target: Path, content: str | bytes | bytearray, *, mode: int) -> None:
    """Store a text or bytes as a file that appears whole."""
    with appearing(target, mode=mode) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def telling_os_errors(path: Path) -> Iterator[None]:
    """Turn a library's error about the disk into an `OSError` that names `path`.

    The `OSError` of a failed write, from Python itself, names no file; it gets `path` as well.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    except Exception as error:
        said = str(error).lower()
        code = next((code for code in errno.errorcode if os.strerror(code).lower() in said), None)
        if code not in OF_DISKS:
            raise
        raise OSError(code, os.strerror(code), str(path)) from error


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; only the owner can read the copy. If the disk can, both share their bytes until one of them changes."""
    create_for_owner(target)
    with source.open("rb") as read, target.open("wb") as written:
        with suppress(OSError):  # most file systems cannot share bytes
            fcntl.ioctl(written, FICLONE, read.fileno())
            return
        shutil.copyfileobj(read, written, COPY_BYTES)


def create_for_owner(path: Path) -> None:
    """Create an empty file that only its owner can read; opening it for writing later does not change its mode."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))


def flush_folder(folder: Path) -> None:
    """Flush all files and folders below a folder, and itself, so that a rename of it survives a power cut."""
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():
            flush_to_disk(path)


def flush_to_disk(path: Path) -> None:
    """Flush a file or folder to the disk, so that it survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
