"""The cash flow behind one number: its sums are the cost, and its workbook computes anew."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.answers.lcoh import Question, run_lcoh
from flows.answers.lcoh_explain import LCOH_LABEL, explain_lcoh, show_explanation, write_workbook
from flows.cli.main import app
from tests.networks_only import write_networks_only
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.results.explain import Explanation

NS = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
QUESTIONS = [
    ("gas_boiler", "paper_fit", "wang2018"),
    ("gshp", "paper_fit", "wang2018"),
    ("network", "paper_fit", "wang2018"),
    ("network", "paper_fit", "rival"),
    ("gas_boiler", "eep2019", "best_practice"),
    ("ashp", "eep2019", "best_practice"),
    ("network", "eep2019", "best_practice"),
    ("gas_boiler", "eep2018", "best_practice_private"),
    ("network", "eep2019", "best_practice_private"),
]
OVERRIDDEN = ("network.lifetime_years=80", "heat_pump_spf=3.0")


class Workbook:
    """A workbook read as XML, its formulas worked out by a few lines of Python."""

    def __init__(self, path: Path, sheet: int = 1) -> None:
        with zipfile.ZipFile(path) as archive:
            strings = ET.fromstring(archive.read("xl/sharedStrings.xml"))  # noqa: S314 - our own file
            rows = ET.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314
        self.shared = ["".join(t.text or "" for t in s.iter(f"{{{NS['s']}}}t")) for s in strings.findall("s:si", NS)]
        self.texts: dict[str, str] = {}
        self.numbers: dict[str, float] = {}
        self.formulas: dict[str, str] = {}
        self.saved: dict[str, float] = {}
        for cell in rows.iter(f"{{{NS['s']}}}c"):
            ref, value, formula = cell.attrib["r"], cell.findtext("s:v", "", NS), cell.find("s:f", NS)
            if formula is not None:
                self.formulas[ref], self.saved[ref] = formula.text or "", float(value)
            elif cell.attrib.get("t") == "s":
                self.texts[ref] = self.shared[int(value)]
            elif value:
                self.numbers[ref] = float(value)

    def find(self, text: str) -> str:
        """Return the cell to the right of a text in column A."""
        return next(
            f"B{ref[1:]}" for ref, said in self.texts.items() if said == text and ref[0] == "A" and ref[1:].isdigit()
        )

    def compute(self, ref: str, known: dict[str, float] | None = None) -> float:
        """Work out a cell, every formula that it rests on included."""
        known = {} if known is None else known
        if ref not in known:
            formula = self.formulas.get(ref)
            known[ref] = self.numbers.get(ref, 0.0) if formula is None else self._work(self._parse(formula), known)
        return known[ref]

    @staticmethod
    def _parse(formula: str) -> ast.expr:
        plain = re.sub(r"([A-Z]+\d+):([A-Z]+\d+)", r"RANGE(\1,\2)", formula.replace("$", ""))
        return ast.parse(plain, mode="eval").body

    def _work(self, node: ast.expr, known: dict[str, float]) -> float:
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return self.compute(node.id, known)
        if isinstance(node, ast.BinOp):
            left, right = self._work(node.left, known), self._work(node.right, known)
            return {ast.Add: left + right, ast.Mult: left * right, ast.Div: left / right if right else 0.0}[
                type(node.op)
            ]  # type: ignore[index]
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        assert node.func.id == "SUM"
        (span,) = node.args
        assert isinstance(span, ast.Call)
        first, last = (arg.id for arg in span.args if isinstance(arg, ast.Name))
        return sum(self.compute(ref, known) for ref in self._between(first, last))

    @staticmethod
    def _between(first: str, last: str) -> list[str]:
        (c1, r1), (c2, r2) = (re.fullmatch(r"([A-Z])(\d+)", ref).groups() for ref in (first, last))  # type: ignore[union-attr]
        return [f"{chr(c)}{r}" for c in range(ord(c1), ord(c2) + 1) for r in range(int(r1), int(r2) + 1)]


def explain(system: str, scenario: str, convention: str, **options: object) -> Explanation:
    sized = {"dwellings": 300} if system == "network" else {}
    return explain_lcoh(system, Question(scenario=scenario, convention=convention, **sized, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(("system", "scenario", "convention"), QUESTIONS)
def test_the_sums_are_the_row_of_the_table(system: str, scenario: str, convention: str) -> None:
    options = {"demand_kwh": 12_000.0, "overrides": OVERRIDDEN}
    found = explain(system, scenario, convention, **options)
    table = run_lcoh(Question(scenario=scenario, convention=convention, dwellings=300, **options)).table  # type: ignore[arg-type]
    row = table.filter(system=system).row(0, named=True)
    for name, value in found.elements_gbp_per_mwh.items():
        assert value == pytest.approx(row[f"{name.removesuffix('_gbp')}_gbp_per_mwh"], rel=1e-12, abs=1e-12), name
    assert found.lcoh_gbp_per_mwh == pytest.approx(row["lcoh_gbp_per_mwh"], rel=1e-12)
    assert found.years["capital_gbp"][0] / found.dwellings == pytest.approx(row["initial_capital_gbp_per_dwelling"])


@pytest.mark.parametrize(("system", "scenario", "convention"), QUESTIONS)
def test_the_workbook_computes_the_cost_and_follows_its_discount_rates(
    system: str, scenario: str, convention: str, tmp_path: Path
) -> None:
    found = explain(system, scenario, convention)
    write_workbook(found, path := tmp_path / "cost.xlsx")
    book = Workbook(path)
    answer = book.find(LCOH_LABEL)
    assert book.compute(answer) == pytest.approx(found.lcoh_gbp_per_mwh, abs=0.01)
    known: dict[str, float] = {}
    assert all(
        book.compute(ref, known) == pytest.approx(value, rel=1e-9, abs=1e-9) for ref, value in book.saved.items()
    )
    for step in found.steps:
        book.numbers[book.find(f"discount rate to year {step.last_year}")] = 0.06
    asked = explain(system, scenario, convention, discount_rate=0.06)
    assert book.compute(answer) == pytest.approx(asked.lcoh_gbp_per_mwh, abs=0.01)
    assert abs(asked.lcoh_gbp_per_mwh - found.lcoh_gbp_per_mwh) > 0.01


def test_a_wrong_formula_would_be_noticed(tmp_path: Path) -> None:
    found = explain("gas_boiler", "paper_fit", "wang2018")
    write_workbook(found, path := tmp_path / "cost.xlsx")
    book = Workbook(path)
    factor = next(ref for ref, formula in book.formulas.items() if "(1+" in formula)
    book.formulas[factor] = book.formulas[factor].replace("1+", "2+")
    assert abs(book.compute(book.find(LCOH_LABEL)) - found.lcoh_gbp_per_mwh) > 0.01


def test_stepped_rates_have_a_cell_each() -> None:
    found = explain("network", "eep2019", "best_practice", overrides=["network.lifetime_years=80"])
    assert [(step.last_year, step.rate) for step in found.steps] == [(30, 0.035), (75, 0.03), (80, 0.025)]
    assert [step.last_year for step in explain("network", "eep2019", "best_practice").steps] == [30, 50]


def test_no_text_starts_a_formula(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        "scenario,item,parameter,year,value,unit,price_base,status,source\n"
        'paper_fit,gas_boiler,capital_gbp,0,2600,GBP,2018,own choice,"=HYPERLINK(""file"",""a quote"")"\n'
        "paper_fit,gas_boiler,om_gbp_per_year,0,170,GBP/yr,2018,own choice,+44 20 7946 0000\n",
        encoding="utf-8",
    )
    found = explain("gas_boiler", "paper_fit", "wang2018", own_files=[own])
    assert {"=", "+"} <= {source[0] for source in found.assumptions["source"]}
    write_workbook(found, path := tmp_path / "cost.xlsx")
    flows, assumptions = Workbook(path), Workbook(path, sheet=2)
    assert not assumptions.formulas
    assert all(re.fullmatch(r"[A-Z0-9$+*/():]+", formula) for formula in flows.formulas.values())
    assert [text for text in flows.shared if text.startswith(("=", "+", "-", "@"))] == []
    assert '\'=HYPERLINK("file","a quote")' in assumptions.texts.values()


def test_the_text_shows_every_year_and_the_quotient() -> None:
    text = show_explanation(explain("gas_boiler", "paper_fit", "wang2018", demand_kwh=15_200.0))
    assert "= 79.25 GBP/MWh" in text
    assert "capital 14.28 + O&M 11.84 + fuel 50.00 + carbon 3.13" in text
    years = [line for line in text.splitlines() if re.match(r"\s+\d+\s+20\d\d ", line)]
    assert len(years) == 16
    assert years[0].split()[1:5] == ["2017", "0.0000", "1.0000", "2,500.00"]


@pytest.mark.parametrize(
    ("system", "options", "message"),
    [
        ("boiler", {}, "no system is named 'boiler'; did you mean gas_boiler"),
        ("network", {}, "network has 5 scales: name one of small, medium"),
        ("network", {"scale": "tiny"}, "no scale is named 'tiny'"),
        ("network", {"scale": "small", "dwelling_type": "flat"}, "a network serves the mean home, not flat"),
        ("ashp", {"scale": "small"}, "ashp is a system in one home"),
        ("ashp", {"dwelling_type": "castle"}, "no dwelling type of these demands is named 'castle'"),
    ],
)
def test_a_cost_that_cannot_be_explained_is_refused_with_the_reason(
    system: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(AssumptionError, match=message):
        explain_lcoh(system, Question(), **options)


def test_a_scenario_without_a_price_is_named(tmp_path: Path) -> None:
    own = (write_networks_only(tmp_path),)
    with pytest.raises(AssumptionError, match="cannot cost gas_boiler by best_practice: it has no gas_residential"):
        explain_lcoh("gas_boiler", Question(scenario="networks_only", convention="best_practice", own_files=own))


def test_the_command_saves_once_and_never_overwrites(tmp_path: Path) -> None:
    out = tmp_path / "flat.xlsx"
    command = ["lcoh", "--explain", "gas_boiler", "--dwelling-type", "flat", "--out", str(out)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "dwelling type: flat" in done.stdout
    assert out.exists()
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert CliRunner().invoke(app, [*command[:-1], str(tmp_path / "flat.csv")]).exit_code == 2
    alone = CliRunner().invoke(app, ["lcoh", "--scale", "small"])
    assert alone.exit_code == 2
    assert "--scale goes with --explain" in alone.stderr
