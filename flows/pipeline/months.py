"""The plan: which units of work the sources ask for, each with its fingerprint, and which of them are done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl

from flows.pipeline.inputs import Inputs, SourcedMonth, load_readings, source_months
from flows.pipeline.unit import Unit, code_fingerprint, describe_table, fingerprint, hash_frame
from transforms.heat.hours import build_month
from transforms.heat.periods import shift_month
from transforms.tables.heat import HEAT_HOURLY
from transforms.tables.lake import CELL
from transforms.tables.lineage import BUILD_MONTH
from warehouse.lake import Lake


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
        Rows of `BUILD_MONTH` of the published warehouse, or None where there is none.
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


def work_month(lake: Lake, unit: MonthUnit, inputs: Inputs) -> dict[str, int]:
    """Build one month and return its counts."""
    readings, sources = load_readings(lake, unit.of, inputs)
    month = build_month(
        readings,
        sources,
        known=inputs.known,
        spans=cut_spans(inputs.spans, unit.of),
        boiler_efficiency=inputs.boiler_efficiency,
    )
    summary = month.summary.with_columns(
        month=pl.lit(unit.of.first_day),
        fingerprint=pl.lit(unit.fingerprint),
        data_fingerprint=pl.lit(unit.of.data_fingerprint),
        code_fingerprint=pl.lit(code_fingerprint("month")),
    )
    frames = (month.flagged, month.flag_count, month.cell, month.hourly, BUILD_MONTH.conform(summary))
    for table, frame in zip(unit.tables, frames, strict=True):
        lake.put_frame(unit.key(table), frame)
    return {name: int(month.summary[name][0]) for name in ("readings", "ok_half_hours", "hours", "households")}


def read_cells(lake: Lake, months: tuple[MonthUnit, ...] | list[MonthUnit]) -> pl.DataFrame:
    """Return the cells of the given months, small beside their readings."""
    if not months:
        return CELL.empty()
    return pl.concat([lake.read(unit.key("cell")) for unit in months])
