"""Snapshots: listed with reasons, kept by rule, brought back by one rename, and held until somebody ends it."""

from __future__ import annotations

import datetime as dt
import grp
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.operations.disk import NotEnoughDiskError, check_disk, measure_disk, tell_bytes
from flows.operations.snapshots import describe_snapshots, list_snapshots, resume, retain, roll_back
from flows.operations.status import describe_status, read_status
from flows.pipeline.report import report_is_current
from flows.settings import Settings, SettingsError, load_settings
from tests.pipeline import copy_home, read_tables, run, run_without_report, write_edrp, write_households
from warehouse.lake import Lake
from warehouse.public.releases import ReleaseFolder
from warehouse.publish import WarehouseFolder, read_history
from warehouse.runs import read_runs
from warehouse.snapshots import Hold, list_files, read_hold, write_hold
from warehouse.versions import LAKE_FORMAT_KEY, WAREHOUSE_FORMAT, FormatError

SPAN = (dt.date(2009, 1, 1), dt.date(2009, 3, 1))
READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
for line in sys.stdin:
    print(con.execute("SELECT count(*) FROM household WHERE dwelling_type = 'terraced'").fetchone()[0], flush=True)
"""


def deliver(root: Path, dwelling_type: str) -> dict[str, Any]:
    """Deliver a household table, in which the second home is of that type, and run."""
    write_households(root / "landing" / "households.csv", {"1": "flat", "2": dwelling_type})
    return run(root / "home", root / "landing")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Path:
    """Give a folder with three publications: the second home is a flat, a terraced house, and semi-detached."""
    del prefect_api
    root = tmp_path_factory.mktemp("published")
    write_edrp(root / "landing" / "gas.csv", {"1": 0.5, "2": 0.8}, *SPAN)
    for dwelling_type in ("flat", "terraced", "semi_detached"):
        assert deliver(root, dwelling_type)["outcome"] == "published"
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Iterator[Path]:
    """Give a copy of it; current and its snapshot are one file, as in the original."""
    yield copy_home(published, tmp_path)
    shutil.rmtree(tmp_path / "home")


def settings_of(root: Path, **more: Any) -> Settings:
    return load_settings(home=root / "home", **more)


def folder_of(root: Path) -> WarehouseFolder:
    return WarehouseFolder(root / "home" / "warehouse")


def ids(root: Path) -> list[str]:
    """Return the snapshots, newest first."""
    return [file.snapshot_id for file in list_files(folder_of(root))]


def types(root: Path) -> list[str]:
    return read_tables(root / "home")["household"]["dwelling_type"].to_list()


def test_snapshots_are_listed_with_what_they_are_and_why_they_stay(root: Path) -> None:
    states = list_snapshots(settings_of(root, snapshots_keep=2))
    assert [(state.is_current, state.stays, state.kind) for state in states] == [
        (True, True, "nightly"), (False, True, "nightly"), (False, False, "nightly"),
    ]  # fmt: skip
    assert all(state.hours == 2 * 59 * 24 and state.bytes > 0 and state.trouble is None for state in states)
    text = describe_snapshots(states, settings_of(root))
    assert "the way back" in text
    assert "deleted by the next run: not one of the newest 2 (snapshots_keep)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_rollback_brings_warehouse_and_report_back_and_is_recorded(root: Path) -> None:
    newest, middle, oldest = ids(root)
    said = roll_back(settings_of(root), oldest, reason="wrong types")
    assert f"current.duckdb is {oldest} instead of {newest}" in said
    assert types(root) == ["flat", "flat"]
    assert folder_of(root).current.samefile(folder_of(root).snapshot(oldest))
    assert (root / "home" / "reports" / "current").readlink().name.startswith(oldest)
    assert report_is_current(settings_of(root))
    last = read_runs(root / "home" / "runs")[-1]
    assert (last.kind, last.outcome, last.snapshot_id, last.reason) == ("rollback", "published", oldest, "wrong types")
    assert ids(root) == [newest, middle, oldest]
    state = read_status(settings_of(root))
    assert state.operations.held == read_hold(folder_of(root))
    assert state.operations.last_good_run != last.run_id
    assert f"HELD       at {oldest}" in describe_status(state)


def test_after_a_rollback_no_run_undoes_it_until_somebody_ends_it(root: Path) -> None:
    newest, middle, _ = ids(root)
    roll_back(settings_of(root), middle, reason="wrong types")
    nothing_new = run(root / "home", root / "landing")
    assert (nothing_new["outcome"], nothing_new["held"], nothing_new["snapshot_id"]) == ("unchanged", True, middle)
    assert "`hearth rollback --resume`" in nothing_new["message"]
    write_edrp(root / "landing" / "late.csv", {"3": 0.6}, *SPAN)
    with_new_data = run(root / "home", root / "landing")
    assert (with_new_data["outcome"], with_new_data["held"], with_new_data["files_ingested"]) == ("unchanged", True, 1)
    assert types(root) == ["flat", "terraced"]
    assert ids(root)[0] == newest
    assert "`hearth run`" in resume(settings_of(root))
    after = run_without_report(root / "home", root / "landing")
    assert (after["outcome"], after["held"]) == ("published", False)
    assert sorted(types(root)) == ["flat", "semi_detached", "unknown"]
    history = read_history(folder_of(root).current)
    assert history is not None
    assert history.run["base_snapshot_id"][-1] == middle  # the lineage says what it followed
    assert newest not in history.run["snapshot_id"].to_list()


def test_what_was_taken_back_stays_in_the_memory_of_releases(root: Path) -> None:
    releases = ReleaseFolder(root / "home" / "releases")
    newest, _, oldest = ids(root)
    shutil.rmtree(next((root / "home" / "reports").glob(f"{oldest}-*")))
    roll_back(settings_of(root), oldest)
    assert releases.exists(newest)
    latest = releases.latest()
    assert latest is not None
    assert latest.release_id == oldest  # shown anew, after and beside all the others
    assert releases.forget_old(1) == sorted(ids(root)[:2])
    kept = releases.latest()
    assert kept is not None
    assert kept.release_id == oldest


def test_going_forward_to_the_newest_ends_the_hold(root: Path) -> None:
    newest, middle, oldest = ids(root)
    roll_back(settings_of(root), oldest)
    roll_back(settings_of(root), middle)
    hold = read_hold(folder_of(root))
    assert hold is not None
    assert (hold.snapshot_id, hold.instead_of) == (middle, newest)
    assert "runs publish again" in roll_back(settings_of(root), newest)
    assert read_hold(folder_of(root)) is None
    log = run(root / "home", root / "landing")
    assert (log["outcome"], log["held"], log["message"]) == ("unchanged", False, "")


def test_a_rollback_that_was_killed_before_its_rename_is_finished_by_the_next_run(root: Path) -> None:
    newest, middle, _ = ids(root)
    decided = dt.datetime.now(dt.UTC)
    write_hold(folder_of(root), Hold(snapshot_id=middle, instead_of=newest, reason=None, decided_at_utc=decided))
    log = deliver(root, "bungalow")
    assert (log["outcome"], log["held"], log["snapshot_id"]) == ("unchanged", True, middle)
    assert types(root) == ["flat", "terraced"]
    assert report_is_current(settings_of(root))


def test_a_reader_is_not_disturbed_by_a_rollback(root: Path) -> None:
    _, middle, _ = ids(root)
    with subprocess.Popen(
        [sys.executable, "-c", READER, folder_of(root).current], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as reader:  # fmt: skip
        assert reader.stdin is not None
        assert reader.stdout is not None
        reader.stdin.write("before\n")
        assert reader.stdout.readline() == "0\n"
        roll_back(settings_of(root), middle)
        reader.stdin.write("after\n")
        assert reader.stdout.readline() == "0\n"
        reader.stdin.close()
    assert types(root) == ["flat", "terraced"]


def test_what_cannot_be_brought_back_is_refused_with_the_reason(root: Path) -> None:
    newest, middle, oldest = ids(root)
    settings = settings_of(root)
    for name, why in ((newest, "is the published one"), ("nothing", "0 snapshots are named"), ("2", "3 snapshots")):
        with pytest.raises(ValueError, match=why):
            roll_back(settings, name)
    with pytest.raises(ValueError, match="nothing is held"):
        resume(settings)
    write_format(folder_of(root).snapshot(middle), WAREHOUSE_FORMAT + 1)
    folder_of(root).snapshot(oldest).unlink()
    folder_of(root).snapshot(oldest).write_bytes(b"no warehouse")
    assert [bool(state.trouble) for state in list_snapshots(settings)] == [False, True, True]
    for name, why in ((middle, "use Hearth"), (oldest, "cannot be read")):
        with pytest.raises(ValueError, match=why):
            roll_back(settings, name)
    assert types(root) == ["flat", "semi_detached"]


def test_snapshots_and_reports_that_are_no_longer_kept_go_with_a_run_that_finds_nothing_new(root: Path) -> None:
    def sites() -> set[str]:
        beside = {"current", settings_of(root).folders.report_parts.name}
        return {path.name[:25] for path in (root / "home" / "reports").iterdir() if path.name not in beside}

    names = ids(root)
    assert sites() == set(names)
    log = run(root / "home", root / "landing", settings={"snapshots_keep": 2})
    assert log["outcome"] == "unchanged"
    assert ids(root) == names[:2]
    assert sites() == set(names[:2])
    assert report_is_current(settings_of(root))


def test_while_another_run_publishes_nothing_is_deleted(root: Path) -> None:
    with folder_of(root).lock():
        assert retain(settings_of(root, snapshots_keep=1)) == []
    assert len(ids(root)) == 3
    assert len(retain(settings_of(root, snapshots_keep=1))) == 4  # two snapshots and their reports


def test_modes_and_group_reach_warehouses_and_reports(root: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    if os.geteuid() == 0:  # only root may give files to a group that it is no member of
        group = next(entry.gr_name for entry in grp.getgrall() if entry.gr_gid not in {0, os.getgid()})
    retain(settings_of(root, published_mode="0400", public_mode="0640", published_group=group))
    warehouses = [folder_of(root).current, *(file.path for file in list_files(folder_of(root)))]
    assert {(stat.S_IMODE(path.stat().st_mode), path.group()) for path in warehouses} == {(0o400, group)}
    (site,) = {(root / "home" / "reports" / "current").resolve()}
    pages = [path for path in site.rglob("*") if path.is_file()]
    folders = [site, *(path for path in site.rglob("*") if path.is_dir())]
    assert {(stat.S_IMODE(path.stat().st_mode), path.group()) for path in pages} == {(0o640, group)}
    assert {(stat.S_IMODE(path.stat().st_mode), path.group()) for path in folders} == {(0o750, group)}
    retain(settings_of(root))
    assert stat.S_IMODE(folder_of(root).current.stat().st_mode) == 0o440


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("published_mode", "0644", "homes are in there"),
        ("published_mode", "0666", "homes are in there"),
        ("published_mode", 440, "homes are in there"),  # decimal, by a slip in hearth.toml
        ("public_mode", "0666", "others can only read"),
        ("public_mode", "0044", "owner must be able"),
        ("published_group", "no-such-group", "there is no group 'no-such-group'"),
    ],
)
def test_a_mode_or_group_that_cannot_be_used_is_refused(name: str, value: object, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load_settings(**{name: value})


def test_modes_may_be_written_as_toml_numbers() -> None:
    assert load_settings(published_mode=0o400).published_mode == "0400"


def test_a_run_that_would_end_on_a_full_disk_does_not_start(root: Path) -> None:
    before, objects = ids(root), set(Lake(root / "home" / "lake").keys("."))
    write_edrp(root / "landing" / "more.csv", {"3": 0.6}, *SPAN)
    with pytest.raises(NotEnoughDiskError, match=r"snapshots_keep") as refused:
        run(root / "home", root / "landing", settings={"disk_free_min_gb": 1e9})
    assert "nothing was changed" in str(refused.value)
    assert (ids(root), set(Lake(root / "home" / "lake").keys("."))) == (before, objects)
    last = read_runs(root / "home" / "runs")[-1]
    assert (last.outcome, last.files_ingested) == ("failed", 0)
    assert last.message.startswith("NotEnoughDiskError")
    with pytest.raises(NotEnoughDiskError):
        run(
            root / "home",
            kind="backfill",
            first_month="2009-01",
            last_month="2009-01",
            settings={"disk_free_min_gb": 1e9},
        )
    check_disk(settings_of(root, disk_free_min_gb=0))


def test_the_need_of_disk_grows_with_warehouse_and_delivery(root: Path, tmp_path: Path) -> None:
    empty, full = measure_disk(load_settings(home=tmp_path / "none")), measure_disk(settings_of(root))
    assert full.needed_bytes - empty.needed_bytes == round(2.5 * full.warehouse_bytes)
    assert (full.snapshots, full.snapshot_bytes > full.warehouse_bytes) == (3, True)
    text, packed = (measure_disk(settings_of(root), [(name, 10**9)]).needed_bytes for name in ("a.csv", "a.csv.gz"))
    assert full.needed_bytes + 0.8e9 < text < packed
    check_disk(settings_of(root))
    assert [tell_bytes(count) for count in (1500, 2.5e6, 123e6, 4.2e9)] == ["2 kB", "2.5 MB", "123 MB", "4.2 GB"]


def write_format(database: Path, number: int | None) -> None:
    """Edit the recorded format of a warehouse; None: take the record away, as before there was one."""
    content = database.read_bytes()
    edited = database.with_suffix(".edited")
    edited.write_bytes(content)
    with duckdb.connect(str(edited)) as con:
        con.execute(
            "ALTER TABLE run DROP warehouse_format" if number is None else f"UPDATE run SET warehouse_format = {number}"
        )
    edited.chmod(0o440)
    edited.replace(database)


def test_a_warehouse_that_is_older_is_told_so_and_published_anew_by_the_next_run(root: Path) -> None:
    before = read_tables(root / "home")
    write_format(folder_of(root).current, None)
    settings = settings_of(root)
    state = read_status(settings)
    assert "has format 0, not 1" in str(state.operations.older)
    assert "`hearth run` publishes it anew" in describe_status(state)
    with pytest.raises(ValueError, match="nothing is held"):
        resume(settings)
    log = run_without_report(root / "home", root / "landing")
    assert (log["outcome"], log["months_built"]) == ("published", 0)
    assert all(frame.equals(read_tables(root / "home")[name]) for name, frame in before.items())
    history = read_history(folder_of(root).current)
    assert history is not None
    assert (history.older, len(history.run)) == (None, 4)  # the lineage of the older one is carried over
    assert history.run["warehouse_format"].to_list() == [None, None, None, WAREHOUSE_FORMAT]


def test_a_newer_warehouse_or_lake_is_refused_by_name_and_left_as_it_is(root: Path) -> None:
    write_format(folder_of(root).current, WAREHOUSE_FORMAT + 1)
    before = folder_of(root).current.stat()
    for act in (lambda: run(root / "home", root / "landing"), lambda: read_status(settings_of(root))):
        with pytest.raises(FormatError, match=r"current\.duckdb has format 2, written by Hearth"):
            act()
    after = folder_of(root).current.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    write_format(folder_of(root).current, WAREHOUSE_FORMAT)
    Lake(root / "home" / "lake").put_text(LAKE_FORMAT_KEY, '{"format": 99, "hearth_version": "9.9.9"}')
    with pytest.raises(FormatError, match=r"has format 99, written by Hearth 9\.9\.9"):
        run(root / "home", root / "landing")


def test_the_lakes_record_is_spared_when_objects_are_collected(root: Path) -> None:
    lake = Lake(root / "home" / "lake")
    os.utime(lake.path(LAKE_FORMAT_KEY), (0, 0))
    run(root / "home", root / "landing", settings={"collect_after_days": 0})
    assert lake.exists(LAKE_FORMAT_KEY)
