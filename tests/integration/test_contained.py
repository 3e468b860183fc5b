"""A month that cannot be built ends no run: it is named with the files that it rests on, and the rest is published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.operations.status import describe_status, read_status
from flows.settings import load_settings
from tests.landing_files import ingest
from tests.pipeline import read_tables, write_edrp, write_households
from tests.pipeline import run_without_report as run
from warehouse.lake import Lake

HOMES = {"1": 0.5, "2": 0.8}
SPAN = (dt.date(2009, 1, 1), dt.date(2009, 5, 1))
UNREADABLE = pl.DataFrame({"no": ["readings"]})  # sealed as it should be: nothing heals what our own work cannot read


@pytest.fixture
def root(tmp_path: Path, prefect_api: str) -> Path:
    """Give a folder with four months of two homes that nobody took in yet."""
    del prefect_api
    write_edrp(tmp_path / "landing" / "gas.csv", HOMES, *SPAN)
    write_households(tmp_path / "landing" / "households.csv", dict.fromkeys([*HOMES, "3"], "flat"))
    return tmp_path


def spoil(root: Path, file_name: str, month: str) -> None:
    """Take the files in, and put what no work can read where one month of one of them is held."""
    manifest = ingest(root)[file_name]
    Lake(root / "lake").put_frame(manifest.months[month], UNREADABLE)


def by_month(tables: dict[str, pl.DataFrame]) -> list[str]:
    """Return the built months."""
    return tables["build_month"]["month"].dt.strftime("%Y-%m").sort().to_list()


def check_named(log: dict[str, Any], root: Path, month: str, file_name: str) -> None:
    """Hold the log and the status against what has to be named."""
    (failed,) = log["units_failed"]
    assert (failed["stage"], failed["unit"], failed["rests_on"]) == ("digest months", month, [file_name])
    assert "tried again by the next run" in failed["next_step"]
    told = describe_status(read_status(load_settings(home=root)))
    assert f"digest months: {month} failed: " in told
    assert file_name in told


def test_a_month_that_cannot_be_read_is_left_out_and_its_readings_are_counted(root: Path) -> None:
    spoil(root, "gas.csv", "2009-03")
    log = run(root, root / "landing")
    assert log["outcome"] == "published"
    check_named(log, root, "2009-03", "gas.csv")
    tables = read_tables(root)
    assert by_month(tables) == ["2009-01", "2009-02", "2009-04"]
    flags = dict(tables["flag_count"].group_by("flag").agg(pl.col("readings").sum()).iter_rows())
    assert flags["not_built"] == 31 * 48 * len(HOMES)
    assert sum(flags.values()) == tables["source"].filter(kind="readings")["readings"].sum()
    assert tables["heat_hourly"]["hour_start_utc"].dt.month().unique().sort().to_list() == [1, 2, 4]


def test_a_published_month_keeps_its_state_and_the_file_that_it_fails_with_is_quarantined(root: Path) -> None:
    assert run(root, root / "landing")["outcome"] == "published"
    before = read_tables(root)
    write_edrp(root / "landing" / "late.csv", {"3": 0.6}, dt.date(2009, 3, 10), dt.date(2009, 4, 10))
    spoil(root, "late.csv", "2009-03")
    log = run(root, root / "landing")
    assert log["outcome"] == "published"
    check_named(log, root, "2009-03", "late.csv")
    after = read_tables(root)
    (late,) = after["source"].filter(file_name="late.csv").rows(named=True)
    assert late["outcome"] == "quarantined"
    assert "work on 2009-03 fails with it" in late["reason"]
    assert after["heat_hourly"].equals(before["heat_hourly"])
    assert after["build_month"].equals(before["build_month"])


def test_where_every_month_fails_the_run_fails_and_nothing_is_published(root: Path) -> None:
    for month in ("2009-01", "2009-02", "2009-03", "2009-04"):
        spoil(root, "gas.csv", month)
    with pytest.raises(RuntimeError, match="4 of 4 units failed"):
        run(root, root / "landing")
    assert not (root / "warehouse" / "current.duckdb").exists()


def test_a_run_without_a_failure_names_none(root: Path) -> None:
    log = run(root, root / "landing")
    assert (log["outcome"], log["units_failed"]) == ("published", [])
    assert "not_built" not in set(read_tables(root)["flag_count"]["flag"])
