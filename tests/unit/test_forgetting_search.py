"""The search for a home finds it in whatever a file is packed in, and takes no number for a short id."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
import zstandard

from flows.home import Home
from flows.operations.forgetting_texts import mask_logs
from transforms.public.forgotten import MASK, Tombstones, mark
from warehouse.forgetting.lake import Forgetting
from warehouse.forgetting.search import find_homes
from warehouse.forgetting.tables import mask_frame
from warehouse.lake import DamagedObjectError
from warehouse.runs import RunLog, name_log, write_run

LONG, SHORT = "a_home_in_parts-0123456789", "13"
KEY = b"key"


def write_parquet(path: Path, household_id: str) -> None:
    """Write the home into a column that is packed."""
    pl.DataFrame({"household_id": [household_id] * 9, "n": range(9)}).write_parquet(path, compression="zstd")


def write_duckdb(path: Path, household_id: str) -> None:
    """Write the home into a table."""
    with contextlib.closing(duckdb.connect(str(path))) as con:
        con.execute("CREATE TABLE home AS SELECT $1 AS household_id, n FROM range(9) AS t(n)", [household_id])


def write_sqlite(path: Path, household_id: str) -> None:
    """Write the home into a table."""
    with contextlib.closing(sqlite3.connect(path)) as con:
        con.execute("CREATE TABLE home (household_id TEXT, n INTEGER)")
        con.execute("INSERT INTO home VALUES (?, 1)", [household_id])
        con.commit()


def write_json(path: Path, household_id: str) -> None:
    """Write the home into a field."""
    path.write_text(json.dumps({"of": [{"households": ["7", household_id]}]}), encoding="utf-8")


def write_gzip(path: Path, household_id: str) -> None:
    """Write the home into a packed document."""
    path.write_bytes(gzip.compress(json.dumps({"household_id": household_id}).encode()))


def write_zstandard(path: Path, household_id: str) -> None:
    """Write the home into a packed document."""
    path.write_bytes(zstandard.compress(json.dumps({"household_id": household_id}).encode()))


def write_frames(path: Path, household_id: str) -> None:
    """Write the home into the second of two packed frames."""
    path.write_bytes(
        zstandard.compress(b'{"n": 1}\n') + zstandard.compress(json.dumps({"household_id": household_id}).encode())
    )


def write_zip(path: Path, household_id: str) -> None:
    """Write the home into a member of an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.json", json.dumps({"household_id": household_id}))


WRITERS: dict[str, Callable[[Path, str], None]] = {
    "a.parquet": write_parquet, "a.duckdb": write_duckdb, "a.db": write_sqlite, "a.json": write_json, "a.gz": write_gzip,
    "a.zst": write_zstandard, "b.zst": write_frames, "a.zip": write_zip,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("household_id", [LONG, SHORT])
def test_a_home_is_found_in_every_kind_of_file(tmp_path: Path, name: str, household_id: str) -> None:
    path = tmp_path / "below" / name
    path.parent.mkdir()
    WRITERS[name](path, household_id)
    assert find_homes(tmp_path, [household_id], spared=[]) == [path]
    assert find_homes(tmp_path, [f"{household_id}4"], spared=[]) == []
    assert find_homes(tmp_path, [household_id], spared=[path.parent]) == []


def test_a_short_id_is_no_number_in_a_text(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"message": "13 months built", "months": "13"}), encoding="utf-8")
    pl.DataFrame({"period": [SHORT]}).write_parquet(tmp_path / "period.parquet")
    assert find_homes(tmp_path, [SHORT], spared=[]) == []


def test_sample_keys_and_reasons_of_a_warehouse_do_not_name_the_home_and_stay_json() -> None:
    marks = Tombstones(key=KEY, marks={mark(KEY, SHORT): len(SHORT)})
    keys = json.dumps([{"household_id": SHORT, "hours": 131}])
    results = pl.DataFrame({"check_name": ["home.is_known"], "sample_keys": [keys]})
    masked = mask_frame("quality_result", results, marks)
    assert json.loads(masked["sample_keys"][0]) == [{"household_id": MASK, "hours": 131}]
    assert mask_frame("quality_result", masked, marks).equals(masked)


def test_a_damaged_log_is_named_before_anything_in_it_is_masked(tmp_path: Path) -> None:
    folders, log = (
        Home(tmp_path),
        RunLog(run_id="20090101T000000Z-a", kind="nightly", started_at_utc=dt.datetime.now(dt.UTC)),
    )
    write_run(folders.runs, log)
    path = folders.runs / name_log(log.run_id)
    home = Forgetting(household_ids=(LONG,), marks=Tombstones(), tag="t")
    assert mask_logs(folders, home) == 0
    for damaged in (path.read_bytes().replace(b"nightly", b"nightlz"), b"\xff\xfe"):
        path.write_bytes(damaged)
        with pytest.raises(DamagedObjectError, match=re.escape(str(path))):
            mask_logs(folders, home)
