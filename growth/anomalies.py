"""Spikes, drops and new levels of a series of daily gains.

All arithmetic is on logarithms of gains, so that a day of five times and one of a fifth are equally far away; a gain
below a fiftieth of the series' median counts as that.

1. Weekdays: the median, by weekday, of each day less the median of the seven days around it, is taken off.
2. New levels: PELT (Killick, Fearnhead and Eckley 2012, Journal of the American Statistical Association 107, 1590-1598)
   on squared distance finds where the level may change. A young song's decay is made of such places too. So at each, a
   line is fitted to the six weeks before and one to those after, sloping where the days speak for it, and the place
   counts only if the lines miss each other there, by a ratio of 1.3 and 5 standard errors, and the two weeks before
   and after lie apart as well.
3. Bursts: a step of which less than half (of its logarithm) is left in the latest two weeks of the six that follow it,
   measured from the old level and its damped trend, did not stay: a launch on top of an old catalogue, an outage. It is
   a spike or a drop from its first day to the last before half of it is gone for good (median of seven days). Its days
   are taken out until the level after it is reached, and the rest is looked at again from 2. A step too young for that
   (under three weeks) counts as a new level for the time being.
4. Expectation: once the levels' steps are taken off, a robust line through the 29 days around each day: the slope is
   the median of slopes between days 14 apart (Theil 1950, incomplete), the height the median of what is left. Half of
   the days may lie anywhere without moving it. The last two weeks are judged by the last 29 days.
   Through a burst it goes straight from the days before it to those after.
5. Spikes and drops: runs of days further than 4.5 robust standard deviations (1.4826 * median absolute deviation, or
   more where the series' own tail on that side is longer than a normal one) and half as much again, or a third less,
   than expected, and further than chance counting (4.5 * square root of the expected count). Runs of 14 days and more
   are levels or bursts.
6. A drop whose loss a spike brings back within three days was counted late: both are left out, and counted.

No verdict on the first two weeks, in which a launch is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from growth._levels import (
    HALF_WINDOW,
    LEVEL_DAYS,
    MAD,
    MIN_SPREAD,
    Level,
    Parted,
    around,
    find_bursts,
    median,
    sides,
)
from growth.panel import NO_ROW, Floats, Ints, Panel
from ingest.flags import LEFT_OUT_OF_SPREADS

MIN_DAYS = 28
"""Known days of the series, and days from its first to its last. Four weeks: the window of one expectation."""
FAR = 4.5
"""Robust standard deviations. Of normal noise, one day in 100,000 is that far; of real noise, many more."""
RATIO = 1.5
"""Least multiple (or its inverse) of the expectation that is worth a mark."""
FLOOR = 0.02
"""Share of the series' median gain that a smaller gain counts as."""
LATE_DAYS = 3
"""Days after a drop within which its gains may still arrive."""
LATE_REST = 0.35
"""Share of a late day's gains by which the day that brings them may miss: two days' ordinary noise."""
TAILS = ((100, 0.05, 1.645), (0, 0.1, 1.2816))
"""From how many known days on, the quantile that measures a tail, and its distance under a normal distribution."""
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One spike, drop or new level.

    Attributes
    ----------
    kind : str
        spike, drop or new_level.
    day, last_day : date
        First day and last day so far. A new level lasts until the next one or the end; a spike or drop that fades over
        weeks, until half of it is gone.
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
    even = values - weekdays
    parted = find_bursts(even)
    kept = parted.kept
    expected, spread = _expectation(even[kept] - parted.drift, parted.levels)
    expected, spread = _through_bursts(parted, expected + parted.drift, spread, days.size)
    expected = expected + weekdays
    day = _Days(days, gains, np.exp(expected), values - expected, spread)
    runs, late = _without_late_reports(_runs(day, kept))
    found = sorted([*runs, *_faded(day, parted), *_new_levels(even, parted, days)],
                   key=lambda each: (each.day, each.kind))
    nothing[span] = np.exp(expected)
    return Anomalies(tuple(found), late, nothing, None)


def _gains(panel: Panel, series: int) -> Floats:
    gains = panel.gains[series].copy()
    if panel.flags is not None and not panel.include_flagged:
        flags = panel.flags[series]
        gains[(flags != NO_ROW) & ((flags & LEFT_OUT_OF_SPREADS) != 0)] = np.nan
    return gains


def _weekday_effect(values: Floats, days: NDArray[np.datetime64]) -> Floats:
    """Return what each day's weekday adds to the logarithm of its gain."""
    nearby = around(values, _WEEK // 2)
    # with two of the seven missing, the median of the rest is itself a weekday's
    away = np.where(np.count_nonzero(~np.isnan(nearby), axis=1) >= _WEEK - 1, values - median(nearby), np.nan)
    weekday = days.astype(np.int64) % _WEEK
    effect = np.array([np.median(each) if (each := away[(weekday == day) & ~np.isnan(away)]).size >= 3 else 0.0
                       for day in range(_WEEK)])
    return (effect - effect.mean())[weekday]


def _new_levels(even: Floats, parted: Parted, days: NDArray[np.datetime64]) -> list[Anomaly]:
    starts = [int(parted.kept[level.start]) for level in parted.levels]
    found = []
    for level, start, end in zip(parted.levels, starts, [*starts, days.size][1:], strict=True):
        before, after = (float(np.exp(np.median(side))) for side in sides(even[parted.kept], level.start))
        found.append(Anomaly("new_level", days[start].item(), days[end - 1].item(), end - start, after, before,
                             after / before, after - before, level.score))
    return found


# Spikes and drops -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Days:
    """Gains of each day, what was expected (a gain), how far that was (a logarithm), and the usual distance."""

    days: NDArray[np.datetime64]
    gains: Floats
    count: Floats
    away: Floats
    spread: Floats


def _expectation(values: Floats, levels: list[Level]) -> tuple[Floats, Floats]:
    """Return each day's expected logarithm without weekday, and its robust standard deviation."""
    steps = np.zeros(values.size)
    for level in levels:
        steps[level.start:] += level.step
    width = 2 * HALF_WINDOW + 1
    size = max(values.size, width)  # a series of 28 days has one window, its last day beyond the end
    even = np.pad(values - steps, (0, size - values.size), constant_values=np.nan)
    nearby = np.lib.stride_tricks.sliding_window_view(even, width)
    slope = median((nearby[:, HALF_WINDOW:] - nearby[:, :-HALF_WINDOW]) / HALF_WINDOW)
    slope = np.where(np.isnan(slope), 0.0, slope)[:, None]
    position = np.arange(-HALF_WINDOW, HALF_WINDOW + 1)
    height = median(nearby - slope * position)[:, None]
    spread = MAD * median(np.abs(nearby - slope * position - height))
    # of a window, as far as it says anything: 29 days misjudge their own spread by a fifth
    spread = np.maximum(np.where(np.isnan(spread), 0.0, spread), 0.7 * np.nanmedian(spread))
    window = np.clip(np.arange(values.size) - HALF_WINDOW, 0, len(nearby) - 1)
    expected = (height + slope * position)[window, np.arange(values.size) - window]
    enough = np.count_nonzero(~np.isnan(nearby), axis=1)[window] >= HALF_WINDOW
    judged = enough & (np.arange(values.size) >= HALF_WINDOW)
    return np.where(judged, expected + steps, np.nan), np.maximum(spread[window], MIN_SPREAD)


def _through_bursts(parted: Parted, expected: Floats, spread: Floats, size: int) -> tuple[Floats, Floats]:
    """Return expectation and spread of all days: through a burst they go on from before it to after it."""
    lines = np.full((2, size), np.nan)
    lines[:, parted.kept] = expected, spread
    left_out = np.setdiff1d(np.arange(size), parted.kept)
    known = parted.kept[~np.isnan(expected)]
    for line in lines:
        line[left_out] = np.interp(left_out, known, line[known]) if known.size else np.nan
    for burst in parted.bursts:  # too few days around it for an expectation
        through = slice(burst.start, burst.last + 1)
        lines[0, through] = np.where(np.isnan(lines[0, through]), burst.before, lines[0, through])
    return lines[0], np.where(np.isnan(lines[1]), MIN_SPREAD, lines[1])


def _faded(day: _Days, parted: Parted) -> list[Anomaly]:
    """Return the bursts as spikes and drops."""
    score = day.away / np.maximum(day.spread, max(_tail(sign * day.away[parted.kept]) for sign in (1, -1)))
    found = []
    for burst in parted.bursts:
        run = np.arange(burst.start, burst.last + 1)
        found.append(_run("spike" if burst.sign > 0 else "drop", run[~np.isnan(day.gains[run])], day, score))
    return found


def _runs(day: _Days, kept: Ints) -> list[Anomaly]:
    """Return runs of days far from their expectation, shorter than a level; one unremarkable day does not end a run.

    Days of bursts, which are not in `kept`, are passed over.
    """
    away = np.full(day.away.size, np.nan)
    away[kept] = day.away[kept]
    counted = np.abs(day.gains - day.count) >= FAR * (np.sqrt(day.count) + 1.0)
    found = []
    for sign, kind in ((1, "spike"), (-1, "drop")):
        score = away / np.maximum(day.spread, _tail(sign * away))
        at = np.flatnonzero(counted & (sign * score >= FAR) & (sign * away >= np.log(RATIO)))
        for run in np.split(at, np.flatnonzero(np.diff(at) > 2) + 1) if at.size else []:
            if run[-1] - run[0] < LEVEL_DAYS - 1:
                found.append(_run(kind, run, day, score))
    return found


def _tail(away: Floats) -> float:
    """Return the standard deviation of the normal distribution whose upper tail is as long as that of `away`."""
    known = away[~np.isnan(away)]
    quantile, distance = next((share, at) for least, share, at in TAILS if known.size >= least)
    return float(np.quantile(known, 1.0 - quantile)) / distance if known.size else 0.0


def _run(kind: str, run: Ints, day: _Days, score: Floats) -> Anomaly:
    observed, expected = float(day.gains[run].sum()), float(day.count[run].sum())
    return Anomaly(kind, day.days[run[0]].item(), day.days[run[-1]].item(), int(run[-1] - run[0]) + 1, observed,
                   expected, observed / expected, observed - expected, float(score[run][np.abs(score[run]).argmax()]))


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
