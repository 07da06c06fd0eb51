"""Several artists' series of one platform side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from textwrap import wrap

import numpy as np

from locales import format_number
from support.figures.axes import (
    GRID_COLOUR,
    WRAP_COLUMNS,
    Figure,
    Floats,
    Span,
    Trace,
    colour_of,
    count_axis,
    decades,
    from_zero,
    page_layout,
    scatter,
    tight,
)
from support.figures.days import ByDay, Columns, by_day, line_trace, nones

LINE_STYLES = (("#1c7ed6", "solid"), ("#d6336c", "dash"), ("#b07d00", "dot"), ("#0c8599", "longdash"),
               ("#7c5cf0", "dashdot"))
"""Colour and dash of the lines of a comparison, the first one's first: told apart without colour as well, and with a
contrast of at least 3:1 on white and on the dark theme."""


def compare_figure(lines: Mapping[str, Columns | None], platform: str, *, lang: str, labels: Mapping[str, str],
                   window: Span, view: str = "total", log: bool = False, indexed: bool = False) -> Figure:
    """Draw one platform's totals or gains of several artists, a line each.

    Parameters
    ----------
    lines : mapping of str to DataFrame or None
        By name, in the order of `LINE_STYLES`, at most as many; frames as `gain_figure` takes them. None is an
        artist without this platform, who keeps the style for the other platforms' figures.
    platform : str
        Key in `PLATFORM_COLOURS`: the colour of the axis.
    lang : str
        ``ko`` or ``en``, for numbers and dates.
    labels : mapping of str to str
        Texts: ``axis`` (what is drawn), ``flagged`` and ``index`` (the unit of an indexed value).
    window : Span
        Days to draw, both ends within.
    view : str
        ``total`` or ``gain``.
    log : bool
        Logarithmic scale; values of 0 and below cannot be drawn then.
    indexed : bool
        Divide each line by its first known value above 0 in the window, times 100. A line without one is empty.

    Returns
    -------
    Figure
        One panel. The hover box names every artist of a day with the value, indexed and as it was read, and why the
        day is flagged.

    Raises
    ------
    ValueError
        If the platform is unknown, there are more lines than styles, or a frame has two rows for one day.
    """
    colour = colour_of(platform)
    if len(lines) > len(LINE_STYLES):
        raise ValueError(f"{len(lines)} lines; at most {len(LINE_STYLES)} can be told apart")
    drawn = [_compared(name, frame, window, view, indexed, style)
             for (name, frame), style in zip(lines.items(), LINE_STYLES, strict=False) if frame is not None]
    known = np.concatenate([line.line for line in drawn]) if drawn else np.array([])
    low, high = decades(known) if log else from_zero(known) if view == "gain" else tight(known)
    data = [*map(_compared_trace, drawn), *_compared_flags(drawn, labels["flagged"], low, high),
            *_compared_hover(drawn, lang, labels["index"] if indexed else None, low, high)]
    layout = page_layout(lang, {"total": labels["axis"]}, window)
    axis = count_axis(lang, low, high, [0.0, 1.0], log=log)
    return {"data": data, "layout": layout | {
        "yaxis": axis | {"showline": True, "linecolor": colour, "linewidth": 3},
        "xaxis": layout["xaxis"] | {"anchor": "y"},
        "legend": layout["legend"] | {"x": 0, "xanchor": "left", "y": -0.12, "yanchor": "top"}}}


@dataclass(frozen=True, slots=True)
class Days:
    """A closed interval of days."""

    start: date
    end: date


def common_span(spans: Sequence[Span], days: int | None) -> Days:
    """Return the last `days` days up to the latest end, not before the earliest start; with None, all from there."""
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return Days(max(start, end - timedelta(days=days - 1)) if days else start, end)





@dataclass(frozen=True, slots=True)
class _Compared:
    """One artist's line: its days, what is drawn of them, and how."""

    name: str
    days: ByDay
    read: Floats
    """Values as they were read, also those that are not part of the line."""
    shown: Floats
    """The same, indexed where asked for."""
    line: Floats
    """Those of `shown` that belong to the line."""
    style: tuple[str, str]


def _compared(name: str, frame: Columns, window: Span, view: str, indexed: bool,
              style: tuple[str, str]) -> _Compared:
    days = by_day(frame, window)
    read = days.total if view == "total" else days.gain
    line = np.where(days.in_total, read, np.nan) if view == "total" else read
    if not indexed:
        return _Compared(name, days, read, read, line, style)
    above = line[line > 0]
    base = float(above[0]) if above.size else math.nan
    return _Compared(name, days, read, read / base * 100, line / base * 100, style)


def _compared_trace(line: _Compared) -> Trace:
    colour, dash = line.style
    trace = line_trace(line.days, line.line, colour, 2.5, name=escape(line.name))
    return trace | {"line": trace["line"] | {"dash": dash}}


def _compared_flags(lines: Sequence[_Compared], name: str, low: float, high: float) -> list[Trace]:
    """Return hollow markers on the flagged days, one entry in the legend for all lines."""
    traces: list[Trace] = []
    for line in lines:
        values = np.where(line.days.flagged, line.shown, np.nan)
        if np.isnan(values).all():
            continue
        symbols = np.where(values > high, "triangle-up-open", "circle-open")
        symbols = np.where(values < low, "triangle-down-open", symbols)
        marker = {"color": line.style[0], "size": 8, "line": {"width": 2}, "symbol": symbols.tolist()}
        traces.append(scatter(x=line.days.days, y=nones(np.clip(values, low, high)), mode="markers", name=name,
                                 cliponaxis=False, hoverinfo="skip", marker=marker, showlegend=not traces,
                                 legendgroup="flagged"))
    return traces


def _compared_hover(lines: Sequence[_Compared], lang: str, unit: str | None, low: float,
                    high: float) -> list[Trace]:
    """Return one unseen point a day with a line of text for each artist."""
    if not lines:
        return []
    shown = np.vstack([line.shown for line in lines])
    known = ~np.isnan(shown)
    place = np.where(known.any(axis=0), np.clip(np.where(known, shown, -np.inf).max(axis=0), low, high), np.nan)
    days = lines[0].days.days
    texts = ["<br>".join(_compared_text(line, at, lang, unit) for line in lines if not math.isnan(line.shown[at]))
             for at in range(len(days))]
    return [scatter(x=days, y=nones(place), mode="markers", name="hover", showlegend=False,
                       marker={"color": GRID_COLOUR, "opacity": 0}, hovertext=texts,
                       hovertemplate="%{hovertext}<extra></extra>")]


def _compared_text(line: _Compared, at: int, lang: str, unit: str | None) -> str:
    value = format_number(lang, float(line.read[at]))
    if unit is not None:
        value = f"{unit} {format_number(lang, float(line.shown[at]), 1)} ({value})"
    reasons = wrap(line.days.reasons[at], WRAP_COLUMNS.get(lang, WRAP_COLUMNS["en"]))
    head = f'<span style="color:{line.style[0]}">\u25a0</span> {escape(line.name)}: {value}'
    return "<br>".join([head, *(f"   {escape(reason)}" for reason in reasons)])


