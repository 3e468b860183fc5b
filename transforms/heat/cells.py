"""Month-by-hour cells as matrices: the annual gas of groups of homes, from 288 sums per home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.heat.periods import MONTHS, Period, count_days

Floats = NDArray[np.float64]
HOURS_OF_DAY = 24


@dataclass(frozen=True, slots=True)
class HomeCells:
    """Gas and good hours of homes in the month-by-hour cells of a period, each homes x 288."""

    gas_kwh: Floats
    hours: Floats


def arrange_cells(cells: pl.DataFrame, household_id: pl.Series, period: Period) -> HomeCells:
    """Arrange rows of `CELL` as matrices with one row per given home."""
    home = pl.DataFrame({"household_id": household_id, "row": range(len(household_id))})
    index = {month: n for n, month in enumerate(period.months)}
    placed = (
        cells.filter(pl.col("month").is_in(period.months))
        .join(home, on="household_id")
        .with_columns(
            column=pl.col("month").replace_strict(index, return_dtype=pl.Int64) * HOURS_OF_DAY + pl.col("hour_of_day")
        )
    )
    shape = (len(household_id), MONTHS * HOURS_OF_DAY)
    gas, hours = np.zeros(shape), np.zeros(shape)
    where = placed["row"].to_numpy(), placed["column"].to_numpy()
    gas[where] = placed["gas_kwh"].to_numpy()
    hours[where] = placed["hours"].to_numpy()
    return HomeCells(gas, hours)


def annual_of_groups(members: Floats, cells: HomeCells, period: Period) -> Floats:
    r"""Return the gas per home and year of groups of homes [kWh/yr].

    :math:`G = \sum_c H_c \sum_i w_i g_{ic} / \sum_i w_i n_{ic}` over the month-by-hour cells :math:`c` of :math:`H_c`
    hours, with the gas :math:`g_{ic}` [kWh] of a home in its :math:`n_{ic}` good hours of the cell.

    Parameters
    ----------
    members
        Groups x homes, the weights :math:`w_i` [1].
    cells
        The homes' cells.
    period
        Their period.

    Returns
    -------
    numpy.ndarray
        One value per group, shape (groups,); NaN where a cell has no good hour of any member.

    """
    hours_in_cell = np.repeat(np.array(list(count_days(period).values()), dtype=np.float64), HOURS_OF_DAY)
    hours = members @ cells.hours
    mean = np.divide(members @ cells.gas_kwh, hours, out=np.full_like(hours, np.nan), where=hours > 0)
    annual: Floats = mean @ hours_in_cell
    return annual
