"""The classes that declare a source format, and the errors for files that cannot be used."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Kind = Literal["readings", "households", "temperature"]
Clock = Literal["utc", "local"]
Stamp = Literal["start", "end"]
Unit = Literal["kWh", "Wh", "m3"]
Fuel = Literal["gas", "electricity"]
Shape = Literal["interval", "day", "register"]
Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1"]
# what may differ between two spellings of one header: blanks, quotes, underscores, brackets, BOM
UNLIKE = " \t\r\n\"'_=[]\ufeff\u00a0"
STRIPPED = ' "=\t\r\u00a0'  # characters around a field that do not belong to it, in any kind of file


class RefusalError(ValueError):
    """A delivered file cannot be read.

    The message says why, and what to do next. It is published, so it holds no word of the file's content. `detail` quotes
    the file; it stays in the restricted tier.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail


class UnknownHeaderError(RefusalError):
    """The names of the columns are those of no known format."""


class ElectricityError(RefusalError):
    """The readings are of electricity."""


class NotUsedError(ValueError):
    """A file in the landing folder is no delivery; the message says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column that a format names: the role it plays, and the header names under which it is delivered."""

    role: str
    names: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFormat:
    """One way to write a moment: the exact shape (a regular expression) and how it is parsed."""

    shape: str
    parse: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A column that says which lines are readings; the other lines become rejects with a reason."""

    role: str
    values: tuple[str, ...]  # in lower case
    otherwise: str
    proves: Fuel | None = None  # fuel of the file, if the rule rejects a line of it


@dataclass(frozen=True, slots=True, kw_only=True)
class GasConversion:
    """Gas by volume to gas by energy; the values are those of SERL's half-hourly gas (Edition 6, data preparation)."""

    volume_correction: float = 1.02264
    calorific_value_mj_per_m3: float = 39.5
    mj_per_kwh: float = 3.6

    @property
    def kwh_per_m3(self) -> float:
        """Energy per volume [kWh/m3]: correction x calorific value / 3.6, not rounded."""
        return self.volume_correction * self.calorific_value_mj_per_m3 / self.mj_per_kwh

    def kwh_per(self, unit: Unit) -> float:
        """Energy per unit [kWh]."""
        return {"kWh": 1.0, "Wh": 0.001, "m3": self.kwh_per_m3}[unit]

    def describe(self) -> pl.DataFrame:
        """Return the values as rows of `ASSUMPTION`."""
        units = {"volume_correction": "1", "calorific_value_mj_per_m3": "MJ/m3", "mj_per_kwh": "MJ/kWh"}
        return pl.DataFrame(
            {
                "scenario": "all",
                "item": "gas_by_volume",
                "parameter": list(units),
                "year": 0,
                "value": [getattr(self, name) for name in units],
                "unit": list(units.values()),
                "price_base": "none",
                "status": "published",
                "source": "SERL, preparation of half-hourly gas, Edition 6",
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A source format: header signature, column map, stamps, clock, unit, fuel and null markers.

    `unit` and `fuel` are None where the header does not say them; then the readings prove them, or the feed declares them.
    `shape` says what a row holds: the use of one interval, the uses of one day in a column each, or the state of a register.
    `unusable` says why Hearth cannot use any file of a known format.
    """

    name: str
    kind: Kind
    fields: tuple[Field, ...]
    title: str = ""
    example: tuple[str, ...] = ()
    extra_columns: bool = False  # whether columns that the format does not name may stand beside its own
    stamp_formats: tuple[StampFormat, ...] = ()
    clock: Clock = "utc"  # default, where nothing decides
    clock_from: Literal["feed", "offset", "name"] = "name"
    zone: str = "Europe/London"  # of a local clock
    stamp: Stamp = "start"  # default, where nothing decides
    stamp_from: Literal["half_hour", "name"] = "name"
    unit: Unit | None = "kWh"
    unit_is_sure: bool = True  # whether the header's unit may be relied on
    fuel: Fuel | None = "gas"
    shape: Shape = "interval"
    interval_columns: str | None = None  # of shape day: what the name of an interval's column looks like
    keep: tuple[Keep, ...] = ()
    line_shape: str | None = None  # of a format without a header: what its first line looks like
    by_blanks: bool = False  # whether blanks alone part the columns
    last_line: str | None = None  # line that a file has below its last row
    repeats: Literal["refused", "averaged"] = "refused"  # several temperatures for one moment
    other_names: str | None = None  # pattern of the names of files with this header but another content
    other_content: str = ""  # content of such files
    unusable: str | None = None
    null_markers: tuple[str, ...] = ("", "na", "n/a", "nan", "null", "none", "-", "--", ".")

    @property
    def header(self) -> str:
        """The header line, as one would write it."""
        return ",".join(field.names[0] for field in self.fields if field.required)

    @property
    def names_household(self) -> bool:
        """Whether every line names its home."""
        return any(field.role == "household_id" for field in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the text of one file is written."""

    encoding: Encoding = "utf-8"
    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    line_end: Literal["\n", "\r"] = "\n"
    skipped_lines: int = 0  # lines above the header

    def describe(self) -> dict[str, str]:
        """Return, for the manifest, how the file differs from a plain comma-separated file in UTF-8."""
        plain = Dialect()
        shown = {
            "encoding": self.encoding,
            "delimiter": {"\t": "tab"}.get(self.delimiter, self.delimiter),
            "decimal": self.decimal,
            "line_end": "CR" if self.line_end == "\r" else "LF",
            "skipped_lines": str(self.skipped_lines),
        }
        return {name: text for name, text in shown.items() if getattr(self, name) != getattr(plain, name)}


def split_line(line: str, delimiter: str) -> list[str]:
    """Split one line at its delimiters outside quotes; several blanks in a row are one delimiter."""
    if delimiter == " ":
        return line.split()
    try:
        return next(csv.reader([line.replace("\r", " ")], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # a field of more than 131,072 characters
        return []


def is_utf8(line: bytes) -> bool:
    """Say whether a line is text in UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A format as one file has it: where each role stands, how many columns there are, and how its text is written."""

    format: Format
    positions: Mapping[str, int]
    width: int
    signature: str | None  # the header line without blanks, quotes, underscores and case; None: there is no header
    intervals: Mapping[int, int] = field(default_factory=dict)  # of shape day: position of a column -> its half-hour
    dialect: Dialect = field(default_factory=Dialect)

    @property
    def number_roles(self) -> list[str]:
        """The roles whose fields are numbers with a decimal mark."""
        return [role for role in self.positions if role == "value" or role.startswith("temperature")]

    @property
    def header(self) -> str:
        """The normalised header line; a line that repeats it is no reading. For a format without a header, no line matches."""
        if self.signature is None:
            return "\x00"
        return self.signature.replace(",", normalise_name(self.dialect.delimiter))


def normalise_name(name: str) -> str:
    """Return a header name without what varies between deliveries: blanks, quotes, underscores, brackets, BOM and case."""
    return name.translate(dict.fromkeys(map(ord, UNLIKE))).lower()
