"""Temperatures as Open-Meteo and the Met Office write them, and tables whose text is written in other ways."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from tests.landing_files import ingest, is_accounted_for
from warehouse.lake import Lake
from warehouse.manifest import Manifest

PLACE = "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n52.5,-1.5,98.0,{},GMT,GMT\n\n"
HOURS = "time,temperature_2m (°C)\n2023-01-10T00:00,7.4\n2023-01-10T01:00,-0.5\n"
DAYS = "time,temperature_2m_mean (°C)\n2023-01-10,7.4\n"


def deliver(home: Path, text: str, name: str = "open-meteo.csv") -> None:
    (home / "landing").mkdir(parents=True)
    (home / "landing" / name).write_text(text, encoding="utf-8")


def read_days(home: Path, manifest: Manifest) -> dict[dt.date, tuple[float, float]]:
    """Return mean and range of the temperatures of each day [degC], which has all its hours."""
    assert (manifest.kind, manifest.outcome, manifest.reason) == ("temperature", "accepted", None)
    assert is_accounted_for(manifest)
    assert manifest.table_key is not None
    hours = Lake(home / "lake").read(manifest.table_key)
    value = pl.col("temperature_c")
    days = hours.group_by(day=pl.col("hour_start_utc").dt.date()).agg(
        pl.len(), mean=value.mean(), spread=value.max() - value.min()
    )
    assert set(days["len"]) == {24}
    return {day: (mean, spread) for day, mean, spread in days.select("day", "mean", "spread").iter_rows()}


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


def test_the_daily_means_of_hadcet_are_read_and_its_extremes_are_refused(tmp_path: Path) -> None:
    text = " \nDate        Value\n2009-12-30       4.4\n2009-12-31      -0.2\n2010-01-01     -99.9\n"
    deliver(tmp_path / "mean", text, "meantemp_daily_totals.txt")
    (manifest,) = ingest(tmp_path / "mean").values()
    days = read_days(tmp_path / "mean", manifest)
    assert {day: mean for day, (mean, _) in days.items()} == {
        dt.date(2009, 12, 30): pytest.approx(4.4),
        dt.date(2009, 12, 31): pytest.approx(-0.2),
    }
    assert manifest.reject_reasons == {"temperature outside [-40, 45] degC": 1}
    deliver(tmp_path / "max", text, "maxtemp_daily_totals.txt")
    (manifest,) = ingest(tmp_path / "max").values()
    assert (manifest.outcome, manifest.reason) == (
        "refused",
        "the daily maxima or minima of HadCET, under the header of its means: deliver meantemp_daily_totals.txt",
    )


ABOUT = [
    "Conventions,G,BADC-CSV,1",
    *(f"comments,column_{n},what column {n} holds" for n in range(300)),
    "data",
]
DAILY = "ob_end_time,id_type,id,ob_hour_count,version_num,src_id,max_air_temp,min_air_temp,max_air_temp_q"
HOURLY = "ob_time,id,id_type,met_domain_name,wind_speed,air_temperature,dewpoint"


def test_the_extremes_of_a_station_of_midas_make_the_day_on_which_their_period_begins(tmp_path: Path) -> None:
    rows = [
        "1991-01-02 09:00:00,DCNN,1,24,1,8,9,1.2,9",
        "1991-01-03 09:00:00,DCNN,1,12,1,8,3,-1,9",  # the night of 2 January, and its day below
        "1991-01-02 21:00:00,DCNN,1,12,1,8,5,2,9",
        "1991-01-03 21:00:00,DCNN,1,12,1,8,4,2,9",  # a day whose night is missing
        "1991-01-05 09:00:00,DCNN,1,24,1,8,NA,2,9",
        "1991-01-06 09:00:00,DCNN,1,24,1,8,1,2,9",
        "1991-01-07 09:00:00,DCNN,1,6,1,8,4,2,9",
    ]
    deliver(tmp_path, "\n".join([*ABOUT, DAILY, *rows, "end data", ""]), "midas.csv")
    (manifest,) = ingest(tmp_path).values()
    days = read_days(tmp_path, manifest)
    assert days == {
        dt.date(1991, 1, 1): (pytest.approx(5.1), pytest.approx(7.8)),
        dt.date(1991, 1, 2): (pytest.approx(2.0), pytest.approx(6.0)),
    }
    assert manifest.reject_reasons == {
        "half of a day whose other half is missing": 1,
        "no temperature": 1,
        "a maximum below its minimum": 1,
        "extremes of another period than 12 or 24 hours": 1,
    }
    assert manifest.header_lines == len(ABOUT) + 2


def test_hours_of_a_station_of_midas_that_several_messages_report_are_averaged(tmp_path: Path) -> None:
    rows = [
        "2019-07-25 12:00:00,3,WMO,SYNOP,5,35.0,16",
        "2019-07-25 12:00:00,3,WMO,METAR,5,36,16",
        "2019-07-25 12:20:00,3,WMO,METAR,5,36,16",
        "2019-07-25 13:00:00,3,WMO,SYNOP,5,NA,16",
        "2019-07-25 14:00:00,3,WMO,SYNOP,5,34.2,16",
    ]
    deliver(tmp_path, "\n".join([*ABOUT, HOURLY, *rows, "end data", ""]), "midas.csv")
    (manifest,) = ingest(tmp_path).values()
    assert manifest.table_key is not None
    assert Lake(tmp_path / "lake").read(manifest.table_key).rows() == [
        (dt.datetime(2019, 7, 25, 12), 35.5),
        (dt.datetime(2019, 7, 25, 14), 34.2),
    ]
    assert manifest.reject_reasons == {"not the start of an hour": 1, "no temperature": 1}
    assert is_accounted_for(manifest)


def test_a_table_of_semicolons_and_decimal_commas_is_read(tmp_path: Path) -> None:
    deliver(tmp_path, "Tag;date;temperature_mean_c\nDi;2023-01-10;7,4\nMi;2023-01-11;-0,5\n")
    (manifest,) = ingest(tmp_path).values()
    days = read_days(tmp_path, manifest)
    assert [mean for _, (mean, _) in sorted(days.items())] == [pytest.approx(7.4), pytest.approx(-0.5)]
