"""The report of one artist: one HTML file with the figures, charts and sentences of the Advanced Analysis."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

import analytics
from accounts import Actor
from locales import format_compact, format_date, format_number, format_time, t
from support.reports import Block, Chart, Section, Table, Text, Tiles, html_report
from usecases.analysis import ArtistAnalysis, artist_analysis, milestone, scenarios, standings
from usecases.analysis_figures import (
    TILES,
    absence_text,
    analysis_figure,
    anomaly_text,
    chance_text,
    lead_text,
    milestone_text,
    tile,
    tile_text,
)
from usecases.outlook import FAR_DAYS


def artist_report(actor: Actor, analysis: ArtistAnalysis, *, lang: str, target: float | None = None) -> str:
    """Return the report of an artist, or of one song, as one HTML file.

    Parameters
    ----------
    target : float, optional
        Milestone of every platform; by default the next round number above each total.
    """
    growth = analysis.growth
    name = growth.artist.name + (f" – {growth.song.title}" if growth.song else "")
    far = artist_analysis(actor, growth.artist.id, horizon=FAR_DAYS, window_days=growth.window.requested,
                          threshold=growth.threshold, song_id=growth.song.id if growth.song else None)
    sections = [_overview(analysis, lang)]
    for platform in _by_total(analysis):
        sections.append(_platform(analysis, far, platform, target, lang))
    if len(analysis.platforms) > 1:
        sections.append(_together(analysis, lang))
    if growth.song is None:
        sections.append(_standing(actor, analysis, lang))
    made = format_time(lang, datetime.now(UTC))
    return html_report(t(lang, "analysis.report.title", name=name), sections, lang=lang,
                       footer=t(lang, "analysis.report.footer", moment=made, days=growth.window.days,
                                threshold=format_number(lang, growth.threshold)),
                       without_script=t(lang, "analysis.report.without_script"))


def _by_total(analysis: ArtistAnalysis) -> list[str]:
    """Return the platforms, the one with the highest total first."""
    totals = dict(zip(analysis.platforms, analysis.forecasts.last_total.tolist(), strict=True))
    return sorted(totals, key=lambda platform: -np.nan_to_num(totals[platform]))


def _overview(analysis: ArtistAnalysis, lang: str) -> Section:
    found = analysis.forecasts
    rows = [(analysis.platforms.index(platform), platform) for platform in _by_total(analysis)]
    tiles = [(t(lang, f"platform.{platform}.label"), format_compact(lang, float(found.last_total[row])),
              _last_day(analysis, row, lang)) for row, platform in rows]
    blocks: list[Block] = [Tiles(tiles)] if tiles else [Text(t(lang, "analysis.report.nothing"))]
    hidden = [t(lang, "growth.hidden", platform=t(lang, f"platform.{platform}.label"),
                total=format_number(lang, total), threshold=format_number(lang, analysis.growth.threshold))
              for platform, total in analysis.growth.under_threshold.items()]
    return Section(t(lang, "analysis.report.overview"), [*blocks, *map(Text, hidden)])


def _last_day(analysis: ArtistAnalysis, row: int, lang: str) -> str | None:
    first = analysis.forecasts.first_day[row]
    return None if np.isnat(first) else format_date(lang, (first - np.timedelta64(1, "D")).item())


def _platform(analysis: ArtistAnalysis, far: ArtistAnalysis, platform: str, target: float | None,
              lang: str) -> Section:
    row, label = analysis.platforms.index(platform), t(lang, f"platform.{platform}.label")
    blocks: list[Block] = [_tiles(analysis, platform, lang)]
    reason = analysis.forecasts.reasons[row]
    if reason:
        blocks.append(Text(t(lang, f"analysis.forecast.none.{reason}.title")))
    else:
        blocks += _forecast(analysis, platform, lang)
        blocks += _milestone(far, platform, target, lang)
        blocks += _accuracy(analysis, row, lang)
    found = analysis.anomalies[row]
    if not found.reason:
        texts = [anomaly_text(each, lang) for each in found.found] or [t(lang, "analysis.anomaly.nothing")]
        blocks += [Chart(analysis_figure(analysis, "anomaly", platform, lang=lang),
                         t(lang, "analysis.anomaly.title", platform=label)), Text("\n\n".join(texts))]
    blocks.append(Chart(analysis_figure(analysis, "weekdays", platform, lang=lang), t(lang, "analysis.weekday.help")))
    return Section(label, blocks)


def _tiles(analysis: ArtistAnalysis, platform: str, lang: str) -> Tiles:
    tiles = []
    for name in TILES:
        metric = tile(analysis, platform, name)
        tiles.append((t(lang, f"analysis.tile.{name}"), tile_text(name, metric.value, lang),
                      absence_text(metric, lang) if metric.value is None else None))
    return Tiles(tiles)


def _forecast(analysis: ArtistAnalysis, platform: str, lang: str) -> list[Block]:
    found, row = analysis.forecasts, analysis.platforms.index(platform)
    days = found.gains.shape[1]
    end = (found.first_day[row] + days - 1).item()
    tiles = [(t(lang, f"analysis.scenario.{one.name}.title"), format_number(lang, float(one.totals[-1])),
              t(lang, "analysis.scenario.added", added=format_compact(lang, one.gain)))
             for one in scenarios(analysis, platform)]
    words = [t(lang, f"analysis.scenario.{one.name}.title") + ": "
             + t(lang, f"analysis.scenario.{one.name}.help", days=days) + " "
             + t(lang, f"analysis.scenario.{one.name}.words", per_day=format_compact(lang, one.daily_gain))
             for one in scenarios(analysis, platform)]
    source = t(lang, "analysis.forecast.from", day=_last_day(analysis, row, lang), end=format_date(lang, end),
               total=format_number(lang, float(found.last_total[row])),
               method=t(lang, f"analysis.method.{found.methods[found.chosen[row]]}"))
    return [Text(source), Tiles(tiles), Text("\n\n".join(words)),
            *(Chart(analysis_figure(analysis, "fan", platform, lang=lang, what=what, past=True, line=True),
                    t(lang, f"analysis.chart.fan.{what}", unit=t(lang, f"platform.{platform}.unit")))
              for what in ("total", "gain"))]


def _milestone(far: ArtistAnalysis, platform: str, target: float | None, lang: str) -> list[Block]:
    row = far.platforms.index(platform)
    wanted = target or analytics.next_target(float(far.forecasts.last_total[row]))
    found = milestone(far, platform, wanted)
    if found.already:
        return [Text(t(lang, "analysis.milestone.reached", target=format_number(lang, wanted),
                       day=format_date(lang, found.reached)))]
    blocks: list[Block] = [Text(milestone_text(found, lang).replace("**", "")), Tiles([
        (t(lang, "analysis.milestone.within", days=days), chance_text(chance), None)
        for days, chance in ((30, found.chance_30), (90, found.chance_90), (365, found.chance_365))])]
    if found.chances.size and found.chances.max() > 0:
        blocks.append(Chart(analysis_figure(far, "milestone", platform, lang=lang, target=wanted),
                            t(lang, "analysis.milestone.note", days=found.horizon_days)))
    return blocks


def _accuracy(analysis: ArtistAnalysis, row: int, lang: str) -> list[Block]:
    test = analysis.forecasts.backtest
    if not test.count[row]:
        return [Text(t(lang, "analysis.accuracy.none"))]
    names = ("forecast", *analytics.PLAIN)
    table = Table((t(lang, "analysis.accuracy.method"), t(lang, "analysis.accuracy.mase")),
                  [(t(lang, f"analysis.accuracy.{name}"), f"{test.mase[name][row]:.2f}") for name in names],
                  t(lang, "analysis.accuracy.note", count=int(test.count[row]),
                    days=analysis.forecasts.gains.shape[1]))
    covered = [t(lang, "analysis.accuracy.covered", level=f"{level * 100:.0f}",
                 daily=_percent(test.coverage[row, place]), sums=_percent(test.sum_coverage[row, place]))
               for place, level in enumerate(analytics.LEVELS)]
    sums = t(lang, "analysis.accuracy.sums", ours=_percent(test.sum_error[row]), line=_percent(test.line_error[row]))
    return [table, Text("\n\n".join([sums.replace("**", ""), *covered]))]


def _percent(share: float) -> str:
    return "–" if share != share else f"{share * 100:.0f}%"


def _together(analysis: ArtistAnalysis, lang: str) -> Section:
    leads = [lead_text(analysis, pair, lang).replace("**", "") for pair in analysis.correlations]
    return Section(t(lang, "analysis.correlation.title"), [
        Chart(analysis_figure(analysis, "correlation", "", lang=lang), t(lang, "analysis.correlation.help")),
        Text("\n\n".join(leads))])


def _standing(actor: Actor, analysis: ArtistAnalysis, lang: str) -> Section:
    found, artist = standings(actor), analysis.growth.artist.id
    rows = []
    for platform in _by_total(analysis):
        own = found.standings.get((artist, platform))
        if own is not None:
            rows.append((t(lang, f"platform.{platform}.label"), f"{own.rank or '–'} / {own.of}",
                         t(lang, f"analysis.standing.stage.{own.stage}") if own.stage else "–",
                         t(lang, f"analysis.standing.class.{own.growth}") if own.growth else "–",
                         "–" if own.z is None else f"{own.z:+.2f}"))
    headers = [t(lang, f"analysis.report.standing.{name}") for name in ("platform", "rank", "stage", "growth", "z")]
    return Section(t(lang, "analysis.tab.standing"), [
        Table(headers, rows) if rows else Text(t(lang, "analysis.report.no_standing"))])
