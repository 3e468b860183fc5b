"""The memory of releases, which is restricted: the homes behind each release, and the cells that it showed.

A release is committed by its manifest, `records/<release id>.json`. The manifest is written last and names the Parquet
objects of the release. Objects are named by their content, so that tables that did not change between releases are stored
once. The folder holds ids of homes: only its owner can open it, and nothing in it is ever served.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl
from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from transforms.public.public import ReleaseRecord, ShownRelease
from warehouse.lake import DamagedObjectError, Lake
from warehouse.writing import OWNER_ONLY, OWNERS_FOLDER, PRIVATE

Held = TypeVar("Held")


class ReleaseManifest(BaseModel):
    """The objects that hold a release; writing it commits the release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release_id: str
    threshold: int
    order: int = 0  # position in the order of recording; releases of versions without this number are the oldest
    objects: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReleaseFolder:
    """The memory of the releases of a data folder."""

    root: Path

    @property
    def _lake(self) -> Lake:
        return Lake(self.root, mode=OWNER_ONLY)

    @property
    def lock_file(self) -> Path:
        """The file that `lock` locks."""
        return self.root / ".lock"

    def lock(self) -> FileLock:
        """Return the lock; a run holds it from reading the last release to publishing the new one. It ends with its process."""
        self._make_private()
        return FileLock(self.lock_file, mode=PRIVATE)

    def exists(self, release_id: str) -> bool:
        """Say whether a release is recorded."""
        return self._lake.exists(_record_key(release_id))

    def latest(self) -> ReleaseRecord | None:
        """Return the release that was recorded last, or None if there is none.

        It may belong to an older snapshot: after a rollback the earlier snapshot is released again, and disclosure
        control compares it with everything shown since.
        """
        keys = self._keys()
        return self._read(keys[-1]) if keys else None

    def shown_before(self, release_id: str) -> ShownRelease | None:
        """Return what the release before `release_id` showed, or None if none is remembered."""
        earlier = [key for key in self._lake.keys("records") if key < _record_key(release_id)]
        if not earlier:
            return None
        manifest = self._manifest(earlier[-1])
        shown = {name: self._lake.read(key) for name, key in _below("shown", manifest.objects).items()}
        return ShownRelease(release_id=manifest.release_id, threshold=manifest.threshold, shown=shown)

    def read_shown(self, release_id: str, names: Collection[str]) -> dict[str, pl.DataFrame]:
        """Return those of the named tables that a release showed; none if the release is not recorded."""
        if not self.exists(release_id):
            return {}
        shown = _below("shown", self._manifest(_record_key(release_id)).objects)
        return {name: self._lake.read(shown[name]) for name in names if name in shown}

    def write(self, record: ReleaseRecord) -> None:
        """Record a release; it replaces an earlier record with the same id."""
        self._make_private()
        objects = {
            **{f"shown/{name}": self._put(name, frame) for name, frame in record.shown.items()},
            **{f"hidden/{name}": self._put(name, frame) for name, frame in record.hidden.items()},
            "member": self._put("member", record.member),
            "edition": self._put("edition", record.edition),
        }
        order = 1 + max((self._order(key) for key in self._keys()), default=0)
        manifest = ReleaseManifest(
            release_id=record.release_id, threshold=record.threshold, order=order, objects=objects
        )
        self._lake.put_model(_record_key(record.release_id), manifest)

    def list_ids(self) -> list[str]:
        """Return the ids of the releases that are recorded, sorted."""
        return [Path(key).stem for key in self._lake.keys("records")]

    def find_damage(self, *, every_byte: bool) -> Iterator[DamagedObjectError]:
        """Yield damaged objects, and the records that name them; the content of objects is read only with `every_byte`."""
        for key in self._lake.keys("records"):
            try:
                manifest = self._manifest(key)
            except DamagedObjectError as error:
                yield error
                continue
            broken = list(self._lake.find_damage(manifest.objects.values(), every_byte=every_byte))
            yield from broken
            if broken:
                yield DamagedObjectError(self.root, key, f"its object {broken[0].key} is {broken[0].why}")

    def forget_old(self, keep: int) -> list[str]:
        """Delete all except the last `keep` releases, and objects that none of these names; return the deleted ids.

        At least one stays: the last release holds what has to be remembered of all earlier ones.
        """
        keys = self._keys()
        old = keys[: -max(keep, 1)]
        self._lake.delete(old)
        kept = {name for key in keys[len(old) :] for name in self._manifest(key).objects.values()}
        self._lake.delete(key for key in self._lake.keys("objects") if key not in kept)
        return [Path(key).stem for key in old]

    def rewrite(self, change: Callable[[str, pl.DataFrame], pl.DataFrame]) -> int:
        """Rewrite every object for which `change(name, frame)` returns another frame, and return how many were rewritten.

        Ids and order of releases stay. Former objects are deleted once all records name the new ones. The caller holds the
        lock.
        """
        changed = dict[str, str]()
        for key in self._lake.keys("objects"):
            before = self._lake.read(key)
            after = change(Path(key).parent.name, before)
            if not after.equals(before):
                changed[key] = self._put(Path(key).parent.name, after)
        for record in self._keys():
            manifest = self._manifest(record)
            objects = {name: changed.get(key, key) for name, key in manifest.objects.items()}
            if objects != manifest.objects:
                self._lake.put_model(record, manifest.model_copy(update={"objects": objects}))
        self._lake.delete(changed)
        return len(changed)

    def _keys(self) -> list[str]:
        """Return the keys of the records in the order of recording."""
        return sorted(self._lake.keys("records"), key=lambda key: (self._order(key), key))

    def _order(self, key: str) -> int:
        return self._manifest(key).order

    def _read(self, key: str) -> ReleaseRecord:
        manifest = self._manifest(key)
        frames = {name: self._lake.read(key) for name, key in manifest.objects.items()}
        return ReleaseRecord(
            release_id=manifest.release_id,
            threshold=manifest.threshold,
            shown=_below("shown", frames),
            hidden=_below("hidden", frames),
            member=frames["member"],
            edition=frames["edition"],
        )

    def _manifest(self, key: str) -> ReleaseManifest:
        return self._lake.get_model(key, ReleaseManifest)

    def _put(self, name: str, frame: pl.DataFrame) -> str:
        content = io.BytesIO()
        frame.write_ipc(content)
        key = f"objects/{name}/{hashlib.sha256(content.getvalue()).hexdigest()}.parquet"
        if not self._lake.exists(key):
            self._lake.put_frame(key, frame)
        return key

    def _make_private(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(OWNERS_FOLDER)


def _record_key(release_id: str) -> str:
    return f"records/{release_id}.json"


def _below(prefix: str, objects: Mapping[str, Held]) -> dict[str, Held]:
    return {name.removeprefix(f"{prefix}/"): held for name, held in objects.items() if name.startswith(f"{prefix}/")}
