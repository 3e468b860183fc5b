"""The plan: which units of work the sources ask for, each with its fingerprint, and which of them are done."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl

from flows.fingerprints import code_fingerprint, describe_table, fingerprint
from flows.inputs import Inputs, SourcedMonth, source_months
from flows.settings import Settings
from transforms.periods import Period, shift_month
from transforms.tables import (
    CELL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HEAT_PROFILE_SEASON,
    HOUSEHOLD_WEATHER,
    SELECTION_FUNNEL,
    WEATHER_DAY,
    WEATHER_FIT,
)
from transforms.temperature import ThermalMemory
from warehouse.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(ABC):
    """One piece of work: its objects are named by its fingerprint, and the last of its `tables` commits it."""

    fingerprint: str
    stage: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]
    in_order: ClassVar[bool] = False  # whether each unit of the stage reads what the one before has written

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call the unit."""

    @property
    @abstractmethod
    def folder(self) -> str:
        """Where its objects lie below their table."""

    def key(self, table: str) -> str:
        """Return the key of one of the unit's objects."""
        return f"{table}/{self.folder}/{self.fingerprint}.parquet"

    @property
    def commit_key(self) -> str:
        """The object that is written last and says that the unit is done."""
        return self.key(self.tables[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUnit(Unit):
    """One month of readings to be made into hours."""

    of: SourcedMonth
    stage: ClassVar[str] = "build months"
    tables: ClassVar[tuple[str, ...]] = ("flagged", "flag_count", "cell", "heat_hourly", "build_month")

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"month {self.of.month}"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return f"month={self.of.month}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodUnit(Unit):
    """One study period to be aggregated."""

    period: Period
    months: tuple[MonthUnit, ...]
    stage: ClassVar[str] = "aggregate periods"
    tables: ClassVar[tuple[str, ...]] = (
        "household_period",
        "selection_funnel",
        "heat_profile",
        "heat_profile_season",
        "weather_fit",
        "weather_day",
        "household_weather",
        "heat_demand_annual",
    )

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"period {self.period.label}"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return f"period={self.period.label}"


def plan_months(inputs: Inputs) -> list[MonthUnit]:
    """Return the unit of every month that has readings, earliest first."""
    code, shape = code_fingerprint("month"), [describe_table(CELL), describe_table(HEAT_HOURLY)]
    return [
        MonthUnit(
            of=month,
            fingerprint=fingerprint(
                data=month.data_fingerprint,
                spans=hash_frame(cut_spans(inputs.spans, month)),
                boiler_efficiency=inputs.boiler_efficiency,
                code=code,
                tables=shape,
            ),
        )
        for month in source_months(inputs)
    ]


def cut_spans(spans: pl.DataFrame, month: SourcedMonth) -> pl.DataFrame:
    """Return the part of suspicious spans within a month: what goes on beyond it does not change the month."""
    first = pl.lit(month.first_day).cast(pl.Datetime("us"))
    after = pl.lit(shift_month(month.first_day, 1)).cast(pl.Datetime("us"))
    return (
        spans.filter((pl.col("start_utc") < after) & (pl.col("end_utc") > first))
        .with_columns(start_utc=pl.max_horizontal("start_utc", first), end_utc=pl.min_horizontal("end_utc", after))
        .select("household_id", "flag", "start_utc", "end_utc")
    )


def plan_period(period: Period, months: Sequence[MonthUnit], inputs: Inputs, settings: Settings) -> PeriodUnit:
    """Return the unit of one study period over the built months."""
    inside = tuple(unit for unit in months if period.start <= unit.of.first_day < period.end)
    temperature = inputs.temperature.filter(
        pl.col("hour_start_utc").is_between(
            pl.lit(period.start - dt.timedelta(days=ThermalMemory().days_back)).cast(pl.Datetime("us")),
            pl.lit(period.end).cast(pl.Datetime("us")),
            closed="left",
        )
    )
    return PeriodUnit(
        period=period,
        months=inside,
        fingerprint=fingerprint(
            period=period.start,
            months=[unit.fingerprint for unit in inside],
            homes=None
            if inputs.households is None
            else hash_frame(inputs.households.select("household_id", "dwelling_type", "heating_system")),
            seen=sorted(inputs.seen),
            temperature=hash_frame(temperature.select("hour_start_utc", "temperature_c")),
            parameters=settings.model_dump(
                mode="json", include={"completeness_min", "cell_min", "bootstrap_replicates", "seed"}
            ),
            boiler_efficiency=inputs.boiler_efficiency,
            stock_shares=inputs.stock_shares,
            normal=[hash_frame(inputs.normal.daily), hash_frame(inputs.normal.figures)],
            code=code_fingerprint("period"),
            tables=[
                describe_table(table)
                for table in (
                    HEAT_PROFILE,
                    HEAT_PROFILE_SEASON,
                    SELECTION_FUNNEL,
                    WEATHER_FIT,
                    WEATHER_DAY,
                    HOUSEHOLD_WEATHER,
                )
            ],
        ),
    )


@dataclass(frozen=True, slots=True)
class Span:
    """Months from `first` to `last` (YYYY-MM), both included."""

    first: str
    last: str

    def __contains__(self, month: str) -> bool:
        """Say whether a month lies in the span."""
        return self.first <= month <= self.last


def keep_published(
    months: list[MonthUnit], *, published: pl.DataFrame | None, lake: Lake, span: Span | None
) -> list[MonthUnit]:
    """Let months outside the span of a backfill keep the code and rules by which they are published.

    A month whose data changed is brought up to date wherever it lies: the ledger counts every reading.

    Parameters
    ----------
    months
        The units that the sources ask for today.
    published
        Rows of `tables.BUILD_MONTH` of the published warehouse, or None where there is none.
    lake
        Where the published state must still lie; a month that lost it is built.
    span
        The span to bring up to date; None: every month.

    """
    if span is None or published is None:
        return months
    states = {
        (f"{month:%Y-%m}", data): state
        for month, data, state in published.select("month", "data_fingerprint", "fingerprint").iter_rows()
    }
    kept = []
    for unit in months:
        old = replace(unit, fingerprint=states.get((unit.of.month, unit.of.data_fingerprint), unit.fingerprint))
        kept.append(unit if unit.of.month in span or not lake.exists(old.commit_key) else old)
    return kept


def is_missing(lake: Lake, unit: Unit) -> bool:
    """Say whether a unit is not done yet."""
    return not lake.exists(unit.commit_key)


def hash_frame(frame: pl.DataFrame) -> str:
    """Return a hash of a frame's rows that does not depend on their order."""
    return fingerprint(rows=frame.sort(frame.columns).write_csv(float_precision=9), names=frame.columns)
