"""Small readings that unit tests are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl
import pytest

from transforms.readings.neighbour_flags import SOURCES_SCHEMA
from transforms.tables.lake import CELL, READING
from transforms.tables.words import FLAG_DTYPE

Row = tuple[str, dt.datetime, float, int]


def make_readings(rows: Sequence[Row], *, flag: str = "ok") -> pl.DataFrame:
    """Return readings from (home, start, kWh, source) in the order of their lines."""
    return pl.DataFrame(
        [
            {
                "household_id": home,
                "interval_start_utc": start,
                "gas_kwh": kwh,
                "flag": flag,
                "line": line,
                "source": source,
            }
            for line, (home, start, kwh, source) in enumerate(rows, start=2)
        ],
        schema=READING.schema | {"source": pl.UInt32},
        schema_overrides={"flag": FLAG_DTYPE},
    )


def make_sources(
    count: int = 1, *, delivered: Sequence[dt.date | None] = (), replaced: Sequence[bool] = ()
) -> pl.DataFrame:
    """Return the sources of `make_readings`, of one feed."""
    return pl.DataFrame(
        {
            "source": range(count),
            "source_id": [f"{n:064x}" for n in range(count)],
            "feed": ["edrp/."] * count,
            "delivered": list(delivered) or [None] * count,
            "replaced": list(replaced) or [False] * count,
        },
        schema=SOURCES_SCHEMA,
    )


def heat_in_winter(month: dt.date) -> float:
    """Return gas per hour of a home that heats [kWh]."""
    return 3.0 if month.month in {11, 12, 1, 2, 3} else 0.5


def make_cells(
    homes: dict[str, float],
    year: int,
    *,
    drop: Callable[[dt.date, int], bool] = lambda _month, _hour: False,
    gas: Callable[[dt.date], float] = heat_in_winter,
) -> pl.DataFrame:
    """Return the cells of homes with a share of each cell's half-hours ok, in the twelve months of `year`."""
    rows = []
    for home, share in homes.items():
        for index in range(12):
            month = dt.date(year, index + 1, 1)
            days = ((dt.date(year + (index == 11), (index + 1) % 12 + 1, 1)) - month).days
            for hour in range(24):
                if drop(month, hour):
                    continue
                good = int(days * share)
                rows.append(
                    {
                        "household_id": home, "month": month, "hour_of_day": hour, "half_hours": int(2 * days * share), "hours": good,
                        "gas_kwh": good * gas(month), "first_interval_utc": dt.datetime(year, index + 1, 1), "last_interval_utc": dt.datetime(year, index + 1, days),
                    }
                )  # fmt: skip
    return CELL.conform(pl.DataFrame(rows)) if rows else CELL.empty()


@pytest.fixture
def readings() -> Callable[..., pl.DataFrame]:
    """Give `make_readings`."""
    return make_readings


@pytest.fixture
def sources() -> Callable[..., pl.DataFrame]:
    """Give `make_sources`."""
    return make_sources


@pytest.fixture
def cells() -> Callable[..., pl.DataFrame]:
    """Give `make_cells`."""
    return make_cells
