"""Uncertain parameters of a levelised cost: documented ranges, draws from them, and the cost of all draws at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import ndtri

from transforms.lcoh.assumptions.parameters import NETWORK, Floats, IndividualSystem
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.systems import SYSTEMS
from transforms.lcoh.model.what_if import Built, Case, Change, build

LIFETIME: Final = "lifetime_years"  # of a system in a home, or of a network's heat pump; no field of `Change`
FIELDS: Final[dict[str, str]] = {  # uncertain parameter: field of `Change` that a draw of it sets
    "demand": "demand_factor",
    "capital": "capital_factor",
    "om": "om_factor",
    "spf": "spf_factor",
    "gas_price": "gas_price_factor",
    "electricity_price": "electricity_price_factor",
    "loss": "distribution_loss_share",
    "carbon": "carbon_factor",
    "lifetime": LIFETIME,
}
# Parameter: the choice of the measured homes. Its range comes from a run, not from a row of a table.
SAMPLED_HOMES: Final = "sampled_homes"
SAMPLE: Final = "sample_factor"  # field that a draw of it sets; not in `Change`, since systems are built for the demand
RANGE_COLUMNS: Final = (
    "parameter", "applies_to", "distribution", "low", "high", "unit", "correlates_with", "correlation", "source"
)  # fmt: skip
DRAWS: Final = 10_000
BASE_SAMPLES: Final = 8192
_AT_ONCE: Final = 4096  # rows of 51 years that fit a processor's cache; more at once are slower
_TAIL: Final = float(ndtri(0.95))  # `low` and `high` of a lognormal are its 5 % and 95 % quantiles
_TAIL_OF_INTERVAL: Final = float(ndtri(0.975))  # an interval of 95 % ends there


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """One uncertain parameter: its distribution, and the systems that share a draw of it."""

    parameter: str
    systems: tuple[str, ...]
    distribution: str
    low: Floats
    high: Floats
    unit: str
    source: str
    correlates_with: str = ""
    """Parameter of one other row with which it correlates."""
    correlation: float = 0.0
    """Correlation of the normal scores of both [1]."""

    @property
    def field(self) -> str:
        """The field of `Change` that a draw sets, or `LIFETIME` or `SAMPLE`."""
        return SAMPLE if self.parameter == SAMPLED_HOMES else FIELDS[self.parameter]

    def quantile(self, probability: Yearly) -> Yearly:
        """Return quantiles: uniform from low to high, or lognormal with low and high as 5 % and 95 % quantiles.

        mu = (ln low + ln high) / 2,  sigma = (ln high - ln low) / (2 z_95)
        """
        if self.distribution == "uniform":
            found: Yearly = self.low + (self.high - self.low) * probability
            return found
        middle, spread = np.log(self.low * self.high) / 2, np.log(self.high / self.low) / (2 * _TAIL)
        lognormal: Yearly = np.exp(middle + spread * ndtri(probability))
        return lognormal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Uncertain parameters, and how they are drawn."""

    ranges: tuple[Uncertain, ...]
    """Ranges, as `check_ranges` returns them."""
    seed: int
    draws: int = DRAWS
    """Draws of a Latin hypercube, from which distributions of costs come."""
    base_samples: int = BASE_SAMPLES
    """Base samples of Sobol indices, a power of two."""


def check_ranges(raw: pl.DataFrame) -> tuple[Uncertain, ...]:
    """Return the documented ranges of uncertain parameters.

    Parameters
    ----------
    raw
        Columns `RANGE_COLUMNS`; `applies_to` holds the systems that share a draw, with blanks between them.

    Raises
    ------
    AssumptionError
        If a row cannot be used: the message names it by its number (the header is row 1) and says why.

    """
    missing = [name for name in RANGE_COLUMNS if name not in raw.columns]
    if missing:
        message = f"the table of uncertain values lacks {', '.join(missing)}; it needs {', '.join(RANGE_COLUMNS)}"
        raise AssumptionError(message)
    ranges = tuple(_read(row, number) for number, row in enumerate(raw.iter_rows(named=True), start=2))
    taken: dict[tuple[str, str], int] = {}
    for number, row in enumerate(ranges, start=2):
        others = [one for one in ranges if one.parameter == row.correlates_with]
        if row.correlates_with and (len(others) != 1 or others[0].correlates_with):
            message = (
                f"row {number}: {row.parameter} correlates with {row.correlates_with}, which must be a parameter of exactly "
                f"one row ({len(others)} have it) and correlate with no other"
            )
            raise AssumptionError(message)
        for system in row.systems:
            if first := taken.get((row.parameter, system)):
                message = f"row {number}: {row.parameter} of {system} is in row {first} too"
                raise AssumptionError(message)
            taken[row.parameter, system] = number
    return ranges


def _read(row: Mapping[str, Any], number: int) -> Uncertain:
    systems = tuple(str(row["applies_to"] or "").split())
    odd = [name for name in systems if name not in SYSTEMS]
    reasons = {
        f"parameter {row['parameter']!r} is none of {', '.join(FIELDS)}": row["parameter"] not in FIELDS,
        f"applies_to names {', '.join(odd) or 'nothing'}: write some of {', '.join(SYSTEMS)}": bool(odd) or not systems,
        f"distribution {row['distribution']!r} is neither uniform nor lognormal": row["distribution"]
        not in ("uniform", "lognormal"),
        "unit or source is empty": not row["unit"] or not row["source"],
    }
    try:
        low, high = float(row["low"]), float(row["high"])
    except (TypeError, ValueError):
        low = high = float("nan")
    reasons[f"low {row['low']} and high {row['high']} are no range"] = not low < high < float("inf")
    reasons[f"low {row['low']} must be above 0"] = low <= 0
    other, correlation = str(row["correlates_with"] or ""), float(row["correlation"] or 0.0)
    reasons[f"correlates_with {other!r} and correlation {correlation} are no pair"] = not (
        (other in FIELDS and 0 < abs(correlation) < 1) or (other == "" and correlation == 0)
    )
    reasons[f"a loss of {row['high']} leaves no heat"] = row["parameter"] == "loss" and high >= 1
    for reason, applies in reasons.items():
        if applies:
            message = f"row {number} of the uncertain values: {reason}"
            raise AssumptionError(message)
    texts = {name: str(row[name]) for name in ("parameter", "distribution", "unit", "source")}
    return Uncertain(systems=systems, low=low, high=high, correlates_with=other, correlation=correlation, **texts)


def sampled_homes(low_share: Floats, high_share: Floats) -> Uncertain:
    """Return the choice of the measured homes as an uncertain parameter: another sample has another mean demand.

    Plant of networks is built for the demand of each draw, so peaks are proportional to demand.

    Parameters
    ----------
    low_share, high_share
        Ends of the 95 % interval of the mean demand over samples of homes, over that demand [1]; numbers, or one
        for each demand, shape (k, 1).

    """
    middle = np.log(np.asarray(low_share) * high_share) / 2
    half = np.log(np.asarray(high_share) / low_share) / 2 * _TAIL / _TAIL_OF_INTERVAL
    return Uncertain(
        parameter=SAMPLED_HOMES,
        systems=SYSTEMS,
        distribution="lognormal",
        low=np.exp(middle - half),
        high=np.exp(middle + half),
        unit="share of the demand",
        source="5 % and 95 % quantiles: mean heat of other samples of as many homes, by the 95 % interval of "
        "heat_demand_annual; peaks are proportional to it",
    )


def ranges_of(ranges: Sequence[Uncertain], system: str) -> tuple[int, ...]:
    """Return the positions in `ranges` of the parameters on which a system's cost depends."""
    return tuple(place for place, uncertain in enumerate(ranges) if system in uncertain.systems)


def cost_of_draws(case: Case, values: Mapping[str, Yearly], *, draws: int) -> Yearly:
    """Return the levelised cost of a system for every draw of its uncertain parameters [GBP/MWh].

    A draw of the demand is another home with a system of its own size; a network stays the same. A draw of the sampled
    homes is another demand for which systems and networks are built.

    Parameters
    ----------
    case
        The case to be costed, with places and demands as arrays of shape (k, 1).
    values
        Drawn values by field of `Change` or `LIFETIME` [yr], shape (n,), or by `SAMPLE` [1], shape (n,) or (k, n);
        empty if no parameter of the system is uncertain.
    draws
        Number n of draws.

    Returns
    -------
    ndarray of shape (k, n)

    """
    rows = np.broadcast_shapes(np.shape(case.place.every_home), np.shape(case.demand_kwh))[0]
    step = max(1, _AT_ONCE // rows)
    cost = np.empty((rows, draws))
    built = build(case)
    by_life = _capital_by_life(built, values[LIFETIME]) if LIFETIME in values else np.ones((1, draws))
    sized_by = (SAMPLE,) if case.system == NETWORK else (SAMPLE, "demand_factor")
    for start in range(0, draws, step):
        now = slice(start, start + step)
        drawn = {field: row[..., now] for field, row in values.items() if field != LIFETIME}
        if sizing := [drawn.pop(field) for field in sized_by if field in drawn]:
            built = build(replace(case, demand_kwh=reduce(np.multiply, sizing, case.demand_kwh)))
        found = built.cost(Change(**drawn))
        cost[:, now] = found.total + found.capital * (by_life[:, now] - 1.0)
    return cost


def _capital_by_life(built: Built, lifetime_years: Yearly) -> Yearly:
    """Return the levelised capital with each drawn life over that with the life of the base [1], shape (k, n).

    The times of purchases depend only on the life in whole years, and a draw of capital scales all purchases alike. So
    the ratio holds for every draw of demand and capital, and each life is costed once. The shares of a network's parts
    change a little with the sampled homes; that is left out.
    """
    lives, nth_life = np.unique(np.maximum(np.rint(lifetime_years), 1).astype(int), return_inverse=True)
    base_capital = np.asarray(built.cost().capital)
    ratios = [np.asarray(_with_life(built, int(years)).cost().capital) / base_capital for years in lives]
    by_life: Yearly = np.stack([np.ravel(ratio) for ratio in ratios], axis=1)[:, nth_life]
    return by_life


def _with_life(built: Built, years: int) -> Built:
    """Return the system with another life; for a network, with another life of its heat pump."""
    if isinstance(built.own, IndividualSystem):
        return replace(built, own=replace(built.own, lifetime_years=years))
    network = replace(built.own.network, heat_pump_lifetime_years=years)
    return replace(built, own=replace(built.own, network=network))
