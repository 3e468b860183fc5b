"""What tests of the gate share: a file with the true warehouse."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.integration.true_findings import START
from tests.integration.true_tables import true_tables
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.schema import Column
from transforms.tables.views import VIEWS


@pytest.fixture(scope="session")
def true_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a DuckDB file with every declared table and view; it has no constraints, so that tests can break it."""
    path = tmp_path_factory.mktemp("warehouse") / "true.duckdb"
    frames = true_tables()
    with duckdb.connect(str(path)) as con:
        for table in WAREHOUSE_TABLES:
            frame = frames.get(table.name, pl.DataFrame({"": [None]}))
            others = [_plausible(column) for column in table.columns if column.name not in frame.columns]
            con.register("incoming", table.conform(frame.with_columns(others)).to_arrow())
            con.execute(f"CREATE TABLE {table.name} AS SELECT * FROM incoming")
            con.unregister("incoming")
        for view in VIEWS:
            con.execute(f"CREATE VIEW {view.name} AS {view.sql}")
    return path


def _plausible(column: Column) -> pl.Expr:
    """Return a value for a column that no truth reads."""
    if column.nullable:
        value = None
    elif column.allowed:
        value = column.allowed[0]
    else:
        value = START if column.dtype.is_temporal() else column.lower or 0
    return pl.lit(value).cast(column.dtype).alias(column.name)
