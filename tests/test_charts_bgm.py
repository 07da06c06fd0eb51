"""Figures of background music: one time line for all panels, gaps between notes, small enough to send, both themes."""

from __future__ import annotations

import json

import plotly.graph_objects as go
import pytest
from test_charts import contrast

from locales import LANGUAGES, t
from music.score import ROLES
from support.figures import bgm
from support.figures.patterns import ACCENT

PEAKS = tuple((-place / 1000, place / 1000) for place in range(1000))
ROLL = (("melody", "flute", ((0.0, 0.5, 72, 90), (1.0, 0.25, 76, 80))), ("bass", "bass", ((0.0, 2.0, 40, 90),)),
        ("drums", "drums", ((0.0, 0.1, 36, 100), (0.5, 0.1, 42, 60), (1.0, 0.1, 36, 100))))
SPANS = ((1, "Intro", 0.0, 10.0, 0.3), (2, "Chorus", 10.0, 20.0, 0.9))
CHORDS = ((0.0, 5.0, "C"), (5.0, 5.0, "Am"), (10.0, 10.0, "<F>"))


def labels(lang, *names):
    return {name: t(lang, f"bgm.chart.{name}") for name in names}


def piece(lang="en", seconds=20.0, **parts):
    given = {"peaks": PEAKS, "roll": ROLL, "spans": SPANS, "chords": CHORDS} | parts
    return bgm.piece_figure(seconds, **given, names={"flute": "Flute", "bass": "<Bass>"},
                            labels=labels(lang, "wave", "roll", "energy", "section", "chord"))


def traces(figure, axis):
    return [trace for trace in figure.data if (trace.yaxis or "y") == axis]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_three_panels_share_the_seconds(lang):
    figure = go.Figure(piece(lang))  # plotly checks every property
    assert figure.layout.xaxis.range == (0, 20) and figure.layout.xaxis.ticktext[:3] == ("0:00", "0:05", "0:10")
    domains = [figure.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert all(upper[0] > lower[1] for upper, lower in zip(domains, domains[1:], strict=False)) and domains[0][1] == 1
    said = {each.text for each in figure.layout.annotations}
    assert {t(lang, "bgm.chart.roll"), t(lang, "bgm.chart.energy"), "Intro", "Chorus"} <= said


def test_notes_are_lines_with_gaps_in_the_colour_of_their_part():
    figure = go.Figure(piece())
    melody, bass, drums = traces(figure, "y2")
    assert melody.x == (0, 0.5, None, 1, 1.25, None) and melody.y == (72, 72, None, 76, 76, None) and not melody.connectgaps
    assert [part.line.color for part in (melody, bass, drums)] == [bgm.ROLE_COLOURS[role] for role, _, _ in ROLL]
    assert (melody.name, bass.name, drums.name) == ("Flute", "&lt;Bass&gt;", "drums") and figure.layout.showlegend
    low, high = figure.layout.yaxis2.range
    assert low < min(height for part in (melody, bass, drums) for height in part.y if height is not None) and high > 76
    assert figure.layout.yaxis2.tickvals == (48, 60, 72) and figure.layout.yaxis2.ticktext == ("C3", "C4", "C5")


def test_drums_are_lanes_below_the_lowest_note():
    _, bass, drums = traces(go.Figure(piece()), "y2")
    kick, hat = drums.y[0], drums.y[3]
    assert kick < hat < min(height for height in bass.y if height is not None) and drums.y[6] == kick
    assert drums.x[1] - drums.x[0] == pytest.approx(0.05)  # a hit has no length


def test_many_things_that_are_struck_share_the_lowest_lane():
    lanes, floor = bgm._lanes(list(range(35, 60)), 30.0)
    assert len(set(lanes.values())) == bgm.MOST_LANES and floor == min(lanes.values()) and lanes[59] > lanes[35]


def test_the_waveform_keeps_its_extremes_when_it_is_thinned():
    loud = [(-0.1, 0.1)] * 999 + [(-0.9, 0.8)]
    few = bgm.thinned(loud, 400)
    assert len(few) == 400 and few[-1] == (-0.9, 0.8) and few[0] == (-0.1, 0.1) and bgm.thinned(loud[:10], 400) == loud[:10]
    low, high = traces(go.Figure(piece()), "y")
    assert high.fill == "tonexty" and len(low.x) == 400 and low.x[-1] < 20 and max(high.y) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_energy_and_chords_say_what_they_are(lang):
    energy, chords = traces(go.Figure(piece(lang)), "y3")
    assert energy.x == (5, 15) and energy.y == (0.3, 0.9) and energy.width == (10, 10)
    assert "Chorus" in energy.hovertext[1] and "90" in energy.hovertext[1] and "0:10" in energy.hovertext[1]
    assert "&lt;F&gt;" in chords.hovertext[2] and chords.x == (2.5, 7.5, 15)


def test_chords_are_named_where_there_is_room_and_once_while_they_stay():
    stays = [(0.0, 2.0, "C"), (2.0, 2.0, "C"), (4.0, 2.0, "F")]
    assert [name for _, _, name in bgm.shown_chords(stays, 20.0)] == ["C", "F"]
    crowd = [(place * 0.5, 0.5, ("Bbmaj7", "Eb7")[place % 2]) for place in range(40)]
    shown = bgm.shown_chords(crowd, 20.0)
    assert 2 < len(shown) < 12
    assert all(later[0] - early[0] >= bgm.LETTER_ROOM * len(early[2]) * 20 for early, later in zip(shown, shown[1:], strict=False))


def test_only_panels_of_what_is_there():
    assert piece(seconds=0) is None and piece(peaks=(), roll=(), spans=(), chords=()) is None
    wave = go.Figure(piece(roll=(), spans=(), chords=()))
    assert len(wave.data) == 2 and not wave.layout.showlegend and wave.layout.xaxis.anchor == "y"
    assert wave.layout.annotations[0].text == t("en", "bgm.chart.wave") and not wave.layout.shapes


def test_every_other_section_has_a_ground():
    figure = go.Figure(piece(spans=(*SPANS, (3, "Outro", 20.0, 22.0, 0.2)), seconds=22.0))
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(0, 10), (20, 22)]
    assert "Outro" not in {each.text for each in figure.layout.annotations}  # too narrow for its name


def test_a_minute_of_eight_parts_is_small():
    notes = tuple((place * 0.2, 0.18, 40 + place % 40, 80) for place in range(300))
    figure = piece(seconds=60.0, roll=tuple((role, role, notes) for role in ROLES),
                   chords=tuple((place * 2.0, 2.0, "Cmaj7") for place in range(30)))
    assert len(json.dumps(figure)) < 150_000


def test_a_plan_shows_its_sections_and_the_curve_drawn_by_hand():
    said = {"section": "{name} {bars} {energy}"}
    figure = go.Figure(bgm.plan_figure([("Intro", 4, 0.3), ("Chorus", 8, 0.9)], points=(0.2, 1.0, 0.4), labels=said))
    bars, curve = figure.data
    assert bars.x == (2, 8) and bars.y == (0.3, 0.9) and bars.hovertext == ("Intro 4 30", "Chorus 8 90")
    assert curve.x == (0, 6, 12) and curve.y == (0.2, 1.0, 0.4)
    assert bgm.plan_figure([], labels=said) is None and len(bgm.plan_figure([("A", 4, 0.3)], labels=said)["data"]) == 1


def test_emotions_are_bars_from_the_top_in_their_order():
    figure = go.Figure(bgm.emotions_figure([("Sad", 0.71), ("<Joy>", 0.125)], labels={"hover": "{name} {percent}"}))
    bars, = figure.data
    assert bars.x == (0.71, 0.125) and bars.y == (0, -1) and bars.text == ("71%", "12%") and bars.marker.color[0] == ACCENT
    assert bars.hovertext[1] == "&lt;Joy&gt; 12%" and figure.layout.yaxis.ticktext[1] == "&lt;Joy&gt;"


@pytest.mark.parametrize("given", [[], [("a", 1.2)], [("a", float("nan"))]])
def test_what_is_no_probability_is_refused(given):
    with pytest.raises(ValueError, match="emotions"):
        bgm.emotions_figure(given, labels={"hover": ""})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_feeling_is_a_point_in_its_quarter(lang):
    names = ("left", "right", "top", "bottom", "excited", "tense", "low", "content", "hover")
    said = {name: t(lang, f"bgm.chart.circle_{name}") for name in names}
    figure = go.Figure(bgm.circumplex_figure(-0.4, 0.7, labels=said))
    _, point = figure.data
    assert point.x == (-0.4,) and point.y == (0.7,) and "-0.40" in point.hovertext[0] and "+0.70" in point.hovertext[0]
    places = {each.text: (each.x, each.y) for each in figure.layout.annotations}
    assert places[said["tense"]][0] < 0 < places[said["tense"]][1] and places[said["content"]][1] < 0 < places[said["content"]][0]
    assert figure.layout.yaxis.scaleanchor == "x"


@pytest.mark.parametrize("point", [(1.2, 0), (0, -1.01), (float("nan"), 0)])
def test_a_point_outside_the_circle_is_refused(point):
    with pytest.raises(ValueError, match="-1 to 1"):
        bgm.circumplex_figure(*point, labels={})


@pytest.mark.parametrize("background", ["#ffffff", "#15131c"])
def test_every_part_has_a_colour_that_is_legible_on_both_themes(background):
    assert set(bgm.ROLE_COLOURS) == set(ROLES) and len(set(bgm.ROLE_COLOURS.values())) == len(ROLES)
    assert {role: colour for role, colour in bgm.ROLE_COLOURS.items() if contrast(colour, background) < 3} == {}
