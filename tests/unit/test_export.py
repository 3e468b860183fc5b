"""The hourly load of a mix of homes."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from flows.answers.export import export_load
from flows.settings import Settings
from transforms.climate.weather_normal import NormalWeather
from transforms.electric.electricity import cop_of_hours
from transforms.electric.export import COLUMNS, ExportError, hourly_load
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.weather import WEATHER_FIT
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

FIGURES = scenario_figures(read_assumptions(), "current2026")
NORMAL = NormalWeather.from_tables(read_figures)
HOURS = pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2010, 1, 1), "1h", closed="left", eager=True)


def profile_of(**mean_kwh: float) -> pl.DataFrame:
    season = 1 + 0.8 * np.cos(2 * np.pi * np.arange(len(HOURS)) / len(HOURS))
    return pl.concat(
        HEAT_PROFILE.conform(
            pl.DataFrame({"hour_start_utc": HOURS, "heat_kwh_mean": kwh * season, "temperature_c": 12 - 8 * season}).with_columns(
                dwelling_type=pl.lit(name), period=pl.lit("2009"), households=40, gas_kwh_mean=pl.col("heat_kwh_mean") / 0.8,
                heat_kwh_se=pl.lit(None, pl.Float64),
            )
        )
        for name, kwh in mean_kwh.items()
    )  # fmt: skip


def fit_of(*names: str) -> pl.DataFrame:
    row = dict.fromkeys(WEATHER_FIT.schema) | {
        "period": "2009",
        "normal": "1991 to 2010",
        "hot_water_gas_kwh_per_year": 3_000.0,
    }
    rows = [row | {"dwelling_type": name, "cooking_gas_kwh_per_year": 300.0} for name in names]
    return pl.DataFrame(rows, schema=WEATHER_FIT.schema)


def test_the_load_of_a_mix_is_the_sum_of_its_homes() -> None:
    profile, fit = profile_of(flat=1.0, detached=2.0), fit_of("flat", "detached")
    found = hourly_load({"flat": 20, "detached": 10}, profile, fit, FIGURES, NORMAL)
    assert found.columns == list(COLUMNS)
    assert found.height == 8760
    by_hour = (
        profile.filter(dwelling_type="flat")["heat_kwh_mean"] * 20
        + profile.filter(dwelling_type="detached")["heat_kwh_mean"] * 10
    )
    assert found["heat_kwh"].to_list() == pytest.approx(by_hour.to_list())
    assert (found["space_heat_kwh"] + found["hot_water_kwh"]).to_list() == pytest.approx(found["heat_kwh"].to_list())
    alone = [hourly_load({name: n}, profile, fit, FIGURES, NORMAL) for name, n in (("flat", 20), ("detached", 10))]
    electricity = alone[0]["heat_pump_electricity_kwh"] + alone[1]["heat_pump_electricity_kwh"]
    assert found["heat_pump_electricity_kwh"].to_list() == pytest.approx(electricity.to_list())
    first = alone[0].row(0, named=True)
    share = first["hot_water_kwh"] / first["heat_kwh"]
    cop = cop_of_hours(np.array([first["outdoor_c"]]), share, FIGURES)[0]
    assert first["heat_pump_electricity_kwh"] == pytest.approx(first["heat_kwh"] / cop)


def test_a_type_that_is_hidden_or_not_whole_is_refused_by_name() -> None:
    profile, fit = profile_of(flat=1.0), fit_of("flat")
    with pytest.raises(ExportError, match="bungalow: 0 hours are published and a year has 8760; there are flat"):
        hourly_load({"bungalow": 5}, profile, fit, FIGURES, NORMAL)
    with pytest.raises(ExportError, match="flat: 8759 hours"):
        hourly_load({"flat": 5}, profile.head(8759), fit, FIGURES, NORMAL)
    with pytest.raises(ExportError, match="flat: hot water or temperatures are not known"):
        hourly_load({"flat": 5}, profile, fit_of("detached"), FIGURES, NORMAL)


def test_a_leap_year_that_lacks_a_day_is_no_year_and_types_need_the_same_hours() -> None:
    leap = pl.concat([profile_of(flat=1.0, detached=2.0), profile_of(flat=1.0, detached=2.0).with_columns(
        hour_start_utc=pl.col("hour_start_utc").dt.offset_by("365d")
    ).filter(pl.col("hour_start_utc") < dt.datetime(2010, 1, 2))])  # fmt: skip
    fit = fit_of("flat", "detached")
    at, is_flat = pl.col("hour_start_utc"), pl.col("dwelling_type") == "flat"
    assert hourly_load({"flat": 5, "detached": 5}, leap, fit, FIGURES, NORMAL).height == 8784
    in_may = at.is_between(dt.datetime(2009, 5, 1), dt.datetime(2009, 5, 2), closed="left")
    with pytest.raises(ExportError, match="flat: 8760 hours are published, with a gap among them"):
        hourly_load({"flat": 5}, leap.filter(~in_may), fit, FIGURES, NORMAL)
    one_day_less = leap.filter(~is_flat | (at < dt.datetime(2010, 1, 1)))
    with pytest.raises(
        ExportError, match="flat and detached are published for different hours: export them one by one"
    ):
        hourly_load({"flat": 5, "detached": 5}, one_day_less, fit, FIGURES, NORMAL)


@pytest.mark.parametrize(
    ("homes", "name", "message"),
    [
        (["flat"], "a.csv", "'flat': write each dwelling type once"),
        (["flat=0"], "a.csv", "'flat=0'"),
        (["flat=2", "flat=3"], "a.csv", "'flat=3'"),
        (["flat=2"], "a.xlsx", "neither .csv nor .parquet"),
        (["flat=2"], "there.csv", "exists already"),
        (["flat=2"], "a.CSV", "no release shows a profile"),
    ],
)
def test_a_load_that_cannot_be_exported_is_refused_with_the_reason(
    homes: list[str], name: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "there.csv").write_text("kept", encoding="utf-8")
    with pytest.raises(ExportError, match=message):
        export_load(Settings(home=tmp_path / "home"), homes, tmp_path / name)
    assert (tmp_path / "there.csv").read_text(encoding="utf-8") == "kept"
