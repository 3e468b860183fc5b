"""Our price rows against the published ones, if the folder of references is beside the project."""

from pathlib import Path

import polars as pl
import pytest

from warehouse.cost_figures import read_assumptions
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

    CURRENT = REFERENCE / "current"
    OF_2024_IN_2025 = 107.645 / 103.875  # GDP deflator of OBR, March 2026

    def ours_of(scenario: str, item: str, parameter: str = "price_gbp_per_mwh") -> dict[int, float]:
        rows = read_assumptions().filter(scenario=scenario, item=item, parameter=parameter)
        return dict(rows.select("year", "value").iter_rows())

    @pytest.mark.parametrize("level", ["central", "low", "high"])
    @pytest.mark.parametrize(
        "item", ["electricity_residential", "gas_residential", "electricity_services", "gas_services"]
    )
    def test_a_price_carried_on_by_the_wholesale_price_is_the_one_that_the_reference_derived(
        item: str, level: str
    ) -> None:
        theirs = (
            pl.read_csv(CURRENT / "derived_retail_desnz2025.csv", infer_schema=False)
            .filter(series=f"{item}_{level}")
            .with_columns(pl.col("year").cast(pl.Int64), pl.col("value").cast(pl.Float64))
        )
        ours = ours_of("current2026" if level == "central" else f"current2026_{level}", item)
        compared = theirs.filter(pl.col("year") >= (2019 if item.endswith("residential") else 2025))
        assert compared.height == (32 if item.endswith("residential") else 26)
        for year, value in compared.select("year", "value").iter_rows():
            assert ours[year] == pytest.approx(value * OF_2024_IN_2025, rel=1e-3), year

    def test_table_4_is_ours_to_the_digit() -> None:
        theirs = pl.read_csv(CURRENT / "greenbook2023.csv", infer_schema=False)
        rows = pl.concat([read_figures("price"), read_figures("price_current")], how="vertical_relaxed")
        for item, series in (
            ("electricity_residential", "table4_electricity_retail_domestic_central_annual"),
            ("electricity_industrial", "table4_electricity_retail_industrial_central_annual"),
        ):
            published = {int(y): float(v) for y, v in theirs.filter(series=series).select("year", "value").iter_rows()}
            held = rows.filter(pl.col("scenario").str.contains("desnz2023"), item=item)
            assert set(held["year"]) == set(range(2021, 2051))
            assert set(held["price_base"]) == {2022} or set(held["price_base"]) == {"2022"}
            for year, value in held.select("year", "value").iter_rows():
                assert value == pytest.approx(published[year], abs=0.006), (item, year)

    def test_caps_wholesale_prices_and_carbon_prices_are_ours_to_the_digit() -> None:
        ours = pl.concat([read_figures("price_current"), read_figures("retail_rule")], how="vertical_relaxed")
        pairs = [
            ("ofgem_cap.csv", "electricity_cap_annual_mean_incl_vat", "current2026", "electricity_residential", 8),
            ("ofgem_cap.csv", "gas_cap_annual_mean_incl_vat", "current2026", "gas_residential", 8),
            ("annex_m_eep2024.csv", "reference_carbon_price_industry_services", "current2026", "carbon", 32),
            ("annex_m_eep2024.csv", "reference_carbon_price_electricity_supply", "current2026", "carbon_electricity_supply", 32),
            ("annex_m_eep2024.csv", "ffp_low_wholesale_gas", "current2026_low", "wholesale_gas", 25),
            ("annex_m_eep2024.csv", "ffp_high_wholesale_gas", "current2026_high", "wholesale_gas", 25),
            ("annex_m_eep2024.csv", "reference_wholesale_gas", "current2026", "wholesale_gas", 26),
            ("annex_m_eep2024.csv", "reference_wholesale_electricity_volume_weighted", "current2026", "wholesale_electricity", 26),
        ]  # fmt: skip
        for file, series, scenario, item, count in pairs:
            theirs = pl.read_csv(CURRENT / file, infer_schema=False).filter(series=series)
            published = {int(year): float(value) for year, value in theirs.select("year", "value").iter_rows()}
            named = pl.col("scenario").str.split(" ").list.contains(scenario)
            held = ours.filter(named, item=item).filter(~pl.col("source").str.contains("one for all"))
            held = held.filter(pl.col("parameter").str.starts_with("price"))
            assert held.height == count, (scenario, item)
            for year, value in held.select("year", "value").iter_rows():
                assert value == published[year], (item, year)

    def test_every_carbon_value_is_ours() -> None:
        theirs = pl.read_csv(REFERENCE / "desnz2023_carbon_values_table3.csv")
        ours = read_figures("carbon_value").filter(pl.col("item").str.starts_with("carbon_value_"))
        assert set(ours["price_base"]) == set(theirs["base_year"])
        both = theirs.select(
            item=pl.format("carbon_value_{}", "scenario"), year="year", theirs="value_gbp_per_tco2e"
        ).join(ours, on=["item", "year"], how="full", coalesce=True)
        assert both.height == 93
        assert (both["theirs"] == both["value"]).all()
