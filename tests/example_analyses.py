"""A few published rows of every analysis of costs, for tests of figures."""

from __future__ import annotations

from typing import Any

import polars as pl

from quality.disclosure.rule import FLOOR
from reports.inputs import Published
from tests.example_site import RUN, make_inputs
from transforms.public.public import PublicTable
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CHEAPEST_MAP,
    CLAIM,
    DIVERSITY,
    LCOH_DISTRIBUTION,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.electric import (
    HEAT_PUMP_HOURLY,
    HEAT_PUMP_PEAK,
    HEAT_PUMP_TARIFF,
    HYBRID_HEAT_PUMP,
    RETROFIT,
)
from transforms.tables.schema import Table

PAPER = {"scenario": RUN.paper_scenario, "convention": RUN.paper_convention}
OWN = {"scenario": RUN.scenario, "convention": RUN.convention}
OF_HOMES = {**OWN, "period": "2009", "dwelling_type": "flat", "system": "ashp", "scale": "individual"}
OF_READING = {**OWN, "period": "2009", "dwelling_type": "all"}
HOSTILE = "<script>alert(1)</script>"


def published(table: Table, rows: list[dict[str, Any]]) -> PublicTable:
    """Return rows of a declared table as published; columns that are not given are null."""
    full = [{name: row.get(name) for name in table.schema} for row in rows]
    return PublicTable(table.name, table.conform(pl.DataFrame(full, schema=table.schema)), pl.DataFrame(), FLOOR)


def curve(parameter: str, **points: float) -> list[dict[str, Any]]:
    """Return a curve of the network of 100 homes: the value that changes, as `x0_5`, and the change of the cost."""
    return [
        {
            **PAPER, "system": "network", "scale": "small", "parameter": parameter,
            "change": float(at[1:].replace("_", ".")), "lcoh_gbp_per_mwh": 120 * (1 + rise), "relative_change": rise,
        }
        for at, rise in points.items()
    ]  # fmt: skip


def claim(name: str, basis: str = "fitted", **other: Any) -> dict[str, Any]:
    """Return one statement of the paper that comes out as expected."""
    return {
        "claim": name, "says": "what it says", "published": 35.0, "unit": "%", "relation": "approx", "tolerance": 2.0,
        "model": 36.0, "basis": basis, "expected": "pass", "within_tolerance": True, "as_expected": True, "source": "Wang 2018",
        **other,
    }  # fmt: skip


def index(system: str, scale: str, parameter: str, total: float) -> dict[str, Any]:
    """Return the Sobol indices of one parameter."""
    return {
        **OWN, "system": system, "scale": scale, "parameter": parameter, "low": 0.7, "high": 1.5, "unit": "1",
        "first_order": total - 0.1, "first_order_ci_low": total - 0.15, "first_order_ci_high": total - 0.05,
        "total_order": total, "total_order_ci_low": total - 0.02, "total_order_ci_high": total + 0.03, "source": "a range",
    }  # fmt: skip


def peak(dwellings: int, kw: float, *, extrapolated: bool = False, minutes: int = 30) -> dict[str, Any]:
    """Return the peak per home of homes together."""
    return {
        "dwelling_type": "all", "period": "2009", "interval_minutes": minutes, "dwellings": dwellings, "households": 590,
        "peak_kw_p05": kw - 0.5, "peak_kw_p50": kw, "peak_kw_p95": kw + 0.5, "extrapolated": extrapolated,
    }  # fmt: skip


def probability(system: str, share: float, dwelling_type: str = "flat", **other: str) -> dict[str, Any]:
    """Return how often a system is the cheapest."""
    row = {**OF_HOMES, "dwelling_type": dwelling_type, "system": system, "alternatives": "individual", "draws": 4096}
    return {**row, "lcoh_p05": 90.0, "lcoh_p50": 120.0, "lcoh_p95": 190.0, "cheapest_share": share, **other}


FRAMES: tuple[tuple[Table, list[dict[str, Any]]], ...] = (
    (
        LCOH_SENSITIVITY,
        [
            *curve("demand", x0_5=0.35, x1=0.0, x1_5=-0.11), *curve("capital", x0_5=-0.15, x1=0.0, x1_5=0.15),
            *curve("om", x0_5=-0.11, x1=0.0, x1_5=0.11), *curve("discount_rate", x0=-0.15, x0_1=0.35), *curve("spf", x1=1.1, x10=-0.27),
        ],
    ),
    (
        CLAIM,
        [
            claim("fig7_demand_minus50", says=HOSTILE), claim("fig7_capital_50", published=15.0),
            claim("fig8_spf_10", relation="below", published=-25.0, tolerance=0.0, model=-27.0),
            claim("order", "independent", relation="holds", published=1.0, unit="1", model=0.0, as_expected=False, within_tolerance=False, reason="why not"),
            claim("fig1_gas_mean", "sample", unit="kWh", published=18900.0, model=None, as_expected=None, within_tolerance=None),
        ],
    ),
    (
        DIVERSITY,
        [peak(1, 12.0), peak(1, 9.0, minutes=60), peak(100, 6.0, minutes=60), peak(1000, 5.0, extrapolated=True, minutes=60)],
    ),
    (
        LCOH_PROBABILITY,
        [probability("ashp", 0.4), probability("gas_boiler", 0.6), probability("gas_boiler", 1.0, "detached"),
         probability("network", 0.2, "stock", alternatives="small", scale="small")],
    ),
    (
        BREAK_EVEN,
        [
            {**OF_HOMES, "quantity": "carbon_price", "unit": "GBP/t", "base": 14.0, "value": 312.4},
            {**OF_HOMES, "quantity": "spf", "unit": "1", "base": 2.6, "value": None, "note": HOSTILE},
        ],
    ),
    (
        LCOH_SOBOL,
        [index("ashp", "individual", "capital", 0.3), index("ashp", "individual", "demand", 0.6),
         index("network", "large", "capital", 0.5), index("network", "small", "loss", 0.4)],
    ),
    (
        SEASONAL_PERFORMANCE,
        [{"dwelling_type": "all", "period": "2009", "source": "air", "load": "raw", "spf_space": 2.7, "spf_hot_water": 2.2, "spf": 2.6,
          "cop_coldest_hour": 1.9}],
    ),
    (
        ABATEMENT,
        [{**OF_HOMES, "reference": "new_boiler", "grid": "average", "co2_saved_kg_per_year": 1234.0, "cost_gbp_per_tonne": 287.4}],
    ),
    (
        NETWORK_FINANCE,
        [{**OWN, "period": "2009", "scale": "small", "dwellings": 100, "connection_years": 5, "heat_tariff_gbp_per_mwh": 90.0,
          "npv_gbp_per_dwelling": -4321.0, "minimum_tariff_gbp_per_mwh": 120.0, "maximum_grant_gbp_per_dwelling": 0.0}],
    ),
    (
        LCOH_DISTRIBUTION,
        [{**OWN, "system": "ashp", "period": "2009", "dwelling_type": "flat", "households": 110, "lcoh_at_mean_gbp_per_mwh": 150.0,
          "lcoh_mean_gbp_per_mwh": 172.0, "gap_expected_gbp_per_mwh": 20.0}],
    ),
    (
        CHEAPEST_MAP,
        [{**OWN, "period": "2009", "dwelling_type": "all", "carbon_gbp_per_tonne": carbon, "price_ratio": 3.0, "system": system,
          "lcoh_gbp_per_mwh": 140.0, "margin_gbp_per_mwh": 5.0, "ashp_grant_to_match_gbp": grant, "carbon_now_gbp_per_tonne": 330.0,
          "price_ratio_now": 4.1} for carbon, system, grant in ((0.0, "gas_boiler", 4_200.0), (300.0, "ashp", 0.0))],
    ),
    (
        HEAT_PUMP_PEAK,
        [
            {"dwelling_type": "all", "period": "2009", "store_kwh": store, "dwellings": n, "households": 590, "heat_kw_p50": 1.8 * kw,
             "heat_pump_kw": 6.1, "outdoor_c": -7.1, "electricity_kw_p05": None if store else kw - 0.5, "electricity_kw_p50": kw,
             "electricity_kw_p95": None if store else kw + 0.5, "feeder_kw_p50": n * kw, "extrapolated": n > 100}
            for store, n, kw in ((0.0, 1, 6.8), (0.0, 1000, 4.8), (1000.0, 1, 3.0), (1000.0, 1000, 3.0))
        ],
    ),
    (
        HEAT_PUMP_HOURLY,
        [{"dwelling_type": "all", "period": "2009", "hour": 17, "outdoor_c": -4.0, "cop": 2.0, "heat_kw": 8.0, "electricity_kw": 4.9,
          "heat_even_kw": 5.4, "electricity_even_kw": 2.7}],
    ),
    (
        HYBRID_HEAT_PUMP,
        [{**OF_READING, "size_share": share, "heat_pump_kw": 6 * share, "heat_share": heat, "spf": 2.8, "lcoh_gbp_per_mwh": cost,
          "gas_kwh": 15_000 * (1 - heat), "electricity_kwh": 5_000 * heat} for share, heat, cost in ((0.4, 0.86, 185.0), (1.0, 1.0, 182.0))],
    ),
    (
        RETROFIT,
        [{**OF_READING, "system": "ashp", "heat_loss_cut": 0.2, "demand_kwh": 13_000.0, "design_kw": 4.9, "lcoh_gbp_per_mwh": 157.0,
          "heat_saved_kwh": 2_200.0, "worth_gbp_per_mwh": 101.6}],
    ),
    (
        HEAT_PUMP_TARIFF,
        [{"dwelling_type": "all", "period": "2009", "store_kwh": 7.0, "electricity_kwh": 5_300.0, "low_share": 0.55, "high_share": 0.02,
          "price_factor": 0.82}],
    ),
)  # fmt: skip


def make_analyses() -> Published:
    """Return the inputs of a site with a few rows of every analysis."""
    return make_inputs(None, *(published(table, rows) for table, rows in FRAMES))
