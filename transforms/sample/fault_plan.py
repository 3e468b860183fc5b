"""The number of faults of each home: at measured rates, clustered in few meters, independent of the home's level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Counts = NDArray[np.int64]
SUFFICIENT_LOSS = 0.1  # homes that lose a larger share of their half-hours are left out of profiles
LOSS_KINDS = ("sentinel_max", "off_grid", "bad_time")  # a lost half-hour is missing, or delivered as one of these
POINT_KINDS = ("very_high", "negative", "reject", "duplicate_exact", "duplicate_conflict")
DRAWS = 400  # random assignments of losses to homes, of which the most even one is taken
GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class FaultRates:
    """Rates of faults: the share of readings and of homes of each fault, and the losses of meters."""

    readings_share: Mapping[str, float]
    homes_share: Mapping[str, float]
    loss_quantiles: tuple[NDArray[np.float64], NDArray[np.float64]]  # share of homes [1], loss not exceeded by them [1]

    @classmethod
    def from_tables(cls, fault: pl.DataFrame, loss: pl.DataFrame) -> FaultRates:
        """Return the rates of the shipped tables `meter_fault` and `meter_loss`."""
        return cls(
            readings_share=dict(fault.select("fault", "readings_share").iter_rows()),
            homes_share=dict(fault.select("fault", "homes_share").iter_rows()),
            loss_quantiles=(loss["homes_share"].to_numpy(), loss["loss_share"].to_numpy()),
        )


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """For each home: the number of half-hours with each fault, and whether the household table names the home."""

    known: NDArray[np.bool_]
    lost: Counts  # half-hours that are missing or delivered with a fault of `LOSS_KINDS`
    counts: Mapping[str, Counts]  # by fault, without `missing`

    def count(self, fault: str, home: int) -> int:
        """Return the number of half-hours of a home with a fault."""
        return int(self.counts[fault][home]) if fault in self.counts else 0


def plan_no_faults(households: int) -> FaultPlan:
    """Return the plan of a trial without faults."""
    return FaultPlan(known=np.ones(households, dtype=bool), lost=np.zeros(households, dtype=np.int64), counts={})


def plan_faults(homes: pl.DataFrame, half_hours: int, rates: FaultRates, rng: np.random.Generator) -> FaultPlan:
    """Draw the number of half-hours of each home with each fault.

    Every kind of fault occurs at least twice, also in a small trial.

    Parameters
    ----------
    homes
        `dwelling_type`, `gas_kwh_2009`, one row per home.
    half_hours
        True half-hours per home.
    rates
        How often faults occur, and in how many homes.
    rng
        Source of randomness.

    """
    n = len(homes)
    unknown_homes = min(n - 1, max(1, round(rates.homes_share["unknown_household"] * n)))
    losses = stratified_losses(n, rates.loss_quantiles)
    loss, known = _assign_evenly(homes, losses, unknown_homes, rng)
    lost = np.ceil(loss * half_hours).astype(np.int64)  # a home with any loss lacks at least one half-hour
    total = {fault: max(2, round(share * n * half_hours)) for fault, share in rates.readings_share.items()}
    counts: dict[str, Counts] = {}
    free = lost.copy()
    for fault in LOSS_KINDS:
        counts[fault] = _share_among_losses(total[fault], lost, free, rates.homes_share[fault])
        free -= counts[fault]
    healthy = np.flatnonzero((loss < SUFFICIENT_LOSS) & known)
    for fault in POINT_KINDS:
        hit = rng.choice(healthy, size=min(len(healthy), max(1, round(rates.homes_share[fault] * n))), replace=False)
        counts[fault] = np.zeros(n, dtype=np.int64)
        counts[fault][hit] = rng.multinomial(total[fault], np.full(len(hit), 1 / len(hit)))
    return FaultPlan(known=known, lost=lost, counts=counts)


def stratified_losses(n: int, quantiles: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the losses of `n` homes, ascending [1]: quantiles of the measured distribution between homes.

    Within a class of the distribution the cube root is interpolated, since most losses are small. No loss lies within
    one percentage point of the edge of sufficiency, where a few readings would decide whether the home counts.
    """
    homes_share, loss = quantiles
    middle = (np.arange(n) + 0.5) / n
    losses = np.interp(middle, homes_share, np.cbrt(loss)) ** 3
    near = np.abs(losses - SUFFICIENT_LOSS) < 0.01  # noqa: PLR2004 - the point of the docstring
    side = np.where(losses < SUFFICIENT_LOSS, -0.01, 0.01)
    clear: NDArray[np.float64] = np.where(near, SUFFICIENT_LOSS + side, losses)
    return clear


def _assign_evenly(
    homes: pl.DataFrame, losses: NDArray[np.float64], unknown_homes: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give each home its loss, and choose the unknown homes, so that the remaining homes resemble all homes of their type.

    Losses are dealt to types in a low-discrepancy order. Within a type, many random assignments are drawn, and the one
    is taken in which the sufficient and known homes have the mean level nearest to the type's (rerandomisation, Morgan
    and Rubin 2012). Otherwise gaps would depend on the level by chance, and bias every estimate by an unknown amount.
    """
    n = len(homes)
    types = homes["dwelling_type"].to_numpy()
    by_type = np.argsort(types, kind="stable")
    dealt = np.empty(n)
    dealt[by_type] = losses[np.argsort(np.argsort((np.arange(n) * GOLDEN + rng.random()) % 1))]
    unknown = np.zeros(n, dtype=bool)
    unknown[rng.choice(n, size=unknown_homes, replace=False)] = True
    level = homes["gas_kwh_2009"].to_numpy()
    loss, known = np.empty(n), np.empty(n, dtype=bool)
    for name in np.unique(types):
        members = np.flatnonzero(types == name)
        draws = rng.permuted(np.tile(np.arange(len(members)), (DRAWS, 1)), axis=1)
        stays = ((dealt[members] <= SUFFICIENT_LOSS) & ~unknown[members])[draws]
        mean = (level[members] * stays).sum(axis=1) / np.maximum(stays.sum(axis=1), 1)
        best = draws[np.argmin(np.abs(mean - level[members].mean()))]
        loss[members] = dealt[members][best]
        known[members] = ~unknown[members][best]
    return loss, known


def _share_among_losses(total: int, lost: Counts, free: Counts, homes_share: float) -> Counts:
    """Return how many of each home's lost half-hours are delivered with a fault; they lie in every k-th home by loss."""
    stride = max(1, round(1 / homes_share))
    by_loss = np.argsort(-lost, kind="stable")
    cluster = by_loss[min(stride // 2, len(lost) - 1) :: stride]
    counts = np.zeros(len(lost), dtype=np.int64)
    capacity = np.cumsum(free[cluster])
    wanted = min(total, int(capacity[-1]))
    upto = np.floor(capacity * (wanted / max(int(capacity[-1]), 1)) + 1e-9).astype(np.int64)
    counts[cluster] = np.diff(upto, prepend=0)
    return counts
