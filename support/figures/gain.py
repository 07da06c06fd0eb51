"""One platform's cumulative total above its daily gains."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from textwrap import wrap
from typing import Any

import numpy as np

from locales import format_number
from support.figures.axes import (
    WRAP_COLUMNS,
    Figure,
    Span,
    Trace,
    bar,
    colour_of,
    count_axis,
    decades,
    from_zero,
    page_layout,
    scatter,
    tight,
)
from support.figures.days import ByDay, Columns, by_day, line_trace, nones

MAX_BARS = 120
"""Days. With more, a bar is thinner than 3 px on a phone: gains become a line."""


def gain_figure(frame: Columns, platform: str, *, lang: str, labels: Mapping[str, str], window: Span,
                log: bool = False) -> Figure:
    """Draw one platform's cumulative total above its daily gains, over the days of a window.

    Parameters
    ----------
    frame : DataFrame, shape (n, >= 5)
        One row a day, in any order: ``day`` (datetime64), ``total`` and ``gain`` (float, NaN unknown),
        ``flags`` (int), ``reasons`` (str, why the day is out of the ordinary; empty where it is not). Rows
        before the window enter the 7-day mean only. Two optional columns of bool: ``in_mean``, whether the
        gain enters the mean (default: days without flags), and ``in_total``, whether the total belongs to the
        line (default: all). A total that does not is marked at the panel's edge and does not stretch the
        axis.
    platform : str
        Key in `PLATFORM_COLOURS`.
    lang : str
        ``ko`` or ``en``, for numbers and dates.
    labels : mapping of str to str
        Texts: ``total``, ``gain``, ``mean`` (the 7-day mean) and ``flagged``.
    window : Span
        Days to draw: ``start`` and ``end``, both within.
    log : bool
        Draw both panels on a logarithmic scale, the gains as a line; values of 0 and below cannot be drawn then.

    Returns
    -------
    Figure
        One x axis, two y axes (``y`` for the total, ``y2`` for the gains). A frame without rows in the window
        gives the two empty panels.

    Raises
    ------
    ValueError
        If the platform is unknown, or `frame` has two rows for one day.
    """
    colour = colour_of(platform)
    days = by_day(frame, window)
    gains = np.concatenate([days.gain, days.mean])
    bottom, top = (decades if log else tight)(days.total[days.in_total])
    low, high = decades(gains) if log else from_zero(gains)
    data = [
        _total_trace(days, colour, labels["total"]),
        _gain_trace(days, colour, labels["gain"], as_line=log),
        _mean_trace(days, colour, labels["mean"]),
        *_flagged_traces(days, colour, labels["flagged"], bottom, top),
        _hover_trace(days, colour, lang, labels, bottom, top),
    ]
    return {"data": data, "layout": page_layout(lang, labels, window) | {
        "yaxis": count_axis(lang, bottom, top, [0.52, 1.0], log=log),
        "yaxis2": count_axis(lang, low, high, [0.0, 0.40], log=log)}}


def _total_trace(days: ByDay, colour: str, name: str) -> Trace:
    values = np.where(days.in_total, days.total, np.nan)
    return line_trace(days, values, colour, 2.5, name=name, showlegend=False)


def _gain_trace(days: ByDay, colour: str, name: str, *, as_line: bool = False) -> Trace:
    # faded behind a mean, which is what the eye should follow; in full where there is no mean to follow
    opacity = 1.0 if np.isnan(days.mean).all() else 0.5
    options: dict[str, Any] = {"name": name, "yaxis": "y2", "showlegend": False, "opacity": opacity}
    if as_line or len(days.days) > MAX_BARS:
        return line_trace(days, days.gain, colour, 1.0, **options)
    return bar(x=days.days, y=nones(days.gain), hoverinfo="skip",
                  marker={"color": colour, "line": {"width": 0}}, **options)


def _mean_trace(days: ByDay, colour: str, name: str) -> Trace:
    return line_trace(days, days.mean, colour, 2.5, name=name, yaxis="y2",
                 showlegend=not bool(np.isnan(days.mean).all()))


def _flagged_traces(days: ByDay, colour: str, name: str, bottom: float, top: float) -> list[Trace]:
    """Return hollow markers on the flagged days of both panels, none when no day is flagged."""
    if not days.flagged.any():
        return []
    total, gain = (np.where(days.flagged, values, np.nan) for values in (days.total, days.gain))
    # a reading off the scale sits on the edge as a triangle: its number is in the hover text
    symbols = np.where(total > top, "triangle-up-open", "circle-open")
    symbols = np.where(total < bottom, "triangle-down-open", symbols)
    options: dict[str, Any] = {"x": days.days, "mode": "markers", "name": name, "cliponaxis": False,
                               "hoverinfo": "skip"}
    marker = {"color": colour, "size": 9, "line": {"width": 2}}
    return [
        scatter(y=nones(np.clip(total, bottom, top)), marker=marker | {"symbol": symbols.tolist()},
                   **options),
        scatter(y=nones(gain), marker=marker | {"symbol": "circle-open"}, yaxis="y2", showlegend=False,
                   **options),
    ]


def _hover_trace(days: ByDay, colour: str, lang: str, labels: Mapping[str, str], bottom: float,
                 top: float) -> Trace:
    """Return one unseen point a day with all the day has to say.

    Left to the traces, the box would mix days: where one of them has a gap, plotly takes its nearest point.
    """
    place = np.where(np.isnan(days.total), bottom, np.clip(days.total, bottom, top))
    texts = [_hover_text(days, position, lang, labels) for position in range(len(days.days))]
    return scatter(x=days.days, y=nones(np.where(days.read, place, np.nan)), mode="markers", name="hover",
                   showlegend=False, marker={"color": colour, "opacity": 0}, hovertext=texts,
                      hovertemplate="%{hovertext}<extra></extra>")


def _hover_text(days: ByDay, position: int, lang: str, labels: Mapping[str, str]) -> str:
    """Return total, gain, mean and reason of a day, each on its line when known."""
    values = {"total": days.total[position], "gain": days.gain[position], "mean": days.mean[position]}
    lines = [f"{labels[name]}: {format_number(lang, float(value))}"
             for name, value in values.items() if not np.isnan(value)]
    lines += wrap(days.reasons[position], WRAP_COLUMNS.get(lang, WRAP_COLUMNS["en"]))
    return "<br>".join(escape(line) for line in lines)


