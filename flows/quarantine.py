"""`hearth quarantine`: which sources are left out and why; to put one aside, let one in again, or accept it as it is."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from flows.settings import Settings
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests
from warehouse.quarantine import Decision, read_decisions, write_decision

State = Literal["quarantined", "lifted", "accepted"]
BY_HAND: dict[State, str] = {
    "quarantined": "put aside by hand",
    "lifted": "lifted by hand",
    "accepted": "accepted by hand as it is",
}
FOLLOWS: dict[State, str] = {
    "quarantined": "the next run publishes without it",
    "lifted": "the next run takes it in again; the gate judges it like any other",
    "accepted": "the next run takes it in; its level and its flags no longer stop a publication",
}
SHORT = 16  # characters of a source id that are shown


def list_decisions(settings: Settings) -> list[Decision]:
    """Return the latest decision about each source that there is one about, quarantined ones first."""
    decisions = read_decisions(Lake(settings.home / "lake"))
    return sorted(decisions, key=lambda d: (d.state != "quarantined", d.file_name, d.source_id))


def describe_decisions(decisions: list[Decision]) -> str:
    """Return decisions as text for people."""
    lines = [
        f"{d.source_id[:SHORT]}  {d.file_name}: {d.state} {d.decided_at_utc:%Y-%m-%d %H:%M} UTC, {d.reason}"
        for d in decisions
    ]
    if not any(decision.state == "quarantined" for decision in decisions):
        lines = ["no source is quarantined", *lines]
    return "\n".join(lines)


def decide(settings: Settings, name: str, state: State) -> str:
    """Decide about a source of readings and return what follows.

    Parameters
    ----------
    settings
        They name the lake.
    name
        Its file name, or the beginning of its source id.
    state
        What it is to be.

    Raises
    ------
    ValueError
        If no source or more than one is named so, or there is nothing to lift.

    """
    lake = Lake(settings.home / "lake")
    source = _find(read_manifests(lake), name)
    before = {d.source_id: d.state for d in read_decisions(lake)}.get(source.source_id)
    if before == "withdrawn":
        message = f"{source.file_name} is withdrawn; `hearth withdraw --undo` takes it in again"
        raise ValueError(message)
    if state == "lifted" and before != "quarantined":
        message = f"{source.file_name} is not quarantined; `hearth quarantine` lists what is"
        raise ValueError(message)
    write_decision(
        lake,
        Decision(
            source_id=source.source_id,
            file_name=source.file_name,
            state=state,
            reason=BY_HAND[state],
            decided_at_utc=dt.datetime.now(dt.UTC),
        ),
    )
    return f"{source.source_id[:SHORT]}  {source.file_name}: {state}; {FOLLOWS[state]}"


def _find(manifests: list[Manifest], name: str) -> Manifest:
    usable = [m for m in manifests if m.kind == "readings" and m.outcome == "accepted"]
    found = [m for m in usable if name and (m.file_name == name or m.source_id.startswith(name))]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(m.source_id[:SHORT] for m in found)
        message = f"{name!r} names {len(found)} sources of readings ({ids}); write more of the source id"
        raise ValueError(message)
    known = ", ".join(f"{m.file_name} ({m.source_id[:SHORT]})" for m in usable[:3]) or "none"
    message = f"no source of readings is named {name!r}; there are {len(usable)}, such as {known}"
    raise ValueError(message)
