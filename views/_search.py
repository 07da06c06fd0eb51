"""The search across everything: a button of the sidebar, and what it finds, by kind, as links."""

from __future__ import annotations

import streamlit as st

import services
from views import _dossier_state as states
from views import _shared
from views._shared import number, plain, text

SHOWN = 5
"""Of each kind."""
LONGEST = 200
SHORTCUT = "Ctrl+K"
ICONS = {"song": "folder_open", "artist": "trending_up", "tag": "label", "audition": "gavel", "prediction": "target",
         "picture": "image", "playlist": "queue_music", "bgm": "piano"}
COUNTED = ("artist", "playlist")
"""Kinds whose detail is a number of songs."""
MOST_COUNTED = 1000
"""Songs are counted up to here."""
FOCUS = """<script>(function focus(tries) {
const box = document.querySelector(".st-key-search_text input");
if (box) box.focus(); else if (tries) setTimeout(focus, 100, tries - 1);
})(20)</script>"""
"""Puts the cursor into the box: whoever pressed the shortcut wants to type."""


def button(actor: services.Actor) -> None:
    """Draw the button that opens the search."""
    if st.button(text("search.label"), key="search_open", icon=":material/search:", width="stretch",
                 shortcut=SHORTCUT, help=text("search.help")):
        st.dialog(text("search.title"), width="medium")(_window)(actor)


def _window(actor: services.Actor) -> None:
    wanted = st.text_input(text("search.box"), key="search_text", icon=":material/search:",
                           placeholder=text("search.hint"), label_visibility="collapsed")[:LONGEST]
    if not wanted.strip():
        st.html(FOCUS, unsafe_allow_javascript=True)
        st.caption(text("search.start"))
        return
    with _shared.errors_shown():
        results(services.search_everything(actor, wanted, limit=SHOWN, lang=_shared.lang()), wanted.strip())


def results(groups: tuple[services.FoundGroup, ...], wanted: str) -> None:
    """Draw what was found, a heading a kind."""
    shown = [group for group in groups if group.rows]
    if not shown:
        st.info(text("search.none", text=plain(wanted)), icon=":material/search_off:")
    states.unmarked(*(f"search_{group.kind}" for group in shown))
    for group in shown:
        with st.container(gap="xsmall", key=f"search_{group.kind}"):
            st.markdown(f"**{text(f'search.kind.{group.kind}')}** :gray-badge[{_count(group)}]")
            for row in group.rows:
                st.page_link(f"views/{row.page}.py", label=_label(row), icon=f":material/{ICONS[row.kind]}:",
                             query_params=dict(row.query), width="stretch")


def _count(group: services.FoundGroup) -> str:
    most = group.count >= MOST_COUNTED
    return text("search.count_more" if most else "search.count", count=number(group.count))


def _label(row: services.Found) -> str:
    detail = text("search.songs", count=number(int(row.detail))) if row.kind in COUNTED else plain(row.detail)
    return plain(row.title or "–") + (f" :gray[· {detail}]" if detail else "")
