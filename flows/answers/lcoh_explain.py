"""`hearth lcoh --explain`: the cash flow behind one number, as text and as a workbook with live formulas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flows.answers.lcoh import Question, read_question
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.results.explain import COSTS, FLOWS, PRESENT, Explanation, OneNumber, explain_cost

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

HEADINGS: Final = {
    "year": ("year", "yr"),
    "calendar_year": ("calendar year", "yr"),
    "discount_rate": ("rate", "1/yr"),
    "discount_factor": ("factor", "1"),
    "capital_gbp": ("capital", "GBP"),
    "om_gbp": ("O&M", "GBP"),
    "fuel_gbp": ("fuel", "GBP"),
    "carbon_gbp": ("carbon", "GBP"),
    "heat_mwh": ("heat", "MWh"),
}
LCOH_LABEL: Final = "levelised cost of heat"
COLUMNS: Final = (*HEADINGS, *(f"{PRESENT}{name}" for name in FLOWS))
_DECIMALS: Final = {"year": 0, "calendar_year": 0, "discount_rate": 4, "discount_factor": 4}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_LABEL, _VALUE, _UNIT = 0, 1, 2  # columns of the lines above the table


def explain_lcoh(
    system: str, question: Question, *, dwelling_type: str | None = None, scale: str | None = None
) -> Explanation:
    """Return the cash flow behind one number of `hearth lcoh`, which system, dwelling type and scale name.

    Raises
    ------
    AssumptionError
        If a name is unknown, or the names fit several numbers. It is a ValueError, so that the command exits with 2.

    """
    demand, assumptions = read_question(question)
    return explain_cost(
        demand,
        assumptions,
        OneNumber(system=system, dwelling_type=dwelling_type, scale=scale),
        scenario=question.scenario,
        convention=question.convention,
        place=question.place,
    )


def show_explanation(found: Explanation, *, as_json: bool = False) -> str:
    """Return the cash flow as text, a line per year with sums and quotient, or its years as a JSON list, unrounded."""
    if as_json:
        return json.dumps(found.years.to_dicts(), indent=1)
    sums, elements = found.sums, found.elements_gbp_per_mwh
    columns = [
        [heading, unit, *_cells(found, name), "", f"{sums[name]:,.2f}" if name in sums else ""]
        for name, (heading, unit) in ((name, _heading(name)) for name in COLUMNS)
    ]
    columns[0][-1] = "sum"
    widths = [max(map(len, column)) for column in columns]
    table = (
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )
    parts = [f"{_heading(name)[0]} {value:,.2f}" for name, value in elements.items()]
    taxed = f", with {found.tax:.0%} VAT on heat" if found.tax else ""
    return "\n".join(
        [
            *(
                f"{label}: {value if isinstance(value, str) else f'{value:,.10g}'}{unit and ' ' + unit}"
                for label, value, unit in _facts(found)
            ),
            "discount rates: " + ", ".join(f"{100 * step.rate:.4g} % to year {step.last_year}" for step in found.steps),
            "",
            *table,
            "",
            f"levelised cost = present value (PV) of costs / of heat {found.denominator}{taxed} = {' + '.join(parts)}",
            f"               = {found.lcoh_gbp_per_mwh:,.2f} GBP/MWh",
        ]
    )


def write_workbook(found: Explanation, path: Path) -> None:
    """Save the cash flow as a workbook; its formulas compute the cost from the discount rates, costs and heat in it.

    Raises
    ------
    AssumptionError
        If the name does not end in .xlsx.
    FileExistsError
        If the file exists: somebody may have worked in it.
    FileNotFoundError
        If its folder does not exist.

    """
    if path.suffix.lower() != ".xlsx":
        message = f"{path.name}: a workbook's name ends in .xlsx"
        raise AssumptionError(message)
    if path.exists():
        message = f"{path} exists already; name another file or delete it"
        raise FileExistsError(message)
    if not path.parent.is_dir():
        message = f"there is no folder {path.parent}"
        raise FileNotFoundError(message)
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        styles = {
            "bold": book.add_format({"bold": True}),
            "input": book.add_format({"bg_color": "#FFF2CC", "border": 1}),
            "money": book.add_format({"num_format": "#,##0.00"}),
            "factor": book.add_format({"num_format": "0.0000"}),
            "plain": book.add_format(),
        }
        _write_flows(WorkbookSheet(sheet=book.add_worksheet("cash flow"), styles=styles), found)
        _write_assumptions(WorkbookSheet(sheet=book.add_worksheet("assumptions"), styles=styles), found)


def _heading(name: str) -> tuple[str, str]:
    heading, unit = HEADINGS[name.removeprefix(PRESENT)]
    return (f"PV {heading}" if name.startswith(PRESENT) else heading), unit


def _cells(found: Explanation, name: str) -> list[str]:
    plain = name in ("year", "calendar_year")
    return [f"{v:d}" if plain else f"{v:,.{_DECIMALS.get(name, 2)}f}" for v in found.years[name]]


def _facts(found: Explanation) -> list[tuple[str, str | float, str]]:
    return [
        ("scenario", found.scenario, ""),
        ("convention", found.convention, ""),
        ("system", found.system, ""),
        ("scale", found.scale, ""),
        ("dwellings", found.dwellings, ""),
        ("dwelling type", found.dwelling_type, ""),
        ("demand per dwelling", found.demand_kwh, "kWh/yr"),
        ("costs are divided by", f"heat {found.denominator}", ""),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookSheet:
    """One sheet of a workbook; no program takes its text for a formula."""

    sheet: Worksheet
    styles: dict[str, Format]

    def text(self, row: int, column: int, text: str, style: str = "plain") -> None:
        """Write text that is no formula, also after it is copied or saved as CSV."""
        safe = f"'{text}" if text.startswith(_FORMULA_STARTS) else text
        self.sheet.write_string(row, column, safe, self.styles[style])

    def number(self, row: int, column: int, value: float, style: str = "plain") -> None:
        """Write a number."""
        self.sheet.write_number(row, column, value, self.styles[style])

    def value(self, row: int, column: int, value: str | float) -> None:
        """Write text or a number."""
        if isinstance(value, str):
            self.text(row, column, value)
        else:
            self.number(row, column, value)

    def formula(self, row: int, column: int, formula: str, value: float, style: str = "money") -> None:
        """Write a formula with its present value, for programs that do not compute formulas."""
        self.sheet.write_formula(row, column, formula, self.styles[style], value)


def _write_flows(sheet: WorkbookSheet, found: Explanation) -> None:
    """Write facts, rates and VAT, a row per year, sums, elements and their sum; all but the inputs are formulas."""
    sheet.text(0, _LABEL, "Levelised cost of heat, year by year; yellow cells may be changed", "bold")
    facts = _facts(found)
    for row, (label, value, unit) in enumerate(facts, start=1):
        sheet.text(row, _LABEL, label)
        sheet.value(row, _VALUE, value)
        sheet.text(row, _UNIT, unit)
    rate_rows = range(1 + len(facts), 1 + len(facts) + len(found.steps))
    inputs = [(f"discount rate to year {step.last_year}", step.rate, "1/yr") for step in found.steps]
    inputs += [("VAT on heat that homes pay beside these costs", found.tax, "1")]
    for row, (label, value, unit) in enumerate(inputs, start=rate_rows.start):
        sheet.text(row, _LABEL, label)
        sheet.number(row, _VALUE, value, "input")
        sheet.text(row, _UNIT, unit)
    head = rate_rows.stop + 2
    for column, name in enumerate(COLUMNS):
        heading, unit = _heading(name)
        sheet.text(head, column, heading, "bold")
        sheet.text(head + 1, column, unit)
    first = head + 2
    for year in found.years.iter_rows(named=True):
        _write_year(sheet, year, found=found, at=first + year["year"], rate_rows=rate_rows)
    _write_quotient(sheet, found, first=first, tax=_cell(rate_rows.stop, _VALUE, fixed=True))
    sheet.sheet.freeze_panes(first, _UNIT)
    sheet.sheet.set_column(0, len(COLUMNS) - 1, 14)


def _write_year(sheet: WorkbookSheet, year: dict[str, Any], *, found: Explanation, at: int, rate_rows: range) -> None:
    rate, factor = COLUMNS.index("discount_rate"), COLUMNS.index("discount_factor")
    for column, name in enumerate(COLUMNS[:rate]):
        sheet.number(at, column, year[name])
    if year["year"] == 0:
        sheet.number(at, factor, 1.0, "factor")
    else:
        step = next(place for place, step in enumerate(found.steps) if year["year"] <= step.last_year)
        sheet.formula(at, rate, f"={_cell(rate_rows[step], _VALUE, fixed=True)}", year["discount_rate"], "factor")
        growth = f"={_cell(at - 1, factor)}/(1+{_cell(at, rate)})"
        sheet.formula(at, factor, growth, year["discount_factor"], "factor")
    for name in FLOWS:
        flow, present = COLUMNS.index(name), COLUMNS.index(f"{PRESENT}{name}")
        sheet.number(at, flow, year[name], "input")
        sheet.formula(at, present, f"={_cell(at, flow)}*{_cell(at, factor)}", year[f"{PRESENT}{name}"])


def _write_quotient(sheet: WorkbookSheet, found: Explanation, *, first: int, tax: str) -> None:
    last = first + found.years.height - 1
    sum_row, element_row, lcoh_row = last + 2, last + 3, last + 4
    sheet.text(sum_row, _LABEL, "sum", "bold")
    for name, total in found.sums.items():
        column = COLUMNS.index(name)
        sheet.formula(sum_row, column, f"=SUM({_cell(first, column)}:{_cell(last, column)})", total)
    sheet.text(element_row, _LABEL, "GBP/MWh", "bold")
    heat = _cell(sum_row, COLUMNS.index(f"{PRESENT}heat_mwh"), fixed=True)
    columns = {name: COLUMNS.index(f"{PRESENT}{name}") for name in COSTS}
    for name, element in found.elements_gbp_per_mwh.items():
        sheet.formula(element_row, columns[name], f"={_cell(sum_row, columns[name])}/{heat}*(1+{tax})", element)
    places = [_cell(element_row, column) for column in columns.values()]
    sheet.text(lcoh_row, _LABEL, LCOH_LABEL, "bold")
    sheet.formula(lcoh_row, _VALUE, f"=SUM({places[0]}:{places[-1]})", found.lcoh_gbp_per_mwh)
    sheet.text(lcoh_row, _UNIT, "GBP/MWh")


def _write_assumptions(sheet: WorkbookSheet, found: Explanation) -> None:
    """Write the assumptions that the flows were computed from; changing these cells changes no flow."""
    sheet.text(0, 0, "What the flows were computed from; these cells are not linked to them", "bold")
    for column, name in enumerate(found.assumptions.columns):
        sheet.text(1, column, name, "bold")
    for at, row in enumerate(found.assumptions.iter_rows(), start=2):
        for column, value in enumerate(row):
            sheet.value(at, column, value)


def _cell(row: int, column: int, *, fixed: bool = False) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column, row_abs=fixed, col_abs=fixed))
