"""The faults of meters that no single line shows, one declared injector each.

A flag applies to every reading of a run of equal readings. So readings beside a fault that happen to equal it are part
of the run, and are marked too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.readings.line_flags import LineThresholds
from transforms.sample.bursts import RESOLUTION_DIGITS
from transforms.sample.delivery import Delivery
from transforms.sample.inferred_plan import ALWAYS, UNIT_SLIPS, InferredRates

Where = NDArray[np.intp]
VERY_HIGH_KWH = LineThresholds().very_high_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFault:
    """The fault of one meter: its place, its number of spells, and the values that decide how it shows."""

    first: int
    count: int
    spells: int
    factor: float  # delivered over true [1]
    step_kwh: float  # of the meter
    month_starts: Where  # half-hours at which a month begins, without the first of the span
    rates: InferredRates

    @property
    def clear_kwh(self) -> float:
        """The value above which equal readings are unusual for this meter [kWh]."""
        return max(self.rates.equal_run.clear_steps * self.step_kwh, self.rates.equal_run.clear_kwh)


def _die(delivery: Delivery, row: int, fault: MeterFault, _: np.random.Generator) -> None:
    """Deliver zeros."""
    delivery.gas_kwh[row, fault.first : fault.first + fault.count] = 0
    delivery.mark(row, _whole_run(delivery.gas_kwh[row], fault.first, fault.count), "cold_zero_run")


def _slip(delivery: Delivery, row: int, fault: MeterFault, _: np.random.Generator) -> None:
    """Deliver in another unit; values that no meter can give are marked `very_high`, since the line itself shows them."""
    where = np.arange(fault.first, fault.first + fault.count)
    values = np.round(delivery.gas_kwh[row, where] * fault.factor, RESOLUTION_DIGITS)
    delivery.gas_kwh[row, where] = values
    delivery.mark(row, where, "suspected_unit")
    delivery.mark(row, where[values >= VERY_HIGH_KWH], "very_high")


def _stick(delivery: Delivery, row: int, fault: MeterFault, rng: np.random.Generator) -> None:
    """Repeat the reading at which the meter stuck."""
    rates = fault.rates.stuck
    gas = delivery.gas_kwh[row]
    for low, high in _segments(len(gas), fault.spells):
        longest = min(rates.high_days * HALF_HOURS, (high - low) // 2)
        count = int(np.exp(rng.uniform(np.log(rates.low_half_hours), np.log(max(longest, rates.low_half_hours)))))
        first, last = low, high - count
        inside = fault.month_starts[(fault.month_starts > low) & (fault.month_starts < high)]
        if len(inside) and rng.random() < rates.month_end_share:
            month_start = int(rng.choice(inside))
            first, last = max(low, month_start - count + 1), min(last, month_start - 1)
        begins = _begins(gas, first, last, _bound(fault, rng))
        if len(begins):
            begin = int(rng.choice(begins))
            gas[begin : begin + count] = gas[begin]
            delivery.mark(row, _whole_run(gas, begin, count), "stuck")


def _begins(gas: NDArray[np.float64], first: int, last: int, bound_kwh: float) -> Where:
    """Return the half-hours from `first` to `last` with a reading above a bound; if none is, those with any gas."""
    candidates = gas[first : last + 1]
    above = np.flatnonzero(candidates > bound_kwh)
    return first + (above if len(above) else np.flatnonzero(candidates > 0))


def _estimate(delivery: Delivery, row: int, fault: MeterFault, rng: np.random.Generator) -> None:
    """Fill missed spells with their mean."""
    rates = fault.rates.supplier_estimate
    gas = delivery.gas_kwh[row]
    shortest = rates.low_days * HALF_HOURS
    longest = min(rates.high_days * HALF_HOURS, len(gas) // (2 * fault.spells))
    for n in range(fault.spells):
        count = int(rng.uniform(shortest, max(longest, shortest)))
        means = np.round(_sums(gas, count) / count, RESOLUTION_DIGITS)
        means[_sums(delivery.fault[row] > 0, count) > 0] = 0  # there is an estimate already
        clear = np.flatnonzero(means > _bound(fault, rng))
        if len(clear):
            begin = int(rng.choice(clear))
        elif n == 0:
            begin = int(np.argmax(means))
        else:
            continue
        if means[begin] > 0:
            gas[begin : begin + count] = means[begin]
            delivery.mark(row, _whole_run(gas, begin, count), "stuck")


def _sums(values: NDArray[np.float64] | NDArray[np.bool_], count: int) -> NDArray[np.float64]:
    """Return the sum of each window of `count` values, by its beginning."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    sums: NDArray[np.float64] = total[count:] - total[:-count]
    return sums


def _bound(fault: MeterFault, rng: np.random.Generator) -> float:
    """Return the value that a spell must exceed: a few spells may repeat values that a sound meter may repeat too."""
    return 0 if rng.random() < fault.rates.equal_run.unclear_share else fault.clear_kwh


def _segments(length: int, number: int) -> Iterator[tuple[int, int]]:
    """Cut a span into equal parts, one for each spell."""
    edges = np.linspace(0, length, number + 1).astype(int).tolist()
    return pairwise(edges)


def _whole_run(gas: NDArray[np.float64], first: int, count: int) -> Where:
    """Return the run of equal readings around some that are equal."""
    low, high = first, first + count
    while low > 0 and gas[low - 1] == gas[first]:
        low -= 1
    while high < len(gas) and gas[high] == gas[first]:
        high += 1
    return np.arange(low, high)


INFERRED_INJECTORS: dict[str, Callable[[Delivery, int, MeterFault, np.random.Generator], None]] = {
    "dead_meter": _die,
    "stuck": _stick,
    "supplier_estimate": _estimate,
    **dict.fromkeys((*UNIT_SLIPS, ALWAYS), _slip),
}
