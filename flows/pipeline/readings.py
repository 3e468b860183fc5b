"""The readings of one month, from the objects of all sources with readings in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from transforms.readings.neighbour_flags import SOURCES_SCHEMA, order_readings
from transforms.tables.lake import READING
from transforms.tables.words import FLAG_DTYPE
from warehouse.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSource:
    """One source of a month: the object with its readings, and what decides between it and other sources."""

    source_id: str
    key: str
    replaced: bool  # whether newer content has replaced it
    feed: str
    delivered: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfReadings:
    """One calendar month with readings (YYYY-MM): its sources, and the homes that the household table lacks."""

    month: str
    sources: tuple[MonthSource, ...]
    unknown_homes: tuple[str, ...]

    @property
    def first_day(self) -> dt.date:
        """The month's first day."""
        return dt.date.fromisoformat(f"{self.month}-01")

    @property
    def days(self) -> pl.Series:
        """The month's days."""
        return pl.date_range(self.first_day, pl.lit(self.first_day).dt.month_end(), eager=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedMonth:
    """The readings of a month; their column `source` is the index of a row of `sources`."""

    readings: pl.DataFrame
    sources: pl.DataFrame
    known: frozenset[str] | None  # homes of the household table; None if all homes count as known


def load_readings(lake: Lake, month: MonthOfReadings) -> LoadedMonth:
    """Return a month's readings in the order of home and time, and within a half-hour of source and line.

    Ingest writes each source in the order of home and time, so sorting is quick. Later steps keep the order.
    """
    readings = pl.concat(
        [
            lake.read(source.key)
            .select(*READING.schema)
            .cast({"flag": FLAG_DTYPE})  # an earlier version may have known fewer flags
            .with_columns(source=pl.lit(n, dtype=pl.UInt32))
            for n, source in enumerate(month.sources)
        ]
    )
    homes = readings["household_id"].unique().sort()
    # as codes instead of texts, homes are smaller and sort faster
    readings = readings.with_columns(pl.col("household_id").cast(pl.Enum(homes))).pipe(order_readings)
    sources = pl.DataFrame(
        {
            "source": range(len(month.sources)),
            "source_id": [source.source_id for source in month.sources],
            "feed": [source.feed for source in month.sources],
            "delivered": [source.delivered for source in month.sources],
            "replaced": [source.replaced for source in month.sources],
        },
        schema=SOURCES_SCHEMA,
    )
    known = frozenset(homes) - frozenset(month.unknown_homes) if month.unknown_homes else None
    return LoadedMonth(readings=readings, sources=sources, known=known)
