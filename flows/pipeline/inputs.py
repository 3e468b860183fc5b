"""The inputs of a run, as one frozen view of the lake: sources, homes, temperatures, and the months that have readings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from flows.pipeline.readings import MonthOfReadings, MonthSource
from transforms.climate.weather_normal import NormalWeather
from transforms.tables.fixed_order import group_in_order
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests
from warehouse.quarantine import Decision, left_out_sources, read_decisions, replaced_sources
from warehouse.reading_objects import NO_MONTH


@dataclass(frozen=True, slots=True)
class Inputs:
    """The sources, homes and temperatures of a run, as one frozen view."""

    manifests: tuple[Manifest, ...]
    replaced: frozenset[str]
    households: pl.DataFrame | None
    temperature: pl.DataFrame
    boiler_efficiency: float
    stock_shares: Mapping[str, float]
    normal: NormalWeather
    decisions: tuple[Decision, ...] = ()  # about single sources, by source id

    @property
    def readings(self) -> tuple[Manifest, ...]:
        """The accepted sources of readings that no decision leaves out, by source id."""
        out = self.left_out
        return tuple(
            m for m in self.manifests if m.kind == "readings" and m.outcome == "accepted" and m.source_id not in out
        )

    @property
    def left_out(self) -> frozenset[str]:
        """The sources that a decision leaves out."""
        return left_out_sources(self.manifests, self.decisions)

    @property
    def known(self) -> frozenset[str] | None:
        """The homes of the household table, or None if there is no table."""
        return None if self.households is None else frozenset(self.households["household_id"])

    @property
    def seen(self) -> frozenset[str]:
        """The homes that sources name, except sources that are replaced."""
        return frozenset(home for m in self.readings if m.source_id not in self.replaced for home in m.households)


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

    The decisions in `decided` are not stored; they take precedence over those of the lake.
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
    """Merge the household tables; a home with different types in two tables gets the type unknown."""
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
    """Return delivered temperatures, averaged if several sources have an hour, and shipped ones for the other hours."""
    default = default.select("hour_start_utc", "temperature_c", origin=pl.lit("HadCET, built in"))
    if not keys:
        return default.sort("hour_start_utc")
    delivered = (
        pl.concat([lake.read(key).select("hour_start_utc", "temperature_c") for key in keys])
        .pipe(group_in_order, "hour_start_utc", by="temperature_c")
        .agg(pl.col("temperature_c").mean())
        .with_columns(origin=pl.lit("delivered"))
    )
    rest = default.join(delivered, on="hour_start_utc", how="anti")
    return pl.concat([delivered, rest]).sort("hour_start_utc")


def list_months(inputs: Inputs) -> list[MonthOfReadings]:
    """Return every month that has readings, earliest first."""
    months = sorted({month for m in inputs.readings for month in m.months} - {NO_MONTH})
    return [_describe_month(month, inputs) for month in months]


def _describe_month(month: str, inputs: Inputs) -> MonthOfReadings:
    holding = [m for m in inputs.readings if month in m.months]
    homes = {home for m in holding for home in m.households}
    sources = tuple(
        MonthSource(
            source_id=m.source_id,
            key=m.months[month],
            replaced=m.source_id in inputs.replaced,
            feed=m.feed,
            delivered=m.delivery_date,
        )
        for m in holding
    )
    unknown = () if inputs.known is None else tuple(sorted(homes - inputs.known))
    return MonthOfReadings(month=month, sources=sources, unknown_homes=unknown)


def count_readings(month: str, inputs: Inputs) -> int:
    """Return the number of readings of a month, with any flag."""
    return sum(m.month_readings.get(month, 0) for m in inputs.readings)
