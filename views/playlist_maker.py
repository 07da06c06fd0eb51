"""Playlist maker: a title gives a playlist, its hashtags and a thumbnail; one's own playlists; the model behind it."""

from __future__ import annotations

import streamlit as st

import services
from support.errors import AppError
from views import (
    _playlist_inputs,
    _playlist_keep,
    _playlist_mine,
    _playlist_model,
    _playlist_pictures,
    _playlist_songs,
    _shared,
)
from views import _playlist_state as states
from views._shared import text


def page() -> None:
    """Draw the page: what a link shows, or the tabs."""
    st.title(text("plm.title"))
    st.caption(text("plm.intro"))
    with _shared.errors_shown():
        if token := st.query_params.get("playlist"):
            _playlist_mine.linked(token[:200])
            return
        for name, tab in _shared.tabs("plm", tuple(PARTS)).items():
            if tab.open:
                with tab, _shared.errors_shown():
                    PARTS[name]()


def _make() -> None:
    """Draw the title, playlists like it, the controls; then the playlist with all that can be done."""
    states.tell()
    states.arrive()
    saved = _shared.in_url("saved", "plm_saved", states.number_in_url, 0, quiet=True)
    if saved and st.session_state.get("plm_loaded") != saved:
        _open(saved)
    _playlist_model.line()
    if not _playlist_model.there_are_playlists():
        return
    title = _playlist_inputs.title()
    on = _shared.switch_in_url("made", "plm_on")
    if not title:
        st.caption(text("plm.title_input.first"))
        return
    chosen = _playlist_inputs.similar(title)
    with st.container(border=True, key="plm_controls"):
        wanted = _playlist_inputs.controls(title, chosen)
    if not on:
        st.button(text("plm.make"), key="plm_make", type="primary", icon=":material/queue_music:", on_click=_on)
        return
    with st.spinner(text("plm.making")):
        draft = states.draft(wanted)
    _result(draft)


def _on() -> None:
    st.session_state["plm_on"] = True


def _open(playlist_id: int) -> None:
    """Bring back a playlist of the user's own; say so where there is none."""
    try:
        states.load(services.get_playlist(_shared.frame().actor, playlist_id))
    except AppError as error:
        _shared.error_box(error)
        st.session_state["plm_saved"] = 0
        _shared.not_in_url("saved")


def _result(draft: services.Draft) -> None:
    with st.container(border=True, key="plm_result"):
        _playlist_songs.head(draft)
        _playlist_songs.editor(draft)
    if not draft.songs:
        with _shared.empty_state("plm.none", "music_off"):
            pass
    _playlist_songs.rows(draft.songs, editable=True)
    _playlist_keep.draw(draft)
    _playlist_pictures.draw(draft)


PARTS = {"make": _make, "mine": _playlist_mine.mine, "model": _playlist_model.draw}

if __name__ == "__main__":
    page()
