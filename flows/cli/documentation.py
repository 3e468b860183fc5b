"""`make docs`: write the pages of docs/ that are generated from the declarations and the code."""

from __future__ import annotations

import sys
from pathlib import Path

from flows.cli.room_picture import replace_picture
from warehouse.public.documentation import write_dictionary, write_schema

DOCS = Path(__file__).parents[2] / "docs"


def write_architecture() -> str:
    """Return the page on the structure of the code, with an up-to-date picture."""
    return replace_picture((DOCS / "architecture.md").read_text(encoding="utf-8"))


PAGES = {"architecture.md": write_architecture, "data-dictionary.md": write_dictionary, "schema.md": write_schema}


def write_pages(folder: Path) -> list[Path]:
    """Write every generated page into `folder` and return the paths of those that changed."""
    changed = []
    for name, write in PAGES.items():
        path, text = folder / name, write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    sys.stdout.write(
        "".join(f"wrote {path.relative_to(DOCS.parent)}\n" for path in write_pages(DOCS)) or "up to date\n"
    )
