"""Figures of forecasts and patterns: what is drawn where, said in one box a day, legible on both themes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import plotly.graph_objects as go
import pytest
from test_charts import contrast

from support import charts
from support.charts import PLATFORM_COLOURS, Fan, History
from support.figures.anomaly import MARKS
from support.figures.axes import GREY, text_on
from support.figures.patterns import ACCENT, WEEKDAYS, cell_colour

NAN = float("nan")
KO = {"axis": "누적 조회수", "history": "읽은 값", "forecast": "예측", "band": "{percent}% 구간", "end": "데이터 끝",
      "line": "직선 연장", "past": "지난 예측", "flagged": "표시된 날", "target": "목표", "by": "이날까지 {percent}%",
      "unreached": "{day}까지 못 이를 확률 {percent}%", "r": "상관", "n": "일수", "p": "p", "absent": "없음",
      "leads": "{name} 먼저", "ahead": "{name} {days}일 먼저", "same_day": "같은 날", "lag": "일", "count": "{count}일",
      "gain": "증가", "expected": "기대", "spike": "급증", "drop": "급감", "new_level": "새 수준",
      "mark": "백분위 {percentile}", "stage": "{stage}: {low}-{high}", **dict(zip(WEEKDAYS, "월화수목금토일", strict=True))}
EN = {"axis": "Total views", "history": "Readings", "forecast": "Forecast", "band": "{percent}% range", "end": "End",
      "line": "Straight line", "past": "Earlier forecast", "flagged": "Flagged day", "target": "Target",
      "by": "{percent}% by then", "unreached": "{percent}% not by {day}", "r": "r", "n": "n", "p": "p", "absent": "None",
      "leads": "{name} leads", "ahead": "{name} leads by {days} days", "same_day": "Same day", "lag": "Days",
      "count": "{count} days", "gain": "Gain", "expected": "Expected", "spike": "Spike", "drop": "Drop",
      "new_level": "New level", "mark": "Percentile {percentile}", "stage": "{stage}: {low} to {high}",
      **dict(zip(WEEKDAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))}
LABELS = {"ko": KO, "en": EN}


@dataclass(frozen=True)
class Mark:
    kind: str
    day: date
    last_day: date
    observed: float = 1.0
    expected: float = 1.0


def span(start, count):
    return np.datetime64(start, "D") + np.arange(count)


HISTORY = History(span("2025-01-01", 20), 1000.0 + 10 * np.arange(20))  # ends on 20 January at 1,190
AHEAD = Fan(span("2025-01-21", 10), 1200.0 + 10 * np.arange(10), {
    0.5: (1190.0 + 10 * np.arange(10), 1210.0 + 10 * np.arange(10)),
    0.8: (1180.0 + 10 * np.arange(10), 1220.0 + 10 * np.arange(10)),
    0.95: (1170.0 + 10 * np.arange(10), 1230.0 + 10 * np.arange(10))})


def fan(history=HISTORY, forecast=AHEAD, platform="youtube", *, what="total", lang="en", **options):
    return go.Figure(charts.fan_figure(history, forecast, platform, what=what, lang=lang,
                                       labels=options.pop("labels", LABELS[lang]), **options))


def milestone(days, chance, platform="youtube", *, lang="en", labels=None):
    return go.Figure(charts.milestone_figure(days, chance, platform, lang=lang, labels=labels or LABELS[lang]))


VALUES = np.array([[1, 0.62, NAN], [0.62, 1, -0.31], [NAN, -0.31, 1]])
COUNTS = np.array([[365, 340, 9], [340, 365, 1200], [9, 1200, 130]])
P = np.array([[0, 1e-9, NAN], [1e-9, 0, 0.12], [NAN, 0.12, 0]])
NAMES = ("YouTube", "Spotify", "SoundCloud")
LAGS = np.arange(-14, 15)


def correlation(names=NAMES, values=VALUES, counts=COUNTS, p=P, *, lang="en", labels=None, **options):
    return go.Figure(charts.correlation_figure(names, values, counts, p, lang=lang, labels=labels or LABELS[lang],
                                               **options))


def lag(r=None, threshold=0.15, best=3, *, lang="en", labels=None, names=("YouTube", "Spotify")):
    r = np.where(LAGS == 3, 0.5, 0.01) if r is None else r
    return go.Figure(charts.lag_figure(LAGS, r, threshold, best, names=names, labels=labels or LABELS[lang]))


def weekday(profile=(1.1, 0.95, 0.9, NAN, 1.0, 1.2, 0.85), platform="youtube", *, lang="en", labels=None):
    return go.Figure(charts.weekday_figure(np.array(profile), np.full(len(profile), 1026), platform, lang=lang,
                                           labels=labels or LABELS[lang]))


def anomaly(gains=None, marks=(), texts=(), *, expected=None, lang="en", labels=None, **options):
    gains = np.full(60, 100.0) if gains is None else np.asarray(gains, dtype=float)
    expected = np.full(gains.size, 90.0) if expected is None else expected
    return go.Figure(charts.anomaly_figure(span("2025-01-01", gains.size), gains, expected, marks, "youtube",
                                           lang=lang, labels=labels or LABELS[lang], texts=texts, **options))


EDGES = (50.0, 85.0, 95.0, 99.0)
STAGES = ("Undiscovered", "Developing", "Mid-level", "Mainstream", "Superstar")


def standing(percentile=91.27, edges=EDGES, stages=STAGES, *, lang="en", labels=None):
    return go.Figure(charts.standing_figure(percentile, edges, stages, labels=labels or LABELS[lang]))


LEVEL = Mark("new_level", date(2025, 2, 1), date(2025, 3, 1), 150.0, 100.0)
SPIKE = Mark("spike", date(2025, 1, 10), date(2025, 1, 11))


def every_figure(lang="en", labels=None, name="YouTube"):
    labels = labels or LABELS[lang]
    flagged = np.arange(20) == 5
    return [
        fan(History(HISTORY.days, HISTORY.values, flagged), lang=lang, labels=labels, line=AHEAD.middle, target=1250.0,
            past=[(AHEAD.days - 10, AHEAD.middle - 100)]),
        fan(lang=lang, labels=labels, target=9e9, what="gain", log=True),
        milestone(span("2025-01-01", 50), np.linspace(0, 0.6, 50), lang=lang, labels=labels),
        correlation((name, "B", "C"), lang=lang, labels=labels, reasons=[[name] * 3] * 3),
        lag(lang=lang, labels=labels, names=(name, "B")), weekday(lang=lang, labels=labels),
        anomaly(marks=[LEVEL, SPIKE], texts=[name, name], lang=lang, labels=labels),
        standing(stages=(name, *STAGES[1:]), lang=lang, labels=labels), standing(None, lang=lang, labels=labels)]


def named(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def one(figure, name):
    [found] = named(figure, name)
    return found


def notes(figure):
    return [note.text for note in figure.layout.annotations]


def said(figure, day):
    spoken = one(figure, "hover")
    return spoken.hovertext[list(spoken.x).index(day)].split("<br>")


# the fan


def test_a_total_opens_from_the_last_reading_and_a_gain_does_not():
    total, gain = fan(), fan(what="gain")
    assert (one(total, "Forecast").x[0], one(total, "Forecast").y[0]) == ("2025-01-20", 1190)
    assert one(gain, "Forecast").x[0] == "2025-01-21"
    assert one(total, "50% range").y[0] == one(total, "95% range").y[0] == 1190
    assert one(fan(line=AHEAD.middle), "Straight line").y[0] == 1190


def test_each_interval_is_drawn_outside_the_one_within_it():
    figure = fan(what="gain")
    day = AHEAD.days.astype(str).tolist().index("2025-01-25")
    for name, bounds in (("50% range", {1230, 1240, 1250}), ("80% range", {1220, 1230, 1250, 1260}),
                         ("95% range", {1210, 1220, 1260, 1270})):
        trace = one(figure, name)
        assert {y for x, y in zip(trace.x, trace.y, strict=True) if x == "2025-01-25"} == bounds, (name, day)
        assert trace.fill == "toself"
    assert [trace.fillcolor.split(",")[-1] for trace in figure.data if trace.fill] == [" 0.15)", " 0.3)", " 0.5)"]


def test_the_box_of_a_day_has_all_of_it():
    figure = fan(line=AHEAD.middle + 1, past=[(span("2025-01-10", 5), np.full(5, 7.0)),
                                              (span("2025-01-12", 5), np.full(5, 8.0))])
    assert said(figure, "2025-01-21") == ["Forecast: 1,200", "50%: 1,190 – 1,210", "80%: 1,180 – 1,220",
                                          "95%: 1,170 – 1,230", "Straight line: 1,201"]
    assert said(figure, "2025-01-10") == ["Readings: 1,090", "Earlier forecast: 7"]
    assert said(figure, "2025-01-13") == ["Readings: 1,120", "Earlier forecast: 8"]  # the later of the two
    assert [trace.name for trace in figure.data if trace.hoverinfo != "skip"] == ["hover"]
    assert figure.layout.hovermode == "x unified"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_box_of_the_fan_fits_beside_a_finger(lang):
    wide = Fan(AHEAD.days, AHEAD.middle + 1e9, {level: (low + 1e9, high + 1e9)
                                                for level, (low, high) in AHEAD.bands.items()})
    figure = fan(History(HISTORY.days, HISTORY.values + 1e9), wide, lang=lang)
    assert max(len(line) for text in one(figure, "hover").hovertext for line in text.split("<br>")) <= 36


def test_unknown_readings_are_gaps_and_a_lone_one_a_dot():
    values = HISTORY.values.copy()
    values[[3, 5]] = NAN
    figure = fan(History(HISTORY.days, values))
    line, dot = named(figure, "Readings")
    assert [at for at, y in enumerate(line.y) if y is None] == [3, 5]
    assert line.connectgaps is False
    assert list(dot.x) == ["2025-01-05"] and dot.showlegend is False
    assert "2025-01-04" not in one(figure, "hover").x


def test_earlier_forecasts_are_thin_lines_with_one_entry():
    past = [(span("2025-01-05", 5), np.full(5, 1050.0)), (span("2025-01-10", 5), np.full(5, 1100.0))]
    lines = named(fan(past=past), "Earlier forecast")
    assert [line.showlegend for line in lines] == [True, False]
    assert {line.line.color for line in lines} == {GREY}


def test_far_bounds_and_lines_run_off_the_axis_but_not_the_inner_intervals():
    far = Fan(AHEAD.days, AHEAD.middle, AHEAD.bands | {0.95: (AHEAD.middle, np.full(10, 1e9))})
    low, high = fan(forecast=far, line=np.full(10, 1e8)).layout.yaxis.range
    assert low <= 1000 and 1310 < high < 2000
    assert "95%: 1,200 – 1,000,000,000" in said(fan(forecast=far), "2025-01-21")


def test_a_flagged_reading_off_the_scale_is_a_triangle_at_the_edge():
    values = HISTORY.values.copy()
    values[5] = 1e6
    figure = fan(History(HISTORY.days, values, np.arange(20) == 5))
    high = figure.layout.yaxis.range[1]
    mark = one(figure, "Flagged day")
    assert high < 2000 and list(mark.y) == [high] and list(mark.marker.symbol) == ["triangle-up-open"]
    assert said(figure, "2025-01-06") == ["Readings: 1,000,000", "Flagged day"]


def test_a_target_near_enough_is_a_line_and_one_too_far_a_note_at_the_edge():
    near, far = fan(target=1400.0), fan(target=1e8)
    assert [shape.y0 for shape in near.layout.shapes if shape.yref == "y"] == [1400]
    assert near.layout.yaxis.range[1] > 1400 and "Target" in notes(near)
    assert [shape for shape in far.layout.shapes if shape.yref == "y"] == []
    assert far.layout.yaxis.range[1] < 2000 and "↑ Target" in notes(far)
    [note] = [each for each in fan(target=1400.0, log=True).layout.annotations if each.text == "Target"]
    assert note.y == pytest.approx(np.log10(1400))


def test_a_line_stands_where_the_data_end_also_when_the_last_days_are_unknown():
    values = HISTORY.values.copy()
    values[-3:] = NAN
    [rule] = fan(History(HISTORY.days, values)).layout.shapes
    assert rule.x0 == rule.x1 == "2025-01-17"


def test_the_name_of_the_end_keeps_clear_of_the_heading():
    late = next(note for note in fan().layout.annotations if note.text == "End")
    early = next(note for note in fan(History(HISTORY.days[-3:], HISTORY.values[-3:])).layout.annotations
                 if note.text == "End")
    assert late.y > 1 > early.y


def test_on_a_logarithmic_scale_a_bound_of_zero_stays_on_the_axis():
    sunk = Fan(AHEAD.days, AHEAD.middle, AHEAD.bands | {0.95: (np.zeros(10), AHEAD.bands[0.95][1])})
    figure = fan(forecast=sunk, what="gain", log=True)
    assert figure.layout.yaxis.type == "log"
    bottom = 10 ** figure.layout.yaxis.range[0]
    assert min(y for y in one(figure, "95% range").y if y is not None) == pytest.approx(bottom)


def test_without_a_forecast_the_readings_are_drawn_alone():
    figure = fan(forecast=None)
    assert [trace.name for trace in figure.data] == ["Readings", "hover"]
    assert not figure.layout.shapes
    unread = fan(History(HISTORY.days, np.full(20, NAN)), None)
    assert list(unread.layout.yaxis.range) != [] and len(one(unread, "hover").x) == 0


def test_ticks_are_in_the_users_language():
    history = History(HISTORY.days, 1e8 + 1e7 * np.arange(20))
    assert list(fan(history, None, lang="ko").layout.yaxis.ticktext) == ["1.0억", "1.5억", "2.0억", "2.5억", "3.0억"]
    assert list(fan(history, None, lang="en").layout.yaxis.ticktext) == ["100M", "150M", "200M", "250M", "300M"]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="what is 'sum'; total and gain"):
        fan(what="sum")
    with pytest.raises(ValueError, match="4 intervals; at most 3"):
        fan(forecast=Fan(AHEAD.days, AHEAD.middle, AHEAD.bands | {0.99: AHEAD.bands[0.95]}))
    with pytest.raises(ValueError, match="myspace"):
        fan(platform="myspace")


# the milestone


def test_ten_fifty_and_ninety_percent_are_marked_on_their_first_day():
    days = span("2025-01-01", 100)
    figure = milestone(days, (np.arange(100) + 1) / 100)  # 10 % on the 10th day
    assert list(figure.data[1].x) == ["2025-01-10", "2025-02-19", "2025-03-31"]
    assert [text for text in notes(figure) if "·" in text] == [
        "10% · 10 Jan 2025", "50% · 19 Feb 2025", "90% · 31 Mar 2025"]
    assert "50% · 2025년 2월 19일" in notes(milestone(days, (np.arange(100) + 1) / 100, lang="ko"))


def test_the_part_not_reached_is_named_with_the_last_day():
    figure = milestone(span("2025-01-01", 100), np.linspace(0, 0.63, 100))
    assert "37% not by 10 Apr 2025" in notes(figure)
    assert list(figure.data[1].x) == ["2025-01-17", "2025-03-21"]  # 90 % is never reached
    [band] = figure.layout.shapes
    assert (band.y0, band.y1) == (pytest.approx(63), 100)
    for end, rest in ((1.0, 0), (0.99, 0), (0.98, 1)):
        texts = notes(milestone(span("2025-01-01", 9), np.linspace(0.2, end, 9)))
        assert sum("not by" in text for text in texts) == rest, end


def test_the_name_of_a_thin_rest_keeps_clear_of_the_curve():
    days = span("2025-01-01", 100)
    for chance, side in ((0.95 * np.sqrt(np.linspace(0, 1, 100)), "right"), (0.95 * np.linspace(0, 1, 100)**4, "left")):
        note = next(each for each in milestone(days, chance).layout.annotations if "not by" in each.text)
        assert note.xanchor == side
        # the text is below the curve where it is late, above it where it is early
        there = chance[-40:].min() * 100 if side == "right" else chance[:60].max() * 100
        assert note.y < there if side == "right" else note.y > there


def test_the_axis_ends_a_little_after_certainty():
    chance = np.minimum(np.arange(3650) / 100, 1.0)
    figure = milestone(span("2025-01-01", 3650), chance)
    assert figure.data[0].x[-1] == "2025-04-19"  # 99 % after 99 days, on 10 April, and nine more
    assert figure.layout.xaxis.range[1].startswith("2025-04-19")


def test_near_certainty_is_not_written_as_certainty():
    figure = milestone(span("2025-01-01", 3), np.array([0.0, 0.002, 0.994]))
    assert list(figure.data[0].hovertext) == ["0% by then", "&lt;1% by then", "&gt;99% by then"]


@pytest.mark.parametrize(("chance", "message"), [
    ([0.2, 0.1], "falls after 2025-01-01"), ([0.2, 1.1], "0 to 1 is accepted"), ([NAN, NAN], "no day"),
])
def test_what_is_no_distribution_is_refused(chance, message):
    with pytest.raises(ValueError, match=message):
        milestone(span("2025-01-01", 2), np.array(chance))


# correlation


def test_cells_have_correlation_and_days_and_bold_where_significant():
    texts = notes(correlation())
    assert texts.count("<b>+0.62</b><br>n = 340") == 2
    assert texts.count("-0.31<br>n = 1,200") == 2
    assert texts.count("–<br>n = 9") == 2
    assert len(texts) == 7  # the heading and six cells: the diagonal says nothing


def test_absent_cells_are_empty_in_the_heat_map_and_framed():
    figure = correlation(reasons=[["", "", "too few"], ["", "", ""], ["too few", "", ""]])
    heat = figure.data[0]
    assert heat.z[0][2] is None and heat.z[0][0] is None and heat.z[0][1] == 0.62
    assert sorted((shape.x0, shape.y0) for shape in figure.layout.shapes) == [(-0.49, 1.51), (1.51, -0.49)]
    # the diagonal has nothing to say, so gaps of the heat map are silent and absent pairs have points of their own
    assert heat.hoverongaps is False and one(figure, "hover").x == (2, 0) and one(figure, "hover").y == (0, 2)
    assert one(figure, "hover").hovertext[0] == "YouTube × SoundCloud<br>too few<br>n = 9"
    assert heat.hovertext[0][1] == "YouTube × Spotify<br>r = +0.62<br>n = 340<br>p &lt; 0.001"
    assert heat.hovertext[1][2].endswith("p = 0.120")


@pytest.mark.parametrize("value", np.linspace(-1, 1, 41))
def test_text_is_legible_on_every_cell(value):
    assert contrast(cell_colour(value), text_on(cell_colour(value))) >= 4.5


def test_cells_are_mixed_as_the_colour_scale_says():
    scale = {at: colour for at, colour in correlation().data[0].colorscale}
    assert [cell_colour(value) for value in (-1, 0, 1)] == [scale[0], scale[0.5], scale[1]]


def test_a_matrix_of_another_size_or_an_impossible_value_is_refused():
    with pytest.raises(ValueError, match="3 names with \\(2, 2\\)"):
        correlation(values=VALUES[:2, :2])
    with pytest.raises(ValueError, match="1.2 in size"):
        correlation(values=VALUES * 1.2)


# lead and lag


def test_the_best_lag_stands_out_and_is_said():
    figure = lag()
    bars = one(figure, "Total views")
    assert [at for at, colour in zip(LAGS, bars.marker.color, strict=True) if colour == ACCENT] == [3]
    assert "YouTube leads by 3 days" in notes(figure)
    assert bars.hovertext[17] == "YouTube leads by 3 days<br>r = +0.50"
    assert bars.hovertext[0].startswith("Spotify leads by 14 days") and bars.hovertext[14].startswith("Same day")


def test_the_ends_of_the_axis_say_who_leads():
    left, right = (next(note for note in lag().layout.annotations if sign in note.text) for sign in "←→")
    assert (left.x, left.text, right.x, right.text) == (0, "← Spotify leads", 1, "YouTube leads →")
    assert list(lag().layout.xaxis.ticktext) == ["-14", "-7", "0", "+7", "+14"]


def test_the_significance_band_follows_the_days_behind_each_lag():
    band = lag(threshold=np.linspace(0.1, 0.2, 29)).data[0]
    assert max(band.y) == pytest.approx(0.2) and min(band.y) == pytest.approx(-0.2)
    assert band.y[1] == pytest.approx(0.1) and band.x[1] == -14


def test_without_a_best_lag_no_bar_stands_out_and_absent_ones_are_gaps():
    figure = lag(np.where(LAGS > 12, NAN, 0.05), best=None)
    bars = one(figure, "Total views")
    assert ACCENT not in bars.marker.color and list(bars.y[-2:]) == [None, None]
    assert bars.hovertext[-1].endswith("r = –")
    assert not any("by" in text for text in notes(figure))
    low, high = figure.layout.yaxis.range
    assert low == -high and high >= 0.15


def test_a_best_lag_that_is_none_of_them_is_refused():
    with pytest.raises(ValueError, match="best is 15; the lags go from -14 to 14"):
        lag(best=15)
    with pytest.raises(ValueError, match="29 lags and 2 correlations"):
        lag(np.zeros(2))


# weekdays


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_weekdays_go_up_and_down_from_a_hundred_percent(lang):
    figure = weekday(lang=lang)
    bars = figure.data[0]
    assert bars.base == 100
    assert list(bars.y) == [pytest.approx(10), pytest.approx(-5), pytest.approx(-10), None, 0, pytest.approx(20),
                            pytest.approx(-15)]
    assert list(bars.text) == ["110%", "95%", "90%", "–", "100%", "120%", "85%"]
    assert list(figure.layout.xaxis.ticktext) == [LABELS[lang][day] for day in WEEKDAYS]
    assert bars.hovertext[0] == {"ko": "월: 110%<br>1,026일", "en": "Mon: 110%<br>1,026 days"}[lang]
    assert "–" in notes(figure)


def test_the_axis_of_weekdays_holds_every_bar_and_its_text():
    for profile in ([1.0] * 7, [7, 0, 0, 0, 0, 0, 0], [1.02, 0.98, 1, 1, 1, 1, 1], [NAN] * 7):
        axis = weekday(profile).layout.yaxis
        low, high = axis.range
        known = [value * 100 for value in profile if value == value]
        assert all(low < value < high for value in known), profile
        assert 100 in axis.tickvals and min(axis.tickvals) >= 0 and 2 <= len(axis.tickvals) <= 9


def test_a_profile_has_seven_days():
    with pytest.raises(ValueError, match="6 values"):
        weekday([1.0] * 6)


# anomalies


def test_spikes_and_drops_are_marked_on_each_of_their_days_and_explained():
    drop = Mark("drop", date(2025, 1, 20), date(2025, 1, 20))
    figure = anomaly(marks=[SPIKE, drop], texts=["five times", "a fifth"])
    assert list(one(figure, "Spike").x) == ["2025-01-10", "2025-01-11"]
    assert one(figure, "Spike").marker.symbol == "triangle-up"
    assert list(one(figure, "Drop").x) == ["2025-01-20"]
    assert said(figure, "2025-01-11") == ["Gain: 100", "Expected: 90", "Spike", "five times"]
    assert said(figure, "2025-01-12") == ["Gain: 100", "Expected: 90"]


def test_a_new_level_is_two_lines_until_the_next():
    later = Mark("new_level", date(2025, 2, 20), date(2025, 3, 1), 200.0, 150.0)
    figure = anomaly(marks=[later, LEVEL], texts=["", ""])
    colour = MARKS["new_level"][0]
    lines = [(*trace.x, trace.y[0]) for trace in figure.data
             if trace.type == "scatter" and trace.mode == "lines" and trace.line.color == colour]
    assert lines == [("2025-01-18", "2025-01-31", 100), ("2025-02-01", "2025-02-19", 150),
                     ("2025-02-06", "2025-02-19", 150), ("2025-02-20", "2025-03-01", 200)]
    assert figure.layout.yaxis.range[1] > 200


def test_marks_outside_the_days_are_left_out_and_unknown_gains_are_gaps():
    outside = Mark("spike", date(2024, 12, 31), date(2025, 1, 2))
    gains = np.full(60, 100.0)
    gains[9] = NAN
    figure = anomaly(gains, [outside, SPIKE], ["gone", "kept"], expected=np.full(60, NAN))
    assert list(one(figure, "Spike").x) == ["2025-01-10", "2025-01-11"]
    assert one(figure, "Gain").y[9] is None
    assert said(figure, "2025-01-10") == ["Spike", "kept"]
    assert "gone" not in " ".join(one(figure, "hover").hovertext)


def test_many_days_and_a_logarithmic_scale_are_a_line():
    assert one(anomaly(np.full(120, 1.0)), "Gain").type == "bar"
    assert one(anomaly(np.full(121, 1.0)), "Gain").type == "scatter"
    assert one(anomaly(log=True), "Gain").type == "scatter"


def test_an_unknown_kind_and_missing_texts_are_refused():
    with pytest.raises(ValueError, match="kind is 'dip'; known are spike, drop, new_level"):
        anomaly(marks=[Mark("dip", date(2025, 1, 2), date(2025, 1, 2))], texts=[""])
    with pytest.raises(ValueError, match="1 marks, 0 texts"):
        anomaly(marks=[SPIKE])


# standing


def mark_of(figure):
    return one(figure, "mark").x[0]


def test_a_percentile_is_placed_within_its_stage():
    places = [shape.x0 for shape in standing().layout.shapes] + [1.0]
    for percentile, stage in ((0, 0), (49.9, 0), (50, 1), (90, 2), (97, 3), (99.5, 4), (100, 4)):
        figure = standing(percentile)
        assert places[stage] <= mark_of(figure) <= places[stage + 1]
        assert [text for text in notes(figure) if text.startswith("<b>")] == [f"<b>{STAGES[stage]}</b>"]
    assert mark_of(standing(90)) == pytest.approx((places[2] + places[3]) / 2)


def test_the_bounds_are_written_and_every_name_fits_a_phone():
    figure = standing()
    assert list(figure.layout.xaxis.ticktext) == ["0", "50", "85", "95", "99", "100"]
    for stages in (STAGES, ("미발견", "성장 중", "중견", "주류", "슈퍼스타")):
        for shape, name in zip(standing(stages=stages).layout.shapes, stages, strict=True):
            letters = sum(2 if ord(letter) > 0x1100 else 1 for letter in name)
            # 326 px of band on a phone; 5.9 px a column at 11 px
            assert (shape.x1 - shape.x0) * 326 >= letters * 5.9, name


def test_names_are_legible_on_their_stages_whatever_the_theme():
    figure = standing()
    for shape, note in zip(figure.layout.shapes, figure.layout.annotations, strict=False):
        assert contrast(shape.fillcolor, note.font.color) >= 4.5, note.text


def test_a_percentile_is_never_rounded_up_to_the_next_stage():
    assert "Percentile 94.9" in notes(standing(94.96))
    assert "Percentile 95.0" in notes(standing(95.0))
    assert "Percentile 0.3" in notes(standing(0.3))


def test_without_a_percentile_there_is_no_mark_but_a_reason():
    figure = standing(None)
    assert named(figure, "mark") == [] and "None" in notes(figure)


def test_stages_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="rising edges"):
        standing(edges=(50, 40, 95, 99))
    with pytest.raises(ValueError, match="4 names"):
        standing(stages=STAGES[:4])
    with pytest.raises(ValueError, match="percentile is 101"):
        standing(101.0)


# form


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_page_decides_text_and_background(lang):
    for figure in every_figure(lang):
        layout = figure.layout.to_plotly_json()
        layout.pop("template", None)
        assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0, 0, 0, 0)"
        assert "font" not in layout and "width" not in layout and layout["height"] >= 100
        assert layout["dragmode"] is False
        for axis in ("xaxis", "yaxis"):
            assert layout[axis]["fixedrange"] is True
        # a text's own colour would vanish on one of the themes, but for those on a cell
        for note in layout["annotations"]:
            assert "color" not in note.get("font", {}) or "<br>" in note["text"] or note["y"] == 0.36, note


def test_figures_are_json_as_they_are():
    for figure in every_figure():
        json.dumps(figure.to_plotly_json(), allow_nan=False, default=list)
    raw = charts.weekday_figure(np.array([NAN] * 7), np.arange(7), "youtube", lang="en", labels=EN)
    assert json.loads(json.dumps(raw, allow_nan=False)) == raw


def test_texts_are_escaped_wherever_they_stand():
    labels = {name: f"<i>{text}" for name, text in EN.items()}
    for figure in every_figure(labels=labels, name="<i>x"):
        text = figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")
        assert "&lt;i&gt;" in text and "<i>" not in text


@pytest.mark.parametrize("background", ["#ffffff", "#15131c"])
def test_colours_of_marks_and_lines_are_legible_on_both_themes(background):
    for colour in (GREY, ACCENT, *PLATFORM_COLOURS.values(), *(colour for colour, _ in MARKS.values())):
        assert contrast(colour, background) >= 3, colour


def test_axes_of_days_reach_half_a_day_beyond_either_end():
    assert fan().layout.xaxis.range == ("2024-12-31T12", "2025-01-30T12")
    end = date(2025, 1, 1) + timedelta(59)
    assert anomaly().layout.xaxis.range[1] == f"{end}T12"
