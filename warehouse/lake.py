"""The lake: immutable objects by key below one root. The only module that knows how an object is stored.

Every object is sealed when it is written, and its seal is checked when it is read (`warehouse/seals.py`).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError

from warehouse.seals import (
    UNSEALED_FOOTER,
    BrokenSealError,
    check_parquet,
    seal_content,
    seal_parquet,
    seal_text,
    unseal_text,
)
from warehouse.writing import PRIVATE, appearing, write_whole

if TYPE_CHECKING:
    import pyarrow as pa


Model = TypeVar("Model", bound=BaseModel)
DAMAGED = "damaged"  # the folder of the lake for what was put aside


class DamagedObjectError(ValueError):
    """An object is not what was written under its key: missing, empty, cut, altered or swapped."""

    def __init__(self, root: Path, key: str, why: str, others: Sequence[DamagedObjectError] = ()) -> None:
        self.root, self.key, self.why = root, key, why
        self.others = tuple(others)  # that were found at the same time
        super().__init__(
            f"{root / key} is damaged: {why}; `hearth run` or `hearth doctor --repair` puts it aside and builds it again"
        )

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.root / self.key

    def __reduce__(self) -> tuple[type[DamagedObjectError], tuple[object, ...]]:
        return type(self), (self.root, self.key, self.why, self.others)


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
        """Return the JSON object `key` as text.

        Raises
        ------
        DamagedObjectError
            If it is not what was written.

        """
        return self._unseal(key)[0]

    def put_text(self, key: str, text: str) -> None:
        """Store a JSON object under `key`."""
        write_whole(self.path(key), seal_text(text, key), mode=self.mode)

    def get_model(self, key: str, model: type[Model]) -> Model:
        """Return the JSON object `key` as a model.

        Raises
        ------
        DamagedObjectError
            If it is not what was written.
        pydantic.ValidationError
            If it is, and another version of Hearth wrote it.

        """
        text, is_sealed = self._unseal(key)
        try:
            return model.model_validate_json(text)
        except ValidationError as error:
            if is_sealed:
                raise
            first = error.errors(include_url=False, include_input=False)[0]
            raise DamagedObjectError(self.root, key, f"no such record can be read of it: {first['msg']}") from None

    def list_whole(self, prefix: str, model: type[Model]) -> list[Model]:
        """Return those JSON objects below a folder that are what was written."""
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
            return unseal_text(self.path(key).read_text(encoding="utf-8"), key)
        except FileNotFoundError:
            raise DamagedObjectError(self.root, key, "missing") from None
        except UnicodeDecodeError:
            raise DamagedObjectError(self.root, key, "altered: no text") from None
        except BrokenSealError as error:
            raise DamagedObjectError(self.root, key, str(error)) from None

    def put_frame(self, key: str, frame: pl.DataFrame) -> None:
        """Store `frame` as Parquet under `key`."""
        made = io.BytesIO()  # polars hides why it could not write to a disk
        frame.write_parquet(made, compression="zstd", statistics=True, metadata=UNSEALED_FOOTER)
        content = bytearray(made.getbuffer())
        seal_content(content, key)
        write_whole(self.path(key), content, mode=self.mode)

    def read(self, key: str) -> pl.DataFrame:
        """Return the Parquet object `key`.

        Raises
        ------
        DamagedObjectError
            If it is not what was written.

        """
        path = self.check(key)
        try:
            return pl.read_parquet(path, hive_partitioning=False)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise DamagedObjectError(self.root, key, f"cannot be read: {str(error).splitlines()[0]}") from None

    def check(self, key: str) -> Path:
        """Return where the Parquet object `key` is stored, after its seal was found whole.

        Raises
        ------
        DamagedObjectError
            If it is not what was written.

        """
        path = self.path(key)
        try:
            check_parquet(path, key)
        except FileNotFoundError:
            raise DamagedObjectError(self.root, key, "missing") from None
        except BrokenSealError as error:
            raise DamagedObjectError(self.root, key, str(error)) from None
        return path

    def find_damage(self, keys: Iterable[str], *, every_byte: bool) -> Iterator[DamagedObjectError]:
        """Yield which of some Parquet objects are missing and, where `every_byte` is read, which are damaged."""
        for key in keys:
            if not self.exists(key):
                yield DamagedObjectError(self.root, key, "missing")
            elif every_byte:
                try:
                    self.read(key)
                except DamagedObjectError as error:
                    yield error

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

        with appearing(self.path(key), mode=self.mode) as partial:
            with pq.ParquetWriter(partial, schema, compression="zstd", **options) as writer:
                yield writer
                writer.add_key_value_metadata(UNSEALED_FOOTER)
            seal_parquet(partial, key)
