"""The assumptions and reference values that ship with Hearth: one CSV per table, with unit and source on every row."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).with_name("assumptions")


@cache
def read_figures(name: str) -> pl.DataFrame:
    """Return the shipped table `name` (`warehouse/assumptions/<name>.csv`), dates parsed.

    Raises
    ------
    FileNotFoundError
        If no such table ships; the message lists those that do.

    """
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.csv")))
        message = f"no shipped table is named {name}; there are {known}"
        raise FileNotFoundError(message)
    return pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
