"""The expected gas of a home in each half-hour: by the weather for a day, by dwelling type and weather within the day."""

from __future__ import annotations

import datetime as dt

import polars as pl

from transforms.climate.gas_law import GasLaw
from transforms.climate.half_hour_shapes import HALF_HOURS, LEVEL_YEAR, Floats, HalfHourShapes, half_hour_starts
from transforms.climate.local_time import on_the_clock
from transforms.tables.words import DWELLING_TYPES


def expected_shares(year: int, effective: pl.DataFrame, law: GasLaw, shapes: HalfHourShapes) -> dict[str, Floats]:
    r"""Return, by dwelling type, the gas of each half-hour of a year as a share of the home's gas in 2009.

    :math:`g_{th} = G(T_d)\, s_{th}(T_d) / 48`, divided by the sum of the same over 2009. Day and half-hour are those of
    the local clock, since people heat by the clock on the wall.

    Parameters
    ----------
    year
        Calendar year, UTC.
    effective
        `date`, `temperature_effective_c` [degC], with all days of the year and of 2009.
    law, shapes
        Gas of a day by temperature, and its spread over the half-hours.

    """
    out = {}
    for name in DWELLING_TYPES:
        in_year, in_level_year = (_gas_of_half_hours(name, y, effective, law, shapes) for y in (year, LEVEL_YEAR))
        out[name] = in_year / in_level_year.sum()
    return out


def _gas_of_half_hours(name: str, year: int, effective: pl.DataFrame, law: GasLaw, shapes: HalfHourShapes) -> Floats:
    starts = half_hour_starts(dt.date(year, 1, 1), dt.date(year + 1, 1, 1))
    local = starts.to_frame().select(on_the_clock(pl.col(starts.name))).to_series()
    day = local.dt.ordinal_day().to_numpy() - 1
    half_hour = local.dt.hour().to_numpy().astype(int) * 2 + local.dt.minute().to_numpy() // 30
    of_year = effective.filter(pl.col("date").dt.year() == year)
    temperature = of_year.sort("date")["temperature_effective_c"].to_numpy()
    gas = law.gas_of_day(temperature)[:, None] * shapes.shape_days(name, temperature, law) / HALF_HOURS
    by_half_hour: Floats = gas[day, half_hour]
    return by_half_hour
