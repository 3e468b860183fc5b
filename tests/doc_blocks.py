"""Shared by tests of the docs: the pages, their fenced blocks, and the recipes of the cookbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
RECIPE = re.compile(r"^### (?P<title>\d+\. .+?)\n\n```sql\n(?P<sql>.+?)```\n\n(?P<answer>.+?)(?=\n\n#|\Z)", re.MULTILINE | re.DOTALL)  # fmt: skip
ANSWER = re.compile(r"One row per (?P<key>[^:]+): (?P<others>[^.]+)\.(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """One question of the cookbook: its SQL, and the columns that its answer is said to have."""

    title: str
    sql: str
    key: tuple[str, ...]
    others: tuple[str, ...]
    in_warehouse: bool
    in_public: bool


def pages() -> list[Path]:
    """List the pages that people read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    """Give the blocks of a page in some languages, in order."""
    content = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(content):
        if match["language"] in languages:
            text = re.sub(rf"(?m)^{match['indent']}", "", match["text"])
            line = content.count("\n", 0, match.start()) + 1
            yield Block(page.relative_to(ROOT).as_posix(), line, match["language"], text)


def recipes(page: Path = ROOT / "docs" / "cookbook.md") -> list[Recipe]:
    """Return the recipes of the cookbook.

    Raises
    ------
    ValueError
        If one does not say what it gives.

    """
    found = []
    for match in RECIPE.finditer(page.read_text(encoding="utf-8")):
        answer = ANSWER.match(match["answer"])
        if answer is None:
            message = f"{page.name}, {match['title']}: no sentence `One row per ...: ...` below the SQL"
            raise ValueError(message)
        found.append(
            Recipe(
                title=match["title"],
                sql=match["sql"],
                key=tuple(re.findall(r"`(\w+)`", answer["key"])),
                others=tuple(re.findall(r"`(\w+)`", answer["others"])),
                in_warehouse="Only public" not in answer["rest"],
                in_public=re.match(r"\s*(Only public|Public)\b", answer["rest"]) is not None,
            )
        )
    return found
