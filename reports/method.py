"""The method page: the text of docs/method.md, with formulas as MathML, which browsers draw without a script."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

TEXT = Path(__file__).parents[1] / "docs" / "method.md"  # exists if the project runs from a checkout


@dataclass(frozen=True, slots=True)
class Method:
    """The text as HTML, and the anchor and title of each chapter."""

    body: Markup
    chapters: tuple[tuple[str, str], ...]


def method_text() -> str:
    """Return the text of the method; it is empty if the project's documents are not installed."""
    return TEXT.read_text(encoding="utf-8") if TEXT.is_file() else ""


def render_method(text: str) -> Method:
    """Return the method as HTML without its first heading, since the page has its own.

    Links to other documents become plain words, since the site does not have these documents. HTML in the text is escaped.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.use(dollarmath_plugin, allow_digits=False, renderer=_formula)
    markdown.add_render_rule("math_block", _displayed)
    markdown.add_render_rule("table_open", _table_opened)
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = _without_title(markdown.parse(text))
    chapters = _name_headings(tokens)
    _empty_corners(tokens)
    for token in tokens:
        token.children = _without_links(token.children) if token.children else token.children
    body = markdown.renderer.render(tokens, markdown.options, {})
    return Method(Markup(body), tuple(chapters))  # noqa: S704 - markdown-it escapes the text, and lets no HTML through  # nosec B704


def _formula(tex: str, options: dict[str, Any]) -> str:
    """Return a formula as MathML; a formula that the converter cannot read stays as it is."""
    try:
        return convert(tex.strip(), display="block" if options["display_mode"] else "inline")
    except Exception:  # noqa: BLE001 - its errors share no class, and a formula must not stop a night's report
        return f'<code class="tex">{html.escape(tex.strip())}</code>'


def _displayed(_renderer: object, tokens: list[Token], index: int, *_: object) -> str:
    return f'<div class="formula">{_formula(tokens[index].content, {"display_mode": True})}</div>\n'


def _table_opened(_renderer: object, tokens: list[Token], index: int, *_: object) -> str:
    label = html.escape(str(tokens[index].meta.get("label", "Table")), quote=True)
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>\n'


def _without_title(tokens: list[Token]) -> list[Token]:
    return tokens[3:] if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1" else tokens


def _name_headings(tokens: list[Token]) -> list[tuple[str, str]]:
    """Give each heading an anchor and each table the heading above it as its label; return the chapters."""
    chapters, label = [], "Steps"
    counts: dict[str, int] = {}
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            label = following.content.replace("`", "")
            anchor = "m-" + re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
            counts[anchor] = counts.get(anchor, 0) + 1
            token.attrSet("id", anchor if counts[anchor] == 1 else f"{anchor}-{counts[anchor]}")
            if token.tag == "h2":
                chapters.append((str(token.attrGet("id")), label))
        elif token.type == "table_open":
            counts[label] = counts.get(label, 0) + 1
            token.meta["label"] = label if counts[label] == 1 else f"{label}, table {counts[label]}"
        elif token.type == "th_open":
            token.attrSet("scope", "col")
    return chapters


def _empty_corners(tokens: list[Token]) -> None:
    """Turn an empty heading of a table into a plain cell."""
    for opened, words, closed in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opened.type == "th_open" and not words.content:
            opened.tag = closed.tag = "td"
            opened.attrs.pop("scope", None)


def _without_links(children: list[Token]) -> list[Token]:
    return [child for child in children if child.type not in {"link_open", "link_close"}]
