"""Forecasting methods for many short histories at once: arrays in, arrays out.

Conventions
-----------
* A history is a row of daily gains ending at its origin: column -1 is the last day before the forecast. NaN is
  unknown; nothing is filled in. All methods skip unknown days.
* Methods work on ``log(1 + gain)`` with the weekday taken out and single odd days drawn in, so that an error is
  relative, a weekday effect is a factor, and a forecast cannot become negative.
* A weekday profile has 7 columns by position: column k belongs to the forecast days k+1, k+8, ... after the origin,
  and so to the last history days -7+k, -14+k, ...

Methods
-------
* weekday_ses: simple exponential smoothing of the level; the forecast is flat but for the weekday
* theta: the same level with half the drift of a straight line through half a year (Assimakopoulos & Nikolopoulos 2000)
* damped_ets: level and damped trend (Gardner & McKenzie 1985), parameters by discounted absolute error in the past
* repeat_week: the last known gain of each weekday
* power_law: gains fall with a power of the age, ``gain = c * age ** b``, b between -1.5 and 0
* recent_level: flat at the level of the last days

The last two take their level as the mean of three that err differently: the last known day, the median of the last
week, and a smoothed level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW = 182
"""Days of history the methods look at. Half a year: older levels say nothing about the next month."""
PROFILE_WEEKS = 20
"""Weeks a weekday profile is taken from."""
POOLED_FROM = 20
"""Series from which on their common weekday profile is worth shrinking to."""
DISCOUNT = 0.99
"""A day's weight against the next day's when parameters are compared; a hundred days back count for a third."""
TAMED_DAYS = 56
"""Last days of which single odd ones are drawn in; older ones weigh too little to matter."""
TAMED_AROUND = 7
"""Days on either side they are compared with; at the end, the last 15."""
TAMED_SPREADS = 4.0
TAMED_LEAST = 0.7
"""Distance from those around, in spreads and at least in log units (a factor of 2), from which a day is odd."""
SES_WEIGHTS = (0.3, 0.5, 0.7)
TREND_GRID = tuple((a, a * b, p) for a in (0.3, 0.5) for b in (0.1, 0.2, 0.4) for p in (0.8, 0.9))
"""Weights of level and trend, and the trend's damping per day."""
THETA_DAYS = 168
THETA_DAMPING = 0.99
"""Damping of Theta's drift per day: 30 days of drift count as 26, 180 as 83, so that no year is extrapolated."""
POWER_DAYS = 42
POWER_PRIOR = -0.6
"""Exponent of the decay where a series does not show its own."""
POWER_STRENGTH = 0.5
"""Weight of that prior, in squared units of log age within the days looked at."""
RECENT_WEIGHT = 0.5
"""Smoothing weight of the recent level."""
SHORT_HISTORY = 0.4
"""Power of the known days by which the size of errors shrinks; so chosen, intervals hold alike for all lengths."""
POWER_RANGE = (-1.5, 0.0)
DRIFT_LIMIT = 2.0
"""Largest change of the log level over any horizon: a factor of 7."""

METHODS = ("weekday_ses", "theta", "damped_ets", "repeat_week", "power_law", "recent_level")


def candidates(history: Floats, observed: NDArray[np.bool_], age: Floats, horizon: int,
               phase: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Forecast every history by every method.

    Parameters
    ----------
    history : ndarray, shape (n, w)
        Daily gains, NaN unknown, the last column being the day before the first forecast day. Every row needs at
        least one known day.
    age : ndarray, shape (n,)
        Days since release on the last day of history, at least 1.
    horizon : int
        Days to forecast.
    phase : ndarray of int, shape (n,)
        Weekday of the last day of history, 0 to 6.

    Returns
    -------
    tuple of ndarray, shapes (m, n, horizon) and (n,)
        ``log(1 + gain)`` by `METHODS`, and the spread of each history: a robust standard deviation of the change of
        the log gain, weekday removed, from one week to the next.
    """
    log = np.log1p(np.maximum(history[:, -WINDOW:], 0.0))
    profile = weekday_profile(log, phase)
    seen = log - profile[:, (np.arange(log.shape[1]) - log.shape[1]) % 7]
    apart = spread(np.where(observed[:, -WINDOW:], seen, np.nan))
    level = tamed(seen, apart)
    days = np.arange(1.0, horizon + 1)
    smooth, weight = best_ses(level)
    forecasts = np.stack([
        np.repeat(smooth[:, None], horizon, 1),
        smooth[:, None] + theta_drift(level, weight, days),
        best_damped_trend(level, days),
        repeat_week(seen, horizon),
        power_law(level, age, days),
        np.repeat(recent_level(level)[:, None], horizon, 1),
    ])
    top = np.nanmax(seen, axis=1)[:, None] + 1.0
    forecasts = np.clip(forecasts, 0.0, top) + profile[:, np.arange(horizon) % 7]
    return np.maximum(forecasts, 0.0), apart


def tamed(level: Floats, apart: Floats) -> Floats:
    """Return levels whose last days are drawn in where they lie far from those around them.

    A single day of nothing, or of twice the usual, is a fault of the source more often than a new level; one that
    stays is followed once it is the median of the days around. `apart` is each row's spread, shape (n,), NaN unknown.
    """
    half, width = TAMED_AROUND, level.shape[1]
    limit = np.maximum(TAMED_SPREADS * np.nan_to_num(apart), TAMED_LEAST)
    out = level.copy()
    for day in range(max(width - TAMED_DAYS, 0), width):
        first = max(0, min(day - half, width - 2 * half - 1))
        middle = known_median(level[:, first:first + 2 * half + 1], level[:, day])
        out[:, day] = np.clip(level[:, day], middle - limit, middle + limit)
    return out


def known_median(values: Floats, otherwise: Floats) -> Floats:
    """Return each row's median of what is known, `otherwise` where nothing is."""
    known = np.isfinite(values)
    # a sort with NaN last is three times as fast as nanmedian
    ordered, count = np.sort(values, axis=1), known.sum(axis=1)
    row = np.arange(len(values))
    below, above = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[1] - 1)
    return np.where(count > 0, (ordered[row, below] + ordered[row, above]) / 2, otherwise)


def spread(level: Floats) -> Floats:
    """Return the robust standard deviation of ``level[t] - level[t-7]`` (1.4826 * median of its size), shape (n,).

    Raised for a short history by ``(WINDOW / known days) ** 0.4``: what is known of it is less sure.
    """
    apart = 1.4826 * known_median(np.abs(level[:, 7:] - level[:, :-7]), np.full(len(level), np.nan))
    return apart * (WINDOW / np.maximum(np.isfinite(level).sum(axis=1), 1)) ** SHORT_HISTORY


# Weekdays -----------------------------------------------------------------------------------------------------------


def weekday_profile(log: Floats, phase: NDArray[np.int64]) -> Floats:
    """Return the weekday effect of each row in log units, shape (n, 7), mean 0.

    Medians over `PROFILE_WEEKS` of the distance to the centred mean of seven days. Each profile is shrunk to
    that of all rows (to none, if they are few) by the share of its variance that its sampling error explains: the
    positive-part James-Stein rule.
    """
    apart = (log - _mean_of_week(log))[:, -7 * PROFILE_WEEKS:]
    apart = apart[:, apart.shape[1] % 7:].reshape(len(log), -1, 7)
    count = np.isfinite(apart).sum(axis=1)
    by_day = apart.transpose(0, 2, 1).reshape(-1, apart.shape[1])
    profile = known_median(by_day, np.zeros(len(by_day))).reshape(-1, 7)
    profile -= profile.mean(axis=1, keepdims=True)
    noise = 1.4826 * known_median(np.abs(apart - profile[:, None]).reshape(len(log), -1), np.zeros(len(log)))
    # 1.2533: how much less sure a median is than a mean
    error = (1.2533 * noise[:, None]) ** 2 / np.maximum(count, 1)
    common = _common_profile(profile, count.min(axis=1), phase)
    variance = np.mean((profile - common) ** 2, axis=1)
    kept = np.clip(1.0 - error.mean(axis=1) / np.maximum(variance, 1e-12), 0.0, 1.0)
    kept = np.where(count.min(axis=1) > 0, kept, 0.0)[:, None]
    profile = common + kept * (profile - common)
    return profile - profile.mean(axis=1, keepdims=True)


def _mean_of_week(log: Floats) -> Floats:
    """Return the mean of the seven days around each, NaN where fewer than five are known."""
    known = np.isfinite(log)
    sums = np.pad(np.cumsum(np.where(known, log, 0.0), axis=1), ((0, 0), (1, 0)))
    counts = np.pad(np.cumsum(known, axis=1), ((0, 0), (1, 0)))
    day = np.arange(log.shape[1])
    low, high = np.maximum(day - 3, 0), np.minimum(day + 4, log.shape[1])
    count = counts[:, high] - counts[:, low]
    return np.where(count >= 5, (sums[:, high] - sums[:, low]) / np.maximum(count, 1), np.nan)


def _common_profile(profile: Floats, weeks: NDArray[np.int64], phase: NDArray[np.int64]) -> Floats:
    """Return the median profile of all rows as each row sees it, by calendar weekday; 0 where rows are few."""
    rows = weeks > 0
    if rows.sum() < POOLED_FROM:
        return np.zeros_like(profile)
    # column k of a profile is the weekday phase + 1 + k
    calendar = np.take_along_axis(profile, (np.arange(7)[None] - phase[:, None] - 1) % 7, axis=1)
    common = np.median(calendar[rows], axis=0)
    return common[(phase[:, None] + 1 + np.arange(7)[None]) % 7]


# Levels and trends --------------------------------------------------------------------------------------------------


def ses(level: Floats, weights: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Smooth every row by every weight: ``l += a * (y - l)``, unknown days skipped.

    Parameters
    ----------
    level : ndarray, shape (n, w)
    weights : ndarray, shape (k,)
        Smoothing weights in (0, 1].
    start : ndarray, shape (n,)
        Level before the first day.

    Returns
    -------
    tuple of ndarray, shapes (n, k)
        Last levels, and the discounted sums of absolute one-day errors.
    """
    now = np.repeat(start[:, None], weights.size, axis=1)
    loss = np.zeros_like(now)
    for value, known in _days(level):
        error = np.where(known, value - now, 0.0)
        loss = DISCOUNT * loss + np.abs(error)
        now = now + weights * error
    return now, loss


def damped_trend(level: Floats, grid: Floats, start: Floats) -> tuple[Floats, Floats, Floats]:
    """Smooth level and damped trend of every row by every setting of `grid`.

    ``f = l + p * t; l = f + a * (y - f); t = p * t + b * (y - f)``, the trend starting at 0.

    Parameters
    ----------
    level : ndarray, shape (n, w)
    grid : ndarray, shape (k, 3)
        Settings (a, b, p): weights of level and trend, damping.
    start : ndarray, shape (n,)

    Returns
    -------
    tuple of ndarray, shapes (n, k)
        Last levels, last trends, discounted sums of absolute one-day errors. ``h`` days ahead the forecast is
        ``l + t * (p + p**2 + ... + p**h)``.
    """
    of_level, of_trend, damping = grid.T
    now = np.repeat(start[:, None], len(grid), axis=1)
    trend, loss = np.zeros_like(now), np.zeros_like(now)
    for value, known in _days(level):
        trend = trend * damping
        now = now + trend
        error = np.where(known, value - now, 0.0)
        loss = DISCOUNT * loss + np.abs(error)
        now = now + of_level * error
        trend = trend + of_trend * error
    return now, trend, loss


def _days(level: Floats):  # type: ignore[no-untyped-def]
    """Go through the days: each day's values, 0 where unknown, and which are known, as columns."""
    known = np.isfinite(level)
    values = np.where(known, level, 0.0)
    for day in range(level.shape[1]):
        if known[:, day].any():
            yield values[:, day, None], known[:, day, None]


def first_level(level: Floats) -> Floats:
    """Return the median of the first two known weeks' worth of columns, or of the whole row."""
    whole = known_median(level, np.zeros(len(level)))
    return known_median(level[:, :14], whole)


def best_ses(level: Floats) -> tuple[Floats, Floats]:
    """Return each row's level by the best of `SES_WEIGHTS`, and that weight, both of shape (n,)."""
    weights = np.array(SES_WEIGHTS)
    now, loss = ses(level, weights, first_level(level))
    best, row = loss.argmin(axis=1), np.arange(len(level))
    return now[row, best], weights[best]


def best_damped_trend(level: Floats, days: Floats) -> Floats:
    """Return forecasts by the best of `TREND_GRID` for each row, shape (n, h)."""
    grid = np.array(TREND_GRID)
    now, trend, loss = damped_trend(level, grid, first_level(level))
    best, row = loss.argmin(axis=1), np.arange(len(level))
    damping = grid[best, 2][:, None]
    ahead = damping * (1.0 - damping ** days) / (1.0 - damping)
    return now[row, best][:, None] + np.clip(trend[row, best][:, None] * ahead, -DRIFT_LIMIT, DRIFT_LIMIT)


def theta_drift(level: Floats, weight: Floats, days: Floats) -> Floats:
    """Return what Theta adds to the level: half the slope of the last half year, damped, shape (n, h)."""
    recent = level[:, -THETA_DAYS:]
    day = np.broadcast_to(np.arange(recent.shape[1], dtype=np.float64), recent.shape)
    slope = slopes(day, recent)
    # the smoothed level lags a drift by (1 - a) / a days
    ahead = (1.0 / weight - 1.0)[:, None] + (THETA_DAMPING * (1.0 - THETA_DAMPING ** days) / (1.0 - THETA_DAMPING))
    return np.clip(0.5 * slope[:, None] * ahead, -DRIFT_LIMIT, DRIFT_LIMIT)


def slopes(x: Floats, y: Floats, prior: float = 0.0, strength: float = 0.0) -> Floats:
    """Return least-squares slopes of the rows, shape (n,), drawn to `prior` with the weight `strength`."""
    known = np.isfinite(y)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    x0 = np.where(known, x - np.where(known, x, 0.0).sum(axis=1, keepdims=True) / count, 0.0)
    y0 = np.where(known, y, 0.0)
    squares = (x0 * x0).sum(axis=1) + strength
    return ((x0 * y0).sum(axis=1) + strength * prior) / np.where(squares > 0, squares, 1.0)


def repeat_week(level: Floats, horizon: int) -> Floats:
    """Return each weekday's last known level again and again, shape (n, horizon)."""
    n, width = level.shape
    weeks = np.pad(level, ((0, 0), (-width % 7, 0)), constant_values=np.nan).reshape(n, -1, 7)
    known = np.isfinite(weeks)
    last = weeks.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    week = np.take_along_axis(weeks, last[:, None], axis=1)[:, 0]
    anything = known_median(week, known_median(level, np.zeros(n)))
    return np.where(known.any(axis=1), week, anything[:, None])[:, np.arange(horizon) % 7]


def power_law(level: Floats, age: Floats, days: Floats) -> Floats:
    """Return the decay with age, shape (n, h): slope of log gain on log age, level from the last week."""
    width = min(POWER_DAYS, level.shape[1])
    past = np.log(np.maximum(age[:, None] - width + 1.0 + np.arange(width), 1.0))
    slope = np.clip(slopes(past, level[:, -width:], POWER_PRIOR, POWER_STRENGTH), *POWER_RANGE)[:, None]
    base = recent_level(level[:, -width:] - slope * past)
    return base[:, None] + slope * np.log(np.maximum(age, 1.0)[:, None] + days)


def recent_level(level: Floats) -> Floats:
    """Return the mean of the last known day, the median of the last week, and a smoothed level, shape (n,)."""
    known = np.isfinite(level)
    last = level[np.arange(len(level)), level.shape[1] - 1 - known[:, ::-1].argmax(axis=1)]
    last = np.where(np.isfinite(last), last, 0.0)
    smooth = ses(level, np.array([RECENT_WEIGHT]), first_level(level))[0][:, 0]
    return (last + known_median(level[:, -7:], last) + smooth) / 3.0
