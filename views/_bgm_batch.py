"""A request that was started: how far each variant is, its end, and the variants beside each other."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import services
from locales import LANGUAGES, texts
from support.errors import AppError
from views import _bgm_shown, _bgm_track, _shared
from views import _bgm_state as states
from views._shared import number, plain, text

POLL_SECONDS = 0.7
"""How often a request under way is asked how far it is; nothing is asked while none runs."""
UNDER_WAY = ("queued", "running")
COLUMNS = 2


def draw(batch_id: int) -> bool:
    """Draw a request; return whether there is one."""
    actor = _shared.frame().actor
    try:
        batch = services.get_bgm(actor, batch_id)
    except AppError as error:
        _shared.error_box(error)
        st.session_state[states.BATCH] = 0
        _shared.not_in_url("batch")
        return False
    _head(batch)
    # a place of its own, also when it is empty: what plays below must not be drawn anew when this ends
    with st.container(key="bgm_status"):
        if batch.state in UNDER_WAY:
            st.fragment(_live, run_every=POLL_SECONDS)(batch.id, len(batch.tracks))
        else:
            _ended(batch)
    parent = _parent(actor, batch)
    if parent is not None or batch.tracks:
        _tracks(batch, parent)
        st.caption(f":material/copyright: {text(f'bgm.licence.{_licence(batch.maker)}')}")
    return True


def _licence(maker: str) -> str:
    return maker if f"bgm.licence.{maker}" in texts(_shared.lang()) else "other"


# head ------------------------------------------------------------


def _head(batch: services.BgmBatch) -> None:
    with st.container(border=True, key="bgm_batch_head"):
        notes = [_bgm_shown.maker(batch.maker), text("bgm.batch.seed", seed=batch.wish.seed)]
        if batch.edit:
            notes.insert(0, _edit(batch))
        st.markdown(f"### {plain(_caption(batch))}\n:small[:gray[{' · '.join(notes)}]]")
        with st.container(horizontal=True, gap="small"):
            st.button(text("bgm.batch.change"), key="bgm_change", icon=":material/edit:", on_click=_change,
                      args=(batch,))
            st.button(text("bgm.batch.again"), key="bgm_again", icon=":material/casino:", on_click=_again,
                      args=(batch,), help=text("bgm.batch.again_help"),
                      disabled=batch.state in UNDER_WAY or not services.may(_shared.frame().actor, "bgm"))
            st.button(text("bgm.batch.other"), key="bgm_other", icon=":material/add:", on_click=_other)


def _caption(batch: services.BgmBatch) -> str:
    """Return the caption: as it was edited, else as it is written in the reader's language."""
    usual = {lang: services.bgm_caption(batch.wish, lang) for lang in LANGUAGES}
    return usual[_shared.lang()] if batch.caption in usual.values() else batch.caption


def _edit(batch: services.BgmBatch) -> str:
    """Return how a version differs from the one it was made of."""
    edit = dict(batch.edit or {})
    act = str(edit.get("act", ""))
    key = f"bgm.edit.was.{act}"
    return text(key) if key in texts(_shared.lang()) else text("bgm.edit.was.other")


def _change(batch: services.BgmBatch) -> None:
    states.put(batch.wish)
    states.open_batch(0)


def _other() -> None:
    states.clear()
    states.open_batch(0)


def _again(batch: services.BgmBatch) -> None:
    """Make the same wish with the next seed."""
    wish = replace(batch.wish, seed=(batch.wish.seed + 1) % 2**31)
    made = states.told(services.submit_bgm, _shared.frame().actor, wish, batch.caption, maker=batch.maker,
                       song_id=batch.song_id)
    if made is not None:
        states.open_batch(made.id)


# under way, and its end ------------------------------------------------------------


def _live(batch_id: int, seen: int) -> None:
    """Draw how far a request is; the whole page is drawn anew when a track has come or it has ended."""
    actor = _shared.frame().actor
    batch = services.get_bgm(actor, batch_id)
    if batch.state not in UNDER_WAY or len(batch.tracks) != seen:
        st.rerun(scope="app")
    with st.container(border=True, key="bgm_live"):
        total = max(batch.total, 1)
        st.progress(min(batch.done / total, 1.0), text=_progress(batch))
        if batch.state == "running":
            st.markdown("  \n".join(_variants(batch)))
        st.caption(text("bgm.live.reload"))
        st.button(text("bgm.live.cancel"), key="bgm_cancel", icon=":material/stop_circle:", on_click=states.told,
                  args=(services.cancel_bgm, actor, batch_id))


def _progress(batch: services.BgmBatch) -> str:
    if batch.state == "queued":
        return text("bgm.live.queued", count=number(batch.ahead)) if batch.ahead else text("bgm.live.next")
    return text("bgm.live.of", done=number(len(batch.tracks)), total=number(_count(batch)))


def _count(batch: services.BgmBatch) -> int:
    return 1 if batch.parent_id else batch.wish.variants


def _variants(batch: services.BgmBatch) -> list[str]:
    """Return one line a variant: made, failed, being made, or waiting."""
    made = {track.variant: track for track in batch.tracks}
    lines, making = [], True
    for place in range(_count(batch)):
        track = made.get(place)
        name = text("bgm.track.variant", number=place + 1)
        if track is None:
            state, icon = ("making", "autorenew") if making else ("waiting", "hourglass_empty")
            making = False
        else:
            state, icon = ("failed", "error") if track.state == "failed" else ("made", "check_circle")
        lines.append(f":material/{icon}: {name} · {text(f'bgm.live.{state}')}")
    return lines


def _ended(batch: services.BgmBatch) -> None:
    """Say how a request ended where it did not end well."""
    if batch.state == "failed":
        st.error(_bgm_shown.failure(batch.error_code, batch.error_values), icon=":material/error:")
    elif batch.state != "done":
        st.warning(text(f"bgm.end.{batch.state}", made=number(len(batch.tracks))), icon=":material/warning:")
    missing = _count(batch) - sum(track.state == "done" for track in batch.tracks)
    if missing > 0:
        actor = _shared.frame().actor
        st.button(text("bgm.batch.rest"), key="bgm_rest", icon=":material/refresh:", on_click=states.told,
                  args=(services.retry_bgm, actor, batch.id), disabled=not services.may(actor, "bgm"))


# the variants ------------------------------------------------------------


def _parent(actor: services.Actor, batch: services.BgmBatch) -> services.BgmTrack | None:
    """Return the track that was edited; None where there is none any more."""
    if batch.parent_id is None:
        return None
    try:
        return services.get_bgm_track(actor, batch.parent_id)
    except AppError:
        st.info(text("bgm.batch.parent_gone"), icon=":material/info:")
        return None


def _tracks(batch: services.BgmBatch, parent: services.BgmTrack | None) -> None:
    shown = [(parent, "before")] if parent is not None else []
    shown += [(track, "after" if parent is not None else "") for track in batch.tracks]
    # a single one has the whole width; by what is expected, so that a track that comes moves none that plays
    columns = COLUMNS if _count(batch) + (parent is not None) > 1 else 1
    for start in range(0, len(shown), columns):
        row = shown[start:start + columns]
        places = st.columns(columns)
        for place, (track, what) in zip(places, row, strict=False):
            if track is not None:
                with place.container(border=True, gap="small", key=f"bgm_track_{track.id}"):
                    _bgm_track.card(track, what)
