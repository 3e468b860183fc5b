"""The gate: DuckDB measures a candidate warehouse, and great-expectations judges the numbers.

All numbers become one pandas frame with a row per check: the number and its range. So no internals of
great-expectations are used, which supports neither DuckDB nor polars (docs/decisions/0001-gate-route.md).
"""

from __future__ import annotations

import json
import logging
import math
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from quality.changed import Changed
from quality.checks import Check, check_tables
from quality.measure import Query, measure, sample_broken
from quality.truths.all_truths import check_truths
from transforms.heat.periods import Sufficiency
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.lineage import QUALITY_RESULT
from transforms.tables.schema import Table

DEFAULT_SUFFICIENCY = Sufficiency()
KEYS_SHOWN = 3  # broken rows that a sentence names
NAMED = 3  # checks without a number that a message names


def judge(
    query: Query,
    *,
    run_id: str,
    tables: Sequence[Table] = WAREHOUSE_TABLES,
    sufficiency: Sufficiency = DEFAULT_SUFFICIENCY,
    alarms: Sequence[Check] = (),
    changed: Changed | None = None,
) -> pl.DataFrame:
    """Measure and judge a warehouse.

    Parameters
    ----------
    query
        Runs one SQL statement on the warehouse and returns its rows.
    run_id
        Id of the run that made the candidate.
    tables
        The tables of the warehouse; truths that read other tables are left out.
    sufficiency
        The shares of readings that a home needed.
    alarms
        Checks in addition to those of tables and truths (`quality.alarms.all_alarms.check_alarms`).
    changed
        Months and study periods that were not judged before; the others are not measured. None means that all are.

    Returns
    -------
    pl.DataFrame
        One row per check (`QUALITY_RESULT`), failed ones with a few keys.

    """
    checks = choose_checks(tables, sufficiency, alarms)
    measured = measure(query, checks, tables, changed)
    passed = expect(checks, measured.figures)
    rows = [
        {
            "run_id": run_id,
            "check_name": check.name,
            "table_name": check.table,
            "severity": check.severity,
            "passed": passed[check.name],
            "observed": measured.figures[check.name],
            "lower": check.lower,
            "upper": check.upper,
            "sample_keys": None if passed[check.name] else sample_broken(query, check, measured),
            "meaning": check.meaning,
        }
        for check in checks
    ]
    return QUALITY_RESULT.conform(pl.DataFrame(rows, schema=QUALITY_RESULT.schema))


def choose_checks(
    tables: Sequence[Table], sufficiency: Sufficiency = DEFAULT_SUFFICIENCY, alarms: Sequence[Check] = ()
) -> list[Check]:
    """Return the checks from the declarations of `tables`, and the truths and alarms that need no other table."""
    present = {table.name for table in tables}
    beyond = [*check_truths(sufficiency), *alarms]
    return [*check_tables(tables), *(check for check in beyond if present.issuperset(check.reads))]


def expect(checks: Sequence[Check], figures: Mapping[str, float | None]) -> dict[str, bool]:
    """Let great-expectations judge the measured numbers, and return for each check whether it passed.

    There is one row per check, and two expectations on all rows: the number is not below its range, and not above it. Null
    and NaN fail both, since no row is left out (`ignore_row_if="neither"`).

    Raises
    ------
    ValueError
        If there is no check (for great-expectations an empty table is a success), or two checks have the same name.
    RuntimeError
        If great-expectations did not judge every check by both expectations.

    """
    if not checks:
        raise ValueError("there is nothing to judge, and an empty suite would pass any warehouse")
    if len({check.name for check in checks}) < len(checks):
        raise ValueError("two checks have one name, so that one verdict would count for both")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import: no telemetry
    logging.getLogger("great_expectations").propagate = False  # its messages are not for our users
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports modules that the standard library has deprecated
        import great_expectations as gx
        import pandas as pd
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b import (
            ExpectColumnPairValuesAToBeGreaterThanB as IsNotBelow,
        )

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        rows = pd.DataFrame(
            {
                "check_name": [check.name for check in checks],
                "observed": pd.Series([figures[check.name] for check in checks], dtype="float64"),
                "lower": [-math.inf if check.lower is None else float(check.lower) for check in checks],
                "upper": [math.inf if check.upper is None else float(check.upper) for check in checks],
            }
        )
        asset = context.data_sources.add_pandas("measurements").add_dataframe_asset("warehouse")
        batch = asset.add_batch_definition_whole_dataframe("candidate").get_batch({"dataframe": rows})
        expectations = [
            IsNotBelow(column_A=larger, column_B=smaller, or_equal=True, ignore_row_if="neither")
            for larger, smaller in (("observed", "lower"), ("upper", "observed"))
        ]
        verdict = batch.validate(
            gx.ExpectationSuite(name="gate", expectations=expectations),
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["check_name"]},
        )
    judged = [result.result for result in verdict.results]
    if [result.get("element_count") for result in judged] != [len(checks)] * len(expectations):
        counts = [result.get("element_count") for result in judged]
        raise RuntimeError(f"great-expectations judged {counts} figures, of {len(checks)} checks by 2 expectations")
    failed = {row["check_name"] for result in judged for row in result["unexpected_index_list"] or ()}
    return {check.name: check.name not in failed for check in checks}


def critical_failures(results: pl.DataFrame) -> pl.DataFrame:
    """Return the failed checks that stop a publication."""
    return results.filter(~pl.col("passed") & (pl.col("severity") == "critical"))


def describe_failures(results: pl.DataFrame) -> str:
    """Say which checks failed: their number, then a line for each; those without a number come last. No line names a home."""
    failed = results.filter(~pl.col("passed"))
    if failed.is_empty():
        return f"all {len(results)} checks hold"
    lines = [
        f"{row['severity']}: {describe_finding(row, with_homes=False)}"
        for row in failed.drop_nulls("observed").iter_rows(named=True)
    ]
    without = failed.filter(pl.col("observed").is_null())["check_name"].to_list()
    if without:
        names = ", ".join(without[:NAMED]) + (f" and {len(without) - NAMED} more" if len(without) > NAMED else "")
        lines.append(f"{names}: could not be measured, since columns that they read are not as declared")
    return "\n".join([f"{len(failed)} {'check fails' if len(failed) == 1 else 'checks fail'}:", *lines])


def describe_finding(row: Mapping[str, Any], *, with_homes: bool) -> str:
    """Say in a sentence what a check expects, what it found, and where.

    Parameters
    ----------
    row
        A row of `QUALITY_RESULT`.
    with_homes
        Whether the sentence may name homes. The message of a run may not: it reaches logs and Prefect's server.

    """
    found = "" if row["observed"] is None else f" Found: {row['observed']:,.6g}, {_describe_bounds(row)}"
    keys = [_describe_key(key, with_homes=with_homes) for key in json.loads(row["sample_keys"] or "[]")]
    shown = list(dict.fromkeys(filter(None, keys)))[:KEYS_SHOWN]
    where = f", such as {'; '.join(shown)}" if shown else ""
    return f"{row['check_name']} expects: {row['meaning']}.{found}{where}"


def _describe_bounds(row: Mapping[str, Any]) -> str:
    if row["upper"] is None:
        return f"expected at least {row['lower']:g}"
    if row["lower"] is None or row["lower"] == row["upper"]:
        return f"expected at most {row['upper']:g}"
    return f"expected {row['lower']:g} to {row['upper']:g}"


def _describe_key(key: Mapping[str, Any], *, with_homes: bool) -> str:
    """Return the columns of a broken row as words: `file_name gas.csv, flagged 2,148`; a file's name stands for its hash."""
    hidden = {"source_id" if key.get("file_name") else "", "" if with_homes else "household_id"}
    return ", ".join(
        f"{name} {_describe_value(value)}" for name, value in key.items() if value is not None and name not in hidden
    )


def _describe_value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)  # noqa: PLR2004 - no comma in a year
