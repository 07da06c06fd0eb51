"""Figures: gaps stay gaps, flagged days are marked and explained, numbers read well in both languages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from html import unescape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from locales import format_compact
from support import charts
from support.charts import (
    LINE_STYLES,
    MAX_BARS,
    PLATFORM_COLOURS,
    SPARK_POINTS,
    common_span,
    spark_values,
    tile_lines,
)
from support.figures.axes import _log_ticks, _ticks, count_axis, decades, from_zero, tight


def gain_figure(*args, **options):
    return go.Figure(charts.gain_figure(*args, **options))  # has plotly check every property


def compare_figure(*args, **options):
    return go.Figure(charts.compare_figure(*args, **options))


NAN = float("nan")
KO = {"total": "누적 조회수", "gain": "일일 증가", "mean": "7일 평균", "flagged": "표시된 날"}
EN = {"total": "Total views", "gain": "Daily gain", "mean": "7-day mean", "flagged": "Flagged day"}


@dataclass(frozen=True)
class Days:
    start: date
    end: date


JANUARY = Days(date(2025, 1, 1), date(2025, 1, 14))


def rows(gains, *, start="2025-01-01", first=1_000_000.0, flagged=None, skip=()):
    gains = np.asarray(gains, dtype=float)
    frame = pd.DataFrame({"day": pd.date_range(start, periods=gains.size), "gain": gains,
                          "total": first + np.nancumsum(gains), "flags": 0, "reasons": ""})
    for position, reason in (flagged or {}).items():
        frame.loc[position, ["flags", "reasons"]] = [2, reason]
    return frame.drop(index=list(skip))


def draw(frame, platform="youtube", *, lang="ko", window=JANUARY):
    return gain_figure(frame, platform, lang=lang, labels=KO if lang == "ko" else EN, window=window)


def traces(figure, name, axis=None):
    return [trace for trace in figure.data if trace.name == name and axis in (None, trace.yaxis or "y")]


def trace(figure, name, axis=None):
    [found] = traces(figure, name, axis)
    return found


def hover(figure, position):
    return trace(figure, "hover").hovertext[position]


# colours


def luminance(colour):
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_as_defined_by_wcag():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("background", ["#ffffff", "#0e1117"])
@pytest.mark.parametrize("platform", ["youtube", "spotify", "soundcloud"])
def test_platform_colours_are_legible_on_both_themes(platform, background):
    assert contrast(PLATFORM_COLOURS[platform], background) >= 3


@pytest.mark.parametrize("platform", ["youtube", "spotify", "soundcloud"])
def test_the_lines_have_the_platforms_colour(platform):
    figure = draw(rows([100] * 14), platform)
    assert trace(figure, KO["total"]).line.color == PLATFORM_COLOURS[platform]
    assert trace(figure, KO["gain"]).marker.color == PLATFORM_COLOURS[platform]


def test_an_unknown_platform_is_named_with_what_is_known():
    with pytest.raises(ValueError, match="'myspace'; known are youtube, spotify, soundcloud"):
        draw(rows([1]), "myspace")
    with pytest.raises(ValueError, match="myspace"):
        compare_figure({}, "myspace", lang="ko", labels={}, window=JANUARY)


# gaps


def test_a_day_without_a_row_is_none_in_every_trace():
    figure = draw(rows([100] * 14, skip=(3, 9)))
    for name in (KO["total"], KO["gain"], KO["mean"], "hover"):
        found = trace(figure, name)
        assert len(found.x) == len(found.y) == 14, name
        assert found.x[3] == "2025-01-04"
        assert found.y[3] is None and found.y[9] is None, name
        assert found.y[8] is not None, name
    assert trace(figure, KO["total"]).connectgaps is False
    assert trace(figure, KO["mean"]).connectgaps is False


def test_an_unknown_gain_is_a_gap_and_not_zero():
    figure = draw(rows([NAN] + [100] * 13))
    assert trace(figure, KO["gain"]).y[0] is None
    assert trace(figure, KO["total"]).y[0] == 1_000_000
    assert KO["gain"] not in hover(figure, 0)


def test_a_reading_between_two_gaps_gets_a_dot():
    sizes = trace(draw(rows([100] * 14, skip=(3, 5))), KO["total"]).marker.size
    assert [at for at, size in enumerate(sizes) if size] == [4]


def test_only_the_windows_days_are_drawn_in_calendar_order():
    frame = rows([100] * 40, start="2024-12-20").sample(frac=1, random_state=1)
    found = trace(draw(frame), KO["total"])
    assert (found.x[0], found.x[-1], len(found.x)) == ("2025-01-01", "2025-01-14", 14)
    assert list(found.y) == sorted(found.y)


def test_a_frame_without_rows_in_the_window_gives_empty_panels():
    for frame in (rows([100], start="2030-01-01"), rows([])):
        figure = draw(frame)
        assert set(trace(figure, KO["total"]).y) == {None}
        assert list(figure.layout.yaxis.ticktext) == ["0", "1"]


def test_two_rows_of_a_day_are_refused():
    with pytest.raises(ValueError, match="two rows for 2025-01-01"):
        draw(pd.concat([rows([1, 2]), rows([3])]))


# the mean


def test_the_mean_looks_back_over_seven_calendar_days_also_before_the_window():
    frame = rows([10] * 6 + [80] + [10] * 13, start="2024-12-26")
    # 1 January is the 7th row: (6 * 10 + 80) / 7 = 20, and so until 7 January
    assert list(trace(draw(frame), KO["mean"]).y) == pytest.approx([20] * 7 + [10] * 7)


def test_the_mean_needs_four_known_days():
    assert trace(draw(rows([10] * 14)), KO["mean"]).y[:4] == (None, None, None, 10)


def test_flagged_gains_stay_out_of_the_mean_unless_the_caller_keeps_them():
    frame = rows([10] * 13 + [80], flagged={13: "두 배"})
    assert trace(draw(frame), KO["mean"]).y[13] == 10
    assert trace(draw(frame.assign(in_mean=True)), KO["mean"]).y[13] == 20


def test_without_a_mean_the_bars_are_in_full_colour_and_the_legend_is_empty():
    figure = draw(rows([10] * 3))
    assert trace(figure, KO["gain"]).opacity == 1
    assert trace(figure, KO["mean"]).showlegend is False
    assert trace(draw(rows([10] * 14)), KO["gain"]).opacity < 1


# flagged days


def test_flagged_days_are_hollow_markers_in_both_panels_with_the_reason_on_hover():
    figure = draw(rows([100] * 14, flagged={5: "빠진 날을 고르게 나눔"}))
    total, gain = trace(figure, KO["flagged"], "y"), trace(figure, KO["flagged"], "y2")
    assert [at for at, y in enumerate(total.y) if y is not None] == [5]
    assert total.y[5] == 1_000_600
    assert gain.y[5] == 100
    assert total.marker.symbol[5] == gain.marker.symbol == "circle-open"
    assert "빠진 날을 고르게 나눔" in hover(figure, 5)
    assert "빠진 날" not in hover(figure, 4)


def test_a_flagged_day_without_a_gain_is_marked_on_the_total_only():
    figure = draw(rows([100] * 5 + [NAN] + [100] * 8, flagged={5: "감소"}))
    assert trace(figure, KO["flagged"], "y").y[5] == 1_000_500
    assert set(trace(figure, KO["flagged"], "y2").y) == {None}


def test_no_flagged_day_no_trace():
    assert traces(draw(rows([100] * 14)), KO["flagged"]) == []


def test_a_total_of_another_level_does_not_stretch_the_axis():
    frame = rows([100] * 14, flagged={5: "급등"}).assign(in_total=True)
    frame.loc[5, ["total", "in_total"]] = [90_000_000.0, False]
    figure = draw(frame)
    low, high = figure.layout.yaxis.range
    assert low < 1_000_100 and 1_001_400 < high < 1_002_000
    assert trace(figure, KO["total"]).y[5] is None
    marker = trace(figure, KO["flagged"], "y")
    assert (marker.y[5], marker.marker.symbol[5]) == (high, "triangle-up-open")
    assert "90,000,000" in hover(figure, 5)


def test_a_long_reason_is_wrapped_and_harmless():
    reason = "the counter <b>leapt</b> far beyond the series' own rhythm, which likely is another source"
    text = hover(draw(rows([100] * 14, flagged={5: reason}), lang="en"), 5)
    assert max(len(unescape(line)) for line in text.split("<br>")) <= 36
    assert "<b>" not in text and "&lt;b&gt;" in text


# numbers and dates


@pytest.mark.parametrize(("lang", "labels", "header"), [
    ("ko", KO, "%Y년 %-m월 %-d일"), ("en", EN, "%-d %b %Y"),
])
def test_hover_has_the_labels_thousands_and_the_date_of_the_language(lang, labels, header):
    figure = draw(rows([1_234] * 14), lang=lang)
    assert hover(figure, 9).split("<br>") == [
        f"{labels['total']}: 1,012,340", f"{labels['gain']}: 1,234", f"{labels['mean']}: 1,234"]
    assert figure.layout.xaxis.hoverformat == header
    # one trace alone speaks, or days would be mixed in one box
    assert [one.name for one in figure.data if one.hoverinfo != "skip"] == ["hover"]


def test_ticks_in_korean_are_in_man_and_eok():
    figure = draw(rows([50_000] * 14, first=250_000_000.0), lang="ko")
    assert list(figure.layout.yaxis2.ticktext) == ["0", "2.0만", "4.0만"]
    millions = draw(rows([3_000_000] * 14, first=250_000_000.0), lang="ko").layout.yaxis.ticktext
    assert list(millions) == ["2.6억", "2.7억", "2.8억", "2.9억"]


def test_ticks_in_english_are_in_thousands_and_millions():
    figure = draw(rows([50_000] * 14, first=2_000_000.0), lang="en")
    assert list(figure.layout.yaxis2.ticktext) == ["0", "20.0K", "40.0K"]
    assert set("".join(figure.layout.yaxis.ticktext)) <= set("0123456789.M")


def test_ticks_too_close_for_short_texts_are_written_in_full():
    values, texts = _ticks("en", 45_120_000, 45_180_000)
    assert texts == ["45,120,000", "45,140,000", "45,160,000", "45,180,000"]
    assert values == [45_120_000, 45_140_000, 45_160_000, 45_180_000]


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize(("low", "high"), [
    (0, 1), (0, 3), (0, 9_999), (9_000, 11_000), (99.2e4, 101e4), (0, 123_456_789), (1e8, 1.0004e8),
    (-50, 400), (1.0e4, 1.2e4), (100.2e4, 102.1e4), (5e11, 2e12),
])
def test_ticks_are_within_the_range_whole_distinct_and_true(lang, low, high):
    values, texts = _ticks(lang, low, high)
    assert 2 <= len(values) <= 6
    assert all(low <= value <= high and value == round(value) for value in values)
    assert len(set(texts)) == len(texts)
    unit = {"만": 1e4, "억": 1e8, "조": 1e12, "K": 1e3, "M": 1e6, "B": 1e9}
    for value, text in zip(values, texts, strict=True):
        number = float(text.rstrip("".join(unit)).replace(",", "")) * unit.get(text[-1], 1)
        assert number == pytest.approx(value), (text, format_compact(lang, value))


def test_axes_keep_the_range_their_ticks_were_made_for():
    axis = count_axis("ko", 0, 100, [0, 1])
    assert axis["range"] == [0, 100]
    assert axis["fixedrange"] is True
    assert axis["tickvals"] == [0, 20, 40, 60, 80, 100]


def test_gains_start_at_zero_and_totals_are_tight():
    figure = draw(rows([900, 1_000] * 7))
    low, high = figure.layout.yaxis2.range
    assert low == 0 and 1_000 < high < 1_100
    low, high = figure.layout.yaxis.range
    # 1,000,900 to 1,013,300, and at most a tenth of that on either side
    assert 999_600 < low < 1_000_900 and 1_013_300 < high < 1_014_600


def test_ranges_of_little():
    assert tight(np.array([NAN])) == (0, 1)
    assert tight(np.array([5.0, 5.0])) == (4, 6)
    assert tight(np.array([0.0, 100.0])) == (0, 106)
    assert from_zero(np.array([NAN])) == (0, 1)
    assert from_zero(np.array([0.0, 0.0])) == (0, 1)
    assert from_zero(np.array([-10.0, 90.0])) == (-10, 96)


# form


def test_the_page_decides_text_and_background():
    figure = draw(rows([100] * 14, flagged={3: "x"}))
    layout = figure.layout.to_plotly_json()
    layout.pop("template", None)
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0, 0, 0, 0)"
    assert "font" not in json.dumps(layout)


def test_the_figure_fits_a_phone():
    layout = draw(rows([100] * 14)).layout
    assert layout.width is None
    assert layout.height == 340
    assert layout.legend.orientation == "h"
    assert max(layout.margin.l, layout.margin.r, layout.margin.t, layout.margin.b) <= 30
    assert layout.yaxis.automargin and layout.yaxis2.automargin and layout.xaxis.automargin


def test_both_panels_share_one_x_axis_with_room_for_the_outer_bars():
    figure = draw(rows([100] * 14))
    assert {one.xaxis for one in figure.data} <= {None, "x"}
    assert list(figure.layout.xaxis.range) == ["2024-12-31T12", "2025-01-14T12"]
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]


def test_long_windows_are_lines_instead_of_hair_thin_bars():
    def kind(count):
        window = Days(date(2025, 1, 1), date.fromordinal(date(2025, 1, 1).toordinal() + count - 1))
        return trace(draw(rows([100] * count), window=window), KO["gain"]).type

    assert (kind(MAX_BARS), kind(MAX_BARS + 1)) == ("bar", "scatter")


def test_a_figure_survives_json():
    assert json.loads(draw(rows([NAN] + [100] * 13, skip=(4,))).to_json())["data"][0]["y"][4] is None


# comparison


def compare(frames, **options):
    labels = {"axis": "Total", "flagged": "Flagged day", "index": "index"}
    return compare_figure(frames, "spotify", lang="en", labels=labels, window=JANUARY, **options)


TWO = {"Ada": rows([100] * 14), "Bo": rows([50] * 14, first=500_000.0)}


def test_each_artist_has_a_line_of_its_own_colour_and_dash():
    figure = compare(TWO)
    ada, bo = trace(figure, "Ada"), trace(figure, "Bo")
    assert (ada.y[0], ada.y[13], bo.y[13]) == (1_000_100, 1_001_400, 500_700)
    assert (ada.line.color, ada.line.dash) == LINE_STYLES[0] and (bo.line.color, bo.line.dash) == LINE_STYLES[1]
    assert figure.layout.yaxis.linecolor == PLATFORM_COLOURS["spotify"]
    assert figure.layout.hovermode == "x unified"


@pytest.mark.parametrize("background", ["#ffffff", "#15131c"])
def test_the_colours_of_a_comparison_are_legible_on_both_themes(background):
    assert len(set(LINE_STYLES)) == len({dash for _, dash in LINE_STYLES}) == 5
    assert min(contrast(colour, background) for colour, _ in LINE_STYLES) >= 3


def test_indexed_lines_start_at_100_on_their_first_day():
    figure = compare({"Ada": rows([NAN] + [100_000] * 13), "Bo": rows([500_000] * 14, skip=(0, 1))}, indexed=True)
    assert trace(figure, "Ada").y[0] == 100
    assert trace(figure, "Ada").y[13] == pytest.approx(100 * 2_300_000 / 1_000_000)
    assert trace(figure, "Bo").y[:3] == (None, None, 100)
    assert "index 230.0 (2,300,000)" in hover(figure, 13)


def test_a_line_of_zeros_has_no_index():
    assert set(trace(compare({"Ada": rows([0] * 14)}, view="gain", indexed=True), "Ada").y) == {None}


def test_daily_gains_are_compared_from_zero():
    figure = compare(TWO, view="gain")
    assert set(trace(figure, "Bo").y) == {50}
    assert figure.layout.yaxis.range[0] == 0


def test_an_artist_without_the_platform_keeps_the_others_styles():
    figure = compare({"Ada": None, "Bo": TWO["Bo"]})
    assert trace(figure, "Bo").line.color == LINE_STYLES[1][0]
    assert traces(figure, "Ada") == []


def test_a_comparisons_gaps_stay_and_flags_are_marked_with_their_reason():
    figure = compare({"Ada": rows([100] * 14, skip=(3,), flagged={5: "leap"}), "Bo <b>": TWO["Bo"]})
    assert trace(figure, "Ada").y[3] is None
    marks = trace(figure, "Flagged day")
    assert [at for at, y in enumerate(marks.y) if y is not None] == [5]
    assert "leap" in hover(figure, 5) and "Ada: 1,000,600" in hover(figure, 5)
    assert "Ada" not in hover(figure, 3) and "Bo &lt;b&gt;: 500,200" in hover(figure, 3)


def test_more_artists_than_styles_are_refused():
    with pytest.raises(ValueError, match="6 lines; at most 5"):
        compare({str(number): TWO["Ada"] for number in range(6)})


def test_the_common_span_reaches_to_the_latest_day():
    early, late = Days(date(2024, 1, 1), date(2024, 3, 1)), Days(date(2024, 6, 1), date(2024, 6, 30))
    assert (common_span([early, late], 30).start, common_span([early, late], 30).end) == (late.start, late.end)
    assert common_span([early, late], None).start == early.start


# logarithmic scale


def test_a_logarithmic_scale_has_ticks_at_powers_and_leaves_out_what_cannot_be_drawn():
    figure = gain_figure(rows([0, 10, 1_000] * 4 + [10] * 2), "youtube", lang="en", labels=EN, window=JANUARY, log=True)
    axis = figure.layout.yaxis2
    assert axis.type == "log"
    assert 0 < axis.range[0] < 1 and 3 < axis.range[1] < 3.2
    assert [text for text in axis.ticktext if text in ("10", "100", "1.0K")] == ["10", "100", "1.0K"]
    assert trace(figure, EN["gain"]).type == "scatter"


@pytest.mark.parametrize("values", [[NAN], [0.0, -5.0], []])
def test_a_logarithmic_range_of_nothing_above_zero(values):
    assert decades(np.array(values)) == (1, 10)


def test_within_a_decade_a_logarithmic_axis_has_round_steps():
    assert _log_ticks("en", 1_000_000, 1_500_000)[1] == ["1.0M", "1.1M", "1.2M", "1.3M", "1.4M", "1.5M"]


def test_a_window_of_one_day_names_it_once():
    assert draw(rows([1]), window=Days(JANUARY.start, JANUARY.start)).layout.xaxis.dtick == 86_400_000
    assert draw(rows([1])).layout.xaxis.dtick is None


# lines of the tiles


def test_long_series_are_averaged_and_short_ones_kept():
    assert spark_values([1, 2, 3]) == [1, 2, 3]
    long = spark_values(np.arange(240.0))
    assert len(long) == SPARK_POINTS
    assert long[0] == pytest.approx(1.5) and long[-1] == pytest.approx(237.5)


@pytest.mark.parametrize("values", [[], [None, NAN], [5.0], [5.0, NAN]])
def test_less_than_two_values_are_no_line(values):
    assert spark_values(values) == []


def test_a_gap_stays_a_gap_in_a_tile():
    assert np.isnan(spark_values([1, None, 3])[1])


def test_tiles_have_the_series_they_are_computed_from():
    daily = pd.concat([rows([30] * 40, start="2024-12-06").assign(platform="youtube"),
                       rows([10] * 40, start="2024-12-06").assign(platform="spotify")])
    lines = tile_lines(daily, "youtube", JANUARY)
    assert lines["momentum"] == [30] * 35
    assert lines["acceleration"] == lines["stability"] == [30] * 14
    assert lines["last_week_gain"] == [30] * 7
    assert lines["share"] == [75] * 14
    assert lines["total"][-1] == 1_000_000 + 40 * 30
