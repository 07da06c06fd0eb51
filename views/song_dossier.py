"""The song dossier: all there is of one song on one page, to read, keep as files, and share by a link."""

from __future__ import annotations

import streamlit as st

import services
from support.errors import AppError
from views import _dossier_cards, _dossier_share, _shared
from views import _dossier_state as states
from views._shared import plain, text

FOUND = 20
LONGEST = 200


def page() -> None:
    """Draw the page: what a link shows, the song that is open, or the choice of one."""
    token = st.query_params.get("share")
    st.title(text("dossier.title"))
    with _shared.errors_shown():
        if token:
            _linked(token[:LONGEST])
            return
        states.tell()
        song_id = _shared.in_url("song", states.SONG, states.number_in_url, 0, quiet=True)
        dossier = _open(song_id) if song_id else None
        if dossier is None:
            _choose()
            return
        _shared.not_in_url("q")
        _dossier_cards.head(dossier.song, likes=True)
        _dossier_share.draw(dossier.song)
        _dossier_cards.draw(dossier)


def _linked(token: str) -> None:
    """Draw what a link shows, to look at only."""
    dossier = services.dossier_by_link(token)
    st.info(text("dossier.linked"), icon=":material/visibility:")
    _dossier_cards.head(dossier.song)
    _dossier_share.download(dossier.song, token)
    _dossier_cards.draw(dossier, token)


def _open(song_id: int) -> services.Dossier | None:
    """Return a song's dossier; say so where there is none that may be seen."""
    try:
        return services.get_dossier(_shared.frame().actor, song_id)
    except AppError as error:
        _shared.error_box(error)
        states.show(0)
        _shared.not_in_url("song")
        return None


# the choice ------------------------------------------------------------


def _choose() -> None:
    """Draw the search for a song, those found, and the making of a new one."""
    actor = _shared.frame().actor
    st.caption(text("dossier.intro"))
    search = _shared.in_url("q", "dossier_q", lambda value: value[:LONGEST], "", quiet=True)
    st.text_input(text("dossier.choose.search"), key="dossier_q", icon=":material/search:",
                  placeholder=text("dossier.choose.hint"))
    search = search.strip()
    found = services.list_dossier_songs(actor, search, limit=FOUND)
    if found:
        _songs(found, bool(search))
    elif search:
        st.info(text("dossier.choose.none", text=plain(search)), icon=":material/search_off:")
    else:
        with _shared.empty_state("dossier.empty", "folder_open"):
            states.link("data", text("dossier.empty.data"), "upload_file", {"tab": "upload"})
    if services.may(actor, "dossier"):
        with st.expander(text("dossier.new.label"), icon=":material/add:", expanded=not found, key="dossier_new"):
            _new(actor)


def _songs(found: tuple[services.DossierSong, ...], searched: bool) -> None:
    st.markdown(f"#### {text('dossier.choose.found' if searched else 'dossier.choose.rich')}")
    states.unmarked("dossier_songs")
    with st.container(border=True, gap="xsmall", key="dossier_songs"):
        for song in found:
            states.link("song_dossier", f"{plain(song.title)} :gray[· {plain(song.artist)}]", "folder_open",
                        {"song": str(song.id)}, width="stretch")
    if len(found) == FOUND:
        st.caption(text("dossier.choose.more"))


def _new(actor: services.Actor) -> None:
    st.caption(text("dossier.new.note"))
    with st.form("dossier_new_form", border=False):
        left, right = st.columns(2)
        left.text_input(text("dossier.new.artist"), key="dossier_new_artist", max_chars=LONGEST)
        right.text_input(text("dossier.new.title"), key="dossier_new_title", max_chars=LONGEST)
        st.form_submit_button(text("dossier.new.make"), key="dossier_new_make", type="primary", icon=":material/add:",
                              on_click=_make, args=(actor,))


def _make(actor: services.Actor) -> None:
    names = (st.session_state[f"dossier_new_{name}"] for name in ("artist", "title"))
    song_id = states.told(services.new_dossier_song, actor, *names)
    if song_id is not None:
        states.show(song_id)


if __name__ == "__main__":
    page()
