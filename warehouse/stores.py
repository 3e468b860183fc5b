"""Where objects lie: in a folder of this machine, or in a bucket. Both let an object appear whole or not at all."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from warehouse.writing import OWNERS_FOLDER, appearing


class Store(Protocol):
    """Objects by key."""

    def locate(self, key: str) -> str:
        """Return where an object lies, for people."""

    def holds(self, path: Path) -> bool:
        """Say whether a file of this machine belongs to the store."""

    def exists(self, key: str) -> bool:
        """Say whether an object is there, whole."""

    def size(self, key: str) -> int:
        """Return the size of an object [B]."""

    def walk(self, folder: str = "") -> Iterator[tuple[str, dt.datetime]]:
        """Yield the keys below a folder with the moment at which each was written, half-written files included."""

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is no error."""

    def move(self, key: str, onto: str) -> None:
        """Give an object another key."""

    def take(self, file: Path, key: str) -> None:
        """Let a file of this machine become an object; it is gone from where it was."""

    def make_private(self) -> None:
        """Let nobody but the owner look into a folder of objects."""

    def reading(self, key: str) -> AbstractContextManager[Path]:
        """Give a file that holds the object."""

    def writing(self, key: str) -> AbstractContextManager[Path]:
        """Give an empty file; it becomes the object when the block ends without an error."""

    def lock(self, key: str, *, waiting: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hold what no other machine can hold meanwhile; `waiting` is called with who holds it."""

    def check(self) -> None:
        """Return if the store can be used."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Objects as files below `root`: each is written under a temporary name, flushed to the disk and renamed."""

    root: Path
    mode: int  # of its files

    def locate(self, key: str) -> str:
        """Return the path of an object, for people."""
        return str(self.root / key)

    def holds(self, path: Path) -> bool:
        """Say whether a file of this machine belongs to the store."""
        return path.is_relative_to(self.root)

    def exists(self, key: str) -> bool:
        """Say whether an object is there, whole."""
        return (self.root / key).exists()

    def size(self, key: str) -> int:
        """Return the size of an object [B]."""
        return (self.root / key).stat().st_size

    def walk(self, folder: str = "") -> Iterator[tuple[str, dt.datetime]]:
        """Yield the keys below a folder with the moment at which each was written, half-written files included."""
        for path in (self.root / folder).rglob("*"):
            with suppress(FileNotFoundError):  # what others write is renamed meanwhile
                found = path.stat()
                if stat.S_ISREG(found.st_mode):
                    written = dt.datetime.fromtimestamp(found.st_mtime, tz=dt.UTC)
                    yield path.relative_to(self.root).as_posix(), written

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is no error."""
        (self.root / key).unlink(missing_ok=True)

    def move(self, key: str, onto: str) -> None:
        """Give an object another key."""
        self.take(self.root / key, onto)

    def take(self, file: Path, key: str) -> None:
        """Let a file of this machine become an object; it is gone from where it was."""
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        file.replace(self.root / key).chmod(self.mode)

    def make_private(self) -> None:
        """Let nobody but the owner look into the folder."""
        self.root.mkdir(parents=True, exist_ok=True, mode=OWNERS_FOLDER)
        self.root.chmod(OWNERS_FOLDER)

    @contextmanager
    def reading(self, key: str) -> Iterator[Path]:
        """Give the file of an object."""
        yield self.root / key

    def writing(self, key: str) -> AbstractContextManager[Path]:
        """Give an empty file; it becomes the object when the block ends without an error."""
        return appearing(self.root / key, mode=self.mode)

    def lock(self, key: str, *, waiting: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hold nothing: the lock of the warehouse beside it, which dies with its process, is enough on one machine."""
        del key, waiting
        return nullcontext()

    def check(self) -> None:
        """Return: what is wrong with a folder is seen where it is used."""
