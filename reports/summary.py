"""The summary as a PDF of one page, printed by the chromium that also draws figures as images."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

PATIENCE_S = 60  # enough on a machine with other work
A4_INCHES = (8.27, 11.69)
NO_BROWSER = (
    "no chromium found, which prints the summary; install it with `apt-get install --yes chromium`, or name one in the environment "
    "variable BROWSER_PATH; the page {} can be printed from any browser"
)


def print_page(page: Path, out: Path) -> Path:
    """Print a page of the site as a PDF on A4, with its own margins.

    Raises
    ------
    FileNotFoundError
        If there is no chromium.
    RuntimeError
        If chromium did not print the page.

    """
    from choreographer.errors import ChromeNotFoundError

    try:
        pdf = asyncio.run(asyncio.wait_for(_printed(page.resolve().as_uri()), PATIENCE_S))
    except ChromeNotFoundError:
        raise FileNotFoundError(NO_BROWSER.format(page)) from None
    except TimeoutError:
        message = f"chromium did not print {page} within {PATIENCE_S} seconds; try again, or print it from a browser"
        raise RuntimeError(message) from None
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(pdf)
    return out


async def _printed(url: str) -> bytes:
    import choreographer

    width, height = A4_INCHES
    paper = {"paperWidth": width, "paperHeight": height, "preferCSSPageSize": False, "printBackground": True}
    async with choreographer.Browser(headless=True, enable_sandbox=False) as browser:
        tab = await browser.create_tab("about:blank")
        await tab.send_command("Page.enable")
        loaded = tab.subscribe_once("Page.loadEventFired")
        await tab.send_command("Page.navigate", params={"url": url})
        await loaded
        answer = await tab.send_command("Page.printToPDF", params=paper)
    if "result" not in answer:
        message = f"chromium could not print {url}: {answer.get('error', answer)}"
        raise RuntimeError(message)
    return base64.b64decode(answer["result"]["data"])
