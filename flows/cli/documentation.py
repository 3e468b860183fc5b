"""`make docs`: write the pages of docs/ that follow from the declarations."""

from __future__ import annotations

import sys
from pathlib import Path

from warehouse.public.documentation import write_dictionary, write_schema

PAGES = {"data-dictionary.md": write_dictionary, "schema.md": write_schema}


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
    docs = Path(__file__).parents[2] / "docs"
    sys.stdout.write(
        "".join(f"wrote {path.relative_to(docs.parent)}\n" for path in write_pages(docs)) or "up to date\n"
    )
