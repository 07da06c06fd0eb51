"""How many there are of each: bars to the right with their names and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from locales import format_number
from support.figures.axes import GRID_COLOUR, TRANSPARENT, Figure, bar, plain_layout
from support.figures.patterns import ACCENT

BAR_PIXELS = 24
ROOM = 1.18
"""Length of the axis against the longest bar: room for its number."""


def counts_figure(counts: Mapping[str, int], *, lang: str, labels: Mapping[str, str]) -> Figure:
    """Draw numbers as bars to the right, the first one on top.

    Parameters
    ----------
    counts : mapping of str to int
        Number by name, as shown.
    lang : str
        ``ko`` or ``en``.
    labels : mapping of str to str
        ``bar``: hover, with ``{name}`` and ``{count}``.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a number is below 0.
    """
    if any(count < 0 for count in counts.values()):
        raise ValueError(f"counts are {dict(counts)}; 0 or more are accepted")
    rows = [-place for place in range(len(counts))]
    written = [format_number(lang, count) for count in counts.values()]
    said = [escape(labels["bar"].format(name=name, count=count)) for name, count in zip(counts, written, strict=True)]
    layout = plain_layout(BAR_PIXELS * len(counts) + 12)
    return {"data": [bar(orientation="h", x=list(counts.values()), y=rows, width=0.68, text=written,
                         textposition="outside", textangle=0, textfont={"size": 12}, cliponaxis=False,
                         marker={"color": ACCENT, "line": {"width": 0}}, hovertext=said,
                         hovertemplate="%{hovertext}<extra></extra>")],
            "layout": layout | {
        "hovermode": "closest", "margin": {"l": 4, "r": 8, "t": 4, "b": 4},
        "xaxis": {"range": [0, max([*counts.values(), 1]) * ROOM], "visible": False, "fixedrange": True},
        "yaxis": {"tickvals": rows, "ticktext": [escape(name) for name in counts], "automargin": True,
                  "range": [0.5 - len(counts), 0.5], "fixedrange": True, "showgrid": False, "zeroline": True,
                  "zerolinecolor": TRANSPARENT, "gridcolor": GRID_COLOUR, "ticklen": 6, "ticks": "outside",
                  "tickcolor": TRANSPARENT}}}
