"""`hearth backfill --dry-run`: what a backfill would do."""

from __future__ import annotations

from collections.abc import Mapping

from flows.pipeline.content import Content, begin_content
from flows.pipeline.inputs import count_readings, list_months
from flows.pipeline.months import BUILD_MONTHS, MonthToBuild, Span
from flows.pipeline.stages import STAGES
from flows.pipeline.unit import Unit, fingerprint
from flows.settings import Settings
from warehouse.publish import read_history

SECONDS_PER_MILLION_READINGS = 2.0  # on two cores; only for the estimate that a dry run prints
UP_TO_DATE = "up to date"
NEVER_PUBLISHED = "never published"


def preview_backfill(settings: Settings, first: str, last: str, *, force: bool) -> str:
    """Return the months of a span, each with the reason why it would be built or not, and what else a run would do.

    It writes nothing. A stage that depends on the output of another one that is not done yet is listed as not known.
    """
    span, history = Span(first, last), read_history(settings.folders.published)
    content = begin_content(settings, history, span=span)
    stages: list[str] = []
    unknown: list[str] = []
    for stage in STAGES:
        waits_for = [
            one for one in stage.planned_from if one.name not in content.units or not is_complete(content, one.name)
        ]
        if unknown or waits_for:
            unknown.append(stage.name)
            continue
        content = content.plan(stage)
        stages += describe_stage(content, stage.name)
    rows = list_built_months(content, span, force=force)
    if not rows:
        return f"no month from {first} to {last} has readings in the lake; `hearth run` takes readings in"
    lines = [f"{month}  {count_readings(month, content.inputs):>12,} readings  {why}" for month, why in rows]
    readings = sum(count_readings(month, content.inputs) for month, why in rows if why != UP_TO_DATE)
    if unknown:
        stages.append(f"known when that is done: what to {', '.join(unknown)}")
    estimate = f"about {readings / 1e6 * SECONDS_PER_MILLION_READINGS + 1:.0f} s for the months, then the gate"
    return "\n".join([*lines, *stages, estimate])


def is_complete(content: Content, stage: str) -> bool:
    """Say whether every unit of a planned stage is done."""
    return all(unit.is_done(content.lake) for unit in content.units[stage])


def describe_stage(content: Content, stage: str) -> list[str]:
    """Return a line about how many units of a planned stage have to be done, and which; no line if all are done."""
    units = content.units[stage]
    todo = [unit.key_value for unit in units if not unit.is_done(content.lake)]
    if not todo or stage == BUILD_MONTHS.name:
        return []
    which = todo[0] if len(todo) == 1 else f"{todo[0]} to {todo[-1]}"
    return [f"{stage}: {len(todo)} of {len(units)} to do ({which})"]


def list_built_months(content: Content, span: Span, *, force: bool) -> list[tuple[str, str]]:
    """Return the months of a span, and months outside it that have to be built, each with the reason."""
    published: Mapping[str, tuple[str, str]] = {}
    if content.published_months is not None:
        columns = content.published_months.select("month", "data_fingerprint", "fingerprint")
        published = {f"{month:%Y-%m}": (data, state) for month, data, state in columns.iter_rows()}
    if BUILD_MONTHS.name in content.units:
        return [
            (unit.key_value, _name_reason(unit, content, published, forced=force and unit.key_value in span))
            for unit in content.units_of(BUILD_MONTHS)
            if unit.key_value in span or not unit.is_done(content.lake)
        ]
    months = {month.month: fingerprint(data=month) for month in list_months(content.inputs)}
    reasons = {
        month: NEVER_PUBLISHED
        if month not in published
        else "sources or households changed"
        if published[month][0] != data
        else "known after homes are followed"
        for month, data in months.items()
    }
    return [(month, why) for month, why in reasons.items() if month in span or not why.startswith("known")]


def _name_reason(
    unit: Unit[MonthToBuild], content: Content, published: Mapping[str, tuple[str, str]], *, forced: bool
) -> str:
    if unit.key_value not in published:
        return NEVER_PUBLISHED
    if unit.fingerprint != published[unit.key_value][1]:
        built = "; built, not published" if unit.is_done(content.lake) else ""
        return f"sources, households, rules or code changed{built}"
    if not unit.is_done(content.lake):
        return "its objects are gone from the lake"
    return "forced" if forced else UP_TO_DATE
