"""Two auditions side by side: totals, judges, criteria with their differences, reviews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from views import _cache, _judges_songs, _judges_verdict, _shared
from views._shared import number, plain, text

CHART = {"displayModeBar": False}
STATE_BADGES = {"queued": "gray", "running": "blue", "failed": "red", "cancelled": "gray", "interrupted": "orange",
                "done": "gray"}


def draw(first: int, second: int, close: Callable[[], None]) -> None:
    """Draw the comparison of two auditions by their ids; `close` ends it."""
    actor = _shared.frame().actor
    try:
        pair = services.get_audition(actor, first), services.get_audition(actor, second)
    except AppError:
        st.warning(text("judges.compare.gone"), icon=":material/warning:")
        close()
        return
    with st.container(border=True, key="judges_compare"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"#### {text('judges.compare.title')}")
            st.button(text("judges.compare.close"), key="judges_compare_close", on_click=close,
                      icon=":material/close:")
        _terms(*pair)
        for place, audition in zip(st.columns(2), pair, strict=True):
            with place:
                _head(audition)
        _criteria(*pair)
        _reviews(pair)


def badges(row: services.AuditionRow) -> str:
    """Return verdict and total of an audition, or how far it is, as markdown."""
    state = f":{STATE_BADGES[row.state]}-badge[{text(f'job.{row.state}')}]"
    if row.verdict is None:
        return state
    parts = [_judges_verdict.badge(row.verdict), f"**{number(row.scaled_300)} / {_judges_verdict.SCALE}**"]
    if row.state != "done":  # a judge is heard again
        parts.insert(0, state)
    if row.provisional:
        parts.append(f":gray-badge[:material/hourglass_bottom: {text('judges.history.provisional')}]")
    if row.split:
        parts.append(f":orange-badge[:material/call_split: {text('judges.history.split')}]")
    return " ".join(parts)


def _terms(first: services.AuditionView, second: services.AuditionView) -> None:
    """Say what makes the two hard to compare."""
    terms = services.differing_terms(first, second)
    if terms:
        words = ", ".join(text(f"judges.compare.terms.{term}") for term in terms)
        st.info(text("judges.compare.terms.title", terms=words), icon=":material/balance:")


def name_of(audition: services.AuditionView) -> str:
    """Return an audition's name: artist, title and number."""
    return f"{audition.row.artist} – {audition.row.title} #{audition.row.id}"


def _head(audition: services.AuditionView) -> None:
    """Draw what an audition came to, and each judge's total."""
    row = audition.row
    st.markdown(f"**{plain(name_of(audition))}**  \n{badges(row)}")
    notes = [_judges_songs.panel_name(row.panel), format_time(_shared.lang(), row.created_at)]
    if row.spread is not None:
        notes.insert(0, text("judges.history.spread", spread=number(row.spread)))
    if row.out_of not in (None, 300) and audition.offline is None:
        notes.insert(0, text("judges.history.answered", total=number(row.total), out_of=number(row.out_of)))
    st.markdown(f":small[:gray[{' · '.join(notes)}]]")
    marks = services.audition_judges(_shared.frame().actor, [row]).get(row.id, ())
    lines = [f"- {plain(mark.name)}: {'–' if mark.total is None else f'**{number(mark.total)}**'}"
             + (f" ({text(f'judges.state.{mark.state}')})" if mark.total is None else "") for mark in marks]
    st.markdown("\n".join(lines) if lines else text("judges.history.offline"))


def _criteria(first: services.AuditionView, second: services.AuditionView) -> None:
    """Draw the criteria as bars and as a table with the differences."""
    figure = services.comparison_figure(first, second, lang=_shared.lang())
    if figure is None:
        return
    st.markdown(f"##### {text('judges.compare.criteria')}")
    left, right = st.columns([5, 4])
    left.plotly_chart(_cache.Drawn(figure), key="judges_compare_chart", config=CHART)
    one, other = (f"#{audition.row.id}" for audition in (first, second))
    rows = pd.DataFrame([{text("judges.compare.criterion"): text(f"judging.criterion.{each.criterion}.name"),
                          one: each.first, other: each.second, text("judges.compare.change"): each.change}
                         for each in services.compare_auditions(first, second)])
    level = st.column_config.NumberColumn(format="%.1f", width=48)
    columns: dict[str, Any] = {text("judges.compare.criterion"): st.column_config.TextColumn(width=165),
                               one: level, other: level}
    columns[text("judges.compare.change")] = st.column_config.NumberColumn(format="%+.1f", width=72)
    right.dataframe(rows, hide_index=True, column_config=columns, placeholder="–", height="content",
                    key="judges_compare_table")
    right.caption(text("judges.compare.note"))


def _reviews(pair: tuple[services.AuditionView, services.AuditionView]) -> None:
    """Draw what the judges said, side by side and folded."""
    box = st.expander(text("judges.compare.reviews"), icon=":material/rate_review:", key="judges_compare_reviews",
                      on_change="rerun")
    if not box.open:
        return
    with box:
        for place, audition in zip(st.columns(2), pair, strict=True):
            with place:
                st.markdown(f"**{plain(name_of(audition))}**")
                said = _said(audition)
                for who, words in said:
                    st.markdown(f":small[:gray[{plain(who)}]]")
                    st.markdown("  \n".join(plain(line) for line in words.splitlines()))
                if not said:
                    st.caption(text("judges.compare.no_review"))


def _said(audition: services.AuditionView) -> list[tuple[str, str]]:
    """Return who said what: judges that have a score, or the voices of the offline rubric."""
    if audition.offline is not None:
        names = {judge.judge: judge.name for judge in audition.judges}
        label = text("judges.history.offline")
        return [(f"{names.get(key, key)} ({label})", words) for key, words in audition.offline["voices"].items()]
    repeats = audition.row.repeats > 1
    return [(judge.name + (f" ({text('judges.report.repeat', number=judge.repeat + 1)})" if repeats else ""),
             judge.review) for judge in audition.judges if judge.score is not None and judge.review]
