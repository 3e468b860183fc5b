"""What was damaged: put aside into a folder of the lake, with a record of what it was and what became of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from warehouse.lake import DAMAGED, DamagedObjectError, Lake
from warehouse.manifest import read_whole_manifests
from warehouse.runs import DamagedPlace
from warehouse.writing import OWNER_ONLY

STAMP = "%Y%m%dT%H%M%S%fZ"
PENDING = "it is put aside"


class DamageRecord(BaseModel):
    """A damaged file that was put aside; `hearth status` lists the records until they are collected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    found_at_utc: dt.datetime
    name: str  # of the file beside the record; of one that was missing there is none
    damage: DamagedPlace


def put_aside(lake: Lake, home: Path, error: DamagedObjectError) -> DamageRecord:
    """Move what is damaged into the lake's folder for it, where only the owner reads it, and record that."""
    path, now = error.path, dt.datetime.now(dt.UTC)
    place = f"lake/{error.key}"  # what people call it, wherever the lake lies
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
    """Return the records of what was put aside, oldest first; who may not look into the folder is told of none."""
    folder = _folder(lake)
    try:
        names = [name for name in folder.keys(".") if name.endswith(".record")]
        return [folder.get_model(name, DamageRecord) for name in names]
    except PermissionError:
        return []


def list_lost(lake: Lake) -> list[DamageRecord]:
    """Return the records of delivered content that was lost and not delivered again since."""
    whole = {manifest.source_id for manifest in read_whole_manifests(lake) if not manifest.lost}
    asked = [record for record in read_records(lake) if record.damage.deliver_again is not None]
    return [record for record in asked if record.damage.source_id not in whole]


def keys_that_stand(lake: Lake) -> set[str]:
    """Return the keys of what is kept of lost content until it is delivered again."""
    names = (record.name for record in list_lost(lake))
    return {f"{DAMAGED}/{file}" for name in names for file in (name, name_record(name))}


def name_record(name: str) -> str:
    """Return what the record of a file that was put aside is called."""
    return f"{name}.record"


def _folder(lake: Lake) -> Lake:
    return lake.below(DAMAGED, mode=OWNER_ONLY)
