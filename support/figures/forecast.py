"""What may come: readings and, behind them, the forecast as a fan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from locales import format_number
from support.figures.axes import (
    GREY,
    Bools,
    Dates,
    Figure,
    Floats,
    Trace,
    apart,
    below,
    colour_of,
    count_axis,
    date_of,
    day_texts,
    decades,
    fade,
    from_zero,
    hover_points,
    note,
    page_layout,
    scatter,
    tight,
)
from support.figures.compare import Days
from support.figures.days import nones

FAN_HEIGHT = 400
"""Pixels: 340 of them for the plot and three rows of legend on a phone."""
BAND_OPACITIES = (0.5, 0.3, 0.15)
"""Of the intervals, the narrowest first: three can be told apart on white and on the dark theme."""
EARLY = 0.45
"""Share of the width up to which the end of the readings is too near to the heading for its own name."""
MAX_REACH = 1.5
"""Spans of everything else that an outer band or a far target may add to the axis; beyond, it runs off the edge."""


@dataclass(frozen=True, slots=True)
class History:
    """Readings up to the last one.

    Attributes
    ----------
    days : ndarray of datetime64[D], shape (d,)
        In order.
    values : ndarray of float, shape (d,)
        Totals or gains; NaN where unknown.
    flagged : ndarray of bool, shape (d,), optional
        Days out of the ordinary.
    """

    days: Dates
    values: Floats
    flagged: Bools | None = None


@dataclass(frozen=True, slots=True)
class Fan:
    """A forecast with its intervals.

    Attributes
    ----------
    days : ndarray of datetime64[D], shape (h,)
        From the day after the last reading.
    middle : ndarray of float, shape (h,)
        The forecast itself.
    bands : mapping of float to (ndarray, ndarray)
        Lower and upper bounds, shape (h,) each, by the share of outcomes between them, such as 0.5, 0.8, 0.95;
        each within the next, at most three.
    """

    days: Dates
    middle: Floats
    bands: Mapping[float, tuple[Floats, Floats]]


Line = tuple[Dates, Floats]


def fan_figure(history: History, forecast: Fan | None, platform: str, *, what: str, lang: str,
               labels: Mapping[str, str], line: Floats | None = None, past: Sequence[Line] = (),
               target: float | None = None, log: bool = False) -> Figure:
    """Draw readings and, behind them, the forecast with its nested intervals.

    Parameters
    ----------
    history : History
        What to show of the past.
    forecast : Fan, optional
        None draws the readings alone.
    platform : str
        Key in `PLATFORM_COLOURS`.
    what : str
        ``total``: the fan opens from the last reading, and the axis is tight around the values. ``gain``: the axis
        starts at 0.
    lang : str
        ``ko`` or ``en``, for numbers and dates.
    labels : mapping of str to str
        Texts: ``axis`` (what is drawn), ``history``, ``forecast``, ``band`` (with ``{percent}``), ``end`` (the line
        where the readings end), ``line``, ``past``, ``flagged`` and ``target``, the last four where they are drawn.
    line : ndarray of float, shape (h,), optional
        Straight line on the level over the days of the forecast, for comparison.
    past : sequence of (days, values)
        Earlier forecasts, in order of their first day.
    target : float, optional
        Value of a milestone. One too far up for the axis is named at its edge.
    log : bool
        Logarithmic scale; values of 0 and below cannot be drawn then.

    Returns
    -------
    Figure
        One panel with one hover box a day. A flagged reading, an outer interval or a straight line that is far away
        from all else runs off the axis, and the hover box has its numbers.

    Raises
    ------
    ValueError
        If the platform or `what` is unknown, or there are more than three intervals.
    """
    colour = colour_of(platform)
    if what not in ("total", "gain"):
        raise ValueError(f"what is {what!r}; total and gain are accepted")
    if forecast is not None and len(forecast.bands) > len(BAND_OPACITIES):
        raise ValueError(f"{len(forecast.bands)} intervals; at most {len(BAND_OPACITIES)} can be told apart")
    low, high = _fan_range(history, forecast, line, past, target, what, log)
    opened = _from_reading(history, forecast, line) if what == "total" else (forecast, line)
    data = [*_band_traces(opened[0], colour, labels, low), *_past_traces(past, labels),
            *_history_traces(history, colour, what, labels), *_flag_traces(history, colour, low, high, labels),
            *_forecast_traces(*opened, colour, labels),
            _fan_hover(history, forecast, line, past, lang, labels, low, high)]
    return {"data": data, "layout": _fan_layout(history, forecast, target, low, high, log, lang, labels)}


# range ------------------------------------------------------------------------------------------------------------


def _fan_range(history: History, forecast: Fan | None, line: Floats | None, past: Sequence[Line],
               target: float | None, what: str, log: bool) -> tuple[float, float]:
    """Return an axis around everything, as far as what is far away allows."""
    usual = history.values if history.flagged is None else np.where(history.flagged, np.nan, history.values)
    # where nothing is ordinary, what there is decides
    inner = [history.values if np.isnan(usual).all() else usual, *(values for _, values in past)]
    outer = [np.empty(0) if line is None else line]
    if forecast is not None:
        levels = sorted(forecast.bands)
        inner += [forecast.middle, *(bound for level in levels[:2] for bound in forecast.bands[level])]
        outer += [bound for level in levels[2:] for bound in forecast.bands[level]]
    frame = decades if log else from_zero if what == "gain" else tight
    known = np.concatenate(inner)
    known = known[known > 0] if log else known[~np.isnan(known)]
    low, high = (float(known.min()), float(known.max())) if known.size else frame(known)
    least, most = _reach(low, high, log)
    ends = [np.array([low, high]), *(np.clip(each[~np.isnan(each)], least, most) for each in outer)]
    if target is not None and least <= target <= most:
        ends.append(np.array([target]))
    return frame(np.concatenate(ends))


def _reach(low: float, high: float, log: bool) -> tuple[float, float]:
    """Return how far what is far away may move the ends of a range."""
    if log:
        factor = max((high / low) ** MAX_REACH, 10.0)
        return low / factor, high * factor
    span = max((high - low) * MAX_REACH, 1.0)
    return low - span, high + span


# traces -----------------------------------------------------------------------------------------------------------


def _from_reading(history: History, forecast: Fan | None, line: Floats | None) -> tuple[Fan | None, Floats | None]:
    """Return forecast and line begun at the last reading: a total goes on from where it is."""
    known = np.flatnonzero(~np.isnan(history.values))
    if forecast is None or not known.size:
        return forecast, line
    last, value = history.days[known[-1]], [history.values[known[-1]]]

    def begun(values: Floats) -> Floats:
        return np.concatenate([value, values])

    bands = {level: (begun(low), begun(high)) for level, (low, high) in forecast.bands.items()}
    return (Fan(np.concatenate([[last], forecast.days]), begun(forecast.middle), bands),
            None if line is None else begun(line))


def _band_traces(forecast: Fan | None, colour: str, labels: Mapping[str, str], bottom: float) -> list[Trace]:
    """Return each interval less the one within it, so that the legend has the colours that are seen."""
    if forecast is None:
        return []
    traces, inner = [], (forecast.middle, forecast.middle)
    for level, opacity in zip(sorted(forecast.bands), BAND_OPACITIES, strict=False):
        # a bound of 0 has no place on a logarithmic axis: the band goes to the axis' lower end
        low, high = (np.maximum(bound, min(bottom, 0.0) or bottom) for bound in forecast.bands[level])
        upper, lower = _strip(forecast.days, inner[1], high), _strip(forecast.days, low, inner[0])
        traces.append(scatter(x=[*upper[0], None, *lower[0]], y=[*upper[1], None, *lower[1]], mode="lines",
                              fill="toself", hoverinfo="skip", line={"width": 0}, fillcolor=fade(colour, opacity),
                              legendrank=1000 + level, name=escape(_band_name(labels, level))))
        inner = (low, high)
    return traces[::-1]


def _strip(days: Dates, low: Floats, high: Floats) -> tuple[list[str], list[float]]:
    """Return the outline of what is between two lines."""
    known = ~np.isnan(low) & ~np.isnan(high)
    texts = day_texts(days[known])
    return [*texts, *texts[::-1]], [*high[known].tolist(), *low[known][::-1].tolist()]


def _band_name(labels: Mapping[str, str], level: float) -> str:
    return labels["band"].format(percent=round(level * 100))


def _past_traces(past: Sequence[Line], labels: Mapping[str, str]) -> list[Trace]:
    """Return earlier forecasts as thin lines with one entry in the legend."""
    return [scatter(x=day_texts(days), y=nones(values), mode="lines", hoverinfo="skip", name=escape(labels["past"]),
                    legendgroup="past", showlegend=at == 0, legendrank=1020, line={"color": GREY, "width": 1})
            for at, (days, values) in enumerate(past)]


def _history_traces(history: History, colour: str, what: str, labels: Mapping[str, str]) -> list[Trace]:
    """Return the line of the readings, and dots where one stands alone and a line would not show it."""
    known = np.concatenate([[False], ~np.isnan(history.values), [False]])
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    options: dict[str, Any] = {"hoverinfo": "skip", "name": escape(labels["history"])}
    traces = [scatter(x=day_texts(history.days), y=nones(history.values), mode="lines", connectgaps=False,
                      line={"color": colour, "width": 2.5 if what == "total" else 1.5}, legendrank=998, **options)]
    if alone.any():
        traces.append(scatter(x=day_texts(history.days[alone]), y=nones(history.values[alone]), mode="markers",
                              showlegend=False, marker={"color": colour, "size": 5}, **options))
    return traces


def _flag_traces(history: History, colour: str, low: float, high: float, labels: Mapping[str, str]) -> list[Trace]:
    if history.flagged is None or not history.flagged.any():
        return []
    at = history.flagged & ~np.isnan(history.values)
    values = history.values[at]
    # a reading off the scale sits on the edge as a triangle: its number is in the hover text
    symbols = np.where(values > high, "triangle-up-open", np.where(values < low, "triangle-down-open", "circle-open"))
    return [scatter(x=day_texts(history.days[at]), y=nones(np.clip(values, low, high)), mode="markers",
                    hoverinfo="skip", name=escape(labels["flagged"]), legendrank=1030, cliponaxis=False,
                    marker={"color": colour, "size": 8, "line": {"width": 2}, "symbol": symbols.tolist()})]


def _forecast_traces(forecast: Fan | None, line: Floats | None, colour: str, labels: Mapping[str, str]) -> list[Trace]:
    if forecast is None:
        return []
    days = day_texts(forecast.days)
    traces = [scatter(x=days, y=nones(forecast.middle), mode="lines", hoverinfo="skip", legendrank=999,
                      name=escape(labels["forecast"]), line={"color": colour, "width": 2.5, "dash": "dash"})]
    if line is not None:
        traces.append(scatter(x=days, y=nones(line), mode="lines", hoverinfo="skip", legendrank=1010,
                              name=escape(labels["line"]), line={"color": GREY, "width": 2, "dash": "dot"}))
    return traces


# hover box --------------------------------------------------------------------------------------------------------


def _fan_hover(history: History, forecast: Fan | None, line: Floats | None, past: Sequence[Line], lang: str,
               labels: Mapping[str, str], low: float, high: float) -> Trace:
    """Return one unseen point a day, in the middle of what that day has."""
    lines: dict[np.datetime64, list[str]] = {}
    height: dict[np.datetime64, float] = {}

    def say(day: np.datetime64, name: str, value: float) -> None:
        if not math.isnan(value):
            height.setdefault(day, value)
            lines.setdefault(day, []).append(f"{name}: {format_number(lang, value)}")

    for at, day in enumerate(history.days):
        say(day, labels["history"], float(history.values[at]))
        if history.flagged is not None and history.flagged[at] and day in lines:
            lines[day].append(labels["flagged"])
    for at, day in enumerate([] if forecast is None else forecast.days):
        _say_forecast(say, lines, forecast, at, day, lang, labels)
        if line is not None:
            say(day, labels["line"], float(line[at]))
    for day, value in _latest_of(past).items():
        if day in height:
            say(day, labels["past"], value)
    days = sorted(lines)
    places = np.clip(np.array([height[day] for day in days], dtype=np.float64), low, high)
    return hover_points(day_texts(np.array(days, dtype="datetime64[D]")), nones(places),
                        ["<br>".join(map(escape, lines[day])) for day in days])


def _say_forecast(say: Any, lines: dict[np.datetime64, list[str]], forecast: Fan | None, at: int, day: np.datetime64,
                  lang: str, labels: Mapping[str, str]) -> None:
    """Say the forecast of a day and each interval, the narrowest first."""
    if forecast is None or math.isnan(forecast.middle[at]):
        return
    say(day, labels["forecast"], float(forecast.middle[at]))
    for level in sorted(forecast.bands):
        ends = " – ".join(format_number(lang, float(bound[at])) for bound in forecast.bands[level])
        # the name of the interval would make the box too wide for a phone
        lines[day].append(f"{round(level * 100)}%: {ends}")


def _latest_of(past: Sequence[Line]) -> dict[np.datetime64, float]:
    """Return what the latest of the earlier forecasts said of each day."""
    return {day: float(value) for days, values in past for day, value in zip(days, values, strict=True)}


# layout -----------------------------------------------------------------------------------------------------------


def _fan_layout(history: History, forecast: Fan | None, target: float | None, low: float, high: float, log: bool,
                lang: str, labels: Mapping[str, str]) -> dict[str, Any]:
    days = history.days if forecast is None else np.concatenate([history.days, forecast.days])
    first, last = (date_of(day) for day in (days.min(), days.max()))
    layout = page_layout(lang, {"total": labels["axis"]}, Days(first, last))
    known = np.flatnonzero(~np.isnan(history.values))
    shapes: list[dict[str, Any]] = []
    side: dict[str, Any] = {"xref": "paper", "x": 0.01}
    if forecast is not None and known.size:
        end = history.days[known[-1]]
        share = float((end - days.min()) / max(days.max() - days.min(), np.timedelta64(1, "D")))
        shapes.append(_rule(x0=str(end), x1=str(end), xref="x", y0=0, y1=1, yref="paper"))
        layout["annotations"].append(_end_note(labels["end"], str(end), share))
        if share < EARLY:
            side = {"xref": "x", "x": str(end), "xshift": 4}
    if target is not None:
        shapes += _target(layout["annotations"], target, low, high, log, labels["target"], side)
    return layout | {
        "height": FAN_HEIGHT, "shapes": shapes, "yaxis": count_axis(lang, low, high, [0.0, 1.0], log=log),
        "xaxis": apart(layout["xaxis"]) | {"anchor": "y"}, "legend": below(layout["legend"])}


def _end_note(text: str, day: str, share: float) -> dict[str, Any]:
    """Return the name of the line where the readings end: above it, or beside its foot where the heading is near."""
    place: dict[str, Any] = {"xref": "x", "yref": "paper", "x": day, "font": {"size": 11}, "yanchor": "bottom"}
    if share < EARLY:
        return note(text, **place, y=0.01, xanchor="left", xshift=2)
    return note(text, **place, y=1.01, xanchor="right" if share > 0.7 else "center")


def _rule(**place: Any) -> dict[str, Any]:
    return {"type": "line", "line": {"color": GREY, "width": 1}, **place}


def _target(notes: list[dict[str, Any]], target: float, low: float, high: float, log: bool,
            text: str, side: dict[str, Any]) -> list[dict[str, Any]]:
    """Add the name of a target to `notes` and return its line; without one where it is off the axis."""
    place: dict[str, Any] = side | {"xanchor": "left", "font": {"size": 11}}
    if not low <= target <= high:
        up = target > high
        notes.append(note(("↑ " if up else "↓ ") + text, **place, yref="paper", y=0.99 if up else 0.01,
                          yanchor="top" if up else "bottom"))
        return []
    height = math.log10(target) if log else target
    notes.append(note(text, **place, yref="y", y=height, yanchor="bottom"))
    # a line's ends are given as values, an annotation's place on a logarithmic axis as powers of ten
    line = _rule(xref="paper", x0=0, x1=1, yref="y", y0=target, y1=target)
    return [line | {"line": {"color": GREY, "width": 1.5, "dash": "dash"}}]
