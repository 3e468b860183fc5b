"""What `hearth lcoh` does: the cost model alone, with any assumption overridden."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from transforms.lcoh.conventions import BEST_PRACTICE, WANG2018, find_convention
from transforms.lcoh.overrides import GIVEN, with_network_size
from transforms.lcoh.scenarios import list_changes
from transforms.lcoh.systems import SYSTEMS, purchase_of
from transforms.lcoh.table import lcoh_table, missing_systems, paper_demand
from transforms.lcoh.valuation import rate_figures
from warehouse.cost_figures import read_assumptions

_SHOWN: Final = (
    # column, heading, unit, decimals (None: text)
    ("system", "system", "", None),
    ("scale", "scale", "", None),
    ("dwellings", "dwellings", "", 0),
    ("dwelling_type", "dwelling type", "", None),
    ("demand_kwh", "demand", "kWh/yr", 0),
    ("capital_gbp_per_mwh", "capital", "GBP/MWh", 2),
    ("om_gbp_per_mwh", "O&M", "GBP/MWh", 2),
    ("fuel_gbp_per_mwh", "fuel", "GBP/MWh", 2),
    ("carbon_gbp_per_mwh", "carbon", "GBP/MWh", 2),
    ("lcoh_gbp_per_mwh", "LCOH", "GBP/MWh", 2),
    ("initial_capital_gbp_per_dwelling", "initial capital", "GBP/dwelling", 0),
    ("co2_kg_per_dwelling_year", "CO2", "kg/dwelling/yr", 0),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The table `lcoh`, and what has to be said of it."""

    table: pl.DataFrame
    notes: tuple[str, ...]


def run_lcoh(
    *,
    scenario: str = "paper_fit",
    convention: str = WANG2018.name,
    demand_kwh: float | None = None,
    discount_rate: float | None = None,
    dwellings: int | None = None,
    overrides: Sequence[str] = (),
    own_files: Sequence[Path] = (),
) -> Answer:
    """Return the levelised cost of every system that the scenario can cost, and how its series came about.

    Parameters
    ----------
    scenario, convention
        Set of prices, and reading of the cost model.
    demand_kwh
        Heat delivered to one home [kWh/yr]; without it, the paper's demand of each dwelling type.
    discount_rate
        Discount rate [1/yr] in all years instead of those of the convention's perspective.
    dwellings
        Number of homes on the network, instead of the five scales.
    overrides
        Other figures to replace, `parameter=value` each.
    own_files
        A user's own tables of assumptions, CSV.

    Raises
    ------
    AssumptionError
        If a name is unknown or a figure cannot be used. It is a ValueError: wrong usage, exit code 2.

    """
    demand, assumptions = read_question(
        scenario=scenario,
        convention=convention,
        demand_kwh=demand_kwh,
        discount_rate=discount_rate,
        dwellings=dwellings,
        overrides=overrides,
        own_files=own_files,
    )
    table = lcoh_table(demand, assumptions, scenario=scenario, convention=convention)
    return Answer(table, (*_left_out(assumptions, scenario, convention), *_changed(assumptions, scenario, convention)))


def read_question(
    *,
    scenario: str,
    convention: str,
    demand_kwh: float | None = None,
    discount_rate: float | None = None,
    dwellings: int | None = None,
    overrides: Sequence[str] = (),
    own_files: Sequence[Path] = (),
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the demands and the assumptions that the options of `hearth lcoh` ask for, as `run_lcoh` takes them."""
    rates = rate_figures(find_convention(convention))
    of_rate = [] if discount_rate is None else [f"{item}.{name}={discount_rate}" for item, name in rates]
    assumptions = read_assumptions(own_files, settings=[*overrides, *of_rate], scenario=scenario)
    if dwellings is not None:
        assumptions = with_network_size(assumptions, dwellings)
    demand = paper_demand(assumptions) if demand_kwh is None else _given_demand(demand_kwh)
    return demand, assumptions


def show_lcoh(answer: Answer, *, as_json: bool = False) -> str:
    """Return the table and its notes as text for reading, or the table alone as a JSON list of rows, unrounded."""
    return json.dumps(answer.table.to_dicts(), indent=1) if as_json else _as_text(answer)


def _left_out(assumptions: pl.DataFrame, scenario: str, convention: str) -> Iterable[str]:
    for system, series in missing_systems(assumptions, scenario=scenario, convention=convention).items():
        yield f"{system} is left out: scenario {scenario} has no {' and no '.join(series)}"


def _changed(assumptions: pl.DataFrame, scenario: str, convention: str) -> Iterable[str]:
    reading = find_convention(convention)
    series = {key: None for system in SYSTEMS for key in purchase_of(reading, system).series}
    for (item, parameter), changes in list_changes(assumptions, scenario, series).items():
        yield f"{item}.{parameter}: {', '.join(changes)}"


def _as_text(answer: Answer) -> str:
    """Return the table for reading: one line a row, units below the headings, rounded; then the notes."""
    table = answer.table
    columns = [
        _column(table[name], heading=heading, unit=unit, decimals=decimals) for name, heading, unit, decimals in _SHOWN
    ]
    scenario, convention, denominator = table.select("scenario", "convention", "denominator").row(0)
    title = f"scenario {scenario}, convention {convention}: cost per MWh of heat {denominator}"
    lines = ("  ".join(line).rstrip() for line in zip(*columns, strict=True))
    notes = ["", *answer.notes] if answer.notes else []
    return "\n".join([title, "", *lines, *notes, *_advice(table)])


def _given_demand(demand_kwh: float) -> pl.DataFrame:
    return pl.DataFrame(
        {"dwelling_type": ["all"], "period": [GIVEN], "demand_basis": [GIVEN], "demand_kwh": [demand_kwh]},
        schema_overrides={"demand_kwh": pl.Float64},
    )


def _column(values: pl.Series, *, heading: str, unit: str, decimals: int | None) -> list[str]:
    cells = [heading, unit, *(str(v) if decimals is None else f"{v:,.{decimals}f}" for v in values)]
    width = max(map(len, cells))
    return [cell.ljust(width) if decimals is None else cell.rjust(width) for cell in cells]


def _advice(table: pl.DataFrame) -> list[str]:
    if table["denominator"][0] == "delivered":
        return []
    return [
        "",
        "Networks are divided by the heat produced, of which the pipes lose some: do not compare them with the other",
        f"systems on these figures. Per MWh delivered to the dwelling: --convention {BEST_PRACTICE.name}",
    ]
