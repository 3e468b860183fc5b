"""The load of many homes without readings, from the shipped law of daily gas and the shipped half-hour shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.gas_law import GasLaw
from transforms.climate.half_hour_shapes import LEVEL_YEAR, HalfHourShapes
from transforms.climate.temperature import effective_temperature
from transforms.climate.weather_normal import design_temperature
from transforms.lcoh.assumptions.parameters import HIGHEST_HOURS, LOAD_DAYS
from transforms.lcoh.assumptions.scenarios import ALL_SCENARIOS
from transforms.lcoh.model.load_shape import HOURS_PER_DAY, LoadShape
from transforms.lcoh.model.sizing import WATTS_PER_KW
from transforms.lcoh.model.systems import KWH_PER_MWH
from transforms.tables.cost import ASSUMPTION

SOURCE: Final = (
    f"law of daily gas on the days of {LEVEL_YEAR} (sample_gas_law, temperature_daily) spread by the half-hour shapes "
    "(gas_half_hour_shape), dwelling types at their shares in national heat (stock_share, sample_level)"
)


def derive_load_rows(read: Callable[[str], pl.DataFrame]) -> pl.DataFrame:
    """Return the load of the mean home in groups of like days, its design peak and its heat loss, as assumptions.

    Parameters
    ----------
    read
        Returns a shipped table by its name.

    Returns
    -------
    pl.DataFrame
        Rows of `ASSUMPTION`: load over the mean of the year [1]; the highest hour of the 1-in-20 coldest day
        over the highest of the year [1]; heat loss per heat of a year [W/K/MWh], s / (24 G) with the slope s
        [kWh/d/K] and the year G [MWh] of the law, from which the boiler's efficiency drops out.

    """
    law, shapes, weights = _read_law(read)
    in_year = effective_temperature(read("temperature_daily").select("date", "temperature_mean_c")).filter(
        pl.col("date").dt.year() == LEVEL_YEAR
    )["temperature_effective_c"]
    cold_c = design_temperature(
        effective_temperature(read("temperature_normal").select("date", "temperature_mean_c")),
        return_period_years=_values(read("weather"), "design_day")["return_period_years"],
    )
    days_c = in_year.to_numpy()
    load = load_of_days(days_c, law, shapes, weights)
    shape = LoadShape.from_hours(load.ravel())
    groups = {
        (day, name): value
        for day, n, hours in zip(LOAD_DAYS, shape.days, shape.load, strict=True)
        for name, value in zip(("days_per_year", *HIGHEST_HOURS), (n, *hours), strict=True)
    }
    gas_mwh_per_year = law.gas_of_day(days_c).sum() / KWH_PER_MWH
    of_year = {
        ("load", "design_over_year_peak"): load_of_days(np.array([cold_c]), law, shapes, weights).max() / load.max(),
        ("load", "heat_loss_w_per_k_per_mwh"): -law.cold_slope_kwh_per_day_k
        / HOURS_PER_DAY
        * WATTS_PER_KW
        / gas_mwh_per_year,
    }
    units = {"days_per_year": "d/yr", "heat_loss_w_per_k_per_mwh": "W/K/MWh"}
    return pl.DataFrame(
        [
            {
                "scenario": ALL_SCENARIOS,
                "item": item,
                "parameter": parameter,
                "year": 0,
                "value": float(value),
                "unit": units.get(parameter, "1"),
                "price_base": "none",
                "status": "derived",
                "source": SOURCE,
            }
            for (item, parameter), value in (groups | of_year).items()
        ]
    ).select(list(ASSUMPTION.schema))


def load_of_days(
    temperature_c: NDArray[np.float64], law: GasLaw, shapes: HalfHourShapes, weights: dict[str, float]
) -> NDArray[np.float64]:
    """Return the load of the mean home by hour of the local day, days x 24 [kWh of gas by the law].

    l_dh = G(T_d) sum_k w_k s_kh(T_d) / 48, two half-hours an hour, with the law's day G and the shape s of type k

    """
    by_half_hour = sum(
        weight * shapes.shape_days(name, temperature_c, law) / shapes.by_band.shape[1]
        for name, weight in weights.items()
    )
    load = np.asarray(law.gas_of_day(temperature_c)[:, None] * by_half_hour / sum(weights.values()))
    return np.asarray(load.reshape(len(temperature_c), HOURS_PER_DAY, 2).sum(axis=2))


def _read_law(read: Callable[[str], pl.DataFrame]) -> tuple[GasLaw, HalfHourShapes, dict[str, float]]:
    law = GasLaw.from_tables(read)
    level, share = _values(read("sample_level"), "sample_level"), _values(read("stock_share"), "stock_share")
    weights = {name: share[name] * level[name] for name in share}
    return law, HalfHourShapes.from_table(read("gas_half_hour_shape"), weights), weights


def _values(table: pl.DataFrame, item: str) -> dict[str, float]:
    return dict(table.filter(pl.col("item") == item).select("parameter", pl.col("value").cast(pl.Float64)).iter_rows())
