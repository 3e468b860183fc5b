"""Stage: the readings of a month get their final flags and become hours of heat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from flows.pipeline.content import Content
from flows.pipeline.history import DIGEST_MONTHS, JUDGE_HOMES, MonthToDigest
from flows.pipeline.readings import MonthOfReadings, load_readings
from flows.pipeline.unit import Frames, Stage, Unit, fingerprint
from transforms.heat.hours import build_month
from transforms.heat.periods import shift_month
from transforms.readings.neighbour_flags import set_exact_flags
from transforms.tables.heat import HEAT_DAY_CAUGHT_UP, HEAT_HOURLY
from transforms.tables.lake import CELL, EXACT_FLAG, FLAGGED
from transforms.tables.lineage import BUILD_MONTH, FLAG_COUNT, SUSPECT_SPAN
from warehouse.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthToBuild:
    """A month of readings that become hours."""

    digest: Unit[MonthToDigest]  # holds the flags that other readings decide
    spans: pl.DataFrame  # the suspicious spans within the month
    boiler_efficiency: float
    data_fingerprint: str

    @property
    def month(self) -> MonthOfReadings:
        """The month with its sources."""
        return self.digest.given.month


@dataclass(frozen=True, slots=True)
class Span:
    """Months from `first` to `last` (YYYY-MM), both included."""

    first: str
    last: str

    def __str__(self) -> str:
        """Return the span as the log of a run writes it."""
        return f"{self.first}/{self.last}"

    def __contains__(self, month: str) -> bool:
        """Say whether a month is in the span."""
        return self.first <= month <= self.last


def plan_months(content: Content) -> list[Unit[MonthToBuild]]:
    """Return the unit of every digested month, earliest first.

    In a backfill, months outside the span keep the code and rules by which they were published.
    """
    (verdict,) = content.units_of(JUDGE_HOMES)
    spans = content.lake.read(verdict.key(SUSPECT_SPAN))
    months = make_months(content.units_of(DIGEST_MONTHS), spans, content.inputs.boiler_efficiency)
    if content.span is None or content.published_months is None:
        return months
    return keep_published(months, content.published_months, content.lake, content.span)


def make_months(
    digests: Sequence[Unit[MonthToDigest]], spans: pl.DataFrame, boiler_efficiency: float
) -> list[Unit[MonthToBuild]]:
    """Return the unit of each digested month, given the suspicious spans of all months."""
    return [
        BUILD_MONTHS.make_unit(
            digest.key_value,
            MonthToBuild(
                digest=digest,
                spans=cut_spans(spans, digest.given.month),
                boiler_efficiency=boiler_efficiency,
                data_fingerprint=fingerprint(data=digest.given.month),
            ),
        )
        for digest in digests
    ]


def cut_spans(spans: pl.DataFrame, month: MonthOfReadings) -> pl.DataFrame:
    """Return the part of suspicious spans within a month, so that changes beyond the month do not make it stale.

    The gas of a span belongs to the whole span: it is null for a span that goes beyond the month.
    """
    first = pl.lit(month.first_day).cast(pl.Datetime("us"))
    after = pl.lit(shift_month(month.first_day, 1)).cast(pl.Datetime("us"))
    return (
        spans.filter((pl.col("start_utc") < after) & (pl.col("end_utc") > first))
        .with_columns(gas_kwh=pl.when((pl.col("start_utc") >= first) & (pl.col("end_utc") <= after)).then("gas_kwh"))
        .with_columns(start_utc=pl.max_horizontal("start_utc", first), end_utc=pl.min_horizontal("end_utc", after))
        .select("household_id", "flag", "start_utc", "end_utc", "gas_kwh")
    )


def keep_published(
    months: list[Unit[MonthToBuild]], published: pl.DataFrame, lake: Lake, span: Span
) -> list[Unit[MonthToBuild]]:
    """Let months outside the span of a backfill keep the code and rules by which they were published.

    A month whose data changed is built even outside the span, since the ledger counts every reading.

    Parameters
    ----------
    months
        The units of the present sources and rules.
    published
        Rows of `BUILD_MONTH` of the published warehouse.
    lake
        The lake; a month whose published objects it no longer holds is built.
    span
        The span to bring up to date.

    """
    states = {
        (f"{month:%Y-%m}", data): state
        for month, data, state in published.select("month", "data_fingerprint", "fingerprint").iter_rows()
    }
    kept = []
    for unit in months:
        state = states.get((unit.key_value, unit.given.data_fingerprint), unit.fingerprint)
        old = replace(unit, fingerprint=state)
        kept.append(unit if unit.key_value in span or not old.is_done(lake) else old)
    return kept


def work_month(lake: Lake, unit: Unit[MonthToBuild]) -> tuple[Frames, dict[str, int]]:
    """Build one month."""
    given, loaded = unit.given, load_readings(lake, unit.given.month)
    exact = lake.read(given.digest.key(EXACT_FLAG))
    built = build_month(
        set_exact_flags(loaded.readings, exact, loaded.sources),
        loaded.sources,
        spans=given.spans,
        boiler_efficiency=given.boiler_efficiency,
    )
    summary = built.summary.with_columns(
        month=pl.lit(given.month.first_day),
        fingerprint=pl.lit(unit.fingerprint),
        data_fingerprint=pl.lit(given.data_fingerprint),
        code_fingerprint=pl.lit(unit.stage.code),
    )
    frames = {
        FLAGGED: built.flagged,
        FLAG_COUNT: built.flag_count,
        CELL: built.cell,
        HEAT_HOURLY: built.hourly,
        HEAT_DAY_CAUGHT_UP: built.day_caught_up,
        BUILD_MONTH: summary,
    }
    return frames, {name: int(summary[name][0]) for name in ("readings", "ok_half_hours", "hours", "households")}


def read_cells(lake: Lake, months: Sequence[Unit[MonthToBuild]]) -> pl.DataFrame:
    """Return the cells of months; they are small compared with the readings."""
    return pl.concat([CELL.empty(), *(lake.read(unit.key(CELL)) for unit in months)])


BUILD_MONTHS = Stage(
    name="build months",
    keyed_by="month",
    unit_name="month {}",
    tables=(FLAGGED, FLAG_COUNT, CELL, HEAT_HOURLY, HEAT_DAY_CAUGHT_UP, BUILD_MONTH),
    plan=plan_months,
    work=work_month,
    planned_from=(JUDGE_HOMES,),
)
