"""Values replaced for one calculation: `heat_pump_spf=3.0`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

import polars as pl

from transforms.lcoh.assumptions.assumptions import OVERRIDE, PRICE_BASE, WHERE, check_rows, parameter_names
from transforms.lcoh.assumptions.parameters import ANY, KNOWN_FIGURES, SCALE_ITEM
from transforms.lcoh.assumptions.refusals import AssumptionError, unknown_name
from transforms.lcoh.assumptions.scenarios import ALL_SCENARIOS, check_scenario, seen_rows

GIVEN: Final = "given"  # scale, basis and period of values from the command line
_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def override(assumptions: pl.DataFrame, settings: Iterable[str], *, scenario: str) -> pl.DataFrame:
    """Return the assumptions with values of `scenario` replaced.

    Parameters
    ----------
    assumptions
        The table `assumption`.
    settings
        `item.parameter=value`, or `parameter=value` where only one item has it, the value with an optional unit:
        `heat_pump_spf=3.0`, `ashp.capital_gbp=5000`, `electricity_residential.price_gbp_per_mwh=21 p/kWh`.
    scenario
        The scenario that sees the new values. Money is in the prices of its `study.price_base_year`.

    Raises
    ------
    UnknownNameError
        If there is no such parameter or scenario; the message lists near matches.
    AssumptionError
        If a value cannot be used, or a parameter is set twice.

    """
    given = list(settings)
    if not given:
        return assumptions
    check_scenario(assumptions, scenario)
    rows = [_override_row(assumptions, setting, scenario=scenario) for setting in given]
    checked = check_rows(pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)))
    kept = assumptions.join(checked, on=["scenario", "item", "parameter"], how="anti", maintain_order="left")
    return pl.concat([kept, checked])


def find_figure(assumptions: pl.DataFrame, setting: str) -> tuple[str, str]:
    """Return the item and parameter that a setting `parameter=value` sets.

    Raises
    ------
    UnknownNameError
        If there is no such parameter; the message lists near matches.

    """
    return _resolve(setting.partition("=")[0].strip(), parameter_names(assumptions))


def with_network_size(assumptions: pl.DataFrame, dwellings: int) -> pl.DataFrame:
    """Return the assumptions with one scale of network, that of `dwellings` homes, instead of the declared ones.

    Raises
    ------
    AssumptionError
        If the number is below one.

    """
    is_scale = pl.col("item") == SCALE_ITEM
    declared = assumptions.filter(is_scale, pl.col("value") == dwellings)["parameter"]
    row = {
        "scenario": ALL_SCENARIOS,
        "item": SCALE_ITEM,
        "parameter": declared[0] if len(declared) else GIVEN,
        "year": "0",
        "value": str(dwellings),
        "unit": KNOWN_FIGURES[SCALE_ITEM, ANY].unit,
        "price_base": "none",
        "status": OVERRIDE,
        "source": f"set to {dwellings} for this calculation",
        WHERE: f"--dwellings {dwellings}",
    }
    return pl.concat([assumptions.filter(~is_scale), check_rows(pl.DataFrame([row]))])


def _override_row(assumptions: pl.DataFrame, setting: str, *, scenario: str) -> dict[str, str]:
    name, _, given = (part.strip() for part in setting.partition("="))
    if not setting.isprintable():  # bytes that are no text among them
        message = f"{setting!r} holds characters that do not print: write parameter=value, e.g. heat_pump_spf=3.0"
        raise AssumptionError(message)
    if not given:
        message = f"{setting!r} sets nothing: write parameter=value, e.g. heat_pump_spf=3.0"
        raise AssumptionError(message)
    item, parameter = _resolve(name, parameter_names(assumptions))
    number = _NUMBER.match(given)
    value, unit = (number.group(), given[number.end() :].strip()) if number else (given, "")
    declared = KNOWN_FIGURES.get((item, parameter)) or KNOWN_FIGURES[item, ANY]
    return {
        "scenario": scenario,
        "item": item,
        "parameter": parameter,
        "year": "0",
        "value": value,
        "unit": unit or declared.unit,
        "price_base": _base_year(assumptions, scenario) if declared.unit.startswith("GBP") else "none",
        "status": OVERRIDE,
        "source": f"set to {given} for this calculation",
        WHERE: f"--set {setting}",
    }


def _base_year(assumptions: pl.DataFrame, scenario: str) -> str:
    """Return the price year of a scenario's results."""
    item, parameter = PRICE_BASE
    seen = seen_rows(assumptions, scenario).filter(pl.col("item") == item, pl.col("parameter") == parameter)
    return str(int(seen["value"].item()))


def _resolve(name: str, known: set[str]) -> tuple[str, str]:
    """Return item and parameter of a full name, or of a bare parameter that only one item has."""
    matches = [name] if name in known else sorted(n for n in known if n.partition(".")[2] == name)
    if not matches:
        bare = Counter(n.partition(".")[2] for n in known)
        shortest = {parameter if bare[parameter := n.partition(".")[2]] == 1 else n for n in known}
        raise unknown_name("parameter", name, shortest)
    if len(matches) > 1:
        message = f"{name} is a parameter of {len(matches)} items: write one of {', '.join(matches)}"
        raise AssumptionError(message)
    item, _, parameter = matches[0].partition(".")
    return item, parameter
