"""Thumbnails of a playlist: painted by code in the background, shown side by side, chosen, downloaded; the card."""

from __future__ import annotations

import threading
from functools import partial

import cachetools
import streamlit as st

import services
from support.errors import AppError
from views import _dossier_add, _playlist_painting, _shared
from views import _playlist_jobs as following
from views import _playlist_state as states
from views._playlist_inputs import hashtag
from views._playlist_songs import why
from views._shared import number, plain, text

KEPT_PICTURES = 80
"""Thumbnails kept in memory, about 300 kB each; whoever gets one from a service may see its pixels."""
PREVIEW = 168
"""Pixels a thumbnail is wide in a list of videos: 168 by 94."""
COLUMNS = 4
KINDS = ("JPEG", "PNG")
_pixels: cachetools.LRUCache[tuple[int, str | None, int], bytes] = cachetools.LRUCache(KEPT_PICTURES)
_lock = threading.Lock()


def face(actor: services.Actor, view: services.PlaylistView, token: str | None = None) -> bytes | None:
    """Return the thumbnail that stands for a saved playlist: the chosen one, else the newest; None without any."""
    ids = [each.id for each in services.list_thumbnails(actor, view.id, token)]
    if not ids:
        return None
    return pixels(actor, view.picture if view.picture in ids else ids[0], token)


def pixels(actor: services.Actor, picture_id: int, token: str | None = None) -> bytes:
    """Return a thumbnail's file; an id is never used for another picture, so it is kept for who may see it."""
    key = (actor.id, token, picture_id)
    with _lock:
        if key in _pixels:
            return _pixels[key]
    found = services.thumbnail_bytes(actor, picture_id, token)
    with _lock:
        _pixels[key] = found
    return found


def forget(picture_id: int) -> None:
    """Drop the pixels of a thumbnail that was deleted."""
    with _lock:
        for key in [key for key in _pixels if key[2] == picture_id]:
            del _pixels[key]


def draw(draft: services.Draft) -> None:
    """Draw the thumbnails of the playlist that stands."""
    actor, state = _shared.frame().actor, st.session_state
    st.markdown(f"#### {text('plm.picture.heading')}")
    if not services.may(actor, "playlist"):
        st.caption(text("plm.picture.not_allowed"))
        return
    if state.get("plm_painted") != draft.title and not state.get("plm_paint") and "paint" not in st.query_params:
        _start(draft, 0)
    painting = _shared.in_url("paint", "plm_paint", states.number_in_url, 0, quiet=True)
    _take(actor, painting, "plm_paint")
    _take(actor, state.get("plm_brush", 0), "plm_brush")
    if not state.get("plm_paint"):
        _shared.not_in_url("paint")
    _bar(draft)
    following.show(actor, state.get("plm_paint", 0), "plm_paint", "plm.picture.step")
    shown = services.get_thumbnails(actor, list(state.get("plm_pictures", ())))
    if shown:
        chosen = _chosen(shown)
        _grid(actor, shown, chosen)
        _closer(actor, draft, chosen)
    with st.expander(text("plm.paint.heading"), icon=":material/brush:", key="plm_models", on_change="rerun") as box:
        if box.open or state.get("plm_brush"):
            _playlist_painting.draw(draft)


def _bar(draft: services.Draft) -> None:
    state = st.session_state
    names = {"JPEG": "JPEG", "PNG": "PNG"}
    with st.container(horizontal=True, vertical_alignment="bottom", key="plm_picture_bar"):
        st.segmented_control(text("plm.picture.kind"), KINDS, key="plm_kind", required=True, default=KINDS[0],
                             format_func=names.__getitem__, help=text("plm.picture.kind_help"))
        running = bool(state.get("plm_paint"))
        label = "plm.picture.again" if state.get("plm_pictures") else "plm.picture.start"
        st.button(text(label), key="plm_paint_again", icon=":material/palette:", disabled=running,
                  on_click=_start, args=(draft, int(state.get("plm_paint_seed", 0)) + 1))


def _start(draft: services.Draft, seed: int) -> None:
    """Have four variants painted; those there are stay until the new ones come."""
    state = st.session_state
    state["plm_painted"], state["plm_paint_seed"] = draft.title, seed
    moods = {name: weight for name, weight in draft.tags.items() if weight > 0}
    job = states.told(services.submit_thumbnails, _shared.frame().actor, draft.title, tags=moods or None, seed=seed,
                      playlist_id=state.get("plm_saved") or None, kind=state.get("plm_kind") or KINDS[0])
    state["plm_paint"] = job.id if job else 0


def _take(actor: services.Actor, job_id: int, key: str) -> None:
    """Take the pictures of a job that is done; leave one that is under way or failed."""
    job = services.get_job(actor, job_id) if job_id else None
    if job_id and job is None:
        st.session_state[key] = 0
    if job is None or job.state != "done" or not job.result:
        return
    state = st.session_state
    new = [picture for picture in job.result["pictures"] if picture not in state.get("plm_pictures", ())]
    state["plm_pictures"] = [*new, *state.get("plm_pictures", ())]
    state["plm_picture"], state[key] = (new or [0])[0], 0
    state["plm_painted"] = state.get("plm_title", "")


def _chosen(shown: list[services.ThumbnailView]) -> services.ThumbnailView:
    wanted = st.session_state.get("plm_picture", 0)
    return next((view for view in shown if view.id == wanted), shown[0])


def _grid(actor: services.Actor, shown: list[services.ThumbnailView], chosen: services.ThumbnailView) -> None:
    for start in range(0, len(shown), COLUMNS):
        places = st.columns(COLUMNS, gap="small")
        for place, view in zip(places, shown[start:start + COLUMNS], strict=False):
            with place.container(border=True, gap="small", key=f"plm_thumb_{view.id}"):
                st.image(pixels(actor, view.id), width="stretch", alt=_alt(view))
                mine = view.id == chosen.id
                st.button(text("plm.picture.chosen" if mine else "plm.picture.choose"), key=f"plm_choose_{view.id}",
                          icon=":material/check_circle:" if mine else ":material/radio_button_unchecked:",
                          type="primary" if mine else "secondary", width="stretch", on_click=_choose, args=(view.id,))


def _choose(picture_id: int) -> None:
    state = st.session_state
    state["plm_picture"] = picture_id
    if state.get("plm_saved"):
        states.told(services.choose_thumbnail, _shared.frame().actor, picture_id, state["plm_saved"])


def _alt(view: services.ThumbnailView) -> str:
    return text("plm.picture.alt", title=view.title)


def _closer(actor: services.Actor, draft: services.Draft, view: services.ThumbnailView) -> None:
    """Draw the chosen one large, as small as in a list of videos, its facts and downloads."""
    left, right = st.columns([3, 2], gap="medium")
    data = pixels(actor, view.id)
    left.image(data, width="stretch", alt=_alt(view))
    with right:
        st.markdown(f":small[{text('plm.picture.preview')}]")
        st.image(data, width=PREVIEW, alt=text("plm.picture.preview"))
        st.caption("  \n".join(facts(view)))
        st.download_button(text("plm.picture.download", kind=view.kind.upper()), data, key="plm_picture_file",
                           mime=f"image/{view.kind}", on_click="ignore", icon=":material/download:",
                           file_name=f"{_shared.file_part(view.title)}.{'jpg' if view.kind == 'jpeg' else view.kind}")
        _card(actor, draft, view)
        if services.may(actor, "dossier"):
            _dossier_add.attach(f"plm_picture_song_{view.id}", view.song_id, partial(_put, actor, view.id))
        _dossier_add.post("thumbnail", view.id)
        st.button(text("plm.picture.delete"), key="plm_picture_delete", icon=":material/delete:", type="tertiary",
                  on_click=_delete, args=(actor, view.id))


def _put(actor: services.Actor, picture_id: int, song_id: int | None) -> None:
    states.told(services.attach_thumbnail, actor, picture_id, song_id,
                done="dossier_add.done" if song_id else "dossier_add.undone")


def facts(view: services.ThumbnailView) -> list[str]:
    """Return what is known of a thumbnail, a line each."""
    known = view.facts
    by = text("plm.picture.by_code") if view.painter == services.BY_CODE else text(
        "plm.picture.by_model", model=plain(view.painter.partition(":")[2] or view.painter))
    lines = [f"{by} · {text('plm.picture.size', kind=view.kind.upper(), size=number(known.get('bytes', 0) / 1000))}"]
    if known.get("contrast") is not None:
        lines.append(text("plm.picture.contrast", ratio=number(known["contrast"], 1)))
    if known.get("left_out"):
        lines.append(text("plm.picture.left_out", characters=plain(" ".join(known["left_out"]))))
    if known.get("cost_usd"):
        lines.append(text("plm.picture.cost", cost=f"{known['cost_usd']:.3f}"))
    if known.get("prompt"):
        lines.append(text("plm.picture.prompt", prompt=plain(known["prompt"])))
    return lines


def _delete(actor: services.Actor, picture_id: int) -> None:
    states.told(services.delete_thumbnail, actor, picture_id, done="plm.picture.deleted")
    forget(picture_id)
    state = st.session_state
    state["plm_pictures"] = [each for each in state.get("plm_pictures", ()) if each != picture_id]


def _card(actor: services.Actor, draft: services.Draft, view: services.ThumbnailView) -> None:
    """Draw the whole card once it is asked for: it takes a second."""
    lang = _shared.lang()
    made = (view.id, draft.title, draft.hashtags, tuple(song.song_id for song in draft.songs), lang)
    if st.session_state.get("plm_card", (None,))[0] != made:
        if not st.button(text("plm.picture.card"), key="plm_card_make", icon=":material/wallpaper:",
                         help=text("plm.picture.card_help")):
            return
        try:
            with st.spinner(text("plm.picture.card_making")):
                png = services.playlist_card(actor, draft.title, [hashtag(tag) for tag in draft.hashtags],
                                             [(song.title, song.artist, why(song)) for song in draft.songs], view.id,
                                             lang)
        except AppError as error:
            _shared.error_box(error)
            return
        st.session_state["plm_card"] = (made, png)
    png = st.session_state["plm_card"][1]
    st.image(png, width=PREVIEW, alt=text("plm.picture.card"))
    st.download_button(text("plm.picture.card_download"), png, mime="image/png", key="plm_card_file",
                       on_click="ignore", icon=":material/download:",
                       file_name=f"{_shared.file_part(draft.title)}-card.png")
