"""What is remembered of releases, and the public database: kept apart, whole or not there, and nothing of a home."""

from __future__ import annotations

import datetime as dt
import stat
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from quality.disclosure.rule import DisclosureRule
from tests.attackers import Trial, homes_of, publish_means, warehouse_of
from transforms.public.public import PUBLIC_TABLES, Release, ReleaseRecord
from transforms.tables.views import PUBLIC_VIEWS
from warehouse.public.public_database import ReleaseInfo, write_public_database
from warehouse.public.releases import ReleaseFolder

SIZES = {"detached": 24, "terraced": 30, "flat": 26}
TRIAL = Trial(homes_of(SIZES))
INFO = ReleaseInfo(
    release_id="20261122T034512Z-7f3a",
    run_id="20261122T034512Z-aa",
    published_at_utc=dt.datetime(2026, 11, 22, 3, 45),
    code_version="0.1.0",
    code_fingerprint="b1946ac92492",
    made_up_by="hearth sample seed=1",
    threshold=10,
)


def release(
    trial: Trial = TRIAL, last: ReleaseRecord | None = None, *, name: str = "r0", threshold: int = 10
) -> Release:
    """Publish a trial."""
    with warehouse_of(trial) as query:
        return publish_means(query, release_id=name, last=last, rule=DisclosureRule(threshold=threshold))


@pytest.fixture(scope="module")
def first() -> Release:
    """Give the first release of a trial."""
    return release()


def same(one: ReleaseRecord, other: ReleaseRecord) -> bool:
    """Say whether two records hold the same."""
    frames = [(one.member, other.member), (one.edition, other.edition)]
    frames += [(one.shown[name], other.shown[name]) for name in one.shown]
    frames += [(one.hidden[name], other.hidden[name]) for name in one.hidden]
    return (one.release_id, one.threshold) == (other.release_id, other.threshold) and all(
        a.equals(b) for a, b in frames
    )


def test_a_release_is_remembered_as_it_was(tmp_path: Path, first: Release) -> None:
    folder = ReleaseFolder(tmp_path / "releases")
    assert folder.latest() is None
    assert not folder.exists("r0")
    folder.write(first.record)
    found = folder.latest()
    assert found is not None
    assert folder.exists("r0")
    assert same(found, first.record)
    assert not same(replace(found, threshold=11), first.record)


def test_what_is_remembered_is_the_owners_alone(tmp_path: Path, first: Release) -> None:
    folder = ReleaseFolder(tmp_path / "releases")
    folder.write(first.record)
    files = [path for path in folder.root.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def test_a_release_without_its_manifest_was_never_made(tmp_path: Path, first: Release) -> None:
    folder = ReleaseFolder(tmp_path / "releases")
    folder.write(first.record)
    second = release(TRIAL.joined_by(homes_of({"flat": 10}, name="new")), first.record, name="r1")
    folder.write(second.record)
    (folder.root / "records" / "r1.json").unlink()  # as if killed before it was written
    found = folder.latest()
    assert found is not None
    assert same(found, first.record)


def test_what_does_not_change_lies_there_once_and_old_releases_are_forgotten(tmp_path: Path, first: Release) -> None:
    folder = ReleaseFolder(tmp_path / "releases")
    folder.write(first.record)
    objects = {path.name for path in (folder.root / "objects").rglob("*.parquet")}
    again = release(last=first.record, name="r1")
    folder.write(again.record)
    assert {path.name for path in (folder.root / "objects").rglob("*.parquet")} == objects
    changed = release(TRIAL.joined_by(homes_of({"flat": 10}, name="new")), again.record, name="r2")
    folder.write(changed.record)
    assert folder.forget_old(1) == ["r0", "r1"]
    found = folder.latest()
    assert found is not None
    assert same(found, changed.record)
    flats = found.edition.filter(level="year", group="flat").sort("number")["set"]
    homes = [found.member.filter(pl.col("sets").list.contains(number), level="heat").height for number in flats]
    assert homes == [26, 36], "the last release remembers the homes of those before it"


def test_the_same_snapshot_published_again_is_the_same_release(first: Release) -> None:
    after = TRIAL.without(["h-flat-3"])
    second = release(after, first.record, name="r1")
    again = release(after, second.record, name="r1")
    assert same(again.record, second.record)
    assert again.tables["heat_demand_annual"].few_changes.equals(second.tables["heat_demand_annual"].few_changes)
    assert again.tables["heat_demand_annual"].few_changes.height == 2


def test_a_release_holds_what_it_kept_so_that_the_next_can_keep_it_too(first: Release) -> None:
    second = release(TRIAL.without(["h-flat-3"]), first.record, name="r1")
    third = release(TRIAL.without(["h-flat-4"]), second.record, name="r2")
    for table in ("heat_demand_annual", "heat_profile", "heat_profile_season"):
        old, new = (of.tables[table].frame.filter(dwelling_type="flat") for of in (first, third))
        assert new.equals(old)
        assert third.tables[table].few_changes.filter(dwelling_type="flat").height == 1


def test_raising_the_threshold_hides_what_was_kept_below_it(first: Release) -> None:
    second = release(TRIAL.without(["h-flat-3"]), first.record, name="r1", threshold=40)
    assert set(second.tables["heat_demand_annual"].frame["dwelling_type"]) <= {"all"}
    assert second.tables["heat_profile"].frame.filter(pl.col("households") < 40).is_empty()


def test_the_public_database_holds_every_published_table_with_meaning_and_unit(tmp_path: Path, first: Release) -> None:
    path = write_public_database(tmp_path / "downloads" / "public.duckdb", first.tables, INFO)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert [p.name for p in path.parent.iterdir()] == ["public.duckdb"]
    with duckdb.connect(str(path), read_only=True) as con:
        names = {row[0] for row in con.sql("SELECT table_name FROM duckdb_tables()").fetchall()}
        columns = con.sql("SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal").fetchall()
        version = con.sql(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'public'"
        ).fetchall()
        shown = con.sql("SELECT * FROM heat_demand_annual").pl()
        about = con.sql("SELECT release_id, made_up_by, threshold, licence FROM release").fetchall()[0]
        described = con.sql("SELECT DISTINCT table_name FROM data_dictionary WHERE tier = 'public'").fetchall()
    assert names == {*PUBLIC_TABLES, "release"}
    assert {row[0] for row in described} == names | {view.name for view in PUBLIC_VIEWS}
    assert [row for row in columns if not row[2]] == []
    assert ("heat_demand_annual", "heat_kwh_mean", "heat per home and year [kWh/yr]") in columns
    assert version[0][0].startswith("v1.4")
    assert shown.equals(first.tables["heat_demand_annual"].frame.sort("dwelling_type", "period"))
    assert about[:3] == (INFO.release_id, INFO.made_up_by, 10)
    assert "CC BY 4.0" in about[3]


def test_the_public_database_names_no_home(tmp_path: Path, first: Release) -> None:
    path = write_public_database(tmp_path / "public.duckdb", first.tables, INFO)
    with duckdb.connect(str(path), read_only=True) as con:
        columns = {row[0] for row in con.sql("SELECT column_name FROM duckdb_columns() WHERE NOT internal").fetchall()}
    assert "household_id" not in columns
    assert b"h-flat-3" not in path.read_bytes()
    assert "h-flat-3" in first.record.member["household_id"].to_list()


def test_a_bare_frame_does_not_enter_the_public_database(tmp_path: Path, first: Release) -> None:
    bare = {**first.tables, "heat_profile": first.tables["heat_profile"].frame}
    with pytest.raises(TypeError, match="heat_profile did not pass disclosure control"):
        write_public_database(tmp_path / "public.duckdb", bare, INFO)  # type: ignore[arg-type]
    assert not (tmp_path / "public.duckdb").exists()


def test_two_writings_of_one_release_hold_the_same_rows_in_the_same_order(tmp_path: Path, first: Release) -> None:
    paths = [write_public_database(tmp_path / f"{n}" / "public.duckdb", first.tables, INFO) for n in range(2)]
    rows = []
    for path in paths:
        with duckdb.connect(str(path), read_only=True) as con:
            rows.append([con.sql(f"SELECT * FROM {name}").pl() for name in sorted({*PUBLIC_TABLES, "release"})])
    assert all(a.equals(b) for a, b in zip(*rows, strict=True))
