"""The formats that Hearth reads, each a declaration, and their recognition by the header line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

Kind = Literal["readings", "households", "temperature"]
Clock = Literal["utc", "local"]
Stamp = Literal["start", "end"]
SHOWN_CHARACTERS = 120  # of a header that nobody knows
UNLIKE = (
    " \t\r\n\"'_\ufeff\u00a0"  # what may differ between two spellings of one header: blanks, quotes, underscores, BOM
)


class RefusalError(ValueError):
    """A delivered file cannot be read; the message says why, in a sentence for the person who delivered it."""


class ElectricityError(RefusalError):
    """The readings are of electricity."""


class NotUsedError(ValueError):
    """A file in the landing folder is no delivery at all; the message says what it is."""


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
class GasConversion:
    """Gas by volume to gas by energy; the figures are those of SERL's half-hourly gas (Edition 6, data preparation)."""

    volume_correction: float = 1.02264
    calorific_value_mj_per_m3: float = 39.5
    mj_per_kwh: float = 3.6

    @property
    def kwh_per_m3(self) -> float:
        """Energy per volume [kWh/m3]: correction x calorific value / 3.6, not rounded."""
        return self.volume_correction * self.calorific_value_mj_per_m3 / self.mj_per_kwh

    def describe(self) -> pl.DataFrame:
        """Return the figures as rows of `ASSUMPTION`."""
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
    """A source format: header signature, column map, stamps, clock, unit and null markers."""

    name: str
    kind: Kind
    fields: tuple[Field, ...]
    extra_columns: bool = False  # whether columns that the format does not name may stand beside its own
    stamp_formats: tuple[StampFormat, ...] = ()
    clock: Clock = "utc"  # what holds where nothing decides
    clock_from: Literal["feed", "offset", "name"] = "name"
    stamp: Stamp = "start"  # what holds where nothing decides
    stamp_from: Literal["half_hour", "name"] = "name"
    unit: Literal["kWh", "m3"] = "kWh"
    null_markers: tuple[str, ...] = ("", "na", "n/a", "nan", "null", "none", "-", "--", ".")

    @property
    def header(self) -> str:
        """The header line, as one would write it."""
        return ",".join(field.names[0] for field in self.fields if field.required)

    @property
    def names_household(self) -> bool:
        """Whether every line says whose it is."""
        return any(field.role == "household_id" for field in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A format as one file has it: where each role stands, and how many columns there are."""

    format: Format
    positions: Mapping[str, int]
    width: int
    signature: str  # the header line without blanks, quotes, underscores and case


_HOUSEHOLD = Field(role="household_id", names=("household_id", "ANON_ID", "anonID", "Hhold_ID"))
_SHAPE_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d"
_SHAPE_SECONDS = r":[0-5]\d(\.\d+)?"
_SHAPE_OFFSET = r"[+-]\d\d:?\d\d$"
_SAS = (
    StampFormat(shape=r"^\d\d[A-Za-z]{3}\d\d:\d\d:\d\d:[0-5]\d$", parse="%d%b%y:%H:%M:%S"),
    StampFormat(shape=r"^\d\d[A-Za-z]{3}\d{4}:\d\d:\d\d:[0-5]\d$", parse="%d%b%Y:%H:%M:%S"),
)
_ISO_WITH_OFFSET = (
    StampFormat(shape=_SHAPE_ISO + _SHAPE_SECONDS + _SHAPE_OFFSET, parse="%Y-%m-%dT%H:%M:%S%.f%z"),
    StampFormat(shape=_SHAPE_ISO + _SHAPE_OFFSET, parse="%Y-%m-%dT%H:%M%z"),
)
_ISO = (
    StampFormat(shape=_SHAPE_ISO + _SHAPE_SECONDS + "$", parse="%Y-%m-%dT%H:%M:%S%.f"),
    StampFormat(shape=_SHAPE_ISO + "$", parse="%Y-%m-%dT%H:%M"),
    *_ISO_WITH_OFFSET,
)

EDRP = Format(
    name="edrp",
    kind="readings",
    fields=(
        Field(role="household_id", names=("ANON_ID",)),
        Field(role="stamp", names=("ADVANCEDATETIME",)),
        Field(role="half_hour", names=("HH",)),
        Field(role="value", names=("GASKWH",)),
    ),
    stamp_formats=_SAS,
    clock_from="feed",
    stamp_from="half_hour",
)
OCTOPUS = Format(
    name="octopus",
    kind="readings",
    fields=(
        # `mâ³` is what two bytes of UTF-8 look like to a program that took them for Latin-1
        Field(role="value", names=("Consumption (m³)", "Consumption (mâ³)", "Consumption (m3)")),
        Field(role="stamp", names=("Start",)),
        Field(role="stamp_end", names=("End",)),
    ),
    extra_columns=True,  # newer exports carry the cost
    stamp_formats=_ISO_WITH_OFFSET,
    clock_from="offset",
    unit="m3",
)
OCTOPUS_KWH = replace(
    OCTOPUS,
    name="octopus_kwh",
    fields=(Field(role="value", names=("Consumption (kWh)",)), *OCTOPUS.fields[1:]),
    unit="kWh",
)
CANONICAL = Format(
    name="canonical",
    kind="readings",
    fields=(
        Field(role="household_id", names=("household_id",)),
        Field(role="stamp", names=("interval_start_utc",)),
        Field(role="value", names=("gas_kwh",)),
    ),
    stamp_formats=_ISO,
)
HOUSEHOLDS = Format(
    name="households",
    kind="households",
    fields=(
        _HOUSEHOLD,
        Field(role="dwelling_type", names=("dwelling_type",)),
        Field(role="heating_system", names=("heating_system",), required=False),
        Field(role="origin", names=("origin",), required=False),
        Field(role="nuts1", names=("nuts1",), required=False),
        Field(role="nuts4", names=("nuts4",), required=False),
        Field(role="lad_code", names=("lad_code", "LACode", "lad22cd"), required=False),
        Field(role="msoa_code", names=("msoa_code", "msoa11cd"), required=False),
        Field(role="lsoa_code", names=("lsoa_code", "lsoa11cd"), required=False),
        Field(role="gsp_group", names=("gsp_group",), required=False),
        Field(role="ldz", names=("ldz",), required=False),
    ),
    extra_columns=True,
)
TEMPERATURE_DAILY = Format(
    name="temperature_daily",
    kind="temperature",
    fields=(
        Field(role="date", names=("date",)),
        Field(role="temperature_mean_c", names=("temperature_mean_c", "temperature_c", "cet_mean_c", "mean_c")),
        Field(role="temperature_min_c", names=("temperature_min_c", "cet_min_c", "min_c"), required=False),
        Field(role="temperature_max_c", names=("temperature_max_c", "cet_max_c", "max_c"), required=False),
    ),
    extra_columns=True,
    stamp_formats=(StampFormat(shape=r"^\d{4}-\d\d-\d\d$", parse="%Y-%m-%d"),),
)
TEMPERATURE_HOURLY = Format(
    name="temperature_hourly",
    kind="temperature",
    fields=(
        Field(role="hour_start_utc", names=("hour_start_utc",)),
        Field(role="temperature_c", names=("temperature_c", "temperature_mean_c")),
    ),
    extra_columns=True,
    stamp_formats=_ISO,
)
FORMATS = (EDRP, OCTOPUS, OCTOPUS_KWH, CANONICAL, HOUSEHOLDS, TEMPERATURE_DAILY, TEMPERATURE_HOURLY)
FORMAT_BY_NAME = {known.name: known for known in FORMATS}

TRUTH_COLUMNS = (
    frozenset({"householdid", "intervalstartutc", "gaskwh", "fault"}),
    frozenset({"householdid", "kind", "meter", "meterfault"}),
)
ELECTRICITY_COLUMNS = frozenset({"eleckwh"})


def normalise_name(name: str) -> str:
    """Return a header name without what varies between deliveries: blanks, quotes, underscores, BOM and case."""
    return name.translate(dict.fromkeys(map(ord, UNLIKE))).lower()


def known_formats(formats: Iterable[Format] = FORMATS) -> str:
    """List the known formats with their headers, for messages."""
    return "; ".join(f"{known.name} `{known.header}`" for known in formats)


def recognise(columns: Sequence[str]) -> Layout:
    """Return the layout that a header line declares.

    Raises
    ------
    NotUsedError
        If the columns are those of a sample's truth.
    RefusalError
        If the columns are electricity's, or belong to no known format.

    """
    names = [normalise_name(column) for column in columns]
    if any(set(names) >= columns for columns in TRUTH_COLUMNS):
        raise NotUsedError("the truth of a sample, not a delivery")
    if ELECTRICITY_COLUMNS & set(names):
        raise ElectricityError("electricity readings (ELECKWH); Hearth reads gas")
    for known in FORMATS:
        positions = _positions(known, names)
        if positions is not None:
            return Layout(format=known, positions=positions, width=len(names), signature=",".join(names))
    seen = ",".join(columns).strip()
    shown = seen if len(seen) <= SHOWN_CHARACTERS else seen[:SHOWN_CHARACTERS] + "..."
    raise RefusalError(f"unknown header {shown!r}; known are {known_formats()}")


def _positions(known: Format, names: list[str]) -> dict[str, int] | None:
    """Say where each role of a format stands, or None where the header is not of that format."""
    positions = {}
    for field in known.fields:
        accepted = [normalise_name(name) for name in field.names]
        at = [names.index(name) for name in dict.fromkeys(accepted) if name in names]
        if at:
            positions[field.role] = at[0]  # the first of the accepted names wins
        elif field.required:
            return None
    spare = [i for i, name in enumerate(names) if name and i not in positions.values()]
    return None if spare and not known.extra_columns else positions
