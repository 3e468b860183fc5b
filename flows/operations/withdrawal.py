"""`hearth withdraw`: withdraw a delivered file for good, or let it in again.

A decision to withdraw is stored beside those of quarantine. It is about content, by its hash: the same file stays withdrawn
under any name. Every plan leaves the source out from the decision on. The next run removes the references to its objects,
and they are deleted later, like all objects that nothing refers to.
"""

from __future__ import annotations

from flows.operations.quarantine import SHORT, find_source, take_decision
from flows.printable import show_name
from flows.settings import Settings
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests, withdraw_content, write_manifest
from warehouse.pseudonyms import DeliveredPaths
from warehouse.quarantine import Decision, read_decisions, write_decision

BY_HAND = "withdrawn by hand"
UNDONE = "withdrawal undone by hand"


def list_withdrawn(settings: Settings) -> list[Decision]:
    """Return the decisions to withdraw that are in force, by file name."""
    found = [d for d in read_decisions(settings.folders.lake) if d.state == "withdrawn"]
    return sorted(found, key=lambda d: (d.file_name, d.source_id))


def describe_withdrawn(decisions: list[Decision]) -> str:
    """Return the decisions to withdraw as text."""
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
        Settings, which name the lake.
    name
        File name, or beginning of the source id.
    reason
        Reason, which the ledger shows.

    Raises
    ------
    ValueError
        If the name fits no file or several, or the file is withdrawn already.

    """
    lake = settings.folders.lake
    decided = _decided(lake)
    source = find_source(
        [m for m in read_manifests(lake) if m.kind != "none"],
        name,
        kept_as=settings.pseudonyms.name_file(name),
        what="file",
    )
    if _is_withdrawn(decided, source.source_id):
        message = f"{source.file_name} is withdrawn already; `hearth withdraw --undo` takes it in again"
        raise ValueError(message)
    write_decision(lake, take_decision(source, "withdrawn", reason or BY_HAND))
    left = _count_used(lake, decided) - (source.kind == "readings" and source.outcome == "accepted")
    follows = "`hearth run` publishes without it" if left else _nothing_left(settings)
    return f"{_short(source)}: withdrawn; {follows}\n{_where_it_lies(source, settings)}"


def undo(settings: Settings, name: str, *, reason: str | None = None) -> str:
    """Undo the decision and return what follows; the parameters are those of `withdraw`.

    Raises
    ------
    ValueError
        If the name fits no withdrawn file, or several.

    """
    lake = settings.folders.lake
    decided = _decided(lake)
    withdrawn = [m for m in read_manifests(lake) if _is_withdrawn(decided, m.source_id)]
    source = find_source(withdrawn, name, kept_as=settings.pseudonyms.name_file(name), what="withdrawn file")
    write_decision(lake, take_decision(source, "lifted", reason or UNDONE))
    if source.outcome != "withdrawn" or _still_there(source, settings):
        return f"{_short(source)}: `hearth run` takes it in again; the gate judges it like any other"
    return (
        f"{_short(source)}: its readings are deleted, and no landing file holds them any more; "
        f"deliver it again, then `hearth run` takes it in"
    )


def carry_out(lake: Lake) -> list[Manifest]:
    """Remove the references to the objects of withdrawn sources; return the manifests that this changed."""
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
    return (
        f"no other file of readings is in use: runs publish nothing until one is, and {published} still holds this one"
    )


def _where_it_lies(source: Manifest, settings: Settings) -> str:
    there = _still_there(source, settings)
    if not there:
        return "no landing file holds it any more"
    return f"its owner has to delete {', '.join(map(show_name, there))}; while it is there it stays withdrawn"


def _still_there(source: Manifest, settings: Settings) -> list[str]:
    return DeliveredPaths(settings.pseudonyms).list_unchanged(source)


def _short(source: Manifest) -> str:
    return f"{source.source_id[:SHORT]}  {show_name(source.file_name)}"
