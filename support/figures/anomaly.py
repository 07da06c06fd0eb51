"""Daily gains with what was expected of them, and the days and levels that stand out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape
from textwrap import wrap
from typing import Any, Protocol

import numpy as np

from locales import format_number
from support.figures.axes import (
    GREY,
    WRAP_COLUMNS,
    Dates,
    Figure,
    Floats,
    Trace,
    apart,
    bar,
    below,
    colour_of,
    count_axis,
    date_of,
    day_texts,
    decades,
    from_zero,
    hover_points,
    page_layout,
    scatter,
)
from support.figures.compare import Days
from support.figures.days import nones
from support.figures.gain import MAX_BARS

MARKS = {"spike": ("#7c5cf0", "triangle-up"), "drop": ("#1c7ed6", "triangle-down"), "new_level": ("#d6336c", "diamond")}
"""Colour and symbol by kind: told apart without colour as well."""
MARK_HEIGHT = 380
"""Pixels: two rows of legend on a phone."""


class Mark(Protocol):
    """A day or run of days that stands out."""

    @property
    def kind(self) -> str:
        """A key of `MARKS`."""

    @property
    def day(self) -> date:
        """First day."""

    @property
    def last_day(self) -> date:
        """Last day."""

    @property
    def observed(self) -> float:
        """Of a new level, the mean gain per day after."""

    @property
    def expected(self) -> float:
        """Of a new level, the mean gain per day before."""


def anomaly_figure(days: Dates, gains: Floats, expected: Floats, marks: Sequence[Mark], platform: str, *, lang: str,
                   labels: Mapping[str, str], texts: Sequence[str], log: bool = False) -> Figure:
    """Draw daily gains, the expected ones, and a mark for each spike, drop and new level.

    Parameters
    ----------
    days : ndarray of datetime64[D], shape (d,)
        Consecutive calendar days.
    gains, expected : ndarray of float, shape (d,)
        NaN where unknown.
    marks : sequence of Mark
        Those that start outside the days are left out.
    platform : str
        Key in `PLATFORM_COLOURS`.
    lang : str
        ``ko`` or ``en``.
    labels : mapping of str to str
        Texts: ``axis`` (what is drawn), ``gain``, ``expected``, ``spike``, ``drop``, ``new_level``.
    texts : sequence of str
        What the hover box says of each mark, on each of its days (of a new level, on the first).
    log : bool
        Logarithmic scale, gains as a line; values of 0 and below cannot be drawn then.

    Returns
    -------
    Figure
        One panel, one hover box a day. A new level is two lines: the old one over the two weeks before, the new one
        until the next or the end.

    Raises
    ------
    ValueError
        If the platform or a kind is unknown, or lengths differ.
    """
    colour = colour_of(platform)
    if not len(days) == len(gains) == len(expected) or len(marks) != len(texts):
        raise ValueError(f"{len(days)} days, {len(gains)} gains, {len(expected)} expected; {len(marks)} marks, "
                         f"{len(texts)} texts; as many of each are needed")
    unknown = sorted({mark.kind for mark in marks} - set(MARKS))
    if unknown:
        raise ValueError(f"kind is {unknown[0]!r}; known are {', '.join(MARKS)}")
    first, last = date_of(days[0]), date_of(days[-1])
    kept = [(mark, text) for mark, text in zip(marks, texts, strict=True) if first <= mark.day <= last]
    steps = np.array([level for mark, _ in kept if mark.kind == "new_level"
                      for level in (mark.observed, mark.expected)])
    low, high = (decades if log else from_zero)(np.concatenate([gains, expected, steps]))
    layout = page_layout(lang, {"total": labels["axis"]}, Days(first, last))
    data = [_gains(days, gains, colour, labels, log), _expected(days, expected, labels),
            *_levels([mark for mark, _ in kept], last), *_marks(days, gains, [mark for mark, _ in kept], labels, low),
            _hover(days, gains, expected, kept, lang, labels, low, high)]
    return {"data": data, "layout": layout | {
        "height": MARK_HEIGHT, "yaxis": count_axis(lang, low, high, [0.0, 1.0], log=log),
        "xaxis": apart(layout["xaxis"]) | {"anchor": "y"}, "legend": below(layout["legend"])}}


def _gains(days: Dates, gains: Floats, colour: str, labels: Mapping[str, str], log: bool) -> Trace:
    options: dict[str, Any] = {"x": day_texts(days), "y": nones(gains), "name": escape(labels["gain"]),
                               "hoverinfo": "skip"}
    if log or len(days) > MAX_BARS:
        return scatter(mode="lines", line={"color": colour, "width": 1.5}, connectgaps=False, **options)
    return bar(marker={"color": colour, "line": {"width": 0}}, opacity=0.75, **options)


def _expected(days: Dates, expected: Floats, labels: Mapping[str, str]) -> Trace:
    return scatter(x=day_texts(days), y=nones(expected), mode="lines", connectgaps=False, hoverinfo="skip",
                   name=escape(labels["expected"]), line={"color": GREY, "width": 2, "dash": "dot"})


def _levels(marks: Sequence[Mark], end: date) -> list[Trace]:
    """Return the old and the new level of each step as short lines, without an entry in the legend."""
    colour = MARKS["new_level"][0]
    steps = sorted((mark for mark in marks if mark.kind == "new_level"), key=lambda mark: mark.day)
    traces = []
    for at, mark in enumerate(steps):
        until = steps[at + 1].day - timedelta(days=1) if at + 1 < len(steps) else end
        before = mark.day - timedelta(days=14)
        traces += [scatter(x=[str(start), str(stop)], y=[level, level], mode="lines", hoverinfo="skip",
                           showlegend=False, line={"color": colour, "width": 2, "dash": dash})
                   for start, stop, level, dash in (
                       (before, mark.day - timedelta(days=1), mark.expected, "dash"),
                       (mark.day, min(until, mark.last_day), mark.observed, "solid"))]
    return traces


def _marks(days: Dates, gains: Floats, marks: Sequence[Mark], labels: Mapping[str, str], low: float) -> list[Trace]:
    """Return a trace of symbols for each kind there is, on each known day of a spike or drop."""
    traces = []
    for kind, (colour, symbol) in MARKS.items():
        own = [mark for mark in marks if mark.kind == kind]
        if not own:
            continue
        places = np.unique(np.concatenate([_places(days, mark) for mark in own]))
        heights = np.where(np.isnan(gains[places]), low, np.maximum(gains[places], low))
        traces.append(scatter(x=day_texts(days[places]), y=nones(heights), mode="markers", hoverinfo="skip",
                              name=escape(labels[kind]), cliponaxis=False,
                              marker={"color": colour, "symbol": symbol, "size": 11}))
    return traces


def _places(days: Dates, mark: Mark) -> Any:
    """Return the positions of a mark's days; of a new level, the first day's."""
    last = mark.day if mark.kind == "new_level" else mark.last_day
    return np.flatnonzero((days >= np.datetime64(mark.day)) & (days <= np.datetime64(last)))


def _hover(days: Dates, gains: Floats, expected: Floats, marks: Sequence[tuple[Mark, str]], lang: str,
           labels: Mapping[str, str], low: float, high: float) -> Trace:
    said: dict[int, list[str]] = {}
    for mark, text in marks:
        lines = [labels[mark.kind], *wrap(text, WRAP_COLUMNS.get(lang, WRAP_COLUMNS["en"]))]
        for place in _places(days, mark).tolist():
            said.setdefault(place, []).extend(lines)
    texts = []
    for at in range(len(days)):
        values = ((labels["gain"], float(gains[at])), (labels["expected"], float(expected[at])))
        lines = [f"{name}: {format_number(lang, value)}" for name, value in values if not math.isnan(value)]
        texts.append("<br>".join(map(escape, [*lines, *said.get(at, [])])))
    places = np.clip(np.where(np.isnan(gains), np.where(np.isnan(expected), low, expected), gains), low, high)
    shown = [place if text else None for place, text in zip(places.tolist(), texts, strict=True)]
    return hover_points(day_texts(days), shown, texts)
