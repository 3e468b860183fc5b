"""The table `assumption`: every figure of the cost model, from the shipped tables and a user's own files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from transforms.lcoh.assumptions import WHERE, check_rows
from transforms.lcoh.refusals import AssumptionError
from transforms.tables import ASSUMPTION
from warehouse.figures import read_figures

SHIPPED: Final = ("technology", "network_scale", "price", "stock_share", "dwelling_demand_paper")


def read_assumptions(own_files: Sequence[Path] = ()) -> pl.DataFrame:
    """Return the table `assumption`: the figures that ship with Hearth, and those of a user's own CSV files.

    Raises
    ------
    AssumptionError
        If a file is no table of assumptions or a row cannot be used; the message names file, row and reason.

    """
    shipped = [_located(read_figures(name), f"{name}.csv") for name in SHIPPED]
    own = [_located(_read_own(path), path.name) for path in own_files]
    return check_rows(pl.concat([*shipped, *own]))


def _read_own(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        message = f"{path}: cannot be read as a table of assumptions: {error}"
        raise AssumptionError(message) from error


def _located(frame: pl.DataFrame, file_name: str) -> pl.DataFrame:
    """Return the rows as text, each with its file and row (the header is row 1)."""
    missing = [name for name in ASSUMPTION.schema if name not in frame.columns]
    if missing:
        message = f"{file_name} lacks the columns {', '.join(missing)}; it needs {', '.join(ASSUMPTION.schema)}"
        raise AssumptionError(message)
    return frame.with_row_index("row", offset=2).select(
        pl.col(list(ASSUMPTION.schema)).cast(pl.String), pl.format("{}, row {}", pl.lit(file_name), "row").alias(WHERE)
    )
