"""Homes through the months: their state, the findings, and that the cut into months does not matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.conftest import make_readings, make_sources
from transforms.climate.gas_law import GasLaw
from transforms.history.digest import digest_month, sum_days
from transforms.history.history import Conclusion, Findings, HomesMemory, advance, conclude, measure_sources
from transforms.history.levels import compare_levels, fill_with_normal
from transforms.readings.neighbour_flags import flag_exactly
from transforms.tables.lake import HOME_LEVEL
from transforms.tables.words import EXACT_FLAGS, LINE_FLAGS
from warehouse.figures import read_figures

Make = Callable[..., pl.DataFrame]
HALF = dt.timedelta(minutes=30)
JANUARY = dt.datetime(2009, 1, 1)
STEP = 0.0112206
LAW = GasLaw.from_tables(read_figures)
USUAL = {"unknown": 1.0, "flat": 1.0, "bungalow": 1.0, "detached": 1.0}


def weather(days: int = 150, temperature: float = 5.0) -> pl.DataFrame:
    dates = [JANUARY.date() + dt.timedelta(days=n) for n in range(days)]
    return pl.DataFrame({"date": dates, "temperature_mean_c": [temperature] * days})


def effective(daily: pl.DataFrame, days: int = 160) -> pl.DataFrame:
    """Return the effective temperature of all days: 8 degC where `daily` holds none."""
    dates = pl.Series([JANUARY.date() + dt.timedelta(days=n) for n in range(days)])
    every = pl.DataFrame({"month": range(1, 13)}).join(pl.DataFrame({"day": range(1, 32)}), how="cross")
    normal = every.with_columns(pl.all().cast(pl.Int8), temperature_effective_c=pl.lit(8.0))
    return fill_with_normal(daily.select("date", temperature_effective_c="temperature_mean_c"), normal, dates)


def counted(days: int, *, seed: int = 1, level: float = 1.0) -> list[float]:
    """Return half-hours of a home with a metric meter."""
    rng = np.random.default_rng(seed)
    steps = rng.poisson(140 * level, days * 48) * (rng.random(days * 48) < 0.6)
    return [round(float(n) * STEP, 3) for n in steps]


def rows_of(values: list[float], home: str = "7", source: int = 0) -> list[tuple[str, dt.datetime, float, int]]:
    return [(home, JANUARY + n * HALF, value, source) for n, value in enumerate(values)]


def go_through(readings: pl.DataFrame, sources: pl.DataFrame, daily: pl.DataFrame) -> tuple[HomesMemory, Findings]:
    """Go through all months of some readings."""
    memory, found = HomesMemory.empty(), []
    for _, month in readings.group_by(pl.col("interval_start_utc").dt.truncate("1mo"), maintain_order=True):
        digest = digest_month(flag_exactly(month, sources, known=None), sources)
        memory, findings = advance(memory, digest, effective(daily), LAW)
        found.append(findings)
    return memory, Findings.together(found)


def follow(readings: pl.DataFrame, sources: pl.DataFrame, daily: pl.DataFrame) -> Conclusion:
    """Judge the homes of some readings by all months together."""
    homes = readings.select(pl.col("household_id").unique(), dwelling_type=pl.lit("flat"))
    return conclude(*go_through(readings, sources, daily), homes, daily, USUAL)


def spans(verdict: Conclusion) -> list[tuple[str, str, dt.datetime, dt.datetime]]:
    return verdict.suspect_span.select("household_id", "flag", "start_utc", "end_utc").rows()


def test_a_day_adds_up_its_readings_and_knows_its_smallest_gap(readings: Make, sources: Make) -> None:
    given = readings(rows_of([0.0, 0.5, 0.3, 0.3]))
    row = sum_days(given, sources()).row(0, named=True)
    assert {name: row[name] for name in ("half_hours", "gas_kwh", "max_kwh")} == {
        "half_hours": 4, "gas_kwh": pytest.approx(1.1), "max_kwh": 0.5,
    }  # fmt: skip
    assert row["gap_kwh"] == pytest.approx(0.2)


def test_very_high_readings_are_delivered_but_no_gas(readings: Make, sources: Make) -> None:
    both = pl.concat([readings(rows_of([1.0, 2.0])), readings([("7", JANUARY + 2 * HALF, 500.0, 0)], flag="very_high")])
    row = sum_days(both, sources()).row(0, named=True)
    assert (row["half_hours"], row["gas_kwh"], row["delivered_half_hours"], row["delivered_kwh"]) == (2, 3.0, 3, 503.0)


def test_days_are_kept_apart_by_source(readings: Make, sources: Make) -> None:
    turns = [("7", JANUARY + n * HALF, 1.0, n % 2) for n in range(6)]
    days = sum_days(readings(turns), sources(2))
    assert days.select("half_hours", "gas_kwh").rows() == [(3, 3.0), (3, 3.0)]
    assert days["source_id"].n_unique() == 2


def test_a_healthy_home_has_no_span_and_every_reading_is_judged(readings: Make, sources: Make) -> None:
    verdict = follow(readings(rows_of(counted(100))), sources(), weather())
    assert spans(verdict) == []
    assert set(verdict.flag_judgement["outcome"]) == {"judged"}
    by_flag = verdict.flag_judgement.group_by("flag").agg(pl.col("readings").sum())
    assert set(by_flag["readings"]) == {100 * 48}


def test_faults_across_month_borders_are_found_whole(readings: Make, sources: Make) -> None:
    values = counted(120)
    values[30 * 48 : 33 * 48] = [1.3] * (3 * 48)  # 31 January to 2 February
    values[50 * 48 : 70 * 48] = [0.0] * (20 * 48)  # 20 February to 11 March
    found = spans(follow(readings(rows_of(values)), sources(), weather()))
    day = dt.timedelta(days=1)
    assert ("7", "stuck", JANUARY + 30 * day, JANUARY + 33 * day) in found
    cold = [row for row in found if row[1] == "cold_zero_run"]
    assert len(cold) == 1
    assert cold[0][2] <= JANUARY + 50 * day
    assert cold[0][3] >= JANUARY + 70 * day
    assert len(found) == 2


def test_a_slip_that_only_the_next_month_proves_reaches_back(readings: Make, sources: Make) -> None:
    values = counted(110)
    slipped = [round(value / 11.2206, 3) for value in values]
    verdict = follow(readings(rows_of(values[: 55 * 48] + slipped[55 * 48 :])), sources(), weather())
    ((home, flag, start, end),) = spans(verdict)
    assert (home, flag) == ("7", "suspected_unit")
    assert abs((start - JANUARY).days - 55) <= 1
    assert end == JANUARY + dt.timedelta(days=110)
    assert verdict.suspect_span["factor"][0] == pytest.approx(1 / 11.2206, rel=1e-3)


def test_missing_evidence_of_a_rule_is_counted(readings: Make, sources: Make) -> None:
    young = follow(readings(rows_of(counted(20))), sources(), weather())
    lacking = dict(young.flag_judgement.filter(pl.col("outcome") != "judged").select("flag", "readings").iter_rows())
    assert lacking == {"suspected_unit": 20 * 48}
    blind = follow(
        readings(rows_of(counted(100))), sources(), weather(0).cast({"date": pl.Date, "temperature_mean_c": pl.Float64})
    )
    lacking = blind.flag_judgement.filter(pl.col("outcome") != "judged").group_by("flag").agg(pl.col("readings").sum())
    assert dict(lacking.iter_rows()) == {"suspected_unit": 100 * 48, "cold_zero_run": 100 * 48}
    assert "judged by the season: the temperature is unknown" in set(blind.flag_judgement["outcome"])
    dead = follow(readings(rows_of([0.4] * (40 * 48))), sources(), weather())
    lacking = dead.flag_judgement.filter(pl.col("outcome") != "judged").group_by("flag").agg(pl.col("readings").sum())
    assert dict(lacking.iter_rows()) == {"stuck": 40 * 48}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.lists(st.sampled_from(["ok", "absent", *LINE_FLAGS, *EXACT_FLAGS]), min_size=2, max_size=2),
        min_size=1,
        max_size=5,
    )
)
def test_months_of_any_flags_are_gone_through_and_each_ok_reading_is_judged_once(months: list[list[str]]) -> None:
    memory, found, ok = HomesMemory.empty(), [], 0
    daily = weather(31 * len(months))
    for number, flags in enumerate(months):
        start = JANUARY.replace(month=number + 1)
        parts = [
            make_readings([(str(home), start + n * HALF, 0.3 + 0.1 * (n % 3), 0) for n in range(96)], flag=flag)
            for home, flag in enumerate(flags)
            if flag != "absent"
        ]
        if not parts:
            continue
        digest = digest_month(flag_exactly(pl.concat(parts), make_sources(), known=None), make_sources())
        memory, findings = advance(memory, digest, effective(daily), LAW)
        found.append(findings)
        ok += 96 * flags.count("ok")
    homes = pl.DataFrame({"household_id": ["0", "1"], "dwelling_type": "flat"})
    verdict = conclude(memory, Findings.together(found), homes, daily, USUAL)
    flagged = verdict.flag_judgement.group_by("flag").agg(pl.col("readings").sum())
    assert set(flagged["readings"]) == ({ok} if found and len(flagged) else set())
    assert len(flagged) or not ok


def test_memory_is_bounded_however_long_the_history(readings: Make, sources: Make) -> None:
    memory = HomesMemory.empty()
    sizes = []
    for _, month in readings(rows_of(counted(150))).group_by(
        pl.col("interval_start_utc").dt.truncate("1mo"), maintain_order=True
    ):
        digest = digest_month(flag_exactly(month, sources(), known=None), sources())
        memory, _ = advance(memory, digest, effective(weather()), LAW)
        sizes.append((len(memory.recent_day), len(memory.open_run), len(memory.home_level)))
    assert set(sizes) == {(28, 1, 1)}


def test_a_source_is_held_against_the_same_homes_before_it(readings: Make, sources: Make) -> None:
    usual, high = counted(31), [round(value * 11.2206, 3) for value in counted(28, seed=2)]
    later = [("7", JANUARY + (31 * 48 + n) * HALF, value, 1) for n, value in enumerate(high)]
    level = go_through(readings(rows_of(usual) + later), sources(2), weather())[1].source_level.sort("month")
    assert level["households_before"].to_list() == [0, 1]
    assert level["ratio"][0] is None
    assert level["ratio"][1] == pytest.approx(11.2, rel=0.1)
    assert level["level"][1] / level["level"][0] == pytest.approx(11.2, rel=0.1)


def test_homes_that_many_sources_hold_give_the_same_bits_every_time() -> None:
    made, days = np.random.default_rng(1), [(s, h, d) for s in range(6) for h in range(12) for d in range(5)]
    priced = pl.DataFrame(
        {
            "source_id": [f"s{source}" for source, _, _ in days],
            "household_id": [str(home) for _, home, _ in days],
            "date": [JANUARY.date() + dt.timedelta(days=day) for _, _, day in days],
            "half_hours": 48,
            "gas_kwh": made.uniform(0, 30, len(days)),
            "expected_kwh": made.uniform(1, 30, len(days)),
        }
    )
    first = measure_sources(priced, HOME_LEVEL.empty())
    assert all(measure_sources(priced, HOME_LEVEL.empty()).equals(first) for _ in range(100))


def test_the_usual_level_is_that_of_the_type_where_ten_homes_show_it() -> None:
    level = HOME_LEVEL.conform(
        pl.DataFrame(
            {
                "household_id": [str(n) for n in range(22)], "first_date": [JANUARY.date()] * 22,
                "last_date": [JANUARY.date()] * 22, "days": [28] * 22, "gas_kwh": [2.0] * 11 + [4.0] * 11,
                "expected_kwh": [2.0] * 22, "step_kwh": [STEP] * 22, "peak_kwh": [4.0] * 22, "cold_days": [28] * 22,
                "cold_kwh": [2.0] * 22, "warm_days": [0] * 22, "warm_kwh": [0.0] * 22,
            }
        )
    )  # fmt: skip
    homes = pl.DataFrame(
        {
            "household_id": [str(n) for n in range(22)],
            "dwelling_type": ["flat"] * 11 + ["bungalow"] * 9 + ["detached"] * 2,
        }
    )
    usual = compare_levels(level, homes, USUAL).sort(pl.col("household_id").cast(pl.Int64))["usual_log_level"].exp()
    assert usual[0] == pytest.approx(1.0)  # eleven flats
    assert usual[12] == pytest.approx(2.0**0.5)  # nine bungalows: the median of all homes
