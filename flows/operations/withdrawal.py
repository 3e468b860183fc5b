"""`hearth withdraw`: a delivered file that is taken back for good, and the way to take it in again.

A decision to withdraw stands beside those of quarantine and is about content, by its hash: the same file, found again
under whatever name, stays withdrawn. Every plan leaves the source out from the moment of the decision; the next run
gives up its objects, which are collected like all that nothing refers to.
"""

from __future__ import annotations

from flows.operations.quarantine import SHORT, find_source, take_decision
from flows.printable import show_name
from flows.settings import Settings
from warehouse.lake import Lake
from warehouse.landing import is_unchanged
from warehouse.manifest import Manifest, read_manifests, withdraw_content, write_manifest
from warehouse.quarantine import Decision, read_decisions, write_decision

BY_HAND = "withdrawn by hand"
UNDONE = "withdrawal undone by hand"


def list_withdrawn(settings: Settings) -> list[Decision]:
    """Return the decisions to withdraw that stand, by file name."""
    found = [d for d in read_decisions(settings.folders.lake) if d.state == "withdrawn"]
    return sorted(found, key=lambda d: (d.file_name, d.source_id))


def describe_withdrawn(decisions: list[Decision]) -> str:
    """Return the decisions to withdraw as text for people."""
    lines = [
        f"{d.source_id[:SHORT]}  {show_name(d.file_name)}: withdrawn {d.decided_at_utc:%Y-%m-%d %H:%M} UTC, {d.reason}"
        for d in decisions
    ]
    return "\n".join(lines) or "no file is withdrawn"


def withdraw(settings: Settings, name: str, *, reason: str | None = None) -> str:
    """Decide that a file is withdrawn and return what follows.

    Parameters
    ----------
    settings
        They name the lake.
    name
        Its file name, or the beginning of its source id.
    reason
        Why; it stands in the ledger.

    Raises
    ------
    ValueError
        If no file or more than one is named so, or it is withdrawn already.

    """
    lake = settings.folders.lake
    decided = _decided(lake)
    source = find_source([m for m in read_manifests(lake) if m.kind != "none"], name, what="file")
    if _is_withdrawn(decided, source.source_id):
        message = f"{source.file_name} is withdrawn already; `hearth withdraw --undo` takes it in again"
        raise ValueError(message)
    write_decision(lake, take_decision(source, "withdrawn", reason or BY_HAND))
    left = _count_used(lake, decided) - (source.kind == "readings" and source.outcome == "accepted")
    follows = "`hearth run` publishes without it" if left else _nothing_left(settings)
    return f"{_short(source)}: withdrawn; {follows}\n{_where_it_lies(source)}"


def undo(settings: Settings, name: str, *, reason: str | None = None) -> str:
    """Take the decision back and return what follows; parameters as of `withdraw`.

    Raises
    ------
    ValueError
        If no file or more than one that is withdrawn is named so.

    """
    lake = settings.folders.lake
    decided = _decided(lake)
    withdrawn = [m for m in read_manifests(lake) if _is_withdrawn(decided, m.source_id)]
    source = find_source(withdrawn, name, what="withdrawn file")
    write_decision(lake, take_decision(source, "lifted", reason or UNDONE))
    if source.outcome != "withdrawn" or _still_there(source):
        return f"{_short(source)}: `hearth run` takes it in again; the gate judges it like any other"
    return (
        f"{_short(source)}: its readings are given up and no file holds them any more; "
        f"deliver it again, then `hearth run` takes it in"
    )


def carry_out(lake: Lake) -> list[Manifest]:
    """Give up the objects of sources that are withdrawn; return the manifests that this changed."""
    decided = _decided(lake)
    changed = []
    for known in read_manifests(lake):
        if _is_withdrawn(decided, known.source_id):
            manifest = withdraw_content(known, decided[known.source_id].reason)
            if manifest != known:
                write_manifest(lake, manifest)
                changed.append(manifest)
    return changed


def _decided(lake: Lake) -> dict[str, Decision]:
    return {decision.source_id: decision for decision in read_decisions(lake)}


def _is_withdrawn(decided: dict[str, Decision], source_id: str) -> bool:
    return source_id in decided and decided[source_id].state == "withdrawn"


def _count_used(lake: Lake, decided: dict[str, Decision]) -> int:
    used = [m for m in read_manifests(lake) if m.kind == "readings" and m.outcome == "accepted"]
    return sum(m.source_id not in decided or decided[m.source_id].state in {"lifted", "accepted"} for m in used)


def _nothing_left(settings: Settings) -> str:
    published = settings.folders.published
    if not published.exists():
        return "no other file of readings is in use"
    return f"no other file of readings is in use: until one is, runs publish nothing, and {published} still holds it"


def _where_it_lies(source: Manifest) -> str:
    there = _still_there(source)
    if not there:
        return "no landing file holds it any more"
    return f"its owner's to delete: {', '.join(map(show_name, there))}; while it lies there it stays withdrawn"


def _still_there(source: Manifest) -> list[str]:
    return [place.path for place in source.paths if is_unchanged(place.path, place.bytes, place.mtime_ns)]


def _short(source: Manifest) -> str:
    return f"{source.source_id[:SHORT]}  {show_name(source.file_name)}"
