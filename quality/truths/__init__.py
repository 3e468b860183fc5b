"""Truths across tables: what must hold between them if every number is right, each as SQL that finds its breaches.

The conditions say what *holds*; a row is a breach where its condition is not true, so that nulls and rows without
a partner are breaches too (hence the full joins).
"""

from __future__ import annotations

from quality.checks import Check
from quality.truths.homes import check_selection
from quality.truths.profiles import check_annual, check_profiles
from quality.truths.readings import check_hours, check_ledger
from quality.truths.results import check_cost, check_dictionary
from transforms.periods import Sufficiency


def check_truths(sufficiency: Sufficiency) -> list[Check]:
    """Return the truths across tables, in the order of the way of the data."""
    return [
        *check_ledger(),
        *check_hours(),
        *check_selection(sufficiency),
        *check_profiles(),
        *check_annual(),
        *check_cost(),
        *check_dictionary(),
    ]


__all__ = ["check_truths"]
