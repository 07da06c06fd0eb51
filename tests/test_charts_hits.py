"""Figures of a hit prediction: what is drawn where, signs beside colours, nothing for what is not there."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest
from test_charts import contrast

from locales import LANGUAGES, t
from support.figures import hits

WAVE = tuple((-0.5 + place / 200, 0.5 - place / 200) for place in range(100))
PNG = b"\x89PNG not looked at"


def labels(lang, *names):
    return {name: t(lang, f"hit.chart.{name}") for name in names}


def score(*numbers, lang="en"):
    return go.Figure(hits.score_figure(*numbers, labels=labels(lang, "less", "more") | {
        "hover": t(lang, "hit.chart.score_hover")}))


def shares(items, lang="en"):
    return go.Figure(hits.shares_figure(items, labels=labels(lang, "axis", "adds", "takes")))


def over_time(seconds=60.0, waveform=WAVE, picture=PNG, span=None, occlusion=((0, 5, 0.4), (5, 10, -0.1)), lang="en"):
    return hits.time_figure(seconds, waveform=waveform, picture=picture, span=span, occlusion=occlusion, labels=labels(
        lang, "wave", "mel", "curve") | {"adds": t(lang, "hit.chart.time_adds"), "takes": t(lang, "hit.chart.time_takes")})


def test_the_score_stands_in_its_interval_on_a_track_of_100():
    figure = score(71.6, 60, 80)
    track, band, point, line = figure.data
    assert line.x == (71.6, 71.6)
    assert (track.base[0], track.x[0]) == (0, 100) and (band.base[0], band.x[0]) == (60, 20) and point.x == (71.6,)
    assert "72" in point.hovertext[0] and "60" in point.hovertext[0] and "80" in point.hovertext[0]


@pytest.mark.parametrize("numbers", [(50, 60, 70), (120, 60, 130), (-1, -2, 4)])
def test_a_score_outside_its_interval_or_the_track_is_refused(numbers):
    with pytest.raises(ValueError, match="interval"):
        score(*numbers)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_adds_goes_right_what_takes_left_with_signs_and_stripes(lang):
    figure = shares([("Tempo 128 BPM", 0.12), ("A <b>", -0.3), ("Nothing", 0.0)], lang)
    bars, = figure.data
    assert bars.text == ("+0.12", "−0.30", "0.00") and bars.x == (0.12, -0.3, 0.0) and bars.y == (0, -1, -2)
    assert bars.marker.color == (hits.ADDS, hits.TAKES, hits.ADDS) and bars.marker.pattern.shape == ("", "/", "")
    assert "&lt;b&gt;" in figure.layout.yaxis.ticktext[1] and "&lt;b&gt;" in bars.hovertext[1]
    low, high = figure.layout.xaxis.range
    assert low < -0.3 and high > 0.12


def test_nothing_or_no_number_is_refused():
    for items in ([], [("x", float("nan"))]):
        with pytest.raises(ValueError, match="shares"):
            shares(items)


def test_panels_share_their_seconds():
    figure = go.Figure(over_time(span=(20.0, 50.0)))
    low, high, _, curve = figure.data
    assert figure.layout.xaxis.range == (0, 60) and figure.layout.xaxis.ticktext[:3] == ("0:00", "0:10", "0:20")
    assert low.x[0] == pytest.approx(0.3) and low.x[-1] == pytest.approx(59.7) and max(high.y) == 1 and min(low.y) == -1
    image, = figure.layout.images
    assert (image.x, image.sizex, image.yref) == (20, 30, "y2")
    assert curve.x == (2.5, 7.5) and curve.y == (0.4, -0.1) and curve.marker.color == (hits.ADDS, hits.TAKES)
    assert "0:05" in curve.hovertext[0] and "+0.40" in curve.hovertext[0] and "−0.10" in curve.hovertext[1]
    domains = [figure.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert all(upper[0] > lower[1] for upper, lower in zip(domains, domains[1:], strict=False)) and domains[-1][0] < 0.01


def test_only_panels_of_what_is_there():
    assert over_time(waveform=(), picture=None, occlusion=()) is None and over_time(seconds=0) is None
    alone = go.Figure(over_time(waveform=(), picture=None))
    assert len(alone.data) == 1 and not alone.layout.images and alone.layout.xaxis.anchor == "y"


def test_stretches_that_overlap_do_not_hide_each_other():
    bars = go.Figure(over_time(waveform=(), picture=None, occlusion=((0, 5, 1), (2.5, 7.5, 2), (5, 10, 3)))).data[0]
    assert bars.x == (2.5, 5, 7.5) and max(bars.width) <= 2.5


def test_calibration_is_drawn_against_the_line_of_equals():
    said = {"predicted": "p", "observed": "o", "hover": "{predicted} {observed} {n}"}
    figure = go.Figure(hits.calibration_figure([{"predicted": 0.1, "observed": 0.2, "n": 1200},
                                                {"predicted": 0.6, "observed": 0.5, "n": 300}], labels=said))
    line, points = figure.data
    assert line.x == line.y and points.hovertext == ("10% 20% 1,200", "60% 50% 300")
    assert points.marker.size[0] > points.marker.size[1] and hits.calibration_figure([], labels=said) is None


@pytest.mark.parametrize("background", ["#ffffff", "#15131c"])
def test_colours_are_legible_on_both_themes(background):
    assert all(contrast(colour, background) >= 3 for colour in (hits.ADDS, hits.TAKES))


def test_signs_and_places():
    assert [hits.signed(value) for value in (0.124, -0.126, 0.001, -0.001)] == ["+0.12", "−0.13", "0.00", "0.00"]
    assert [hits.clock(value) for value in (0, 65, 599.6)] == ["0:00", "1:05", "10:00"]
