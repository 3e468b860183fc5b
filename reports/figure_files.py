"""The data of a figure as a CSV file in which spreadsheets find no formula."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from reports.figures.exhibit import Exhibit
from reports.inputs import RunInfo
from transforms.public.inert_cells import make_inert

FOLDER = "figures"


def write_figure_files(exhibits: Iterable[Exhibit], run: RunInfo, out: Path) -> dict[str, str]:
    """Write the data of each figure below `out`, with run and origin in every row; return the paths by key of the figure."""
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    written = {}
    for exhibit in exhibits:
        data = data_of(exhibit)
        if data is None or data.is_empty():
            continue
        origin = run.origin if exhibit.rests_on_homes else None
        told = data.with_columns(run_id=pl.lit(run.run_id), made_up_by=pl.lit(origin, dtype=pl.String))
        written[exhibit.key] = f"{FOLDER}/{exhibit.key}.csv"
        make_inert(told).write_csv(out / written[exhibit.key], datetime_format="%Y-%m-%dT%H:%M:%S")
    return written


def data_of(exhibit: Exhibit) -> pl.DataFrame | None:
    """Return the rows behind a figure: its unrounded rows if it has some, or otherwise the cells of its first table."""
    if exhibit.data is not None:
        return exhibit.data
    if not exhibit.tables:
        return None
    table = exhibit.tables[0]
    if table.frame is not None:
        return table.frame
    titles = [heading.title for heading in table.headings]
    return pl.DataFrame(list(table.rows), schema=dict.fromkeys(titles, pl.String), orient="row")
