"""Changes between two warehouses, as numbers and in words."""

from __future__ import annotations

import pytest

from flows.answers.diff import Difference, Moved


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (15_208.0, 15_344.0, "15,208 to 15,344 kWh (+0.9 %)"),
        (15_208.0, 15_207.0, "15,208 to 15,207 kWh (below 0.1 %)"),
        (15_208.0, 15_208.0, "15,208 kWh"),
        (None, 5.3, "none to 5.3 kWh"),
        (5.3, None, "5.3 to none kWh"),
        (0.0, 2.0, "0 to 2 kWh"),
    ],
)
def test_a_number_that_moved_is_shown_with_its_change(before: float | None, after: float | None, text: str) -> None:
    assert Moved(what="all homes", unit="kWh", before=before, after=after).describe() == text


def test_nothing_that_moved_is_said_so() -> None:
    same = Moved(what="all homes, 2009", unit="kWh", before=1.0, after=1.0)
    text = Difference(before="a", after="b", demand=[[same]], costs=[], tables=[], movers=[]).describe()
    assert text.splitlines() == ["from a to b", "  nothing moved"]
