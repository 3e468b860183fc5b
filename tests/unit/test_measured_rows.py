"""Assumptions that the homes of a run measured, in place of derived ones."""

from datetime import UTC, datetime

import polars as pl
import pytest

from transforms.lcoh.model.measured_rows import HeatOfHomes, measured_rows
from transforms.tables.cost_analysis import DIVERSITY, DIVERSITY_CURVE, SEASONAL_PERFORMANCE
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT


def one_row(table: Table, **values: object) -> pl.DataFrame:
    key = {"dwelling_type": "all", "period": "2010"}
    row = dict.fromkeys(table.schema) | key | values
    return pl.DataFrame([row], schema=table.schema)


def rows_of(*, measured_kwh: float, normal_kwh: float | None, homes: int = 40) -> dict[str, float]:
    heat = HeatOfHomes(
        profile=HEAT_PROFILE.empty(),
        demand=one_row(
            HEAT_DEMAND_ANNUAL,
            households=homes,
            heat_kwh_mean=measured_kwh,
            peak_hour_heat_kwh=8.0,
            heat_kwh_weather_normal=normal_kwh,
        ),
        weather_fit=one_row(
            WEATHER_FIT, heat_loss_w_per_k=260.0, heat_kwh_weather_normal=normal_kwh, design_peak_hour_heat_kwh=8.4
        ),
        diversity=DIVERSITY.empty(),
        curve=DIVERSITY_CURVE.empty(),
        seasonal=SEASONAL_PERFORMANCE.empty(),
    )
    found = measured_rows(heat, period="2010")
    return dict(found.select(pl.format("{}.{}", "item", "parameter"), "value").iter_rows())


@pytest.mark.parametrize("measured_kwh", [13_000.0, 15_200.0, 17_800.0])
def test_a_home_is_sized_by_its_heat_loss_in_a_cold_year_and_in_a_mild_one(measured_kwh: float) -> None:
    """Costs rest on normal weather, so both ratios are over the heat of a normal year; three digits are kept."""
    found = rows_of(measured_kwh=measured_kwh, normal_kwh=15_200.0)
    assert found["load.heat_loss_w_per_k_per_mwh"] * 15.2 == pytest.approx(260.0, rel=5e-3)
    peak_of_measured_over_mean = 8.0 / (measured_kwh / 8760)
    design_kw = peak_of_measured_over_mean * found["load.design_over_year_peak"] * 15_200 / 8760
    assert design_kw == pytest.approx(8.4, rel=5e-3)


def test_without_a_normal_year_a_home_is_sized_by_the_heat_that_was_measured() -> None:
    found = rows_of(measured_kwh=13_000.0, normal_kwh=None)
    assert found["load.heat_loss_w_per_k_per_mwh"] * 13.0 == pytest.approx(260.0, rel=5e-3)
    assert found["load.design_over_year_peak"] == pytest.approx(8.4 / 8.0, rel=5e-3)


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        (None, "measured: all homes of this run in 2010"),
        ("hearth sample seed=1", "made up (hearth sample seed=1): all homes in 2010"),
    ],
)
def test_values_of_made_up_homes_are_never_called_measured(origin: str | None, says: str) -> None:
    heat = HeatOfHomes(
        profile=HEAT_PROFILE.empty(),
        demand=one_row(HEAT_DEMAND_ANNUAL, households=40, heat_kwh_mean=15_000.0), weather_fit=WEATHER_FIT.empty(),
        diversity=DIVERSITY.empty(), curve=DIVERSITY_CURVE.empty(), seasonal=SEASONAL_PERFORMANCE.empty(),
    )  # fmt: skip
    found = measured_rows(heat, period="2010", origin=origin)
    assert set(found["source"]) == {says}


def test_fewer_than_ten_homes_put_nothing_in_the_place_of_an_assumption() -> None:
    assert rows_of(measured_kwh=15_000.0, normal_kwh=15_000.0, homes=9) == {}


def test_the_air_that_a_network_takes_its_heat_from_is_weighed_by_the_heat_of_the_homes() -> None:
    hours = {-3.0: 3.0, 12.0: 1.0, None: 50.0, 9.0: 0.0}
    key = dict.fromkeys(HEAT_PROFILE.schema) | {"dwelling_type": "all", "period": "2010"}
    rows = [
        key | {"hour_start_utc": datetime(2010, 1, 1, at, tzinfo=UTC), "temperature_c": air_c, "heat_kwh_mean": kwh}
        for at, (air_c, kwh) in enumerate(hours.items())
    ]
    profile = pl.DataFrame(rows, schema=HEAT_PROFILE.schema)
    heat = HeatOfHomes(
        profile=profile, demand=one_row(HEAT_DEMAND_ANNUAL, households=40, heat_kwh_mean=15_000.0),
        weather_fit=WEATHER_FIT.empty(), diversity=DIVERSITY.empty(), curve=DIVERSITY_CURVE.empty(),
        seasonal=SEASONAL_PERFORMANCE.empty(),
    )  # fmt: skip
    found = measured_rows(heat, period="2010")
    of_source = found.filter(item="network_source")
    assert dict(of_source.select("parameter", "value").iter_rows()) == {
        "source_c_of_heat": 0.75,
        "source_c_of_loss": 6.0,
    }
    assert of_source["unit"].to_list() == ["degC", "degC"]
