"""The patterns tab: how an artist's gains behave: pace, weekdays, what stood out, which platform moves first."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import services
from views import _shared
from views._analysis_choice import Choice
from views._analysis_forecast import CHART, nothing_above
from views._shared import day, number, text

TILE_WIDTH = 122
"""Pixels. Six in a row on a laptop, two on a phone."""
KINDS = {"spike": ":violet-badge[:material/arrow_upward:", "drop": ":blue-badge[:material/arrow_downward:",
         "new_level": ":red-badge[:material/stairs_2:"}
SHOWN = 8
"""Anomalies listed before the rest is folded."""


def draw(choice: Choice) -> None:
    """Draw the tab."""
    if choice.platform is None:
        nothing_above(choice)
        return
    analysis = choice.analysis()
    row = analysis.platforms.index(choice.platform)
    st.caption(text("analysis.patterns.note", platform=_shared.platform(choice.platform),
                    start=day(analysis.growth.window.start), end=day(analysis.growth.window.end)))
    _tiles(analysis, choice.platform)
    _anomalies(choice, analysis, row)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown(f"#### {text('analysis.weekday.title')}", help=text("analysis.weekday.help"))
        st.plotly_chart(choice.figure("weekdays"), key="analysis_weekdays", config=CHART)
    with right.container(border=True, height="stretch"):
        _correlation(choice, analysis)
    _leads(choice, analysis)


# tiles ------------------------------------------------------------


def _tiles(analysis: services.ArtistAnalysis, platform: str) -> None:
    with st.container(horizontal=True, gap="small"):
        for name in services.TILES:
            _tile(name, services.tile(analysis, platform, name))


def _tile(name: str, metric: Any) -> None:
    """Draw one figure with its formula, and the reason where it is absent."""
    lang = _shared.lang()
    explained = text(f"analysis.formula.{name}")
    if metric.value is None:
        explained += "\n\n" + text("growth.absent", reason=services.absence_text(metric, lang))
    if metric.left_out:
        explained += "\n\n" + text("growth.left_out_help", count=number(metric.left_out))
    left_out = text("growth.left_out", count=number(metric.left_out)) if metric.left_out else None
    st.metric(text(f"analysis.tile.{name}"), services.tile_text(name, metric.value, lang), left_out, delta_color="off",
              delta_arrow="off", help=explained, width=TILE_WIDTH, border=True)


# anomalies ------------------------------------------------------------


def _anomalies(choice: Choice, analysis: services.ArtistAnalysis, row: int) -> None:
    st.markdown(f"#### {text('analysis.anomaly.title', platform=_shared.platform_head(choice.platform or ''))}",
                help=text("analysis.anomaly.help"))
    found = analysis.anomalies[row]
    if found.reason:
        st.info(text(f"analysis.anomaly.none.{found.reason}"), icon=":material/hourglass_empty:")
        return
    st.plotly_chart(choice.figure("anomaly"), key="analysis_anomalies", config=CHART)
    if not found.found:
        st.caption(f":green[:material/check_circle:] {text('analysis.anomaly.nothing')}")
    newest = list(reversed(found.found))
    _list(newest[:SHOWN])
    if newest[SHOWN:]:
        with st.expander(text("analysis.anomaly.more", count=number(len(newest) - SHOWN))):
            _list(newest[SHOWN:])
    if found.late_reports:
        st.caption(text("analysis.anomaly.late", count=number(found.late_reports)))


def _list(found: list[Any]) -> None:
    lang = _shared.lang()
    if found:
        st.markdown("\n".join(f"- {KINDS[each.kind]} {text(f'analysis.anomaly.kind.{each.kind}')}] "
                              f"{services.anomaly_text(each, lang)}" for each in found))


# correlation ------------------------------------------------------------


def _correlation(choice: Choice, analysis: services.ArtistAnalysis) -> None:
    """Draw how the platforms move together, and for a pair which of them moves first."""
    st.markdown(f"#### {text('analysis.correlation.title')}", help=text("analysis.correlation.help"))
    if len(analysis.platforms) < 2:
        st.info(text("analysis.correlation.one_platform"), icon=":material/info:")
        return
    rank = _shared.switch_in_url("rank", "analysis_rank")
    st.toggle(text("analysis.correlation.rank"), key="analysis_rank", help=text("analysis.correlation.rank_help"))
    st.plotly_chart(choice.figure("correlation", rank=rank), key="analysis_correlation", config=CHART)


def _leads(choice: Choice, analysis: services.ArtistAnalysis) -> None:
    """Draw which platform moves first."""
    if not analysis.correlations:
        return
    with st.container(border=True):
        st.markdown(f"#### {text('analysis.correlation.leads')}", help=text("analysis.correlation.leads_help"))
        lang = _shared.lang()
        st.markdown("\n".join(f"- {services.lead_text(analysis, pair, lang)}" for pair in analysis.correlations))
        pairs = services.pairs_with_lags(analysis)
        if pairs:
            _lag_chart(choice, analysis, pairs)
        _numbers(analysis)


def _lag_chart(choice: Choice, analysis: services.ArtistAnalysis, pairs: list[Any]) -> None:
    names = [f"{analysis.platforms[pair.first]}-{analysis.platforms[pair.second]}" for pair in pairs]
    shown = _shared.in_url("pair", "analysis_pair", _shared.one_of(tuple(names)), names[0], quiet=True)
    labels = {name: " · ".join(map(_shared.platform, name.split("-"))) for name in names}
    st.selectbox(text("analysis.correlation.pair"), names, key="analysis_pair", format_func=labels.__getitem__)
    first, second = shown.split("-")
    st.plotly_chart(choice.figure("lags", first=first, second=second), key="analysis_lags", config=CHART)


def _numbers(analysis: services.ArtistAnalysis) -> None:
    """Draw the numbers behind the heat map."""
    with st.expander(text("analysis.correlation.numbers")):
        st.dataframe(pd.DataFrame([{
            text("analysis.correlation.platforms"): " · ".join(_shared.platform(analysis.platforms[row])
                                                               for row in (pair.first, pair.second)),
            "Pearson r": pair.pearson, "p": pair.pearson_p, "Spearman ρ": pair.spearman, "p (ρ)": pair.spearman_p,
            "n": pair.n, text("analysis.correlation.effective"): pair.effective_n} for pair in analysis.correlations]),
            hide_index=True, placeholder="–", column_config={
                name: st.column_config.NumberColumn(format=form) for name, form in {
                    "Pearson r": "%.2f", "p": "%.3f", "Spearman ρ": "%.2f", "p (ρ)": "%.3f",
                    text("analysis.correlation.effective"): "%.0f"}.items()})
