"""Spikes, drops and new levels of a series of daily gains.

All arithmetic is on logarithms of gains, so that a day of five times and one of a fifth are equally far away; a gain
below a fiftieth of the series' median counts as that.

1. Weekdays: the median, by weekday, of each day less the median of the seven days around it, is taken off.
2. New levels: PELT (Killick, Fearnhead and Eckley 2012, Journal of the American Statistical Association 107, 1590-1598)
   on squared distance finds where the level may change. A young song's decay is made of such places too. So at each, a
   line is fitted to the six weeks before and one to those after, sloping where the days speak for it, and the place
   counts only if the lines miss each other there, by a ratio of 1.3 and 5 standard errors, and the two weeks before
   and after lie apart as well.
3. Expectation: once the levels' steps are taken off, a robust line through the 29 days around each day: the slope is
   the median of slopes between days 14 apart (Theil 1950, incomplete), the height the median of what is left. Half of
   the days may lie anywhere without moving it. The last two weeks are judged by the last 29 days.
4. Spikes and drops: runs of days further than 4.5 robust standard deviations (1.4826 * median absolute deviation, or
   more where the series' own tail on that side is longer than a normal one) and half as much again, or a third less,
   than expected, and further than chance counting (4.5 * square root of the expected count). Runs of 14 days and more
   are levels.
5. A drop whose loss a spike brings back within three days was counted late: both are left out, and counted.

No verdict on the first two weeks, in which a launch is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from growth.panel import NO_ROW, Floats, Ints, Panel
from ingest.flags import LEFT_OUT_OF_SPREADS

MIN_DAYS = 28
"""Known days of the series, and days from its first to its last. Four weeks: the window of one expectation."""
HALF_WINDOW = 14
"""Days on each side from which a day's expectation is taken: a run of seven stays a minority."""
FAR = 4.5
"""Robust standard deviations. Of normal noise, one day in 100,000 is that far; of real noise, many more."""
RATIO = 1.5
"""Least multiple (or its inverse) of the expectation that is worth a mark."""
LEVEL_DAYS = 14
"""Days a new level lasts at least. Two weeks: no burst of a playlist or a video does."""
LEVEL_RATIO = 1.3
"""Least ratio of a new level to the old one (or its inverse)."""
LEVEL_ERRORS = 5.0
"""Standard errors of the step. All days are candidates, so the usual 2 would always be found somewhere."""
SLOPE_ERRORS = 2.0
"""Standard errors from which the lines on both sides of a step have a slope, or slopes that differ."""
LEVEL_SIDE = 42
"""Days on each side of a step from which its lines are fitted."""
SUSTAINED = 0.7
"""Share of the two weeks before and after that lie on their own side of the middle between the levels."""
FLOOR = 0.02
"""Share of the series' median gain that a smaller gain counts as."""
MIN_SPREAD = 0.02
"""Least standard deviation of a logarithm: 2 %, so that a nearly constant series does not mark its last digits."""
LATE_DAYS = 3
"""Days after a drop within which its gains may still arrive."""
LATE_REST = 0.35
"""Share of a late day's gains by which the day that brings them may miss: two days' ordinary noise."""
TAILS = ((100, 0.05, 1.645), (0, 0.1, 1.2816))
"""From how many known days on, the quantile that measures a tail, and its distance under a normal distribution."""
_MAD = 1.4826
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One spike, drop or new level.

    Attributes
    ----------
    kind : str
        spike, drop or new_level.
    day, last_day : date
        First day and last day so far. A new level lasts until the next one or the end.
    days : int
        Calendar days from one to the other.
    observed, expected : float
        Spike, drop: sums of the gains and of the expectations of its known days. New level: median gain per day of
        the nearest 14 known days after and before, weekdays evened out.
    multiple : float
        ``observed / expected``.
    excess : float
        ``observed - expected``.
    score : float
        Distance of the day that is furthest away, in robust standard deviations; of a new level, its step in standard
        errors. Negative below.
    """

    kind: str
    day: date
    last_day: date
    days: int
    observed: float
    expected: float
    multiple: float
    excess: float
    score: float


@dataclass(frozen=True, slots=True)
class Anomalies:
    """Anomalies of one series.

    Attributes
    ----------
    found : tuple of Anomaly
        In order of day.
    late_reports : int
        Pairs of drop and spike left out because the spike only brings the drop's gains.
    expected : ndarray of float, shape (d,)
        Expected gain of each day of the panel; NaN where there is none (the first two weeks, outside the series).
    reason : str or None
        Why nothing was looked for: too_few_days (fewer than 28 known), no_base (no positive gain).
    """

    found: tuple[Anomaly, ...]
    late_reports: int
    expected: Floats
    reason: str | None


def anomalies(panel: Panel, series: int = 0) -> Anomalies:
    """Return spikes, drops and new levels of one series of a panel.

    Parameters
    ----------
    panel : Panel
        Flagged and interpolated days are unknown days, unless the panel includes flagged ones.
    series : int
        Row of the panel.

    Returns
    -------
    Anomalies
        Nothing found and the reason where the series is too short.
    """
    gains = _gains(panel, series)
    known = np.flatnonzero(~np.isnan(gains))
    nothing = np.full(gains.shape, np.nan)
    if known.size < MIN_DAYS:
        return Anomalies((), 0, nothing, "too_few_days")
    if not (gains[known] > 0).sum() * 2 > known.size:
        return Anomalies((), 0, nothing, "no_base")
    span = slice(int(known[0]), int(known[-1]) + 1)
    days, gains = panel.days[span], gains[span]
    values = np.log(np.maximum(gains, FLOOR * np.nanmedian(gains)))
    weekdays = _weekday_effect(values, days)
    levels = _levels(values - weekdays)
    expected, spread = _expectation(values - weekdays, levels)
    expected = expected + weekdays
    runs, late = _without_late_reports(_runs(gains, values - expected, np.exp(expected), spread, days))
    found = sorted([*runs, *_new_levels(values - weekdays, levels, days)], key=lambda each: (each.day, each.kind))
    nothing[span] = np.exp(expected)
    return Anomalies(tuple(found), late, nothing, None)


def _gains(panel: Panel, series: int) -> Floats:
    gains = panel.gains[series].copy()
    if panel.flags is not None and not panel.include_flagged:
        flags = panel.flags[series]
        gains[(flags != NO_ROW) & ((flags & LEFT_OUT_OF_SPREADS) != 0)] = np.nan
    return gains


def _median(values: Floats) -> Floats:
    """Return the medians of the last axis over what is known; NaN where nothing is. Faster than `np.nanmedian`."""
    ordered = np.sort(values, axis=-1)
    n = np.count_nonzero(~np.isnan(values), axis=-1)[..., None]
    low, high = (np.take_along_axis(ordered, np.clip(at, 0, values.shape[-1] - 1), axis=-1)
                 for at in ((n - 1) // 2, n // 2))
    middle: Floats = np.where(n > 0, (low + high) / 2.0, np.nan)[..., 0]
    return middle


def _around(values: Floats, half: int) -> Floats:
    """Return the values from `half` days before to `half` days after each day, NaN beyond the ends."""
    padded = np.pad(values, half, constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)


def _weekday_effect(values: Floats, days: NDArray[np.datetime64]) -> Floats:
    """Return what each day's weekday adds to the logarithm of its gain."""
    around = _around(values, _WEEK // 2)
    # with two of the seven missing, the median of the rest is itself a weekday's
    away = np.where(np.count_nonzero(~np.isnan(around), axis=1) >= _WEEK - 1, values - _median(around), np.nan)
    weekday = days.astype(np.int64) % _WEEK
    effect = np.array([np.median(each) if (each := away[(weekday == day) & ~np.isnan(away)]).size >= 3 else 0.0
                       for day in range(_WEEK)])
    return (effect - effect.mean())[weekday]


# New levels -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Level:
    """A step of a level: its first day as a column, its size as a logarithm, and that in standard errors."""

    start: int
    step: float
    score: float


def _levels(values: Floats) -> list[_Level]:
    """Return the new levels of a series of logarithms without weekdays, in order."""
    middle = _median(_around(values, HALF_WINDOW // 2))
    noise = max(MIN_SPREAD, _MAD * float(np.nanmedian(np.abs(values - middle))))
    # a spike of up to a week must not make a level: at most three deviations from the fortnight's median
    values = np.clip(values, middle - 3.0 * noise, middle + 3.0 * noise)
    found: list[_Level] = []
    for candidate in _candidates(values, noise):
        first = found[-1].start if found else 0
        level = _step(values, candidate, first)
        if level is not None and level.start - first >= LEVEL_DAYS:
            found.append(level)
    return found


def _candidates(values: Floats, noise: float) -> list[int]:
    """Return the columns where a segment may begin."""
    from ruptures import KernelCPD  # scipy comes with it: a second

    known = np.flatnonzero(~np.isnan(values))
    if known.size < 2 * LEVEL_DAYS:
        return []
    penalty = 3.0 * noise**2 * float(np.log(known.size))
    breaks = KernelCPD(kernel="linear", min_size=LEVEL_DAYS // 2).fit(values[known][:, None]).predict(pen=penalty)
    return [int(known[each]) for each in breaks[:-1]]


def _step(values: Floats, candidate: int, first: int) -> _Level | None:
    """Return the level that begins within five days of a candidate, None where there is no step."""
    best: tuple[float, Any] = np.inf, None
    for start in range(max(candidate - 5, first + LEVEL_DAYS), min(candidate + 6, values.size)):
        fitted = None if np.isnan(values[start]) else _two_lines(values, start, first)
        if fitted is not None and fitted[0] < best[0]:
            best = fitted[0], _Level(start, *fitted[1:])
    level = best[1]
    # the best day may prove too young, though an earlier one near it would not
    lasts = level is not None and level.start <= values.size - LEVEL_DAYS
    return level if lasts and _is_level(values, level) else None


def _two_lines(values: Floats, start: int, first: int) -> tuple[float, float, float] | None:
    """Return the mean square distance from two lines that part at `start`, the step there and its standard errors."""
    at = np.arange(max(first, start - LEVEL_SIDE), min(values.size, start + LEVEL_SIDE))
    at = at[~np.isnan(values[at])]
    after = (at >= start).astype(float)
    if min(after.sum(), at.size - after.sum()) < LEVEL_DAYS // 2:
        return None
    x = at - (start - 0.5)
    design = np.column_stack([np.ones(at.size), after, x, x * after])
    # a slope nothing speaks for would only double the error of the step: without it the line is level
    for columns in (4, 3, 2):
        square, fit, error = _fitted(design[:, :columns], values[at])
        if columns == 2 or abs(fit[-1]) >= SLOPE_ERRORS * error[-1]:
            break
    return square, float(fit[1]), float(fit[1] / error[1])


def _fitted(design: Floats, values: Floats) -> tuple[float, Floats, Floats]:
    """Return the mean square distance of a least-squares fit, its coefficients and their standard errors."""
    inverse = np.linalg.inv(design.T @ design)
    fit = inverse @ (design.T @ values)
    away = values - design @ fit
    square = float(away @ away)
    alike = float(np.clip((away[:-1] @ away[1:]) / max(square, 1e-300), 0.0, 0.9))
    # neighbouring days are alike: standard errors of an AR(1) process
    variance = max(square / (values.size - fit.size), MIN_SPREAD**2) * (1.0 + alike) / (1.0 - alike)
    return square / values.size, fit, np.sqrt(variance * np.diag(inverse))


def _sides(values: Floats, start: int) -> tuple[Floats, Floats]:
    """Return the nearest 14 known values before and after, out of four weeks."""
    before, after = values[max(0, start - 2 * LEVEL_DAYS):start], values[start:start + 2 * LEVEL_DAYS]
    return before[~np.isnan(before)][-LEVEL_DAYS:], after[~np.isnan(after)][:LEVEL_DAYS]


def _is_level(values: Floats, level: _Level) -> bool:
    before, after = _sides(values, level.start)
    if min(before.size, after.size) < LEVEL_DAYS // 2:
        return False
    sign = np.sign(level.step)
    low, high = np.median(before), np.median(after)
    middle = (low + high) / 2.0
    return bool(min(abs(level.step), sign * (high - low)) >= np.log(LEVEL_RATIO)
                and abs(level.score) >= LEVEL_ERRORS
                and np.mean(sign * (before - middle) < 0) >= SUSTAINED
                and np.mean(sign * (after - middle) > 0) >= SUSTAINED)


def _new_levels(values: Floats, levels: list[_Level], days: NDArray[np.datetime64]) -> list[Anomaly]:
    ends = [*(level.start for level in levels), days.size][1:]
    found = []
    for level, end in zip(levels, ends, strict=True):
        before, after = (float(np.exp(np.median(side))) for side in _sides(values, level.start))
        found.append(Anomaly("new_level", days[level.start].item(), days[end - 1].item(), end - level.start, after,
                             before, after / before, after - before, level.score))
    return found


# Spikes and drops -------------------------------------------------------------------------------------------


def _expectation(values: Floats, levels: list[_Level]) -> tuple[Floats, Floats]:
    """Return each day's expected logarithm without weekday, and its robust standard deviation."""
    steps = np.zeros(values.size)
    for level in levels:
        steps[level.start:] += level.step
    width = 2 * HALF_WINDOW + 1
    size = max(values.size, width)  # a series of 28 days has one window, its last day beyond the end
    even = np.pad(values - steps, (0, size - values.size), constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(even, width)
    slope = _median((around[:, HALF_WINDOW:] - around[:, :-HALF_WINDOW]) / HALF_WINDOW)
    slope = np.where(np.isnan(slope), 0.0, slope)[:, None]
    position = np.arange(-HALF_WINDOW, HALF_WINDOW + 1)
    height = _median(around - slope * position)[:, None]
    spread = _MAD * _median(np.abs(around - slope * position - height))
    # of a window, as far as it says anything: 29 days misjudge their own spread by a fifth
    spread = np.maximum(np.where(np.isnan(spread), 0.0, spread), 0.7 * np.nanmedian(spread))
    window = np.clip(np.arange(values.size) - HALF_WINDOW, 0, len(around) - 1)
    expected = (height + slope * position)[window, np.arange(values.size) - window]
    enough = np.count_nonzero(~np.isnan(around), axis=1)[window] >= HALF_WINDOW
    judged = enough & (np.arange(values.size) >= HALF_WINDOW)
    return np.where(judged, expected + steps, np.nan), np.maximum(spread[window], MIN_SPREAD)


def _runs(gains: Floats, away: Floats, count: Floats, spread: Floats, days: NDArray[np.datetime64]) -> list[Anomaly]:
    """Return runs of days far from their expectation, shorter than a level; one unremarkable day does not end a run."""
    counted = np.abs(gains - count) >= FAR * (np.sqrt(count) + 1.0)
    found = []
    for sign, kind in ((1, "spike"), (-1, "drop")):
        score = away / np.maximum(spread, _tail(sign * away))
        at = np.flatnonzero(counted & (sign * score >= FAR) & (sign * away >= np.log(RATIO)))
        for run in np.split(at, np.flatnonzero(np.diff(at) > 2) + 1) if at.size else []:
            if run[-1] - run[0] < LEVEL_DAYS - 1:
                found.append(_run(kind, run, gains, count, score, days))
    return found


def _tail(away: Floats) -> float:
    """Return the standard deviation of the normal distribution whose upper tail is as long as that of `away`."""
    known = away[~np.isnan(away)]
    quantile, distance = next((share, at) for least, share, at in TAILS if known.size >= least)
    return float(np.quantile(known, 1.0 - quantile)) / distance if known.size else 0.0


def _run(kind: str, run: Ints, gains: Floats, count: Floats, score: Floats, days: NDArray[np.datetime64]) -> Anomaly:
    observed, expected = float(gains[run].sum()), float(count[run].sum())
    return Anomaly(kind, days[run[0]].item(), days[run[-1]].item(), int(run[-1] - run[0]) + 1, observed, expected,
                   observed / expected, observed - expected, float(score[run][np.abs(score[run]).argmax()]))


def _without_late_reports(runs: list[Anomaly]) -> tuple[list[Anomaly], int]:
    """Return the runs without drops that a spike makes good, and the number of such pairs."""
    late: list[Anomaly] = []
    for drop in (each for each in runs if each.kind == "drop"):
        for spike in (each for each in runs if each.kind == "spike" and each not in late):
            soon = 0 < (spike.day - drop.last_day).days <= LATE_DAYS and max(drop.days, spike.days) <= LATE_DAYS
            if soon and abs(drop.excess + spike.excess) <= LATE_REST * abs(drop.excess):
                late += [drop, spike]
                break
    return [each for each in runs if each not in late], len(late) // 2
