"""`hearth trace`: from a published number to the bytes of the files, and every figure on the way counted again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

import flows
from flows.answers.trace import Step, Trace, trace
from flows.answers.trace_key import KeyChoiceError
from flows.cli.main import app
from flows.settings import Settings, load_settings
from reports.inputs import WAY_OF_A_NUMBER
from transforms.tables.origins import BY_NAME, ORIGINS, TRACEABLE, way_back
from warehouse.versions import LAKE_FORMAT_KEY

NETWORK = (
    "scenario=current2026",
    "convention=best_practice",
    "demand_basis=measured",
    "system=ashp",
    "dwelling_type=all",
)


@pytest.fixture(scope="module")
def settings(sample_home: Path) -> Settings:
    """Give the settings of a published sample."""
    return load_settings(home=sample_home / "hearth-data")


class Counted:
    """Answers of the published warehouse by a connection of the test's own, closed again: DuckDB lets no two kinds in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with duckdb.connect(str(self.path), read_only=True) as con:
            return con.execute(sql).fetchall()

    def one(self, sql: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        (row,) = self.all(sql)
        return row


@pytest.fixture(scope="module")
def database(settings: Settings) -> Counted:
    """Give the published warehouse, to count what is traced by other means."""
    return Counted(settings.home / "warehouse" / "current.duckdb")


@pytest.fixture(scope="module")
def cost(settings: Settings) -> Trace:
    """Give the trace of one measured cost."""
    return trace(settings, "lcoh", NETWORK)


@pytest.fixture
def own_home(settings: Settings, tmp_path: Path) -> Path:
    """Give a home with the warehouse and the manifests of the sample, to break."""
    home = tmp_path / "home"
    for part in ("warehouse/current.duckdb", "lake/sources"):
        origin, copy = settings.home / part, home / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(origin, copy) if origin.is_dir() else shutil.copy(origin.resolve(), copy)
    shutil.copy(settings.home / "lake" / LAKE_FORMAT_KEY, home / "lake")
    (home / "warehouse" / "current.duckdb").chmod(0o640)
    return home


def step_of(found: Trace, table: str) -> Step:
    """Return the step of a table."""
    return next(step for step in found.steps if step.table == table)


def figures_of(found: Trace, table: str) -> dict[str, Any]:
    """Return the figures of a table's step by name."""
    return {figure.name: figure.value for figure in step_of(found, table).figures}


def test_a_cost_is_traced_to_the_bytes_of_the_file(cost: Trace, sample_home: Path) -> None:
    files = {row["file_name"]: row for row in step_of(cost, "source").listed.to_dicts()}
    readings = [name for name, row in files.items() if row["kind"] == "readings"]
    assert readings
    for name, row in files.items():
        content = (sample_home / "landing" / name).read_bytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert row["lines"] == len(content.splitlines())
        assert row["lines"] == row["header_lines"] + row["blank_lines"] + row["readings"] + row["rejects"]


def test_the_figures_on_the_way_are_those_of_own_queries(cost: Trace, database: Counted) -> None:
    one = database.one
    included = "household_id IN (SELECT household_id FROM household_period WHERE period = '2009' AND included)"
    homes, observed = one(f"SELECT count(*), sum(heat_kwh_observed) FROM household_period WHERE {included}")
    hours, heat = one(f"SELECT count(*), sum(heat_kwh) FROM heat_hourly WHERE {included}")
    assert figures_of(cost, "household_period")["households"] == homes
    assert figures_of(cost, "household_period")["heat_kwh_observed"] == pytest.approx(observed)
    assert figures_of(cost, "heat_hourly")["hours"] == hours
    assert figures_of(cost, "heat_hourly")["heat_kwh"] == pytest.approx(heat)
    (summed,) = one("SELECT sum(heat_kwh_mean) FROM heat_profile WHERE dwelling_type = 'all' AND period = '2009'")
    assert figures_of(cost, "heat_profile")["heat_kwh_sum"] == pytest.approx(summed)
    assert figures_of(cost, "lcoh")["demand_measured_kwh"] == pytest.approx(summed)
    (normal,) = one("SELECT heat_kwh_weather_normal FROM weather_fit WHERE dwelling_type = 'all' AND period = '2009'")
    assert figures_of(cost, "lcoh")["demand_kwh"] == pytest.approx(normal)
    months = database.all("SELECT month, fingerprint FROM build_month ORDER BY month")
    assert step_of(cost, "build_month").listed.select("month", "fingerprint").rows() == months
    flags = database.all("SELECT flag, sum(readings) FROM flag_count GROUP BY flag ORDER BY flag")
    assert step_of(cost, "flag_count").listed.rows() == flags
    run = step_of(cost, "run").listed.row(0, named=True)
    assert (run["run_id"], run["code_fingerprint"]) == one("SELECT run_id, code_fingerprint FROM run")
    assert json.loads(run["settings"])["scenario"] == "current2026"


def test_the_assumptions_of_a_cost_give_it_again(cost: Trace, database: Counted) -> None:
    step = step_of(cost, "assumption")
    (again,) = step.figures
    assert again.agrees
    assert again.value == pytest.approx(figures_of(cost, "lcoh")["lcoh_gbp_per_mwh"])
    capital = step.listed.filter(item="ashp", parameter="capital_gbp_per_kw")
    known = database.all(
        "SELECT value, unit, status, source FROM assumption WHERE item = 'ashp' AND parameter = 'capital_gbp_per_kw' "
        "AND scenario = 'current2026'"
    )
    assert capital.select("value", "unit", "status", "source").rows() == known
    assert not step.listed.filter(pl.col("item").str.starts_with("network")).height


def test_homes_are_counted_and_three_of_them_named(cost: Trace) -> None:
    step = step_of(cost, "household_period")
    assert step.listed.height == 3
    assert step.rows > 30


@pytest.mark.parametrize("table", TRACEABLE)
def test_every_table_is_followed_to_its_run(table: str, settings: Settings, database: Counted) -> None:
    key = BY_NAME[table].table.key
    for order in ("ASC", "DESC"):
        names = ", ".join(f"CAST({name} AS VARCHAR)" for name in key)
        row = database.one(
            f"SELECT {names} FROM {table} ORDER BY {', '.join(f'{name} {order}' for name in key)} LIMIT 1"
        )
        found = trace(settings, table, [f"{name}={value}" for name, value in zip(key, row, strict=True)])
        assert found.steps[0].table == table
        assert found.steps[-1].table == "run"
        assert found.origin == "hearth sample seed=1"
        assert all(step.rows for step in found.steps)
        assert [f for step in found.steps for f in step.figures if f.agrees is False] == []
        if table not in {"claim", "lcoh", "source"}:
            assert step_of(found, "source").listed["sha256"].str.len_chars().eq(64).all()


def test_a_cost_at_the_papers_demand_ends_at_the_assumptions(settings: Settings) -> None:
    found = trace(settings, "lcoh", ["paper_fit", "wang2018", "paper", "paper", "gas_boiler", "individual", "all"])
    assert [step.table for step in found.steps] == ["lcoh", "assumption", "run"]
    assert "it rests on no home's readings" in found.steps[0].note


def test_a_number_that_does_not_follow_from_its_rows_is_told(own_home: Path) -> None:
    with duckdb.connect(str(own_home / "warehouse" / "current.duckdb")) as con:
        con.execute(
            "UPDATE heat_profile SET heat_kwh_mean = heat_kwh_mean + 1 WHERE dwelling_type = 'all' AND hour_start_utc = '2009-03-01'"
        )
    answer = CliRunner().invoke(app, ["trace", "heat_demand_annual", "all", "2009", "--home", str(own_home)])
    assert answer.exit_code == 0, answer.output
    assert answer.output.count("DIFFERS") == 1
    assert "DIFFERS from heat_demand_annual.heat_kwh_mean" in answer.output


def test_files_without_a_manifest_are_named(own_home: Path) -> None:
    for manifest in (own_home / "lake" / "sources").glob("*.json"):
        if json.loads(manifest.read_text())["kind"] == "readings":
            manifest.unlink()
    step = step_of(trace(load_settings(home=own_home), "heat_demand_annual", ["all", "2009"]), "source")
    assert "the lake has no manifest of 1 more files (e.g. edrp_gas.csv)" in step.note
    assert set(step.listed["kind"]) == {"households", "temperature"}


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ([], r"7 rows of heat_demand_annual are there; its key: dwelling_type, period\n  dwelling_type="),
        (["nobody"], r"has no row with nobody; its key: dwelling_type, period\n  dwelling_type=all period=2009"),
        (["all", "2009", "x"], "x is one value too many; its key: dwelling_type, period"),
        (["kind=all"], "heat_demand_annual has no column kind; its key"),
        (["year=soon"], "year=soon: year is a number"),
        (["peak_hour_utc=soon"], "peak_hour_utc is a time such as"),
        (["dwelling_type='; DROP TABLE run"], "has no row with"),
    ],
)
def test_a_key_that_names_no_single_row_is_explained(settings: Settings, key: list[str], says: str) -> None:
    with pytest.raises(KeyChoiceError, match=says):
        trace(settings, "heat_demand_annual", key)


def test_an_unknown_table_lists_those_that_can_be_traced(settings: Settings) -> None:
    with pytest.raises(KeyChoiceError, match="table nix cannot be traced; these can: claim, lcoh, "):
        trace(settings, "nix", [])


def test_the_command_fits_a_terminal_and_says_that_it_is_sample_data(settings: Settings) -> None:
    answer = CliRunner().invoke(app, ["trace", "lcoh", *NETWORK, "--home", str(settings.home)])
    assert answer.exit_code == 0, answer.output
    lines = answer.output.splitlines()
    assert lines[0] == "SAMPLE DATA: the homes are made up (hearth sample seed=1)"
    assert max(map(len, lines)) <= 80
    heads = [line.split()[1] for line in lines if line[:1].isdigit()]
    assert heads == [step.table for step in trace(settings, "lcoh", NETWORK).steps]


def test_json_holds_the_whole_trace(settings: Settings, cost: Trace) -> None:
    answer = CliRunner().invoke(app, ["trace", "lcoh", *NETWORK, "--home", str(settings.home), "--json"])
    told = json.loads(answer.stdout)
    assert [step["table"] for step in told["steps"]] == [step.table for step in cost.steps]
    assumptions = next(step for step in told["steps"] if step["table"] == "assumption")
    assert len(assumptions["listed"]) == step_of(cost, "assumption").rows
    assert told["sample_data"] == "hearth sample seed=1"


def test_a_wrong_key_is_wrong_usage(settings: Settings) -> None:
    answer = CliRunner().invoke(app, ["trace", "lcoh", "--home", str(settings.home)])
    assert answer.exit_code == 2
    assert "rows of lcoh are there" in answer.stderr


def test_each_step_stands_before_what_it_is_made_from() -> None:
    order = [origin.table.name for origin in ORIGINS]
    backwards = [
        (origin.table.name, behind)
        for origin in ORIGINS
        for behind in origin.leads_to
        if order.index(behind) <= order.index(origin.table.name)
    ]
    assert backwards == [("flag_count", "source")]  # each is shown with the other


def test_the_pages_and_the_command_tell_of_the_same_way() -> None:
    assert {table.name for table in WAY_OF_A_NUMBER} <= {origin.table.name for origin in way_back("lcoh")}


def test_every_step_names_the_file_that_makes_its_table() -> None:
    root = Path(flows.__file__).parent.parent
    assert [origin.table.name for origin in ORIGINS if not (root / origin.table.module).is_file()] == []
