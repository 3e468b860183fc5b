"""Meter faults that no single line shows, with their place and length: dead, stuck, estimated, or in a wrong unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.sample.fault_plan import SUFFICIENT_LOSS, FaultPlan

UNIT_SLIPS = ("m3_as_kwh", "feet_as_m3", "m3_as_feet", "over_1000", "times_100", "times_1000")
ALWAYS = "m3_as_kwh_always"
METER_FAULTS = ("dead_meter", "stuck", "supplier_estimate", *UNIT_SLIPS, ALWAYS)
ASKS_FOR_METER = {"feet_as_m3": ("imperial_foot",), "m3_as_feet": ("metric_pulse", "metric_litre")}
LARGEST_SHARE = 0.25  # of homes, at most, have such a fault in a small trial
Where = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMeters:
    """Meters that deliver zeros for more than a fortnight in the cold."""

    homes_share: float
    low_days: float
    high_days: float
    cold_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckMeters:
    """Meters that repeat one value."""

    homes_share: float
    high_spells: float
    low_half_hours: float
    high_days: float
    month_end_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierEstimates:
    """Spells without readings that the supplier filled with their mean."""

    homes_share: float
    high_spells: float
    low_days: float
    high_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualRuns:
    """The values that spells of equal readings repeat: mostly values that a sound meter would not repeat."""

    clear_steps: float
    clear_kwh: float
    unclear_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSlips:
    """The length of spells in a wrong unit."""

    low_days: float
    high_days: float
    to_the_end_share: float


@dataclass(frozen=True, slots=True)
class InferredRates:
    """The rate of each fault, and how it shows."""

    dead_meter: DeadMeters
    stuck: StuckMeters
    supplier_estimate: SupplierEstimates
    equal_run: EqualRuns
    unit_slip: UnitSlips
    homes_share: Mapping[str, float]  # by fault [1]
    factor: Mapping[str, float]  # delivered over true, by slip [1]

    @classmethod
    def from_values(cls, values: Mapping[str, Mapping[str, float]]) -> InferredRates:
        """Return the rates of the shipped table `meter_inferred_fault`, given by item and parameter."""
        return cls(
            dead_meter=DeadMeters(**values["dead_meter"]),
            stuck=StuckMeters(**values["stuck"]),
            supplier_estimate=SupplierEstimates(**values["supplier_estimate"]),
            equal_run=EqualRuns(**values["equal_run"]),
            unit_slip=UnitSlips(**values["unit_slip"]),
            homes_share={name: values[name]["homes_share"] for name in METER_FAULTS},
            factor={name: values[name]["factor"] for name in (*UNIT_SLIPS, ALWAYS)},
        )


def plan_inferred(
    homes: pl.DataFrame,
    rates: InferredRates,
    *,
    plan: FaultPlan,
    starts: pl.Series,
    day_c: NDArray[np.float64],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Draw the faults of meters, at most one per home.

    They are drawn among ordinary homes that the household table names and that keep enough readings to count, since
    flags of other homes have no effect. Every fault that fits the span occurs, in the order of `METER_FAULTS`, until a
    quarter of the homes have one.

    Parameters
    ----------
    homes
        Homes, as from `meters.draw_meters`.
    rates
        Rates of the faults.
    plan
        The faults that single lines show.
    starts
        Starts of the half-hours.
    day_c
        Mean temperature of each day of the span [degC].
    rng
        Source of randomness.

    Returns
    -------
    pl.DataFrame
        `homes` with `meter_fault` (null without one), `unit_factor` (delivered over true, null except for slips) [1],
        `fault_first` and `fault_count` (half-hours; 0 for stuck and estimated spells, whose place depends on the home's
        gas), `spells` (number of stuck or estimated spells).

    """
    n, half_hours = len(homes), len(starts)
    kept = plan.known & (plan.lost < SUFFICIENT_LOSS * half_hours)
    ordinary = (homes["kind"] == "heated").to_numpy() & homes["meter_after"].is_null().to_numpy()
    free = rng.permutation(np.flatnonzero(kept & ordinary))
    left = int(LARGEST_SHARE * n)
    meter = homes["meter"].to_numpy()
    fault = np.full(n, "", dtype=object)
    first, count, spells = (np.zeros(n, dtype=np.int64) for _ in range(3))
    for name in METER_FAULTS:
        able = free[np.isin(meter[free], ASKS_FOR_METER[name])] if name in ASKS_FOR_METER else free
        hit = able[: min(left, max(1, round(rates.homes_share[name] * n)))]
        spans = _place(name, len(hit), rates, day_c, rng)
        hit = hit[: len(spans)]
        fault[hit] = name
        first[hit], count[hit] = (np.array([span[edge] for span in spans], dtype=np.int64) for edge in (0, 1))
        left -= len(hit)
        free = np.setdiff1d(free, hit, assume_unique=True)
        free = rng.permutation(free)
    for name, most in (("stuck", rates.stuck.high_spells), ("supplier_estimate", rates.supplier_estimate.high_spells)):
        hit = np.flatnonzero(fault == name)
        spells[hit] = rng.integers(1, int(most) + 1, len(hit))
    names = [name or None for name in fault]
    return homes.with_columns(
        meter_fault=pl.Series(names, dtype=pl.String),
        unit_factor=pl.Series([rates.factor.get(name) for name in fault], dtype=pl.Float64),
        fault_first=pl.Series(first),
        fault_count=pl.Series(count),
        spells=pl.Series(spells),
    )


def _place(
    name: str, homes: int, rates: InferredRates, day_c: NDArray[np.float64], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return first half-hour and length of a fault for each of some homes; empty if the span is too short."""
    days = len(day_c)
    if name == "dead_meter":
        return _place_dead(homes, rates.dead_meter, day_c, rng)
    if name == ALWAYS:
        return [(0, days * HALF_HOURS)] * homes
    if name in UNIT_SLIPS:
        return _place_slips(homes, rates.unit_slip, days, rng)
    longest = rates.stuck.low_half_hours / HALF_HOURS if name == "stuck" else rates.supplier_estimate.low_days
    return [(0, 0)] * homes if days > 2 * longest else []


def _place_slips(homes: int, slip: UnitSlips, days: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Place spells so that right readings lie before them, and after them unless they last to the end."""
    before = int(min(slip.low_days, days // 4))
    room = days - before
    if room < slip.low_days:
        return []
    spans = []
    for _ in range(homes):
        ends = room - before >= slip.low_days and rng.random() >= slip.to_the_end_share
        longest = min(slip.high_days, room - before) if ends else room
        length = int(rng.uniform(slip.low_days, longest) * HALF_HOURS)
        latest = (days - before * ends) * HALF_HOURS - length
        first = int(rng.integers(before * HALF_HOURS, latest + 1)) if ends else days * HALF_HOURS - length
        spans.append((first, length))
    return spans


def _place_dead(
    homes: int, dead: DeadMeters, day_c: NDArray[np.float64], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Place spells over days that are cold on average; that of the first home is the longest cold stretch, a winter."""
    total = np.concatenate([[0], np.cumsum(day_c - dead.cold_c)])
    longest = min(dead.high_days, len(day_c))
    spans = []
    for n in range(homes):
        days = int(rng.uniform(dead.low_days, longest + 1)) if longest > dead.low_days else int(longest)
        if n == 0:
            low, high = _longest_cold(day_c, dead)
            if high - low < dead.low_days:
                return []
            spans.append((low * HALF_HOURS, (high - low) * HALF_HOURS))
            continue
        cold = np.flatnonzero(total[days:] < total[:-days])
        if len(cold):
            first = int(rng.choice(cold)) * HALF_HOURS + int(rng.integers(HALF_HOURS))
            spans.append((first, min(days * HALF_HOURS, len(day_c) * HALF_HOURS - first)))
    return spans


def _longest_cold(day_c: NDArray[np.float64], dead: DeadMeters) -> tuple[int, int]:
    """Return first day, and the one after the last, of the longest stretch whose fortnights are all cold."""
    days = int(dead.low_days)
    if len(day_c) < days:
        return 0, 0
    warm = np.convolve(day_c, np.full(days, 1 / days), mode="valid") >= dead.cold_c
    edges = np.concatenate([[-1], np.flatnonzero(warm), [len(warm)]])
    longest = int(np.argmax(np.diff(edges)))
    low, high = int(edges[longest]) + 1, int(edges[longest + 1])
    return (low, high - 1 + days) if high > low else (0, 0)
