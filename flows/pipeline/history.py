"""Stages: months are digested, homes are followed from month to month, and homes are judged by all months together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import polars as pl

from flows.pipeline.content import Content
from flows.pipeline.inputs import Inputs, list_months
from flows.pipeline.readings import MonthOfReadings, load_readings
from flows.pipeline.unit import Frames, Stage, Unit
from transforms.climate.gas_law import GasLaw
from transforms.climate.temperature import daily_temperature, effective_temperature
from transforms.heat.selection import list_homes
from transforms.history.digest import Digest, digest_month
from transforms.history.history import Findings, HomesMemory, advance, conclude
from transforms.history.levels import fill_with_normal
from transforms.readings.neighbour_flags import flag_exactly, list_exact_flags
from transforms.tables.lake import (
    CATCH_UP,
    CLOSED_RUN,
    DAY,
    EQUAL_RUN,
    EXACT_FLAG,
    GAP_VALUE,
    HOME_LEVEL,
    LEVEL_CHANGE,
    MONTH_READINGS,
    OPEN_RUN,
    RECENT_DAY,
    UNSETTLED,
)
from transforms.tables.lineage import FLAG_JUDGEMENT, SOURCE_LEVEL, SUSPECT_SPAN, UNIT_DOUBT
from warehouse.figures import read_figures
from warehouse.lake import Lake

DIGEST_TABLES = (DAY, EQUAL_RUN, GAP_VALUE)  # in the order of the fields of `Digest`
MEMORY_TABLES = (RECENT_DAY, OPEN_RUN, HOME_LEVEL)  # in the order of the fields of `HomesMemory`
FINDING_TABLES = (CLOSED_RUN, LEVEL_CHANGE, SOURCE_LEVEL, UNSETTLED, MONTH_READINGS, CATCH_UP)  # likewise of `Findings`


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthToDigest:
    """A month whose readings get the flags that other readings decide, and are summed by home and day."""

    month: MonthOfReadings


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthToFollow:
    """A month that is followed with the memory of homes at the end of the month before."""

    digest: Unit[MonthToDigest]
    before: Unit[MonthToFollow] | None
    effective: pl.DataFrame  # effective temperature of all days of the month, measured or normal
    law: GasLaw


@dataclass(frozen=True, slots=True, kw_only=True)
class HomesToJudge:
    """All homes, with the findings of all months about them."""

    months: tuple[Unit[MonthToFollow], ...]
    homes: pl.DataFrame  # `household_id`, `dwelling_type`
    daily: pl.DataFrame  # mean temperature of days
    usual_levels: Mapping[str, float]  # dwelling type -> published level


def plan_digests(content: Content) -> list[Unit[MonthToDigest]]:
    """Return the unit of every month that has readings and can be built, earliest first."""
    return [unit for unit in make_digests(content.inputs) if unit.key_value not in content.not_built]


def make_digests(inputs: Inputs) -> list[Unit[MonthToDigest]]:
    """Return the unit of every month that has readings, earliest first."""
    return [DIGEST_MONTHS.make_unit(month.month, MonthToDigest(month=month)) for month in list_months(inputs)]


def work_digest(lake: Lake, unit: Unit[MonthToDigest]) -> tuple[Frames, dict[str, int]]:
    """Set the flags of a month that other readings decide, and digest the month."""
    loaded = load_readings(lake, unit.given.month)
    flagged = flag_exactly(loaded.readings, loaded.sources, known=loaded.known)
    digest = digest_month(flagged, loaded.sources)
    frames = {EXACT_FLAG: list_exact_flags(flagged, loaded.sources)} | {
        table: getattr(digest, field.name) for table, field in zip(DIGEST_TABLES, fields(Digest), strict=True)
    }
    return frames, {"days": len(digest.day), "runs": len(digest.equal_run)}


def plan_following(content: Content) -> list[Unit[MonthToFollow]]:
    """Return the chain of units over the digested months; each unit reads the memory of the one before."""
    effective = effective_temperature(daily_temperature(content.inputs.temperature))
    normal, law = content.inputs.normal.effective_by_day(), GasLaw.from_tables(read_figures)
    chain: list[Unit[MonthToFollow]] = []
    for digest in content.units_of(DIGEST_MONTHS):
        month = fill_with_normal(effective, normal, digest.given.month.days)
        given = MonthToFollow(digest=digest, before=chain[-1] if chain else None, effective=month, law=law)
        chain.append(FOLLOW_HOMES.make_unit(digest.key_value, given))
    return chain


def work_following(lake: Lake, unit: Unit[MonthToFollow]) -> tuple[Frames, dict[str, int]]:
    """Follow the homes through one month."""
    given = unit.given
    digest = Digest(*(lake.read(given.digest.key(table)) for table in DIGEST_TABLES))
    memory, findings = advance(_read_memory(lake, given.before), digest, given.effective, given.law)
    remembered = {
        table: getattr(memory, field.name) for table, field in zip(MEMORY_TABLES, fields(HomesMemory), strict=True)
    }
    found = {
        table: getattr(findings, field.name) for table, field in zip(FINDING_TABLES, fields(Findings), strict=True)
    }
    counts = {"homes": len(memory.home_level), "findings": len(findings.closed_run) + len(findings.level_change)}
    return remembered | found, counts


def plan_judging(content: Content) -> list[Unit[HomesToJudge]]:
    """Return the one unit that judges all homes by all months together."""
    homes = list_homes(content.inputs.households, content.inputs.seen).select("household_id", "dwelling_type")
    given = HomesToJudge(
        months=content.units_of(FOLLOW_HOMES),
        homes=homes,
        daily=daily_temperature(content.inputs.temperature),
        usual_levels=dict(read_figures("usual_level").select("parameter", "value").iter_rows()),
    )
    return [JUDGE_HOMES.make_unit("all", given)]


def work_judging(lake: Lake, unit: Unit[HomesToJudge]) -> tuple[Frames, dict[str, int]]:
    """Judge homes by all months together."""
    months = unit.given.months
    findings = Findings.together(
        [Findings(*(lake.read(month.key(table)) for table in FINDING_TABLES)) for month in months]
    )
    memory = _read_memory(lake, months[-1] if months else None)
    verdict = conclude(memory, findings, unit.given.homes, unit.given.daily, unit.given.usual_levels)
    frames = {
        SUSPECT_SPAN: verdict.suspect_span,
        UNIT_DOUBT: verdict.unit_doubt,
        FLAG_JUDGEMENT: verdict.flag_judgement,
    }
    return frames, {"spans": len(verdict.suspect_span)}


def _read_memory(lake: Lake, month: Unit[MonthToFollow] | None) -> HomesMemory:
    if month is None:
        return HomesMemory.empty()
    return HomesMemory(*(lake.read(month.key(table)) for table in MEMORY_TABLES))


DIGEST_MONTHS = Stage(
    name="digest months",
    keyed_by="month",
    unit_name="digest {}",
    tables=(EXACT_FLAG, *DIGEST_TABLES),
    plan=plan_digests,
    work=work_digest,
)
FOLLOW_HOMES = Stage(
    name="follow homes",
    keyed_by="month",
    unit_name="homes up to {}",
    tables=(*MEMORY_TABLES, *FINDING_TABLES),
    plan=plan_following,
    work=work_following,
    in_order=True,
)
JUDGE_HOMES = Stage(
    name="judge homes",
    keyed_by="run",
    unit_name="verdict on homes",
    tables=(FLAG_JUDGEMENT, UNIT_DOUBT, SUSPECT_SPAN),
    plan=plan_judging,
    work=work_judging,
)
