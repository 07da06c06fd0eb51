"""Figures of one artist's platforms over a window of days: what the tiles show; conventions in `analytics`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from growth.panel import Floats, counts_as_total, validate_columns
from growth.songs import DAILY_COLUMNS, Readings, readings_of
from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_SPREADS

RECENT_DAYS = 7
"""Calendar days. One whole week, so that every weekday counts once."""
BASE_DAYS = 28
"""Calendar days before the recent week. Four whole weeks: the same mix of weekdays as the recent week."""
MIN_RECENT_DAYS = 4
"""Usable days of the recent week. More than half of it, so that no single day decides."""
MIN_BASE_DAYS = 14
"""Usable days of the base. Half of it: two weeks' worth still average the weekdays out."""
MIN_HALF_DAYS = 3
"""Usable days in each half of the window. The fewest of which one odd day is not the majority."""
MIN_SPREAD_DAYS = 7
"""Usable days for a standard deviation. One week: with fewer, the weekdays alone would be the spread."""
SPREAD_WEIGHT = 20.0
"""Points of stability lost for each multiple of the mean in the standard deviation."""


@dataclass(frozen=True, slots=True)
class Window:
    """A closed interval of calendar days.

    Attributes
    ----------
    start, end : date
        First and last day, both within.
    days : int
        Number of calendar days from `start` to `end`.
    requested : int or None
        Number of days asked for; None is all days.
    """

    start: date
    end: date
    days: int
    requested: int | None


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure with the evidence behind it.

    Attributes
    ----------
    value : float or None
        The figure; None when absent.
    reason : str or None
        Why it is absent, a key below ``absent.`` in the locale files; None when it is there.
    used : int
        Days used. A metric of two spans (momentum, acceleration) counts both; absent for want of days, it
        counts the span that is short.
    left_out : int
        Days left out because of their flags, in the same days.
    needed : int
        Days needed at least, in the same days.
    """

    value: float | None
    reason: str | None
    used: int
    left_out: int
    needed: int


@dataclass(frozen=True, slots=True)
class PlatformMetrics:
    """All metrics of one platform; see the module's list.

    Attributes
    ----------
    platform : str
        Key of the platform.
    momentum : Metric
        Ratio; 1 is unchanged.
    acceleration : Metric
        Percent; 0 is unchanged.
    stability : Metric
        Points from 0 to 100.
    total, last_day_gain, last_week_gain : Metric
        Views, streams or plays.
    share : Metric
        Percent.
    """

    platform: str
    momentum: Metric
    acceleration: Metric
    stability: Metric
    total: Metric
    last_day_gain: Metric
    last_week_gain: Metric
    share: Metric


def window_of(first_day: date, last_day: date, days: int | None) -> Window:
    """Return the window of the last `days` days of a series.

    Parameters
    ----------
    first_day, last_day : date
        First and last day with a reading.
    days : int or None
        Calendar days wanted, at least 1; None is all of them.

    Returns
    -------
    Window
        Ends at `last_day` and never starts before `first_day`: ``days`` may be smaller than requested.

    Raises
    ------
    ValueError
        If `last_day` lies before `first_day` or `days` is below 1.
    """
    if last_day < first_day:
        raise ValueError(f"last_day {last_day} lies before first_day {first_day}; swap them")
    if days is not None and days < 1:
        raise ValueError(f"days is {days}; give 1 or more, or None for all days")
    available = (last_day - first_day).days + 1
    length = available if days is None else min(days, available)
    return Window(last_day - timedelta(days=length - 1), last_day, length, days)


def platform_metrics(daily: pd.DataFrame, window: Window, *,
                     include_flagged: bool = False) -> dict[str, PlatformMetrics]:
    """Return the metrics of every platform in a daily frame.

    Parameters
    ----------
    daily : DataFrame, shape (n, >= 5)
        One row a platform and day, in any order: ``platform`` (str), ``day`` (datetime64, midnight),
        ``total`` (float, count), ``gain`` (float, count per day, NaN unknown) and ``flags`` (int, bits of
        `ingest.flags.Flag`). The gain of a GAP day is the average per day over the gap. Optional ``counts``
        (bool): whether a day's total counts; by default its flags tell.
    window : Window
        Days to look at. Momentum, the last week and the total may reach before its start.
    include_flagged : bool
        Keep flagged days whose gain is known. A GAP day then counts as one day with its average.

    Returns
    -------
    dict of str to PlatformMetrics
        Keyed and ordered by platform. An empty frame gives an empty dict; a platform without rows in a
        metric's days gives that metric as absent.

    Raises
    ------
    ValueError
        If a column is missing or a platform has two rows for one day.
    """
    series = _split(daily)
    start, end = _number(window.start), _number(window.end)
    window_gains = {key: _pick(one, start, end, LEFT_OUT_OF_MEANS, include_flagged)
                    for key, one in series.items()}
    all_gains = float(sum(days.gains.sum() for days in window_gains.values()))
    return {key: PlatformMetrics(
        platform=key,
        momentum=_momentum(one, window, include_flagged),
        acceleration=_acceleration(one, window, include_flagged),
        stability=_stability(one, window, include_flagged),
        total=_total(one, window),
        last_day_gain=_last_day_gain(one, window, include_flagged),
        last_week_gain=_last_week_gain(one, window, include_flagged),
        share=_share(window_gains[key], all_gains),
    ) for key, one in series.items()}


@dataclass(frozen=True, slots=True)
class _Days:
    """The gains a metric may use out of one span, and what it could not use."""

    gains: Floats
    left_out: int
    rows: int

    @property
    def used(self) -> int:
        return int(self.gains.size)

    @property
    def mean(self) -> float:
        return float(self.gains.mean())


def _number(day: date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))


def _split(daily: pd.DataFrame) -> dict[str, Readings]:
    validate_columns(daily, DAILY_COLUMNS)
    return {str(key): readings_of(rows, str(key))
            for key, rows in daily.groupby("platform", sort=True, observed=True)}


def _pick(series: Readings, first: int, last: int, mask: int, include_flagged: bool) -> _Days:
    """Take the usable gains from day number `first` to `last`, both within."""
    low, high = np.searchsorted(series.days, [first, last + 1])
    gain = series.gain[low:high]
    flagged = (series.flags[low:high] & mask) != 0
    usable = ~np.isnan(gain) if include_flagged else ~np.isnan(gain) & ~flagged
    # a row whose gain is unknown without any flag (the first reading) was never there to be left out
    return _Days(gain[usable], int(np.count_nonzero(flagged & ~usable)), int(high - low))


def _shortage(*spans: tuple[_Days, int]) -> Metric | None:
    """Return the absent metric when a span has fewer usable days than it needs, None when all have enough."""
    if not any(days.rows for days, _ in spans):
        return Metric(None, "no_data", 0, 0, sum(needed for _, needed in spans))
    short = [(days, needed) for days, needed in spans if days.used < needed]
    if not short:
        return None
    # days that do not exist weigh more than days that could be kept after all: name them first
    truly = [(days, needed) for days, needed in short if days.used + days.left_out < needed]
    days, needed = (truly or short)[0]
    return Metric(None, "too_few_days" if truly else "all_flagged", days.used, days.left_out, needed)


def _metric(value: float | None, reason: str, *spans: tuple[_Days, int]) -> Metric:
    """Return a metric over `spans`; `reason` applies when `value` is None."""
    return Metric(value, reason if value is None else None, sum(days.used for days, _ in spans),
                  sum(days.left_out for days, _ in spans), sum(needed for _, needed in spans))


def _momentum(series: Readings, window: Window, include_flagged: bool) -> Metric:
    """Mean gain of the last 7 days / mean gain of the 28 days before; ``no_base`` unless that is positive."""
    end = _number(window.end)
    split = end - RECENT_DAYS
    recent = _pick(series, split + 1, end, LEFT_OUT_OF_MEANS, include_flagged), MIN_RECENT_DAYS
    base = _pick(series, split - BASE_DAYS + 1, split, LEFT_OUT_OF_MEANS, include_flagged), MIN_BASE_DAYS
    short = _shortage(recent, base)
    if short:
        return short
    value = recent[0].mean / base[0].mean if base[0].mean > 0 else None
    return _metric(value, "no_base", recent, base)


def _acceleration(series: Readings, window: Window, include_flagged: bool) -> Metric:
    """100 * (mean gain of the second half / of the first half - 1); an odd middle day is in the second."""
    start, end = _number(window.start), _number(window.end)
    middle = start + (end - start + 1) // 2
    first = _pick(series, start, middle - 1, LEFT_OUT_OF_MEANS, include_flagged), MIN_HALF_DAYS
    second = _pick(series, middle, end, LEFT_OUT_OF_MEANS, include_flagged), MIN_HALF_DAYS
    short = _shortage(first, second)
    if short:
        return short
    value = 100.0 * (second[0].mean / first[0].mean - 1.0) if first[0].mean > 0 else None
    return _metric(value, "no_base", first, second)


def _stability(series: Readings, window: Window, include_flagged: bool) -> Metric:
    """100 - 20 * std / mean of the window's gains within 0 to 100; population standard deviation (ddof=0)."""
    days = _pick(series, _number(window.start), _number(window.end), LEFT_OUT_OF_SPREADS, include_flagged)
    short = _shortage((days, MIN_SPREAD_DAYS))
    if short:
        return short
    value = None
    if days.mean > 0:
        value = float(np.clip(100.0 - SPREAD_WEIGHT * float(days.gains.std()) / days.mean, 0.0, 100.0))
    return _metric(value, "zero_mean", (days, MIN_SPREAD_DAYS))


def _total(series: Readings, window: Window) -> Metric:
    """Last reading up to the window's end that counts; `left_out` is the number after it that do not."""
    high = int(np.searchsorted(series.days, _number(window.end), side="right"))
    if not high:
        return Metric(None, "no_data", 0, 0, 1)
    usable = np.flatnonzero(series.counts[:high])
    last = int(usable[-1]) if usable.size else -1
    plain = np.flatnonzero(counts_as_total(series.flags[:high]))
    left_out = high - 1 - (int(plain[-1]) if plain.size else -1)
    if last < 0:
        return Metric(None, "all_flagged" if left_out else "too_few_days", 0, left_out, 1)
    return Metric(float(series.total[last]), None, 1, left_out, 1)


def _last_day_gain(series: Readings, window: Window, include_flagged: bool) -> Metric:
    """Gain of the platform's own last day in the window; absent when that day is flagged."""
    start, end = _number(window.start), _number(window.end)
    high = int(np.searchsorted(series.days, end, side="right"))
    last = int(series.days[high - 1]) if high else start - 1
    # a last day before the start gives an empty span, hence no_data
    span = _pick(series, max(last, start), end, LEFT_OUT_OF_MEANS, include_flagged), 1
    return _shortage(span) or _metric(float(span[0].gains[0]), "", span)


def _last_week_gain(series: Readings, window: Window, include_flagged: bool) -> Metric:
    """Sum of the usable gains of the 7 days up to the window's end; at least one day has to be usable."""
    end = _number(window.end)
    span = _pick(series, end - RECENT_DAYS + 1, end, LEFT_OUT_OF_MEANS, include_flagged), 1
    return _shortage(span) or _metric(float(span[0].gains.sum()), "", span)


def _share(days: _Days, all_gains: float) -> Metric:
    """100 * the platform's usable gains in the window / those of all; ``no_base`` unless positive."""
    short = _shortage((days, 1))
    if short:
        return short
    value = 100.0 * float(days.gains.sum()) / all_gains if all_gains > 0 else None
    return _metric(value, "no_base", (days, 1))
