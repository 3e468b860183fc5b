"""Deletion of what nothing refers to any more: objects of past plans, and what killed runs left half-written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from warehouse.lake import Lake
from warehouse.manifest import Manifest, manifest_key


def keys_of_sources(manifests: Collection[Manifest]) -> set[str]:
    """Return the keys that the sources refer to, their manifests included."""
    keys = {manifest_key(m.source_id) for m in manifests}
    for m in manifests:
        keys |= {*m.months.values(), m.rejects_key or "", m.table_key or ""}
    return keys - {""}


def collect_garbage(lake: Lake, referred: Collection[str], *, older_than: dt.timedelta, now: dt.datetime) -> int:
    """Delete objects and half-written ones that are not in `referred` and older than `older_than`; return how many.

    The age protects what another run is writing at this moment.
    """
    kept = {lake.path(key) for key in referred}
    deleted = 0
    for path in lake.root.rglob("*"):
        if path in kept or not path.is_file():
            continue
        if now - dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC) >= older_than:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
