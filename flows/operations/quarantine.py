"""`hearth quarantine`: list the sources that are left out and why; put one aside, let one in again, or accept it as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from flows.printable import show_name
from flows.settings import Settings
from warehouse.manifest import Manifest, read_manifests
from warehouse.quarantine import Decision, State, read_decisions, write_decision

ByHand = Literal["quarantined", "lifted", "accepted"]
BY_HAND: dict[ByHand, str] = {
    "quarantined": "put aside by hand",
    "lifted": "lifted by hand",
    "accepted": "accepted by hand as it is",
}
FOLLOWS: dict[ByHand, str] = {
    "quarantined": "the next run publishes without it",
    "lifted": "the next run takes it in again; the gate judges it like any other",
    "accepted": "the next run takes it in; its level and its flags no longer stop a publication",
}
SHORT = 16  # characters of a source id that are shown
NAMED = 3  # files that a message names if the given name fits none


def list_decisions(settings: Settings) -> list[Decision]:
    """Return the decisions about sources, quarantined ones first."""
    decisions = read_decisions(settings.folders.lake)
    return sorted(decisions, key=lambda d: (d.state != "quarantined", d.file_name, d.source_id))


def describe_decisions(decisions: list[Decision]) -> str:
    """Return decisions as text."""
    lines = [
        f"{d.source_id[:SHORT]}  {show_name(d.file_name)}: {d.state} {d.decided_at_utc:%Y-%m-%d %H:%M} UTC, {d.reason}"
        for d in decisions
    ]
    if not any(decision.state == "quarantined" for decision in decisions):
        lines = ["no source is quarantined", *lines]
    return "\n".join(lines)


def decide(settings: Settings, name: str, state: ByHand) -> str:
    """Decide about a source of readings and return what follows.

    Parameters
    ----------
    settings
        Settings, which name the lake.
    name
        File name, or beginning of the source id.
    state
        The new state of the source.

    Raises
    ------
    ValueError
        If the name fits no source or several, or there is nothing to lift.

    """
    lake = settings.folders.lake
    usable = [m for m in read_manifests(lake) if m.kind == "readings" and m.outcome == "accepted"]
    kept_as = settings.pseudonyms.name_file(name)
    source = find_source(usable, name, kept_as=kept_as, what="source of readings")
    before = {d.source_id: d.state for d in read_decisions(lake)}.get(source.source_id)
    if before == "withdrawn":
        message = f"{source.file_name} is withdrawn; `hearth withdraw --undo` takes it in again"
        raise ValueError(message)
    if state == "lifted" and before != "quarantined":
        message = f"{source.file_name} is not quarantined; `hearth quarantine` lists what is"
        raise ValueError(message)
    write_decision(lake, take_decision(source, state, BY_HAND[state]))
    return f"{source.source_id[:SHORT]}  {show_name(source.file_name)}: {state}; {FOLLOWS[state]}"


def take_decision(source: Manifest, state: State, reason: str) -> Decision:
    """Return a new decision about a source."""
    return Decision(
        source_id=source.source_id,
        file_name=source.file_name,
        state=state,
        reason=reason,
        decided_at_utc=dt.datetime.now(dt.UTC),
    )


def find_source(manifests: Sequence[Manifest], name: str, *, kept_as: str, what: str) -> Manifest:
    """Return the source with a file name, or with the beginning of its source id; messages call it `what`.

    A file may be named as it was delivered, or as its name is kept.

    Raises
    ------
    ValueError
        If the name fits none of the manifests, or several.

    """
    found = [m for m in manifests if name and (m.file_name in {name, kept_as} or m.source_id.startswith(name))]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{m.source_id[:SHORT]} of {m.ingested_at_utc:%Y-%m-%d %H:%M} UTC" for m in found)
        message = f"{name!r} names {len(found)} contents ({ids}); write the beginning of the source id"
        raise ValueError(message)
    known = ", ".join(f"{m.file_name} ({m.source_id[:SHORT]})" for m in manifests[:NAMED])
    message = f"no {what} is named {name!r}; there are {len(manifests)}{', such as ' if known else ''}{known}"
    raise ValueError(message)
