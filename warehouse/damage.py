"""Damaged files: moved aside into a folder of the lake, with a record of what was wrong and what became of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from warehouse.lake import DAMAGED, DamagedObjectError, Lake
from warehouse.manifest import read_whole_manifests
from warehouse.runs import DamagedPlace
from warehouse.writing import OWNER_ONLY

STAMP = "%Y%m%dT%H%M%S%fZ"
PENDING = "it is put aside"  # the remedy of a record until the repair is done


class DamageRecord(BaseModel):
    """A damaged file that was put aside; `hearth status` lists the records until they are collected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    found_at_utc: dt.datetime
    name: str  # the damaged file beside the record; a missing object left no file
    damage: DamagedPlace


def put_aside(lake: Lake, home: Path, error: DamagedObjectError) -> DamageRecord:
    """Move a damaged file into the lake's folder `damaged`, which only the owner reads, and write its record."""
    path, now = error.path, dt.datetime.now(dt.UTC)
    place = f"lake/{error.key}"  # what messages call it, also where the lake is not in the data folder
    if isinstance(path, Path) and path.is_relative_to(home):
        place = path.relative_to(home).as_posix()
    record = DamageRecord(
        found_at_utc=now,
        name=f"{now:{STAMP}}-{place.replace('/', '_')}",
        damage=DamagedPlace(place=place, why=error.why, remedy=PENDING),
    )
    write_record(lake, record)
    if isinstance(path, Path) and path.exists():
        _folder(lake).store.take(path, record.name)
    elif error.root == lake.root and lake.exists(error.key):
        lake.store.move(error.key, f"{DAMAGED}/{record.name}")
    return record


def write_record(lake: Lake, record: DamageRecord) -> None:
    """Store the record of a damaged file."""
    folder = _folder(lake)
    folder.store.make_private()
    folder.put_model(name_record(record.name), record)


def read_records(lake: Lake) -> list[DamageRecord]:
    """Return the records of what was put aside, oldest first; none to an account that may not look into the folder."""
    folder = _folder(lake)
    try:
        names = [name for name in folder.keys(".") if name.endswith(".record")]
        return [folder.get_model(name, DamageRecord) for name in names]
    except PermissionError:
        return []


def list_lost(lake: Lake) -> list[DamageRecord]:
    """Return the records of delivered content that was lost and has not been delivered again."""
    whole = {manifest.source_id for manifest in read_whole_manifests(lake) if not manifest.lost}
    asked = [record for record in read_records(lake) if record.damage.deliver_again is not None]
    return [record for record in asked if record.damage.source_id not in whole]


def keys_that_stand(lake: Lake) -> set[str]:
    """Return the keys that must stay: the remains and the record of lost content, until it is delivered again."""
    names = (record.name for record in list_lost(lake))
    return {f"{DAMAGED}/{file}" for name in names for file in (name, name_record(name))}


def name_record(name: str) -> str:
    """Return the name of the record of a file that was put aside."""
    return f"{name}.record"


def _folder(lake: Lake) -> Lake:
    return lake.below(DAMAGED, mode=OWNER_ONLY)
