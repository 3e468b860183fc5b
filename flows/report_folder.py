"""The folder of a report: its name, whether it is the one of the published warehouse, and the link that points to it."""

from __future__ import annotations

import uuid
from pathlib import Path

from flows.fingerprints import code_fingerprint, fingerprint
from flows.settings import Settings
from reports.method import method_text
from warehouse.publish import WarehouseFolder
from warehouse.reader import open_published
from warehouse.releases import ReleaseFolder


def report_is_current(settings: Settings) -> bool:
    """Say whether `reports/current` is the site of the published warehouse, by today's code."""
    current = settings.home / "reports" / "current"
    database = WarehouseFolder(settings.home / "warehouse").current
    if not (current / "index.html").exists() or not database.exists():
        return False
    with open_published(database) as warehouse:
        snapshot = warehouse.query("SELECT snapshot_id FROM run ORDER BY published_at_utc, run_id")["snapshot_id"][-1]
    recorded = ReleaseFolder(settings.home / "releases").exists(snapshot)
    return recorded and current.resolve().name.startswith(name_folder(snapshot, settings))


def name_folder(snapshot_id: str, settings: Settings) -> str:
    """Return the name of the folder that holds a snapshot's report by these settings and today's code."""
    made_by = fingerprint(
        code=code_fingerprint("report"),
        method=method_text(),
        convention=settings.convention,
        threshold=settings.disclosure_threshold,
        references=fingerprint_references(settings.reference_folder),
        licence=settings.data_licence,
        publisher=settings.data_publisher,
    )
    return f"{snapshot_id}-{made_by[:8]}"


def point_to(folder: Path) -> None:
    """Let `current` name a report, in one rename."""
    link = folder.with_name("current")
    new = folder.with_name(f".current.{uuid.uuid4().hex[:8]}")
    new.symlink_to(folder.name, target_is_directory=True)
    new.replace(link)


def fingerprint_references(folder: Path | None) -> str | None:
    """Return the fingerprint of the folder of references, so that a page is made anew when a study changes."""
    if folder is None:
        return None
    from warehouse.reference_folder import fingerprint_folder

    return fingerprint_folder(folder)
