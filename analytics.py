"""Growth of one artist from daily readings: momentum, acceleration, stability, totals, recent gains, share.

Every function is pure: a data frame and a window of days in, frozen dataclasses out. The window is an
argument, so nothing here knows what day it is.

Source
------
Daily cumulative counters per platform (views, streams, plays) as the import leaves them: one row a platform
and day with the counter's reading, the gain since the day before and the day's flags (``ingest/flags.py``).
Rows of several songs are added up first, by `combine_songs`.

Conventions
-----------
* Units: ``total`` and ``gain`` count views, streams or plays; a gain is per day.
* Days are calendar days without time zone. Spans count calendar days, never rows: a missing day shortens what
  is used and does not stretch the span. All spans are closed intervals that end at the window's last day,
  also for a platform whose own readings end earlier.
* Missing is NaN and never 0. A day without a row is missing too.
* Flagged days stay out of sums and means (`LEFT_OUT_OF_MEANS`), of spreads (`LEFT_OUT_OF_SPREADS`) and of
  totals (`LEFT_OUT_OF_TOTALS`), and are counted in ``left_out``. With ``include_flagged=True`` only unknown
  gains stay out; totals keep their rule, since a reading of another source is no total of this one.
* An absent metric has ``value=None`` and says why in ``reason``:

  ============== ==========================================================================
  no_data        no row at all in the days the metric looks at
  too_few_days   fewer known days than needed
  all_flagged    there were enough days, but flags leave too few
  no_base        the denominator of a ratio is zero or negative
  zero_mean      the mean gain is zero or negative, so a relative spread means nothing
  ============== ==========================================================================

Metrics
-------
* momentum: mean gain of the last 7 days over the mean gain of the 28 days before
* acceleration: mean gain of the window's second half against its first half, in percent
* stability: 100 less 20 times the relative spread of the window's gains, within 0 to 100
* total: the last reading that counts
* last_day_gain: gain of the platform's last day in the window
* last_week_gain: sum of the gains of the last 7 days
* share: percent of the gains of all platforms in the window
"""

from __future__ import annotations

from growth.panel import Panel, panel_of
from growth.songs import DAILY_COLUMNS, combine_songs
from growth.tiles import (
    BASE_DAYS,
    MIN_BASE_DAYS,
    MIN_HALF_DAYS,
    MIN_RECENT_DAYS,
    MIN_SPREAD_DAYS,
    RECENT_DAYS,
    SPREAD_WEIGHT,
    Metric,
    PlatformMetrics,
    Window,
    platform_metrics,
    window_of,
)

__all__ = [
    "BASE_DAYS",
    "DAILY_COLUMNS",
    "MIN_BASE_DAYS",
    "MIN_HALF_DAYS",
    "MIN_RECENT_DAYS",
    "MIN_SPREAD_DAYS",
    "RECENT_DAYS",
    "SPREAD_WEIGHT",
    "Metric",
    "Panel",
    "PlatformMetrics",
    "Window",
    "combine_songs",
    "panel_of",
    "platform_metrics",
    "window_of",
]
