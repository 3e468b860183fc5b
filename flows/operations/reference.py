"""`hearth reference check`: the findings about a folder of area files."""

from __future__ import annotations

from pathlib import Path

from warehouse.areas.folder import AreaFolder, FileFinding, read_area_folder


def check_reference(folder: Path) -> AreaFolder:
    """Read an area folder and return its findings and areas.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.

    """
    if not folder.is_dir():
        message = f"there is no folder {folder}; name the one that holds the area files"
        raise FileNotFoundError(message)
    return read_area_folder(folder)


def show_reference(found: AreaFolder) -> str:
    """Return the findings as text: a paragraph for each file, then the areas that Hearth can show."""
    counts = found.reference.area.group_by("level", maintain_order=True).len()
    levels = ", ".join(f"{count:,} {level}" for level, count in counts.iter_rows())
    by_state = [sum(finding.state == state for finding in found.findings) for state in ("ok", "missing", "refused")]
    summary = "{} files are read, {} are missing, {} are refused".format(*by_state)
    lines = [*(line for finding in found.findings for line in _show(finding)), "", summary, f"areas: {levels}"]
    if not found.is_whole:
        lines.append("Built-in tables replace files that are missing or refused, if there is one.")
    return "\n".join(lines)


def _show(finding: FileFinding) -> list[str]:
    rows = f", {finding.rows:,} rows" if finding.rows else ""
    lines = [
        f"{finding.name}: {finding.state}{rows}",
        f"  gives    {finding.gives}",
        f"  licence  {finding.licence}",
        f"  source   {finding.source}",
    ]
    return [*lines, f"  problem  {finding.problem}"] if finding.problem else lines
