"""The picture of the rooms in docs/architecture.md: which folder imports which, read from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("flows", "quality", "warehouse", "reports", "transforms")
DRAWN_INSIDE = ("flows", "transforms")  # the folders of other packages are not drawn
BESIDE_ROOMS = "settings, home, progress"  # files of flows that every room uses
BEGINS, ENDS = "<!-- picture: `make docs` draws it from the imports -->", "<!-- end of the picture -->"


def draw_rooms(root: Path = ROOT) -> str:
    """Return a Mermaid graph of the rooms.

    An arrow runs from a room to one that it imports. Where a longer way leads there too, the short arrow is left out.
    """
    arrows = _drop_short_cuts(_find_arrows(root))
    lines = ["```mermaid", "flowchart TD"]
    for package in PACKAGES:
        rooms = sorted(room for room in arrows if room.split("/")[0] == package)
        if rooms == [package]:
            lines.append(f"  {package}")
        else:
            lines += [f"  subgraph {package}", *(f'    {_name(room)}["{_label(room)}"]' for room in rooms), "  end"]
    lines += [f"  {_name(room)} --> {_name(other)}" for room in sorted(arrows) for other in sorted(arrows[room])]
    return "\n".join([*lines, "```"])


def replace_picture(page: str) -> str:
    """Return a page with an up-to-date picture between its marks.

    Raises
    ------
    ValueError
        If the page lacks the marks.

    """
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        message = f"docs/architecture.md needs the lines {BEGINS!r} and {ENDS!r} around its picture"
        raise ValueError(message)
    return f"{before}{BEGINS}\n\n{draw_rooms()}\n\n{ENDS}{after}"


def _find_arrows(root: Path) -> dict[str, set[str]]:
    """Return the rooms that each room imports."""
    arrows: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if path == root / package / "__init__.py" and package in DRAWN_INSIDE:
                continue
            own = _room_of(root, path.relative_to(root).with_suffix("").parts)
            imported = {_room_of(root, module.split(".")) for module in _list_imports(path)}
            arrows.setdefault(own, set()).update(imported - {own})
    return arrows


def _list_imports(path: Path) -> Iterator[str]:
    """Give every module of ours that a file imports, except imports for the type checker only."""
    open_ends: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while open_ends:
        node = open_ends.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name for name in names if name.split(".")[0] in PACKAGES)
        open_ends += ast.iter_child_nodes(node)


def _room_of(root: Path, parts: tuple[str, ...] | list[str]) -> str:
    """Return the room of a module: `package/folder` if the folders of its package are drawn; files beside them are one room."""
    package, *inside = parts
    if package not in DRAWN_INSIDE:
        return package
    is_folder = bool(inside) and (root / package / inside[0]).is_dir()
    return f"{package}/{inside[0] if is_folder else BESIDE_ROOMS}"


def _drop_short_cuts(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out each arrow whose end can also be reached by other arrows."""

    def reach(room: str, without: str) -> set[str]:
        seen, open_ends = set[str](), [other for other in arrows[room] if other != without]
        while open_ends:
            one = open_ends.pop()
            if one not in seen:
                seen.add(one)
                open_ends += arrows.get(one, ())
        return seen

    return {room: {other for other in to if other not in reach(room, other)} for room, to in arrows.items()}


def _name(room: str) -> str:
    return room.replace("/", "_").replace(", ", "_")


def _label(room: str) -> str:
    return room.rsplit("/", maxsplit=1)[-1]
