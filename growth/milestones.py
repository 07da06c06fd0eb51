"""Milestones: when a total reaches a target, as a probability over dates.

Task: from a forecast's distribution of the total on each day to the distribution of the day on which the total first
reaches a target. Totals never fall, so "reached by day d" is "the total of day d is at least the target".

Beyond the forecast's own days gains go on from its last week, falling with the age as they fall in the forecast's
second half (`gain = c * age ** b`, b between -1 and 0: never rising), and the uncertainty of the sum's logarithm grows
with the square root of the days. It ends after `MAX_DAYS`; a chance that is left then is "not within 10 years".

Conventions: calendar days; the distribution is over days after the last reading that counts; a milestone already
reached has the day of the first reading at or above it and no distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from growth.backtest import age_groups
from growth.conformal import GRID, Quantiles
from growth.forecast import Forecasts
from growth.rolling import quantiles_of

Floats = NDArray[np.float64]

MAX_DAYS = 3_650
"""Days ahead a milestone is looked for."""
NEAR = (30, 90, 365)
"""Days for which a chance is given."""
RANGE = (0.1, 0.5, 0.9)
"""Chances of the earliest date, the median, and the latest of the 80 % range."""
DECLINE_RANGE = (-1.0, 0.0)
DEFAULT_TARGET = 100_000_000.0
"""Views on YouTube."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """The chances of one target.

    Attributes
    ----------
    target : float
    reached : date or None
        Day of the first reading at or above the target; None while it is not reached.
    already : bool
        Whether the target is reached; `reached` may still be unknown if no reading tells.
    median, earliest, latest : date or None
        Days by which the chance is 50, 10 and 90 %; None when that is not within 10 years.
    chance_30, chance_90, chance_365 : float or None
        Chance, 0 to 1, within so many days of the last reading. 0 and 1 stand for below 1 and above 99 %.
    days : ndarray of datetime64[D]
        Days of the distribution, the first after the last reading, until 99 % or 10 years.
    chances : ndarray
        Chance of having reached the target by each of `days`, never falling.
    reason : str or None
        Why there is no distribution: ``reached``, ``no_total``, or the forecast's own reason.
    horizon_days : int
        Days ahead of the distribution that are forecast; what lies further is continued.
    """

    target: float
    reached: date | None
    already: bool
    median: date | None
    earliest: date | None
    latest: date | None
    chance_30: float | None
    chance_90: float | None
    chance_365: float | None
    days: NDArray[np.datetime64]
    chances: Floats
    reason: str | None
    horizon_days: int


def milestone(days: NDArray[np.datetime64], totals: Floats, forecasts: Forecasts, row: int,
              target: float = DEFAULT_TARGET) -> Milestone:
    """Return when one series reaches a target.

    Parameters
    ----------
    days : ndarray of datetime64[D], shape (d,)
        Days of the panel the forecast was made from.
    totals : ndarray, shape (d,)
        The series' readings that count, NaN elsewhere.
    forecasts : Forecasts
        A long horizon tells more: 180 days.
    row : int
        Row of the series in `forecasts`.
    target : float
        Total to be reached, above 0.

    Raises
    ------
    ValueError
        If `target` is not a positive number or the arrays differ in length.
    """
    if not (np.isfinite(target) and target > 0):
        raise ValueError(f"target is {target}; a number above 0 is accepted")
    if np.shape(days) != np.shape(totals):
        raise ValueError(f"{np.shape(days)} days and {np.shape(totals)} totals; one total a day is accepted")
    horizon = forecasts.gains.shape[1]
    at = np.flatnonzero(np.isfinite(totals) & (totals >= target))
    last = forecasts.last_total[row]
    if at.size and last >= target:
        return _absent(target, "reached", horizon, days[at[0]].astype("datetime64[D]").item(), already=True)
    if forecasts.reasons[row] is not None or not np.isfinite(last):
        return _absent(target, forecasts.reasons[row] or "no_total", horizon)
    chances = distribution(forecasts, row, target)
    first = forecasts.first_day[row]

    def by(chance: float) -> date | None:
        reached = np.flatnonzero(chances >= chance - 1e-9)
        return (first + reached[0]).astype("datetime64[D]").item() if reached.size else None

    shown = int(np.searchsorted(chances, 0.99)) + 1
    month, quarter, year = (float(chances[day - 1]) for day in NEAR)
    earliest, median, latest = (by(chance) for chance in RANGE)
    return Milestone(float(target), None, False, median, earliest, latest, month, quarter, year,
                     days=first + np.arange(min(shown, MAX_DAYS)), chances=chances[:shown], reason=None,
                     horizon_days=horizon)


def _absent(target: float, reason: str, horizon: int, reached: date | None = None, *,
            already: bool = False) -> Milestone:
    return Milestone(float(target), reached, already, None, None, None, None, None, None,
                     days=np.empty(0, "datetime64[D]"), chances=np.empty(0), reason=reason, horizon_days=horizon)


def distribution(forecasts: Forecasts, row: int, target: float, days: int = MAX_DAYS) -> Floats:
    """Return the chance that the total reaches `target` by each day after the last reading, shape (days,)."""
    sums = np.cumsum(continued(forecasts.gains[row], float(forecasts.age[row]), days))
    quantiles = quantiles_of(sums[None], forecasts.spread[row:row + 1], age_groups(forecasts.age[row:row + 1]),
                             Quantiles(forecasts.calibration), "sums", GRID)[0]
    # the lowest and the highest kept quantile, 1 and 99 %, are the ends of what is said: outside it is 0 or 1
    short = (quantiles < target - forecasts.last_total[row]).sum(axis=0)
    below = _between(quantiles, target - float(forecasts.last_total[row]), short)
    return np.maximum.accumulate(np.clip(1.0 - below, 0.0, 1.0))


def _between(quantiles: Floats, wanted: float, short: NDArray[np.int64]) -> Floats:
    """Return the chance of staying below `wanted` on each day, linear between the quantiles around it."""
    day = np.arange(quantiles.shape[1])
    low, high = quantiles[np.maximum(short - 1, 0), day], quantiles[np.minimum(short, GRID.size - 1), day]
    step = np.where(high > low, (wanted - low) / np.where(high > low, high - low, 1.0), 0.0)
    below = GRID[np.maximum(short - 1, 0)] + 0.01 * np.clip(step, 0.0, 1.0)
    return np.where(short == 0, 0.0, np.where(short == GRID.size, 1.0, below))


def continued(gains: Floats, age: float, days: int) -> Floats:
    """Return gains of shape (days,): the forecast's own, then falling with age as in its second half.

    Parameters
    ----------
    gains : ndarray, shape (h,)
        Forecast daily gains, h at least 7.
    age : float
        Days since release on the last reading's day.
    days : int
        Days wanted.
    """
    horizon = gains.size
    if days <= horizon:
        return gains[:days]
    # whole weeks, so that weekdays do not tilt the slope
    week = gains[-7:].mean()
    half = horizon // 2 if horizon >= 28 else 0
    early = gains[half:half + 7].mean()
    middle, end = age + half + 4.0, age + horizon - 3.0
    power = 0.0
    if early > 0 and week > 0 and end > middle:
        power = float(np.clip(np.log(week / early) / np.log(end / middle), *DECLINE_RANGE))
    weekday = np.tile(gains[-7:] / week if week > 0 else np.ones(7), (days - horizon) // 7 + 1)[:days - horizon]
    ahead = age + np.arange(horizon + 1.0, days + 1.0)
    return np.concatenate([gains, week * weekday * (ahead / end) ** power])


def next_target(total: float) -> float:
    """Return the next round number above a total: 1, 2 or 5 times a power of ten, at least 1.

    Raises
    ------
    ValueError
        If the total is negative or not a number.
    """
    if not (np.isfinite(total) and total >= 0):
        raise ValueError(f"total is {total}; a number of 0 or more is accepted")
    power = 1.0 if total < 1 else 10.0 ** (len(str(int(total))) - 1)
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power > total)


