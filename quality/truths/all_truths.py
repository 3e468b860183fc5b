"""Truths across tables: conditions that hold if every number is right, each as SQL that finds its breaches.

The conditions say what *holds*; a row is a breach where its condition is not true, so that nulls and rows without
a partner are breaches too (hence the full joins).
"""

from __future__ import annotations

from quality.checks import Check
from quality.truths.homes import check_funnel, check_selection
from quality.truths.lineage import check_judgements, check_sources, check_spans
from quality.truths.profiles import check_annual, check_profiles
from quality.truths.readings import check_hours, check_ledger
from quality.truths.results import check_cost, check_dictionary
from quality.truths.seasons import check_seasons
from quality.truths.weather import check_weather
from transforms.heat.periods import Sufficiency


def check_truths(sufficiency: Sufficiency) -> list[Check]:
    """Return the truths across tables, in the order of the way of the data."""
    return [
        *check_ledger(),
        *check_sources(),
        *check_judgements(),
        *check_spans(),
        *check_hours(),
        *check_selection(sufficiency),
        *check_funnel(),
        *check_profiles(),
        *check_annual(),
        *check_seasons(),
        *check_weather(),
        *check_cost(),
        *check_dictionary(),
    ]
