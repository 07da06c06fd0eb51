"""Saved playlists: one's own, and the one a link shows."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from views import _playlist_keep, _playlist_pictures, _playlist_songs, _shared
from views import _playlist_state as states
from views._shared import number, plain, text

PAGE = 12
"""Playlists on a page."""
COLUMNS = 3


def mine() -> None:
    """Draw the user's own playlists."""
    actor = _shared.frame().actor
    st.caption(text("plm.mine.intro"))
    states.tell()
    page = _shared.in_url("mine_page", "plm_page", states.number_in_url, 1, quiet=True) or 1
    found = services.list_playlists(actor, limit=PAGE + 1, offset=(page - 1) * PAGE)
    if not found and page > 1:
        _turn(1)
        st.rerun()
    if not found:
        _shared.empty_state("plm.mine.empty", "queue_music")
        return
    for start in range(0, min(len(found), PAGE), COLUMNS):
        for place, view in zip(st.columns(COLUMNS), found[start:min(start + COLUMNS, PAGE)], strict=False):
            with place.container(border=True, gap="small", height="stretch", key=f"plm_mine_{view.id}"):
                _card(actor, view)
    if page > 1 or len(found) > PAGE:
        with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
            st.button(text("plm.mine.previous"), key="plm_previous", icon=":material/chevron_left:",
                      disabled=page == 1, on_click=_turn, args=(page - 1,))
            st.caption(text("plm.mine.page", page=number(page)), width="content")
            st.button(text("plm.mine.next"), key="plm_next", icon=":material/chevron_right:",
                      disabled=len(found) <= PAGE, on_click=_turn, args=(page + 1,))


def _turn(page: int) -> None:
    st.session_state["plm_page"] = page


def _card(actor: services.Actor, view: services.PlaylistView) -> None:
    picture = _playlist_pictures.face(actor, view)
    if picture:
        st.image(picture, width="stretch", alt=text("plm.picture.alt", title=view.title))
    st.markdown(f"**{plain(view.title)}**")
    _playlist_songs.tags(view.tags)
    linked = f" :blue-badge[:material/link: {text('plm.mine.linked')}]" if view.token else ""
    st.markdown(f":small[:gray[{text('plm.songs.count', count=number(view.count))} · "
                f"{format_time(_shared.lang(), view.changed_at)}]]{linked}")
    with st.container(horizontal=True, gap="small"):
        st.button(text("plm.mine.open"), key=f"plm_open_{view.id}", icon=":material/open_in_full:", on_click=_open,
                  args=(view.id,))
        _playlist_keep.like(view)
        with st.popover(text("plm.keep.link"), icon=":material/link:", key=f"plm_link_{view.id}"):
            _playlist_keep.link(view)
        _playlist_keep.delete(view)


def _open(playlist_id: int) -> None:
    """Open one of the user's own in the first tab."""
    state = st.session_state
    state["plm_saved"], state["plm_loaded"] = playlist_id, 0
    state["plm_tab"] = text("plm.tab.make")


def linked(token: str) -> None:
    """Draw what a link shows, to look at only."""
    actor = _shared.frame().actor
    with st.container(horizontal=True, vertical_alignment="center", key="plm_linked"):
        st.markdown(f"#### {text('plm.link.heading')}  \n:small[:gray[{text('plm.link.note')}]]", width="stretch")
        if st.button(text("plm.link.own"), key="plm_own", icon=":material/add:", type="primary"):
            st.query_params.pop("playlist")
            st.rerun()
    states.tell()
    view = services.playlist_by_link(actor, token)
    picture = _playlist_pictures.face(actor, view, token)
    if picture:
        st.image(picture, width=480, alt=text("plm.picture.alt", title=view.title))
    st.markdown(f"### {plain(view.title)}")
    _playlist_songs.tags(view.tags)
    owner = text("plm.link.of", owner=plain(view.owner), moment=format_time(_shared.lang(), view.changed_at))
    st.caption(f"{owner} · {text('plm.songs.count', count=number(view.count))}")
    with st.container(horizontal=True, gap="small"):
        _playlist_keep.like(view, token)
        with st.popover(text("plm.keep.export"), icon=":material/download:", key="plm_linked_export"):
            _playlist_keep.files(view.title, view.tags, view.songs, "plm_linked")
    _playlist_songs.rows(view.songs, editable=False)
