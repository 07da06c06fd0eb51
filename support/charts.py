"""Figures of daily series: a platform's total and gains over a window, several artists side by side, tiny lines.

The functions take plain frames and arrays and return plotly figures. What a flag means is not known here: the
caller says by day which readings are out of the ordinary (`reasons`) and which of them count.

Conventions
-----------
* Days are calendar days without time zone; a day without a row is a gap in the line and has no bar.
* Missing is NaN or None and is never drawn as 0.
* No template, text or background colour is set, so that the page's theme decides them; the platform colours
  and the grey of the grid are legible on white and on the dark theme.
* Tick texts come from `locales.format_compact`, since plotly's own SI prefixes mean nothing in Korean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from textwrap import wrap
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from locales import format_compact, format_number

PLATFORM_COLOURS = {"youtube": "#e53935", "spotify": "#169c46", "soundcloud": "#f26600"}
"""The platforms' own hues, darkened to a contrast of at least 3:1 on white and on #0e1117 (WCAG 1.4.11)."""
LINE_STYLES = (("#1c7ed6", "solid"), ("#d6336c", "dash"), ("#b07d00", "dot"), ("#0c8599", "longdash"),
               ("#7c5cf0", "dashdot"))
"""Colour and dash of the lines of a comparison, the first one's first: told apart without colour as well, and with a
contrast of at least 3:1 on white and on the dark theme."""
SPARK_POINTS = 60
"""Most points of a tile's tiny line, two pixels each; longer series are averaged down to it."""
GRID_COLOUR = "rgba(128, 128, 128, 0.25)"
TRANSPARENT = "rgba(0, 0, 0, 0)"

HEIGHT = 340
"""Pixels. Two panels with five ticks each still leave 20 px a tick."""
MEAN_DAYS = 7
"""Calendar days of the moving mean. One week, so that the weekday pattern drops out."""
MOMENTUM_DAYS = 35
"""Calendar days momentum looks at: its recent week and the 28 days before."""
MIN_MEAN_DAYS = 4
"""Known days out of `MEAN_DAYS` for a mean. More than half, so that no single day decides."""
MAX_BARS = 120
"""Days. With more, a bar is thinner than 3 px on a phone: gains become a line."""
TICKS = 5
"""Most steps between the ticks of an axis."""
WRAP_COLUMNS = {"ko": 20, "en": 36}
"""Characters a line of the hover box, about 240 px: it has to fit beside the finger at 390 px."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Trace = dict[str, Any]
Figure = dict[str, Any]
"""A figure as plain data in plotly's shape: building `plotly.graph_objects` checks every number, which took half of
drawing. The tests have plotly check them."""


class Span(Protocol):
    """A closed interval of days."""

    @property
    def start(self) -> date:
        """First day."""

    @property
    def end(self) -> date:
        """Last day."""


def gain_figure(frame: pd.DataFrame, platform: str, *, lang: str, labels: Mapping[str, str], window: Span,
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
    colour = _colour(platform)
    days = _by_day(frame, window)
    gains = np.concatenate([days.gain, days.mean])
    bottom, top = (_decades if log else _tight)(days.total[days.in_total])
    low, high = _decades(gains) if log else _from_zero(gains)
    data = [
        _total_trace(days, colour, labels["total"]),
        _gain_trace(days, colour, labels["gain"], as_line=log),
        _mean_trace(days, colour, labels["mean"]),
        *_flagged_traces(days, colour, labels["flagged"], bottom, top),
        _hover_trace(days, colour, lang, labels, bottom, top),
    ]
    return {"data": data, "layout": _layout(lang, labels, window) | {
        "yaxis": _count_axis(lang, bottom, top, [0.52, 1.0], log=log),
        "yaxis2": _count_axis(lang, low, high, [0.0, 0.40], log=log)}}


def compare_figure(lines: Mapping[str, pd.DataFrame | None], platform: str, *, lang: str, labels: Mapping[str, str],
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
    colour = _colour(platform)
    if len(lines) > len(LINE_STYLES):
        raise ValueError(f"{len(lines)} lines; at most {len(LINE_STYLES)} can be told apart")
    drawn = [_compared(name, frame, window, view, indexed, style)
             for (name, frame), style in zip(lines.items(), LINE_STYLES, strict=False) if frame is not None]
    known = np.concatenate([line.line for line in drawn]) if drawn else np.array([])
    low, high = _decades(known) if log else _from_zero(known) if view == "gain" else _tight(known)
    data = [*map(_compared_trace, drawn), *_compared_flags(drawn, labels["flagged"], low, high),
            *_compared_hover(drawn, lang, labels["index"] if indexed else None, low, high)]
    layout = _layout(lang, {"total": labels["axis"]}, window)
    axis = _count_axis(lang, low, high, [0.0, 1.0], log=log)
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


def tile_lines(daily: pd.DataFrame, platform: str, window: Span) -> dict[str, list[float]]:
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
    calendar = pd.date_range(window.start, window.end, freq="D")
    longer = pd.date_range(calendar[-1] - pd.Timedelta(days=MOMENTUM_DAYS - 1), calendar[-1], freq="D")
    gains = daily.pivot(index="day", columns="platform", values="gain")
    own = daily[daily["platform"] == platform].set_index("day")
    total, gain = own["total"].reindex(calendar), gains[platform].reindex(calendar)
    every = gains.sum(axis=1, min_count=1).reindex(calendar)
    series = {"total": total, "last_week_gain": gain[-MEAN_DAYS:], "momentum": gains[platform].reindex(longer),
              "acceleration": gain, "stability": gain, "last_day_gain": gain,
              "share": (gain / every.where(every > 0) * 100).clip(0, 100)}
    return {name: spark_values(values.to_numpy(np.float64)) for name, values in series.items()}


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
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if np.count_nonzero(~np.isnan(numbers)) < 2:
        return []
    sizes = np.array([part.size for part in np.array_split(np.empty(numbers.size), min(SPARK_POINTS, numbers.size))])
    starts = np.concatenate([[0], sizes.cumsum()[:-1]])
    known = ~np.isnan(numbers)
    with np.errstate(invalid="ignore"):
        means = np.add.reduceat(np.where(known, numbers, 0.0), starts) / np.add.reduceat(known.astype(float), starts)
    return means.tolist()


def _scatter(**options: Any) -> Trace:
    return {"type": "scatter", **options}


def _bar(**options: Any) -> Trace:
    return {"type": "bar", **options}


def _colour(platform: str) -> str:
    if platform not in PLATFORM_COLOURS:
        raise ValueError(f"platform is {platform!r}; known are {', '.join(PLATFORM_COLOURS)}")
    return PLATFORM_COLOURS[platform]


# Series by calendar day -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ByDay:
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
        return np.array([bool(reason) for reason in self.reasons], dtype=np.bool_)


def _by_day(frame: pd.DataFrame, window: Span) -> _ByDay:
    """Spread the rows over the window's calendar; the days before it serve the mean and are cut off."""
    rows = frame.assign(day=pd.to_datetime(frame["day"]).dt.normalize()).set_index("day").sort_index()
    if rows.index.has_duplicates:
        twice = rows.index[rows.index.duplicated()][0]
        raise ValueError(f"the frame has two rows for {twice:%Y-%m-%d}; one a day is accepted")
    calendar = pd.date_range(window.start, window.end, freq="D")
    lead = pd.Timedelta(days=MEAN_DAYS - 1)
    longer = pd.date_range(calendar[0] - lead, window.end, freq="D")
    in_mean = rows["in_mean"] if "in_mean" in rows else rows["flags"] == 0
    in_total = rows["in_total"] if "in_total" in rows else pd.Series(True, index=rows.index)
    usable = rows["gain"].where(in_mean.astype(bool)).reindex(longer)
    mean = usable.rolling(MEAN_DAYS, min_periods=MIN_MEAN_DAYS).mean().reindex(calendar)
    inside, read = rows.reindex(calendar), np.asarray(calendar.isin(rows.index), dtype=np.bool_)
    return _ByDay(
        days=[f"{day:%Y-%m-%d}" for day in calendar],
        total=inside["total"].to_numpy(np.float64), gain=inside["gain"].to_numpy(np.float64),
        # the mean would run on through a gap, as it looks back
        mean=np.where(read, mean.to_numpy(np.float64), np.nan),
        reasons=["" if pd.isna(reason) else str(reason) for reason in inside["reasons"]],
        in_total=in_total.astype(bool).reindex(calendar, fill_value=True).to_numpy(np.bool_),
        read=read,
    )


def _nones(values: Floats) -> list[float | None]:
    """Return a list with None for NaN: the one form of a gap that survives JSON everywhere."""
    return [None if math.isnan(value) else value for value in values.tolist()]


def _alone(values: Floats) -> Bools:
    """Return where a known value has no known neighbour: a line alone would not show it."""
    known = np.concatenate([[False], ~np.isnan(values), [False]])
    return known[1:-1] & ~known[:-2] & ~known[2:]


# Traces -----------------------------------------------------------------------------------------------------


def _line(days: _ByDay, values: Floats, colour: str, width: float, **options: Any) -> Trace:
    return _scatter(x=days.days, y=_nones(values), mode="lines+markers", connectgaps=False,
                      hoverinfo="skip", line={"color": colour, "width": width},
                      marker={"color": colour, "size": np.where(_alone(values), 5, 0).tolist(), "opacity": 1},
                      **options)


def _total_trace(days: _ByDay, colour: str, name: str) -> Trace:
    values = np.where(days.in_total, days.total, np.nan)
    return _line(days, values, colour, 2.5, name=name, showlegend=False)


def _gain_trace(days: _ByDay, colour: str, name: str, *, as_line: bool = False) -> Trace:
    # faded behind a mean, which is what the eye should follow; in full where there is no mean to follow
    opacity = 1.0 if np.isnan(days.mean).all() else 0.5
    options: dict[str, Any] = {"name": name, "yaxis": "y2", "showlegend": False, "opacity": opacity}
    if as_line or len(days.days) > MAX_BARS:
        return _line(days, days.gain, colour, 1.0, **options)
    return _bar(x=days.days, y=_nones(days.gain), hoverinfo="skip",
                  marker={"color": colour, "line": {"width": 0}}, **options)


def _mean_trace(days: _ByDay, colour: str, name: str) -> Trace:
    return _line(days, days.mean, colour, 2.5, name=name, yaxis="y2",
                 showlegend=not bool(np.isnan(days.mean).all()))


def _flagged_traces(days: _ByDay, colour: str, name: str, bottom: float, top: float) -> list[Trace]:
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
        _scatter(y=_nones(np.clip(total, bottom, top)), marker=marker | {"symbol": symbols.tolist()},
                   **options),
        _scatter(y=_nones(gain), marker=marker | {"symbol": "circle-open"}, yaxis="y2", showlegend=False,
                   **options),
    ]


def _hover_trace(days: _ByDay, colour: str, lang: str, labels: Mapping[str, str], bottom: float,
                 top: float) -> Trace:
    """Return one unseen point a day with all the day has to say.

    Left to the traces, the box would mix days: where one of them has a gap, plotly takes its nearest point.
    """
    place = np.where(np.isnan(days.total), bottom, np.clip(days.total, bottom, top))
    texts = [_hover_text(days, position, lang, labels) for position in range(len(days.days))]
    return _scatter(x=days.days, y=_nones(np.where(days.read, place, np.nan)), mode="markers", name="hover",
                      showlegend=False, marker={"color": colour, "opacity": 0}, hovertext=texts,
                      hovertemplate="%{hovertext}<extra></extra>")


def _hover_text(days: _ByDay, position: int, lang: str, labels: Mapping[str, str]) -> str:
    """Return total, gain, mean and reason of a day, each on its line when known."""
    values = {"total": days.total[position], "gain": days.gain[position], "mean": days.mean[position]}
    lines = [f"{labels[name]}: {format_number(lang, float(value))}"
             for name, value in values.items() if not np.isnan(value)]
    lines += wrap(days.reasons[position], WRAP_COLUMNS.get(lang, WRAP_COLUMNS["en"]))
    return "<br>".join(escape(line) for line in lines)


# Comparison --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Compared:
    """One artist's line: its days, what is drawn of them, and how."""

    name: str
    days: _ByDay
    read: Floats
    """Values as they were read, also those that are not part of the line."""
    shown: Floats
    """The same, indexed where asked for."""
    line: Floats
    """Those of `shown` that belong to the line."""
    style: tuple[str, str]


def _compared(name: str, frame: pd.DataFrame, window: Span, view: str, indexed: bool,
              style: tuple[str, str]) -> _Compared:
    days = _by_day(frame, window)
    read = days.total if view == "total" else days.gain
    line = np.where(days.in_total, read, np.nan) if view == "total" else read
    if not indexed:
        return _Compared(name, days, read, read, line, style)
    above = line[line > 0]
    base = float(above[0]) if above.size else math.nan
    return _Compared(name, days, read, read / base * 100, line / base * 100, style)


def _compared_trace(line: _Compared) -> Trace:
    colour, dash = line.style
    trace = _line(line.days, line.line, colour, 2.5, name=escape(line.name))
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
        traces.append(_scatter(x=line.days.days, y=_nones(np.clip(values, low, high)), mode="markers", name=name,
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
    return [_scatter(x=days, y=_nones(place), mode="markers", name="hover", showlegend=False,
                       marker={"color": GRID_COLOUR, "opacity": 0}, hovertext=texts,
                       hovertemplate="%{hovertext}<extra></extra>")]


def _compared_text(line: _Compared, at: int, lang: str, unit: str | None) -> str:
    value = format_number(lang, float(line.read[at]))
    if unit is not None:
        value = f"{unit} {format_number(lang, float(line.shown[at]), 1)} ({value})"
    reasons = wrap(line.days.reasons[at], WRAP_COLUMNS.get(lang, WRAP_COLUMNS["en"]))
    head = f'<span style="color:{line.style[0]}">\u25a0</span> {escape(line.name)}: {value}'
    return "<br>".join([head, *(f"   {escape(reason)}" for reason in reasons)])


# Axes -------------------------------------------------------------------------------------------------------


def _layout(lang: str, labels: Mapping[str, str], window: Span) -> dict[str, Any]:
    half = np.timedelta64(12, "h")
    # half a day on either side, or the first and the last bar are cut
    edges = [str(np.datetime64(window.start, "h") - half), str(np.datetime64(window.end, "h") + half)]
    head = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "yanchor": "bottom",
            "showarrow": False}
    return {
        "height": HEIGHT, "margin": {"l": 4, "r": 8, "t": 28, "b": 4}, "bargap": 0.15, "dragmode": False,
        "paper_bgcolor": TRANSPARENT, "plot_bgcolor": TRANSPARENT,
        # one box for both panels: they share the axis itself, not only its range
        "hovermode": "x unified", "hoversubplots": "axis",
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.01, "yanchor": "bottom",
                   "itemclick": False, "itemdoubleclick": False},
        "annotations": [head | {"text": escape(labels[name]), "y": height}
                        for name, height in (("total", 1.01), ("gain", 0.41)) if name in labels],
        "xaxis": _day_axis(lang) | {"range": edges, "anchor": "y2"} | _few_days(window),
    }


def _few_days(window: Span) -> dict[str, Any]:
    """Return a tick for each day where there are few: left to itself, the axis would write one day several times."""
    if (window.end - window.start).days >= TICKS:
        return {}
    return {"tick0": window.start.isoformat(), "dtick": 86_400_000}


def _day_axis(lang: str) -> dict[str, Any]:
    korean = lang == "ko"
    short, long = ("%-m/%-d", "%Y.%-m") if korean else ("%-d %b", "%b %Y")
    return {
        "type": "date", "nticks": TICKS, "tickangle": 0, "showgrid": False, "automargin": True,
        "fixedrange": True,
        "hoverformat": "%Y년 %-m월 %-d일" if korean else "%-d %b %Y",
        "tickformatstops": [{"dtickrange": [None, "M1"], "value": short},
                            {"dtickrange": ["M1", None], "value": long}],
    }


def _count_axis(lang: str, low: float, high: float, domain: list[float], *, log: bool = False) -> dict[str, Any]:
    values, texts = _log_ticks(lang, low, high) if log else _ticks(lang, low, high)
    ends = [math.log10(low), math.log10(high)] if log else [low, high]
    # the tick texts are made for this range: the axis keeps it, and a finger scrolls the page
    axis = {"range": ends, "domain": domain, "tickmode": "array", "tickvals": values, "ticktext": texts,
            "gridcolor": GRID_COLOUR, "zeroline": False, "automargin": True, "fixedrange": True}
    return axis | {"type": "log"} if log else axis


def _tight(values: Floats) -> tuple[float, float]:
    """Return a range just around the known values; of one value, one to either side; (0, 1) without any."""
    known = values[~np.isnan(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    pad = (high - low) * 0.06 or 1.0
    # a total is never negative, so the axis does not go below 0 for the sake of the padding
    return (low - pad if low < 0 else max(0.0, low - pad)), high + pad


def _decades(values: Floats) -> tuple[float, float]:
    """Return a range for a logarithmic axis just around the known values above 0; (1, 10) without any."""
    known = values[values > 0]
    if not known.size:
        return 1.0, 10.0
    low, high = float(known.min()), float(known.max())
    pad = max((high / low) ** 0.06, 1.02)
    return low / pad, high * pad


def _from_zero(values: Floats) -> tuple[float, float]:
    """Return a range from 0, or from a lowest value below it, to above the highest; (0, 1) without any."""
    known = values[~np.isnan(values)]
    low, high = (min(0.0, float(known.min())), max(0.0, float(known.max()))) if known.size else (0.0, 0.0)
    return (low, high + (high - low) * 0.06) if high > low else (0.0, 1.0)


def _ticks(lang: str, low: float, high: float) -> tuple[list[float], list[str]]:
    """Return round tick values within a range, and their texts.

    Short texts (1.2만, 12K) where they tell the ticks apart; on a range too narrow for them, such as
    45,120,000 to 45,180,000, the numbers in full. A step is never below 1: counts are whole.
    """
    step = max(1.0, _round_up((high - low) / TICKS))
    first, last = math.ceil(low / step), math.floor(high / step)
    values = [number * step for number in range(first, last + 1)]
    # two steps further on each side: a step of half the last digit would otherwise pass with few ticks
    around = [format_compact(lang, number * step) for number in range(first - 2, last + 3)]
    if len(set(around)) == len(around):
        return values, around[2:-2]
    return values, [format_number(lang, value) for value in values]


def _log_ticks(lang: str, low: float, high: float) -> tuple[list[float], list[str]]:
    """Return tick values for a logarithmic axis: round steps within a decade, else powers of ten and their halves."""
    if high / low < 10:
        return _ticks(lang, low, high)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]
        if len(values) <= TICKS + 2:
            break
    return values, [format_compact(lang, value) for value in values]


def _round_up(step: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= step * (1 - 1e-9))
