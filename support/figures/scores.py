"""Scores of auditions: levels a criterion and judge, their shapes side by side, totals over repeats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from support.figures.axes import GRID_COLOUR, Figure, Trace, apart, bar, fade, head, note, plain_layout, scatter
from support.figures.patterns import ACCENT

SCORE_STYLES = (("#1c7ed6", "", "circle", "solid"), ("#d6336c", "/", "diamond", "dash"),
                ("#b07d00", ".", "square", "dot"), ("#0c8599", "x", "triangle-up", "longdash"),
                ("#7c5cf0", "-", "star", "dashdot"))
"""Colour, pattern of bars, marker and dash of the judges, the first one's first: told apart without colour as well,
with a contrast of at least 3:1 on white and on the dark theme, and of the white pattern on the colour."""
VERDICT_COLOURS = {"HIT": "#2b8a3e", "GOOD": "#1971c2", "SOLID": "#b07d00", "BAD": "#c92a2a"}
"""Of the bands, drawn faintly behind their words."""
TOP_LEVEL = 5
BAR_PIXELS = 13
GROUP_AIR = 13
RADAR_HEIGHT = 340
REPEATS_HEIGHT = 150

Scores = Mapping[str, Mapping[str, float | None]]


def _enough_styles(judges: Scores) -> None:
    if len(judges) > len(SCORE_STYLES):
        raise ValueError(f"{len(judges)} judges; at most {len(SCORE_STYLES)} can be told apart")


def _written(value: float) -> str:
    return f"{value:g}" if float(value).is_integer() else f"{value:.1f}"


# criteria ---------------------------------------------------------------------------------------------------------


def criteria_figure(judges: Scores, criteria: Mapping[str, str], *, labels: Mapping[str, str]) -> Figure:
    """Draw the levels of the criteria as bars to the right, grouped by criterion, a bar a judge.

    Parameters
    ----------
    judges : mapping of str to mapping
        By name, in the order of `SCORE_STYLES`, at most as many: criterion's key to level, 0 to 5. None or absent is
        not judged: no bar and no number. Level 0 has a number and no length.
    criteria : mapping of str to str
        Key to name, in the order from top to bottom.
    labels : mapping of str to str
        Texts: ``axis`` (what the bars count) and ``level`` (hover, with ``{judge}``, ``{criterion}``, ``{level}``);
        ``absent`` (with ``{criterion}``): of a criterion nobody has judged, written in place of its bars.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are more judges than styles, or a level is outside 0 to 5.
    """
    _enough_styles(judges)
    keys = list(criteria)
    rows = [-place for place in range(len(keys))]  # from top to bottom
    width = 0.78 / max(len(judges), 1)
    data = [_level_bars(name, levels, keys, rows, (0.39 - width * (place + 0.5)), width, criteria, labels, style)
            for place, ((name, levels), style) in enumerate(zip(judges.items(), SCORE_STYLES, strict=False))]
    nobody = [row for key, row in zip(keys, rows, strict=True)
              if all(levels.get(key) is None for levels in judges.values())]
    room = _legend_room(len(judges))
    layout = plain_layout(len(keys) * (BAR_PIXELS * max(len(judges), 1) + GROUP_AIR) + room + 40)
    return {"data": data, "layout": layout | {
        "barmode": "overlay", "hovermode": "closest", "showlegend": len(judges) > 1, "legend": _legend(),
        "margin": layout["margin"] | {"t": room},
        "annotations": [note(labels["absent"], x=0.08, y=row, xanchor="left", xref="x", yref="y", font={"size": 11})
                        for row in nobody],
        "xaxis": apart({"range": [0, TOP_LEVEL + 0.45], "tickvals": list(range(TOP_LEVEL + 1)), "fixedrange": True,
                        "gridcolor": GRID_COLOUR, "zeroline": True, "zerolinecolor": GRID_COLOUR, "automargin": True,
                        "title": {"text": escape(labels["axis"]), "font": {"size": 12}}}),
        "yaxis": {"tickvals": rows, "ticktext": [_wrapped(criteria[key]) for key in keys], "automargin": True,
                  "range": [-len(keys) + 0.5, 0.5], "fixedrange": True, "showgrid": False, "zeroline": False}}}


def _level_bars(judge: str, levels: Mapping[str, float | None], keys: Sequence[str], rows: Sequence[int], shift: float,
                width: float, criteria: Mapping[str, str], labels: Mapping[str, str],
                style: tuple[str, str, str, str]) -> Trace:
    known = [(key, row, level) for key, row in zip(keys, rows, strict=True)
             if (level := levels.get(key)) is not None]
    for key, _, level in known:
        if not 0 <= level <= TOP_LEVEL:
            raise ValueError(f"the level of {key} is {level:g}; 0 to {TOP_LEVEL} is accepted")
    colour, pattern, _, _ = style
    said = [escape(labels["level"].format(judge=judge, criterion=criteria[key], level=_written(level)))
            for key, _, level in known]
    return bar(orientation="h", name=escape(judge), x=[level for _, _, level in known],
               y=[row + shift for _, row, _ in known], width=width * 0.94, text=[_written(each[2]) for each in known],
               textposition="outside", textfont={"size": 11}, cliponaxis=False, textangle=0,
               marker={"color": colour, "line": {"width": 0},
                       "pattern": {"shape": pattern, "fgcolor": "#ffffff", "fillmode": "overlay", "size": 7,
                                   "solidity": 0.3}},
               hovertext=said, hovertemplate="%{hovertext}<extra></extra>")


def _wrapped(name: str, columns: int = 14) -> str:
    """Return a name on two lines where it is long: at 390 px the bars need the room."""
    words, lines = name.split(" "), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > columns:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(map(escape, lines))


def _legend_room(entries: int) -> int:
    """Return the pixels above a figure for its legend, two entries a line at 390 px."""
    return 12 if entries < 2 else 20 + 20 * -(-entries // 2)


def _legend() -> dict[str, Any]:
    return {"orientation": "h", "x": 0, "xanchor": "left", "xref": "container", "y": 1, "yanchor": "top",
            "yref": "container", "itemclick": False, "itemdoubleclick": False, "traceorder": "normal"}


# shape ------------------------------------------------------------------------------------------------------------


def radar_figure(judges: Scores, axes: Mapping[str, str], *, top: float, labels: Mapping[str, str],
                 unit: str = "") -> Figure | None:
    """Draw the judges' scores as closed lines around a centre.

    Parameters
    ----------
    judges : mapping of str to mapping
        By name, at most five: axis' key to value from 0 to `top`; None or absent is not judged.
    axes : mapping of str to str
        Key to name, clockwise from the top: the three groups, or the nine criteria.
    top : float
        Value at the rim.
    labels : mapping of str to str
        ``level``: hover, with ``{judge}``, ``{criterion}`` and ``{level}``.
    unit : str
        Written after a value.

    Returns
    -------
    Figure or None
        An axis that not every judge with a score has judged is left out: a line across it would show a value nobody
        gave. None where fewer than three axes or no judge are left.

    Raises
    ------
    ValueError
        If there are more judges than styles, or a value is outside 0 to `top`.
    """
    _enough_styles(judges)
    scored = {name: values for name, values in judges.items() if any(each is not None for each in values.values())}
    kept = {key: name for key, name in axes.items()
            if scored and all(values.get(key) is not None for values in scored.values())}
    if len(kept) < 3:
        return None
    data = [_outline(name, [float(judges[name][key] or 0) for key in kept], kept, top, labels["level"], unit, style)
            for name, style in zip(judges, SCORE_STYLES, strict=False) if name in scored]
    room = _legend_room(len(data))
    layout = plain_layout(RADAR_HEIGHT - 56 + room)
    step = 1 if top <= TOP_LEVEL else 25
    return {"data": data, "layout": layout | {
        "showlegend": len(data) > 1, "legend": _legend(), "margin": {"l": 84, "r": 84, "t": room + 8, "b": 34},
        "polar": {"bgcolor": "rgba(0, 0, 0, 0)", "gridshape": "linear",
                  "angularaxis": {"direction": "clockwise", "rotation": 90, "gridcolor": GRID_COLOUR,
                                  "linecolor": GRID_COLOUR, "type": "category", "tickfont": {"size": 11}},
                  # upright on the first axis; the rim has no text, which would run into the axis' name
                  "radialaxis": {"range": [0, top], "tickvals": [step * place for place in range(1, int(top / step))],
                                 "tickfont": {"size": 10}, "gridcolor": GRID_COLOUR, "linecolor": GRID_COLOUR,
                                 "angle": 90, "tickangle": 90, "ticksuffix": unit}}}}


def _outline(judge: str, values: list[float], axes: Mapping[str, str], top: float, said: str, unit: str,
             style: tuple[str, str, str, str]) -> Trace:
    for key, value in zip(axes, values, strict=True):
        if not 0 <= value <= top:
            raise ValueError(f"the value of {key} is {value:g}; 0 to {top:g} is accepted")
    colour, _, symbol, dash = style
    names = [_wrapped(name, 12) for name in axes.values()]
    texts = [escape(said.format(judge=judge, criterion=name, level=_written(value) + unit))
             for name, value in zip(axes.values(), values, strict=True)]
    return {"type": "scatterpolar", "name": escape(judge), "r": [*values, values[0]], "theta": [*names, names[0]],
            "mode": "lines+markers", "line": {"color": colour, "dash": dash, "width": 2},
            "marker": {"symbol": symbol, "size": 8, "color": colour}, "fill": "toself",
            "fillcolor": fade(colour, 0.08), "hovertext": [*texts, texts[0]],
            "hovertemplate": "%{hovertext}<extra></extra>", "cliponaxis": False}


# repeats ----------------------------------------------------------------------------------------------------------


def repeats_figure(totals: Sequence[float], mean: float, error: float, bounds: Sequence[tuple[float, str]], *,
                   top: float, labels: Mapping[str, str]) -> Figure:
    """Draw the totals of the repeats as points, their mean with its error bar, and the verdicts as bands behind.

    Parameters
    ----------
    totals : sequence of float
        On the scale from 0 to `top`, in the order of the repeats.
    mean, error : float
        Mean, and half width of its interval; NaN: no error bar. The bar ends at 0 and at `top`, where totals do; the
        hover box has the true width.
    bounds : sequence of (float, str)
        Least total and word of each verdict, in any order; the words are not translated.
    top : float
    labels : mapping of str to str
        Texts: ``axis``, ``repeat`` (with ``{number}`` and ``{total}``), ``mean`` (with ``{mean}`` and ``{error}``) and
        ``mean_only`` (with ``{mean}``).

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is no total, or one is outside 0 to `top`.
    """
    if not totals:
        raise ValueError("there is no total to draw; at least one is needed")
    for total in totals:
        if not 0 <= total <= top:
            raise ValueError(f"a total is {total:g}; 0 to {top:g} is accepted")
    rising = sorted(bounds)
    ends = [*(least for least, _ in rising[1:]), top]
    bands = [(least, end, word) for (least, word), end in zip(rising, ends, strict=True)]
    return {"data": [_repeat_points(totals, labels["repeat"]), _mean(mean, error, top, labels)],
            "layout": plain_layout(REPEATS_HEIGHT) | {
        "hovermode": "closest", "shapes": [_band(*band) for band in bands],
        "annotations": [head(labels["axis"]), *(_band_note(*band) for band in bands)],
        "xaxis": apart({"range": [0, top], "tickvals": [0, *(least for least, _ in rising[1:]), top],
                        "fixedrange": True, "showgrid": False, "zeroline": False, "tickangle": 0}),
        "yaxis": {"range": [0, 1], "visible": False, "fixedrange": True},
        "margin": {"l": 12, "r": 16, "t": 28, "b": 24}}}


def _repeat_points(totals: Sequence[float], said: str) -> Trace:
    # equal totals are drawn above each other: hidden behind one another they would look like one
    seen: dict[float, int] = {}
    heights = []
    for total in totals:
        heights.append(min(0.56 + 0.12 * seen.get(total, 0), 0.95))
        seen[total] = seen.get(total, 0) + 1
    return scatter(x=list(totals), y=heights, mode="markers", name="repeats", showlegend=False, cliponaxis=False,
                   marker={"symbol": "circle-open", "size": 10, "color": ACCENT, "line": {"width": 2}},
                   hovertext=[escape(said.format(number=place, total=_written(total)))
                              for place, total in enumerate(totals, 1)],
                   hovertemplate="%{hovertext}<extra></extra>")


def _mean(mean: float, error: float, top: float, labels: Mapping[str, str]) -> Trace:
    if math.isnan(error):
        said, bars = labels["mean_only"].format(mean=f"{mean:.1f}"), {}
    else:
        said = labels["mean"].format(mean=f"{mean:.1f}", error=f"{error:.1f}")
        bars = {"error_x": {"type": "data", "symmetric": False, "array": [min(error, top - mean)],
                            "arrayminus": [min(error, mean)], "color": ACCENT, "thickness": 2.5, "width": 8}}
    return scatter(x=[mean], y=[0.36], mode="markers", name="mean", showlegend=False, cliponaxis=False,
                   marker={"symbol": "diamond", "size": 13, "color": ACCENT}, hovertext=[escape(said)],
                   hovertemplate="%{hovertext}<extra></extra>") | bars


def _band(least: float, end: float, word: str) -> dict[str, Any]:
    return {"type": "rect", "xref": "x", "yref": "paper", "x0": least, "x1": end, "y0": 0, "y1": 1, "layer": "below",
            "fillcolor": fade(VERDICT_COLOURS[word], 0.18), "line": {"color": GRID_COLOUR, "width": 1}}


def _band_note(least: float, end: float, word: str) -> dict[str, Any]:
    return note(word, xref="x", yref="paper", x=(least + end) / 2, y=0.02, yanchor="bottom", font={"size": 11})
