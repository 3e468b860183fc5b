"""Disclosure control: what every page and every download passes before it leaves the restricted tier.

Nothing published rests on fewer than ten homes. A cell below the threshold loses its values, published counts
of homes are rounded, a hidden cell that could be worked out from the cells around it takes a companion (`rule`), and
a cell that would show few homes beside an earlier release keeps its old value (`parts`). `publish_all` is the one
way out.
"""

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
    publish_cells,
    publish_costs,
    publish_quantiles,
    publish_season,
    publish_weather_days,
)
from quality.disclosure.changes import add_changes
from quality.disclosure.everything import publish_all
from quality.disclosure.rule import (
    BY_DWELLING_TYPE,
    BY_HOUR,
    COMPANION,
    DEFAULT_RULE,
    FEW_CHANGES,
    FEW_HOMES,
    FLOOR,
    DisclosureRule,
    Margin,
    suppress_small_cells,
)

__all__ = [
    "BY_DWELLING_TYPE", "BY_HOUR", "COMPANION", "DEFAULT_RULE", "FEW_CHANGES", "FEW_HOMES", "FLOOR", "DisclosureRule",
    "Margin", "add_changes", "publish_all", "publish_cells", "publish_checks", "publish_costs", "publish_external", "publish_flags",
    "publish_funnel", "publish_gate_runs", "publish_judgements", "publish_ledger", "publish_months", "publish_open",
    "publish_quantiles", "publish_season", "publish_weather_days", "suppress_small_cells",
]  # fmt: skip
