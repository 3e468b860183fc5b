"""Temperatures as Open-Meteo writes them: lines about the place above the header, days or hours in UTC."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.landing_files import ingest
from warehouse.lake import Lake

PLACE = "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n52.5,-1.5,98.0,{},GMT,GMT\n\n"
HOURS = "time,temperature_2m (°C)\n2023-01-10T00:00,7.4\n2023-01-10T01:00,-0.5\n"
DAYS = "time,temperature_2m_mean (°C)\n2023-01-10,7.4\n"


def deliver(home: Path, text: str) -> None:
    (home / "landing").mkdir(parents=True)
    (home / "landing" / "open-meteo.csv").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("rows", "hours", "mean"), [(HOURS, 2, 3.45), (DAYS, 24, 7.4)], ids=["hours", "days"])
def test_temperatures_of_open_meteo_are_read(rows: str, hours: int, mean: float, tmp_path: Path) -> None:
    deliver(tmp_path, PLACE.format(0) + rows)
    (manifest,) = ingest(tmp_path).values()
    assert (manifest.kind, manifest.outcome) == ("temperature", "accepted")
    assert manifest.table_key is not None
    table = Lake(tmp_path / "lake").read(manifest.table_key)
    assert table["hour_start_utc"][0] == dt.datetime(2023, 1, 10)
    assert (len(table), table["temperature_c"].mean()) == (hours, pytest.approx(mean))


def test_temperatures_by_another_clock_are_refused_with_the_next_step(tmp_path: Path) -> None:
    deliver(tmp_path, PLACE.format(3600) + HOURS)
    (manifest,) = ingest(tmp_path).values()
    assert manifest.outcome == "refused"
    assert manifest.reason == "its stamps lie 3600 s from UTC; ask Open-Meteo for GMT"
