"""Evidence in the readings of one home for their fuel and unit, and for what half-hours that are left out mean.

Where a header does not tell the fuel or the unit, the evidence decides. Where it is weak, the file is held until somebody
declares them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from transforms.readings.declaration import Fuel
from transforms.readings.stamps import HALF_HOURS_PER_DAY
from transforms.tables.rules import bound

WINTER, SUMMER = (12, 1, 2), (6, 7, 8)
NIGHT_HOURS = (0, 4)  # UTC, both included
EVENING_HOURS = (17, 20)
CELLS: dict[str, pl.DataType | type[pl.DataType]] = {
    "month": pl.Int8,
    "hour": pl.Int8,
    "rows": pl.Int64,
    "zeros": pl.Int64,
    "small": pl.Int64,
    "kwh": pl.Float64,
    "days": pl.Int64,
}
Absent = Literal["zero", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRule:
    """When the readings of a home decide its fuel, its unit, or the meaning of half-hours that are left out."""

    season_days_min: float = bound(
        14, unit="d", status="own choice", source="of winter and of summer each, before seasons are compared"
    )
    gas_season_min: float = bound(
        2.5,
        unit="1",
        status="own choice",
        source="winter over summer; heated by gas 3 to 10 in SERL, electricity 1.0 to 1.8",
    )
    electricity_season_max: float = bound(1.9, unit="1", status="own choice", source="as gas_season_min")
    rows_min: float = bound(48 * 7, unit="1", status="own choice", source="a week: shorter readings show no base load")
    gas_zero_share_min: float = bound(
        0.1, unit="1", status="own choice", source="of all half-hours; half are nought in SERL"
    )
    electricity_zero_share_max: float = bound(0.005, unit="1", status="own choice", source="a fridge always runs")
    electricity_small_share_max: float = bound(
        0.05, unit="1", status="own choice", source="of half-hours below 0.02 kWh"
    )
    level_low: float = bound(
        0.2, unit="1", status="own choice",
        source="of the mean British home in the same months: below, a unit is suspected; a kWh of gas is 0.089 m3",
    )  # fmt: skip
    level_high: float = bound(5, unit="1", status="own choice", source="as level_low; 1 m3 is 11.2 kWh")
    level_days_min: float = bound(28, unit="d", status="own choice", source="days before a level tells a unit")
    absent_share_min: float = bound(
        0.1, unit="1", status="own choice", source="of half-hours between the first and the last"
    )
    absent_zero_share_max: float = bound(
        0.02, unit="1", status="own choice", source="noughts among readings where noughts are left out"
    )
    absent_season_min: float = bound(
        1.3, unit="1", status="own choice", source="absent in summer over winter, and at night over evening"
    )


RULE = EvidenceRule()
_NAMES: dict[Fuel, re.Pattern[str]] = {
    "gas": re.compile(r"gas", re.IGNORECASE),
    "electricity": re.compile(r"elec|stroom|strom|power|mpan", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The value that evidence points to, or None where it is weak; and the evidence in words."""

    value: str | None
    basis: str


def count_cells(flagged: pl.DataFrame) -> pl.DataFrame:
    """Add up ok readings by month and hour of day (`CELLS`); all evidence rests on these sums."""
    start, value = pl.col("interval_start_utc"), pl.col("gas_kwh")
    ok = flagged.filter(pl.col("flag") == "ok")
    return ok.group_by(month=start.dt.month(), hour=start.dt.hour()).agg(
        rows=pl.len().cast(pl.Int64),
        zeros=(value == 0).sum().cast(pl.Int64),
        small=(value < 0.02).sum().cast(pl.Int64),  # noqa: PLR2004 - kWh, as in `electricity_small_share_max`
        kwh=value.sum(),
        days=start.dt.date().n_unique().cast(pl.Int64),
    )


def add_cells(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up the cells of several blocks."""
    every = pl.concat([pl.DataFrame(schema=CELLS), *parts])
    return every.group_by("month", "hour").agg(pl.col("rows", "zeros", "small", "kwh", "days").sum())


def judge_fuel(cells: pl.DataFrame, file_name: str, *, absent_as_zero: int = 0, rule: EvidenceRule = RULE) -> Evidence:
    """Tell gas from electricity by the season, by the base load and by the name of the file; None where these are weak.

    Heating makes gas seasonal, and half of its readings are nought. Electricity has a base load that never ends.
    `absent_as_zero` is the number of half-hours that the file leaves out and that count as noughts.
    """
    votes: dict[Fuel, list[str]] = {"gas": [], "electricity": []}
    for fuel, shape in _NAMES.items():
        if shape.search(file_name):
            votes[fuel].append("its name")
    season = _season(cells, rule)
    if season is not None:
        said = f"winter is {season:.1f} times summer"
        if season >= rule.gas_season_min:
            votes["gas"].append(said)
        elif season <= rule.electricity_season_max:
            votes["electricity"].append(said)
    rows = int(cells["rows"].sum())
    if rows >= rule.rows_min:
        zeros, small = (
            (float(cells[name].sum()) + absent_as_zero) / (rows + absent_as_zero) for name in ("zeros", "small")
        )
        said = f"{zeros:.0%} of its half-hours are nought"
        if zeros >= rule.gas_zero_share_min:
            votes["gas"].append(said)
        elif zeros <= rule.electricity_zero_share_max and small <= rule.electricity_small_share_max:
            votes["electricity"].append(f"a base load that never ends ({said})")
    return _weigh(votes)


def _weigh(votes: Mapping[Fuel, Sequence[str]]) -> Evidence:
    reasons = {fuel: ", ".join(said) for fuel, said in votes.items() if said}
    if len(reasons) > 1:
        return Evidence(None, f"for gas: {reasons['gas']}; for electricity: {reasons['electricity']}")
    if not reasons:
        return Evidence(None, "neither season nor base load nor the name of the file tells")
    fuel, said = next(iter(reasons.items()))
    only_name = said == "its name" and fuel == "gas"
    return Evidence(None if only_name else fuel, f"{fuel}: {said}" + (" alone" if only_name else ""))


def _season(cells: pl.DataFrame, rule: EvidenceRule) -> float | None:
    """Return the mean half-hour of winter over that of summer, or None where either is too short."""
    means = []
    for months in (WINTER, SUMMER):
        part = cells.filter(pl.col("month").is_in(months))
        if int(part["rows"].sum()) < rule.season_days_min * HALF_HOURS_PER_DAY / 2:  # half of its readings suffice
            return None
        means.append(float(part["kwh"].sum()) / float(part["rows"].sum()))
    return means[0] / max(means[1], 1e-6)


def measure_level(cells: pl.DataFrame, usual_kwh_per_day: Mapping[int, float], homes: int) -> float | None:
    """Return the gas of the readings over the gas of the mean British home in the same months [1].

    Parameters
    ----------
    cells
        Sums by month and hour, as from `count_cells`.
    usual_kwh_per_day
        Gas of the mean British home by calendar month [kWh/d].
    homes
        Number of homes behind the readings.

    Returns
    -------
    float or None
        None where the readings cover fewer than `level_days_min` days.

    """
    rows = cells.group_by("month").agg(pl.col("rows", "kwh").sum())
    days = float(rows["rows"].sum()) / HALF_HOURS_PER_DAY / max(homes, 1)
    if days < RULE.level_days_min:
        return None
    expected = sum(
        usual_kwh_per_day[month] * count / HALF_HOURS_PER_DAY
        for month, count in rows.select("month", "rows").iter_rows()
    )
    return float(rows["kwh"].sum()) / expected if expected > 0 else None


def suggest_unit(level: float, kwh_per_m3: float, rule: EvidenceRule = RULE) -> str:
    """Return the only unit in which the readings are usual for a British home; empty if both units or neither are.

    Parameters
    ----------
    level
        Gas of the readings, taken as kWh, over the gas of the mean British home [1].
    kwh_per_m3
        Energy of gas by volume [kWh/m3].

    """
    levels = {"kWh": level, "m3": level * kwh_per_m3}
    usual = [unit for unit, value in levels.items() if rule.level_low <= value <= rule.level_high]
    return usual[0] if len(usual) == 1 else ""


def judge_absent(cells: pl.DataFrame, span_half_hours: int, rule: EvidenceRule = RULE) -> str | None:
    """Say why half-hours that are left out must be noughts, or return None where they need not be.

    They must be if no reading is nought, and more half-hours are left out in summer than in winter, or at night than in
    the evening.
    """
    rows = int(cells["rows"].sum())
    absent = 1 - rows / max(span_half_hours, 1)
    if rows < rule.rows_min * 4 or absent < rule.absent_share_min:  # four weeks, to see days and nights of many kinds
        return None
    if float(cells["zeros"].sum()) > rule.absent_zero_share_max * rows:
        return None
    ways = []
    if (
        _per_day(cells, pl.col("month").is_in(WINTER))
        >= rule.absent_season_min * _per_day(cells, pl.col("month").is_in(SUMMER))
        > 0
    ):
        ways.append("in summer than in winter")
    by_hour = cells.group_by("hour").agg(pl.col("rows").sum())
    night = float(by_hour.filter(pl.col("hour").is_between(*NIGHT_HOURS))["rows"].sum()) / (
        NIGHT_HOURS[1] - NIGHT_HOURS[0] + 1
    )
    evening = float(by_hour.filter(pl.col("hour").is_between(*EVENING_HOURS))["rows"].sum()) / (
        EVENING_HOURS[1] - EVENING_HOURS[0] + 1
    )
    if evening >= rule.absent_season_min * night:
        ways.append("at night than in the evening")
    if not ways:
        return None
    return f"{absent:.0%} of its half-hours are left out, none is nought, and more are left out {' and '.join(ways)}"


def _per_day(cells: pl.DataFrame, of_season: pl.Expr) -> float:
    """Return the readings of some months over their days with readings."""
    part = cells.filter(of_season)
    days = part.group_by("month").agg(pl.col("days").max())["days"].sum()
    return float(part["rows"].sum()) / max(float(days), 1)
