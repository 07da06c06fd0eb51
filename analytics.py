"""Growth from daily readings: figures, forecasts, milestones, correlations, anomalies, career stages.

Every function is pure: a data frame or a panel in, frozen dataclasses out. Windows and last days are arguments, so
nothing here knows what day it is. `platform_metrics` serves the tiles of one artist; whatever else there is takes a
`Panel` (`panel_of`), the daily series of any number of artists side by side, and works on all of them at once. The
code is in ``growth/``, a module a subject.

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
  no_spike       no day stood out of the weeks before it
  not_yet        the latest spike has not lost half of its excess yet
  ============== ==========================================================================

  Correlations, stages, forecasts and anomalies have reasons of their own, named in their results.

Metrics
-------
Of one artist (`platform_metrics`, `PlatformMetrics`) and, but for last_day_gain and share, of all series of a panel
(`panel_metrics`, `PanelMetrics`), with the same answers:

* momentum: mean gain of the last 7 days over the mean gain of the 28 days before
* acceleration: mean gain of the window's second half against its first half, in percent
* stability: 100 less 20 times the relative spread of the window's gains, within 0 to 100
* total: the last reading that counts
* last_day_gain: gain of the platform's last day in the window
* last_week_gain: sum of the gains of the last 7 days
* share: percent of the gains of all platforms in the window; of a panel, `shares`

Of a panel alone (`panel_metrics`):

* volatility: standard deviation of the last 30 days' gains over their mean, in percent
* window_gain: sum of the gains in the window
* mean_7, mean_30, mean_60: mean gain per day of the last days
* growth_7, growth_28, growth_90: mean gain of the last days against as many before, in percent
* days_since_peak: days since the end of the week with the highest mean gain
* half_life: days in which the latest spike lost half of its excess
* weekdays: gain of each weekday as a multiple of the mean day

Beyond single figures:

* `correlations`: how two platforms' gains move together, and which moves first (`growth.correlation`)
* `anomalies`: spikes, drops and new levels with day and size (`growth.anomalies`)
* `stages_of`: career stage by percentile, growth class by z-score within the stage (`growth.stages`)
* `forecast`: gains and totals of the next 7 to 180 days with intervals and their own past errors (`growth.forecast`)
* `scenarios`: low, base and high course of a total (`growth.scenarios`)
* `milestone`: when a total reaches a target, as a probability over days (`growth.milestones`)
"""

from __future__ import annotations

from growth.anomalies import Anomalies, Anomaly, anomalies
from growth.conformal import Calibration
from growth.correlation import Correlation, correlations, lag_threshold
from growth.figures import Figures
from growth.forecast import HORIZONS, LEVELS, PLAIN, Forecasts, forecast, total_quantiles
from growth.metrics import PanelMetrics, panel_metrics, shares
from growth.milestones import Milestone, milestone, next_target
from growth.panel import Panel, panel_of
from growth.scenarios import Scenario, scenarios
from growth.songs import DAILY_COLUMNS, combine_songs
from growth.stages import CLASS_BOUNDS, CLASSES, STAGE_BOUNDS, STAGES, Stages, Standing, stages_of
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
    "Anomalies",
    "Anomaly",
    "BASE_DAYS",
    "CLASSES",
    "CLASS_BOUNDS",
    "Calibration",
    "Correlation",
    "DAILY_COLUMNS",
    "Figures",
    "Forecasts",
    "HORIZONS",
    "LEVELS",
    "MIN_BASE_DAYS",
    "MIN_HALF_DAYS",
    "MIN_RECENT_DAYS",
    "MIN_SPREAD_DAYS",
    "Metric",
    "Milestone",
    "PLAIN",
    "Panel",
    "PanelMetrics",
    "PlatformMetrics",
    "RECENT_DAYS",
    "SPREAD_WEIGHT",
    "STAGES",
    "STAGE_BOUNDS",
    "Scenario",
    "Stages",
    "Standing",
    "Window",
    "anomalies",
    "combine_songs",
    "correlations",
    "forecast",
    "lag_threshold",
    "milestone",
    "next_target",
    "panel_metrics",
    "panel_of",
    "platform_metrics",
    "scenarios",
    "shares",
    "stages_of",
    "total_quantiles",
    "window_of",
]
