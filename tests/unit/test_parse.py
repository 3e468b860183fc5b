"""Every line becomes exactly one of header, blank, reading, reject."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.readings.declaration import GasConversion, RefusalError
from transforms.readings.headers import recognise
from transforms.readings.parse import STRETCH, Parsed, cut_lines, number_rows, part_lines, type_fields
from transforms.readings.plain_lines import parse_each, parse_text

EDRP = recognise(["ANON_ID", "ADVANCEDATETIME", "HH", "GASKWH"])
OCTOPUS = recognise(["Consumption (m³)", " Start", " End"])
GOOD = "12,13FEB08:00:30:00,2,0.345"


def parse(text: str | bytes, layout=EDRP, first_line: int = 1, *, ends_file: bool = False) -> Parsed:  # noqa: ANN001
    """Return the parsed lines of a text; the fast and the plain parser must agree."""
    raw = text.encode() if isinstance(text, str) else text
    parsed = parse_text(raw, layout, first_line, clock="utc", conversion=GasConversion(), ends_file=ends_file)
    each = parse_each(raw, layout, first_line, "utc", GasConversion(), ends_file=ends_file)
    counts = ("lines", "header_lines", "blank_lines", "regrouped")
    assert [getattr(parsed, name) for name in counts] == [getattr(each, name) for name in counts]
    assert parsed.rejects.equals(each.rejects)
    assert parsed.readings.equals(each.readings)
    return parsed


def reasons(parsed: Parsed) -> list[tuple[int, str]]:
    """Return line and reason of the rejects."""
    return list(parsed.rejects.select("line", "reason").iter_rows())


def test_a_good_line_becomes_a_reading_with_its_line_number() -> None:
    parsed = parse(GOOD + "\n", first_line=7)
    assert parsed.readings.select("line", "household_id", "gas_kwh").rows() == [(7, "12", 0.345)]
    assert (parsed.lines, parsed.header_lines, parsed.blank_lines, len(parsed.rejects)) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("12,13FEV08:00:30:00,2,0.345", "unparseable stamp"),
        ("12,,2,0.345", "unparseable stamp"),
        ("12,13FEB08:00:30:00,2,", "no value"),
        ("12,13FEB08:00:30:00,2,NULL", "no value"),
        ("12,13FEB08:00:30:00,2,--", "no value"),
        ("12,13FEB08:00:30:00,2,nan", "no value"),
        ("12,13FEB08:00:30:00,2,inf", "unparseable value"),
        ("12,13FEB08:00:30:00,2,-Infinity", "unparseable value"),
        ("12,13FEB08:00:30:00,2,0.3kWh", "unparseable value"),
        (",13FEB08:00:30:00,2,0.345", "no household id"),
        ("  ,13FEB08:00:30:00,2,0.345", "no household id"),
        ("NA,13FEB08:00:30:00,2,0.345", "no household id"),
        ("12,13FEB08:00:30:00,0.345", "wrong number of fields"),
        ("12,13FEB08:00:30:00,2,0,345", "wrong number of fields"),
        ("12,13FEB08:00:30:00,2,0.345,", "wrong number of fields"),
        ('"12,a,b,c,13FEB08:00:30:00,2,0.345', "wrong number of fields"),
        ("12,13FEB08:00:30:00,2,0.3\x0045", "holds a NUL byte"),
        ("some words", "wrong number of fields"),
        (",,,", "no household id"),
    ],
)
def test_a_line_of_which_no_reading_can_be_made_is_kept_with_its_reason(line: str, reason: str) -> None:
    parsed = parse(f"{GOOD}\n{line}\n{GOOD}\n")
    assert parsed.readings["line"].to_list() == [1, 3]
    assert parsed.rejects.rows() == [(2, line, reason)]


def test_a_delimiter_within_quotes_parts_no_field() -> None:
    parsed = parse(f'{GOOD}\n"12,a",13FEB08:00:30:00,2,0.345\n{GOOD}\n')
    assert parsed.readings["household_id"].to_list() == ["12", "12,a", "12"]


def test_a_line_that_is_not_utf8_is_a_reject_and_its_neighbours_are_read() -> None:
    parsed = parse(GOOD.encode() + b"\n12\xe9,13FEB08:00:30:00,2,0.3\n" + GOOD.encode())
    assert parsed.readings["line"].to_list() == [1, 3]
    assert parsed.rejects.rows() == [(2, "12é,13FEB08:00:30:00,2,0.3", "not UTF-8")]


def test_header_lines_recur_and_blank_lines_are_counted() -> None:
    text = (
        f'\n"anon_id", ADVANCEDATETIME ,HH,GASKWH\n{GOOD}\n   \n\ufeffANON_ID,ADVANCEDATETIME,HH,GASKWH\n{GOOD}\n\t\n'
    )
    parsed = parse(text)
    assert (parsed.lines, parsed.header_lines, parsed.blank_lines) == (7, 2, 3)
    assert parsed.readings["line"].to_list() == [3, 6]


@pytest.mark.parametrize("text", [f'"12" , "13FEB08:00:30:00","2", "0.345"\n{GOOD}', f"{GOOD}\r\n{GOOD}\r\n"])
def test_quotes_blanks_and_windows_line_ends_change_nothing(text: str) -> None:
    plain = parse(f"{GOOD}\n{GOOD}\n").readings
    assert parse(text).readings.equals(plain)


def test_a_trailing_line_end_is_no_line() -> None:
    assert parse(GOOD).lines == parse(GOOD + "\n").lines == 1


def test_an_unreadable_half_hour_number_costs_no_reading() -> None:
    parsed = parse("12,13FEB08:00:30:00,x,0.345\n12,13FEB08:00:30:00,,0.345\n12,13FEB08:00:30:00,50,0.345")
    assert parsed.readings["half_hour_number"].to_list() == [None, None, 50]


def test_a_volume_becomes_energy_and_is_not_rounded() -> None:
    line = "0.948, 2023-04-04T01:00:00+01:00, 2023-04-04T01:30:00+01:00"
    reading = parse(line, OCTOPUS).readings.row(0, named=True)
    assert reading["gas_kwh"] == 0.948 * GasConversion().kwh_per_m3
    assert reading["instant_utc"].isoformat() == "2023-04-04T00:00:00"
    assert reading["is_half_hour"]


def test_a_day_in_place_of_a_half_hour_is_marked() -> None:
    parsed = parse("9.8, 2023-04-04T00:00:00+01:00, 2023-04-05T00:00:00+01:00", OCTOPUS)
    assert parsed.readings["is_half_hour"].to_list() == [False]


def test_an_end_that_does_not_parse_makes_a_reject() -> None:
    assert reasons(parse("0.1, 2023-04-04T01:00:00+01:00, later", OCTOPUS)) == [(1, "unparseable end stamp")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ANON_ID,ADVANCEDATETIME,HH,ELECKWH", "from line 2 on electricity readings"),
        ("household_id,interval_start_utc,gas_kwh", r"line 2 is the header of another table \(canonical\)"),
        ("HH,ANON_ID,ADVANCEDATETIME,GASKWH", r"line 2 is the header of another table \(edrp\)"),
    ],
)
def test_a_file_in_which_another_table_begins_is_refused(line: str, message: str) -> None:
    with pytest.raises(RefusalError, match=message):
        parse(f"{GOOD}\n{line}\n{GOOD}\n")


def test_rows_of_a_container_without_lines_are_numbered_and_rejected_with_their_fields() -> None:
    layout = recognise(["gas_kwh", "household_id", "interval_start_utc"])
    rows = pl.DataFrame(
        {"gas_kwh": ["0.5", None], "household_id": ["1", "2"], "interval_start_utc": ["2009-01-01 00:00:00", None]}
    )
    block = number_rows(rows, layout, 11)
    parsed = part_lines(block, type_fields(block, layout, "utc", GasConversion()), layout)
    assert parsed.readings["line"].to_list() == [11]
    assert parsed.rejects.rows() == [(12, "2,,", "unparseable stamp")]
    assert (parsed.header_lines, parsed.blank_lines) == (0, 0)


lines = st.one_of(
    st.just(GOOD),
    st.just(GOOD),
    st.just("ANON_ID,ADVANCEDATETIME,HH,GASKWH"),
    st.sampled_from(["", "  ", "\t", ",,,", "12,13FEB08:00:30:00,2", "x" * 40]),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30),
    st.builds(
        "{},{},{},{}".format,
        st.sampled_from(["1", "", "NA", '"7"']),
        st.sampled_from(["13FEB08:00:30:00", "13FEB2008:00:30:00", "99FEB08:00:30:00", ""]),
        st.sampled_from(["2", "x", ""]),
        st.sampled_from(["0", "0.123", "-1", "", "NaN", "1e3", "1e999", "0,5"]),
    ),
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(lines, max_size=40), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 40))
def test_every_line_is_a_header_blank_reading_or_reject_for_any_text_and_any_cut(
    delivered: list[str],
    line_end: str,
    finished: bool,  # noqa: FBT001
    block_lines: int,
) -> None:
    if not delivered:
        return
    text = line_end.join(delivered) + (line_end if finished or not delivered[-1] else "")
    whole = parse(text)
    assert whole.lines == len(delivered)
    assert whole.header_lines + whole.blank_lines + len(whole.readings) + len(whole.rejects) == whole.lines
    assert set(whole.readings["line"]).isdisjoint(whole.rejects["line"])
    parts = []
    for at in range(0, len(delivered), block_lines):
        part = line_end.join(delivered[at : at + block_lines])
        parts.append(parse(part + line_end, first_line=at + 1))
    assert pl.concat([part.readings for part in parts]).equals(whole.readings)
    assert pl.concat([part.rejects for part in parts]).equals(whole.rejects)


odd_lines = st.builds(
    "{},{},{},{}".format,
    st.sampled_from(["12", " 12", "12 ", '"12"', "=12", "é", "", "none", "12\x00"]),
    st.sampled_from(
        ["13FEB08:00:30:00", " 13FEB08:00:30:00", "13FEB08:00:30:00\r", "13feb08:00:30:00", "30FEB08:00:30:00"]
    ),
    st.sampled_from(["2", "02", "+2", " 2", "2.0", "99999", "-1", "x", ""]),
    st.sampled_from(
        [
            "0.345",
            "+0.345",
            ".5",
            "5.",
            "1e3",
            "1E-3",
            "1_0",
            " 1",
            "0x1",
            "inf",
            "NaN",
            "1e999",
            "-0",
            "1,2",
            "9" * 400,
        ]
    ),
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.one_of(lines, odd_lines), max_size=9), st.randoms(use_true_random=False), st.booleans())
def test_a_few_odd_lines_among_good_ones_are_read_as_by_themselves(
    odd: list[str],
    random: object,
    finished: bool,  # noqa: FBT001
) -> None:
    delivered = [*odd, *(f"{n % 3},13FEB08:00:30:00,{n},{n / 8}" for n in range(20))]
    random.shuffle(delivered)  # type: ignore[attr-defined]
    parsed = parse("\n".join(delivered) + ("\n" if finished else ""), first_line=5, ends_file=True)
    assert len(parsed.readings) >= 20 - (not finished)


tokens = st.sampled_from(
    [b",", b"\n", b"\r", b"\r\n", b'"', b"'", b" ", b"\t", b"\x00", b"\x0b", b"\x85", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf",
     b"\xe2\x80\xa8", b"#", b"\\", b"1", b".", GOOD.encode(), GOOD.encode() + b"\n", b"ANON_ID,ADVANCEDATETIME,HH,GASKWH\n"]
)  # fmt: skip


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(tokens, min_size=1, max_size=30).map(b"".join), st.sampled_from([EDRP, OCTOPUS]))
def test_no_bytes_lose_a_line(text: bytes, layout) -> None:  # noqa: ANN001
    try:
        parsed = parse(text, layout)
    except RefusalError:  # another table begins in it
        return
    assert parsed.lines == text.count(b"\n") + (not text.endswith(b"\n"))
    assert parsed.header_lines + parsed.blank_lines + len(parsed.readings) + len(parsed.rejects) == parsed.lines


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("line", ["\r" + GOOD, GOOD.replace(",", "\r,", 1), GOOD.replace(",", ",\r", 1)])
def test_a_stray_carriage_return_is_stripped_beside_any_character(line: str, end: str) -> None:
    for text in (line + end, GOOD.replace("00:30", "01:30") + end + line + end):
        parsed = parse(text)
        assert set(parsed.readings["household_id"]) == {"12"}
        assert parsed.rejects.is_empty()


@pytest.mark.parametrize("last", [b"", b"\n"])
def test_lines_are_cut_out_where_they_stand_however_long_the_text_is(last: bytes) -> None:
    lines = [b"%d" % number + b"x" * (number % 7 * 9_000) + b"\n" for number in range(40)]
    lines[-1] = lines[-1].rstrip(b"\n") + last
    text = b"".join(lines)
    assert len(text) > 5 * STRETCH
    rows = [0, 1, 1, *range(5, 40, 3), 39]
    assert cut_lines(text, rows) == [lines[row] for row in rows]
    assert cut_lines(text, []) == []
