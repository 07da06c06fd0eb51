"""What other pages put beside a result: the way to its song's dossier, and the way to put it to a song."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import services
from views import _shared
from views._shared import plain, text

SHOWN = 6
LONGEST = 100


def link(song_id: int | None, *, label: str | None = None) -> None:
    """Draw a link to a song's dossier, nothing where there is no song."""
    if song_id is not None:
        st.page_link("views/song_dossier.py", label=f":violet[{label or text('dossier_add.open')}]",
                     icon=":material/folder_open:", query_params={"song": str(song_id)})


def post(kind: str, item: int) -> None:
    """Draw the way to write a post of the community with a result of one's own attached, for who may."""
    if "community" in _shared.pages() and services.may(_shared.frame().actor, "post"):
        st.page_link("views/community.py", label=f":violet[{text('community.attach.post')}]", icon=":material/forum:",
                     query_params={"attach": f"{kind}:{item}"}, width="content")


def words(song_id: int) -> str:
    """Return a link to a song's dossier as markdown, for a line of a list; it opens beside the list."""
    return f"[{text('dossier_add.open')}](song_dossier?song={song_id})"


def attach(key: str, song_id: int | None, put: Callable[[int | None], Any]) -> None:
    """Draw the way to put a thing to a song, or to take it back.

    Parameters
    ----------
    key : str
        Of the widgets, with the page's prefix and the thing's id.
    song_id : int or None
        The song it belongs to.
    put : callable
        Gets the song's id, or None; called by a press, so it keeps what is to be told for the next run.
    """
    with st.popover(text("dossier_add.on" if song_id else "dossier_add.label"), icon=":material/library_add:", key=key):
        st.caption(text("dossier_add.note"))
        if song_id:
            link(song_id)
            st.button(text("dossier_add.off"), key=f"{key}_off", icon=":material/link_off:", on_click=put, args=(None,))
        search = st.text_input(text("dossier_add.search"), key=f"{key}_find", icon=":material/search:",
                               max_chars=LONGEST)
        with _shared.errors_shown():
            songs = services.list_dossier_songs(_shared.frame().actor, search.strip(), SHOWN)
            for song in songs:
                st.button(f"{plain(song.artist)} – {plain(song.title)}", key=f"{key}_{song.id}", width="stretch",
                          disabled=song.id == song_id, on_click=put, args=(song.id,))
            if not songs:
                st.caption(text("dossier_add.none"))
