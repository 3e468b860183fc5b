"""What `hearth lcoh` does: the cost model alone, with any assumption overridden."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from transforms.lcoh.conventions import CONVENTIONS, WANG2018
from transforms.lcoh.overrides import GIVEN, override, with_network_size
from transforms.lcoh.table import lcoh_table, paper_demand
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


def run_lcoh(
    *,
    scenario: str = "paper_fit",
    convention: str = WANG2018.name,
    demand_kwh: float | None = None,
    discount_rate: float | None = None,
    dwellings: int | None = None,
    overrides: Sequence[str] = (),
    own_files: Sequence[Path] = (),
) -> pl.DataFrame:
    """Return the levelised cost of every system, as the table `lcoh`.

    Parameters
    ----------
    scenario, convention
        Set of prices, and reading of the cost model.
    demand_kwh
        Heat delivered to one home [kWh/yr]; without it, the paper's demand of each dwelling type.
    discount_rate
        Discount rate [1/yr] instead of the scenario's.
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
    of_rate = [] if discount_rate is None else [f"study.discount_rate={discount_rate}"]
    assumptions = override(read_assumptions(own_files), [*overrides, *of_rate], scenario=scenario)
    if dwellings is not None:
        assumptions = with_network_size(assumptions, dwellings)
    demand = paper_demand(assumptions) if demand_kwh is None else _given_demand(demand_kwh)
    return lcoh_table(demand, assumptions, scenario=scenario, convention=convention)


def show_lcoh(table: pl.DataFrame, *, as_json: bool = False) -> str:
    """Return the table as text for reading, or as a JSON list of its rows, unrounded."""
    return json.dumps(table.to_dicts(), indent=1) if as_json else _as_text(table)


def _as_text(table: pl.DataFrame) -> str:
    """Return the table for reading: one line a row, units below the headings, rounded."""
    columns = [
        _column(table[name], heading=heading, unit=unit, decimals=decimals) for name, heading, unit, decimals in _SHOWN
    ]
    scenario, convention, denominator = table.select("scenario", "convention", "denominator").row(0)
    title = f"scenario {scenario}, convention {convention}: cost per MWh of heat {denominator}"
    return "\n".join([title, "", *("  ".join(line).rstrip() for line in zip(*columns, strict=True)), *_advice(table)])


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
    comparable = [name for name, convention in CONVENTIONS.items() if convention.denominator == "delivered"]
    return [
        "",
        "Networks are divided by the heat produced, of which the pipes lose some: do not compare them with the other",
        f"systems on these figures. Per MWh delivered to the dwelling: --convention {' or '.join(comparable)}",
    ]
