"""Disclosure control of the peaks of many homes together (decision 12).

A row is a mean over many groups of the homes that are complete on the coldest days. These homes are judged like the homes
behind a year of heat. A value could still show how much one home adds to it, so it is rounded to coarse steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from quality.disclosure.heat import judge
from quality.disclosure.homes import Query
from quality.disclosure.memory import DIVERSITY_LEVEL, WHOLE, Control, HomesOfPeriod, ReleaseMemory, short_codes
from quality.disclosure.rule import (
    BY_DWELLING_TYPE,
    DIGITS,
    FEW_HOMES,
    FLOOR,
    DisclosureRule,
    in_steps,
    rounded,
    suppress_small_cells,
)
from quality.disclosure.settle import GROUP, STOCK, TOTAL, keep_old
from transforms.peaks.diversity import BAND
from transforms.peaks.diversity_curve import PeakCurve
from transforms.public.public import PUBLIC_TABLES, PublicTable
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.words import DWELLING_TYPES

KEYS = [*GROUP, "interval_minutes"]
MIDDLE, ENDS = "peak_kw_p50", ("peak_kw_p05", "peak_kw_p95")
CURVE_DIGITS = 2  # significant digits of the parameters: how fast the peak falls, and how much homes differ
GROUPS_APART = (
    5  # groups of as many homes as the threshold that a type has without a home in common, for their ends to be shown
)
SHARES_AT_ENDS = 4  # homes at the ends lie further apart than those in the middle, so their steps are coarser
TYPES_AT_LEAST = (
    3  # no dwelling type is more than a third of the stock: a home of it weighs at most a third of its type
)
MEMBERS = """
SELECT d.period, d.interval_minutes, d.household_id, h.dwelling_type, d.heat_kwh_observed
FROM diversity_home d JOIN household h USING (household_id) ORDER BY ALL
"""


def publish_diversity(query: Query, demand: PublicTable, control: Control) -> PublicTable:
    """Publish peaks of the groups whose demand is shown and that have enough complete homes; a peak is new, or as before."""
    last, rule = control.last, control.rule
    asked, curves = (query(f"SELECT * FROM {name} ORDER BY ALL") for name in ("diversity", "diversity_curve"))
    members = query(MEMBERS)
    counts = _count(members)
    shown, hidden = suppress_small_cells(counts, keys=KEYS, margins=[BY_DWELLING_TYPE], rule=rule)
    visible = shown.join(demand.frame, on=GROUP, how="semi").join(asked, on=KEYS, how="semi").select(KEYS)
    peaks = [
        coarsen_peaks(asked.filter(**curve_key(curve)), curve, homes=_weighing(curve, counts), rule=rule)
        for curve in curves.join(visible, on=KEYS, how="semi").sort(KEYS).iter_rows(named=True)
    ]
    frame = pl.concat([PUBLIC_TABLES[DIVERSITY.name].empty(), *peaks])
    because = (
        asked.join(frame, on=DIVERSITY.key, how="anti", maintain_order="left")
        .join(hidden, on=KEYS, how="left", maintain_order="left")
        .select(*DIVERSITY.key, pl.col("because").fill_null(FEW_HOMES))
    )
    public = PublicTable(DIVERSITY.name, frame, because, rule.threshold)
    anew = _judge_members(members, visible, control.memory)
    if last is not None and last.threshold < rule.threshold:
        last = None  # its values may rest on fewer homes than today's threshold
    return keep_old(public, asked, DIVERSITY, anew=anew, within=demand.frame, last=last)


def coarsen_peaks(rows: pl.DataFrame, curve: Mapping[str, Any], *, homes: float, rule: DisclosureRule) -> pl.DataFrame:
    r"""Return the peaks of one group of homes, rounded to at least the amount that one home adds, with the ends that may be shown.

    Measured rows are rounded. Rows beyond them come from the curve through the rounded ones, and its parameters are rounded
    too, so that many rows reveal no more than the few numbers that they are computed from.

    A quantile of groups of n dwellings rests on :math:`2 q m` of the m homes, and on the n homes of each group. So the ends
    are shown if either number reaches the threshold. They are never shown if the homes are fewer than `GROUPS_APART` times
    the threshold, since one group would hold most of them. For more dwellings than were measured, they are shown if they are
    for the largest measured number.

    Parameters
    ----------
    rows
        Rows of `DIVERSITY` of one group.
    curve
        Its row of `DIVERSITY_CURVE`.
    homes
        The number of homes m of which one has the weight of a home in the group [1].
    rule
        The rule.

    """
    enough = 2 * min(BAND[0], 1 - BAND[1]) * homes >= rule.threshold
    apart = homes >= GROUPS_APART * rule.threshold
    few = pl.col("dwellings") < rule.threshold
    rows = rows.with_columns(rounded("households", rule))
    single = rule.threshold > FLOOR  # the middle of single homes is a mean of FLOOR homes
    measured = (
        rows.filter(~pl.col("extrapolated"), (pl.col("dwellings") > 1) | (not single))
        .with_columns(
            in_steps(pl.col(MIDDLE), pl.col(MIDDLE) / homes),
            *(
                pl.when((~few & pl.lit(apart)) | pl.lit(enough)).then(
                    in_steps(pl.col(end), pl.col(end) / homes * pl.when(few).then(SHARES_AT_ENDS).otherwise(1))
                )
                for end in ENDS
            ),
        )
        .sort("dwellings")
    )
    if measured.is_empty():
        return measured
    of_many = read_curve(measured.row(-1, named=True), curve, homes=homes)
    low, high = (measured[end][-1] is not None for end in ENDS)
    beyond = rows.filter("extrapolated").sort("dwellings")
    drawn = [(of_many.median(n), *of_many.band(n)) for n in beyond["dwellings"]]
    figures = np.array(drawn, dtype=np.float64).reshape(len(drawn), len(ENDS) + 1).T
    extrapolated = beyond.with_columns(
        pl.Series(MIDDLE, figures[0]).round_sig_figs(DIGITS),
        *(
            pl.Series(end, values).round_sig_figs(DIGITS) if yes else pl.lit(None, dtype=pl.Float64).alias(end)
            for end, values, yes in zip(ENDS, figures[1:], (low, high), strict=True)
        ),
    )
    return pl.concat([measured, extrapolated]).select(*PUBLIC_TABLES[DIVERSITY.name].schema)


def read_curve(last: Mapping[str, Any], curve: Mapping[str, Any], *, homes: float) -> PeakCurve:
    """Return the curve through the last measured row that is published, with rounded parameters."""
    dwellings, middle = int(last["dwellings"]), float(last[MIDDLE])
    about = max(round(homes / FLOOR) * FLOOR, FLOOR)
    wider = np.sqrt(1 + dwellings / about)
    below, above = (0.0 if last[end] is None else abs(float(last[end]) - middle) / wider for end in ENDS)
    limit = pl.select(in_steps(pl.lit(float(curve["limit_kw"])), pl.lit(curve["limit_kw"] / homes))).item()
    fall, spread = (
        pl.Series([float(curve[name])]).round_sig_figs(CURVE_DIGITS)[0] for name in ("exponent", "sd_of_homes_kw")
    )
    return PeakCurve(
        homes=about,
        medians_kw={dwellings: middle},
        below_kw={dwellings: below},
        above_kw={dwellings: above},
        limit_kw=min(limit, middle),
        exponent=fall,
        sd_of_homes_kw=spread,
    )


def curve_key(curve: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key of a group."""
    return {name: curve[name] for name in KEYS}


def _count(members: pl.DataFrame) -> pl.DataFrame:
    """Return the number of complete homes of each group, including types of few homes."""
    national = members.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES))
    groups = [
        members,
        *(of.with_columns(dwelling_type=pl.lit(name)) for name, of in ((TOTAL, members), (STOCK, national))),
    ]
    return pl.concat(groups).group_by(KEYS).agg(households=pl.len().cast(pl.Int64)).sort(KEYS)


def _weighing(curve: Mapping[str, Any], counts: pl.DataFrame) -> float:
    """Return the number of homes of which one home is a share; in the stock, homes of the smallest type weigh the most."""
    if curve["dwelling_type"] != STOCK:
        return float(curve["households"])
    of_types = counts.filter(
        pl.col("dwelling_type").is_in(DWELLING_TYPES),
        period=curve["period"],
        interval_minutes=curve["interval_minutes"],
    )
    return float(TYPES_AT_LEAST * of_types["households"].to_numpy().min())


def _judge_members(members: pl.DataFrame, visible: pl.DataFrame, memory: ReleaseMemory) -> pl.DataFrame:
    """Return the groups whose complete homes may be shown anew, given all complete homes that were ever shown."""
    anew = visible.clear()
    for (period, minutes), of in members.group_by("period", "interval_minutes", maintain_order=True):
        types, level = of["dwelling_type"], DIVERSITY_LEVEL[int(str(minutes))]
        marks = {str(name): (types == name).to_numpy() for name in types.unique().sort()}
        homes = HomesOfPeriod(
            period=str(period),
            start=None,
            ids=of["household_id"].to_list(),
            codes=short_codes(f"{kwh:.3f}".encode() for kwh in of["heat_kwh_observed"]),
            groups={**marks, TOTAL: np.ones(len(of), dtype=bool)},
        )
        names = visible.filter(period=period, interval_minutes=minutes)["dwelling_type"].sort()
        found = judge(level, memory.stand(level, homes), memory, dict.fromkeys(names, WHOLE))
        rows = [(name, of_period, minutes) for name, of_period in sorted(found)]
        anew = pl.concat([anew, pl.DataFrame(rows, schema=visible.schema, orient="row")])
    return anew
