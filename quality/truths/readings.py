"""Truths from the file to the hour: no line, reading, half-hour or kilowatt-hour is lost on the way."""

from __future__ import annotations

from quality.checks import Check
from quality.truths.sameness import same

BOILER_EFFICIENCY = ("boiler_stock", "efficiency")  # item and parameter of the assumption that makes heat of gas


def check_ledger() -> list[Check]:
    """Return the truths of the ledger: lines, readings and flags."""
    return [
        Check(
            name="source.ledger_closes",
            table="source",
            meaning="every line of an accepted file is a header line, a blank line, a reading or a reject, but for those that were regrouped",
            reads=("source",),
            broken_rows="""
                SELECT source_id, file_name, lines, regrouped, header_lines, blank_lines, readings, rejects
                FROM source
                WHERE outcome = 'accepted' AND (lines + regrouped = header_lines + blank_lines + readings + rejects) IS NOT TRUE
            """,
        ),
        Check(
            name="flag_count.covers_every_reading",
            table="flag_count",
            meaning="every reading of an accepted file of readings carries exactly one flag",
            reads=("source", "flag_count"),
            broken_rows="""
                SELECT source_id, accepted.readings, flagged.readings AS flagged
                FROM (SELECT source_id, readings FROM source WHERE outcome = 'accepted' AND kind = 'readings') AS accepted
                FULL JOIN (SELECT source_id, sum(readings)::BIGINT AS readings FROM flag_count GROUP BY ALL) AS flagged
                USING (source_id)
                WHERE (accepted.readings = coalesce(flagged.readings, 0)) IS NOT TRUE
            """,
        ),
        Check(
            name="flag_count.ok_readings_are_those_built",
            table="flag_count",
            meaning="the ok readings of all files are the ok half-hours of all built months",
            reads=("flag_count", "build_month"),
            broken_rows="""
                SELECT * FROM
                    (SELECT coalesce(sum(readings), 0)::BIGINT AS ok_readings FROM flag_count WHERE flag = 'ok'),
                    (SELECT coalesce(sum(ok_half_hours), 0)::BIGINT AS ok_half_hours FROM build_month)
                WHERE (ok_readings = ok_half_hours) IS NOT TRUE
            """,
        ),
    ]


def check_hours() -> list[Check]:
    """Return the truths of the hours: their number, energy, heat and homes.

    Number and energy of all months are measured in every gate: they tie what a candidate holds to what was built, also
    for months whose other figures are carried.
    """
    by_month = """
        FROM (
            SELECT date_trunc('month', day)::DATE AS month, sum(hours)::BIGINT AS hours, sum(gas_kwh) AS gas_kwh
            FROM (  -- days first: cutting each hour down to its month takes three times as long
                SELECT hour_start_utc::DATE AS day, count(*) AS hours, sum(gas_kwh) AS gas_kwh
                FROM heat_hourly GROUP BY ALL
            ) GROUP BY ALL
        ) AS published
        FULL JOIN build_month AS built USING (month)
    """
    on_the_hour = "hour_start_utc = date_trunc('hour', hour_start_utc)"
    item, parameter = BOILER_EFFICIENCY
    return [
        Check(
            name="build_month.hours_have_two_half_hours",
            table="build_month",
            meaning="each good hour was made of two ok half-hours, and no half-hour was used that is not ok",
            reads=("build_month",),
            broken_rows="""
                SELECT month, hours, used_half_hours, ok_half_hours, readings
                FROM build_month
                WHERE (used_half_hours = 2 * hours AND used_half_hours <= ok_half_hours AND ok_half_hours <= readings)
                    IS NOT TRUE
            """,
        ),
        Check(
            name="heat_hourly.hours_are_those_built",
            table="heat_hourly",
            meaning="each month has as many hours as its build made",
            reads=("heat_hourly", "build_month"),
            broken_rows=f"""
                SELECT month, published.hours, built.hours AS built {by_month}
                WHERE (coalesce(published.hours, 0) = built.hours) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_hourly.energy_is_that_of_its_half_hours",
            table="heat_hourly",
            meaning="the gas of each month's hours is the gas of the half-hours that entered them",
            reads=("heat_hourly", "build_month"),
            broken_rows=f"""
                SELECT month, gas_kwh, used_gas_kwh {by_month}
                WHERE ({same("coalesce(gas_kwh, 0)", "used_gas_kwh")}) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_hourly.starts_on_the_hour",
            table="heat_hourly",
            meaning="every hour starts on the hour",
            reads=("heat_hourly",),
            per="month",
            expression=f"count(*) FILTER (WHERE ({on_the_hour}) IS NOT TRUE)",
            broken_rows=f"SELECT household_id, hour_start_utc FROM heat_hourly WHERE ({on_the_hour}) IS NOT TRUE",
        ),
        Check(
            name="heat_hourly.heat_is_gas_times_boiler_efficiency",
            table="heat_hourly",
            meaning="heat is gas times the efficiency of the boiler stock that the assumptions name, once",
            reads=("heat_hourly", "assumption"),
            per="month",
            broken_rows=f"""
                SELECT household_id, hour_start_utc, gas_kwh, heat_kwh, efficiency
                FROM heat_hourly, (
                    SELECT CASE WHEN count(DISTINCT value) = 1 THEN any_value(value) END AS efficiency
                    FROM assumption WHERE item = '{item}' AND parameter = '{parameter}'
                )
                WHERE ({same("heat_kwh", "gas_kwh * efficiency")}) IS NOT TRUE
            """,
        ),
        Check(
            name="heat_hourly.home_is_known",
            table="heat_hourly",
            meaning="every home with hours stands in the table household",
            reads=("heat_hourly", "household"),
            broken_rows="""
                SELECT household_id, count(*) AS hours FROM heat_hourly ANTI JOIN household USING (household_id)
                GROUP BY ALL
            """,
        ),
    ]
