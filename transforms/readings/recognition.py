"""The beginning of a file tells its encoding, line ends, delimiter, decimal mark and format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from transforms.readings.declaration import (
    Dialect,
    Encoding,
    Layout,
    RefusalError,
    UnknownHeaderError,
    is_utf8,
    split_line,
)
from transforms.readings.headers import SHOWN_CHARACTERS, recognise, recognise_lines

MOST_LINES_ABOVE = 400  # text above a header; the Met Office describes the columns of a station in up to 280 lines
SAMPLE_LINES = 500
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BINARY_SHARE = 0.02  # a file with a larger share of control characters is no text
WIDE_COLUMNS = 20  # a row with so many numbers holds the intervals of a day
_BOMS: tuple[tuple[bytes, Encoding], ...] = (
    (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
)  # fmt: skip
_BLANK = " \t\r\ufeff"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_NUMBER = re.compile(r"^[+-]?\d+([.,]\d+)?$")
_COMMA_NUMBER = re.compile(r"^[+-]?\d+,\d+$")
_PLAIN_DAY_FIRST = re.compile(r"\d\d?/\d\d?/\d{4} \d\d?:\d\d")
_ONLY_A_DAY = re.compile(r"(^|[,;\t ])(\d{4}-\d\d-\d\d|\d\d[/-]\d\d[/-]\d{4})([,;\t]|$)")
_DECIMAL_COMMA_FIELD = re.compile(r",\d+,\d+$")
_STAND_INS = (
    (
        re.compile(r"<!doctype html|<html", re.IGNORECASE),
        "a web page, not data, as a download gives that meets a sign-in page: download the file again",
    ),
    (
        re.compile(r"version https://git-lfs"),
        "a pointer of Git LFS, not the file itself: `git lfs pull` fetches the file",
    ),
)
# What a stamp looks like that a program spoiled, and what helps. Each is the whole of a field.
_SPOILED_STAMPS = (
    (re.compile(r"#{4,}"), "a spreadsheet wrote #### for its stamps: make the column wider, and save the file again"),
    (
        re.compile(r"\d{5}[.,]\d+"),
        "its stamps are day numbers of a spreadsheet: give the column the form yyyy-mm-dd hh:mm, and save the file again",
    ),
    (
        re.compile(r"\d{9,10}|\d{13}"),
        "its stamps look like seconds or milliseconds since 1970: write them as days and times",
    ),
    (re.compile(r".*\d ?[AaPp][Mm]"), "its stamps are of a 12-hour clock: write them with 24 hours"),
    (re.compile(r"\d\d?:\d\d(:\d\d)?"), "its stamps have no day"),
)
_POINT_NUMBER = re.compile(r"^[+-]?\d*\.\d+$")


def find_layout(start: bytes, *, is_whole: bool) -> Layout:
    """Return the layout of a text file from its first bytes.

    Parameters
    ----------
    start
        The beginning of the file, unpacked.
    is_whole
        Whether this is all of it.

    Raises
    ------
    NotUsedError
        If it is no delivery.
    RefusalError
        If it is empty, is no text, or has no known format.

    """
    encoding, text = decode_start(start)
    if len(_CONTROL.findall(text)) > BINARY_SHARE * len(text):
        raise RefusalError("binary, not text: deliver CSV, or one of the other kinds that `hearth formats` lists")
    line_end: Literal["\n", "\r"] = "\r" if "\r" in text and "\n" not in text else "\n"
    lines = text.split(line_end)
    if not is_whole:
        if len(lines) == 1:
            raise RefusalError(f"no line ends within its first {len(start)} bytes")
        lines.pop()
    if not any(line.strip(_BLANK) for line in lines):
        raise RefusalError("empty" if is_whole else "nothing but blanks at its beginning")
    return _find_text_layout(lines[:SAMPLE_LINES], Dialect(encoding=encoding, line_end=line_end))


def refuse_stand_in(text: str) -> None:
    """Refuse what stands in a file's place: a web page, or the pointer of a version control system.

    Raises
    ------
    RefusalError
        If the text is one of these.

    """
    for shape, what in _STAND_INS:
        if shape.match(text):
            raise RefusalError(what)


def decode_start(start: bytes) -> tuple[Encoding, str]:
    """Return the encoding of a text from its first bytes, and these bytes as text, without a BOM."""
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding, start.removeprefix(bom).decode(encoding, errors="replace")
    zeros = start[: len(start) // 2 * 2]
    if len(zeros) > 2 and max(zeros[::2].count(0), zeros[1::2].count(0)) > len(zeros) * 0.4:  # noqa: PLR2004 - a letter and a zero
        found: Encoding = "utf-16-le" if zeros[1::2].count(0) > zeros[::2].count(0) else "utf-16-be"
        return found, start.decode(found, errors="replace")
    if _is_latin(start):
        return "latin-1", start.decode("latin-1")
    return "utf-8", start.decode("utf-8", errors="replace")


def _is_latin(start: bytes) -> bool:
    """Say whether a text is in Latin-1: its header is no UTF-8, or most of its lines with non-ASCII letters are none."""
    lines = [line for line in re.split(rb"[\r\n]+", start)[:-1] or [start] if line.strip()]
    other = [line for line in lines if not line.isascii()]
    broken = [line for line in other if not is_utf8(line)]
    return bool(broken) and (broken[0] is lines[0] or (len(broken) > 1 and len(broken) * 2 > len(other)))


def _find_text_layout(lines: list[str], dialect: Dialect) -> Layout:
    for delimiter in _candidates(lines):
        rows = [split_line(line, delimiter) for line in lines]
        found = find_header(rows, by_blanks=delimiter == " ")
        if found is None:
            continue
        layout, above = found
        dialect = replace(dialect, delimiter=delimiter, skipped_lines=above)
        return replace(layout, dialect=replace(dialect, decimal=_find_decimal(rows[above + 1 :], layout, delimiter)))
    first = next(line for line in lines if line.strip(_BLANK))
    bare = recognise_lines(first)
    if bare is not None:
        return replace(bare, dialect=replace(dialect, delimiter=_first_blank(first)))
    _refuse(lines)
    raise AssertionError


def _candidates(lines: list[str]) -> Iterator[str]:
    """Yield the possible delimiters of a text: the one that a `sep=` line names; else those that occur in it, then blanks."""
    first = next(line for line in lines if line.strip(_BLANK)).strip().strip('"')
    if first.lower().startswith("sep=") and len(first) == len("sep=") + 1:
        yield first[-1]
        return
    sample = "\n".join(lines)
    yield from [mark for mark in DELIMITERS if mark in sample] or [","]
    yield " "


def find_header(rows: Sequence[Sequence[str]], *, by_blanks: bool = False) -> tuple[Layout, int] | None:
    """Return the layout of the first row that is a known header, and the number of rows above it; None without a header.

    `by_blanks` says that blanks separate the columns, as in few formats.

    Raises
    ------
    NotUsedError
        If the header is that of a file that is no delivery.
    RefusalError
        If the header is that of a table without half-hours of gas, or if lines above it are as wide as the header.

    """
    for above, row in enumerate(rows[:MOST_LINES_ABOVE]):
        if not any(cell.strip() for cell in row):
            continue
        try:
            layout = recognise(row)
        except UnknownHeaderError:
            continue
        if layout.format.by_blanks is not by_blanks:
            continue
        described = _count_described(rows[:above]) if layout.format.kind == "temperature" else 0
        wide = [
            n
            for n, other in enumerate(rows[described:above], 1)
            if sum(bool(cell.strip()) for cell in other) >= layout.width > 1
        ]
        if wide:
            raise RefusalError(
                f"line {above + 1} is a header ({layout.format.name}), and {len(wide)} lines as wide as it stand above; "
                "part the file there"
            )
        return layout, above
    return None


def _count_described(above: Sequence[Sequence[str]]) -> int:
    """Return how many rows above a header of temperatures describe the place: Open-Meteo writes a row of names and one of values.

    Raises
    ------
    RefusalError
        If the stamps below are not in UTC.

    """
    if len(above) < 2 or "utc_offset_seconds" not in above[0]:  # noqa: PLR2004 - a row of names and one of values
        return 0
    offset = above[1][above[0].index("utc_offset_seconds")] if len(above[1]) == len(above[0]) else ""
    if offset.strip() != "0":
        raise RefusalError(
            f"its stamps lie {offset.strip() or 'an unknown number of'} s from UTC; ask Open-Meteo for GMT"
        )
    return 2


def _find_decimal(rows: Sequence[Sequence[str]], layout: Layout, delimiter: str) -> Literal[".", ","]:
    """Tell the decimal mark by the values: `1,234` alone may be a thousand, `0,123` and `1,5` may not."""
    columns = [layout.positions[role] for role in layout.number_roles] or list(layout.intervals)
    values = [row[at].strip() for row in rows for at in columns if at < len(row)]
    commas = [value for value in values if _COMMA_NUMBER.match(value)]
    if not commas or any(_POINT_NUMBER.match(value) for value in values):
        return "."
    sure = delimiter != "," or any(v.lstrip("+-").startswith("0,") or len(v.split(",")[1]) != 3 for v in commas)  # noqa: PLR2004 - digits of a thousand
    return "," if sure else "."


def _first_blank(line: str) -> str:
    return next((mark for mark in line.strip() if mark in " \t,;"), ",")


def _refuse(lines: list[str]) -> None:
    """Refuse a text of no known format, and describe how it is written.

    Raises
    ------
    RefusalError
        Always.

    """
    filled = [line for line in lines if line.strip(_BLANK)]
    head, rest = filled[0], filled[1:]
    if head.strip().strip('"').lower().startswith("sep=") and rest:
        head, rest = rest[0], rest[1:]
    delimiter = max(DELIMITERS, key=head.count)
    rows = [split_line(line, delimiter) for line in rest[:50]]
    facts = [f"{DELIMITERS[delimiter]}-separated"] if delimiter in head else ["no delimiter"]
    numbers = [[cell.strip() for cell in row if _NUMBER.match(cell.strip())] for row in rows]
    if any(_COMMA_NUMBER.match(cell) for row in numbers for cell in row):
        facts.append("with decimal commas")
    if numbers and min(map(len, numbers)) >= WIDE_COLUMNS:
        facts.append("one row a day or more, its intervals side by side")
    shown = head if len(head) <= SHOWN_CHARACTERS else head[:SHOWN_CHARACTERS] + "..."
    detail = f"line {lines.index(filled[0]) + 1 if head is filled[0] else 2}: {shown}"
    try:
        known = recognise(split_line(head, delimiter))
    except UnknownHeaderError as error:
        if any(_NUMBER.match(cell.strip()) for cell in split_line(head, delimiter)):
            facts.append("its first line is no header: add one")
        raise UnknownHeaderError(f"{error} ({', '.join(facts)})", detail) from None
    raise UnknownHeaderError(
        f"the columns of {known.format.title} are parted by blanks, these are not ({facts[0]})", detail
    )


def hint_at(reason: str, text: str, layout: Layout) -> str:
    """Return a hint for a whole file from the first line that could not be read: what went wrong, and what helps."""
    wants_offset = layout.format.clock_from == "offset"
    if reason == "unparseable stamp" and wants_offset and _PLAIN_DAY_FIRST.search(text):
        return (
            "; its stamps are days first and have lost their offset from UTC, as a spreadsheet writes them: download the file anew "
            "and do not save it from a spreadsheet"
        )
    if reason == "unparseable stamp" and _ONLY_A_DAY.search(text):
        return "; its stamps are whole days: half-hours cannot be made of days"
    if reason == "unparseable stamp":
        fields = split_line(text, layout.dialect.delimiter)
        stamps = [fields[layout.positions["stamp"]]] if len(fields) == layout.width else []
        spoiled = [what for shape, what in _SPOILED_STAMPS for stamp in stamps if shape.fullmatch(stamp.strip())]
        if spoiled:
            return f"; {spoiled[0]}"
        return f"; a stamp of `{layout.format.name}` is written as in `{layout.format.example[1]}`"
    if reason == "wrong number of fields" and layout.dialect.delimiter == "," and _DECIMAL_COMMA_FIELD.search(text):
        return "; decimal commas between commas: put quotes around the values, or part the fields by semicolons"
    return ""
