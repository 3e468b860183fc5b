"""Modelled gas of areas beside published gas. It checks totals, not hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from transforms.areas.demand import Floats, HomeDemand
from transforms.areas.heat import homes_of
from transforms.tables.areas import AREA_VALIDATION, AREA_VALIDATION_SCORE

KWH_PER_GWH: Final = 1e6
WITHIN: Final = 0.15  # error of an area that counts as small; the column of the score is named by it
NOTE: Final = "Checks yearly totals, not hours. One factor is fitted to the gas that it is scored on; left_one_out and carried are not."
NAIVE_NOTE: Final = "London's mean per meter times meters: what a model must beat."
CARRIED_BY_TREND: Final = (
    "Factor of another year, moved by the gas per meter of Great Britain outside London. Checks totals, not hours."
)
CARRIED: Final = "Factor of another year as it was: both are corrected to normal weather. Checks totals, not hours."


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Gas of the areas of one level in one year [GWh/yr], arrays of shape (areas,)."""

    level: str
    year: int
    names: list[str]
    meters: Floats
    published: Floats
    modelled: Floats
    weather_corrected: bool

    @property
    def factor(self) -> float:
        """Published over modelled gas of all areas [1]."""
        return float(self.published.sum() / self.modelled.sum())

    @property
    def left_out(self) -> Floats:
        """Published over modelled gas of all other areas, for each area [1], shape (areas,)."""
        others = np.maximum(self.modelled.sum() - self.modelled, 1e-12)
        return np.asarray((self.published.sum() - self.published) / others)

    @property
    def naive(self) -> Floats:
        """The mean gas per meter of all areas times the meters of each area [GWh/yr], shape (areas,)."""
        return np.asarray(self.meters * (self.published.sum() / self.meters.sum()))


def validate_areas(gas: pl.DataFrame, demands: list[HomeDemand], *, efficiency: float) -> pl.DataFrame:
    r"""Return modelled gas beside published gas for each area, year and demand (`AREA_VALIDATION`).

    .. math:: G = \frac{M}{N} \sum_k n_k q_k / \eta

    The share of homes on gas is meters M over homes N. It may exceed 1, since meters of empty homes and of small shops burn
    gas too. Heat is that of normal weather where it is known.

    Parameters
    ----------
    gas
        Published gas with the homes n_k of the same areas (`AREA_GAS`).
    demands
        Heat q_k of a home.
    efficiency
        Efficiency eta of the stock's boilers [1].

    """
    frames = [AREA_VALIDATION.empty()]
    for demand in demands:
        for rows, compared in _compare(gas, demand, efficiency):
            calibrated = compared.modelled * compared.factor
            frames.append(
                AREA_VALIDATION.conform(
                    rows.with_columns(
                        demand_basis=pl.lit(demand.basis),
                        meters_per_home=pl.col("gas_meters") / pl.col("homes"),
                        published_gwh="gas_gwh",
                        uncalibrated_gwh=pl.Series(compared.modelled),
                        calibrated_gwh=pl.Series(calibrated),
                        left_out_gwh=pl.Series(compared.modelled * compared.left_out),
                        naive_gwh=pl.Series(compared.naive),
                        error=pl.Series(calibrated / compared.published - 1.0),
                    )
                )
            )
    return pl.concat(frames).sort(AREA_VALIDATION.key)


def score_areas(
    gas: pl.DataFrame, demands: list[HomeDemand], *, efficiency: float, trend: dict[int, float]
) -> pl.DataFrame:
    """Return how well the model does at each level, in each year and way (`AREA_VALIDATION_SCORE`).

    Parameters
    ----------
    gas, demands, efficiency
        As in `validate_areas`.
    trend
        Published gas per meter outside London by year [kWh/yr]. It moves a factor to another year where gas is not
        corrected to normal weather. It holds no gas of London, so the score stays a test.

    """
    rows: list[dict[str, object]] = []
    for demand in demands:
        compared = [one for _, one in _compare(gas, demand, efficiency)]
        for one in compared:
            rows += [row | {"demand_basis": demand.basis} for row in _score_variants(one, compared, trend)]
    return pl.DataFrame(rows, schema=AREA_VALIDATION_SCORE.schema).sort(AREA_VALIDATION_SCORE.key)


def _compare(gas: pl.DataFrame, demand: HomeDemand, efficiency: float) -> list[tuple[pl.DataFrame, Compared]]:
    known = gas.filter(pl.col("gas_meters") > 0, pl.col("gas_gwh") > 0, pl.col("homes") > 0).sort(
        "level", "year", "area_id"
    )
    heat_kwh = demand.heat_kwh if demand.normal_kwh is None else demand.normal_kwh
    pairs = []
    for (level, year), rows in known.group_by("level", "year", maintain_order=True):
        meters, homes = rows["gas_meters"].to_numpy(), rows["homes"].to_numpy()
        modelled = homes_of(rows) @ heat_kwh * meters / homes / efficiency / KWH_PER_GWH
        pairs.append(
            (
                rows,
                Compared(
                    level=str(level), year=int(str(year)), names=rows["name"].to_list(), meters=meters,
                    published=rows["gas_gwh"].to_numpy(), modelled=modelled,
                    weather_corrected=bool(rows["weather_corrected"][0]),
                ),
            )
        )  # fmt: skip
    return pairs


def _score_variants(one: Compared, others: list[Compared], trend: dict[int, float]) -> list[dict[str, object]]:
    weather = _weather_factor(one, others)
    naive_error = float(np.abs(one.naive / one.published - 1.0).mean())
    split = {"weather_factor": weather, "level_factor": None if weather is None else one.factor / weather}
    rows = [
        _score(one, "uncalibrated", one.modelled, naive_error) | {"factor": 1.0, "note": NOTE},
        _score(one, "calibrated", one.modelled * one.factor, naive_error)
        | {"factor": one.factor, "note": NOTE}
        | split,
        _score(one, "left_one_out", one.modelled * one.left_out, naive_error) | {"factor": one.factor, "note": NOTE},
        _score(one, "naive", one.naive, naive_error) | {"factor": 1.0, "note": NAIVE_NOTE},
    ]
    first = min((other for other in others if other.level == one.level), key=lambda other: other.year)
    if first.year == one.year or not (one.weather_corrected or {first.year, one.year} <= set(trend)):
        return rows
    moved = 1.0 if one.weather_corrected else trend[one.year] / trend[first.year]
    carried = first.factor * moved
    note = CARRIED if one.weather_corrected else CARRIED_BY_TREND
    row = _score(one, "carried", one.modelled * carried, naive_error)
    return [*rows, row | {"factor": carried, "carried_from_year": first.year, "note": note}]


def _score(one: Compared, variant: str, gwh: Floats, naive_error: float) -> dict[str, object]:
    error = gwh / one.published - 1.0
    per_meter, published = gwh / one.meters, one.published / one.meters
    varies = per_meter.std() > 1e-12 * per_meter.mean() and published.std() > 0
    worst = int(np.abs(error).argmax())
    return {
        "level": one.level,
        "year": one.year,
        "variant": variant,
        "areas": len(error),
        "mean_absolute_error": float(np.abs(error).mean()),
        "over_naive": float(np.abs(error).mean()) / naive_error if naive_error > 0 else None,
        "areas_within_15_percent": int((np.abs(error) <= WITHIN).sum()),
        "total_error": float(gwh.sum() / one.published.sum() - 1.0),
        "correlation_per_meter": float(np.corrcoef(per_meter, published)[0, 1]) if varies else None,
        "worst_area": one.names[worst],
        "worst_error": float(error[worst]),
    }


def _weather_factor(one: Compared, others: list[Compared]) -> float | None:
    """Return gas per meter over the same in normal weather [1]: 1 where gas is corrected; None where only one is published."""
    if one.weather_corrected:
        return 1.0
    corrected = [other for other in others if other.weather_corrected and other.year == one.year]
    if not corrected:
        return None
    per_meter, normal = (c.published.sum() / c.meters.sum() for c in (one, corrected[-1]))
    return float(per_meter / normal)
