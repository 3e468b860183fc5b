"""Tables of a made-up trial on weather, season, spread, selection, judgement and comparison, for tests of pages."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.tables.heat import HEAT_PROFILE_SEASON, SELECTION_FUNNEL
from transforms.tables.lineage import FLAG_JUDGEMENT
from transforms.tables.published import EXTERNAL_CHECK, HEAT_DEMAND_QUANTILE
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT
from transforms.tables.words import INFERRED_FLAGS

LEVELS = {"detached": 18_740, "semi_detached": 16_520, "terraced": 15_080, "bungalow": 15_730, "flat": 10_460}
EFFICIENCY = 0.8054
BALANCE_C, SLOPE, WARM_SLOPE, BASE = 14.6, 5.9, 0.7, 12.4  # of a home of 15,000 kWh
NORMAL = "HadCET 1991 to 2010, mean of 20 years"
QUANTILES = {0.1: 0.53, 0.25: 0.71, 0.5: 0.95, 0.75: 1.23, 0.9: 1.55}
BANDS = ("-5_to_0_c", "0_to_5_c", "5_to_10_c", "10_to_15_c", "15_to_20_c", "20_to_25_c")
SEEN_BESIDE = 400  # homes that are seen and not included
CRITERIA = (
    "named by the household table or a reading", "named in the household table", "has an ok reading in the period",
    "heated by gas, or not declared otherwise", "enough of the period's half-hours are ok", "enough of each month-by-hour cell is ok",
)  # fmt: skip


def level_of(name: str, homes: dict[str, int]) -> float:
    """Return the annual heat of a type, or of all homes [kWh]."""
    return LEVELS[name] if name in LEVELS else sum(LEVELS[t] * n for t, n in homes.items()) / sum(homes.values())


def groups_of(homes: dict[str, int]) -> dict[str, int]:
    """Return the homes of each type and of all."""
    return homes | {"all": sum(homes.values())}


def make_weather_fit(homes: dict[str, int], period: str = "2009") -> pl.DataFrame:
    """Return the two-segment fit of each type, its normal year, its design day and the uses of its gas."""
    rows = [(name, count, level_of(name, homes) / 15_000) for name, count in groups_of(homes).items()]
    scale, heat = pl.col("scale"), pl.col("scale") * 15_450.0
    gas = heat / EFFICIENCY
    return WEATHER_FIT.conform(
        pl.DataFrame(rows, schema=["dwelling_type", "households", "scale"], orient="row").with_columns(
            period=pl.lit(period),
            days=pl.lit(365),
            base_gas_kwh_per_day=BASE * scale,
            slope_gas_kwh_per_day_k=SLOPE * scale,
            warm_slope_gas_kwh_per_day_k=WARM_SLOPE * scale,
            balance_temperature_c=pl.lit(BALANCE_C),
            r_squared=pl.lit(0.968),
            heat_loss_w_per_k=SLOPE * scale * EFFICIENCY * 1000 / 24,
            hot_water_gas_kwh_per_year=0.18 * gas,
            cooking_gas_kwh_per_year=0.03 * gas,
            space_gas_kwh_per_year=0.79 * gas,
            normal=pl.lit(NORMAL),
            heat_kwh_weather_normal=heat,
            heat_kwh_weather_normal_ci_low=heat * 0.96,
            heat_kwh_weather_normal_ci_high=heat * 1.04,
            design_temperature_c=pl.lit(-4.2),
            design_day_heat_kwh=(BASE + SLOPE * (BALANCE_C + 4.2)) * scale * EFFICIENCY,
            design_peak_hour_heat_kwh=6.9 * scale,
            note=pl.lit(None),
        )
    )


def make_weather_days(homes: dict[str, int], period: str = "2009", *, seed: int = 3) -> pl.DataFrame:
    """Return a year of days of each type around the fitted lines."""
    draw = np.random.default_rng(seed)
    day = np.arange(365)
    temperature = 10.2 - 7.2 * np.cos(2 * np.pi * (day - 18) / 365) + draw.normal(0, 2.4, 365)
    below = BALANCE_C - temperature
    fitted = np.maximum(BASE + np.where(below > 0, SLOPE, WARM_SLOPE) * below, 1.0)
    frames = [
        pl.DataFrame(
            {
                "date": pl.date_range(dt.date(2009, 1, 1), dt.date(2009, 12, 31), eager=True),
                "temperature_effective_c": temperature,
                "gas_kwh_fitted": fitted * level_of(name, homes) / 15_000,
                "gas_kwh_mean": fitted * level_of(name, homes) / 15_000 * draw.normal(1, 0.06, 365),
            }
        ).with_columns(dwelling_type=pl.lit(name), period=pl.lit(period), households=pl.lit(count))
        for name, count in groups_of(homes).items()
    ]
    return WEATHER_DAY.conform(pl.concat(frames))


def day_shape(cold: float) -> NDArray[np.float64]:
    """Return the share of the day's heat in each local hour; the colder (1), the flatter."""
    hour = np.arange(24)
    shape = (
        0.25 + 0.9 * cold + np.exp(-((hour - 7) ** 2) / 4) * (1.9 - 0.6 * cold) + 1.5 * np.exp(-((hour - 18) ** 2) / 9)
    )
    return shape / shape.sum()


def make_season(homes: dict[str, int], period: str = "2009") -> pl.DataFrame:
    """Return profiles by hour of the local day: months, kinds of days, bands of temperature."""
    months = [(f"{m:02d}", 10.2 - 7.2 * float(np.cos(2 * np.pi * (m - 1.1) / 12)), 30, 0) for m in range(1, 13)]
    kinds = [("weekday", 10.3, 261, 0), ("weekend", 10.0, 104, 1)]
    bands = [
        (name, -2.0 + 5 * i, n, 0) for i, (name, n) in enumerate(zip(BANDS, (9, 52, 118, 119, 64, 3), strict=True))
    ]
    rows = []
    for segmentation, segments in (("month", months), ("day_kind", kinds), ("temperature_band", bands)):
        for segment, temperature, days, late in segments:
            below = max(BALANCE_C - temperature, -9.0)
            gas = max(BASE + (SLOPE if below > 0 else WARM_SLOPE) * below, 2.0)
            shape = np.roll(day_shape(min(max(below, 0) / 20, 1)), late)
            rows += [(segmentation, segment, h, days, gas * shape[h], temperature) for h in range(24)]
    columns = ["segmentation", "segment", "hour_local", "days", "gas", "temperature_c"]
    day = pl.DataFrame(rows, schema=columns, orient="row")
    frames = [
        day.with_columns(
            dwelling_type=pl.lit(name),
            period=pl.lit(period),
            households=pl.lit(count),
            gas_kwh_mean=pl.col("gas") * level_of(name, homes) / 15_000,
            heat_kwh_mean=pl.col("gas") * level_of(name, homes) / 15_000 * EFFICIENCY,
        )
        for name, count in groups_of(homes).items()
    ]
    return HEAT_PROFILE_SEASON.conform(pl.concat(frames))


def make_quantiles(homes: dict[str, int], period: str = "2009") -> pl.DataFrame:
    """Return the quantiles of each type that its number of homes allows."""
    rows = [
        (name, period, q, count, level_of(name, homes) * ratio)
        for name, count in homes.items()
        for q, ratio in QUANTILES.items()
        if count * min(q, 1 - q) >= 5 and count > 10
    ]
    columns = ["dwelling_type", "period", "quantile", "households", "heat_kwh_annual"]
    return HEAT_DEMAND_QUANTILE.conform(pl.DataFrame(rows, schema=columns, orient="row"))


def make_funnel(included: int, *, heat: float, period: str = "2009") -> pl.DataFrame:
    """Return the selection funnel with heat per home after each step and without it."""
    many = included >= 10
    left = [included + more for more in (SEEN_BESIDE, 370, 340, 280, 100, 0)] if many else [included] * 6
    without = [included + more for more in (0, 0, 0, 20, 120, 100)] if many else [included] * 6
    change = (0.931, 0.934, 0.935, 0.982, 0.996, 1.0), (1.0, 1.0, 1.0, 0.961, 1.017, 0.996)
    return SELECTION_FUNNEL.conform(
        pl.DataFrame(
            {
                "period": [period] * 6,
                "step": range(6),
                "criterion": CRITERIA,
                "households": left,
                "heat_kwh_mean": [None, None, *(heat * c if many else None for c in change[0][2:])],
                "households_without": without,
                "heat_kwh_mean_without": [heat * c if many else None for c in change[1]],
            }
        )
    )


def make_judgements(readings: int = 1_051_180) -> pl.DataFrame:
    """Return the judgement of the inferred flags over twelve months."""
    months = pl.date_range(dt.date(2009, 1, 1), dt.date(2009, 12, 1), "1mo", eager=True)
    lacking = {
        "suspected_unit": ("fewer than 28 days of half their readings and known temperature", 0.041),
        "stuck": ("the meter's step is unknown", 0.0031),
    }
    rows = []
    for month in months:
        for flag in INFERRED_FLAGS:
            why, share = lacking.get(flag, ("", 0.0))
            missing = round(readings * share * (3 if month.month == 1 else 1), -1)
            rows.append((month, flag, "judged", readings - missing))
            rows += [(month, flag, why, missing)] if missing else []
    schema = {name: FLAG_JUDGEMENT.schema[name] for name in ("month", "flag", "outcome", "readings")}
    return FLAG_JUDGEMENT.conform(pl.DataFrame(rows, schema=schema, orient="row"))


def make_external(homes: dict[str, int]) -> pl.DataFrame:
    """Return own levels and shapes beside made-up ones of a study."""
    study, why = "SERL", "2009 was colder and homes were less insulated"
    counts = {name: n // 10 * 10 for name, n in groups_of(homes).items()}
    rows = [
        (f"{study} {year}", "gas per home and day", name, "kWh/d", level_of(name, homes) / EFFICIENCY / 365, level_of(name, homes) / per, n, why)
        for name, n in counts.items()
        for year, per in ((2022, 410), (2023, 430))
    ]  # fmt: skip
    for band, own, published in zip(BANDS, (96, 78, 51, 24, 9.5, 6.4), (82, 66, 45, 20.4, 7.1, 5.8), strict=True):
        rows.append(
            (
                f"{study} 2023",
                "gas per home and day at equal temperature",
                band,
                "kWh/d",
                own,
                published,
                counts["all"],
                why,
            )
        )
    for days, cold in (("-5 to 0", 0.9), ("5 to 10", 0.4)):
        own, published = day_shape(cold) * 24, np.roll(day_shape(cold * 0.9), 1) * 24
        rows += [
            (study, f"shape of the day, days of {days} degC", f"{h:02d}:00", "1", own[h], published[h], counts["all"], "fewer at home by day.")
            for h in range(24)
        ]  # fmt: skip
    columns = ["study", "quantity", "segment", "unit", "own", "published", "households", "explanation"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", strict=False)
    return EXTERNAL_CHECK.conform(frame.with_columns(ratio=pl.col("own") / pl.col("published")))
