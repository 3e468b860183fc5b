"""A change rebuilds exactly the units that read what changed; everything else stays as it is."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from flows.pipeline import unit
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.settings import load_settings
from tests.pipeline import copy_home, differing, read_tables, units, write_edrp, write_households
from tests.pipeline import run_without_report as run
from warehouse.lake import Lake

TYPES = ("detached", "semi_detached", "terraced", "bungalow", "flat")
HOMES = {str(n): 0.3 + 0.05 * n for n in range(1, 13)}
NAMED = {home: TYPES[int(home) % 5] for home in HOMES}
YEAR = (dt.date(2009, 1, 1), dt.date(2010, 1, 1))
RESULTS = ("household", "household_period", "heat_hourly", "heat_profile", "heat_demand_annual", "lcoh", "build_month")
STAGES = ("build_month", "heat_demand_annual")


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Path:
    """Give a folder with a year's landing and the home of a run over it; tests work on copies."""
    del prefect_api
    root = tmp_path_factory.mktemp("year")
    write_edrp(root / "landing" / "a.csv", dict(list(HOMES.items())[:6]), *YEAR)
    write_edrp(root / "landing" / "b.csv", dict(list(HOMES.items())[6:]), *YEAR)
    write_households(root / "landing" / "households.csv", NAMED)
    log = run(root / "home", root / "landing")
    assert (log["outcome"], log["months_built"], log["periods_built"]) == ("published", 12, 1)
    return root


@pytest.fixture
def copy(year: Path, tmp_path: Path) -> Path:
    """Give a copy of the year in which a test may change things, with the landing paths of the copy."""
    return copy_home(year, tmp_path)


def added(root: Path, before: dict[str, set[str]]) -> dict[str, int]:
    """Return how many units of each stage were built since `before`."""
    return {stage: len(units(root / "home", stage) - before[stage]) for stage in STAGES}


def built(root: Path) -> dict[str, set[str]]:
    """Return the units of each stage that are done."""
    return {stage: units(root / "home", stage) for stage in STAGES}


def test_the_same_input_twice_skips_every_unit_and_publishes_nothing(copy: Path) -> None:
    database = copy / "home" / "warehouse" / "current.duckdb"
    before, lake = database.stat().st_mtime_ns, built(copy)
    log = run(copy / "home", copy / "landing")
    assert (log["outcome"], log["files_ingested"], log["months_built"], log["periods_built"]) == ("unchanged", 0, 0, 0)
    assert database.stat().st_mtime_ns == before
    assert built(copy) == lake


def test_a_changed_type_rebuilds_the_period_and_no_month(copy: Path) -> None:
    before = built(copy)
    write_households(copy / "landing" / "households.csv", NAMED | {"3": "flat"})
    assert run(copy / "home", copy / "landing")["outcome"] == "published"
    assert added(copy, before) == {"build_month": 0, "heat_demand_annual": 1}


def test_a_household_table_without_a_home_rebuilds_the_months_in_which_it_is(copy: Path) -> None:
    before = built(copy)
    write_households(copy / "landing" / "households.csv", {home: kind for home, kind in NAMED.items() if home != "3"})
    run(copy / "home", copy / "landing")
    assert added(copy, before) == {"build_month": 12, "heat_demand_annual": 1}
    homes = read_tables(copy / "home")["household"]
    assert homes.filter(pl.col("household_id") == "3")["exclusion_reason"].to_list() == ["unknown_household"]


def test_a_household_table_that_arrives_later_rebuilds_the_period_only(
    tmp_path: Path, year: Path, prefect_api: str
) -> None:
    del prefect_api
    shutil.copytree(year / "landing", tmp_path / "landing")
    late = tmp_path / "landing" / "households.csv"
    late.unlink()
    run(tmp_path / "home", tmp_path / "landing")
    assert set(read_tables(tmp_path / "home")["heat_demand_annual"]["dwelling_type"]) == {"all", "stock", "unknown"}
    before = built(tmp_path)
    write_households(late, NAMED)
    run(tmp_path / "home", tmp_path / "landing")
    assert added(tmp_path, before) == {"build_month": 0, "heat_demand_annual": 1}
    quiet, now = read_tables(year / "home"), read_tables(tmp_path / "home")
    assert not set(differing(quiet, now)) & set(RESULTS)


def test_a_changed_completeness_threshold_rebuilds_the_period_only(copy: Path) -> None:
    before = built(copy)
    run(copy / "home", copy / "landing", settings={"completeness_min": 0.8})
    assert added(copy, before) == {"build_month": 0, "heat_demand_annual": 1}


def test_a_changed_flag_threshold_reads_the_sources_again(copy: Path) -> None:
    before = built(copy)
    log = run(copy / "home", copy / "landing", settings={"very_high_kwh": 1.2})
    assert log["files_ingested"] == 2
    assert added(copy, before) == {"build_month": 12, "heat_demand_annual": 1}
    assert "very_high" in set(read_tables(copy / "home")["flag_count"]["flag"])


def test_a_changed_temperature_rebuilds_the_period_that_it_touches(copy: Path) -> None:
    before = built(copy)
    (copy / "landing" / "temperature.csv").write_text(
        "date,temperature_mean_c\n2009-02-01,-3.5\n2009-02-02,-4.5\n", encoding="utf-8"
    )
    run(copy / "home", copy / "landing")
    assert added(copy, before) == {"build_month": 0, "heat_demand_annual": 1}
    (copy / "landing" / "temperature.csv").write_text(
        "date,temperature_mean_c\n2009-02-01,-3.5\n2009-02-02,-4.5\n2012-01-01,4.0\n", encoding="utf-8"
    )
    after = built(copy)
    run(copy / "home", copy / "landing")
    assert added(copy, after) == {"build_month": 0, "heat_demand_annual": 0}


def test_a_late_file_rebuilds_its_months_only(copy: Path) -> None:
    before = built(copy)
    write_edrp(copy / "landing" / "late.csv", {"13": 0.5}, dt.date(2009, 3, 10), dt.date(2009, 4, 20))
    run(copy / "home", copy / "landing")
    assert added(copy, before) == {"build_month": 2, "heat_demand_annual": 1}


def test_a_file_with_new_content_supersedes_its_old_content(copy: Path) -> None:
    write_edrp(copy / "landing" / "b.csv", dict(list(HOMES.items())[6:]), *YEAR, shift=3)
    run(copy / "home", copy / "landing")
    ledger = read_tables(copy / "home")
    old = ledger["source"].filter(pl.col("superseded"))
    assert old["file_name"].to_list() == ["b.csv"]
    flags = ledger["flag_count"].filter(pl.col("source_id") == old["source_id"][0])
    assert flags["flag"].to_list() == ["superseded"]
    assert flags["readings"].sum() == old["readings"][0]


@pytest.mark.parametrize("arrange", ["shuffled", "split", "reversed order of arrival"])
def test_the_same_readings_in_another_arrangement_give_the_same_tables(
    arrange: str, year: Path, tmp_path: Path, prefect_api: str
) -> None:
    del prefect_api
    landing, source = tmp_path / "landing", year / "landing"
    landing.mkdir()
    texts = {path.name: path.read_text(encoding="utf-8").splitlines() for path in sorted(source.glob("*.csv"))}
    if arrange == "shuffled":
        for name, (header, *rows) in texts.items():
            mixed = pl.Series(rows).sample(fraction=1, shuffle=True, seed=4).to_list()
            (landing / name).write_text("\n".join([header, *mixed]) + "\n", encoding="utf-8")
    elif arrange == "split":
        for name, (header, *rows) in texts.items():
            for part in range(3):
                (landing / f"{part}_{name}").write_text("\n".join([header, *rows[part::3]]) + "\n", encoding="utf-8")
    else:
        for name in reversed(texts):
            shutil.copy(source / name, landing / name)
            run(tmp_path / "home", landing)
    log = run(tmp_path / "home", landing)
    assert log["outcome"] in {"published", "unchanged"}
    quiet, now = read_tables(year / "home"), read_tables(tmp_path / "home")
    drop = ["fingerprint", "data_fingerprint", "code_fingerprint"]
    assert [
        name for name in RESULTS if not quiet[name].drop(drop, strict=False).equals(now[name].drop(drop, strict=False))
    ] == []


def test_a_backfill_brings_its_span_up_to_date_and_leaves_the_rest_as_published(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_tables(copy / "home")["build_month"]
    monkeypatch.setattr(unit, "code_fingerprint", lambda work: f"another release of {work.__name__}")
    log = run(copy / "home", kind="backfill", reason="new code", first_month="2009-04", last_month="2009-05")
    assert (log["outcome"], log["months_built"], log["periods_built"]) == ("published", 2, 1)
    after = read_tables(copy / "home")["build_month"]
    changed = after.join(before, on=["month", "fingerprint"], how="anti")["month"].sort().to_list()
    assert changed == [dt.date(2009, 4, 1), dt.date(2009, 5, 1)]
    assert run(copy / "home", copy / "landing")["months_built"] == 10  # a nightly brings the others up to date


def test_a_backfill_takes_in_what_a_dead_nightly_had_ingested(copy: Path) -> None:
    settings = load_settings(home=copy / "home", landing=copy / "landing", landing_quiet_seconds=0)
    write_edrp(copy / "landing" / "late.csv", {"13": 0.5}, dt.date(2009, 3, 10), dt.date(2009, 4, 20))
    lake, options = Lake(settings.home / "lake"), ingest_options(settings, today=dt.date(2026, 1, 1))
    for work in plan_ingest(lake, settings.landing_folder, options).works:
        ingest_file(lake, work, options)
    log = run(copy / "home", kind="backfill", reason="a late file", first_month="2009-04", last_month="2009-04")
    assert (log["outcome"], log["months_built"]) == ("published", 2)
    assert run(copy / "home", copy / "landing")["outcome"] == "unchanged"


def test_a_forced_backfill_of_an_unchanged_span_changes_no_table(copy: Path) -> None:
    before = read_tables(copy / "home")
    log = run(copy / "home", kind="backfill", first_month="2009-02", last_month="2009-03", force=True)
    assert (log["outcome"], log["months_built"]) == ("unchanged", 2)
    assert differing(before, read_tables(copy / "home")) == []
