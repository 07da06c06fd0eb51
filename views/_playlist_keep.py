"""What can be done with a playlist: save, like, a link, files for other programs, delete."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

import services
from views import _playlist_pictures, _shared
from views import _playlist_state as states
from views._shared import number, text

MIME = {"csv": "text/csv", "json": "application/json", "m3u8": "audio/x-mpegurl", "description": "text/plain"}


def draw(draft: services.Draft) -> None:
    """Draw all of it for the playlist that stands."""
    actor, saved = _shared.frame().actor, st.session_state.get("plm_saved", 0)
    allowed = services.may(actor, "playlist")
    with st.container(horizontal=True, gap="small", key="plm_keep"):
        st.button(text("plm.keep.save_again" if saved else "plm.keep.save"), key="plm_save", type="primary",
                  icon=":material/save:", on_click=_save, args=(saved or None,),
                  disabled=not allowed or not draft.songs)
        if saved:
            st.button(text("plm.keep.save_new"), key="plm_save_new", icon=":material/library_add:", on_click=_save,
                      args=(None,), disabled=not allowed)
        view = _view(actor, saved)
        if view is not None:
            like(view)
            with st.popover(text("plm.keep.link"), icon=":material/link:", key="plm_link"):
                link(view)
        else:
            st.button(text("plm.keep.like"), key="plm_like_off", icon=":material/favorite:", disabled=True,
                      help=text("plm.keep.save_first"))
            st.button(text("plm.keep.link"), key="plm_link_off", icon=":material/link:", disabled=True,
                      help=text("plm.keep.save_first"))
        with st.popover(text("plm.keep.export"), icon=":material/download:", key="plm_export"):
            files(draft.title, draft.hashtags, draft.songs, "plm_export")
    if not allowed:
        st.caption(f":material/lock: {text('plm.keep.not_allowed', role=actor.role)}")


def _view(actor: services.Actor, playlist_id: int) -> services.PlaylistView | None:
    """Return the saved playlist that is open; None where it is gone."""
    if not playlist_id:
        return None
    with _shared.errors_shown():
        return services.get_playlist(actor, playlist_id)
    return None


def _save(playlist_id: int | None) -> None:
    draft, ask, state, actor = states.current(), states.asked(), st.session_state, _shared.frame().actor
    if draft is None or ask is None:
        return
    locked = set(state.get("plm_locked", ()))
    kept = replace(draft, songs=tuple(replace(song, locked=song.song_id in locked) for song in draft.songs))
    saved = states.told(services.save_playlist, actor, kept, ask, playlist_id=playlist_id, done="plm.keep.saved")
    if saved is None:
        return
    state["plm_saved"] = state["plm_loaded"] = saved
    if playlist_id is None or state.get("plm_pictures"):
        states.told(services.keep_thumbnails, actor, list(state.get("plm_pictures", ())), saved)
    if state.get("plm_picture"):
        states.told(services.choose_thumbnail, actor, state["plm_picture"], saved)


def like(view: services.PlaylistView, token: str | None = None) -> None:
    """Draw the like of a saved playlist with how many like it."""
    st.button(text("plm.keep.liked" if view.liked else "plm.keep.like") + f" · {number(view.likes)}",
              key=f"plm_heart_{view.id}", type="primary" if view.liked else "secondary", icon=":material/favorite:",
              on_click=states.told, args=(services.like_playlist, _shared.frame().actor, view.id),
              kwargs={"on": not view.liked, "token": token})


def link(view: services.PlaylistView) -> None:
    """Draw the link of a playlist, or the button that makes one."""
    st.caption(text("plm.keep.link_note"))
    actor = _shared.frame().actor
    if view.token is None:
        st.button(text("plm.keep.link_make"), key=f"plm_link_make_{view.id}", type="primary",
                  icon=":material/add_link:", on_click=states.told, args=(services.link_playlist, actor, view.id))
        return
    st.code(address(view.token), language=None, wrap_lines=True)
    st.button(text("plm.keep.link_back"), key=f"plm_link_back_{view.id}", icon=":material/link_off:",
              on_click=states.told, args=(services.link_playlist, actor, view.id),
              kwargs={"on": False, "done": "plm.keep.link_is_back"})


def address(token: str) -> str:
    """Return the whole address that shows a playlist."""
    page = (st.context.url or "").partition("?")[0].rstrip("/")
    return f"{page or '/playlist_maker'}?playlist={token}"


def files(title: str, tags: tuple[str, ...], songs: tuple[services.DraftSong, ...], key: str) -> None:
    """Draw a button a file for other programs; each is made when it is pressed."""
    lang = _shared.lang()
    shown = [services.tag_label(tag, lang) for tag in tags]
    st.caption(text("plm.keep.export_note"))
    for kind in services.EXPORTS:
        st.download_button(
            text(f"plm.keep.{kind}"), partial(services.export_playlist, title, shown, songs, kind, lang),
            file_name=f"{_shared.file_part(title)}.{'txt' if kind == 'description' else kind}", mime=MIME[kind],
            key=f"{key}_{kind}", on_click="ignore", icon=":material/download:", width="stretch")


def delete(view: services.PlaylistView) -> None:
    """Draw the button that deletes a playlist once that is confirmed."""
    if st.button(text("plm.mine.delete"), key=f"plm_delete_{view.id}", icon=":material/delete:", type="tertiary"):
        st.dialog(text("plm.mine.delete_title"))(_confirm)(view)


def _confirm(view: services.PlaylistView) -> None:
    st.markdown(text("plm.mine.delete_what", title=_shared.plain(view.title)))
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="plm_confirm_no", width="stretch"):
        st.rerun()
    if right.button(text("plm.mine.delete"), key="plm_confirm_yes", type="primary", width="stretch"):
        with _shared.errors_shown():
            pictures = services.list_thumbnails(_shared.frame().actor, view.id)
            services.delete_playlist(_shared.frame().actor, view.id)
            for picture in pictures:
                _playlist_pictures.forget(picture.id)
            state = st.session_state
            state["plm_done"] = "plm.mine.deleted"
            if state.get("plm_saved") == view.id:
                states.fresh()
            st.rerun()
