"""The plan: which units of work the sources ask for, each with its fingerprint, and which of them are done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl

from flows.fingerprints import code_fingerprint, describe_table, fingerprint
from flows.settings import Settings
from transforms.periods import Period
from transforms.tables import CELL, HEAT_HOURLY, HEAT_PROFILE
from warehouse.lake import Lake
from warehouse.manifest import NO_MONTH, Manifest, read_manifests, superseded_sources


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the accepted sources hold, as one frozen view."""

    manifests: tuple[Manifest, ...]
    replaced: frozenset[str]
    households: pl.DataFrame | None
    temperature: pl.DataFrame
    boiler_efficiency: float
    stock_shares: Mapping[str, float]

    @property
    def readings(self) -> tuple[Manifest, ...]:
        """The accepted sources of readings, by source id."""
        return tuple(m for m in self.manifests if m.kind == "readings" and m.outcome == "accepted")

    @property
    def known(self) -> frozenset[str] | None:
        """Homes of the household table, or None where there is none."""
        return None if self.households is None else frozenset(self.households["household_id"])

    @property
    def seen(self) -> frozenset[str]:
        """Homes that a source names, replaced ones left out."""
        return frozenset(home for m in self.readings if m.source_id not in self.replaced for home in m.households)


@dataclass(frozen=True, slots=True)
class MonthUnit:
    """One month of readings to be made into hours."""

    month: str
    fingerprint: str
    data_fingerprint: str
    sources: tuple[str, ...]
    stage: ClassVar[str] = "build months"
    tables: ClassVar[tuple[str, ...]] = ("flagged", "flag_count", "cell", "heat_hourly", "build_month")

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"month {self.month}"

    def key(self, table: str) -> str:
        """Return the key of one of the unit's objects."""
        return f"{table}/month={self.month}/{self.fingerprint}.parquet"

    @property
    def commit_key(self) -> str:
        """The object that is written last and says that the unit is done."""
        return self.key(self.tables[-1])

    @property
    def first_day(self) -> dt.date:
        """The month's first day."""
        return dt.date.fromisoformat(f"{self.month}-01")


@dataclass(frozen=True, slots=True)
class PeriodUnit:
    """One study period to be aggregated."""

    period: Period
    fingerprint: str
    months: tuple[MonthUnit, ...]
    stage: ClassVar[str] = "aggregate periods"
    tables: ClassVar[tuple[str, ...]] = ("household_period", "selection_funnel", "heat_profile", "heat_demand_annual")

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"period {self.period.label}"

    def key(self, table: str) -> str:
        """Return the key of one of the unit's objects."""
        return f"{table}/period={self.period.label}/{self.fingerprint}.parquet"

    @property
    def commit_key(self) -> str:
        """The object that is written last and says that the unit is done."""
        return self.key(self.tables[-1])


Unit = MonthUnit | PeriodUnit


def plan_months(inputs: Inputs) -> list[MonthUnit]:
    """Return the unit of every month that has readings, earliest first."""
    months = sorted({month for m in inputs.readings for month in m.months} - {NO_MONTH})
    return [_plan_month(month, inputs) for month in months]


def _plan_month(month: str, inputs: Inputs) -> MonthUnit:
    holding = [m for m in inputs.readings if month in m.months]
    homes = {home for m in holding for home in m.households}
    known = inputs.known
    data = fingerprint(
        objects=[
            (m.source_id, m.months[month], m.source_id in inputs.replaced, m.feed, m.delivery_date) for m in holding
        ],
        unknown=[] if known is None else sorted(homes - known),
    )
    return MonthUnit(
        month=month,
        sources=tuple(m.source_id for m in holding),
        data_fingerprint=data,
        fingerprint=fingerprint(
            data=data,
            boiler_efficiency=inputs.boiler_efficiency,
            code=code_fingerprint("month"),
            tables=[describe_table(CELL), describe_table(HEAT_HOURLY)],
        ),
    )


def plan_period(period: Period, months: Sequence[MonthUnit], inputs: Inputs, settings: Settings) -> PeriodUnit:
    """Return the unit of one study period over the built months."""
    inside = tuple(unit for unit in months if period.start <= unit.first_day < period.end)
    temperature = inputs.temperature.filter(
        pl.col("hour_start_utc").is_between(
            pl.lit(period.start).cast(pl.Datetime("us")), pl.lit(period.end).cast(pl.Datetime("us")), closed="left"
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
            code=code_fingerprint("period"),
            tables=describe_table(HEAT_PROFILE),
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
        old = replace(unit, fingerprint=states.get((unit.month, unit.data_fingerprint), unit.fingerprint))
        kept.append(unit if unit.month in span or not lake.exists(old.commit_key) else old)
    return kept


def is_missing(lake: Lake, unit: Unit) -> bool:
    """Say whether a unit is not done yet."""
    return not lake.exists(unit.commit_key)


def hash_frame(frame: pl.DataFrame) -> str:
    """Return a hash of a frame's rows that does not depend on their order."""
    return fingerprint(rows=frame.sort(frame.columns).write_csv(float_precision=9), names=frame.columns)


def read_inputs(
    lake: Lake, *, default_temperature: pl.DataFrame, boiler_efficiency: float, stock_shares: Mapping[str, float]
) -> Inputs:
    """Read the manifests, the household table and the temperatures that the lake holds now."""
    manifests = tuple(read_manifests(lake))
    replaced = superseded_sources(list(manifests))
    return Inputs(
        manifests=manifests,
        replaced=replaced,
        households=_merge_households(lake, _tables(manifests, replaced, "households")),
        temperature=_merge_temperature(lake, _tables(manifests, replaced, "temperature"), default_temperature),
        boiler_efficiency=boiler_efficiency,
        stock_shares=stock_shares,
    )


def _tables(manifests: Collection[Manifest], replaced: Collection[str], kind: str) -> list[str]:
    return [
        m.table_key
        for m in manifests
        if m.kind == kind and m.outcome == "accepted" and m.source_id not in replaced and m.table_key is not None
    ]


def _merge_households(lake: Lake, keys: list[str]) -> pl.DataFrame | None:
    """Put the household tables together; a home that two tables type differently is of type unknown."""
    if not keys:
        return None
    rows = pl.concat([lake.read(key) for key in keys], how="diagonal_relaxed")
    unclear = pl.col("dwelling_type").filter(pl.col("dwelling_type") != "unknown").n_unique() > 1
    named = pl.col("dwelling_type").filter(pl.col("dwelling_type") != "unknown").min()
    origin = pl.col("origin").drop_nulls().min() if "origin" in rows.columns else pl.lit(None, dtype=pl.String)
    return (
        rows.group_by("household_id")
        .agg(
            dwelling_type=pl.when(unclear).then(pl.lit("unknown")).otherwise(named.fill_null("unknown")),
            heating_system=pl.col("heating_system").drop_nulls().min(),
            origin=origin,
        )
        .sort("household_id")
    )


def _merge_temperature(lake: Lake, keys: list[str], default: pl.DataFrame) -> pl.DataFrame:
    """Delivered temperatures, averaged where several sources name an hour; the built-in ones where none does."""
    default = default.select("hour_start_utc", "temperature_c", origin=pl.lit("HadCET, built in"))
    if not keys:
        return default.sort("hour_start_utc")
    delivered = (
        pl.concat([lake.read(key).select("hour_start_utc", "temperature_c") for key in keys])
        .group_by("hour_start_utc")
        .agg(pl.col("temperature_c").mean())
        .with_columns(origin=pl.lit("delivered"))
    )
    rest = default.join(delivered, on="hour_start_utc", how="anti")
    return pl.concat([delivered, rest]).sort("hour_start_utc")
