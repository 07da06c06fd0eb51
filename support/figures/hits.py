"""Figures of a hit prediction: the score with its interval, what adds and what takes, the track over time, calibration.

Colour never stands alone: what adds lies right of (or above) the line in blue, what takes left of (or below) it in
orange with stripes, and every number carries its sign.
"""

from __future__ import annotations

import math
import textwrap
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from support.figures.axes import (
    GREY,
    GRID_COLOUR,
    TRANSPARENT,
    Figure,
    Trace,
    apart,
    bar,
    fade,
    note,
    plain_layout,
    scatter,
)
from support.figures.patterns import ACCENT

ADDS, TAKES = "#1c7ed6", "#c2570c"
"""Blue and orange, told apart with any colour vision; at least 3:1 on white and on the dark theme."""
STRIPES = "/"
SCORE_HEIGHT = 120
ROW_PIXELS, LINE_PIXELS = 22, 15
"""Of a row with one line of text, and of each further line."""
NAME_COLUMNS = 20
"""Characters of a name on one line, beside the bars at 390 px."""
PANEL_HEIGHTS = {"wave": 90, "mel": 150, "curve": 150}
PANEL_AIR = 26
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300)
"""Seconds between ticks."""
MEL_TICKS = ((0.3, "1 kHz"), (0.705, "4 kHz"), (1.0, "11 kHz"))
"""Heights in a picture of mel bands up to 11,025 Hz, after Slaney's scale: 1 kHz is mel 15 of 49.9, 4 kHz is 35.2."""


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign; 0 without."""
    said = f"{abs(value):.{digits}f}"
    return said if float(said) == 0 else f"{'+' if value > 0 else '−'}{said}"


def clock(seconds: float) -> str:
    """Return a place in a track: ``1:05``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


# score ------------------------------------------------------------------------------------------------------------


def score_figure(score: float, low: float, high: float, *, labels: Mapping[str, str]) -> Figure:
    """Draw a score on a track from 0 to 100 with its interval as a band.

    Parameters
    ----------
    score, low, high : float
        0 to 100.
    labels : mapping of str to str
        ``hover`` (with ``{score}``, ``{low}``, ``{high}``), ``less`` and ``more``: what the ends mean.

    Raises
    ------
    ValueError
        If a number is outside 0 to 100, or the interval does not hold the score.
    """
    if not 0 <= low <= score <= high <= 100:
        raise ValueError(f"the score {score:g} with {low:g} to {high:g} is no score with interval from 0 to 100")
    said = escape(labels["hover"].format(score=f"{score:.0f}", low=f"{low:.0f}", high=f"{high:.0f}"))
    data = [_lying([100.0], [0.0], GRID_COLOUR, 0.5), _lying([max(high - low, 0.6)], [low], fade(ACCENT, 0.45), 0.5),
            # above the track, where it does not hide a narrow interval
            scatter(x=[score], y=[0.38], mode="markers", hovertext=[said], hovertemplate="%{hovertext}<extra></extra>",
                    marker={"symbol": "triangle-down", "size": 16, "color": ACCENT}, cliponaxis=False),
            scatter(x=[score, score], y=[-0.25, 0.25], mode="lines", hoverinfo="skip",
                    line={"color": ACCENT, "width": 3}, cliponaxis=False)]
    layout = plain_layout(SCORE_HEIGHT)
    ends = [note(labels[name], x=place, y=1, yref="paper", xanchor=anchor, yanchor="bottom", font={"size": 12})
            for name, place, anchor in (("less", 0, "left"), ("more", 100, "right"))]
    return {"data": data, "layout": layout | {
        "barmode": "overlay", "hovermode": "closest", "annotations": ends,
        "margin": {"l": 14, "r": 18, "t": 34, "b": 34},
        "xaxis": {"range": [0, 100], "tickvals": [0, 25, 50, 75, 100], "fixedrange": True, "showgrid": False,
                  "zeroline": False, "automargin": True},
        "yaxis": {"visible": False, "range": [-0.5, 0.5], "fixedrange": True}}}


def _lying(width: list[float], base: list[float], colour: str, height: float) -> Trace:
    return bar(orientation="h", x=width, base=base, y=[0] * len(width), width=height, hoverinfo="skip",
               marker={"color": colour, "line": {"width": 0}})


# what adds and what takes -----------------------------------------------------------------------------------------


def shares_figure(shares: Sequence[tuple[str, float]], *, labels: Mapping[str, str]) -> Figure:
    """Draw log-odds as bars to the right (adds) and to the left (takes), from top to bottom as they come.

    Parameters
    ----------
    shares : sequence of (str, float)
        Names in words and log-odds, at least one.
    labels : mapping of str to str
        ``axis``: what the bars count; ``adds`` and ``takes``: hover, with ``{name}`` and ``{value}``.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a share is not finite.
    """
    if not shares or not all(math.isfinite(value) for _, value in shares):
        raise ValueError(f"{len(shares)} shares, finite ones are drawn: {dict(shares)}")
    names = [_wrapped(name) for name, _ in shares]
    values = [value for _, value in shares]
    rows = list(range(0, -len(shares), -1))
    said = [escape(labels["takes" if value < 0 else "adds"].format(name=name, value=signed(value)))
            for name, value in shares]
    # room beside the longest bar for its number
    reach = max(max(abs(value) for value in values), 0.05)
    low, high = min(0.0, *values), max(0.0, *values)
    ends = [low - (0.42 if low < 0 else 0.05) * reach, high + (0.42 if high > 0 else 0.05) * reach]
    height = sum(ROW_PIXELS + LINE_PIXELS * name.count("<br>") + 6 for name in names) + 56
    layout = plain_layout(height)
    trace = bar(orientation="h", x=values, y=rows, text=[signed(value) for value in values], textposition="outside",
                textfont={"size": 12}, cliponaxis=False, textangle=0, width=0.62, hovertext=said,
                hovertemplate="%{hovertext}<extra></extra>", marker=_ways(values))
    return {"data": [trace], "layout": layout | {
        "hovermode": "closest", "margin": layout["margin"] | {"t": 6},
        "xaxis": apart({"range": ends, "nticks": 5, "fixedrange": True, "gridcolor": GRID_COLOUR, "zeroline": True,
                        "zerolinecolor": GREY, "zerolinewidth": 1, "automargin": True,
                        "title": {"text": escape(labels["axis"]), "font": {"size": 12}}}),
        "yaxis": {"tickvals": rows, "ticktext": names, "range": [rows[-1] - 0.5, 0.5], "automargin": True,
                  "fixedrange": True, "showgrid": False, "zeroline": False}}}


def _ways(values: Sequence[float]) -> dict[str, Any]:
    """Return the marker of bars that add or take."""
    return {"color": [TAKES if value < 0 else ADDS for value in values], "line": {"width": 0},
            "pattern": {"shape": [STRIPES if value < 0 else "" for value in values], "fgcolor": "#ffffff",
                        "fillmode": "overlay", "size": 6, "solidity": 0.25}}


def _wrapped(name: str) -> str:
    return "<br>".join(map(escape, textwrap.wrap(name, NAME_COLUMNS) or [""]))


# over time --------------------------------------------------------------------------------------------------------


def time_figure(seconds: float, *, waveform: Sequence[tuple[float, float]], picture: bytes | None,
                span: tuple[float, float] | None, occlusion: Sequence[tuple[float, float, float]],
                labels: Mapping[str, str]) -> Figure | None:
    """Draw waveform, mel spectrogram and what each stretch adds, one above the other over the same seconds.

    Parameters
    ----------
    seconds : float
        Of the whole track.
    waveform : sequence of (float, float)
        Smallest and largest sample of equal stretches of the whole track; may be empty.
    picture : bytes or None
        PNG of the mel spectrogram of the seconds of `span`, low bands below.
    span : (float, float) or None
        None: the whole track.
    occlusion : sequence of (float, float, float)
        Start, end, and what the log-odds gain by these seconds; may be empty.
    labels : mapping of str to str
        ``wave``, ``mel``, ``curve``: headings; ``adds`` and ``takes``: hover, with ``{start}``, ``{end}``, ``{value}``.

    Returns
    -------
    Figure or None
        Panels of what there is; None where there is nothing or no length.
    """
    panels = [name for name, there in (("wave", waveform), ("mel", picture), ("curve", occlusion)) if there]
    if not panels or seconds <= 0:
        return None
    height = sum(PANEL_HEIGHTS[name] + PANEL_AIR for name in panels) + 24
    layout = plain_layout(height) | {"hovermode": "closest", "barmode": "overlay", "bargap": 0,
                                     "margin": {"l": 46, "r": 10, "t": PANEL_AIR, "b": 24}}
    inner = height - PANEL_AIR - 24
    top, data, notes = 1.0, [], []
    for place, name in enumerate(panels, 1):
        number = "" if place == 1 else str(place)
        bottom = max(0.0, top - PANEL_HEIGHTS[name] / inner)
        axis, traces, extra = _panel(name, f"y{number}", seconds, waveform, picture, span, occlusion, labels)
        layout[f"yaxis{number}"] = axis | {"domain": [bottom, top], "anchor": "x", "fixedrange": True}
        layout |= extra
        data += traces
        notes.append(note(labels[name], xref="paper", yref="paper", x=0, xanchor="left", y=top, yanchor="bottom",
                          font={"size": 12}))
        top = bottom - PANEL_AIR / inner
    step = next((step for step in TIME_STEPS if seconds / step <= 6), TIME_STEPS[-1])
    ticks = [step * place for place in range(int(seconds // step) + 1)]
    last = "" if len(panels) == 1 else str(len(panels))
    layout["xaxis"] = {"range": [0, seconds], "tickvals": ticks, "ticktext": [clock(tick) for tick in ticks],
                       "anchor": f"y{last}", "fixedrange": True, "showgrid": True, "gridcolor": GRID_COLOUR,
                       "zeroline": False}
    return {"data": data, "layout": layout | {"annotations": notes}}


def _panel(name: str, axis: str, seconds: float, waveform: Sequence[tuple[float, float]], picture: bytes | None,
           span: tuple[float, float] | None, occlusion: Sequence[tuple[float, float, float]],
           labels: Mapping[str, str]) -> tuple[dict[str, Any], list[Trace], dict[str, Any]]:
    """Return the vertical axis, the traces and what else the layout needs of one panel."""
    if name == "wave":
        return {"visible": False, "range": [-1.05, 1.05]}, _wave(waveform, seconds, axis), {}
    if name == "mel":
        start, end = span or (0.0, seconds)
        image = {"source": f"data:image/png;base64,{b64encode(picture or b'').decode()}", "xref": "x", "yref": axis,
                 "x": start, "y": 1, "sizex": end - start, "sizey": 1, "sizing": "stretch", "layer": "below"}
        # a picture alone gives a panel no axis: one unseen point does
        held = scatter(x=[0], y=[0], mode="markers", marker={"color": TRANSPARENT}, hoverinfo="skip", yaxis=axis)
        ticks = {"tickvals": [height for height, _ in MEL_TICKS], "ticktext": [said for _, said in MEL_TICKS]}
        return {"range": [0, 1], "showgrid": False, "zeroline": False, "tickfont": {"size": 10}} | ticks, [held], {
            "images": [image]}
    changes = [change for _, _, change in occlusion]
    reach = max(*map(abs, changes), 0.01)
    # both ways are on the figure, also where all bars go one way
    ends = [min(*changes, -0.25 * reach) - 0.1 * reach, max(*changes, 0.25 * reach) + 0.1 * reach]
    return ({"range": ends, "nticks": 5, "gridcolor": GRID_COLOUR, "zeroline": True, "zerolinecolor": GREY,
             "tickfont": {"size": 10}}, [_curve(occlusion, axis, labels)], {})


def _wave(waveform: Sequence[tuple[float, float]], seconds: float, axis: str) -> list[Trace]:
    loudest = max((max(abs(low), abs(high)) for low, high in waveform), default=0.0) or 1.0
    places = [round(seconds * (place + 0.5) / len(waveform), 3) for place in range(len(waveform))]
    line = {"color": ACCENT, "width": 0.6}
    return [scatter(x=places, y=[round(low / loudest, 3) for low, _ in waveform], mode="lines", line=line,
                    hoverinfo="skip", yaxis=axis),
            scatter(x=places, y=[round(high / loudest, 3) for _, high in waveform], mode="lines", line=line,
                    fill="tonexty", fillcolor=fade(ACCENT, 0.55), hoverinfo="skip", yaxis=axis)]


def _curve(occlusion: Sequence[tuple[float, float, float]], axis: str, labels: Mapping[str, str]) -> Trace:
    """Return a bar a stretch; stretches that overlap stand as wide as their steps."""
    starts = [start for start, _, _ in occlusion]
    steps = [later - start for start, later in zip(starts, starts[1:], strict=False)]
    widths = [min(end - start, steps[min(place, len(steps) - 1)]) if steps else end - start
              for place, (start, end, _) in enumerate(occlusion)]
    values = [change for _, _, change in occlusion]
    said = [escape(labels["takes" if change < 0 else "adds"].format(start=clock(start), end=clock(end),
                                                                    value=signed(change)))
            for start, end, change in occlusion]
    return bar(x=[(start + end) / 2 for start, end, _ in occlusion], y=values, width=[0.92 * width for width in widths],
               yaxis=axis, hovertext=said, hovertemplate="%{hovertext}<extra></extra>", marker=_ways(values))


# calibration ------------------------------------------------------------------------------------------------------


def calibration_figure(points: Sequence[Mapping[str, float]], *, labels: Mapping[str, str]) -> Figure | None:
    """Draw what share was observed against the probability that was said; on the dashed line both are the same.

    Parameters
    ----------
    points : sequence of mapping
        ``predicted`` and ``observed`` (0 to 1) and ``n`` tracks.
    labels : mapping of str to str
        ``predicted``, ``observed``: axes; ``hover`` with ``{predicted}``, ``{observed}``, ``{n}``.

    Returns
    -------
    Figure or None
        None without points.
    """
    if not points:
        return None
    x, y = [float(each["predicted"]) for each in points], [float(each["observed"]) for each in points]
    most = max(float(each["n"]) for each in points) or 1.0
    said = [escape(labels["hover"].format(predicted=f"{100 * one:.0f}%", observed=f"{100 * other:.0f}%",
                                          n=f"{int(each['n']):,}"))
            for one, other, each in zip(x, y, points, strict=True)]
    top = min(1.0, max(*x, *y) * 1.15 + 0.02)
    axis = {"range": [0, top], "tickformat": ".0%", "nticks": 6, "fixedrange": True, "gridcolor": GRID_COLOUR,
            "zeroline": False, "automargin": True}
    return {"data": [
        scatter(x=[0, top], y=[0, top], mode="lines", line={"color": GREY, "dash": "dash", "width": 1.5},
                hoverinfo="skip"),
        scatter(x=x, y=y, mode="lines+markers", line={"color": ACCENT, "width": 2}, hovertext=said,
                hovertemplate="%{hovertext}<extra></extra>", cliponaxis=False,
                marker={"color": ACCENT, "size": [7 + 9 * math.sqrt(float(each["n"]) / most) for each in points]})],
        "layout": plain_layout(300) | {
            "hovermode": "closest", "margin": {"l": 4, "r": 12, "t": 10, "b": 4},
            "xaxis": axis | {"title": {"text": escape(labels["predicted"]), "font": {"size": 12}}},
            "yaxis": axis | {"title": {"text": escape(labels["observed"]), "font": {"size": 12}}}}}
