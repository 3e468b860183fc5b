"""The table `assumption`: every value that the cost model assumes, from the shipped tables and a user's own files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from transforms.climate.weather_normal import NormalWeather
from transforms.lcoh.assumptions.assumptions import WHERE, check_rows
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.resolution import resolve
from transforms.lcoh.assumptions.retail_prices import add_retail_prices
from transforms.lcoh.assumptions.scenario_rules import RULE_COLUMNS, check_rules
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.load_rows import derive_load_rows
from transforms.lcoh.model.performance import (
    REFERENCE,
    cooking_row,
    reference_performance,
    reference_source_rows,
    spf_rows,
)
from transforms.tables.cost import ASSUMPTION
from warehouse.figures import read_figures

SHIPPED: Final = (
    "price_deflator",
    "perspective",
    "technology",
    "technology_current",
    "heat_pump_cop",
    "field_trial",
    "reference_boiler",
    "individual_size",
    "network_plant",
    "network_pipe",
    "network_load",
    "network_scale",
    "finance",
    "price",
    "price_current",
    "retail_rule",
    "carbon_value",
    "stock_share",
    "dwelling_demand_paper",
)
SPF_SCENARIO: Final = "paper_fit"  # any scenario would do: all of them assume the same of heat pumps
SHIPPED_RULES: Final = ("scenario_rule",)
_ROW_COLUMNS: Final = tuple(ASSUMPTION.schema)
_RULE_MARK: Final = "borrow_from"  # a file with this column holds rules


def read_assumptions(
    own_files: Sequence[Path] = (), *, settings: Iterable[str] = (), scenario: str = ""
) -> pl.DataFrame:
    """Return the table `assumption`: the rows that ship with Hearth and those of a user's own CSV files, resolved.

    Parameters
    ----------
    own_files
        CSV files of rows (columns of the table `assumption`) or of scenario rules (with a column `borrow_from`).
    settings, scenario
        Values to replace in one scenario before its series are extended, as `override` takes them.

    Raises
    ------
    AssumptionError
        If a file is no table of assumptions, or a row cannot be used; the message names file, row and reason.

    """
    own = [(path.name, _read_own(path)) for path in own_files]
    own_rules = [(name, frame) for name, frame in own if _RULE_MARK in frame.columns]
    own_rows = [(name, frame) for name, frame in own if _RULE_MARK not in frame.columns]
    derived = [("load of many homes", _derived_load()), ("performance of heat pumps", _derived_spf())]
    rows = check_rows(_stack([*_shipped(SHIPPED), *derived, *own_rows], _ROW_COLUMNS))
    rules = check_rules(_stack([*_shipped(SHIPPED_RULES), *own_rules], RULE_COLUMNS), rows)
    return override(rows, settings, scenario=scenario).pipe(add_retail_prices).pipe(resolve, rules)


@cache
def read_shipped_assumptions() -> pl.DataFrame:
    """Return the figures that ship with Hearth: resolved once in a process, since each plan of a run asks for them."""
    return read_assumptions()


def _shipped(names: Iterable[str]) -> list[tuple[str, pl.DataFrame]]:
    return [(f"{name}.csv", read_figures(name)) for name in names]


@cache
def _derived_load() -> pl.DataFrame:
    return derive_load_rows(read_figures)


@cache
def _derived_spf() -> pl.DataFrame:
    """Return the SPF of heat pumps in normal weather; a run replaces it by the SPF that its own homes give."""
    rows = check_rows(_stack(_shipped(SHIPPED), _ROW_COLUMNS))
    rules = check_rules(_stack(_shipped(SHIPPED_RULES), RULE_COLUMNS), rows)
    figures = scenario_figures(resolve(rows, rules), SPF_SCENARIO)
    normal = NormalWeather.from_tables(read_figures)
    of_homes = spf_rows(reference_performance(figures, normal), period=REFERENCE[1])
    return pl.concat([of_homes, reference_source_rows(figures, normal), cooking_row(normal.end_uses)])


def _read_own(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        message = f"{path}: cannot be read as a table of assumptions: {error}"
        raise AssumptionError(message) from error


def _stack(files: Iterable[tuple[str, pl.DataFrame]], columns: Sequence[str]) -> pl.DataFrame:
    """Return the rows of all files as text, each with its file and row number (the header is row 1).

    A row that names several scenarios, with a blank between them, becomes one row for each.
    """
    return pl.concat(_located(frame, name, columns) for name, frame in files)


def _located(frame: pl.DataFrame, file_name: str, columns: Sequence[str]) -> pl.DataFrame:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        message = f"{file_name} lacks the columns {', '.join(missing)}; it needs {', '.join(columns)}"
        raise AssumptionError(message)
    rows = frame.with_row_index("row", offset=2).select(
        pl.col(list(columns)).cast(pl.String), pl.format("{}, row {}", pl.lit(file_name), "row").alias(WHERE)
    )
    named = pl.col("scenario").str.strip_chars().str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
    return rows.with_columns(pl.when(named.list.len() > 0).then(named).otherwise(pl.concat_list("scenario"))).explode(
        "scenario"
    )
