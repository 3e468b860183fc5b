"""Each check derived from a declaration passes on clean rows and fails, by its name, on one bad row."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quality.changed import Changed
from quality.checks import Check, check_table
from quality.measure import measure, sample_broken
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.heat import HEAT_HOURLY
from transforms.tables.schema import Column, Table

FIRST_DAY = dt.datetime(2009, 1, 1)
FIRST_ROW = "WHERE rowid = 0"


def clean_rows(table: Table) -> pl.DataFrame:
    """Return two rows that are as declared."""
    return table.conform(
        pl.DataFrame({column.name: [_clean(column, 0), _clean(column, 1)] for column in table.columns})
    )


def _clean(column: Column, row: int) -> object:
    if column.allowed:
        return column.allowed[0]
    if column.dtype.is_temporal():
        return FIRST_DAY + dt.timedelta(days=row)
    if column.dtype.is_numeric():
        return (column.lower or 0) + row
    return bool(row) if column.dtype == pl.Boolean else f"{column.name} {row}"


def bad_rows(table: Table) -> Iterator[tuple[str, str]]:
    """Return the name of a check, and the statement that makes a row fail it."""
    yield f"{table.name}.key_is_unique", f"INSERT INTO {table.name} FROM {table.name} {FIRST_ROW}"
    if not table.may_be_empty:
        yield f"{table.name}.has_rows", f"DELETE FROM {table.name}"
    for column in table.columns:
        for rule, value in _bad_values(column):
            statement = f'UPDATE {table.name} SET "{column.name}" = {value} {FIRST_ROW}'
            yield f"{table.name}.{column.name}.{rule}", statement


def _bad_values(column: Column) -> Iterator[tuple[str, str]]:
    if not column.nullable:
        yield "is_not_null", "NULL"
    rule = "is_finite" if column.lower is None and column.upper is None else "is_within_bounds"
    if column.dtype.is_float():
        yield from ((rule, f"'{value}'::DOUBLE") for value in ("nan", "infinity", "-infinity"))
    if column.lower is not None:
        yield rule, repr(column.lower - 1)
    if column.upper is not None:
        yield rule, repr(column.upper + 1)
    if column.allowed:
        yield "is_allowed", "'never heard of'"


def open_clean(table: Table) -> duckdb.DuckDBPyConnection:
    """Return a database with the clean rows of `table`."""
    con = duckdb.connect()
    con.register("incoming", clean_rows(table).to_arrow())
    con.execute(f"CREATE TABLE {table.name} AS SELECT * FROM incoming")
    return con


def failing(con: duckdb.DuckDBPyConnection, table: Table) -> set[str]:
    """Return the checks of `table` whose figure is missing or out of range."""
    checks = check_table(table)
    figures = measure(lambda sql: con.sql(sql).pl(), checks, [table]).figures
    assert figures.keys() == {check.name for check in checks}
    return {check.name for check in checks if not in_range(check, figures[check.name])}


def in_range(check: Check, figure: float | None) -> bool:
    """Say whether a figure passes, as great-expectations would."""
    low = -math.inf if check.lower is None else check.lower
    high = math.inf if check.upper is None else check.upper
    return figure is not None and low <= figure <= high


@pytest.mark.parametrize("table", WAREHOUSE_TABLES, ids=lambda table: table.name)
def test_clean_rows_pass_every_check_of_their_table(table: Table) -> None:
    assert failing(open_clean(table), table) == set()


@pytest.mark.parametrize("table", WAREHOUSE_TABLES, ids=lambda table: table.name)
def test_one_bad_row_makes_exactly_its_check_fail(table: Table) -> None:
    con = open_clean(table)
    for name, statement in bad_rows(table):
        con.execute("BEGIN")
        con.execute(statement)
        assert failing(con, table) == {name}, statement
        con.execute("ROLLBACK")


@pytest.mark.parametrize("table", WAREHOUSE_TABLES, ids=lambda table: table.name)
def test_every_check_has_a_bad_row_that_it_finds(table: Table) -> None:
    found = {name for name, _ in bad_rows(table)}
    assert {check.name for check in check_table(table)} - found == {f"{table.name}.columns_are_declared"}


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE heat_hourly ADD COLUMN undeclared INTEGER",
        "ALTER TABLE heat_hourly DROP COLUMN heat_kwh",
        "ALTER TABLE heat_hourly RENAME COLUMN heat_kwh TO heat",
        "ALTER TABLE heat_hourly ALTER COLUMN heat_kwh TYPE FLOAT",
        "ALTER TABLE heat_hourly ALTER COLUMN hour_start_utc TYPE TIMESTAMPTZ",
        "DROP TABLE heat_hourly",
    ],
)
def test_a_column_that_departs_from_its_declaration_is_found(statement: str) -> None:
    con = open_clean(HEAT_HOURLY)
    con.execute("SET TimeZone = 'UTC'")
    con.execute(statement)
    assert "heat_hourly.columns_are_declared" in failing(con, HEAT_HOURLY)


def test_a_missing_column_leaves_the_checks_of_the_others_standing() -> None:
    con = open_clean(HEAT_HOURLY)
    con.execute("ALTER TABLE heat_hourly DROP COLUMN heat_kwh")
    assert failing(con, HEAT_HOURLY) == {
        "heat_hourly.columns_are_declared",
        "heat_hourly.heat_kwh.is_not_null",
        "heat_hourly.heat_kwh.is_within_bounds",
    }


@settings(deadline=None, max_examples=25)
@given(st.floats())
def test_gas_passes_exactly_within_its_bounds(value: float) -> None:
    con = open_clean(HEAT_HOURLY)
    con.execute(f"UPDATE heat_hourly SET gas_kwh = ? {FIRST_ROW}", [value])
    found = failing(con, HEAT_HOURLY)
    assert found == (set() if 0 <= value <= 179.6 else {"heat_hourly.gas_kwh.is_within_bounds"})


def test_a_repeated_key_is_found_in_whichever_slice_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quality.measure.SLICE_ROWS", 100)
    con = duckdb.connect()
    con.execute("""
        CREATE TABLE heat_hourly AS
        SELECT 'home' || home AS household_id, TIMESTAMP '2009-01-01' + INTERVAL 1 HOUR * hour AS hour_start_utc,
            1.0::DOUBLE AS gas_kwh, 0.8::DOUBLE AS heat_kwh
        FROM range(50) AS homes (home), range(40) AS hours (hour)
    """)
    assert failing(con, HEAT_HOURLY) == set()
    con.execute("INSERT INTO heat_hourly FROM heat_hourly WHERE hour_start_utc = TIMESTAMP '2009-01-01 07:00:00'")
    checks = check_table(HEAT_HOURLY)
    figures = measure(lambda sql: con.sql(sql).pl(), checks, [HEAT_HOURLY]).figures
    assert figures["heat_hourly.key_is_unique"] == 50


MONTHS = tuple(dt.date(2009, month, 1) for month in range(1, 5))
DOUBLED = (3, 0, 5, 2)  # keys that are there twice, by month


@pytest.fixture(scope="module")
def doubled() -> duckdb.DuckDBPyConnection:
    """Give four months of hours with some keys twice, and as many hours without a number."""
    con = duckdb.connect()
    con.execute("""
        CREATE TABLE heat_hourly AS
        SELECT 'home' || home AS household_id, hour_start_utc, 1.0::DOUBLE AS gas_kwh, 0.8::DOUBLE AS heat_kwh
        FROM range(20) AS homes (home),
            range(TIMESTAMP '2009-01-01', TIMESTAMP '2009-05-01', INTERVAL 1 DAY) AS hours (hour_start_utc)
    """)
    for month, count in zip(MONTHS, DOUBLED, strict=True):
        con.execute(f"""
            INSERT INTO heat_hourly SELECT household_id, hour_start_utc, 'nan', heat_kwh FROM heat_hourly
            WHERE hour_start_utc = TIMESTAMP '{month}' + INTERVAL 1 DAY ORDER BY household_id LIMIT {count}
        """)
    return con


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.sets(st.sampled_from(range(4))), slice_rows=st.sampled_from([50, 700, 2_000_000]))
def test_a_check_per_month_counts_the_months_that_changed_in_slices_of_any_size(
    *, doubled: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, chosen: set[int], slice_rows: int
) -> None:
    monkeypatch.setattr("quality.measure.SLICE_ROWS", slice_rows)
    changed = Changed(months=tuple(MONTHS[n] for n in sorted(chosen)), periods=())
    checks = check_table(HEAT_HOURLY)
    figures = measure(lambda sql: doubled.sql(sql).pl(), checks, [HEAT_HOURLY], changed).figures
    bad = float(sum(DOUBLED[n] for n in chosen))
    assert figures["heat_hourly.key_is_unique"] == figures["heat_hourly.gas_kwh.is_within_bounds"] == bad
    assert figures["heat_hourly.has_rows"] == 20 * 120 + sum(DOUBLED)


def test_rows_that_break_a_check_are_shown_of_the_months_that_changed(doubled: duckdb.DuckDBPyConnection) -> None:
    def query(sql: str) -> pl.DataFrame:
        return doubled.sql(sql).pl()

    checks = check_table(HEAT_HOURLY)
    (key,) = [check for check in checks if check.name == "heat_hourly.key_is_unique"]
    measured = measure(query, checks, [HEAT_HOURLY], Changed(months=MONTHS[3:], periods=()))
    sample = sample_broken(query, key, measured)
    assert sample is not None
    assert {row["hour_start_utc"] for row in json.loads(sample)} == {"2009-04-02T00:00:00.000000"}


def test_a_check_per_unit_that_could_be_published_broken_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be carried"):
        Check(name="x", table="t", meaning="m", reads=(), broken_rows="SELECT 1", per="month", severity="warning")


def test_a_check_without_bounds_is_refused_since_it_could_not_fail() -> None:
    with pytest.raises(ValueError, match="cannot fail"):
        Check(name="x", table="t", meaning="m", reads=(), expression="count(*)", lower=None, upper=None)


def test_names_of_checks_are_unique() -> None:
    names = [check.name for table in WAREHOUSE_TABLES for check in check_table(table)]
    assert len(names) == len(set(names))
