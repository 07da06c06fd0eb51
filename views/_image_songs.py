"""The songs found for a picture: similarity, genre, why, and where they can be heard."""

from __future__ import annotations

import streamlit as st

import services
from support.errors import AppError
from views import _dossier_add, _image_shown, _shared
from views._image_choices import Choices
from views._shared import number, plain, text

PLAYER_HEIGHT = 260
"""Pixels: YouTube asks for 200 at least."""
EMBED = "https://www.youtube-nocookie.com/embed/"
"""YouTube's own player without cookies until something is played."""


def found(view: services.PictureView, choices: Choices) -> services.PictureView | None:
    """Return the picture with songs for its tags and choices as they stand, searched for where those have changed.

    None: nothing can be looked for; `result` says why.
    """
    actor, state = _shared.frame().actor, st.session_state
    tags = tuple((tag.tag, tag.weight) for tag in view.tags)
    asked = (view.id, tags, view.words, choices, services.catalogue_version())
    if state.get("i2m_searched") == asked and view.search is not None:
        return view
    try:
        services.picture_songs(actor, view.id, **choices.options())
    except AppError as error:
        state["i2m_searched"], state["i2m_refused"] = None, error.message(_shared.lang())
        return None
    state["i2m_searched"] = asked
    return services.get_picture(actor, view.id)


def result(view: services.PictureView | None) -> None:
    """Draw the songs of a picture, or why there are none."""
    refused = st.session_state.pop("i2m_refused", None)
    if view is None or view.search is None:
        st.error(_shared.plain_text(refused or text("i2m.songs.none")), icon=":material/error:")
    else:
        rows(view.search)


def head(search: services.PictureSearch | None, choices: Choices) -> None:
    """Draw the heading with the way to another draw."""
    with st.container(horizontal=True, vertical_alignment="center", key="i2m_songs_head"):
        drawn = f" :gray-badge[{text('i2m.songs.drawn', count=number(choices.seed + 1))}]" if choices.seed else ""
        st.markdown(f"#### {text('i2m.songs.heading')}{drawn}", width="stretch")
        if choices.seed:
            st.button(text("i2m.songs.first"), key="i2m_first", type="tertiary", icon=":material/undo:",
                      on_click=_draw, args=(0,))
        st.button(text("i2m.songs.draw"), key="i2m_draw", icon=":material/casino:", on_click=_draw,
                  args=(choices.seed + 1,), help=text("i2m.songs.draw_help"),
                  disabled=search is None or not search.songs)


def _draw(seed: int) -> None:
    st.session_state["i2m_seed"] = seed


def rows(search: services.PictureSearch) -> None:
    """Draw the songs, or why there are fewer than asked for."""
    actor = _shared.frame().actor
    if search.short:
        st.info(text("i2m.songs.short", found=number(len(search.songs)), asked=number(search.count))
                if search.songs else text("i2m.songs.none"), icon=":material/filter_alt_off:")
    known = services.known_videos(actor, [song.song_id for song in search.songs if song.song_id is not None])
    with st.container(key="i2m_songs", gap="small"):
        for song in search.songs:
            with st.container(border=True, gap="small", key=f"i2m_song_{song.rank}"):
                _row(song, known.get(song.song_id or 0))


def _row(song: services.Recommendation, known: services.Listen | None) -> None:
    words, facts = st.columns([3, 2], vertical_alignment="center", gap="small")
    words.markdown(_words(song))
    with facts.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width=112, gap=None):
            share = min(max(song.similarity, 0.0), 1.0)
            st.progress(share, text=text("i2m.songs.similarity", percent=number(100 * song.similarity)))
        with st.container(width=172):
            playing = _listen(song, known)
    if playing:
        _player(song, playing)


def _words(song: services.Recommendation) -> str:
    badges = f":violet-badge[{plain(_image_shown.label(song.genre))}]"
    if song.best:
        badges += f" :green-badge[:material/trophy: {text('i2m.songs.best')}]"
    why = services.why_lines(song.why, _shared.lang()) or (text("i2m.why.nothing"),)
    return (f"**{song.rank}. {plain(song.title)}** · {plain(song.artist)} {badges}  \n"
            + f":small[:gray[{' · '.join(map(plain, why))}]"
            + (f" · {_dossier_add.words(song.song_id)}]" if song.song_id else "]"))


def _listen(song: services.Recommendation, known: services.Listen | None) -> services.Listen | None:
    """Draw the way to hear a song; return what plays now."""
    actor, state = _shared.frame().actor, st.session_state
    if song.song_id is None or services.quota(actor) is None:
        st.link_button(text("i2m.listen.search"), services.search_link(song.title, song.artist), width="stretch",
                       icon=":material/search:")
        return None
    if state.get("i2m_playing") == song.song_id:
        st.button(text("i2m.listen.hide"), key=f"i2m_hide_{song.rank}", icon=":material/close:", on_click=_play,
                  args=(0,), width="stretch")
        with st.spinner(text("i2m.listen.asking")):
            return known or services.listen(actor, song.song_id, song.title, song.artist)
    st.button(text("i2m.listen.play"), key=f"i2m_play_{song.rank}", icon=":material/play_circle:", on_click=_play,
              args=(song.song_id,), width="stretch")
    return None


def _play(song_id: int) -> None:
    st.session_state["i2m_playing"] = song_id


def _player(song: services.Recommendation, listen: services.Listen) -> None:
    """Draw YouTube's own player, or why there is no video, with the link that always works."""
    if listen.video_id:
        st.iframe(EMBED + listen.video_id, height=PLAYER_HEIGHT,
                  alt=text("i2m.listen.player", song=f"{song.artist} – {song.title}"))
        st.caption(f"{text('i2m.listen.video', title=plain(listen.title), channel=plain(listen.channel))}  \n"
                   f"{text('i2m.listen.wrong')}")
    else:
        st.warning(_image_shown.told(listen.error_code, listen.error_values), icon=":material/warning:")
    st.link_button(text("i2m.listen.watch" if listen.video_id else "i2m.listen.search"), listen.link,
                   icon=":material/open_in_new:")
