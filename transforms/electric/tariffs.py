"""A heat pump and a store under a tariff with low and high prices."""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.climate.local_time import on_the_clock
from transforms.electric.electricity import Floats, cop_of_hours
from transforms.electric.rules import TimeOfUse
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.performance import HOURS, HourlyLoad

MONTHS = 12  # numbered from 1


def tariff_rows(
    load: HourlyLoad,
    figures: ScenarioFigures,
    *,
    heat_pump_kw: float,
    tariff: TimeOfUse,
    stores_kwh: tuple[float, ...],
) -> pl.DataFrame:
    r"""Return a year of electricity under a tariff of three prices (columns of `HEAT_PUMP_TARIFF`).

    A plan is made for the mean day of each month. The heat :math:`q_h` that the heat pump makes in each hour solves

    .. math:: \min \sum_h p_h q_h / COP_h \quad \text{with} \quad 0 \le q_h \le K, \quad
              0 \le s_0 + \sum_{k \le h} (q_k - Q_k) \le S, \quad \sum_h q_h = \sum_h Q_h

    The plan knows the whole day in advance, so no store of this size can save more. If the highest hour of a day
    exceeds the size of the heat pump, K is that hour.

    Parameters
    ----------
    load
        Hours of the year of a mean home, spread over the 24 hours around each.
    figures
        COP curve.
    heat_pump_kw
        Size K of the heat pump [kW].
    tariff
        Prices :math:`p_h` by the hour of the local clock.
    stores_kwh
        Heat S that the store of one home holds [kWh].

    """
    days = _mean_days(load)
    price = np.array(tariff.factors())
    planned = _plan(days, price, figures, heat_pump_kw=heat_pump_kw, stores_kwh=stores_kwh)
    weights = np.array([day["days"] for day in days])
    rows = []
    for store, used in zip(stores_kwh, planned, strict=True):
        by_hour = weights @ used
        total = by_hour.sum()
        rows.append(
            {
                "store_kwh": store,
                "electricity_kwh": float(total),
                "low_share": float(by_hour[list(tariff.low_hours)].sum() / total),
                "high_share": float(by_hour[list(tariff.high_hours)].sum() / total),
                "price_factor": float(by_hour @ price / total / price.mean()),
            }
        )
    return pl.DataFrame(rows)


def _mean_days(load: HourlyLoad) -> list[dict[str, Floats]]:
    """Return the mean hours of each month by the local clock, and the number of its days; sums run in the order of time."""
    local = pl.DataFrame({"hour_start_utc": load.hour_start_utc}).select(clock=on_the_clock(pl.col("hour_start_utc")))
    month = local["clock"].dt.month().to_numpy().astype(int)
    cell = month * HOURS + local["clock"].dt.hour().to_numpy()
    shape, cells = (MONTHS + 1, HOURS), (MONTHS + 1) * HOURS
    counted = np.bincount(cell, minlength=cells).reshape(shape)
    parts = {"outdoor_c": load.outdoor_c, "heat": load.space_kwh + load.hot_water_kwh, "hot_water": load.hot_water_kwh}
    sums = {name: np.bincount(cell, weights=of_hour, minlength=cells).reshape(shape) for name, of_hour in parts.items()}
    return [
        {name: of_month[m] / counted[m] for name, of_month in sums.items()} | {"days": counted[m].sum() / HOURS}
        for m in range(1, MONTHS + 1)
        if counted[m].all()
    ]


def _plan(
    days: list[dict[str, Floats]],
    price: Floats,
    figures: ScenarioFigures,
    *,
    heat_pump_kw: float,
    stores_kwh: tuple[float, ...],
) -> Floats:
    """Return the electricity of days that are planned at the least cost, stores x days x 24 hours [kWh].

    All days with all stores are solved as one linear programme, in independent blocks.
    """
    from scipy.optimize import linprog
    from scipy.sparse import block_diag, coo_array

    made = np.hstack(
        [np.tril(np.ones((HOURS, HOURS))), np.ones((HOURS, 1))]
    )  # last column: the heat in store at midnight
    cost, upper, equal, bounds, cops = [], [], [], [], []
    for store in stores_kwh:
        for day in days:
            heat = day["heat"]
            share = day["hot_water"].sum() / max(heat.sum(), np.finfo(float).tiny)
            cops.append(cop_of_hours(day["outdoor_c"], share, figures))
            cost.append(np.append(price / cops[-1], 0.0))
            upper.append(np.concatenate([-np.cumsum(heat), np.cumsum(heat) + store]))
            equal.append(heat.sum())
            bounds += [(0.0, max(heat_pump_kw, float(heat.max())))] * HOURS + [(0.0, store)]
    blocks = len(cops)
    found = linprog(
        np.concatenate(cost),
        A_ub=block_diag([coo_array(np.vstack([-made, made]))] * blocks, format="csr"),
        b_ub=np.concatenate(upper),
        A_eq=block_diag([coo_array(np.append(np.ones(HOURS), 0.0)[None, :])] * blocks, format="csr"),
        b_eq=np.array(equal),
        bounds=bounds,
        method="highs",
    )
    heat_made = found.x.reshape(blocks, HOURS + 1)[:, :HOURS]
    electricity: Floats = (heat_made / np.array(cops)).reshape(len(stores_kwh), len(days), HOURS)
    return electricity
