"""The playlist: title, hashtags, tags to edit, songs with what can be done to each."""

from __future__ import annotations

import streamlit as st

import services
from views import _dossier_add, _shared
from views import _playlist_state as states
from views._playlist_inputs import hashtag
from views._shared import number, plain, text

PLAYER_HEIGHT = 260
"""Pixels: YouTube asks for 200 at least."""
EMBED = "https://www.youtube-nocookie.com/embed/"
"""YouTube's own player without cookies until something is played."""
ADDED = 0.8
"""Weight of a tag that a user adds."""
MOST_TAGS = 12
"""Tags the editor begins with."""
COLUMNS = 3


def head(draft: services.Draft) -> None:
    """Draw title, hashtags, what is not as asked, and the ways to another list."""
    st.markdown(f"### {plain(draft.title)}")
    tags(draft.hashtags)
    removed = [song for song in st.session_state.get("plm_removed", ())]
    with st.container(horizontal=True, vertical_alignment="center", key="plm_head"):
        seed = st.session_state.get("plm_seed", 0)
        drawn = f" :gray-badge[{text('plm.songs.drawn', count=number(seed + 1))}]" if seed else ""
        st.markdown(f"**{text('plm.songs.count', count=number(len(draft.songs)))}**{drawn}", width="stretch")
        wanted = st.session_state.get("plm_count", 0)
        if removed and len(draft.songs) < wanted and not st.session_state.get("plm_minutes"):
            st.button(text("plm.songs.fill", count=number(wanted)), key="plm_fill", icon=":material/playlist_add:",
                      on_click=states.fill)
        st.button(text("plm.songs.again"), key="plm_again", icon=":material/casino:", on_click=states.again,
                  help=text("plm.songs.again_help"))
    reasons(draft.reasons)
    if draft.model == "mood":
        st.info(text("plm.model.by_mood"), icon=":material/info:")


def tags(names: tuple[str, ...]) -> None:
    """Draw hashtags as badges."""
    if names:
        st.markdown(" ".join(f":violet-badge[{plain(hashtag(name))}]" for name in names))


def reasons(found: tuple[services.Reason, ...]) -> None:
    """Say what is not as asked, and why."""
    if found:
        lines = [text(f"playlist_reason.{each.code}",
                      **{name: number(value) for name, value in each.values.items()}) for each in found]
        st.info("  \n".join(map(plain, lines)), icon=":material/rule:")


# tags ------------------------------------------------------------


def editor(draft: services.Draft) -> None:
    """Draw the tags that are looked for: switched, added, weighed; each change ranks the songs anew."""
    edited = states.read_tags(st.session_state.get("plm_tags", ""))
    now = edited or dict(sorted(draft.tags.items(), key=lambda pair: -pair[1])[:MOST_TAGS])
    options = list(dict.fromkeys([*now, *draft.hashtags]))
    st.session_state["plm_tag_pills"] = [name for name in options if now.get(name, 0.0) > 0
                                         or (name not in now and name in draft.hashtags)]
    names = {name: _pill(name, now.get(name)) for name in options}
    if options:
        st.pills(text("plm.tags.label"), options, selection_mode="multi", key="plm_tag_pills", wrap=True,
                 format_func=names.__getitem__, on_change=_toggled, args=(tuple(options),), help=text("plm.tags.help"))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    more = {name: services.tag_label(name, _shared.lang()) for name in services.playlist_tags() if name not in now}
    left.selectbox(text("plm.tags.add"), list(more), index=None, key="plm_tag_add", on_change=_added,
                   accept_new_options=True, placeholder=text("plm.tags.add_hint"),
                   format_func=lambda name: more.get(name, name))
    if edited:
        right.button(text("plm.tags.reset"), key="plm_tag_reset", icon=":material/restart_alt:", width="stretch",
                     on_click=_reset)
    if now:
        with st.expander(text("plm.tags.weights"), icon=":material/equalizer:", key="plm_weights",
                         on_change="rerun") as box:
            if box.open:
                _weights(now)


def _pill(name: str, weight: float | None) -> str:
    label = plain(services.tag_label(name, _shared.lang()))
    if weight is None or weight == 0:
        return label
    return f"{label} :small[:red[{weight:.2f}]]" if weight < 0 else f"{label} :small[×{weight:.2f}]"


def _toggled(options: tuple[str, ...]) -> None:
    chosen = set(st.session_state["plm_tag_pills"])
    draft = states.current()
    now = states.read_tags(st.session_state.get("plm_tags", "")) or (dict(draft.tags) if draft else {})
    for name in options:
        was = now.get(name, 0.0) > 0 or (name not in now and draft is not None and name in draft.hashtags)
        if (name in chosen) != was:
            states.edit_tag(name, ADDED if name in chosen else 0.0)


def _added() -> None:
    if name := st.session_state["plm_tag_add"]:
        st.session_state["plm_tag_add"] = None
        states.edit_tag(name, ADDED)


def _reset() -> None:
    st.session_state["plm_tags"] = ""


def _weights(now: dict[str, float]) -> None:
    st.caption(text("plm.tags.weights_help"))
    places = st.columns(COLUMNS)
    for place, (name, weight) in enumerate(now.items()):
        key = f"plm_weight_{name}"
        st.session_state[key] = round(max(-1.0, min(1.0, weight)), 2)
        places[place % COLUMNS].slider(services.tag_label(name, _shared.lang()), -1.0, 1.0, key=key, step=0.05,
                                       on_change=_slid, args=(name, key))


def _slid(name: str, key: str) -> None:
    states.edit_tag(name, st.session_state[key])


# songs ------------------------------------------------------------


def rows(songs: tuple[services.DraftSong, ...], *, editable: bool) -> None:
    """Draw the songs; `editable` ones with what can be done to each."""
    actor = _shared.frame().actor
    known = services.known_videos(actor, [song.song_id for song in songs])
    playable = services.quota(actor) is not None
    # the buttons of a row are icons for the eye and words for a screen reader
    st.html("<style>[class*=st-key-plm_do_] [data-testid=stMarkdownContainer] {position: absolute; width: 1px; "
            "height: 1px; overflow: hidden; clip-path: inset(50%)} [class*=st-key-plm_do_] button {padding: 0.25rem "
            "0.5rem; min-height: 2.25rem}</style>")
    with st.container(key="plm_songs", gap="small"):
        for place, song in enumerate(songs):
            with st.container(border=True, gap="small", key=f"plm_song_{song.song_id}"):
                _row(place, len(songs), song, known.get(song.song_id), playable, editable)


def _row(place: int, count: int, song: services.DraftSong, known: services.Listen | None, playable: bool,
         editable: bool) -> None:
    locked = editable and song.song_id in st.session_state.get("plm_locked", ())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(_words(place, song, locked), width="stretch")
        with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
            if editable:
                _buttons(place, count, song.song_id, locked)
            playing = _listen(song, known, playable)
    if playing:
        _player(song, playing)


def _words(place: int, song: services.DraftSong, locked: bool) -> str:
    facts = " · ".join(plain(each) for each in (song.genre and services.tag_label(song.genre, _shared.lang()),
                                                song.year) if each)
    sign = f" :violet-badge[:material/lock: {text('plm.songs.locked')}]" if locked else ""
    return (f"**{place + 1}. {plain(song.title)}** · {plain(song.artist)}{sign}"
            + (f" :small[:gray[{facts}]]" if facts else "") + f"  \n:small[:gray[{plain(why(song))}]"
            + f" · {_dossier_add.words(song.song_id)}]")


def why(song: services.DraftSong) -> str:
    """Return why a song is in the list."""
    lines = []
    if song.playlists:
        lines.append(text("plm.why.playlists", titles=", ".join(f"“{title}”" for title in song.playlists)))
    if song.shared:
        names = ", ".join(services.tag_label(name, _shared.lang()) for name in song.shared)
        lines.append(text("plm.why.tags", tags=names))
    return " · ".join(lines) or text("plm.why.model")


def _buttons(place: int, count: int, song_id: int, locked: bool) -> None:
    def button(name: str, icon: str, act: object, *args: object, disabled: bool = False) -> None:
        st.button(text(f"plm.songs.{name}"), key=f"plm_do_{name}_{song_id}", icon=f":material/{icon}:",
                  help=text(f"plm.songs.{name}"), on_click=act, args=args, disabled=disabled)  # type: ignore[arg-type]

    button("unlock" if locked else "lock", "lock" if locked else "lock_open", states.lock, song_id)
    button("up", "arrow_upward", states.move, song_id, -1, disabled=place == 0)
    button("down", "arrow_downward", states.move, song_id, 1, disabled=place == count - 1)
    button("replace", "find_replace", states.another, song_id)
    button("remove", "close", states.take_out, song_id)


def _listen(song: services.DraftSong, known: services.Listen | None, playable: bool) -> services.Listen | None:
    """Draw the way to hear a song; return what plays now."""
    if not playable:
        st.link_button(text("plm.listen.watch" if known else "plm.listen.search"), known.link if known else song.link,
                       icon=":material/play_circle:" if known else ":material/search:",
                       help=text("plm.listen.watch_help" if known else "plm.listen.search_help"))
        return None
    if st.session_state.get("plm_playing") == song.song_id:
        st.button(text("plm.listen.hide"), key=f"plm_hide_{song.song_id}", icon=":material/close:", on_click=_play,
                  args=(0,))
        with st.spinner(text("plm.listen.asking")):
            return known or services.listen(_shared.frame().actor, song.song_id, song.title, song.artist)
    st.button(text("plm.listen.play"), key=f"plm_play_{song.song_id}", icon=":material/play_circle:", on_click=_play,
              args=(song.song_id,))
    return None


def _play(song_id: int) -> None:
    st.session_state["plm_playing"] = song_id


def _player(song: services.DraftSong, listen: services.Listen) -> None:
    """Draw YouTube's own player, or why there is no video, with the link that always works."""
    if listen.video_id:
        st.iframe(EMBED + listen.video_id, height=PLAYER_HEIGHT,
                  alt=text("plm.listen.player", song=f"{song.artist} – {song.title}"))
        st.caption(f"{plain(listen.title)} · {plain(listen.channel)}  \n{text('plm.listen.wrong')}")
    else:
        st.warning(_shared.refusal(listen.error_code, listen.error_values or {}), icon=":material/warning:")
    st.link_button(text("plm.listen.watch" if listen.video_id else "plm.listen.search"), listen.link,
                   icon=":material/open_in_new:")
