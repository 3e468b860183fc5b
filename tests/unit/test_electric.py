"""Load of heat pumps on the grid: hours worked by hand, feeders and homes, stores, hybrids, retrofit, a tariff."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.climate.weather_normal import NormalWeather
from transforms.electric.electricity import cop_of_hours, electricity_kw, sharpened, shaved_kw, with_store
from transforms.electric.hybrids import hybrid_rows, retrofit_rows
from transforms.electric.peaks import DesignDay, design_day, hourly_rows, peak_rows
from transforms.electric.rules import ElectricRules
from transforms.electric.tables import MeasuredMeans, electric_tables
from transforms.electric.tariffs import tariff_rows
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.performance import HourlyLoad
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.electric import HEAT_PUMP_HOURLY, HEAT_PUMP_TARIFF, HYBRID_HEAT_PUMP, RETROFIT
from transforms.tables.weather import WEATHER_FIT
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "current2026")
READING = find_convention("best_practice")
RULES = ElectricRules.from_table(read_figures("electric_rule"))
COLD_C = np.full(24, -4.0)
EVENING_KW = np.array([2.0] * 17 + [8.0, 6.0] + [2.0] * 5)
DAY = DesignDay(outdoor_c=COLD_C, heat_kw=EVENING_KW, hot_water_share=0.1, heat_pump_kw=5.0, peak_factor=1.0)


def diversity(*peaks: tuple[int, float]) -> pl.DataFrame:
    rows = [
        {
            "dwelling_type": "all", "period": "2009", "interval_minutes": 60, "dwellings": n, "households": 40,
            "peak_kw_p05": 0.8 * kw, "peak_kw_p50": kw, "peak_kw_p95": 1.2 * kw, "extrapolated": n > 8,
        }
        for n, kw in peaks
    ]  # fmt: skip
    return DIVERSITY.conform(pl.DataFrame(rows))


def year_of(outdoor_c: float = 5.0, space_kwh: float = 1.5, hot_water_kwh: float = 0.3) -> HourlyLoad:
    hours = pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2010, 1, 1), "1h", closed="left", eager=True)
    season = 1 + 0.8 * np.cos(2 * np.pi * np.arange(len(hours)) / len(hours))
    return HourlyLoad(
        hour_start_utc=hours,
        outdoor_c=outdoor_c - 6 * (season - 1),
        space_kwh=space_kwh * season,
        hot_water_kwh=np.full(len(hours), hot_water_kwh),
    )


# --- one cold hour --------------------------------------------------------------------------------------


def test_a_cold_hour_worked_by_hand() -> None:
    # -4 degC: flow 46 + 1.3 x 4 = 51.2, lift 55.2 K; water at 55 degC, lift 59 K; Ruhnau's parabola times 0.85
    space = 0.85 * (6.0801 - 0.0941 * 55.2 + 0.0005 * 55.2**2)
    water = 0.85 * (6.0801 - 0.0941 * 59.0 + 0.0005 * 59.0**2)
    cop = 1 / (0.9 / space + 0.1 / water)
    assert cop_of_hours(COLD_C, 0.1, FIGURES) == pytest.approx(np.full(24, cop))
    # 8 kW from a heat pump of 5 kW: 5 / COP and 3 kW of direct heating
    hour = hourly_rows(DAY, {"dwelling_type": "all", "period": "2009"}, FIGURES).row(17, named=True)
    assert hour["electricity_kw"] == pytest.approx(5 / cop + 3)
    assert hour["electricity_even_kw"] == pytest.approx(EVENING_KW.mean() / cop)


def test_a_heat_pump_that_is_large_enough_needs_no_direct_heating() -> None:
    assert electricity_kw(np.array([6.0]), np.array([2.0]), heat_pump_kw=6.0).tolist() == [3.0]
    assert electricity_kw(np.array([7.0]), np.array([2.0]), heat_pump_kw=6.0).tolist() == [4.0]


# --- homes and feeders ----------------------------------------------------------------------------------


def test_the_sum_over_homes_is_the_feeder_and_diversity_enters_once() -> None:
    rng = np.random.default_rng(4)
    homes_kw = EVENING_KW * rng.uniform(0.4, 1.0, (8, 1)) * (rng.random((8, 24)) < 0.8)
    together = homes_kw.sum(axis=0)
    large = replace(DAY, heat_kw=together / 8, heat_pump_kw=100.0)
    row = peak_rows(large, diversity((8, together.max() / 8)), FIGURES, stores_kwh=(0.0,)).row(0, named=True)
    of_homes = electricity_kw(homes_kw, cop_of_hours(COLD_C, 0.1, FIGURES), heat_pump_kw=100.0)
    assert row["feeder_kw_p50"] == pytest.approx(of_homes.sum(axis=0).max(), rel=1e-9)
    assert row["feeder_kw_p50"] == pytest.approx(8 * row["electricity_kw_p50"])
    assert row["feeder_kw_p50"] < of_homes.max(axis=1).sum()  # homes peak in different hours


def test_the_band_is_that_of_the_homes_peaks_and_the_design_day_scales_it() -> None:
    large = replace(DAY, heat_pump_kw=100.0, peak_factor=1.25)
    row = peak_rows(large, diversity((1, 6.4)), FIGURES, stores_kwh=(0.0,)).row(0, named=True)
    cop = cop_of_hours(COLD_C, 0.1, FIGURES)[0]
    assert row["heat_kw_p50"] == pytest.approx(8.0)
    band = [row[f"electricity_kw_{name}"] for name in ("p05", "p50", "p95")]
    assert band == pytest.approx([6.4 / cop, 8.0 / cop, 9.6 / cop], rel=1e-6)


def test_fewer_homes_and_smaller_stores_peak_higher() -> None:
    rows = peak_rows(DAY, diversity((1, 11.0), (10, 9.0), (1000, 8.0)), FIGURES, stores_kwh=RULES.stores_kwh)
    for (_,), of_store in rows.sort("dwellings").group_by("store_kwh"):
        assert of_store["electricity_kw_p50"].to_list() == sorted(of_store["electricity_kw_p50"], reverse=True)
    for (_,), of_size in rows.sort("store_kwh").group_by("dwellings"):
        assert of_size["electricity_kw_p50"].to_list() == sorted(of_size["electricity_kw_p50"], reverse=True)
    even = rows.filter(store_kwh=1000.0)
    assert even["electricity_kw_p95"].null_count() == even.height  # how much homes use in a day is not in a peak


def test_a_hidden_end_of_the_band_stays_hidden() -> None:
    hidden = diversity((1, 11.0)).with_columns(peak_kw_p95=pl.lit(None, pl.Float64))
    row = peak_rows(DAY, hidden, FIGURES, stores_kwh=(0.0,)).row(0, named=True)
    assert row["electricity_kw_p95"] is None
    assert row["electricity_kw_p05"] is not None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.1, 12), min_size=24, max_size=24), st.floats(0, 80), st.floats(1.05, 6),
)  # fmt: skip
def test_a_store_and_another_peak_keep_the_heat_of_the_day(hours: list[float], store_kwh: float, more: float) -> None:
    heat = np.array(hours)
    cop = np.linspace(2, 3, 24)
    made = with_store(heat, cop, store_kwh)
    assert made.sum() == pytest.approx(heat.sum())
    assert made.max() == pytest.approx(shaved_kw(heat, store_kwh), rel=1e-9)
    assert heat.mean() - 1e-9 <= made.max() <= heat.max() + 1e-9
    wanted = heat.mean() + (heat.max() - heat.mean()) * min(more, 1.5)
    bent = sharpened(heat, np.array([wanted]))[0]
    assert bent.sum() == pytest.approx(heat.sum())
    assert bent.max() <= wanted * (1 + 1e-6)


def test_a_design_day_has_the_heat_and_the_temperature_of_the_design() -> None:
    fit = {
        "design_day_heat_kwh": 120.0, "design_peak_hour_heat_kwh": 9.0, "design_temperature_c": -4.6,
        "heat_loss_w_per_k": 250.0,
    }  # fmt: skip
    day = design_day(year_of(), fit, FIGURES, peak_hour_kw=7.5)
    assert day is not None
    assert day.heat_kw.sum() == pytest.approx(120.0)
    assert day.outdoor_c.mean() == pytest.approx(-4.6)
    assert day.heat_pump_kw == pytest.approx(0.250 * 24)  # from 21 to -3 degC
    assert day.peak_factor == pytest.approx(1.2)
    assert design_day(year_of(), fit | {"design_temperature_c": None}, FIGURES, peak_hour_kw=7.5) is None
    assert design_day(year_of(), fit, FIGURES, peak_hour_kw=0.0) is None


def without(load: HourlyLoad, *hours: int) -> HourlyLoad:
    kept = np.delete(np.arange(len(load.outdoor_c)), hours)
    return HourlyLoad(
        hour_start_utc=load.hour_start_utc.gather(kept),
        outdoor_c=load.outdoor_c[kept],
        space_kwh=load.space_kwh[kept],
        hot_water_kwh=load.hot_water_kwh[kept],
    )


def test_a_missing_hour_shifts_no_hour_of_the_design_day() -> None:
    fit = {
        "design_day_heat_kwh": 120.0, "design_peak_hour_heat_kwh": 9.0, "design_temperature_c": 0.0, "heat_loss_w_per_k": 250.0,
    }  # fmt: skip
    year = year_of()
    evenings = replace(year, space_kwh=year.space_kwh * np.tile(EVENING_KW, 365))
    for load in (
        without(evenings, 5),
        without(evenings, *range(24)),
    ):  # 1 January is the coldest day: the next one stands in
        day = design_day(load, fit, FIGURES, peak_hour_kw=7.5)
        assert day is not None
        assert int(day.heat_kw.argmax()) == int(EVENING_KW.argmax())
        assert day.outdoor_c.mean() == pytest.approx(0.0, abs=1e-9)  # a design temperature of 0 degC is a temperature
        assert day.heat_kw.sum() == pytest.approx(120.0)


# --- hybrids, retrofit, tariff --------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(demand_kwh=st.floats(2_000, 40_000))
def test_a_heat_pump_as_large_as_the_peak_gives_all_of_the_heat_and_no_more(demand_kwh: float) -> None:
    rows = hybrid_rows(year_of(), FIGURES, READING, demand_kwh=demand_kwh, shares=(9.0,))
    assert 1 - 1e-12 <= rows["heat_share"].item() <= 1
    assert 0 <= rows["gas_kwh"].item() < 1e-6


def test_a_hybrid_worked_by_hand_and_at_its_ends() -> None:
    flat = replace(year_of(), outdoor_c=np.full(8760, 5.0), space_kwh=np.full(8760, 2.0), hot_water_kwh=np.zeros(8760))
    design_kw = float(FIGURES.one("load", "heat_loss_w_per_k_per_mwh")) * 17.52 * 24 / 1000
    half = 1.0 / design_kw  # a heat pump of 1 kW under an even load of 2 kW gives half of the heat
    rows = hybrid_rows(flat, FIGURES, READING, demand_kwh=17_520, shares=(half, 1.0))
    small, full = rows.iter_rows(named=True)
    assert small["heat_share"] == pytest.approx(0.5)
    assert small["gas_kwh"] == pytest.approx(8_760 / 0.84)
    assert small["spf"] == pytest.approx(cop_of_hours(np.array([5.0]), 0.0, FIGURES)[0])
    assert full["gas_kwh"] == pytest.approx(0, abs=1e-6)
    demand = pl.DataFrame(
        {"dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [17_520.0]}
    )
    spf = override(ASSUMPTIONS, [f"ashp.hourly_spf={full['spf']}"], scenario="current2026")
    alone = lcoh_table(demand, spf, scenario="current2026", convention="best_practice")
    cost = dict(alone.select("system", "lcoh_gbp_per_mwh").iter_rows())
    boiler = alone.filter(system="gas_boiler").row(0, named=True)
    fixed = boiler["capital_gbp_per_mwh"] + boiler["om_gbp_per_mwh"]
    assert full["lcoh_gbp_per_mwh"] == pytest.approx(cost["ashp"] + fixed)  # it pays for the boiler and does not use it


def test_a_hybrid_pays_the_standing_charge_of_gas_once() -> None:
    private = find_convention("best_practice_private")
    costs = []
    for share in (0, 1):
        kept = override(ASSUMPTIONS, [f"cooking.gas_stays_share={share}"], scenario="current2026")
        figures = scenario_figures(kept, "current2026")
        rows = hybrid_rows(year_of(), figures, private, demand_kwh=15_000, shares=(0.4, 1.0))
        costs.append(rows["lcoh_gbp_per_mwh"].to_list())
    assert costs[0] == costs[1]


def test_the_worth_of_a_retrofit_is_the_avoided_cost() -> None:
    rows = retrofit_rows(
        FIGURES, READING, demand_kwh=15_000, space_share=0.8, dwelling_type="all", cuts=(0.25,)
    ).filter(system="gas_boiler")
    row = rows.row(0, named=True)
    assert row["demand_kwh"] == pytest.approx(12_000)
    assert row["heat_saved_kwh"] == pytest.approx(3_000)
    demand = pl.DataFrame(
        {"dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [15_000.0]}
    )
    boiler = lcoh_table(demand, ASSUMPTIONS, scenario="current2026", convention="best_practice").row(0, named=True)
    running = boiler["fuel_gbp_per_mwh"] + boiler["carbon_gbp_per_mwh"]
    assert row["worth_gbp_per_mwh"] == pytest.approx(running)  # a boiler costs the same whatever the load
    design = float(FIGURES.one("load", "heat_loss_w_per_k_per_mwh")) * 15 * 24 / 1000
    assert row["design_kw"] == pytest.approx(0.75 * design)


@pytest.mark.parametrize("space_gas_kwh", [0.0, 9_000.0])
def test_a_type_without_space_heat_has_no_retrofit_and_every_other_table(space_gas_kwh: float) -> None:
    year = year_of()
    key = {"dwelling_type": "flat", "period": "2009"}
    fit = dict.fromkeys(WEATHER_FIT.schema) | key | {
        "hot_water_gas_kwh_per_year": 3_000.0, "cooking_gas_kwh_per_year": 300.0, "space_gas_kwh_per_year": space_gas_kwh,
        "design_day_heat_kwh": 120.0, "design_peak_hour_heat_kwh": 9.0, "design_temperature_c": -5.0, "heat_loss_w_per_k": 5.0,
    }  # fmt: skip
    means = MeasuredMeans(
        profile=pl.DataFrame(
            {"hour_start_utc": year.hour_start_utc, "temperature_c": year.outdoor_c, "heat_kwh_mean": year.space_kwh}
        ).with_columns(pl.lit(value).alias(name) for name, value in key.items()),
        demand=pl.DataFrame(
            [key | {"peak_hour_heat_kwh": 7.5, "heat_kwh_mean": 9_000.0, "heat_kwh_weather_normal": 10_000.0}]
        ),
        weather_fit=pl.DataFrame([fit], schema=WEATHER_FIT.schema),
        diversity=DIVERSITY.empty(),
    )
    normal = NormalWeather.from_tables(read_figures)
    tables = electric_tables(means, ASSUMPTIONS, RULES, normal, priced_by=("current2026", "best_practice"))
    assert tables[HYBRID_HEAT_PUMP].height == len(RULES.hybrid_shares)
    assert tables[HEAT_PUMP_TARIFF].height == len(RULES.stores_kwh)
    assert tables[HEAT_PUMP_HOURLY].height == 24
    assert tables[RETROFIT].is_empty() == (space_gas_kwh == 0)


def test_a_cheaper_hour_is_used_as_far_as_the_store_goes() -> None:
    rows = tariff_rows(year_of(), FIGURES, heat_pump_kw=6.0, tariff=RULES.tariff, stores_kwh=(0.0, 7.0, 1000.0))
    none, tank, day = rows.iter_rows(named=True)
    assert none["price_factor"] == pytest.approx(1.0, abs=0.02)  # an even load pays the mean price
    assert none["low_share"] == pytest.approx(6 / 24, abs=0.01)
    assert day["price_factor"] < tank["price_factor"] < none["price_factor"]
    assert day["high_share"] == pytest.approx(0, abs=1e-9)
    flat = replace(RULES.tariff, low_factor=1.0, high_factor=1.0)
    assert tariff_rows(year_of(), FIGURES, heat_pump_kw=6.0, tariff=flat, stores_kwh=(0.0,))["price_factor"][0] == (
        pytest.approx(1.0)
    )


def test_the_rules_are_those_that_ship() -> None:
    assert RULES.stores_kwh == (0.0, 7.0, 14.0, 1000.0)
    assert RULES.tariff.factors().count(0.6) == 6
    assert RULES.tariff.factors()[16:19] == [1.5, 1.5, 1.5]
