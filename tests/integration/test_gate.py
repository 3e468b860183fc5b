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
from quality.truths import check_truths
from transforms.periods import Sufficiency
from transforms.schema import Table
from transforms.tables import FLAG_COUNT, HEAT_DEMAND_ANNUAL, HEAT_HOURLY, QUALITY_RESULT, SOURCE, WAREHOUSE_TABLES

HOUR_A, HOUR_B = "TIMESTAMP '2009-02-10 03:00:00'", "TIMESTAMP '2009-02-10 04:00:00'"
AT_A_OR_B = f"hour_start_utc IN ({HOUR_A}, {HOUR_B})"


def moved(figure: float) -> str:
    """Return SQL that is `figure` in one hour and minus it in the next: the year's sum stays."""
    return f"CASE WHEN hour_start_utc = {HOUR_A} THEN {figure} ELSE -{figure} END"


# By truth: ways to break it, each a list of statements. The first statement breaks it; those that follow keep the
# other truths, which rest on the same row, true.
BREACHES: dict[str, list[list[str]]] = {
    "source.ledger_closes": [
        ["UPDATE source SET lines = lines + 1 WHERE source_id = 'a'"],
        ["UPDATE source SET rejects = rejects - 1 WHERE source_id = 'a'"],
    ],
    "flag_count.covers_every_reading": [
        ["UPDATE flag_count SET readings = readings - 1 WHERE flag = 'sentinel_max'"],
        ["DELETE FROM flag_count WHERE flag = 'sentinel_max'"],
        ["INSERT INTO flag_count VALUES ('c', 'negative', 1)"],
    ],
    "flag_count.ok_readings_are_those_built": [
        [
            "UPDATE flag_count SET readings = readings - 1 WHERE source_id = 'b' AND flag = 'ok'",
            "UPDATE flag_count SET readings = readings + 1 WHERE source_id = 'b' AND flag = 'sentinel_max'",
        ]
    ],
    "build_month.hours_have_two_half_hours": [
        ["UPDATE build_month SET used_half_hours = used_half_hours - 1 WHERE month = DATE '2009-03-01'"],
        ["UPDATE build_month SET readings = ok_half_hours - 1 WHERE month = DATE '2009-03-01'"],
    ],
    "heat_hourly.hours_are_those_built": [
        [
            "UPDATE build_month SET hours = hours - 1 WHERE month = DATE '2009-03-01'",
            "UPDATE build_month SET used_half_hours = 2 * hours WHERE month = DATE '2009-03-01'",
        ],
    ],
    "heat_hourly.energy_is_that_of_its_half_hours": [
        ["UPDATE build_month SET used_gas_kwh = used_gas_kwh + 0.001 WHERE month = DATE '2009-03-01'"],
    ],
    "heat_hourly.starts_on_the_hour": [
        [f"UPDATE heat_hourly SET hour_start_utc = {HOUR_A} + INTERVAL 15 MINUTE WHERE household_id = 'home5' AND hour_start_utc = {HOUR_A}"],
    ],
    "heat_hourly.heat_is_gas_times_boiler_efficiency": [
        [f"UPDATE heat_hourly SET heat_kwh = heat_kwh + {moved(0.1)} WHERE household_id = 'home5' AND {AT_A_OR_B}"],
        ["UPDATE assumption SET value = 0.8055 WHERE item = 'boiler_stock'"],
        ["DELETE FROM assumption WHERE item = 'boiler_stock'"],
        ["INSERT INTO assumption SELECT * REPLACE ('other' AS scenario, 0.9 AS value) FROM assumption WHERE item = 'boiler_stock'"],
    ],
    "heat_hourly.home_is_known": [
        ["DELETE FROM household WHERE household_id = 'home5'", "DELETE FROM household_period WHERE household_id = 'home5'"],
    ],
    "household_period.home_is_known": [
        ["INSERT INTO household_period SELECT * REPLACE ('ghost' AS household_id, 0 AS hours_observed, 0 AS heat_kwh_observed) FROM household_period WHERE household_id = 'home5'"],
    ],
    "household_period.period_is_twelve_months": [
        ["UPDATE household_period SET period_end_utc = TIMESTAMP '2010-01-01 01:00:00' WHERE household_id = 'home5'"],
    ],
    "household_period.excluded_home_has_a_reason": [
        ["UPDATE household_period SET exclusion_reason = NULL WHERE household_id = 'home5'"],
        ["UPDATE household_period SET exclusion_reason = 'no_readings' WHERE household_id = 'home2'"],
    ],
    "household_period.included_home_suffices": [
        ["UPDATE household_period SET completeness = 0.8999 WHERE household_id = 'home2'"],
        ["UPDATE household_period SET weakest_cell = 0.4999 WHERE household_id = 'home2'"],
    ],
    "household_period.included_home_has_annual_heat": [
        ["UPDATE household_period SET heat_kwh_annual = NULL WHERE household_id = 'home2'"],
        ["UPDATE household_period SET filled_share = filled_share + 0.01 WHERE household_id = 'home2'"],
    ],
    "household_period.observed_heat_is_that_of_its_hours": [
        ["UPDATE household_period SET hours_observed = hours_observed + 1 WHERE household_id = 'home5'"],
        ["UPDATE household_period SET heat_kwh_observed = heat_kwh_observed + 0.001 WHERE household_id = 'home5'"],
    ],
    "household.included_in_some_period": [
        ["UPDATE household SET included = true WHERE household_id = 'home5'"],
        ["UPDATE household SET included = false WHERE household_id = 'home2'"],
    ],
    "selection_funnel.narrows_to_the_included_homes": [
        ["UPDATE selection_funnel SET households = 3 WHERE step = 2"],
        ["UPDATE selection_funnel SET households = 6 WHERE step = 1"],
        ["DELETE FROM selection_funnel"],
    ],
    "heat_profile.hour_is_in_its_period": [
        [
            f"""INSERT INTO heat_profile SELECT * REPLACE (
                    'stock' AS dwelling_type, TIMESTAMP '2010-01-01' AS hour_start_utc, 0 AS gas_kwh_mean, 0 AS heat_kwh_mean)
                FROM heat_profile WHERE dwelling_type = 'flat' AND hour_start_utc = {HOUR_A}""",
            """UPDATE heat_demand_annual SET gas_kwh_mean = 0, heat_kwh_mean = 0, peak_hour_heat_kwh = 0,
                peak_hour_utc = TIMESTAMP '2010-01-01', note = '8760 hours missing' WHERE dwelling_type = 'stock'""",
        ]
    ],
    "heat_profile.day_has_24_hours": [
        ["UPDATE heat_demand_annual SET note = NULL WHERE dwelling_type = 'flat'"],
        ["UPDATE heat_demand_annual SET note = '2 hours without a home' WHERE dwelling_type = 'flat'"],
    ],
    "heat_profile.mean_times_homes_is_sum_over_homes": [
        [
            f"UPDATE heat_profile SET {figure} = {figure} + {moved(0.01)} WHERE dwelling_type = 'flat' AND {AT_A_OR_B}",
            f"UPDATE heat_profile SET {figure} = {figure} + {moved(0.005)} WHERE dwelling_type = 'all' AND {AT_A_OR_B}",
        ]
        for figure in ("gas_kwh_mean", "heat_kwh_mean")
    ],
    "heat_profile.all_is_sum_of_types": [
        [f"UPDATE heat_profile SET {figure} = {figure} + {moved(0.01)} WHERE dwelling_type = 'all' AND {AT_A_OR_B}"]
        for figure in ("gas_kwh_mean", "heat_kwh_mean")
    ],
    "heat_demand_annual.demand_is_sum_of_profile": [
        ["UPDATE heat_demand_annual SET gas_kwh_mean = gas_kwh_mean * 1.000001 WHERE dwelling_type = 'detached'"],
        ["UPDATE heat_demand_annual SET heat_kwh_mean = heat_kwh_mean * 1.000001 WHERE dwelling_type = 'flat'"],
    ],
    "heat_demand_annual.peak_is_highest_hour": [
        [f"UPDATE heat_demand_annual SET peak_hour_utc = {HOUR_A} WHERE dwelling_type = 'flat'"],
        ["UPDATE heat_demand_annual SET peak_hour_heat_kwh = peak_hour_heat_kwh + 0.001 WHERE dwelling_type = 'all'"],
    ],
    "heat_demand_annual.mean_has_homes": [
        ["UPDATE heat_demand_annual SET note = NULL WHERE dwelling_type = 'stock'"],
    ],
    "heat_demand_annual.homes_are_those_included": [
        ["UPDATE heat_demand_annual SET households = 3 WHERE dwelling_type = 'flat'"],
        ["UPDATE heat_demand_annual SET households = 5 WHERE dwelling_type = 'all'"],
    ],
    "heat_demand_annual.interval_holds_mean": [
        ["UPDATE heat_demand_annual SET heat_kwh_ci_low = heat_kwh_mean * 1.01 WHERE dwelling_type = 'all'"],
        ["UPDATE heat_demand_annual SET heat_kwh_ci_high = heat_kwh_mean * 0.99 WHERE dwelling_type = 'all'"],
        ["UPDATE heat_demand_annual SET heat_kwh_ci_high = NULL WHERE dwelling_type = 'all'"],
    ],
    "heat_demand_annual.agrees_with_homes": [
        ["UPDATE heat_demand_annual SET household_heat_kwh_mean = heat_kwh_mean * 1.006 WHERE dwelling_type = 'flat'"],
        ["UPDATE heat_demand_annual SET household_heat_kwh_mean = NULL WHERE dwelling_type = 'flat'"],
    ],
    "lcoh.parts_add_up": [
        [f"UPDATE lcoh SET {part}_gbp_per_mwh = {part}_gbp_per_mwh + 0.001 WHERE system = 'ashp'"]
        for part in ("capital", "om", "fuel", "carbon", "lcoh")
    ],
    "lcoh.has_every_system": [["DELETE FROM lcoh WHERE system = 'gshp'"]],
    "data_dictionary.lists_every_column": [
        ["DELETE FROM data_dictionary WHERE table_name = 'heat_hourly' AND column_name = 'gas_kwh'"],
        ["UPDATE data_dictionary SET type = 'FLOAT' WHERE table_name = 'heat_hourly' AND column_name = 'gas_kwh'"],
        ["UPDATE data_dictionary SET column_name = 'gas' WHERE table_name = 'heat_hourly' AND column_name = 'gas_kwh'"],
    ],
}  # fmt: skip


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
    """Return the checks that great-expectations lets fail."""
    figures = measure(lambda sql: con.sql(sql).pl(), checks, WAREHOUSE_TABLES).figures
    return {name for name, passed in expect(checks, figures).items() if not passed}


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
            assert failing(warehouse, truths) == {name}, statements


def test_a_failed_check_names_rule_count_and_keys(broken: duckdb.DuckDBPyConnection) -> None:
    broken.execute("UPDATE source SET lines = lines + 1 WHERE kind = 'readings'")
    results = judge_in(broken, SOURCE)
    (row,) = results.filter(~pl.col("passed")).to_dicts()
    assert (row["check_name"], row["observed"], row["lower"], row["upper"]) == ("source.ledger_closes", 2, 0, 0)
    assert [key["source_id"] for key in json.loads(row["sample_keys"])] == ["a", "b"]
    assert critical_failures(results).equals(results.filter(pl.col("check_name") == "source.ledger_closes"))
    told = describe_failures(results)
    assert told.startswith("1 check fails. source.ledger_closes (critical) counts 2, allowed at most 0: every line of")
    assert '"file_name":"a.csv"' in told
    assert "\n" not in told


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
    assert truths == {"source.ledger_closes", "flag_count.covers_every_reading"}


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
