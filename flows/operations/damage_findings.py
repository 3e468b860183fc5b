"""Checks of stored files: whether they are what was written, and the repair of damaged ones."""

from __future__ import annotations

from functools import partial

from flows.operations.findings import Finding, fail, ok, warn
from flows.operations.state import HomeState
from flows.pipeline.content import begin_content
from flows.pipeline.healing import find_damage, healing, repair
from flows.pipeline.stages import complete_content
from flows.printable import show_name
from flows.settings import Settings
from warehouse.manifest import read_whole_manifests
from warehouse.runs import DamagedPlace, at_work

NAMED = 5  # damaged files that a finding names


def check_damage(settings: Settings, *, every_byte: bool) -> Finding:
    """Check that no stored file is damaged; without `every_byte` only records are read, and objects looked for."""
    found = find_damage(settings, every_byte=every_byte)
    if found:
        named = "; ".join(f"{error.path}: {error.why}" for error in found[:NAMED])
        more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
        step = (
            "`hearth doctor --repair` or the next `hearth run` puts them aside and builds them again; look at the disk"
        )
        return fail("damage", f"{len(found)} damaged files: {named}{more}", step)
    if every_byte:
        return ok("damage", "none: every byte was read, and every checksum is right")
    return ok("damage", "none seen; `hearth doctor --verify` reads every byte")


def check_lost(state: HomeState) -> Finding:
    """Check that no delivered readings are lost."""
    names = sorted({show_name(record.damage.deliver_again or "") for record in state.lost})
    if not names:
        return ok("lost", "no delivered readings are lost")
    message = (
        f"{len(names)} files were damaged in the lake, and no landing file holds them any more: {', '.join(names)}"
    )
    return warn("lost", message, "deliver them again, then `hearth run` takes them in")


def repair_home(settings: Settings) -> Finding:
    """Put damaged files aside and build them again; the next run updates the published warehouse."""
    done = list[DamagedPlace]()
    with at_work(settings.folders.runs):
        repair(settings, find_damage(settings, every_byte=True), tell=done.append)
        has_readings = any(
            m.kind == "readings" and m.outcome == "accepted" for m in read_whole_manifests(settings.folders.lake)
        )
        if done and has_readings:
            healing(settings, partial(_build_missing, settings), tell=done.append)
    if not done:
        return ok("repair", "nothing is damaged")
    places = "; ".join(damage.describe() for damage in done)
    return ok(
        "repair", f"{len(done)} damaged files were put aside: {places}. `hearth run` publishes what follows from it"
    )


def _build_missing(settings: Settings) -> None:
    complete_content(begin_content(settings))
