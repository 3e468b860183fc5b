"""Rules as data: each bound of a rule carries its unit, status and source, and becomes a row of assumptions."""

from __future__ import annotations

from dataclasses import field, fields
from typing import TYPE_CHECKING, TypeVar

import polars as pl

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


Number = TypeVar("Number", int, float)


def bound(value: Number, *, unit: str, status: str, source: str) -> Number:
    """Declare a bound of a rule: its default value, unit, status and source."""
    metadata = {"unit": unit, "status": status, "source": source}
    return field(default=value, metadata=metadata)


def describe_rule(item: str, rule: DataclassInstance) -> pl.DataFrame:
    """Return the bounds of a rule, a dataclass whose fields are declared by `bound`, as rows of `ASSUMPTION`."""
    rows = [
        {
            "scenario": "all",
            "item": item,
            "parameter": one.name,
            "year": 0,
            "value": float(getattr(rule, one.name)),
            "price_base": "none",
            **one.metadata,
        }
        for one in fields(rule)
    ]
    return pl.DataFrame(rows)
