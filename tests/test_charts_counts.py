"""Bars of counts: as long as the numbers, the first on top, written out, escaped."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from support.figures.counts import counts_figure

LABELS = {"bar": "{name}: {count} songs"}


def test_bars_are_as_long_as_the_numbers():
    figure = go.Figure(counts_figure({"Rock & <metal>": 1_234, "Jazz": 0}, lang="en", labels=LABELS))
    (bars,) = figure.data
    assert (list(bars.x), list(bars.text)) == ([1_234, 0], ["1,234", "0"])
    assert list(figure.layout.yaxis.ticktext) == ["Rock &amp; &lt;metal&gt;", "Jazz"]
    assert bars.y[0] > bars.y[1] and bars.hovertext[0] == "Rock &amp; &lt;metal&gt;: 1,234 songs"
    assert figure.layout.xaxis.range[0] == 0 and figure.layout.xaxis.range[1] > 1_234


def test_nothing_to_count_is_a_figure_and_less_than_nothing_is_none():
    go.Figure(counts_figure({}, lang="ko", labels=LABELS))
    go.Figure(counts_figure({"x": 0}, lang="ko", labels=LABELS))
    with pytest.raises(ValueError, match="0 or more"):
        counts_figure({"x": -1}, lang="ko", labels=LABELS)
