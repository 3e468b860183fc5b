"""A candidate that starts from the published hours exchanges the changed months, and then equals the lake."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.heat import HEAT_HOURLY, TEMPERATURE_HOURLY
from transforms.tables.views import VIEWS
from warehouse.publish import open_candidate

HEADERS_BYTES, BLOCK_BYTES = 3 * 4096, 262_144  # of DuckDB's files
JANUARY, FEBRUARY, MARCH, APRIL = (dt.date(2010, month, 1) for month in (1, 2, 3, 4))


def write_month(folder: Path, month: dt.date, *, homes: int = 2, level: float = 1.0) -> Path:
    """Write the first day of a month as its Parquet object."""
    start = dt.datetime(month.year, month.month, 1)
    hours = pl.DataFrame({"hour_start_utc": [start + dt.timedelta(hours=n) for n in range(24)]})
    frame = pl.DataFrame({"household_id": [str(n) for n in range(homes)]}).join(hours, how="cross")
    path = folder / f"{month}-{homes}-{level}.parquet"
    columns = {"gas_kwh": pl.lit(level), "heat_kwh": pl.lit(0.8 * level)}
    HEAT_HOURLY.conform(frame.with_columns(**columns)).write_parquet(path)
    return path


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Return a warehouse with three months of hours, and a row of another table."""
    path = tmp_path / "published.duckdb"
    with open_candidate(path) as candidate:
        candidate.load_parquet(HEAT_HOURLY, [write_month(tmp_path, month) for month in (JANUARY, FEBRUARY, MARCH)])
        weather = {"hour_start_utc": [dt.datetime(2010, 1, 1)], "temperature_c": [1.0], "origin": ["x"]}
        candidate.load_frame(TEMPERATURE_HOURLY, pl.DataFrame(weather).select(list(TEMPERATURE_HOURLY.schema)))
    path.chmod(0o440)
    return path


def read_hours(path: Path) -> pl.DataFrame:
    """Return the hours of a warehouse in the order of their key."""
    with duckdb.connect(str(path), read_only=True) as con:
        return con.sql("SELECT * FROM heat_hourly").pl().sort(HEAT_HOURLY.key)


def count_rows(objects: Mapping[dt.date, Path]) -> dict[dt.date, int]:
    """Return how many rows the object of each month has."""
    return {month: pl.read_parquet(path).height for month, path in objects.items()}


def describe(path: Path) -> list[list[tuple[object, ...]]]:
    """Return tables, views and columns of a warehouse with their types and comments."""
    asked = (
        "SELECT table_name, comment FROM duckdb_tables() ORDER BY ALL",
        "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
        "SELECT table_name, column_name, column_index, data_type, is_nullable, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
    )
    with duckdb.connect(str(path), read_only=True) as con:
        return [con.sql(one).fetchall() for one in asked]


def test_changed_new_and_dropped_months_are_exchanged_and_all_others_stay(tmp_path: Path, published: Path) -> None:
    objects = {
        FEBRUARY: write_month(tmp_path, FEBRUARY, level=2.0),
        MARCH: write_month(tmp_path, MARCH),
        APRIL: write_month(tmp_path, APRIL, homes=3),
    }
    with open_candidate(tmp_path / "next.duckdb", hours_of=published) as candidate:
        assert candidate.has_hours
        stale = candidate.drop_stale_months(count_rows(objects), [FEBRUARY, APRIL])
        assert stale == [FEBRUARY, APRIL]
        candidate.load_parquet(HEAT_HOURLY, [objects[month] for month in stale])
    with open_candidate(tmp_path / "anew.duckdb") as candidate:
        assert not candidate.has_hours
        candidate.load_parquet(HEAT_HOURLY, list(objects.values()))
    assert read_hours(tmp_path / "next.duckdb").equals(read_hours(tmp_path / "anew.duckdb"))
    assert describe(tmp_path / "next.duckdb") == describe(tmp_path / "anew.duckdb")


def test_of_the_published_warehouse_nothing_but_the_hours_is_taken_and_it_stays_as_it_is(
    tmp_path: Path, published: Path
) -> None:
    before = published.read_bytes()
    with open_candidate(tmp_path / "next.duckdb", hours_of=published) as candidate:
        rows = {t.name: candidate.query(f"SELECT count(*) AS n FROM {t.name}")["n"][0] for t in WAREHOUSE_TABLES}
    assert rows.pop(HEAT_HOURLY.name) == 3 * 2 * 24
    assert set(rows.values()) == {0}
    assert published.read_bytes() == before
    assert len(describe(tmp_path / "next.duckdb")[1]) == len(VIEWS)


def test_a_month_with_another_number_of_rows_than_its_object_is_exchanged(tmp_path: Path, published: Path) -> None:
    objects = {month: write_month(tmp_path, month) for month in (JANUARY, FEBRUARY)}
    objects[MARCH] = write_month(tmp_path, MARCH, homes=5)
    with open_candidate(tmp_path / "next.duckdb", hours_of=published) as candidate:
        assert candidate.drop_stale_months(count_rows(objects), []) == [MARCH]
        candidate.load_parquet(HEAT_HOURLY, [objects[MARCH]])
    assert read_hours(tmp_path / "next.duckdb").filter(pl.col("hour_start_utc").dt.month() == 3).height == 5 * 24


def test_hours_that_are_declared_otherwise_are_not_taken(tmp_path: Path, published: Path) -> None:
    published.chmod(0o640)
    with duckdb.connect(str(published)) as con:
        con.execute("ALTER TABLE heat_hourly ADD COLUMN another DOUBLE")
    with open_candidate(tmp_path / "next.duckdb", hours_of=published) as candidate:
        assert not candidate.has_hours
        assert candidate.query("SELECT * FROM heat_hourly").schema == HEAT_HOURLY.empty().schema


def test_hours_of_a_damaged_file_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "published.duckdb"
    with open_candidate(path) as candidate:
        candidate.load_parquet(HEAT_HOURLY, [write_month(tmp_path, JANUARY, homes=2000)])
    with duckdb.connect(str(path), read_only=True) as con:
        asked = "SELECT DISTINCT block_id FROM pragma_storage_info('heat_hourly') WHERE block_id >= 0 AND column_name = 'household_id'"
        (block, *_), *_ = con.sql(asked).fetchall()
    content = bytearray(path.read_bytes())
    content[HEADERS_BYTES + block * BLOCK_BYTES + BLOCK_BYTES // 100] ^= 1
    path.write_bytes(content)
    objects = {JANUARY: write_month(tmp_path, JANUARY, homes=2000)}
    with open_candidate(tmp_path / "next.duckdb", hours_of=path) as candidate:
        assert not candidate.has_hours
        candidate.load_parquet(HEAT_HOURLY, list(objects.values()))
    assert read_hours(tmp_path / "next.duckdb").height == 2000 * 24


def test_a_filled_file_has_no_blocks_that_were_written_twice(tmp_path: Path) -> None:
    rows = 390_000  # more than three groups of a Parquet object, as the month of a sample has
    objects = [tmp_path / f"{month}.parquet" for month in (JANUARY, FEBRUARY, MARCH)]
    for number, path in enumerate(objects):
        gas = np.random.default_rng(number).gamma(0.7, 2.0, rows)
        frame = pl.DataFrame({"household_id": "1", "gas_kwh": gas, "heat_kwh": 0.8 * gas})
        start = dt.datetime(2010 + 50 * number, 1, 1)
        hours = pl.datetime_range(start, start + dt.timedelta(hours=rows - 1), "1h", eager=True)
        HEAT_HOURLY.conform(frame.with_columns(hour_start_utc=hours)).write_parquet(path, row_group_size=130_000)
    with open_candidate(tmp_path / "anew.duckdb") as candidate:
        candidate.load_parquet(HEAT_HOURLY, objects)
    with duckdb.connect(str(tmp_path / "anew.duckdb"), read_only=True) as con:
        ((free, total),) = con.sql("SELECT free_blocks, total_blocks FROM pragma_database_size()").fetchall()
        held = con.sql("SELECT * FROM heat_hourly").pl()
    assert total > 30
    assert free < 0.1 * total
    assert held.equals(pl.concat(pl.read_parquet(path) for path in objects))  # in the order of the objects
