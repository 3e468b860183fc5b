"""One delivered file as `hearth status` and `hearth check` show it: what it was taken for, and the ledger of its lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from pydantic import BaseModel

from flows.printable import count, show_name
from warehouse.manifest import Manifest
from warehouse.quarantine import Decision

REASONS_SHOWN = 4  # reasons of rejects, the most frequent ones
UNUSUAL_SHARE = 0.02  # share of a file's readings above which status names a flag; the faults of the sample stay below


class SourceState(BaseModel):
    """One delivered file, its outcome and the ledger of its lines."""

    source_id: str
    file_name: str
    feed: str
    kind: str
    outcome: str
    reason: str | None
    superseded: bool
    lines: int
    header_lines: int
    blank_lines: int
    readings: int
    rejects: int
    regrouped: int
    reject_reasons: dict[str, int]
    line_flags: dict[str, int]
    dialect: dict[str, str]
    warnings: tuple[str, ...]
    detail: str | None
    fuel: str
    fuel_basis: str
    unit: str
    unit_basis: str
    interval_basis: str
    id_basis: str
    unknown_homes: tuple[str, ...]  # homes that the household table lacks; none if there is no table
    balanced: bool
    clock: str
    clock_basis: str
    stamp: str
    stamp_basis: str
    first_interval_utc: dt.datetime | None
    last_interval_utc: dt.datetime | None


def read_source_state(
    m: Manifest, *, superseded: bool = False, left_out: Decision | None = None, table: Collection[str]
) -> SourceState:
    """Return the state of a file; `table` are the homes of the household table, empty if there is none."""
    balanced = m.kind != "readings" or m.lines + m.regrouped == m.header_lines + m.blank_lines + m.readings + m.rejects
    own = m.model_dump(include=set(SourceState.model_fields) - {"superseded", "balanced", "unknown_homes"})
    if left_out is not None:
        own |= {"outcome": left_out.state, "reason": left_out.reason}
    unknown = [home for home in m.households if home not in table] if m.kind == "readings" and table else []
    return SourceState(**own, superseded=superseded, balanced=balanced, unknown_homes=tuple(unknown))


def describe_source(source: SourceState) -> str:
    """Return the ledger of a file's lines and what the file was taken for, as text."""
    seen = f" ({source.detail})" if source.detail else ""
    if source.outcome in {"refused", "held", "withdrawn"}:
        return f"  {show_name(source.file_name)}: {source.outcome.upper()}, {source.reason}{seen}"
    if source.outcome == "quarantined":
        superseded = "; newer content at its path has replaced it" if source.superseded else "; see `hearth quarantine`"
        return f"  {show_name(source.file_name)}: QUARANTINED, {source.reason}{superseded}"
    rejected = f" ({_describe_counts(source.reject_reasons)})" if source.reject_reasons else ""
    if source.kind != "readings":
        return f"  {show_name(source.file_name)}: {source.kind}, {source.lines:,} lines, {source.rejects:,} rejects{rejected}"
    sign, made = ("+", -source.regrouped) if source.regrouped < 0 else ("-", source.regrouped)
    regrouped = f" {sign} {made:,} {'put together' if source.regrouped < 0 else 'parted'}" if made else ""
    ledger = (
        f"{source.lines:,} lines = {source.header_lines:,} header + {source.blank_lines:,} blank "
        f"+ {source.readings:,} readings + {source.rejects:,} rejects{rejected}{regrouped}"
    )
    state = "" if source.balanced else "  LEDGER DOES NOT BALANCE"
    state += "  superseded" if source.superseded else ""
    lines = [f"  {show_name(source.file_name)}: {ledger}; stamps name the {source.stamp}, clock {source.clock}{state}"]
    return "\n".join([*lines, *(f"    {what}" for what in describe_assumptions(source))])


def describe_assumptions(source: SourceState) -> list[str]:
    """Say what a file was taken for, if its header does not say it, and what is unusual about its readings."""
    lines = []
    if source.fuel_basis not in {"the format", "not applicable"}:
        lines.append(f"fuel {'unknown' if source.fuel == 'none' else source.fuel}, {source.fuel_basis}")
    if source.unit_basis not in {"the name of the column", "not applicable"}:
        lines.append(f"unit {'unknown' if source.unit == 'none' else source.unit}, {source.unit_basis}")
    if source.regrouped:
        lines.append(f"intervals: {source.interval_basis}")
    if source.dialect:
        lines.append(f"written with {', '.join(f'{name} {value}' for name, value in source.dialect.items())}")
    unusual = {
        flag: count
        for flag, count in source.line_flags.items()
        if flag != "ok" and count > UNUSUAL_SHARE * max(source.readings, 1)
    }
    if source.unknown_homes:
        shown = ", ".join(source.unknown_homes[:3])
        lines.append(
            f"{count(len(source.unknown_homes), 'home')} not in the household table, whose readings enter no table (e.g. {shown}): "
            "add them to it"
        )
    if unusual:
        lines.append(f"flagged: {_describe_counts(unusual)}")
    return [*lines, *(f"WARNING: {warning}" for warning in source.warnings)]


def _describe_counts(counts: Mapping[str, int]) -> str:
    """Return counts by name, the largest first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    more = f" and {len(ordered) - REASONS_SHOWN} more reasons" if len(ordered) > REASONS_SHOWN else ""
    return ", ".join(f"{count:,} {name}" for name, count in ordered[:REASONS_SHOWN]) + more
