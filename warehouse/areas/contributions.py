"""Files of contributions: they are read in four formats, kept by the hash of their bytes, withdrawn and listed."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter
from fastexcel import FastExcelError
from xlsxwriter.utility import xl_range_abs

from transforms.areas.contributions import (
    CATEGORIES,
    FIELDS,
    NAMES,
    ContributionError,
    Judged,
    Row,
    latest_rows,
    log_contributions,
    row_of_feature,
)
from transforms.areas.geometry import iter_features
from transforms.public.inert_cells import make_inert
from transforms.tables.areas import CONTRIBUTION, CONTRIBUTION_LOG
from transforms.tables.schema import UTC
from warehouse.writing import PRIVATE, write_whole

TEMPLATE_ROWS: Final = 500  # rows of the template whose cells offer lists; more rows can be filled without lists
PROBLEM: Final = "problem"
GEO: Final = "geo"  # metadata field in which GeoParquet names the column of geometries and their coordinate system
FORMATS: Final = (".xlsx", ".csv", ".geojson", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """One file that was added, as it is kept."""

    sha256: str
    file_name: str
    added_at_utc: str
    added_by: str
    rows: int
    problems: tuple[str, ...]
    accepted: tuple[dict[str, Any], ...]
    withdrawn_at_utc: str | None = None
    withdrawn_because: str | None = None

    def frame(self) -> pl.DataFrame:
        """Return the rows that can be used (`CONTRIBUTION`)."""
        rows = [row | {"valid_from": dt.date.fromisoformat(row["valid_from"])} for row in self.accepted]
        return pl.DataFrame(rows, schema=CONTRIBUTION.schema)


@dataclass(frozen=True, slots=True)
class ContributionFolder:
    """The contributions of a data folder."""

    root: Path

    def add(self, content: bytes, *, file_name: str, judged: Judged, by: str, now: dt.datetime) -> Added:
        """Keep a file. The same bytes again are the same file; if it was withdrawn, it holds again."""
        accepted = tuple(row | {"valid_from": row["valid_from"].isoformat()} for row in judged.accepted.to_dicts())
        added = Added(
            sha256=hashlib.sha256(content).hexdigest(),
            file_name=file_name,
            added_at_utc=now.isoformat(timespec="seconds"),
            added_by=by,
            rows=len(judged.problems),
            problems=tuple(f"row {at}: {problem}" for at, problem in enumerate(judged.problems, start=1) if problem),
            accepted=accepted,
        )
        kept = self._find(added.sha256)
        if kept is not None and kept.withdrawn_at_utc is None:
            return kept
        self._write(added)
        return added

    def withdraw(self, name: str, *, because: str, now: dt.datetime) -> Added:
        """Withdraw a file; `name` is its file name or the beginning of its hash.

        Raises
        ------
        ContributionError
            If `name` fits no file, or several.

        """
        standing = [one for one in self.log() if one.withdrawn_at_utc is None]
        named = [one for one in standing if one.file_name == name or one.sha256.startswith(name)]
        if len(named) != 1:
            known = ", ".join(f"{one.file_name} ({one.sha256[:8]})" for one in standing) or "none"
            message = f"{len(named)} contributions are called {name}; standing are {known}"
            raise ContributionError(message)
        values = {field: getattr(named[0], field) for field in Added.__dataclass_fields__}
        taken = Added(**values | {"withdrawn_at_utc": now.isoformat(timespec="seconds"), "withdrawn_because": because})
        self._write(taken)
        return taken

    def log(self) -> list[Added]:
        """Return every file that was ever added, oldest first."""
        kept = [_read_added(path) for path in self.root.glob("*.json")]
        return sorted(kept, key=lambda one: (one.added_at_utc, one.sha256))

    def log_table(self) -> pl.DataFrame:
        """Return who contributed what and when (`CONTRIBUTION_LOG`)."""
        frames = [
            one.frame().select(
                "contributor",
                "kind",
                file_sha256=pl.lit(one.sha256),
                added_at_utc=_time(one.added_at_utc),
                withdrawn_at_utc=_time(one.withdrawn_at_utc),
            )
            for one in self.log()
        ]
        return log_contributions(pl.concat(frames)) if frames else CONTRIBUTION_LOG.empty()

    def current(self) -> pl.DataFrame:
        """Return the latest rows of the files that are not withdrawn (`CONTRIBUTION`)."""
        frames = [one.frame() for one in self.log() if one.withdrawn_at_utc is None]
        return latest_rows(pl.concat([CONTRIBUTION.empty(), *frames]))

    def _find(self, sha256: str) -> Added | None:
        path = self.root / f"{sha256}.json"
        return _read_added(path) if path.exists() else None

    def _write(self, added: Added) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        values = {field: getattr(added, field) for field in Added.__dataclass_fields__}
        write_whole(self.root / f"{added.sha256}.json", json.dumps(values, indent=1).encode(), mode=PRIVATE)


def _time(text: str | None) -> pl.Expr:
    return pl.lit(None if text is None else dt.datetime.fromisoformat(text).replace(tzinfo=None), dtype=UTC)


def _read_added(path: Path) -> Added:
    values = json.loads(path.read_text(encoding="utf-8"))
    return Added(**values | {"problems": tuple(values["problems"]), "accepted": tuple(values["accepted"])})


def read_rows(content: bytes, suffix: str) -> list[Row]:
    """Return the rows of a file of contributions as text.

    Raises
    ------
    ContributionError
        If the file cannot be read, has another format, or lacks columns.

    """
    if suffix not in FORMATS:
        message = f"{suffix or 'a file without ending'} is no format of contributions; there are {', '.join(FORMATS)}"
        raise ContributionError(message)
    try:
        rows = READERS[suffix](content)
    except (pl.exceptions.PolarsError, ValueError, TypeError, RecursionError, FastExcelError) as error:
        if isinstance(error, ContributionError):
            raise
        message = f"it cannot be read as {suffix.lstrip('.')}: {str(error).splitlines()[0] if str(error) else 'nothing is in it'}"
        raise ContributionError(message) from None
    if not rows:
        raise ContributionError("it holds no rows; fill the template of `hearth contribute template`")
    lacking = [name for name in NAMES if name not in rows[0]]
    needed = [field.name for field in FIELDS if field.needed and field.name in lacking]
    if needed:
        message = f"it lacks the column {needed[0]}; start from the template of `hearth contribute template`"
        raise ContributionError(message)
    return rows


def _read_csv(content: bytes) -> list[Row]:
    return _as_rows(pl.read_csv(io.BytesIO(content), infer_schema=False))


def _read_xlsx(content: bytes) -> list[Row]:
    frame = pl.read_excel(io.BytesIO(content), sheet_id=1, infer_schema_length=0, raise_if_empty=False)
    return [row for row in _as_rows(frame) if any(row.values())]


def _read_parquet(content: bytes) -> list[Row]:
    frame = pl.read_parquet(io.BytesIO(content))
    if "geometry" not in frame.columns:
        return _as_rows(frame)
    return [row_of_feature(row, row["geometry"]) for row in frame.to_dicts()]


def _read_geojson(content: bytes) -> list[Row]:
    return [row_of_feature(properties, geometry) for properties, geometry in iter_features(json.loads(content))]


READERS: Final = {".csv": _read_csv, ".xlsx": _read_xlsx, ".parquet": _read_parquet, ".geojson": _read_geojson}


def _as_rows(frame: pl.DataFrame) -> list[Row]:
    text = frame.select(pl.col(name).cast(pl.String).fill_null("") for name in frame.columns if name != PROBLEM)
    return [{name: str(value).removesuffix(" 00:00:00") for name, value in row.items()} for row in text.to_dicts()]


def write_checked(
    path: Path, rows: Sequence[Row], problems: Sequence[str | None], *, original: bytes | None = None
) -> None:
    """Write rows and the problem of each, in the format of the file's ending; spreadsheets run nothing in the cells.

    Parameters
    ----------
    path
        The file to write.
    rows, problems
        The rows as text, and the problem of each row, None if it has none.
    original
        The file that the rows were read from, if it has the same ending: so a map file keeps its geometries, its other
        properties and its coordinate system.

    """
    suffix, words = path.suffix.lower(), [problem or "" for problem in problems]
    marked_rows = [
        {name: row.get(name, "") for name in NAMES} | {PROBLEM: problem}
        for row, problem in zip(rows, words, strict=True)
    ]
    frame = pl.DataFrame(marked_rows, schema=dict.fromkeys([*NAMES, PROBLEM], pl.String))
    buffer = io.BytesIO()
    if suffix == ".geojson":
        features = [{"type": "Feature", "properties": row, "geometry": None} for row in marked_rows]
        collection = {"type": "FeatureCollection", "features": features}
        buffer.write(json.dumps(collection if original is None else _mark_features(original, words)).encode())
    elif suffix == ".xlsx":
        _write_sheet(buffer, make_inert(frame))
    elif suffix == ".parquet" and original is not None:
        geo = {key: text for key, text in pl.read_parquet_metadata(io.BytesIO(original)).items() if key == GEO}
        marked = pl.read_parquet(io.BytesIO(original)).with_columns(pl.Series(PROBLEM, words, dtype=pl.String))
        make_inert(marked).write_parquet(buffer, metadata=geo)
    elif suffix == ".parquet":
        make_inert(frame).write_parquet(buffer)
    else:
        make_inert(frame).write_csv(buffer)
    write_whole(path, buffer.getvalue(), mode=PRIVATE)


def _mark_features(original: bytes, problems: Sequence[str]) -> dict[str, Any]:
    """Return a GeoJSON collection unchanged, with one more property for each feature: its problem."""
    collection = json.loads(original)
    features = [
        feature | {"properties": (feature.get("properties") or {}) | {PROBLEM: problem}}
        for feature, problem in zip(collection["features"], problems, strict=True)
    ]
    return dict(collection | {"features": features})


def write_template(path: Path) -> None:
    """Write an empty table to fill: a workbook with lists to choose from, or a CSV with its header.

    Raises
    ------
    ContributionError
        If the ending asks for another format.

    """
    empty = pl.DataFrame(schema=dict.fromkeys(NAMES, pl.String))
    buffer = io.BytesIO()
    if path.suffix.lower() == ".xlsx":
        _write_sheet(buffer, empty)
    elif path.suffix.lower() == ".csv":
        empty.write_csv(buffer)
    else:
        message = f"a template is .xlsx or .csv, not {path.suffix or 'without ending'}"
        raise ContributionError(message)
    write_whole(path, buffer.getvalue(), mode=PRIVATE)


def _write_sheet(buffer: io.BytesIO, frame: pl.DataFrame) -> None:
    """Write a table as text cells with the meaning of each column, and lists where a column has few values."""
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet, lists = book.add_worksheet("contributions"), book.add_worksheet("lists")
        lists.hide()  # the lists are on a sheet of their own, since the rule of a cell holds 255 characters at most
        meanings = {field.name: field.meaning for field in FIELDS}
        for column, name in enumerate(frame.columns):
            sheet.write_string(0, column, name, book.add_format({"bold": True}))
            sheet.write_comment(0, column, meanings.get(name, "what is wrong with the row"))
            sheet.set_column(column, column, max(len(name) + 2, 12))
            for line, value in enumerate(frame[name], start=1):
                sheet.write_string(line, column, value or "")
            if choices := _choices().get(name):
                lists.write_column(0, column, choices)
                place = xl_range_abs(0, column, len(choices) - 1, column)
                sheet.data_validation(
                    1, column, TEMPLATE_ROWS, column, {"validate": "list", "source": f"=lists!{place}"}
                )
        sheet.freeze_panes(1, 0)


def _choices() -> Mapping[str, list[str]]:
    """Return the values that a column allows; for `category` those of all kinds of contribution."""
    found = {field.name: list(field.allowed) for field in FIELDS if field.allowed}
    return found | {"category": list(dict.fromkeys(name for names in CATEGORIES.values() for name in names))}
