"""My page's last tab: everything of one's own as a file, packed in the background, kept for a day."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from views import _identity, _shared
from views import _my_state as states
from views._shared import number, text

POLL_SECONDS = 0.5
MB = 1_000_000
ADDRESS = "/account/my-data/"


def draw() -> None:
    """Say what is in the file, and draw its packing, its progress or its download."""
    actor = _shared.frame().actor
    st.markdown(f"#### {text('mine.data.title')}")
    st.markdown(text("mine.data.what"))
    found = services.my_data(actor)
    if found is not None and found.job.active:
        st.fragment(_progress, run_every=POLL_SECONDS)(actor, found.job.id)
        return
    if found is not None and found.ready:
        _ready(actor, found)
    elif found is not None:
        _ended(found)
    st.button(text("mine.data.again" if found is not None and found.ready else "mine.data.pack"), key="mine_pack",
              type="secondary" if found is not None and found.ready else "primary", icon=":material/folder_zip:",
              on_click=states.told, args=(services.submit_my_data, actor))
    st.caption(text("mine.data.left_out"))


def _progress(actor: services.Actor, job_id: int) -> None:
    """Draw how far the packing is, with its end; when it has ended the page is drawn anew."""
    job = services.get_job(actor, job_id)
    if job is None or not job.active:
        st.rerun(scope="app")
        return
    share = job.done / job.total if job.total else 0.0
    st.progress(min(1.0, share), text=text("mine.data.packing", done=number(job.done), total=number(job.total))
                if job.total else text("mine.data.waiting"))
    st.button(text("common.cancel"), key="mine_data_cancel", icon=":material/stop_circle:", on_click=states.told,
              args=(services.cancel_my_data, actor))


def _ready(actor: services.Actor, found: services.MyData) -> None:
    name = _shared.file_part(text("mine.data.file", name=actor.name))
    with st.container(border=True, gap="small", key="mine_data_ready"):
        st.markdown(f":green[:material/check_circle:] **{text('mine.data.ready')}**  \n" + text(
            "mine.data.facts", rows=number(found.rows), files=number(found.files),
            size=number(max(0.1, found.bytes / MB), 1), until=format_time(_shared.lang(), found.until)))
        if found.missing:
            st.warning(text("mine.data.missing", count=number(found.missing)), icon=":material/warning:")
        with st.container(key="mine_data_download"):
            _download(actor, found.job.id, f"{name}.zip")


def _download(actor: services.Actor, job_id: int, name: str) -> None:
    """Draw the way to the file: the server sends it from the disk; the pages alone must hold the whole of it."""
    if _identity.whole():
        _identity.link(text("mine.data.download"), ADDRESS + services.my_data_ticket(actor, job_id, name), primary=True)
        return
    st.download_button(text("mine.data.download"), lambda: services.my_data_file(actor, job_id).read_bytes(),
                       file_name=name, mime="application/zip", key="mine_data_fetch", type="primary",
                       on_click="ignore", icon=":material/download:")


def _ended(found: services.MyData) -> None:
    """Say why there is no file: stopped, failed, or over."""
    job = found.job
    if job.state == "failed":
        st.error(_shared.plain_text(text(f"errors.{job.error_code}", **job.error_values)), icon=":material/error:")
    elif job.state == "interrupted":
        st.warning(text("mine.data.interrupted"), icon=":material/warning:")
    elif job.state == "done":
        st.caption(f":material/timer_off: {text('mine.data.over')}")
