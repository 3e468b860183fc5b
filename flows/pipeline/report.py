"""The report: tables of the warehouse pass disclosure control and become pages, which one rename publishes."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl

from flows.pipeline.code import code_fingerprint, hash_files
from flows.pipeline.downloads import write_downloads
from flows.pipeline.parts import Parts, drawing_from
from flows.pipeline.release import publish_release
from flows.pipeline.unit import fingerprint
from flows.progress import progress, working
from flows.settings import Settings
from reports.images import write_images
from reports.inputs import Published, RunInfo
from reports.method import method_text
from reports.pages import PAGES, SUMMARY, sections
from reports.site import render_site
from reports.summary import print_page
from transforms.public.licences import SAMPLE_LICENCE, SAMPLE_PUBLISHER, UNNAMED_PUBLISHER
from transforms.public.public import Release
from warehouse.areas.folder import fingerprint_area_folder
from warehouse.public.public_database import ReleaseInfo
from warehouse.reader import open_published
from warehouse.runs import at_work
from warehouse.snapshots import set_access
from warehouse.versions import check_current_format
from warehouse.writing import flush_folder, renamed_onto

Query = Callable[[str], pl.DataFrame]
RELEASES_COMPARED = 2
STEPS = {"disclosure control": 55, "downloads": 10, "pages": 35}  # shares of the time [%], measured on 300 homes


def write_report(settings: Settings, *, anew: bool = False, images: Path | None = None) -> Path:
    """Write the site of the published warehouse, point `reports/current` to it, and return its first page.

    A site that exists already is used, unless it has to be written `anew`. The release is recorded before `current`
    points to the site: a kill in between leaves a release that nobody saw, but never a site without a record. If `images`
    names a folder, the figures of a new site are drawn there as well.

    Raises
    ------
    FileNotFoundError
        If nothing is published yet, or images are asked for and there is no chromium.
    FormatError
        If another version of Hearth published the warehouse.

    """
    database, releases = settings.folders.published, settings.folders.releases
    with (
        at_work(settings.folders.runs),
        open_published(database) as warehouse,
        releases.lock(),
        ExitStack() as stack,
    ):
        check_current_format(warehouse.query, database)
        run = read_run_info(warehouse.query, settings)
        reports, name = settings.folders.reports, name_folder(run.snapshot_id, settings)
        existing = sorted(reports.glob(f"{name}*"))
        if existing and not anew and releases.exists(run.snapshot_id):
            point_to(existing[-1])
            return reports / "current" / "index.html"
        for leftover in reports.glob(".*.tmp"):  # left by a killed process, since the lock keeps others from writing
            shutil.rmtree(leftover)
        tick = stack.enter_context(progress("write the report", len(STEPS), unit="", amount=sum(STEPS.values())))
        parts = Parts(settings.folders.report_parts)
        release = publish_release(
            warehouse.query, releases, settings, release_id=run.snapshot_id, origin=run.origin, parts=parts
        )
        tick("disclosure control", STEPS["disclosure control"])
        published = Published(release.tables)
        unfinished = reports / f".{name}.{uuid.uuid4().hex[:8]}.tmp"
        try:
            downloads = write_downloads(unfinished, release.tables, describe_release(run, release, settings))
            tick("downloads", STEPS["downloads"])
            drawing = drawing_from(parts, published, run)
            render_site(published, run=run, out=unfinished, downloads=downloads, drawing=drawing)
            give_access(unfinished, settings)
            flush_folder(unfinished)
            releases.write(release.record)
            folder = reports / (f"{name}-{uuid.uuid4().hex[:8]}" if existing else name)
            unfinished.rename(folder)
            tick("pages", STEPS["pages"])
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        point_to(folder)
        for replaced in existing:
            shutil.rmtree(replaced)
        releases.forget_old(max(settings.snapshots_keep, RELEASES_COMPARED))
    if images is not None:
        draw_images(published, run, images)
    return reports / "current" / "index.html"


def write_summary(settings: Settings, out: Path) -> Path:
    """Print the summary of the current report as a PDF of one page."""
    with working("print the summary"):
        return print_page(settings.folders.report / SUMMARY.file, out)


def draw_images(published: Published, run: RunInfo, folder: Path) -> None:
    """Draw every figure of the site into a folder."""
    exhibits = [shown for page in PAGES for part in sections(page, published, run) for shown in part.exhibits]
    with working(f"draw {len(exhibits)} figures"):
        write_images(exhibits, folder)


def give_access(folder: Path, settings: Settings) -> None:
    """Set the mode and group of public files for a report and everything below it."""
    paths = [folder, *folder.rglob("*")]
    set_access(paths, mode=int(settings.public_mode, 8), group=settings.published_group)


def read_run_info(query: Query, settings: Settings) -> RunInfo:
    """Return the run that published the warehouse."""
    run: dict[str, Any] = query("SELECT * FROM run ORDER BY published_at_utc, run_id").row(-1, named=True)
    origins = query("SELECT DISTINCT origin FROM household WHERE origin IS NOT NULL ORDER BY origin")["origin"]
    return RunInfo(
        run_id=run["run_id"],
        snapshot_id=run["snapshot_id"],
        kind=run["kind"],
        published_at_utc=run["published_at_utc"],
        code_version=run["code_version"],
        code_fingerprint=run["code_fingerprint"],
        scenario=settings.scenario,
        convention=settings.convention,
        origin=", ".join(origins) or None,
    )


def describe_release(run: RunInfo, release: Release, settings: Settings) -> ReleaseInfo:
    """Return the description of the downloads; results from readings have the licence that their owner sets."""
    sample = run.origin is not None
    return ReleaseInfo(
        release_id=release.record.release_id,
        run_id=run.run_id,
        published_at_utc=run.published_at_utc,
        code_version=run.code_version,
        code_fingerprint=run.code_fingerprint,
        made_up_by=run.origin,
        threshold=release.record.threshold,
        publisher=settings.data_publisher or (SAMPLE_PUBLISHER if sample else UNNAMED_PUBLISHER),
        licence_id=settings.data_licence or (SAMPLE_LICENCE.identifier if sample else None),
    )


def report_is_current(settings: Settings) -> bool:
    """Say whether `reports/current` was made from the published warehouse by today's code."""
    current = settings.folders.report
    database = settings.folders.published
    if not (current / "index.html").exists() or not database.exists():
        return False
    with open_published(database) as warehouse:
        snapshot = warehouse.query("SELECT snapshot_id FROM run ORDER BY published_at_utc, run_id")["snapshot_id"][-1]
    recorded = settings.folders.releases.exists(snapshot)
    return recorded and current.resolve().name.startswith(name_folder(snapshot, settings))


def name_folder(snapshot_id: str, settings: Settings) -> str:
    """Return the name of the folder of a snapshot's report; it depends on settings, code, templates and references."""
    made_by = fingerprint(
        code=code_fingerprint(write_report, declared=True),
        templates=hash_files("reports"),
        method=method_text(),
        convention=settings.convention,
        threshold=settings.disclosure_threshold,
        references=fingerprint_references(settings.reference_folder),
        areas=fingerprint_area_folder(settings.area_folder),
        contributions=settings.folders.contributions.current(),
        contribution_log=settings.folders.contributions.log_table(),
        licence=settings.data_licence,
        publisher=settings.data_publisher,
    )
    return f"{snapshot_id}-{made_by[:8]}"


def point_to(folder: Path) -> None:
    """Point the link `current` to a report, in one rename."""
    link = folder.with_name("current")
    with renamed_onto(link) as new:
        new.symlink_to(folder.name, target_is_directory=True)


def fingerprint_references(folder: Path | None) -> str | None:
    """Return the fingerprint of the folder of references, so that pages are written again when a study changes."""
    if folder is None:
        return None
    from warehouse.reference_folder import fingerprint_folder

    return fingerprint_folder(folder)
