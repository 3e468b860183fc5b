"""A made-up trial with every table that a release may have, for tests of whole sites."""

from __future__ import annotations

import datetime as dt
import functools
import math
from itertools import product
from typing import Any

import polars as pl

from quality.disclosure.cells import publish_cells, publish_computed
from quality.disclosure.rule import FLOOR
from reports.inputs import Published
from tests.example_areas import public_areas
from tests.example_site import HOMES, RUN, make_assumptions, make_demand, make_inputs
from transforms.lcoh.model.demands import measured_demand
from transforms.lcoh.results.components import component_tables, lenses_of
from transforms.public.public import PublicTable
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CLAIM,
    DIVERSITY,
    LCOH_DISTRIBUTION,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.published import DEMAND_CHANGE, GATE_RUN, LCOH_QUANTILE, TABLE_CHANGE
from transforms.tables.schema import Table
from warehouse.areas.built_in import read_built_in

Rows = list[dict[str, Any]]
PAPER = {"scenario": RUN.paper_scenario, "convention": RUN.paper_convention}
OWN = {"scenario": RUN.scenario, "convention": RUN.convention, "period": "2009"}
GROUPS = ("detached", "semi_detached", "terraced", "bungalow", "flat", "all", "stock")
INDIVIDUAL = {"gas_boiler": 0.34, "ashp": 0.53, "gshp": 0.13}
NETWORKS = {"small": 100, "medium": 300, "large": 1000, "single_development": 3000, "multi_development": 20_000}
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def make_release(*tables: PublicTable) -> Published:
    """Return published tables of which none is empty; `tables` take the place of some."""
    rows: tuple[tuple[Table, Rows], ...] = (
        (LCOH_SENSITIVITY, _curves()),
        (CLAIM, _claims()),
        (DIVERSITY, _peaks()),
        (LCOH_PROBABILITY, _draws()),
        (BREAK_EVEN, _break_evens()),
        (LCOH_SOBOL, _indices()),
        (SEASONAL_PERFORMANCE, _performance()),
        (ABATEMENT, _savings()),
        (NETWORK_FINANCE, _investments()),
        (LCOH_DISTRIBUTION, _distribution()),
        (LCOH_QUANTILE, _quantiles()),
        (GATE_RUN, _gate_runs()),
        (DEMAND_CHANGE, _demand_changes()),
        (TABLE_CHANGE, table_changes()),
    )
    return make_inputs(None, *(publish_rows(*of) for of in rows), *publish_components(), *built_in_areas(), *tables)


@functools.cache
def built_in_areas() -> tuple[PublicTable, ...]:
    """Return the tables of the built-in areas with the paper's demands."""
    return tuple(public_areas(read_built_in()))


@functools.cache
def publish_components() -> tuple[PublicTable, ...]:
    """Return what the costs of the trial's mean homes are put together from."""
    demand = publish_cells(HEAT_DEMAND_ANNUAL, make_demand(HOMES))
    found = component_tables(measured_demand(demand.frame), make_assumptions(), lenses_of(RUN.scenario, RUN.convention))
    return tuple(publish_computed(table, frame, of=demand) for table, frame in found.items())


def publish_rows(table: Table, rows: Rows) -> PublicTable:
    """Return rows of a declared table as published; columns that are not given are null."""
    full = [{name: row.get(name) for name in table.schema} for row in rows]
    frame = table.conform(pl.DataFrame(full, schema=table.schema))
    return PublicTable(table.name, frame, pl.DataFrame(), FLOOR)


def _curves() -> Rows:
    slopes = {"demand": -0.5, "capital": 0.4, "om": 0.2, "discount_rate": 2.0, "spf": -0.05}
    changes = {"discount_rate": (0.0, 0.035, 0.1), "spf": (1.0, 3.0, 10.0)}
    return [
        {**PAPER, "system": "network", "scale": "small", "parameter": name, "change": change, "lcoh_gbp_per_mwh": 120 * (1 + slope * (change - at[1])),
         "relative_change": slope * (change - at[1])}
        for name, slope in slopes.items()
        for at in [changes.get(name, (0.5, 1.0, 1.5))]
        for change in at
    ]  # fmt: skip


def _claims() -> Rows:
    shared = {
        "published": 35.0,
        "unit": "%",
        "relation": "approx",
        "tolerance": 2.0,
        "model": 36.0,
        "expected": "pass",
        "source": "Wang 2018, 3.2",
    }
    said = [("fitted", "cost of a network when demand halves", True), ("independent", "a heat pump costs less than a network", False),
            ("sample", "heat of the mean home", None)]  # fmt: skip
    return [
        {**shared, "claim": f"statement_{n}", "says": says, "basis": basis, "as_expected": met, "within_tolerance": met}
        for n, (basis, says, met) in enumerate(said)
    ]


def _peaks() -> Rows:
    return [
        {"dwelling_type": "all", "period": "2009", "interval_minutes": minutes, "dwellings": homes, "households": 590, "extrapolated": homes > 100,
         "peak_kw_p05": 0.9 * peak, "peak_kw_p50": peak, "peak_kw_p95": 1.1 * peak}
        for minutes, homes in product((30, 60), (1, 10, 100, 1000))
        for peak in [5 + 7 / math.sqrt(homes) - minutes / 60]
    ]  # fmt: skip


def _draws() -> Rows:
    shared = {**OWN, "draws": 10_000, "lcoh_p05": 93.0, "lcoh_p50": 133.0, "lcoh_p95": 197.0}
    alone = [
        {
            **shared,
            "dwelling_type": group,
            "alternatives": "individual",
            "system": system,
            "scale": "individual",
            "cheapest_share": share,
        }
        for group, (system, share) in product(GROUPS, INDIVIDUAL.items())
    ]
    beside = [
        {**shared, "dwelling_type": "stock", "alternatives": scale, "system": system, "scale": scale if system == "network" else "individual",
         "cheapest_share": 0.94 * share if system in INDIVIDUAL else 0.06}
        for scale, (system, share) in product(NETWORKS, {**INDIVIDUAL, "network": 0.0}.items())
    ]  # fmt: skip
    return [*alone, *beside]


def _break_evens() -> Rows:
    shared = {**OWN, "scale": "individual", "unit": "GBP/t"}
    return [
        {
            **shared,
            "dwelling_type": group,
            "system": "ashp",
            "quantity": quantity,
            "base": 14.0,
            "value": value,
            "note": note,
        }
        for group in GROUPS
        for quantity, value, note in (
            ("carbon_price", 312.4, None),
            ("capital_grant", None, "=no grant <of any size> is enough"),
        )
    ]


def _indices() -> Rows:
    return [
        {**OWN, "system": system, "scale": scale, "parameter": parameter, "low": 0.7, "high": 1.5, "unit": "1", "source": "a range",
         "first_order": total - 0.1, "first_order_ci_low": total - 0.15, "first_order_ci_high": total - 0.05,
         "total_order": total, "total_order_ci_low": total - 0.02, "total_order_ci_high": total + 0.03}
        for (system, scale), (parameter, total) in product(
            (("ashp", "individual"), ("network", "large")), {"capital": 0.5, "demand": 0.3, "spf": 0.2}.items()
        )
    ]  # fmt: skip


def _performance() -> Rows:
    return [
        {"dwelling_type": "all", "period": "2009", "source": source, "load": load, "spf_space": 2.7, "spf_hot_water": 2.2, "spf": 2.6,
         "cop_coldest_hour": 1.9, "field_low": 2.3, "field_high": 3.0}
        for source, load in product(("air", "ground"), ("raw", "smoothed_24h"))
    ]  # fmt: skip


def _savings() -> Rows:
    return [
        {**OWN, "dwelling_type": group, "system": system, "scale": "individual", "reference": "new_boiler", "grid": "average",
         "co2_saved_kg_per_year": 1234.0, "cost_gbp_per_tonne": 287.4}
        for group, system in product(GROUPS, ("ashp", "gshp"))
    ]  # fmt: skip


def _investments() -> Rows:
    return [
        {**OWN, "scale": scale, "dwellings": homes, "connection_years": 5, "heat_tariff_gbp_per_mwh": 85.0, "npv_gbp_per_dwelling": -17_794.0,
         "irr": -0.09, "minimum_tariff_gbp_per_mwh": 187.0, "maximum_grant_gbp_per_dwelling": 17_794.0}
        for scale, homes in NETWORKS.items()
    ]  # fmt: skip


def _distribution() -> Rows:
    return [
        {**OWN, "system": system, "dwelling_type": group, "households": 100, "lcoh_at_mean_gbp_per_mwh": 120.0, "lcoh_at_mean_ci_low": 115.0,
         "lcoh_at_mean_ci_high": 125.0, "lcoh_mean_gbp_per_mwh": 131.0, "gap_expected_gbp_per_mwh": 10.0, "demand_variation": 0.5}
        for system, group in product(INDIVIDUAL, GROUPS[:5])
    ]  # fmt: skip


def _quantiles() -> Rows:
    return [
        {**OWN, "system": system, "dwelling_type": group, "quantile": quantile, "households": 100, "demand_kwh": 15_000 * (1.5 - quantile),
         "lcoh_gbp_per_mwh": 90 + 60 * quantile}
        for system, group, quantile in product(INDIVIDUAL, GROUPS[:5], QUANTILES)
    ]  # fmt: skip


def _gate_runs() -> Rows:
    return [
        {"run_id": f"run-{n}", "kind": "nightly", "published_at_utc": dt.datetime(2026, 11, 19 + n, 3, 45), "checks": 650, "passed": 650 - failed,
         "failed_warnings": failed, "failed_critical": 0, "code_fingerprint": "b1946ac92492"}
        for n, failed in enumerate((2, 0, 1))
    ]  # fmt: skip


def _demand_changes() -> Rows:
    return [
        {"dwelling_type": group, "period": "2009", "heat_kwh_mean_before": 15_000.0, "heat_kwh_mean_after": 15_300.0, "relative_change": 0.02,
         "since_release": "the-one-before"}
        for group in GROUPS
    ]  # fmt: skip


def table_changes(*, changed: int = 40) -> Rows:
    """Return what changed in two tables since an earlier release."""
    at = "dwelling_type=flat, period=2009: heat_kwh_mean" if changed else None
    return [
        {"table_name": name, "rows_before": 100, "rows_after": 100, "rows_added": 0, "rows_removed": 0, "rows_changed": count,
         "largest_relative_change": 0.02 if count else 0.0, "largest_change_at": at if count else None, "since_release": "the-one-before"}
        for name, count in (("heat_demand_annual", changed), ("claim", 0))
    ]  # fmt: skip
