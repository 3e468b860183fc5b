"""What the gate carries from one publication to the next, and what only a full audit sees."""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.pipeline.candidate import RunRecord
from flows.pipeline.content import Content, begin_content
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.judgement import Audit, plan_audit
from flows.pipeline.publication import Publication, publish
from flows.pipeline.stages import complete_content
from flows.settings import Settings, load_settings
from quality.changed import Changed
from tests.pipeline import run_without_report as run
from tests.pipeline import write_edrp, write_households
from warehouse.lake import Lake
from warehouse.publish import History, WarehouseFolder, read_history

TYPES = {"1": "flat", "2": "flat"}
LEVELS = {"1": 0.5, "2": 0.8}  # kWh per half-hour
MARCH, APRIL = dt.date(2010, 3, 1), dt.date(2010, 4, 1)
KEY_CHECK = "heat_hourly.key_is_unique"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home whose warehouse holds a year and two months more, with a study period, judged in full."""
    root = tmp_path_factory.mktemp("carries")
    write_edrp(root / "landing" / "gas.csv", LEVELS, dt.date(2009, 1, 1), MARCH)
    write_households(root / "landing" / "households.csv", TYPES)
    assert night(root).outcome == "published"
    return root


@pytest.fixture(scope="module")
def built(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of it in which one month more is delivered and built, and not yet judged."""
    root = copy(published, tmp_path_factory.mktemp("built") / "root")
    for home, level in LEVELS.items():  # of a single new file the gate would say that it alone explains a failure
        write_edrp(root / "landing" / f"march_{home}.csv", {home: level}, MARCH, APRIL)
    plan(root)
    return root


def copy(root: Path, to: Path) -> Path:
    """Copy a home with its landing folder."""
    shutil.copytree(root, to, symlinks=True)
    return to


def settings_of(root: Path, **given: Any) -> Settings:
    """Return settings that make a run quick."""
    return load_settings(
        home=root / "home", landing=root / "landing", landing_quiet_seconds=0, sobol_samples=64,
        bootstrap_replicates=100, **given,
    )  # fmt: skip


def take_in(root: Path, **given: Any) -> Settings:
    """Take in what is new, and return the settings."""
    settings = settings_of(root, **given)
    lake, options = Lake(settings.home / "lake"), ingest_options(settings, today=dt.date(2026, 1, 1))
    for work in plan_ingest(lake, settings.landing_folder, options).works:
        ingest_file(lake, work, options)
    return settings


def plan(root: Path, **given: Any) -> Content:
    """Take in what is new and build what changed, without publishing."""
    return complete_content(begin_content(take_in(root, **given)))


def night(root: Path, **given: Any) -> Publication:
    """Take in what is new, build what changed, judge and publish."""
    record = RunRecord(
        run_id=uuid.uuid4().hex, kind="nightly", reason=None, started_at_utc=dt.datetime.now(dt.UTC), sources_new=1,
        months_built=1,
    )  # fmt: skip
    return publish(take_in(root, **given), record)


def history(root: Path) -> History:
    """Return what the published warehouse says of itself."""
    found = read_history(WarehouseFolder(root / "home" / "warehouse").current)
    assert found is not None
    return found


def audit_now(root: Path, *, days_later: float = 0, **given: Any) -> Audit:
    """Return what the gate would measure some days from now."""
    return plan_audit(plan(root, **given), history(root), dt.datetime.now(dt.UTC) + dt.timedelta(days=days_later))


def plant_a_doubled_key(root: Path, month: str) -> None:
    """Let a home have an hour twice and another not at all: number and gas of the month's hours stay."""
    (path,) = (root / "home" / "lake").glob(f"heat_hourly/month={month}/*.parquet")
    hours = pl.read_parquet(path, hive_partitioning=False)
    at = pl.int_range(pl.len())
    moved = pl.when(at == 1).then(pl.col("hour_start_utc").first()).otherwise("hour_start_utc")
    hours.sort("household_id", "hour_start_utc").with_columns(hour_start_utc=moved).write_parquet(path)


def verdicts(root: Path) -> pl.DataFrame:
    """Return the verdicts on the published warehouse."""
    found = history(root)
    own = found.quality_result.filter(run_id=found.run["run_id"][-1])
    return own.drop("run_id").sort("check_name")


def test_carried_verdicts_are_those_of_a_full_audit(built: Path, tmp_path: Path) -> None:
    one, other = copy(built, tmp_path / "carried"), copy(built, tmp_path / "audited")
    audit = audit_now(one)
    assert (audit.is_full, audit.changed) == (False, Changed(months=(MARCH,), periods=()))
    assert night(one).outcome == night(other, full_audit=True).outcome == "published"
    assert history(one).run["audit"].to_list() == ["full", "carried"]
    assert history(other).run["audit"].to_list() == ["full", "full"]
    assert history(one).run["gate_fingerprint"].n_unique() == 1
    assert verdicts(one).equals(verdicts(other))
    assert len(verdicts(one)) > 300


def test_a_bad_row_is_found_when_its_month_is_judged_first_and_never_carried(built: Path, tmp_path: Path) -> None:
    root = copy(built, tmp_path / "root")
    plant_a_doubled_key(root, "2010-03")
    failed = night(root)
    assert (failed.outcome, failed.failed_checks) == ("gate_failed", (KEY_CHECK,))
    assert "hour_start_utc 2010-03-01T00:00:00.000000, rows 2" in failed.failures
    assert audit_now(root).changed.months == (MARCH,)


def test_a_bad_row_planted_after_its_gate_is_found_by_the_full_audit(built: Path, tmp_path: Path) -> None:
    plant_a_doubled_key(copy(built, tmp_path / "carried"), "2010-01")
    other = copy(tmp_path / "carried", tmp_path / "audited")
    assert night(tmp_path / "carried").outcome == "published"  # the sums of January are as they were
    found = night(other, full_audit=True)
    assert (found.outcome, found.failed_checks) == ("gate_failed", (KEY_CHECK,))


def test_a_lost_row_of_a_carried_month_is_found_by_every_gate(built: Path, tmp_path: Path) -> None:
    root = copy(built, tmp_path / "root")
    (path,) = (root / "home" / "lake").glob("heat_hourly/month=2010-01/*.parquet")
    pl.read_parquet(path, hive_partitioning=False).head(-1).write_parquet(path)
    assert not audit_now(root).is_full
    assert "heat_hourly.hours_are_those_built" in night(root).failed_checks


def test_an_audit_that_is_asked_for_judges_also_what_would_change_nothing(published: Path, tmp_path: Path) -> None:
    root = copy(published, tmp_path / "root")
    snapshot = history(root).snapshot_id
    asked = night(root, full_audit=True)
    assert (asked.outcome, asked.snapshot_id) == ("unchanged", snapshot)
    assert asked.warnings.startswith("audited in full, nothing changed: ")
    assert list((root / "home" / "warehouse" / "candidates").iterdir()) == []
    plant_a_doubled_key(root, "2010-01")
    assert night(root).outcome == "unchanged"
    failed = night(root, full_audit=True)
    assert (failed.outcome, failed.failed_checks) == ("gate_failed", (KEY_CHECK,))
    assert history(root).snapshot_id == snapshot


def test_a_backfill_by_force_is_judged_in_full(published: Path, tmp_path: Path, prefect_api: str) -> None:
    del prefect_api
    root = copy(published, tmp_path / "root")
    plant_a_doubled_key(root, "2010-02")  # beside the month that is forced
    span = {"first_month": "2010-01", "last_month": "2010-01"}
    forced = run(root / "home", kind="backfill", force=True, **span)
    assert (forced["outcome"], forced["failed_checks"]) == ("gate_failed", [KEY_CHECK])


def test_a_changed_type_changes_its_study_period_and_no_month(published: Path, tmp_path: Path) -> None:
    root = copy(published, tmp_path / "root")
    write_households(root / "landing" / "households.csv", TYPES | {"2": "terraced"})
    assert audit_now(root).changed == Changed(months=(), periods=("2009",))


def test_all_is_measured_again_after_some_days_and_where_other_checks_judged(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not audit_now(published, days_later=6.9).is_full
    late = audit_now(published, days_later=7.1)
    assert (late.is_full, late.changed.periods, len(late.changed.months)) == (True, ("2009",), 14)
    assert audit_now(published, full_audit_days=0).is_full
    assert not audit_now(published, days_later=7.1, full_audit_days=30).is_full
    monkeypatch.setattr("quality.truths.readings.BOILER_EFFICIENCY", ("gas_boiler", "efficiency"))
    assert audit_now(published).is_full


@pytest.mark.parametrize("command", ["run", "backfill"])
def test_the_commands_offer_the_audit(command: str) -> None:
    told = CliRunner().invoke(app, [command, "--help"])
    assert told.exit_code == 0
    assert "--full-audit" in told.output
