"""Our price rows against the published ones, where the folder of references stands beside the project."""

from pathlib import Path

import polars as pl

from warehouse.figures import read_figures

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "prices"
ITEMS = {  # quantity of the reference -> our item and parameter
    "carbon_industry_services(EU ETS)": ("carbon", "price_gbp_per_tonne"),
    "grid_average_consumption_industrial": ("electricity", "carbon_intensity_kg_per_kwh"),
    "long_run_marginal_consumption_industrial": ("electricity", "carbon_intensity_marginal_kg_per_kwh"),
    "electricity_industrial_central": ("electricity_industrial", "price_gbp_per_mwh"),
    "gas_industrial_central": ("gas_industrial", "price_gbp_per_mwh"),
} | {
    f"{carrier}_{tariff}": (f"{carrier}_{tariff}", "price_gbp_per_mwh")
    for carrier, tariff in [
        ("electricity", "residential"), ("electricity", "services"), ("electricity", "industrial"),
        ("gas", "residential"), ("gas", "services"),
    ]
}  # fmt: skip

if REFERENCE.is_dir():

    def test_every_published_price_is_ours_to_the_digit_and_in_its_own_prices() -> None:
        theirs = pl.read_csv(REFERENCE / "price_scenarios.csv").filter(
            pl.col("scenario").is_in(["eep2018", "eep2019", "desnz2023"]), pl.col("quantity").is_in(list(ITEMS))
        )
        ours = {
            row[:4]: row[4:]
            for row in read_figures("price")
            .select("scenario", "item", "parameter", "year", "value", "price_base")
            .iter_rows()
        }
        assert theirs.height == 54 + 90 + 23 + 26
        for scenario, quantity, unit, year, value in theirs.select(
            "scenario", "quantity", "unit", "year", "value"
        ).iter_rows():
            our_value, base = ours[scenario, *ITEMS[quantity], year]
            assert our_value == value, (scenario, quantity, year)
            assert base == "none" or f"real {base}" in unit or f"GBP{base}" in unit

    def test_every_carbon_value_is_ours() -> None:
        theirs = pl.read_csv(REFERENCE / "desnz2023_carbon_values_table3.csv")
        ours = read_figures("carbon_value").filter(pl.col("item").str.starts_with("carbon_value_"))
        assert set(ours["price_base"]) == set(theirs["base_year"])
        both = theirs.select(
            item=pl.format("carbon_value_{}", "scenario"), year="year", theirs="value_gbp_per_tco2e"
        ).join(ours, on=["item", "year"], how="full", coalesce=True)
        assert both.height == 93
        assert (both["theirs"] == both["value"]).all()
