"""The site: pages from published tables, with all their files beside them, so that they send no request elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import ledger, palette, text, tracing
from reports.catalogue import catalogue
from reports.changes import changes
from reports.compare import cost_box, parts_named, shown_values
from reports.dictionary import dictionary
from reports.drawn import draw_anew
from reports.figure_files import write_figure_files
from reports.figures.cost import options
from reports.figures.exhibit import SAMPLE, Exhibit, tabulate
from reports.headlines import answers
from reports.inputs import Download, Published, RunInfo
from reports.map.contents import map_page
from reports.method import method_text, render_method
from reports.pages import OVERVIEW, PAGES, SUMMARY, Drawing, Page, Section, sections
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.lineage import QUALITY_RESULT, SOURCE
from transforms.tables.published import EXTERNAL_CHECK

__all__ = ["Download", "Published", "RunInfo", "render_site"]

HERE = Path(__file__).parent
ASSETS = ("site.css", "print.css", "site.js", "compare.js", "map.js", "map.css")
FIGURES = "figures.html.j2"  # the template of pages that hold only figures


def render_site(
    published: Published,
    *,
    run: RunInfo,
    out: Path,
    downloads: Sequence[Download] = (),
    drawing: Drawing = draw_anew,
) -> Path:
    """Write the site into the folder `out` and return its first page.

    Parameters
    ----------
    published, run
        The tables that the pages show, and the run that published them.
    out
        The folder; it is created if it does not exist.
    downloads
        Files that are below `out` already, and to which the pages link.
    drawing
        The function that draws figures, or reuses figures that are drawn already.

    Raises
    ------
    FileNotFoundError
        If a download does not exist: a page must not link to a missing file.

    """
    out.mkdir(parents=True, exist_ok=True)
    offered = catalogue(downloads, out)
    for name in ASSETS:
        shutil.copyfile(HERE / "assets" / name, out / name)
    with (files("plotly") / "package_data" / "plotly.min.js").open("rb") as script:
        (out / "plotly.min.js").write_bytes(script.read())
    drawn = {page.key: sections(page, published, run, drawing) for page in PAGES}
    exhibits = [exhibit for parts in drawn.values() for part in parts for exhibit in part.exhibits]
    environment = _environment()
    environment.globals |= {
        "run": run,
        "pages": PAGES,
        "sample": SAMPLE,
        "period": published.period,
        "threshold": published[HEAT_DEMAND_ANNUAL].threshold,
        "palette": palette.dark_of_light(),
        "csv": write_figure_files(exhibits, run, out),
        "where": _places(drawn),
        "catalogue": offered,
    }
    for page in (*PAGES, SUMMARY):
        context = _contents(page, published, run)
        template = environment.get_or_select_template([f"{page.key}.html.j2", FIGURES])
        html = template.render(context, page=page, sections=drawn.get(page.key, []))
        (out / page.file).write_text(html, encoding="utf-8")
    return out / OVERVIEW.file


def _places(drawn: Mapping[str, Sequence[Section]]) -> dict[str, str]:
    """Return the address of each figure."""
    return {
        exhibit.key: f"{page}.html#{exhibit.key}"
        for page, parts in drawn.items()
        for part in parts
        for exhibit in part.exhibits
    }


def _contents(page: Page, published: Published, run: RunInfo) -> dict[str, Any]:
    """Return the contents of a page in addition to its figures."""
    contents: dict[str, Callable[[Published, RunInfo], dict[str, Any]]] = {
        "index": _overview,
        "summary": _overview,
        "demand": lambda published, _: {"other_periods": published.periods[:-1], "by_period": _by_period(published)},
        "compare": lambda published, _: _compare(published),
        "map": lambda published, run: {"map": map_page(published, run)},
        "quality": _quality,
        "method": _method,
        "dictionary": lambda *_: {"entries": dictionary()},
        "downloads": lambda published, _: {"changes": changes(published)},
    }
    return contents[page.key](published, run) if page.key in contents else {}


def _overview(published: Published, run: RunInfo) -> dict[str, Any]:
    delivered = set(options(published, run)["denominator"]) == {"delivered"}
    return {"answers": answers(published, run), "changes": changes(published), "delivered": delivered}


def _compare(published: Published) -> dict[str, Any]:
    return {"box": cost_box(published), "values": shown_values(published), "parts": parts_named()}


def _quality(published: Published, _run: RunInfo) -> dict[str, Any]:
    return {
        "compared": not published[EXTERNAL_CHECK].frame.is_empty(),
        "ledger": ledger.entries(published),
        "ledger_totals": ledger.totals(published),
        "ledger_files": published[SOURCE].frame.height,
        "months": ledger.months_table(published),
        "checks": published[QUALITY_RESULT].frame.sort("passed", "severity", "check_name").to_dicts(),
    }


def _method(published: Published, run: RunInfo) -> dict[str, Any]:
    return {
        "method": render_method(method_text()),
        "steps": tracing.steps(),
        "examples": tracing.examples(published, run),
        "assumptions": tracing.assumptions(published),
    }


def _by_period(published: Published) -> object:
    rows = published[HEAT_DEMAND_ANNUAL].frame.filter(dwelling_type="all").sort("period")
    columns = ("period", "households", "heat_kwh_mean", "heat_kwh_ci_low", "heat_kwh_ci_high")
    return tabulate(rows, HEAT_DEMAND_ANNUAL, columns, caption="All study periods, all included homes")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=text.unbroken,
    )
    environment.filters |= {
        "json_in_script": json_in_script,
        "visible": text.visible,
        "moment": text.moment,
        "chart_json": _chart_json,
        "image_source": _image_source,
        "sentence": lambda words: words[:1].upper() + words[1:],
    }
    return environment


def json_in_script(value: object) -> Markup:
    """Return JSON for a script element: no character in it can end the element or start another."""
    return _inert(json.dumps(value))


def _chart_json(exhibit: Exhibit) -> Markup:
    if exhibit.chart is None:
        message = f"exhibit {exhibit.key} has no chart"
        raise ValueError(message)
    return _inert(exhibit.chart.as_json)


def _image_source(provenance: Mapping[str, str]) -> str:
    """Return the line under a downloaded image: the source of its numbers, without the names of columns."""
    return "; ".join(f"{term}: {value}" for term, value in provenance.items() if term != "Trace") + "."


def _inert(as_json: str) -> Markup:
    for character in "<>&\u2028\u2029":
        as_json = as_json.replace(character, f"\\u{ord(character):04x}")
    return Markup(as_json)  # noqa: S704 - nothing is left in it that could end the element  # nosec B704
