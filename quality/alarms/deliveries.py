"""Alarms on what was delivered: feeds that fell silent, months with too few readings, deliveries without an hour."""

from __future__ import annotations

import datetime as dt

from quality.alarms.limits import AlarmLimits
from quality.checks import Check

NEWEST = """
    SELECT feed, max(last_interval_utc) AS newest_utc FROM source
    WHERE kind = 'readings' AND outcome = 'accepted' AND NOT superseded AND last_interval_utc IS NOT NULL GROUP BY feed
"""


def check_feeds(limits: AlarmLimits, *, run_date: dt.date, freshness_days: int | None) -> list[Check]:
    """Return the alarms on the newest reading of each feed; its age is judged only if the settings give a limit."""
    lag = Check(
        name="source.feeds_keep_step",
        table="source",
        meaning=f"no feed's newest reading is more than {limits.feed_lag_days:g} days older than another feed's",
        severity="warning",
        reads=("source",),
        broken_rows=f"""
            SELECT feed, newest_utc, date_diff('day', newest_utc, max(newest_utc) OVER ()) AS days_behind
            FROM ({NEWEST})
            QUALIFY (newest_utc + INTERVAL {limits.feed_lag_days:.0f} DAY >= max(newest_utc) OVER ()) IS NOT TRUE
            ORDER BY newest_utc
        """,
    )
    if freshness_days is None:
        return [lag]
    age = Check(
        name="source.feed_is_fresh",
        table="source",
        meaning=f"each feed's newest reading is at most {freshness_days} days older than the run of {run_date}",
        severity="warning",
        reads=("source",),
        broken_rows=f"""
            SELECT feed, newest_utc, date_diff('day', newest_utc, TIMESTAMP '{run_date}') AS days_old FROM ({NEWEST})
            WHERE (newest_utc + INTERVAL {freshness_days} DAY >= TIMESTAMP '{run_date}') IS NOT TRUE
            ORDER BY newest_utc
        """,
    )
    return [lag, age]


def check_hours() -> Check:
    """Return the alarm on a warehouse without any hour: it names the files, since an empty table names nothing."""
    return Check(
        name="build_month.some_month_has_hours",
        table="build_month",
        meaning=(
            "some hour has two ok half-hours; where none has, each file is named with the flag that most of its readings "
            "carry"
        ),
        reads=("build_month", "flag_count", "source"),
        broken_rows="""
            SELECT source_id, file_name, max_by(flag, flag_count.readings) AS flag,
                max(flag_count.readings) AS flagged, sum(flag_count.readings)::BIGINT AS readings
            FROM flag_count JOIN source USING (source_id)
            WHERE NOT EXISTS (FROM build_month WHERE hours > 0) GROUP BY ALL ORDER BY file_name
        """,
    )


def check_months(limits: AlarmLimits) -> list[Check]:
    """Return the alarms on the completeness of months.

    A home is expected to have every half-hour from its first to its last ok one, so that homes which join or leave and
    the months at both ends count as what they are. Completeness of a month is its ok half-hours over those expected.
    """
    return [
        Check(
            name="build_month.is_as_complete_as_others",
            table="build_month",
            meaning=(
                "the ok half-hours of a month over those that its homes should have are at least "
                f"{100 * limits.month_share_min:g} % of what the other months have at the median"
            ),
            severity="warning",
            reads=("build_month", "household"),
            broken_rows=f"""
                WITH ends AS (
                    SELECT first_interval_utc AS first, last_interval_utc + INTERVAL 30 MINUTE AS last
                    FROM household WHERE first_interval_utc IS NOT NULL AND last_interval_utc IS NOT NULL
                ), months AS (
                    SELECT unnest(generate_series(min(month), max(month), INTERVAL 1 MONTH)) AS start,
                        start + INTERVAL 1 MONTH AS stop
                    FROM build_month
                ), expected AS (
                    SELECT start::DATE AS month,
                        sum(date_diff('minute', greatest(first, start), least(last, stop))) / 30.0 AS half_hours
                    FROM months JOIN ends ON first < stop AND last > start GROUP BY start
                ), shares AS (
                    SELECT month, coalesce(ok_half_hours, 0) / half_hours AS completeness
                    FROM expected LEFT JOIN build_month USING (month)
                ), beside AS (
                    SELECT shares.month, shares.completeness, median(other.completeness) AS others
                    FROM shares JOIN shares AS other ON other.month <> shares.month
                    GROUP BY ALL HAVING count(*) >= {limits.months_min}
                )
                SELECT month, completeness, others FROM beside
                WHERE (completeness >= {limits.month_share_min} * others) IS NOT TRUE ORDER BY month
            """,
        ),
        Check(
            name="build_month.none_is_missing",
            table="build_month",
            meaning="there is no month without an ok half-hour between two months that have some",
            severity="warning",
            reads=("build_month",),
            broken_rows="""
                WITH built AS (SELECT month FROM build_month WHERE ok_half_hours > 0)
                SELECT month::DATE AS month
                FROM (SELECT unnest(generate_series(min(month), max(month), INTERVAL 1 MONTH))::DATE AS month FROM built)
                ANTI JOIN built USING (month) ORDER BY month
            """,
        ),
    ]
