"""What the lake holds now, as one frozen view: sources, homes, temperatures, and the months that have readings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from flows.pipeline.unit import fingerprint
from transforms.climate.weather_normal import NormalWeather
from transforms.readings.neighbour_flags import SOURCES_SCHEMA
from transforms.tables.lake import READING
from transforms.tables.lineage import SUSPECT_SPAN
from warehouse.lake import Lake
from warehouse.manifest import NO_MONTH, Manifest, read_manifests
from warehouse.quarantine import Decision, left_out_sources, read_decisions, replaced_sources


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the accepted sources hold, as one frozen view."""

    manifests: tuple[Manifest, ...]
    replaced: frozenset[str]
    households: pl.DataFrame | None
    temperature: pl.DataFrame
    boiler_efficiency: float
    stock_shares: Mapping[str, float]
    normal: NormalWeather
    decisions: tuple[Decision, ...] = ()  # about single sources, by source id
    spans: pl.DataFrame = field(default_factory=SUSPECT_SPAN.empty)  # once homes have been followed through all months

    @property
    def readings(self) -> tuple[Manifest, ...]:
        """The sources of readings that are taken in, by source id."""
        out = self.left_out
        return tuple(
            m for m in self.manifests if m.kind == "readings" and m.outcome == "accepted" and m.source_id not in out
        )

    @property
    def left_out(self) -> frozenset[str]:
        """Sources that are left out by a decision."""
        return left_out_sources(self.manifests, self.decisions)

    @property
    def known(self) -> frozenset[str] | None:
        """Homes of the household table, or None where there is none."""
        return None if self.households is None else frozenset(self.households["household_id"])

    @property
    def seen(self) -> frozenset[str]:
        """Homes that a source names, replaced ones left out."""
        return frozenset(home for m in self.readings if m.source_id not in self.replaced for home in m.households)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedMonth:
    """One month that has readings, and what they are hashed to."""

    month: str
    data_fingerprint: str
    sources: tuple[str, ...]

    @property
    def first_day(self) -> dt.date:
        """The month's first day."""
        return dt.date.fromisoformat(f"{self.month}-01")


def read_inputs(
    lake: Lake,
    *,
    default_temperature: pl.DataFrame,
    boiler_efficiency: float,
    stock_shares: Mapping[str, float],
    normal: NormalWeather,
    decided: Sequence[Decision] = (),
) -> Inputs:
    """Read the manifests, the household table and the temperatures that the lake holds now.

    Decisions about sources are those of the lake and, before them, those that are only `decided`.
    """
    manifests = tuple(read_manifests(lake))
    by_source = {decision.source_id: decision for decision in (*read_decisions(lake), *decided)}
    out = left_out_sources(manifests, by_source.values())
    replaced = replaced_sources(manifests, out)
    used = [m for m in manifests if m.source_id not in out]
    return Inputs(
        decisions=tuple(by_source[source] for source in sorted(by_source)),
        manifests=manifests,
        replaced=replaced,
        households=_merge_households(lake, _tables(used, replaced, "households")),
        temperature=_merge_temperature(lake, _tables(used, replaced, "temperature"), default_temperature),
        boiler_efficiency=boiler_efficiency,
        stock_shares=stock_shares,
        normal=normal,
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


def source_months(inputs: Inputs) -> list[SourcedMonth]:
    """Return every month that has readings, earliest first."""
    months = sorted({month for m in inputs.readings for month in m.months} - {NO_MONTH})
    return [_source_month(month, inputs) for month in months]


def _source_month(month: str, inputs: Inputs) -> SourcedMonth:
    holding = [m for m in inputs.readings if month in m.months]
    homes = {home for m in holding for home in m.households}
    known = inputs.known
    data = fingerprint(
        objects=[
            (m.source_id, m.months[month], m.source_id in inputs.replaced, m.feed, m.delivery_date) for m in holding
        ],
        unknown=[] if known is None else sorted(homes - known),
    )
    return SourcedMonth(month=month, sources=tuple(m.source_id for m in holding), data_fingerprint=data)


def load_readings(lake: Lake, month: SourcedMonth, inputs: Inputs) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a month's readings with `source`, and the sources that it indexes."""
    by_id = {m.source_id: m for m in inputs.readings}
    manifests = [by_id[source_id] for source_id in month.sources]
    readings = pl.concat(
        [
            lake.read(m.months[month.month]).select(*READING.schema).with_columns(source=pl.lit(n, dtype=pl.UInt32))
            for n, m in enumerate(manifests)
        ]
    )
    homes = pl.Enum(readings["household_id"].unique().sort())  # numbers sort faster than texts, and take less room
    readings = readings.with_columns(pl.col("household_id").cast(homes))
    sources = pl.DataFrame(
        {
            "source": range(len(manifests)),
            "source_id": [m.source_id for m in manifests],
            "feed": [m.feed for m in manifests],
            "delivered": [m.delivery_date for m in manifests],
            "replaced": [m.source_id in inputs.replaced for m in manifests],
        },
        schema=SOURCES_SCHEMA,
    )
    return readings, sources
