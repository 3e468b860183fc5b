"""Truths of the results: profiles are sums over homes, annual figures are sums over profiles."""

from __future__ import annotations

from quality.checks import Check
from quality.truths.sameness import RELATIVE_TOLERANCE, same
from transforms.heat.demand import AGREEMENT


def check_profiles() -> list[Check]:
    """Return the truths of the hourly profiles."""
    return [*_check_hours(), *_check_homes(), _check_all()]


def _check_hours() -> list[Check]:
    """Return the truths of which hours a profile has."""
    periods = """(
        SELECT period, min(period_start_utc) AS period_start_utc, min(period_end_utc) AS period_end_utc
        FROM household_period GROUP BY period
    )"""
    return [
        Check(
            name="heat_profile.hour_is_in_its_period",
            table="heat_profile",
            meaning="every hour of a profile starts on the hour and lies in its period",
            reads=("heat_profile", "household_period"),
            broken_rows=f"""
                SELECT dwelling_type, period, hour_start_utc FROM heat_profile LEFT JOIN {periods} USING (period)
                WHERE (hour_start_utc >= period_start_utc AND hour_start_utc < period_end_utc
                    AND hour_start_utc = date_trunc('hour', hour_start_utc)) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_profile.day_has_24_hours",
            table="heat_profile",
            meaning="each day of the period has 24 hours, unless demand_gap counts the missing ones",
            reads=("heat_profile", "heat_demand_annual", "demand_gap", "household_period"),
            broken_rows=f"""
                WITH groups AS (
                    SELECT dwelling_type, period FROM heat_profile
                    UNION SELECT dwelling_type, period FROM heat_demand_annual WHERE heat_kwh_mean IS NOT NULL
                ), days AS (
                    SELECT dwelling_type, period,
                        unnest(generate_series(period_start_utc, period_end_utc - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS day
                    FROM groups JOIN {periods} USING (period)
                ), counted AS (
                    SELECT dwelling_type, period, date_trunc('day', hour_start_utc) AS day, count(*) AS hours
                    FROM heat_profile GROUP BY ALL
                ), by_day AS (
                    SELECT dwelling_type, period, day, coalesce(hours, 0) AS hours,
                        sum(24 - coalesce(hours, 0)) OVER (PARTITION BY dwelling_type, period)::BIGINT AS missing
                    FROM days LEFT JOIN counted USING (dwelling_type, period, day)
                )
                SELECT dwelling_type, period, day::DATE AS day, hours, missing, hours_missing
                FROM by_day LEFT JOIN demand_gap USING (dwelling_type, period)
                WHERE hours <> 24 AND (hours_missing = missing) IS NOT TRUE
            """,
        ),
    ]


def _check_homes() -> list[Check]:
    """Return the truths of means over homes."""
    return [
        Check(
            name="heat_profile.mean_times_homes_is_sum_over_homes",
            table="heat_profile",
            meaning=(
                "in every hour the homes behind a type's mean are its included homes with a good hour, and where none is "
                "missing the mean times the homes is their sum"
            ),
            reads=("heat_profile", "heat_hourly", "household_period"),
            per="period",
            broken_rows=f"""
                WITH homes AS (
                    SELECT household_id, dwelling_type, period, period_start_utc, period_end_utc,
                        count(*) OVER (PARTITION BY dwelling_type, period) AS included,
                        dense_rank() OVER (ORDER BY dwelling_type, period) AS profile  -- a number groups faster than texts
                    FROM household_period WHERE included
                ), sums AS (
                    SELECT profile, hour_start_utc, count(*) AS homes, sum(gas_kwh) AS gas_kwh, sum(heat_kwh) AS heat_kwh
                    FROM heat_hourly JOIN homes USING (household_id)
                    WHERE hour_start_utc >= period_start_utc AND hour_start_utc < period_end_utc
                    GROUP BY ALL
                ), named_sums AS (
                    FROM sums JOIN (SELECT DISTINCT profile, dwelling_type, period, included FROM homes) USING (profile)
                ), profiles AS (SELECT * FROM heat_profile WHERE dwelling_type NOT IN ('all', 'stock'))
                SELECT dwelling_type, period, hour_start_utc, households, homes, heat_kwh_mean, heat_kwh
                FROM profiles FULL JOIN named_sums USING (dwelling_type, period, hour_start_utc)
                WHERE (households = homes AND (homes < included OR {same("gas_kwh_mean * households", "gas_kwh")}
                    AND {same("heat_kwh_mean * households", "heat_kwh")})) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_profile.missing_homes_count_at_their_level",
            table="heat_profile",
            meaning=(
                "in every hour of a period's first month a type's mean times the levels of its homes with a good hour is "
                "their sum; a home's level is its heat over its type's in the hours that it has"
            ),
            reads=("heat_profile", "heat_hourly", "household_period"),
            per="period",
            broken_rows=f"""
                WITH homes AS (
                    SELECT household_id, dwelling_type, period, period_start_utc
                    FROM household_period WHERE included
                ), observed AS (
                    SELECT dwelling_type, period, household_id, hour_start_utc, gas_kwh, heat_kwh
                    FROM heat_hourly JOIN homes USING (household_id)
                    WHERE hour_start_utc >= period_start_utc AND hour_start_utc < period_start_utc + INTERVAL 1 MONTH
                ), levels AS (
                    SELECT household_id, period, coalesce(sum(heat_kwh) / nullif(sum(heat_kwh_mean), 0), 1) AS level
                    FROM observed JOIN heat_profile USING (dwelling_type, period, hour_start_utc) GROUP BY ALL
                ), sums AS (
                    SELECT dwelling_type, period, hour_start_utc, sum(level) AS level,
                        sum(gas_kwh) AS gas_kwh, sum(heat_kwh) AS heat_kwh
                    FROM observed JOIN levels USING (household_id, period) GROUP BY ALL
                )
                SELECT dwelling_type, period, hour_start_utc, heat_kwh_mean, level, heat_kwh
                FROM sums LEFT JOIN heat_profile USING (dwelling_type, period, hour_start_utc)
                WHERE ({same("gas_kwh_mean * level", "gas_kwh")} AND {same("heat_kwh_mean * level", "heat_kwh")}) IS NOT TRUE
            """,
        ),
    ]


def _check_all() -> Check:
    """Return the truth of the mean over all homes."""
    return Check(
        name="heat_profile.all_is_sum_of_types",
        table="heat_profile",
        meaning=(
            "in every hour the homes behind the mean over all are the sum of the types', and where every type has one the "
            "mean is that of the types weighted by their included homes"
        ),
        reads=("heat_profile", "household_period"),
        broken_rows=f"""
            WITH included AS (
                SELECT dwelling_type, period, count(*) AS included
                FROM household_period WHERE included GROUP BY ALL
            ), everybody AS (SELECT period, sum(included)::BIGINT AS everybody FROM included GROUP BY ALL), types AS (
                SELECT period, hour_start_utc, sum(households)::BIGINT AS homes, sum(included)::BIGINT AS weight,
                    sum(gas_kwh_mean * included) AS gas_kwh, sum(heat_kwh_mean * included) AS heat_kwh
                FROM heat_profile LEFT JOIN included USING (dwelling_type, period)
                WHERE dwelling_type NOT IN ('all', 'stock') GROUP BY ALL
            ), everyone AS (SELECT * FROM heat_profile WHERE dwelling_type = 'all')
            SELECT period, hour_start_utc, households, homes, heat_kwh_mean, heat_kwh / weight AS heat_kwh_of_types
            FROM everyone FULL JOIN types USING (period, hour_start_utc) LEFT JOIN everybody USING (period)
            WHERE (households = homes AND (weight < everybody OR {same("gas_kwh_mean * weight", "gas_kwh")}
                AND {same("heat_kwh_mean * weight", "heat_kwh")})) IS NOT TRUE
        """,
    )


def check_annual() -> list[Check]:
    """Return the truths of the annual figures by dwelling type."""
    included = """
        SELECT dwelling_type, period, count(*) AS included
        FROM household_period WHERE included GROUP BY ALL
    """
    return [
        Check(
            name="heat_demand_annual.demand_is_sum_of_profile",
            table="heat_demand_annual",
            meaning=(
                "annual gas and heat are the sums over the hours of the mean profile; an hour without a home counts "
                "as the mean of its month and hour of day"
            ),
            reads=("heat_demand_annual", "heat_profile"),
            broken_rows=f"""
                WITH cells AS (
                    SELECT dwelling_type, period, avg(gas_kwh_mean) * day(last_day(min(hour_start_utc))) AS gas_kwh,
                        avg(heat_kwh_mean) * day(last_day(min(hour_start_utc))) AS heat_kwh
                    FROM heat_profile
                    GROUP BY dwelling_type, period, date_trunc('month', hour_start_utc), hour(hour_start_utc)
                ), sums AS (
                    SELECT dwelling_type, period, sum(gas_kwh) AS gas_kwh, sum(heat_kwh) AS heat_kwh FROM cells GROUP BY ALL
                ), figures AS (SELECT * FROM heat_demand_annual WHERE coalesce(gas_kwh_mean, heat_kwh_mean) IS NOT NULL)
                SELECT dwelling_type, period, gas_kwh_mean, gas_kwh, heat_kwh_mean, heat_kwh
                FROM figures FULL JOIN sums USING (dwelling_type, period)
                WHERE ({same("gas_kwh_mean", "gas_kwh")} AND {same("heat_kwh_mean", "heat_kwh")}) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_demand_annual.peak_is_highest_hour",
            table="heat_demand_annual",
            meaning="the peak is the highest hour of the mean profile, and its time is such an hour's",
            reads=("heat_demand_annual", "heat_profile"),
            broken_rows="""
                SELECT annual.dwelling_type, annual.period, peak_hour_utc, peak_hour_heat_kwh, highest
                FROM heat_demand_annual AS annual
                LEFT JOIN (SELECT dwelling_type, period, max(heat_kwh_mean) AS highest FROM heat_profile GROUP BY ALL)
                USING (dwelling_type, period)
                LEFT JOIN heat_profile AS peak ON peak.dwelling_type = annual.dwelling_type
                    AND peak.period = annual.period AND peak.hour_start_utc = peak_hour_utc
                WHERE annual.heat_kwh_mean IS NOT NULL
                    AND (peak_hour_heat_kwh = highest AND peak.heat_kwh_mean = highest) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_demand_annual.mean_has_homes",
            table="heat_demand_annual",
            meaning="each type with a figure has homes, and one without says why in its note",
            reads=("heat_demand_annual",),
            broken_rows="""
                SELECT dwelling_type, period, households, heat_kwh_mean, note FROM heat_demand_annual
                WHERE (CASE WHEN heat_kwh_mean IS NULL THEN note IS NOT NULL ELSE households >= 1 END) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_demand_annual.homes_are_those_included",
            table="heat_demand_annual",
            meaning="the homes behind each type's figure, and behind all, are those that household_period includes",
            reads=("heat_demand_annual", "household_period"),
            broken_rows=f"""
                WITH types AS ({included}), expected AS (
                    FROM types UNION ALL SELECT 'all', period, sum(included)::BIGINT FROM types GROUP BY ALL
                ), figures AS (SELECT * FROM heat_demand_annual WHERE dwelling_type <> 'stock')
                SELECT dwelling_type, period, households, included
                FROM figures FULL JOIN expected USING (dwelling_type, period)
                WHERE (coalesce(households, 0) = coalesce(included, 0)) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_demand_annual.interval_holds_mean",
            table="heat_demand_annual",
            meaning="the 95 % interval, where there is one, holds the mean",
            severity="warning",  # a percentile interval of few, very unequal homes may honestly miss it
            reads=("heat_demand_annual",),
            broken_rows=f"""
                SELECT dwelling_type, period, heat_kwh_ci_low, heat_kwh_mean, heat_kwh_ci_high FROM heat_demand_annual
                WHERE coalesce(heat_kwh_ci_low, heat_kwh_ci_high) IS NOT NULL
                    AND (heat_kwh_ci_low <= heat_kwh_mean * (1 + {RELATIVE_TOLERANCE})
                        AND heat_kwh_mean <= heat_kwh_ci_high * (1 + {RELATIVE_TOLERANCE})) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_demand_annual.agrees_with_homes",
            table="heat_demand_annual",
            meaning=f"the mean of the homes' own annual heat is within {100 * AGREEMENT:g} % of the type's",
            severity="warning",
            reads=("heat_demand_annual",),
            broken_rows=f"""
                SELECT dwelling_type, period, heat_kwh_mean, household_heat_kwh_mean FROM heat_demand_annual
                WHERE dwelling_type <> 'stock' AND heat_kwh_mean IS NOT NULL
                    AND (abs(household_heat_kwh_mean - heat_kwh_mean) <= {AGREEMENT} * heat_kwh_mean) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_demand_annual.gaps_are_random",
            table="demand_gap",
            meaning=(
                "gaps of all homes do not go with the level of homes and with the hour: what they "
                f"delivered is within {100 * AGREEMENT:g} % of what the profile expects of as many homes; a type of few homes "
                "may stray so far by chance"
            ),
            severity="warning",  # the means are corrected for it
            reads=("demand_gap",),
            broken_rows="SELECT dwelling_type, period, drift FROM demand_gap WHERE dwelling_type = 'all' AND NOT are_random",
        ),
    ]
