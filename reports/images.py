"""Figures as pictures for print and for documents, each with its title, its subject and its source."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports import palette
from reports.figures.exhibit import SAMPLE, Exhibit

if TYPE_CHECKING:
    from kaleido import PageGenerator

KINDS = ("png", "svg")
WIDTH, DENSITY = 960, 2  # px; a PNG has twice as many
EDGE = 24  # px around a picture
LINE_PX = 18.2  # from line to line, for any size of text
TITLE_SIZE, WORDS_SIZE, SOURCE_SIZE = 21, 14, 12  # px
CHARACTERS_PER_PX = 2.15  # characters of a line per px of width, times the size of the text
FONT = '"Liberation Sans", Arial, Helvetica, sans-serif'
TABS = 2  # tabs of the browser that draw at the same time
NO_BROWSER = (
    "no chromium found, which draws the {} figures as images; install it with `apt-get install --yes chromium`, or name one in the "
    "environment variable BROWSER_PATH"
)


def write_images(exhibits: Iterable[Exhibit], folder: Path, *, kinds: Sequence[str] = KINDS) -> list[Path]:
    """Write figures as images, in the colours of the light page.

    A figure with choices is drawn with the first one; a figure without a chart is left out.

    Parameters
    ----------
    exhibits
        The figures, each with a key of its own.
    folder
        Folder of the files; it is created if it does not exist. The figure's key is the name of its file.
    kinds
        `png`, `svg` or both.

    Returns
    -------
    list of Path
        The files written, in the order of the figures.

    Raises
    ------
    FileNotFoundError
        If there is no chromium.
    ValueError
        If a kind is not known.
    RuntimeError
        If a figure could not be drawn.

    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        message = f"{unknown[0]} is no kind of image: take {' or '.join(KINDS)}"
        raise ValueError(message)
    drawn = [exhibit for exhibit in exhibits if exhibit.chart is not None]
    pictures = {exhibit.key: picture(exhibit) for exhibit in drawn}
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {folder / f"{key}.{kind}": chart for key, chart in pictures.items() for kind in kinds}
    if drawings:
        _draw(drawings)
    return list(drawings)


def picture(exhibit: Exhibit) -> go.Figure:
    """Return the chart of a figure with its words above it, for an image.

    Raises
    ------
    ValueError
        If the figure has no chart.

    """
    if exhibit.chart is None:
        message = f"figure {exhibit.key} has no chart"
        raise ValueError(message)
    chart = go.Figure(exhibit.chart)
    height = int(chart.layout.height)
    if exhibit.choices:
        height = _show_first_choice(chart, exhibit)
    words, room = _words_above(exhibit)
    chart.update_layout(template=_light(), width=WIDTH, height=height + room, dragmode=False)
    margin = chart.layout.margin
    chart.update_layout(
        margin={"t": (margin.t or 0) + room, "l": EDGE, "r": max(margin.r or 0, EDGE), "b": max(margin.b or 0, EDGE)},
        title={
            "text": words, "xref": "container", "x": 0, "xanchor": "left", "yref": "container", "y": 1, "yanchor": "top",
            "pad": {"t": EDGE, "l": EDGE}, "font": {"size": WORDS_SIZE, "color": palette.TEXT.light},
        },
    )  # fmt: skip
    return chart


def _show_first_choice(chart: go.Figure, exhibit: Exhibit) -> int:
    """Hide the traces of all choices but the first, and return the height of the chart that is left."""
    first = exhibit.choices[0].key
    for trace in chart.data:
        trace.visible = trace.meta is None or trace.meta.get("choice", first) == first
    views = (chart.layout.meta or {}).get("views", {})
    if first not in views:
        return int(chart.layout.height)
    chart.update_xaxes(title_text=views[first]["title"])
    return int(views[first]["height"])


def _words_above(exhibit: Exhibit) -> tuple[str, int]:
    """Return title, subject and source of a figure as lines of markup, and their height [px]."""
    shows = exhibit.shows
    if exhibit.choices:
        shows += f" {exhibit.choices[0].name}: {exhibit.choices[0].says}"
    if exhibit.rests_on_homes and SAMPLE in exhibit.provenance.get("Source", ""):
        shows += f" {SAMPLE[:1].upper()}{SAMPLE[1:]}."
    told = ("Homes", "Period", "Scenario", "Convention", "Source", "Run")
    source = "; ".join(f"{term}: {exhibit.provenance[term]}" for term in told if term in exhibit.provenance)
    title_lines, words_lines, source_lines = (
        _lines(words, size)
        for words, size in ((exhibit.heading, TITLE_SIZE), (shows, WORDS_SIZE), (source, SOURCE_SIZE))
    )
    marked = [
        *(f'<span style="font-size: {TITLE_SIZE}px"><b>{line}</b></span>' for line in title_lines),
        *words_lines,
        *(f'<span style="font-size: {SOURCE_SIZE}px; color: {palette.MUTED.light}">{line}</span>' for line in source_lines),
    ]  # fmt: skip
    room = round(LINE_PX * (len(marked) + 1)) + EDGE
    return "<br>".join(marked), room


def _lines(words: str, size: int) -> list[str]:
    """Return words in lines that fit the picture, with characters of markup escaped."""
    lines = textwrap.wrap(words, int(CHARACTERS_PER_PX * (WIDTH - 2 * EDGE) / size))
    return [line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in lines]


def _light() -> go.layout.Template:
    """Return the frame of figures on the light page."""
    axis = {
        "gridcolor": palette.LINE.light, "linecolor": palette.MUTED.light, "zerolinecolor": palette.MUTED.light,
        "tickfont": {"size": 13, "color": palette.TEXT.light}, "title": {"font": {"size": 13, "color": palette.MUTED.light}},
    }  # fmt: skip
    return go.layout.Template(
        layout={
            "paper_bgcolor": palette.PAGE.light, "plot_bgcolor": palette.PAGE.light, "xaxis": axis, "yaxis": axis,
            "font": {"family": FONT, "size": 13, "color": palette.TEXT.light},
            "annotationdefaults": {"font": {"color": palette.MUTED.light}},
        }
    )  # fmt: skip


def offline_page() -> PageGenerator:
    """Return the page on which figures are drawn; plotly.js is part of the package, so the page needs no network."""
    import kaleido

    script = files("plotly") / "package_data" / "plotly.min.js"
    return kaleido.PageGenerator(plotly=(Path(str(script)).as_uri(), "utf-8"), mathjax=False)


def _draw(pictures: dict[Path, go.Figure]) -> None:
    """Draw all figures in one browser."""
    import kaleido
    from choreographer.errors import ChromeNotFoundError

    orders = [
        {"fig": chart, "path": path, "opts": {"format": path.suffix[1:], "width": WIDTH, "height": chart.layout.height, "scale": DENSITY if path.suffix == ".png" else 1}}
        for path, chart in pictures.items()
    ]  # fmt: skip
    try:
        failed = kaleido.write_fig_from_object_sync(
            orders, kopts={"n": min(TABS, len(orders)), "page_generator": offline_page()}
        )
    except ChromeNotFoundError:
        raise FileNotFoundError(NO_BROWSER.format(len({path.stem for path in pictures}))) from None
    if failed:
        lost = [path.name for path in pictures if not path.exists() or not path.stat().st_size]
        message = f"{len(failed)} of {len(pictures)} images could not be drawn (e.g. {next(iter(lost), 'unknown')}: {failed[0]})"
        raise RuntimeError(message)
