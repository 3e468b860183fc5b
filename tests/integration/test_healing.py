"""A data folder that heals: what is damaged is put aside, told and built again, and no good file is blamed for it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from flows.operations.alerts import find_facts
from flows.operations.doctor import examine
from flows.operations.quarantine import list_decisions
from flows.operations.status import describe_status, read_status
from flows.settings import Settings, load_settings
from tests import damaging
from tests.damaging import Damage
from tests.pipeline import differing, read_tables, run, run_without_report, write_edrp, write_households
from transforms.tables.words import NOT_BUILT
from warehouse.lake import DAMAGED
from warehouse.quarantine import Decision, write_decision
from warehouse.reader import open_published
from warehouse.runs import RunLog, read_runs
from warehouse.snapshots import Hold, read_hold, write_hold

HOMES = {str(n): 0.3 + 0.05 * n for n in range(1, 5)}
NEW_YEAR, APRIL, MAY = dt.date(2009, 1, 1), dt.date(2009, 4, 1), dt.date(2009, 5, 1)
JANUARY, FEBRUARY, MARCH = ("month=2009-01", "month=2009-02", "month=2009-03")
pytestmark = pytest.mark.timeout(900)  # several runs


@dataclass(frozen=True, slots=True)
class Trial:
    """A data folder with a report, the files that it was made of, one that comes later, and the tables of all of them."""

    root: Path
    quiet: dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Trial:
    """Give the trial that each test copies."""
    del prefect_api
    root = tmp_path_factory.mktemp("healing")
    for n, home in enumerate(HOMES):
        write_edrp(root / "landing" / f"winter_{n}.csv", {home: HOMES[home]}, NEW_YEAR, APRIL)
    write_households(root / "landing" / "households.csv", dict.fromkeys(HOMES, "flat"))
    assert run(root / "home", root / "landing")["outcome"] == "published"
    write_edrp(root / "april.csv", HOMES, APRIL, MAY)
    shutil.copy2(root / "april.csv", root / "landing")
    assert run_without_report(root / "quiet", root / "landing")["outcome"] == "published"
    (root / "landing").rename(root / "kept")  # a test delivers a copy of what it needs
    (root / "kept" / "april.csv").unlink()
    return Trial(root, read_tables(root / "quiet"))


@pytest.fixture
def place(trial: Trial, tmp_path: Path) -> Path:
    """Give a copy of the data folder, and of its landing folder to which April is delivered meanwhile."""
    shutil.copytree(trial.root / "home", tmp_path / "home", symlinks=True)
    shutil.copytree(trial.root / "kept", tmp_path / "landing", copy_function=shutil.copy2)
    shutil.copy2(trial.root / "april.csv", tmp_path / "landing" / "april.csv")
    return tmp_path


def settings_of(place: Path) -> Settings:
    """Return the settings of a test's data folder."""
    return load_settings(home=str(place / "home"), landing=str(place / "landing"), landing_quiet_seconds=0)


def first(place: Path, pattern: str) -> Path:
    """Return the first file of a pattern below the data folder."""
    return min((place / "home").glob(pattern))


def damage_files(*pairs: tuple[str, Damage]) -> Callable[[Path], None]:
    """Return what damages the first file of each pattern in its own way."""

    def damage(place: Path) -> None:
        for pattern, work in pairs:
            work(first(place, pattern))

    return damage


def damage_manifest(place: Path) -> None:
    """Cut the manifest of a source of readings, and put a stray one beside it."""
    of_readings = next(
        path
        for path in sorted((place / "home/lake/sources").glob("*.json"))
        if '"kind": "readings"' in path.read_text()
    )
    shutil.copy(of_readings, of_readings.with_name("stray.json"))
    damaging.cut(of_readings)


def delete_table_of_units(place: Path) -> None:
    """Delete all hours of all months."""
    shutil.rmtree(place / "home/lake/heat_hourly")


def delete_releases(place: Path) -> None:
    """Delete what is remembered of publications."""
    shutil.rmtree(place / "home/releases")


# A night keeps the published hours of months that stay as they are, and does not read their objects (decision 3).
ALL_IS_READ = {"full_audit": True}

CASES: dict[str, Callable[[Path], None]] = {
    "a number of an hour": damage_files((f"lake/heat_hourly/{FEBRUARY}/*", damaging.change_value)),
    "a number of a cell, and a bit of a source": damage_files(
        (f"lake/cell/{FEBRUARY}/*", damaging.change_value), (f"lake/readings/{MARCH}/*", damaging.flip_bit)
    ),
    "swapped months": damage_files((f"lake/heat_hourly/{FEBRUARY}/*", damaging.swap)),
    "swapped cells": damage_files((f"lake/cell/{FEBRUARY}/*", damaging.swap)),
    "many objects at once": damage_files(
        (f"lake/heat_hourly/{JANUARY}/*", damaging.remove),
        (f"lake/cell/{FEBRUARY}/*", damaging.empty),
        (f"lake/build_month/{MARCH}/*", damaging.cut),
        (f"lake/home_level/{MARCH}/*", damaging.flip_bit),
        ("lake/households/*", damaging.remove),
    ),
    "a table of units": delete_table_of_units,
    "a manifest": damage_manifest,
    "the lake's record and the log of a run": damage_files(
        ("lake/format.json", damaging.scribble), ("runs/*.json", damaging.cut)
    ),
    "the published warehouse": damage_files(("warehouse/current.duckdb", damaging.cut)),
    "the published warehouse and its only snapshot": damage_files(
        ("warehouse/current.duckdb", damaging.empty), ("warehouse/snapshots/*.duckdb", damaging.scribble)
    ),
    "the record of a release": damage_files(("releases/records/*.json", damaging.cut)),
    "an object of a release": damage_files(("releases/objects/member/*", damaging.remove)),
    "all releases": delete_releases,
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_damaged_is_built_again_and_a_new_file_is_published(case: str, place: Path, trial: Trial) -> None:
    CASES[case](place)
    log = run_without_report(place / "home", place / "landing", settings=ALL_IS_READ)
    assert log["outcome"] == "published"
    assert log["damaged"], "it is told in the log of the run"
    assert all(damage["deliver_again"] is None for damage in log["damaged"])
    assert log["damaged"][0]["place"] in log["message"]
    assert differing(trial.quiet, read_tables(place / "home")) == []
    assert list_decisions(settings_of(place)) == [], "no good file is blamed"
    state = read_status(settings_of(place))
    assert (state.damaged, state.lost, len(state.repaired)) == ([], [], len(log["damaged"]))
    assert "put aside and repaired" in describe_status(state)
    again = run_without_report(place / "home", place / "landing")
    assert (again["outcome"], again["damaged"]) == ("unchanged", [])


def test_a_release_that_was_lost_is_remembered_as_it_was(place: Path) -> None:
    def remembered() -> dict[str, pl.DataFrame]:
        releases = settings_of(place).folders.releases
        record = releases.latest()
        assert record is not None
        return {**record.shown, **record.hidden, "member": record.member, "edition": record.edition}

    before = remembered()
    delete_releases(place)
    shutil.rmtree(place / "landing")
    (place / "landing").mkdir()
    (place / "landing" / "note.csv").write_text("household_id,dwelling_type\n1,flat\n")
    run_without_report(place / "home", place / "landing", kind="backfill")
    after = remembered()
    assert before.keys() == after.keys()
    assert [name for name in before if not before[name].equals(after[name])] == []


def test_what_was_put_aside_is_its_owners_alone(place: Path) -> None:
    damaging.flip_bit(first(place, f"lake/cell/{FEBRUARY}/*"))
    run_without_report(place / "home", place / "landing")
    folder = place / "home" / "lake" / DAMAGED
    aside = sorted(folder.iterdir())
    assert len(aside) == 2, "the file and its record"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in aside} == {0o600}


def test_readings_whose_file_is_gone_are_named_and_the_rest_is_published_until_it_comes_again(
    place: Path, trial: Trial
) -> None:
    key = first(place, f"lake/readings/{FEBRUARY}/*")
    damaging.flip_bit(key)
    damaging.flip_bit(first(place, f"lake/heat_hourly/{FEBRUARY}/*"))
    gone = next(
        json.loads(path.read_text())["file_name"]
        for path in (place / "home/lake/sources").glob("*.json")
        if key.name in path.read_text()
    )
    (place / "landing" / gone).unlink()
    log = run_without_report(place / "home", place / "landing", settings=ALL_IS_READ)
    assert log["outcome"] == "published"
    assert [damage["deliver_again"] for damage in log["damaged"] if damage["deliver_again"]] == [gone]
    tables = read_tables(place / "home")
    lost = tables["flag_count"].filter(flag=NOT_BUILT)["readings"].sum()
    assert lost == 28 * 48, "they are counted: the ledger closes"
    assert tables["heat_hourly"].height == trial.quiet["heat_hourly"].height - 28 * 24
    state = read_status(settings_of(place))
    assert [record.damage.deliver_again for record in state.lost] == [gone]
    assert f"deliver {gone} again" in state.health.describe()
    facts, _ = find_facts(settings_of(place), RunLog.model_validate(log))
    assert {fact.kind for fact in facts} >= {"files_damaged", "files_lost"}
    assert not any(gone in fact.what for fact in facts), "no name of a file leaves the machine"
    aside = set((place / "home" / "lake" / DAMAGED).iterdir())
    run_without_report(place / "home", place / "landing", settings={"collect_after_days": 0})
    assert [record.damage.deliver_again for record in read_status(settings_of(place)).lost] == [gone]
    assert set((place / "home" / "lake" / DAMAGED).iterdir()) < aside, "of what was made good nothing is kept"

    shutil.copy2(trial.root / "kept" / gone, place / "landing" / gone)
    assert run_without_report(place / "home", place / "landing")["outcome"] == "published"
    assert differing(trial.quiet, read_tables(place / "home")) == []
    assert read_status(settings_of(place)).lost == []


def test_a_damaged_decision_leaves_its_source_out_and_a_damaged_hold_holds(place: Path) -> None:
    lake, folder = settings_of(place).folders.lake, settings_of(place).folders.warehouse
    source = first(place, "lake/readings/*/*").name[:16]
    whole = next(path.stem for path in (place / "home/lake/sources").glob(f"{source}*"))
    decided = Decision(
        source_id=whole, file_name="x", state="withdrawn", reason="r", decided_at_utc=dt.datetime.now(dt.UTC)
    )
    write_decision(lake, decided)
    damaging.cut(first(place, "lake/quarantine/*"))
    published = first(place, "warehouse/snapshots/*").stem
    write_hold(folder, Hold(snapshot_id=published, instead_of=None, reason="r", decided_at_utc=dt.datetime.now(dt.UTC)))
    damaging.scribble(folder.hold)
    log = run_without_report(place / "home", place / "landing")
    assert (log["outcome"], log["held"]) == ("unchanged", True)
    (decision,) = list_decisions(settings_of(place))
    assert (decision.source_id, decision.state) == (whole, "quarantined")
    hold = read_hold(folder)
    assert hold is not None
    assert hold.snapshot_id == published


def test_doctor_reads_every_byte_and_repairs_on_request(place: Path) -> None:
    def doctor(check: str, **asked: bool) -> tuple[str, str]:
        found = {finding.check: finding for finding in examine(place / "home", **asked)}
        return found[check].state, found[check].told

    damaging.change_value(first(place, f"lake/heat_hourly/{FEBRUARY}/*"))
    assert doctor("damage")[0] == "ok", "a look reads no object"
    state, told = doctor("damage", verify=True)
    assert state == "fail"
    assert "heat_hourly" in told
    assert doctor("repair", repair=True)[0] == "ok"
    assert doctor("damage", verify=True)[0] == "ok"
    assert run_without_report(place / "home", place / "landing")["damaged"] == []


def test_a_log_of_a_run_is_read_from_its_journal_where_it_is_damaged(place: Path) -> None:
    folder = place / "home" / "runs"
    before = read_runs(folder)
    damaging.flip_bit(first(place, "runs/*.json"))
    assert read_runs(folder) == before


def test_a_warehouse_that_is_damaged_gives_way_to_the_newest_that_is_whole(place: Path) -> None:
    run_without_report(place / "home", place / "landing")
    current = place / "home" / "warehouse" / "current.duckdb"
    older = min((place / "home/warehouse/snapshots").glob("*.duckdb"))
    damaging.cut(current)
    write_edrp(place / "landing" / "may.csv", HOMES, MAY, dt.date(2009, 5, 10))
    log = run_without_report(place / "home", place / "landing")
    assert log["outcome"] == "published"
    assert any(older.stem in damage["remedy"] for damage in log["damaged"])
    with open_published(current) as warehouse:
        assert warehouse.query("SELECT * FROM run").height == 2, "its lineage goes on from the snapshot"
