"""Modelled gas beside published gas: scores, areas left out, factors from elsewhere, and the bars for London."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.example_areas import FIGURES, PAPER, measured
from transforms.areas.demand import HomeDemand
from transforms.areas.heat import area_heat
from transforms.areas.reference import SmallAreas, list_areas, list_gas
from transforms.areas.validation import score_areas, validate_areas
from transforms.tables.areas import AREA_GAS, AREA_VALIDATION, BUNGALOWS, HOMES, LINK, PLACE, SMALL_AREA_GAS
from transforms.tables.words import DWELLING_TYPES
from warehouse.areas.built_in import read_borough_gas, read_built_in
from warehouse.areas.folder import FILES, read_area_folder
from warehouse.reference_folder import read_reference_file

SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "london"
EFFICIENCY = 0.8054
KEY = ("level", "year", "variant")


def gas_of(published: list[float], *, year: int = 2019, corrected: bool = False) -> pl.DataFrame:
    """Return published gas of as many areas, each of 100 flats more than the one before."""
    count = len(published)
    homes = [100 * (k + 1) for k in range(count)]
    return AREA_GAS.conform(
        pl.DataFrame(
            {
                "level": "msoa_2011" if corrected else "borough",
                "area_id": [f"a{k}" for k in range(count)],
                "name": [f"Area {k}" for k in range(count)],
                "year": year,
                "gas_meters": [0.9 * n for n in homes],
                "gas_gwh": published,
                "nondomestic_gwh": None,
                "weather_corrected": corrected,
                "homes": homes,
                **{name: 0 if name != "flat" else homes for name in DWELLING_TYPES},
                "source": "made up for this test",
            }
        )
    )


def modelled(homes: int, demand: HomeDemand = PAPER) -> float:
    """Return the gas of flats of which nine in ten are on gas [GWh]."""
    return homes * float(demand.heat_kwh[-1]) * 0.9 / EFFICIENCY / 1e6


def score(gas: pl.DataFrame, variant: str, *, trend: dict[int, float] | None = None, year: int = 2019) -> dict:
    """Return one row of the scores."""
    rows = score_areas(gas, [PAPER], efficiency=EFFICIENCY, trend=trend or {})
    return rows.filter(variant=variant, year=year).row(0, named=True)


def test_gas_that_is_as_modelled_has_no_error() -> None:
    gas = gas_of([modelled(100), modelled(200)])
    rows = validate_areas(gas, [PAPER], efficiency=EFFICIENCY)
    assert rows["error"].to_list() == pytest.approx([0, 0], abs=1e-12)
    assert rows["meters_per_home"].to_list() == pytest.approx([0.9, 0.9])
    assert score(gas, "uncalibrated")["mean_absolute_error"] == pytest.approx(0, abs=1e-12)


def test_one_factor_takes_a_common_error_away_and_leaves_the_others() -> None:
    gas = gas_of([0.8 * modelled(100), 0.8 * modelled(200), 1.2 * modelled(300)])
    factor = (0.8 * 300 + 1.2 * 300) / 600
    row = score(gas, "calibrated")
    assert row["factor"] == pytest.approx(factor)
    errors = np.array([factor / 0.8, factor / 0.8, factor / 1.2]) - 1
    assert row["mean_absolute_error"] == pytest.approx(np.abs(errors).mean())
    assert row["total_error"] == pytest.approx(0, abs=1e-12)
    assert row["worst_error"] == pytest.approx(errors[0])
    assert row["worst_area"] == "Area 0"
    assert row["areas_within_15_percent"] == 0
    assert score(gas, "uncalibrated")["mean_absolute_error"] == pytest.approx((0.25 + 0.25 + 1 / 6) / 3)


def test_an_area_that_is_left_out_does_not_help_itself() -> None:
    gas = gas_of([modelled(100), modelled(200), 2 * modelled(300)])
    rows = validate_areas(gas, [PAPER], efficiency=EFFICIENCY)
    assert rows["left_out_gwh"][2] == pytest.approx(modelled(300))
    assert rows["calibrated_gwh"][2] == pytest.approx(1.5 * modelled(300))


def test_the_naive_model_knows_meters_alone() -> None:
    gas = gas_of([1.0, 4.0])
    rows = validate_areas(gas, [PAPER], efficiency=EFFICIENCY)
    assert rows["naive_gwh"].to_list() == pytest.approx([5 / 3, 10 / 3])
    assert score(gas, "naive")["over_naive"] == 1.0


def test_a_share_on_gas_above_one_is_not_capped() -> None:
    gas = gas_of([modelled(100)]).with_columns(gas_meters=pl.lit(130.0))
    row = validate_areas(gas, [PAPER], efficiency=EFFICIENCY).row(0, named=True)
    assert row["meters_per_home"] == pytest.approx(1.3)
    assert row["uncalibrated_gwh"] == pytest.approx(modelled(100) / 0.9 * 1.3)


def test_a_factor_is_carried_by_the_change_in_other_areas() -> None:
    gas = pl.concat([gas_of([modelled(100)] * 2, year=2015), gas_of([0.9 * modelled(100)] * 2, year=2021)])
    moved = score(gas, "carried", trend={2015: 10_000.0, 2021: 9_500.0}, year=2021)
    assert moved["factor"] == pytest.approx(score(gas, "calibrated", year=2015)["factor"] * 0.95)
    assert moved["carried_from_year"] == 2015
    assert score_areas(gas, [PAPER], efficiency=EFFICIENCY, trend={}).filter(variant="carried").is_empty()
    corrected = pl.concat([gas_of([1.0, 2.0], year=year, corrected=True) for year in (2018, 2019)])
    as_it_was = score(corrected, "carried", year=2019)
    assert as_it_was["total_error"] == pytest.approx(0, abs=1e-12)


def test_the_factor_is_told_as_weather_times_level_where_both_editions_are_published() -> None:
    both = pl.concat([gas_of([0.95, 0.95]), gas_of([1.0, 1.0], corrected=True)])
    scores = score_areas(both, [PAPER], efficiency=EFFICIENCY, trend={}).filter(variant="calibrated")
    raw, corrected = (scores.filter(level=level).row(0, named=True) for level in ("borough", "msoa_2011"))
    assert raw["weather_factor"] == pytest.approx(0.95)
    assert raw["weather_factor"] * raw["level_factor"] == pytest.approx(raw["factor"])
    assert corrected["weather_factor"] == 1.0
    assert score(gas_of([1.0]), "calibrated")["weather_factor"] is None


def test_normal_weather_is_compared_where_it_is_known() -> None:
    demand = measured()
    row = validate_areas(gas_of([1.0]), [demand], efficiency=EFFICIENCY).row(0, named=True)
    assert row["uncalibrated_gwh"] == pytest.approx(1.1 * modelled(100, demand))


def test_an_area_without_gas_is_left_out() -> None:
    gas = gas_of([0.0, 1.0])
    assert validate_areas(gas, [PAPER], efficiency=EFFICIENCY)["area_id"].to_list() == ["a1"]
    assert validate_areas(AREA_GAS.empty(), [PAPER], efficiency=EFFICIENCY).equals(AREA_VALIDATION.empty())


def test_boroughs_meet_the_bars_in_every_year() -> None:
    scores = score_areas(read_built_in().gas, [PAPER], efficiency=EFFICIENCY, trend=FIGURES.gas_trend)
    calibrated = scores.filter(variant="calibrated")
    assert len(calibrated) == 7
    assert calibrated["mean_absolute_error"].max() <= 0.09
    assert calibrated["over_naive"].max() <= 0.75
    assert calibrated["areas_within_15_percent"].min() >= 26
    assert calibrated["correlation_per_meter"].min() >= 0.6
    carried = scores.filter(variant="carried", year=2021).row(0, named=True)
    assert carried["carried_from_year"] == 2015
    assert abs(carried["total_error"]) <= 0.06


def pooled_reference() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return areas and gas of the published files with bungalows counted as the houses that they are."""
    by_table = {kind.file.table: read_reference_file(kind.file, SHARED / kind.file.pattern) for kind in FILES}
    link, gas = by_table[LINK], by_table[SMALL_AREA_GAS]
    small = SmallAreas(
        place=by_table[PLACE],
        homes=by_table[HOMES],
        link=link,
        gas=gas,
        bungalows=BUNGALOWS.empty(),
        fuel_poor=next(frame for table, frame in by_table.items() if table.name == "area_fuel_poor"),
    )
    areas = list_areas(small, read_borough_gas())
    return areas, list_gas(areas, read_borough_gas(), link=link, gas=gas)


@pytest.mark.skipif(not SHARED.exists(), reason="the published files are not beside the project")
def test_small_areas_meet_the_bars() -> None:
    gas = read_area_folder(SHARED).reference.gas
    scores = score_areas(gas, [PAPER], efficiency=EFFICIENCY, trend=FIGURES.gas_trend)
    bars = {"msoa_2011": (983, 0.15, 0.80, 0.58), "lsoa_group": (4805, 0.186, 0.80, 0.58)}
    for level, (areas, error, over_naive, correlation) in bars.items():
        for row in scores.filter(level=level, variant="calibrated").iter_rows(named=True):
            assert row["areas"] == areas
            assert row["mean_absolute_error"] <= error
            assert row["over_naive"] <= over_naive
            assert row["correlation_per_meter"] >= correlation
    carried = scores.filter(level="msoa_2011", variant="carried").row(0, named=True)
    assert (carried["carried_from_year"], carried["year"]) == (2018, 2019)
    assert abs(carried["total_error"]) <= 0.02
    above = validate_areas(gas, [PAPER], efficiency=EFFICIENCY).filter(
        pl.col("meters_per_home") > 1, pl.col("level") == "msoa_2011", pl.col("year") == 2019
    )
    assert len(above) > 100
    weather = scores.filter(level="borough", variant="calibrated", year=2018).row(0, named=True)["weather_factor"]
    assert 1 / weather == pytest.approx(1.034 / 1.0025, abs=0.002)


@pytest.mark.skipif(not SHARED.exists(), reason="the published files are not beside the project")
def test_the_papers_demands_give_the_known_sums_of_london() -> None:
    areas, gas = pooled_reference()
    scores = score_areas(gas, [PAPER], efficiency=EFFICIENCY, trend={}).filter(variant="calibrated", year=2019)
    errors = {level: 100 * error for level, error in scores.select("level", "mean_absolute_error").iter_rows()}
    assert errors["msoa_2011"] == pytest.approx(13.7, abs=0.1)
    assert errors["lsoa_group"] == pytest.approx(16.9, abs=0.1)
    heat = area_heat(areas, [PAPER], FIGURES, efficiency=EFFICIENCY, validation=AREA_VALIDATION.empty())
    london = heat.filter(level="london").row(0, named=True)
    assert round(london["heat_mwh"] / 1e6, 2) == 44.61
    assert london["homes"] == 3_423_841
    small = heat.filter(level="lsoa")
    assert (small["density_gwh_per_km2"] > FIGURES.thresholds["denmark_gwh_per_km2"]).sum() == 2766
    assert small["heat_mwh"].sum() == pytest.approx(london["heat_mwh"], rel=1e-9)
    assert areas.filter(level="london")["area_km2"][0] == pytest.approx(1572.06, abs=0.005)
