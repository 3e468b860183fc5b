"""No cell of a CSV file starts a formula, for any name of a file, and numbers stay numbers."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.public.inert_cells import make_inert

STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def inert(text: str) -> str:
    """Return one text made inert."""
    return str(make_inert(pl.DataFrame({"name": [text]}))["name"][0])


@pytest.mark.parametrize("text", ['=cmd|" /C calc"!A1', "+1+1", "-2+3", "@SUM(A1)", " =1", "\xa0=1", "\uff1d1"])
def test_a_formula_of_a_spreadsheet_gets_an_apostrophe(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("control", ["\t", "\r", "\n"])
def test_a_cell_that_starts_with_a_control_character_gets_one_too(control: str) -> None:
    assert inert(f"{control}gas") == f"'{control}gas"
    assert inert(f"{control}=1") == f"'{control}'=1"


@pytest.mark.parametrize(
    "text", ["gas=1.csv", "2009/edrp_gas.csv", "a - b", "-5", "+5.25", "-1e-3", "", "<script>", "x\u202e=1"]
)
def test_other_text_stays_unchanged(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n"])
def test_a_formula_behind_another_separator_of_cells_is_found(separator: str) -> None:
    assert inert(f"gas{separator}=cmd()") == f"gas{separator}'=cmd()"


def test_figures_and_missing_values_are_left_alone() -> None:
    frame = pl.DataFrame({"kwh": [-1.5, 2.0], "homes": [-1, 2], "note": [None, "=1"], "passed": [True, False]})
    guarded = make_inert(frame)
    assert guarded.drop("note").equals(frame.drop("note"))
    assert guarded["note"].to_list() == [None, "'=1"]
    assert guarded.schema == frame.schema


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from([*STARTS, *"a1 ;,\t\r\n'\"."]), max_size=12))
def test_no_cell_or_part_of_one_starts_a_formula(text: str) -> None:
    guarded = inert(text)
    if guarded.replace("'", "") == text and _is_number(text):
        return
    parts = guarded.replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";")
    assert [part for part in parts if part.lstrip().startswith(STARTS)] == []
    assert guarded.replace("'", "") == text.replace("'", ""), "nothing but apostrophes is added"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()
