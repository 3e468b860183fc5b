"""Meters that count in steps."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample.figures import SampleFigures
from transforms.sample.meters import METERS, count_gas, draw_meters
from warehouse.figures import read_figures

METER_FIGURES = SampleFigures.from_tables(read_figures).variety.meters
ROUNDING_KWH = 0.0005


def homes_with(meter: str, homes: int = 1, *, phase: float = 0.3, exchange_first: int | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "meter": [meter] * homes,
            "meter_after": [None if exchange_first is None else "metric_pulse"] * homes,
            "exchange_first": [exchange_first or 0] * homes,
            "register_phase": [phase] * homes,
        },
        schema_overrides={"meter_after": pl.String},
    )


def draw_gas(seed: int, half_hours: int = 2000, homes: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(rng.exponential(1.0, (homes, half_hours)) * (rng.random((homes, half_hours)) < 0.5), 3)


def test_steps_are_those_of_a_hundredth_of_a_cubic_metre_a_litre_and_a_cubic_foot() -> None:
    assert METER_FIGURES.step_kwh == pytest.approx(
        {"metric_pulse": 0.112206, "metric_litre": 0.0112206, "imperial_foot": 0.317733}, rel=1e-5
    )
    assert sum(METER_FIGURES.homes_share.values()) == pytest.approx(1)


@given(seed=st.integers(0, 999), meter=st.sampled_from(METERS), phase=st.floats(0, 0.999))
@settings(max_examples=60, deadline=None)
def test_a_register_never_strays_more_than_a_step_from_the_gas_that_went_through(
    seed: int, meter: str, phase: float
) -> None:
    gas = draw_gas(seed)
    step = METER_FIGURES.step_kwh[meter]
    counted = count_gas(gas, homes_with(meter, phase=phase), METER_FIGURES)
    steps = np.round(counted / step)
    assert np.abs(counted - steps * step).max() <= ROUNDING_KWH + 1e-9
    register = np.cumsum(steps, axis=1) * step
    assert np.abs(register - np.cumsum(gas, axis=1)).max() <= step * (1 + 1e-6)
    assert abs(counted.sum() - gas.sum()) <= step + ROUNDING_KWH * (counted > 0).sum()


@pytest.mark.parametrize("meter", METERS)
def test_totals_are_kept(meter: str) -> None:
    gas = draw_gas(1, half_hours=17_520, homes=4)
    counted = count_gas(gas, homes_with(meter, 4), METER_FIGURES)
    assert counted.sum(axis=1) == pytest.approx(gas.sum(axis=1), rel=5e-4)


def test_nothing_is_counted_where_nothing_is_used() -> None:
    assert count_gas(np.zeros((1, 100)), homes_with("imperial_foot", phase=0.99), METER_FIGURES).sum() == 0


def test_an_exchange_changes_the_step_and_no_level() -> None:
    gas = draw_gas(2)
    counted = count_gas(gas, homes_with("imperial_foot", exchange_first=900), METER_FIGURES)
    for part, meter in ((slice(0, 900), "imperial_foot"), (slice(900, None), "metric_pulse")):
        step = METER_FIGURES.step_kwh[meter]
        steps = counted[0, part] / step
        assert np.abs(steps - np.round(steps)).max() * step <= ROUNDING_KWH + 1e-9
        assert counted[0, part].sum() == pytest.approx(gas[0, part].sum(), rel=5e-3)
    assert counted[0, 900:][counted[0, 900:] > 0].min() < 0.12 < counted[0, :900][counted[0, :900] > 0].min()


@pytest.mark.parametrize("seed", range(3))
def test_meters_are_drawn_at_their_shares_and_few_imperial_ones_are_exchanged(seed: int) -> None:
    homes = pl.DataFrame({"kind": ["heated"] * 540 + ["vacant"] * 60})
    drawn = draw_meters(homes, METER_FIGURES, half_hours=17_520, rng=np.random.default_rng(seed))
    assert dict(drawn["meter"].value_counts().iter_rows()) == {
        "metric_pulse": 330,
        "metric_litre": 150,
        "imperial_foot": 120,
    }
    exchanged = drawn.filter(pl.col("meter_after").is_not_null())
    assert len(exchanged) == 12
    assert exchanged.select("kind", "meter", "meter_after").unique().rows() == [
        ("heated", "imperial_foot", "metric_pulse")
    ]
    assert exchanged["exchange_first"].is_between(0.24 * 17_520, 0.76 * 17_520).all()
    assert (drawn.filter(pl.col("meter_after").is_null())["exchange_first"] == 17_520).all()
