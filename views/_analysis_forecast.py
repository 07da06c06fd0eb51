"""The forecast tab: what is to come, three scenarios, a milestone, and how far such forecasts were off before."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import streamlit as st

import services
from views import _shared
from views._analysis_choice import Choice
from views._shared import compact, day, number, plain, text

SERIES = ("total", "gain")
DEFAULT_TARGET = 100_000_000
"""Views, streams or plays: the milestone asked for first."""
CHART = {"displayModeBar": False}
CHANCE_WIDTH = 100
"""Pixels: three in a row on a phone."""


def draw(choice: Choice) -> None:
    """Draw the tab."""
    if choice.platform is None:
        nothing_above(choice)
        return
    analysis = choice.analysis()
    row = analysis.platforms.index(choice.platform)
    reason = analysis.forecasts.reasons[row]
    if reason:
        _shared.empty_state(f"analysis.forecast.none.{reason}", "hourglass_empty")
        _fan(choice, analysis, there=False)
        return
    _summary(choice, analysis, row)
    _fan(choice, analysis, there=True)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        _milestone(choice, analysis, row)
    with right.container(border=True, height="stretch"):
        _accuracy(choice, analysis, row)
    _download(choice, analysis, row)


def nothing_above(choice: Choice) -> None:
    """Say that artist or song has no platform above the threshold."""
    name = choice.song.title if choice.song else choice.artist.name
    _shared.empty_state("analysis.under", "filter_alt", artist=plain(name),
                        threshold=number(_shared.frame().threshold), best=number(choice.best))


# summary ------------------------------------------------------------


def _summary(choice: Choice, analysis: services.ArtistAnalysis, row: int) -> None:
    """Draw the three scenarios, and in a line what the forecast stands on."""
    found = analysis.forecasts
    last = found.first_day[row] - np.timedelta64(1, "D")
    st.caption(text("analysis.forecast.from", day=day(last.item()), total=number(found.last_total[row]),
                    end=day(last.item() + timedelta(days=choice.horizon)),
                    method=text(f"analysis.method.{found.methods[found.chosen[row]]}")))
    for place, scenario in zip(st.columns(3), services.scenarios(analysis, choice.platform or ""), strict=True):
        with place.container(border=True, height="stretch"):
            key = f"analysis.scenario.{scenario.name}"
            st.metric(text(f"{key}.title"), number(scenario.totals[-1]),
                      text("analysis.scenario.added", added=compact(scenario.gain)), delta_color="off",
                      delta_arrow="off", help=text(f"{key}.help", days=number(choice.horizon)))
            st.caption(text(f"{key}.words", per_day=compact(scenario.daily_gain)) + _compared(scenario.change))


def _compared(percent: float | None) -> str:
    """Return how a gain per day compares with that of the last 30 days, in words."""
    if percent is None:
        return ""
    key = "same" if abs(percent) < 1 else "more" if percent > 0 else "less"
    return " " + text(f"analysis.scenario.than_recent.{key}", percent=number(abs(percent)))


# fan ------------------------------------------------------------


def _fan(choice: Choice, analysis: services.ArtistAnalysis, *, there: bool) -> None:
    """Draw the choices of the chart, and the chart."""
    st.markdown(f"#### {text('analysis.forecast.title', platform=_shared.platform_head(choice.platform or ''))}")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        what = _shared.in_url("show", "analysis_show", _shared.one_of(SERIES), "total", quiet=True)
        names = {name: text(f"analysis.forecast.show.{name}") for name in SERIES}
        st.segmented_control(text("analysis.forecast.show.label"), SERIES, key="analysis_show", required=True,
                             format_func=names.__getitem__, label_visibility="collapsed")
        past = _shared.switch_in_url("past", "analysis_past")
        st.toggle(text("analysis.forecast.past"), key="analysis_past", help=text("analysis.forecast.past_help"))
        line = False
        if what == "total":
            line = _shared.switch_in_url("line", "analysis_line")
            st.toggle(text("analysis.forecast.line"), key="analysis_line", help=text("analysis.forecast.line_help"))
    st.plotly_chart(choice.figure("fan", what=what, past=past, line=line and there),
                    key="analysis_fan", config=CHART)


# milestone ------------------------------------------------------------


def _milestone(choice: Choice, analysis: services.ArtistAnalysis, row: int) -> None:
    """Draw the choice of a target, and by when it is reached."""
    st.markdown(f"#### {text('analysis.milestone.title')}")
    target = _shared.in_url("target", "analysis_target", _target, DEFAULT_TARGET, quiet=True)
    following = services.next_target(float(analysis.forecasts.last_total[row]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(text("analysis.milestone.target", unit=text(f"platform.{choice.platform}.unit")), min_value=1,
                        max_value=10**15, step=1_000_000, key="analysis_target")
        st.button(text("analysis.milestone.next", target=compact(following)), key="analysis_next_target",
                  on_click=_set_target, args=(int(following),), disabled=target == following)
    far = choice.analysis(services.FAR_DAYS)
    found = services.milestone(far, choice.platform or "", float(target))
    if found.already:
        st.success(text("analysis.milestone.reached", target=number(target), day=day(found.reached)),
                   icon=":material/flag:")
        return
    st.markdown(services.milestone_text(found, _shared.lang()))
    with st.container(horizontal=True, gap="small"):
        for days, chance in ((30, found.chance_30), (90, found.chance_90), (365, found.chance_365)):
            st.metric(text("analysis.milestone.within", days=days), services.chance_text(chance), width=CHANCE_WIDTH)
    if found.chances.size and found.chances.max() > 0:
        st.plotly_chart(choice.figure("milestone", horizon=services.FAR_DAYS, target=float(target)),
                        key="analysis_milestone", config=CHART)
    st.caption(text("analysis.milestone.note", days=number(found.horizon_days)))


def _target(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and 1 <= int(value) <= 10**15 else None


def _set_target(value: int) -> None:
    st.session_state["analysis_target"] = value


# accuracy ------------------------------------------------------------


def _accuracy(choice: Choice, analysis: services.ArtistAnalysis, row: int) -> None:
    """Draw how far forecasts made the same way were off in the past, next to the plain ways."""
    st.markdown(f"#### {text('analysis.accuracy.title')}")
    test, found = analysis.forecasts.backtest, analysis.forecasts
    if not test.count[row]:
        st.info(text("analysis.accuracy.none"), icon=":material/hourglass_empty:")
        return
    st.caption(text("analysis.accuracy.note", count=number(int(test.count[row])), days=number(choice.horizon)))
    best = test.mase["forecast"][row]
    rows = [("forecast", best)] + [(name, test.mase[name][row]) for name in services.PLAIN]
    st.dataframe(pd.DataFrame({
        text("analysis.accuracy.method"): [text(f"analysis.accuracy.{name}") for name, _ in rows],
        text("analysis.accuracy.mase"): [value for _, value in rows],
        text("analysis.accuracy.against"): [None if name == "forecast" else 100 * (best / value - 1)
                                            for name, value in rows]}), hide_index=True, placeholder="–",
                 column_config={
        text("analysis.accuracy.mase"): st.column_config.NumberColumn(format="%.2f",
                                                                      help=text("analysis.accuracy.mase_help")),
        text("analysis.accuracy.against"): st.column_config.NumberColumn(
            format="%+.0f%%", help=text("analysis.accuracy.against_help"))})
    covered = [(level, test.coverage[row, place], test.sum_coverage[row, place])
               for place, level in enumerate(services.LEVELS)]
    st.markdown(text("analysis.accuracy.sums", ours=_percent(test.sum_error[row]), line=_percent(test.line_error[row])))
    st.markdown("\n".join("- " + text("analysis.accuracy.covered", level=f"{level * 100:.0f}", daily=_percent(daily),
                                      sums=_percent(sums)) for level, daily, sums in covered))
    st.caption(text("analysis.accuracy.behind", errors=number(int(found.errors_behind[row])),
                    tested=number(int(found.tested_days[row]))))


def _percent(share: float) -> str:
    return "–" if share != share else f"{share * 100:.0f}%"


# download ------------------------------------------------------------


def _download(choice: Choice, analysis: services.ArtistAnalysis, row: int) -> None:
    """Draw the downloads: the forecast as a table, and the report of the artist."""
    name = "_".join(part for part in (choice.artist.name, choice.song.title if choice.song else "",
                                      choice.platform or "", "forecast") if part)
    frame, lang = _shared.frame(), _shared.lang()
    with st.container(horizontal=True, horizontal_alignment="right"):
        _shared.csv_download(services.forecast_table(analysis, choice.platform or ""), name, "analysis_forecast_csv")
        st.download_button(text("analysis.report.download"),
                           lambda: services.artist_report(frame.actor, analysis, lang=lang).encode(),
                           file_name=_shared.file_part(f"{choice.artist.name}_report") + ".html", mime="text/html",
                           key="analysis_report", on_click="ignore", icon=":material/lab_profile:",
                           help=text("analysis.report.help"))
