"""Administration's second tab: what was done, by whom, when; to search, filter, page through and keep as a file."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time, texts
from views import _my_state as states
from views import _shared
from views._shared import number, text

PAGE = 50
MOST = 10_000
"""Acts in one file, the newest."""
CHUNK = 1_000
LONGEST_SEARCH = 100
EVERY = "all"


def draw(actor: services.Actor) -> None:
    """Draw search and filter, a page of acts, and the download."""
    st.caption(text("admin.audit.intro"))
    search, action = _asked(actor)
    page = states.page_of("admin_a", "ap", (search, action))
    found = services.audit_trail(actor, search, page, PAGE, action=action)
    if page > found.pages:
        states.turn("admin_a", found.pages)
        st.rerun()
    if not found.rows:
        _shared.empty_state("admin.audit.none", "history")
        return
    st.caption(text("admin.audit.count", count=number(found.count)))
    _shared.table(_frame(found.rows), wide={text("admin.audit.detail"): "large"})
    states.pages("admin_a", page, found.pages)
    st.download_button(text("common.download_csv"), lambda: _file(actor, search, action),
                       file_name=f"{_shared.file_part(text('admin.audit.file'))}.csv", mime="text/csv",
                       key="admin_audit_csv", on_click="ignore", icon=":material/download:")
    if found.count > MOST:
        st.caption(text("admin.audit.most", most=number(MOST)))


def _asked(actor: services.Actor) -> tuple[str, str | None]:
    """Draw what the acts are narrowed by."""
    counts = services.audit_actions(actor)
    search = _shared.in_url("who", "admin_who", lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    every = (EVERY, *counts)
    action = _shared.in_url("act", "admin_act", _shared.one_of(every), EVERY, quiet=True)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.text_input(text("admin.search"), key="admin_who", icon=":material/search:", max_chars=LONGEST_SEARCH,
                    placeholder=text("admin.audit.hint"), label_visibility="collapsed")
    names = {EVERY: text("admin.audit.every")} | {name: f"{act_name(name)} ({number(count)})"
                                                  for name, count in counts.items()}
    right.selectbox(text("admin.audit.action"), every, key="admin_act", format_func=lambda name: names.get(name, name),
                    label_visibility="collapsed")
    return search.strip(), None if action == EVERY else action


def act_name(action: str) -> str:
    """Return what an act is called; one without a name keeps its code."""
    return texts(_shared.lang()).get(f"admin.act.{action}", action)


def _frame(rows: tuple[services.AuditRow, ...]) -> pd.DataFrame:
    lang = _shared.lang()
    return pd.DataFrame({
        text("admin.audit.at"): [format_time(lang, row.at) for row in rows],
        text("admin.audit.who"): [_who(row) for row in rows],
        text("admin.audit.action"): [act_name(row.action) for row in rows],
        text("admin.audit.item"): [row.item for row in rows],
        text("admin.audit.detail"): [_detail(row.detail) for row in rows]})


def _who(row: services.AuditRow) -> str:
    return f"{row.actor} #{row.actor_id}" if row.actor else text("admin.audit.gone", number=row.actor_id)


def _detail(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                     for name, value in detail.items())


def _file(actor: services.Actor, search: str, action: str | None) -> bytes:
    """Return the acts that are asked for as CSV: names of columns do not change with the language, moments are ISO."""
    rows: list[services.AuditRow] = []
    for page in range(1, MOST // CHUNK + 1):
        found = services.audit_trail(actor, search, page, CHUNK, action=action)
        rows += found.rows
        if page >= found.pages:
            break
    return _shared.csv_bytes(pd.DataFrame({
        "id": [row.id for row in rows], "at": [row.at.isoformat() for row in rows],
        "actor_id": [row.actor_id for row in rows], "actor": [row.actor or "" for row in rows],
        "action": [row.action for row in rows], "object": [row.item for row in rows],
        "detail": [json.dumps(row.detail, ensure_ascii=False) for row in rows]}))
