"""The homes behind published values, read from the warehouse: their ids, and a code of each of their hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quality.disclosure.memory import CODE, CODES, HomesOfPeriod, short_codes
from quality.disclosure.settle import TOTAL
from transforms.tables.words import EXCLUSIONS

Query = Callable[[str], pl.DataFrame]

EVERYONE = "everyone"
HALF_HOUR = dt.timedelta(minutes=30)
ALIKE = 1e-9  # a smaller filled share of a home's heat is an error of rounding
INCLUDED = """
SELECT household_id, dwelling_type, period, period_start_utc, period_end_utc, heat_kwh_annual, filled_share
FROM household_period WHERE included ORDER BY ALL
"""
SILENT = """
SELECT period, exclusion_reason, count(*) AS homes FROM household_period
WHERE exclusion_reason IS NOT NULL AND hours_observed = 0 GROUP BY ALL
"""
JUDGED = """
SELECT household_id, period, coalesce(exclusion_reason, 'included') AS part,
    concat_ws(' ', hours_observed, round(heat_kwh_observed, 3)) AS readings  -- NULLs are left out
FROM household_period ORDER BY ALL
"""
HOURS_OF_MONTH = """
SELECT household_id, hour_start_utc, gas_kwh FROM heat_hourly
WHERE hour_start_utc >= TIMESTAMP '{first}' AND hour_start_utc < TIMESTAMP '{last}' AND household_id IN
    (SELECT household_id FROM household_period WHERE included AND period = '{period}')
"""


def read_included(query: Query) -> pl.DataFrame:
    """Return the included homes of every period with their type, annual heat and filled share."""
    return query(INCLUDED)


def find_uneven(included: pl.DataFrame, *, threshold: int) -> set[tuple[str, str]]:
    """Return type (or `all`) and period if some homes have gaps, but fewer than the threshold."""
    both = pl.concat([included, included.with_columns(dwelling_type=pl.lit("all"))])
    gaps = both.group_by("dwelling_type", "period").agg(homes=(pl.col("filled_share") > ALIKE).sum())
    few = gaps.filter(pl.col("homes").is_between(1, threshold - 1))
    return set(few.select("dwelling_type", "period").iter_rows())


def count_silent(query: Query) -> dict[tuple[str, int], int]:
    """Count the homes without a good hour by period and the step of the funnel at which they leave."""
    step = {name: n for n, name in enumerate(EXCLUSIONS, start=1)}
    return {(period, step[reason]): homes for period, reason, homes in query(SILENT).iter_rows()}


def count_half_hours(query: Query) -> int:
    """Count the half-hours between the first and the last reading of all sources: the most that one home can deliver."""
    span = query("SELECT min(first_interval_utc) AS first, max(last_interval_utc) AS last FROM source").row(0)
    return 0 if None in span else int((span[1] - span[0]) / HALF_HOUR) + 1


def read_homes(query: Query, included: pl.DataFrame, windows: pl.DataFrame) -> list[HomesOfPeriod]:
    """Return the included homes of every period in groups: by type, all, and those behind each quantile of `windows`."""
    periods = query("SELECT DISTINCT period FROM household_period ORDER BY period")["period"]
    return [_group(query, period, included.filter(period=period), windows.filter(period=period)) for period in periods]


def _group(query: Query, period: str, included: pl.DataFrame, windows: pl.DataFrame) -> HomesOfPeriod:
    types, start = included["dwelling_type"], included["period_start_utc"].first()
    of_types = {str(name): (types == name).to_numpy() for name in types.unique().sort()}
    of_windows = {
        name_window(str(name), float(str(quantile))): included["household_id"]
        .is_in(rows["household_id"].implode())
        .to_numpy()
        for (name, quantile), rows in windows.group_by("dwelling_type", "quantile", maintain_order=True)
    }
    return HomesOfPeriod(
        period=period,
        start=start if isinstance(start, dt.datetime) else None,
        ids=included["household_id"].to_list(),
        codes=code_hours(query, period, included),
        groups={**of_types, TOTAL: np.ones(len(included), dtype=bool), **of_windows},
    )


def read_steps(query: Query) -> list[HomesOfPeriod]:
    """Return all homes of every period in groups by the step of the funnel at which they leave."""
    return [
        HomesOfPeriod(
            period=str(period),
            start=None,
            ids=rows["household_id"].to_list(),
            codes=short_codes(map(str.encode, rows["readings"])),
            groups={
                EVERYONE: np.ones(len(rows), dtype=bool),
                **{part: (rows["part"] == part).to_numpy() for part in rows["part"].unique().sort()},
            },
        )
        for (period,), rows in query(JUDGED).group_by("period", maintain_order=True)
    ]


def name_window(dwelling_type: str, quantile: float) -> str:
    """Return the name of the group of homes behind a quantile, for the memory of releases."""
    return f"{dwelling_type} {quantile:g}"


def code_hours(query: Query, period: str, included: pl.DataFrame) -> NDArray[np.uint16]:
    """Return a code for each home and hour of a period: 0 without a good reading, otherwise a number that depends on its gas.

    Months are read one after the other, so that memory holds two bytes per home and hour, and not the readings.
    """
    if included.is_empty():
        return np.zeros((0, 0), dtype=CODE)
    start, end = included["period_start_utc"][0], included["period_end_utc"][0]
    codes = np.zeros((len(included), int((end - start) / dt.timedelta(hours=1))), dtype=CODE)
    rows = included.select("household_id").with_row_index("row")
    hour = (pl.col("hour_start_utc") - start).dt.total_hours()
    code = (pl.col("gas_kwh") * 10_000).round().cast(pl.Int64) % CODES + 1
    for first, last in pairwise(_borders(start, end)):
        found = query(HOURS_OF_MONTH.format(first=first, last=last, period=period.replace("'", "''")))
        placed = found.join(rows, on="household_id").select("row", hour=hour, code=code)
        codes[placed["row"].to_numpy(), placed["hour"].to_numpy()] = placed["code"].to_numpy().astype(CODE)
    return codes


def _borders(start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    """Return the start of a period, the first moments of the months within it, and its end."""
    inside = pl.datetime_range(start, end, "1mo", eager=True).dt.month_start().dt.truncate("1d").unique().sort()
    return [start, *(moment for moment in inside if start < moment < end), end]
