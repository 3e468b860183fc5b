"""Our values against the published ones, if the folder of references is beside the project."""

from pathlib import Path

import polars as pl
import pytest

from transforms.lcoh.assumptions.scenarios import scenario_figures
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"

# Item and parameter of the reference's appendix -> ours, where the names differ by more than the unit.
APPENDIX = {
    ("heat_pump", "capital"): "heat_pump_capital_gbp_per_kw",
    ("heat_pump", "om"): "heat_pump_om_gbp_per_kw_year",
    ("heat_pump", "lifetime"): "heat_pump_lifetime_years",
    ("heat_pump", "spf"): "heat_pump_spf",
    ("internal_pipe", "length_per_dwelling"): "internal_pipe_m_per_dwelling",
    ("internal_pipe", "cost"): "internal_pipe_gbp_per_m",
    ("network", "parasitic_electricity"): "parasitic_electricity_share",
    ("network", "lifetime"): "lifetime_years",
    ("network", "distribution_loss"): "distribution_loss_share",
    ("network", "maintenance"): "pipe_om_gbp_per_mwh",
    ("main_pipe", "length"): "main_pipe_m",
    ("main_pipe", "cost"): "main_pipe_gbp_per_m",
    ("substation", "cost"): "substation_gbp_per_kw",
    ("hiu", "cost"): "hiu_gbp_per_dwelling",
    ("hiu", "maintenance"): "hiu_om_gbp_per_mwh",
    ("heat_meter_building", "cost"): "building_meter_gbp",
    ("heat_meter_dwelling", "cost"): "dwelling_meter_gbp",
    ("heat_meter", "maintenance"): "meter_om_gbp_per_mwh",
    ("labour", "metering_billing_revenue"): "labour_gbp_per_mwh",
}
INDIVIDUAL = {
    "capital": "capital_gbp",
    "om": "om_gbp_per_year",
    "efficiency": "efficiency",
    "lifetime": "lifetime_years",
}
PRICES = {
    "electricity_residential": ("electricity_residential", "price_gbp_per_mwh"),
    "gas_residential": ("gas_residential", "price_gbp_per_mwh"),
    "carbon": ("carbon", "price_gbp_per_tonne"),
    "grid_intensity": ("electricity", "carbon_intensity_kg_per_kwh"),
}

if REFERENCE.is_dir():
    FIGURES = scenario_figures(read_assumptions(), "paper_fit")

    def test_the_appendix_is_ours() -> None:
        compared = 0
        rows = pl.read_csv(REFERENCE / "paper" / "appendix.csv").drop_nulls("value")
        for group, item, parameter, value in rows.select("group", "item", "parameter", "value").iter_rows():
            if group == "individual":
                ours = (
                    FIGURES.one("gas", "carbon_intensity_kg_per_kwh")
                    if parameter == "carbon_intensity"
                    else FIGURES.one(item, INDIVIDUAL[parameter])
                )
            elif group == "network":
                ours = FIGURES.one("network", APPENDIX[item, parameter])
            elif item == "all":
                ours = FIGURES.one("study", parameter)
            elif item == "stock":
                ours = FIGURES.one("stock_share", parameter)
            elif item.startswith("scale_"):
                ours = FIGURES.one("network_scale", item.removeprefix("scale_"))
            else:
                continue  # the efficiency of the boilers in the stock belongs to the readings, not to costs
            assert ours == pytest.approx(value), (item, parameter)
            compared += 1
        assert compared == rows.height - 1

    @pytest.mark.parametrize("quantity", PRICES)
    def test_the_prices_of_the_paper_s_scenario_are_ours(quantity: str) -> None:
        rows = pl.read_csv(REFERENCE / "prices" / "price_scenarios.csv").filter(
            pl.col("scenario") == "paper_fit", pl.col("quantity") == quantity
        )
        assert rows.height > 0
        assert FIGURES.series(*PRICES[quantity], rows["year"].to_list()).tolist() == rows["value"].to_list()

    def test_the_claims_are_ours_and_worded_anew() -> None:
        theirs = pl.read_csv(REFERENCE / "paper" / "claims.csv")
        ours = read_figures("claim")
        same = ["claim", "unit", "relation", "published", "tolerance", "dwellings", "expected"]
        assert ours.select(same).cast(pl.String).equals(theirs.select(same).with_columns(
            pl.col("published", "tolerance").cast(ours["published"].dtype)).cast(pl.String))  # fmt: skip
        bases = ours.select("claim", "basis").join(theirs.select("claim", theirs="basis"), on="claim")
        assert bases.filter(pl.col("theirs") == "fitted", pl.col("basis") == "independent").is_empty()
        assert not set(ours["says"]) & set(theirs["statement"])
