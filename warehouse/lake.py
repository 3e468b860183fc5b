"""The lake: immutable objects by key. All reads and writes of objects go through here; `warehouse/stores.py` stores them.

Every object is sealed when it is written, and its seal is checked when it is read (`warehouse/seals.py`).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError

from warehouse.buckets import SCHEME, Bucket
from warehouse.seals import (
    UNSEALED_FOOTER,
    BrokenSealError,
    check_parquet,
    seal_content,
    seal_parquet,
    seal_text,
    unseal_text,
)
from warehouse.stores import Folder, Store
from warehouse.writing import PRIVATE

if TYPE_CHECKING:
    import pyarrow as pa


Model = TypeVar("Model", bound=BaseModel)
DAMAGED = "damaged"  # the folder of the lake for damaged files that were put aside
LOCK_KEY: Final = "publish.lock"  # the lock of a lake that machines share: its holder may publish


class DamagedObjectError(ValueError):
    """An object is not what was written under its key: missing, empty, cut, altered or swapped."""

    def __init__(self, root: Path | Bucket, key: str, why: str, others: Sequence[DamagedObjectError] = ()) -> None:
        self.root, self.key, self.why = root, key, why
        self.others = tuple(others)  # further damaged objects that were found at the same time
        super().__init__(
            f"{root / key} is damaged: {why}; `hearth run` or `hearth doctor --repair` puts it aside and builds it again"
        )

    @property
    def path(self) -> Path | Bucket:
        """The path or address of the object."""
        return self.root / self.key

    def __reduce__(self) -> tuple[type[DamagedObjectError], tuple[object, ...]]:
        return type(self), (self.root, self.key, self.why, self.others)


@dataclass(frozen=True, slots=True)
class Lake:
    """Objects named by keys such as `hourly/month=2009-01/<fingerprint>.parquet` below `root`.

    An object appears whole or not at all.
    """

    root: Path | Bucket
    mode: int = PRIVATE  # permissions of the objects, if they are files

    @property
    def store(self) -> Store:
        """The folder or bucket that stores the objects."""
        return self.root if isinstance(self.root, Bucket) else Folder(self.root, self.mode)

    def below(self, folder: str, *, mode: int) -> Lake:
        """Return a folder of this lake as a lake of its own."""
        return replace(self, root=self.root / folder, mode=mode)

    def path(self, key: str) -> Path:
        """Return the file of an object, where the lake is a folder."""
        return Path(self.store.locate(key))

    def exists(self, key: str) -> bool:
        """Say whether the object `key` is there, whole."""
        return self.store.exists(key)

    def size(self, key: str) -> int:
        """Return the object's size [B]."""
        return self.store.size(key)

    def keys(self, prefix: str) -> list[str]:
        """List the keys below the folder `prefix`, sorted; temporary names are left out."""
        return sorted(key for key, _ in self.store.walk(prefix) if not key.rpartition("/")[2].startswith("."))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; one that is gone already is no error."""
        for key in keys:
            self.store.delete(key)

    def lock(self, waiting: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hold the lock that lets one machine publish; `waiting` is called with a description of the present holder."""
        return self.store.lock(LOCK_KEY, waiting=waiting)

    def get_text(self, key: str) -> str:
        """Return the JSON object `key` as text.

        Raises
        ------
        DamagedObjectError
            If the object is not what was written.

        """
        return self._unseal(key)[0]

    def put_text(self, key: str, text: str) -> None:
        """Store a JSON object under `key`."""
        with self.store.writing(key) as partial:
            partial.write_bytes(seal_text(text, key).encode())

    def get_model(self, key: str, model: type[Model]) -> Model:
        """Return the JSON object `key` as a model.

        Raises
        ------
        DamagedObjectError
            If the object is not what was written.
        pydantic.ValidationError
            If the object is whole, but another version of Hearth wrote it.

        """
        text, is_sealed = self._unseal(key)
        try:
            return model.model_validate_json(text)
        except ValidationError as error:
            if is_sealed:
                raise
            first = error.errors(include_url=False, include_input=False)[0]
            raise DamagedObjectError(self.root, key, f"it cannot be read as such a record: {first['msg']}") from None

    def list_whole(self, prefix: str, model: type[Model]) -> list[Model]:
        """Return the JSON objects below a folder; damaged ones are left out."""
        found = list[Model]()
        for key in self.keys(prefix):
            with suppress(DamagedObjectError):
                found.append(self.get_model(key, model))
        return found

    def put_model(self, key: str, value: BaseModel) -> None:
        """Store a model as the JSON object `key`."""
        self.put_text(key, value.model_dump_json(indent=1))

    def _unseal(self, key: str) -> tuple[str, bool]:
        try:
            with self.store.reading(key) as path:
                return unseal_text(path.read_text(encoding="utf-8"), key)
        except FileNotFoundError:
            raise DamagedObjectError(self.root, key, "missing") from None
        except UnicodeDecodeError:
            raise DamagedObjectError(self.root, key, "altered: no text") from None
        except BrokenSealError as error:
            raise DamagedObjectError(self.root, key, str(error)) from None

    def put_frame(self, key: str, frame: pl.DataFrame) -> None:
        """Store `frame` as Parquet under `key`."""
        buffer = io.BytesIO()  # not the file itself: polars hides why it could not write to a disk
        frame.write_parquet(buffer, compression="zstd", statistics=True, metadata=UNSEALED_FOOTER)
        content = bytearray(buffer.getbuffer())
        seal_content(content, key)
        with self.store.writing(key) as partial:
            partial.write_bytes(content)

    def read(self, key: str) -> pl.DataFrame:
        """Return the Parquet object `key`.

        Raises
        ------
        DamagedObjectError
            If it is not what was written.

        """
        with self.files([key]) as (path,):
            try:
                return pl.read_parquet(path, hive_partitioning=False)
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
                raise DamagedObjectError(self.root, key, f"cannot be read: {str(error).splitlines()[0]}") from None

    @contextmanager
    def files(self, keys: Iterable[str]) -> Iterator[list[Path]]:
        """Give the files of Parquet objects, or temporary copies of them, after checking their seals.

        Raises
        ------
        DamagedObjectError
            If one of them is not what was written.

        """
        with ExitStack() as stack:
            yield [self._check(key, stack) for key in keys]

    def _check(self, key: str, stack: ExitStack) -> Path:
        try:
            path = stack.enter_context(self.store.reading(key))
            check_parquet(path, key)
        except FileNotFoundError:
            raise DamagedObjectError(self.root, key, "missing") from None
        except BrokenSealError as error:
            raise DamagedObjectError(self.root, key, str(error)) from None
        return path

    def count_rows(self, key: str) -> int:
        """Return how many rows a Parquet object has."""
        import pyarrow.parquet as pq

        with self.store.reading(key) as path:
            return int(pq.read_metadata(path).num_rows)

    def find_damage(self, keys: Iterable[str], *, every_byte: bool) -> Iterator[DamagedObjectError]:
        """Yield the Parquet objects that are missing and, with `every_byte`, those whose content is damaged."""
        for key in keys:
            if not self.exists(key):
                yield DamagedObjectError(self.root, key, "missing")
            elif every_byte:
                try:
                    self.read(key)
                except DamagedObjectError as error:
                    yield error

    def sweep(self, kept: Collection[str], *, before: dt.datetime) -> int:
        """Delete all objects except `kept` that were last written by `before`, half-written ones too; return how many."""
        spared = {*kept, LOCK_KEY}
        old = [key for key, written in self.store.walk() if key not in spared and written <= before]
        self.delete(old)
        return len(old)

    @contextmanager
    def parquet_writer(self, key: str, schema: pa.Schema, **options: Any) -> Iterator[Any]:
        """Give a `pyarrow.parquet.ParquetWriter`; the object appears when the block ends without an error."""
        import pyarrow.parquet as pq

        with self.store.writing(key) as partial:
            with pq.ParquetWriter(partial, schema, compression="zstd", **options) as writer:
                yield writer
                writer.add_key_value_metadata(UNSEALED_FOOTER)
            seal_parquet(partial, key)


def open_lake(place: Path | str) -> Lake:
    """Return the lake in a folder, or at `s3://bucket/prefix`."""
    is_bucket = isinstance(place, str) and place.startswith(SCHEME)
    return Lake(Bucket(str(place)) if is_bucket else Path(place))
