"""The site: one page from published tables, with everything it needs beside it, and no request to anywhere else."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import ledger, palette, text, tracing
from reports.figures.cost import draw_cost_shares, draw_emissions, draw_individual, draw_networks, options
from reports.figures.demand import draw_annual_demand, draw_profile
from reports.figures.exhibit import SAMPLE, Exhibit, tabulate
from reports.figures.quality import draw_flags, draw_funnel
from reports.headlines import headlines
from reports.inputs import RunInfo, SiteInputs
from transforms.tables import HEAT_DEMAND_ANNUAL

__all__ = ["RunInfo", "SiteInputs", "render_site"]

HERE = Path(__file__).parent
ASSETS = ("site.css", "site.js")

SECTIONS = (
    ("demand", "Heat demand", (draw_annual_demand, draw_profile)),
    ("individual", "Individual heating", (draw_individual, draw_emissions)),
    ("networks", "Networks", (draw_networks, draw_cost_shares)),
    ("quality", "Data quality", (draw_funnel, draw_flags)),
)


def render_site(inputs: SiteInputs, *, run: RunInfo, out: Path) -> Path:
    """Write the site into the folder `out` and return its first page."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        shutil.copyfile(HERE / "assets" / name, out / name)
    with (files("plotly") / "package_data" / "plotly.min.js").open("rb") as script:
        (out / "plotly.min.js").write_bytes(script.read())
    page = _environment().get_template("index.html.j2").render(_context(inputs, run))
    index = out / "index.html"
    index.write_text(page, encoding="utf-8")
    return index


def _context(inputs: SiteInputs, run: RunInfo) -> dict[str, Any]:
    return {
        "run": run,
        "period": inputs.period,
        "other_periods": inputs.periods[:-1],
        "by_period": _by_period(inputs),
        "delivered": set(options(inputs, run)["denominator"]) == {"delivered"},
        "threshold": inputs.demand.threshold,
        "sample": SAMPLE,
        "palette": palette.dark_of_light(),
        "headlines": headlines(inputs, run),
        "sections": [(key, title, [draw(inputs, run) for draw in draws]) for key, title, draws in SECTIONS],
        "ledger": ledger.entries(inputs),
        "ledger_totals": ledger.totals(inputs),
        "ledger_files": inputs.sources.frame.height,
        "months": ledger.months_table(inputs),
        "checks": inputs.checks.frame.sort("passed", "severity", "check_name").to_dicts(),
        "steps": tracing.steps(inputs),
        "examples": tracing.examples(inputs, run),
        "assumptions": tracing.assumptions(inputs),
    }


def _by_period(inputs: SiteInputs) -> object:
    rows = inputs.demand.frame.filter(dwelling_type="all").sort("period")
    columns = ("period", "households", "heat_kwh_mean", "heat_kwh_ci_low", "heat_kwh_ci_high")
    return tabulate(rows, HEAT_DEMAND_ANNUAL, columns, caption="All study periods, all included homes")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "json_in_script": json_in_script,
        "visible": text.visible,
        "moment": text.moment,
        "chart_json": _chart_json,
    }
    return environment


def json_in_script(value: object) -> Markup:
    """Return JSON for a script element: no character in it can end the element or start another."""
    return _inert(json.dumps(value))


def _chart_json(exhibit: Exhibit) -> Markup:
    if exhibit.chart is None:
        message = f"exhibit {exhibit.key} has no chart"
        raise ValueError(message)
    return _inert(str(exhibit.chart.to_json()))


def _inert(as_json: str) -> Markup:
    for character in "<>&\u2028\u2029":
        as_json = as_json.replace(character, f"\\u{ord(character):04x}")
    return Markup(as_json)  # noqa: S704 - nothing is left in it that could end the element
