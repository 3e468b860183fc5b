"""Homes in a wrong unit all along: named by their level, flagged where step or largest half-hours prove it."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.history.levels import compare_levels
from transforms.history.slip_rule import KWH_PER_M3
from transforms.history.whole_series import judge_homes, span_flagged
from transforms.tables.lake import HOME_LEVEL

FIRST, LAST = dt.date(2009, 1, 1), dt.date(2009, 12, 31)
HEATS = {"cold_days": 150, "cold_kwh": 150 * 60.0, "warm_days": 60, "warm_kwh": 60 * 6.0, "peak_kwh": 6.0}
COOKS = {"cold_days": 150, "cold_kwh": 150 * 2.0, "warm_days": 60, "warm_kwh": 60 * 1.8, "peak_kwh": 0.9}
WINTER_ONLY = {"cold_days": 80, "cold_kwh": 80 * 60.0, "warm_days": 0, "warm_kwh": 0.0, "peak_kwh": 6.0}


def home(name: str, level: float, step: float | None = 0.112, **more: Any) -> dict[str, Any]:
    """Return a row of a home at a level; gas and largest half-hours are those of `more`, times the level."""
    season = HEATS | more
    scaled = {key: value * level for key, value in season.items() if key.endswith("kwh")}
    return {
        "household_id": name, "first_date": FIRST, "last_date": LAST, "days": 365, "step_kwh": step,
        "log_level": math.log(level), "usual_log_level": 0.0, "compared_with": "homes of its type",
    } | season | scaled  # fmt: skip


def usual_homes(count: int = 30) -> list[dict[str, Any]]:
    rng = np.random.default_rng(2)
    return [home(f"h{n}", math.exp(0.4 * rng.standard_normal()), (0.011, 0.112, 0.317)[n % 3]) for n in range(count)]


def judge(*odd: dict[str, Any], others: int = 30) -> dict[str, tuple[str, bool]]:
    """Return witness and verdict of each home that is named."""
    rows = pl.DataFrame(
        [*usual_homes(others), *odd], schema_overrides={"step_kwh": pl.Float64}, infer_schema_length=None
    )
    found = judge_homes(rows)
    return {
        name: (witness, flagged) for name, witness, flagged in found.select("household_id", "witness", "flagged").rows()
    }


def test_usual_homes_are_not_named() -> None:
    assert judge() == {}


@pytest.mark.parametrize("level", [0.4, 1.0, 2.0])
def test_cubic_metres_are_proved_by_a_step_that_no_other_meter_has(level: float) -> None:
    metres = home("odd", level / KWH_PER_M3, 0.01, **WINTER_ONLY)
    assert judge(metres) == {"odd": ("step", True)}
    found = judge_homes(pl.DataFrame([*usual_homes(), metres], infer_schema_length=None))
    assert found["factor"].to_list() == pytest.approx([1 / KWH_PER_M3])
    assert span_flagged(found).select("start_utc", "end_utc").row(0) == (
        dt.datetime(2009, 1, 1),
        dt.datetime(2010, 1, 1),
    )


def test_two_homes_of_fourteen_in_cubic_metres_do_not_make_their_step_common() -> None:
    metres = [home(name, 1 / KWH_PER_M3, 0.01, **WINTER_ONLY) for name in ("u03", "u09")]
    assert judge(*metres, others=12) == dict.fromkeys(("u03", "u09"), ("step", True))


def test_a_home_alone_is_proved_by_half_hours_that_no_boiler_has() -> None:
    assert judge(home("odd", 1 / KWH_PER_M3, 0.001), others=0) == {"odd": ("largest half-hours", True)}


def test_a_home_alone_at_eleven_times_is_proved_by_half_hours_that_no_meter_passes() -> None:
    assert judge(home("odd", KWH_PER_M3, None), others=0) == {"odd": ("largest half-hours", True)}


def test_a_tenth_without_a_witness_is_named_and_not_flagged() -> None:
    assert judge(home("odd", 1 / KWH_PER_M3, 0.112, **WINTER_ONLY), others=0) == {"odd": ("none", False)}
    holidays = home("odd", 1 / KWH_PER_M3, 0.112) | {"peak_kwh": 6.0}
    assert judge(holidays) == {"odd": ("none", False)}


def test_a_home_that_only_cooks_is_not_named_once_a_summer_shows_it() -> None:
    cook = home("cook", 0.05, 0.112) | COOKS
    assert judge(cook) == {}
    assert judge(cook | {"warm_days": 0, "warm_kwh": 0.0}) == {"cook": ("none", False)}


def test_a_few_days_are_not_judged() -> None:
    assert judge(home("odd", 1 / KWH_PER_M3, 0.01) | {"days": 6}) == {}


@given(st.floats(0.32, 3.1), st.sampled_from([0.001, 0.011, 0.05, 0.317, None]))
def test_no_home_between_a_third_and_three_times_the_usual_level_is_named(level: float, step: float | None) -> None:
    assert judge(home("odd", level, step)) == {}


def test_a_median_of_homes_that_are_mostly_in_cubic_metres_is_not_taken_for_usual() -> None:
    share = {"metres": 1 / KWH_PER_M3, "kwh": 1.0}
    rows = [
        home(f"{unit}{n}", level) | {"gas_kwh": 100 * level, "expected_kwh": 100.0}
        for unit, level in share.items()
        for n in range(8 if unit == "metres" else 4)
    ]
    levels = HOME_LEVEL.conform(pl.DataFrame(rows, infer_schema_length=None).select(*HOME_LEVEL.schema))
    homes = levels.select("household_id", dwelling_type=pl.lit("flat"))
    compared = compare_levels(levels, homes, {"unknown": 0.7, "flat": 0.4})
    assert set(compared["compared_with"]) == {"published studies"}
    assert compared["usual_log_level"].exp().to_list() == pytest.approx([0.4] * 12)
