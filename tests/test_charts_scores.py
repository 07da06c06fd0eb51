"""Figures of judges' scores: what is drawn where, nothing for what was not judged, told apart without colour."""

from __future__ import annotations

import json

import plotly.graph_objects as go
import pytest
from test_charts import contrast

from auditioning.rubric import CRITERIA, GROUPS, VERDICTS
from locales import LANGUAGES, t
from support import charts
from support.figures.axes import GREY
from support.figures.scores import SCORE_STYLES, VERDICT_COLOURS

NAN = float("nan")
SOUND = ("melody", "rhythm", "arrangement")
LEVELS = {"Simon": {each.key: place % 6 for place, each in enumerate(CRITERIA)},
          "Howie": {each.key: None if each.key in SOUND else 3.5 for each in CRITERIA}}


def names(lang):
    return {each.key: each.name(lang) for each in CRITERIA}


def labels(lang, *keys):
    return {key: t(lang, f"judges.chart.{key}") for key in keys}


def criteria(judges=LEVELS, lang="en"):
    return go.Figure(charts.criteria_figure(judges, names(lang), labels=labels(lang, "axis", "level", "absent")))


def radar(judges, axes=None, top=5, lang="en", **options):
    return charts.radar_figure(judges, axes or names(lang), top=top, labels=labels(lang, "level"), **options)


def repeats(totals, mean, error, lang="en"):
    return go.Figure(charts.repeats_figure(totals, mean, error, VERDICTS, top=300, labels=labels(
        lang, "repeat", "mean", "mean_only") | {"axis": "Totals <0 to 300>"}))


# criteria ------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_level_is_a_bar_beside_its_criterion(lang):
    figure = criteria(lang=lang)
    simon, howie = figure.data
    assert list(simon.x) == [place % 6 for place in range(9)] and list(howie.x) == [3.5] * 6
    assert list(simon.text)[:2] == ["0", "1"] and set(howie.text) == {"3.5"}
    # from top to bottom in the rubric's order, the first judge above the second, each within its criterion's room
    assert list(simon.y) == sorted(simon.y, reverse=True)
    assert [round(y) for y in simon.y] == [-place for place in range(9)]
    assert all(one > other for one, other in zip(list(simon.y)[3:], howie.y, strict=True))
    assert simon.y[0] - simon.width / 2 >= howie.y[0] + 1e-9 - howie.width / 2 + 3  # three criteria further down
    ticks = [text.replace("<br>", " ") for text in figure.layout.yaxis.ticktext]
    assert ticks == [each.name(lang) for each in CRITERIA]
    assert simon.hovertext[4] == t(lang, "judges.chart.level", judge="Simon", criterion=CRITERIA[4].name(lang), level=4)


def test_what_nobody_judged_says_so_in_place_of_bars():
    alone = {"Howie": LEVELS["Howie"]}
    figure = criteria(alone)
    assert [note.y for note in figure.layout.annotations] == [0, -1, -2]
    assert {note.text for note in figure.layout.annotations} == {"not judged"}
    assert not criteria().layout.annotations, "one of the two judged them"
    assert not figure.layout.showlegend and criteria().layout.showlegend


def test_judges_are_told_apart_without_colour_and_legible_on_both_themes():
    five = {f"Judge {place}": LEVELS["Simon"] for place in range(5)}
    bars = criteria(five).data
    assert len({(trace.marker.pattern.shape) for trace in bars}) == 5
    lines = go.Figure(radar(five)).data
    assert len({trace.marker.symbol for trace in lines}) == len({trace.line.dash for trace in lines}) == 5
    for colour, *_ in SCORE_STYLES:
        for paper in ("#ffffff", "#0e1117", "#15131c"):
            assert contrast(colour, paper) >= 3, (colour, paper)


def test_bars_keep_their_thickness_however_many_judges_there_are():
    one, five = (criteria({str(place): LEVELS["Simon"] for place in range(count)}) for count in (1, 5))
    thick = [figure.data[0].width * (figure.layout.height - 40 - figure.layout.margin.t) / 9 for figure in (one, five)]
    assert min(thick) >= 10 and five.layout.height < 900


def test_hostile_names_are_text():
    figure = criteria({"<b>x</b>": {"melody": 2}})
    assert "<b>" not in json.dumps(figure.to_plotly_json()["data"], default=str)


@pytest.mark.parametrize("level", [-1, 6])
def test_a_level_off_the_scale_is_refused(level):
    with pytest.raises(ValueError, match=f"{level}; 0 to 5"):
        criteria({"A": {"melody": level}})


def test_more_judges_than_styles_are_refused():
    with pytest.raises(ValueError, match="6 judges; at most 5"):
        criteria({str(place): {} for place in range(6)})
    with pytest.raises(ValueError, match="6 judges; at most 5"):
        radar({str(place): {} for place in range(6)})


# radar ------------------------------------------------------------


def test_a_shape_is_closed_over_the_criteria_all_have_judged():
    figure = go.Figure(radar(LEVELS))
    assert [len(trace.r) for trace in figure.data] == [7, 7] and figure.data[0].r[0] == figure.data[0].r[-1] == 3
    assert figure.layout.polar.radialaxis.range == (0, 5)
    whole = go.Figure(radar({"Simon": LEVELS["Simon"], "Failed": {}}))
    assert [trace.name for trace in whole.data] == ["Simon"] and len(whole.data[0].r) == 10


@pytest.mark.parametrize("lang", LANGUAGES)
def test_three_groups_in_percent(lang):
    axes = {group: t(lang, f"judging.group.{group}") for group in GROUPS}
    shares = {"Simon": dict(zip(GROUPS, (80.0, 55.5, 100.0), strict=True))}
    figure = go.Figure(radar(shares, axes, 100, lang, unit="%"))
    assert list(figure.data[0].r) == [80.0, 55.5, 100.0, 80.0] and "55.5%" in figure.data[0].hovertext[1]
    # without the sound two groups are left, which make no shape
    assert radar({"Simon": shares["Simon"] | {"musicality": None}}, axes, 100, lang) is None
    assert radar({}, axes, 100, lang) is None


def test_a_value_off_the_rim_is_refused():
    with pytest.raises(ValueError, match="7; 0 to 5"):
        radar({"A": dict.fromkeys(names("en"), 7)})


# repeats ------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_repeats_stand_on_the_verdicts_with_their_mean(lang):
    figure = repeats([240, 252, 246], 246.0, 14.9, lang)
    points, mean = figure.data
    assert list(points.x) == [240, 252, 246] and list(mean.x) == [246.0]
    assert list(mean.error_x.array) == list(mean.error_x.arrayminus) == [14.9]
    bands = [(shape.x0, shape.x1) for shape in figure.layout.shapes]
    assert bands == [(0, 160), (160, 200), (200, 255), (255, 300)]
    words = [note.text for note in figure.layout.annotations]
    assert words == ["Totals &lt;0 to 300&gt;", "BAD", "SOLID", "GOOD", "HIT"]
    assert "14.9" in mean.hovertext[0] and points.hovertext[1] == t(lang, "judges.chart.repeat", number=2, total=252)


def test_equal_totals_do_not_hide_each_other():
    points = repeats([180, 180, 190], 183.3, 14.0).data[0]
    assert points.y[0] != points.y[1] and points.y[0] == points.y[2]


def test_an_error_bar_ends_where_totals_do_and_the_box_has_its_true_width():
    mean = repeats([280, 290], 285.0, 63.5).data[1]
    assert list(mean.error_x.array) == [15.0] and list(mean.error_x.arrayminus) == [63.5]
    assert "63.5" in mean.hovertext[0]


def test_one_repeat_has_no_error_bar():
    mean = repeats([200], 200.0, NAN).data[1]
    assert mean.error_x.array is None and "nan" not in mean.hovertext[0]


@pytest.mark.parametrize("totals", [[], [301], [-1]])
def test_totals_that_cannot_be_are_refused(totals):
    with pytest.raises(ValueError, match="total"):
        repeats(totals, 0.0, NAN)


def test_no_figure_sets_what_the_theme_decides():
    for figure in (criteria(), go.Figure(radar(LEVELS)), repeats([200], 200.0, NAN)):
        layout = figure.to_plotly_json()["layout"]
        assert layout["paper_bgcolor"] == "rgba(0, 0, 0, 0)" and "color" not in layout.get("font", {})
        json.dumps(figure.to_plotly_json(), allow_nan=False, default=list)
    assert set(VERDICT_COLOURS) == {word for _, word in VERDICTS} and GREY
