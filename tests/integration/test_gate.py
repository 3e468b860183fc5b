"""The gate on a true warehouse, and on one that is wrong in one place at a time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from quality.checks import Check
from quality.gate import choose_checks, critical_failures, describe_failures, expect, judge
from quality.measure import measure
from quality.truths.all_truths import check_truths
from tests.integration.breaches import BREACHES
from tests.integration.breaches_of_results import HOUR_A
from transforms.heat.periods import Sufficiency
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_HOURLY
from transforms.tables.lineage import FLAG_COUNT, QUALITY_RESULT, SOURCE
from transforms.tables.schema import Table


@pytest.fixture(scope="module")
def warehouse(true_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection to a copy of the true warehouse; tests change it within transactions."""
    copy = tmp_path_factory.mktemp("gate") / "candidate.duckdb"
    shutil.copy(true_warehouse, copy)
    with duckdb.connect(str(copy)) as con:
        yield con


@contextmanager
def breaking(con: duckdb.DuckDBPyConnection, *statements: str) -> Iterator[None]:
    """Change the warehouse, for a while."""
    con.execute("BEGIN")
    try:
        for statement in statements:
            con.execute(statement)
        yield
    finally:
        con.execute("ROLLBACK")


@pytest.fixture
def broken(warehouse: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give the same connection; what the test changes is taken back."""
    with breaking(warehouse):
        yield warehouse


def failing(con: duckdb.DuckDBPyConnection, checks: list[Check]) -> set[str]:
    """Return the checks that count broken rows; that great-expectations fails just these is tested below, once."""
    figures = measure(lambda sql: con.sql(sql).pl(), checks, WAREHOUSE_TABLES).figures
    return {check.name for check in checks if figures[check.name] != 0}


def judge_in(con: duckdb.DuckDBPyConnection, *tables: Table) -> pl.DataFrame:
    """Judge some tables of the warehouse."""
    return judge(lambda sql: con.sql(sql).pl(), run_id="run1", tables=tables)


def test_a_true_warehouse_passes_every_check(warehouse: duckdb.DuckDBPyConnection) -> None:
    results = judge_in(warehouse, *WAREHOUSE_TABLES)
    assert results.filter(~pl.col("passed"))["check_name"].to_list() == []
    assert results["check_name"].to_list() == [check.name for check in choose_checks(WAREHOUSE_TABLES)]
    assert results["check_name"].n_unique() == len(results) > 200
    assert results.equals(QUALITY_RESULT.conform(results))
    assert results["observed"].null_count() == 0
    assert critical_failures(results).is_empty()
    assert describe_failures(results) == f"all {len(results)} checks hold"


def test_every_truth_has_a_breach() -> None:
    assert BREACHES.keys() == {truth.name for truth in check_truths(Sufficiency())}


@pytest.mark.parametrize("name", BREACHES)
def test_one_bad_row_makes_exactly_its_truth_fail(name: str, warehouse: duckdb.DuckDBPyConnection) -> None:
    truths = check_truths(Sufficiency())
    for statements in BREACHES[name]:
        with breaking(warehouse, *statements):
            text = " ".join(statements)
            touched = [truth for truth in truths if any(table in text for table in truth.reads)]  # others stay true
            assert failing(warehouse, touched) == {name}, statements


def test_a_failed_check_names_rule_count_and_keys(broken: duckdb.DuckDBPyConnection) -> None:
    broken.execute("UPDATE source SET lines = lines + 1 WHERE kind = 'readings'")
    results = judge_in(broken, SOURCE)
    (row,) = results.filter(~pl.col("passed")).to_dicts()
    assert (row["check_name"], row["observed"], row["lower"], row["upper"]) == ("source.ledger_closes", 2, 0, 0)
    assert [key["source_id"] for key in json.loads(row["sample_keys"])] == ["a", "b"]
    assert critical_failures(results).equals(results.filter(pl.col("check_name") == "source.ledger_closes"))
    told = describe_failures(results)
    assert told.startswith("1 check fails:\ncritical: source.ledger_closes expects: every line of")
    assert "Found: 2, expected at most 0, such as file_name a.csv" in told


def test_sample_keys_hold_times_and_are_few(broken: duckdb.DuckDBPyConnection) -> None:
    broken.execute(f"UPDATE heat_hourly SET gas_kwh = -1 WHERE hour_start_utc = {HOUR_A}")
    broken.execute("UPDATE heat_hourly SET heat_kwh = 'nan'")
    results = judge_in(broken, HEAT_HOURLY).filter(
        pl.col("check_name").str.ends_with("is_within_bounds") & ~pl.col("passed")
    )
    gas, heat = results.to_dicts()
    assert gas["observed"] == 5
    assert {"household_id": "home5", "hour_start_utc": "2009-02-10T03:00:00.000000", "gas_kwh": -1.0} in json.loads(
        gas["sample_keys"]
    )
    assert heat["observed"] == broken.execute("SELECT count(*) FROM heat_hourly").fetchall()[0][0]
    assert len(json.loads(heat["sample_keys"])) == 5


def test_a_warning_fails_without_stopping_a_publication(broken: duckdb.DuckDBPyConnection) -> None:
    for statement in BREACHES["heat_demand_annual.agrees_with_homes"][0]:
        broken.execute(statement)
    results = judge_in(broken, HEAT_DEMAND_ANNUAL)
    assert results.filter(~pl.col("passed"))["severity"].to_list() == ["warning"]
    assert critical_failures(results).is_empty()


def test_empty_tables_fail_although_an_empty_table_breaks_no_rule(broken: duckdb.DuckDBPyConnection) -> None:
    broken.execute("DELETE FROM heat_hourly")
    assert "heat_hourly.has_rows" in critical_failures(judge_in(broken, HEAT_HOURLY))["check_name"].to_list()


def test_a_missing_table_or_column_fails_all_that_reads_it(broken: duckdb.DuckDBPyConnection) -> None:
    broken.execute("DROP TABLE flag_count")
    broken.execute("ALTER TABLE source DROP COLUMN blank_lines")
    results = judge_in(broken, SOURCE, FLAG_COUNT).filter(~pl.col("passed"))
    assert {"flag_count.columns_are_declared", "source.columns_are_declared"} <= set(results["check_name"])
    unmeasured = set(results.filter(pl.col("observed").is_null())["check_name"])
    assert {"source.ledger_closes", "flag_count.covers_every_reading", "flag_count.key_is_unique"} <= unmeasured
    assert "source.lines.is_not_null" not in unmeasured
    told = describe_failures(results)
    assert "blank_lines is absent, declared Int64" in told
    assert "could not be measured" in told


def test_homes_suffice_by_the_rule_that_the_run_was_given(warehouse: duckdb.DuckDBPyConnection) -> None:
    strict = Sufficiency(completeness_min=0.99, cell_min=0.95)
    assert failing(warehouse, check_truths(strict)) == {"household_period.included_home_suffices"}


def test_truths_that_read_other_tables_are_left_out() -> None:
    truths = {check.name for check in choose_checks([SOURCE, FLAG_COUNT])} & BREACHES.keys()
    of_both = {"source.ledger_closes", "flag_count.covers_every_reading"}
    assert truths == of_both | {"source.none_is_quarantined", "source.left_out_has_a_reason"}


@pytest.mark.parametrize(
    ("figure", "lower", "upper", "passes"),
    [
        (0.0, 0, 0, True),
        (1.0, 0, 0, False),
        (-1.0, 0, 0, False),
        (None, 0, 0, False),
        (None, 1, None, False),
        (float("nan"), 0, 0, False),
        (0.0, 1, None, False),
        (1.0, 1, None, True),
        (1e9, 1, None, True),
        (0.5, None, 0.5, True),
        (0.6, None, 0.5, False),
    ],
)
def test_great_expectations_judges_a_figure_by_its_range(
    *, figure: float | None, lower: float | None, upper: float | None, passes: bool
) -> None:
    check = Check(name="t.c", table="t", meaning="m", reads=(), expression="count(*)", lower=lower, upper=upper)
    assert expect([check], {"t.c": figure}) == {"t.c": passes}


def test_an_empty_suite_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to judge"):
        expect([], {})


def test_the_gate_is_quiet_and_leaves_no_file(true_warehouse: Path, tmp_path: Path) -> None:
    code = f"""
import duckdb, logging, sys
from quality.gate import judge
assert 'great_expectations' not in sys.modules, 'it takes seconds and must be imported when it is used'
logging.basicConfig(level=logging.INFO)
con = duckdb.connect({str(true_warehouse)!r}, read_only=True)
print(judge(lambda sql: con.sql(sql).pl(), run_id='run1')['passed'].all())
"""
    environment = {
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
