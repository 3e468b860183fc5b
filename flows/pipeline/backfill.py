"""What a backfill would do, without doing it."""

from __future__ import annotations

from functools import partial

from flows.pipeline.content import follow_homes
from flows.pipeline.inputs import Inputs
from flows.pipeline.months import MonthUnit, Span, keep_published, plan_months
from flows.pipeline.stages import work_inline
from flows.pipeline.unit import is_missing
from flows.settings import Settings
from warehouse.cost_figures import read_assumptions
from warehouse.lake import Lake
from warehouse.publish import read_history

SECONDS_PER_MILLION_READINGS = 2.0  # on two cores; only for the estimate that a dry run prints


def preview_backfill(settings: Settings, first: str, last: str, *, force: bool) -> str:
    """Return the months of a span with the reason why each would be built or left, and the expected time."""
    lake, span = settings.folders.lake, Span(first, last)
    history = read_history(settings.folders.published)
    inputs, _, _ = follow_homes(lake, partial(work_inline, lake, settings), read_assumptions())
    published = None if history is None else history.build_month
    units = keep_published(plan_months(inputs), published=published, lake=lake, span=span)
    states = (
        {} if published is None else {f"{m:%Y-%m}": f for m, f in published.select("month", "fingerprint").iter_rows()}
    )
    reason = partial(_reason, lake=lake, states=states, span=span, force=force)
    rows = [
        (unit.of.month, reason(unit), _count_readings(inputs, unit))
        for unit in units
        if unit.of.month in span or is_missing(lake, unit)
    ]
    if not rows:
        return f"no month from {first} to {last} has readings in the lake; `hearth run` takes readings in"
    work = sum(count for _, why, count in rows if why != "up to date")
    lines = [f"{month}  {count:>12,} readings  {why}" for month, why, count in rows]
    return "\n".join(
        [*lines, f"about {work / 1e6 * SECONDS_PER_MILLION_READINGS + 1:.0f} s for the months, then the gate"]
    )


def _reason(unit: MonthUnit, *, lake: Lake, states: dict[str, str], span: Span, force: bool) -> str:
    if unit.of.month not in states:
        return "never published"
    if unit.fingerprint != states[unit.of.month]:
        return "sources, households, rules or code changed" + (
            "; built, not published" if lake.exists(unit.commit_key) else ""
        )
    if is_missing(lake, unit):
        return "its objects are gone from the lake"
    return "forced" if force and unit.of.month in span else "up to date"


def _count_readings(inputs: Inputs, unit: MonthUnit) -> int:
    return sum(m.month_readings.get(unit.of.month, 0) for m in inputs.readings if m.source_id in unit.of.sources)
