"""What `hearth contribute` does: a template, a check, adding, withdrawing, and the log."""

from __future__ import annotations

import datetime as dt
import getpass
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.settings import Settings
from transforms.areas.contributions import ContributionError, Judged, Row, Rules, judge_rows
from transforms.areas.figures import AreaFigures
from transforms.areas.geometry import Coverage
from warehouse.areas.built_in import read_built_in
from warehouse.areas.contributions import Added, ContributionFolder, read_rows, write_checked
from warehouse.figures import read_figures


@dataclass(frozen=True, slots=True)
class Checked:
    """A file of contributions, read and judged."""

    content: bytes
    rows: list[Row]
    judged: Judged

    @property
    def rejected(self) -> int:
        """Rows that cannot be used."""
        return sum(problem is not None for problem in self.judged.problems)


def check_contributions(path: Path) -> Checked:
    """Read a file of contributions and judge each row.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ContributionError
        If the file is no table of contributions.

    """
    content = path.read_bytes()
    rows = read_rows(content, path.suffix.lower())
    rules = Rules(
        coverage=Coverage.from_rings(read_built_in().borders["msoa"].corners()),
        figures=AreaFigures.from_table(read_figures("area_figure")),
        today=dt.datetime.now(tz=dt.UTC).date(),
    )
    return Checked(content, rows, judge_rows(rows, rules))


def write_problems(checked: Checked, path: Path, out: Path | None) -> Path:
    """Write the rows of a file, each with its problem, to `out` or else to a file beside it."""
    target = out or path.with_name(f"{path.stem}.checked{path.suffix}")
    same_format = target.suffix.lower() == path.suffix.lower()
    original = checked.content if same_format else None
    write_checked(target, checked.rows, checked.judged.problems, original=original)
    return target


def add_contributions(settings: Settings, path: Path, *, by: str | None) -> tuple[Checked, Added]:
    """Keep the rows of a file that can be used.

    Raises
    ------
    ContributionError
        If no row can be used.

    """
    checked = check_contributions(path)
    if checked.judged.accepted.is_empty():
        message = f"no row of {path.name} can be used; `hearth contribute check {path.name}` says why"
        raise ContributionError(message)
    added = settings.folders.contributions.add(
        checked.content, file_name=path.name, judged=checked.judged, by=by or getpass.getuser(), now=_now()
    )
    return checked, added


def withdraw_contribution(settings: Settings, name: str, *, because: str) -> Added:
    """Withdraw a file of contributions."""
    return settings.folders.contributions.withdraw(name, because=because, now=_now())


def show_log(folder: ContributionFolder) -> str:
    """Return who contributed what and when, with what `CONTRIBUTION_LOG` leaves out: file, person and reason."""
    table = folder.log_table()
    lines = [
        f"{one.added_at_utc}  {one.sha256[:8]}  {one.file_name!r}  by {one.added_by!r}: "
        f"{len(one.accepted)} of {one.rows} rows ({_contents(table.filter(file_sha256=one.sha256))})"
        + (f"; withdrawn {one.withdrawn_at_utc}: {one.withdrawn_because!r}" if one.withdrawn_at_utc else "")
        for one in folder.log()
    ]
    return "\n".join([*lines, f"{len(folder.current())} contributions hold now"]) if lines else "none contributed"


def _contents(rows_of_file: pl.DataFrame) -> str:
    """Return who contributed how many rows of which kind in one file."""
    counts = rows_of_file.select("contributor", "kind", "rows").iter_rows()
    return ", ".join(f"{rows} {kind} of {contributor!r}" for contributor, kind, rows in counts)


def _now() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC)
