"""Months, or whole deliveries, in which no reading is ok: a run goes on, publishes the rest and names the files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.pipeline import read_tables, write_edrp, write_households
from tests.publishing import publish_landing

MONTHS = [dt.date(2009, month, 1) for month in (1, 2, 3, 4)]
VALUES = {"negative": "-0.5", "sentinel_max": "16777.215", "very_high": "480.0"}
HOMES = {"1": 0.5, "2": 0.3}


def write_month(landing: Path, number: int, flag: str) -> None:
    """Write a month of two homes; every reading gets `flag` from what stands in it, or from what stands beside it."""
    start, end = MONTHS[number], MONTHS[number + 1]
    if flag == "unknown_household":
        write_edrp(landing / f"{start:%Y-%m}.csv", {"8": 0.5, "9": 0.3}, start, end)
        return
    path = write_edrp(landing / f"{start:%Y-%m}.csv", HOMES, start, end)
    header, *lines = path.read_text().splitlines()
    if flag in VALUES:
        lines = [f"{line.rpartition(',')[0]},{VALUES[flag]}" for line in lines]
    elif flag == "off_grid":
        lines = [line.replace(":00,", ":09,") for line in lines]
    elif flag == "duplicate_conflict":
        lines += [f"{line}9" for line in lines]
    path.write_text("\n".join([header, *lines]) + "\n")


@pytest.mark.parametrize(
    ("flag", "place"),
    [
        ("negative", 0), ("sentinel_max", 1), ("very_high", 2),
        ("unknown_household", 0), ("off_grid", 1), ("duplicate_conflict", 2),
    ],
)  # fmt: skip
def test_a_month_of_one_exact_flag_stops_nothing(flag: str, place: int, tmp_path: Path) -> None:
    for number in range(3):
        write_month(tmp_path / "landing", number, flag if number == place else "ok")
    write_households(tmp_path / "landing" / "households.csv", dict.fromkeys(HOMES, "flat"))
    assert publish_landing(tmp_path).outcome == "published"
    tables = read_tables(tmp_path)
    flagged, other = (
        tables["flag_count"]
        .join(tables["source"].select("source_id", "file_name"), on="source_id")
        .partition_by("flag", as_dict=True)[(name,)]
        for name in (flag, "ok")
    )
    assert flagged["file_name"].to_list() == [f"{MONTHS[place]:%Y-%m}.csv"]
    days = [(MONTHS[n + 1] - MONTHS[n]).days for n in range(3) if n != place]
    assert other["readings"].sum() == len(HOMES) * 48 * sum(days)
    assert tables["heat_hourly"]["gas_kwh"].sum() > 0
    assert tables["flag_judgement"].filter(month=MONTHS[place])["readings"].sum() == 0


@pytest.mark.parametrize("flag", ["negative", "unknown_household"])
def test_where_no_reading_at_all_is_ok_the_gate_names_each_file_with_its_flag(flag: str, tmp_path: Path) -> None:
    for number in range(2):
        write_month(tmp_path / "landing", number, flag)
    write_households(tmp_path / "landing" / "households.csv", dict.fromkeys(HOMES, "flat"))
    publication = publish_landing(tmp_path)
    assert publication.outcome == "gate_failed"
    assert "build_month.some_month_has_hours" in publication.failed_checks
    for number in range(2):
        assert f"file_name {MONTHS[number]:%Y-%m}.csv, flag {flag}" in publication.failures


def test_a_late_file_without_an_ok_reading_changes_no_published_number(tmp_path: Path) -> None:
    write_month(tmp_path / "landing", 0, "ok")
    assert publish_landing(tmp_path).outcome == "published"
    before = read_tables(tmp_path)
    write_month(tmp_path / "landing", 2, "negative")
    assert publish_landing(tmp_path).outcome == "published"
    after = read_tables(tmp_path)
    for name in ("heat_hourly", "household_period", "heat_demand_annual", "flag_judgement", "lcoh"):
        assert after[name].equals(before[name]), name
    assert after["source"].height == before["source"].height + 1
