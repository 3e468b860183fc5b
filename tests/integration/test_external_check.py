"""The external check from a warehouse: published tables beside a folder of studies, days of included homes only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from flows.pipeline.external import NO_FOLDER, compare_with_studies
from flows.pipeline.report import fingerprint_references
from quality.disclosure.cells import publish_cells
from quality.disclosure.everything import by_name
from quality.disclosure.rule import BY_DWELLING_TYPE
from transforms.heat.season import profile_by_season
from transforms.public.public import PublicTable
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_HOURLY, HEAT_PROFILE, HEAT_PROFILE_SEASON

Query = Callable[[str], pl.DataFrame]
HOURS = pl.datetime_range(
    dt.datetime(2009, 1, 1), dt.datetime(2010, 1, 1), "1h", closed="left", time_unit="us", eager=True
)
INCLUDED = 12


def make_hourly() -> pl.DataFrame:
    """Return a year of 12 homes that heat, of a thirteenth far above them, and of a gap in the first."""
    day = np.arange(len(HOURS)) // 24
    year = 1.0 + 0.9 * np.cos(2 * np.pi * day / 365)
    homes = [
        pl.DataFrame({"hour_start_utc": HOURS, "gas_kwh": year * level}).with_columns(household_id=pl.lit(str(n)))
        for n, level in enumerate([*np.linspace(0.8, 1.2, INCLUDED), 50.0])
    ]
    hourly = pl.concat(homes).with_columns(heat_kwh=pl.col("gas_kwh") * 0.8).select(*HEAT_HOURLY.schema)
    gap = (pl.col("household_id") == "0") & (pl.col("hour_start_utc") == dt.datetime(2009, 1, 5, 7))
    return hourly.filter(~gap)


@pytest.fixture(scope="module")
def hourly() -> pl.DataFrame:
    return make_hourly()


@pytest.fixture(scope="module")
def published(hourly: pl.DataFrame) -> dict[str, PublicTable]:
    """Return the run's tables after disclosure control."""
    included = hourly.filter(pl.col("household_id").cast(pl.Int64) < INCLUDED)
    means = included.group_by("hour_start_utc").agg(
        pl.col("gas_kwh", "heat_kwh").mean().name.suffix("_mean"), households=pl.len()
    )
    rows = means.join(pl.DataFrame({"dwelling_type": ["detached", "all"]}), how="cross")
    cold = 10 - 8 * (pl.col("hour_start_utc").dt.ordinal_day() / 58.1).cos()
    profile = HEAT_PROFILE.conform(rows.with_columns(period=pl.lit("2009"), heat_kwh_se=None, temperature_c=cold))
    sums = profile.group_by("dwelling_type", "period").agg(pl.col("gas_kwh_mean").sum(), pl.col("households").max())
    nothing = {c.name: pl.lit(None) for c in HEAT_DEMAND_ANNUAL.columns if c.name not in sums.columns}
    demand = publish_cells(
        HEAT_DEMAND_ANNUAL,
        HEAT_DEMAND_ANNUAL.conform(sums.with_columns(**nothing)),
        margins=[BY_DWELLING_TYPE],
    )
    tables = [
        publish_cells(HEAT_PROFILE, profile, coarser=demand),
        publish_cells(HEAT_PROFILE_SEASON, profile_by_season(profile), coarser=demand),
        demand,
    ]
    return by_name(tables)


@pytest.fixture(scope="module")
def query(hourly: pl.DataFrame) -> Iterator[Query]:
    """Ask a database with the homes' hours and which homes are included."""
    period = {"period": "2009", "period_start_utc": dt.datetime(2009, 1, 1), "period_end_utc": dt.datetime(2010, 1, 1)}
    homes = pl.DataFrame([{"household_id": str(n), "included": n < INCLUDED, **period} for n in range(INCLUDED + 1)])
    temperature = pl.DataFrame({"hour_start_utc": HOURS}).with_columns(temperature_c=pl.lit(10.0))
    frames = {"heat_hourly": hourly, "household_period": homes, "temperature_hourly": temperature}
    with duckdb.connect() as connection:
        for name, frame in frames.items():
            connection.register("given", frame.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
            connection.unregister("given")
        yield lambda sql: connection.sql(sql).pl()


def write_days(folder: Path, homes: int) -> None:
    """Write a sample of meters that use 10 kWh a day in summer and 90 in winter."""
    dates = pl.datetime_range(dt.datetime(2024, 1, 1), dt.datetime(2025, 1, 1), "1d", closed="left", eager=True)
    gas = 50 + 40 * (dates.dt.ordinal_day() / 58.1).cos()
    days = pl.concat(
        pl.DataFrame({"DATE": dates, "CONS_sum": gas * level}).with_columns(EAN_ID=pl.lit(n))
        for n, level in enumerate(np.linspace(0.5, 1.5, homes))
    )
    (folder / "real_gas").mkdir(parents=True)
    days.write_ipc(folder / "real_gas" / "fluvius_2024_gas_daily.feather")


def test_days_of_included_homes_stand_beside_the_published_meters(
    tmp_path: Path, query: Query, published: dict[str, PublicTable]
) -> None:
    write_days(tmp_path, 20)
    check = compare_with_studies(query, tmp_path, published, origin=None)
    level = check.rows.filter(pl.col("quantity") == "gas per home and day", pl.col("segment") == "all").row(
        0, named=True
    )
    assert level["study"] == "Fluvius 2024"
    assert level["households"] == INCLUDED
    assert level["own"] == pytest.approx(24.0, rel=2e-3)  # the excluded home of fifty times that is not in it
    assert level["published"] == pytest.approx(50.0, rel=2e-2)
    missing = [words for words in check.not_compared if "no such file" in words]
    assert len(missing) == 3
    assert all(words.startswith("serl/") for words in missing)


def test_a_day_that_lacks_an_hour_is_not_a_day_of_little_gas(query: Query) -> None:
    from flows.pipeline.external import WHOLE_DAYS

    days = query(WHOLE_DAYS.format(period="2009"))
    assert days.height == INCLUDED * 365 - 1
    assert days.filter(pl.col("household_id") == "0", pl.col("date") == dt.date(2009, 1, 5)).is_empty()


def test_a_spoilt_study_is_named_and_stops_nothing(
    tmp_path: Path, query: Query, published: dict[str, PublicTable], capsys: pytest.CaptureFixture[str]
) -> None:
    write_days(tmp_path, 20)
    (tmp_path / "serl").mkdir()
    (tmp_path / "serl" / "serl_gas_hh_shapes_long.csv").write_text("year,segment\n2022,Detached\n")
    check = compare_with_studies(query, tmp_path, published, origin=None)
    assert set(check.rows["study"]) == {"Fluvius 2024"}
    assert any(w.startswith("serl/serl_gas_hh_shapes_long.csv: refused, ") for w in check.not_compared)
    said = capsys.readouterr().err.splitlines()
    assert said == [f"not compared with published studies: {what}" for what in check.not_compared]


def test_without_a_folder_nothing_is_compared_and_it_says_which_setting_names_one(
    query: Query, published: dict[str, PublicTable]
) -> None:
    check = compare_with_studies(query, None, published, origin=None)
    assert check.rows.is_empty()
    assert check.not_compared == (NO_FOLDER,)
    assert "reference_folder" in NO_FOLDER


def test_a_changed_study_changes_the_fingerprint(tmp_path: Path) -> None:
    assert fingerprint_references(None) is None
    before = fingerprint_references(tmp_path)
    write_days(tmp_path, 10)
    assert fingerprint_references(tmp_path) != before
