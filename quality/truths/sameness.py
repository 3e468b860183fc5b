"""When two ways of adding give the same figure."""

from __future__ import annotations

RELATIVE_TOLERANCE = 1e-9  # the order of addition costs less, a lost row costs more


def same(left: str, right: str) -> str:
    """Return the SQL condition that two numbers agree; it is null if one of them is."""
    return f"abs({left} - {right}) <= {RELATIVE_TOLERANCE} * greatest(abs({left}), abs({right}))"
