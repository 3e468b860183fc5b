"""The tables from which each published table is made: one declaration for `hearth trace` and for the pages.

The list follows a number back: each table stands above the tables that it is made from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import (
    CLAIM,
    DIVERSITY,
    DIVERSITY_CURVE,
    DIVERSITY_HOME,
    LCOH_DISTRIBUTION,
    LCOH_HOUSEHOLD,
)
from transforms.tables.heat import (
    HEAT_DEMAND_ANNUAL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HEAT_PROFILE_SEASON,
    HOUSEHOLD_PERIOD,
    SELECTION_FUNNEL,
)
from transforms.tables.lineage import BUILD_MONTH, FLAG_COUNT, RUN, SOURCE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedValue:
    """One value that sums up the rows of a table behind a number.

    `equals` names a value of an earlier step, as `table.value`. The two must be equal for numbers of every kind in `kinds`
    (see `flows.answers.trace_scope.Scope.kinds`).
    """

    name: str
    sql: str
    unit: str = ""
    equals: str = ""
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The way back from the numbers of one table.

    `leads_to` names the tables that the numbers come from; for a file, the table of its readings' flags. `where` selects
    the rows behind a number, in SQL; the `{names}` in it stand for the number's key, homes, hours and sources. `listed` are
    the columns that are shown of those rows, for at most `shown` rows (None: all). `measured` says whether the rows rest
    on readings.
    """

    table: Table
    leads_to: tuple[str, ...] = ()
    where: str = "TRUE"
    figures: tuple[TracedValue, ...] = ()
    listed: tuple[str, ...] = ()
    shown: int | None = None
    measured: bool = True


HOMES_SHOWN: Final = 3  # ids of homes are restricted data
OF_GROUP: Final = "period = {period} AND dwelling_type = {dwelling_type}"
OF_HOMES: Final = "household_id IN ({homes})"
IN_HOURS: Final = "hour_start_utc >= {start} AND hour_start_utc < {end}"
IN_PERIOD: Final = frozenset({"period"})
IN_ONE_HOUR: Final = frozenset({"hour", "unweighted"})
IN_NORMAL_WEATHER: Final = frozenset({"normal weather"})
OF_SEVERAL: Final = frozenset({"period", "group"})

ORIGINS: Final = (
    Origin(table=CLAIM, leads_to=("lcoh", "heat_demand_annual", "heat_profile"), measured=False),
    Origin(
        table=LCOH, leads_to=("assumption", "heat_demand_annual"), measured=False,
        where="scenario = {scenario} AND convention = {convention} AND demand_basis = 'paper'",
        figures=(
            TracedValue(name="lowest", sql="min(lcoh_gbp_per_mwh)", unit="GBP/MWh"),
            TracedValue(name="highest", sql="max(lcoh_gbp_per_mwh)", unit="GBP/MWh"),
        ),
        listed=("system", "scale", "dwelling_type", "demand_kwh", "lcoh_gbp_per_mwh"),
    ),
    Origin(table=LCOH_DISTRIBUTION, leads_to=("assumption", "heat_demand_annual", "household_period")),
    Origin(table=LCOH_HOUSEHOLD, leads_to=("assumption", "household_period")),
    Origin(table=ASSUMPTION, measured=False, listed=(*ASSUMPTION.key, "value", "unit", "price_base", "status", "source")),
    Origin(table=DIVERSITY, leads_to=("diversity_curve",)),
    Origin(
        table=DIVERSITY_CURVE, leads_to=("diversity_home",),
        where=OF_GROUP + " AND interval_minutes = {interval_minutes}",
        figures=(
            TracedValue(name="households", sql="max(households)", unit="homes", equals="diversity.households"),
            TracedValue(name="days", sql="max(days)", unit="d"),
            TracedValue(name="first_date", sql="CAST(min(first_date) AS VARCHAR)"),
            TracedValue(name="last_date", sql="CAST(max(last_date) AS VARCHAR)"),
        ),
    ),
    Origin(
        table=DIVERSITY_HOME, leads_to=("household_period",),
        where="period = {period} AND interval_minutes = {interval_minutes} AND " + OF_HOMES,
        figures=(
            TracedValue(name="households", sql="count(*)", unit="homes", equals="diversity_curve.households"),
            TracedValue(name="filled_share", sql="avg(filled_share)", unit="1"),
        ),
    ),
    Origin(table=HEAT_PROFILE_SEASON, leads_to=("heat_profile",)),
    Origin(
        table=HEAT_DEMAND_ANNUAL, leads_to=("weather_fit", "heat_profile", "household_period"), where=OF_GROUP,
        figures=(
            TracedValue(name="households", sql="max(households)", unit="homes", equals="lcoh.households"),
            TracedValue(name="heat_kwh_mean", sql="max(heat_kwh_mean)", unit="kWh/yr", equals="lcoh.demand_measured_kwh"),
            TracedValue(name="heat_kwh_ci_low", sql="max(heat_kwh_ci_low)", unit="kWh/yr"),
            TracedValue(name="heat_kwh_ci_high", sql="max(heat_kwh_ci_high)", unit="kWh/yr"),
            TracedValue(name="gas_kwh_mean", sql="max(gas_kwh_mean)", unit="kWh/yr"),
            TracedValue(name="heat_kwh_weather_normal", sql="max(heat_kwh_weather_normal)", unit="kWh/yr", equals="lcoh.demand_kwh", kinds=IN_NORMAL_WEATHER),
            TracedValue(name="peak_hour_heat_kwh", sql="max(peak_hour_heat_kwh)", unit="kWh/h"),
        ),
    ),
    Origin(
        table=WEATHER_FIT, leads_to=("weather_day",), where=OF_GROUP,
        figures=(
            TracedValue(name="days", sql="max(days)", unit="d"),
            TracedValue(name="heat_kwh_weather_normal", sql="max(heat_kwh_weather_normal)", unit="kWh/yr",
                   equals="heat_demand_annual.heat_kwh_weather_normal"),
        ),
    ),
    Origin(
        table=WEATHER_DAY, leads_to=("household_period", "heat_hourly"), where=OF_GROUP,
        figures=(TracedValue(name="days", sql="count(*)", unit="d"),),
    ),
    Origin(
        table=HEAT_PROFILE, leads_to=("household_period", "heat_hourly"), where=OF_GROUP + " AND " + IN_HOURS,
        figures=(
            TracedValue(name="hours", sql="count(*)", unit="h"),
            TracedValue(name="fewest_households", sql="min(households)", unit="homes"),
            TracedValue(name="most_households", sql="max(households)", unit="homes"),
            TracedValue(name="heat_kwh_sum", sql="sum(heat_kwh_mean)", unit="kWh/yr",
                   equals="heat_demand_annual.heat_kwh_mean", kinds=IN_PERIOD),
            TracedValue(name="gas_kwh_sum", sql="sum(gas_kwh_mean)", unit="kWh/yr",
                   equals="heat_demand_annual.gas_kwh_mean", kinds=IN_PERIOD),
        ),
    ),
    Origin(table=SELECTION_FUNNEL, leads_to=("household_period",)),
    Origin(
        table=HOUSEHOLD_PERIOD, leads_to=("heat_hourly",), where="period = {period} AND " + OF_HOMES,
        figures=(
            TracedValue(name="households", sql="count(*)", unit="homes", equals="heat_demand_annual.households", kinds=OF_SEVERAL),
            TracedValue(name="heat_kwh_annual_mean", sql="avg(heat_kwh_annual)", unit="kWh/yr"),
            TracedValue(name="filled_share_mean", sql="avg(filled_share)", unit="1"),
            TracedValue(name="heat_kwh_observed", sql="sum(heat_kwh_observed)", unit="kWh"),
            TracedValue(name="hours_observed", sql="sum(hours_observed)", unit="h"),
        ),
        listed=("household_id", "completeness", "heat_kwh_annual", "filled_share"), shown=HOMES_SHOWN,
    ),
    Origin(
        table=HEAT_HOURLY, leads_to=("build_month",), where=OF_HOMES + " AND " + IN_HOURS,
        figures=(
            TracedValue(name="households", sql="count(DISTINCT household_id)", unit="homes",
                   equals="heat_profile.households", kinds=IN_ONE_HOUR),
            TracedValue(name="hours", sql="count(*)", unit="h", equals="household_period.hours_observed", kinds=IN_PERIOD),
            TracedValue(name="gas_kwh", sql="sum(gas_kwh)", unit="kWh"),
            TracedValue(name="heat_kwh", sql="sum(heat_kwh)", unit="kWh",
                   equals="household_period.heat_kwh_observed", kinds=IN_PERIOD),
            TracedValue(name="heat_kwh_mean", sql="avg(heat_kwh)", unit="kWh/h"),
        ),
    ),
    Origin(
        table=BUILD_MONTH, leads_to=("source", "flag_count"), where="month IN ({months})",
        figures=(
            TracedValue(name="readings", sql="sum(readings)", unit="readings"),
            TracedValue(name="ok_half_hours", sql="sum(ok_half_hours)", unit="half-hours"),
            TracedValue(name="hours", sql="sum(hours)", unit="h"),
        ),
        listed=("month", "fingerprint", "households", "readings", "hours"),
    ),
    Origin(
        table=SOURCE, leads_to=("flag_count",), where="source_id IN ({sources})",
        figures=(
            TracedValue(name="lines", sql="sum(lines)", unit="lines"),
            TracedValue(name="readings", sql="sum(readings) FILTER (kind = 'readings')", unit="readings"),
            TracedValue(name="rejects", sql="sum(rejects)", unit="lines"),
        ),
        listed=(
            "file_name", "kind", "sha256", "format", "lines", "header_lines", "blank_lines", "readings", "rejects",
            "superseded", "clock", "stamp", "ingested_at_utc",
        ),
    ),
    Origin(
        table=FLAG_COUNT, leads_to=("source",), where="source_id IN ({sources})",
        figures=(TracedValue(name="readings", sql="sum(readings)", unit="readings", equals="source.readings"),),
        listed=("flag", "readings"),
    ),
    Origin(
        table=RUN, where="run_id = (SELECT run_id FROM run ORDER BY published_at_utc DESC, run_id DESC LIMIT 1)",
        listed=("run_id", "kind", "reason", "started_at_utc", "published_at_utc", "snapshot_id", "content_fingerprint",
                "code_version", "code_fingerprint", "settings"),
    ),
)  # fmt: skip
BY_NAME: Final = {origin.table.name: origin for origin in ORIGINS}
TRACEABLE: Final = tuple(
    name for name in BY_NAME if name not in {"assumption", "run", "diversity_curve", "diversity_home"}
)


def way_back(table: str) -> list[Origin]:
    """Return a table's origin, then those of all tables that it is made from, and last the run."""
    reached, open_ends = set[str](), [table]
    while open_ends:
        name = open_ends.pop()
        if name not in reached:
            reached.add(name)
            open_ends += BY_NAME[name].leads_to
    behind = [origin for origin in ORIGINS if origin.table.name in reached - {table}]
    return [BY_NAME[table], *behind, *([BY_NAME["run"]] if table != "run" else [])]
