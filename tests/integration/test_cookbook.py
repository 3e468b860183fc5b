"""The cookbook: every answer runs, on a published warehouse, and has the shape that it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.doc_blocks import ROOT, Block, Recipe, blocks, recipes
from transforms.climate.local_time import on_the_clock
from transforms.tables.schema import View
from transforms.tables.views import PUBLIC_VIEWS, VIEWS
from warehouse.reader import open_published

COOKBOOK = ROOT / "docs" / "cookbook.md"
ALL = recipes()
HIDDEN_FOR_FEW_HOMES = {"6": "'terraced'", "7": "'terraced'"}  # of 60 homes too few are bungalows: nor is `all` shown
EMPTY_FOR_FEW_HOMES = {"4"}  # no type has enough homes beyond a quantile
DUCKDB = Path(sys.executable).with_name("duckdb")


@pytest.fixture(scope="session")
def current(sample_home: Path) -> Path:
    """Give the published warehouse."""
    return sample_home / "hearth-data" / "warehouse" / "current.duckdb"


@pytest.fixture(scope="session")
def public(sample_home: Path) -> Path:
    """Give the public database."""
    return sample_home / "hearth-data" / "reports" / "current" / "downloads" / "public.duckdb"


def answer(database: Path, sql: str) -> pl.DataFrame:
    """Return what a client that only reads gets."""
    with duckdb.connect(str(database), read_only=True) as con:
        return con.sql(sql).pl()


def assert_shape(recipe: Recipe, frame: pl.DataFrame, *, may_be_empty: bool = False) -> None:
    """Hold an answer against what the cookbook says of it."""
    assert set(frame.columns) == {*recipe.key, *recipe.others}
    assert len(frame.columns) == len(recipe.key) + len(recipe.others)
    assert may_be_empty or not frame.is_empty()
    assert not frame.select(recipe.key).is_duplicated().any()


def test_there_are_many_questions_numbered_in_order_and_listed_above() -> None:
    numbers = [int(recipe.title.partition(".")[0]) for recipe in ALL]
    assert numbers == list(range(1, len(ALL) + 1))
    assert len(ALL) >= 15
    content = COOKBOOK.read_text(encoding="utf-8")
    listed = [(int(a), int(b)) for a, b in re.findall(r"\): (\d+) to (\d+)$", content, re.MULTILINE)]
    assert [n for first, last in listed for n in range(first, last + 1)] == numbers
    assert content.count("```sql") == len(ALL)


@pytest.mark.parametrize("recipe", [r for r in ALL if r.in_warehouse], ids=lambda recipe: recipe.title)
def test_a_question_is_answered_from_the_warehouse(recipe: Recipe, current: Path) -> None:
    assert_shape(recipe, answer(current, recipe.sql))


@pytest.mark.parametrize("recipe", [r for r in ALL if r.in_public], ids=lambda recipe: recipe.title)
def test_a_question_is_answered_from_the_public_database(recipe: Recipe, public: Path) -> None:
    number = recipe.title.partition(".")[0]
    assert_shape(
        recipe,
        answer(public, recipe.sql.replace("'all'", HIDDEN_FOR_FEW_HOMES.get(number, "'all'"))),
        may_be_empty=number in EMPTY_FOR_FEW_HOMES,
    )


@pytest.mark.parametrize("recipe", [r for r in ALL if not r.in_public], ids=lambda recipe: recipe.title)
def test_what_is_not_called_public_names_a_table_that_is_not(recipe: Recipe, public: Path) -> None:
    with pytest.raises(duckdb.CatalogException):
        answer(public, recipe.sql)


@pytest.mark.parametrize("block", list(blocks(COOKBOOK, "python")), ids=lambda block: f"line {block.line}")
def test_python_runs_as_it_stands(block: Block, sample_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text], cwd=sample_home, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 5


def test_the_sql_inside_the_r_runs(current: Path) -> None:
    asked = r"""dbGetQuery\(con, "(.+?)"\)|hearth sql '(.+?)'"""
    statements = ["".join(found) for block in blocks(COOKBOOK, "r") for found in re.findall(asked, block.text)]
    assert len(statements) == 2
    for sql in statements:
        assert not answer(current, sql).is_empty()


@pytest.mark.parametrize("views", [VIEWS, PUBLIC_VIEWS], ids=["current", "public"])
def test_an_older_client_reads_every_view_with_its_comments(
    views: tuple[View, ...], current: Path, public: Path
) -> None:
    database = current if views is VIEWS else public
    described = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NOT NULL ORDER BY ALL"
    listed = subprocess.run(
        [DUCKDB, "-readonly", "-csv", "-noheader", database, described], capture_output=True, text=True, check=True
    ).stdout.split()
    assert listed == sorted(view.name for view in views)
    counted = " UNION ALL ".join(f"SELECT count(*) FROM (FROM {view.name})" for view in views)
    done = subprocess.run(
        [DUCKDB, "-readonly", "-csv", "-noheader", database, counted], capture_output=True, text=True, check=True
    )
    assert all(int(count) > 0 for count in done.stdout.split())


FEWER_ROWS = {"area_hourly": "WHERE level IN ('london', 'borough')"}  # of millions


def test_views_return_what_they_declare(current: Path) -> None:
    with open_published(current) as warehouse:
        for view in VIEWS:
            frame = warehouse.query(f"FROM {view.name} {FEWER_ROWS.get(view.name, '')}")
            assert frame.schema == pl.Schema(view.schema)
            assert view.conform(frame).height == frame.select(view.key).unique().height > 0
            for column in view.columns:
                values = frame[column.name].drop_nulls()
                assert column.lower is None or (values >= column.lower).all(), column.name
                assert column.upper is None or (values <= column.upper).all(), column.name
                assert not column.allowed or set(values) <= set(column.allowed), column.name


def test_the_computed_british_clock_is_that_of_the_time_zone_database() -> None:
    view = next(view for view in VIEWS if view.name == "heat_profile_local")
    hours = """
        CREATE TABLE heat_profile AS SELECT 'all' AS dwelling_type, '2009' AS period, h AS hour_start_utc, 1 AS households,
            0.0 AS heat_kwh_mean, 0.0 AS heat_kwh_se, 0.0 AS temperature_c
        FROM range(TIMESTAMP '2000-01-01', TIMESTAMP '2031-01-01', INTERVAL 1 HOUR) AS t (h)
    """
    with duckdb.connect() as con:
        con.execute(hours)
        frame = con.sql(view.sql).pl()
    local = frame.select(on_the_clock(pl.col("hour_start_utc")).dt.replace_time_zone(None).alias("local"))["local"]
    assert len(frame) > 270_000
    assert (frame["hour_start_local"] == local).all()
    assert (frame["date_local"] == local.dt.date()).all()
    assert (frame["hour_local"] == local.dt.hour()).all()


def test_views_agree_with_their_tables(current: Path) -> None:
    agree = """
        SELECT (SELECT sum(heat_kwh) FROM heat_daily) - (SELECT sum(heat_kwh) FROM heat_hourly) AS heat,
            (SELECT sum(number) FROM left_out WHERE what = 'home')
                - (SELECT count(*) FROM household_period WHERE NOT included) AS homes,
            (SELECT sum(number) FROM left_out WHERE what = 'reading')
                - (SELECT sum(readings) FROM flag_count WHERE flag <> 'ok') AS readings,
            (SELECT sum(lines_lost) FROM ledger_balance) AS lines,
            (SELECT count(*) FROM household_year) - (SELECT count(*) FROM household_period WHERE included) AS years,
            (SELECT count(*) FROM heat_hourly_included) - (SELECT sum(hours_observed) FROM household_period WHERE included) AS hours,
            (SELECT max(abs(lcoh_gbp_per_mwh - above_cheapest_gbp_per_mwh - best)) FROM cost_ranking JOIN (
                SELECT scenario, convention, demand_basis, period, dwelling_type, min(lcoh_gbp_per_mwh) AS best FROM lcoh GROUP BY ALL
            ) AS b USING (scenario, convention, demand_basis, period, dwelling_type)) AS ranking
    """
    assert [abs(value) < 1e-6 for value in answer(current, agree).row(0)] == [True] * 7
    firsts = answer(current, "SELECT DISTINCT system, scale FROM cost_ranking WHERE place = 1")
    assert not firsts.is_empty()


def test_a_client_that_forgets_read_only_fails(current: Path) -> None:
    if os.geteuid() == 0:  # root may write whatever the permissions say, so they are looked at
        assert current.stat().st_mode & 0o222 == 0
    else:
        with pytest.raises(duckdb.IOException):
            duckdb.connect(str(current))
