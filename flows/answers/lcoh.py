"""`hearth lcoh`: the cost model alone; any assumption can be replaced."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from transforms.lcoh.assumptions.overrides import GIVEN, find_figure, with_network_size
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, list_changes, scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE, find_convention, lenses_beside
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.places import ALL_HOMES, BoughtHeat, Place
from transforms.lcoh.model.systems import series_read
from transforms.lcoh.model.unread import explain_unread
from transforms.lcoh.model.valuation import rate_figures
from transforms.lcoh.results.costed import INDIVIDUAL
from transforms.lcoh.results.table import lcoh_table, missing_systems
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


_TO_WHOM: Final = {
    "paper": "as the paper counts",
    "social": "to society",
    "public_body": "to a public body",
    "private": "to the household",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The table `lcoh` and the notes on it."""

    table: pl.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The arguments of `hearth lcoh`."""

    scenario: str = "current2026"
    convention: str = BEST_PRACTICE.name
    """A convention of the cost model; the costs to society and to the household are both answered, whichever is named."""
    demand_kwh: float | None = None
    """Heat delivered to one home [kWh/yr]; without it, the paper's demand of each dwelling type."""
    discount_rate: float | None = None
    """Discount rate [1/yr] in all years instead of those of the convention's perspective."""
    dwellings: int | None = None
    """Number of homes that a network could serve, instead of the five scales."""
    connection_share: float | None = None
    """Share of these homes that take heat from the network [1]."""
    main_pipe_m: float | None = None
    """Length of the network's main pipe [m]."""
    link_pipe_m: float | None = None
    """Length of the pipe from the plant to the main pipe [m]."""
    heat_price_gbp_per_mwh: float | None = None
    """Price of the heat that the network buys, without VAT [GBP/MWh]."""
    heat_co2_kg_per_mwh: float | None = None
    """Carbon dioxide of the heat that the network buys [kg/MWh]."""
    overrides: tuple[str, ...] = ()
    """Other values to replace, `parameter=value` each."""
    own_files: tuple[Path, ...] = ()
    """A user's own tables of assumptions, CSV."""

    @property
    def lenses(self) -> tuple[str, ...]:
        """The conventions that are answered, the one asked for first."""
        return tuple(dict.fromkeys([self.convention, *lenses_beside(self.convention)]))

    @property
    def place(self) -> Place | None:
        """The place that the network serves; None if only its size is given.

        Raises
        ------
        AssumptionError
            If a place is described without its homes, or bought heat without its price or its carbon dioxide.

        """
        pipes = {
            name: value
            for name in ("connection_share", "main_pipe_m", "link_pipe_m")
            if (value := getattr(self, name)) is not None
        }
        price, co2 = self.heat_price_gbp_per_mwh, self.heat_co2_kg_per_mwh
        if (price is None) != (co2 is None):
            message = (
                "a network that buys heat needs its price and its carbon dioxide: give --heat-price and --heat-co2"
            )
            raise AssumptionError(message)
        bought = None if price is None or co2 is None else BoughtHeat(price_gbp_per_mwh=price, co2_kg_per_mwh=co2)
        if not pipes and bought is None:
            return None
        if self.dwellings is None:
            message = (
                "pipes, connection and bought heat belong to one place: say how many homes it has with --dwellings"
            )
            raise AssumptionError(message)
        return Place(homes={ALL_HOMES: float(self.dwellings)}, bought_heat=bought, **pipes)


ABOUT_WEATHER: Final = "Each demand is taken as that of a year of normal weather, for which systems are built."


def run_lcoh(question: Question) -> Answer:
    """Return the levelised cost of every system that the scenario has values for, and notes on its series.

    Raises
    ------
    AssumptionError
        If a name is unknown or a value cannot be used. It is a ValueError, so that the command exits with 2.

    """
    demand, assumptions = read_question(question)
    scenario, convention = question.scenario, question.convention
    table = _cost_lenses(question, demand, assumptions)
    notes = (
        *_left_out(assumptions, scenario, convention),
        *list_unread(question),
        *_changed(assumptions, scenario, convention),
    )
    return Answer(table, notes)


def read_question(question: Question) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the demands and the assumptions that a question asks for."""
    rates = dict.fromkeys(key for name in question.lenses for key in rate_figures(find_convention(name)))
    rate = question.discount_rate
    of_rate = [] if rate is None else [f"{item}.{name}={rate}" for item, name in rates]
    assumptions = read_assumptions(
        question.own_files, settings=[*question.overrides, *of_rate], scenario=question.scenario
    )
    if question.dwellings is not None:
        assumptions = with_network_size(assumptions, question.dwellings)
    demand = paper_demand(assumptions) if question.demand_kwh is None else _given_demand(question.demand_kwh)
    return demand, assumptions


def list_unread(question: Question) -> tuple[str, ...]:
    """Return a note for each override that changes no row, with the reason.

    All systems are costed once without each override. So the notes need no list of what each convention reads.
    """
    if not question.overrides:
        return ()
    convention = find_convention(question.convention)
    _, assumptions = read_question(question)
    costs, figures = _cost(question)
    notes = []
    for setting in question.overrides:
        others = tuple(other for other in question.overrides if other != setting)
        try:
            without, figures_without = _cost(replace(question, overrides=others))
        except AssumptionError:  # nothing can be costed without it
            continue
        if costs.equals(without):
            key = find_figure(assumptions, setting)
            same = figures_without.by_year.get(key) == figures.by_year[key]
            why = "it has that value already" if same else explain_unread(key, figures, convention)
            notes.append(f"--set {setting} changes no row: {why}")
    return tuple(notes)


def _cost(question: Question) -> tuple[pl.DataFrame, ScenarioFigures]:
    """Return the table `lcoh` and the values that it was made with."""
    demand, assumptions = read_question(question)
    return _cost_lenses(question, demand, assumptions), scenario_figures(assumptions, question.scenario)


def _cost_lenses(question: Question, demand: pl.DataFrame, assumptions: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        lcoh_table(demand, assumptions, scenario=question.scenario, convention=name, place=question.place)
        for name in question.lenses
    )


def show_lcoh(answer: Answer, *, as_json: bool = False) -> str:
    """Return the table and its notes as text for reading, or the table alone as a JSON list of rows, unrounded."""
    return json.dumps(answer.table.to_dicts(), indent=1) if as_json else _as_text(answer)


def _left_out(assumptions: pl.DataFrame, scenario: str, convention: str) -> Iterable[str]:
    for system, series in missing_systems(assumptions, scenario=scenario, convention=convention).items():
        yield f"{system} is left out: scenario {scenario} has no {' and no '.join(series)}"


def _changed(assumptions: pl.DataFrame, scenario: str, convention: str) -> Iterable[str]:
    series = series_read(find_convention(convention))
    for (item, parameter), changes in list_changes(assumptions, scenario, series).items():
        yield f"{item}.{parameter}: {', '.join(changes)}"


def _as_text(answer: Answer) -> str:
    """Return a table for each lens, with units below the headings and rounded values; then the notes."""
    tables = [table for _, table in answer.table.group_by("convention", maintain_order=True)]
    notes = ["", *answer.notes] if answer.notes else []
    shown = "\n\n".join(_one_lens(table) for table in tables)
    return "\n".join([shown, "", ABOUT_WEATHER, *_orders_differ(tables), *notes, *_advice(answer.table)])


def _one_lens(table: pl.DataFrame) -> str:
    grant = ("grant_gbp_per_mwh", "grant, not taken off", "GBP/MWh", 2)
    shown = [*_SHOWN, *([grant] if table["grant_gbp_per_mwh"].count() else [])]
    columns = [
        _column(table[name], heading=heading, unit=unit, decimals=decimals) for name, heading, unit, decimals in shown
    ]
    row = table.row(0, named=True)
    title = (
        f"scenario {row['scenario']}, convention {row['convention']}: cost {_TO_WHOM[row['perspective']]} per MWh of heat "
        f"{row['denominator']}, in money of {row['price_year']}, from {row['start_year']} on"
    )
    lines = ("  ".join(line).rstrip() for line in zip(*columns, strict=True))
    return "\n".join([title, "", *lines])


def _orders_differ(tables: list[pl.DataFrame]) -> list[str]:
    """Say if the order of the systems in one home differs between society and the household."""
    orders = {
        str(table["perspective"][0]): table.filter(pl.col("scale") == INDIVIDUAL, pl.col("dwelling_type") == "all")
        .sort("lcoh_gbp_per_mwh")["system"]
        .to_list()
        for table in tables
    }
    if len({tuple(order) for order in orders.values()}) < 2:  # noqa: PLR2004 - two lenses or one
        return []
    both = "; ".join(f"{_TO_WHOM[who]} {', then '.join(order)}" for who, order in orders.items())
    return ["", f"The order of the systems differs: {both}."]


def _given_demand(demand_kwh: float) -> pl.DataFrame:
    return pl.DataFrame(
        {"dwelling_type": ["all"], "period": [GIVEN], "demand_basis": [GIVEN], "demand_kwh": [demand_kwh]},
        schema_overrides={"demand_kwh": pl.Float64},
    )


def _column(values: pl.Series, *, heading: str, unit: str, decimals: int | None) -> list[str]:
    cells = [
        heading,
        unit,
        *(str(v) if decimals is None else "" if v is None else f"{v:,.{decimals}f}" for v in values),
    ]
    width = max(map(len, cells))
    return [cell.ljust(width) if decimals is None else cell.rjust(width) for cell in cells]


def _advice(table: pl.DataFrame) -> list[str]:
    if table["denominator"][0] == "delivered":
        return []
    return [
        "",
        "Costs of networks are divided by the heat produced, and pipes lose some of it: do not compare them with the other",
        f"systems by these values. Per MWh delivered to the dwelling: --convention {BEST_PRACTICE.name}",
    ]
