"""The scenes of docs/scenes.md are played by tests that exist."""

from __future__ import annotations

import re

from tests.doc_blocks import ROOT


def test_every_scene_names_a_test_that_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "scenes.md").read_text(encoding="utf-8"))
    rows = [
        line for line in (ROOT / "docs" / "scenes.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    assert len(named) == len(rows) - 1 > 15  # all rows but the heading
    missing = [
        f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_the_pictures_of_the_readme_are_small_and_made_by_the_command_that_it_names() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"\((docs/images/[\w-]+\.png)\)", readme)
    assert {path.rsplit("/", 1)[1] for path in pictures} == {path.name for path in (ROOT / "docs" / "images").glob("*")}
    assert all((ROOT / path).stat().st_size < 150_000 for path in pictures)
    assert "python -m tests.benchmarks.pictures" in readme
