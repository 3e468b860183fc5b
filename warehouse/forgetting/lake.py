"""The lake without one home: objects that hold it are written anew, and then the manifests that name them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

from transforms.public.forgotten import FORGOTTEN, SURE, Tombstones, mask_rejects
from transforms.readings.formats import FORMAT_BY_NAME
from transforms.readings.household_table import count_unknown_types
from transforms.tables.lake import REJECT
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests, write_manifest
from warehouse.quarantine import Decision, read_decisions, write_decision
from warehouse.reading_objects import ReadingObjects, name_object

TIMELESS = ("bad_time", "off_grid")  # flags of readings whose time says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """One home that is taken out."""

    household_ids: tuple[str, ...]  # all spellings of its id
    marks: Tombstones  # find it in texts
    tag: str  # part of the names of new objects

    def mask(self, text: str | None) -> str | None:
        """Return a free text without the home."""
        return None if text is None else self.marks.mask(text)

    def mask_prose(self, text: str) -> str:
        """Return a text that Hearth itself worded, without the home; its numbers are not taken for a short id."""
        return self.marks.mask(text) if all(len(i) >= SURE for i in self.household_ids) else text


def list_holders(lake: Lake, home: Forgetting) -> list[Manifest]:
    """Return the manifests of the sources that hold the home in any way."""
    return [manifest for manifest in read_manifests(lake) if _holds(lake, manifest, home)]


def _holds(lake: Lake, manifest: Manifest, home: Forgetting) -> bool:
    if not set(home.household_ids).isdisjoint(manifest.households) or _mask_manifest(manifest, home) != manifest:
        return True
    rejects = _read_rejects(lake, manifest)
    return not mask_rejects(rejects, home.marks).equals(rejects)


def forget_in_lake(lake: Lake, home: Forgetting) -> None:
    """Take the home out of every source that holds it, and out of the decisions.

    A source is done when its manifest is written; then its former objects are deleted. Objects that were computed from
    them are not touched here.
    """
    for manifest in list_holders(lake, home):
        changed = _rewrite(lake, manifest, home)
        write_manifest(lake, changed)
        lake.delete(sorted(manifest.object_keys - changed.object_keys))
    for decision in read_decisions(lake):
        masked = _mask_decision(decision, home)
        if masked != decision:
            write_decision(lake, masked)


def _rewrite(lake: Lake, manifest: Manifest, home: Forgetting) -> Manifest:
    masked = _mask_manifest(manifest, home)
    if manifest.kind == "households" and manifest.table_key is not None:
        return masked.model_copy(update=_rewrite_table(lake, manifest, home))
    return masked.model_copy(update=_rewrite_readings(lake, manifest, home))


def _rewrite_readings(lake: Lake, manifest: Manifest, home: Forgetting) -> dict[str, Any]:
    """Write anew the months that hold the home, and the rejects; the lines of the home become rejects without text."""
    is_gone = pl.col("household_id").is_in(home.household_ids)
    rejects = mask_rejects(_read_rejects(lake, manifest), home.marks)
    if _is_all_of(manifest, home):
        rejects = rejects.with_columns(text=pl.lit(""))
    months, counts = dict(manifest.months), dict(manifest.month_readings)
    flags, above = dict(manifest.line_flags), 0
    with ReadingObjects(lake, manifest.source_id, manifest.decisions_fingerprint, tag=home.tag) as objects:
        for month, key in manifest.months.items():
            readings = lake.read(key)
            dropped = readings.filter(is_gone)
            if dropped.is_empty():
                continue
            objects.write_readings(readings.filter(~is_gone))
            del months[month], counts[month]
            for flag, count in dropped.group_by(pl.col("flag").cast(pl.String)).len().iter_rows():
                flags[flag] -= count
            ok = dropped.filter(pl.col("flag").cast(pl.String) == "ok")
            above += ok.filter(pl.col("gas_kwh") > manifest.parameters["above_meter_rating_kwh"]).height
            lines = dropped.select("line", text=pl.lit(""), reason=pl.lit(FORGOTTEN))
            rejects = pl.concat([rejects, REJECT.conform(lines)])
        objects.write_rejects(rejects.sort("line"))
    months |= objects.months
    counts |= objects.month_readings
    dropped_lines = sum(manifest.month_readings.values()) - sum(counts.values())
    counted = manifest.counted | {"above_meter_rating": manifest.counted.get("above_meter_rating", 0) - above}
    first, last = _span(lake, months)
    changed: dict[str, Any] = {
        "readings": manifest.readings - dropped_lines,
        "rejects": manifest.rejects + dropped_lines,
        "rejects_key": objects.rejects_key,
    }
    if not dropped_lines:
        return changed
    changed |= {
        "months": dict(sorted(months.items())),
        "month_readings": dict(sorted(counts.items())),
        "line_flags": {flag: count for flag, count in sorted(flags.items()) if count},
        "counted": _count_forgotten(counted, dropped_lines),
        "households": tuple(name for name in manifest.households if name not in home.household_ids),
        "first_interval_utc": first,
        "last_interval_utc": last,
    }
    if not changed["readings"]:
        line, reason = rejects.sort("line").select("line", "reason").row(0)
        first_reject = f"({changed['rejects']} rejects, line {line} first: {reason})"
        changed |= {"outcome": "refused", "reason": f"no reading in its {manifest.lines} lines {first_reject}"}
    return changed


def _is_all_of(manifest: Manifest, home: Forgetting) -> bool:
    """Say whether every line of a source belongs to the home, also lines that do not name a home."""
    known = FORMAT_BY_NAME.get(manifest.format)
    if known is None or known.names_household:
        return False
    is_only = bool(manifest.households) and set(manifest.households) <= set(home.household_ids)
    return is_only or home.marks.names_file(manifest.file_name)


def _span(lake: Lake, months: dict[str, str]) -> tuple[dt.datetime | None, dt.datetime | None]:
    timed = ~pl.col("flag").cast(pl.String).is_in(TIMELESS)
    at = pl.col("interval_start_utc")
    if not months:
        return None, None
    with lake.files(months.values()) as files:
        ends = [
            pl.scan_parquet(path, hive_partitioning=False).filter(timed).select(first=at.min(), last=at.max())
            for path in files
        ]
        first, last = pl.concat(ends).select(pl.col("first").min(), pl.col("last").max()).collect().row(0)
    return first, last


def _rewrite_table(lake: Lake, manifest: Manifest, home: Forgetting) -> dict[str, Any]:
    """Write a household table anew; the home's line counts as a reject, and no object says which line it was."""
    table = lake.read(str(manifest.table_key))
    kept = table.filter(~pl.col("household_id").is_in(home.household_ids))
    dropped = len(table) - len(kept)
    name = f"{name_object(manifest.source_id, manifest.decisions_fingerprint, home.tag)}.parquet"
    rejects = mask_rejects(_read_rejects(lake, manifest), home.marks)
    changed: dict[str, Any] = {
        "readings": manifest.readings - dropped,
        "rejects": manifest.rejects + dropped,
        "households": tuple(kept["household_id"]),
        "table_key": f"households/{name}" if len(kept) else None,
        "rejects_key": f"rejects/{name}" if len(rejects) else None,
        "counted": _count_forgotten({"dwelling_type_unknown": count_unknown_types(kept)}, dropped),
    }
    if len(rejects):
        lake.put_frame(changed["rejects_key"], rejects)
    if len(kept):
        lake.put_frame(changed["table_key"], kept)
    else:
        changed |= {"outcome": "refused", "reason": f"no usable row in its {manifest.lines} lines"}
    return changed


def _count_forgotten(counted: dict[str, int], dropped: int) -> dict[str, int]:
    return counted | {FORGOTTEN: counted.get(FORGOTTEN, 0) + dropped}


def _read_rejects(lake: Lake, manifest: Manifest) -> pl.DataFrame:
    return REJECT.empty() if manifest.rejects_key is None else lake.read(manifest.rejects_key)


def _mask_manifest(manifest: Manifest, home: Forgetting) -> Manifest:
    """Return a manifest whose file names and texts do not name the home; its lists of homes and objects stay."""
    marks = home.marks
    places = tuple(
        place.model_copy(update={"path": _mask_path(place.path, manifest, home)}) for place in manifest.paths
    )
    return manifest.model_copy(
        update={
            "file_name": marks.mask_file(manifest.file_name),
            "feed": marks.mask_file(manifest.feed),
            "paths": places,
            "reason": home.mask(manifest.reason),
            "detail": home.mask(manifest.detail),
            "renamed": _without(manifest.renamed, home),
            "doubled": _without(manifest.doubled, home),
            "warnings": tuple(home.mask(warning) or "" for warning in manifest.warnings),
            "day_marks": {} if _is_all_of(manifest, home) else manifest.day_marks,
            "id_basis": home.mask(manifest.id_basis),
            "clock_basis": home.mask_prose(manifest.clock_basis),
            "stamp_basis": home.mask_prose(manifest.stamp_basis),
        }
    )


def _without(ids: dict[str, str], home: Forgetting) -> dict[str, str]:
    """Return the pairs of a delivered id and the id that is used, except those that name the home."""
    return {delivered: used for delivered, used in ids.items() if not {delivered, used} & {*home.household_ids}}


def _mask_path(path: str, manifest: Manifest, home: Forgetting) -> str:
    """Mask the home in a landing path; folders above the landing folder are not masked."""
    depth = manifest.file_name.count("/") + 1
    above, below = path.split("/")[:-depth], "/".join(path.split("/")[-depth:])
    return "/".join([*above, home.marks.mask_file(below)])


def _mask_decision(decision: Decision, home: Forgetting) -> Decision:
    named = {"file_name": home.marks.mask_file(decision.file_name), "reason": home.mask(decision.reason)}
    return decision.model_copy(update=named)
