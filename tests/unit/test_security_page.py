"""docs/security.md names a test for each threat, and each is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")


def list_tests(file: str) -> set[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def missing(text: str) -> list[tuple[str, str]]:
    """Return the tests that a page names and that do not exist."""
    return [(file, test) for file, test in NAMED.findall(text) if test not in list_tests(file)]


def test_every_test_that_the_page_names_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(NAMED.findall(text)) > 25
    assert text.count("::test_") == len(NAMED.findall(text))
    assert missing(text) == []


def test_every_threat_has_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    threats = [row for row in rows if not row.startswith("| threat ")]
    assert len(threats) > 20
    assert [row for row in threats if "::test_" not in row and "the same" not in row] == []


def test_a_named_test_that_does_not_exist_is_found() -> None:
    assert missing("`tests/unit/test_security_page.py::test_of_nothing`") == [
        ("tests/unit/test_security_page.py", "test_of_nothing")
    ]
