"""The site: one page from published tables, with everything it needs beside it, and no request to anywhere else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import ledger, palette, text, tracing
from reports.figures.choice import (
    draw_abatement,
    draw_break_evens,
    draw_distribution,
    draw_finance,
    draw_performance,
    draw_probability,
)
from reports.figures.claims import claims_lead, draw_claims
from reports.figures.cost import draw_cost_shares, draw_emissions, draw_individual, draw_networks, options
from reports.figures.demand import draw_annual_demand, draw_profile
from reports.figures.diversity import draw_diversity
from reports.figures.exhibit import SAMPLE, Exhibit, tabulate
from reports.figures.external import draw_external
from reports.figures.quality import draw_flags, draw_judgements
from reports.figures.season import draw_bands, draw_day_kinds, draw_months
from reports.figures.selection import draw_funnel, draw_selection_effect
from reports.figures.sensitivity import draw_sensitivity, draw_sobol
from reports.figures.spread import draw_spread
from reports.figures.weather import draw_gas_uses, draw_weather_fit
from reports.headlines import headlines
from reports.inputs import Download, RunInfo, SiteInputs
from transforms.tables import HEAT_DEMAND_ANNUAL

__all__ = ["Download", "RunInfo", "SiteInputs", "render_site"]

HERE = Path(__file__).parent
ASSETS = ("site.css", "site.js")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: its heading, the question that it answers, and its figures."""

    key: str
    title: str
    lead: str
    exhibits: Sequence[Exhibit]


SECTIONS = (
    ("demand", "Heat demand", "How much heat homes use in a year, and when.", (draw_annual_demand, draw_spread, draw_profile)),
    (
        "weather", "Weather", "What the same homes would use in a year of normal weather, and on a very cold day.",
        (draw_weather_fit, draw_gas_uses),
    ),
    (
        "season", "Season and time of day", "When in the day heat is wanted, and how that changes with the month, the weekday and the cold.",
        (draw_months, draw_day_kinds, draw_bands),
    ),
    ("individual", "Individual heating", "What the heat would cost and emit, home by home.", (draw_individual, draw_emissions)),
    ("networks", "Networks", "What it would cost from a heat network, by the number of homes that it serves.", (draw_networks, draw_cost_shares)),
    (
        "quality", "Data quality", "Which homes and readings the figures rest on, and what was left out.",
        (draw_funnel, draw_selection_effect, draw_flags, draw_judgements),
    ),
)  # fmt: skip
ANALYSES = (  # parts that a release may have, before the quality of its data
    ("together", "Homes together", "How much less heat many homes need at once than each of them alone.", (draw_diversity,)),
    (
        "cheapest-system", "Which system is the cheapest", "How sure the order of the systems is, and what would change it.",
        (draw_probability, draw_break_evens, draw_abatement, draw_distribution, draw_performance, draw_finance),
    ),
    (
        "sensitivity", "Sensitivity", "How the cost of heat moves when one assumption changes, and which of them matter.",
        (draw_sensitivity, draw_sobol),
    ),
)  # fmt: skip
CLAIMS = ("claims", "The paper's statements")
COMPARED = ("external", "Beside published figures", "Whether others who measured gas in homes found the same.")


def render_site(inputs: SiteInputs, *, run: RunInfo, out: Path, downloads: Sequence[Download] = ()) -> Path:
    """Write the site into the folder `out` and return its first page.

    Parameters
    ----------
    inputs, run
        What the page shows, and the run that it comes from.
    out
        The folder, made where it is missing.
    downloads
        Files that lie below `out` already; the page links them.

    Raises
    ------
    FileNotFoundError
        If a download is not there: a page must not link what readers cannot get.

    """
    out.mkdir(parents=True, exist_ok=True)
    missing = [download.file for download in downloads if not (out / download.file).is_file()]
    if missing:
        message = f"{len(missing)} downloads are not in the site's folder (e.g. {missing[0]}): write them there before the page"
        raise FileNotFoundError(message)
    for name in ASSETS:
        shutil.copyfile(HERE / "assets" / name, out / name)
    with (files("plotly") / "package_data" / "plotly.min.js").open("rb") as script:
        (out / "plotly.min.js").write_bytes(script.read())
    sized = [(download, _megabytes((out / download.file).stat().st_size)) for download in downloads]
    page = _environment().get_template("index.html.j2").render(_context(inputs, run), downloads=sized)
    index = out / "index.html"
    index.write_text(page, encoding="utf-8")
    return index


def _megabytes(size: int) -> str:
    return f"{max(size / 1e6, 0.1):.1f} MB"


def sections(inputs: SiteInputs, run: RunInfo) -> list[Section]:
    """Return the parts of the page in reading order; analyses and comparisons only where there is something to show."""
    *found, quality = (
        Section(key, title, lead, [draw(inputs, run) for draw in draws]) for key, title, lead, draws in SECTIONS
    )
    analyses = [
        Section(key, title, lead, [exhibit for draw in draws for exhibit in draw(inputs, run)])
        for key, title, lead, draws in ANALYSES
    ]
    analyses.append(Section(*CLAIMS, claims_lead(inputs), draw_claims(inputs, run)))
    compared = Section(*COMPARED, draw_external(inputs, run))
    return [*found, *(part for part in analyses if part.exhibits), quality, *([compared] if compared.exhibits else [])]


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
        "sections": sections(inputs, run),
        "compared": not inputs.external.frame.is_empty(),
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
