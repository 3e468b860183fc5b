"""Gas after an outage, from the file to the tables: in no hour and no peak, but in the year of its home."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from tests.integration.test_units_of_homes import write_homes
from tests.pipeline import read_tables
from tests.publishing import publish_landing
from warehouse.reader import open_published

HEAT = 0.8054
MISSING, EMPTY = 40 * 48 + 12, 20 * 48 + 4  # the first half-hour of two outages
LENGTHS = {MISSING: 32, EMPTY: 96}


def write_outages(path: Path) -> float:
    """Write a year of a home with sixteen missing hours and two days of zeros, each caught up in one; return its gas."""
    write_homes(path, {"7": 1.0}, dt.date(2023, 1, 1), 365)
    header, *lines = path.read_text().splitlines()
    rows = [line.rsplit(",", 1) for line in lines]
    gas = sum(float(value) for _, value in rows)
    for first, length in LENGTHS.items():
        rows[first - 1][1] = "1.683"  # the outage begins after a half-hour with gas
        caught_up = sum(float(value) for _, value in rows[first : first + length + 1])
        for row in rows[first : first + length]:
            row[1] = "0.000"
        rows[first + length][1] = f"{caught_up:.3f}"
    kept = [row for n, row in enumerate(rows) if not MISSING <= n < MISSING + LENGTHS[MISSING]]
    path.write_text("\n".join([header, *(",".join(row) for row in kept)]) + "\n", encoding="utf-8")
    return gas


def test_gas_after_an_outage_is_in_the_year_and_in_no_hour(tmp_path: Path) -> None:
    gas = write_outages(tmp_path / "landing" / "gas.csv")
    assert publish_landing(tmp_path).outcome == "published"
    tables = read_tables(tmp_path)
    spans = tables["suspect_span"].filter(flag="catch_up").sort("start_utc")
    assert ((spans["end_utc"] - spans["start_utc"]).dt.total_minutes() // 30).to_list() == [97, 33]
    flags = dict(tables["flag_count"].select("flag", "readings").iter_rows())
    assert flags["catch_up"] + flags["very_high"] == 97 + 1  # two days in one reading are beyond any meter
    assert flags["very_high"] == 1
    assert tables["heat_hourly"]["gas_kwh"].max() < 13
    first = dt.date(2023, 1, 1) + dt.timedelta(days=MISSING // 48)
    (day,) = tables["heat_day_caught_up"].rows(named=True)  # the other outage reaches over midnight
    lines = (tmp_path / "landing" / "gas.csv").read_text().splitlines()
    of_day = sum(float(line.rsplit(",", 1)[1]) for line in lines if f",{first}T" in line)
    assert (day["date"], day["gas_kwh"], day["heat_kwh"]) == (
        first,
        pytest.approx(of_day),
        pytest.approx(of_day * HEAT),
    )
    with open_published(tmp_path / "warehouse" / "current.duckdb") as warehouse:
        days = warehouse.query("SELECT date, is_whole, hours, caught_up_kwh FROM heat_daily ORDER BY date")
    (after,) = days.filter("is_whole", pl.col("hours") < 24).rows()
    assert after == (first, True, 7, day["caught_up_kwh"])
    assert days.filter(~pl.col("is_whole"))["date"].to_list() == [
        dt.date(2023, 1, 1) + dt.timedelta(days=n) for n in (EMPTY // 48, EMPTY // 48 + 2)
    ]
    home = tables["household_period"].row(0, named=True)
    assert home["included"]
    assert home["heat_kwh_annual"] == pytest.approx(gas * HEAT, rel=0.01)
    assert home["heat_kwh_observed"] < 0.995 * gas * HEAT
    assert home["filled_share"] == pytest.approx(1 - home["heat_kwh_observed"] / home["heat_kwh_annual"], abs=1e-9)
