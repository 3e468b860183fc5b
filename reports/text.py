"""Words and numbers as readers see them."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata

from transforms.tables.schema import Column

NAMES = {
    "detached": "Detached",
    "semi_detached": "Semi-detached",
    "terraced": "Terraced",
    "bungalow": "Bungalow",
    "flat": "Flat",
    "unknown": "Type unknown",
    "all": "All homes",
    "stock": "National mix",
    "gas_boiler": "Gas boiler",
    "ashp": "Air source heat\N{NO-BREAK SPACE}pump",
    "gshp": "Ground source heat\N{NO-BREAK SPACE}pump",
    "network": "Heat network",
    "capital": "Capital",
    "om": "Operation and maintenance",
    "fuel": "Fuel",
    "carbon": "Carbon",
    "individual": "Individual",
    "spf": "Seasonal performance factor",
    "demand": "Heat demand",
    "loss": "Heat lost in pipes",
    "lifetime": "Life",
    "sampled_homes": "Sampling of homes",
    "existing_boiler": "Existing boiler",
    "new_boiler": "New boiler",
    "average": "Average",
    "long_run_marginal": "Long-run marginal",
    "measured": "The homes",
    "paper": "Wang 2018",
    "raw": "Hour by hour",
    "smoothed_24h": "Smoothed over 24 hours",
    "small": "Small",
    "medium": "Medium",
    "large": "Large",
    "single_development": "Single development",
    "multi_development": "Multi-development",
    "om_gbp_per_mwh": "Operation and maintenance",
    "weekday": "Weekdays",
    "weekend": "Weekends",
    "space": "Space heating",
    "hot_water": "Hot water",
    "suspected_unit": "Suspected wrong unit",
    "sentinel_max": 'Meter\'s "no reading" code',
    "off_grid": "Not on the half-hour",
    "bad_time": "Time out of range",
    "unknown_household": "Unknown home",
    "duplicate_exact": "Exact duplicate",
    "duplicate_conflict": "Conflicting duplicate",
    "superseded": "Replaced by a newer delivery",
    "stuck": "Stuck meter",
    "cold_zero_run": "Long zero run in the cold",
    "catch_up": "Gas after an outage",
}
MINUS = "\N{MINUS SIGN}"
DRAWN = "prices, capital, performance, lives, demand and sampling of homes"
"""What the draws of a cost cover; homes that nobody measured are no sample."""
UNITS = {"GBP": "£", "degC": "°C"}
DECIMALS = {
    "kWh/yr": 0, "kWh/d": 1, "kWh/h": 2, "kWh/(d K)": 2, "W/K": 0, "GBP/MWh": 1, "GBP": 0, "kg/yr": 0, "GBP/t": 0, "kW": 2, "yr": 1, "degC": 1, "kWh": 0, "%": 1,
}  # fmt: skip
NOTHING = "–"  # noqa: RUF001 - an en dash is what a table shows for no value
LONGEST = 120
ALMOST_ALL = 99  # %
BEFORE_PERCENT = re.compile(r"(?<=\d) %")


def name_of(key: str) -> str:
    """Return the name that readers see for a key of the tables."""
    return NAMES.get(key, key.replace("_", " ").capitalize())


def show_unit(unit: str) -> str:
    """Return a unit with its usual sign, such as £/MWh."""
    for code, sign in UNITS.items():
        unit = unit.replace(code, sign)
    return unit


def title_of(column: Column) -> str:
    """Return the axis title or table heading of a declared column: its meaning, with its unit in brackets."""
    meaning = column.meaning[:1].upper() + column.meaning[1:]
    return f"{meaning} [{show_unit(column.unit)}]" if column.unit not in {"", "1"} else meaning


def _with_minus(shown: str) -> str:
    """Return a formatted number with a real minus sign, and without one where it is shown as zero."""
    return shown.replace("-", MINUS if any(digit in shown for digit in "123456789") else "")


def number(value: float | None, decimals: int = 0) -> str:
    """Return a number with thousands separators."""
    return NOTHING if value is None else _with_minus(f"{value:,.{decimals}f}")


def celsius(value: float | None) -> str:
    """Return a temperature, with a minus sign below zero."""
    return NOTHING if value is None else _with_minus(f"{value:.1f}") + "\N{NO-BREAK SPACE}°C"


def band(key: str) -> str:
    """Return the name of a band of temperature: `minus_5_to_0_c` becomes -5 to 0 °C."""
    words = key.replace("minus_", MINUS).replace("-", MINUS).split("_")
    shown = " ".join("°C" if word == "c" else word for word in words)
    return shown[:1].upper() + shown[1:]


def gbp(value: float | None, decimals: int = 0) -> str:
    """Return an amount of money."""
    return NOTHING if value is None else re.sub(r"(?=\d)", "£", number(value, decimals), count=1)


def kwh(value: float | None, decimals: int = 0) -> str:
    """Return an amount of heat or gas."""
    return NOTHING if value is None else f"{number(value, decimals)} kWh"


def assumed(value: float) -> str:
    """Return the value of an assumption with all its digits and thousands separators."""
    return _with_minus(f"{value:,.10f}".rstrip("0").rstrip("."))


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number of any size with significant digits; all digits before the point are shown."""
    if value is None:
        return NOTHING
    before = math.floor(math.log10(abs(value))) if value else 0
    return _with_minus(f"{value:,.{max(digits - 1 - before, 0)}f}")


def percent(share: float | None, decimals: int = 0) -> str:
    """Return a share as a percentage."""
    return NOTHING if share is None else _with_minus(f"{100 * share:.{decimals}f} %")


def almost(share: float) -> str:
    """Return a percentage [%] with three digits, or with more if it is close to 100 %, so that almost all is not shown as all."""
    digits = 1 if share < ALMOST_ALL else 3
    return assumed(round(share, digits)) if share >= 1 else assumed(float(f"{share:.2g}"))


def signed(change: float | None, decimals: int = 1) -> str:
    """Return a relative change as a percentage with its sign; a change that is shown as zero has no sign."""
    if change is None:
        return NOTHING
    shown = f"{100 * change:+.{decimals}f} %"
    return _with_minus(shown if any(digit in shown for digit in "123456789") else shown[1:])


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return a number with its noun, which is in the singular for one."""
    return f"{number:,.0f} {one if round(number) == 1 else many or f'{one}s'}"


def moment(value: dt.datetime | None) -> str:
    """Return a UTC time to the minute."""
    return NOTHING if value is None else f"{value.day} {value:%B %Y, %H:%M} UTC"


def cell(value: object, column: Column | None = None) -> str:
    """Return one value of a table, formatted by its declared unit."""
    match value:
        case None:
            shown = NOTHING
        case bool():
            shown = "yes" if value else "no"
        case dt.datetime():
            shown = f"{value:%Y-%m-%d %H:%M}"
        case dt.date():
            shown = f"{value:%Y-%m-%d}"
        case int():
            shown = f"{value:,}"
        case float():
            shown = number(value, DECIMALS.get(column.unit if column else "", 3))
        case _:
            shown = visible(str(value))
    return shown


def visible(text: str, longest: int = LONGEST) -> str:
    """Return foreign text (a file's name, a reason) so that it cannot hide anything.

    Control, direction-changing and invisible characters are written as code points, and the middle of a long text is cut.
    """
    shown = "".join(
        f"[U+{ord(c):04X}]" if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} else c for c in text
    )
    if len(shown) <= longest:
        return shown
    half = (longest - 1) // 2
    return f"{shown[:half]}…{shown[-half:]}"


def in_chart(text: str, longest: int = LONGEST) -> str:
    """Return foreign text for a label of a chart, without tags, which the chart would read as markup."""
    shown = visible(text, longest)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unbroken(value: object) -> object:
    """Return plain words in which no line ends between a number and its per cent sign; anything else, such as markup, as it is."""
    return BEFORE_PERCENT.sub("\N{NO-BREAK SPACE}%", value) if type(value) is str else value


def listed(names: list[str]) -> str:
    """Return names as an enumeration: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
