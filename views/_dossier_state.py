"""What the parts of the song dossier share: what a press did, links to other pages, pictures and sounds kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import cachetools
import streamlit as st

import services
from support.errors import AppError
from views import _shared
from views._shared import text

SONG = "dossier_song"
"""Where the session keeps the song that is open; 0: none is."""
KEPT_PICTURES, KEPT_SOUNDS = 80, 16
"""Files kept in memory, about 300 kB and 1 MB each; only what a dossier lists is asked for."""
_pictures: cachetools.LRUCache[tuple[int, str | None, int], bytes] = cachetools.LRUCache(KEPT_PICTURES)
_sounds: cachetools.LRUCache[tuple[int, str | None, int], bytes] = cachetools.LRUCache(KEPT_SOUNDS)
_lock = threading.Lock()


def number_in_url(value: str) -> int | None:
    """Return an id of the URL, None where it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


def show(song_id: int) -> None:
    """Have a song's dossier be open from the next run on; 0: none."""
    st.session_state[SONG] = song_id


def told(act: Callable[..., Any], *args: Any, done: str = "", **options: Any) -> Any:
    """Do what a button says; the run that follows shows that it is done, or why it was refused."""
    try:
        found = act(*args, **options)
    except AppError as error:
        st.session_state["dossier_told"] = error.message(_shared.lang())
        return None
    if done:
        st.session_state["dossier_did"] = done
    return found


def tell() -> None:
    """Say once what the last press did, or why it was refused."""
    if done := st.session_state.pop("dossier_did", None):
        st.success(text(done), icon=":material/check_circle:")
    if refused := st.session_state.pop("dossier_told", None):
        st.error(_shared.plain_text(refused), icon=":material/error:")


def link(page: str, label: str, icon: str, query: Mapping[str, str], **options: Any) -> None:
    """Draw a link to a page; `label` is markdown."""
    st.page_link(f"views/{page}.py", label=label, icon=f":material/{icon}:", query_params=dict(query), **options)


def unmarked(*boxes: str) -> None:
    """Take the mark of the page that is open off the links in boxes: they open other songs of the same page."""
    for box in boxes:
        st.html(f"<style>.st-key-{box} [data-testid=stPageLink-NavLink]:not(:hover) {{background: transparent}} "
                f".st-key-{box} [data-testid=stPageLink-NavLink] * {{font-weight: 400}}</style>")


def picture(picture_id: int, token: str | None) -> bytes:
    """Return a thumbnail that a dossier lists; an id is never used for another, so it is kept for who may see it."""
    return _kept(_pictures, services.dossier_picture, picture_id, token)


def sound(track_id: int, token: str | None) -> bytes:
    """Return background music that a dossier lists, as OGG; kept like pictures."""
    return _kept(_sounds, services.dossier_audio, track_id, token)


def _kept(cache: cachetools.LRUCache[tuple[int, str | None, int], bytes], fetch: Callable[..., bytes], number: int,
          token: str | None) -> bytes:
    actor = _shared.frame().actor
    key = (actor.id, token, number)
    with _lock:
        if key in cache:
            return cache[key]
    found = fetch(actor, number, token)
    with _lock:
        cache[key] = found
    return found
