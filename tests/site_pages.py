"""The pages of a site as a browser would read them, for tests of what stands on them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from reports.site import render_site
from tests.example_site import RUN, make_inputs

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, ids, and whether every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.misnested: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        """Note text that a reader sees."""
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def read_pages(folder: Path) -> dict[str, Page]:
    """Return the pages of a site by name."""
    return {path.stem: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.html"))}


def words_of(*pages: Page) -> str:
    """Return what a reader sees on pages, with plain blanks before per cent signs."""
    return "".join(word for page in pages for word in page.words).replace("\N{NO-BREAK SPACE}%", " %")


def render(tmp_path: Path, *args: object, run: object = RUN, **kwargs: object) -> dict[str, Page]:
    """Return the pages of a site of the trial without analyses."""
    render_site(make_inputs(*args, **kwargs), run=run, out=tmp_path)  # type: ignore[arg-type]
    return read_pages(tmp_path)
