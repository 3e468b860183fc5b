"""The errors of the cost model, for assumptions, scenarios and conventions that cannot be used."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

_NEAR: Final = 4


class AssumptionError(ValueError):
    """An assumption cannot be used; the message names its place, the fault and the next step."""


class UnknownNameError(AssumptionError):
    """A parameter, scenario or convention is asked for that does not exist."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error for an unknown name, with a few near matches, or else all known names."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=_NEAR, cutoff=0.5)
    near += [n for n in names if name and name in n and n not in near][: _NEAR - len(near)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    return UnknownNameError(f"no {kind} is named {name!r}; {hint}")


def check_delivered(convention: str, denominator: str) -> None:
    """Refuse a convention that divides the cost of networks by the heat produced, since systems cannot be compared by it.

    Raises
    ------
    AssumptionError
        The message names a convention that can be used.

    """
    if denominator != "delivered":
        message = (
            f"convention {convention} divides a network's cost by the heat {denominator}, on which systems cannot be "
            "compared: take one that divides by the heat delivered, such as best_practice"
        )
        raise AssumptionError(message)
