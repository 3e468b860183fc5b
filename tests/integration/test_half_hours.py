"""The view `half_hour`: every reading of the published months with its final flag, and no other file."""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.answers.sql import run_sql
from warehouse.half_hours import find_half_hours
from warehouse.lake import Lake
from warehouse.reader import QueryError, open_published


@pytest.fixture(scope="module")
def data(sample_home: Path) -> Path:
    """Give a data folder with a published run."""
    return sample_home / "hearth-data"


def ask(data: Path, sql: str) -> pl.DataFrame:
    """Return what `hearth sql` gives on the half-hours of a data folder."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    run_sql(data / "warehouse" / "current.duckdb", sql, "csv", stream, lake=Lake(data / "lake"))
    stream.flush()
    return pl.read_csv(stream.buffer.getvalue())  # type: ignore[attr-defined]


def test_every_flag_has_the_readings_that_the_warehouse_counts(data: Path) -> None:
    found = ask(data, "SELECT flag, count(*) AS readings FROM half_hour GROUP BY flag ORDER BY flag")
    counted = ask(data, "SELECT flag, sum(readings)::BIGINT AS readings FROM flag_count WHERE readings > 0 AND flag <> 'bad_time' GROUP BY flag ORDER BY flag")  # fmt: skip
    assert found.filter(pl.col("flag") != "bad_time").equals(counted)
    months = ask(data, "SELECT sum(readings)::BIGINT AS readings, sum(ok_half_hours)::BIGINT AS ok FROM build_month")
    assert found["readings"].sum() == months["readings"][0]
    assert found.filter(flag="ok")["readings"][0] == months["ok"][0]
    assert found.height > 2


def test_a_reading_stands_once_and_hours_are_the_sum_of_their_halves(data: Path) -> None:
    twice = "SELECT count(*) - count(DISTINCT (source_id, line, interval_start_utc)) AS twice FROM half_hour"
    assert ask(data, twice)["twice"][0] == 0
    apart = ask(
        data,
        """
        SELECT count(*) AS hours, max(abs(h.gas_kwh - o.gas_kwh)) AS apart
        FROM (
            SELECT household_id, date_trunc('hour', interval_start_utc) AS hour_start_utc, sum(gas_kwh) AS gas_kwh
            FROM half_hour WHERE flag = 'ok' GROUP BY ALL HAVING count(*) = 2
        ) h JOIN heat_hourly o USING (household_id, hour_start_utc)
        """,
    )
    assert apart["hours"][0] == ask(data, "SELECT count(*) AS hours FROM heat_hourly")["hours"][0]
    assert apart["apart"][0] < 1e-9


def test_no_other_file_is_reached_beside_the_half_hours(data: Path) -> None:
    beside = next((data / "lake" / "temperature").glob("*.parquet"))
    with pytest.raises(QueryError, match="disabled by configuration"):
        ask(data, f"SELECT count(*) FROM half_hour, read_parquet('{beside}')")
    with pytest.raises(QueryError, match="disabled by configuration"):
        ask(data, "SELECT count(*) FROM half_hour, read_csv('/etc/passwd')")
    with (
        pytest.raises(QueryError, match="there is no table half_hour"),
        open_published(data / "warehouse" / "current.duckdb") as it,
    ):
        it.query("FROM half_hour")


def test_a_lake_that_lost_a_file_is_named(data: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(data / "warehouse" / "current.duckdb"), read_only=True) as con:
        months = con.sql("SELECT month, fingerprint FROM build_month").pl()
        sources = con.sql("SELECT source_id FROM source WHERE kind = 'readings' AND outcome = 'accepted'").pl()
    gone = months.with_columns(fingerprint=pl.lit("0" * 64))
    view = find_half_hours(Lake(data / "lake"), gone, sources)
    opened = open_published(data / "warehouse" / "current.duckdb", half_hours=view)
    with pytest.raises(QueryError, match="half_hour cannot be read from the lake"), opened:
        pass
    nothing = find_half_hours(Lake(data / "lake"), months, sources.clear())
    with open_published(data / "warehouse" / "current.duckdb", half_hours=nothing) as warehouse:
        assert warehouse.query("FROM half_hour").is_empty()
    assert not list(tmp_path.iterdir())
