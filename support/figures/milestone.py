"""By when a target is reached."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from locales import format_date
from support.figures.axes import (
    GREY,
    Dates,
    Figure,
    Floats,
    Trace,
    apart,
    colour_of,
    date_of,
    day_texts,
    fade,
    note,
    page_layout,
    percent_axis,
    scatter,
)
from support.figures.compare import Days

MILESTONE_MARKS = (0.1, 0.5, 0.9)
"""Probabilities whose days are written out."""
THIN = 0.12
"""Share of the height a line of text needs."""
REACHED = 0.99
"""Probability from which a target counts as reached: the axis ends there."""


def milestone_figure(days: Dates, probability: Floats, platform: str, *, lang: str,
                     labels: Mapping[str, str]) -> Figure:
    """Draw the probability that a target is reached by each day.

    Parameters
    ----------
    days : ndarray of datetime64[D], shape (n,)
        Days in order, not necessarily neighbours.
    probability : ndarray of float, shape (n,)
        From 0 to 1, never falling. NaN days are left out.
    platform : str
        Key in `PLATFORM_COLOURS`.
    lang : str
        ``ko`` or ``en``.
    labels : mapping of str to str
        Texts: ``axis``; ``by`` (hover, with ``{percent}``); ``unreached`` (what is left at the end, with ``{percent}``
        and ``{day}``).

    Returns
    -------
    Figure
        A curve with the days of 10, 50 and 90 % written out as far as they are reached. The axis ends a little after
        the target is as good as certain, or with the days.

    Raises
    ------
    ValueError
        If the platform is unknown, no day is known, a probability is outside 0 to 1, or it falls.
    """
    colour = colour_of(platform)
    days, chance = _checked(days, probability)
    days, chance = _until_certain(days, chance)
    layout = page_layout(lang, {"total": labels["axis"]}, Days(date_of(days[0]), date_of(days[-1])))
    texts = [escape(labels["by"].format(percent=_percent(each))) for each in chance]
    curve = scatter(x=day_texts(days), y=(chance * 100).tolist(), mode="lines", fill="tozeroy", showlegend=False,
                    fillcolor=fade(colour, 0.17), line={"color": colour, "width": 2.5}, hovertext=texts,
                    hovertemplate="%{hovertext}<extra></extra>", name=escape(labels["axis"]))
    marks, notes = _milestone_marks(days, chance, colour, lang)
    left, shapes = _unreached(days, chance, lang, labels)
    return {"data": [curve, marks], "layout": layout | {
        "annotations": [*layout["annotations"], *notes, *left], "shapes": shapes, "yaxis": percent_axis(0, 104, 25),
        "showlegend": False, "xaxis": apart(layout["xaxis"]) | {"anchor": "y"}}}


def _checked(days: Dates, probability: Floats) -> tuple[Dates, Floats]:
    known = ~np.isnan(probability)
    days, chance = days[known].astype("datetime64[D]"), probability[known]
    if not chance.size:
        raise ValueError("no day has a probability; at least one is needed")
    if chance.min() < 0 or chance.max() > 1:
        raise ValueError(f"probabilities go from {chance.min():g} to {chance.max():g}; 0 to 1 is accepted")
    if (np.diff(chance) < 0).any():
        at = int(np.flatnonzero(np.diff(chance) < 0)[0])
        raise ValueError(f"the probability falls after {days[at]}; by a later day it can only be as high or higher")
    return days, chance


def _until_certain(days: Dates, chance: Floats) -> tuple[Dates, Floats]:
    """Return the days until the target is as good as certain, and a tenth more."""
    certain = np.flatnonzero(chance >= REACHED)
    if not certain.size:
        return days, chance
    end = days[certain[0]] + max((days[certain[0]] - days[0]) // 10, np.timedelta64(1, "D"))
    kept = days <= end
    return days[kept], chance[kept]


def _milestone_marks(days: Dates, chance: Floats, colour: str, lang: str) -> tuple[Trace, list[dict[str, Any]]]:
    """Return points at 10, 50 and 90 % and their days; the text is where the curve is not."""
    reached = [(level, int(np.argmax(chance >= level))) for level in MILESTONE_MARKS if chance[-1] >= level]
    span = max(float((days[-1] - days[0]).astype(int)), 1.0)
    notes = []
    for level, at in reached:
        late = float((days[at] - days[0]).astype(int)) / span > 0.5
        notes.append(note(f"{level:.0%} · {format_date(lang, date_of(days[at]))}", xref="x", yref="y", x=str(days[at]),
                          y=float(chance[at]) * 100, xanchor="right" if late else "left", xshift=-5 if late else 9,
                          yshift=12 if late else -9))
    points = scatter(x=[str(days[at]) for _, at in reached], y=[float(chance[at]) * 100 for _, at in reached],
                     mode="markers",
                     hoverinfo="skip", showlegend=False, marker={"color": colour, "size": 10})
    return points, notes


def _unreached(days: Dates, chance: Floats, lang: str,
               labels: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the name and the band of the probability that is left on the last day."""
    left = 1 - float(chance[-1])
    if chance[-1] >= REACHED:
        return [], []
    text = labels["unreached"].format(percent=_percent(left), day=format_date(lang, date_of(days[-1])))
    band = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": 100 - left * 100, "y1": 100,
            "fillcolor": fade(GREY, 0.1), "line": {"width": 0}, "layer": "below"}
    return [note(text, xref="paper", yref="y", font={"size": 11}, **_free_place(days, chance, left))], [band]


def _free_place(days: Dates, chance: Floats, left: float) -> dict[str, Any]:
    """Return where the name of the rest is clear of the curve: in its band or, if that is thin, between marks."""
    if left >= THIN:
        return {"x": 0.02, "xanchor": "left", "y": 100 - left * 50}
    half = days[int(np.argmax(chance >= 0.5))]
    if (half - days[0]) * 2 > days[-1] - days[0]:
        return {"x": 0.02, "xanchor": "left", "y": 70}
    return {"x": 0.98, "xanchor": "right", "y": 30}


def _percent(share: float) -> str:
    """Return a share in percent, near the ends without rounding it to certainty."""
    if 0 < share < 0.01:
        return "<1"
    return ">99" if 0.99 < share < 1 else f"{share * 100:.0f}"
