"""Truths of the profiles by season: they hold the hours of the year's profile, grouped in another way."""

from __future__ import annotations

from quality.checks import Check
from quality.truths.sameness import same

WHOLE = ("month", "day_kind")  # every day is of one month and one kind; not every day has a temperature


def check_seasons() -> list[Check]:
    """Return the truths of `HEAT_PROFILE_SEASON`."""
    kinds = ", ".join(f"'{kind}'" for kind in WHOLE)
    return [
        Check(
            name="heat_profile_season.days_add_up_to_profile",
            table="heat_profile_season",
            meaning="by month as by kind of day, the days times their mean hours are the hours of the year's profile",
            reads=("heat_profile_season", "heat_profile"),
            broken_rows=f"""
                WITH seasons AS (
                    SELECT dwelling_type, period, segmentation, sum(days)::BIGINT AS hours_told,
                        sum(days * gas_kwh_mean) AS gas_told, sum(days * heat_kwh_mean) AS heat_told
                    FROM heat_profile_season WHERE segmentation IN ({kinds}) GROUP BY ALL
                ), profiles AS (
                    SELECT dwelling_type, period, segmentation, count(*) AS hours,
                        sum(gas_kwh_mean) AS gas_kwh, sum(heat_kwh_mean) AS heat_kwh
                    FROM heat_profile, (SELECT unnest([{kinds}]) AS segmentation) GROUP BY ALL
                )
                SELECT dwelling_type, period, segmentation, hours, hours_told, heat_kwh, heat_told
                FROM profiles FULL JOIN seasons USING (dwelling_type, period, segmentation)
                WHERE (hours = hours_told AND {same("gas_kwh", "gas_told")} AND {same("heat_kwh", "heat_told")}) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_profile_season.bands_hold_no_other_hours",
            table="heat_profile_season",
            meaning="temperature bands hold no more hours than the year's profile",
            reads=("heat_profile_season", "heat_profile"),
            broken_rows="""
                SELECT dwelling_type, period, hours_told, hours FROM (
                    SELECT dwelling_type, period, sum(days)::BIGINT AS hours_told FROM heat_profile_season
                    WHERE segmentation = 'temperature_band' GROUP BY ALL
                ) LEFT JOIN (
                    SELECT dwelling_type, period, count(*) AS hours FROM heat_profile GROUP BY ALL
                ) USING (dwelling_type, period)
                WHERE (hours_told <= hours) IS NOT TRUE
            """,
        ),
    ]
