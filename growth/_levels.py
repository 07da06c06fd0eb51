"""New levels of a series of logarithms without weekdays, and bursts: levels that do not stay.

A step counts as a level once two weeks speak for it (`find_levels`). What becomes of it shows in the four weeks after
those: where the latest two of them are back by more than half of the step, it was a burst (a launch, a holiday, an
outage), and its days are taken out before the rest is looked at again (`find_bursts`). Two weeks at the end of the six,
and not the middle of the four, so that four weeks of one height are a burst and not a matter of chance. Half is meant
on the logarithm, as everything is here: so a dip to a fifth and a burst to five times are judged alike, and a burst to
ten times that leaves three times the old level, which is a quarter of its gains, still counts as the lasting change it
is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from growth.panel import Floats, Ints

HALF_WINDOW = 14
"""Days on each side from which a day's expectation is taken: a run of seven stays a minority."""
LEVEL_DAYS = 14
"""Days a new level lasts at least. Two weeks: no burst of a playlist or a video does."""
LEVEL_RATIO = 1.3
"""Least ratio of a new level to the old one (or its inverse)."""
LARGE_RATIO = 3.0
"""Least ratio (or its inverse) of two weeks to the two before that is looked at twice. No usual noise gets there."""
LEVEL_ERRORS = 5.0
"""Standard errors of the step. All days are candidates, so the usual 2 would always be found somewhere."""
SLOPE_ERRORS = 2.0
"""Standard errors from which the lines on both sides of a step have a slope, or slopes that differ."""
LEVEL_SIDE = 42
"""Days on each side of a step from which its lines are fitted, and after which it has stayed or has not."""
SUSTAINED = 0.7
"""Share of the two weeks before and after that lie on their own side of the middle between the levels."""
FADED = 0.5
"""Share of the step that has to be left of a level for it to have stayed."""
DAMPING = 0.97
"""What is left of the old level's trend from one day to the next: a decay flattens, and no growth goes on for ever."""
NEAR = 5
"""Days by which the place of a change may be off."""
MIN_SPREAD = 0.02
"""Least standard deviation of a logarithm: 2 %, so that a nearly constant series does not mark its last digits."""
MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


def median(values: Floats) -> Floats:
    """Return the medians of the last axis over what is known; NaN where nothing is. Faster than `np.nanmedian`."""
    ordered = np.sort(values, axis=-1)
    n = np.count_nonzero(~np.isnan(values), axis=-1)[..., None]
    low, high = (np.take_along_axis(ordered, np.clip(at, 0, values.shape[-1] - 1), axis=-1)
                 for at in ((n - 1) // 2, n // 2))
    middle: Floats = np.where(n > 0, (low + high) / 2.0, np.nan)[..., 0]
    return middle


def around(values: Floats, half: int) -> Floats:
    """Return the values from `half` days before to `half` days after each day, NaN beyond the ends."""
    padded = np.pad(values, half, constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)


# Levels -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Level:
    """A step of a level: its first day as a column, its size as a logarithm, and that in standard errors."""

    start: int
    step: float
    score: float


def find_levels(values: Floats) -> list[Level]:
    """Return the new levels of a series of logarithms without weekdays, in order."""
    middle = median(around(values, HALF_WINDOW // 2))
    noise = max(MIN_SPREAD, MAD * float(np.nanmedian(np.abs(values - middle))))
    # a spike of up to a week must not make a level: at most three deviations from the fortnight's median
    clipped = np.clip(values, middle - 3.0 * noise, middle + 3.0 * noise)
    found: list[Level] = []
    for candidate in _candidates(clipped, noise):
        first = found[-1].start if found else 0
        level = _step(clipped, candidate, first)
        if level is None and _is_large(clipped, candidate):
            # what ends after four weeks: the line of six over its end fits too badly to prove even such a step
            level = _step(clipped, candidate, first, 2 * LEVEL_DAYS)
        if level is None:
            continue
        # the first days of a burst are what clipping cuts: without them it begins too early
        level = replace(level, start=_first_day(values, level, first))
        if first + LEVEL_DAYS <= level.start <= values.size - LEVEL_DAYS:
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


def _step(values: Floats, candidate: int, first: int, side: int = LEVEL_SIDE) -> Level | None:
    """Return the level that begins within five days of a candidate, None where there is no step."""
    best: tuple[float, Any] = np.inf, None
    for start in range(max(candidate - NEAR, first + LEVEL_DAYS), min(candidate + NEAR + 1, values.size)):
        fitted = None if np.isnan(values[start]) else _two_lines(values, start, first, side)
        if fitted is not None and fitted[0] < best[0]:
            best = fitted[0], Level(start, *fitted[1:])
    level = best[1]
    # the best day may prove too young, though an earlier one near it would not
    lasts = level is not None and level.start <= values.size - LEVEL_DAYS
    return level if lasts and _is_level(values, level) else None


def _is_large(values: Floats, candidate: int) -> bool:
    before, after = sides(values, candidate)
    return bool(min(before.size, after.size) and abs(np.median(after) - np.median(before)) >= np.log(LARGE_RATIO))


def _first_day(values: Floats, level: Level, first: int) -> int:
    """Return the day near a level's start that best parts the days below from those above the middle of its step."""
    at = np.arange(max(first, level.start - NEAR), min(values.size, level.start + NEAR + 1))
    at = at[~np.isnan(values[at])]
    middle = float(np.mean([np.median(side) for side in sides(values, level.start)]))
    above = np.where((values[at] - middle) * level.step > 0, 1, -1)
    return int(at[np.argmin(np.cumsum(above) - above)])


def _two_lines(values: Floats, start: int, first: int, side: int) -> tuple[float, float, float] | None:
    """Return the mean square distance from two lines that part at `start`, the step there and its standard errors."""
    at = np.arange(max(first, start - side), min(values.size, start + side))
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


def sides(values: Floats, start: int) -> tuple[Floats, Floats]:
    """Return the nearest 14 known values before and after, out of four weeks."""
    before, after = values[max(0, start - 2 * LEVEL_DAYS):start], values[start:start + 2 * LEVEL_DAYS]
    return before[~np.isnan(before)][-LEVEL_DAYS:], after[~np.isnan(after)][:LEVEL_DAYS]


def _is_level(values: Floats, level: Level) -> bool:
    before, after = sides(values, level.start)
    if min(before.size, after.size) < LEVEL_DAYS // 2:
        return False
    sign = np.sign(level.step)
    low, high = np.median(before), np.median(after)
    middle = (low + high) / 2.0
    return bool(min(abs(level.step), sign * (high - low)) >= np.log(LEVEL_RATIO)
                and abs(level.score) >= LEVEL_ERRORS
                and np.mean(sign * (before - middle) < 0) >= SUSTAINED
                and np.mean(sign * (after - middle) > 0) >= SUSTAINED)


# Bursts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Burst:
    """A step that did not stay.

    Attributes
    ----------
    start, last : int
        Columns of its first day, and of the last before half of the step is gone for good.
    settled : int
        Column from which the level after it is reached.
    sign : int
        1 upwards, -1 downwards.
    before : float
        Logarithm of the level before.
    drift : float
        How far the level before would have moved until `settled`, by its own trend.
    """

    start: int
    last: int
    settled: int
    sign: int
    before: float
    drift: float


@dataclass(frozen=True, slots=True)
class Parted:
    """A series parted into bursts and the rest.

    Attributes
    ----------
    bursts : list of Burst
        With columns of the whole series, of d days.
    kept : ndarray of int, shape (k,)
        Columns of the rest.
    drift : ndarray of float, shape (k,)
        How far each day of the rest has drifted while bursts were on; without it the rest closes up over them.
    levels : list of Level
        Of the rest without drift; they count its k days.
    """

    bursts: list[Burst]
    kept: Ints
    drift: Floats
    levels: list[Level]


def find_bursts(values: Floats) -> Parted:
    """Return the bursts of a series and the levels of what is left without them.

    Parameters
    ----------
    values : ndarray of float, shape (d,)
        Logarithms without weekdays, NaN where unknown.
    """
    kept, drift = np.arange(values.size), np.zeros(values.size)
    bursts: list[Burst] = []
    removed: list[Burst] = []
    while True:
        rest = (values - drift)[kept]
        levels = find_levels(rest)
        faded = _apart([_burst(rest, kept, levels, at, values.size) for at in range(len(levels))])
        if not faded:
            return Parted(bursts, kept, drift[kept], levels)
        for burst in faded:
            kept = kept[(kept < burst.start) | (kept >= burst.settled)]
            if not any(_belongs(burst, each) for each in removed):
                # one inside it, found earlier, was part of it
                bursts = [each for each in bursts if not burst.start <= each.start <= burst.last] + [burst]
                drift[burst.settled:] += burst.drift
        removed += faded


def _apart(bursts: list[Burst | None]) -> list[Burst]:
    """Return the bursts that do not touch the two weeks before the next; the others are clearer once those are gone."""
    found: list[Burst] = []
    for burst in bursts:
        if burst is not None and (not found or burst.start - LEVEL_DAYS >= found[-1].settled):
            found.append(burst)
    return found


def _belongs(burst: Burst, earlier: Burst) -> bool:
    """Return whether a burst is what a slow one left behind, which looks like a smaller one where its days are gone."""
    after = NEAR if burst.sign == earlier.sign else -1
    return earlier.start - NEAR <= burst.start <= earlier.settled + after


def _burst(even: Floats, kept: Ints, levels: list[Level], number: int, size: int) -> Burst | None:
    """Return what a level was if it did not stay; None where it did, or too few days tell."""
    level, sign = levels[number], 1 if levels[number].step > 0 else -1
    # a further step away from the old level says that this one stayed until then; one back, that it did not
    further = [each.start for each in levels[number + 1:] if each.step * sign > 0]
    end = min([level.start + LEVEL_SIDE, kept.size, *further])
    before = float(np.median(sides(even, level.start)[0]))
    trend = _trend(even, level.start, end)
    excess = sign * (even[level.start:end] - before - trend)
    later = excess[LEVEL_DAYS:][~np.isnan(excess[LEVEL_DAYS:])][-LEVEL_DAYS:]
    if later.size < LEVEL_DAYS // 2:
        return None
    half, left = FADED * float(np.nanmedian(excess[:LEVEL_DAYS])), float(np.median(later))
    if left >= half:
        return None
    week = median(around(excess, 3))
    known = np.flatnonzero(~np.isnan(excess))
    last = int(known[known <= max(np.flatnonzero(week >= half), default=0)][-1])
    # what is left of a young burst is far from settled, and would itself stand out of the old level
    calm = np.flatnonzero((week <= min(left, np.log(LEVEL_RATIO))) & (np.arange(week.size) > last))
    length = int(calm[0]) if calm.size else week.size
    settled = int(kept[level.start + length]) if level.start + length < kept.size else size
    return Burst(int(kept[level.start]), int(kept[level.start + last]), settled, sign, before,
                 float(trend[length - 1] - trend[0]))


def _trend(values: Floats, start: int, end: int) -> Floats:
    """Return how far the level before a step would have moved by each day from `start` to `end`, damped."""
    half = LEVEL_SIDE // 2
    last, first = values[max(0, start - half):start], values[max(0, start - 2 * half):max(0, start - half)]
    moves = last - first if first.size == half else np.empty(0)
    slope = float(np.nanmedian(moves)) / half if np.count_nonzero(~np.isnan(moves)) >= half // 2 else 0.0
    # from the middle of the two weeks that the old level is taken from
    passed = np.arange(end - start) + LEVEL_DAYS / 2 + 0.5
    return np.asarray(slope * DAMPING * (1.0 - DAMPING**passed) / (1.0 - DAMPING))
