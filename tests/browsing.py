"""Opening the site in a browser that has no network, and looking at what it drew."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Download, Locator, Page, Route

Window = tuple[int, Literal["light", "dark"]]
HEIGHT = 900
PATIENCE_MS = 120_000  # beside other tests on few cores
SHORTEN_TABLES = """() => document.querySelectorAll("tbody").forEach((body) => [...body.rows].slice(12).forEach((row) => row.remove()))"""
COUNT_COLOURS = """async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  pixels.forEach((pixel) => counts.set(pixel, (counts.get(pixel) || 0) + 1));
  return [...counts.values()].filter((count) => count > 20).length;
}"""
CLIPPED_TEXT = """() => [...document.querySelectorAll("[data-chart]")].flatMap((chart) => {
  const box = chart.getBoundingClientRect();
  return [...chart.querySelectorAll("svg text")]
    .filter((text) => text.textContent.trim() && !text.closest(".hoverlayer"))
    .filter((text) => { const r = text.getBoundingClientRect(); return r.width && (r.left < box.left - 1 || r.right > box.right + 1); })
    .map((text) => chart.dataset.chart + ": " + text.textContent);
})"""
CUT_WORDS = """() => [...document.querySelectorAll("h1, h2, h3, p, li, dt, dd, label, summary, figcaption, .bars th, .bars td.n")]
  .filter((element) => element.checkVisibility() && !element.closest(".hidden") && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline")
  .map((element) => element.outerHTML.slice(0, 120))"""
WATCH = """
window.reached = new Set();
document.addEventListener("focusin", (event) => window.reached.add(event.target));
document.addEventListener("DOMContentLoaded", () => {
  window.drawnWhenReady = document.querySelectorAll(".js-plotly-plot").length;
});
"""
FOCUSABLE = "a[href], summary, select, input:enabled, button, [tabindex='0']"
MISSED = f"""() => [...document.querySelectorAll("{FOCUSABLE}")]
  .filter((element) => element.checkVisibility() && !reached.has(element)).map((element) => element.outerHTML.slice(0, 80))"""


class Visit:
    """One open page, with what went wrong and what it asked for."""

    def __init__(self, context: BrowserContext, path: Path) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", lambda request: self.errors.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(WATCH)
        self.page.goto(path.as_uri())
        wait_until_drawn(self.page)


def open_window(browser: Browser, window: Window) -> BrowserContext:
    """Open a window of a width and a colour scheme, offline; nothing but files pass."""
    width, scheme = window
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, offline=True)
    context.set_default_timeout(PATIENCE_MS)
    context.route("**/*", _only_files)
    return context


def _only_files(route: Route) -> None:
    if route.request.url.startswith(("file:", "data:", "blob:")):
        route.continue_()
    else:
        route.abort()


def wait_until_drawn(page: Page) -> None:
    """Wait until every figure of a page is drawn."""
    page.wait_for_function("!document.querySelector('[data-chart]:not(.js-plotly-plot)')")


def drawn_colours(page: Page) -> dict[str, int]:
    """Return for each chart how many colours cover more than a few pixels of its box."""
    pictures = {
        str(chart.get_attribute("data-chart")): base64.b64encode(chart.screenshot()).decode()
        for chart in page.locator("[data-chart]").all()
    }
    return {name: int(page.evaluate(COUNT_COLOURS, picture)) for name, picture in pictures.items()}


def missed_by_keyboard(page: Page) -> list[str]:
    """Press Tab through a whole page and return what was not reached."""
    wanted = page.evaluate(f'[...document.querySelectorAll("{FOCUSABLE}")].filter((e) => e.checkVisibility()).length')
    page.evaluate("reached.clear(); document.activeElement.blur(); scrollTo(0, 0)")
    for _ in range(wanted + 2):  # beside each element once, the window itself
        page.keyboard.press("Tab")
    return [str(missed) for missed in page.evaluate(MISSED)]


def drawn_words(figure: Locator) -> list[str]:
    """Return which choice the visible sentence is about."""
    return figure.locator("[data-says]:visible strong").all_inner_texts()


def shown_choices(figure: Locator) -> list[str]:
    """Return the choices whose traces are shown."""
    found = figure.locator("[data-chart]").evaluate(
        "(chart) => [...new Set(chart.data.filter((trace) => trace.visible && trace.meta?.choice).map((trace) => trace.meta.choice))]"
    )
    return [str(choice) for choice in found]


def count_pages(pdf: bytes) -> int:
    """Return the number of pages of a PDF that chromium printed."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def download_by(page: Page, button: Locator) -> Download:
    """Click on something that downloads, and return what came."""
    with page.expect_download() as expected:
        button.click()
    return expected.value
