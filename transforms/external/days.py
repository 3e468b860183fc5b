"""A check by days: the daily gas of homes beside that of a published sample of real meters."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from transforms.external.wording import of_made_up_homes, percent, sentences
from transforms.heat.profiles import MIN_HOMES_OF_A_TYPE
from transforms.tables.fixed_order import group_in_order
from transforms.tables.published import EXTERNAL_CHECK

WINTER, SUMMER = (12, 1, 2), (6, 7, 8)
COLD_C, WARM_C = 14.0, 18.0  # every home heats below the first [degC], and none above the second; own choice


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatingDaysRule:
    """When the days of a meter show that its gas heats a home; own choice, between homes that only cook and heated ones."""

    winter_to_summer_min: float = 3.0
    gas_kwh_per_day_min: float = 5.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCheck:
    """One declared comparison: the value, its name, the range of ratios that is expected, and the reason."""

    figure: str  # name of the value in `describe_days`
    quantity: str
    unit: str
    reason: str
    ratio_low: float | None = None  # None: no agreement is expected
    ratio_high: float | None = None
    published: float | None = None  # published value of a quantity that the published days do not give


WEATHER_SOURCE = "second-hand: the same meters on daily Belgian weather (github.com/burn-research/LOADid, MIT)"

DAY_CHECKS = (
    DayCheck(
        figure="gas_kwh_per_day", quantity="gas per home and day", unit="kWh/d",
        reason="it is another country and year, with other weather, walls and prices",
    ),
    DayCheck(
        figure="log_sd_of_homes", quantity="spread of homes, sd of the logarithm", unit="1", ratio_low=0.8, ratio_high=1.25,
        reason="homes should lie as far apart in both countries, once meters that heat no home are left out",
    ),
    DayCheck(
        figure="zero_day_share", quantity="share of days without gas", unit="1", ratio_low=0.1, ratio_high=10.0,
        reason="only the order should agree: it hangs on absences, on hot water from gas or not, and on the meter's step",
    ),
    DayCheck(
        figure="zero_day_share_summer", quantity="share of days without gas, June to August", unit="1", ratio_low=0.1, ratio_high=10.0,
        reason="only the order should agree: it hangs on holidays and on homes whose gas makes no hot water",
    ),
    DayCheck(
        figure="peak_day_over_mean", quantity="highest day over the mean day", unit="1", ratio_low=0.6, ratio_high=1.67,
        reason="each is the coldest day of its own year over the mean of its own climate",
    ),
    DayCheck(
        figure="summer_over_mean", quantity="July and August over the mean day", unit="1", ratio_low=0.5, ratio_high=2.0,
        reason="it is gas for hot water and cooking, and for heat on cool days in July and August",
    ),
    DayCheck(
        figure="slope_kwh_per_day_k", quantity="gas per kelvin below 14 degC", unit="kWh/(d K)", ratio_low=0.6, ratio_high=1.67, published=5.65,
        reason=f"it is gas per kelvin below {COLD_C:g} degC, proportional to the level; there {WEATHER_SOURCE}",
    ),
    DayCheck(
        figure="warm_gas_kwh_per_day", quantity="gas per home and day above 18 degC", unit="kWh/d", published=4.6,
        reason=f"it is hot water and cooking, on days above {WARM_C:g} degC; there {WEATHER_SOURCE}",
    ),
)  # fmt: skip


def rest_on_heating(days: pl.DataFrame, rule: HeatingDaysRule | None = None) -> pl.DataFrame:
    """Keep the days of homes whose gas follows the seasons as that of heated homes does."""
    rule = rule or HeatingDaysRule()
    gas, month = pl.col("gas_kwh"), pl.col("date").dt.month()
    homes = group_in_order(days, "household_id", by="date").agg(
        mean=gas.mean(),
        winter=gas.filter(month.is_in(WINTER)).mean(),
        summer=gas.filter(month.is_in(SUMMER)).mean(),
    )
    heats = (pl.col("winter") >= rule.winter_to_summer_min * pl.col("summer")) & (
        pl.col("mean") >= rule.gas_kwh_per_day_min
    )
    return days.join(homes.filter(heats), on="household_id", how="semi", maintain_order="left")


def describe_days(days: pl.DataFrame, temperature: pl.DataFrame | None = None) -> pl.DataFrame:
    """Describe the days of homes: level, spread between homes, days without gas, peak, and how gas follows the weather.

    Parameters
    ----------
    days
        `household_id`, `date`, `gas_kwh` [kWh] of whole days of the homes.
    temperature
        `date`, `temperature_mean_c` [degC], or None: then the last two quantities are left out.

    Returns
    -------
    pl.DataFrame
        `figure`, `value`, `households`; empty below ten homes, since each value describes homes together.
        `gas_kwh_per_day` [kWh/d]: mean over homes. `log_sd_of_homes` [1]: standard deviation of the logarithm of the
        homes' means, without means of 0. `zero_day_share`, `zero_day_share_summer` [1]: share of days without gas, in
        all months and in June to August. `peak_day_over_mean`, `summer_over_mean` [1]: the highest day of the mean
        home, and its July and August, over its mean day. `slope_kwh_per_day_k` [kWh/(d K)]: gas that each kelvin below
        14 degC adds, by least squares. `warm_gas_kwh_per_day` [kWh/d]: mean of the days above 18 degC.

    """
    schema = {"figure": pl.String, "value": pl.Float64, "households": pl.Int64}
    known = days.drop_nulls("gas_kwh").sort("household_id", "date")
    households = known["household_id"].n_unique()
    if households < MIN_HOMES_OF_A_TYPE:
        return pl.DataFrame(schema=schema)
    gas, month = pl.col("gas_kwh"), pl.col("date").dt.month()
    homes = group_in_order(known, "household_id", by=None).agg(mean=gas.mean())
    mean_days = group_in_order(known.sort("date"), "date", by=None).agg(gas.mean())
    level = pl.lit(homes["mean"].mean())
    figures = pl.concat(
        [
            homes.select(gas_kwh_per_day=pl.col("mean").mean(), log_sd_of_homes=pl.col("mean").filter(pl.col("mean") > 0).log().std()),
            known.select(
                zero_day_share=(gas == 0).mean(),
                zero_day_share_summer=(gas == 0).filter(month.is_in(SUMMER)).mean(),
            ),
            mean_days.select(
                peak_day_over_mean=gas.max() / level,
                summer_over_mean=gas.filter(month.is_in((7, 8))).mean() / level,
            ),
            *([] if temperature is None else [_follow_weather(mean_days, temperature)]),
        ],
        how="horizontal",
    )  # fmt: skip
    long = figures.unpivot(variable_name="figure", value_name="value").drop_nulls("value")
    return long.filter(pl.col("value").is_finite()).select("figure", "value", households=pl.lit(households).cast(pl.Int64))  # fmt: skip


def _follow_weather(mean_days: pl.DataFrame, temperature: pl.DataFrame) -> pl.DataFrame:
    both = mean_days.join(temperature.select("date", t="temperature_mean_c").drop_nulls(), on="date")
    cold = both.filter(pl.col("t") < COLD_C).select(slope_kwh_per_day_k=-pl.cov("gas_kwh", "t") / pl.col("t").var())
    warm = both.filter(pl.col("t") > WARM_C).select(warm_gas_kwh_per_day=pl.col("gas_kwh").mean())
    return pl.concat([cold, warm], how="horizontal")


def compare_days(
    own_days: pl.DataFrame,
    published_days: pl.DataFrame,
    *,
    study: str,
    origin: str | None,
    own_temperature: pl.DataFrame | None = None,
    checks: tuple[DayCheck, ...] = DAY_CHECKS,
) -> pl.DataFrame:
    """Compare the days of a run's homes with those of a published sample (rows of `EXTERNAL_CHECK`).

    Each quantity has two rows: beside all published meters (`all`), and beside those that heat homes (`gas_heated`),
    since a run holds only gas-heated homes. The published days have no temperature. So quantities that need it take the
    published value of their declaration.

    Parameters
    ----------
    own_days, published_days
        `household_id`, `date`, `gas_kwh`. Below ten homes on either side there are no rows.
    study
        Name of the published sample.
    origin
        Program that made the run's homes up, or None.
    own_temperature
        `date`, `temperature_mean_c` [degC] of our days.
    checks
        The declared comparisons.

    """
    heating = rest_on_heating(published_days)
    there = {"all": published_days, "gas_heated": heating}
    declared = pl.DataFrame(
        [(c.figure, c.quantity, c.unit, c.reason, c.ratio_low, c.ratio_high, c.published) for c in checks],
        schema={"figure": pl.String, "quantity": pl.String, "unit": pl.String, "reason": pl.String, "ratio_low": pl.Float64, "ratio_high": pl.Float64, "declared": pl.Float64},
        orient="row",
    )  # fmt: skip
    published = pl.concat(
        describe_days(days).with_columns(segment=pl.lit(segment)) for segment, days in there.items()
    ).rename({"value": "measured", "households": "meters"})
    segments = published.select("segment", "meters").unique(maintain_order=True)
    rows = (
        describe_days(own_days, own_temperature)
        .join(declared, on="figure")
        .join(segments, how="cross")
        .join(published.drop("meters"), on=["figure", "segment"], how="left")
        .with_columns(published=pl.coalesce("measured", "declared"))
        .filter(pl.col("measured").is_not_null() | (pl.col("segment") == "all"))
        .drop_nulls("published")
        .with_columns(ratio=pl.when(pl.col("published") != 0).then(pl.col("value") / pl.col("published")))
    )
    idle = published_days["household_id"].n_unique() - heating["household_id"].n_unique()
    return EXTERNAL_CHECK.conform(
        rows.select(
            "quantity", "segment", "unit", "published", "ratio", "households",
            study=pl.lit(study), own="value", explanation=_explain(idle, origin),
        )
    ).sort(EXTERNAL_CHECK.key)  # fmt: skip


def _explain(idle: int, origin: str | None) -> pl.Expr:
    ratio, low, high = pl.col("ratio"), pl.col("ratio_low"), pl.col("ratio_high")
    beside = pl.format("{} against {} meters there", percent(ratio), "meters")
    heating = pl.when(pl.col("segment") == "all").then(pl.lit(f", {idle} of which heat no home"))
    verdict = (
        pl.when(low.is_null())
        .then(pl.lit("; no agreement is declared"))
        .when(ratio.is_between(low, high))
        .then(pl.format("; within the declared {} to {}", percent(low), percent(high)))
        .otherwise(pl.format("; outside the declared {} to {}", percent(low), percent(high)))
    )
    reason = pl.format(": {}.", "reason")
    return sentences(beside, heating, verdict, reason, of_made_up_homes(origin, "their spread and weather are set"))
