"""The changes since an earlier release, computed only from the values that both releases show."""

from __future__ import annotations

from dataclasses import replace

from quality.disclosure.cells import publish_computed
from transforms.public.changes import compare_demand, compare_tables
from transforms.public.public import PUBLIC_TABLES, Release, ShownRelease
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.published import DEMAND_CHANGE, TABLE_CHANGE

CHANGES = (DEMAND_CHANGE.name, TABLE_CHANGE.name)


def add_changes(release: Release, earlier: ShownRelease | None) -> Release:
    """Return the release with the tables of changes since an earlier one; they are empty if there is none.

    A release with a lower threshold is not compared: its values may rest on fewer homes than today's rule allows.
    """
    demand = release.tables[HEAT_DEMAND_ANNUAL.name]
    frames = {DEMAND_CHANGE: DEMAND_CHANGE.empty(), TABLE_CHANGE: TABLE_CHANGE.empty()}
    if earlier is not None and earlier.threshold >= release.record.threshold:
        compared = [PUBLIC_TABLES[name] for name in sorted(release.tables) if name not in CHANGES]
        now, since = {table.name: release.tables[table.name].frame for table in compared}, earlier.release_id
        before = earlier.shown.get(HEAT_DEMAND_ANNUAL.name, demand.frame.clear())
        frames = {
            DEMAND_CHANGE: compare_demand(before, demand.frame, since=since),
            TABLE_CHANGE: compare_tables(earlier.shown, now, compared, since=since),
        }
    changes = {table.name: publish_computed(table, frame, of=demand) for table, frame in frames.items()}
    return replace(release, tables={**release.tables, **changes})
