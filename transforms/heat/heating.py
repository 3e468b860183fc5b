"""Which homes heat by gas: as declared, or else by how much gas they use and how it follows the seasons."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from transforms.heat.cells import HOURS_OF_DAY
from transforms.heat.periods import Period, count_days
from transforms.tables.fixed_order import group_in_order
from transforms.tables.rules import bound

GAS_HEATING = ("gas", "gas_boiler", "gas boiler", "mains gas", "gas central heating")
WINTER, SUMMER = (12, 1, 2), (6, 7, 8)
DECLARED_SYSTEM = pl.col("heating_system").str.strip_chars().str.to_lowercase()

_DESNZ = "DESNZ sub-national gas consumption statistics, methodology: meters"
_SEASONS = (
    "mean daily gas December to February over June to August: SERL 2021-2023, gas-heated homes, 7.7 to 8.9; of 299 "
    "Flemish meters of 2024 with gas (Fluvius) four lie at 1.1 to 1.6 (cooking, hot water), one at 1.9, all others "
    "above 2.8; 2 is half way between the two groups on a log scale"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatingRule:
    """When the gas of a home without a declared system looks like heating; each bound carries its unit and source."""

    least_kwh_per_year: float = bound(
        100, unit="kWh/yr", status="published", source=f"{_DESNZ} below 100 kWh a year are left out"
    )
    most_kwh_per_year: float = bound(
        73_200, unit="kWh/yr", status="published", source=f"{_DESNZ} above 73,200 kWh a year count as non-domestic"
    )
    least_winter_to_summer: float = bound(2, unit="1", status="own choice", source=_SEASONS)
    least_hours_of_season: float = bound(
        720,
        unit="h",
        status="own choice",
        source="thirty days of good hours; a home with less in a season is not judged",
    )


def measure_heating(cells: pl.DataFrame, period: Period, rule: HeatingRule) -> pl.DataFrame:
    r"""Judge by their gas which homes heat.

    The gas per day of a season, or of the year, is a mean over its month-by-hour cells,
    :math:`24\,\sum_c d_c\,(g_c / n_c) / \sum_c d_c`, with the gas :math:`g_c` of the home in its :math:`n_c` good hours and
    the :math:`d_c` days of a cell. So a gap at night or in one month does not bias it. A home heats if its gas per year lies
    in the range of the rule, and its winter is at least a multiple of its summer. The test multiplies summer instead of
    dividing by it, since homes without any gas in summer heat too.

    Parameters
    ----------
    cells
        Rows of `CELL`.
    period
        Twelve months, each season once.
    rule
        Range and ratio.

    Returns
    -------
    pl.DataFrame
        `household_id`, `gas_kwh_per_year` [kWh/yr], `winter_kwh_per_day`, `summer_kwh_per_day` [kWh/d], `heats` (null
        for a home with too few good hours in winter or summer: it is not judged here, but by how complete it is).

    """
    days, number = pl.col("days"), pl.col("month").dt.month()
    per_day = HOURS_OF_DAY * pl.col("gas_kwh") / pl.col("hours")
    seasons = {"winter": number.is_in(WINTER), "summer": number.is_in(SUMMER)}
    measured = (
        cells.filter(pl.col("month").is_in(period.months) & (pl.col("hours") > 0))
        .with_columns(days=pl.col("month").replace_strict(count_days(period), return_dtype=pl.Float64))
        .pipe(group_in_order, "household_id", by=("month", "hour_of_day"))
        .agg(
            ((per_day * days).sum() / days.sum() * period.hours / HOURS_OF_DAY).alias("gas_kwh_per_year"),
            *(
                ((per_day * days).filter(mask).sum() / days.filter(mask).sum()).alias(f"{name}_kwh_per_day")
                for name, mask in seasons.items()
            ),
            *(pl.col("hours").filter(mask).sum().alias(f"{name}_hours") for name, mask in seasons.items()),
        )
    )
    judged = pl.min_horizontal("winter_hours", "summer_hours") >= rule.least_hours_of_season
    heats = pl.col("gas_kwh_per_year").is_between(rule.least_kwh_per_year, rule.most_kwh_per_year) & (
        pl.col("winter_kwh_per_day") >= rule.least_winter_to_summer * pl.col("summer_kwh_per_day")
    )
    return measured.select(
        "household_id",
        "gas_kwh_per_year",
        "winter_kwh_per_day",
        "summer_kwh_per_day",
        heats=pl.when(judged).then(heats),
    )
