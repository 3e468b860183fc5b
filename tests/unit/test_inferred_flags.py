"""Spans become flags: on ok readings only, end exclusive, the first flag of the order wins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from transforms.readings.inferred_flags import flag_spans
from transforms.tables.lineage import SUSPECT_SPAN
from transforms.tables.words import FLAG_DTYPE

NOON = dt.datetime(2009, 1, 5, 12)
HALF = dt.timedelta(minutes=30)
Make = Callable[..., pl.DataFrame]


def span(flag: str, first: int, after: int, home: str = "7") -> dict[str, object]:
    return {
        "household_id": home,
        "flag": flag,
        "start_utc": NOON + first * HALF,
        "end_utc": NOON + after * HALF,
        "factor": None,
    }


def table(*rows: dict[str, object]) -> pl.DataFrame:
    return SUSPECT_SPAN.conform(pl.DataFrame(list(rows), schema=SUSPECT_SPAN.schema))


def test_readings_within_a_span_get_its_flag_and_keep_their_place(readings: Make) -> None:
    given = readings([(home, NOON + n * HALF, 1.0, 0) for home in ("7", "8") for n in range(4)])
    flagged = flag_spans(given, table(span("stuck", 1, 3)))
    assert flagged["flag"].cast(pl.String).to_list() == ["ok", "stuck", "stuck", "ok", "ok", "ok", "ok", "ok"]
    assert flagged.drop("flag").equals(given.drop("flag"))


def test_the_order_of_flags_decides_and_earlier_flags_stay(readings: Make) -> None:
    given = readings([("7", NOON + n * HALF, 1.0, 0) for n in range(3)])
    first_negative = pl.when(pl.col("line") == 2).then(pl.lit("negative", dtype=FLAG_DTYPE)).otherwise(pl.col("flag"))
    given = given.with_columns(flag=first_negative)
    both = table(span("cold_zero_run", 0, 3), span("suspected_unit", 1, 2))
    assert flag_spans(given, both)["flag"].cast(pl.String).to_list() == ["negative", "suspected_unit", "cold_zero_run"]


def test_without_spans_nothing_changes(readings: Make) -> None:
    given = readings([("7", NOON, 1.0, 0)])
    assert flag_spans(given, table()).equals(given)
