"""Peaks, spikes and weekdays of many series: what needs every day, and not only sums over spans."""

from __future__ import annotations

from dataclasses import dataclass, fields

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
    total, used = np.zeros(block.gains.shape), np.zeros(block.gains.shape, np.uint8)
    # shifted sums, not differences of running ones: a large week must leave no rounding in the later ones
    for back in range(min(RECENT_DAYS, block.days.size)):
        kept = block.days.size - back
        total[:, back:] += block.gains[:, :kept]
        used[:, back:] += block.usable[:, :kept]
    return total, used


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
    size = block.gains.max(axis=1, initial=0.0, keepdims=True)
    gains = block.gains / np.where(size > 0, size, 1.0)  # at most 1: squares neither overflow nor drown
    start, level, found = _latest_spike(gains, block.usable)
    days = np.arange(block.days.size)
    near = (days >= start[:, None]) & (days < start[:, None] + RECENT_DAYS) & block.usable
    peak = np.where(near, gains, -np.inf).argmax(axis=1) if days.size else start
    half = level + (value_at(gains, peak) - level) / 2.0
    calm = (days > peak[:, None]) & block.usable & (gains <= half[:, None])
    over = calm.any(axis=1)
    value = np.where(found & over, (calm.argmax(axis=1) if days.size else peak) - peak, np.nan)
    return _either(found, figures_of(value, NOT_YET, span), figures_of(value, NO_SPIKE, span))


def _latest_spike(gains: Floats, usable: Bools) -> tuple[Ints, Floats, Bools]:
    """Return the first day of each series' latest spike, the mean gain of the 28 days before, and whether any."""
    used, total, square = (_before(values) for values in (usable.astype(float), gains, gains * gains))
    level = np.where(used >= MIN_BASE_DAYS, total / used, np.nan)
    deviation = np.sqrt(np.maximum(square / used - level * level, 0.0))
    high = usable & (level > 0) & (gains >= SPIKE_RATIO * level) & (gains >= level + SPIKE_SPREADS * deviation)
    follows = np.zeros(high.shape, bool)
    for back in range(1, min(RECENT_DAYS, gains.shape[1])):  # a high day soon after another is the same spike
        follows[:, back:] |= high[:, :-back]
    found, start = last_of(high & ~follows)
    return start, value_at(level, start), found


def _before(values: Floats) -> Floats:
    """Return the sum of the 28 days before each day."""
    total = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    days = np.arange(values.shape[1])
    return total[:, days] - total[:, np.maximum(days - BASE_DAYS, 0)]


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
