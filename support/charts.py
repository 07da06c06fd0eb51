"""Figures of daily series (totals and gains, several artists, forecasts, patterns, tiny lines) and of judges' scores.

The functions take plain frames and arrays and return figures as plain data. What a flag means is not known here: the
caller says by day which readings are out of the ordinary (`reasons`) and which of them count.

Conventions
-----------
* Days are calendar days without time zone; a day without a row is a gap in the line and has no bar.
* Missing is NaN or None and is never drawn as 0.
* No template, text or background colour is set, so that the page's theme decides them; the platform colours
  and the greys are legible on white and on the dark theme. Text on a coloured cell has the colour the cell needs.
* Tick texts come from `locales.format_compact`, since plotly's own SI prefixes mean nothing in Korean.
* Texts are handed in (`labels`) and escaped here; those said to have ``{fields}`` are filled here.
"""

from support.figures.anomaly import anomaly_figure
from support.figures.axes import PLATFORM_COLOURS
from support.figures.compare import LINE_STYLES, common_span, compare_figure
from support.figures.days import SPARK_POINTS, spark_values, tile_lines
from support.figures.forecast import Fan, History, fan_figure
from support.figures.gain import MAX_BARS, gain_figure
from support.figures.milestone import milestone_figure
from support.figures.patterns import correlation_figure, lag_figure, weekday_figure
from support.figures.scores import SCORE_STYLES, VERDICT_COLOURS, criteria_figure, radar_figure, repeats_figure
from support.figures.standing import standing_figure

__all__ = ["Fan", "History", "LINE_STYLES", "MAX_BARS", "PLATFORM_COLOURS", "SCORE_STYLES", "SPARK_POINTS",
           "VERDICT_COLOURS", "anomaly_figure", "common_span", "compare_figure", "correlation_figure",
           "criteria_figure", "fan_figure", "gain_figure", "lag_figure", "milestone_figure", "radar_figure",
           "repeats_figure", "spark_values", "standing_figure", "tile_lines", "weekday_figure"]
