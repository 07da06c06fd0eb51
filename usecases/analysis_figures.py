"""Figures of an `ArtistAnalysis`, with their texts: the same on the page and in the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import analytics
from locales import format_compact, format_date, format_number, t
from support import charts
from support.figures.axes import Figure
from usecases.analysis import ArtistAnalysis
from usecases.analysis import milestone as milestone_of

HISTORY_DAYS = 120
"""Days of history before a forecast. More would leave the forecast a sliver."""
HISTORY_PER_HORIZON = 2
"""Or as many horizons, where that is more."""
PAST_FORECASTS = 6
"""Past forecasts drawn at most, the newest ones: more cover each other."""
SETTLED_DAYS = 21
"""Days from which a new level is told from a burst (`growth._levels`); before, it is said with that reserve."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _texts(lang: str, group: str, *names: str, **values: str) -> dict[str, str]:
    """Return texts as a figure's labels, the placeholders that the figure itself fills left in."""
    return {name: t(lang, f"analysis.chart.{group}.{name}", **values) for name in names}


def _unit(lang: str, platform: str) -> str:
    return t(lang, f"platform.{platform}.unit")


def _days_of(forecasts: analytics.Forecasts, row: int) -> Any:
    return forecasts.first_day[row] + np.arange(forecasts.gains.shape[1])


def fan(analysis: ArtistAnalysis, platform: str, *, what: str, lang: str, past: bool = False, line: bool = False,
        target: float | None = None, log: bool = False) -> Figure:
    """Return readings with the forecast as a fan.

    Parameters
    ----------
    what : str
        ``total`` or ``gain``.
    past : bool
        Draw the newest forecasts of the backtest.
    line : bool
        Draw the straight line on the level (totals only).
    target : float, optional
        A milestone (totals only).
    """
    row, found, panel = analysis.platforms.index(platform), analysis.forecasts, analysis.panel
    values = (panel.totals if what == "total" else panel.gains)[row]
    history = charts.History(panel.days, values)
    known = np.flatnonzero(~np.isnan(values))
    if known.size:
        shown = max(HISTORY_DAYS, HISTORY_PER_HORIZON * found.gains.shape[1])
        cut = slice(max(int(known[0]), int(known[-1]) + 1 - shown), int(known[-1]) + 1)
        history = charts.History(panel.days[cut], values[cut])
    middle, bands = (found.totals, found.total_bands) if what == "total" else (found.gains, found.gain_bands)
    there = found.chosen[row] >= 0 and not np.isnan(middle[row]).any()
    fan = charts.Fan(_days_of(found, row), middle[row], {
        level: (bands[row, place, 0], bands[row, place, 1]) for place, level in enumerate(analytics.LEVELS)})
    return charts.fan_figure(
        history, fan if there else None, platform, what=what, lang=lang, log=log,
        labels=_texts(lang, "fan", "history", "forecast", "band", "end", "line", "past", "flagged", "target")
        | {"axis": t(lang, f"analysis.chart.fan.{what}", unit=_unit(lang, platform))},
        line=found.line[row] if line and what == "total" and there else None,
        past=_past(analysis, row, what, history) if past else (), target=target if what == "total" else None)


def _past(analysis: ArtistAnalysis, row: int, what: str, history: charts.History) -> list[tuple[Any, Any]]:
    """Return the newest past forecasts that end within the history, oldest first."""
    test, panel = analysis.forecasts.backtest, analysis.panel
    lines: list[tuple[Any, Any]] = []
    for place in range(test.offsets.size):
        origin, points = test.origins[row, place], test.points[row, place]
        if np.isnat(origin) or np.isnan(points).all() or not history.days.size or origin < history.days[0]:
            continue
        values = points
        if what == "total":
            at = int((origin - panel.days[0]).astype(int))
            known = panel.totals[row, :at + 1][~np.isnan(panel.totals[row, :at + 1])]
            values = (known[-1] if known.size else np.nan) + np.cumsum(points)
        lines.append((origin + 1 + np.arange(values.size), values))
    return lines[-PAST_FORECASTS:]


def milestone(analysis: ArtistAnalysis, platform: str, *, target: float, lang: str) -> Figure:
    """Return the chance that a target is reached, by day; of an analysis of 180 days, which tells most."""
    found = milestone_of(analysis, platform, target)
    return charts.milestone_figure(found.days, found.chances, platform, lang=lang,
                                   labels=_texts(lang, "milestone", "axis", "by", "unreached"))


def weekdays(analysis: ArtistAnalysis, platform: str, *, lang: str) -> Figure:
    """Return what each weekday's gain is of the mean day's."""
    row, profile = analysis.platforms.index(platform), analysis.metrics.weekdays
    return charts.weekday_figure(profile.ratio[row], profile.used[row], platform, lang=lang,
                                 labels=_texts(lang, "weekday", "axis", "count", *WEEKDAYS))


def anomaly(analysis: ArtistAnalysis, platform: str, *, lang: str) -> Figure:
    """Return daily gains over the whole series with spikes, drops and new levels."""
    row, panel = analysis.platforms.index(platform), analysis.panel
    found = analysis.anomalies[row]
    known = np.flatnonzero(~np.isnan(panel.totals[row]) | ~np.isnan(panel.gains[row]))
    cut = slice(int(known[0]), int(known[-1]) + 1) if known.size else slice(0, 1)
    return charts.anomaly_figure(
        panel.days[cut], panel.gains[row, cut], found.expected[cut], found.found, platform, lang=lang,
        labels=_texts(lang, "anomaly", "axis", "gain", "expected", "spike", "drop", "new_level",
                      unit=_unit(lang, platform)),
        texts=[anomaly_text(each, lang) for each in found.found])


def anomaly_text(found: analytics.Anomaly, lang: str) -> str:
    """Return a spike, drop or new level in words."""
    kind = found.kind
    if kind == "new_level":
        kind = ("level_up" if found.multiple > 1 else "level_down") + ("" if found.days >= SETTLED_DAYS else "_so_far")
    one_day = found.day == found.last_day
    when = format_date(lang, found.day) if one_day or found.kind == "new_level" else t(
        lang, "common.days_between", start=format_date(lang, found.day), end=format_date(lang, found.last_day))
    return t(lang, f"analysis.anomaly.{kind}", when=when, multiple=format_number(lang, found.multiple, 1),
             observed=format_number(lang, found.observed), expected=format_number(lang, found.expected),
             excess=f"{found.excess:+,.0f}")


def correlation(analysis: ArtistAnalysis, platform: str = "", *, lang: str, rank: bool = False) -> Figure:
    """Return the correlations between all platforms; Spearman's with `rank`, else Pearson's."""
    size = len(analysis.platforms)
    values, p, counts = np.full((size, size), np.nan), np.full((size, size), np.nan), np.zeros((size, size), int)
    reasons = [[""] * size for _ in range(size)]
    for pair in analysis.correlations:
        r = (pair.spearman, pair.spearman_p) if rank else (pair.pearson, pair.pearson_p)
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            counts[one, other] = pair.n
            if r[0] is not None and r[1] is not None:
                values[one, other], p[one, other] = r
            reasons[one][other] = t(lang, f"analysis.correlation.absent.{pair.reason}", n=pair.n) if pair.reason else ""
    labels = _texts(lang, "correlation", "r", "n", "p", "absent") | {
        "axis": t(lang, f"analysis.chart.correlation.{'spearman' if rank else 'pearson'}")}
    names = [t(lang, f"platform.{key}.label") for key in analysis.platforms]
    return charts.correlation_figure(names, values, counts, p, lang=lang, labels=labels, reasons=reasons)


def lags(analysis: ArtistAnalysis, platform: str = "", *, first: str, second: str, lang: str) -> Figure:
    """Return the correlation of two platforms at each lag."""
    rows = analysis.platforms.index(first), analysis.platforms.index(second)
    pair = next(pair for pair in analysis.correlations if (pair.first, pair.second) == rows)
    names = [t(lang, f"platform.{analysis.platforms[row]}.label") for row in (pair.first, pair.second)]
    labels = _texts(lang, "lag", "axis", "leads", "ahead", "same_day", "r", "band", "lag")
    return charts.lag_figure(pair.lags, pair.lag_pearson, analytics.lag_threshold(pair), pair.lead_days,
                             names=(names[0], names[1]), labels=labels)


def lead_text(analysis: ArtistAnalysis, pair: analytics.Correlation, lang: str) -> str:
    """Return in words which platform moves first, or why that cannot be said."""
    first, second = (t(lang, f"platform.{analysis.platforms[row]}.label") for row in (pair.first, pair.second))
    if pair.lead_days is None:
        return t(lang, f"analysis.correlation.no_lead.{pair.lead_reason}", first=first, second=second, n=pair.n)
    if pair.lead_days < 0:
        first, second = second, first
    p = "< 0.001" if pair.lead_p is not None and pair.lead_p < 0.001 else f"= {pair.lead_p:.3f}"
    return t(lang, "analysis.correlation.lead", first=first, second=second, days=abs(pair.lead_days), p=p)


def milestone_text(found: analytics.Milestone, lang: str) -> str:
    """Return when a target is reached: median day and the range of eight cases in ten, as far as within ten years."""
    days = {name: format_date(lang, getattr(found, name)) for name in ("median", "earliest", "latest")}
    key = ("around" if found.latest else "open") if found.median else "from" if found.earliest else "never"
    return t(lang, f"analysis.milestone.{key}", target=format_number(lang, found.target), **days)


def chance_text(share: float | None) -> str:
    """Return a probability in percent; 0 and 100 only where they are meant."""
    if share is None:
        return "–"
    if 0 < share < 0.01:
        return "< 1%"
    if 0.99 < share < 1:
        return "> 99%"
    return f"{share * 100:.0f}%"


def pairs_with_lags(analysis: ArtistAnalysis) -> list[analytics.Correlation]:
    """Return the pairs of platforms that have a correlation at some lag."""
    return [pair for pair in analysis.correlations if not np.isnan(pair.lag_pearson).all()]


TILES = ("momentum", "volatility", "acceleration", "stability", "share", "growth_7", "growth_28", "growth_90", "mean_7",
         "mean_30", "days_since_peak", "half_life")
"""Figures of a platform in the order in which they are shown."""


def tile(analysis: ArtistAnalysis, platform: str, name: str) -> analytics.Metric:
    """Return one of `TILES`."""
    figures = analysis.shares if name == "share" else getattr(analysis.metrics, name)
    return figures.metric(analysis.platforms.index(platform))


def tile_text(name: str, value: float | None, lang: str) -> str:
    """Return one of `TILES` as it is written."""
    if value is None:
        return "–"
    forms: dict[str, Callable[[float], str]] = {
        "momentum": lambda ratio: f"×{format_number(lang, ratio, 2)}",
        "volatility": lambda percent: f"{format_number(lang, percent, 1)}%",
        "share": lambda percent: f"{format_number(lang, percent, 1)}%",
        "stability": lambda points: t(lang, "growth.points", points=format_number(lang, points, 1)),
        "mean_7": lambda gain: format_compact(lang, gain), "mean_30": lambda gain: format_compact(lang, gain),
        "days_since_peak": lambda days: t(lang, "analysis.days", days=format_number(lang, days)),
        "half_life": lambda days: t(lang, "analysis.days", days=format_number(lang, days)),
    }
    return forms.get(name, lambda percent: f"{percent:+,.1f}%")(value)


def absence_text(metric: analytics.Metric, lang: str) -> str:
    """Return why a figure is absent."""
    return t(lang, f"absent.{metric.reason}", used=format_number(lang, metric.used),
             needed=format_number(lang, metric.needed), left_out=format_number(lang, metric.left_out))


FIGURES: dict[str, Callable[..., Figure]] = {
    "fan": fan, "milestone": milestone, "weekdays": weekdays, "anomaly": anomaly, "correlation": correlation,
    "lags": lags}


def analysis_figure(analysis: ArtistAnalysis, name: str, platform: str, *, lang: str, **options: Any) -> Figure:
    """Return one of `FIGURES` by its name."""
    return FIGURES[name](analysis, platform, lang=lang, **options)
