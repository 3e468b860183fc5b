"""Disclosure control of the heat of dwelling types, given everything that was ever published: year, hours, quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quality.disclosure.cells import publish_cells
from quality.disclosure.homes import name_window
from quality.disclosure.memory import HOURS, QUANTILE, WHOLE, YEAR, Control, ReleaseMemory, Standing
from quality.disclosure.rule import BY_DWELLING_TYPE, BY_HOUR
from quality.disclosure.settle import GROUP, STOCK, TOTAL, Groups, frame_of, groups_of, keep_old, settle
from transforms.public.public import PublicTable
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.published import HEAT_DEMAND_QUANTILE
from transforms.tables.words import DWELLING_TYPES

Cells = NDArray[np.bool_]


def publish_year(
    frame: pl.DataFrame,
    standing: Sequence[Standing],
    control: Control,
) -> tuple[PublicTable, Groups]:
    """Publish annual demand; return it with the groups whose values are new."""
    memory, last, rule = control.memory, control.last, control.rule
    changed = {
        (name, homes.period)
        for homes in standing
        for name in sorted(memory.was_shown(YEAR, homes) & set(homes.now) - {TOTAL})
        if not memory.accept(YEAR, homes, {name: WHOLE})
    }
    # a type that keeps its old values is judged by the homes behind these, not by today's homes
    kept = frame_of(changed)
    old = frame.clear() if last is None else last.shown[HEAT_DEMAND_ANNUAL.name].join(kept, on=GROUP, how="semi")
    today = frame.join(old, on=GROUP, how="anti", maintain_order="left")
    both = pl.concat([today, old], how="diagonal_relaxed")
    public = publish_cells(HEAT_DEMAND_ANNUAL, both, margins=[BY_DWELLING_TYPE], rule=rule)
    shown = groups_of(public.frame) - changed
    anew: Groups = set()
    for homes in standing:
        cells = {name: WHOLE for name, period in sorted(shown) if period == homes.period}
        anew |= judge(YEAR, homes, memory, cells)
    return settle(public, frame, HEAT_DEMAND_ANNUAL, anew=anew, within=public.frame, last=last), anew


def publish_hours(
    frame: pl.DataFrame,
    anew: Groups,
    demand: PublicTable,
    standing: Sequence[Standing],
    control: Control,
) -> PublicTable:
    """Publish hourly profiles; a profile is new only if the group's annual values are new and every hour may be shown."""
    public = publish_cells(
        HEAT_PROFILE,
        frame.join(frame_of(anew), on=GROUP, how="semi", maintain_order="left"),
        margins=[BY_DWELLING_TYPE, BY_HOUR],
        coarser=demand,
        rule=control.rule,
    )
    new: Groups = set()
    for homes in standing:
        new |= judge(HOURS, homes, control.memory, _cells_shown(public.frame.filter(period=homes.period), homes))
    return settle(public, frame, HEAT_PROFILE, anew=new, within=demand.frame, last=control.last)


def judge(level: str, homes: Standing, memory: ReleaseMemory, cells: Mapping[str, Cells]) -> Groups:
    """Return the groups that may be shown anew: types first, then all, then the national mix if all five types are new."""
    types = sorted(set(cells) - {TOTAL, STOCK})
    wanted = {name: cells[name] for name in [*types, *({TOTAL} & set(cells))]}
    names = memory.accept(level, homes, wanted)
    memory.add(level, homes, {name: cells[name] for name in sorted(names)})
    mixed = {STOCK} if STOCK in cells and set(DWELLING_TYPES) <= names else set()
    return {(name, homes.period) for name in names | mixed}


def show_peaks(demand: PublicTable, profile: PublicTable) -> PublicTable:
    """Take the highest hour of each group from its published profile, since the true highest hour may rest on few homes."""
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
    control: Control,
) -> PublicTable:
    """Show anew the quantiles of types whose annual values are new, if the homes nearest to them allow it."""
    keys, memory, last = HEAT_DEMAND_QUANTILE.key, control.memory, control.last
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
        last = None  # its values may rest on fewer homes than today's threshold
    return keep_old(quantiles, quantiles.frame, HEAT_DEMAND_QUANTILE, anew=chosen, within=demand.frame, last=last)


def _cells_shown(rows: pl.DataFrame, homes: Standing) -> dict[str, Cells]:
    """Return for each group which hours of the period are shown."""
    masks = {}
    for (name,), of in rows.group_by("dwelling_type", maintain_order=True):
        mask = np.zeros(homes.cells, dtype=bool)
        mask[(of["hour_start_utc"] - homes.start).dt.total_hours().to_numpy()] = True
        masks[str(name)] = mask
    return masks
