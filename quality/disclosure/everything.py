"""The only way from the warehouse to anything public: every page and every download is made from the tables that pass here.

The order is `disclose_means`, then `disclose_costs` with costs computed from published means, then `seal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from quality.disclosure.accounts import (
    publish_checks,
    publish_flags,
    publish_funnel,
    publish_gate_runs,
    publish_judgements,
    publish_ledger,
    publish_months,
)
from quality.disclosure.cells import (
    publish_cells,
    publish_costs,
    publish_quantiles,
    publish_season,
    publish_weather_days,
)
from quality.disclosure.distribution import publish_distribution
from quality.disclosure.diversity import publish_diversity
from quality.disclosure.heat import publish_hours, publish_year, settle_quantiles, show_peaks
from quality.disclosure.homes import (
    Query,
    count_half_hours,
    count_silent,
    find_uneven,
    read_homes,
    read_included,
    read_steps,
)
from quality.disclosure.memory import FUNNEL, HEAT, WHOLE, Control, ReleaseMemory, Standing
from quality.disclosure.rule import DEFAULT_RULE, DisclosureRule
from quality.disclosure.settle import TOTAL, Groups, keep_old, settle
from transforms.public.public import PublicTable, Release, ReleaseRecord
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, SELECTION_FUNNEL
from transforms.tables.weather import WEATHER_FIT

LAST_VERDICTS = "SELECT * FROM quality_result WHERE run_id = (SELECT arg_max(run_id, published_at_utc) FROM run)"
GATE_RUNS = """
SELECT r.run_id, kind, published_at_utc, code_fingerprint, count(passed) AS checks, count(*) FILTER (passed) AS passed,
    count(*) FILTER (NOT passed AND severity = 'warning') AS failed_warnings,
    count(*) FILTER (NOT passed AND severity = 'critical') AS failed_critical
FROM run r LEFT JOIN quality_result USING (run_id) GROUP BY ALL ORDER BY published_at_utc, run_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """The tables about homes that may be published, the groups whose values are new, and the basis for judging them."""

    tables: Mapping[str, PublicTable]
    anew: Groups
    control: Control


def disclose_means(
    query: Query, *, last: ReleaseRecord | None = None, rule: DisclosureRule = DEFAULT_RULE
) -> Disclosed:
    """Apply disclosure control to every table that rests on homes, except costs.

    Parameters
    ----------
    query
        Runs SQL on the warehouse.
    last
        The record of the last release, which includes the memory of all releases before it.
    rule
        The rule about the homes behind a cell.

    """

    def read(table: str) -> pl.DataFrame:
        return query(f"SELECT * FROM {table} ORDER BY ALL")

    memory = ReleaseMemory(last, threshold=rule.threshold)
    control = Control(rule=rule, last=last, memory=memory)
    included = read_included(query)
    uneven = find_uneven(included, threshold=rule.threshold)
    quantiles, windows = publish_quantiles(included, uneven=uneven, rule=rule)
    standing = [memory.stand(HEAT, homes) for homes in read_homes(query, included, windows)]
    demand, anew = publish_year(read("heat_demand_annual"), standing, control)
    profile = publish_hours(read("heat_profile"), anew, demand, standing, control)
    demand = show_peaks(demand, profile)
    fit = publish_cells(WEATHER_FIT, asked := read("weather_fit"), coarser=demand, rule=rule)
    fit = settle(fit, asked, WEATHER_FIT, anew=anew, within=demand.frame, last=last)
    months = publish_months(read("build_month"), rule=rule)
    diversity = publish_diversity(query, demand, control)
    few = {period for name, period in uneven if name == TOTAL}
    with_readings = query("SELECT count(DISTINCT household_id) AS homes FROM heat_hourly")["homes"][0]
    funnel = publish_funnel(read("selection_funnel"), uneven=few, silent=count_silent(query), rule=rule)
    published = [
        demand, profile, fit, diversity, months,
        settle_quantiles(quantiles, anew, demand, standing, control),
        publish_season(read("heat_profile_season"), profile=profile, rule=rule),
        publish_weather_days(read("weather_day"), profile=profile, fit=fit, rule=rule),
        settle_funnel(funnel, [memory.stand(FUNNEL, homes) for homes in read_steps(query)], control),
        publish_ledger(read("source"), rule=rule),
        publish_flags(read("flag_count"), homes=int(with_readings), half_hours=count_half_hours(query), rule=rule),
        publish_judgements(read("flag_judgement"), months=months, rule=rule),
        publish_checks(query(LAST_VERDICTS), rule=rule),
        publish_gate_runs(query(GATE_RUNS), rule=rule),
    ]  # fmt: skip
    return Disclosed(tables=by_name(published), anew=anew, control=control)


def disclose_costs(
    query: Query, disclosed: Disclosed, at_means: pl.DataFrame, assumptions: PublicTable
) -> dict[str, PublicTable]:
    """Apply disclosure control to the costs of heat and to their distribution over homes.

    `at_means` are the costs at the published means (`LCOH`), computed with the published `assumptions`.
    """
    demand = disclosed.tables[HEAT_DEMAND_ANNUAL.name]
    costs = publish_costs(query("SELECT * FROM lcoh ORDER BY ALL"), at_means, demand=demand, assumptions=assumptions)
    spread = publish_distribution(query, disclosed.anew, demand, costs, disclosed.control)
    return by_name([costs, spread])


def seal(release_id: str, tables: Mapping[str, PublicTable], control: Control) -> Release:
    """Return the tables as a release, with its record for the memory of releases.

    `release_id` is the id of the snapshot, so that the same snapshot published again is the same release.
    """
    member, edition = control.memory.tables()
    record = ReleaseRecord(
        release_id=release_id,
        threshold=control.rule.threshold,
        shown={name: table.frame for name, table in tables.items()},
        hidden={name: table.suppressed for name, table in tables.items()},
        member=member,
        edition=edition,
    )
    return Release(tables=tables, record=record)


def by_name(tables: Iterable[PublicTable]) -> dict[str, PublicTable]:
    """Return published tables by their names."""
    return {table.name: table for table in tables}


def settle_funnel(funnel: PublicTable, standing: Sequence[Standing], control: Control) -> PublicTable:
    """Show a period's funnel anew if no step was joined or left by only a few homes; the first funnel may have small steps."""
    new, memory = [], control.memory
    for homes in standing:
        steps = dict.fromkeys(sorted(homes.now), WHOLE)
        if not memory.was_shown(FUNNEL, homes) or memory.accept(FUNNEL, homes, steps) == set(steps):
            memory.add(FUNNEL, homes, steps)
            new.append(homes.period)
    chosen = pl.DataFrame({"period": new}, schema={"period": pl.String})
    return keep_old(funnel, funnel.frame, SELECTION_FUNNEL, anew=chosen, within=funnel.frame, last=control.last)
