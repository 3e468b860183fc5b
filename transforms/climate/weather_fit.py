"""Two straight lines through daily gas against temperature, for many homes or many replicates at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 1e-9  # a line that falls by less is level [kWh/(d K)]
ROWS_AT_ONCE = 500  # rows that are fitted together; a fit holds about 40 arrays of rows x days


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRules:
    """Range in which the balance temperature is sought, and the number of days that a fit needs."""

    lowest_balance_c: float
    highest_balance_c: float
    least_days: float
    least_days_each_side: float


@dataclass(frozen=True, slots=True)
class TwoLines:
    """Fitted lines, one per row; every field is NaN where a row had too few days.

    Where the days show no balance temperature (`has_balance` is false), the two lines are one.
    """

    balance_c: Floats  # where the lines meet [degC]
    base_kwh_per_day: Floats  # gas there [kWh/d]
    slope_kwh_per_day_k: Floats  # more gas per kelvin below [kWh/(d K)]
    warm_slope_kwh_per_day_k: Floats  # less gas per kelvin above [kWh/(d K)]
    r_squared: Floats  # share of the weighted variance explained [1]
    has_balance: NDArray[np.bool_]

    def gas_at(self, temperature_c: Floats) -> Floats:
        """Return the gas of rows x days [kWh/d] at effective temperatures (days,) [degC]; it is never below 0."""
        above = temperature_c[None, :] - self.balance_c[:, None]
        gas = (
            self.base_kwh_per_day[:, None]
            - np.where(above < 0, self.slope_kwh_per_day_k[:, None], self.warm_slope_kwh_per_day_k[:, None]) * above
        )
        floored: Floats = np.maximum(gas, 0)
        return floored

    def sum_over(self, temperature_c: Floats) -> Floats:
        """Return the sum of `gas_at` over many days [kWh], from running sums of the sorted temperatures."""
        ordered = np.sort(temperature_c)
        warmth = np.concatenate([[0.0], np.cumsum(ordered)])
        falling = np.where(self.base_kwh_per_day < 0, self.slope_kwh_per_day_k, self.warm_slope_kwh_per_day_k)
        endless = np.where(self.base_kwh_per_day < 0, -np.inf, np.inf)
        reach = np.divide(self.base_kwh_per_day, falling, out=endless, where=falling > LEVEL)
        used = np.searchsorted(ordered, self.balance_c + reach)  # on warmer days the lines have ended
        cold = np.minimum(np.searchsorted(ordered, self.balance_c), used)
        below = self.balance_c * cold - warmth[cold]
        above = warmth[used] - warmth[cold] - self.balance_c * (used - cold)
        total: Floats = (
            self.base_kwh_per_day * used + self.slope_kwh_per_day_k * below - self.warm_slope_kwh_per_day_k * above
        )
        return total


def fit_two_lines(temperature_c: Floats, gas_kwh: Floats, weight: Floats, rules: FitRules) -> TwoLines:
    r"""Fit :math:`G(T) = b + s\,(T_b - T)^+ - s_w\,(T - T_b)^+` with :math:`s \ge s_w \ge 0` to each row.

    The law is that of Watson, Lomas and Buswell (2019, Energy Policy 126) on daily gas against effective temperature,
    except that here the two lines meet. Least squares are exact (Hudson 1966, J. Am. Stat. Assoc. 61). Between two
    neighbouring temperatures, the best meeting point is where free fits to the colder and to the warmer days cross, if they
    cross there; otherwise it is one of the two temperatures. Running sums over the sorted days give all candidates at once.
    A warmer line that would rise is held level. Where no pair of lines is better, one straight line is fitted.

    Parameters
    ----------
    temperature_c
        Effective temperature of the days [degC].
    gas_kwh
        Rows x days [kWh/d]; values without weight are ignored.
    weight
        Rows x days [1], such as the number of homes behind a mean; 0 where there is none.
    rules
        Range of the balance temperature, and fewest days.

    Returns
    -------
    TwoLines
        One fit per row.

    """
    if not len(temperature_c) or not len(gas_kwh):
        nothing = np.full(len(gas_kwh), np.nan)
        return TwoLines(nothing, nothing, nothing, nothing, nothing, np.zeros(len(gas_kwh), dtype=bool))
    order = np.argsort(temperature_c, kind="stable")
    parts = [
        _fit(
            temperature_c[order],
            gas_kwh[at : at + ROWS_AT_ONCE][:, order],
            weight[at : at + ROWS_AT_ONCE][:, order],
            rules,
        )
        for at in range(0, len(gas_kwh), ROWS_AT_ONCE)
    ]
    return TwoLines(
        np.concatenate([part.balance_c for part in parts]),
        np.concatenate([part.base_kwh_per_day for part in parts]),
        np.concatenate([part.slope_kwh_per_day_k for part in parts]),
        np.concatenate([part.warm_slope_kwh_per_day_k for part in parts]),
        np.concatenate([part.r_squared for part in parts]),
        np.concatenate([part.has_balance for part in parts]),
    )


def slope_error(lines: TwoLines, temperature_c: Floats, gas_kwh: Floats, *, lag_days: int) -> Floats:
    r"""Return the standard error of the slope below the balance temperature, shape (rows,) [kWh/(d K)].

    .. math:: V = \frac{n}{n - 4}\,(J'J)^{-1} \Big(\sum_{|l| \le L} \big(1 - \tfrac{|l|}{L + 1}\big)
        \sum_t e_t\,e_{t+l}\,J_t J_{t+l}'\Big) (J'J)^{-1}

    with the residuals e, and the derivatives J of the lines by base, slope, warm slope and balance temperature. Successive
    days resemble each other, so their products up to the lag L count too. The balance temperature is uncertain as well, which
    widens the error of the slope. The error is NaN where a row has no balance temperature.

    Parameters
    ----------
    lines
        Lines that were fitted to the same days.
    temperature_c, gas_kwh
        Effective temperature of the days [degC], in their order, and rows x days [kWh/d], NaN where unknown.
    lag_days
        L [d].

    References
    ----------
    Newey, W. K. and West, K. D. (1987), Econometrica 55 (3), 703-708.

    """
    bent = lines.has_balance
    error = np.full(len(gas_kwh), np.nan)
    if not bent.any():
        return error
    known = np.isfinite(gas_kwh[bent])
    balance, slope, warm = (
        part[bent][:, None] for part in (lines.balance_c, lines.slope_kwh_per_day_k, lines.warm_slope_kwh_per_day_k)
    )
    below = balance - temperature_c[None, :]
    cold = below > 0
    derivatives = np.stack(
        [np.ones_like(below), np.where(cold, below, 0.0), np.where(cold, 0.0, below), np.where(cold, slope, warm)], axis=2
    ) * known[..., None]  # fmt: skip
    residual = np.where(known, gas_kwh[bent] - lines.gas_at(temperature_c)[bent], 0.0)
    score = derivatives * residual[..., None]
    meat = np.einsum("hdi,hdj->hij", score, score)
    for lag in range(1, lag_days + 1):
        product = np.einsum("hdi,hdj->hij", score[:, lag:], score[:, :-lag])
        meat += (1 - lag / (lag_days + 1)) * (product + product.swapaxes(1, 2))
    bread = np.linalg.pinv(np.einsum("hdi,hdj->hij", derivatives, derivatives), hermitian=True)
    days = known.sum(axis=1)
    variance = (bread @ meat @ bread)[:, 1, 1] * days / (days - derivatives.shape[2])
    error[bent] = np.sqrt(np.maximum(variance, 0.0))
    return error


@dataclass(frozen=True, slots=True)
class _Sums:
    """Weighted sums over some of the days of each row; a difference of two is again one."""

    n: Floats
    x: Floats
    xx: Floats
    y: Floats
    xy: Floats

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(self.n - other.n, self.x - other.x, self.xx - other.xx, self.y - other.y, self.xy - other.xy)

    def line(self) -> tuple[Floats, Floats, Floats]:
        """Return intercept, slope (never rising) and explained sum of squares of the best straight line."""
        spread = self.n * self.xx - self.x**2
        slope = np.minimum(_ratio(self.n * self.xy - self.x * self.y, spread, least=1e-9 * self.n**2), 0)
        intercept = _ratio(self.y - slope * self.x, self.n)
        explained = (
            2 * (intercept * self.y + slope * self.xy)
            - intercept**2 * self.n
            - 2 * intercept * slope * self.x
            - slope**2 * self.xx
        )
        return intercept, slope, explained


def _ratio(top: Floats, bottom: Floats, least: Floats | float = 0.0) -> Floats:
    """Divide, 0 where the divisor is not above `least`."""
    out: Floats = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > least)
    return out


def _fit(x: Floats, gas: Floats, weight: Floats, rules: FitRules) -> TwoLines:
    """Fit some rows; days are sorted by temperature. Both axes are centred, for the sake of the sums."""
    known = np.isfinite(gas) & (weight > 0)
    w = np.where(known, weight, 0.0)
    centre = x.mean()
    u = x - centre
    total_weight = w.sum(axis=1, keepdims=True)
    level = _ratio((w * np.where(known, gas, 0.0)).sum(axis=1, keepdims=True), total_weight)
    y = np.where(known, gas - level, 0.0)
    below = _Sums(*(np.cumsum(w * part, axis=1) for part in (1.0, u, u**2, y, u * y)))
    whole = _Sums(*(part[:, -1:] for part in (below.n, below.x, below.xx, below.y, below.xy)))
    variance = (w * y**2).sum(axis=1)
    days_below = np.cumsum(known, axis=1)
    days = days_below[:, -1]
    least = rules.least_days_each_side
    enough = (days_below >= least) & (days[:, None] - days_below >= least)
    bounds = rules.lowest_balance_c - centre, rules.highest_balance_c - centre
    in_bounds = (u >= bounds[0]) & (u <= bounds[1])

    joined = _meet_on_days(u, below, whole, enough & in_bounds)
    crossed = _meet_between_days(u, below, whole, enough, bounds)
    straight_intercept, straight_slope, straight = (part[:, 0] for part in whole.line())
    row = np.arange(len(gas))
    candidates = [np.concatenate(pair, axis=1) for pair in zip(joined, crossed, strict=True)]
    best = np.argmax(candidates[0], axis=1)
    explained, meeting, base, slope, warm = (part[row, best] for part in candidates)
    bent = explained > straight + 1e-9 * variance
    fitted = days >= rules.least_days

    def choose(of_two: Floats, of_one: Floats | float) -> Floats:
        return np.where(fitted, np.where(bent, of_two, of_one) + 0.0, np.nan)  # + 0.0: no slope of -0

    return TwoLines(
        choose(meeting, 0.0) + centre,
        choose(base, straight_intercept) + level[:, 0],
        choose(slope, -straight_slope),
        choose(warm, -straight_slope),
        np.clip(_ratio(choose(explained, straight), variance), 0, 1),
        bent & fitted,
    )


def _meet_on_days(u: Floats, below: _Sums, whole: _Sums, allowed: NDArray[np.bool_]) -> tuple[Floats, ...]:
    """Return explained squares, meeting point, base and slopes of lines that meet at the temperature of a day."""
    above = whole - below
    p, pp, py = u * below.n - below.x, u**2 * below.n - 2 * u * below.x + below.xx, u * below.y - below.xy
    q, qq, qy = above.x - u * above.n, above.xx - 2 * u * above.x + u**2 * above.n, above.xy - u * above.y
    cold, warm = _ratio(p, pp), _ratio(q, qq)
    base = _ratio(whole.y - cold * py - warm * qy, whole.n - cold * p - warm * q)
    falling = qy - base * q <= 0
    level = _ratio(whole.y - cold * py, whole.n - cold * p)  # the best base where the warmer line is held level
    base = np.where(falling, base, level)
    slope = _ratio(py - base * p, pp)
    warm_slope = np.where(falling, -_ratio(qy - base * q, qq), 0.0)
    explained = base * whole.y + slope * py - warm_slope * qy
    valid = allowed & (slope >= warm_slope)
    return np.where(valid, explained, -np.inf), np.broadcast_to(u, base.shape), base, slope, warm_slope


def _meet_between_days(
    u: Floats, below: _Sums, whole: _Sums, enough: NDArray[np.bool_], bounds: tuple[float, float]
) -> tuple[Floats, ...]:
    """Return the same for free fits to the colder and to the warmer days, if they cross between two neighbouring days."""
    (a, b, explained), (c, d, explained_above) = below.line(), (whole - below).line()
    meeting = np.divide(c - a, b - d, out=np.full_like(a, np.nan), where=b < d)
    following = np.append(u[1:], np.inf)
    between = (meeting >= u) & (meeting <= following)
    valid = enough & between & (meeting >= bounds[0]) & (meeting <= bounds[1])
    at = np.where(valid, meeting, 0.0)
    return np.where(valid, explained + explained_above, -np.inf), at, a + b * at, -b, -d
