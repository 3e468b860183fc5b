"""The work of one unit: load from the lake, transform, write; the object written last commits it."""

from __future__ import annotations

from collections.abc import Sequence

from flows.pipeline.costs import CostUnit, work_costs
from flows.pipeline.diversity import DiversityUnit, work_diversity
from flows.pipeline.history import DigestUnit, HistoryUnit, work_digest, work_history
from flows.pipeline.inputs import Inputs
from flows.pipeline.months import MonthUnit, work_month
from flows.pipeline.periods import PeriodUnit, work_period
from flows.pipeline.unit import Unit, is_missing
from flows.settings import Settings
from warehouse.lake import Lake


def work_unit(lake: Lake, settings: Settings, unit: Unit, inputs: Inputs) -> dict[str, int]:
    """Do the work of a unit of any stage and return its counts."""
    match unit:
        case DigestUnit():
            return work_digest(lake, unit, inputs)
        case HistoryUnit():
            return work_history(lake, unit)
        case MonthUnit():
            return work_month(lake, unit, inputs)
        case PeriodUnit():
            return work_period(lake, unit, inputs, settings)
        case DiversityUnit():
            return work_diversity(lake, unit, inputs, settings)
        case CostUnit():
            return work_costs(lake, unit, inputs, settings)
        case _:
            message = f"nobody works on {type(unit).__name__}"
            raise TypeError(message)


def work_inline(lake: Lake, settings: Settings, units: Sequence[Unit], inputs: Inputs) -> None:
    """Work on the units that are not done, one after the other: the few that appeared before the lock was held."""
    for unit in units:
        if is_missing(lake, unit):
            work_unit(lake, settings, unit, inputs)
