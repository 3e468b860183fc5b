"""A trial: homes, a span, the true gas of the homes and the delivery of their meters, in blocks of homes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.half_hour_shapes import HALF_HOURS, LEVEL_YEAR, half_hour_starts
from transforms.climate.temperature import effective_temperature
from transforms.sample.bursts import Floats32, draw_bursts
from transforms.sample.delivery import Delivery
from transforms.sample.expected import expected_shares
from transforms.sample.fault_plan import FaultPlan, plan_faults, plan_no_faults
from transforms.sample.faults import inject_faults
from transforms.sample.figures import SampleFigures
from transforms.sample.homes import draw_homes
from transforms.sample.variety import TrialSpan, Variety, plan_variety

Faults = Literal["none", "typical", "all"]
BLOCK = 50  # homes whose bursts are drawn together; another number makes another trial
(
    DRAW_HOMES, DRAW_GAS, DRAW_PLAN, DRAW_FAULTS,
    DRAW_KINDS, DRAW_METERS, DRAW_INFERRED_PLAN, DRAW_INFERRED, DRAW_WEATHER_LOSS,
) = range(9)  # purposes of the streams of random numbers  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """A made-up trial, which follows from its arguments alone.

    The gas of a home is drawn by calendar year and then cut to the span. So the spans of two trials with the same homes
    and seed fit together. Faults belong to a delivery, so they are drawn for the span.
    """

    seed: int
    homes: pl.DataFrame  # household_id, dwelling_type, gas_kwh_2009
    start: dt.date
    end: dt.date
    starts: pl.Series  # of all half-hours, UTC
    shares: Mapping[int, Mapping[str, NDArray[np.float64]]]  # by year and dwelling type: gas as a share of that of 2009
    plan: FaultPlan
    variety: Variety | None = None  # kinds, meters and inferred faults; None: all homes heat, and meters count every Wh

    @property
    def blocks(self) -> list[NDArray[np.intp]]:
        """Positions of the homes that are drawn together, in the order of their ids."""
        return np.array_split(np.arange(len(self.homes)), -(-len(self.homes) // BLOCK))

    def draw_truth(self, block: int) -> NDArray[np.float64]:
        """Return the true gas of one block, homes x half-hours of the span [kWh]."""
        members = self.blocks[block]
        homes = self.homes[members]
        annual: Floats32 = homes["gas_kwh_2009"].to_numpy().astype(np.float32)
        half_hours_of_level_year = np.float32(len(self.shares[LEVEL_YEAR]["flat"]))
        years = []
        for year in range(self.start.year, (self.end - dt.timedelta(days=1)).year + 1):
            share = np.array([self.shares[year][name] for name in homes["dwelling_type"]], dtype=np.float32)
            expected = share * annual[:, None]
            if self.variety:
                skipped = (self.start - dt.date(year, 1, 1)).days * HALF_HOURS
                expected = self.variety.shape_year(expected, members, year=year, skipped=skipped)
            rng = np.random.default_rng([self.seed, DRAW_GAS, year, block])
            years.append(draw_bursts(expected, annual / half_hours_of_level_year, rng=rng))
        skipped = (self.start - dt.date(self.start.year, 1, 1)).days * HALF_HOURS
        burnt = np.concatenate(years, axis=1)[:, skipped : skipped + len(self.starts)]
        return self.variety.count(burnt, members) if self.variety else burnt

    def deliver(self, block: int, gas_kwh: NDArray[np.float64], protected: pl.Series) -> Delivery:
        """Return the delivery of the meters of one block for its true gas; `protected` half-hours get no fault."""
        homes = self.blocks[block]
        delivery = Delivery.of_truth(gas_kwh)
        spared = protected.to_numpy()
        if self.variety:
            self.variety.inject(delivery, homes, self.starts, self._rngs(DRAW_INFERRED, homes))
        rngs = self._rngs(DRAW_FAULTS, homes)
        inject_faults(delivery, homes, starts=self.starts, plan=self.plan, rngs=rngs, protected=spared)
        if self.variety:
            self.variety.lose(delivery, homes, spared, self._rngs(DRAW_WEATHER_LOSS, homes))
        return delivery

    def _rngs(self, purpose: int, homes: NDArray[np.intp]) -> list[np.random.Generator]:
        """Return one source of randomness per home, so that a home's faults do not depend on the other homes."""
        return [np.random.default_rng([self.seed, purpose, int(home)]) for home in homes]


def plan_trial(
    figures: SampleFigures, *, households: int, start: dt.date, end: dt.date, seed: int, faults: str
) -> Trial:
    """Plan a trial.

    Parameters
    ----------
    figures
        Values of homes, weather and meters.
    households
        Number of homes.
    start, end
        First date, and the date after the last one (UTC).
    seed
        Seed of all random numbers.
    faults
        `none` for a clean delivery, `typical` for measured rates of the faults that single lines show, `all` also for
        faults that must be inferred, unusual homes, meters that count in steps, and losses that depend on level and
        cold.

    Raises
    ------
    ValueError
        If the span is empty or leaves the years of known temperatures, or if there are no homes.

    """
    if end <= start:
        message = f"a trial needs at least one day, but {end} is not after {start}"
        raise ValueError(message)
    _refuse_unknown_years(figures.temperature["date"], start, end)
    homes = draw_homes(figures.levels, households=households, rng=np.random.default_rng([seed, DRAW_HOMES]))
    starts = half_hour_starts(start, end)
    effective = effective_temperature(figures.temperature)
    plan = (
        plan_no_faults(households)
        if faults == "none"
        else plan_faults(homes, len(starts), figures.rates, np.random.default_rng([seed, DRAW_PLAN]))
    )
    touched = range(start.year, (end - dt.timedelta(days=1)).year + 1)
    variety = None
    if faults == "all":
        purposes = (DRAW_KINDS, DRAW_METERS, DRAW_INFERRED_PLAN)
        variety = plan_variety(
            homes,
            figures.variety,
            TrialSpan(
                starts=starts,
                years=touched,
                weather=figures.temperature.join(effective, on="date"),
                law=figures.law,
            ),
            plan=plan,
            rngs=[np.random.default_rng([seed, purpose]) for purpose in purposes],
        )
    return Trial(
        seed=seed,
        homes=variety.homes.select(homes.columns) if variety else homes,
        start=start,
        end=end,
        starts=starts,
        shares={
            year: expected_shares(year, effective, figures.law, figures.shapes)
            for year in sorted({LEVEL_YEAR, *touched})
        },
        plan=plan,
        variety=variety,
    )


def _refuse_unknown_years(known: pl.Series, start: dt.date, end: dt.date) -> None:
    """Refuse a span that touches a calendar year without a temperature for each of its days."""
    years = range(start.year, (end - dt.timedelta(days=1)).year + 1)
    days = dict(known.dt.year().value_counts().iter_rows())
    whole = {year for year, count in days.items() if count == (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days}
    unknown = [year for year in years if year not in whole]
    if unknown:
        message = (
            f"no temperatures for {', '.join(map(str, unknown))}; they are known from {min(whole)} to {max(whole)}: "
            "choose a start and an end in these years"
        )
        raise ValueError(message)
