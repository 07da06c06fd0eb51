"""What figures share: colours, the page's look, the days' axis, ranges and round ticks of counts.

A figure is plain data in plotly's shape: building `plotly.graph_objects` checks every number, which took half of
drawing. The tests have plotly check them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from locales import format_compact, format_number

PLATFORM_COLOURS = {"youtube": "#e53935", "spotify": "#169c46", "soundcloud": "#f26600"}
"""The platforms' own hues, darkened to a contrast of at least 3:1 on white and on #0e1117 (WCAG 1.4.11)."""
GRID_COLOUR = "rgba(128, 128, 128, 0.25)"
TRANSPARENT = "rgba(0, 0, 0, 0)"
GREY = "#7d858c"
"""Of lines that belong to no platform; at least 3:1 on white and on the dark theme, as the platforms' colours."""

HEIGHT = 340
"""Pixels. Two panels with five ticks each still leave 20 px a tick."""
TICKS = 5
"""Most steps between the ticks of an axis."""
WRAP_COLUMNS = {"ko": 20, "en": 36}
"""Characters a line of the hover box, about 240 px: it has to fit beside the finger at 390 px."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Dates = NDArray[np.datetime64]
Trace = dict[str, Any]
Figure = dict[str, Any]


class Span(Protocol):
    """A closed interval of days."""

    @property
    def start(self) -> date:
        """First day."""

    @property
    def end(self) -> date:
        """Last day."""


def scatter(**options: Any) -> Trace:
    """Return a trace of lines or markers."""
    return {"type": "scatter", **options}


def bar(**options: Any) -> Trace:
    """Return a trace of bars."""
    return {"type": "bar", **options}


def colour_of(platform: str) -> str:
    """Return a platform's colour.

    Raises
    ------
    ValueError
        If the platform is unknown.
    """
    if platform not in PLATFORM_COLOURS:
        raise ValueError(f"platform is {platform!r}; known are {', '.join(PLATFORM_COLOURS)}")
    return PLATFORM_COLOURS[platform]


def fade(colour: str, opacity: float) -> str:
    """Return a colour written ``#rrggbb`` as a translucent one."""
    red, green, blue = (int(colour[at:at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def mix(one: str, other: str, share: float) -> str:
    """Return a colour between two written ``#rrggbb``, `share` of the way to the other."""
    ends = [[int(colour[at:at + 2], 16) for at in (1, 3, 5)] for colour in (one, other)]
    return "#" + "".join(f"{round(start + (end - start) * share):02x}" for start, end in zip(*ends, strict=True))


def text_on(colour: str) -> str:
    """Return black or white, whichever is legible on a colour: one of them has 4.5:1 on any.

    By the relative luminance of WCAG 2; at 0.179 both have the same contrast.
    """
    parts = (int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return "#000000" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 else "#ffffff"


def hover_points(x: list[Any], y: list[float | None], texts: list[str]) -> Trace:
    """Return one unseen point a place with all there is to say of it, as escaped text."""
    return scatter(x=x, y=y, mode="markers", name="hover", showlegend=False,
                   marker={"color": GRID_COLOUR, "opacity": 0}, hovertext=texts,
                   hovertemplate="%{hovertext}<extra></extra>")


def plain_layout(height: int) -> dict[str, Any]:
    """Return the look of a figure that has no axis of days: no background, no zoom, its legend left out."""
    return {"height": height, "margin": {"l": 4, "r": 8, "t": 28, "b": 4}, "dragmode": False, "showlegend": False,
            "paper_bgcolor": TRANSPARENT, "plot_bgcolor": TRANSPARENT}


def note(text: str, **place: Any) -> dict[str, Any]:
    """Return an annotation without arrow; its text is escaped here."""
    return {"text": escape(text), "showarrow": False} | place


def head(text: str) -> dict[str, Any]:
    """Return the annotation above the top left corner that says what is drawn."""
    return note(text, xref="paper", yref="paper", x=0, xanchor="left", y=1.01, yanchor="bottom")


def apart(axis: dict[str, Any]) -> dict[str, Any]:
    """Return a horizontal axis with its texts a little lower, clear of the other axis' lowest one."""
    return axis | {"ticks": "outside", "ticklen": 5, "tickcolor": TRANSPARENT}


def below(legend: dict[str, Any]) -> dict[str, Any]:
    """Return a legend moved under the axis, where it has the whole width for several entries."""
    return legend | {"x": 0, "xanchor": "left", "y": -0.15, "yanchor": "top"}


def day_texts(days: Dates) -> list[str]:
    """Return days as a figure takes them."""
    return np.datetime_as_string(days.astype("datetime64[D]")).tolist()


def date_of(day: np.datetime64) -> date:
    """Return a day as a date."""
    return date.fromisoformat(str(day.astype("datetime64[D]")))


def page_layout(lang: str, labels: Mapping[str, str], window: Span) -> dict[str, Any]:
    """Return the layout of one or two panels over the days of a window."""
    half = np.timedelta64(12, "h")
    # half a day on either side, or the first and the last bar are cut
    edges = [str(np.datetime64(window.start, "h") - half), str(np.datetime64(window.end, "h") + half)]
    return {
        "height": HEIGHT, "margin": {"l": 4, "r": 8, "t": 28, "b": 4}, "bargap": 0.15, "dragmode": False,
        "paper_bgcolor": TRANSPARENT, "plot_bgcolor": TRANSPARENT,
        # one box for both panels: they share the axis itself, not only its range
        "hovermode": "x unified", "hoversubplots": "axis",
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.01, "yanchor": "bottom",
                   "itemclick": False, "itemdoubleclick": False},
        "annotations": [head(labels[name]) | {"y": height}
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


def count_axis(lang: str, low: float, high: float, domain: list[float], *, log: bool = False) -> dict[str, Any]:
    """Return the axis of counts from `low` to `high`, with round ticks in the user's language."""
    values, texts = _log_ticks(lang, low, high) if log else _ticks(lang, low, high)
    ends = [math.log10(low), math.log10(high)] if log else [low, high]
    # the tick texts are made for this range: the axis keeps it, and a finger scrolls the page
    axis = {"range": ends, "domain": domain, "tickmode": "array", "tickvals": values, "ticktext": texts,
            "gridcolor": GRID_COLOUR, "zeroline": False, "automargin": True, "fixedrange": True}
    return axis | {"type": "log"} if log else axis


def percent_axis(low: float, high: float, step: int, base: int = 0) -> dict[str, Any]:
    """Return an axis of percent with ticks at `base` and every `step` from it, none below 0."""
    first = base - math.floor((base - max(low, 0.0)) / step) * step
    values = list(range(first, math.floor(high) + 1, step))
    return {"range": [low, high], "tickmode": "array", "tickvals": values,
            "ticktext": [f"{value}%" for value in values], "gridcolor": GRID_COLOUR, "zeroline": False,
            "automargin": True, "fixedrange": True}


def tight(values: Floats) -> tuple[float, float]:
    """Return a range just around the known values; of one value, one to either side; (0, 1) without any."""
    known = values[~np.isnan(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    pad = (high - low) * 0.06 or 1.0
    # a total is never negative, so the axis does not go below 0 for the sake of the padding
    return (low - pad if low < 0 else max(0.0, low - pad)), high + pad


def decades(values: Floats) -> tuple[float, float]:
    """Return a range for a logarithmic axis just around the known values above 0; (1, 10) without any."""
    known = values[values > 0]
    if not known.size:
        return 1.0, 10.0
    low, high = float(known.min()), float(known.max())
    pad = max((high / low) ** 0.06, 1.02)
    return low / pad, high * pad


def from_zero(values: Floats) -> tuple[float, float]:
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
