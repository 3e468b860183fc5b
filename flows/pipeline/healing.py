"""Healing: damaged files of a data folder are found, put aside, and built again from the data that they were made from.

Readers raise `DamagedObjectError` for anything that is not what was written, and `healing` treats all damage in the same
way. If content can only come from a delivered file that is gone, the file is named, and the run goes on without it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from flows.pipeline.ingest import ingest_file, plan_ingest, settle_feeds
from flows.pipeline.ingest_decisions import options_of_run
from flows.pipeline.parts import Parts
from flows.pipeline.release import publish_release
from flows.pipeline.report import read_run_info
from flows.pipeline.stages import STAGES
from flows.settings import Settings
from warehouse.buckets import Bucket
from warehouse.damage import put_aside, write_record
from warehouse.lake import DamagedObjectError, Lake
from warehouse.landing import ChangedFileError
from warehouse.manifest import Manifest, lose_object, manifest_key, read_whole_manifests, write_manifest
from warehouse.publish import WarehouseFolder, read_history
from warehouse.quarantine import Decision, decision_key, write_decision
from warehouse.reader import NoWarehouseError, QueryError, find_damage_of, open_published
from warehouse.runs import DamagedPlace, RunLog, restore_run, write_run
from warehouse.snapshots import Hold, list_files, put_back, read_hold, write_hold
from warehouse.versions import LAKE_FORMAT_KEY, FormatError, check_current_format, check_lake, record_lake

R = TypeVar("R")
SourceRecord = TypeVar("SourceRecord", Manifest, Decision)
SOURCE_ID = re.compile(r"[0-9a-f]{64}")
FILE_NAME = re.compile(r'"file_name": ?"((?:[^"\\]|\\.)*)"')
UNDECIDED = "the decision about it was damaged in the lake: it is left out until somebody decides anew"
UNHELD = "the decision to hold a snapshot was damaged"


def healing(settings: Settings, work: Callable[[], R], *, tell: Callable[[DamagedPlace], None]) -> R:
    """Do `work`; if it meets damage, repair it and do the work again.

    After the first damaged object every byte of the data folder is read, to find the others.
    """
    repaired = set[Path | Bucket]()
    while True:
        try:
            return work()
        except DamagedObjectError as error:
            if error.path in repaired:
                raise  # it was damaged again just after it was written: writing it once more does not help
            met = [error, *error.others]
            seen = {one.path for one in met}
            found = [*met, *(one for one in find_damage(settings, every_byte=True) if one.path not in seen)]
            repair(settings, found, tell=tell)
            repaired |= {one.path for one in found}


def find_damage(settings: Settings, *, every_byte: bool) -> list[DamagedObjectError]:
    """Return the damaged objects of the data folder.

    Damaged records and missing objects are always found. With `every_byte`, all objects and warehouses are read as well.
    """
    folders = settings.folders
    return [
        *_find_in_records(folders.lake),
        *_find_in_sources(folders.lake, every_byte=every_byte),
        *(_find_in_units(folders.lake) if every_byte else ()),
        *_find_in_runs(folders.runs),
        *_find_in_releases(settings, every_byte=every_byte),
        *_find_in_warehouse(settings, every_byte=every_byte),
    ]


def _find_in_records(lake: Lake) -> Iterator[DamagedObjectError]:
    """Yield manifests, decisions and the lake's format record that cannot be read, or are stored under a wrong key."""
    try:
        check_lake(lake)
    except DamagedObjectError as error:
        yield error
    for key in lake.keys("sources"):
        yield from _find_in_record(lake, key, Manifest, manifest_key, "the manifest of another source")
    for key in lake.keys("quarantine"):
        yield from _find_in_record(lake, key, Decision, decision_key, "the decision about another source")


def _find_in_record(
    lake: Lake, key: str, kind: type[SourceRecord], key_of: Callable[[str], str], of_another: str
) -> Iterator[DamagedObjectError]:
    try:
        record = lake.get_model(key, kind)
    except DamagedObjectError as error:
        yield error
    else:
        if key_of(record.source_id) != key:
            yield DamagedObjectError(lake.root, key, of_another)


def _find_in_sources(lake: Lake, *, every_byte: bool) -> Iterator[DamagedObjectError]:
    for manifest in read_whole_manifests(lake):
        objects = sorted(manifest.object_keys - {manifest_key(manifest.source_id)})
        yield from lake.find_damage(objects, every_byte=every_byte)


def _find_in_units(lake: Lake) -> Iterator[DamagedObjectError]:
    """Yield damaged objects of units, also of units that are no longer planned."""
    for table in {table.name: table for stage in STAGES for table in stage.tables}:
        yield from lake.find_damage(lake.keys(table), every_byte=True)


def _find_in_runs(folder: Path) -> Iterator[DamagedObjectError]:
    logs = Lake(folder)
    for path in sorted(folder.glob("*.json")):
        try:
            logs.get_model(path.name, RunLog)
        except DamagedObjectError as error:
            yield error


def _find_in_releases(settings: Settings, *, every_byte: bool) -> Iterator[DamagedObjectError]:
    """Yield damage of the memory of releases; if there is a site but no release, all of it is missing."""
    releases = settings.folders.releases
    yield from releases.find_damage(every_byte=every_byte)
    if not releases.list_ids() and any(settings.folders.reports.glob("*/index.html")):
        yield DamagedObjectError(releases.root, "records", "missing, and a report was published")


def _find_in_warehouse(settings: Settings, *, every_byte: bool) -> Iterator[DamagedObjectError]:
    """Yield warehouses that cannot be read; if the published one cannot, every byte of the earlier ones is read."""
    folder = settings.folders.warehouse
    try:
        read_hold(folder)
    except DamagedObjectError as error:
        yield error
    why = find_damage_of(folder.current, every_byte=every_byte) if folder.current.exists() else None
    if why is not None:
        yield DamagedObjectError(folder.root, folder.current.name, why)
    for file in list_files(folder) if every_byte or why is not None else ():
        if not (file.is_current and why is None) and (damage := find_damage_of(file.path, every_byte=True)):
            yield DamagedObjectError(folder.root, file.path.relative_to(folder.root).as_posix(), damage)


def repair(settings: Settings, found: Sequence[DamagedObjectError], *, tell: Callable[[DamagedPlace], None]) -> None:
    """Put damaged objects aside, build them again if possible, and call `tell` with the outcome for each.

    Units of work are only put aside: the next plan finds that they are missing.
    """
    lake = settings.folders.lake
    owners = {error.key: _find_owner(lake, error) for error in found}
    names = {source: _name_file(settings, source) for source in owners.values() if source is not None}
    records = [put_aside(lake, settings.home, error) for error in found]
    for error in found:
        _lose(lake, owners[error.key], error.key)
    if names:
        read_again(settings, names)
    whole = {manifest.source_id for manifest in read_whole_manifests(lake) if not manifest.lost}
    for error, record in zip(found, records, strict=True):
        source = owners[error.key]
        if source is None:
            update: dict[str, str | None] = {"remedy": _mend(settings, error)}
        elif source in whole:
            update = {"source_id": source, "remedy": f"{names[source]} was read again"}
        else:
            lost = f"no file holds it any more: deliver {names[source]} again"
            update = {"source_id": source, "remedy": lost, "deliver_again": names[source]}
        damage = record.damage.model_copy(update=update)
        write_record(lake, record.model_copy(update={"damage": damage}))
        tell(damage)


def _find_owner(lake: Lake, error: DamagedObjectError) -> str | None:
    """Return the source that a damaged object of the lake belongs to, or None if it belongs to none."""
    if error.root != lake.root:
        return None
    if error.key.startswith("sources/"):
        return Path(error.key).stem if SOURCE_ID.fullmatch(Path(error.key).stem) else None
    return next((m.source_id for m in read_whole_manifests(lake) if error.key in m.object_keys), None)


def _lose(lake: Lake, source_id: str | None, key: str) -> None:
    """Remove a damaged object from the manifest of its source."""
    if source_id is not None and lake.exists(own := manifest_key(source_id)):
        write_manifest(lake, lose_object(lake.get_model(own, Manifest), key))


def _name_file(settings: Settings, source_id: str) -> str:
    """Return the file name of a source: from its manifest, what is left of it, or the published warehouse."""
    lake, key = settings.folders.lake, manifest_key(source_id)
    if lake.exists(key):
        with lake.store.reading(key) as path:
            found = FILE_NAME.search(path.read_text(encoding="utf-8", errors="replace"))
        if found is not None:
            with suppress(ValueError):  # damaged within the name
                return str(json.loads(f'"{found[1]}"'))
    with suppress(NoWarehouseError, QueryError), open_published(settings.folders.published) as warehouse:
        named = warehouse.query("SELECT source_id, file_name FROM source").filter(source_id=source_id)
        if len(named):
            return str(named["file_name"][0])
    return f"the file with the SHA-256 {source_id}"


def read_again(settings: Settings, source_ids: Collection[str]) -> None:
    """Take sources in again if their landing files are still there."""
    lake, landing = settings.folders.lake, settings.landing_folder
    options = options_of_run(settings, today=dt.datetime.now(dt.UTC).date())
    found = plan_ingest(lake, landing, options).works if landing.is_dir() else ()
    works = {work.source_id: work for work in (*settle_feeds(lake, landing, options), *found)}
    for source_id in sorted(works.keys() & set(source_ids)):
        with suppress(ChangedFileError, FileNotFoundError):  # it is gone meanwhile: it stays lost, and `repair` says so
            ingest_file(lake, works[source_id], options)


def _mend(settings: Settings, error: DamagedObjectError) -> str:
    """Repair a damaged object that holds no delivered content, and return what was done."""
    folders = settings.folders
    if error.root == folders.lake.root:
        return _mend_in_lake(settings, folders.lake, error.key)
    if error.root == folders.runs:
        return _mend_log(folders.runs, error.key)
    if error.root == folders.releases.root:
        return record_releases(settings)
    if error.path == folders.warehouse.hold:
        return _mend_hold(folders.warehouse)
    return _bring_back(folders.warehouse)


def _mend_in_lake(settings: Settings, lake: Lake, key: str) -> str:
    if key == LAKE_FORMAT_KEY:
        record_lake(lake, settings.pseudonyms.fingerprint)
        return "it was written again"
    if key.startswith("quarantine/"):
        source_id = Path(key).stem
        known = [m.file_name for m in read_whole_manifests(lake) if m.source_id == source_id]
        if not known:
            return "it was about no source that is known"
        now = dt.datetime.now(dt.UTC)
        write_decision(
            lake,
            Decision(
                source_id=source_id, file_name=known[0], state="quarantined", reason=UNDECIDED, decided_at_utc=now
            ),
        )
        return f"{known[0]} is left out until `hearth quarantine --lift`, `--accept` or `hearth withdraw` decides anew"
    if key.startswith("sources/"):
        return "it was the manifest of no source"
    table, _, rest = key.partition("/")
    for stage in STAGES:
        if table in {one.name for one in stage.tables}:  # without its last object a unit counts as not done
            lake.delete([f"{stage.tables[-1].name}/{rest}"])
    return "it is built again from the readings"


def _mend_log(folder: Path, name: str) -> str:
    try:
        write_run(folder, restore_run(folder, Path(name).stem))
    except DamagedObjectError:
        return "the run is no longer listed; nothing else depends on its log"
    return "it was written again from the journal of the run"


def _mend_hold(folder: WarehouseFolder) -> str:
    """Hold the published snapshot, since the decision is lost: a snapshot that was rolled back must not return by itself."""
    try:
        history = read_history(folder.current)
    except DamagedObjectError:
        history = None
    if history is None:
        return "nothing is published that could be held"
    now, current = dt.datetime.now(dt.UTC), history.snapshot_id
    write_hold(folder, Hold(snapshot_id=current, instead_of=None, reason=UNHELD, decided_at_utc=now))
    return f"{current} stays published until `hearth rollback --resume`"


def _bring_back(folder: WarehouseFolder) -> str:
    """Publish the newest snapshot that is left, unless a warehouse is published."""
    with folder.lock():
        if folder.current.exists():
            return "nothing else depends on it"
        kept = list_files(folder)
        if not kept:
            return "a run publishes anew"
        put_back(folder, kept[0].snapshot_id)
    return f"snapshot {kept[0].snapshot_id} is published again; a run publishes what came since"


def record_releases(settings: Settings) -> str:
    """Compute lost records of releases again from their snapshots, if they are newer than all recorded releases."""
    folders, computed = settings.folders, list[str]()
    with folders.releases.lock():
        newest = max(folders.releases.list_ids(), default="")
        for file in reversed(list_files(folders.warehouse)):
            if file.snapshot_id <= newest or not any(folders.reports.glob(f"{file.snapshot_id}-*")):
                continue
            # a snapshot of another version, or a damaged one, has no record any more
            with suppress(FormatError, QueryError, DamagedObjectError):
                with open_published(file.path) as warehouse:
                    check_current_format(warehouse.query, file.path)
                    run = read_run_info(warehouse.query, settings)
                    release = publish_release(
                        warehouse.query, folders.releases, settings, release_id=run.snapshot_id, origin=run.origin,
                        parts=Parts(folders.report_parts),
                    )  # fmt: skip
                folders.releases.write(release.record)
                computed.append(file.snapshot_id)
    if computed:
        return f"computed again from snapshots {', '.join(computed)}; releases of snapshots that are gone are lost"
    return (
        f"release {newest} still holds what was shown before it" if newest else "no snapshot is left to compute it from"
    )
