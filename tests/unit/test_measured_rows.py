"""What the homes of a run put in the place of derived assumptions."""

import polars as pl
import pytest

from transforms.lcoh.model.measured_rows import measured_rows
from transforms.tables.cost_analysis import DIVERSITY, DIVERSITY_CURVE, SEASONAL_PERFORMANCE
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_FIT


def one_row(table: Table, **values: object) -> pl.DataFrame:
    key = {"dwelling_type": "all", "period": "2010"}
    row = dict.fromkeys(table.schema) | key | values
    return pl.DataFrame([row], schema=table.schema)


def rows_of(*, measured_kwh: float, normal_kwh: float, homes: int = 40) -> dict[str, float]:
    found = measured_rows(
        period="2010",
        profile=HEAT_PROFILE.empty(),
        demand=one_row(HEAT_DEMAND_ANNUAL, households=homes, heat_kwh_mean=measured_kwh, peak_hour_heat_kwh=8.0),
        weather_fit=one_row(WEATHER_FIT, heat_loss_w_per_k=260.0, heat_kwh_weather_normal=normal_kwh),
        diversity=DIVERSITY.empty(),
        curve=DIVERSITY_CURVE.empty(),
        seasonal=SEASONAL_PERFORMANCE.empty(),
    )
    return dict(found.select(pl.format("{}.{}", "item", "parameter"), "value").iter_rows())


@pytest.mark.parametrize("measured_kwh", [13_000.0, 15_200.0, 17_800.0])
def test_a_home_is_sized_by_its_heat_loss_in_a_cold_year_and_in_a_mild_one(measured_kwh: float) -> None:
    found = rows_of(measured_kwh=measured_kwh, normal_kwh=15_200.0)
    per_mwh = found["load.heat_loss_w_per_k_per_mwh"]
    assert per_mwh * measured_kwh / 1000 == pytest.approx(260.0, rel=5e-3)  # three digits are kept


def test_fewer_than_ten_homes_put_nothing_in_the_place_of_an_assumption() -> None:
    assert rows_of(measured_kwh=15_000.0, normal_kwh=15_000.0, homes=9) == {}
