"""The portfolio tab: every artist on every platform in one table, filtered, exported, opened by ticking a row."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

import services
from views import _cache, _shared
from views._analysis_choice import Choice
from views._analysis_standing import (
    class_name,
    columns,
    draw_standing,
    floored_column,
    nothing_yet,
    opener,
    stage_name,
    without_empty,
)
from views._shared import number, text

__all__ = ["draw", "draw_standing"]

SHOWN = ("artist", "platform", "stage", "growth", "z", "mean_30", "momentum", "volatility", "growth_28", "percentile",
         "rank", "total", "sum_30", "target", "target_day", "target_90", "alerts", "last_day")
"""The table's columns in their order."""
WITHOUT = "none"
"""What the filters say for artists without a stage or a growth class."""
WIDGET = "analysis_portfolio"
LONGEST_SEARCH = 100


def draw(choice: Choice) -> None:
    """Draw the tab; what it shows does not depend on the chosen artist."""
    frame = _shared.frame()
    rows = _cache.portfolio(frame.actor, frame.threshold)
    _left_out(frame)
    if rows.empty:
        if _cache.standings(frame.actor).outlooks:
            _shared.empty_state("analysis.portfolio.under", "filter_alt", threshold=number(frame.threshold))
        else:
            nothing_yet()
        return
    shown = _filtered(rows)
    _counts(shown)
    if shown.empty:
        _shared.empty_state("analysis.portfolio.no_match", "search_off")
        return
    _table(shown, len(rows))


def _left_out(frame: _shared.Frame) -> None:
    """Say how many artists and platforms the table leaves out, and why."""
    outlooks = _cache.standings(frame.actor).outlooks
    there = {(outlook.artist_id, outlook.platform) for outlook in outlooks}
    under = sum((outlook.total or 0) <= frame.threshold for outlook in outlooks)
    waiting = sum(total > frame.threshold and (artist.id, platform) not in there
                  for artist in _cache.artists(frame.actor) for platform, total in artist.totals.items())
    if under:
        st.caption(text("analysis.portfolio.left_out", count=number(under), threshold=number(frame.threshold)))
    if waiting and there:
        st.info(text("analysis.portfolio.waiting", count=number(waiting)), icon=":material/hourglass_top:")


# filters ------------------------------------------------------------


def _filtered(rows: pd.DataFrame) -> pd.DataFrame:
    """Draw the search box and the filters; return the rows that pass them."""
    search, platforms, stages, classes = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    with search:
        wanted = _shared.in_url("p_q", "analysis_p_q", lambda value: value[:LONGEST_SEARCH], "", quiet=True)
        st.text_input(text("analysis.portfolio.search"), key="analysis_p_q", max_chars=LONGEST_SEARCH,
                      placeholder=text("analysis.portfolio.search_hint"), icon=":material/search:")
    with platforms:
        chosen = {"platform": _choice("platform", _shared.PLATFORMS, _shared.platform)}
    with stages:
        chosen["stage"] = _choice("stage", (*reversed(services.STAGES), WITHOUT), _stage_or_none)
    with classes:
        chosen["growth"] = _choice("growth", (*reversed(services.CLASSES), WITHOUT), _class_or_none)
    alerts = _shared.switch_in_url("p_alerts", "analysis_p_alerts")
    st.toggle(text("analysis.portfolio.with_alerts"), key="analysis_p_alerts")
    return filtered(rows, wanted, chosen, with_alerts=alerts)


def _choice(name: str, options: Sequence[str], label) -> list[str]:
    widget = f"analysis_p_{name}"
    chosen = _shared.list_in_url(f"p_{name}", widget, options, (), empty=True, quiet=True)
    names = {option: label(option) for option in options}
    st.multiselect(text(f"analysis.standing.column.{name}"), options, key=widget, format_func=names.__getitem__,
                   placeholder=text("analysis.portfolio.all"))
    return chosen


def _stage_or_none(key: str) -> str:
    return text("analysis.portfolio.no_stage") if key == WITHOUT else stage_name(key) or ""


def _class_or_none(key: str) -> str:
    return text("analysis.portfolio.no_class") if key == WITHOUT else class_name(key) or ""


def filtered(rows: pd.DataFrame, wanted: str, chosen: dict[str, list[str]], *, with_alerts: bool) -> pd.DataFrame:
    """Return the rows whose artist contains a text and whose columns have one of the chosen values, if any."""
    keep = pd.Series(True, index=rows.index)
    if wanted.strip():
        keep &= rows["artist"].str.casefold().str.contains(wanted.strip().casefold(), regex=False)
    for name, values in chosen.items():
        if values:
            keep &= rows[name].isin(values) | (rows[name].isna() & (WITHOUT in values))
    if with_alerts:
        keep &= rows["alerts"] > 0
    return rows if keep.all() else rows[keep].reset_index(drop=True)


# counts ------------------------------------------------------------


def _counts(rows: pd.DataFrame) -> None:
    """Draw how many of the rows are in each stage and class."""
    if rows[["stage", "growth"]].isna().all(axis=None):
        if len(rows):
            st.caption(text("analysis.portfolio.nobody_placed", artists=number(services.MIN_ARTISTS),
                            compared=number(services.MIN_OTHERS + 1)))
        return
    with st.expander(text("analysis.portfolio.counts"), expanded=True, key="analysis_p_counts"):
        left, right = st.columns(2)
        with left:
            _bars(rows, "stage", services.STAGES, _stage_or_none)
        with right:
            _bars(rows, "growth", services.CLASSES, _class_or_none)


def _bars(rows: pd.DataFrame, name: str, keys: tuple[str, ...], label) -> None:
    counts = rows[name].value_counts()
    found = {key: int(counts.get(key, 0)) for key in reversed(keys)}
    if missing := int(rows[name].isna().sum()):
        found[WITHOUT] = missing
    table = pd.DataFrame({name: [label(key) for key in found], "count": list(found.values())})
    st.dataframe(table, hide_index=True, height="content", row_height=28, key=f"analysis_p_count_{name}",
                 column_config={name: st.column_config.TextColumn(text(f"analysis.standing.column.{name}")),
                                "count": st.column_config.ProgressColumn(
                                    text("analysis.portfolio.rows"), format="%d", min_value=0,
                                    max_value=max(1, len(rows)))})


# table ------------------------------------------------------------


def _table(rows: pd.DataFrame, every: int) -> None:
    """Draw the table and its downloads."""
    left, right = st.columns(2, vertical_alignment="center")
    left.caption(text("analysis.portfolio.note", shown=number(len(rows)), all=number(every)))
    with right.container(horizontal=True, horizontal_alignment="right"):
        export = rows.drop(columns="artist_id")
        _shared.csv_download(export, "portfolio", "analysis_portfolio_csv")
        _shared.parquet_download(export, "portfolio", "analysis_portfolio_parquet")
    shown = shown_table(rows)
    st.dataframe(shown, hide_index=True, placeholder="–", height="content" if len(rows) < 15 else 560, key=WIDGET,
                 on_select=opener(WIDGET, rows, "forecast"), selection_mode="single-row",
                 column_config=columns(*shown.columns))


def shown_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as the table shows them: names in the user's language, columns without any value left out."""
    shown = rows[list(SHOWN)].copy(deep=False)
    shown["platform"] = shown["platform"].map({key: _shared.platform(key) for key in _shared.PLATFORMS})
    shown["stage"] = shown["stage"].map({key: stage_name(key, numeral=True) for key in services.STAGES})
    shown["growth"] = shown["growth"].map({key: class_name(key, numeral=True) for key in services.CLASSES})
    shown["target_90"] = shown["target_90"] * 100
    shown["alerts"] = shown["alerts"].where(shown["alerts"] > 0).astype("Int64")
    shown["percentile"], shown["z"] = floored_column(shown["percentile"], 1), floored_column(shown["z"], 2)
    return without_empty(shown, ("stage", "growth", "z", "percentile", "alerts"))
