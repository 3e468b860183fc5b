"""Every published count, computed again from the tables of households in the warehouse of a real run."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.pipeline.report import report_is_current, write_report
from flows.settings import Settings, load_settings
from tests.pipeline import copy_home
from transforms.public.public import PUBLIC_TABLES
from transforms.tables.views import PUBLIC_VIEWS
from warehouse.public.releases import ReleaseFolder

# What each published table counts, from household, household_period and heat_hourly alone.
MEMBERS = """
CREATE TEMP VIEW member AS
    SELECT p.*, h.dwelling_type FROM warehouse.household_period p JOIN warehouse.household h USING (household_id) WHERE p.included;
CREATE TEMP VIEW grouped AS
    SELECT * FROM member UNION ALL BY NAME SELECT * REPLACE ('all' AS dwelling_type) FROM member;
CREATE TEMP TABLE hour AS
    SELECT g.dwelling_type, g.period, o.hour_start_utc, count(*) AS homes FROM grouped g JOIN warehouse.heat_hourly o
    ON o.household_id = g.household_id AND o.hour_start_utc >= g.period_start_utc AND o.hour_start_utc < g.period_end_utc
    GROUP BY ALL;
CREATE TEMP VIEW local AS
    SELECT hour.*, hour_start_utc AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/London' AS clock, temperature_c
    FROM hour LEFT JOIN warehouse.temperature_hourly USING (hour_start_utc);
CREATE TEMP VIEW kind AS
    SELECT *, hour(clock) AS hour_local, strftime(clock, '%m') AS month,
        CASE WHEN isodow(clock) < 6 THEN 'weekday' ELSE 'weekend' END AS day_kind,
        5 * CAST(floor(avg(temperature_c) OVER (PARTITION BY dwelling_type, clock::DATE) / 5) AS INTEGER) AS band
    FROM local;
"""
COUNTS = {
    "heat_demand_annual": "SELECT dwelling_type, period, count(*) AS homes FROM grouped GROUP BY ALL",
    "weather_fit": "SELECT dwelling_type, period, count(*) AS homes FROM grouped GROUP BY ALL",
    "heat_demand_quantile": "SELECT dwelling_type, period, count(*) AS homes FROM grouped GROUP BY ALL",
    "lcoh": "SELECT dwelling_type, period, 'measured' AS demand_basis, count(*) AS homes FROM grouped GROUP BY ALL",
    "lcoh_distribution": "SELECT dwelling_type, period, count(*) AS homes FROM grouped WHERE heat_kwh_annual > 0 GROUP BY ALL",
    "lcoh_quantile": "SELECT dwelling_type, period, count(*) AS homes FROM grouped GROUP BY ALL",
    "diversity": """
        SELECT dwelling_type, period, interval_minutes, count(*) AS homes
        FROM grouped JOIN warehouse.diversity_home USING (household_id, period) GROUP BY ALL
    """,
    "heat_pump_peak": """
        SELECT dwelling_type, period, count(*) AS homes
        FROM grouped JOIN warehouse.diversity_home USING (household_id, period) WHERE interval_minutes = 60 GROUP BY ALL
    """,
    "heat_profile": "SELECT * FROM hour",
    "weather_day": "SELECT dwelling_type, period, hour_start_utc::DATE AS date, min(homes) AS homes FROM hour GROUP BY ALL",
    "heat_profile_season": """
        SELECT dwelling_type, period, 'month' AS segmentation, month AS segment, hour_local, min(homes) AS homes FROM kind GROUP BY ALL
        UNION ALL
        SELECT dwelling_type, period, 'day_kind', day_kind, hour_local, min(homes) FROM kind GROUP BY ALL
        UNION ALL
        SELECT dwelling_type, period, 'temperature_band', concat(band, '_to_', band + 5, '_c'), hour_local, min(homes) FROM kind GROUP BY ALL
    """,
    "build_month": """
        SELECT date_trunc('month', hour_start_utc)::DATE AS month, count(DISTINCT household_id) AS homes
        FROM warehouse.heat_hourly GROUP BY ALL
    """,
    "selection_funnel": """
        SELECT period, step, count(*) FILTER (coalesce(list_position(
            ['unknown_household', 'no_readings', 'not_gas_heated', 'too_few_half_hours', 'thin_month_hour'], exclusion_reason), 9) > step
        ) AS homes
        FROM warehouse.household_period, range(6) AS steps(step) GROUP BY ALL
    """,
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """A run's home folder, and a connection to its warehouse and its public database."""

    home: Path
    con: duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def published(trial_home: Path) -> Published:
    """Give a sample trial that went through the pipeline."""
    home, con = trial_home / "home", duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH '{home / 'warehouse' / 'current.duckdb'}' AS warehouse (READ_ONLY)")
    con.execute(f"ATTACH '{home / 'reports' / 'current' / 'downloads' / 'public.duckdb'}' AS public (READ_ONLY)")
    con.execute(MEMBERS)
    return Published(home, con)


@pytest.fixture(scope="module")
def copied(trial_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give the settings of a copy of its data folder, in which reports may be written."""
    return load_settings(home=copy_home(trial_home, tmp_path_factory.mktemp("copied")) / "home")


def recount(published: Published, table: str) -> pl.DataFrame:
    """Return the published cells of a table beside the number of homes behind each."""
    of_homes = "demand_basis = 'measured'" if table == "lcoh" else "true"  # the paper's demands rest on no home
    shown = published.con.sql(f"SELECT * FROM public.{table} WHERE {of_homes}").pl()
    counted = published.con.sql(COUNTS[table]).pl()
    keys = [key for key in PUBLIC_TABLES[table].key if key in counted.columns]
    return shown.join(counted.with_columns(pl.col(key).cast(shown.schema[key]) for key in keys), on=keys, how="left")


@pytest.mark.parametrize("table", COUNTS)
def test_each_published_count_is_that_of_the_households_rounded_to_ten(published: Published, table: str) -> None:
    cells = recount(published, table)
    assert len(cells) >= 3
    assert cells["homes"].null_count() == 0
    assert cells.filter(pl.col("households").is_not_null() & (pl.col("homes") < 10)).rows() == []
    expected = (pl.col("homes") + 5) // 10 * 10
    wrong = cells.filter(pl.col("households").is_not_null() & (pl.col("households") != expected))
    assert wrong.rows() == []
    assert cells["households"].is_not_null().sum() >= 3


def test_every_published_table_with_a_count_of_homes_is_counted_again(published: Published) -> None:
    rows = published.con.sql(
        "SELECT table_name FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, table_name)"
        " WHERE database_name = 'public' AND column_name = 'households'"
    ).fetchall()
    with_rows = {name for (name,) in rows if published.con.sql(f"SELECT 1 FROM public.{name} LIMIT 1").fetchall()}
    assert with_rows == set(COUNTS)


def test_homes_that_pass_all_steps_but_one_are_counted_again(published: Published) -> None:
    counted = published.con.sql("""
        SELECT period, count(*) FILTER (included) AS included,
            count(*) FILTER (exclusion_reason = 'not_gas_heated' AND completeness >= 0.9 AND weakest_cell >= 0.5) AS step_3,
            count(*) FILTER (exclusion_reason = 'too_few_half_hours' AND weakest_cell >= 0.5) AS step_4,
            count(*) FILTER (exclusion_reason = 'thin_month_hour') AS step_5
        FROM warehouse.household_period GROUP BY ALL
    """).pl()  # fmt: skip
    shown = published.con.sql("SELECT step, households_without FROM public.selection_funnel ORDER BY step").pl()
    included = counted["included"][0]
    homes = [included, included, included, *(included + counted[f"step_{n}"][0] for n in (3, 4, 5))]
    assert shown["households_without"].to_list() == [(n + 5) // 10 * 10 for n in homes]


def test_what_is_hidden_rests_on_few_homes_or_hides_what_does(published: Published) -> None:
    counted = published.con.sql(COUNTS["heat_demand_annual"]).pl()
    shown = published.con.sql("SELECT dwelling_type, period FROM public.heat_demand_annual").pl()
    hidden = counted.join(shown, on=["dwelling_type", "period"], how="anti")
    small = hidden.filter(pl.col("homes") < 10)
    assert len(small) >= 1, "the sample has a small type"
    assert hidden["homes"].sum() >= 10
    assert len(hidden) <= len(small) + 1


def test_a_published_quantile_is_the_mean_of_ten_homes(published: Published) -> None:
    shown = published.con.sql("SELECT * FROM public.heat_demand_quantile").pl()
    homes = published.con.sql("SELECT dwelling_type, period, heat_kwh_annual AS own FROM member").pl()
    for name, period, quantile, heat in shown.select(
        "dwelling_type", "period", "quantile", "heat_kwh_annual"
    ).iter_rows():
        own = homes.filter(dwelling_type=name, period=period)["own"]
        middle = own.quantile(quantile, "linear")
        nearest = own.gather((own - middle).abs().arg_sort()[:10])
        assert heat == pytest.approx(nearest.mean(), abs=5.001)


def test_public_figures_are_those_of_the_warehouse_but_for_rounding(published: Published) -> None:
    both = published.con.sql("""
        SELECT abs(p.heat_kwh_mean - w.heat_kwh_mean) AS year FROM public.heat_demand_annual p
        JOIN warehouse.heat_demand_annual w USING (dwelling_type, period)
    """).pl()
    assert len(both) >= 3
    assert both["year"].max() <= 5.0
    for table in ("heat_profile", "heat_profile_season"):
        keys = ", ".join(PUBLIC_TABLES[table].key)
        differing = published.con.sql(
            f"SELECT count(*) FILTER (p.heat_kwh_mean != w.heat_kwh_mean), count(*) FROM public.{table} p JOIN warehouse.{table} w USING ({keys})"
        ).fetchall()[0]
        assert differing[0] == 0
        assert differing[1] == len(published.con.sql(f"SELECT 1 FROM public.{table}").pl()) > 500
    (days,) = published.con.sql("""
        SELECT max(abs(d.gas_kwh_mean - hours.gas)) FROM public.weather_day d JOIN (
            SELECT dwelling_type, period, hour_start_utc::DATE AS date, sum(gas_kwh_mean) AS gas FROM public.heat_profile GROUP BY ALL
        ) hours USING (dwelling_type, period, date)
    """).fetchall()[0]
    assert days < 1e-9
    (costs,) = published.con.sql("""
        SELECT max(abs(p.lcoh_gbp_per_mwh / w.lcoh_gbp_per_mwh - 1)) FROM public.lcoh p JOIN warehouse.lcoh w
        USING (scenario, convention, demand_basis, period, system, scale, dwelling_type)
    """).fetchall()[0]
    assert costs < 0.001


def test_no_table_of_households_is_public(published: Published) -> None:
    columns = published.con.sql(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'public'"
    ).fetchall()
    assert {name for name, _ in columns} == {*PUBLIC_TABLES, "release", *(view.name for view in PUBLIC_VIEWS)}
    assert [name for name, column in columns if column in {"household_id", "sample_keys", "source_level"}] == []


def test_the_release_is_recorded_beside_the_reports_for_the_owner_alone(published: Published) -> None:
    releases = ReleaseFolder(published.home / "releases")
    record = releases.latest()
    assert record is not None
    assert (published.home / "reports" / "current").readlink().name.startswith(record.release_id)
    assert stat.S_IMODE(releases.root.stat().st_mode) == 0o700
    assert {path.stem for path in (published.home / "reports").rglob("*.parquet")} == {*PUBLIC_TABLES, "release"}
    assert record.member.filter(level="heat")["household_id"].n_unique() == published.con.sql("SELECT DISTINCT household_id FROM member").pl().height  # fmt: skip


def test_a_site_whose_release_is_not_recorded_is_not_current_and_is_written_again(copied: Settings) -> None:
    releases = ReleaseFolder(copied.home / "releases")
    record = releases.latest()
    assert record is not None
    assert report_is_current(copied)
    (releases.root / "records" / f"{record.release_id}.json").unlink()
    assert not report_is_current(copied)
    write_report(copied)
    assert report_is_current(copied)
    assert releases.exists(record.release_id)


def test_where_the_release_cannot_be_recorded_the_old_site_stays(copied: Settings) -> None:
    reports, records = copied.home / "reports", copied.home / "releases" / "records"
    before = (reports / "current").readlink()
    records.rename(records.with_name("aside"))
    records.write_text("no folder", encoding="utf-8")
    with pytest.raises(OSError, match="records"):
        write_report(copied, anew=True)
    records.unlink()
    records.with_name("aside").rename(records)
    assert (reports / "current").readlink() == before
    assert (reports / "current" / "index.html").exists()
    assert sorted(path.name for path in reports.iterdir()) == sorted(
        [copied.folders.report_parts.name, "current", before.name]
    )
