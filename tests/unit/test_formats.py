"""A file is recognised by its header, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms.readings import formats, headers
from transforms.readings.declaration import Format, GasConversion, NotUsedError, RefusalError, normalise_name
from transforms.readings.formats import FORMATS
from transforms.readings.headers import recognise
from transforms.readings.plain_lines import parse_text
from transforms.readings.recognition import find_layout

HEADERS = {
    "edrp": "ANON_ID,ADVANCEDATETIME,HH,GASKWH",
    "octopus": "Consumption (m³), Start, End",
    "octopus_kwh": "Consumption (kwh), Start, End",
    "canonical": "household_id,interval_start_utc,gas_kwh",
    "households": "anonID,dwelling_type",
    "temperature_daily": "date,temperature_mean_c",
    "temperature_hourly": "hour_start_utc,temperature_c",
}


@pytest.mark.parametrize(("name", "header"), HEADERS.items())
def test_every_format_is_recognised_by_its_header(name: str, header: str) -> None:
    layout = recognise(header.split(","))
    assert layout.format.name == name
    assert layout.width == header.count(",") + 1


READABLE = [known for known in FORMATS if known.kind == "readings" and known.unusable is None]


@pytest.mark.parametrize(
    "known", [known for known in READABLE if known.name != "green_button"], ids=lambda known: known.name
)
def test_the_example_of_a_format_is_recognised_and_read(known: Format) -> None:
    text = "\n".join(known.example) + "\n"
    layout = find_layout(text.encode(), is_whole=True)
    assert layout.format.name == known.name
    parsed = parse_text(text.encode(), layout, 1, clock="utc", conversion=GasConversion())
    assert parsed.header_lines == 1
    assert len(parsed.readings) == (48 if known.shape == "day" else 1)
    assert parsed.rejects.is_empty()
    assert parsed.readings["gas_kwh"].is_finite().all()


@pytest.mark.parametrize(
    "known", [known for known in FORMATS if known.unusable is not None], ids=lambda known: known.name
)
def test_a_known_format_without_half_hours_is_refused_with_the_reason(known: Format) -> None:
    with pytest.raises(RefusalError, match="register"):
        find_layout("\n".join(known.example).encode() + b"\n", is_whole=True)


def test_every_format_has_a_description_and_two_example_lines() -> None:
    assert all(known.title and len(known.example) == 2 for known in FORMATS)
    assert len({known.name for known in FORMATS}) == len(FORMATS)


@pytest.mark.parametrize(
    "header",
    [
        "anon_id,advancedatetime,hh,gaskwh",
        " ANON_ID , ADVANCEDATETIME,HH ,GASKWH\r",
        '"ANON_ID","ADVANCEDATETIME","HH","GASKWH"',
        "\ufeffANON_ID,ADVANCEDATETIME,HH,GASKWH",
        "AnonId,AdvanceDateTime,Hh,GasKwh",
    ],
)
def test_case_blanks_quotes_and_bom_may_vary(header: str) -> None:
    assert recognise(header.split(",")).format.name == "edrp"


def test_columns_may_stand_in_another_order() -> None:
    layout = recognise(["HH", "GASKWH", "ANON_ID", "ADVANCEDATETIME"])
    assert layout.positions == {"household_id": 2, "stamp": 3, "half_hour": 0, "value": 1}


def test_the_cubic_metre_is_read_through_a_broken_encoding_too() -> None:
    assert recognise(["Consumption (mÂ³)", " Start", " End"]).format.unit == "m3"


def test_an_octopus_file_may_carry_costs_and_an_edrp_file_may_not_carry_more() -> None:
    cost = "Consumption (m³), Estimated Cost Inc. Tax (p), Standing Charge Inc. Tax (p), Start, End"
    assert recognise(cost.split(",")).positions == {"value": 0, "stamp": 3, "stamp_end": 4}
    with pytest.raises(RefusalError, match="that of `edrp` with 1 column too many") as refusal:
        recognise(["ANON_ID", "ADVANCEDATETIME", "HH", "GASKWH", "QUALITY"])
    assert "QUALITY" in refusal.value.detail
    assert "QUALITY" not in str(refusal.value)  # a reason is published


@pytest.mark.parametrize("name", ["household_id", "ANON_ID", "anonID", "Hhold_ID"])
def test_a_household_table_may_name_its_id_as_edrp_does(name: str) -> None:
    layout = recognise([name, "ACORN_Type", "dwelling_type", "heating_system"])
    assert layout.format.name == "households"
    assert layout.positions == {"household_id": 0, "dwelling_type": 2, "heating_system": 3}


def test_electricity_is_refused_as_electricity() -> None:
    with pytest.raises(RefusalError, match="electricity readings"):
        recognise(["ANON_ID", "ADVANCEDATETIME", "HH", "ELECKWH"])


def test_the_truth_of_a_sample_is_not_used() -> None:
    with pytest.raises(NotUsedError, match="truth of a sample"):
        recognise(["household_id", "interval_start_utc", "gas_kwh", "fault", "delivered"])


def test_an_unknown_header_is_refused_without_a_word_of_it_and_shown_apart() -> None:
    with pytest.raises(RefusalError, match="unknown header of 2 columns: none is of a known format") as refusal:
        recognise(["secret", "b"])
    assert "secret" not in str(refusal.value)
    assert refusal.value.detail == "its header: secret,b"


@pytest.mark.parametrize(
    ("header", "nearest"),
    [
        ("household_id,interval_start_utc,gas_therms", "nearest is `canonical`, of which it lacks `gas_kwh`"),
        ("household_id,timestamp,gas_kwh", "nearest is `canonical`, of which it lacks `interval_start_utc`"),
        ("household_id,interval_start_utc,gas_kwh,note", "it is that of `canonical` with 1 column too many"),
        ("Date,Time,use", "nearest is `glow`, of which it lacks `Gas consumption (kWh)`"),
    ],
)
def test_the_nearest_format_is_named_with_what_the_header_lacks(header: str, nearest: str) -> None:
    with pytest.raises(RefusalError) as refusal:
        recognise(header.split(","))
    assert nearest in str(refusal.value)


def test_a_very_long_unknown_header_is_cut_short() -> None:
    with pytest.raises(RefusalError) as refusal:
        recognise([f"column{i}" for i in range(1000)])
    assert len(str(refusal.value)) < 800


def test_normalising_a_name_twice_changes_nothing() -> None:
    once = normalise_name('\ufeff "Anon_ID" ')
    assert once == "anonid"
    assert normalise_name(once) == once


def test_a_cubic_metre_of_gas_is_11_22_kwh_and_not_rounded() -> None:
    assert GasConversion().kwh_per_m3 == 1.02264 * 39.5 / 3.6
    assert GasConversion().kwh_per_m3 == pytest.approx(11.2206, abs=5e-5)


def test_the_format_that_the_docs_add_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "your-own-files.md").read_text(encoding="utf-8")
    declared: dict[str, object] = {}
    exec(page.split("```python\n")[1].split("```")[0], vars(formats) | {}, declared)  # noqa: S102 - our own page
    mine = declared["MINE"]
    assert isinstance(mine, Format)
    monkeypatch.setattr(headers, "FORMATS", (*FORMATS, mine))
    text = "\n".join(mine.example).encode() + b"\n"
    layout = find_layout(text, is_whole=True)
    parsed = parse_text(text, layout, 1, clock="local", conversion=GasConversion())
    assert (layout.format.name, layout.dialect.delimiter, layout.dialect.decimal) == ("my_supplier", ";", ",")
    assert parsed.readings["gas_kwh"].to_list() == pytest.approx([0.012 * GasConversion().kwh_per_m3])
