"""Draw the pictures of the README from a report: `python -m tests.benchmarks.pictures hearth-demo/reports/current`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.conftest import CHROMIUM
from tests.doc_blocks import ROOT

OUT = ROOT / "docs" / "images"
MOST_BYTES = 150_000
WIDTH, HEIGHT = 1000, 1400
SITE = (0.53, 0.42)  # of the map, from its upper left corner: where it is clicked


def picture_map(page: Page) -> bytes:
    """Return the heat map with what is there around a place."""
    canvas = page.locator("#map-canvas")
    box = canvas.bounding_box()
    if box is None:
        message = "the report has no map"
        raise SystemExit(message)
    canvas.click(position={"x": SITE[0] * box["width"], "y": SITE[1] * box["height"]})
    page.wait_for_function("document.getElementById('map-found').children.length > 0")
    return page.locator(".map-room").screenshot(type="png")


def picture_box(page: Page) -> bytes:
    """Return the cost box with a grant."""
    page.locator("#box-grant").fill("7500")
    page.locator("#box-grant").dispatch_event("change")
    return page.locator("main").screenshot(type="png")


def picture_overview(page: Page) -> bytes:
    """Return the answers of the first page."""
    return page.locator("main").screenshot(type="png")


PICTURES = {  # name of the picture -> page, pixels of the picture for one of the page, and what draws it
    "map": ("map.html", 0.52, picture_map),
    "cost-box": ("compare.html", 0.9, picture_box),
    "overview": ("index.html", 0.7, picture_overview),
}


def main() -> None:
    """Draw the pictures and say how large they are."""
    report = Path(sys.argv[1]).resolve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, (address, scale, draw) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", device_scale_factor=scale
            )
            page.goto((report / address).as_uri())
            page.add_style_tag(
                content="header.site, .banner, footer, #how, .note, .page-index main > section:not(.answer), .answer ~ .more, #sure { display: none }"
            )
            picture = draw(page)
            if len(picture) > MOST_BYTES:
                message = f"{name}.png has {len(picture):,} bytes, more than {MOST_BYTES:,}"
                raise SystemExit(message)
            (OUT / f"{name}.png").write_bytes(picture)
            sys.stdout.write(f"docs/images/{name}.png: {len(picture):,} bytes\n")
        browser.close()


if __name__ == "__main__":
    main()
