"""Alarms on the level of a source or a home, so that readings in another unit are named and not averaged in."""

from __future__ import annotations

from collections.abc import Collection

from quality.alarms.inline import as_list
from quality.alarms.limits import HALF_HOURS_PER_DAY, AlarmLimits
from quality.checks import Check

DOUBTS = """
    SELECT household_id, round(level, 3) AS level, round(usual_level, 3) AS usual_level, round(factor, 4) AS factor, witness,
        flagged
    FROM unit_doubt
"""


def check_levels(limits: AlarmLimits, *, accepted: Collection[str]) -> list[Check]:
    """Return the alarms on the level of a source in a month (`SOURCE_LEVEL`).

    A source is large if its ratio rests on enough homes and readings; only a large source stops a publication.
    """
    large = f"households_before >= {limits.households_min} AND half_hours >= {limits.half_hours_min}"
    stops = f"({large}) AND NOT list_contains({as_list(accepted)}, source_id)"
    jumps = _is_outside("ratio", limits.ratio_max)
    jumps_far = f"{_is_outside('ratio', limits.level_max)} AND half_hours >= {limits.days_min * HALF_HOURS_PER_DAY} * households"
    of_jump = """
        SELECT source_id, file_name, month, ratio, level, level_before, households_before, half_hours
        FROM source_level LEFT JOIN source USING (source_id)
    """
    return [
        Check(
            name="source_level.keeps_to_its_homes_level",
            table="source_level",
            meaning=(
                f"the gas of a source lies within a factor of {limits.ratio_max:g} of the same homes' other readings at "
                f"like temperature, where at least {limits.households_min:g} homes and {limits.home_days_min:g} "
                "home-days say so; if it is right, `hearth quarantine --accept SOURCE`"
            ),
            reads=("source_level", "source"),
            broken_rows=f"{of_jump} WHERE {jumps} AND {stops} ORDER BY source_id, month",
        ),
        Check(
            name="source_level.small_source_keeps_its_level",
            table="source_level",
            meaning=(
                f"the same of a source whose ratio rests on fewer homes, within a factor of {limits.level_max:g} and from "
                f"{limits.days_min:g} days of each home on; and of one that was accepted as it is, within {limits.ratio_max:g}"
            ),
            severity="warning",
            reads=("source_level", "source"),
            broken_rows=f"""
                {of_jump} WHERE (({large}) AND {jumps} OR NOT ({large}) AND {jumps_far}) AND NOT ({stops})
                ORDER BY source_id, month
            """,
        ),
        Check(
            name="source_level.new_homes_are_plausible",
            table="source_level",
            meaning=(
                f"homes without other readings use gas within a factor of {limits.level_max:g} of the mean British "
                "home's at that temperature"
            ),
            severity="warning",
            reads=("source_level", "source"),
            broken_rows=f"""
                SELECT source_id, file_name, month, level, households, half_hours
                FROM source_level LEFT JOIN source USING (source_id)
                WHERE ratio IS NULL AND level IS NOT NULL
                    AND households >= {limits.households_min} AND half_hours >= {limits.half_hours_min}
                    AND (level BETWEEN {1 / limits.level_max!r} AND {limits.level_max!r}) IS NOT TRUE
                ORDER BY month
            """,
        ),
        Check(
            name="unit_doubt.leaves_some_home",
            table="unit_doubt",
            meaning=(
                "where no hour is left, that is not because the homes are in a wrong unit: one at a tenth or less of the usual "
                "gas is read in cubic metres under a header of kWh, one at eleven times in kWh under a header of cubic metres; "
                "declare the unit of its feed"
            ),
            reads=("unit_doubt", "build_month"),
            broken_rows=f"{DOUBTS} WHERE flagged AND NOT EXISTS (FROM build_month WHERE hours > 0) ORDER BY household_id",
        ),
        Check(
            name="unit_doubt.no_home_is_in_doubt",
            table="unit_doubt",
            meaning=(
                "no home uses a tenth or less, or eleven times or more, of the gas that is usual for its type and season; one "
                "that does is read in a wrong unit (cubic metres under a header of kWh), or is no usual home: declare the unit "
                "of its feed. Where a witness proves the unit, its readings are left out"
            ),
            severity="warning",
            reads=("unit_doubt",),
            broken_rows=f"{DOUBTS} ORDER BY flagged, household_id",
        ),
    ]


def _is_outside(name: str, factor: float) -> str:
    """Return an SQL condition: a ratio is known, and outside a factor."""
    return f"{name} IS NOT NULL AND ({name} BETWEEN {1 / factor!r} AND {factor!r}) IS NOT TRUE"
