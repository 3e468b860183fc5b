"""The faults of meters, one declared injector each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.readings.declaration import GasConversion
from transforms.sample.delivery import NO_STAMP, Delivery
from transforms.sample.fault_plan import FaultPlan

Where = NDArray[np.intp]
HALF_HOUR_S = 1800
SENTINEL_M3 = 16777.215  # 2**24 - 1 litres: a gas meter sends it without a reading (SERL)
KWH_PER_M3 = GasConversion().kwh_per_m3
VERY_HIGH_KWH = (89.9, 9000.0)  # from 8 m3 a half-hour (SERL); the upper end is own choice
LONGEST_ESTIMATE_KWH = 15.0  # size of a negative estimate (github.com/simonduane/smart-estimation)
# before 2069, from which year on programs read two-digit years in different ways
WRONG_CLOCKS = (dt.datetime(2044, 1, 1), dt.datetime(2065, 1, 1))  # noqa: DTZ001 - naive like all UTC columns
LONGEST_SPELL = 96  # half-hours; a home with few losses loses at most two days at a time


@dataclass(frozen=True, slots=True)
class Injector:
    """One kind of fault: the flag that its readings must get, and the function that changes them."""

    fault: str
    apply: Callable[[Delivery, int, Where, pl.Series, np.random.Generator], None]


def inject_faults(
    delivery: Delivery,
    homes: Where,
    *,
    starts: pl.Series,
    plan: FaultPlan,
    rngs: Sequence[np.random.Generator],
    protected: NDArray[np.bool_],
) -> None:
    """Put faults that single lines show into the delivery of some homes.

    A half-hour with a fault may also be lost, but gets no second fault.

    Parameters
    ----------
    delivery
        Changed in place.
    homes
        The homes' positions in the plan, in the order of the rows.
    starts
        Starts of the half-hours.
    plan
        Number of half-hours with each fault, by home.
    rngs
        One source of randomness per home, so that a home's faults do not depend on the other homes.
    protected
        Half-hours that get no fault: a stamp that names two half-hours can only be resolved if both are there.

    """
    for row, (home, rng) in enumerate(zip(homes, rngs, strict=True)):
        lost = place_losses(int(plan.lost[home]), protected, rng)
        lost = np.roll(lost, -rng.integers(max(len(lost), 1)))
        points = np.flatnonzero(~protected & (delivery.fault[row] == 0))
        points = rng.permutation(np.setdiff1d(points, lost, assume_unique=True))
        for queue, injectors in ((lost, LOSS_INJECTORS), (points, POINT_INJECTORS)):
            left = queue
            for injector in injectors:
                count = len(left) if injector is MISSING else plan.count(injector.fault, home)
                taken, left = left[:count], left[count:]
                delivery.mark(row, taken, injector.fault)
                injector.apply(delivery, row, taken, starts, rng)
        if not plan.known[home]:
            delivery.mark(row, np.flatnonzero(delivery.fault[row] == 0), "unknown_household")


def place_losses(count: int, protected: NDArray[np.bool_], rng: np.random.Generator) -> Where:
    """Choose the `count` half-hours that a meter loses, in a span that starts at midnight UTC.

    If losses are few, a third are single half-hours before midnight, where collection batches meet; the rest are spells
    of up to two days, spread over the whole span. A meter that loses more than a tenth loses most of it in one long
    outage.
    """
    length = len(protected)
    lost = np.zeros(length, dtype=bool)
    batch_ends = np.flatnonzero(~protected[HALF_HOURS - 1 :: HALF_HOURS]) * HALF_HOURS + HALF_HOURS - 1
    singles = min(count // 3, len(batch_ends) // 2)
    spells = count - singles
    if count > length // 10:
        start = int(rng.integers(length - spells + 1))
        lost[start : start + spells] = True
    elif spells:
        number = -(-spells // LONGEST_SPELL)
        edges = np.linspace(0, length, number + 1).astype(int)
        sizes = np.diff(np.linspace(0, spells, number + 1).astype(int))
        for low, high, size in zip(edges[:-1], edges[1:], sizes, strict=True):
            start = int(rng.integers(low, high - size + 1))
            lost[start : start + size] = True
    free_ends = batch_ends[~lost[batch_ends]]
    lost[rng.choice(free_ends, size=min(singles, len(free_ends)), replace=False)] = True
    rest = count - int(lost.sum())
    lost[rng.choice(np.flatnonzero(~lost), size=rest, replace=False)] = True
    return np.flatnonzero(lost)


def _leave_out(delivery: Delivery, row: int, where: Where, _: pl.Series, __: np.random.Generator) -> None:
    delivery.copies[row, where] = 0


def _send_sentinel(delivery: Delivery, row: int, where: Where, _: pl.Series, rng: np.random.Generator) -> None:
    """Send the highest count, raw or converted to kWh; one meter always does the same."""
    delivery.gas_kwh[row, where] = rng.choice([SENTINEL_M3, round(SENTINEL_M3 * KWH_PER_M3, 3)])


def _drift(delivery: Delivery, row: int, where: Where, _: pl.Series, rng: np.random.Generator) -> None:
    """Stamp by a clock that is always late by the same number of seconds."""
    delivery.shift_s[row, where] = rng.integers(1, HALF_HOUR_S)


def _reset_clock(delivery: Delivery, row: int, where: Where, starts: pl.Series, rng: np.random.Generator) -> None:
    """Stamp by a clock that was reset to a distant day and ran on from there."""
    origin = WRONG_CLOCKS[rng.integers(len(WRONG_CLOCKS))]
    true_s = where * HALF_HOUR_S
    wrong_s = int((origin - starts[0]).total_seconds()) + np.arange(len(where)) * HALF_HOUR_S
    delivery.shift_s[row, where] = wrong_s - true_s


def _read_high(delivery: Delivery, row: int, where: Where, _: pl.Series, rng: np.random.Generator) -> None:
    low, high = np.log(VERY_HIGH_KWH)
    delivery.gas_kwh[row, where] = np.round(np.exp(rng.uniform(low, high, len(where))), 3)


def _go_negative(delivery: Delivery, row: int, where: Where, _: pl.Series, rng: np.random.Generator) -> None:
    delivery.gas_kwh[row, where] = -np.round(rng.uniform(0.001, LONGEST_ESTIMATE_KWH, len(where)), 3)


def _garble(delivery: Delivery, row: int, where: Where, _: pl.Series, __: np.random.Generator) -> None:
    """Make the value unreadable in every other line, the stamp in the rest."""
    delivery.gas_kwh[row, where[::2]] = np.nan
    delivery.shift_s[row, where[1::2]] = NO_STAMP


def _repeat(delivery: Delivery, row: int, where: Where, _: pl.Series, __: np.random.Generator) -> None:
    delivery.copies[row, where] = 2
    delivery.second_kwh[row, where] = delivery.gas_kwh[row, where]


def _contradict(delivery: Delivery, row: int, where: Where, _: pl.Series, rng: np.random.Generator) -> None:
    delivery.copies[row, where] = 2
    delivery.second_kwh[row, where] = np.round(delivery.gas_kwh[row, where] + rng.uniform(0.01, 3, len(where)), 3)


MISSING = Injector("missing", _leave_out)
LOSS_INJECTORS = (
    Injector("sentinel_max", _send_sentinel),
    Injector("off_grid", _drift),
    Injector("bad_time", _reset_clock),
    MISSING,  # gets all lost half-hours that the others leave
)
POINT_INJECTORS = (
    Injector("very_high", _read_high),
    Injector("negative", _go_negative),
    Injector("reject", _garble),
    Injector("duplicate_exact", _repeat),
    Injector("duplicate_conflict", _contradict),
)
