"""The one way from the warehouse to anything public: every page and every download is made of what this returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from quality.disclosure.accounts import (
    publish_checks,
    publish_external,
    publish_flags,
    publish_funnel,
    publish_gate_runs,
    publish_judgements,
    publish_ledger,
    publish_months,
    publish_open,
)
from quality.disclosure.cells import (
    Cost,
    publish_cells,
    publish_computed,
    publish_costs,
    publish_quantiles,
    publish_season,
    publish_weather_days,
)
from quality.disclosure.distribution import publish_distribution
from quality.disclosure.diversity import publish_diversity
from quality.disclosure.heat import publish_hours, publish_year, settle_quantiles, show_peaks
from quality.disclosure.homes import Query, count_silent, find_uneven, read_homes, read_included, read_steps
from quality.disclosure.memory import FUNNEL, HEAT, WHOLE, Memory, Standing
from quality.disclosure.rule import DEFAULT_RULE, DisclosureRule
from quality.disclosure.settle import TOTAL, keep_old, settle
from transforms.public.public import PublicTable, Release, ReleaseRecord
from transforms.tables.cost import ASSUMPTION
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, SELECTION_FUNNEL
from transforms.tables.published import EXTERNAL_CHECK, HEAT_DEMAND_QUANTILE, LCOH_QUANTILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT

Compare = Callable[[Mapping[str, PublicTable]], pl.DataFrame]
Remeasure = Callable[[pl.DataFrame, Mapping[str, PublicTable]], pl.DataFrame]
Compute = Callable[[Mapping[str, PublicTable]], Mapping[Table, pl.DataFrame]]

LAST_VERDICTS = "SELECT * FROM quality_result WHERE run_id = (SELECT arg_max(run_id, published_at_utc) FROM run)"
GATE_RUNS = """
SELECT r.run_id, kind, published_at_utc, code_fingerprint, count(passed) AS checks, count(*) FILTER (passed) AS passed,
    count(*) FILTER (NOT passed AND severity = 'warning') AS failed_warnings,
    count(*) FILTER (NOT passed AND severity = 'critical') AS failed_critical
FROM run r LEFT JOIN quality_result USING (run_id) GROUP BY ALL ORDER BY published_at_utc, run_id
"""


def publish_all(
    query: Query,
    *,
    release_id: str,
    last: ReleaseRecord | None = None,
    cost: Cost | None = None,
    remeasure: Remeasure | None = None,
    compute: Compute | None = None,
    compare: Compare | None = None,
    rule: DisclosureRule = DEFAULT_RULE,
) -> Release:
    """Return every table that may be published of a warehouse, and what has to be remembered of it.

    Parameters
    ----------
    query
        Asks the warehouse.
    release_id
        What the release is called: the snapshot. The same snapshot published again is the same release.
    last
        What is remembered of the last release, which holds what is remembered of all before it.
    cost
        As `publish_costs` takes it.
    remeasure
        Puts what is measured in the assumptions anew, from the published tables; None: they stay as they are.
    compute
        Makes further tables from the published ones alone, which they reveal nothing beyond; None: none.
    compare
        Makes the rows of `EXTERNAL_CHECK` from the published tables, or None.
    rule
        How many homes stand behind a cell.

    """

    def read(table: str) -> pl.DataFrame:
        return query(f"SELECT * FROM {table} ORDER BY ALL")

    included = read_included(query)
    uneven = find_uneven(included, threshold=rule.threshold)
    quantiles, windows = publish_quantiles(included, uneven=uneven, rule=rule)
    memory = Memory(last, threshold=rule.threshold)
    standing = [memory.stand(HEAT, homes) for homes in read_homes(query, included, windows)]
    demand, anew = publish_year(read("heat_demand_annual"), standing, memory, last=last, rule=rule)
    profile = publish_hours(read("heat_profile"), anew, demand, standing, memory, last=last, rule=rule)
    demand = show_peaks(demand, profile)
    fit = publish_cells(WEATHER_FIT, asked := read("weather_fit"), coarser=demand, rule=rule)
    fit = settle(fit, asked, WEATHER_FIT, anew=anew, within=demand.frame, last=last)
    months = publish_months(read("build_month"), rule=rule)
    diversity = publish_diversity(query, demand, memory, last=last, rule=rule)
    first = {table.name: table for table in (demand, profile, fit, diversity)}
    figures = read("assumption") if remeasure is None else remeasure(read("assumption"), first)
    assumptions = publish_open(ASSUMPTION, figures, rule=rule)
    few = {period for name, period in uneven if name == TOTAL}
    with_readings = query("SELECT count(DISTINCT household_id) AS homes FROM heat_hourly")["homes"][0]
    funnel = publish_funnel(read("selection_funnel"), uneven=few, silent=count_silent(query), rule=rule)
    costs = publish_costs(read("lcoh"), demand=demand, assumptions=assumptions, cost=cost, rule=rule)
    published = [
        demand, profile, fit, diversity, months, assumptions, costs,
        publish_distribution(query, anew, demand, costs, last=last, rule=rule),
        settle_quantiles(quantiles, anew, demand, standing, memory, last=last),
        publish_season(read("heat_profile_season"), profile=profile, rule=rule),
        publish_weather_days(read("weather_day"), profile=profile, fit=fit, rule=rule),
        settle_funnel(funnel, [memory.stand(FUNNEL, homes) for homes in read_steps(query)], memory, last=last),
        publish_ledger(read("source"), rule=rule),
        publish_flags(read("flag_count"), homes=int(with_readings), rule=rule),
        publish_judgements(read("flag_judgement"), months=months, rule=rule),
        publish_checks(query(LAST_VERDICTS), rule=rule),
        publish_gate_runs(query(GATE_RUNS), rule=rule),
    ]  # fmt: skip
    by_name = {table.name: table for table in published}
    computed = {} if compute is None else compute(by_name)
    for table, frame in computed.items():
        of = HEAT_DEMAND_QUANTILE if table == LCOH_QUANTILE else HEAT_DEMAND_ANNUAL
        published.append(publish_computed(table, frame, of=by_name[of.name]))
    compared = EXTERNAL_CHECK.empty() if compare is None else compare({table.name: table for table in published})
    published.append(publish_external(compared, demand=demand, last=last, rule=rule))
    member, edition = memory.tables()
    record = ReleaseRecord(
        release_id=release_id,
        threshold=rule.threshold,
        shown={table.name: table.frame for table in published},
        hidden={table.name: table.suppressed for table in published},
        member=member,
        edition=edition,
    )
    return Release(tables={table.name: table for table in published}, record=record)


def settle_funnel(
    funnel: PublicTable, standing: Sequence[Standing], memory: Memory, *, last: ReleaseRecord | None
) -> PublicTable:
    """Show a period's funnel anew where few homes came to or left none of its steps; the first may have small steps."""
    new = []
    for homes in standing:
        steps = dict.fromkeys(sorted(homes.now), WHOLE)
        if not memory.was_shown(FUNNEL, homes) or memory.accept(FUNNEL, homes, steps) == set(steps):
            memory.add(FUNNEL, homes, steps)
            new.append(homes.period)
    chosen = pl.DataFrame({"period": new}, schema={"period": pl.String})
    return keep_old(funnel, funnel.frame, SELECTION_FUNNEL, anew=chosen, on=["period"], within=funnel.frame, last=last)
