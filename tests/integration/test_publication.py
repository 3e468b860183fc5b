"""Publishing: judged before it is seen, replaced by one rename, kept as snapshots, readable by older clients."""

from __future__ import annotations

import datetime as dt
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.operations.status import describe_status, read_status
from flows.pipeline.report import report_is_current, write_report
from flows.settings import load_settings
from tests.pipeline import copy_home, read_tables, write_edrp, write_households
from tests.pipeline import run_without_report as run
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.views import VIEWS
from warehouse.lake import Lake
from warehouse.publish import WarehouseFolder
from warehouse.runs import RunLog, read_runs, write_run
from warehouse.snapshots import Retention, forget_old_snapshots

SPAN = (dt.date(2009, 1, 1), dt.date(2009, 3, 1))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Path:
    """Give a folder with two months published and no report; tests work on copies."""
    del prefect_api
    root = tmp_path_factory.mktemp("published")
    write_edrp(root / "landing" / "gas.csv", {"1": 0.5, "2": 0.8}, *SPAN)
    write_households(root / "landing" / "households.csv", {"1": "flat", "2": "flat"})
    assert run(root / "home", root / "landing")["outcome"] == "published"
    return root


@pytest.fixture(scope="module")
def reported(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of it with its report; tests work on copies."""
    root = copy_home(published, tmp_path_factory.mktemp("reported"))
    write_report(load_settings(home=root / "home"))
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    """Give a copy of what is published."""
    return copy_home(published, tmp_path)


def change_type(root: Path, home: str = "2", **parameters: Any) -> dict[str, object]:
    """Change something that has to be published, and run."""
    write_households(root / "landing" / "households.csv", {"1": "flat", "2": "flat"} | {home: "terraced"})
    return run(root / "home", root / "landing", **parameters)


def test_a_failed_gate_leaves_the_published_warehouse_and_keeps_the_candidate(root: Path) -> None:
    folder = WarehouseFolder(root / "home" / "warehouse")
    before = folder.current.stat()
    (damaged,) = (root / "home" / "lake").glob("heat_hourly/month=2009-01/*.parquet")
    pl.read_parquet(damaged).with_columns(pl.col("gas_kwh", "heat_kwh") * 1.01).write_parquet(damaged)
    log = change_type(root, settings={"full_audit": True})  # an ordinary night does not read that month
    assert log["outcome"] == "gate_failed"
    assert "heat_hourly.energy" in str(log["message"])
    assert str(folder.candidates) in str(log["message"])
    now = folder.current.stat()
    assert (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.suffix for path in folder.candidates.iterdir()] == [".duckdb"]


def test_each_publication_is_a_snapshot_and_the_current_one_is_the_newest(root: Path) -> None:
    folder = WarehouseFolder(root / "home" / "warehouse")
    log = change_type(root)
    names = sorted(path.stem for path in folder.snapshots.glob("*.duckdb"))
    assert len(names) == 2
    assert (folder.snapshots / f"{log['snapshot_id']}.duckdb").samefile(folder.current)
    assert len(forget_old_snapshots(folder, Retention(keep=1), now=dt.datetime.now(dt.UTC))) == 1
    assert (folder.snapshots / f"{log['snapshot_id']}.duckdb").exists()


READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
for line in sys.stdin:
    print(con.execute("SELECT count(*) FROM household WHERE dwelling_type = 'terraced'").fetchone()[0], flush=True)
"""


def test_a_reader_keeps_its_snapshot_while_another_is_published(root: Path) -> None:
    path = root / "home" / "warehouse" / "current.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", READER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        reader.stdin.write("before\n")
        assert reader.stdout.readline() == "0\n"
        assert change_type(root)["outcome"] == "published"
        reader.stdin.write("after\n")
        assert reader.stdout.readline() == "0\n"
        reader.stdin.close()
    assert read_tables(root / "home")["household"].filter(pl.col("dwelling_type") == "terraced").height == 1


def test_the_published_file_is_read_only_and_of_the_storage_version_of_older_clients(root: Path) -> None:
    path = root / "home" / "warehouse" / "current.duckdb"
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert not path.with_name(path.name + ".wal").exists()
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.sql(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'current'"
        ).fetchall()
    assert rows[0][0].startswith("v1.4")


def test_every_table_view_and_column_carries_its_comment(root: Path) -> None:
    path = root / "home" / "warehouse" / "current.duckdb"
    with duckdb.connect(str(path), read_only=True) as con:
        columns = con.sql(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index"
        ).fetchall()
    declared = {
        (table.name, column.name): column.meaning for table in (*WAREHOUSE_TABLES, *VIEWS) for column in table.columns
    }
    assert {(table, column) for table, column, _ in columns} == declared.keys()
    assert all(declared[table, column] in comment for table, column, comment in columns)


def test_runs_and_verdicts_are_carried_from_snapshot_to_snapshot(root: Path) -> None:
    change_type(root)
    with duckdb.connect(str(root / "home" / "warehouse" / "current.duckdb"), read_only=True) as con:
        runs = con.sql("SELECT run_id, snapshot_id, base_snapshot_id FROM run ORDER BY published_at_utc").fetchall()
        judged = {row[0] for row in con.sql("SELECT DISTINCT run_id FROM quality_result").fetchall()}
    assert len(runs) == 2
    assert runs[1][2] == runs[0][1]
    assert judged == {run_id for run_id, _, _ in runs}


def test_a_run_that_leaves_the_report_as_it_is_says_so_in_the_status(
    published: Path, reported: Path, tmp_path: Path
) -> None:
    assert read_status(load_settings(home=published / "home")).report is None
    root = copy_home(reported, tmp_path)
    settings = load_settings(home=root / "home")
    page = (root / "home" / "reports" / "current" / "index.html").resolve()
    assert read_status(settings).report_is_current
    change_type(root)
    status = read_status(settings)
    assert (status.report, status.report_is_current) == (page, False)
    assert "older than its warehouse: `hearth report`" in describe_status(status)


def test_the_report_of_a_few_homes_shows_no_home(reported: Path) -> None:
    current = reported / "home" / "reports" / "current"
    assert "fewer than 10" in (current / "index.html").read_text(encoding="utf-8")
    assert current.readlink().name.startswith(read_runs(reported / "home" / "runs")[-1].snapshot_id or "-")


def test_the_report_is_written_anew_on_request_and_taken_as_it_is_otherwise(reported: Path, tmp_path: Path) -> None:
    root = copy_home(reported, tmp_path)
    settings = load_settings(home=root / "home")
    page = root / "home" / "reports" / "current" / "index.html"
    page.write_text("damaged", encoding="utf-8")
    write_report(settings)
    assert page.read_text(encoding="utf-8") == "damaged"
    write_report(settings, anew=True)
    assert "<html" in page.read_text(encoding="utf-8")
    assert report_is_current(settings)
    sites = {p.name for p in page.parents[1].iterdir()} - {settings.folders.report_parts.name}
    assert sites == {"current", page.parent.resolve().name}


def test_what_nothing_refers_to_is_swept_away_once_it_is_old(root: Path) -> None:
    lake = Lake(root / "home" / "lake")
    before = set(lake.keys("."))
    orphans = [lake.path("cell/month=2009-01/old.parquet"), lake.path("cell/month=2009-01/.half.1.tmp")]
    for orphan in orphans:
        orphan.write_bytes(b"left by a killed run")
    run(root / "home", root / "landing")
    assert all(orphan.exists() for orphan in orphans)
    run(root / "home", root / "landing", settings={"collect_after_days": 0})
    assert not any(orphan.exists() for orphan in orphans)
    assert set(lake.keys(".")) == before


def test_a_run_whose_process_died_is_told_as_crashed(tmp_path: Path) -> None:
    write_run(tmp_path, RunLog(run_id="a", kind="nightly", started_at_utc=dt.datetime.now(dt.UTC)))
    assert [log.outcome for log in read_runs(tmp_path)] == ["crashed"]
