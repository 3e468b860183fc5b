"""Systems that the published scenario cannot cost, and why."""

from __future__ import annotations

import json

from transforms.lcoh.table import missing_systems
from warehouse.publish import History


def name_not_costed(history: History | None) -> list[str]:
    """Return a line for each system that the compared scenario of a published warehouse lacks a series of.

    Nothing is said of a warehouse that another version published: its assumptions may have other names.
    """
    if history is None or history.older is not None or history.assumption.is_empty():
        return []
    used = json.loads(history.run["settings"][-1])
    scenario, convention = used["scenario"], used["convention"]
    missing = missing_systems(history.assumption, scenario=scenario, convention=convention)
    return [f"{system}: scenario {scenario} has no {' and no '.join(series)}" for system, series in missing.items()]
