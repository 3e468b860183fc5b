"""Drawn figures as bytes, so that a release can reuse the figures of the one before it.

Text that is the same in all figures of a release (its run, its homes) is left out of the bytes, and added when they are
unpacked.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from reports.figure_files import data_of
from reports.figures.exhibit import Chart, Choice, DataTable, Exhibit, Heading
from reports.inputs import Published, RunInfo, WatchedTables, mark
from reports.pages import Draw, draw_listed

WORDS = ("key", "title", "shows", "alternative", "missing", "rests_on_homes")


def draw_anew(draw: Draw, published: Published, run: RunInfo) -> Sequence[Exhibit]:
    """Draw figures, then pack and unpack them, so that new and reused figures look the same."""
    watched = WatchedTables(published.tables)
    return unpack(pack(draw_listed(draw, watched, run)), published.of_release(run))


def pack(exhibits: Sequence[Exhibit]) -> bytes:
    """Return figures that were drawn from `WatchedTables` as bytes."""
    return json.dumps([_pack(exhibit) for exhibit in exhibits]).encode()


def unpack(packed: bytes, of_release: Mapping[str, str]) -> list[Exhibit]:
    """Unpack figures and add the text of this release (`Published.of_release`)."""
    return [_unpack(one, of_release) for one in json.loads(packed)]


def _pack(exhibit: Exhibit) -> dict[str, Any]:
    data, chart = data_of(exhibit), exhibit.chart
    return {name: getattr(exhibit, name) for name in WORDS} | {
        "provenance": dict(exhibit.provenance),
        "chart": None if chart is None else {"as_json": chart.to_json(), "height_px": chart.layout.height},
        "choices": [asdict(choice) for choice in exhibit.choices],
        "notes": list(exhibit.notes),
        "tables": [
            {
                "caption": table.caption,
                "headings": [asdict(heading) for heading in table.headings],
                "rows": table.rows,
            }
            for table in exhibit.tables
        ],
        "data": None if data is None else pack_frame(data),
    }


def _unpack(packed: dict[str, Any], of_release: Mapping[str, str]) -> Exhibit:
    chart, data = packed["chart"], packed["data"]
    return Exhibit(
        **{name: packed[name] for name in WORDS},
        provenance={term: _fill(words, of_release) for term, words in packed["provenance"].items()},
        chart=None if chart is None else Chart(**chart),
        choices=[Choice(**choice) for choice in packed["choices"]],
        notes=packed["notes"],
        tables=[
            DataTable(
                table["caption"],
                tuple(Heading(**heading) for heading in table["headings"]),
                tuple(tuple(row) for row in table["rows"]),
            )
            for table in packed["tables"]
        ],
        data=None if data is None else unpack_frame(data),
    )


def _fill(words: str, of_release: Mapping[str, str]) -> str:
    for term, said in of_release.items():
        words = words.replace(mark(term), said)
    return words


def pack_frame(frame: pl.DataFrame) -> str:
    """Return a frame as text."""
    frame.write_ipc(file := io.BytesIO())
    return base64.b64encode(file.getvalue()).decode()


def unpack_frame(packed: str) -> pl.DataFrame:
    """Return the frame from the text that `pack_frame` returned."""
    return pl.read_ipc(base64.b64decode(packed))
