"""Views for the most frequent questions, over the tables of the same database.

They need no extension of DuckDB: the British clock is computed, so that clients without time zones can read them.
"""

from __future__ import annotations

import polars as pl

from transforms.tables.areas import AREA
from transforms.tables.cost import LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_HOURLY, HEAT_PROFILE
from transforms.tables.lineage import SOURCE
from transforms.tables.schema import UTC, Column, View
from transforms.tables.words import DWELLING_TYPES, B, F, N, S, dwelling_type, household_id, period, profile_group

_LAST_SUNDAY = "(make_date(year({0}), {1}, 31) - (isodow(make_date(year({0}), {1}, 31)) % 7)::INTEGER)"
_SUMMER = "({0} >= " + _LAST_SUNDAY.format("{0}", 3) + " + INTERVAL 1 HOUR AND {0} < " + _LAST_SUNDAY.format("{0}", 10) + " + INTERVAL 1 HOUR)"  # fmt: skip
_LOCAL = f"(hour_start_utc + to_hours({_SUMMER.format('hour_start_utc')}::INTEGER))"

HEAT_DEMAND_MWH = View(
    "heat_demand_mwh", "heat per home and year of a dwelling type in one period, in MWh with its interval", ("dwelling_type", "period"),
    (
        profile_group,
        period,
        HEAT_DEMAND_ANNUAL.column("households"),
        Column("gas_mwh", F, "gas per home and year", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh", F, "heat per home and year", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh_ci_low", F, "lower end of the 95 % interval of the mean", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh_ci_high", F, "upper end of the 95 % interval of the mean", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh_weather_normal", F, "heat per home and year in normal weather", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh_weather_normal_ci_low", F, "lower end of its 95 % interval", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh_weather_normal_ci_high", F, "upper end of its 95 % interval", "MWh/yr", nullable=True, lower=0),
        HEAT_DEMAND_ANNUAL.column("note"),
    ),
    tier="public",
    may_be_empty=True,
    reads=frozenset({"heat_demand_annual"}),
    sql="""
SELECT dwelling_type, period, households, gas_kwh_mean / 1000 AS gas_mwh, heat_kwh_mean / 1000 AS heat_mwh,
    heat_kwh_ci_low / 1000 AS heat_mwh_ci_low, heat_kwh_ci_high / 1000 AS heat_mwh_ci_high,
    heat_kwh_weather_normal / 1000 AS heat_mwh_weather_normal,
    heat_kwh_weather_normal_ci_low / 1000 AS heat_mwh_weather_normal_ci_low,
    heat_kwh_weather_normal_ci_high / 1000 AS heat_mwh_weather_normal_ci_high, note
FROM heat_demand_annual""",
)  # fmt: skip

HEAT_PROFILE_LOCAL = View(
    "heat_profile_local", "mean heat per home of a dwelling type in one hour of a period, on the British clock", ("dwelling_type", "period", "hour_start_utc"),
    (
        profile_group,
        period,
        HEAT_PROFILE.column("hour_start_utc"),
        Column("hour_start_local", UTC, "start of the hour on the British clock, which shows 01:00 twice in the last night of summer time"),
        Column("date_local", pl.Date, "day on the British clock"),
        Column("hour_local", pl.Int8, "hour of day on the British clock", "h", lower=0, upper=23),
        *(HEAT_PROFILE.column(name) for name in ("households", "heat_kwh_mean", "heat_kwh_se", "temperature_c")),
    ),
    tier="public",
    may_be_empty=True,
    reads=frozenset({"heat_profile"}),
    sql=f"""
SELECT dwelling_type, period, hour_start_utc, {_LOCAL} AS hour_start_local, {_LOCAL}::DATE AS date_local,
    hour({_LOCAL})::TINYINT AS hour_local, households, heat_kwh_mean, heat_kwh_se, temperature_c
FROM heat_profile""",
)  # fmt: skip

HEAT_DAILY = View(
    "heat_daily", "one day (UTC) of one known home", ("household_id", "date"),
    (
        household_id,
        dwelling_type,
        Column("date", pl.Date, "day (UTC)"),
        Column("hours", N, "good hours of the day", "h", lower=0, upper=24),
        Column("is_whole", B, "whether the sums cover the whole day: all its hours are good, or one reading holds the gas of the missing hours"),
        Column("gas_kwh", F, "gas used in the good hours, or on the whole day", "kWh", lower=0),
        Column("heat_kwh", F, "heat delivered in the good hours, or on the whole day", "kWh", lower=0),
        Column("caught_up_kwh", F, "part of the gas that one reading after an outage holds: it belongs to the day and to no hour", "kWh", nullable=True, lower=0),
        Column("temperature_c", F, "mean outdoor air temperature of the day", "degC", nullable=True, lower=-40, upper=45),
    ),
    may_be_empty=True,
    reads=frozenset({"heat_day_caught_up", "heat_hourly", "household", "temperature_hourly"}),
    sql="""
WITH weather AS (
    SELECT hour_start_utc::DATE AS date, avg(temperature_c) AS temperature_c FROM temperature_hourly GROUP BY ALL
), used AS (
    SELECT household_id, hour_start_utc::DATE AS date, count(*) AS hours, sum(gas_kwh) AS gas_kwh, sum(heat_kwh) AS heat_kwh
    FROM heat_hourly GROUP BY ALL
)
SELECT household_id, dwelling_type, date, coalesce(hours, 0) AS hours, coalesce(hours, 0) = 24 OR caught_up_kwh IS NOT NULL AS is_whole,
    coalesce(c.gas_kwh, u.gas_kwh) AS gas_kwh, coalesce(c.heat_kwh, u.heat_kwh) AS heat_kwh, caught_up_kwh, temperature_c
FROM used u FULL JOIN heat_day_caught_up c USING (household_id, date)
JOIN household USING (household_id) LEFT JOIN weather USING (date)""",
)  # fmt: skip

HEAT_HOURLY_INCLUDED = View(
    "heat_hourly_included", "one good hour of one home in a period that includes the home, with its type, the British clock and the weather",
    ("household_id", "period", "hour_start_utc"),
    (
        household_id,
        dwelling_type,
        period,
        HEAT_HOURLY.column("hour_start_utc"),
        Column("hour_start_local", UTC, "start of the hour on the British clock, which shows 01:00 twice in the last night of summer time"),
        HEAT_HOURLY.column("gas_kwh"),
        HEAT_HOURLY.column("heat_kwh"),
        Column("temperature_c", F, "outdoor air temperature", "degC", nullable=True, lower=-40, upper=45),
    ),
    may_be_empty=True,
    reads=frozenset({"heat_hourly", "household_period", "temperature_hourly"}),
    sql=f"""
SELECT household_id, p.dwelling_type, p.period, hour_start_utc, {_LOCAL} AS hour_start_local, o.gas_kwh, o.heat_kwh, t.temperature_c
FROM heat_hourly o
JOIN household_period p USING (household_id)
LEFT JOIN temperature_hourly t USING (hour_start_utc)
WHERE p.included AND hour_start_utc >= p.period_start_utc AND hour_start_utc < p.period_end_utc""",
)  # fmt: skip

HOUSEHOLD_YEAR = View(
    "household_year", "one included home in one study period: its heat, and how it follows the weather", ("household_id", "period"),
    (
        household_id,
        dwelling_type,
        period,
        Column("completeness", F, "share of the period's half-hours that are ok", "1", lower=0, upper=1),
        Column("heat_mwh", F, "heat of the whole period, gaps filled by the type's profile", "MWh/yr", nullable=True, lower=0),
        Column("filled_share", F, "estimated share of that heat", "1", nullable=True, lower=0, upper=1),
        Column("heat_loss_w_per_k", F, "heat per kelvin below the balance temperature, as power", "W/K", nullable=True, lower=0),
        Column("balance_temperature_c", F, "effective temperature below which the home heats", "degC", nullable=True, lower=-40, upper=45),
    ),
    may_be_empty=True,
    reads=frozenset({"household_period", "household_weather"}),
    sql="""
SELECT p.household_id, p.dwelling_type, p.period, p.completeness, p.heat_kwh_annual / 1000 AS heat_mwh, p.filled_share,
    w.heat_loss_w_per_k, w.balance_temperature_c
FROM household_period AS p
LEFT JOIN household_weather AS w ON w.household_id = p.household_id AND w.period = p.period
WHERE p.included""",
)  # fmt: skip

COST_RANKING = View(
    "cost_ranking", "place of one system among those that could heat the same homes, by cost of delivered heat",
    ("scenario", "convention", "demand_basis", "period", "dwelling_type", "system", "scale"),
    (
        *(LCOH.column(name) for name in ("scenario", "convention", "demand_basis", "period", "dwelling_type")),
        Column("place", N, "1 costs least; equal costs share a place", "1", lower=1),
        *(LCOH.column(name) for name in ("system", "scale", "dwellings", "lcoh_gbp_per_mwh")),
        Column("above_cheapest_gbp_per_mwh", F, "cost above the cheapest of them", "GBP/MWh", lower=0),
        *(LCOH.column(name) for name in ("lcoh_ci_low", "lcoh_ci_high", "co2_kg_per_dwelling_year")),
    ),
    tier="public",
    may_be_empty=True,
    reads=frozenset({"lcoh"}),
    sql="""
SELECT scenario, convention, demand_basis, period, dwelling_type,
    rank() OVER (same_homes ORDER BY lcoh_gbp_per_mwh) AS place, system, scale, dwellings, lcoh_gbp_per_mwh,
    lcoh_gbp_per_mwh - min(lcoh_gbp_per_mwh) OVER same_homes AS above_cheapest_gbp_per_mwh,
    lcoh_ci_low, lcoh_ci_high, co2_kg_per_dwelling_year
FROM lcoh WHERE denominator = 'delivered'
WINDOW same_homes AS (PARTITION BY scenario, convention, demand_basis, period, dwelling_type)""",
)  # fmt: skip

LEDGER_BALANCE = View(
    "ledger_balance", "one delivered file: every line of it accounted for", ("source_id",),
    (
        *(SOURCE.column(name) for name in (
            "source_id", "file_name", "kind", "outcome", "lines", "header_lines", "blank_lines", "readings", "rejects", "regrouped",
        )),
        Column("lines_lost", N, "lines that are neither header nor blank nor reading nor reject: always 0", "1"),
    ),
    tier="public",
    may_be_empty=True,
    reads=frozenset({"source"}),
    sql="""
SELECT source_id, file_name, kind, outcome, lines, header_lines, blank_lines, readings, rejects, regrouped,
    lines + regrouped - header_lines - blank_lines - readings - rejects AS lines_lost
FROM source""",
)  # fmt: skip

LEFT_OUT = View(
    "left_out", "files, lines, readings, or homes of a period that were left out for one reason", ("what", "period", "reason"),
    (
        Column("what", S, "kind of things left out", allowed=("file", "line", "reading", "home")),
        Column("period", S, "study period, of homes", nullable=True),
        Column("reason", S, "outcome of the file, reject, flag of the reading, or selection step that the home fails"),
        Column("number", N, "number of them", "1", lower=1),
        Column("share", F, "share of all delivered files, of all lines of readings, of all readings, or of all homes of the period", "1", lower=0, upper=1),
    ),
    may_be_empty=True,
    reads=frozenset({"flag_count", "household_period", "source"}),
    sql="""
WITH counted AS (
    SELECT 'file' AS what, NULL::VARCHAR AS period, outcome AS reason, count(*) AS number, outcome <> 'accepted' AS is_out
    FROM source GROUP BY ALL
    UNION ALL
    SELECT 'line', NULL, unnest(['used', 'reject']), unnest([sum(lines - rejects), sum(rejects)])::BIGINT, unnest([false, true])
    FROM source WHERE kind = 'readings'
    UNION ALL
    SELECT 'reading', NULL, flag, sum(readings)::BIGINT, flag <> 'ok' FROM flag_count GROUP BY ALL
    UNION ALL
    SELECT 'home', period, coalesce(exclusion_reason, 'included'), count(*), NOT included FROM household_period GROUP BY ALL
), shares AS (
    SELECT *, number / sum(number) OVER (PARTITION BY what, period) AS share FROM counted
)
SELECT what, period, reason, number, share FROM shares WHERE is_out AND number > 0""",
)  # fmt: skip

_WIDE = ", ".join(f"sum(heat_kwh) FILTER (dwelling_type = '{name}') AS {name}" for name in DWELLING_TYPES)
_TOGETHER = " + ".join(f"a.{name} * w.{name}" for name in DWELLING_TYPES)
AREA_HOURLY = View(
    "area_hourly", "heat of all homes of one area in one hour: the number of homes of each type times the type's profile",
    ("level", "area_id", "period", "hour_start_utc"),
    (
        AREA.column("level"),
        AREA.column("area_id"),
        period,
        HEAT_PROFILE.column("hour_start_utc"),
        Column("heat_mwh", F, "heat of all homes", "MWh/h", lower=0),
    ),
    tier="public",
    may_be_empty=True,
    reads=frozenset({"area", "area_home_demand", "heat_profile"}),
    sql=f"""
WITH hourly AS (
    SELECT d.dwelling_type, d.period, hour_start_utc,
        d.heat_kwh * heat_kwh_mean / sum(heat_kwh_mean) OVER (PARTITION BY d.dwelling_type, d.period) AS heat_kwh
    FROM area_home_demand d JOIN heat_profile p ON p.dwelling_type = d.hours_of AND p.period = d.period
)
SELECT level, area_id, period, hour_start_utc, ({_TOGETHER}) / 1000 AS heat_mwh
FROM area a CROSS JOIN (SELECT period, hour_start_utc, {_WIDE} FROM hourly GROUP BY period, hour_start_utc) w""",
)  # fmt: skip

VIEWS = (
    HEAT_DEMAND_MWH, HEAT_PROFILE_LOCAL, HEAT_DAILY, HEAT_HOURLY_INCLUDED, HOUSEHOLD_YEAR, COST_RANKING, LEDGER_BALANCE, LEFT_OUT, AREA_HOURLY,
)  # fmt: skip
PUBLIC_VIEWS = tuple(view for view in VIEWS if view.tier == "public")
