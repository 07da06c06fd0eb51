"""Figures of all series of a panel at once; names, spans, minimum days and reasons are those of the tiles.

Conventions are in `analytics`. Means are per known day: where days are missing, spans of unequal completeness are
compared by their means, which are their sums when nothing is missing. Standard deviations are those of the population
(ddof=0). Series are worked on in blocks that fit the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from growth.block import Block, count, last_of, value_at
from growth.figures import NO_BASE, TOO_FEW_DAYS, ZERO_MEAN, Figures, Span, figures_of
from growth.panel import Panel
from growth.rhythm import WeekdayProfile, days_since_peak, half_life, weekdays, weeks
from growth.tiles import (
    BASE_DAYS,
    MIN_BASE_DAYS,
    MIN_HALF_DAYS,
    MIN_RECENT_DAYS,
    MIN_SPREAD_DAYS,
    RECENT_DAYS,
    SPREAD_WEIGHT,
    Metric,
)

VOLATILITY_DAYS = 30
"""Calendar days of the volatility index."""
MIN_VOLATILITY_DAYS = 14
"""Usable days of them. Two weeks: every weekday twice."""
BLOCK = 512
"""Series worked on at once. A year of so many is 1.5 MB an array."""

@dataclass(frozen=True, slots=True)
class PanelMetrics:
    """All figures of s series; "last n days" end at the panel's last day, or at the `end` asked for.

    Attributes
    ----------
    momentum, acceleration, stability, total, last_week_gain : Figures
        As in `growth.tiles.PlatformMetrics`.
    volatility : Figures
        Percent: 100 * population standard deviation / mean of the last 30 days' gains (the coefficient of variation).
    window_gain : Figures
        Sum of the usable gains in the window. `shares` turns it into percent of the artist.
    mean_7, mean_30, mean_60 : Figures
        Mean gain per usable day of the last 7, 30 and 60 days; more than half of the days have to be usable
        (7 days), half of them (30, 60).
    growth_7, growth_28, growth_90 : Figures
        Percent: mean gain of the last n days against that of the n days before, less 1; minimum days as for the means.
    days_since_peak : Figures
        Days since the end of the week with the highest mean gain (4 of 7 days usable); of equals, the latest.
    half_life : Figures
        Days from the peak of the latest spike to the first day whose excess over the level before is half the peak's
        or less. A spike starts on a day of at least twice the mean of the 28 days before and 4 of their standard
        deviations above it, its peak is the highest gain of the 7 days from there. Absent: no_spike, not_yet.
    weekdays : WeekdayProfile
        Median over the last 84 days of each day's gain over the mean of the seven days around it.
    """

    momentum: Figures
    acceleration: Figures
    stability: Figures
    total: Figures
    last_week_gain: Figures
    volatility: Figures
    window_gain: Figures
    mean_7: Figures
    mean_30: Figures
    mean_60: Figures
    growth_7: Figures
    growth_28: Figures
    growth_90: Figures
    days_since_peak: Figures
    half_life: Figures
    weekdays: WeekdayProfile

    def metric(self, name: str, series: int) -> Metric:
        """Return the figure called `name` of one series, as a tile shows it."""
        return getattr(self, name).metric(series)


def panel_metrics(panel: Panel, *, window_days: int | None = 30, end: date | None = None) -> PanelMetrics:
    """Return all figures of all series.

    Parameters
    ----------
    panel : Panel
        Series of shape (s, d); s and d may be 0.
    window_days : int or None
        Calendar days of the window, at least 1; None is all days of the panel. The window never starts before the
        panel's first day and is the same for all series: a series that began within it has fewer days in it.
    end : date or None
        Last day to look at; by default the panel's last. It may lie after it: the spans follow.

    Raises
    ------
    ValueError
        If `window_days` is below 1.
    """
    if window_days is not None and window_days < 1:
        raise ValueError(f"window_days is {window_days}; give 1 or more, or None for all days")
    days = panel.days.size
    last = days - 1 if end is None or not days else int((np.datetime64(end, "D") - panel.days[0]).astype(int))
    first = 0 if window_days is None else max(0, last - window_days + 1)
    starts = range(0, max(len(panel.gains), 1), BLOCK)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _joined([_measured(Block.of(panel, slice(at, at + BLOCK), last), first, last) for at in starts])


def shares(window_gain: Figures, groups: NDArray[Any]) -> Figures:
    """Return each series' percent of its group's gains.

    Parameters
    ----------
    window_gain : Figures
        As in `PanelMetrics`, of s series.
    groups : array-like, shape (s,)
        The artist of each series.

    Returns
    -------
    Figures
        100 * own gain / sum of the group's known gains; no_base unless that sum is positive.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(group, np.nan_to_num(window_gain.value), minlength=1)[group]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(sums > 0, 100.0 * window_gain.value / sums, np.nan)
    reason = np.where((window_gain.reason == 0) & ~(sums > 0), NO_BASE, window_gain.reason).astype(np.uint8)
    return Figures(value, reason, window_gain.used, window_gain.left_out, window_gain.needed)


def _measured(block: Block, first: int, last: int) -> PanelMetrics:
    week, weight = weeks(block)
    middle = first + (last - first + 1) // 2
    return PanelMetrics(
        momentum=_ratio(block.span(last - RECENT_DAYS + 1, last, MIN_RECENT_DAYS),
                        block.span(last - RECENT_DAYS - BASE_DAYS + 1, last - RECENT_DAYS, MIN_BASE_DAYS)),
        acceleration=_percent(_ratio(block.span(middle, last, MIN_HALF_DAYS),
                                     block.span(first, middle - 1, MIN_HALF_DAYS), named_first=1)),
        stability=_stability(block, first, last),
        total=_total(block),
        last_week_gain=_sum(block.span(last - RECENT_DAYS + 1, last, 1)),
        volatility=_volatility(block, last),
        window_gain=_sum(block.span(first, last, 1)),
        mean_7=_mean(block, last, 7), mean_30=_mean(block, last, 30), mean_60=_mean(block, last, 60),
        growth_7=_growth(block, last, 7), growth_28=_growth(block, last, 28), growth_90=_growth(block, last, 90),
        days_since_peak=days_since_peak(block, week, weight, last),
        half_life=half_life(block),
        weekdays=weekdays(block, week, weight, last),
    )


def _joined(parts: list[PanelMetrics]) -> PanelMetrics:
    def joined(pieces: list[Any]) -> Any:
        kind = type(pieces[0])
        return kind(*(np.concatenate([getattr(piece, field.name) for piece in pieces]) for field in fields(kind)))

    return PanelMetrics(*(joined([getattr(part, field.name) for part in parts]) for field in fields(PanelMetrics)))


# Sums, means, ratios ----------------------------------------------------------------------------------------


def _sum(span: Span) -> Figures:
    return figures_of(span.total, NO_BASE, span)


def _most(days: int) -> int:
    """Return the usable days a mean over `days` needs: more than half of a week, half of anything longer."""
    return MIN_RECENT_DAYS if days == RECENT_DAYS else days // 2


def _mean(block: Block, last: int, days: int) -> Figures:
    span = block.span(last - days + 1, last, _most(days))
    return figures_of(span.mean, NO_BASE, span)


def _ratio(above: Span, below: Span, *, named_first: int = 0) -> Figures:
    """Return the mean of one span over that of another; `named_first` is the span whose shortage is said first."""
    base = below.mean
    value = np.where(base > 0, above.mean / base, np.nan)
    return figures_of(value, NO_BASE, *((below, above) if named_first else (above, below)))


def _percent(ratio: Figures) -> Figures:
    return Figures(100.0 * (ratio.value - 1.0), ratio.reason, ratio.used, ratio.left_out, ratio.needed)


def _growth(block: Block, last: int, days: int) -> Figures:
    return _percent(_ratio(block.span(last - days + 1, last, _most(days)),
                           block.span(last - 2 * days + 1, last - days, _most(days))))


def _stability(block: Block, first: int, last: int) -> Figures:
    span, deviation = block.spread(first, last, MIN_SPREAD_DAYS)
    value = np.where(span.mean > 0, np.clip(100.0 - SPREAD_WEIGHT * deviation / span.mean, 0.0, 100.0), np.nan)
    return figures_of(value, ZERO_MEAN, span)


def _volatility(block: Block, last: int) -> Figures:
    span, deviation = block.spread(last - VOLATILITY_DAYS + 1, last, MIN_VOLATILITY_DAYS)
    return figures_of(np.where(span.mean > 0, 100.0 * deviation / span.mean, np.nan), ZERO_MEAN, span)


def _total(block: Block) -> Figures:
    """Return the last total that counts; `left_out` is the number of readings after it that their flags leave out."""
    known, newest = last_of(~np.isnan(block.totals))
    value = np.where(known, value_at(block.totals, newest), np.nan)
    plain, newest = last_of(block.plain)
    after = np.arange(block.days.size) > np.where(plain, newest, -1)[:, None]
    return figures_of(value, TOO_FEW_DAYS, Span(value, known.astype(np.int32), count(block.rows & after),
                                                count(block.rows), 1))
