"""Each line flag: clean readings pass, and one bad reading is flagged by name."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from transforms.readings.declaration import GasConversion
from transforms.readings.line_flags import RULES, LineThresholds, count_above_rating, count_flags, flag_lines
from transforms.tables.cost import ASSUMPTION
from transforms.tables.rules import describe_rule
from transforms.tables.words import LINE_FLAGS

NOON = dt.datetime(2009, 1, 1, 12)
RUN_DATE = dt.date(2010, 6, 1)


def flag(start: dt.datetime = NOON, gas_kwh: float = 0.5, *, is_half_hour: bool = True) -> str:
    """Return the flag of one reading."""
    row = pl.DataFrame({"interval_start_utc": [start], "gas_kwh": [gas_kwh], "is_half_hour": [is_half_hour]})
    flagged = flag_lines(row, thresholds=LineThresholds(), conversion=GasConversion(), run_date=RUN_DATE)
    return str(flagged["flag"][0])


def test_the_rules_are_those_of_the_table_declaration_in_its_order() -> None:
    assert tuple(RULES) == LINE_FLAGS


@pytest.mark.parametrize("gas_kwh", [0.0, 0.001, 10.64, 33.7, 89.799])
def test_a_clean_reading_is_ok_and_zero_is_clean(gas_kwh: float) -> None:
    assert flag(gas_kwh=gas_kwh) == "ok"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (dt.datetime(1999, 12, 31, 23, 30), "bad_time"),
        (dt.datetime(2000, 1, 1), "ok"),
        (dt.datetime(2010, 6, 2, 23, 30), "ok"),
        (dt.datetime(2010, 6, 3), "bad_time"),
        (dt.datetime(2068, 1, 1), "bad_time"),
    ],
)
def test_a_time_outside_2000_to_the_day_after_the_run_is_bad_time(start: dt.datetime, expected: str) -> None:
    assert flag(start) == expected


@pytest.mark.parametrize("minutes", [1, 15, 29, 31])
def test_a_time_off_the_half_hour_is_off_grid(minutes: int) -> None:
    assert flag(NOON + dt.timedelta(minutes=30)) == "ok"
    assert flag(NOON + dt.timedelta(minutes=minutes)) == "off_grid"
    assert flag(NOON + dt.timedelta(seconds=1)) == "off_grid"


def test_an_interval_that_is_no_half_hour_is_off_grid() -> None:
    assert flag(is_half_hour=False) == "off_grid"


def test_less_than_nothing_is_negative_and_minus_zero_is_not() -> None:
    assert flag(gas_kwh=-0.001) == "negative"
    assert flag(gas_kwh=-0.0) == "ok"


@pytest.mark.parametrize("gas_kwh", [16777.215, 16777.215 * GasConversion().kwh_per_m3, 188_250.0, 188_251.0])
def test_the_largest_count_and_its_image_in_kwh_are_sentinels(gas_kwh: float) -> None:
    assert flag(gas_kwh=gas_kwh) == "sentinel_max"


@pytest.mark.parametrize("gas_kwh", [89.8, 100.0, 16777.0, 16778.0, 188_000.0, 1e12])
def test_more_than_eight_cubic_metres_in_a_half_hour_is_very_high(gas_kwh: float) -> None:
    assert flag(gas_kwh=gas_kwh) == "very_high"


def test_the_first_rule_that_holds_gives_the_flag() -> None:
    assert flag(dt.datetime(1999, 1, 1, 0, 7), -1.0) == "bad_time"
    assert flag(NOON + dt.timedelta(minutes=7), -1.0) == "off_grid"
    assert flag(NOON + dt.timedelta(minutes=7), 16777.215) == "off_grid"


def test_flags_are_counted_and_readings_above_the_meter_rating_stay_ok() -> None:
    rows = pl.DataFrame(
        {"interval_start_utc": [NOON] * 4, "gas_kwh": [0.1, 40.0, 95.0, -1.0], "is_half_hour": [True] * 4}
    )
    limits = LineThresholds()
    flagged = flag_lines(rows, thresholds=limits, conversion=GasConversion(), run_date=RUN_DATE)
    assert count_flags(flagged) == {"ok": 2, "negative": 1, "very_high": 1}
    assert count_above_rating(flagged, limits) == 1


def test_every_threshold_has_a_unit_and_a_source_as_an_assumption_has() -> None:
    rows = ASSUMPTION.conform(describe_rule("line_flag", LineThresholds(very_high_kwh=50)))
    assert rows.filter(pl.col("parameter") == "very_high_kwh")["value"].to_list() == [50]
    assert (rows["source"].str.len_chars() > 10).all()
    assert set(rows["status"]) == {"published", "own choice"}
