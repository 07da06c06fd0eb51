"""What a series' days have in common: correlation between platforms, who moves first, the weekdays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from locales import format_number
from support.figures.axes import (
    GREY,
    GRID_COLOUR,
    Figure,
    Floats,
    bar,
    colour_of,
    fade,
    head,
    hover_points,
    mix,
    note,
    percent_axis,
    plain_layout,
    scatter,
    text_on,
)
from support.figures.days import nones

ACCENT = "#7c5cf0"
"""Of what belongs to no single platform; at least 3:1 on white and on the dark theme."""
DIVERGING = ("#1f5fa8", "#f2f0f5", "#b3261e")
"""Colours of -1, 0 and 1. Blue and red, which are told apart with any colour vision."""
SIGNIFICANT = 0.05
"""p below which a correlation is written in bold."""
CELL_HEIGHT = 84
"""Pixels, for two lines of text and some air."""
LAG_STEP = 7
"""Days between the ticks of the lags: one week."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Keys of the weekdays' names, in the order of a profile."""

Square = Sequence[Sequence[str]]


# correlation ------------------------------------------------------------------------------------------------------


def correlation_figure(names: Sequence[str], values: Floats, counts: NDArray[Any], p: Floats, *, lang: str,
                       labels: Mapping[str, str], reasons: Square | None = None) -> Figure:
    """Draw the correlations between platforms as a heat map.

    Parameters
    ----------
    names : sequence of str, length k
        As shown.
    values : ndarray of float, shape (k, k)
        Correlations, NaN where absent. The diagonal is not looked at.
    counts : ndarray of int, shape (k, k)
        Paired days.
    p : ndarray of float, shape (k, k)
        NaN where absent. Below 0.05 the correlation is in bold.
    lang : str
        ``ko`` or ``en``.
    labels : mapping of str to str
        Texts: ``axis`` (what is drawn), ``r``, ``n`` and ``p`` (names of these numbers), ``absent``.
    reasons : sequence of sequence of str, shape (k, k), optional
        Why a correlation is absent; for the hover box, in place of ``absent``.

    Returns
    -------
    Figure
        Cells with correlation and days, grey with a dash where absent, the diagonal empty.

    Raises
    ------
    ValueError
        If an array has another shape than the names, or a value is outside -1 to 1.
    """
    size = len(names)
    if {np.shape(values), np.shape(counts), np.shape(p)} != {(size, size)}:
        raise ValueError(f"{size} names with {np.shape(values)} values, {np.shape(counts)} counts and {np.shape(p)} p; "
                         f"({size}, {size}) is accepted")
    if np.nanmax(np.abs(values), initial=0) > 1 + 1e-9:
        raise ValueError(f"a correlation is {np.nanmax(np.abs(values)):g} in size; at most 1 is accepted")
    cells = [(row, column) for row in range(size) for column in range(size) if row != column]
    shown = np.where(np.eye(size, dtype=bool), np.nan, values)
    texts = [["" if row == column else _pair_text(names, values, counts, p, row, column, lang, labels, reasons)
              for column in range(size)] for row in range(size)]
    heat = {"type": "heatmap", "z": [nones(row) for row in shown], "x": list(range(size)), "y": list(range(size)),
            "zmin": -1, "zmax": 1, "xgap": 2, "ygap": 2, "showscale": False, "hovertext": texts,
            "hovertemplate": "%{hovertext}<extra></extra>", "hoverongaps": False,
            "colorscale": [[at / 2, colour] for at, colour in enumerate(DIVERGING)]}
    ticks = {"tickvals": list(range(size)), "ticktext": [escape(name) for name in names], "showgrid": False,
             "zeroline": False, "fixedrange": True, "automargin": True, "range": [-0.5, size - 0.5]}
    layout = plain_layout(40 + CELL_HEIGHT * size)
    absent = [cell for cell in cells if math.isnan(values[cell])]
    # a point of their own, since the gaps of the heat map would have the diagonal speak as well
    why = hover_points([column for _, column in absent], [float(row) for row, _ in absent],
                       [texts[row][column] for row, column in absent])
    return {"data": [heat, why | {"marker": why["marker"] | {"size": CELL_HEIGHT / 2}}], "layout": layout | {
        "annotations": [head(labels["axis"]), *(_cell_note(values, counts, p, *cell, lang, labels) for cell in cells)],
        "shapes": [_empty_cell(*cell) for cell in absent],
        "xaxis": ticks | {"tickangle": 0}, "yaxis": ticks | {"range": [size - 0.5, -0.5], "tickangle": 0}}}


def _cell_note(values: Floats, counts: NDArray[Any], p: Floats, row: int, column: int, lang: str,
               labels: Mapping[str, str]) -> dict[str, Any]:
    place = {"x": column, "y": row, "xref": "x", "yref": "y", "showarrow": False}
    value = float(values[row, column])
    days = f"{escape(labels['n'])} = {format_number(lang, float(counts[row, column]))}"
    if math.isnan(value):
        return place | {"text": f"–<br>{days}"}
    number = f"<b>{value:+.2f}</b>" if p[row, column] < SIGNIFICANT else f"{value:+.2f}"
    # the cell decides the text's colour: it is light or dark whatever the theme
    return place | {"text": f"{number}<br>{days}", "font": {"color": text_on(cell_colour(value))}}


def cell_colour(value: float) -> str:
    """Return the colour of the cell of a correlation from -1 to 1, ``#rrggbb``, as plotly mixes it."""
    return mix(DIVERGING[1], DIVERGING[0] if value < 0 else DIVERGING[2], abs(value))


def _empty_cell(row: int, column: int) -> dict[str, Any]:
    return {"type": "rect", "x0": column - 0.49, "x1": column + 0.49, "y0": row - 0.49, "y1": row + 0.49,
            "xref": "x", "yref": "y", "layer": "below", "fillcolor": fade(GREY, 0.15),
            "line": {"color": GREY, "width": 1, "dash": "dot"}}


def _pair_text(names: Sequence[str], values: Floats, counts: NDArray[Any], p: Floats, row: int, column: int, lang: str,
               labels: Mapping[str, str], reasons: Square | None) -> str:
    lines = [f"{names[row]} × {names[column]}"]
    if math.isnan(values[row, column]):
        lines.append((reasons[row][column] if reasons else "") or labels["absent"])
    else:
        lines.append(f"{labels['r']} = {values[row, column]:+.2f}")
    lines.append(f"{labels['n']} = {format_number(lang, float(counts[row, column]))}")
    if not math.isnan(p[row, column]):
        lines.append(f"{labels['p']} {_p_text(float(p[row, column]))}")
    return "<br>".join(map(escape, lines))


def _p_text(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


# lead and lag -----------------------------------------------------------------------------------------------------


def lag_figure(lags: NDArray[np.int64], correlations: Floats, threshold: float | Floats, best: int | None, *,
               names: tuple[str, str], labels: Mapping[str, str]) -> Figure:
    """Draw the correlation of two platforms with one of them looked at days later.

    Parameters
    ----------
    lags : ndarray of int, shape (l,)
        Days; at a positive one the first platform leads.
    correlations : ndarray of float, shape (l,)
        NaN where absent.
    threshold : float or ndarray of float, shape (l,)
        Size from which a correlation is significant.
    best : int, optional
        The lag to point out.
    names : (str, str)
        The platforms, as shown.
    labels : mapping of str to str
        Texts: ``axis`` (what is drawn); ``leads`` (with ``{name}``); ``ahead`` (hover, with ``{name}`` and ``{days}``);
        ``same_day``; ``r``; ``band`` (the significance band); ``lag`` (name of the horizontal axis).

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the arrays differ in length, or `best` is not among the lags.
    """
    if lags.shape != correlations.shape:
        raise ValueError(f"{lags.size} lags and {correlations.size} correlations; as many are needed")
    if best is not None and best not in lags:
        raise ValueError(f"best is {best}; the lags go from {lags.min()} to {lags.max()}")
    limit = np.broadcast_to(np.asarray(threshold, dtype=np.float64), lags.shape)
    first, second = (escape(labels["leads"].format(name=name)) for name in names)
    bars = bar(x=lags.tolist(), y=nones(correlations), name=escape(labels["axis"]), showlegend=False,
               hovertext=[_lag_text(int(lag), float(r), names, labels)
                          for lag, r in zip(lags, correlations, strict=True)],
               hovertemplate="%{hovertext}<extra></extra>",
               marker={"color": [ACCENT if lag == best else fade(GREY, 0.75) for lag in lags], "line": {"width": 0}})
    corner = {"xref": "paper", "yref": "paper", "y": 0, "yshift": -27, "yanchor": "top", "showarrow": False}
    layout = plain_layout(300)
    return {"data": [_significance(lags, limit, labels["band"]), bars], "layout": layout | {
        "annotations": [head(labels["axis"]), corner | {"x": 0, "xanchor": "left", "text": f"← {second}"},
                        corner | {"x": 1, "xanchor": "right", "text": f"{first} →"},
                        *_best_note(lags, correlations, best, names, labels)],
        "margin": layout["margin"] | {"b": 56}, "bargap": 0.2, "hovermode": "x", "showlegend": True,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.01, "yanchor": "bottom",
                   "itemclick": False, "itemdoubleclick": False},
        "xaxis": _lag_axis(lags), "yaxis": _r_axis(correlations, limit)}}


def _lag_axis(lags: NDArray[np.int64]) -> dict[str, Any]:
    low, high = int(lags.min()), int(lags.max())
    values = list(range(-(-low // LAG_STEP) * LAG_STEP, high + 1, LAG_STEP))
    return {"range": [low - 0.6, high + 0.6], "tickvals": values, "tickangle": 0, "showgrid": False, "zeroline": False,
            "ticktext": [f"{value:+d}" if value else "0" for value in values], "fixedrange": True, "hoverformat": "+d"}


def _r_axis(correlations: Floats, limit: Floats) -> dict[str, Any]:
    known = np.abs(np.concatenate([correlations, limit]))
    reach = min(1.0, max(0.22, float(np.nanmax(known, initial=0.0)) * 1.25))
    step = 0.1 if reach <= 0.3 else 0.2 if reach <= 0.6 else 0.5
    values = [round(at * step, 1) for at in range(-int(reach / step), int(reach / step) + 1)]
    return {"range": [-reach, reach], "tickvals": values, "ticktext": [f"{value:+.1f}" if value else "0"
            for value in values], "gridcolor": GRID_COLOUR, "zeroline": True, "zerolinecolor": GREY, "zerolinewidth": 1,
            "automargin": True, "fixedrange": True}


def _significance(lags: NDArray[np.int64], limit: Floats, name: str) -> dict[str, Any]:
    """Return the band of what is not significant, half a day beyond the outer bars."""
    known = ~np.isnan(limit)
    inside = limit[known]
    if not inside.size:
        return scatter(x=[], y=[], name=escape(name), showlegend=False)
    days = np.concatenate([[lags[known][0] - 0.6], lags[known], [lags[known][-1] + 0.6]])
    edge = np.concatenate([inside[:1], inside, inside[-1:]])
    return scatter(x=[*days.tolist(), *days[::-1].tolist()], y=[*edge.tolist(), *(-edge[::-1]).tolist()], mode="lines",
                   fill="toself", fillcolor=fade(GREY, 0.18), hoverinfo="skip", name=escape(name),
                   line={"color": GREY, "width": 1, "dash": "dot"})


def _best_note(lags: NDArray[np.int64], correlations: Floats, best: int | None, names: tuple[str, str],
               labels: Mapping[str, str]) -> list[dict[str, Any]]:
    if best is None:
        return []
    r = float(correlations[np.flatnonzero(lags == best)[0]])
    span = max(float(lags.max() - lags.min()), 1.0)
    share = float(best - lags.min()) / span
    return [note(_lag_words(best, names, labels), xref="x", yref="y", x=best, y=r, font={"size": 12},
                 yanchor="bottom" if r >= 0 else "top",
                 xanchor="left" if share < 0.25 else "right" if share > 0.75 else "center")]


def _lag_words(lag: int, names: tuple[str, str], labels: Mapping[str, str]) -> str:
    if lag == 0:
        return labels["same_day"]
    return labels["ahead"].format(name=names[0 if lag > 0 else 1], days=abs(lag))


def _lag_text(lag: int, r: float, names: tuple[str, str], labels: Mapping[str, str]) -> str:
    number = "–" if math.isnan(r) else f"{r:+.2f}"
    return f"{escape(_lag_words(lag, names, labels))}<br>{escape(labels['r'])} = {number}"


# weekdays ---------------------------------------------------------------------------------------------------------


def weekday_figure(profile: Floats, counts: NDArray[Any], platform: str, *, lang: str,
                   labels: Mapping[str, str]) -> Figure:
    """Draw what each weekday's gain is of the mean day's, in percent.

    Parameters
    ----------
    profile : ndarray of float, shape (7,)
        Multiples of the mean day, Monday first; NaN where absent.
    counts : ndarray of int, shape (7,)
        Days behind each.
    platform : str
        Key in `PLATFORM_COLOURS`.
    lang : str
        ``ko`` or ``en``.
    labels : mapping of str to str
        Texts: ``axis`` (what is drawn), ``mon`` to ``sun`` (names), ``count`` (hover, with ``{count}``).

    Returns
    -------
    Figure
        Bars up and down from 100 %.

    Raises
    ------
    ValueError
        If the platform is unknown or there are not seven values.
    """
    colour = colour_of(platform)
    if np.shape(profile) != (7,) or np.shape(counts) != (7,):
        raise ValueError(f"{np.size(profile)} values and {np.size(counts)} counts; one a weekday is needed, 7")
    percents = profile * 100
    names = [escape(labels[day]) for day in WEEKDAYS]
    counted = [labels["count"].format(count=format_number(lang, float(count))) for count in counts]
    texts = ["–" if math.isnan(percent) else f"{percent:.0f}%" for percent in percents]
    reach = max(10.0, float(np.nanmax(np.abs(percents - 100), initial=0.0)) * 1.3)
    bars = bar(x=list(range(7)), y=nones(percents - 100), base=100, name=escape(labels["axis"]), text=texts,
               textposition="outside", textangle=0, cliponaxis=False, constraintext="none",
               hovertext=[f"{name}: {text}<br>{escape(count)}" for name, text, count in
                          zip(names, texts, counted, strict=True)],
               hovertemplate="%{hovertext}<extra></extra>",
               marker={"color": [colour if percent >= 100 else fade(colour, 0.75) for percent in percents],
                       "line": {"width": 0}})
    layout = plain_layout(260)
    # a bar that is absent has no text of its own
    absent = [note("–", x=at, y=100, xref="x", yref="y", yanchor="bottom")
              for at in np.flatnonzero(np.isnan(percents)).tolist()]
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": 100, "y1": 100,
            "line": {"color": GREY, "width": 1.5}}
    return {"data": [bars], "layout": layout | {
        "annotations": [head(labels["axis"]), *absent], "shapes": [line], "bargap": 0.35,
        "xaxis": {"range": [-0.5, 6.5], "tickvals": list(range(7)), "ticktext": names, "showgrid": False,
                  "zeroline": False, "fixedrange": True, "tickangle": 0, "automargin": True},
        "yaxis": percent_axis(100 - reach if reach < 100 else -0.12 * reach, 100 + reach, _percent_step(reach), 100)}}


def _percent_step(reach: float) -> int:
    """Return a round step that gives at most three ticks on each side of 100 %; no weekday exceeds 700 %."""
    return next((step for step in (5, 10, 20, 25, 50, 100, 200) if reach / step <= 3), 300)
