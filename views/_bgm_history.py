"""The history tab: every track one has made, to search, play, rename, put to a song, and delete with a way back."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from views import _bgm_shown, _bgm_track, _shared
from views import _bgm_state as states
from views._shared import number, plain, text

PAGE = 10
"""Tracks on a page."""
LONGEST_SEARCH = 100


def draw() -> None:
    """Draw the tab."""
    actor = _shared.frame().actor
    states.tell()
    _undo(actor)
    search = _shared.in_url("find", "bgm_find", lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    state = st.session_state
    if state.get("bgm_found_of", search) != search:
        state["bgm_page"] = 1
    state["bgm_found_of"] = search
    page = _shared.in_url("p", "bgm_page", _whole, 1, quiet=True)
    tracks, count = services.list_bgm(actor, search=search.strip(), page=page)
    if not tracks and page > 1:  # what stood here was deleted
        state["bgm_page"] = page = max(1, -(-count // PAGE))
        tracks, count = services.list_bgm(actor, search=search.strip(), page=page)
    if tracks or search:
        st.text_input(text("bgm.history.search"), key="bgm_find", icon=":material/search:",
                      max_chars=LONGEST_SEARCH, placeholder=text("bgm.history.search_hint"))
    if not tracks:
        _nothing(search)
        return
    st.caption(text("bgm.history.count_one") if count == 1 else text("bgm.history.count", count=number(count)))
    with st.container(key="bgm_history", gap="small"):
        for track in tracks:
            with st.container(border=True, gap="small", key=f"bgm_row_{track.id}"):
                _row(actor, track)
    _pages(count, page)


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and 0 < len(value) <= 6 and int(value) else None


def _nothing(search: str) -> None:
    if search:
        with _shared.empty_state("bgm.history.no_match", "search_off"):
            st.button(text("bgm.history.no_match.clear"), key="bgm_find_clear", icon=":material/filter_alt_off:",
                      on_click=_clear)
        return
    with _shared.empty_state("bgm.history.empty", "library_music"):
        st.button(text("bgm.history.empty.start"), key="bgm_first", type="primary", icon=":material/auto_awesome:",
                  on_click=_to_make)


def _clear() -> None:
    st.session_state["bgm_find"] = ""


def _to_make() -> None:
    st.session_state["bgm_tab"] = text("bgm.tab.make")


# rows ------------------------------------------------------------


def _row(actor: services.Actor, track: services.BgmTrack) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(_words(track), width="stretch")
        _bgm_track.rename(track)
        if track.state == "done":
            _play_button(track)
        st.button(text("bgm.history.open"), key=f"bgm_open_{track.id}", icon=":material/open_in_full:",
                  on_click=_open, args=(track.batch_id,))
    if track.state == "failed":
        st.error(_bgm_shown.failure(track.error_code, track.error_values), icon=":material/error:")
    elif st.session_state.get("bgm_playing") == track.id:
        _bgm_shown.player(track)
        with _shared.errors_shown():  # a list comes without notes and sections
            _bgm_shown.piece(services.get_bgm_track(actor, track.id))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if track.state == "done":
            _bgm_track.downloads(track)
            _bgm_track.attach(track)
            _bgm_track.rating(track)
        if services.may(actor, "bgm"):
            st.button(text("bgm.history.delete"), key=f"bgm_delete_{track.id}", type="tertiary",
                      icon=":material/delete:", on_click=_delete, args=(actor, track.id, track.title))


def _words(track: services.BgmTrack) -> str:
    notes = [_bgm_shown.length(track.seconds)]
    if track.plan is not None:
        notes += [f"{_bgm_shown.bpm(track.plan.bpm)} BPM", _bgm_shown.key(track.plan.tonic, track.plan.mode)]
        if track.plan.loop:
            notes.append(text("bgm.fact.loop"))
    notes += [_bgm_shown.maker(track.maker)] if track.maker != "composer" else []
    notes.append(format_time(_shared.lang(), track.created_at))
    badge = f" :green-badge[{text('bgm.history.in_song')}]" if track.song_id else ""
    return f"**{plain(track.title)}**{badge}  \n:small[:gray[{' · '.join(notes)}]]"


def _play_button(track: services.BgmTrack) -> None:
    playing = st.session_state.get("bgm_playing") == track.id
    st.button(text("bgm.history.stop" if playing else "bgm.history.play"), key=f"bgm_play_{track.id}",
              icon=f":material/{'stop_circle' if playing else 'play_circle'}:", on_click=_play,
              args=(0 if playing else track.id,))


def _play(track_id: int) -> None:
    st.session_state["bgm_playing"] = track_id


def _open(batch_id: int) -> None:
    states.open_batch(batch_id)
    st.session_state["bgm_tab"] = text("bgm.tab.make")


# deletion ------------------------------------------------------------


def _delete(actor: services.Actor, track_id: int, title: str) -> None:
    state = st.session_state
    if states.told(services.delete_bgm, actor, track_id) is None and "bgm_told" in state:
        return
    _bgm_shown.forget(track_id)
    state["bgm_gone"] = (track_id, title)


def _undo(actor: services.Actor) -> None:
    """Say what was deleted last, with the way back; the server keeps it for an hour."""
    gone = st.session_state.get("bgm_gone")
    if gone is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="bgm_undo_box"):
        st.markdown(f":material/delete: {text('bgm.history.deleted', title=plain(gone[1]))}", width="stretch")
        st.button(text("bgm.history.undo"), key="bgm_undo", icon=":material/undo:", on_click=_restore,
                  args=(actor, gone[0]))
        st.button("", key="bgm_undo_close", icon=":material/close:", type="tertiary", on_click=_forget,
                  help=text("common.close"))


def _restore(actor: services.Actor, track_id: int) -> None:
    states.told(services.restore_bgm, actor, track_id, done="bgm.history.restored")
    _forget()


def _forget() -> None:
    st.session_state.pop("bgm_gone", None)


# pages ------------------------------------------------------------


def _pages(count: int, page: int) -> None:
    last = max(1, -(-count // PAGE))
    if last == 1:
        return
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        st.button(text("bgm.history.previous"), key="bgm_previous", icon=":material/chevron_left:",
                  disabled=page <= 1, on_click=_turn, args=(page - 1,))
        st.markdown(f"{number(page)} / {number(last)}", width="content")
        st.button(text("bgm.history.next"), key="bgm_next", icon=":material/chevron_right:", icon_position="right",
                  disabled=page >= last, on_click=_turn, args=(page + 1,))


def _turn(page: int) -> None:
    st.session_state["bgm_page"] = page
