"""How the daily gains of an artist's platforms move together, and which of them moves first.

What is correlated
------------------
Never totals: two counters that only rise correlate at 0.99 whatever happens. Nor plain gains: when both decay after a
launch, or both grow, their shared trend alone makes them correlate. Each series is therefore reduced to what a day
is above or below its surroundings:

1. its logarithm, so that a percent is a percent at any level; a gain below a twentieth of the series' median counts
   as that, since the logarithm of a nearly empty day would drown all others;
2. less the local trend: a straight line through the known days of the 29 around the day (fewer at the ends, where the
   line leans as the series does). Days on which that line clearly (by two standard errors) changes e-fold or more in
   four weeks, the start of a launch above all, are left out: no straight line describes them, and what it misses is
   the same for every launch;
3. less the mean of each weekday;
4. at most three robust standard deviations (1.4826 * median absolute deviation) from zero: one empty day of each would
   otherwise decide the correlation at the lag between them.

A trend two platforms share over months is removed with it and is not called correlation; a burst of days is kept.
First differences would remove trends as well, but double the noise of single days and hide bursts that build up over
a week.

Significance
------------
Neighbouring days are alike, so n days are fewer than n observations. The effective number is
n / (1 + 2 * sum of (1 - k / n) * r1(k) * r2(k)) over lags k up to n / 5, with r1 and r2 the autocorrelations of the
two series (Bartlett 1935; Bretherton et al. 1999, Journal of Climate 12, 1990-2009; cut off as in Pyper and Peterman
1998, Can. J. Fish. Aquat. Sci. 55, 2127-2140), never above n. p is two-sided, of Student's t with the effective
number less 2 for the correlation and 6 for the weekdays as degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from growth.panel import NO_ROW, Floats, Ints, Panel
from ingest.flags import LEFT_OUT_OF_SPREADS

MIN_PAIRED_DAYS = 14
"""Days on which both are known. Two weeks: with fewer, the weekdays alone would be the correlation."""
TREND_DAYS = 14
"""Days on each side of a day from which its trend is taken: four weeks, the span of the momentum's base."""
MIN_TREND_DAYS = 7
"""Known days among them. One week: every weekday once."""
MAX_SLOPE = 1.0 / 28.0
"""Change of the logarithm per day from which a day is left out: e-fold in four weeks."""
MOST = 3.0
"""Robust standard deviations a day may be away: of normal noise, three days in a thousand are cut to it."""
FLOOR = 0.05
"""Share of the series' median gain that a smaller gain counts as."""
MIN_VARIATION = 0.005
"""Standard deviation of the logarithm below which a series does not vary: what is left of half a percent is curvature
of the trend and rounding."""
MAX_LAG = 14
"""Days. Two weeks: a longer lead is not told apart from a trend of 29 days."""
SIGNIFICANT = 0.05
"""Chance of an accidental lead that is accepted, over all lags together."""
CLEARLY = 1.96
"""Standard errors by which the best lag's correlation exceeds that of the same day: 95 %."""
_WEEKDAYS = 7


@dataclass(frozen=True, slots=True)
class Correlation:
    """How two series of daily gains move together.

    Attributes
    ----------
    first, second : int
        Rows of the panel.
    n : int
        Days on which both are known and neither is too steep.
    effective_n : float
        Independent observations they are worth; NaN when absent.
    pearson, pearson_p, spearman, spearman_p : float or None
        Correlation on the same day and its two-sided p; None when absent.
    reason : str or None
        Why they are absent: too_few_days, or no_variation when one does not vary.
    lags : ndarray of int64, shape (l,)
        Days by which the second is looked at later: at a positive lag the first leads.
    lag_pearson : ndarray of float, shape (l,)
        Pearson correlation at each lag; NaN with fewer than 14 paired days.
    lag_n : ndarray of int64, shape (l,)
        Paired days at each lag.
    lead_days : int or None
        Days by which the first moves before the second (negative: the second first).
    lead_p : float or None
        p of the best lag times the number of lags tried (Bonferroni), at most 1.
    lead_reason : str or None
        Why no lead is said: too_few_days, no_variation, not_significant, same_day (the best lag is 0) or not_clear
        (the best lag is not clearly above the same day).
    """

    first: int
    second: int
    n: int
    effective_n: float
    pearson: float | None
    pearson_p: float | None
    spearman: float | None
    spearman_p: float | None
    reason: str | None
    lags: Ints
    lag_pearson: Floats
    lag_n: Ints
    lead_days: int | None
    lead_p: float | None
    lead_reason: str | None


def correlations(panel: Panel, pairs: Sequence[tuple[int, int]] | None = None) -> list[Correlation]:
    """Return how pairs of series move together.

    Parameters
    ----------
    panel : Panel
        Series of shape (s, d), usually the platforms of one artist. Interpolated days are left out.
    pairs : sequence of (int, int), optional
        Rows to compare; by default each with each, (0, 1), (0, 2), ..., (1, 2), ...

    Returns
    -------
    list of Correlation
        One a pair, in their order.
    """
    chosen = list(combinations(range(len(panel.gains)), 2) if pairs is None else pairs)
    rows = sorted({row for pair in chosen for row in pair})
    departures = dict(zip(rows, departures_of(panel, rows), strict=True))
    return [_correlation(departures, first, second) for first, second in chosen]


def lag_threshold(pair: Correlation) -> Floats:
    """Return the size from which a correlation is significant at each lag, over all lags together, shape (l,).

    NaN where there is no correlation.
    """
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    tried = int((~np.isnan(pair.lag_pearson)).sum())
    worth = pair.effective_n / pair.n if pair.n else math.nan
    freedom = _freedom(worth * pair.lag_n)
    t = stdtrit(freedom, 1.0 - SIGNIFICANT / (2.0 * max(1, tried)))
    return np.where(np.isnan(pair.lag_pearson), np.nan, t / np.sqrt(freedom + t * t))


def departures_of(panel: Panel, rows: Sequence[int] | None = None) -> Floats:
    """Return each day's gain above or below its surroundings, weekday removed, as the logarithm of their ratio.

    Parameters
    ----------
    panel : Panel
        Series of shape (s, d).
    rows : sequence of int, optional
        Series wanted; by default all.

    Returns
    -------
    ndarray of float, shape (s, d)
        NaN where the gain is unknown, interpolated, has fewer than 7 known days around it or a steep trend.
    """
    chosen = slice(None) if rows is None else list(rows)
    gains = panel.gains[chosen]
    if panel.flags is not None and not panel.include_flagged:
        flags = panel.flags[chosen]
        gains = np.where((flags != NO_ROW) & ((flags & LEFT_OUT_OF_SPREADS) != 0), np.nan, gains)
    weekday = (panel.days.astype(np.int64) + 3) % _WEEKDAYS
    return np.array([_cut(_without_weekdays(_without_trend(_log(row)), weekday)) for row in gains]).reshape(gains.shape)


def _log(gains: Floats) -> Floats:
    positive = gains[gains > 0]
    return np.log(np.maximum(gains, FLOOR * np.median(positive))) if positive.size else np.full(gains.shape, np.nan)


def _without_trend(values: Floats) -> Floats:
    """Return the distance from the least-squares line through the known days around each day."""
    width = 2 * TREND_DAYS + 1
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, TREND_DAYS, constant_values=np.nan), width)
    known = ~np.isnan(around)
    n = known.sum(axis=1)
    position = np.arange(-TREND_DAYS, TREND_DAYS + 1, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, around, 0.0).sum(axis=1) / n
        centre = (known * position).sum(axis=1) / n
        x = np.where(known, position - centre[:, None], 0.0)
        y = np.where(known, around - mean[:, None], 0.0)
        spread = (x * x).sum(axis=1)
        slope = (x * y).sum(axis=1) / spread
        error = np.sqrt(((y - slope[:, None] * x) ** 2).sum(axis=1) / (n - 2) / spread)
        steep = np.abs(slope) - 2.0 * error >= MAX_SLOPE
        return np.where((n >= MIN_TREND_DAYS) & ~steep, values - (mean - slope * centre), np.nan)


def _without_weekdays(values: Floats, weekday: Ints) -> Floats:
    known = ~np.isnan(values)
    days = np.bincount(weekday[known], minlength=_WEEKDAYS)
    sums = np.bincount(weekday[known], values[known], minlength=_WEEKDAYS)
    return values - (sums / np.maximum(days, 1))[weekday]


def _cut(values: Floats) -> Floats:
    known = np.abs(values[~np.isnan(values)])
    most = MOST * 1.4826 * float(np.median(known)) if known.size else 0.0
    return np.clip(values, -most, most) if most > 0 else values


# One pair ---------------------------------------------------------------------------------------------------


def _correlation(departures: Mapping[int, Floats], first: int, second: int) -> Correlation:
    x, y = departures[first], departures[second]
    lags = np.arange(-MAX_LAG, MAX_LAG + 1)
    at = [_pearson(*_paired(x, y, int(lag))) for lag in lags]
    n, lag_pearson, lag_n = at[MAX_LAG][1], np.array([r for r, _ in at]), np.array([n for _, n in at])
    nothing: dict[str, Any] = {"pearson": None, "pearson_p": None, "spearman": None, "spearman_p": None}
    reason = "too_few_days" if n < MIN_PAIRED_DAYS else "no_variation" if np.isnan(lag_pearson[MAX_LAG]) else None
    if reason:
        return Correlation(first, second, n, math.nan, **nothing, reason=reason, lags=lags, lag_pearson=lag_pearson,
                           lag_n=lag_n, lead_days=None, lead_p=None, lead_reason=reason)
    one, other = _paired(x, y, 0)
    pearson, effective = float(lag_pearson[MAX_LAG]), effective_days(x, y, n)
    spearman = _pearson(_ranks(one), _ranks(other))[0]
    lead, lead_p, lead_reason = _lead(lags, lag_pearson, lag_n, effective / n)
    return Correlation(first, second, n, effective, pearson, _p(pearson, effective), spearman, _p(spearman, effective),
                       None, lags, lag_pearson, lag_n, lead, lead_p, lead_reason)


def _paired(x: Floats, y: Floats, lag: int) -> tuple[Floats, Floats]:
    """Return x(t) and y(t + lag) where both are known."""
    size = max(0, x.size - abs(lag))
    one, other = (x[:size], y[lag:]) if lag >= 0 else (x[-lag:], y[:size])
    known = ~np.isnan(one[:size]) & ~np.isnan(other[:size])
    return one[:size][known], other[:size][known]


def _pearson(x: Floats, y: Floats) -> tuple[float, int]:
    """Return the correlation (NaN with too few days or without variation) and the number of days."""
    if x.size < MIN_PAIRED_DAYS:
        return math.nan, x.size
    x, y = x - x.mean(), y - y.mean()
    if min(float(x.std()), float(y.std())) < MIN_VARIATION:
        return math.nan, x.size
    return float(np.clip(x @ y / math.sqrt(float(x @ x) * float(y @ y)), -1.0, 1.0)), x.size


def _ranks(values: Floats) -> Floats:
    """Return ranks from 1, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[place]


def effective_days(x: Floats, y: Floats, n: int) -> float:
    """Return how many independent days `n` paired days of two series are worth; see the module's text.

    Parameters
    ----------
    x, y : ndarray of float, shape (d,)
        Departures by calendar day, NaN unknown.
    n : int
        Days on which both are known, at least 5.
    """
    lags = range(1, max(2, n // 5 + 1))
    alike = sum((1.0 - k / n) * _autocorrelation(x, k) * _autocorrelation(y, k) for k in lags)
    return float(n / max(1.0, 1.0 + 2.0 * alike))


def _autocorrelation(x: Floats, lag: int) -> float:
    """Return the mean product of days `lag` apart over the mean square; 0 where nothing is known of it."""
    products = x[:-lag] * x[lag:]
    square = float(np.nanmean(x * x)) if not np.isnan(x).all() else 0.0
    known = ~np.isnan(products)
    return float(products[known].mean()) / square if known.any() and square > 0 else 0.0


def _p(r: float, effective: float) -> float:
    from scipy.special import stdtr  # scipy.stats takes a second to import

    if math.isnan(r):
        return math.nan
    freedom = _freedom(effective)
    return float(2.0 * stdtr(freedom, -abs(r) * np.sqrt(freedom / max(1e-300, 1.0 - r * r))))


def _freedom(effective: Any) -> Any:
    """Return the degrees of freedom of so many independent days: less 2 for the correlation and 6 for the weekdays."""
    return np.maximum(1.0, effective - 2.0 - (_WEEKDAYS - 1))


def _lead(lags: Ints, r: Floats, n: NDArray[Any], worth: float) -> tuple[int | None, float | None, str | None]:
    """Return the lead, its corrected p, and why there is none; `worth` is effective days per paired day."""
    tried = ~np.isnan(r)
    best = int(np.nanargmax(r))
    p = min(1.0, _p(float(r[best]), worth * n[best]) * int(tried.sum()))
    if not (r[best] > 0 and p < SIGNIFICANT):
        return None, p, "not_significant"
    if lags[best] == 0:
        return None, p, "same_day"
    limit = 1.0 - 1e-12
    gap = math.atanh(min(float(r[best]), limit)) - math.atanh(float(np.clip(r[lags == 0][0], -limit, limit)))
    error = math.sqrt(2.0 / max(1.0, worth * min(n[best], n[lags == 0][0]) - 3.0))
    return (int(lags[best]), p, None) if gap > CLEARLY * error else (None, p, "not_clear")
