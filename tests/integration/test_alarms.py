"""The alarms on a warehouse in which nothing is unusual, and on one with one unusual row at a time."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from quality.alarms.all_alarms import Circumstances, check_alarms
from quality.alarms.drift import Previous
from quality.alarms.inline import as_list, as_rows
from quality.alarms.limits import describe_flag_shares, read_limits
from quality.checks import Check
from quality.culprit import find_culprit
from quality.gate import critical_failures, judge
from quality.measure import measure
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost import ASSUMPTION
from transforms.tables.lineage import QUALITY_RESULT
from warehouse.figures import read_figures

LIMITS = read_limits(read_figures("alarm"))
RUN_DATE = dt.date(2010, 1, 15)
LEVEL, SMALL, NEW = (
    f"source_level.{rule}"
    for rule in ("keeps_to_its_homes_level", "small_source_keeps_its_level", "new_homes_are_plausible")
)
JUMP = "UPDATE source_level SET ratio = 11.22 WHERE source_id = 'a'"
OTHER_FEED = """
    INSERT INTO source SELECT * REPLACE ('e' AS source_id, 'edrp/other' AS feed, TIMESTAMP '{}' AS last_interval_utc)
    FROM source WHERE source_id = 'a'
"""
LIKE_B = "UPDATE flag_count SET readings = {} WHERE source_id = 'b' AND flag = '{}'"
ONE_DAY_OLD = f"UPDATE source SET last_interval_utc = TIMESTAMP '{RUN_DATE}' - INTERVAL 1 DAY"

Case = tuple[list[str], dict[str, Any], set[str]]
CASES: dict[str, Case] = {
    "a source of many homes at eleven times their level": ([JUMP], {}, {LEVEL}),
    "one at an eleventh of it": (["UPDATE source_level SET ratio = 1 / 11.22 WHERE source_id = 'a'"], {}, {LEVEL}),
    "one that reads nothing at all": (["UPDATE source_level SET ratio = 0 WHERE source_id = 'a'"], {}, {LEVEL}),
    "the same of nine homes": ([JUMP, "UPDATE source_level SET households_before = 9"], {}, {SMALL}),
    "the same of a few days": ([JUMP, "UPDATE source_level SET half_hours = 4799"], {}, {SMALL}),
    "one half-hour of each home, which a stamp of the end leaves in the month before": (
        [JUMP, "UPDATE source_level SET half_hours = households_before WHERE source_id = 'a'"], {}, set(),
    ),
    "a few homes at a third of their level": (
        ["UPDATE source_level SET ratio = 0.33, households_before = 9 WHERE source_id = 'a'"], {}, set(),
    ),
    "the same of an accepted source": ([JUMP], {"accepted": {"a"}}, {SMALL}),
    "new homes at eleven times the mean home": (["UPDATE source_level SET level = 11.22 WHERE source_id = 'b'"], {}, {NEW}),
    "new homes, but few of them": (["UPDATE source_level SET level = 11.22, households = 9 WHERE source_id = 'b'"], {}, set()),
    "a feed that is six weeks behind": ([OTHER_FEED.format("2009-11-19")], {}, {"source.feeds_keep_step"}),
    "a feed that is four weeks behind": ([OTHER_FEED.format("2009-12-04")], {}, set()),
    "readings older than is set": ([], {"freshness_days": 13}, {"source.feed_is_fresh"}),
    "readings as old as is set": ([], {"freshness_days": 14}, set()),
    "readings of yesterday": ([ONE_DAY_OLD], {"freshness_days": 1}, set()),
    "a month with half of its half-hours": (
        ["UPDATE build_month SET ok_half_hours = ok_half_hours / 2 WHERE month = DATE '2009-05-01'"],
        {},
        {"build_month.is_as_complete_as_others"},
    ),
    "a month that is missing": (
        ["DELETE FROM build_month WHERE month = DATE '2009-05-01'"],
        {},
        {"build_month.is_as_complete_as_others", "build_month.none_is_missing"},
    ),
    "a home at an eleventh of what is usual": (
        ["INSERT INTO unit_doubt VALUES ('home1', 0.08, 0.9, 'homes of its type', 0.0891, 0.001, 0.5, NULL, 'none', false)"],
        {},
        {"unit_doubt.no_home_is_in_doubt"},
    ),
    "no hour, since the one home is in another unit": (
        ["UPDATE build_month SET hours = 0", "INSERT INTO unit_doubt VALUES ('home1', 0.08, 0.9, 'homes of its type', 0.0891, 0.001, 0.5, 6.0, 'step', true)"],
        {},
        {"build_month.some_month_has_hours", "unit_doubt.leaves_some_home", "unit_doubt.no_home_is_in_doubt"},
    ),
    "a fifth of the readings on days without a temperature": (
        ["UPDATE flag_judgement SET readings = readings / 5 WHERE flag = 'cold_zero_run'", "INSERT INTO flag_judgement SELECT month, flag, 'no temperature', readings * 4 FROM flag_judgement WHERE flag = 'cold_zero_run' AND month < DATE '2009-03-01'"],
        {},
        {"flag_judgement.nearly_all_readings_are_judged"},
    ),
    "months without an hour": (
        ["UPDATE build_month SET hours = 0"], {}, {"build_month.some_month_has_hours"},
    ),
    "one month with hours": (
        ["UPDATE build_month SET hours = 0 WHERE month > DATE '2009-01-01'"], {}, set(),
    ),
    "a month between homes that left and homes that came": (
        [
            "UPDATE build_month SET ok_half_hours = 0 WHERE month = DATE '2009-05-01'",
            "UPDATE household SET last_interval_utc = TIMESTAMP '2009-04-30 23:30:00'",
        ],
        {},
        {"build_month.none_is_missing"},
    ),
    "a third of all readings stuck": ([LIKE_B.format(30_000, "stuck")], {}, {"flag_count.stuck_is_as_rare_as_usual", "flag_count.stuck_is_not_most_of_a_source"}),
    "the same of a source of few homes": (
        [LIKE_B.format(30_000, "stuck")],
        {"large_sources": ["a"]},
        {"flag_count.stuck_is_as_rare_as_usual"},
    ),
    "the same of an accepted source, ": (
        [LIKE_B.format(30_000, "stuck")],
        {"accepted": ["b"]},
        {"flag_count.stuck_is_as_rare_as_usual"},
    ),
    "most of a source twice there": (
        [LIKE_B.format(30_000, "sentinel_max"), "UPDATE flag_count SET flag = 'duplicate_exact' WHERE flag = 'sentinel_max'"],
        {},
        {"flag_count.duplicate_exact_is_as_rare_as_usual"},
    ),
    "all readings of a superseded source": (
        [LIKE_B.format(30_000, "stuck"), "UPDATE source SET superseded = true WHERE source_id = 'b'"],
        {},
        set(),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(true_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection to a copy of the true warehouse; tests change it within transactions."""
    copy = tmp_path_factory.mktemp("alarms") / "candidate.duckdb"
    shutil.copy(true_warehouse, copy)
    with closing(duckdb.connect(str(copy))) as con:
        yield con


@pytest.fixture
def candidate(warehouse: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give the same connection; what the test changes is taken back."""
    warehouse.execute("BEGIN")
    yield warehouse
    warehouse.execute("ROLLBACK")


@pytest.fixture(scope="module")
def published(warehouse: duckdb.DuckDBPyConnection) -> Previous:
    """Give the figures of the warehouse as those of the published snapshot, of ten times as many homes."""
    return Previous(
        annual=warehouse.sql(
            "SELECT dwelling_type, period, 10 * households AS households, heat_kwh_mean FROM heat_demand_annual"
        ).pl(),
        months=warehouse.sql(
            "SELECT dwelling_type, period, date_trunc('month', hour_start_utc)::DATE AS month, avg(heat_kwh_mean) AS heat_kwh_mean"
            " FROM heat_profile GROUP BY ALL"
        ).pl(),
    )


def alarms(previous: Previous | None = None, **given: Any) -> list[Check]:
    """Return the alarms in the given circumstances."""
    usual = {
        "limits": LIMITS,
        "flag_shares": read_figures("flag_share"),
        "run_date": RUN_DATE,
        "large_sources": ["a", "b"],
    }
    return check_alarms(Circumstances(**(usual | given), previous=previous))


def raised(con: duckdb.DuckDBPyConnection, checks: list[Check]) -> set[str]:
    """Return the alarms that find a row."""
    figures = measure(lambda sql: con.sql(sql).pl(), checks, WAREHOUSE_TABLES).figures
    return {check.name for check in checks if figures[check.name] != 0}


def judged(con: duckdb.DuckDBPyConnection, checks: list[Check]) -> pl.DataFrame:
    """Judge the whole warehouse with alarms."""
    return judge(lambda sql: con.sql(sql).pl(), run_id="run1", alarms=checks)


def test_nothing_is_unusual_in_a_true_warehouse(candidate: duckdb.DuckDBPyConnection, published: Previous) -> None:
    checks = alarms(published, freshness_days=30)
    results = judged(candidate, checks)
    assert results.filter(~pl.col("passed"))["check_name"].to_list() == []
    assert {check.name for check in checks} < set(results["check_name"])
    assert results.equals(QUALITY_RESULT.conform(results))


@pytest.mark.parametrize("case", CASES)
def test_one_unusual_row_raises_its_alarm(case: str, candidate: duckdb.DuckDBPyConnection) -> None:
    statements, given, names = CASES[case]
    for statement in statements:
        candidate.execute(statement)
    assert raised(candidate, alarms(**given)) == names


def test_every_alarm_has_a_case_or_is_one_of_a_family(candidate: duckdb.DuckDBPyConnection) -> None:
    """One flag stands for all: their checks differ in the flag's name and in the limits of the table."""
    found = {name for _, _, names in CASES.values() for name in names}
    others = {check.name for check in alarms(freshness_days=1)} - found
    families = ("_is_as_rare_as_usual", "_is_not_most_of_a_source")
    assert [name for name in others if not name.endswith(families)] == []
    for flag in read_figures("flag_share")["flag"]:
        candidate.execute(
            f"UPDATE flag_count SET flag = '{flag}', readings = 30_000 WHERE source_id = 'b' AND flag <> 'ok'"
        )
        names = raised(candidate, alarms())
        assert names - {f"flag_count.{flag}_is_not_most_of_a_source"} == {f"flag_count.{flag}_is_as_rare_as_usual"}


def test_the_alarm_of_a_source_names_file_and_month(candidate: duckdb.DuckDBPyConnection) -> None:
    candidate.execute(JUMP)
    results = judged(candidate, alarms())
    (row,) = critical_failures(results).to_dicts()
    (key,) = json.loads(row["sample_keys"])
    assert (key["file_name"], key["month"], key["ratio"]) == ("a.csv", "2009-02-01", 11.22)
    assert "hearth quarantine --accept" in row["meaning"]


def test_months_and_flags_are_named(candidate: duckdb.DuckDBPyConnection) -> None:
    candidate.execute("UPDATE build_month SET ok_half_hours = 10 WHERE month = DATE '2009-05-01'")
    candidate.execute(LIKE_B.format(30_000, "stuck"))
    failed = judged(candidate, alarms()).filter(
        ~pl.col("passed") & pl.col("check_name").is_in([c.name for c in alarms()])
    )
    told = {row["check_name"]: json.loads(row["sample_keys"]) for row in failed.to_dicts()}
    assert told["build_month.is_as_complete_as_others"][0]["month"] == "2009-05-01"
    shares = told["flag_count.stuck_is_as_rare_as_usual"]
    assert [row["file_name"] for row in shares] == ["b.csv", "all files"]
    assert shares[0]["share"] == pytest.approx(30_000 / 30_110)


MANY_HOMES = "UPDATE heat_demand_annual SET households = 10 * households"
DRIFT = {
    "annual_little": ["UPDATE heat_demand_annual SET heat_kwh_mean = heat_kwh_mean * 1.06 WHERE dwelling_type = 'flat'"],
    "annual_far": ["UPDATE heat_demand_annual SET heat_kwh_mean = heat_kwh_mean * 0.7 WHERE dwelling_type = 'flat'"],
    "month_little": ["UPDATE heat_profile SET heat_kwh_mean = heat_kwh_mean * 1.2 WHERE month(hour_start_utc) = 2 AND dwelling_type = 'flat'"],
    "month_far": ["UPDATE heat_profile SET heat_kwh_mean = heat_kwh_mean * 1.8 WHERE month(hour_start_utc) = 2 AND dwelling_type = 'flat'"],
    "gone": ["UPDATE heat_demand_annual SET heat_kwh_mean = NULL WHERE dwelling_type = 'flat'"],
    "row_gone": ["DELETE FROM heat_demand_annual WHERE dwelling_type = 'flat'"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("annual_little", {"heat_demand_annual.drifts_little"}),
        ("annual_far", {"heat_demand_annual.drifts_little", "heat_demand_annual.drifts_not_far"}),
        ("month_little", {"heat_profile.drifts_little"}),
        ("month_far", {"heat_profile.drifts_little", "heat_profile.drifts_not_far"}),
        ("gone", {"heat_demand_annual.published_figures_stay"}),
        ("row_gone", {"heat_demand_annual.published_figures_stay"}),
    ],
)
def test_a_figure_that_moved_raises_an_alarm(
    case: str, names: set[str], candidate: duckdb.DuckDBPyConnection, published: Previous
) -> None:
    checks = alarms(published)
    candidate.execute(MANY_HOMES)
    for statement in DRIFT[case]:
        candidate.execute(statement)
    assert raised(candidate, checks) == names
    severities = {check.name: check.severity for check in checks}
    assert {severities[name] for name in names if name.endswith("_far")} <= {"critical"}
    assert {severities[name] for name in names if not name.endswith("_far")} <= {"warning"}


def test_without_a_published_snapshot_drift_is_not_judged(candidate: duckdb.DuckDBPyConnection) -> None:
    for statements in DRIFT.values():
        candidate.execute(statements[0])
    assert not [check for check in alarms() if "drift" in check.name or "stay" in check.name]


def test_drift_that_other_code_explains_is_a_warning_that_says_so(published: Previous) -> None:
    checks = {check.name: check for check in alarms(published, drift_is_explained="the code is another")}
    far = [checks["heat_demand_annual.drifts_not_far"], checks["heat_profile.drifts_not_far"]]
    assert [check.severity for check in far] == ["warning", "warning"]
    assert all("the code is another" in check.meaning for check in far)
    assert "HEARTH_ACCEPT_DRIFT" in alarms(published)[-2].meaning


def test_a_mean_may_move_as_far_as_other_homes_explain(
    candidate: duckdb.DuckDBPyConnection, published: Previous
) -> None:
    """From 20 to 80 homes the mean moves by 0.56 sqrt(1/20 - 1/80) = 11 %, thrice of which is allowed."""
    candidate.execute(MANY_HOMES)
    candidate.execute("UPDATE heat_demand_annual SET households = 80, heat_kwh_mean = heat_kwh_mean * 1.35 WHERE dwelling_type = 'flat'")  # fmt: skip
    assert raised(candidate, alarms(published)) == set()
    candidate.execute("UPDATE heat_demand_annual SET heat_kwh_mean = heat_kwh_mean * 1.05 WHERE dwelling_type = 'flat'")
    assert raised(candidate, alarms(published)) == {"heat_demand_annual.drifts_little"}


def test_drift_of_few_homes_stops_nothing(candidate: duckdb.DuckDBPyConnection, published: Previous) -> None:
    few = replace(published, annual=published.annual.with_columns(households=pl.lit(9, dtype=pl.Int64)))
    candidate.execute("UPDATE heat_demand_annual SET households = 9, heat_kwh_mean = heat_kwh_mean * 3")
    assert raised(candidate, alarms(few)) == {"heat_demand_annual.drifts_little"}


def test_the_culprit_is_the_one_source_that_all_failures_name(candidate: duckdb.DuckDBPyConnection) -> None:
    def culprit(*statements: str) -> str | None:
        for statement in statements:
            candidate.execute(statement)
        checks = alarms()
        figures = measure(lambda sql: candidate.sql(sql).pl(), checks, WAREHOUSE_TABLES).figures
        rows = [{"check_name": c.name, "severity": c.severity, "observed": figures[c.name], "passed": figures[c.name] == 0} for c in checks]  # fmt: skip
        return find_culprit(lambda sql: candidate.sql(sql).pl(), checks, pl.DataFrame(rows))

    assert culprit() is None
    assert culprit(JUMP) == "a"
    both = (
        "UPDATE source_level SET ratio = 11.22, households_before = 12, month = DATE '2009-02-01' WHERE source_id = 'b'"
    )
    assert culprit(both) is None  # two at once
    assert culprit("UPDATE source_level SET month = DATE '2009-03-01' WHERE source_id = 'a'") == "b"  # a follows from b
    assert culprit(LIKE_B.format(30_000, "stuck")) == "b"
    assert culprit("UPDATE source_level SET ratio = 1 WHERE source_id = 'b'") is None  # two checks, each names another


def test_limits_are_rows_with_reasons_and_none_is_missing() -> None:
    rows = pl.concat(map(ASSUMPTION.conform, (read_figures("alarm"), describe_flag_shares(read_figures("flag_share")))))
    assert ASSUMPTION.conform(rows).select(ASSUMPTION.key).is_unique().all()
    with pytest.raises(ValueError, match="month_share_min"):
        read_limits(read_figures("alarm").filter(pl.col("parameter") != "month_share_min"))


def test_values_from_outside_keep_their_types_in_a_query() -> None:
    frame = pl.DataFrame(
        {"name": ["o'neil", None], "day": [dt.date(2009, 1, 1), None], "count": [1, None], "share": [0.1, float("nan")]}
    )
    with closing(duckdb.connect()) as con:
        assert con.sql(f"FROM {as_rows(frame)}").pl().equals(frame, null_equal=True)
        assert con.sql(f"FROM {as_rows(frame.clear())}").pl().equals(frame.clear())
        assert con.sql(f"SELECT list_contains({as_list(['o' + chr(39) + 'neil'])}, 'o''neil'), list_contains({as_list([])}, 'x')").fetchall() == [(True, False)]  # fmt: skip
