"""Reports and moderation: the way to report, the queue of what was reported, removing with a reason, putting back."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from views import _community_state as states
from views import _shared
from views._shared import number, plain, text

LONG = 90
"""Pixels of a reason's box."""


# beside a post or comment ------------------------------------------------------------


def report_button(kind: str, item: int) -> None:
    """Draw the way to report what somebody else wrote."""
    actor = _shared.frame().actor
    if services.may(actor, "like") and st.button(text("community.report.label"), key=f"community_report_{kind}_{item}",
                                                 type="tertiary", icon=":material/flag:"):
        st.dialog(text("community.report.title"))(_report)(actor, kind, item)


def _report(actor: services.Actor, kind: str, item: int) -> None:
    st.markdown(text("community.report.note"))
    names = {each: text(f"community.report.reason.{each}") for each in services.REPORT_REASONS}
    reason = st.radio(text("community.report.why"), services.REPORT_REASONS, key="community_report_reason",
                      format_func=names.__getitem__)
    note = st.text_area(text("community.report.more"), key="community_report_note", max_chars=services.MOST_NOTE,
                        height=LONG)
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="community_report_no", width="stretch"):
        st.rerun()
    if right.button(text("community.report.send"), key="community_report_yes", type="primary", width="stretch"):
        states.told(services.report, actor, kind, item, reason, note, done="community.report.done")
        st.rerun()


def remove_button(kind: str, item: int, *, removed: bool) -> None:
    """Draw the moderators' way to remove what somebody wrote, or to put it back."""
    actor = _shared.frame().actor
    if removed:
        st.button(text("community.moderate.restore"), key=f"community_restore_{kind}_{item}", type="tertiary",
                  icon=":material/undo:", on_click=states.pressed, args=(services.restore_removed, actor, kind, item),
                  kwargs={"done": "community.moderate.restored"})
    elif st.button(text("community.moderate.remove"), key=f"community_remove_{kind}_{item}", type="tertiary",
                   icon=":material/block:"):
        st.dialog(text("community.moderate.remove_title"))(_remove)(actor, kind, item)


def _remove(actor: services.Actor, kind: str, item: int) -> None:
    st.markdown(text("community.moderate.remove_what"))
    reason = st.text_area(text("community.moderate.reason"), key="community_remove_reason",
                          max_chars=services.MOST_REASON, height=LONG)
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="community_remove_no", width="stretch"):
        st.rerun()
    if right.button(text("community.moderate.remove"), key="community_remove_yes", type="primary", width="stretch",
                    disabled=not reason.strip()):
        states.told(services.resolve_report, actor, kind, item, remove=True, reason=reason,
                    done="community.moderate.removed")
        st.rerun()


# the queue ------------------------------------------------------------


def draw() -> None:
    """Draw what was reported and waits, then what was removed."""
    actor = _shared.frame().actor
    waiting = services.reports(actor, st.session_state.get("community_queue", 1))
    st.markdown(f"#### {text('community.moderate.waiting')} :gray[{number(waiting.count)}]")
    states.quiet("community_queue_rows")
    with st.container(key="community_queue_rows", gap="small"):
        if not waiting.rows:
            st.caption(f":green[:material/check_circle:] {text('community.moderate.nothing')}")
        for row in waiting.rows:
            with st.container(border=True, gap="small", key=f"community_queue_{row.kind}_{row.item}"):
                _row(actor, row)
    states.pages("community_queue", waiting.page, waiting.pages)
    gone = services.removed_things(actor, st.session_state.get("community_gone", 1))
    if not gone.rows:
        return
    st.markdown(f"#### {text('community.moderate.gone')} :gray[{number(gone.count)}]")
    states.quiet("community_gone_rows")
    with st.container(key="community_gone_rows", gap="small"):
        for row in gone.rows:
            with st.container(border=True, gap="small", key=f"community_gone_{row.kind}_{row.item}"):
                _gone(row)
    states.pages("community_gone", gone.page, gone.pages)


def _named(row: services.Reported) -> None:
    kind = text(f"community.moderate.kind.{row.kind}")
    states.link(row.post_id, f":violet-badge[{kind}] **{plain(row.title)}**")
    st.markdown(f":small[:gray[{states.author(row.author, own=False)}]]")
    with st.container(height=160 if len(row.body) > 400 else "content", border=False):
        states.written(row.body)


def _row(actor: services.Actor, row: services.Reported) -> None:
    _named(row)
    reasons = " ".join(f":orange-badge[{text(f'community.report.reason.{reason}')} {number(count)}]"
                       for reason, count in row.reasons)
    since = text("community.moderate.since", moment=format_time(_shared.lang(), row.first_at))
    st.markdown(f"{reasons} :small[:gray[{since}]]")
    for note in row.notes:
        st.markdown(f":small[:material/flag: {plain(' '.join(note.split()))}]")
    with st.container(horizontal=True, gap="small"):
        st.button(text("community.moderate.keep"), key=f"community_keep_{row.kind}_{row.item}",
                  icon=":material/check:", on_click=states.pressed,
                  args=(services.resolve_report, actor, row.kind, row.item),
                  kwargs={"remove": False, "done": "community.moderate.kept"})
        remove_button(row.kind, row.item, removed=row.removed_at is not None)


def _gone(row: services.Reported) -> None:
    _named(row)
    st.markdown(f":small[:material/block: {plain(row.removed_reason or '–')} "
                f":gray[· {format_time(_shared.lang(), row.removed_at)}]]")
    with st.container(horizontal=True, gap="small"):
        remove_button(row.kind, row.item, removed=True)
