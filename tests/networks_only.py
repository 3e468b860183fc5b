"""A scenario of one's own that prices electricity for networks and nothing that homes buy."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from warehouse.cost_figures import read_assumptions

SCENARIO = "networks_only"
_SOURCE = {"status": "own choice", "source": "an example"}
ROWS = [
    {"item": "electricity_services", "parameter": "price_gbp_per_mwh", "value": "150", "unit": "GBP/MWh"},
    {"item": "electricity", "parameter": "carbon_intensity_kg_per_kwh", "value": "0.1", "unit": "kg/kWh"},
    {"item": "electricity", "parameter": "carbon_intensity_marginal_kg_per_kwh", "value": "0.1", "unit": "kg/kWh"},
]


def write_networks_only(folder: Path) -> Path:
    """Write the scenario as a user's own table of assumptions and return its path."""
    path = folder / f"{SCENARIO}.csv"
    money = [row | {"price_base": "2018" if row["unit"].startswith("GBP") else "none"} for row in ROWS]
    pl.DataFrame([{"scenario": SCENARIO, "year": "0", **row, **_SOURCE} for row in money]).write_csv(path)
    return path


def read_with_networks_only() -> pl.DataFrame:
    """Return the table `assumption` with the scenario beside those that ship."""
    with TemporaryDirectory() as folder:
        return read_assumptions((write_networks_only(Path(folder)),))
