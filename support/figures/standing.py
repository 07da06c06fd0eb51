"""Where an artist stands among all: the stages from end to end, and a mark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from unicodedata import east_asian_width

import numpy as np

from support.figures.axes import GREY, Figure, mix, note, plain_layout, scatter, text_on
from support.figures.patterns import ACCENT

STAGE_COLOURS = ("#e4dcfd", "#5b3cc4")
"""Of the lowest and the highest stage. Opaque, since a theme's own text would not be legible on all between."""
LEAST_COLUMNS = 7
"""Columns of text the narrowest stage gets, as many as its bounds take."""
STANDING_HEIGHT = 120


def standing_figure(percentile: float | None, edges: Sequence[float], stages: Sequence[str], *,
                    labels: Mapping[str, str]) -> Figure:
    """Draw the stages from percentile 0 to 100 as one band, and the artist's mark on it.

    Each stage is as wide as its name needs, and a percentile is placed in proportion within its stage: true to scale,
    mainstream would be 4 % and superstar 1 % of the width. The bounds are written out.

    Parameters
    ----------
    percentile : float, optional
        From 0 to 100; without it there is no mark.
    edges : sequence of float, length s - 1
        Lowest percentile of each stage but the first, rising.
    stages : sequence of str, length s
        Names, as shown.
    labels : mapping of str to str
        Texts: ``mark`` (with ``{percentile}``), or ``absent`` where there is none; ``stage`` (hover, with ``{stage}``,
        ``{low}`` and ``{high}``).

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the edges do not rise within 0 to 100, there is not a name a stage, or the percentile is outside 0 to 100.
    """
    bounds = np.array([0.0, *edges, 100.0])
    if len(stages) != bounds.size - 1 or (np.diff(bounds) <= 0).any():
        raise ValueError(f"edges {[float(edge) for edge in edges]} and {len(stages)} names; rising edges between 0 and "
                         "100 and one name more are accepted")
    if percentile is not None and not 0 <= percentile <= 100:
        raise ValueError(f"percentile is {percentile:g}; 0 to 100 is accepted")
    places = _places(stages)
    own = None if percentile is None else min(int(np.searchsorted(bounds, percentile, side="right")), len(stages)) - 1
    notes = [_stage_note(name, at == own, places[at:at + 2], _colour(at, len(stages)))
             for at, name in enumerate(stages)]
    layout = plain_layout(STANDING_HEIGHT)
    return {"data": [_hover(bounds, places, stages, labels), *_mark(percentile, bounds, places, labels)],
            "layout": layout | {
        "shapes": [_band(at, places, at == own) for at in range(len(stages))],
        "annotations": [*notes, _mark_note(percentile, bounds, places, labels)],
        "margin": {"l": 10, "r": 12, "t": 34, "b": 4}, "hovermode": "closest",
        "xaxis": {"range": [0, 1], "tickvals": places.tolist(), "ticktext": [f"{bound:g}" for bound in bounds],
                  "showgrid": False, "zeroline": False, "fixedrange": True, "tickangle": 0, "automargin": True},
        "yaxis": {"range": [0, 1], "visible": False, "fixedrange": True}}}


def _columns(text: str) -> int:
    """Return the width of a text in columns, two for a Korean letter."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _places(stages: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return where the stages begin and end, from 0 to 1."""
    widths = np.array([max(_columns(name), LEAST_COLUMNS) + 1.0 for name in stages])
    return np.concatenate([[0.0], np.cumsum(widths) / widths.sum()])


def _band(at: int, places: np.ndarray[Any, Any], own: bool) -> dict[str, Any]:
    return {"type": "rect", "xref": "x", "yref": "y", "x0": float(places[at]), "x1": float(places[at + 1]), "y0": 0.0,
            "y1": 0.72, "layer": "below", "fillcolor": _colour(at, len(places) - 1),
            "line": {"color": GREY, "width": 3 if own else 0}}


def _colour(at: int, stages: int) -> str:
    return mix(*STAGE_COLOURS, at / max(stages - 1, 1))


def _stage_note(name: str, own: bool, ends: np.ndarray[Any, Any], colour: str) -> dict[str, Any]:
    place = note(name, xref="x", yref="y", x=float(ends.mean()), y=0.36, font={"size": 11, "color": text_on(colour)})
    return place | {"text": f"<b>{place['text']}</b>"} if own else place


def _mark(percentile: float | None, bounds: np.ndarray[Any, Any], places: np.ndarray[Any, Any],
          labels: Mapping[str, str]) -> list[dict[str, Any]]:
    if percentile is None:
        return []
    return [scatter(x=[float(np.interp(percentile, bounds, places))], y=[0.78], mode="markers", cliponaxis=False,
                    marker={"symbol": "triangle-down", "size": 16, "color": ACCENT}, showlegend=False, name="mark",
                    hovertext=[escape(labels["mark"].format(percentile=_number(percentile)))],
                    hovertemplate="%{hovertext}<extra></extra>")]


def _mark_note(percentile: float | None, bounds: np.ndarray[Any, Any], places: np.ndarray[Any, Any],
               labels: Mapping[str, str]) -> dict[str, Any]:
    if percentile is None:
        return note(labels["absent"], xref="paper", yref="paper", x=0, xanchor="left", y=1, yanchor="bottom")
    at = float(np.interp(percentile, bounds, places))
    # near an end the text would run out of the figure
    side = "left" if at < 0.3 else "right" if at > 0.7 else "center"
    return note(labels["mark"].format(percentile=_number(percentile)), xref="x", yref="paper", x=at, xanchor=side, y=1,
                yanchor="bottom")


def _number(percentile: float) -> str:
    """Return a percentile with one digit, never rounded up to one that is not reached."""
    return f"{math.floor(percentile * 10 + 1e-9) / 10:.1f}"


def _hover(bounds: np.ndarray[Any, Any], places: np.ndarray[Any, Any], stages: Sequence[str],
           labels: Mapping[str, str]) -> dict[str, Any]:
    texts = [escape(labels["stage"].format(stage=name, low=f"{low:g}", high=f"{high:g}"))
             for name, low, high in zip(stages, bounds, bounds[1:], strict=False)]
    return scatter(x=((places[1:] + places[:-1]) / 2).tolist(), y=[0.36] * len(stages), mode="markers", name="hover",
                   showlegend=False, marker={"size": 40, "opacity": 0, "color": GREY}, hovertext=texts,
                   hovertemplate="%{hovertext}<extra></extra>")
