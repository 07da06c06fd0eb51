"""Rolling origins: what each method would have forecast, how far off it was, and the weights that follow from it.

Every series is forecast as of several days before its last reading, from what was known then. A weight, or an
interval, as of one origin rests on errors that were complete by that origin, so that the errors reported here are
those a user would have seen.

Conventions: offsets are days between an origin and the series' last reading; an origin is the last day known to its
forecast. Errors are relative to each other on the log scale; MASE divides the mean absolute error by the mean absolute
difference to the day one week before, over all known days up to the origin (Hyndman & Koehler 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth._smoothing import METHODS, WINDOW, candidates, known_median, repeat_week, slopes
from growth.panel import Panel
from ingest.flags import Flag

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_DAYS = 14
"""Known days a forecast needs. Two whole weeks: each weekday twice."""
MIN_RECENT = 3
"""Known days within the last four weeks."""
RECENT_DAYS = 28
OFFSETS = (7, 14, 30, 50, 70, 90, 110, 130, 150, 170, 190, 210, 230, 250)
"""Origins, in days before the last reading. Steps of 20 days, so that origins fall on different weekdays."""
OFFSET_STEP = 20
JUDGED_DAYS = 30
"""Days ahead by which methods are compared, or the horizon if that is shorter."""
LINE_DAYS = 365
"""Days of totals a straight line is fitted to."""
AGE_EDGES = (60.0, 200.0)
"""Days since release that part launches, young songs and the rest: they decay, and err, differently."""
AGE_GROUPS = ("launch", "young", "settled")
COMBINATION = len(METHODS)
"""Index of the weighted mean of all methods."""
PRIOR_ERRORS = np.array([[0.40, -0.50, -0.25, 0.60, -0.65, 0.40], [0.05, -0.10, 0.05, 0.20, -0.25, 0.05],
                         [0.00, 0.0, 0.00, 0.12, -0.12, 0.00]])
"""Log errors of the methods relative to their mean that are assumed before anything is seen, by age group."""
PRIOR_ROWS = 15.0
"""Backtested forecasts of a group that count as much as the prior."""
POOL_ROWS = 20.0
"""Backtested forecasts of a series that count as much as those of its group."""
SHARPNESS = 15.0
"""Weights are ``exp(-SHARPNESS * log error)``: a method 7 % better than another gets e times its weight."""
CLEARLY = 0.15
"""Log error by which a single method has to beat the combination to be taken alone."""
SIZE_ROWS = 6.0
"""Backtested forecasts of a series after which half of its own size of errors counts in its intervals."""
SIZE_RANGE = (0.4, 2.5)
MIN_OWN = 8
"""Backtested forecasts of a series without which no single method is taken."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Histories of series as of one offset each, and what came next; all arrays have one entry a row.

    Attributes
    ----------
    series : ndarray of int
        Index of the series in the panel.
    history : ndarray, shape (n, w)
        Daily gains up to the origin, NaN unknown.
    observed : ndarray of bool, shape (n, w)
        Whether the day's gain was observed and not filled in by the source.
    totals : ndarray, shape (n, w)
        Readings up to the origin.
    age : ndarray
        Days since release on the origin; estimated where not given.
    phase : ndarray of int
        Weekday of the origin, 0 to 6 (Thursday is 0, as day 0 of the calendar was one).
    scale : ndarray
        Denominator of MASE; NaN or 0 where there is none.
    usable : ndarray of bool
        Whether the history is long enough for a forecast.
    """

    series: Ints
    history: Floats
    observed: NDArray[np.bool_]
    totals: Floats
    age: Floats
    phase: Ints
    scale: Floats
    usable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tested:
    """Candidates' forecasts as of one offset, beside what came.

    Attributes
    ----------
    offset : int
    rows : ndarray of int, shape (n,)
        Series forecast.
    logs : ndarray, shape (m, n, h)
        Candidates' forecasts, ``log(1 + gain)``.
    spread, age, scale : ndarray, shape (n,)
    actual, sums : ndarray, shape (n, h)
        Gains that came, and what had come up to each day; NaN unknown or not yet.
    errors : ndarray, shape (n, m)
        Log of each candidate's mean absolute error, less the mean over candidates; NaN where too little came.
    """

    offset: int
    rows: Ints
    logs: Floats
    spread: Floats
    age: Floats
    scale: Floats
    actual: Floats
    sums: Floats
    errors: Floats


@dataclass(frozen=True, slots=True)
class Ends:
    """A panel's series by their last readings.

    Attributes
    ----------
    gains, totals : ndarray, shape (s, d)
    observed : ndarray of bool, shape (s, d)
        Whether a day's gain was observed and not filled in by the source.
    last : ndarray of int, shape (s,)
        Column of the last reading; -1 where there is none.
    first : ndarray of int, shape (s,)
        Column of the first reading.
    age : ndarray, shape (s,)
        Days since release on the last reading's day; estimated where not given.
    day : ndarray of int, shape (s,)
        Number of the last reading's day, days since 1970-01-01.
    """

    gains: Floats
    totals: Floats
    observed: NDArray[np.bool_]
    last: Ints
    first: Ints
    age: Floats
    day: Ints


def ends_of(panel: Panel, age_days: Floats | None = None) -> Ends:
    """Find the first and last reading of every series, and its age; the panel has at least one day.

    Where no age is given it is taken as the days since the first reading plus that reading over the first week's
    gain: a new song's first total is a few days' gain, an old one's is thousands of days' gains.
    """
    gains, totals = panel.gains, panel.totals
    observed = np.full(gains.shape, True) if panel.flags is None else (panel.flags & Flag.INTERPOLATED) == 0
    seen = np.isfinite(gains) | np.isfinite(totals)
    first, last = _ends(seen)
    counted = np.isfinite(totals)
    # gains after the last reading that counts have no total to stand on
    last = np.where(counted.any(axis=1), _ends(counted)[1], last)
    gains = np.where(np.arange(gains.shape[1]) <= last[:, None], gains, np.nan)
    age = _estimated_age(gains, totals, first, last)
    if age_days is not None:
        age = np.where(np.isfinite(age_days), np.maximum(age_days, 1.0), age)
    number = panel.days.astype("datetime64[D]").astype(np.int64)
    return Ends(gains, totals, observed, last, first, age, number[last])


def _ends(seen: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    anything = seen.any(axis=1)
    return (np.where(anything, seen.argmax(axis=1), -1),
            np.where(anything, seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1), -1))


def _estimated_age(gains: Floats, totals: Floats, first: Ints, last: Ints) -> Floats:
    row = np.arange(len(gains))
    week = np.minimum(first[:, None] + np.arange(8), gains.shape[1] - 1)
    early = gains[row[:, None], week]
    known = np.isfinite(early)
    mean = np.where(known, early, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    before = np.nan_to_num(totals[row, first]) / np.maximum(mean, 1.0)
    return last - first + 1.0 + np.clip(before, 0.0, 20_000.0)


def rows_at(ends: Ends, offset: int, width: int = LINE_DAYS) -> Rows:
    """Return every series' history as of `offset` days before its last reading."""
    origin = ends.last - offset
    columns = origin[:, None] - np.arange(width - 1, -1, -1)
    inside = (columns >= 0) & (ends.last >= 0)[:, None]
    at = np.arange(len(origin))[:, None], np.clip(columns, 0, max(ends.gains.shape[1] - 1, 0))
    history = np.where(inside, ends.gains[at], np.nan)
    known = np.isfinite(history[:, -WINDOW:])
    usable = (known.sum(axis=1) >= MIN_DAYS) & (known[:, -RECENT_DAYS:].sum(axis=1) >= MIN_RECENT)
    return Rows(np.arange(len(origin)), history, inside & ends.observed[at], np.where(inside, ends.totals[at], np.nan),
                np.maximum(ends.age - offset, 1.0), (ends.day - offset) % 7, np.full(len(origin), np.nan), usable)


def seasonal_scales(ends: Ends) -> Floats:
    """Return, for every day as an origin, the mean absolute difference of gains to a week before, shape (s, d)."""
    apart = np.full(ends.gains.shape, np.nan)
    apart[:, 7:] = np.abs(ends.gains[:, 7:] - ends.gains[:, :-7])
    known = np.isfinite(apart)
    count = np.cumsum(known, axis=1)
    return np.where(count > 0, np.cumsum(np.where(known, apart, 0.0), axis=1) / np.maximum(count, 1), np.nan)


def future(ends: Ends, offset: int, horizon: int) -> tuple[Floats, Floats]:
    """Return the gains after the origin and their sums up to each day, shapes (s, h), NaN unknown or not yet.

    A sum is the difference of two readings where both count and agree with the gains known between them, so that a
    gap inside does not hide it; otherwise the sum of the gains, if all are known.
    """
    origin = ends.last - offset
    columns = origin[:, None] + 1 + np.arange(horizon)
    inside = (columns <= ends.last[:, None]) & (origin >= 0)[:, None]
    at = np.arange(len(origin))[:, None], np.clip(columns, 0, max(ends.gains.shape[1] - 1, 0))
    gains = np.where(inside, ends.gains[at], np.nan)
    known = np.isfinite(gains)
    sums, missing = np.cumsum(np.where(known, gains, 0.0), axis=1), np.cumsum(~known, axis=1)
    before = ends.totals[np.arange(len(origin)), np.maximum(origin, 0)]
    rise = np.where(inside, ends.totals[at], np.nan) - before[:, None]
    largest = np.maximum.accumulate(np.where(known, gains, 0.0), axis=1)
    with np.errstate(invalid="ignore"):
        # the unknown days' share has to be what such days could have brought: no correction, no leap
        agrees = (rise >= sums * 0.999 - 1.0) & (rise - sums <= 3.0 * missing * largest + 1.0)
    return gains, np.where(agrees, rise, np.where(inside & (missing == 0), sums, np.nan))


def offsets_for(ends: Ends, horizon: int) -> list[int]:
    """Return the offsets worth testing: more for long horizons, none that leaves every history too short."""
    extra = tuple(range(OFFSETS[-1] + OFFSET_STEP, OFFSETS[-1] + horizon - JUDGED_DAYS + 1, OFFSET_STEP))
    longest = int((ends.last - ends.first).max(initial=0)) + 1
    return [offset for offset in OFFSETS + extra if offset <= longest - MIN_DAYS]


def backtest_origin(ends: Ends, scales: Floats, offset: int, horizon: int) -> Tested | None:
    """Forecast every series as of one offset by every method; None where no history is long enough."""
    rows = rows_at(ends, offset, WINDOW)
    kept = np.flatnonzero(rows.usable)
    if not kept.size:
        return None
    ahead = min(horizon, offset)
    logs, spread = candidates(rows.history[kept], rows.observed[kept], rows.age[kept], horizon, rows.phase[kept])
    actual, sums = future(ends, offset, horizon)
    actual, sums = actual[kept], sums[kept]
    judged = min(JUDGED_DAYS, ahead)
    apart = np.abs(np.expm1(logs[:, :, :judged]) - actual[:, :judged])
    known = np.isfinite(actual[:, :judged])
    count = known.sum(axis=1)
    mean = np.where(known, apart, 0.0).sum(axis=2) / np.maximum(count, 1)
    size = np.where(known, actual[:, :judged], 0.0).sum(axis=1) / np.maximum(count, 1)
    logged = np.log(mean + 1e-4 * size + 1e-9)
    errors = np.where(count >= max(4, judged // 2), logged - logged.mean(axis=0), np.nan).T
    scale = scales[kept, np.maximum(ends.last[kept] - offset, 0)]
    return Tested(offset, kept, logs, spread, rows.age[kept], scale, actual, sums, errors)


# Weights ------------------------------------------------------------------------------------------------------------


class Evidence:
    """Errors of methods seen so far, by series and by age group; weights follow from them."""

    def __init__(self, series: int, group_errors: Floats, group_rows: Floats) -> None:
        """Start from other series' mean errors, shape (g, m + 1), and how many forecasts are behind them, (g,)."""
        self.own = np.zeros((series, COMBINATION + 1))
        self.own_rows = np.zeros(series)
        self.group = group_errors * group_rows[:, None]
        self.group_rows = group_rows.copy()
        self.sizes = np.zeros(series)
        self.size_rows = np.zeros(series)

    def add(self, tested: Tested, combined: Floats, horizon: int) -> None:
        """Count the errors of one origin: the candidates', and the combination's as of then, shape (n,)."""
        known = np.isfinite(tested.errors).all(axis=1) & np.isfinite(combined)
        rows, errors = tested.rows[known], np.column_stack((tested.errors, combined))[known]
        # an origin whose month is not over says less
        weight = min(1.0, tested.offset / min(JUDGED_DAYS, horizon))
        self.own[rows] += weight * errors
        self.own_rows[rows] += weight
        groups = age_groups(tested.age[known])
        np.add.at(self.group, groups, weight * errors)
        np.add.at(self.group_rows, groups, weight)

    def add_sizes(self, tested: Tested, scores: Floats) -> None:
        """Count the size of an origin's scores, shape (n, h), against that of its age group."""
        judged = min(JUDGED_DAYS, scores.shape[1], tested.offset)
        size = np.log(known_median(np.abs(scores[:, :judged]), np.full(len(scores), np.nan)) + 1e-3)
        known = np.isfinite(size)
        groups = age_groups(tested.age)
        for group in np.unique(groups[known]):
            size[groups == group] -= np.median(size[known & (groups == group)])
        self.sizes[tested.rows[known]] += size[known]
        self.size_rows[tested.rows[known]] += 1.0

    def own_size(self, series: Ints) -> Floats:
        """Return how large the errors of each row's series are beside its group's, drawn to 1, shape (n,)."""
        return np.exp(np.clip(self.sizes[series] / (self.size_rows[series] + SIZE_ROWS), *np.log(SIZE_RANGE)))

    def choose(self, series: Ints, age: Floats) -> tuple[Floats, Ints]:
        """Return each row's weights of the methods, shape (n, m), and the method chosen, shape (n,).

        The combination is chosen unless one method's errors, drawn to its group's, beat the combination's clearly.
        """
        groups = age_groups(age)
        prior = np.column_stack((PRIOR_ERRORS, PRIOR_ERRORS.min(axis=1) - 0.05))[groups]
        rows = self.group_rows[groups][:, None]
        pooled = (self.group[groups] + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)
        own_rows = self.own_rows[series][:, None]
        errors = (self.own[series] + POOL_ROWS * pooled) / (own_rows + POOL_ROWS)
        single = errors[:, :COMBINATION]
        weights = np.exp(-SHARPNESS * (single - single.min(axis=1, keepdims=True)))
        weights /= weights.sum(axis=1, keepdims=True)
        clear = (single.min(axis=1) < errors[:, COMBINATION] - CLEARLY) & (own_rows[:, 0] >= MIN_OWN)
        return weights, np.where(clear, single.argmin(axis=1), COMBINATION)


def age_groups(age: Floats) -> Ints:
    """Return the index into `AGE_GROUPS` of each age in days."""
    return np.digitize(age, AGE_EDGES).astype(np.int64)


def mix(logs: Floats, weights: Floats, chosen: Ints) -> tuple[Floats, Floats]:
    """Return the chosen forecast and the combination, as gains, shapes (n, h)."""
    combined = np.einsum("mnh,nm->nh", logs, weights)
    row = np.arange(logs.shape[1])
    single = logs[np.minimum(chosen, COMBINATION - 1), row]
    taken = np.where((chosen == COMBINATION)[:, None], combined, single)
    return np.expm1(taken), np.expm1(combined)


def relative_error(tested: Tested, forecast: Floats, horizon: int) -> Floats:
    """Return the log error of a forecast on the scale of ``tested.errors``, shape (n,)."""
    judged = min(JUDGED_DAYS, horizon, tested.offset)
    actual = tested.actual[:, :judged]
    known = np.isfinite(actual)
    count = np.maximum(known.sum(axis=1), 1)
    size = np.where(known, actual, 0.0).sum(axis=1) / count

    def logged(points: Floats) -> Floats:
        mean = np.where(known, np.abs(points[..., :judged] - actual), 0.0).sum(axis=-1) / count
        return np.log(mean + 1e-4 * size + 1e-9)

    apart = logged(forecast) - logged(np.expm1(tested.logs)).mean(axis=0)
    return np.where(np.isfinite(tested.errors).all(axis=1), apart, np.nan)


# What a forecast is compared with -----------------------------------------------------------------------------------


def line_of(totals: Floats) -> tuple[Floats, Floats]:
    """Return the straight lines through the totals of the rows: value at the last column, and slope per day."""
    recent = totals[:, -LINE_DAYS:]
    day = np.broadcast_to(np.arange(recent.shape[1], dtype=np.float64) - recent.shape[1] + 1, recent.shape)
    known = np.isfinite(recent)
    count = np.maximum(known.sum(axis=1), 1)
    # about a row's own mean: totals of 1e15 leave no digits otherwise
    middle = np.where(known, recent, 0.0).sum(axis=1) / count
    slope = slopes(day, recent - middle[:, None])
    centre = np.where(known, day, 0.0).sum(axis=1) / count
    enough = known.sum(axis=1) >= 2
    return np.where(enough, middle - slope * centre, np.nan), np.where(enough, slope, np.nan)


def plain_forecasts(history: Floats, totals: Floats, horizon: int) -> dict[str, Floats]:
    """Return the plain forecasts of daily gains: naive, seasonal_naive, line, mean28, each of shape (n, horizon)."""
    known = np.isfinite(history)
    last = history.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    naive = history[np.arange(len(history)), last]
    recent = known[:, -28:]
    mean = np.where(recent, history[:, -28:], 0.0).sum(axis=1) / np.maximum(recent.sum(axis=1), 1)
    flat = {"naive": naive, "line": line_of(totals)[1], "mean28": np.where(recent.any(axis=1), mean, naive)}
    return {"naive": np.repeat(flat["naive"][:, None], horizon, 1), "seasonal_naive": repeat_week(history, horizon),
            "line": np.repeat(flat["line"][:, None], horizon, 1),
            "mean28": np.repeat(flat["mean28"][:, None], horizon, 1)}


def mean_errors(points: Floats, actual: Floats) -> Floats:
    """Return the mean absolute error of each row over the known days, NaN where none is."""
    known = np.isfinite(actual)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, np.abs(points - actual), 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
