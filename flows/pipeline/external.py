"""The external check of a run: its published tables are compared with the studies in the folder of references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from flows.progress import say
from transforms.external.compare import ExternalCheck, check_external
from transforms.external.days import compare_days
from transforms.external.own import summarise_own
from transforms.external.reference import References
from transforms.public.public import PublicTable
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON
from transforms.tables.published import EXTERNAL_CHECK
from warehouse.reference_folder import read_reference_folder

FLUVIUS = "Fluvius 2024"
NO_FOLDER = "no folder of references is set; name one as reference_folder"

# Whole days of the homes that a period includes. `compare_days` returns only values of ten or more homes together.
WHOLE_DAYS = """
SELECT h.household_id, CAST(h.hour_start_utc AS DATE) AS date, sum(h.gas_kwh) AS gas_kwh
FROM heat_hourly h
JOIN household_period p ON p.household_id = h.household_id AND p.included AND p.period = '{period}'
    AND h.hour_start_utc >= p.period_start_utc AND h.hour_start_utc < p.period_end_utc
GROUP BY ALL HAVING count(*) = 24
"""
MEAN_TEMPERATURE = """
SELECT CAST(hour_start_utc AS DATE) AS date, avg(temperature_c) AS temperature_mean_c
FROM temperature_hourly GROUP BY ALL HAVING count(*) = 24
"""


def compare_with_studies(
    query: Callable[[str], pl.DataFrame],
    folder: Path | None,
    published: Mapping[str, PublicTable],
    *,
    origin: str | None,
) -> ExternalCheck:
    """Compare the published warehouse with the studies in a folder; missing and refused files are printed.

    Parameters
    ----------
    query
        Runs SQL on the published warehouse.
    folder
        The folder of references, or None.
    published
        The run's tables after disclosure control.
    origin
        What made the homes up; None if they are real.

    """
    if folder is None:
        return ExternalCheck(EXTERNAL_CHECK.empty(), (NO_FOLDER,))
    found = read_reference_folder(folder)
    profile, season, demand = (
        published[table.name] for table in (HEAT_PROFILE, HEAT_PROFILE_SEASON, HEAT_DEMAND_ANNUAL)
    )
    own = summarise_own(profile, season, demand, origin=origin)
    check = check_external(own, found.references)
    days = EXTERNAL_CHECK.empty() if own is None else _compare_days(query, found.references, own.period, origin)
    left_out = (
        *(f"{pattern}: no such file in the folder of references" for pattern in found.missing),
        *(f"{name}: refused, {why}" for name, why in found.refused.items()),
        *check.not_compared,
    )
    for what in left_out:
        say(f"not compared with published studies: {what}")
    return ExternalCheck(pl.concat([check.rows, days]).sort(EXTERNAL_CHECK.key), left_out)


def _compare_days(
    query: Callable[[str], pl.DataFrame], references: References, period: str, origin: str | None
) -> pl.DataFrame:
    if references.daily_gas.is_empty():
        return EXTERNAL_CHECK.empty()
    return compare_days(
        query(WHOLE_DAYS.format(period=period.replace("'", "''"))),
        references.daily_gas,
        study=FLUVIUS,
        origin=origin,
        own_temperature=query(MEAN_TEMPERATURE),
    )
