"""The manifest of a source: what was decided about one delivered file, and which objects hold its readings."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict

from warehouse.lake import Lake
from warehouse.versions import check_lake

LOST = "{}: damaged in the lake, and no file holds it any more: deliver the file again"
LOST_TABLE = "its rows were damaged in the lake, and no file holds them any more: deliver it again"
WITHDRAWN = (
    "withdrawn"  # instead of a fingerprint of decisions: it fits none, so the file is read anew if it is let in again
)


class LandingPath(BaseModel):
    """A path at which the content was seen; `revision` counts the different contents of this path, from 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    bytes: int
    mtime_ns: int
    revision: int


class ClockDay(BaseModel):
    """What one file says about its clock on one day on which UK clocks change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: dt.date
    change: Literal["spring", "autumn"]
    households: int  # homes with readings on both sides of the change
    for_utc: int
    for_local: int


class Manifest(BaseModel):
    """One source, accepted or refused. It is written after all its objects, and commits them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_id: str
    kind: Literal["readings", "households", "temperature", "none"]
    outcome: Literal["accepted", "refused", "held", "withdrawn"]
    reason: str | None = None  # it is published, so it repeats nothing of the file's content
    detail: str | None = None  # what the file itself says: only in the restricted tier
    format: str
    feed: str
    file_name: str
    paths: tuple[LandingPath, ...]
    bytes: int
    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    readings: int = 0  # rows, if the source is a household or temperature table
    rejects: int = 0
    regrouped: int = (
        0  # readings and rejects beyond one per line: an hour is two half-hours, short intervals are summed
    )
    reject_reasons: dict[str, int] = {}
    dialect: dict[str, str] = {}  # how its text is written, if not as plain CSV in UTF-8
    fuel: Literal["gas", "electricity", "none"] = "none"
    fuel_basis: str = "not applicable"
    unit: str = "none"
    unit_basis: str = "not applicable"
    interval_basis: str = "not applicable"
    asked: dict[
        str, str
    ] = {}  # setting of the feed that a held file waits for -> value that the readings suggest, or an empty text
    renamed: dict[str, str] = {}  # id as delivered -> id that is used in place of this spelling
    doubled: dict[str, str] = {}  # id as delivered -> id in the same file that has the same readings and is kept
    warnings: tuple[str, ...] = ()
    day_marks: dict[str, str] = {}  # day -> mark of the day's readings; only of a file that names no home
    clock: Literal["utc", "local", "none"] = "none"
    clock_basis: str = "not applicable"
    clock_evidence: tuple[ClockDay, ...] = ()
    stamp: Literal["start", "end", "none"] = "none"
    stamp_basis: str = "not applicable"
    id_basis: str = "not applicable"
    delivery_date: dt.date | None = (
        None  # from the feed's file-name pattern; a later delivery supersedes an earlier one
    )
    first_interval_utc: dt.datetime | None = None
    last_interval_utc: dt.datetime | None = None
    line_flags: dict[str, int] = {}  # readings by flag, `ok` included
    counted: dict[str, int] = {}  # counts that lead to no flag, such as above_meter_rating
    parameters: dict[str, float] = {}  # the thresholds and the gas conversion that were used
    months: dict[
        str, str
    ] = {}  # "2009-01" (or `reading_objects.NO_MONTH`) -> key of the object that holds the month's readings
    month_readings: dict[str, int] = {}
    lost: tuple[str, ...] = ()  # months, `rejects` or `table` whose object was damaged and whose file is gone
    rejects_key: str | None = None
    table_key: str | None = None  # the object that holds the rows of a household or temperature table
    households: tuple[str, ...] = ()
    decisions_fingerprint: str
    ingested_at_utc: dt.datetime
    hearth_version: str

    @property
    def object_keys(self) -> set[str]:
        """The keys of the lake objects that it refers to, and its own."""
        return {manifest_key(self.source_id), *self.months.values(), self.rejects_key or "", self.table_key or ""} - {
            ""
        }


def manifest_key(source_id: str) -> str:
    """Return the key under which a source's manifest is stored."""
    return f"sources/{source_id}.json"


def read_manifests(lake: Lake) -> list[Manifest]:
    """Return the manifests of all sources, by source id.

    Raises
    ------
    FormatError
        If this version of Hearth cannot read the lake.
    DamagedObjectError
        If a manifest is not what was written.

    """
    check_lake(lake)
    return [lake.get_model(key, Manifest) for key in lake.keys("sources")]


def read_whole_manifests(lake: Lake) -> list[Manifest]:
    """Return the manifests that are not damaged, by source id."""
    return lake.list_whole("sources", Manifest)


def write_manifest(lake: Lake, manifest: Manifest) -> None:
    """Store a manifest; this commits its source."""
    lake.put_model(manifest_key(manifest.source_id), manifest)


def withdraw_content(manifest: Manifest, reason: str) -> Manifest:
    """Return the manifest of a source that is withdrawn: it keeps its counts and refers to no object."""
    return manifest.model_copy(
        update={
            "outcome": "withdrawn",
            "reason": reason,
            "detail": None,
            "renamed": {},
            "doubled": {},
            "warnings": (),
            "day_marks": {},
            "clock_evidence": (),
            "months": {},
            "month_readings": {},
            "lost": (),
            "rejects_key": None,
            "table_key": None,
            "households": (),
            "decisions_fingerprint": WITHDRAWN,
        }
    )


def lose_object(manifest: Manifest, key: str) -> Manifest:
    """Return the manifest of a source without one damaged object; its counts still include what the object held."""
    part = next((month for month, month_key in manifest.months.items() if month_key == key), "")
    part = part or ("rejects" if key == manifest.rejects_key else "table")
    changed: dict[str, object] = {
        "months": {month: month_key for month, month_key in manifest.months.items() if month_key != key},
        "lost": tuple(sorted({*manifest.lost, part})),
        "warnings": (*manifest.warnings, LOST.format(part)),
    }
    if part == "rejects":
        changed["rejects_key"] = None
    if part == "table":
        changed |= {"table_key": None, "outcome": "refused", "reason": LOST_TABLE}
    return manifest.model_copy(update=changed)


def superseded_sources(manifests: list[Manifest]) -> frozenset[str]:
    """Return the sources that newer content has replaced at every landing path where they were seen."""
    newest: dict[str, int] = {}
    for manifest in manifests:
        for place in manifest.paths:
            newest[place.path] = max(newest.get(place.path, 0), place.revision)
    return frozenset(m.source_id for m in manifests if all(p.revision < newest[p.path] for p in m.paths))
