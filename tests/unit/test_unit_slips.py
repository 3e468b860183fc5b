"""Slips of units: a change of level, largest half-hour and step by one factor; nothing else that homes do."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from transforms.history.slip_rule import KWH_PER_M3, SLIP
from transforms.history.unit_slips import find_changes, judge_changes, keep_sharpest, take_back
from transforms.tables.lake import LEVEL_CHANGE, RECENT_DAY

DAYS = 120
FIRST = dt.date(2009, 1, 1)
FT3 = 2.8316846592
Floats = NDArray[np.float64]


def home(
    level: Floats | float = 1.0,
    maximum: Floats | float = 4.0,
    step: Floats | float | None = 0.0112,
    *,
    name: str = "7",
    noise: float = 0.25,
    seed: int = 1,
) -> pl.DataFrame:
    """Return days of one home; level and largest half-hour scatter around what is given."""
    rng = np.random.default_rng(seed)
    size = len(level) if isinstance(level, np.ndarray) else DAYS
    scatter = np.exp(noise * rng.standard_normal((2, size)))
    return RECENT_DAY.conform(
        pl.DataFrame(
            {
                "household_id": name,
                "date": [FIRST + dt.timedelta(days=n) for n in range(size)],
                "level": np.broadcast_to(level, size) * scatter[0],
                "max_kwh": np.broadcast_to(maximum, size) * scatter[1],
                "gap_kwh": pl.Series(np.broadcast_to(np.nan if step is None else step, size)).fill_nan(None),
            }
        )
    )


def stepped(factor: float, at: int = 60, until: int = DAYS) -> Floats:
    """Return 1 up to a day and `factor` from it on."""
    values = np.ones(DAYS)
    values[at:until] = factor
    return values


@pytest.mark.parametrize("factor", [1 / KWH_PER_M3, KWH_PER_M3, 1 / FT3, FT3, 100.0, 0.01, 1000.0, 0.001])
@pytest.mark.parametrize("seed", range(4))
def test_each_factor_is_found_within_a_day(factor: float, seed: int) -> None:
    slip = stepped(factor)
    found = find_changes(home(0.9 * slip, 4.0 * slip, np.maximum(0.0112 * slip, 0.001), seed=seed))
    assert found["log_factor"].to_list() == pytest.approx([math.log(factor)], abs=1e-3)
    assert abs((found["date"][0] - FIRST).days - 60) <= 1


def test_a_steady_home_has_no_change() -> None:
    homes = [home(float(level), name=str(n), seed=n) for n, level in enumerate(np.linspace(0.2, 3, 40))]
    assert find_changes(pl.concat(homes)).is_empty()


@pytest.mark.parametrize("factor", [1 / KWH_PER_M3, 1 / FT3, FT3, 0.01])
def test_a_home_that_stands_empty_or_starts_to_heat_is_no_slip(factor: float) -> None:
    change = stepped(factor)
    same_burner = home(change, 4.0 * np.sqrt(change))  # the boiler is on for less time, hardly at less power
    assert find_changes(same_burner).is_empty()


def test_a_step_that_stays_speaks_against_a_slip() -> None:
    slip = stepped(1 / KWH_PER_M3)
    assert find_changes(home(slip, 4.0 * slip, 0.0112)).is_empty()


def test_tripled_use_needs_the_step_as_witness() -> None:
    slip = stepped(FT3)
    assert find_changes(home(slip, 4.0 * slip, None)).is_empty()
    assert len(find_changes(home(slip, 4.0 * slip, 0.0112 * slip))) == 1


def test_the_smallest_gap_of_readings_without_a_step_is_no_witness() -> None:
    """Readings to the watt-hour have small gaps by chance, which grow with the level as a step does in a slip."""
    slip = stepped(FT3)
    by_chance = np.resize(
        [0.004, 0.021, 0.009, 0.030, 0.004, 0.013, 0.025, 0.017, 0.004, 0.041, 0.011, 0.008, 0.033, 0.015], DAYS
    )
    assert find_changes(home(slip, 4.0 * slip, by_chance * slip)).is_empty()
    most_days = np.where(by_chance < 0.03, 0.0112, by_chance)
    assert len(find_changes(home(slip, 4.0 * slip, most_days * slip))) == 1


@pytest.mark.parametrize("seed", range(4))
def test_readings_too_small_to_be_written_down_come_back_though_every_day_has_some(seed: int) -> None:
    """A thousandth of small bursts is rounded up to 0.001 kWh, so that the level of summer is too high by a factor."""
    crushed = stepped(0.001, at=30, until=70)
    in_summer = crushed * stepped(2.5, at=50, until=70)
    found = find_changes(home(0.9 * in_summer, 4.0 * crushed, np.maximum(0.0112 * crushed, 0.001), seed=seed))
    (back,) = take_back(found).filter(pl.col("log_factor") > 0)["date"]
    assert abs((back - FIRST).days - 70) <= 1


def test_a_new_meter_changes_the_step_and_nothing_else() -> None:
    assert find_changes(home(1.0, 4.0, 0.3177 * stepped(0.0112 / 0.3177))).is_empty()


def test_single_wild_days_are_no_change() -> None:
    level = np.ones(DAYS)
    level[[30, 60, 90]] = 500.0
    assert find_changes(home(level, 4.0 * level)).is_empty()


def test_a_level_that_lasts_less_than_a_fortnight_is_no_change() -> None:
    slip = stepped(1 / KWH_PER_M3, 60, 66)
    assert find_changes(home(slip, 4.0 * slip, 0.0112 * slip)).is_empty()


def test_cutting_the_days_into_months_finds_the_same_changes() -> None:
    slip = stepped(1 / KWH_PER_M3, 58, 95)
    days = home(slip, 4.0 * slip, 0.0112 * slip)
    whole = find_changes(days)
    remembered, found = days.clear(), []
    for n in range(0, DAYS, 30):
        seen = pl.concat([remembered, days[n : n + 30]])
        found.append(find_changes(seen))
        remembered = seen.tail(2 * SLIP.days)

    assert (
        keep_sharpest(pl.concat(found)).select("date", "log_factor").rows() == whole.select("date", "log_factor").rows()
    )
    assert len(whole) == 2


def change(day: int, factor: float, *, level_before: float = 1.0, is_sure: bool = True) -> dict[str, object]:
    return {
        "household_id": "7", "date": FIRST + dt.timedelta(days=day), "log_factor": math.log(factor),
        "log_ratio": math.log(factor), "log_level_before": math.log(level_before), "contrast": abs(math.log(factor)),
        "step_before_kwh": None, "is_sure": is_sure,
    }  # fmt: skip


def levels(usual: float = 1.0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "household_id": ["7"],
            "first_date": [FIRST],
            "last_date": [FIRST + dt.timedelta(days=DAYS - 1)],
            "usual_log_level": [math.log(usual)],
            "step_kwh": [0.0112],
        }
    )


def spans(changes: list[dict[str, object]]) -> list[tuple[int, int, float]]:
    found = judge_changes(
        LEVEL_CHANGE.conform(pl.DataFrame(changes, schema_overrides={"step_before_kwh": pl.Float64})), levels()
    )
    return [((s.date() - FIRST).days, (e.date() - FIRST).days, round(f, 3)) for _, s, e, f in found.rows()]


def test_the_segment_that_is_far_from_the_usual_level_is_wrong() -> None:
    assert spans([change(30, 1 / KWH_PER_M3)]) == [(30, DAYS, round(1 / KWH_PER_M3, 3))]
    assert spans([change(100, KWH_PER_M3, level_before=1 / KWH_PER_M3)]) == [(0, 100, round(1 / KWH_PER_M3, 3))]


def test_there_and_back_again_leaves_the_middle() -> None:
    assert spans([change(30, 100.0), change(70, 0.01, level_before=100.0)]) == [(30, 70, 100.0)]


def test_of_two_usual_levels_the_one_that_lasts_is_right() -> None:
    assert spans([change(20, FT3, level_before=1 / math.sqrt(FT3))]) == [(0, 20, round(1 / FT3, 3))]
    assert spans([change(100, FT3, level_before=1 / math.sqrt(FT3))]) == [(100, DAYS, round(FT3, 3))]


def test_an_unsure_change_counts_only_where_it_takes_back_a_sure_one() -> None:
    assert spans([change(30, 0.01), change(70, 100.0, level_before=0.01, is_sure=False)]) == [(30, 70, 0.01)]
    assert spans([change(30, 0.01, is_sure=False), change(70, 100.0, level_before=0.01)]) == [(30, 70, 0.01)]
    assert spans([change(30, FT3, is_sure=False)]) == []
    assert spans([change(30, 0.01), change(70, FT3, is_sure=False)]) == [(30, DAYS, 0.01)]


def test_a_step_that_no_meter_has_speaks_against_its_unit() -> None:
    jump = change(60, FT3, level_before=1 / math.sqrt(FT3)) | {"step_before_kwh": 0.0112}
    common = levels().with_columns(step_kwh=pl.lit(0.0112)).join(pl.DataFrame({"n": range(40)}), how="cross")
    homes = common.with_columns(
        household_id=pl.when(pl.col("n") == 0).then(pl.lit("7")).otherwise(pl.format("x{}", "n"))
    )
    found = judge_changes(LEVEL_CHANGE.conform(pl.DataFrame([jump])), homes)
    assert found["factor"].to_list() == pytest.approx([FT3])
    fine = homes.with_columns(step_kwh=pl.lit(0.0112 * FT3))
    found = judge_changes(LEVEL_CHANGE.conform(pl.DataFrame([jump])), fine)
    assert found["factor"].to_list() == pytest.approx([1 / FT3])
