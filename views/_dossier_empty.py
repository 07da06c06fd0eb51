"""The way from a section of a dossier to the page that makes it, filled in for the song where that page takes it."""

from __future__ import annotations

import streamlit as st

import services
from views import _dossier_state as states
from views import _shared
from views._shared import plain, text

ICONS = {"growth": "trending_up", "auditions": "gavel", "predictions": "target", "mood": "label",
         "playlists": "queue_music", "thumbnails": "image", "tracks": "piano"}
PAGES = {"growth": "data", "auditions": "ai_judges", "predictions": "hit_prediction", "mood": "data",
         "playlists": "playlist_maker", "thumbnails": "playlist_maker", "tracks": "text_to_bgm"}
ACTS = {"growth": "upload", "auditions": "audition", "predictions": "predict", "mood": "catalogue",
        "playlists": "playlist", "thumbnails": "playlist", "tracks": "bgm"}
MOST_WORDS = 4
"""Mood tags that go into a request for music: more pull it in all directions."""
FOUND = 5
"""Predictions offered to be added."""


def draw(name: str, dossier: services.Dossier, token: str | None) -> None:
    """Draw a section that has nothing: a sentence and, on one's own dossier, the way to something."""
    st.markdown(f":gray[{text('dossier.nothing' if token else f'dossier.{name}.empty')}]")
    if token is None:
        make(name, dossier, f"dossier.{name}.make", first=True)


def make(name: str, dossier: services.Dossier, label: str, *, first: bool = False) -> None:
    """Draw the button that opens the page which makes a section, and for predictions the adding of an earlier one."""
    actor = _shared.frame().actor
    with st.container(horizontal=True, gap="small"):
        if st.button(text(label), key=f"dossier_make_{name}", icon=f":material/{ICONS[name]}:",
                     type="secondary" if first else "tertiary",
                     disabled=not services.may(actor, ACTS[name]) and (first or name != "mood"),
                     help=None if services.may(actor, ACTS[name]) else text("dossier.not_allowed", role=actor.role)):
            _prefill(name, dossier.song)
            st.switch_page(f"views/{PAGES[name]}.py", query_params=query(name, dossier))
        if name == "predictions" and services.may(actor, "dossier"):
            with st.popover(text("dossier.predictions.add"), icon=":material/library_add:", key="dossier_add",
                            type="tertiary"):
                _earlier(dossier)


def query(name: str, dossier: services.Dossier) -> dict[str, str]:
    """Return the choices with which a section's page opens for the song."""
    song = dossier.song
    match name:
        case "growth":
            return {"tab": "upload"}
        case "auditions":
            chosen = {"song": str(song.lyrics_id)} if song.lyrics_id else {"q": f"{song.artist} {song.title}"}
            return {"tab": "audition", "audition": "0"} | chosen
        case "predictions":
            return {"tab": "analyse"}
        case "mood":
            return {"tab": "catalogue", "q": song.title}
        case "tracks":
            words = [tag for tags in (dossier.mood.tags.values() if dossier.mood else ()) for tag in tags]
            labels = [services.tag_label(tag, _shared.lang()) for tag in words[:MOST_WORDS]]
            return {"tab": "make", "batch": "0"} | ({"k": ", ".join(labels)} if labels else {})
    return {"tab": "make", "saved": "0", "title": song.title}


def _prefill(name: str, song: services.DossierSong) -> None:
    """Fill in what a page does not take from its address."""
    if name == "predictions":
        st.session_state.update({"hit_id": 0, "hit_name": song.title, "hit_artist": song.artist})


def _earlier(dossier: services.Dossier) -> None:
    """Draw one's own predictions that are called like the song, or another name, to add one of them."""
    actor, there = _shared.frame().actor, {one.id for one in dossier.predictions}
    st.caption(text("dossier.predictions.add_note"))
    key = f"dossier_add_find_{dossier.song.id}"
    st.session_state.setdefault(key, dossier.song.title)
    search = st.text_input(text("dossier.predictions.add_search"), key=key, icon=":material/search:")
    with _shared.errors_shown():
        page = services.list_predictions(actor, search=search.strip(), limit=FOUND)
        rows = [row for row in page.rows if row.id not in there]
        for row in rows:
            st.button(" – ".join(plain(each) for each in (row.artist, row.title) if each), key=f"dossier_add_{row.id}",
                      width="stretch", on_click=_add, args=(row.id, dossier.song.id))
        if not rows:
            st.caption(text("dossier.predictions.add_none"))


def _add(prediction_id: int, song_id: int) -> None:
    states.told(services.attach_prediction, _shared.frame().actor, prediction_id, song_id,
                done="dossier.predictions.added")
