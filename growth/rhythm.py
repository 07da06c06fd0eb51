"""Peaks, spikes and weekdays of many series: what needs every day, and not only sums over spans."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from growth.block import Block, Bools, last_of, value_at
from growth.figures import NO_DATA, NO_SPIKE, NOT_YET, TOO_FEW_DAYS, ZERO_MEAN, Codes, Figures, Span, figures_of
from growth.panel import Floats, Ints
from growth.tiles import BASE_DAYS, MIN_BASE_DAYS, MIN_RECENT_DAYS, RECENT_DAYS

WEEKDAY_DAYS = 84
"""Calendar days of the weekday profile. Twelve weeks: enough for a median, few enough to follow a change of habit."""
MIN_WEEKDAY_DAYS = 3
"""Usable days of each weekday. The fewest of which one odd day is not the median."""
MIN_WEEK_DAYS = 6
"""Usable days of the seven around a day it is compared with: one missing weekday shifts their mean little."""
SPIKE_RATIO = 2.0
"""Times the level before, for a day to be a spike."""
SPIKE_SPREADS = 4.0
"""Standard deviations of the level before by which a spike stands above it: a noisy series doubles on any day."""


@dataclass(frozen=True, slots=True)
class WeekdayProfile:
    """How the weekdays differ, of s series; columns are Monday to Sunday.

    Attributes
    ----------
    ratio : ndarray of float, shape (s, 7)
        Gain of the weekday as a multiple of the mean day; the seven average 1. NaN when absent.
    used : ndarray of int64, shape (s, 7)
        Days behind each ratio.
    reason : ndarray of uint8, shape (s,)
        Why the profile is absent, an index into `growth.figures.REASONS`; 0 when it is there.
    """

    ratio: Floats
    used: Ints
    reason: Codes


def weeks(block: Block) -> tuple[Floats, NDArray[np.uint8]]:
    """Return the sum of the gains of the seven days that end on each day, and how many of them are usable."""
    # shifted sums, not differences of running ones: a large week must leave no rounding in the later ones
    return _seven(block.gains), _seven(block.usable.astype(np.uint8))


def _seven(values: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of seven columns up to each, as 2 + 2 + 2 + 1."""
    def later(part: NDArray[Any], days: int) -> NDArray[Any]:
        moved = np.zeros_like(part)
        moved[:, days:] = part[:, :max(0, part.shape[1] - days)]
        return moved

    two = values + later(values, 1)
    return two + later(two, 2) + later(two, 4) + later(values, 6)


def _everything(block: Block, needed: int) -> Span:
    return block.span(0, block.days.size - 1, needed)


def days_since_peak(block: Block, week: Floats, used: NDArray[np.uint8], last: int) -> Figures:
    """Return the days since the end of the best week; see `growth.metrics.PanelMetrics`."""
    mean = np.where(used >= MIN_RECENT_DAYS, week / used, -np.inf)
    highest = mean.max(axis=1, initial=-np.inf)
    # of weeks that differ by rounding alone, the latest
    _, peak = last_of(mean >= (highest * (1.0 - 1e-12))[:, None])
    span = _everything(block, MIN_RECENT_DAYS)
    value = np.where(highest > 0, (last - peak).astype(float), np.nan)
    scattered = np.isneginf(highest)  # days enough, though nowhere four in a week
    return _either(scattered, figures_of(value, TOO_FEW_DAYS, span), figures_of(value, ZERO_MEAN, span))


def _either(first: Bools, yes: Figures, no: Figures) -> Figures:
    return Figures(*(np.where(first, getattr(yes, field.name), getattr(no, field.name)) for field in fields(Figures)))


def half_life(block: Block) -> Figures:
    """Return the days in which the latest spike lost half its excess; see `growth.metrics.PanelMetrics`."""
    span = _everything(block, MIN_BASE_DAYS + 1)
    found, start, level = _latest_spike(block)
    value = np.full(found.shape, np.nan)
    rows = np.flatnonzero(found)
    if rows.size:
        gains = np.where(block.usable[rows], block.gains[rows], np.nan)
        days = np.arange(block.days.size)
        near = start[rows, None] + np.arange(RECENT_DAYS)
        week = np.take_along_axis(gains, np.minimum(near, days[-1]), axis=1)  # the last day may be repeated
        peak = start[rows] + np.nanargmax(week, axis=1)
        half = level[rows] + (gains[np.arange(rows.size), peak] - level[rows]) / 2.0
        calm = (gains <= half[:, None]) & (days > peak[:, None])
        value[rows] = np.where(calm.any(axis=1), calm.argmax(axis=1) - peak, np.nan)
    return _either(found, figures_of(value, NOT_YET, span), figures_of(value, NO_SPIKE, span))


def _latest_spike(block: Block) -> tuple[Bools, Ints, Floats]:
    """Return whether each series has a spike, the first day of the latest, and the mean gain of the 28 days before."""
    gains = block.gains
    total, used = _before(gains, np.float64), _before(block.usable, np.int16)
    high = block.usable & (used >= MIN_BASE_DAYS) & (total > 0) & (gains * used >= SPIKE_RATIO * total)
    row, day = np.nonzero(high)
    # running sums of squares are quick and rough: they only choose the days that are looked at closely
    level = total[row, day] / used[row, day]
    rough = np.sqrt(np.maximum(_before(gains * gains, np.float64)[row, day] / used[row, day] - level * level, 0.0))
    likely = gains[row, day] >= level + 0.9 * SPIKE_SPREADS * rough
    high[row[~likely], day[~likely]] = False
    row, day = row[likely], day[likely]
    column = day[:, None] - np.arange(BASE_DAYS, 0, -1)
    there = (column >= 0) & block.usable[row[:, None], np.maximum(column, 0)]
    before = np.where(there, gains[row[:, None], np.maximum(column, 0)], 0.0)
    level = before.sum(axis=1) / there.sum(axis=1)
    away = np.where(there, before - level[:, None], 0.0)
    deviation = np.sqrt((away * away).sum(axis=1) / there.sum(axis=1))
    high[row, day] = (level > 0) & (gains[row, day] >= level + SPIKE_SPREADS * deviation)
    follows = np.zeros(high.shape, bool)
    for back in range(1, min(RECENT_DAYS, gains.shape[1])):  # a high day soon after another is the same spike
        follows[:, back:] |= high[:, :-back]
    found, start = last_of(high & ~follows)
    levels = np.zeros(high.shape)
    levels[row, day] = level
    return found, start, value_at(levels, start)


def _before(values: NDArray[Any], kind: type) -> NDArray[Any]:
    """Return the sum of the 28 days before each day."""
    total = np.zeros((values.shape[0], values.shape[1] + 1), kind)
    np.cumsum(values, axis=1, dtype=kind, out=total[:, 1:])
    before = total[:, :-1].copy()
    before[:, BASE_DAYS:] -= total[:, :max(0, values.shape[1] - BASE_DAYS)]
    return before


def weekdays(block: Block, week: Floats, used: NDArray[np.uint8], last: int) -> WeekdayProfile:
    """Return the medians of gain / mean of the seven days around, by weekday, scaled to average 1."""
    half = RECENT_DAYS // 2
    # the last day with three days after it, so that the newest week enters as far as it can be judged
    newest = block.days.size - 1 - half
    ratios = np.full((len(block.gains), WEEKDAY_DAYS), np.nan)
    have = max(0, min(WEEKDAY_DAYS - (last - (block.days.size - 1)), newest + 1))
    if have:
        at, around = slice(newest - have + 1, newest + 1), slice(newest - have + 1 + half, newest + 1 + half)
        mean = np.where(used[:, around] >= MIN_WEEK_DAYS, week[:, around] / used[:, around], 0.0)
        ratios[:, -have:] = np.where(block.even[:, at] & (mean > 0), block.gains[:, at] / mean, np.nan)
    # 84 days are whole weeks: column 0 of each row of seven is the weekday of the first day
    by_day = np.sort(ratios.reshape(len(ratios), WEEKDAY_DAYS // RECENT_DAYS, RECENT_DAYS), axis=1)
    known = np.count_nonzero(~np.isnan(by_day), axis=1)
    low, high = (np.take_along_axis(by_day, place[:, None, :], axis=1)[:, 0, :]
                 for place in (np.maximum(known - 1, 0) // 2, known // 2))
    middle = np.where(known > 0, (low + high) / 2.0, np.nan)
    if block.days.size:  # Monday is 0; 1970-01-01 was a Thursday
        first = (int(block.days[-1].astype(np.int64)) - half - WEEKDAY_DAYS + 1 + 3) % RECENT_DAYS
        known, middle = np.roll(known, first, axis=1), np.roll(middle, first, axis=1)
    mean = middle.mean(axis=1, keepdims=True)
    span = block.span(last - WEEKDAY_DAYS + 1, last, RECENT_DAYS * MIN_WEEKDAY_DAYS)
    nothing = (span.used >= span.needed) & ~(span.total > 0)
    reason = np.select([~block.rows.any(axis=1), nothing, (known < MIN_WEEKDAY_DAYS).any(axis=1), ~(mean[:, 0] > 0)],
                       [NO_DATA, ZERO_MEAN, TOO_FEW_DAYS, ZERO_MEAN], 0)
    return WeekdayProfile(np.where(reason[:, None] == 0, middle / mean, np.nan), known, reason.astype(np.uint8))
