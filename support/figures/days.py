"""Rows of a series laid out over the days of a window, and the tiny lines of the tiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from support.figures.axes import Bools, Floats, Span, Trace, scatter

SPARK_POINTS = 60
"""Most points of a tile's tiny line, two pixels each; longer series are averaged down to it."""
MEAN_DAYS = 7
"""Calendar days of the moving mean. One week, so that the weekday pattern drops out."""
MOMENTUM_DAYS = 35
"""Calendar days momentum looks at: its recent week and the 28 days before."""
MIN_MEAN_DAYS = 4
"""Known days out of `MEAN_DAYS` for a mean. More than half, so that no single day decides."""

Columns = pd.DataFrame | Mapping[str, Any]
"""A frame, or its columns as arrays: making a frame of them takes longer than drawing it."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ByDay:
    """The window's days without a hole, arrays of shape (days,); unknown is NaN."""

    days: list[str]
    total: Floats
    gain: Floats
    mean: Floats
    reasons: list[str]
    in_total: Bools
    read: Bools

    @property
    def flagged(self) -> Bools:
        """Whether a day is out of the ordinary."""
        return np.array([bool(reason) for reason in self.reasons], dtype=np.bool_)


def by_day(rows: Columns, window: Span) -> ByDay:
    """Spread rows over the window's calendar; the days before it serve the mean and are cut off.

    Raises
    ------
    ValueError
        If there are two rows for one day.
    """
    numbers = _numbers(rows["day"])
    _one_a_day(numbers)
    start, end = _span(window)
    lead = MEAN_DAYS - 1
    inside = (numbers >= start - lead) & (numbers <= end)
    at, size = numbers[inside] - (start - lead), end - start + 1 + lead

    def spread(values: Any, empty: Any) -> NDArray[Any]:
        values = np.asarray(values)
        line = np.full(size, empty, dtype=np.result_type(values, type(empty)))
        line[at] = values[inside]
        return line

    in_mean = np.asarray(rows["in_mean"], dtype=bool) if "in_mean" in rows else np.asarray(rows["flags"]) == 0
    gains = np.asarray(rows["gain"], dtype=np.float64)
    counts = rows["in_total"] if "in_total" in rows else np.ones(numbers.size, dtype=bool)
    read = spread(np.ones(numbers.size, dtype=bool), False)[lead:]
    reasons = [""] * size
    for place, reason in zip(at.tolist(), np.asarray(rows["reasons"], dtype=object)[inside], strict=True):
        reasons[place] = reason if isinstance(reason, str) else ""
    return ByDay(
        days=np.datetime_as_string(np.arange(start, end + 1).astype("datetime64[D]")).tolist(),
        total=spread(np.asarray(rows["total"], dtype=np.float64), math.nan)[lead:],
        gain=spread(gains, math.nan)[lead:],
        # the mean would run on through a gap, as it looks back
        mean=np.where(read, _moving_mean(spread(np.where(in_mean, gains, np.nan), math.nan)), np.nan),
        reasons=reasons[lead:], in_total=spread(np.asarray(counts, dtype=bool), True)[lead:], read=read)


def _numbers(days: Any) -> Ints:
    return np.asarray(days).astype("datetime64[D]").astype(np.int64)


def _span(window: Span) -> tuple[int, int]:
    """Return the numbers of a window's first and last day."""
    start, end = (int(np.datetime64(day, "D").astype(np.int64)) for day in (window.start, window.end))
    return start, end


def _one_a_day(numbers: Ints) -> None:
    ordered = np.sort(numbers)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if twice.size:
        raise ValueError(f"the frame has two rows for {np.datetime64(int(twice[0]), 'D')}; one a day is accepted")


def _moving_mean(values: Floats) -> Floats:
    """Return the mean of each day and the `MEAN_DAYS` - 1 before it, of shape (n - MEAN_DAYS + 1,)."""
    known = ~np.isnan(values)
    windows = np.lib.stride_tricks.sliding_window_view
    sums = windows(np.where(known, values, 0.0), MEAN_DAYS).sum(axis=1)
    counts = windows(known, MEAN_DAYS).sum(axis=1)
    return np.where(counts >= MIN_MEAN_DAYS, sums / np.maximum(counts, 1), np.nan)


def nones(values: Floats) -> list[float | None]:
    """Return a list with None for NaN: the one form of a gap that survives JSON everywhere."""
    return [None if value != value else value for value in values.tolist()]


def _alone(values: Floats) -> Bools:
    """Return where a known value has no known neighbour: a line alone would not show it."""
    known = np.concatenate([[False], ~np.isnan(values), [False]])
    return known[1:-1] & ~known[:-2] & ~known[2:]


def line_trace(days: ByDay, values: Floats, colour: str, width: float, **options: Any) -> Trace:
    """Return a line with gaps where nothing is known, and a dot where one known day stands alone."""
    return scatter(x=days.days, y=nones(values), mode="lines+markers", connectgaps=False,
                   hoverinfo="skip", line={"color": colour, "width": width},
                   marker={"color": colour, "size": np.where(_alone(values), 5, 0).tolist(), "opacity": 1},
                   **options)


def tile_lines(daily: Columns, platform: str, window: Span) -> dict[str, list[float]]:
    """Return the series behind a platform's tiles, by tile, each as `spark_values` gives it.

    Parameters
    ----------
    daily : DataFrame
        ``platform``, ``day``, ``total`` and ``gain``; one row a platform and day.
    platform : str
    window : Span

    Returns
    -------
    dict of str to list of float
        ``total``: the window's totals; ``last_week_gain``: the gains of its last 7 days; ``momentum``: those of its
        last 35 days; ``acceleration``, ``stability`` and ``last_day_gain``: those of the window; ``share``: percent of
        all platforms' gains, day by day.
    """
    start, end = _span(window)
    first = min(start, end - MOMENTUM_DAYS + 1)
    numbers, gains = _numbers(daily["day"]), np.asarray(daily["gain"], dtype=np.float64)
    inside, at = (numbers >= first) & (numbers <= end), numbers - first
    own = inside & (np.asarray(daily["platform"]) == platform)
    total, gain = np.full((2, end - first + 1), np.nan)
    total[at[own]] = np.asarray(daily["total"], dtype=np.float64)[own]
    gain[at[own]] = gains[own]
    known = inside & ~np.isnan(gains)
    every = np.bincount(at[known], gains[known], end - first + 1)[start - first:]
    recent, gain = gain[-MOMENTUM_DAYS:], gain[start - first:]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(every > 0, np.clip(gain / every * 100, 0, 100), np.nan)
    line = spark_values(gain)
    return {"total": spark_values(total[start - first:]), "last_week_gain": spark_values(gain[-MEAN_DAYS:]),
            "momentum": spark_values(recent), "acceleration": line, "stability": line, "last_day_gain": line,
            "share": spark_values(share)}


def spark_values(values: Sequence[float | None] | Floats) -> list[float]:
    """Return the points of a tile's tiny line: at most `SPARK_POINTS`, longer series averaged.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        One value a day; NaN or None is unknown.

    Returns
    -------
    list of float
        Means of neighbouring known values, NaN where none of them is known; empty with fewer than two known values,
        which are no line.
    """
    numbers = np.array(values, dtype=np.float64)
    known = ~np.isnan(numbers)
    if np.count_nonzero(known) < 2:
        return []
    points = min(SPARK_POINTS, numbers.size)
    size, longer = divmod(numbers.size, points)
    starts = np.arange(points) * size + np.minimum(np.arange(points), longer)
    with np.errstate(invalid="ignore"):
        means = np.add.reduceat(np.where(known, numbers, 0.0), starts) / np.add.reduceat(known.astype(float), starts)
    return means.tolist()
