"""`hearth sql`: what it shows, and what the SQL cannot reach."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.answers.sql import run_sql
from flows.answers.sql_bounds import Bounds, measure_memory_gb
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.views import VIEWS
from warehouse.reader import NoWarehouseError, QueryError, open_published

HOURS = "SELECT household_id, hour_start_utc, gas_kwh FROM heat_hourly ORDER BY ALL LIMIT 3"


class Terminal(io.TextIOWrapper):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def output_of(
    database: Path, statement: str, output_format: str, kind: type[io.TextIOWrapper] = io.TextIOWrapper
) -> bytes:
    """Return what `hearth sql` writes to a pipe, or to a terminal."""
    written = io.BytesIO()
    stream = kind(written)
    run_sql(database, statement, output_format, stream)
    stream.flush()
    return written.getvalue()


@pytest.fixture
def published(true_warehouse: Path, tmp_path: Path) -> Path:
    """Give a warehouse in a folder of its own, as published: read-only."""
    path = tmp_path / "warehouse" / "current.duckdb"
    path.parent.mkdir()
    shutil.copy(true_warehouse, path)
    path.chmod(0o440)
    return path


def test_csv_has_a_header_and_iso_times(published: Path) -> None:
    assert output_of(published, HOURS, "csv").decode().splitlines() == [
        "household_id,hour_start_utc,gas_kwh",
        "home1,2009-01-01T00:00:00,0.194",
        "home1,2009-01-01T01:00:00,1.174",
        "home1,2009-01-01T02:00:00,1.157",
    ]


def test_json_is_a_list_of_objects(published: Path) -> None:
    assert json.loads(output_of(published, HOURS, "json"))[1] == {
        "household_id": "home1",
        "hour_start_utc": "2009-01-01T01:00:00",
        "gas_kwh": 1.174,
    }


def test_parquet_holds_the_rows_with_their_types(published: Path) -> None:
    everything = "SELECT * FROM heat_hourly ORDER BY ALL"
    frame = pl.read_parquet(output_of(published, everything, "parquet"))
    with open_published(published) as warehouse:
        assert frame.equals(warehouse.query(everything))
    assert frame.schema["hour_start_utc"] == pl.Datetime("us")


@pytest.mark.parametrize("output_format", ["csv", "json", "parquet"])
def test_every_row_comes_through_the_batches_in_order(
    published: Path, output_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.reader.BATCH_ROWS", 2048)
    written = output_of(published, "SELECT range AS n FROM range(10000) ORDER BY n DESC", output_format)
    read = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}[output_format]
    assert read(io.BytesIO(written))["n"].to_list() == list(range(9999, -1, -1))


@pytest.mark.parametrize(
    ("output_format", "expected"), [("csv", b"one\n"), ("json", b"[]\n"), ("table", b"one\n---\n(0 rows)\n")]
)
def test_no_rows_are_no_error(published: Path, output_format: str, expected: bytes) -> None:
    assert output_of(published, "SELECT 1 AS one WHERE false", output_format) == expected


def test_no_rows_are_a_parquet_file_with_columns(published: Path) -> None:
    frame = pl.read_parquet(output_of(published, "SELECT 1 AS one WHERE false", "parquet"))
    assert (frame.columns, len(frame)) == (["one"], 0)


def test_values_that_formats_treat_differently_survive(published: Path) -> None:
    odd = """
        SELECT 'a,"b"' || chr(10) || 'é' AS text, sum(n) AS total, 1.5 AS half, NULL AS nothing, [1, 2] AS list,
            {'a': 1} AS struct, INTERVAL 1 DAY AS day, 'nan'::DOUBLE AS nan, TIMESTAMPTZ '2009-06-01 00:00:00+01' AS zoned,
            DATE '2009-01-01' AS date, true AS yes, 1 AS total
        FROM range(3) AS numbers (n)
    """
    (row,) = json.loads(output_of(published, odd, "json"))
    assert row == {
        "text": 'a,"b"\né', "total": 3, "half": 1.5, "nothing": None, "list": [1, 2], "struct": {"a": 1}, "day": "1 day",
        "nan": None, "zoned": "2009-05-31T23:00:00+00:00", "date": "2009-01-01", "yes": True, "total_2": 1,
    }  # fmt: skip
    (line,) = csv.DictReader(io.StringIO(output_of(published, odd, "csv").decode(), newline=""))
    assert line == {
        "text": 'a,"b"\né', "total": "3", "half": "1.5", "nothing": "", "list": "[1, 2]", "struct": "{'a': 1}",
        "day": "1 day", "nan": "NaN", "zoned": "2009-05-31T23:00:00+00:00", "date": "2009-01-01", "yes": "true", "total_2": "1",
    }  # fmt: skip
    assert pl.read_parquet(output_of(published, odd, "parquet"))["list"].to_list() == [[1, 2]]


def test_a_terminal_gets_the_first_rows_aligned_and_is_told_how_many_there_are(published: Path) -> None:
    statement = "SELECT household_id, gas_kwh FROM heat_hourly ORDER BY ALL"
    lines = output_of(published, statement, "table", Terminal).decode().splitlines()
    assert lines[:2] == ["household_id  gas_kwh", "------------  -------"]
    assert len(lines) == 2 + 40 + 1
    assert {len(line) for line in lines[:-1]} == {len(lines[0])}
    with duckdb.connect(str(published), read_only=True) as con:
        rows = con.execute("SELECT count(*) FROM heat_hourly").fetchall()[0][0]
    assert lines[-1] == f"(the first 40 of {rows:,} rows; --format csv gives all)"


def test_a_pipe_gets_every_row_and_column_uncut(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("warehouse.reader.BATCH_ROWS", 2048)
    statement = "SELECT range AS n, 'x' || repeat('y', range % 100) || 'z' AS text FROM range(5000) ORDER BY n"
    header, _, *rows, said = output_of(published, statement, "table").decode().splitlines()
    assert header.split() == ["n", "text"]
    assert [line.split() for line in rows] == [[f"{n}", "x" + "y" * (n % 100) + "z"] for n in range(5000)]
    assert said == "(5,000 rows)"
    wide = output_of(published, "FROM household_period", "table").decode().splitlines()
    with open_published(published) as warehouse:
        assert wide[0].split() == warehouse.query("FROM household_period").columns


def test_a_terminal_is_told_the_columns_for_which_it_has_no_room(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    said = output_of(published, "SELECT * FROM household_period LIMIT 2", "table", Terminal).decode()
    lines = said.splitlines()
    assert max(map(len, lines)) <= 60
    table, _, below = said.partition("(")
    rule = next(line for line in table.splitlines() if set(line) == {"-", " "})
    with open_published(published) as warehouse:
        columns = warehouse.query("FROM household_period LIMIT 0").columns
    hidden = columns[len(rule.split()) :]
    assert len(hidden) > 1
    assert (
        " ".join(below.split()) == f"2 rows; {len(hidden)} more columns: {', '.join(hidden)}; --format csv gives all)"
    )


def test_one_row_with_more_columns_than_fit_stands_upright(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = output_of(published, "FROM run LIMIT 1", "table", Terminal).decode().splitlines()
    with open_published(published) as warehouse:
        run = warehouse.query("FROM run LIMIT 1")
    assert max(map(len, lines)) <= 60
    assert [line.split()[0] for line in lines if line[0] not in " ("] == run.columns
    assert lines[0].split() == ["run_id", run["run_id"][0]]


@pytest.mark.parametrize("statement", ["DESCRIBE household", "SUMMARIZE heat_hourly", "SHOW TABLES", "FROM household", "VALUES (1)",
    "WITH a AS (SELECT 1) FROM a", "EXPLAIN SELECT 1", "SELECT count(*) FROM duckdb_columns()"])  # fmt: skip
def test_whatever_reads_is_let_through(published: Path, statement: str) -> None:
    assert output_of(published, statement, "csv")
    assert output_of(published, statement, "table")
    assert output_of(published, statement, "table", Terminal)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT * FROM read_csv('{file}')", "file system operations are disabled"),
        ("SELECT * FROM read_text('{file}')", "file system operations are disabled"),
        ("SELECT * FROM read_parquet('s3://bucket/key')", "file system operations are disabled"),
        ("SELECT * FROM read_csv('https://localhost/x.csv')", "file system operations are disabled"),
        ("SELECT * FROM glob('/*')", "file system operations are disabled"),
        ("SELECT * FROM '{file}'", "file system operations are disabled"),
        ("SELECT * FROM frame_of_the_caller", "there is no table frame_of_the_caller"),
        ("COPY (SELECT 1) TO '{folder}/stolen.csv'", "COPY is refused"),
        ("COPY (SELECT 1) TO '{database}.wal'", "COPY is refused"),
        ("EXPLAIN ANALYZE COPY (SELECT 1) TO '{database}.wal'", "COPY is refused"),
        ("explain /* */ analyze copy (SELECT 1) TO '{database}.wal'", "Parser Error"),
        ("COPY (PIVOT household ON included USING count(*)) TO '{database}.wal'", "PIVOT must name its columns"),
        ("EXPORT DATABASE '{folder}/export'", "EXPORT is refused"),
        ("ATTACH '{folder}/other.duckdb'", "ATTACH is refused"),
        ("ATTACH '{database}' AS again", "ATTACH is refused"),
        ("SET enable_external_access = true", "SET is refused"),
        ("RESET lock_configuration", "SET is refused"),
        ("PRAGMA memory_limit = '1GB'", "SET is refused"),
        ("PRAGMA database_size", "PRAGMA is refused"),
        ("INSTALL httpfs", "LOAD is refused"),
        ("LOAD httpfs", "LOAD is refused"),
        ("CREATE TABLE t (n INTEGER)", "CREATE is refused"),
        ("DROP TABLE household", "DROP is refused"),
        ("DELETE FROM household", "DELETE is refused"),
        ("CALL enable_logging()", "CALL is refused"),
        ("CHECKPOINT", "refused"),
        ("SELECT 1; DROP TABLE household", "2 statements where one is expected"),
        ("", "0 statements where one is expected"),
    ],
)  # fmt: skip
def test_sql_reaches_no_file_no_network_and_no_setting(published: Path, statement: str, said: str) -> None:
    secret = published.parent / "secret.csv"
    secret.write_text("a\n1\n")
    before, content = sorted(published.parent.iterdir()), published.read_bytes()
    frame_of_the_caller = pl.DataFrame({"a": [1]})
    filled = statement.format(file=secret, folder=published.parent, database=published)
    with pytest.raises(QueryError) as raised, open_published(published) as warehouse:
        warehouse.query(filled)
    assert said in str(raised.value)
    with pytest.raises(QueryError):
        output_of(published, filled, "csv")
    assert sorted(published.parent.iterdir()) == before
    assert published.read_bytes() == content
    assert len(frame_of_the_caller) == 1


def test_an_open_connection_is_locked_even_where_statements_are_not_looked_at(published: Path) -> None:
    with open_published(published) as warehouse:
        con = warehouse._con
        for statement in (
            "SET enable_external_access = true",
            "SET TimeZone = 'Europe/London'",
            "INSTALL httpfs",
            "CREATE TABLE t (n INTEGER)",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(statement)
        assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "SELECT * FROM nosuch",
            r"^there is no table nosuch; there are abatement, area, .*weather_fit$",
        ),
        ("SELECT nosuch FROM heat_hourly", r'"nosuch" not found.*\n.*DESCRIBE household'),
        ("SELECT h.nosuch FROM heat_hourly AS h", r"does not have a column named.*\n.*DESCRIBE household"),
        ("SELEC 1", r'^Parser Error: syntax error at or near "selec"$'),
        ("SELECT household_id::INTEGER FROM heat_hourly", r"^Conversion Error: Could not convert string 'home1'"),
        ("PIVOT household ON included USING count(*)", r"PIVOT must name its columns"),
    ],
)
def test_errors_are_one_or_two_lines_with_the_next_step(published: Path, statement: str, said: str) -> None:
    with pytest.raises(QueryError, match=f"(?i){said}") as raised:
        output_of(published, statement, "csv")
    assert len(str(raised.value).splitlines()) <= 2


def test_without_a_warehouse_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoWarehouseError, match=r"no warehouse at .*current\.duckdb: run `hearth run` first"):
        output_of(tmp_path / "current.duckdb", "SELECT 1", "csv")


def test_a_file_that_is_no_warehouse_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "current.duckdb"
    wrong.write_text("this is no database" * 1000)
    with pytest.raises(QueryError, match=r"current\.duckdb cannot be opened as a warehouse"):
        output_of(wrong, "SELECT 1", "csv")


def test_an_unknown_format_and_parquet_on_a_terminal_are_refused(published: Path) -> None:
    with pytest.raises(ValueError, match="no format xml; there are table, csv, json, parquet"):
        output_of(published, "SELECT 1", "xml")
    with pytest.raises(ValueError, match="not for a terminal"):
        run_sql(published, "SELECT 1", "parquet", Terminal(io.BytesIO()))


def test_a_reader_keeps_its_snapshot_while_another_is_published(published: Path) -> None:
    other = published.with_name("next.duckdb")
    shutil.copy(published, other)
    other.chmod(0o640)
    with duckdb.connect(str(other)) as con:
        con.execute("DELETE FROM household")
    with open_published(published) as warehouse:
        before = len(warehouse.query("FROM household"))
        other.replace(published)
        assert len(warehouse.query("FROM household")) == before > 0
    with open_published(published) as warehouse:
        assert len(warehouse.query("FROM household")) == 0


def test_declared_types_come_back_as_declared(published: Path) -> None:
    with open_published(published) as warehouse:
        assert warehouse.tables() == sorted(table.name for table in (*WAREHOUSE_TABLES, *VIEWS))
        for table in (*WAREHOUSE_TABLES, *VIEWS):
            frame = warehouse.query(f"SELECT * FROM {table.name}")
            assert frame.schema == pl.Schema(table.schema)


def test_what_does_not_fit_into_memory_spills_to_a_folder_that_is_gone_afterwards(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    with open_published(published) as warehouse:
        (folder,) = spill.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(warehouse.query("SELECT 1")) == 1
    assert list(spill.iterdir()) == []
    assert sorted(path.name for path in published.parent.iterdir()) == ["current.duckdb"]


@pytest.mark.parametrize("output_format", ["csv", "json", "parquet"])
def test_a_reader_that_has_seen_enough_is_no_error(published: Path, output_format: str) -> None:
    code = f"""
import sys
from pathlib import Path
from flows.answers.sql import run_sql
from flows.answers.sql_bounds import Bounds, measure_memory_gb
run_sql(Path({str(published)!r}), "SELECT random() FROM range(1000000)", {output_format!r}, sys.stdout)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_it_imports_neither_prefect_nor_great_expectations(published: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from flows.answers.sql import run_sql
from flows.answers.sql_bounds import Bounds, measure_memory_gb
run_sql(Path({str(published)!r}), "SELECT 1 AS one", "csv", sys.stdout)
heavy = {{"prefect", "great_expectations", "pandas", "plotly", "scipy"}} & set(sys.modules)
assert not heavy, heavy
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"one\n1\n", b"")


ENDLESS = [
    "SELECT count(*) FROM range(1_000_000) a, range(1_000_000) b, range(1_000_000) c WHERE a.range + b.range = c.range",
    "SELECT a.range, b.range, count(*) FROM range(1_000_000) a, range(1_000_000) b GROUP BY ALL",
    "SELECT a.range, b.range FROM range(1_000_000) a, range(1_000_000) b",
]


@pytest.mark.parametrize("statement", ENDLESS)
def test_a_statement_that_takes_too_long_is_ended_and_the_setting_named(published: Path, statement: str) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, pytest.raises(QueryError, match="sql_seconds"):
        run_sql(published, statement, "csv", nowhere, bounds=Bounds(seconds=0.5, memory_gb=None))
    within = io.TextIOWrapper(io.BytesIO())
    run_sql(published, "SELECT 1 AS one", "csv", within, bounds=Bounds(seconds=60, memory_gb=1))
    assert within.buffer.getvalue() == b"one\n1\n"  # type: ignore[attr-defined]  # it is a BytesIO


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT repeat('x', 200_000) || range AS long FROM range(1_000_000)",  # rows that DuckDB has handed over
        "SELECT list(a.range ORDER BY hash(a.range)) FROM range(300_000_000) a",  # what DuckDB itself holds
    ],
)
def test_a_statement_that_takes_too_much_memory_fails_and_takes_little_more(published: Path, statement: str) -> None:
    before = measure_memory_gb()
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, pytest.raises(QueryError, match=r"emory|disk"):
        run_sql(published, statement, "csv", nowhere, bounds=Bounds(seconds=120, memory_gb=0.2))
    assert measure_memory_gb() - before < 1


@pytest.mark.parametrize("statement", ENDLESS)
def test_ctrl_c_ends_a_statement_with_the_exit_code_of_an_interruption(published: Path, statement: str) -> None:
    hearth = Path(sys.executable).with_name("hearth")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "PREFECT_"))}
    asked = subprocess.Popen(
        [hearth, "sql", statement, "--home", published.parents[1], "--format", "csv"],
        env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(4)  # to be at work; earlier it ends as well, and shows less
    asked.send_signal(signal.SIGINT)
    _, said = asked.communicate(timeout=60)
    assert (asked.returncode, said) == (130, "hearth: interrupted\n")
