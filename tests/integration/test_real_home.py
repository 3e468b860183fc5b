"""A real home's export as its supplier writes it: cubic metres, stamps with an offset, a few slots missing."""

from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.pipeline import read_tables
from tests.pipeline import run_without_report as run

LONDON = ZoneInfo("Europe/London")
KWH_PER_M3 = 1.02264 * 39.5 / 3.6
REAL = Path(__file__).parents[3] / "shared/reference/real_gas/uk_octopus_smets2_home_2023-24_halfhourly_m3.csv"


def write_export(path: Path, start: dt.datetime, end: dt.datetime, missing: set[dt.datetime]) -> tuple[int, float]:
    """Write a home's export between two UTC moments without the missing half-hours; return readings and kWh."""
    lines, total, moment, n = ["Consumption (m³), Start, End"], 0.0, start, 0
    made = random.Random(7)  # its smallest differences are the meter's step, in summer as in winter
    while moment < end:
        if moment not in missing:
            longest = 100 if moment.month in range(5, 10) else 400  # it heats from October to April
            litres = made.randrange(longest) if n % 5 < 2 else 0  # a boiler that is off most of the time
            local = [m.astimezone(LONDON).isoformat() for m in (moment, moment + dt.timedelta(minutes=30))]
            lines.append(f"{litres / 1000:.3f}, {local[0]}, {local[1]}")
            total += litres / 1000 * KWH_PER_M3
        moment += dt.timedelta(minutes=30)
        n += 1
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines) - 1, total


def test_an_export_of_one_home_arrives_whole_in_heat_hourly(tmp_path: Path, prefect_api: str) -> None:
    del prefect_api
    start, end = dt.datetime(2023, 4, 4, tzinfo=dt.UTC), dt.datetime(2024, 4, 11, tzinfo=dt.UTC)
    missing = {dt.datetime(2023, 4, 4, 23, 30, tzinfo=dt.UTC) + dt.timedelta(days=8 * n) for n in range(40)}
    readings, kwh = write_export(tmp_path / "landing" / "gas.csv", start, end, missing)
    assert run(tmp_path / "home", tmp_path / "landing")["outcome"] == "published"
    tables = read_tables(tmp_path / "home")
    assert tables["flag_count"].select("flag", "readings").rows() == [("ok", readings)]
    assert tables["heat_hourly"].height == (end - start) // dt.timedelta(hours=1) - len(missing)
    lost = sum(_other_half(tmp_path / "landing" / "gas.csv", moment) for moment in missing)
    assert tables["heat_hourly"]["gas_kwh"].sum() == pytest.approx(kwh - lost)
    home = tables["household_period"].row(0, named=True)
    assert (home["period"], home["included"]) == ("2023-24", True)
    assert home["completeness"] == pytest.approx(1 - (40 + 3 * 48) / (2 * 366 * 24), abs=1e-3)


def _other_half(path: Path, missing: dt.datetime) -> float:
    """Return the gas of the half-hour that shares its hour with a missing one [kWh]."""
    other = missing - dt.timedelta(minutes=30)
    with path.open(encoding="utf-8") as file:
        for row in csv.reader(file, skipinitialspace=True):
            if row[1] == other.astimezone(LONDON).isoformat():
                return float(row[0]) * KWH_PER_M3
    raise AssertionError(missing)


if REAL.exists():

    def test_the_real_home_of_the_reference_folder(tmp_path: Path, prefect_api: str) -> None:
        del prefect_api
        (tmp_path / "landing").mkdir()
        (tmp_path / "landing" / REAL.name).symlink_to(REAL)
        assert run(tmp_path / "home", tmp_path / "landing")["outcome"] == "published"
        tables = read_tables(tmp_path / "home")
        assert tables["flag_count"].select("flag", "readings").rows() == [("ok", 17_855)]
        source = tables["source"].row(0, named=True)
        span = (source["last_interval_utc"] - source["first_interval_utc"]) / dt.timedelta(minutes=30) + 1
        assert span - 17_855 == 49
        readings = pl.concat(
            pl.read_parquet(path, columns=["gas_kwh", "interval_start_utc"], hive_partitioning=False)
            for path in (tmp_path / "home" / "lake" / "readings").rglob("*.parquet")
        )
        assert readings["gas_kwh"].sum() == pytest.approx(10_672, abs=0.5)
        whole_hours = readings.group_by(pl.col("interval_start_utc").dt.truncate("1h")).len().filter(pl.col("len") == 2)
        assert tables["heat_hourly"].height == whole_hours.height
        assert tables["household_period"].select("period", "included").rows() == [("2023-24", True)]
        assert_it_gets_up_at_six_all_year(tables["heat_profile_season"])

    def assert_it_gets_up_at_six_all_year(season: pl.DataFrame) -> None:
        """Assert that the morning peak stands at 6 on the wall clock in each month; in UTC it is at 5 from April on."""
        mornings = season.filter(
            pl.col("dwelling_type") == "all", pl.col("segmentation") == "month", pl.col("hour_local") < 12
        )
        peaks = mornings.group_by("segment").agg(pl.col("hour_local").sort_by("gas_kwh_mean").last())
        assert dict(peaks.iter_rows()) == {f"{month:02d}": 6 for month in range(1, 13)}
