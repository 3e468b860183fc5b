"""Costs rest on a year of normal weather, or by one setting on the measured year; what was measured stays the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.settings import Settings
from tests.pipeline import read_tables, run

PUBLIC = Path("reports") / "current" / "downloads" / "public.duckdb"


def read_public(home: Path) -> dict[str, pl.DataFrame]:
    """Return the published tables that costs rest on or lead to."""
    with duckdb.connect(str(home / PUBLIC), read_only=True) as database:
        names = ("lcoh", "heat_demand_annual", "area_heat", "area_lcoh", "break_even")
        return {name: database.sql(f"FROM {name} ORDER BY ALL").pl() for name in names}


@pytest.fixture(scope="module")
def by_weather(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the data folder of the sample, and a copy in which the costs of the measured year were chosen."""
    normal, measured = sample_home / "hearth-data", tmp_path_factory.mktemp("measured") / "hearth-data"
    shutil.copytree(normal, measured, symlinks=True, ignore=shutil.ignore_patterns("prefect"))
    replicates = Settings.model_fields["bootstrap_replicates"].default  # as the sample was run with
    chosen = {"cost_weather": "measured", "bootstrap_replicates": replicates}
    log = run(measured, sample_home / "landing", settings=chosen)
    assert log["outcome"] == "published"
    return {"normal": normal, "measured": measured}


@pytest.mark.parametrize(("weather", "demand"), [("normal", "heat_kwh_weather_normal"), ("measured", "heat_kwh_mean")])
def test_one_setting_says_of_which_weather_all_costs_are(
    weather: str, demand: str, by_weather: dict[str, Path]
) -> None:
    tables = read_tables(by_weather[weather])
    for of_all in (tables, read_public(by_weather[weather])):
        costs = of_all["lcoh"].filter(demand_basis="measured")
        assert set(costs["weather"]) == {weather}
        rows = costs.join(of_all["heat_demand_annual"], on=["dwelling_type", "period"])
        assert rows.height == costs.height > 0
        assert rows["demand_kwh"].to_list() == pytest.approx(rows[demand].to_list(), rel=1e-12)
        in_measured_year = rows["lcoh_measured_year_gbp_per_mwh"].to_numpy() / rows["lcoh_gbp_per_mwh"].to_numpy()
        assert (abs(in_measured_year - 1).max() < 1e-12) == (weather == "measured")
    homes = tables["lcoh_household"].join(tables["household_period"], on=["household_id", "period"])
    of_year = (homes["demand_kwh"] == homes["heat_kwh_annual"]).mean()
    assert (of_year == 1) == (weather == "measured")


def test_heat_is_the_same_whatever_weather_costs_are_of(by_weather: dict[str, Path]) -> None:
    normal, measured = (read_public(home) for home in by_weather.values())
    for name in ("heat_demand_annual", "area_heat"):
        assert normal[name].equals(measured[name])
    assert normal["heat_demand_annual"]["heat_kwh_weather_normal"].null_count() < normal["heat_demand_annual"].height
    for name, value in (("area_lcoh", "lcoh_gbp_per_mwh"), ("break_even", "value")):
        assert (normal[name][value] != measured[name][value]).any(), name


def test_the_page_says_which_weather_was_chosen(by_weather: dict[str, Path]) -> None:
    pages = {
        name: (home / "reports" / "current" / "index.html").read_text(encoding="utf-8")
        for name, home in by_weather.items()
    }
    assert "that of the homes in a year of normal weather" in pages["normal"]
    assert "in the weather of 2009, which was chosen in place of a normal year" in pages["measured"]
