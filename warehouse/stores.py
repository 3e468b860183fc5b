"""Where objects are stored: in a folder of this machine, or in a bucket. In both an object appears whole or not at all."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from warehouse.writing import OWNERS_FOLDER, appearing, flush_to_disk


class Store(Protocol):
    """Objects by key."""

    def locate(self, key: str) -> str:
        """Return the path or address of an object, to print."""

    def holds(self, path: Path) -> bool:
        """Say whether a file of this machine belongs to the store."""

    def exists(self, key: str) -> bool:
        """Say whether an object is there, whole."""

    def size(self, key: str) -> int:
        """Return the size of an object [B]."""

    def walk(self, folder: str = "") -> Iterator[tuple[str, dt.datetime]]:
        """Yield the keys below a folder, each with the time at which it was written; half-written files are among them."""

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is no error."""

    def move(self, key: str, onto: str) -> None:
        """Give an object another key."""

    def take(self, file: Path, key: str) -> None:
        """Move a file of this machine into the store."""

    def make_private(self) -> None:
        """Let only the owner look into a folder of objects."""

    def reading(self, key: str) -> AbstractContextManager[Path]:
        """Give a file that holds the object."""

    def writing(self, key: str) -> AbstractContextManager[Path]:
        """Give an empty file; it becomes the object when the block ends without an error."""

    def lock(self, key: str, *, waiting: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hold a lock against other machines; `waiting` is called with a description of the present holder."""

    def check(self) -> None:
        """Raise an error if the store cannot be used."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Objects as files below `root`: each is written under a temporary name, flushed to the disk and renamed."""

    root: Path
    mode: int  # permissions of the files

    def locate(self, key: str) -> str:
        """Return the path of an object, to print."""
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
        """Yield the keys below a folder, each with the time at which it was written; half-written files are among them."""
        for path in (self.root / folder).rglob("*"):
            with suppress(FileNotFoundError):  # another process renamed its half-written file meanwhile
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
        """Move a file of this machine to the place of an object; the move survives a power cut."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target).chmod(self.mode)
        for folder in {target.parent, file.parent}:
            flush_to_disk(folder)

    def make_private(self) -> None:
        """Let only the owner look into the folder."""
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
        """Hold no lock: on one machine the lock of the warehouse is enough, and it ends with its process."""
        del key, waiting
        return nullcontext()

    def check(self) -> None:
        """Do nothing: the first use of a folder shows what is wrong with it."""
