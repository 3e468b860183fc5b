"""`hearth diff`: two published warehouses, of which one home's year and one cost are made others."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from flows.answers.diff import compare_warehouses, describe_publication, find_snapshots
from flows.settings import Settings, load_settings


@pytest.fixture
def settings(true_warehouse: Path, tmp_path: Path) -> Settings:
    """Give a data folder with two snapshots: in the published one a home uses a tenth more, and one hour is gone."""
    snapshots = tmp_path / "warehouse" / "snapshots"
    snapshots.mkdir(parents=True)
    before, after = snapshots / "20260101T020000Z-a.duckdb", snapshots / "20260102T020000Z-b.duckdb"
    shutil.copy(true_warehouse, before)
    shutil.copy(true_warehouse, after)
    after.chmod(0o640)
    with duckdb.connect(str(after)) as con:
        con.execute("UPDATE household_period SET heat_kwh_annual = 1.1 * heat_kwh_annual WHERE household_id = 'home1'")
        con.execute("UPDATE heat_demand_annual SET heat_kwh_mean = 1.02 * heat_kwh_mean WHERE dwelling_type = 'all'")
        con.execute("DELETE FROM heat_hourly WHERE household_id = 'home1' AND hour_start_utc = '2009-01-01'")
    (tmp_path / "warehouse" / "current.duckdb").hardlink_to(after)
    return load_settings(home=tmp_path)


def test_the_two_last_snapshots_are_compared_unless_others_are_named(settings: Settings) -> None:
    assert [path.stem for path in find_snapshots(settings, None, None)] == ["20260101T020000Z-a", "20260102T020000Z-b"]
    assert [path.stem[:8] for path in find_snapshots(settings, "20260102", "20260101")] == ["20260102", "20260101"]
    with pytest.raises(ValueError, match="2 snapshots are named '2026'"):
        find_snapshots(settings, "2026", None)


def test_what_moved_is_named_and_what_did_not_is_not(settings: Settings) -> None:
    found = compare_warehouses(*find_snapshots(settings, None, None), settings)
    told = found.describe().splitlines()
    moved = [of[0].what for of in found.demand if any(number.moved for number in of)]
    assert moved
    assert all(what.startswith("all homes") for what in moved)
    assert any("(+2.0 %)" in line and "all homes" in line for line in told)
    assert [table.what for table in found.tables] == ["heat_hourly"]
    assert {home.what.split(",")[0] for home in found.movers} == {"home home1"}
    assert any("home1" in line and "(+10.0 %)" in line for line in told)
    backwards = compare_warehouses(*reversed(find_snapshots(settings, None, None)), settings)
    assert any("(-2.0 %)" in line for line in backwards.describe().splitlines())


def test_a_warehouse_has_not_moved_from_itself(settings: Settings) -> None:
    _, after = find_snapshots(settings, None, None)
    same = shutil.copy(after, after.with_name("same.duckdb"))
    assert compare_warehouses(same, after, settings).describe().splitlines()[1:] == ["  nothing moved"]
    with pytest.raises(ValueError, match="named twice"):
        find_snapshots(settings, after.stem, None)


def test_a_snapshot_of_an_earlier_version_that_cannot_be_compared_is_named(settings: Settings) -> None:
    before, after = find_snapshots(settings, None, None)
    before.chmod(0o640)
    with duckdb.connect(str(before)) as con:
        con.execute("ALTER TABLE household_period DROP COLUMN heat_kwh_annual")
    with duckdb.connect(str(after)) as con:
        con.execute("UPDATE run SET snapshot_id = ?", [after.stem])
        earlier = (
            "'earlier' AS run_id, 'other' AS code_fingerprint, published_at_utc - INTERVAL 1 DAY AS published_at_utc"
        )
        con.execute(f"INSERT INTO run SELECT * REPLACE (? AS snapshot_id, {earlier}) FROM run", [before.stem])
    message = describe_publication(settings, {"outcome": "published", "kind": "nightly"})
    assert message is not None
    assert f"{before.stem} cannot be compared" in message
    assert "heat_kwh_annual" in message
