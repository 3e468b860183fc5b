"""Alarms: each is SQL that finds rows that are not wrong but unusual, by stated limits.

Truths (`quality/truths`) must hold in every warehouse. Alarms depend on what was published before, on the day of the
run and on limits that are data (`warehouse/assumptions/alarm.csv`, `flag_share.csv`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from quality.alarms.deliveries import check_feeds, check_hours, check_months
from quality.alarms.drift import Previous, check_drift
from quality.alarms.flags import check_flag_shares, check_judged
from quality.alarms.levels import check_levels
from quality.alarms.limits import AlarmLimits
from quality.checks import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """The facts that the alarms compare a candidate with.

    Parameters
    ----------
    limits, flag_shares
        From `alarm.csv` and `flag_share.csv`.
    run_date
        The day of the run, UTC.
    freshness_days
        Age of a feed's newest reading that is an alarm [d]; None: not judged.
    large_sources
        Sources with enough homes and readings for a figure of theirs to stop a publication.
    accepted
        Sources that a person has accepted: their level and flags do not stop a publication.
    previous
        Figures of the published snapshot; None: there is none, and drift is not judged.
    drift_is_explained
        What explains that figures move, such as other code; with it drift is a warning.

    """

    limits: AlarmLimits
    flag_shares: pl.DataFrame
    run_date: dt.date
    freshness_days: int | None = None
    large_sources: Collection[str] = ()
    accepted: Collection[str] = ()
    previous: Previous | None = None
    drift_is_explained: str | None = None


def check_alarms(given: Circumstances) -> list[Check]:
    """Return the alarms, in the order of the way of the data."""
    return [
        *check_feeds(given.limits, run_date=given.run_date, freshness_days=given.freshness_days),
        check_hours(),
        *check_months(given.limits),
        *check_flag_shares(given.flag_shares, given.limits, large_sources=given.large_sources, accepted=given.accepted),
        check_judged(given.limits),
        *check_levels(given.limits, accepted=given.accepted),
        *([] if given.previous is None else check_drift(given.previous, given.limits, given.drift_is_explained)),
    ]
