"""Checks of one data folder: its settings, its disk, what was delivered, what is published, and how its runs ended."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from flows.operations.disk import measure_disk, tell_bytes
from flows.operations.findings import Finding, fail, ok, warn
from flows.operations.state import HomeState
from flows.pipeline.report import report_is_current
from flows.printable import count, show_name
from flows.settings import Settings, explain_settings
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import check_scenario
from transforms.lcoh.results.published import check_choice
from warehouse.cost_figures import read_shipped_assumptions
from warehouse.landing import LandedFile, walk_landing
from warehouse.pseudonyms import keep_names
from warehouse.reader import QueryError, open_published
from warehouse.runs import RunLog

EXAMPLES = 3  # files that a finding names


def check_settings(settings: Settings, home: Path | None) -> Finding:
    """Check that the names and folders in the settings exist, which their declarations cannot check."""
    wrong = []
    try:
        check_choice(settings.convention)
        check_scenario(read_shipped_assumptions(), settings.scenario)
    except AssumptionError as error:
        wrong.append(str(error))
    for name in ("reference_folder", "area_folder"):
        folder = getattr(settings, name)
        if folder is not None and not folder.is_dir():
            wrong.append(f"{name}: there is no folder {folder}")
    if wrong:
        return fail("settings", "; ".join(wrong), "`hearth config` says where each value came from")
    origins = [origin for _, _, origin, _ in explain_settings(home=home) if origin != "default"]
    return ok("settings", f"valid; {len(origins)} of them {'is' if len(origins) == 1 else 'are'} set")


def check_home(settings: Settings) -> Finding:
    """Check that runs can write in their folders, and that the file system can rename, link and lock."""
    home = settings.home
    there = nearest_folder(home)
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=there) as folder:
            missing = list(_try_files(Path(folder)))
    except OSError as error:
        return fail(
            "home",
            f"{there} cannot be written: {error.strerror}",
            "give yourself the right, or name another with --home",
        )
    if missing:
        return fail(
            "home", f"{there} is on a file system without {', '.join(missing)}", "name a data folder on a local disk"
        )
    if closed := [folder for folder in settings.folders.rooms if folder.exists() and not _can_write(folder)]:
        what = f"runs cannot write to {', '.join(map(str, closed))}"
        return fail("home", what, f"give them to the account that runs Hearth: chown -R ACCOUNT {home}")
    if there != home:
        return ok("home", f"{home} will be made by the first run")
    return ok("home", f"{home.resolve()} can be written, renames, links and locks")


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=folder):
            return True
    except OSError:
        return False


def _try_files(folder: Path) -> Iterator[str]:
    """Yield what the file system of a folder cannot do."""
    first, second = folder / "first", folder / "second"
    for name in (first, second):
        name.write_text("x", encoding="utf-8")
    for can, work in (
        ("rename over a file", lambda: first.replace(second)),
        ("hard links", lambda: (folder / "hard").hardlink_to(second)),
        ("symbolic links", lambda: (folder / "soft").symlink_to("second")),
    ):
        try:
            work()
        except OSError:
            yield can
    if not _locks(folder / "lock"):
        yield "locks"


def _locks(path: Path) -> bool:
    with path.open("w") as one, path.open("w") as other:
        try:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def check_landing(settings: Settings, found: list[LandedFile | tuple[str, str]]) -> Finding:
    """Check that the landing folder is there, can be read and holds deliveries."""
    folder = settings.landing_folder
    step = f"put files there, name another with --landing, or try `hearth sample --out {folder}`"
    if not folder.is_dir():
        return warn("landing", f"there is no folder {folder}", step)
    if not os.access(folder, os.R_OK | os.X_OK):
        return fail("landing", f"{folder} cannot be read", "give yourself the right to read it")
    files = [file for file in found if isinstance(file, LandedFile)]
    if hidden := [file.file_name for file in files if not os.access(file.path, os.R_OK)]:
        what = f"{len(hidden)} of {len(files)} files in {folder} cannot be read, e.g. {', '.join(map(show_name, hidden[:EXAMPLES]))}"
        return fail("landing", what, "give yourself the right to read them")
    if not files:
        return warn("landing", f"no file in {folder} can be a delivery", step)
    return ok("landing", f"{len(files)} files, {tell_bytes(sum(file.bytes for file in files))}, in {folder}")


def list_landing(settings: Settings) -> list[LandedFile | tuple[str, str]]:
    """Return the entries of the landing folder; none if it cannot be listed."""
    try:
        return list(walk_landing(settings.landing_folder))
    except OSError:
        return []


def check_free_disk(state: HomeState, found: list[LandedFile | tuple[str, str]]) -> Finding:
    """Check that the disk of the data folder has room for what the next run writes."""
    key = state.settings.pseudonyms
    found = [keep_names(entry, state.settings.landing_folder, key) for entry in found]
    taken = {(place.path, place.bytes) for m in state.manifests for place in m.paths}
    files = [f for f in found if isinstance(f, LandedFile) and f.file_name not in state.unused]
    new = [(f.file_name, f.bytes) for f in files if (f.path, f.bytes) not in taken]
    disk = measure_disk(state.settings, new)
    what = f"{tell_bytes(disk.free_bytes)} free, the next run needs {tell_bytes(disk.needed_bytes)}"
    if disk.free_bytes < disk.needed_bytes:
        return fail("disk", what, "free some, keep fewer snapshots (HEARTH_SNAPSHOTS_KEEP), or name another --home")
    return ok("disk", f"{what} ({count(len(new), 'new file')})")


def check_runs(state: HomeState) -> Finding:
    """Check how the last run ended."""
    if not state.runs:
        return ok("runs", "none yet")
    last = state.runs[-1]
    began = f"{last.started_at_utc:%Y-%m-%d %H:%M} UTC"
    if last.started_at_utc.replace(tzinfo=dt.UTC) > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5):
        return fail("runs", f"the last one began in the future, at {began}", "set this machine's clock")
    if last.outcome == "running":
        return ok("runs", f"one is at work since {began}")
    if last.outcome in {"published", "unchanged"}:
        return ok("runs", f"the last one, of {began}, ended as {last.outcome}")
    return warn("runs", f"the last one, of {began}, ended as {last.outcome}{_reason(last)}", _step_after(last))


def _reason(log: RunLog) -> str:
    return f": {log.message.splitlines()[0]}" if log.message else ""


def _step_after(log: RunLog) -> str:
    steps = {
        "crashed": "nothing is lost: `hearth run` goes on from there",
        "interrupted": "nothing is lost: the same command goes on from there",
        "landing_missing": "mount or restore the folder, or name another with --landing",
        "gate_failed": "`hearth status` names the checks; `hearth quarantine` lists what was put aside",
        "nothing_usable": "`hearth status` says why each file was refused",
    }
    return steps.get(log.outcome, "mend what it names, then `hearth run` goes on from there")


def check_locks(state: HomeState) -> Finding:
    """Check that only a run that is under way holds the locks of the data folder."""
    folders = state.settings.folders
    held = [
        path for path in (folders.warehouse.lock_file, folders.releases.lock_file) if path.exists() and _is_held(path)
    ]
    if not held:
        return ok("locks", "nobody publishes at this moment")
    if any(log.outcome == "running" for log in state.runs):
        return ok("locks", "a run publishes at this moment")
    names = ", ".join(str(path) for path in held)
    return warn("locks", f"a program holds {names}, and no run is at work", f"find it: fuser -v {held[0]}")


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def check_warehouse(settings: Settings) -> Finding:
    """Check that the published warehouse can be opened and read."""
    current = settings.folders.published
    if not current.exists():
        return ok("warehouse", "none is published yet")
    if not os.access(current, os.R_OK):
        return fail("warehouse", f"{current} may not be read by you", "ask its owner to set published_group")
    try:
        with open_published(current) as warehouse:
            run = warehouse.query("SELECT * FROM run ORDER BY published_at_utc, run_id").row(-1, named=True)
            homes = warehouse.query("SELECT count(*) FROM household").item()
    except (QueryError, IndexError) as error:
        return fail(
            "warehouse", f"{current} does not open: {str(error).splitlines()[0]}",
            f"`hearth doctor --repair` or `hearth run` publishes the newest whole one of {current.parent / 'snapshots'}",
        )  # fmt: skip
    return ok(
        "warehouse", f"{run['snapshot_id']}, {homes:,} homes, published {run['published_at_utc']:%Y-%m-%d %H:%M} UTC"
    )


def check_report(state: HomeState) -> Finding:
    """Check that the site was made from the published warehouse, by today's code."""
    page = state.settings.folders.first_page
    if not state.settings.folders.published.exists():
        return ok("report", "none yet")
    if not page.exists():
        return warn("report", "there is none", "`hearth report` writes it")
    if not report_is_current(state.settings):
        return warn("report", "older than its warehouse, or than the code", "`hearth report` writes it anew")
    return ok("report", str(page))


def nearest_folder(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    whole = folder.absolute()
    return folder if folder.exists() else next(path for path in whole.parents if path.exists())
