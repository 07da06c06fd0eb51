"""Figures of daily series: a platform's total and gains over a window, several artists side by side, tiny lines.

The functions take plain frames and arrays and return figures as plain data. What a flag means is not known here: the
caller says by day which readings are out of the ordinary (`reasons`) and which of them count.

Conventions
-----------
* Days are calendar days without time zone; a day without a row is a gap in the line and has no bar.
* Missing is NaN or None and is never drawn as 0.
* No template, text or background colour is set, so that the page's theme decides them; the platform colours
  and the grey of the grid are legible on white and on the dark theme.
* Tick texts come from `locales.format_compact`, since plotly's own SI prefixes mean nothing in Korean.
"""

from support.figures.axes import PLATFORM_COLOURS
from support.figures.compare import LINE_STYLES, common_span, compare_figure
from support.figures.days import SPARK_POINTS, spark_values, tile_lines
from support.figures.gain import MAX_BARS, gain_figure

__all__ = ["LINE_STYLES", "MAX_BARS", "PLATFORM_COLOURS", "SPARK_POINTS", "common_span", "compare_figure",
           "gain_figure", "spark_values", "tile_lines"]
