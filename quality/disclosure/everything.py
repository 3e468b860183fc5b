"""The one way from the warehouse to anything public: every page and every download is made of what this returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quality.disclosure.accounts import (
    publish_checks,
    publish_external,
    publish_flags,
    publish_funnel,
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
from quality.disclosure.homes import (
    Query,
    count_silent,
    find_uneven,
    name_window,
    read_homes,
    read_included,
    read_steps,
)
from quality.disclosure.memory import FUNNEL, HEAT, HOURS, QUANTILE, WHOLE, YEAR, Memory, Standing
from quality.disclosure.rule import BY_DWELLING_TYPE, BY_HOUR, DEFAULT_RULE, DisclosureRule
from quality.disclosure.settle import GROUP, TOTAL, Groups, frame_of, groups_of, keep_old, settle
from transforms import tables
from transforms.public import PublicTable, Release, ReleaseRecord
from transforms.schema import Table
from transforms.tables import DWELLING_TYPES

Compare = Callable[[Mapping[str, PublicTable]], pl.DataFrame]
Remeasure = Callable[[pl.DataFrame, Mapping[str, PublicTable]], pl.DataFrame]
Compute = Callable[[Mapping[str, PublicTable]], Mapping[Table, pl.DataFrame]]
Cells = NDArray[np.bool_]

STOCK = "stock"
LAST_VERDICTS = "SELECT * FROM quality_result WHERE run_id = (SELECT arg_max(run_id, published_at_utc) FROM run)"


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
        Makes the rows of `tables.EXTERNAL_CHECK` from the published tables, or None.
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
    fit = publish_cells(tables.WEATHER_FIT, asked := read("weather_fit"), coarser=demand, rule=rule)
    fit = settle(fit, asked, tables.WEATHER_FIT, anew=anew, within=demand.frame, last=last)
    months = publish_months(read("build_month"), rule=rule)
    first = {table.name: table for table in (demand, profile, fit)}
    figures = read("assumption") if remeasure is None else remeasure(read("assumption"), first)
    assumptions = publish_open(tables.ASSUMPTION, figures, rule=rule)
    few = {period for name, period in uneven if name == TOTAL}
    with_readings = query("SELECT count(DISTINCT household_id) AS homes FROM heat_hourly")["homes"][0]
    funnel = publish_funnel(read("selection_funnel"), uneven=few, silent=count_silent(query), rule=rule)
    published = [
        demand, profile, fit, months, assumptions,
        settle_quantiles(quantiles, anew, demand, standing, memory, last=last),
        publish_season(read("heat_profile_season"), profile=profile, rule=rule),
        publish_weather_days(read("weather_day"), profile=profile, fit=fit, rule=rule),
        publish_costs(read("lcoh"), demand=demand, assumptions=assumptions, cost=cost, rule=rule),
        settle_funnel(funnel, [memory.stand(FUNNEL, homes) for homes in read_steps(query)], memory, last=last),
        publish_ledger(read("source"), rule=rule),
        publish_flags(read("flag_count"), homes=int(with_readings), rule=rule),
        publish_judgements(read("flag_judgement"), months=months, rule=rule),
        publish_checks(query(LAST_VERDICTS), rule=rule),
    ]  # fmt: skip
    by_name = {table.name: table for table in published}
    computed = {} if compute is None else compute(by_name)
    published += [publish_computed(table, frame, of=demand) for table, frame in computed.items()]
    compared = tables.EXTERNAL_CHECK.empty() if compare is None else compare({table.name: table for table in published})
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


def publish_year(
    frame: pl.DataFrame,
    standing: Sequence[Standing],
    memory: Memory,
    *,
    last: ReleaseRecord | None,
    rule: DisclosureRule,
) -> tuple[PublicTable, Groups]:
    """Publish annual demand; return it with the groups whose figures are new."""
    changed = {
        (name, homes.period)
        for homes in standing
        for name in sorted(memory.was_shown(YEAR, homes) & set(homes.now) - {TOTAL})
        if not memory.accept(YEAR, homes, {name: WHOLE})
    }
    # a type that keeps its figures is judged by the homes behind these, not by those of today
    kept = frame_of(changed)
    old = frame.clear() if last is None else last.shown[tables.HEAT_DEMAND_ANNUAL.name].join(kept, on=GROUP, how="semi")
    today = frame.join(old, on=GROUP, how="anti", maintain_order="left")
    both = pl.concat([today, old], how="diagonal_relaxed")
    public = publish_cells(tables.HEAT_DEMAND_ANNUAL, both, margins=[BY_DWELLING_TYPE], rule=rule)
    shown = groups_of(public.frame) - changed
    anew: Groups = set()
    for homes in standing:
        cells = {name: WHOLE for name, period in sorted(shown) if period == homes.period}
        anew |= _judge(YEAR, homes, memory, cells)
    return settle(public, frame, tables.HEAT_DEMAND_ANNUAL, anew=anew, within=public.frame, last=last), anew


def publish_hours(
    frame: pl.DataFrame,
    anew: Groups,
    demand: PublicTable,
    standing: Sequence[Standing],
    memory: Memory,
    *,
    last: ReleaseRecord | None,
    rule: DisclosureRule,
) -> PublicTable:
    """Publish hourly profiles: new ones only of groups whose annual figures are new and where each hour may be."""
    public = publish_cells(
        tables.HEAT_PROFILE,
        frame.join(frame_of(anew), on=GROUP, how="semi", maintain_order="left"),
        margins=[BY_DWELLING_TYPE, BY_HOUR],
        coarser=demand,
        rule=rule,
    )
    new: Groups = set()
    for homes in standing:
        new |= _judge(HOURS, homes, memory, _cells_shown(public.frame.filter(period=homes.period), homes))
    return settle(public, frame, tables.HEAT_PROFILE, anew=new, within=demand.frame, last=last)


def _judge(level: str, homes: Standing, memory: Memory, cells: Mapping[str, Cells]) -> Groups:
    """Return what may be shown anew: types first, then all, then the national mix where all five types are new."""
    types = sorted(set(cells) - {TOTAL, STOCK})
    wanted = {name: cells[name] for name in [*types, *({TOTAL} & set(cells))]}
    names = memory.accept(level, homes, wanted)
    memory.add(level, homes, {name: cells[name] for name in sorted(names)})
    mixed = {STOCK} if STOCK in cells and set(DWELLING_TYPES) <= names else set()
    return {(name, homes.period) for name in names | mixed}


def show_peaks(demand: PublicTable, profile: PublicTable) -> PublicTable:
    """Take the highest hour of each group from its published profile: the true one may rest on few homes."""
    highest = (
        profile.frame.sort("dwelling_type", "period", "hour_start_utc")
        .group_by(GROUP, maintain_order=True)
        .agg(
            peak_hour_heat_kwh=pl.col("heat_kwh_mean").max(),
            peak_hour_utc=pl.col("hour_start_utc")
            .sort_by("heat_kwh_mean", descending=True, maintain_order=True)
            .first(),
        )
    )
    without = demand.frame.drop("peak_hour_heat_kwh", "peak_hour_utc")
    shown = without.join(highest, on=GROUP, how="left", maintain_order="left").select(demand.frame.columns)
    return replace(demand, frame=shown)


def settle_quantiles(
    quantiles: PublicTable,
    anew: Groups,
    demand: PublicTable,
    standing: Sequence[Standing],
    memory: Memory,
    *,
    last: ReleaseRecord | None,
) -> PublicTable:
    """Show anew the quantiles of types whose annual figures are new, where the homes nearest to them allow it."""
    keys = tables.HEAT_DEMAND_QUANTILE.key
    new: set[tuple[str, str, float]] = set()
    for homes in standing:
        asked = {
            name_window(name, quantile): (name, homes.period, quantile)
            for name, quantile in quantiles.frame.filter(period=homes.period)
            .select("dwelling_type", "quantile")
            .iter_rows()
            if (name, homes.period) in anew
        }
        names = memory.accept(QUANTILE, homes, dict.fromkeys(asked, WHOLE), beside=[YEAR])
        memory.add(QUANTILE, homes, dict.fromkeys(sorted(names), WHOLE))
        new |= {asked[name] for name in names}
    chosen = pl.DataFrame(sorted(new), schema={key: quantiles.frame.schema[key] for key in keys}, orient="row")
    if last is not None and last.threshold < quantiles.threshold:
        last = None  # what it showed rests on as many homes as its own threshold
    return keep_old(
        quantiles, quantiles.frame, tables.HEAT_DEMAND_QUANTILE, anew=chosen, on=keys, within=demand.frame, last=last
    )


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
    return keep_old(
        funnel, funnel.frame, tables.SELECTION_FUNNEL, anew=chosen, on=["period"], within=funnel.frame, last=last
    )


def _cells_shown(rows: pl.DataFrame, homes: Standing) -> dict[str, Cells]:
    """Return, by group, which hours of the period are shown."""
    masks = {}
    for (name,), of in rows.group_by("dwelling_type", maintain_order=True):
        mask = np.zeros(homes.cells, dtype=bool)
        mask[(of["hour_start_utc"] - homes.start).dt.total_hours().to_numpy()] = True
        masks[str(name)] = mask
    return masks
