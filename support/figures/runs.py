"""How many lines each run of sync has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from support.figures.axes import GREY, Figure, bar, count_axis, from_zero, head, plain_layout
from support.figures.patterns import ACCENT

RUNS_HEIGHT = 220
WIDEST_BAR = 0.6
"""Of the room of one run, so that a single run is no wall."""
FEWEST_PLACES = 8
"""Runs there is room for at least; fewer leave the right side empty."""


def runs_figure(moments: Sequence[str], lines: Sequence[int], done: Sequence[bool], texts: Sequence[str], *, lang: str,
                labels: Mapping[str, str]) -> Figure:
    """Draw a bar a run, oldest first; runs that did not end well are grey.

    Parameters
    ----------
    moments : sequence of str, length n
        When each run started, as markup below its bar; two lines fit where one does not.
    lines : sequence of int, length n
        Lines read.
    done : sequence of bool, length n
        Whether the run ended well.
    texts : sequence of str, length n
        What the pointer says of a run, one line a line.
    labels : mapping of str to str
        ``axis``: what the bars count.

    Returns
    -------
    Figure
    """
    places = list(range(len(lines)))
    low, high = from_zero(np.array(lines, dtype=np.float64))
    step = max(1, -(-len(places) // 5))
    shown = places[::-step][::-1]  # the newest run has its moment
    return {"data": [bar(x=places, y=list(lines), width=WIDEST_BAR,
                         marker={"color": [ACCENT if well else GREY for well in done]},
                         hovertext=[escape(text).replace("\n", "<br>") for text in texts],
                         hovertemplate="%{hovertext}<extra></extra>")],
            "layout": plain_layout(RUNS_HEIGHT) | {
        "annotations": [head(labels["axis"])], "hovermode": "closest",
        "xaxis": {"range": [-0.5, max(len(places), FEWEST_PLACES) - 0.5], "tickvals": shown,
                  "ticktext": [moments[place] for place in shown], "tickangle": 0, "showgrid": False,
                  "fixedrange": True, "automargin": True},
        "yaxis": count_axis(lang, low, high, [0.0, 1.0])}}
