"""The table of claims: every statement once, costs by their tolerance, a run's readings by its interval."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from transforms.claims.claims import claim_table
from transforms.tables.cost_analysis import CLAIM
from transforms.tables.words import DWELLING_TYPES
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

ASSUMPTIONS = read_assumptions()
CLAIMS = read_figures("claim")
HEAT = {"all": 15_300.0, "detached": 18_700.0, "semi_detached": 16_600.0, "terraced": 15_000.0, "bungalow": 15_900.0, "flat": 10_300.0}  # fmt: skip


def demand_of(
    heat: dict[str, float], *, half_width: float = 400.0, households: int = 60, year: int = 2009
) -> pl.DataFrame:
    kwh = pl.col("heat_kwh_mean")
    return pl.DataFrame(
        {"dwelling_type": list(heat), "heat_kwh_mean": list(heat.values())}, schema_overrides={"heat_kwh_mean": pl.Float64}
    ).with_columns(
        period=pl.lit(str(year)), year=pl.lit(year), households=pl.lit(households), gas_kwh_mean=kwh / 0.8054,
        heat_kwh_ci_low=kwh - half_width, heat_kwh_ci_high=kwh + half_width,
    )  # fmt: skip


def profile_of(*, peak: float = 7.5, se: float = 0.1, year: int = 2009) -> pl.DataFrame:
    start = dt.datetime(year, 1, 1)
    hour = pl.col("hour_start_utc")
    return (
        pl.DataFrame({"hour_start_utc": pl.datetime_range(start, start + dt.timedelta(hours=8759), "1h", eager=True)})
        .with_columns(heat_kwh_mean=pl.when(hour.dt.month().is_between(6, 10)).then(1.0).otherwise(2.0))
        .with_columns(heat_kwh_mean=pl.when(hour == start).then(peak).otherwise("heat_kwh_mean"))
        .with_columns(heat_kwh_se=pl.lit(se), dwelling_type=pl.lit("all"), period=pl.lit(str(year)))
    )


def judged(**given: object) -> dict[str, dict[str, object]]:
    table = claim_table(CLAIMS, ASSUMPTIONS, **given)  # type: ignore[arg-type]
    assert table.schema == pl.Schema(CLAIM.schema)
    assert table["claim"].to_list() == CLAIMS["claim"].to_list()
    return {row["claim"]: row for row in table.iter_rows(named=True)}


def of_sample(rows: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    return {claim: row for claim, row in rows.items() if row["basis"] == "sample"}


def test_all_fifty_stand_in_it_and_costs_come_out_as_expected() -> None:
    rows = judged()
    assert len(rows) == 50
    about_costs = [row for row in rows.values() if row["basis"] != "sample"]
    assert len(about_costs) == 42
    assert all(row["as_expected"] is True for row in about_costs)
    missed = [row for row in about_costs if not row["within_tolerance"]]
    assert len(missed) == 4
    assert all(row["reason"] for row in missed)


def test_without_homes_the_readings_are_not_judged_and_say_why() -> None:
    rows = of_sample(judged())
    assert len(rows) == 8
    for row in rows.values():
        assert (row["model"], row["within_tolerance"], row["as_expected"]) == (None, None, None)
        assert row["reason"] == "not judged: no homes were measured"


def test_a_run_is_asked_whether_the_published_value_lies_in_its_interval() -> None:
    rows = of_sample(judged(demand=demand_of(HEAT), profile=profile_of()))
    assert all(row["as_expected"] is True for row in rows.values())
    gas = rows["fig1_gas_mean"]
    assert gas["model"] == pytest.approx(15_300 / 0.8054)
    assert (gas["model_ci_low"], gas["model_ci_high"]) == pytest.approx((14_900 / 0.8054, 15_700 / 0.8054))
    assert rows["fig1_heat_flat"]["model_ci_low"] == 9_900
    assert rows["fig2_peak"]["model_ci_high"] == pytest.approx(7.5 + 1.96 * 0.1, abs=1e-3)
    assert rows["fig2_summer_peak"]["model_ci_low"] == pytest.approx(1 - 1.96 * 0.1, abs=1e-3)
    assert rows["fig2_november_to_may"]["model_ci_low"] is None


def test_a_value_outside_a_narrow_interval_is_not_met_though_the_tolerance_would_pass_it() -> None:
    narrow = demand_of(HEAT, half_width=50.0)  # 15,200 is 100 from 15,300; the tolerance is 228
    run = judged(demand=narrow, profile=profile_of())["fig1_heat_mean"]
    assert run["within_tolerance"] is False
    assert run["reason"] == "the run's 95 % interval is 15250.0 to 15350.0"
    truth = judged(demand=narrow, profile=profile_of(), is_truth=True)["fig1_heat_mean"]
    assert truth["within_tolerance"] is True
    assert (truth["model_ci_low"], truth["reason"]) == (15_250.0, None)


def test_a_value_inside_a_wide_interval_is_met_though_the_tolerance_would_not_pass_it() -> None:
    off = {**HEAT, "flat": 11_000.0}
    wide = demand_of(off, half_width=900.0)
    assert judged(demand=wide, profile=profile_of())["fig1_heat_flat"]["within_tolerance"] is True
    assert judged(demand=wide, profile=profile_of(), is_truth=True)["fig1_heat_flat"]["within_tolerance"] is False


def test_an_order_is_true_or_false_at_any_interval() -> None:
    swapped = {**HEAT, "flat": 18_700.0, "detached": 10_300.0}
    row = judged(demand=demand_of(swapped, half_width=9_000.0), profile=profile_of())["fig1_detached_highest"]
    assert (row["model"], row["within_tolerance"], row["reason"]) == (0.0, False, "the homes show otherwise")


def test_a_type_of_too_few_homes_shows_nothing() -> None:
    few = demand_of(HEAT).with_columns(households=pl.when(pl.col("dwelling_type") == "flat").then(9).otherwise(60))
    rows = judged(demand=few, profile=profile_of())
    for claim in ("fig1_heat_flat", "fig1_detached_highest"):
        assert rows[claim]["model"] is None
        assert rows[claim]["reason"] == "not judged: fewer than 10 homes of flat"
    assert rows["fig1_heat_mean"]["as_expected"] is True
    none = judged(demand=demand_of(HEAT, households=9), profile=profile_of())
    assert {row["model"] for row in of_sample(none).values()} == {None}


def test_another_year_than_the_paper_s_is_not_judged() -> None:
    rows = of_sample(judged(demand=demand_of(HEAT, year=2023), profile=profile_of(year=2023)))
    assert {row["reason"] for row in rows.values()} == {"not judged: the paper speaks of 2009, the homes of 2023"}
    assert {row["model"] for row in rows.values()} == {None}
    both = pl.concat([demand_of(HEAT, year=2008, half_width=1.0), demand_of(HEAT)])
    profiles = pl.concat([profile_of(year=2008, peak=99.0), profile_of()])
    assert judged(demand=both, profile=profiles)["fig2_peak"]["model"] == 7.5


def test_made_up_homes_are_called_so() -> None:
    rows = of_sample(judged(demand=demand_of(HEAT), profile=profile_of(), origin="hearth sample seed=1"))
    assert all("made up (hearth sample seed=1)" in str(row["reason"]) for row in rows.values())
    assert set(HEAT) == {*DWELLING_TYPES, "all"}
