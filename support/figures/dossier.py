"""A song's total on one platform as a small line, and where it is expected to be later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

import numpy as np

from locales import format_date, format_number
from support.figures.axes import Figure, Trace, colour_of, count_axis, hover_points, page_layout, scatter, tight

HEIGHT = 190
"""Pixels: three of them, one a platform, fit on a phone's screen."""
TICKS = 4
"""Days written below the line, at most: a third of a page is narrow."""
AIR = timedelta(days=4)
"""Behind the last day, or the bar of the interval is cut in half."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A total on a later day, between two bounds."""

    on: date
    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Days:
    start: date
    end: date


def growth_figure(days: Sequence[date], totals: Sequence[float | None], outlook: Outlook | None, platform: str, *,
                  lang: str, labels: Mapping[str, str]) -> Figure:
    """Draw totals by day and, behind them, one later total with its interval.

    Only the end of the forecast is drawn: the dashes lead to it and claim nothing of the days between.

    Parameters
    ----------
    days, totals
        As many of each, in order; None where a total is unknown.
    outlook : Outlook, optional
        None draws the readings alone.
    platform : str
        Key in `PLATFORM_COLOURS`.
    lang : str
        ``ko`` or ``en``.
    labels : mapping of str to str
        Texts: ``total``, ``forecast`` and ``interval`` (with ``{low}`` and ``{high}``).

    Raises
    ------
    ValueError
        If there is no day, or the platform is unknown.
    """
    if not days or len(days) != len(totals):
        raise ValueError(f"{len(days)} days and {len(totals)} totals; as many of each are accepted, one at least")
    colour = colour_of(platform)
    ends = [np.nan if value is None else float(value) for value in totals]
    if outlook is not None:
        ends += [outlook.low, outlook.middle, outlook.high]
    low, high = tight(np.array(ends, dtype="float64"))
    layout = page_layout(lang, {}, _Days(days[0], outlook.on + AIR if outlook else days[-1]))
    layout["xaxis"] |= {"anchor": "y", "nticks": TICKS}
    layout |= {"height": HEIGHT, "showlegend": False, "hovermode": "closest", "hoverdistance": 60,
               "margin": {"l": 4, "r": 12, "t": 8, "b": 4}, "yaxis": count_axis(lang, low, high, [0.0, 1.0])}
    line = scatter(x=[each.isoformat() for each in days], y=list(totals), mode="lines", hoverinfo="skip",
                   line={"color": colour, "width": 2})
    return {"data": [line, *_later(days, totals, outlook, colour),
                     _hover(days, totals, outlook, lang, labels)], "layout": layout}


def _later(days: Sequence[date], totals: Sequence[float | None], outlook: Outlook | None, colour: str) -> list[Trace]:
    known = [place for place, value in enumerate(totals) if value is not None]
    if outlook is None or not known:
        return []
    dashes = scatter(x=[days[known[-1]].isoformat(), outlook.on.isoformat()], y=[totals[known[-1]], outlook.middle],
                     mode="lines", hoverinfo="skip", line={"color": colour, "width": 2, "dash": "dot"})
    bar = {"type": "data", "symmetric": False, "array": [outlook.high - outlook.middle],
           "arrayminus": [outlook.middle - outlook.low], "color": colour, "thickness": 2, "width": 5}
    end = scatter(x=[outlook.on.isoformat()], y=[outlook.middle], mode="markers", hoverinfo="skip", error_y=bar,
                  marker={"color": colour, "size": 8, "symbol": "diamond"})
    return [dashes, end]


def _hover(days: Sequence[date], totals: Sequence[float | None], outlook: Outlook | None, lang: str,
           labels: Mapping[str, str]) -> Trace:
    points = [(day, value, f"{labels['total']} {format_number(lang, value)}")
              for day, value in zip(days, totals, strict=True) if value is not None]
    if outlook is not None:
        ends = labels["interval"].format(low=format_number(lang, outlook.low), high=format_number(lang, outlook.high))
        said = f"{labels['forecast']} {format_number(lang, outlook.middle)}<br>{ends}"
        points.append((outlook.on, outlook.middle, said))
    return hover_points([day.isoformat() for day, _, _ in points], [value for _, value, _ in points],
                        [f"{escape(format_date(lang, day))}<br>{said}" for day, _, said in points])
