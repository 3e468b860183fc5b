"""Numbers as readers see them: one sign for what is below zero, none for what is shown as zero, no line before a per cent sign."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from markupsafe import Markup

from reports import text

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("show", "below_zero", "nearly_zero"),
    [
        (text.number, (-5.3, f"{MINUS}5"), (-0.2, "0")),
        (lambda value: text.number(value, 1), (-1234.5, f"{MINUS}1,234.5"), (-0.04, "0.0")),
        (text.gbp, (-12.4, f"{MINUS}£12"), (-0.2, "£0")),
        (text.kwh, (-12.4, f"{MINUS}12 kWh"), (-0.2, "0 kWh")),
        (lambda value: text.percent(value, 1), (-0.05, f"{MINUS}5.0 %"), (-0.0001, "0.0 %")),
        (text.signed, (-0.05, f"{MINUS}5.0 %"), (-0.0001, "0.0 %")),
        (text.celsius, (-4.6, f"{MINUS}4.6\N{NO-BREAK SPACE}°C"), (-0.04, "0.0\N{NO-BREAK SPACE}°C")),
        (text.assumed, (-0.25, f"{MINUS}0.25"), (-0.0, "0")),
        (text.significant, (-1234.0, f"{MINUS}1,234"), (-0.0, "0.00")),
    ],
)
def test_a_negative_number_has_a_minus_and_what_is_shown_as_zero_has_none(
    show: Callable[[float], str], below_zero: tuple[float, str], nearly_zero: tuple[float, str]
) -> None:
    for value, shown in (below_zero, nearly_zero):
        assert show(value) == shown


def test_a_rise_has_its_sign_and_a_rise_that_is_shown_as_zero_has_none() -> None:
    assert (text.signed(0.05), text.signed(0.0001)) == ("+5.0 %", "0.0 %")


def test_no_line_ends_before_a_per_cent_sign_and_markup_stays_as_it_is() -> None:
    assert text.unbroken("44 % of 3 %") == "44\N{NO-BREAK SPACE}% of 3\N{NO-BREAK SPACE}%"
    assert text.unbroken("per cent [ %]") == "per cent [ %]"
    markup = Markup("44 %")
    assert text.unbroken(markup) is markup
    assert text.unbroken(None) is None
