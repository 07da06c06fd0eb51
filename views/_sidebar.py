"""The sidebar: sync with its progress, the choices all pages share, deletion with undo, and the status line."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from views import _cache, _identity, _search, _shared
from views._shared import Frame, number, plain, text

POLL_SECONDS = 0.5
"""How often a running sync is asked how far it is; nothing is asked while none runs."""
ALL_DAYS = "all"
"""What the URL says for a window of all days."""
THRESHOLD_STEP = 10_000


def draw(found: _identity.Found) -> Frame:
    """Draw the sidebar of whoever looks and return what it settles."""
    actor = found.actor
    assert actor is not None
    with st.sidebar:
        _search.button(actor)
        _sync(actor)
        frame = Frame(actor, _window(), _threshold())
        _manage(actor)
        _status(actor)
        _identity.corner(found)
    return frame


def guest() -> Frame:
    """Draw the sidebar of who has a link and no more: nothing can be searched, synced or changed."""
    st.sidebar.caption(text("who.guest"))
    settings = services.settings()
    return Frame(services.GUEST, settings.windows[0], float(settings.threshold_default))


# sync ------------------------------------------------------------


def _sync(actor: services.Actor) -> None:
    """Draw the button; below it a running job's progress, or what the last one of this session brought."""
    job = _job(actor)
    running = job is not None and job.active
    if st.button(text("sidebar.sync"), key="sidebar_sync", type="primary", width="stretch", icon=":material/sync:",
                 disabled=running or not services.may(actor, "sync"), help=text("sidebar.sync_help")):
        with _shared.errors_shown():
            _shared.watch(services.submit_sync(actor))
    if job is None:
        return
    if job.active:
        st.fragment(_progress, run_every=POLL_SECONDS)(actor, job.id)
    else:
        _finished(job)


def _job(actor: services.Actor) -> services.JobView | None:
    """Return the job to show: the one this session follows, else one that somebody else has running."""
    followed = st.session_state.get("app_job")
    job = services.get_job(actor, followed) if followed else None
    if job is None or not job.active:
        other = _cache.active_sync(actor)
        job = (services.get_job(actor, other.id) if other else None) or job  # it may have ended since
    if job is not None:
        st.session_state["app_job"] = job.id
    return job


def _progress(actor: services.Actor, job_id: int) -> None:
    """Draw a job's progress; runs again by itself until the job has ended, then once the whole page."""
    job = services.get_job(actor, job_id)
    if job is None or not job.active:
        st.rerun(scope="app")
    if job.total:
        st.progress(min(job.done / job.total, 1.0),
                    text=text("sidebar.progress", done=number(job.done), total=number(job.total)))
        st.caption(plain(job.note))
    else:
        st.progress(0.0, text=text("sidebar.preparing"))
    if st.button(text("sidebar.cancel"), key="sidebar_cancel", width="stretch", icon=":material/stop_circle:"):
        with _shared.errors_shown():
            services.cancel_job(actor, job_id)


def _finished(job: services.JobView) -> None:
    """Show what a job brought; the first time, forget what was cached before it."""
    if st.session_state.get("app_job_seen") != job.id:
        st.session_state["app_job_seen"] = job.id
        _cache.clear()
    if job.state != "done":
        st.warning(_shared.refusal(job.error_code or "interrupted", job.error_values), icon=":material/warning:")
        return
    totals = (job.result or {}).get("totals", {})
    values = {name: number(totals.get(name, 0)) for name in ("imported", "refused")}
    same = number(totals.get("unchanged", 0) + totals.get("skipped", 0))
    st.success(text("sidebar.result", unchanged=same, **values), icon=":material/check_circle:")
    st.page_link("views/data.py", label=text("sidebar.result_link"), icon=":material/arrow_forward:",
                 query_params={**st.query_params.to_dict(), "tab": "runs"})


# choices ------------------------------------------------------------


def _window() -> int | None:
    """Draw the choice of the window; return its days, None for all."""
    options = [str(days) if days else ALL_DAYS for days in services.settings().windows]
    default = "30" if "30" in options else options[0]
    chosen = _shared.in_url("window", "sidebar_window", _shared.one_of(options), default)
    names = {days: text("sidebar.all_days") if days == ALL_DAYS else days for days in options}
    st.html("<style>.st-key-sidebar_window button {padding-inline: 0.25rem; min-width: 0} "
            ".st-key-sidebar_window [role=radiogroup] {flex-wrap: nowrap}</style>")  # one line beside a scrollbar too
    st.segmented_control(text("sidebar.window"), options, key="sidebar_window", required=True, width="stretch",
                         format_func=names.__getitem__,
                         help=text("sidebar.window_help"))
    return None if chosen == ALL_DAYS else int(chosen)


def _threshold() -> float:
    """Draw the quality threshold and return it."""
    default = int(services.settings().threshold_default)
    value = _shared.in_url("threshold", _shared.THRESHOLD_KEY, _whole_number, default)
    st.number_input(text("sidebar.threshold"), min_value=0, max_value=10**15, step=THRESHOLD_STEP,
                    key=_shared.THRESHOLD_KEY, help=text("sidebar.threshold_help"))
    st.caption(text("sidebar.threshold_now", threshold=number(value)))
    return float(value)


def _whole_number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 15 else None


# deletion ------------------------------------------------------------


def _manage(actor: services.Actor) -> None:
    """Draw the choice of an artist to delete, and the undo of the last deletion."""
    _undo(actor)
    artists = _cache.artists(actor)
    if not artists:
        return
    # what is folded is not drawn: a second list of all artists would go to the browser at every rerun
    box = st.expander(text("sidebar.manage"), icon=":material/settings:", key="sidebar_manage", on_change="rerun")
    if box.open:
        with box:
            _choose_deletion(actor, {artist.id: artist.name for artist in artists})


def _choose_deletion(actor: services.Actor, names: dict[int, str]) -> None:
    chosen = st.selectbox(text("sidebar.delete_choice"), list(names), format_func=names.__getitem__,
                          key="sidebar_delete_choice", index=None, placeholder=text("sidebar.delete_placeholder"))
    if st.button(text("sidebar.delete"), key="sidebar_delete", width="stretch", icon=":material/delete:",
                 disabled=chosen is None or not services.may(actor, "delete")) and chosen is not None:
        st.dialog(text("sidebar.delete_title"))(_confirm_delete)(actor, chosen)


def _confirm_delete(actor: services.Actor, artist_id: int) -> None:
    """Say what goes, and delete it when confirmed."""
    with _shared.errors_shown():
        preview = services.preview_delete(actor, artist_id)
        st.markdown(text("sidebar.delete_what", name=plain(preview.name), songs=number(preview.songs),
                         rows=number(preview.rows), files=number(len(preview.files))))
        st.caption(text("sidebar.delete_note"))
        left, right = st.columns(2)
        if left.button(text("common.cancel"), key="sidebar_delete_no", width="stretch"):
            st.rerun()
        if right.button(text("sidebar.delete"), key="sidebar_delete_yes", type="primary", width="stretch"):
            gone = services.delete_artist(actor, artist_id)
            st.session_state["app_deleted"] = {"name": gone.name, "files": list(gone.files)}
            _cache.clear()
            st.rerun()


def _undo(actor: services.Actor) -> None:
    """Show what was deleted last, with the way back."""
    gone = st.session_state.get("app_deleted")
    if not gone:
        return
    st.info(text("sidebar.deleted", name=plain(gone["name"]), files=number(len(gone["files"]))),
            icon=":material/delete:")
    left, right = st.columns(2)
    if left.button(text("sidebar.undo"), key="sidebar_undo", width="stretch", icon=":material/undo:"):
        with _shared.errors_shown():
            job = services.restore_files(actor, gone["files"])
            del st.session_state["app_deleted"]
            _shared.watch(job)
    if right.button(text("common.close"), key="sidebar_undo_close", width="stretch"):
        del st.session_state["app_deleted"]
        st.rerun()


# status ------------------------------------------------------------


def _status(actor: services.Actor) -> None:
    """Draw the line of counts and the last sync."""
    status = _cache.status(actor)
    st.caption(text("sidebar.status", artists=number(status.artists), rows=number(status.rows)) + "  \n"
               + (text("sidebar.last_sync", moment=format_time(_shared.lang(), status.last_sync))
                  if status.last_sync else text("sidebar.never_synced")))
