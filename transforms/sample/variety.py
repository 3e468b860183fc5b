"""Variety of the homes in a trial with all faults: kinds of homes, meters, faults that must be inferred, and losses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.gas_law import GasLaw
from transforms.sample.delivery import FAULTS, Delivery
from transforms.sample.fault_plan import FaultPlan
from transforms.sample.inferred_faults import INFERRED_INJECTORS, MeterFault
from transforms.sample.inferred_plan import METER_FAULTS, InferredRates, plan_inferred
from transforms.sample.kinds import KINDS, Floats32, HomeKinds, YearOfKinds, draw_kinds, shape_expected
from transforms.sample.meters import METERS, Meters, count_gas, draw_meters
from transforms.sample.weather_loss import WeatherLoss, WeatherLossLaw, lose_with_weather, plan_weather_loss
from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import INFERRED_FLAGS

Floats = NDArray[np.float64]
# A reading with one of these faults, or none, may be lost; the other faults occur at rates of their own
LOSABLE = [0, *(1 + FAULTS.index(flag) for flag in (*INFERRED_FLAGS, "unknown_household") if flag in FAULTS)]

TRUTH_HOME = Table(
    "truth_homes", "one home of a made-up trial with all faults: its kind, meter, faults and losses", ("household_id",),
    (
        Column("household_id", pl.String, "made-up id of the home"),
        Column("kind", pl.String, "kind of home: its uses of gas, or absences", allowed=KINDS),
        Column("away_start_utc", UTC, "start of its vacancy or holiday", nullable=True),
        Column("away_end_utc", UTC, "end of it, exclusive", nullable=True),
        Column("away_level", pl.Float64, "gas while away over usual gas", "1", nullable=True, lower=0, upper=1),
        Column("pilot_kwh", pl.Float64, "gas of the pilot light in each half-hour", "kWh", lower=0),
        Column("meter", pl.String, "meter at the start", allowed=METERS),
        Column("step_kwh", pl.Float64, "step in which it counts, before rounding to 0.001 kWh", "kWh", lower=0),
        Column("exchanged_at_utc", UTC, "first half-hour of another meter", nullable=True),
        Column("meter_after", pl.String, "the other meter", nullable=True, allowed=METERS),
        Column("step_after_kwh", pl.Float64, "step in which the other meter counts", "kWh", nullable=True, lower=0),
        Column("meter_fault", pl.String, "fault of the meter that no single line shows", nullable=True, allowed=METER_FAULTS),
        Column("unit_factor", pl.Float64, "delivered over true while the unit is wrong", "1", nullable=True, lower=0),
        Column("fault_start_utc", UTC, "start of the wrong unit or of the dead meter; spells of equal values are only in the truth", nullable=True),
        Column("fault_end_utc", UTC, "end of it, exclusive", nullable=True),
        Column("weather_loss_share", pl.Float64, "share of half-hours that the home is expected to lose with level and cold", "1", lower=0, upper=1),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VarietyFigures:
    """Values of the shipped tables for the variety of homes."""

    kinds: HomeKinds
    meters: Meters
    inferred: InferredRates
    weather_loss: WeatherLossLaw

    @classmethod
    def from_values(cls, values: Callable[[str], Mapping[str, Mapping[str, float]]]) -> VarietyFigures:
        """Return the values; `values` returns those of a shipped table, by item and parameter."""
        return cls(
            kinds=HomeKinds.from_values(values("sample_home_kind")),
            meters=Meters.from_values(values("meter_step")),
            inferred=InferredRates.from_values(values("meter_inferred_fault")),
            weather_loss=WeatherLossLaw(**values("meter_weather_loss")["weather_loss"]),
        )


@dataclass(frozen=True, slots=True)
class Variety:
    """Kind, meter, faults and losses of each home of a trial, which follow from the trial's arguments alone."""

    homes: pl.DataFrame  # as from `plan_inferred`
    years: Mapping[int, YearOfKinds]
    loss: WeatherLoss
    figures: VarietyFigures

    def shape_year(self, expected_kwh: Floats32, members: NDArray[np.intp], *, year: int, skipped: int) -> Floats32:
        """Return the expected gas of some homes in each half-hour of a year, by the kind of each home [kWh]."""
        homes = self.homes[members]
        annual = homes["gas_kwh_2009"].to_numpy().astype(np.float32)
        return shape_expected(expected_kwh, annual, homes, self.years[year], skipped=skipped)

    def count(self, burnt_kwh: Floats, members: NDArray[np.intp]) -> Floats:
        """Return the readings of sound meters for the gas that some homes burn, pilot lights included [kWh]."""
        homes = self.homes[members]
        return count_gas(burnt_kwh + homes["pilot_kwh"].to_numpy()[:, None], homes, self.figures.meters)

    def inject(
        self, delivery: Delivery, members: NDArray[np.intp], starts: pl.Series, rngs: Sequence[np.random.Generator]
    ) -> None:
        """Put the meter faults that no single line shows into the delivery of some homes."""
        month_starts = np.flatnonzero((starts.dt.day() == 1).to_numpy() & (starts.dt.time() == dt.time()).to_numpy())
        faulty = self.homes[members].with_row_index("row").filter(pl.col("meter_fault").is_not_null())
        for home in faulty.iter_rows(named=True):
            fault = MeterFault(
                first=home["fault_first"],
                count=home["fault_count"],
                spells=home["spells"],
                factor=home["unit_factor"] or 1,
                step_kwh=self.figures.meters.step_kwh[home["meter"]],
                month_starts=month_starts,
                rates=self.figures.inferred,
            )
            INFERRED_INJECTORS[home["meter_fault"]](delivery, home["row"], fault, rngs[home["row"]])

    def lose(
        self,
        delivery: Delivery,
        members: NDArray[np.intp],
        protected: NDArray[np.bool_],
        rngs: Sequence[np.random.Generator],
    ) -> None:
        """Let some homes lose more half-hours, by their level and the cold."""
        for row, (home, rng) in enumerate(zip(members.tolist(), rngs, strict=True)):
            open_ = np.isin(delivery.fault[row], LOSABLE) & ~protected
            lose_with_weather(delivery, row, self.loss.share(home), law=self.loss.law, open_=open_, rng=rng)

    def tabulate_homes(self, starts: pl.Series) -> pl.DataFrame:
        """Return the rows of `TRUTH_HOME`."""
        half_hours = len(starts)
        moment = dict(enumerate([*starts, starts[-1] + dt.timedelta(minutes=30)]))
        step = dict(self.figures.meters.step_kwh)

        def at(half_hour: pl.Expr, condition: pl.Expr) -> pl.Expr:
            return pl.when(condition).then(half_hour.replace_strict(moment, default=None, return_dtype=UTC))

        away, faulty = pl.col("away_count") > 0, pl.col("fault_count") > 0
        homes = self.homes.with_columns(
            away_start_utc=at(pl.col("away_first"), away),
            away_end_utc=at(pl.col("away_first") + pl.col("away_count"), away),
            away_level=pl.when(away).then("away_level"),
            step_kwh=pl.col("meter").replace_strict(step),
            exchanged_at_utc=at(pl.col("exchange_first"), pl.col("exchange_first") < half_hours),
            step_after_kwh=pl.col("meter_after").replace_strict(step, default=None, return_dtype=pl.Float64),
            fault_start_utc=at(pl.col("fault_first"), faulty),
            fault_end_utc=at(pl.col("fault_first") + pl.col("fault_count"), faulty),
            weather_loss_share=pl.Series([self.loss.share(home).mean() for home in range(len(self.homes))]),
        )
        return TRUTH_HOME.conform(homes)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSpan:
    """The span of a trial and its weather."""

    starts: pl.Series
    """Starts of the half-hours."""
    years: Sequence[int]
    """Calendar years that it touches."""
    weather: pl.DataFrame
    """`date`, `temperature_mean_c`, `temperature_effective_c` [degC] of these years."""
    law: GasLaw
    """Gas of a day by temperature."""

    def temperature_of_days(self) -> Floats:
        """Return the mean temperature of the days of the span [degC]."""
        dates = self.starts.dt.date()
        days = self.weather.filter(pl.col("date").is_between(dates.min(), dates.max()))
        return days.sort("date")["temperature_mean_c"].to_numpy()


def plan_variety(
    homes: pl.DataFrame,
    figures: VarietyFigures,
    span: TrialSpan,
    *,
    plan: FaultPlan,
    rngs: Sequence[np.random.Generator],
) -> Variety:
    """Draw the kind, meter, faults and losses of each home of a trial.

    Parameters
    ----------
    homes
        `household_id`, `dwelling_type`, `gas_kwh_2009` [kWh/yr], one row per home.
    figures
        Shares and sizes, from the shipped tables.
    span
        The span of the trial and its weather.
    plan
        The faults that single lines show.
    rngs
        Sources of randomness for kinds, meters and faults.

    """
    of_kinds, of_meters, of_faults = rngs
    half_hours, day_c = len(span.starts), span.temperature_of_days()
    drawn = draw_kinds(homes, figures.kinds, half_hours=half_hours, rng=of_kinds)
    drawn = draw_meters(drawn, figures.meters, half_hours=half_hours, rng=of_meters)
    drawn = plan_inferred(drawn, figures.inferred, plan=plan, starts=span.starts, day_c=day_c, rng=of_faults)
    return Variety(
        homes=drawn,
        years={year: YearOfKinds.of_year(year, span.weather, span.law, figures.kinds) for year in span.years},
        loss=plan_weather_loss(drawn["gas_kwh_2009"].to_numpy(), day_c, figures.weather_loss),
        figures=figures,
    )
